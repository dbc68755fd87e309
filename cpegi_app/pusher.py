"""The background work of pushes: steps in short transactions, one after the other, in a thread of their own."""

from __future__ import annotations

import asyncio
import logging

from cpegi_app import db
from cpegi_app.services import facts, push

log = logging.getLogger(__name__)
# How long to wait for new runs, and between two steps, so that others write in between, in seconds.
IDLE_S, BETWEEN_S = 0.5, 0.02


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
    with db.reading() as session:
        seen = push.look(session)
    if seen is None:
        return False
    with db.transaction() as session:
        push.step(session, seen)
    return True


def work_off() -> int:
    """Take every step there is; return how many."""
    steps = 0
    while step():
        steps += 1
    return steps


async def push_matches() -> None:
    """Work off pushes until the process ends; what a crash interrupted goes on where it was."""
    caught_up = False
    while True:
        went_on = False
        try:
            if not caught_up:
                await asyncio.to_thread(catch_up)
                caught_up = True
            went_on = await asyncio.to_thread(step)
        except Exception:
            log.exception("a step of a push failed; the next round tries again")
        await asyncio.sleep(BETWEEN_S if went_on else IDLE_S)
