"""Parts that the pages of investments share: steps, two accounts side by side, questions, figures (manual §6.2, §6.4)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, field_of, problem, summary
from cpegi_app.services.forms import Form
from cpegi_app.services.investment_form import Difference
from cpegi_app.services.investment_question import MessageView, Thread


def figure_fields(form: type[Form], state: Any, *, skip: tuple[str, ...] = ()) -> list[rx.Component]:
    """Return the labelled fields of a form."""
    return [field_of(s, state) for s in form.specs() if s.name not in skip]


def both_sides(differences: Any, old: str, new: str) -> rx.Component:
    """Two accounts of one investment side by side; what differs is marked by a word."""

    def row(d: rx.Var[Difference]) -> rx.Component:
        mark = ui.show(d.changed, rx.el.span("不一致", class_name="mark"))
        return rx.el.tr(
            rx.el.th(d.label, mark, scope="row", data_label="项目"),
            rx.el.td(d.old, data_label=old),
            rx.el.td(d.new, class_name="new", data_label=new),
            class_name=rx.cond(d.changed, "is-changed", ""),
            key=d.label,
        )

    heads = rx.el.tr(*(rx.el.th(h, scope="col") for h in ("项目", old, new)))
    return rx.el.table(
        rx.el.caption("双方数据对比", class_name="sr-only"),
        rx.el.colgroup(rx.el.col(), rx.el.col(), rx.el.col()),
        rx.el.thead(heads),
        rx.el.tbody(rx.foreach(differences, row)),
        class_name="table diff is-stack",
    )


def objection_card(
    differences: Any, reason: Any, at: Any, *, who: Any = "项目方", answer: Any = ""
) -> rx.Component:
    """What the other side holds against it, and what was answered."""
    return ui.show(
        differences.length() > 0,
        ui.card(
            "双方数据对比",
            ui.note(rx.fragment(rx.el.b(who, "的异议（", at, "）："), reason), "warning"),
            both_sides(differences, "现登记数据", "提出异议方的数据"),
            ui.show(answer != "", rx.el.p(rx.el.b("机构答复："), answer)),
        ),
    )


def reason_field(state: Any, name: str, label: str, help: str) -> rx.Component:
    """Return a required text in which a reason is given."""
    control = ui.textarea(name, "", rows=3, max_length=LONGEST)
    return ui.field(name, label, control, required=True, help=help, error=problem(state, name), wide=True)


# --- questions ----------------------------------------------------------------------------------------


def questions_card(state: Any, *, may_ask: Any = True, staff: bool = False) -> rx.Component:
    """对记录有疑问: the threads about the record, and the form of a new one."""
    body = rx.el.div(
        rx.cond(
            state.threads.length() > 0,
            rx.el.div(rx.foreach(state.threads, lambda t: _thread(t, state)), class_name="stack"),
            rx.el.p(
                "还没有疑问。" if staff else "对记录有疑问时，在此向平台管理人员提问，答复也在此显示。",
                class_name="muted",
            ),
        ),
        rx.fragment() if staff else ui.show(may_ask, _ask(state)),
        class_name="stack",
    )
    return ui.card("记录疑问", body)


def _ask(state: Any) -> rx.Component:
    form = ui.form(
        ui.field(
            "question",
            "疑问内容",
            ui.textarea("question", "", rows=3, max_length=LONGEST),
            required=True,
            error=problem(state, "question"),
        ),
        rx.el.div(ui.submit("发送给平台"), ui.button("取消", state.close_question), class_name="row"),
        on_submit=state.ask,
        key="ask-" + state.question_key.to_string(),
    )
    opener = rx.el.div(ui.button("对记录有疑问", state.open_question, icon_name="info"), class_name="row")
    return rx.cond(state.asking, form, opener)


def _thread(t: rx.Var[Thread], state: Any) -> rx.Component:
    answer = ui.form(
        rx.el.input(type="hidden", name="thread", value=t.id.to_string(), read_only=True),
        rx.el.textarea(
            name="question",
            rows="2",
            max_length=LONGEST,
            class_name="input",
            aria_label="答复或补充",
            placeholder="在此继续填写",
        ),
        rx.el.div(
            ui.submit("发送", size="sm"),
            ui.button("标记为已解决", state.solve(t.id), size="sm"),
            class_name="row",
        ),
        on_submit=state.answer,
        key="answer-" + t.id.to_string() + "-" + t.version.to_string(),
    )
    return rx.el.section(
        rx.el.div(ui.tag(t.state_label, t.tone), rx.el.b(t.org), class_name="row"),
        rx.el.ol(rx.foreach(t.messages, _message), class_name="timeline"),
        ui.show(t.open, answer),
        class_name="stack",
        key=t.id,
        aria_label="疑问",
    )


def _message(m: rx.Var[MessageView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(m.action), rx.el.time(m.at), rx.el.span(m.who, class_name="tl-who"), class_name="tl-head"
        ),
        rx.el.p(m.text, class_name="tl-text"),
        data_tone=m.tone,
        key=m.key,
    )


__all__ = [
    "both_sides",
    "figure_fields",
    "objection_card",
    "questions_card",
    "reason_field",
    "summary",
]
