"""One offline filing as a page of either side shows it (manual §6.4)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Investment
from cpegi_app.services import investment_form, investment_question, review
from cpegi_app.services.investment import FLOW, PARTY, state_of
from cpegi_app.services.investment_form import Difference
from cpegi_app.services.investment_list import names_of
from cpegi_app.services.investment_question import OFFLINE, Thread
from cpegi_app.services.review_view import ReviewView, view
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.equity import FILING_TONES, FilingState

STEPS = ("机构填报", "项目方确认", "平台确认", "已备案")
_STEP = {
    FilingState.DRAFT: 0,
    FilingState.OBJECTED: 1,
    FilingState.PARTY: 1,
    FilingState.RETURNED: 2,
    FilingState.PLATFORM: 2,
    FilingState.FILED: 4,
}


class FilingCase(BaseModel):
    """A filing with both accounts of it, what was asked about it, and what the actor may do."""

    id: int = 0
    version: int = 0
    project: str = ""
    institution: str = ""
    enterprise: str = ""
    state: str = ""
    state_label: str = ""
    tone: str = "grey"
    step: int = 0
    bad: bool = False
    differences: list[Difference] = []
    objection: str = ""
    objected_at: str = ""
    answer: str = ""
    values: dict[str, str] = {}
    view: ReviewView = ReviewView()
    threads: list[Thread] = []
    can_confirm: bool = False
    can_remind: bool = False
    can_ask: bool = False


def case(session: Session, actor: Actor, row_id: int) -> FilingCase:
    """Return a filing that the actor made or is the project side of."""
    row: Investment = review.load(session, FLOW, actor, row_id)
    own, state = review.is_owner(actor, row), state_of(row)
    shown = view(session, FLOW, actor, row_id)
    if not own and row.status == Status.RETURNED:
        # What the institution is writing meanwhile is its own affair until it is sent.
        shown = shown.model_copy(update={"groups": [], "files": []})
    names = names_of(session, {row.org_id, row.enterprise_id})
    said = {k: v for k, v in row.objection.items() if k in investment_form.NAMES}
    sent = row.submitted_at is not None
    return FilingCase(
        id=row.id or 0,
        version=row.version,
        project=row.project_name or "未填写项目",
        institution=names.get(row.org_id, ""),
        enterprise=names.get(row.enterprise_id, ""),
        state=state.value,
        state_label=state.label,
        tone=FILING_TONES[state],
        step=_STEP[state],
        bad=state in (FilingState.OBJECTED, FilingState.RETURNED),
        differences=investment_form.differences(investment_form.strings(row), said) if said else [],
        objection=row.objection.get("reason", ""),
        objected_at=clock.local(row.objected_at),
        answer=row.answer,
        values=investment_form.strings(row),
        view=shown,
        threads=investment_question.threads(session, actor, OFFLINE, row_id) if sent else [],
        can_confirm=state is FilingState.PARTY and PARTY.is_party(actor, row) and actor.may(PARTY.permission),
        can_remind=own and state is FilingState.PARTY,
        can_ask=sent,
    )
