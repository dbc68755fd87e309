"""The workbook of a dashboard: for whoever sees the dashboard, and made while everybody else can write."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from cpegi_app import db
from cpegi_app.models import AuditEntry
from cpegi_app.services import sessions
from cpegi_app.services.figures_view import NEEDS
from cpegi_app.web import exports
from tests.state.cast import Cast, Principal
from tests.statements import said_to


async def fetched(who: Principal, side: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=Starlette(routes=exports.ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as browser:
        cookie = {"cookie": f"{sessions.cookie_name()}={who.sid}"}
        return await browser.get(f"/exports/figures/{side}?period=3", headers=cookie)


@pytest.mark.parametrize("side", NEEDS)
async def test_the_figures_are_worked_out_outside_the_transaction_that_writes(cast: Cast, side: str):
    who = next(p for p in cast.people.values() if p.live and p.may(NEEDS[side]))
    with said_to(db.write_engine()) as written, said_to(db.read_engine()) as read:
        assert (await fetched(who, side)).status_code == 200
    assert any("sum(" in s for s in read)
    assert any("INTO audit" in s for s in written) and not any("sum(" in s for s in written)


@pytest.mark.parametrize("side", NEEDS)
async def test_who_does_not_see_a_dashboard_gets_no_workbook_and_no_line_in_the_trail(cast: Cast, side: str):
    took: set[int | None] = set()
    for who in cast.people.values():
        found = await fetched(who, side)
        may = who.live and who.may(NEEDS[side])
        assert found.status_code == (200 if may else 404 if who.live else 401), who.name
        took |= {who.user_id} if may else set()
    with db.reading() as session:
        query = select(AuditEntry.actor_id).where(AuditEntry.action == "figures.export")
        assert took and set(session.exec(query)) == took
