"""Wrong payloads: every handler × 200 of them, as somebody who may call it."""

from __future__ import annotations

import re

from tests.state.cast import Cast
from tests.state.junk import payloads
from tests.state.oracle import Oracle
from tests.state.rig import HYDRATE, Handler, Reply, Rig, handlers, running, unforeseen

NUMBERED = re.compile(r"编号 [0-9a-f]{8}")
TRACE = re.compile(r"Traceback|File \"|Error:|Exception|cpegi_app/|site-packages|sqlalchemy", re.IGNORECASE)
# Seeing a list, a page or a message is no effect; these write by design whatever the payload says.
A_HANDLER = 200


async def bombard(rig: Rig, handler: Handler, cast: Cast, count: int) -> list[Reply]:
    """Send wrong payloads from one tab that has the handler's page open."""
    who, params = cast.who_may(handler.screen) if handler.screen else (cast.people["staff"], {})
    path = handler.screen.url(**params) if handler.screen else "/"
    how = {"sid": who.sid, "path": path, "params": params}
    tab = "bombarded"
    await rig.post(tab, HYDRATE, {}, **how)
    found = [
        await rig.post(tab, handler.name, p, **how) for p in payloads(handler.arguments, count, handler.short)
    ]
    rig.manager.states.clear()
    return found


async def test_no_wrong_payload_is_unforeseen_or_shows_a_trace(cast: Cast, oracle: Oracle):
    sent, wrong = 0, []
    async with running() as rig:
        for handler in handlers():
            with unforeseen() as errors:
                replies = await bombard(rig, handler, cast, A_HANDLER)
            sent += len(replies)
            numbered = sum(bool(NUMBERED.search(r.said)) for r in replies)
            traces = [r.said for r in replies if TRACE.search(r.said)]
            if errors or numbered or traces:
                wrong.append(
                    f"{handler.short}: {len(errors)} unforeseen, {traces[:1]}, e.g. {sorted(set(errors))[:3]}"
                )
    print(f"wrong payloads: {sent} events")
    assert not wrong, "\n".join(wrong)
