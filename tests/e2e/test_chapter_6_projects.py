"""Manual §6.1 in a browser: a project from its form to the public site, favourites, recommendations, leads."""

from __future__ import annotations

import io
import re

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.samples import fill, pdf, upload

ENTERPRISE, FUND, STAFF = "13900000021", "13900000012", "13900000001"
BANK, INTERMEDIARY = "13900000011", "13900000013"
NAME = "数控转台智能化改造项目"
ABOUT = {
    "name": NAME,
    "industry": "C",
    "region": "GAOXIN",
    "stage": "GROWTH",
    "intro": "面向五轴机床的智能数控转台，已小批量供货。",
    "advantage": "自研直驱电机与编码器，定位精度两角秒。",
}
TEAM = {
    "team": "核心团队十五人，平均从业十二年。",
    "use": "产线建设 900 万元，研发 600 万元。",
    "contact": "王建国",
    "contact_phone": "13800001234",
}


def signed_in(new_walk, phone: str) -> Walk:
    """Open a browser of its own for a demo login."""
    walk = new_walk()
    walk.login(phone, demo.PASSWORD)
    return walk


def press(page: Page, name: str) -> None:
    """Press the button of exactly that name."""
    page.get_by_role("button", name=name, exact=True).click()


def test_6_1_发布融资项目(new_walk) -> None:
    """The form in steps that save, sums checked as typed; review; then only equity institutions see the figures."""
    enterprise, staff = signed_in(new_walk, ENTERPRISE), signed_in(new_walk, STAFF)
    page = enterprise.page
    page.get_by_role("link", name="我的融资项目").click()
    page.wait_for_url("**/console/projects")
    enterprise.step(
        "6.1-01",
        "企业点击左侧菜单“股权融资”下的“我的融资项目”，点击“发布融资项目”",
        mark=page.get_by_role("button", name="发布融资项目"),
    )
    press(page, "发布融资项目")
    page.wait_for_url(re.compile(r"/console/projects/edit/\d+"))
    enterprise.settle()
    fill(page, ABOUT | {"advantage": ""})
    press(page, "保存并继续")
    enterprise.sees("已保存。本步还有 1 处需要更正")
    fill(page, {"advantage": ABOUT["advantage"]})
    press(page, "保存并继续")
    expect(page.locator("[name=amount]")).to_be_visible()

    # No round trip a key: the sentence stands there before anything is sent.
    fill(page, {"round": "A", "amount": "1,500", "pre": "8500", "post": "9000"})
    enterprise.sees("投后估值应为 10,000 万元")
    fill(page, {"post": "１００００", "share": "20"})
    enterprise.sees("投后估值 = 投前估值 + 融资额，核对一致")
    enterprise.sees("相差 5 个百分点")
    enterprise.step("6.1-02", "分步填写，每一步都会保存；估值和比例随填随算，不一致时提示原因", full=True)
    fill(page, {"share": "15"})
    enterprise.sees("出让比例约为 15%，核对一致")
    press(page, "保存并继续")
    fill(page, TEAM)
    press(page, "保存并继续")
    expect(page.locator("#f-file_PLAN")).to_be_visible()
    press(page, "提交")
    enterprise.sees("请上传商业计划书")
    upload(page, "PLAN", pdf("商业计划书.pdf"))
    enterprise.step("6.1-03", "上传商业计划书（PDF）和项目图片，点击“提交”由平台审核", full=True)
    page.reload()
    enterprise.check()
    expect(page.locator("[name=name]")).to_have_value(NAME)
    page.get_by_role("button", name=re.compile("^商业计划书与图片")).click()
    expect(page.locator("#f-file_PLAN .file")).to_have_count(1)
    press(page, "提交")
    enterprise.sees("已提交，等待平台审核")

    staff.goto("/staff/queue?flow=equity_project")
    row = staff.page.get_by_role("row").filter(has_text=NAME).first
    row.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/review/equity_project/*")
    staff.sees("融资额、估值与出让比例一致")
    staff.step("6.1-04", "平台管理人员审核融资项目")
    press(staff.page, "审核通过")
    staff.settle()
    _seen_by_everybody(new_walk, enterprise)


def _seen_by_everybody(new_walk, enterprise: Walk) -> None:
    visitor, fund = new_walk(), signed_in(new_walk, FUND)
    visitor.goto("/projects?round=A&industry=C")
    visitor.step("6.1-05", "平台网站“股权融资”展示已发布的项目，可按轮次、融资额、行业和地区筛选")
    visitor.page.get_by_role("link", name=f"查看项目：{NAME}").click()
    visitor.page.wait_for_url(re.compile(r"/projects/\d+"))
    visitor.check()
    visitor.sees("仅向经认证的股权金融机构展示")
    expect(visitor.page.get_by_text("10,000 万元")).to_have_count(0)
    path = visitor.page.url.removeprefix(visitor.site)

    fund.goto(path)
    fund.sees("10,000 万元")
    plan = fund.page.get_by_role("link", name=re.compile("打开商业计划书")).get_attribute("href") or ""
    fund.step("6.1-06", "股权投资机构登录后可查看估值、资金用途和商业计划书")
    assert fund.page.request.get(plan).headers["content-type"] == "application/pdf"
    press(fund.page, "收藏项目")
    fund.sees("已收藏，平台管理人员将与您沟通对接")
    fund.step("6.1-07", "点击“收藏项目”；再次点击可“取消收藏”")
    press(fund.page, "取消收藏")
    fund.sees("已取消收藏")
    press(fund.page, "收藏项目")
    fund.sees("已收藏，平台管理人员将与您沟通对接")
    enterprise.goto("/console/projects")
    row = enterprise.page.get_by_role("row").filter(has_text=NAME)
    row.get_by_role("link", name="关注与查阅").click()
    enterprise.page.wait_for_url(re.compile(r"/console/projects/\d+"))
    enterprise.sees("郑州川泽私募基金管理有限公司")
    enterprise.step("6.1-08", "企业在“关注与查阅”中查看浏览、收藏、感兴趣的机构数和商业计划书的查阅记录")


def test_6_1_收藏与推荐和对接线索(new_walk) -> None:
    """The staff recommend with reasons, the institution answers, the lead is followed up to its outcome."""
    staff, fund = signed_in(new_walk, STAFF), signed_in(new_walk, FUND)
    page = fund.page
    fund.goto("/console/equity/preference")
    fund.step("6.1-09", "在“投资偏好”中填写关注的行业、轮次、阶段、地区和融资额")
    staff.goto("/staff/equity/recommend")
    staff.page.get_by_role("button", name="为机构找项目").click()
    row = staff.page.get_by_role("row").filter(has_text="川泽")
    row.get_by_role("link", name=re.compile("推荐项目")).click()
    staff.page.wait_for_url("**/staff/equity/recommend/institution/*")
    staff.settle()
    box = staff.page.locator("input[name=pick]:not([disabled])").first
    name = (box.get_attribute("aria-label") or "").removeprefix("选择")
    box.check()
    fill(staff.page, {"note": "与贵机构方向一致"})
    staff.step("6.1-10", "平台管理人员按匹配理由勾选项目，推荐给机构")
    press(staff.page, "推荐所选")
    staff.sees("已推荐 1 项")

    fund.goto("/console/equity/projects")
    mine = page.get_by_role("row").filter(has_text=name)
    expect(mine.get_by_text("与贵机构方向一致")).to_be_visible()
    fund.step("6.1-11", "“收藏与推荐”列出平台推荐和收藏的项目，可反馈“感兴趣”或“不感兴趣”")
    mine.get_by_role("button", name="不感兴趣").click()
    fill(page, {"why": "阶段偏早"})
    press(page, "确定")
    fund.sees("已反馈“不感兴趣”")
    staff.page.reload()
    staff.sees("已推荐 · 不感兴趣")
    staff.sees("阶段偏早")
    mine.get_by_role("button", name="感兴趣", exact=True).click()
    fill(page, {"why": "希望与企业见面"})
    fund.step("6.1-12", "反馈时可填写关注点或原因")
    press(page, "确定")
    fund.sees("已反馈“感兴趣”")
    press(page, "导出")
    with page.expect_download() as started:
        page.get_by_role("link", name=re.compile("下载")).click()
    (sheet,) = load_workbook(io.BytesIO(started.value.path().read_bytes())).worksheets
    told = [row for row in sheet.iter_rows(min_row=2, values_only=True) if "希望与企业见面" in row]
    assert [row[0] for row in told] == [name]
    _followed_up(staff, name)


def _followed_up(staff: Walk, name: str) -> None:
    page = staff.page
    page.get_by_role("link", name="对接线索").click()
    page.wait_for_url("**/staff/equity/leads")
    staff.step("6.1-13", "机构的收藏和感兴趣成为“对接线索”，按阶段列在看板上")
    page.locator(".board-card").filter(has_text=name).filter(has_text="川泽").get_by_role("link").click()
    page.wait_for_url(re.compile(r"/staff/equity/leads/\d+"))
    staff.check()
    staff.sees("希望与企业见面")
    press(page, "由我负责")
    staff.sees("已由您负责这条线索")
    fill(page, {"next_step": "电话约见", "next_on": "2199-01-01"})
    press(page, "保存安排")
    staff.sees("下一步已安排")
    fill(page, {"kind": "CALL", "text": "双方约定下周见面"})
    press(page, "保存记录")
    staff.sees("沟通记录已保存")
    staff.step("6.1-14", "记录每次沟通，安排下一步，推进阶段", full=True)
    press(page, "尽职调查")
    staff.sees("已推进阶段")
    press(page, "了结线索")
    press(page, "确定")
    staff.sees("请选择结果")
    fill(page, {"outcome": "ELSEWHERE", "outcome_note": "项目已完成融资"})
    press(page, "确定")
    staff.sees("线索已了结")
    staff.sees("结果：项目已获其他投资")


def test_6_1_商业计划书仅向股权机构开放(new_walk) -> None:
    """A debt institution, an intermediary and a visitor with the plan's address get neither plan nor figures."""
    fund = signed_in(new_walk, FUND)
    fund.goto("/projects")
    fund.page.get_by_role("link", name=re.compile("^查看项目：")).first.click()
    plan = fund.page.get_by_role("link", name=re.compile("^打开商业计划书")).get_attribute("href") or ""
    path = fund.page.url.removeprefix(fund.site)
    assert fund.page.request.get(plan).headers["content-type"] == "application/pdf"
    for phone in (BANK, INTERMEDIARY, ""):
        walk = signed_in(new_walk, phone) if phone else new_walk()
        walk.goto(path)
        walk.sees("仅向经认证的股权金融机构展示")
        expect(walk.page.get_by_text("投前估值")).to_have_count(0)
        answer = walk.page.request.get(plan)
        assert answer.status in (401, 404) and b"%PDF" not in answer.body()
        walk.goto("/projects/999999")
        walk.sees("没有找到该项目")
