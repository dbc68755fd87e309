"""真实性认证 and 修改资料 (manual §3.1, §3.2; domain.md §2–4)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Notice, Organisation, Product, User
from cpegi_app.services import (
    application_list,
    dashboard,
    files,
    product_public,
    review,
    review_view,
    sessions,
    verification,
)
from cpegi_app.services.profile_forms import FORMS, required_files
from cpegi_app.vocabulary import Action, FileSlot, Kind, OrgClass, Status
from tests import factories, worlds
from tests.worlds import World

NEXT_DAY = timedelta(days=1)


def organisation(session: Session, actor: Actor) -> Organisation:
    session.expire_all()
    return session.get_one(Organisation, actor.org_id)


def today(days: int = 0) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def refused(session: Session, world: World, **changes: str) -> dict[str, str]:
    """Return the sentences by field of a submission with changed data."""
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT, values={"data": world.data | changes})
    return refusal.value.fields


# --- §3.1 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_3_1_approval_makes_the_account_live_with_the_rights_of_its_kind(session: Session, kind: Kind):
    world = worlds.verification_world(session, kind)
    assert not world.owner.may(Permission.APPLICATION_SUBMIT)
    world.bring_to(session, Status.APPROVED)
    org = organisation(session, world.owner)
    assert (org.kind, org.name, org.credit_code) == (kind, world.data["name"], world.data["credit_code"])
    assert org.verified_at is not None
    live = factories.sign_in(session, session.get_one(User, world.owner.user_id))
    assert live.verified and live.may(Permission.APPLICATION_SUBMIT)
    assert live.may(Permission.PRODUCT_SUBMIT) == (kind is Kind.DEBT)


@pytest.mark.parametrize("kind", list(Kind))
def test_3_1_every_required_field_is_asked_for_at_once(session: Session, kind: Kind):
    world = worlds.verification_world(session, kind)
    org_class = {"org_class": world.data["org_class"]}
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT, values={"data": org_class})
    required = {s.name for s in FORMS[kind].specs() if s.required} - {"org_class"}
    assert set(refusal.value.fields) == required


@pytest.mark.parametrize("kind", list(Kind))
def test_3_1_the_files_of_the_kind_must_be_there(session: Session, kind: Kind):
    owner = factories.member(session, kind, verified=False)
    row = verification.open_verification(session, owner)
    world = World(verification.VERIFY, owner, owner, row.id or 0, factories.profile(kind, is_legal_rep="NO"))
    expected = {"file_LICENCE", "file_LEGAL_REP_ID", "file_AUTHORISATION"}
    assert set(refused(session, world)) == expected | (set() if kind is Kind.ENTERPRISE else {"file_PERMIT"})
    assert "file_AUTHORISATION" not in refused(session, world, is_legal_rep="YES")


@pytest.mark.parametrize(
    ("kind", "changes", "field", "why"),
    [
        (Kind.ENTERPRISE, {"credit_code": "91350100M000100Y44"}, "credit_code", "校验位不符"),
        (Kind.ENTERPRISE, {"mobile": "12345"}, "mobile", "11 位手机号码"),
        (Kind.ENTERPRISE, {"qualifications": "NONE,SRDI"}, "qualifications", "不能与其他资质同时勾选"),
        (Kind.ENTERPRISE, {"email": "limin@example"}, "email", "邮箱"),
        (Kind.ENTERPRISE, {"email": "a b@example.com"}, "email", "邮箱"),
        (Kind.ENTERPRISE, {"email": "a@b@example.com"}, "email", "邮箱"),
        (Kind.ENTERPRISE, {"established_on": "2199-01-01"}, "established_on", "不能晚于今天"),
        (Kind.ENTERPRISE, {"term_until": "2020-01-01"}, "term_until", "已届满"),
        (Kind.ENTERPRISE, {"capital": "-1"}, "capital", "应在 0–99,999,999 万元之间"),
        (Kind.ENTERPRISE, {"staff": "12.5"}, "staff", "整数"),
        (Kind.ENTERPRISE, {"fiscal_year": "2100"}, "fiscal_year", "已结束的年度"),
        (Kind.ENTERPRISE, {"current_assets": "1000.01"}, "current_assets", "不能大于资产总额"),
        (Kind.ENTERPRISE, {"name": "长" * 101}, "name", "最多 100 字，现有 101 字"),
        (Kind.ENTERPRISE, {"tax_rating": "E"}, "tax_rating", "请从列表中选择"),
        (Kind.DEBT, {"licence_until": "2020-01-01"}, "licence_until", "已过有效期"),
        (Kind.DEBT, {"business_regions": "MARS"}, "business_regions", "请从列表中选择"),
        (Kind.EQUITY, {"ticket_min": "3001"}, "ticket_max", "上限不能小于下限"),
        (Kind.EQUITY, {"org_class": "PRIVATE_FUND", "registration_no": ""}, "registration_no", "中基协"),
        (Kind.INTERMEDIARY, {"practitioners": "0"}, "practitioners", "应在 1–99,999 人之间"),
    ],
)
def test_3_1_what_is_wrong_is_told_at_its_field(
    session: Session, kind: Kind, changes: dict[str, str], field: str, why: str
):
    found = refused(session, worlds.verification_world(session, kind), **changes)
    assert set(found) == {field}
    assert why in found[field]


def test_3_1_a_loss_and_a_first_year_are_fine(session: Session):
    world = worlds.verification_world(session, net_profit="-180", revenue="0", established_on=today())
    world.bring_to(session, Status.APPROVED)


def test_3_1_a_column_that_the_form_does_not_have_changes_nothing(session: Session):
    world = worlds.verification_world(session)
    extra = {"status": "APPROVED", "org_id": "1", "verified_at": today(), "scale": "LARGE", "licence_no": "X"}
    world.act(session, Action.SUBMIT, values={"data": world.data | extra})
    row = world.row(session)
    assert (row.status, row.org_id) == (Status.PENDING, world.owner.org_id)
    assert not set(extra) & set(row.data)


def test_3_1_a_credit_code_of_a_verified_account_is_refused_to_others(session: Session):
    first = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    late = worlds.verification_world(session, credit_code=first.data["credit_code"])
    assert "已由其他账号完成认证" in refused(session, late)["credit_code"]


def test_3_1_two_accounts_with_one_credit_code_cannot_both_be_approved(session: Session):
    first = worlds.verification_world(session)
    second = worlds.verification_world(session, credit_code=first.data["credit_code"])
    for world in (first, second):
        world.act(session, Action.SUBMIT)
    first.act(session, Action.APPROVE)
    with pytest.raises(Conflict, match="不能通过：该统一社会信用代码已由其他账号完成认证"):
        second.act(session, Action.APPROVE)
    shown = review_view.view(session, second.flow, second.reviewer, second.row_id)
    assert {c.label: c.level for c in shown.checks}["机构查重"] == "bad"


def test_3_1_what_has_run_out_while_waiting_is_not_approved_and_says_so(session: Session):
    world = worlds.verification_world(session, term_until=today(1))
    world.act(session, Action.SUBMIT)
    clock.shift(3 * NEXT_DAY)
    with pytest.raises(Conflict, match=r"不能通过：营业期限已届满.*退回"):
        world.act(session, Action.APPROVE)
    world.act(session, Action.RETURN)
    world.act(session, Action.SUBMIT, values={"data": world.data | {"term_until": today(400)}})
    world.act(session, Action.APPROVE)


def test_3_1_the_class_in_the_form_is_the_one_that_counts(session: Session):
    world = worlds.verification_world(session, Kind.DEBT, org_class=OrgClass.GUARANTEE.value)
    world.act(session, Action.SUBMIT)
    org = organisation(session, world.owner)
    assert (org.kind, org.org_class) == (Kind.DEBT, OrgClass.GUARANTEE)


@pytest.mark.parametrize(
    ("org_class", "name", "level"),
    [
        (OrgClass.BANK, "中原商业银行股份有限公司", "ok"),
        (OrgClass.BANK, "郑州某某咨询有限公司", "warn"),
        (OrgClass.LEASING, "河南融资租赁有限公司", "ok"),
    ],
)
def test_3_1_the_reviewer_sees_what_the_machine_found(
    session: Session, org_class: OrgClass, name: str, level: str
):
    world = worlds.verification_world(session, Kind.DEBT, org_class=org_class.value, name=name)
    world.act(session, Action.SUBMIT)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    found = {c.label: c.level for c in shown.checks}
    assert found == {"统一社会信用代码校验": "ok", "机构查重": "ok", "名称与类别": level}


def test_3_1_there_is_one_verification_an_organisation(session: Session):
    world = worlds.verification_world(session)
    colleague = dataclasses.replace(factories.colleague(session, world.owner), verified=False)
    assert verification.open_verification(session, colleague).id == world.row_id
    with pytest.raises(NotFound):
        verification.open_verification(session, factories.staff(session))


@pytest.mark.parametrize(
    ("figures", "scale"),
    [
        ({"staff": "1000", "revenue": "40000"}, "LARGE"),
        ({"staff": "1200", "revenue": "39999"}, "MEDIUM"),
        ({"staff": "300", "revenue": "1999"}, "SMALL"),
        ({"staff": "19", "revenue": "5000"}, "MICRO"),
    ],
)
def test_3_1_the_scale_is_computed_and_never_taken_from_the_form(
    session: Session, figures: dict[str, str], scale: str
):
    world = worlds.verification_world(session, **figures).bring_to(session, Status.APPROVED)
    assert organisation(session, world.owner).profile["scale"] == scale


# --- §3.2 ---------------------------------------------------------------------------------------------


def test_3_2_the_profile_in_force_stays_until_the_change_is_approved(session: Session):
    world = worlds.profile_change_world(session)
    before = dict(organisation(session, world.owner).profile)
    world.act(session, Action.SUBMIT)
    assert organisation(session, world.owner).profile == before
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    changed = [(f.title, f.old, f.value) for g in shown.groups for f in g.fields if f.changed]
    assert changed == [("实际经营地址", before["office"], "郑州市金水区花园路 9 号")]
    assert shown.compared_with == "现行资料"
    world.act(session, Action.APPROVE)
    assert organisation(session, world.owner).profile["office"] == "郑州市金水区花园路 9 号"


def test_3_2_a_returned_change_leaves_the_profile_and_shows_its_reason(session: Session):
    world = worlds.profile_change_world(session)
    before = dict(organisation(session, world.owner).profile)
    world.act(session, Action.SUBMIT)
    world.act(session, Action.RETURN, comment="", field_reasons={"office": "与执照不一致"})
    assert organisation(session, world.owner).profile == before
    assert world.row(session).field_reasons == {"office": "与执照不一致"}
    again = verification.open_change(session, world.owner)
    assert again.id == world.row_id


def test_3_2_a_change_that_changes_nothing_is_refused(session: Session):
    world = worlds.profile_change_world(session)
    with pytest.raises(DomainError, match="完全一致"):
        world.act(session, Action.SUBMIT, values={"data": world.row(session).base})


def test_3_2_a_new_scan_under_the_old_name_is_a_change(session: Session):
    world = worlds.profile_change_world(session)
    old = files.listing(session, "profile_change", world.row_id)[0]
    files.remove(session, world.owner, old.id)
    factories.upload(
        session, world.owner, world.flow, world.row_id, FileSlot(old.slot), name=old.name, shade=999
    )
    world.act(session, Action.SUBMIT, values={"data": world.row(session).base})
    assert world.row(session).status == Status.PENDING


def test_3_2_a_change_begins_with_the_files_in_force(session: Session):
    world = worlds.profile_change_world(session)
    assert files.slots_of(session, "profile_change", world.row_id) == {"LICENCE", "LEGAL_REP_ID"}


def test_3_2_the_next_change_begins_from_the_last_approved(session: Session):
    world = worlds.profile_change_world(session).bring_to(session, Status.APPROVED)
    again = verification.open_change(session, world.owner)
    assert again.id != world.row_id
    assert again.data["office"] == again.base["office"] == "郑州市金水区花园路 9 号"


def test_3_2_correcting_a_wrongly_chosen_class_is_a_change(session: Session):
    world = worlds.profile_change_world(session, Kind.INTERMEDIARY)
    data = factories.profile(Kind.DEBT, credit_code=world.data["credit_code"], name=world.data["name"])
    world.act(session, Action.SUBMIT, values={"data": data})
    assert organisation(session, world.owner).kind == Kind.INTERMEDIARY
    world.act(session, Action.APPROVE)
    org = organisation(session, world.owner)
    assert (org.kind, org.org_class) == (Kind.DEBT, OrgClass.MICRO_LOAN)
    sid = sessions.open_session(session, world.owner.user_id)
    session.flush()
    live = sessions.actor_of(session, sid)
    assert live is not None and live.may(Permission.PRODUCT_SUBMIT)


def becomes(session: Session, lender: Actor, kind: Kind, **changes: str) -> World:
    """Return a sent change of a lender's class."""
    row = verification.open_change(session, lender)
    org = organisation(session, lender)
    data = factories.profile(kind, credit_code=org.credit_code, name=org.name, **changes)
    world = World(verification.CHANGE, lender, factories.staff(session), row.id or 0, data)
    factories.upload(session, lender, verification.CHANGE, row.id or 0, *required_files(kind, data))
    return world


