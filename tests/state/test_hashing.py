"""Fifty who sign in at once do not keep a fifty-first person waiting: no hash is made on the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from cpegi_app import access, db
from cpegi_app.services import hashing, passwords
from tests import factories
from tests.state.cast import Cast
from tests.state.rig import HYDRATE, handlers, running

PASSWORD, MANY = "Huanghe-4417-lu", 50


async def test_an_event_is_answered_while_fifty_passwords_are_checked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    """The checks wait until the other event has had its answer, so it cannot be that they came first."""
    with db.transaction() as session:
        hashed = passwords.hash_password(PASSWORD)
        numbers = [factories.user(session, password_hash=hashed).phone for _ in range(MANY)]
    submit = next(h.name for h in handlers() if h.screen == access.LOGIN and h.method == "submit")
    check, answered, threads = hashing.matches, threading.Event(), []

    def held(password: str, hashed: str) -> bool:
        threads.append(threading.current_thread().name)
        if threads[-1].startswith("argon2"):
            answered.wait(20)
        return check(password, hashed)

    monkeypatch.setattr(hashing, "matches", held)
    async with running() as rig:
        for number in numbers:
            data = {"phone": number, "password": PASSWORD, "identity": "ENTERPRISE"}
            await rig.enqueue(number, submit, {"data": data})
        while not threads:
            await asyncio.sleep(0.001)
        await rig.enqueue("other", HYDRATE, {}, path=access.ABOUT.route)
        while "other" not in rig.replies or not rig.replies["other"].deltas:
            await asyncio.sleep(0.001)
        answered.set()
        await rig.settle()
        told = [rig.replies[number].text for number in numbers]
    assert len(threads) == MANY and all(name.startswith("argon2") for name in threads), set(threads)
    assert sum('"ticket_rx_state_"' in text for text in told) == MANY
