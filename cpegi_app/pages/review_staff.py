"""审核办理: one page for every flow in which the platform decides (manual §3.1, §4.1, §4.3)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import QUEUE, REVIEW
from cpegi_app.pages import desk as parts
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, problem
from cpegi_app.pages.layout import page
from cpegi_app.pages.review import checks_card, history_card, next_up, opinion_label, opinion_name, revealable
from cpegi_app.services.review_desk import DeskField, DeskGroup
from cpegi_app.state.review import ReviewState

FLAG_WORDS = (
    "与证照不一致",
    "填写不完整",
    "请填写全称",
    "与附件不一致",
    "扫描件不清晰",
    "文件已过有效期",
    "缺少签字或公章",
)


@page(REVIEW, ReviewState.load)
def review() -> rx.Component:
    """One thing at the reviewer's desk."""
    state = ReviewState
    return rx.fragment(
        ui.crumbs("审核管理", (QUEUE.title, QUEUE.route), REVIEW.title),
        rx.cond(
            state.loaded,
            parts.unless_withdrawn(state, next_up(state.upcoming), _desk(), _head()),
            rx.fragment(_head(), ui.card("", ui.skeleton(8))),
        ),
    )


def _head() -> rx.Component:
    state = ReviewState
    return ui.page_head(
        parts.titled(state, "", REVIEW.title),
        ui.link_button("返回队列", QUEUE.route),
        status=parts.stands(state, "", ""),
    )


def _desk() -> rx.Component:
    state = ReviewState
    desk, view = state.desk, state.desk.view
    return rx.fragment(
        ui.page_head(
            view.title,
            ui.link_button("返回队列", state.back),
            status=rx.fragment(ui.tag(view.status_label, view.tone), ui.chip(view.flow_label)),
            number=desk.number,
        ),
        ui.card(
            "",
            rx.el.div(
                ui.steps(["提交", "平台审核", "生效"], desk.step, bad=desk.is_bad),
                rx.el.div(
                    rx.el.span(rx.el.b(desk.applicant), " ", rx.el.span(desk.account, class_name="muted")),
                    rx.el.span("提交于 ", view.submitted, class_name="muted"),
                    ui.show(
                        desk.rounds > 1,
                        rx.el.span("第 ", desk.rounds, " 次提交", class_name="muted"),
                    ),
                    ui.show(
                        desk.waited != "",
                        ui.tag(
                            rx.fragment("已等待 ", desk.waited),
                            rx.cond(desk.late, "red", "blue"),
                        ),
                    ),
                    class_name="row small",
                ),
                class_name="desk-head",
            ),
        ),
        rx.cond(desk.open, _open_desk(), _closed_desk()),
    )


def _open_desk() -> rx.Component:
    state = ReviewState
    has_files = state.desk.files.length() > 0
    return ui.form(
        # Enter in a line's reason must not decide.
        ui.enter_guard(),
        rx.el.a("跳到审核意见", href="#f-comment", class_name="skip"),
        rx.el.datalist(*(rx.el.option(value=w) for w in FLAG_WORDS), custom_attrs={"id": "flag-words"}),
        rx.el.div(
            rx.el.div(
                _changes_note(),
                checks_card(state.desk.view),
                rx.foreach(state.desk.groups, lambda g: _group(g, True)),
                ui.show(has_files, history_card(state.desk.view)),
                class_name="stack",
            ),
            _side(True),
            class_name="desk",
        ),
        _decision(),
        on_submit=state.decide,
        draft=_draft(),
        version=state.desk.view.version.to_string(),
        key=state.form_key,
    )


def _draft() -> Any:
    view = ReviewState.desk.view
    return parts.draft(f"review-{view.flow}", view)


def _closed_desk() -> rx.Component:
    """After a decision, the reviewer's own or somebody else's: what it was, and the next thing."""
    state, desk = ReviewState, ReviewState.desk
    said = rx.cond(
        state.done != "",
        rx.fragment("办理完成：", desk.last_word),
        rx.fragment("这份申请已办理：", desk.last_word),
    )
    return rx.fragment(
        ui.draft_clear(_draft()),
        ui.card(
            "",
            rx.el.div(
                ui.note(said, rx.match(desk.view.tone, ("green", "success"), ("red", "error"), "warning")),
                ui.show(
                    desk.view.reason != "",
                    rx.el.p(rx.el.b(opinion_name(desk.view)), desk.view.reason, class_name="prose"),
                ),
                next_up(state.upcoming),
                class_name="stack",
            ),
            class_name="decision",
        ),
        rx.el.div(
            rx.el.div(
                rx.foreach(desk.groups, lambda g: _group(g, False)),
                ui.show(desk.files.length() > 0, history_card(desk.view)),
                class_name="stack",
            ),
            _side(False),
            class_name="desk",
        ),
    )


