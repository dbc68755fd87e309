"""Amounts under a policy, worked out by hand (domain.md §10): exact to the 分, with hostile rounding and missing figures."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpegi_app.services import policy_amount
from cpegi_app.services.policy_amount import Facts, compute, rounded, yuan
from cpegi_app.services.policy_definition import Definition, Question

OPENS = datetime(2026, 1, 1, tzinfo=UTC)


def definition(**more) -> Definition:
    return Definition(name="政策", category="OTHER", opens_at=OPENS, closes_at=OPENS, **more)


INTEREST = {
    "rule": "INTEREST",
    "interest_from": date(2026, 1, 1),
    "interest_to": date(2026, 12, 31),
}


def loan(
    fen: int | None = 100_000_000, rate: int | None = 385, since=date(2026, 3, 1), until=date(2027, 3, 1)
) -> Facts:
    return Facts("LOAN:1", "借据 JJ-1", fen, since, until, rate)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (date(2026, 3, 1), date(2027, 3, 1), 306),  # to the end of the year, the last day counted
        (date(2025, 1, 1), date(2026, 1, 1), 0),  # paid back on the first day: nothing lies inside
        (date(2025, 6, 1), date(2026, 1, 2), 1),
        (date(2026, 12, 31), date(2027, 12, 31), 1),
        (date(2027, 1, 1), date(2027, 6, 1), 0),
        (date(2025, 1, 1), date(2028, 1, 1), 365),
        (date(2026, 2, 1), date(2026, 2, 11), 10),  # the day of lending counts, that of repayment does not
    ],
)
def test_days_are_the_overlap_of_loan_and_period(since, until, days):
    assert policy_amount.overlap_days(definition(**INTEREST), since, until) == days


@pytest.mark.parametrize(
    ("more", "facts", "fen"),
    [
        # 1,000,000 元 × 3.85% × 306 ÷ 360 = 32,725.00 元
        ({}, loan(), 3_272_500),
        ({"share_bp": 5000}, loan(), 1_636_250),
        ({"interest_bp": 200}, loan(), 1_700_000),
        ({"record_cap_fen": 2_000_000}, loan(), 2_000_000),
        # 333.33 元 × 4.35% × 1 ÷ 360 = 0.0402… 元
        ({}, loan(33_333, 435, date(2026, 12, 31)), 4),
        ({}, loan(1, 1, date(2026, 12, 31)), 0),
    ],
)
def test_interest_by_days(more, facts, fen):
    assert compute(definition(**INTEREST, **more), [facts], {}).amount_fen == fen


def test_the_formula_is_shown():
    found = compute(definition(**INTEREST, record_cap_fen=2_000_000), [loan()], {})
    assert found.lines[0].text == (
        "1,000,000.00 元 × 3.85% × 306 天 ÷ 360 = 32,725.00 元，超过每笔上限，按 20,000.00 元计"
    )
    assert found.steps == ["1 笔合计 20,000.00 元"]


def test_a_fixed_sum_asks_nothing_of_the_records():
    assert compute(definition(fixed_fen=5_000_000), [loan(None)], {}).amount_fen == 5_000_000


def test_percentage_of_records_is_rounded_record_by_record():
    # 0.5 分 each: halves go up, so that the sum is what the lines say.
    d = definition(rule="PERCENT", percent_bp=5000)
    found = compute(d, [loan(1), loan(1), loan(3)], {})
    assert [line.amount_fen for line in found.lines] == [1, 1, 2]
    assert found.amount_fen == 4


def test_percentage_of_an_answer():
    fee = Question(code="q1", title="审计费", kind="NUMBER", unit="元")
    d = definition(
        rule="PERCENT",
        percent_bp=5000,
        base="ANSWER",
        base_question="q1",
        questions=(fee,),
        case_cap_fen=3_000_000,
    )
    assert compute(d, [], {"q1": "20,000.01"}).amount_fen == 1_000_001
    found = compute(d, [], {"q1": "80000"})
    assert found.amount_fen == 3_000_000
    assert found.steps[-1] == "超过每件上限，按 30,000.00 元计"
    ten_thousands = d.model_copy(update={"questions": (fee.model_copy(update={"unit": "万元"}),)})
    assert compute(ten_thousands, [], {"q1": "1.23456"}).amount_fen == 617_280


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (loan(None), "缺少金额"),
        (loan(rate=None), "缺少年利率"),
        (loan(until=None), "缺少起止日期"),
    ],
)
def test_a_missing_figure_is_named_and_nothing_is_guessed(facts, missing):
    found = compute(definition(**INTEREST), [loan(), facts], {})
    assert found.amount_fen == 0
    assert found.missing == [f"借据 JJ-1：{missing}"]


def test_an_answer_that_is_missing_is_named():
    fee = Question(code="q1", title="审计费", kind="NUMBER", unit="元")
    d = definition(rule="PERCENT", percent_bp=5000, base="ANSWER", base_question="q1", questions=(fee,))
    for answer in ("", "abc", "1e", "NaN"):
        found = compute(d, [], {"q1": answer})
        assert found.missing == ["未填写“审计费”"] and found.amount_fen == 0


def test_the_applicants_cap_counts_what_it_holds_already():
    d = definition(fixed_fen=5_000_000, applicant_cap_fen=8_000_000)
    assert compute(d, [], {}, 0).amount_fen == 5_000_000
    assert compute(d, [], {}, 5_000_000).amount_fen == 3_000_000
    assert compute(d, [], {}, 9_000_000).amount_fen == 0


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**9))
def test_rounding_is_exact_halves_up(top, bottom):
    exact = Fraction(top, bottom)
    found = rounded(exact)
    assert abs(found - exact) <= Fraction(1, 2)
    assert found - exact != Fraction(-1, 2)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**14),
            st.integers(0, 3600),
            st.dates(date(2020, 1, 1), date(2030, 1, 1)),
            st.integers(1, 4000),
        ),
        max_size=8,
    ),
    st.integers(1, 10**12),
    st.integers(1, 10**12),
)
def test_no_cap_is_ever_exceeded_and_sums_are_the_sums_of_lines(loans, record_cap, case_cap):
    d = definition(**INTEREST, record_cap_fen=record_cap, case_cap_fen=case_cap)
    facts = [
        loan(fen, rate, since, date.fromordinal(since.toordinal() + days)) for fen, rate, since, days in loans
    ]
    found = compute(d, facts, {})
    assert all(0 <= line.amount_fen <= record_cap for line in found.lines)
    assert found.amount_fen == min(case_cap, sum(line.amount_fen for line in found.lines))


def test_amounts_are_shown_to_the_fen():
    assert yuan(123_456_789_01) == "123,456,789.01"
