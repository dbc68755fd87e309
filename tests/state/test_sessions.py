"""Logins: what a stolen token, cookie or ticket is worth, and for how long the own ones are good."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from sqlmodel import select

from cpegi_app import access, clock, db
from cpegi_app.access import PAGES
from cpegi_app.models import LoginSession, Organisation, User
from cpegi_app.services import sessions
from cpegi_app.settings import get_settings
from cpegi_app.state.gate import token_owner
from cpegi_app.web.edge import Edge, EdgeConfig
from cpegi_app.web.routes import api, live_session_id, safe_next
from tests.state.cast import Cast, Principal
from tests.state.oracle import Oracle
from tests.state.rig import HYDRATE, Reply, Rig, running

SITE = "https://www.example.org"
EXPIRED = "登录已失效"
PRODUCTS = "reflex___state____state.cpegi_app___state___product____product_list_state"


async def work(rig: Rig, who: Principal, tab: str) -> Reply:
    """Do what only the signed-in may: go on in the own list of products."""
    return await rig.post(tab, f"{PRODUCTS}.go_page", {"page": 1}, sid=who.sid, path=access.PRODUCTS.route)


async def at_work(rig: Rig, who: Principal, tab: str) -> None:
    """Open the own list of products and see something there."""
    reply = await rig.post(tab, HYDRATE, {}, sid=who.sid, path=access.PRODUCTS.route)
    assert "科创贷" in reply.text and not reply.said


# --- a tab's token ------------------------------------------------------------------------------------


@pytest.mark.parametrize("thief", ["anonymous", "rival bank", "staff", "made-up cookie", "staff revoked"])
async def test_a_stolen_token_shows_and_does_nothing(cast: Cast, oracle: Oracle, thief: str):
    bank, other = cast.people["bank"], cast.people[thief]
    async with running() as rig:
        await at_work(rig, bank, "stolen")
        before = oracle.look()
        for name, payload in (
            (f"{PRODUCTS}.set_page_size", {"size": "10"}),
            (HYDRATE, {}),
            (f"{PRODUCTS}.add", {}),
        )[: 3 if thief != "rival bank" else 2]:
            reply = await rig.post("stolen", name, payload, sid=other.sid, path="/nowhere")
            assert "科创贷" not in reply.text
            assert bank.sid not in reply.text
        assert oracle.look().changes_since(before) == []
        # The owner, back in the same tab, is asked to start afresh; nothing of the thief's is there.
        reply = await work(rig, bank, "stolen")
        assert not reply.said or EXPIRED in reply.said


async def test_an_upload_with_a_stolen_token_finds_another_owner(cast: Cast):
    bank, rival = cast.people["bank"], cast.people["rival bank"]
    async with running() as rig:
        await at_work(rig, bank, "upload-tab")
        assert token_owner("upload-tab") == sessions.digest(bank.sid)
        await rig.post("upload-tab", HYDRATE, {}, sid=rival.sid)
        assert token_owner("upload-tab") == sessions.digest(rival.sid)
        await rig.post("upload-tab", HYDRATE, {})
        assert token_owner("upload-tab") is None
    assert token_owner("never seen") is None


# --- a login ends while the socket stays open ---------------------------------------------------------


async def test_a_revoked_login_is_refused_at_the_next_event(cast: Cast, oracle: Oracle):
    bank = cast.people["bank"]
    async with running() as rig:
        await at_work(rig, bank, "open")
        with db.transaction() as session:
            sessions.revoke_all(session, bank.user_id)
        before = oracle.look()
        reply = await rig.post("open", f"{PRODUCTS}.add", {}, sid=bank.sid, path=access.PRODUCTS.route)
        assert EXPIRED in reply.said and "科创贷" not in reply.text
        assert oracle.look().changes_since(before) == []
    assert live_session_id(f"{sessions.cookie_name()}={bank.sid}") is None


async def test_a_disabled_account_is_refused_at_the_next_event(cast: Cast):
    bank = cast.people["bank"]
    async with running() as rig:
        await at_work(rig, bank, "open")
        with db.transaction() as session:
            session.get_one(User, bank.user_id).disabled_at = clock.now()
        assert EXPIRED in (await work(rig, bank, "open")).said


async def test_lost_rights_are_lost_at_the_next_event(cast: Cast):
    bank = cast.people["bank"]
    async with running() as rig:
        await at_work(rig, bank, "open")
        with db.transaction() as session:
            session.get_one(Organisation, bank.org_id).verified_at = None
        assert "真实性认证" in (await work(rig, bank, "open")).said


@pytest.mark.parametrize(("name", "minutes"), [("bank", 120), ("staff", 30)])
async def test_an_idle_login_ends(cast: Cast, name: str, minutes: int):
    who = cast.people[name]
    cookie = f"{sessions.cookie_name()}={who.sid}"
    with db.transaction() as session:
        # The cast may have been made minutes ago on a busy machine: the idle time counts from here.
        sessions.touch(
            session,
            session.exec(
                select(LoginSession.id).where(LoginSession.sid_hash == sessions.digest(who.sid))
            ).one(),
        )
    clock.shift(timedelta(minutes=minutes - 1))
    assert live_session_id(cookie)
    clock.shift(timedelta(minutes=minutes + 1))
    assert live_session_id(cookie) is None


async def test_a_busy_login_lives_on_but_not_for_ever(cast: Cast):
    bank, cookie = cast.people["bank"], f"{sessions.cookie_name()}={cast.people['bank'].sid}"
    async with running() as rig:
        for minutes in range(90, 12 * 60, 90):
            clock.shift(timedelta(minutes=minutes))
            assert not (await work(rig, bank, "busy")).said, f"after {minutes} minutes"
        clock.shift(timedelta(hours=12, minutes=1))
        assert EXPIRED in (await work(rig, bank, "busy")).said
    assert live_session_id(cookie) is None


# --- the cookie ---------------------------------------------------------------------------------------


@asynccontextmanager
async def site() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser without cookies in front of the edge and the plain routes."""
    edge = Edge(api, config=EdgeConfig(origins=(SITE,), production=True, session_id_of=live_session_id))
    transport = httpx.ASGITransport(app=edge, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as browser:
        yield browser


def ticket_for(who: Principal) -> str:
    """Return what a right password gives."""
    with db.transaction() as session:
        return sessions.issue_ticket(session, who.user_id)


async def redeem(browser: httpx.AsyncClient, ticket: str, **more: str) -> httpx.Response:
    """Post the ticket as the login page does."""
    headers = {"origin": SITE} | {k: v for k, v in more.items() if k in ("cookie", "origin")}
    data = {"ticket": ticket, "next": more.get("next", "")}
    return await browser.post("/session", data=data, headers=headers)


async def test_a_ticket_is_good_once_and_for_a_minute(cast: Cast):
    bank = cast.people["bank"]
    async with site() as browser:
        ticket = ticket_for(bank)
        first, second = await redeem(browser, ticket), await redeem(browser, ticket)
        assert (first.status_code, first.headers["location"]) == (303, "/console")
        assert second.headers["location"] == "/login?expired=1" and "set-cookie" not in second.headers
        late = ticket_for(bank)
        clock.shift(timedelta(seconds=61))
        assert "set-cookie" not in (await redeem(browser, late)).headers
        for made_up in ("", "A" * 43, "'", "x" * 5000, "\x00"):
            assert "set-cookie" not in (await redeem(browser, made_up)).headers


async def test_a_ticket_sent_twenty_times_at_once_signs_in_once(cast: Cast):
    async with site() as browser:
        for _ in range(5):
            ticket = ticket_for(cast.people["bank"])
            answers = await asyncio.gather(*(redeem(browser, ticket) for _ in range(20)))
            assert sum("set-cookie" in a.headers for a in answers) == 1


async def test_the_cookies_flags(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    async with site() as browser:
        plain = (await redeem(browser, ticket_for(cast.people["bank"]))).headers["set-cookie"].lower()
        assert plain.startswith("cpegi_sid=")
        assert {"httponly", "path=/", "samesite=lax"} <= {p.strip() for p in plain.split(";")}
        monkeypatch.setattr(get_settings(), "mode", "production")
        strict = (await redeem(browser, ticket_for(cast.people["bank"]))).headers["set-cookie"]
        assert strict.startswith("__Host-cpegi_sid=")
        parts = {p.strip().lower() for p in strict.split(";")}
        assert {"httponly", "path=/", "samesite=lax", "secure"} <= parts
        assert not any(p.startswith("domain") for p in parts)
        assert len(re.search(r"=([\w-]+)", strict)[1]) == 43  # pyright: ignore[reportOptionalSubscript]


async def test_signing_in_makes_a_new_id_and_ends_the_old_login(cast: Cast):
    bank = cast.people["bank"]
    old = f"{sessions.cookie_name()}={bank.sid}"
    async with site() as browser:
        answer = await redeem(browser, ticket_for(bank), cookie=old)
        assert bank.sid not in answer.headers["set-cookie"]
        assert live_session_id(old) is None
        new = answer.headers["set-cookie"].partition(";")[0]
        assert live_session_id(new)
        bye = await browser.post("/session/end", headers={"origin": SITE, "cookie": new})
        assert (
            bye.headers["clear-site-data"] == '"storage"' and "max-age=0" in bye.headers["set-cookie"].lower()
        )
        assert live_session_id(new) is None


ORIGINS = (
    None, "", "null", "http://www.example.org", "https://www.example.org:8443", "https://example.org",
    "https://www.example.org.evil.com", "https://evil.com", "https://evil.com/https://www.example.org",
    "https://www.example.org@evil.com", "HTTPS://WWW.EXAMPLE.ORG.", "https://www.example.org/", "file://",
    "https://www.example.org, https://evil.com",
)  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("path", ["/session", "/session/end"])
async def test_a_foreign_page_cannot_sign_anybody_in_or_out(cast: Cast, path: str, origin: str | None):
    bank = cast.people["bank"]
    cookie = f"{sessions.cookie_name()}={bank.sid}"
    async with site() as browser:
        headers = {"cookie": cookie} | ({"origin": origin} if origin is not None else {})
        answer = await browser.post(path, data={"ticket": ticket_for(bank)}, headers=headers)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers
    assert live_session_id(cookie)


@pytest.mark.parametrize(
    "header",
    [
        "", "cpegi_sid", "cpegi_sid=", "cpegi_sid=\x00", "a" * 8000, ";" * 4000, "=;=;=", 'cpegi_sid="',
        "cpegi_sid=é", "CPEGI_SID=x", "$Version=1; cpegi_sid=x", "cpegi_sid=x; " * 500,
    ],
)  # fmt: skip
async def test_broken_cookies_are_nobodys(cast: Cast, header: str):
    assert live_session_id(header) is None
    async with running() as rig:
        reply = await rig.send(f"{PRODUCTS}.add", {}, cookie=header)
        assert EXPIRED in reply.said and not rig.unforeseen


# --- where a login leads ------------------------------------------------------------------------------

HOSTILE = (
    "//evil.com", "///evil.com", "\\\\evil.com", "/\\evil.com", "\\/evil.com", "https://evil.com",
    "http:evil.com", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x",
    "/console/../../evil.com", "/console/..//evil.com", "/products/..//evil.com", "/%2f/evil.com",
    "/%2e%2e//evil.com", "/\tevil.com", "/\t/evil.com", "\t//evil.com", " //evil.com", "/\n/evil.com",
    "/console@evil.com", "//console@evil.com", "/console/\r\nSet-Cookie: x=1", "/session/end", "/files/1",
    "/console" + "/a" * 200, "console", "?next=//evil.com", "/．／evil.com", "//evil.com/console", ".//evil.com",
    "/products//evil.com/..", "https:///evil.com", "/;@evil.com", "//%65vil.com/console",
)  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE)
def test_no_login_leads_elsewhere(target: str):
    place = safe_next(target)
    # As browsers read it: tabs and line ends fall away, a backslash is a slash.
    landed = urlsplit(urljoin(f"{SITE}/session", re.sub(r"[\t\r\n]", "", place).replace("\\", "/")))
    assert (landed.scheme, landed.netloc) == ("https", "www.example.org")
    assert place.startswith(("/console", "/products")), place
    assert not re.search(r"[\x00-\x20\x7f\\]", place), place


def test_a_login_leads_back_to_each_page_of_the_console():
    for screen in (s for s in PAGES if s.permission):
        path = re.sub(r"\[\w+\]", "7", screen.route)
        assert safe_next(path) == path
    assert safe_next("/console/products?page=2") == "/console/products?page=2"


async def test_the_redirect_after_signing_in_keeps_to_the_site(cast: Cast):
    async with site() as browser:
        for target in HOSTILE:
            answer = await redeem(browser, ticket_for(cast.people["bank"]), next=target)
            assert re.match(r"/(console|products)", answer.headers["location"]), target
