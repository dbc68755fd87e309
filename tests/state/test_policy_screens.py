"""The screens of a policy application: what is kept as it is left, what is asked before it cannot be undone."""

from __future__ import annotations

from datetime import timedelta

from cpegi_app import clock, db
from cpegi_app.access import POLICY_APPLICATION
from cpegi_app.models import Policy, PolicyApplication
from cpegi_app.state.policy_apply import PolicyApplicationState
from cpegi_app.vocabulary import Status
from tests import policies
from tests.state.cast import Cast
from tests.state.rig import running
from tests.state.test_offline_trial import actor_of

TAB, NAME = "firm", PolicyApplicationState.get_full_name()


async def test_after_the_window_a_withdrawal_is_asked_about_first(cast: Cast) -> None:
    firm, _ = cast.who_may(POLICY_APPLICATION)
    with db.transaction() as session:
        of = policies.published(session)
        row = policies.sent(session, actor_of(session, firm), of)
        session.get_one(Policy, of.id).closes_at = clock.now() - timedelta(minutes=1)

    def status() -> str:
        with db.reading() as session:
            return session.get_one(PolicyApplication, row.id).status

    async with running() as rig:
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab=TAB, aid=row.id)
        await rig.send(f"{NAME}.withdraw", {}, sid=firm.sid, tab=TAB)
        assert "截止" in (await rig.state(TAB, PolicyApplicationState)).withdrawing
        assert status() == Status.PENDING
        await rig.send(f"{NAME}.stay", {}, sid=firm.sid, tab=TAB)
        assert (await rig.state(TAB, PolicyApplicationState)).withdrawing == ""
        reply = await rig.send(f"{NAME}.withdraw", {"sure": True}, sid=firm.sid, tab=TAB)
        assert reply.said.startswith("已撤回。申报已于") and status() == Status.DRAFT
        assert rig.unforeseen == []
