"""政策管理: what its author is told and shown: limits of questions, conditions nobody can meet, examples, preview (manual §8)."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import FormInvalid, NotFound
from cpegi_app.models import Organisation, Policy
from cpegi_app.services import (
    files,
    policy,
    policy_application,
    policy_check,
    policy_figures,
    policy_open,
    policy_own,
    policy_public,
    policy_view,
)
from cpegi_app.services.policy_check import answer_problem, span
from cpegi_app.services.policy_definition import Question
from cpegi_app.vocabulary import Kind
from cpegi_app.vocabulary.policy import QuestionKind, WindowState
from tests import factories, policies

# --- limits of questions ------------------------------------------------------------------------------

TEXT = {"title": "项目简介", "kind": "TEXT", "required": "YES"}
DATE = {"title": "合同日期", "kind": "DATE", "required": "YES"}


def question(session: Session, **part: str) -> Question:
    """Return a question as it is published."""
    return policies.definition(session, policies.published(session, questions=(part,))).questions[0]


@pytest.mark.parametrize(
    ("part", "answer", "says"),
    [
        (TEXT | {"low": "5", "high": "8"}, "一二三四", "至少 5 字，现有 4 字，请补充"),
        (TEXT | {"low": "5", "high": "8"}, "一二三四五", ""),
        (TEXT | {"low": "5", "high": "8"}, "一二三四五六七八九", "最多 8 字，现有 9 字，请精简"),
        (TEXT, "字" * 501, "最多 500 字"),
        (
            DATE | {"low": "2026-01-01", "high": "2026-06-30"},
            "2025-12-31",
            "应在 2026-01-01 至 2026-06-30 之间",
        ),
        (DATE | {"low": "2026-01-01", "high": "2026-06-30"}, "2026-06-30", ""),
        (DATE | {"low": "2026年1月1日"}, "2025-12-31", "不早于 2026-01-01"),
        (DATE | {"high": "2026/6/30"}, "2026-07-01", "不晚于 2026-06-30"),
        (DATE | {"high": "2026-06-30"}, "7月", "格式如"),
    ],
)
def test_limits_of_a_question_hold_for_texts_and_dates(session: Session, part, answer: str, says: str):
    found = answer_problem(question(session, **part), answer)
    assert says in found and bool(found) is bool(says)


def test_limits_stand_beside_the_field_and_on_the_public_page(session: Session):
    parts = (
        TEXT | {"low": "5", "high": "80"},
        DATE | {"low": "2026-01-01"},
        {"title": "简称", "kind": "TEXT"},
        policies.FEE,
    )
    of = policies.published(session, questions=parts)
    firm = factories.member(session)
    row = policy_application.start(session, firm, of.id or 0)
    fields = {f.title: f for f in policy_view.form(session, firm, row.id or 0).fields}
    assert fields["项目简介"].help == "5 至 80 字"
    assert (fields["合同日期"].help, fields["合同日期"].low, fields["合同日期"].high) == (
        "不早于 2026-01-01",
        "2026-01-01",
        "",
    )
    assert fields["简称"].help == "最多 500 字" and fields["审计费"].help == "1,000 元或以上"
    told = policy_public.detail(session, of.id or 0).questions
    assert told[:2] == ["项目简介（文字，5 至 80 字）", "合同日期（日期，不早于 2026-01-01）"]
    policy_application.save(session, firm, row.id or 0, row.version, {"a_q1": "短", "a_q2": "2025-01-01"})
    places = {f.target: f.text for f in policy_own.precheck(session, firm, row.id or 0).findings}
    assert "至少 5 字" in places["a_q1"] and "不早于" in places["a_q2"]


@pytest.mark.parametrize(
    ("part", "field", "says"),
    [
        (TEXT | {"low": "一"}, "low", "请填写数字"),
        (TEXT | {"high": "501"}, "high", "1 至 500"),
        (TEXT | {"low": "9", "high": "8"}, "high", "不能小于"),
        (TEXT | {"low": "1.5"}, "low", "整数"),
        (DATE | {"low": "去年"}, "low", "日期"),
        (DATE | {"low": "2026-02-01", "high": "2026-01-01"}, "high", "不能早于"),
    ],
)
def test_wrong_limits_are_told_to_the_author(session: Session, part, field: str, says: str):
    staff = factories.staff(session)
    row = policies.draft(session, staff, questions=(part,))
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    assert says in refusal.value.fields[f"q_q1_{field}"]


@pytest.mark.parametrize(
    ("what", "part", "place", "most"),
    [
        ("questions", TEXT | {"note": "字" * 301}, "q_q1_note", 300),
        ("questions", {"title": "人数", "kind": "NUMBER", "unit": "人" * 11}, "q_q1_unit", 10),
        ("questions", {"title": "类型", "kind": "CHOICE", "options": "甲、" + "乙" * 61}, "q_q1_options", 60),
        ("materials", {"name": "申请表", "note": "字" * 301}, "m_m1_note", 300),
    ],
)
def test_what_is_too_long_is_refused_and_not_cut(session: Session, what: str, part, place: str, most: int):
    staff = factories.staff(session)
    row = policies.draft(session, staff, **{what: (part,)})
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    assert f"最多 {most} 字，现有 {most + 1} 字" in refusal.value.fields[place]


def test_limits_of_a_kind_that_has_none_are_not_published(session: Session):
    part = {"title": "类型", "kind": "CHOICE", "options": "甲、乙", "low": "1", "high": "很多"}
    found = question(session, **part)
    assert (found.low, found.high, span(found)) == ("", "", "")
    old = Question(code="q1", title="问题", kind=QuestionKind.TEXT)
    assert answer_problem(old, "字") == ""


# --- conditions that nobody can meet ------------------------------------------------------------------

REVENUE = {"c_revenue_free": "", "c_revenue_low": "1000"}


@pytest.mark.parametrize(
    "who", [{"kinds": "DEBT"}, {"kinds": "DEBT,EQUITY"}, {"kinds": "", "classes": "BANK,LAW"}]
)
def test_a_condition_that_no_applicant_can_meet_is_refused(session: Session, who):
    staff = factories.staff(session)
    row = policies.draft(
        session,
        staff,
        **who,
        **REVENUE,
        c_scale_free="",
        c_scale_set="SMALL",
        c_patents_free="",
        c_patents_low="1",
        c_age_free="",
        c_age_low="12",
        c_staff_free="",
        c_staff_low="1",
    )
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    assert set(refusal.value.fields) == {"c_revenue", "c_scale", "c_patents"}
    assert "资料中没有“年营业收入”" in refusal.value.fields["c_revenue"]
    assert "请勾选“不限制”" in refusal.value.fields["c_revenue"]


def test_a_condition_that_some_applicants_cannot_meet_is_told_to_author_and_applicant(session: Session):
    staff, bank = factories.staff(session), factories.member(session, Kind.DEBT)
    firm = factories.member(session)
    of = policies.published(
        session, staff, kinds="ENTERPRISE,DEBT", **REVENUE, c_patents_free="", c_patents_low="1"
    )
    d = policies.definition(session, of)
    (hint,) = policy_figures.hints(d)
    assert hint == (
        "债权金融机构的资料中没有“年营业收入”“发明专利数”，按这些条件不能申请。"
        "如该类机构也应能申请，请将这些条件改为“不限制”，或为其另设政策。"
    )
    org = session.get_one(Organisation, bank.org_id)
    found = policy_check.who_not(d, org, org.profile)
    assert found[0] == (
        "年营业收入要求≥ 1,000 万元，债权金融机构的资料中没有此项，不能在线申请；"
        f"如认为符合政策，请咨询{d.department}（{d.phone}）"
    )
    # An enterprise that has only left it out can fill it in.
    org = session.get_one(Organisation, firm.org_id)
    assert "请在“企业认证”中补充" in policy_check.who_not(d, org, org.profile)[0]
    assert policy_figures.hints(policies.definition(session, policies.published(session, **REVENUE))) == []


# --- template and example -----------------------------------------------------------------------------


def with_both(session: Session, staff: Actor) -> tuple[Policy, str]:
    row = policies.draft(session, staff, materials=({"name": "申请表"},))
    code, ident = row.draft["materials"][0], row.id or 0
    policy.attach_file(session, staff, ident, row.version, "templates", code, "空表.png", factories.png())
    policy.attach_file(session, staff, ident, row.version, "samples", code, "填写示例.png", factories.png(3))
    return row, code


def test_a_material_has_a_template_and_an_example(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    row, code = with_both(session, staff)
    (shown,) = policy.editor(session, staff, row.id or 0).materials
    assert (shown.template.name, shown.sample.name) == ("空表.png", "填写示例.png")
    sample_id = row.draft["samples"][code]["id"]
    for actor in (None, firm):
        with pytest.raises(NotFound):
            policy_public.template(session, actor, sample_id)
    policy.publish(session, staff, row.id or 0, row.version)
    session.expire_all()
    assert policy_public.template(session, None, sample_id).name == "填写示例.png"
    (public,) = policy_public.detail(session, row.id or 0).materials
    assert public.has_template and public.has_sample
    assert public.sample.href == f"/policy-files/{sample_id}"
    mine = policy_application.start(session, firm, row.id or 0)
    (slot,) = policy_view.form(session, firm, mine.id or 0).slots
    assert slot.template.endswith("?download=1") and slot.sample == f"/policy-files/{sample_id}?download=1"
    assert slot.sample_name == "填写示例.png"
    assert files.is_known(session, policy_public.template(session, None, sample_id).path.name)


def test_the_example_is_taken_away_copied_and_dropped_with_its_material(session: Session):
    staff = factories.staff(session)
    row, code = with_both(session, staff)
    new = policy.copy(session, staff, row.id or 0)
    assert new.draft["samples"][code]["id"] != row.draft["samples"][code]["id"]
    policy.drop_file(session, staff, row.id or 0, row.version, "samples", code)
    assert row.draft["samples"] == {} and code in row.draft["templates"]
    for what in ("samples", "published", "nonsense", ""):
        with pytest.raises(NotFound):
            policy.drop_file(session, staff, row.id or 0, row.version, what, code)
    with pytest.raises(NotFound):
        policy.attach_file(session, staff, row.id or 0, row.version, "values", code, "a.png", factories.png())
    policy.drop_row(session, staff, new.id or 0, new.version, code, new.draft["values"])
    session.refresh(new)
    assert new.draft["samples"] == new.draft["templates"] == {}


def test_a_draft_written_before_there_were_examples_still_opens(session: Session):
    staff = factories.staff(session)
    row, code = with_both(session, staff)
    row.draft = {k: v for k, v in row.draft.items() if k != "samples"}
    session.flush()
    assert not policy.editor(session, staff, row.id or 0).materials[0].has_sample
    policy.attach_file(
        session, staff, row.id or 0, row.version, "samples", code, "示例.png", factories.png(3)
    )
    assert policy.publish(session, staff, row.id or 0, row.version) == 1


# --- preview ------------------------------------------------------------------------------------------


def test_the_preview_shows_records_amount_and_promise_by_an_example(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff, **policies.INTEREST | {"record_cap": "2", "promise_days": "12"})
    seen = policy_view.preview(session, staff, row.id or 0)
    (record,) = seen.record_list.rows
    assert seen.with_records and record.title.startswith("示例") and record.formula
    # 100 万元 × 3.85% × 365 ÷ 360 is more than a record's cap.
    assert record.part == "20,000.00" and seen.money.computed == "20,000.00"
    assert "超过每笔上限" in seen.money.steps[0]
    assert seen.policy.promise == "12 个工作日"


@pytest.mark.parametrize(
    ("changes", "questions", "computed", "step"),
    [
        ({}, (), "50,000.00", "固定金额"),
        (policies.AUDIT, (policies.FEE,), "30,000.00", "超过每件上限"),
        (policies.REWARD, (), "20,000.00", "1,000,000.00 元 × 2%"),
    ],
)
def test_the_preview_computes_an_example_by_every_rule(session: Session, changes, questions, computed, step):
    staff = factories.staff(session)
    row = policies.draft(session, staff, questions=questions, **changes)
    seen = policy_view.preview(session, staff, row.id or 0)
    assert seen.money.computed == computed and any(step in s for s in seen.money.steps)


# --- stopped ------------------------------------------------------------------------------------------


def test_a_stopped_policy_stays_where_it_was_with_date_and_reason(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    of = policies.published(session, staff)
    begun = factories.member(session)
    policies.begun(session, begun, of)
    before = policy_public.counts(session)
    policy.stop(session, staff, of.id or 0, of.version, "资金调整")
    why = f"政策已于 {clock.local(of.stopped_at)} 停止受理：资金调整"
    offer = next(o for o in policy_open.offers(session, firm)[0] if o.id == of.id)
    assert not offer.open and offer.reasons == [why] and offer.state_label == "已停止"
    # Who has begun reads it as well, beside what has been begun.
    mine = next(o for o in policy_open.offers(session, begun)[0] if o.id == of.id)
    assert not mine.open and mine.reasons == [why] and mine.begun == "草稿"
    counts = policy_public.counts(session)
    assert counts["PAST"] == before["PAST"] + 1 and counts["OPEN"] == before["OPEN"] - 1
    rows, _total = policy_public.listing(session, state=WindowState.PAST.value, size=50)
    assert policy_public.counts(session, rows[0].name)[WindowState.PAST.value] >= 1
    assert policy_public.counts(session, "没有此政策") == dict.fromkeys(counts, 0)
    assert next(r for r in rows if r.id == of.id).stopped == why
    assert policy_public.detail(session, of.id or 0).stopped == why
