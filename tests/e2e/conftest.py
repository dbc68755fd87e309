"""Browser tests: one site and one Chromium a session, one fresh browser context a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.harness import WATCH, Walk
from tests.e2e.residents import People
from tests.e2e.server import browser_arguments, loaded_demo, running_site, shared
from tools import chromium

# A busy machine is slow, not wrong: what never comes still fails.
PATIENCE_MS = 30_000
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that holds the site's database."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo data, loaded once for all processes that share the tests."""
    return loaded_demo(shared(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="session")
def site(site_folder: Path, demo: Path) -> Iterator[str]:
    """Serve the built application with the demo data; return its address."""
    with running_site(site_folder, demo) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium; a machine without one fails the tests, it never skips them."""
    path = chromium.find()
    if not path:
        pytest.fail("No Chromium on this machine: run `make browser` first.", pytrace=False)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=browser_arguments())
        yield chrome
        chrome.close()


@pytest.fixture(scope="session")
def idle() -> list[BrowserContext]:
    """Return the browser contexts that nobody uses: they have the site's scripts, which a new one fetches and compiles."""
    return []


@pytest.fixture
def new_walk(
    site: str, site_folder: Path, browser: Browser, idle: list[BrowserContext], request: pytest.FixtureRequest
) -> Iterator:
    """Return a function that opens another user's browser; `size` is the window."""
    used: list[BrowserContext] = []

    def open_walk(size: tuple[int, int] = (1440, 900)) -> Walk:
        used.append(idle.pop() if idle else _new_context(browser, site))
        page = used[-1].new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        walk = Walk(page, site, Path(request.node.path).stem)
        walk.login_of = People(site_folder, site).login_of
        return walk

    yield open_walk
    for context in used:
        _empty(context, site)
    idle += used


def _new_context(browser: Browser, site: str) -> BrowserContext:
    context = browser.new_context(
        base_url=site,
        viewport={"width": 1440, "height": 900},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(WATCH)
    return context


def _empty(context: BrowserContext, site: str) -> None:
    """Leave nothing of a user in a context: no login, no page with what was typed, nothing that was stored."""
    context.clear_cookies()
    for page in context.pages[1:]:
        page.close()
    last = context.pages[0] if context.pages else context.new_page()
    last.goto("about:blank")
    tools = context.new_cdp_session(last)
    tools.send("Storage.clearDataForOrigin", {"origin": site, "storageTypes": "local_storage"})
    last.close()


@pytest.fixture
def walk(new_walk) -> Walk:
    """Return a walker at the desk's width, signed in as nobody."""
    return new_walk()


@pytest.fixture
def page(walk: Walk) -> Page:
    """Return the walker's page, for tests that need no more."""
    return walk.page
