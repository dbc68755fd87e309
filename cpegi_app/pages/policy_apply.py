"""政策申请: the own list with what open policies would bring, and 发起政策申请 (manual §8.1)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import (
    POLICY_APPLICATION,
    POLICY_APPLICATIONS,
    POLICY_START,
    PUBLIC_POLICIES,
    PUBLIC_POLICY,
)
from cpegi_app.pages import ui
from cpegi_app.pages.form import export_button, href, list_cards, list_page
from cpegi_app.pages.layout import page
from cpegi_app.services.policy_open import ForMe, Offer
from cpegi_app.services.policy_own import ApplicationRow
from cpegi_app.state.policy_apply import (
    PolicyApplicationsState,
    PolicyStartState,
)
from cpegi_app.vocabulary import Status

MENU = "政策奖补"
STATUSES = [(s.value, s.label) for s in Status]


@page(POLICY_APPLICATIONS, PolicyApplicationsState.load, PolicyApplicationsState.load_for_me)
def policy_applications() -> rx.Component:
    """The own applications, and what open policies would bring."""
    state = PolicyApplicationsState
    start = ui.link_button("发起政策申请", POLICY_START.route, "primary", icon_name="plus")
    return rx.fragment(
        ui.crumbs(MENU, POLICY_APPLICATIONS.title),
        ui.page_head(POLICY_APPLICATIONS.title, start),
        ui.show(state.for_me.length() > 0, _for_me()),
        list_page(
            state,
            [
                ui.Col("政策", clip=True),
                "受理编号",
                ui.Col("申请金额", unit="元", num=True, sort="asked"),
                ui.Col("审核金额", unit="元", num=True),
                "状态",
                ui.Col("受理时间", sort="received"),
                ui.Col("操作", ops=True),
            ],
            _row,
            "我的政策申请",
            query=[
                ui.field("word", "政策/编号", ui.text_input("word", placeholder="名称中的字，或完整编号")),
                ui.field("status", "状态", ui.select_input("status", STATUSES, blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有政策申请",
                "点击“发起政策申请”查看可以申请的政策。",
                ui.link_button("发起政策申请", POLICY_START.route, "primary"),
                icon_name="gift",
            ),
        ),
    )


def _row(row: rx.Var[ApplicationRow]) -> list:
    return [
        row.policy,
        row.receipt,
        row.asked,
        row.reviewed,
        rx.el.span(
            ui.tag(row.status_label, row.tone),
            ui.show(row.due != "", rx.el.small(row.due, class_name="block muted")),
        ),
        row.received,
        [
            ui.link(
                rx.cond(
                    row.status == Status.RETURNED.value,
                    "补正后提交",
                    rx.cond(row.editable, "继续填写", "查看"),
                ),
                href(POLICY_APPLICATION, row.id),
            )
        ],
    ]


def _for_me() -> rx.Component:
    state = PolicyApplicationsState

    def one(p: rx.Var[ForMe]) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.p(p.sentence, class_name="todo-title"),
                ui.show(
                    p.why.length() > 0,
                    rx.el.p("不符合的原因：", p.why.join("；"), "。", class_name="todo-sub"),
                ),
                ui.show(p.stop != "", rx.el.p("现在不能申请：", p.stop, "。", class_name="todo-sub err")),
            ),
            ui.show(
                p.can_start,
                ui.button("用这些记录申请", state.start_with(p.policy_id), "primary", size="sm"),
            ),
            key=p.policy_id,
        )

    lead = "按贵单位已备案的记录测算，金额以提交时的计算结果为准"
    return ui.card(
        "为我测算",
        rx.el.ul(rx.foreach(state.for_me, one), class_name="todo for-me"),
        extra=rx.el.span(lead, class_name="muted small"),
        flush=True,
    )


# --- 发起政策申请 ---------------------------------------------------------------------------------


@page(POLICY_START, PolicyStartState.load)
def policy_start() -> rx.Component:
    """The policies open to the actor; those that are not, with the reason."""
    state = PolicyStartState
    return rx.fragment(
        ui.crumbs(MENU, (POLICY_APPLICATIONS.title, POLICY_APPLICATIONS.route), POLICY_START.title),
        ui.page_head(
            POLICY_START.title,
            export_button(state),
            ui.link_button("返回列表", POLICY_APPLICATIONS.route),
            lead="可以申请的政策排在前面；不能申请的政策说明了原因。",
        ),
        list_cards(
            state,
            _offer,
            query=[ui.field("word", "政策名称", ui.text_input("word", placeholder="名称中的字"))],
            empty=ui.empty_state(
                "目前没有奖补政策",
                "政策根据政府的奖补要求开通；开始受理后列在这里，工作台的“正在受理的奖补政策”也会显示。",
                ui.link_button("查看以往政策", PUBLIC_POLICIES.route),
                icon_name="gift",
            ),
        ),
    )


def _offer(o: rx.Var[Offer]) -> rx.Component:
    state = PolicyStartState
    act = rx.cond(
        o.begun_id > 0,
        ui.link_button(rx.cond(o.begun == "待审核", "查看申请", "继续填写"), o.href),
        ui.show(
            o.open, ui.button("发起申请", state.start(o.id), "primary", aria_label="发起申请：" + o.name)
        ),
    )
    return ui.card(
        o.name,
        rx.el.div(
            rx.el.p(
                ui.tag(o.state_label, o.tone),
                ui.chip(o.category),
                ui.show(o.left != "", rx.el.b(o.left)),
                ui.show(o.begun != "", ui.chip("已开始：" + o.begun)),
                class_name="row",
            ),
            ui.description_list(
                [
                    ("申报时间", o.window, "wide"),
                    ("适用对象", o.who, "wide"),
                    ("奖补标准", o.paid, "wide"),
                    ("选取记录", rx.cond(o.records == "", "不需要选取记录", o.records), "wide"),
                ]
            ),
            ui.show(
                o.reasons.length() > 0,
                ui.note(
                    "不能申请：",
                    "warning",
                    rx.el.ul(rx.foreach(o.reasons, lambda r: rx.el.li(r)), class_name="bullets"),
                ),
            ),
            rx.el.div(
                act,
                ui.link("查看政策", href(PUBLIC_POLICY, o.id), aria_label="查看政策：" + o.name),
                class_name="row",
            ),
            class_name="stack",
        ),
        key=o.id,
    )
