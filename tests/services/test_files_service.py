"""Files of reviewed things: added to drafts, read only by who may see the thing itself (security.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import clock, manage
from cpegi_app.access import Actor, Role
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, StoredFile
from cpegi_app.services import files, offline_import, offline_loan, review_view
from cpegi_app.services.filetypes import UploadRefused
from cpegi_app.vocabulary import Action, FileSlot, Kind, Status
from tests import factories, worlds
from tests.factories import png
from tests.workbooks.make import book, cells, row
from tests.worlds import WORLDS, World

ATTACHMENT = FileSlot.ATTACHMENT.value


def attach(
    session: Session, world: World, shade: int = 7, slot: str = ATTACHMENT, actor: Actor | None = None
) -> int:
    actor = actor or world.owner
    return files.attach(session, actor, world.flow.name, world.row_id, slot, "附件.png", png(shade)).id


def readable(session: Session, actor: Actor, file_id: int) -> bool:
    try:
        return files.content(session, actor, file_id).path.is_file()
    except DomainError as refusal:
        assert isinstance(refusal, NotFound | Conflict)
        return False


def everybody(session: Session, world: World) -> dict[str, Actor]:
    """Return the principals of security.md's matrix, seen from the thing."""
    people = {
        "owner": world.owner,
        "colleague": factories.colleague(session, world.owner),
        "reviewer": world.reviewer,
        "staff": factories.staff(session),
        "regulator": factories.regulator(session),
        "anonymous": factories.stranger(),
        "newcomer": factories.member(session, None),
    }
    for kind in Kind:
        people[f"another {kind.value}"] = factories.member(session, kind)
        people[f"another {kind.value}, unverified"] = factories.member(session, kind, verified=False)
    if world.flow.name != "verification":
        people["owner, unverified"] = factories.unverified(world.owner)
    return people


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("name", list(WORLDS))
def test_a_file_is_read_by_the_owner_and_once_sent_by_the_reviewer(
    session: Session, name: str, status: Status
):
    world = WORLDS[name](session)
    if status is Status.REJECTED and Action.REJECT not in world.flow.decisions:
        return
    file_id = attach(session, world)
    world.bring_to(session, status)
    people = everybody(session, world)
    if name == "verification":
        people["colleague"] = factories.unverified(people["colleague"])
    readers = {who for who, actor in people.items() if readable(session, actor, file_id)}
    expected = {"owner", "colleague"}
    if status is not Status.DRAFT:
        # The staff confirms an investment; of a policy they read the trail and what it stands on, whoever is named to decide.
        is_staffs = world.reviewer.role is Role.STAFF or name == "investment"
        expected |= {"reviewer"} | ({"staff"} if is_staffs else set())
    if name == "report" and status is Status.APPROVED:
        expected |= {"regulator"}
    assert readers == expected


def test_an_absent_file_and_a_foreign_one_read_alike(session: Session):
    world = worlds.product_world(session)
    file_id = attach(session, world)
    messages = set()
    for actor, number in ((factories.member(session, Kind.DEBT), file_id), (world.owner, 2**31 - 1)):
        for call in (files.content, files.remove):
            with pytest.raises(NotFound) as refusal:
                call(session, actor, number)
            messages.add(refusal.value.message)
    assert messages == {NotFound("文件").message}


def test_a_file_taken_off_before_it_was_ever_sent_is_the_owners_alone(session: Session):
    world = worlds.product_world(session)
    file_id = attach(session, world)
    files.remove(session, world.owner, file_id)
    world.act(session, Action.SUBMIT)
    assert readable(session, world.owner, file_id)
    assert not readable(session, world.reviewer, file_id)


def test_a_file_that_was_sent_stays_readable_in_the_history(session: Session):
    world = worlds.product_world(session)
    file_id = attach(session, world)
    world.bring_to(session, Status.RETURNED)
    files.remove(session, world.owner, file_id)
    world.act(session, Action.SUBMIT)
    assert readable(session, world.reviewer, file_id)
    assert files.listing(session, "product", world.row_id) == []


def test_a_withdrawn_things_files_are_the_owners_again(session: Session):
    world = worlds.application_world(session)
    file_id = attach(session, world)
    world.act(session, Action.SUBMIT)
    assert readable(session, world.reviewer, file_id)
    world.act(session, Action.WITHDRAW)
    assert not readable(session, world.reviewer, file_id)


def test_a_look_by_another_organisation_is_in_the_audit_trail(session: Session):
    world = worlds.application_world(session)
    file_id = attach(session, world)
    world.act(session, Action.SUBMIT)
    count = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "file.read")
    before = session.exec(count).one()
    assert readable(session, world.owner, file_id)
    assert session.exec(count).one() == before
    assert readable(session, world.reviewer, file_id)
    session.flush()
    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert session.exec(count).one() == before + 1
    assert entry is not None
    assert (entry.actor_id, entry.subject) == (world.reviewer.user_id, f"application:{world.row_id}")


# --- adding and removing ------------------------------------------------------------------------------


def bystanders(session: Session, world: World) -> list[Actor]:
    another = factories.member(session, Kind.DEBT)
    return [
        world.reviewer,
        another,
        factories.staff(session),
        factories.regulator(session),
        factories.stranger(),
    ]


