"""Investments, leads and roadshows for the tests, one call each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import EquityLead, EquityProject, OnlineInvestment, Organisation, Roadshow
from cpegi_app.services import investment_form, online_investment, roadshow, roadshow_desk
from cpegi_app.vocabulary import Kind
from cpegi_app.vocabulary.equity import LeadSource, LeadStage, ProjectState
from tests.factories import member, number, staff


def project(session: Session, owner: Actor | None = None, **columns: Any) -> EquityProject:
    """Return a published project looking for 1,000 万元."""
    owner = owner or member(session)
    columns = {
        "name": f"工业视觉检测项目{number()}号",
        "industry": "I",
        "region": "GAOXIN",
        "round": "A",
        "stage": "GROWTH",
        "amount_fen": 1_000_000_000,
        "state": ProjectState.OPEN.value,
        "listed_at": clock.now(),
        "revision_id": 1,
    } | columns
    row = EquityProject(org_id=owner.org_id or 0, **columns)
    session.add(row)
    session.flush()
    return row


def lead(session: Session, fund: Actor, of: EquityProject, **columns: Any) -> EquityLead:
    """Return a lead that has come to the terms."""
    columns = {"source": LeadSource.FAVOURITE.value, "stage": LeadStage.TERMS.value} | columns
    row = EquityLead(project_id=of.id or 0, org_id=fund.org_id or 0, updated_at=clock.now(), **columns)
    session.add(row)
    session.flush()
    return row


def fund(session: Session, **changes: str) -> Actor:
    """Return a verified equity institution."""
    return member(session, Kind.EQUITY, **changes)


def figures(**changes: str) -> dict[str, str]:
    """Return the figures of a right investment."""
    today = clock.today()
    data = {
        "round": "A",
        "mode": "EQUITY",
        "amount": "1000",
        "share": "10",
        "agreed_on": (today - timedelta(days=30 + number() % 2000)).isoformat(),
        "paid_on": (today - timedelta(days=10)).isoformat(),
        "registered_on": (today - timedelta(days=5)).isoformat(),
    }
    return data | changes


def day(ago: int) -> str:
    """Return a day so many days ago."""
    return (clock.today() - timedelta(days=ago)).isoformat()


def online(session: Session, by: str = "fund", **changes: str) -> tuple[OnlineInvestment, Actor, Actor]:
    """Return a record with its institution and its enterprise, recorded by the institution or the staff."""
    investor, owner = fund(session), member(session)
    found = lead(session, investor, project(session, owner))
    who = investor if by == "fund" else staff(session)
    return online_investment.record(session, who, found.id or 0, figures(**changes)), investor, owner


def closed(session: Session, **changes: str) -> tuple[Actor, Actor]:
    """Return institution and enterprise of an online investment that is in the library."""
    row, institution, owner = online(session, **changes)
    online_investment.confirm(session, owner, row.id or 0, row.version)
    return institution, owner


def roadshow_data(**changes: str) -> dict[str, str]:
    """Return a right roadshow in ten days."""
    soon = clock.today() + timedelta(days=10)
    data = {
        "title": f"先进制造专场路演{number()}",
        "host": "中原中小企业成长指数服务平台",
        "places": "10",
        "agenda": "14:00 签到\n14:30 项目路演",
        "day": soon.isoformat(),
        "begins": "14:30",
        "ends": "17:00",
        "place": "郑州市高新区科学大道 1 号二楼会议厅",
        "link": "",
        "deadline": (soon - timedelta(days=2)).isoformat(),
        "deadline_time": "18:00",
        "contact": "赵老师",
        "contact_phone": "0371-60000000",
    }
    return data | changes


def published(session: Session, *guests: Actor, by: Actor | None = None, **changes: str) -> Roadshow:
    """Return a published roadshow to which the guests are invited."""
    by = by or staff(session)
    row = roadshow.new_draft(session, by)
    row = roadshow.save(session, by, row.id or 0, row.version, roadshow_data(**changes))
    for guest in guests or (fund(session),):
        roadshow_desk.invite(session, by, row.id or 0, guest.org_id or 0)
    return roadshow.save(session, by, row.id or 0, row.version, roadshow.values(row), publish=True)


def changed(session: Session, row: Roadshow, by: Actor, reason: str = "场地调整", **changes: str) -> Roadshow:
    """Change a roadshow's plan as the staff do, with a reason."""
    data = roadshow.values(row) | changes
    return roadshow.save(session, by, row.id or 0, row.version, data, reason=reason)


def guest_data(**changes: str) -> dict[str, str]:
    """Return a right 报名."""
    return {"visitor": "李敏", "phone": "13800001234", "people": "1"} | changes


def org(session: Session, actor: Actor) -> Organisation:
    """Return an actor's organisation."""
    return session.get_one(Organisation, actor.org_id)


def on(text: str) -> date:
    """Return a form's day."""
    return date.fromisoformat(text)


def strings_of(row: OnlineInvestment) -> dict[str, str]:
    """Return a record's figures as its form's strings."""
    return investment_form.strings(row)
