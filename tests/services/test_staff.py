"""The staff's queue, accounts and audit trail (manual §3.1, §3.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Organisation, User
from cpegi_app.services import (
    audit,
    audit_trail,
    lists,
    platform_queue,
    product,
    sessions,
    staff,
)
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests import factories, worlds

# A policy's stages have desks of their own.
PLATFORM_FLOWS = {
    "verification",
    "profile_change",
    "product",
    "disbursement",
    "offline_loan",
    "report",
    "equity_project",
    "investment",
}


@pytest.fixture
def boss(session: Session) -> Actor:
    return factories.staff(session)


# --- who ----------------------------------------------------------------------------------------------

CALLS: dict[str, Callable[[Session, Actor], Any]] = {
    "queue": lambda s, a: platform_queue.queue(s, a),
    "accounts": lambda s, a: staff.accounts(s, a),
    "disable": lambda s, a: staff.disable(s, a, 1, "原因"),
    "enable": lambda s, a: staff.enable(s, a, 1),
    "reveal": lambda s, a: staff.reveal(s, a, 1),
    "audit_trail": lambda s, a: audit_trail.audit_trail(s, a),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_only_the_staff_may(session: Session, name: str):
    people = [factories.member(session, kind) for kind in Kind]
    people += [factories.member(session, verified=False), factories.regulator(session), factories.stranger()]
    for actor in people:
        with pytest.raises(Forbidden):
            CALLS[name](session, actor)


# --- the queue ----------------------------------------------------------------------------------------


def test_the_queue_is_over_everything_that_waits_for_the_platform_oldest_first(session: Session, boss: Actor):
    assert {f.name for f in platform_queue.platform_flows()} == PLATFORM_FLOWS
    order = ["product", "disbursement", "verification", "profile_change", "product"]
    waiting = []
    for hour, name in enumerate(order):
        clock.shift(timedelta(hours=hour))
        waiting.append(worlds.WORLDS[name](session).bring_to(session, Status.PENDING))
    rows, total, counts = platform_queue.queue(session, boss)
    assert [(r.flow, r.id) for r in rows] == [(w.flow.name, w.row_id) for w in waiting]
    assert total == 5
    assert {c.flow: c.count for c in counts if c.count} == {
        "product": 2,
        "disbursement": 1,
        "verification": 1,
        "profile_change": 1,
    }
    assert rows[0].href == f"/staff/review/product/{waiting[0].row_id}"
    assert rows[0].waiting == "4 小时"
    assert rows[0].org == session.get_one(Organisation, waiting[0].owner.org_id).name


def test_kinds_stand_in_the_order_of_the_manual():
    names = [f.name for f in platform_queue.platform_flows()]
    assert names[:4] == ["verification", "profile_change", "product", "disbursement"]


def test_the_queue_is_filtered_by_kind_and_paged(session: Session, boss: Actor):
    made = [worlds.product_world(session).bring_to(session, Status.PENDING) for _ in range(3)]
    worlds.verification_world(session).bring_to(session, Status.PENDING)
    rows, total, _ = platform_queue.queue(session, boss, flow="product", page=2, size=2)
    assert ([r.id for r in rows], total) == ([made[2].row_id], 3)
    assert platform_queue.queue(session, boss, flow="invented")[1] == 4


def test_the_queue_is_searched_by_organisation_and_day_and_turned_round(session: Session, boss: Actor):
    first = worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(days=3))
    last = worlds.verification_world(session, name="洛阳新账号有限公司").bring_to(session, Status.PENDING)

    def found(sort: str = "", **filters: str) -> list[int]:
        shown = lists.page(session, boss, platform_queue.QUEUE_LIST, filters, sort=sort)
        assert shown.total == len(shown.rows)
        return [r.id for r in shown.rows]

    assert [r.flow for r in lists.page(session, boss, platform_queue.QUEUE_LIST, {}, sort="-sent").rows] == [
        "verification",
        "product",
    ]
    # The name that a new account has stated, and that of an organisation.
    assert found(word="洛阳新账号") == [last.row_id]
    name = session.get_one(Organisation, first.owner.org_id).name
    assert found(word=name) == [first.row_id] and not found(word="没有这家")
    today = clock.today().isoformat()
    assert found(**{"from": today}) == [last.row_id]
    assert found(to=(clock.today() - timedelta(days=1)).isoformat()) == [first.row_id]
    with pytest.raises(DomainError, match="请填写日期"):
        found(to="明天")


@pytest.mark.parametrize("action", [Action.APPROVE, Action.RETURN, Action.WITHDRAW])
def test_what_is_decided_or_withdrawn_leaves_the_queue(session: Session, boss: Actor, action: Action):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    world.act(session, action)
    assert platform_queue.queue(session, boss)[:2] == ([], 0)


def test_what_waits_for_an_institution_is_not_in_the_platforms_queue(session: Session, boss: Actor):
    worlds.application_world(session).bring_to(session, Status.PENDING)
    assert platform_queue.queue(session, boss)[1] == 0


def test_what_is_sent_again_goes_to_the_end(session: Session, boss: Actor):
    first = worlds.product_world(session).bring_to(session, Status.RETURNED)
    clock.shift(timedelta(hours=1))
    second = worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(hours=2))
    first.act(session, Action.SUBMIT)
    assert [r.id for r in platform_queue.queue(session, boss)[0]] == [second.row_id, first.row_id]


@pytest.mark.parametrize(
    ("waited", "shown", "late"),
    [
        (timedelta(seconds=5), "1 分钟", False),
        (timedelta(minutes=59), "59 分钟", False),
        (timedelta(hours=47), "47 小时", False),
        (timedelta(days=2), "2 天", False),
        (timedelta(days=3, minutes=1), "3 天", True),
    ],
)
def test_how_long_something_waits_is_shown(
    session: Session, boss: Actor, waited: timedelta, shown: str, late: bool
):
    worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(waited)
    row = platform_queue.queue(session, boss)[0][0]
    assert (row.waiting, row.late) == (shown, late)


# --- accounts -----------------------------------------------------------------------------------------


def found(session: Session, boss: Actor, **filters: Any) -> set[int]:
    rows, total = staff.accounts(session, boss, size=50, **filters)
    assert len(rows) == total
    return {r.id for r in rows}


def test_accounts_are_found_by_whole_number_name_or_code(session: Session, boss: Actor):
    actor = factories.member(session)
    user = session.get_one(User, actor.user_id)
    org = session.get_one(Organisation, actor.org_id)
    for word in (user.phone, org.name, org.name[2:7], org.credit_code or "", (org.credit_code or "").lower()):
        assert actor.user_id in found(session, boss, word=word)
    for part in (user.phone[:10], user.phone[1:], user.phone[-4:], "%", "_", "138%"):
        assert actor.user_id not in found(session, boss, word=part)
    for hostile in ("\x00", "\ud800", "' OR 1=1 --"):
        found(session, boss, word=hostile)


def test_accounts_are_filtered_by_kind_and_state(session: Session, boss: Actor):
    bank, new = factories.member(session, Kind.DEBT), factories.member(session, verified=False)
    gone, watch = factories.member(session), factories.regulator(session)
    staff.disable(session, boss, gone.user_id, "资料造假")
    session.flush()
    mine = {bank.user_id, new.user_id, gone.user_id, watch.user_id, boss.user_id}
    for filters, expected in (
        ({"kind": "DEBT"}, {bank.user_id}),
        ({"kind": "STAFF"}, {boss.user_id}),
        ({"kind": "REGULATOR"}, {watch.user_id}),
        ({"state": "DISABLED"}, {gone.user_id}),
        ({"state": "NEW"}, {new.user_id}),
        ({"state": "VERIFIED"}, {bank.user_id, gone.user_id}),
        ({"kind": "CASINO", "state": "ASLEEP"}, mine),
    ):
        assert found(session, boss, **filters) & mine == expected, filters


def test_the_list_says_how_far_a_verification_is(session: Session, boss: Actor):
    def state() -> str:
        rows, _ = staff.accounts(session, boss, state="NEW", size=50)
        return next(r.state for r in rows if r.id == world.owner.user_id)

    world = worlds.verification_world(session)
    assert state() == "未认证"
    world.bring_to(session, Status.PENDING)
    assert state() == "认证审核中"
    world.act(session, Action.RETURN)
    assert state() == "认证已退回"


def test_the_list_shows_no_number_in_full(session: Session, boss: Actor):
    actor = factories.member(session)
    phone = session.get_one(User, actor.user_id).phone
    rows, _ = staff.accounts(session, boss, word=phone)
    assert phone not in str(rows)
    assert rows[0].phone == actor.phone_masked
    assert (rows[0].state, rows[0].kind, rows[0].own) == ("已认证", OrgClass.ENTERPRISE.label, False)


def test_revealing_a_number_stands_in_the_audit_trail(session: Session, boss: Actor):
    actor = factories.member(session)
    assert staff.reveal(session, boss, actor.user_id) == session.get_one(User, actor.user_id).phone
    session.flush()
    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert entry is not None
    assert (entry.action, entry.actor_id, entry.subject) == (
        "account.reveal",
        boss.user_id,
        f"user:{actor.user_id}",
    )
    assert session.get_one(User, actor.user_id).phone not in entry.detail


def test_disabling_ends_every_login_at_once_and_enabling_opens_the_account_again(
    session: Session, boss: Actor
):
    user = factories.user(session, factories.organisation(session))
    sids = [sessions.open_session(session, user.id or 0) for _ in range(2)]
    staff.disable(session, boss, user.id or 0, " 资料造假 ")
    session.flush()
    session.expire_all()
    assert [sessions.actor_of(session, sid) for sid in sids] == [None, None]
    assert session.get_one(User, user.id).disabled_reason == "资料造假"
    with pytest.raises(Conflict, match="已经停用"):
        staff.disable(session, boss, user.id or 0, "再来一次")
    staff.enable(session, boss, user.id or 0)
    session.flush()
    assert [sessions.actor_of(session, sid) for sid in sids] == [None, None]
    assert factories.sign_in(session, user).user_id == user.id
    with pytest.raises(Conflict, match="没有停用"):
        staff.enable(session, boss, user.id or 0)


@pytest.mark.parametrize("reason", ["", "  ", "\u200b", "因" * 201])
def test_disabling_demands_a_reason(session: Session, boss: Actor, reason: str):
    actor = factories.member(session)
    with pytest.raises(FormInvalid) as refusal:
        staff.disable(session, boss, actor.user_id, reason)
    assert "停用原因" in refusal.value.fields["reason"]
    assert session.get_one(User, actor.user_id).disabled_at is None


@pytest.mark.parametrize("reason", ["\x00造假", "\ud800造假", "<script>造假"])
def test_a_reason_may_hold_anything(session: Session, boss: Actor, reason: str):
    actor = factories.member(session)
    staff.disable(session, boss, actor.user_id, reason)
    session.flush()
    session.expire_all()
    assert session.get_one(User, actor.user_id).disabled_reason.endswith("造假")


def test_nobody_disables_the_own_account(session: Session, boss: Actor):
    for call in (
        lambda: staff.disable(session, boss, boss.user_id, "原因"),
        lambda: staff.enable(session, boss, boss.user_id),
    ):
        with pytest.raises(Forbidden, match="不能停用或启用自己的账号"):
            call()


@pytest.mark.parametrize("number", [0, -1, 2**31 - 1, 2**31, 2**70, True, None, "1"])
def test_a_malformed_number_is_an_absent_account(session: Session, boss: Actor, number: Any):
    calls = (
        lambda: staff.disable(session, boss, number, "原因"),
        lambda: staff.enable(session, boss, number),
    )
    for call in (*calls, lambda: staff.reveal(session, boss, number)):
        with pytest.raises(NotFound):
            call()


# --- the audit trail ----------------------------------------------------------------------------------


def trail(session: Session, boss: Actor, **filters: Any) -> list[audit_trail.AuditRow]:
    session.flush()
    rows, total = audit_trail.audit_trail(session, boss, size=100, **filters)
    assert len(rows) == min(total, 100)
    return rows


def test_the_trail_is_newest_first_and_says_who_did_what(session: Session, boss: Actor):
    world = worlds.product_world(session).bring_to(session, Status.RETURNED)
    rows = trail(session, boss, word=f"product:{world.row_id}")
    assert [(r.action, r.who) for r in rows] == [
        ("退回", audit.label_of(world.reviewer)),
        ("提交审核", audit.label_of(world.owner)),
    ]
    assert rows[0].detail == world.data["name"]


def test_the_trail_filters_by_action_word_and_day(session: Session, boss: Actor):
    actor = factories.member(session)
    staff.reveal(session, boss, actor.user_id)
    staff.disable(session, boss, actor.user_id, "理由甲乙丙")
    assert {r.action for r in trail(session, boss, action="account.reveal")} == {"查看完整手机号"}
    assert [r.detail for r in trail(session, boss, word="甲乙")] == ["理由甲乙丙"]
    assert trail(session, boss, word="%") == []
    assert [r.subject for r in trail(session, boss, word=f"user:{actor.user_id}")] == [
        f"user:{actor.user_id}"
    ] * 2
    for hostile in ("\x00", "\ud800", "'"):
        trail(session, boss, word=hostile)
    assert trail(session, boss, action="invented") == trail(session, boss)


def test_days_of_the_trail_are_those_of_shanghai_both_included(session: Session, boss: Actor):
    def entry(hour_utc: int, detail: str) -> None:
        moment = clock.now().replace(year=2030, month=5, day=1, hour=hour_utc, minute=0)
        session.add(AuditEntry(action="account.login", detail=detail, created_at=moment))

    entry(15, "23:00 of the first")
    entry(16, "00:00 of the second")
    first, second = date(2030, 5, 1), date(2030, 5, 2)

    def shown(**days: date) -> list[str]:
        return [r.detail for r in trail(session, boss, **days)]

    assert shown(since=first, until=first) == ["23:00 of the first"]
    assert shown(since=second, until=second) == ["00:00 of the second"]
    assert shown(since=first, until=second) == ["00:00 of the second", "23:00 of the first"]
    assert shown(since=second, until=first) == []


def test_every_action_that_services_record_has_a_label(session: Session, boss: Actor):
    for name in worlds.WORLDS:
        world = worlds.WORLDS[name](session).bring_to(session, Status.PENDING)
        world.act(session, Action.WITHDRAW)
        world.bring_to(session, Status.APPROVED)
        if name == "product":
            for listed in (False, True):
                product.delist(session, world.owner, world.row(session).product_id, listed=listed)
    session.flush()
    recorded = set(session.exec(select(AuditEntry.action).group_by(AuditEntry.action)).all())
    assert recorded <= set(audit.ACTIONS)
    assert (
        session.exec(select(func.count()).select_from(AuditEntry).where(AuditEntry.actor_label == "")).one()
        == 0
    )


def test_actors_are_named_by_what_they_are(session: Session):
    assert audit.label_of(None) == "未登录"
    assert audit.label_of(factories.staff(session, "钱复核")) == "平台管理人员 钱复核"
    assert audit.label_of(factories.regulator(session)) == "金融监管部门 监管员"
    nobody = Actor(user_id=1, role=Role.MEMBER, phone_masked="138****5678")
    assert audit.label_of(nobody) == "138****5678"
