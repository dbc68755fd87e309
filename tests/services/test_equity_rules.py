"""Equity projects at their edges: closed while a change waits, the staff's lists, and races (manual §6.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import EquityLead, EquityProject, LeadEvent, ProjectFavourite, ProjectRecommendation
from cpegi_app.services import (
    equity_board,
    equity_interest,
    equity_lead,
    equity_list,
    equity_match,
    equity_project,
    equity_public,
    equity_recommend,
    equity_recommend_list,
    lists,
    notices,
)
from cpegi_app.services.equity_project import FLOW
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, worlds
from tests.services.test_concurrency import at_once, count, kinds, made

CONTACT = {"kind": "CALL", "happened_on": "2026-01-05", "text": "对方希望查看财务数据"}
CLOSING = {"outcome": "INSTITUTION_DECLINED", "outcome_note": "方向调整"}


def fund(session: Session, name: str = "郑州川泽私募基金管理有限公司") -> Actor:
    return factories.member(session, Kind.EQUITY, name=name)


def kept_lead(session: Session, owner: Actor | None = None) -> tuple[EquityLead, Actor]:
    """Return the lead of a project that an institution has kept."""
    project, actor = worlds.listed_project(session, owner), fund(session)
    equity_interest.favourite(session, actor, project.id, on=True)
    return session.exec(select(EquityLead).where(EquityLead.project_id == project.id)).one(), actor


# --- a project that is done ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PENDING, Status.RETURNED])
def test_6_1_a_change_that_waited_while_the_project_closed_goes_nowhere(session: Session, status: Status):
    owner = factories.member(session)
    project = worlds.listed_project(session, owner, name="原名")
    draft = equity_project.change_draft(session, owner, project.id)
    data = factories.project_data(name="新名")
    world = worlds.World(FLOW, owner, factories.staff(session), draft.id or 0, data)
    world.bring_to(session, status)
    equity_project.close(session, session.get_one(EquityProject, project.id))
    with pytest.raises(Conflict, match="已结项"):
        equity_project.change_draft(session, owner, project.id)
    action = Action.APPROVE if status is Status.PENDING else Action.SUBMIT
    with pytest.raises(Conflict, match="已结项"), session.begin_nested():
        world.act(session, action)
    assert world.row(session).status == status
    assert session.get_one(EquityProject, project.id).name == "原名"
    if status is Status.PENDING:
        world.act(session, Action.RETURN)


def test_6_1_a_closed_project_hides_its_figures_from_institutions_not_from_its_own(session: Session):
    owner = factories.member(session)
    project = worlds.listed_project(session, owner)
    equity_project.close(session, project)
    shown = equity_public.detail(session, fund(session), project.id)
    assert not shown.figures and not shown.plan and "已结项" in shown.why_hidden
    assert equity_public.detail(session, owner, project.id).plan


def test_6_1_a_project_not_yet_approved_is_absent_and_cannot_be_taken_down(session: Session):
    world = worlds.project_world(session).bring_to(session, Status.PENDING)
    pid = world.row(session).project_id
    for call in (
        lambda: equity_public.detail(session, None, pid),
        lambda: equity_interest.favourite(session, fund(session), pid, on=True),
        lambda: equity_recommend.for_project(session, factories.staff(session), pid),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Conflict, match="尚未通过审核"):
        equity_project.take_down(session, world.owner, pid, down=True)


def test_6_1_a_project_is_begun_by_verified_organisations_only(session: Session):
    # Institutions keep every enterprise function (manual §3.3).
    assert equity_project.new_draft(session, factories.member(session, Kind.DEBT)).id
    for actor in (
        factories.member(session, verified=False),
        factories.member(session, Kind.EQUITY, verified=False),
        factories.staff(session),
        factories.regulator(session),
    ):
        with pytest.raises(Forbidden):
            equity_project.new_draft(session, actor)
        with pytest.raises(Forbidden):
            equity_list.own_list(session, actor)


# --- lists --------------------------------------------------------------------------------------------


def test_6_1_the_own_list_is_filtered_and_shows_a_waiting_change(session: Session):
    owner = factories.member(session)
    project = worlds.listed_project(session, owner, name="光学镜头")
    worlds.project_world(session, owner, name="草稿项目")
    worlds.listed_project(session, name="他人项目")
    draft = equity_project.change_draft(session, owner, project.id)
    world = worlds.World(FLOW, owner, factories.staff(session), draft.id or 0, factories.project_data())
    world.act(session, Action.SUBMIT)
    rows, total = equity_list.own_list(session, owner)
    assert total == 2 and {r.pending for r in rows} == {"", "变更待审核"}
    assert [r.id for r in equity_list.own_list(session, owner, word="光学")[0]] == [project.id]
    assert [r.id for r in equity_list.own_list(session, owner, status="OPEN")[0]] == [project.id]
    assert equity_list.own_list(session, owner, status="DOWN") == ([], 0)
    assert equity_list.own_list(session, owner, word="他人") == ([], 0)


def test_6_1_a_word_is_looked_for_once_and_what_went_down_meanwhile_is_left_out(session: Session):
    owner = factories.member(session, name="郑州星河科技有限公司")
    first, second = (worlds.listed_project(session, owner, name=n) for n in ("甲", "乙"))
    found = equity_public.public_found(session, word="星河")
    assert found == [second.id, first.id]
    equity_project.take_down(session, owner, second.id, down=True)
    assert [c.name for c in equity_public.cards(session, found)] == ["甲"]


def test_6_1_favourites_and_answers_are_the_institutions_own(session: Session):
    project, mine, other = worlds.listed_project(session), fund(session), fund(session)
    equity_interest.favourite(session, mine, project.id, on=True)
    equity_recommend.recommend(session, factories.staff(session), [project.id], [mine.org_id or 0], "")
    for tab in ("favourite", "recommended"):
        assert worlds.deals(session, mine, tab=tab)[1] == 1
        assert worlds.deals(session, other, tab=tab) == ([], 0)
        assert worlds.deals(session, mine, tab=tab, word="%")[1] == 0
    shown = equity_public.detail(session, other, project.id)
    assert (shown.is_favourite, shown.is_recommended) == (False, False)


def test_6_1_the_staff_s_lists_count_what_became_of_recommendations(session: Session):
    staff, actor = factories.staff(session), fund(session, name="川泽基金")
    factories.member(session, Kind.EQUITY, verified=False)
    project = worlds.listed_project(session)
    equity_recommend.recommend(session, staff, [project.id], [actor.org_id or 0], "")
    equity_interest.answer(session, actor, project.id, "INTERESTED")
    equity_interest.favourite(session, actor, project.id, on=True)
    line = equity_recommend.projects(session, staff)[0]
    assert (line.favourites, line.interested, line.recommended) == (1, 1, 1)
    assert equity_recommend.project_count(session, staff) == 1
    rows, total = equity_recommend.institutions(session, staff, word="川泽")
    assert total == 1 and (rows[0].recommended, rows[0].interested, rows[0].stated) == (1, 1, False)
    assert equity_recommend.institutions(session, staff)[1] == 1
    for listing, heading in (
        (equity_recommend_list.PROJECTS, "amount"),
        (equity_recommend_list.INSTITUTIONS, "name"),
    ):
        (told,), _ = lists.export(session, staff, listing, {"sort": f"-{heading}"})
        assert told[0] in (project.name, rows[0].name)
        assert lists.export(session, staff, listing, {"word": "没有此名"}) == ([], 0)
    assert equity_recommend.for_project(session, staff, project.id).rows[0].done == "已推荐 · 感兴趣"
    assert equity_recommend.for_institution(session, staff, actor.org_id or 0).rows[0].done
    for call in (
        lambda: equity_recommend.projects(session, actor),
        lambda: equity_recommend.project_count(session, actor),
        lambda: equity_recommend.institutions(session, actor),
        lambda: lists.export(session, actor, equity_recommend_list.INSTITUTIONS, {}),
        lambda: equity_recommend.for_project(session, actor, project.id),
        lambda: equity_recommend.for_institution(session, actor, actor.org_id or 0),
        lambda: lists.page(session, actor, equity_board.CLOSED, {}),
    ):
        with pytest.raises(Forbidden):
            call()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"industries": "ZZ"}, "industries"),
        ({"amount_min": "-1"}, "amount_min"),
        ({"note": "长" * 501}, "note"),
    ],
)
def test_6_1_what_a_preference_refuses(session: Session, data: dict[str, str], field: str):
    actor = fund(session)
    with pytest.raises(FormInvalid) as refusal:
        equity_match.save(session, actor, data)
    assert field in refusal.value.fields and equity_match.own(session, actor).from_profile


# --- leads --------------------------------------------------------------------------------------------


def test_6_1_a_note_leaves_the_plan_and_a_closed_lead_still_takes_one(session: Session):
    lead, _ = kept_lead(session)
    staff, lid = factories.staff(session), lead.id or 0
    equity_lead.plan(session, staff, lid, lead.version, {"next_step": "约见", "next_on": "2199-01-01"})
    equity_lead.contact(session, staff, lid, lead.version, CONTACT | {"kind": "NOTE"})
    assert (lead.stage, lead.next_step) == ("NEW", "约见")
    equity_lead.close(session, staff, lid, lead.version, CLOSING)
    equity_lead.contact(session, staff, lid, lead.version, CONTACT)
    assert (lead.stage, lead.outcome) == ("CLOSED", "INSTITUTION_DECLINED")
    for call in (
        lambda: equity_lead.plan(
            session, staff, lid, lead.version, {"next_step": "a", "next_on": "2199-01-01"}
        ),
        lambda: equity_lead.close(session, staff, lid, lead.version, CLOSING),
        lambda: equity_lead.assign(session, staff, lid, lead.version, staff.user_id),
    ):
        with pytest.raises(Conflict, match="已了结"):
            call()
    found = lists.page(session, staff, equity_board.CLOSED, {"outcome": "INSTITUTION_DECLINED"})
    assert found.total == 1 and found.rows[0].outcome == "机构放弃"
    assert lists.page(session, staff, equity_board.CLOSED, {"outcome": "INVESTED"}).total == 0


def test_6_1_what_taking_up_again_refuses(session: Session):
    lead, _ = kept_lead(session)
    staff, lid = factories.staff(session), lead.id or 0
    with pytest.raises(Conflict, match="正在跟进"):
        equity_lead.reopen(session, staff, lid, lead.version, "机构来电")
    equity_lead.close(session, staff, lid, lead.version, CLOSING)
    for why in ("", "  ", "长" * 201):
        with pytest.raises(FormInvalid):
            equity_lead.reopen(session, staff, lid, lead.version, why)
    with pytest.raises(NotFound):
        equity_lead.reopen(session, staff, 999_999, 1, "机构来电")
    assert lead.stage == "CLOSED"


def test_6_1_an_invested_lead_is_not_taken_up_by_a_new_favourite(session: Session):
    lead, actor = kept_lead(session)
    equity_lead.close(
        session, factories.staff(session), lead.id or 0, lead.version, CLOSING | {"outcome": "INVESTED"}
    )
    for on in (False, True):
        equity_interest.favourite(session, actor, lead.project_id, on=on)
    session.refresh(lead)
    assert lead.stage == "CLOSED"


def test_6_1_who_follows_a_lead_learns_that_its_project_went_down(session: Session):
    owner, staff = factories.member(session), factories.staff(session)
    lead, _ = kept_lead(session, owner)
    equity_lead.assign(session, staff, lead.id or 0, lead.version, staff.user_id)
    before = notices.unread_count(session, staff)
    equity_project.take_down(session, owner, lead.project_id, down=True)
    assert notices.unread_count(session, staff) == before + 1


# --- at the same moment -------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
def test_6_1_twenty_favourites_and_answers_at_once_are_one_lead():
    pid, actor = made(lambda s: (worlds.listed_project(s).id, fund(s)))
    made(lambda s: equity_recommend.recommend(s, factories.staff(s), [pid], [actor.org_id or 0], ""))
    calls = [
        lambda s: equity_interest.favourite(s, actor, pid, on=True),
        lambda s: equity_interest.answer(s, actor, pid, "INTERESTED", "技术有壁垒"),
    ] * 10
    assert kinds(at_once(calls)) == {"NoneType": 20}
    assert count(ProjectFavourite) == count(EquityLead) == 1
    # Each of the two is told once, whichever came first.
    assert count(LeadEvent) == 2


@pytest.mark.usefixtures("database")
def test_6_1_ten_recommendations_at_once_are_one():
    pid, org, staff = made(lambda s: (worlds.listed_project(s).id, fund(s).org_id, factories.staff(s)))
    results = at_once([lambda s: equity_recommend.recommend(s, staff, [pid], [org or 0], "")] * 10)
    assert sorted(results) == [0] * 9 + [1] and count(ProjectRecommendation) == 1


@pytest.mark.usefixtures("database")
def test_6_1_ten_colleagues_at_once_move_a_lead_once():
    lid, version = made(lambda s: (lambda lead: (lead.id, lead.version))(kept_lead(s)[0]))
    staff = made(factories.staff)
    stages = ["CONTACTED", "MEETING", "DILIGENCE", "TERMS"] * 3
    results = at_once([lambda s, to=to: equity_lead.move(s, staff, lid, version, to) for to in stages])
    refused = [r for r in results if isinstance(r, Conflict)]
    # Who wanted just the stage that another brought about is content.
    assert len(refused) >= 9 and count(LeadEvent, col(LeadEvent.kind) == "STAGE") == 1


@pytest.mark.usefixtures("database")
def test_6_1_ten_new_drafts_at_once_are_one():
    owner = made(factories.member)
    assert len({*at_once([lambda s: equity_project.new_draft(s, owner).id] * 10)}) == 1
