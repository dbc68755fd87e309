"""The demo's reports: what is asked of whom, and reports in every status, one of them late (manual §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from cpegi_app import clock
from cpegi_app.demo_parties import rng
from cpegi_app.demo_world import Story, World
from cpegi_app.models import Report
from cpegi_app.services import report, report_duty, report_period
from cpegi_app.services import report_statistics as statistics
from cpegi_app.services.forms import plain_number
from cpegi_app.vocabulary import PERIOD_OF, Action, FileSlot, PeriodType, ReportKind

FLOW = report.FLOW
# Whom, what, months and days after the period's end, remark.
DUTIES = """
DEBT MONTHLY 0 10 每月10日前报送上月数据
DEBT QUARTERLY 0 20 季度结束后20日内报送
DEBT ANNUAL 4 0 次年4月30日前报送
BANK AUDIT 4 0 随年度报告报送
EQUITY QUARTERLY 1 0 季度结束后一个月内报送
INTERMEDIARY ANNUAL 5 0 次年5月31日前报送
"""
# Who, which kind, how many ended periods back (or days ago), how many days after the end, how it went.
CASES = """
songyue   MONTHLY   2  6 approved
songyue   MONTHLY   0  1 draft
songyue   QUARTERLY 0 12 approved
heze      MONTHLY   2  8 approved
heze      MONTHLY   1  5 approved
heze      MONTHLY   0  3 pending
heluo     MONTHLY   2  9 bounced
heluo     MONTHLY   1  9 approved
heluo     MONTHLY   0  2 returned
guanghui  MONTHLY   2 14 approved
guanghui  MONTHLY   1  7 approved
hengxin   MONTHLY   1  4 approved
hengxin   QUARTERLY 0 16 pending
chuanze   QUARTERLY 0 18 approved
shenheng  INTERIM   9  0 approved
songyue   MATERIAL  3  0 pending
f01       INTERIM  20  0 approved
f05       INTERIM   5  0 returned
"""
NAMES = {
    "shenheng-INTERIM": ("关于变更办公场所的报告", "办公场所已变更，执业人员和联系方式不变。"),
    "songyue-MATERIAL": ("关于高级管理人员变动的重大事项报告", "分管信贷业务的副行长变动，已履行内部程序。"),
    "f01-INTERIM": ("关于新增高新技术企业资质的报告", "已取得新一期高新技术企业证书，随附扫描件。"),
    "f05-INTERIM": ("关于新厂区投产情况的报告", "新厂区一期已投产，随附情况说明。"),
}
RETURNS = {"name": "请在报告名称中写明报送单位简称。", "note": "请说明本期与上期差异较大的原因。"}
FIRST_RETURN = {"note": "本期数据与上期差异较大，请补充说明。"}


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    key: str
    kind: ReportKind
    back: int
    after: int
    outcome: str


def cases() -> list[Case]:
    """Return the table's lines."""
    rows = (line.split() for line in CASES.strip().splitlines())
    return [Case(key, ReportKind(kind), int(back), int(after), how) for key, kind, back, after, how in rows]


def stories(world: World) -> list[Story]:
    """Return the story of the duties and of every report."""
    return [_duties(world), *(_reported(world, case) for case in cases())]


def _duties(world: World) -> Story:
    yield world.at(118, 10, 30)
    start = (world.now.date() - timedelta(days=85)).replace(day=1)
    for line in DUTIES.strip().splitlines():
        audience, kind, months, days, note = line.split()
        data = {
            "applies_to": audience,
            "report_kind": kind,
            "due_months": months,
            "due_days": days,
            "starts_on": start.isoformat(),
            "note": note,
        }
        report_duty.save(world.session, world.actor("staff"), 0, data)


def _reported(world: World, case: Case) -> Story:
    """Tell how a report was written, sent and, unless it still waits, decided."""
    today = world.now.astimezone(clock.SHANGHAI).date()
    code, day = "", today - timedelta(days=case.back)
    if PERIOD_OF[case.kind] is not PeriodType.NONE:
        period = report_period.recent(PERIOD_OF[case.kind], today, case.back + 1)[case.back]
        code, day = period.code, period.end + timedelta(days=case.after)
    chance = rng(f"{case.key}{case.kind}{code}")
    yield _moment(world, today, day, chance.randint(9, 15), chance.randint(0, 59))
    row = report.begin(world.session, world.actor(case.key), case.kind.value, code)
    data = row.data | _data(world, case, row)
    row = world.save(case.key, FLOW, row, data)
    if case.outcome == "draft":
        return
    world.attach(case.key, FLOW, row, FileSlot.REPORT)
    row = world.submit(case.key, FLOW, row, data)
    if case.outcome == "pending":
        return
    day += timedelta(days=1)
    yield _moment(world, today, day, 16, chance.randint(0, 59))
    if case.outcome in ("returned", "bounced"):
        reasons = RETURNS if case.outcome == "returned" else FIRST_RETURN
        world.staff_decides(FLOW, row.id, Action.RETURN, field_reasons=reasons)
        if case.outcome == "returned":
            return
        day += timedelta(days=1)
        yield _moment(world, today, day, 10, chance.randint(0, 59))
        again = world.session.get_one(Report, row.id)
        world.submit(case.key, FLOW, again, again.data | {"note": "本期集中投放两笔，故较上期增加。"})
        yield _moment(world, today, day, 17, chance.randint(0, 59))
    world.staff_decides(FLOW, row.id, Action.APPROVE, chance.choice(("数据与附件一致。", "同意。", "")))


def _moment(world: World, today: date, day: date, hour: int, minute: int):
    """Return a moment of a day, or some hours before now where that day is today or still to come."""
    ago = (today - day).days
    return world.at(ago, hour, minute) if ago > 0 else world.at(0, 1 + (17 - hour) // 3, minute)


def _data(world: World, case: Case, row: Report) -> dict[str, str]:
    """Return what the author types: a name, or the figures beside the loan book's."""
    if case.kind.value in ("INTERIM", "MATERIAL"):
        name, note = NAMES[f"{case.key}-{case.kind.value}"]
        return {"kind": case.kind.value, "name": name, "note": note}
    if case.kind not in statistics.WITH_STATISTICS:
        return {}
    actor, chance = world.actor(case.key), rng(f"{case.key}{row.period}")
    sheet = report.sheet(world.session, actor, row.kind, row.period, {})
    typed = {"s_filler": "财务部", "s_phone": "0371-60000000"}
    if any(f.book for f in sheet.figures):
        typed["s_remark"] = "差异为台账外的存量业务。"
    for f in sheet.figures:
        if f.unit:
            # What the book knows is confirmed, but for a balance that the book knows only in part.
            more = chance.randint(2, 9) * 1000 if f.name == "s_balance" else 0
            drawn = chance.randint(40, 900) if f.unit == "万元" else chance.randint(1, 20)
            typed[f.name] = f"{plain_number(f.book) + more}" if f.book else str(drawn)
        elif f.name == "s_industries":
            typed[f.name] = f.book or "制造业；批发和零售业；建筑业"
    return typed
