"""How many enterprises conditions would reach, while they are edited (manual §4.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app.errors import Forbidden, FormInvalid, TooMany
from cpegi_app.models import MatchFact
from cpegi_app.services import audience, conditions, matching, product, review
from cpegi_app.services.forms import posted
from cpegi_app.services.matching import Tally
from cpegi_app.vocabulary import Kind
from cpegi_app.windows import SlidingWindow
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
    assert (found.fit in ("少于 5", "约 5"), found.lacking) == (True, "少于 5")
    assert [(w.label, w.condition, w.count) for w in found.worst] == [("资产负债率", "≤ 70%", "少于 5")]


@pytest.mark.parametrize("n", range(5))
def test_counts_under_five_read_the_same_whatever_they_are(n: int):
    """Everything that reaches the browser, for each of the three kinds of counts."""
    wanted = {"revenue": {"low": "1"}, "staff": {"low": "1"}}

    def sent(fit: int = 60, lacking: int = 10, out: int = 8) -> dict:
        return shown(wanted, Tally(100, fit, lacking, {"revenue": out, "staff": 30})).model_dump()

    assert sent(fit=n) == sent(fit=0) and sent(fit=n)["fit"] == "少于 5"
    assert sent(lacking=n) == sent(lacking=0) and sent(lacking=n)["lacking"] == "少于 5"
    assert sent(out=n) == sent(out=0) and sent(out=n)["worst"][1]["count"] == "少于 5"


def number(told: str) -> int:
    return int(told.removeprefix("约 ").replace(",", "")) if told != "少于 5" else 0


def test_every_count_is_told_in_fives_a_little_below_the_truth():
    for n in range(5, 60):
        told = number(shown({"staff": {"low": str(n)}}, Tally(100, n, 50)).fit)
        assert told % 5 == 0 and n - 9 < told <= n
    assert number(shown({}, Tally(10_000, 1234, 50)).fit) in (1225, 1230)


def test_two_counts_that_differ_do_not_tell_that_the_enterprises_differ():
    """Of the same twelve enterprises one question tells ten, another five; asked again, each tells the same."""

    def told(limit: int) -> str:
        return shown({"age": {"low": str(limit)}}, Tally(100, 12, 50, {"age": 20})).fit

    answers = [told(limit) for limit in range(100)]
    assert set(answers) == {"约 5", "约 10"} and answers == [told(limit) for limit in range(100)]
    # The same question in other words is the same.
    one, other = ({"revenue": {"low": text}} for text in ("100", "100.00"))
    assert all(shown(one, Tally(100, n, 50)).fit == shown(other, Tally(100, n, 50)).fit for n in range(40))


def test_the_mean_of_many_questions_with_limits_a_little_apart_does_not_tell_the_count():
    """Wherever one asks round about: the means of counts next to each other overlap."""

    def mean(n: int, digit: int, region: str) -> float:
        limited = [{"age": {"low": f"{digit}{rest:03}"}, "region": {"set": [region]}} for rest in range(300)]
        # A condition that shuts nobody out makes no other question.
        asked = limited + [each | {"staff": {"low": "1"}} for each in limited]
        shut = {"age": 10, "region": 10, "staff": 0}
        told = [shown(each, Tally(100, n, 50, {c: shut[c] for c in each})).fit for each in asked]
        return sum(map(number, told)) / len(told)

    means = {
        n: {round(mean(n, digit, region), 1) for digit in range(1, 10) for region in ("GAOXIN", "ERQI")}
        for n in (12, 13)
    }
    assert max(means[12]) > min(means[13])


def test_the_condition_that_shuts_out_most_comes_first_and_no_more_than_three():
    wanted = {c: {"low": "1"} for c in ("revenue", "staff", "patents", "tax")}
    found = shown(wanted, Tally(100, 50, 10, {"revenue": 20, "staff": 60, "patents": 0, "tax": 40}))
    assert [w.label for w in found.worst] == ["员工数", "年纳税额", "年营业收入"]
    # Which of few is more, the order does not tell either.
    few = [shown(wanted, Tally(100, 50, 10, {"revenue": a, "staff": b})).worst for a, b in ((1, 4), (4, 1))]
    assert few[0] == few[1]


def test_an_institution_asks_so_often_an_hour(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audience, "ASKED", SlidingWindow(2, 3600))
    bank, colleague = factories.member(session, Kind.DEBT), factories.member(session, Kind.DEBT)
    for _ in range(2):
        # A question of two parts is one.
        assert [audience.count(session, bank, {}, part, 2).fit for part in range(2)]
    with pytest.raises(TooMany) as refusal:
        audience.count(session, bank, {}, 0, 2)
    assert "可以继续填写和保存" in refusal.value.message
    assert audience.count(session, colleague, {}, 0, 2)


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
