"""授信条件: typed dimensions, how they are stated, and how they meet an enterprise's figures (manual §4.1, domain.md §6).

A stated condition is a dictionary: {"any": true}, or {"low": "…", "high": "…"}, {"set": [...]}, {"yes": true|false}.
Adding a dimension means adding one line to DIMENSIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel

from cpegi_app import clock
from cpegi_app.errors import FormInvalid
from cpegi_app.services.forms import measure, plain_number
from cpegi_app.vocabulary import Industry, OwnerType, Qualification, Region, Scale, TaxRating, Term

Profile = Mapping[str, str]
Figure = Decimal | str | frozenset[str] | bool | None


def number(profile: Profile, name: str) -> Decimal | None:
    """Return a figure of the profile, None when it is missing."""
    try:
        return Decimal(profile[name]) if profile.get(name) else None
    except InvalidOperation:
        return None


def _plain(name: str) -> Callable[[Profile], Figure]:
    return lambda p: number(p, name)


def _ratio(top: str, bottom: str, factor: int = 100) -> Callable[[Profile], Figure]:
    def figure(p: Profile) -> Figure:
        a, b = number(p, top), number(p, bottom)
        return (a / b * factor).quantize(Decimal("0.01")) if a is not None and b else None

    return figure


def _growth(p: Profile) -> Figure:
    now, before = number(p, "revenue"), number(p, "revenue_prev")
    return ((now - before) / before * 100).quantize(Decimal("0.01")) if now is not None and before else None


def _age_months(p: Profile) -> Figure:
    try:
        since = date.fromisoformat(p.get("established_on", ""))
    except ValueError:
        return None
    today = clock.today()
    return Decimal((today.year - since.year) * 12 + today.month - since.month - (today.day < since.day))


def _code(name: str) -> Callable[[Profile], Figure]:
    return lambda p: p.get(name) or None


def _codes(name: str) -> Callable[[Profile], Figure]:
    return lambda p: frozenset(p[name].split(",")) if p.get(name) else None


def _yes(name: str) -> Callable[[Profile], Figure]:
    return lambda p: {"YES": True, "NO": False}.get(p.get(name, ""))


@dataclass(frozen=True)
class Dimension:
    """One dimension: its unit, its kind, and where an enterprise's figure comes from."""

    code: str
    label: str
    kind: Literal["range", "set", "yes"]
    figure: Callable[[Profile], Figure]
    unit: str = ""
    options: type[Term] | None = None


D = Dimension
DIMENSIONS: tuple[Dimension, ...] = (
    D("revenue", "年营业收入", "range", _plain("revenue"), "万元"),
    D("revenue_growth", "营业收入增长率", "range", _growth, "%"),
    D("net_profit", "净利润", "range", _plain("net_profit"), "万元"),
    D("profit_years", "连续盈利年数", "range", _plain("profit_years"), "年"),
    D("tax", "年纳税额", "range", _plain("tax"), "万元"),
    D("tax_rating", "纳税信用等级", "set", _code("tax_rating"), options=TaxRating),
    D("age", "成立年限", "range", _age_months, "月"),
    D("debt_ratio", "资产负债率", "range", _ratio("liabilities", "assets"), "%"),
    D("current_ratio", "流动比率", "range", _ratio("current_assets", "current_liabilities", 1), "倍"),
    D("staff", "员工数", "range", _plain("staff"), "人"),
    D("insured", "社保人数", "range", _plain("insured"), "人"),
    D("research_ratio", "研发费用占比", "range", _ratio("research", "revenue"), "%"),
    D("patents", "发明专利数", "range", _plain("patents"), "件"),
    D("ip_total", "知识产权总数", "range", _plain("ip_total"), "件"),
    D("qualifications", "资质", "set", _codes("qualifications"), options=Qualification),
    D("region", "注册地区", "set", _code("region"), options=Region),
    D("industry", "行业", "set", _code("industry"), options=Industry),
    D("scale", "企业规模", "set", _code("scale"), options=Scale),
    D("owner_type", "企业性质", "set", _code("owner_type"), options=OwnerType),
    D("debt_outstanding", "存量融资余额", "range", _plain("debt_outstanding"), "万元"),
    D("first_loan", "首贷", "yes", _yes("first_loan")),
    D("no_overdue", "无逾期", "yes", _yes("no_overdue")),
    D("no_enforcement", "无被执行/失信", "yes", _yes("no_enforcement")),
    D("no_penalty", "无行政处罚", "yes", _yes("no_penalty")),
)
BY_CODE = {d.code: d for d in DIMENSIONS}

MET, UNMET, MISSING, FREE = "MET", "UNMET", "MISSING", "FREE"
RESULT_LABELS = {MET: "满足", UNMET: "不满足", MISSING: "数据缺失", FREE: "不限制"}
RESULT_TONES = {MET: "green", UNMET: "red", MISSING: "orange", FREE: "grey"}


def names() -> frozenset[str]:
    """Return the names of all controls of the condition editor."""
    found = set()
    for d in DIMENSIONS:
        parts = {"range": ("free", "low", "high"), "set": ("free", "set"), "yes": ("free", "yes")}[d.kind]
        found |= {f"c_{d.code}_{part}" for part in parts}
    return frozenset(found)


def free_the_rest(data: Mapping[str, str]) -> dict[str, str]:
    """Return the editor's values with 不限制 ticked wherever nothing is stated yet."""
    out = dict(data)
    for d in DIMENSIONS:
        if not any(data.get(f"c_{d.code}_{part}") for part in ("free", "low", "high", "set", "yes")):
            out[f"c_{d.code}_free"] = "yes"
    return out


