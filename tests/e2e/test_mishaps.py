"""What befalls people at work: a login that ends in the middle of a form, 返回 after submission, a refusal to read."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from playwright.sync_api import expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.people import arrive, database
from tests.e2e.samples import fill, tick

BANK, ENTERPRISE = "13900000011", "13900000021"


def loses_login(walk: Walk, folder: Path, phone: str) -> None:
    """End every login of the number, press 暂存 or 提交 in vain, and sign in again from there."""
    page, path = walk.page, walk.page.url.removeprefix(walk.site)
    # What is typed is kept a moment after the last key.
    page.wait_for_timeout(600)
    with closing(database(folder)) as base, base:
        base.execute(
            "UPDATE login_session SET revoked_at = created_at WHERE user_id = (SELECT id FROM user WHERE phone = ?)",
            (phone,),
        )
    page.get_by_role("button", name="提交", exact=True).click()
    walk.sees("登录已失效，请重新登录后继续")
    page.get_by_role("link", name="重新登录并回到本页").click()
    page.wait_for_url(re.compile(r"/login\?next="))
    walk.settle()
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码", exact=True).fill(demo.PASSWORD)
    page.get_by_role("button", name=re.compile("^登\\s*录$")).click()
    arrive(page, path)
    walk.settle()
    walk.sees("已恢复您上次填写但尚未提交的内容")


def test_a_login_that_ends_in_a_form_costs_nothing_typed(new_walk, site_folder: Path) -> None:
    """In the form of a product and of a report; the application's is below."""
    walk = new_walk()
    page = walk.page
    walk.login(BANK, demo.PASSWORD)
    for path, button, typed in (
        ("/console/products", "添加产品", {"name": "失而复得贷", "c_revenue_low": "123"}),
        ("/console/reports", "发布临时报告", {"name": "失而复得报告", "note": "随附行动方案"}),
    ):
        walk.goto(path)
        page.get_by_role("button", name=button).click()
        page.wait_for_url(re.compile(rf"{path}/(edit/)?\d+"))
        walk.settle()
        fill(page, typed)
        loses_login(walk, site_folder, BANK)
        for name, value in typed.items():
            expect(page.locator(f"[name={name}]")).to_have_value(value)
        walk.check()


def test_an_application_lost_sent_gone_back_to_and_refused(new_walk, site_folder: Path) -> None:
    """The login ends while it is written; after sending 返回 sends nothing twice; its refusal is read with the reason."""
    walk, bank = new_walk(), new_walk()
    page = walk.page
    walk.login(ENTERPRISE, demo.PASSWORD)
    with closing(database(site_folder)) as base:
        (product,) = base.execute(
            "SELECT p.id FROM product p WHERE p.is_listed AND p.org_id = (SELECT org_id FROM user WHERE phone"
            " = ?) AND p.id IN (SELECT product_id FROM application WHERE org_id = (SELECT org_id FROM user WHERE"
            " phone = ?) GROUP BY product_id HAVING sum(status IN ('DRAFT', 'PENDING', 'RETURNED')) = 0)"
            " ORDER BY p.id LIMIT 1",
            (BANK, ENTERPRISE),
        ).fetchone()
    # What became of the last one is read first; 再次申请 begins another.
    walk.goto(f"/console/apply/{product}")
    walk.sees("最近一次申请该产品的结果")
    page.get_by_role("button", name="再次申请").click()
    typed = {"amount": "50", "term": "12", "purpose": "采购原材料（返回再看）", "source": "销售回款"}
    fill(page, typed)
    loses_login(walk, site_folder, ENTERPRISE)
    for field, value in typed.items():
        expect(page.locator(f"[name={field}]")).to_have_value(value)
    page.locator("[name=guarantee]").select_option(index=1)
    tick(page, "authorised", "YES")
    page.get_by_role("button", name="提交", exact=True).click()
    walk.sees("申请已提交")
    page.get_by_role("link", name="查看申请进度").click()
    page.wait_for_url(re.compile(r"/console/applications/\d+"))
    application = int(page.url.rsplit("/", 1)[1])
    walk.sees("机构审核中")

    # Back at the form there is nothing to be sent again, and what was sent is not there twice.
    page.go_back()
    page.wait_for_url(f"**/console/apply/{product}")
    walk.check()
    expect(page.get_by_role("button", name="提交", exact=True)).to_have_count(0)
    with closing(database(site_folder)) as base:
        count = "SELECT count(*) FROM application a JOIN user u ON u.org_id = a.org_id WHERE u.phone = ?"
        alive = " AND a.product_id = ? AND a.status IN ('DRAFT', 'PENDING', 'RETURNED')"
        assert base.execute(count + alive, (ENTERPRISE, product)).fetchone() == (1,)

    bank.login(BANK, demo.PASSWORD)
    bank.goto(f"/console/requests/{application}")
    fill(bank.page, {"comment": "近一年营业收入未达到本产品要求，可先申请创业担保贷款。"})
    bank.page.get_by_role("button", name="审核不通过").click()
    bank.sees("已审核不通过")
    walk.goto("/console/notices")
    page.get_by_role("button", name="查看").first.click()
    page.wait_for_url(f"**/console/applications/{application}")
    walk.sees("近一年营业收入未达到本产品要求，可先申请创业担保贷款")
    walk.sees("审核不通过")
    walk.check()
