"""A roadshow as a calendar file (RFC 5545): CRLF, escaped text, folded lines, Shanghai's own time (manual §6.3)."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.models import Roadshow
from cpegi_app.services import roadshow, roadshow_guest
from cpegi_app.vocabulary.equity import RoadshowState

OCTETS = 75
ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def calendar(session: Session, actor: Actor, roadshow_id: int) -> tuple[str, bytes]:
    """Return the file's name and content, to who is invited and to the staff."""
    manages = actor.may(Permission.ROADSHOW_MANAGE)
    find = roadshow.find if manages else roadshow_guest.load
    row = find(session, actor, roadshow_id)
    return f"{row.title or '路演'}.ics", content(row)


def content(row: Roadshow) -> bytes:
    """Return the calendar file of a roadshow; a later version has the higher SEQUENCE and replaces the earlier."""
    cancelled = row.state == RoadshowState.CANCELLED
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//CPEGI//Roadshow//ZH",
        "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if cancelled else 'PUBLISH'}",
        *ZONE,
        "BEGIN:VEVENT",
        f"UID:roadshow-{row.id}@cpegi",
        f"SEQUENCE:{row.version}",
        f"DTSTAMP:{_utc(row.updated_at or row.created_at)}",
        f"DTSTART;TZID=Asia/Shanghai:{_local(row.starts_at)}",
        f"DTEND;TZID=Asia/Shanghai:{_local(row.ends_at)}",
        f"SUMMARY:{escaped(row.title)}",
        f"LOCATION:{escaped(row.place or row.link)}",
        f"DESCRIPTION:{escaped(_description(row))}",
        *([f"URL:{row.link}"] if row.link else []),
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(folded(line) for line in lines)


def _description(row: Roadshow) -> str:
    parts = [
        f"主办方：{row.host}",
        f"报名截止：{clock.local(row.deadline_at)}",
        f"线上链接：{row.link}" if row.link else "",
        f"联系人：{row.contact} {row.contact_phone}",
        row.agenda,
    ]
    return "\n".join(p for p in parts if p)


def escaped(text: str) -> str:
    r"""Return a text value: backslash, semicolon, comma and line ends escaped, so that nothing begins a new property."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    for end in ("\r\n", "\r", "\n", "\u2028", "\u2029"):
        plain = plain.replace(end, "\\n")
    return "".join(c for c in plain if c == "\t" or ord(c) >= 32)


def folded(line: str) -> bytes:
    """Return a content line with CRLF, folded at 75 octets, never inside a letter."""
    out, current = [], b""
    for letter in line:
        octets = letter.encode()
        if len(current) + len(octets) > OCTETS:
            out.append(current)
            current = b" "
        current += octets
    return b"\r\n".join([*out, current]) + b"\r\n"


def _utc(moment: datetime) -> str:
    return clock.aware(moment).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _local(moment: datetime) -> str:
    return clock.aware(moment).astimezone(clock.SHANGHAI).strftime("%Y%m%dT%H%M%S")
