"""The background work of pushes: steps in short transactions, one after the other, in a thread of their own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from cpegi_app import db
from cpegi_app.services import facts, push

log = logging.getLogger(__name__)
# How long to wait for new runs, and between two steps, so that others write in between, in seconds.
IDLE_S, BETWEEN_S = 0.5, 0.02
# After so many rounds what could not be caught up is tried again.
AGAIN = 120
FAILED = object()


def catch_up() -> None:
    """Write the facts and limits that an earlier release did not; called once at the start."""
    while True:
        with db.reading() as session:
            waiting = facts.has_backlog(session)
        if not waiting:
            return
        with db.transaction() as session:
            facts.backlog(session)


def step() -> bool:
    """Take the next step of a push; False when there is none to take."""
    seen: push.Look | None = None
    try:
        with db.reading() as session:
            seen = push.look(session)
        if seen is None:
            return False
        with db.transaction() as session:
            push.step(session, seen)
    except Exception:
        # In a transaction of its own: what failed has taken back whatever it wrote, and must not stop the others.
        with db.transaction() as session:
            run_id = push.failed(session, seen)
        log.exception("a step of the push %s failed; it rests, the others go on", run_id)
    return True


def work_off() -> int:
    """Take every step there is; return how many."""
    steps = 0
    while step():
        steps += 1
    return steps


async def push_matches() -> None:
    """Work off pushes until the process ends; what a crash interrupted goes on where it was."""
    caught_up, rounds = False, 0
    while True:
        went_on = False
        if not caught_up and rounds % AGAIN == 0:
            caught_up = (
                await _tried(catch_up, "facts of an earlier release could not be written") is not FAILED
            )
        # Pushes go on whatever becomes of that: what an approval writes does not wait for it.
        went_on = await _tried(step, "a step of a push failed; the next round tries again") is True
        rounds += 1
        await asyncio.sleep(BETWEEN_S if went_on else IDLE_S)


async def _tried(work: Callable[[], Any], words: str) -> Any:
    try:
        return await asyncio.to_thread(work)
    except Exception:
        log.exception(words)
        return FAILED
