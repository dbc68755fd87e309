"""Registration, sign-in and forgotten password (manual §2.1–2.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import FORGOT, LOGIN, REGISTER, WORKBENCH
from cpegi_app.pages import terms, ui
from cpegi_app.pages.form import problem, stored
from cpegi_app.pages.layout import SITE, page, site
from cpegi_app.pages.native import exchange
from cpegi_app.services import passwords
from cpegi_app.state.account import ForgotState, LoginState, RegisterState
from cpegi_app.state.site import VisitorState

IDENTITIES = [("ENTERPRISE", "企业"), ("INSTITUTION", "金融机构/中介机构")]


def typed(name: str) -> Any:
    """Return what stands in a control at the moment of the click: controls are uncontrolled."""
    return rx.Var(f'(document.getElementById("{ui.control_id(name)}")?.value ?? "")', _var_type=str)


def trouble(state: Any) -> rx.Component:
    """Return the sentence that a form as a whole is refused with."""
    return ui.show(
        state.problem != "",
        rx.el.div(rx.el.p(state.problem), class_name="errors", role="alert", tab_index=-1),
    )


def phone_field(state: Any, name: str = "phone", label: str = "手机号", help: str = "") -> rx.Component:
    """Return the control of a mobile number."""
    return ui.field(
        name,
        label,
        ui.text_input(
            name,
            stored(state, name),
            type="tel",
            input_mode="numeric",
            max_length=20,
            auto_complete="username" if name == "phone" else "off",
            placeholder="11 位手机号码",
        ),
        required=True,
        help=help,
        error=problem(state, name),
    )


def code_field(state: Any, name: str, send: Any, label: str = "短信验证码") -> rx.Component:
    """Return the code's control with 获取验证码, where the code went, and in demo mode the code itself."""
    sent = state.sent[name]
    button = ui.button(
        rx.el.span("获取验证码", data_wait_text="true"),
        send,
        data_wait=rx.cond(sent, sent.wait, ""),
        aria_label=f"获取{label}",
    )
    told = rx.cond(
        sent,
        rx.el.div(
            rx.el.span("验证码已发送至 ", sent.number, "，10 分钟内有效。"),
            ui.show(
                sent.demo_code != "",
                rx.el.span("演示环境不发送短信，验证码：", rx.el.b(sent.demo_code), class_name="demo-code"),
            ),
            class_name="help code-sent",
        ),
        rx.fragment(),
    )
    return rx.el.div(
        ui.code_field(name, button, problem(state, name), label),
        rx.el.div(told, role="status", aria_live="polite"),
        class_name="code-block",
    )


def new_password_fields(state: Any, avoid: str = "", label: str = "新密码") -> list[rx.Component]:
    """Return the new password with its policy and strength, and its confirmation."""
    secret = ui.password_input("password", new=True, meter="strength", avoid=avoid, max_length=passwords.MAX)
    again = ui.password_input("again", new=True, max_length=passwords.MAX)
    metered = rx.el.div(secret, ui.strength_meter("strength"), class_name="metered")
    return [
        ui.field(
            "password",
            label,
            metered,
            required=True,
            help=passwords.POLICY,
            error=problem(state, "password"),
        ),
        ui.field("again", f"确认{label}", again, required=True, error=problem(state, "again")),
    ]


# --- 2.1 注册 -------------------------------------------------------------------------------------


@page(REGISTER, RegisterState.load, console=False)
def register() -> rx.Component:
    """注册须知 on the left, the form on the right; on a phone it stands above the form, folded."""
    return site(
        rx.el.div(
            rx.el.div(
                rx.el.aside(rx.el.h2("注册须知"), _notice(), class_name="auth-note", aria_label="注册须知"),
                rx.el.div(
                    rx.el.h1("注册账号", tab_index=-1),
                    rx.el.details(
                        rx.el.summary(
                            rx.el.b("注册须知"), rx.el.span("注册前请详细阅读", class_name="muted small")
                        ),
                        _notice(),
                        class_name="fold auth-fold",
                    ),
                    _register_form(),
                    rx.el.p("已有账号？", ui.link("直接登录", LOGIN.route), class_name="muted"),
                    class_name="auth-form",
                ),
                class_name="auth",
            ),
            class_name="wrap",
        ),
        _terms_dialog(),
        current=REGISTER,
        quiet=True,
    )


def _notice() -> rx.Component:
    return rx.el.ol(*(rx.el.li(line) for line in terms.NOTICE))


def _register_form() -> rx.Component:
    state = RegisterState
    return ui.form(
        trouble(state),
        phone_field(state, help="手机号即登录账号，也用于接收审核通知。"),
        code_field(state, "code", state.send_code(typed("phone"))),
        *new_password_fields(state, avoid="phone", label="密码"),
        _consent(),
        ui.submit("注册", size="block"),
        on_submit=state.submit,
        draft="register",
        key=state.form_key,
    )


