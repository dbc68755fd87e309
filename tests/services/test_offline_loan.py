"""Filing batches: rows, proofs, submission, the staff's marks, the loan book, corrections (manual §5.1)."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, FilingBatch, Loan, Notice, OfflineLoan, StoredFile
from cpegi_app.services import (
    files,
    loan_book,
    offline_correction,
    offline_loan,
    offline_proof,
    offline_rows,
    review_view,
)
from cpegi_app.vocabulary import Action, FileSlot, Kind, Status
from tests import factories
from tests.factories import offline_data, png
from tests.worlds import World, disbursement_world, filing_world

FLOW = offline_loan.FLOW


def rows_of(session: Session, batch_id: int) -> list[OfflineLoan]:
    session.expire_all()
    query = select(OfflineLoan).where(OfflineLoan.batch_id == batch_id)
    return list(session.exec(query.order_by(col(OfflineLoan.id))))


def loans_of(session: Session, actor: Actor) -> list[Loan]:
    session.expire_all()
    return list(session.exec(select(Loan).where(Loan.institution_id == actor.org_id).order_by(col(Loan.id))))


def approve(session: Session, world: World, **more) -> None:
    world.act(session, Action.APPROVE, **more)


def test_a_batch_is_sent_only_when_every_row_has_a_proof(session: Session):
    world = filing_world(session, rows=2)
    bare = offline_rows.save(session, world.owner, world.row_id, 0, 0, offline_data())
    with pytest.raises(FormInvalid) as refusal:
        offline_loan.submit(session, world.owner, world.row_id, 1, "first")
    assert "还有 1 笔" in refusal.value.message and bare.iou_no in refusal.value.message
    offline_proof.attach(session, world.owner, bare.id or 0, FileSlot.VOUCHER.value, "凭证.png", png(3))
    assert offline_loan.submit(session, world.owner, world.row_id, 1, "k").status == Status.PENDING


def test_a_batch_is_sent_under_the_name_typed_last(session: Session):
    world = filing_world(session)
    with pytest.raises(FormInvalid) as refusal:
        offline_loan.submit(session, world.owner, world.row_id, 1, "k", {"name": " ", "period": "2026-12"})
    assert set(refusal.value.fields) == {"name"}
    typed = {"name": "十二月备案", "period": "2026-12", "note": ""}
    sent = offline_loan.submit(session, world.owner, world.row_id, 1, "k", typed)
    assert (sent.status, sent.data) == (Status.PENDING, typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *(
            (text, "2026-11")
            for text in ("2026-11", "２０２６／１１", "2026.11", "2026 年 11 月", "2026年11月")
        ),
        ("2026-9", "2026-09"),
        *((text, "") for text in ("随便写", "2026-13", "2026-00", "1026-11", "2026", "十一月", "2026-11-05")),
    ],
)
def test_a_batch_is_filed_for_a_month(session: Session, typed: str, kept: str):
    owner = factories.member(session, Kind.DEBT)
    if kept:
        assert offline_loan.new_batch(session, owner, {"name": "x", "period": typed}).data["period"] == kept
        return
    with pytest.raises(FormInvalid) as refusal:
        offline_loan.new_batch(session, owner, {"name": "x", "period": typed})
    assert refusal.value.fields == {"period": "请填写月份，格式如 2026-11"}


def test_what_was_once_filed_under_other_words_still_shows(session: Session):
    world = filing_world(session).bring_to(session, Status.PENDING)
    old = world.row(session)
    old.data = old.data | {"period": "二〇二六年秋"}
    session.flush()
    assert offline_loan.one(session, world.owner, world.row_id)[1].period == "二〇二六年秋"
    groups = review_view.view(session, FLOW, world.reviewer, world.row_id).groups
    assert ("备案期间", "二〇二六年秋") in [(f.title, f.value) for g in groups for f in g.fields]


def test_an_empty_batch_is_not_sent(session: Session):
    owner = factories.member(session, Kind.DEBT)
    batch = offline_loan.new_batch(session, owner, {"name": "空", "period": "2026-11"})
    with pytest.raises(DomainError, match="还没有备案数据"):
        offline_loan.submit(session, owner, batch.id or 0, 1)


def test_only_debt_institutions_file(session: Session):
    for kind in (Kind.ENTERPRISE, Kind.EQUITY, Kind.INTERMEDIARY):
        with pytest.raises(Forbidden):
            offline_loan.new_batch(session, factories.member(session, kind), {"name": "x", "period": "y"})


def test_an_approved_batch_is_in_the_loan_book_and_nothing_of_it_changes(session: Session):
    borrower = factories.organisation(session)
    world = filing_world(session, borrower_code=borrower.credit_code or "", borrower_name=borrower.name)
    world.bring_to(session, Status.APPROVED)
    (loan,) = loans_of(session, world.owner)
    (row,) = rows_of(session, world.row_id)
    assert (loan.source, loan.borrower_id, loan.offline_loan_id) == ("OFFLINE", borrower.id, row.id)
    assert (loan.amount_fen, loan.rate_bp, loan.industry) == (200_500_000, 385, "C")
    for table in ("loan", "offline_loan", "filing_batch"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            point = session.begin_nested()
            with pytest.raises(DatabaseError, match="immutable"):
                session.execute(text(statement))
            point.rollback()


def test_rows_are_edited_by_the_workbooks_rules(session: Session):
    world = filing_world(session)
    (row,) = rows_of(session, world.row_id)
    good = offline_rows.form_of(session, world.owner, row.id or 0).values
    for change, field in (
        ({"amount": "501"}, "amount"),
        ({"due_on": "2020-01-01"}, "due_on"),
        ({"rate": "37"}, "rate"),
        ({"borrower_code": "91350100M000100Y44"}, "borrower_code"),
        ({"lent_on": "2199-01-01"}, "lent_on"),
        ({"balance": "300"}, "balance"),
    ):
        with pytest.raises(FormInvalid) as refusal:
            offline_rows.save(session, world.owner, world.row_id, row.id or 0, 1, good | change)
        assert field in refusal.value.fields
    saved = offline_rows.save(session, world.owner, world.row_id, row.id or 0, 1, good | {"amount": "１２０"})
    assert (saved.amount_fen, saved.version) == (120_000_000, 2)
    with pytest.raises(Conflict):
        offline_rows.save(session, world.owner, world.row_id, row.id or 0, 1, good)
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, world.owner, world.row_id, 0, 0, offline_data(iou_no=row.iou_no))
    assert "只能备案一次" in refusal.value.fields["iou_no"]


def test_a_deleted_row_takes_its_proofs_along(session: Session):
    world = filing_world(session, rows=2)
    first, second = rows_of(session, world.row_id)
    offline_rows.remove(session, world.owner, first.id or 0)
    assert [r.id for r in rows_of(session, world.row_id)] == [second.id]
    assert offline_proof.count(session, world.row_id) == 1


def test_a_wrong_file_is_taken_out_in_one_go_before_submission(session: Session):
    world = filing_world(session, rows=3)
    with pytest.raises(NotFound):
        offline_rows.clear(session, factories.member(session, Kind.DEBT), world.row_id, 3)
    # Somebody added a row since the question was asked: what was not seen is not deleted.
    with pytest.raises(Conflict, match="3 笔"):
        offline_rows.clear(session, world.owner, world.row_id, 2)
    assert len(rows_of(session, world.row_id)) == 3
    kept = filing_world(session)
    assert offline_rows.clear(session, world.owner, world.row_id, 3) == 3
    assert rows_of(session, world.row_id) == [] and offline_proof.count(session, world.row_id) == 0
    assert len(rows_of(session, kept.row_id)) == 1 and offline_proof.count(session, kept.row_id) == 1
    kept.bring_to(session, Status.PENDING)
    with pytest.raises(Conflict):
        offline_rows.clear(session, kept.owner, kept.row_id, 1)


def test_a_file_too_many_is_named_with_its_loan(session: Session):
    world = filing_world(session)
    (row,) = rows_of(session, world.row_id)
    for n in range(offline_proof.MAX_A_ROW - 1):
        name = f"{row.iou_no} {n}.png"
        assert not offline_proof.match(session, world.owner, world.row_id, name, png(20 + n)).left
    last = f"{row.iou_no} 最后.png"
    with pytest.raises(Conflict) as refusal:
        offline_proof.match(session, world.owner, world.row_id, last, png(40))
    assert last in refusal.value.message and f"借据 {row.iou_no}" in refusal.value.message


def test_a_proof_is_seen_by_the_owner_and_the_reviewer_only(session: Session):
    world = filing_world(session).bring_to(session, Status.PENDING)
    file_id = session.exec(select(StoredFile.id).where(StoredFile.subject_id == world.row_id)).first() or 0
    for actor in (world.owner, world.reviewer):
        assert files.content(session, actor, file_id)
    for actor in (
        factories.member(session, Kind.DEBT),
        factories.member(session),
        factories.regulator(session),
    ):
        with pytest.raises(NotFound):
            files.content(session, actor, file_id)


def test_single_rows_go_back_while_the_rest_is_approved(session: Session):
    world = filing_world(session, rows=3).bring_to(session, Status.PENDING)
    first, second, third = rows_of(session, world.row_id)
    offline_rows.mark(session, world.reviewer, second.id or 0, "合同缺少盖章页")
    with pytest.raises(Conflict, match="标记退回的行数已变为 1 行"):
        approve(session, world, payload={"returned": "0"})
    approve(session, world, payload={"returned": "1"})
    assert [loan.iou_no for loan in loans_of(session, world.owner)] == [first.iou_no, third.iou_no]
    rest = session.exec(select(FilingBatch).where(FilingBatch.parent_id == world.row_id)).one()
    assert rest.status == Status.RETURNED and [r.id for r in rows_of(session, rest.id or 0)] == [second.id]
    assert world.row(session).row_count == 2
    events = review_view.history(session, FLOW.name, rest.id or 0)
    assert [e.action for e in events] == ["RETURN"]
    # The proof went along, so the corrected row can be sent again.
    good = offline_rows.form_of(session, world.owner, second.id or 0).values
    offline_rows.save(session, world.owner, rest.id or 0, second.id or 0, 1, good | {"rate": "4"})
    offline_loan.submit(session, world.owner, rest.id or 0, rest.version, "again")
    again = World(FLOW, world.owner, world.reviewer, rest.id or 0, rest.data)
    approve(session, again)
    assert len(loans_of(session, world.owner)) == 3


def test_what_is_told_of_a_split_batch_counts_what_each_part_holds(session: Session):
    world = filing_world(session, rows=3).bring_to(session, Status.PENDING)
    offline_rows.mark(session, world.reviewer, rows_of(session, world.row_id)[1].id or 0, "合同缺少盖章页")
    approve(session, world)
    rest = session.exec(select(FilingBatch).where(FilingBatch.parent_id == world.row_id)).one()
    mine = select(Notice.title).where(Notice.user_id == world.owner.user_id)
    told = [t for t in session.exec(mine.order_by(col(Notice.id))) if "线下贷款备案" in t]
    assert told == [
        "线下贷款备案退回：十月线下贷款备案（退回 1 笔） · 1 笔 200.5 万元",
        "线下贷款备案审核通过：十月线下贷款备案 · 2 笔 401 万元",
    ]
    trail = select(AuditEntry.subject, AuditEntry.detail).where(
        col(AuditEntry.action).in_(["review.APPROVE", "review.RETURN"])
    )
    assert dict(session.exec(trail).all()) == {
        f"offline_loan:{world.row_id}": "十月线下贷款备案 · 2 笔 401 万元",
        f"offline_loan:{rest.id}": "十月线下贷款备案（退回 1 笔） · 1 笔 200.5 万元",
    }


def test_a_row_goes_back_with_a_reason_and_the_mark_is_taken_back_by_itself(session: Session):
    world = filing_world(session, rows=2).bring_to(session, Status.PENDING)
    row_id = rows_of(session, world.row_id)[0].id or 0
    for blank in ("", " \u3000"):
        with pytest.raises(FormInvalid) as refusal:
            offline_rows.mark(session, world.reviewer, row_id, blank)
        assert "请填写退回原因" in refusal.value.fields["reason"]
    offline_rows.mark(session, world.reviewer, row_id, "不清晰")
    with pytest.raises(FormInvalid):
        offline_rows.mark(session, world.reviewer, row_id, "")
    assert rows_of(session, world.row_id)[0].reason == "不清晰"
    with pytest.raises(Forbidden):
        offline_rows.unmark(session, world.owner, row_id)
    offline_rows.unmark(session, world.reviewer, row_id)
    assert rows_of(session, world.row_id)[0].reason == ""


def test_a_row_whose_proof_is_gone_is_not_approved(session: Session):
    world = filing_world(session, rows=2).bring_to(session, Status.PENDING)
    row = rows_of(session, world.row_id)[0]
    proof = session.exec(select(StoredFile).where(StoredFile.row_id == row.id)).one()
    proof.removed_at = clock.now()
    with pytest.raises(Conflict, match=f"{row.iou_no} 没有放款证明"):
        approve(session, world)
    # It can go back alone, as the sentence says.
    offline_rows.mark(session, world.reviewer, row.id or 0, "没有证明")
    approve(session, world)
    assert len(loans_of(session, world.owner)) == 1


def test_not_every_row_can_go_back_alone(session: Session):
    world = filing_world(session).bring_to(session, Status.PENDING)
    offline_rows.mark(session, world.reviewer, rows_of(session, world.row_id)[0].id or 0, "不清晰")
    with pytest.raises(Conflict, match="整批退回"):
        approve(session, world)


def test_a_mark_needs_a_reason_and_can_be_taken_back(session: Session):
    world = filing_world(session, rows=2).bring_to(session, Status.PENDING)
    row = rows_of(session, world.row_id)[0]
    for blank in ("", " ", "\u200b", "长" * 201):
        with pytest.raises(FormInvalid) as refusal:
            offline_rows.mark(session, world.reviewer, row.id or 0, blank)
        assert set(refusal.value.fields) == {"reason"}
    offline_rows.mark(session, world.reviewer, row.id or 0, "不清晰")
    assert rows_of(session, world.row_id)[0].reason == "不清晰"
    with pytest.raises(Forbidden):
        offline_rows.unmark(session, world.owner, row.id or 0)
    offline_rows.unmark(session, world.reviewer, row.id or 0)
    assert rows_of(session, world.row_id)[0].reason == ""


def test_marks_are_the_staffs_and_while_it_waits(session: Session):
    world = filing_world(session)
    row_id = rows_of(session, world.row_id)[0].id or 0
    with pytest.raises(Forbidden):
        offline_rows.mark(session, world.owner, row_id, "x")
    world.bring_to(session, Status.APPROVED)
    with pytest.raises(Conflict):
        offline_rows.mark(session, world.reviewer, row_id, "x")


def test_the_remarkable_rows_come_first_to_the_staff(session: Session):
    world = filing_world(session, rows=4)
    known = factories.organisation(session, name="郑州正名有限公司")
    twice = {"borrower_code": factories.credit_code(), "borrower_name": "郑州两笔有限公司"}
    changes = [
        twice,
        {"rate": "20"},
        {"borrower_code": known.credit_code or "", "borrower_name": "郑州误名"},
        twice,
    ]
    for change in changes:
        row = offline_rows.save(session, world.owner, world.row_id, 0, 0, offline_data(**change))
        offline_proof.attach(session, world.owner, row.id or 0, FileSlot.CONTRACT.value, "a.png", png(1))
    world.bring_to(session, Status.PENDING)
    found, total = offline_rows.listing(session, world.reviewer, world.row_id)
    assert total == 8 and [len(r.remarks) for r in found] == [1, 1, 1, 1, 0, 0, 0, 0]
    assert "郑州正名有限公司" in found[0].remarks[0] and "偏离" in found[1].remarks[0]
    assert [(r.borrower, r.remarks) for r in found[2:4]] == [
        ("郑州两笔有限公司", ["同一企业在本批有多笔"])
    ] * 2
    only, total = offline_rows.listing(session, world.reviewer, world.row_id, only="remark")
    assert total == 4 and len(only) == 4
    checks = FLOW.describe(session, world.row(session)).checks
    assert [(c.level, c.text[:2]) for c in checks] == [("warn", "1 "), ("warn", "1 "), ("warn", "2 ")]


def test_the_staff_read_totals_by_class_and_bank(session: Session):
    filing_world(session, amount="100").bring_to(session, Status.APPROVED)
    earlier = filing_world(session, amount="30").bring_to(session, Status.APPROVED)
    world = filing_world(session, owner=earlier.owner, amount="20")
    for change in ({"five_class": "SPECIAL", "amount": "7", "guarantee": "PLEDGE"}, {"five_class": ""}):
        offline_rows.save(session, world.owner, world.row_id, 0, 0, offline_data(**change))
    lines = FLOW.describe(session, world.row(session)).lines
    told = {(line.group, line.title): line.value for line in lines}
    sums = {title: value for (group, title), value in told.items() if group == "机构与合计"}
    assert sums.pop("备案机构").endswith("（商业银行）")
    assert sums == {
        "本批合计": "3 笔，227.5 万元",
        "该机构台账累计": "1 笔，30 万元",
        "商业银行台账累计": "2 笔，130 万元",
    }
    assert told["按五级分类合计", "正常"] == "1 笔，20 万元"
    assert told["按五级分类合计", "关注"] == "1 笔，7 万元"
    assert told["按五级分类合计", "未填写"] == "1 笔，200.5 万元"
    assert told["按担保方式合计", "信用"] == "2 笔，220.5 万元"
    assert told["按担保方式合计", "质押"] == "1 笔，7 万元"


def test_a_correction_is_a_new_filing_that_replaces_the_loan(session: Session):
    world = filing_world(session).bring_to(session, Status.APPROVED)
    (loan,) = loans_of(session, world.owner)
    batch = offline_correction.correct(session, world.owner, loan.id or 0)
    assert offline_correction.correct(session, world.owner, loan.id or 0).id == batch.id
    (row,) = rows_of(session, batch.id or 0)
    assert offline_rows.listing(session, world.owner, batch.id or 0)[0][0].changes == ["与原登记内容相同"]
    values = offline_rows.form_of(session, world.owner, row.id or 0).values
    values |= {"amount": "150", "remark": "补录"}
    offline_rows.save(session, world.owner, batch.id or 0, row.id or 0, 1, values)
    offline_proof.attach(session, world.owner, row.id or 0, FileSlot.CONTRACT.value, "a.png", png(1))
    offline_loan.submit(session, world.owner, batch.id or 0, 1, "c")
    before = loan_book.page(session, world.owner, {}).sums
    assert (before.total, before.amount) == (1, "200.5")
    # The reviewer reads what the loan said before, also what the loan book does not keep.
    (shown,), _ = offline_rows.listing(session, world.reviewer, batch.id or 0)
    assert (shown.replaces, shown.changes) == (
        row.iou_no,
        ["放款金额：原“200.5 万元”，更正为“150 万元”", "备注：原“空”，更正为“补录”"],
    )
    approve(session, World(FLOW, world.owner, world.reviewer, batch.id or 0, batch.data))
    after = loan_book.page(session, world.owner, {}).sums
    assert (after.total, after.amount) == (1, "150")
    assert loan_book.page(session, world.owner, {"status": "REPLACED"}).sums.amount == "200.5"
    with pytest.raises(Conflict, match="已被更正过"):
        offline_correction.correct(session, world.owner, loan.id or 0)


def test_others_and_online_loans_are_not_corrected_here(session: Session):
    world = filing_world(session).bring_to(session, Status.APPROVED)
    (loan,) = loans_of(session, world.owner)
    with pytest.raises(NotFound):
        offline_correction.correct(session, factories.member(session, Kind.DEBT), loan.id or 0)
    online = disbursement_world(session).bring_to(session, Status.APPROVED)
    (paid,) = loans_of(session, online.owner)
    with pytest.raises(Conflict, match="线上放款"):
        offline_correction.correct(session, online.owner, paid.id or 0)


def test_a_number_that_is_filed_is_not_disbursed_again(session: Session):
    world = disbursement_world(session)
    offline = filing_world(session, owner=world.owner, iou_no=world.data["iou_no"])
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    assert "iou_no" in refusal.value.fields and offline.row_id
