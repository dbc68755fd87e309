"""What signed-in users do with their own account: class, password, number (manual §2.2, §2.4, §2.5, §10)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import IDENTITY, PASSWORD, PHONE, WORKBENCH
from cpegi_app.pages import ui
from cpegi_app.pages.account import code_field, new_password_fields, phone_field, trouble, typed
from cpegi_app.pages.form import problem, stored
from cpegi_app.pages.layout import page
from cpegi_app.state.account import IdentityState, PasswordState, PhoneState
from cpegi_app.vocabulary import CLASSES, Kind, OrgClass

WARNING = (
    "请根据机构的实际类别选择。如选择错误，可能导致政策申请及政策兑现无法进行，请慎重选择。"
    "提交真实性认证后不能直接更改，须在“修改资料”中申请更正并由平台审核。"
)
# What a class does, in a line each (manual §10; ours).
EXPLAINED: dict[OrgClass, str] = {
    OrgClass.MICRO_LOAN: "经批准经营小额贷款业务",
    OrgClass.GUARANTEE: "为企业融资提供担保",
    OrgClass.LEASING: "直租、售后回租等融资租赁",
    OrgClass.FACTORING: "应收账款融资与管理",
    OrgClass.ASSET_MANAGEMENT: "不良资产收购、管理和处置",
    OrgClass.BANK: "吸收存款、发放贷款的银行及分支机构",
    OrgClass.INSURANCE: "保证保险、信用保险等",
    OrgClass.FINANCIAL_SERVICE: "其他依法提供债权融资服务",
    OrgClass.INVESTMENT: "以自有资金开展股权投资",
    OrgClass.SECURITIES: "证券承销、保荐和直接投资",
    OrgClass.PRIVATE_FUND: "在中基协登记的私募基金管理人",
    OrgClass.ACCOUNTING: "审计、验资和财税咨询",
    OrgClass.LAW: "法律意见和合同审查",
    OrgClass.APPRAISAL: "资产、房地产和知识产权评估",
    OrgClass.IP_SERVICE: "专利、商标代理和运营",
    OrgClass.ENTERPRISE: "需要融资或申请政策奖补的企业",
}
GROUPS = (
    (Kind.DEBT, "发布金融产品、办理企业融资申请、登记放款"),
    (Kind.EQUITY, "查看股权融资项目、登记投资"),
    (Kind.INTERMEDIARY, "为企业融资和政策申请提供专业服务"),
    (Kind.ENTERPRISE, "不是金融机构或中介机构？可以改选企业"),
)


@page(IDENTITY, IdentityState.load)
def identity() -> rx.Component:
    """The 15 classes in their three kinds, and the way back to 企业."""
    state = IdentityState
    return rx.fragment(
        ui.page_head(IDENTITY.title, lead="账号类型决定可以使用的功能和真实性认证需要的材料。"),
        rx.cond(state.fixed_why != "", _fixed(), _choice()),
        ui.dialog(
            state.asked != "",
            "请再次确认账号类型",
            rx.el.dl(
                rx.el.div(rx.el.dt("您选择的是"), rx.el.dd(rx.el.b(state.asked_label))),
                rx.el.div(rx.el.dt("所属类别"), rx.el.dd(state.asked_kind)),
                class_name="desc desc-1",
            ),
            ui.note(WARNING, "warning"),
            on_close=state.back,
            actions=[
                ui.button("返回重选", state.back),
                ui.button("确认无误", state.confirm, "primary"),
            ],
            ident="identity",
        ),
    )


def _choice() -> rx.Component:
    state = IdentityState
    return ui.form(
        trouble(state),
        ui.note(WARNING, "warning"),
        ui.card(
            "机构类型",
            rx.el.div(*(_group(kind, does) for kind, does in GROUPS), class_name="class-groups"),
            rx.el.p(problem(state, "org_class"), class_name="err", role="alert"),
        ),
        ui.form_foot(ui.submit("下一步：确认类型"), note="确认后仍可在提交真实性认证之前更改。"),
        on_submit=state.submit,
        key=state.form_key,
    )


def _group(kind: Kind, does: str) -> rx.Component:
    options = [(c.value, c.label, EXPLAINED[c]) for c in CLASSES[kind]]
    return rx.el.section(
        rx.el.h3(kind.label, rx.el.small(does)),
        _cards(options, kind.label),
        class_name="class-group",
    )


def _cards(options: list[tuple[str, str, str]], label: str) -> rx.Component:
    """The kinds share one name, so only one of the 16 is chosen; ids differ, names do not."""
    group = ui.radio_cards("org_class", options, stored(IdentityState, "org_class"), label)
    group.custom_attrs["id"] = f"f-org_class-{options[0][0]}"
    return group


def _fixed() -> rx.Component:
    state = IdentityState
    return ui.card(
        "",
        ui.empty_state(
            "当前类型：" + state.chosen.to(str),
            state.fixed_why,
            ui.link_button("返回工作台", WORKBENCH.route, "primary"),
            icon_name="lock",
        ),
    )


@page(PASSWORD, PasswordState.load)
def password() -> rx.Component:
    """修改密码: a code to the own number, and the new password."""
    state = PasswordState
    return rx.cond(
        state.done,
        _done(
            "密码已修改",
            "新密码已生效，其他浏览器上的登录已退出。",
        ),
        rx.fragment(
            ui.page_head(PASSWORD.title, lead="修改后，其他浏览器上的登录会自动退出。"),
            ui.card(
                "",
                ui.form(
                    trouble(state),
                    _own_number("手机号", state.phone),
                    code_field(state, "code", state.send_code),
                    *new_password_fields(state),
                    _foot("提交"),
                    on_submit=state.submit,
                    key=state.form_key,
                    class_name="narrow-form",
                ),
            ),
        ),
    )


@page(PHONE, PhoneState.load)
def phone() -> rx.Component:
    """更换手机号: the old number's code, the new number and its code."""
    state = PhoneState
    return rx.cond(
        state.done,
        _done(
            "手机号已更换",
            rx.fragment("新的登录手机号 ", rx.el.b(state.phone), "，其他浏览器上的登录已退出。"),
            state.draft,
        ),
        rx.fragment(
            ui.page_head(
                PHONE.title, lead="更换后请使用新手机号登录，密码不变；其他浏览器上的登录会自动退出。"
            ),
            ui.card(
                "",
                ui.form(
                    trouble(state),
                    _own_number("当前手机号", state.phone),
                    code_field(state, "old_code", state.send_old_code, "旧手机号验证码"),
                    phone_field(state, "new_phone", "新手机号"),
                    code_field(state, "new_code", state.send_new_code(typed("new_phone")), "新手机号验证码"),
                    _foot("提交"),
                    on_submit=state.submit,
                    draft=state.draft,
                    key=state.form_key,
                    class_name="narrow-form",
                ),
                rx.el.p(
                    "当前手机号已停用、收不到验证码？请致电 ",
                    rx.el.span("400 056 5005", class_name="nowrap"),
                    "，核验身份后由平台管理人员协助办理。",
                    class_name="muted small gap-above",
                ),
            ),
        ),
    )


def _own_number(label: str, number: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="label"), rx.el.b(number, class_name="num"), class_name="field"
    )


def _foot(label: str) -> rx.Component:
    return rx.el.div(ui.submit(label), ui.link_button("取消", WORKBENCH.route), class_name="row")


def _done(title: str, text: Any, draft: Any = "") -> rx.Component:
    return rx.fragment(
        ui.result_page(title, text, ui.link_button("返回工作台", WORKBENCH.route, "primary")),
        ui.draft_clear(draft),
    )
