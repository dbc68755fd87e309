"""授信条件: typed dimensions, how they are stated, and how they meet an enterprise's figures (manual §4.1, domain.md §6).

A stated condition is a dictionary: {"any": true}, or {"low": "…", "high": "…"}, {"set": [...]}, {"yes": true|false}.
The dimensions themselves are declared in cpegi_app/dimensions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from cpegi_app import clock
from cpegi_app.dimensions import BY_CODE, DIMENSIONS, WHOLE, Dimension, Figure, Profile
from cpegi_app.errors import FormInvalid
from cpegi_app.services import advice
from cpegi_app.services.forms import measure, plain_number
from cpegi_app.services.profile_forms import EnterpriseProfile

__all__ = ["BY_CODE", "DIMENSIONS", "Dimension"]
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


def titles() -> dict[str, str]:
    """Return the condition that each control of the editor states."""
    return {name: BY_CODE[name[2:].rpartition("_")[0]].label for name in sorted(names())}


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
            stated[d.code] = parse_one(d, data)
        except ValueError as error:
            errors[f"c_{d.code}"] = str(error)
    if errors:
        raise FormInvalid(errors)
    return stated


def parse_one(d: Dimension, data: Mapping[str, str]) -> dict[str, Any]:
    """Return one dimension's stated condition, or raise `ValueError` with the sentence."""
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
    _check_sense(d, [v for v in (low, high) if v is not None])
    return {k: str(v) for k, v in (("low", low), ("high", high)) if v is not None}


def _check_sense(d: Dimension, limits: list[Decimal]) -> None:
    least, most = d.span
    if any(not least <= v <= most for v in limits):
        span = measure(f"{least:,}–{most:,}", d.unit)
        raise ValueError(f"“{d.label}”应在 {span}之间，请核对单位")
    if d.unit in WHOLE and any(v % 1 for v in limits):
        raise ValueError(f"“{d.label}”请填写整数")


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
        told = "、".join(d.options.label_of(v) if d.options else v for v in c["set"])
        return f"任一：{told}" if d.many and len(c["set"]) > 1 else told
    if "yes" in c:
        return "须满足" if c["yes"] else "须不满足"
    low, high = c.get("low"), c.get("high")
    if low is not None and high is not None:
        return measure(f"{_n(low)}–{_n(high)}", d.unit)
    return "≥ " + measure(_n(low), d.unit) if low is not None else "≤ " + measure(_n(high), d.unit)


def as_sent(d: Dimension, data: Mapping[str, str]) -> str:
    """Return a condition as an earlier submission stated it; what cannot be read any more reads as not stated."""
    try:
        return show(d, parse_one(d, data))
    except ValueError:
        return show(d, None)


def show_figure(d: Dimension, figure: Figure) -> str:
    """Return an enterprise's figure as a screen shows it."""
    if figure is None:
        return "未提供"
    if isinstance(figure, bool):
        return "是" if figure else "否"
    if isinstance(figure, Decimal):
        return measure(_n(figure), d.unit)
    codes = [figure] if isinstance(figure, str) else sorted(figure)
    return "、".join(d.options.label_of(v) if d.options else v for v in codes) or "无"


def evaluate(d: Dimension, c: Mapping[str, Any] | None, figure: Figure) -> str:
    """Return MET, UNMET, MISSING or FREE; missing data never counts as either."""
    if not c or c.get("any"):
        return FREE
    if figure is None:
        return MISSING
    if "set" in c:
        have = {figure} if isinstance(figure, str) else figure
        return MET if isinstance(have, set | frozenset) and d.mask(have) & d.mask(c["set"]) else UNMET
    if "yes" in c:
        return MET if figure is c["yes"] else UNMET
    if not isinstance(figure, Decimal):
        return MISSING
    low, high = c.get("low"), c.get("high")
    fits = (low is None or figure >= Decimal(low)) and (high is None or figure <= Decimal(high))
    return MET if fits else UNMET


# What limits beside the conditions: the dimension, the product's field and its title.
BESIDE = (("industry", "industries", "适用行业"), ("region", "regions", "适用地区"))


def effective(stated: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
    """Return the conditions with the product's 适用行业 and 适用地区 (`data`), which limit as well."""
    found = dict(stated)
    for code, name, _ in BESIDE:
        suited = {v for v in data.get(name, "").split(",") if v}
        if suited:
            own = (stated.get(code) or {}).get("set")
            found[code] = {"set": sorted(suited & {*own} if own else suited)}
    return found


def apart(stated: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, str]:
    """Return the sentences about conditions that share nothing with 适用行业 or 适用地区: nobody would fit."""
    together = effective(stated, data)
    return {
        f"c_{code}": f"“{BY_CODE[code].label}”与“{title}”没有相同的选项，没有企业能够满足，请修改其中一处"
        for code, _, title in BESIDE
        if (together.get(code) or {}).get("set") == []
    }


class ConditionRow(BaseModel):
    """One condition beside an enterprise's figure, the figure's date, and what would be enough."""

    code: str
    label: str
    condition: str
    figure: str
    result: str
    tone: str
    dated: str = ""
    source: str = ""
    advice: str = ""


def compare(
    stated: Mapping[str, Any],
    profile: Profile,
    *,
    restricted_only: bool = False,
    on: date | None = None,
    profile_on: str = "",
    advise: bool = False,
) -> list[ConditionRow]:
    """Return every condition with the enterprise's own figure and the result, ages as of a day (today).

    `profile_on` is the date of the approved profile, which most figures bear.
    """
    on = on or clock.today()
    rows = []
    for d in DIMENSIONS:
        c = stated.get(d.code)
        figure = d.figure(profile, on)
        result = evaluate(d, c, figure)
        if restricted_only and result == FREE:
            continue
        row = ConditionRow(
            code=d.code,
            label=d.label,
            condition=show(d, c),
            figure=show_figure(d, figure),
            result=RESULT_LABELS[result],
            tone=RESULT_TONES[result],
            source=source(d),
        )
        if result != FREE:
            row.dated = dated(d, profile, profile_on or on.isoformat(), on)
        if advise:
            row.advice = advice.sentence(d, c or {}, profile, result, on)
        rows.append(row)
    return rows


def gap(d: Dimension, c: Mapping[str, Any], figure: Figure) -> str:
    """Return a missed condition in short: 资产负债率 68.2%，上限 65%."""
    limit = show(d, c)
    one_sided = d.kind == "range" and not ("low" in c and "high" in c)
    side = (
        ("上限 " if "high" in c else "下限 ") + limit[2:]
        if one_sided
        else f"要求{limit.removeprefix('要求')}"
    )
    return f"{d.label} {show_figure(d, figure)}，{side}"


def source(d: Dimension) -> str:
    """Return where an enterprise's figure comes from: the part of its approved profile, and how it is worked out."""
    groups = dict.fromkeys(EnterpriseProfile.spec(name).group for name in d.fields)
    place = f"企业认证·{'、'.join(groups)}"
    return f"{d.formula}（{place}）" if d.formula else place


def dated(d: Dimension, profile: Profile, profile_on: str, on: date) -> str:
    """Return the date that a figure bears, as a screen shows it."""
    if d.dated == "year" and profile.get("fiscal_year"):
        return f"{profile['fiscal_year']} 年度"
    return on.isoformat() if d.dated == "today" else f"{profile_on} 认证"


def _n(value: Any) -> str:
    return f"{Decimal(str(value)).normalize():,f}"
