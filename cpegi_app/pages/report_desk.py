"""报告查阅, 报送情况, 报送要求: what the regulator reads and what the staff set (manual §7)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import REPORT_DUTIES, REPORT_MATRIX, REPORT_READ, REPORTS_READ
from cpegi_app.pages import ui
from cpegi_app.pages.form import field_of, href, list_page, list_query, pager, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import data_cards, history_card
from cpegi_app.services.report_calendar import MatrixCell, MatrixColumn, MatrixRow
from cpegi_app.services.report_desk import ReadRow
from cpegi_app.services.report_duty import AUDIENCES, PERIODIC, DutyForm, DutyRow
from cpegi_app.state.report_desk import (
    ReportDutiesState,
    ReportMatrixState,
    ReportReadState,
    ReportsReadState,
)
from cpegi_app.vocabulary import OrgClass, ReportKind

KINDS = [(k.value, k.label) for k in PERIODIC]


@page(REPORTS_READ, ReportsReadState.load)
def reports_read() -> rx.Component:
    """The approved reports."""
    state = ReportsReadState
    return rx.fragment(
        ui.crumbs(REPORTS_READ.menu, REPORTS_READ.title),
        ui.page_head(
            REPORTS_READ.title, lead="机构报送并经平台审核通过的报告。选择报告期后可打包下载，附目录表。"
        ),
        list_page(
            state,
            [
                ui.Col("报送机构", clip=True),
                "机构类别",
                "报告类型",
                ui.Col("报告期", sort="period"),
                ui.Col("报告名称", clip=True),
                ui.Col("文件", num=True),
                "统计表",
                ui.Col("报送时间", sort="sent"),
                ui.Col("操作", ops=True),
            ],
            _read_row,
            "报告列表",
            query=[
                ui.field("period", "报告期", ui.select_input("period", state.periods, blank="全部")),
                ui.field("kind", "报告类型", ui.select_input("kind", ReportKind.options(), blank="全部")),
                ui.field(
                    "org_class", "机构类别", ui.select_input("org_class", OrgClass.options(), blank="全部")
                ),
                ui.field("word", "机构/报告", ui.text_input("word", placeholder="名称中的字")),
            ],
            tools=_zip_tools(),
            empty=ui.empty_state(
                "没有符合条件的报告", "机构报送的报告审核通过后会出现在这里。", icon_name="file"
            ),
        ),
    )


def _zip_tools() -> list[Any]:
    state = ReportsReadState
    chosen = rx.el.select(
        rx.foreach(state.periods, lambda p: rx.el.option(p.label, value=p.value)),
        value=state.zip_period,
        on_change=state.pick_zip,
        aria_label="打包下载的报告期",
        class_name="input zip-period",
    )
    return [
        chosen,
        rx.cond(
            state.zip_count > 0,
            ui.download_link(
                rx.fragment(ui.icon("download"), "打包下载（", state.zip_count, " 份）"),
                "/reports/" + state.zip_period + ".zip",
                class_name="btn",
            ),
            ui.button("打包下载", icon_name="download", disabled=True),
        ),
        rx.el.span(
            rx.cond(
                state.zip_count > 0,
                "月度包同时包含当月报送的临时报告和重大事项报告",
                "该报告期还没有审核通过的报告，请选择其他报告期",
            ),
            class_name="muted small",
        ),
    ]


def _read_row(row: rx.Var[ReadRow]) -> list:
    return [
        row.org,
        row.org_class,
        row.kind,
        row.period,
        row.name,
        row.files,
        rx.cond(row.statistics, "有", "—"),
        row.handed_in,
        [ui.link("查阅", href(REPORT_READ, row.id), aria_label="查阅" + row.name)],
    ]


@page(REPORT_READ, ReportReadState.load)
def report_read() -> rx.Component:
    """One approved report: its data, its statistics, its files with a preview."""
    state, row = ReportReadState, ReportReadState.row
    return rx.fragment(
        ui.crumbs(REPORTS_READ.menu, (REPORTS_READ.title, REPORTS_READ.route), REPORT_READ.title),
        ui.page_head(
            rx.cond(row.name == "", REPORT_READ.title, row.name),
            ui.link_button("返回列表", REPORTS_READ.route),
            status=ui.tag(state.view.status_label, state.view.tone),
            number=row.org,
        ),
        ui.card(
            "",
            ui.description_list(
                [
                    ("报送机构", row.org),
                    ("机构类别", row.org_class),
                    ("报告类型", row.kind),
                    ("报告期", row.period),
                    ("报送时间", row.handed_in),
                    ("审核通过时间", row.approved),
                ]
            ),
        ),
        rx.el.div(
            rx.el.div(_files(), data_cards(state.view, state), class_name="stack"),
            rx.el.div(history_card(state.view), class_name="stack"),
            class_name="cols-main",
        ),
    )


def _files() -> rx.Component:
    state = ReportReadState

    def one(f: Any) -> rx.Component:
        return rx.el.li(
            ui.icon("file"),
            rx.el.span(f.name, class_name="file-name", title=f.name),
            rx.el.span(f.size, class_name="file-size"),
            rx.el.span(
                rx.cond(
                    f.kind != "xlsx",
                    ui.button("预览", state.preview(f.id), "text", aria_label="预览" + f.name),
                    rx.fragment(),
                ),
                ui.download_link("下载", f.href + "?download=1", aria_label="下载" + f.name),
                class_name="ops",
            ),
            class_name="file",
            key=f.id,
        )

    preview = rx.match(
        state.shown_kind,
        ("", rx.el.p("这份报告的文件请下载后查看。", class_name="muted")),
        ("pdf", rx.el.iframe(src=state.shown, title="报告文件预览", class_name="preview")),
        rx.el.img(src=state.shown, alt="报告文件预览", class_name="preview-img"),
    )
    return ui.card("报告文件", rx.el.ul(rx.foreach(state.view.files, one), class_name="files"), preview)


# --- the matrix -----------------------------------------------------------------------------------


@page(REPORT_MATRIX, ReportMatrixState.load)
def report_matrix() -> rx.Component:
    """Organisation × period: what is due, late or in."""
    state = ReportMatrixState
    return rx.fragment(
        ui.crumbs(REPORT_MATRIX.menu, REPORT_MATRIX.title),
        ui.page_head(
            REPORT_MATRIX.title,
            lead="每行一家机构，每列一个报告期。带链接的状态可点击打开报告；将鼠标移到状态上可看期限。",
        ),
        list_query(
            state,
            ui.field("kind", "报告类型", ui.select_input("kind", KINDS, KINDS[0][0], blank=None)),
            ui.field("year", "年份", ui.select_input("year", state.years, blank="最近")),
            ui.field("org_class", "机构类别", ui.select_input("org_class", OrgClass.options(), blank="全部")),
            ui.field("word", "机构名称", ui.text_input("word", placeholder="名称中的字")),
        ),
        ui.card(
            rx.fragment(
                state.kind_label, " · ", rx.cond(state.year > 0, state.year.to_string() + " 年", "最近各期")
            ),
            ui.toolbar(
                ui.button("导出", state.export, icon_name="download", disabled=state.total == 0),
            ),
            rx.cond(
                state.rows.length() > 0,
                _matrix_table(),
                rx.cond(
                    state.loading,
                    rx.el.div(ui.skeleton(6), class_name="card-body"),
                    ui.empty_state(
                        "没有需要报送的机构", "请检查查询条件；报送要求由平台管理人员在“报送要求”中设置。"
                    ),
                ),
            ),
            pager(state),
            flush=True,
        ),
    )


def _matrix_table() -> rx.Component:
    state = ReportMatrixState
    table = rx.el.table(
        rx.el.caption("报送情况", class_name="sr-only"),
        rx.el.thead(
            rx.el.tr(
                ui.sort_head(ui.Col("机构", sort="org"), state.sort, state.sort_by),
                ui.sort_head(ui.Col("机构类别", sort="class"), state.sort, state.sort_by),
                rx.foreach(state.columns, _matrix_head),
            )
        ),
        rx.el.tbody(rx.foreach(state.rows, _matrix_row)),
        class_name="table is-stack matrix",
    )
    return rx.el.div(table, role="region", tab_index=0, aria_label="报送情况", class_name="table-wrap")


def _matrix_head(column: rx.Var[MatrixColumn]) -> rx.Component:
    sums = rx.fragment("已报 ", column.handed_in, "/", column.asked)
    return rx.el.th(
        column.label,
        rx.cond(
            column.asked > 0,
            rx.el.small(
                sums, rx.cond(column.late > 0, rx.fragment("，逾期 ", column.late), ""), class_name="sub"
            ),
            rx.fragment(),
        ),
        scope="col",
        key=column.code,
    )


def _matrix_row(row: rx.Var[MatrixRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.org, scope="row", data_label="机构"),
        rx.el.td(row.org_class, data_label="机构类别"),
        rx.foreach(row.cells, _matrix_cell),
        key=row.id,
    )


def _matrix_cell(cell: rx.Var[MatrixCell]) -> rx.Component:
    mark = rx.cond(cell.tone == "", rx.el.span("—", class_name="muted"), ui.tag(cell.label, cell.tone))
    return rx.el.td(
        rx.el.div(
            rx.cond(cell.href != "", ui.link(mark, cell.href), mark),
            # A phone has no pointer to show a title to.
            ui.show(cell.hint != "", rx.el.p(cell.hint, class_name="phone-hint small muted")),
        ),
        title=cell.hint,
        data_label=cell.column,
        key=cell.column,
    )


# --- the duties -----------------------------------------------------------------------------------


@page(REPORT_DUTIES, ReportDutiesState.load)
def report_duties() -> rx.Component:
    """Who reports what, by when."""
    state = ReportDutiesState
    return rx.fragment(
        ui.crumbs(REPORT_DUTIES.menu, REPORT_DUTIES.title),
        ui.page_head(
            REPORT_DUTIES.title,
            ui.button("添加要求", state.edit(0), "primary", icon_name="plus"),
            lead="按机构类别或大类设置报送期限；同一报告类型，类别的要求优先于大类。机构从认证通过所在的报告期起报送。",
        ),
        list_page(
            state,
            [
                "适用机构",
                ui.Col("报告类型", sort="kind"),
                "报送期限",
                ui.Col("开始执行", sort="starts"),
                ui.Col("说明", clip=True),
                "状态",
                ui.Col("操作", ops=True),
            ],
            _duty_row,
            "报送要求",
            query=[
                # Named apart from the fields of the form in the dialog.
                ui.field("kind", "报告", ui.select_input("kind", KINDS, blank="全部")),
                ui.field(
                    "audience", "机构", ui.select_input("audience", list(AUDIENCES.items()), blank="全部")
                ),
                ui.field(
                    "active",
                    "状态",
                    ui.select_input("active", [("YES", "执行中"), ("NO", "已停用")], blank="全部"),
                ),
            ],
            empty=ui.empty_state(
                "没有符合条件的报送要求",
                "点击“添加要求”，机构的报送日历和到期提醒随即生效。",
                icon_name="calendar",
            ),
        ),
        _duty_dialog(),
        ui.dialog(
            state.stopping > 0,
            "停用报送要求",
            rx.el.p("将停用：", rx.el.b(state.stopping_text)),
            rx.el.p(
                "停用后机构不再看到该项待报送，也不再提醒；已报送的报告不受影响，可随时重新启用。",
                class_name="muted",
            ),
            on_close=state.close,
            actions=[ui.button("取消", state.close), ui.button("停用", state.stop, "danger")],
            ident="stop-duty",
        ),
    )


def _duty_row(row: rx.Var[DutyRow]) -> list:
    state = ReportDutiesState
    return [
        row.applies_to,
        row.kind,
        rx.el.div(row.rule, rx.foreach(row.before, lambda text: rx.el.p(text, class_name="small muted"))),
        row.starts_on,
        row.note,
        ui.tag(row.state, row.tone),
        [
            ui.button("修改", state.edit(row.id), "text"),
            rx.cond(
                row.active,
                ui.button("停用", state.ask_stop(row.id), "text", class_name="is-danger"),
                ui.button("启用", state.resume(row.id), "text"),
            ),
        ],
    ]


def _duty_dialog() -> rx.Component:
    state = ReportDutiesState
    body = ui.form(
        summary(state),
        ui.form_grid(*(field_of(spec, state) for spec in DutyForm.specs())),
        rx.cond(
            state.editing > 0,
            ui.note(
                "新期限用于按新期限尚未到期的报告期，已过期的报告期仍按原期限；期限有变的机构会收到通知。"
            ),
            rx.fragment(),
        ),
        rx.el.div(ui.button("取消", state.close), ui.submit("保存"), class_name="row row-end"),
        on_submit=state.save,
        key=state.form_key,
    )
    title = rx.cond(state.editing > 0, "修改报送要求", "添加报送要求")
    return ui.dialog(state.editing >= 0, title, body, on_close=state.close, wide=True, ident="duty")
