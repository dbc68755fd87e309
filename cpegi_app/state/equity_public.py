"""股权融资 on the public site, and what an equity institution does with a project there (manual §6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import reflex as rx

from cpegi_app import clock
from cpegi_app.access import LOGIN, PUBLIC_PROJECT, PUBLIC_PROJECTS
from cpegi_app.errors import NotFound
from cpegi_app.services import equity_public, sessions
from cpegi_app.services.equity_public import AMOUNTS, ProjectCard, ProjectDetail
from cpegi_app.state.base import Services, for_screen, int_arg, text_arg
from cpegi_app.state.site import Choice, Filter
from cpegi_app.vocabulary import Industry, Region
from cpegi_app.vocabulary.equity import Round

SIZE = 12
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
# The page turns up to here; beyond it a filter is the better way.
LAST_PAGE = 100_000


@for_screen(PUBLIC_PROJECTS)
class PublicProjectsState(Services, rx.State):
    """The published projects; what is filtered stands in the address, so a link or 后退 finds it again."""

    rows: list[ProjectCard] = []
    total: int = 0
    page: int = 1
    pages: int = 1
    filters: list[Filter] = []
    sorts: list[Choice] = []
    word: str = ""
    before: str = ""
    after: str = ""
    clear: str = ""
    loading: bool = True
    # A word has found as many as a search may hold.
    capped: bool = False
    _found: list[int] = []
    _counted: str = ""
    _counted_at: datetime | None = None

    @rx.event
    async def load(self):
        """Open the list that the address names."""
        query = self.router.url.query_parameters
        asked = _asked(query)
        await self._show(asked, int_arg(query.get("page", "1"), 1, LAST_PAGE))

    async def _show(self, asked: dict[str, str], page: int) -> None:
        await self._count(asked)
        self.pages = max(1, -(-self.total // SIZE))
        self.page = min(page, self.pages)
        if "word" in asked:
            start = (self.page - 1) * SIZE
            self.rows = await self._read_public(equity_public.cards, self._found[start : start + SIZE])
        else:
            self.rows = await self._read_public(equity_public.public_list, page=self.page, size=SIZE, **asked)
        self.filters = [_filter(asked, *choice) for choice in CHOICES]
        self.sorts = [
            Choice(label=text, href=_href(asked, sort=code), current=asked.get("sort", "") == code)
            for code, text in SORTS
        ]
        self.word = asked.get("word", "")
        self.before = _href(asked, page=str(self.page - 1)) if self.page > 1 else ""
        self.after = _href(asked, page=str(self.page + 1)) if self.page < self.pages else ""
        self.clear = PUBLIC_PROJECTS.route if set(asked) - {"sort"} else ""
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
        asked = _asked(self.router.url.query_parameters)
        word = text_arg(data.get("word"), 40) if isinstance(data, Mapping) else ""
        return rx.redirect(_href(asked, word=word))


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


def _asked(query: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that an address names, whatever makes no sense left out."""
    found = {name: text_arg(query.get(name), 20) for name, _, _ in CHOICES}
    found |= {"word": text_arg(query.get("word"), 40), "sort": text_arg(query.get("sort"), 10)}
    known = {name: {code for code, _ in choices} for name, _, choices in CHOICES}
    known["sort"] = {code for code, _ in SORTS}
    return {k: v for k, v in found.items() if v and v in known.get(k, {v})}


def _href(asked: dict[str, str], **change: str) -> str:
    """Return the address of the list with some of its filters changed; a change begins at page 1."""
    query = {k: v for k, v in (asked | change).items() if v}
    return PUBLIC_PROJECTS.route + (f"?{urlencode(query)}" if query else "")


def _filter(asked: dict[str, str], name: str, label: str, choices: list[tuple[str, str]]) -> Filter:
    now = asked.get(name, "")
    return Filter(
        label=label,
        choices=[
            Choice(label=text, href=_href(asked, **{name: code}), current=code == now)
            for code, text in [("", "不限"), *choices]
        ],
    )
