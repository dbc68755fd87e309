"""路演管理: the staff's list, and the desk of one roadshow (manual §6.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import STAFF_ROADSHOW, STAFF_ROADSHOWS
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, groups, href, list_page, problem, summary, upload_field
from cpegi_app.pages.layout import page
from cpegi_app.pages.roadshow import changes_card
from cpegi_app.services.roadshow import RoadshowForm
from cpegi_app.services.roadshow_after import GuestLine
from cpegi_app.services.roadshow_desk import Choice, StaffRoadshowRow
from cpegi_app.services.roadshow_guest import ProjectLine
from cpegi_app.state.roadshow import GuestListState, RoadshowDeskState, StaffRoadshowsState
from cpegi_app.vocabulary import FileSlot
from cpegi_app.vocabulary.equity import Attendance, RegistrationState, RoadshowState


@page(STAFF_ROADSHOWS, StaffRoadshowsState.load)
def staff_roadshows() -> rx.Component:
    """Every roadshow."""
    state = StaffRoadshowsState
    return rx.fragment(
        ui.crumbs(STAFF_ROADSHOWS.menu, STAFF_ROADSHOWS.title),
        ui.page_head(
            STAFF_ROADSHOWS.title,
            ui.button("新建路演", state.add, "primary", icon_name="plus"),
            lead="受邀单位才能看到路演并报名。发布后的变更和取消会通知全部已报名单位。",
        ),
        list_page(
            state,
            [
                ui.Col("路演主题", wrap=True),
                ui.Col("时间", sort="when"),
                ui.Col("地点", clip=True),
                "报名截止",
                ui.Col("已报名 / 名额", num=True),
                "状态",
                ui.Col("操作", ops=True),
            ],
            _row,
            "路演列表",
            query=[
                ui.field("word", "路演主题", ui.text_input("word", placeholder="主题中的字")),
                ui.field("state", "状态", ui.select_input("state", RoadshowState.options(), blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有路演", "点击“新建路演”，填写安排、邀请机构后发布。", icon_name="calendar"
            ),
        ),
    )


def _row(row: rx.Var[StaffRoadshowRow]) -> list:
    return [
        row.title,
        row.when,
        row.where,
        row.deadline,
        row.taken,
        ui.tag(row.state_label, row.tone),
        [ui.link("安排", href(STAFF_ROADSHOW, row.id), aria_label="安排" + row.title)],
    ]


@page(STAFF_ROADSHOW, RoadshowDeskState.load, GuestListState.load_guests)
def staff_roadshow() -> rx.Component:
    """The desk of one roadshow."""
    state, desk = RoadshowDeskState, RoadshowDeskState.desk
    return rx.fragment(
        ui.crumbs(STAFF_ROADSHOWS.menu, (STAFF_ROADSHOWS.title, STAFF_ROADSHOWS.route), STAFF_ROADSHOW.title),
        ui.page_head(
            rx.cond(desk.title == "", STAFF_ROADSHOW.title, desk.title),
            ui.show(desk.can_cancel, ui.button("取消路演", state.ask_cancel, "danger")),
            ui.link_button("返回列表", STAFF_ROADSHOWS.route),
            status=ui.show(desk.state != "", ui.tag(desk.state_label, desk.tone)),
            number=desk.when,
        ),
        ui.show(
            desk.id > 0,
            ui.show(desk.cancel_reason != "", ui.note("已取消。原因：" + desk.cancel_reason, "error")),
            _figures(),
            # A draft begins with its own form; once published, who comes is what the desk is opened for.
            rx.cond(
                desk.is_draft,
                rx.fragment(_form(), _invite(), _guests()),
                rx.fragment(
                    _invite(),
                    _guests(),
                    ui.show(desk.has_begun, _summary()),
                    ui.show(desk.can_edit, _form()),
                ),
            ),
            changes_card(desk.changes),
        ),
        _cancel_dialog(),
        _attend_dialog(),
    )


def _figures() -> rx.Component:
    desk = RoadshowDeskState.desk
    return ui.show(
        desk.state != RoadshowState.DRAFT.value,
        rx.el.div(
            ui.stat_tile("邀请单位", desk.invited, tone="blue", unit="家"),
            ui.stat_tile("报名单位", desk.registered, tone="green", unit="家"),
            ui.stat_tile("报名人数", desk.taken, tone="teal", unit="人"),
            ui.stat_tile("名额", desk.places, tone="grey", unit="人"),
            class_name="stats",
        ),
    )


# --- projects and invitations ---------------------------------------------------------------------------


def _search(label: str, placeholder: str, on_submit: Any) -> rx.Component:
    return rx.el.form(
        rx.el.input(
            name="word",
            type="search",
            class_name="input",
            placeholder=placeholder,
            aria_label=label,
            max_length=60,
        ),
        ui.button("查找", type_="submit", icon_name="search"),
        on_submit=on_submit,
        no_validate=True,
        class_name="row",
        role="search",
        aria_label=label,
    )


def _choices(found: Any, add: Any, word: str) -> rx.Component:
    def one(c: rx.Var[Choice]) -> rx.Component:
        return rx.el.li(
            rx.el.b(c.name),
            rx.el.span(c.note, class_name="muted"),
            ui.button(word, add(c.id), size="sm", aria_label=word + c.name),
            class_name="pick-row",
            key=c.id,
        )

    return ui.show(
        found.length() > 0, rx.el.ul(rx.foreach(found, one), class_name="picks", aria_label="查找结果")
    )


def _invite() -> rx.Component:
    state, desk = RoadshowDeskState, RoadshowDeskState.desk

    def shown(p: rx.Var[ProjectLine]) -> rx.Component:
        return rx.el.li(
            rx.el.b(p.name),
            rx.el.span(p.note, class_name="muted"),
            ui.button(
                "移除", state.remove_project(p.id), "text", class_name="is-danger", aria_label="移除" + p.name
            ),
            class_name="pick-row",
            key=p.id,
        )

    projects = ui.card(
        "参与项目",
        rx.el.div(
            _search("查找融资项目", "项目或企业名称中的字", state.look_projects),
            _choices(state.found_projects, state.add_project, "加入"),
            rx.cond(
                desk.projects.length() > 0,
                rx.el.ul(rx.foreach(desk.projects, shown), class_name="picks"),
                rx.el.p("还没有参与项目。加入项目后，项目方一并受邀。", class_name="muted"),
            ),
            class_name="stack",
        ),
    )
    guests = ui.card(
        "邀请对象",
        rx.el.div(
            _search("查找机构或企业", "机构或企业名称中的字", state.look_guests),
            _choices(state.found_guests, state.invite, "邀请"),
            rx.el.div(
                ui.button("邀请全部股权金融机构", state.invite_investors, icon_name="users"),
                rx.el.span("已邀请 ", rx.el.b(desk.invited), " 家", class_name="muted"),
                class_name="row",
            ),
            class_name="stack",
        ),
    )
    return ui.show(
        desk.state != RoadshowState.CANCELLED.value,
        ui.show(state.looked != "", ui.note(state.looked)),
        rx.el.div(projects, guests, class_name="cols-2"),
    )


def _guests() -> rx.Component:
    return list_page(
        GuestListState,
        [
            ui.Col("受邀单位", clip=True, sort="org"),
            "身份",
            "报名",
            ui.Col("参会人", clip=True),
            "联系电话",
            ui.Col("人数", num=True, sort="people"),
            "签到",
            ui.Col("备注", clip=True),
            ui.Col("操作", ops=True),
        ],
        _guest_row,
        "受邀与报名名单",
        query=[
            ui.field("word", "单位名称", ui.text_input("word", placeholder="名称中的字")),
            ui.field(
                "state",
                "报名",
                ui.select_input(
                    "state",
                    [(RegistrationState.REGISTERED.value, RegistrationState.REGISTERED.label)],
                    blank="全部",
                ),
            ),
        ],
        empty=ui.empty_state(
            "还没有邀请单位", "查找并邀请机构或企业，也可一次邀请全部股权金融机构。", icon_name="users"
        ),
    )


def _guest_row(g: rx.Var[GuestLine]) -> list:
    state, begun = GuestListState, RoadshowDeskState.desk.has_begun
    return [
        g.org,
        g.role,
        ui.tag(g.state, g.tone),
        rx.cond(g.visitor == "", "—", g.visitor),
        rx.cond(g.phone == "", "—", g.phone),
        rx.cond(g.people > 0, g.people.to_string(), "—"),
        rx.cond(g.attendance == "", "—", g.attendance),
        rx.cond(g.note == "", "—", g.note),
        [
            ui.show(
                begun & g.registered,
                ui.button("签到", state.open_guest(g.org_id), "text", aria_label="签到" + g.org),
            ),
            ui.show(
                ~g.registered & RoadshowDeskState.desk.can_edit,
                ui.button(
                    "移除",
                    state.uninvite(g.org_id),
                    "text",
                    class_name="is-danger",
                    aria_label="移除邀请" + g.org,
                ),
            ),
        ],
    ]


# --- the form -------------------------------------------------------------------------------------------


def _form() -> rx.Component:
    state, desk = RoadshowDeskState, RoadshowDeskState.desk
    reason = ui.card(
        "变更说明",
        ui.field(
            "reason",
            "变更原因",
            ui.textarea("reason", "", rows=2, max_length=LONGEST),
            required=True,
            help="连同变更的内容通知全部已报名单位",
            error=problem(state, "reason"),
        ),
    )
    return ui.form(
        summary(state),
        *groups(RoadshowForm, state),
        ui.card("附件", ui.form_grid(upload_field(FileSlot.ATTACHMENT, state))),
        ui.show(~desk.is_draft, reason),
        ui.form_foot(
            rx.cond(desk.is_draft, ui.submit("保存草稿", "save", "default"), rx.fragment()),
            rx.cond(desk.is_draft, ui.submit("发布", "publish"), ui.submit("保存变更", "save")),
            note=rx.cond(
                desk.is_draft, "发布后受邀单位收到邀请通知。", "保存后通知全部已报名单位，日历文件同步更新。"
            ),
        ),
        on_submit=state.save,
        draft="roadshow-" + state.row_id.to_string(),
        version=desk.version.to_string(),
        key=state.form_key,
    )


def _summary() -> rx.Component:
    state = RoadshowDeskState
    return ui.card(
        "路演小结",
        ui.form(
            ui.field(
                "summary",
                "小结",
                ui.textarea("summary", state.desk.summary, rows=4, max_length=LONGEST),
                required=True,
                help="受邀单位可见",
                error=problem(state, "summary"),
            ),
            rx.el.div(ui.submit("保存小结"), class_name="row"),
            on_submit=state.summarise,
            key="summary-" + state.form_key,
        ),
    )


def _cancel_dialog() -> rx.Component:
    state = RoadshowDeskState
    body = ui.form(
        rx.el.p("取消后不能恢复，已报名 ", rx.el.b(state.desk.registered), " 家单位会立即收到通知。"),
        ui.field(
            "why",
            "取消原因",
            ui.textarea("why", "", rows=3, max_length=LONGEST, data_autofocus="true"),
            required=True,
            error=problem(state, "why"),
        ),
        rx.el.div(
            ui.button("不取消", state.keep),
            ui.submit("确认取消路演", kind="danger"),
            class_name="row row-end",
        ),
        on_submit=state.cancel,
    )
    return ui.dialog(state.cancelling, "取消路演", body, on_close=state.keep, ident="cancel-roadshow")


def _attend_dialog() -> rx.Component:
    state = GuestListState
    body = ui.form(
        rx.el.p(rx.el.b(state.org)),
        ui.field(
            "attendance",
            "签到",
            ui.select_input("attendance", Attendance.options()),
            required=True,
            error=problem(state, "attendance"),
        ),
        ui.field(
            "note",
            "备注",
            ui.textarea(
                "note",
                rx.cond(state.values["note"], state.values["note"], "").to(str),
                rows=2,
                max_length=LONGEST,
            ),
            error=problem(state, "note"),
        ),
        rx.el.div(ui.button("取消", state.close_guest), ui.submit("保存"), class_name="row row-end"),
        on_submit=state.attend,
        key=state.form_key,
    )
    return ui.dialog(state.org_id > 0, "登记签到", body, on_close=state.close_guest, ident="attend")
