"""Attacks on the running site over the wire: origins, uploads, unknown names, floods, what the log keeps."""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from cpegi_app import db
from cpegi_app.demo import LOGINS
from cpegi_app.models import User
from cpegi_app.services import sessions
from tests.e2e.rawsocket import HYDRATE, ROOT, RawSocket, Refused, handler, request
from tests.e2e.server import running_site
from tests.state.oracle import Oracle

pytestmark = pytest.mark.e2e
CANARIES = ("13712345678", "Pw-Kanarienvogel-7!", "Kanari-Payload-42", "660417")
PHONE, PASSWORD, PAYLOAD, CODE = CANARIES
SIGN_IN = handler("account", "login_state", "submit")
MEGABYTE = 1 << 20


@dataclass
class Target:
    """A site of its own: an attack must not show up in the manual's pictures."""

    site: str
    folder: Path
    oracle: Oracle

    def cookie(self, key: str) -> str:
        """Return the Cookie header of a new login of a demo account."""
        phone = next(login.phone for login in LOGINS if login.key == key)
        with db.transaction() as session:
            user = session.exec(select(User.id).where(User.phone == phone)).one()
            return f"cpegi_sid={sessions.open_session(session, user or 0)}"

    def socket(self, key: str = "", tab: str = "", **more: str | None) -> RawSocket:
        """Open a socket, signed in as a demo account or as nobody."""
        tab = tab or secrets.token_hex(8)
        return RawSocket(self.site, tab, cookie=self.cookie(key) if key else "", **more)  # pyright: ignore


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Iterator[Target]:
    """Serve a site and open its database beside it."""
    folder = tmp_path_factory.mktemp("attacked")
    before = db._url
    with running_site(folder, demo) as address:
        db.configure(f"sqlite:///{folder / 'cpegi.sqlite3'}")
        yield Target(address, folder, Oracle(db.url(), folder / "files"))
        db.configure(before)


def is_well(target: Target) -> None:
    """Check that the site still serves somebody else at once."""
    with contextlib.closing(target.socket()) as honest:
        started = time.monotonic()
        assert "is_hydrated" in honest.call(HYDRATE, waits_for="is_hydrated")
        assert time.monotonic() - started < 3


# --- who may connect ----------------------------------------------------------------------------------


def test_attack_websocket_only_from_the_own_origin(target: Target):
    host = target.site.removeprefix("http://")
    name, port = host.split(":")
    foreign = [
        None, "", "null", f"https://{host}", f"http://{name}", f"http://{name}:{int(port) + 1}", "http://evil.com",
        f"http://{host}.evil.com", f"http://evil.com#{host}", f"http://evil.com/{host}", f"http://{host}@evil.com",
        f"HTTP://{host.upper()}", f"http://{host}/", f"ws://{host}", "file://", f"http://evil.{host}",
        f"http://127.0.0.1:{port}", f"http://{host}, http://evil.com",
    ]  # fmt: skip
    let_in = []
    for origin in foreign:
        with contextlib.suppress(Refused):
            target.socket("staff", origin=origin).close()
            let_in.append(origin)
    assert let_in == []
    target.socket("staff").close()


def test_attack_a_socket_elsewhere_is_refused(target: Target):
    for path in ("/", "/console", "/session", "/_event/../console", "/_upload"):
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        headers = {
            "Origin": target.site,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
        }
        headers |= {"Sec-WebSocket-Version": "13", key.partition(": ")[0]: key.partition(": ")[2]}
        status, _ = request(target.site, "GET", path, headers)
        assert status != 101 and status < 500, (path, status)


# --- uploads ------------------------------------------------------------------------------------------

_BOUNDARY = (
    b'--xx\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.4\r\n--xx--\r\n'
)


