"""What is lent under a contract stays within its amount: open corrections, batches sent and approved, online payments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.models import Loan
from cpegi_app.services import offline_correction, offline_proof, offline_rows
from cpegi_app.vocabulary import Action, FileSlot, Status
from tests.factories import png
from tests.services.test_offline_loan import FLOW, loans_of, rows_of
from tests.worlds import World, disbursement_world, filing_world


def corrected(session: Session, world: World, loan: Loan, **changes: str) -> World:
    """Return the correction of a loan, ready to be sent."""
    batch = offline_correction.correct(session, world.owner, loan.id or 0)
    (row,) = rows_of(session, batch.id or 0)
    values = offline_rows.form_of(session, world.owner, row.id or 0).values | changes
    offline_rows.save(session, world.owner, batch.id or 0, row.id or 0, row.version, values)
    offline_proof.attach(session, world.owner, row.id or 0, FileSlot.CONTRACT.value, "a.png", png(1))
    return World(FLOW, world.owner, world.reviewer, batch.id or 0, batch.data)


CONTRACT: dict[str, Any] = {"contract_no": "HT-1", "contract_amount": "300"}


def refused(call: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refusal:
        call()
    return refusal.value.fields


def test_an_open_correction_counts_under_its_contract(session: Session):
    world = filing_world(session, **CONTRACT, amount="100").bring_to(session, Status.APPROVED)
    filing_world(session, world.owner, **CONTRACT, amount="60").bring_to(session, Status.APPROVED)
    first, second = loans_of(session, world.owner)

    def further(amount: str, **more: Any) -> World:
        return filing_world(session, world.owner, **(CONTRACT | more), amount=amount)

    corrected(session, world, first, amount="200")
    told = refused(lambda: further("40.5"))["amount"]
    assert "累计放款 300.5 万元（已有 260 万元），超过合同金额 300 万元" in told
    told = refused(lambda: corrected(session, world, second, amount="101"))["amount"]
    assert "累计放款 301 万元（已有 200 万元）" in told
    # What is booked counts until the correction is approved, and a smaller contract binds at once.
    corrected(session, world, first, amount="50", contract_amount="250")
    assert "已登记的 250 万元不一致" in refused(lambda: further("91"))["contract_amount"]
    correction = corrected(session, world, first, contract_no="HT-2", contract_amount="300", amount="290")
    assert "amount" in refused(lambda: further("11", contract_no="HT-2"))
    assert "amount" in refused(lambda: further("141"))
    correction.bring_to(session, Status.APPROVED)
    further("240").bring_to(session, Status.APPROVED)


def lend(session: Session, batch: World, amount: int) -> None:
    """Change a row as no screen does: what was kept before open corrections counted."""
    (row,) = rows_of(session, batch.row_id)
    row.amount_fen = amount * 1_000_000
    session.add(row)
    session.flush()


def test_a_contract_is_counted_again_when_a_batch_is_sent_and_approved(session: Session):
    world = filing_world(session, **CONTRACT, amount="100").bring_to(session, Status.APPROVED)
    (loan,) = loans_of(session, world.owner)
    correction = corrected(session, world, loan, amount="101")
    late = filing_world(session, world.owner, **CONTRACT, amount="100")
    lend(session, correction, 300)
    with pytest.raises(Conflict, match=r"合同 HT-1 本批放款 100 万元，连同其他放款 300 万元.*再提交"):
        late.act(session, Action.SUBMIT)
    lend(session, correction, 101)
    late.act(session, Action.SUBMIT)
    correction.act(session, Action.SUBMIT)
    lend(session, correction, 300)
    late.act(session, Action.APPROVE)
    with pytest.raises(Conflict, match=r"合同 HT-1 本批放款 300 万元，连同其他放款 100 万元.*标记退回"):
        correction.act(session, Action.APPROVE)
    lend(session, correction, 200)
    correction.act(session, Action.APPROVE)


def test_a_contract_that_is_overrun_already_is_mended_loan_by_loan(session: Session):
    world = filing_world(session, **CONTRACT, amount="150").bring_to(session, Status.APPROVED)
    (loan,) = loans_of(session, world.owner)
    kept = loan.model_dump(exclude={"id", "offline_loan_id"})
    session.add(Loan(**kept | {"iou_no": "JJ-other", "amount_fen": 250_000_000, "source": "ONLINE"}))
    session.flush()
    assert "amount" in refused(lambda: corrected(session, world, loan, amount="150.01"))
    corrected(session, world, loan, amount="100").bring_to(session, Status.APPROVED)
    assert [x.amount_fen for x in loans_of(session, world.owner)][-1] == 100_000_000


def test_a_payment_on_the_platform_does_not_overrun_a_contract_filed_offline(session: Session):
    world = disbursement_world(session, contract_no="HT-1", amount="200")
    filing = filing_world(session, world.owner, contract_no="HT-1", contract_amount="500", amount="301")
    told = refused(lambda: world.act(session, Action.SUBMIT))["amount"]
    assert "合同 HT-1 累计放款 501 万元（已有 301 万元），超过合同金额 500 万元" in told
    lend(session, filing, 300)
    world.act(session, Action.SUBMIT)
    filing.act(session, Action.SUBMIT)
    lend(session, filing, 301)
    filing.act(session, Action.APPROVE)
    with pytest.raises(Conflict, match=r"不能通过：合同 HT-1 累计放款 501 万元.*请退回机构更正"):
        world.act(session, Action.APPROVE)
