"""What befalls a filing clerk: broken and bloated files, texts like formulas, a colleague at the same loans, a batch too many."""

from __future__ import annotations

import io

from openpyxl import load_workbook
from playwright.sync_api import expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.samples import fill, pdf
from tests.e2e.test_chapter_5_offline import give, proofs_done, told, workbook
from tests.workbooks.corpus import CORPUS
from tests.workbooks.make import book, cells, row

BANK, STAFF = "13900000031", "13900000001"


def begin_again(walk: Walk, name: str) -> None:
    """Begin a further batch."""
    walk.goto("/console/filings")
    walk.page.get_by_role("button", name="添加备案").click()
    fill(walk.page, {"name": name, "period": "2026-11"})
    walk.page.get_by_role("button", name="创建备案").click()
    walk.page.wait_for_url("**/console/filings/*")
    walk.settle()


def begin(walk: Walk, name: str) -> None:
    """Sign in and begin a batch."""
    walk.login(BANK, demo.PASSWORD)
    begin_again(walk, name)


def test_broken_and_bloated_files_are_refused_and_the_clerk_goes_on(walk: Walk) -> None:
    """A truncated workbook and one with a million blank rows that are formatted; the next one is read."""
    begin(walk, "坏文件")
    for name in ("truncated", "cut_short", "broken_sheet", "million_blank_rows"):
        give(walk.page, "up_filing", workbook(CORPUS[name].make(), f"{name}.xlsx"))
        told(walk, f"文件“{name}.xlsx”")
        expect(walk.page.get_by_text(f"文件“{name}.xlsx”").first).to_contain_text("请")
        expect(walk.page.get_by_text("合格", exact=False).filter(has_text="行")).to_have_count(0)
    # Beside the loans a long sheet of something else does no harm.
    give(walk.page, "up_filing", workbook(CORPUS["long_sheet_beside"].make(), "带流水.xlsx"))
    told(walk, "合格 1 行")
    walk.sees("“存款流水”的行数过多")
    walk.check()


def test_texts_like_formulas_stay_texts(walk: Walk) -> None:
    """They are imported, shown and exported as what they are."""
    begin(walk, "公式样文字")
    texts = {"borrower_name": "@郑州加号有限公司", "guarantor": "-中原担保", "purpose": "+采购"}
    numbers = {"iou_no": "JJ-GS-1", "contract_no": "=HT+GS-1"}
    made = load_workbook(io.BytesIO(book([cells(row(31, **texts, **numbers, remark="x"))])))
    sheet = made.worksheets[0]
    for cell in sheet[2]:
        if str(cell.value or "").startswith("="):
            # openpyxl takes it for a formula; a clerk's text is one.
            cell.data_type = "s"
    out = io.BytesIO()
    made.save(out)
    give(walk.page, "up_filing", workbook(out.getvalue()))
    told(walk, "合格 1 行")
    walk.page.get_by_role("button", name="导入合格行（1）").click()
    told(walk, "已导入 1 行")
    listed = walk.page.get_by_role("table", name="备案成功的数据列表").get_by_role("row")
    expect(listed.filter(has_text="JJ-GS-1")).to_contain_text("@郑州加号有限公司")
    walk.page.get_by_role("button", name="导出", exact=True).click()
    with walk.page.expect_download() as download:
        walk.page.get_by_role("link", name="下载文件").click()
    back = load_workbook(io.BytesIO(download.value.path().read_bytes())).worksheets[0]
    found = {str(cell.value): cell for cell in back[2] if cell.value}
    for text in (*texts.values(), numbers["contract_no"]):
        assert found[text].data_type == "s" and found[text].quotePrefix, text
    walk.check()


def test_two_clerks_import_the_same_loans_at_once(new_walk) -> None:
    """Each loan goes in once; the later of the two reads what became of the file."""
    one, two = new_walk(), new_walk()
    data = book([cells(row(40 + n, iou_no=f"JJ-SAME-{n}", contract_no=f"HT-SAME-{n}")) for n in range(3)])
    for walk, name in ((one, "甲的备案"), (two, "乙的备案")):
        begin(walk, name)
        give(walk.page, "up_filing", workbook(data, f"{name}.xlsx"))
        told(walk, "合格 3 行")
    buttons = [walk.page.get_by_role("button", name="导入合格行（3）") for walk in (one, two)]
    for button in buttons:
        button.click(no_wait_after=True)
    for walk in (one, two):
        told(walk, "已导入")
        walk.settle()
    counts = []
    for walk in (one, two):
        table = walk.page.get_by_role("table", name="备案成功的数据列表")
        counts.append(table.get_by_role("row").filter(has_text="JJ-SAME-").count())
        walk.check()
    assert sorted(counts) == [0, 3]
    late = (one, two)[counts.index(0)]
    late.sees("其中 3 行在试导入之后已由本机构备案")


