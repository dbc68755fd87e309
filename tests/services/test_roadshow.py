"""§6.3 项目路演: invited ones alone, places never oversold, changes that reach everybody, calendar, attendance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import clock, db
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Notice, Roadshow, RoadshowChange, RoadshowRegistration
from cpegi_app.services import (
    files,
    lists,
    roadshow,
    roadshow_after,
    roadshow_desk,
    roadshow_guest,
)
from cpegi_app.vocabulary.equity import RegistrationState, RoadshowState
from tests import equity, factories
from tests.equity import changed, guest_data, published, roadshow_data


def told(session: Session, actor: Actor, start: str) -> list[Notice]:
    query = select(Notice).where(Notice.user_id == actor.user_id, col(Notice.title).startswith(start))
    return list(session.exec(query))


def later(session: Session, row: Roadshow, after: timedelta = timedelta(hours=1)) -> None:
    """Let the clock stand after the roadshow's begin."""
    clock.shift(timedelta())
    clock.shift(row.starts_at - clock.now() + after)


# --- who sees it and comes ------------------------------------------------------------------------------


def test_6_3_only_who_is_invited_sees_a_published_roadshow(session: Session):
    guest, stranger, staff = equity.fund(session), equity.fund(session), factories.staff(session)
    row = published(session, guest, by=staff)
    assert roadshow_guest.view(session, guest, row.id or 0).title == row.title
    assert len(told(session, guest, "路演邀请")) == 1
    for who in (stranger, factories.member(session)):
        with pytest.raises(NotFound):
            roadshow_guest.view(session, who, row.id or 0)
        with pytest.raises(NotFound):
            roadshow_guest.register(session, who, row.id or 0, guest_data())
        assert lists.page(session, who, roadshow_guest.OWN, {}).rows == []
    with pytest.raises(Forbidden):
        roadshow_guest.view(session, factories.unverified(guest), row.id or 0)
    with pytest.raises(Forbidden):
        roadshow.find(session, guest, row.id or 0)
    assert [r.mine for r in lists.page(session, guest, roadshow_guest.OWN, {}).rows] == ["未报名"]


def test_a_draft_is_nobodys_but_the_staffs(session: Session):
    guest, staff = equity.fund(session), factories.staff(session)
    row = roadshow.new_draft(session, staff)
    assert roadshow.new_draft(session, staff).id == row.id
    row = roadshow.save(session, staff, row.id or 0, row.version, roadshow_data())
    with pytest.raises(FormInvalid, match="至少一家"):
        roadshow.save(session, staff, row.id or 0, row.version, roadshow_data(), publish=True)
    roadshow_desk.invite(session, staff, row.id or 0, guest.org_id or 0)
    with pytest.raises(NotFound):
        roadshow_guest.view(session, guest, row.id or 0)
    assert told(session, guest, "路演") == []


def test_registration_withdrawal_and_registration_again_are_one_row(session: Session):
    guest = equity.fund(session)
    row = published(session, guest)
    roadshow_guest.register(session, guest, row.id or 0, guest_data(people="3"))
    roadshow_guest.register(session, guest, row.id or 0, guest_data(people="2"))
    session.refresh(row)
    assert row.taken == 2
    roadshow_guest.withdraw(session, guest, row.id or 0)
    session.refresh(row)
    assert row.taken == 0
    with pytest.raises(Conflict, match="无需再次取消"):
        roadshow_guest.withdraw(session, guest, row.id or 0)
    roadshow_guest.register(session, guest, row.id or 0, guest_data())
    session.refresh(row)
    assert row.taken == 1
    assert len(session.exec(select(RoadshowRegistration)).all()) == 1


