"""The rows of a filing batch, as the institution and as the staff see them (manual §5.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.desk import file_tab
from cpegi_app.state.offline_loan import FilingState

ONLY = [("proof", "缺放款证明"), ("remark", "需核对"), ("return", "已标记退回")]
SINCE = ("since", "与上次提交不同")


def rows_query(*more: tuple[str, str]) -> list[rx.Component]:
    """The query bar over a batch's rows; `more` can be chosen as well."""
    return [
        ui.field("word", "关键词", ui.text_input("word", placeholder="企业名称或编号")),
        ui.field("only", "只看", ui.select_input("only", [*ONLY, *more], blank="全部")),
    ]


def filing_columns() -> list[Any]:
    """The columns on the institution's page."""
    return [
        ui.Col("借款企业", wrap=True),
        "借据编号 / 合同编号",
        ui.Col("放款金额", num=True, sort="amount"),
        ui.Col("放款日期 / 到期日", sort="lent"),
        ui.Col("年利率", num=True, sort="rate"),
        "放款证明",
        ui.Col("操作", ops=True),
    ]


def borrower_cell(row: Any) -> rx.Component:
    """The borrower, with what a correction changes, what is remarkable and why the row was returned."""
    return rx.el.div(
        rx.el.span(row.borrower),
        ui.show(row.replaces != "", ui.chip("更正")),
        rx.foreach(row.changes, lambda text: rx.el.p(text, class_name="small")),
        rx.foreach(row.remarks, lambda text: rx.el.p(text, class_name="small muted")),
        ui.returned_for(row.reason),
    )


def filed_again_cell(row: Any) -> rx.Component:
    """The borrower before the staff, with what was asked for at the row and what is otherwise than sent before."""
    asked = rx.el.p(rx.el.b("上次退回原因："), row.asked, class_name="small")
    return rx.el.div(
        borrower_cell(row),
        ui.show(row.is_new, rx.el.p(rx.el.span("本次新增", class_name="mark"), class_name="small")),
        ui.show(row.asked != "", asked),
        ui.show(row.since.length() > 0, rx.el.p(rx.el.span("已修改", class_name="mark"), class_name="small")),
        rx.foreach(row.since, lambda text: rx.el.p(text, class_name="small")),
        ui.show(
            (row.asked != "") & (row.since.length() == 0) & ~row.is_new,
            rx.el.p(rx.el.span("未修改", class_name="mark"), class_name="small"),
        ),
    )


def proofs_cell(row: Any, editable: Any) -> rx.Component:
    """The proofs of a row, each with its preview; 点击上传 while the batch can be changed."""
    state = FilingState

    def one(f: Any) -> rx.Component:
        remove = ui.button("移除", state.remove_proof(f.id), "text", aria_label="移除" + f.name)
        return rx.el.span(
            ui.file_link(f.slot_label, f.href, target="_blank", title=f.name),
            ui.show(editable, remove),
            class_name="row",
            key=f.id,
        )

    upload = ui.button("点击上传", state.open_proofs(row.id), "text")
    return rx.el.div(rx.foreach(row.proofs, one), ui.show(editable, upload))


def proofs_preview_cell(row: Any, preview: Any) -> rx.Component:
    """The proofs of a row before the staff: each opens over the page."""

    def one(f: Any) -> rx.Component:
        label = "预览借据 " + row.iou_no + " 的" + f.slot_label
        return rx.el.div(
            ui.button(f.slot_label, preview(f.id), "text", title=f.name, aria_label=label), key=f.id
        )

    return rx.el.div(
        rx.foreach(row.proofs, one), ui.show(row.proofs.length() == 0, rx.el.span("—", class_name="muted"))
    )


