"""The public site: home page, the published products and their details (manual §1.1, §4.1)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import reflex as rx

from cpegi_app import clock
from cpegi_app.access import (
    APPLY,
    HOME,
    LOGIN,
    MATCH,
    MESSAGE_BAR,
    PUBLIC_PRODUCT,
    PUBLIC_PRODUCTS,
    Permission,
)
from cpegi_app.errors import NotFound
from cpegi_app.services import application, dashboard, equity_public, matches, product_public, sessions
from cpegi_app.services.bench_parts import Tile
from cpegi_app.services.equity_public import ProjectCard
from cpegi_app.services.product_public import PublicDetail, PublicProduct
from cpegi_app.state.base import Services, for_screen
from cpegi_app.state.message import MessageState
from cpegi_app.state.public_list import Address, Filter, PublicListState, page_of, size_of
from cpegi_app.vocabulary import CLASSES, GuaranteeMode, Kind

FIGURES = ("在线金融产品", "认证机构", "认证企业", "累计放款")
FIGURES_LIFE = timedelta(minutes=1)
_figures: list[tuple[datetime, list[Tile]]] = []
# (name in the address, label, the choices offered)
CHOICES = (
    ("amount", "融资金额", [(str(n), f"{n:,} 万元") for n in (50, 100, 300, 500, 1000, 3000)]),
    ("term", "期限", [(str(n), f"{n} 个月") for n in (6, 12, 24, 36, 60)]),
    ("rate", "年利率", [(n, f"不高于 {n}%") for n in ("3.5", "4", "4.5", "5", "6", "8")]),
    ("guarantee", "担保方式", GuaranteeMode.options()),
    ("org_class", "机构类型", [(c.value, c.label) for c in CLASSES[Kind.DEBT]]),
)
SORTS = (
    ("", "最新发布"),
    ("cost", "综合年化成本从低到高"),
    ("rate", "年利率从低到高"),
    ("amount", "额度从高到低"),
)
UNITS = {"amount": "万元", "term": "个月", "rate": "%"}
_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
# Numbers of one's own, from the address.
FREE = {"amount": _NUMBER.fullmatch, "rate": _NUMBER.fullmatch, "term": re.compile(r"[0-9]{1,7}").fullmatch}
ADDRESS = Address(PUBLIC_PRODUCTS, CHOICES, SORTS)


@for_screen(MESSAGE_BAR)
class VisitorState(Services, rx.State):
    """Who looks at the public site: somebody signed in finds the way back to the console."""

    name: str = ""

    @rx.event
    async def visit(self):
        """Learn who is there; a signed-out visitor is nobody."""
        (await self.get_state(MessageState))._arrive()
        actor = await self._read_public(sessions.actor_of, self._sid())
        self.name = (actor.name or actor.phone_masked) if actor else ""


@for_screen(HOME)
class HomeState(Services, rx.State):
    """The home page: the platform's figures, the newest products and projects."""

    rows: list[PublicProduct] = []
    projects: list[ProjectCard] = []
    figures: list[Tile] = []
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the home page."""
        self.rows, _ = await self._read_public(product_public.public_list, size=6)
        self.projects = await self._read_public(equity_public.public_list, size=3)
        self.figures = await self._counted()
        self.loading = False

    async def _counted(self) -> list[Tile]:
        """Return the figures, at most a minute old: counting goes over the whole loan book."""
        if not _figures or clock.now() - _figures[0][0] > FIGURES_LIFE:
            tiles = {t.label: t for t in await self._read_public(dashboard.region_tiles)}
            _figures[:] = [(clock.now(), [tiles[label] for label in FIGURES if label in tiles])]
        return list(_figures[0][1])


@for_screen(PUBLIC_PRODUCTS)
class PublicProductsState(PublicListState, rx.State):
    """The published products; what is filtered stands in the address, so a link or 后退 finds it again."""

    rows: list[PublicProduct] = []
    filters: list[Filter] = []
    clear: str = ""

    @rx.event
    async def load(self):
        """Open the list that the address names."""
        query = self.router.url.query_parameters
        await self._show(ADDRESS.asked(query, FREE), page_of(query))

    async def _show(self, asked: dict[str, str], page: int) -> None:
        size, wanted = size_of(asked), {k: v for k, v in asked.items() if k not in (*UNITS, "size")}
        numbers = {
            "amount": Decimal(asked["amount"]) if "amount" in asked else None,
            "rate": Decimal(asked["rate"]) if "rate" in asked else None,
            "term": int(asked["term"]) if "term" in asked else None,
        }
        rows, total = await self._read_public(
            product_public.public_list, page=page, size=size, **wanted, **numbers
        )
        pages = max(1, -(-total // size))
        if page > pages:
            return await self._show(asked, pages)
        self.rows, self.total, self.page, self.pages = rows, total, page, pages
        self.filters, self.sorts = ADDRESS.filters(asked, UNITS), ADDRESS.sorts(asked)
        self.sizes = ADDRESS.sizes(asked)
        self.word, self.clear = asked.get("word", ""), ADDRESS.clear(asked)
        self.before, self.after = ADDRESS.around(asked, page, pages)
        self.loading = False

    @rx.event
    async def search(self, data: dict):
        """Look for a word, under the filters that are set."""
        return rx.redirect(ADDRESS.searched(self.router.url.query_parameters, data, FREE))


@for_screen(PUBLIC_PRODUCT)
class PublicProductState(Services, rx.State):
    """查看详情 of a published product."""

    product: PublicDetail = PublicDetail()
    apply_href: str = ""
    # Where somebody who may apply compares the conditions with the own figures.
    match_href: str = ""
    # What the way to the form is called: an application may have been begun, or wait already.
    apply_label: str = "立即申请"
    missing: bool = False
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the product that the address names."""
        self.loading, self.missing = True, False
        try:
            self.product = await self._read_public(product_public.public_detail, self._route_id("pid"))
        except NotFound:
            self.product, self.missing = PublicDetail(), True
        href = APPLY.url(pid=self.product.id)
        signed_in = await self._read_public(sessions.actor_of, self._sid())
        self.apply_href = href if signed_in else f"{LOGIN.route}?next={quote(href, safe='')}"
        may = signed_in is not None and signed_in.may(Permission.APPLICATION_SUBMIT) and not self.missing
        self.match_href = MATCH.url(pid=self.product.id) if may else ""
        begun = await self._read(application.standing, self.product.id) if may else ""
        self.apply_label = {
            "DRAFT": "继续填写申请",
            "RETURNED": "修改后重新提交",
            "PENDING": "查看我的申请",
        }.get(begun, "立即申请")
        self.loading = False
        if may and await self._read(matches.unread, self.product.id):
            await self._write(matches.mark_read, self.product.id)
