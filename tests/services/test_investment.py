"""§6.4 添加线下投资记录: two stages, objections side by side, once and once only, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Investment, InvestmentClaim, InvestmentRecord, Notice
from cpegi_app.services import investment, investment_form, investment_list, online_investment, review_desk
from cpegi_app.services.investment import state_of
from cpegi_app.vocabulary import Action, Kind, Status
from cpegi_app.vocabulary.equity import FilingState, LeadOutcome, LeadStage, ProjectState
from tests import equity, factories, worlds
from tests.worlds import World


def objected(session: Session, world: World, **theirs: str) -> None:
    """Let the project side object with its own figures."""
    row = world.row(session)
    data = investment_form.strings(row) | theirs
    investment.object_to(session, world.reviewer, row.id, row.version, data, "到账金额与协议不同")


def refused(call, *names: str) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refusal:
        call()
    assert set(names) <= set(refusal.value.fields), refusal.value.fields
    return refusal.value.fields


def test_6_4_a_filing_goes_from_the_institution_over_the_project_side_to_the_platform(session: Session):
    world = worlds.investment_world(session)
    assert state_of(world.row(session)) is FilingState.DRAFT
    world.act(session, Action.SUBMIT)
    assert state_of(world.row(session)) is FilingState.PARTY
    row = world.row(session)
    investment.confirm(session, world.reviewer, row.id, row.version)
    assert state_of(world.row(session)) is FilingState.PLATFORM
    assert session.exec(select(InvestmentRecord)).all() == []
    staff = world.second
    assert staff is not None
    review_desk.decide(
        session, staff, "investment", row.id, Action.APPROVE, world.row(session).version, "", {}
    )
    row = world.row(session)
    assert (state_of(row), row.confirmed_at is not None) == (FilingState.FILED, True)
    (record,) = session.exec(select(InvestmentRecord)).all()
    assert (record.source, record.amount_fen, record.investment_id) == ("OFFLINE", 1_000_000_000, row.id)
    assert (record.org_id, record.enterprise_id) == (world.owner.org_id, world.reviewer.org_id)


def test_neither_side_skips_the_other(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    row = world.row(session)
    for who in (world.owner, world.second, factories.member(session), equity.fund(session)):
        with pytest.raises((Forbidden, NotFound)):
            investment.confirm(session, who, row.id, row.version)
    with pytest.raises(Forbidden):
        review_desk.decide(session, world.second, "investment", row.id, Action.APPROVE, row.version, "", {})
    assert world.row(session).version == row.version
    investment.confirm(session, world.reviewer, row.id, row.version)
    with pytest.raises(DomainError):
        investment.confirm(session, world.reviewer, row.id, world.row(session).version)
    assert state_of(world.row(session)) is FilingState.PLATFORM


def test_an_objection_stands_beside_what_was_filed_until_it_is_answered(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    objected(session, world, amount="800", share="8")
    row = world.row(session)
    assert state_of(row) is FilingState.OBJECTED
    both = investment_form.differences(row.data, row.objection)
    assert [(d.label, d.old, d.new) for d in both if d.changed] == [
        ("投资金额", "1,000 万元", "800 万元"),
        ("持股比例", "10%", "8%"),
    ]
    fields = refused(lambda: world.act(session, Action.SUBMIT), "answer")
    assert "投资金额、持股比例" in fields["answer"]
    world.data |= {"answer": "余款 200 万元已于次日到账，见补充凭证"}
    world.act(session, Action.SUBMIT)
    assert world.row(session).answer.startswith("余款")
    checks = {c.label: c for c in world.flow.describe(session, world.row(session)).checks}
    assert checks["双方数据"].level == "warn" and "投资金额" in checks["双方数据"].text
    world.act(session, Action.APPROVE)
    assert world.row(session).objection["amount"] == "800"


def test_a_correction_to_the_other_sides_figures_needs_no_answer(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    objected(session, world, amount="800")
    world.data |= {"amount": "800"}
    world.act(session, Action.SUBMIT)
    row = world.row(session)
    assert (row.amount_fen, state_of(row)) == (800_000_000, FilingState.PARTY)
    checks = {c.label: c for c in world.flow.describe(session, row).checks}
    assert checks["双方数据"].level == "ok"


def test_an_objection_needs_a_reason_and_right_figures(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    row = world.row(session)
    theirs = investment_form.strings(row) | {"share": "108"}
    refused(
        lambda: investment.object_to(session, world.reviewer, row.id, row.version, theirs, "比例不对"),
        "share",
    )
    own = investment_form.strings(row)
    refused(lambda: investment.object_to(session, world.reviewer, row.id, row.version, own, " "), "comment")
    assert state_of(world.row(session)) is FilingState.PARTY


def test_what_the_platform_returns_begins_again_at_the_project_side(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    world.act(session, Action.APPROVE)
    world.act(session, Action.RETURN)
    assert state_of(world.row(session)) is FilingState.RETURNED
    world.act(session, Action.SUBMIT)
    row = world.row(session)
    assert (state_of(row), row.confirmed_at) == (FilingState.PARTY, None)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"share": "100.01"}, "share", "持股比例应在 0.01–100%之间"),
        ({"share": ""}, "share", "股权投资请填写持股比例"),
        ({"paid_on": "2020-01-01", "agreed_on": "2020-01-02"}, "paid_on", "不能早于协议日期"),
        ({"registered_on": "2020-01-01", "agreed_on": "2020-01-02"}, "registered_on", "不能早于协议日期"),
        ({"agreed_on": "2199-01-01"}, "agreed_on", "不能晚于今天"),
        ({"amount": "0"}, "amount", "投资金额应"),
        ({"amount": "很多"}, "amount", "请填写数字"),
        ({"project_name": " "}, "project_name", "请填写项目名称"),
        ({"round": "Z"}, "round", "请从列表中选择"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_nothing_is_claimed(
    session: Session, changes: dict[str, str], field: str, sentence: str
):
    world = worlds.investment_world(session)
    world.data |= changes
    fields = refused(lambda: world.act(session, Action.SUBMIT), field)
    assert sentence in fields[field]
    assert world.row(session).status == Status.DRAFT
    assert session.exec(select(InvestmentClaim)).all() == []


def test_everything_wrong_is_told_at_once(session: Session):
    owner = equity.fund(session)
    row = investment.new_draft(session, owner)
    world = World(investment.FLOW, owner, owner, row.id or 0, {"share": "120"})
    refused(
        lambda: world.act(session, Action.SUBMIT),
        "target", "file_AGREEMENT", "file_PAYMENT", "round", "mode", "amount", "share", "agreed_on", "paid_on",
    )  # fmt: skip


def test_a_convertible_loan_needs_no_share(session: Session):
    world = worlds.investment_world(session, mode="CONVERTIBLE", share="", registered_on="")
    world.bring_to(session, Status.APPROVED)
    (record,) = session.exec(select(InvestmentRecord)).all()
    assert (record.mode, record.share_bp, record.registered_on) == ("CONVERTIBLE", 0, None)


# --- the target ---------------------------------------------------------------------------------------


def test_a_project_of_the_platform_brings_its_enterprise_and_its_name(session: Session):
    owner, fund = factories.member(session), equity.fund(session)
    project = equity.project(session, owner)
    lead = equity.lead(session, fund, project)
    row = investment.new_draft(session, fund)
    row = investment.choose(session, fund, row.id or 0, row.version, 0, project.id or 0)
    assert (row.enterprise_id, row.project_name) == (owner.org_id, project.name)
    factories.upload(session, fund, investment.FLOW, row.id or 0, *investment.REQUIRED)
    world = World(
        investment.FLOW, fund, owner, row.id or 0, equity.figures(), second=factories.staff(session)
    )
    world.bring_to(session, Status.APPROVED)
    session.refresh(project)
    session.refresh(lead)
    assert project.state == ProjectState.CLOSED
    assert (lead.stage, lead.outcome) == (LeadStage.CLOSED, LeadOutcome.INVESTED)
    assert session.exec(select(InvestmentRecord.project_id)).one() == project.id


def test_a_project_taken_down_meanwhile_stops_the_filing_with_a_way_out(session: Session):
    fund, owner = equity.fund(session), factories.member(session)
    project = equity.project(session, owner)
    row = investment.new_draft(session, fund)
    row = investment.choose(session, fund, row.id or 0, row.version, 0, project.id or 0)
    factories.upload(session, fund, investment.FLOW, row.id or 0, *investment.REQUIRED)
    project.state = ProjectState.DOWN.value
    session.add(project)
    session.flush()
    world = World(investment.FLOW, fund, owner, row.id or 0, equity.figures())
    fields = refused(lambda: world.act(session, Action.SUBMIT), "target")
    assert "已被项目方撤下" in fields["target"] and "选择项目方企业" in fields["target"]
    row = investment.choose(session, fund, row.id or 0, world.row(session).version, owner.org_id or 0, 0)
    world.data |= {"project_name": "原平台项目"}
    world.act(session, Action.SUBMIT)
    assert world.row(session).project_id is None


def test_what_nobody_can_choose(session: Session):
    fund, new = equity.fund(session), factories.member(session, verified=False)
    down = equity.project(session, state=ProjectState.DOWN.value)
    draft = equity.project(session, state="")
    row = investment.new_draft(session, fund)
    for enterprise, project in (
        (new.org_id, 0),
        (0, down.id),
        (0, draft.id),
        (10**6, 0),
        (-1, 0),
        (0, 10**6),
    ):
        with pytest.raises(NotFound):
            investment.choose(session, fund, row.id or 0, row.version, enterprise or 0, project or 0)
    with pytest.raises(FormInvalid, match="不能向本单位投资"):
        investment.choose(session, fund, row.id or 0, row.version, fund.org_id or 0, 0)
    with pytest.raises(NotFound):
        investment.choose(session, equity.fund(session), row.id or 0, row.version, new.org_id or 0, 0)


def test_a_filing_that_was_sent_keeps_its_project_side(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.RETURNED)
    other = factories.member(session)
    with pytest.raises(Conflict, match="不能更换项目方"):
        investment.choose(
            session, world.owner, world.row_id, world.row(session).version, other.org_id or 0, 0
        )
    with pytest.raises(NotFound):
        investment.confirm(session, other, world.row_id, world.row(session).version)


def test_only_equity_institutions_file(session: Session):
    for kind in (Kind.ENTERPRISE, Kind.DEBT, Kind.INTERMEDIARY):
        with pytest.raises(Forbidden):
            investment.new_draft(session, factories.member(session, kind))
        with pytest.raises(Forbidden):
            investment_list.find(session, factories.member(session, kind), "郑州")


def test_projects_and_enterprises_are_found_by_name_or_code(session: Session):
    fund, owner = equity.fund(session), factories.member(session)
    org = equity.org(session, owner)
    shown = equity.project(session, owner)
    equity.project(session, owner, state=ProjectState.DOWN.value)
    found = investment_list.find(session, fund, org.credit_code or "")
    assert [(t.kind, t.project_id, t.enterprise_id) for t in found] == [
        ("平台项目", shown.id, org.id),
        ("企业", 0, org.id),
    ]
    assert (
        investment_list.find(session, fund, shown.name[:9])
        and investment_list.find(session, fund, "一") == []
    )


# --- once only ----------------------------------------------------------------------------------------


def test_the_same_investment_is_filed_once(session: Session):
    first = worlds.investment_world(session).bring_to(session, Status.PENDING)
    again = worlds.investment_world(session, first.owner, first.reviewer, agreed_on=first.data["agreed_on"])
    fields = refused(lambda: again.act(session, Action.SUBMIT), "agreed_on")
    assert "只能登记一次" in fields["agreed_on"] and "正在确认" in fields["agreed_on"]
    first.act(session, Action.RETURN)
    again.act(session, Action.SUBMIT)
    fields = refused(lambda: first.act(session, Action.SUBMIT), "agreed_on")
    again.act(session, Action.APPROVE)
    again.act(session, Action.APPROVE)
    fields = refused(lambda: first.act(session, Action.SUBMIT), "agreed_on")
    assert "已备案" in fields["agreed_on"]
    assert len(session.exec(select(InvestmentRecord)).all()) == 1


def test_the_same_investment_is_not_filed_offline_and_recorded_online(session: Session):
    fund, owner = equity.fund(session), factories.member(session)
    lead = equity.lead(session, fund, equity.project(session, owner))
    figures = equity.figures()
    row = online_investment.record(session, fund, lead.id or 0, figures)
    world = worlds.investment_world(session, fund, owner, agreed_on=figures["agreed_on"])
    fields = refused(lambda: world.act(session, Action.SUBMIT), "agreed_on")
    assert "已登记为线上投资" in fields["agreed_on"]
    online_investment.void(session, fund, row.id or 0, row.version, "登记有误")
    world.act(session, Action.SUBMIT)
    fields = refused(lambda: online_investment.record(session, fund, lead.id or 0, figures), "agreed_on")
    assert "线下备案" in fields["agreed_on"]


def test_a_new_date_is_another_investment_and_frees_the_old_one(session: Session):
    first = worlds.investment_world(session).bring_to(session, Status.PENDING)
    old = first.data["agreed_on"]
    first.act(session, Action.WITHDRAW)
    first.data |= {"agreed_on": equity.day(5000)}
    first.act(session, Action.SUBMIT)
    other = worlds.investment_world(session, first.owner, first.reviewer, agreed_on=old)
    other.act(session, Action.SUBMIT)
    assert len(session.exec(select(InvestmentClaim)).all()) == 2


def test_what_is_in_the_library_never_changes(session: Session):
    worlds.investment_world(session).bring_to(session, Status.APPROVED)
    (record,) = session.exec(select(InvestmentRecord)).all()
    for change in ("update", "delete"):
        with pytest.raises(DatabaseError), session.begin_nested():
            if change == "update":
                record.amount_fen = 1
            else:
                session.delete(record)
            session.flush()
        session.expire_all()


# --- reminders ----------------------------------------------------------------------------------------


def reminders(session: Session, user_id: int) -> int:
    query = select(Notice).where(Notice.user_id == user_id, col(Notice.title).startswith("请确认投资"))
    return len(session.exec(query).all())


def test_what_waits_is_called_to_mind(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    investment_list.remind(session, world.owner, world.row_id)
    assert reminders(session, world.reviewer.user_id) == 1
    with pytest.raises(Conflict, match="今天已经提醒过"):
        investment_list.remind(session, world.owner, world.row_id)
    assert investment_list.remind_waiting(session) == 0
    clock.shift(timedelta(days=4))
    assert (investment_list.remind_waiting(session), investment_list.remind_waiting(session)) == (1, 0)
    assert reminders(session, world.reviewer.user_id) == 2
    world.act(session, Action.APPROVE)
    with pytest.raises(Conflict, match="无需提醒"):
        investment_list.remind(session, world.owner, world.row_id)
    with pytest.raises(NotFound):
        investment_list.remind(session, equity.fund(session), world.row_id)


def test_the_project_sides_notice_is_settled_when_it_has_confirmed(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    query = select(Notice).where(Notice.user_id == world.reviewer.user_id, col(Notice.read_at).is_(None))
    assert [n.title.startswith("待办") for n in session.exec(query)] == [True]
    world.act(session, Action.APPROVE)
    session.expire_all()
    assert session.exec(query).all() == []


def test_both_sides_find_it_in_their_lists(session: Session):
    world = worlds.investment_world(session)
    page = lambda listing, who: investment_list.lists.page(session, who, listing, {}).rows  # noqa: E731
    assert len(page(investment_list.OWN, world.owner)) == 1
    assert page(investment_list.PARTY_SIDE, world.reviewer) == []
    world.act(session, Action.SUBMIT)
    (theirs,) = page(investment_list.PARTY_SIDE, world.reviewer)
    (own,) = page(investment_list.OWN, world.owner)
    assert (theirs.state_label, theirs.can_remind, own.can_remind) == ("待项目方确认", False, True)
    assert page(investment_list.PARTY_SIDE, factories.member(session)) == []
    with pytest.raises(Forbidden):
        page(investment_list.OWN, world.reviewer)
    assert session.exec(select(Investment)).one().id == own.id
