"""授信条件: every dimension is stated, typed and with its unit (manual §4.1, domain.md §6)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpegi_app import clock
from cpegi_app.errors import FormInvalid
from cpegi_app.services import conditions
from cpegi_app.services.conditions import BY_CODE, DIMENSIONS, FREE, MET, MISSING, UNMET
from tests import factories
from tests.factories import conditions_data

# The dimensions of domain.md §6 with their units.
DOMAIN = """
年营业收入 万元 · 营业收入增长率 % · 净利润 万元 · 连续盈利年数 年 · 年纳税额 万元 · 纳税信用等级 · 成立年限 月 · 资产负债率 % ·
流动比率 倍 · 员工数 人 · 社保人数 人 · 研发费用占比 % · 发明专利数 件 · 知识产权总数 件 · 资质 · 注册地区 · 行业 · 企业规模 ·
企业性质 · 存量融资余额 万元 · 首贷 · 无逾期 · 无被执行/失信 · 无行政处罚
"""
RANGES = [d for d in DIMENSIONS if d.kind == "range"]
SETS = [d for d in DIMENSIONS if d.kind == "set"]
YES = [d for d in DIMENSIONS if d.kind == "yes"]


def test_the_dimensions_are_those_of_the_domain_in_their_units():
    assert " ".join(DOMAIN.split()) == " · ".join(f"{d.label} {d.unit}".strip() for d in DIMENSIONS)


def test_every_dimension_must_be_stated():
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse({})
    assert set(refusal.value.fields) == {f"c_{d.code}" for d in DIMENSIONS}
    assert all("不限制" in sentence for sentence in refusal.value.fields.values())


@pytest.mark.parametrize("d", DIMENSIONS, ids=lambda d: d.code)
def test_one_dimension_left_open_is_the_one_that_is_asked_for(d: conditions.Dimension):
    data = conditions_data()
    left = {
        k: v
        for k, v in data.items()
        if not k.startswith(f"c_{d.code}_") or k[len(d.code) + 3 :] not in _parts()
    }
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse(left)
    assert set(refusal.value.fields) == {f"c_{d.code}"}
    assert d.label in refusal.value.fields[f"c_{d.code}"]


def _parts() -> set[str]:
    return {name.rsplit("_", 1)[1] for name in conditions.names()}


@pytest.mark.parametrize("d", RANGES, ids=lambda d: d.code)
def test_unrestricted_frees_the_limits(d: conditions.Dimension):
    stated = conditions.parse(conditions_data() | {f"c_{d.code}_low": "9", f"c_{d.code}_high": "呀"})
    assert stated[d.code] == {"any": True}


@pytest.mark.parametrize(
    ("low", "high", "kept"),
    [
        ("10", "65", {"low": "10", "high": "65"}),
        ("", "65%", {"high": "65"}),
        ("１，０００", "", {"low": "1000"}),
        ("65", "65", {"low": "65", "high": "65"}),
        ("5.25", "", {"low": "5.25"}),
    ],
)
def test_a_range_has_a_lower_limit_an_upper_one_or_both(low: str, high: str, kept: dict[str, str]):
    stated = conditions.parse(conditions_data(c_debt_ratio_low=low, c_debt_ratio_high=high))
    assert stated["debt_ratio"] == kept


@pytest.mark.parametrize(
    ("low", "high", "why"),
    [
        ("", "", "请填写下限或上限，或勾选“不限制”"),
        ("66", "65", "的下限 66 大于上限 65"),
        ("六十", "", "请填写数字"),
        ("NaN", "", "请填写数字"),
        ("1e999999999", "", "请填写数字"),
        ("\x00", "1_0", "请填写数字"),
        ("0.001", "", "最多两位"),
        ("10000000000", "", "数字过大"),
    ],
)
def test_limits_that_are_none_are_refused(low: str, high: str, why: str):
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse(conditions_data(c_debt_ratio_low=low, c_debt_ratio_high=high))
    assert why in refusal.value.fields["c_debt_ratio"]
    assert set(refusal.value.fields) == {"c_debt_ratio"}


@pytest.mark.parametrize(
    ("code", "side", "limit", "why"),
    [
        ("staff", "high", "-5", "应在 0–9,999,999 人之间，请核对单位"),
        ("age", "low", "999999999", "应在 0–2,400 个月之间"),
        ("debt_ratio", "low", "5000000", "应在 0–10,000%之间"),
        ("revenue", "low", "100000000", "应在 0–99,999,999 万元之间"),
        ("current_ratio", "low", "-0.01", "应在 0–10,000 倍之间"),
        ("profit_years", "low", "101", "应在 0–100 年之间"),
        ("patents", "low", "2.5", "请填写整数"),
        ("net_profit", "low", "-5.25", ""),
        ("revenue_growth", "high", "-20", ""),
    ],
)
def test_limits_that_make_no_sense_are_refused(code: str, side: str, limit: str, why: str):
    typed = conditions_data(**{f"c_{code}_{side}": limit})
    if not why:
        assert conditions.parse(typed)[code] == {side: limit}
        return
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse(typed)
    assert set(refusal.value.fields) == {f"c_{code}"}
    assert why in refusal.value.fields[f"c_{code}"]


@pytest.mark.parametrize("chosen", ["", ",", "MARS", "A,MARS"])
def test_a_set_needs_listed_members(chosen: str):
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse(conditions_data(c_tax_rating_set=chosen))
    assert "纳税信用等级" in refusal.value.fields["c_tax_rating"]


@pytest.mark.parametrize("answer", ["", "MAYBE", "yes"])
def test_a_yes_or_no_needs_an_answer(answer: str):
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse(conditions_data(c_first_loan_yes=answer))
    assert "首贷" in refusal.value.fields["c_first_loan"]


editors = st.fixed_dictionaries(
    {
        d.code: st.just({"any": True})
        | st.tuples(st.integers(-999 if d.signed else 0, 0), st.integers(1, 99)).map(
            lambda t: {"low": str(t[0]), "high": str(t[1])}
        )
        if d.kind == "range"
        else st.sets(st.sampled_from([m.value for m in d.options or ()]), min_size=1).map(
            lambda s: {"set": sorted(s)}
        )
        if d.kind == "set"
        else st.booleans().map(lambda b: {"yes": b})
        for d in DIMENSIONS
    }
)


@given(editors)
def test_what_is_stated_survives_the_editor(stated: dict[str, dict[str, Any]]):
    typed = conditions.strings(stated)
    assert set(typed) <= conditions.names()
    assert conditions.parse(typed) == stated


@given(
    st.dictionaries(
        st.sampled_from(sorted(conditions.names())), st.text(st.characters(), max_size=12), max_size=60
    )
)
def test_no_text_in_the_editor_ends_without_a_sentence(data: dict[str, str]):
    with pytest.raises(FormInvalid) as refusal:
        conditions.parse(data)
    assert all(refusal.value.fields.values())


# --- conditions beside figures ------------------------------------------------------------------------


def result(code: str, stated: dict[str, Any], **profile: str) -> str:
    d = BY_CODE[code]
    return conditions.evaluate(d, stated, d.figure(profile))


@pytest.mark.parametrize(
    ("code", "stated", "profile", "expected"),
    [
        ("revenue", {"low": "2600"}, {"revenue": "2600"}, MET),
        ("revenue", {"low": "2600.01"}, {"revenue": "2600"}, UNMET),
        ("revenue", {"high": "2599.99"}, {"revenue": "2600"}, UNMET),
        ("revenue", {"low": "1", "high": "2600"}, {"revenue": "2600"}, MET),
        # domain.md §6, worked: assets 1000, debt 682 → 68.2 % against an upper limit of 65 %.
        ("debt_ratio", {"high": "65"}, {"assets": "1000", "liabilities": "682"}, UNMET),
        ("debt_ratio", {"high": "68.2"}, {"assets": "1000", "liabilities": "682"}, MET),
        ("debt_ratio", {"high": "65"}, {"assets": "1000", "liabilities": "590.6"}, MET),
        ("debt_ratio", {"high": "65"}, {"assets": "1049.3", "liabilities": "682"}, MET),
        ("debt_ratio", {"high": "65"}, {"assets": "0", "liabilities": "0"}, MISSING),
        ("revenue_growth", {"low": "10"}, {"revenue": "110", "revenue_prev": "100"}, MET),
        ("revenue_growth", {"low": "10"}, {"revenue": "109.9", "revenue_prev": "100"}, UNMET),
        ("revenue_growth", {"low": "10"}, {"revenue": "110"}, MISSING),
        ("revenue_growth", {"low": "10"}, {"revenue": "110", "revenue_prev": "0"}, MISSING),
        ("current_ratio", {"low": "1.5"}, {"current_assets": "300", "current_liabilities": "200"}, MET),
        ("research_ratio", {"low": "3"}, {"research": "78", "revenue": "2600"}, MET),
        ("net_profit", {"low": "0"}, {"net_profit": "-0.01"}, UNMET),
        ("tax_rating", {"set": ["A", "B"]}, {"tax_rating": "A"}, MET),
        ("tax_rating", {"set": ["A", "B"]}, {"tax_rating": "M"}, UNMET),
        ("qualifications", {"set": ["HIGH_TECH"]}, {"qualifications": "SRDI,HIGH_TECH"}, MET),
        ("qualifications", {"set": ["HIGH_TECH"]}, {"qualifications": "SRDI"}, UNMET),
        ("qualifications", {"set": ["HIGH_TECH"]}, {"qualifications": "NONE"}, UNMET),
        ("qualifications", {"set": ["HIGH_TECH"]}, {"qualifications": ""}, MISSING),
        ("first_loan", {"yes": True}, {"first_loan": "YES"}, MET),
        ("first_loan", {"yes": False}, {"first_loan": "YES"}, UNMET),
        ("no_overdue", {"yes": True}, {"no_overdue": "NO"}, UNMET),
    ],
)
def test_a_figure_meets_a_condition_or_not(
    code: str, stated: dict[str, Any], profile: dict[str, str], expected: str
):
    assert result(code, stated, **profile) == expected


@pytest.mark.parametrize("d", DIMENSIONS, ids=lambda d: d.code)
def test_missing_data_never_counts_as_failing_and_never_as_passing(d: conditions.Dimension):
    stated = {"range": {"low": "0"}, "set": {"set": ["A"]}, "yes": {"yes": False}}[d.kind]
    assert result(d.code, stated) == MISSING
    assert result(d.code, {"any": True}) == FREE
    assert result(d.code, {"any": True}, **factories.profile()) == FREE


@pytest.mark.parametrize(("days", "months"), [(-1, 11), (0, 12), (1, 12), (31, 13)])
def test_the_age_counts_whole_months(days: int, months: int):
    born = date(2025, 11, 15)
    clock.shift(date(2026, 11, 15) + timedelta(days=days) - clock.today())
    assert BY_CODE["age"].figure({"established_on": born.isoformat()}) == Decimal(months)
    assert BY_CODE["age"].figure({"established_on": "不详"}) is None


def test_the_comparison_says_condition_figure_and_result_in_words():
    profile = factories.profile()
    stated = conditions.parse(
        conditions_data(c_debt_ratio_high="65", c_tax_rating_set="A,B", c_no_overdue_yes="YES")
    )
    rows = {r.code: r for r in conditions.compare(stated, profile)}
    assert len(rows) == len(DIMENSIONS)
    shown = {
        (c, rows[c].condition, rows[c].figure, rows[c].result)
        for c in ("debt_ratio", "tax_rating", "no_overdue")
    }
    assert shown == {
        ("debt_ratio", "≤ 65%", "68.2%", "不满足"),
        ("tax_rating", "A级、B级", "未提供", "数据缺失"),
        ("no_overdue", "须满足", "是", "满足"),
    }
    assert {r.code for r in conditions.compare(stated, profile, restricted_only=True)} == {
        c for c, *_ in shown
    }
    assert rows["revenue"].result == "不限制"


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ({"low": "1000", "high": "50000"}, "1,000–50,000 万元"),
        ({"low": "0.5"}, "≥ 0.5 万元"),
        ({"any": True}, "不限制"),
        (None, "未填写"),
    ],
)
def test_ranges_are_shown_with_separators_and_units(stated: dict[str, Any] | None, shown: str):
    assert conditions.show(BY_CODE["revenue"], stated) == shown


def test_each_condition_tells_where_its_figure_comes_from():
    told = {r.code: r.source for r in conditions.compare({}, {})}
    assert told["revenue"] == "企业认证·最近一个会计年度"
    assert told["revenue_growth"].endswith("（企业认证·最近一个会计年度、上一会计年度）")
    assert told["age"] == "成立日期至今的整月数（企业认证·主体信息）"
    assert all("企业认证·" in source for source in told.values()) and len(told) == len(conditions.DIMENSIONS)
