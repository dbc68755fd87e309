"""Accounts: registration, sign-in, password and number as manual §2 walks through them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import clock
from cpegi_app.access import IDENTITY, WORKBENCH, Actor, Role
from cpegi_app.errors import Conflict, CountedRefusal, FormInvalid, TooMany
from cpegi_app.models import AuditEntry, Organisation, SmsCode, SmsOutbox, User
from cpegi_app.services import account, notices, passwords, review, sessions, sms, verification
from cpegi_app.vocabulary import CLASSES, Action, Kind, OrgClass, SmsPurpose
from tests import factories, worlds

PASSWORD, OTHER = "winter-boat-42", "summer-boat-43"
HASH = passwords.hash_password(PASSWORD)
P = SmsPurpose


def registered(session: Session, **columns) -> User:
    return factories.user(session, factories.organisation(session), password_hash=HASH, **columns)


def try_to(session: Session, phone: str, password: str, identity: str = "ENTERPRISE", address: str = ""):
    """Sign in as the page does: look up, check, count."""
    found = account.candidate(session, phone, address)
    right = passwords.matches(password, found.password_hash) if password == PASSWORD else False
    return account.sign_in(session, found.phone, right, identity, address)


def fail(session: Session, phone: str, address: str = "") -> str:
    with pytest.raises(CountedRefusal) as refusal:
        try_to(session, phone, "wrong", address=address)
    return refusal.value.message


def is_live(session: Session, sid: str) -> bool:
    session.flush()
    session.expire_all()
    return sessions.actor_of(session, sid) is not None


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# --- §2.1 ---------------------------------------------------------------------------------------------


def test_2_1_a_number_and_its_code_make_an_account(session: Session):
    phone = factories.phone()
    code = account.request_code(session, f"+86 {phone}", P.REGISTER, "").demo_code
    assert account.register(session, phone, code, HASH, "203.0.113.9") == phone
    user = session.exec(select(User).where(User.phone == phone)).one()
    org = session.get_one(Organisation, user.org_id)
    assert (user.role, org.kind, org.verified_at) == (Role.MEMBER, "", None)
    assert user.consented_at is not None
    assert user.consent_version == account.CONSENT_VERSION
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "account.register")).all()[-1]
    assert phone not in entry.detail + entry.subject + entry.actor_label


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "12345六", "\x00", "\ud800", "٠١٢٣٤٥"])
def test_2_1_what_is_no_code_is_refused_without_costing_a_try(session: Session, code: str):
    phone = factories.phone()
    right = account.request_code(session, phone, P.REGISTER, "").demo_code
    for _ in range(6):
        with pytest.raises(FormInvalid) as refusal:
            account.register(session, phone, code, HASH, "")
        assert refusal.value.fields == {"code": "请填写短信中的 6 位数字验证码"}
    assert account.register(session, phone, "".join(chr(ord(c) + 0xFEE0) for c in right), HASH, "")


def test_2_1_a_wrong_code_makes_nothing(session: Session):
    phone = factories.phone()
    code = account.request_code(session, phone, P.REGISTER, "").demo_code
    with pytest.raises(CountedRefusal):
        account.register(session, phone, wrong(code), HASH, "")
    assert session.exec(select(User).where(User.phone == phone)).first() is None


def test_2_1_known_and_unknown_numbers_get_the_same_answer(session: Session):
    known, unknown = registered(session).phone, factories.phone()
    for purpose in (P.REGISTER, P.RESET):
        answers = [account.request_code(session, p, purpose, "") for p in (known, unknown)]
        assert answers[0].wait_s == answers[1].wait_s
        refusals = []
        for phone in (known, unknown):
            with pytest.raises(TooMany) as refusal:
                account.request_code(session, phone, purpose, "")
            refusals.append(refusal.value.message)
        assert refusals[0] == refusals[1]
        clock.shift(timedelta(minutes=2))


def test_2_1_that_a_number_is_registered_reads_only_who_holds_the_phone(session: Session):
    user = registered(session)
    code = account.request_code(session, user.phone, P.REGISTER, "").demo_code
    with pytest.raises(CountedRefusal, match="验证码不正确"):
        account.register(session, user.phone, wrong(code), HASH, "")
    with pytest.raises(CountedRefusal, match="已注册，请直接登录"):
        account.register(session, user.phone, code, HASH, "")


def test_2_1_consent_is_demanded():
    account.ensure_consent("on")
    for consent in ("", "off", "yes"):
        with pytest.raises(FormInvalid) as refusal:
            account.ensure_consent(consent)
        assert "勾选同意" in refusal.value.fields["consent"]


def test_2_1_the_password_is_repeated_and_keeps_the_policy():
    account.check_new_password(PASSWORD, PASSWORD, "13800005678")
    with pytest.raises(FormInvalid) as refusal:
        account.check_new_password(PASSWORD, OTHER, "13800005678")
    assert set(refusal.value.fields) == {"again"}
    with pytest.raises(FormInvalid) as refusal:
        account.check_new_password("short", "short", "13800005678")
    assert set(refusal.value.fields) == {"password"}


# --- §2.2 ---------------------------------------------------------------------------------------------


def test_2_2_the_right_password_gives_a_ticket(session: Session):
    user = registered(session)
    found = try_to(session, f" {user.phone[:3]} {user.phone[3:]} ", PASSWORD)
    assert found.href == WORKBENCH.route
    sid = sessions.redeem_ticket(session, found.ticket)
    assert sid is not None and is_live(session, sid)


def test_2_2_a_wrong_password_and_an_unknown_number_read_alike(session: Session):
    known, unknown = registered(session).phone, factories.phone()
    for _ in range(2):
        assert fail(session, known) == fail(session, unknown) == account.WRONG_LOGIN
    assert fail(session, known) == fail(session, unknown)
    refusals = []
    for phone in (known, unknown):
        with pytest.raises(TooMany) as refusal:
            account.candidate(session, phone, "")
        refusals.append(refusal.value.message)
    assert refusals[0] == refusals[1]


def test_2_2_failures_slow_down_and_then_lock_for_longer_and_longer(session: Session):
    phone, now, waits = registered(session).phone, timedelta(), []
    for _ in range(9):
        message = fail(session, phone)
        wait = 0
        if "连续失败次数较多" in message:
            with pytest.raises(TooMany) as refusal:
                try_to(session, phone, PASSWORD)
            wait = refusal.value.retry_after_s
            assert sms.wait_text(wait) in refusal.value.message
        waits.append(round(wait / 5) * 5)
        now += timedelta(seconds=wait + 1)
        clock.shift(now)
    assert waits == [0, 0, 5, 15, 900, 1800, 3600, 3600, 3600]


def test_2_2_the_right_password_works_after_the_wait_and_clears_the_count(session: Session):
    phone = registered(session).phone
    for second in (0, 1, 2, 8, 24):
        clock.shift(timedelta(seconds=second))
        fail(session, phone)
    clock.shift(timedelta(minutes=14))
    with pytest.raises(TooMany, match="请 2 分钟 后再试"):
        try_to(session, phone, PASSWORD)
    clock.shift(timedelta(minutes=15, seconds=30))
    try_to(session, phone, PASSWORD)
    assert fail(session, phone) == account.WRONG_LOGIN


def test_2_2_a_refused_try_is_not_counted_against_the_account(session: Session):
    phone = registered(session).phone
    for _ in range(3):
        fail(session, phone)
    for _ in range(20):
        with pytest.raises(TooMany):
            try_to(session, phone, PASSWORD)
    clock.shift(timedelta(seconds=6))
    try_to(session, phone, PASSWORD)


def test_2_2_an_address_may_fail_twenty_times_an_hour(session: Session):
    for _ in range(20):
        fail(session, factories.phone(), "203.0.113.5")
    user = registered(session)
    with pytest.raises(TooMany, match="当前网络"):
        try_to(session, user.phone, PASSWORD, address="203.0.113.5")
    try_to(session, user.phone, PASSWORD, address="203.0.113.6")
    clock.shift(timedelta(hours=1, seconds=1))
    try_to(session, user.phone, PASSWORD, address="203.0.113.5")


def test_2_2_failures_stand_in_the_audit_trail_with_a_masked_number(session: Session):
    phone = factories.phone()
    fail(session, phone, "203.0.113.5")
    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert entry is not None
    assert (entry.action, entry.ok, entry.address) == ("account.login_failed", False, "203.0.113.5")
    assert phone not in entry.detail and entry.detail.endswith(phone[-4:])


@pytest.mark.parametrize(
    ("identity", "href"),
    [("ENTERPRISE", WORKBENCH.route), ("INSTITUTION", IDENTITY.route), ("", None), ("X", None)],
)
def test_2_2_the_first_sign_in_asks_what_the_account_is(session: Session, identity: str, href: str | None):
    user = factories.user(session, factories.organisation(session, None), password_hash=HASH)
    if href is None:
        with pytest.raises(FormInvalid) as refusal:
            try_to(session, user.phone, PASSWORD, identity)
        assert "首次登录" in refusal.value.fields["identity"]
        return
    assert try_to(session, user.phone, PASSWORD, identity).href == href
    org = session.get_one(Organisation, user.org_id)
    assert org.kind == ("ENTERPRISE" if identity == "ENTERPRISE" else "")


def test_2_2_later_sign_ins_do_not_change_what_the_account_is(session: Session):
    bank = factories.organisation(session, Kind.DEBT)
    user = factories.user(session, bank, password_hash=HASH)
    assert try_to(session, user.phone, PASSWORD, "ENTERPRISE").href == WORKBENCH.route
    assert bank.kind == Kind.DEBT


@pytest.mark.parametrize("org_class", list(OrgClass))
def test_2_2_each_class_of_manual_10_belongs_to_its_kind(session: Session, org_class: OrgClass):
    actor = factories.member(session, None)
    account.choose_identity(session, actor, org_class.value)
    org = session.get_one(Organisation, actor.org_id)
    assert (org.kind, org.org_class) == (next(k for k, c in CLASSES.items() if org_class in c), org_class)


def test_2_2_the_class_is_free_until_the_verification_is_sent(session: Session):
    world = worlds.verification_world(session, Kind.DEBT)
    account.choose_identity(session, world.owner, OrgClass.BANK.value)
    seen = world.row(session).version
    account.choose_identity(session, world.owner, OrgClass.LAW.value)
    draft = verification.open_verification(session, world.owner)
    assert draft.data["org_class"] == OrgClass.LAW
    # A form opened under the former class does not set it again unnoticed.
    with pytest.raises(Conflict, match="另一个窗口"):
        review.save_draft(session, world.flow, world.owner, world.row_id, seen, {"org_class": "BANK"})
    world.act(session, Action.SUBMIT)
    with pytest.raises(Conflict, match="申请更正"):
        account.choose_identity(session, world.owner, OrgClass.BANK.value)


@pytest.mark.parametrize("org_class", ["", "CASINO", "bank", "\x00"])
def test_2_2_only_the_sixteen_classes_can_be_chosen(session: Session, org_class: str):
    with pytest.raises(FormInvalid):
        account.choose_identity(session, factories.member(session, None), org_class)


# --- §2.3 to §2.5 -------------------------------------------------------------------------------------


def two_logins(session: Session, user: User) -> tuple[Actor, str, str]:
    """Return the actor, its own login and another browser's."""
    own, other = (sessions.open_session(session, user.id or 0) for _ in range(2))
    session.flush()
    actor = sessions.actor_of(session, own)
    assert actor is not None
    return actor, own, other


