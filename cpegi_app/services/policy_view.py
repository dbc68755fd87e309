"""The application's page: its form drawn from the definition, the records to choose, the amount (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Organisation, Policy, PolicyAmount, PolicyApplication, PolicyVersion
from cpegi_app.services import (
    policy,
    policy_amount,
    policy_application,
    policy_check,
    policy_clock,
    policy_formats,
    policy_places,
    policy_public,
    policy_record_view,
    policy_records,
    review,
)
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.policy_amount import Calculation, yuan
from cpegi_app.services.policy_choice import Look
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_places import Places
from cpegi_app.services.policy_public import PublicDetail
from cpegi_app.services.policy_record_view import RecordList
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.policy import AmountKind, QuestionKind

FIRST = Look()
# Why a place is open that nobody marked: the amount that follows from it was.
OPENED = "审核人对系统计算金额有意见，可以在此重新选取或修改，金额随之重新计算"
_ANSWERED = f"选填，最多 {policy_check.ANSWER_MOST} 字；不同意某项补正意见的，在此说明理由，审核人会看到"
# What the preview answers to the question that the amount follows from, in 元.
EXAMPLE = "1000000"


class Choice(BaseModel):
    """One line of a drop-down."""

    value: str
    label: str


class FieldItem(BaseModel):
    """A control of the form."""

    name: str
    title: str
    kind: str
    required: bool = False
    unit: str = ""
    help: str = ""
    options: list[Choice] = []
    # The first and the last day that a date may be.
    low: str = ""
    high: str = ""
    value: str = ""
    reason: str = ""
    locked: bool = False


class SlotItem(BaseModel):
    """An upload of the form."""

    code: str
    name: str
    title: str
    required: bool
    hint: str
    template: str = ""
    template_name: str = ""
    sample: str = ""
    sample_name: str = ""
    reason: str = ""
    locked: bool = False


class Money(BaseModel):
    """The amount as the page shows it."""

    computed: str = ""
    steps: list[str] = []
    missing: list[str] = []


class Form(BaseModel):
    """Everything that the application's page shows beside the review's own view."""

    row_id: int = 0
    version: int = 0
    editable: bool = False
    status: str = ""
    policy_id: int = 0
    policy: PublicDetail = PublicDetail()
    receipt: str = ""
    received: str = ""
    due: str = ""
    # What was granted, and why where it is not what was asked.
    granted: str = ""
    granted_why: str = ""
    applicant: list[tuple[str, str]] = []
    fields: list[FieldItem] = []
    slots: list[SlotItem] = []
    with_records: bool = False
    records_locked: bool = False
    records_reason: str = ""
    record_list: RecordList = RecordList()
    # Why the amount was marked, told at the amount itself.
    amount_reason: str = ""
    money: Money = Money()
    warning: str = ""
    newer: str = ""
    values: dict[str, str] = {}
    reasons: dict[str, str] = {}
    saved: str = ""
    step: int = 0


def form(session: Session, actor: Actor, row_id: int, look: Look = FIRST) -> Form:
    """Return an own application for its page; `look` says what of the list of records is shown."""
    row, of, d = policy_application.load_own(session, actor, row_id)
    org = session.get_one(Organisation, row.org_id)
    editable = row.status in review.EDITABLE
    at = policy_places.places(session, row, d)
    found = Form(
        row_id=row_id,
        version=row.version,
        editable=editable,
        status=row.status,
        policy_id=row.policy_id,
        policy=policy_public.describe(session, of, d, session.get_one(PolicyVersion, row.version_id).number),
        # What was withdrawn is received no longer.
        receipt=row.receipt_no or "" if row.status != Status.DRAFT else "",
        received=clock.local(row.received_at),
        due=due(row),
        applicant=_applicant(org),
        fields=_fields(row, d, at),
        slots=_slots(row, d, at),
        with_records=bool(d.source),
        values=row.data,
        reasons=row.field_reasons | at.lacking,
        saved=clock.local(row.updated_at),
        step=1 + min(row.stage, 1),
    )
    if editable:
        found.warning, found.newer = _warnings(session, row, of)
        found.records_locked = at.locked("records")
        found.records_reason = row.field_reasons.get("records", "") or _moved(at.lacking.get("records", ""))
        found.amount_reason = row.field_reasons.get("amount", "")
        found.records_reason = found.records_reason or (found.amount_reason and OPENED)
        if d.source:
            found.record_list = policy_record_view.listed(session, row, d, org, look)
    found.money = money(session, row, d, org)
    if row.status == Status.APPROVED:
        found.granted, found.granted_why = _granted(session, row)
    return found


def records(session: Session, actor: Actor, row_id: int, look: Look) -> RecordList:
    """Return the list of records of an own application that is still written, as `look` says."""
    row, _, d = policy_application.load_own(session, actor, row_id)
    if row.status not in review.EDITABLE or not d.source:
        return RecordList()
    return policy_record_view.listed(session, row, d, session.get_one(Organisation, row.org_id), look)


def _granted(session: Session, row: PolicyApplication) -> tuple[str, str]:
    query = select(PolicyAmount.reason).where(
        PolicyAmount.application_id == row.id,
        PolicyAmount.kind == AmountKind.REVIEWED.value,
        PolicyAmount.amount_fen == row.reviewed_fen,
    )
    why = session.exec(query.order_by(col(PolicyAmount.id).desc())).first() or ""
    return yuan(row.reviewed_fen or 0), why if row.reviewed_fen != row.asked_fen else ""


def parting(session: Session, actor: Actor, row_id: int) -> tuple[str, str]:
    """Return why an own application could not be sent now, and what is lost by taking it back: both may be empty."""
    row, of, _ = policy_application.load_own(session, actor, row_id)
    closed = definitions.closed_sentence(of)
    if row.status == Status.RETURNED:
        again = f"但{closed}，不能再提交" if closed else "申报截止前可以重新提交，办理时限重新计算"
        return closed, f"放弃后不再办理，占用的记录和额度随即释放，已填写的内容保留为草稿，{again}。"
    kept = "撤回后内容保留为草稿，但不能再提交，占用的记录和额度随之释放。"
    return closed, f"{closed}。{kept}" if closed else ""


def names(session: Session, actor: Actor, row_id: int) -> frozenset[str]:
    """Return the names that an own application's form may send."""
    return policy_places.names(policy_application.load_own(session, actor, row_id)[2])


