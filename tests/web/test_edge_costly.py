"""What costs much is let in one after another, and keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import json

import pytest

from cpegi_app import access
from cpegi_app.state.account import hashing_handlers
from cpegi_app.state.base import SCREEN_OF
from cpegi_app.web.limits import Line
from tests.state.rig import handlers
from tests.web.edge_kit import Clock, Talk, edge

COSTLY = frozenset({"login_state.submit"})


def _event(name: str) -> str:
    return f"42/_event,{json.dumps(['event', {'name': name}])}"


def test_a_line_lets_one_in_at_a_time() -> None:
    clock = Clock()
    line = Line(0.5, 10, clock=clock)
    assert [line.take(), line.take(), line.take()] == [0, 0.5, 1.0]
    clock.now += 1.25
    assert line.take() == 0.25
    clock.now += 60
    assert line.take() == 0


def test_nobody_waits_longer_than_the_most_however_many_came_before() -> None:
    line = Line(0.5, 2, clock=Clock())
    assert max(line.take() for _ in range(1000)) == 2


async def test_sign_ins_wait_for_each_other_and_nobody_else_for_them() -> None:
    heard: list[str] = []

    async def listener(scope: dict, receive, send) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            heard.append(message.get("text") or message["type"])

    app = edge(listener, costly=COSTLY, costly_every_s=0.2)
    crowd = [Talk(_event("login_state.submit") + str(n)) for n in range(3)]
    other = Talk(_event("counter_state.add"), _event("counter_state.add"))
    for talk in (*crowd, other):
        talk.hang_up()
    await asyncio.gather(*(talk.with_(app) for talk in (*crowd, other)))
    told = [text.partition(",")[2] for text in heard if text.startswith("42")]
    assert told[0].endswith("0")
    assert ["counter" in text for text in told] == [False, True, True, False, False]
    assert [text[-1] for text in told[3:]] == ["1", "2"]


@pytest.mark.parametrize("screen", [access.LOGIN, access.REGISTER, access.FORGOT, access.PASSWORD])
def test_every_handler_that_hashes_is_one_of_them(screen: access.Screen) -> None:
    """The names are those of the framework's registry, or none would ever be found in a message."""
    found = {h.name for h in handlers() if h.method == "submit" and h.screen == screen}
    assert found and found <= hashing_handlers()


def test_only_forms_with_a_screen_are_let_in_singly() -> None:
    assert all(name.rpartition(".")[0] in SCREEN_OF for name in hashing_handlers())