def _changes_note() -> rx.Component:
    return parts.changes_note(ReviewState.desk)


def _group(card: rx.Var[DeskGroup], may_flag: bool) -> rx.Component:
    return parts.group(ReviewState.desk, card, lambda f: _line(f, may_flag))


def _line(f: rx.Var[DeskField], may_flag: bool) -> rx.Component:
    flag = [rx.cond(f.markable, rx.fragment(*_flag(f.name, f.title)), rx.fragment())] if may_flag else []
    value = (rx.el.span(revealable(f, ReviewState), class_name="flag-value"), *flag)
    asked = parts.said(f.asked, "上次退回原因：", may_flag)
    return parts.line(ReviewState.desk, f, value, asked, parts.said(f.reason, "退回原因："))


def _flag(name: Any, title: Any) -> list[rx.Component]:
    """需更正: ticking it is enough, a reason may be added; no round trip, and kept with the form's draft."""
    box = rx.el.input(
        type="checkbox",
        name="m_" + name,
        value="yes",
        class_name="flag-box",
        custom_attrs={"id": "f-m_" + name},
    )
    label = rx.el.label(
        "需更正",
        rx.el.span("：", title, class_name="sr-only"),
        html_for="f-m_" + name,
        class_name="flag-label",
    )
    text = rx.el.input(
        type="text",
        name="r_" + name,
        placeholder="原因（可不填）",
        aria_label=title + "需更正的原因",
        title="对方会在该栏目看到；可不填",
        max_length=LONGEST,
        auto_complete="off",
        class_name="input flag-text",
        custom_attrs={"list": "flag-words"},
    )
    return [box, label, text]


def _side(may_flag: bool) -> rx.Component:
    """Beside the data: the files, or the history where a thing has none (a product)."""
    desk = ReviewState.desk
    inside = rx.cond(desk.files.length() > 0, _viewer(may_flag), history_card(desk.view))
    return rx.el.div(inside, class_name="desk-side")


def _viewer(may_flag: bool) -> rx.Component:
    """The files: a list to choose from, the chosen one in place, and marks by kind of file."""

    def slot(s: Any) -> rx.Component:
        return parts.slot(s, _flag(s.name, s.title) if may_flag else [])

    slots = rx.foreach(ReviewState.desk.slots, slot)
    full = rx.el.div(
        *parts.files(ReviewState, "选择附件", "上次退回原因："),
        rx.el.ul(slots, class_name="slot-flags", aria_label="标记附件需更正"),
        class_name="stack-tight",
    )
    return ui.card("附件", full)


def _decision() -> rx.Component:
    """审核意见 and the buttons: stays at the foot of the screen."""
    state, view = ReviewState, ReviewState.desk.view
    chips = rx.el.div(
        rx.el.span("常用意见", class_name="muted small"),
        rx.foreach(
            state.desk.common,
            lambda p: rx.el.button(
                p.label,
                type="button",
                title=p.text,
                class_name="chip chip-btn",
                data_fill="#f-comment",
                data_text=p.text,
                key=p.label,
            ),
        ),
        class_name="common",
        role="group",
        aria_label="常用意见，点击填入审核意见",
    )
    opinion = ui.field(
        "comment",
        opinion_label(view.can_reject),
        ui.textarea("comment", rows=2, max_length=LONGEST, placeholder="退回时必填；通过时可不填"),
        error=problem(state, "comment"),
    )
    buttons = rx.el.div(
        ui.show(view.can_return, ui.submit("退回", "return", "default", size="lg")),
        ui.show(view.can_reject, ui.submit("审核不通过", "reject", "danger", size="lg")),
        ui.show(view.can_approve, ui.submit("审核通过", "approve", "primary", size="lg")),
        class_name="desk-acts",
    )
    return rx.el.section(
        ui.show(state.desk.common.length() > 0, chips),
        opinion,
        buttons,
        class_name="desk-foot",
        aria_label="审核决定",
    )
