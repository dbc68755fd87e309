"""Manual §8.1 in a browser: from 用这些记录申请 through 转交, 补正, 批量通过 and 异议 to 停止受理; a material's files on the way."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from cpegi_app import clock
from tests.e2e.harness import Walk
from tests.e2e.samples import fill, pdf, upload
from tests.e2e.test_chapter_8_redemption import (
    BUSINESS,
    FIRM,
    FORMAL,
    line,
    press,
    sign_in,
)

MODEL, NAME = "科技型中小企业贷款贴息", "设备更新贷款贴息"
ANSWER = "数量以验收单为准，合同所列为首批。"
COLLEAGUE, ORG = "苏若宁", "郑州砺岩精密机械有限公司"


def day(days: int) -> str:
    """Return a date so many days from today."""
    return (clock.today() + timedelta(days=days)).isoformat()


def test_8_1_from_my_records_to_the_end(new_walk) -> None:
    """Every button between a policy's files and its end is pressed by whom it is for."""
    formal, firm, business = new_walk(), new_walk(), new_walk()
    sign_in(formal, FORMAL)
    policy_id = _write(formal)
    _apply(sign_in(firm, FIRM))
    _hand_over(formal)
    _send_back(sign_in(business, BUSINESS))
    _correct(firm)
    _approve_first(business)
    _approve_together(business, "业务审核")
    _object(business)
    _stop(formal, policy_id)
    firm.goto("/console/policies/start")
    firm.sees("停止受理：年度资金已安排完毕")


def _write(staff: Walk) -> str:
    """A copy of another policy: a template and an example for its second material; everybody may act."""
    page = staff.page
    staff.goto("/staff/policies")
    press(staff, "复制", line(staff, MODEL))
    page.wait_for_url(re.compile(r"/staff/policies/\d+$"))
    staff.settle()
    box = page.locator("fieldset").filter(has=page.locator("[name=m_m2_name]"))
    for what in ("模板", "示例"):
        box.get_by_label(f"选择材料 2 的{what}").set_input_files([pdf(f"合同{what}.pdf")])
        expect(box.get_by_role("link", name=f"合同{what}.pdf")).to_be_visible()
    staff.step("8.1-14", "为申请材料上传空白模板和填写示例，供申请单位下载", mark=box)
    fill(page, {"name": NAME, "opens_on": day(-1), "closes_on": day(20)})
    fill(page, {"record_from": day(-300), "interest_from": day(-300), "interest_to": day(60)})
    for stage in ("FORMAL", "BUSINESS"):
        for person in page.locator(f"[name=people_{stage}]:checked").all():
            person.uncheck()
    press(staff, "发布")
    staff.sees("已发布，申报时间内申请单位即可申请")
    return page.url.rsplit("/", 1)[-1]


def _apply(firm: Walk) -> None:
    page = firm.page
    firm.goto("/console/policies")
    mine = page.get_by_role("listitem").filter(has_text=NAME)
    firm.step("8.1-15", "“为我测算”列出符合条件的记录，点击“用这些记录申请”", mark=mine)
    press(firm, "用这些记录申请", mine)
    page.wait_for_url(re.compile(r"/console/policies/\d+"))
    firm.settle()
    _look_for(page, firm)
    with page.expect_download() as started:
        page.get_by_role("link", name="下载示例：合同示例.pdf").click()
    assert started.value.path().read_bytes().startswith(b"%PDF")
    fill(page, {"a_q4": "购置数控机床", "a_q5": "8"})
    for slot in ("m1", "m2"):
        upload(page, slot, pdf(f"{slot}.pdf"))
    page.locator("#f-promise").check()
    firm.settle()
    press(firm, "提交")
    firm.sees("已受理，编号")


def _look_for(page: Page, firm: Walk) -> None:
    """The list of records: what is chosen, a word to look for, everything again."""
    card = page.locator("#f-records")
    card.get_by_role("button", name=re.compile("^已选取")).click()
    firm.settle()
    expect(page.get_by_text("已选取", exact=True).first).to_be_visible()
    page.get_by_label("查找记录").fill("没有这样的借据")
    press(firm, "全部", card)
    firm.sees("没有找到这样的记录")
    page.get_by_label("查找记录").fill("")
    expect(page.get_by_role("button", name=re.compile("^移除")).first).to_be_visible()
    firm.step("8.1-16", "选取记录：可按“可选取”“已选取”查看，或输入文字查找；不能选取的说明原因", mark=card)


def _open(staff: Walk, stage: str = "") -> None:
    """Open the application from the queue of a stage."""
    staff.goto("/staff/policy-queue")
    if stage:
        staff.page.get_by_role("button", name=re.compile(stage)).click()
        staff.settle()
    _row(staff).get_by_role("link").first.click()
    staff.page.wait_for_url(re.compile(r"/staff/policy-review/\d+"))
    staff.settle()


def _row(staff: Walk):
    return staff.page.get_by_role("row").filter(has_text=NAME).filter(has_text=ORG).first


