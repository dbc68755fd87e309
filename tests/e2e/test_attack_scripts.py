"""Stored scripts: a payload in every text of every row, every page opened in Chromium, and nothing runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlmodel import col, select

from cpegi_app import access, db
from cpegi_app.access import PAGES, Screen
from cpegi_app.demo import LOGINS
from cpegi_app.models import Application, Disbursement, Product, ProductRevision, Reviewable, User
from cpegi_app.services import review, sessions
from tests.e2e.harness import WATCH, Walk
from tests.e2e.payloads import PAYLOADS, poison
from tests.e2e.server import running_site

pytestmark = pytest.mark.e2e
# Everything in a page that names an address, with what a browser makes of it.
ADDRESSES = """() => [...document.querySelectorAll("[href],[src],[action],[formaction],[data],[srcdoc],[style]")]
  .map((node) => node.getAttribute("srcdoc") ?? node.href?.baseVal ?? node.href ?? node.src ?? node.action ?? "")
  .map(String).filter((address) => address && !/^(https?|blob|tel|mailto):/.test(address))"""


class Trap:
    """A browser that notes whatever a payload might bring about."""

    def __init__(self, browser: Browser, site: str, cookie: str) -> None:
        self.site, self.troubles = site, []
        self.context: BrowserContext = browser.new_context(base_url=site, locale="zh-CN")
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(WATCH)
        if cookie:
            name, _, value = cookie.partition("=")
            self.context.add_cookies([{"name": name, "value": value, "url": site}])
        self.page: Page = self.context.new_page()
        self.walk = Walk(self.page, site, "")
        self.page.on("dialog", lambda dialog: self._note(f"dialog {dialog.message}") or dialog.dismiss())
        self.page.on("popup", lambda popup: self._note(f"popup {popup.url}"))
        self.page.on("pageerror", lambda error: self._note(f"script error {error}"))
        self.page.on("request", self._on_request)

    def _note(self, trouble: str) -> None:
        self.troubles.append(trouble[:300])

    def _on_request(self, request: Any) -> None:
        own = request.url.startswith((self.site, self.site.replace("http", "ws", 1)))
        outside = request.url.startswith(("http", "ws")) and not own
        if outside or ("xss" in request.url and not request.is_navigation_request()):
            self._note(f"fetched {request.url}")

    def visit(self, path: str) -> str:
        """Open a page, wait until it is drawn, and return what it says."""
        self.page.goto(path)
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
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a site of its own whose every text is a payload."""
    folder: Path = tmp_path_factory.mktemp("poisoned")
    before = db._url
    with running_site(folder) as address:
        texts, columns = poison(folder / "cpegi.sqlite3")
        print(f"stored scripts: {len(PAYLOADS)} payloads in {texts:,} texts of {columns} columns")
        db.configure(f"sqlite:///{folder / 'cpegi.sqlite3'}")
        yield address
        db.configure(before)


def newest(model: type[Reviewable], **where: Any) -> int:
    """Return a row's id."""
    with db.reading() as session:
        found = session.exec(select(model.id).filter_by(**where).order_by(col(model.id).desc())).first()
        assert found, (model, where)
        return found


def own_rows(org_id: int) -> dict[Screen, list[dict[str, Any]]]:
    """Return the ids with which a member opens its pages."""
    with db.reading() as session:
        mine = {
            model: session.exec(select(model.id).where(model.org_id == org_id).limit(2)).all()
            for model in (ProductRevision, Product, Application, Disbursement)
        }
        asked = session.exec(
            select(Application.id).where(Application.institution_id == org_id).limit(2)
        ).all()
        listed = session.exec(select(Product.id).where(col(Product.is_listed))).all()
    return {
        access.PRODUCT_EDIT: [{"rid": i} for i in mine[ProductRevision]],
        access.PRODUCT_PUSHES: [{"pid": i} for i in mine[Product][:1]],
        access.REQUEST: [{"aid": i} for i in asked],
        access.DISBURSE: [{"did": i} for i in mine[Disbursement][:1]],
        access.APPLICATION: [{"aid": i} for i in mine[Application]],
        access.APPLY: [{"pid": i} for i in listed[:1]],
        access.PUBLIC_PRODUCT: [{"pid": i} for i in listed[:2]],
        access.REVIEW: [{"flow": f.name, "rid": newest(f.model)} for f in review.FLOWS.values()],
    }


def account(key: str) -> tuple[str, User]:
    """Return a new login of a demo account, as a cookie, and the account."""
    phone = next(login.phone for login in LOGINS if login.key == key)
    with db.transaction() as session:
        user = session.exec(select(User).where(User.phone == phone)).one()
        return f"cpegi_sid={sessions.open_session(session, user.id or 0)}", user


TOURS = {
    "": [s for s in PAGES if s.permission is None],
    "bank": [s for s in PAGES if s.route.startswith("/console")],
    "enterprise": [
        s for s in PAGES if s.route.startswith(("/console/app", "/console/profile", "/console/notices"))
    ],
    "new_enterprise": [access.VERIFICATION, access.WORKBENCH],
    "staff": [s for s in PAGES if s.route.startswith("/staff") or s is access.NOTICES],
}


@pytest.mark.parametrize("key", TOURS, ids=lambda key: key or "visitor")
def test_attack_stored_scripts_do_not_run(poisoned: str, browser: Browser, key: str):
    cookie, user = account(key) if key else ("", User(phone="", password_hash="", org_id=0))
    rows = own_rows(user.org_id or 0)
    trap = Trap(browser, poisoned, cookie)
    shown, pages = "", 0
    for screen in TOURS[key]:
        for params in rows.get(screen, [{}] if "[" not in screen.route else []):
            shown += trap.visit(screen.url(**params))
            pages += 1
    trap.context.close()
    # They were on the pages, as the texts that they are.
    seen = sum(p.strip() in shown for p in PAYLOADS)
    print(f"{key or 'visitor'}: {pages} pages, {seen} payloads read on them")
    assert trap.troubles == [], "\n".join(trap.troubles[:20])
    assert pages >= 2 and seen >= {"": 10, "new_enterprise": 0}.get(key, 25)


def test_attack_scripts_typed_into_the_search_do_not_run(poisoned: str, browser: Browser):
    """What comes from the address or from a field and is shown again at once."""
    cookie, _ = account("staff")
    trap = Trap(browser, poisoned, cookie)
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
