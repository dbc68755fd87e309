"""The edge: uploads, bodies, refusals, the proxy's word, and sockets that talk too much."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator

import pytest

from cpegi_app.web.limits import Concurrency, Pace
from cpegi_app.windows import SlidingWindow
from tests.web.edge_kit import OWN, Clock, Talk, client, edge, get, parrot, post, send_upload

CHINESE = "[\u4e00-\u9fff]"


# Uploads


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("why", "changes", "status"),
    [
        ("own tab", {}, 200),
        ("no cookie", {"cookie": None}, 401),
        ("dead session", {"cookie": "sid=dead"}, 401),
        ("another's tab", {"cookie": "sid=other"}, 403),
        ("no token", {"reflex_client_token": None}, 403),
        ("unknown token", {"reflex_client_token": "made up"}, 403),
        ("token with a foreign letter", {"reflex_client_token": "tab\xe9"}, 403),
        ("too long", {"content_length": str(13 << 20)}, 413),
        ("negative length", {"content_length": "-1"}, 400),
        ("length in words", {"content_length": "many"}, 400),
        ("absurd length", {"content_length": "9" * 400}, 400),
    ],
)
async def test_an_upload_comes_from_a_live_logins_own_tab(why: str, changes: dict, status: int) -> None:
    raw = {k: v.encode("latin-1") if isinstance(v, str) else v for k, v in changes.items()}
    assert (await send_upload(**raw)).status_code == status, why


@pytest.mark.asyncio
async def test_two_tokens_are_refused() -> None:
    headers = [
        ("origin", OWN),
        ("cookie", "sid=live"),
        ("reflex-client-token", "tab"),
        ("reflex-client-token", "x"),
    ]
    async with client(edge()) as http:
        assert (await http.post("/_upload", content=b"x", headers=headers)).status_code == 403


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/_upload", "/_upload/a.pdf", "/_upload/"])
async def test_the_upload_folder_is_never_served(method: str, path: str) -> None:
    async with client(edge()) as http:
        answer = await http.request(method, path, headers={"cookie": "sid=live", "origin": OWN})
    assert answer.status_code in (404, 405)


@pytest.mark.asyncio
async def test_posting_below_the_upload_path_is_not_possible() -> None:
    assert (await post("/_upload/a.pdf", cookie="sid=live", reflex_client_token="tab")).status_code == 404


@pytest.mark.asyncio
async def test_an_upload_without_a_length_is_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"

    assert (await send_upload(body=chunks())).status_code == 411  # pyright: ignore[reportArgumentType]


@pytest.mark.asyncio
async def test_a_login_uploads_so_often_a_minute() -> None:
    app = edge(uploads_per_minute=3)
    assert [(await send_upload(app)).status_code for _ in range(4)] == [200, 200, 200, 429]


# Bodies


@pytest.mark.asyncio
async def test_other_posts_are_small() -> None:
    assert (await post("/echo", body=b"x" * (64 << 10))).status_code == 200
    assert (await post("/echo", body=b"x" * ((64 << 10) + 1))).status_code == 413


@pytest.mark.asyncio
async def test_a_body_that_is_stated_too_long_is_not_read_at_all() -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    answer = await post("/echo", body=never(), content_length="70000")  # pyright: ignore[reportArgumentType]
    assert answer.status_code == 413


@pytest.mark.asyncio
async def test_a_body_that_lies_about_its_length_is_cut_off_while_it_streams() -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        for _ in range(1000):
            seen += 16 << 10
            yield b"x" * (16 << 10)

    answer = await post("/echo", body=endless())  # pyright: ignore[reportArgumentType]
    assert answer.status_code == 413
    assert "64 KB" in answer.json()["detail"]
    assert seen <= 128 << 10
    answer = await send_upload(edge(upload_cap=1 << 20), body=endless(), content_length="5")  # pyright: ignore
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["detail"]


@pytest.mark.asyncio
async def test_a_body_that_stalls_is_given_up() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(5)
        yield b"x"

    start = time.monotonic()
    answer = await post("/echo", edge(body_timeout_s=0.05), body=slow())  # pyright: ignore[reportArgumentType]
    assert answer.status_code == 408
    assert time.monotonic() - start < 2


# What is hidden, and how it reads


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", ["/ping", "/_health", "/_all_routes", "/auth-codespace", "/_event", "/__manifest"]
)
async def test_the_frameworks_endpoints_are_not_there(path: str) -> None:
    assert (await get(path)).status_code == 404
    assert (await post(path)).status_code == 404


@pytest.mark.asyncio
async def test_an_endpoint_can_be_left_open_on_demand() -> None:
    app = edge(exposed=frozenset({"/_health"}))
    assert (await get("/_health", app)).status_code == 200
    assert (await get("/ping", app)).status_code == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
async def test_only_three_methods_exist(method: str) -> None:
    async with client(edge()) as http:
        answer = await http.request(method, "/echo", headers={"origin": OWN})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "status"), [("/crash", 500), ("/nowhere", 404), ("/_health", 404)])
async def test_an_error_is_a_chinese_sentence_and_nothing_from_inside(path: str, status: int) -> None:
    data = await get(path)
    page = await get(path, accept="text/html,*/*;q=0.8")
    assert data.status_code == page.status_code == status
    assert data.json()["detail"].endswith("。")
    assert "<h1>操作未完成</h1>" in page.text
    assert data.json()["detail"] in page.text
    assert page.headers["content-security-policy"].endswith("style-src 'unsafe-inline'")
    for answer in (data, page):
        assert "canary" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.asyncio
async def test_an_unhandled_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await get("/crash")
    told = [record for record in caplog.records if record.name == "cpegi_app.web.edge"]
    # Once the log is being cleaned, the exception is told inside the message.
    assert any(record.exc_info or "RuntimeError" in record.getMessage() for record in told)


@pytest.mark.asyncio
async def test_an_error_after_the_answer_began_breaks_the_connection() -> None:
    with pytest.raises(RuntimeError):
        await get("/late")


@pytest.mark.asyncio
async def test_our_own_words_stay() -> None:
    assert (await get("/own-json")).json() == {"ready": False}
    sentence = "文件不存在或已被删除，请返回列表刷新后再试。"
    assert (await get("/own-sentence")).json() == {"detail": sentence}
    assert sentence in (await get("/own-sentence", accept="text/html")).text


@pytest.mark.asyncio
async def test_the_upload_routes_own_words_do_not_get_out() -> None:
    answer = await send_upload(reflex_event_handler="none")
    assert answer.status_code == 400
    assert "canary" not in answer.text
    assert answer.json()["detail"].endswith("。")


@pytest.mark.asyncio
async def test_a_head_of_an_error_has_no_body() -> None:
    async with client(edge()) as http:
        answer = await http.head("/_health")
    assert (answer.status_code, answer.content) == (404, b"")


# The proxy's word


@pytest.mark.asyncio
async def test_forwarded_headers_count_only_behind_a_trusted_proxy() -> None:
    said = {"x_forwarded_for": "203.0.113.9, 198.51.100.1", "x_forwarded_proto": "http"}
    believed = (await get("/echo", edge(trust_proxy=True), **said)).json()
    ignored = (await get("/echo", edge(), **said)).json()
    assert (believed["scheme"], believed["client"]) == ("http", "198.51.100.1")
    assert (ignored["scheme"], ignored["client"], ignored["forwarded"]) == ("https", "127.0.0.1", None)


@pytest.mark.asyncio
async def test_the_own_origin_follows_the_trusted_proxys_scheme() -> None:
    app = edge(origins=(), trust_proxy=True)
    said = {"host": "cpegi.example", "origin": "http://cpegi.example"}
    assert (await post("/echo", app, x_forwarded_proto="http", **said)).status_code == 200
    assert (await post("/echo", app, x_forwarded_proto="https", **said)).status_code == 403


# Sockets


@pytest.mark.asyncio
async def test_a_burst_passes_at_once_and_more_is_slowed_down() -> None:
    talk = Talk(*"x" * 30)
    talk.hang_up()
    start = time.monotonic()
    await talk.with_(edge(parrot, message_burst=20, messages_per_s=50))
    assert len(talk.sent) == 31
    assert 0.15 <= time.monotonic() - start < 1


@pytest.mark.asyncio
async def test_who_does_not_stop_is_cut_off() -> None:
    talk = Talk(*"x" * 500)
    await talk.with_(edge(parrot, message_burst=5, messages_per_s=100, patience_s=0.2))
    assert talk.closed_with == 1008
    assert 5 < len(talk.sent) < 60


@pytest.mark.asyncio
async def test_a_message_that_is_too_long_ends_the_socket() -> None:
    talk = Talk("x" * 1000, "x" * 1001)
    await talk.with_(edge(parrot, message_cap=1000))
    assert talk.closed_with == 1009
    assert len(talk.sent) == 3


@pytest.mark.asyncio
async def test_an_address_has_so_many_sockets_and_gets_them_back() -> None:
    app, talks = edge(parrot, sockets_per_address=2), [Talk() for _ in range(3)]
    running = [asyncio.create_task(talk.with_(app)) for talk in talks[:2]]
    await asyncio.sleep(0)
    assert [m["type"] for m in await talks[2].with_(app)] == ["websocket.close"]
    elsewhere = Talk(address="198.51.100.8")
    elsewhere.hang_up()
    assert (await elsewhere.with_(app))[0]["type"] == "websocket.accept"
    for talk in talks[:2]:
        talk.hang_up()
    await asyncio.gather(*running)
    again = Talk()
    again.hang_up()
    assert (await again.with_(app))[0]["type"] == "websocket.accept"


@pytest.mark.asyncio
async def test_an_address_cannot_reconnect_for_ever_to_get_new_bursts() -> None:
    app, accepted = edge(parrot, sockets_per_address=2), 0
    for _ in range(30):
        talk = Talk()
        talk.hang_up()
        accepted += (await talk.with_(app))[0]["type"] == "websocket.accept"
    assert accepted == 20


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/_upload", "/_eventual", "/files/1"])
async def test_there_is_one_socket_path(path: str) -> None:
    talk = Talk(path=path)
    assert [m["type"] for m in await talk.with_(edge(parrot))] == ["websocket.close"]


@pytest.mark.asyncio
async def test_an_error_on_a_socket_closes_it() -> None:
    async def broken(scope: dict, receive: object, send: object) -> None:
        raise RuntimeError("canary")

    talk = Talk()
    await talk.with_(edge(broken))
    assert talk.closed_with == 1011


@pytest.mark.asyncio
async def test_other_scopes_pass_through() -> None:
    async def app(scope: dict, receive: object, send: object) -> None:
        seen.append(scope["type"])

    seen: list[str] = []
    await edge(app)({"type": "lifespan"}, None, None)  # pyright: ignore[reportArgumentType]
    assert seen == ["lifespan"]


# The counters


def test_a_sliding_window_says_how_long_to_wait() -> None:
    clock = Clock()
    window = SlidingWindow(2, 10, clock=clock)
    assert window.hit("a") == 0
    clock.now += 4
    assert [window.hit("a"), window.hit("a"), window.wait("a"), window.hit("b")] == [0, 6, 6, 0]
    clock.now += 6
    assert [window.hit("a"), window.hit("a")] == [0, 4]
    window.forget("a")
    assert window.hit("a") == 0


def test_a_sliding_window_forgets_the_keys_idle_longest() -> None:
    window = SlidingWindow(1, 1000, keys=2)
    assert [window.hit(key) for key in "abc"] == [0, 0, 0]
    assert window.wait("a") == 0
    assert window.wait("c") > 0


def test_a_key_that_is_used_stays_when_an_idle_one_goes() -> None:
    window = SlidingWindow(3, 1000, keys=2)
    assert [window.hit(key) for key in "abaac"] == [0, 0, 0, 0, 0]
    assert window.wait("a") > 0


def test_a_pace_forgives_who_pauses() -> None:
    clock = Clock()
    pace = Pace(10, 2, patience_s=1, clock=clock)
    assert [pace.take(), pace.take(), pace.take()] == [0, 0, pytest.approx(0.1)]
    clock.now += 0.9
    assert pace.take() == 0
    for _ in range(12):
        clock.now += 0.05
        pace.take()
    clock.now += 2
    assert pace.take() == 0


def test_concurrency_frees_what_is_left() -> None:
    doors = Concurrency(1)
    assert [doors.enter("a"), doors.enter("a"), doors.enter("b")] == [True, False, True]
    doors.leave("a")
    assert doors.enter("a")
    two = Concurrency(2)
    assert [two.enter("a"), two.enter("a")] == [True, True]
    two.leave("a")
    assert [two.enter("a"), two.enter("a")] == [True, False]


@pytest.mark.asyncio
async def test_refusals_are_json_that_anything_can_read() -> None:
    answer = await get("/_health")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content)["detail"]
