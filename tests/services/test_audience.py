"""How many enterprises conditions would reach, while they are edited (manual §4.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app.errors import Forbidden, FormInvalid
from cpegi_app.models import MatchFact
from cpegi_app.services import audience, conditions, matching, product, review
from cpegi_app.services.forms import posted
from cpegi_app.services.matching import Tally
from cpegi_app.vocabulary import Kind
from tests import factories, worlds


def shown(wanted: dict, tally: Tally) -> audience.Audience:
    return audience.shown(wanted, [], tally)


@pytest.fixture
def crowd(session: Session) -> None:
    """Eleven enterprises: seven fit a debt ratio of 70 %, three do not, one lacks the figures."""
    session.execute(MatchFact.update().values(is_live=False))
    for _ in range(7):
        factories.member(session)
    for _ in range(3):
        factories.member(session, liabilities="800")
    lacking = factories.member(session)
    session.execute(MatchFact.update().where(MatchFact.c.id == lacking.org_id).values(debt_ratio=None))


@pytest.mark.usefixtures("crowd")
def test_it_tells_how_many_fit_lack_data_and_what_shuts_out_most(session: Session):
    bank = factories.member(session, Kind.DEBT)
    wanted, problems = audience.stated(
        {"c_debt_ratio_high": "70", "c_staff_low": "1000", "c_staff_free": "yes"}
    )
    assert (set(wanted), problems) == ({"debt_ratio"}, [])
    halves = [audience.count(session, bank, wanted, part, 2) for part in range(2)]
    tally = sum(halves, Tally())
    assert (tally.total, tally.fit, tally.lacking, tally.out) == (11, 7, 1, {"debt_ratio": 3})
    found = shown(wanted, tally)
    assert (found.fit, found.lacking) == ("约 5", "少于 5")
    assert [(w.label, w.condition, w.count) for w in found.worst] == [("资产负债率", "≤ 70%", "少于 5")]


@pytest.mark.parametrize(
    ("n", "text"), [(0, "少于 5"), (1, "少于 5"), (4, "少于 5"), (5, "5"), (1234, "1,234")]
)
def test_counts_under_five_are_not_told(n: int, text: str):
    assert shown({}, Tally(9999, n, 5)).fit == text
    assert shown({}, Tally(9999, 5, n)).lacking == text


def test_of_four_conditions_the_one_that_is_not_shown_counts_as_well():
    wanted = {c: {"low": "1"} for c in ("revenue", "staff", "patents", "tax")}
    found = shown(wanted, Tally(100, 52, 10, {"revenue": 9, "staff": 41, "patents": 3, "tax": 12}))
    assert (found.fit, [w.count for w in found.worst]) == ("约 50", ["约 40", "约 10", "约 5"])


def test_beside_a_hidden_count_the_others_are_rough_so_that_it_cannot_be_reckoned():
    wanted = {"revenue": {"low": "1"}}
    found = shown(wanted, Tally(100, 2, 20, {"revenue": 78}))
    assert (found.fit, found.lacking, found.worst[0].count) == ("少于 5", "约 20", "约 75")
    # Of 1,000 in all, 950 and 47 would leave exactly three.
    found = shown(wanted, Tally(1000, 950, 47, {"revenue": 3}))
    assert (found.fit, found.lacking, found.worst[0].count) == ("约 950", "约 45", "少于 5")
    found = shown(wanted, Tally(100, 60, 20, {"revenue": 20}))
    assert (found.fit, found.worst[0].count) == ("60", "20")


def test_the_condition_that_shuts_out_most_comes_first_and_no_more_than_three():
    wanted = {c: {"low": "1"} for c in ("revenue", "staff", "patents", "tax")}
    found = shown(wanted, Tally(100, 50, 10, {"revenue": 9, "staff": 40, "patents": 0, "tax": 12}))
    assert [w.label for w in found.worst] == ["员工数", "年纳税额", "年营业收入"]
    many = shown(wanted, Tally(100, 50, 10, {"revenue": 9, "staff": 40, "patents": 8, "tax": 12}))
    assert len(many.worst) == 3


def test_only_who_may_publish_products_may_count(session: Session):
    with pytest.raises(Forbidden):
        audience.count(session, factories.member(session), {}, 0, 1)


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"c_revenue_low": "500", "c_revenue_high": "100"}, "“年营业收入”的下限 500 大于上限 100"),
        ({"c_revenue_low": "1e99"}, "数字过大"),
        ({"c_revenue_low": "很多"}, "请填写数字"),
        ({"c_tax_rating_set": "Z"}, "请从列表中选择"),
    ],
)
def test_what_is_stated_wrongly_is_left_out_and_said(typed: dict[str, str], sentence: str):
    wanted, problems = audience.stated({**typed, "c_staff_low": "10"})
    assert set(wanted) == {"staff"}
    (problem,) = problems
    assert sentence in problem and problem.endswith("未计入测算。")


def test_what_shares_nothing_with_the_suited_regions_is_said():
    typed = {"c_region_set": "GAOXIN", "regions": "ERQI", "industries": "C", "c_industry_set": "A,C"}
    assert audience.stated(typed)[1] == [
        "“注册地区”与“适用地区”没有相同的选项，没有企业能够满足，请修改其中一处。"
    ]


def test_limits_crossed_and_absurd_figures_are_refused_with_the_product(session: Session):
    world = worlds.product_world(session, c_revenue_low="500", c_revenue_high="100", c_tax_low="1e30")
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, product.Action.SUBMIT)
    assert "大于上限" in refusal.value.fields["c_revenue"] and "数字过大" in refusal.value.fields["c_tax"]


def test_a_condition_removed_by_a_colleague_while_somebody_edits_is_a_conflict_not_a_loss(session: Session):
    world = worlds.product_world(session, c_revenue_low="500")
    colleague = factories.colleague(session, world.owner)
    seen = world.row(session).version
    free = world.data | {"c_revenue_free": "yes", "c_revenue_low": ""}
    review.save_draft(session, world.flow, colleague, world.row_id, seen, free)
    with pytest.raises(review.Conflict) as refusal:
        review.save_draft(session, world.flow, world.owner, world.row_id, seen, world.data)
    assert "本页填写的内容仍保留在浏览器中" in refusal.value.message


def test_a_dimension_that_the_platform_no_longer_has_asks_for_a_fresh_page():
    with pytest.raises(FormInvalid) as refusal:
        posted({"name": "某产品", "c_gone_low": "5"}, product.NAMES)
    assert "请刷新页面后重试" in refusal.value.fields["form"]


def test_a_stored_condition_of_a_dimension_that_is_gone_limits_nothing(session: Session):
    stated = {"gone": {"low": "5"}, "revenue": {"low": "2000"}}
    assert set(matching.all_met(stated)) == {"revenue"}
    assert "gone" not in {r.code for r in conditions.compare(stated, factories.profile())}
    # Its values in a draft of a 变更 do no harm.
    kept = conditions.strings(stated) | factories.conditions_data(c_revenue_low="2000")
    assert conditions.parse(kept)["revenue"] == {"low": "2000"}
