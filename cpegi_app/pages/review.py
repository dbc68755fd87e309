"""Parts of every reviewed thing: data cards, checks, files, history, and what became of a submission."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import QUEUE
from cpegi_app.pages import ui
from cpegi_app.pages.form import remark
from cpegi_app.services.review_view import CheckView, EventView, FieldView, GroupView
from cpegi_app.vocabulary import FileSlot, Status


def data_cards(view: Any, state: Any = None) -> rx.Component:
    """The subject's data by group; where there is something to compare with, old and new side by side.

    `state` is who reveals the lines that are masked for its reader.
    """
    return rx.foreach(view.groups, lambda g: _group(g, view.compared_with, state))


def changes_head(view: Any) -> rx.Component:
    """How much changed against what is compared with."""
    count = view.changed_count + view.changed_kinds
    return rx.el.b("与", view.compared_with, "相比，", count, " 项内容有变更")


def file_changes(view: Any) -> list[rx.Component]:
    """The names of the files that are new and of those that were taken away since."""

    def named(label: str, names: Any) -> rx.Component:
        chips = rx.foreach(names, lambda n: rx.el.span(n, class_name="chip", key=n))
        return ui.show(names.length() > 0, rx.el.p(label, chips))

    return [named("新附件：", view.new_files), named("已删除的附件：", view.gone_files)]


def changes_note(view: Any) -> rx.Component:
    """What changed since the last submission, before the data themselves."""
    return ui.show(view.compared_with != "", ui.note(rx.el.div(changes_head(view), *file_changes(view))))


def _group(group: rx.Var[GroupView], compared_with: Any, state: Any) -> rx.Component:
    return ui.card(
        group.title,
        rx.cond(
            group.compared,
            difference(group.fields, compared_with, group.title, state),
            lines(group.fields, state),
        ),
        key=group.title,
    )


def revealable(f: Any, state: Any) -> Any:
    """A line's value; a person's number is masked until it is asked for, which the trail keeps."""
    if state is None:
        return new_value(f)
    full = state.revealed[f.name].to(str)
    ask = ui.button("查看号码", state.reveal_line(f.name), "text", aria_label="查看号码：" + f.title)
    shown = rx.cond(full, rx.el.span(full, class_name="num"), rx.el.span(f.value, " ", ask, class_name="num"))
    return rx.cond(f.secret, shown, new_value(f))


def lines(fields: Any, state: Any = None) -> rx.Component:
    """Labelled values in two columns; a long text takes the whole width."""

    def one(f: rx.Var[FieldView]) -> rx.Component:
        return rx.el.div(
            rx.el.dt(f.title),
            rx.el.dd(
                revealable(f, state),
                ui.returned_for(f.reason),
            ),
            class_name=rx.cond(f.value.length() > 36, "wide", ""),
            key=f.name,
        )

    return rx.el.dl(rx.foreach(fields, one), class_name="desc desc-2")


def changed_title(f: Any) -> rx.Component:
    """A line's title; that it changed is said by a word, not by colour alone."""
    mark = ui.show(f.changed, rx.el.span("已变更", class_name="mark"))
    return rx.el.th(f.title, mark, scope="row", data_label="项目")


def difference(fields: Any, compared_with: Any, caption: Any, state: Any = None) -> rx.Component:
    """Old and new side by side; what changed is marked by a word, not by colour alone."""

    def row(f: rx.Var[FieldView]) -> rx.Component:
        return rx.el.tr(
            changed_title(f),
            rx.el.td(rx.cond(f.old == "", "—", f.old), class_name="old", data_label=compared_with),
            rx.el.td(revealable(f, state), class_name="new", data_label="本次提交"),
            class_name=rx.cond(f.changed, "is-changed", ""),
            key=f.name,
        )

    head = rx.el.tr(
        rx.el.th("项目", scope="col"), rx.el.th(compared_with, scope="col"), rx.el.th("本次提交", scope="col")
    )
    return rx.el.table(
        rx.el.caption(caption, "对比", class_name="sr-only"),
        rx.el.colgroup(rx.el.col(), rx.el.col(), rx.el.col()),
        rx.el.thead(head),
        rx.el.tbody(rx.foreach(fields, row)),
        class_name="table diff is-stack",
    )


def new_value(f: Any) -> Any:
    """A line's value; a value that was taken away says so."""
    return rx.cond(f.value != "", f.value, rx.cond(f.changed, "（已清空）", "—"))


