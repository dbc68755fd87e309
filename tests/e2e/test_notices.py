"""Notices in a browser: the list, what is unread, the count at the bell, and the record that each leads to."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.residents import People, people
from tests.e2e.test_live import number
from tests.e2e.test_staff import send_verification

assert people


def test_notices(new_walk, people: People) -> None:
    """What waits is counted at the staff's bell until it is read, and leads to the thing itself."""
    staff = people.staff(new_walk(), "13800031072", "辛审核")
    send_verification(new_walk, people, "13800031073", "郑州消息测试有限公司")
    page = staff.page
    staff.goto("/console/notices")
    assert number(page) > 0
    notice = page.locator(".todo li").filter(has_text="郑州消息测试有限公司")
    expect(notice).to_contain_text("未读")
    page.locator("[name=unread]").select_option("1")
    page.get_by_role("button", name="查询").click()
    staff.check()
    expect(notice).to_have_count(1)
    page.get_by_role("button", name="全部标为已读").click()
    staff.sees("没有消息")
    expect(page.locator(".topbar .bell .badge")).to_have_count(0)

    page.get_by_role("button", name="重置").click()
    expect(notice).to_contain_text("已读")
    notice.get_by_role("button", name="查看").click()
    page.wait_for_url("**/staff/review/**")
    staff.sees("郑州消息测试有限公司")
    staff.check()
