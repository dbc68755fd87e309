"""政策兑现: payee, receipt, windows, rounds, rights (manual §8.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Notice, Organisation, PolicyAmount, PolicyBudget, User
from cpegi_app.services import (
    files,
    policy_claim,
    policy_claim_list,
    policy_payment,
    policy_payment_result,
    policy_ready,
    policy_takeback,
    policy_trail,
    review,
)
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import AmountKind, GrantState, PaymentState
from tests import factories, redemption


@pytest.fixture
def ready(session: Session):
    """Return staff, an owner, a policy and a grant that may be redeemed."""
    staff, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, staff)
    [grant] = redemption.confirmed(session, staff, of, redemption.received(session, of, owner))
    return staff, owner, of, grant


def test_the_whole_way_from_received_to_paid(session: Session, ready):
    staff, owner, of, grant = ready
    row = redemption.checked(session, staff, redemption.claim(session, owner, grant))
    batch = redemption.batch(session, staff, row)
    rows = redemption.out_rows(session, staff, batch)
    assert rows[1][1] == grant.org_name and rows[1][3] == "6217001234567890"
    found = redemption.returned(session, staff, batch, redemption.filled(rows, redemption.paid("PZ-77")))
    assert (found.paid, found.failed, found.wrong, found.done) == (1, 0, 0, True)
    session.refresh(grant)
    assert grant.state == GrantState.PAID
    budget = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
    session.refresh(budget)
    assert budget.paid_fen == budget.held_fen == grant.amount_fen == 5_000_000
    kinds = [a.kind for a in session.exec(select(PolicyAmount).order_by(PolicyAmount.id))]  # pyright: ignore
    assert kinds == [
        AmountKind.COMPUTED,
        AmountKind.ASKED,
        AmountKind.REVIEWED,
        AmountKind.CONFIRMED,
        AmountKind.PAID,
    ]
    [own], _ = policy_claim_list.own(session, owner)
    assert own.state == "已拨付" and "PZ-77" in own.voucher
    titles = [n.title for n in session.exec(select(Notice).where(Notice.user_id == owner.user_id))]
    assert any(t.startswith("已拨付") for t in titles)
    assert policy_payment.listing(session, staff)[0][0].state == "DONE"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"payee_name": "张三"}, "payee_name", "户名须与单位名称"),
        ({"payee_name": ""}, "payee_name", "请填写户名"),
        ({"account_no": "12345"}, "account_no", "8–30 位数字"),
        ({"account_no": "6217-0012-ABCD"}, "account_no", "8–30 位数字"),
        ({"bank": ""}, "bank", "请填写开户行"),
        ({"confirmed": ""}, "confirmed", "请勾选金额确认"),
    ],
)
def test_a_wrong_payee_is_refused_at_its_field(session: Session, ready, changes, field, said):
    _, owner, _, grant = ready
    with pytest.raises(FormInvalid) as refusal:
        redemption.claim(session, owner, grant, **changes)
    assert said in refusal.value.fields[field]


def test_the_name_may_differ_in_widths_and_blanks_only(session: Session):
    assert policy_claim.same_name("郑州（高新）科技有限公司", "郑州(高新) 科技有限公司")
    assert not policy_claim.same_name("郑州高新科技有限公司分公司", "郑州高新科技有限公司")
    assert not policy_claim.same_name("", "")


def test_without_a_receipt_nothing_is_sent(session: Session, ready):
    _, owner, _, grant = ready
    row = policy_claim.start(session, owner, grant.id or 0)
    values = {"data": redemption.claim_data(grant.org_name)}
    with pytest.raises(FormInvalid) as refusal:
        review.act(session, policy_claim.FLOW, owner, row.id or 0, Action.SUBMIT, row.version, values=values)
    assert "收款收据" in refusal.value.fields["file_RECEIPT"]


def test_a_claim_begun_twice_is_one(session: Session, ready):
    _, owner, _, grant = ready
    first = policy_claim.start(session, owner, grant.id or 0)
    assert policy_claim.start(session, owner, grant.id or 0).id == first.id


def test_another_organisations_grant_does_not_exist(session: Session, ready):
    _, _, _, grant = ready
    with pytest.raises(NotFound):
        policy_claim.start(session, factories.member(session), grant.id or 0)


@pytest.mark.parametrize("moment", ["before", "after", "unset"])
def test_outside_the_window_nobody_redeems(session: Session, ready, moment: str):
    _, owner, of, grant = ready
    now = clock.now()
    of.redeem_opens_at, of.redeem_closes_at = {
        "before": (now + timedelta(days=3), now + timedelta(days=9)),
        "after": (now - timedelta(days=9), now - timedelta(days=3)),
        "unset": (None, None),
    }[moment]
    session.add(of)
    session.flush()
    with pytest.raises(DomainError, match="兑现"):
        policy_claim.start(session, owner, grant.id or 0)


def test_before_publication_and_confirmation_nobody_redeems(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, staff)
    row = redemption.approve(session, staff, redemption.received(session, of, owner))
    grant = redemption.grant_of(session, row)
    with pytest.raises(DomainError, match="等待公示"):
        policy_claim.start(session, owner, grant.id or 0)
    redemption.publish(session, staff, of)
    session.refresh(grant)
    with pytest.raises(DomainError, match="正在公示"):
        policy_claim.start(session, owner, grant.id or 0)


def test_the_window_closing_while_the_form_is_open_keeps_what_was_typed(session: Session, ready):
    _, owner, of, grant = ready
    row = redemption.begun(session, owner, grant)
    of.redeem_closes_at = clock.now() - timedelta(seconds=1)
    session.add(of)
    session.flush()
    with pytest.raises(DomainError, match="保留为草稿"):
        redemption.claim(session, owner, grant)
    assert redemption.fresh(session, row).status == Status.DRAFT


@pytest.mark.parametrize("action", [Action.RETURN, Action.WITHDRAW, Action.REJECT])
def test_what_was_sent_in_time_may_come_back_after_the_window(session: Session, ready, action: Action):
    staff, owner, of, grant = ready
    row = redemption.claim(session, owner, grant)
    of.redeem_closes_at = clock.now() - timedelta(seconds=1)
    session.add(of)
    session.flush()
    # Both are told what follows before they act.
    assert "取消前您仍可修改后重新提交" in policy_claim.parting(session, owner, row.id or 0)
    checks = policy_claim_list.desk(session, staff, row.id or 0).view.checks
    assert any("仍可重新提交" in c.text for c in checks if c.label == "兑现时间")
    if action is Action.WITHDRAW:
        review.act(session, policy_claim.FLOW, owner, row.id or 0, action, row.version)
    else:
        more = {"marks": {"account_no": "账号有误"}} if action is Action.RETURN else {"comment": "收据不符"}
        policy_claim_list.decide(session, staff, row.id or 0, action, row.version, **more)
    shown = policy_claim_list.own_row(session, grant)
    assert "截止" in shown.note and "仍可重新提交" in shown.note
    states = {
        Action.RETURN: ("兑现申请已退回", "修改后重新提交"),
        Action.WITHDRAW: ("兑现申请已撤回", "修改后重新提交"),
        Action.REJECT: ("兑现审核不通过", "重新申请兑现"),
    }
    assert (shown.state, shown.action) == states[action]
    # Begun anew, it may be withdrawn and sent once more.
    again = redemption.claim(session, owner, grant, account_no="6217 0000 0000 1111")
    assert again.status == Status.PENDING and again.account_no.endswith("1111")
    assert again.round == (2 if action is Action.REJECT else 1)
    # Until the staff take the grant back.
    review.act(session, policy_claim.FLOW, owner, again.id or 0, Action.WITHDRAW, again.version)
    policy_takeback.take_back(session, staff, grant.publicity_id or 0, grant.id or 0, "逾期未兑现")
    with pytest.raises(DomainError, match="奖补已取消"):
        redemption.claim(session, owner, grant)


def test_a_rejected_claim_may_be_made_anew(session: Session, ready):
    staff, owner, _, grant = ready
    row = redemption.claim(session, owner, grant)
    policy_claim_list.decide(session, staff, row.id or 0, Action.REJECT, row.version, comment="收据金额不符")
    second = redemption.claim(session, owner, grant)
    assert second.id != row.id and second.round == 2


def test_a_mark_without_a_reason_and_one_of_another_form_are_refused(session: Session, ready):
    staff, owner, _, grant = ready
    row = redemption.claim(session, owner, grant)
    for marks, kind in (({"bank": " "}, FormInvalid), ({"amount_fen": "x"}, DomainError)):
        with pytest.raises(kind):
            policy_claim_list.decide(session, staff, row.id or 0, Action.RETURN, row.version, marks=marks)
    with pytest.raises(DomainError, match="标记了 1 处"):
        policy_claim_list.decide(
            session, staff, row.id or 0, Action.APPROVE, row.version, marks={"bank": "请写支行"}
        )


def test_of_a_disabled_organisation_no_claim_passes_and_nothing_is_paid(session: Session, ready):
    staff, owner, _, grant = ready
    row = redemption.claim(session, owner, grant)
    user = session.get_one(User, owner.user_id)
    user.disabled_at = clock.now()
    session.flush()
    with pytest.raises(DomainError, match="全部停用"):
        redemption.checked(session, staff, row)
    user.disabled_at = None
    session.flush()
    row = redemption.checked(session, staff, row)
    user.disabled_at = clock.now()
    session.flush()
    shown, _, _ = policy_ready.ready(session, staff)
    assert "停用" in shown[0].why and policy_ready.choosable(session, staff) == {}
    with pytest.raises(DomainError, match="全部停用"):
        redemption.batch(session, staff, row)
    # Nor does it go out when the account was closed only after the batch was made.
    user.disabled_at = None
    session.flush()
    batch = redemption.batch(session, staff, row, out=False)
    user.disabled_at = clock.now()
    session.flush()
    with pytest.raises(DomainError, match="移出批次"):
        policy_payment.send_out(session, staff, batch, 1)


def test_a_name_that_changed_after_the_claim_is_not_paid(session: Session, ready):
    staff, owner, _, grant = ready
    row = redemption.claim(session, owner, grant)
    session.get_one(Organisation, owner.org_id).name = "郑州改名后有限公司"
    session.flush()
    with pytest.raises(DomainError, match="与户名不一致"):
        redemption.checked(session, staff, row)


def test_a_name_that_changed_after_the_approval_is_asked_for_again(session: Session, ready):
    staff, owner, _, grant = ready
    org, name = session.get_one(Organisation, owner.org_id), grant.org_name
    row = redemption.checked(session, staff, redemption.claim(session, owner, grant))

    def called(name: str) -> None:
        org.name = name
        session.flush()

    called("郑州改名后有限公司")
    [shown], total = policy_ready.again(session, staff)
    assert "重新申请兑现" in shown.why and total == 1
    # It waits for its applicant, not to be paid: no list and no count says otherwise.
    assert policy_ready.choosable(session, staff) == {} and policy_ready.policies(session, staff) == []
    assert policy_ready.ready(session, staff) == ([], 0, "0.00") and policy_ready.waiting(session, staff) == 0
    with pytest.raises(DomainError, match="请取消选择"):
        redemption.batch(session, staff, row)
    called(name.replace("（", "(") + " ")
    assert policy_ready.waiting(session, staff) == 1 and policy_ready.again(session, staff) == ([], 0)
    called(name)
    batch = redemption.batch(session, staff, row, out=False)
    called("郑州改名后有限公司")
    with pytest.raises(DomainError, match="移出批次"):
        policy_payment.send_out(session, staff, batch, 1)
    [line], _ = policy_payment.lines(session, staff, batch)
    policy_payment.remove(session, staff, batch, line.id)
    shown = policy_claim_list.own_row(session, grant)
    assert shown.action == "重新申请兑现" and "郑州改名后有限公司" in shown.note
    again = redemption.claim(session, owner, grant, payee_name=org.name)
    redemption.checked(session, staff, again)
    [shown], _, _ = policy_ready.ready(session, staff)
    assert (shown.payee, shown.why, shown.again) == (org.name, "", False)


def test_who_is_not_named_for_the_stage_does_not_act_on_it(session: Session):
    staff, owner, clerk = factories.staff(session), factories.member(session), factories.staff(session)
    named = {"people_REDEMPTION": str(clerk.user_id), "people_FINANCE": str(clerk.user_id)}
    of = redemption.policy(session, staff, **named)
    [grant] = redemption.confirmed(session, staff, of, redemption.received(session, of, owner))
    row = redemption.claim(session, owner, grant)
    assert policy_claim_list.queue(session, staff, filters={})[1] == 0
    assert policy_claim_list.queue(session, clerk, filters={})[1] == 1
    with pytest.raises((NotFound, Forbidden)):
        redemption.checked(session, staff, row)
    with pytest.raises((NotFound, Forbidden)):
        review.act(session, policy_claim.FLOW, staff, row.id or 0, Action.APPROVE, row.version)
    row = redemption.checked(session, clerk, row)
    assert policy_ready.ready(session, staff)[1] == 0
    with pytest.raises(Conflict):
        redemption.batch(session, staff, row)
    [ready], _, _ = policy_ready.ready(session, clerk)
    assert policy_trail.trail(session, clerk, ready.application_id).receipt == ready.receipt
    batch = redemption.batch(session, clerk, row, out=False)
    assert policy_payment.listing(session, staff)[1] == 0
    [line], _ = policy_payment.lines(session, clerk, batch)
    for call in on_a_batch(session, batch, line.id):
        with pytest.raises(NotFound):
            call(staff)
    policy_payment.send_out(session, clerk, batch, 1)
    for call in on_a_batch(session, batch, line.id):
        with pytest.raises(NotFound):
            call(staff)


def on_a_batch(session: Session, batch: int, line: int) -> list[Callable[[Actor], object]]:
    """Return everything that can be done with a batch: its file names all payees with their full account numbers."""
    result = [(2, {"付款编号": "FK", "拨付结果": "成功"})]
    return [
        lambda a: policy_payment.load(session, a, batch),
        lambda a: policy_payment.lines(session, a, batch),
        lambda a: policy_payment.remove(session, a, batch, line),
        lambda a: policy_payment.send_out(session, a, batch, 1),
        lambda a: redemption.exported(session, a, batch, "xlsx"),
        lambda a: redemption.exported(session, a, batch, "csv"),
        lambda a: policy_payment_result.latest(session, a, batch),
        lambda a: policy_payment_result.take(session, a, batch, "结果.csv", b"", result),
    ]


def test_members_and_the_regulator_reach_none_of_it(session: Session, ready):
    staff, owner, _, grant = ready
    row = redemption.claim(session, owner, grant)
    batch = redemption.batch(session, staff, redemption.checked(session, staff, row))
    [line], _ = policy_payment.lines(session, staff, batch)
    for who in (owner, factories.regulator(session), factories.stranger()):
        for call in (
            *on_a_batch(session, batch, line.id),
            lambda a: policy_ready.ready(session, a),
            lambda a: policy_payment.listing(session, a),
            lambda a: policy_payment.make(session, a, [row.id or 0], "批次"),
            lambda a: policy_claim_list.queue(session, a, filters={}),
        ):
            with pytest.raises(Forbidden):
                call(who)
    unverified = dataclasses.replace(owner, verified=False)
    with pytest.raises(Forbidden):
        policy_claim.start(session, unverified, grant.id or 0)


def test_after_a_failed_payment_the_payee_is_stated_again_and_paid_once(session: Session, ready):
    staff, owner, _, grant = ready
    first = redemption.checked(session, staff, redemption.claim(session, owner, grant))
    with pytest.raises(Conflict, match="无需重复申请"):
        policy_claim.start(session, owner, grant.id or 0)
    batch = redemption.batch(session, staff, first)
    data = redemption.filled(redemption.out_rows(session, staff, batch), redemption.failed())
    redemption.returned(session, staff, batch, data)
    [own], _ = policy_claim_list.own(session, owner)
    assert own.action == "重新申请兑现" and "账号不存在" in own.note
    # Nobody pays into the dead account once more; finance reads for whom it waits, and why.
    assert policy_ready.ready(session, staff)[1] == policy_ready.waiting(session, staff) == 0
    [shown], _ = policy_ready.failed(session, staff)
    assert (shown.org, shown.why) == (grant.org_name, "账号不存在")
    with pytest.raises(Conflict):
        redemption.batch(session, staff, first)
    bad = redemption.claim(session, owner, grant)
    assert policy_ready.failed(session, staff)[1] == 0
    policy_claim_list.decide(session, staff, bad.id or 0, Action.REJECT, bad.version, comment="账号未更正")
    # It was sent: from now on it is the one that counts, and finance has nothing to do with it.
    assert policy_ready.waiting(session, staff) == 0 and policy_ready.failed(session, staff)[1] == 0
    with pytest.raises(Conflict):
        redemption.batch(session, staff, first)
    second = redemption.claim(session, owner, grant, account_no="6217 9999 8888 7777")
    # While a newer round is open the old one is not paid.
    assert policy_ready.ready(session, staff)[1] == 0
    second = redemption.checked(session, staff, second)
    shown, total, _ = policy_ready.ready(session, staff)
    assert total == 1 and shown[0].again and shown[0].account.endswith("7777")
    again = redemption.batch(session, staff, second)
    data = redemption.filled(redemption.out_rows(session, staff, again), redemption.paid())
    assert redemption.returned(session, staff, again, data).paid == 1
    states = [p.state for p in policy_claim_list.payments_of(session, grant.id or 0)]
    assert states == [PaymentState.FAILED, PaymentState.PAID]
    with pytest.raises(DomainError):
        policy_claim.start(session, owner, grant.id or 0)


def test_the_receipt_is_read_by_who_acts_on_the_claim(session: Session, ready):
    staff, owner, _, grant = ready
    row = redemption.claim(session, owner, grant)
    stored = files.listing(session, policy_claim.NAME, row.id or 0)[0]
    assert stored.slot_label == "收款收据"
    assert files.content(session, staff, stored.id).name == "收据.png"
    for who in (factories.member(session), factories.regulator(session)):
        with pytest.raises(NotFound):
            files.content(session, who, stored.id)
