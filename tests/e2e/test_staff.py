"""The platform staff in a browser: queue, review desk, accounts, audit trail, statistics."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from cpegi_app.vocabulary import OrgClass
from tests.e2e.harness import Walk
from tests.e2e.residents import People, enterprise_form, people
from tests.e2e.samples import fill, pdf, upload
from tests.e2e.test_chapter_3_verification import decide, mark, send, take_up

assert people
# The name of what has the focus, if the review desk's foot covers it.
COVERED = """() => {
  const node = document.activeElement, box = node.getBoundingClientRect();
  const foot = document.querySelector(".desk-foot"), edge = foot.getBoundingClientRect().top;
  return foot.contains(node) || box.bottom <= edge ? "" : node.name || node.innerText || node.tagName;
}"""


def send_verification(new_walk, people: People, phone: str, name: str):
    """Return the walk of an enterprise whose verification waits."""
    firm = people.newcomer(new_walk(), phone)
    firm.goto("/console/verification")
    fill(firm.page, enterprise_form(name=name))
    for slot in ("LICENCE", "LEGAL_REP_ID"):
        upload(firm.page, slot, pdf(f"{slot}.pdf"))
    send(firm)
    return firm


def test_two_reviewers_at_once(new_walk, people: People) -> None:
    """Of two reviewers one wins; the other reads who decided what and when, and what comes next."""
    send_verification(new_walk, people, "13800031001", "郑州竞速科技有限公司")
    first = people.staff(new_walk(), "13800031002", "甲审核")
    second = people.staff(new_walk(), "13800031003", "乙审核")
    for staff in (first, second):
        take_up(staff, "真实性认证", "郑州竞速科技有限公司")
    mark(first, "office", "请写到门牌号")
    decide(first, "退回")
    second.page.locator("[name=comment]").fill("资料齐全。")
    second.page.get_by_role("button", name="审核通过").click()
    second.sees("甲审核于")
    second.sees("“退回”")
    expect(second.page.get_by_role("button", name="审核通过")).to_have_count(0)
    expect(second.page.get_by_text("请写到门牌号").first).to_be_visible()
    second.check()


def test_review_desk_by_keyboard(new_walk, people: People) -> None:
    """A mark, an opinion and the decision without a mouse; what was typed survives a reload."""
    send_verification(new_walk, people, "13800031011", "郑州键盘科技有限公司")
    staff = people.staff(new_walk(), "13800031012", "丙审核")
    take_up(staff, "真实性认证", "郑州键盘科技有限公司")
    page = staff.page
    box = page.locator("[name=m_legal_rep]")
    box.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator("[name=r_legal_rep]")).to_be_focused()
    page.keyboard.type("与营业执照不一致")
    # Enter in a reason decides nothing.
    page.keyboard.press("Enter")
    staff.settle()
    expect(page.get_by_role("button", name="退回", exact=True)).to_be_visible()
    # Whatever the keyboard reaches lies clear of the decision at the foot.
    page.locator("[name=m_name]").focus()
    for _ in range(25):
        page.keyboard.press("Tab")
        covered = page.evaluate(COVERED)
        assert not covered, f"under the foot: {covered}"
    page.get_by_role("link", name="跳到审核意见").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=comment]")).to_be_focused()
    page.get_by_role("button", name="执照不清晰").press("Enter")
    expect(page.locator("[name=comment]")).to_have_value("营业执照扫描件不清晰，请重新上传清晰的彩色扫描件。")
    page.wait_for_timeout(500)
    page.reload()
    staff.settle()
    expect(page.locator("[name=r_legal_rep]")).to_have_value("与营业执照不一致")
    expect(page.locator("[name=r_legal_rep]")).to_be_visible()
    # The second file in place, with the keyboard.
    page.get_by_role("button", name="法定代表人身份证明").press("Enter")
    expect(page.locator("iframe")).to_have_attribute("title", re.compile("^法定代表人身份证明"))
    page.get_by_role("button", name="退回", exact=True).press("Enter")
    page.get_by_text("办理完成").wait_for()
    expect(page.locator("#next")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/staff/(review|queue)"))
    staff.check()


def test_queue_by_kind(new_walk, people: People) -> None:
    """Everything that waits, oldest first, with a count by kind; the same at a phone's width."""
    staff = people.staff(new_walk(), "13800031021", "丁审核")
    staff.goto("/staff/queue")
    page = staff.page
    total = int(page.get_by_role("button", name=re.compile("^全部")).locator("small").inner_text())
    kinds = page.get_by_role("group", name="按类型筛选").get_by_role("button")
    counts = [int(text) for text in kinds.locator("small").all_inner_texts()]
    assert counts[0] == total == sum(counts[1:])
    page.get_by_role("button", name=re.compile("^放款")).click()
    expect(page.locator("tbody tr").first).to_contain_text("放款")
    expect(page.locator("tbody tr").filter(has_text="真实性认证")).to_have_count(0)
    staff.goto("/staff/queue?flow=product")
    expect(page.get_by_role("button", name=re.compile("^金融产品"))).to_have_attribute("aria-current", "true")
    waits = page.locator("tbody tr td:nth-child(5)").all_inner_texts()
    assert waits == sorted(waits)
    _comes_back_as_it_was_left(staff)
    phone = people.staff(new_walk((390, 844)), "13800031022", "戊审核")
    phone.goto("/staff/queue")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


