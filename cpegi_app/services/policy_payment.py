"""Payment batches for the finance office (manual §8.2).

A grant has one payment that has not failed: a unique index says so, whatever two clerks do at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PAYMENT_BATCH, Actor
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import Payment, PaymentBatch, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import policy_people
from cpegi_app.services.forms import normalise
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters, named, order_by
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_ready import MOST, STAGE, barred, payable
from cpegi_app.vocabulary.policy import (
    PAYMENT_TONES,
    BatchState,
    PaymentState,
)

BATCH_TONES = {
    BatchState.OPEN: "blue",
    BatchState.EXPORTED: "orange",
    BatchState.DONE: "green",
    BatchState.VOID: "grey",
}
C, G, A = PolicyClaim, PolicyGrant, PolicyApplication
BATCH_SORTS = {"made": col(PaymentBatch.created_at), "amount": col(PaymentBatch.total_fen)}
LINE_SORTS = {"amount": col(Payment.amount_fen), "payee": col(Payment.payee_name)}


class BatchRow(BaseModel):
    """A batch in the list."""

    id: int = 0
    version: int = 0
    number: str = ""
    name: str = ""
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    count: int = 0
    amount: str = ""
    paid: int = 0
    failed: int = 0
    made: str = ""
    exported: str = ""
    href: str = ""
    open: bool = False
    out: bool = False


class PaymentRow(BaseModel):
    """A line of a batch."""

    id: int
    number: str
    payee: str
    bank: str
    account: str
    amount: str
    policy: str
    receipt: str
    state: str
    tone: str
    paid_on: str
    voucher: str
    failure: str
    application_id: int
    # Why it cannot go out as it is, told while it can still be taken out.
    why: str = ""


# --- batches ------------------------------------------------------------------------------------------


def make(session: Session, actor: Actor, claim_ids: list[int], name: str) -> int:
    """编制批次 of the chosen claims, all or none; return its id."""
    policy_people.require(actor, STAGE)
    name, wanted = normalise(name), set(claim_ids)
    if not name or len(name) > 60:
        raise FormInvalid({"name": "请填写批次名称，最多 60 字"})
    if not wanted:
        raise FormInvalid({"name": "请先选择要拨付的兑现申请"})
    if len(wanted) > MOST:
        raise FormInvalid({"name": f"每个批次最多 {MOST} 笔，请分批编制"})
    one_at_a_time(session, "payments")
    query = (
        select(C, A)
        .where(*payable(session, actor), col(C.id).in_([i for i in wanted if is_id(i)]))
        .order_by(col(C.id))
    )
    found = session.exec(query).all()
    if lost := len(wanted) - len(found):
        raise Conflict(
            f"所选申请中有 {lost} 笔已编入其他批次或状态已变化，没有编制任何批次。请刷新列表后重新选择。"
        )
    _refuse_barred(session, [(c.org_id, c.payee_name) for c, _ in found], "请取消选择后再编制批次。")
    batch = _new_batch(session, actor, name, sum(c.amount_fen for c, _ in found), len(found))
    try:
        with session.begin_nested():
            for n, (claim, _) in enumerate(found, 1):
                session.add(_payment(batch, n, claim))
            session.flush()
    except IntegrityError:
        raise Conflict("所选申请刚被编入其他批次，没有编制任何批次。请刷新列表后重新选择。") from None
    policy_people.note(
        session,
        actor,
        "payment.batch",
        f"batch:{batch.id}",
        f"{batch.number}，{batch.count} 笔 {yuan(batch.total_fen)} 元",
    )
    return batch.id or 0


def _refuse_barred(session: Session, payees: Iterable[tuple[int, str]], way: str) -> None:
    """Refuse to pay whom nothing is paid to, with the first of them by name, why, and what to do."""
    if found := barred(session, payees):
        (_, name), why = min(found.items())
        whom = f"{name}等 {len(found)} 家单位" if len(found) > 1 else name
        raise DomainError(f"{whom}不能拨付（{why}）。{way}")


def _new_batch(session: Session, actor: Actor, name: str, total_fen: int, count: int) -> PaymentBatch:
    batch = PaymentBatch(
        number=f"~{actor.user_id}", name=name, count=count, total_fen=total_fen, created_by=actor.user_id
    )
    session.add(batch)
    session.flush()
    # The number tells the day; the id keeps it apart from every other.
    batch.number = f"FK{clock.today():%Y%m%d}{batch.id:05d}"
    session.add(batch)
    session.flush()
    return batch


def _payment(batch: PaymentBatch, n: int, claim: PolicyClaim) -> Payment:
    return Payment(
        batch_id=batch.id or 0,
        number=f"{batch.number}-{n:04d}",
        claim_id=claim.id or 0,
        grant_id=claim.grant_id,
        policy_id=claim.policy_id,
        org_id=claim.org_id,
        amount_fen=claim.amount_fen,
        payee_name=claim.payee_name,
        bank=claim.bank,
        account_no=claim.account_no,
    )


def load(session: Session, actor: Actor, batch_id: int) -> PaymentBatch:
    """Return a batch all of whose payments are the actor's to make; any other does not exist."""
    policy_people.require(actor, STAGE)
    batch = session.get(PaymentBatch, batch_id) if is_id(batch_id) else None
    if batch is None or not _is_mine(session, actor, batch):
        raise NotFound("拨付批次")
    return batch


