"""Manual chapter 5 in a browser: a batch from the template to the loan book, one row returned and corrected."""

from __future__ import annotations

import io
import re
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.samples import fill, pdf
from tests.workbooks.corpus import CORPUS, old_template
from tests.workbooks.make import filled

BANK, STAFF, ENTERPRISE = "13900000011", "13900000001", "13900000021"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Of the corpus, what the manual's user meets; the service tests go through all of it.
AWKWARD = (
    *("shuffled_columns", "extra_columns", "two_heading_rows", "hidden_sheet", "hidden_rows"),
    *("merged_required_cells", "formula_without_result", "zip_bomb", "macro", "renamed_pdf"),
    *("external_link", "encrypted"),
)


def sign_in(walk: Walk, phone: str) -> Walk:
    """Sign in with a demo login."""
    walk.login(phone, demo.PASSWORD)
    return walk


def told(walk: Walk, text: str) -> None:
    """Expect a sentence that a job in the background brings; a busy machine may take its time."""
    expect(walk.page.get_by_text(text).first).to_be_visible(timeout=30_000)


def proofs_done(walk: Walk) -> None:
    """Expect the proof in the dialog, which stays open for the other sort, and put it away."""
    told(walk, "放款证明已上传，还可上传")
    dialog = walk.page.get_by_role("dialog")
    expect(dialog.get_by_role("list", name="已上传的放款证明").get_by_role("listitem")).not_to_have_count(0)
    dialog.get_by_role("button", name="完成").click()
    expect(dialog).to_have_count(0)


def give(page: Page, upload_id: str, *files: dict) -> None:
    """Choose files at an upload button."""
    page.locator(f"#{upload_id} input[type=file]").set_input_files(list(files))


def workbook(data: bytes, name: str = "十一月放款.xlsx") -> dict:
    return {"name": name, "mimeType": XLSX, "buffer": data}


