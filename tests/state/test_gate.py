"""Every handler that Reflex knows × everybody: passed exactly where the Screen's permission is granted."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from cpegi_app.access import PAGES, Permission, Role, Screen, locked_sentence
from cpegi_app.errors import Forbidden, SignInRequired
from cpegi_app.state.base import SCREEN_OF
from cpegi_app.state.gate import ARRIVAL, FRAMEWORK_EVENTS
from tests.state.cast import Cast, Principal
from tests.state.oracle import Oracle, Snapshot
from tests.state.rig import PARTS, Handler, Reply, handlers, running


@dataclass(frozen=True)
class Rule:
    """What a handler asks for, as the Screens say; `closed` is nobody's."""

    permission: Permission | None = None
    closed: bool = False
    screen: Screen | None = None


def rule_of(handler: Handler) -> Rule:
    """Derive the expectation from the Screens and the list of framework events, not from the gate."""
    if handler.name in FRAMEWORK_EVENTS:
        return Rule()
    if handler.method == "setvar" or handler.screen is None:
        return Rule(closed=True)
    return Rule(handler.screen.permission, screen=handler.screen)


def sentences(rule: Rule, who: Principal, handler: Handler) -> set[str]:
    """Return what a refused principal may be told; of a page that does not open, its frame tells."""
    if not who.live and not rule.closed:
        return {SignInRequired().message, ""}
    if handler.method.startswith("load") and not rule.closed:
        return {""}
    title = rule.screen.title if rule.screen else ""
    return {Forbidden().message, locked_sentence(title)}


def judge(
    before: Snapshot, after: Snapshot, reply: Reply, handler: Handler, rule: Rule, who: Principal
) -> str:
    """Return what is wrong with the outcome of one event, empty when nothing is."""
    denials = [e for e in after.new_entries(before) if e[0] == "denied"]
    case = f"{who.name} → {handler.short}"
    if handler.name == ARRIVAL and not who.live:
        # The server's own event: an ended login gets nothing, not even a refusal (docs/adr/0005).
        quiet = not after.changes_since(before) and after.trail == before.trail and reply.text == "[][]"
        return "" if quiet else f"{case}: something arrived"
    if who.may(rule.permission) and not rule.closed:
        # The gate names the event; a service that denies a record that nobody has names what was asked for.
        by_gate = [e for e in denials if e[1] == handler.name[-200:]]
        return f"{case}: unexpected deny ({reply.said})" if by_gate else ""
    if denials != [("denied", handler.name[-200:], False)]:
        return f"{case}: unexpected allow"
    if changed := after.changes_since(before):
        return f"{case}: denied, yet changed {changed}"
    if len(after.trail) != len(before.trail) + 1:
        return f"{case}: denied, yet {len(after.trail) - len(before.trail)} entries in the trail"
    if reply.said not in (told := sentences(rule, who, handler)):
        return f"{case}: denied with other words: {reply.said}"
    silent = told == {""} and not reply.events
    if not reply.said and not silent and [e.name for e in reply.events] != ["_redirect"]:
        return f"{case}: neither a sentence nor the way to the login"
    return ""


# Logins that the rules treat alike — those that have ended, and members not yet verified: each handler meets so many of
# a kind, in turn; everybody else it meets always. CPEGI_ALIKE=99: everybody always.
ALIKE_AT_ONCE = int(os.environ.get("CPEGI_ALIKE", "2"))
# A tab that is refused stays as it was, so the next refusal may use it, and what a tab holds gives no right, so that
# what is allowed may share another; each so many-th event comes from a fresh one.
FRESH_EVERY = 7


def cases(
    rules: Iterable[tuple[Handler, Rule]], people: Sequence[Principal]
) -> list[tuple[Handler, Rule, Principal]]:
    """Pair every handler with those who differ, with nobody, and with some of those who are alike."""
    ended = [who for who in people if who.sid and not who.live]
    new = [who for who in people if who.live and who.role is Role.MEMBER and not who.verified]
    always = [who for who in people if who not in ended and who not in new]
    turns = [(itertools.cycle(alike), min(ALIKE_AT_ONCE, len(alike))) for alike in (ended, new) if alike]
    return [
        (handler, rule, who)
        for handler, rule in rules
        for who in [*always, *(next(turn) for turn, most in turns for _ in range(most))]
    ]


