"""Workbooks to download: the filing template, the marked file, exports; each asks who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from cpegi_app import db, denials
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, SignInRequired
from cpegi_app.services import (
    figures_view,
    list_export,
    offline_excel,
    offline_import,
    policy_payment_file,
    roadshow_calendar,
    sessions,
)
from cpegi_app.services.filetypes import FileKind
from cpegi_app.web.csp import file_headers

# What a download needs: a service that answers with the file's name and what makes its content.
Made = tuple[str, Callable[[Session], bytes]]
Service = Callable[[Session, Actor, Request], Made]


def _template(session: Session, actor: Actor, request: Request) -> Made:
    return "线下贷款备案模板.xlsx", lambda reader: offline_excel.current_template()


def _marked(session: Session, actor: Actor, request: Request) -> Made:
    name, make = offline_import.marked(session, actor, request.path_params["number"])
    return name, lambda reader: make()


def _figures(session: Session, actor: Actor, request: Request) -> Made:
    side, code = request.path_params["side"], request.query_params.get("period", "")
    name = figures_view.taken(session, actor, side, code)
    return name, lambda reader: figures_view.workbook(reader, actor, side, code)


def _payments(kind: str) -> Service:
    def made(session: Session, actor: Actor, request: Request) -> Made:
        number = request.path_params["number"]
        name = policy_payment_file.taken(session, actor, number, kind)
        return name, lambda reader: policy_payment_file.content(reader, actor, number, kind)

    return made


def _serve(service: Service, media_type: str = FileKind.XLSX.media_type) -> Callable:
    async def answer(request: Request) -> Response:
        try:
            name, data = await asyncio.to_thread(_made, service, request)
        except SignInRequired as refusal:
            return PlainTextResponse(refusal.message, 401)
        except DomainError as refusal:
            return PlainTextResponse(refusal.message, 404)
        headers = file_headers(name, preview=False)
        return Response(data, media_type=media_type, headers=headers)

    return answer


async def _finished(request: Request) -> Response:
    """Send a finished export of a list to the user who asked for it, from its file."""
    try:
        name, place = await asyncio.to_thread(_place, request)
    except SignInRequired as refusal:
        return PlainTextResponse(refusal.message, 401)
    except DomainError as refusal:
        return PlainTextResponse(refusal.message, 404)
    return FileResponse(place, media_type=FileKind.XLSX.media_type, headers=file_headers(name, preview=False))


def _place(request: Request) -> tuple[str, Path]:
    sid = sessions.sid_of(request.headers.get("cookie", ""))
    with _noted(request, sid), db.reading() as session:
        actor = sessions.actor_of(session, sid)
        if actor is None:
            raise SignInRequired
        return list_export.file_of(session, actor, request.path_params["number"])


async def _calendar(request: Request) -> Response:
    """Send a roadshow's calendar file to who is invited and to the staff."""
    try:
        name, data = await asyncio.to_thread(_ics, request)
    except SignInRequired as refusal:
        return PlainTextResponse(refusal.message, 401)
    except DomainError as refusal:
        return PlainTextResponse(refusal.message, 404)
    return Response(
        data, media_type="text/calendar; charset=utf-8", headers=file_headers(name, preview=False)
    )


def _ics(request: Request) -> tuple[str, bytes]:
    sid = sessions.sid_of(request.headers.get("cookie", ""))
    with _noted(request, sid), db.reading() as session:
        actor = sessions.actor_of(session, sid)
        if actor is None:
            raise SignInRequired
        return roadshow_calendar.calendar(session, actor, request.path_params["number"])


def _noted(request: Request, sid: str) -> AbstractContextManager[None]:
    return denials.noted(sid, request.client.host if request.client else "", request.url.path)


def _made(service: Service, request: Request) -> tuple[str, bytes]:
    sid = sessions.sid_of(request.headers.get("cookie", ""))
    with _noted(request, sid), db.transaction() as session:
        actor = sessions.actor_of(session, sid)
        if actor is None:
            raise SignInRequired
        name, make = service(session, actor, request)
    # What takes long is made after the transaction: nobody's write waits for it.
    with db.reading() as session:
        return name, make(session)


ROUTES = (
    Route("/exports/filing-template", _serve(_template), methods=["GET"]),
    Route("/exports/filing-marked/{number:int}", _serve(_marked), methods=["GET"]),
    Route("/exports/figures/{side:str}", _serve(_figures), methods=["GET"]),
    Route("/exports/payments/{number:int}.xlsx", _serve(_payments("xlsx")), methods=["GET"]),
    Route("/exports/payments/{number:int}.csv", _serve(_payments("csv"), "text/csv"), methods=["GET"]),
    Route("/exports/file/{number:int}", _finished, methods=["GET"]),
    Route("/roadshows/{number:int}.ics", _calendar, methods=["GET"]),
)
