"""线下贷款备案: the batches, and one batch with its import, rows and proofs (manual §5.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import FILING, FILINGS, LOANS
from cpegi_app.pages import ui
from cpegi_app.pages.form import field_of, groups, href, list_page, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.offline_import import import_card, pick_files, sending
from cpegi_app.pages.offline_rows import (
    clearing_dialog,
    discarding_dialog,
    filing_columns,
    filing_row,
    giving_up_dialog,
    removal_dialog,
    rows_query,
)
from cpegi_app.pages.review import history_card, opinion
from cpegi_app.services.offline_form import FilingForm, OfflineLoanForm
from cpegi_app.state.form import UPLOAD_BYTES
from cpegi_app.state.offline_import import FilingImportState
from cpegi_app.state.offline_loan import MANY, SLOTS, FilingListState, FilingState
from cpegi_app.vocabulary import Status

ABOUT = "filing-about"
STATUSES = [(s.value, s.label) for s in Status if s is not Status.REJECTED]


@page(FILINGS, FilingListState.load)
def filings() -> rx.Component:
    """The institution's own batches (备案申请)."""
    state = FilingListState
    return rx.fragment(
        ui.crumbs("线下贷款备案", FILINGS.title),
        ui.page_head(
            FILINGS.title,
            ui.button("添加备案", state.add, "primary", icon_name="plus"),
            lead="将平台以外发放的贷款成批备案：下载模板填写，导入后上传放款证明，提交平台审核。",
        ),
        list_page(
            state,
            [
                ui.Col("备案名称", clip=True),
                "备案期间",
                ui.Col("笔数", num=True),
                ui.Col("放款合计", num=True),
                "状态",
                ui.Col("提交时间", sort="sent"),
                ui.Col("操作", ops=True),
            ],
            _batch_row,
            "备案申请列表",
            query=[
                ui.field("word", "备案名称", ui.text_input("word", placeholder="名称中的字")),
                ui.field("status", "状态", ui.select_input("status", STATUSES, blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有备案", "点击“添加备案”，下载模板填写后导入，或逐笔添加。", icon_name="file"
            ),
        ),
        _new_dialog(),
    )


def _batch_row(row: Any) -> list:
    return [
        row.name,
        row.period,
        row.rows,
        row.amount,
        rx.el.span(
            ui.tag(row.status_label, row.tone),
            rx.cond(row.missing > 0, ui.chip(row.missing.to_string() + " 笔缺证明"), rx.fragment()),
            class_name="row",
        ),
        row.submitted,
        [ui.link(rx.cond(row.editable, "办理", "查看"), href(FILING, row.id))],
    ]


def _new_dialog() -> rx.Component:
    state = FilingListState
    return ui.dialog(
        state.adding,
        "添加备案",
        ui.form(
            summary(state),
            *(field_of(s, state) for s in FilingForm.specs()),
            ui.form_foot(ui.button("取消", state.close), ui.submit("创建备案")),
            on_submit=state.create,
            key=state.form_key,
        ),
        on_close=state.close,
    )


@page(FILING, FilingState.load, FilingImportState.load)
def filing() -> rx.Component:
    """One batch: import, rows, proofs, 提交; or what became of it."""
    state = FilingState
    return rx.cond(
        state.sent | state.gone | (state.lost != ""),
        rx.cond(state.sent, _sent(), rx.cond(state.gone, _gone(), _lost())),
        rx.fragment(
            ui.crumbs("线下贷款备案", (FILINGS.title, FILINGS.route), "编辑备案"),
            ui.page_head(
                rx.cond(state.row.name == "", "编辑备案", state.row.name),
                ui.show(
                    state.view.can_withdraw,
                    rx.cond(
                        state.view.status == Status.RETURNED.value,
                        ui.button("放弃备案", state.ask_give_up, class_name="is-danger"),
                        ui.button("撤回", state.withdraw),
                    ),
                ),
                ui.show(state.view.can_discard, ui.button("删除", state.ask_discard, class_name="is-danger")),
                ui.link_button("返回列表", FILINGS.route),
                rx.cond(state.row.editable, ui.submit("提交", "send", form=ABOUT), rx.fragment()),
                status=ui.tag(state.row.status_label, state.row.tone),
                number=state.row.period,
            ),
            ui.show(
                (state.view.reason != "") & (state.view.status != Status.DRAFT.value), opinion(state.view)
            ),
            rx.cond(state.row.editable, import_card(), rx.fragment()),
            _rows_card(),
            rx.cond(state.row.editable, _about_card(), rx.fragment()),
            history_card(state.view),
            _editor(),
            _proof_dialog(),
            removal_dialog(),
            clearing_dialog(),
            discarding_dialog(),
            giving_up_dialog(),
        ),
    )


def _about_draft() -> Any:
    return "filing-" + FilingState.batch_id.to_string()


def _row_draft() -> Any:
    return _about_draft() + "-row-" + FilingState.row_id.to_string()


def _sent() -> rx.Component:
    return rx.fragment(
        ui.draft_clear(_about_draft()),
        ui.result_page(
            "备案已提交",
            "平台管理人员审核通过后，备案的贷款登记到贷款台账。",
            ui.link_button("返回备案列表", FILINGS.route, "primary"),
            ui.link_button("查看贷款台账", LOANS.route),
            next_steps=[
                "平台核对放款证明和明细",
                "个别有问题的贷款会单独退回，不影响其余贷款",
                "审核结果会出现在消息通知中",
            ],
        ),
    )


def _gone() -> rx.Component:
    back = ui.link_button("返回备案列表", FILINGS.route, "primary")
    return rx.fragment(
        ui.draft_clear(_about_draft()),
        ui.draft_clear(_row_draft()),
        ui.result_page("备案批次已删除", "其中的贷款没有备案，需要时请重新添加备案。", back),
    )


def _lost() -> rx.Component:
    back = ui.link_button("返回备案列表", FILINGS.route, "primary")
    return ui.result_page("没有可以打开的备案批次", FilingState.lost, back, kind="error")


def _rows_card() -> rx.Component:
    state = FilingState
    missing = rx.cond(
        state.row.editable & (state.row.missing > 0),
        ui.note(
            state.row.missing.to_string()
            + " 笔还没有放款证明。可逐笔点击“点击上传”，或批量上传：文件名中含完整的借据编号或合同编号即可自动匹配，"
            + f"一次最多 {MANY} 个、合计 {UPLOAD_BYTES >> 20} MB。",
            "info",
            ui.button("只看缺证明的贷款", state.show_lacking, "text"),
        ),
        rx.fragment(),
    )
    left = ui.show(
        state.left.length() > 0,
        ui.note(
            "以下文件未匹配：",
            "warning",
            rx.el.ul(rx.foreach(state.left, lambda t: rx.el.li(t))),
            ui.button("已处理，清空列表", state.clear_left, "text"),
        ),
    )
    tools = rx.cond(
        state.row.editable,
        rx.fragment(
            ui.button("逐笔添加", state.edit(0), icon_name="plus"),
            pick_files("many", "批量上传证明", state, state.upload_many, MANY),
            sending(state),
        ),
        rx.fragment(),
    )
    clear = ui.show(
        state.row.editable & (state.row.rows > 0),
        ui.button("清空明细", state.ask_clear, "text", class_name="is-danger"),
    )
    return rx.el.section(
        rx.el.h2("备案成功的数据列表", class_name="card-title"),
        missing,
        left,
        list_page(
            state,
            filing_columns(),
            filing_row,
            "备案成功的数据列表",
            query=rows_query(),
            tools=[tools],
            end=[clear],
            empty=ui.empty_state(
                "还没有备案数据", "请在上方导入备案文件，或点击“逐笔添加”。", icon_name="file"
            ),
        ),
        class_name="stack",
    )


def _about_card() -> rx.Component:
    state = FilingState
    return ui.card(
        "备案信息",
        ui.form(
            ui.form_grid(*(field_of(s, state, state.about) for s in FilingForm.specs())),
            rx.el.div(ui.submit("保存备案信息", "save", "default"), class_name="row row-end"),
            on_submit=state.save_batch,
            draft=_about_draft(),
            version=state.view.version.to_string(),
            # Batches of the same version are told apart: a form that stays shows the other one's words.
            key=state.batch_id.to_string() + "-" + state.view.version.to_string(),
            custom_attrs={"id": ABOUT},
        ),
    )


def _editor() -> rx.Component:
    state = FilingState
    dialog = ui.dialog(
        state.editing,
        rx.cond(state.row_id > 0, "编辑贷款", "添加贷款"),
        ui.form(
            ui.show(
                state.replaces != "",
                ui.note("更正台账中的借据 " + state.replaces + "，审核通过后替换原记录。", "info"),
            ),
            summary(state),
            *groups(OfflineLoanForm, state),
            ui.form_foot(ui.button("取消", state.close_editor), ui.submit("保存")),
            on_submit=state.save_row,
            draft=_row_draft(),
            version=state.row_version.to_string(),
            key=state.form_key,
        ),
        on_close=state.close_editor,
        wide=True,
        ident="row",
    )
    # Saved or put away, what was typed is no draft any more; a session that ends does neither.
    return rx.fragment(dialog, ui.show(state.closed, ui.draft_clear(_row_draft())))


def _proofs_there() -> rx.Component:
    """What a row has got already, each with its kind, its preview and its removal."""
    state = FilingState

    def one(f: Any) -> rx.Component:
        return rx.el.li(
            ui.icon("file"),
            rx.el.span(f.slot_label, "：", f.name, class_name="file-name", title=f.name),
            rx.el.span(f.size, class_name="file-size"),
            rx.el.span(
                ui.file_link("预览", f.href, target="_blank", aria_label="预览" + f.name),
                ui.button(
                    "移除",
                    state.remove_proof(f.id),
                    "text",
                    class_name="is-danger",
                    aria_label="移除" + f.name,
                ),
                class_name="ops",
            ),
            class_name="file",
            key=f.id,
        )

    return rx.el.ul(rx.foreach(state.proofs, one), class_name="files", aria_label="已上传的放款证明")


def _proof_dialog() -> rx.Component:
    state = FilingState
    return ui.dialog(
        state.proof_row > 0,
        "上传放款证明",
        rx.el.p("借据 ", rx.el.b(state.proof_label), "：至少上传一个文件，PDF、JPG 或 PNG，不超过 10 MB。"),
        rx.el.div(
            *(
                pick_files(f"proof_{slot}", f"上传{label}", state, state.upload_proof, 6, slot)
                for slot, label in SLOTS
            ),
            sending(state),
            class_name="row",
        ),
        ui.show(state.proofs.length() > 0, _proofs_there()),
        on_close=state.close_proofs,
        actions=[ui.button("完成", state.close_proofs, "primary")],
        ident="proof",
    )