def test_nobody_registers_late_for_too_many_or_for_what_is_off(session: Session):
    guest, second, staff = equity.fund(session), equity.fund(session), factories.staff(session)
    row = published(session, guest, second, by=staff, places="4")
    roadshow_guest.register(session, guest, row.id or 0, guest_data(people="3"))
    with pytest.raises(Conflict, match="剩余名额 1 人"):
        roadshow_guest.register(session, second, row.id or 0, guest_data(people="2"))
    for people in ("0", "21", "-1", "x", ""):
        with pytest.raises(FormInvalid):
            roadshow_guest.register(session, second, row.id or 0, guest_data(people=people))
    roadshow_guest.register(session, second, row.id or 0, guest_data(people="1"))
    with pytest.raises(Conflict, match="名额已满"):
        roadshow_guest.register(session, second, row.id or 0, guest_data(people="2"))
    session.refresh(row)
    assert row.taken == 4
    clock.shift(row.deadline_at - clock.now() + timedelta(minutes=1))
    with pytest.raises(Conflict, match=r"已于 .* 截止"):
        roadshow_guest.register(session, second, row.id or 0, guest_data(people="1"))
    roadshow_guest.withdraw(session, second, row.id or 0)
    later(session, row)
    with pytest.raises(Conflict, match="不能取消报名"):
        roadshow_guest.withdraw(session, guest, row.id or 0)
    clock.shift(timedelta())
    roadshow.cancel(session, staff, row.id or 0, session.get_one(Roadshow, row.id).version, "延期")
    with pytest.raises(Conflict, match="已取消：延期"):
        roadshow_guest.register(session, second, row.id or 0, guest_data())


def test_a_hundred_for_the_last_ten_places_are_exactly_ten(database: str):
    with db.transaction() as session:
        guests = [equity.fund(session) for _ in range(100)]
        number = published(session, *guests, places="10").id or 0

    def try_one(guest: Actor) -> str:
        try:
            with db.transaction() as session:
                roadshow_guest.register(session, guest, number, guest_data())
            return "in"
        except Conflict as refusal:
            return refusal.message

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(try_one, guests))
    assert answers.count("in") == 10
    assert all("名额已满（共 10 人）" in a for a in answers if a != "in")
    with db.reading() as session:
        assert session.get_one(Roadshow, number).taken == 10
        going = RoadshowRegistration.state == RegistrationState.REGISTERED.value
        assert session.exec(select(func.count()).select_from(RoadshowRegistration).where(going)).one() == 10


def test_one_organisation_twice_at_once_takes_one_place(database: str):
    with db.transaction() as session:
        guest = equity.fund(session)
        number = published(session, guest).id or 0

    def try_one(_: int) -> None:
        with db.transaction() as session:
            roadshow_guest.register(session, guest, number, guest_data())

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(try_one, range(10)))
    with db.reading() as session:
        assert session.get_one(Roadshow, number).taken == 1
        assert session.exec(select(func.count()).select_from(RoadshowRegistration)).one() == 1


# --- changes --------------------------------------------------------------------------------------------


def test_a_change_reaches_everybody_registered_with_old_and_new(session: Session):
    guest, second, staff = equity.fund(session), equity.fund(session), factories.staff(session)
    row = published(session, guest, second, by=staff)
    roadshow_guest.register(session, guest, row.id or 0, guest_data())
    colleague = factories.colleague(session, guest)
    row = changed(session, session.get_one(Roadshow, row.id), staff, place="郑州市金水区花园路 9 号")
    for who in (guest, colleague):
        (notice,) = told(session, who, "路演变更")
        assert "场地调整" in notice.text and "花园路 9 号" in notice.text and "科学大道" in notice.text
    assert told(session, second, "路演变更") == []
    (line,) = roadshow_guest.view(session, guest, row.id or 0).changes
    assert "地点" in line.text
    assert session.exec(select(RoadshowChange.version)).all() == [row.version]


