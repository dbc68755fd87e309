"""Manual section 8.2 in a browser: 政策兑现, and the whole way from a published policy to 已拨付."""

from __future__ import annotations

import io
import re
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import Locator, expect

from cpegi_app import clock, demo
from tests.e2e.harness import Walk
from tests.e2e.people import database
from tests.e2e.samples import fill, pdf, upload

FIRM, FORMAL, BUSINESS, FINANCE = "13900000021", "13900000001", "13900000003", "13900000004"
READY, POLICY = "首次贷款企业一次性奖励", "中小企业审计费补贴"
VOUCHER = "PZ2026-0808"


def sign_in(walk: Walk, phone: str) -> Walk:
    """Sign in with a demo login."""
    walk.login(phone, demo.PASSWORD)
    return walk


def press(walk: Walk, name: str, inside: Locator | None = None) -> None:
    """Press the button of exactly that name and wait for what it does."""
    (inside or walk.page).get_by_role("button", name=name, exact=True).first.click()
    walk.settle()


def line(walk: Walk, text: str) -> Locator:
    """Return the first line of a list that holds a text."""
    return walk.page.get_by_role("row").filter(has_text=text).first


def open_line(walk: Walk, list_path: str, text: str, link: str, then: str) -> None:
    """Follow a link of a list's line."""
    walk.goto(list_path)
    line(walk, text).get_by_role("link", name=link, exact=True).click()
    walk.page.wait_for_url(re.compile(then))
    walk.check()


def fill_claim(walk: Walk, name: str) -> None:
    """State the payee and confirm the amount."""
    fill(
        walk.page,
        {"payee_name": name, "bank": "中国银行郑州科学大道支行", "account_no": "6217 0012 3456 7890"},
    )
    walk.page.locator("[name=confirmed]").check()


def organisation(walk: Walk) -> str:
    """Return the own organisation's name, as the claim's form states it."""
    return walk.page.locator("dl.desc dd").first.inner_text().strip()


def test_8_2_政策兑现(new_walk) -> None:
    """The claim: mistakes told at once, sent, returned at one field, corrected, approved."""
    firm, staff = sign_in(new_walk(), FIRM), sign_in(new_walk(), FORMAL)
    page = firm.page
    page.get_by_role("link", name="政策兑现").click()
    page.wait_for_url("**/console/policy-claims")
    start = line(firm, READY).get_by_role("button", name="申请兑现")
    firm.step("8.2-01", "点击左侧菜单“政策兑现”，公示无异议的奖补显示在列表中；点击“申请兑现”", mark=start)
    start.click()
    page.wait_for_url(re.compile(r"/console/policy-claims/\d+"))
    firm.settle()
    name = organisation(firm)

    # Everything that is wrong is told at once, and what was typed stays.
    fill(page, {"payee_name": "别的公司", "bank": "中国银行郑州科学大道支行"})
    press(firm, "提交")
    expect(page.locator(".errors[role=alert], .errors").first).to_be_visible()
    expect(page.locator("[name=payee_name]")).to_have_value("别的公司")
    firm.sees("请上传收款收据")
    fill_claim(firm, name)
    upload(page, "RECEIPT", pdf("收据.pdf"))
    firm.step(
        "8.2-02", "核对兑现金额，填写收款账户（户名须与单位名称一致），上传收款收据，点击“提交”", full=True
    )
    press(firm, "提交")
    firm.sees("兑现申请已提交")
    firm.step("8.2-03", "提交后由平台管理人员审核，审核通过后编入拨付批次")

    open_line(staff, "/staff/policy-claims", READY, "办理", r"/staff/policy-claims/\d+")
    staff.page.locator("[name=m_bank]").check()
    staff.page.locator("[name=r_bank]").fill("请写明支行的全称")
    press(staff, "退回")
    staff.sees("办理完成")

    open_line(firm, "/console/policy-claims", READY, "修改后重新提交", r"/console/policy-claims/\d+")
    firm.sees("请写明支行的全称")
    firm.step("8.2-04", "被退回的兑现申请：按退回原因修改后重新提交")
    fill(page, {"bank": "中国银行股份有限公司郑州科学大道支行"})
    press(firm, "提交")
    firm.sees("兑现申请已提交")

    open_line(staff, "/staff/policy-claims", READY, "办理", r"/staff/policy-claims/\d+")
    staff.sees("上次补正要求")
    press(staff, "审核通过")
    staff.sees("办理完成")
    firm.goto("/console/policy-claims")
    expect(line(firm, READY).get_by_text("查看")).to_be_visible()


