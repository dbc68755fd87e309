"""Manual §6.5 in a browser: the library, one round from end to end."""

from __future__ import annotations

import io
import re

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.e2e.harness import Walk
from tests.e2e.samples import fill, pdf, upload
from tests.e2e.test_chapter_6_investment import ENTERPRISE, FUND, ROUND, STAFF, dates
from tests.e2e.test_chapter_6_projects import ABOUT, TEAM, press, signed_in


def test_6_5_股权投资项目库(new_walk) -> None:
    """Closed investments, searched and exported; the staff's figures."""
    fund, staff = signed_in(new_walk, FUND), signed_in(new_walk, STAFF)
    page = fund.page
    page.get_by_role("link", name="股权投资项目库").click()
    page.wait_for_url("**/console/library")
    fund.sees("激光熔覆再制造服务站扩点")
    fund.step(
        "6.5-01", "线上完成和线下备案的投资自动进入“股权投资项目库”，显示为已结项，可在申请政策奖补时选取"
    )
    fill(page, {"source": "OFFLINE"})
    press(page, "查询")
    fund.settle()
    expect(page.get_by_text("激光熔覆再制造服务站扩点")).to_have_count(0)
    expect(
        page.get_by_role("row").filter(has_text="冷链分拣自动化二期").get_by_text("已结项")
    ).to_be_visible()
    press(page, "导出")
    with page.expect_download() as started:
        page.get_by_role("link", name=re.compile("下载")).click()
    (sheet,) = load_workbook(io.BytesIO(started.value.path().read_bytes())).worksheets
    assert {row[5] for row in sheet.iter_rows(min_row=2, values_only=True)} == {"线下"}
    staff.goto("/staff/equity/library")
    staff.sees("激光熔覆再制造服务站扩点")
    staff.goto("/staff/equity/figures")
    staff.page.get_by_label("统计期间").select_option("12")
    expect(staff.page.locator(".chart-plot").first.locator(".chart-col")).to_have_count(12)
    with staff.page.expect_download() as started:
        staff.page.get_by_role("link", name="导出").click()
    assert "各轮次项目与投资" in load_workbook(io.BytesIO(started.value.path().read_bytes())).sheetnames
    staff.step("6.5-02", "平台管理人员在“股权数据”中查看项目、意向、洽谈和各轮次、各月投资金额", full=True)


def test_6_5_一轮融资从发布到入库(new_walk) -> None:
    """Three people follow one round: published, kept, followed up, recorded, confirmed, in both libraries."""
    enterprise, fund, staff = (signed_in(new_walk, phone) for phone in (ENTERPRISE, FUND, STAFF))
    name = "精密减速器二期产线项目"
    _published(enterprise, staff, name)
    fund.goto("/projects?round=A&industry=C")
    fund.page.get_by_role("link", name=f"查看项目：{name}").click()
    fund.page.wait_for_url(re.compile(r"/projects/\d+"))
    fund.settle()
    press(fund.page, "收藏项目")
    fund.sees("已收藏，平台管理人员将与您沟通对接")

    page = staff.page
    staff.goto("/staff/equity/leads")
    page.locator(".board-card").filter(has_text=name).get_by_role("link").click()
    page.wait_for_url(re.compile(r"/staff/equity/leads/\d+"))
    staff.settle()
    page.get_by_role("link", name="登记线上投资").click()
    page.wait_for_url("**/staff/equity/records?lead=*")
    staff.settle()
    fill(page, ROUND | dates(20))
    staff.step("6.5-03", "对接线索达成投资后，平台管理人员（或机构）登记线上投资")
    press(page, "登记")
    page.wait_for_url(re.compile(r"/staff/equity/records/\d+"))
    staff.sees("待投资机构、项目方确认")
    expect(page.get_by_role("button", name="确认无误")).to_have_count(0)

    for walk in (fund, enterprise):
        walk.goto("/console")
        walk.page.locator(".todo li").filter(has_text=name).get_by_role("link").click()
        walk.page.wait_for_url(re.compile(r"/console/(equity/records|investments/online)/\d+"))
        walk.settle()
        press(walk.page, "确认无误")
        walk.sees("已确认。双方确认后，该投资自动进入股权投资项目库")
    staff.sees("双方已确认，投资已进入股权投资项目库")
    for walk in (fund, enterprise):
        walk.goto("/console/library")
        row = walk.page.get_by_role("row").filter(has_text=name)
        expect(row.get_by_text("已结项")).to_be_visible()
    enterprise.step("6.5-04", "双方确认后，机构和企业都能在项目库中看到已结项的投资")
    enterprise.goto("/console/projects")
    expect(enterprise.page.get_by_role("row").filter(has_text=name).get_by_text("已结项")).to_be_visible()
    staff.goto("/staff/equity/leads")
    expect(page.locator(".board-card").filter(has_text=name)).to_have_count(0)


def _published(enterprise: Walk, staff: Walk, name: str) -> None:
    """Publish a project the short way: §6.1 has the long one."""
    page = enterprise.page
    enterprise.goto("/console/projects")
    press(page, "发布融资项目")
    page.wait_for_url(re.compile(r"/console/projects/edit/\d+"))
    enterprise.settle()
    for values in (
        ABOUT | {"name": name},
        {"round": "A", "amount": "1500", "pre": "8500", "post": "10000", "share": "15"},
        TEAM,
    ):
        fill(page, values)
        press(page, "保存并继续")
        enterprise.settle()
    upload(page, "PLAN", pdf("商业计划书二.pdf"))
    press(page, "提交")
    enterprise.sees("已提交，等待平台审核")
    staff.goto("/staff/queue?flow=equity_project")
    staff.page.get_by_role("row").filter(has_text=name).first.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/review/equity_project/*")
    staff.settle()
    press(staff.page, "审核通过")
    staff.settle()
