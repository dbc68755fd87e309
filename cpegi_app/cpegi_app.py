"""The application: Reflex with its gate, its edge, its error handler and its pages."""

from __future__ import annotations

import gc
import sys
from functools import partial

import reflex as rx
from reflex.event import Event
from reflex_base.constants import Env
from reflex_base.environment import environment

from cpegi_app import db, messenger, pusher
from cpegi_app.pages import PAGES
from cpegi_app.pages.layout import broken
from cpegi_app.services import chapters
from cpegi_app.settings import ROOT, get_settings
from cpegi_app.state.account import hashing_handlers
from cpegi_app.state.gate import ARRIVAL, Gate, token_owner
from cpegi_app.state.live import Pump
from cpegi_app.state.message import on_browser_error, on_error
from cpegi_app.state.shape import upload_handlers
from cpegi_app.web import logs
from cpegi_app.web.edge import Edge, EdgeConfig
from cpegi_app.web.routes import api, live_session_id

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
        costly=hashing_handlers(),
        redis_url=settings.redis_url,
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


async def settle_memory():
    """Let the collector pass over what the start has made, and walk less often: a walk held up everybody for 0.15 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def bring_changes():
    """Bring what is changed to the open pages of those concerned, until the process ends."""

    def connected() -> list[str]:
        # The tabs whose sockets are this process's own.
        return list(app.event_namespace.sid_to_token.values()) if app.event_namespace else []

    await Pump(connected, lambda token: app.event_processor.enqueue(token, Event(name=ARRIVAL))).run()


app.register_lifespan_task(settle_memory)
app.register_lifespan_task(bring_changes)
app.register_lifespan_task(messenger.deliver_messages)
app.register_lifespan_task(messenger.remind_of_reports)
app.register_lifespan_task(pusher.push_matches)
app.register_lifespan_task(messenger.remind_of_investments)
app.register_lifespan_task(messenger.tell_of_policies)
__all__ = ["PAGES", "app", "chapters"]
