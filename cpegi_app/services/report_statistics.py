"""The statistics form of periodic reports, by class, prefilled from the organisation's own loan book (domain.md §9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, create_model
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from cpegi_app.models import Loan, Organisation
from cpegi_app.services.corrections import in_force
from cpegi_app.services.forms import Amount, Form, Text, Whole, Widget, input_field, plain_number, wan
from cpegi_app.services.report_period import Period
from cpegi_app.vocabulary import Industry, OrgClass, ReportKind, Scale

GROUP = "统计报表"
SKIP = "s_skip"
WITH_STATISTICS = (ReportKind.MONTHLY, ReportKind.QUARTERLY, ReportKind.ANNUAL)
SMALL = (Scale.MEDIUM.value, Scale.SMALL.value, Scale.MICRO.value)
MOST_WAN = 99_999_999


@dataclass(frozen=True)
class Figure:
    """One figure: its unit, the loan book's figure that prefills it, whether it may be negative, or is shown masked."""

    code: str
    title: str
    unit: str = "万元"
    book: str = ""
    signed: bool = False
    required: bool = True
    secret: bool = False

    @property
    def name(self) -> str:
        """Return the name of the form's field."""
        return f"s_{self.code}"


# (ours where domain.md §9 names no figures: 保理, 资产管理, 金融服务, 证券.)
COMMON = (
    Figure("revenue", "营业收入"),
    Figure("profit", "净利润", signed=True),
    Figure("salaries", "人员薪酬"),
    Figure("vat", "增值税", signed=True),
    Figure("income_tax", "所得税", signed=True),
)
LENDING = (
    Figure("balance", "贷款余额", book="balance"),
    Figure("new_amount", "当期新增贷款金额", book="amount"),
    Figure("new_count", "当期新增贷款笔数", "笔", book="count"),
    Figure("industries", "前三位行业", "", book="industries"),
)
BUSINESS = (
    Figure("balance", "业务余额", book="balance"),
    Figure("new_amount", "当期新增金额", book="amount"),
    Figure("new_count", "当期新增笔数", "笔", book="count"),
)
INVESTING = (
    Figure("projects", "投资项目个数", "个"),
    Figure("invested", "投资总额"),
    Figure("fund_size", "基金规模"),
    Figure("paid_in", "到位资金"),
)
BY_CLASS: dict[OrgClass, tuple[Figure, ...]] = {
    OrgClass.MICRO_LOAN: LENDING,
    OrgClass.GUARANTEE: (
        Figure("balance", "担保余额", book="balance"),
        Figure("compensated", "代偿金额"),
        Figure("new_count", "新增笔数", "笔", book="count"),
    ),
    OrgClass.LEASING: (
        Figure("contracts", "当期新签合同", "份", book="contracts"),
        Figure("contract_amount", "当期新签合同金额", book="contract_amount"),
        Figure("new_amount", "投放总额", book="amount"),
    ),
    OrgClass.FACTORING: BUSINESS,
    OrgClass.ASSET_MANAGEMENT: BUSINESS,
    OrgClass.FINANCIAL_SERVICE: BUSINESS,
    OrgClass.BANK: (
        Figure("deposits", "存款余额"),
        Figure("balance", "贷款余额", book="balance"),
        Figure("small_balance", "中小企业贷款余额", book="small_balance"),
        Figure("year_amount", "本年新增", book="year_amount"),
    ),
    OrgClass.INSURANCE: (
        Figure("premiums", "保费收入"),
        Figure("claims", "赔付"),
        Figure("insured", "保额"),
    ),
    OrgClass.INVESTMENT: INVESTING,
    OrgClass.SECURITIES: INVESTING,
    OrgClass.PRIVATE_FUND: INVESTING,
}
FILLER = (
    Figure("remark", "差异说明", "", required=False),
    Figure("filler", "填报人", ""),
    Figure("phone", "电话", "", secret=True),
)
LENGTHS = {"remark": 300, "filler": 40, "phone": 20}


def figures(org_class: str) -> tuple[Figure, ...]:
    """Return the figures that a class reports, common ones last but for who filled them in."""
    own = BY_CLASS.get(OrgClass(org_class), ()) if org_class in OrgClass._value2member_map_ else ()
    return (*own, *COMMON, *FILLER)


def _form(org_class: OrgClass) -> type[Form]:
    fields: dict[str, Any] = {f.name: _declared(f) for f in figures(org_class)}
    return create_model(f"Statistics_{org_class.value}", __base__=Form, **fields)


def _declared(f: Figure) -> tuple[Any, Any]:
    if not f.unit:
        length = LENGTHS.get(f.code, 100)
        return Text, input_field(f.title, GROUP, max_len=length, required=f.required)
    low = None if f.signed else 0
    kind = Amount if f.unit == "万元" else Whole
    return kind, input_field(f.title, GROUP, widget=Widget.NUMBER, unit=f.unit, low=low, high=MOST_WAN)


