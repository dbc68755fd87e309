"""提交前检查: everything that an application lacks, found at once, each with its place (manual §8.1).

The same function runs when the applicant asks, when the application is sent, and when the staff opens it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import POLICY_APPLICATIONS, PROFILE
from cpegi_app.models import Organisation, Policy, PolicyApplication
from cpegi_app.services import conditions, files, policy_amount, policy_budget, policy_figures, policy_records
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import measure, normalise, plain_number, too_long
from cpegi_app.services.policy_amount import Calculation, yuan
from cpegi_app.services.policy_definition import Definition, Question
from cpegi_app.services.policy_records import Record
from cpegi_app.vocabulary import Kind, OrgClass, Status
from cpegi_app.vocabulary.policy import BudgetMoment, QuestionKind

FLOW = "policy_application"
CONTACT = (("contact", "联系人", 40), ("phone", "联系电话", 40))
PROMISE = "promise"
NOTE_MOST = 1000
# What an applicant says to what a 补正 asks for, without changing anything else.
ANSWER, ANSWER_TITLE, ANSWER_MOST = "answer", "对补正意见的说明", 400


class Finding(BaseModel):
    """Something that keeps an application from being sent: `target` names its place on the page."""

    target: str
    text: str
    href: str


@dataclass
class Checked:
    """What a check found, with the figures that it worked out on the way."""

    findings: list[Finding] = field(default_factory=list)
    # What should be looked at once more, and keeps nothing from being sent.
    doubts: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    calculation: Calculation = field(default_factory=Calculation)
    asked_fen: int = 0

    def add(self, target: str, text: str, href: str = "") -> None:
        """Note what is missing."""
        self.findings.append(Finding(target=target, text=text, href=href or f"#f-{target}"))

    def errors(self) -> dict[str, str]:
        """Return one sentence a place."""
        found: dict[str, str] = {}
        for f in self.findings:
            found[f.target] = f"{found[f.target]}；{f.text}" if f.target in found else f.text
        return found


def check(
    session: Session,
    row: PolicyApplication,
    policy: Policy,
    d: Definition,
    org: Organisation,
    data: dict[str, str],
    *,
    profile: dict[str, str] | None = None,
    sent: bool = False,
) -> Checked:
    """Return everything that is missing; `sent` leaves out what only counts on the way in (window, places left)."""
    found = Checked()
    if not sent:
        _window(row, policy, found)
        _number(session, row, d, found)
    _who(d, org, profile if profile is not None else org.profile, judged_on(row), found)
    _records(session, row, d, org, data, found)
    _answers(d, data, found)
    _files(session, row, d, found)
    _amount(session, row, d, org, data, found, sent)
    return found


def _window(row: PolicyApplication, policy: Policy, found: Checked) -> None:
    # What was received in time and returned for correction may come back after the window.
    if row.receipt_no and row.status == Status.RETURNED:
        return
    if why := definitions.closed_sentence(policy):
        found.add("policy", f"{why}，现在不能提交。已填写的内容保留为草稿")


def _number(session: Session, row: PolicyApplication, d: Definition, found: Checked) -> None:
    _held, count = policy_budget.held_by(session, row.policy_id, row.org_id)
    if not row.is_counted and (why := policy_budget.too_many(d, count)):
        found.add("policy", why, POLICY_APPLICATIONS.route)


def judged_on(row: PolicyApplication) -> date:
    """Return the day as of which ages count: the receipt, however long review and corrections take; today before it."""
    if row.received_at is None or row.status == Status.DRAFT:
        return clock.today()
    return clock.day(row.received_at)


def _who(d: Definition, org: Organisation, profile: dict[str, str], on: date, found: Checked) -> None:
    for text in who_not(d, org, profile, on):
        found.add("profile", text, PROFILE.route)


def who_not(d: Definition, org: Organisation, profile: dict[str, str], on: date | None = None) -> list[str]:
    """Return why an organisation may not apply: kind, class, conditions not met as of a day (today), figures not given."""
    if not definitions.admits(d, org.kind, org.org_class):
        mine = OrgClass.label_of(org.org_class) or Kind.label_of(org.kind)
        return [f"政策面向{definitions.who_text(d)}，贵单位是{mine}；类别有误请在“企业认证”中申请更正"]
    found = []
    for row in conditions.compare(d.conditions, profile, restricted_only=True, on=on):
        if row.result == conditions.RESULT_LABELS[conditions.UNMET]:
            found.append(f"{row.label}要求{row.condition}，贵单位为{row.figure}")
        elif row.result == conditions.RESULT_LABELS[conditions.MISSING]:
            if not policy_figures.has_place(org.kind, conditions.BY_CODE[row.code]):
                kind = Kind.label_of(org.kind)
                found.append(
                    f"{row.label}要求{row.condition}，{kind}的资料中没有此项，不能在线申请；"
                    f"如认为符合政策，请咨询{d.department}（{d.phone}）"
                )
                continue
            found.append(f"{row.label}要求{row.condition}，资料中没有此项数据，请在“企业认证”中补充")
    return found


def _records(
    session: Session,
    row: PolicyApplication,
    d: Definition,
    org: Organisation,
    data: dict[str, str],
    found: Checked,
) -> None:
    if not d.source:
        return
    keys = policy_records.parse_keys(data.get("records", ""))
    found.records = policy_records.get(session, keys)
    if len(found.records) < d.record_least:
        found.add("records", f"请选取至少 {d.record_least} 笔记录，现有 {len(found.records)} 笔")
    if len(found.records) > d.record_most:
        found.add(
            "records", f"最多选取 {d.record_most} 笔记录，现有 {len(found.records)} 笔，请移除多余的记录"
        )
    roots: set[tuple[str, int]] = set()
    claims = policy_records.claims(session, row.policy_id, found.records)
    for record in found.records:
        key = (record.source, record.root_id)
        why = policy_records.why_not(d, record, org)
        if key in roots:
            why = "与已选取的另一笔是同一笔记录（更正前后），请移除其一"
        roots.add(key)
        if not why and key in claims:
            why = policy_records.used_sentence(session, claims[key], record, org.id or 0, row.id or 0)
        if why:
            found.add("records", f"{record.title}：{why}")


def _answers(d: Definition, data: dict[str, str], found: Checked) -> None:
    for name, title, most in CONTACT:
        value = normalise(data.get(name, ""))
        if not value:
            found.add(name, f"请填写{title}")
        elif len(value) > most:
            found.add(name, f"{title}最多 {most} 字")
    if said := too_long(data.get("note", ""), NOTE_MOST, "说明"):
        found.add("note", said)
    if said := too_long(data.get(ANSWER, ""), ANSWER_MOST, "说明"):
        found.add(ANSWER, said)
    for q in d.questions:
        if q.kind != QuestionKind.FILE and (problem := answer_problem(q, data.get(f"a_{q.code}", ""))):
            found.add(f"a_{q.code}", problem)
    if data.get(PROMISE) != "YES":
        found.add(PROMISE, "请勾选申报承诺")


def answer_problem(q: Question, answer: str) -> str:
    """Return what is wrong with an answer, empty when nothing is."""
    answer = normalise(answer)
    if not answer:
        verb = "选择" if q.kind in (QuestionKind.DATE, QuestionKind.CHOICE) else "填写"
        return f"请{verb}“{q.title}”" if q.required else ""
    if q.kind == QuestionKind.NUMBER:
        return _number_problem(q, answer)
    if q.kind == QuestionKind.DATE:
        return _date_problem(q, answer)
    if q.kind == QuestionKind.CHOICE:
        return "" if answer in q.options else f"“{q.title}”请从选项中选择"
    if len(answer) < q.least:
        return f"“{q.title}”至少 {q.least} 字，现有 {len(answer)} 字，请补充"
    return too_long(answer, q.most, f"“{q.title}”")


def _number_problem(q: Question, answer: str) -> str:
    try:
        number = plain_number(answer)
    except ValueError as problem:
        return f"“{q.title}”{problem}"
    if abs(number) >= Decimal("1e12"):
        return f"“{q.title}”数字过大，请核对单位"
    if number != number.quantize(Decimal("0.0001")):
        return f"“{q.title}”最多保留四位小数"
    low = Decimal(q.low) if q.low else None
    high = Decimal(q.high) if q.high else None
    if (low is not None and number < low) or (high is not None and number > high):
        return f"“{q.title}”应为 {span(q)}，请核对后填写"
    return ""


def _date_problem(q: Question, answer: str) -> str:
    if not _is_date(answer):
        return f"“{q.title}”请填写日期，格式如 2026-01-31"
    if (q.low and answer < q.low) or (q.high and answer > q.high):
        limits = f"应在 {q.low} 至 {q.high} 之间" if q.low and q.high else f"应{span(q)}"
        return f"“{q.title}”{limits}，请核对后填写"
    return ""


def span(q: Question) -> str:
    """Return the limits of an answer as a phrase; nothing when there are none."""
    if q.kind == QuestionKind.TEXT:
        return f"{q.least} 至 {q.most} 字" if q.least else f"最多 {q.most} 字"
    if q.kind == QuestionKind.DATE:
        if q.low and q.high:
            return f"{q.low} 至 {q.high}"
        return f"不早于 {q.low}" if q.low else f"不晚于 {q.high}" if q.high else ""
    low, high = (f"{Decimal(n):,}" if n else "" for n in (q.low, q.high))
    if low and high:
        return measure(f"{low} 至 {high}", q.unit)
    if low:
        return f"{measure(low, q.unit)}或以上"
    return f"不超过 {measure(high, q.unit)}" if high else ""


def _is_date(text: str) -> bool:
    try:
        return 1900 <= date.fromisoformat(text).year <= 2199
    except ValueError:
        return False


def _files(session: Session, row: PolicyApplication, d: Definition, found: Checked) -> None:
    present = files.slots_of(session, FLOW, row.id or 0)
    for m in d.materials:
        if m.required and m.code not in present:
            found.add(f"file_{m.code}", f"请上传“{m.name}”")
    for q in d.questions:
        if q.kind == QuestionKind.FILE and q.required and q.code not in present:
            found.add(f"file_{q.code}", f"请上传“{q.title}”")


def amount_of(
    session: Session,
    row: PolicyApplication,
    d: Definition,
    org_id: int,
    data: dict[str, str],
    records: list[Record],
) -> Calculation:
    """Return what the application comes to now, beside what the applicant holds already."""
    held = policy_budget.held_by(session, row.policy_id, org_id)[0] - row.held_fen
    answers = {q.code: data.get(f"a_{q.code}", "") for q in d.questions}
    return policy_amount.compute(d, [r.facts() for r in records], answers, held)


def _amount(
    session: Session,
    row: PolicyApplication,
    d: Definition,
    org: Organisation,
    data: dict[str, str],
    found: Checked,
    sent: bool,
) -> None:
    found.calculation = amount_of(session, row, d, org.id or 0, data, found.records)
    if found.calculation.missing:
        # A figure that an open question asks for is told at the question itself.
        asked = any(f.target == f"a_{d.base_question}" for f in found.findings)
        if not asked:
            found.add("amount", "；".join(found.calculation.missing) + "，无法计算金额")
        return
    computed = found.calculation.amount_fen
    if computed <= 0:
        if not any(f.target == "records" for f in found.findings):
            found.add("amount", "系统计算金额为 0 元，不能提交申请，请核对所选记录和填报的数字")
        return
    found.asked_fen, problem = asked_fen(data.get("asked", ""), computed)
    if problem:
        found.add("asked", problem)
    elif not sent:
        _budget(session, row, d, found)


def asked_fen(text: str, computed: int) -> tuple[int, str]:
    """Return the amount asked for in 分 (what was computed, unless less is asked) and what is wrong with it."""
    if not normalise(text):
        return computed, ""
    try:
        number = plain_number(text) * 100
    except ValueError:
        return 0, "申请金额请填写数字，单位为元，例如 12000.50"
    if number != number.to_integral_value() or number <= 0:
        return 0, "申请金额须大于 0，最多两位小数"
    if number > computed:
        return 0, f"申请金额不能超过系统计算金额 {yuan(computed)} 元"
    return int(number), ""


def _budget(session: Session, row: PolicyApplication, d: Definition, found: Checked) -> None:
    if d.budget_at != BudgetMoment.SUBMIT:
        return
    budget = policy_budget.of(session, row.policy_id)
    if budget.total_fen is None:
        return
    left = budget.total_fen - budget.held_fen + row.held_fen
    if found.asked_fen > left:
        found.add("asked", f"政策预算剩余 {yuan(max(0, left))} 元，少于申请金额 {yuan(found.asked_fen)} 元")


def summary_of(found: Checked) -> dict[str, Any]:
    """Return a calculation as the application keeps it."""
    return found.calculation.model_dump() | {"at": clock.now().isoformat()}
