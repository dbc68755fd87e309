"""§6.2 投资记录: recorded at the end of a lead, confirmed by both; questions answered by the staff."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import EquityLead, EquityProject, InvestmentRecord, LeadEvent, OnlineInvestment
from cpegi_app.services import (
    investment_question,
    lists,
    notices,
    online_investment,
    online_list,
    question_desk,
)
from cpegi_app.services.online_investment import confirm, correct, object_to, void
from cpegi_app.vocabulary import Action, Kind, Status
from cpegi_app.vocabulary.equity import LeadOutcome, LeadStage, OnlineState, ProjectState
from tests import equity, factories, worlds


def records(session: Session) -> list[InvestmentRecord]:
    return list(session.exec(select(InvestmentRecord)))


def test_6_2_what_the_staff_record_both_sides_confirm(session: Session):
    row, fund, owner = equity.online(session, by="staff")
    assert (row.institution_at, row.enterprise_at) == (None, None)
    confirm(session, owner, row.id or 0, row.version)
    assert (row.state, records(session)) == (OnlineState.WAITING, [])
    confirm(session, fund, row.id or 0, row.version)
    assert row.state == OnlineState.DONE
    (record,) = records(session)
    assert (record.source, record.online_id, record.project_id) == ("ONLINE", row.id, row.project_id)
    assert session.get_one(EquityProject, row.project_id).state == ProjectState.CLOSED
    lead = session.get_one(EquityLead, row.lead_id)
    assert (lead.stage, lead.outcome) == (LeadStage.CLOSED, LeadOutcome.INVESTED)
    assert session.exec(select(LeadEvent.kind).where(LeadEvent.lead_id == lead.id)).all()[-1] == "CLOSED"


def test_an_institution_that_records_has_confirmed_for_itself_only(session: Session):
    row, fund, owner = equity.online(session)
    assert row.institution_at is not None and row.enterprise_at is None
    again = confirm(session, fund, row.id or 0, row.version)
    assert (again.state, again.enterprise_at) == (OnlineState.WAITING, None)
    for who in (factories.staff(session),):
        with pytest.raises(DomainError, match="不能代为确认"):
            confirm(session, who, row.id or 0, row.version)
    for who in (equity.fund(session), factories.member(session), factories.member(session, Kind.DEBT)):
        with pytest.raises(NotFound):
            confirm(session, who, row.id or 0, row.version)
    confirm(session, owner, row.id or 0, row.version)
    assert len(records(session)) == 1


def test_an_objection_stops_it_until_it_is_corrected(session: Session):
    row, fund, owner = equity.online(session)
    theirs = equity.figures(agreed_on=row.agreed_on.isoformat(), amount="900")
    object_to(session, owner, row.id or 0, row.version, theirs, "到账 900 万元")
    assert (row.state, row.institution_at) == (OnlineState.DISPUTED, None)
    for who in (fund, owner):
        with pytest.raises(Conflict, match="有异议尚未解决"):
            confirm(session, who, row.id or 0, row.version)
    view = online_list.view(session, fund, row.id or 0)
    assert [d.new for d in view.differences if d.changed] == ["900 万元"]
    assert (view.objection, view.objected_by, view.can_correct) == ("到账 900 万元", "项目方", True)
    with pytest.raises(DomainError, match="提出异议"):
        correct(session, owner, row.id or 0, row.version, theirs)
    correct(session, fund, row.id or 0, row.version, theirs)
    assert (row.state, row.amount_fen, row.enterprise_at) == (OnlineState.WAITING, 900_000_000, None)
    confirm(session, owner, row.id or 0, row.version)
    assert records(session)[0].amount_fen == 900_000_000


def test_who_sees_an_older_version_does_not_overwrite_the_newer(session: Session):
    row, fund, owner = equity.online(session)
    seen = row.version
    correct(
        session, fund, row.id or 0, seen, equity.figures(agreed_on=row.agreed_on.isoformat(), amount="900")
    )
    for version in (seen, None, "1", True):
        with pytest.raises(Conflict, match="刷新页面"):
            confirm(session, owner, row.id or 0, version)  # pyright: ignore
    assert session.get_one(OnlineInvestment, row.id).enterprise_at is None


def test_what_is_done_or_void_stays(session: Session):
    row, fund, owner = equity.online(session)
    with pytest.raises(DomainError, match="作废"):
        void(session, owner, row.id or 0, row.version, "没有这笔")
    with pytest.raises(FormInvalid):
        void(session, fund, row.id or 0, row.version, "  ")
    confirm(session, owner, row.id or 0, row.version)
    for call in (
        lambda: void(session, fund, row.id or 0, row.version, "重复"),
        lambda: correct(session, fund, row.id or 0, row.version, equity.figures()),
        lambda: confirm(session, fund, row.id or 0, row.version),
    ):
        with pytest.raises(Conflict, match="不能再修改"):
            call()


def test_a_project_taken_down_meanwhile_stops_the_record(session: Session):
    fund, owner = equity.fund(session), factories.member(session)
    project = equity.project(session, owner)
    lead = equity.lead(session, fund, project)
    project.state = ProjectState.DOWN.value
    session.add(project)
    session.flush()
    with pytest.raises(Conflict, match=r"已被项目方撤下.*添加线下投资记录"):
        online_investment.record(session, fund, lead.id or 0, equity.figures())
    assert session.exec(select(OnlineInvestment)).all() == []


def test_a_lead_that_ended_otherwise_has_no_investment(session: Session):
    fund = equity.fund(session)
    ended = {"stage": LeadStage.CLOSED.value, "outcome": LeadOutcome.INSTITUTION_DECLINED.value}
    lead = equity.lead(session, fund, equity.project(session), **ended)
    with pytest.raises(Conflict, match="机构放弃"):
        online_investment.record(session, fund, lead.id or 0, equity.figures())


def test_recorded_twice_by_one_person_is_once_and_by_both_sides_refused(session: Session):
    row, fund, _ = equity.online(session)
    same = equity.strings_of(row)
    assert online_investment.record(session, fund, row.lead_id, same).id == row.id
    with pytest.raises(FormInvalid) as refusal:
        online_investment.record(session, factories.staff(session), row.lead_id, same)
    assert "只能登记一次" in refusal.value.fields["agreed_on"]
    with pytest.raises(FormInvalid):
        online_investment.record(session, fund, row.lead_id, same | {"amount": "1001"})


def test_nobody_records_at_anothers_lead(session: Session):
    lead = equity.lead(session, equity.fund(session), equity.project(session))
    for who in (equity.fund(session), factories.member(session), factories.member(session, Kind.DEBT)):
        with pytest.raises(NotFound):
            online_investment.record(session, who, lead.id or 0, equity.figures())
    for number in (0, -1, 10**6, 2**40, None, "1"):
        with pytest.raises(NotFound):
            online_investment.record(session, factories.staff(session), number, equity.figures())  # pyright: ignore


def test_a_second_investor_of_a_closed_project_is_recorded_too(session: Session):
    row, _, owner = equity.online(session)
    confirm(session, owner, row.id or 0, row.version)
    follower = equity.fund(session)
    lead = equity.lead(session, follower, session.get_one(EquityProject, row.project_id))
    second = online_investment.record(session, follower, lead.id or 0, equity.figures())
    confirm(session, owner, second.id or 0, second.version)
    assert len(records(session)) == 2


def test_each_side_lists_its_own(session: Session):
    row, fund, owner = equity.online(session)
    for listing, who, count in (
        (online_list.OWN, fund, 1),
        (online_list.PARTY_SIDE, owner, 1),
        (online_list.OWN, equity.fund(session), 0),
        (online_list.PARTY_SIDE, fund, 0),
        (online_list.EVERY, factories.staff(session), 1),
    ):
        found = lists.page(session, who, listing, {})
        assert (len(found.rows), found.total) == (count, count)
    with pytest.raises(Forbidden):
        lists.page(session, fund, online_list.EVERY, {})
    (shown,) = lists.page(session, owner, online_list.PARTY_SIDE, {"state": "WAITING"}).rows
    assert (shown.waits_for, shown.id) == ("待项目方确认", row.id)


def test_leads_to_record_at_are_ones_own(session: Session):
    fund, staff = equity.fund(session), factories.staff(session)
    project = equity.project(session)
    lead = equity.lead(session, fund, project)
    equity.lead(session, equity.fund(session), equity.project(session))
    assert [c.value for c in online_list.leads(session, fund)] == [str(lead.id)]
    assert len(online_list.leads(session, staff)) == 2
    assert [c.value for c in online_list.leads(session, staff, project.name)] == [str(lead.id)]
    with pytest.raises(Forbidden):
        online_list.leads(session, factories.member(session))


def test_6_2_the_lead_that_is_named_can_be_chosen_and_closed_ones_are_not_offered(session: Session):
    fund, staff = equity.fund(session), factories.staff(session)
    old = equity.lead(session, fund, equity.project(session))
    for _ in range(online_list.LEADS_MAX + 1):
        equity.lead(session, equity.fund(session), equity.project(session))
    done = equity.lead(
        session,
        fund,
        equity.project(session),
        stage=LeadStage.CLOSED.value,
        outcome=LeadOutcome.INVESTED.value,
    )
    values = lambda who, *more: [c.value for c in online_list.leads(session, who, *more)]  # noqa: E731
    assert str(old.id) not in values(staff) and str(done.id) not in values(staff)
    for kept in (old, done):
        for word in ("", "没有这个项目"):
            assert values(staff, word, str(kept.id))[0] == str(kept.id)
    assert values(fund, "", str(old.id)) == [str(old.id)]
    institution = equity.org(session, fund).name
    assert values(staff, institution) == [str(old.id)]
    stranger = equity.fund(session)
    for wrong in (str(old.id), "9" * 12, "x", ""):
        assert values(stranger, "", wrong) == []


def test_6_2_a_project_that_was_taken_down_has_no_address(session: Session):
    row, fund, _ = equity.online(session)
    project = session.get_one(EquityProject, row.project_id)
    for state, href in ((ProjectState.OPEN, f"/projects/{project.id}"), (ProjectState.DOWN, "")):
        project.state = state.value
        session.add(project)
        session.flush()
        (shown,) = lists.page(session, fund, online_list.OWN, {}).rows
        view = online_list.view(session, fund, row.id or 0)
        assert (shown.project, shown.project_href, view.project_href) == (project.name, href, href)


# --- questions ----------------------------------------------------------------------------------------


def test_a_question_opens_a_thread_that_the_staff_answer(session: Session):
    row, fund, owner = equity.online(session)
    staff = factories.staff(session)
    question = investment_question.ask(session, fund, "online", row.id or 0, "持股比例为何与协议不同？")
    assert any("投资记录疑问" in n.title for n in notices.listing(session, staff)[0])
    (thread,) = investment_question.threads(session, staff, "online", row.id or 0)
    investment_question.post(
        session, staff, question.id or 0, thread.version, "已与项目方核对，按工商登记为准。"
    )
    (thread,) = investment_question.threads(session, fund, "online", row.id or 0)
    assert (thread.state_label, [m.from_staff for m in thread.messages]) == ("已答复", [False, True])
    assert any("平台已答复" in n.title for n in notices.listing(session, fund)[0])
    assert investment_question.threads(session, owner, "online", row.id or 0) == []
    investment_question.ask(session, fund, "online", row.id or 0, "明白，谢谢。还有一处日期。")
    (thread,) = investment_question.threads(session, fund, "online", row.id or 0)
    assert (thread.state_label, len(thread.messages)) == ("待平台答复", 3)
    investment_question.close(session, fund, thread.id, thread.version)
    with pytest.raises(Conflict, match="已标记为解决"):
        investment_question.post(session, staff, thread.id, thread.version + 1, "补充")


def test_questions_are_about_ones_own_records(session: Session):
    row, fund, _ = equity.online(session)
    filed = worlds.investment_world(session).bring_to(session, Status.PENDING)
    stranger = equity.fund(session)
    with pytest.raises(NotFound):
        investment_question.ask(session, stranger, "online", row.id or 0, "？")
    with pytest.raises(NotFound):
        investment_question.ask(session, stranger, "offline", filed.row_id, "？")
    question = investment_question.ask(session, filed.reviewer, "offline", filed.row_id, "我方没有这笔投资")
    with pytest.raises(NotFound):
        investment_question.post(session, fund, question.id or 0, 1, "插一句")
    with pytest.raises(Forbidden):
        investment_question.ask(session, factories.staff(session), "online", row.id or 0, "代问")
    for text in ("", "   ", "问" * 1001):
        with pytest.raises(FormInvalid):
            investment_question.ask(session, fund, "online", row.id or 0, text)


def test_of_two_answers_at_once_the_second_reads_the_first(session: Session):
    row, fund, _ = equity.online(session)
    question = investment_question.ask(session, fund, "online", row.id or 0, "请核对日期")
    investment_question.post(session, factories.staff(session), question.id or 0, 1, "已核对")
    with pytest.raises(Conflict, match="刚有新的消息"):
        investment_question.post(session, factories.staff(session), question.id or 0, 1, "已核对，无误")


def test_6_2_a_question_about_a_filing_is_read_and_answered_by_the_staff(session: Session):
    filed = worlds.investment_world(session).bring_to(session, Status.PENDING)
    staff, row = factories.staff(session), filed.row(session)
    investment_question.ask(session, filed.owner, "offline", filed.row_id, "到账日期可否按银行回单填写？")
    (waiting,) = [n for n in notices.listing(session, staff)[0] if "投资记录疑问" in n.title]
    (listed,) = lists.page(session, staff, investment_question.QUESTIONS, {}).rows
    assert listed.href == waiting.href and listed.kind == "线下"
    number = int(waiting.href.rsplit("/", 1)[1])
    case = question_desk.case(session, staff, number)
    assert (case.project, case.state_label) == (row.project_name, "待项目方确认")
    assert {"投资金额": "1,000 万元"}.items() <= {p.label: p.value for p in case.lines}.items()
    assert case.review_href.endswith(f"/investment/{filed.row_id}")
    (thread,) = case.threads
    investment_question.post(session, staff, thread.id, thread.version, "可以，以银行回单为准。")
    assert not any("投资记录疑问" in n.title and n.unread for n in notices.listing(session, staff)[0])
    (told,) = [n for n in notices.listing(session, filed.owner)[0] if "平台已答复" in n.title]
    assert told.href.endswith(f"/{filed.row_id}")
    (own,) = investment_question.threads(session, filed.owner, "offline", filed.row_id)
    assert own.messages[-1].text == "可以，以银行回单为准。"
    for who in (filed.owner, filed.reviewer):
        with pytest.raises(Forbidden):
            question_desk.case(session, who, number)
    filed.act(session, Action.WITHDRAW)
    case = question_desk.case(session, staff, number)
    assert (case.review_href, [p.label for p in case.lines]) == ("", ["投资机构", "项目方"])


def test_a_question_about_an_online_record_stands_on_its_page_only(session: Session):
    row, fund, _ = equity.online(session)
    question = investment_question.ask(session, fund, "online", row.id or 0, "请核对日期")
    for number in (question.id or 0, 10**6, -1):
        with pytest.raises(NotFound):
            question_desk.case(session, factories.staff(session), number)


def test_the_staff_find_what_waits_for_an_answer(session: Session):
    row, fund, _ = equity.online(session)
    investment_question.ask(session, fund, "online", row.id or 0, "请核对日期")
    staff = factories.staff(session)
    (shown,) = lists.page(session, staff, investment_question.QUESTIONS, {"state": "OPEN"}).rows
    assert (shown.kind, shown.state_label) == ("线上", "待平台答复")
    with pytest.raises(Forbidden):
        lists.page(session, fund, investment_question.QUESTIONS, {})
