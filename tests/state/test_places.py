"""Lists come back as they were left: what stands behind the # of an address, and what it may not do."""

from __future__ import annotations

from typing import Any

import pytest

from cpegi_app.access import ACCOUNTS, AUDIT, LEADS, QUEUE
from cpegi_app.state.base import SCREEN_OF
from cpegi_app.state.equity_staff import LeadBoardState, OpenLeadsState
from cpegi_app.state.policy_payment import PaymentBatchesState
from cpegi_app.state.staff import AccountsState, AuditState, QueueState
from cpegi_app.state.table import TableState
from tests.laws.test_list_screens import list_states
from tests.state.cast import Cast
from tests.state.rig import HYDRATE, Reply, Rig, running

LEFT = ("page", "size", "sort", "filters")


def standing(state: TableState) -> dict[str, Any]:
    """Return how a list stands, the fields that were left empty apart."""
    found = {name: getattr(state, name) for name in LEFT} | {"tab": state._tab()}
    return found | {"filters": {name: value for name, value in found["filters"].items() if value}}


async def opened(rig: Rig, sid: str, tab: str, path: str, state: Any) -> tuple[Reply, Any]:
    """Open an address in a tab; return what was sent, and the list's state."""
    reply = await rig.send(HYDRATE, {}, sid=sid, tab=tab, path=path)
    return reply, await rig.state(tab, state)


async def test_each_list_comes_back_as_it_was_left(cast: Cast):
    """A list whose loader forgets what its address tells is named here."""
    wrong = []
    async with running() as rig:
        # The lists of the board open when they are asked for, not with their page.
        for state in (s for s in list_states() if SCREEN_OF[s.get_full_name()] is not LEADS):
            name, screen = state.get_full_name(), SCREEN_OF[state.get_full_name()]
            who, params = cast.who_may(screen)
            how = {"sid": who.sid, "path": screen.url(**params), "params": params}
            await rig.post("left", HYDRATE, {}, **how)
            list_of: Any = await rig.state("left", state)
            fresh = standing(list_of)
            if list_of.place:
                wrong.append(f"{state.__name__}: it opened at {list_of.place}")
            await rig.post("left", f"{name}.set_page_size", {"size": "50"}, **how)
            sort = next(iter(list_of._sorts()), "")
            if sort:
                await rig.post("left", f"{name}.sort_by", {"column": sort}, **how)
            await rig.post("left", f"{name}.search", {"data": {"word": "河南 & 公司#1", "kind": ""}}, **how)
            left = standing(await rig.state("left", state))
            place = (await rig.state("left", state)).place
            rig.forget("left")
            back = how | {"path": f"{how['path']}#{place}"}
            await rig.post("back", HYDRATE, {}, **back)
            if standing(await rig.state("back", state)) != left or left == fresh:
                wrong.append(
                    f"{state.__name__}: {left} came back as {standing(await rig.state('back', state))}"
                )
            # The menu's plain address opens it afresh in the same tab; the size stays as it was chosen.
            await rig.post("back", HYDRATE, {}, **how)
            if standing(await rig.state("back", state)) != fresh | {"size": 50}:
                wrong.append(f"{state.__name__}: not afresh")
            rig.forget("back")
    assert wrong == []


async def test_page_and_tab_come_back(cast: Cast):
    staff, _ = cast.who_may(QUEUE)
    async with running() as rig:
        _, queue = await opened(rig, staff.sid, "t", f"{QUEUE.route}?flow=product", QueueState)
        assert (queue.tab, queue.place) == ("product", "")
        flow = next(code for code, count in queue.counts.items() if count)
        path = f"{QUEUE.route}?flow=product"
        await rig.post("t", f"{QueueState.get_full_name()}.pick", {"flow": ""}, sid=staff.sid, path=path)
        queue = await rig.state("t", QueueState)
        assert queue.place == "queue.page=1&queue.size=20"
        # Everything was chosen: the kind that the address names does not come back.
        _, queue = await opened(rig, staff.sid, "t", f"{path}#{queue.place}", QueueState)
        assert queue.tab == ""
        place = f"queue.tab={flow}&queue.page=1&queue.size=10&other.page=7"
        _, queue = await opened(rig, staff.sid, "t", f"{QUEUE.route}#{place}", QueueState)
        assert (queue.tab, queue.page, queue.size) == (flow, 1, 10)
        assert all(row.flow == flow for row in queue.rows)
        _, accounts = await opened(rig, staff.sid, "t", f"{ACCOUNTS.route}#accounts.page=2", AccountsState)
        assert accounts.page == 2 and accounts.total > 10 and len(accounts.rows) <= 10
        # A link that names a state still does.
        _, accounts = await opened(rig, staff.sid, "t", f"{ACCOUNTS.route}?state=DISABLED", AccountsState)
        assert accounts.filters == {"state": "DISABLED"} and accounts.place == ""
        # An empty page says that its filters leave nothing.
        assert accounts.filtered


