"""Another organisation's record: foreign, deleted and absent read the same, and nothing happens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from reflex_base.utils.format import json_dumps
from sqlmodel import select

from cpegi_app import access, db
from cpegi_app.access import PAGES, Permission, Role, Screen
from cpegi_app.errors import DomainError
from cpegi_app.models import Roadshow, StoredFile
from cpegi_app.services import review, sessions
from cpegi_app.services.review import PLATFORM
from cpegi_app.vocabulary import FileSlot, Kind, Status
from cpegi_app.web.routes import _content
from tests.state.cast import Cast, Principal
from tests.state.oracle import Oracle
from tests.state.rig import HYDRATE, ON_LOAD, Handler, Reply, Rig, handlers, running

ABSENT = 999_999
# Everybody may open these, apply, and compare with the own figures, whoever published it.
PRODUCTS = {access.PUBLIC_PRODUCT, access.APPLY, access.MATCH}
PROJECTS = {access.PUBLIC_PROJECT, access.DEALS}
POLICIES = {access.PUBLIC_POLICY, access.POLICY_START, access.POLICY_APPLICATIONS}
# What a client can put into an address where a number belongs.
MALFORMED = (
    "", "0", "-1", "1e3", "1.0", "٣", "１", " 1", "1;", "0x1", "null", "NaN", "../1", "1 OR 1=1", "%00",
    "99999999999", "9" * 400, "{}", "[1]", "<b>1</b>", "1\n", "True",
)  # fmt: skip


# Verified members of each kind, who have no record of their own but their organisation.
OUTSIDERS = [f"{kind.value.lower()} verified" for kind in Kind]


# What keeps files without being reviewed.
MODELS: dict[str, Any] = {"roadshow": Roadshow}


def highest_id() -> int:
    """Return the highest id of any reviewed thing, file or product."""
    with db.reading() as session:
        tables = [flow.model for flow in review.FLOWS.values()] + [StoredFile]
        return max(i for t in tables for i in session.exec(select(t.id)).all() if i is not None)


def others(cast: Cast, screen: Screen | None, last: int) -> list[int]:
    """Return the ids of records that are not published to whoever asks."""
    shown = {**dict.fromkeys(PRODUCTS, cast.listed), **dict.fromkeys(POLICIES, cast.published)}
    shown |= {**dict.fromkeys(PROJECTS, cast.projects), access.PUBLIC_PUBLICITY: cast.publicities}
    published = shown.get(screen, []) if screen else []
    return [i for i in range(1, last + 1) if i not in published]


async def act(rig: Rig, handler: Handler, who: Principal, record: object) -> Reply:
    """Call a handler that takes a record's id, otherwise as it would be called; of one handler from one tab."""
    payload = handler.benign() | dict.fromkeys(handler.ids, record)
    return await rig.send(handler.name, payload, sid=who.sid, tab=f"{who.name} at {handler.name}")


async def load(rig: Rig, screen: Screen, who: Principal, record: object, **more: str) -> Reply:
    """Open a page with a record's id in its address; one page's records in one tab, each as the page a link leads to."""
    names = [part.strip("[]") for part in screen.route.split("/") if part.startswith("[")]
    params = {**dict.fromkeys(names, record), **more}
    path, tab = screen.url(**dict.fromkeys(names, ABSENT)), f"{who.name} at {screen.route}"
    known = any(key.startswith(tab) for key in rig.manager.states)
    return await rig.send(ON_LOAD if known else HYDRATE, {}, sid=who.sid, tab=tab, path=path, params=params)


async def load_absent(rig: Rig, screen: Screen, who: Principal, **more: str) -> Reply:
    """Return what a page says of a record that does not exist: the second time, when all else has been sent."""
    await load(rig, screen, who, ABSENT, **more)
    return await load(rig, screen, who, ABSENT, **more)


def loaders() -> list[Screen]:
    """Return the pages whose address names a record."""
    return [s for s in PAGES if "[" in s.route]


