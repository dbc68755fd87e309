"""Parts that several equity pages share: the answer to a recommended project, the reasons of a match."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, problem
from cpegi_app.state.equity_interest import DealActState
from cpegi_app.vocabulary.equity import Interest


def answer_dialog() -> rx.Component:
    """感兴趣 or 不感兴趣, with a word why."""
    state = DealActState
    yes = state.choice == Interest.INTERESTED.value
    title = rx.cond(yes, "反馈：感兴趣", "反馈：不感兴趣")
    return ui.dialog(
        state.asked > 0,
        title,
        ui.form(
            rx.el.p(state.asked_name, class_name="strong"),
            ui.field(
                "why",
                rx.cond(yes, "关注点", "原因"),
                ui.textarea(
                    "why", rows=3, max_length=LONGEST, placeholder="可不填；填写后有助于平台对接和推荐"
                ),
                error=problem(state, "why"),
            ),
            rx.el.div(ui.button("取消", state.close), ui.submit("确定"), class_name="row row-end"),
            on_submit=state.answer,
            key=state.form_key,
        ),
        on_close=state.close,
        ident="answer",
    )


def reason_chips(reasons: Any) -> rx.Component:
    """The reasons of a match: a sign and a word each."""
    return rx.el.ul(
        rx.foreach(
            reasons,
            lambda r: rx.el.li(ui.verdict(r.text, rx.cond(r.ok, "green", "red")), key=r.text),
        ),
        class_name="reasons",
    )