def test_2_3_a_forgotten_password_is_set_by_code_and_ends_every_login(session: Session):
    user = registered(session)
    _, own, other = two_logins(session, user)
    for _ in range(3):
        fail(session, user.phone)
    code = account.request_code(session, user.phone, P.RESET, "").demo_code
    account.reset_password(session, user.phone, code, passwords.hash_password(OTHER), "")
    assert not is_live(session, own) and not is_live(session, other)
    found = account.candidate(session, user.phone, "")
    assert passwords.matches(OTHER, found.password_hash) and not passwords.matches(
        PASSWORD, found.password_hash
    )


def test_2_3_a_code_for_registering_does_not_reset_a_password(session: Session):
    user = registered(session)
    code = account.request_code(session, user.phone, P.REGISTER, "").demo_code
    with pytest.raises(CountedRefusal):
        account.reset_password(session, user.phone, code, "!", "")
    assert user.password_hash == HASH


def test_2_3_that_a_number_is_unknown_reads_only_who_holds_the_phone(session: Session):
    phone = factories.phone()
    code = account.request_code(session, phone, P.RESET, "").demo_code
    with pytest.raises(CountedRefusal, match="验证码不正确"):
        account.reset_password(session, phone, wrong(code), "!", "")
    with pytest.raises(CountedRefusal, match="尚未注册"):
        account.reset_password(session, phone, code, "!", "")


