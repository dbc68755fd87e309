"""The window of a policy closes, or the policy is stopped, while its form is open: what was typed is kept as a draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from cpegi_app import clock, db
from cpegi_app.access import POLICY_APPLICATION
from cpegi_app.models import Policy, PolicyApplication
from cpegi_app.services import policy
from cpegi_app.state.policy_apply import PolicyApplicationState
from cpegi_app.vocabulary import Status
from tests import factories, policies
from tests.state.cast import Cast
from tests.state.rig import posted_by, running
from tests.state.test_offline_trial import actor_of

TAB, NAME = "firm", PolicyApplicationState.get_full_name()


def closes(session: Session, of: Policy) -> None:
    of.closes_at = clock.now() - timedelta(seconds=1)


def is_stopped(session: Session, of: Policy) -> None:
    policy.stop(session, factories.staff(session), of.id or 0, of.version, "资金调整")


@pytest.mark.parametrize(
    ("ends", "why"), [(closes, "截止"), (is_stopped, "停止受理：资金调整")], ids=["closed", "stopped"]
)
async def test_what_was_typed_when_the_window_closed_is_kept(
    cast: Cast, ends: Callable[[Session, Policy], None], why: str
) -> None:
    firm, _ = cast.who_may(POLICY_APPLICATION)
    with db.transaction() as session:
        of = policies.published(session, questions=(policies.SORT, policies.ON | {"required": ""}))
        row = policies.begun(session, actor_of(session, firm), of)
        date = policies.definition(session, of).questions[1].code

    def stored() -> PolicyApplication:
        with db.reading() as session:
            return session.get_one(PolicyApplication, row.id)

    async with running() as rig:
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab=TAB, aid=row.id)
        state = await rig.state(TAB, PolicyApplicationState)
        with db.transaction() as session:
            ends(session, session.get_one(Policy, of.id))
        # A field that is left is kept after the last moment as before it.
        await rig.send(f"{NAME}.keep", {"name": f"a_{date}", "value": "2026-03-01"}, sid=firm.sid, tab=TAB)
        assert stored().data[f"a_{date}"] == "2026-03-01"
        typed = posted_by(state) | policies.answers(contact="截止前填写的人", note="写了很久的说明")
        typed |= {f"a_{date}": "2026-04-02", "intent": "submit"}
        reply = await rig.send(f"{NAME}.submit", {"data": typed}, sid=firm.sid, tab=TAB)
        state = await rig.state(TAB, PolicyApplicationState)
        told = reply.said + "".join(text for _, text in state.error_list)
        assert why in told and "已填写的内容" in told, told
        assert state.editable and not state.sent
        left = stored()
        assert (left.status, left.receipt_no, left.held_fen) == (Status.DRAFT, None, 0)
        kept = {"contact": "截止前填写的人", "note": "写了很久的说明", f"a_{date}": "2026-04-02"}
        assert {k: left.data[k] for k in kept} == kept
        # Whoever comes back finds it, and reads why it cannot be sent.
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab="later", aid=row.id)
        later = await rig.state("later", PolicyApplicationState)
        assert {k: later.values[k] for k in kept} == kept and later.editable
        assert why in later.form.warning and "保留为草稿" in later.form.warning
        assert rig.unforeseen == []