def test_5_1_线下贷款备案(new_walk) -> None:
    """A batch is made, imported with errors, corrected, proved, sent, partly returned, approved, in the book."""
    bank, staff = sign_in(new_walk(), BANK), sign_in(new_walk(), STAFF)
    page = bank.page
    bank.goto("/console/filings")
    bank.step(
        "5.1-01",
        "点击“线下贷款备案”下的“备案申请”，进入功能主页，点击“添加备案”",
        mark=page.get_by_role("button", name="添加备案"),
    )
    page.get_by_role("button", name="添加备案").click()
    fill(page, {"name": "浏览器测试备案", "period": "2026-11"})
    page.get_by_role("button", name="创建备案").click()
    page.wait_for_url("**/console/filings/*")
    bank.settle()
    bank.step("5.1-02", "点击“下载模板”下载备案模板", mark=page.get_by_role("link", name="下载模板"))
    cut_off = bank.cut_off
    with page.expect_download() as download:
        page.get_by_role("link", name="下载模板").click()
    template = download.value.path().read_bytes()
    page.wait_for_timeout(300)
    assert bank.cut_off == cut_off, (
        "a download cuts the page off from the server: what it answers next is lost"
    )
    assert load_workbook(io.BytesIO(template)).sheetnames[0] == "备案数据"

    # What is no workbook is refused with what to do.
    give(
        page,
        "up_filing",
        {"name": "旧.xls", "mimeType": "application/vnd.ms-excel", "buffer": b"\xd0\xcf\x11\xe0" * 99},
    )
    told(bank, "旧版或加密的 Office 文档")
    bank.sees("不超过 10 MB、20,000 行")
    _break_off(bank, "up_filing")
    _awkward(bank)
    _removed(bank)
    # An old template under a title of its own is read by its headings, and that is said.
    give(page, "up_filing", workbook(old_template(), "旧模板.xlsx"))
    told(bank, "合格 1 行")
    bank.sees("旧版模板")

    rows = [{"iou_no": f"JJ-E2E5-{n}", "contract_no": f"HT-E2E5-{n}"} for n in range(1, 5)]
    rows[3] |= {"rate": 88, "borrower_code": "91350100M000100Y4Z"}
    give(page, "up_filing", workbook(filled(template, rows)))
    told(bank, "合格 3 行")
    bank.sees("需更正 1 行")
    bank.sees("年利率应在 0–36%之间")
    bank.step("5.1-03", "点击“导入备案文件”：先试导入，逐格列出需要更正的内容", full=True)
    _filter_findings(bank)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载标注后的文件").click()
    marked = load_workbook(io.BytesIO(download.value.path().read_bytes()))["备案数据"]
    assert marked["K7"].comment is not None and "36" in marked["K7"].comment.text
    page.get_by_role("button", name="导入合格行").click()
    told(bank, "已导入 3 行")

    # The corrected file brings only what is new.
    rows[3] |= {"rate": 3.9, "borrower_code": "91350100M000100Y43"}
    give(page, "up_filing", workbook(filled(template, rows)))
    told(bank, "已备案 3 行")
    page.get_by_role("button", name="导入合格行（1）").click()
    told(bank, "已导入 1 行")

    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("还有 4 笔没有上传放款证明")
    expect(page.locator("[name=only]")).to_have_value("proof")
    _break_off(bank, "up_many")
    # What the browser or the edge does not take is said, too.
    give(page, "up_many", *(pdf(f"{n}.pdf") for n in range(51)))
    told(bank, "一次最多选择 50 个文件")
    heavy = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7" + b" " * (7 << 20)}
    give(page, "up_many", heavy, heavy | {"name": "凭证.pdf"})
    told(bank, "一次选择的文件合计 14.0 MB，超过 12 MB")
    bank.forgive("413")
    give(
        page,
        "up_many",
        pdf("JJ-E2E5-1 借款合同.pdf"),
        pdf("HT-E2E5-2.pdf"),
        pdf("JJ-E2E5-3.pdf"),
        pdf("不知道是谁.pdf"),
    )
    told(bank, "3 个文件已匹配到 3 笔贷款")
    bank.sees("不知道是谁.pdf")
    # What has its proof by now is not among what lacks one.
    listed = page.get_by_role("table", name="备案成功的数据列表")
    expect(listed.get_by_role("row").filter(has_text="JJ-E2E5-4")).to_have_count(1)
    expect(listed.get_by_role("row").filter(has_text="JJ-E2E5-1")).to_have_count(0)
    row = page.get_by_role("row").filter(has_text="JJ-E2E5-4")
    bank.step(
        "5.1-04",
        "在备案成功的数据列表中点击“点击上传”，上传放款证明文件",
        mark=row.get_by_role("button", name="点击上传"),
    )
    row.get_by_role("button", name="点击上传").click()
    # What is refused is told as it is, and the network is not blamed.
    give(page, "up_proof_VOUCHER", {"name": "放款凭证.docx", "mimeType": DOCX, "buffer": b"PK\3\4 docx"})
    told(bank, "放款凭证.docx")
    expect(page.get_by_text("上传中断")).to_have_count(0)
    give(page, "up_proof_VOUCHER", pdf("放款凭证.pdf"))
    proofs_done(bank)

    # What is typed about the batch stays while a row is edited, and is sent with it.
    fill(page, {"period": "2026-12"})
    page.locator("form.query").filter(has=page.locator("[name=only]")).get_by_role(
        "button", name="重置"
    ).click()
    row.get_by_role("button", name="编辑").click()
    fill(page, {"amount": "900"})
    page.get_by_role("dialog").get_by_role("button", name="保存").click()
    bank.sees("放款金额不能大于合同金额")
    fill(page, {"amount": "120"})
    page.get_by_role("dialog").get_by_role("button", name="保存").click()
    expect(page.get_by_role("row").filter(has_text="120 万元").first).to_be_visible()
    expect(page.locator("[name=period]")).to_have_value("2026-12")
    page.get_by_role("button", name="提交", exact=True).click()
    told(bank, "备案已提交")
    bank.step("5.1-05", "点击“提交”，由平台管理人员审核")

    staff.goto("/staff/queue")
    line = staff.page.get_by_role("row").filter(has_text="浏览器测试备案").first
    line.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/filings/*")
    staff.check()
    staff.sees("按五级分类合计")
    staff.sees("2026-12")
    fill(staff.page, {"comment": "其余各笔与证明一致。"})
    _preview(staff)
    line = staff.page.get_by_role("row").filter(has_text="JJ-E2E5-2")
    line.get_by_role("button", name="退回").click()
    fill(staff.page, {"reason": "合同缺少盖章页"})
    staff.page.get_by_role("dialog").get_by_role("button", name="标记退回").click()
    staff.sees("已标记退回 1 笔")
    # The opinion on the batch is still there after a single row was marked.
    expect(staff.page.locator("[name=comment]")).to_have_value("其余各笔与证明一致。")
    staff.step("5.1-06", "平台管理人员核对明细和证明，可单独退回个别贷款", full=True)
    staff.page.get_by_role("button", name="审核通过").click()
    staff.sees("已审核通过")

    bank.goto("/console/loans")
    fill(page, {"word": "JJ-E2E5-4"})
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row").filter(has_text="JJ-E2E5-4")).to_contain_text("线下")
    bank.step("5.1-07", "审核通过后，备案的贷款登记在贷款台账中")
    page.get_by_role("button", name="更正").click()
    page.wait_for_url("**/console/filings/*")
    bank.sees("更正借据 JJ-E2E5-4")
    bank.check()
    # From one batch to the next each shows its own name.
    bank.goto("/console/filings")
    for name in ("浏览器测试备案（退回 1 笔）", "更正"):
        page.get_by_role("row").filter(has_text=name).first.get_by_role("link", name="办理").click()
        page.wait_for_url("**/console/filings/*")
        expect(page.locator("[name=name]")).to_have_value(re.compile(re.escape(name)))
        page.get_by_role("link", name="返回列表").click()
        page.wait_for_url("**/console/filings")
    _sent_again(bank, staff)


