"""What is taken back and sent again while its reviewer writes about it, in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.samples import fill, tick
from tests.e2e.test_chapter_4_credit import BANK, ENTERPRISE, STAFF, apply_for, publish, sign_in

PRODUCT = "嵩岳再申请贷"


def test_what_was_written_about_an_application_is_not_in_the_form_of_the_next(new_walk) -> None:
    """Take an application back and send it again: what the bank's desk held of the first is not in the new form."""
    bank, staff, enterprise = (sign_in(new_walk(), who) for who in (BANK, STAFF, ENTERPRISE))
    publish(bank, staff, PRODUCT)
    apply_for(enterprise, PRODUCT, "200")
    tick(enterprise.page, "authorised", "YES")
    page = enterprise.page
    page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("申请已提交")
    page.get_by_role("link", name="查看申请进度").click()
    enterprise.sees("机构审核中")
    bank.goto("/console/requests")
    bank.page.get_by_role("row").filter(has_text=PRODUCT).get_by_role("link", name="办理").click()
    bank.page.wait_for_url("**/console/requests/*")
    bank.sees("授信条件比对")
    bank.settle()
    fill(bank.page, {"approved_amount": "150", "comment": "流水偏少，先批一部分。"})
    # Long enough for the browser to keep it.
    bank.page.wait_for_timeout(500)
    before = bank.page.url
    page.get_by_role("button", name="撤回", exact=True).click()
    enterprise.sees("已撤回")
    bank.sees("不再等待办理")
    expect(bank.page.locator(".page-head")).to_contain_text("已撤回")
    expect(bank.page.locator(".page-head")).not_to_contain_text("待审核")
    page.get_by_role("link", name="修改后重新提交").click()
    page.wait_for_url("**/console/apply/*")
    enterprise.settle()
    page.get_by_role("button", name="提交", exact=True).click()
    enterprise.sees("申请已提交")
    bank.sees("授信条件比对")
    assert bank.page.url == before
    bank.settle()
    for name, value in {"approved_amount": "200", "comment": ""}.items():
        expect(bank.page.locator(f"[name={name}]")).to_have_value(value)