def _hand_over(staff: Walk) -> None:
    page = staff.page
    _open(staff)
    press(staff, "领取")
    press(staff, "退回待领")
    staff.sees("尚未领取")
    press(staff, "领取")
    press(staff, "转交")
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=to]").select_option(label=COLLEAGUE)
    dialog.locator("[name=reason]").fill("本周外出，请代为办理")
    staff.step("8.1-17", "平台管理人员：领取申请；不能办理时退回待领，或转交同一环节的人员并说明原因")
    press(staff, "确认转交", dialog)
    staff.sees(f"由{COLLEAGUE}办理")


def _send_back(staff: Walk) -> None:
    page = staff.page
    _open(staff)
    staff.sees("本周外出，请代为办理")
    number = page.locator("#line-phone")
    expect(number).to_contain_text("****")
    press(staff, "查看号码：联系电话", number)
    expect(number).not_to_contain_text("****")
    page.locator("[name=m_a_q4]").check()
    page.locator("[name=r_a_q4]").fill("请写明设备名称和数量")
    press(staff, "退回补正")
    staff.sees("办理完成")


def _correct(firm: Walk) -> None:
    page = firm.page
    firm.goto("/console/policies")
    line(firm, NAME).get_by_role("link", name="补正后提交").click()
    page.wait_for_url(re.compile(r"/console/policies/\d+"))
    firm.settle()
    firm.sees("请写明设备名称和数量")
    # Nothing but what was marked can be changed.
    expect(page.locator("[name=a_q5]")).not_to_be_editable()
    firm.step("8.1-18", "补正：审核人标记的内容一次列出，只能修改这些内容；修改后重新提交")
    press(firm, "放弃申请")
    firm.sees("占用的记录和额度随即释放")
    firm.check()
    press(firm, "不放弃", page.get_by_role("dialog"))
    # Pasted whole, Enter presses no button; what is too long is told on sending.
    fill(page, {"a_q4": "长" * 501})
    page.locator("[name=a_q4]").press("Enter")
    press(firm, "提交")
    firm.sees("最多 500 字，现有 501 字")
    fill(page, {"a_q4": "购置五轴数控机床 2 台", "answer": ANSWER})
    press(firm, "提交")
    firm.sees("已受理，编号")


def _approve_first(staff: Walk) -> None:
    """形式审查, which may go on with 业务审核 at once: the second opinion begins blank, not with the first one's words."""
    page = staff.page
    _open(staff)
    staff.sees(f"申请单位对补正意见的说明：{ANSWER}")
    fill(page, {"comment": "材料齐全，形式符合", "reviewed_reason": "按合同核减"})
    asked = page.locator("[name=reviewed]").input_value()
    fill(page, {"reviewed": f"{float(asked) - 100:.2f}"})
    press(staff, "审核通过")
    staff.sees("现进入“业务审核”")
    for place, text in (("comment", ""), ("reviewed_reason", ""), ("reviewed", f"{float(asked) - 100:.2f}")):
        expect(page.locator(f"[name={place}]")).to_have_value(text)
    page.reload()
    staff.settle()
    expect(page.locator("[name=comment]")).to_have_value("")


def _approve_together(staff: Walk, stage: str) -> None:
    page = staff.page
    staff.goto("/staff/policy-queue")
    page.get_by_role("button", name=re.compile(stage)).click()
    staff.settle()
    expect(_row(staff)).to_be_visible()
    _row(staff).get_by_role("checkbox").click()
    staff.settle()
    press(staff, "批量通过")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(ORG)
    if stage == "业务审核":
        staff.step("8.1-19", "批量通过：先列出每件将如何处理，按单件审核的规则核验，再确认")
    press(staff, "确认通过", dialog)
    staff.sees("已通过 1 件")
    press(staff, "关闭", dialog)


def _object(staff: Walk) -> None:
    page = staff.page
    staff.goto("/staff/publicities")
    press(staff, "核对并公示", page.locator("li.checkline").filter(has_text=NAME))
    press(staff, "确认发布")
    page.wait_for_url(re.compile(r"/staff/publicities/\d+"))
    staff.settle()
    press(staff, "登记异议", line(staff, ORG))
    dialog = page.get_by_role("dialog")
    fill(page, {"from_name": "周先生", "contact": "13800001111", "received_on": clock.today().isoformat()})
    dialog.locator("textarea").first.fill("反映该设备尚未到货")
    press(staff, "登记", dialog)
    staff.sees("反映该设备尚未到货")
    press(staff, "处理")
    dialog.locator("[name=conclusion]").fill("已核对到货单和安装记录，情况不属实。")
    staff.step("8.1-20", "公示期内登记异议，核实后认定是否成立并写明结论")
    press(staff, "异议不成立", dialog)
    staff.sees("情况不属实")


def _stop(staff: Walk, policy_id: str) -> None:
    page = staff.page
    staff.goto("/staff/policies")
    press(staff, "停止受理", line(staff, NAME))
    page.get_by_role("dialog").locator("[name=reason]").fill("年度资金已安排完毕")
    press(staff, "确认停止", page.get_by_role("dialog"))
    staff.sees("已停止受理")
    staff.goto(f"/policies/{policy_id}")
    staff.sees("停止受理：年度资金已安排完毕")
