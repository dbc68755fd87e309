"""A filing that comes back: whose marks are seen when, what differs from the submission before (manual §5.1)."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.models import Loan, OfflineLoan
from cpegi_app.services import offline_loan, offline_rows
from cpegi_app.services.offline_rows import LoanRow
from cpegi_app.vocabulary import Action, Status
from tests.worlds import World, filing_world


def rows_of(session: Session, batch_id: int) -> list[OfflineLoan]:
    session.expire_all()
    query = select(OfflineLoan).where(OfflineLoan.batch_id == batch_id)
    return list(session.exec(query.order_by(col(OfflineLoan.id))))


def waiting(session: Session, rows: int) -> tuple[World, list[OfflineLoan]]:
    world = filing_world(session, rows=rows).bring_to(session, Status.PENDING)
    return world, rows_of(session, world.row_id)


def seen(session: Session, actor: Actor, world: World, **more: str) -> dict[str, LoanRow]:
    shown, _ = offline_rows.listing(session, actor, world.row_id, **more)  # pyright: ignore[reportArgumentType]
    return {row.iou_no: row for row in shown}


def send(session: Session, world: World) -> None:
    offline_loan.submit(session, world.owner, world.row_id, world.row(session).version)


def change(session: Session, world: World, row: OfflineLoan, **values: str) -> None:
    form = offline_rows.form_of(session, world.owner, row.id or 0)
    offline_rows.save(session, world.owner, world.row_id, form.id, form.version, form.values | values)


def test_a_mark_is_the_reviewers_own_until_the_batch_is_decided(session: Session):
    world, (first, second) = waiting(session, 2)
    offline_rows.mark(session, world.reviewer, first.id or 0, "合同缺页")

    def told(actor: Actor) -> tuple[str, int, int]:
        _, batch = offline_loan.one(session, actor, world.row_id)
        marked = seen(session, actor, world, only="return")
        return seen(session, actor, world)[first.iou_no].reason, batch.returned, len(marked)

    assert told(world.reviewer) == ("合同缺页", 1, 1)
    assert told(world.owner) == ("", 0, 0)
    world.act(session, Action.WITHDRAW)
    # Nothing was returned: nothing says so.
    assert told(world.owner) == ("", 0, 0)
    send(session, world)
    assert told(world.reviewer) == ("合同缺页", 1, 1)
    assert told(world.owner) == ("", 0, 0)
    world.act(session, Action.APPROVE)
    booked = session.exec(select(Loan.iou_no).where(Loan.institution_id == world.owner.org_id)).all()
    assert list(booked) == [second.iou_no]
    (back,) = [b for b in offline_loan.listing(session, world.owner)[0] if b.status == Status.RETURNED]
    assert back.returned == 1
    (row,), _ = offline_rows.listing(session, world.owner, back.id)
    assert row.reason == "合同缺页"
