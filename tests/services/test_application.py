"""Applications: what is applied for, what is frozen, who sees it (manual §4.2, domain.md §7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Application, Notice, Organisation, Product
from cpegi_app.services import application, application_list, conditions, product, review, review_view, staff
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, worlds
from tests.worlds import World

SECRET = "987654"


def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT)


def refused(session: Session, world: World, action: Action = Action.SUBMIT, **more: Any) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, action, **more)
    return refusal.value.fields


# --- what is applied for ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"amount": "49.99"}, "amount", "额度为 50–1,000 万元"),
        ({"amount": "1000.01"}, "amount", "额度为 50–1,000 万元"),
        ({"amount": "五百"}, "amount", "请填写数字"),
        ({"term": "5"}, "term", "期限为 6–36 个月"),
        ({"term": "37"}, "term", "期限为 6–36 个月"),
        ({"guarantee": "MORTGAGE"}, "guarantee", "接受的担保方式为：信用、质押"),
        ({"guarantee": "PLEDGE,CREDIT"}, "guarantee", "请从列表中选择"),
        ({"authorised": ""}, "authorised", "数据授权"),
        ({"authorised": "NO"}, "authorised", "请从列表中选择"),
        ({"purpose": "字" * 501}, "purpose", "最多 500 字"),
        ({"source": " "}, "source", "请填写还款来源"),
    ],
)
def test_4_2_what_the_product_does_not_offer_is_refused(
    session: Session, changes: dict[str, str], field: str, why: str
):
    found = refused(session, worlds.application_world(session, **changes))
    assert set(found) == {field}
    assert why in found[field]


@pytest.mark.parametrize(("amount", "term"), [("50", "6"), ("1000", "36"), ("1,000", "１２")])
def test_4_2_the_ends_of_the_range_are_within_it(session: Session, amount: str, term: str):
    worlds.application_world(session, amount=amount, term=term).bring_to(session, Status.PENDING)


@pytest.mark.parametrize(
    "extra", ["approved_fen", "status", "institution_id", "profile", "authorised_at", "org_id"]
)
def test_4_2_an_invented_column_is_refused_and_changes_nothing(session: Session, extra: str):
    world = worlds.application_world(session, **{extra: "1"})
    assert set(refused(session, world)) == {"form"}
    row = world.row(session)
    assert (row.status, row.approved_fen, row.org_id) == (Status.DRAFT, 0, world.owner.org_id)


def test_4_2_only_verified_organisations_apply(session: Session):
    pid = worlds.listed_product(session).id
    for actor in (
        factories.member(session, verified=False),
        factories.member(session, None),
        factories.staff(session),
        factories.regulator(session),
        factories.stranger(),
    ):
        with pytest.raises(Forbidden):
            application.open_application(session, actor, pid)


@pytest.mark.parametrize("kind", list(Kind))
def test_3_3_institutions_keep_every_enterprise_function(session: Session, kind: Kind):
    pid = worlds.listed_product(session).id
    applicant = factories.member(session, kind)
    row = application.open_application(session, applicant, pid)
    data = factories.application_data()
    application.submit(session, applicant, row.id or 0, 1, data, "key")
    assert session.get_one(Application, row.id).status == Status.PENDING


def test_4_2_nobody_applies_to_the_own_product(session: Session):
    own = bank(session)
    pid = worlds.listed_product(session, own).id
    with pytest.raises(DomainError, match="不能向自己申请"):
        application.open_application(session, own, pid)


def test_4_2_there_is_one_open_application_a_product(session: Session):
    world = worlds.application_world(session)
    pid = world.row(session).product_id
    for action in (None, Action.SUBMIT, Action.RETURN, Action.SUBMIT):
        if action:
            world.act(session, action)
        assert application.open_application(session, world.owner, pid).id == world.row_id
    world.act(session, Action.REJECT)
    assert application.open_application(session, world.owner, pid).id != world.row_id


@pytest.mark.parametrize("gone", ["delisted", "past its date", "never published", "absent"])
def test_4_2_a_closed_product_takes_no_applications(session: Session, gone: str):
    world = worlds.application_world(session)
    listed = session.get_one(Product, world.row(session).product_id)
    if gone == "delisted":
        product.delist(session, world.reviewer, listed.id or 0, listed=False)
    elif gone == "past its date":
        listed.valid_until = clock.today().isoformat()
        clock.shift(timedelta(days=1))
    pid = {"never published": worlds.product_world(session).row(session).product_id, "absent": 2**31 - 1}.get(
        gone
    )
    with pytest.raises(NotFound if pid else Conflict):
        application.open_application(session, factories.member(session), pid or listed.id or 0)
    if not pid:
        with pytest.raises(Conflict, match="暂不接受申请。您可以"):
            world.act(session, Action.SUBMIT)


@pytest.mark.parametrize("gone", ["delisted", "past its date"])
def test_4_2_what_was_given_back_may_come_again_though_the_list_is_closed(session: Session, gone: str):
    world = worlds.application_world(session).bring_to(session, Status.RETURNED)
    listed = session.get_one(Product, world.row(session).product_id)
    if gone == "delisted":
        product.delist(session, world.reviewer, listed.id or 0, listed=False)
    else:
        listed.valid_until = clock.today().isoformat()
        session.flush()
        clock.shift(timedelta(days=1))
    shown, why = application.product_for(session, world.owner, world.row_id)
    assert (shown.id, why) == (listed.id, "")
    assert application.open_application(session, world.owner, listed.id or 0).id == world.row_id
    world.act(session, Action.SUBMIT)
    assert world.row(session).status == Status.PENDING


def test_4_2_a_draft_for_a_closed_product_opens_and_says_why_it_cannot_be_sent(session: Session):
    world = worlds.application_world(session)
    pid = world.row(session).product_id
    product.delist(session, world.reviewer, pid, listed=False)
    assert application.open_application(session, world.owner, pid).id == world.row_id
    assert "已下架" in application.product_for(session, world.owner, world.row_id)[1]
    with pytest.raises(NotFound):
        application.product_for(session, factories.member(session), world.row_id)


def test_4_2_nobody_is_sent_to_a_lender_whose_accounts_are_closed(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    other = worlds.application_world(session, world.reviewer).bring_to(session, Status.RETURNED)
    boss = factories.staff(session)
    second = factories.colleague(session, world.reviewer)
    staff.disable(session, boss, second.user_id, "离职")
    pid = world.row(session).product_id
    assert session.get_one(Product, pid).is_listed
    staff.disable(session, boss, world.reviewer.user_id, "离职")
    session.expire_all()
    assert not session.get_one(Product, pid).is_listed
    for applicant in (world.owner, other.owner):
        heads = session.exec(select(Notice.title).where(Notice.user_id == applicant.user_id)).all()
        assert any(h.startswith("受理机构暂停办理") for h in heads)
    assert "不能办理" in application.product_for(session, other.owner, other.row_id)[1]
    with pytest.raises(Conflict, match="目前不能办理"):
        other.act(session, Action.SUBMIT)
    world.act(session, Action.WITHDRAW)


# --- what is frozen -----------------------------------------------------------------------------------


def test_4_2_the_figures_stay_as_they_stood_that_day(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    org = session.get_one(Organisation, world.owner.org_id)
    listed = session.get_one(Product, world.row(session).product_id)
    org.profile = org.profile | {"revenue": SECRET, "name": "改名后的公司"}
    listed.data, listed.name = listed.data | {"amount_max": "60"}, "改名后的产品"
    listed.conditions = {"revenue": {"low": "999999"}}
    session.flush()
    row = world.row(session)
    assert row.profile["revenue"] == "2600"
    assert row.profile["authorisation"] == application.AUTHORISATION_VERSION
    assert (row.product_data["amount_max"], row.product_name) == ("1000", world.row(session).product_name)
    assert {r.result for r in application.condition_rows(row)} == {"不限制"}
    assert SECRET not in str(review_view.view(session, world.flow, world.reviewer, world.row_id))


def test_4_2_a_resubmission_freezes_the_figures_of_its_day(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.RETURNED)
    org = session.get_one(Organisation, world.owner.org_id)
    org.profile = org.profile | {"revenue": "2700"}
    session.flush()
    world.act(session, Action.SUBMIT)
    assert world.row(session).profile["revenue"] == "2700"


def test_4_2_the_institution_reads_the_figures_beside_the_conditions(session: Session):
    own = bank(session)
    listed = worlds.listed_product(session, own, c_debt_ratio_high="65", c_revenue_low="2000")
    applicant = factories.member(session)
    row = application.open_application(session, applicant, listed.id)
    application.submit(session, applicant, row.id or 0, 1, factories.application_data(), "")
    found, shown = application.one(session, own, row.id or 0)
    rows = {r.code: r for r in application.condition_rows(found)}
    assert len(rows) == len(conditions.DIMENSIONS)
    assert (rows["revenue"].figure, rows["revenue"].result) == ("2,600 万元", "满足")
    assert (rows["debt_ratio"].figure, rows["debt_ratio"].result) == ("68.2%", "不满足")
    assert (shown.amount, shown.term, shown.progress) == ("500 万元", "12 个月", "机构审核中")


# --- who sees it --------------------------------------------------------------------------------------


def test_4_2_without_the_authorisation_nothing_is_shown(session: Session):
    world = worlds.application_world(session)
    org = session.get_one(Organisation, world.owner.org_id)
    org.profile = org.profile | {"revenue": SECRET}
    session.flush()
    row = world.row(session)
    assert (row.profile, row.authorised_at) == ({}, None)
    assert application.condition_rows(row) == []
    with pytest.raises(NotFound):
        application.one(session, world.reviewer, world.row_id)
    shown = review_view.view(session, world.flow, world.owner, world.row_id)
    assert [g.title for g in shown.groups] == ["融资需求", "授权"]
    assert application_list.listing(session, world.reviewer, inbox=True) == ([], 0)


def test_4_2_a_withdrawn_application_is_the_applicants_own_again(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    world.act(session, Action.WITHDRAW)
    assert application_list.listing(session, world.reviewer, inbox=True) == ([], 0)
    for read in (application.one, lambda s, a, i: review_view.view(s, world.flow, a, i)):
        with pytest.raises(Conflict, match="“撤回”"):
            read(session, world.reviewer, world.row_id)


@pytest.mark.parametrize("status", list(Status))
def test_4_2_to_everybody_else_the_application_does_not_exist(session: Session, status: Status):
    world = worlds.application_world(session).bring_to(session, status)
    messages = set()
    for actor in (
        bank(session),
        factories.member(session),
        factories.member(session, Kind.EQUITY),
        factories.staff(session),
        factories.regulator(session),
        factories.unverified(world.reviewer),
        factories.unverified(world.owner),
        factories.stranger(),
    ):
        for row_id in (world.row_id, 2**31 - 1):
            with pytest.raises(NotFound) as refusal:
                application.one(session, actor, row_id)
            messages.add(refusal.value.message)
        try:
            assert application_list.listing(session, actor, inbox=True) == ([], 0)
        except Forbidden:
            assert not actor.verified or actor.kind is not Kind.DEBT
    assert messages == {"融资申请不存在或已被删除，请返回列表刷新后再试。"}


# --- the decision -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "field", "why"),
    [
        (
            {"approved_amount": "500.01", "approved_term": "12"},
            "approved_amount",
            "不能超过申请额度 500 万元",
        ),
        ({"approved_amount": "0", "approved_term": "12"}, "approved_amount", "应在 0.01–"),
        ({"approved_amount": "", "approved_term": "12"}, "approved_amount", "请填写批准额度"),
        ({"approved_amount": "300", "approved_term": ""}, "approved_term", "请填写批准期限"),
        ({"approved_amount": "300", "approved_term": "360"}, "approved_term", "不能超过该产品的期限上限"),
    ],
)
def test_4_2_an_approval_states_amount_and_term(
    session: Session, payload: dict[str, str], field: str, why: str
):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    found = refused(session, world, Action.APPROVE, payload=payload)
    assert set(found) == {field} and why in found[field]
    assert world.row(session).status == Status.PENDING


def test_4_2_less_than_applied_for_may_be_approved(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    assert application.default_decision(world.row(session)) == {
        "approved_amount": "500",
        "approved_term": "12",
    }
    world.act(
        session, Action.APPROVE, payload={"approved_amount": "300.5", "approved_term": "6", "status": "X"}
    )
    row, shown = application.one(session, world.owner, world.row_id)
    assert (row.approved_fen, row.approved_months) == (300_500_000, 6)
    assert (shown.approved, shown.progress, shown.can_disburse) == ("300.5 万元", "待放款", True)


def test_4_2_a_rejection_is_final_and_its_reason_reaches_the_applicant(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.PENDING)
    world.act(session, Action.REJECT, comment="负债率过高")
    assert review.allowed(world.flow, world.row(session), world.owner) == ()
    query = select(Notice).where(Notice.user_id == world.owner.user_id).order_by(col(Notice.id).desc())
    notice = session.exec(query).first()
    assert notice is not None and (notice.text, notice.tone) == ("负债率过高", "red")
    assert application.one(session, world.owner, world.row_id)[1].progress == "已结束"


def test_4_2_every_notice_leads_to_the_very_application_whatever_became_of_it(session: Session):
    world = (
        worlds.application_world(session)
        .bring_to(session, Status.RETURNED)
        .bring_to(session, Status.REJECTED)
    )
    hrefs = session.exec(select(Notice.href).where(Notice.user_id == world.owner.user_id)).all()
    assert len(hrefs) == 2 and set(hrefs) == {f"/console/applications/{world.row_id}"}


# --- lists --------------------------------------------------------------------------------------------


def test_4_2_the_inbox_shows_what_waits_first_and_oldest_first(session: Session):
    own = bank(session)
    apps = []
    for hour in range(5):
        clock.shift(timedelta(hours=hour))
        apps.append(worlds.application_world(session, own).bring_to(session, Status.PENDING))
    apps[0].act(session, Action.REJECT)
    apps[3].act(session, Action.APPROVE)
    rows, total = application_list.listing(session, own, inbox=True)
    assert [r.id for r in rows] == [apps[n].row_id for n in (1, 2, 4, 3, 0)]
    assert total == 5
    assert [r.id for r in application_list.listing(session, own, inbox=True, page=2, size=2)[0]] == [
        apps[4].row_id,
        apps[3].row_id,
    ]


def test_4_2_lists_filter_by_status_and_word(session: Session):
    own = bank(session)
    one, two = (worlds.application_world(session, own).bring_to(session, Status.PENDING) for _ in range(2))
    two.act(session, Action.RETURN)
    applicant = session.get_one(Organisation, one.owner.org_id)

    def ids(**filters: Any) -> list[int]:
        return [r.id for r in application_list.listing(session, own, inbox=True, **filters)[0]]

    assert ids(status="PENDING") == [one.row_id]
    assert ids(status="RETURNED") == [two.row_id]
    assert ids(status="LOST") == ids()
    assert ids(word=applicant.name) == [one.row_id]
    assert ids(word=two.row(session).product_name) == [two.row_id]
    assert ids(word="%") == []
    for hostile in ("\x00", "\ud800", "'"):
        ids(word=hostile)
    mine, total = application_list.listing(session, one.owner, inbox=False)
    assert ([r.id for r in mine], total) == ([one.row_id], 1)
    assert mine[0].institution == session.get_one(Organisation, own.org_id).name


def test_4_2_each_side_sees_how_far_it_is(session: Session):
    world = worlds.application_world(session)
    seen = [application.one(session, world.owner, world.row_id)[1].progress]
    for action in (Action.SUBMIT, Action.RETURN, Action.SUBMIT, Action.APPROVE):
        world.act(session, action)
        seen.append(application.one(session, world.owner, world.row_id)[1].progress)
    payment = worlds.disbursement_world(session, world, amount="200")
    for action in (Action.SUBMIT, Action.APPROVE):
        payment.act(session, action)
        seen.append(application.one(session, world.owner, world.row_id)[1].progress)
    worlds.disbursement_world(session, world, amount="300").bring_to(session, Status.APPROVED)
    seen.append(application.one(session, world.owner, world.row_id)[1].progress)
    assert seen == [
        *("填写中", "机构审核中", "待补充资料", "机构审核中", "待放款"),
        *("放款待平台审核", "部分放款", "已全部放款"),
    ]
    assert [application_list.step_of(p) for p in seen] == [0, 1, 0, 1, 2, 2, 2, 4]
