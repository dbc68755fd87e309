"""Manual chapter 1 in a browser: the public site and the published products."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from cpegi_app import demo
from tests.e2e.harness import Walk
from tests.e2e.people import database

ENTERPRISE = "13900000021"
ATTACK = "<script>window.hurt=1</script><img src=x onerror=window.hurt=1>"


def test_1_1_platform(walk: Walk) -> None:
    """The home page says what the platform is and for whom, and how to open it in the right browser mode."""
    page = walk.page
    walk.goto("/")
    expect(page.get_by_role("link", name="注册", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="用户登录").first).to_be_visible()
    for who in ("企业", "债权金融机构", "股权金融机构", "中介服务机构"):
        expect(page.get_by_role("heading", name=who, exact=True)).to_be_visible()
    newest = page.locator("section").filter(has=page.get_by_role("heading", name="最新金融产品"))
    expect(newest.locator(".product")).to_have_count(6)
    walk.step("1.1-01", "打开平台首页，了解平台服务和最新金融产品", full=True)
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="平台介绍").click()
    page.wait_for_url("**/about")
    walk.sees("打开浏览器，在网址输入栏的最右侧")
    walk.step(
        "1.1-02",
        "在网址输入栏最右侧切换浏览器模式，选中“极速模式”",
        mark=page.locator(".card").filter(has_text="浏览器使用提示"),
    )
    page.get_by_role("link", name="查看图文说明").click()
    page.wait_for_url("**/old-browser.html")
    walk.sees("极速模式")


def test_1_1_narrow(new_walk) -> None:
    """On a phone and on a small screen nothing runs out of the page."""
    phone, small = ("/", "/about", "/products", "/products/1", "/register", "/login"), ("/", "/products/1")
    for width, paths in ((390, phone), (1024, small)):
        walk = new_walk((width, 800))
        for path in paths:
            walk.goto(path)
            wide = walk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} is {wide} px too wide at {width}"


def test_1_1_products(walk: Walk) -> None:
    """Products are filtered and sorted, the address keeps the filters, and 立即申请 leads through the login and back."""
    page = walk.page
    cards = page.locator(".product")
    walk.goto("/products")
    everything = cards.count()
    walk.step("1.1-03", "点击“金融产品”，按金额、期限、利率、担保方式和机构类型筛选产品", full=True)

    page.get_by_role("group", name="融资金额").get_by_role("link", name="1,000 万元").click()
    page.wait_for_url("**/products?amount=1000")
    walk.settle()
    assert 0 < cards.count() < everything
    page.get_by_role("group", name="机构类型").get_by_role("link", name="商业银行").click()
    page.wait_for_url("**amount=1000&org_class=BANK")
    walk.settle()
    page.get_by_role("group", name="排序").get_by_role("link", name="综合年化成本").click()
    page.wait_for_url("**sort=cost")
    walk.check()
    costs = [float(t.split("%")[0]) for t in page.locator(".product-cost b").all_inner_texts()]
    assert costs == sorted(costs) and costs
    for chip in page.locator(".product .chip").all_inner_texts():
        assert chip == "商业银行"

    # A link to the filtered list is the filtered list, and 后退 finds the filters again.
    page.reload()
    walk.settle()
    expect(page.get_by_role("group", name="融资金额").locator("[aria-current=true]")).to_have_text(
        "1,000 万元"
    )
    page.locator("[name=word]").fill("没有这样的产品")
    page.get_by_role("button", name="搜索").click()
    walk.sees("没有符合条件的产品")
    walk.check()
    page.go_back()
    walk.settle()
    assert cards.count() == len(costs)
    page.get_by_role("link", name="清除筛选").click()
    expect(cards).to_have_count(everything)

    cards.first.get_by_role("link", name="查看详情").click()
    page.wait_for_url("**/products/*")
    walk.sees("授信条件")
    walk.step("1.1-04", "点击“查看详情”，查看产品的额度、期限、利率、授信条件和申请流程", full=True)
    page.get_by_role("link", name="立即申请").click()
    page.wait_for_url(re.compile(r"/login\?next="))
    walk.sees("登录后将回到您刚才要打开的页面")
    page.get_by_label("手机号").fill(ENTERPRISE)
    page.get_by_label("密码", exact=True).fill(demo.PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/console/apply/*")
    walk.goto("/products")
    expect(page.get_by_role("link", name="进入管理中心")).to_be_visible()


def test_1_1_nowhere(walk: Walk) -> None:
    """An address that no page has is told in Chinese, with the ways on, inside the console too."""
    page = walk.page
    for path in ("/nowhere", "/console/nowhere", "/staff/queue/1/2", "/products/1/edit"):
        page.goto(path)
        walk.settle()
        walk.forgive("404 \\(Not Found\\)")
        walk.check()
        expect(page.get_by_role("heading", level=1)).to_have_text("页面不存在")
        expect(page).to_have_title(re.compile("^页面不存在 · "))
    page.get_by_role("link", name="返回首页").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/")


def test_1_1_nonsense(walk: Walk, site_folder: Path) -> None:
    """Addresses of nonsense, absent products and hostile text: a readable page, nothing runs."""
    page = walk.page
    page.on("dialog", lambda dialog: walk.troubles.append("a dialog opened"))
    for path in ("/products?amount=abc&term=-1&rate=9e9&sort=x&page=99999&org_class=X", "/products?page=0"):
        walk.goto(path)
        assert page.locator(".product").count() > 0
    for path in ("/products/999999", "/products/abc", "/products/0", "/products/99999999999999999999"):
        walk.goto(path)
        walk.sees("没有找到该产品")
    walk.goto(f"/products?word={ATTACK}")
    walk.sees("没有符合条件的产品")
    expect(page.locator("[name=word]")).to_have_value(ATTACK[:40])

    with closing(database(site_folder)) as base, base:
        name = base.execute("SELECT name FROM product WHERE id = 1").fetchone()[0]
        base.execute("UPDATE product SET name = ? WHERE id = 1", (ATTACK,))
    try:
        walk.goto("/products/1")
        expect(page.get_by_role("heading", level=1)).to_have_text(ATTACK)
        walk.goto("/products")
        walk.sees(ATTACK)
        assert page.evaluate("window.hurt") is None
    finally:
        with closing(database(site_folder)) as base, base:
            base.execute("UPDATE product SET name = ? WHERE id = 1", (name,))