def _open(walk: Walk, name: str) -> None:
    """Open a batch of the list by its name."""
    walk.goto("/console/filings")
    walk.page.get_by_role("row").filter(has_text=name).first.get_by_role("link", name="办理").click()
    walk.page.wait_for_url("**/console/filings/*")
    walk.settle()


def _filter_findings(bank: Walk) -> None:
    """Of what the trial found a column is picked, then the rows from a number on."""
    page = bank.page
    bar = page.locator("form.query").filter(has=page.locator("[name=field]"))
    found = page.get_by_role("table", name="导入检查结果")
    for typed, cells in (({"field": "rate"}, ["K7"]), ({"field": "", "row": "8"}, [])):
        fill(page, typed)
        bar.get_by_role("button", name="查询").click()
        bank.settle()
        seen = found.get_by_role("row").filter(has_text=re.compile(r"\b[A-Z]7\b"))
        expect(seen).to_have_count(len(cells))
        for cell in cells:
            expect(seen.filter(has_text=cell)).to_have_count(1)
    bar.get_by_role("button", name="重置").click()
    bank.sees("年利率应在 0–36%之间")


def _awkward(bank: Walk) -> None:
    """Workbooks as people leave them are read and said so; what is none, or more than one, is refused with what to do."""
    for name in AWKWARD:
        case = CORPUS[name]
        label = f"{name}.xlsx"
        give(bank.page, "up_filing", workbook(case.make(), label))
        if case.refused:
            told(bank, case.refused)
            continue
        told(bank, label)
        for text in (f"合格 {case.good} 行", f"需更正 {case.bad} 行", *case.says):
            bank.sees(text)


def _removed(bank: Walk) -> None:
    """Of a wrong file's rows one is deleted, then all that are left, before anything is sent."""
    page = bank.page
    give(page, "up_filing", workbook(CORPUS["hidden_rows"].make(), "导错的文件.xlsx"))
    told(bank, "导错的文件.xlsx")
    page.get_by_role("button", name="导入合格行（3）").click()
    told(bank, "已导入 3 行")
    rows = page.get_by_role("table", name="备案成功的数据列表").get_by_role("row")
    expect(rows).to_have_count(4)
    rows.filter(has_text="JJ-00001").get_by_role("button", name="删除").click()
    page.get_by_role("button", name="确认删除").click()
    told(bank, "已删除")
    expect(rows.filter(has_text="JJ-0000")).to_have_count(2)
    page.get_by_role("button", name="清空明细").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 笔贷款")
    page.get_by_role("button", name="确认清空").click()
    told(bank, "已清空 2 笔")
    bank.sees("还没有备案数据")
    # What was imported is gone, and can be imported again.
    bank.sees("已导入的 3 行已从本批备案移除")
    expect(page.get_by_label("导入备案文件").first).to_be_attached()


def _break_off(bank: Walk, upload_id: str) -> None:
    """Files stop on their way: the page says so, and shows no upload any more."""
    page = bank.page
    tools = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", slow)
    page.evaluate(
        """() => { const send = XMLHttpRequest.prototype.send;
        XMLHttpRequest.prototype.send = function (body) { window.lastSent = this; return send.call(this, body); }; }"""
    )
    heavy = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7" + b" " * (9 << 20)}
    give(page, upload_id, heavy)
    told(bank, "正在上传")
    # In the middle of the body.
    page.evaluate("() => window.lastSent.abort()")
    told(bank, "上传中断，文件没有送达")
    expect(page.get_by_text("正在上传")).to_have_count(0)
    tools.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    tools.detach()


