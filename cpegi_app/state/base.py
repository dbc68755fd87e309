"""What every state shares: its screen, and the one way to a service (a worker thread, one transaction)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import reflex as rx
from sqlmodel import Session

from cpegi_app import db, denials
from cpegi_app.access import Actor, Screen
from cpegi_app.errors import NotFound, SignInRequired
from cpegi_app.services import hashing, review, sessions
from cpegi_app.state import lanes, logins

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

# The state's full name → the screen whose permission every one of its handlers asks for.
SCREEN_OF: dict[str, Screen] = {}
# The states of a page, by its route: what is brought up to date while the page is in view.
STATES_OF: dict[str, list[type[Any]]] = {}


def for_screen(screen: Screen) -> Callable[[type[S]], type[S]]:
    """Name the screen of a state class; a state without one is refused by the gate."""

    def put(state: type[S]) -> type[S]:
        SCREEN_OF[state.get_full_name()] = screen  # pyright: ignore[reportAttributeAccessIssue]
        STATES_OF.setdefault(screen.route, []).append(state)
        return state

    return put


def run_as(sid: str, address: str, write: bool, fn: Callable[..., R], args: tuple, kwargs: dict) -> R:
    """Call a service as the session's actor, in one transaction; runs in a worker thread."""
    with db.transaction() if write else db.reading() as session:
        actor = (None if write else logins.recall(sid)) or sessions.actor_of(session, sid)
        if actor is None:
            raise SignInRequired
        return fn(session, dataclasses.replace(actor, address=address), *args, **kwargs)


def _run_public(write: bool, fn: Callable[..., R], args: tuple, kwargs: dict) -> R:
    with db.transaction() if write else db.reading() as session:
        return fn(session, *args, **kwargs)


class Services(rx.State, mixin=True):
    """The ways from a handler to the services; names begin with `_`, so that no client can call them."""

    async def _write(
        self, fn: Callable[Concatenate[Session, Actor, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a service that writes, as the signed-in actor."""
        return await self._as_actor(True, fn, args, kwargs)

    async def _read(
        self, fn: Callable[Concatenate[Session, Actor, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a service that only queries, as the signed-in actor."""
        return await self._as_actor(False, fn, args, kwargs)

    async def _as_actor(self, write: bool, fn: Callable[..., R], args: tuple, kwargs: dict) -> R:
        """Call a service; what it denies is noted in the trail."""
        lane, who = (lanes.WRITING if write else lanes.READING), (self._sid(), self._address())
        try:
            return await lanes.run(lane, run_as, *who, write, fn, args, kwargs)
        except denials.DENIED as refusal:
            if not denials.is_denial(refusal):
                raise
            screen = SCREEN_OF.get(type(self).get_full_name())
            told = f"“{screen.title}”：{refusal.message}" if screen else refusal.message
            await lanes.run(lanes.WRITING, denials.note, *who, _asked_for(fn, args), told)
            raise

    async def _write_public(
        self, fn: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a service that anybody may call and that writes."""
        return await lanes.run(lanes.WRITING, _run_public, True, fn, args, kwargs)

    async def _read_public(
        self, fn: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a service that anybody may call."""
        return await lanes.run(lanes.READING, _run_public, False, fn, args, kwargs)

    async def _hash(self, password: str) -> str:
        """Return a password's hash, off the event loop."""
        return await lanes.run(lanes.HASHING, hashing.hash_password, password)

    async def _matches(self, password: str, hashed: str) -> bool:
        """Check a password, off the event loop."""
        return await lanes.run(lanes.HASHING, hashing.matches, password, hashed)

    async def _arrive(self) -> str:
        """Bring what is in view up to date, because somebody changed it; return the sentence that says so, if any.

        What is being typed stays; a state without a way of its own stays as it is.
        """
        return ""

    def _sid(self) -> str:
        return sessions.sid_of(self.router.headers.cookie)

    def _address(self) -> str:
        return str(self.router.session.client_ip or "")[:64]

    def _route_id(self, name: str) -> int:
        """Return a number from the page's address; whatever is no number is a record that does not exist."""
        text = str(self.router.url.query_parameters.get(name, "") or getattr(self, name, ""))
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
            raise NotFound
        return int(text)


def _asked_for(fn: Callable[..., Any], args: tuple) -> str:
    """Return the record that a service was asked for as the trail names things: the flow, else the chapter, and the id."""
    number = next((a for a in args if type(a) is int), None)
    flow = next(
        (a for a in args if isinstance(a, str) and a in review.FLOWS), fn.__module__.rpartition(".")[2]
    )
    flow = "file" if flow == "files" else flow
    if number is None:
        return ""
    return f"{flow}:{number}" if flow in review.FLOWS or flow == "file" else f"记录 {number}"


def text_arg(value: Any, most: int = 100) -> str:
    """Return an argument that any client may have sent as a short plain string."""
    return value.strip()[:most] if isinstance(value, str) else ""


def int_arg(value: Any, low: int = 1, high: int = 2**31 - 1) -> int:
    """Return an argument that any client may have sent as a whole number within limits, else `low`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11:
        value = int(value)
    return value if type(value) is int and low <= value <= high else low
