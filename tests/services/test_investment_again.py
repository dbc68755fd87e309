"""§6.2, §6.4 after an objection, a withdrawal or a return: sent again with the same project, answered anew, called to mind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import FormInvalid
from cpegi_app.models import InvestmentRecord, Notice, ReviewEvent
from cpegi_app.services import (
    investment,
    investment_case,
    investment_form,
    investment_list,
    online_investment,
)
from cpegi_app.services.investment import state_of
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.equity import FilingState, ProjectState
from tests import equity, factories, worlds
from tests.worlds import World


def objected(session: Session, world: World, **theirs: str) -> None:
    row = world.row(session)
    data = investment_form.strings(row) | theirs
    investment.object_to(session, world.reviewer, row.id, row.version, data, "金额不符")


def reminded(session: Session, user_id: int, beginning: str) -> int:
    query = select(Notice).where(Notice.user_id == user_id, col(Notice.title).startswith(beginning))
    return len(session.exec(query).all())


@pytest.mark.parametrize("back", [Action.WITHDRAW, Action.RETURN])
def test_6_4_a_project_taken_down_after_the_filing_is_filed_again_under_its_name(
    session: Session, back: Action
):
    fund, owner = equity.fund(session), factories.member(session)
    project = equity.project(session, owner)
    row = investment.new_draft(session, fund)
    row = investment.choose(session, fund, row.id or 0, row.version, 0, project.id or 0)
    factories.upload(session, fund, investment.FLOW, row.id or 0, *investment.REQUIRED)
    staff = factories.staff(session)
    world = World(investment.FLOW, fund, owner, row.id or 0, equity.figures(), second=staff)
    world.bring_to(session, Status.PENDING)
    name, project.state = project.name, ProjectState.DOWN.value
    project.name = "撤下后改的名称"
    session.add(project)
    session.flush()
    world.act(session, back)
    world.act(session, Action.SUBMIT)
    again = world.row(session)
    assert (state_of(again), again.project_id, again.project_name) == (FilingState.PARTY, project.id, name)
    world.act(session, Action.APPROVE)
    world.act(session, Action.APPROVE)
    assert session.exec(select(InvestmentRecord.enterprise_id)).one() == owner.org_id


def test_6_4_a_second_objection_needs_a_new_answer(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    objected(session, world, amount="800")
    world.data |= {"answer": "余款次日到账"}
    world.act(session, Action.SUBMIT)
    objected(session, world, amount="700")
    row = world.row(session)
    assert (row.answer, row.data.get("answer", "")) == ("", "")
    assert investment_case.case(session, world.reviewer, world.row_id).answer == ""
    world.data.pop("answer")
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    assert "投资金额" in refusal.value.fields["answer"]
    sent = select(ReviewEvent).where(ReviewEvent.action == Action.SUBMIT.value)
    kept = [e.snapshot["data"].get("answer", "") for e in session.exec(sent.order_by(col(ReviewEvent.id)))]
    assert kept == ["", "余款次日到账"]


@pytest.mark.parametrize("by", ["party", "platform"])
def test_6_4_a_filing_sent_back_is_called_to_the_institutions_mind(session: Session, by: str):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    if by == "platform":
        world.act(session, Action.APPROVE)
    world.act(session, Action.RETURN)
    assert investment_list.remind_waiting(session) == 0
    for days in (4, 8):
        clock.shift(timedelta(days=days))
        assert (investment_list.remind_waiting(session), investment_list.remind_waiting(session)) == (1, 0)
    assert reminded(session, world.owner.user_id, "请更正投资备案") == 2
    assert reminded(session, world.reviewer.user_id, "请确认投资") == 0
    world.act(session, Action.SUBMIT)
    assert investment_list.remind_waiting(session) == 0


def test_6_2_an_online_record_is_called_to_mind_at_whoever_has_not_confirmed(session: Session):
    row, fund, owner = equity.online(session, by="staff")
    clock.shift(timedelta(days=2))
    assert investment_list.remind_waiting(session) == 0
    clock.shift(timedelta(days=4))
    assert (investment_list.remind_waiting(session), investment_list.remind_waiting(session)) == (1, 0)
    assert [reminded(session, w.user_id, "请确认投资") for w in (fund, owner)] == [1, 1]
    session.refresh(row)
    online_investment.confirm(session, owner, row.id or 0, row.version)
    clock.shift(timedelta(days=8))
    assert investment_list.remind_waiting(session) == 1
    assert [reminded(session, w.user_id, "请确认投资") for w in (fund, owner)] == [2, 1]
    (note,) = session.exec(
        select(Notice)
        .where(Notice.user_id == fund.user_id, col(Notice.title).startswith("请确认投资"))
        .order_by(col(Notice.id).desc())
        .limit(1)
    )
    assert note.href == f"/console/equity/records/{row.id}"
    session.refresh(row)
    theirs = equity.strings_of(row) | {"amount": "900"}
    online_investment.object_to(session, fund, row.id or 0, row.version, theirs, "到账 900 万元")
    clock.shift(timedelta(days=12))
    assert investment_list.remind_waiting(session) == 1
    assert reminded(session, fund.user_id, "请更正投资记录") == 1
