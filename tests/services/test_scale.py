"""Enterprise scale by 工信部联企业〔2011〕300号 (domain.md §3)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cpegi_app.services.scale import TABLE, scale
from cpegi_app.vocabulary import Scale, ScaleIndustry

I = ScaleIndustry  # noqa: E741
# The standard's table once more, row by row as domain.md prints it: large, medium, small.
STANDARD = """
农林牧渔 Y20000 | Y500 | Y50
工业 X1000 Y40000 | X300 Y2000 | X20 Y300
建筑业 Y80000 Z80000 | Y6000 Z5000 | Y300 Z300
批发业 X200 Y40000 | X20 Y5000 | X5 Y1000
零售业 X300 Y20000 | X50 Y500 | X10 Y100
交通运输业 X1000 Y30000 | X300 Y3000 | X20 Y200
仓储业 X200 Y30000 | X100 Y1000 | X20 Y100
邮政业 X1000 Y30000 | X300 Y2000 | X20 Y100
住宿业 X300 Y10000 | X100 Y2000 | X10 Y100
餐饮业 X300 Y10000 | X100 Y2000 | X10 Y100
信息传输业 X2000 Y100000 | X100 Y1000 | X10 Y100
软件和信息技术服务业 X300 Y10000 | X100 Y1000 | X10 Y50
房地产开发经营 Y200000 Z10000 | Y1000 Z5000 | Y100 Z2000
物业管理 X1000 Y5000 | X300 Y1000 | X100 Y500
租赁和商务服务业 X300 Z120000 | X100 Z8000 | X10 Z100
其他未列明行业 X300 | X100 | X10
"""
ROWS = {}
for line in STANDARD.strip().splitlines():
    label, tiers = line.split(" ", 1)
    ROWS[label] = [{part[0]: int(part[1:]) for part in tier.split()} for tier in tiers.split("|")]
TIERS = (Scale.LARGE, Scale.MEDIUM, Scale.SMALL, Scale.MICRO)


def of(
    industry: ScaleIndustry, x: int | None, y: str | int | None, z: str | int | None = None
) -> Scale | None:
    return scale(industry, x, None if y is None else Decimal(y), None if z is None else Decimal(z))


@pytest.mark.parametrize(
    ("staff", "revenue", "expected"),
    [
        (1000, 40000, Scale.LARGE),
        (1200, 39999, Scale.MEDIUM),
        (300, 1999, Scale.SMALL),
        (19, 5000, Scale.MICRO),
        (999, 40000, Scale.MEDIUM),
        (1000, "39999.99", Scale.MEDIUM),
        (20, 300, Scale.SMALL),
        (20, "299.99", Scale.MICRO),
        (0, 0, Scale.MICRO),
    ],
)
def test_the_worked_cases_of_industry(staff: int, revenue: int | str, expected: Scale):
    assert of(I.MANUFACTURING, staff, revenue) is expected


def test_every_industry_of_the_standard_is_there():
    assert {i.label for i in ScaleIndustry} == set(ROWS) == {i.label for i in TABLE}


@pytest.mark.parametrize("industry", list(ScaleIndustry))
@pytest.mark.parametrize("tier", [0, 1, 2])
def test_a_tier_needs_all_its_minimums_else_it_is_one_tier_down(industry: ScaleIndustry, tier: int):
    minimums = ROWS[industry.label]
    figures = dict.fromkeys("XYZ", 10**7) | minimums[tier]
    assert of(industry, figures["X"], figures["Y"], figures["Z"]) is TIERS[tier]
    for name in minimums[tier]:
        less = figures | {name: figures[name] - 1}
        assert of(industry, less["X"], less["Y"], less["Z"]) is TIERS[tier + 1]


@pytest.mark.parametrize("industry", list(ScaleIndustry))
def test_a_missing_figure_gives_no_scale_and_one_not_asked_for_does_not_matter(industry: ScaleIndustry):
    asked = set(ROWS[industry.label][0])
    for name in "XYZ":
        figures = dict.fromkeys("XYZ", 10**7) | {name: None}
        found = of(industry, figures["X"], figures["Y"], figures["Z"])
        assert found is (None if name in asked else Scale.LARGE)
