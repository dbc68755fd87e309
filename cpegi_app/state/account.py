"""Accounts: registration, sign-in, forgotten password, class, password, number (manual §2)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import reflex as rx
from pydantic import BaseModel

from cpegi_app.access import FORGOT, IDENTITY, LOGIN, PASSWORD, PHONE, REGISTER, WORKBENCH
from cpegi_app.errors import DomainError, FormInvalid, SignInRequired
from cpegi_app.services import account, sms
from cpegi_app.services.forms import posted
from cpegi_app.services.identifiers import masked
from cpegi_app.state.base import for_screen, text_arg
from cpegi_app.state.form import FormState
from cpegi_app.state.message import MessageState, success
from cpegi_app.state.shell import ShellState
from cpegi_app.vocabulary import KIND_OF, OrgClass, SmsPurpose

T = TypeVar("T")
REGISTERED = "注册成功，请输入密码登录。首次登录请选择登录身份。"
RESET = "新密码已生效，请使用新密码登录。原有的登录状态已全部退出。"
EXPIRED = "登录凭证已失效，请重新输入密码登录。"
BYE = "您已安全退出登录。"
COME_BACK = "请先登录，登录后将回到您刚才要打开的页面。"


class CodeSent(BaseModel):
    """What the page shows after a code went out; `turn` tells one sending from the next."""

    number: str = ""
    wait: str = ""
    demo_code: str = ""


class AccountForm(FormState, mixin=True):
    """A form of this chapter: one sentence above it, codes that were sent, what is wrong at the fields."""

    problem: str = ""
    sent: dict[str, CodeSent] = {}
    done: bool = False
    _turn: int = 0

    def _start(self, values: dict[str, str] | None = None) -> None:
        self._open(values or {})
        self.problem, self.sent, self.done = "", {}, False

    async def _tried(self, call: Awaitable[T]) -> T | None:
        """Await a service; a refusal stands in the form itself, and nothing that was typed is lost."""
        self.problem = ""
        try:
            found = await call
        except FormInvalid as refusal:
            self._refuse(refusal)
            self.problem = refusal.fields.get("form", "")
            return None
        except SignInRequired:
            raise
        except DomainError as refusal:
            self._clear_errors()
            self.problem = refusal.message
            return None
        self._clear_errors()
        return found

    async def _send(self, name: str, to: str, call: Awaitable[sms.Sent]) -> None:
        """Send a code for the field `name`; a refusal stands at the field it concerns."""
        self.problem = ""
        try:
            found = await call
        except FormInvalid as refusal:
            self.errors = self.errors | refusal.fields
        except SignInRequired:
            raise
        except DomainError as refusal:
            self.errors = self.errors | {name: refusal.message}
        else:
            self._turn += 1
            self.errors = {k: v for k, v in self.errors.items() if not k.endswith((name, "phone"))}
            shown = CodeSent(number=to, wait=f"{found.wait_s}/{self._turn}", demo_code=found.demo_code)
            self.sent = self.sent | {name: shown}


@for_screen(REGISTER)
class RegisterState(AccountForm, rx.State):
    """注册 (manual §2.1)."""

    terms: bool = False

    @rx.event
    async def load(self):
        """Open an empty form."""
        self._start()
        self.terms = False

    @rx.event
    def show_terms(self, shown: bool):
        """Open or close the terms."""
        self.terms = shown is True

    @rx.event
    async def send_code(self, phone: str):
        """获取验证码."""
        number = text_arg(phone, 30)
        call = self._write_public(account.request_code, number, SmsPurpose.REGISTER, self._address())
        await self._send("code", _shown(number), call)

    @rx.event
    async def submit(self, data: dict):
        """注册; then the login page, the number filled in."""
        number = await self._tried(self._register(data))
        if number:
            self._start()
            login = await self.get_state(LoginState)
            login._greet(number, REGISTERED)
            return rx.redirect(LOGIN.route)

    async def _register(self, data: dict) -> str:
        v = _posted(data, "phone", "code", "password", "again", "consent")
        account.together(
            lambda: account.checked_phone(v["phone"]),
            lambda: account.checked_code(v["code"]),
            lambda: account.check_new_password(v["password"], v["again"], _digits(v["phone"])),
            lambda: account.ensure_consent(v["consent"]),
        )
        hashed = await self._hash(v["password"])
        return await self._write_public(account.register, v["phone"], v["code"], hashed, self._address())


@for_screen(LOGIN)
class LoginState(AccountForm, rx.State):
    """登录 (manual §2.2): a right password becomes a ticket, which the page exchanges for the cookie."""

    ticket: str = ""
    href: str = ""
    notice: str = ""
    notice_kind: str = "info"
    next_page: str = ""
    _greeting: str = ""

    def _greet(self, number: str, sentence: str) -> None:
        """Prepare the page for somebody who comes from another form of this tab."""
        self.values, self._greeting = {"phone": number}, sentence

    @rx.event
    async def load(self):
        """Open the form and say why one is here."""
        query = self.router.url.query_parameters
        (await self.get_state(MessageState))._at_sign_in()
        self._start({"phone": self.values.get("phone", "")})
        self.ticket, self.next_page = "", own_path(query.get("next", ""))
        self.notice_kind = "success" if self._greeting or query.get("bye") else "info"
        why = EXPIRED if query.get("expired") else BYE if query.get("bye") else ""
        self.notice = self._greeting or why or (COME_BACK if self.next_page else "")
        self._greeting = ""

    @rx.event
    async def submit(self, data: dict):
        """登录."""
        self.notice = ""
        found = await self._tried(self._sign_in(data))
        if found:
            at_home = found.href == WORKBENCH.route
            self.href = self.next_page if at_home and self.next_page else found.href
            self.ticket = found.ticket

    async def _sign_in(self, data: dict) -> account.SignedIn:
        v = _posted(data, "phone", "password", "identity")
        account.together(
            lambda: account.checked_phone(v["phone"]), lambda: account.ensure_password(v["password"])
        )
        who = await self._read_public(account.candidate, v["phone"], self._address())
        is_right = await self._matches(v["password"], who.password_hash)
        return await self._write_public(account.sign_in, who.phone, is_right, v["identity"], self._address())


@for_screen(FORGOT)
class ForgotState(AccountForm, rx.State):
    """忘记密码 (manual §2.3)."""

    @rx.event
    async def load(self):
        """Open the form with the number that stood on the login page."""
        login = await self.get_state(LoginState)
        self._start({"phone": login.values.get("phone", "")})

    @rx.event
    async def send_code(self, phone: str):
        """获取验证码."""
        number = text_arg(phone, 30)
        call = self._write_public(account.request_code, number, SmsPurpose.RESET, self._address())
        await self._send("code", _shown(number), call)

    @rx.event
    async def submit(self, data: dict):
        """提交; the new password is valid at once."""
        number = await self._tried(self._reset(data))
        if number:
            self._start()
            login = await self.get_state(LoginState)
            login._greet(number, RESET)
            return rx.redirect(LOGIN.route)

    async def _reset(self, data: dict) -> str:
        v = _posted(data, "phone", "code", "password", "again")
        account.together(
            lambda: account.checked_phone(v["phone"]),
            lambda: account.checked_code(v["code"]),
            lambda: account.check_new_password(v["password"], v["again"], _digits(v["phone"])),
        )
        hashed = await self._hash(v["password"])
        return await self._write_public(
            account.reset_password, v["phone"], v["code"], hashed, self._address()
        )


@for_screen(PASSWORD)
class PasswordState(AccountForm, rx.State):
    """修改密码 (manual §2.4)."""

    phone: str = ""

    @rx.event
    async def load(self):
        """Open an empty form."""
        self._start()
        self.phone = await self._read(account.own_phone)

    @rx.event
    async def send_code(self):
        """获取验证码, to the own number."""
        call = self._write(account.request_own_code, SmsPurpose.PASSWORD, self._address())
        await self._send("code", self.phone, call)

    @rx.event
    async def submit(self, data: dict):
        """提交; every other browser is signed out."""
        if await self._tried(self._change(data)):
            self.done = True

    async def _change(self, data: dict) -> bool:
        v = _posted(data, "code", "password", "again")
        number = await self._read(account.phone_in_full)
        account.together(
            lambda: account.checked_code(v["code"]),
            lambda: account.check_new_password(v["password"], v["again"], number),
        )
        hashed = await self._hash(v["password"])
        await self._write(account.change_password, v["code"], hashed)
        return True


@for_screen(PHONE)
class PhoneState(AccountForm, rx.State):
    """更换手机号 (manual §2.5)."""

    phone: str = ""
    # Names the browser's copy of what is typed: it is not for whoever signs in next in the same tab.
    draft: str = ""

    @rx.event
    async def load(self):
        """Open an empty form."""
        self._start()
        self.phone = await self._read(account.own_phone)
        self.draft = f"phone-{self.phone}"

    @rx.event
    async def send_old_code(self):
        """获取验证码, to the present number."""
        call = self._write(account.request_own_code, SmsPurpose.OLD_PHONE, self._address())
        await self._send("old_code", self.phone, call)

    @rx.event
    async def send_new_code(self, phone: str):
        """获取验证码, to the number to change to."""
        number = text_arg(phone, 30)
        call = self._write(account.request_new_number_code, number, self._address())
        await self._send("new_code", _shown(number), call)

    @rx.event
    async def submit(self, data: dict):
        """提交; every other browser is signed out."""
        if number := await self._tried(self._change(data)):
            self.phone, self.done = masked(number), True
            # The frame around the page shows the number as well.
            return ShellState.enter(PHONE.route)  # pyright: ignore

    async def _change(self, data: dict) -> str:
        v = _posted(data, "old_code", "new_phone", "new_code")
        account.together(
            lambda: account.checked_code(v["old_code"], "old_code"),
            lambda: account.checked_phone(v["new_phone"], "new_phone"),
            lambda: account.checked_code(v["new_code"], "new_code"),
        )
        return await self._write(account.change_phone, v["old_code"], v["new_phone"], v["new_code"])


@for_screen(IDENTITY)
class IdentityState(AccountForm, rx.State):
    """选择机构类型 (manual §2.2, §10): chosen, shown once more, and only then valid."""

    fixed_why: str = ""
    chosen: str = ""
    asked: str = ""
    asked_label: str = ""
    asked_kind: str = ""

    @rx.event
    async def load(self):
        """Open the choice as it stands."""
        found = await self._read(account.identity)
        self._start({"org_class": found.org_class})
        self.fixed_why, self.asked = found.fixed_why, ""
        self.chosen = OrgClass.label_of(found.org_class)

    @rx.event
    async def submit(self, data: dict):
        """Show the choice once more before it counts."""
        found = await self._tried(_chosen(data))
        if found:
            self.asked, self.asked_label, self.asked_kind = found.value, found.label, KIND_OF[found].label

    @rx.event
    def back(self):
        """Return to the choice."""
        self.asked = ""

    @rx.event
    async def confirm(self):
        """Make the choice count."""
        label, chosen = self.asked_label, self.asked
        self.asked = ""
        if await self._tried(self._choose(chosen)):
            return [
                rx.redirect(WORKBENCH.route),
                success(f"账号类型已设为“{label}”。下一步：完成用户真实性认证。"),
            ]

    async def _choose(self, chosen: str) -> bool:
        await self._write(account.choose_identity, chosen)
        return True


async def _chosen(data: dict) -> OrgClass:
    code = _posted(data, "org_class")["org_class"]
    if code not in OrgClass._value2member_map_:
        raise FormInvalid({"org_class": "请选择一种机构类型"})
    return OrgClass(code)


def _posted(data: dict, *names: str) -> dict[str, str]:
    """Return the named values, blanks where a browser sends none (an unticked box, no choice)."""
    return dict.fromkeys(names, "") | posted(data, {*names, "intent"})


def _digits(phone: str) -> str:
    """Return the number that the password must not contain, a blank while there is no valid one."""
    try:
        return account.checked_phone(phone)
    except FormInvalid:
        return ""


def _shown(phone: str) -> str:
    return masked(_digits(phone))


def own_path(path: object) -> str:
    """Return a path of this site as it is, else a blank; `/session` judges it once more."""
    text = text_arg(path, 200)
    return text if text.startswith("/") and not text.startswith("//") and "\\" not in text else ""


def hashing_handlers() -> frozenset[str]:
    """Return the names of the handlers that hash a password; the edge lets them in one after another."""
    forms = (LoginState, RegisterState, ForgotState, PasswordState)
    return frozenset(f"{form.get_full_name()}.{form.submit.fn.__name__}" for form in forms)  # pyright: ignore[reportAttributeAccessIssue]
