"""Matching in SQL against a plain evaluation; advice followed makes the condition true (manual §4.1, domain.md §6)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.dimensions import BY_CODE, DIMENSIONS
from cpegi_app.models import MatchFact, Organisation, Product, ProductLimit
from cpegi_app.services import advice, conditions, facts, matching
from cpegi_app.services.matching import Tally
from cpegi_app.services.profile_forms import EnterpriseProfile
from cpegi_app.vocabulary import Kind
from tests import factories, worlds
from tests.services.matchers import limits, plain, profiles, stated, verdict

MANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ON = date(2026, 11, 26)


def enterprises(session: Session, count: int) -> list[Organisation]:
    """Return enterprises that can be pushed to; their figures are told by the test."""
    actors = [factories.member(session) for _ in range(count)]
    return [session.get_one(Organisation, a.org_id) for a in actors]


def tell(session: Session, org: Organisation, profile: dict[str, str]) -> None:
    org.profile = profile
    facts.put(session, org)


def fitting(session: Session, wanted: dict[str, Any], orgs: list[Organisation]) -> set[int]:
    ids = [o.id for o in orgs]
    query = select(MatchFact.c.id).where(matching.fits(wanted, ON), MatchFact.c.id.in_(ids))
    return set(session.scalars(query))


@pytest.fixture
def four(session: Session) -> list[Organisation]:
    return enterprises(session, 4)


@pytest.fixture
def shelf(session: Session) -> Product:
    return worlds.listed_product(session)


@MANY
@given(st.lists(profiles, min_size=4, max_size=4), stated)
def test_sql_matches_as_the_plain_evaluation_does(
    session: Session, four: list[Organisation], told: list[dict[str, str]], wanted: dict[str, Any]
):
    for org, profile in zip(four, told, strict=True):
        tell(session, org, profile)
    verdicts = {o.id or 0: verdict(wanted, p, ON) for o, p in zip(four, told, strict=True)}
    assert fitting(session, wanted, four) == {i for i, v in verdicts.items() if v}
    for org, profile in zip(four, told, strict=True):
        for d in DIMENSIONS:
            seen = conditions.evaluate(d, wanted.get(d.code), d.figure(profile, ON))
            expected = plain(d.code, wanted[d.code], profile, ON) if d.code in wanted else "free"
            assert seen == {True: "MET", False: "UNMET", None: "MISSING", "free": "FREE"}[expected], d.code
        assert org.id in verdicts


@MANY
@given(profiles, stated)
def test_one_enterprise_over_all_limits_sees_what_the_product_sees(
    session: Session,
    four: list[Organisation],
    shelf: Product,
    profile: dict[str, str],
    wanted: dict[str, Any],
):
    tell(session, four[0], profile)
    row = facts.limits_of(wanted)
    session.execute(ProductLimit.update().where(ProductLimit.c.id == shelf.id).values(row))
    values = matching.facts(session, four[0].id, ON)
    assert values is not None
    missed, lacking = session.execute(
        select(matching.unmet(values), matching.lacking(values)).where(ProductLimit.c.id == shelf.id)
    ).one()
    results = {code: plain(code, c, profile, ON) for code, c in wanted.items()}
    assert set(matching.codes(missed)) == {c for c, r in results.items() if r is False}
    assert set(matching.codes(lacking)) == {c for c, r in results.items() if r is None}
    suited = session.scalars(
        select(ProductLimit.c.id).where(matching.suits(values), ProductLimit.c.id == shelf.id)
    ).all()
    assert bool(suited) is bool(verdict(wanted, profile, ON))


@MANY
@given(st.lists(profiles, min_size=4, max_size=4), stated)
def test_the_tally_counts_what_the_plain_evaluation_counts(
    session: Session, four: list[Organisation], told: list[dict[str, str]], wanted: dict[str, Any]
):
    session.execute(
        MatchFact.update().where(MatchFact.c.id.not_in([o.id for o in four])).values(is_live=False)
    )
    for org, profile in zip(four, told, strict=True):
        tell(session, org, profile)
    today = clock.today()
    verdicts = [verdict(wanted, p, today) for p in told]
    expected = Tally(
        4,
        verdicts.count(True),
        verdicts.count(None),
        {c: sum(plain(c, wanted[c], p, today) is False for p in told) for c in wanted},
    )
    assert matching.tally(session, wanted) == expected
    halves = [matching.tally(session, wanted, part, 2) for part in range(2)]
    assert sum(halves, Tally()) == expected


# --- what would be enough -----------------------------------------------------------------------------

one_limit = st.sampled_from(sorted(limits)).flatmap(lambda code: st.tuples(st.just(code), limits[code]))


def is_sound(profile: dict[str, str]) -> bool:
    """Tell whether 企业认证 would take the figures: what is current is a part of the assets."""
    current, assets = profile["current_assets"], profile["assets"]
    return not current or (bool(assets) and Decimal(current) <= Decimal(assets))


@settings(max_examples=600, deadline=None)
@given(profiles, one_limit)
def test_following_an_advice_makes_the_condition_true(profile: dict[str, str], asked: tuple[str, Any]):
    code, c = asked
    d = BY_CODE[code]
    if conditions.evaluate(d, c, d.figure(profile, ON)) != conditions.UNMET:
        return
    for way in advice.advices(d, c, profile, ON):
        assert way.text and (way.changes or way.on)
        followed = profile | way.changes
        assert plain(code, c, followed, way.on or ON) is True, way
        if is_sound(profile):
            assert is_sound(followed), way
        if way.on:
            assert plain(code, c, profile, way.on - timedelta(days=1)) is False, way


def test_the_worked_near_miss_of_the_domain():
    profile = {"assets": "1000", "liabilities": "682", "fiscal_year": "2025"}
    (row,) = [
        r
        for r in conditions.compare({"debt_ratio": {"high": "65"}}, profile, advise=True, on=ON)
        if r.code == "debt_ratio"
    ]
    assert (row.figure, row.condition, row.result, row.dated) == ("68.2%", "≤ 65%", "不满足", "2025 年度")
    assert row.advice == "偿还负债 ≥ 91.4 万元，或新增权益 ≥ 49.2 万元"
    d = BY_CODE["debt_ratio"]
    assert conditions.gap(d, {"high": "65"}, d.figure(profile)) == "资产负债率 68.2%，上限 65%"


@pytest.mark.parametrize(
    ("code", "c", "profile", "sentence"),
    [
        ("revenue", {"low": "3000"}, {"revenue": "2600"}, "年营业收入再增加 ≥ 400 万元"),
        # Both limits within a step: to the cent.
        ("revenue", {"low": "100.01", "high": "100.05"}, {"revenue": "99.99"}, "年营业收入再增加 ≥ 0.02 万元"),
        ("patents", {"low": "5"}, {"patents": "3"}, "发明专利再增加 ≥ 2 件"),
        ("age", {"low": "24"}, {"established_on": "2025-01-31"}, "再经营 3 个月，2027-01-31 起满足"),
        ("revenue_growth", {"low": "10"}, {"revenue": "100", "revenue_prev": "100"}, "营业收入再增加 ≥ 10 万元"),
        ("current_ratio", {"low": "1.5"}, {"current_assets": "300", "current_liabilities": "250"},
         "新增流动资产 ≥ 75 万元，或将 ≥ 50 万元流动负债转为长期负债"),
        ("debt_outstanding", {"high": "500"}, {"debt_outstanding": "620.05"}, "减少存量融资余额 ≥ 120.1 万元"),
        ("qualifications", {"set": ["HIGH_TECH"]}, {"qualifications": "SRDI"}, "高新技术企业：取得其中任一项后"),
        ("no_overdue", {"yes": True}, {"no_overdue": "NO"}, "结清逾期款项"),
        # Insolvent: repaying alone never helps.
        ("debt_ratio", {"high": "65"}, {"assets": "100", "liabilities": "200"}, "新增权益 ≥ 207.7 万元"),
        # What nobody can or should change.
        ("region", {"set": ["GAOXIN"]}, {"region": "ERQI"}, advice.OUT_OF_REACH),
        ("staff", {"high": "300"}, {"staff": "320"}, advice.OUT_OF_REACH),
        ("age", {"high": "12"}, {"established_on": "2020-01-31"}, advice.OUT_OF_REACH),
        ("first_loan", {"yes": True}, {"first_loan": "NO"}, advice.OUT_OF_REACH),
    ],
)  # fmt: skip
def test_advice_in_words(code: str, c: dict[str, Any], profile: dict[str, str], sentence: str):
    assert advice.sentence(BY_CODE[code], c, profile, conditions.UNMET, ON).startswith(sentence)


def test_missing_data_are_asked_for_by_their_names():
    d = BY_CODE["revenue_growth"]
    asked = advice.sentence(d, {"low": "5"}, {"revenue": "100"}, conditions.MISSING, ON)
    assert asked == "请在“企业认证”中补充：上一年度营业收入"
    asked = advice.sentence(d, {"low": "5"}, {"revenue": "100", "revenue_prev": "0"}, conditions.MISSING, ON)
    assert "无法计算" in asked
    asked = advice.sentence(d, {"low": "5"}, {"org_class": "LAW"}, conditions.MISSING, ON)
    assert asked == "贵单位类别的认证资料不含该项，无法比对"
    fields = {name for each in DIMENSIONS for name in each.fields}
    assert fields <= set(EnterpriseProfile.model_fields), "an enterprise can state all of them"


def test_advice_keeps_the_figures_sound():
    """What is current stays a part of the assets, as 企业认证 demands it."""
    own = {"assets": "1000", "liabilities": "682", "current_assets": "1000", "current_liabilities": "900"}
    (repay, _) = advice.advices(BY_CODE["debt_ratio"], {"high": "65"}, own, ON)
    assert repay.changes == {"liabilities": "590.6", "assets": "908.6", "current_assets": "908.6"}
    (add, _) = advice.advices(BY_CODE["current_ratio"], {"low": "1.5"}, own, ON)
    assert add.changes == {"current_assets": "1350", "assets": "1350"}


def test_who_has_no_qualification_misses_the_condition_and_reads_so(session: Session):
    (org,) = enterprises(session, 1)
    tell(session, org, {"qualifications": "NONE"})
    values = matching.facts(session, org.id)
    assert values is not None and values["qualifications"] == 0
    wanted = {"qualifications": {"set": ["HIGH_TECH"]}}
    row = next(r for r in conditions.compare(wanted, org.profile, advise=True) if r.code == "qualifications")
    assert (row.figure, row.result) == ("无", "不满足") and row.advice.startswith("高新技术企业：")


# --- facts and limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("absurd", ["1e30", "1e999999999", "NaN", "Infinity", "abc", "9999999999999999999"])
def test_an_absurd_figure_counts_as_missing(session: Session, absurd: str):
    (org,) = enterprises(session, 1)
    tell(
        session,
        org,
        {name: absurd for name in ("revenue", "assets", "liabilities", "staff", "established_on")},
    )
    values = matching.facts(session, org.id)
    assert values is not None and not any(values.values())


def test_the_largest_figures_and_limits_fit_their_columns(session: Session):
    (org,) = enterprises(session, 1)
    tell(
        session,
        org,
        {"revenue": "99999999.99", "revenue_prev": "0.01", "assets": "0.01", "liabilities": "99999999"},
    )
    wanted = {"revenue": {"high": "9999999999.99"}, "revenue_growth": {"low": "9999999999"}}
    assert fitting(session, wanted, [org]) == {org.id}


def test_the_suited_industries_and_regions_limit_too():
    stated = {"industry": {"set": ["A", "C"]}, "region": {"any": True}}
    found = conditions.effective(stated, {"industries": "C,D", "regions": "GAOXIN"})
    assert found == {"industry": {"set": ["C"]}, "region": {"set": ["GAOXIN"]}}
    assert conditions.effective(stated, {"industries": "", "regions": ""}) == stated


def test_rows_of_another_layout_are_written_anew_and_push_nothing(session: Session):
    product = worlds.listed_product(session)
    (org,) = enterprises(session, 1)
    before = facts.version(session, product.id or 0)
    session.execute(MatchFact.update().values(layout="old", revenue=None))
    session.execute(ProductLimit.update().values(layout="old"))
    assert facts.has_backlog(session)
    while facts.has_backlog(session):
        facts.backlog(session)
    values = matching.facts(session, org.id)
    assert values is not None and values["revenue"] == 2600 * 1_000_000
    assert facts.version(session, product.id or 0) == before


def test_only_enterprises_with_a_user_who_may_sign_in_are_live(session: Session):
    live = factories.member(session)
    lender = factories.member(session, Kind.DEBT)
    lonely = factories.organisation(session)
    query = select(MatchFact.c.id).where(
        MatchFact.c.is_live, MatchFact.c.id.in_([live.org_id, lender.org_id, lonely.id])
    )
    assert list(session.scalars(query)) == [live.org_id]
    assert session.scalars(select(Organisation).where(col(Organisation.id) == lonely.id)).one()