def test_2_4_a_changed_password_signs_the_other_browsers_out(session: Session):
    user = registered(session)
    actor, own, other = two_logins(session, user)
    code = account.request_own_code(session, actor, P.PASSWORD, "").demo_code
    account.change_password(session, actor, code, passwords.hash_password(OTHER))
    assert is_live(session, own) and not is_live(session, other)
    assert passwords.matches(OTHER, user.password_hash)


def test_2_4_a_wrong_code_changes_no_password(session: Session):
    user = registered(session)
    actor, own, other = two_logins(session, user)
    code = account.request_own_code(session, actor, P.PASSWORD, "").demo_code
    with pytest.raises(CountedRefusal):
        account.change_password(session, actor, wrong(code), "!")
    assert user.password_hash == HASH and is_live(session, own) and is_live(session, other)


def both_codes(session: Session, actor: Actor, number: str) -> tuple[str, str]:
    old = account.request_own_code(session, actor, P.OLD_PHONE, "").demo_code
    return old, account.request_new_number_code(session, actor, number, "").demo_code


def test_2_5_both_codes_change_the_number_and_the_old_one_is_told(session: Session):
    user = registered(session)
    was, number = user.phone, factories.phone()
    actor, own, other = two_logins(session, user)
    old, new = both_codes(session, actor, number)
    assert account.change_phone(session, actor, old, number, new) == number
    session.expire_all()
    assert session.get_one(User, user.id).phone == number
    assert is_live(session, own) and not is_live(session, other)
    told = session.exec(select(SmsOutbox).order_by(col(SmsOutbox.id).desc())).first()
    assert told is not None and told.phone == was
    assert number not in told.text and number[-4:] in told.text
    mine, _ = notices.listing(session, actor)
    assert mine[0].title == "登录手机号已更换" and number not in mine[0].text