def _is_mine(session: Session, actor: Actor, batch: PaymentBatch) -> bool:
    mine = policy_people.versions(session, actor, STAGE)
    if mine is None:
        return True
    query = select(Payment.id).where(
        Payment.batch_id == batch.id, Payment.claim_id == C.id, A.id == C.application_id
    )
    return session.exec(query.where(col(A.version_id).not_in(mine)).limit(1)).first() is None


def locked(session: Session, actor: Actor, batch_id: int) -> PaymentBatch:
    """Return a batch, held until this transaction ends."""
    batch = load(session, actor, batch_id)
    one_at_a_time(session, "payment_batch", batch_id)
    session.refresh(batch)
    return batch


def is_out(batch: PaymentBatch) -> bool:
    """Tell whether a batch is with the finance office, or has come back from it."""
    return batch.state in (BatchState.EXPORTED, BatchState.DONE)


def remove(session: Session, actor: Actor, batch_id: int, payment_id: int) -> str:
    """Take a line out of a batch that has not gone out yet; return why its claim cannot be paid, empty when it waits again."""
    batch = locked(session, actor, batch_id)
    if batch.state != BatchState.OPEN:
        raise Conflict(f"批次{batch.number}{BatchState.label_of(batch.state)}，不能再移出。请刷新页面查看。")
    payment = session.get(Payment, payment_id) if is_id(payment_id) else None
    if payment is None or payment.batch_id != batch.id:
        raise NotFound("付款明细")
    session.delete(payment)
    _change(session, batch, count=batch.count - 1, total_fen=batch.total_fen - payment.amount_fen)
    policy_people.note(session, actor, "payment.remove", f"batch:{batch.id}", payment.number)
    return "".join(barred(session, [(payment.org_id, payment.payee_name)]).values())


def void(session: Session, actor: Actor, batch_id: int) -> None:
    """作废 a batch that has not gone out and holds nothing any more."""
    batch = locked(session, actor, batch_id)
    if batch.state != BatchState.OPEN:
        raise Conflict(f"批次{BatchState.label_of(batch.state)}，不能作废。请刷新页面查看。")
    if batch.count:
        raise Conflict(f"批次中还有 {batch.count} 笔付款明细，请先全部移出，再作废。")
    _change(session, batch, state=BatchState.VOID.value, closed_at=clock.now())
    policy_people.note(session, actor, "payment.void", f"batch:{batch.id}", batch.number)


def send_out(session: Session, actor: Actor, batch_id: int, version: int) -> None:
    """导出: from now on the batch stays as it is until its result comes back."""
    batch = locked(session, actor, batch_id)
    if batch.state == BatchState.VOID:
        raise Conflict("批次已作废，不能导出。请在“待拨付”中另编批次。")
    if batch.state != BatchState.OPEN:
        return
    if batch.version != version:
        raise Conflict("批次刚有变化，请刷新页面核对后再导出。")
    if not batch.count:
        raise DomainError("批次中没有付款明细，请作废；要拨付的在“待拨付”中另编批次。")
    payees = select(Payment.org_id, Payment.payee_name).where(Payment.batch_id == batch.id)
    _refuse_barred(session, session.exec(payees), "请先将其移出批次，再确认并导出。")
    _change(session, batch, state=BatchState.EXPORTED.value, exported_at=clock.now())
    policy_people.note(session, actor, "payment.export", f"batch:{batch.id}", batch.number)


