"""A loan is filed once, whatever way it comes: its number, its twin made on the platform, a correction (manual §5.1)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.models import Loan, OfflineLoan, Organisation
from cpegi_app.services import offline_correction, offline_import, offline_loan, offline_proof, offline_rows
from cpegi_app.vocabulary import Action, FileSlot, Kind, Status
from tests import factories
from tests.factories import offline_data, png
from tests.workbooks.make import book, cells, row
from tests.worlds import World, disbursement_world, filing_world

FLOW = offline_loan.FLOW
# How the same number comes out of other systems: full width, blanks, a line break, what nobody sees.
ALIKE = [
    *("XX-JJ-7", "ＸＸ－ＪＪ－７", "XX-JJ -7", "XX-JJ-\n7", "\u200bXX-JJ-7", "\ufeffXX-JJ-7"),
    *("XX-JJ\u00ad-7", "XX-JJ-\u200d7", "\u2060XX-JJ-7", "XX-JJ-7\ufe0f", "XX\u2010JJ\u20117", "XX–JJ−7"),
]


def batch(session: Session, actor: Actor) -> int:
    return offline_loan.new_batch(session, actor, {"name": "备案", "period": "2026-11"}).id or 0


def ious(session: Session, actor: Actor) -> list[str]:
    session.flush()
    query = select(OfflineLoan.iou_no).where(OfflineLoan.org_id == actor.org_id)
    return list(session.exec(query.order_by(col(OfflineLoan.id))))


def twin_data(session: Session, online: World, **changes: str) -> dict[str, str]:
    """Return the offline row of the loan that a disbursement is about."""
    borrower = session.get_one(Organisation, online.row(session).borrower_id)
    same = {k: online.data[k] for k in ("amount", "lent_on", "due_on")}
    named = {"borrower_code": borrower.credit_code or "", "borrower_name": borrower.name}
    return offline_data(**same, **named, **changes)


@pytest.mark.parametrize("other", ALIKE)
def test_a_number_is_one_however_it_is_typed(session: Session, other: str):
    bank = factories.member(session, Kind.DEBT)
    number = batch(session, bank)
    data = book([cells(row(1, iou_no="XX-JJ-7")), cells(row(2, iou_no=other))])
    seen = offline_import.trial(session, bank, number, "a.xlsx", data)
    assert (seen.good, seen.bad) == (1, 1)
    found, _ = offline_import.findings(session, bank, seen.id)
    assert "与第" in found[0].text
    assert offline_import.import_good(session, bank, seen.id).imported == 1
    again = offline_import.trial(session, bank, number, "b.xlsx", book([cells(row(3, iou_no=other))]))
    assert (again.good, again.there) == (0, 1)
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, bank, number, 0, 0, offline_data(iou_no=other))
    assert set(refusal.value.fields) == {"iou_no"}
    assert ious(session, bank) == ["XX-JJ-7"]


def test_a_number_of_which_nothing_is_seen_is_no_number(session: Session):
    bank = factories.member(session, Kind.DEBT)
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, bank, batch(session, bank), 0, 0, offline_data(iou_no="\u00ad"))
    assert "请重新填写" in refusal.value.fields["iou_no"]
    seen = offline_import.trial(
        session, bank, batch(session, bank), "a.xlsx", book([cells(row(1, iou_no="\u2060"))])
    )
    assert (seen.good, seen.bad) == (0, 1)


def test_a_contract_is_one_however_its_number_is_typed(session: Session):
    bank = factories.member(session, Kind.DEBT)
    number = batch(session, bank)
    first = offline_data(contract_no="HT-1", amount="300")
    offline_rows.save(session, bank, number, 0, 0, first)
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, bank, number, 0, 0, offline_data(contract_no="ＨＴ－１ ", amount="300"))
    assert "累计放款" in refusal.value.fields["amount"]


# The same contract, stated with another amount: which row is refused may hang on the order, that one is does not.
STATED = [("500", "400"), ("1000", "500")]


@pytest.mark.parametrize("stated", [STATED, STATED[::-1]])
def test_a_contract_is_not_widened_by_stating_another_amount(session: Session, stated: list[tuple[str, str]]):
    bank = factories.member(session, Kind.DEBT)
    lines = [
        {"contract_no": "HT-1", "contract_amount": float(whole), "amount": float(part)}
        for whole, part in stated
    ]
    data = book([cells(row(n, **line)) for n, line in enumerate(lines, 1)])
    seen = offline_import.trial(session, bank, batch(session, bank), "a.xlsx", data)
    assert (seen.good, seen.bad) == (1, 1)
    (found,), _ = offline_import.findings(session, bank, seen.id)
    assert (found.row, found.title) == (3, "合同金额")
    assert "与第 2 行的" in found.text and "不一致" in found.text and "累计放款 900 万元" in found.text
    # Against what is filed: row by row, after a trial, and in a trial.
    first, second = (dict(zip(("contract_amount", "amount"), s, strict=True)) for s in stated)
    number, later = batch(session, bank), book([cells(row(9, **lines[1]))])
    before = offline_import.trial(session, bank, number, "b.xlsx", later)
    assert before.good == 1
    offline_rows.save(session, bank, number, 0, 0, offline_data(contract_no="HT-1", **first))
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, bank, number, 0, 0, offline_data(contract_no="HT-1", **second))
    assert "与已登记的" in refusal.value.fields["contract_amount"]
    with pytest.raises(Conflict, match=r"第 2 行：.*不一致"):
        offline_import.import_good(session, bank, before.id)
    assert offline_import.trial(session, bank, number, "b.xlsx", later).bad == 1


def test_a_row_or_a_correction_may_state_another_amount_of_its_own_contract(session: Session):
    world = filing_world(session, contract_no="HT-1", contract_amount="500", amount="400")
    row_ = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == world.row_id)).one()
    values = offline_rows.form_of(session, world.owner, row_.id or 0).values
    values |= {"contract_amount": "900", "amount": "800"}
    offline_rows.save(session, world.owner, world.row_id, row_.id or 0, 1, values)
    world.bring_to(session, Status.APPROVED)
    loan = session.exec(select(Loan).where(Loan.institution_id == world.owner.org_id)).one()
    made = offline_correction.correct(session, world.owner, loan.id or 0)
    row_ = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == made.id)).one()
    wider = values | {"contract_amount": "1000", "amount": "1000"}
    offline_rows.save(session, world.owner, made.id or 0, row_.id or 0, row_.version, wider)


def test_a_number_used_already_is_told_by_the_batch_s_name(session: Session):
    bank = factories.member(session, Kind.DEBT)
    first = filing_world(session, owner=bank, iou_no="JJ-77")
    other = offline_loan.new_batch(session, bank, {"name": "补录", "period": "2026-11"}).id or 0

    def refused(batch_id: int) -> str:
        with pytest.raises(FormInvalid) as refusal:
            offline_rows.save(session, bank, batch_id, 0, 0, offline_data(iou_no="JJ-77"))
        return refusal.value.fields["iou_no"]

    def tried(batch_id: int, iou: str = "JJ-77") -> str:
        found = offline_import.trial(session, bank, batch_id, "a.xlsx", book([cells(row(1, iou_no=iou))]))
        return offline_import.findings(session, bank, found.id)[0][0].text

    assert refused(first.row_id) == "该借据编号已在本批备案中，同一借据只能备案一次，请核对编号"
    assert refused(other) == ("该借据编号已在备案批次“十月线下贷款备案”中，同一借据只能备案一次，请核对编号")
    assert tried(first.row_id) == "该借据编号已在本批备案中，不会重复导入"
    assert tried(other) == "该借据编号已在备案批次“十月线下贷款备案”中，不会重复导入"
    first.bring_to(session, Status.APPROVED)
    loan = session.exec(select(Loan).where(Loan.iou_no == "JJ-77")).one()
    correction = offline_correction.correct(session, bank, loan.id or 0)
    filed = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == correction.id)).one()
    values = offline_rows.form_of(session, bank, filed.id or 0).values | {"iou_no": "JJ-78"}
    offline_rows.save(session, bank, correction.id or 0, filed.id or 0, filed.version, values)
    assert tried(other, "JJ-78") == "该借据编号已在备案批次“更正借据 JJ-77”（更正）中，不会重复导入"


def test_what_waits_on_the_platform_is_lent_under_its_contract(session: Session):
    online = disbursement_world(session).bring_to(session, Status.PENDING)
    whole, part = (float(online.data[k]) for k in ("contract_amount", "amount"))
    line = row(1, contract_no=online.data["contract_no"], contract_amount=whole, amount=whole - part + 1)
    bank, number = online.owner, batch(session, online.owner)
    seen = offline_import.trial(session, bank, number, "a.xlsx", book([cells(line)]))
    (found,), _ = offline_import.findings(session, bank, seen.id)
    assert seen.bad == 1 and "累计放款" in found.text
    line["amount"] = whole - part
    assert offline_import.trial(session, bank, number, "b.xlsx", book([cells(line)])).good == 1


def test_a_disbursement_keeps_its_number_alike(session: Session):
    world = disbursement_world(session, iou_no="ＪＪ－ 9")
    filing_world(session, owner=world.owner, iou_no="JJ-9")
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    assert "已登记过放款（备案批次“十月线下贷款备案”）" in refusal.value.fields["iou_no"]


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED])
def test_a_loan_made_on_the_platform_is_not_filed_row_by_row(session: Session, status: Status):
    online = disbursement_world(session).bring_to(session, status)
    number = batch(session, online.owner)
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, online.owner, number, 0, 0, twin_data(session, online))
    assert "是同一笔" in refusal.value.fields["iou_no"] and online.data["iou_no"] in str(refusal.value.fields)
    # Of another bank, or of another sum, it is another loan.
    other = factories.member(session, Kind.DEBT)
    offline_rows.save(session, other, batch(session, other), 0, 0, twin_data(session, online))
    offline_rows.save(session, online.owner, number, 0, 0, twin_data(session, online) | {"amount": "199.99"})


def test_what_is_paid_on_the_platform_after_the_trial_is_not_imported(session: Session):
    online = disbursement_world(session)
    number = batch(session, online.owner)
    data = twin_data(session, online)
    same = ("borrower_name", "borrower_code", "lent_on", "due_on")
    twin = row(1, amount=float(data["amount"])) | {k: data[k] for k in same}
    seen = offline_import.trial(session, online.owner, number, "a.xlsx", book([cells(twin), cells(row(2))]))
    assert (seen.good, seen.bad) == (2, 0)
    online.act(session, Action.SUBMIT)
    assert offline_import.import_good(session, online.owner, seen.id).imported == 1
    assert len(ious(session, online.owner)) == 1


def test_what_is_filed_is_not_paid_once_more_on_the_platform(session: Session):
    online = disbursement_world(session)
    number = batch(session, online.owner)
    filed = offline_rows.save(session, online.owner, number, 0, 0, twin_data(session, online))
    with pytest.raises(FormInvalid) as refusal:
        online.act(session, Action.SUBMIT)
    assert f"与线下备案的借据 {filed.iou_no} 是同一笔" in refusal.value.fields["iou_no"]
    offline_rows.remove(session, online.owner, filed.id or 0)
    online.act(session, Action.SUBMIT)


def test_a_batch_with_a_loan_that_was_paid_on_the_platform_meanwhile_is_not_sent(session: Session):
    """The row stands as if it had been filed before the rule: neither submission nor approval lets it through."""
    online = disbursement_world(session)
    world = filing_world(session, owner=online.owner)
    row_ = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == world.row_id)).one()
    online.bring_to(session, Status.APPROVED)
    paid = session.exec(select(Loan).where(Loan.iou_no == online.data["iou_no"])).one()
    row_.borrower_code, row_.lent_on, row_.amount_fen = paid.borrower_code, paid.lent_on, paid.amount_fen
    session.add(row_)
    session.flush()
    with pytest.raises(Conflict, match="是同一笔"):
        offline_loan.submit(session, world.owner, world.row_id, 1, "k")


def corrected(session: Session, world: World, iou: str) -> tuple[int, Any]:
    """Begin a correction that gives the world's loan another number; return the batch and its row."""
    loan = session.exec(select(Loan).where(Loan.institution_id == world.owner.org_id)).one()
    made = offline_correction.correct(session, world.owner, loan.id or 0)
    found = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == made.id)).one()
    values = offline_rows.form_of(session, world.owner, found.id or 0).values | {"iou_no": iou}
    found = offline_rows.save(session, world.owner, made.id or 0, found.id or 0, found.version, values)
    offline_proof.attach(session, world.owner, found.id or 0, FileSlot.CONTRACT.value, "a.png", png(1))
    return made.id or 0, found