@pytest.mark.parametrize("name", list(WORLDS))
def test_nobody_but_the_owner_adds_or_removes(session: Session, name: str):
    world = WORLDS[name](session)
    file_id = attach(session, world)
    for actor in bystanders(session, world):
        for call in (
            lambda a=actor: attach(session, world, actor=a),
            lambda a=actor: files.remove(session, a, file_id),
        ):
            with pytest.raises(NotFound):
                call()
    assert ATTACHMENT in files.slots_of(session, name, world.row_id)


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED, Status.REJECTED])
def test_files_of_what_is_under_review_or_decided_stay(session: Session, status: Status):
    world = worlds.application_world(session)
    file_id = attach(session, world)
    world.bring_to(session, status)
    for call in (lambda: files.remove(session, world.owner, file_id), lambda: attach(session, world, 8)):
        with pytest.raises(Conflict, match="正在审核或已有结果"):
            call()


def test_a_slot_holds_six_files_and_says_so(session: Session):
    world = worlds.product_world(session)
    for shade in range(files.MAX_A_SLOT):
        attach(session, world, shade)
    with pytest.raises(FormInvalid) as refusal:
        attach(session, world, 99)
    assert "每类最多 6 个文件" in refusal.value.fields["file_ATTACHMENT"]
    files.remove(session, world.owner, files.listing(session, "product", world.row_id)[0].id)
    attach(session, world, 99)


def test_a_thing_holds_thirty_files(session: Session):
    world = worlds.product_world(session)
    slots = [s.value for s in FileSlot]
    for n in range(files.MAX_A_SUBJECT):
        attach(session, world, n, slots[n // files.MAX_A_SLOT])
    with pytest.raises(FormInvalid) as refusal:
        attach(session, world, 99, slots[-1])
    assert "各类合计最多 30 个文件" in refusal.value.fields[f"file_{slots[-1]}"]


def test_the_same_content_twice_in_one_slot_is_one_file(session: Session):
    world = worlds.product_world(session)
    assert attach(session, world) == attach(session, world)
    assert attach(session, world) != attach(session, world, slot=FileSlot.CONTRACT.value)


@pytest.mark.parametrize("slot", ["", "OTHER", "attachment", "\x00", "../../etc"])
def test_an_unknown_slot_is_refused(session: Session, slot: str):
    with pytest.raises(FormInvalid):
        attach(session, worlds.product_world(session), slot=slot)


@pytest.mark.parametrize("flow", ["", "invented", "__class__", "\x00"])
def test_an_unknown_flow_is_an_absent_thing(session: Session, flow: str):
    world = worlds.product_world(session)
    with pytest.raises(NotFound):
        files.attach(session, world.owner, flow, world.row_id, ATTACHMENT, "a.png", png())


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**70, True, None, "1", 1.5])
@pytest.mark.parametrize("call", [files.content, files.remove])
def test_a_malformed_number_is_an_absent_file(session: Session, call: Callable[..., Any], number: Any):
    with pytest.raises(NotFound):
        call(session, factories.member(session), number)


def test_what_is_no_picture_leaves_no_row_and_no_content(session: Session):
    world = worlds.product_world(session)
    content = b"MZ" + b"\x00" * 100
    with pytest.raises(UploadRefused):
        files.attach(session, world.owner, "product", world.row_id, ATTACHMENT, "执照.pdf", content)
    assert session.exec(select(StoredFile).where(StoredFile.subject_id == world.row_id)).all() == []
    assert not files.store().exists(hashlib.sha256(content).hexdigest())


def test_the_content_that_comes_back_is_the_one_that_was_sent(session: Session):
    world = worlds.product_world(session)
    view = files.attach(
        session, world.owner, "product", world.row_id, ATTACHMENT, "C:\\私人\\执照.png", png(3)
    )
    found = files.content(session, world.owner, view.id)
    assert (found.name, found.kind, found.path.read_bytes()) == ("执照.png", "png", png(3))
    assert view.href == f"/files/{view.id}"


def test_the_sweeper_keeps_what_a_row_still_names(session: Session):
    world = worlds.product_world(session)
    stored = session.get_one(StoredFile, attach(session, world))
    assert files.is_known(session, stored.sha256)
    assert not files.is_known(session, "0" * 64)


def test_the_sweeper_keeps_the_clerks_workbooks(session: Session):
    bank = factories.member(session, Kind.DEBT)
    batch = offline_loan.new_batch(session, bank, {"name": "十一月", "period": "2026-11"})
    data = book([cells(row(1, rate=88))])
    seen = offline_import.trial(session, bank, batch.id or 0, "台账.xlsx", data)
    clock.shift(timedelta(days=2))
    files.store().sweep(lambda sha256: files.is_known(session, sha256), manage.GRACE_S)
    _, mark = offline_import.marked(session, bank, seen.id)
    assert mark()


def test_a_submission_remembers_its_files(session: Session):
    world = worlds.product_world(session)
    file_id = attach(session, world)
    world.act(session, Action.SUBMIT)
    event = review_view.history(session, world.flow.name, world.row_id)[-1]
    assert event.snapshot["files"] == [file_id]
