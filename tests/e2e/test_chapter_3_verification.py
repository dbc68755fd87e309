"""Manual chapter 3 in a browser: 真实性认证, the change of a profile, the rights by kind."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from cpegi_app.vocabulary import OrgClass
from tests.e2e.harness import Walk
from tests.e2e.residents import People, bank_form, enterprise_form, people
from tests.e2e.samples import fill, pdf, tick, upload

assert people


def send(walk: Walk) -> None:
    """提交, and confirm the class that is shown once more."""
    walk.page.get_by_role("button", name="提交", exact=True).click()
    walk.page.get_by_role("dialog").get_by_role("button", name="确认提交").click()
    walk.page.get_by_role("heading", level=1, name=re.compile("已提交$")).wait_for()
    walk.settle()


def take_up(staff: Walk, kind: str, title: str) -> None:
    """办理 the thing of that title in the queue."""
    staff.goto("/staff/queue")
    staff.page.get_by_role("button", name=re.compile(f"^{kind}")).click()
    staff.settle()
    staff.page.get_by_role("row").filter(has_text=title).first.get_by_role("link", name="办理").click()
    staff.page.wait_for_url("**/staff/review/**")
    staff.page.get_by_role("button", name="审核通过").wait_for()
    staff.check()


def mark(walk: Walk, name: str, reason: str) -> None:
    """Tick 需更正 at a line and say why."""
    walk.page.locator(f"[name='m_{name}']").check()
    walk.page.locator(f"[name='r_{name}']").fill(reason)


def decide(walk: Walk, button: str) -> None:
    """Press a button of the decision and wait for its result."""
    walk.page.get_by_role("button", name=button, exact=True).click()
    walk.page.get_by_text("办理完成").wait_for()
    walk.settle()


def sid(walk: Walk) -> str:
    """Return the id of the browser's login."""
    return next(c["value"] for c in walk.page.context.cookies() if c["name"] == "cpegi_sid")