def test_a_number_that_a_correction_gives_is_taken(session: Session):
    world = filing_world(session).bring_to(session, Status.APPROVED)
    number, _ = corrected(session, world, "NEW-1")
    other = batch(session, world.owner)
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(session, world.owner, other, 0, 0, offline_data(iou_no="NEW-1"))
    assert "更正" in refusal.value.fields["iou_no"]
    offline_loan.submit(session, world.owner, number, 1, "c")
    World(FLOW, world.owner, world.reviewer, number, {}).act(session, Action.APPROVE)
    seen = offline_import.trial(session, world.owner, other, "a.xlsx", book([cells(row(1, iou_no="NEW-1"))]))
    assert (seen.good, seen.there) == (0, 1)
    online = disbursement_world(session, iou_no="NEW-1")
    assert online.owner.org_id != world.owner.org_id
    online.act(session, Action.SUBMIT)


def test_a_correction_does_not_take_a_number_that_is_used(session: Session):
    bank = factories.member(session, Kind.DEBT)
    first = filing_world(session, owner=bank).bring_to(session, Status.APPROVED)
    loan = session.exec(select(Loan).where(Loan.institution_id == bank.org_id)).one()
    second = filing_world(session, owner=bank, iou_no="USED-1")
    made = offline_correction.correct(session, bank, loan.id or 0)
    found = session.exec(select(OfflineLoan).where(OfflineLoan.batch_id == made.id)).one()
    values = offline_rows.form_of(session, bank, found.id or 0).values
    with pytest.raises(FormInvalid) as refusal:
        offline_rows.save(
            session, bank, made.id or 0, found.id or 0, found.version, values | {"iou_no": "USED-1"}
        )
    assert "iou_no" in refusal.value.fields
    # The own number stays the own.
    offline_rows.save(session, bank, made.id or 0, found.id or 0, found.version, values)
    assert first.row_id != second.row_id