async def test_the_list_of_leads_comes_back(cast: Cast):
    staff, _ = cast.who_may(LEADS)
    async with running() as rig:
        board = LeadBoardState.get_full_name()
        await rig.post("t", HYDRATE, {}, sid=staff.sid, path=LEADS.route)
        await rig.post("t", f"{board}.show_tab", {"tab": "open"}, sid=staff.sid, path=LEADS.route)
        search = f"{OpenLeadsState.get_full_name()}.search"
        await rig.post("t", search, {"data": {"word": "公司"}}, sid=staff.sid, path=LEADS.route)
        leads = await rig.state("t", LeadBoardState)
        place = f"{leads.place}&{(await rig.state('t', OpenLeadsState)).place}"
        _, leads = await opened(rig, staff.sid, "t", LEADS.route, LeadBoardState)
        assert (leads.tab, leads.place) == ("board", "")
        _, leads = await opened(rig, staff.sid, "t", f"{LEADS.route}#{place}", LeadBoardState)
        assert leads.tab == "open"
        assert (await rig.state("t", OpenLeadsState)).filters == {"word": "公司"}
        _, leads = await opened(
            rig, staff.sid, "t", f"{LEADS.route}#leads.tab=x&leads.owner=x", LeadBoardState
        )
        assert (leads.tab, leads.owner) == ("board", "")


HOSTILE = [
    "accounts.page=0&accounts.size=1000000&accounts.sort=password_hash",
    "accounts.page=-1&accounts.sort=--created&accounts.tab=x",
    "accounts.page=9" + "9" * 400,
    "accounts.page=[]&accounts.size={}&accounts.sort=%00",
    "accounts.page=%ff%fe&accounts.rows=1&accounts.loading=x&accounts._led=1",
    "%%%&&&===#?accounts.page=1",
    "&".join(f"accounts.x{i}=1" for i in range(1000)),
    "f.word=x&queue.f.word=x&.f.word=x",
]


@pytest.mark.parametrize("fragment", HOSTILE)
async def test_what_an_address_makes_up_is_ignored(cast: Cast, fragment: str):
    staff, _ = cast.who_may(ACCOUNTS)
    async with running() as rig:
        reply, accounts = await opened(rig, staff.sid, "t", f"{ACCOUNTS.route}#{fragment}", AccountsState)
        assert (accounts.page, accounts.size, accounts.sort) == (1, 10, "")
        assert not any(accounts.filters.values()) and len(accounts.rows) == 10
        assert (reply.said, rig.raised) == ("", [])


async def test_filters_are_cut_as_the_query_bar_cuts_them(cast: Cast):
    staff, _ = cast.who_may(ACCOUNTS)
    many = "&".join(f"accounts.f.{i}{'n' * 50}={'v' * 90}" for i in range(40))
    async with running() as rig:
        _, accounts = await opened(rig, staff.sid, "t", f"{ACCOUNTS.route}#{many}", AccountsState)
        assert len(accounts.filters) == 20
        assert all(len(k) <= 30 and len(v) == 60 for k, v in accounts.filters.items())


async def test_what_the_list_refuses_opens_it_afresh(cast: Cast):
    """A search that is refused is told; one that only stands in the address is not: nobody has asked here."""
    staff, _ = cast.who_may(AUDIT)
    place = "audit.f.since=2026-02-01&audit.f.until=2026-01-01&audit.page=2"
    async with running() as rig:
        reply, audit = await opened(rig, staff.sid, "t", f"{AUDIT.route}#{place}", AuditState)
        assert (reply.said, rig.raised) == ("", [])
        assert (audit.page, audit.filters, audit.loading) == (1, {}, False) and audit.rows
        _, batches = await opened(
            rig, staff.sid, "t", "/staff/payments#payment_batches.tab=nothing", PaymentBatchesState
        )
        assert batches.tab == "ready"
