"""The demo's investments, questions, roadshows and library: online and offline, in every state (manual §6.2–6.5)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from cpegi_app import clock, demo_paper
from cpegi_app.demo_equity import Case, tell_project
from cpegi_app.demo_parties import rng
from cpegi_app.demo_world import Story, World
from cpegi_app.models import EquityLead, Investment, Roadshow
from cpegi_app.services import (
    equity_interest,
    equity_lead,
    files,
    investment,
    investment_form,
    investment_question,
    online_investment,
    roadshow,
    roadshow_after,
    roadshow_desk,
    roadshow_guest,
)
from cpegi_app.services.investment import FLOW
from cpegi_app.vocabulary import Action, FileSlot
from cpegi_app.vocabulary.equity import Attendance

# What is sold in a round that comes to its end, beside the projects of the first half.
PROJECTS: tuple[Case, ...] = (
    Case("laser", "f05", 90, "listed", "激光熔覆再制造服务站扩点", "C", "JINGKAI", "GROWTH", "A", 1800, 9,
         "为矿山机械提供现场激光熔覆再制造，已建成两个服务站。", "自研送粉头与工艺数据库，修复成本为换新的四成。"),
    Case("valve", "f17", 86, "listed", "高端阀门智能执行机构产线", "C", "GAOXIN", "GROWTH", "B", 3600, 12,
         "面向化工与电力的智能执行机构，产线二期建设。", "通过防爆与功能安全认证，交付周期六周。"),
    Case("cell", "f22", 80, "listed", "储能电池热管理模组产业化", "C", "AIRPORT", "STARTUP", "PRE_A", 1500, 10,
         "液冷热管理模组，已进入两家储能集成商名录。", "微通道冷板温差控制在三度以内。"),
)  # fmt: skip
# Institution, project, days ago of the record, by whom, 万元, per cent, how it went.
ONLINE = """
chuanze laser 40 staff   1800 9  done
yuanshu valve  3 fund    2000 6  waiting
chuanze cell   8 fund    1000 7  disputed
"""
# Institution, enterprise, days ago, project, round, mode, 万元, per cent, how it went.
OFFLINE = """
chuanze f14 62 冷链分拣自动化二期      A      EQUITY      1200 8    filed
yuanshu f01 58 主轴单元海外试制        ANGEL  EQUITY       600 5    filed
yuanshu f02 34 试剂原料国产化          PRE_A  CONVERTIBLE  500 -    filed
chuanze f01  2 智能工厂改造项目        A      EQUITY       900 4.5  party
yuanshu f21  6 数据合规工具箱          A      EQUITY      1500 6    platform
chuanze f29  9 快换夹具标准化          B      EQUITY       700 3    objected
chuanze f24  1 园区储能示范            ANGEL  EQUITY       400 5    draft
"""
AGENDA = "14:00 签到\n14:30 主办方致辞\n14:40 项目路演（每项 15 分钟，问答 10 分钟）\n16:30 一对一交流"


def stories(world: World) -> list[Story]:
    """Return every investment's and every roadshow's story."""
    online = [line.split() for line in ONLINE.strip().splitlines()]
    offline = [line.split() for line in OFFLINE.strip().splitlines()]
    return [
        *(tell_project(world, case) for case in PROJECTS),
        *(_online(world, *row) for row in online),
        *(_offline(world, *row) for row in offline),
        _past(world),
        _coming(world),
        _cancelled(world),
        _begun(world),
    ]


def _day(ago: int) -> str:
    return (clock.today() - timedelta(days=ago)).isoformat()


def _figures(amount: str, share: str, mode: str, of: str) -> dict[str, str]:
    return {
        "round": of,
        "mode": mode,
        "amount": amount,
        "share": "" if share == "-" else share,
        "agreed_on": _day(24),
        "paid_on": _day(15),
        "registered_on": "" if mode == "CONVERTIBLE" else _day(6),
    }


# --- online ---------------------------------------------------------------------------------------------


def _online(
    world: World, who: str, key: str, days: str, by: str, amount: str, share: str, fate: str
) -> Story:
    """Tell how a lead came to its end: recorded, confirmed, or held against."""
    case, ago, chance = next(c for c in PROJECTS if c.key == key), int(days), rng(f"online-{key}")
    yield world.at(ago + 25, 10, chance.randint(0, 59))
    equity_interest.favourite(world.session, world.actor(who), world.projects[key], on=True)
    query = select(EquityLead).where(
        EquityLead.project_id == world.projects[key], EquityLead.org_id == world.actor(who).org_id
    )
    yield world.at(ago + 24, 15, chance.randint(0, 59))
    lead = world.session.exec(query).one()
    staff = world.actor("staff")
    equity_lead.assign(world.session, staff, lead.id or 0, lead.version, staff.user_id)
    yield world.at(ago + 12, 16, chance.randint(0, 59))
    met = {"kind": "MEETING", "happened_on": _day(0), "text": "双方就估值和董事席位达成一致。"}
    equity_lead.contact(world.session, world.actor("staff"), lead.id or 0, lead.version, met)
    equity_lead.move(world.session, world.actor("staff"), lead.id or 0, lead.version, "TERMS")
    yield world.at(ago, 10, 20)
    data = _figures(amount, share, "EQUITY", case.round)
    recorder = world.actor("staff" if by == "staff" else who)
    row = online_investment.record(world.session, recorder, lead.id or 0, data)
    if fate == "waiting":
        return
    if fate == "done":
        for side in (who, case.firm):
            yield world.at(ago - 1, 11 if side == who else 15, 5)
            online_investment.confirm(world.session, world.actor(side), row.id or 0, row.version)
        return
    yield world.at(ago - 2, 9, 45)
    theirs = investment_form.strings(row) | {"amount": "900", "share": "6.3"}
    why = "首期到账 900 万元，余款按协议在明年一季度支付。"
    online_investment.object_to(world.session, world.actor(case.firm), row.id or 0, row.version, theirs, why)
    yield world.at(ago - 3, 10, 15)
    text = "余款尚未到期，记录应按首期还是按协议总额登记？"
    question = investment_question.ask(world.session, world.actor(who), "online", row.id or 0, text)
    yield world.at(ago - 3, 16, 30)
    answer = "请按已到账金额登记，余款到账后另行登记一笔。"
    investment_question.post(world.session, world.actor("staff"), question.id or 0, question.version, answer)


# --- offline --------------------------------------------------------------------------------------------


def _offline(
    world: World,
    who: str,
    firm: str,
    days: str,
    name: str,
    of: str,
    mode: str,
    amount: str,
    share: str,
    fate: str,
) -> Story:
    """Tell how an offline investment was filed and what the project side and the platform said."""
    ago, chance = int(days), rng(f"offline-{who}-{firm}")
    yield world.at(ago, 10, chance.randint(0, 59))
    actor = world.actor(who)
    row = investment.new_draft(world.session, actor)
    party = world.actor(firm).org_id or 0
    row = investment.choose(world.session, actor, row.id or 0, row.version, party, 0)
    data = _figures(amount, share, mode, of) | {"project_name": name}
    row = world.save(who, FLOW, row, data)
    if fate == "draft":
        return
    world.attach(who, FLOW, row, *investment.SLOTS)
    row = world.submit(who, FLOW, row, data)
    if fate == "party":
        return
    yield world.at(ago - 1, 14, chance.randint(0, 59))
    stored = world.session.get_one(Investment, row.id)
    if fate == "objected":
        theirs = investment_form.strings(stored) | {"amount": "650", "share": "2.8"}
        why = "协议金额为 650 万元，另 50 万元为设备款，不计入投资。"
        investment.object_to(world.session, world.actor(firm), stored.id or 0, stored.version, theirs, why)
        return
    investment.confirm(world.session, world.actor(firm), stored.id or 0, stored.version)
    if fate == "platform":
        return
    yield world.at(ago - 2, 16, chance.randint(0, 59))
    world.staff_decides(FLOW, stored.id or 0, Action.APPROVE, "协议与到账凭证一致。")


# --- roadshows ------------------------------------------------------------------------------------------


def _data(world: World, title: str, ahead: int, **more: str) -> dict[str, str]:
    day = clock.today() + timedelta(days=ahead)
    return {
        "title": title,
        "host": "中原中小企业成长指数服务平台",
        "places": "40",
        "agenda": AGENDA,
        "day": day.isoformat(),
        "begins": "14:30",
        "ends": "17:00",
        "place": "郑州市高新区汇智路 18 号路演厅",
        "link": "",
        "deadline": (day - timedelta(days=2)).isoformat(),
        "deadline_time": "18:00",
        "contact": "路演服务专员",
        "contact_phone": "0371-60000008",
    } | more


def _drafted(world: World, data: dict[str, str], projects: tuple[str, ...]) -> Roadshow:
    session, staff = world.session, world.actor("staff")
    row = roadshow.new_draft(session, staff)
    row = roadshow.save(session, staff, row.id or 0, row.version, data)
    for key in projects:
        roadshow_desk.add_project(session, staff, row.id or 0, world.projects[key])
    name, content = demo_paper.paper(FileSlot.PLAN)
    files.attach(session, staff, roadshow.HOLDER, row.id or 0, FileSlot.ATTACHMENT.value, name, content)
    roadshow_desk.invite_investors(session, staff, row.id or 0)
    return row


def _published(world: World, data: dict[str, str], projects: tuple[str, ...]) -> Roadshow:
    row = _drafted(world, data, projects)
    staff = world.actor("staff")
    return roadshow.save(world.session, staff, row.id or 0, row.version, data, publish=True)


def _register(world: World, key: str, row: Roadshow, people: str = "2") -> None:
    actor = world.actor(key)
    data = {"visitor": "投资经理", "phone": world.phones[key], "people": people}
    roadshow_guest.register(world.session, actor, row.id or 0, data)


def _past(world: World) -> Story:
    """Tell of a roadshow that took place: who came, and what came of it."""
    yield world.at(40, 9, 30)
    row = _published(world, _data(world, "先进制造专场路演", 12), ("spindle", "robot"))
    yield world.at(38, 10, 0)
    _register(world, "chuanze", row)
    yield world.at(37, 10, 0)
    _register(world, "yuanshu", row, "1")
    yield world.at(27, 9, 0)
    at = (world.session, world.actor("staff"), row.id or 0)
    for key, came, note in (
        ("chuanze", Attendance.PRESENT, "会后约访主轴项目"),
        ("yuanshu", Attendance.ABSENT, ""),
    ):
        roadshow_after.attend(*at, world.actor(key).org_id or 0, came.value, note)
    text = "两个项目参加路演，现场两家机构，会后达成一项走访意向。路演材料见附件。"
    roadshow_after.summarise(*at, text)


def _coming(world: World) -> Story:
    """Tell of a roadshow that is still ahead, moved once already."""
    yield world.at(6, 9, 40)
    data = _data(world, "数字经济与新能源专场路演", 18)
    row = _published(world, data, ("datasafe", "solar"))
    roadshow_desk.invite(world.session, world.actor("staff"), row.id or 0, world.actor("f01").org_id or 0)
    yield world.at(5, 11, 10)
    _register(world, "chuanze", row)
    yield world.at(2, 15, 20)
    again = roadshow.values(row) | {"place": "郑州市郑东新区云锦街 6 号三楼报告厅"}
    staff = world.actor("staff")
    why = "原场地设备检修"
    roadshow.save(world.session, staff, row.id or 0, row.version, again, reason=why)


def _cancelled(world: World) -> Story:
    """Tell of a roadshow that was called off."""
    yield world.at(20, 9, 10)
    row = _published(world, _data(world, "生物医药专场路演", 14, places="20"), ("reagent",))
    yield world.at(16, 10, 30)
    staff = world.actor("staff")
    roadshow.cancel(world.session, staff, row.id or 0, row.version, "报名项目不足，改期另行通知")


def _begun(world: World) -> Story:
    """Tell of a roadshow that is being arranged."""
    yield world.at(1, 16, 0)
    data = _data(world, "种子期项目线上路演", 25, place="", link="https://meeting.example.com/roadshow")
    _drafted(world, data, ("cell",))
