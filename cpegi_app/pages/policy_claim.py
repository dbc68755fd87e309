"""政策兑现: what was granted, the claim's form, the staff's queue and desk (manual §8.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from cpegi_app.access import CLAIM_QUEUE, CLAIM_REVIEW, POLICY_CLAIM, POLICY_CLAIMS, POLICY_TRAIL
from cpegi_app.pages import ui
from cpegi_app.pages.desk import changes_note, draft, stands, titled, unless_withdrawn
from cpegi_app.pages.form import LONGEST, field_of, href, list_page, problem, summary, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_parts import MENU, group, viewer, way, withdraw_dialog
from cpegi_app.pages.review import (
    checks_card,
    data_cards,
    files_card,
    history_card,
    opinion,
    opinion_label,
    return_note,
)
from cpegi_app.services.policy_claim import RECEIPT, ClaimForm
from cpegi_app.services.policy_claim_list import EVERY, SHOWN
from cpegi_app.services.policy_standing import STANDINGS
from cpegi_app.state.policy_claim import (
    ClaimQueueState,
    ClaimReviewState,
    PolicyClaimsState,
    PolicyClaimState,
)
from cpegi_app.vocabulary import Status


@dataclass(frozen=True)
class _Slot:
    """The receipt's place, as the upload field asks for it."""

    value: str
    label: str


RECEIPT_SLOT: Any = _Slot(RECEIPT, "收款收据")


