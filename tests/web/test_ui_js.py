"""assets/ui.js in a real browser, on static pages under a strict content policy, without the application."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools import chromium

ASSETS = Path(__file__).resolve().parents[2] / "assets"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'"
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>t</title>
<link rel="stylesheet" href="/theme.css"><script src="/ui.js" defer></script><body>{body}</body></html>"""


class Site(SimpleHTTPRequestHandler):
    """The assets, pages given by the test, and a place that counts what is posted."""

    pages: dict[str, str] = {}
    posted: list[str] = []

    def do_GET(self) -> None:
        """Answer with a test's page or an asset."""
        body = self.pages.get(self.path.partition("?")[0])
        if body is None:
            return super().do_GET()
        self._html(PAGE.format(body=body))

    def do_POST(self) -> None:
        """Remember the body."""
        self.posted.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        self._html("<h1>arrived</h1>")

    def _html(self, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def end_headers(self) -> None:
        """Add the policy to every answer."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *args: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(ASSETS)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; without one the tests fail, they never skip."""
    path = chromium.find()
    if not path:
        pytest.fail("No Chromium on this machine: run `make browser` first.", pytrace=False)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chrome
        chrome.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab; errors of the script or refusals of the policy fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 800})
    tab, troubles = context.new_page(), []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("console", lambda m: troubles.append(m.text) if "Content Security Policy" in m.text else None)
    Site.posted.clear()
    yield tab
    context.close()
    assert troubles == []


@pytest.fixture
def show(page: Page, address: str):
    """Return a function that opens a page with this body."""

    def open_page(body: str, path: str = "/t") -> Page:
        Site.pages[path] = body
        page.goto(address + path)
        return page

    return open_page


DIALOG = """<div id=back><div role=dialog aria-modal=true tabindex=-1><button data-close>×</button>
<button id=a>a</button><button id=b>b</button></div></div>"""


def test_dialog_keeps_the_focus_and_gives_it_back(show):
    page = show("<main><h1>h</h1><button id=open>打开</button></main>")
    page.focus("#open")
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", DIALOG)
    page.evaluate(
        "() => { const shut = document.querySelector('[data-close]');"
        "shut.onclick = () => document.getElementById('back').remove(); }"
    )
    expect(page.locator("#a")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("[data-close]")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#b")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#back")).to_have_count(0)
    expect(page.locator("#open")).to_be_focused()


def test_ticket_form_is_sent_once(show):
    page = show("<main><h1>h</h1></main>")
    page.evaluate("""document.body.insertAdjacentHTML('beforeend',
        '<form data-autosubmit method=post action=/session><input name=ticket value=t1></form>')""")
    page.wait_for_selector("text=arrived")
    assert Site.posted == ["ticket=t1"]


MENU = """<main><h1>h</h1><details data-menu class=menu id=m><summary>用户</summary>
<div class=menu-pop><a href="#1" id=one>修改密码</a><button id=two>退出登录</button></div></details><p id=out>x</p></main>"""


def test_menu_closes_outside_and_by_escape(show):
    page = show(MENU)
    page.click("summary")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#one")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#two")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("summary")).to_be_focused()
    assert not page.evaluate("document.getElementById('m').open")
    page.click("summary")
    page.click("#out")
    assert not page.evaluate("document.getElementById('m').open")
    page.click("summary")
    page.click("#one")
    expect(page.locator("#m")).not_to_have_attribute("open", re.compile(".*"))


SHELL = """<div class=shell><header class=topbar><button data-side-toggle id=t>≡</button></header>
<nav class=side><ul><li><a class=side-link href="#x" id=l>工作台</a></li><li><details open id=d><summary>产品</summary>
<ul><li><a class=side-link href="#y">y</a></li></ul></details></li></ul></nav>
<button class=side-scrim>关闭菜单</button><main class=main><h1>h</h1></main></div>"""


def test_side_menu_collapses_and_remembers(show):
    page = show(SHELL)
    page.click("#t")
    expect(page.locator("html")).to_have_attribute("data-side", "mini")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-side", "mini")
    page.click("summary")
    assert page.evaluate("document.documentElement.dataset.side") is None
    assert page.evaluate("document.getElementById('d').open")


def test_side_menu_is_off_canvas_on_a_phone(show, page):
    page.set_viewport_size({"width": 390, "height": 800})
    show(SHELL)
    expect(page.locator(".side")).not_to_be_visible()
    page.click("#t")
    expect(page.locator("#l")).to_be_focused()
    expect(page.locator("#t")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".side")).not_to_be_visible()
    expect(page.locator("#t")).to_be_focused()
    page.click("#t")
    page.locator(".side-scrim").click(position={"x": 380, "y": 300})
    expect(page.locator(".side")).not_to_be_visible()