def test_3_2_what_a_corrected_class_takes_off_the_profile_stands_beside_what_it_was(session: Session):
    first = worlds.verification_world(session, Kind.DEBT).bring_to(session, Status.APPROVED)
    world = becomes(session, dataclasses.replace(first.owner, verified=True), Kind.EQUITY)
    world.act(session, Action.SUBMIT)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    gone = {f.name: (f.old, f.changed) for g in shown.groups for f in g.fields if f.value == "已清空"}
    former = set(FORMS[Kind.DEBT].model_fields) - set(FORMS[Kind.EQUITY].model_fields)
    assert set(gone) == {n for n in former if first.data.get(n)} != set()
    assert all(old and changed for old, changed in gone.values())


def test_3_2_a_corrected_class_reaches_the_products_on_the_list(session: Session):
    lender = factories.member(session, Kind.DEBT)
    listed = worlds.listed_product(session, lender)
    world = becomes(session, lender, Kind.DEBT, org_class=OrgClass.GUARANTEE.value)
    world.bring_to(session, Status.APPROVED)
    assert session.get_one(Product, listed.id).org_class == OrgClass.GUARANTEE
    found, _ = product_public.public_list(session, org_class=OrgClass.GUARANTEE.value)
    assert listed.id in [p.id for p in found]