def test_3_1_真实性认证(new_walk, people: People) -> None:
    """A new account is led to the form, sends it, has it returned at two fields, corrects them, goes live."""
    firm = people.newcomer(new_walk(), "13800030001")
    staff = people.staff(new_walk(), "13800030002", "周审核")
    page = firm.page
    firm.goto("/console")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("请先完成用户真实性认证")
    go = dialog.get_by_role("link", name="去认证")
    firm.step("3.1-01", "登录后，新注册的用户须先完成用户真实性认证，在弹窗中点击“去认证”", mark=go)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    # Until then every other function is there, locked, and says why.
    firm.goto("/console/applications")
    firm.sees("需在完成用户真实性认证后使用")
    firm.step("3.1-02", "认证通过之前，其他功能可以看到但不能使用，并说明原因")
    page.get_by_role("link", name="去认证").first.click()
    page.wait_for_url("**/console/verification")
    firm.check()
    firm.step("3.1-03", "进入真实性信息填报页面，按照要求填写内容")

    # The class decides which cards show; what was typed stays.
    fill(page, {"name": "郑州砺行智能科技有限公司"})
    page.locator("[name=org_class]").select_option("BANK")
    expect(page.locator("[name=licence_no]")).to_be_visible()
    expect(page.locator("[name=revenue]")).to_be_hidden()
    page.locator("[name=org_class]").select_option("ENTERPRISE")
    expect(page.locator("[name=revenue]")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("郑州砺行智能科技有限公司")

    # Everything that is wrong is told at once, at its field.
    page.get_by_role("button", name="提交", exact=True).click()
    firm.sees("请更正以下内容后重新提交")
    firm.sees("请上传营业执照")
    firm.check()
    fill(page, {"credit_code": "91350100M000100Y44"})
    page.keyboard.press("Tab")
    firm.sees("校验位不符")

    form = enterprise_form(name="郑州砺行智能科技有限公司", is_legal_rep="NO", staff="86")
    fill(page, form)
    firm.sees("授权委托书")
    for slot, name in (
        ("LICENCE", "营业执照.pdf"),
        ("LEGAL_REP_ID", "身份证.pdf"),
        ("AUTHORISATION", "委托书.pdf"),
    ):
        upload(page, slot, pdf(name))
    page.get_by_role("button", name="暂存").click()
    firm.sees("已暂存")
    page.reload()
    firm.settle()
    expect(page.locator("[name=revenue]")).to_have_value("2600")
    expect(page.locator("#f-file_LICENCE .file")).to_have_count(1)

    page.get_by_role("button", name="提交", exact=True).click()
    dialog.get_by_text("提交前请再次核对").wait_for()
    firm.step("3.1-04", "点击“提交”，再次核对机构类别后确认")
    dialog.get_by_role("button", name="确认提交").click()
    firm.sees("认证资料已提交")
    firm.step("3.1-05", "提交后由平台管理人员审核")

    # While it waits nothing can be sent again.
    page.reload()
    firm.sees("审核期间不可再次提交")
    expect(page.get_by_role("button", name="提交", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="撤回")).to_be_visible()
    firm.step("3.1-06", "等待审核期间不可再次提交认证，页面只供查看")

    take_up(staff, "真实性认证", "郑州砺行智能科技有限公司")
    staff.sees("未发现相同名称或统一社会信用代码的认证机构")
    staff.step("3.1-07", "平台管理人员在审核页面对照资料与附件办理")
    staff.page.get_by_role("button", name="退回", exact=True).click()
    staff.sees("退回时必须填写退回原因")
    staff.page.get_by_role("button", name="与证照不一致").click()
    mark(staff, "name", "与营业执照上的名称不一致")
    mark(staff, "file_LICENCE", "扫描件不清晰")
    staff.page.locator("[name=m_revenue]").check()
    staff.page.get_by_role("button", name="审核通过").click()
    staff.sees("您标记了 3 处需更正的内容")
    staff.step("3.1-08", "在需要更正的栏目旁标记并填写原因，点击“退回”")
    decide(staff, "退回")
    staff.check()

    # The reasons stand on top and at the fields concerned; the form is open again.
    firm.goto("/console/notices")
    firm.sees("真实性认证退回")
    firm.goto("/console/verification")
    note = page.locator("#return-reason")
    expect(note).to_contain_text("填报信息与营业执照不一致")
    expect(note).to_contain_text("与营业执照上的名称不一致")
    expect(page.locator(".field", has=page.locator("#f-file_LICENCE"))).to_contain_text("扫描件不清晰")
    expect(page.locator(".field", has=page.locator("[name=revenue]"))).to_contain_text("请核对后更正")
    firm.step("3.1-09", "审核未通过时，“用户真实性认证”栏目中展示退回原因", mark=note)
    note.get_by_role("link", name="机构/企业名称").click()
    expect(page.locator("[name=name]")).to_be_focused()
    fill(page, {"name": "郑州砺行智能装备有限公司", "revenue": "2580"})
    page.locator("#f-file_LICENCE").get_by_role("button", name="移除").click()
    expect(page.locator("#f-file_LICENCE .file")).to_have_count(0)
    upload(page, "LICENCE", pdf("营业执照彩色.pdf"))
    send(firm)

    # The reviewer sees what was asked for and what has changed since.
    take_up(staff, "真实性认证", "郑州砺行智能装备有限公司")
    staff.sees("与上次提交相比，3 项内容有变更")
    staff.sees("上次退回原因")
    expect(staff.page.locator("#line-name")).to_contain_text("郑州砺行智能科技有限公司")
    staff.step("3.1-10", "再次提交后，审核页面标出与上次提交相比有变更的内容")
    staff.page.locator("[name=comment]").fill("资料齐全，同意通过。")
    before = sid(firm)
    decide(staff, "审核通过")
    staff.sees("下一件")
    expect(staff.page.locator("#next")).to_be_focused()
    staff.step("3.1-11", "办理完成后可直接办理下一件")

    firm.goto("/console/verification")
    firm.sees("认证已通过，账号正式生效")
    firm.step("3.1-12", "审核通过后，用户正式生效")
    # With the rights the id of the login has changed, and nobody had to sign in again.
    assert sid(firm) != before
    page.get_by_role("link", name="去使用").click()
    page.wait_for_url("**/console")
    firm.goto("/console/applications")
    expect(page.get_by_text("需在完成用户真实性认证后使用")).to_have_count(0)


def test_3_1_institution_files_and_withdrawal(new_walk, people: People) -> None:
    """A bank's own fields and files; what is no honest file is refused in words; 撤回 opens the form again."""
    bank = people.newcomer(new_walk(), "13800030011", OrgClass.BANK)
    page = bank.page
    bank.goto("/console/verification")
    expect(page.locator("[name=licence_no]")).to_be_visible()
    expect(page.locator("#f-file_PERMIT")).to_be_visible()
    expect(page.locator("#f-file_AUTHORISATION")).to_be_hidden()
    box = page.locator("#f-file_LICENCE")
    chooser = box.locator("input[type=file]")
    chooser.set_input_files(
        {"name": "营业执照.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90\0" * 90}
    )
    bank.sees("程序文件")
    chooser.set_input_files({"name": "空.pdf", "mimeType": "application/pdf", "buffer": b""})
    bank.sees("是空文件")
    big = {"name": "大.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" + b"0" * (11 << 20)}
    chooser.set_input_files(big)
    bank.sees("10 MB 上限")
    expect(box.locator(".file")).to_have_count(0)

    fill(page, bank_form(name='<img src=x onerror="document.title=1">银行股份有限公司'))
    tick(page, "business_regions", "GAOXIN", "JINSHUI")
    for slot in ("LICENCE", "LEGAL_REP_ID", "PERMIT"):
        upload(page, slot, pdf())
    send(bank)
    page.get_by_role("button", name="查看已提交的资料").click()
    # What looks like HTML is a text.
    bank.sees('<img src=x onerror="document.title=1">银行股份有限公司')
    bank.check()
    page.get_by_role("button", name="撤回").click()
    bank.sees("已撤回")
    expect(page.locator("[name=licence_no]")).to_be_visible()
    expect(page.locator("[name='business_regions'][value='JINSHUI']")).to_be_checked()
    bank.check()


def test_3_1_no_second_submission_from_another_tab(new_walk, people: People) -> None:
    """A form left open in another tab cannot be sent a second time; what it holds stays."""
    firm = people.newcomer(new_walk(), "13800030021")
    firm.goto("/console/verification")
    fill(firm.page, enterprise_form(name="郑州双签科技有限公司"))
    for slot in ("LICENCE", "LEGAL_REP_ID"):
        upload(firm.page, slot, pdf())
    firm.page.get_by_role("button", name="暂存").click()
    firm.sees("已暂存")
    other = Walk(firm.page.context.new_page(), firm.site, firm.chapter)
    other.goto("/console/verification")
    send(firm)
    fill(other.page, {"intro": "第二个窗口里填写的简介"})
    other.page.get_by_role("button", name="暂存").click()
    other.sees("正在审核中，暂不能修改")
    expect(other.page.locator("[name=intro]")).to_have_value("第二个窗口里填写的简介")
    other.page.get_by_role("button", name="提交", exact=True).click()
    other.page.get_by_role("dialog").get_by_role("button", name="确认提交").click()
    other.sees("正在审核中，无需重复提交")


def test_3_2_企业资料修改(new_walk, people: People) -> None:
    """A change waits while the old profile stays in force, is returned, corrected, approved; a class is corrected."""
    fund = people.verified(
        new_walk(),
        "13800030031",
        OrgClass.INVESTMENT,
        name="河南启衡投资有限公司",
        office="郑州市金水路 1 号",
    )
    staff = people.staff(new_walk(), "13800030032", "吴审核")
    page = fund.page
    fund.goto("/console/profile")
    edit = page.get_by_role("link", name="修改资料")
    fund.step("3.2-01", "点击“账户资料维护”下的“企业认证”，点击页面上的“修改资料”", mark=edit)
    edit.click()
    page.wait_for_url("**/console/profile/change")
    fund.settle()
    expect(page.locator("[name=office]")).to_have_value("郑州市金水路 1 号")
    expect(page.locator("#f-file_PERMIT .file")).to_have_count(1)
    page.get_by_role("button", name="提交", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("提交前请再次核对")
    expect(dialog).not_to_contain_text("本次修改的内容")
    dialog.get_by_role("button", name="确认提交").click()
    fund.sees("与现行资料完全一致")
    fill(page, {"office": "郑州市郑东新区商务内环路 9 号", "staff": "41"})
    page.get_by_role("button", name="暂存").click()
    fund.sees("现行：郑州市金水路 1 号")
    office = page.locator(".field", has=page.locator("[name=office]"))
    fund.step("3.2-02", "修改企业信息，已修改的栏目标出现行内容", mark=office)
    page.get_by_role("button", name="提交", exact=True).click()
    fund.sees("本次修改的内容")
    fund.step("3.2-03", "点击“提交”，核对本次修改的内容")
    page.get_by_role("dialog").get_by_role("button", name="确认提交").click()
    fund.sees("资料修改已提交")
    fund.check()

    # Not again while it waits; the old profile stays in force.
    fund.goto("/console/profile")
    fund.sees("审核期间不可再次提交修改申请")
    expect(page.get_by_role("link", name="修改资料")).to_have_count(0)
    expect(page.locator(".desc").filter(has_text="实际经营地址")).to_contain_text("郑州市金水路 1 号")
    fund.step("3.2-04", "等待审核期间不可再次提交修改申请，现行资料继续有效")
    fund.goto("/console/profile/change")
    expect(page.get_by_role("button", name="提交", exact=True)).to_have_count(0)

    take_up(staff, "资料修改", "河南启衡投资有限公司")
    staff.sees("与现行资料相比，2 项内容有变更")
    expect(staff.page.locator("#line-office")).to_contain_text("郑州市金水路 1 号")
    expect(staff.page.locator("#line-office")).to_contain_text("郑州市郑东新区商务内环路 9 号")
    staff.step("3.2-05", "审核页面并列展示现行资料与本次提交的内容")
    mark(staff, "office", "请写到楼层和房间号")
    decide(staff, "退回")

    fund.goto("/console/profile")
    fund.sees("请写到楼层和房间号")
    fund.step("3.2-06", "审核未通过时，在“账户资料维护”“企业认证”中查看退回原因")
    page.get_by_role("link", name="修改后重新提交").click()
    page.wait_for_url("**/console/profile/change")
    fund.settle()
    fund.sees("请写到楼层和房间号")
    fill(page, {"office": "郑州市郑东新区商务内环路 9 号 12 层 1201 室"})
    send(fund)
    take_up(staff, "资料修改", "河南启衡投资有限公司")
    staff.sees("上次退回原因")
    decide(staff, "审核通过")
    fund.goto("/console/profile")
    fund.sees("新资料已生效")
    expect(page.locator(".desc").filter(has_text="实际经营地址")).to_contain_text("1201 室")
    fund.step("3.2-07", "审核通过后新资料生效")

    # A wrongly chosen class is corrected by such a change: the rights follow at the approval.
    page.get_by_role("link", name="修改资料").click()
    page.wait_for_url("**/console/profile/change")
    fund.settle()
    page.locator("[name=org_class]").select_option("FACTORING")
    fill(page, {"licence_no": "豫保理〔2026〕1 号", "supervisor": "河南省委金融办"})
    tick(page, "business_regions", "ZHENGDONG")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(dialog).to_contain_text("商业保理公司（债权金融机构）")
    fund.step("3.2-08", "选错机构类别时，同样通过“修改资料”更正，由平台审核")
    dialog.get_by_role("button", name="确认提交").click()
    fund.sees("资料修改已提交")
    expect(page.get_by_role("link", name="金融产品发布")).to_have_count(0)
    take_up(staff, "资料修改", "河南启衡投资有限公司")
    expect(staff.page.locator("#line-org_class")).to_contain_text("商业保理公司")
    decide(staff, "审核通过")
    fund.goto("/console")
    expect(page.get_by_role("link", name="金融产品发布")).to_be_visible()


def test_3_3_差异说明(new_walk, people: People) -> None:
    """Each kind sees its own functions besides every function of an enterprise; the rest never reaches it."""
    common = {"工作台", "企业认证", "我的融资申请", "适合我的产品", "报告管理", "业务统计"}
    common |= {"我的融资项目", "线下投资确认", "项目路演", "股权投资项目库", "政策申请", "政策兑现"}
    equity = {"收藏与推荐", "投资偏好", "投资记录"}
    debt = {"金融产品发布", "企业申请管理", "备案申请", "贷款台账"}
    kinds = (
        (OrgClass.GUARANTEE, common | debt, "债权金融机构：金融产品、企业申请管理等附加功能"),
        (OrgClass.SECURITIES, common | equity, "股权金融机构：股权融资项目、投资记录等附加功能"),
        (OrgClass.LAW, common, "中介服务机构：与企业一致的功能"),
        (OrgClass.ENTERPRISE, common, "企业用户的功能"),
    )
    for order, (org_class, menu, caption) in enumerate(kinds, 1):
        walk = people.verified(new_walk(), f"1380003004{order}", org_class)
        walk.goto("/console")
        links = walk.page.get_by_role("navigation", name="功能菜单").get_by_role("link")
        assert {text.strip() for text in links.all_inner_texts()} == menu
        walk.step(f"3.3-0{order}", caption)
        if org_class is not OrgClass.GUARANTEE:
            walk.goto("/console/products")
            walk.sees("无权访问“金融产品发布”")
        walk.goto("/staff/queue")
        walk.sees("无权访问“审核队列”")
