"""Live work, dashboards and lists in the browser (issue 5): what one decides, another sees without reloading."""

from __future__ import annotations

import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.e2e.harness import Walk

PASSWORD = "Zhongyuan#2026"
# Two seconds are promised; a busy machine gets more before the test gives up.
PATIENCE_MS = 20_000
BANK, ENTERPRISE, STAFF = "13900000011", "13900000021", "13900000001"


def number(page: Page) -> int:
    """Return what the bell counts."""
    text = (
        page.locator(".topbar .badge").first.inner_text() if page.locator(".topbar .badge").count() else "0"
    )
    return int(re.sub(r"\D", "", text) or 0)


def test_a_decision_reaches_the_open_pages_of_both_sides(new_walk) -> None:
    bank, firm = new_walk(), new_walk()
    bank.login(BANK, PASSWORD)
    firm.login(ENTERPRISE, PASSWORD)
    firm.goto("/console/applications")
    row = firm.page.get_by_role("row").filter(has_text="待审核").first
    product = row.get_by_role("cell").nth(1).inner_text()
    row.get_by_role("link", name="查看").click()
    firm.page.wait_for_url(re.compile(r"/console/applications/\d+"))
    firm.settle()
    number_of = firm.page.url.rsplit("/", 1)[1]
    before = number(firm.page)
    colleague = new_walk()
    colleague.login(BANK, PASSWORD)
    colleague.goto("/console/requests")
    waiting = colleague.page.get_by_role("row").filter(has_text="待审核").count()

    bank.goto(f"/console/requests/{number_of}")
    bank.sees(product)
    # The colleague's tab stands on the same record, writing an opinion.
    writing = new_walk()
    writing.login(BANK, PASSWORD)
    writing.goto(f"/console/requests/{number_of}")
    opinion = writing.page.locator("[name=comment]")
    opinion.fill("正在填写的意见")
    bank.page.locator("[name=comment]").fill("经营数据不完整，请补充后再次提交。")
    bank.page.get_by_role("button", name="退回补充").click()
    bank.sees("结果已通知申请企业")

    note = firm.page.locator(".live-note")
    expect(note).to_contain_text("状态已更新", timeout=PATIENCE_MS)
    expect(firm.page.locator(".page-head .tag, .page-title .tag, h1 ~ .tag").first).to_contain_text("已退回")
    assert number(firm.page) == before + 1
    firm.step("4.2-40", "受理机构作出决定后，企业正在查看的页面自动更新，并在页面上方提示", mark=note)
    expect(colleague.page.get_by_role("row").filter(has_text="待审核")).to_have_count(
        waiting - 1, timeout=PATIENCE_MS
    )
    expect(writing.page.locator(".live-note")).to_contain_text("状态已更新", timeout=PATIENCE_MS)
    expect(opinion).to_have_value("正在填写的意见")
    expect(opinion).to_be_focused()
    writing.page.locator(".live-note").get_by_role("button", name="查看最新").click()
    expect(writing.page.locator(".live-note")).to_have_count(0)
    writing.check()


def test_dashboards_show_charts_with_their_numbers_and_export(new_walk, tmp_path: Path) -> None:
    for phone, path, shown, step in (
        (STAFF, "/staff/statistics", "审核队列与时效（按事项）", "3.3-40"),
        (BANK, "/console/figures", "申请转化（期内收到的申请）", "4.2-41"),
        (ENTERPRISE, "/console/figures", "我的融资（按月）", "4.2-42"),
    ):
        walk: Walk = new_walk()
        walk.login(phone, PASSWORD)
        walk.goto(path)
        walk.sees(shown)
        walk.page.get_by_label("统计期间").select_option("12")
        expect(walk.page.locator(".chart-plot").first.locator(".chart-col")).to_have_count(12)
        walk.step(step, "统计页面：图表与数据，可选择期间并导出", full=True)
        with walk.page.expect_download() as waited:
            walk.page.get_by_role("link", name="导出").click()
        place = tmp_path / f"{step}.xlsx"
        waited.value.save_as(place)
        assert shown[:4] in "".join(load_workbook(place).sheetnames)
        walk.page.set_viewport_size({"width": 390, "height": 844})
        assert walk.page.evaluate("document.documentElement.scrollWidth") <= 390


def turn_pages(page: Page) -> None:
    """The pager's buttons and sizes, against the total that it tells."""
    lines, now = page.locator("tbody tr"), page.locator(".pager-now")
    total = int(page.locator(".pager-total b").inner_text())
    last = -(-total // 10)
    assert last > 1
    expect(lines).to_have_count(10)
    page.get_by_role("button", name="下一页").click()
    expect(now).to_contain_text(f"第 2 / {last} 页")
    page.get_by_role("button", name="第一页").click()
    expect(now).to_contain_text("第 1 /")
    page.get_by_role("button", name="最后一页").click()
    expect(now).to_contain_text(f"第 {last} / {last} 页")
    expect(lines).to_have_count(total - 10 * (last - 1))
    expect(page.get_by_role("button", name="下一页")).to_be_disabled()
    page.get_by_label("每页").select_option("20")
    expect(lines).to_have_count(min(20, total))


def test_a_list_is_sorted_by_its_headings_and_exported_in_the_background(walk: Walk, tmp_path: Path) -> None:
    walk.login(BANK, PASSWORD)
    walk.goto("/console/requests")
    turn_pages(walk.page)
    heading = walk.page.get_by_role("columnheader", name="申请额度")
    expect(heading).to_have_attribute("aria-sort", "none")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    amounts = walk.page.locator("tbody tr td:nth-child(4)").all_inner_texts()
    values = [float(re.sub(r"[^\d.]", "", a)) for a in amounts]
    assert values == sorted(values, reverse=True) and len(set(values)) > 2
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    walk.page.get_by_label("状态").select_option("APPROVED")
    walk.page.get_by_role("button", name="查询").click()
    walk.settle()
    total = int(walk.page.locator(".pager-total b").inner_text())
    walk.page.get_by_role("button", name="导出").click()
    panel = walk.page.locator(".export-note")
    expect(panel).to_contain_text(f"已导出 {total} 条", timeout=PATIENCE_MS)
    walk.step("4.2-43", "列表按列排序；导出在后台进行，完成后下载文件", mark=panel)
    with walk.page.expect_download() as waited:
        panel.get_by_role("link", name="下载文件").click()
    place = tmp_path / "requests.xlsx"
    waited.value.save_as(place)
    sheet = load_workbook(place).worksheets[0]
    assert sheet.max_row == total + 1
    panel.get_by_role("button", name="关闭导出提示").click()
    expect(panel).to_have_count(0)
