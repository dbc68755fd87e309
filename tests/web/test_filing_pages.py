"""What the pages of filings and reports say once and whole: no cell cut off, no alarm at nothing (manual §5.1, §7)."""

from __future__ import annotations

import re

from cpegi_app.pages.offline_import import count_tags
from cpegi_app.pages.offline_rows import filing_columns
from tests.web.test_theme import CSS


def test_what_is_remarked_at_a_borrower_is_not_cut_off():
    borrower = filing_columns()[0]
    assert (borrower.label, borrower.wrap, borrower.clip) == ("借款企业", True, False)


def test_a_count_of_nothing_raises_no_alarm():
    said = str(count_tags().render())
    for name, tone in (("bad", "red"), ("warned", "orange")):
        assert f'["{name}"] > 0) ? "{tone}" : "grey")' in said


def test_eight_figures_stand_in_two_even_lines_their_labels_on_one():
    [columns] = re.findall(r"\.stats-eight\s*\{([^}]*)\}", CSS)[:1]
    assert "repeat(4, minmax(0, 1fr))" in columns
    [label] = re.findall(r"\.stats-eight \.stat > span:first-child\s*\{([^}]*)\}", CSS)[:1]
    assert "white-space: nowrap" in label
