"""发起政策申请: every published policy, page by page, what the reader may apply for on top (manual §8.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.errors import Forbidden
from cpegi_app.services import lists, policy, policy_open
from cpegi_app.vocabulary import Kind
from tests import factories, policies


def test_what_is_open_is_on_top_however_many_policies_there_are(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    before = policy_open.offers(session, firm)[1]
    soon = policies.published(session, staff, closes_on=(clock.today() + timedelta(days=2)).isoformat())
    late = policies.published(session, staff)
    stopped = policies.published(session, staff)
    policy.stop(session, staff, stopped.id or 0, stopped.version, "资金调整")
    for n in range(50):
        closes = (clock.today() + timedelta(days=60 + n)).isoformat()
        policies.published(session, staff, kinds="DEBT", closes_on=closes)
    found, total = [], before + 53
    for page in range(1, 20):
        rows, counted = policy_open.offers(session, firm, page=page, size=10)
        assert counted == total and len(rows) == min(10, max(0, total - len(found)))
        found += rows
        if len(found) == total:
            break
    ids = [o.id for o in found]
    assert len(set(ids)) == total
    # What closes first on top, then what says why not, what is over at the end.
    opened = [o.open for o in found]
    assert opened == sorted(opened, reverse=True) and all(o.open or o.reasons for o in found)
    assert ids.index(soon.id) < ids.index(late.id) < opened.index(False)
    assert ids.index(stopped.id) > max(n for n, o in enumerate(found) if o.state_label != "已停止")


def test_a_policy_is_found_by_a_word_and_the_list_is_exported(session: Session):
    firm = factories.member(session)
    policies.published(session, name="制造业技改奖补")
    shut = policies.published(session, name="制造业担保奖补", kinds="DEBT")
    policies.published(session, name="文旅奖补")
    rows, total = policy_open.offers(session, firm, word=" 制造业 ")
    assert total == 2 and [o.name for o in rows] == ["制造业技改奖补", "制造业担保奖补"]
    assert policy_open.offers(session, firm, word="%")[1] == 0
    lines, rest = lists.export(session, firm, policy_open.OFFERS, {"word": "制造业"})
    assert [line[5] for line in lines] == ["可以申请", "；".join(rows[1].reasons)] and not rest
    assert rows[1].id == shut.id
    with pytest.raises(Forbidden):
        policy_open.offers(session, factories.unverified(factories.member(session, Kind.DEBT)))
