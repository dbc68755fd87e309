"""Manual chapter 4 in a browser: a product from the draft to the public list, an application, its disbursement."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from cpegi_app import clock, demo
from tests.e2e.harness import Walk
from tests.e2e.samples import fill, fill_product, pdf, tick, upload

BANK, ENTERPRISE, STAFF = "13900000011", "13900000021", "13900000001"


def sign_in(walk: Walk, phone: str) -> Walk:
    """Sign in with a demo login."""
    walk.login(phone, demo.PASSWORD)
    return walk


def open_review(staff: Walk, kind: str, title: str) -> None:
    """Open the thing of that title from the staff's queue."""
    staff.goto("/staff/queue")
    staff.page.get_by_role("button", name=re.compile(f"^{kind}")).click()
    row = staff.page.get_by_role("row").filter(has_text=title).first
    row.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/review/**")
    staff.check()


def approve_first(staff: Walk, kind: str, title: str) -> None:
    """Approve the thing of that title in the staff's queue."""
    open_review(staff, kind, title)
    staff.page.get_by_role("button", name="审核通过").click()
    staff.sees("返回队列")
    staff.settle()


def publish(bank: Walk, staff: Walk, name: str) -> None:
    """Bring a product onto the public list."""
    bank.goto("/console/products")
    bank.page.get_by_role("button", name="添加产品").click()
    bank.page.wait_for_url("**/console/products/edit/*")
    bank.settle()
    fill_product(bank.page, name)
    bank.page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("已提交，等待平台审核")
    approve_first(staff, "金融产品", name)


def test_4_1_金融产品维护(new_walk) -> None:
    """A product is written as a draft, sent, approved, shown to the public, changed, taken down."""
    bank, staff, visitor = sign_in(new_walk(), BANK), sign_in(new_walk(), STAFF), new_walk()
    page = bank.page
    bank.goto("/console/products")
    bank.step(
        "4.1-01",
        "点击“金融产品”下的“金融产品发布”，进入功能主页",
        mark=page.get_by_role("button", name="添加产品"),
    )
    page.get_by_role("button", name="添加产品").click()
    page.wait_for_url("**/console/products/edit/*")
    bank.settle()

    # Everything that is wrong is told at once, at its field, and what was typed stays.
    fill(page, {"name": "嵩岳税务贷", "amount_min": "300", "amount_max": "10"})
    # Enter in a field presses no button, the one that frees every condition least of all.
    page.locator("[name=name]").press("Enter")
    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("“年营业收入”请填写下限或上限，或勾选“不限制”")
    bank.sees("请填写产品介绍")
    expect(page.locator("[name=name]")).to_have_value("嵩岳税务贷")

    fill_product(page, "嵩岳税务贷")
    bank.step("4.1-02", "填写产品名称、产品介绍等内容", full=True)
    fill(page, {"c_revenue_low": "500", "c_revenue_high": "100"})
    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("“年营业收入”的下限 500 大于上限 100")
    fill(page, {"c_revenue_low": "300", "c_revenue_high": ""})
    bank.step("4.1-03", "逐项添加授信条件；勾选“不限制”后上限和下限不必填写", mark=page.locator(".conds"))
    page.get_by_role("button", name="暂存").click()
    bank.sees("已暂存")
    page.reload()
    bank.settle()
    # Of several choices each is kept, not only the last one ticked.
    for code in ("CREDIT", "SURETY"):
        expect(page.locator(f"[name=guarantees][value={code}]")).to_be_checked()
    expect(page.locator("[name=c_debt_ratio_high]")).to_have_value("75")
    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("已提交，等待平台审核")
    bank.step("4.1-04", "提交后由平台管理人员审核")

    approve_first(staff, "金融产品", "嵩岳税务贷")
    visitor.goto("/products")
    visitor.sees("嵩岳税务贷")
    visitor.step("4.1-05", "审核通过后，平台首页金融产品页面展示该产品")
    visitor.page.get_by_role("link", name="嵩岳税务贷").first.click()
    visitor.page.wait_for_url(re.compile(r"/products/\d+"))
    visitor.check()
    visitor.sees("4.05%")

    # A 变更 replaces what is published only when approved.
    bank.goto("/console/products")
    row = page.get_by_role("row").filter(has_text="嵩岳税务贷").first
    bank.step("4.1-06", "功能主页列出全部产品，可以变更、下架、查看推送记录", mark=row)
    row.get_by_role("button", name="变更").click()
    page.wait_for_url("**/console/products/edit/*")
    bank.settle()
    fill(page, {"rate_min": "3.6"})
    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("已提交，等待平台审核")
    visitor.page.reload()
    visitor.sees("4.05%")
    open_review(staff, "金融产品", "嵩岳税务贷")
    staff.sees("现行资料")
    staff.page.get_by_role("button", name="审核通过").click()
    staff.settle()
    visitor.page.reload()
    visitor.sees("3.8%")

    bank.goto("/console/products")
    row = page.get_by_role("row").filter(has_text="嵩岳税务贷").first
    row.get_by_role("link", name="查看推送记录").click()
    bank.sees("认证企业（推送")
    bank.step("4.1-07", "查看推送记录：推送时间、条件版本、是否查看、是否申请")
    bank.goto("/console/products")
    page.get_by_role("row").filter(has_text="嵩岳税务贷").first.get_by_role("button", name="下架").click()
    bank.sees("已下架")
    visitor.goto("/products")
    expect(visitor.page.get_by_text("嵩岳税务贷")).to_have_count(0)


def apply_for(enterprise: Walk, product: str, amount: str) -> None:
    """Fill and send an application from the public list."""
    enterprise.goto("/products")
    enterprise.page.get_by_role("link", name=product).first.click()
    enterprise.page.wait_for_url(re.compile(r"/products/\d+"))
    enterprise.settle()
    enterprise.page.get_by_role("link", name="立即申请").first.click()
    enterprise.page.wait_for_url("**/console/apply/*")
    enterprise.settle()
    fill(
        enterprise.page,
        {
            "amount": amount,
            "term": "12",
            "guarantee": "CREDIT",
            "purpose": "采购原材料",
            "source": "销售回款",
        },
    )


def test_4_2_金融产品申请审核(new_walk) -> None:
    """An enterprise applies, the institution returns, then approves from its 待办事项; each side sees where it stands."""
    bank, staff, enterprise = (sign_in(new_walk(), who) for who in (BANK, STAFF, ENTERPRISE))
    publish(bank, staff, "嵩岳申请贷")
    page = enterprise.page
    apply_for(enterprise, "嵩岳申请贷", "900")
    enterprise.step("4.2-01", "企业在产品“查看详情”页点击“立即申请”，填写申请", full=True)
    page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("请勾选数据授权")
    tick(page, "authorised", "YES")
    page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("该产品的额度为 10–300 万元，请在此范围内填写")
    fill(page, {"amount": "200"})
    upload(page, "ATTACHMENT", pdf("财务报表.pdf"))
    page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("申请已提交")
    # What was refused before is no longer said beside the success.
    expect(page.locator(".msg[data-kind=error]")).to_have_count(0)
    page.get_by_role("link", name="查看申请进度").click()
    enterprise.sees("机构审核中")
    enterprise.check()

    bank.goto("/console")
    todo = bank.page.locator(".todo li").filter(has_text="嵩岳申请贷").first
    bank.step("4.2-02", "金融机构管理中心出现待办事项，点击“办理”", mark=todo)
    todo.get_by_role("link", name="办理").click()
    bank.page.wait_for_url("**/console/requests/*")
    bank.sees("授信条件比对")
    bank.step("4.2-03", "申请企业的信息页面：企业数据与授信条件逐项比对", full=True)
    # Enter decides nothing, and what is too long is refused whole, not cut.
    bank.page.locator("[name=approved_amount]").press("Enter")
    bank.page.locator("[name=comment]").focus()
    bank.page.keyboard.insert_text("长" * 600)
    bank.page.get_by_role("button", name="退回补充").click()
    bank.sees("意见最多 500 字，现有 600 字")
    expect(bank.page.locator("[name=comment]")).to_have_value("长" * 600)
    fill(bank.page, {"comment": ""})
    bank.page.get_by_role("button", name="审核不通过").click()
    bank.sees("审核不通过时必须填写驳回原因")
    fill(bank.page, {"comment": "请补充近两年纳税证明。"})
    bank.page.get_by_role("button", name="退回补充").click()
    bank.sees("已退回，结果已通知申请企业")
    # From one decision to the next: the oldest that waits, and how many there are.
    bank.sees("笔待办理")
    bank.page.get_by_role("link", name="办理下一笔").click()
    expect(bank.page.get_by_role("button", name="审核不通过")).to_be_visible()
    bank.check()
    bank.goto("/console/requests/999999")
    bank.sees("融资申请不存在或已被删除")
    expect(bank.page.get_by_text("授信条件比对")).to_have_count(0)

    enterprise.goto("/console/notices")
    enterprise.sees("融资申请退回")
    page.get_by_role("button", name="查看").first.click()
    page.wait_for_url("**/console/applications/*")
    enterprise.sees("请补充近两年纳税证明")
    page.get_by_role("link", name="修改后重新提交").click()
    page.wait_for_url("**/console/apply/*")
    enterprise.sees("请补充近两年纳税证明")
    enterprise.step("4.2-04", "被退回时，原因显示在表单上，可修改后重新提交")
    upload(page, "ATTACHMENT", pdf("纳税证明.pdf"))
    page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("申请已提交")

    bank.goto("/console")
    bank.page.locator(".todo li").filter(has_text="嵩岳申请贷").first.get_by_role("link", name="办理").click()
    bank.page.wait_for_url("**/console/requests/*")
    bank.settle()
    fill(bank.page, {"approved_amount": "250"})
    bank.page.get_by_role("button", name="审核通过").click()
    bank.sees("批准额度不能超过申请额度 200 万元")
    fill(bank.page, {"approved_amount": "180"})
    bank.step(
        "4.2-05",
        "点击“审核通过”或“审核不通过”，审核不通过时填写驳回原因",
        mark=bank.page.get_by_role("button", name="审核通过"),
    )
    # A double click is one decision, and nothing to be refused.
    bank.page.get_by_role("button", name="审核通过").dblclick()
    bank.sees("已审核通过，结果已通知申请企业")
    bank.settle()
    expect(bank.page.locator(".msg[data-kind=error]")).to_have_count(0)
    page.goto(f"{enterprise.site}/console/applications")
    enterprise.check()
    enterprise.sees("待放款")
    enterprise.step("4.2-06", "企业在“我的融资申请”中看到每一步的进度")


def never_meet(bank: Walk) -> None:
    """Tap 提交 twice on a phone: it is held, not sent; at no width does what sends now stand where 提交 stands."""
    page = bank.page
    plain, anyway = (page.get_by_role("button", name=n, exact=True) for n in ("提交", "仍然提交"))
    wide = page.viewport_size or {"width": 1440, "height": 900}
    page.set_viewport_size({"width": 390, "height": 844})
    before = plain.bounding_box()
    assert before
    for _ in range(2):
        page.mouse.click(before["x"] + 25, before["y"] + before["height"] / 2)
        page.wait_for_timeout(350)
    bank.sees("尚未提交")
    expect(page.get_by_text("放款信息已提交")).to_have_count(0)
    plain.click()
    expect(page.locator("[data-held]")).to_be_focused()
    expect(page.locator(".form-foot .btn-primary")).to_have_count(0)
    for width in (320, 390, 768, wide["width"]):
        page.set_viewport_size({"width": width, "height": 844})
        one, two = plain.bounding_box(), anyway.bounding_box()
        assert one and two
        assert two["x"] + two["width"] < one["x"], width
        assert width != 390 or two["x"] + two["width"] < before["x"]
    page.set_viewport_size(wide)


def test_4_3_放款管理(new_walk) -> None:
    """The institution pays in two parts, never above what was approved; the staff reviews; both see the progress."""
    bank, staff, enterprise = (sign_in(new_walk(), who) for who in (BANK, STAFF, ENTERPRISE))
    publish(bank, staff, "嵩岳放款贷")
    apply_for(enterprise, "嵩岳放款贷", "100")
    tick(enterprise.page, "authorised", "YES")
    enterprise.page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("申请已提交")
    page = bank.page
    bank.goto("/console/requests")
    page.get_by_role("row").filter(has_text="嵩岳放款贷").get_by_role("link", name="办理").click()
    page.wait_for_url("**/console/requests/*")
    bank.settle()
    page.get_by_role("button", name="审核通过").click()
    bank.sees("已审核通过")

    bank.goto("/console/requests")
    row = page.get_by_role("row").filter(has_text="嵩岳放款贷")
    bank.step(
        "4.3-01", "点击“金融产品”下的“企业申请管理”，点击“放款”", mark=row.get_by_role("button", name="放款")
    )
    row.get_by_role("button", name="放款").click()
    page.wait_for_url("**/console/requests/disburse/*")
    bank.settle()
    expect(page.locator("[name=amount]")).to_have_value("100")
    loan = {
        "contract_no": "HT-E2E-1",
        "contract_amount": "100",
        "iou_no": "JJ-E2E-1",
        "amount": "120",
        "lent_on": "2026-11-02",
        "due_on": "2026-11-01",
        "rate": "4.2",
        "guarantee": "CREDIT",
        "repayment": "INTEREST_FIRST",
        "is_first": "NO",
    }
    fill(page, loan)
    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("到期日应晚于放款日期")
    bank.sees("请上传借款合同")
    fill(page, {"amount": "60", "due_on": "2027-11-01"})
    upload(page, "CONTRACT", pdf("借款合同.pdf"))
    upload(page, "VOUCHER", pdf("放款凭证.pdf"))
    # What the staff will be asked to look at is told at its field as that is left, and once more before it is sent.
    doubt = page.locator("#f-lent_on-doubt")
    expect(doubt).to_contain_text("早于申请批准日期")
    page.locator("[name=lent_on]").fill(clock.today().isoformat())
    page.locator("[name=amount]").focus()
    expect(doubt).to_be_hidden()
    bank.step("4.3-02", "填写放款信息，上传合同和放款凭证", full=True)
    page.locator("[name=rate]").fill("0.04")
    never_meet(bank)
    bank.check()
    bank.step(
        "4.3-03",
        "提交前请核对：平台审核时会提示的内容先列出；有误的更正后再点“提交”，确实如此的点“仍然提交”",
        mark=page.locator("[data-held]"),
    )
    expect(page.locator("[name=iou_no]")).to_have_value("JJ-E2E-1")
    page.locator("[name=lent_on]").fill("2026-11-02")
    page.locator("[name=rate]").fill("4.2")
    page.locator("[name=amount]").focus()
    expect(page.locator("#f-rate-doubt")).to_be_hidden()
    expect(doubt).to_be_visible()
    page.get_by_role("button", name="仍然提交").click()
    bank.sees("放款信息已提交")
    page.get_by_role("link", name="查看放款进度").click()
    bank.sees("放款待平台审核")
    bank.step("4.3-04", "在产品申请列表和详情中查看放款进度")

    approve_first(staff, "放款", "JJ-E2E-1")
    enterprise.goto("/console/applications")
    enterprise.page.get_by_role("row").filter(has_text="嵩岳放款贷").get_by_role("link", name="查看").click()
    enterprise.sees("部分放款")
    enterprise.sees("60 万元")
    enterprise.check()

    # The second part opens with the contract already typed and with what is left.
    bank.goto("/console/requests")
    page.get_by_role("row").filter(has_text="嵩岳放款贷").get_by_role("button", name="放款").click()
    page.wait_for_url("**/console/requests/disburse/*")
    bank.settle()
    expect(page.locator("[name=contract_no]")).to_have_value("HT-E2E-1")
    expect(page.locator("[name=amount]")).to_have_value("40")
    fill(
        page,
        {
            "iou_no": "JJ-E2E-1",
            "amount": "50",
            "lent_on": "2026-11-03",
            "due_on": "2027-11-03",
            "is_first": "NO",
        },
    )
    page.get_by_role("button", name="提交", exact=True).click()
    bank.sees("批准额度还可放款 40 万元")
    bank.sees("该借据编号已登记过放款")

    # What the enterprise does not draw any more is ended, with the reason that it reads.
    bank.goto("/console/requests")
    page.get_by_role("row").filter(has_text="嵩岳放款贷").get_by_role("link", name="查看").click()
    page.wait_for_url(re.compile(r"/console/requests/\d+"))
    bank.settle()
    page.get_by_role("button", name="结束放款").click()
    page.get_by_role("button", name="确认结束").click()
    bank.sees("请填写结束放款的原因")
    page.locator("[name=reason]").fill("其余资金企业已自筹，不再提款")
    bank.step("4.3-05", "企业不再提款时，点击“结束放款”并写明原因，其余额度不再放款")
    page.get_by_role("button", name="确认结束").click()
    bank.sees("已结束放款，企业会收到通知")
    expect(page.get_by_role("button", name="放款", exact=True)).to_have_count(0)
    bank.sees("部分放款，已结束")
    bank.check()
    enterprise.goto("/console/applications")
    enterprise.page.get_by_role("row").filter(has_text="嵩岳放款贷").get_by_role("link", name="查看").click()
    enterprise.sees("其余资金企业已自筹，不再提款")
    enterprise.check()
