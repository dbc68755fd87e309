"""取消奖补: what is granted and not paid goes back to the budget, one by one or all that is overdue (manual §8.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from cpegi_app import clock, db
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Notice, Policy, PolicyBudget, PolicyClaim, PolicyGrant
from cpegi_app.services import (
    policy_bench,
    policy_budget,
    policy_claim,
    policy_claim_list,
    policy_payment,
    policy_ready,
    policy_takeback,
    policy_trail,
    policy_way,
    review,
)
from cpegi_app.services.policy_takeback import Overdue
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import GrantState
from tests import factories, redemption
from tests.services.test_policy_races import at_once, made
from tests.statements import said_to

REASON = "逾期未申请兑现，视为放弃"


def budget(session: Session, of: Policy) -> PolicyBudget:
    query = select(PolicyBudget).where(PolicyBudget.policy_id == of.id)
    return session.exec(query.execution_options(populate_existing=True)).one()


def closed(session: Session, of: Policy) -> None:
    """Let the window of redemption be over."""
    of.redeem_closes_at = clock.now() - timedelta(seconds=1)
    session.add(of)
    session.flush()


def world(session: Session, number: int) -> tuple[Actor, Policy, list[Actor], list[PolicyGrant]]:
    """Return grants that may be redeemed, one an organisation, all of one publication."""
    staff = factories.staff(session)
    owners = [factories.member(session) for _ in range(number)]
    with redemption.earlier(7):
        of = redemption.policy(session, staff)
        rows = [redemption.approve(session, staff, redemption.received(session, of, o)) for o in owners]
        publicity = redemption.publish(session, staff, of)
    redemption.policy_publicity.confirm(session, staff, publicity)
    grants = [redemption.fresh(session, redemption.grant_of(session, r)) for r in rows]
    return staff, of, owners, grants


def _locks(session: Session) -> int:
    """Return how many advisory locks the session holds."""
    if session.get_bind().dialect.name != "postgresql":
        return 0
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    return session.connection().execute(text(query)).scalar_one()


def number_of(grant: PolicyGrant) -> int:
    return grant.publicity_id or 0


def test_a_grant_is_taken_back_with_a_reason(session: Session):
    staff, of, (owner, _), (grant, other) = world(session, 2)
    held, own = budget(session, of).held_fen, redemption.policy_claim.latest(session, grant.id or 0)
    assert own is None
    policy_takeback.take_back(session, staff, number_of(grant), grant.id or 0, f" {REASON} ")
    grant, other = redemption.fresh(session, grant), redemption.fresh(session, other)
    assert (grant.state, grant.reason, other.state) == (GrantState.REVOKED, REASON, GrantState.CONFIRMED)
    assert budget(session, of).held_fen == held - grant.amount_fen
    # The organisation is told, and reads the reason wherever the grant is shown; there is nothing more to do.
    told = session.exec(select(Notice).where(Notice.user_id == owner.user_id).order_by(col(Notice.id).desc()))
    first = told.first()
    assert first and "奖补已取消" in first.title and REASON in first.text
    row = policy_claim_list.own_row(session, grant)
    assert (row.state, row.action) == ("已取消", "") and REASON in row.note
    assert [t for t in policy_bench.own(session, owner) if t.tag.startswith("政策兑现")] == []
    with pytest.raises(DomainError, match="奖补已取消"):
        policy_claim.start(session, owner, grant.id or 0)
    steps = policy_way.own_steps(session, owner, grant.application_id)
    assert [s.text for s in steps if s.state == "bad"] == [f"奖补已取消：{REASON}"]
    trail = policy_trail.trail(session, staff, grant.application_id)
    assert next(line.value for line in trail.publicity if line.label == "取消奖补").endswith(REASON)
    noted = session.exec(select(AuditEntry).where(AuditEntry.action == "policy.takeback")).all()
    assert [n.subject for n in noted] == [f"grant:{grant.id}"]
    with pytest.raises(Conflict, match="已取消"):
        policy_takeback.take_back(session, staff, number_of(grant), grant.id or 0, REASON)


@pytest.mark.parametrize("reason", ["", " ", "一", "长" * 301])
def test_without_a_reason_nothing_is_taken_back(session: Session, reason: str):
    staff, of, _, (grant,) = world(session, 1)
    closed(session, of)
    seen = policy_takeback.overdue(session, staff, number_of(grant))
    with pytest.raises(FormInvalid) as one:
        policy_takeback.take_back(session, staff, number_of(grant), grant.id or 0, reason)
    with pytest.raises(FormInvalid) as every:
        policy_takeback.take_back_overdue(session, staff, number_of(grant), seen, reason)
    assert one.value.fields.keys() == every.value.fields.keys() == {"reason"}
    assert redemption.fresh(session, grant).state == GrantState.CONFIRMED


def test_what_is_on_its_way_to_the_bank_is_not_taken_back(session: Session):
    staff, _, owners, (first, second, third) = world(session, 3)
    waiting = redemption.claim(session, owners[0], first)
    ready = redemption.checked(session, staff, redemption.claim(session, owners[1], second))
    paid = redemption.checked(session, staff, redemption.claim(session, owners[2], third))
    batch = redemption.batch(session, staff, paid)
    for grant, said in ((first, "正在审核"), (third, "拨付批次")):
        with pytest.raises(Conflict, match=said):
            policy_takeback.take_back(session, staff, number_of(grant), grant.id or 0, REASON)
    rows = redemption.out_rows(session, staff, batch)
    redemption.returned(session, staff, batch, redemption.filled(rows, redemption.paid()))
    with pytest.raises(Conflict, match="已拨付"):
        policy_takeback.take_back(session, staff, number_of(third), third.id or 0, REASON)
    # What is approved and in no batch yet can be stopped, and is in none afterwards.
    assert list(policy_ready.choosable(session, staff)) == [ready.id]
    policy_takeback.take_back(session, staff, number_of(second), second.id or 0, REASON)
    assert policy_ready.choosable(session, staff) == {}
    with pytest.raises(Conflict):
        policy_payment.make(session, staff, [ready.id or 0], "批次")
    # What was rejected at last can be taken back, what was returned too, and no correction brings it back.
    row = redemption.fresh(session, waiting)
    marks = {"bank": "请写到支行"}
    policy_claim_list.decide(session, staff, row.id or 0, Action.RETURN, row.version, marks=marks)
    policy_takeback.take_back(session, staff, number_of(first), first.id or 0, REASON)
    with pytest.raises(DomainError, match="奖补已取消"):
        redemption.review.act(
            session,
            policy_claim.FLOW,
            owners[0],
            row.id or 0,
            Action.SUBMIT,
            redemption.fresh(session, row).version,
            values={"data": redemption.claim_data(first.org_name)},
        )
    shown = policy_claim_list.own_row(session, redemption.fresh(session, first))
    assert (shown.state, shown.action) == ("已取消", "查看")


def test_what_nobody_redeemed_in_time_is_taken_back_at_once(session: Session):
    staff, of, owners, grants = world(session, 6)
    withdrawn = redemption.claim(session, owners[5], grants[5])
    redemption.review.act(
        session, policy_claim.FLOW, owners[5], withdrawn.id or 0, Action.WITHDRAW, withdrawn.version
    )
    redemption.claim(session, owners[0], grants[0])
    returned = redemption.claim(session, owners[1], grants[1])
    marks = {"bank": "请写到支行"}
    policy_claim_list.decide(session, staff, returned.id or 0, Action.RETURN, returned.version, marks=marks)
    redemption.begun(session, owners[2], grants[2])
    publicity = number_of(grants[0])
    assert policy_takeback.overdue(session, staff, publicity) == Overdue()
    with pytest.raises(Conflict, match="刚有变化"):
        policy_takeback.take_back_overdue(session, staff, publicity, Overdue(), REASON)
    closed(session, of)
    [todo] = [t for _, t in policy_bench.staff(session, staff) if t.tag == "逾期未兑现"]
    assert (todo.title, todo.href) == (of.name, f"/staff/publicities/{publicity}")
    assert todo.note.startswith("4 笔")
    seen = policy_takeback.overdue(session, staff, publicity)
    late, total = grants[2:], sum(g.amount_fen for g in grants[2:])
    assert (seen.count, seen.total_fen, seen.more) == (4, total, 0)
    assert [r.org for r in seen.rows] == [g.org_name for g in late]
    standing = ["兑现申请未提交", "未申请兑现", "未申请兑现", "兑现申请已撤回"]
    assert [r.state for r in seen.rows] == standing
    # What was not seen is not taken back.
    policy_takeback.take_back(session, staff, publicity, grants[4].id or 0, REASON)
    held = budget(session, of).held_fen
    with pytest.raises(Conflict, match="没有取消任何"):
        policy_takeback.take_back_overdue(session, staff, publicity, seen, REASON)
    assert budget(session, of).held_fen == held
    seen = policy_takeback.overdue(session, staff, publicity)
    before = _locks(session)
    assert policy_takeback.take_back_overdue(session, staff, publicity, seen, REASON) == 3
    # However many they are: PostgreSQL has room for a few thousand locks.
    assert _locks(session) - before <= 2
    told = session.exec(select(Notice.text).where(Notice.user_id == owners[5].user_id)).all()
    assert f"逾期未兑现（兑现申请已撤回）：{REASON}" in told
    states = [redemption.fresh(session, g).state for g in grants]
    assert states == ["CONFIRMED", "CONFIRMED", "REVOKED", "REVOKED", "REVOKED", "REVOKED"]
    assert budget(session, of).held_fen == sum(g.amount_fen for g in grants[:2])
    assert policy_takeback.overdue(session, staff, publicity).count == 0
    assert [t for _, t in policy_bench.staff(session, staff) if t.tag == "逾期未兑现"] == []


def test_only_the_names_of_the_list_by_those_who_act_on_it(session: Session):
    staff, of, _, (grant,) = world(session, 1)
    _, _, _, (foreign,) = world(session, 1)
    closed(session, of)
    number = number_of(grant)
    for wrong in (foreign.id or 0, 0, -1, 2**40, True):
        with pytest.raises(NotFound):
            policy_takeback.take_back(session, staff, number, wrong, REASON)
    seen = policy_takeback.overdue(session, staff, number)
    calls: list[Callable[[Actor], object]] = [
        lambda a: policy_takeback.overdue(session, a, number),
        lambda a: policy_takeback.take_back(session, a, number, grant.id or 0, REASON),
        lambda a: policy_takeback.take_back_overdue(session, a, number, seen, REASON),
    ]
    for who in (factories.member(session), factories.regulator(session)):
        for call in calls:
            with pytest.raises((NotFound, Forbidden)):
                call(who)
    assert redemption.fresh(session, grant).state == GrantState.CONFIRMED


@pytest.mark.usefixtures("database")
def test_taken_back_and_put_in_a_batch_at_once_is_one_of_both():
    staff = made(lambda s: factories.staff(s, "甲"))
    for _ in range(3):

        def payable(session: Session) -> tuple[int, int, int]:
            owner = factories.member(session)
            grant = redemption.granted(session, owner, staff)
            claim = redemption.checked(session, staff, redemption.claim(session, owner, grant))
            return claim.id or 0, grant.id or 0, grant.publicity_id or 0

        claim, grant, publicity = made(payable)

        def pay(session: Session, claim: int = claim) -> int:
            return policy_payment.make(session, staff, [claim], "批次")

        def stop(session: Session, publicity: int = publicity, grant: int = grant) -> None:
            policy_takeback.take_back(session, staff, publicity, grant, REASON)

        results = at_once([pay, stop] * 3)
        assert sum(not isinstance(r, DomainError) for r in results) == 1, results
        with db.reading() as session:
            state = session.get_one(PolicyGrant, grant).state
            living = policy_claim.living_payment(session, grant)
            assert (state == GrantState.REVOKED) == (living is None)
            assert session.get_one(PolicyClaim, claim).status == Status.APPROVED


@pytest.mark.usefixtures("database")
def test_sent_again_and_taken_back_as_overdue_at_once_is_one_of_both():
    staff = made(lambda s: factories.staff(s, "甲"))
    for _ in range(3):

        def withdrawn(session: Session) -> tuple[Actor, PolicyClaim, int, Overdue]:
            owner = factories.member(session)
            grant = redemption.granted(session, owner, staff)
            row = redemption.claim(session, owner, grant)
            redemption.review.act(
                session, policy_claim.FLOW, owner, row.id or 0, Action.WITHDRAW, row.version
            )
            closed(session, session.get_one(Policy, grant.policy_id))
            row = redemption.fresh(session, row)
            return owner, row, number_of(grant), policy_takeback.overdue(session, staff, number_of(grant))

        owner, row, publicity, seen = made(withdrawn)

        def send(session: Session, owner: Actor = owner, row: PolicyClaim = row) -> None:
            more = {"values": {"data": redemption.claim_data(row.org_name)}}
            redemption.review.act(
                session, policy_claim.FLOW, owner, row.id or 0, Action.SUBMIT, row.version, **more
            )

        def stop(session: Session, publicity: int = publicity, seen: Overdue = seen) -> None:
            policy_takeback.take_back_overdue(session, staff, publicity, seen, REASON)

        results = at_once([send, stop] * 2)
        assert sum(not isinstance(r, DomainError) for r in results) == 1, results
        with db.reading() as session:
            state = session.get_one(PolicyGrant, row.grant_id).state
            sent = session.get_one(PolicyClaim, row.id).status == Status.PENDING
            assert (state == GrantState.REVOKED) != sent


def test_many_are_taken_back_with_as_many_statements_as_one(session: Session):
    def asked(number: int) -> int:
        staff, of, owners, grants = world(session, number)
        # Whoever withdrew a claim reads something else than who never sent one.
        for owner, grant in list(zip(owners, grants, strict=True))[::2]:
            row = redemption.claim(session, owner, grant)
            review.act(session, policy_claim.FLOW, owner, row.id or 0, Action.WITHDRAW, row.version)
        closed(session, of)
        seen = policy_takeback.overdue(session, staff, number_of(grants[0]))
        session.expire_all()
        with said_to(session.connection()) as statements:
            assert (
                policy_takeback.take_back_overdue(session, staff, number_of(grants[0]), seen, REASON)
                == number
            )
            session.flush()
        for n, owner in enumerate(owners):
            query = select(Notice.text).where(Notice.user_id == owner.user_id)
            told = [t for t in session.exec(query) if REASON in t]
            assert told == [f"逾期未兑现（{'未申请兑现' if n % 2 else '兑现申请已撤回'}）：{REASON}"]
            assert policy_budget.held_by(session, of.id or 0, owner.org_id or 0)[0] == 0
        assert budget(session, of).held_fen == 0
        return len(statements)

    asked(2)
    assert asked(20) == asked(2)
