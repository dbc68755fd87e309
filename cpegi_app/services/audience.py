"""How many verified enterprises stated conditions would reach, told while they are edited (manual §4.1).

Few enterprises would be recognisable: counts under five are not told, nor what they could be reckoned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import Actor, Permission
from cpegi_app.dimensions import BY_CODE
from cpegi_app.errors import Forbidden
from cpegi_app.services import conditions, matching
from cpegi_app.services.conditions import effective
from cpegi_app.services.matching import Tally

FEW = 5
# Of the conditions that shut out, so many are told.
WORST = 3


class Shut(BaseModel):
    """A condition and how many enterprises do not meet it."""

    label: str
    condition: str
    count: str
    share: int = 0


class Audience(BaseModel):
    """What the panel beside the conditions says."""

    ready: bool = False
    fit: str = ""
    lacking: str = ""
    worst: list[Shut] = []
    problems: list[str] = []


def stated(data: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the conditions that are stated rightly so far, and the sentences about those that are not."""
    found: dict[str, Any] = {}
    problems: list[str] = []
    for d in conditions.DIMENSIONS:
        parts = [data.get(f"c_{d.code}_{part}") for part in ("low", "high", "set", "yes")]
        if data.get(f"c_{d.code}_free") == "yes" or not any(parts):
            continue
        try:
            found[d.code] = conditions.parse_one(d, data)
        except ValueError as error:
            problems.append(f"{error}，未计入测算。")
    problems += [f"{sentence}。" for sentence in conditions.apart(found, data).values()]
    return effective(found, data), problems


def count(session: Session, actor: Actor, wanted: Mapping[str, Any], part: int, parts: int) -> Tally:
    """Count one part of the enterprises for an institution that edits a product."""
    if not actor.may(Permission.PRODUCT_SUBMIT):
        raise Forbidden()
    return matching.tally(session, wanted, part, parts)


def shown(wanted: Mapping[str, Any], problems: list[str], tally: Tally) -> Audience:
    """Return what may be told of a tally."""
    out = {code: n for code, n in tally.out.items() if n}
    # One count that is not told makes every other a rough one: how many there are in all is public.
    rough = any(n < FEW for n in (tally.fit, tally.lacking, *out.values()))
    worst = sorted(((n, code) for code, n in out.items()), reverse=True)[:WORST]
    return Audience(
        ready=True,
        fit=told(tally.fit, rough=rough),
        lacking=told(tally.lacking, rough=rough),
        worst=[
            Shut(
                label=BY_CODE[code].label,
                condition=conditions.show(BY_CODE[code], wanted[code]),
                count=told(n, rough=rough),
                share=round(n * 20 / tally.total) * 5 if tally.total else 0,
            )
            for n, code in worst
        ],
        problems=problems,
    )


def told(n: int, *, rough: bool = False) -> str:
    """Return a count; beside one that is not told, a rough one in fives, or the hidden one could be reckoned."""
    if n < FEW:
        return f"少于 {FEW}"
    return f"约 {n - n % FEW:,}" if rough else f"{n:,}"
