"""Forms that the browser itself posts: only so can the answer set the session cookie."""

from __future__ import annotations

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from cpegi_app.pages import ui


class NativeForm(BaseHTML):
    """A plain form; Reflex's own always prevents that the browser posts it."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


def exchange(ticket: rx.Var[str], then: rx.Var[str], words: str) -> rx.Component:
    """Exchange a ticket for a session id and go on to a page, at once; the button is for browsers without script."""
    return NativeForm.create(
        rx.el.p(words, role="status"),
        rx.el.input(type="hidden", name="ticket", value=ticket, read_only=True),
        rx.el.input(type="hidden", name="next", value=then, read_only=True),
        ui.button("继续", kind="primary", type_="submit", size="block"),
        action="/session",
        method="post",
        data_autosubmit="true",
    )