def test_3_2_who_leaves_the_lenders_leaves_nobody_waiting(session: Session):
    lender = factories.member(session, Kind.DEBT)
    application = worlds.application_world(session, lender).bring_to(session, Status.PENDING)
    approved = worlds.application_world(session, lender).bring_to(session, Status.APPROVED)
    returned = worlds.product_world(session, lender).bring_to(session, Status.RETURNED)
    world = becomes(session, lender, Kind.INTERMEDIARY)
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    assert "还有 1 笔融资申请等待办理" in refusal.value.fields["org_class"]
    application.act(session, Action.RETURN)
    world.act(session, Action.SUBMIT)
    application.act(session, Action.SUBMIT)
    with pytest.raises(Conflict, match="还有 1 笔融资申请等待办理"):
        world.act(session, Action.APPROVE)
    application.act(session, Action.RETURN)
    draft = worlds.product_world(session, lender).bring_to(session, Status.PENDING)
    world.act(session, Action.APPROVE)
    session.expire_all()
    assert not session.get_one(Product, application.row(session).product_id).is_listed
    with pytest.raises(Conflict, match="目前不能办理"):
        application.act(session, Action.SUBMIT)
    with pytest.raises(Conflict, match="不再是债权类机构"):
        draft.act(session, Action.APPROVE)
    # Each applicant reads what became of the own application; the former lender is sent to no page that is closed.
    for of, told in ((application, "被退回的融资申请"), (approved, "尚未放足")):
        query = select(Notice.text).where(Notice.user_id == of.owner.user_id)
        [text] = session.exec(query.where(col(Notice.title).startswith("受理机构暂停办理"))).all()
        assert told in text
    row = application_list.rows(session, [approved.row(session)])[0]
    assert (row.progress, row.can_disburse) == ("受理机构已停办，不再放款", False)
    former = factories.sign_in(session, session.get_one(User, lender.user_id))
    assert [t.tag for t in dashboard.bench(session, former).todos] == []
    assert returned.row(session).status == Status.RETURNED


def test_3_2_only_a_verified_organisation_changes_its_profile(session: Session):
    for actor in (
        factories.member(session, verified=False),
        factories.staff(session),
        factories.regulator(session),
    ):
        with pytest.raises((Forbidden, Conflict)):
            verification.open_change(session, actor)


def test_3_2_a_change_to_anothers_credit_code_is_refused(session: Session):
    other = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    world = worlds.profile_change_world(session)
    assert set(refused(session, world, credit_code=other.data["credit_code"])) == {"credit_code"}


def test_drafts_keep_what_was_typed_valid_or_not(session: Session):
    world = worlds.verification_world(session)
    typed = {"name": "半", "credit_code": "还没抄完", "capital": "不知道", "established_on": "去年"}
    verification.save(session, world.flow, world.owner, world.row_id, 1, typed)
    row = world.row(session)
    assert (row.data, row.status, row.version) == (typed, Status.DRAFT, 2)
    shown = review_view.view(session, review.FLOWS["verification"], world.owner, world.row_id)
    assert {f.name: f.value for g in shown.groups for f in g.fields}["capital"] == "不知道 万元"
