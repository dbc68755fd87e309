"""The edge: origins, headers and the content policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.staticfiles import StaticFiles

from cpegi_app.web.csp import ContentPolicy, script_hash
from tests.web.edge_kit import OWN, Talk, client, edge, get, parrot, post, send_upload

# What an attacker's page, program or proxy may send instead of the own origin.
FOREIGN = {
    "absent": None,
    "null": "null",
    "empty": "",
    "another site": "https://evil.example",
    "own name as prefix": "https://cpegi.example.evil.example",
    "own name as suffix": "https://evil-cpegi.example",
    "subdomain": "https://a.cpegi.example",
    "another port": "https://cpegi.example:8443",
    "another scheme": "http://cpegi.example",
    "upper case": "https://CPEGI.example",
    "trailing slash": "https://cpegi.example/",
    "credentials": "https://cpegi.example@evil.example",
    "two in one": "https://cpegi.example https://evil.example",
    "wildcard": "*",
    "file": "file://",
}


# Origins


@pytest.mark.asyncio
@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_foreign_origin_is_refused_everywhere(origin: str | None) -> None:
    assert (await post("/echo", origin=origin)).status_code == 403
    assert (await send_upload(origin=origin)).status_code == 403
    talk = Talk(origin=origin)
    assert [m["type"] for m in await talk.with_(edge(parrot))] == ["websocket.close"]


@pytest.mark.asyncio
async def test_the_own_origin_passes_everywhere() -> None:
    assert (await post("/echo")).json()["size"] == 1
    assert (await send_upload()).json()["size"] == 1
    talk = Talk("hello")
    talk.hang_up()
    assert [m["type"] for m in await talk.with_(edge(parrot))] == ["websocket.accept", "websocket.send"]


@pytest.mark.asyncio
async def test_two_origin_headers_are_refused() -> None:
    async with client(edge()) as http:
        answer = await http.post("/echo", headers=[("origin", OWN), ("origin", OWN)])
    assert answer.status_code == 403


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("demo.example:3000", "https://demo.example:3000", 200),
        ("Demo.Example:3000", "https://demo.example:3000", 200),
        ("demo.example:3000", "http://demo.example:3000", 403),
        ("demo.example:3000", "https://demo.example", 403),
        ("demo.example", "https://evil.example", 403),
        ("demo.example/x", "https://demo.example/x", 403),
        ("a b", "https://a b", 403),
    ],
)
async def test_without_a_configured_origin_it_is_the_one_of_the_host(
    host: str, origin: str, status: int
) -> None:
    assert (await post("/echo", edge(origins=()), host=host, origin=origin)).status_code == status


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:3000", 200),
        ("http://evil.example:3000", 403),
        ("ftp://localhost", 403),
        ("http://[", 403),
        (None, 403),
    ],
)
async def test_in_development_the_front_end_may_use_another_port(origin: str | None, status: int) -> None:
    app = edge(origins=(), development=True)
    assert (await post("/echo", app, host="localhost:8000", origin=origin)).status_code == status


# Headers


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", ["/", "/echo", "/files/1", "/own-json", "/crash", "/nowhere", "/_health", "/own-sentence"]
)
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    answer = await get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers


@pytest.mark.asyncio
async def test_hsts_is_for_production_only() -> None:
    assert (await get("/", edge(production=True))).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.asyncio
async def test_a_preview_may_be_framed_by_our_own_pages_and_a_download_by_nobody() -> None:
    preview, download = await get("/files/1?preview"), await get("/files/1")
    assert preview.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in preview.headers["content-security-policy"]
    assert preview.headers["content-disposition"] == "inline; filename*=UTF-8''%E6%89%A7%E7%85%A7.pdf"
    assert download.headers["content-disposition"].startswith("attachment;")
    assert download.headers["content-security-policy"].endswith("sandbox")
    for answer in (preview, download):
        assert answer.headers["cache-control"] == "private, no-store"
        assert len(answer.headers.get_list("content-security-policy")) == 1


# Content policy


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Lay out a built front end of three pages."""
    (tmp_path / "b").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a-1f2e.js").write_text("1")
    common = "<script>common()</script><p>text</p><script src='/assets/a-1f2e.js'></script>"
    (tmp_path / "index.html").write_text(f"<html>{common}<script type='module'>index('甲')</script></html>")
    (tmp_path / "b" / "index.html").write_text(f"<html>{common}<script>b(1 < 2 && '</b>')</script></html>")
    (tmp_path / "404.html").write_text(f"<html>{common}<script>fallback()\r\n</script></html>")
    return tmp_path


@pytest.mark.asyncio
async def test_a_page_may_run_its_own_inline_scripts_and_no_others(build: Path) -> None:
    app = edge(build=build)
    expected = {"/": "index('甲')", "/b": "b(1 < 2 && '</b>')", "/item/5": "fallback()\n"}
    for path, script in expected.items():
        policy = (await get(path, app)).headers["content-security-policy"]
        allowed = re.search(r"script-src ([^;]*);", policy)
        assert allowed
        assert allowed[1].split() == ["'self'", script_hash("common()"), script_hash(script)]


def test_an_inline_handler_in_a_built_page_is_reported(build: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert ContentPolicy(build).pages == 3
    assert not caplog.records
    (build / "b.html").write_text("<p onclick='x()'>")
    assert ContentPolicy(build).pages == 3
    assert "onclick" in caplog.text


@pytest.mark.asyncio
async def test_the_policy_forbids_inline_code_eval_and_foreign_hosts(build: Path) -> None:
    policy = (await get("/", edge(build=build))).headers["content-security-policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert "unsafe" not in rules["script-src"]
    assert "unsafe-eval" not in policy
    assert (
        rules["default-src"]
        == rules["object-src"]
        == rules["base-uri"]
        == rules["frame-ancestors"]
        == "'none'"
    )
    assert rules["form-action"] == rules["frame-src"] == "'self'"
    assert rules["connect-src"] == "'self' wss://cpegi.example"
    assert "http:" not in policy
    assert "*" not in policy


@pytest.mark.asyncio
async def test_answers_that_are_no_page_may_do_nothing(build: Path) -> None:
    policy = (await get("/echo", edge(build=build))).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "sandbox" in policy


@pytest.mark.asyncio
async def test_an_unchanged_page_keeps_the_policy_that_the_browser_stored(build: Path) -> None:
    app = edge(StaticFiles(directory=build, html=True), build=build)
    first = await get("/", app)
    again = await get("/", app, if_none_match=first.headers["etag"])
    assert again.status_code == 304
    assert "content-security-policy" not in again.headers


@pytest.mark.asyncio
async def test_assets_are_kept_for_ever_and_pages_asked_for_again(build: Path) -> None:
    app = edge(StaticFiles(directory=build, html=True), build=build)
    assert (await get("/assets/a-1f2e.js", app)).headers[
        "cache-control"
    ] == "public, max-age=31536000, immutable"
    assert "immutable" not in (await get("/assets/none.js", app)).headers["cache-control"]
    assert (await get("/", app)).headers["cache-control"] == "no-cache"
    assert (await get("/echo")).headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_development_has_no_policy(build: Path) -> None:
    assert "content-security-policy" not in (await get("/", edge(build=build, development=True))).headers
