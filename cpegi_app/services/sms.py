"""SMS codes and their delivery (policy: domain.md §2; ours: the address limit and the daily budget)."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import httpx
from sqlalchemy import func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import CountedRefusal, TooMany
from cpegi_app.models import SmsCode, SmsOutbox
from cpegi_app.services.identifiers import masked
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.settings import get_settings
from cpegi_app.vocabulary import SmsPurpose

log = logging.getLogger(__name__)

LIFE = timedelta(minutes=10)
MAX_TRIES = 5
RETRY = timedelta(seconds=10)
# (window, most codes a number, what to say)
NUMBER_LIMITS = (
    (timedelta(minutes=1), 1, "验证码每分钟只能获取一次，请 {wait} 后再试。"),
    (timedelta(hours=1), 5, "该号码一小时内获取验证码次数过多，请 {wait} 后再试。"),
    (timedelta(days=1), 10, "该号码今天获取验证码次数已用完，请 {wait} 后再试，或致电 400 056 5005。"),
)
ADDRESS_LIMIT = (timedelta(hours=1), 40)
DAILY_BUDGET = 20_000
WRONG = "验证码不正确或已失效，请核对短信中的 6 位数字，或重新获取验证码。"


@dataclass(frozen=True)
class Sent:
    """The same answer for every number; `demo_code` is empty outside demo mode."""

    wait_s: int
    demo_code: str = ""


def wait_text(seconds: int) -> str:
    """Return a waiting time as a sentence needs it, rounded up."""
    if seconds < 60:
        return f"{max(1, seconds)} 秒"
    minutes = -(-seconds // 60)
    return f"{minutes} 分钟" if minutes < 120 else f"{-(-minutes // 60)} 小时"


def request_code(
    session: Session, phone: str, purpose: SmsPurpose, address: str = "", user_id: int = 0
) -> Sent:
    """Write a new code for a number and purpose, and its message into the outbox.

    With `user_id` it is good for that account alone, whoever else comes by it.
    """
    one_at_a_time(session, "sms", phone)
    _limit(session, phone, address)
    code = f"{secrets.randbelow(1_000_000):06d}"
    row = SmsCode(
        phone=phone,
        purpose=purpose.value,
        code_hash=_hash(phone, purpose, code, user_id),
        expires_at=clock.now() + LIFE,
        address=address[:64],
    )
    session.add(row)
    session.flush()
    text = f"【中小企业成长指数平台】{purpose.label}验证码 {code}，10 分钟内有效。如非本人操作请忽略，切勿告知他人。"
    send_later(session, phone, text, f"code:{row.id}", LIFE)
    return Sent(60, code if get_settings().is_demo else "")


def send_later(
    session: Session, phone: str, text: str, dedupe_key: str, life: timedelta = timedelta(days=1)
) -> None:
    """Put a message into the outbox, in the business transaction; the same one, by its key, is put there once."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"phone": phone, "text": text, "dedupe_key": dedupe_key, "expires_at": clock.now() + life}
    table: Any = SmsOutbox.__table__  # pyright: ignore[reportAttributeAccessIssue]
    session.execute(
        insert(table).values(**values, attempts=0, created_at=clock.now()).on_conflict_do_nothing()
    )


def check_code(session: Session, phone: str, purpose: SmsPurpose, code: str, user_id: int = 0) -> int:
    """Return the id of the code that this is, or refuse and count the try; the fifth wrong one kills the code."""
    query = select(SmsCode).where(
        SmsCode.phone == phone, SmsCode.purpose == purpose.value, col(SmsCode.expires_at) > clock.now()
    )
    # Locked, so that many tries at once are counted one after the other.
    row = session.exec(query.order_by(col(SmsCode.id).desc()).limit(1).with_for_update()).first()
    if row is None or row.used_at or row.tries >= MAX_TRIES:
        raise CountedRefusal(WRONG)
    if not hmac.compare_digest(row.code_hash, _hash(phone, purpose, code, user_id)):
        left = MAX_TRIES - row.tries - 1
        session.exec(update(SmsCode).where(col(SmsCode.id) == row.id).values(tries=SmsCode.tries + 1))
        more = f"还可尝试 {left} 次。" if left else "该验证码已作废，请重新获取。"
        raise CountedRefusal(WRONG + more)
    return row.id or 0


