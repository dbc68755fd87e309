"""Plain HTTP routes beside Reflex: the session cookie, private files, health."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from sqlalchemy import text
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from cpegi_app import db, denials
from cpegi_app.access import LOGIN, PAGES, WORKBENCH, Actor
from cpegi_app.errors import DomainError, Forbidden, SignInRequired
from cpegi_app.services import (
    audit,
    files,
    filetypes,
    policy_public,
    policy_trail_zip,
    report_reminder,
    report_zip,
    sessions,
)
from cpegi_app.settings import get_settings
from cpegi_app.web.csp import file_headers
from cpegi_app.web.exports import ROUTES as EXPORTS

log = logging.getLogger(__name__)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def safe_next(path: str) -> str:
    """Return the path if it is a page of our own, else the 工作台: no redirect leads elsewhere."""
    plain = path.split("?")[0]
    fit = path.isprintable() and len(path) < 200 and not any(odd in path for odd in ("\\", "..", " "))
    if path.startswith("/") and not path.startswith("//") and fit:
        own = {p.route for p in PAGES} | {p.route.split("/[")[0] for p in PAGES if "[" in p.route}
        if plain in own or plain.rsplit("/", 1)[0] in own or plain.rsplit("/", 2)[0] in own:
            return path
    return WORKBENCH.route


async def open_session(request: Request) -> Response:
    """Exchange a ticket for the cookie (a plain form POST: no script, no eval)."""
    form = await request.form(max_files=0, max_fields=4)
    ticket, target = str(form.get("ticket", "")), safe_next(str(form.get("next", "")))
    address = _address(request)
    sid = await asyncio.to_thread(
        _redeem, ticket, sessions.sid_of(request.headers.get("cookie", "")), address
    )
    if sid is None:
        return RedirectResponse(f"{LOGIN.route}?expired=1", 303)
    response = RedirectResponse(target, 303)
    response.set_cookie(
        sessions.cookie_name(),
        sid,
        max_age=get_settings().session_max_hours * 3600,
        httponly=True,
        secure=not get_settings().is_demo,
        samesite="lax",
        path="/",
    )
    return response


def _redeem(ticket: str, old_sid: str, address: str) -> str | None:
    with db.transaction() as session:
        sid = sessions.redeem_ticket(session, ticket, address)
        if sid and (old := sessions.actor_of(session, old_sid)) and old.login_id:
            sessions.revoke(session, old.login_id)
        if sid and (actor := sessions.actor_of(session, sid)):
            report_reminder.remind_own(session, actor)
        return sid


async def end_session(request: Request) -> Response:
    """Sign out (manual §2.6): end the login in the table, then forget the cookie."""
    await asyncio.to_thread(_end, sessions.sid_of(request.headers.get("cookie", "")))
    response = RedirectResponse(f"{LOGIN.route}?bye=1", 303)
    response.delete_cookie(
        sessions.cookie_name(), path="/", secure=not get_settings().is_demo, httponly=True, samesite="lax"
    )
    # What the tab had kept for an interrupted form goes with the login.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _end(sid: str) -> None:
    with db.transaction() as session:
        if (actor := sessions.actor_of(session, sid)) and actor.login_id:
            sessions.revoke(session, actor.login_id)
            audit.record(session, actor, "account.logout", f"user:{actor.user_id}")


async def read_file(request: Request) -> Response:
    """Send a private file to somebody who may see the record it belongs to."""
    sid, file_id = sessions.sid_of(request.headers.get("cookie", "")), request.path_params["file_id"]
    try:
        found = await asyncio.to_thread(_content, sid, file_id, _address(request))
    except SignInRequired:
        return PlainTextResponse("登录已失效，请返回平台重新登录，再打开此文件。", 401)
    except DomainError as refusal:
        return PlainTextResponse(refusal.message, 404)
    preview = "download" not in request.query_params
    kind = filetypes.FileKind(found.kind)
    return FileResponse(
        found.path, media_type=kind.media_type, headers=file_headers(found.name, preview=preview)
    )


def _content(sid: str, file_id: int, address: str = "") -> files.Content:
    with denials.noted(sid, address, f"file:{file_id}"), db.transaction() as session:
        return files.content(session, sessions.actor_of(session, sid), file_id)


async def read_template(request: Request) -> Response:
    """Send a policy's template: a published one to everybody."""
    sid, file_id = sessions.sid_of(request.headers.get("cookie", "")), request.path_params["file_id"]
    try:
        found = await asyncio.to_thread(_template, sid, file_id, _address(request))
    except DomainError as refusal:
        return PlainTextResponse(refusal.message, 404)
    preview = "download" not in request.query_params
    kind = filetypes.FileKind(found.kind)
    headers = file_headers(found.name, preview=preview)
    return FileResponse(found.path, media_type=kind.media_type, headers=headers)


