"""A policy's draft that was never published can be deleted, and its number is given to no other (manual §8)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Permission
from cpegi_app.errors import Conflict, Forbidden, NotFound
from cpegi_app.models import Policy, PolicyFile
from cpegi_app.services import policy, policy_discard, policy_list
from tests import factories, policies


def test_a_draft_never_published_is_deleted_with_its_templates(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff, materials=({"name": "申请表"},))
    number, code = row.id or 0, row.draft["materials"][0]
    policy.attach_file(session, staff, number, row.version, "templates", code, "模板.png", factories.png())
    assert policy_list._row(row, 0).can_discard
    with pytest.raises(Conflict, match="刚在另一个窗口"):
        policy_discard.discard(session, staff, number, row.version - 1)
    session.refresh(row)
    policy_discard.discard(session, staff, number, row.version)
    with pytest.raises(NotFound):
        policy.editor(session, staff, number)
    assert session.exec(select(PolicyFile).where(col(PolicyFile.policy_id) == number)).all() == []
    # Whatever still names the deleted one speaks of no other.
    session.expire_all()
    assert policy.begin(session, staff).id != number
    assert policy.copy(session, staff, policies.published(session, staff).id or 0).id != number


def test_what_was_published_is_not_deleted(session: Session):
    staff = factories.staff(session)
    of = policies.published(session, staff)
    assert not policy_list._row(of, 0).can_discard
    with pytest.raises(Conflict, match="已发布"):
        policy_discard.discard(session, staff, of.id or 0, of.version)
    assert session.get(Policy, of.id)


def test_only_who_manages_policies_deletes_a_draft(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff)
    for other in (factories.member(session),):
        assert not other.may(Permission.POLICY_MANAGE)
        with pytest.raises((Forbidden, NotFound)):
            policy_discard.discard(session, other, row.id or 0, row.version)