def _comes_back_as_it_was_left(staff: Walk) -> None:
    """Open a row of the queue and come back by the browser and by the page's own link; the menu opens it afresh."""
    page = staff.page
    turned, word = page.locator(".pager-now"), page.locator("[name=word]")
    menu = page.locator(".side").get_by_role("link", name="审核队列")
    menu.click()
    page.get_by_label("每页").select_option("10")
    page.get_by_role("button", name="下一页").click()
    expect(turned).to_contain_text("第 2 /")
    page.locator("tbody a").first.click()
    page.wait_for_url(re.compile("/staff/(review|filings)/"))
    staff.check()
    page.go_back()
    expect(turned).to_contain_text("第 2 /")
    page.get_by_role("button", name=re.compile("^金融产品")).click()
    word.fill("银行")
    page.get_by_role("button", name="查询").click()
    page.wait_for_url("**f.word=%E9%93%B6%E8%A1%8C")
    page.locator("tbody a").first.click()
    page.wait_for_url(re.compile("/staff/(review|filings)/"))
    staff.settle()
    page.get_by_role("link", name="返回队列").click()
    page.wait_for_url("**f.word=%E9%93%B6%E8%A1%8C")
    staff.check()
    expect(page.get_by_role("button", name=re.compile("^金融产品"))).to_have_attribute("aria-current", "true")
    expect(word).to_have_value("银行")
    menu.click()
    page.wait_for_url(lambda url: "word" not in url)
    expect(word).to_have_value("")


def test_workbench_of_the_staff(new_walk, people: People) -> None:
    """Each figure leads to just what it counts; what does not fit on the 工作台 is a click away."""
    staff = people.staff(new_walk(), "13800031061", "壬审核")
    page = staff.page
    staff.goto("/console")
    tiles = page.locator(".stat").all_inner_texts()
    assert [t.split("\n")[0] for t in tiles][:6] == [
        "全部待办理",
        "真实性认证",
        "资料修改",
        "金融产品",
        "放款",
        "线下贷款备案",
    ]
    total = int(re.findall(r"\d+", tiles[0])[0])
    assert total > 8
    staff.sees(f"共 {total} 项，以下为前 8 项")
    page.locator(".stat").filter(has_text="放款").click()
    page.wait_for_url("**/staff/queue?flow=disbursement")
    expect(page.get_by_role("button", name=re.compile("^放款"))).to_have_attribute("aria-current", "true")
    staff.goto("/console")
    page.get_by_role("link", name="查看全部").click()
    page.wait_for_url("**/staff/queue")
    staff.goto("/console")
    page.locator(".stat").filter(has_text="停用账号").click()
    page.wait_for_url("**/staff/accounts?state=DISABLED")
    expect(page.locator("[name=state]")).to_have_value("DISABLED")
    states = page.locator("tbody .tag")
    expect(states.first).to_have_text("已停用")
    assert set(states.all_inner_texts()) == {"已停用"}
    page.get_by_role("button", name="重置").click()
    expect(page.locator("[name=state]")).to_have_value("")
    expect(states.filter(has_text="认证").first).to_be_visible()
    staff.check()
    regulator = people.regulator(new_walk(), "13800031062")
    regulator.goto("/console")
    expect(regulator.page.locator(".stat").filter(has_text="认证企业")).to_have_count(1)
    expect(regulator.page.get_by_text("待办事项")).to_have_count(0)