def titles(session: Session, actor: Actor, row_id: int) -> dict[str, str]:
    """Return what the places of an own application's form are called."""
    return policy_places.titles(policy_application.load_own(session, actor, row_id)[2])


def preview(session: Session, actor: Actor, policy_id: int) -> Form:
    """Return a draft as its applicant will see it, or every mistake that keeps it from being published."""
    d = policy.preview(session, actor, policy_id)
    of = policy.load(session, actor, policy_id)
    windows = ("opens_at", "closes_at", "redeem_opens_at", "redeem_closes_at")
    shown = Policy(id=of.id, state=of.state, number=of.number, **{name: getattr(d, name) for name in windows})
    row = PolicyApplication(org_id=0, policy_id=policy_id, version_id=0)
    found = Form(
        policy=policy_public.describe(session, shown, d),
        fields=_fields(row, d, Places()),
        slots=_slots(row, d, Places()),
        with_records=bool(d.source),
    )
    _example(d, found)
    return found


def _example(d: Definition, found: Form) -> None:
    """Show the preview what choosing a record and computing the amount look like, by an example of our own."""
    records = [policy_records.example(d)] if d.source else []
    rows = [policy_record_view.item(d, r) for r in records]
    found.record_list = RecordList(rows=rows, total=len(rows))
    asked = d.question(d.base_question)
    answers = {asked.code: EXAMPLE if asked.unit == "元" else EXAMPLE[:-4]} if asked else {}
    found.money = _money(policy_amount.compute(d, [r.facts() for r in records], answers))


def money(session: Session, row: PolicyApplication, d: Definition, org: Organisation) -> Money:
    """Return what the application comes to now; once sent, what it came to."""
    if row.status not in review.EDITABLE:
        steps = [line["text"] for line in row.calculation.get("lines", [])]
        return Money(computed=yuan(row.computed_fen), steps=[*steps[:10], *row.calculation.get("steps", [])])
    records = policy_records.get(session, policy_records.parse_keys(row.data.get("records", "")))
    found = policy_check.amount_of(session, row, d, org.id or 0, row.data, records)
    return _money(found)


def _money(found: Calculation) -> Money:
    lines = [f"{line.title}：{line.text}" for line in found.lines if line.text]
    more = [f"……另有 {len(lines) - 10} 笔"] if len(lines) > 10 else []
    return Money(
        computed=yuan(found.amount_fen), steps=[*lines[:10], *more, *found.steps], missing=found.missing
    )


def due(row: PolicyApplication) -> str:
    """Return until when an application should be handled, in words."""
    return policy_clock.text(row)


