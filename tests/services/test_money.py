"""Money in tables is 分 in 64 bits: the largest amount that a form takes fits on both engines."""

from __future__ import annotations

from decimal import Decimal

from sqlmodel import Session, col, select

from cpegi_app.models import Organisation, Product
from cpegi_app.services.forms import fen, wan


def test_the_largest_amount_of_a_form_is_stored_exactly(session: Session) -> None:
    org = Organisation(name="某银行")
    session.add(org)
    session.flush()
    largest = fen(Decimal("999999"))
    session.add(Product(org_id=org.id or 0, amount_min_fen=fen(Decimal("0.01")), amount_max_fen=largest))
    session.flush()
    session.expire_all()
    found = session.exec(select(Product).where(col(Product.amount_max_fen) > fen(Decimal("3000")))).one()
    assert (found.amount_max_fen, found.amount_min_fen) == (999_999_000_000, 10_000)
    assert wan(found.amount_max_fen) == "999,999"
