"""Accounts: registration, sign-in, password, number (manual §2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import IDENTITY, WORKBENCH, Actor, Role
from cpegi_app.errors import Conflict, CountedRefusal, FormInvalid, NotFound, TooMany
from cpegi_app.models import Attempt, Organisation, User, Verification
from cpegi_app.services import audit, identifiers, notices, passwords, review, sessions, sms
from cpegi_app.services.forms import half_width
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary import KIND_OF, Kind, OrgClass, SmsPurpose, Status

CONSENT_VERSION = "2026-11"
WRONG_LOGIN = "手机号或密码不正确，请核对后重试；忘记密码可点击“忘记密码”重新设置。"
# Failures in a row → wait before the next try (ours; ASVS 5.0: slow down, then lock for a while).
DELAYS = {
    3: timedelta(seconds=5),
    4: timedelta(seconds=15),
    5: timedelta(minutes=15),
    6: timedelta(minutes=30),
}
LONGEST = timedelta(hours=1)
ADDRESS_LIMIT = 20


@dataclass(frozen=True)
class Candidate:
    """What the password is checked against, outside any transaction."""

    phone: str
    password_hash: str


@dataclass(frozen=True)
class SignedIn:
    """A checked password: the ticket to exchange for the cookie, and where to go."""

    ticket: str
    href: str


def checked_phone(text: str, field: str = "phone") -> str:
    """Return the number as 11 digits or raise `FormInvalid` at the field."""
    try:
        return identifiers.phone(text)
    except ValueError as error:
        raise FormInvalid({field: str(error)}) from None


def check_new_password(password: str, again: str, phone: str) -> None:
    """Raise `FormInvalid` unless the new password keeps the policy and is repeated right."""
    if not password:
        raise FormInvalid({"password": "请设置密码"})
    if why := passwords.problem(password, phone):
        raise FormInvalid({"password": why})
    if password != again:
        raise FormInvalid({"again": "两次输入的密码不一致，请重新输入确认密码"})


def together(*checks: Callable[[], object]) -> None:
    """Run every check of a form and refuse all that is wrong at once."""
    wrong: dict[str, str] = {}
    for check in checks:
        try:
            check()
        except FormInvalid as refusal:
            wrong = refusal.fields | wrong
    if wrong:
        raise FormInvalid(wrong)


def request_code(session: Session, phone: str, purpose: SmsPurpose, address: str) -> sms.Sent:
    """Send a code to a number that anybody may name (register, reset); known and unknown read alike."""
    return sms.request_code(session, checked_phone(phone), purpose, address)


def request_own_code(session: Session, actor: Actor, purpose: SmsPurpose, address: str) -> sms.Sent:
    """Send a code to the actor's own number."""
    return sms.request_code(session, _user(session, actor).phone, purpose, address, actor.user_id)


def request_new_number_code(session: Session, actor: Actor, phone: str, address: str) -> sms.Sent:
    """Send a code to the number that the actor wants to change to."""
    number = checked_phone(phone, "new_phone")
    if number == _user(session, actor).phone:
        raise FormInvalid({"new_phone": "新手机号与当前手机号相同，请填写另一个号码"})
    return sms.request_code(session, number, SmsPurpose.NEW_PHONE, address, actor.user_id)


def register(session: Session, phone: str, code: str, password_hash: str, address: str) -> str:
    """Create a member account and its organisation; return the number (manual §2.1)."""
    number = checked_phone(phone)
    use_code(session, number, SmsPurpose.REGISTER, code)
    if session.exec(select(User.id).where(User.phone == number)).first():
        # Only somebody who holds the phone reads this: the code has been proved right.
        raise CountedRefusal("该手机号已注册，请直接登录；忘记密码可在登录页点击“忘记密码”。")
    org = Organisation()
    session.add(org)
    session.flush()
    user = User(
        phone=number,
        password_hash=password_hash,
        org_id=org.id,
        consent_version=CONSENT_VERSION,
        consented_at=clock.now(),
        password_changed_at=clock.now(),
    )
    session.add(user)
    session.flush()
    audit.record(
        session, None, "account.register", f"user:{user.id}", identifiers.masked(number), address=address
    )
    return number


