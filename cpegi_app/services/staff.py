"""The platform staff's accounts, and the check that every service of theirs makes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission, Role
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Organisation, User, Verification
from cpegi_app.services import audit, list_count, lists, notices, push, sessions, shelf
from cpegi_app.services.forms import half_width, normalise
from cpegi_app.services.identifiers import masked
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import Kind, OrgClass, Status


def require(actor: Actor, permission: Permission) -> None:
    """Refuse an actor without the permission; services check again what the gate has checked."""
    if not actor.may(permission):
        raise Forbidden()


# --- accounts -------------------------------------------------------------------------------------


class AccountRow(BaseModel):
    """An account in the staff's list; the number is masked."""

    id: int
    phone: str
    org: str
    code: str
    kind: str
    state: str
    tone: str
    created: str
    disabled: bool
    why: str
    own: bool
    member: bool


# How far an account's verification is, as the list says it.
UNVERIFIED: dict[str, tuple[str, str]] = {
    Status.PENDING: ("认证审核中", "blue"),
    Status.RETURNED: ("认证已退回", "orange"),
}


def accounts(
    session: Session,
    actor: Actor,
    *,
    word: str = "",
    kind: str = "",
    state: str = "",
    page: int = 1,
    size: int = 20,
) -> tuple[list[AccountRow], int]:
    """Return one page of accounts by number, name or credit code."""
    filters = {"word": word, "kind": kind, "state": state}
    found = lists.page(session, actor, ACCOUNT_LIST, filters, page=page, size=size)
    return found.rows, found.total


def _accounts(actor: Actor, filters: Filters) -> list[Any]:
    require(actor, Permission.ACCOUNT_MANAGE)
    found: list[Any] = []
    if word := _number(filters.get("word", "")):
        named = col(Organisation.name).contains(word, autoescape=True)
        named |= col(Organisation.credit_code).contains(word.upper(), autoescape=True)
        # A whole number only: searching by parts would let staff page through everybody's numbers.
        found.append(_of(named) | (col(User.phone) == word))
    kind, state = filters.get("kind", ""), filters.get("state", "")
    if kind in Kind._value2member_map_:
        found.append(_of(Organisation.kind == kind))
    elif kind in Role._value2member_map_:
        found.append(User.role == kind)
    if state == "DISABLED":
        found.append(col(User.disabled_at).is_not(None))
    elif state == "VERIFIED":
        found.append(_of(col(Organisation.verified_at).is_not(None)))
    elif state == "NEW":
        found += [~_of(col(Organisation.verified_at).is_not(None)), User.role == Role.MEMBER.value]
    return found


def _number(word: str) -> str:
    """Return a number as it is stored, however it was typed; any other word as it is."""
    number = half_width(word).removeprefix("+86")
    return number if number.isdigit() else normalise(word)


def _of(condition: Any) -> Any:
    """Return the condition that a user's organisation fulfils another."""
    return select(Organisation.id).where(Organisation.id == User.org_id, condition).exists()


def _account_rows(session: Session, actor: Actor, filters: Filters, users: list[User]) -> list[AccountRow]:
    ids = {u.org_id for u in users}
    orgs = {o.id: o for o in session.exec(select(Organisation).where(col(Organisation.id).in_(ids)))}
    stated = _stated(session, [o.id or 0 for o in orgs.values() if not o.verified_at])
    return [_account_row(actor, u, orgs.get(u.org_id), stated.get(u.org_id or 0, ("", ""))) for u in users]


def _stated(session: Session, org_ids: list[int]) -> dict[int, tuple[str, str]]:
    """Return what accounts that are not verified have stated as their name so far, and how far they are."""
    query = select(Verification.org_id, Verification.data, Verification.status)
    query = query.where(col(Verification.org_id).in_(org_ids))
    return {org_id: (data.get("name", ""), status) for org_id, data, status in session.exec(query)}


