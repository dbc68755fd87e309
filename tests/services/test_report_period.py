"""报告期 arithmetic: ends of months, quarters and years, leap years, and what is due when."""

from __future__ import annotations

from datetime import date

import pytest

from cpegi_app.services import report_period
from cpegi_app.services.report_period import parse
from cpegi_app.vocabulary import PeriodType

D = date


@pytest.mark.parametrize(
    ("code", "start", "end", "label"),
    [
        ("2026-01", D(2026, 1, 1), D(2026, 1, 31), "2026年1月"),
        ("2024-02", D(2024, 2, 1), D(2024, 2, 29), "2024年2月"),
        ("2026-02", D(2026, 2, 1), D(2026, 2, 28), "2026年2月"),
        ("2100-02", D(2100, 2, 1), D(2100, 2, 28), "2100年2月"),
        ("2026-12", D(2026, 12, 1), D(2026, 12, 31), "2026年12月"),
        ("2026Q1", D(2026, 1, 1), D(2026, 3, 31), "2026年第1季度"),
        ("2026Q4", D(2026, 10, 1), D(2026, 12, 31), "2026年第4季度"),
        ("2024", D(2024, 1, 1), D(2024, 12, 31), "2024年度"),
    ],
)
def test_a_code_is_its_days(code: str, start: date, end: date, label: str) -> None:
    period = parse(code)
    assert (period.start, period.end, period.label, period.code) == (start, end, label, code)
    assert (
        report_period.containing(period.type, start) == period == report_period.containing(period.type, end)
    )
    assert period.before().end < period.start and period.after().before() == period


@pytest.mark.parametrize(
    "code",
    [
        "",
        "2026-13",
        "2026-00",
        "2026-1",
        "2026Q5",
        "2026Q0",
        "26-01",
        "1999",
        "2200",
        "２０２６",
        "2026-01x",
        "x",
    ],
)
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="报告期"):
        parse(code)
    assert report_period.label(code) == (code or "不定期")


@pytest.mark.parametrize(
    ("code", "months", "days", "due"),
    [
        ("2026-10", 0, 10, D(2026, 11, 10)),
        ("2026-12", 0, 10, D(2027, 1, 10)),
        ("2026-12", 0, 0, D(2026, 12, 31)),
        ("2024-01", 0, 29, D(2024, 2, 29)),
        ("2026-01", 0, 29, D(2026, 3, 1)),
        ("2024-01", 1, 0, D(2024, 2, 29)),
        ("2026-01", 1, 0, D(2026, 2, 28)),
        ("2024-02", 1, 0, D(2024, 3, 31)),
        ("2023-12", 2, 0, D(2024, 2, 29)),
        ("2026Q4", 0, 15, D(2027, 1, 15)),
        ("2026Q3", 1, 5, D(2026, 11, 5)),
        ("2023", 2, 0, D(2024, 2, 29)),
        ("2025", 4, 0, D(2026, 4, 30)),
        ("2025", 12, 1, D(2027, 1, 1)),
        ("2023", 0, 60, D(2024, 2, 29)),
        ("2024", 0, 60, D(2025, 3, 1)),
    ],
)
def test_due_dates(code: str, months: int, days: int, due: date) -> None:
    assert parse(code).due(months, days) == due


@pytest.mark.parametrize(
    ("kind", "today", "code"),
    [
        (PeriodType.MONTH, D(2026, 11, 23), "2026-10"),
        (PeriodType.MONTH, D(2026, 11, 30), "2026-11"),
        (PeriodType.MONTH, D(2027, 1, 1), "2026-12"),
        (PeriodType.MONTH, D(2024, 2, 29), "2024-02"),
        (PeriodType.MONTH, D(2024, 2, 28), "2024-01"),
        (PeriodType.QUARTER, D(2026, 11, 23), "2026Q3"),
        (PeriodType.QUARTER, D(2026, 12, 31), "2026Q4"),
        (PeriodType.YEAR, D(2026, 12, 30), "2025"),
        (PeriodType.YEAR, D(2026, 12, 31), "2026"),
    ],
)
def test_the_newest_period_that_has_ended(kind: PeriodType, today: date, code: str) -> None:
    assert report_period.last_ended(kind, today).code == code


def test_forms_offer_periods_newest_first() -> None:
    months = report_period.recent(PeriodType.MONTH, D(2026, 2, 3), 3)
    assert [p.code for p in months] == ["2026-01", "2025-12", "2025-11"]
    assert report_period.recent(PeriodType.NONE, D(2026, 2, 3)) == []
