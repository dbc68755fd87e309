"""The form of 政策管理: a policy written without programming, and the definition that it becomes (manual §8).

A draft is `{"values": {...}, "materials": [codes], "questions": [codes], "seq": n}`; a material's controls are named
`m_<code>_<part>`, a question's `q_<code>_<part>`, so that adding a row moves nothing.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import field_validator

from cpegi_app.errors import FormInvalid
from cpegi_app.services import conditions, policy_base, policy_formats, policy_sorts
from cpegi_app.services.forms import (
    Codes,
    Day,
    Form,
    Number,
    Text,
    Whole,
    Widget,
    half_width,
    input_field,
)
from cpegi_app.services.policy_template import KEPT
from cpegi_app.vocabulary import Kind, OrgClass
from cpegi_app.vocabulary.policy import (
    AmountBase,
    AmountRule,
    BudgetMoment,
    PolicyCategory,
    PolicyStage,
    RecordSide,
    RecordSource,
)

BASIC, WINDOW, WHO = "基本信息", "申报与兑现时间", "适用对象"
RECORDS, AMOUNT, HANDLING = "备案记录", "奖补金额与预算", "办理"
MOST_ROWS = 15
# As many uploads stand on one application.
MOST_FILES = 20
F, W = input_field, Widget
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def _sort(code: str) -> Any:
    """Declare the field of a way of telling records apart."""
    sort = policy_sorts.BY_CODE[code]
    source = RecordSource.label_of(sort.source)
    title = f"{source}：{sort.title.removeprefix(source)}"
    return F(title, RECORDS, widget=W.CHECKS, options=sort.options, required=False, help="不选表示不限")


class PolicyForm(Form):
    """A policy (domain.md §10); amounts in 万元, rates in per cent."""

    name: Text = F("政策名称", BASIC, max_len=100, wide=True)
    category: Text = F("政策类别", BASIC, widget=W.SELECT, options=PolicyCategory)
    document_no: Text = F("依据文号", BASIC, max_len=100, help="例如：郑政文〔2026〕12号")
    summary: Text = F("奖补内容", BASIC, widget=W.AREA, max_len=2000)
    basis: Text = F("政策依据与说明", BASIC, widget=W.AREA, required=False, max_len=5000)
    department: Text = F("受理部门", BASIC, max_len=60)
    phone: Text = F("联系电话", BASIC, max_len=40)
    opens_on: Day = F("申报开始日期", WINDOW, widget=W.DATE)
    opens_time: Text = F(
        "开始时间", WINDOW, required=False, max_len=5, help="24 小时制，例如 09:00；不填为当日 00:00"
    )
    closes_on: Day = F("申报截止日期", WINDOW, widget=W.DATE)
    closes_time: Text = F("截止时间", WINDOW, required=False, max_len=5, help="例如 17:30；不填为当日 24:00")
    redeem_opens_on: Day = F("兑现开始日期", WINDOW, widget=W.DATE, required=False, help="可以以后再定")
    redeem_closes_on: Day = F("兑现截止日期", WINDOW, widget=W.DATE, required=False)
    kinds: Codes = F(
        "机构类型",
        WHO,
        widget=W.CHECKS,
        options=Kind,
        help="可多选；须至少选择机构类型或机构类别之一",
        required=False,
    )
    classes: Codes = F(
        "机构类别",
        WHO,
        widget=W.CHECKS,
        options=OrgClass,
        required=False,
        help="不选表示所选机构类型的全部类别",
    )
    most: Whole = F("每个单位最多申请", WHO, widget=W.NUMBER, unit="件", low=1, high=99)
    source: Text = F(
        "选取的记录",
        RECORDS,
        widget=W.SELECT,
        options=RecordSource,
        required=False,
        help="不需要选取记录可不填",
    )
    side: Text = F("由谁选取", RECORDS, widget=W.SELECT, options=RecordSide, required=False)
    record_from: Day = F("记录日期从", RECORDS, widget=W.DATE, required=False, help="放款日期或到账日期")
    record_to: Day = F("记录日期至", RECORDS, widget=W.DATE, required=False)
    record_least: Whole = F("最少选取", RECORDS, widget=W.NUMBER, unit="笔", low=1, high=200, required=False)
    record_most: Whole = F("最多选取", RECORDS, widget=W.NUMBER, unit="笔", low=1, high=200, required=False)
    loan_lenders: Codes = _sort("loan_lenders")
    loan_guarantees: Codes = _sort("loan_guarantees")
    loan_classes: Codes = _sort("loan_classes")
    loan_first: Codes = _sort("loan_first")
    loan_channels: Codes = _sort("loan_channels")
    invest_rounds: Codes = _sort("invest_rounds")
    invest_modes: Codes = _sort("invest_modes")
    rule: Text = F("计算方式", AMOUNT, widget=W.SELECT, options=AmountRule)
    fixed: Number = F(
        "固定金额", AMOUNT, widget=W.NUMBER, unit="万元", low=0.01, high=999_999, required=False
    )
    percent: Number = F("比例", AMOUNT, widget=W.NUMBER, unit="%", low=0.01, high=100, required=False)
    base: Text = F("比例的基数", AMOUNT, widget=W.SELECT, options=AmountBase, required=False)
    base_question: Text = F(
        "基数取自问题",
        AMOUNT,
        required=False,
        max_len=60,
        help="从“附加问题”的数字问题中选取，须为必填，单位为元或万元",
    )
    interest_from: Day = F("贴息期间从", AMOUNT, widget=W.DATE, required=False)
    interest_to: Day = F("贴息期间至", AMOUNT, widget=W.DATE, required=False)
    interest: Number = F(
        "贴息年利率",
        AMOUNT,
        widget=W.NUMBER,
        unit="%",
        low=0.01,
        high=36,
        required=False,
        help="不填按合同年利率",
    )
    share: Number = F(
        "贴息比例",
        AMOUNT,
        widget=W.NUMBER,
        unit="%",
        low=0.01,
        high=100,
        required=False,
        help="利息的百分之几，不填为 100",
    )
    record_cap: Number = F(
        "每笔上限", AMOUNT, widget=W.NUMBER, unit="万元", low=0.01, high=999_999, required=False
    )
    case_cap: Number = F(
        "每件上限", AMOUNT, widget=W.NUMBER, unit="万元", low=0.01, high=999_999, required=False
    )
    applicant_cap: Number = F(
        "每个单位合计上限", AMOUNT, widget=W.NUMBER, unit="万元", low=0.01, high=999_999, required=False
    )
    budget: Number = F(
        "预算总额",
        AMOUNT,
        widget=W.NUMBER,
        unit="万元",
        low=0.01,
        high=9_999_999,
        required=False,
        help="不填为不限",
    )
    budget_at: Text = F("预算占用时点", AMOUNT, widget=W.SELECT, options=BudgetMoment)
    promise_days: Whole = F("承诺办理时限", HANDLING, widget=W.NUMBER, unit="个工作日", low=1, high=365)
    publicity_days: Whole = F("公示天数", HANDLING, widget=W.NUMBER, unit="天", low=1, high=90)

    @field_validator("opens_time", "closes_time", mode="after")
    @classmethod
    def _hour(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = half_width(value)
        if not _TIME.fullmatch(value):
            raise ValueError("请填写时间，格式如 09:00")
        return value


SPECS = {s.name: s for s in PolicyForm.specs()}
STAGES = (PolicyStage.FORMAL, PolicyStage.BUSINESS, PolicyStage.REDEMPTION, PolicyStage.FINANCE)
PEOPLE = tuple(f"people_{s.value}" for s in STAGES)
MATERIAL_PARTS = ("name", "required", "formats", "note")
QUESTION_PARTS = ("title", "kind", "required", "unit", "low", "high", "options", "note")
# What a new policy begins with (ours).
DEFAULTS = {
    "most": "1",
    "budget_at": BudgetMoment.SUBMIT.value,
    "promise_days": "10",
    "publicity_days": "5",
    "side": RecordSide.EITHER.value,
    "record_least": "1",
    "record_most": "50",
}


def fresh() -> dict[str, Any]:
    """Return the draft of a new policy: every condition is free until one is stated."""
    values = conditions.free_the_rest({})
    return {
        "values": values | DEFAULTS,
        "materials": [],
        "questions": [],
        **{what: {} for what in KEPT},
        "seq": 0,
    }


def names(draft: dict[str, Any]) -> frozenset[str]:
    """Return the names of all controls that a draft's page has."""
    found = set(PolicyForm.model_fields) | set(conditions.names()) | set(PEOPLE)
    found |= {f"m_{code}_{part}" for code in draft["materials"] for part in MATERIAL_PARTS}
    return frozenset(found | {f"q_{code}_{part}" for code in draft["questions"] for part in QUESTION_PARTS})


