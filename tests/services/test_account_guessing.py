"""What an account does not give away: whether a number has one, and its codes to somebody else (manual §2)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import CountedRefusal
from cpegi_app.models import AuditEntry
from cpegi_app.services import account
from cpegi_app.vocabulary import SmsPurpose as P
from tests import factories
from tests.services.test_account import PASSWORD, both_codes, fail, registered, try_to, two_logins


def _ask(session: Session, phone: str) -> None:
    account.request_code(session, phone, P.RESET, "")


def _try(session: Session, phone: str) -> None:
    with pytest.raises(CountedRefusal):
        account.sign_in(session, account.candidate(session, phone, "").phone, False, "", "")


@pytest.mark.parametrize("call", [_ask, _try])
def test_known_and_unknown_numbers_take_the_same_time(session: Session, call: Callable[[Session, str], None]):
    """The password itself costs both the same hash (`passwords.DUMMY_HASH`): here is what the services do around it.

    The thread's own time is measured: the clock on the wall tells more of the machine's other work.
    """
    phones, took = (registered(session).phone, factories.phone()), ([], [])
    for turn in range(200):
        # Past every limit of a number.
        clock.shift(timedelta(hours=13 * (turn + 1)))
        start = time.thread_time()
        call(session, phones[turn % 2])
        took[turn % 2].append(time.thread_time() - start)
    known, unknown = (statistics.median(times) * 1000 for times in took)
    assert abs(known - unknown) <= 2, f"known {known:.2f} ms, unknown {unknown:.2f} ms"


def test_2_5_a_code_is_good_for_the_account_that_asked(session: Session):
    number, (asked, _, _), (other, _, _) = (
        factories.phone(),
        *(two_logins(session, registered(session)) for _ in "12"),
    )
    old, new = both_codes(session, asked, number)
    others = account.request_own_code(session, other, P.OLD_PHONE, "").demo_code
    with pytest.raises(CountedRefusal, match="新手机号的验证码不正确"):
        account.change_phone(session, other, others, number, new)
    assert account.change_phone(session, asked, old, number, new) == number


def test_2_2_a_disabled_account_reads_why_but_only_with_the_right_password(session: Session):
    user = registered(session, disabled_at=clock.now(), disabled_reason="资料造假")
    assert fail(session, user.phone) == account.WRONG_LOGIN
    with pytest.raises(CountedRefusal, match="已停用（资料造假）"):
        try_to(session, user.phone, PASSWORD)
    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert entry and (entry.action, entry.subject, entry.ok) == (
        "account.login_failed",
        f"user:{user.id}",
        False,
    )