FORMS: dict[OrgClass, type[Form]] = {c: _form(c) for c in OrgClass}
NAMES: frozenset[str] = frozenset({SKIP}).union(*(f.model_fields for f in FORMS.values()))
TITLES: dict[str, str] = {
    name: f.model_fields[name].title or name for f in FORMS.values() for name in f.model_fields
}


def split(data: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return a report's own fields and the fields of its statistics apart."""
    own = {k: v for k, v in data.items() if not k.startswith("s_")}
    return own, {k: v for k, v in data.items() if k.startswith("s_")}


def is_wanted(kind: str, data: Mapping[str, str]) -> bool:
    """Tell whether a report of this kind carries statistics, unless its author said that it does not."""
    return kind in WITH_STATISTICS and not data.get(SKIP)


def parse(org_class: str, data: Mapping[str, str]) -> dict[str, str]:
    """Return the checked figures, or raise one sentence a field."""
    form = FORMS[OrgClass(org_class)]
    return form.parse({k: v for k, v in data.items() if k != SKIP}).strings()


# --- what the loan book says ----------------------------------------------------------------------


def prefill(session: Session, org_id: int, org_class: str, period: Period) -> dict[str, str]:
    """Return by field what the organisation's own loan book says; nothing while the book is empty."""
    wanted = [f for f in figures(org_class) if f.book]
    if not wanted or _count(session, org_id, period.end) == 0:
        return {}
    book = _book(session, org_id, period)
    return {f.name: book[f.book] for f in wanted}


def _count(session: Session, org_id: int, until: date) -> int:
    query = select(func.count()).where(
        col(Loan.institution_id) == org_id, col(Loan.lent_on) <= until, in_force()
    )
    return session.exec(query).one()


# What is still owed of a loan: as it was filed, else the whole sum; and what its borrower is, as filed or by its profile.
OWED = func.coalesce(col(Loan.balance_fen), col(Loan.amount_fen))


def filed_or_profile(column: Any, name: str, *, apart: bool = False) -> Any:
    """Return what was filed of a borrower, else what its profile says; `apart` where it is not joined to its loan."""
    profile = col(Organisation.profile)[name].as_string()
    if apart:
        profile = select(profile).where(Organisation.id == Loan.borrower_id).scalar_subquery()
    return func.coalesce(func.nullif(column, ""), profile)


def _book(session: Session, org_id: int, period: Period) -> dict[str, str]:
    lent = (col(Loan.lent_on) >= period.start, col(Loan.lent_on) <= period.end)
    year = (col(Loan.lent_on) >= date(period.end.year, 1, 1), col(Loan.lent_on) <= period.end)
    # 余额: what was lent by the period's last day. That a loan was paid back is said by its balance alone, not by the
    # calendar: past its day it is owed until a balance of 0 is filed.
    open_ = (col(Loan.lent_on) <= period.end,)
    own = own_of(org_id)
    small = filed_or_profile(col(Loan.scale), "scale").in_(SMALL)
    number = session.exec(
        select(func.count(), func.count(func.distinct(Loan.contract_no))).where(own, *lent)
    ).one()
    return {
        "amount": _sum(session, Loan.amount_fen, own, *lent),
        "count": str(number[0]),
        "contracts": str(number[1]),
        "contract_amount": _contracts(session, own, *lent),
        "balance": _sum(session, OWED, own, *open_),
        "small_balance": _sum(session, OWED, own, small, *open_),
        "year_amount": _sum(session, Loan.amount_fen, own, *year),
        "industries": _industries(session, own, *lent),
    }


def own_of(org_id: int) -> Any:
    """Return the condition of an organisation's own loans; what a correction has replaced counts no more."""
    return (col(Loan.institution_id) == org_id) & in_force()


def _sum(session: Session, what: Any, *conditions: ColumnElement[bool]) -> str:
    query = select(func.coalesce(func.sum(what), 0)).select_from(Loan)
    query = query.join(Organisation, col(Organisation.id) == Loan.borrower_id, isouter=True).where(
        *conditions
    )
    return wan(int(session.exec(query).one())).replace(",", "")


def _contracts(session: Session, *conditions: ColumnElement[bool]) -> str:
    """Return what the contracts come to under which was lent, each counted once."""
    signed = (
        select(func.max(Loan.contract_fen).label("fen")).where(*conditions).group_by(col(Loan.contract_no))
    )
    total = select(func.coalesce(func.sum(signed.subquery().c.fen), 0))
    return wan(int(session.exec(total).one())).replace(",", "")


def _industries(session: Session, *conditions: ColumnElement[bool]) -> str:
    """Return the three industries that most was lent to, the largest first."""
    lent = (
        select(
            filed_or_profile(col(Loan.industry), "industry").label("industry"),
            col(Loan.amount_fen).label("amount"),
        )
        .join(Organisation, col(Organisation.id) == Loan.borrower_id, isouter=True)
        .where(*conditions)
        .subquery()
    )
    total = func.sum(lent.c.amount)
    query = (
        select(lent.c.industry)
        .where(lent.c.industry.is_not(None))
        .group_by(lent.c.industry)
        .order_by(total.desc(), lent.c.industry)
    )
    return "；".join(Industry.label_of(code) for code in session.exec(query.limit(3)))


def filled(org_class: str, period: Period | None, book: Mapping[str, str]) -> str:
    """Return what a form of a class opens with, and what is to be typed."""
    rest = "没有发生额请填 0。"
    if not any(f.book for f in figures(org_class)):
        return rest
    if period is None:
        return f"选择报告期后，台账能取到的数据会自动填入。{rest}"
    if not book:
        return f"贷款台账没有该期数据，请自行填写。{rest}"
    return f"台账能取到的数据已自动填入，可以修改；修改后显示与台账的差异，并随报告保存。{rest}"


def filler(profile: Mapping[str, str]) -> dict[str, str]:
    """Return who fills the form in as far as the profile knows: the contact and its number."""
    return {"s_filler": profile.get("contact", ""), "s_phone": profile.get("mobile", "")}


# --- beside what was typed ------------------------------------------------------------------------


class FigureView(BaseModel):
    """One figure of the form: what the book says, what was typed, and how far they are apart."""

    name: str
    title: str
    unit: str
    value: str
    book: str
    book_text: str
    difference: str
    required: bool
    is_text: bool
    # Whether it stands beside the book: who filled the form in does not.
    is_compared: bool
    # What the book's figure holds of loans past their day.
    late: str = ""


def difference(f: Figure, value: str, book: str) -> str:
    """Return how far a typed figure is from the book's, signed; empty when it is not."""
    if not book or not value or value == book:
        return ""
    if not f.unit:
        return "与台账不一致"
    try:
        apart = plain_number(value) - plain_number(book)
    except ValueError:
        return ""
    return f"{apart:+,f} {f.unit}" if apart else ""


def views(
    org_class: str,
    values: Mapping[str, str],
    book: Mapping[str, str],
    known: Mapping[str, str] | None = None,
    late: Mapping[str, str] | None = None,
) -> list[FigureView]:
    """Return the form's figures; one that is blank opens with the book's, or with what is known of who fills it in."""
    found = []
    for f in figures(org_class):
        said = book.get(f.name, "")
        value = values.get(f.name) or said or (known or {}).get(f.name, "")
        found.append(
            FigureView(
                name=f.name,
                title=f.title,
                unit=f.unit,
                value=value,
                book=said,
                book_text=_shown(f, said),
                difference=difference(f, value, said),
                required=f.required,
                is_text=not f.unit,
                is_compared=f not in FILLER,
                late=(late or {}).get(f.name, ""),
            )
        )
    return found


def typed(values: Mapping[str, str], shown: Iterable[FigureView]) -> dict[str, str]:
    """Return what a person typed: blanks and the book's own figures follow the period that is chosen."""
    filled = {f.name for f in shown if f.value == f.book}
    return {name: value for name, value in values.items() if name not in filled}


def kept(org_class: str, values: Mapping[str, str], book: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what is stored with a submission: each figure, the book's, and the difference."""
    return {
        v.name: {"value": values.get(v.name, ""), "book": v.book, "difference": v.difference}
        for v in views(org_class, values, book)
    }


def compared(org_class: str, stored: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    """Return how the stored figures stand to the book's: the level of a check, and its sentence."""
    if not any(f.book for f in figures(org_class)):
        return "none", "该类机构的统计报表不与贷款台账比对"
    if not any(entry["book"] for entry in stored.values()):
        return "none", "台账没有该期数据，未比对"
    apart = sum(bool(entry["difference"]) for entry in stored.values())
    return ("warn", f"{apart} 项与贷款台账不一致，请核对差异说明") if apart else ("ok", "与贷款台账没有差异")


def sentences(org_class: str, stored: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[Figure, str]]:
    """Return each stored figure as a reviewer reads it, with the book's beside it where they differ."""
    for f in figures(org_class):
        entry = stored.get(f.name)
        if entry is None:
            continue
        text = _shown(f, entry["value"]) or "—"
        if entry["difference"]:
            text += f"（台账 {_shown(f, entry['book'])}，差异 {entry['difference']}）"
        elif entry["book"]:
            text += "（与台账一致）"
        yield f, text


def _shown(f: Figure, value: str) -> str:
    if not f.unit or not value:
        return value
    return f"{Decimal(value):,f} {f.unit}"
