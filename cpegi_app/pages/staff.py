"""审核队列, 账号管理 and 操作日志: the platform staff's pages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import ACCOUNTS, AUDIT, QUEUE, Role
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, list_page, problem
from cpegi_app.pages.layout import page
from cpegi_app.services.audit import ACTIONS
from cpegi_app.services.audit_trail import AuditRow
from cpegi_app.services.platform_queue import QueueRow, platform_flows
from cpegi_app.services.staff import AccountRow
from cpegi_app.state.shell import ShellState
from cpegi_app.state.staff import AccountsState, AuditState, QueueState
from cpegi_app.vocabulary import Kind

KINDS = [*Kind.options(), (Role.STAFF.value, "平台管理人员"), (Role.REGULATOR.value, "金融监管部门")]
STATES = [("VERIFIED", "已认证"), ("NEW", "未认证"), ("DISABLED", "已停用")]


@page(QUEUE, QueueState.load)
def queue() -> rx.Component:
    """Everything that waits for the platform, what has waited longest first."""
    state = QueueState
    kinds = [("", _tab("全部", state.all_count))]
    kinds += [(f.name, _tab(f.label, state.counts[f.name].to(int))) for f in platform_flows()]
    return rx.fragment(
        ui.crumbs("审核管理", QUEUE.title),
        ui.page_head(QUEUE.title, lead="等待最久的在最前，从到达平台时算起；等待超过 3 天的标红。"),
        _others(),
        rx.el.div(
            ui.tabs(kinds, state.tab, state.pick, "按类型筛选"),
            list_page(
                state,
                [
                    "类型",
                    ui.Col("事项", wrap=True),
                    ui.Col("申请单位", wrap=True),
                    ui.Col("提交时间", sort="sent"),
                    "已等待",
                    ui.Col("操作", ops=True),
                ],
                _queue_row,
                "审核队列",
                key="href",
                query=[
                    ui.field(
                        "word", "申请单位", ui.text_input("word", placeholder="名称中的字", max_length=60)
                    ),
                    ui.field("from", "提交日期自", ui.date_input("from")),
                    ui.field("to", "至", ui.date_input("to")),
                ],
                empty=ui.empty_state(
                    "没有待审核的事项", "新的申请提交后会出现在这里，并计入消息通知。", icon_name="check"
                ),
            ),
            class_name="tabbed",
        ),
    )


def _others() -> rx.Component:
    """Tell what waits in lists of their own, each a way there."""
    return ui.show(
        QueueState.others.length() > 0,
        rx.el.p(
            "政策奖补另有待办：",
            rx.foreach(
                QueueState.others,
                lambda q: ui.link(rx.fragment(q.label, " ", q.count, " ", q.unit), q.href),
            ),
            class_name="inline-list muted small",
        ),
    )


def _tab(label: str, count: Any) -> rx.Component:
    return rx.fragment(label, rx.el.small(count, class_name="num"))


def _queue_row(row: rx.Var[QueueRow]) -> list:
    return [
        ui.chip(row.flow_label),
        ui.link(row.title, row.href),
        row.org,
        rx.el.span(row.submitted, class_name="num"),
        rx.cond(row.late, ui.tag("已等 " + row.waiting, "red"), rx.el.span(row.waiting)),
        [ui.link("办理", row.href, aria_label="办理" + row.flow_label + "：" + row.title)],
    ]


@page(ACCOUNTS, AccountsState.load)
def accounts() -> rx.Component:
    """账号管理."""
    state = AccountsState
    return rx.fragment(
        ui.crumbs("平台管理", ACCOUNTS.title),
        ui.page_head(
            ACCOUNTS.title, lead="手机号默认脱敏，查看完整号码会记入操作日志。停用后对方立即退出登录。"
        ),
        list_page(
            state,
            [
                ui.Col("单位/姓名", wrap=True),
                "手机号",
                "统一社会信用代码",
                "用户类型",
                "状态",
                ui.Col("注册日期", sort="created"),
                ui.Col("操作", ops=True),
            ],
            _account_row,
            "账号列表",
            query=[
                ui.field(
                    "word",
                    "查找",
                    ui.text_input("word", placeholder="手机号、名称、代码", max_length=60),
                ),
                ui.field("kind", "用户类型", ui.select_input("kind", KINDS, blank="全部")),
                ui.field("state", "状态", ui.select_input("state", STATES, blank="全部")),
            ],
            hint="手机号须输入完整的 11 位；单位名称可只输入部分文字。",
        ),
        _disable_dialog(),
        _rebind_dialog(),
        ui.show(state.settled > 0, ui.draft_clear(_draft(state.asked, state.settled))),
    )


def _draft(what: Any, user_id: Any) -> Any:
    """Name the copy of what is typed about an account: it comes back after a login that ended, to the same person."""
    return rx.Var.create(what) + "-" + user_id.to_string() + "-" + ShellState.phone


def _account_row(row: rx.Var[AccountRow]) -> list:
    state = AccountsState
    full = state.revealed[row.id]
    return [
        rx.fragment(row.org, ui.show(row.why != "", rx.el.span("停用原因：", row.why, class_name="sub"))),
        rx.cond(full, rx.el.b(full.to(str), class_name="num"), rx.el.span(row.phone, class_name="num")),
        rx.el.span(row.code, class_name="mono"),
        row.kind,
        ui.tag(row.state, row.tone),
        row.created,
        [
            ui.button("查看号码", state.reveal(row.id), "text", disabled=full.bool()),
            rx.cond(
                row.own,
                rx.el.span("本人账号", class_name="muted"),
                rx.fragment(
                    ui.show(row.member, ui.button("更换手机号", state.ask_rebind(row.id), "text")),
                    rx.cond(
                        row.disabled,
                        ui.button("启用", state.enable(row.id), "text"),
                        ui.button("停用", state.ask_disable(row.id), "text", class_name="is-danger"),
                    ),
                ),
            ),
        ],
    ]


def _disable_dialog() -> rx.Component:
    state = AccountsState
    body = ui.form(
        rx.el.p("将停用 ", rx.el.b(state.chosen_name), "（", state.chosen_phone, "）的账号。"),
        rx.el.p(
            "停用后对方立即退出登录且不能再登录，已提交的资料和记录不受影响，可随时启用。"
            "机构没有其他可用账号时，其在线金融产品一并下架，启用后由机构自行重新上架。",
            class_name="muted",
        ),
        ui.field(
            "reason",
            "停用原因",
            ui.textarea("reason", rows=3, max_length=LONGEST, data_autofocus="true"),
            required=True,
            help="对方登录时会看到，200 字以内。",
            error=problem(state, "reason"),
        ),
        rx.el.div(
            ui.button("取消", state.cancel),
            ui.submit("确认停用", kind="danger"),
            class_name="row row-end",
        ),
        on_submit=state.disable,
        draft=_draft("disable", state.chosen),
        key=state.form_key,
    )
    shown = (state.chosen > 0) & (state.asked == "disable")
    return ui.dialog(shown, "停用账号", body, on_close=state.cancel, ident="disable")


def _rebind_dialog() -> rx.Component:
    state = AccountsState
    body = ui.form(
        rx.el.p("为 ", rx.el.b(state.chosen_name), "（当前 ", state.chosen_phone, "）更换登录手机号。"),
        rx.el.p(
            "仅用于原号码已停用、收不到验证码的用户，请先核验身份。更换后原登录全部退出，新旧号码都会收到短信，"
            "对方用新号码通过“忘记密码”设置密码。注销账号请使用“停用”，并在原因中写明应本人要求注销。",
            class_name="muted",
        ),
        ui.field(
            "new_phone",
            "新手机号",
            ui.text_input("new_phone", type="tel", max_length=20, data_autofocus="true"),
            required=True,
            error=problem(state, "new_phone"),
        ),
        ui.field(
            "grounds",
            "核验依据",
            ui.textarea("grounds", rows=3, max_length=LONGEST),
            required=True,
            help="如何确认是本人申请，记入操作日志，200 字以内。",
            error=problem(state, "grounds"),
        ),
        rx.el.div(
            ui.button("取消", state.cancel), ui.submit("确认更换", kind="danger"), class_name="row row-end"
        ),
        on_submit=state.rebind,
        draft=_draft("rebind", state.chosen),
        key=state.form_key,
    )
    shown = (state.chosen > 0) & (state.asked == "rebind")
    return ui.dialog(shown, "更换手机号", body, on_close=state.cancel, ident="rebind")


@page(AUDIT, AuditState.load)
def audit() -> rx.Component:
    """操作日志."""
    state = AuditState
    return rx.fragment(
        ui.crumbs("平台管理", AUDIT.title),
        ui.page_head(AUDIT.title, lead="记录每一次提交、审核、登录、查看与被拒绝的操作，只增不改。"),
        list_page(
            state,
            [ui.Col("时间", sort="at"), "操作人", "操作", "对象", ui.Col("说明", wrap=True), "结果"],
            _audit_row,
            "操作日志",
            query=[
                ui.field("action", "操作", ui.select_input("action", list(ACTIONS.items()), blank="全部")),
                ui.field(
                    "word",
                    "关键词",
                    ui.text_input("word", placeholder="操作人、说明、对象", max_length=60),
                ),
                ui.field("since", "开始日期", ui.date_input("since")),
                ui.field("until", "结束日期", ui.date_input("until")),
            ],
            empty=ui.empty_state(
                "没有符合条件的记录", "请放宽日期范围或清空关键词后再查询。", icon_name="list"
            ),
        ),
    )


def _audit_row(row: rx.Var[AuditRow]) -> list:
    return [
        rx.el.span(row.at, class_name="num"),
        row.who,
        row.action,
        row.thing,
        row.detail,
        rx.cond(row.ok, ui.tag("成功", "green"), ui.tag("拒绝", "red")),
    ]
