"""政策管理: drafts, publication, versions, templates, stop; and what everybody reads (manual §8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Notice, Policy, PolicyVersion
from cpegi_app.services import (
    files,
    policy,
    policy_application,
    policy_budget,
    policy_list,
    policy_public,
    policy_view,
)
from cpegi_app.services import lists as all_lists
from cpegi_app.services.policy_definition import admits, of_version
from cpegi_app.vocabulary import Kind
from cpegi_app.vocabulary.policy import WindowState
from tests import factories, policies

FEE = {"title": "审计费", "kind": "NUMBER", "required": "YES", "unit": "元", "low": "1000"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"closes_on": "2020-01-01"}, "closes_on"),
        ({"closes_time": "25:00"}, "closes_time"),
        ({"redeem_opens_on": "2026-12-01"}, "redeem_closes_on"),
        ({"kinds": "", "classes": ""}, "kinds"),
        ({"fixed": ""}, "fixed"),
        ({"rule": "PERCENT", "base": "RECORDS"}, "percent"),
        ({"rule": "PERCENT", "percent": "50", "base": "RECORDS"}, "source"),
        ({"rule": "PERCENT", "percent": "50", "base": "ANSWER", "base_question": "没有"}, "base_question"),
        ({"rule": "INTEREST"}, "interest_from"),
        ({"source": "LOAN", "side": "", "record_least": "9", "record_most": "3"}, "record_most"),
        ({"c_revenue_free": "", "c_revenue_low": "9", "c_revenue_high": "1"}, "c_revenue"),
        ({"people_FORMAL": "999999"}, "people_FORMAL"),
        ({"case_cap": "-1"}, "case_cap"),
        ({"percent": "1e99"}, "percent"),
    ],
)
def test_what_is_wrong_is_told_before_publication(session: Session, changes, field):
    staff = factories.staff(session)
    row = policies.draft(session, staff, **changes)
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    assert field in refusal.value.fields
    assert row.version_id is None


def test_materials_and_questions_are_checked_too(session: Session):
    staff = factories.staff(session)
    bad = ({"title": "", "kind": "NUMBER"}, {"title": "类型", "kind": "CHOICE", "options": "一"})
    row = policies.draft(session, staff, materials=({"name": ""},), questions=bad)
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    assert {"m_m1_name", "q_q2_title", "q_q3_options"} == set(refusal.value.fields)


def test_a_published_version_stays_and_the_next_one_counts_for_who_begins_later(session: Session):
    staff, firm, later = factories.staff(session), factories.member(session), factories.member(session)
    row = policies.published(session, staff, fixed="5", budget="20")
    mine = policy_application.start(session, firm, row.id or 0)
    first = row.version_id
    values = row.draft["values"] | {"fixed": "8", "name": "改过的政策", "budget": "99"}
    policy.save(session, staff, row.id or 0, row.version, values)
    assert policy_public.detail(session, row.id or 0).name != "改过的政策"
    policy.publish(session, staff, row.id or 0, row.version)
    session.refresh(row)
    assert (row.number, row.name) == (2, "改过的政策")
    assert of_version(session, first or 0).fixed_fen == 5_000_000
    assert policy_view.form(session, firm, mine.id or 0).money.computed == "50,000.00"
    theirs = policy_application.start(session, later, row.id or 0)
    assert policy_view.form(session, later, theirs.id or 0).money.computed == "80,000.00"
    # The page names the version that counts; the budget is the policy's, whatever the version.
    shown = [
        policy_view.form(session, *who).policy for who in ((firm, mine.id or 0), (later, theirs.id or 0))
    ]
    assert [s.version for s in shown] == ["第 1 版", "第 2 版"]
    assert all(s.budget.startswith("99 万元") for s in shown)
    # Who had begun is told, and may change over as long as nothing was sent.
    assert "已更新为第 2 版" in session.exec(select(Notice.title).where(Notice.user_id == firm.user_id)).one()
    assert "改用新版本" in policy_view.form(session, firm, mine.id or 0).newer
    policy_application.adopt(session, firm, mine.id or 0, mine.version)
    assert policy_view.form(session, firm, mine.id or 0).money.computed == "80,000.00"


def test_a_version_cannot_be_changed(session: Session):
    from sqlalchemy import text
    from sqlalchemy.exc import DatabaseError

    row = policies.published(session)
    point = session.begin_nested()
    with pytest.raises(DatabaseError, match="immutable"):
        session.execute(text("UPDATE policy_version SET number = 9"))
    point.rollback()
    assert session.exec(select(PolicyVersion.number).where(PolicyVersion.policy_id == row.id)).one() == 1


def test_two_editors_do_not_overwrite_each_other(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff)
    seen = row.version
    policy.save(session, staff, row.id or 0, seen, row.draft["values"] | {"name": "一"})
    with pytest.raises(Conflict, match="另一个窗口"):
        policy.save(session, staff, row.id or 0, seen, row.draft["values"] | {"name": "二"})
    assert row.name == "一"


def test_only_the_staff_manages(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff)
    for actor in (factories.member(session), factories.regulator(session), factories.stranger()):
        for call in (
            lambda a: policy.begin(session, a),
            lambda a: policy.editor(session, a, row.id or 0),
            lambda a: policy.save(session, a, row.id or 0, 1, {}),
            lambda a: policy.publish(session, a, row.id or 0, 1),
            lambda a: policy.stop(session, a, row.id or 0, 1, "原因原因"),
            lambda a: policy_view.preview(session, a, row.id or 0),
            lambda a: all_lists.page(session, a, policy_list.ALL, {}),
        ):
            with pytest.raises(Forbidden):
                call(actor)


def test_a_draft_does_not_exist_for_the_public(session: Session):
    row = policies.draft(session, factories.staff(session))
    with pytest.raises(NotFound):
        policy_public.detail(session, row.id or 0)
    with pytest.raises(NotFound):
        policy_application.start(session, factories.member(session), row.id or 0)
    for odd in (0, -1, 2**40, "1", None):
        with pytest.raises(NotFound):
            policy_public.detail(session, odd)  # pyright: ignore


def _can_stop(session: Session, of: Policy) -> bool:
    rows = all_lists.page(session, factories.staff(session), policy_list.ALL, {}, size=50).rows
    return next(r.can_stop for r in rows if r.id == of.id)


def test_the_public_lists_follow_the_window(session: Session):
    before = policy_public.counts(session)
    row = policies.published(session)
    day = timedelta(days=1)

    def states() -> list[str]:
        return [
            s.value for s in list(WindowState)[:3] if policy_public.counts(session)[s.value] > before[s.value]
        ]

    assert states() == ["OPEN"]
    assert "还剩 30 天" in policy_public.detail(session, row.id or 0).left
    assert _can_stop(session, row)
    clock.shift(-2 * day)
    assert states() == ["COMING"]
    assert policy_public.detail(session, row.id or 0).closed_why.startswith("申报将于")
    clock.shift(40 * day)
    assert "PAST" in states() and not _can_stop(session, row)
    assert policy_public.detail(session, row.id or 0).closed_why.startswith("申报已于")


def test_a_window_ends_at_its_second(session: Session):
    row = policies.published(session)
    closes = clock.aware(row.closes_at or clock.now())
    clock.shift(closes - clock.now() - timedelta(seconds=1))
    assert policy_public.detail(session, row.id or 0).open
    clock.shift(clock._shift + timedelta(seconds=1))
    assert not policy_public.detail(session, row.id or 0).open


def test_a_template_is_public_with_its_policy(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff, materials=({"name": "申请表"},))
    code = row.draft["materials"][0]
    policy.attach_file(
        session, staff, row.id or 0, row.version, "templates", code, "模板.png", factories.png()
    )
    file_id = row.draft["templates"][code]["id"]
    for actor in (None, factories.member(session)):
        with pytest.raises(NotFound):
            policy_public.template(session, actor, file_id)
    assert policy_public.template(session, staff, file_id).name == "模板.png"
    policy.publish(session, staff, row.id or 0, row.version)
    session.expire_all()
    assert policy_public.template(session, None, file_id).name == "模板.png"
    assert policy_public.detail(session, row.id or 0).materials[0].template.href == f"/policy-files/{file_id}"
    assert files.is_known(session, policy_public.template(session, None, file_id).path.name)


def test_a_stopped_policy_says_why_and_takes_nothing(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    row = policies.published(session, staff)
    mine = policy_application.start(session, firm, row.id or 0)
    with pytest.raises(FormInvalid):
        policy.stop(session, staff, row.id or 0, row.version, " ")
    policy.stop(session, staff, row.id or 0, row.version, "资金调整")
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, firm, mine.id or 0, mine.version, policies.answers(), "k")
    assert "资金调整" in refusal.value.fields["policy"]
    assert policy_view.form(session, firm, mine.id or 0).editable
    assert "停止受理" in policy_public.detail(session, row.id or 0).closed_why
    with pytest.raises(Conflict):
        policy.save(session, staff, row.id or 0, row.version, {})
    with pytest.raises(Exception, match="停止"):
        policy_application.start(session, factories.member(session), row.id or 0)


def test_the_budget_cannot_be_cut_below_what_is_held(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    row = policies.published(session, staff, budget="20")
    policies.sent(session, firm, row)
    assert policy_budget.of(session, row.id or 0).held_fen == 5_000_000
    session.refresh(row)
    policy.save(session, staff, row.id or 0, row.version, row.draft["values"] | {"budget": "4"})
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, row.id or 0, row.version)
    assert "50,000.00" in refusal.value.fields["budget"]


def test_a_copy_is_a_draft_without_dates_and_with_its_templates(session: Session):
    staff = factories.staff(session)
    row = policies.draft(session, staff, materials=({"name": "申请表"},))
    code = row.draft["materials"][0]
    policy.attach_file(
        session, staff, row.id or 0, row.version, "templates", code, "模板.png", factories.png()
    )
    new = policy.copy(session, staff, row.id or 0)
    assert new.id != row.id and new.name.endswith("（副本）")
    assert new.draft["values"]["opens_on"] == "" and new.draft["materials"] == [code]
    assert new.draft["templates"][code]["id"] != row.draft["templates"][code]["id"]


def test_the_preview_is_what_the_applicant_sees(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    row = policies.draft(session, staff, materials=({"name": "申请表", "required": "YES"},), questions=(FEE,))
    seen = policy_view.preview(session, staff, row.id or 0)
    policy.publish(session, staff, row.id or 0, row.version)
    mine = policy_application.start(session, firm, row.id or 0)
    form = policy_view.form(session, firm, mine.id or 0)
    assert [f.name for f in seen.fields] == [f.name for f in form.fields]
    assert [s.title for s in seen.slots] == [s.title for s in form.slots] == ["申请表"]
    assert seen.policy.paid == form.policy.paid


@pytest.mark.parametrize(
    ("kinds", "classes", "kind", "org_class", "may"),
    [
        (("ENTERPRISE",), (), "ENTERPRISE", "ENTERPRISE", True),
        (("ENTERPRISE",), (), "DEBT", "BANK", False),
        (("DEBT",), ("BANK",), "DEBT", "BANK", True),
        (("DEBT",), ("BANK",), "DEBT", "LEASING", False),
        (("DEBT", "ENTERPRISE"), ("BANK",), "ENTERPRISE", "ENTERPRISE", True),
        ((), ("BANK",), "DEBT", "BANK", True),
        ((), ("BANK",), "DEBT", "LEASING", False),
    ],
)
def test_who_is_admitted(session: Session, kinds, classes, kind, org_class, may):
    row = policies.published(session)
    d = policies.definition(session, row).model_copy(update={"kinds": kinds, "classes": classes})
    assert admits(d, kind, org_class) is may
    assert Kind(kind)
