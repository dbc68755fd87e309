"""Nobody is held: what was returned is given up, a draft that was never sent is deleted with what it brought."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.errors import Conflict, NotFound
from cpegi_app.models import AuditEntry, EquityProject, Product, StoredFile, User
from cpegi_app.services import dashboard, files, product, review_draft, review_view, verification
from cpegi_app.vocabulary import Action, FileSlot, Status
from tests import factories, worlds
from tests.worlds import WORLDS, World


def live_files(session: Session, world: World) -> int:
    query = select(StoredFile).where(StoredFile.flow == world.flow.name)
    return len(session.exec(query.where(col(StoredFile.subject_id) == world.row_id)).all())


@pytest.mark.parametrize("name", ["profile_change", "product", "application", "disbursement"])
def test_what_is_given_up_waits_no_longer_and_keeps_its_trail(session: Session, name: str):
    world = WORLDS[name](session).bring_to(session, Status.RETURNED)

    def waiting() -> list[str]:
        return [t.tag for t in dashboard.bench(session, world.owner).todos if "已退回" in t.tag]

    assert len(waiting()) == 1
    world.act(session, Action.WITHDRAW)
    assert waiting() == []
    row = world.row(session)
    assert (row.status, row.reason) == (Status.DRAFT, "")
    events = review_view.history(session, name, world.row_id)
    assert [e.action for e in events] == ["SUBMIT", "RETURN", "WITHDRAW"]
    # Its trail stays, and so does what the trail speaks of.
    with pytest.raises(Conflict, match="审核记录"):
        review_draft.discard(session, world.flow, world.owner, world.row_id, row.version)
    assert world.act(session, Action.SUBMIT).status == Status.PENDING


@pytest.mark.parametrize("name", ["product", "equity_project"])
def test_a_deleted_draft_takes_its_files_and_what_was_never_published(session: Session, name: str):
    world = WORLDS[name](session)
    slot = FileSlot.PICTURE if name == "equity_project" else FileSlot.ATTACHMENT
    kept = files.attach(session, world.owner, name, world.row_id, slot.value, "a.png", factories.png(3))
    files.remove(session, world.owner, kept.id)
    row = world.row(session)
    model, of = (Product, row.product_id) if name == "product" else (EquityProject, row.project_id)
    with pytest.raises(Conflict, match="另一个窗口"):
        review_draft.discard(session, world.flow, world.owner, world.row_id, row.version + 1)
    with pytest.raises(NotFound):
        review_draft.discard(session, world.flow, factories.staff(session), world.row_id, row.version)
    assert live_files(session, world) > 0
    review_draft.discard(session, world.flow, world.owner, world.row_id, row.version)
    session.flush()
    session.expire_all()
    assert session.get(world.flow.model, world.row_id) is None
    assert session.get(model, of) is None
    assert live_files(session, world) == 0
    said = select(AuditEntry.subject).where(AuditEntry.action == "review.DISCARD")
    assert session.exec(said).one() == f"{name}:{world.row_id}"


def test_a_change_opened_by_a_click_goes_without_a_trace_on_what_is_in_force(session: Session):
    found = worlds.listed_product(session)
    lender = factories.sign_in(session, session.exec(select(User).where(User.org_id == found.org_id)).one())
    row = product.change_draft(session, lender, found.id or 0)
    review_draft.discard(session, product.FLOW, lender, row.id or 0, row.version)
    session.flush()
    assert session.get_one(Product, found.id).is_listed
    world = worlds.profile_change_world(session)
    row = world.row(session)
    review_draft.discard(session, world.flow, world.owner, world.row_id, row.version)
    session.flush()
    # The next one begins anew from the profile in force, with its files.
    fresh = verification.open_change(session, world.owner)
    assert fresh.submitted_at is None
    assert files.slots_of(session, "profile_change", fresh.id or 0) == {"LICENCE", "LEGAL_REP_ID"}
