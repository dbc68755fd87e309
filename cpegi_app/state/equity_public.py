"""股权融资 on the public site, and what an equity institution does with a project there (manual §6.1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import reflex as rx

from cpegi_app import clock
from cpegi_app.access import LOGIN, PUBLIC_PROJECT, PUBLIC_PROJECTS
from cpegi_app.errors import NotFound
from cpegi_app.services import equity_public, sessions
from cpegi_app.services.equity_public import AMOUNTS, ProjectCard, ProjectDetail
from cpegi_app.state.base import Services, for_screen
from cpegi_app.state.public_list import Address, Filter, PublicListState, page_of, size_of
from cpegi_app.vocabulary import Industry, Region
from cpegi_app.vocabulary.equity import Round

# A tab counts a list again after so long; turning its pages does not.
COUNT_LIFE = timedelta(minutes=1)
AMOUNT_LABELS = [
    (code, f"{low:,}–{high:,} 万元" if low and code != "MORE" else _edge)
    for code, (low, high) in AMOUNTS.items()
    for _edge in (f"{high:,} 万元以下" if not low else "1 亿元以上",)
]
# (name in the address, label, the choices offered)
CHOICES = (
    ("round", "融资轮次", Round.options()),
    ("amount", "融资额", AMOUNT_LABELS),
    ("industry", "所属行业", Industry.options()),
    ("region", "所在地区", Region.options()),
)
SORTS = (("", "最新发布"), ("amount", "融资额从高到低"))
ADDRESS = Address(PUBLIC_PROJECTS, CHOICES, SORTS)


@for_screen(PUBLIC_PROJECTS)
class PublicProjectsState(PublicListState, rx.State):
    """The published projects; what is filtered stands in the address, so a link or 后退 finds it again."""

    rows: list[ProjectCard] = []
    filters: list[Filter] = []
    clear: str = ""
    # A word has found as many as a search may hold.
    capped: bool = False
    _found: list[int] = []
    _counted: str = ""
    _counted_at: datetime | None = None

    @rx.event
    async def load(self):
        """Open the list that the address names."""
        query = self.router.url.query_parameters
        await self._show(ADDRESS.asked(query), page_of(query))

    async def _show(self, asked: dict[str, str], page: int) -> None:
        size, wanted = size_of(asked), {k: v for k, v in asked.items() if k != "size"}
        await self._count(wanted)
        self.pages = max(1, -(-self.total // size))
        self.page = min(page, self.pages)
        if "word" in asked:
            start = (self.page - 1) * size
            self.rows = await self._read_public(equity_public.cards, self._found[start : start + size])
        else:
            self.rows = await self._read_public(
                equity_public.public_list, page=self.page, size=size, **wanted
            )
        self.filters, self.sorts = ADDRESS.filters(asked), ADDRESS.sorts(asked)
        self.sizes = ADDRESS.sizes(asked)
        self.word, self.clear = asked.get("word", ""), ADDRESS.clear(asked)
        self.before, self.after = ADDRESS.around(asked, self.page, self.pages)
        self.loading = False

    async def _count(self, asked: dict[str, str]) -> None:
        """Count the list when another one is opened, or after a while; a turned page finds it counted."""
        key, now = urlencode(sorted(asked.items())), clock.now()
        fresh = self._counted_at is not None and now - self._counted_at < COUNT_LIFE
        if fresh and self._counted == key and self.rows:
            return
        if "word" in asked:
            self._found = await self._read_public(equity_public.public_found, **asked)
            self.total, self.capped = len(self._found), len(self._found) == equity_public.FOUND
        else:
            filters = {k: v for k, v in asked.items() if k != "sort"}
            self.total = await self._read_public(equity_public.public_count, **filters)
            self._found, self.capped = [], False
        self._counted, self._counted_at = key, now

    @rx.event
    async def search(self, data: dict):
        """Look for a word, under the filters that are set."""
        return rx.redirect(ADDRESS.searched(self.router.url.query_parameters, data))


@for_screen(PUBLIC_PROJECT)
class PublicProjectState(Services, rx.State):
    """查看项目: a published project as this visitor may see it."""

    project: ProjectDetail = ProjectDetail()
    login_href: str = ""
    missing: bool = False
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the project that the address names, and note the organisation that looks."""
        self.loading, self.missing = True, False
        try:
            await self._show(self._route_id("pid"))
        except NotFound:
            self.project, self.missing = ProjectDetail(), True
        self.loading = False

    async def _show(self, project_id: int) -> None:
        sid = self._sid()
        self.project, is_member = await self._read_public(_seen_by, sid, project_id)
        here = quote(PUBLIC_PROJECT.url(pid=project_id), safe="")
        self.login_href = "" if is_member else f"{LOGIN.route}?next={here}"
        if is_member:
            await self._write(equity_public.note_view, project_id)


def _seen_by(session, sid: str, project_id: int) -> tuple[ProjectDetail, bool]:
    actor = sessions.actor_of(session, sid)
    return equity_public.detail(session, actor, project_id), actor is not None
