"""A policy as data: what was published, typed; the one reader of `PolicyVersion.definition` (manual §8)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import Policy, PolicyVersion
from cpegi_app.services import policy_formats, policy_sorts
from cpegi_app.services.forms import measure, percent, wan
from cpegi_app.vocabulary import CLASSES, KIND_OF, Kind, OrgClass
from cpegi_app.vocabulary.policy import (
    AmountBase,
    AmountRule,
    BudgetMoment,
    QuestionKind,
    RecordSide,
    RecordSource,
    WindowState,
)

# So many letters go into an answer.
TEXT_MOST = 500


class Part(BaseModel):
    """What every part of a definition is: frozen, and unknown names are a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Material(Part):
    """A material that is asked for; `template` and `sample` (filled in) are ids of `PolicyFile`s."""

    code: str
    name: str
    required: bool = True
    formats: tuple[str, ...] = policy_formats.USUAL
    note: str = ""
    template: int | None = None
    template_name: str = ""
    sample: int | None = None
    sample_name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _as_written_before(cls, data: Any) -> Any:
        """Read what was published when one could only say whether Excel was taken as well."""
        if "workbooks" not in data:
            return data
        rest = {k: v for k, v in data.items() if k != "workbooks"}
        return rest | {"formats": policy_formats.before(data["workbooks"])}


class Question(Part):
    """An extra question; `low` and `high` limit a number or a date, `least` and `most` the letters of a text."""

    code: str
    title: str
    kind: str
    required: bool = True
    unit: str = ""
    low: str = ""
    high: str = ""
    least: int = 0
    most: int = TEXT_MOST
    options: tuple[str, ...] = ()
    note: str = ""


class Definition(Part):
    """A policy as published; money in 分, rates in 0.01 %, dates inclusive."""

    name: str
    category: str
    document_no: str = ""
    summary: str = ""
    basis: str = ""
    department: str = ""
    phone: str = ""
    opens_at: datetime
    closes_at: datetime
    redeem_opens_at: datetime | None = None
    redeem_closes_at: datetime | None = None
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    most: int = 1
    conditions: dict[str, dict[str, Any]] = {}
    source: str = ""
    side: str = RecordSide.EITHER.value
    record_from: date | None = None
    record_to: date | None = None
    record_least: int = 1
    record_most: int = 50
    # Which sorts of record are taken, by the codes of `policy_sorts`; what is not named is not restricted.
    sorts: dict[str, tuple[str, ...]] = {}
    rule: str = AmountRule.FIXED.value
    fixed_fen: int = 0
    percent_bp: int = 0
    base: str = AmountBase.RECORDS.value
    base_question: str = ""
    interest_from: date | None = None
    interest_to: date | None = None
    # None: the rate of the contract itself.
    interest_bp: int | None = None
    share_bp: int = 10_000
    record_cap_fen: int | None = None
    case_cap_fen: int | None = None
    applicant_cap_fen: int | None = None
    budget_fen: int | None = None
    budget_at: str = BudgetMoment.SUBMIT.value
    promise_days: int = 10
    publicity_days: int = 5
    people: dict[str, list[int]] = {}
    materials: tuple[Material, ...] = ()
    questions: tuple[Question, ...] = ()

    def question(self, code: str) -> Question | None:
        """Return a question by its code."""
        return next((q for q in self.questions if q.code == code), None)

    def uploads(self) -> dict[str, str]:
        """Return what is uploaded, by code: materials and the questions that ask for a file."""
        asked = {q.code: q.title for q in self.questions if q.kind == QuestionKind.FILE}
        return {m.code: m.name for m in self.materials} | asked


@lru_cache(maxsize=64)
def _parsed(version_id: int, text: str) -> Definition:
    return Definition.model_validate_json(text)


def of_version(session: Session, version_id: int) -> Definition:
    """Return a published definition; it never changes, so it is parsed once."""
    version = session.get_one(PolicyVersion, version_id)
    return read(version)


def dropped_uploads(session: Session, version_id: int) -> dict[str, str]:
    """Return what earlier versions of a policy had uploaded and this one has not, by code, as it was called last."""
    now = session.get_one(PolicyVersion, version_id)
    if now.number <= 1:
        return {}
    earlier = select(PolicyVersion).where(
        PolicyVersion.policy_id == now.policy_id, PolicyVersion.number < now.number
    )
    found: dict[str, str] = {}
    for version in session.exec(earlier.order_by(col(PolicyVersion.number))):
        found |= read(version).uploads()
    return {code: name for code, name in found.items() if code not in read(now).uploads()}


def read(version: PolicyVersion) -> Definition:
    """Return the definition of a version."""
    import json

    return _parsed(version.id or 0, json.dumps(version.definition, sort_keys=True))


# --- windows ------------------------------------------------------------------------------------------