def seen(reply: Reply) -> str:
    """Return what the platform's own states showed; the number of messages, a form's key or the asked number tell nothing."""
    own = [{k: v for k, v in delta.items() if ".cpegi_app___" in k} for delta in reply.deltas]
    told_nothing = r'"form_key_rx_state_": ?"[0-9a-f]+"|"(?:asked|count|filter_key)_rx_state_": ?\d+'
    return re.sub(told_nothing, "", json_dumps([d for d in own if d]))


async def compare(
    rig: Rig, oracle: Oracle, case: str, calls: Iterable, absent: Reply
) -> tuple[int, list[str]]:
    """Make each call; say where the answer differs from that to an absent record, or anything changed."""
    wrong, count = [], 0
    before = oracle.look()
    for record, call in calls:
        reply = await call
        count += 1
        after = oracle.look()
        if reply.said != absent.said:
            wrong.append(f"{case} {record!r}: {reply.said!r} instead of {absent.said!r}")
        elif seen(reply) != seen(absent):
            wrong.append(f"{case} {record!r}: told apart by {seen(reply)} and {seen(absent)}")
        # A page may have several loaders, each of which is denied.
        denied = {entry[0] for entry in after.new_entries(before)}
        if denied != ({"denied"} if "不存在" in reply.said and type(record) is int else set()):
            wrong.append(f"{case} {record!r}: in the trail stands {denied}")
        if changed := after.changes_since(before):
            wrong.append(f"{case} {record!r}: changed {changed}")
        before = after
    return count, wrong


@pytest.mark.parametrize("name", OUTSIDERS)
async def test_foreign_deleted_and_absent_records_answer_the_same_to_each_action(
    cast: Cast, oracle: Oracle, name: str
):
    count, wrong, last, who = 0, [], highest_id(), cast.people[name]
    async with running() as rig:
        for handler in (h for h in handlers() if h.own and h.ids):
            if handler.screen and who.may(handler.screen.permission):
                # Twice: the first answer brings the tab's whole state, the next ones only what they change.
                await act(rig, handler, who, ABSENT)
                absent = await act(rig, handler, who, ABSENT)
                ids = others(cast, handler.screen, last)
                calls = ((i, act(rig, handler, who, i)) for i in ids)
                n, bad = await compare(rig, oracle, f"{who.name} → {handler.short}", calls, absent)
                rig.forget(f"{who.name} at {handler.name}")
                count, wrong = count + n, wrong + bad
    print(f"rows, actions: {count} probes")
    assert count > 50
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", OUTSIDERS)
async def test_foreign_deleted_and_absent_records_answer_the_same_to_each_page(
    cast: Cast, oracle: Oracle, name: str
):
    count, wrong, last, who = 0, [], highest_id(), cast.people[name]
    async with running() as rig:
        for screen in loaders():
            if who.may(screen.permission):
                absent = await load_absent(rig, screen, who)
                assert absent.said or "missing" in absent.text, screen.route
                ids = others(cast, screen, last)
                calls = ((i, load(rig, screen, who, i)) for i in ids)
                n, bad = await compare(rig, oracle, f"{who.name} → {screen.route}", calls, absent)
                rig.forget(f"{who.name} at {screen.route}")
                count, wrong = count + n, wrong + bad
    print(f"rows, pages: {count} probes")
    assert count > 50
    assert not wrong, "\n".join(wrong[:20])


async def test_malformed_ids_in_an_address_are_absent_records(cast: Cast, oracle: Oracle):
    count, wrong = 0, []
    async with running() as rig:
        for screen in loaders():
            who, params = cast.who_may(screen)
            kept = {k: v for k, v in params.items() if k == "flow"}
            absent = await load_absent(rig, screen, who, **kept)
            calls = ((bad, load(rig, screen, who, bad, **kept)) for bad in MALFORMED)
            n, bad = await compare(rig, oracle, screen.route, calls, absent)
            # "不存在" with or without the thing's name: both say that there is no such record.
            wrong += [line for line in bad if line.count("不存在或已被删除") != 2]
            rig.forget(f"{who.name} at {screen.route}")
            count += n
        assert not rig.unforeseen, rig.unforeseen[:3]
    print(f"rows, malformed: {count} probes")
    assert not wrong, "\n".join(wrong[:20])


