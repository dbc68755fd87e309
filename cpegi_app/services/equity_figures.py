"""股权数据: projects, interest, meetings and investments in figures, summed by the database (manual §6.1–6.5)."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import extract, func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import (
    EquityLead,
    EquityProject,
    Investment,
    InvestmentRecord,
    LeadEvent,
    OnlineInvestment,
    ProjectFavourite,
    ProjectRecommendation,
)
from cpegi_app.services import staff
from cpegi_app.services.forms import wan
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.equity import (
    Interest,
    InvestmentSource,
    LeadEventKind,
    LeadStage,
    OnlineState,
    ProjectState,
    Round,
)

MONTHS = 12


class Figure(BaseModel):
    """One number on top of the page."""

    label: str
    value: str
    unit: str
    tone: str
    hint: str = ""


class RoundFigures(BaseModel):
    """Open projects and done investments of a round."""

    label: str
    projects: int = 0
    wanted: str = "0"
    investments: int = 0
    amount: str = "0"
    share: int = 0


class MonthFigures(BaseModel):
    """What a month brought, by the day of the agreement."""

    month: str
    online: int = 0
    offline: int = 0
    amount: str = "0"
    meetings: int = 0
    share: int = 0


class Funnel(BaseModel):
    """How many leads stand at a stage."""

    label: str
    count: int


class EquityFigures(BaseModel):
    """Everything that the page shows."""

    at: str = ""
    tiles: list[Figure] = []
    rounds: list[RoundFigures] = []
    months: list[MonthFigures] = []
    funnel: list[Funnel] = []


def figures(session: Session, actor: Actor) -> EquityFigures:
    """Return the figures of the moment to the staff."""
    staff.require(actor, Permission.LIBRARY_READ)
    months = _months(session)
    return EquityFigures(
        at=clock.local(clock.now()),
        tiles=_tiles(session),
        rounds=_rounds(session),
        months=months,
        funnel=_funnel(session),
    )


def _count(session: Session, model: Any, *where: Any) -> int:
    return session.exec(select(func.count()).select_from(model).where(*where)).one()


def _tiles(session: Session) -> list[Figure]:
    open_projects = _count(session, EquityProject, EquityProject.state == ProjectState.OPEN.value)
    amount, number = session.exec(
        select(func.coalesce(func.sum(InvestmentRecord.amount_fen), 0), func.count()).select_from(
            InvestmentRecord
        )
    ).one()
    interested = _count(
        session, ProjectRecommendation, col(ProjectRecommendation.answer) == Interest.INTERESTED.value
    )
    meetings = _count(session, LeadEvent, col(LeadEvent.kind) == LeadEventKind.MEETING.value)
    waiting = _count(session, Investment, Investment.status == Status.PENDING.value)
    open_states = [OnlineState.WAITING.value, OnlineState.DISPUTED.value]
    waiting += _count(session, OnlineInvestment, col(OnlineInvestment.state).in_(open_states))
    return [
        _figure("融资中项目", open_projects, "个", "green"),
        _figure("机构收藏", _count(session, ProjectFavourite), "次", "blue"),
        _figure("感兴趣", interested, "次", "blue"),
        _figure("约见洽谈", meetings, "次", "orange"),
        _figure("待确认投资", waiting, "笔", "orange" if waiting else "grey"),
        _figure("完成投资", number, "笔", "teal"),
        _figure("投资总额", wan(int(amount)), "万元", "teal"),
    ]


def _grouped(column: Any) -> Any:
    return select(column, func.count()).group_by(column)


def _figure(label: str, value: int | str, unit: str, tone: str) -> Figure:
    return Figure(label=label, value=f"{value:,}" if isinstance(value, int) else value, unit=unit, tone=tone)


def _rounds(session: Session) -> list[RoundFigures]:
    wanted = {
        code: (number, int(amount))
        for code, number, amount in session.exec(
            select(EquityProject.round, func.count(), func.coalesce(func.sum(EquityProject.amount_fen), 0))
            .where(EquityProject.state == ProjectState.OPEN.value)
            .group_by(col(EquityProject.round))
        )
    }
    done = {
        code: (number, int(amount))
        for code, number, amount in session.exec(
            select(
                InvestmentRecord.round, func.count(), func.coalesce(func.sum(InvestmentRecord.amount_fen), 0)
            ).group_by(col(InvestmentRecord.round))
        )
    }
    most = max((amount for _, amount in done.values()), default=0)
    return [
        RoundFigures(
            label=r.label,
            projects=wanted.get(r.value, (0, 0))[0],
            wanted=wan(wanted.get(r.value, (0, 0))[1]),
            investments=done.get(r.value, (0, 0))[0],
            amount=wan(done.get(r.value, (0, 0))[1]),
            share=_share(done.get(r.value, (0, 0))[1], most),
        )
        for r in Round
    ]


def _share(amount: int, most: int) -> int:
    return round(amount * 100 / most) if most else 0


def _months(session: Session) -> list[MonthFigures]:
    """Return the last twelve months, the newest first; the database sums by year and month."""
    first = _back(clock.today(), MONTHS - 1)
    agreed = col(InvestmentRecord.agreed_on)
    year, month = extract("year", agreed), extract("month", agreed)
    summed: Any = select
    money = summed(year, month, InvestmentRecord.source, func.count(), func.sum(InvestmentRecord.amount_fen))
    counts: dict[tuple[str, str], int] = {}
    amounts: dict[str, int] = {}
    for y, m, source, number, amount in session.exec(
        money.where(agreed >= first).group_by(year, month, InvestmentRecord.source)
    ):
        key = f"{int(y)}-{int(m):02d}"
        counts[key, source] = number
        amounts[key] = amounts.get(key, 0) + int(amount)
    met = col(LeadEvent.happened_on)
    year, month = extract("year", met), extract("month", met)
    query: Any = select(year, month, func.count())
    meeting = query.where(LeadEvent.kind == LeadEventKind.MEETING.value, met >= first).group_by(year, month)
    meetings = {f"{int(y)}-{int(m):02d}": n for y, m, n in session.exec(meeting)}
    most = max(amounts.values(), default=0)
    keys = [_back(clock.today(), n).isoformat()[:7] for n in range(MONTHS)]
    return [
        MonthFigures(
            month=k,
            online=counts.get((k, InvestmentSource.ONLINE.value), 0),
            offline=counts.get((k, InvestmentSource.OFFLINE.value), 0),
            amount=wan(amounts.get(k, 0)),
            meetings=meetings.get(k, 0),
            share=_share(amounts.get(k, 0), most),
        )
        for k in keys
    ]


def _back(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 - months
    return date(total // 12, total % 12 + 1, 1)


def _funnel(session: Session) -> list[Funnel]:
    found = dict(session.exec(_grouped(EquityLead.stage)).all())
    return [Funnel(label=s.label, count=found.get(s.value, 0)) for s in LeadStage]
