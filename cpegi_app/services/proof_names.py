"""Which numbers a file is called by: only whole ones count, never a part of a longer number (manual §5.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGN = re.compile("[0-9a-z]")


@dataclass(frozen=True)
class Place:
    """Where a number stands in a name."""

    number: str
    start: int
    end: int


def numbers_in(name: str, numbers: set[str]) -> tuple[set[str], tuple[str, str] | None]:
    """Return which of the numbers stand in a name as whole ones, and one that does not, with the longer one.

    Names and numbers are plain already: in small letters, without blanks where numbers have none.
    """
    places = _longest(name, numbers)
    doubtful: tuple[str, str] | None = None
    while True:
        # A number that goes on is another one, unless what goes on is itself a number that is known here.
        for place in places:
            if longer := _longer(name, place, places):
                doubtful = (place.number, longer)
                places = [other for other in places if other is not place]
                break
        else:
            return {place.number for place in places}, doubtful


def _longest(name: str, numbers: set[str]) -> list[Place]:
    """Return every place of a number between signs that are no letters or digits, of overlapping ones the longest."""
    found: list[Place] = []
    for number in sorted((n for n in numbers if n and n in name), key=lambda n: (-len(n), n)):
        head = "(?<![0-9a-z])" if _SIGN.match(number[0]) else ""
        tail = "(?![0-9a-z])" if _SIGN.match(number[-1]) else ""
        for m in re.finditer(f"{head}{re.escape(number)}{tail}", name):
            if all(m.end() <= other.start or other.end <= m.start() for other in found):
                found.append(Place(number, m.start(), m.end()))
    return found


def _longer(name: str, place: Place, places: list[Place]) -> str:
    """Return the longer number that a number is only a part of: JJ-1 goes on in JJ-1-2, but not in JJ-1_2 or JJ-1-合同."""
    # A sign within the number joins as the dash does: HT_1 goes on in HT_1_2.
    joins = "-" + "".join(sign for sign in "_./" if sign in place.number)
    signs = rf"[0-9a-z]+(?:[{re.escape(joins)}][0-9a-z]+)*"
    after = re.compile(rf"[{re.escape(joins)}]({signs})").match(name, place.end)
    before = re.search(rf"({signs})[{re.escape(joins)}]$", name[: place.start])
    start, end = place.start, place.end
    if after and not any(other.start == after.start(1) for other in places):
        end = after.end()
    if before and not any(other.end == before.end(1) for other in places):
        start = before.start()
    return name[start:end] if (start, end) != (place.start, place.end) else ""
