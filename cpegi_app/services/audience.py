"""How many verified enterprises stated conditions would reach, told while they are edited (manual §4.1).

Few enterprises would be recognisable: counts under five are not told, and no count exactly, or the difference of two
would tell of one enterprise what only its application may tell.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.dimensions import BY_CODE
from cpegi_app.errors import Forbidden, TooMany
from cpegi_app.services import conditions, matching
from cpegi_app.services.conditions import effective
from cpegi_app.services.matching import Tally
from cpegi_app.settings import get_settings
from cpegi_app.shared_windows import SharedWindow

FEW = 5
# Of the conditions that shut out, so many are told.
WORST = 3
# Many questions together would tell more than each: an institution has so many an hour.
ASKED = SharedWindow("audience", 300, 3600)
PAUSED = "本机构一小时内的测算次数已达上限，测算暂停；可以继续填写和保存，稍后修改任一条件即恢复测算。"


class Shut(BaseModel):
    """A condition and how many enterprises do not meet it."""

    label: str
    condition: str
    count: str


class Audience(BaseModel):
    """What the panel beside the conditions says."""

    ready: bool = False
    fit: str = "—"
    lacking: str = "—"
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
    if part == 0 and (wait := ASKED.hit(str(actor.org_id))):
        raise TooMany(PAUSED, wait)
    return matching.tally(session, wanted, part, parts)


def shown(wanted: Mapping[str, Any], problems: list[str], tally: Tally) -> Audience:
    """Return what may be told of a tally."""

    near = _near(wanted, tally)

    def rough(what: str, n: int) -> int:
        return max(0, n - _blur(what, near) - _blur(what, _exact(wanted))) // FEW * FEW

    out = {code: rough(code, n) for code, n in tally.out.items()}
    # By what is told, as the order of the true counts would tell more.
    worst = sorted(out, key=lambda code: out[code], reverse=True)[:WORST]
    return Audience(
        ready=True,
        fit=told(rough("fit", tally.fit)),
        lacking=told(rough("lacking", tally.lacking)),
        worst=[
            Shut(
                label=BY_CODE[code].label,
                condition=conditions.show(BY_CODE[code], wanted[code]),
                count=told(out[code]),
            )
            for code in worst
        ],
        problems=problems,
    )


def told(n: int) -> str:
    """Return a count that was lowered to fives as the panel says it."""
    return f"约 {n:,}" if n else f"少于 {FEW}"


def _exact(wanted: Mapping[str, Any]) -> list[Any]:
    """Return a question; in other words it is the same one."""
    return sorted((c, BY_CODE[c].limits(v), BY_CODE[c].allowed(v)) for c, v in wanted.items())


def _near(wanted: Mapping[str, Any], tally: Tally) -> list[Any]:
    """Return what a question has in common with those that could be asked in its stead to learn the same.

    Limits count by their first digit, and conditions that shut nobody out not at all.
    """
    return [
        (c, [n and (len(str(n)), str(n)[: 1 + (n < 0)]) for n in limits], allowed)
        for c, limits, allowed in _exact(wanted)
        if tally.out.get(c)
    ]


def _blur(what: str, question: list[Any]) -> int:
    """Return by how much a count is lowered before it is cut to fives, which nobody can foretell: 0, 1 or 2.

    The same for the same question on a day: asking again tells nothing more. It is lowered twice. Another for every
    other question: two counts that differ do not tell that the enterprises differ. The same for those near it: the mean
    of many questions with limits a little apart does not tell the count.
    """
    key = get_settings().secret_key or "demo"
    text = repr([what, clock.today(), *question])
    return hmac.digest(key.encode(), text.encode(), "sha256")[0] % 3
