"""Stored scripts: a payload in every text of every row, every page opened in Chromium, and nothing runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlmodel import select

from cpegi_app import db
from cpegi_app.access import PAGES, Screen
from cpegi_app.models import User
from cpegi_app.services import sessions
from tests.e2e.harness import WATCH, Walk
from tests.e2e.payloads import PAYLOADS, poison
from tests.e2e.server import running_site
from tests.e2e.tours import TOURS, addresses, phone_of

pytestmark = pytest.mark.e2e
# Everything in a page that names an address, with what a browser makes of it.
ADDRESSES = """() => [...document.querySelectorAll("[href],[src],[action],[formaction],[data],[srcdoc],[style]")]
  .map((node) => node.getAttribute("srcdoc") ?? node.href?.baseVal ?? node.href ?? node.src ?? node.action ?? "")
  .map(String).filter((address) => address && !/^(https?|blob|tel|mailto):/.test(address))"""

# The page wider than the window, and each control of which a part can be reached by no scrolling.
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth, found = wide > 0 ? [`page ${wide} px too wide`] : [];
  const held = (node) => {
    for (let up = node.parentElement; up; up = up.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(up).overflowX) && up !== document.documentElement) return true;
    return false;
  };
  for (const node of document.querySelectorAll("main button, main input:not([type=hidden]), main select, main textarea")) {
    const box = node.getBoundingClientRect();
    if (box.width && (node.checkVisibility?.({visibilityProperty: true}) ?? true)
        && (box.right > innerWidth + 1 || box.left < -1) && !held(node))
      found.push(`cut off: ${node.outerHTML.slice(0, 140)}`);
  }
  return found.slice(0, 3);
}"""


class Trap:
    """A browser that notes whatever a payload might bring about."""

    def __init__(self, browser: Browser, site: str, login: str) -> None:
        self.site, self.troubles = site, []
        self.context: BrowserContext = browser.new_context(base_url=site, locale="zh-CN")
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.walk = Walk(self.page, site, "")
        if login:
            self.walk.carry(login)
        self.page.on("dialog", lambda dialog: self._note(f"dialog {dialog.message}") or dialog.dismiss())
        self.page.on("popup", lambda popup: self._note(f"popup {popup.url}"))
        self.page.on("pageerror", lambda error: self._note(f"script error {error}"))
        self.page.on("request", self._on_request)

    def _note(self, trouble: str) -> None:
        self.troubles.append(trouble[:300])

    def _on_request(self, request: Any) -> None:
        own = request.url.startswith((self.site, self.site.replace("http", "ws", 1)))
        outside = request.url.startswith(("http", "ws")) and not own
        # The build's own files are named after their content: one of them may be called …xss… by chance.
        built = request.url.startswith(self.site + "/assets/")
        if outside or ("xss" in request.url and not built and not request.is_navigation_request()):
            self._note(f"fetched {request.url}")

    def visit(self, path: str) -> str:
        """Open a page, wait until it is drawn, and return what it says."""
        self.walk.enter(path)
        self.walk.settle()
        self.look(path)
        return self.page.inner_text("body") + "\n".join(
            self.page.eval_on_selector_all("input,textarea", "nodes => nodes.map((node) => node.value)")
        )

    def look(self, where: str) -> None:
        """Note what has run, what the content policy stopped, and addresses that would run."""
        seen = self.page.evaluate(
            "() => ({ran: window.__xss, stopped: window.__refused.splice(0), url: location.href})"
        )
        self.troubles += [f"{where}: {key} {seen[key]}" for key in ("ran", "stopped") if seen[key]]
        if not seen["url"].startswith(self.site):
            self._note(f"{where}: led to {seen['url']}")
        self.troubles += [f"{where}: address {a[:120]}" for a in self.page.evaluate(ADDRESSES)]


