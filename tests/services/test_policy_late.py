"""What happens late: redemption fixed after the applications' window, a payment that fails after it (manual §8.1, §8.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.models import Notice, User
from cpegi_app.services import (
    policy,
    policy_claim,
    policy_claim_list,
    policy_queue,
    policy_review,
    policy_view,
)
from cpegi_app.vocabulary import Action
from cpegi_app.vocabulary.policy import GrantState
from tests import factories, policies, redemption


def test_redemption_is_fixed_after_the_applications_window_is_over(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, staff)
    [grant] = redemption.confirmed(session, staff, of, redemption.received(session, of, owner))
    session.refresh(of)
    clock.shift(clock._shift + (clock.aware(of.closes_at or clock.now()) - clock.now()) + timedelta(days=1))
    opens, closes = clock.today().isoformat(), (clock.today() + timedelta(days=30)).isoformat()
    of.draft = {
        **of.draft,
        "values": of.draft["values"] | {"redeem_opens_on": opens, "redeem_closes_on": closes},
    }
    session.add(of)
    session.flush()
    number = policy.publish(session, staff, of.id or 0, of.version)
    assert number == 2
    assert policy_claim.start(session, owner, grant.id or 0).id
    heads = session.exec(select(Notice.title).where(Notice.user_id == owner.user_id)).all()
    assert any(h.startswith("兑现时间：") for h in heads)
    # A first publication, or another window, still lies in the future.
    past = {"closes_on": (clock.today() - timedelta(days=9)).isoformat()}
    session.refresh(of)
    of.draft = {**of.draft, "values": of.draft["values"] | past}
    session.add(of)
    session.flush()
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, of.id or 0, of.version)
    assert "closes_on" in refusal.value.fields


def test_a_payment_that_failed_after_the_window_is_asked_for_again(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, staff)
    [grant] = redemption.confirmed(session, staff, of, redemption.received(session, of, owner))
    first = redemption.checked(session, staff, redemption.claim(session, owner, grant))
    batch = redemption.batch(session, staff, first)
    session.refresh(of)
    of.redeem_opens_at, of.redeem_closes_at = (clock.now() - timedelta(days=d) for d in (30, 1))
    session.add(of)
    session.flush()
    with pytest.raises(DomainError):
        policy_claim.start(session, owner, grant.id or 0)
    data = redemption.filled(redemption.out_rows(session, staff, batch), redemption.failed())
    redemption.returned(session, staff, batch, data)
    [own], _ = policy_claim_list.own(session, owner)
    assert own.action == "重新申请兑现"
    again = redemption.claim(session, owner, grant, account_no="6217 9999 8888 7777")
    assert again.round == 2 and grant.state == GrantState.CONFIRMED
    assert redemption.checked(session, staff, again).id


def test_what_a_closed_account_holds_can_be_moved_on_from_the_desk(session: Session):
    one, two = factories.staff(session, "甲"), factories.staff(session, "乙")
    row = policies.sent(session, factories.member(session), policies.published(session))
    policy_queue.take(session, one, row.id or 0)
    assert not policy_review.desk(session, two, row.id or 0).can_release
    session.get_one(User, one.user_id).disabled_at = clock.now()
    session.flush()
    assert policy_review.desk(session, two, row.id or 0).can_release
    policy_queue.give_back(session, two, row.id or 0)
    assert policy_review.desk(session, two, row.id or 0).free


def test_the_applicant_reads_why_less_was_granted(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    row = redemption.received(session, redemption.policy(session, staff), owner)
    payload = {"reviewed": "100", "reviewed_reason": "超出部分无凭证"}
    for stage in range(2):
        row = policies.fresh(session, row)
        policy_queue.take(session, staff, row.id or 0)
        shown = policy_view.form(session, owner, row.id or 0)
        assert (shown.granted, shown.granted_why) == ("", "")
        row = policies.act(session, staff, row, Action.APPROVE, payload=payload if stage == 0 else {})
    shown = policy_view.form(session, owner, row.id or 0)
    assert (shown.granted, shown.granted_why) == ("100.00", "超出部分无凭证")
