"""Policies for the cast: one published, one being written, an application that would pass."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from cpegi_app import access
from cpegi_app.access import Actor, Screen
from cpegi_app.services import policy_application
from tests import factories, policies


def stock(session: Session) -> tuple[dict[str, Actor], dict[Screen, tuple[str, dict[str, Any]]]]:
    """Return further people by name, and for each screen whose row and which."""
    # Nobody is named for the stages: whoever of the staff opens the page acts.
    staff, owner, lender = (
        factories.staff(session, "政策管理员"),
        factories.member(session),
        factories.member(session, factories.Kind.DEBT),
    )
    material = {"name": "申请表", "required": "YES"}
    of = policies.published(session, staff, materials=(material,), **policies.INTEREST)
    loan = policies.loan(session, owner, lender)
    # The other side of a loan was first: the owner reads so, and no more.
    taken = policies.loan(session, owner, lender)
    policies.sent(session, lender, of, taken)
    draft = policies.begun(session, owner, of, loan)
    policy_application.save(session, owner, draft.id or 0, draft.version, policies.answers())
    written = policies.draft(session, staff, materials=(material,))
    rows = {
        access.PUBLIC_POLICY: ("anonymous", {"pid": of.id}),
        access.POLICY_EDIT: ("staff", {"pid": written.id}),
        access.POLICY_PREVIEW: ("staff", {"pid": written.id}),
        access.POLICY_APPLICATION: ("policy owner", {"aid": draft.id}),
    }
    return {"policy owner": owner}, rows
