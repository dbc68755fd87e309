"""What the 工作台 says of investments: what waits for the own side, and what came back (manual §6.2, §6.4)."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from cpegi_app import clock
from cpegi_app.access import (
    CONFIRM,
    CONFIRM_ONLINE,
    CONFIRMATIONS,
    INVESTMENT_EDIT,
    RECORD,
    RECORDS,
    Actor,
    Permission,
)
from cpegi_app.models import EquityProject, Investment, OnlineInvestment
from cpegi_app.services.bench_parts import MOST, Todo, first
from cpegi_app.services.forms import wan
from cpegi_app.services.investment import state_of
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.equity import FILING_TONES, FilingState, OnlineState


def own(session: Session, actor: Actor) -> list[Todo]:
    """Return the investments that the actor's organisation has to confirm, answer or correct."""
    found: list[Todo] = []
    if actor.may(Permission.INVESTMENT_CONFIRM):
        found += _to_confirm(session, actor) + _online(session, actor)
    if actor.may(Permission.INVESTMENT_SUBMIT):
        found += _returned(session, actor)
    return found


def _to_confirm(session: Session, actor: Actor) -> list[Todo]:
    query = select(Investment).where(
        Investment.enterprise_id == actor.org_id,
        Investment.status == Status.PENDING.value,
        Investment.stage == 0,
    )

    def line(row: Investment) -> Todo:
        return Todo(
            title=row.project_name,
            note=f"投资 {wan(row.amount_fen)} 万元，请核对后确认或提出异议",
            at=f"提交于 {clock.local(row.submitted_at)}",
            action="确认",
            href=CONFIRM.url(iid=row.id),
            tone="blue",
            tag="线下投资确认",
        )

    return first(session, query, col(Investment.submitted_at), line, CONFIRMATIONS.route)


def _online(session: Session, actor: Actor) -> list[Todo]:
    own_side = (col(OnlineInvestment.org_id) == actor.org_id) & col(OnlineInvestment.institution_at).is_(None)
    other = (col(OnlineInvestment.enterprise_id) == actor.org_id) & col(OnlineInvestment.enterprise_at).is_(
        None
    )
    query = (
        select(OnlineInvestment, EquityProject.name)
        .join(EquityProject, col(EquityProject.id) == OnlineInvestment.project_id)
        .where(OnlineInvestment.state == OnlineState.WAITING.value, or_(own_side, other))
    )
    return [
        Todo(
            title=name,
            note=f"投资 {wan(row.amount_fen)} 万元，请核对后确认或提出异议",
            at=f"登记于 {clock.local(row.created_at)}",
            action="确认",
            href=(RECORD if row.org_id == actor.org_id else CONFIRM_ONLINE).url(oid=row.id),
            tone="blue",
            tag="线上投资确认",
        )
        for row, name in session.exec(query.order_by(col(OnlineInvestment.id)).limit(MOST))
    ]


def _returned(session: Session, actor: Actor) -> list[Todo]:
    query = select(Investment).where(
        Investment.org_id == actor.org_id, Investment.status == Status.RETURNED.value
    )

    def line(row: Investment) -> Todo:
        return Todo(
            title=row.project_name,
            note=row.reason,
            at=f"退回于 {clock.local(row.decided_at)}",
            action="更正或答复" if state_of(row) is FilingState.OBJECTED else "修改后重新提交",
            href=INVESTMENT_EDIT.url(iid=row.id),
            tone=FILING_TONES[state_of(row)],
            tag=state_of(row).label,
        )

    return first(session, query, col(Investment.decided_at), line, RECORDS.route)
