"""What a 工作台 is made of: figures, and things that wait with the button that leads to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, select

# So many waiting things stand on the 工作台, and so many of one kind; the rest is a click away.
TODOS, MOST = 8, 5


class Tile(BaseModel):
    """A figure of the 工作台."""

    label: str
    value: str
    unit: str
    href: str
    tone: str


class Todo(BaseModel):
    """Something that waits for the actor, with the button that leads to it."""

    title: str
    note: str
    at: str
    action: str
    href: str
    tone: str
    tag: str
    # How many waiting things the line stands for.
    counts: int = 1


def tile(label: str, value: int | str, href: str, tone: str = "grey", unit: str = "") -> Tile:
    """Return a figure."""
    return Tile(label=label, value=str(value), unit=unit, href=href, tone=tone)


def first(
    session: Session, query: Any, order: Any, todo: Callable[[Any], Todo], href: str, most: int = MOST
) -> list[Todo]:
    """Return what has waited longest of a kind, and where there is more, a line that counts it and leads to it."""
    rows = session.exec(query.order_by(order).limit(most + 1)).all()
    found = [todo(row) for row in rows[:most]]
    if len(rows) > most:
        left = session.exec(select(func.count()).select_from(query.order_by(None).subquery())).one() - most
        found.append(beyond(left, found[0], href))
    return found


def beyond(left: int, like: Todo, href: str) -> Todo:
    """Return the line that stands for so many more of the same kind."""
    told = {"title": f"还有 {left} 项{like.tag}", "note": "", "at": "", "action": "查看全部"}
    return like.model_copy(update=told | {"href": href, "counts": left})
