"""我的融资项目: list, editor in steps, who looked (manual §6.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PROJECT_EDIT, PROJECT_READERS, PROJECTS, PUBLIC_PROJECT
from cpegi_app.pages import ui
from cpegi_app.pages.form import field_of, href, list_page, summary, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import leavable, leave_button, outcome_panel, return_note
from cpegi_app.services.equity_form import (
    ABOUT,
    FILES,
    SHARE_BAD,
    SHARE_OK,
    STEPS,
    SUM_BAD,
    SUM_OK,
    TEAM,
    TERMS,
    TOLERANCE,
    ProjectForm,
)
from cpegi_app.services.equity_list import OpeningRow, ProjectRow
from cpegi_app.state.equity_project import ProjectEditState, ProjectListState, ProjectReadersState
from cpegi_app.vocabulary import FileSlot, Status
from cpegi_app.vocabulary.equity import ProjectState

STATUSES = [
    *ProjectState.options(),
    *[(s.value, s.label) for s in Status if s in ("DRAFT", "PENDING", "RETURNED")],
]


@page(PROJECTS, ProjectListState.load)
def projects() -> rx.Component:
    """The enterprise's own projects, and how they are received."""
    state = ProjectListState
    return rx.fragment(
        ui.crumbs(PROJECTS.menu, PROJECTS.title),
        ui.page_head(
            PROJECTS.title,
            ui.button("发布融资项目", state.add, "primary", icon_name="plus"),
            lead="项目经平台审核后在“股权融资”公开展示；估值和商业计划书仅向经认证的股权金融机构展示，每次打开都有记录。",
        ),
        list_page(
            state,
            [
                ui.Col("项目名称 / 更新时间", clip=True, sort="updated"),
                "轮次",
                ui.Col("融资额", num=True),
                "状态",
                ui.Col("浏览机构", num=True),
                ui.Col("收藏", num=True),
                ui.Col("感兴趣", num=True),
                ui.Col("查阅计划书", num=True),
                ui.Col("操作", ops=True),
            ],
            _row,
            "我的融资项目",
            query=[
                ui.field("word", "项目名称", ui.text_input("word", placeholder="名称中的字")),
                ui.field("status", "状态", ui.select_input("status", STATUSES, blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有融资项目",
                "点击“发布融资项目”分步填写项目介绍、融资方案和团队，上传商业计划书，提交后由平台审核。",
                icon_name="gift",
            ),
        ),
    )


def _row(row: rx.Var[ProjectRow]) -> list:
    state = ProjectListState
    return [
        ui.two_lines(row.name, row.updated),
        row.round,
        row.amount,
        rx.el.span(
            ui.tag(row.status, row.tone), ui.show(row.pending != "", ui.chip(row.pending)), class_name="row"
        ),
        row.viewed,
        row.favourites,
        row.interested,
        row.opened,
        [
            ui.show(
                ~row.closed,
                ui.button(
                    rx.cond(row.published, "变更", rx.cond(row.editable, "编辑", "查看")),
                    state.change(row.id),
                    "text",
                ),
            ),
            ui.show(
                row.published & ~row.closed,
                rx.cond(
                    row.open,
                    ui.button("撤下", state.set_down(row.id, True), "text"),
                    ui.button("重新发布", state.set_down(row.id, False), "text"),
                ),
            ),
            ui.show(row.open | row.closed, ui.link("查看", href(PUBLIC_PROJECT, row.id))),
            ui.show(row.published, ui.link("关注与查阅", href(PROJECT_READERS, row.id))),
        ],
    ]


# --- the editor -----------------------------------------------------------------------------------


@page(PROJECT_EDIT, ProjectEditState.load)
def project_edit() -> rx.Component:
    """The editor of a project in steps, or what became of it."""
    state = ProjectEditState
    title = rx.cond(
        state.editable, rx.cond(state.is_change, "变更融资项目", "发布融资项目"), PROJECT_EDIT.title
    )
    key = "project-" + state.row_id.to_string() + "-" + state.step.to_string()
    content = rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "已提交，等待平台审核",
                "平台管理人员审核通过后，项目将在“股权融资”中展示。",
                ui.link_button("返回我的融资项目", PROJECTS.route, "primary"),
                next_steps=[
                    "平台审核项目内容和商业计划书",
                    "审核结果会出现在消息通知中；如被退回，按原因修改后重新提交",
                    "发布后可在“关注与查阅”中查看浏览、收藏、感兴趣的机构数和商业计划书的查阅记录",
                ],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs(PROJECTS.menu, (PROJECTS.title, PROJECTS.route), title),
            ui.page_head(title, leave_button(state), ui.link_button("返回列表", PROJECTS.route)),
            rx.cond(state.editable, _editor(key), outcome_panel(state)),
        ),
    )
    return leavable(state, key, PROJECTS.route, content)


