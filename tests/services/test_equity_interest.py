"""收藏, recommendations, preferences, and the leads that come of them (manual §6.1)."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import EquityLead, EquityProject, LeadEvent, Notice, Organisation, ProjectRecommendation
from cpegi_app.services import (
    deal_list,
    equity_board,
    equity_interest,
    equity_lead,
    equity_match,
    equity_project,
    equity_recommend,
    lists,
    notices,
)
from cpegi_app.vocabulary import Kind
from cpegi_app.vocabulary.equity import LeadOutcome, LeadStage
from tests import factories, worlds


def fund(session: Session, **changes: str) -> Actor:
    return factories.member(session, Kind.EQUITY, **changes)


def lead_of(session: Session, project: EquityProject, actor: Actor) -> EquityLead | None:
    query = select(EquityLead).where(EquityLead.project_id == project.id, EquityLead.org_id == actor.org_id)
    return session.exec(query).first()


def log(session: Session, lead: EquityLead) -> list[str]:
    query = select(LeadEvent).where(LeadEvent.lead_id == lead.id).order_by(LeadEvent.id)  # pyright: ignore
    return [f"{e.kind} {e.text}" for e in session.exec(query)]


# --- favourites ---------------------------------------------------------------------------------------


def test_6_1_a_favourite_is_kept_once_listed_and_becomes_a_lead(session: Session):
    project, actor = worlds.listed_project(session), fund(session)
    for _ in range(2):
        equity_interest.favourite(session, actor, project.id, on=True)
    rows, total = worlds.deals(session, actor, tab="favourite")
    assert total == 1 and rows[0].is_favourite and rows[0].href
    lead = lead_of(session, project, actor)
    assert lead and lead.stage == LeadStage.NEW and log(session, lead) == ["BEGUN 收藏了项目"]
    equity_interest.favourite(session, actor, project.id, on=False)
    equity_interest.favourite(session, actor, project.id, on=False)
    assert worlds.deals(session, actor, tab="favourite")[1] == 0
    assert log(session, lead)[1:] == ["SIGNAL 取消收藏"]


@pytest.mark.parametrize("kind", [Kind.DEBT, Kind.INTERMEDIARY, Kind.ENTERPRISE])
def test_6_1_only_equity_institutions_keep_and_answer(session: Session, kind: Kind):
    project, actor = worlds.listed_project(session), factories.member(session, kind)
    for call in (
        lambda: equity_interest.favourite(session, actor, project.id, on=True),
        lambda: equity_interest.answer(session, actor, project.id, "INTERESTED"),
        lambda: worlds.deals(session, actor),
        lambda: equity_match.save(session, actor, {}),
    ):
        with pytest.raises(Forbidden):
            call()


def test_6_1_what_is_down_closed_absent_or_ones_own_is_not_kept(session: Session):
    owner, actor = factories.member(session), fund(session)
    project = worlds.listed_project(session, owner)
    equity_project.take_down(session, owner, project.id, down=True)
    with pytest.raises(Conflict, match="已被项目方撤下"):
        equity_interest.favourite(session, actor, project.id, on=True)
    equity_project.close(session, project)
    with pytest.raises(Conflict, match="已结项"):
        equity_interest.favourite(session, actor, project.id, on=True)
    own = worlds.listed_project(session, actor)
    with pytest.raises(Conflict, match="自己发布"):
        equity_interest.favourite(session, actor, own.id, on=True)
    for absent in (0, -1, 2**40, 999_999):
        with pytest.raises(NotFound):
            equity_interest.favourite(session, actor, absent, on=True)


def test_6_1_a_favourite_that_was_taken_down_stays_listed_without_its_page(session: Session):
    owner, actor = factories.member(session), fund(session)
    project = worlds.listed_project(session, owner)
    equity_interest.favourite(session, actor, project.id, on=True)
    equity_project.take_down(session, owner, project.id, down=True)
    row = worlds.deals(session, actor, tab="favourite")[0][0]
    assert (row.state, row.href, row.is_open) == ("已撤下", "", False)


# --- recommendations ----------------------------------------------------------------------------------


def test_6_1_a_recommendation_tells_its_reasons_and_takes_an_answer(session: Session):
    staff, actor = factories.staff(session), fund(session)
    project = worlds.listed_project(session)
    assert equity_recommend.recommend(session, staff, [project.id], [actor.org_id or 0], "请关注") == 1
    assert equity_recommend.recommend(session, staff, [project.id], [actor.org_id or 0], "再次") == 0
    row = worlds.deals(session, actor)[0][0]
    assert row.note == "请关注" and "行业" in row.reasons and row.answer_label == "待反馈"
    assert equity_interest.unanswered(session, actor) == 1
    heads = session.exec(select(Notice.title).where(Notice.user_id == actor.user_id)).all()
    assert any("平台推荐融资项目" in h for h in heads)
    equity_interest.answer(session, actor, project.id, "NOT_INTERESTED", "阶段偏早")
    assert lead_of(session, project, actor) is None
    equity_interest.answer(session, actor, project.id, "INTERESTED", "技术有壁垒")
    lead = lead_of(session, project, actor)
    assert lead and log(session, lead) == ["BEGUN 感兴趣：技术有壁垒"]
    assert equity_interest.unanswered(session, actor) == 0
    assert worlds.deals(session, actor, answer="INTERESTED")[1] == 1
    assert worlds.deals(session, actor, answer="NONE")[1] == 0
    listing = deal_list.RECOMMENDED
    (line,), _ = lists.export(session, actor, listing, {"answer": "INTERESTED"})
    told = dict(zip(lists.headings(listing, {}), line, strict=True))
    assert (told["推荐说明"], told["反馈"], told["反馈说明"]) == ("请关注", "感兴趣", "技术有壁垒")
    assert lists.export(session, fund(session), listing, {}) == ([], 0)


def test_6_1_the_staff_read_the_word_of_an_answer_and_what_else_is_asked_for(session: Session):
    staff, actor, project = factories.staff(session), fund(session), worlds.listed_project(session)
    equity_match.save(session, actor, {"rounds": "A", "note": "仅看郑州本地团队"})
    equity_recommend.recommend(session, staff, [project.id], [actor.org_id or 0], "")
    equity_interest.answer(session, actor, project.id, "NOT_INTERESTED", "阶段偏早")
    by_project = equity_recommend.for_project(session, staff, project.id)
    (line,) = [c for c in by_project.rows if c.id == actor.org_id]
    assert (line.done, line.said) == ("已推荐 · 不感兴趣", "阶段偏早")
    found = equity_recommend.for_institution(session, staff, actor.org_id or 0)
    assert [c.said for c in found.rows if c.id == project.id] == ["阶段偏早"]
    (inst,) = [i for i in equity_recommend.institutions(session, staff)[0] if i.id == actor.org_id]
    other = worlds.listed_project(session)
    equity_interest.favourite(session, actor, other.id, on=True)
    lead = lead_of(session, other, actor)
    assert lead
    wants = equity_board.detail(session, staff, lead.id or 0).wants
    for text in (line.note, found.about, inst.wants, wants):
        assert text.endswith("其他要求：仅看郑州本地团队")


def test_6_1_an_answer_needs_a_recommendation_and_fits(session: Session):
    project, actor = worlds.listed_project(session), fund(session)
    with pytest.raises(NotFound):
        equity_interest.answer(session, actor, project.id, "INTERESTED")
    equity_recommend.recommend(session, factories.staff(session), [project.id], [actor.org_id or 0], "")
    with pytest.raises(FormInvalid):
        equity_interest.answer(session, actor, project.id, "MAYBE")
    with pytest.raises(FormInvalid, match="更正"):
        equity_interest.answer(session, actor, project.id, "INTERESTED", "长" * 201)
    other = fund(session)
    with pytest.raises(NotFound):
        equity_interest.answer(session, other, project.id, "INTERESTED")


def test_6_1_what_cannot_be_recommended(session: Session):
    staff, actor, owner = factories.staff(session), fund(session), factories.member(session)
    project = worlds.listed_project(session, owner)
    bank = factories.member(session, Kind.DEBT)
    equity_project.take_down(session, owner, project.id, down=True)
    with pytest.raises(Conflict, match="已撤下"):
        equity_recommend.recommend(session, staff, [project.id], [actor.org_id or 0], "")
    equity_project.take_down(session, owner, project.id, down=False)
    with pytest.raises(NotFound):
        equity_recommend.recommend(session, staff, [project.id], [bank.org_id or 0], "")
    for picked in ([], list(range(1, 60))):
        with pytest.raises(FormInvalid):
            equity_recommend.recommend(session, staff, [project.id], picked, "")
    with pytest.raises(Forbidden):
        equity_recommend.recommend(session, actor, [project.id], [actor.org_id or 0], "")
    assert session.exec(select(ProjectRecommendation)).all() == []


def test_6_1_candidates_come_best_first_with_reasons_for_and_against(session: Session):
    staff = factories.staff(session)
    project = worlds.listed_project(session, industry="I", round="A", stage="GROWTH", region="GAOXIN")
    fits = fund(session, name="契合基金")
    misses = fund(session, name="不合基金")
    equity_match.save(session, fits, {"industries": "I", "rounds": "A", "amount_max": "2000"})
    equity_match.save(session, misses, {"industries": "A", "rounds": "SEED", "amount_min": "5000"})
    found = equity_recommend.for_project(session, staff, project.id)
    assert [c.name for c in found.rows] == ["契合基金", "不合基金"]
    assert found.rows[0].verdict == "完全符合" and found.rows[1].verdict == "不符合"
    assert all(not r.ok for r in found.rows[1].reasons)
    assert equity_recommend.for_project(session, staff, project.id, word="契合").total == 1
    worlds.listed_project(session, name="农业项目", industry="A", round="SEED")
    for_misses = equity_recommend.for_institution(session, staff, misses.org_id or 0)
    assert for_misses.rows[0].name == "农业项目" and for_misses.total == 2


def test_6_1_a_preference_begins_with_the_profile_and_is_checked(session: Session):
    actor = fund(session)
    found = equity_match.own(session, actor)
    assert found.from_profile and found.values["industries"] == "C,I" and found.values["amount_min"] == "500"
    with pytest.raises(FormInvalid) as refusal:
        equity_match.save(session, actor, {"amount_min": "10", "amount_max": "5"})
    assert "不能小于下限" in refusal.value.fields["amount_max"]
    equity_match.save(session, actor, {"rounds": "B,A", "note": "优先本地"})
    found = equity_match.own(session, actor)
    assert not found.from_profile and found.values == {
        "industries": "", "rounds": "A,B", "stages": "", "regions": "", "amount_min": "", "amount_max": "",
        "note": "优先本地",
    }  # fmt: skip


# --- leads --------------------------------------------------------------------------------------------


@pytest.fixture
def lead(session: Session) -> EquityLead:
    project, actor = worlds.listed_project(session), fund(session)
    equity_interest.favourite(session, actor, project.id, on=True)
    found = lead_of(session, project, actor)
    assert found
    return found


CONTACT = {"kind": "CALL", "happened_on": "2026-01-05", "text": "对方希望查看财务数据"}


def test_6_1_a_lead_is_taken_planned_talked_about_and_closed(session: Session, lead: EquityLead):
    staff, colleague = factories.staff(session), factories.staff(session, "钱专员")
    equity_lead.assign(session, staff, lead.id or 0, lead.version, colleague.user_id)
    assert notices.unread_count(session, colleague) == 1
    equity_lead.plan(
        session, staff, lead.id or 0, lead.version, {"next_step": "约见", "next_on": "2199-01-01"}
    )
    assert lead.next_step == "约见"
    equity_lead.contact(session, staff, lead.id or 0, lead.version, CONTACT)
    assert (lead.stage, lead.next_step, lead.next_on) == ("CONTACTED", "", None)
    equity_lead.move(session, staff, lead.id or 0, lead.version, "DILIGENCE")
    outcome = {"outcome": "INVESTED", "outcome_note": "签署投资协议"}
    equity_lead.close(session, staff, lead.id or 0, lead.version, outcome)
    assert (lead.stage, lead.outcome) == (LeadStage.CLOSED, LeadOutcome.INVESTED)
    kinds = [line.split()[0] for line in log(session, lead)]
    assert kinds == ["BEGUN", "OWNER", "PLAN", "CALL", "STAGE", "CLOSED"]
    detail = equity_board.detail(session, staff, lead.id or 0)
    assert detail.closed and detail.events[0].action == "了结" and detail.owner == "钱专员"


def test_6_1_a_new_lead_waits_at_everybody_until_somebody_takes_it(session: Session):
    staff, colleague = factories.staff(session), factories.staff(session)
    project, actor = worlds.listed_project(session), fund(session)
    before = {a: notices.unread_count(session, a) for a in (staff, colleague)}
    equity_interest.favourite(session, actor, project.id, on=True)
    assert all(notices.unread_count(session, a) == n + 1 for a, n in before.items())
    lead = lead_of(session, project, actor)
    assert lead
    equity_lead.assign(session, staff, lead.id or 0, lead.version, staff.user_id)
    assert all(notices.unread_count(session, a) == n for a, n in before.items())
    equity_interest.favourite(session, actor, project.id, on=False)
    assert notices.unread_count(session, staff) == before[staff] + 1


def test_6_1_of_two_colleagues_the_second_learns_what_the_first_did(session: Session, lead: EquityLead):
    staff, seen = factories.staff(session), lead.version
    equity_lead.move(session, staff, lead.id or 0, seen, "MEETING")
    for act in (
        lambda: equity_lead.move(session, staff, lead.id or 0, seen, "TERMS"),
        lambda: equity_lead.contact(session, staff, lead.id or 0, seen, CONTACT),
        lambda: equity_lead.close(
            session, staff, lead.id or 0, seen, {"outcome": "NO_CONTACT", "outcome_note": "无人接听"}
        ),
        lambda: equity_lead.move(session, staff, lead.id or 0, "x", "TERMS"),  # pyright: ignore
    ):
        with pytest.raises(Conflict, match="其他同事"):
            act()
    session.refresh(lead)
    assert lead.stage == "MEETING" and len(log(session, lead)) == 2


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (
            lambda s, a, i, v: equity_lead.plan(s, a, i, v, {"next_step": "约见", "next_on": "2020-01-01"}),
            "next_on",
        ),
        (
            lambda s, a, i, v: equity_lead.contact(s, a, i, v, CONTACT | {"happened_on": "2199-01-01"}),
            "happened_on",
        ),
        (lambda s, a, i, v: equity_lead.contact(s, a, i, v, CONTACT | {"kind": "CLOSED"}), "kind"),
        (lambda s, a, i, v: equity_lead.close(s, a, i, v, {"outcome": "INVESTED"}), "outcome_note"),
        (lambda s, a, i, v: equity_lead.move(s, a, i, v, "CLOSED"), "stage"),
        (lambda s, a, i, v: equity_lead.assign(s, a, i, v, 10**9), "owner"),
    ],
)
def test_6_1_what_a_lead_refuses(session: Session, lead: EquityLead, act, field: str):
    with pytest.raises(FormInvalid) as refusal:
        act(session, factories.staff(session), lead.id or 0, lead.version)
    assert field in refusal.value.fields
    assert len(log(session, lead)) == 1


def test_6_1_a_member_cannot_be_made_owner_and_members_see_no_leads(session: Session, lead: EquityLead):
    staff, member = factories.staff(session), fund(session)
    with pytest.raises(FormInvalid):
        equity_lead.assign(session, staff, lead.id or 0, lead.version, member.user_id)
    for call in (
        lambda: equity_board.board(session, member),
        lambda: equity_board.detail(session, member, lead.id or 0),
        lambda: equity_lead.move(session, member, lead.id or 0, lead.version, "TERMS"),
    ):
        with pytest.raises(Forbidden):
            call()


def test_6_1_a_closed_lead_rests_until_somebody_or_the_institution_takes_it_up(session: Session):
    project, actor, staff = worlds.listed_project(session), fund(session), factories.staff(session)
    equity_interest.favourite(session, actor, project.id, on=True)
    lead = lead_of(session, project, actor)
    assert lead
    gave_up = {"outcome": "INSTITUTION_DECLINED", "outcome_note": "方向调整"}
    equity_lead.close(session, staff, lead.id or 0, lead.version, gave_up)
    with pytest.raises(Conflict, match="已了结"):
        equity_lead.move(session, staff, lead.id or 0, lead.version, "TERMS")
    equity_lead.reopen(session, staff, lead.id or 0, lead.version, "机构来电")
    assert (lead.stage, lead.outcome) == ("CONTACTED", "")
    equity_lead.close(session, staff, lead.id or 0, lead.version, gave_up)
    equity_interest.favourite(session, actor, project.id, on=False)
    equity_interest.favourite(session, actor, project.id, on=True)
    session.refresh(lead)
    assert lead.stage == "NEW" and "自动恢复跟进" in log(session, lead)[-1]


def test_6_1_the_board_shows_what_is_due_first(session: Session):
    staff, project = factories.staff(session), worlds.listed_project(session)
    leads = []
    for _ in range(3):
        actor = fund(session)
        equity_interest.favourite(session, actor, project.id, on=True)
        leads.append(lead_of(session, project, actor))
    for lead, day in zip(leads[:2], ("2199-05-05", "2199-01-01"), strict=True):
        assert lead
        equity_lead.plan(session, staff, lead.id or 0, lead.version, {"next_step": "联系", "next_on": day})
    column = equity_board.board(session, staff)[0]
    assert column.count == 3 and [c.next_on for c in column.cards] == ["2199-01-01", "2199-05-05", ""]
    assert equity_board.board(session, staff, cards=1)[0].more
    assert equity_board.board(session, staff, owner="MINE")[0].count == 0
    assert equity_board.untaken(session, staff) == 3
    # Beyond the board, and by a word, each is found in the list.
    name = session.get_one(Organisation, leads[0].org_id).name
    assert [c.org for c in equity_board.board(session, staff, word=name)[0].cards] == [name]

    def shown(sort: str = "", **filters: str) -> list[int]:
        return [c.id for c in lists.page(session, staff, equity_board.OPEN, filters, sort=sort).rows]

    every = [lead.id for lead in leads]
    assert shown() == every[::-1] and shown(owner="NONE", stage=leads[0].stage) == every[::-1]
    assert shown("due") == [every[1], every[0], every[2]] and shown("-due") == shown("due")[::-1]
    assert shown(word=name) == every[:1] and shown(owner=str(staff.user_id)) == shown(word="没有此机构") == []


def test_6_1_a_log_is_not_rewritten(session: Session, lead: EquityLead):
    with pytest.raises(DatabaseError, match="immutable"), session.begin_nested():
        session.exec(select(LeadEvent)).one().text = "另一种说法"
        session.flush()
