"""Manual chapter 2 in a browser, when people err: mistakes, limits, locks, logins lost, addresses made up."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.harness import Walk
from tests.e2e.people import (
    PASSWORD,
    WRONG,
    arrive,
    enterprise,
    errors,
    get_code,
    new_password,
    press,
    register,
    time_passes,
    try_login,
)


def test_2_1_mistakes(walk: Walk) -> None:
    """Everything that is wrong is told at its field, and nothing that was typed is lost."""
    page, phone = walk.page, "13800010103"
    walk.goto("/register")
    press(page, "注册")
    walk.sees("请填写 11 位手机号码")
    assert len(errors(page)) == 4
    walk.check()
    page.get_by_role("button", name="获取短信验证码").click()
    walk.sees("请填写 11 位手机号码")
    page.get_by_label("手机号").fill(phone)
    get_code(page)
    for password, again, sentence in (
        ("short1", "short1", "密码至少 10 位，现有 6 位"),
        ("abcdefghijkl", "abcdefghijkl", "须至少包含字母、数字、符号中的两类"),
        (f"Ab{phone}", f"Ab{phone}", "密码不能包含手机号码"),
        ("password123456", "password123456", "密码过于常见"),
        (PASSWORD, PASSWORD + "x", "两次输入的密码不一致"),
        (PASSWORD, PASSWORD, "请阅读注册须知和服务协议，并勾选同意"),
    ):
        new_password(page, password, again)
        press(page, "注册")
        walk.sees(sentence)
        # What was typed stays, the password too.
        expect(page.get_by_label("手机号")).to_have_value(phone)
        expect(page.locator("#f-password")).to_have_value(password)
    page.get_by_role("button", name=re.compile("平台服务协议")).click()
    expect(page.get_by_role("dialog")).to_contain_text("谁可以看到您的信息")
    walk.check()
    press(page, "我知道了")


def test_2_1_one_code_a_minute(new_walk) -> None:
    """The second code within a minute is refused with the seconds left, from another browser too."""
    first, second = new_walk(), new_walk()
    for walk in (first, second):
        walk.goto("/register")
        walk.page.get_by_label("手机号").fill("13800010102")
    get_code(first.page)
    second.page.get_by_role("button", name="获取短信验证码").click()
    expect(second.page.locator("#f-code-err")).to_have_text(
        re.compile(r"每分钟只能获取一次，请 (\d+ 秒|1 分钟) ?后再试")
    )


def test_2_2_mistakes(walk: Walk) -> None:
    """A wrong password and an unknown number read alike; the first sign-in needs an identity."""
    page, phone = walk.page, "13800010204"
    register(walk, phone)
    press(page, "登录")
    walk.sees("请填写登录密码")
    unknown = try_login(walk, "13800010299", "Wrong-wrong-99")
    known = try_login(walk, phone, "Wrong-wrong-99")
    assert known == unknown and WRONG in known
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    press(page, "登录")
    walk.sees("首次登录请选择")
    expect(page.get_by_label("密码", exact=True)).to_have_value(PASSWORD)
    walk.check()


def test_2_2_lock(walk: Walk, site_folder: Path) -> None:
    """Repeated failures slow down and lock; the message says for how long, the right password waits as well."""
    phone = "13800010202"
    register(walk, phone)
    for _ in range(2):
        assert "后再试" not in try_login(walk, phone, "Wrong-wrong-99")
    assert re.search(r"请 [45] 秒 ?后再试", try_login(walk, phone, "Wrong-wrong-99"))
    assert re.search(r"\d 秒 ?后再试", try_login(walk, phone, PASSWORD))
    time_passes(site_folder, 6)
    assert re.search(r"1[45] 秒 ?后再试", try_login(walk, phone, "Wrong-wrong-99"))
    time_passes(site_folder, 16)
    assert re.search(r"15 分钟 ?后再试", try_login(walk, phone, "Wrong-wrong-99"))
    assert re.search(r"1[45] 分钟 ?后再试", try_login(walk, phone, PASSWORD))
    walk.check()
    time_passes(site_folder, 15 * 60)
    walk.login(phone, PASSWORD, "企业")
    assert walk.page.url.endswith("/console")


def test_2_2_next(walk: Walk) -> None:
    """Whoever opens a page of the console signs in and comes back to it; no other site can be named."""
    page, phone = walk.page, "13800010203"
    register(walk, phone)
    page.goto("/console/phone")
    page.wait_for_url(re.compile(r"/login\?next="))
    walk.sees("登录后将回到您刚才要打开的页面")
    walk.settle()
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_label("企业", exact=True).check()
    press(page, "登录")
    arrive(page, "/console/phone")
    for foreign in (
        "https://example.com/",
        "//example.com/",
        "/\\example.com",
        "/files/1",
        "javascript:alert(1)",
    ):
        page.goto(f"/login?next={foreign}")
        walk.settle()
        page.get_by_label("手机号").fill(phone)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        press(page, "登录")
        arrive(page, "/console")
        walk.settle()
    page.goto("/login?expired=1")
    walk.sees("登录凭证已失效")


def test_2_3_unknown_number(walk: Walk) -> None:
    """An unknown number gets the same answer until a code has proved who asks."""
    page = walk.page
    walk.goto("/forgot")
    page.get_by_label("手机号").fill("13800010399")
    get_code(page)
    new_password(page, PASSWORD)
    press(page, "提交")
    walk.sees("该手机号尚未注册")
    walk.check()


def test_2_5_session_lost(new_walk, site_folder: Path) -> None:
    """A login that ends in the middle of a form costs nothing that was typed."""
    walk, other = new_walk(), new_walk()
    page, phone = walk.page, "13800010503"
    enterprise(walk, phone)
    walk.goto("/console/phone")
    page.locator("#f-new_phone").fill("13800010504")
    page.wait_for_timeout(400)

    # Another browser resets the password: this login ends in the middle of the form.
    other.goto("/forgot")
    other.page.get_by_label("手机号").fill(phone)
    time_passes(site_folder, 61)
    get_code(other.page)
    new_password(other.page, PASSWORD + "2")
    press(other.page, "提交")
    arrive(other.page, "/login")
    press(page, "提交")
    walk.sees("登录已失效，请重新登录后继续")
    page.get_by_role("link", name="重新登录并回到本页").click()
    page.wait_for_url(re.compile(r"/login\?next="))
    walk.settle()
    # On the sign-in page the way to it is gone.
    expect(page.get_by_role("link", name="重新登录并回到本页")).to_have_count(0)
    walk.sees("登录后将回到您刚才要打开的页面")
    walk.settle()
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码", exact=True).fill(PASSWORD + "2")
    press(page, "登录")
    arrive(page, "/console/phone")
    press(page, "稍后再说")
    expect(page.locator("#f-new_phone")).to_have_value("13800010504")
    walk.sees("已恢复您上次填写但尚未提交的内容")
