"""真实性认证, the profile in force and the change of it (manual §3.1, §3.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx
from sqlmodel import Session

from cpegi_app.access import PROFILE, PROFILE_EDIT, VERIFICATION, Actor
from cpegi_app.services import identifiers, profile_view, verification
from cpegi_app.services.profile_forms import ALL_NAMES
from cpegi_app.services.profile_view import Change, Profile
from cpegi_app.state.base import Services, for_screen, int_arg, text_arg
from cpegi_app.state.message import MessageState, success
from cpegi_app.state.subject import GIVEN_UP, SubjectState, act, changed, edits
from cpegi_app.vocabulary import KIND_OF, Action, OrgClass, Status, YesNo

TITLES = {"org_class": "机构类别"} | profile_view.titles()


class ProfileFormState(SubjectState, mixin=True):
    """The form of a profile: the class decides which cards show, 提交 is confirmed once more."""

    kind: str = ""
    class_label: str = ""
    kind_label: str = ""
    by_agent: bool = False
    confirming: bool = False
    confirm_name: str = ""
    confirm_code: str = ""
    changes: list[Change] = []
    old: dict[str, str] = {}

    async def _show_form(self, row_id: int) -> None:
        await self._show(row_id)
        self._choose(self.values.get("org_class", ""))
        self.by_agent = self.values.get("is_legal_rep") == YesNo.NO
        self.confirming = False
        self._mark(await self._read(profile_view.changes, self._edited().flow, row_id, self.values))

    def _choose(self, org_class: str) -> None:
        known = org_class in OrgClass._value2member_map_
        self.kind = KIND_OF[OrgClass(org_class)].value if known else ""
        self.class_label, self.kind_label = profile_view.class_of(org_class)

    def _mark(self, changes: list[Change]) -> None:
        self.changes, self.old = changes, {c.name: c.old or "未填写" for c in changes}

    @rx.event
    def choose_class(self, org_class: str):
        """Show the cards of the chosen class; what was typed stays."""
        self._choose(text_arg(org_class, 30))

    @rx.event
    def choose_agent(self, is_legal_rep: str):
        """Ask for the 授权委托书 when somebody else fills in the form."""
        self.by_agent = is_legal_rep == YesNo.NO.value

    @rx.event
    def check_code(self, text: str):
        """Check the credit code as soon as it has been typed."""
        others = {k: v for k, v in self.errors.items() if k != "credit_code"}
        try:
            identifiers.credit_code(text_arg(text, 60)) if text else None
        except ValueError as error:
            others["credit_code"] = str(error)
        self.errors = others

    @rx.event
    def cancel_confirm(self):
        """Go back to the form."""
        self.confirming = False

    async def _press(self, intent: str, values: dict[str, str]) -> Any:
        """暂存; 提交, which first shows the class and the changes once more; and the confirmation of it."""
        flow, titles = self._edited().flow, self._edited().titles
        self.confirming = False
        if intent == "save":
            await self._store(values)
            self._clear_errors()
            self._mark(await self._read(profile_view.changes, flow, self.row_id, values))
            return success("已暂存，可随时回来继续填写。")
        if intent != "confirm":
            checked = self._read(profile_view.check, flow, self.row_id, values)
            self._mark(await self._checked(checked, titles))
            self._choose(values.get("org_class", ""))
            self.confirm_name, self.confirm_code = values.get("name", ""), values.get("credit_code", "")
            self.confirming = True
            return MessageState.close
        await self._send(values)
        return MessageState.close

    @rx.event
    async def withdraw(self):
        """撤回 while it waits for review."""
        await self._write(act, self._edited().flow, self.row_id, Action.WITHDRAW, self.version)
        await self._show_form(self.row_id)
        return success("已撤回，可修改后重新提交。")


@for_screen(VERIFICATION)
@edits("verification", ALL_NAMES, TITLES)
class VerificationState(ProfileFormState, rx.State):
    """用户真实性认证: the form while it is open, else what became of it."""

    @rx.event
    async def load(self):
        """Open the organisation's verification."""
        row_id, own = await self._write(_open_verification)
        await self._show_form(row_id)
        if not self.values.get("mobile"):
            self.values = {**self.values, "mobile": own}


@for_screen(PROFILE)
class ProfileState(Services, rx.State):
    """企业认证: the profile in force and its latest change."""

    profile: Profile = Profile()

    @rx.event
    async def load(self):
        """Show the profile in force."""
        self.profile = await self._read(profile_view.in_force)

    async def _arrive(self) -> str:
        """Follow what is decided on the change."""
        if not self.profile.name:
            return ""
        before = self.profile.change
        self.profile = await self._read(profile_view.in_force)
        change = self.profile.change
        return changed(change) if (change.id, change.version) != (before.id, before.version) else ""

    @rx.event
    async def withdraw(self, change_id: int, version: int):
        """撤回 the change that waits for review; 放弃 the one that was returned."""
        given_up = self.profile.change.status == Status.RETURNED
        args = (int_arg(change_id, 0), Action.WITHDRAW, int_arg(version, 0))
        await self._write(act, verification.CHANGE.name, *args)
        await self.load()
        return success(GIVEN_UP if given_up else "已撤回资料修改，可点击“继续修改”后重新提交。")


@for_screen(PROFILE_EDIT)
@edits("profile_change", ALL_NAMES, TITLES)
class ProfileEditState(ProfileFormState, rx.State):
    """修改资料: the same form, filled with the profile in force."""

    @rx.event
    async def load(self):
        """Open the latest change; `?new` begins one from the profile in force when none is open.

        The address is plain afterwards: who comes back to it reads what was decided, not an empty change.
        """
        self._blank()
        if "new" in self.router.url.query_parameters:
            await self._write(_open_change)
            return rx.redirect(PROFILE_EDIT.route, replace=True)
        latest = await self._read(_latest_change)
        await self._show_form(latest or await self._write(_open_change))
        return None


def _open_verification(session: Session, actor: Actor) -> tuple[int, str]:
    row: Any = verification.open_verification(session, actor)
    return row.id, profile_view.own_number(session, actor)


def _latest_change(session: Session, actor: Actor) -> int:
    found = verification.latest_change(session, actor)
    return found.id or 0 if found else 0


def _open_change(session: Session, actor: Actor) -> int:
    return verification.open_change(session, actor).id or 0
