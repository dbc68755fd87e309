"""The report's editor: figures of the loan book follow the period, figures that somebody typed stay."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from cpegi_app import clock, db
from cpegi_app.access import REPORT_EDIT
from cpegi_app.models import Report
from cpegi_app.services import report, report_period
from cpegi_app.services import report_statistics as statistics
from cpegi_app.state.loan_book import LoanBookState
from cpegi_app.state.report import ReportEditState
from cpegi_app.vocabulary import PeriodType
from tests.services.test_report_statistics import lend
from tests.state.cast import Cast
from tests.state.rig import HYDRATE, running
from tests.state.test_offline_trial import actor_of

TAB, STATE = "reporter", ReportEditState.get_full_name()


async def test_a_draft_opened_again_is_prefilled_for_its_period_and_keeps_what_was_typed(cast: Cast) -> None:
    clerk = cast.people["bank"]
    newest, before = report_period.recent(PeriodType.MONTH, clock.today(), 2)
    with db.transaction() as session:
        actor = actor_of(session, clerk)
        lend(session, actor, 7, before.start, newest.end.replace(year=newest.end.year + 3))
        lend(session, actor, 5, newest.start, newest.end.replace(year=newest.end.year + 3))
        row_id = report.begin(session, actor, "INTERIM").id or 0
        books = [
            statistics.prefill(session, actor.org_id or 0, actor.org_class or "", p) for p in (newest, before)
        ]
    assert books[0]["s_balance"] != books[1]["s_balance"]
    how = {"sid": clerk.sid, "tab": TAB}

    async def figures() -> dict[str, str]:
        return {f.name: f.value for f in (await rig.state(TAB, ReportEditState)).figures}

    async def saved(period: str, **typed: str) -> None:
        data = {n: "" for n in await figures()} | await figures() | typed
        data |= {"kind": "MONTHLY", "period": period, "name": "月报", "intent": "save"}
        reply = await rig.send(f"{STATE}.submit", {"data": data}, **how)
        assert "已暂存" in reply.said, reply.said
        await rig.open(REPORT_EDIT, rid=row_id, **how)

    async with running() as rig:
        await rig.open(REPORT_EDIT, rid=row_id, **how)
        await rig.send(f"{STATE}.pick_kind", {"kind": "MONTHLY"}, **how)
        # Kept before a period was chosen: blanks are not what somebody typed.
        await saved("")
        await rig.send(f"{STATE}.pick_period", {"period": newest.code}, **how)
        assert (await figures()).items() >= books[0].items()
        await rig.send(f"{STATE}.compare", {"name": "s_balance", "value": books[0]["s_balance"]}, **how)
        await saved(newest.code, s_revenue="42", s_new_amount="1.5")
        assert (await figures())["s_balance"] == books[0]["s_balance"]
        await rig.send(f"{STATE}.pick_period", {"period": before.code}, **how)
        found = await figures()
        assert found["s_balance"] == books[1]["s_balance"]
        assert (found["s_revenue"], found["s_new_amount"]) == ("42", "1.5")
        assert rig.unforeseen == []
    with db.reading() as session:
        assert session.get_one(Report, row_id).data["s_balance"] == books[0]["s_balance"]


async def test_what_a_balance_holds_of_loans_past_their_day_leads_to_exactly_them(cast: Cast) -> None:
    clerk, newest = cast.people["bank"], report_period.recent(PeriodType.MONTH, clock.today(), 1)[0]
    begun, past = newest.start.replace(year=newest.start.year - 1), newest.end
    with db.transaction() as session:
        actor = actor_of(session, clerk)
        lend(session, actor, 7, begun, past, scale="MICRO")
        lend(session, actor, 5, begun, past, scale="LARGE", balance_fen=3_000_000)
        # Paid back; and due after the period, though before today or later.
        lend(session, actor, 11, begun, past, balance_fen=0)
        lend(session, actor, 13, begun, past + timedelta(days=1))
        row_id = report.begin(session, actor, "INTERIM").id or 0
    how = {"sid": clerk.sid, "tab": TAB}
    async with running() as rig:
        await rig.open(REPORT_EDIT, rid=row_id, **how)
        await rig.send(f"{STATE}.pick_kind", {"kind": "MONTHLY"}, **how)
        await rig.send(f"{STATE}.pick_period", {"period": newest.code}, **how)
        state = await rig.state(TAB, ReportEditState)
        figures = {f.name: f for f in state.figures}
        assert figures["s_balance"].difference == figures["s_revenue"].late == ""
        told = re.search(r"含 (\d+) 笔、([\d.,]+) 万元", figures["s_balance"].late)
        assert told, figures["s_balance"].late
        await rig.send(HYDRATE, {}, sid=clerk.sid, tab="book", path=state.past["s_balance"])
        book = await rig.state("book", LoanBookState)
        assert book.filters == {"due_until": past.isoformat(), "owed": "OPEN"}
        unknown = re.search(r"放款 ([\d.,]+) 万元", book.unknown)
        lent = unknown[1] if unknown else ("0" if book.balance else book.amount)
        owed = sum(Decimal(n.replace(",", "")) for n in (book.balance or "0", lent))
        assert (book.total, owed) == (int(told[1]), Decimal(told[2].replace(",", "")))
        assert book.total >= 2 and rig.unforeseen == []