def _editor(key: Any) -> rx.Component:
    state = ProjectEditState
    last = len(STEPS) - 1
    return ui.form(
        # The first submit button of a form is what Enter presses: it goes on, like 保存并继续.
        rx.el.button(
            "继续", type="submit", data_intent="next", class_name="sr-only", tab_index=-1, aria_hidden="true"
        ),
        return_note(state),
        summary(state),
        ui.card("", rx.el.ol(*(_step(n, label) for n, label in enumerate(STEPS)), class_name="steps")),
        rx.match(state.step, (0, _fields(ABOUT)), (1, _terms()), (2, _fields(TEAM)), _files()),
        ui.form_foot(
            ui.show(state.step > 0, ui.submit("上一步", "step-" + (state.step - 1).to_string(), "default")),
            ui.submit("暂存", "save", "default"),
            rx.cond(state.step < last, ui.submit("保存并继续", "next"), ui.submit("提交")),
            note="每一步都会保存。提交后由平台审核，审核期间不可修改。",
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key + "-" + state.step.to_string(),
    )


def _step(n: int, label: str) -> rx.Component:
    """One step: a button that saves and leads there, with a mark where something must be put right."""
    state = ProjectEditState
    wrong = state.marked.contains(n)
    return rx.el.li(
        rx.el.button(
            label,
            ui.show(wrong, rx.el.span("（需更正）", class_name="small")),
            type="submit",
            data_intent=f"step-{n}",
            class_name="step-label step-pick",
        ),
        class_name=rx.cond(wrong, "step is-bad", rx.cond(state.step > n, "step is-done", "step")),
        aria_current=rx.cond(state.step == n, "step", "false"),
    )


def _fields(group: str) -> rx.Component:
    specs = [s for s in ProjectForm.specs() if s.group == group]
    return ui.card(group, ui.form_grid(*(field_of(s, ProjectEditState) for s in specs)))


def _terms() -> rx.Component:
    """融资方案 with its sums checked while one types."""
    state, spec = ProjectEditState, ProjectForm.spec
    return ui.card(
        TERMS,
        rx.el.div(
            ui.form_grid(*(field_of(spec(n), state) for n in ("round", "amount", "pre", "post"))),
            _arith("sum", "pre amount post", SUM_OK, SUM_BAD),
            ui.form_grid(*(field_of(spec(n), state) for n in ("share", "share_note"))),
            _arith("share", "amount post share", SHARE_OK, SHARE_BAD, within=str(TOLERANCE)),
            class_name="stack",
        ),
    )


def _arith(kind: str, of: str, fine: str, bad: str, within: str = "0") -> rx.Component:
    """A line that says in the browser whether the figures typed agree (assets/ui.js)."""
    props: Any = {"data_arith": kind, "data_of": of, "data_ok": fine, "data_bad": bad, "data_within": within}
    return rx.el.p(role="status", class_name="arith", **props)


def _files() -> rx.Component:
    state = ProjectEditState
    return ui.card(
        FILES,
        ui.form_grid(
            upload_field(
                FileSlot.PLAN,
                state,
                required=True,
                help="PDF，单个文件不超过 10 MB；仅向经认证的股权金融机构展示，机构每次打开都会记录并告知贵单位；平台审核人员的查阅另有审计记录",
            ),
            upload_field(
                FileSlot.PICTURE, state, help="JPG 或 PNG，单个文件不超过 10 MB，最多 6 张；公开展示"
            ),
        ),
    )


# --- who looked -------------------------------------------------------------------------------------


@page(PROJECT_READERS, ProjectReadersState.load)
def project_readers() -> rx.Component:
    """The counts of a project, and who opened its business plan."""
    state = ProjectReadersState
    counts = state.readers.counts
    return rx.fragment(
        ui.crumbs(PROJECTS.menu, (PROJECTS.title, PROJECTS.route), PROJECT_READERS.title),
        ui.page_head(
            PROJECT_READERS.title,
            ui.link_button("返回列表", PROJECTS.route),
            number=state.readers.name,
            lead="浏览、收藏和感兴趣只展示机构数；机构每次打开商业计划书都列出机构、人员和时间；平台审核人员的查阅另有审计记录。",
        ),
        rx.el.div(
            ui.stat_tile("浏览机构", counts.viewed, unit="家"),
            ui.stat_tile("收藏机构", counts.favourites, unit="家", tone="blue"),
            ui.stat_tile("感兴趣机构", counts.interested, unit="家", tone="green"),
            ui.stat_tile("查阅商业计划书", counts.opened, unit="家", tone="teal"),
            class_name="stats",
        ),
        list_page(
            state,
            ["机构名称", "机构类别", "查阅人", ui.Col("打开时间", sort="at")],
            _opening,
            "商业计划书查阅记录",
            query=[ui.field("word", "机构名称", ui.text_input("word", placeholder="名称中的字"))],
            empty=ui.empty_state(
                "还没有机构打开过商业计划书",
                "经认证的股权金融机构打开后，机构、人员和时间会列在这里。",
                icon_name="eye",
            ),
        ),
    )


def _opening(row: rx.Var[OpeningRow]) -> list:
    return [row.org, row.org_class, row.who, row.at]
