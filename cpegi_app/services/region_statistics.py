"""The platform's figures by class of institution and by month, for the staff and the regulator."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import Application, Loan, Organisation, Product
from cpegi_app.services import staff
from cpegi_app.services.corrections import in_force
from cpegi_app.services.dashboard import Tile, region_tiles
from cpegi_app.services.forms import wan
from cpegi_app.vocabulary import CLASSES, Kind, Status


class ClassRow(BaseModel):
    """One class of institution in the statistics."""

    label: str
    institutions: int
    products: int
    loans: int
    amount: str


class MonthRow(BaseModel):
    """One month of the statistics."""

    month: str
    applications: int
    approved: int
    loans: int
    amount: str


class Statistics(BaseModel):
    """The platform's figures by class and by month."""

    tiles: list[Tile]
    classes: list[ClassRow]
    months: list[MonthRow]


def statistics(session: Session, actor: Actor) -> Statistics:
    """Return the statistics page; read only, for the staff and the regulator."""
    staff.require(actor, Permission.STATISTICS_READ)
    return Statistics(tiles=region_tiles(session), classes=_by_class(session), months=_by_month(session))


def _by_class(session: Session) -> list[ClassRow]:
    orgs = dict(
        session.exec(
            select(Organisation.org_class, func.count())
            .where(col(Organisation.verified_at).is_not(None))
            .group_by(col(Organisation.org_class))
        ).all()
    )
    products = dict(
        session.exec(
            select(Product.org_class, func.count())
            .where(col(Product.is_listed).is_(True))
            .group_by(col(Product.org_class))
        ).all()
    )
    query = (
        select(Organisation.org_class, func.count(), func.sum(Loan.amount_fen))
        .join(Loan, col(Loan.institution_id) == Organisation.id)
        .where(in_force())
        .group_by(col(Organisation.org_class))
    )
    loans = {c: (n, int(total)) for c, n, total in session.exec(query)}
    return [
        ClassRow(
            label=c.label,
            institutions=orgs.get(c.value, 0),
            products=products.get(c.value, 0),
            loans=loans.get(c.value, (0, 0))[0],
            amount=wan(loans.get(c.value, (0, 0))[1]),
        )
        for kind in (Kind.DEBT, Kind.EQUITY, Kind.INTERMEDIARY)
        for c in CLASSES[kind]
    ]


def _by_month(session: Session) -> list[MonthRow]:
    since = clock.now() - timedelta(days=200)
    found: dict[str, list[int]] = {month: [0, 0, 0, 0] for month in _last_months()}
    for at, status in session.exec(
        select(Application.submitted_at, Application.status).where(col(Application.submitted_at) > since)
    ):
        row = found.setdefault(clock.local_date(at)[:7], [0, 0, 0, 0])
        row[0] += 1
        row[1] += status == Status.APPROVED
    for on, amount in session.exec(
        select(col(Loan.lent_on), col(Loan.amount_fen)).where(Loan.lent_on > since.date(), in_force())
    ):
        row = found.setdefault(on.isoformat()[:7], [0, 0, 0, 0])
        row[2] += 1
        row[3] += amount
    return [
        MonthRow(month=m, applications=r[0], approved=r[1], loans=r[2], amount=wan(r[3]))
        for m, r in sorted(found.items(), reverse=True)[:6]
    ]


def _last_months(count: int = 6) -> list[str]:
    """Return the present month and those before it: a month without business is a row of noughts."""
    year, month = map(int, clock.local_date(clock.now())[:7].split("-"))
    return [f"{(year * 12 + month - 1 - n) // 12}-{(month - 1 - n) % 12 + 1:02d}" for n in range(count)]
