"""The frame of the console: who is signed in, the menu, the bell, and whether this page is open to them."""

from __future__ import annotations

import reflex as rx
from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import (
    APPLICATIONS,
    APPLY,
    GRANTS,
    MENU,
    PAGES,
    PROFILE,
    SHELL,
    VERIFICATION,
    WORKBENCH,
    Actor,
    Role,
    Screen,
    locked_sentence,
)
from cpegi_app.services import dashboard, notices, sessions
from cpegi_app.settings import get_settings
from cpegi_app.state.base import Services, for_screen, text_arg
from cpegi_app.state.message import MessageState
from cpegi_app.vocabulary import Kind, OrgClass


class MenuItem(BaseModel):
    """A line of the side menu."""

    title: str
    href: str
    icon: str
    locked: bool
    current: bool
    badge: int = 0


class MenuGroup(BaseModel):
    """A first-level entry: a group with lines, or a single line of the same name."""

    title: str
    icon: str
    single: bool
    current: bool
    lines: list[MenuItem]


class Frame(BaseModel):
    """Everything the frame shows."""

    name: str
    role_label: str
    phone: str
    verified: bool
    is_member: bool
    kind: str
    unread: int
    verification_status: str
    menu: list[MenuGroup]


def frame(session: Session, actor: Actor, route: str) -> Frame:
    """Return the frame for an actor on a page."""
    roles = {Role.STAFF: "平台管理人员", Role.REGULATOR: "金融监管部门"}
    label = roles.get(actor.role) or (
        OrgClass.label_of(actor.org_class) if actor.org_class else "未选择机构类型"
    )
    return Frame(
        name=actor.name or actor.phone_masked,
        role_label=label,
        phone=actor.phone_masked,
        verified=actor.verified or actor.role is not Role.MEMBER,
        is_member=actor.role is Role.MEMBER,
        kind=actor.kind or "",
        unread=notices.unread_count(session, actor),
        verification_status=dashboard.verification_status(session, actor),
        menu=_menu(actor, route, dashboard.waiting_counts(session, actor)),
    )


def _menu(actor: Actor, route: str, badges: dict[str, int]) -> list[MenuGroup]:
    groups: dict[str, MenuGroup] = {}
    for screen in MENU:
        item = _item(actor, screen, route, badges)
        if item is None:
            continue
        single = screen.menu == screen.title
        group = groups.setdefault(
            screen.menu,
            MenuGroup(title=screen.menu, icon=screen.icon, single=single, current=False, lines=[]),
        )
        group.lines.append(item)
        group.current = group.current or item.current
    return list(groups.values())


def _item(actor: Actor, screen: Screen, route: str, badges: dict[str, int]) -> MenuItem | None:
    """Return the line, None where the actor will never have the permission: it never reaches the browser."""
    if screen.permission is None or not (actor.may(screen.permission) or actor.locked(screen.permission)):
        return None
    if screen is VERIFICATION and actor.verified:
        return None
    home = next(
        (s for s in sorted(MENU, key=lambda s: -len(s.route)) if route.startswith(s.route)), WORKBENCH
    )
    if home is WORKBENCH and route != WORKBENCH.route:
        home = PROFILE if route.startswith(PROFILE.route) else home
        home = APPLICATIONS if route == APPLY.route else home
    return MenuItem(
        title=screen.title,
        href=screen.route,
        icon=screen.icon,
        locked=actor.locked(screen.permission),
        current=screen is home and (home is not WORKBENCH or route == WORKBENCH.route),
        badge=badges.get(screen.route, 0),
    )


def access_to(actor: Actor, route: str) -> tuple[str, str]:
    """Return ok, locked or denied for a page, and the sentence that says why."""
    screen = next((s for s in PAGES if s.route == route), None)
    if screen is None or screen.permission is None:
        return "ok", ""
    if actor.may(screen.permission):
        return "ok", ""
    undecided = actor.kind is None and any(screen.permission in GRANTS[kind] for kind in Kind)
    if actor.locked(screen.permission) or (actor.role is Role.MEMBER and undecided):
        return "locked", locked_sentence(screen.title)
    return "denied", f"您的账号没有“{screen.title}”的权限，如有疑问请致电 400 056 5005。"


@for_screen(SHELL)
class ShellState(Services, rx.State):
    """The frame around every console page."""

    ready: bool = False
    access: str = ""
    access_text: str = ""
    name: str = ""
    role_label: str = ""
    phone: str = ""
    verified: bool = False
    is_member: bool = False
    kind: str = ""
    unread: int = 0
    verification_status: str = ""
    menu: list[MenuGroup] = []
    ask_verification: bool = False
    demo: bool = False
    # The browser exchanges it for another session id before the page shows: the rights have changed.
    ticket: str = ""
    here: str = ""
    # What somebody else has done to the record in view (state/live.py).
    moved: str = ""
    _asked: bool = False
    _route: str = ""
    _renew: bool = False

    @rx.event
    async def enter(self, route: str):
        """Open a console page: its frame, and whether it is open to the actor."""
        self._route = route = text_arg(route, 80)
        self.moved = ""
        (await self.get_state(MessageState))._arrive()
        self.ticket = ""
        self.access, self.access_text = await self._load_frame(route)
        if self._renew:
            self.ticket = await self._write(sessions.renewal)
            url = self.router.url
            self.here = f"{url.path}?{url.query}" if url.query else str(url.path)
            return
        self.demo = get_settings().is_demo
        new = self.is_member and not self.verified and self.verification_status in ("", "DRAFT", "RETURNED")
        # Asked once a tab, on the first page of the console (manual §3.1).
        self.ask_verification = new and not self._asked and route != VERIFICATION.route and self.kind != ""
        self._asked = self._asked or self.ask_verification
        self.ready = True

    @rx.event
    def close_dialog(self):
        """Put the dialog away."""
        self.ask_verification = False

    async def _load_frame(self, route: str) -> tuple[str, str]:
        """Bring the frame up to date; return how open the page is to the actor (`access_to`)."""
        found, access, self._renew = await self._read(
            lambda session, actor: (frame(session, actor, route), access_to(actor, route), actor.renew)
        )
        for name, value in found:
            # What is the same is not sent again.
            if getattr(self, name) != value:
                setattr(self, name, value)
        return access

    def _is_in_view(self) -> bool:
        """Tell whether the tab still shows the console page that was opened last."""
        path = str(self.router.url.path or "/")
        return self.ready and self._route != "" and path.startswith(self._route.split("[")[0])