def test_8_2_从申请到拨付(new_walk, site_folder: Path) -> None:
    """From a published policy to 已拨付: applicant, two reviewers, finance; then back from the amount."""
    firm, formal, business, finance = (
        sign_in(new_walk(), phone) for phone in (FIRM, FORMAL, BUSINESS, FINANCE)
    )
    receipt = _apply(firm)
    _review(formal, receipt)
    _review(business, receipt, stage="业务审核")
    _publish(business, site_folder)
    name = _redeem(firm)
    open_line(formal, "/staff/policy-claims", receipt, "办理", r"/staff/policy-claims/\d+")
    press(formal, "审核通过")
    formal.sees("办理完成")
    _pay(finance, receipt)
    firm.goto("/console/policy-claims")
    paid = line(firm, POLICY)
    expect(paid.get_by_text("已拨付")).to_be_visible()
    expect(paid.get_by_text(VOUCHER)).to_be_visible()
    firm.step(
        "8.2-05", "拨付后状态为“已拨付”，可查看凭证号；拨付失败的，按原因修改账户后重新申请兑现", mark=paid
    )

    finance.page.get_by_role("row").filter(has_text=receipt).get_by_role("link", name="来龙去脉").click()
    finance.page.wait_for_url(re.compile(r"/staff/policy-trail/\d+"))
    finance.sees(VOUCHER)
    finance.sees(name)
    finance.step(
        "8.2-08", "来龙去脉：从任一金额回到所依据的记录、文件、审核和版本，可导出 ZIP 供审计", full=True
    )
    with finance.page.expect_download() as started:
        finance.page.get_by_role("link", name="导出 ZIP").click()
    assert started.value.path().read_bytes().startswith(b"PK")


def _apply(firm: Walk) -> str:
    """Finish the draft that the demo has begun; return the receipt's number."""
    page = firm.page
    open_line(firm, "/console/policies", POLICY, "继续填写", r"/console/policies/\d+")
    for slot in ("m1", "m2", "m3"):
        upload(page, slot, pdf(f"{slot}.pdf"))
    press(firm, "提交")
    firm.sees("已受理，编号")
    found = re.search(r"已受理，编号\s*(\S+)", page.locator("h1").inner_text())
    assert found
    return found.group(1)


def _review(staff: Walk, receipt: str, stage: str = "") -> None:
    """Approve an application at a stage."""
    staff.goto("/staff/policy-queue")
    if stage:
        staff.page.get_by_role("button", name=re.compile(stage)).click()
        staff.settle()
    line(staff, receipt).get_by_role("link").first.click()
    staff.page.wait_for_url(re.compile(r"/staff/policy-review/\d+"))
    staff.check()
    staff.page.locator("[name=comment]").fill("材料齐全，同意。")
    press(staff, "审核通过")
    staff.sees("办理完成")


def _publish(staff: Walk, folder: Path) -> None:
    """Publish what waits, let its days go by, confirm."""
    staff.goto("/staff/publicities")
    waiting = staff.page.locator("li.checkline").filter(has_text=POLICY)
    press(staff, "核对并公示", waiting)
    press(staff, "确认发布")
    expect(waiting).to_have_count(0)
    with closing(database(folder)) as base, base:
        today = clock.today()
        base.execute(
            "UPDATE publicity SET starts_on = ?, ends_on = ? WHERE id = (SELECT max(id) FROM publicity)",
            ((today - timedelta(days=6)).isoformat(), (today - timedelta(days=1)).isoformat()),
        )
    staff.goto("/staff/publicities")
    line(staff, "待确认").get_by_role("link", name="办理").click()
    staff.page.wait_for_url(re.compile(r"/staff/publicities/\d+"))
    staff.settle()
    press(staff, "确认无异议")
    expect(staff.page.get_by_role("button", name="确认无异议")).to_have_count(0)


def _redeem(firm: Walk) -> str:
    """Ask for what was granted."""
    firm.goto("/console/policy-claims")
    press(firm, "申请兑现", line(firm, POLICY))
    firm.page.wait_for_url(re.compile(r"/console/policy-claims/\d+"))
    firm.settle()
    name = organisation(firm)
    fill_claim(firm, name)
    upload(firm.page, "RECEIPT", pdf("审计费收据.pdf"))
    press(firm, "提交")
    firm.sees("兑现申请已提交")
    return name


