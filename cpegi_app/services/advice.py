"""What would be enough: arithmetic on the enterprise's stated figures, never a promise (domain.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from cpegi_app.dimensions import CENT, MONTH, Dimension, Lever, Profile, day_key
from cpegi_app.services.profile_forms import FORMS, EnterpriseProfile, kind_of

# Said wherever advice is shown.
DISCLAIMER = (
    "以上为按贵单位已认证数据所作的算术测算，各项条件分别计算，不构成授信承诺；是否批准以金融机构审核为准。"
)
OUT_OF_REACH = "不在该产品的范围内，无法通过补充资料满足"


@dataclass(frozen=True)
class Advice:
    """One way to meet a condition: its sentence, and what then stands in the profile, or from which day it holds."""

    text: str
    changes: dict[str, str] = field(default_factory=dict)
    on: date | None = None


def sentence(d: Dimension, c: Mapping[str, Any], profile: Profile, result: str, on: date) -> str:
    """Return what to do about a condition that is not met or lacks data, empty for one that is met."""
    if result == "MISSING":
        return missing(d, profile)
    if result != "UNMET":
        return ""
    ways = [a.text for a in advices(d, c, profile, on)]
    return "，或".join(ways) or OUT_OF_REACH


def missing(d: Dimension, profile: Profile) -> str:
    """Return which fields of the profile have to be filled in."""
    if not set(d.fields) <= set(FORMS[kind_of(profile)].model_fields):
        return "贵单位类别的认证资料不含该项，无法比对"
    wanted = [_title(name) for name in d.fields if not profile.get(name)]
    if not wanted:
        return "已填数据无法计算该指标（分母为 0 或数值异常），请在“企业认证”中核对"
    return "请在“企业认证”中补充：" + "、".join(wanted)


def advices(d: Dimension, c: Mapping[str, Any], profile: Profile, on: date) -> list[Advice]:
    """Return the ways to meet a condition that the figure misses; each of them has been tried and is enough."""
    if d.kind == "set":
        return _members(d, c)
    if d.kind == "yes":
        return [Advice(d.remedy, {d.code: "YES"})] if d.remedy and c["yes"] else []
    if d.dated == "today":
        return _time(d, c, profile, on)
    figure = d.figure(profile, on)
    assert isinstance(figure, Decimal)
    short = "low" if "low" in c and figure < Decimal(c["low"]) else "high"
    found = (_pull(d, lever, c, profile, Decimal(c[short])) for lever in d.levers if lever.side == short)
    return [a for a in found if a]


def _members(d: Dimension, c: Mapping[str, Any]) -> list[Advice]:
    codes = [v for v in c["set"] if d.mask([v])]
    if not d.remedy or not codes or d.options is None:
        return []
    names = "、".join(d.options.label_of(v) for v in codes)
    return [Advice(f"{names}：{d.remedy}", {d.code: codes[0]})]


def _time(d: Dimension, c: Mapping[str, Any], profile: Profile, on: date) -> list[Advice]:
    """Return from which day the enterprise is old enough; nothing makes it younger."""
    low, _ = d.limits(c)
    age = d.figure(profile, on)
    if low is None or not isinstance(age, Decimal) or age >= low:
        return []
    since = d.stored(profile)
    assert since is not None
    day = _day(since + MONTH * low)
    return [Advice(f"再经营 {low - int(age)} 个月，{day.isoformat()} 起满足", on=day)]


def _day(key: int) -> date:
    """Return the first day whose key is not before this one; a month may lack its 31st."""
    months, _ = divmod(key, MONTH)
    year, month = divmod(months - 1, 12)
    found = date(year, month + 1, 1)
    while day_key(found) < key:
        found += timedelta(days=1)
    return found


def _pull(
    d: Dimension, lever: Lever, c: Mapping[str, Any], profile: Profile, limit: Decimal
) -> Advice | None:
    """Return how much of it is enough: the tenth below the exact need if the figure then fits, or the one above."""
    need = lever.need(profile, limit)
    if need is None:
        return None
    below = (need / lever.step).to_integral_value(ROUND_FLOOR) * lever.step
    # Where an upper limit lies within a step of the lower one, to the cent.
    exact = need.quantize(CENT, ROUND_CEILING) if lever.step < 1 else below
    for amount in (below, below + lever.step, exact):
        changes = _tried(d, lever, c, profile, amount)
        if changes:
            return Advice(lever.text.format(x=f"{amount.normalize():,f}"), changes)
    return None


def _tried(
    d: Dimension, lever: Lever, c: Mapping[str, Any], profile: Profile, amount: Decimal
) -> dict[str, str]:
    """Return what the profile then says, nothing when that would not be enough or cannot be."""
    then = lever.then(profile, amount) if amount > 0 else {}
    if not then or any(v < 0 and name not in MAY_BE_NEGATIVE for name, v in then.items()):
        return {}
    changes = {name: f"{v.normalize():f}" for name, v in then.items()}
    return changes if _met(d, c, {**profile, **changes}) else {}


def _met(d: Dimension, c: Mapping[str, Any], profile: Profile) -> bool:
    stored, (low, high) = d.stored(profile), d.limits(c)
    return stored is not None and (low is None or stored >= low) and (high is None or stored <= high)


def _negative() -> frozenset[str]:
    low = {s.name: s.low for s in EnterpriseProfile.specs()}
    return frozenset(name for name, bound in low.items() if bound is not None and bound < 0)


MAY_BE_NEGATIVE = _negative()


def _title(name: str) -> str:
    spec = EnterpriseProfile.spec(name)
    return f"上一年度{spec.title}" if name.endswith("_prev") else spec.title
