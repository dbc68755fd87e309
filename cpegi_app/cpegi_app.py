"""The application: Reflex with its gate, its edge, its error handler and its pages."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from functools import partial

import reflex as rx
from reflex.event import Event
from reflex_base.constants import Env
from reflex_base.environment import environment

from cpegi_app import db, pusher
from cpegi_app.pages import PAGES
from cpegi_app.pages.layout import broken
from cpegi_app.services import chapters, report_reminder, sms
from cpegi_app.settings import ROOT, get_settings
from cpegi_app.state.gate import ARRIVAL, Gate, token_owner
from cpegi_app.state.live import Pump
from cpegi_app.state.message import on_browser_error, on_error
from cpegi_app.state.shape import upload_handlers
from cpegi_app.web import logs
from cpegi_app.web.edge import Edge, EdgeConfig
from cpegi_app.web.routes import api, live_session_id

log = logging.getLogger(__name__)
# An event changes threads several times, and waits so long each time while another thread computes (docs/performance.md).
sys.setswitchinterval(0.0005)
settings = get_settings()
# Before Reflex says anything: its records of unknown events would name cookies and passwords.
logs.configure(json_lines=environment.REFLEX_ENV_MODE.get() is Env.PROD)
if settings.problems():
    raise SystemExit("Not fit for production:\n" + "\n".join(f"- {p}" for p in settings.problems()))
# Plain `reflex run` and the tests find their database up to date; a run of no migrations takes milliseconds.
db.migrate()

edge = partial(
    Edge,
    config=EdgeConfig(
        origins=settings.origins,
        production=not settings.is_demo,
        # `reflex run` serves the pages from Vite's own port; only the finished build runs under the policy.
        development=environment.REFLEX_ENV_MODE.get() is not Env.PROD,
        trust_proxy=settings.trust_proxy,
        build=ROOT / ".web" / "build" / "client",
        session_id_of=live_session_id,
        token_owner=token_owner,
        upload_handlers=upload_handlers(),
        sockets_per_address=settings.sockets_per_address,
    ),
)

app = rx.App(
    api_transformer=[api, edge],
    frontend_exception_handler=on_browser_error,
    backend_exception_handler=on_error,
    # No toasts: they would need eval. The pages' own message bar says when the connection is gone.
    toaster=None,
    app_wraps={(55, "ErrorBoundary"): broken},
    html_lang="zh-CN",
    stylesheets=["/theme.css"],
    head_components=[
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.script(src="/kernel-check.js"),
        rx.el.script(src="/ui.js", defer=True),
    ],
)
app.add_middleware(Gate())


async def deliver_messages():
    """Send what waits in the SMS outbox, until the process ends."""
    sender = sms.sender()
    while True:
        try:
            await asyncio.to_thread(_deliver_once, sender)
        except Exception:
            log.exception("delivering messages failed; the next round tries again")
        await asyncio.sleep(2)


def _deliver_once(sender: sms.Sender) -> None:
    with db.transaction() as session:
        claimed = sms.claim(session)
    for message in claimed:
        sender.send(message.phone, message.text)
        with db.transaction() as session:
            sms.mark_sent(session, message.id or 0)


async def settle_memory():
    """Let the collector pass over what the start has made: each walk held up everybody for 0.15 s."""
    gc.collect()
    gc.freeze()


async def remind_of_reports():
    """Remind organisations of reports that are nearly due or late, every hour until the process ends."""
    while True:
        try:
            await asyncio.to_thread(_remind_once)
        except Exception:
            log.exception("reminding of reports failed; the next round tries again")
        await asyncio.sleep(3600)


def _remind_once() -> None:
    after = 0
    while True:
        with db.reading() as session:
            wanting, after = report_reminder.wanting(session, after)
        for org_id in wanting:
            # A transaction each: what has been told stays told if the process dies in the middle.
            with db.transaction() as session:
                report_reminder.remind(session, [org_id])
        if not after:
            return


async def bring_changes():
    """Bring what is changed to the open pages of those concerned, until the process ends."""

    def connected() -> list[str]:
        # The tabs whose sockets are this process's own.
        return list(app.event_namespace.sid_to_token.values()) if app.event_namespace else []

    await Pump(connected, lambda token: app.event_processor.enqueue(token, Event(name=ARRIVAL))).run()


app.register_lifespan_task(settle_memory)
app.register_lifespan_task(bring_changes)
app.register_lifespan_task(deliver_messages)
app.register_lifespan_task(remind_of_reports)
app.register_lifespan_task(pusher.push_matches)
__all__ = ["PAGES", "app", "chapters"]