def _preview(staff: Walk) -> None:
    """A proof opens over the page, with what it is to prove."""
    page = staff.page
    page.get_by_role("button", name=re.compile("预览借据 JJ-E2E5-4 的")).click()
    box = page.get_by_role("dialog")
    expect(box).to_contain_text("120 万元")
    expect(box.locator("iframe.preview")).to_be_visible()
    expect(box.get_by_role("link", name="下载")).to_be_visible()
    staff.step("5.1-08", "点击放款证明，在页面上预览并与明细核对")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)


def _sent_again(bank: Walk, staff: Walk) -> None:
    """The returned row and the correction are put right, sent, and approved; the book shows the corrected loan."""
    page = bank.page
    _open(bank, "浏览器测试备案（退回 1 笔）")
    bank.sees("合同缺少盖章页")
    page.get_by_role("row").filter(has_text="JJ-E2E5-2").get_by_role("button", name="点击上传").click()
    give(page, "up_proof_CONTRACT", pdf("盖章合同.pdf"))
    proofs_done(bank)
    page.get_by_role("button", name="提交", exact=True).click()
    told(bank, "备案已提交")
    _open(bank, "更正借据 JJ-E2E5-4")
    row = page.get_by_role("row").filter(has_text="JJ-E2E5-4").last
    row.get_by_role("button", name="编辑").click()
    fill(page, {"amount": "110"})
    page.get_by_role("dialog").get_by_role("button", name="保存").click()
    told(bank, "已保存")
    row.get_by_role("button", name="点击上传").click()
    give(page, "up_proof_VOUCHER", pdf("更正凭证.pdf"))
    proofs_done(bank)
    page.get_by_role("button", name="提交", exact=True).click()
    told(bank, "备案已提交")
    for name in ("浏览器测试备案（退回 1 笔）", "更正借据 JJ-E2E5-4"):
        staff.goto("/staff/queue")
        line = staff.page.get_by_role("row").filter(has_text=name).first
        line.get_by_role("link", name="办理").click()
        staff.page.wait_for_url("**/staff/filings/*")
        staff.check()
        if name.startswith("更正"):
            staff.sees("放款金额：原“120 万元”，更正为“110 万元”")
        else:
            staff.sees("第 2 次提交")
            staff.sees("与上次提交相比：修改 1 笔")
            row = staff.page.get_by_role("row").filter(has_text="JJ-E2E5-2")
            expect(row).to_contain_text("上次退回原因：")
            expect(row).to_contain_text("放款证明有更换")
        staff.page.get_by_role("button", name="审核通过").click()
        staff.sees("已审核通过")
    bank.goto("/console/loans")
    for number, amount in (("JJ-E2E5-2", "HT-E2E5-2"), ("JJ-E2E5-4", "110")):
        fill(page, {"word": number})
        page.get_by_role("button", name="查询").click()
        found = page.get_by_role("row").filter(has_text=number)
        expect(found).to_have_count(1)
        expect(found).to_contain_text(amount)
    # The own book sums up and exports what is asked for.
    fill(page, {"word": "JJ-E2E5-4"})
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row").filter(has_text="JJ-E2E5-2")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("放款合计")
    sheet = _exported(page)
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["线下"]


def _exported(page: Page) -> Any:
    """Export the list in view; return the sheet."""
    page.get_by_role("button", name="导出", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载文件").click()
    return load_workbook(io.BytesIO(download.value.path().read_bytes())).active


def test_5_1_贷款台账_权限与窄屏(new_walk) -> None:
    """The staff sees every institution's loans; an enterprise has no such function; a phone shows cards."""
    staff = sign_in(new_walk(), STAFF)
    staff.goto("/staff/loans")
    staff.sees("放款合计")
    fill(staff.page, {"institution": "嵩岳", "source": "OFFLINE"})
    staff.page.get_by_role("button", name="查询").click()
    staff.sees("XXJJ-")
    sources = [row[0] for row in _exported(staff.page).iter_rows(min_row=2, values_only=True)]
    assert len(sources) > 10 and set(sources) == {"线下"}
    enterprise = sign_in(new_walk(), ENTERPRISE)
    enterprise.page.goto("/console/loans")
    enterprise.settle()
    enterprise.sees("无权访问")
    phone = sign_in(new_walk((390, 844)), BANK)
    phone.goto("/console/filings")
    phone.goto("/console/loans")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