@pytest.fixture(scope="module")
def poisoned_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site whose every text is a payload."""
    return tmp_path_factory.mktemp("poisoned")


@pytest.fixture(scope="module")
def poisoned(poisoned_folder: Path, demo: Path) -> Iterator[str]:
    """Serve a site of its own whose every text is a payload."""
    folder = poisoned_folder
    before = db._url
    with running_site(folder, demo) as address:
        texts, columns = poison(folder / "cpegi.sqlite3")
        print(f"stored scripts: {len(PAYLOADS)} payloads in {texts:,} texts of {columns} columns")
        db.configure(f"sqlite:///{folder / 'cpegi.sqlite3'}")
        yield address
        db.configure(before)


def account(key: str) -> str:
    """Return a new login of a demo account."""
    with db.transaction() as session:
        user_id = session.exec(select(User.id).where(User.phone == phone_of(key))).one()
        return sessions.open_session(session, user_id or 0)


@pytest.mark.parametrize("key", TOURS, ids=lambda key: key or "visitor")
def test_attack_stored_scripts_do_not_run(poisoned: str, poisoned_folder: Path, browser: Browser, key: str):
    """On every screen of the registry; axe reads each one as well, and each fits its window at three widths."""
    trap = Trap(browser, poisoned, account(key) if key else "")
    shown, pages, troubles = "", 0, []
    for screen, path in addresses(poisoned_folder / "cpegi.sqlite3", key):
        shown += trap.visit(path)
        troubles += [
            f"{path}: {trouble}"
            for trouble in [*unopened(trap, screen), *trap.walk.axe(), *too_wide(trap.page)]
        ]
        pages += 1
    trap.context.close()
    # They were on the pages, as the texts that they are.
    seen = sum(p.strip() in shown for p in PAYLOADS)
    print(f"{key or 'visitor'}: {pages} pages, {seen} payloads read on them")
    troubles += trap.troubles
    assert troubles == [], "\n".join(troubles[:40])
    assert seen >= {"": 10, "bank": 25, "equity": 25, "enterprise": 25, "staff": 25}.get(key, 0)


def test_every_screen_of_the_registry_is_on_a_tour():
    """What no tour visits no one has tried with scripts, with axe, or at a phone's width."""
    toured = {screen for screens in TOURS.values() for screen in screens}
    assert [screen.route for screen in PAGES if screen not in toured] == []


def unopened(trap: Trap, screen: Screen) -> list[str]:
    """Tell whether the browser was sent elsewhere, or the page shows no more than a refusal."""
    path = urlsplit(trap.page.url).path.rstrip("/") or "/"
    pattern = re.sub(r"\\\[\w+\\\]", "[^/]+", re.escape(screen.route))
    return [] if re.fullmatch(pattern, path) else [f"led to {path}"]


def too_wide(page: Page) -> list[str]:
    """Return what does not fit the window at a tablet's and a phone's width."""
    found: list[str] = []
    for width, height in ((1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        # A busy machine lays the page out a moment after its window has changed: what stays too wide counts.
        for _ in range(10):
            if not (wide := page.evaluate(TOO_WIDE)):
                break
            page.wait_for_timeout(100)
        found += [f"{width} px: {trouble}" for trouble in wide]
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


def test_attack_scripts_typed_into_the_search_do_not_run(poisoned: str, browser: Browser):
    """What comes from the address or from a field and is shown again at once."""
    trap = Trap(browser, poisoned, account("staff"))
    for payload in PAYLOADS[:2] + PAYLOADS[40:41]:
        trap.visit("/staff/accounts")
        trap.page.locator("[name='word']").first.fill(payload.replace("\t", " "))
        trap.page.keyboard.press("Enter")
        trap.page.wait_for_timeout(300)
        trap.look(payload)
    quoted = "%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.__xss%3D1%3E"
    for path in ("/login?next=", "/products?sort=", "/staff/queue?flow="):
        for value in (quoted, "javascript:window.__xss=1"):
            trap.visit(path + value)
    trap.context.close()
    assert trap.troubles == [], "\n".join(trap.troubles[:20])


def test_attack_the_trap_notices(poisoned: str, browser: Browser):
    """The proof that the tests above can fail: the same payloads, put into a page as markup."""
    trap = Trap(browser, poisoned, "")
    trap.visit("/about")
    assert trap.troubles == []
    for html in (
        "<img src=x onerror=window.__xss=1>",
        "<a href='javascript:1'>x</a>",
        "<img src='https://xss.test/1'>",
    ):
        trap.page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", html)
    trap.page.wait_for_timeout(300)
    trap.look("/about")
    trap.context.close()
    text = "\n".join(trap.troubles)
    assert re.search(r"stopped .*script-src", text) and "address javascript:" in text and "img-src" in text