def _pay(finance: Walk, receipt: str) -> None:
    """Make a batch of one, export it, bring the result back."""
    page = finance.page
    finance.goto("/staff/payments")
    line(finance, receipt).get_by_role("checkbox").click()
    finance.settle()
    press(finance, "编制批次")
    fill(page, {"name": "审计费补贴第三批"})
    finance.step("8.2-06", "平台管理人员：勾选待拨付的兑现申请，编制拨付批次")
    press(finance, "编制")
    page.wait_for_url(re.compile(r"/staff/payments/\d+"))
    finance.settle()
    press(finance, "确认并导出")
    with page.expect_download() as started:
        page.get_by_role("link", name="下载 Excel").click()
    with page.expect_download() as written:
        page.get_by_role("link", name="下载 CSV").click()
    assert receipt in written.value.path().read_bytes().decode("utf-8-sig")
    chooser = page.get_by_label("导入拨付结果")
    chooser.set_input_files({"name": "结果.xlsx", "mimeType": "", "buffer": _result(started.value.path())})
    finance.settle()
    finance.sees("已登记：成功 1")
    finance.step("8.2-07", "平台管理人员：导出给财务部门，办理后导入拨付结果")


def _result(exported: Path) -> bytes:
    """Return the exported file as the finance office returns it."""
    book = load_workbook(io.BytesIO(exported.read_bytes()))
    sheet: Any = book.active
    heads = [cell.value for cell in sheet[1]]
    filled = {"拨付结果": "成功", "拨付日期": clock.today().isoformat(), "凭证号": VOUCHER}
    for head, value in filled.items():
        sheet.cell(2, heads.index(head) + 1).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_8_2_取消奖补(new_walk, site_folder: Path) -> None:
    """One that proves wrong, then everything that nobody redeemed in time: with a reason, and the budget is free again."""
    staff = sign_in(new_walk(), BUSINESS)
    page = staff.page
    with closing(database(site_folder)) as base:
        unasked = base.execute(
            "SELECT publicity_id, org_name FROM policy_grant WHERE state = 'CONFIRMED' AND id NOT IN"
            " (SELECT grant_id FROM policy_claim WHERE status NOT IN ('DRAFT', 'REJECTED')) ORDER BY id"
        ).fetchall()
    # The publication of which most wait: the tests before have made others.
    number = Counter(publicity for publicity, _ in unasked).most_common(1)[0][0]
    first, *rest = [org for publicity, org in unasked if publicity == number]
    assert rest, "the demo has too few that wait to be redeemed"
    staff.goto(f"/staff/publicities/{number}")
    press(staff, "取消奖补", line(staff, first))
    reason = page.locator("[name=reason]")
    reason.fill("经核查发票重复使用")
    staff.step("8.2-09", "平台管理人员：公示确认后发现不实的，在公示名单中取消奖补并写明原因", full=True)
    reason.fill("")
    press(staff, "确认取消奖补")
    staff.sees("请填写取消的原因")
    reason.fill("经核查发票重复使用")
    press(staff, "确认取消奖补")
    staff.sees("已取消 1 笔奖补")
    expect(line(staff, first).get_by_text("已取消")).to_be_visible()

    with closing(database(site_folder)) as base, base:
        of = "(SELECT policy_id FROM publicity WHERE id = ?)"
        before = base.execute(f"SELECT redeem_closes_at FROM policy WHERE id = {of}", (number,)).fetchone()[0]
        over = (clock.now() - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
        base.execute(f"UPDATE policy SET redeem_closes_at = ? WHERE id = {of}", (over, number))
    try:
        staff.goto("/staff/publicities")
        page.locator(f"li.checkline a[href$='/staff/publicities/{number}']").click()
        page.wait_for_url(f"**/staff/publicities/{number}")
        staff.settle()
        press(staff, "取消逾期未兑现的奖补")
        page.locator("[name=reason]").fill("逾期未申请兑现，按政策视为放弃")
        staff.step(
            "8.2-10",
            "平台管理人员：兑现时间已过仍未申请的，核对名单后一次取消，占用的预算随即释放",
            full=True,
        )
        press(staff, "确认取消奖补")
        staff.sees(f"已取消 {len(rest)} 笔奖补")
        expect(page.get_by_role("button", name="取消逾期未兑现的奖补")).to_have_count(0)
    finally:
        with closing(database(site_folder)) as base, base:
            base.execute(f"UPDATE policy SET redeem_closes_at = ? WHERE id = {of}", (before, number))
