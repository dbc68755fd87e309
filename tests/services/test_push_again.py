"""What came to match while a product took no applications is pushed once it takes them again (manual §4.1)."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock, db, dimensions, pusher
from cpegi_app.access import Actor
from cpegi_app.dimensions import DIMENSIONS, LAYOUT, fingerprint
from cpegi_app.errors import NotFound
from cpegi_app.models import MatchFact, Product, ProductLimit, PushRun
from cpegi_app.services import application, facts, lists, matches, product, push, push_log, review
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests import factories, worlds
from tests.services.pushes import change, figures, pairs, published, run, target, told
from tests.worlds import World


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)


@pytest.fixture
def late(session: Session) -> Actor:
    """An enterprise that fits once it has patents."""
    world = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    return dataclasses.replace(world.owner, verified=True)


def test_a_product_put_back_reaches_whom_figures_brought_meanwhile(
    session: Session, bank: Actor, late: Actor
):
    product_id = target(session, published(session, bank, c_patents_low="3")).id or 0
    run(session)
    product.delist(session, bank, product_id, listed=False)
    figures(session, late, patents="4")
    assert run(session) == 0
    product.delist(session, bank, product_id, listed=True)
    assert run(session) == 1
    assert pairs(session, product_id) == [(late.org_id, 1)] and len(told(session, late)) == 1
    product.delist(session, bank, product_id, listed=False)
    product.delist(session, bank, product_id, listed=True)
    assert run(session) == 0 and len(told(session, late)) == 1


def test_a_product_that_is_prolonged_reaches_whom_figures_brought_meanwhile(
    session: Session, bank: Actor, late: Actor
):
    world = published(session, bank, c_patents_low="3", valid_until=clock.today().isoformat())
    product_id = target(session, world).id or 0
    run(session)
    clock.shift(timedelta(days=2))
    figures(session, late, patents="4")
    assert run(session) == 0
    change(session, world, valid_until=(clock.today() + timedelta(days=90)).isoformat())
    assert run(session) == 1
    assert pairs(session, product_id) == [(late.org_id, 1)] and len(told(session, late)) == 1


def test_a_change_of_a_product_that_was_open_all_along_starts_nothing(session: Session, bank: Actor):
    world = published(session, bank)
    run(session)
    change(session, world, valid_until=(clock.today() + timedelta(days=90)).isoformat())
    assert push.look(session) is None


def log(session: Session, actor: Actor, product_id: int, **filters: str) -> list[push_log.PushRow]:
    return lists.page(session, actor, push_log.PUSHES, {"product": str(product_id), **filters}, size=50).rows


def test_what_was_read_and_applied_for_counts_for_the_push_that_it_followed(session: Session, bank: Actor):
    who = factories.member(session)
    world = published(session, bank, c_debt_ratio_high="70")
    product_id = target(session, world).id or 0
    row = application.open_application(session, who, product_id)
    sent = application.submit(session, who, row.id or 0, row.version, factories.application_data(), "k")
    clock.shift(timedelta(hours=1))
    run(session)
    # Applied before it was pushed to: named, as it has authorised, but no effect of the push.
    (first,) = log(session, bank, product_id)
    assert first.named and not first.applied and not first.href
    assert push_log.state(session, bank, product_id).applied == 0 and not log(
        session, bank, product_id, applied="YES"
    )
    review.act(session, application.FLOW, bank, sent.id, Action.REJECT, sent.version, comment="额度不足")
    for limit, hours in (("60", 1), ("69", 1)):
        change(session, world, c_debt_ratio_high=limit)
        clock.shift(timedelta(hours=1 + hours))
        run(session)
    matches.mark_read(session, who, product_id)
    row = application.open_application(session, who, product_id)
    application.submit(session, who, row.id or 0, row.version, factories.application_data(), "l")
    newest, oldest = log(session, bank, product_id)
    assert (newest.version, oldest.version) == ("第 3 版", "第 1 版")
    assert newest.read and newest.applied and not oldest.read and not oldest.applied
    state = push_log.state(session, bank, product_id)
    assert (state.pushed, state.read, state.applied) == (2, 1, 1)
    assert [r.id for r in log(session, bank, product_id, applied="YES")] == [newest.id]


def test_what_each_version_asked_for_can_be_read(session: Session, bank: Actor):
    world = published(session, bank, c_debt_ratio_high="70")
    product_id = target(session, world).id or 0
    change(session, world, rate_min="3.2")
    change(session, world, c_debt_ratio_high="65", regions="GAOXIN")
    found = push_log.versions(session, bank, product_id)
    assert [v.number for v in found] == ["2", "1"] and len(found) == facts.version(session, product_id)
    assert found[1].conditions == ["年营业收入：≥ 2,000 万元", "资产负债率：≤ 70%"]
    assert "资产负债率：≤ 65%" in found[0].conditions and found[0].since
    with pytest.raises(NotFound):
        push_log.versions(session, factories.member(session, Kind.DEBT), product_id)


def test_the_version_in_force_is_pushed_since_its_approval(session: Session, bank: Actor):
    world = published(session, bank, c_debt_ratio_high="70")
    product_id = target(session, world).id or 0

    def since() -> str:
        return push_log.state(session, bank, product_id).since

    begun = since()
    assert begun == clock.local(clock.now())
    clock.shift(timedelta(days=3))
    # The push under way is begun anew for another version; a product that comes back is pushed under the old one.
    change(session, world, c_debt_ratio_high="65")
    changed = since()
    assert changed == clock.local(clock.now()) != begun
    run(session)
    clock.shift(timedelta(days=3))
    for listed in (False, True):
        product.delist(session, bank, product_id, listed=listed)
    run(session)
    change(session, world, c_debt_ratio_high="65", rate_min="3.2")
    assert since() == changed


def test_versions_still_tell_of_a_condition_that_the_platform_asks_for_no_more(
    session: Session, bank: Actor, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(dimensions.RETIRED, "exports", ("出口额", "万元"))
    world = worlds.product_world(session, bank, c_debt_ratio_high="70").bring_to(session, Status.PENDING)
    product_id = stating(session, world, exports={"low": "5"}, gone={"set": ["A"]})
    second = World(
        world.flow, bank, world.reviewer, product.change_draft(session, bank, product_id).id or 0, world.data
    )
    stating(session, second.bring_to(session, Status.PENDING), exports={"low": "9.00"}, gone={"set": ["A"]})
    # What its approval made then, while the condition was asked for.
    session.execute(ProductLimit.update().where(ProductLimit.c.id == product_id).values(version=2))
    change(session, world, rate_min="3.2")
    change(session, world, c_debt_ratio_high="60")
    found = push_log.versions(session, bank, product_id)
    assert [v.number for v in found] == ["3", "2", "1"] and facts.version(session, product_id) == 3
    assert found[2].conditions[-2:] == ["出口额（已停用的条件）：≥ 5 万元", "gone（已停用的条件）：A"]
    assert "出口额（已停用的条件）：≥ 9 万元" in found[1].conditions
    assert not any("停用" in text for text in found[0].conditions)


def stating(session: Session, world: World, **more: dict) -> int:
    """Approve conditions with some more than the platform asks for now; return the product."""
    row = world.row(session)
    row.conditions = row.conditions | more
    session.flush()
    world.act(session, Action.APPROVE)
    return row.product_id


def test_the_logs_figures_follow_though_they_are_counted_once(session: Session, bank: Actor):
    first, second = (factories.member(session) for _ in range(2))
    product_id = target(session, published(session, bank, c_debt_ratio_high="70")).id or 0
    run(session)

    def figures_now() -> tuple[int, int, int]:
        session.flush()
        found = push_log.state(session, bank, product_id)
        return found.pushed, found.read, len(log(session, bank, product_id, applied="YES"))

    before = figures_now()
    matches.mark_read(session, first, product_id)
    assert figures_now() == (before[0], before[1] + 1, 0)
    matches.mark_read(session, second, product_id)
    row = application.open_application(session, first, product_id)
    sent = application.submit(session, first, row.id or 0, row.version, factories.application_data(), "k")
    assert figures_now() == (before[0], before[1] + 2, 1)
    review.act(session, application.FLOW, first, sent.id, Action.WITHDRAW, sent.version)
    assert figures_now() == (before[0], before[1] + 2, 0)


def test_who_was_told_of_a_product_reads_that_it_is_off_the_list(session: Session, bank: Actor):
    told_of, other = factories.member(session), factories.member(session, revenue="10")
    product_id = target(session, published(session, bank)).id or 0
    run(session)
    product.delist(session, bank, product_id, listed=False)
    found = matches.detail(session, told_of, product_id)
    assert "已下架" in found.closed_why and found.product.name
    with pytest.raises(NotFound):
        matches.detail(session, other, product_id)
    draft = product.new_draft(session, bank)
    with pytest.raises(NotFound):
        matches.detail(session, told_of, draft.product_id)


# --- what goes wrong ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
def test_a_run_that_fails_rests_and_the_others_go_on():
    with db.transaction() as session:
        bank, who = (
            factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value),
            factories.member(session),
        )
        products = [target(session, published(session, bank)) for _ in range(2)]
        broken, sound = (p.id or 0 for p in products)
        right = products[0].conditions
        products[0].conditions = right | {"revenue": {"low": "no number"}}

    def reached() -> list[int]:
        with db.reading() as session:
            return [p for p in (broken, sound) if pairs(session, p)]

    def failures() -> list[int]:
        with db.reading() as session:
            return list(session.exec(select(PushRun.failures).where(PushRun.product_id == broken)))

    pusher.work_off()
    assert reached() == [sound] and failures() == [1]
    # Not again at once; after a while, and then after a longer one.
    pusher.work_off()
    assert failures() == [1]
    clock.shift(timedelta(seconds=6))
    pusher.work_off()
    assert failures() == [2]
    clock.shift(timedelta(seconds=12))
    pusher.work_off()
    assert failures() == [2]
    with db.transaction() as session:
        session.get_one(Product, broken).conditions = right
    clock.shift(timedelta(minutes=1))
    pusher.work_off()
    assert reached() == [broken, sound] and failures() == [0]
    with db.reading() as session:
        assert len(told(session, who)) == 2


@pytest.mark.usefixtures("database")
def test_the_log_counts_pushes_that_two_processes_write_at_once():
    with db.transaction() as session:
        bank = factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
        product_id = target(session, published(session, bank)).id or 0
        run(session)
        for who in (factories.member(session), factories.member(session)):
            session.add(PushRun(org_id=who.org_id, touched_at=clock.now(), swept=True))

    def counted() -> int:
        with db.reading() as session:
            return push_log.state(session, bank, product_id).pushed

    def other() -> None:
        with db.transaction() as session:
            push.step(session, later)

    with db.reading() as session:
        first, second = session.exec(select(PushRun).where(col(PushRun.org_id).is_not(None))).all()
        seen, later = (push.Look(r.id or 0, r.turn, ids=[product_id]) for r in (first, second))
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as session:
            assert push.step(session, seen) == 1
            meanwhile = pool.submit(other)
            wait([meanwhile], timeout=0.3)
            # Ids given earlier must not come into view later than these.
            assert counted() == 0
        meanwhile.result()
    assert counted() == 2


def test_a_change_under_another_layout_is_compared_with_what_was_in_force(session: Session, bank: Actor):
    """An update of the platform, and a 变更 that is approved before the limits were written anew."""
    session.execute(MatchFact.update().values(is_live=False))
    fits = factories.member(session, patents="2")
    world = published(session, bank, c_patents_low="3")
    product_id = target(session, world).id or 0
    assert run(session) == 0
    session.execute(ProductLimit.update().values(layout="older"))
    change(session, world, rate_min="3.2")
    assert facts.version(session, product_id) == 1 and run(session) == 0
    session.execute(ProductLimit.update().values(layout="older"))
    change(session, world, c_patents_low="1")
    assert facts.version(session, product_id) == 2 and run(session) == 1
    assert pairs(session, product_id) == [(fits.org_id, 2)]


def test_a_formula_that_changes_changes_the_layout():
    ratio = next(d for d in DIMENSIONS if d.code == "debt_ratio")
    assert fingerprint(DIMENSIONS) == LAYOUT
    for other in (
        dataclasses.replace(ratio, computed=lambda p: None),
        dataclasses.replace(ratio, sources=("liabilities", "revenue")),
        dataclasses.replace(ratio, dated="profile"),
    ):
        assert fingerprint([other if d is ratio else d for d in DIMENSIONS]) != LAYOUT
