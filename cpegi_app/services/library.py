"""股权投资项目库: what is done online and filed offline, 已结项, never changed; what each side may choose in a policy application (manual §6.5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import InvestmentRecord
from cpegi_app.services import list_count, lists, staff
from cpegi_app.services.forms import normalise, percent, wan
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import Industry, Region
from cpegi_app.vocabulary.equity import InvestmentSource, InvestMode, Round

# Further off than that nobody wants to choose.
CLOSED = "已结项"


class LibraryRow(BaseModel):
    """An entry of the library as lists show it."""

    id: int
    project: str
    institution: str
    enterprise: str
    code: str
    source: str
    industry: str
    region: str
    round: str
    mode: str
    amount: str
    share: str
    agreed_on: str
    paid_on: str
    registered_on: str
    entered: str
    state: str = CLOSED


def _sides(org_id: int) -> Any:
    return or_(col(InvestmentRecord.org_id) == org_id, col(InvestmentRecord.enterprise_id) == org_id)


# --- the lists ----------------------------------------------------------------------------------------


def _word(text: str) -> Any:
    word = normalise(text)[:60]
    if not word:
        return None
    columns = (
        InvestmentRecord.project_name,
        InvestmentRecord.institution_name,
        InvestmentRecord.enterprise_name,
    )
    code = word.upper()
    exact = [
        col(InvestmentRecord.enterprise_code) == code,
        col(InvestmentRecord.institution_code) == code,
    ]
    return or_(*(col(c).contains(word, autoescape=True) for c in columns), *exact)


def _filters(filters: Filters) -> list[Any]:
    found: list[Any] = []
    for name, term in (
        ("round", Round),
        ("industry", Industry),
        ("source", InvestmentSource),
        ("region", Region),
    ):
        if (code := filters.get(name, "")) in term._value2member_map_:
            found.append(getattr(InvestmentRecord, name) == code)
    for name, is_low in (("since", True), ("until", False)):
        if (day := _day(filters.get(name, ""))) is not None:
            agreed = col(InvestmentRecord.agreed_on)
            found.append(agreed >= day if is_low else agreed <= day)
    word = _word(filters.get("word", ""))
    return found if word is None else [*found, word]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _own_where(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.LIBRARY_OWN)
    return [_sides(actor.org_id or -1), *_filters(filters)]


def _all_where(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.LIBRARY_READ)
    return _filters(filters)


def _row(r: InvestmentRecord) -> LibraryRow:
    return LibraryRow(
        id=r.id or 0,
        project=r.project_name,
        institution=r.institution_name,
        enterprise=r.enterprise_name,
        code=r.enterprise_code,
        source=InvestmentSource.label_of(r.source),
        industry=Industry.label_of(r.industry) or "—",
        region=Region.label_of(r.region) or "—",
        round=Round.label_of(r.round),
        mode=InvestMode.label_of(r.mode),
        amount=wan(r.amount_fen),
        share=f"{percent(r.share_bp)}%" if r.share_bp else "—",
        agreed_on=r.agreed_on.isoformat(),
        paid_on=r.paid_on.isoformat() if r.paid_on else "—",
        registered_on=r.registered_on.isoformat() if r.registered_on else "—",
        entered=clock.local(r.created_at),
    )


HEADINGS = (
    "项目",
    "投资机构",
    "投资机构统一社会信用代码",
    "项目方",
    "项目方统一社会信用代码",
    "来源",
    "行业",
    "地区",
    "轮次",
    "投资方式",
    "投资金额（万元）",
    "持股比例（%）",
    "协议日期",
    "到账日期",
    "工商变更日期",
    "入库时间",
    "状态",
)


def _lines(
    session: Session, actor: Actor, filters: Filters, found: list[InvestmentRecord]
) -> list[list[object]]:
    return [
        [
            r.project_name,
            r.institution_name,
            r.institution_code,
            r.enterprise_name,
            r.enterprise_code,
            InvestmentSource.label_of(r.source),
            Industry.label_of(r.industry),
            Region.label_of(r.region),
            Round.label_of(r.round),
            InvestMode.label_of(r.mode),
            Decimal(r.amount_fen) / 1_000_000,
            Decimal(r.share_bp) / 100 if r.share_bp else "",
            r.agreed_on,
            r.paid_on or "",
            r.registered_on or "",
            clock.local(r.created_at),
            CLOSED,
        ]
        for r in found
    ]


def _listing(name: str, where: Any) -> Listing:
    return lists.register(
        Listing(
            name,
            "股权投资项目库",
            where,
            list_count.Table(InvestmentRecord, (InvestmentRecord.amount_fen,)),
            lambda session, actor, filters, found: [_row(r) for r in found],
            {},
            {"amount": col(InvestmentRecord.amount_fen), "agreed": col(InvestmentRecord.agreed_on)},
            lines=_lines,
            headings=HEADINGS,
        )
    )


OWN = _listing("library_own", _own_where)
EVERY = _listing("library", _all_where)
