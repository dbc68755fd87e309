"""The review engine beyond its law: conflicts, repeats, notices, the trail, and what nobody may change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Notice, ReviewEvent, User
from cpegi_app.services import audit, files, notices, review, review_view
from cpegi_app.vocabulary import Action, FileSlot, Status
from tests import factories, worlds
from tests.worlds import REASON, REASON_NEEDED, WORLDS, World

NAMES = list(WORLDS)
HOSTILE_TEXTS = [
    "\x00",
    "\ud800",
    "<script>alert(1)</script>",
    "=1+1",
    "'; DROP TABLE user; --",
    "退回\u202e",
]


def events(session: Session, world: World) -> list[ReviewEvent]:
    return review_view.history(session, world.flow.name, world.row_id)


# --- pending and decided rows -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED, Status.REJECTED])
def test_only_drafts_and_returned_rows_can_be_edited(session: Session, name: str, status: Status):
    world = WORLDS[name](session)
    if status is Status.REJECTED and Action.REJECT not in world.flow.decisions:
        return
    row = world.bring_to(session, status).row(session)
    before = dict(row.data)
    with pytest.raises(Conflict):
        review.save_draft(session, world.flow, world.owner, world.row_id, row.version, {"name": "改过"})
    with pytest.raises(Conflict):
        files.attach(
            session, world.owner, name, world.row_id, FileSlot.ATTACHMENT.value, "a.png", factories.png()
        )
    assert world.row(session).data == before


def test_a_pending_row_tells_that_it_is_under_review(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    with pytest.raises(Conflict, match="正在审核中，暂不能修改。如需修改，请先撤回"):
        review.save_draft(session, world.flow, world.owner, world.row_id, 2, {})
    with pytest.raises(Conflict, match="已经提交，正在审核中，无需重复提交"):
        world.act(session, Action.SUBMIT)


@pytest.mark.parametrize("name", NAMES)
def test_a_returned_row_is_open_again_and_shows_the_reasons(session: Session, name: str):
    world = WORLDS[name](session).bring_to(session, Status.PENDING)
    world.act(session, Action.RETURN, comment="", field_reasons={"name": "与执照不符", "blank": "  "})
    row = world.row(session)
    assert (row.status, row.field_reasons) == (Status.RETURNED, {"name": "与执照不符"})
    assert row.reason == "共 1 处需要更正，原因见各栏目。"
    review.save_draft(session, world.flow, world.owner, world.row_id, row.version, world.data)
    world.act(session, Action.SUBMIT)
    assert (world.row(session).status, world.row(session).reason) == (Status.PENDING, "")


def test_an_over_long_reason_at_a_field_is_refused_whole(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    with pytest.raises(FormInvalid, match="退回原因最多 200 字，现有 201 字") as refusal:
        world.act(session, Action.RETURN, field_reasons={"name": "长" * 201})
    assert list(refusal.value.fields) == ["r_name"]
    assert world.row(session).status == Status.PENDING
    world.act(session, Action.RETURN, field_reasons={"name": "长" * 200})
    assert len(world.row(session).field_reasons["name"]) == 200


@pytest.mark.parametrize("comment", HOSTILE_TEXTS)
def test_a_reason_may_hold_anything_a_person_or_an_attacker_types(session: Session, comment: str):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    world.act(
        session, Action.RETURN, comment=f"请更正{comment}", field_reasons={f"name{comment}": f"名称{comment}"}
    )
    session.expire_all()
    kept = world.row(session).reason + events(session, world)[-1].comment
    assert kept.startswith("请更正")
    assert not set(kept) & set("\x00\ud800\u202e")


@pytest.mark.parametrize(("action", "why"), [(Action.RETURN, "退回原因"), (Action.REJECT, "驳回原因")])
def test_a_decision_against_the_submitter_asks_for_the_reason_by_its_name(
    session: Session, action: Action, why: str
):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    with pytest.raises(FormInvalid, match=f"请填写{why}后再提交") as refusal:
        world.act(session, action, comment="")
    assert f"{action.label}时必须填写{why}" in refusal.value.fields["comment"]


def test_a_comment_has_a_limit_that_the_sentence_names(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.RETURN, comment="退" * 501)
    assert "最多 500 字，现有 501 字" in refusal.value.fields["comment"]
    world.act(session, Action.RETURN, comment="退" * 500)


# --- versions -----------------------------------------------------------------------------------------


def test_an_old_version_is_refused_and_tells_who_did_what_when(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    seen = world.row(session).version
    clock.shift(timedelta(minutes=7))
    world.act(session, Action.RETURN, factories.staff(session, "钱复核"))
    at = clock.local(clock.now())
    world.act(session, Action.SUBMIT)
    clock.shift(timedelta(minutes=30))
    with pytest.raises(Conflict) as refusal:
        world.act(session, Action.APPROVE, version=seen)
    assert f"{audit.label_of(world.owner)}于 {at}“提交”" in refusal.value.message
    assert "刷新" in refusal.value.message


def test_the_second_reviewer_reads_who_decided_and_when(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.PENDING)
    seen = world.row(session).version
    world.act(session, Action.APPROVE, factories.staff(session, "钱复核"))
    with pytest.raises(Conflict, match=r"平台管理人员 钱复核于 \d{4}-\d\d-\d\d \d\d:\d\d“审核通过”"):
        world.act(session, Action.RETURN, version=seen)


def test_two_editors_of_one_draft_do_not_overwrite_each_other(session: Session):
    world = worlds.product_world(session)
    seen = world.row(session).version
    review.save_draft(session, world.flow, world.owner, world.row_id, seen, {"name": "甲"})
    with pytest.raises(Conflict, match="另一个窗口"):
        review.save_draft(session, world.flow, world.owner, world.row_id, seen, {"name": "乙"})
    assert world.row(session).data == {"name": "甲"}


@pytest.mark.parametrize("version", [0, -1, 99, 2**31, 2**70, None, "1", True, 1.5])
def test_a_version_nobody_has_seen_is_a_conflict(session: Session, version):
    world = worlds.product_world(session)
    with pytest.raises(Conflict):
        review.act(
            session,
            world.flow,
            world.owner,
            world.row_id,
            Action.SUBMIT,
            version,
            values={"data": world.data},
        )
    with pytest.raises(Conflict):
        review.save_draft(session, world.flow, world.owner, world.row_id, version, world.data)


def test_a_refused_submission_leaves_the_row_as_it_was(session: Session):
    world = worlds.product_world(session)
    before = dict(world.row(session).data)
    with pytest.raises(FormInvalid):
        world.act(session, Action.SUBMIT, values={"data": {"name": "不完整"}})
    session.flush()
    row = world.row(session)
    assert (row.data, row.status, row.version) == (before, Status.DRAFT, 1)


@pytest.mark.parametrize("row_id", [0, -1, 2**31, 2**70, True, "1", None, 1.0, [1], {"id": 1}])
def test_a_malformed_id_reads_like_an_absent_row(session: Session, row_id):
    world = worlds.product_world(session)
    with pytest.raises(NotFound) as malformed:
        review.load(session, world.flow, world.owner, row_id)
    with pytest.raises(NotFound) as foreign:
        review.load(session, world.flow, factories.stranger(), world.row_id)
    assert malformed.value.message == foreign.value.message


# --- the key of a submission --------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_twenty_equal_submissions_are_one(session: Session, name: str):
    world = WORLDS[name](session)
    version = world.row(session).version
    for _ in range(20):
        row = world.act(session, Action.SUBMIT, key="key-1", version=version)
        assert row.status == Status.PENDING
    assert len(events(session, world)) == 1


def test_a_key_counts_for_its_user_its_action_and_its_row(session: Session):
    one, two = worlds.product_world(session), worlds.product_world(session)
    other = World(
        two.flow, one.owner, one.reviewer, worlds.product_world(session, one.owner).row_id, two.data
    )
    for world in (one, two, other):
        assert world.act(session, Action.SUBMIT, key="the same").status == Status.PENDING
    one.act(session, Action.RETURN, key="the same")
    assert one.row(session).status == Status.RETURNED


@pytest.mark.parametrize("key", ["\x00", "\ud800", "长" * 500, "';--"])
def test_a_hostile_key_is_only_a_key(session: Session, key: str):
    world = worlds.product_world(session)
    version = world.row(session).version
    for _ in range(2):
        assert world.act(session, Action.SUBMIT, key=key, version=version).status == Status.PENDING
    assert len(events(session, world)) == 1


# --- what is written beside the row -------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_an_event_an_audit_entry_and_a_notice(session: Session, name: str):
    world = WORLDS[name](session).bring_to(session, Status.PENDING)
    world.act(session, Action.RETURN)
    world.act(session, Action.SUBMIT)
    world.act(session, Action.APPROVE)
    steps = ["SUBMIT", "RETURN", "SUBMIT", "APPROVE"]
    found = events(session, world)
    assert [e.action for e in found] == steps
    assert [e.stage for e in found] == ["", world.flow.stages[0].name, "", world.flow.stages[0].name]
    assert found[1].comment == REASON
    assert set(found[0].snapshot) == {"data", "files"}
    noted = select(AuditEntry).where(AuditEntry.subject == f"{name}:{world.row_id}")
    entries = session.exec(noted.order_by(col(AuditEntry.id))).all()
    assert [e.action for e in entries if e.action.startswith("review.")] == [f"review.{s}" for s in steps]
    mine, _ = notices.listing(session, world.owner, size=50)
    titles = [n.title for n in mine]
    assert any(t.startswith(f"{world.flow.label}退回：") for t in titles)
    stages = world.flow.stages
    passed = f"“{stages[0].label}”已通过" if len(stages) > 1 else "审核通过"
    assert any(t.startswith(f"{world.flow.label}{passed}：") for t in titles)
    assert next(n for n in mine if "退回" in n.title and world.flow.label in n.title).text == REASON
    waiting, _ = notices.listing(session, world.reviewer, size=50)
    assert sum(n.title.startswith(f"待办：{world.flow.label}") for n in waiting) >= 2


def test_disabled_users_get_no_notices(session: Session):
    world = worlds.product_world(session)
    late = factories.staff(session)
    session.get_one(User, late.user_id).disabled_at = clock.now()
    world.bring_to(session, Status.PENDING)
    assert session.exec(select(Notice).where(Notice.user_id == late.user_id)).all() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_draft_is_its_owners_own_affair(session: Session, name: str):
    world = WORLDS[name](session)
    with pytest.raises(NotFound):
        review_view.view(session, world.flow, world.reviewer, world.row_id)
    assert review_view.view(session, world.flow, world.owner, world.row_id).can_submit


# --- rows that nobody may change ----------------------------------------------------------------------


def refused_by_the_database(session: Session, statement: str) -> None:
    with pytest.raises(DatabaseError, match="immutable"), session.begin_nested():
        session.execute(text(statement))


@pytest.mark.parametrize("table", ["review_event", "audit_entry", "loan"])
def test_the_trails_and_the_loan_book_refuse_change(session: Session, table: str):
    worlds.disbursement_world(session).bring_to(session, Status.APPROVED)
    last = session.execute(text(f"SELECT max(id) FROM {table}")).scalar_one()
    refused_by_the_database(session, f"UPDATE {table} SET created_at = created_at WHERE id = {last}")
    refused_by_the_database(session, f"DELETE FROM {table} WHERE id = {last}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [Status.APPROVED, Status.REJECTED])
def test_a_decided_row_refuses_change(session: Session, name: str, status: Status):
    world = WORLDS[name](session)
    if status is Status.REJECTED and Action.REJECT not in world.flow.decisions:
        return
    table = world.flow.model.__tablename__
    session.execute(text(f"UPDATE {table} SET reason = 'draft' WHERE id = {world.row_id}"))
    world.bring_to(session, status)
    for change in ("reason = 'x'", "status = 'DRAFT'", "data = '{}'"):
        refused_by_the_database(session, f"UPDATE {table} SET {change} WHERE id = {world.row_id}")
    refused_by_the_database(session, f"DELETE FROM {table} WHERE id = {world.row_id}")


# --- a state machine against a small model ------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """One application, whatever anybody tries, in any order."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.point = self.session.begin_nested()
        self.world = worlds.application_world(self.session)
        self.people: dict[str, Actor] = {
            "owner": self.world.owner,
            "bank": self.world.reviewer,
            "staff": factories.staff(self.session),
            "other bank": factories.member(self.session, self.world.reviewer.kind),
        }
        self.status, self.steps = Status.DRAFT, 0

    @rule(
        who=st.sampled_from(["owner", "bank", "staff", "other bank"]),
        action=st.sampled_from(list(Action)),
        reason=st.sampled_from(["", " ", REASON]),
        late=st.sampled_from([0, 0, 0, 1]),
    )
    def somebody_tries(self, who: str, action: Action, reason: str, late: int) -> None:
        decides = action not in (Action.SUBMIT, Action.WITHDRAW)
        # What an application's flow does not have: nobody closes what was returned.
        held = self.status is Status.RETURNED and action is Action.REJECT
        moves = (self.status, action) in review.MOVES and not held
        legal = moves and who == ("bank" if decides else "owner") and not late
        legal = legal and (action not in REASON_NEEDED or bool(reason.strip()))
        point = self.session.begin_nested()
        try:
            version = self.world.row(self.session).version - late
            self.world.act(self.session, action, self.people[who], comment=reason, version=version)
            point.commit()
            assert legal
            self.status, self.steps = review.MOVES[self.status, action], self.steps + 1
        except DomainError:
            point.rollback()
            assert not legal

    @invariant()
    def the_row_and_its_trail_agree_with_the_model(self) -> None:
        row = self.world.row(self.session)
        trail = events(self.session, self.world)
        assert (row.status, len(trail)) == (self.status, self.steps)
        assert all(e.comment for e in trail if e.action in REASON_NEEDED)
        assert row.status not in (Status.RETURNED, Status.REJECTED) or row.reason

    def teardown(self) -> None:
        self.point.rollback()
        self.session.expire_all()


def test_no_order_of_tries_makes_an_illegal_step(session: Session):
    Life.session = session
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
