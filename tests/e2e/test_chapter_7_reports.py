"""Manual chapter 7 in a browser: a report is handed in, returned, corrected, approved, read and downloaded."""

from __future__ import annotations

import io
import re
import zipfile

from openpyxl import load_workbook
from playwright.sync_api import expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.samples import fill, pdf, upload

BANK, STAFF, REGULATOR, FUND = "13900000011", "13900000001", "13900000002", "13900000012"
NAME = "关于开展科技金融专项行动的报告"


def sign_in(walk: Walk, phone: str) -> Walk:
    """Sign in with a demo login."""
    walk.login(phone, demo.PASSWORD)
    return walk


def open_review(staff: Walk, title: str) -> None:
    """Open the report of that title from the staff's queue."""
    staff.goto("/staff/queue")
    staff.page.get_by_role("button", name=re.compile(r"^报告\s*\d+$")).click()
    row = staff.page.get_by_role("row").filter(has_text=title).first
    row.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/review/report/*")
    staff.check()


def send(walk: Walk) -> None:
    """Press 提交 of the form."""
    walk.page.get_by_role("button", name="提交", exact=True).click()


def test_7_报告管理(new_walk) -> None:
    """A 临时报告: drafted, sent, returned with a reason, corrected, approved; then the regulator has it."""
    bank, staff, regulator = (
        sign_in(new_walk(), BANK),
        sign_in(new_walk(), STAFF),
        sign_in(new_walk(), REGULATOR),
    )
    page = bank.page
    page.get_by_role("link", name="报告管理").click()
    page.wait_for_url("**/console/reports")
    bank.step(
        "7-01",
        "点击左侧菜单“报告管理”，进入功能主页；报送日历列出应报送的定期报告",
        mark=page.get_by_role("button", name="发布临时报告"),
    )
    page.get_by_role("button", name="发布临时报告").click()
    page.wait_for_url(re.compile(r"/console/reports/\d+"))
    bank.settle()

    # Everything that is wrong is told at once, and what was typed stays.
    fill(page, {"note": "随附行动方案"})
    send(bank)
    bank.sees("请填写报告名称")
    bank.sees("请上传报告文件")
    expect(page.locator("[name=note]")).to_have_value("随附行动方案")
    fill(page, {"name": NAME})
    upload(page, "REPORT", pdf("行动方案.pdf"))
    bank.step("7-02", "填写报告名称，上传报告文件，点击“提交”", full=True)
    page.get_by_role("button", name="暂存").click()
    bank.sees("已暂存")
    send(bank)
    bank.sees("报告已提交")
    bank.step("7-03", "提交后由平台管理人员审核，请耐心等待审核结果")

    open_review(staff, NAME)
    staff.page.locator("[name=comment]").fill("请补充行动的起止时间。")
    staff.page.get_by_role("button", name=re.compile("退回")).click()
    staff.settle()

    bank.goto("/console/reports")
    row = page.get_by_role("row").filter(has_text=NAME)
    expect(row.get_by_text("已退回")).to_be_visible()
    row.get_by_role("link", name="修改后重新提交").click()
    page.wait_for_url(re.compile(r"/console/reports/\d+"))
    bank.sees("请补充行动的起止时间")
    bank.sees("已退回，请修改后重新提交")
    expect(page.get_by_role("button", name="放弃修改")).to_be_visible()
    bank.step("7-04", "被退回的报告：按退回原因修改后重新提交")
    fill(page, {"note": "随附行动方案，行动自2026年12月起为期一年。"})
    send(bank)
    bank.sees("报告已提交")

    # Not yet approved: the regulator finds nothing of it.
    regulator.goto("/regulator/reports")
    expect(regulator.page.get_by_text(NAME)).to_have_count(0)
    open_review(staff, NAME)
    staff.page.get_by_role("button", name="审核通过").click()
    staff.settle()
    _read_and_download(regulator)


def _read_and_download(regulator: Walk) -> None:
    page = regulator.page
    regulator.goto("/console/notices")
    regulator.sees(f"新报告：{NAME}")
    regulator.goto("/regulator/reports")
    regulator.step("7-05", "金融监管部门在“报告查阅”中按报告期、类型、机构类别查询报告")
    _filtered(regulator)
    page.get_by_role("link", name=f"查阅{NAME}").click()
    page.wait_for_url(re.compile(r"/regulator/reports/\d+"))
    regulator.sees("行动方案.pdf")
    regulator.step("7-06", "查看报告内容，预览和下载报告文件")
    regulator.goto("/regulator/reports")
    months = page.get_by_label("打包下载的报告期")
    # The running month comes first and has nothing to pack yet; the newest that has ended follows.
    months.select_option(index=2)
    regulator.settle()
    label = months.evaluate("node => node.selectedOptions[0].textContent")
    cut_off = regulator.cut_off
    with page.expect_download() as started:
        page.get_by_role("link", name=re.compile("^打包下载")).click()
    download = started.value
    assert regulator.cut_off == cut_off
    assert download.suggested_filename == f"{label}报告.zip"
    with zipfile.ZipFile(download.path()) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        sheet = load_workbook(io.BytesIO(archive.read("目录.xlsx")))["目录"]
    listed = {row[1].value for row in sheet.iter_rows(min_row=2)}
    assert {name.split("/")[0] for name in names if "/" in name} == listed
    assert any(name.endswith(".pdf") for name in names)


