"""The loan book's list: its page comes first, the count of the whole list follows in the background."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from cpegi_app import clock, db
from cpegi_app.access import STAFF_LOANS
from cpegi_app.models import Loan
from cpegi_app.services import list_count, lists
from cpegi_app.state.loan_book import StaffBookState
from tests.state.cast import Cast
from tests.state.rig import running

STATE = StaffBookState.get_full_name()


def fill(count: int, org_id: int) -> None:
    """Write loans straight into the book."""
    base = {
        "created_at": clock.now(), "source": "OFFLINE", "institution_id": org_id, "borrower_code": "x",
        "borrower_name": "某公司", "contract_no": "HT", "contract_fen": 100, "amount_fen": 1_000_000,
        "lent_on": clock.today(), "due_on": clock.today(), "rate_bp": 400, "guarantee": "CREDIT",
        "repayment": "BULLET", "is_first": "", "industry": "", "scale": "", "guarantor": "", "purpose": "",
        "five_class": "",
    }  # fmt: skip
    with db.transaction() as session:
        session.execute(insert(Loan), [base | {"iou_no": f"BK{n}"} for n in range(count)])


@pytest.mark.parametrize("name", ["search", "go_page"])
async def test_the_page_comes_before_the_count(cast: Cast, monkeypatch, name: str):
    monkeypatch.setattr(list_count, "STRETCH", 5)
    monkeypatch.setattr(list_count, "STEP", 2)
    monkeypatch.setattr(lists, "STEPS", 2)
    list_count.forget()
    staff, _ = cast.who_may(STAFF_LOANS)
    fill(200, next(p.org_id for p in cast.people.values() if p.org_id))
    payload = {"data": {"word": "某公司"}} if name == "search" else {"page": 2}
    async with running() as rig:
        reply = await rig.send(f"{STATE}.{name}", payload, sid=staff.sid)
    shown = [
        {k.removesuffix("_rx_state_"): v for k, v in d[STATE].items()} for d in reply.deltas if STATE in d
    ]
    totals = [d["total"] for d in shown if "total" in d]
    with_rows = next(i for i, d in enumerate(shown) if d.get("rows"))
    assert shown[with_rows]["counting"] is True and totals[0] < 40
    assert totals == sorted(totals) and len(totals) > 5 and totals[-1] >= 200
    assert [d["counting"] for d in shown if "counting" in d][-1] is False


async def test_a_count_that_failed_is_begun_again(cast: Cast, monkeypatch):
    monkeypatch.setattr(list_count, "STRETCH", 5)
    monkeypatch.setattr(list_count, "STEP", 2)
    list_count.forget()
    staff, _ = cast.who_may(STAFF_LOANS)
    fill(50, next(p.org_id for p in cast.people.values() if p.org_id))
    async with running() as rig:
        await rig.open(STAFF_LOANS, sid=staff.sid, tab="staff")
        state = await rig.state("staff", StaffBookState)
        with monkeypatch.context() as broken:
            broken.setattr(lists, "STEPS", "none")
            reply = await rig.post("staff", f"{STATE}.search", {"data": {"word": "某公司"}}, sid=staff.sid)
            assert "系统暂时无法完成此操作" in reply.said and state.counting
        await rig.post("staff", f"{STATE}.go_page", {"page": 2}, sid=staff.sid)
        assert not state.counting and state.total >= 50
