"""政策审核: the queue of each stage with bulk approval; 办理概览 (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import POLICY_OVERVIEW, POLICY_QUEUE
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, list_page
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_parts import MENU, pick, policy_choice
from cpegi_app.services.policy_bulk import BulkRow
from cpegi_app.services.policy_check import ANSWER_TITLE
from cpegi_app.services.policy_queue import WHOSE
from cpegi_app.state.policy_desk import PolicyOverviewState, PolicyQueueState


@page(POLICY_QUEUE, PolicyQueueState.load)
def policy_queue() -> rx.Component:
    """What waits at a stage, what is due first on top."""
    state = PolicyQueueState
    return rx.fragment(
        ui.crumbs(MENU, POLICY_QUEUE.title),
        ui.page_head(
            POLICY_QUEUE.title,
            ui.link_button("办理概览", POLICY_OVERVIEW.route),
            lead="按承诺办结日期排列，补正期间不计时。领取后由您办理，其他人员不能再审核。",
        ),
        rx.el.div(
            rx.foreach(state.stages, _stage), class_name="choices", role="group", aria_label="审核环节"
        ),
        list_page(
            state,
            [
                "选择",
                ui.Col("申请单位 / 政策", wrap=True),
                ui.Col("受理编号 / 受理时间", sort="received"),
                ui.Col("申请金额 / 系统计算", unit="元", num=True, sort="asked"),
                ui.Col("办理时限", wrap=True, sort="due"),
                "办理人",
                ui.Col("操作", ops=True),
            ],
            _row,
            "政策审核队列",
            query=[
                ui.field("word", "单位/编号", ui.text_input("word", placeholder="名称或受理编号")),
                ui.field("policy", "政策", policy_choice(state.policies)),
                ui.field(
                    "whose",
                    "范围",
                    ui.select_input("whose", [(k, v) for k, v in WHOSE.items() if k], blank="全部"),
                ),
            ],
            tools=[
                ui.button("本页全选", state.choose_page),
                ui.button("批量通过", state.foresee, "primary", disabled=state.chosen.length() == 0),
                rx.el.span("已选 ", state.chosen.length(), " 件", class_name="muted small"),
            ],
            empty=ui.empty_state(
                "没有等待办理的申请", "新的申请受理后会出现在这里；也可以切换环节或调整查询条件。"
            ),
        ),
        _bulk(),
    )


def _stage(s: Any) -> rx.Component:
    return rx.el.button(
        s.label,
        "（",
        s.count,
        "）",
        type="button",
        on_click=PolicyQueueState.show_stage(s.code),
        aria_pressed=rx.cond(PolicyQueueState.stage == s.code, "true", "false"),
        class_name="choice",
        key=s.code,
    )


def _row(r: Any) -> list:
    state = PolicyQueueState
    waiting = rx.el.span(r.waiting, class_name=rx.cond(r.late, "strong", ""))
    return [
        pick(state.chosen.contains(r.id), state.choose(r.id), "选择 " + r.org),
        rx.el.div(
            ui.link(r.org, r.href),
            ui.show(r.again, ui.chip("补正后")),
            rx.el.p(r.policy, class_name="small muted"),
        ),
        ui.two_lines(r.receipt, r.received),
        rx.el.div(
            r.asked,
            rx.el.p(r.computed, class_name="small muted"),
            ui.show(r.reviewed != "", rx.el.p("审核 ", r.reviewed, class_name="small strong")),
        ),
        rx.el.div(ui.show(r.late, ui.tag("超期", "red")), waiting),
        rx.cond(r.holder == "", rx.el.span("待领取", class_name="muted"), r.holder),
        [
            ui.show(r.free, ui.button("领取", state.take(r.id), "text")),
            ui.link(rx.cond(r.mine, "办理", "查看"), r.href),
        ],
    ]


def _bulk() -> rx.Component:
    """What a bulk approval will do, then what it did."""
    state = PolicyQueueState

    def one(r: rx.Var[BulkRow]) -> list:
        verdict = rx.cond(r.ok, ui.tag(r.after, "green"), ui.tag("不能批量通过", "red"))
        return [
            rx.el.div(r.org, rx.el.p(r.receipt, class_name="small muted")),
            r.amount,
            rx.el.div(
                verdict,
                ui.show(r.text != "", rx.el.p(r.text, class_name="small")),
                ui.show(r.answer != "", rx.el.p(ANSWER_TITLE, "：", r.answer, class_name="small")),
            ),
        ]

    columns = [
        ui.Col("申请单位", wrap=True),
        ui.Col("审核金额", unit="元", num=True),
        ui.Col("结果", wrap=True),
    ]
    before = rx.el.p(
        "将通过 ",
        rx.el.b(state.bulk_good),
        " 件，审核金额合计 ",
        rx.el.b(state.bulk_amount),
        " 元；每件按单件审核的同样规则核验，有问题的不会通过。",
    )
    after = ui.note(
        rx.fragment(
            "办理完成，已通过 ",
            state.bulk_good,
            " 件",
            rx.cond(
                state.bulk.length() > state.bulk_good,
                rx.fragment(
                    "，未通过 ", state.bulk.length() - state.bulk_good, " 件；未通过的请按原因逐件办理。"
                ),
                "。",
            ),
        ),
        "success",
    )
    return ui.dialog(
        state.bulk_open,
        "批量通过",
        ui.form(
            rx.cond(state.bulk_done, after, before),
            ui.plain_table(columns, state.bulk, one, "批量通过的申请", stack=True),
            ui.show(
                ~state.bulk_done,
                ui.field("bulk_comment", "审核意见", ui.text_input("bulk_comment", max_length=LONGEST)),
                ui.form_foot(
                    ui.button("取消", state.close),
                    ui.submit("确认通过", "approve", disabled=state.bulk_good == 0),
                ),
            ),
            ui.show(state.bulk_done, ui.form_foot(ui.button("关闭", state.close, "primary"))),
            on_submit=state.approve_chosen,
        ),
        on_close=state.close,
        wide=True,
        ident="bulk",
    )


# --- overview -----------------------------------------------------------------------------------------


@page(POLICY_OVERVIEW, PolicyOverviewState.load)
def policy_overview() -> rx.Component:
    """Every policy's applications by where they stand, and its money."""
    state = PolicyOverviewState

    def row(r: Any) -> list:
        late = ui.show(r.late > 0, ui.tag(rx.fragment("超期 ", r.late), "red"))
        return [
            r.name,
            r.total,
            ui.two_lines(rx.fragment("形审 ", r.formal, " · 业审 ", r.business), late),
            r.returned,
            ui.two_lines(
                rx.fragment("通过 ", r.approved),
                rx.fragment(
                    "不通过 ", r.rejected, ui.show(r.revoked > 0, rx.fragment(" · 已取消 ", r.revoked))
                ),
            ),
            rx.el.div(
                r.asked,
                rx.el.p(r.granted, class_name="small muted"),
                ui.show(r.revoked > 0, rx.el.p("已取消 ", r.revoked_amount, class_name="small muted")),
            ),
            ui.two_lines(r.held, rx.fragment("预算 ", r.budget)),
            r.paid,
        ]

    return rx.fragment(
        ui.crumbs(MENU, (POLICY_QUEUE.title, POLICY_QUEUE.route), POLICY_OVERVIEW.title),
        ui.page_head(POLICY_OVERVIEW.title, ui.link_button("返回政策审核", POLICY_QUEUE.route)),
        list_page(
            state,
            [
                ui.Col("政策", wrap=True),
                ui.Col("受理", unit="件", num=True),
                "待审核（件）",
                ui.Col("补正中", unit="件", num=True),
                "已办结（件）",
                ui.Col("申请 / 审核通过", unit="元", num=True),
                ui.Col("已占用", unit="元", num=True, sort="held"),
                ui.Col("已拨付", unit="元", num=True, sort="paid"),
            ],
            row,
            "政策办理概览",
            query=[ui.field("word", "政策", ui.text_input("word", placeholder="政策名称中的字"))],
            empty=ui.empty_state("还没有发布的政策", "政策发布后，这里按政策统计申请和资金。"),
        ),
    )
