"""What both sides say of an investment: its form, the checks across fields, and how two accounts of it differ (domain.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, field_validator

from cpegi_app.errors import FormInvalid
from cpegi_app.services.forms import (
    Day,
    Form,
    Number,
    Text,
    Widget,
    basis_points,
    fen,
    input_field,
    not_in_future,
    percent,
    wan,
)
from cpegi_app.vocabulary.equity import InvestMode, Round

FIGURES, REMARKS = "投资信息", "说明"
F, W = input_field, Widget
_DAY: TypeAdapter[date] = TypeAdapter(Day)
SHARE_ALONE = "股权投资请填写持股比例；可转债未转股时可不填"


class FiguresForm(Form):
    """The figures of an investment; amount in 万元, share in per cent."""

    round: Text = F("投资轮次", FIGURES, widget=W.SELECT, options=Round)
    mode: Text = F("投资方式", FIGURES, widget=W.SELECT, options=InvestMode)
    amount: Number = F("投资金额", FIGURES, widget=W.NUMBER, unit="万元", low=0.01, high=9_999_999)
    share: Number = F(
        "持股比例", FIGURES, widget=W.NUMBER, unit="%", low=0.01, high=100, required=False, help=SHARE_ALONE
    )
    agreed_on: Day = F("协议日期", FIGURES, widget=W.DATE, help="投资协议的签署日期")
    paid_on: Day = F("到账日期", FIGURES, widget=W.DATE, help="投资款全部到账的日期")
    registered_on: Day = F(
        "工商变更日期", FIGURES, widget=W.DATE, required=False, help="尚未变更或可转债可不填"
    )

    @field_validator("agreed_on", "paid_on", "registered_on", mode="after")
    @classmethod
    def _past(cls, value: date | None, info: Any) -> date | None:
        if value and (why := not_in_future(value, cls.spec(info.field_name).title)):
            raise ValueError(why)
        return value


class OnlineForm(FiguresForm):
    """An online investment, recorded at the end of a lead."""

    note: Text = F("备注", REMARKS, widget=W.AREA, required=False, max_len=500)


class InvestmentForm(FiguresForm):
    """An offline filing; the project's name where it does not stand on the platform."""

    project_name: Text = F(
        "项目名称", "投资项目", max_len=60, required=False, help="未在平台发布的项目请填写；平台项目自动带出"
    )
    note: Text = F("备注", REMARKS, widget=W.AREA, required=False, max_len=500)
    answer: Text = F(
        "对项目方异议的答复",
        REMARKS,
        widget=W.AREA,
        required=False,
        max_len=500,
        help="项目方提出异议后，如不按其数据更正，请在此说明理由",
    )


NAMES: tuple[str, ...] = tuple(FiguresForm.model_fields)
FormOf = TypeVar("FormOf", bound=FiguresForm)


class Difference(BaseModel):
    """One figure as both sides state it."""

    label: str
    old: str
    new: str
    changed: bool


def parse(form: type[FormOf], data: Mapping[str, str]) -> FormOf:
    """Return the checked form, or every mistake of fields and of the dates' order at once."""
    errors = order_problems(data)
    found: FormOf | None = None
    try:
        found = form.parse(data)
    except FormInvalid as refusal:
        errors = errors | refusal.fields
    if data.get("mode") == InvestMode.EQUITY and not data.get("share", "").strip():
        errors.setdefault("share", SHARE_ALONE)
    if errors or found is None:
        raise FormInvalid(errors)
    return found


def order_problems(data: Mapping[str, str]) -> dict[str, str]:
    """Return the dates that come before the agreement, whatever else is wrong."""
    days: dict[str, date] = {}
    for name in ("agreed_on", "paid_on", "registered_on"):
        with suppress(ValueError):
            days[name] = _DAY.validate_python(data.get(name, ""))
    agreed = days.get("agreed_on")
    found = {}
    for name, label in (("paid_on", "到账日期"), ("registered_on", "工商变更日期")):
        if agreed and days.get(name) and days[name] < agreed:
            found[name] = f"{label}不能早于协议日期（{agreed.isoformat()}），请核对两个日期"
    return found


def columns(form: FiguresForm) -> dict[str, Any]:
    """Return the figures as a table keeps them."""
    return {
        "round": form.round,
        "mode": form.mode,
        "amount_fen": fen(form.amount),
        "share_bp": basis_points(form.share),
        "agreed_on": form.agreed_on,
        "paid_on": form.paid_on,
        "registered_on": form.registered_on,
    }


def strings(row: Any) -> dict[str, str]:
    """Return a row's figures as its form's strings."""
    days = {n: getattr(row, n) for n in ("agreed_on", "paid_on", "registered_on")}
    return {
        "round": row.round,
        "mode": row.mode,
        "amount": wan(row.amount_fen).replace(",", "") if row.amount_fen else "",
        "share": percent(row.share_bp) if row.share_bp else "",
        **{name: day.isoformat() if day else "" for name, day in days.items()},
    }


def show(name: str, value: str) -> str:
    """Return a figure as a screen shows it."""
    return FiguresForm.spec(name).show(value) or "—"


def differences(stated: Mapping[str, str], theirs: Mapping[str, str]) -> list[Difference]:
    """Return every figure as both sides state it, side by side."""
    return [
        Difference(
            label=spec.title,
            old=show(spec.name, stated.get(spec.name, "")),
            new=show(spec.name, theirs.get(spec.name, "")),
            changed=stated.get(spec.name, "") != theirs.get(spec.name, ""),
        )
        for spec in FiguresForm.specs()
    ]


def differing(stated: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """Return the titles of the figures in which two accounts differ."""
    return [d.label for d in differences(stated, theirs) if d.changed]
