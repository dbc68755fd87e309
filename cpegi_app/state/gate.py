"""The gate: runs before every event, denies by default, and binds a tab's state to its login (reflex.md)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import reflex as rx
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.registry import RegistrationContext

from cpegi_app import db
from cpegi_app.access import LOGIN, PAGES, WORKBENCH, Actor, Screen, locked_sentence
from cpegi_app.errors import Forbidden, SignInRequired
from cpegi_app.services import audit, sessions
from cpegi_app.services.live import Concerned
from cpegi_app.state import lanes, logins, shape
from cpegi_app.state.base import SCREEN_OF
from cpegi_app.state.message import MessageState

log = logging.getLogger(__name__)

_ROOT = rx.State.get_full_name()
# What the stock front end needs; everything else of the framework is denied, `setvar` above all.
FRAMEWORK_EVENTS = frozenset(
    f"{_ROOT}.{name}"
    for name in (
        "hydrate_and_load",
        "hydrate",
        "set_is_hydrated",
        "reflex___state____on_load_internal_state.on_load_internal",
        "reflex___state____on_load_internal_state.set_is_hydrated",
        "reflex___state____update_vars_internal_state.update_vars_internal",
        "reflex___state____frontend_event_exception_state.handle_frontend_exception",
    )
)
# The server's own: what somebody else changed arrives in a tab (ADR 0005).
ARRIVAL = f"{_ROOT}.cpegi_app___state___live____live_state.arrive"
_MOST_TOKENS = 20_000
# Where pages lie that ask for a login: /console, /staff, /regulator.
_SIGNED_IN = tuple({"/" + s.route.split("/")[1] + "/" for s in PAGES if s.permission} | {WORKBENCH.route})


@dataclass(frozen=True)
class Owner:
    """The login that a tab is bound to: the digest of its session, and its user; nobody's is empty."""

    digest: str = ""
    user_id: int = 0


# The tabs whose events this process has seen; the edge asks before it takes an upload.
_owners: OrderedDict[str, Owner] = OrderedDict()


def token_owner(token: str) -> str | None:
    """Return the digest of the session that a tab's token is bound to."""
    return _owners.get(token, Owner()).digest or None


def tabs_of(concerned: Concerned, tokens: Iterable[str]) -> list[str]:
    """Return those of the tabs whose users are concerned."""
    owners = ((token, _owners.get(token, Owner()).user_id) for token in tokens)
    return [token for token, user_id in owners if user_id and concerned.has(user_id)]


class LoginBinding(rx.State):
    """Which login the state of this tab belongs to; never sent to the browser."""

    _sid_digest: str = ""
    # A tab that has sent nothing yet holds nothing of anybody: no handler has touched its state.
    _known: bool = False


def _note_denial(actor: Actor | None, event: str, address: str) -> None:
    with db.transaction() as session:
        audit.record(session, actor, "denied", "", event[-200:], ok=False, address=address)


