"""A page change in 股权融资 at 200,000 projects and 1,000,000 interests, against a bare counter of the same process.

The public list unfiltered, filtered, and by a word, at its first and at deep pages; the staff's board of leads, and the
library of closed investments.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from bench import generate, table, wire
from cpegi_app import clock, db
from cpegi_app.vocabulary import Industry, InvestStage, Kind, Region
from cpegi_app.vocabulary.equity import LeadStage, Round
from tests import factories
from tests.e2e.rawsocket import ROOT

PROJECTS, INTERESTS, INVESTMENTS, FUNDS, FIRMS = 200_000, 1_000_000, 200_000, 500, 2_000
ROUNDS = 60
LIST = f"{ROOT}.cpegi_app___state___equity_public____public_projects_state.load"
BOARD = f"{ROOT}.cpegi_app___state___equity_staff____lead_board_state.show_owner"
CLOSED = f"{ROOT}.cpegi_app___state___equity_staff____closed_leads_state.go_page"
LIBRARY = f"{ROOT}.cpegi_app___state___library____staff_library_state"
RECOMMEND = f"{ROOT}.cpegi_app___state___equity_staff____recommend_to_state.go_page"
# What is asked for, and two of its pages: the first ones and deep ones.
CASES = {
    "all": ({}, 1, 5_000),
    "filtered": ({"industry": "C", "round": "A"}, 1, 50),
    "by amount": ({"sort": "amount"}, 1, 5_000),
    "word": ({"word": "机械制造"}, 1, 800),
}


def fill(path: Path, firms: list[int], funds: list[int], staff: int) -> None:
    """Write projects, favourites, recommendations and leads straight into the tables."""
    chance, now = Random(generate.SEED), clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")
    codes = ([i.value for i in Industry], [r.value for r in Round], [r.value for r in Region])
    stages = [s.value for s in InvestStage]

    def projects():
        for n in range(1, PROJECTS + 1):
            industry, turn, region = (chance.choice(c) for c in codes)
            fen = chance.randrange(10, 2_000) * 10_000_000
            at = f"2026-{1 + n * 11 // PROJECTS:02d}-{1 + n % 28:02d} 08:{n % 60:02d}:00.000000"
            data = json.dumps({"name": "项目", "intro": "简介" * 40, "team": "团队" * 100})
            yield (
                now, chance.choice(firms), n, "OPEN", at, f"{generate.name(chance)[:-4]}扩产项目", "简介" * 20, industry,
                region, turn, chance.choice(stages), fen, 1_000, 9 * fen, 10 * fen, data,
            )  # fmt: skip

    def pairs(count: int):
        for n in range(count):
            yield 1 + n % PROJECTS, funds[(n // PROJECTS * 97 + n) % len(funds)]

    live = [s.value for s in LeadStage if s is not LeadStage.CLOSED]
    with sqlite3.connect(path) as connection:
        _insert(
            connection,
            "equity_project",
            "created_at org_id revision_id state listed_at name intro industry region round stage amount_fen share_bp "
            "pre_fen post_fen data",
            projects(),
        )
        favourites = ((now, p, o, staff) for p, o in pairs(INTERESTS // 2))
        _insert(connection, "project_favourite", "created_at project_id org_id user_id", favourites)
        answers = ((now, p, o, staff, "[]", "", "INTERESTED", "") for p, o in pairs(INTERESTS // 2))
        names = "created_at project_id org_id recommended_by reasons note answer answer_word"
        _insert(connection, "project_recommendation", names, answers)
        # One lead in fifty is still followed up.
        leads = (
            (
                now,
                p,
                o,
                "INTEREST",
                live[n % len(live)] if n % 50 == 0 else "CLOSED",
                "",
                "",
                "ELSEWHERE",
                now,
                now,
                1,
            )
            for n, (p, o) in enumerate(pairs(INTERESTS // 2))
        )
        names = "created_at project_id org_id source stage next_step outcome_note outcome closed_at updated_at version"
        _insert(connection, "equity_lead", names, leads)
        names = (
            "created_at source fingerprint org_id institution_name institution_code enterprise_id enterprise_name "
            "enterprise_code project_name industry region round mode amount_fen share_bp agreed_on"
        )
        _insert(connection, "investment_record", names, _closed_investments(now, firms, funds, chance))
        connection.execute("ANALYZE")


def _closed_investments(now: str, firms: list[int], funds: list[int], chance: Random) -> Iterator[tuple]:
    for n in range(INVESTMENTS):
        firm = chance.choice(firms)
        yield (
            now, ("ONLINE", "OFFLINE")[n % 2], f"bench-{n}", chance.choice(funds), generate.name(chance), "", firm,
            generate.name(chance), "", f"扩产项目 {n}", chance.choice([i.value for i in Industry]),
            chance.choice([r.value for r in Region]), chance.choice([r.value for r in Round]), "INCREASE",
            chance.randrange(10, 2_000) * 10_000_000, 1_000, f"2026-{1 + n % 12:02d}-{1 + n % 28:02d}",
        )  # fmt: skip


def _insert(connection: sqlite3.Connection, table: str, names: str, rows) -> None:
    columns = names.split()
    place = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({place})", rows)


def prepare(folder: Path) -> tuple[str, int, int]:
    """Return the address of a filled database, one of the staff, and an institution."""
    address = f"sqlite:///{folder / 'equity.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        staff = factories.staff(session)
        firms = [factories.organisation(session).id or 0 for _ in range(FIRMS)]
        funds = [factories.organisation(session, Kind.EQUITY).id or 0 for _ in range(FUNDS)]
    fill(folder / "equity.sqlite3", firms, funds, staff.user_id)
    return address, staff.user_id, funds[0]


def rows(folder: Path) -> list[table.Row]:
    """Measure page changes, near and deep, over the counter; tell the first look of each case."""
    address, user, fund = prepare(folder)
    with wire.served(folder, address) as (site, _):
        found = measure(site, user, fund)
    return [
        *_compared(found),
        table.told("first looks", ", ".join(f"{n} {f['first']:.0f} ms" for n, f in found.items())),
    ]


def _compared(found: dict[str, dict[str, float]]) -> Iterator[table.Row]:
    for name, figures in found.items():
        for place in ("near", "deep", "turn"):
            if f"{place} median" in figures:
                took, bare = figures[f"{place} median"], figures["counter median"]
                what = f"{name}, {place}, median over the counter"
                yield table.at_most(
                    what, took - bare, 10, "{:.1f} ms", f"{took:.1f} ms against {bare:.1f} ms"
                )


def measure(site: str, user: int, fund: int) -> dict[str, dict[str, float]]:
    """Measure every case in one tab, each turn beside the counter."""
    tab, found = wire.Tab(site, user), {}
    for _ in range(20):
        tab.count()
    for name, (filters, near, deep) in CASES.items():
        first = _page(tab, filters, near)
        times: dict[str, list[float]] = {"counter": [], "near": [], "deep": []}
        for turn in range(ROUNDS):
            times["counter"].append(tab.count())
            times["near"].append(_page(tab, filters, near + turn % 2))
            times["deep"].append(_page(tab, filters, deep + turn % 2))
        found[name] = {"first": first} | _middles(times)
    for name, turned in (
        ("board", _board),
        ("closed leads", _closed),
        ("recommend", lambda t, n: _recommend(t, n, fund)),
        ("library", lambda t, n: _library(t, 1 + n)),
        ("library, deep", lambda t, n: _library(t, 5_000 + n)),
        ("library, filtered", _filtered_library),
    ):
        first = turned(tab, 0)
        times = {"counter": [], "turn": []}
        for turn in range(1, ROUNDS // 2 + 1):
            times["counter"].append(tab.count())
            times["turn"].append(turned(tab, turn))
        found[name] = {"first": first} | _middles(times)
    tab.wire.close()
    return found


def _middles(times: dict[str, list[float]]) -> dict[str, float]:
    found = {}
    for name, took in times.items():
        found[f"{name} median"], found[f"{name} p95"] = wire.middle_and_p95(took)
    return found


def _page(tab: wire.Tab, filters: dict[str, str], page: int) -> float:
    query = urlencode(filters | {"page": str(page)})
    took, told = tab.time(LIST, {}, '"rows_rx_state_":', pathname="/projects", asPath=f"/projects?{query}")
    assert '"amount":' in told, told[:400]
    return took


def _board(tab: wire.Tab, turn: int) -> float:
    return tab.time(BOARD, {"owner": ("", "NONE")[turn % 2]}, '"columns_rx_state_":')[0]


def _closed(tab: wire.Tab, turn: int) -> float:
    return tab.time(CLOSED, {"page": 1 + turn}, f'"page_rx_state_":{1 + turn}')[0] if turn else 0.0


def _library(tab: wire.Tab, page: int) -> float:
    return tab.time(f"{LIBRARY}.go_page", {"page": page}, f'"page_rx_state_":{page}')[0]


def _filtered_library(tab: wire.Tab, turn: int) -> float:
    if turn == 0:
        return tab.time(
            f"{LIBRARY}.search", {"data": {"industry": "C", "word": "机械"}}, '"rows_rx_state_":'
        )[0]
    return _library(tab, 1 + turn)


def _recommend(tab: wire.Tab, turn: int, fund: int) -> float:
    address = f"/staff/equity/recommend/institution/{fund}"
    router = {
        "pathname": "/staff/equity/recommend/institution/[oid]",
        "asPath": address,
        "query": {"oid": str(fund)},
    }
    return tab.time(RECOMMEND, {"page": 2 + turn}, '"rows_rx_state_":', **router)[0]


BENCH = table.Bench("equity", "股权融资 at 200,000 projects and 1,000,000 interests", rows)
