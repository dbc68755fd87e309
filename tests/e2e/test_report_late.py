"""A balance that holds loans past their day: the statistics form says so and leads to exactly these loans (manual §7)."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.samples import pdf
from tests.e2e.test_chapter_5_offline import give, proofs_done, told, workbook
from tests.e2e.test_offline_mishaps import STAFF, begin
from tests.workbooks.make import book, cells, row

NAME = "到期未结清的备案"


def _booked(bank: Walk, staff: Walk) -> None:
    """A loan that was due long ago stands in the book."""
    page = bank.page
    begin(bank, NAME)
    late = row(70, iou_no="JJ-LATE-1", contract_no="HT-LATE-1", lent_on="2025-01-10", due_on="2025-07-10")
    give(page, "up_filing", workbook(book([cells(late)])))
    told(bank, "合格 1 行")
    page.get_by_role("button", name="导入合格行（1）").click()
    told(bank, "已导入 1 行")
    page.get_by_role("row").filter(has_text="JJ-LATE-1").get_by_role("button", name="点击上传").click()
    give(page, "up_proof_CONTRACT", pdf("合同.pdf"))
    proofs_done(bank)
    page.get_by_role("button", name="提交", exact=True).click()
    told(bank, "备案已提交")
    staff.login(STAFF, demo.PASSWORD)
    staff.goto("/staff/queue")
    staff.page.get_by_role("row").filter(has_text=NAME).first.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/filings/*")
    staff.page.get_by_role("button", name="审核通过").click()
    staff.sees("已审核通过")


def test_a_late_sentence_leads_to_the_loans_that_it_counts(new_walk) -> None:
    """In a window of its own; the sentence and its link stand apart."""
    bank, staff = new_walk(), new_walk()
    _booked(bank, staff)
    page = bank.page
    bank.goto("/console/reports")
    page.get_by_role("button", name="发布临时报告").click()
    page.wait_for_url(re.compile(r"/console/reports/\d+"))
    bank.settle()
    page.locator("[name=kind]").select_option("MONTHLY")
    page.locator("[name=period]").select_option(index=1)
    bank.sees("截至期末已到期而未登记结清")
    said = page.locator("tr").filter(has_text="截至期末已到期").first
    counted = re.search(r"含 (\d+) 笔", said.inner_text())
    assert counted, said.inner_text()
    link = said.get_by_role("link", name="查看已到期的贷款")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        # A line of its own, unbroken.
        assert link.evaluate("node => node.getClientRects().length") == 1
    page.set_viewport_size({"width": 1280, "height": 844})
    with page.expect_popup() as opened:
        link.click()
    shown = opened.value
    expect(shown.locator("[name=owed]")).to_have_value("OPEN")
    expect(shown.locator("[name=due_until]")).not_to_have_value("")
    expect(shown.locator(".pager-total")).to_contain_text(f"共 {counted[1]} 条")
    expect(shown.get_by_role("row").filter(has_text="JJ-LATE-1")).to_have_count(1)
    shown.close()
    bank.check()
