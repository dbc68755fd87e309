"""项目路演 as its guests see it: the list, one roadshow, 报名 (manual §6.3)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import PUBLIC_PROJECT, ROADSHOW, ROADSHOWS
from cpegi_app.pages import ui
from cpegi_app.pages.form import field_of, href, list_page, summary
from cpegi_app.pages.layout import page
from cpegi_app.services.files import FileView
from cpegi_app.services.roadshow_guest import ChangeLine, ProjectLine, RegisterForm, RoadshowRow
from cpegi_app.state.roadshow import RoadshowListState, RoadshowState

PERIODS = [("COMING", "未结束"), ("PAST", "已结束")]


@page(ROADSHOWS, RoadshowListState.load)
def roadshows() -> rx.Component:
    """The roadshows to which the own organisation is invited."""
    return rx.fragment(
        ui.crumbs(ROADSHOWS.menu, ROADSHOWS.title),
        ui.page_head(
            ROADSHOWS.title, lead="平台邀请贵单位参加的路演。请在报名截止前报名，名额有限，报满为止。"
        ),
        list_page(
            RoadshowListState,
            [
                ui.Col("路演主题", wrap=True),
                ui.Col("时间", sort="when"),
                ui.Col("地点", clip=True),
                "报名截止",
                ui.Col("剩余名额", num=True),
                "状态",
                "我的报名",
                ui.Col("操作", ops=True),
            ],
            _row,
            "项目路演",
            query=[
                ui.field("word", "路演主题", ui.text_input("word", placeholder="主题中的字")),
                ui.field("period", "时间", ui.select_input("period", PERIODS, blank="全部")),
            ],
            empty=ui.empty_state(
                "没有路演", "平台发布路演并邀请贵单位后，会出现在这里，同时有消息通知。", icon_name="calendar"
            ),
        ),
    )


def _row(row: rx.Var[RoadshowRow]) -> list:
    return [
        row.title,
        row.when,
        row.where,
        row.deadline,
        row.left,
        ui.tag(row.state_label, row.tone),
        ui.tag(row.mine, row.mine_tone),
        [ui.link("查看", href(ROADSHOW, row.id), aria_label="查看" + row.title)],
    ]


@page(ROADSHOW, RoadshowState.load)
def roadshow() -> rx.Component:
    """One roadshow and the own registration."""
    state, view = RoadshowState, RoadshowState.view
    return rx.fragment(
        ui.crumbs(ROADSHOWS.menu, (ROADSHOWS.title, ROADSHOWS.route), ROADSHOW.title),
        ui.page_head(
            rx.cond(view.title == "", ROADSHOW.title, view.title),
            ui.show(
                view.id > 0,
                ui.download_link(
                    rx.fragment(ui.icon("calendar"), "加入日历"),
                    view.calendar,
                    class_name="btn",
                ),
            ),
            ui.link_button("返回列表", ROADSHOWS.route),
            status=ui.show(view.state != "", ui.tag(view.state_label, view.tone)),
        ),
        ui.show(
            view.id > 0,
            ui.show(view.cancel_reason != "", ui.note("路演已取消。原因：" + view.cancel_reason, "error")),
            rx.el.div(
                rx.el.div(
                    _about(),
                    _summary(),
                    projects_card(view.projects),
                    changes_card(view.changes),
                    class_name="stack",
                ),
                rx.el.div(_registration(), _papers(), class_name="stack"),
                class_name="cols-main",
            ),
        ),
        ui.dialog(
            state.leaving,
            "取消报名",
            rx.el.p("取消后名额立即释放。如需参加，在报名截止前可重新报名，但不保证仍有名额。"),
            on_close=state.stay,
            actions=[ui.button("不取消", state.stay), ui.button("取消报名", state.withdraw, "danger")],
            ident="leave",
        ),
    )


def _about() -> rx.Component:
    view = RoadshowState.view
    link = rx.cond(
        view.link != "", rx.el.a(view.link, href=view.link, rel="noopener noreferrer", target="_blank"), "—"
    )
    return ui.card(
        "路演信息",
        ui.description_list(
            [
                ("时间", view.when),
                ("地点", rx.cond(view.place == "", "线上路演", view.place)),
                ("线上链接", link, "wide"),
                ("主办方", view.host),
                ("受邀身份", view.role),
                ("报名截止", view.deadline),
                ("名额", rx.fragment("共 ", view.places, " 人，剩余 ", view.left, " 人")),
                ("联系人", rx.fragment(view.contact, " ", view.contact_phone)),
                ("议程", rx.el.span(view.agenda, class_name="prose"), "wide"),
            ],
            2,
        ),
    )


def _summary() -> rx.Component:
    view = RoadshowState.view
    return ui.show(view.summary != "", ui.card("路演小结", rx.el.p(view.summary, class_name="prose")))


def projects_card(projects: rx.Var[list[ProjectLine]]) -> rx.Component:
    """What a roadshow presents."""

    def one(p: rx.Var[ProjectLine]) -> rx.Component:
        name = rx.cond(p.shown, ui.link(p.name, href(PUBLIC_PROJECT, p.id)), rx.el.b(p.name))
        return rx.el.li(name, rx.el.span(p.note, class_name="muted"), class_name="pick-row", key=p.id)

    return ui.card(
        "参与项目",
        rx.cond(
            projects.length() > 0,
            rx.el.ul(rx.foreach(projects, one), class_name="picks"),
            rx.el.p("项目待定。", class_name="muted"),
        ),
    )


def changes_card(changes: rx.Var[list[ChangeLine]]) -> rx.Component:
    """What was changed after the publication, when and why."""

    def one(c: rx.Var[ChangeLine]) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.b(c.action),
                rx.el.time(c.at),
                rx.el.span(c.who, class_name="tl-who"),
                class_name="tl-head",
            ),
            rx.el.p(c.text, class_name="tl-text"),
            data_tone=c.tone,
            key=c.key,
        )

    return ui.show(
        changes.length() > 0,
        ui.card("变更记录", rx.el.ol(rx.foreach(changes, one), class_name="timeline")),
    )


def _registration() -> rx.Component:
    state, view = RoadshowState, RoadshowState.view
    form = ui.form(
        summary(state),
        *(field_of(s, state) for s in RegisterForm.specs()),
        rx.el.div(
            ui.submit(rx.cond(view.registered, "更新报名", "报名")),
            ui.show(
                view.can_withdraw, ui.button("取消报名", state.ask_leave, "text", class_name="is-danger")
            ),
            class_name="row",
        ),
        on_submit=state.register,
        key=state.form_key,
    )
    return ui.card(
        "报名",
        rx.el.div(
            ui.show(view.mine != "", ui.note(view.mine, "success")),
            ui.show(view.attendance != "", ui.note("签到：" + view.attendance, "info")),
            rx.cond(
                view.can_register,
                form,
                rx.el.div(
                    ui.note(view.why_closed, "warning"),
                    ui.show(view.can_withdraw, ui.button("取消报名", state.ask_leave)),
                    class_name="stack",
                ),
            ),
            class_name="stack",
        ),
    )


def _papers() -> rx.Component:
    def one(f: rx.Var[FileView]) -> rx.Component:
        return rx.el.li(
            ui.icon("file"),
            rx.el.span(f.name, class_name="file-name", title=f.name),
            rx.el.span(f.size, class_name="file-size"),
            rx.el.span(
                ui.file_link("预览", f.href, target="_blank", aria_label="预览" + f.name),
                ui.download_link("下载", f.href + "?download=1", aria_label="下载" + f.name),
                class_name="ops",
            ),
            class_name="file",
            key=f.id,
        )

    found = RoadshowState.view.files
    return ui.show(found.length() > 0, ui.card("附件", rx.el.ul(rx.foreach(found, one), class_name="files")))
