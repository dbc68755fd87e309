"""An application sent in the moment in which its lender stops: refused, or its sender is told."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from cpegi_app import db
from cpegi_app.access import Actor
from cpegi_app.models import Notice
from cpegi_app.services import staff
from cpegi_app.vocabulary import Action, Status
from tests import factories, worlds
from tests.services.test_concurrency import FEW, at_once, made
from tests.worlds import World

pytestmark = pytest.mark.usefixtures("database")


def _sent_once(session: Session) -> tuple[World, Actor]:
    return worlds.application_world(session), factories.staff(session)


def test_nobody_waits_untold_at_a_lender_whose_account_is_closed_at_once():
    for _ in range(FEW * 2):
        world, boss = made(_sent_once)
        at_once(
            [
                lambda s, w=world: w.act(s, Action.SUBMIT, version=1).status,
                lambda s, w=world, b=boss: staff.disable(s, b, w.reviewer.user_id, "已离职"),
            ]
        )
        with db.reading() as session:
            told = select(Notice.title).where(Notice.user_id == world.owner.user_id)
            is_told = any(t.startswith("受理机构暂停办理") for t in session.exec(told))
            assert (world.row(session).status == Status.PENDING) == is_told
