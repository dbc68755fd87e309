"""What the screens of an application say where it belongs: parts of an amount, reasons of a 补正, what is left to choose (manual §8.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.services import (
    files,
    policy,
    policy_adopt,
    policy_application,
    policy_bulk,
    policy_own,
    policy_queue,
    policy_record_view,
    policy_review,
    policy_view,
)
from cpegi_app.services.policy_choice import CHOSEN, USABLE, Look
from cpegi_app.vocabulary import Action, Status
from tests import factories, policies, redemption
from tests.policies import act, fresh
from tests.services.test_policy_corrected import TEXT, changed, returned

NAMED = {"name": "营业执照", "required": "YES"}


def test_a_record_has_no_part_of_an_amount_that_follows_from_an_answer(session: Session):
    firm = factories.member(session)
    loans = {"source": "LOAN", "side": "EITHER", "record_most": "5"}
    of = policies.published(session, questions=(policies.FEE,), **(policies.AUDIT | loans))
    row = policies.begun(session, firm, of, policies.loan(session, firm))
    (line,) = policy_view.form(session, firm, row.id or 0).record_list.rows
    assert (line.part, line.formula) == ("—", "")


def test_what_is_chosen_can_be_chosen_no_more(session: Session):
    firm = factories.member(session)
    of = policies.published(session, **policies.INTEREST)
    loans = [policies.loan(session, firm) for _ in range(3)]
    row = policies.begun(session, firm, of, loans[1])
    for look, keys in ((USABLE, [2, 0]), (CHOSEN, [1])):
        found = policy_view.form(session, firm, row.id or 0, Look(look)).record_list
        assert (found.usable, found.chosen) == (2, 1)
        assert [r.key for r in found.rows] == [f"LOAN:{loans[i].id}" for i in keys]
    assert policy_record_view.choose_usable(session, firm, row.id or 0) == 0
    found = policy_view.form(session, firm, row.id or 0, Look(USABLE)).record_list
    assert (found.usable, found.chosen, found.rows) == (0, 3, [])


def test_the_queue_of_the_second_stage_shows_what_the_first_one_reviewed(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, staff)
    row = policies.sent(session, firm, of)

    def line(stage: str) -> policy_queue.QueueRow:
        return policy_queue.listing(session, staff, filters={"stage": stage})[0][0]

    assert line("FORMAL").reviewed == ""
    payload = {"reviewed": "40000", "reviewed_reason": "按发票核减"}
    now = fresh(session, row)
    policy_review.decide(session, staff, now.id or 0, Action.APPROVE, now.version, payload=payload)
    assert (line("BUSINESS").asked, line("BUSINESS").reviewed) == ("50,000.00", "40,000.00")


def test_a_correction_counts_once_it_is_back(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    row = fresh(session, policies.sent(session, firm, policies.published(session, staff)))
    marks = {"phone": "打不通"}
    policy_review.decide(session, staff, row.id or 0, Action.RETURN, row.version, marks=marks)
    row = fresh(session, row)
    assert policy_review.desk(session, staff, row.id).corrections == "已要求补正 1 次"
    typed = {"phone": "13900002222", "promise": "YES"}
    policy_application.submit(session, firm, row.id or 0, row.version, typed, "again")
    assert policy_review.desk(session, staff, row.id).corrections == "已补正 1 次"


def test_a_mark_on_the_amount_is_told_at_the_amount_and_at_what_it_opens(session: Session):
    firm, _staff, row, _loan = returned(session, amount="利息起止日期请核对")
    form = policy_view.form(session, firm, row.id)
    assert form.amount_reason == "利息起止日期请核对"
    assert not form.records_locked
    assert "系统计算金额" in form.records_reason and "重新选取" in form.records_reason
    asked = next(f for f in form.fields if f.name == "asked")
    assert "系统计算金额" in asked.reason


# --- what was asked for and not done ------------------------------------------------------------------


def test_a_correction_that_changes_nothing_is_refused(session: Session):
    firm, _staff, row, _loan = returned(session, phone="打不通", note="请写明")
    found = policy_own.precheck(session, firm, row.id)
    assert [f.target for f in found.findings] == ["phone"] and "没有修改" in found.findings[0].text
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, firm, row.id, row.version, {"promise": "YES"}, "first")
    assert list(refusal.value.fields) == ["phone"]
    version = policy_application.save(session, firm, row.id, row.version, {"phone": "13900002222"})
    found = policy_own.precheck(session, firm, row.id)
    assert not found.findings and [f.target for f in found.doubts] == ["note"]
    assert "申请说明" in found.doubts[0].text
    policy_application.submit(session, firm, row.id, version, {"promise": "YES"}, "again")
    assert fresh(session, row).status == Status.PENDING


def test_a_marked_material_counts_once_its_files_differ(session: Session):
    firm, staff = factories.member(session), factories.staff(session)
    of = policies.published(session, staff, materials=(NAMED,))
    row = policies.sent(session, firm, of)
    act(session, staff, row, Action.RETURN, field_reasons={"file_m1": "看不清", "phone": "打不通"})
    row = fresh(session, row)
    assert policy_own.precheck(session, firm, row.id or 0).findings
    files.attach(session, firm, policies.FLOW.name, row.id or 0, "m1", "新的.png", factories.png(9))
    found = policy_own.precheck(session, firm, row.id or 0)
    assert not found.findings and [f.target for f in found.doubts] == ["phone"]


def test_a_profile_put_right_is_a_correction(session: Session):
    from cpegi_app.models import Organisation

    firm, _staff, row, _loan = returned(session, profile="地址与营业执照不符")
    assert policy_own.precheck(session, firm, row.id).findings
    org = session.get_one(Organisation, firm.org_id)
    org.profile = org.profile | {"address": "郑州市金水区花园路 1 号"}
    session.add(org)
    session.flush()
    found = policy_own.precheck(session, firm, row.id)
    assert not found.findings and not found.doubts


def test_the_steps_of_a_calculation_are_compared_with_those_before(session: Session):
    firm, staff, row, _loan = returned(session, records="请加选一笔")
    one = " ".join(row.calculation["steps"])
    more = policies.loan(session, firm)
    version = policy_application.choose(session, firm, row.id, row.version, f"LOAN:{more.id}", chosen=True)
    policy_application.submit(session, firm, row.id, version, {"promise": "YES"}, "again")
    was, now = changed(session, staff, redemption.fresh(session, row))["steps"]
    assert was == one and now.startswith("2 笔合计")


def test_before_a_newer_version_is_taken_it_is_told_what_changes(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    of = policies.published(session, staff, materials=({"name": "申请表"}, {"name": "发票"}))
    row = policies.begun(session, firm, of)
    assert policy_adopt.change(session, firm, row.id or 0) == policy_adopt.Change()
    values = of.draft["values"] | {"fixed": "3", "m_m2_name": "增值税发票"}
    policy.drop_row(session, staff, of.id or 0, of.version, "m1", values)
    policy.add_row(session, staff, of.id or 0, of.version, "questions", of.draft["values"])
    code = of.draft["questions"][-1]
    values = of.draft["values"] | {f"q_{code}_{k}": v for k, v in TEXT.items()}
    policy.save(session, staff, of.id or 0, of.version, values)
    policy.publish(session, staff, of.id or 0, of.version)
    found = policy_adopt.change(session, firm, row.id or 0)
    assert (found.number, found.before, found.after, found.less) == (2, "50,000.00", "30,000.00", True)
    assert found.lines == [
        "新增：用途说明",
        "改为：“发票”→“增值税发票”",
        "不再需要：申请表（已上传的这类文件将移除）",
    ]
    # What was confirmed is what was shown: a version that came in between is shown first.
    with pytest.raises(Conflict, match="又有更新"):
        policy_application.adopt(session, firm, row.id or 0, row.version, of=row.version_id)
    policy_application.adopt(session, firm, row.id or 0, row.version, of=found.version_id)
    assert fresh(session, row).version_id == of.version_id


def test_what_a_bulk_approval_will_do_does_not_read_as_done(session: Session):
    staff = factories.staff(session)
    row = policies.sent(session, factories.member(session), policies.published(session, staff))
    for after in ("进入业务审核", "进入公示"):
        (foreseen,) = policy_bulk.foresee_all(session, staff, [row.id or 0])
        assert (foreseen.after, foreseen.text) == (f"将通过，{after}", "")
        done = policy_bulk.approve_one(session, staff, foreseen.id, foreseen.version, "同意")
        assert (done.after, done.text) == (f"已通过，{after}", "")