def _filtered(regulator: Walk) -> None:
    """The list is narrowed by kind, class and word, and widened again."""
    page = regulator.page
    bar, found = page.locator("form.query"), page.get_by_role("row").filter(has_text=NAME)
    for typed, count in (({"kind": "ANNUAL"}, 0), ({"kind": "INTERIM", "org_class": "BANK"}, 1)):
        fill(page, {"word": "科技金融专项", **typed})
        bar.get_by_role("button", name="查询").click()
        expect(found).to_have_count(count)
    bar.get_by_role("button", name="重置").click()
    expect(page.locator("[name=word]")).to_have_value("")


def test_7_定期报告与统计报表(new_walk) -> None:
    """A monthly return from the calendar: the loan book fills it in, a changed figure shows its difference."""
    bank = sign_in(new_walk(), BANK)
    page = bank.page
    bank.goto("/console/reports")
    late = page.locator(".cal-days li").filter(has_text="已逾期").first
    title = late.locator("b").inner_text()
    late.get_by_role("button").click()
    page.wait_for_url(re.compile(r"/console/reports/\d+"))
    bank.settle()
    expect(page.locator("[name=name]")).to_have_value(title)
    told = page.locator("tr").filter(has_text="本年新增").locator("td").nth(1).inner_text()
    book = told.removesuffix("万元").strip().replace(",", "")
    expect(page.locator("[name=s_year_amount]")).to_have_value(book)
    fill(page, {"s_year_amount": f"{float(book) + 12.5:g}"})
    page.locator("[name=s_revenue]").focus()
    bank.sees("+12.5 万元")
    bank.step("7-07", "定期报告的统计报表由贷款台账自动填入；修改后显示差异", full=True)
    send(bank)
    bank.sees("请填写存款余额")
    typed = {"s_deposits": "920000", "s_small_balance": "1800", "s_balance": "2600", "s_revenue": "3200"}
    typed |= {"s_profit": "-12", "s_salaries": "260", "s_vat": "90", "s_income_tax": "0"}
    fill(page, typed | {"s_filler": "周敏", "s_phone": "0371-60000000", "s_remark": "含台账外业务"})
    upload(page, "REPORT", pdf("报表.pdf"))
    send(bank)
    bank.sees("报告已提交")
    bank.goto("/console/reports")
    done = page.locator(".cal-days li").filter(has_text=title)
    expect(done.get_by_text("审核中")).to_be_visible()
    # A second one for the same period is refused with what to do instead.
    page.get_by_role("button", name="发布临时报告").click()
    page.wait_for_url(re.compile(r"/console/reports/\d+"))
    bank.settle()
    page.locator("[name=kind]").select_option("MONTHLY")
    month = title.removesuffix("统计报表")
    page.locator("[name=period]").select_option(label=month)
    page.get_by_label("本期不填报统计表，只上传报告文件").check()
    fill(page, {"name": "重复的月报"})
    upload(page, "REPORT", pdf("重复.pdf"))
    send(bank)
    bank.sees("已经报送")
    expect(page.locator("[name=name]")).to_have_value("重复的月报")


def test_7_报送要求与报送情况(new_walk) -> None:
    """The staff set who reports what by when; organisation, staff and regulator see it at once."""
    staff, regulator, fund = (
        sign_in(new_walk(), STAFF),
        sign_in(new_walk(), REGULATOR),
        sign_in(new_walk(), FUND),
    )
    page = staff.page
    staff.goto("/staff/report-duties")
    page.get_by_role("button", name="添加要求").click()
    fill(page, {"applies_to": "DEBT", "report_kind": "MONTHLY", "due_days": "3"})
    page.get_by_role("button", name="保存").click()
    staff.sees("已有执行中的报送要求")
    fill(page, {"applies_to": "PRIVATE_FUND", "starts_on": "2026-08-01", "note": "基金运作月报"})
    staff.step("7-08", "平台管理人员按机构类别设置报送要求和期限")
    page.get_by_role("button", name="保存").click()
    staff.sees("已保存")
    expect(page.get_by_role("row").filter(has_text="私募基金").first).to_contain_text("报告期结束后 3 天")
    staff.check()

    # A deadline that moves leaves what has been, and is announced.
    line = page.get_by_role("row").filter(has_text="基金运作月报")
    line.get_by_role("button", name="修改").click()
    staff.sees("已过期的报告期仍按原期限")
    fill(page, {"due_days": "9"})
    page.get_by_role("button", name="保存").click()
    expect(line).to_contain_text("报告期结束后 9 天")
    expect(line).to_contain_text("及以前：报告期结束后 3 天")
    fund.goto("/console/notices")
    fund.sees("报送期限调整：月度统计报表")
    fund.goto("/console/reports")
    expect(fund.page.locator(".cal-days li").filter(has_text="统计报表").first).to_be_visible()
    fund.goto("/console/notices")
    fund.sees("报告已逾期")

    regulator.goto("/regulator/report-matrix")
    regulator.step("7-09", "报送情况：机构与报告期对照，一览已报送、即将到期和已逾期", full=True)
    row = regulator.page.get_by_role("row").filter(has_text="私募基金")
    expect(row.first.get_by_text("已逾期").first).to_be_visible()

    # The staff have the same matrix.
    staff.goto("/regulator/report-matrix")
    row = page.get_by_role("row").filter(has_text="私募基金")
    expect(row.first.get_by_text("已逾期").first).to_be_visible()
    staff.goto("/staff/report-duties")

    page.get_by_role("row").filter(has_text="基金运作月报").get_by_role("button", name="停用").click()
    page.get_by_role("dialog").get_by_role("button", name="停用").click()
    staff.sees("已停用，机构不再看到该项待报送")
    fund.goto("/console/reports")
    expect(fund.page.locator(".cal-days li").filter(has_text="统计报表")).to_have_count(0)
