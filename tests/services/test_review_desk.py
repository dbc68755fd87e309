"""The platform's review desk and the page of a profile (manual §3.1, §3.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry
from cpegi_app.services import files, profile_view, review_desk, review_view, verification
from cpegi_app.services.review_desk import Desk
from cpegi_app.vocabulary import Action, FileSlot, Kind, Status
from tests import factories, worlds
from tests.worlds import World

PLATFORM = ("verification", "profile_change", "product", "disbursement")


def desk(session: Session, world: World) -> Desk:
    return review_desk.desk(session, world.reviewer, world.flow.name, world.row_id)


def decide(session: Session, world: World, action: Action, comment: str = "", **reasons: str) -> None:
    version = world.row(session).version
    who, flow = world.reviewer, world.flow.name
    review_desk.decide(session, who, flow, world.row_id, action, version, comment, reasons)


@pytest.mark.parametrize("flow", PLATFORM)
def test_the_desk_shows_whatever_waits_for_the_platform(session: Session, flow: str):
    world = worlds.WORLDS[flow](session).bring_to(session, Status.PENDING)
    found = desk(session, world)
    assert found.open and found.rounds == 1 and found.waited
    assert found.groups and found.view.title
    decide(session, world, Action.APPROVE)
    found = desk(session, world)
    assert not found.open and found.step == 3
    assert found.last_word.startswith("平台管理人员 赵审核于")


def a_monthly_report(session: Session) -> World:
    """Return a report with statistics: they name who filled them in."""
    figures = factories.statistics_data(s_phone="13800001234")
    return worlds.report_world(
        session, factories.member(session, Kind.INTERMEDIARY), "MONTHLY", "2024-02", **figures
    )


LINES = {"application": "p_mobile", "policy_application": "phone", "report": "s_phone"}
WITH_A_NUMBER = {"report": a_monthly_report}


@pytest.mark.parametrize("name", ["verification", "profile_change", *LINES])
def test_a_persons_number_is_masked_for_whoever_decides_and_each_look_is_kept(session: Session, name: str):
    world = WITH_A_NUMBER.get(name, worlds.WORLDS[name])(session).bring_to(session, Status.PENDING)
    line = LINES.get(name, "mobile")

    def numbers(actor: Actor) -> set[str]:
        view = review_view.view(session, world.flow, actor, world.row_id)
        return {text for g in view.groups for f in g.fields if f.secret for text in (f.value, f.old) if text}

    assert numbers(world.reviewer) == {"138****1234"} and numbers(world.owner) == {"13800001234"}
    assert review_view.reveal(session, world.reviewer, name, world.row_id, line) == "13800001234"
    looks = session.exec(select(AuditEntry).where(AuditEntry.action == "record.reveal")).all()
    assert [(e.actor_id, e.subject) for e in looks] == [(world.reviewer.user_id, f"{name}:{world.row_id}")]
    for stranger in (factories.member(session), factories.regulator(session)):
        with pytest.raises(NotFound):
            review_view.reveal(session, stranger, name, world.row_id, line)
    for other, wrong in ((name, "credit_code"), (name, ""), ("user", line), ("", line)):
        with pytest.raises(NotFound):
            review_view.reveal(session, world.reviewer, other, world.row_id, wrong)


def test_an_applications_desk_is_the_institutions(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    staff = factories.staff(session)
    for name in ("application", "nonsense", ""):
        with pytest.raises(NotFound):
            review_desk.desk(session, staff, name, world.row_id)


@pytest.mark.parametrize("flow", PLATFORM)
def test_the_desk_is_for_the_staff(session: Session, flow: str):
    world = worlds.WORLDS[flow](session).bring_to(session, Status.PENDING)
    strangers: tuple[Actor, ...] = (
        world.owner,
        factories.member(session, Kind.DEBT),
        factories.regulator(session),
        factories.stranger(),
    )
    for actor in strangers:
        with pytest.raises(Forbidden):
            review_desk.desk(session, actor, flow, world.row_id)
        with pytest.raises(Forbidden):
            review_desk.decide(session, actor, flow, world.row_id, Action.APPROVE, 2, "", {})
        with pytest.raises(Forbidden):
            review_desk.upcoming(session, actor, flow)


def test_a_draft_has_no_desk(session: Session):
    world = worlds.verification_world(session)
    with pytest.raises(NotFound):
        desk(session, world)


def test_what_was_asked_for_and_what_has_changed_since(session: Session):
    world = worlds.verification_world(session).bring_to(session, Status.PENDING)
    decide(session, world, Action.RETURN, "请更正", name="与证照不一致", file_LICENCE="不清晰")
    old = files.listing(session, "verification", world.row_id)[0]
    files.remove(session, world.owner, old.id)
    factories.upload(session, world.owner, world.flow, world.row_id, FileSlot.LICENCE, name="新.png", shade=9)
    world.data |= {"name": world.data["name"] + "（新）"}
    world.act(session, Action.SUBMIT)
    found = desk(session, world)
    fields = {f.name: f for g in found.groups for f in g.fields}
    assert found.rounds == 2
    assert (fields["name"].asked, fields["name"].changed) == ("与证照不一致", True)
    assert (fields["legal_rep"].asked, fields["legal_rep"].changed) == ("", False)
    news = {f.slot: (f.is_new, f.asked) for f in found.files}
    assert news == {"LICENCE": (True, "不清晰"), "LEGAL_REP_ID": (False, "")}
    assert found.view.gone_files == ["营业执照 · 扫描件.png"]
    assert found.view.new_files == ["营业执照 · 新.png"]
    assert (found.view.changed_count, found.view.changed_kinds) == (1, 1)
    returned = next(e for e in found.view.events if e.action == "退回")
    assert returned.points == ["机构/企业名称：与证照不一致", "营业执照：不清晰"]


def test_files_of_a_change_are_compared_with_those_in_force(session: Session):
    world = worlds.profile_change_world(session)
    factories.upload(session, world.owner, world.flow, world.row_id, FileSlot.ATTACHMENT, shade=7)
    world.act(session, Action.SUBMIT)
    assert {f.slot: f.is_new for f in desk(session, world).files} == {
        "LICENCE": False,
        "LEGAL_REP_ID": False,
        "ATTACHMENT": True,
    }
    decide(session, world, Action.APPROVE)
    # Once in force itself it is still compared with what was in force before.
    assert [f.slot for f in desk(session, world).files if f.is_new] == ["ATTACHMENT"]


def test_marks_and_an_approval_do_not_go_together(session: Session):
    world = worlds.verification_world(session).bring_to(session, Status.PENDING)
    with pytest.raises(DomainError, match="您标记了 1 处"):
        decide(session, world, Action.APPROVE, "同意", name="不一致")
    decide(session, world, Action.APPROVE, "同意", name="  ")
    assert world.row(session).status == Status.APPROVED


def test_a_doubtful_thing_is_not_approved_without_a_word(session: Session):
    twin = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    world = worlds.verification_world(session, name=twin.data["name"]).bring_to(session, Status.PENDING)
    assert any(c.level == "bad" for c in desk(session, world).view.checks)
    with pytest.raises(FormInvalid) as refusal:
        decide(session, world, Action.APPROVE)
    assert "comment" in refusal.value.fields
    decide(session, world, Action.APPROVE, "同名不同码，已电话核实。")
    assert world.row(session).status == Status.APPROVED


def test_the_slower_reviewer_reads_who_decided(session: Session):
    world = worlds.verification_world(session).bring_to(session, Status.PENDING)
    seen = desk(session, world).view.version
    decide(session, world, Action.RETURN, "请补充")
    other = factories.staff(session, "钱审核")
    with pytest.raises(Conflict, match=r"赵审核于 .*“退回”"):
        review_desk.decide(session, other, "verification", world.row_id, Action.APPROVE, seen, "", {})
    assert world.row(session).status == Status.RETURNED


def test_the_next_thing_is_of_the_same_kind_where_there_is_one(session: Session):
    first = worlds.verification_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(hours=1))
    worlds.product_world(session).bring_to(session, Status.PENDING)
    clock.shift(timedelta(hours=2))
    second = worlds.verification_world(session).bring_to(session, Status.PENDING)
    decide(session, first, Action.APPROVE)
    found = review_desk.upcoming(session, first.reviewer, "verification")
    assert found.href == f"/staff/review/verification/{second.row_id}" and found.left == 2
    decide(session, second, Action.RETURN, "请补充")
    assert review_desk.upcoming(session, first.reviewer, "verification").href.startswith(
        "/staff/review/product/"
    )


# --- the page of a profile --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_3_2_the_profile_in_force_with_its_files(session: Session, kind: Kind):
    world = worlds.verification_world(session, kind).bring_to(session, Status.APPROVED)
    found = profile_view.in_force(session, world.owner)
    shown = {f.name: f.value for g in found.groups for f in g.fields}
    assert found.name == world.data["name"] == shown["name"]
    assert len(found.files) == (2 if kind is Kind.ENTERPRISE else 3)
    assert ("scale" in shown) == (kind is Kind.ENTERPRISE) == bool(found.years)
    assert not found.has_change


def test_3_2_what_a_change_changes(session: Session):
    world = worlds.profile_change_world(session)
    old = profile_view.in_force(session, world.owner)
    changes = profile_view.check(session, world.owner, "profile_change", world.row_id, world.data)
    assert [(c.name, c.new) for c in changes] == [("office", "郑州市金水区花园路 9 号")]
    world.act(session, Action.SUBMIT)
    waiting = profile_view.in_force(session, world.owner)
    assert waiting.groups == old.groups and waiting.change.status == Status.PENDING
    assert [f.name for f in waiting.changes] == ["office"]
    decide(session, world, Action.APPROVE)
    now = {f.name: f.value for g in profile_view.in_force(session, world.owner).groups for f in g.fields}
    assert now["office"] == "郑州市金水区花园路 9 号"


def test_3_2_only_the_own_change_is_checked(session: Session):
    world = worlds.profile_change_world(session)
    for actor in (factories.member(session), world.reviewer):
        with pytest.raises(NotFound):
            profile_view.check(session, actor, "profile_change", world.row_id, world.data)
        with pytest.raises(NotFound):
            profile_view.changes(session, actor, "profile_change", world.row_id, world.data)


def test_3_1_everything_wrong_is_told_before_the_confirmation(session: Session):
    world = worlds.verification_world(session)
    data = world.data | {"name": "", "is_legal_rep": "NO"}
    with pytest.raises(FormInvalid) as refusal:
        profile_view.check(session, world.owner, "verification", world.row_id, data)
    assert set(refusal.value.fields) == {"name", "file_AUTHORISATION"}
    assert profile_view.check(session, world.owner, "verification", world.row_id, world.data) == []


def test_figures_of_two_years_are_told_apart():
    titles = profile_view.titles()
    assert titles["revenue"] == "营业收入" and titles["revenue_prev"] == "上一年度营业收入"
    assert set(titles) == set(verification.FORMS[Kind.ENTERPRISE].model_fields) | {
        name for form in verification.FORMS.values() for name in form.model_fields
    }
