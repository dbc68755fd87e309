"""股权数据: projects, leads, meetings and investments in figures, summed by the database (manual §6.1–6.5)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.access import EQUITY_FIGURES, Actor, Permission
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
from cpegi_app.services import forms, staff
from cpegi_app.services.bench_parts import Tile, tile
from cpegi_app.services.figures import Column, Period, Table, grouped, sums, wan
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

AMOUNT = "万元"
# Who may see these figures.
NEEDS = Permission.LIBRARY_READ


def tables(session: Session, actor: Actor, period: Period) -> list[Table]:
    """Return the figures of a period to the staff."""
    staff.require(actor, NEEDS)
    return [_months(session, period), _rounds(session, period), _leads(session)]


def tiles(session: Session) -> list[Tile]:
    """Return the figures of the moment."""
    interested = ProjectRecommendation.answer == Interest.INTERESTED.value
    open_states = [OnlineState.WAITING.value, OnlineState.DISPUTED.value]
    waiting = _count(session, Investment, Investment.status == Status.PENDING.value)
    waiting += _count(session, OnlineInvestment, col(OnlineInvestment.state).in_(open_states))
    summed = select(func.count(), func.coalesce(func.sum(InvestmentRecord.amount_fen), 0))
    number, fen = session.exec(summed.select_from(InvestmentRecord)).one()
    href = EQUITY_FIGURES.route
    return [
        tile("融资中项目", _count(session, EquityProject, _is_open()), href, "green", "个"),
        tile("机构收藏", _count(session, ProjectFavourite), href, "blue", "次"),
        tile("感兴趣", _count(session, ProjectRecommendation, interested), href, "blue", "次"),
        tile("约见洽谈", _count(session, LeadEvent, _is_meeting()), href, "orange", "次"),
        tile("待确认投资", waiting, href, "orange" if waiting else "grey", "笔"),
        tile("完成投资", number, href, "teal", "笔"),
        tile("投资总额", forms.wan(int(fen)), href, "teal", AMOUNT),
    ]


def _count(session: Session, model: Any, *where: Any) -> int:
    return session.exec(select(func.count()).select_from(model).where(*where)).one()


def _is_open() -> Any:
    return EquityProject.state == ProjectState.OPEN.value


def _is_meeting() -> Any:
    return LeadEvent.kind == LeadEventKind.MEETING.value


def _months(session: Session, period: Period) -> Table:
    found = Table(
        "投资与洽谈（按月）",
        "月份",
        (
            Column("线上投资", "笔"),
            Column("线下投资", "笔"),
            Column("投资金额", AMOUNT, charted=True),
            Column("约见洽谈", "次"),
        ),
        note="投资按协议日期、洽谈按约见日期统计。",
        by_month=True,
    )
    for month in period.months:
        agreed, met = month.holds_day(col(InvestmentRecord.agreed_on)), col(LeadEvent.happened_on)
        done = grouped(session, InvestmentRecord.source, agreed, InvestmentRecord.amount_fen)
        online, offline = (
            done.get(s.value, [0, 0]) for s in (InvestmentSource.ONLINE, InvestmentSource.OFFLINE)
        )
        meetings = sums(session, _is_meeting() & month.holds_day(met))[0]
        found.lines.append((month.code, [online[0], offline[0], wan(online[1] + offline[1]), meetings]))
    return found


def _rounds(session: Session, period: Period) -> Table:
    found = Table(
        "各轮次项目与投资",
        "轮次",
        (
            Column("融资中", "个"),
            Column("拟融资", AMOUNT, charted=True),
            Column("完成投资", "笔"),
            Column("投资金额", AMOUNT, charted=True),
        ),
        note="融资中项目和拟融资金额为当前数；投资按所选期间的协议日期统计。",
    )
    wanted = grouped(session, EquityProject.round, _is_open(), EquityProject.amount_fen)
    agreed = period.holds_day(col(InvestmentRecord.agreed_on))
    done = grouped(session, InvestmentRecord.round, agreed, InvestmentRecord.amount_fen)
    for r in Round:
        (projects, asked), (investments, fen) = wanted.get(r.value, [0, 0]), done.get(r.value, [0, 0])
        found.lines.append((r.label, [projects, wan(asked), investments, wan(fen)]))
    return found


def _leads(session: Session) -> Table:
    columns = (Column("线索", "条", charted=True),)
    found = Table("对接线索（按阶段）", "阶段", columns, note="为当前情况。")
    at = {stage: row[0] for stage, row in grouped(session, EquityLead.stage, col(EquityLead.id) > 0).items()}
    found.lines = [(s.label, [at.get(s.value, 0)]) for s in LeadStage]
    return found
