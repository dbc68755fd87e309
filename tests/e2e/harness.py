"""A walk through the pages: every page is checked, every step leaves a picture for the manual."""

from __future__ import annotations

import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, Response, WebSocket, expect

from cpegi_app import demo
from cpegi_app.access import WORKBENCH

COOKIE = "cpegi_sid"
# So long nothing may pass between page and server before the page counts as settled, in seconds.
QUIET = 0.15
# So often a page that is busy is looked at, in seconds.
POLL = 0.02
# So long a busy server may take to answer an event; and how Socket.IO marks one, pings left out.
PATIENCE, EVENT = 5, "42"
# So long a page may take to load and to hear from the server that it has everything, in seconds.
LOADING = 10
# Tells whether the page is drawn for the address and has got everything that its loaders found.
LOADED = """() => {
  const main = document.querySelector("main"), bare = (path) => path.replace(/[/]+$/, "");
  return !main || bare(main.dataset.path ?? location.pathname) === bare(location.pathname)
    && main.getAttribute("aria-busy") !== "true";
}"""
# Goes to an address as a link of the page would; tells whether it could.
WITHIN = """(path) => {
  const router = window.__reactRouterDataRouter;
  if (router) router.navigate(path);
  return Boolean(router);
}"""
# Pictures are taken for the manual only: they are an eighth of a browser test's time.
PICTURES = bool(os.environ.get("CPEGI_PICTURES"))
MANUAL = Path(__file__).resolve().parents[2] / "test-output" / "manual"

