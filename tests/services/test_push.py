"""Pushes: newly matching pairs, each once for a version of the conditions (manual §4.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import MATCH, MATCHES, Actor
from cpegi_app.errors import Forbidden, NotFound
from cpegi_app.models import Organisation, ProductPush, PushRun, User
from cpegi_app.services import (
    application,
    facts,
    lists,
    matches,
    product,
    push,
    push_log,
    review,
    staff,
)
from cpegi_app.vocabulary import Action, Kind, OrgClass, Status
from tests import factories, worlds
from tests.services.pushes import WANTED, change, figures, pairs, published, run, target, told


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run take several steps."""
    monkeypatch.setattr(push, "CHUNK", 2)


@pytest.fixture
def five(session: Session) -> list[Actor]:
    """Five enterprises of which the first three fit WANTED, the fourth misses it, the fifth lacks data."""
    actors = [factories.member(session) for _ in range(3)] + [factories.member(session, liabilities="800")]
    lacking = factories.member(session)
    org = session.get_one(Organisation, lacking.org_id)
    org.profile = {k: v for k, v in org.profile.items() if k != "liabilities"}
    facts.put(session, org)
    return [*actors, lacking]


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)


def test_an_approved_product_is_pushed_to_all_who_fit_and_nobody_else(
    session: Session, bank: Actor, five: list[Actor]
):
    factories.member(session, verified=False)
    world = worlds.product_world(session, bank, **WANTED).bring_to(session, Status.PENDING)
    assert run(session) == 0
    world.act(session, Action.APPROVE)
    assert run(session) == 3
    product_id = world.row(session).product_id
    assert pairs(session, product_id) == [(a.org_id, 1) for a in five[:3]]
    for actor in five[:3]:
        assert told(session, actor) == [MATCH.url(pid=product_id)]
    assert not told(session, five[3]) and not told(session, five[4]) and not told(session, bank)
    state = push_log.state(session, bank, product_id)
    assert (state.running, state.done, state.total, state.pushed, state.percent) == (False, 3, 3, 3, 100)
    assert run(session) == 0


def test_a_change_of_other_things_pushes_nothing(session: Session, bank: Actor, five: list[Actor]):
    world = published(session, bank)
    run(session)
    change(session, world, rate_min="3.2")
    assert run(session) == 0
    assert facts.version(session, target(session, world).id or 0) == 1


def test_a_change_of_conditions_reaches_those_who_newly_fit(session: Session, bank: Actor, five: list[Actor]):
    world = published(session, bank)
    run(session)
    change(session, world, c_debt_ratio_high="85")
    assert run(session) == 1
    product_id = target(session, world).id
    assert pairs(session, product_id) == sorted([(a.org_id, 1) for a in five[:3]] + [(five[3].org_id, 2)])
    assert len(told(session, five[0])) == 1


def test_who_stopped_to_fit_and_fits_again_under_another_version_is_told_again(
    session: Session, bank: Actor, five: list[Actor]
):
    world = published(session, bank)
    run(session)
    change(session, world, c_debt_ratio_high="60")
    assert run(session) == 0
    product_id = target(session, world).id
    lapsed = select(ProductPush).where(
        col(ProductPush.product_id) == product_id, col(ProductPush.lapsed_at).is_not(None)
    )
    assert len(session.scalars(lapsed).all()) == 3
    change(session, world, c_debt_ratio_high="69")
    assert run(session) == 3
    assert len(told(session, five[0])) == 2


def test_figures_that_are_approved_bring_what_newly_fits(session: Session, bank: Actor):
    world = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    owner = worlds.dataclasses.replace(world.owner, verified=True)
    first, strict = published(session, bank), published(session, bank, c_patents_low="3")
    run(session)
    assert told(session, owner) == [MATCH.url(pid=target(session, first).id)]
    figures(session, owner, patents="4")
    assert run(session) == 1
    assert told(session, owner)[1:] == [MATCH.url(pid=target(session, strict).id)]
    # There and back again under the same version: not a second time.
    figures(session, owner, patents="1")
    assert run(session) == 0
    figures(session, owner, patents="5")
    assert run(session) == 0
    assert len(told(session, owner)) == 2
    row = session.scalars(
        select(ProductPush).where(col(ProductPush.product_id) == target(session, strict).id)
    ).one()
    assert row.lapsed_at is None


def test_a_change_that_leaves_the_figures_alone_starts_nothing(session: Session, bank: Actor):
    world = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    owner = worlds.dataclasses.replace(world.owner, verified=True)
    run(session)
    figures(session, owner, office="郑州市金水区花园路 9 号")
    assert push.look(session) is None