PASSWORD = """<main><h1>h</h1><form><input id=f-mobile name=mobile value=13812345678>
<input id=f-pw name=pw type=password data-strength="#m" data-strength-avoid="#f-mobile">
<button type=button data-reveal="#f-pw" aria-label=显示密码>显示</button></form>
<meter id=m min=0 max=4></meter><span id=m-text></span></main>"""


@pytest.mark.parametrize(
    ("password", "score", "words"),
    [
        ("", 0, "未填写"),
        ("short1", 1, "至少 10 位"),
        ("abcdefghijkl", 1, "两类"),
        ("a13812345678", 1, "手机号"),
        ("1a1a1a1a1a1a", 1, "常见"),
        ("Password2026", 1, "常见"),
        ("huanghe2026yu", 2, "一般"),
        ("Huanghe2026yu", 3, "较好"),
        ("Huang-he 2026 yu", 4, "强"),
    ],
)
def test_password_strength_agrees_with_the_policy(show, password, score, words):
    from cpegi_app.services import passwords

    page = show(PASSWORD)
    page.fill("#f-pw", "x")
    page.fill("#f-pw", password)
    assert page.evaluate("document.getElementById('m').value") == score
    assert words in page.inner_text("#m-text")
    assert (passwords.problem(password, "13812345678") == "") == (score >= 2)


def test_password_can_be_shown_and_hides_on_submit(show):
    page = show(PASSWORD)
    page.click("[data-reveal]")
    assert page.get_attribute("#f-pw", "type") == "text"
    expect(page.get_by_role("button", name="隐藏密码")).to_be_visible()
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    page.evaluate("document.forms[0].requestSubmit()")
    assert page.get_attribute("#f-pw", "type") == "password"


@pytest.mark.parametrize("touch", [True, False])
def test_leaving_warns_only_after_a_change(show, address, touch):
    page = show("<main><h1>h</h1><form data-dirty-warn><input name=a></form></main>")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.click("[name=a]")
    if touch:
        page.keyboard.type("x")
    page.goto(address + "/old-browser.html")
    assert asked == (["beforeunload"] if touch else [])


def test_errors_get_the_focus_and_lead_to_their_fields(show):
    page = show("""<main><h1>h</h1><form><div id=slot></div><input id=f-a aria-invalid=false>
        <div id=f-b role=group tabindex=-1><input type=checkbox id=b1></div></form></main>""")
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    page.evaluate("document.forms[0].requestSubmit()")
    page.evaluate("""document.getElementById('f-a').setAttribute('aria-invalid', 'true');
        document.getElementById('slot').innerHTML =
        '<div class=errors role=alert tabindex=-1><a href="#f-a">a</a> <a href="/t#f-b">b</a></div>'""")
    expect(page.locator(".errors")).to_be_focused()
    page.click("text=a")
    expect(page.locator("#f-a")).to_be_focused()
    page.click(".errors >> text=b")
    expect(page.locator("#b1")).to_be_focused()
    assert page.url.endswith("/t")


def test_first_wrong_field_gets_the_focus_without_a_summary(show):
    page = show("<main><h1>h</h1><form><input id=f-a><input id=f-b></form></main>")
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    page.evaluate("document.forms[0].requestSubmit()")
    page.evaluate("document.getElementById('f-b').setAttribute('aria-invalid', 'true')")
    expect(page.locator("#f-b")).to_be_focused()


def test_intent_switch_and_query_bar(show):
    page = show("""<main><h1>h</h1><form class=query><input type=hidden name=intent value=submit>
        <button data-intent=save id=save>暂存</button><button data-intent=submit id=send>提交</button>
        <input type=checkbox data-frees="#body" id=free checked><div id=body><input name=low></div>
        <button type=button data-query-toggle id=more aria-expanded=false>展开</button></form></main>""")
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    for button, value in (("#save", "save"), ("#send", "submit")):
        page.click(button)
        assert page.input_value("[name=intent]") == value
    expect(page.locator("[name=low]")).to_be_disabled()
    page.uncheck("#free")
    expect(page.locator("[name=low]")).to_be_enabled()
    page.click("#more")
    expect(page.locator("#more")).to_have_attribute("aria-expanded", "true")
    expect(page.locator("form")).to_have_class("query is-open")


def test_old_kernels_are_sent_to_the_readable_page(show, page, address):
    page.add_init_script("Object.defineProperty(Document.prototype, 'documentMode', {value: 11})")
    show('<script src="/kernel-check.js"></script><main><h1>h</h1></main>')
    page.wait_for_url(address + "/old-browser.html")
    expect(page.get_by_role("heading", level=1)).to_contain_text("极速模式")
    assert page.locator("script").count() == 0
