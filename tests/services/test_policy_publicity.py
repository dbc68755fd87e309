"""公示: what is published, objections, confirmation (manual §8.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import PolicyBudget
from cpegi_app.services import (
    policy,
    policy_objection,
    policy_publicity,
)
from cpegi_app.vocabulary.policy import GrantState
from tests import factories, redemption


def budget(session: Session, of) -> PolicyBudget:
    found = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
    session.refresh(found)
    return found


def test_what_is_published_is_what_was_seen(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    redemption.approve(session, staff, redemption.received(session, of))
    seen = policy_publicity.preview(session, staff, of.id or 0)
    redemption.approve(session, staff, redemption.received(session, of))
    with pytest.raises(Conflict, match="刚有变化"):
        policy_publicity.publish(session, staff, of.id or 0, seen.count, seen.total_fen)
    number = redemption.publish(session, staff, of)
    with pytest.raises(Conflict):
        policy_publicity.preview(session, staff, of.id or 0)
    shown, entries, total = policy_publicity.public_one(session, number)
    assert total == 2 and {e.amount for e in entries} == {"50,000.00"} and shown.state == "公示中"
    assert shown.ends_on == (clock.today() + timedelta(days=4)).isoformat()


def test_a_list_is_published_as_long_as_its_applicants_were_promised(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff, publicity_days="7")
    redemption.approve(session, staff, redemption.received(session, of))
    policy.save(session, staff, of.id or 0, of.version, of.draft["values"] | {"publicity_days": "1"})
    policy.publish(session, staff, of.id or 0, of.version)
    session.refresh(of)
    redemption.approve(session, staff, redemption.received(session, of))
    waits = policy_publicity.waiting(session, staff)
    assert [(w.count, w.amount, w.days) for w in waits] == [(2, "100,000.00", 7)]
    assert policy_publicity.unpublished(session, staff) == 2
    number, until = redemption.publish(session, staff, of), clock.today() + timedelta(days=6)
    assert policy_publicity.public_one(session, number)[0].ends_on == until.isoformat()
    # Who applied only under the shorter one is published no longer than that.
    redemption.approve(session, staff, redemption.received(session, of))
    assert policy_publicity.preview(session, staff, of.id or 0).ends_on == clock.today().isoformat()
    assert policy_publicity.waiting(session, staff)[0].days == 1


def test_nothing_is_confirmed_before_the_days_are_over_or_while_it_is_objected_to(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    rows = [redemption.approve(session, staff, redemption.received(session, of)) for _ in range(3)]
    number = redemption.publish(session, staff, of)
    grants = [redemption.grant_of(session, r) for r in rows]
    with pytest.raises(DomainError, match="期满后才能确认"):
        policy_publicity.confirm(session, staff, number)
    form = {
        "from_name": "王某",
        "contact": "13800000000",
        "text": "重复享受",
        "received_on": str(clock.today()),
    }
    first = policy_objection.record(session, staff, number, form | {"grant": str(grants[0].id)})
    # That somebody objects is the staff's affair; everybody reads what came of it.
    assert policy_publicity.listing(session, staff)[0][0].open_objections == 1
    assert policy_publicity.public_listing(session)[0][0].open_objections == 0
    assert policy_publicity.public_one(session, number)[0].open_objections == 0
    whole = policy_objection.record(session, staff, number, form)
    redemption.days_pass(6)
    with pytest.raises(DomainError, match="整个名单"):
        policy_publicity.confirm(session, staff, number)
    with pytest.raises(FormInvalid):
        policy_objection.decide(session, staff, number, whole, True, "属实")
    with pytest.raises(FormInvalid):
        policy_objection.decide(session, staff, number, whole, False, "  ")
    policy_objection.decide(session, staff, number, whole, False, "查无实据")
    assert policy_publicity.confirm(session, staff, number) == 2
    assert [redemption.fresh(session, g).state for g in grants] == ["PUBLIC", "CONFIRMED", "CONFIRMED"]
    # What is confirmed meanwhile is taken back in another way; the list offers no objection to it.
    with pytest.raises(Conflict, match=r"可兑现，已不在公示中.*取消该奖补"):
        policy_objection.record(session, staff, number, form | {"grant": str(grants[1].id)})
    rows, _ = policy_publicity.entries(session, staff, number)
    assert [(e.public, e.confirmed) for e in rows] == [(True, False), (False, True), (False, True)]
    held = budget(session, of).held_fen
    policy_objection.decide(session, staff, number, first, True, "核实属实")
    with pytest.raises(Conflict, match="已经处理过"):
        policy_objection.decide(session, staff, number, first, False, "再想想")
    assert redemption.fresh(session, grants[0]).state == GrantState.REVOKED
    assert budget(session, of).held_fen == held - grants[0].amount_fen
    shown, names, total = policy_publicity.public_one(session, number)
    assert [(e.org, e.state) for e in names] == [
        (g.org_name, "" if n else "已取消") for n, g in enumerate(grants)
    ]
    assert (shown.count, shown.amount, shown.revoked, total) == (2, "100,000.00", 1, 3)
    assert policy_publicity.confirm(session, staff, number) == 0
    with pytest.raises(Conflict, match="确认完毕"):
        policy_publicity.confirm(session, staff, number)
    with pytest.raises(Conflict, match="不能再登记异议"):
        policy_objection.record(session, staff, number, form)


def test_who_is_not_named_for_the_stage_does_not_publish_or_confirm(session: Session):
    staff, clerk = factories.staff(session), factories.staff(session)
    of = redemption.policy(session, staff)
    rows = [redemption.approve(session, staff, redemption.received(session, of)) for _ in range(2)]
    number = redemption.publish(session, staff, of)
    redemption.approve(session, staff, redemption.received(session, of))
    form = {"from_name": "王某", "contact": "1", "text": "异议", "received_on": str(clock.today())}
    objection = policy_objection.record(session, staff, number, form)
    values = of.draft["values"] | {"people_BUSINESS": str(clerk.user_id)}
    policy.save(session, staff, of.id or 0, of.version, values)
    policy.publish(session, staff, of.id or 0, of.version)
    grant = str(redemption.grant_of(session, rows[0]).id)
    calls: list[Callable[[Actor], object]] = [
        lambda a: policy_publicity.preview(session, a, of.id or 0),
        lambda a: policy_publicity.publish(session, a, of.id or 0, 1, 5_000_000),
        lambda a: policy_publicity.load(session, a, number),
        lambda a: policy_publicity.entries(session, a, number),
        lambda a: policy_publicity.confirm(session, a, number),
        lambda a: policy_objection.listing(session, a, number),
        lambda a: policy_objection.record(session, a, number, form | {"grant": grant}),
        lambda a: policy_objection.decide(session, a, number, objection, False, "查无实据"),
    ]
    for who in (staff, factories.member(session), factories.regulator(session)):
        for call in calls:
            with pytest.raises((NotFound, Forbidden)):
                call(who)
    assert (
        policy_publicity.waiting(session, staff) == [] and policy_publicity.unpublished(session, staff) == 0
    )
    assert (
        policy_publicity.listing(session, staff)[1] == 0 and policy_publicity.listing(session, clerk)[1] == 1
    )
    assert policy_publicity.unpublished(session, clerk) == 1
    policy_objection.decide(session, clerk, number, objection, False, "查无实据")


def test_an_objection_names_only_what_is_published(session: Session):
    staff = factories.staff(session)
    of, other = redemption.policy(session, staff), redemption.policy(session, staff)
    redemption.approve(session, staff, redemption.received(session, of))
    foreign = redemption.approve(session, staff, redemption.received(session, other))
    number = redemption.publish(session, staff, of)
    redemption.publish(session, staff, other)
    form = {"from_name": "王某", "contact": "1", "text": "异议", "received_on": str(clock.today())}
    for named in (str(redemption.grant_of(session, foreign).id), "0", "x", "9" * 30):
        with pytest.raises(FormInvalid):
            policy_objection.record(session, staff, number, form | {"grant": named})
    with pytest.raises(FormInvalid):
        late = (clock.today() + timedelta(days=1)).isoformat()
        policy_objection.record(session, staff, number, form | {"received_on": late})
    for wrong in (0, -1, 2**40, True):
        with pytest.raises(NotFound):
            policy_publicity.public_one(session, wrong)
