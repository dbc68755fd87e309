"""Bytes: the state that is sent at load after sign-in, and what a first visit of the public site brings over the wire."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from sqlmodel import select

from bench import table
from cpegi_app import access, db, demo
from cpegi_app.models import User
from cpegi_app.services import sessions
from tests.e2e.server import browser_arguments, loaded_demo, running_site
from tools import chromium

# Who signs in, and which of their pages holds most.
LOADS = {
    "staff": ("staff", access.WORKBENCH.route),
    "staff, queue": ("staff", access.QUEUE.route),
    "bank": ("bank", access.WORKBENCH.route),
    "bank, requests": ("bank", access.REQUESTS.route),
    "bank, figures": ("bank", access.FIGURES.route),
    "enterprise": ("enterprise", access.WORKBENCH.route),
    "regulator, statistics": ("regulator", access.STATISTICS.route),
}
VISITS = ("/", "/products", "/login")


def loads(site: str) -> dict[str, float]:
    """Return the kilobytes of state that a browser is sent when it opens a page after sign-in.

    A browser says which defaults its scripts hold already; only what differs comes over the socket.
    """
    found = {}
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium.find(), args=browser_arguments())
        for name, (who, route) in LOADS.items():
            context = chrome.new_context(locale="zh-CN")
            context.add_cookies([{"name": sessions.cookie_name(), "value": _login(who), "url": site}])
            found[name] = _told(context.new_page(), site + route)
            context.close()
        chrome.close()
    return found


def _login(who: str) -> str:
    with db.transaction() as session:
        phone = next(x.phone for x in demo.LOGINS if x.key == who)
        user = session.exec(select(User).where(User.phone == phone)).one()
        return sessions.open_session(session, user.id or 0)


def _told(page: Page, address: str) -> float:
    """Count the text of every frame of the socket until the page is there."""
    frames: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    page.goto(address)
    page.locator("h1").first.wait_for()
    page.wait_for_timeout(2000)
    told = "".join(f for f in frames if isinstance(f, str))
    assert '"ready_rx_state_":true' in told, told[-400:]
    return len(told.encode()) / 1024


def visits(site: str) -> dict[str, float]:
    """Return the kilobytes over the wire of a first visit, in a browser with an empty cache."""
    found = {}
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium.find(), args=browser_arguments())
        for path in VISITS:
            context = chrome.new_context(locale="zh-CN")
            found[path] = _visit(context.new_page(), site + path)
            context.close()
        chrome.close()
    return found


def _visit(page: Page, address: str) -> float:
    """Count what the network took in, sockets too: as encoded on the wire."""
    client, taken = page.context.new_cdp_session(page), [0.0]
    client.send("Network.enable")

    def add(event: dict) -> None:
        taken[0] += event.get("encodedDataLength", 0)

    client.on("Network.loadingFinished", add)
    client.on(
        "Network.webSocketFrameReceived",
        lambda event: add({"encodedDataLength": len(event["response"]["payloadData"])}),
    )
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    return taken[0] / 1024


def rows(folder: Path) -> list[table.Row]:
    """Serve the built site with the demo data and weigh it."""
    db.configure(f"sqlite:///{folder / 'site' / 'cpegi.sqlite3'}")
    with running_site(folder / "site", loaded_demo(folder / "demo")) as site:
        states, seen = loads(site), visits(site)
    return [
        *(table.at_most(f"state at load, {name}", kb, 40, "{:.1f} KB") for name, kb in states.items()),
        *(table.at_most(f"first visit of {path}", kb, 450, "{:.0f} KB") for path, kb in seen.items()),
    ]


BENCH = table.Bench("weight", "Bytes over the wire", rows)
