"""What a 工作台 is made of: figures, and things that wait with the button that leads to them."""

from __future__ import annotations

from pydantic import BaseModel

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


def tile(label: str, value: int | str, href: str, tone: str = "grey", unit: str = "") -> Tile:
    """Return a figure."""
    return Tile(label=label, value=str(value), unit=unit, href=href, tone=tone)