async def test_the_own_record_opens(cast: Cast):
    """What makes the tests above worth something."""
    async with running() as rig:
        for screen in loaders():
            who, params = cast.who_may(screen)
            reply = await rig.open(screen, sid=who.sid, **params)
            assert reply.said == "", f"{screen.route}: {reply.said}"


async def test_staff_opens_no_flow_that_others_decide(cast: Cast, oracle: Oracle):
    """The review desk takes a flow's name from the address: only the platform's own flows open there."""
    foreign = [f for f in review.FLOWS.values() if PLATFORM not in f.stages]
    names = [f.name for f in foreign] + ["", "user", "organisation", "__class__", "PRODUCT"]
    async with running() as rig:
        before = oracle.look()
        for name, number in product(names, (1, 2, ABSENT)):
            who = cast.people["staff"]
            reply = await load(rig, access.REVIEW, who, number, flow=name)
            assert "不存在或已被删除" in reply.said, (name, number, reply.said)
        assert oracle.look().changes_since(before) == []


# --- files --------------------------------------------------------------------------------------------


def may_read(who: Principal, stored: StoredFile, row: Any) -> bool:
    """Say, independently of the services, who may read a file of a reviewed thing."""
    if stored.flow == "equity_project" and row.status == Status.APPROVED and stored.removed_at is None:
        # A published project: its picture is everybody's, its plan the verified investors'.
        if stored.slot == FileSlot.PICTURE:
            return True
        if who.live and stored.slot == FileSlot.PLAN and who.may(Permission.EQUITY_BROWSE):
            return True
    if not who.live:
        return False
    if stored.flow == "roadshow":
        invited = who.may(Permission.ROADSHOW_ATTEND) and who.name == "fund"
        return who.role is Role.STAFF or invited
    flow = review.FLOWS[stored.flow]
    if who.role is Role.MEMBER and who.org_id == row.org_id:
        return who.may(flow.submit)
    if row.submitted_at is None:
        return False
    if stored.flow == "application":
        institution = getattr(row, "institution_id", None)
        return who.org_id == institution and who.may(Permission.APPLICATION_REVIEW)
    if stored.flow == "investment" and who.role is Role.MEMBER:
        return who.org_id == row.enterprise_id and who.may(Permission.INVESTMENT_CONFIRM)
    reads = stored.flow == "report" and row.status == Status.APPROVED and stored.removed_at is None
    return who.role is Role.STAFF or (who.role is Role.REGULATOR and reads)


def test_every_file_times_everybody(cast: Cast, oracle: Oracle):
    with db.reading() as session:
        found = session.exec(select(StoredFile)).all()
        cases = [
            (f, session.get_one(MODELS.get(f.flow) or review.FLOWS[f.flow].model, f.subject_id))
            for f in found
        ]
    count, wrong, opened, before = 0, [], 0, oracle.look()
    for (stored, row), who in product(cases, cast.people.values()):
        try:
            _content(who.sid, stored.id or 0)
            got = True
        except DomainError:
            got = False
        count, opened = count + 1, opened + got
        gained, denied = oracle.look(), not got and who.live
        trail = [entry for entry in gained.new_entries(before) if entry[0] == "denied"]
        if bool(trail) != denied or len(trail) > 1:
            wrong.append(f"{who.name}: file {stored.id}: in the trail stands {trail}")
        before = gained
        if got != may_read(who, stored, row):
            wrong.append(f"{who.name}: file {stored.id} of {stored.flow} {stored.subject_id}: {got}")
    print(f"files: {len(cases)} × {len(cast.people)} = {count} probes, {opened} opened")
    assert opened > 10
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**31, 2**63])
def test_no_file_has_an_odd_number(cast: Cast, number: int):
    with pytest.raises(DomainError):
        _content(cast.people["staff"].sid, number)
    assert sessions.cookie_name()
