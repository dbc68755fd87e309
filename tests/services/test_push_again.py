"""What came to match while a product took no applications is pushed once it takes them again (manual §4.1)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.services import product, push
from cpegi_app.vocabulary import Kind, OrgClass, Status
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