@page(POLICY_CLAIMS, PolicyClaimsState.load)
def policy_claims() -> rx.Component:
    """What was granted to the own organisation, and what to do next."""
    state = PolicyClaimsState

    def row(g: Any) -> list:
        act = rx.cond(
            g.href != "",
            ui.link(g.action, g.href),
            ui.show(g.action != "", ui.button(g.action, state.start(g.id), "text")),
        )
        return [
            rx.el.div(ui.link(g.policy, g.application), rx.el.p(g.receipt, class_name="small muted")),
            g.amount,
            rx.el.div(
                ui.tag(g.state, g.tone),
                ui.show(g.note != "", rx.el.p(g.note, class_name="small muted")),
                ui.show(g.voucher != "", rx.el.p(g.voucher, class_name="small")),
            ),
            g.window,
            [act],
        ]

    return rx.fragment(
        ui.crumbs(MENU, POLICY_CLAIMS.title),
        ui.page_head(
            POLICY_CLAIMS.title,
            lead="审核通过并公示无异议的奖补，在兑现时间内确认金额、填写收款账户并上传收据，审核后拨付到本单位账户。",
        ),
        list_page(
            state,
            [
                ui.Col("政策", wrap=True),
                ui.Col("奖补金额", unit="元", num=True, sort="amount"),
                ui.Col("状态", wrap=True),
                ui.Col("兑现时间", wrap=True),
                ui.Col("操作", ops=True),
            ],
            row,
            "奖补兑现",
            query=[
                ui.field("word", "政策/编号", ui.text_input("word", placeholder="政策名称或受理编号")),
                ui.field("state", "状态", ui.select_input("state", list(STANDINGS.items()), blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有可以兑现的奖补", "政策申请审核通过后会显示在这里。", icon_name="coins"
            ),
        ),
    )


@page(POLICY_CLAIM, PolicyClaimState.load)
def policy_claim() -> rx.Component:
    """The claim: amount, payee, receipt; or what became of it."""
    state, view = PolicyClaimState, PolicyClaimState.view
    key = "policy-claim-" + state.row_id.to_string()
    return rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "兑现申请已提交",
                rx.fragment("兑现金额 ", state.amount, " 元。"),
                ui.link_button("返回政策兑现", POLICY_CLAIMS.route, "primary"),
                next_steps=[
                    "审核收款账户和收据",
                    "编入拨付批次，由财务部门拨付",
                    "到账后收到通知，可查看凭证号",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs(MENU, (POLICY_CLAIMS.title, POLICY_CLAIMS.route), POLICY_CLAIM.title),
            ui.page_head(
                rx.cond(view.title != "", view.title, POLICY_CLAIM.title),
                ui.link_button("返回列表", POLICY_CLAIMS.route),
                ui.show(view.can_withdraw, ui.button("撤回", state.withdraw(False))),
                status=ui.tag(view.status_label, view.tone),
            ),
            ui.show(state.steps.length() > 0, ui.card("办理进度", way(state.steps))),
            ui.show(
                state.failed != "",
                ui.note(rx.fragment(state.failed, "。请核对收款账户，重新填写后提交。"), "error"),
            ),
            rx.cond(state.editable, _editor(key), _standing()),
            withdraw_dialog(state, "兑现时间已过，仍要撤回吗", "不撤回", "仍要撤回"),
        ),
    )


def _editor(key: Any) -> rx.Component:
    state = PolicyClaimState
    payee = [field_of(ClaimForm.spec(n), state) for n in ("payee_name", "bank", "account_no")]
    return ui.form(
        ui.enter_guard(),
        return_note(state),
        ui.show(state.still != "", ui.note(state.still, "warning")),
        summary(state),
        ui.card(
            "兑现金额",
            rx.el.div(
                ui.description_list(
                    [("收款单位", state.org), ("兑现金额", rx.el.b(state.amount, " 元"))], columns=2
                ),
                field_of(ClaimForm.spec("confirmed"), state),
                class_name="stack",
            ),
        ),
        ui.card("收款账户", ui.form_grid(*payee)),
        ui.card("收据", upload_field(RECEIPT_SLOT, state, required=True)),
        ui.form_foot(
            ui.submit("暂存", "save", "default"), ui.submit("提交"), note="资金只拨付到与单位名称一致的账户。"
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def _standing() -> rx.Component:
    view = PolicyClaimState.view
    decided = view.status != Status.PENDING.value
    return ui.show(
        view.status != "",
        ui.show(decided & (view.reason != ""), opinion(view)),
        rx.el.div(
            rx.el.div(data_cards(view), class_name="stack"),
            rx.el.div(files_card(view), history_card(view), class_name="stack"),
            class_name="cols-main",
        ),
    )


# --- the staff ----------------------------------------------------------------------------------------


@page(CLAIM_QUEUE, ClaimQueueState.load)
def claim_queue() -> rx.Component:
    """The claims that wait, oldest first."""
    state = ClaimQueueState
    return rx.fragment(
        ui.crumbs(MENU, CLAIM_QUEUE.title),
        ui.page_head(CLAIM_QUEUE.title),
        list_page(
            state,
            [
                ui.Col("申请单位 / 政策", wrap=True),
                "受理编号",
                ui.Col("兑现金额", unit="元", num=True, sort="amount"),
                ui.Col("收款账户", wrap=True),
                ui.Col("提交时间 / 已等待", sort="submitted"),
                "状态",
                ui.Col("操作", ops=True),
            ],
            lambda c: [
                rx.el.div(
                    ui.link(c.org, c.href),
                    ui.show(c.again, ui.chip("拨付失败后重新申请")),
                    rx.el.p(c.policy, class_name="small muted"),
                ),
                c.receipt,
                c.amount,
                ui.two_lines(c.payee, c.bank + " · " + c.account),
                ui.two_lines(c.submitted, c.waiting),
                ui.tag(c.status, c.tone),
                [ui.link("办理", c.href)],
            ],
            "兑现审核队列",
            query=[
                ui.field("word", "单位", ui.text_input("word", placeholder="单位名称中的字")),
                ui.field(
                    "status",
                    "状态",
                    ui.select_input(
                        "status",
                        [(s, Status.label_of(s)) for s in SHOWN[1:]] + [(EVERY, "全部")],
                        blank="待审核",
                    ),
                ),
            ],
            empty=ui.empty_state("没有等待审核的兑现申请", "申请单位提交后会出现在这里。"),
        ),
    )


@page(CLAIM_REVIEW, ClaimReviewState.load)
def claim_review() -> rx.Component:
    """One claim at the reviewer's desk."""
    state, desk = ClaimReviewState, ClaimReviewState.desk
    return rx.fragment(
        ui.crumbs(MENU, (CLAIM_QUEUE.title, CLAIM_QUEUE.route), CLAIM_REVIEW.title),
        ui.page_head(
            titled(state, desk.org, CLAIM_REVIEW.title),
            ui.show(
                desk.application_id > 0,
                ui.link_button("来龙去脉", href(POLICY_TRAIL, desk.application_id)),
            ),
            ui.link_button("返回队列", CLAIM_QUEUE.route),
            status=stands(state, desk.view.status_label, desk.view.tone),
            number=desk.number,
        ),
        rx.cond(
            state.loaded,
            unless_withdrawn(
                state,
                ui.link_button("返回队列", CLAIM_QUEUE.route, "primary", id="next"),
                rx.cond(desk.open, _claim_open(), _claim_closed()),
            ),
            ui.card("", ui.skeleton(6)),
        ),
    )


def _claim_open() -> rx.Component:
    state, desk, view = ClaimReviewState, ClaimReviewState.desk, ClaimReviewState.desk.view
    return ui.form(
        ui.enter_guard(),
        summary(state),
        rx.el.div(
            rx.el.div(
                changes_note(desk),
                checks_card(view),
                rx.foreach(desk.groups, lambda g: group(state, g, desk.markable, True)),
                history_card(view),
                class_name="stack",
            ),
            rx.el.div(viewer(state, desk.slots, True), class_name="desk-side"),
            class_name="desk",
        ),
        rx.el.section(
            ui.field(
                "comment",
                opinion_label(view.can_reject),
                ui.textarea("comment", rows=2, max_length=LONGEST, placeholder="退回、不通过时必填"),
                error=problem(state, "comment"),
            ),
            rx.el.div(
                ui.submit("退回", "return", "default", size="lg"),
                ui.submit("审核不通过", "reject", "danger", size="lg"),
                ui.submit("审核通过", "approve", "primary", size="lg"),
                class_name="desk-acts",
            ),
            class_name="desk-foot",
            aria_label="审核决定",
        ),
        on_submit=state.decide,
        draft=draft("claim-review", view),
        version=view.version.to_string(),
        key=state.form_key,
    )


def _claim_closed() -> rx.Component:
    state, desk, view = ClaimReviewState, ClaimReviewState.desk, ClaimReviewState.desk.view
    return rx.fragment(
        ui.draft_clear(draft("claim-review", view)),
        ui.card(
            "",
            rx.el.div(
                ui.note(
                    rx.cond(state.done != "", rx.fragment("办理完成：", desk.last_word), desk.last_word),
                    rx.match(view.tone, ("green", "success"), ("red", "error"), "info"),
                ),
                rx.el.div(
                    ui.link_button("返回队列", CLAIM_QUEUE.route, "primary", id="next"), class_name="row"
                ),
                class_name="stack",
            ),
            class_name="decision",
        ),
        rx.el.div(
            rx.el.div(
                rx.foreach(desk.groups, lambda g: group(state, g, desk.markable, False)),
                history_card(view),
                class_name="stack",
            ),
            rx.el.div(viewer(state, desk.slots, False), class_name="desk-side"),
            class_name="desk",
        ),
    )
