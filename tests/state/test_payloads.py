"""Wrong payloads: every handler × 200 of them, as somebody who may call it; and columns posted on top."""

from __future__ import annotations

import logging
import os
import re
from types import CodeType

import pytest
from reflex_base.registry import RegistrationContext

from cpegi_app import models
from cpegi_app.access import Screen
from cpegi_app.models.base import Row
from cpegi_app.services.policy_form import PolicyForm
from cpegi_app.state.subject import _EDITED
from tests.state.cast import Cast, Principal
from tests.state.junk import payloads as wrong_payloads
from tests.state.oracle import Oracle
from tests.state.rig import HYDRATE, PARTS, Handler, Rig, handlers, posted_by, running

NUMBERED = re.compile(r"编号 [0-9a-f]{8}")
TRACE = re.compile(r"Traceback|File \"|Error:|Exception|cpegi_app/|site-packages|sqlalchemy", re.IGNORECASE)
# A function with arguments gets 200; what takes none, or is shared through a mixin and had its turn, gets 10.
FIRST, AGAIN = 200, int(os.environ.get("CPEGI_AGAIN", "10"))
# Sent for every argument, as it is and under the names that forms use: none of it may stand in any log.
WORD, NUMBER = "Hunter2-canary", "3381234567801"
PLANTED: tuple[object, ...] = (
    WORD,
    NUMBER,
    {"password": WORD, "phone": NUMBER, "code": WORD},
    [WORD, NUMBER],
)
# Counting wrong tries is the defence itself.
COUNTED = {"attempt"}


async def open_page(rig: Rig, tab: str, screen: Screen | None, cast: Cast) -> tuple[Principal, dict]:
    """Open the handler's page in a tab as somebody who may; return who it is and how to send more."""
    who, params = cast.who_may(screen) if screen else (cast.people["staff"], {})
    how = {"sid": who.sid, "path": screen.url(**params) if screen else "/", "params": params}
    await rig.post(tab, HYDRATE, {}, **how)
    return who, how


async def bombard(rig: Rig, oracle: Oracle, cast: Cast, handler: Handler, count: int) -> list[str]:
    """Send wrong payloads from a tab that has the handler's page open; return what went wrong."""
    tab = "bombarded"
    _, how = await open_page(rig, tab, handler.screen, cast)
    before = oracle.look()
    sent = wrong_payloads(handler.arguments, count, handler.short)
    sent += [dict.fromkeys(handler.arguments, canary) for canary in PLANTED] if handler.arguments else []
    reply = await rig.burst(tab, handler.name, sent, **how)
    after = oracle.look()
    rig.manager.states.clear()
    wrong = sorted(set(rig.unforeseen))[:3]
    rig.unforeseen.clear()
    wrong += [said for said in reply.sentences if NUMBERED.search(said) or TRACE.search(said)][:2]
    wrong += [f"changed {name}" for name in after.changes_since(before) if name not in COUNTED]
    wrong += [f"in the trail: {e}" for e in after.new_entries(before) if e[2]][:2]
    return [f"{handler.short}: {w}" for w in wrong]


def rounds() -> list[tuple[Handler, int]]:
    """Return how many wrong payloads each handler gets."""
    seen: set[CodeType] = set()
    found = []
    for handler in handlers():
        if handler.method != "setvar":
            found.append((handler, FIRST if handler.arguments and handler.fn.__code__ not in seen else AGAIN))
            seen.add(handler.fn.__code__)
    return found


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_wrong_payload_has_an_effect_or_is_unforeseen_or_logged(
    cast: Cast, oracle: Oracle, part: int, caplog: pytest.LogCaptureFixture
):
    sent, wrong = 0, []
    caplog.set_level(logging.INFO)
    async with running() as rig:
        for handler, count in rounds()[part::PARTS]:
            sent += count
            wrong += await bombard(rig, oracle, cast, handler, count)
            wrong += [
                f"{handler.short}: logged {line}"
                for line in caplog.messages
                if WORD in line or NUMBER in line
            ]
            caplog.clear()
    print(f"wrong payloads: {sent} events")
    assert sent > 8000
    assert not wrong, "\n".join(wrong)


# --- over-posting -------------------------------------------------------------------------------------

SUBJECTS: tuple[type[Row], ...] = (
    models.Application,
    models.Disbursement,
    models.LoginSession,
    models.Organisation,
    models.Product,
    models.ProductRevision,
    models.ProfileChange,
    models.User,
    models.Verification,
)
INTENTS = ("submit", "save", "confirm", "approve")
COLUMNS = sorted({name for table in SUBJECTS for name in table.model_fields} | {"is_admin", "permission"})


def forms() -> list[Handler]:
    """Return the handlers that take what a form posts, lists' query bars apart."""
    return [h for h in handlers() if h.own and "data" in h.arguments and h.method != "search"]


def names_of(handler: Handler) -> frozenset[str]:
    """Return the columns that are fields of the form itself."""
    edited = _EDITED.get(handler.name.rpartition(".")[0])
    return edited.names if edited else frozenset({"phone", "password", "reason", *PolicyForm.model_fields})


async def values_of(rig: Rig, tab: str, handler: Handler) -> dict[str, str]:
    """Return what the form shows: for a draft of the cast, data that would pass."""
    state = RegistrationContext.get().base_states[handler.name.rpartition(".")[0]]
    return posted_by(await rig.state(tab, state))


async def test_no_column_can_be_posted_on_top_of_a_form(cast: Cast, oracle: Oracle):
    posted, wrong = 0, []
    async with running() as rig:
        for handler in forms():
            tab = "over-posted"
            _, how = await open_page(rig, tab, handler.screen, cast)
            values = await values_of(rig, tab, handler)
            before = oracle.look()
            for column in sorted({*COLUMNS} - values.keys() - names_of(handler)):
                payloads = [{"data": {**values, "intent": i, column: "APPROVED"}} for i in INTENTS]
                reply = await rig.burst(tab, handler.name, payloads, **how)
                posted += len(payloads)
                after = oracle.look()
                if after.changes_since(before) not in ([], ["attempt"]):
                    changed = after.changes_since(before)
                    wrong.append(f"{handler.short}: {column} changed {changed}, said {reply.sentences}")
                    before = after
            rig.manager.states.clear()
    print(f"over-posting: {posted} posts, {len(COLUMNS)} columns, {len(forms())} forms")
    assert posted > 1000
    assert not wrong, "\n".join(wrong[:20])


async def test_the_same_forms_without_the_extra_column_are_taken(cast: Cast, oracle: Oracle):
    """What makes the test above worth something: the drafts of the cast are fit to be sent."""
    taken = []
    async with running() as rig:
        for handler in forms():
            if handler.name.rpartition(".")[0] in _EDITED and handler.screen and handler.method == "submit":
                tab = "honest"
                _, how = await open_page(rig, tab, handler.screen, cast)
                values = await values_of(rig, tab, handler)
                before = oracle.look()
                reply = await rig.post(tab, handler.name, {"data": {**values, "intent": "save"}}, **how)
                assert oracle.look().changes_since(before), f"{handler.short}: {reply.said}"
                taken.append(handler.screen.route)
    assert len(taken) >= 5, taken
