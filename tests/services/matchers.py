"""What the tests of matching share: profiles and conditions by chance, and a plain evaluation of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hypothesis import strategies as st

from cpegi_app.dimensions import DIMENSIONS

MONEY = ("revenue", "revenue_prev", "tax", "assets", "liabilities", "current_assets", "current_liabilities",
         "research", "debt_outstanding")  # fmt: skip
COUNTS = ("profit_years", "staff", "insured", "patents", "ip_total")
# Narrow on purpose: limits and figures meet often.
cents = st.integers(0, 3000).map(lambda n: f"{Decimal(n) / 10:f}")
signed = st.integers(-500, 3000).map(lambda n: f"{Decimal(n) / 10:f}")
SETS = {d.code: [m.value for m in d.options] for d in DIMENSIONS if d.options}


def _optional(strategy: Any) -> Any:
    return st.one_of(st.just(""), strategy, strategy, strategy)


profiles = st.fixed_dictionaries(
    {name: _optional(cents) for name in MONEY}
    | {"net_profit": _optional(signed)}
    | {name: _optional(st.integers(0, 40).map(str)) for name in COUNTS}
    | {c: _optional(st.sampled_from(o)) for c, o in SETS.items() if c != "qualifications"}
    | {
        "qualifications": st.just("NONE")
        | st.sets(st.sampled_from(SETS["qualifications"])).map(lambda s: ",".join(sorted(s)))
    }
    | {d.code: _optional(st.sampled_from(["YES", "NO"])) for d in DIMENSIONS if d.kind == "yes"}
    | {"established_on": _optional(st.dates(date(2019, 1, 1), date(2026, 11, 26)).map(str))}
)
ends = st.integers(-100, 3000).map(lambda n: f"{Decimal(n) / 10:f}")


def _range(ends: Any) -> Any:
    both = st.tuples(ends, ends).map(
        lambda t: dict(zip(("low", "high"), sorted(t, key=Decimal), strict=True))
    )
    return st.one_of(ends.map(lambda n: {"low": n}), ends.map(lambda n: {"high": n}), both)


def _limit(d: Any) -> Any:
    if d.kind == "set":
        return st.sets(st.sampled_from(SETS[d.code]), min_size=1).map(lambda s: {"set": sorted(s)})
    if d.kind == "yes":
        return st.booleans().map(lambda b: {"yes": b})
    return _range(ends)


limits = {d.code: _limit(d) for d in DIMENSIONS}
# Few conditions at a time, or nothing would ever fit.
stated = st.lists(st.sampled_from(sorted(limits)), max_size=4, unique=True).flatmap(
    lambda codes: st.fixed_dictionaries({c: limits[c] for c in codes})
)


# --- told once more, as a clerk would reckon it -------------------------------------------------------


def _figure(p: Mapping[str, str], name: str) -> Decimal | None:
    return Decimal(p[name]) if p.get(name) else None


def _share(p: Mapping[str, str], top: str, bottom: str, factor: int) -> Decimal | None:
    a, b = _figure(p, top), _figure(p, bottom)
    return None if a is None or not b else (a / b * factor).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def _growth(p: Mapping[str, str]) -> Decimal | None:
    now, before = _figure(p, "revenue"), _figure(p, "revenue_prev")
    if now is None or not before:
        return None
    return ((now - before) / before * 100).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def months(born: date, on: date) -> int:
    """Count whole months one by one."""
    count = 0
    while True:
        year, month = divmod(born.month + count, 12)
        # The day itself may be missing from the month; then only the next month completes it.
        if (born.year + year, month + 1, born.day) > (on.year, on.month, on.day):
            return count
        count += 1


def plain(code: str, c: Mapping[str, Any], p: Mapping[str, str], on: date) -> bool | None:
    """Say whether a condition is met, None when data are missing."""
    ratios = {
        "debt_ratio": lambda: _share(p, "liabilities", "assets", 100),
        "current_ratio": lambda: _share(p, "current_assets", "current_liabilities", 1),
        "research_ratio": lambda: _share(p, "research", "revenue", 100),
        "revenue_growth": lambda: _growth(p),
    }
    if "set" in c:
        return bool(set(p[code].split(",")) & set(c["set"])) if p.get(code) else None
    if "yes" in c:
        return (p[code] == "YES") is c["yes"] if p.get(code) else None
    if code == "age":
        born = p.get("established_on")
        value = Decimal(months(date.fromisoformat(born), on)) if born else None
    else:
        value = ratios[code]() if code in ratios else _figure(p, code)
    if value is None:
        return None
    return Decimal(c.get("low", "-1e9")) <= value <= Decimal(c.get("high", "1e9"))


def verdict(conditions: Mapping[str, Any], p: Mapping[str, str], on: date) -> bool | None:
    """Say whether all conditions are met: false where one is missed, else None where data are missing."""
    found = [plain(code, c, p, on) for code, c in conditions.items()]
    return False if False in found else None if None in found else True
