"""审核线下贷款备案: totals, the remarkable rows first, single rows returned, the decision (manual §5.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import FILING_REVIEW, QUEUE
from cpegi_app.pages import ui
from cpegi_app.pages.desk import draft, stands, titled, unless_withdrawn
from cpegi_app.pages.form import list_page, problem, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.offline_rows import (
    SINCE,
    filed_again_cell,
    preview_dialog,
    proofs_preview_cell,
    rows_query,
)
from cpegi_app.pages.review import checks_card, data_cards, history_card, next_up
from cpegi_app.state.offline_review import FilingReviewState


@page(FILING_REVIEW, FilingReviewState.load)
def filing_review() -> rx.Component:
    """A batch before the staff."""
    state = FilingReviewState
    return rx.fragment(
        ui.crumbs("审核管理", (QUEUE.title, QUEUE.route), "线下贷款备案"),
        ui.page_head(
            titled(state, state.row.name, FILING_REVIEW.title),
            ui.link_button("返回审核队列", QUEUE.route),
            status=stands(state, state.row.status_label, state.row.tone),
            number=state.row.rows.to_string() + " 笔 · " + state.row.amount,
        ),
        unless_withdrawn(state, next_up(state.upcoming), _case()),
        _mark_dialog(),
        preview_dialog(state),
    )


def _case() -> rx.Component:
    """What was decided on the batch, its data with the decision, and its rows."""
    state = FilingReviewState
    view = state.view
    return rx.fragment(
        ui.show(
            state.done != "",
            rx.el.div(
                ui.draft_clear(draft("filing-review", state.view)),
                ui.note("已" + state.done + "，结果已通知备案机构。", "success"),
                next_up(state.upcoming),
                class_name="stack",
            ),
        ),
        rx.el.div(
            rx.el.div(checks_card(view), data_cards(view), class_name="stack"),
            rx.el.div(
                rx.cond(view.can_approve, _decision(), rx.fragment()), history_card(view), class_name="stack"
            ),
            class_name="cols-main",
        ),
        _round(),
        list_page(
            state,
            [
                ui.Col("借款企业", wrap=True),
                "借据编号",
                ui.Col("放款金额", num=True, sort="amount"),
                ui.Col("放款日期", sort="lent"),
                ui.Col("年利率", num=True, sort="rate"),
                "担保方式",
                "五级分类",
                "放款证明",
                ui.Col("操作", ops=True),
            ],
            _row,
            "备案明细",
            query=rows_query(SINCE),
        ),
    )


def _round() -> rx.Component:
    """What a submission brings against the one before, above its rows."""
    sent = FilingReviewState.since
    body = rx.el.div(
        rx.el.b("第 ", sent.number, " 次提交"),
        ui.show(sent.reason != "", rx.el.p("上次退回原因：", sent.reason)),
        ui.show(sent.said != "", rx.el.p("与上次提交相比：", sent.said, "。")),
    )
    return ui.show(sent.number > 1, ui.note(body))


def _row(row: Any) -> list:
    state = FilingReviewState
    return [
        filed_again_cell(row),
        row.iou_no,
        row.amount,
        row.lent_on,
        row.rate,
        row.guarantee,
        row.five_class,
        proofs_preview_cell(row, state.preview),
        [
            ui.show(
                state.view.can_approve,
                ui.button(
                    rx.cond(row.reason == "", "退回", "修改退回"),
                    state.ask_mark(row.id, row.iou_no, row.reason),
                    "text",
                ),
            )
        ],
    ]


def _decision() -> rx.Component:
    state = FilingReviewState
    written = draft("filing-review", state.view)
    return ui.card(
        "审核",
        ui.form(
            summary(state),
            ui.show(
                state.row.returned > 0,
                ui.note(
                    "已标记退回 "
                    + state.row.returned.to_string()
                    + " 笔：通过后其余贷款登记台账，退回的另成一批由机构修改。",
                    "warning",
                ),
            ),
            ui.field(
                "comment",
                "审核意见",
                ui.textarea("comment", "", rows=4, max_length=500),
                help="整批退回时必须填写原因；个别贷款有问题时，在明细中点击“退回”。",
                error=problem(state, "comment"),
            ),
            rx.el.div(
                ui.submit("审核通过", "approve"), ui.submit("整批退回", "return", "default"), class_name="row"
            ),
            on_submit=state.decide,
            draft=written,
            version=state.version.to_string(),
            # Marking a row opens a form of its own; the opinion typed here stays.
            key=written,
        ),
        class_name="sticky",
    )


def _mark_dialog() -> rx.Component:
    state = FilingReviewState
    return ui.dialog(
        state.marking > 0,
        "退回这笔贷款",
        ui.form(
            rx.el.p("借据 ", rx.el.b(state.marking_label), "。其余贷款不受影响，仍可通过。"),
            ui.field(
                "reason",
                "退回原因",
                ui.textarea("reason", state.mark_reason, rows=3, max_length=200, data_autofocus="true"),
                required=True,
                help="备案机构会看到，200 字以内。",
                error=problem(state, "reason"),
            ),
            ui.form_foot(
                ui.button("取消", state.close_mark),
                ui.show(state.mark_reason != "", ui.submit("不退回这笔", "unmark", "default")),
                ui.submit("标记退回"),
            ),
            on_submit=state.mark,
            key=state.form_key,
        ),
        on_close=state.close_mark,
        ident="mark",
    )
