"""对补正意见的说明: who disagrees with a mark says so, whatever was marked, and changes nothing else (manual §8.1)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.errors import FormInvalid
from cpegi_app.models import PolicyApplication
from cpegi_app.services import (
    policy_application,
    policy_bulk,
    policy_own,
    policy_review,
    policy_trail,
    policy_trail_zip,
    policy_view,
)
from cpegi_app.services.policy_check import ANSWER, ANSWER_TITLE
from cpegi_app.vocabulary import Action, Status
from tests import factories, policies
from tests.policies import fresh
from tests.services.test_policy_corrected import changed, returned

SAID = "电话为本单位总机，工作时间可以接通。"


def send_back(session: Session, staff: Actor, row: Any, **marks: str) -> PolicyApplication:
    """Return the application after its reviewer has asked for a correction."""
    row = fresh(session, row)
    policy_review.decide(session, staff, row.id, Action.RETURN, row.version, marks=marks)
    return fresh(session, row)


def resend(session: Session, firm: Actor, row: Any, **typed: str) -> PolicyApplication:
    """Return the application sent again with what is typed."""
    more = {"promise": "YES"} | typed
    policy_application.submit(session, firm, row.id, row.version, more, f"key-{factories.number()}")
    return fresh(session, row)


def shown(session: Session, firm: Actor, row: Any) -> dict[str, str]:
    """Return what the applicant's form holds at its open fields."""
    form = policy_view.form(session, firm, row.id)
    return {f.name: f.value for f in form.fields if not f.locked}


def test_who_disagrees_answers_and_changes_nothing_else(session: Session):
    firm, staff, row, _loan = returned(session, phone="打不通")
    before = dict(row.data)
    # An idle correction is refused, and told of the way to disagree.
    (idle,) = policy_own.precheck(session, firm, row.id).findings
    assert ANSWER_TITLE in idle.text
    assert set(shown(session, firm, row)) == {"phone", ANSWER}
    version = policy_application.save(session, firm, row.id, row.version, {ANSWER: SAID, "contact": "他人"})
    row = fresh(session, row)
    assert row.version == version and shown(session, firm, row)[ANSWER] == SAID
    found = policy_own.precheck(session, firm, row.id)
    assert not found.findings and "说明答复" in found.doubts[0].text
    row = resend(session, firm, row, contact="他人")
    assert (row.status, row.reason) == (Status.PENDING, "")
    assert row.data == before | {ANSWER: SAID, "promise": "YES"}
    desk = policy_review.desk(session, staff, row.id)
    assert desk.answer == SAID and ANSWER not in desk.markable
    assert changed(session, staff, row) == {ANSWER: ("", SAID)}
    told = policy_trail.trail(session, staff, row.id).events
    assert told[-1].comment == f"{ANSWER_TITLE}：{SAID}" and "打不通" in "".join(told[-2].points)
    made = policy_trail_zip.plan(session, staff, row.id)
    assert [s["snapshot"]["data"].get(ANSWER, "") for s in made.data["submissions"]] == ["", SAID]


def test_each_correction_has_an_answer_of_its_own(session: Session):
    firm, staff, row, _loan = returned(session, phone="打不通")
    row = resend(session, firm, row, **{ANSWER: "长" * 400})
    row = send_back(session, staff, row, phone="仍打不通")
    assert shown(session, firm, row)[ANSWER] == ""
    # What was said before is no answer to what is asked now.
    with pytest.raises(FormInvalid) as refusal:
        resend(session, firm, row)
    assert list(refusal.value.fields) == ["phone"]
    row = resend(session, firm, row, phone="13900002222")
    assert ANSWER not in row.data and policy_review.desk(session, staff, row.id).answer == ""
    row = send_back(session, staff, row, contact="请填写全名")
    row = resend(session, firm, row, **{ANSWER: "联系人姓名即为全名。"})
    assert policy_review.desk(session, staff, row.id).answer == "联系人姓名即为全名。"


def test_an_answer_is_short_and_only_to_a_correction(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, staff)
    row = policies.begun(session, firm, of)
    policy_application.save(session, firm, row.id or 0, row.version, {ANSWER: SAID})
    assert ANSWER not in fresh(session, row).data and ANSWER not in shown(session, firm, row)
    row = resend(session, firm, fresh(session, row), **policies.answers(), **{ANSWER: SAID})
    assert ANSWER not in row.data
    row = send_back(session, staff, row, phone="打不通")
    for length in (401, 3000):
        with pytest.raises(FormInvalid) as refusal:
            resend(session, firm, row, **{ANSWER: "长" * length})
        assert "最多 400 字" in refusal.value.fields.get(ANSWER, ""), refusal.value.fields
    policy_application.save(session, firm, row.id or 0, row.version, {ANSWER: SAID})
    row = fresh(session, row)
    # Given up and begun anew it answers nothing any more.
    policy_application.withdraw(session, firm, row.id or 0, row.version)
    row = resend(session, firm, fresh(session, row), **policies.answers())
    assert row.status == Status.PENDING and ANSWER not in row.data


def test_a_bulk_approval_shows_what_was_answered(session: Session):
    firm, staff, row, _loan = returned(session, phone="打不通")
    row = resend(session, firm, row, **{ANSWER: SAID})
    assert [r.answer for r in policy_bulk.foresee_all(session, staff, [row.id])] == [SAID]
    other = policies.sent(session, factories.member(session), policies.published(session, staff))
    assert policy_bulk.foresee(session, staff, other.id or 0).answer == ""