def window(opens: datetime | None, closes: datetime | None, now: datetime | None = None) -> WindowState:
    """Return how a window stands at a moment (now): it is open from its first moment to just before its last."""
    if opens is None or closes is None:
        return WindowState.UNSET
    now = now or clock.now()
    if now < clock.aware(opens):
        return WindowState.COMING
    return WindowState.OPEN if now < clock.aware(closes) else WindowState.PAST


def ends(moment: datetime | None) -> str:
    """Return when a window ends as offices say it: midnight is 24:00 of the day before."""
    text = clock.local(moment)
    if moment is None or not text.endswith(" 00:00"):
        return text
    return clock.local_date(clock.aware(moment) - timedelta(minutes=1)) + " 24:00"


def window_text(opens: datetime | None, closes: datetime | None) -> str:
    """Return a window as screens show it."""
    return f"{clock.local(opens)} 至 {ends(closes)}" if opens and closes else "时间待定"


def days_left(closes: datetime | None) -> str:
    """Return how long a window is still open."""
    if closes is None:
        return ""
    left = clock.aware(closes) - clock.now()
    if left.total_seconds() <= 0:
        return ""
    if left.days:
        return f"还剩 {left.days} 天"
    hours = int(left.total_seconds() // 3600)
    return f"还剩 {hours} 小时" if hours else f"还剩 {max(1, int(left.total_seconds() // 60))} 分钟"


def closed_sentence(policy: Policy, now: datetime | None = None) -> str:
    """Return why nobody can apply at a moment (now), empty while the window is open."""
    if policy.stopped_at:
        return f"政策已于 {clock.local(policy.stopped_at)} 停止受理：{policy.stop_reason}"
    state = window(policy.opens_at, policy.closes_at, now)
    if state is WindowState.COMING:
        return f"申报将于 {clock.local(policy.opens_at)} 开始"
    if state is WindowState.PAST:
        return f"申报已于 {ends(policy.closes_at)} 截止"
    return "" if state is WindowState.OPEN else "申报时间待定，请关注平台通知"


# --- words --------------------------------------------------------------------------------------------


def who_text(d: Definition) -> str:
    """Return who may apply, in words."""
    classes = [OrgClass.label_of(c) for c in d.classes]
    kinds = [Kind.label_of(k) for k in d.kinds if not any(c in d.classes for c in CLASSES[Kind(k)])]
    return "、".join([*kinds, *classes]) or "全部认证用户"


def admits(d: Definition, kind: str | None, org_class: str | None) -> bool:
    """Tell whether a kind and class of organisation may apply."""
    if not d.kinds and not d.classes:
        return True
    if org_class in d.classes:
        return True
    # A kind that has none of its classes named is meant whole.
    named = {KIND_OF[OrgClass(c)] for c in d.classes}
    return kind in d.kinds and Kind(kind) not in named


def rule_text(d: Definition) -> str:
    """Return how the amount follows, in words."""
    if d.rule == AmountRule.FIXED:
        text = f"每件 {wan(d.fixed_fen)} 万元"
    elif d.rule == AmountRule.PERCENT:
        question = d.question(d.base_question)
        what = (question.title if question else "") if d.base == AmountBase.ANSWER else "所选记录金额"
        text = f"{what} × {percent(d.percent_bp)}%"
    else:
        rate = f"{percent(d.interest_bp)}%" if d.interest_bp is not None else "合同年利率"
        share = f" × {percent(d.share_bp)}%" if d.share_bp != 10_000 else ""
        text = f"本金 × {rate} × 天数 ÷ 360{share}"
        text += f"，贴息期间 {d.interest_from} 至 {d.interest_to}"
        # The loan book knows no day of repayment.
        text += "，天数算至借据到期日，提前还款的由审核核减"
    return "；".join([text, *cap_texts(d)])


def cap_texts(d: Definition) -> list[str]:
    """Return the limits, in words."""
    caps = [
        ("每笔", d.record_cap_fen),
        ("每件", d.case_cap_fen),
        ("每个申请单位合计", d.applicant_cap_fen),
    ]
    return [f"{what}最高 {measure(wan(cap), '万元')}" for what, cap in caps if cap is not None]


def records_text(d: Definition) -> str:
    """Return which records are chosen, in words; empty where none are."""
    if not d.source:
        return ""
    since = f"，日期不早于 {d.record_from}" if d.record_from else ""
    dates = since + (f"，日期不晚于 {d.record_to}" if d.record_to else "")
    dates += "".join(f"，{text}" for text in policy_sorts.texts(d.sorts))
    return (
        f"须选取 {d.record_least}–{d.record_most} 笔已备案的{RecordSource.label_of(d.source)}记录"
        f"（{RecordSide.label_of(d.side)}{dates}），每笔记录同一政策只能使用一次"
    )