def parse(data: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return every dimension's stated condition, or raise `FormInvalid`: each one must be stated (manual §4.1)."""
    stated: dict[str, dict[str, Any]] = {}
    errors: dict[str, str] = {}
    for d in DIMENSIONS:
        try:
            stated[d.code] = _parse_one(d, data)
        except ValueError as error:
            errors[f"c_{d.code}"] = str(error)
    if errors:
        raise FormInvalid(errors)
    return stated


def _parse_one(d: Dimension, data: Mapping[str, str]) -> dict[str, Any]:
    name = f"c_{d.code}_"
    if data.get(name + "free") == "yes":
        return {"any": True}
    if d.kind == "set":
        chosen = [v for v in data.get(name + "set", "").split(",") if v]
        if not chosen:
            raise ValueError(f"“{d.label}”请至少选择一项，或勾选“不限制”")
        if d.options is None or any(v not in d.options._value2member_map_ for v in chosen):
            raise ValueError(f"“{d.label}”请从列表中选择")
        return {"set": sorted(set(chosen))}
    if d.kind == "yes":
        if data.get(name + "yes") not in ("YES", "NO"):
            raise ValueError(f"“{d.label}”请选择“是”或“否”，或勾选“不限制”")
        return {"yes": data[name + "yes"] == "YES"}
    low, high = _limit(data.get(name + "low", "")), _limit(data.get(name + "high", ""))
    if low is None and high is None:
        raise ValueError(f"“{d.label}”请填写下限或上限，或勾选“不限制”")
    if low is not None and high is not None and low > high:
        raise ValueError(f"“{d.label}”的下限 {low} 大于上限 {high}，请核对后对调或更正")
    return {k: str(v) for k, v in (("low", low), ("high", high)) if v is not None}


def _limit(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        value = plain_number(text)
    except ValueError:
        raise ValueError("上限和下限请填写数字，例如 65") from None
    if abs(value) >= Decimal("1e10") or value != value.quantize(Decimal("0.01")):
        raise ValueError("数字过大或小数位过多（最多两位），请核对单位")
    return value


def strings(stated: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return stated conditions as the editor's values."""
    out: dict[str, str] = {}
    for code, c in stated.items():
        name = f"c_{code}_"
        if c.get("any"):
            out[name + "free"] = "yes"
        elif "set" in c:
            out[name + "set"] = ",".join(c["set"])
        elif "yes" in c:
            out[name + "yes"] = "YES" if c["yes"] else "NO"
        else:
            out |= {name + k: str(c[k]) for k in ("low", "high") if k in c}
    return out


def show(d: Dimension, c: Mapping[str, Any] | None) -> str:
    """Return a stated condition as a sentence reads it."""
    if not c:
        return "未填写"
    if c.get("any"):
        return "不限制"
    if "set" in c:
        return "、".join(d.options.label_of(v) if d.options else v for v in c["set"])
    if "yes" in c:
        return "要求“是”" if c["yes"] else "要求“否”"
    low, high = c.get("low"), c.get("high")
    if low is not None and high is not None:
        return measure(f"{_n(low)}–{_n(high)}", d.unit)
    return "≥ " + measure(_n(low), d.unit) if low is not None else "≤ " + measure(_n(high), d.unit)


def show_figure(d: Dimension, figure: Figure) -> str:
    """Return an enterprise's figure as a screen shows it."""
    if figure is None:
        return "未提供"
    if isinstance(figure, bool):
        return "是" if figure else "否"
    if isinstance(figure, Decimal):
        return measure(_n(figure), d.unit)
    codes = [figure] if isinstance(figure, str) else sorted(figure)
    return "、".join(d.options.label_of(v) if d.options else v for v in codes)


def evaluate(d: Dimension, c: Mapping[str, Any] | None, figure: Figure) -> str:
    """Return MET, UNMET, MISSING or FREE; missing data never counts as either."""
    if not c or c.get("any"):
        return FREE
    if figure is None:
        return MISSING
    if "set" in c:
        have = {figure} if isinstance(figure, str) else figure
        return MET if isinstance(have, set | frozenset) and have & set(c["set"]) else UNMET
    if "yes" in c:
        return MET if figure is c["yes"] else UNMET
    if not isinstance(figure, Decimal):
        return MISSING
    low, high = c.get("low"), c.get("high")
    fits = (low is None or figure >= Decimal(low)) and (high is None or figure <= Decimal(high))
    return MET if fits else UNMET


class ConditionRow(BaseModel):
    """One condition beside an enterprise's figure."""

    code: str
    label: str
    condition: str
    figure: str
    result: str
    tone: str


def compare(
    stated: Mapping[str, Any], profile: Profile, *, restricted_only: bool = False
) -> list[ConditionRow]:
    """Return every condition with the enterprise's own figure and the result."""
    rows = []
    for d in DIMENSIONS:
        c = stated.get(d.code)
        figure = d.figure(profile)
        result = evaluate(d, c, figure)
        if restricted_only and result == FREE:
            continue
        rows.append(
            ConditionRow(
                code=d.code,
                label=d.label,
                condition=show(d, c),
                figure=show_figure(d, figure),
                result=RESULT_LABELS[result],
                tone=RESULT_TONES[result],
            )
        )
    return rows


def _n(value: Any) -> str:
    return f"{Decimal(str(value)).normalize():,f}"
