"""The screens of policies: what is asked before it cannot be undone, and who gets the file of all payees."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from cpegi_app import clock, db
from cpegi_app.access import PAYMENT_BATCH, POLICY_APPLICATION, Permission
from cpegi_app.models import Policy, PolicyApplication
from cpegi_app.services import sessions
from cpegi_app.state.policy_apply import PolicyApplicationState
from cpegi_app.vocabulary import Status
from cpegi_app.web import exports
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


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_the_finance_offices_file_is_for_who_pays(cast: Cast, kind: str) -> None:
    address = f"/exports/payments/{cast.rows[PAYMENT_BATCH][1]['bid']}.{kind}"
    transport = httpx.ASGITransport(app=Starlette(routes=exports.ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as browser:
        for who in cast.people.values():
            cookie = {"cookie": f"{sessions.cookie_name()}={who.sid}"}
            found = await browser.get(address, headers=cookie)
            may = who.may(Permission.POLICY_PAY)
            assert found.status_code == (200 if may else 404 if who.live else 401), who.name
            assert may or "6217" not in found.text
