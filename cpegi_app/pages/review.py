"""Parts of every reviewed thing: data cards, checks, files, history, and what became of a submission."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.services.review_view import CheckView, FieldView, GroupView


def data_cards(view: Any) -> rx.Component:
    """The subject's data by group; where there is something to compare with, old and new side by side."""
    return rx.foreach(view.groups, lambda g: _group(g, view.compared_with))


def _group(group: rx.Var[GroupView], compared_with: Any) -> rx.Component:
    return ui.card(
        group.title,
        rx.cond(
            compared_with != "",
            _difference(group, compared_with),
            rx.el.dl(rx.foreach(group.fields, _line), class_name="desc desc-2"),
        ),
        key=group.title,
    )


def _line(f: rx.Var[FieldView]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(f.title),
        rx.el.dd(
            rx.cond(f.value == "", "—", f.value),
            rx.cond(
                f.reason != "", rx.el.p("退回意见：", f.reason, class_name="field-reason"), rx.fragment()
            ),
        ),
        key=f.name,
    )


def _difference(group: rx.Var[GroupView], compared_with: Any) -> rx.Component:
    def row(f: rx.Var[FieldView]) -> rx.Component:
        return rx.el.tr(
            rx.el.th(f.title, scope="row"),
            rx.el.td(rx.cond(f.old == "", "—", f.old), data_label=compared_with),
            rx.el.td(
                rx.cond(
                    f.changed,
                    rx.fragment(rx.el.mark(rx.cond(f.value == "", "（已清空）", f.value))),
                    rx.cond(f.value == "", "—", f.value),
                ),
                data_label="本次提交",
            ),
            class_name=rx.cond(f.changed, "is-changed", ""),
            key=f.name,
        )

    head = rx.el.tr(
        rx.el.th("项目", scope="col"), rx.el.th(compared_with, scope="col"), rx.el.th("本次提交", scope="col")
    )
    return rx.el.table(
        rx.el.caption(group.title + "对比", class_name="sr-only"),
        rx.el.thead(head),
        rx.el.tbody(rx.foreach(group.fields, row)),
        class_name="table diff is-stack",
    )


def checks_card(view: Any) -> rx.Component:
    """What the machine found out."""

    def one(c: rx.Var[CheckView]) -> rx.Component:
        sign = rx.match(
            c.level,
            ("ok", ui.tag("正常", "green")),
            ("warn", ui.tag("请核对", "orange")),
            ui.tag("有问题", "red"),
        )
        return rx.el.li(
            sign, rx.el.b(c.label), rx.el.span(c.text, class_name="muted"), class_name="row", key=c.label
        )

    return ui.show(
        view.checks.length() > 0,
        ui.card("系统核验", rx.el.ul(rx.foreach(view.checks, one), class_name="stack")),
    )


def files_card(view: Any) -> rx.Component:
    """The attached files with their preview."""

    def one(f: Any) -> rx.Component:
        return rx.el.li(
            ui.icon("file"),
            rx.el.span(rx.el.b(f.slot_label), " ", f.name, class_name="file-name", title=f.name),
            rx.el.span(f.size, class_name="file-size"),
            rx.el.span(
                ui.file_link("预览", f.href, target="_blank"),
                ui.file_link("下载", f.href + "?download=1"),
                class_name="ops",
            ),
            class_name="file",
            key=f.id,
        )

    return ui.card(
        "附件",
        rx.cond(
            view.files.length() > 0,
            rx.el.ul(rx.foreach(view.files, one), class_name="files"),
            rx.el.p("没有附件", class_name="muted"),
        ),
    )


def history_card(view: Any) -> rx.Component:
    """审核记录: when, what, who, opinion."""

    def one(e: Any) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                ui.tag(e.action, e.tone), rx.el.span(e.at, class_name="muted small num"), class_name="row"
            ),
            rx.el.p(e.who, class_name="small"),
            rx.cond(e.comment != "", rx.el.p(e.comment, class_name="prose"), rx.fragment()),
            key=e.at + e.action,
        )

    return ui.card(
        "审核记录",
        rx.cond(
            view.events.length() > 0,
            rx.el.ol(rx.foreach(view.events, one), class_name="timeline"),
            rx.el.p("尚未提交", class_name="muted"),
        ),
    )


def outcome_panel(state: Any) -> rx.Component:
    """What its submitter sees of a thing that is no draft: status, reason, data, files, history, 撤回."""
    view = state.view
    return rx.fragment(
        ui.card(
            "",
            rx.el.div(
                ui.tag(view.status_label, view.tone),
                rx.el.b(view.title),
                rx.el.span("提交于 ", view.submitted, class_name="muted small"),
                rx.cond(view.can_withdraw, ui.button("撤回", state.withdraw), rx.fragment()),
                class_name="row",
            ),
            rx.cond(view.reason != "", ui.note("审核意见：" + view.reason, "warning"), rx.fragment()),
        ),
        rx.el.div(
            rx.el.div(data_cards(view), class_name="stack"),
            rx.el.div(files_card(view), history_card(view), class_name="stack"),
            class_name="cols-main",
        ),
    )
