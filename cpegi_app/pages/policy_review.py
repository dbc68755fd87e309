"""办理政策申请: lines with marks, materials, amounts, the decision with the reviewed amount (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import POLICY_QUEUE, POLICY_REVIEW, POLICY_TRAIL
from cpegi_app.pages import ui
from cpegi_app.pages.desk import changes_note, draft, stands, titled, unless_withdrawn
from cpegi_app.pages.form import LONGEST, href, problem, stored, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_parts import MENU, amounts_card, group, moves_card, viewer
from cpegi_app.pages.review import checks_card, history_card, opinion_label, opinion_name
from cpegi_app.services.policy_check import ANSWER_TITLE
from cpegi_app.state.policy_desk import PolicyReviewState

STEPS = ["受理", "形式审查", "业务审核", "公示", "兑现"]
# The stages as the desk counts them: each keeps its own draft of an opinion.
FORMAL, BUSINESS = 1, 2


@page(POLICY_REVIEW, PolicyReviewState.load)
def policy_review() -> rx.Component:
    """One application at the reviewer's desk."""
    state = PolicyReviewState
    head = ui.page_head(
        titled(state, "", POLICY_REVIEW.title),
        ui.link_button("返回队列", POLICY_QUEUE.route),
        status=stands(state, "", ""),
    )
    way_on = ui.link_button("返回队列", POLICY_QUEUE.route, "primary", id="next")
    return rx.fragment(
        ui.crumbs(MENU, (POLICY_QUEUE.title, POLICY_QUEUE.route), POLICY_REVIEW.title),
        rx.cond(
            state.loaded,
            unless_withdrawn(state, way_on, _desk(), head),
            rx.fragment(head, ui.card("", ui.skeleton(8))),
        ),
    )


def _desk() -> rx.Component:
    state = PolicyReviewState
    desk, view = state.desk, state.desk.view
    return rx.fragment(
        ui.page_head(
            desk.org,
            ui.link_button("来龙去脉", href(POLICY_TRAIL, view.id)),
            ui.link_button("返回队列", POLICY_QUEUE.route),
            status=rx.fragment(
                ui.tag(view.status_label, view.tone), ui.show(desk.stage != "", ui.chip(desk.stage))
            ),
            number=desk.number,
        ),
        ui.card("", _head()),
        rx.cond(desk.open, _open(), _closed()),
        _hand_over(),
        _end(),
    )


def _head() -> rx.Component:
    state, desk = PolicyReviewState, PolicyReviewState.desk
    holder = rx.cond(
        desk.holder != "",
        rx.el.span("办理人 ", rx.el.b(desk.holder)),
        ui.show(desk.free, rx.el.span("尚未领取", class_name="muted")),
    )
    return rx.el.div(
        ui.steps(STEPS, desk.step, bad=desk.is_bad),
        rx.el.div(
            rx.el.b(desk.view.title),
            rx.el.span("受理于 ", desk.received, class_name="muted"),
            ui.show(desk.corrections != "", rx.el.span(desk.corrections, class_name="muted")),
            ui.show(desk.waiting != "", ui.tag(desk.waiting, rx.cond(desk.late, "red", "blue"))),
            holder,
            ui.show(desk.free, ui.button("领取", state.take, "primary", size="sm")),
            ui.show(
                desk.can_release & (desk.colleagues.length() > 0),
                ui.button("转交", state.ask_hand_over, size="sm"),
            ),
            ui.show(
                desk.can_release & (desk.colleagues.length() == 0),
                rx.el.span("本环节没有其他办理人员，不能转交", class_name="muted"),
            ),
            ui.show(desk.can_release, ui.button("退回待领", state.give_back, size="sm")),
            class_name="row small",
        ),
        class_name="stack",
    )


def _open() -> rx.Component:
    state, desk = PolicyReviewState, PolicyReviewState.desk
    return ui.form(
        # What was written at the stage before stands in its decision, not in this one's.
        ui.show(desk.step > FORMAL, ui.draft_clear(_draft(FORMAL))),
        # Enter in a line's reason must not decide.
        ui.enter_guard(),
        rx.el.a("跳到审核意见", href="#f-comment", class_name="skip"),
        summary(state),
        rx.el.div(
            rx.el.div(
                changes_note(desk),
                ui.show(desk.answer != "", ui.note(f"申请单位{ANSWER_TITLE}：" + desk.answer, "warning")),
                checks_card(desk.view),
                rx.foreach(desk.groups, lambda g: group(state, g, desk.markable, True, state)),
                amounts_card(desk.amounts),
                moves_card(desk.moves),
                history_card(desk.view),
                class_name="stack",
            ),
            rx.el.div(viewer(state, desk.slots, True), class_name="desk-side"),
            class_name="desk",
        ),
        _decision(),
        on_submit=state.decide,
        draft=_draft(desk.step),
        version=desk.view.version.to_string(),
        key=state.form_key,
    )


def _draft(stage: Any) -> Any:
    """Return the name under which the browser keeps what is written at a stage."""
    stage = stage if isinstance(stage, int) else stage.to_string()
    return draft("policy-review", PolicyReviewState.desk.view) + f"-{stage}"


