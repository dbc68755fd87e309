"""The outermost ASGI layer: nothing reaches Reflex or our routes that has not passed here."""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import logging
import re
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from cpegi_app.shared_windows import SharedWindow
from cpegi_app.web.channels import CLOSE_ERROR, CLOSE_POLICY, Answer, Body, Socket
from cpegi_app.web.csp import INERT, ContentPolicy
from cpegi_app.web.limits import Concurrency, Line, Pace
from cpegi_app.web.refusal import FAILED, Refusal, too_large
from cpegi_app.windows import SlidingWindow

log = logging.getLogger(__name__)

_UPLOAD = "/_upload"
_EVENTS = "/_event"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip", b"forwarded")

_GONE = "页面不存在，请检查地址或返回首页。"
_FOREIGN = "请求来源无法确认，已被拒绝。请从平台页面重新打开后再操作。"
_NO_LOGIN = "登录已失效，请重新登录后再上传。"
_OTHER_LOGIN = "本页面不属于当前登录，请刷新页面后重新上传。"


def _nobody(_: str) -> str | None:
    return None


@dataclasses.dataclass(frozen=True)
class EdgeConfig:
    """What the edge must know; the defaults let nobody upload."""

    origins: tuple[str, ...] = ()
    """Own origins, `scheme://host[:port]`; empty: the one that the request's Host names."""
    production: bool = False
    """Send HSTS."""
    development: bool = False
    """Hot reload: no content policy, and the front end may come from another port of this host."""
    trust_proxy: bool = False
    """Believe the X-Forwarded-* headers of the one proxy in front."""
    build: Path | None = None
    """The built front end, whose inline scripts the content policy allows."""
    session_id_of: Callable[[str], str | None] = _nobody
    """From the Cookie header to the id of a live session; runs in a worker thread."""
    token_owner: Callable[[str], str | None] = _nobody
    """From a tab's token to the id of the session it is bound to; runs in a worker thread."""
    upload_handlers: frozenset[str] | None = None
    """The event handlers that take files; None: the framework alone judges."""
    exposed: frozenset[str] = frozenset()
    """Framework endpoints to leave open: any of /ping, /_health."""
    upload_cap: int = 12 << 20
    body_cap: int = 64 << 10
    body_timeout_s: float = 30.0
    uploads_per_minute: int = 60
    sockets_per_address: int = 60
    messages_per_s: float = 20.0
    message_burst: int = 40
    message_cap: int = 256 << 10
    costly: frozenset[str] = frozenset()
    """Event handlers of which many at once would slow everybody: they are let in one after another."""
    costly_every_s: float = 0.012
    costly_wait_s: float = 3.0
    patience_s: float = 10.0
    redis_url: str = ""
    """Where the processes count a login's uploads together; empty: each for itself."""


