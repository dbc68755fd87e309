"""Disbursements under an approved application, and the loan book (manual §4.3, domain.md §7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Application, Disbursement, Loan, Notice, Organisation
from cpegi_app.services import application_list, disbursement, files, review_view
from cpegi_app.vocabulary import Action, FileSlot, Kind, LoanSource, Status
from tests import factories, worlds
from tests.worlds import World


def day(days: int = 0) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def approved(session: Session) -> World:
    return worlds.application_world(session).bring_to(session, Status.APPROVED)


def refused(session: Session, world: World) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    return refusal.value.fields


# --- the form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"amount": "500.01", "contract_amount": "600"}, "amount", "批准额度还可放款 500 万元"),
        ({"amount": "300.01", "contract_amount": "300"}, "amount", "不能大于合同金额 300 万元"),
        ({"amount": "0"}, "amount", "应在 0.01–"),
        ({"rate": "36.01"}, "rate", "应在 0–36%之间"),
        ({"lent_on": "tomorrow"}, "lent_on", "请填写日期"),
        ({"iou_no": ""}, "iou_no", "请填写借据编号"),
        ({"iou_no": "编" * 61}, "iou_no", "最多 60 字"),
        ({"repayment": "NEVER"}, "repayment", "请从列表中选择"),
    ],
)
def test_4_3_what_is_wrong_is_told_at_its_field(
    session: Session, changes: dict[str, str], field: str, why: str
):
    found = refused(session, worlds.disbursement_world(session, **changes))
    assert set(found) == {field}
    assert why in found[field]


@pytest.mark.parametrize(
    ("lent", "due", "field", "why"),
    [
        (1, 365, "lent_on", "放款日期不能晚于今天"),
        (0, 0, "due_on", "到期日应晚于放款日期"),
        (-10, -10, "due_on", "到期日应晚于放款日期"),
        (-10, -9, "", ""),
        (0, 1, "", ""),
    ],
)
def test_4_3_dates_are_in_order(session: Session, lent: int, due: int, field: str, why: str):
    world = worlds.disbursement_world(session, lent_on=day(lent), due_on=day(due))
    if not field:
        assert world.act(session, Action.SUBMIT).status == Status.PENDING
        return
    found = refused(session, world)
    assert set(found) == {field} and why in found[field]


def test_4_3_contract_and_voucher_must_be_there(session: Session):
    world = worlds.disbursement_world(session, amount="x")
    for view in files.listing(session, "disbursement", world.row_id):
        files.remove(session, world.owner, view.id)
    assert set(refused(session, world)) == {"file_CONTRACT", "file_VOUCHER", "amount"}


@pytest.mark.parametrize("extra", ["borrower_id", "application_id", "status", "amount_fen", "org_id"])
def test_4_3_an_invented_column_is_refused(session: Session, extra: str):
    assert set(refused(session, worlds.disbursement_world(session, **{extra: "1"}))) == {"form"}


# --- the sum ------------------------------------------------------------------------------------------


def test_4_3_several_payments_sum_up_to_at_most_the_approval(session: Session):
    app = approved(session)
    first = worlds.disbursement_world(session, app, amount="200").bring_to(session, Status.PENDING)
    second = worlds.disbursement_world(session, app, amount="300.01")
    assert "批准额度还可放款 300 万元" in refused(session, second)["amount"]
    second.data |= {"amount": "300"}
    second.act(session, Action.SUBMIT)
    with pytest.raises(Conflict, match="已全部放款或待审核"):
        disbursement.open_disbursement(session, app.reviewer, app.row_id)
    first.act(session, Action.APPROVE)
    second.act(session, Action.APPROVE)
    rows = disbursement.of_application(session, app.owner, app.row_id)
    assert [(r.amount, r.status_label) for r in rows] == [("200 万元", "审核通过"), ("300 万元", "审核通过")]
    assert application_list.disbursed(session, [app.row_id])[app.row_id] == (500_000_000, 0)


def test_4_3_a_returned_payment_no_longer_counts_until_it_is_sent_again(session: Session):
    app = approved(session)
    first = worlds.disbursement_world(session, app, amount="300").bring_to(session, Status.RETURNED)
    assert disbursement.open_disbursement(session, app.reviewer, app.row_id).id == first.row_id
    assert disbursement.remaining(session, app.row(session)) == 500_000_000
    first.act(session, Action.SUBMIT)
    assert disbursement.remaining(session, app.row(session)) == 200_000_000


def test_4_3_a_payment_of_large_sums_fits_the_tables(session: Session):
    app = worlds.application_world(session)
    listed = session.get_one(disbursement.application.Product, app.row(session).product_id)
    listed.amount_max_fen = 999_999 * 1_000_000
    app.data |= {"amount": "999999"}
    app.payload = {"approved_amount": "999999", "approved_term": "12"}
    app.bring_to(session, Status.APPROVED)
    data = {"amount": "999999", "contract_amount": "999999"}
    worlds.disbursement_world(session, app, **data).bring_to(session, Status.APPROVED)
    loan = session.exec(select(Loan).order_by(col(Loan.id).desc())).first()
    assert loan is not None and loan.amount_fen == 999_999 * 1_000_000


def test_4_3_the_platform_does_not_approve_more_than_the_approval(session: Session):
    app = approved(session)
    world = worlds.disbursement_world(session, app, amount="300").bring_to(session, Status.PENDING)
    late = Disbursement(
        org_id=world.owner.org_id or 0,
        application_id=app.row_id,
        borrower_id=app.owner.org_id or 0,
        status=Status.APPROVED.value,
        amount_fen=300_000_000,
    )
    session.add(late)
    session.flush()
    with pytest.raises(Conflict, match="累计放款将超过批准额度 500 万元"):
        world.act(session, Action.APPROVE)


# --- one paper once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED])
def test_4_3_an_iou_is_registered_once_by_an_institution(session: Session, status: Status):
    app = approved(session)
    worlds.disbursement_world(session, app, amount="100", iou_no="JJ-1").bring_to(session, status)
    again = worlds.disbursement_world(session, app, amount="100", iou_no=" JJ-1 ")
    assert "已登记过放款" in refused(session, again)["iou_no"]
    again.data |= {"iou_no": "JJ-2"}
    again.act(session, Action.SUBMIT)


def test_4_3_two_institutions_may_use_the_same_iou_number(session: Session):
    for _ in range(2):
        worlds.disbursement_world(session, iou_no="JJ-1").bring_to(session, Status.APPROVED)


# --- the loan book ------------------------------------------------------------------------------------


def test_4_3_approval_books_the_loan_and_tells_both_sides(session: Session):
    app = approved(session)
    world = worlds.disbursement_world(session, app, rate="3.85%", amount="200.5").bring_to(
        session, Status.PENDING
    )
    assert session.exec(select(Loan).where(Loan.disbursement_id == world.row_id)).all() == []
    world.act(session, Action.APPROVE)
    loan = session.exec(select(Loan).where(Loan.disbursement_id == world.row_id)).one()
    borrower = session.get_one(Organisation, app.owner.org_id)
    assert (loan.source, loan.institution_id, loan.borrower_id) == (
        LoanSource.ONLINE,
        app.reviewer.org_id,
        app.owner.org_id,
    )
    assert (loan.borrower_name, loan.borrower_code) == (borrower.name, borrower.credit_code)
    assert (loan.amount_fen, loan.contract_fen, loan.rate_bp) == (200_500_000, 500_000_000, 385)
    assert (loan.lent_on, loan.is_first) == (clock.today(), "YES")
    told = {n.user_id: n.title for n in session.exec(select(Notice).order_by(col(Notice.id)))}
    applied = session.get_one(Application, app.row_id)
    assert told[app.owner.user_id] == f"放款已登记：{applied.product_name}"
    assert told[app.reviewer.user_id].startswith("放款审核通过：")


@pytest.mark.parametrize("action", [Action.RETURN, Action.WITHDRAW])
def test_4_3_only_approval_books_a_loan(session: Session, action: Action):
    world = worlds.disbursement_world(session).bring_to(session, Status.PENDING)
    world.act(session, action)
    assert session.exec(select(Loan).where(Loan.institution_id == world.owner.org_id)).all() == []


# --- who ----------------------------------------------------------------------------------------------


def test_4_3_only_the_institution_that_approved_may_disburse(session: Session):
    app = approved(session)
    strangers = (
        app.owner,
        factories.member(session, Kind.DEBT),
        factories.staff(session),
        factories.stranger(),
    )
    for actor in strangers:
        with pytest.raises(NotFound):
            disbursement.open_disbursement(session, actor, app.row_id)
    with pytest.raises(Forbidden):
        disbursement.open_disbursement(session, factories.unverified(app.reviewer), app.row_id)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RETURNED, Status.REJECTED])
def test_4_3_only_an_approved_application_is_disbursed(session: Session, status: Status):
    app = worlds.application_world(session).bring_to(session, status)
    with pytest.raises(Conflict, match="尚未审核通过，不能放款"):
        disbursement.open_disbursement(session, app.reviewer, app.row_id)


@pytest.mark.parametrize("app_id", [0, -1, 2**31, 2**70, True, None, "1"])
def test_a_malformed_number_is_an_absent_application(session: Session, app_id: Any):
    with pytest.raises(NotFound):
        disbursement.open_disbursement(session, factories.member(session, Kind.DEBT), app_id)


def test_4_3_the_enterprise_sees_payments_under_review_but_no_drafts_and_no_reasons(session: Session):
    app = approved(session)
    worlds.disbursement_world(session, app, amount="100").bring_to(session, Status.PENDING)
    second = worlds.disbursement_world(session, app, amount="50").bring_to(session, Status.RETURNED)
    shown = disbursement.of_application(session, app.owner, app.row_id)
    assert [(r.amount, r.reason, r.editable) for r in shown] == [("100 万元", "", False)]
    own = disbursement.of_application(session, app.reviewer, app.row_id)
    assert [(r.id, r.editable) for r in own][1:] == [(second.row_id, True)]
    assert own[1].reason == worlds.REASON
    with pytest.raises(NotFound):
        disbursement.of_application(session, factories.member(session), app.row_id)


# --- what is offered and shown ------------------------------------------------------------------------


def test_4_3_the_institutions_list_tells_a_returned_payment_from_one_never_sent(session: Session):
    app = approved(session)
    back = worlds.disbursement_world(session, app, amount="80").bring_to(session, Status.PENDING)
    begun = worlds.disbursement_world(session, app)
    back.act(session, Action.RETURN)
    seen = disbursement.of_application(session, app.reviewer, app.row_id)
    assert [(d.id, d.editable, d.returned) for d in seen] == [
        (back.row_id, True, True),
        (begun.row_id, True, False),
    ]


def test_4_3_a_draft_begins_with_what_is_known(session: Session):
    app = approved(session)
    first = disbursement.open_disbursement(session, app.reviewer, app.row_id)
    assert (first.data["amount"], first.data["contract_amount"], first.data["guarantee"]) == (
        "500",
        "500",
        "CREDIT",
    )
    worlds.disbursement_world(session, app, amount="200", contract_no="HT-9").bring_to(
        session, Status.PENDING
    )
    second = disbursement.open_disbursement(session, app.reviewer, app.row_id)
    assert (second.data["amount"], second.data["contract_no"], second.data["rate"]) == ("300", "HT-9", "3.85")
    assert "iou_no" not in second.data


@pytest.mark.parametrize(("rate", "level"), [("3.45", "ok"), ("4.85", "ok"), ("4.86", "warn")])
def test_4_3_the_reviewer_sees_the_sum_and_the_rate_checked(session: Session, rate: str, level: str):
    world = worlds.disbursement_world(session, rate=rate, amount="200").bring_to(session, Status.PENDING)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    levels = {"累计放款": "ok", "执行年利率": level, "放款日期": "ok"}
    assert {c.label: c.level for c in shown.checks} == levels
    assert "待审核 200 万元，剩余 300 万元" in shown.checks[0].text
    assert [f.slot for f in shown.files] == [FileSlot.CONTRACT, FileSlot.VOUCHER]
    assert next(g for g in shown.groups if g.title == "对应申请").fields


def test_4_3_a_payment_dated_before_the_approval_is_shown_to_the_reviewer(session: Session):
    early = worlds.disbursement_world(session, lent_on=day(-1)).bring_to(session, Status.PENDING)
    shown = review_view.view(session, early.flow, early.reviewer, early.row_id)
    [check] = [c for c in shown.checks if c.label == "放款日期"]
    assert (check.level, "早于申请批准日期" in check.text) == ("warn", True)


def test_4_3_the_cover_tells_what_is_left(session: Session):
    app = approved(session)
    worlds.disbursement_world(session, app, amount="120").bring_to(session, Status.APPROVED)
    worlds.disbursement_world(session, app, amount="80").bring_to(session, Status.PENDING)
    draft = worlds.disbursement_world(session, app)
    found = disbursement.cover(session, draft.owner, draft.row_id)
    assert (found.approved, found.disbursed, found.waiting, found.left) == (
        "500 万元",
        "120 万元",
        "80 万元",
        "300 万元",
    )
    with pytest.raises(NotFound):
        disbursement.cover(session, app.owner, draft.row_id)
