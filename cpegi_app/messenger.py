"""The background work of messages: the SMS outbox is sent, reminders are written, until the process ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cpegi_app import db
from cpegi_app.services import investment_list, policy_news, report_reminder, sms

log = logging.getLogger(__name__)
# How long to wait between two rounds, in seconds.
OUTBOX_S, NEWS_S, REMINDERS_S = 2, 2, 3600


async def deliver_messages():
    """Send what waits in the SMS outbox."""
    sender = sms.sender()
    await _every(OUTBOX_S, lambda: deliver(sender))


async def remind_of_reports():
    """Remind organisations of reports that are nearly due or late."""
    await _every(REMINDERS_S, _remind_reporters)


async def remind_of_investments():
    """Call to mind what waits for a project side's confirmation."""
    await _every(REMINDERS_S, _remind_parties)


async def tell_of_policies():
    """Tell those who may apply of the policies that have been published."""
    await _every(NEWS_S, spread_news)


async def _every(seconds: float, work: Callable[[], object]) -> None:
    while True:
        try:
            await asyncio.to_thread(work)
        except Exception:
            log.exception("background work failed; the next round tries again")
        await asyncio.sleep(seconds)


def deliver(sender: sms.Sender) -> int:
    """Send what waits now, each message on its own: one that the gateway refuses holds up no other; return how many went."""
    with db.transaction() as session:
        claimed = sms.claim(session)
    sent = 0
    for message in claimed:
        try:
            sender.send(message.phone, message.text)
        except Exception:
            # Without the message: it may hold a code.
            log.exception("message %s was not delivered and is tried again", message.id)
            with db.transaction() as session:
                sms.give_back(session, message.id or 0)
            continue
        sent += 1
        with db.transaction() as session:
            sms.mark_sent(session, message.id or 0)
    return sent


def _remind_reporters() -> None:
    after = 0
    while True:
        with db.reading() as session:
            wanting, after = report_reminder.wanting(session, after)
        for org_id in wanting:
            # A transaction each: what has been told stays told if the process dies in the middle.
            with db.transaction() as session:
                report_reminder.remind(session, [org_id])
        if not after:
            return


def _remind_parties() -> None:
    with db.transaction() as session:
        investment_list.remind_waiting(session)


def spread_news() -> int:
    """Tell of every policy that waits for it, one that fails holds up no other; return how many organisations were told."""
    with db.reading() as session:
        waiting = policy_news.waiting(session)
    told = 0
    for policy_id in waiting:
        try:
            told += _spread(policy_id)
        except Exception:
            log.exception("the news of policy %s could not be told; the next round tries again", policy_id)
    return told


def _spread(policy_id: int) -> int:
    told = 0
    while True:
        with db.reading() as session:
            seen = policy_news.look(session, policy_id)
        if seen is None:
            return told
        # A transaction each: what has been told stays told if the process dies in the middle.
        with db.transaction() as session:
            told += policy_news.tell(session, seen)
