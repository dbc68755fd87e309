"""The statistics page: the platform's figures with the share that a bar shows."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.services import region_statistics
from cpegi_app.services.dashboard import Tile


class ClassFigures(BaseModel):
    """One class of institution; `share` of the largest sum, in per cent."""

    label: str
    institutions: int
    products: int
    loans: int
    amount: str
    share: int


class MonthFigures(BaseModel):
    """One month; `share` of the largest month's sum, in per cent."""

    month: str
    applications: int
    approved: int
    loans: int
    amount: str
    share: int


class Figures(BaseModel):
    """What the page shows, and as of when."""

    at: str = ""
    tiles: list[Tile] = []
    classes: list[ClassFigures] = []
    months: list[MonthFigures] = []


def figures(session: Session, actor: Actor) -> Figures:
    """Return the statistics for the staff and the regulator."""
    found = region_statistics.statistics(session, actor)
    most_class = max((_number(c.amount) for c in found.classes), default=Decimal(0))
    most_month = max((_number(m.amount) for m in found.months), default=Decimal(0))
    return Figures(
        at=clock.local(clock.now()),
        tiles=found.tiles,
        classes=[
            ClassFigures(**c.model_dump(), share=_share(_number(c.amount), most_class)) for c in found.classes
        ],
        months=[
            MonthFigures(
                **m.model_dump(),
                share=_share(_number(m.amount), most_month),
            )
            for m in found.months
        ],
    )


def _number(amount: str) -> Decimal:
    return Decimal(amount.replace(",", "") or 0)


def _share(part: Decimal, most: Decimal) -> int:
    return max(2, round(part * 100 / most)) if part > 0 and most > 0 else 0
