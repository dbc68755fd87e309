"""A filing that comes back: whose marks are seen when, what differs from the submission before (manual §5.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict
from cpegi_app.models import AuditEntry, FilingBatch, Loan, OfflineLoan, StoredFile
from cpegi_app.services import (
    dashboard,
    lists,
    offline_correction,
    offline_loan,
    offline_proof,
    offline_rounds,
    offline_rows,
    review,
    review_view,
)
from cpegi_app.services.offline_rows import LoanRow
from cpegi_app.vocabulary import Action, FileSlot, Status
from tests.factories import offline_data, png
from tests.worlds import World, filing_world


def rows_of(session: Session, batch_id: int) -> list[OfflineLoan]:
    session.expire_all()
    query = select(OfflineLoan).where(OfflineLoan.batch_id == batch_id)
    return list(session.exec(query.order_by(col(OfflineLoan.id))))


def waiting(session: Session, rows: int) -> tuple[World, list[OfflineLoan]]:
    world = filing_world(session, rows=rows).bring_to(session, Status.PENDING)
    return world, rows_of(session, world.row_id)


def seen(session: Session, actor: Actor, world: World, **more: str) -> dict[str, LoanRow]:
    shown, _ = offline_rows.listing(session, actor, world.row_id, **more)  # pyright: ignore[reportArgumentType]
    return {row.iou_no: row for row in shown}


def send(session: Session, world: World) -> None:
    offline_loan.submit(session, world.owner, world.row_id, world.row(session).version)


def change(session: Session, world: World, row: OfflineLoan, **values: str) -> None:
    form = offline_rows.form_of(session, world.owner, row.id or 0)
    offline_rows.save(session, world.owner, world.row_id, form.id, form.version, form.values | values)


def test_a_mark_is_the_reviewers_own_until_the_batch_is_decided(session: Session):
    world, (first, second) = waiting(session, 2)
    offline_rows.mark(session, world.reviewer, first.id or 0, "合同缺页")

    def told(actor: Actor) -> tuple[str, int, int]:
        _, batch = offline_loan.one(session, actor, world.row_id)
        marked = seen(session, actor, world, only="return")
        return seen(session, actor, world)[first.iou_no].reason, batch.returned, len(marked)

    assert told(world.reviewer) == ("合同缺页", 1, 1)
    assert told(world.owner) == ("", 0, 0)
    world.act(session, Action.WITHDRAW)
    # Nothing was returned: nothing says so.
    assert told(world.owner) == ("", 0, 0)
    send(session, world)
    assert told(world.reviewer) == ("合同缺页", 1, 1)
    assert told(world.owner) == ("", 0, 0)
    world.act(session, Action.APPROVE)
    booked = session.exec(select(Loan.iou_no).where(Loan.institution_id == world.owner.org_id)).all()
    assert list(booked) == [second.iou_no]
    (back,) = [b for b in offline_loan.listing(session, world.owner)[0] if b.status == Status.RETURNED]
    assert back.returned == 1
    (row,), _ = offline_rows.listing(session, world.owner, back.id)
    assert row.reason == "合同缺页"
    offline_loan.submit(session, world.owner, back.id, 1)
    again = session.get_one(FilingBatch, back.id)
    sent = offline_rounds.current(session, again)
    assert (sent.number, sent.said, sent.asked) == (2, "明细与上次提交相同", {first.iou_no: "合同缺页"})


def test_a_submission_says_what_it_brings_against_the_one_before(session: Session):
    world, (fixed, swapped, gone, same) = waiting(session, 4)
    assert offline_rounds.current(session, world.row(session)).said == ""
    offline_rows.mark(session, world.reviewer, fixed.id or 0, "利率与合同不一致")
    world.act(session, Action.RETURN, comment="原因见各行")
    assert seen(session, world.owner, world)[fixed.iou_no].reason == "利率与合同不一致"
    phone = offline_rows.form_of(session, world.owner, fixed.id or 0).values["contact_phone"]
    change(session, world, fixed, rate="4.1", contact_phone="13800001234")
    offline_proof.attach(session, world.owner, swapped.id or 0, FileSlot.VOUCHER.value, "凭证.png", png(9))
    offline_rows.remove(session, world.owner, gone.id or 0)
    fresh = offline_rows.save(session, world.owner, world.row_id, 0, 0, offline_data())
    offline_proof.attach(session, world.owner, fresh.id or 0, FileSlot.VOUCHER.value, "凭证.png", png(5))
    send(session, world)
    sent = offline_rounds.current(session, world.row(session))
    assert (sent.number, sent.reason) == (2, "原因见各行")
    assert sent.said == f"新增 1 笔，修改 2 笔，删除 1 笔（已删除的借据：{gone.iou_no}）"
    rows = seen(session, world.reviewer, world)
    first = rows[fixed.iou_no]
    assert (first.asked, first.reason, first.is_new) == ("利率与合同不一致", "", False)
    assert first.since[0] == "年利率：上次“3.85%”，本次“4.1%”" and len(first.since) == 2
    assert "13800001234" not in first.since[1] and (not phone or phone not in first.since[1])
    assert rows[swapped.iou_no].since == ["放款证明有更换"]
    assert rows[fresh.iou_no].is_new and not rows[same.iou_no].is_new and rows[same.iou_no].since == []
    differing = {fixed.iou_no, swapped.iou_no, fresh.iou_no}
    assert set(seen(session, world.reviewer, world, only="since")) == differing
    # Taken back and sent as it is: against that one nothing differs, what was asked for is still to be answered.
    world.act(session, Action.WITHDRAW)
    send(session, world)
    sent = offline_rounds.current(session, world.row(session))
    assert (sent.number, sent.said, sent.asked) == (
        3,
        "明细与上次提交相同",
        {fixed.iou_no: "利率与合同不一致"},
    )


def test_a_file_imported_anew_is_compared_by_its_numbers(session: Session):
    world, (row,) = waiting(session, 1)
    iou = row.iou_no
    world.act(session, Action.RETURN, comment="整批有误")
    kept = offline_rows.form_of(session, world.owner, row.id or 0).values
    offline_rows.clear(session, world.owner, world.row_id, 1)
    again = offline_rows.save(session, world.owner, world.row_id, 0, 0, kept | {"amount": "100"})
    offline_proof.attach(session, world.owner, again.id or 0, FileSlot.CONTRACT.value, "合同.png", png())
    send(session, world)
    sent = offline_rounds.current(session, world.row(session))
    assert (sent.new, sent.gone, list(sent.changed)) == ([], [], [iou])
    assert "放款金额" in sent.changed[iou][0] and "本次“100" in sent.changed[iou][0]


def test_a_returned_batch_is_given_up_and_its_numbers_are_free_again(session: Session):
    world, (row, _) = waiting(session, 2)
    iou = row.iou_no
    (proof,) = offline_rows.proofs_of(session, [row.id or 0])[row.id or 0]
    world.act(session, Action.RETURN, comment="不在备案范围内")
    values = offline_rows.form_of(session, world.owner, row.id or 0).values
    assert any("已退回" in t.tag for t in dashboard.bench(session, world.owner).todos)
    version = world.row(session).version
    with pytest.raises(Conflict, match="与您看到的 1 笔不同"):
        offline_loan.give_up(session, world.owner, world.row_id, version, 1)
    # The button of a page that shows it as waiting gives nothing up.
    with pytest.raises(Conflict, match="放弃备案"):
        offline_loan.withdraw(session, world.owner, world.row_id, version)
    assert offline_loan.give_up(session, world.owner, world.row_id, version, 2) == 2
    batch = world.row(session)
    assert batch.status == Status.DRAFT and rows_of(session, world.row_id) == []
    assert not any("已退回" in t.tag for t in dashboard.bench(session, world.owner).todos)
    assert session.get_one(StoredFile, proof.id).removed_at
    view = review_view.view(session, offline_loan.FLOW, world.owner, world.row_id)
    assert (view.events[0].action, view.can_withdraw) == ("撤回", False)
    assert view.events[0].comment.startswith("放弃备案：2 笔明细已移除")
    assert offline_loan.one(session, world.owner, world.row_id)[1].reason == ""
    other = filing_world(session, world.owner)
    again = offline_rows.save(session, world.owner, other.row_id, 0, 0, values)
    assert again.iou_no == iou
    entries = session.exec(
        select(AuditEntry).where(AuditEntry.subject == f"offline_loan:{world.row_id}")
    ).all()
    assert any("放弃备案 2 笔" in e.detail for e in entries)


def test_only_what_was_returned_is_given_up(session: Session):
    world, _ = waiting(session, 1)
    with pytest.raises(Conflict, match="没有放弃"):
        offline_loan.give_up(session, world.owner, world.row_id, world.row(session).version, 1)
    world.act(session, Action.WITHDRAW)
    assert len(rows_of(session, world.row_id)) == 1


def test_a_correction_that_is_given_up_can_be_begun_anew(session: Session):
    world, _ = waiting(session, 1)
    world.act(session, Action.APPROVE)
    loan = session.exec(select(Loan).where(Loan.institution_id == world.owner.org_id)).one()
    made = offline_correction.correct(session, world.owner, loan.id or 0)
    (row,) = rows_of(session, made.id or 0)
    offline_proof.attach(session, world.owner, row.id or 0, FileSlot.CONTRACT.value, "合同.png", png())
    offline_loan.submit(session, world.owner, made.id or 0, 1)
    review.act(session, offline_loan.FLOW, world.reviewer, made.id or 0, Action.RETURN, 2, comment="无需更正")
    offline_loan.give_up(session, world.owner, made.id or 0, 3, 1)
    assert offline_correction.correct(session, world.owner, loan.id or 0).id != made.id


def test_only_a_return_is_told_as_one_in_the_list_and_its_export(session: Session):
    world, _ = waiting(session, 1)

    def told() -> tuple[str, object]:
        (row,) = offline_loan.listing(session, world.owner)[0]
        lines, _ = lists.export(session, world.owner, offline_loan.OWN, {})
        return row.reason, lines[0][lists.headings(offline_loan.OWN, {}).index("退回原因")]

    world.act(session, Action.RETURN, comment="合同缺页")
    assert told() == ("合同缺页", "合同缺页")
    send(session, world)
    world.act(session, Action.APPROVE, comment="同意登记")
    assert told() == ("", "")