def _consent() -> rx.Component:
    state = RegisterState
    label = rx.fragment(
        "我已阅读注册须知，并同意",
        ui.button("《平台服务协议与个人信息处理规则》", state.show_terms(True), "text"),
    )
    wrong = problem(state, "consent")
    return rx.el.div(
        ui.check(
            "consent",
            label,
            aria_label="我已阅读注册须知，并同意平台服务协议与个人信息处理规则",
            aria_describedby="f-consent-err",
            aria_invalid=ui.flag(wrong != ""),
            custom_attrs={"id": "f-consent"},
        ),
        rx.el.p(wrong, class_name="err", custom_attrs={"id": "f-consent-err"}),
        class_name="field",
    )


def _terms_dialog() -> rx.Component:
    close = RegisterState.show_terms(False)
    parts: list[rx.Component] = [rx.el.p(f"{SITE} · {terms.VERSION}", class_name="muted small")]
    for heading, paragraphs in terms.TERMS:
        parts.append(
            rx.el.section(rx.el.h3(heading), *(rx.el.p(p) for p in paragraphs), class_name="terms-part")
        )
    return ui.dialog(
        RegisterState.terms,
        "平台服务协议与个人信息处理规则",
        *parts,
        on_close=close,
        actions=[ui.button("我知道了", close, "primary")],
        wide=True,
        ident="terms",
    )


# --- 2.2 登录 -------------------------------------------------------------------------------------


@page(LOGIN, LoginState.load, console=False)
def login() -> rx.Component:
    """Number, password and, the first time, the identity."""
    state = LoginState
    return site(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h1("用户登录", tab_index=-1),
                    ui.show(state.notice != "", ui.note(state.notice, state.notice_kind)),
                    ui.show(
                        VisitorState.name != "",
                        ui.note(
                            "您已登录，可直接",
                            "info",
                            ui.link("进入管理中心", WORKBENCH.route),
                            "；也可以用其他账号重新登录。",
                        ),
                    ),
                    rx.cond(state.ticket != "", _enter(), _login_form()),
                    class_name="auth-form",
                ),
                class_name="auth auth-one",
            ),
            ui.draft_clear("register"),
            class_name="wrap",
        ),
        current=LOGIN,
        quiet=True,
    )


def _login_form() -> rx.Component:
    state = LoginState
    return ui.form(
        trouble(state),
        ui.field(
            "phone",
            "手机号",
            ui.text_input(
                "phone",
                stored(state, "phone"),
                type="tel",
                input_mode="numeric",
                max_length=20,
                auto_complete="username",
                placeholder="注册时使用的手机号码",
                data_autofocus="true",
            ),
            error=problem(state, "phone"),
        ),
        ui.field(
            "password",
            "密码",
            ui.password_input("password", max_length=passwords.MAX),
            error=problem(state, "password"),
        ),
        ui.field(
            "identity",
            "登录身份",
            ui.radio_cards("identity", IDENTITIES),
            help="仅首次登录时需要选择，以后按已选择的身份登录。",
            error=problem(state, "identity"),
        ),
        ui.submit("登录", size="block"),
        rx.el.div(
            rx.el.span("还没有账号，", ui.link("立即注册", REGISTER.route)),
            ui.link("忘记密码", FORGOT.route),
            class_name="auth-foot",
        ),
        on_submit=state.submit,
        key=state.form_key,
    )


def _enter() -> rx.Component:
    """A right password is exchanged for the cookie."""
    return exchange(LoginState.ticket, LoginState.href, "密码正确，正在进入管理中心…")


# --- 2.3 忘记密码 ---------------------------------------------------------------------------------


@page(FORGOT, ForgotState.load, console=False)
def forgot() -> rx.Component:
    """Number, code and a new password."""
    state = ForgotState
    return site(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h1("忘记密码", tab_index=-1),
                    rx.el.p(
                        "验证手机号后设置新密码，新密码立即生效，原有的登录状态全部退出。", class_name="muted"
                    ),
                    ui.form(
                        trouble(state),
                        phone_field(state),
                        code_field(state, "code", state.send_code(typed("phone"))),
                        *new_password_fields(state, avoid="phone"),
                        ui.submit("提交", size="block"),
                        on_submit=state.submit,
                        draft="forgot",
                        key=state.form_key,
                    ),
                    rx.el.p(ui.link("返回登录", LOGIN.route), class_name="muted"),
                    class_name="auth-form",
                ),
                class_name="auth auth-one",
            ),
            class_name="wrap",
        ),
        current=FORGOT,
        quiet=True,
    )
