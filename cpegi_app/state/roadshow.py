"""项目路演: the guests' list and page, the staff's list and desk (manual §6.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import ROADSHOW, ROADSHOWS, STAFF_ROADSHOW, STAFF_ROADSHOWS
from cpegi_app.errors import Conflict
from cpegi_app.services import roadshow, roadshow_after, roadshow_desk, roadshow_guest
from cpegi_app.services.forms import posted
from cpegi_app.services.roadshow import HOLDER, TITLES, RoadshowForm
from cpegi_app.services.roadshow_after import GuestLine
from cpegi_app.services.roadshow_desk import Choice, DeskView, StaffRoadshowRow
from cpegi_app.services.roadshow_guest import RegisterForm, RoadshowRow, RoadshowView
from cpegi_app.state.base import for_screen, int_arg, text_arg
from cpegi_app.state.form import FilesState, FormState
from cpegi_app.state.message import on_error, success
from cpegi_app.state.table import TableState, shows

GUEST_TITLES = {s.name: s.title for s in RegisterForm.specs()}
GUEST_NAMES = frozenset(RegisterForm.model_fields) | {"intent"}
FORM_NAMES = frozenset(RoadshowForm.model_fields) | {"reason", "intent"}
DESK_TITLES = TITLES | {"reason": "变更原因", "why": "取消原因", "summary": "路演小结", "note": "备注"}
ATTEND_NAMES = frozenset({"attendance", "note", "intent"})


@for_screen(ROADSHOWS)
@shows(roadshow_guest.OWN)
class RoadshowListState(TableState, rx.State):
    """The roadshows to which the own organisation is invited."""

    rows: list[RoadshowRow] = []


@for_screen(ROADSHOW)
class RoadshowState(FormState, rx.State):
    """One roadshow: what it is about, and the own registration."""

    row_id: int = 0
    view: RoadshowView = RoadshowView()
    leaving: bool = False

    @rx.event
    async def load(self):
        """Open the roadshow named by the address."""
        self.row_id, self.view, self.leaving = 0, RoadshowView(), False
        await self._show(self._route_id("mid"))

    async def _show(self, row_id: int) -> None:
        self.view = await self._read(roadshow_guest.view, row_id)
        self.row_id = row_id
        self._open(self.view.values)

    async def _arrive(self) -> str:
        """Follow a change of the roadshow; what is typed for the registration stays."""
        if self.row_id:
            self.view = await self._read(roadshow_guest.view, self.row_id)
        return ""

    @rx.event
    async def register(self, data: dict):
        """报名, or change how many come."""
        values = posted(data, GUEST_NAMES)
        values.pop("intent", "")
        call = self._write(roadshow_guest.register, self.row_id, values)
        return await self._done(call, "报名成功。可下载日历文件，路演安排如有变化会有消息通知。")

    @rx.event
    def ask_leave(self):
        """Ask before the places are given back."""
        self.leaving = True

    @rx.event
    def stay(self):
        """Put the question away."""
        self.leaving = False

    @rx.event
    async def withdraw(self):
        """取消报名."""
        self.leaving = False
        return await self._done(self._write(roadshow_guest.withdraw, self.row_id), "已取消报名，名额已释放。")

    async def _done(self, call: Any, sentence: str) -> Any:
        try:
            await self._checked(call, GUEST_TITLES)
        except Conflict as refusal:
            # Full or closed meanwhile: the page shows it, what was typed stays.
            self.view = await self._read(roadshow_guest.view, self.row_id)
            return on_error(refusal)
        await self._show(self.row_id)
        return success(sentence)


@for_screen(STAFF_ROADSHOWS)
@shows(roadshow_desk.EVERY)
class StaffRoadshowsState(TableState, rx.State):
    """Every roadshow."""

    rows: list[StaffRoadshowRow] = []

    @rx.event
    async def add(self):
        """新建路演."""
        row = await self._write(roadshow.new_draft)
        return rx.redirect(STAFF_ROADSHOW.url(mid=row.id))


@for_screen(STAFF_ROADSHOW)
class RoadshowDeskState(FilesState, rx.State):
    """The staff's page of a roadshow: the form, projects, invitations, files."""

    row_id: int = 0
    desk: DeskView = DeskView()
    found_projects: list[Choice] = []
    found_guests: list[Choice] = []
    looked: str = ""
    cancelling: bool = False

    @rx.event
    async def load(self):
        """Open the roadshow named by the address."""
        self.row_id, self.desk, self.files, self.cancelling = 0, DeskView(), [], False
        self.found_projects, self.found_guests, self.looked = [], [], ""
        row_id = self._route_id("mid")
        await self._read_desk(row_id)
        self._open(self.desk.values)
        await self._load_files()

    async def _read_desk(self, row_id: int) -> None:
        self.desk = await self._read(roadshow_desk.desk, row_id)
        self.row_id = row_id

    async def _subject(self) -> tuple[str, int]:
        return HOLDER, self.row_id

    async def _load_files(self) -> None:
        if self.desk.state != "CANCELLED":
            await super()._load_files()

    async def _arrive(self) -> str:
        """Count the registrations anew; the form that is typed in stays."""
        if self.row_id:
            found = await self._read(roadshow_desk.desk, self.row_id)
            counts = {n: getattr(found, n) for n in ("taken", "registered", "invited")}
            self.desk = self.desk.model_copy(update=counts)
        return ""

    @rx.event
    async def save(self, data: dict):
        """Keep the draft, publish it, or change what is published."""
        values = posted(data, FORM_NAMES)
        publish = values.pop("intent", "") == "publish"
        reason = values.pop("reason", "")
        seen, published = self.desk.version, not self.desk.is_draft
        call = self._write(
            roadshow.save, self.row_id, self.desk.version, values, publish=publish, reason=reason
        )
        if refused := await self._done(call, "", reopen=True):
            return refused
        if not published:
            return success("已发布，已通知全部受邀单位。" if publish else "已保存。")
        if self.desk.version == seen:
            return success("路演安排没有改动，没有需要通知的变更。")
        return success("已保存，变更已通知全部已报名单位。")

    async def _done(self, call: Any, sentence: str, *, reopen: bool = False) -> Any:
        try:
            await self._checked(call, DESK_TITLES)
        except Conflict as refusal:
            await self._read_desk(self.row_id)
            return on_error(refusal)
        await self._read_desk(self.row_id)
        if reopen:
            self._open(self.desk.values)
        return success(sentence) if sentence else None

    @rx.event
    def ask_cancel(self):
        """Ask for the reason before the roadshow is called off."""
        self.cancelling = True

    @rx.event
    def keep(self):
        """Put the question away."""
        self.cancelling = False

    @rx.event
    async def cancel(self, data: dict):
        """取消路演."""
        why = posted(data, frozenset({"why", "intent"})).get("why", "")
        answer = await self._done(
            self._write(roadshow.cancel, self.row_id, self.desk.version, why),
            "路演已取消，已通知全部受邀单位。",
        )
        self.cancelling = False
        return answer

    @rx.event
    async def look_projects(self, data: dict):
        """Look for projects by name."""
        self.found_projects = await self._look(roadshow_desk.find_projects, data)

    @rx.event
    async def look_guests(self, data: dict):
        """Look for organisations by name."""
        self.found_guests = await self._look(roadshow_desk.find_guests, data)

    async def _look(self, find: Any, data: Any) -> list[Choice]:
        word = text_arg(data.get("word", "") if isinstance(data, dict) else "", 60)
        found = await self._read(find, word)
        short = len(word) < roadshow_desk.WORD_MIN
        self.looked = "请至少输入两个字再查找。" if short else ("" if found else "没有找到，请换一个词再试。")
        return found

    @rx.event
    async def add_project(self, project_id: int):
        """Add a project; its enterprise is invited with it."""
        self.found_projects = []
        call = self._write(roadshow_desk.add_project, self.row_id, int_arg(project_id, 0))
        return [await self._done(call, f"已加入，项目方已一并邀请{self._told()}。"), GuestListState.again]

    @rx.event
    async def remove_project(self, project_id: int):
        """Take a project off."""
        call = self._write(roadshow_desk.remove_project, self.row_id, int_arg(project_id, 0))
        return await self._done(call, f"已移除项目{self._told()}。")

    def _told(self) -> str:
        return "" if self.desk.is_draft else "，变更已通知全部已报名单位"

    @rx.event
    async def invite(self, org_id: int):
        """Invite an organisation."""
        self.found_guests = []
        call = self._write(roadshow_desk.invite, self.row_id, int_arg(org_id, 0))
        return [await self._done(call, "已邀请。"), GuestListState.again]

    @rx.event
    async def invite_investors(self):
        """Invite every verified equity institution."""
        count = await self._write(roadshow_desk.invite_investors, self.row_id)
        await self._read_desk(self.row_id)
        return [success(f"新邀请 {count} 家股权金融机构。"), GuestListState.again]

    @rx.event
    async def summarise(self, data: dict):
        """Keep the note afterwards."""
        text = posted(data, frozenset({"summary", "intent"})).get("summary", "")
        return await self._done(self._write(roadshow_after.summarise, self.row_id, text), "路演小结已保存。")