def use_code(session: Session, phone: str, purpose: SmsPurpose, code: str, user_id: int = 0) -> None:
    """Check a code and use it up."""
    sms.consume(session, _check_code(session, phone, purpose, code, "code", user_id))


def _check_code(
    session: Session, phone: str, purpose: SmsPurpose, code: str, field: str, user_id: int = 0
) -> int:
    """Return the code's id; what is no six digits is refused without counting as a try."""
    return sms.check_code(session, phone, purpose, checked_code(code, field), user_id)


def checked_code(code: str, field: str = "code") -> str:
    """Return the code as six digits or raise `FormInvalid` at the field."""
    code = half_width(code)
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        raise FormInvalid({field: "请填写短信中的 6 位数字验证码"})
    return code


def candidate(session: Session, phone: str, address: str) -> Candidate:
    """Return what to check a password against, or say for how long to wait."""
    number = checked_phone(phone)
    _throttle(session, number, address)
    found = session.exec(select(User.password_hash).where(User.phone == number)).first()
    return Candidate(number, found or passwords.DUMMY_HASH)


def sign_in(session: Session, phone: str, is_right: bool, identity: str, address: str) -> SignedIn:
    """Count the try; with the right password return a ticket (manual §2.2)."""
    one_at_a_time(session, "login", phone)
    _throttle(session, phone, address)
    user = session.exec(select(User).where(User.phone == phone)).first()
    ok = is_right and user is not None
    session.add(Attempt(what="login", subject=phone, address=address[:64], ok=ok))
    if not ok or user is None:
        audit.record(
            session, None, "account.login_failed", "", identifiers.masked(phone), ok=False, address=address
        )
        session.flush()
        wait = _wait(session, phone)
        more = f"连续失败次数较多，请 {sms.wait_text(wait)} 后再试。" if wait else ""
        raise CountedRefusal(WRONG_LOGIN + more)
    if user.disabled_at:
        subject, number = f"user:{user.id}", identifiers.masked(phone)
        told = f"{number}，密码正确，账号已停用"
        audit.record(session, None, "account.login_failed", subject, told, ok=False, address=address)
        raise CountedRefusal(
            f"该账号已停用（{user.disabled_reason or '平台管理'}）。如有疑问请致电 400 056 5005。"
        )
    href = WORKBENCH.route
    if user.role == Role.MEMBER:
        href = _settle_identity(session, user, identity)
    org = session.get(Organisation, user.org_id) if user.org_id else None
    name = user.name or (org.name if org else "")
    who = Actor(user_id=user.id or 0, role=Role(user.role), name=name, phone_masked=identifiers.masked(phone))
    audit.record(session, who, "account.login", f"user:{user.id}", address=address)
    return SignedIn(sessions.issue_ticket(session, user.id or 0), href)


def _settle_identity(session: Session, user: User, identity: str) -> str:
    org = session.get(Organisation, user.org_id)
    if org is None or org.kind:
        return WORKBENCH.route
    if identity == "INSTITUTION":
        return IDENTITY.route
    if identity != Kind.ENTERPRISE:
        raise FormInvalid({"identity": "首次登录请选择“企业”或“金融机构/中介机构”"})
    org.kind, org.org_class = Kind.ENTERPRISE.value, OrgClass.ENTERPRISE.value
    return WORKBENCH.route


@dataclass(frozen=True)
class Identity:
    """The class that an organisation has chosen, and why it can no longer be changed here."""

    org_class: str
    fixed_why: str


IDENTITY_SENT = (
    "真实性认证已提交，机构类型不能直接更改。认证通过后可在“企业认证 → 修改资料”中申请更正，由平台审核。"
)


