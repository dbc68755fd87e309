"""Enterprise scale (工信部联企业〔2011〕300号): X staff, Y revenue 万元, Z assets 万元."""

from __future__ import annotations

from decimal import Decimal

from cpegi_app.vocabulary import Scale, ScaleIndustry

_I = ScaleIndustry
# Minimums of large, medium and small as (X, Y, Z); None: not asked. Below small is micro.
Minimum = tuple[int | None, int | None, int | None]
TABLE: dict[ScaleIndustry, tuple[Minimum, Minimum, Minimum]] = {
    _I.AGRICULTURE: ((None, 20000, None), (None, 500, None), (None, 50, None)),
    _I.MANUFACTURING: ((1000, 40000, None), (300, 2000, None), (20, 300, None)),
    _I.CONSTRUCTION: ((None, 80000, 80000), (None, 6000, 5000), (None, 300, 300)),
    _I.WHOLESALE: ((200, 40000, None), (20, 5000, None), (5, 1000, None)),
    _I.RETAIL: ((300, 20000, None), (50, 500, None), (10, 100, None)),
    _I.TRANSPORT: ((1000, 30000, None), (300, 3000, None), (20, 200, None)),
    _I.WAREHOUSE: ((200, 30000, None), (100, 1000, None), (20, 100, None)),
    _I.POST: ((1000, 30000, None), (300, 2000, None), (20, 100, None)),
    _I.HOTEL: ((300, 10000, None), (100, 2000, None), (10, 100, None)),
    _I.CATERING: ((300, 10000, None), (100, 2000, None), (10, 100, None)),
    _I.TELECOM: ((2000, 100000, None), (100, 1000, None), (10, 100, None)),
    _I.SOFTWARE: ((300, 10000, None), (100, 1000, None), (10, 50, None)),
    _I.REAL_ESTATE: ((None, 200000, 10000), (None, 1000, 5000), (None, 100, 2000)),
    _I.PROPERTY: ((1000, 5000, None), (300, 1000, None), (100, 500, None)),
    _I.LEASING_BUSINESS: ((300, None, 120000), (100, None, 8000), (10, None, 100)),
    _I.OTHER: ((300, None, None), (100, None, None), (10, None, None)),
}


def scale(
    industry: ScaleIndustry, staff: int | None, revenue: Decimal | None, assets: Decimal | None
) -> Scale | None:
    """Return the scale; a tier needs all its minimums, else one tier down; None when a figure is missing."""
    tiers = TABLE[industry]
    asked = tiers[0]
    figures = (staff, revenue, assets)
    if any(a is not None and f is None for a, f in zip(asked, figures, strict=True)):
        return None
    for tier, minimum in zip((Scale.LARGE, Scale.MEDIUM, Scale.SMALL), tiers, strict=True):
        if all(m is None or (f is not None and f >= m) for m, f in zip(minimum, figures, strict=True)):
            return tier
    return Scale.MICRO