@for_screen(STAFF_ROADSHOW)
@shows(roadshow_after.GUESTS)
class GuestListState(TableState, FormState, rx.State):
    """The invited organisations of the roadshow in view, their registrations, 签到."""

    rows: list[GuestLine] = []
    org_id: int = 0
    org: str = ""
    _roadshow: int = 0

    @rx.event
    async def load_guests(self):
        """Show the guests of the roadshow that the address names."""
        self._roadshow, self.org_id = self._route_id("mid"), 0
        self._come_back()
        self._open({})
        await self._refresh()

    @rx.event
    async def again(self):
        """Show the guests as they are now."""
        await self._refresh()

    def _wanted(self) -> dict[str, str]:
        return dict(self.filters) | {"roadshow": str(self._roadshow)}

    @rx.event
    async def uninvite(self, org_id: int):
        """Take an invitation back."""
        await self._write(roadshow_desk.uninvite, self._roadshow, int_arg(org_id, 0))
        await self._refresh()
        return success("已移除邀请。")

    @rx.event
    def open_guest(self, org_id: int):
        """Open 签到 of a registered organisation."""
        wanted = int_arg(org_id, 0)
        found = next((g for g in self.rows if g.org_id == wanted and g.registered), None)
        self.org_id, self.org = (found.org_id, found.org) if found else (0, "")
        self._open({"note": found.note} if found else {})

    @rx.event
    def close_guest(self):
        """Put the form away."""
        self.org_id = 0

    @rx.event
    async def attend(self, data: dict):
        """Note whether the organisation came, and a remark."""
        values = posted(data, ATTEND_NAMES)
        call = self._write(
            roadshow_after.attend,
            self._roadshow,
            self.org_id,
            values.get("attendance", ""),
            values.get("note", ""),
        )
        await self._checked(call, {"attendance": "签到", "note": "备注"})
        self.org_id = 0
        await self._refresh()
        return success("已登记签到。")
