"""A slow network: what a page shows before it has loaded can neither be typed into nor pressed."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute

from cpegi_app import demo
from tests.e2e.harness import Walk

STAFF = "13900000001"
# So much later everything arrives that the server says, in milliseconds.
LATE_MS = 700
# Notes every button that turns its wheel, however soon it stops.
WHEELS = """() => {
  window.wheels = [];
  new MutationObserver((changes) => changes.forEach(({target}) => {
    if (target.tagName === "BUTTON" && target.getAttribute("aria-busy") === "true") wheels.push(target.innerText);
  })).observe(document, {subtree: true, attributes: true, attributeFilter: ["aria-busy"]});
}"""


def slow_down(page: Page) -> None:
    """Let the server's words arrive late."""

    def between(tab: WebSocketRoute) -> None:
        server = tab.connect_to_server()
        tab.on_message(server.send)

        def pass_on(frame: str | bytes) -> None:
            page.evaluate(f"() => new Promise((done) => setTimeout(done, {LATE_MS}))")
            tab.send(frame)

        server.on_message(pass_on)

    page.route_web_socket(re.compile("_event"), between)


def type_at_once(walk: Walk, name: str, text: str) -> tuple[str, str]:
    """Type into a control that is in view; return what it holds then, and once the page has loaded."""
    control = walk.page.locator(f"[name={name}]")
    box = control.bounding_box()
    assert box
    walk.page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    walk.page.keyboard.type(text)
    soon = control.input_value()
    walk.settle()
    return soon, control.input_value()


def test_what_is_typed_while_a_page_loads_does_not_vanish(walk: Walk) -> None:
    slow_down(walk.page)
    walk.page.goto("/login", wait_until="commit")
    walk.page.locator("[name=phone]").wait_for()
    soon, later = type_at_once(walk, "phone", "139")
    assert later == soon, "typed before the form was there, and gone with it"
    # Loaded, it takes what is typed.
    assert type_at_once(walk, "phone", "13912345678") == ("13912345678", "13912345678")
    # What is sent says that it is on its way, and stops saying so.
    walk.page.locator("[name=password]").fill("Zhongyuan#0000")
    button = walk.page.locator("main").get_by_role("button", name="登录", exact=True)
    walk.page.evaluate(WHEELS)
    button.click()
    walk.page.get_by_text("手机号或密码").first.wait_for()
    walk.settle()
    assert button.get_attribute("aria-busy") == "false"
    assert "登录" in walk.page.evaluate("() => window.wheels")


def test_the_last_record_cannot_be_taken_for_the_next(new_walk) -> None:
    """The editor shows the policy before until the next has arrived; what is typed then must not get lost."""
    staff = new_walk()
    page = staff.page
    slow_down(page)
    staff.login(STAFF, demo.PASSWORD)
    names, places = [], []
    for nth in (0, 1):
        staff.goto("/staff/policies") if nth == 0 else page.get_by_role("link", name="返回列表").click()
        page.wait_for_url("**/staff/policies")
        staff.settle()
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="编辑")).nth(nth)
        names.append(row.get_by_role("cell").nth(1).inner_text())
        row.get_by_role("link", name="编辑").click()
        page.wait_for_url(re.compile(r"/staff/policies/\d+$"))
        places.append(page.url)
        page.locator("[name=name]").wait_for()
        soon, later = type_at_once(staff, "name", "丢")
        assert later == names[nth]
        assert "丢" not in soon, "the form of another record took what was typed"
    # Other tests' policies may be called alike.
    assert places[0] != places[1]
