"""The staff's side of equity: recommending projects, the board of leads, one lead (manual §6.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import reflex as rx
from reflex_base.utils.form import FormData

from cpegi_app import clock
from cpegi_app.access import LEAD, LEADS, RECOMMEND, RECOMMEND_PROJECT, RECOMMEND_TO
from cpegi_app.errors import FormInvalid
from cpegi_app.services import equity_board, equity_lead, equity_recommend, equity_recommend_list
from cpegi_app.services.equity_board import CARDS, MOST, Column, LeadCard, LeadDetail
from cpegi_app.services.equity_recommend import Candidate, InstitutionLine, ProjectLine
from cpegi_app.services.forms import posted
from cpegi_app.services.lists import Listing
from cpegi_app.state import place
from cpegi_app.state.base import Services, for_screen, int_arg, text_arg
from cpegi_app.state.equity_public import COUNT_LIFE
from cpegi_app.state.form import FormState
from cpegi_app.state.message import info, success
from cpegi_app.state.table import TableState, shows


class CountedState(TableState, mixin=True):
    """A list whose total is counted when its filters change or after a while: turning a page finds it counted."""

    _counted: str = ""
    _counted_at: datetime | None = None

    def _known(self, key: str) -> int | None:
        """Return the total if it is still good."""
        now = clock.now()
        fresh = self._counted_at is not None and now - self._counted_at < COUNT_LIFE
        if fresh and self._counted == key:
            return self.total
        self._counted, self._counted_at = key, now
        return None

    def _asked(self) -> dict[str, str]:
        return equity_recommend_list.asked(self.filters)


@for_screen(RECOMMEND)
class RecommendState(CountedState, rx.State):
    """Open projects to find institutions for, or institutions to find projects for."""

    tab: str = "project"
    projects: list[ProjectLine] = []
    institutions: list[InstitutionLine] = []

    def _listing(self) -> Listing:
        return (
            equity_recommend_list.INSTITUTIONS
            if self.tab == "institution"
            else equity_recommend_list.PROJECTS
        )

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = "institution" if tab == "institution" else "project"

    async def _fetch(self) -> None:
        if self.tab == "institution":
            self.institutions, self.total = await self._read(
                equity_recommend.institutions,
                word=self.filters.get("word", ""),
                sort=self.sort,
                page=self.page,
                size=self.size,
            )
            self.projects = []
            return
        asked = self._asked()
        known = self._known(repr(asked))
        self.total = await self._read(equity_recommend.project_count, **asked) if known is None else known
        self.projects = await self._read(
            equity_recommend.projects, sort=self.sort, page=self.page, size=self.size, **asked
        )
        self.institutions = []

    @rx.event
    async def show_tab(self, tab: str):
        """Show projects or institutions."""
        self._turn(tab)
        self._counted = ""
        self._afresh()
        return await self._refresh()


class CandidateState(CountedState, mixin=True):
    """A list of candidates with boxes to tick; a state says for whom in `_candidates` and `_pairs`."""

    title: str = ""
    about: str = ""
    rows: list[Candidate] = []
    note_error: str = ""
    pick_key: int = 0

    def _pairs(self, picked: list[int]) -> tuple[list[int], list[int]]:
        """Return the projects and the institutions that were chosen."""
        raise NotImplementedError

    @rx.event
    async def recommend(self, data: FormData):
        """Recommend what is ticked, with a word."""
        values = posted(data, frozenset({"pick", "note", "intent"}))
        picked = [int_arg(text, 0) for text in values.get("pick", "").split(",") if text]
        self.note_error = ""
        try:
            new = await self._write(
                equity_recommend.recommend, *self._pairs(picked[:100]), values.get("note", "")
            )
        except FormInvalid as refusal:
            self.note_error = "；".join(refusal.fields.values())
            raise
        self.pick_key += 1
        await self._refresh()
        old = len(set(picked)) - new
        told = f"已推荐 {new} 项，对方已收到消息通知。" if new else ""
        again = f"{old} 项此前已推荐过，未重复推荐。" if old else ""
        return success(told + again) if new else info(again)


@for_screen(RECOMMEND_PROJECT)
class RecommendProjectState(CandidateState, rx.State):
    """Institutions for a project."""

    async def _fetch(self) -> None:
        found = await self._read(
            equity_recommend.for_project,
            self._route_id("pid"),
            word=self.filters.get("word", ""),
            page=self.page,
            size=self.size,
        )
        self.title, self.about, self.rows, self.total = found.title, found.about, found.rows, found.total

    def _pairs(self, picked: list[int]) -> tuple[list[int], list[int]]:
        return [self._route_id("pid")], picked


@for_screen(RECOMMEND_TO)
class RecommendToState(CandidateState, rx.State):
    """Projects for an institution."""

    async def _fetch(self) -> None:
        org_id, asked = self._route_id("oid"), self._asked()
        found = await self._read(
            equity_recommend.for_institution,
            org_id,
            page=self.page,
            size=self.size,
            total=self._known(f"{org_id}{asked!r}"),
            **asked,
        )
        self.title, self.about, self.rows, self.total = found.title, found.about, found.rows, found.total

    def _pairs(self, picked: list[int]) -> tuple[list[int], list[int]]:
        return picked, [self._route_id("oid")]


# --- leads ------------------------------------------------------------------------------------------


def _owner(wanted: Any) -> str:
    return wanted if wanted in ("MINE", "NONE") else ""


@for_screen(LEADS)
class LeadBoardState(Services, rx.State):
    """The board by stage."""

    tab: str = "board"
    owner: str = ""
    word: str = ""
    columns: list[Column] = []
    cards: int = CARDS
    loading: bool = True
    # What is in view, for the browser to keep in the page's address.
    place: str = ""

    @rx.event
    async def load(self):
        """Open the board, or what was in view where the browser goes back to it."""
        found = place.told(self.router.url.fragment, "leads")
        self.owner, self.word = _owner(found.get("owner")), found.get("word", "")
        self.cards, self.loading = CARDS, True
        return await self._turn(found.get("tab", ""))

    async def _turn(self, tab: str) -> Any:
        self.tab = tab if tab in ("open", "closed") else "board"
        self._keep_place()
        if self.tab != "board":
            return {"open": OpenLeadsState.load, "closed": ClosedLeadsState.load}[self.tab]
        await self._show()
        return None

    def _keep_place(self) -> None:
        tab = "" if self.tab == "board" else self.tab
        told = {"tab": tab, "owner": self.owner, "word": self.word}
        self.place = place.written("leads", {name: value for name, value in told.items() if value})

    async def _show(self) -> None:
        self._keep_place()
        self.columns = await self._read(
            equity_board.board, owner=self.owner, word=self.word, cards=self.cards
        )
        self.loading = False

    async def _arrive(self) -> str:
        """Show the board as it stands now."""
        if not self.loading:
            await self._show()
        return ""

    @rx.event
    async def show_tab(self, tab: str):
        """Show the board, the live leads as a list, or the closed ones."""
        return await self._turn(tab)

    @rx.event
    async def show_owner(self, owner: str):
        """Show everybody's leads, the own ones, or those that nobody has taken."""
        self.owner = _owner(owner)
        self.cards = CARDS
        await self._show()

    @rx.event
    async def find(self, data: dict):
        """Show the leads with a word in the names of their project or institution."""
        self.word = posted(data, frozenset({"word", "intent"})).get("word", "")
        self.cards = CARDS
        await self._show()

    @rx.event
    async def show_more(self):
        """Show more cards of every column; where the board ends, the list."""
        if self.cards >= MOST:
            return await self._turn("open")
        self.cards = min(self.cards + CARDS, MOST)
        await self._show()


