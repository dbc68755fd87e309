"""放款: what the staff will be asked to look at is told to the bank first, by the same rule (manual §4.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import Doubtful, FormInvalid, NotFound
from cpegi_app.models import Disbursement, ReviewEvent
from cpegi_app.services import disbursement, review_view
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, worlds

EARLY = (clock.today() - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"rate": "4.86"}, ["rate"]),
        ({"rate": "３.８５%"}, []),
        ({"lent_on": EARLY}, ["lent_on"]),
        ({"lent_on": EARLY, "rate": "0.04"}, ["rate", "lent_on"]),
    ],
)
def test_the_bank_is_told_before_what_the_desk_will_say(
    session: Session, changes: dict[str, str], fields: list[str]
):
    world = worlds.disbursement_world(session, **changes)
    told = disbursement.doubts(session, world.owner, world.row_id, world.data)
    assert [c.field for c in told] == fields
    world.bring_to(session, Status.PENDING)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    assert [c for c in shown.checks if c.level != "ok"] == told


def test_what_is_not_stated_yet_is_not_in_doubt(session: Session):
    world = worlds.disbursement_world(session)
    for data in ({}, {"rate": " ", "lent_on": ""}, {"lent_on": "someday"}):
        assert disbursement.doubts(session, world.owner, world.row_id, data) == []
    [told] = disbursement.doubts(session, world.owner, world.row_id, {"rate": "about four"})
    assert (told.level, "无法与产品公布的利率比较" in told.text) == ("warn", True)


def test_a_doubtful_payment_is_held_for_one_more_look_and_then_sent(session: Session):
    world = worlds.disbursement_world(session, rate="9.9")
    held = {"payload": {disbursement.WEIGH: "yes"}, "key": "one"}
    with pytest.raises(Doubtful, match="仍然提交"), session.begin_nested():
        world.act(session, Action.SUBMIT, **held)
    assert world.row(session).status == Status.DRAFT
    trail = select(ReviewEvent).where(ReviewEvent.flow == "disbursement")
    assert session.exec(trail).all() == []
    world.act(session, Action.SUBMIT, key="one")
    assert session.get_one(Disbursement, world.row_id).status == Status.PENDING


def test_what_is_in_order_is_not_held_and_what_a_rule_refuses_is_refused_first(session: Session):
    weighed = {"payload": {disbursement.WEIGH: "yes"}}
    wrong = worlds.disbursement_world(session, rate="9.9", amount="900")
    with pytest.raises(FormInvalid) as refusal:
        wrong.act(session, Action.SUBMIT, **weighed)
    assert set(refusal.value.fields) == {"amount"}
    fine = worlds.disbursement_world(session)
    assert fine.act(session, Action.SUBMIT, **weighed).status == Status.PENDING


def test_the_doubts_are_told_to_the_bank_alone(session: Session):
    world = worlds.disbursement_world(session, rate="9.9").bring_to(session, Status.PENDING)
    for stranger in (factories.member(session, Kind.DEBT), world.reviewer):
        with pytest.raises(NotFound):
            disbursement.doubts(session, stranger, world.row_id, world.data)
