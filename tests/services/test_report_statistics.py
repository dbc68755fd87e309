"""The statistics form of reports (domain.md §9): by class, from the own loan book, with kept differences."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.models import Loan, Organisation
from cpegi_app.services import report, report_overdue, report_period, review_view
from cpegi_app.services import report_statistics as statistics
from cpegi_app.services.report_overdue import ADVICE
from cpegi_app.services.report_statistics import FigureView
from cpegi_app.vocabulary import Action, Kind, OrgClass, PeriodType, ReportKind, Status
from tests.factories import credit_code, member, number, profile, statistics_data
from tests.services.reports import bank, on, refused
from tests.worlds import report_world


@pytest.fixture(autouse=True)
def a_day() -> None:
    on(date(2026, 11, 23))


def lend(
    session: Session, lender: Actor, amount: int, lent: date, due: date, borrower: Actor | None = None, **more
) -> Loan:
    """Enter a loan of so many 万元 into the book."""
    columns = {
        "source": "ONLINE",
        "institution_id": lender.org_id,
        "borrower_id": borrower.org_id if borrower else None,
        "borrower_name": "某企业",
        "borrower_code": credit_code(),
        "contract_no": f"HT{number()}",
        "iou_no": f"JJ{number()}",
        "contract_fen": amount * 1_000_000,
        "amount_fen": amount * 1_000_000,
        "lent_on": lent,
        "due_on": due,
        "rate_bp": 385,
        "guarantee": "CREDIT",
        "repayment": "BULLET",
    }
    made = Loan(**(columns | more))
    session.add(made)
    session.flush()
    return made


def book_of(session: Session, org_class: OrgClass, period: str) -> dict[str, str]:
    lender = bank(session, org_class)
    small = member(session, Kind.ENTERPRISE, industry="I")
    trade = member(session, Kind.ENTERPRISE, industry="F")
    far = date(2028, 1, 1)
    lend(session, lender, 100, date(2026, 10, 1), far, small)
    lend(session, lender, 50, date(2026, 10, 31), far, trade, contract_no="HT-A")
    lend(session, lender, 70, date(2026, 10, 15), date(2026, 10, 20), trade, contract_no="HT-A")
    lend(session, lender, 30, date(2026, 9, 30), far)
    lend(session, lender, 7, date(2025, 12, 31), far)
    lend(session, lender, 999, date(2026, 11, 1), far, small)
    lend(session, bank(session), 5000, date(2026, 10, 2), far, small)
    return statistics.prefill(session, lender.org_id or 0, org_class, report_period.parse(period))


def test_lending_figures_come_from_the_own_loan_book(session: Session) -> None:
    book = book_of(session, OrgClass.MICRO_LOAN, "2026-10")
    assert book == {
        "s_balance": "257",
        "s_new_amount": "220",
        "s_new_count": "3",
        "s_industries": "批发和零售业；信息传输、软件和信息技术服务业",
    }


def test_a_banks_year_and_a_lessors_contracts(session: Session) -> None:
    book = book_of(session, OrgClass.BANK, "2026-10")
    assert (book["s_balance"], book["s_year_amount"]) == ("257", "250")
    assert set(book) == {"s_balance", "s_small_balance", "s_year_amount"}
    assert book_of(session, OrgClass.LEASING, "2026-10") == {
        "s_contracts": "2",
        "s_contract_amount": "170",
        "s_new_amount": "220",
    }
    assert book_of(session, OrgClass.GUARANTEE, "2026Q3")["s_new_count"] == "1"


def test_what_a_correction_replaced_counts_no_more(session: Session) -> None:
    lender, far = bank(session, OrgClass.MICRO_LOAN), date(2028, 1, 1)
    first = lend(session, lender, 100, date(2026, 10, 1), far, source="OFFLINE")
    lend(
        session,
        lender,
        80,
        date(2026, 10, 1),
        far,
        source="OFFLINE",
        replaces_id=first.id,
        iou_no=first.iou_no,
    )
    book = statistics.prefill(session, lender.org_id or 0, "MICRO_LOAN", report_period.parse("2026-10"))
    assert (book["s_balance"], book["s_new_amount"], book["s_new_count"]) == ("80", "80", "1")


def test_what_was_filed_of_a_loan_counts_before_the_profile(session: Session) -> None:
    """Most borrowers of offline loans have no account: their industry and scale stand in the filing alone."""
    lender, far = bank(session), date(2028, 1, 1)
    trade = member(session, Kind.ENTERPRISE, industry="F")
    lend(session, lender, 60, date(2026, 10, 1), far, industry="A", scale="SMALL", balance_fen=40_000_000)
    lend(session, lender, 50, date(2026, 10, 2), far, industry="C", scale="LARGE", balance_fen=0)
    lend(session, lender, 55, date(2026, 10, 2), far, trade, industry="I", scale="LARGE")
    asked = report_period.parse("2026-10")
    book = statistics.prefill(session, lender.org_id or 0, "BANK", asked)
    assert (book["s_balance"], book["s_small_balance"], book["s_year_amount"]) == ("95", "40", "165")
    known = statistics.prefill(session, lender.org_id or 0, "MICRO_LOAN", asked)
    assert known["s_industries"] == "农、林、牧、渔业；信息传输、软件和信息技术服务业；制造业"


def test_a_loan_past_its_day_is_owed_until_a_balance_of_nothing_is_filed(session: Session) -> None:
    lender, lent, due = bank(session), date(2025, 10, 1), date(2026, 10, 20)
    lend(session, lender, 70, lent, due)
    lend(session, lender, 60, lent, due, scale="SMALL", balance_fen=12_345_678, source="OFFLINE")
    lend(session, lender, 50, lent, due, balance_fen=0, source="OFFLINE")
    lend(session, lender, 9, lent, date(2026, 11, 1))
    asked = report_period.parse("2026-10")
    book = statistics.prefill(session, lender.org_id or 0, "BANK", asked)
    assert (book["s_balance"], book["s_small_balance"]) == ("91.345678", "12.345678")
    # Told at the figures that hold them; of those lent online nobody can have said that they are paid back.
    late = "截至期末已到期而未登记结清"
    assert told(session, lender, "2026-10") == {
        "s_balance": f"含 2 笔、82.345678 万元{late}；其中线上放款 1 笔、70 万元，台账没有其还款记录。"
        + ADVICE,
        "s_small_balance": f"含 1 笔、12.345678 万元{late}。",
    }
    # Before its day none of them is late, and a class whose form asks for no balance reads nothing of it.
    assert told(session, lender, "2026-09") == {}
    assert report_overdue.overdue(session, lender.org_id or 0, "LEASING", asked) == {}


def told(session: Session, lender: Actor, period: str) -> dict[str, str]:
    shown = report.sheet(session, lender, "MONTHLY", period, {}).figures
    return {f.name: f.late for f in shown if f.late}


def test_a_class_with_one_balance_reads_of_it_alone(session: Session) -> None:
    lender, due = bank(session, OrgClass.GUARANTEE), date(2026, 10, 31)
    lend(session, lender, 3, date(2025, 10, 1), due, scale="SMALL", source="OFFLINE", balance_fen=1_000_000)
    assert told(session, lender, "2026-10") == {
        "s_balance": "含 1 笔、1 万元截至期末已到期而未登记结清。" + ADVICE
    }


def test_small_enterprises_are_told_by_their_scale(session: Session) -> None:
    lender, far = bank(session), date(2028, 1, 1)
    for staff_count, revenue in (("320", "2600"), ("1500", "90000")):
        data = profile(Kind.ENTERPRISE, staff=staff_count, revenue=revenue)
        lend(session, lender, 10, date(2026, 10, 1), far, member(session, Kind.ENTERPRISE, **data))
    book = statistics.prefill(session, lender.org_id or 0, OrgClass.BANK, report_period.parse("2026-10"))
    assert (book["s_balance"], book["s_small_balance"]) == ("20", "10")


@pytest.mark.parametrize(
    "org_class", [OrgClass.INSURANCE, OrgClass.PRIVATE_FUND, OrgClass.LAW, OrgClass.ENTERPRISE]
)
def test_classes_without_a_loan_book_start_empty(session: Session, org_class: OrgClass) -> None:
    assert book_of(session, org_class, "2026-10") == {}


def test_an_empty_book_prefills_nothing(session: Session) -> None:
    assert (
        statistics.prefill(session, bank(session).org_id or 0, "BANK", report_period.parse("2026-10")) == {}
    )


def test_a_changed_figure_shows_and_keeps_its_difference(session: Session) -> None:
    owner = bank(session, OrgClass.MICRO_LOAN)
    lend(session, owner, 100, date(2026, 10, 1), date(2028, 1, 1), member(session))
    found = report.sheet(
        session, owner, "MONTHLY", "2026-10", {"s_new_amount": "1,120.5", "s_balance": "100"}
    )
    shown = {f.name: f for f in found.figures}
    assert (shown["s_new_amount"].book, shown["s_new_amount"].difference) == ("100", "+1,020.5 万元")
    assert (shown["s_balance"].difference, shown["s_new_count"].value) == ("", "1")
    assert shown["s_industries"].value == "制造业"
    figures = statistics_data(s_balance="100", s_new_amount="1,120.5", s_new_count="1", s_industries="建筑业")
    world = report_world(session, owner, "MONTHLY", "2026-10", **figures).bring_to(session, Status.PENDING)
    row = world.row(session)
    assert row.statistics["s_new_amount"] == {"value": "1120.5", "book": "100", "difference": "+1,020.5 万元"}
    assert row.statistics["s_industries"]["difference"] == "与台账不一致"
    shown = review_view.view(session, report.FLOW, world.reviewer, world.row_id)
    lines = {f.name: f.value for g in shown.groups for f in g.fields}
    assert lines["s_new_amount"] == "1,120.5 万元（台账 100 万元，差异 +1,020.5 万元）"
    assert lines["s_balance"] == "100 万元（与台账一致）"
    assert any(c.label == "统计报表" and c.level == "warn" for c in shown.checks)


def test_statistics_are_whole_or_left_out(session: Session) -> None:
    owner = bank(session, OrgClass.INSURANCE)
    world = report_world(session, owner, "QUARTERLY", "2026Q3", **statistics_data())
    assert "保费收入" in refused(lambda: world.act(session, Action.SUBMIT), "s_premiums")
    figures = statistics_data(s_premiums="9", s_claims="-1", s_insured="3")
    world.data |= figures
    assert "0–99,999,999 万元" in refused(lambda: world.act(session, Action.SUBMIT), "s_claims")
    world.data |= {"s_claims": "1"}
    assert world.act(session, Action.SUBMIT).statistics["s_claims"]["value"] == "1"
    other = report_world(session, owner, "QUARTERLY", "2026Q2", s_skip="YES")
    assert other.act(session, Action.SUBMIT).statistics == {}


def test_an_annual_report_carries_the_years_figures(session: Session) -> None:
    owner = bank(session, OrgClass.MICRO_LOAN)
    lend(session, owner, 7, date(2025, 12, 31), date(2028, 1, 1))
    found = report.sheet(session, owner, "ANNUAL", "2025", {})
    assert found.with_statistics
    assert {f.name: f.value for f in found.figures}["s_new_amount"] == "7"
    world = report_world(session, owner, "ANNUAL", "2025")
    assert "营业收入" in refused(lambda: world.act(session, Action.SUBMIT), "s_revenue")
    world.data |= {"s_skip": "YES"}
    assert world.act(session, Action.SUBMIT).statistics == {}
    assert not report.sheet(session, owner, "AUDIT", "2025", {}).with_statistics


def test_figures_of_another_class_are_refused(session: Session) -> None:
    world = report_world(session, None, "MONTHLY", "2026-10", **statistics_data(s_deposits="1"))
    assert refused(lambda: world.act(session, Action.SUBMIT), "form")


def test_every_class_has_its_form() -> None:
    for org_class in OrgClass:
        names = [f.name for f in statistics.figures(org_class)]
        assert len(set(names)) == len(names) and set(names) == set(statistics.FORMS[org_class].model_fields)
    own = {c for c in OrgClass if c in statistics.BY_CLASS}
    assert {c.value for c in OrgClass} - {c.value for c in own} == {
        "ACCOUNTING",
        "LAW",
        "APPRAISAL",
        "IP_SERVICE",
        "ENTERPRISE",
    }
    assert {k for k in ReportKind if report.PERIOD_OF[k] is PeriodType.NONE} == {"MATERIAL", "INTERIM"}


def test_figures_that_nothing_was_compared_with_are_not_said_to_agree(session: Session) -> None:
    def check(lender: Actor, **typed: str) -> tuple[str, str]:
        data = {f.name: "1" for f in statistics.figures(lender.org_class or "")} | statistics_data(**typed)
        world = report_world(session, lender, "MONTHLY", "2026-10", **data).bring_to(session, Status.PENDING)
        checks = review_view.view(session, report.FLOW, world.owner, world.row_id).checks
        return next((c.level, c.text) for c in checks if c.label == "统计报表")

    assert check(bank(session)) == ("none", "台账没有该期数据，未比对")
    assert check(bank(session, OrgClass.INSURANCE)) == ("none", "该类机构的统计报表不与贷款台账比对")
    lender = bank(session, OrgClass.MICRO_LOAN)
    lend(session, lender, 7, date(2026, 10, 1), date(2028, 1, 1), industry="A")
    book = statistics.prefill(session, lender.org_id or 0, "MICRO_LOAN", report_period.parse("2026-10"))
    assert check(lender, **book) == ("ok", "与贷款台账没有差异")


def test_the_form_says_what_was_filled_in(session: Session) -> None:
    def told(lender: Actor, code: str = "2026-10") -> str:
        return report.sheet(session, lender, "MONTHLY", code, {}).filled

    lender = bank(session)
    assert told(lender) == "贷款台账没有该期数据，请自行填写。没有发生额请填 0。"
    assert told(lender, "") == "选择报告期后，台账能取到的数据会自动填入。没有发生额请填 0。"
    assert told(bank(session, OrgClass.INSURANCE)) == "没有发生额请填 0。"
    lend(session, lender, 7, date(2026, 10, 1), date(2028, 1, 1))
    assert told(lender).startswith("台账能取到的数据已自动填入，可以修改")


def test_who_fills_the_form_in_is_the_profile_s_contact_until_another_is_typed(session: Session) -> None:
    lender = bank(session)
    org = session.get_one(Organisation, lender.org_id)
    org.profile = org.profile | {"contact": "周敏", "mobile": "13900001111"}
    session.flush()

    def shown(values: dict[str, str]) -> dict[str, FigureView]:
        return {f.name: f for f in report.sheet(session, lender, "MONTHLY", "2026-10", values).figures}

    found = shown({"s_revenue": "4"})
    assert (found["s_filler"].value, found["s_phone"].value) == ("周敏", "13900001111")
    assert shown({"s_filler": "李四"})["s_filler"].value == "李四"
    # What a form opens with is not taken for what somebody typed.
    assert statistics.typed({"s_revenue": "4"}, found.values()) == {"s_revenue": "4"}
    # Only figures stand beside the book's.
    assert {n for n, f in found.items() if not f.is_compared} == {"s_remark", "s_filler", "s_phone"}
    org.profile = {}
    session.flush()
    assert shown({})["s_filler"].value == ""
