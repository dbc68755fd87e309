"""Manual §8.1 with §6.5 in a browser: an institution is paid on its own investments, and moves to a newer version."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from cpegi_app import clock, demo
from tests.e2e.harness import Walk
from tests.e2e.people import arrive, press
from tests.e2e.samples import fill

STAFF, FUND = "13900000001", "13900000012"
MODEL, NAME = "投早投小投资奖励", "投早投小投资奖励（二期）"


def test_8_1_own_investments_and_a_newer_version(new_walk) -> None:
    """The staff copies a policy; a fund chooses its investment; the policy changes and the draft follows."""
    staff, fund = new_walk(), new_walk()
    staff.login(STAFF, demo.PASSWORD)
    staff.goto("/staff/policies")
    staff.page.get_by_role("row").filter(has_text=MODEL).get_by_role("button", name="复制").click()
    staff.page.wait_for_url(re.compile(r"/staff/policies/\d+$"))
    editor = staff.page.url
    staff.settle()
    # A copy has no dates of its own yet.
    fill(
        staff.page,
        {
            "name": NAME,
            "document_no": "郑金文〔2026〕39号",
            "opens_on": day(-1),
            "closes_on": day(30),
        },
    )
    press(staff.page, "发布")
    staff.sees("已发布，申报时间内申请单位即可申请")

    _choose(fund)
    staff.page.goto(editor)
    staff.settle()
    fill(staff.page, {"percent": "3"})
    press(staff.page, "发布")
    staff.sees("已发布第 2 版")
    _follow(fund)


def day(days: int) -> str:
    """Return a date so many days from today."""
    return (clock.today() + timedelta(days=days)).isoformat()


def _choose(fund: Walk) -> None:
    page = fund.page
    fund.login(FUND, demo.PASSWORD)
    page.get_by_role("link", name="政策申请").click()
    arrive(page, "/console/policies")
    page.get_by_role("link", name="发起政策申请").first.click()
    arrive(page, "/console/policies/start")
    fund.settle()
    press(page, f"发起申请：{NAME}")
    page.wait_for_url(re.compile(r"/console/policies/\d+"))
    fund.settle()
    page.get_by_role("button", name=re.compile("^选取")).first.click()
    expect(page.get_by_text("已选取", exact=True).first).to_be_visible()
    fund.settle()
    expect(page.get_by_text("× 2% =")).to_be_visible()
    fund.step("8.1-12", "股权金融机构可选取已备案的投资记录，系统按实际到账投资额计算奖励", full=True)


def _follow(fund: Walk) -> None:
    page = fund.page
    page.reload()
    fund.settle()
    fund.sees("政策已更新为第 2 版")
    newer = page.get_by_role("button", name="改用新版本")
    fund.step("8.1-13", "政策更新后，尚未提交的申请可点击“改用新版本”，已填写的内容保留", mark=newer)
    newer.click()
    # What becomes of the amount is read before anything changes.
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("第 2 版")
    dialog.get_by_role("button", name="确认改用").click()
    fund.sees("已改用新版本，已填写的内容已保留")
    expect(page.get_by_text("已选取", exact=True).first).to_be_visible()
    expect(page.get_by_text("× 3% =")).to_be_visible()
    expect(newer).to_have_count(0)
