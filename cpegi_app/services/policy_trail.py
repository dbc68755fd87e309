"""来龙去脉: from any amount of an application back to records, files, decisions and versions (manual §8)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission, Role
from cpegi_app.errors import NotFound
from cpegi_app.models import (
    Policy,
    PolicyApplication,
    PolicyClaim,
    PolicyGrant,
    PolicyRecord,
    PolicyVersion,
    StoredFile,
)
from cpegi_app.services import (
    files,
    policy_claim,
    policy_people,
    policy_review,
    policy_standing,
    policy_trail_money,
    policy_trail_proofs,
    policy_way,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.ids import is_id
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_review import AmountView
from cpegi_app.services.policy_trail_money import Line, PaymentLine
from cpegi_app.services.policy_way import Step
from cpegi_app.services.review_view import EventView, event_view, history
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import (
    PolicyStage,
    RecordSource,
)


class RecordLine(BaseModel):
    """A record that the amount stands on, as it was that day."""

    key: str
    source: str
    title: str
    number: str
    parties: str
    on: str
    base: str
    part: str
    formula: str
    state: str
    # Which organisation and who of it filed or confirmed an investment, and when.
    confirmed: str = ""
    # Where it was filed, for who may open it.
    href: str = ""


class FileLine(BaseModel):
    """A file of the application or of its claim."""

    id: int
    of: str
    slot: str
    name: str
    at: str
    state: str
    href: str


class Trail(BaseModel):
    """Everything that an application's amounts stand on."""

    id: int = 0
    title: str = ""
    org: str = ""
    receipt: str = ""
    status: str = ""
    steps: list[Step] = []
    basis: list[Line] = []
    amounts: list[AmountView] = []
    formula: list[str] = []
    records: list[RecordLine] = []
    files: list[FileLine] = []
    events: list[EventView] = []
    moves: list[AmountView] = []
    publicity: list[Line] = []
    payments: list[PaymentLine] = []
    zip_href: str = ""


def load(session: Session, actor: Actor, row_id: int) -> PolicyApplication:
    """Return an application for the staff who act on it at any stage, payment included."""
    policy_people.require(actor, PolicyStage.FORMAL)
    row = session.get(PolicyApplication, row_id) if is_id(row_id) else None
    if row is None or row.submitted_at is None or row.status == Status.DRAFT or actor.role is not Role.STAFF:
        raise NotFound(FLOW.label)
    # Who writes policies answers for them: they read what became of each.
    reads = actor.may(Permission.POLICY_MANAGE)
    people = session.get_one(Policy, row.policy_id).people
    if not reads and not any(policy_people.is_in(session, actor, people, s) for s in PolicyStage):
        raise NotFound(FLOW.label)
    return row


def trail(session: Session, actor: Actor, row_id: int) -> Trail:
    """Return everything that an application's amounts stand on."""
    row = load(session, actor, row_id)
    grant = session.exec(select(PolicyGrant).where(PolicyGrant.application_id == row.id)).first()
    query = select(PolicyClaim).where(PolicyClaim.application_id == row.id).order_by(col(PolicyClaim.id))
    claims = list(session.exec(query))
    return Trail(
        id=row.id or 0,
        title=row.policy_name,
        org=row.org_name,
        receipt=row.receipt_no or "",
        status=_status(session, row, grant),
        steps=policy_way.steps(session, row),
        basis=_basis(session, row),
        amounts=policy_review.amounts(session, row.id or 0),
        formula=[f"{line['title']}：{line['text']}" for line in row.calculation.get("lines", [])]
        + list(row.calculation.get("steps", [])),
        records=_records(session, actor, row),
        files=_files(session, row, claims),
        events=_events(session, row, claims),
        moves=policy_review.moves(session, row.id or 0),
        publicity=policy_trail_money.publicity(session, grant),
        payments=policy_trail_money.payments(session, grant),
        zip_href=f"/exports/policy-trail/{row.id}",
    )


def _status(session: Session, row: PolicyApplication, grant: PolicyGrant | None) -> str:
    return policy_standing.of(session, grant) if grant else Status.label_of(row.status)


def _basis(session: Session, row: PolicyApplication) -> list[Line]:
    version = session.get_one(PolicyVersion, row.version_id)
    d = definitions.of_version(session, row.version_id)
    found = [
        Line(label="政策", value=d.name),
        Line(label="依据文号", value=d.document_no),
        Line(label="适用版本", value=f"第 {version.number} 版"),
        Line(label="版本发布", value=f"{clock.local(version.created_at)} {version.published_label}"),
        Line(label="奖补标准", value=definitions.rule_text(d), wide=True),
        Line(label="选取记录", value=definitions.records_text(d) or "不需要选取记录", wide=True),
        Line(label="统一社会信用代码", value=row.profile.get("credit_code", "")),
        Line(label="受理时间", value=clock.local(row.received_at)),
    ]
    return found