def test_wrong_role_and_foreign_records(new_walk, people: People) -> None:
    """Members and the regulator do not reach the desk; what is absent reads like what is foreign."""
    firm = people.verified(new_walk(), "13800031031", OrgClass.ENTERPRISE)
    for path in ("/staff/queue", "/staff/review/verification/1", "/staff/accounts", "/staff/audit"):
        firm.goto(path)
        firm.sees("无权访问")
        firm.sees("的权限，如有疑问请致电")
        # Said once, by the page.
        expect(firm.page.locator(".msg-slot")).to_be_empty()
    staff = people.staff(new_walk(), "13800031032", "己审核")
    for path in (
        "/staff/review/verification/999999",
        "/staff/review/application/1",
        "/staff/review/nonsense/1",
        "/staff/review/verification/abc",
    ):
        staff.goto(path)
        staff.sees("不存在或已被删除")
        expect(staff.page.get_by_role("button", name="审核通过")).to_have_count(0)
    staff.goto("/console/profile")
    staff.sees("无权访问“企业认证”")
    # The trail names what was refused as the pages do.
    staff.goto("/staff/audit")
    staff.page.locator("[name=action]").select_option("denied")
    staff.page.get_by_role("button", name="查询").click()
    expect(staff.page.get_by_role("row").filter(has_text="打开“审核队列”").first).to_be_visible()


def test_accounts(new_walk, people: People) -> None:
    """Look up by the whole number, reveal it, disable with a reason, enable again."""
    firm = people.verified(new_walk(), "13800031041", OrgClass.ENTERPRISE, name="郑州停用测试有限公司")
    staff = people.staff(new_walk(), "13800031042", "庚审核")
    page = staff.page
    firm.goto("/console")
    staff.goto("/staff/accounts")
    page.locator("[name=word]").fill("1041")
    page.get_by_role("button", name="查询").click()
    staff.sees("没有符合条件的记录")
    page.locator("[name=word]").fill("138 0003 1041")
    page.get_by_role("button", name="查询").click()
    row = page.get_by_role("row").filter(has_text="郑州停用测试有限公司")
    expect(row).to_contain_text("138****1041")
    row.get_by_role("button", name="查看号码").click()
    expect(row).to_contain_text("13800031041")
    row.get_by_role("button", name="停用").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="确认停用").click()
    staff.sees("请填写停用原因")
    dialog.locator("[name=reason]").fill("冒用他人证照，待核实。")
    staff.check()
    # A login that ends in between costs nothing typed.
    people.anew(staff, "13800031042")
    dialog.get_by_role("button", name="确认停用").click()
    staff.sees("登录已失效，请重新登录后继续")
    staff.goto("/staff/accounts")
    page.locator("[name=word]").fill("13800031041")
    page.get_by_role("button", name="查询").click()
    row.get_by_role("button", name="停用").click()
    staff.sees("已恢复您上次填写但尚未提交的内容")
    expect(dialog.locator("[name=reason]")).to_have_value("冒用他人证照，待核实。")
    dialog.get_by_role("button", name="确认停用").click()
    staff.sees("已停用“郑州停用测试有限公司”的账号")
    expect(row).to_contain_text("已停用")
    staff.check()
    firm.page.goto("/console")
    firm.page.wait_for_url("**/login**")
    row.get_by_role("button", name="启用").click()
    staff.sees("已启用该账号")
    # Nobody locks out themselves.
    page.get_by_role("button", name="重置").click()
    page.locator("[name=word]").fill("13800031042")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row").filter(has_text="庚审核")).to_contain_text("本人账号")

    staff.goto("/staff/audit")
    page.locator("[name=action]").select_option("account.disable")
    page.locator("[name=word]").fill("冒用他人证照")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row").filter(has_text="冒用他人证照")).to_contain_text("庚审核")
    page.locator("[name=action]").select_option("account.reveal")
    page.locator("[name=word]").fill("庚审核")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row").filter(has_text="查看完整手机号")).to_have_count(1)
    fill(page, {"since": "2026-02-01", "until": "2026-01-01"})
    page.get_by_role("button", name="查询").click()
    staff.sees("开始日期不能晚于结束日期")
    staff.check()


def test_statistics(new_walk, people: People) -> None:
    """The regulator reads the figures and nothing else; they fit a phone."""
    regulator = people.regulator(new_walk(), "13800031051")
    regulator.goto("/staff/statistics")
    regulator.sees("各类机构")
    regulator.sees("小额贷款公司")
    regulator.goto("/staff/queue")
    regulator.sees("无权访问“审核队列”")
    phone = people.staff(new_walk((390, 844)), "13800031052", "辛审核")
    for path in ("/staff/statistics", "/staff/accounts", "/staff/audit"):
        phone.goto(path)
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390, path
