"""政策申请 on investments of the 股权投资项目库: by both sides, each once a policy (manual §6.5, §8.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, FormInvalid, NotFound
from cpegi_app.models import InvestmentRecord, Organisation
from cpegi_app.services import policy_application, policy_budget, policy_open, policy_records, policy_view
from cpegi_app.vocabulary import Kind, Status
from tests import equity, factories, policies, worlds


def entry(session: Session, institution: Actor) -> InvestmentRecord:
    """Return the newest entry of an institution."""
    query = select(InvestmentRecord).where(InvestmentRecord.org_id == institution.org_id)
    return session.exec(query.order_by(col(InvestmentRecord.id).desc())).one()


def test_6_5_a_reward_follows_from_the_money_that_arrived(session: Session):
    fund, _ = equity.closed(session)
    of, record = policies.published(session, **policies.REWARD), entry(session, fund)
    row = policies.sent(session, fund, of, record)
    # 1000 万元 × 2%
    assert row.computed_fen == 20_000_000
    (kept,) = policy_budget.held_records(session, row.id or 0)
    assert (kept.source, kept.record_id, kept.amount_fen) == ("INVESTMENT", record.id, 20_000_000)
    assert kept.snapshot["title"] == record.project_name and kept.snapshot["on"] == str(record.paid_on)


def test_6_5_both_sides_may_choose_and_the_first_one_has_it(session: Session):
    fund, owner = equity.closed(session)
    of, record = policies.published(session, **policies.REWARD), entry(session, fund)
    theirs = policies.begun(session, owner, of, record)
    policies.sent(session, fund, of, record)
    name = session.get_one(Organisation, fund.org_id).name
    (item,) = policy_view.form(session, owner, theirs.id or 0).record_list.rows
    assert f"投资机构（{name}）已于" in item.why and item.chosen
    with pytest.raises(FormInvalid) as refusal:
        policy_application.submit(session, owner, theirs.id or 0, theirs.version, policies.answers(), "k")
    assert name in refusal.value.fields["records"]
    # Under another policy it is free.
    other = policies.published(session, **policies.REWARD)
    assert policies.sent(session, owner, other, record).computed_fen == 20_000_000


def test_6_5_an_offline_filing_counts_like_an_online_one(session: Session):
    world = worlds.investment_world(session)
    filed = world.bring_to(session, Status.APPROVED)
    of = policies.published(session, **policies.REWARD)
    record = entry(session, filed.owner)
    assert policies.sent(session, filed.owner, of, record).computed_fen > 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"side": "RECEIVER"}, "不是本单位可选取的记录"),
        ({"record_from": equity.day(59)}, "早于"),
        ({"record_to": equity.day(61)}, "晚于"),
        (policies.INTEREST | {"kinds": "EQUITY"}, "政策不接受这一类记录"),
    ],
)
def test_6_5_why_an_investment_cannot_be_chosen(session: Session, changes: dict[str, str], why: str):
    fund, _ = equity.closed(session, agreed_on=equity.day(90), paid_on=equity.day(60))
    of = policies.published(session, **policies.REWARD | changes)
    row = policy_application.start(session, fund, of.id or 0)
    key = policies.key_of(entry(session, fund))
    with pytest.raises(DomainError, match=why):
        policy_application.choose(session, fund, row.id or 0, row.version, key, chosen=True)


def test_6_5_nobody_chooses_others_investments(session: Session):
    fund, _ = equity.closed(session)
    stranger = factories.member(session, Kind.EQUITY)
    of = policies.published(session, **policies.REWARD)
    row = policy_application.start(session, stranger, of.id or 0)
    assert policy_view.form(session, stranger, row.id or 0).record_list.rows == []
    with pytest.raises(NotFound):
        policy_application.choose(
            session, stranger, row.id or 0, row.version, policies.key_of(entry(session, fund)), chosen=True
        )


def test_6_5_what_the_own_investments_would_bring(session: Session):
    fund, owner = equity.closed(session)
    policies.published(session, **policies.REWARD)
    for who in (fund, owner):
        (told,) = policy_open.for_me(session, who)
        assert "1 笔" in told.sentence and told.keys == policies.key_of(entry(session, fund))


def test_6_5_an_investment_without_the_day_of_its_money_is_told(session: Session):
    fund, _ = equity.closed(session)
    record = entry(session, fund)
    blank = record.model_copy(update={"id": 10**6, "paid_on": None})
    assert policy_records._investment(blank).barred == policy_records.UNPAID
    assert policy_records._investment(record).barred == ""
