"""授信条件's dimensions, each declared once (manual §4.1, domain.md §6).

A line of DIMENSIONS gives the editor's row, the column of the facts and of the limits, the comparison in SQL and in
Python, the advice and every text. Another dimension is another line, and `make migration` for its columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from cpegi_app import clock
from cpegi_app.vocabulary import (
    NO_QUALIFICATION,
    Industry,
    OwnerType,
    Qualification,
    Region,
    Scale,
    TaxRating,
    Term,
    YesNo,
)

Profile = Mapping[str, str]
Figure = Decimal | str | frozenset[str] | bool | None
Condition = Mapping[str, Any]
CENT = Decimal("0.01")
# Beyond this a figure is a slip of the pen, and its column would overflow: it counts as missing.
ABSURD = 2**62
# The column holds integers: 分, 0.01 %, 0.01 times, pieces.
FACTORS = {"万元": 1_000_000, "%": 100, "倍": 100}
# What is counted comes whole.
WHOLE = ("月", "年", "人", "件")
# Between zero and these a limit makes sense; a larger one has the wrong unit.
MOST = {"万元": 99_999_999, "%": 10_000, "倍": 10_000, "月": 2_400, "年": 100, "人": 9_999_999, "件": 999_999}
# A month and a day as one number, so that ages compare as integers.
MONTH = 32


def number(profile: Profile, name: str) -> Decimal | None:
    """Return a figure of the profile, None when it is missing or absurd."""
    try:
        value = Decimal(profile[name]) if profile.get(name) else None
    except InvalidOperation:
        return None
    # Beyond thirteen digits before the point, as fast for 1e999999999.
    return value if value is not None and value.is_finite() and value.adjusted() < 13 else None


def _plain(name: str) -> Callable[[Profile], Figure]:
    return lambda p: number(p, name)


def _ratio(top: str, bottom: str, factor: int = 100) -> Callable[[Profile], Figure]:
    def figure(p: Profile) -> Figure:
        a, b = number(p, top), number(p, bottom)
        return (a / b * factor).quantize(CENT) if a is not None and b else None

    return figure


def _growth(p: Profile) -> Figure:
    now, before = number(p, "revenue"), number(p, "revenue_prev")
    return ((now - before) / before * 100).quantize(CENT) if now is not None and before else None


def _code(name: str) -> Callable[[Profile], Figure]:
    return lambda p: p.get(name) or None


def _codes(name: str) -> Callable[[Profile], Figure]:
    # Who states to have none has none; who states nothing may have any.
    return lambda p: frozenset(p[name].split(",")) - {NO_QUALIFICATION} if p.get(name) else None


def _yes(name: str) -> Callable[[Profile], Figure]:
    return lambda p: {"YES": True, "NO": False}.get(p.get(name, ""))


def _since(p: Profile) -> int | None:
    try:
        return day_key(date.fromisoformat(p.get("established_on", "")))
    except ValueError:
        return None


def day_key(day: date) -> int:
    """Return a day as a number of which whole months are MONTH apart."""
    return (day.year * 12 + day.month) * MONTH + day.day


# --- what would be enough -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Lever:
    """One way to come within a limit: its sentence, how much it takes, and what the profile then says."""

    side: Literal["low", "high"]
    text: str
    need: Callable[[Profile, Decimal], Decimal | None]
    then: Callable[[Profile, Decimal], dict[str, Decimal]]
    step: Decimal = Decimal("0.1")


ONE = Decimal(1)


def _n(p: Profile, name: str) -> Decimal:
    return number(p, name) or Decimal(0)


def _more(name: str, text: str, step: Decimal = Decimal("0.1")) -> Lever:
    """Raise a stated figure to its lower limit."""
    return Lever(
        "low", text, lambda p, limit: limit - _n(p, name), lambda p, x: {name: _n(p, name) + x}, step
    )


def _less(name: str, text: str) -> Lever:
    """Bring a stated figure down to its upper limit."""
    return Lever("high", text, lambda p, limit: _n(p, name) - limit, lambda p, x: {name: _n(p, name) - x})


def _repaid(p: Profile, limit: Decimal) -> Decimal | None:
    """Repaying takes as much off the assets as off the debts: (L − x) / (A − x) ≤ limit."""
    assets, debts, share = _n(p, "assets"), _n(p, "liabilities"), limit / 100
    return (debts - share * assets) / (1 - share) if debts < assets and 0 <= share < 1 else None


def _after_repaying(p: Profile, x: Decimal) -> dict[str, Decimal]:
    then = {"liabilities": _n(p, "liabilities") - x, "assets": _n(p, "assets") - x}
    # What is left bounds what of it is current.
    current = number(p, "current_assets")
    return then if current is None else then | {"current_assets": min(current, then["assets"])}


REPAY = Lever("high", "偿还负债 ≥ {x} 万元", _repaid, _after_repaying)
EQUITY = Lever(
    "high",
    "新增权益 ≥ {x} 万元",
    lambda p, limit: _n(p, "liabilities") / (limit / 100) - _n(p, "assets") if limit > 0 else None,
    lambda p, x: {"assets": _n(p, "assets") + x},
)
SELL_MORE = Lever(
    "low",
    "营业收入再增加 ≥ {x} 万元",
    lambda p, limit: _n(p, "revenue_prev") * (1 + limit / 100) - _n(p, "revenue"),
    lambda p, x: {"revenue": _n(p, "revenue") + x},
)
RESEARCH = Lever(
    "low",
    "研发费用再增加 ≥ {x} 万元",
    lambda p, limit: _n(p, "revenue") * limit / 100 - _n(p, "research"),
    lambda p, x: {"research": _n(p, "research") + x},
)
LIQUID = Lever(
    "low",
    "新增流动资产 ≥ {x} 万元",
    lambda p, limit: _n(p, "current_liabilities") * limit - _n(p, "current_assets"),
    lambda p, x: (
        {"current_assets": _n(p, "current_assets") + x}
        | ({"assets": _n(p, "assets") + x} if p.get("assets") else {})
    ),
)
LONG_TERM = Lever(
    "low",
    "将 ≥ {x} 万元流动负债转为长期负债",
    lambda p, limit: _n(p, "current_liabilities") - _n(p, "current_assets") / limit if limit > 0 else None,
    lambda p, x: {"current_liabilities": _n(p, "current_liabilities") - x},
)


# --- the dimensions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dimension:
    """One dimension: its unit, its kind, where an enterprise's figure comes from, and how it may change."""

    code: str
    label: str
    kind: Literal["range", "set", "yes"]
    computed: Callable[[Profile], Figure]
    unit: str = ""
    options: type[Term] | None = None
    # The fields of the profile that it is made of, and how.
    sources: tuple[str, ...] = ()
    formula: str = ""
    # Whether the figure may be below zero.
    signed: bool = False
    # Whose date the figure bears: the fiscal year's, the approved profile's, or today's.
    dated: Literal["year", "profile", "today"] = "profile"
    levers: tuple[Lever, ...] = ()
    # What an enterprise can do to have one of the set, or a yes; empty: nothing.
    remedy: str = ""
    # Whether an enterprise has several of the set: one of those asked for is enough.
    many: bool = False

    @property
    def span(self) -> tuple[int, int]:
        """Return between which figures a limit makes sense."""
        most = MOST[self.unit]
        return (-most if self.signed else 0), most

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the profile's fields behind the figure."""
        return self.sources or (self.code,)

    def figure(self, profile: Profile, on: date | None = None) -> Figure:
        """Return the enterprise's figure as of a day (today), None when data are missing."""
        if self.dated == "today":
            since = _since(profile)
            return None if since is None else Decimal((day_key(on or clock.today()) - since) // MONTH)
        found = self.computed(profile)
        return None if isinstance(found, Decimal) and abs(found) * self.factor >= ABSURD else found

    @property
    def factor(self) -> int:
        """Return how many of the column's integers make one unit."""
        return FACTORS.get(self.unit, 1)

    def mask(self, codes: Iterable[str]) -> int:
        """Return codes of the set as bits, in the order of declaration; unknown ones are none."""
        listed = [m.value for m in self.options or YesNo]
        return sum(1 << listed.index(c) for c in set(codes) if c in listed)

    def stored(self, profile: Profile) -> int | None:
        """Return the figure as its column holds it; an age as the day from which it counts."""
        if self.dated == "today":
            return _since(profile)
        found = self.figure(profile)
        if found is None:
            return None
        if isinstance(found, Decimal):
            return int(found * self.factor)
        if isinstance(found, bool):
            return self.mask(["YES" if found else "NO"])
        return self.mask([found] if isinstance(found, str) else found)

    def present(self, stored: int | None, on: date) -> int | None:
        """Return a column's value in the terms of the limits: an age in months."""
        if stored is None or self.dated != "today":
            return stored
        return (day_key(on) - stored) // MONTH

    def limits(self, c: Condition | None) -> tuple[int | None, int | None]:
        """Return a range's limits as integers, rounded so that integers within them are the figures within."""
        if self.kind != "range" or not c or c.get("any"):
            return None, None
        low, high = (Decimal(str(c[k])) * self.factor if k in c else None for k in ("low", "high"))
        return (
            None if low is None else int(low.to_integral_value("ROUND_CEILING")),
            None if high is None else int(high.to_integral_value("ROUND_FLOOR")),
        )

    def bounds(self, c: Condition | None, on: date) -> tuple[int | None, int | None]:
        """Return a range's limits in the terms of the column: for an age, between which days it began."""
        low, high = self.limits(c)
        if self.dated != "today":
            return low, high
        today = day_key(on)
        return (
            None if high is None else today - MONTH * (high + 1) + 1,
            None if low is None else today - MONTH * low,
        )

    def allowed(self, c: Condition | None) -> int | None:
        """Return the allowed members as bits, None when nothing is restricted."""
        if self.kind == "range" or not c or c.get("any"):
            return None
        return self.mask(c["set"] if "set" in c else ["YES" if c["yes"] else "NO"])


Y, P, T = "year", "profile", "today"
D = Dimension
ALL = "取得其中任一项后，在“企业认证”中更新资料"
CLEAR = "处理完毕后，在“企业认证”中更新资料"
DIMENSIONS: tuple[Dimension, ...] = (
    D("revenue", "年营业收入", "range", _plain("revenue"), "万元", dated=Y,
      levers=(_more("revenue", "年营业收入再增加 ≥ {x} 万元"),)),
    D("revenue_growth", "营业收入增长率", "range", _growth, "%", dated=Y, signed=True, sources=("revenue", "revenue_prev"),
      formula="（本年营业收入 − 上年营业收入）÷ 上年营业收入", levers=(SELL_MORE,)),
    D("net_profit", "净利润", "range", _plain("net_profit"), "万元", dated=Y, signed=True,
      levers=(_more("net_profit", "净利润再增加 ≥ {x} 万元"),)),
    D("profit_years", "连续盈利年数", "range", _plain("profit_years"), "年",
      levers=(_more("profit_years", "再连续盈利 ≥ {x} 年", ONE),)),
    D("tax", "年纳税额", "range", _plain("tax"), "万元", dated=Y,
      levers=(_more("tax", "年纳税额再增加 ≥ {x} 万元"),)),
    D("tax_rating", "纳税信用等级", "set", _code("tax_rating"), options=TaxRating, remedy="达到其中任一等级后，在“企业认证”中更新资料"),
    D("age", "成立年限", "range", lambda p: None, "月", dated=T, sources=("established_on",), formula="成立日期至今的整月数"),
    D("debt_ratio", "资产负债率", "range", _ratio("liabilities", "assets"), "%", dated=Y,
      sources=("liabilities", "assets"), formula="负债总额 ÷ 资产总额", levers=(REPAY, EQUITY)),
    D("current_ratio", "流动比率", "range", _ratio("current_assets", "current_liabilities", 1), "倍", dated=Y,
      sources=("current_assets", "current_liabilities"), formula="流动资产 ÷ 流动负债", levers=(LIQUID, LONG_TERM)),
    D("staff", "员工数", "range", _plain("staff"), "人", levers=(_more("staff", "员工再增加 ≥ {x} 人", ONE),)),
    D("insured", "社保人数", "range", _plain("insured"), "人", levers=(_more("insured", "社保参保再增加 ≥ {x} 人", ONE),)),
    D("research_ratio", "研发费用占比", "range", _ratio("research", "revenue"), "%", dated=Y,
      sources=("research", "revenue"), formula="研发费用 ÷ 营业收入", levers=(RESEARCH,)),
    D("patents", "发明专利数", "range", _plain("patents"), "件", levers=(_more("patents", "发明专利再增加 ≥ {x} 件", ONE),)),
    D("ip_total", "知识产权总数", "range", _plain("ip_total"), "件", levers=(_more("ip_total", "知识产权再增加 ≥ {x} 件", ONE),)),
    D("qualifications", "资质", "set", _codes("qualifications"), options=Qualification, remedy=ALL, many=True),
    D("region", "注册地区", "set", _code("region"), options=Region),
    D("industry", "行业", "set", _code("industry"), options=Industry),
    D("scale", "企业规模", "set", _code("scale"), options=Scale, formula="按划型行业、员工数、营业收入和资产总额划型",
      sources=("scale_industry", "staff", "revenue", "assets")),
    D("owner_type", "企业性质", "set", _code("owner_type"), options=OwnerType),
    D("debt_outstanding", "存量融资余额", "range", _plain("debt_outstanding"), "万元",
      levers=(_less("debt_outstanding", "减少存量融资余额 ≥ {x} 万元"),)),
    D("first_loan", "首贷", "yes", _yes("first_loan")),
    D("no_overdue", "无逾期", "yes", _yes("no_overdue"), remedy="结清逾期款项、" + CLEAR),
    D("no_enforcement", "无被执行/失信", "yes", _yes("no_enforcement"), remedy="被执行/失信事项" + CLEAR),
    D("no_penalty", "无行政处罚", "yes", _yes("no_penalty"), remedy="行政处罚" + CLEAR),
)  # fmt: skip
BY_CODE = {d.code: d for d in DIMENSIONS}
# A dimension that is taken out above leaves its label and unit here: old versions of conditions still state it.
RETIRED: dict[str, tuple[str, str]] = {}


def retired(code: str) -> Dimension:
    """Return a dimension that is asked for no more, to show what was stated in it."""
    label, unit = RETIRED.get(code, (code, ""))
    return Dimension(code, f"{label}（已停用的条件）", "range", lambda p: None, unit)


def _sample() -> dict[str, str]:
    """Return a profile with a figure in every field that a dimension reads."""
    found: dict[str, str] = {}
    for d in DIMENSIONS:
        if d.options:
            found[d.code] = next(iter(d.options)).value
        elif d.kind == "yes":
            found[d.code] = "YES"
        elif d.dated == "today":
            found |= dict.fromkeys(d.fields, "2015-03-17")
        else:
            for name in d.fields:
                found.setdefault(name, str(1000 + 37 * len(found)))
    return found


def fingerprint(dimensions: Iterable[Dimension]) -> str:
    """Return what the stored figures depend on: the declarations, and what their formulas make of a sample."""
    sample = _sample()
    parts = [
        (d.code, d.kind, d.unit, [m.value for m in d.options or ()], d.dated, d.fields, d.stored(sample))
        for d in dimensions
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


# Rows written under another layout are written anew when the platform starts.
LAYOUT = fingerprint(DIMENSIONS)
