"""Limits that several processes count together on a real Valkey, and each for itself while it does not answer."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from cpegi_app.settings import get_settings
from cpegi_app.shared_windows import PAUSE_S, SharedWindow
from tests.web.edge_kit import Clock, edge, send_upload


@pytest.fixture
def silent() -> Iterator[tuple[str, list[socket.socket]]]:
    """Listen like a Valkey that has hung: it takes connections and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", taken
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in taken:
        connection.close()


def processes(url: str, limit: int, count: int = 2, seconds: float = 3600) -> list[SharedWindow]:
    """Return one window as so many processes hold it."""
    name = secrets.token_hex(4)
    return [SharedWindow(name, limit, seconds, url=lambda: url) for _ in range(count)]


def test_two_processes_count_together_and_say_how_long_to_wait(valkey_url: str):
    one, two = processes(valkey_url, 3)
    assert [one.hit("a"), two.hit("a"), one.hit("a")] == [0, 0, 0]
    assert 0 < two.hit("a") <= 3600
    # What was refused is not counted, by neither; and another key is another count.
    assert 0 < one.hit("a") <= 3600 and two.hit("b") == 0


def test_a_window_slides_by_the_servers_own_clock(valkey_url: str):
    one, two = processes(valkey_url, 1, seconds=0.2)
    assert one.hit("a") == 0
    while two.hit("a"):
        threading.Event().wait(0.02)


def test_many_at_once_get_no_more_than_the_limit(valkey_url: str):
    windows = processes(valkey_url, 10, count=4)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda n: windows[n % 4].hit("a"), range(80)))
    assert waits.count(0) == 10


def test_the_server_is_told_no_key_and_forgets_by_itself(valkey_url: str):
    (window,) = processes(valkey_url, 3, count=1)
    window.hit("a-secret-login")
    with Redis.from_url(valkey_url, decode_responses=True) as server:
        [place] = server.keys(f"cpegi:window:{window._name}:*")  # pyright: ignore
        assert "a-secret-login" not in place and 0 < server.pttl(place) <= 3_600_000  # pyright: ignore


def test_while_valkey_says_nothing_each_process_counts_for_itself(silent, valkey_url: str):
    (url, taken), now, where = silent, Clock(), {}
    where["url"] = url
    window = SharedWindow(secrets.token_hex(4), 2, 3600, url=lambda: where["url"], clock=now)
    assert [window.hit("a"), window.hit("a")] == [0, 0]
    assert 0 < window.hit("a") <= 3600
    # It was asked once, and then left alone for a while.
    assert len(taken) == 1
    where["url"] = valkey_url
    with Redis.from_url(valkey_url) as server:
        assert not server.keys(f"cpegi:window:{window._name}:*")
        assert window.hit("b") == 0 and not server.keys(f"cpegi:window:{window._name}:*")
        now.now += PAUSE_S
        assert window.hit("b") == 0 and server.keys(f"cpegi:window:{window._name}:*")


def test_without_valkey_nothing_is_asked():
    window = SharedWindow("none", 1, 3600, url=lambda: "")
    assert window.hit("a") == 0 and window.hit("a") > 0


async def test_a_silent_valkey_holds_up_no_event_loop(silent):
    window = SharedWindow(secrets.token_hex(4), 5, 3600, url=lambda: silent[0])
    asking = asyncio.create_task(window.hit_beside("a"))
    turns = 0
    while not asking.done():
        await asyncio.sleep(0)
        turns += 1
    assert asking.result() == 0 and turns > 100


async def test_a_login_uploads_so_often_a_minute_whichever_process_takes_it(valkey_url: str):
    one, two = (edge(uploads_per_minute=3, redis_url=valkey_url) for _ in range(2))
    with Redis.from_url(valkey_url) as server:
        for key in server.keys("cpegi:window:uploads:*"):  # pyright: ignore
            server.delete(key)
    found = [(await send_upload(app)).status_code for app in (one, two, one, two, one)]
    assert found == [200, 200, 200, 429, 429]


def test_the_settings_say_where_valkey_is(valkey_url: str, monkeypatch: pytest.MonkeyPatch):
    name = secrets.token_hex(4)
    one, two = SharedWindow(name, 1, 3600), SharedWindow(name, 1, 3600)
    assert [one.hit("a"), two.hit("a")] == [0, 0]
    monkeypatch.setattr(get_settings(), "redis_url", valkey_url)
    assert [one.hit("b"), two.hit("b") > 0] == [0, True]
