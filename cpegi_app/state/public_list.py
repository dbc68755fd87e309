"""The address of a list on the public site says what is shown, so a link or 后退 finds it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

from cpegi_app.access import Screen
from cpegi_app.state.base import Services, int_arg, text_arg
from cpegi_app.state.table import SIZES

# The page turns up to here; beyond it a filter is the better way.
LAST_PAGE = 100_000
Offered = list[tuple[str, str]]
# What an address says of a list that is no filter.
SHAPE = frozenset({"sort", "size"})
# As usual is not named in an address.
OFFERED_SIZES: Offered = [("" if n == SIZES[0] else str(n), f"{n} 条") for n in SIZES]


class Choice(BaseModel):
    """One choice of a filter: a link to the same list with that choice made."""

    label: str
    href: str
    current: bool


class Filter(BaseModel):
    """One filter of a public list."""

    label: str
    choices: list[Choice]


class PublicListState(Services, mixin=True):
    """What the page of a public list shows beside its rows; every way on is an address."""

    total: int = 0
    page: int = 1
    pages: int = 1
    sorts: list[Choice] = []
    sizes: list[Choice] = []
    word: str = ""
    before: str = ""
    after: str = ""
    loading: bool = True


class Address:
    """The filters, the sorting and the size of one public list, as its address names them."""

    def __init__(self, screen: Screen, filters: tuple[tuple[str, str, Offered], ...], sorts: Any) -> None:
        """Filters are (name in the address, label, the choices offered)."""
        self.route, self.named, self.sorted = screen.route, filters, sorts

    def asked(self, query: Mapping[str, str], free: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Return what an address asks for, whatever makes no sense left out; `free` says what else a filter takes."""
        found = {name: text_arg(query.get(name), 40) for name, _, _ in self.named}
        found |= {"word": text_arg(query.get("word"), 40)}
        found |= {name: text_arg(query.get(name), 10) for name in SHAPE}
        known = {name: {code for code, _ in choices} for name, _, choices in self.named}
        known |= {"sort": {code for code, _ in self.sorted}, "size": {code for code, _ in OFFERED_SIZES}}

        def is_sense(name: str, value: str) -> bool:
            return bool(free[name](value)) if free and name in free else value in known.get(name, {value})

        return {k: v for k, v in found.items() if v and is_sense(k, v)}

    def href(self, asked: dict[str, str], **change: str) -> str:
        """Return the address of the list with some of its filters changed; a change begins at page 1."""
        query = {k: v for k, v in (asked | change).items() if v}
        return self.route + (f"?{urlencode(query)}" if query else "")

    def searched(self, query: Mapping[str, str], data: Any, free: Mapping[str, Any] | None = None) -> str:
        """Return the address of the list with a posted word, under the filters that are set."""
        word = text_arg(data.get("word"), 40) if isinstance(data, Mapping) else ""
        return self.href(self.asked(query, free), word=word)

    def filters(self, asked: dict[str, str], units: Mapping[str, str] | None = None) -> list[Filter]:
        """Return the filters as links; a number of one's own, from the address, is shown with its unit."""
        return [self._filter(asked, *named, unit=(units or {}).get(named[0], "")) for named in self.named]

    def _filter(self, asked: dict[str, str], name: str, label: str, choices: Offered, unit: str) -> Filter:
        now = asked.get(name, "")
        own = [(now, f"{now} {unit}")] if now and now not in dict(choices) else []
        offered = [("", "不限"), *choices, *own]
        return Filter(label=label, choices=[self._choice(asked, name, *each) for each in offered])

    def sorts(self, asked: dict[str, str]) -> list[Choice]:
        """Return the ways to sort as links."""
        return [self._choice(asked, "sort", *each) for each in self.sorted]

    def sizes(self, asked: dict[str, str]) -> list[Choice]:
        """Return how many may stand on a page, as links."""
        return [self._choice(asked, "size", *each) for each in OFFERED_SIZES]

    def _choice(self, asked: dict[str, str], name: str, code: str, text: str) -> Choice:
        href = self.href(asked, **{name: code})
        return Choice(label=text, href=href, current=asked.get(name, "") == code)

    def around(self, asked: dict[str, str], page: int, pages: int) -> tuple[str, str]:
        """Return the addresses of the pages before and after, empty where there is none."""
        before = self.href(asked, page=str(page - 1)) if page > 1 else ""
        return before, self.href(asked, page=str(page + 1)) if page < pages else ""

    def clear(self, asked: dict[str, str]) -> str:
        """Return the address without filters, empty when none is set."""
        return self.route if set(asked) - SHAPE else ""


def size_of(asked: Mapping[str, str]) -> int:
    """Return how many rows a page of the list has that an address asks for."""
    return int_arg(asked.get("size"), SIZES[0], SIZES[-1])


def page_of(query: Mapping[str, str]) -> int:
    """Return the page that an address asks for."""
    return int_arg(query.get("page", "1"), 1, LAST_PAGE)