def _account_row(actor: Actor, user: User, org: Organisation | None, stated: tuple[str, str]) -> AccountRow:
    if user.disabled_at:
        state, tone = "已停用", "red"
    elif user.role != Role.MEMBER:
        state, tone = "正常", "green"
    elif org and org.verified_at:
        state, tone = "已认证", "green"
    else:
        state, tone = UNVERIFIED.get(stated[1], ("未认证", "orange"))
    roles = {Role.STAFF: "平台管理人员", Role.REGULATOR: "金融监管部门"}
    kind = OrgClass.label_of(org.org_class) if org and org.org_class else "未选择"
    return AccountRow(
        id=user.id or 0,
        phone=masked(user.phone),
        org=(org.name or stated[0] if org else "") or user.name or "—",
        code=(org.credit_code if org else "") or "—",
        kind=roles.get(Role(user.role), kind),
        state=state,
        tone=tone,
        created=clock.local_date(user.created_at),
        disabled=user.disabled_at is not None,
        why=user.disabled_reason,
        own=user.id == actor.user_id,
        member=user.role == Role.MEMBER,
    )


def user(session: Session, actor: Actor, user_id: int) -> User:
    """Return an account to the staff who may manage it."""
    require(actor, Permission.ACCOUNT_MANAGE)
    found = session.get(User, user_id) if is_id(user_id) else None
    if found is None:
        raise NotFound("账号")
    return found


def disable(session: Session, actor: Actor, user_id: int, reason: str) -> None:
    """Disable an account with a reason; its logins end at once."""
    user = _other(session, actor, user_id)
    reason = normalise(reason)
    if not reason or len(reason) > 200:
        raise FormInvalid({"reason": "请填写停用原因（200 字以内），对方登录时会看到"})
    if user.disabled_at:
        raise Conflict("该账号已经停用，请刷新列表查看最新状态。")
    user.disabled_at, user.disabled_reason = clock.now(), reason
    session.add(user)
    push.users_changed(session, user.org_id)
    sessions.revoke_all(session, user_id)
    audit.record(session, actor, "account.disable", f"user:{user_id}", reason)
    session.flush()
    if user.role == Role.STAFF:
        # Imported late: who acts on policies stands on this module.
        from cpegi_app.services import policy_people

        policy_people.left(session, user)
    if user.org_id and not notices.users_of(session, user.org_id):
        # Nobody is left there who could handle an application; put back by the institution itself later.
        shelf.clear(session, actor, user.org_id, "机构账号已全部停用")


def enable(session: Session, actor: Actor, user_id: int) -> None:
    """Enable a disabled account."""
    user = _other(session, actor, user_id)
    if not user.disabled_at:
        raise Conflict("该账号没有停用，请刷新列表查看最新状态。")
    user.disabled_at, user.disabled_reason = None, ""
    session.add(user)
    push.users_changed(session, user.org_id)
    audit.record(session, actor, "account.enable", f"user:{user_id}")


def reveal(session: Session, actor: Actor, user_id: int) -> str:
    """Return an account's number in full; every look is in the audit trail."""
    found = user(session, actor, user_id)
    audit.record(session, actor, "account.reveal", f"user:{user_id}")
    return found.phone


def _other(session: Session, actor: Actor, user_id: int) -> User:
    found = user(session, actor, user_id)
    if found.id == actor.user_id:
        raise Forbidden("不能停用或启用自己的账号，请由另一位管理人员操作。")
    return found


# --- the list ------------------------------------------------------------------------------------


def _by_organisation(since: datetime) -> Any:
    of = select(User.id, col(Organisation.updated_at)).join(Organisation, col(Organisation.id) == User.org_id)
    return of.where(col(Organisation.updated_at) >= since)


ACCOUNT_LIST = lists.register(
    Listing(
        "accounts",
        "账号",
        _accounts,
        list_count.Table(User, touched=list_count.updated(User, _by_organisation)),
        _account_rows,
        {
            "单位/姓名": lambda r: r.org,
            "手机号": lambda r: r.phone,
            "统一社会信用代码": lambda r: r.code,
            "用户类型": lambda r: r.kind,
            "状态": lambda r: r.state,
            "停用原因": lambda r: r.why,
            "注册日期": lambda r: r.created,
        },
        {"created": col(User.id)},
    )
)