def _decision() -> rx.Component:
    """The reviewed amount, 审核意见 and the buttons: stays at the foot of the screen."""
    state, view, desk = PolicyReviewState, PolicyReviewState.desk.view, PolicyReviewState.desk
    return rx.el.section(
        rx.el.div(
            ui.field(
                "reviewed",
                "审核金额",
                ui.number_input("reviewed", stored(state, "reviewed"), unit="元"),
                help=rx.fragment("申请 ", desk.asked, "，系统计算 ", desk.computed, " 元"),
                error=problem(state, "reviewed"),
            ),
            ui.field(
                "reviewed_reason",
                "金额调整理由",
                ui.text_input("reviewed_reason", max_length=LONGEST, placeholder="与申请金额不同时必填"),
                error=problem(state, "reviewed_reason"),
            ),
            ui.field(
                "comment",
                opinion_label(view.can_reject),
                ui.textarea("comment", rows=2, max_length=LONGEST, placeholder="不通过时必填"),
                error=problem(state, "comment"),
            ),
            class_name="decide-fields",
        ),
        rx.el.div(
            ui.submit("保存标记", "mark", "default"),
            ui.show(view.can_return, ui.submit("退回补正", "return", "default", size="lg")),
            ui.show(view.can_reject, ui.submit("审核不通过", "reject", "danger", size="lg")),
            ui.show(view.can_approve, ui.submit("审核通过", "approve", "primary", size="lg")),
            class_name="desk-acts",
        ),
        class_name="desk-foot",
        aria_label="审核决定",
    )


def _closed() -> rx.Component:
    """Somebody else works on it, or it is decided: what it was, and the way on."""
    state, desk = PolicyReviewState, PolicyReviewState.desk
    said = rx.cond(
        state.done != "",
        rx.fragment("办理完成：", desk.last_word),
        rx.cond(
            (desk.view.status == "PENDING") & (desk.holder != ""),
            rx.fragment("由", desk.holder, "办理；如需由您办理，请其转交。"),
            rx.cond(
                desk.view.status == "RETURNED",
                rx.fragment("已退回补正，等待申请单位修改：", desk.last_word),
                rx.cond(desk.last_word != "", desk.last_word, "您不在这份申请当前环节的办理人员中。"),
            ),
        ),
    )
    return rx.fragment(
        *(ui.draft_clear(_draft(stage)) for stage in (FORMAL, BUSINESS)),
        ui.card(
            "",
            rx.el.div(
                ui.note(said, rx.match(desk.view.tone, ("green", "success"), ("red", "error"), "info")),
                ui.show(
                    (desk.view.reason != "") & (desk.view.status != "PENDING"),
                    rx.el.p(rx.el.b(opinion_name(desk.view)), desk.view.reason, class_name="prose"),
                ),
                ui.show(
                    desk.overdue,
                    ui.note(
                        "补正期限已过，申请单位仍未补正。可以终止办理，释放占用的记录和额度。", "warning"
                    ),
                ),
                rx.el.div(
                    ui.link_button("返回队列", POLICY_QUEUE.route, "primary", id="next"),
                    ui.show(desk.overdue, ui.button("终止办理", state.ask_close, "danger")),
                    class_name="row",
                ),
                class_name="stack",
            ),
            class_name="decision",
        ),
        rx.el.div(
            rx.el.div(
                checks_card(desk.view),
                rx.foreach(desk.groups, lambda g: group(state, g, desk.markable, False, state)),
                amounts_card(desk.amounts),
                moves_card(desk.moves),
                history_card(desk.view),
                class_name="stack",
            ),
            rx.el.div(viewer(state, desk.slots, False), class_name="desk-side"),
            class_name="desk",
        ),
    )


def _hand_over() -> rx.Component:
    state = PolicyReviewState
    options = rx.foreach(state.desk.colleagues, lambda c: rx.el.option(c.name, value=c.id))
    chooser = rx.el.select(
        rx.el.option("请选择", value=""),
        options,
        name="to",
        class_name="input",
        custom_attrs={"id": ui.control_id("to")},
    )
    return ui.dialog(
        state.handing,
        "转交给同一环节的人员",
        ui.form(
            ui.field("to", "接手人", chooser, required=True, error=problem(state, "to")),
            ui.field(
                "reason",
                "转交原因",
                ui.textarea("reason", rows=3, max_length=LONGEST),
                required=True,
                error=problem(state, "reason"),
            ),
            ui.form_foot(ui.button("取消", state.close), ui.submit("确认转交")),
            on_submit=state.hand_over,
        ),
        on_close=state.close,
        ident="hand",
    )


def _end() -> rx.Component:
    state = PolicyReviewState
    return ui.dialog(
        state.closing,
        "终止办理这份申请",
        ui.form(
            rx.el.p("申请单位未在期限内补正。终止后不能恢复，占用的记录和额度随即释放，可用于新的申请。"),
            ui.field(
                "reason",
                "终止原因",
                ui.textarea("reason", rows=3, placeholder="2 至 200 字，申请单位会看到"),
                required=True,
                error=problem(state, "reason"),
            ),
            ui.form_foot(ui.button("取消", state.close), ui.submit("确认终止", "end", "danger")),
            on_submit=state.end,
        ),
        on_close=state.close,
        ident="end",
    )
