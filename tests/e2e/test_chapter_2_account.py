"""Manual chapter 2 in a browser: registration, sign-in, password, number, signing out."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.harness import Walk
from tests.e2e.people import (
    PASSWORD,
    WRONG,
    another,
    arrive,
    enterprise,
    get_code,
    new_password,
    press,
    register,
    time_passes,
    try_login,
)


def test_2_1_registration(walk: Walk, site_folder: Path) -> None:
    """From 注册 to the login page with the number filled in; every mistake is told at its field."""
    page, phone = walk.page, "13800010101"
    walk.goto("/")
    walk.step("2.1-01", "打开平台网址，在页面最上方有注册以及登录入口", mark=page.locator(".site-acts"))
    page.get_by_role("banner").get_by_role("link", name="用户登录").click()
    arrive(page, "/login")
    walk.step(
        "2.1-02",
        "点击“用户登录”打开登录页，点击“还没有账号，立即注册”",
        mark=page.get_by_role("link", name="立即注册"),
    )
    page.get_by_role("link", name="立即注册").click()
    arrive(page, "/register")
    walk.step("2.1-03", "注册前，请详细阅读注册框左侧的注册须知", mark=page.locator(".auth-note"))

    page.get_by_label("手机号").fill(phone)
    code = get_code(page)
    expect(page.get_by_role("button", name="获取短信验证码")).to_be_disabled()
    new_password(page, PASSWORD)
    page.get_by_role("checkbox").check()
    walk.step("2.1-04", "填写手机号、短信验证码和登录密码，勾选同意后点击“注册”")
    page.locator("#f-code").fill(another(code))
    press(page, "注册")
    walk.sees("还可尝试 4 次")
    page.locator("#f-code").fill(code)
    press(page, "注册")
    arrive(page, "/login")
    walk.sees("注册成功")
    expect(page.get_by_label("手机号")).to_have_value(phone)
    walk.step("2.1-05", "完成注册后自动跳转至登录页")

    # 后退 finds an empty form: nothing can be sent twice.
    page.go_back()
    arrive(page, "/register")
    walk.settle()
    expect(page.get_by_label("手机号")).to_have_value("")
    time_passes(site_folder, 61)
    page.get_by_label("手机号").fill(phone)
    get_code(page)
    new_password(page, PASSWORD)
    page.get_by_role("checkbox").check()
    press(page, "注册")
    walk.sees("该手机号已注册，请直接登录")


def test_2_1_the_notice_stands_left_of_the_form_and_on_a_phone_above_it_folded(new_walk) -> None:
    for size, is_left in (((1440, 900), True), ((1024, 800), True), ((390, 844), False)):
        walk = new_walk(size)
        walk.goto("/register")
        notice, folded = walk.page.locator(".auth-note"), walk.page.locator(".auth-fold")
        phone = walk.page.get_by_label("手机号").bounding_box()
        if is_left:
            box = notice.bounding_box()
            assert folded.is_hidden() and box and phone and box["x"] + box["width"] <= phone["x"]
            continue
        fold, line = folded.locator("summary"), folded.get_by_text("每个手机号只能注册一个账号")
        box = fold.bounding_box()
        assert notice.is_hidden() and box and phone and box["y"] + box["height"] <= phone["y"]
        expect(line).to_be_hidden()
        fold.focus()
        walk.page.keyboard.press("Enter")
        expect(line).to_be_visible()
        walk.check()


def test_2_2_login(new_walk, site_folder: Path) -> None:
    """The first sign-in asks for the identity, an institution chooses its class and confirms it."""
    walk = new_walk()
    page, phone = walk.page, "13800010201"
    register(walk, phone)
    walk.goto("/login")
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_label("金融机构/中介机构", exact=True).check()
    walk.step("2.2-01", "输入手机号和登录密码，选择“金融机构/中介机构”，点击“登录”")
    press(page, "登录")
    arrive(page, "/console/identity")
    cookie = next(c for c in page.context.cookies() if c.get("name") == "cpegi_sid")
    assert cookie.get("httpOnly") and cookie.get("sameSite") == "Lax"
    assert page.evaluate("document.cookie").find("cpegi_sid") < 0
    walk.sees("可能导致政策申请及政策兑现无法进行")
    press(page, "下一步：确认类型")
    walk.sees("请选择一种机构类型")
    page.get_by_role("radio", name=re.compile("^评估公司")).check()
    walk.step("2.2-02", "根据机构的实际类别选择金融机构/中介机构类型，请慎重选择", full=True)
    press(page, "下一步：确认类型")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("评估公司")
    press(page, "返回重选")
    expect(dialog).to_have_count(0)
    page.get_by_role("radio", name=re.compile("^商业银行")).check()
    press(page, "下一步：确认类型")
    expect(dialog).to_contain_text("商业银行")
    expect(dialog).to_contain_text("债权金融机构")
    walk.step("2.2-03", "再次核对所选类型，点击“确认无误”后生效")
    press(page, "确认无误")
    arrive(page, "/console")
    walk.sees("账号类型已设为“商业银行”")
    expect(page.get_by_role("dialog")).to_contain_text("认证")
    walk.check()

    # It may be changed until the verification is sent; afterwards nobody is asked at sign-in.
    page.wait_for_timeout(5000)
    walk.goto("/console/identity")
    # What was told on an earlier page is gone.
    expect(page.get_by_text("账号类型已设为")).to_have_count(0)
    expect(page.get_by_role("radio", name=re.compile("^商业银行"))).to_be_checked()
    again = new_walk()
    again.login(phone, PASSWORD)
    assert again.page.url.endswith("/console")


def test_2_3_forgotten_password(new_walk, site_folder: Path) -> None:
    """A code and a new password, valid at once; what was signed in before is signed out."""
    walk, other = new_walk(), new_walk()
    page, phone, fresh = walk.page, "13800010301", "Songshan-8826-ta"
    enterprise(other, phone)
    walk.goto("/login")
    page.get_by_label("手机号").fill(phone)
    walk.step(
        "2.3-01", "点击登录页面中“登录”按钮右下角的“忘记密码”", mark=page.get_by_role("link", name="忘记密码")
    )
    page.get_by_role("link", name="忘记密码").click()
    arrive(page, "/forgot")
    walk.settle()
    page.get_by_label("手机号").fill(phone)
    time_passes(site_folder, 61)
    code = get_code(page)
    new_password(page, fresh)
    walk.step("2.3-02", "输入手机号码、验证码，并设定新的密码后，点击“提交”")
    page.locator("#f-code").fill(another(code))
    press(page, "提交")
    walk.sees("验证码不正确或已失效")
    page.locator("#f-code").fill(code)
    press(page, "提交")
    arrive(page, "/login")
    walk.sees("新密码已生效")
    walk.step("2.3-03", "新密码即可生效，请使用新密码登录")
    assert WRONG in try_login(walk, phone, PASSWORD)
    walk.login(phone, fresh)
    other.page.goto("/console")
    arrive(other.page, "/login")


def test_2_4_new_password(new_walk, site_folder: Path) -> None:
    """修改密码 from the menu under the user's name; this browser stays signed in, the other does not."""
    walk, other = new_walk(), new_walk()
    page, phone, fresh = walk.page, "13800010401", "Songshan-8826-ta"
    enterprise(walk, phone)
    other.login(phone, PASSWORD)
    page.get_by_label("用户菜单").click()
    walk.step(
        "2.4-01", "点击右上角的用户名称，选中“修改密码”", mark=page.get_by_role("link", name="修改密码")
    )
    page.get_by_role("link", name="修改密码").click()
    arrive(page, "/console/password")
    walk.settle()
    time_passes(site_folder, 61)
    get_code(page)
    new_password(page, fresh)
    walk.step("2.4-02", "输入手机验证码并设置新的密码，点击“提交”")
    new_password(page, f"x{phone}")
    press(page, "提交")
    walk.sees("密码不能包含手机号码")
    new_password(page, fresh)
    press(page, "提交")
    walk.sees("密码已修改")
    walk.step("2.4-03", "提交后生效，其他浏览器上的登录自动退出")
    page.get_by_role("main").get_by_role("link", name="返回工作台").click()
    arrive(page, "/console")
    walk.check()
    other.page.reload()
    arrive(other.page, "/login")
    other.settle()
    assert WRONG in try_login(other, phone, PASSWORD)
    other.login(phone, fresh)