def checks_card(view: Any) -> rx.Component:
    """What the machine found out."""

    def one(c: rx.Var[CheckView]) -> rx.Component:
        sign = rx.match(
            c.level,
            ("ok", ui.tag("正常", "green")),
            ("warn", ui.tag("请核对", "orange")),
            ("none", ui.tag("未比对", "grey")),
            ui.tag("有问题", "red"),
        )
        return rx.el.li(
            sign,
            rx.el.b(c.label, class_name="nowrap"),
            rx.el.span(c.text, class_name="muted"),
            class_name="check-row",
            key=c.label,
        )

    return ui.show(
        view.checks.length() > 0,
        ui.card("系统核验", rx.el.ul(rx.foreach(view.checks, one), class_name="check-rows")),
    )


def files_card(view: Any, new: Any = None) -> rx.Component:
    """The attached files with their preview; `new` are the ids of those that the time before did not have."""
    return ui.card(
        "附件",
        rx.cond(
            view.files.length() > 0,
            rx.el.ul(rx.foreach(view.files, lambda f: _file(f, new)), class_name="files"),
            rx.el.p("没有附件", class_name="muted"),
        ),
    )


def _file(f: Any, news: Any) -> rx.Component:
    new = rx.fragment()
    if news is not None:
        new = ui.show(news.contains(f.id), rx.el.span("新", class_name="mark"))
    return rx.el.li(
        ui.icon("file"),
        rx.el.span(rx.el.b(f.slot_label), new, rx.el.br(), f.name, class_name="file-name", title=f.name),
        rx.el.span(f.size, class_name="file-size"),
        rx.el.span(
            ui.file_link("预览", f.href, target="_blank", aria_label="预览" + f.slot_label + "：" + f.name),
            ui.download_link(
                "下载", f.href + "?download=1", aria_label="下载" + f.slot_label + "：" + f.name
            ),
            class_name="ops",
        ),
        class_name="file",
        key=f.id,
    )


def history_card(view: Any) -> rx.Component:
    """审核记录: when, what, who, opinion, and the reasons by field."""

    def one(e: rx.Var[EventView]) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                rx.el.b(e.action),
                rx.el.time(e.at),
                rx.el.span(e.who, class_name="tl-who"),
                class_name="tl-head",
            ),
            ui.show(e.comment != "", rx.el.p(e.comment, class_name="tl-text")),
            ui.show(
                e.points.length() > 0,
                rx.el.ul(rx.foreach(e.points, lambda p: rx.el.li(p, key=p)), class_name="tl-points"),
            ),
            data_tone=e.tone,
            key=e.key,
        )

    return ui.card(
        "审核记录",
        rx.cond(
            view.events.length() > 0,
            rx.el.ol(rx.foreach(view.events, one), class_name="timeline"),
            rx.el.p("尚未提交", class_name="muted"),
        ),
    )


def return_note(state: Any, slots: Any = None) -> rx.Component:
    """On top of an open form: why it was returned, and each reason linked to its field.

    `slots` are the uploads of a form that has kinds of file of its own, each with name, title and reason.
    """
    view = state.view

    def link(title: Any, text: Any, name: Any) -> rx.Component:
        return rx.el.li(
            rx.el.a(rx.el.span(title, class_name="strong"), "：", text, href="#f-" + name), key=name
        )

    def field(f: rx.Var[FieldView]) -> Any:
        return rx.cond(f.reason != "", link(f.title, f.reason, f.name), rx.fragment())

    files = [
        ui.show(
            remark(state, f"file_{s.value}") != "",
            link(s.label, remark(state, f"file_{s.value}"), f"file_{s.value}"),
        )
        for s in FileSlot
    ]
    if slots is not None:
        marked = rx.foreach(slots, lambda s: ui.show(s.reason != "", link(s.title, s.reason, s.name)))
        files = [marked]
    body = rx.el.div(
        rx.el.b("已退回，请修改后重新提交"),
        rx.el.p("退回原因：", view.reason),
        rx.el.ul(
            rx.foreach(view.groups, lambda g: rx.fragment(rx.foreach(g.fields, field), key=g.title)),
            *files,
            class_name="reasons",
        ),
    )
    return ui.show(
        view.status == "RETURNED",
        rx.el.section(ui.note(body, "warning"), aria_label="退回原因", custom_attrs={"id": "return-reason"}),
    )


