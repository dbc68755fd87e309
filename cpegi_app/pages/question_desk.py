"""A question about an offline filing: the staff read, look it up and answer (manual §6.2)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import STAFF_QUESTION, STAFF_RECORDS
from cpegi_app.pages import ui
from cpegi_app.pages.equity_record import questions_card
from cpegi_app.pages.layout import page
from cpegi_app.state.question_desk import StaffQuestionState


@page(STAFF_QUESTION, StaffQuestionState.load)
def staff_question() -> rx.Component:
    """A question about a filing with the filing's facts."""
    state, case = StaffQuestionState, StaffQuestionState.case
    return rx.fragment(
        ui.crumbs(STAFF_RECORDS.menu, (STAFF_RECORDS.title, STAFF_RECORDS.route), STAFF_QUESTION.title),
        ui.page_head(
            rx.cond(case.project == "", STAFF_QUESTION.title, case.project),
            ui.show(case.review_href != "", ui.link_button("查看备案材料", case.review_href)),
            ui.link_button("返回列表", STAFF_RECORDS.route),
            status=ui.show(case.state_label != "", ui.tag(case.state_label, case.tone)),
        ),
        ui.show(
            case.id > 0,
            rx.fragment(
                questions_card(state, staff=True),
                ui.card("线下投资备案", ui.description_rows(case.lines, 2)),
            ),
        ),
    )
