"""Manual chapter 8 in a browser: a policy is written and published, found, applied for and withdrawn."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from cpegi_app import clock, demo
from tests.e2e.harness import Walk
from tests.e2e.people import arrive, database, press
from tests.e2e.samples import fill, pdf, tick

STAFF, ENTERPRISE = "13900000001", "13900000021"
NAME = "制造业企业贷款贴息"


def day(days: int) -> str:
    """Return a date so many days from today."""
    return (clock.today() + timedelta(days=days)).isoformat()


def policy_form() -> dict[str, str]:
    """Return what the staff types: interest on loans of the last three hundred days, half of it, from today."""
    return {
        "name": NAME,
        "category": "LOAN_INTEREST",
        "document_no": "郑金文〔2026〕31号",
        "summary": "对制造业企业的贷款，按实际占用天数给予一半贴息。",
        "department": "市金融工作办公室",
        "phone": "0371-60000000",
        "opens_on": day(-1),
        "closes_on": day(15),
        "source": "LOAN",
        "side": "EITHER",
        "record_from": day(-300),
        "rule": "INTEREST",
        "interest_from": day(-300),
        "interest_to": day(60),
        "share": "50",
        "record_cap": "20",
        "budget": "300",
    }


def test_8_1_policy_management(new_walk, site_folder: Path) -> None:
    """The staff writes a policy, previews and publishes it; everybody reads it; an enterprise applies."""
    staff = new_walk()
    staff.login(STAFF, demo.PASSWORD)
    staff.goto("/staff/policies")
    new = staff.page.get_by_role("button", name="新建政策")
    staff.step("8.1-01", "平台管理人员点击“政策管理”，再点击“新建政策”", mark=new)
    new.click()
    staff.page.wait_for_url(re.compile(r"/staff/policies/\d+$"))
    staff.settle()
    _write(staff)
    _publish(staff)

    public = new_walk()
    _read(public)

    firm = new_walk()
    firm.login(ENTERPRISE, demo.PASSWORD)
    _begin(firm)
    _check(firm)
    _send(firm, site_folder)


def _write(staff: Walk) -> None:
    page = staff.page
    # Published at once, everything that is missing is told, and what was typed stays.
    fill(page, {"name": NAME})
    press(page, "发布")
    staff.sees("请填写依据文号")
    expect(page.locator("[name=name]")).to_have_value(NAME)
    press(page, "添加材料")
    page.locator("[name='m_m1_name']").wait_for()
    fill(page, {"m_m1_name": "贴息申请表"})
    press(page, "添加问题")
    page.locator("[name='q_q2_title']").wait_for()
    fill(page, {"q_q2_title": "本年新增就业", "q_q2_kind": "NUMBER", "q_q2_unit": "人", "q_q2_low": "0"})
    fill(page, policy_form())
    tick(page, "kinds", "ENTERPRISE", "DEBT")
    staff.step("8.1-02", "填写政策内容、适用对象、材料、附加问题和奖补金额的计算方式", full=True)


def _publish(staff: Walk) -> None:
    page = staff.page
    press(page, "预览")
    page.wait_for_url(re.compile(r"/staff/policies/preview/\d+"))
    staff.sees("贴息申请表")
    staff.step("8.1-03", "点击“预览”，查看公众和申请单位将看到的内容", full=True)
    page.get_by_role("link", name="返回编辑").click()
    page.wait_for_url(re.compile(r"/staff/policies/\d+$"))
    staff.settle()
    press(page, "发布")
    staff.sees("已发布，申报时间内申请单位即可申请")


def _read(public: Walk) -> None:
    public.goto("/policies")
    expect(public.page.get_by_role("heading", level=1)).to_have_text("奖补政策")
    public.step("8.1-04", "在网站“奖补政策”栏目查看正在受理、即将开始和以往的政策")
    public.page.get_by_role("link", name=re.compile(NAME)).first.click()
    public.page.wait_for_url(re.compile(r"/policies/\d+"))
    public.sees("郑金文〔2026〕31号")
    public.step("8.1-05", "查看申报时间、适用对象、奖补标准，下载材料模板")


def _begin(firm: Walk) -> None:
    page = firm.page
    page.get_by_role("link", name="政策申请").click()
    arrive(page, "/console/policies")
    firm.sees("为我测算")
    firm.step(
        "8.1-06",
        "点击左侧菜单“政策申请”；系统按已备案的记录测算可以申请的政策",
        mark=page.get_by_role("link", name="发起政策申请").first,
    )
    page.get_by_role("link", name="发起政策申请").first.click()
    arrive(page, "/console/policies/start")
    # What cannot be applied for says why.
    firm.sees("不能申请")
    firm.step("8.1-07", "选择政策，点击“发起申请”；不能申请的政策会说明原因")
    press(page, f"发起申请：{NAME}")
    page.wait_for_url(re.compile(r"/console/policies/\d+"))
    firm.settle()


def _check(firm: Walk) -> None:
    """提交前检查 lists all that is missing, each a link to its place."""
    page = firm.page
    press(page, "提交前检查")
    box = page.locator("#precheck")
    expect(box.get_by_text(re.compile(r"还有 \d+ 处需要补充或更正"))).to_be_visible()
    for missing in ("贴息申请表", "本年新增就业", "承诺"):
        expect(box.get_by_role("link", name=re.compile(missing)).first).to_be_visible()
    firm.step("8.1-08", "点击“提交前检查”，一次列出全部缺少的内容，点击可跳到对应位置", mark=box)
    box.get_by_role("link", name=re.compile("本年新增就业")).first.click()
    expect(page.locator("#f-a_q2")).to_be_focused()


def _kept(folder: Path) -> dict[str, str]:
    """Return what the platform keeps of the application begun last."""
    with closing(database(folder)) as base:
        return json.loads(base.execute("SELECT data FROM policy_application ORDER BY id DESC").fetchone()[0])


def _send(firm: Walk, folder: Path) -> None:
    page = firm.page
    page.get_by_role("button", name=re.compile("^选取")).first.click()
    expect(page.get_by_text("已选取", exact=True).first).to_be_visible()
    fill(page, {"a_q2": "6"})
    # Leaving the field keeps it: whoever closes the page now finds it again, on any machine.
    page.keyboard.press("Tab")
    firm.settle()
    assert _kept(folder)["a_q2"] == "6"
    box = page.locator("#f-file_m1")
    box.locator("input[type=file]").set_input_files([pdf("贴息申请表.pdf")])
    box.locator(".file").first.wait_for()
    page.locator("#f-promise").check()
    firm.settle()
    # What was missing is taken back as it is put right.
    expect(page.locator("#precheck")).to_contain_text("提交前检查全部通过")
    firm.step("8.1-09", "选取备案记录，系统计算金额并列出算式；上传材料，勾选承诺", full=True)
    press(page, "提交前检查")
    firm.sees("提交前检查全部通过")
    press(page, "提交")
    firm.sees("已受理，编号")
    firm.step("8.1-10", "提交后即时受理，显示受理编号和预计办结日期")
    _withdraw(firm)


def _withdraw(firm: Walk) -> None:
    page: Page = firm.page
    page.get_by_role("link", name="返回政策申请").click()
    arrive(page, "/console/policies")
    row = page.get_by_role("row").filter(has_text=NAME)
    row.get_by_role("link", name="查看").click()
    page.wait_for_url(re.compile(r"/console/policies/\d+"))
    firm.step(
        "8.1-11", "查看办理进度；审核人员开始办理前可以撤回", mark=page.get_by_role("button", name="撤回")
    )
    press(page, "撤回")
    firm.sees("已撤回，可修改后在申报截止前重新提交")
    expect(page.locator("[name=a_q2]")).to_have_value("6")


def test_8_2_redemption(walk: Walk) -> None:
    """A verified organisation finds 政策兑现 in its menu."""
    walk.login(ENTERPRISE, demo.PASSWORD)
    walk.goto("/console/policy-claims")
    expect(walk.page.get_by_role("heading", level=1)).to_have_text("政策兑现")


def test_the_base_of_an_amount_is_chosen_among_the_questions_as_they_stand(new_walk) -> None:
    """基数取自问题: live as questions are typed, kept over a reload, told once its question is gone."""
    staff = new_walk()
    staff.login(STAFF, demo.PASSWORD)
    staff.goto("/staff/policies")
    page = staff.page
    page.get_by_role("button", name="新建政策").click()
    page.wait_for_url(re.compile(r"/staff/policies/\d+$"))
    staff.settle()
    press(page, "添加问题")
    page.locator("[name='q_q1_title']").wait_for()
    base, chosen = page.locator("[name=base_question]"), page.locator("[name=base_question] option:checked")
    offered = base.locator("option:not([hidden])")
    expect(offered).to_have_text(["请选择"])
    fill(page, {"name": NAME, "q_q1_title": "审计费", "q_q1_kind": "NUMBER", "q_q1_unit": "元"})
    expect(offered).to_have_text(["请选择", "审计费（元）"])
    fill(page, {"base_question": "q1", "q_q1_title": "审计费用"})
    expect(chosen).to_have_text("审计费用（元）")
    # What is typed is kept a moment after the last key.
    page.wait_for_timeout(600)
    page.reload()
    staff.settle()
    expect(chosen).to_have_text("审计费用（元）")
    expect(page.locator("[name=name]")).to_have_value(NAME)
    fill(page, {"q_q1_kind": "DATE"})
    expect(chosen).to_have_text("“审计费用”不是数字问题，请改选")
    fill(page, {"q_q1_kind": "NUMBER"})
    expect(chosen).to_have_text("审计费用（元）")
    page.get_by_role("button", name="删除这个问题").click()
    expect(chosen).to_have_text("“审计费用”已不在附加问题中，请改选")
    expect(page.locator("[name=name]")).to_have_value(NAME)
    fill(page, policy_form() | {"rule": "PERCENT", "percent": "50", "base": "ANSWER"})
    tick(page, "kinds", "ENTERPRISE", "DEBT")
    press(page, "发布")
    staff.sees("所选的“审计费用”已不在附加问题中，请改选其他数字问题，或重新添加")
    staff.check()
