"""Lists: paging and filters that every list state shares."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.state.base import Services, int_arg, text_arg

SIZES = (10, 20, 50)


class TableState(Services, mixin=True):
    """A list's page, size, filters and total; a chapter's state says how to fetch in `_fetch`."""

    page: int = 1
    size: int = 10
    total: int = 0
    loading: bool = True
    filters: dict[str, str] = {}
    filter_key: int = 0

    async def _fetch(self) -> None:
        """Fill the rows and `total` for the present page and filters."""
        raise NotImplementedError

    def _rest(self) -> Any:
        """Return the event that goes on with what the list need not wait for."""
        return None

    async def _refresh(self) -> Any:
        self.loading = True
        try:
            await self._fetch()
            last = max(1, -(-self.total // self.size))
            if self.page > last:
                # The last row of the last page is gone: show the page that is last now.
                self.page = last
                await self._fetch()
        finally:
            # A refused filter leaves the list as it was, readable.
            self.loading = False
        return self._rest()

    @rx.event
    async def load(self):
        """Open the list afresh: the first page, no filters."""
        self.page, self.filters = 1, {}
        self.filter_key += 1
        return await self._refresh()

    @rx.event
    async def search(self, data: dict):
        """Apply the query bar."""
        items = data.items() if isinstance(data, dict) or hasattr(data, "items") else []
        self.filters = {text_arg(k, 30): text_arg(v, 60) for k, v in list(items)[:20]}
        self.page = 1
        return await self._refresh()

    @rx.event
    async def reset_filters(self):
        """Empty the query bar."""
        self.page, self.filters = 1, {}
        self.filter_key += 1
        return await self._refresh()

    @rx.event
    async def go_page(self, page: int):
        """Turn to a page."""
        self.page = int_arg(page, 1, 10_000_000)
        return await self._refresh()

    @rx.event
    async def set_page_size(self, size: str):
        """Show 10, 20 or 50 rows a page."""
        wanted = int_arg(size)
        self.size = wanted if wanted in SIZES else SIZES[0]
        self.page = 1
        return await self._refresh()
