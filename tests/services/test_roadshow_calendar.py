"""§6.3 项目路演: papers for the invited, and the calendar file."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app.errors import DomainError, NotFound
from cpegi_app.models import StoredFile
from cpegi_app.services import files, roadshow, roadshow_calendar
from cpegi_app.vocabulary import FileSlot
from tests import equity, factories
from tests.equity import changed, published


def test_papers_are_read_by_who_is_invited(session: Session):
    guest, staff = equity.fund(session), factories.staff(session)
    row = published(session, guest, by=staff)
    slot = FileSlot.ATTACHMENT.value
    view = files.attach(session, staff, roadshow.HOLDER, row.id or 0, slot, "议程.png", factories.png())
    assert files.content(session, guest, view.id).name == "议程.png"
    for who in (equity.fund(session), factories.member(session), factories.unverified(guest)):
        with pytest.raises(NotFound):
            files.content(session, who, view.id)
        with pytest.raises(DomainError):
            files.attach(session, who, roadshow.HOLDER, row.id or 0, slot, "x.png", factories.png(1))
        with pytest.raises(DomainError):
            files.remove(session, who, view.id)
    with pytest.raises(NotFound):
        files.remove(session, guest, view.id)
    files.remove(session, staff, view.id)
    with pytest.raises(NotFound):
        files.content(session, guest, view.id)
    assert session.get_one(StoredFile, view.id).removed_at is not None


def unfolded(data: bytes) -> list[str]:
    """Read the lines of a calendar file as a calendar does."""
    text = data.decode()
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n ", "").split("\r\n")


def test_the_calendar_file_says_when_and_where_in_shanghais_time(session: Session):
    guest, staff = equity.fund(session), factories.staff(session)
    row = published(session, guest, by=staff)
    name, data = roadshow_calendar.calendar(session, guest, row.id or 0)
    lines = unfolded(data)
    day = roadshow.values(row)["day"].replace("-", "")
    assert name == f"{row.title}.ics"
    assert f"DTSTART;TZID=Asia/Shanghai:{day}T143000" in lines
    assert f"DTEND;TZID=Asia/Shanghai:{day}T170000" in lines
    assert "TZOFFSETTO:+0800" in lines and f"SEQUENCE:{row.version}" in lines
    assert "STATUS:CONFIRMED" in lines and lines[-1] == "" and lines[-2] == "END:VCALENDAR"
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    for who in (equity.fund(session), factories.member(session)):
        with pytest.raises(NotFound):
            roadshow_calendar.calendar(session, who, row.id or 0)
    row = changed(session, row, staff, begins="15:00")
    roadshow.cancel(session, staff, row.id or 0, row.version, "延期")
    later_lines = unfolded(roadshow_calendar.calendar(session, guest, row.id or 0)[1])
    assert "STATUS:CANCELLED" in later_lines and "METHOD:CANCEL" in later_lines
    assert f"DTSTART;TZID=Asia/Shanghai:{day}T150000" in later_lines
    assert int(next(x for x in later_lines if x.startswith("SEQUENCE"))[9:]) > 1


@pytest.mark.parametrize(
    "hostile",
    [
        "会议\r\nBEGIN:VEVENT\r\nUID:x",
        "a;b,c\\d",
        "行一\n行二\r行三\u2028行四",
        "题" * 59,
        "\x00\x07响铃",
        'END:VCALENDAR";X=1',
    ],
)
def test_no_text_breaks_out_of_its_line(session: Session, hostile: str):
    row = published(session, place=hostile[:200])
    row.title = row.agenda = hostile
    data = roadshow_calendar.content(row)
    lines = unfolded(data)
    assert sum(line == "BEGIN:VEVENT" for line in lines) == 1
    assert sum(line == "END:VCALENDAR" for line in lines) == 1
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert all(ord(c) >= 32 for line in lines for c in line)
    session.expire(row)


def test_text_is_escaped_as_the_standard_says():
    assert roadshow_calendar.escaped("a;b,c\\d\ne") == "a\\;b\\,c\\\\d\\ne"
