"""Lists: paging, sorting, filters and exports that every list state shares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import reflex as rx

from cpegi_app.denials import DENIED
from cpegi_app.errors import DomainError, SignInRequired
from cpegi_app.services import lists
from cpegi_app.services.lists import LISTINGS, Listing, Sums
from cpegi_app.state import place
from cpegi_app.state.base import Services, int_arg, run_as, text_arg
from cpegi_app.state.export import ExportState

S = TypeVar("S")
SIZES = (10, 20, 50)
# The list state's full name → its list; class attributes would become vars.
_LISTED: dict[str, str] = {}


def shows(listing: Listing) -> Callable[[type[S]], type[S]]:
    """Name the list that a state shows."""

    def put(state: type[S]) -> type[S]:
        _LISTED[state.get_full_name()] = listing.name  # pyright: ignore[reportAttributeAccessIssue]
        return state

    return put


def _filters(items: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    return {text_arg(name, 30): text_arg(value, 60) for name, value in list(items)[:20]}


def _size(value: Any) -> int:
    wanted = int_arg(value)
    return wanted if wanted in SIZES else SIZES[0]


class TableState(Services, mixin=True):
    """A list's page, size, order, filters and total; a chapter's state says which list by `@shows(…)`.

    A list that is none of `lists` says how to fetch in `_fetch`.
    """

    page: int = 1
    size: int = 10
    total: int = 0
    counting: bool = False
    sort: str = ""
    loading: bool = True
    filters: dict[str, str] = {}
    filter_key: int = 0
    # Whether the page in view was narrowed: an empty one then says so.
    filtered: bool = False
    # How the list stands, where it does not stand as it opens; the browser keeps it in the page's address.
    place: str = ""
    _opened: dict[str, str] = {}
    _led: bool = False
    # The list that is being counted in the background: its filters, and whether it is sorted.
    _behind: dict[str, str] | None = None

    def _listing(self) -> Listing | None:
        return LISTINGS.get(_LISTED.get(self.get_full_name(), ""))

    def _wanted(self) -> dict[str, str]:
        """Return the filters as the service takes them; a chapter adds what is no field of its query bar."""
        return dict(self.filters)

    def _sorts(self) -> Mapping[str, Any]:
        """Return what the headings sort by."""
        listing = self._listing()
        return listing.sorts if listing else {}

    def _lose_order(self) -> None:
        """Go back to the list's own order where other rows may be too many to sort."""
        listing = self._listing()
        if listing is not None and self.sort.lstrip("-") in listing.slow:
            self.sort = ""

    def _in_order(self) -> dict[str, str]:
        """Return the filters and the order, for a service that tells its pages itself."""
        return self._wanted() | ({"sort": self.sort} if self.sort else {})

    async def _fetch(self) -> None:
        """Fill the rows and `total` for the present page, order and filters."""
        listing = self._listing()
        if listing is None:
            raise NotImplementedError
        found = await self._read(
            lists.page, listing, self._wanted(), sort=self.sort, page=self.page, size=self.size
        )
        self._show_rows(found.rows)
        self._show_sums(found.sums)

    def _show_rows(self, rows: list[Any]) -> None:
        self.rows = rows

    def _show_sums(self, sums: Sums) -> None:
        self.total, self.counting = sums.total, sums.counting

    def _rest(self) -> Any:
        """Return the event that counts what the page need not wait for."""
        key = self._wanted() | {"sort": self.sort}
        if not self.counting or self._behind == key:
            return None
        self._behind = key
        return type(self).count_rest

    @rx.event(background=True)
    async def count_rest(self):
        """Count the whole list while its page is in view; another search ends it."""
        async with self:
            key, who, listing = self._behind, (self._sid(), self._address()), self._listing()
        while key is not None and listing is not None:
            wanted = {k: v for k, v in key.items() if k != "sort"}
            try:
                call = (run_as, *who, False, lists.count_on, (listing, wanted, key["sort"]), {})
                sums = await asyncio.to_thread(*call)
            except Exception as error:
                async with self:
                    # Whoever looks at the list next has it counted on.
                    self._behind = None if self._behind == key else self._behind
                if isinstance(error, DomainError):
                    # Signed out meanwhile: the next event says so.
                    return
                raise
            async with self:
                if self._behind != key:
                    return
                self._show_sums(sums)
                self._behind = key = key if sums.counting else None

    def _tab(self) -> str:
        """Return the tab in view, of a list that has some."""
        return ""

    def _turn(self, tab: str) -> None:
        """Turn to a tab, or to the first where there is none of that name."""

    def _afresh(self) -> None:
        """Go back to the first page, no filters, the list's own order, and an empty query bar."""
        self.page, self.filters, self.sort = 1, {}, ""
        self.filter_key += 1

    def _come_back(self, **filters: str) -> None:
        """Open the list as its address says that it was left; else afresh, at filters that a link has chosen."""
        self._afresh()
        self.filters, self.place, self._behind = filters, "", None
        found = place.told(self.router.url.fragment, self._name())
        self._led, self._opened = bool(found), {} if found else self._left()
        if not found:
            return
        self._turn(found.get("tab", ""))
        self.page, self.size = int_arg(found.get("page"), 1, 10_000_000), _size(found.get("size"))
        sort = found.get("sort", "")
        self.sort = sort if sort.removeprefix("-") in self._sorts() else ""
        self.filters = _filters((k[2:], v) for k, v in found.items() if k.startswith("f."))

    def _keep_place(self) -> None:
        """Tell the browser how the list stands now."""
        now = self._left()
        self.place = "" if now == self._opened else place.written(self._name(), now)

    def _name(self) -> str:
        return self.get_full_name().rpartition("____")[2].removesuffix("_state")

    def _left(self) -> dict[str, str]:
        filters = {f"f.{name}": value for name, value in self.filters.items()}
        told = {
            "tab": self._tab(),
            "page": str(self.page),
            "size": str(self.size),
            "sort": self.sort,
        } | filters
        return {name: value for name, value in told.items() if value}

    async def _refresh(self) -> Any:
        self.loading = True
        led, self._led = self._led, False
        try:
            await self._settle()
        except DomainError as refusal:
            if not led or isinstance(refusal, (SignInRequired, *DENIED)):
                raise
            # The address asks for what the list does not give: nobody has asked on this page.
            self._afresh()
            await self._settle()
        finally:
            # A refused filter leaves the list as it was, readable.
            self.loading = False
        return self._rest()

    async def _arrive(self) -> str:
        """Show the page in view as it stands now, without a word."""
        if not self.loading:
            await self._settle()
        return ""

    async def _settle(self) -> None:
        """Fetch the page; where it has gone, the one that is last now."""
        await self._fetch()
        last = max(1, -(-self.total // self.size))
        if self.page > last:
            self.page = last
            await self._fetch()
        self.filtered = any(self.filters.values())
        self._keep_place()

    @rx.event
    async def load(self):
        """Open the list, as it was left where the browser goes back to it."""
        self._come_back()
        return await self._refresh()

    @rx.event
    async def sort_by(self, column: str):
        """Sort by a heading: the largest first, then the smallest, then as it was."""
        wanted = text_arg(column, 20)
        if wanted not in self._sorts():
            return None
        before = self.sort, self.page
        self.sort = {f"-{wanted}": wanted, wanted: ""}.get(self.sort, f"-{wanted}")
        self.page = 1
        try:
            return await self._refresh()
        except DomainError:
            self.sort, self.page = before
            raise

    @rx.event
    async def export(self):
        """Write everything that the filters leave into a workbook, in the background."""
        listing = self._listing()
        if listing is None:
            return None
        await (await self.get_state(ExportState))._ask(listing.name, self._wanted(), self.sort)
        return ExportState.write

    @rx.event
    async def search(self, data: dict):
        """Apply the query bar."""
        items = data.items() if isinstance(data, dict) or hasattr(data, "items") else []
        self.filters = _filters(items)
        self.page = 1
        self._lose_order()
        return await self._refresh()

    @rx.event
    async def reset_filters(self):
        """Empty the query bar."""
        self.page, self.filters = 1, {}
        self.filter_key += 1
        self._lose_order()
        return await self._refresh()

    @rx.event
    async def go_page(self, page: int):
        """Turn to a page."""
        self.page = int_arg(page, 1, 10_000_000)
        return await self._refresh()

    @rx.event
    async def set_page_size(self, size: str):
        """Show 10, 20 or 50 rows a page."""
        self.size = _size(size)
        self.page = 1
        return await self._refresh()
