"""A push that is killed goes on where it was: every matching pair is pushed exactly once (manual §4.1)."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from cpegi_app import db, pusher
from cpegi_app.access import MATCHES, Actor
from cpegi_app.models import Notice, ProductPush, PushRun, User
from cpegi_app.services import push, staff
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests import factories, worlds
from tests.services.victims import Victim

# How many kills, and how many of them have to come in the middle of a push.
KILLS, CUT = int(os.environ.get("CPEGI_KILLS", "20")), 3
FIRMS, CHUNK = 90, 5


def made(build: Callable[[Session], Any]) -> Any:
    """Build something and commit it."""
    with db.transaction() as session:
        return build(session)


def firms(count: int) -> list[Actor]:
    return made(lambda s: [factories.member(s) for _ in range(count)])


def offer(session: Session) -> int:
    """Publish a product that every other firm fits, as its staff is odd or even; return its id."""
    bank = factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    world = worlds.product_world(session, bank, c_debt_ratio_high="70").bring_to(session, Status.APPROVED)
    return world.row(session).product_id


def reached(product_id: int) -> Counter[int]:
    with db.reading() as session:
        query = select(col(ProductPush.org_id)).where(col(ProductPush.product_id) == product_id)
        return Counter(session.scalars(query))


def told(product_id: int) -> Counter[int]:
    """Return how often each organisation was told of a product."""
    with db.reading() as session:
        query = select(col(User.org_id)).join(Notice, col(Notice.user_id) == User.id)
        return Counter(session.scalars(query.where(Notice.href == f"{MATCHES.route}/{product_id}")))


def test_a_push_that_is_killed_reaches_everybody_exactly_once(database: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(push, "CHUNK", CHUNK)
    everybody = Counter(a.org_id for a in firms(FIRMS))
    worker = Victim("push_worker", database, str(CHUNK))
    product_id = made(offer)
    worker.begin()
    clock = time.perf_counter()
    worker.wait()
    span, cut, turn = time.perf_counter() - clock, 0, 0
    assert reached(product_id) == told(product_id) == everybody
    # At least so many kills; where the machine's pace lets many come too late, more of them.
    while turn < KILLS or (cut < CUT and turn < 3 * KILLS):
        turn += 1
        product_id = made(offer)
        worker.begin()
        # From the first moment of the push to its end.
        time.sleep(span * (turn % KILLS or KILLS) / KILLS)
        said = worker.kill()
        half = reached(product_id)
        # What is written is whole: a row and its notice for each, and each once.
        assert half == told(product_id) and set(half.values()) <= {1}, turn
        assert half == everybody or not said, turn
        cut += half != everybody
        pusher.work_off()
        assert reached(product_id) == told(product_id) == everybody, turn
    worker.close()
    assert cut >= CUT, f"only {cut} of {turn} kills came in time"


@pytest.mark.usefixtures("database")
def test_workers_at_once_push_every_pair_exactly_once(monkeypatch: pytest.MonkeyPatch):
    """Three workers, two products, an enterprise disabled and figures approved in the middle."""
    monkeypatch.setattr(push, "CHUNK", 3)
    actors = firms(30)
    boss = made(factories.staff)
    late = made(lambda s: worlds.verification_world(s).bring_to(s, Status.PENDING))
    products = [made(offer), made(offer)]
    ready = threading.Barrier(5)

    def work() -> None:
        ready.wait()
        for _ in range(400):
            if not pusher.step():
                time.sleep(0.002)
            with db.reading() as session:
                if not session.scalars(select(PushRun).where(col(PushRun.finished_at).is_(None))).first():
                    return

    def disable() -> None:
        ready.wait()
        made(lambda s: staff.disable(s, boss, actors[-1].user_id, "核实中"))

    def approve() -> None:
        ready.wait()
        made(lambda s: late.act(s, Action.APPROVE))

    with ThreadPoolExecutor(5) as pool:
        for done in [pool.submit(call) for call in (work, work, work, disable, approve)]:
            done.result()
    pusher.work_off()
    expected = {a.org_id for a in actors[:-1]} | {late.owner.org_id}
    for product_id in products:
        found = reached(product_id)
        assert set(found.values()) == {1}
        # Whether the disabled one was reached before, chance decides; never twice, never without a notice.
        assert set(found) - {actors[-1].org_id} == expected
        assert found == told(product_id)
