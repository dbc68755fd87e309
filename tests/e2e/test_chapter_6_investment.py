"""Manual §6.2–6.4 in a browser: records with questions, roadshows, offline filings."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from cpegi_app import clock
from tests.e2e.harness import Walk
from tests.e2e.people import database
from tests.e2e.samples import fill, pdf, upload
from tests.e2e.test_chapter_6_projects import press, signed_in

ENTERPRISE, FUND, STAFF, OTHER = "13900000021", "13900000012", "13900000001", "13900000122"
ROUND = {"round": "A", "mode": "EQUITY", "amount": "1500", "share": "15"}


def ago(days: int) -> str:
    """Return a day so many days ago, as a date field takes it."""
    return (clock.today() - timedelta(days=days)).isoformat()


def dates(first: int) -> dict[str, str]:
    return {"agreed_on": ago(first), "paid_on": ago(first - 3), "registered_on": ago(first - 5)}


def test_6_2_投资记录(new_walk) -> None:
    """A disputed record: both accounts side by side, a question answered, corrected, confirmed, closed."""
    fund, staff, enterprise = (signed_in(new_walk, phone) for phone in (FUND, STAFF, OTHER))
    page = fund.page
    page.get_by_role("link", name="投资记录").click()
    page.wait_for_url("**/console/equity/records")
    fund.step("6.2-01", "在左侧菜单“股权融资项目”下的“投资记录”中查看线上投资", mark=page.locator(".table"))
    row = page.get_by_role("row").filter(has_text="储能电池热管理模组产业化")
    expect(row.get_by_role("link", name=re.compile("^查看项目"))).to_be_visible()
    row.get_by_role("link", name=re.compile("^查看记录")).click()
    page.wait_for_url(re.compile(r"/console/equity/records/\d+"))
    fund.sees("首期到账 900 万元")
    expect(page.locator("tr.is-changed")).to_have_count(2)
    fund.step("6.2-02", "项目方提出异议时，双方数据并列显示，不一致的项目有标记", full=True)

    page.get_by_role("button", name="对记录有疑问").first.click()
    fund.settle()
    press(page, "发送给平台")
    fund.sees("请填写内容")
    page.locator("#f-question").fill("持股比例按首期计算，是否为 6.3%？")
    press(page, "发送给平台")
    fund.sees("已发送，平台管理人员答复后会有消息通知")
    fund.step("6.2-03", "对记录有疑问时在此提问，平台管理人员的答复也在此显示")

    staff.goto("/staff/equity/records")
    press(staff.page, "记录疑问")
    staff.settle()
    staff.page.get_by_role("row").filter(has_text="储能电池").get_by_role(
        "link", name=re.compile("^查看并答复")
    ).click()
    staff.page.wait_for_url(re.compile(r"/staff/equity/records/\d+"))
    staff.sees("持股比例按首期计算")
    staff.page.get_by_label("答复或补充").first.fill("是，按到账金额折算为 6.3%。")
    staff.page.get_by_role("button", name="发送").first.click()
    staff.sees("已发送。")
    staff.step("6.2-04", "平台管理人员在“投资记录与疑问”中答复", full=True)

    # What the staff answered arrives by itself.
    fund.sees("是，按到账金额折算为 6.3%。")
    press(page, "更正记录")
    fill(page, {"amount": "900", "share": "63"})
    fill(page, {"share": "163"})
    page.get_by_role("button", name="更正记录").last.click()
    fund.sees("持股比例应在 0.01–100%之间")
    fill(page, {"share": "6.3"})
    page.get_by_role("button", name="更正记录").last.click()
    fund.sees("已更正，请尚未确认的一方重新确认")

    enterprise.goto("/console/investments")
    press(enterprise.page, "线上投资")
    enterprise.settle()
    enterprise.page.get_by_role("link", name=re.compile("^查看记录储能电池")).click()
    enterprise.page.wait_for_url(re.compile(r"/console/investments/online/\d+"))
    enterprise.settle()
    enterprise.step("6.2-05", "项目方核对线上投资记录，点击“确认无误”或“提出异议”")
    press(enterprise.page, "确认无误")
    enterprise.sees("投资已进入股权投资项目库")
    expect(enterprise.page.get_by_role("button", name="更正记录")).to_have_count(0)


# --- roadshows ------------------------------------------------------------------------------------------


def test_6_3_项目路演(new_walk, site_folder: Path) -> None:
    """Arranged, published, registered for, moved, withdrawn from, attended; each learns of it at once."""
    staff, fund = signed_in(new_walk, STAFF), signed_in(new_walk, FUND)
    page, soon = staff.page, clock.today() + timedelta(days=12)
    staff.goto("/staff/equity/roadshows")
    press(page, "新建路演")
    page.wait_for_url(re.compile(r"/staff/equity/roadshows/\d+"))
    staff.settle()
    number = page.url.rsplit("/", 1)[1]
    form = {
        "title": "高端装备专场路演",
        "places": "3",
        "agenda": "14:00 签到\n14:30 路演",
        "day": soon.isoformat(),
        "begins": "14:30",
        "ends": "14:00",
        "place": "郑州市高新区汇智路 18 号",
        "deadline": (soon - timedelta(days=1)).isoformat(),
        "deadline_time": "18:00",
        "contact": "林老师",
        "contact_phone": "0371-60000008",
    }
    fill(page, form)
    press(page, "发布")
    staff.sees("结束时间应晚于开始时间")
    fill(page, {"ends": "17:00"})
    press(page, "发布")
    staff.sees("请先邀请至少一家机构或企业")
    expect(page.locator("[name=title]")).to_have_value("高端装备专场路演")
    _invite(page)
    staff.step("6.3-01", "平台管理人员填写路演安排，加入参与项目，邀请机构和企业", full=True)
    upload(page, "ATTACHMENT", pdf("路演手册.pdf"))
    press(page, "发布")
    staff.sees("已发布，已通知全部受邀单位")

    fund.goto("/console/notices")
    fund.sees("路演邀请：高端装备专场路演")
    fund.page.get_by_role("link", name="项目路演").click()
    fund.page.wait_for_url("**/console/roadshows")
    fund.step("6.3-02", "股权投资机构在“股权融资项目”下的“项目路演”中查看受邀的路演")
    fund.page.get_by_role("link", name="查看高端装备专场路演").click()
    fund.page.wait_for_url(re.compile(r"/console/roadshows/\d+"))
    fund.sees("路演手册.pdf")
    fill(fund.page, {"people": "5"})
    press(fund.page, "报名")
    fund.sees("剩余名额 3 人，少于本次报名的 5 人")
    fill(fund.page, {"people": "2"})
    press(fund.page, "报名")
    fund.sees("报名成功")
    fund.step("6.3-03", "填写参会人和人数报名；可加入日历，也可更新或取消报名", full=True)
    with fund.page.expect_download() as started:
        fund.page.get_by_role("link", name="加入日历").click()
    calendar = started.value.path().read_bytes()
    assert f"DTSTART;TZID=Asia/Shanghai:{soon:%Y%m%d}T143000\r\n".encode() in calendar

    fill(page, {"begins": "15:00", "reason": "场地布置时间延长"})
    press(page, "保存变更")
    staff.sees("变更已通知全部已报名单位")
    # The page that is open follows by itself.
    fund.sees("场地布置时间延长")
    press(page, "保存变更")
    staff.sees("路演安排没有改动，没有需要通知的变更")
    fund.step("6.3-04", "路演安排变更或取消时，已报名单位立即收到通知，页面列出变更前后")
    press(fund.page, "取消报名")
    fund.page.get_by_role("dialog").get_by_role("button", name="取消报名").click()
    fund.sees("已取消报名，名额已释放")
    press(fund.page, "报名")
    fund.sees("报名成功")
    stranger = signed_in(new_walk, OTHER)
    stranger.goto(f"/console/roadshows/{number}")
    stranger.sees("路演不存在或已被删除")
    assert stranger.page.request.get(f"/roadshows/{number}.ics").status == 404
    _held(staff, site_folder, number)


def _invite(page: Page) -> None:
    page.get_by_role("searchbox", name="查找融资项目").fill("电主轴")
    page.get_by_role("search", name="查找融资项目").get_by_role("button").click()
    page.get_by_role("button", name=re.compile("^加入高速电主轴")).click()
    expect(page.get_by_role("button", name=re.compile("^移除高速电主轴"))).to_be_visible()
    page.get_by_role("searchbox", name="查找机构或企业").fill("川泽")
    page.get_by_role("search", name="查找机构或企业").get_by_role("button").click()
    page.get_by_role("button", name=re.compile("^邀请郑州川泽")).click()
    expect(page.get_by_role("row").filter(has_text="川泽")).to_be_visible()


def _held(staff: Walk, folder: Path, number: str) -> None:
    """Let the day come, then note who came."""
    page, past = staff.page, (clock.now() - timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S.000000")
    with database(folder) as base:
        base.execute(
            "UPDATE roadshow SET starts_at = ?, ends_at = ?, deadline_at = ? WHERE id = ?",
            (past, past, past, number),
        )
    base.close()
    staff.goto(f"/staff/equity/roadshows/{number}")
    page.get_by_role("button", name=re.compile("^签到郑州川泽")).click()
    fill(page, {"attendance": "PRESENT", "note": "会后约访"})
    press(page, "保存")
    staff.sees("已登记签到")
    page.locator("[name=summary]").fill("一家机构到场，会后约访主轴项目。")
    press(page, "保存小结")
    staff.sees("路演小结已保存")
    staff.step("6.3-05", "路演结束后登记签到并填写小结", full=True)


# --- offline --------------------------------------------------------------------------------------------


def test_6_4_添加线下投资记录(new_walk) -> None:
    """Filed, objected to, answered, confirmed by the project side, then by the platform: 已备案."""
    fund, enterprise, staff = (signed_in(new_walk, phone) for phone in (FUND, ENTERPRISE, STAFF))
    page = fund.page
    fund.goto("/console/equity/records")
    fund.step(
        "6.4-01",
        "在“投资记录”页面点击“添加线下投资记录”",
        mark=page.get_by_role("button", name="添加线下投资记录"),
    )
    press(page, "添加线下投资记录")
    page.wait_for_url(re.compile(r"/console/equity/offline/\d+"))
    filing = page.url
    fund.settle()
    press(page, "提交")
    fund.sees("请先查找并选择投资的项目或企业")
    page.locator("[name=word]").fill("砺岩")
    press(page, "查找")
    page.get_by_role("button", name=re.compile("^选择郑州砺岩")).click()
    expect(page.get_by_text("91410100", exact=False).first).to_be_visible()
    fill(page, ROUND | dates(40) | {"project_name": "主轴智能检测单元", "amount": "500", "share": "105"})
    upload(page, "AGREEMENT", pdf("投资协议.pdf"))
    upload(page, "PAYMENT", pdf("银行回单.pdf"))
    fill(page, {"paid_on": ago(60)})
    press(page, "提交")
    fund.sees("持股比例应在 0.01–100%之间")
    fund.sees("到账日期不能早于协议日期")
    fill(page, {"paid_on": ago(37), "share": "5"})
    fund.step("6.4-02", "选择项目方，填写投资信息，上传投资协议和到账凭证，点击“提交”", full=True)
    press(page, "提交")
    fund.sees("请等待项目方和平台管理人员确认")
    fund.goto("/console/equity/records")
    press(page, "线下投资")
    row = page.get_by_role("row").filter(has_text="主轴智能检测单元")
    row.get_by_role("button", name="提醒项目方").click()
    fund.sees("已提醒项目方确认")

    _objected(enterprise)
    fund.goto("/console/equity/records")
    press(page, "线下投资")
    row.get_by_role("link", name="更正或答复").click()
    page.wait_for_url(re.compile(r"/console/equity/offline/\d+"))
    fund.sees("设备款不计入投资")
    press(page, "提交")
    fund.sees("与项目方所述仍有 1 处不同（投资金额）")
    fill(page, {"amount": "450", "answer": "同意，按 450 万元更正。"})
    fund.step("6.4-04", "双方数据并列显示；按项目方数据更正，或填写答复后重新提交", full=True)
    press(page, "提交")
    fund.sees("线下投资记录已提交")

    enterprise.goto("/console")
    enterprise.page.locator(".todo li").filter(has_text="主轴智能检测单元").get_by_role("link").click()
    enterprise.page.wait_for_url(re.compile(r"/console/investments/\d+"))
    enterprise.sees("同意，按 450 万元更正")
    press(enterprise.page, "确认无误")
    enterprise.sees("已确认，等待平台确认备案")

    _asked(fund, staff, filing)
    staff.goto("/staff/queue?flow=investment")
    staff.page.get_by_role("row").filter(has_text="主轴智能检测单元").get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/review/investment/*")
    staff.sees("已按项目方异议更正")
    staff.step("6.4-05", "项目方确认后，平台管理人员核对双方数据和附件，确认备案", full=True)
    press(staff.page, "审核通过")
    staff.settle()
    fund.goto("/console/equity/records")
    press(page, "线下投资")
    expect(page.get_by_role("row").filter(has_text="主轴智能检测单元").get_by_text("已备案")).to_be_visible()
    fund.step("6.4-06", "项目方和平台确认后完成备案，状态为“已备案”")


def _asked(fund: Walk, staff: Walk, filing: str) -> None:
    """对记录有疑问 on the filing; the staff answer it by the keyboard."""
    page = fund.page
    fund.goto(filing[filing.index("/console") :])
    page.get_by_role("button", name="对记录有疑问").click()
    page.locator("#f-question").fill("到账分两次，到账日期按末次填写是否正确？")
    press(page, "发送给平台")
    fund.sees("已发送，平台管理人员答复后会有消息通知")
    desk = staff.page
    staff.goto("/staff/equity/records")
    press(desk, "记录疑问")
    staff.settle()
    row = desk.get_by_role("row").filter(has_text="主轴智能检测单元")
    row.get_by_role("link", name=re.compile("^查看并答复")).press("Enter")
    desk.wait_for_url(re.compile(r"/staff/equity/questions/\d+"))
    staff.sees("到账分两次")
    expect(desk.get_by_role("link", name="查看备案材料")).to_have_attribute(
        "href", re.compile(r"/staff/review/investment/\d+$")
    )
    desk.get_by_label("答复或补充").fill("正确，以全部到账之日为准。")
    desk.get_by_role("button", name="发送").press("Enter")
    staff.sees("已发送。")
    fund.sees("正确，以全部到账之日为准。")
    desk.get_by_role("button", name="标记为已解决").press("Enter")
    staff.sees("已标记为解决")
    desk.get_by_role("link", name="返回列表").click()
    expect(row.get_by_text("已解决")).to_be_visible()


def _objected(enterprise: Walk) -> None:
    page = enterprise.page
    enterprise.goto("/console/investments")
    page.get_by_role("link", name="确认主轴智能检测单元").click()
    page.wait_for_url(re.compile(r"/console/investments/\d+"))
    enterprise.settle()
    press(page, "提出异议")
    fill(page, {"amount": "450"})
    press(page, "提交异议")
    enterprise.sees("退回时必须填写退回原因")
    fill(page, {"comment": "协议含 50 万元设备款，设备款不计入投资"})
    enterprise.step(
        "6.4-03", "项目方在“线下投资确认”中核对：确认无误，或提出异议并填写本单位的数据", full=True
    )
    press(page, "提交异议")
    enterprise.sees("异议已提交")
