"""基数取自问题: chosen among the number questions of the same editor, whatever becomes of them (manual §8)."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app.errors import FormInvalid
from cpegi_app.models import Policy
from cpegi_app.services import policy, policy_base
from tests import factories, policies

NAME = policy_base.NAME
LACKS = "发布前须设为必填，单位为元或万元"
PEOPLE = {"title": "从业人数", "kind": "NUMBER", "required": "YES", "unit": "人"}


def options(session: Session, row: Policy, **typed: str) -> dict[str, str]:
    """Return what the drop-down of an editor offers, by value."""
    found = policy.editor(session, factories.staff(session), row.id or 0)
    codes = [q.code for q in found.questions]
    return {b.value: b.label for b in policy_base.choices(codes, found.values | typed) if b.offered}


def refused(session: Session, row: Policy, **changes: str) -> str:
    """Return what publishing with other values says at the field."""
    staff = factories.staff(session)
    policy.save(session, staff, row.id or 0, row.version, row.draft["values"] | changes)
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    return refusal.value.fields[NAME]


def test_the_number_questions_of_the_editor_are_offered_as_they_are_typed(session: Session):
    row = policies.draft(
        session, factories.staff(session), **policies.AUDIT, questions=(policies.FEE, PEOPLE, policies.ON)
    )
    fee, people, on = row.draft["questions"]
    assert options(session, row) == {
        fee: "审计费（元）",
        people: f"从业人数（人，{LACKS}）",
    }
    typed = {f"q_{fee}_title": "审计费用", f"q_{on}_kind": "NUMBER", f"q_{on}_title": ""}
    offered = options(session, row, **typed)
    assert offered == {
        fee: "审计费用（元）",
        people: f"从业人数（人，{LACKS}）",
        on: f"问题 3（未填写名称）（{LACKS}）",
    }


def test_a_question_with_another_title_stays_chosen(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff, **policies.AUDIT, questions=(policies.FEE,))
    (fee,) = row.draft["questions"]
    # A draft of before names it by its title; its editor knows which is meant.
    assert row.draft["values"][NAME] == "审计费"
    shown = policy.editor(session, staff, row.id or 0).values
    assert shown[NAME] == fee
    policy.save(session, staff, row.id or 0, row.version, shown | {f"q_{fee}_title": "审计费用（含税）"})
    policy.publish(session, staff, row.id or 0, row.version)
    assert policies.definition(session, row).base_question == fee
    copy = policy.copy(session, staff, row.id or 0)
    assert policy.editor(session, staff, copy.id or 0).values[NAME] == fee


def test_a_question_that_is_gone_is_told_by_its_title(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff, **policies.AUDIT, questions=(policies.FEE, PEOPLE))
    fee, people = row.draft["questions"]
    values = policy.editor(session, staff, row.id or 0).values | {"summary": "按审计费的一半奖补"}
    policy.drop_row(session, staff, row.id or 0, row.version, people, values)
    assert row.draft["values"][NAME] == fee
    policy.drop_row(session, staff, row.id or 0, row.version, fee, row.draft["values"])
    shown = policy.editor(session, staff, row.id or 0).values
    assert (shown[NAME], shown["summary"]) == ("审计费", "按审计费的一半奖补")
    (gone,) = policy_base.choices([], shown)
    assert not gone.offered and "审计费" in gone.label and "请改选" in gone.label
    assert "“审计费”已不在附加问题中" in refused(session, row)
    # Asked for again, it is the one that is meant.
    policy.add_row(session, staff, row.id or 0, row.version, "questions", row.draft["values"])
    (again,) = row.draft["questions"]
    parts = {f"q_{again}_{part}": text for part, text in policies.FEE.items()}
    policy.save(session, staff, row.id or 0, row.version, row.draft["values"] | parts)
    assert again != fee and policy.editor(session, staff, row.id or 0).values[NAME] == again
    assert policy.publish(session, staff, row.id or 0, row.version) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({NAME: ""}, "请选择作为基数的数字问题"),
        ({"q_q1_kind": "TEXT"}, "不是数字问题"),
        ({"q_q1_required": ""}, "须为必填"),
        ({"q_q1_unit": "人"}, "单位为元或万元"),
    ],
)
def test_what_gives_no_base_says_why_and_what_to_do(session: Session, changes: dict[str, str], said: str):
    fee = policies.FEE | {"low": ""}
    row = policies.draft(session, factories.staff(session), **policies.AUDIT, questions=(fee,))
    assert row.draft["questions"] == ["q1"]
    assert said in refused(session, row, **changes)
    # Under another rule nobody asks for it.
    staff = factories.staff(session)
    policy.save(
        session, staff, row.id or 0, row.version, row.draft["values"] | {"rule": "FIXED", "fixed": "5"}
    )
    assert policy.publish(session, staff, row.id or 0, row.version) == 1