def values_of(draft: dict[str, Any]) -> dict[str, str]:
    """Return what a draft's controls show; the formats of a material that says nothing are the usual ones.

    The question that gives the base is named by its code.
    """
    values = draft["values"]
    silent = [code for code in draft["materials"] if not values.get(f"m_{code}_formats")]
    usual = {f"m_{code}_formats": policy_formats.stated(values, f"m_{code}_") for code in silent}
    base = {policy_base.NAME: policy_base.code_of(draft)}
    return values | base | {name: ",".join(formats) for name, formats in usual.items()}


def titles(draft: dict[str, Any]) -> dict[str, str]:
    """Return what the controls are called, for the list of mistakes."""
    found = {s.name: s.title for s in SPECS.values()}
    for number, code in enumerate(draft["materials"], 1):
        found |= {f"m_{code}_{part}": f"材料 {number}" for part in MATERIAL_PARTS}
    for number, code in enumerate(draft["questions"], 1):
        found |= {f"q_{code}_{part}": f"问题 {number}" for part in QUESTION_PARTS}
    return found


def with_row(draft: dict[str, Any], what: str) -> dict[str, Any]:
    """Return the draft with one more material or question."""
    if len(draft[what]) >= MOST_ROWS:
        raise FormInvalid({"form": f"最多 {MOST_ROWS} 项，请合并或删除不需要的项。"})
    seq = int(draft["seq"]) + 1
    code = f"{what[0]}{seq}"
    prefix = what[0]
    extra = {f"{prefix}_{code}_required": "YES"}
    return {**draft, what: [*draft[what], code], "seq": seq, "values": draft["values"] | extra}


def without_row(draft: dict[str, Any], code: str) -> dict[str, Any]:
    """Return the draft without a material or question."""
    changed = draft["values"] | policy_base.let_go(draft, code)
    values = {k: v for k, v in changed.items() if not k.startswith((f"m_{code}_", f"q_{code}_"))}
    kept = {what: [c for c in draft[what] if c != code] for what in ("materials", "questions")}
    files = {what: {k: v for k, v in draft.get(what, {}).items() if k != code} for what in KEPT}
    return {**draft, **kept, **files, "values": values}