def consume(session: Session, code_id: int) -> None:
    """Use a checked code up."""
    # Compare-and-set: of a hundred right answers at once only one counts.
    used = session.exec(
        update(SmsCode)
        .where(col(SmsCode.id) == code_id, col(SmsCode.used_at).is_(None), col(SmsCode.tries) < MAX_TRIES)
        .values(used_at=clock.now())
    )
    if used.rowcount != 1:
        raise CountedRefusal(WRONG)


class Sender(Protocol):
    """What delivers a message."""

    def send(self, phone: str, text: str) -> None:
        """Deliver or raise."""
        ...


class ConsoleSender:
    """Demo mode only: the log says that a message would go out; its code stands on the page."""

    def send(self, phone: str, text: str) -> None:
        """Log the masked number."""
        log.info("sms (demo, not sent) to %s", masked(phone))


class HttpSender:
    """A gateway over HTTPS: POST of {phone, text} with a bearer token."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def send(self, phone: str, text: str) -> None:
        """Deliver or raise `httpx.HTTPError`."""
        headers = {"Authorization": f"Bearer {self._token}"}
        httpx.post(
            self._url, json={"phone": phone, "text": text}, headers=headers, timeout=10
        ).raise_for_status()


def sender() -> Sender:
    """Return the sender of this process."""
    settings = get_settings()
    return ConsoleSender() if settings.is_demo else HttpSender(settings.sms_url, settings.sms_token)


def claim(session: Session, most: int = 20) -> list[SmsOutbox]:
    """Take messages out for sending, with a lease of two minutes; late codes are dropped."""
    now = clock.now()
    free = (col(SmsOutbox.claimed_until).is_(None)) | (col(SmsOutbox.claimed_until) < now)
    query = select(SmsOutbox).where(
        col(SmsOutbox.sent_at).is_(None), col(SmsOutbox.expires_at) > now, col(SmsOutbox.attempts) < 5, free
    )
    rows = session.exec(query.order_by(col(SmsOutbox.id)).limit(most).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.claimed_until = now + timedelta(minutes=2)
        row.attempts += 1
    session.flush()
    return list(rows)


def give_back(session: Session, message_id: int) -> None:
    """Let a message that was not delivered be claimed again soon: who waits for a code does not wait out the lease."""
    soon = clock.now() + RETRY
    session.exec(update(SmsOutbox).where(col(SmsOutbox.id) == message_id).values(claimed_until=soon))


def mark_sent(session: Session, message_id: int) -> None:
    """Note the delivery and forget the text, which may hold a code."""
    session.exec(
        update(SmsOutbox)
        .where(col(SmsOutbox.id) == message_id)
        .values(sent_at=clock.now(), text="（已发送）")
    )


def _hash(phone: str, purpose: SmsPurpose, code: str, user_id: int) -> str:
    pepper, what = get_settings().secret_key or "demo", f"{phone}|{purpose.value}|{code}|{user_id}"
    return hmac.new(pepper.encode(), what.encode(), hashlib.sha256).hexdigest()


def _limit(session: Session, phone: str, address: str) -> None:
    now = clock.now()
    for window, most, sentence in NUMBER_LIMITS:
        query = select(SmsCode.created_at).where(
            SmsCode.phone == phone, col(SmsCode.created_at) > now - window
        )
        times = session.exec(query.order_by(col(SmsCode.created_at).desc()).limit(most)).all()
        if len(times) >= most:
            wait = int((times[-1] + window - now).total_seconds()) + 1
            raise TooMany(sentence.format(wait=wait_text(wait)), wait)
    window, most = ADDRESS_LIMIT
    recent = select(func.count()).select_from(SmsCode).where(col(SmsCode.created_at) > now - window)
    if address and session.exec(recent.where(SmsCode.address == address)).one() >= most:
        raise TooMany("当前网络获取验证码次数过多，请一小时后再试。", 3600)
    day = select(func.count()).select_from(SmsCode).where(col(SmsCode.created_at) > now - timedelta(days=1))
    if session.exec(day).one() >= DAILY_BUDGET:
        log.error("the daily SMS budget is used up")
        raise TooMany("短信服务繁忙，请稍后再试，或致电 400 056 5005。", 3600)