def _change(session: Session, batch: PaymentBatch, **values: Any) -> None:
    done = session.exec(
        update(PaymentBatch)
        .where(col(PaymentBatch.id) == batch.id, col(PaymentBatch.version) == batch.version)
        .values(**values, version=batch.version + 1)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict("批次刚有变化，请刷新页面核对后再操作。")
    session.flush()
    session.refresh(batch)


def close_if_settled(session: Session, batch: PaymentBatch) -> None:
    """Write that a batch has changed; once no line waits any more, that it is done."""
    left = _count(session, batch, PaymentState.WAITING)
    values = {} if left else {"state": BatchState.DONE.value, "closed_at": clock.now()}
    _change(session, batch, **values)


def _count(session: Session, batch: PaymentBatch, state: PaymentState) -> int:
    query = select(func.count(col(Payment.id))).where(
        Payment.batch_id == batch.id, Payment.state == state.value
    )
    return session.exec(query).one()


# --- what is shown ------------------------------------------------------------------------------------


def listing(
    session: Session, actor: Actor, *, filters: Filters | None = None, page: int = 1, size: int = 10
) -> tuple[list[BatchRow], int]:
    """Return one page of the batches that the actor pays, newest first; `filters`: word, state, sort."""
    policy_people.require(actor, STAGE)
    filters = filters or {}
    where = named(filters, col(PaymentBatch.name), col(PaymentBatch.number))
    if (state := filters.get("state", "")) in BatchState._value2member_map_:
        where.append(col(PaymentBatch.state) == state)
    mine = policy_people.versions(session, actor, STAGE)
    if mine is not None:
        foreign = select(Payment.batch_id).where(Payment.claim_id == C.id, A.id == C.application_id)
        where.append(col(PaymentBatch.id).not_in(foreign.where(col(A.version_id).not_in(mine))))
    total = session.exec(select(func.count()).select_from(PaymentBatch).where(*where)).one()
    order = order_by(BATCH_SORTS, filters.get("sort", ""), PaymentBatch)
    query = select(PaymentBatch).where(*where).order_by(*order)
    return [row_of(session, b) for b in session.exec(query.offset((page - 1) * size).limit(size))], total


def row_of(session: Session, b: PaymentBatch) -> BatchRow:
    """Return a batch as pages show it."""
    return BatchRow(
        id=b.id or 0,
        version=b.version,
        number=b.number,
        name=b.name,
        state=b.state,
        state_label=BatchState.label_of(b.state),
        tone=BATCH_TONES[BatchState(b.state)],
        count=b.count,
        amount=yuan(b.total_fen),
        paid=_count(session, b, PaymentState.PAID),
        failed=_count(session, b, PaymentState.FAILED),
        made=clock.local(b.created_at),
        exported=clock.local(b.exported_at),
        href=PAYMENT_BATCH.url(bid=b.id),
        open=b.state == BatchState.OPEN,
        out=is_out(b),
    )


def lines(
    session: Session, actor: Actor, of: int, *, filters: Filters | None = None, page: int = 1, size: int = 20
) -> tuple[list[PaymentRow], int]:
    """Return one page of a batch's lines; `filters`: word, state, sort."""
    batch, filters = load(session, actor, of), filters or {}
    where: list[Any] = [Payment.batch_id == batch.id, Payment.claim_id == C.id, A.id == C.application_id]
    if (state := filters.get("state", "")) in PaymentState._value2member_map_:
        where.append(Payment.state == state)
    where += named(filters, col(Payment.payee_name), col(A.receipt_no))
    total = session.exec(select(func.count(col(Payment.id))).where(*where)).one()
    order = order_by(LINE_SORTS, filters.get("sort", ""), Payment, col(Payment.id))
    query = select(Payment, A).where(*where).order_by(*order)
    found = session.exec(query.offset((page - 1) * size).limit(size)).all()
    waits = batch.state == BatchState.OPEN
    why = barred(session, [(p.org_id, p.payee_name) for p, _ in found]) if waits else {}
    return [_line(p, a, why.get((p.org_id, p.payee_name), "")) for p, a in found], total


def _line(p: Payment, a: PolicyApplication, why: str) -> PaymentRow:
    return PaymentRow(
        id=p.id or 0,
        number=p.number,
        payee=p.payee_name,
        bank=p.bank,
        account=p.account_no,
        amount=yuan(p.amount_fen),
        policy=a.policy_name,
        receipt=a.receipt_no or "",
        state=PaymentState.label_of(p.state),
        tone=PAYMENT_TONES[p.state],
        paid_on=p.paid_on.isoformat() if p.paid_on else "",
        voucher=p.voucher_no,
        failure=p.failure,
        application_id=a.id or 0,
        why=why,
    )
