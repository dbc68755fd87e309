"""A database that has no turn to give says so in a sentence, and nothing is half written."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from cpegi_app import db
from cpegi_app.errors import Busy
from cpegi_app.models import Organisation
from tests import factories


def renamed(session: Session, org_id: int, name: str) -> None:
    session.get_one(Organisation, org_id).name = name
    session.flush()


def test_who_waits_in_vain_reads_what_to_do(database: str):
    with db.transaction() as session:
        org_id = factories.member(session).org_id
        before = session.get_one(Organisation, org_id).name
    with db.transaction() as holder:
        renamed(holder, org_id, "先到者")
        with pytest.raises(Busy, match=r"没有执行.*再点一次"), db.transaction() as late:
            if database.startswith("postgresql"):
                late.execute(text("SET LOCAL lock_timeout = '50ms'"))
            renamed(late, org_id, "后到者")
        holder.rollback()
    with db.reading() as session:
        assert session.exec(select(Organisation.name).where(Organisation.id == org_id)).one() == before


def test_a_failure_of_another_sort_stays_what_it_is(session: Session):
    with pytest.raises(Exception, match="no_such_table"), db._in_turn():
        session.execute(text("SELECT 1 FROM no_such_table"))