def test_a_change_needs_a_reason_and_nothing_changed_is_no_change(session: Session):
    staff = factories.staff(session)
    row = published(session, by=staff)
    with pytest.raises(FormInvalid) as refusal:
        changed(session, row, staff, reason=" ", place="别处")
    assert "变更原因" in refusal.value.fields["reason"]
    with pytest.raises(FormInvalid) as refusal:
        changed(session, row, staff, reason="改" * 501, place="别处")
    assert "最多 500 字，现有 501 字" in refusal.value.fields["reason"]
    version = row.version
    assert changed(session, row, staff, reason="").version == version


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"day": "2020-01-01", "deadline": "2019-12-30"}, "day", "须晚于现在"),
        ({"ends": "14:00"}, "ends", "结束时间应晚于开始时间"),
        ({"deadline": "2199-01-01"}, "deadline", "不能晚于路演开始"),
        ({"deadline": "2020-01-01"}, "deadline", "须晚于现在"),
        ({"place": "", "link": ""}, "place", "至少填一项"),
        ({"begins": "25:00"}, "begins", "24 小时制"),
        ({"begins": "下午"}, "begins", "24 小时制"),
        ({"link": "javascript:alert(1)"}, "link", "完整网址"),
        ({"link": "https://a b"}, "link", "完整网址"),
        ({"places": "0"}, "places", "名额应"),
        ({"title": "题" * 61}, "title", "最多 60 字"),
    ],
)
def test_a_roadshow_is_not_moved_into_what_cannot_be(
    session: Session, changes: dict[str, str], field: str, sentence: str
):
    guest, staff = equity.fund(session), factories.staff(session)
    row = published(session, guest, by=staff)
    before = roadshow.values(row)
    with pytest.raises(FormInvalid) as refusal:
        changed(session, row, staff, **changes)
    assert sentence in refusal.value.fields[field]
    session.refresh(row)
    assert roadshow.values(row) == before and told(session, guest, "路演变更") == []


def test_times_are_taken_as_people_type_them(session: Session):
    row = published(session, begins="9：05", ends="1130")
    assert (roadshow.values(row)["begins"], roadshow.values(row)["ends"]) == ("09:05", "11:30")
    local = row.starts_at.astimezone(clock.SHANGHAI)
    assert (local.hour, local.minute) == (9, 5)


def test_fewer_places_than_taken_are_refused(session: Session):
    guest, staff = equity.fund(session), factories.staff(session)
    row = published(session, guest, by=staff)
    roadshow_guest.register(session, guest, row.id or 0, guest_data(people="5"))
    with pytest.raises(FormInvalid) as refusal:
        changed(session, session.get_one(Roadshow, row.id), staff, places="4")
    assert "已有 5 人报名" in refusal.value.fields["places"]


def test_of_two_colleagues_the_second_learns_of_the_first(session: Session):
    staff = factories.staff(session)
    row = published(session, by=staff)
    seen, data = row.version, roadshow.values(row)
    changed(session, row, staff, place="甲地")
    with pytest.raises(Conflict, match="其他同事"):
        roadshow.save(session, staff, row.id or 0, seen, data | {"place": "乙地"}, reason="另有安排")
    assert session.get_one(Roadshow, row.id).place == "甲地"


def test_a_cancellation_reaches_everybody_and_is_final(session: Session):
    guest, second, staff = equity.fund(session), equity.fund(session), factories.staff(session)
    row = published(session, guest, second, by=staff)
    roadshow_guest.register(session, guest, row.id or 0, guest_data())
    row = session.get_one(Roadshow, row.id)
    with pytest.raises(FormInvalid):
        roadshow.cancel(session, staff, row.id or 0, row.version, " ")
    roadshow.cancel(session, staff, row.id or 0, row.version, "主讲嘉宾临时不能到场")
    assert [len(told(session, w, "路演取消")) for w in (guest, second)] == [1, 1]
    assert "主讲嘉宾" in told(session, guest, "路演取消")[0].text
    for call in (
        lambda: changed(session, row, staff, place="别处"),
        lambda: roadshow.cancel(session, staff, row.id or 0, row.version, "再次"),
        lambda: roadshow_desk.invite(session, staff, row.id or 0, guest.org_id or 0),
    ):
        with pytest.raises(Conflict):
            call()
    assert row.state == RoadshowState.CANCELLED


def test_what_has_begun_is_neither_changed_nor_cancelled(session: Session):
    staff = factories.staff(session)
    row = published(session, by=staff)
    data = roadshow.values(row)
    later(session, row)
    with pytest.raises(Conflict, match="已经开始"):
        roadshow.save(session, staff, row.id or 0, row.version, data | {"place": "别处"}, reason="x")
    with pytest.raises(Conflict, match="已经开始"):
        roadshow.cancel(session, staff, row.id or 0, row.version, "x")


# --- projects, invitations, attendance ------------------------------------------------------------------