def leave_button(state: Any) -> rx.Component:
    """In the head of an editor: 放弃修改 of what was returned, 删除草稿 of what was never sent."""
    view = state.view
    label = rx.cond(view.can_withdraw, "放弃修改", "删除草稿")
    return ui.show(state.editable & (view.can_withdraw | view.can_discard), ui.button(label, state.ask_leave))


def leavable(state: Any, draft: Any, back: Any, content: rx.Component) -> rx.Component:
    """An editor's page with the dialog that asks before it is left; once the draft is deleted, the way back."""
    returned = state.view.can_withdraw
    gone = rx.fragment(
        ui.result_page("草稿已删除", "", ui.link_button("返回列表", back, "primary")), ui.draft_clear(draft)
    )
    dialog = ui.dialog(
        state.leaving != "",
        rx.cond(returned, "放弃修改", "删除这份草稿"),
        rx.el.p(state.leaving),
        actions=[
            ui.button("取消", state.stay),
            ui.button(rx.cond(returned, "确认放弃", "确认删除"), state.leave, "danger"),
        ],
        on_close=state.stay,
        ident="leave",
    )
    return rx.fragment(rx.cond(state.gone, gone, content), dialog)


def opinion_name(view: Any) -> Any:
    """What the reviewer's words are called: by what was decided."""
    return rx.match(
        view.status,
        (Status.RETURNED.value, "退回原因："),
        (Status.REJECTED.value, "驳回原因："),
        "审核意见：",
    )


def opinion_label(can_reject: Any) -> Any:
    """Name the field of the reviewer's words: where a rejection may follow, it asks for its reason (manual §4.2)."""
    return rx.cond(can_reject, "审核意见（不通过时填写驳回原因）", "审核意见")


def opinion(view: Any) -> rx.Component:
    """The reviewer's words, in the tone of the decision."""
    name = opinion_name(view)
    return ui.note(
        rx.fragment(rx.el.b(name), view.reason),
        rx.match(view.tone, ("red", "error"), ("green", "success"), "warning"),
    )


def outcome_panel(state: Any) -> rx.Component:
    """What its submitter sees of a thing that is no draft: status, reason, data, files, history, 撤回."""
    view = state.view
    pending = rx.el.div(
        rx.el.b("已提交，正在等待审核"),
        rx.el.p("审核期间不可再次提交，也不能修改。如发现填写有误，可先撤回，修改后重新提交。"),
    )
    # Without a status there is nothing yet, or nothing that may be seen: the message bar says which.
    return ui.show(
        view.status != "",
        ui.card(
            "",
            rx.el.div(
                rx.el.div(
                    ui.tag(view.status_label, view.tone),
                    rx.el.b(view.title),
                    ui.show(
                        view.submitted != "", rx.el.span("提交于 ", view.submitted, class_name="muted small")
                    ),
                    ui.show(
                        view.can_withdraw,
                        rx.el.div(ui.button("撤回", state.withdraw), class_name="page-acts"),
                    ),
                    class_name="row",
                ),
                ui.show(view.status == "PENDING", ui.note(pending)),
                ui.show((view.reason != "") & (view.status != "PENDING"), opinion(view)),
                class_name="stack",
            ),
        ),
        outcome_body(view),
    )


def outcome_body(view: Any) -> rx.Component:
    """The data of a thing that is no draft, beside its files and its history."""
    return rx.el.div(
        rx.el.div(data_cards(view), class_name="stack"),
        rx.el.div(ui.show(view.files.length() > 0, files_card(view)), history_card(view), class_name="stack"),
        class_name="cols-main",
    )


def next_up(upcoming: Any) -> rx.Component:
    """Where the reviewer goes on after a decision: the oldest thing that waits, or the empty queue."""
    return rx.cond(
        upcoming.href != "",
        rx.el.div(
            ui.link_button("下一件", upcoming.href, "primary", id="next"),
            rx.el.span(
                upcoming.label,
                " · ",
                upcoming.title,
                "，已等待 ",
                upcoming.waiting,
                "；队列中共 ",
                upcoming.left,
                " 件",
                class_name="muted",
            ),
            class_name="row",
        ),
        rx.el.div(
            ui.link_button("返回队列", QUEUE.route, "primary", id="next"),
            rx.el.span("队列已清空，没有其他待审核的事项。", class_name="muted"),
            class_name="row",
        ),
    )