def _held(session: Session, row: PolicyApplication) -> list[PolicyRecord]:
    query = select(PolicyRecord).where(PolicyRecord.application_id == row.id).order_by(col(PolicyRecord.id))
    return list(session.exec(query))


def _records(session: Session, actor: Actor, row: PolicyApplication) -> list[RecordLine]:
    texts = {line["key"]: line["text"] for line in row.calculation.get("lines", [])}
    found = _held(session, row)
    filed = policy_trail_proofs.origins(session, found)
    held = {(r.source, r.root_id) for r in found if r.released_at is None}
    lines = [_record(r, texts, (r.source, r.root_id) in held) for r in found]
    for line, r in zip(lines, found, strict=True):
        origin = filed.get(r.id or 0)
        line.href = policy_trail_proofs.href(session, actor, origin)
        line.confirmed = policy_trail_proofs.confirmed(session, origin)
    return lines


def _record(r: PolicyRecord, texts: dict[str, str], replaced: bool) -> RecordLine:
    gone = "已被更正后的记录替换" if replaced else "已移除"
    said = r.snapshot
    until = f" 至 {said['until']}" if said.get("until") else ""
    return RecordLine(
        key=str(r.id),
        source=RecordSource.label_of(r.source),
        title=said.get("title", ""),
        number=policy_trail_proofs.own_number(r),
        parties=f"{said.get('provider', '')} → {said.get('receiver', '')}",
        on=f"{said.get('on', '')}{until}",
        base=yuan(r.base_fen),
        part=yuan(r.amount_fen),
        formula=texts.get(f"{r.source}:{r.record_id}", ""),
        state=gone if r.released_at else "已锁定" if r.is_final else "占用中",
    )


def stored(
    session: Session, row: PolicyApplication, claims: list[PolicyClaim]
) -> list[tuple[str, str, StoredFile]]:
    """Return what an amount stands on in files: those that were sent, removed ones too, and the records' own proofs.

    Each with what it belongs to, and what its kind is called.
    """
    labels = files.slot_labels(session, FLOW.name, row.id or 0) | {policy_claim.RECEIPT: "收款收据"}
    found = [(of, labels.get(f.slot, f.slot), f) for of, f in _sent(session, row, claims)]
    records = _held(session, row)
    filed = policy_trail_proofs.origins(session, records)
    proofs: dict[int, tuple[str, str, StoredFile]] = {}
    for r in records:
        for label, f in policy_trail_proofs.proofs(session, filed.get(r.id or 0)):
            proofs[f.id or 0] = (policy_trail_proofs.name(r), label, f)
    return [*found, *proofs.values()]


def _sent(
    session: Session, row: PolicyApplication, claims: list[PolicyClaim]
) -> list[tuple[str, StoredFile]]:
    found = []
    for name, flow, number in [
        ("政策申请", FLOW.name, row.id),
        *(("兑现申请", policy_claim.NAME, c.id) for c in claims),
    ]:
        sent = {i for e in history(session, flow, number or 0) for i in e.snapshot.get("files", [])}
        query = select(StoredFile).where(StoredFile.flow == flow, StoredFile.subject_id == number)
        found += [(name, f) for f in session.exec(query.order_by(col(StoredFile.id))) if f.id in sent]
    return found


def _files(session: Session, row: PolicyApplication, claims: list[PolicyClaim]) -> list[FileLine]:
    return [
        FileLine(
            id=f.id or 0,
            of=of,
            slot=label,
            name=f.name,
            at=clock.local(f.created_at),
            state="已被替换" if f.removed_at else "",
            href=f"/files/{f.id}",
        )
        for of, label, f in stored(session, row, claims)
    ]


def _events(session: Session, row: PolicyApplication, claims: list[PolicyClaim]) -> list[EventView]:
    d = definitions.of_version(session, row.version_id)
    titles = policy_review.targets(d) | policy_claim.TITLES
    found: list[tuple[Any, EventView]] = []
    for name, flow, number in [
        ("", FLOW.name, row.id),
        *(("兑现", policy_claim.NAME, c.id) for c in claims),
    ]:
        for e in history(session, flow, number or 0):
            view = event_view(e, titles)
            stage = PolicyStage.label_of(e.stage)
            view.action = f"{name}{view.action}" + (f"（{stage}）" if stage else "")
            found.append((e.created_at, view))
    return [view for _, view in sorted(found, key=lambda pair: pair[0])]
