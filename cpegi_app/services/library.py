"""股权投资项目库: what is done online and filed offline, 已结项, never changed; each side's own for policies (manual §6.5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Forbidden
from cpegi_app.models import InvestmentRecord
from cpegi_app.services import list_count, lists, staff
from cpegi_app.services.forms import normalise, percent, wan
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import Industry, Region
from cpegi_app.vocabulary.equity import InvestmentSource, InvestMode, Round

# So many of its own records a side chooses from at a time; a word narrows them down.
CHOICES = 50
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


class OwnRecord(BaseModel):
    """An entry that one side may choose in a policy application; the amount in 分."""

    id: int
    as_side: str
    project_name: str
    counterpart: str
    source: str
    round: str
    amount_fen: int
    agreed_on: date
    paid_on: date | None


def own_records(
    session: Session,
    actor: Actor,
    *,
    since: date | None = None,
    until: date | None = None,
    word: str = "",
    limit: int = CHOICES,
) -> list[OwnRecord]:
    """Return the actor's own closed investments to choose from, as institution or as project side, newest first.

    `since` and `until` bound the day on which the money arrived; the entries themselves never change, so that
    an application may refer to one by its id.
    """
    query = _of_own(actor)
    if since:
        query = query.where(col(InvestmentRecord.paid_on) >= since)
    if until:
        query = query.where(col(InvestmentRecord.paid_on) <= until)
    if (found := _word(word)) is not None:
        query = query.where(found)
    rows = session.exec(query.order_by(col(InvestmentRecord.id).desc()).limit(max(1, min(limit, CHOICES))))
    return [_own(r, actor) for r in rows]


def own_record(session: Session, actor: Actor, record_id: int) -> OwnRecord | None:
    """Return one of the actor's own closed investments; None when it is none of them."""
    if type(record_id) is not int or not 0 < record_id < 2**31:
        return None
    found = session.exec(_of_own(actor).where(InvestmentRecord.id == record_id)).first()
    return _own(found, actor) if found else None


def _of_own(actor: Actor) -> Any:
    if not actor.may(Permission.LIBRARY_OWN) or actor.org_id is None:
        raise Forbidden
    return select(InvestmentRecord).where(_sides(actor.org_id))


def _sides(org_id: int) -> Any:
    return or_(col(InvestmentRecord.org_id) == org_id, col(InvestmentRecord.enterprise_id) == org_id)


def _own(r: InvestmentRecord, actor: Actor) -> OwnRecord:
    invests = r.org_id == actor.org_id
    return OwnRecord(
        id=r.id or 0,
        as_side="投资机构" if invests else "项目方",
        project_name=r.project_name,
        counterpart=r.enterprise_name if invests else r.institution_name,
        source=r.source,
        round=r.round,
        amount_fen=r.amount_fen,
        agreed_on=r.agreed_on,
        paid_on=r.paid_on,
    )


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
