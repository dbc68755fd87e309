"""A question about an offline filing as the staff read and answer it: the filing's facts beside the thread (manual §6.2)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import REVIEW, Actor, Permission
from cpegi_app.errors import NotFound
from cpegi_app.models import Investment
from cpegi_app.services import investment_form, investment_question, staff
from cpegi_app.services.investment import FLOW, state_of
from cpegi_app.services.investment_form import FiguresForm
from cpegi_app.services.investment_list import names_of
from cpegi_app.services.investment_question import Thread
from cpegi_app.services.online_list import Pair
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.equity import FILING_TONES


class QuestionCase(BaseModel):
    """The filing in question with the thread; `review_href` leads to its papers, empty while nobody else may read it."""

    id: int = 0
    project: str = ""
    state_label: str = ""
    tone: str = "grey"
    lines: list[Pair] = []
    review_href: str = ""
    threads: list[Thread] = []


def case(session: Session, actor: Actor, question_id: int) -> QuestionCase:
    """Return a question about an offline filing to the staff; one about an online record stands on the record's page."""
    staff.require(actor, Permission.INVESTMENT_MANAGE)
    row = investment_question.find(session, actor, question_id)
    if row.investment_id is None:
        raise NotFound("疑问")
    filing = session.get_one(Investment, row.investment_id)
    state, taken_back = state_of(filing), filing.status == Status.DRAFT
    return QuestionCase(
        id=row.id or 0,
        project=filing.project_name or "未填写项目",
        state_label="机构已撤回" if taken_back else state.label,
        tone=FILING_TONES[state],
        lines=_lines(session, filing, shown=not taken_back),
        review_href="" if taken_back else REVIEW.url(flow=FLOW.name, rid=filing.id),
        threads=[investment_question.thread(session, actor, question_id)],
    )


def _lines(session: Session, filing: Investment, *, shown: bool) -> list[Pair]:
    names = names_of(session, {filing.org_id, filing.enterprise_id})
    found = [
        Pair(label="投资机构", value=names.get(filing.org_id, "")),
        Pair(label="项目方", value=names.get(filing.enterprise_id, "—")),
    ]
    if not shown:
        return found
    figures = investment_form.strings(filing)
    found += [
        Pair(label=s.title, value=investment_form.show(s.name, figures[s.name])) for s in FiguresForm.specs()
    ]
    found.append(Pair(label="提交时间", value=clock.local(filing.submitted_at)))
    if said := filing.objection.get("reason", ""):
        found.append(Pair(label="项目方异议", value=said, wide=True))
    if filing.answer:
        found.append(Pair(label="机构答复", value=filing.answer, wide=True))
    return found
