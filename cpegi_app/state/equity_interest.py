"""收藏与推荐 and 投资偏好 of an equity institution (manual §6.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.utils.form import FormData

from cpegi_app.access import DEALS, PREFERENCE, PUBLIC_PROJECTS
from cpegi_app.errors import FormInvalid
from cpegi_app.services import equity_interest, equity_match
from cpegi_app.services.deal_list import BY_TAB, DealRow
from cpegi_app.services.forms import posted
from cpegi_app.services.lists import Listing
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.equity_public import PublicProjectState
from cpegi_app.state.form import FormState
from cpegi_app.state.message import success
from cpegi_app.state.table import TableState
from cpegi_app.vocabulary.equity import Interest

TABS = tuple(BY_TAB)


@for_screen(DEALS)
class DealListState(TableState, rx.State):
    """What the staff recommended to the institution, and its own favourites."""

    rows: list[DealRow] = []
    tab: str = TABS[0]

    def _listing(self) -> Listing:
        return BY_TAB[self.tab]

    def _tab(self) -> str:
        return self.tab

    def _turn(self, tab: str) -> None:
        self.tab = tab if tab in TABS else TABS[0]

    @rx.event
    async def show_tab(self, tab: str):
        """Show the recommended ones or the favourites."""
        self._turn(text_arg(tab, 20))
        self._afresh()
        return await self._refresh()


@for_screen(DEALS)
class DealActState(FormState, rx.State):
    """收藏, 取消收藏 and the answer to a recommended project, from the list and from the project's own page."""

    asked: int = 0
    asked_name: str = ""
    choice: str = ""

    @rx.event
    async def favourite(self, project_id: int, on: bool):
        """收藏 or 取消收藏."""
        await self._write(equity_interest.favourite, int_arg(project_id, 0), on=on is True)
        await self._renew()
        return success(
            "已收藏，平台管理人员将与您沟通对接。项目列在“收藏与推荐”中。" if on is True else "已取消收藏。"
        )

    @rx.event
    def ask(self, project_id: int, name: str, choice: str):
        """Open the dialog for the answer to a recommended project."""
        self._open({})
        self.asked, self.asked_name = int_arg(project_id, 0), text_arg(name, 60)
        self.choice = choice if choice in (*Interest,) else Interest.INTERESTED.value

    @rx.event
    def close(self):
        """Put the dialog away."""
        self.asked = 0

    @rx.event
    async def answer(self, data: FormData):
        """Send 感兴趣 or 不感兴趣 with the word why."""
        try:
            values = posted(data, frozenset({"why", "intent"}))
        except FormInvalid as refusal:
            self._refuse(refusal)
            raise
        call = self._write(equity_interest.answer, self.asked, self.choice, values.get("why", ""))
        await self._checked(call, {"why": "说明"})
        interested = self.choice == Interest.INTERESTED
        self.asked = 0
        await self._renew()
        return success(
            "已反馈“感兴趣”，平台管理人员将与您沟通对接。"
            if interested
            else "已反馈“不感兴趣”，感谢说明原因。"
        )

    async def _renew(self) -> Any:
        """Show the page that the action was taken on afresh."""
        if self.router.url.path.startswith(PUBLIC_PROJECTS.route):
            shown = await self.get_state(PublicProjectState)
            if shown.project.id:
                await shown._show(shown.project.id)
            return None
        return await (await self.get_state(DealListState))._refresh()


@for_screen(PREFERENCE)
class PreferenceState(FormState, rx.State):
    """投资偏好: what the institution looks for, which helps the staff to recommend."""

    updated: str = ""
    from_profile: bool = False

    @rx.event
    async def load(self):
        """Open the stored preference."""
        found = await self._read(equity_match.own)
        self.updated, self.from_profile = found.updated, found.from_profile
        self._open(found.values)

    @rx.event
    async def save(self, data: FormData):
        """Keep the preference."""
        try:
            values = posted(data, equity_match.NAMES | {"intent"})
        except FormInvalid as refusal:
            self._refuse(refusal, equity_match.TITLES)
            raise
        if values.pop("intent", "") != "submit":
            return None
        await self._checked(self._write(equity_match.save, values), equity_match.TITLES)
        found = await self._read(equity_match.own)
        self.updated, self.from_profile = found.updated, False
        self._open(found.values)
        return success("投资偏好已保存，平台将据此推荐融资项目。")