def _template(sid: str, file_id: int, address: str) -> files.Content:
    with denials.noted(sid, address, f"policy_file:{file_id}"), db.reading() as session:
        return policy_public.template(session, sessions.actor_of(session, sid), file_id)


# Two archives at a time: each keeps a thread and a temporary file busy.
_ZIPS = asyncio.Semaphore(2)
_PIECE = 256 * 1024


# What an archive needs: its plan, made in one short transaction, and how it is written.
Planned = Callable[[Session, Actor], Any]


async def read_reports(request: Request) -> Response:
    """Send a period's approved reports as one ZIP to the regulator or the staff."""
    period = request.path_params["period"]
    return await _archive(request, lambda s, a: report_zip.plan(s, a, period), report_zip.write)


async def read_trail(request: Request) -> Response:
    """Send 来龙去脉 of a policy application as one ZIP to the staff."""
    number = request.path_params["number"]
    return await _archive(request, lambda s, a: policy_trail_zip.plan(s, a, number), policy_trail_zip.write)


async def _archive(request: Request, plan: Planned, write: Callable[[Any, IO[bytes]], None]) -> Response:
    sid = sessions.sid_of(request.headers.get("cookie", ""))
    try:
        async with _ZIPS:
            title, archive = await asyncio.to_thread(
                _zip, sid, plan, write, request.url.path, _address(request)
            )
    except SignInRequired as refusal:
        return PlainTextResponse(refusal.message, 401)
    except Forbidden as refusal:
        return PlainTextResponse(refusal.message, 403)
    except DomainError as refusal:
        return PlainTextResponse(refusal.message, 404)
    length = archive.seek(0, 2)
    archive.seek(0)
    headers = file_headers(f"{title}.zip", preview=False) | {"Content-Length": str(length)}
    return StreamingResponse(_pieces(archive), media_type="application/zip", headers=headers)


def _zip(
    sid: str, plan: Planned, write: Callable[[Any, IO[bytes]], None], path: str, address: str
) -> tuple[str, IO[bytes]]:
    with denials.noted(sid, address, path), db.transaction() as session:
        actor = sessions.actor_of(session, sid)
        if actor is None:
            raise SignInRequired
        made = plan(session, actor)
    # Outside the transaction: a large archive must not hold up those who write.
    archive = tempfile.TemporaryFile()  # noqa: SIM115 — closed by who sends it
    try:
        write(made, archive)
    except BaseException:
        archive.close()
        raise
    return made.title, archive


def _pieces(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while piece := archive.read(_PIECE):
            yield piece


async def healthz(request: Request) -> Response:
    """Tell that the process answers."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Tell within a second whether the database answers."""
    try:
        await asyncio.wait_for(asyncio.to_thread(_ping), 1)
    except Exception as error:
        log.error("not ready: %s", type(error).__name__)
        return JSONResponse({"ready": False}, 503)
    return JSONResponse({"ready": True})


def _ping() -> None:
    with db.reading() as session:
        session.execute(text("SELECT 1"))


def live_session_id(cookie_header: str) -> str | None:
    """Return the digest of the live session in a Cookie header; the edge asks before an upload."""
    sid = sessions.sid_of(cookie_header)
    with db.reading() as session:
        return sessions.digest(sid) if sessions.actor_of(session, sid) else None


api = Starlette(
    routes=[
        Route("/session", open_session, methods=["POST"]),
        Route("/session/end", end_session, methods=["POST"]),
        Route("/files/{file_id:int}", read_file, methods=["GET"]),
        Route("/policy-files/{file_id:int}", read_template, methods=["GET"]),
        *EXPORTS,
        Route("/exports/policy-trail/{number:int}", read_trail, methods=["GET"]),
        Route("/reports/{period}.zip", read_reports, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
    ]
)
