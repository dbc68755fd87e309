"""Sums as one types (assets/ui.js): the browser judges as the server does, in the same words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cpegi_app.services.equity_form import (
    SHARE_BAD,
    SHARE_OK,
    SUM_BAD,
    SUM_OK,
    TOLERANCE,
    share_problem,
    sum_problem,
)
from tests.web.test_ui_js import address, browser, page, show

__all__ = ["address", "browser", "page", "show"]
FORM = f"""<main><h1>h</h1><form><input name=amount><input name=pre><input name=post><input name=share>
<p id=sum data-arith=sum data-of="pre amount post" data-ok="{SUM_OK}" data-bad="{SUM_BAD}"></p>
<p id=share data-arith=share data-of="amount post share" data-within="{TOLERANCE}" data-ok="{SHARE_OK}"
 data-bad="{SHARE_BAD}"></p></form></main>"""
FIGURES = [
    ("1000", "9000", "10000", "10"),
    ("1000", "9000", "10000", "12"),
    ("1000", "9000", "10000", "12.01"),
    ("1000", "9000", "9999.99", "7.99"),
    ("0.1", "0.2", "0.3", "33.33"),
    ("1234.56", "8765.44", "10000", "99.99"),
    ("3000000", "1", "3000001", "50"),
]


def typed(page, values: tuple[str, ...]) -> tuple[str, str]:
    """Type the figures and return what the two lines say."""
    for name, value in zip(("amount", "pre", "post", "share"), values, strict=True):
        page.fill(f"[name={name}]", value)
    return page.text_content("#sum") or "", page.text_content("#share") or ""


@pytest.mark.parametrize("values", FIGURES)
def test_the_browser_judges_as_the_server_does(show, values: tuple[str, ...]):
    amount, pre, post, share = (Decimal(v) for v in values)
    total, part = typed(show(FORM), values)
    assert total == (sum_problem(amount, pre, post) or SUM_OK)
    want = share_problem(amount, post, share)
    assert part == want if want else part.startswith("按融资额 ÷ 投后估值计算") and "核对一致" in part


def test_numbers_are_read_as_people_leave_them_and_nothing_is_said_of_half_a_sum(show):
    page = show(FORM)
    assert typed(page, ("１，０００", "9,000", " 10000 ", "10%"))[0] == SUM_OK
    assert page.get_attribute("#sum", "data-fine") == ""
    for odd in ("", "abc", "-5", "1e9", "1.234"):
        assert typed(page, ("1000", odd, "10000", "10"))[0] == ""
    assert typed(page, ("1000", "9000", "0", "10"))[1] == ""