def preview_dialog(state: Any) -> rx.Component:
    """A row's proofs over the page: which one, the file itself, what it is to prove beside it."""
    row = state.seen

    def tab(f: Any) -> rx.Component:
        return file_tab(f, state.shown, state.preview(f.id))

    def file(f: Any) -> rx.Component:
        title = f.slot_label + "：" + f.name
        body = rx.el.div(
            rx.cond(
                f.kind == "pdf",
                rx.el.iframe(src=f.href, title=title, class_name="preview"),
                rx.el.div(
                    rx.el.img(src=f.href, alt=title, class_name="preview-img"),
                    class_name="preview preview-box",
                ),
            ),
            rx.el.div(
                rx.el.span(f.name, class_name="file-name", title=f.name),
                rx.el.span(f.size, class_name="file-size"),
                ui.file_link("新窗口打开", f.href, target="_blank"),
                ui.download_link("下载", f.href + "?download=1"),
                class_name="row small",
            ),
            class_name="stack-tight",
            key=f.id,
        )
        return rx.cond(state.shown == f.id, body, rx.fragment())

    return ui.dialog(
        state.shown > 0,
        rx.fragment("放款证明：借据 ", row.iou_no),
        rx.el.p(
            row.borrower,
            " · 合同 ",
            row.contract_no,
            " · ",
            row.amount,
            " · ",
            row.lent_on,
            " 至 ",
            row.due_on,
            " · 年利率 ",
            row.rate,
        ),
        rx.el.div(rx.foreach(row.proofs, tab), class_name="row", role="group", aria_label="放款证明"),
        rx.foreach(row.proofs, file),
        on_close=state.close_preview,
        wide=True,
        ident="proofs",
    )


def filing_row(row: Any) -> list:
    """The cells on the institution's page."""
    state = FilingState
    return [
        borrower_cell(row),
        ui.two_lines(row.iou_no, row.contract_no),
        row.amount,
        ui.two_lines(row.lent_on, row.due_on),
        row.rate,
        proofs_cell(row, state.row.editable),
        [
            ui.show(
                state.row.editable,
                rx.fragment(
                    ui.button("编辑", state.edit(row.id), "text"),
                    ui.button("删除", state.ask_remove(row.id), "text", class_name="is-danger"),
                ),
            )
        ],
    ]


def clearing_dialog() -> rx.Component:
    """Ask before every row is deleted."""
    state = FilingState
    return ui.dialog(
        state.clearing > 0,
        "清空全部明细？",
        rx.el.p(
            "本批备案的 ",
            rx.el.b(state.clearing),
            " 笔贷款和已上传的放款证明都将移除，备案信息保留。导错文件时可清空后重新导入。",
        ),
        on_close=state.keep_rows,
        actions=[
            ui.button("取消", state.keep_rows),
            ui.button("确认清空", state.clear, "danger"),
        ],
        ident="clear",
    )


def discarding_dialog() -> rx.Component:
    """Ask before a batch that was never sent is deleted."""
    state = FilingState
    return ui.dialog(
        state.discarding,
        "删除这批备案？",
        rx.el.p(
            rx.el.b(state.row.name),
            " 的 ",
            rx.el.b(state.row.rows),
            " 笔贷款、已上传的放款证明和导入记录都将删除，不能恢复。这些借据编号可在其他批次中重新备案。",
        ),
        on_close=state.keep_batch,
        actions=[
            ui.button("取消", state.keep_batch),
            ui.button("确认删除", state.discard, "danger"),
        ],
        ident="discard",
    )


def giving_up_dialog() -> rx.Component:
    """Ask before a returned batch is given up."""
    state = FilingState
    return ui.dialog(
        state.giving_up,
        "放弃这批备案？",
        rx.el.p(
            "放弃后，",
            rx.el.b(state.row.name),
            " 不再等待修改，待办事项中的提醒随之消失。其中的 ",
            rx.el.b(state.row.rows),
            " 笔贷款和已上传的放款证明都将移除，不能恢复；这些借据编号可在其他批次中重新备案。"
            "备案信息和审核记录保留，以后仍可导入明细后提交。",
        ),
        on_close=state.keep_returned,
        actions=[
            ui.button("取消", state.keep_returned),
            ui.button("确认放弃", state.give_up, "danger"),
        ],
        ident="give-up",
    )


def removal_dialog() -> rx.Component:
    """Ask before a row is deleted."""
    state = FilingState
    return ui.dialog(
        state.removing > 0,
        "删除这笔贷款？",
        rx.el.p("删除后，这笔贷款和它的放款证明将从本批备案中移除。需要时可重新导入或添加。"),
        on_close=state.ask_remove(0),
        actions=[
            ui.button("取消", state.ask_remove(0)),
            ui.button("确认删除", state.remove, "danger"),
        ],
        ident="remove",
    )
