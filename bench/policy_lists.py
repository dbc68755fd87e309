"""A page change in 政策审核 and 办理概览 at 200,000 applications, against a bare counter of the same process."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

from bench import generate, table, wire
from cpegi_app import clock, db
from cpegi_app.vocabulary import Kind, Status
from tests import factories, policies
from tests.e2e.rawsocket import ROOT

APPLICATIONS, POLICIES, ROUNDS = 200_000, 25, 60
QUEUE = f"{ROOT}.cpegi_app___state___policy_desk____policy_queue_state"
OVERVIEW = f"{ROOT}.cpegi_app___state___policy_desk____policy_overview_state"
# Status and stage, and how many of a hundred stand there.
SHARES = (
    (Status.PENDING, 0, 55),
    (Status.PENDING, 1, 25),
    (Status.RETURNED, 0, 5),
    (Status.APPROVED, 1, 10),
    (Status.REJECTED, 0, 5),
)


def prepare(folder: Path) -> tuple[str, int]:
    """Return the address of a filled database, and one of the staff."""
    address = f"sqlite:///{folder / 'policy.sqlite3'}"
    db.configure(address)
    db.migrate()
    with db.transaction() as session:
        staff, enterprise = factories.staff(session), factories.member(session, Kind.ENTERPRISE)
        published = [policies.published(session, staff) for _ in range(POLICIES)]
        versions = [(p.id or 0, p.version_id or 0, p.name) for p in published]
        policies.sent(session, enterprise, published[0], policies.loan(session, enterprise))
    fill(folder / "policy.sqlite3", versions)
    return address, staff.user_id


def fill(path: Path, versions: list[tuple[int, int, str]]) -> None:
    """Copy the one application that was sent, by policy, organisation, state and day."""
    chance, today = Random(generate.SEED), clock.today()
    weights = [share for _, _, share in SHARES]
    changed = "org_id policy_id version_id policy_name org_name receipt_no status stage due_on asked_fen reviewed_fen updated_at"
    with sqlite3.connect(path) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(policy_application)")]
        kept = [n for n in names if n not in ("id", *changed.split())]

        def lines():
            for n in range(APPLICATIONS):
                policy, version, name = versions[n % len(versions)]
                (status, stage, _), fen = (
                    chance.choices(SHARES, weights)[0],
                    chance.randrange(1, 500) * 100_000,
                )
                due: date = today + timedelta(days=chance.randrange(-10, 30))
                reviewed = fen if status == Status.APPROVED else None
                org = generate.name(chance)
                yield (
                    1_000_000 + n, policy, version, name, org, f"B{n:09d}", status.value, stage, due.isoformat(), fen, reviewed,
                    f"2026-0{1 + n % 9}-{1 + n % 28:02d} 08:00:00.000000",
                )  # fmt: skip

        every, signs = f"{changed} {' '.join(kept)}".split(), ", ".join("?" * len(changed.split()))
        connection.executemany(
            f"INSERT INTO policy_application ({', '.join(every)}) "
            f"SELECT {signs}, {', '.join(kept)} FROM policy_application WHERE id = 1",
            lines(),
        )
        connection.execute("ANALYZE")


def rows(folder: Path) -> list[table.Row]:
    """Measure page changes, near and deep, over the counter."""
    address, user = prepare(folder)
    found: dict[str, dict[str, float]] = {}
    with wire.served(folder, address) as (site, _):
        tab = wire.Tab(site, user)
        for _ in range(20):
            tab.count()
        firsts = {"queue": tab.time(f"{QUEUE}.load", {}, '"rows_rx_state_":')[0]}
        cases: dict[str, Callable[[int], float]] = {
            "page 1": lambda n: _turn(tab, QUEUE, 1 + n % 2),
            "page 5,000": lambda n: _turn(tab, QUEUE, 5_000 + n % 2),
        }
        found |= _measured(tab, cases)
        firsts["search"] = _search(tab, {"policy": "3", "word": "机械"})
        found |= _measured(tab, {"searched": lambda n: _turn(tab, QUEUE, 1 + n % 2)})
        firsts["overview"] = tab.time(f"{OVERVIEW}.load", {}, '"rows_rx_state_":')[0]
        found |= _measured(tab, {"overview": lambda n: _turn(tab, OVERVIEW, 1 + n % 2)})
        tab.wire.close()
    return [
        *(
            table.at_most(
                f"{name}, {part} over the counter",
                figures[part] - figures[f"counter {part}"],
                10,
                "{:.1f} ms",
                f"{figures[part]:.1f} ms against {figures[f'counter {part}']:.1f} ms",
            )
            for name, figures in found.items()
            for part in ("median", "p95")
        ),
        table.told("first looks", ", ".join(f"{name} {took:.0f} ms" for name, took in firsts.items())),
    ]


def _measured(tab: wire.Tab, cases: dict[str, Callable[[int], float]]) -> dict[str, dict[str, float]]:
    """Take the cases in turn with the counter, so that whatever else the machine does meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in ("", *cases)}
    for turn in range(ROUNDS):
        times[""].append(tab.count())
        for name, change in cases.items():
            times[name].append(change(turn))
    counter = wire.middle_and_p95(times.pop(""))
    return {
        name: dict(zip(("median", "p95"), wire.middle_and_p95(took), strict=True))
        | {"counter median": counter[0], "counter p95": counter[1]}
        for name, took in times.items()
    }


def _turn(tab: wire.Tab, state: str, page: int) -> float:
    took, told = tab.time(f"{state}.go_page", {"page": page}, f'"page_rx_state_":{page}')
    assert '"asked":' in told, told[:400]
    return took


def _search(tab: wire.Tab, data: dict[str, str]) -> float:
    return tab.time(f"{QUEUE}.search", {"data": data}, '"rows_rx_state_":')[0]


BENCH = table.Bench("policy lists", "政策审核 and 办理概览 at 200,000 applications", rows)