class Edge:
    """Wraps an ASGI application with headers, origin check, upload gate, limits and uniform refusals."""

    def __init__(self, app: ASGIApp, *, config: EdgeConfig) -> None:
        self._app, self._config = app, config
        self._origins = tuple(origin.rstrip("/").lower() for origin in config.origins)
        self._policy = ContentPolicy(config.build)
        self._sockets = Concurrency(config.sockets_per_address)
        self._handshakes = SlidingWindow(10 * config.sockets_per_address, 60)
        self._uploads = SharedWindow("uploads", config.uploads_per_minute, 60, url=lambda: config.redis_url)
        self._line = Line(config.costly_every_s, config.costly_wait_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = self._as_seen_from_outside(scope)
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    def _as_seen_from_outside(self, scope: Scope) -> Scope:
        """Apply the proxy's account of the client when there is a trusted proxy, else drop any such account."""
        headers = Headers(scope=scope)
        if not self._config.trust_proxy:
            kept = [pair for pair in scope["headers"] if pair[0].lower() not in _FORWARDED]
            return {**scope, "headers": kept}
        scope = dict(scope)
        secure = {"http": "https", "websocket": "wss"}[scope["type"]]
        plain = {"http": "http", "websocket": "ws"}[scope["type"]]
        stated = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        if stated:
            scope["scheme"] = secure if stated in ("https", "wss") else plain
        # The proxy appends what it saw; everything before it was written by the client.
        if address := headers.get("x-forwarded-for", "").rpartition(",")[2].strip():
            scope["client"] = (address, 0)
        return scope

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        answer = Answer(scope, send, lambda m: self._dress(scope, headers, m))
        try:
            cap = await self._admit(scope, headers)
            body = Body(receive, answer, cap, self._config.body_timeout_s)
            await self._app(scope, body, answer)
        except Refusal as refusal:
            answer.refusal = refusal
        except Exception as problem:
            if answer.started:
                # Half an answer went out: only a broken connection tells the client so.
                raise
            # A client that is gone needs no answer, and one whose body was cut off here has its own.
            if not isinstance(problem, ClientDisconnect):
                log.exception("unhandled error at %s %s", scope["method"], scope["path"])
                answer.refusal = Refusal(500, FAILED)
        await answer.finish()

    async def _admit(self, scope: Scope, headers: Headers) -> int:
        """Refuse a request before its body is read, or return how long the body may be."""
        method, path = scope["method"], scope["path"]
        if self._is_hidden(path):
            raise Refusal(404, _GONE)
        if method in ("GET", "HEAD", "OPTIONS"):
            if _is_at(path, _UPLOAD):
                raise Refusal(404, _GONE)
            return self._config.body_cap
        if method != "POST":
            raise Refusal(405, "不支持该操作。", (("Allow", "GET, HEAD, POST"),))
        if not self._is_own_origin(scope, headers):
            log.warning("foreign origin refused at %s: %r", path, headers.getlist("origin"))
            raise Refusal(403, _FOREIGN)
        if _is_at(path, _UPLOAD):
            await self._admit_upload(path, headers)
            return self._config.upload_cap
        self._check_length(headers, self._config.body_cap)
        return self._config.body_cap

    def _is_hidden(self, path: str) -> bool:
        """Tell whether a path is the framework's own business: /_health, /_all_routes, /ping, …"""
        if path in self._config.exposed:
            return False
        ours = _is_at(path, _UPLOAD)
        return (
            (path.startswith("/_") and not ours) or _is_at(path, "/ping") or _is_at(path, "/auth-codespace")
        )

    async def _admit_upload(self, path: str, headers: Headers) -> None:
        """Let in only what a live login sends from one of its own tabs, within the cap."""
        if path != _UPLOAD:
            raise Refusal(404, _GONE)
        session = await asyncio.to_thread(self._config.session_id_of, headers.get("cookie", ""))
        if not session:
            raise Refusal(401, _NO_LOGIN)
        tokens = headers.getlist("reflex-client-token")
        owner = await asyncio.to_thread(self._config.token_owner, tokens[0]) if len(tokens) == 1 else None
        if not owner or not hmac.compare_digest(owner.encode(), session.encode()):
            raise Refusal(403, _OTHER_LOGIN)
        known = self._config.upload_handlers
        if known is not None and headers.get("reflex-event-handler", "") not in known:
            raise Refusal(400, "请求格式不正确，请刷新页面后重试。")
        self._check_length(headers, self._config.upload_cap, needed=True)
        if wait := await self._uploads.hit_beside(session):
            raise Refusal(429, f"上传过于频繁，请 {wait} 秒后再试。", (("Retry-After", str(wait)),))

    def _check_length(self, headers: Headers, cap: int, *, needed: bool = False) -> None:
        stated = headers.getlist("content-length")
        if not stated:
            if needed:
                raise Refusal(411, "无法确定上传内容的大小，请更换浏览器后重试。")
            return
        if len(stated) != 1 or not re.fullmatch(r"\d{1,15}", stated[0]):
            raise Refusal(400, "请求格式不正确，请刷新页面后重试。")
        if int(stated[0]) > cap:
            raise too_large(cap)

    def _is_own_origin(self, scope: Scope, headers: Headers) -> bool:
        """Tell whether the one Origin header names this site; absent is foreign."""
        origins = headers.getlist("origin")
        if len(origins) != 1:
            return False
        if self._config.development and _host_name(origins[0]) == _host_name("//" + headers.get("host", "")):
            return urlsplit(origins[0]).scheme in ("http", "https")
        return origins[0] in self._own_origins(scope, headers)

    def _own_origins(self, scope: Scope, headers: Headers) -> tuple[str, ...]:
        if self._origins:
            return self._origins
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0].lower()):
            return ()
        scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
        return (f"{scheme}://{hosts[0].lower()}",)

    def _dress(self, scope: Scope, headers: Headers, message: MutableMapping[str, Any]) -> None:
        """Put the security headers on an answer; what the application set itself stays."""
        answer = MutableHeaders(scope=message)
        media = answer.get("content-type", "").partition(";")[0].strip().lower()
        is_page = media == "text/html"
        for name, value in _ALWAYS:
            answer.setdefault(name, value)
        if self._config.production:
            answer.setdefault("Strict-Transport-Security", "max-age=31536000")
        # A browser stores a 304's headers over those of the page that it keeps: say nothing there.
        if not self._config.development and message["status"] != 304:
            sockets = tuple(_socket_origin(origin) for origin in self._own_origins(scope, headers))
            policy = self._policy.page(scope["path"], sockets) if is_page else INERT
            answer.setdefault("Content-Security-Policy", policy)
        if scope["path"].startswith("/assets/") and message["status"] in (200, 206, 304):
            # The build puts a hash into each of these names.
            answer["Cache-Control"] = "public, max-age=31536000, immutable"
        elif is_page:
            answer.setdefault("Cache-Control", "no-cache")
        elif media == "application/json":
            answer.setdefault("Cache-Control", "no-store")
        if "server" in answer:
            del answer["server"]

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        address = (scope.get("client") or ("?", 0))[0]
        reason = self._why_no_socket(scope, headers, address)
        if reason is None and not self._sockets.enter(address):
            reason = "too many sockets from one address"
        if reason is not None:
            log.warning(
                "websocket refused: %s, address %s, origin %r", reason, address, headers.getlist("origin")
            )
            await send({"type": "websocket.close", "code": CLOSE_POLICY})
            return
        config = self._config
        pace = Pace(config.messages_per_s, config.message_burst, patience_s=config.patience_s)
        socket = Socket(receive, send, pace, config.message_cap, self._turn)
        try:
            await self._app(scope, socket.receive, socket.send)
        except Exception:
            log.exception("unhandled error on a websocket")
            await socket.close(CLOSE_ERROR)
        finally:
            self._sockets.leave(address)

    def _turn(self, text: str) -> float:
        """Return for how long a message waits for those like it."""
        return self._line.take() if any(name in text for name in self._config.costly) else 0.0

    def _why_no_socket(self, scope: Scope, headers: Headers, address: str) -> str | None:
        if not _is_at(scope["path"], _EVENTS):
            return "unknown path"
        if not self._is_own_origin(scope, headers):
            return "foreign origin"
        return "too many handshakes" if self._handshakes.hit(address) else None


_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
)


def _is_at(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


def _host_name(address: str) -> str:
    """Return an address's host without its port; the loopback names count as one."""
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return "localhost" if name in _LOOPBACK or name == "::1" else name


def _socket_origin(origin: str) -> str:
    return origin.replace("http", "ws", 1)
