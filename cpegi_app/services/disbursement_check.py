"""What the machine finds out about a payment: for the staff who review it, and for the bank before it submits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from cpegi_app import clock
from cpegi_app.models import Application
from cpegi_app.services.forms import day_of, plain_number, wan
from cpegi_app.services.review_parts import Check


def checks(app: Application, sums: tuple[int, int], data: Mapping[str, str]) -> tuple[Check, ...]:
    """Return what is found out about a payment as it is stated, typed or sent; `sums` are what is paid and what waits."""
    return _sum(app, *sums), _rate(app, data.get("rate", "")), _lent(app, data.get("lent_on", ""))


def doubts(app: Application, sums: tuple[int, int], data: Mapping[str, str]) -> list[Check]:
    """Return what the staff will be asked to look at; what is not stated yet is in nobody's doubt."""
    return [
        c
        for c in checks(app, sums, data)
        if c.level != "ok" and (not c.field or data.get(c.field, "").strip())
    ]


def _sum(app: Application, done: int, waiting: int) -> Check:
    rest = app.approved_fen - done - waiting
    text = (
        f"批准 {wan(app.approved_fen)} 万元，已放 {wan(done)} 万元，待审核 {wan(waiting)} 万元，"
        f"剩余 {wan(rest)} 万元"
    )
    return Check("累计放款", "ok" if rest >= 0 else "bad", text)


def _rate(app: Application, stated: str) -> Check:
    """Compare the rate with what the product's page says."""
    low, high = app.product_data.get("rate_min", ""), app.product_data.get("rate_max", "")
    try:
        rate = plain_number(stated)
        inside = plain_number(low) <= rate <= plain_number(high)
    except ValueError:
        return Check("执行年利率", "warn", "无法与产品公布的利率比较，请核对", "rate")
    text = f"产品公布 {low}%–{high}%，本次 {_plain(rate)}%" + ("" if inside else "，请核对")
    return Check("执行年利率", "ok" if inside else "warn", text, "rate")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _lent(app: Application, stated: str) -> Check:
    """Compare the day of the payment with the day on which the institution approved."""
    approved = clock.local_date(app.decided_at)
    try:
        found = day_of(stated)
    except ValueError:
        found = None
    lent = found.isoformat() if found else ""
    early = lent != "" and lent < approved
    text = f"早于申请批准日期 {approved}，请核对" if early else f"申请批准于 {approved}"
    return Check("放款日期", "warn" if early else "ok", f"{lent or '未填写'}，{text}", "lent_on")
