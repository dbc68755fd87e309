"""What people do with their own account, for the browser tests: codes, registration, the passing of time."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.e2e.harness import Walk

PASSWORD = "Huanghe-4417-lu"
WRONG = "手机号或密码不正确"


def database(folder: Path) -> sqlite3.Connection:
    """Return a connection to the site's database."""
    return sqlite3.connect(folder / "cpegi.sqlite3", timeout=10)


def time_passes(folder: Path, seconds: int) -> None:
    """Move the codes sent and the sign-ins tried into the past, so that no test waits for a limit."""
    with closing(database(folder)) as base, base:
        for table in ("sms_code", "attempt"):
            moved = "strftime('%Y-%m-%d %H:%M:%f', created_at, ?) || '000'"
            base.execute(f"UPDATE {table} SET created_at = {moved}", (f"-{seconds} seconds",))


def arrive(page: Page, path: str) -> None:
    """Wait until the page of that path is open, whatever its query."""
    page.wait_for_url(lambda url: urlsplit(url).path == path)


def get_code(page: Page, name: str = "code") -> str:
    """Press 获取验证码 of a field and type the code that demo mode shows."""
    block = page.locator(".code-block").filter(has=page.locator(f"#f-{name}"))
    block.get_by_role("button", name=re.compile("^获取")).click()
    shown = block.locator(".demo-code")
    expect(shown).to_be_visible()
    found = re.search(r"\d{6}", shown.inner_text())
    assert found, "demo mode shows the code"
    page.locator(f"#f-{name}").fill(found.group())
    return found.group()


def new_password(page: Page, password: str, again: str | None = None) -> None:
    """Type a new password and its confirmation."""
    page.locator("#f-password").fill(password)
    page.locator("#f-again").fill(password if again is None else again)


def press(page: Page, name: str) -> None:
    """Press the button of exactly that name."""
    page.get_by_role("button", name=name, exact=True).click()


def register(walk: Walk, phone: str, password: str = PASSWORD) -> None:
    """Register a number; the login page is open afterwards."""
    page = walk.page
    walk.goto("/register")
    page.get_by_label("手机号").fill(phone)
    get_code(page)
    new_password(page, password)
    page.get_by_role("checkbox").check()
    press(page, "注册")
    arrive(page, "/login")
    walk.settle()


def enterprise(walk: Walk, phone: str) -> None:
    """Register a number and sign in as an enterprise; the 工作台 is open afterwards, its dialog put away."""
    register(walk, phone)
    walk.login(phone, PASSWORD, "企业")
    press(walk.page, "稍后再说")
    walk.settle()


def try_login(walk: Walk, phone: str, password: str) -> str:
    """Try to sign in; return the sentence that refuses it."""
    page = walk.page
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码", exact=True).fill(password)
    press(page, "登录")
    walk.settle()
    return page.locator(".errors[role=alert]").inner_text()


def another(code: str) -> str:
    """Return a code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def errors(page: Page) -> list[str]:
    """Return the sentences at the fields."""
    return [text for text in page.locator(".err").all_inner_texts() if text]