async def matrix(
    oracle: Oracle, rules: Iterable[tuple[Handler, Rule]], people: Sequence[Principal]
) -> tuple[int, list[str]]:
    """Send every case's event; return how many, and what was wrong."""
    wrong, before = [], oracle.look()
    pairs = cases(rules, people)
    async with running() as rig:
        for number, (handler, rule, who) in enumerate(pairs):
            refused = not who.may(rule.permission) or rule.closed
            tab = f"{'refused' if refused else 'working'} tab of {who.name}" if number % FRESH_EVERY else ""
            reply = await rig.send(handler.name, handler.benign(), sid=who.sid, tab=tab)
            after = oracle.look()
            wrong += filter(None, [judge(before, after, reply, handler, rule, who)])
            before = after
    return len(pairs), wrong


@pytest.mark.parametrize("part", range(PARTS))
async def test_each_handler_passes_exactly_whom_its_screen_names(cast: Cast, oracle: Oracle, part: int):
    found = [(h, rule_of(h)) for h in handlers()][part::PARTS]
    assert len(found) > 20
    count, wrong = await matrix(oracle, found, list(cast.people.values()))
    print(f"gate matrix: {len(found)} handlers, {len(cast.people)} principals, {count} probes")
    assert not wrong, "\n".join([f"{len(wrong)} of {count}:", *wrong[:40]])


def screens_with_handlers() -> list[Screen]:
    """Return the screens that ask for a permission and own a state."""
    return list(dict.fromkeys(s for s in SCREEN_OF.values() if s.permission))


async def test_the_matrix_fails_when_any_screen_loses_its_permission(
    cast: Cast, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
):
    """The proof that the suite can fail: each Screen's permission is taken away, then the Screen itself."""
    import dataclasses

    expectation = [(h, rule_of(h)) for h in handlers() if h.own]
    screens = screens_with_handlers()
    assert screens
    for screen in screens:
        mine = [(h, r) for h, r in expectation if h.screen == screen][:2]
        people = [cast.people["anonymous"], cast.who_may(screen)[0]]
        for broken, complaint in (
            (dataclasses.replace(screen, permission=None), "unexpected allow"),
            (None, "unexpected deny"),
        ):
            with monkeypatch.context() as patch:
                for state, named in list(SCREEN_OF.items()):
                    if named == screen and broken is None:
                        patch.delitem(SCREEN_OF, state)
                    elif named == screen:
                        patch.setitem(SCREEN_OF, state, broken)
                _, wrong = await matrix(oracle, mine, people)
            assert any(complaint in line for line in wrong), f"{screen.route}: {complaint} went unnoticed"


async def test_whoever_is_not_signed_in_comes_back_to_the_page_asked_for(cast: Cast):
    async with running() as rig:
        for screen in (s for s in PAGES if s.permission and "[" not in s.route):
            reply = await rig.open(screen)
            ways = {str(e.payload.get("path")) for e in reply.events if e.name == "_redirect"}
            assert ways == {f"/login?next={screen.route}"}, screen.title
            assert reply.said == ""


async def test_names_that_reflex_does_not_know_do_nothing(cast: Cast, oracle: Oracle):
    own = next(h for h in handlers() if h.own and h.screen and h.screen.permission)
    state = own.name.rpartition(".")[0]
    names = [
        "",
        ".",
        "load",
        state,
        f"{state}.",
        f"{state}._write",
        f"{state}._read",
        f"{state}.get_state",
        f"{state}.__init__",
        f"{state}.{own.method}.{own.method}",
        f"{own.name} ",
        own.name.upper(),
        own.name.replace("reflex___state____state.", ""),
        f"{own.name}\x00",
        "_redirect",
        "_call_function",
        "reflex___state____state.reset",
        "reflex___state____state.router",
    ]
    async with running() as rig:
        before = oracle.look()
        for name in names:
            reply = await rig.send(name, {"a": 1}, sid=cast.people["staff"].sid)
            assert reply.text == "[][]", name
        after = oracle.look()
    assert after.changes_since(before) == [] and after.trail == before.trail