@for_screen(LEADS)
@shows(equity_board.OPEN)
class OpenLeadsState(TableState, rx.State):
    """The live leads as a list."""

    rows: list[LeadCard] = []
    _me: str = ""

    def _wanted(self) -> dict[str, str]:
        return self.filters | ({"owner": self._me} if self.filters.get("owner") == "MINE" else {})

    async def _fetch(self) -> None:
        self._me = await self._read(lambda session, actor: str(actor.user_id))
        await super()._fetch()


@for_screen(LEADS)
@shows(equity_board.CLOSED)
class ClosedLeadsState(TableState, rx.State):
    """The closed leads as a list."""

    rows: list[LeadCard] = []


@for_screen(LEAD)
class LeadState(FormState, rx.State):
    """One lead: stage, owner, next step, log, outcome."""

    lead: LeadDetail = LeadDetail()
    asking: str = ""
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the lead named by the address."""
        self.lead, self.asking, self.loading = LeadDetail(), "", True
        await self._show(self._route_id("lid"))

    async def _show(self, lead_id: int) -> None:
        self.lead = await self._read(equity_board.detail, lead_id)
        self._open({"next_step": self.lead.next_step, "next_on": self.lead.next_on})
        self.asking, self.loading = "", False

    async def _arrive(self) -> str:
        """Show what a colleague or the institution has added; what is being typed stays, and so does the version seen."""
        if not self.lead.id:
            return ""
        found = await self._read(equity_board.detail, self.lead.id)
        if found.version == self.lead.version:
            return ""
        self.lead = found.model_copy(update={"version": self.lead.version})
        return "这条线索有新的记录，点击“查看最新”载入后再操作。"

    async def _act(self, titles: dict[str, str], service: Any, *args: Any) -> None:
        await self._checked(self._write(service, self.lead.id, self.lead.version, *args), titles)
        await self._show(self.lead.id)

    def _sent(self, data: Any, names: frozenset[str], titles: dict[str, str]) -> dict[str, str]:
        try:
            values = posted(data, names | {"intent"})
        except FormInvalid as refusal:
            self._refuse(refusal, titles)
            raise
        values.pop("intent", None)
        return values

    @rx.event
    async def take(self):
        """Become the owner oneself."""
        await self._act({}, _take)
        return success("已由您负责这条线索，请安排下一步。")

    @rx.event
    async def assign(self, data: FormData):
        """Make a colleague the owner."""
        values = self._sent(data, frozenset({"owner"}), OWNER)
        await self._act(OWNER, equity_lead.assign, int_arg(values.get("owner", ""), 0))
        return success("负责人已变更，对方已收到消息通知。")

    @rx.event
    async def move(self, stage: str):
        """Move to another stage."""
        await self._act({}, equity_lead.move, text_arg(stage, 10))
        return success("已推进阶段。")

    @rx.event
    async def plan(self, data: FormData):
        """Say what is next."""
        await self._act(NEXT, equity_lead.plan, self._sent(data, frozenset(NEXT), NEXT))
        return success("下一步已安排，到期会在看板上提示。")

    @rx.event
    async def contact(self, data: FormData):
        """Add an entry to the log."""
        await self._act(CONTACT, equity_lead.contact, self._sent(data, frozenset(CONTACT), CONTACT))
        return success("沟通记录已保存。")

    @rx.event
    def ask(self, what: str):
        """Open the dialog of an outcome or of taking up again."""
        self._clear_errors()
        self.asking = what if what in ("close", "reopen", "owner") else ""

    @rx.event
    async def close(self, data: FormData):
        """End the lead with its outcome."""
        await self._act(OUTCOME, equity_lead.close, self._sent(data, frozenset(OUTCOME), OUTCOME))
        return success("线索已了结。")

    @rx.event
    async def reopen(self, data: FormData):
        """Take a closed lead up again."""
        why = self._sent(data, frozenset(WHY), WHY).get("why", "")
        await self._act(WHY, equity_lead.reopen, why)
        return success("已重新跟进。")


def _take(session: Any, actor: Any, lead_id: int, version: int) -> Any:
    return equity_lead.assign(session, actor, lead_id, version, actor.user_id)


OWNER, WHY = {"owner": "负责人"}, {"why": "原因"}
NEXT = {s.name: s.title for s in equity_lead.NextForm.specs()}
CONTACT = {s.name: s.title for s in equity_lead.ContactForm.specs()}
OUTCOME = {s.name: s.title for s in equity_lead.OutcomeForm.specs()}