# Runs in every page before its own scripts: keeps what the content policy refused.
WATCH = """
window.__refused = [];
addEventListener("securitypolicyviolation", (event) => window.__refused.push(
  `${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""
# Reads the page as assistive software would: what is named, what is doubled.
LOOK = """() => {
  const shown = (node) => node.checkVisibility?.({visibilityProperty: true}) ?? true;
  const named = (node) => node.labels?.length || node.getAttribute("aria-label")
    || node.getAttribute("aria-labelledby") || node.title || (node.tagName === "BUTTON" && node.innerText.trim());
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  return {
    title: document.title.trim(),
    headings: [...document.querySelectorAll("h1")].filter(shown).length,
    doubled: [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))],
    unnamed: [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button")]
      .filter((node) => shown(node) && !named(node)).map((node) => node.outerHTML.slice(0, 160)),
    refused: window.__refused.splice(0),
  };
}"""
# What a page is made of, as far as axe's rules read it: each kind of element in each kind of place, once.
KINDS = """() => {
  const kind = (node) => node.tagName + "." + (node.getAttribute("class") ?? "");
  const speaks = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  const kinds = window.__kinds = new Map();
  for (const node of document.querySelectorAll("*")) {
    const names = node.getAttributeNames().map((name) => ["role", "type", "style", "tabindex"].includes(name)
      || name.startsWith("aria-") && node.getAttribute(name).length < 6 ? `${name}=${node.getAttribute(name)}` : name);
    const key = [kind(node.parentElement ?? node), kind(node), names.join(), speaks(node), node.checkVisibility?.() ?? true];
    kinds.set(key.join("|"), node);
  }
  return [...kinds.keys()];
}"""
# By window: the kinds of which pages were made that axe found nothing in, in this process.
_clean: defaultdict[str, set[str]] = defaultdict(set)
# Reads the page, or of it only elements of the kinds named, one of each.
AXE = """({kinds, contrast}) => axe.run(kinds ? {include: kinds.map((key) => window.__kinds.get(key))} : document,
  {resultTypes: ["violations"], preload: false, rules: {"color-contrast": {enabled: contrast}}}).then((found) => found.violations
  .filter((rule) => ["serious", "critical"].includes(rule.impact))
  .map((rule) => `${rule.id}: ${rule.help}; ` + rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")))"""


class Walk:
    """One person's browser: moves about, checks each page, records steps of the manual."""

    def __init__(self, page: Page, site: str, chapter: str) -> None:
        self.page, self.site, self.chapter = page, site, chapter
        self.troubles: list[str] = []
        self.last_frame = self.last_said = self.last_heard = 0.0
        # Opens a login of a number behind the page; none where the site's database is out of reach.
        self.login_of: Callable[[str], str] | None = None
        # How often the page has lost its connection to the server.
        self.cut_off = 0
        # The login with which the document in view was asked for; None before the first.
        self.loaded_by: str | None = None
        self.under_way: set[Request] = set()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        page.on("response", self._on_response)
        page.on("request", lambda request: self.under_way.add(request))
        page.on("requestfinished", lambda request: self.under_way.discard(request))
        page.on("requestfailed", lambda request: self.under_way.discard(request))
        page.on("websocket", self._on_websocket)

    def goto(self, path: str) -> None:
        """Open an address of the site and check the page.

        Within the application where it is open for the same login: a third of the work of loading it anew."""
        self.enter(path)
        self.check()

    def enter(self, path: str) -> None:
        """Begin to open an address of the site."""
        login = self._login()
        here, there = urlsplit(self.page.url), urlsplit(path)
        inside = self.page.url.startswith(self.site) and here.path.rstrip("/") != there.path.rstrip("/")
        if not (inside and login == self.loaded_by and self.page.evaluate(WITHIN, path)):
            self.page.goto(path)
            self.loaded_by = login

    def _login(self) -> str:
        """Return the cookie with which a page that is loaded now connects to the server."""
        cookies = self.page.context.cookies(self.site)
        return next((cookie.get("value", "") for cookie in cookies if cookie.get("name") == COOKIE), "")

    def carry(self, login: str) -> None:
        """Let the browser carry a login's cookie; what is open stays as it is."""
        cookie = {"name": COOKIE, "value": login, "url": self.site}
        self.page.context.add_cookies([cookie])  # pyright: ignore[reportArgumentType]

    def login(self, phone: str, password: str, kind: str = "") -> None:
        """Sign in on the login page; `kind` is the label of the choice, where one must be made.

        With a demo login, which the tests of §2 sign in by hand, by its cookie: half of a short test went into it."""
        if password == demo.PASSWORD and not kind and self.login_of and (login := self.login_of(phone)):
            self.carry(login)
            self.goto(WORKBENCH.route)
            return
        self.page.goto("/login")
        self.settle()
        if kind:
            self.page.get_by_label(kind, exact=True).check()
        self.page.get_by_label("手机号").fill(phone)
        self.page.get_by_label("密码", exact=True).fill(password)
        self.page.get_by_role("button", name=re.compile("^登\\s*录$")).click()
        self.page.wait_for_url(lambda url: "/login" not in url)
        self.check()

    def settle(self) -> None:
        """Wait until the page is drawn, no request is under way, and the server has said all it had to."""
        self.page.wait_for_selector("h1", state="attached")
        deadline, calm = time.monotonic() + LOADING, 0
        # Twice: between being drawn and beginning to load a page is idle for a moment.
        while time.monotonic() < deadline and calm < 2:
            busy = self._busy_for()
            calm = 0 if busy else calm + 1
            self.page.wait_for_timeout(1000 * (busy or POLL))

    def _busy_for(self) -> float:
        """Return when to look again, in seconds: it loads, an event waits, or frames passed a moment ago; 0 if it is calm."""
        now = time.monotonic()
        waits = self.last_said > self.last_heard and now - self.last_said < PATIENCE
        if self.under_way or waits:
            return POLL
        if (quiet := now - self.last_frame) < QUIET:
            return QUIET - quiet
        # Asked last: the page has to stop its work for it.
        return 0 if self._has_loaded() else POLL

    def _has_loaded(self) -> bool:
        try:
            return self.page.evaluate(LOADED)
        except Error:
            # The document was exchanged meanwhile.
            return False

    def step(self, number: str, caption: str, *, mark: Locator | None = None, full: bool = False) -> None:
        """Check the page and keep its picture as a step of the manual, e.g. `3.1-02`.

        `mark` is outlined in the picture; `full` takes the whole length of the page."""
        assert re.fullmatch(r"\d+(\.\d+)*-\d{2}", number), f"a step is numbered like 3.1-02, not {number!r}"
        self.check()
        if not PICTURES:
            return
        MANUAL.mkdir(parents=True, exist_ok=True)
        old = (
            mark.evaluate("node => [node.style.outline, node.style.outline = '3px solid #d4380d'][0]")
            if mark
            else ""
        )
        if mark:
            mark.scroll_into_view_if_needed()
        window = self.page.viewport_size
        if full and window:
            # As high as the page: what stays at the window's edge is pictured where it belongs.
            height = self.page.evaluate("document.documentElement.scrollHeight")
            self.page.set_viewport_size({"width": window["width"], "height": max(height, window["height"])})
        self.page.screenshot(path=MANUAL / f"{number}.png", animations="disabled", caret="hide")
        if full and window:
            self.page.set_viewport_size(window)
        if mark:
            mark.evaluate("(node, old) => { node.style.outline = old }", old)
        section, order = number.split("-")
        entry = {"section": section, "order": int(order), "caption": caption, "test": self.chapter}
        (MANUAL / f"{number}.json").write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")

    def check(self) -> None:
        """Fail with a readable list if the page in view, once settled, is not in order."""
        self.settle()
        troubles, self.troubles = self.troubles, []
        troubles += _look(self.page) + self._axe_for_news()
        if troubles:
            where = self.page.url.removeprefix(self.site)
            pytest.fail(f"{where}: {len(troubles)} troubles\n- " + "\n- ".join(troubles), pytrace=False)

    def forgive(self, pattern: str) -> None:
        """Forget console messages that the test provoked on purpose."""
        self.troubles = [trouble for trouble in self.troubles if not re.search(pattern, trouble)]

    def sees(self, text: str) -> None:
        """Expect a sentence on the page."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def _axe_for_news(self) -> list[str]:
        """Return what axe-core finds on a page with any kind of element that it has not read; tours read every screen."""
        known = _clean[str(self.page.viewport_size)]
        news = set(self.page.evaluate(KINDS)) - known
        found = self._axe(sorted(news) if known else None) if news else []
        if not found:
            known |= news
        return found

    def axe(self) -> list[str]:
        """Return what axe-core finds serious or critical on the whole page; contrast, the costliest, where it is new."""
        return [*self._axe(None, contrast=False), *self._axe_for_news()]

    def _axe(self, kinds: list[str] | None, *, contrast: bool = True) -> list[str]:
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(_axe_source())
        found = self.page.evaluate(AXE, {"kinds": kinds, "contrast": contrast})
        return [f"axe {finding}" for finding in found]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_websocket(self, socket: WebSocket) -> None:
        def said(frame: str | bytes = "") -> None:
            self.last_frame = time.monotonic()
            if str(frame).startswith(EVENT):
                self.last_said = self.last_frame

        def heard(frame: str | bytes) -> None:
            self.last_frame = time.monotonic()
            if str(frame).startswith(EVENT):
                self.last_heard = self.last_frame

        said()
        socket.on("framesent", said)
        socket.on("framereceived", heard)
        socket.on("close", lambda _: self._count_cut())

    def _count_cut(self) -> None:
        self.cut_off += 1

    def _on_response(self, response: Response) -> None:
        arrives = response.request.is_navigation_request() and response.frame == self.page.main_frame
        if arrives and "attachment" not in response.headers.get("content-disposition", ""):
            # A new document: what the last one still waited for matters no more.
            self.under_way.clear()
        if response.status >= 500 and urlsplit(response.url).netloc == urlsplit(self.site).netloc:
            self.troubles.append(f"{response.status} from {response.request.method} {response.url}")


def _look(page: Page) -> list[str]:
    """Return what is wrong with title, headings, names and ids, and what the content policy refused."""
    seen = page.evaluate(LOOK)
    troubles = [] if seen["title"] else ["the page has no title"]
    if seen["headings"] != 1:
        troubles.append(f"{seen['headings']} visible h1 instead of one")
    troubles += [f"control without a label: {control}" for control in seen["unnamed"]]
    troubles += [f"id used twice: {name}" for name in seen["doubled"]]
    troubles += [f"refused by the content policy: {refusal}" for refusal in seen["refused"]]
    return troubles


@cache
def _axe_source() -> str:
    """Return axe-core's script from its Python package."""
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
