"""What came to match while a product took no applications is pushed once it takes them again (manual §4.1)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import NotFound
from cpegi_app.services import application, lists, matches, product, push, push_log, review
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests import factories, worlds
from tests.services.pushes import change, figures, pairs, published, run, target, told


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
