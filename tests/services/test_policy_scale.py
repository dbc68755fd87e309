"""What waits to be paid is counted on every page of the staff's: its cost grows with what waits, not with its square."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from cpegi_app import db
from cpegi_app.models import PolicyApplication, PolicyGrant
from cpegi_app.services import policy_ready
from cpegi_app.vocabulary import Kind
from tests import factories, redemption

FEW, MANY = 300, 1_200


def copies(session: Session, row: Any, numbers: range, **changes: Callable[[int], Any]) -> None:
    """Write a row once more under each of some ids, changed by them."""
    model: type[SQLModel] = type(row)
    plain = {column.name: getattr(row, column.name) for column in model.__table__.columns}  # pyright: ignore[reportAttributeAccessIssue]
    rows = [plain | {"id": n} | {name: change(n) for name, change in changes.items()} for n in numbers]
    session.connection().execute(insert(model), rows)


def steps(session: Session, ask: Callable[[], Any]) -> int:
    """Return how many hundreds of SQLite's own steps a question takes."""
    taken = 0

    def one_more() -> int:
        nonlocal taken
        taken += 1
        return 0

    raw: Any = session.connection().connection.driver_connection
    raw.set_progress_handler(one_more, 100)
    ask()
    raw.set_progress_handler(None, 100)
    return taken


def test_what_waits_to_be_paid_is_counted_in_one_pass(sqlite_url: str):
    db.configure(sqlite_url)
    with db.transaction() as session:
        staff, owner = factories.staff(session), factories.member(session, Kind.ENTERPRISE)
        claim = redemption.payable(session, staff, redemption.policy(session, staff), owner)[0]
        application = session.get_one(PolicyApplication, claim.application_id)
        grant, took = session.get_one(PolicyGrant, claim.grant_id), dict[int, int]()
        for more in (range(10_000, 10_000 + FEW), range(20_000, 20_000 + MANY - FEW)):
            copies(session, application, more, receipt_no=lambda n: f"R-{n}")
            copies(session, grant, more, application_id=lambda n: n)
            copies(session, claim, more, application_id=lambda n: n, grant_id=lambda n: n)
            waiting = policy_ready.waiting(session, staff)
            took[waiting] = steps(session, lambda: policy_ready.waiting(session, staff))
    few, many = took
    assert (few, many) == (FEW + 1, MANY + 1)
    # In proportion four times as many; with every claim compared with every other, sixteen.
    assert took[many] < 6 * took[few], took
