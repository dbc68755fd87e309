"""A small application behind the edge, and clients that speak to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from cpegi_app.web.csp import file_headers
from cpegi_app.web.edge import Edge, EdgeConfig

OWN = "https://cpegi.example"
COOKIE = "sid=live"


async def page(_: Request) -> Response:
    return HTMLResponse("<h1>页面</h1>", headers={"Server": "inside/1.0"})


async def echo(request: Request) -> Response:
    body = await request.body()
    shown = {
        "size": len(body),
        "scheme": request.url.scheme,
        "client": request.client and request.client.host,
    }
    return JSONResponse({**shown, "forwarded": request.headers.get("x-forwarded-for")})


async def crash(_: Request) -> Response:
    raise RuntimeError("canary-secret in a traceback")


async def late_crash(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("canary-secret")

    return StreamingResponse(parts(), media_type="text/csv")


async def own_sentence(_: Request) -> Response:
    return PlainTextResponse("文件不存在或已被删除，请返回列表刷新后再试。", 404)


async def own_json(_: Request) -> Response:
    return JSONResponse({"ready": False}, 503)


async def file(request: Request) -> Response:
    return Response(b"%PDF-", headers=file_headers("执照.pdf", preview="preview" in request.query_params))


async def upload(request: Request) -> Response:
    if request.headers.get("reflex-event-handler") == "none":
        return JSONResponse({"detail": "Unknown upload event handler: 'canary-secret'."}, 400)
    return await echo(request)


ROUTES = [
    Route("/", page),
    Route("/b", page),
    Route("/item/5", page),
    Route("/echo", echo, methods=["GET", "POST"]),
    Route("/crash", crash, methods=["GET", "POST"]),
    Route("/late", late_crash),
    Route("/own-sentence", own_sentence),
    Route("/own-json", own_json),
    Route("/files/1", file),
    Route("/_upload", upload, methods=["GET", "POST"]),
    *(
        Route(path, page)
        for path in ("/ping", "/_health", "/_all_routes", "/auth-codespace", "/_upload/a.pdf")
    ),
]


def edge(app: object = None, **changes: object) -> Edge:
    """Wrap a small application with a configuration that knows one login and its tab."""
    config = EdgeConfig(
        **{  # pyright: ignore[reportArgumentType]
            "origins": (OWN,),
            "session_id_of": {COOKIE: "session-1", "sid=other": "session-2"}.get,
            "token_owner": {"tab": "session-1"}.get,
            **changes,
        }
    )
    return Edge(app or Starlette(routes=ROUTES), config=config)  # pyright: ignore[reportArgumentType]


def client(app: Edge, **options: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=OWN, **options)  # pyright: ignore[reportArgumentType]


async def get(path: str, app: Edge | None = None, **headers: str) -> httpx.Response:
    async with client(app or edge()) as http:
        return await http.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def post(
    path: str, app: Edge | None = None, body: bytes = b"x", **headers: str | None
) -> httpx.Response:
    given = {"origin": OWN, **{k.replace("_", "-"): v for k, v in headers.items()}}
    async with client(app or edge()) as http:
        return await http.post(path, content=body, headers={k: v for k, v in given.items() if v is not None})


async def send_upload(app: Edge | None = None, body: bytes = b"x", **changes: str | None) -> httpx.Response:
    return await post("/_upload", app, body, **{"cookie": COOKIE, "reflex_client_token": "tab", **changes})


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Talk:
    """A websocket by hand: what the client sends, and what it got."""

    def __init__(
        self, *messages: str, path: str = "/_event", origin: str | None = OWN, address: str = "198.51.100.7"
    ):
        headers = [(b"host", b"cpegi.example")] + (
            [(b"origin", origin.encode("latin-1"))] if origin is not None else []
        )
        self.scope = {
            "type": "websocket",
            "path": path,
            "scheme": "wss",
            "headers": headers,
            "client": (address, 1),
        }
        self.sent: list[Message] = []
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        for message in (
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": m} for m in messages),
        ):
            self.queue.put_nowait(message)

    def hang_up(self) -> None:
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def with_(self, app: Edge) -> list[Message]:
        async def send(message: Message) -> None:
            self.sent.append(message)

        await app(self.scope, self.queue.get, send)
        return self.sent

    @property
    def closed_with(self) -> int | None:
        return next((m["code"] for m in self.sent if m["type"] == "websocket.close"), None)


async def parrot(scope: dict, receive: object, send: object) -> None:
    """Accept and answer each message until the client goes."""
    assert callable(receive)
    assert callable(send)
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "websocket.send", "text": message["text"]})
