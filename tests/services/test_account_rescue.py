"""The staff bind an account to another number, after they have made sure who asks (manual §2.5)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Notice, SmsOutbox, User
from cpegi_app.services import account_rescue, sessions
from tests import factories

GROUNDS = "已核对营业执照原件与法定代表人身份证"


def number_of(session: Session, who: Actor) -> str:
    return session.exec(select(User.phone).where(User.id == who.user_id)).one()


def test_2_5_a_lost_number_is_replaced_and_everybody_is_told(session: Session):
    boss, owner = factories.staff(session), factories.member(session)
    sid = sessions.open_session(session, owner.user_id)
    old, new = number_of(session, owner), factories.phone()
    account_rescue.rebind(session, boss, owner.user_id, f"+86 {new}", GROUNDS)
    session.flush()
    assert number_of(session, owner) == new
    assert sessions.actor_of(session, sid) is None
    told = session.exec(select(SmsOutbox.phone).where(col(SmsOutbox.phone).in_([old, new]))).all()
    assert sorted(told) == sorted([old, new])
    heads = session.exec(select(Notice.title).where(Notice.user_id == owner.user_id)).all()
    assert "登录手机号已由平台更换" in heads
    noted = session.exec(select(AuditEntry.detail).where(AuditEntry.action == "account.rebind")).all()
    assert any(GROUNDS in d and old not in d and new not in d for d in noted)


@pytest.mark.parametrize(
    ("phone", "grounds", "field"),
    [
        ("", GROUNDS, "new_phone"),
        ("12345", GROUNDS, "new_phone"),
        ("own", GROUNDS, "new_phone"),
        ("taken", GROUNDS, "new_phone"),
        ("new", " ", "grounds"),
        ("new", "字" * 201, "grounds"),
    ],
)
def test_2_5_what_is_wrong_is_told_at_its_field(session: Session, phone: str, grounds: str, field: str):
    boss, owner, other = factories.staff(session), factories.member(session), factories.member(session)
    before = number_of(session, owner)
    given = {"own": before, "taken": number_of(session, other), "new": factories.phone()}.get(phone, phone)
    with pytest.raises(FormInvalid) as refusal:
        account_rescue.rebind(session, boss, owner.user_id, given, grounds)
    assert set(refusal.value.fields) == {field}
    assert number_of(session, owner) == before


def test_2_5_only_the_staff_rebind_and_only_members(session: Session):
    boss, owner = factories.staff(session), factories.member(session)
    for who in (owner, factories.member(session), factories.regulator(session), factories.stranger()):
        with pytest.raises(Forbidden):
            account_rescue.rebind(session, who, owner.user_id, factories.phone(), GROUNDS)
    for target in (boss, factories.staff(session), factories.regulator(session)):
        with pytest.raises(Forbidden, match="由本人"):
            account_rescue.rebind(session, boss, target.user_id, factories.phone(), GROUNDS)
    for absent in (0, -1, 2**31, True, None, "1"):
        with pytest.raises(NotFound):
            account_rescue.rebind(session, boss, absent, factories.phone(), GROUNDS)  # pyright: ignore