def test_a_new_enterprise_is_told_of_many_products_in_one_notice(
    session: Session, bank: Actor, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(5):
        published(session, bank)
    run(session)
    monkeypatch.setattr(push, "CHUNK", 100)
    world = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    assert run(session) == 5
    assert told(session, world.owner) == [MATCHES.route]


def test_both_changing_at_once_loses_no_pair(session: Session, bank: Actor):
    """Fits under the old figures or the old conditions, each with the other's new ones, and was never pushed."""
    world = worlds.verification_world(session).bring_to(session, Status.APPROVED)
    owner = worlds.dataclasses.replace(world.owner, verified=True)
    offered = published(session, bank, c_staff_low="400")
    run(session)
    assert not pairs(session, target(session, offered).id)
    change(session, offered, c_staff_low="300")
    figures(session, owner, staff="450")
    assert run(session) == 1


# --- bad moments --------------------------------------------------------------------------------------


def test_an_enterprise_disabled_in_the_middle_is_left_out_from_then_on(
    session: Session, bank: Actor, five: list[Actor]
):
    world = published(session, bank)
    boss = factories.staff(session)
    seen = push.look(session)
    while seen is not None and seen.lapsing:
        push.step(session, seen)
        session.expire_all()
        seen = push.look(session)
    assert seen is not None and five[1].org_id in seen.ids
    staff.disable(session, boss, five[1].user_id, "核实中")
    push.step(session, seen)
    run(session)
    product_id = target(session, world).id
    assert pairs(session, product_id) == [(five[0].org_id, 1), (five[2].org_id, 1)]
    assert not told(session, five[1])
    staff.enable(session, boss, five[1].user_id)
    assert run(session) == 1
    assert told(session, five[1]) == [MATCH.url(pid=product_id)]


def test_of_two_workers_at_one_step_the_later_one_writes_nothing(
    session: Session, bank: Actor, five: list[Actor]
):
    world = published(session, bank)
    for _ in range(20):
        session.expire_all()
        first, second = push.look(session), push.look(session)
        if first is None or second is None:
            break
        push.step(session, first)
        assert push.step(session, second) == 0
    assert len(pairs(session, target(session, world).id)) == 3


def test_a_second_push_of_the_same_product_begins_the_first_anew(
    session: Session, bank: Actor, five: list[Actor]
):
    world = published(session, bank)
    for _ in range(2):
        session.expire_all()
        push.step(session, push.look(session) or pytest.fail("nothing to do"))
    product_id = target(session, world).id
    assert len(pairs(session, product_id)) == 2
    change(session, world, c_debt_ratio_high="85")
    runs = select(PushRun).where(col(PushRun.product_id) == product_id, col(PushRun.finished_at).is_(None))
    assert len(session.scalars(runs).all()) == 1
    run(session)
    # Those reached under the first version are not told again; the others come under the second.
    assert sorted(org for org, _ in pairs(session, product_id)) == [a.org_id for a in five[:4]]
    assert all(len(told(session, a)) == 1 for a in five[:4])


def test_the_push_of_a_delisted_product_waits_until_it_is_back(
    session: Session, bank: Actor, five: list[Actor]
):
    world = published(session, bank)
    product_id = target(session, world).id or 0
    session.expire_all()
    seen = push.look(session)
    product.delist(session, bank, product_id, listed=False)
    assert seen is not None and push.step(session, seen) == 0
    assert run(session) == 0
    state = push_log.state(session, bank, product_id)
    assert state.running and state.paused
    product.delist(session, bank, product_id, listed=True)
    assert run(session) == 3


def test_an_expired_product_is_not_pushed(session: Session, bank: Actor, five: list[Actor]):
    published(session, bank, valid_until=clock.today().isoformat())
    clock.shift(timedelta(days=2))
    assert run(session) == 0


# --- what either side sees ----------------------------------------------------------------------------


def log(session: Session, actor: Actor, product_id: int, **filters: Any) -> list[push_log.PushRow]:
    wanted = {"product": str(product_id), **filters}
    return lists.page(session, actor, push_log.PUSHES, wanted, size=50).rows


def mine(session: Session, actor: Actor, **filters: str) -> list[Any]:
    return lists.page(session, actor, matches.MATCHES, filters).rows


def test_the_log_names_an_enterprise_only_once_it_has_applied_and_authorised(
    session: Session, bank: Actor, five: list[Actor]
):
    world = published(session, bank)
    run(session)
    product_id, who = target(session, world).id or 0, five[0]
    name = session.get_one(Organisation, who.org_id).name
    assert all(name not in r.model_dump_json() for r in log(session, bank, product_id))
    matches.mark_read(session, who, product_id)
    (read,) = log(session, bank, product_id, read="YES")
    assert read.read and not read.named and not read.applied
    row = application.open_application(session, who, product_id)
    assert not log(session, bank, product_id, applied="YES")
    sent = application.submit(session, who, row.id or 0, row.version, factories.application_data(), "k")
    (applied,) = log(session, bank, product_id, applied="YES")
    assert applied.named and applied.enterprise == name and applied.href.endswith(f"/{sent.id}")
    assert len(log(session, bank, product_id, applied="NO")) == 2
    assert push_log.state(session, bank, product_id).applied == 1
    # Withdrawn, it is the enterprise's own affair again.
    review.act(session, application.FLOW, who, sent.id, Action.WITHDRAW, sent.version)
    assert all(not r.named and not r.applied for r in log(session, bank, product_id))


def test_the_log_is_filtered_by_version_and_paged(session: Session, bank: Actor, five: list[Actor]):
    world = published(session, bank)
    run(session)
    change(session, world, c_debt_ratio_high="85")
    run(session)
    product_id = target(session, world).id or 0
    assert [r.version for r in log(session, bank, product_id, version="2")] == ["第 2 版"]
    assert len(log(session, bank, product_id, version="x")) == 4
    found = lists.page(session, bank, push_log.PUSHES, {"product": str(product_id)}, page=2, size=3)
    assert (len(found.rows), found.total) == (1, 4)


def test_another_institutions_log_does_not_exist(session: Session, bank: Actor, five: list[Actor]):
    world = published(session, bank)
    rival = factories.member(session, Kind.DEBT, org_class=OrgClass.BANK.value)
    product_id = target(session, world).id or 0
    run(session)
    with pytest.raises(NotFound):
        push_log.state(session, rival, product_id)
    assert len(log(session, bank, product_id)) == 3
    assert not log(session, rival, product_id)
    with pytest.raises(Forbidden):
        log(session, five[0], product_id)


def test_the_enterprise_sees_what_fits_what_nearly_fits_and_what_needs_data(
    session: Session, bank: Actor, five: list[Actor]
):
    cheap = published(session, bank, service_fee="0", name="便宜贷")
    dear = published(session, bank, service_fee="1", name="贵一点贷")
    published(session, bank, c_debt_ratio_high="65", name="差一项贷")
    published(session, bank, c_patents_low="3", name="缺数据贷")
    published(session, bank, c_debt_ratio_high="65", c_patents_low="3", name="差得远贷")
    own = {p: [r.name for r in mine(session, five[0], of=p)] for p in matches.MatchClass}
    assert own["FIT"] == [target(session, w).name for w in (cheap, dear)]
    assert (own["NEAR"], own["LACKING"], own["OTHER"]) == (["差一项贷"], ["缺数据贷"], ["差得远贷"])
    assert matches.counts(session, five[0], {}) == {"FIT": 2, "NEAR": 1, "LACKING": 1, "OTHER": 1}
    (near,) = mine(session, five[0], of="NEAR")
    assert near.why == "资产负债率 68.2%，上限 65%"
    assert near.advice == "偿还负债 ≥ 91.4 万元，或新增权益 ≥ 49.2 万元"
    assert mine(session, five[0], of="LACKING")[0].why == "待补充：发明专利数"
    assert [r.name for r in mine(session, five[0], word="贵一点")] == ["贵一点贷"]
    second = lists.page(session, five[0], matches.MATCHES, {}, page=2, size=1)
    assert (second.rows[0].name, second.total) == ("贵一点贷", 2)
    beyond = lists.page(session, five[0], matches.MATCHES, {}, page=9, size=1)
    assert (beyond.rows, beyond.total) == ([], 2)
    # An institution is a lender, too, but never to itself.
    assert not mine(session, bank, of="OTHER")


def test_the_detail_says_figure_date_and_advice(session: Session, bank: Actor, five: list[Actor]):
    world = published(session, bank, c_debt_ratio_high="65")
    found = matches.detail(session, five[0], target(session, world).id or 0)
    rows = {r.code: r for r in found.rows}
    assert (found.found, len(rows), found.free) == ("差一项", 2, 22)
    year = session.get_one(Organisation, five[0].org_id).profile["fiscal_year"]
    assert rows["debt_ratio"].dated == f"{year} 年度" and "91.4" in rows["debt_ratio"].advice
    assert (
        rows["debt_ratio"].source.startswith("负债总额 ÷ 资产总额（企业认证·") and not rows["revenue"].advice
    )
    assert "不构成授信承诺" in found.disclaimer
    # The workbook leaves the page: its heading says it, too.
    (heading,) = (h for h in lists.headings(matches.MATCHES, {}) if h.startswith("建议"))
    assert "不构成授信承诺" in heading
    with pytest.raises(NotFound):
        matches.detail(session, five[0], 999_999)
    with pytest.raises(Forbidden):
        matches.detail(session, factories.staff(session), target(session, world).id or 0)


def test_every_user_of_an_enterprise_is_told_but_not_a_disabled_one(session: Session, bank: Actor):
    first = factories.member(session)
    second = factories.colleague(session, first)
    third = factories.colleague(session, first)
    session.get_one(User, third.user_id).disabled_at = clock.now()
    published(session, bank)
    run(session)
    assert [len(told(session, a)) for a in (first, second, third)] == [1, 1, 0]