def test_a_projects_enterprise_is_invited_with_it(session: Session):
    owner, staff = factories.member(session), factories.staff(session)
    row = published(session, by=staff)
    project = equity.project(session, owner)
    roadshow_desk.add_project(session, staff, row.id or 0, project.id or 0)
    view = roadshow_guest.view(session, owner, row.id or 0)
    assert (view.role, [p.name for p in view.projects]) == ("参与项目方", [project.name])
    assert len(told(session, owner, "路演邀请")) == 1
    roadshow_desk.remove_project(session, staff, row.id or 0, project.id or 0)
    assert roadshow_guest.view(session, owner, row.id or 0).projects == []
    with pytest.raises(NotFound):
        roadshow_desk.add_project(session, staff, row.id or 0, 10**6)


def test_6_3_projects_and_files_that_change_after_the_publication_reach_who_is_registered(session: Session):
    guest, other, staff = equity.fund(session), equity.fund(session), factories.staff(session)
    draft = roadshow.new_draft(session, staff)
    roadshow_desk.add_project(session, staff, draft.id or 0, equity.project(session).id or 0)
    assert session.exec(select(RoadshowChange)).all() == []
    row = published(session, guest, other, by=staff)
    number, project = row.id or 0, equity.project(session)
    roadshow_guest.register(session, guest, number, guest_data())
    for _ in range(2):
        roadshow_desk.add_project(session, staff, number, project.id or 0)
    paper = files.attach(session, staff, "roadshow", number, "ATTACHMENT", "会议手册.png", factories.png(5))
    files.attach(session, staff, "roadshow", number, "ATTACHMENT", "会议手册.png", factories.png(5))
    files.remove(session, staff, paper.id)
    for _ in range(2):
        roadshow_desk.remove_project(session, staff, number, project.id or 0)
    texts = [f"新增参与项目“{project.name}”", "新增附件“会议手册.png”", "移除附件“会议手册.png”"]
    texts.append(f"移除参与项目“{project.name}”")
    assert {n.text for n in told(session, guest, "路演变更")} == set(texts)
    assert told(session, other, "路演变更") == []
    assert [c.text for c in roadshow_guest.view(session, guest, number).changes] == texts[::-1]


def test_all_equity_institutions_at_once_are_told_once(session: Session):
    guest, staff = equity.fund(session), factories.staff(session)
    row = published(session, guest, by=staff)
    other = equity.fund(session)
    assert roadshow_desk.invite_investors(session, staff, row.id or 0) >= 1
    assert roadshow_desk.invite_investors(session, staff, row.id or 0) == 0
    assert [len(told(session, w, "路演邀请")) for w in (guest, other)] == [1, 1]
    roadshow_desk.uninvite(session, staff, row.id or 0, other.org_id or 0)
    with pytest.raises(NotFound):
        roadshow_guest.view(session, other, row.id or 0)
    roadshow_guest.register(session, guest, row.id or 0, guest_data())
    with pytest.raises(Conflict, match="已报名"):
        roadshow_desk.uninvite(session, staff, row.id or 0, guest.org_id or 0)


def test_attendance_and_a_note_come_afterwards(session: Session):
    guest, other, staff = equity.fund(session), equity.fund(session), factories.staff(session)
    row = published(session, guest, other, by=staff)
    roadshow_guest.register(session, guest, row.id or 0, guest_data())
    at = (session, staff, row.id or 0)
    with pytest.raises(Conflict, match="开始后才能登记签到"):
        roadshow_after.attend(*at, guest.org_id or 0, "PRESENT", "")
    with pytest.raises(Conflict, match="开始后"):
        roadshow_after.summarise(*at, "很好")
    later(session, row)
    roadshow_after.attend(*at, guest.org_id or 0, "PRESENT", "会后约访")
    with pytest.raises(NotFound):
        roadshow_after.attend(*at, other.org_id or 0, "PRESENT", "")
    with pytest.raises(FormInvalid):
        roadshow_after.attend(*at, guest.org_id or 0, "MAYBE", "")
    roadshow_after.summarise(*at, "两家机构有意走访。")
    view = roadshow_guest.view(session, guest, row.id or 0)
    assert (view.attendance, view.summary) == ("已签到", "两家机构有意走访。")
    (line, *_) = lists.page(
        session, staff, roadshow_after.GUESTS, {"roadshow": str(row.id), "state": "REGISTERED"}
    ).rows
    assert (line.attendance, line.note) == ("已签到", "会后约访")
    with pytest.raises(Forbidden):
        lists.page(session, guest, roadshow_after.GUESTS, {"roadshow": str(row.id)})