def _warnings(session: Session, row: PolicyApplication, of: Policy) -> tuple[str, str]:
    """Return why it cannot be sent now or until when it has to be, and that there is a newer version to change to."""
    why = ""
    if row.status == Status.RETURNED:
        why = (
            f"请在 {policy_clock.correct_by(row)} 前补正并重新提交，申报截止后也可以补正。逾期未补正的，"
            "受理部门可以终止办理；不再申请的，请点击“放弃申请”，占用的记录和额度随即释放。"
        )
    elif row.status == Status.DRAFT and (closed := definitions.closed_sentence(of)):
        why = f"{closed}，现在不能提交。已填写的内容保留为草稿。"
    newer = ""
    if row.status == Status.DRAFT and of.version_id != row.version_id and not why:
        newer = f"政策已更新为第 {of.number} 版。您的申请仍按开始填写时的版本办理，也可以改用新版本，已填写的内容会保留。"
        if lost := policy_application.unwanted(session, row, of).values():
            newer += (
                f"新版本不再需要{'、'.join(f'“{name}”' for name in lost)}，改用后已上传的这类文件将移除。"
            )
    return why, newer


def _applicant(org: Organisation) -> list[tuple[str, str]]:
    from cpegi_app.services.profile_forms import ProfileForm

    found = [("单位名称", org.name), ("统一社会信用代码", org.credit_code or "")]
    for name in ("org_class", "legal_rep", "region", "industry", "address"):
        spec = ProfileForm.spec(name)
        found.append((spec.title, spec.show(org.profile.get(name, "")) or "—"))
    return found


def _moved(lacking: str) -> str:
    """Return why the records are open although nobody marked them."""
    if lacking == policy_places.MOVED:
        return "提交之后所选记录发生变化，重新提交之前可以重新选取"
    return f"提交之后所选记录发生变化，请重新选取：{lacking}" if lacking else ""


def _fields(row: PolicyApplication, d: Definition, at: Places) -> list[FieldItem]:
    def item(name: str, title: str, kind: str, **more) -> FieldItem:
        return FieldItem(
            name=name,
            title=title,
            kind=kind,
            value=row.data.get(name, ""),
            reason=row.field_reasons.get(name, "") or at.lacking.get(name, "") or opened.get(name, ""),
            locked=at.locked(name),
            **more,
        )

    opened = dict.fromkeys(("asked", f"a_{d.base_question}"), OPENED) if "amount" in row.field_reasons else {}

    found = []
    if policy_places.is_asked(row):
        found.append(item(policy_check.ANSWER, policy_check.ANSWER_TITLE, "AREA", help=_ANSWERED))
    found += [item(name, title, "TEXT", required=True) for name, title, _ in policy_check.CONTACT]
    for q in d.questions:
        if q.kind == QuestionKind.FILE:
            continue
        options = [Choice(value=o, label=o) for o in q.options]
        more = {"required": q.required, "unit": q.unit, "help": _help(q), "options": options}
        if q.kind == QuestionKind.DATE:
            more |= {"low": q.low, "high": q.high}
        found.append(item(f"a_{q.code}", q.title, q.kind, **more))
    found.append(item("note", "申请说明", "AREA", help="选填，最多 1000 字"))
    help_asked = "不填按系统计算金额申请；可以少于系统计算金额"
    found.append(item("asked", "申请金额", "NUMBER", unit="元", help=help_asked))
    return found


def _help(q: definitions.Question) -> str:
    return "，".join(t for t in (q.note, policy_check.span(q)) if t)


def _slots(row: PolicyApplication, d: Definition, at: Places) -> list[SlotItem]:
    found = []
    for m in d.materials:
        found.append(
            SlotItem(
                code=m.code,
                name=f"file_{m.code}",
                title=m.name,
                required=m.required,
                hint="；".join(t for t in (m.note, policy_formats.hint(m.formats)) if t),
                template=f"/policy-files/{m.template}?download=1" if m.template else "",
                template_name=m.template_name,
                sample=f"/policy-files/{m.sample}?download=1" if m.sample else "",
                sample_name=m.sample_name,
            )
        )
    for q in d.questions:
        if q.kind == QuestionKind.FILE:
            hint = "；".join(t for t in (q.note, policy_formats.hint(policy_formats.USUAL)) if t)
            more = {"code": q.code, "name": f"file_{q.code}", "title": q.title, "required": q.required}
            found.append(SlotItem(hint=hint, **more))
    for slot in found:
        slot.reason = row.field_reasons.get(slot.name, "") or at.lacking.get(slot.name, "")
        slot.locked = at.locked(slot.name)
    return found
