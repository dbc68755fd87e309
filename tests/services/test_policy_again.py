"""An approved claim whose applicant has to ask again: what finance sees of it, and that a newer claim replaces it (manual §8.2)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from cpegi_app.access import POLICY_CLAIMS, Actor
from cpegi_app.errors import Conflict
from cpegi_app.models import Notice, Organisation, PolicyClaim, PolicyGrant
from cpegi_app.services import (
    policy_claim,
    policy_claim_list,
    policy_payment,
    policy_ready,
    policy_renamed,
    policy_standing,
)
from cpegi_app.services import review as engine
from cpegi_app.vocabulary import Action, Status
from tests import factories, redemption, worlds

RENAMED = "郑州改名后有限公司"


@pytest.fixture
def approved(session: Session) -> tuple[Actor, Actor, PolicyGrant, PolicyClaim]:
    """Return staff, an owner, a grant and its approved claim."""
    staff, owner = factories.staff(session), factories.member(session)
    grant = redemption.granted(session, owner, staff)
    return staff, owner, grant, redemption.checked(session, staff, redemption.claim(session, owner, grant))


def called(session: Session, owner: Actor, name: str) -> None:
    session.get_one(Organisation, owner.org_id).name = name
    session.flush()


def decided(session: Session, staff: Actor, claim: PolicyClaim, action: Action) -> None:
    row = redemption.fresh(session, claim)
    policy_claim_list.decide(session, staff, row.id, action, row.version, comment="收据有误")


def bank_refuses(session: Session, staff: Actor, claim: PolicyClaim) -> None:
    number = redemption.batch(session, staff, claim)
    data = redemption.filled(redemption.out_rows(session, staff, number), redemption.failed())
    redemption.returned(session, staff, number, data)


def seen(session: Session, staff: Actor) -> dict[str, list[int]]:
    """Return the claims in each list of finance's."""
    lists: dict[str, Any] = {
        "ready": policy_ready.ready,
        "again": policy_ready.again,
        "failed": policy_ready.failed,
    }
    return {name: [r.id for r in listed(session, staff)[0]] for name, listed in lists.items()}


def test_a_claim_whose_newer_one_was_rejected_is_paid_by_nobody(session: Session, approved):
    staff, owner, grant, old = approved
    name = grant.org_name
    called(session, owner, RENAMED)
    again = redemption.claim(session, owner, grant, payee_name=RENAMED)
    decided(session, staff, again, Action.REJECT)
    for now in (RENAMED, name):
        called(session, owner, now)
        assert policy_standing.of(session, grant) == "兑现审核不通过"
        assert seen(session, staff) == {"ready": [], "again": [], "failed": []}
        assert policy_ready.choosable(session, staff) == {} and policy_ready.waiting(session, staff) == 0
        with pytest.raises(Conflict, match="状态已变化"):
            redemption.batch(session, staff, old)
    third = redemption.checked(session, staff, redemption.claim(session, owner, grant))
    assert seen(session, staff) == {"ready": [third.id], "again": [], "failed": []}


def test_after_a_failed_payment_a_rejected_claim_replaces_the_one_before(session: Session, approved):
    staff, owner, grant, old = approved
    bank_refuses(session, staff, old)
    assert seen(session, staff)["failed"] == [old.id]
    decided(session, staff, redemption.claim(session, owner, grant), Action.REJECT)
    assert policy_standing.of(session, grant) == "兑现审核不通过"
    assert seen(session, staff) == {"ready": [], "again": [], "failed": []}


@pytest.mark.parametrize("why", ["again", "failed"])
def test_what_is_only_begun_anew_stays_with_those_that_wait_for_their_applicants(
    session: Session, approved, why: str
):
    staff, owner, grant, old = approved
    name = grant.org_name
    if why == "again":
        called(session, owner, RENAMED)
    else:
        bank_refuses(session, staff, old)
    stays = {"ready": [], "again": [], "failed": []} | {why: [old.id]}
    assert seen(session, staff) == stays
    redemption.begun(session, owner, grant)
    assert seen(session, staff) == stays
    # Nor does it vanish when the name is changed back: what was begun has to be sent.
    called(session, owner, name)
    assert seen(session, staff) == stays
    listed, total = policy_ready.again(session, staff)
    assert total == len(stays["again"]) and all("尚未提交" in r.why for r in listed)
    named = [str(grant.policy_id)] if total else []
    assert [i for i, _ in policy_ready.policies(session, staff, again=True)] == named
    with pytest.raises(Conflict):
        redemption.batch(session, staff, old)
    row = redemption.claim(session, owner, grant)
    assert seen(session, staff) == {"ready": [], "again": [], "failed": []}
    # Withdrawn, it waits for its applicant again.
    row = redemption.fresh(session, row)
    engine.act(session, policy_claim.FLOW, owner, row.id, Action.WITHDRAW, row.version)
    assert seen(session, staff) == stays


def test_a_payee_renamed_in_an_open_batch_is_marked_and_goes_where_it_says(session: Session, approved):
    staff, owner, grant, row = approved
    batch = redemption.batch(session, staff, row, out=False)
    [line], _ = policy_payment.lines(session, staff, batch)
    assert line.why == ""
    called(session, owner, RENAMED)
    [line], _ = policy_payment.lines(session, staff, batch)
    assert "与户名不一致" in line.why
    own = policy_claim_list.own_row(session, grant)
    assert own.state == "拨付中" and RENAMED in own.note and "移出" in own.note
    assert "与户名不一致" in policy_payment.remove(session, staff, batch, line.id)
    assert seen(session, staff) == {"ready": [], "again": [row.id], "failed": []}


def test_what_is_taken_out_of_a_batch_and_can_be_paid_says_nothing(session: Session, approved):
    staff, _, _, row = approved
    batch = redemption.batch(session, staff, row, out=False)
    [line], _ = policy_payment.lines(session, staff, batch)
    assert policy_payment.remove(session, staff, batch, line.id) == ""
    assert seen(session, staff)["ready"] == [row.id]


def test_a_batch_that_has_gone_out_marks_nobody(session: Session, approved):
    staff, owner, _, row = approved
    batch = redemption.batch(session, staff, row)
    called(session, owner, RENAMED)
    [line], _ = policy_payment.lines(session, staff, batch)
    assert line.why == ""


def test_a_rename_that_comes_into_force_tells_its_owner_to_ask_again(session: Session):
    world = worlds.profile_change_world(session)
    owner, staff = world.owner, factories.staff(session)
    grant = redemption.granted(session, owner, staff)
    redemption.checked(session, staff, redemption.claim(session, owner, grant))

    def told() -> list[Notice]:
        mine = (Notice.user_id == owner.user_id, Notice.href == POLICY_CLAIMS.route)
        found = session.exec(select(Notice).where(*mine, Notice.tone == "red"))
        return [n for n in found if n.title.startswith("须重新申请兑现")]

    org, before = session.get_one(Organisation, owner.org_id), grant.org_name
    policy_renamed.tell(session, org, before.replace("（", "(") + " ")
    assert told() == []
    world.data["name"] = RENAMED
    world.bring_to(session, Status.APPROVED)
    assert org.name == RENAMED
    (notice,) = told()
    assert RENAMED in notice.text and "重新申请兑现" in notice.text
