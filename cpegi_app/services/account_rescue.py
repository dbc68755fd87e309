"""A number that is lost: the staff bind an account to another one, after they have made sure who asks (manual §2.5)."""

from __future__ import annotations

from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.errors import Forbidden, FormInvalid
from cpegi_app.models import User
from cpegi_app.services import account, audit, notices, sessions, sms, staff
from cpegi_app.services.forms import normalise
from cpegi_app.services.identifiers import masked
from cpegi_app.services.locks import one_at_a_time

NAMES = frozenset({"new_phone", "grounds"})
TITLES = {"new_phone": "新手机号", "grounds": "核验依据"}
GROUNDS_MAX = 200


def rebind(session: Session, actor: Actor, user_id: int, phone: str, grounds: str) -> str:
    """Give a member's account another number; its logins end, both numbers are told; return the new one, masked.

    `grounds` says how the identity was checked and stays in the audit trail. The password is set anew by 忘记密码.
    """
    user = staff.user(session, actor, user_id)
    if user.role != Role.MEMBER.value:
        raise Forbidden("平台和监管人员的手机号由本人在“更换手机号”中办理。")
    number, grounds = _checked(session, user, phone, grounds)
    old, user.phone = user.phone, number
    session.add(user)
    sessions.revoke_all(session, user_id)
    for told in (old, number):
        text = (
            f"【中小企业成长指数平台】您的账号登录手机号已由平台核验身份后更换为 {masked(number)}，"
            "请用新号码通过“忘记密码”重新设置密码。如非本人申请请立即致电 400 056 5005。"
        )
        sms.send_later(session, told, text, f"rebind:{user_id}:{told}:{clock.now().timestamp()}")
    audit.record(
        session, actor, "account.rebind", f"user:{user_id}", f"{masked(old)} → {masked(number)}；{grounds}"
    )
    head = "登录手机号已由平台更换"
    notices.notify(session, [user_id], head, f"新号码 {masked(number)}，核验依据：{grounds}", "", "orange")
    return masked(number)


def _checked(session: Session, user: User, phone: str, grounds: str) -> tuple[str, str]:
    wrong: dict[str, str] = {}
    grounds, number = normalise(grounds), ""
    try:
        number = account.checked_phone(phone, "new_phone")
    except FormInvalid as refusal:
        wrong |= refusal.fields
    if number:
        one_at_a_time(session, "phone", number)
    if number == user.phone:
        wrong["new_phone"] = "与该账号当前的手机号相同，请核对"
    elif number and session.exec(select(User.id).where(User.phone == number)).first():
        wrong["new_phone"] = "该手机号已注册其他账号，请让申请人更换号码，或先用该号码登录处理原账号"
    if not grounds or len(grounds) > GROUNDS_MAX:
        wrong["grounds"] = (
            f"请写明如何核验身份，例如“已核对营业执照原件与法定代表人身份证”（{GROUNDS_MAX} 字以内）"
        )
    if wrong:
        raise FormInvalid(wrong)
    return number, grounds
