"""Credit products: drafts, 变更, 下架 and the public list (manual §4.1)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import Organisation, Product
from cpegi_app.services import dashboard, product, product_list, review, review_view
from cpegi_app.services.product import ProductForm
from cpegi_app.services.product_public import public_detail, public_list
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests import factories, worlds
from tests.worlds import World

HOSTILE = ["\x00", "\ud800", "%", "_", "\\", "'", "科\x00创"]


def bank(session: Session, org_class: OrgClass = OrgClass.BANK, **profile: str) -> Actor:
    return factories.member(session, Kind.DEBT, org_class=org_class.value, **profile)


def names(found: tuple[list[Any], int]) -> list[str]:
    return [p.name for p in found[0]]


def refused(session: Session, **changes: str) -> dict[str, str]:
    world = worlds.product_world(session, **changes)
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    return refusal.value.fields


def change(session: Session, world: World, **changes: str) -> World:
    """Begin a 变更 of an approved product."""
    draft = product.change_draft(session, world.owner, world.row(session).product_id)
    stated = tuple(f"{name.rsplit('_', 1)[0]}_" for name in changes if name.startswith("c_"))
    data = {k: v for k, v in world.data.items() if not k.startswith(stated)} | changes
    return World(world.flow, world.owner, world.reviewer, draft.id or 0, data)


# --- the form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"amount_max": "49.99"}, "amount_max", "额度上限不能小于下限"),
        ({"term_max": "5"}, "term_max", "期限上限不能小于下限"),
        ({"rate_max": "3.44"}, "rate_max", "年利率上限不能小于下限"),
        ({"rate_max": "36.01"}, "rate_max", "应在 0–36%之间"),
        ({"term_min": "0"}, "term_min", "应在 1–360 个月之间"),
        ({"days": "0"}, "days", "应在 1–365 工作日之间"),
        ({"valid_until": "2020-01-01"}, "valid_until", "不能早于今天"),
        ({"guarantees": ""}, "guarantees", "请选择担保方式"),
        ({"guarantees": "CREDIT,HOPE"}, "guarantees", "请从列表中选择"),
        ({"name": "名" * 61}, "name", "最多 60 字，现有 61 字"),
        ({"c_debt_ratio_low": "70", "c_debt_ratio_high": "65"}, "c_debt_ratio", "大于上限"),
        ({"c_revenue_low": ""}, "c_revenue", "不限制"),
        ({"c_industry_set": "A", "industries": "C,D"}, "c_industry", "“行业”与“适用行业”没有相同的选项"),
    ],
)
def test_4_1_what_is_wrong_is_told_at_its_field(
    session: Session, changes: dict[str, str], field: str, why: str
):
    found = refused(session, **changes)
    assert set(found) == {field}
    assert why in found[field]


def test_4_1_form_and_conditions_are_checked_together(session: Session):
    found = refused(session, name="", c_revenue_low="", amount_min="300", amount_max="10")
    assert set(found) == {"name", "c_revenue", "amount_max"}


@pytest.mark.parametrize(
    "extra", ["is_listed", "org_id", "cost_bp", "revision_id", "status", "c_invented_free"]
)
def test_4_1_an_invented_column_changes_nothing(session: Session, extra: str):
    world = worlds.product_world(session)
    with_extra = {"data": world.data | {extra: "1"}}
    try:
        world.act(session, Action.SUBMIT, values=with_extra)
    except FormInvalid:
        return
    assert extra not in world.row(session).data


def test_4_1_the_yearly_cost_is_the_sum(session: Session):
    data = factories.product_data(rate_min="3.45", guarantee_fee="1.2", service_fee="0.5")
    form, _ = product.parse(data)
    assert product.yearly_cost(form) == Decimal("5.15")
    listed = worlds.listed_product(session, guarantee_fee="1.2")
    assert public_detail(session, listed.id).cost == "5.15%"


# --- drafts, changes, the list of the institution -----------------------------------------------------


def test_4_1_only_verified_debt_institutions_begin_products(session: Session):
    for actor in (
        factories.member(session),
        factories.member(session, Kind.EQUITY),
        factories.unverified(bank(session)),
        factories.staff(session),
        factories.stranger(),
    ):
        with pytest.raises(Forbidden):
            product.new_draft(session, actor)


def test_4_1_who_no_longer_lends_changes_nothing_on_the_list(session: Session):
    actor = bank(session)
    listed = worlds.listed_product(session, actor)
    corrected = dataclasses.replace(actor, kind=Kind.EQUITY, org_class=OrgClass.PRIVATE_FUND.value)
    for former in (factories.unverified(actor), corrected):
        with pytest.raises(Forbidden):
            product.delist(session, former, listed.id or 0, listed=False)
    assert listed.is_listed


def test_4_1_a_draft_never_written_in_is_gone_on_with(session: Session):
    actor = bank(session)
    first = product.new_draft(session, actor)
    assert product.new_draft(session, actor).id == first.id
    assert product.new_draft(session, bank(session)).id != first.id
    review.save_draft(session, product.FLOW, actor, first.id or 0, first.version, {"amount_min": "12000"})
    assert product.new_draft(session, actor).id != first.id
    shown, _ = product_list.own_list(session, actor)
    assert [row.amount for row in shown] == ["—", "12,000–… 万元"]


def test_4_1_a_product_is_public_once_approved(session: Session):
    world = worlds.product_world(session)
    pid = world.row(session).product_id
    for action in (None, Action.SUBMIT, Action.RETURN, Action.SUBMIT):
        if action:
            world.act(session, action)
        with pytest.raises(NotFound):
            public_detail(session, pid)
        assert names(public_list(session, word=world.data["name"])) == []
    world.act(session, Action.APPROVE)
    shown = public_detail(session, pid)
    assert (shown.name, shown.amount, shown.term, shown.rate) == (
        world.data["name"],
        "50–1,000 万元",
        "6–36 个月",
        "3.45%–4.85%",
    )
    assert shown.open
    assert names(public_list(session, word=world.data["name"])) == [world.data["name"]]


def test_4_1_a_change_replaces_the_product_only_when_approved(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.APPROVED)
    pid = world.row(session).product_id
    later = change(session, world, amount_max="800", c_debt_ratio_high="65")
    for action in (Action.SUBMIT, Action.RETURN, Action.SUBMIT):
        later.act(session, action)
        assert public_detail(session, pid).amount == "50–1,000 万元"
        assert public_detail(session, pid).conditions == []
    shown = review_view.view(session, later.flow, later.reviewer, later.row_id)
    changed = {f.title: (f.old, f.value) for g in shown.groups for f in g.fields if f.changed}
    assert changed == {"额度上限": ("1,000 万元", "800 万元"), "资产负债率": ("不限制", "≤ 65%")}
    later.act(session, Action.APPROVE)
    session.expire_all()
    assert public_detail(session, pid).amount == "50–800 万元"
    assert public_detail(session, pid).conditions == [("资产负债率", "≤ 65%")]


def test_4_1_a_change_begins_from_what_is_in_force(session: Session):
    world = worlds.product_world(session, c_debt_ratio_high="65").bring_to(session, Status.APPROVED)
    draft = product.change_draft(session, world.owner, world.row(session).product_id)
    assert draft.data == ProductForm.parse(_form(world)).strings() | _conditions(world)
    assert product.change_draft(session, world.owner, draft.product_id).id == draft.id


def _form(world: World) -> dict[str, str]:
    return {k: v for k, v in world.data.items() if not k.startswith("c_")}


def _conditions(world: World) -> dict[str, str]:
    return {k: v for k, v in world.data.items() if k.startswith("c_")}


def test_4_1_another_institutions_product_does_not_exist(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.APPROVED)
    pid, other = world.row(session).product_id, bank(session)
    for call in (
        lambda: product.own(session, other, pid),
        lambda: product.change_draft(session, other, pid),
        lambda: product.delist(session, other, pid, listed=False),
        lambda: product.own(session, world.owner, 2**31 - 1),
    ):
        with pytest.raises(NotFound, match="金融产品不存在"):
            call()
    assert product_list.own_list(session, other) == ([], 0)


def test_4_1_a_product_off_the_list_is_not_public_and_comes_back(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.APPROVED)
    pid = world.row(session).product_id
    product.delist(session, world.owner, pid, listed=False)
    with pytest.raises(NotFound):
        public_detail(session, pid)
    change(session, world, amount_max="900").bring_to(session, Status.APPROVED)
    with pytest.raises(NotFound):
        public_detail(session, pid)
    product.delist(session, world.owner, pid, listed=True)
    assert public_detail(session, pid).amount == "50–900 万元"


def test_4_1_an_unpublished_product_can_neither_be_listed_nor_delisted(session: Session):
    world = worlds.product_world(session)
    for listed in (True, False):
        with pytest.raises(Conflict, match="尚未通过审核"):
            product.delist(session, world.owner, world.row(session).product_id, listed=listed)


def test_4_1_what_has_run_out_while_waiting_is_not_approved_and_says_so(session: Session):
    world = worlds.product_world(session, valid_until=clock.today().isoformat())
    world.act(session, Action.SUBMIT)
    clock.shift(timedelta(days=2))
    with pytest.raises(Conflict, match=r"不能通过：有效期不能早于今天.*退回"):
        world.act(session, Action.APPROVE)
    assert world.row(session).status == Status.PENDING


def test_4_1_the_own_list_filters_by_word_and_status(session: Session):
    own = bank(session)
    listed, off = (worlds.product_world(session, own).bring_to(session, Status.APPROVED) for _ in range(2))
    product.delist(session, own, off.row(session).product_id, listed=False)
    pending = worlds.product_world(session, own)
    pending.act(session, Action.SUBMIT)
    draft = worlds.product_world(session, own)
    version = draft.row(session).version
    product.review.save_draft(session, draft.flow, own, draft.row_id, version, {"name": "草稿里的名字"})

    def shown(**filters: str) -> set[int]:
        rows, total = product_list.own_list(session, own, **filters)
        assert len(rows) == total
        return {r.revision_id for r in rows}

    assert shown() == {w.row_id for w in (listed, off, pending, draft)}
    assert shown(status="LISTED") == {listed.row_id}
    assert shown(status="DELISTED") == {off.row_id}
    assert shown(status="PENDING") == {pending.row_id}
    assert shown(status="DRAFT") == {draft.row_id}
    assert shown(word=listed.data["name"]) == {listed.row_id}
    assert shown(word="草稿里") == {draft.row_id}
    assert shown(word=pending.data["name"]) == {pending.row_id}
    assert shown(word="没有这个") == set()


def test_4_1_the_own_list_shows_the_newest_revision_and_what_is_pending(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.APPROVED)
    change(session, world, amount_max="800").act(session, Action.SUBMIT)
    (row,), total = product_list.own_list(session, world.owner)
    assert (total, row.status, row.pending, row.amount) == (1, "已发布", "变更待审核", "50–800 万元")
    assert row.published and row.listed and not row.editable


# --- the public list ----------------------------------------------------------------------------------


@pytest.fixture
def shelf(session: Session) -> dict[str, Product]:
    """Three products that differ in everything the list filters by."""
    return {
        "small": worlds.listed_product(
            session, bank(session, OrgClass.MICRO_LOAN, name="惠民小额贷款有限公司"),
            name="小微快贷", amount_min="1", amount_max="50", term_min="1", term_max="12",
            rate_min="8", rate_max="12", service_fee="", guarantees="CREDIT",
        ),
        "big": worlds.listed_product(
            session, bank(session, name="中原商业银行"),
            name="重大项目贷", amount_min="500", amount_max="50000", term_min="12", term_max="120",
            rate_min="3", rate_max="4", guarantee_fee="6", guarantees="MORTGAGE,GUARANTEE_COMPANY",
        ),
        "middle": worlds.listed_product(
            session, bank(session, name="郑州商业银行"),
            name="科技100%贷", amount_min="50", amount_max="1000", term_min="6", term_max="36",
            rate_min="4", rate_max="5", service_fee="", guarantees="PLEDGE,CREDIT",
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"small", "big", "middle"}),
        ({"amount": Decimal("50")}, {"small", "middle"}),
        ({"amount": Decimal("50000")}, {"big"}),
        ({"amount": Decimal("50000.01")}, set()),
        ({"term": 12}, {"small", "big", "middle"}),
        ({"term": 37}, {"big"}),
        ({"rate": Decimal("4")}, {"big", "middle"}),
        ({"rate": Decimal("2.99")}, set()),
        ({"guarantee": "CREDIT"}, {"small", "middle"}),
        ({"guarantee": "GUARANTEE_COMPANY"}, {"big"}),
        ({"guarantee": "SURETY"}, set()),
        ({"guarantee": "HOPE"}, {"small", "big", "middle"}),
        ({"org_class": "MICRO_LOAN"}, {"small"}),
        ({"org_class": "CASINO"}, {"small", "big", "middle"}),
        ({"word": "商业银行"}, {"big", "middle"}),
        ({"word": "小微"}, {"small"}),
        ({"word": "%"}, {"middle"}),
        ({"word": "_"}, set()),
        ({"amount": Decimal("50"), "guarantee": "CREDIT", "rate": Decimal("5")}, {"middle"}),
    ],
)
def test_4_1_the_public_list_filters(session: Session, shelf, filters: dict[str, Any], expected: set[str]):
    rows, total = public_list(session, **filters)
    assert {r.name for r in rows} == {shelf[key].name for key in expected}
    assert total == len(expected)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("cost", ["middle", "small", "big"]),
        ("rate", ["big", "middle", "small"]),
        ("amount", ["big", "middle", "small"]),
        ("", ["middle", "big", "small"]),
        ("; DROP TABLE", ["middle", "big", "small"]),
    ],
)
def test_4_1_the_public_list_sorts_by_total_yearly_cost_too(
    session: Session, shelf, sort: str, order: list[str]
):
    assert names(public_list(session, sort=sort)) == [shelf[key].name for key in order]


def test_4_1_the_public_list_is_paged(session: Session, shelf):
    pages = [names(public_list(session, sort="cost", page=n, size=2)) for n in (1, 2, 3)]
    assert [len(p) for p in pages] == [2, 1, 0]
    assert len({*pages[0], *pages[1]}) == 3


def test_4_1_a_product_past_its_date_leaves_the_list_and_says_why(session: Session):
    world = worlds.product_world(session, valid_until=clock.today().isoformat()).bring_to(
        session, Status.APPROVED
    )
    listed = session.get_one(Product, world.row(session).product_id)
    assert listed.name in names(public_list(session))
    clock.shift(timedelta(days=1))
    assert listed.name not in names(public_list(session))
    shown = public_detail(session, listed.id)
    assert not shown.open and "到期" in shown.closed_why
    bank = world.owner
    row = product_list.own_list(session, bank)[0][0]
    assert (row.status, row.tone) == ("已到期", "orange") and "变更有效期或下架" in row.todo
    tiles = {t.label: t.value for t in dashboard.bench(session, bank).tiles}
    region = {t.label: t.value for t in dashboard.region_tiles(session)}
    assert (tiles["已发布产品"], tiles["可申请金融产品"], region["在线金融产品"]) == ("0", "0", "0")
    found = {status: product_list.own_list(session, bank, status=status)[1] for status in ("LISTED", "OVER")}
    assert found == {"LISTED": 0, "OVER": 1}
    product.delist(session, bank, listed.id, listed=False)
    assert product_list.own_list(session, bank, status="OVER")[1] == 0


@pytest.mark.parametrize("word", HOSTILE)
def test_no_search_word_ends_in_an_error(session: Session, word: str):
    own = worlds.product_world(session).bring_to(session, Status.APPROVED).owner
    public_list(session, word=word)
    product_list.own_list(session, own, word=word)


@pytest.mark.parametrize("pid", [0, -1, 2**31, 2**70, True, None, "1", 1.0])
def test_a_malformed_product_number_is_an_absent_product(session: Session, pid: Any):
    for call in (lambda: public_detail(session, pid), lambda: product.own(session, bank(session), pid)):
        with pytest.raises(NotFound):
            call()


def test_the_public_pages_name_no_person_of_the_institutions_profile(session: Session):
    own = bank(session, contact="机密联系人", mobile="13812345678", email="secret@example.com")
    pid = worlds.listed_product(session, own).id
    page = str(public_detail(session, pid)) + str(public_list(session))
    org = session.get_one(Organisation, own.org_id)
    for secret in ("机密联系人", "13812345678", "secret@example.com", org.credit_code or ""):
        assert secret not in page