@pytest.mark.parametrize("which", ["old", "new"])
def test_2_5_one_wrong_code_uses_up_neither(session: Session, which: str):
    user = registered(session)
    was, number = user.phone, factories.phone()
    actor, _, other = two_logins(session, user)
    old, new = both_codes(session, actor, number)
    label = {"old": "旧手机号", "new": "新手机号"}[which]
    with pytest.raises(CountedRefusal, match=f"{label}的验证码不正确"):
        account.change_phone(
            session,
            actor,
            wrong(old) if which == "old" else old,
            number,
            wrong(new) if which == "new" else new,
        )
    assert user.phone == was and is_live(session, other)
    used = select(func.count()).select_from(SmsCode).where(col(SmsCode.used_at).is_not(None))
    assert session.exec(used.where(col(SmsCode.phone).in_([was, number]))).one() == 0
    account.change_phone(session, actor, old, number, new)


def test_2_5_a_number_that_somebody_has_is_refused(session: Session):
    taken, user = registered(session).phone, registered(session)
    actor, _, _ = two_logins(session, user)
    with pytest.raises(FormInvalid, match="需要更正"):
        account.request_new_number_code(session, actor, user.phone, "")
    clock.shift(timedelta(minutes=2))
    old, new = both_codes(session, actor, taken)
    with pytest.raises(CountedRefusal, match="新手机号已注册其他账号"):
        account.change_phone(session, actor, old, taken, new)
    assert user.phone != taken


def test_2_5_the_new_numbers_code_is_good_for_that_number_only(session: Session):
    user = registered(session)
    actor, _, _ = two_logins(session, user)
    old, new = both_codes(session, actor, factories.phone())
    with pytest.raises(CountedRefusal, match="新手机号的"):
        account.change_phone(session, actor, old, factories.phone(), new)


@pytest.mark.parametrize("phone", ["", "12345", "电话", "\x00", "\ud800", "1" * 500, "138٠٠٠٠5678"])
def test_a_number_that_is_none_is_told_at_its_field(session: Session, phone: str):
    for call in (
        lambda: account.request_code(session, phone, P.REGISTER, ""),
        lambda: account.register(session, phone, "123456", "!", ""),
        lambda: account.candidate(session, phone, ""),
        lambda: account.reset_password(session, phone, "123456", "!", ""),
    ):
        with pytest.raises(FormInvalid) as refusal:
            call()
        assert refusal.value.fields == {"phone": "请填写 11 位手机号码，例如 13800001234"}