def upload(target: Target, body: object = _BOUNDARY, **changes: str | None) -> tuple[int, str]:
    """Post to the upload address, right in all but the changes."""
    size = len(body) if isinstance(body, bytes) else 0
    headers: dict[str, str | None] = {
        "Origin": target.site,
        "Content-Type": "multipart/form-data; boundary=xx",
        "Content-Length": str(size),
        "Reflex-Client-Token": "none",
        "Reflex-Event-Handler": handler("product", "product_edit_state", "upload"),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    sent = {name: value for name, value in headers.items() if value is not None}
    return request(target.site, "POST", "/_upload", sent, body)


def test_attack_upload_gate(target: Target):
    cookie = target.cookie("bank")
    with contextlib.closing(RawSocket(target.site, "bank-tab", cookie=cookie)) as tab:
        tab.call(HYDRATE, waits_for="is_hydrated")
        other = target.cookie("enterprise")
        own = {"Cookie": cookie, "Reflex_Client_Token": "bank-tab"}
        huge = [b"x" * MEGABYTE] * 2
        cases = {
            "no cookie": (upload(target), 401),
            "a made-up cookie": (upload(target, Cookie="cpegi_sid=" + "A" * 43), 401),
            "another's cookie": (upload(target, Cookie=other, Reflex_Client_Token="bank-tab"), 403),
            "a tab never seen": (upload(target, Cookie=cookie, Reflex_Client_Token="never"), 403),
            "no tab": (upload(target, Cookie=cookie, Reflex_Client_Token=None), 403),
            "a foreign origin": (upload(target, **own, Origin="http://evil.com"), 403),
            "no origin": (upload(target, **own, Origin=None), 403),
            "too large": (upload(target, huge, **own, Content_Length=str(300 * MEGABYTE)), 413),
            "no length": (upload(target, b"", **own, Content_Length=None, Transfer_Encoding="chunked"), 411),
        }
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            for path in ("/_upload", "/_upload/a.pdf", "/_upload/../_upload/x"):
                answer = request(target.site, method, path, {"Cookie": cookie})
                cases[f"{method} {path}"] = (answer, 404 if method in ("GET", "HEAD") else 405)
        wrong = {case: answer for case, (answer, status) in cases.items() if answer[0] != status}
        assert wrong == {}
        before = target.oracle.look()
        for name in ("", "nonsense", f"{ROOT}.setvar", handler("product", "product_list_state", "add")):
            assert upload(target, **own, Reflex_Event_Handler=name)[0] == 400, name
        # No draft is open in this tab: even the right handler has nothing to add the file to.
        assert upload(target, **own)[0] < 500
        assert target.oracle.look().changes_since(before) == []
    is_well(target)


# --- noise --------------------------------------------------------------------------------------------


def test_attack_300_unknown_events_and_malformed_frames(target: Target):
    chance = random.Random(2026)
    known = [HYDRATE, handler("product", "product_list_state", "load"), f"{ROOT}.setvar", SIGN_IN]
    cookie = target.cookie("staff")
    before = target.oracle.look()
    with contextlib.closing(RawSocket(target.site, "unknown", cookie=cookie)) as attacker:
        for number in range(300):
            name = chance.choice(known)
            at = chance.randrange(len(name))
            made_up = chance.choice(
                (name[:at], name[:at] + "x" + name[at:], name[at:], f"{name}.{number}", "\x00")
            )
            if made_up not in known:
                attacker.event(made_up, {"data": {"password": PASSWORD, "phone": PHONE, "x": PAYLOAD}})
        attacker.collect(quiet=1, most=30)
    assert target.oracle.look().changes_since(before) == []
    frames = [
        "", "4", "42", "42/_event", '42/_event,"x"', "42/_event,[]", '42/_event,["event"]', '42/_event,["event",1]',
        f'42/_event,["event","{PASSWORD}"]', '42/_event,["event",{}]', '42/_event,["event",{"name":1}]', "41/_event,",
        '42/_event,["event",{"name":"x","router_data":[1]}]', '42/_event,["event",{"name":null,"payload":null}]',
        f'42/_event,["client_error",{{"message":"{PASSWORD} 手机号 {PHONE}","error_type":"x"}}]', "42/other,[1]",
        '42/_event,["event",{"name":"x","payload":[1],"router_data":{"pathname":{"a":1}}}]', "45-/_event,", "3", "6",
        "40/_event,{}", "9" * 1000, "[" * 5000, "42/_event," + "[" * 3000, '42/_event,["connect"]', "{}", "\x00",
    ]  # fmt: skip
    for number, frame in enumerate(frames):
        with contextlib.closing(RawSocket(target.site, f"frame-{number}", cookie=cookie)) as attacker:
            attacker.send(frame)
            attacker.collect(quiet=0.05)
    assert target.oracle.look().changes_since(before) == []
    is_well(target)


def test_attack_a_flood_of_events_leaves_others_served(target: Target):
    page = handler("workbench", "notice_state", "reset_filters")
    with (
        contextlib.closing(target.socket("staff")) as flood,
        contextlib.closing(target.socket("bank")) as honest,
    ):
        honest.call(HYDRATE, waits_for="is_hydrated")
        calm = _latencies(honest, page, 10)
        for _ in range(200):
            flood.event(page)
        meanwhile = _latencies(honest, page, 10)
    print(f"flood of 200: median {statistics.median(calm):.0f} → {statistics.median(meanwhile):.0f} ms")
    assert statistics.median(meanwhile) < statistics.median(calm) + 500
    is_well(target)


def _latencies(socket: RawSocket, name: str, count: int) -> list[float]:
    """Return how many milliseconds each of some honest events takes."""
    found = []
    for _ in range(count):
        started = time.monotonic()
        assert "filter_key" in socket.call(name, waits_for="filter_key")
        found.append((time.monotonic() - started) * 1000)
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("size", [300_000, 900_000, 2_000_000])
def test_attack_too_long_a_message_ends_its_own_socket_only(target: Target, size: int):
    with contextlib.closing(target.socket("staff")) as honest:
        honest.call(HYDRATE, waits_for="is_hydrated")
        with contextlib.closing(target.socket("staff")) as attacker:
            with contextlib.suppress(OSError):
                attacker.event(SIGN_IN, {"data": {"password": "x" * size}})
            assert attacker.is_closed()
        assert "filter_key" in honest.call(
            handler("workbench", "notice_state", "reset_filters"), waits_for="filter_key"
        )


def test_attack_a_silent_talker_is_cut_off_and_sockets_are_counted(target: Target):
    """One address opens sockets until the limit; the next is refused, and freed ones are free again."""
    opened: list[RawSocket] = []
    try:
        with pytest.raises(Refused):
            for _ in range(70):
                opened.append(target.socket())
        assert 50 <= len(opened) <= 60
    finally:
        for socket in opened:
            socket.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(Refused):
            is_well(target)
            return
        time.sleep(0.2)
    pytest.fail("closed sockets are still counted")


# --- what the log keeps -------------------------------------------------------------------------------


def test_attack_no_secret_reaches_the_log(target: Target):
    """Numbers, passwords, codes and cookies sent through real handlers, wrong ones and broken events."""
    cookie = target.cookie("bank")
    secrets_sent = {*CANARIES, cookie.partition("=")[2]}
    data = {"phone": PHONE, "password": PASSWORD, "code": CODE, "again": PASSWORD, "consent": PAYLOAD}
    with contextlib.closing(RawSocket(target.site, "Kanari-Tab-0123456789abcdef", cookie=cookie)) as tab:
        tab.call(HYDRATE, {"vars": {"x": PASSWORD}}, waits_for="is_hydrated")
        tab.event(SIGN_IN, {"data": {k: data[k] for k in ("phone", "password")} | {"identity": "ENTERPRISE"}})
        for name in ("register_state", "forgot_state", "password_state", "phone_state"):
            tab.event(handler("account", name, "submit"), {"data": data})
            tab.event(handler("account", name, "submit"), {"data": [data]})
            tab.event(handler("account", name, "submit"), {"data": data, "password": PASSWORD})
            tab.event(handler("account", name, "send_code"), {"phone": {"number": PHONE}})
        tab.collect()
        tab.event(handler("workbench", "notice_state", "open_one"), {"notice_id": PASSWORD})
        tab.event(f"{ROOT}.nobody", data)
        info = {"info": f"{PASSWORD}\n{PHONE}", "component_stack": PAYLOAD}
        tab.event(f"{ROOT}.reflex___state____frontend_event_exception_state.handle_frontend_exception", info)
        tab.emit("event", json.dumps({"name": "x", "payload": data}))
        tab.emit("event", [PASSWORD, PHONE])
        tab.collect()
    body = f"ticket={PASSWORD}&next={PAYLOAD}".encode()
    headers = {"Origin": target.site, "Cookie": f"{cookie}; x={PASSWORD}"}
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    assert request(target.site, "POST", "/session", headers | kind, body)[0] == 303
    assert request(target.site, "GET", f"/nowhere?password={PASSWORD}&phone={PHONE}", headers)[0] < 500
    time.sleep(0.5)
    log = (target.folder / "server.log").read_text(encoding="utf-8")
    assert log.count("\n") > 5
    kept = {
        secret: next(line for line in log.splitlines() if secret in line)[:300]
        for secret in secrets_sent
        if secret in log
    }
    assert kept == {}
    longest = max(len(line) for line in log.splitlines())
    print(f"log: {log.count(chr(10))} lines, the longest {longest} characters")
    assert longest < 4000
    broken = [line for line in log.splitlines() if line.startswith("{") and not _is_json(line)]
    assert broken == []


def _is_json(line: str) -> bool:
    with contextlib.suppress(ValueError):
        return isinstance(json.loads(line), dict)
    return False