def identity(session: Session, actor: Actor) -> Identity:
    """Return the chosen class and whether it may still be changed (manual §2.2)."""
    org = _own_org(session, actor)
    return Identity(org.org_class, IDENTITY_SENT if _is_fixed(org, _verification(session, org)) else "")


def _own_org(session: Session, actor: Actor) -> Organisation:
    org = session.get(Organisation, actor.org_id) if actor.org_id else None
    if org is None:
        raise NotFound("机构")
    return org


def _verification(session: Session, org: Organisation) -> Verification | None:
    return session.exec(select(Verification).where(Verification.org_id == org.id)).first()


def _is_fixed(org: Organisation, sent: Verification | None) -> bool:
    """Tell whether the verification has been sent: a returned one is open again, its class is not."""
    return bool(org.verified_at or (sent and sent.status != Status.DRAFT))


def choose_identity(session: Session, actor: Actor, org_class: str) -> None:
    """Set the organisation's class, once confirmed; free until the verification is first sent (manual §2.2, §10)."""
    if org_class not in OrgClass._value2member_map_:
        raise FormInvalid({"org_class": "请选择一种机构类型"})
    chosen = OrgClass(org_class)
    org, flow = _own_org(session, actor), review.FLOWS["verification"]
    # Neither begun nor sent meanwhile.
    one_at_a_time(session, flow.name, org.id)
    draft = _verification(session, org)
    if draft:
        review.hold(session, flow, draft)
    session.refresh(org)
    if _is_fixed(org, draft):
        raise Conflict(IDENTITY_SENT)
    org.kind, org.org_class = KIND_OF[chosen].value, chosen.value
    if draft:
        # The form begun under the former class would otherwise set it again when it is saved or sent.
        data = draft.data | {"org_class": chosen.value}
        review.save_draft(session, flow, actor, draft.id or 0, draft.version, data)
    audit.record(session, actor, "account.identity", f"org:{org.id}", chosen.label)


def reset_password(session: Session, phone: str, code: str, password_hash: str, address: str) -> str:
    """Set a new password by SMS code and end every login (manual §2.3)."""
    number = checked_phone(phone)
    use_code(session, number, SmsPurpose.RESET, code)
    user = session.exec(select(User).where(User.phone == number)).first()
    if user is None:
        raise CountedRefusal("该手机号尚未注册，请先注册账号。")
    _set_password(session, user, password_hash)
    sessions.revoke_all(session, user.id or 0)
    # The holder of the phone has proved it: earlier wrong tries no longer count against the account.
    session.add(Attempt(what="login", subject=number, address=address[:64], ok=True))
    audit.record(
        session, None, "account.reset", f"user:{user.id}", identifiers.masked(number), address=address
    )
    return number


def change_password(session: Session, actor: Actor, code: str, password_hash: str) -> None:
    """Set a new password by SMS code; every other browser is signed out (manual §2.4)."""
    user = _user(session, actor)
    use_code(session, user.phone, SmsPurpose.PASSWORD, code, actor.user_id)
    _set_password(session, user, password_hash)
    sessions.revoke_all(session, actor.user_id, but=actor.login_id)
    audit.record(session, actor, "account.password", f"user:{user.id}")