def test_2_5_new_number(new_walk, site_folder: Path) -> None:
    """更换手机号 needs both codes; afterwards the other browser is signed out."""
    walk, other = new_walk(), new_walk()
    page, phone, fresh = walk.page, "13800010501", "13800010502"
    enterprise(walk, phone)
    page.get_by_label("用户菜单").click()
    walk.step(
        "2.5-01", "点击右上角的用户名称，选中“更换手机号”", mark=page.get_by_role("link", name="更换手机号")
    )
    page.get_by_role("link", name="更换手机号").click()
    arrive(page, "/console/phone")
    walk.settle()
    time_passes(site_folder, 61)
    old_code = get_code(page, "old_code")
    page.locator("#f-new_phone").fill(phone)
    page.get_by_role("button", name="获取新手机号验证码").click()
    walk.sees("新手机号与当前手机号相同")
    page.locator("#f-new_phone").fill(fresh)
    new_code = get_code(page, "new_code")
    walk.step("2.5-02", "输入旧手机号的验证码、新的手机号及新手机号收到的验证码，点击“提交”")
    page.locator("#f-new_code").fill(another(new_code))
    press(page, "提交")
    walk.sees("新手机号的验证码不正确")
    # One typing error does not cost the other code.
    expect(page.locator("#f-old_code")).to_have_value(old_code)
    page.locator("#f-new_code").fill(new_code)
    other.login(phone, PASSWORD)
    press(page, "提交")
    walk.sees("手机号已更换")
    walk.step("2.5-03", "提交后生效，请使用新手机号登录")
    other.page.reload()
    arrive(other.page, "/login")
    other.settle()
    assert WRONG in try_login(other, phone, PASSWORD)
    other.login(fresh, PASSWORD)


def test_2_6_logout(walk: Walk) -> None:
    """退出登录 ends the login in the table: 后退 and the old cookie open nothing."""
    page, phone = walk.page, "13800010601"
    enterprise(walk, phone)
    kept = next(c for c in page.context.cookies() if c.get("name") == "cpegi_sid")
    page.get_by_label("用户菜单").click()
    walk.step(
        "2.6-01", "点击右上角的用户名称，选中“退出登录”", mark=page.get_by_role("button", name="退出登录")
    )
    press(page, "退出登录")
    page.wait_for_url("**/login?bye=1")
    walk.sees("您已安全退出登录")
    walk.step("2.6-02", "退出后回到登录页")
    page.go_back()
    arrive(page, "/login")
    page.context.add_cookies([{"name": "cpegi_sid", "value": kept.get("value", ""), "url": walk.site}])
    page.goto("/console/password")
    page.wait_for_url(re.compile(r"/login\?next="))