class Gate(Middleware):
    """Finds the screen of the event's state, loads the actor, and refuses what is not granted."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Return None to let the event pass, or the answer that refuses it."""
        sid = sessions.sid_of(state.router.headers.cookie)
        # Nobody pressed anything: what arrives keeps no login awake, and tells an ended one nothing.
        arrival = event.name == ARRIVAL
        actor = await logins.of(sid, not arrival) if sid else None
        if arrival and actor is None:
            return StateUpdate()
        owner = Owner(sessions.digest(sid), actor.user_id) if actor else Owner()
        framework = event.name in FRAMEWORK_EVENTS
        screen = screen_of(event.name)
        permitted = framework or _permits(screen, actor)
        sound = shape.has_names(event) and (not framework or shape.has_types(event))
        if left := await self._bind(state, event, owner, permitted and sound):
            return left
        if not permitted:
            return await self._refuse(state, event, actor, screen)
        if not sound:
            log.warning("malformed payload: %s", event.name)
            await _tell(state, "error", shape.MALFORMED)
            return await _answer(state, [])
        return None

    async def _refuse(
        self, state: BaseState, event: Event, actor: Actor | None, screen: Screen | None
    ) -> StateUpdate:
        """Return the answer to an event that the actor's rights do not cover."""
        if screen is None or screen.permission is None:
            return await self._deny(state, event, actor, Forbidden().message)
        if actor is None:
            return await self._sign_in(state, event)
        if _is_loader(event.name):
            # The page's frame says it in the page's place (ShellState.enter): once is enough.
            return await self._deny(state, event, actor, "")
        locked = actor.locked(screen.permission)
        sentence = locked_sentence(screen.title) if locked else Forbidden().message
        return await self._deny(state, event, actor, sentence)

    async def _bind(self, state: BaseState, event: Event, owner: Owner, passes: bool) -> StateUpdate | None:
        """Reset the tab's state whenever the login behind it changes."""
        token, digest = state.router.session.client_token, owner.digest
        _owners[token] = owner
        _owners.move_to_end(token)
        while len(_owners) > _MOST_TOKENS:
            _owners.popitem(last=False)
        binding = await state.get_state(LoginBinding)
        if not (known := binding._known):
            binding._known = True
        if binding._sid_digest == digest:
            return None
        if not known and passes:
            # An untouched state needs no reset, and Reflex sends it whole with the first event that passes.
            binding._sid_digest = digest
            return None
        root, before = state._get_root_state(), binding._sid_digest
        for cls in _all_states(rx.State):
            # With Redis only the branch of the event is loaded: load the rest, or it would survive.
            await state.get_state(cls)
        root.reset()
        binding._sid_digest = digest
        if before and event.name not in FRAMEWORK_EVENTS:
            root.is_hydrated = True  # pyright: ignore[reportAttributeAccessIssue]
            return await _ask_to_sign_in(state)
        return None

    async def _sign_in(self, state: BaseState, event: Event) -> StateUpdate:
        log.info("denied to anonymous: %s", event.name)
        await lanes.run(lanes.WRITING, _note_denial, None, event.name, _address(state))
        if _is_loader(event.name) or event.name.endswith(".enter"):
            return await _answer(state, [rx.redirect(_login_href(state), replace=True)])
        return await _ask_to_sign_in(state)

    async def _deny(self, state: BaseState, event: Event, actor: Actor | None, sentence: str) -> StateUpdate:
        log.warning("denied: %s", event.name)
        await lanes.run(lanes.WRITING, _note_denial, actor, event.name, _address(state))
        if sentence:
            await _tell(state, "error", sentence)
        return await _answer(state, [])


def _address(state: BaseState) -> str:
    return str(state.router.session.client_ip or "")


def screen_of(event_name: str) -> Screen | None:
    """Return the screen of the state that owns a handler; None denies."""
    found = RegistrationContext.get().event_handlers.get(event_name)
    state_name, _, handler = event_name.rpartition(".")
    if found is None or handler == "setvar":
        return None
    return SCREEN_OF.get(state_name)


def _permits(screen: Screen | None, actor: Actor | None) -> bool:
    """Tell whether an actor may use a screen; what belongs to none is nobody's."""
    return screen is not None and (screen.permission is None or bool(actor and actor.may(screen.permission)))


def _is_loader(event_name: str) -> bool:
    """Tell whether a page's arrival calls the handler, not the person."""
    return event_name.rpartition(".")[2].startswith("load")


def told(event_name: str) -> str:
    """Return a refused event as the staff read it in the trail: the screen, and what was asked of it."""
    screen = screen_of(event_name)
    if screen is None:
        return event_name
    handler = event_name.rpartition(".")[2]
    return f"打开“{screen.title}”" if _is_loader(event_name) else f"“{screen.title}”的操作 {handler}"


def _login_href(state: BaseState) -> str:
    """Return the login page's address, which leads back to the page in view."""
    path = str(state.router.url.path or "/")
    return f"{LOGIN.route}?next={quote(path, safe='/')}" if path.startswith(_SIGNED_IN) else LOGIN.route


async def _ask_to_sign_in(state: BaseState) -> StateUpdate:
    bar = await state.get_state(MessageState)
    bar._tell("error", SignInRequired().message, _login_href(state))
    return await _answer(state, [])


async def _tell(state: BaseState, kind: str, text: str) -> None:
    bar = await state.get_state(MessageState)
    bar._tell(kind, text)


async def _answer(state: BaseState, events: list[Any]) -> StateUpdate:
    root = state._get_root_state()
    delta = await root._get_resolved_delta()
    root._clean()
    return StateUpdate(delta=delta, events=Event.from_event_type(events) if events else [])


def _all_states(cls: type[BaseState]):
    for child in cls.get_substates():
        yield child
        yield from _all_states(child)
