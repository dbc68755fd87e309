"""来龙去脉 from the publication to the money: what was decided, by whom, and each payment (manual §8)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import AuditEntry, Objection, Payment, PaymentBatch, PolicyGrant, Publicity, User
from cpegi_app.services import policy_claim_list
from cpegi_app.services.policy_amount import yuan
from cpegi_app.vocabulary.policy import ObjectionState, PaymentState


class Line(BaseModel):
    """A labelled value."""

    label: str
    value: str
    wide: bool = False


class PaymentLine(BaseModel):
    """A payment, paid or failed."""

    number: str
    batch: str
    amount: str
    payee: str
    state: str
    paid_on: str
    voucher: str
    failure: str
    # Who made the batch, sent it out and took its result in.
    hands: str = ""


def _who(session: Session, since: datetime | None, actions: tuple[str, ...], *subjects: str) -> str:
    """Return who did the first of some actions on one of some subjects since a moment, by the audit trail."""
    if since is None:
        return ""
    where = (
        col(AuditEntry.subject).in_(subjects),
        col(AuditEntry.action).in_(actions),
        col(AuditEntry.ok),
        col(AuditEntry.created_at) >= since,
    )
    query = select(AuditEntry.actor_label).where(*where).order_by(col(AuditEntry.id)).limit(1)
    return session.exec(query).first() or ""


def _person(session: Session, user_id: int | None) -> str:
    found = session.get(User, user_id) if user_id else None
    return found.name if found else ""


def _told(*parts: str) -> str:
    return " ".join(filter(None, parts))


def publicity(session: Session, grant: PolicyGrant | None) -> list[Line]:
    """Return the publication of a grant, what was objected and decided, confirmed and taken back, each by whom."""
    row = session.get(Publicity, grant.publicity_id) if grant and grant.publicity_id else None
    if grant is None or row is None:
        return []
    at, here = grant.confirmed_at, f"publicity:{row.id}"
    published = _told(clock.local(row.created_at), _person(session, row.published_by))
    confirmed = _told(clock.local(at), _who(session, at, ("policy.confirm",), here))
    found = [
        Line(label="公示", value=row.title),
        Line(label="公示期", value=f"{row.starts_on} 至 {row.ends_on}"),
        Line(label="公示发布", value=published),
        Line(label="公示确认", value=confirmed or "—"),
    ]
    query = select(Objection).where(Objection.publicity_id == row.id).order_by(col(Objection.id))
    mine = [o for o in session.exec(query) if o.grant_id in (None, grant.id)]
    found += [Line(label="异议", value=_objection(session, o), wide=True) for o in mine]
    if grant.revoked_at:
        upheld = next((o.decided_by for o in mine if o.state == ObjectionState.UPHELD), None)
        who = _person(session, upheld) or _who(
            session, grant.revoked_at, ("policy.takeback",), f"grant:{grant.id}", here
        )
        text = _told(clock.local(grant.revoked_at), who, grant.reason)
        found.append(Line(label="取消奖补", value=text, wide=True))
    return found


def _objection(session: Session, o: Objection) -> str:
    recorded = _person(session, o.recorded_by)
    said = f"{o.received_on} {o.from_name}：{o.text}" + (f"（{recorded} 登记）" if recorded else "")
    decided = _told(clock.local(o.decided_at), _person(session, o.decided_by)) if o.decided_at else ""
    return "；".join(filter(None, (said, _told(ObjectionState.label_of(o.state), decided, o.conclusion))))


def payments(session: Session, grant: PolicyGrant | None) -> list[PaymentLine]:
    """Return the payments of a grant, with who had them in hand."""
    if grant is None:
        return []
    found = policy_claim_list.payments_of(session, grant.id or 0)
    query = select(PaymentBatch).where(col(PaymentBatch.id).in_({p.batch_id for p in found}))
    batches = {b.id or 0: b for b in session.exec(query)}
    return [_payment(session, p, batches[p.batch_id]) for p in found]


def _payment(session: Session, p: Payment, batch: PaymentBatch) -> PaymentLine:
    here = f"batch:{batch.id}"
    steps = [
        ("编制", batch.created_at, _person(session, batch.created_by)),
        ("导出", batch.exported_at, _who(session, batch.exported_at, ("payment.export",), here)),
    ]
    if p.state != PaymentState.WAITING:
        steps.append(("登记结果", p.updated_at, _who(session, p.updated_at, ("payment.result",), here)))
    return PaymentLine(
        number=p.number,
        batch=batch.number,
        amount=yuan(p.amount_fen),
        payee=f"{p.payee_name} · {p.bank} · {p.account_no}",
        state=PaymentState.label_of(p.state),
        paid_on=p.paid_on.isoformat() if p.paid_on else "",
        voucher=p.voucher_no,
        failure=p.failure,
        hands="；".join(_told(what, clock.local(at), who) for what, at, who in steps if at),
    )