def change_phone(session: Session, actor: Actor, old_code: str, new_phone: str, new_code: str) -> str:
    """Change the number by both codes in one transaction, tell the old one (manual §2.5)."""
    user = _user(session, actor)
    number = checked_phone(new_phone, "new_phone")
    old = user.phone
    codes = []
    for field, which, phone, purpose, code in (
        ("old_code", "旧手机号", old, SmsPurpose.OLD_PHONE, old_code),
        ("new_code", "新手机号", number, SmsPurpose.NEW_PHONE, new_code),
    ):
        try:
            codes.append(_check_code(session, phone, purpose, code, field, actor.user_id))
        except CountedRefusal as refusal:
            raise CountedRefusal(f"{which}的{refusal.message}") from None
    # Both are right: only now are they used up, so that one typing error does not cost two new codes.
    for code_id in codes:
        sms.consume(session, code_id)
    if session.exec(select(User.id).where(User.phone == number)).first():
        raise CountedRefusal("新手机号已注册其他账号，请更换号码，或先用该号码登录处理原账号。")
    user.phone = number
    sessions.revoke_all(session, actor.user_id, but=actor.login_id)
    text = f"【中小企业成长指数平台】您的账号已更换登录手机号为 {identifiers.masked(number)}。如非本人操作请立即致电 400 056 5005。"
    sms.send_later(session, old, text, f"phone:{user.id}:{clock.now().timestamp()}")
    audit.record(
        session,
        actor,
        "account.phone",
        f"user:{user.id}",
        f"{identifiers.masked(old)} → {identifiers.masked(number)}",
    )
    notices.notify(
        session,
        [actor.user_id],
        "登录手机号已更换",
        f"新号码 {identifiers.masked(number)}，其他浏览器上的登录已退出。",
        "",
        "green",
    )
    return number


def own_phone(session: Session, actor: Actor) -> str:
    """Return the actor's own number, masked."""
    return identifiers.masked(_user(session, actor).phone)


def phone_in_full(session: Session, actor: Actor) -> str:
    """Return the actor's own number, for the password policy only; never sent to a browser."""
    return _user(session, actor).phone


def _user(session: Session, actor: Actor) -> User:
    user = session.get(User, actor.user_id)
    if user is None:
        raise NotFound("账号")
    return user


def _set_password(session: Session, user: User, password_hash: str) -> None:
    user.password_hash = password_hash
    user.password_changed_at = clock.now()
    session.add(user)


def _failures(session: Session, phone: str) -> tuple[int, Callable[[], timedelta]]:
    """Return the failures in a row within a day, and how long ago the last one was."""
    query = select(Attempt.ok, Attempt.created_at).where(
        Attempt.what == "login",
        Attempt.subject == phone,
        col(Attempt.created_at) > clock.now() - timedelta(days=1),
    )
    rows = session.exec(query.order_by(col(Attempt.id).desc()).limit(20)).all()
    count = next((i for i, (ok, _) in enumerate(rows) if ok), len(rows))
    return count, lambda: clock.now() - rows[0][1]


def _wait(session: Session, phone: str) -> int:
    """Return the seconds that the number must wait before its next try; 0 for none."""
    count, since_last = _failures(session, phone)
    if count < min(DELAYS):
        return 0
    left = DELAYS.get(count, LONGEST) - since_last()
    return max(0, int(left.total_seconds()))


def _throttle(session: Session, phone: str, address: str) -> None:
    if wait := _wait(session, phone):
        raise TooMany(
            f"连续登录失败次数较多，为保护账号安全，请 {sms.wait_text(wait)} 后再试，或通过“忘记密码”重新设置。",
            wait,
        )
    if not address:
        return
    recent = (
        select(func.count()).select_from(Attempt).where(Attempt.what == "login", col(Attempt.ok).is_(False))
    )
    recent = recent.where(
        Attempt.address == address, col(Attempt.created_at) > clock.now() - timedelta(hours=1)
    )
    if session.exec(recent).one() >= ADDRESS_LIMIT:
        raise TooMany("当前网络登录失败次数过多，请一小时后再试，或致电 400 056 5005。", 3600)


def ensure_consent(consent: str) -> None:
    """Refuse a registration without consent to the terms."""
    if consent != "on":
        raise FormInvalid({"consent": "请阅读注册须知和服务协议，并勾选同意"})


def ensure_password(password: str) -> None:
    """Refuse a sign-in without a password before anything is counted."""
    if not password:
        raise FormInvalid({"password": "请填写登录密码"})
