"""Where a grant stands: one word for lists, filters and steps; why a payment failed stays told until it is paid (manual §8.2)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Organisation, Policy
from cpegi_app.services import (
    policy_bench,
    policy_claim,
    policy_claim_list,
    policy_objection,
    policy_publicity,
    policy_standing,
    policy_way,
    review,
)
from cpegi_app.vocabulary import Action
from tests import factories, redemption
from tests.redemption import fresh


def firms(session: Session, count: int) -> list[Actor]:
    return [factories.member(session) for _ in range(count)]


def failed(session: Session, staff: Actor, *claims: Any) -> int:
    """Let the payments of claims fail."""
    number = redemption.batch(session, staff, *claims)
    rows = redemption.out_rows(session, staff, number)
    data = redemption.filled(rows, *(redemption.failed("账号不存在") for _ in claims))
    redemption.returned(session, staff, number, data)
    return number


def decide(session: Session, staff: Actor, claim: Any, action: Action) -> None:
    row = fresh(session, claim)
    policy_claim_list.decide(session, staff, row.id, action, row.version, comment="请核对收据")


def test_every_standing_can_be_filtered_for_and_brings_nothing_else(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    owners = firms(session, 13)
    rows = [redemption.received(session, of, owner) for owner in owners[:12]]
    redemption.approve(session, staff, rows[0])
    grants = redemption.confirmed(session, staff, of, *rows[1:])
    waiting = redemption.received(session, of, owners[12])
    redemption.approve(session, staff, waiting)
    _begin(session, owners[2:12], grants[1:], staff)
    session.expire_all()
    publicity = fresh(session, grants[0]).publicity_id
    every, total = policy_publicity.entries(session, staff, publicity, size=50)
    assert total == 12
    seen: dict[str, set[int]] = {}
    for entry in every:
        seen.setdefault(entry.state, set()).add(entry.grant_id)
    assert len(seen) == 11
    for code, label in policy_standing.STANDINGS.items():
        shown, count = policy_publicity.entries(session, staff, publicity, filters={"state": code}, size=50)
        assert {e.grant_id for e in shown} == seen.get(label, set()), label
        assert count == len(shown)
    for owner, grant in zip(owners[1:12], grants, strict=True):
        (mine,), _ = policy_claim_list.own(session, owner, filters={})
        code = next(c for c, label in policy_standing.STANDINGS.items() if label == mine.state)
        assert policy_claim_list.own(session, owner, filters={"state": code})[1] == 1
        other = {c for c in policy_standing.STANDINGS if c != code}
        assert not any(policy_claim_list.own(session, owner, filters={"state": c})[1] for c in other)
        assert grant.id


def _begin(session: Session, owners: list[Actor], grants: list[Any], staff: Actor) -> None:
    """Bring grants as far as they can stand: begun, withdrawn, sent, returned, rejected, approved, failed, paying, paid, renamed."""
    redemption.begun(session, owners[0], grants[0])
    claims = [redemption.claim(session, o, g) for o, g in zip(owners[1:], grants[1:], strict=True)]
    row = fresh(session, claims[0])
    review.act(session, policy_claim.FLOW, owners[1], row.id, Action.WITHDRAW, row.version)
    decide(session, staff, claims[2], Action.RETURN)
    decide(session, staff, claims[3], Action.REJECT)
    checked = [redemption.checked(session, staff, c) for c in claims[4:]]
    failed(session, staff, checked[1])
    redemption.batch(session, staff, checked[2])
    number = redemption.batch(session, staff, checked[3])
    data = redemption.filled(redemption.out_rows(session, staff, number), redemption.paid())
    redemption.returned(session, staff, number, data)
    session.get_one(Organisation, checked[4].org_id).name = "郑州改名后有限公司"
    session.flush()


def test_what_nobody_redeemed_in_time_is_not_told_as_open(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    grant = redemption.granted(session, firm, staff)
    assert policy_standing.of(session, grant) == "可兑现"
    policy = session.get_one(Policy, grant.policy_id)
    policy.redeem_closes_at = policy.redeem_opens_at
    session.add(policy)
    session.flush()
    assert policy_standing.of(session, grant) == "逾期未兑现"
    assert policy_claim_list.own(session, firm, filters={"state": "CONFIRMED"})[1] == 0
    assert policy_claim_list.own(session, firm, filters={"state": "LATE"})[1] == 1


# --- a payment that failed ----------------------------------------------------------------------------


def test_why_a_payment_failed_is_told_until_it_is_paid(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    grant = redemption.granted(session, firm, staff)
    claim = redemption.checked(session, staff, redemption.claim(session, firm, grant))
    failed(session, staff, claim)
    again = redemption.begun(session, firm, grant)
    told = policy_standing.failure_told(session, grant.id or 0)
    assert "账号不存在" in told and "尾号 7890" in told and str(clock.today()) in told

    def everywhere() -> list[str]:
        (row,), _ = policy_claim_list.own(session, firm)
        steps = policy_way.own_steps(session, firm, grant.application_id)
        todos = policy_bench.own(session, firm)
        return [row.note, steps[-1].text + steps[-1].at, *(t.note for t in todos)]

    assert all("账号不存在" in text for text in everywhere()) and len(everywhere()) == 3
    row = fresh(session, again)
    values = {"data": redemption.claim_data(grant.org_name, account_no="6217001234567000")}
    review.act(session, policy_claim.FLOW, firm, row.id, Action.SUBMIT, row.version, key="k", values=values)
    assert all("账号不存在" in text for text in everywhere())
    claim = redemption.checked(session, staff, again)
    number = redemption.batch(session, staff, claim)
    data = redemption.filled(redemption.out_rows(session, staff, number), redemption.paid())
    redemption.returned(session, staff, number, data, "第二次.xlsx")
    assert policy_standing.failure_told(session, grant.id or 0) == ""
    assert not any("账号不存在" in text for text in everywhere())


def test_the_queue_of_claims_shows_one_status_or_all(session: Session):
    staff = factories.staff(session)
    firm, other = firms(session, 2)
    for owner in (firm, other):
        redemption.claim(session, owner, redemption.granted(session, owner, staff))
    (first, _), _ = policy_claim_list.queue(session, staff, filters={})
    row = session.get_one(policy_claim.PolicyClaim, first.id)
    decide(session, staff, row, Action.RETURN)
    counted = {
        s: policy_claim_list.queue(session, staff, filters={"status": s})[1] for s in ("", "RETURNED", "ALL")
    }
    assert counted == {"": 1, "RETURNED": 1, "ALL": 2}


# --- whom to tell of an objection ---------------------------------------------------------------------


def test_a_publication_says_whom_to_tell_and_the_names_that_they_are_disputed(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    for owner in firms(session, 2):
        redemption.approve(session, staff, redemption.received(session, of, owner))
    number = redemption.publish(session, staff, of)
    row, names, _ = policy_publicity.public_one(session, number)
    assert (row.department, row.phone) == ("市金融工作办公室", "0371-60000000")
    assert row.policy_href == f"/policies/{of.id}"
    said = {
        "from_name": "周先生",
        "contact": "13800001111",
        "text": "名单不全",
        "received_on": f"{clock.today()}",
    }
    whole = policy_objection.record(session, staff, number, said)

    def disputed() -> list[str]:
        return [e.disputed for e in policy_publicity.entries(session, staff, number)[0]]

    assert disputed() == ["整个名单有异议待处理"] * 2
    policy_objection.decide(session, staff, number, whole, False, "已核对")
    policy_objection.record(session, staff, number, said | {"grant": str(names[0].grant_id)})
    assert sorted(disputed()) == ["", "有异议待处理"]
    assert not any(e.disputed for e in policy_publicity.public_one(session, number)[1])