def test_a_batch_begun_by_mistake_is_deleted(walk: Walk) -> None:
    """After a question that says what goes; the loans can be filed in another batch."""
    page = walk.page
    data = book([cells(row(50, iou_no="JJ-GONE-1", contract_no="HT-GONE-1"))])
    for name in ("误建的备案", "重新备案"):
        begin(walk, name)
        give(page, "up_filing", workbook(data))
        told(walk, "合格 1 行")
        page.get_by_role("button", name="导入合格行（1）").click()
        told(walk, "已导入 1 行")
        if name == "误建的备案":
            page.locator("main").get_by_role("button", name="删除", exact=True).first.click()
            box = page.get_by_role("dialog")
            expect(box).to_contain_text("误建的备案 的 1 笔贷款")
            walk.check()
            box.get_by_role("button", name="取消").click()
            page.locator("main").get_by_role("button", name="删除", exact=True).first.click()
            page.get_by_role("button", name="确认删除").click()
            walk.sees("备案批次已删除")
            walk.check()
            # Nobody is told of the own deletion; opened again, the page says what became of the batch.
            page.wait_for_timeout(1_500)
            expect(page.get_by_role("button", name="查看最新")).to_have_count(0)
            page.reload()
            walk.sees("没有可以打开的备案批次")
            expect(page.locator("main")).to_contain_text("删除，不能再修改或提交")
            walk.check()
            page.get_by_role("link", name="返回备案列表").click()
    walk.goto("/console/filings")
    walk.sees("重新备案")
    expect(page.get_by_role("row").filter(has_text="误建的备案")).to_have_count(0)


def test_a_returned_batch_is_given_up_and_its_loans_filed_in_another(new_walk) -> None:
    """After a question that says what it means; nothing waits for the clerk any more."""
    bank, staff = new_walk(), new_walk()
    page, name = bank.page, "不应备案的批次"
    data = book([cells(row(60, iou_no="JJ-UP-1", contract_no="HT-UP-1"))])
    begin(bank, name)
    give(page, "up_filing", workbook(data))
    told(bank, "合格 1 行")
    page.get_by_role("button", name="导入合格行（1）").click()
    told(bank, "已导入 1 行")
    page.get_by_role("row").filter(has_text="JJ-UP-1").get_by_role("button", name="点击上传").click()
    give(page, "up_proof_CONTRACT", pdf("合同.pdf"))
    proofs_done(bank)
    page.get_by_role("button", name="提交", exact=True).click()
    told(bank, "备案已提交")
    staff.login(STAFF, demo.PASSWORD)
    staff.goto("/staff/queue")
    staff.page.get_by_role("row").filter(has_text=name).first.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/filings/*")
    staff.page.locator("[name=comment]").fill("不在备案范围内。")
    staff.page.get_by_role("button", name="整批退回").click()
    staff.sees("已退回")
    bank.goto("/console")
    bank.sees("线下贷款备案已退回")
    bank.goto("/console/filings")
    page.get_by_role("row").filter(has_text=name).get_by_role("link", name="办理").click()
    page.wait_for_url("**/console/filings/*")
    bank.sees("不在备案范围内")
    page.get_by_role("button", name="放弃备案").click()
    box = page.get_by_role("dialog")
    expect(box).to_contain_text("不再等待修改")
    expect(box).to_contain_text("1 笔贷款")
    bank.check()
    box.get_by_role("button", name="确认放弃").click()
    told(bank, "已放弃备案，1 笔明细已移除")
    bank.sees("放弃备案：1 笔明细已移除")
    bank.sees("还没有备案数据")
    bank.check()
    bank.goto("/console")
    expect(page.get_by_text("线下贷款备案已退回")).to_have_count(0)
    begin_again(bank, "改在另一批备案")
    give(page, "up_filing", workbook(data))
    told(bank, "合格 1 行")
