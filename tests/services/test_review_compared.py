"""What a reviewer reads beside what: the submission before, or what is in force; nothing where there is no before."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from cpegi_app.models import ProductRevision
from cpegi_app.services import (
    notices,
    policy_claim_list,
    policy_review,
    product,
    review,
    review_desk,
    review_view,
)
from cpegi_app.vocabulary import Action, FileSlot, Status
from tests import factories, worlds
from tests.statements import said_to


def test_the_view_compares_with_the_last_submission(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.RETURNED)
    world.data |= {"amount_max": "800"}
    world.act(session, Action.SUBMIT)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    changed = [f for g in shown.groups for f in g.fields if f.changed]
    assert (shown.compared_with, [(f.title, f.old, f.value) for f in changed]) == (
        "上次提交",
        [("额度上限", "1,000 万元", "800 万元")],
    )
    assert [e.action for e in shown.events] == ["提交", "退回", "提交"]
    world.act(session, Action.RETURN)
    world.data |= {"c_debt_ratio_free": "", "c_debt_ratio_high": "65"}
    world.act(session, Action.SUBMIT)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    changed = [f for g in shown.groups for f in g.fields if f.changed]
    assert [(f.title, f.old, f.value) for f in changed] == [("资产负债率", "不限制", "≤ 65%")]
    assert shown.changed_count == 1
    assert (shown.can_approve, shown.can_return, shown.can_reject, shown.can_submit) == (
        True,
        True,
        False,
        False,
    )


def test_only_what_was_stated_before_is_compared_and_nothing_once_it_is_decided(session: Session):
    world = worlds.application_world(session).bring_to(session, Status.RETURNED)
    factories.upload(
        session, world.owner, world.flow, world.row_id, FileSlot.ATTACHMENT, name="报表.png", shade=9
    )
    world.data |= {"purpose": "购置设备"}
    world.act(session, Action.SUBMIT)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    assert {g.title for g in shown.groups if g.compared} == {"融资需求", "授权"}
    # What the platform adds beside the form was not kept with the submission before: that is no blank.
    (added,) = [f for g in shown.groups for f in g.fields if f.name == "authorisation"]
    assert (added.old, added.changed) == ("不作对比", False)
    assert [f.old for g in shown.groups for f in g.fields if f.name == "remark"] != ["不作对比"]
    assert (shown.changed_count, shown.new_files) == (1, ["附件 · 报表.png"])
    assert shown.new_ids == [f.id for f in shown.files if f.name == "报表.png"]
    world.act(session, Action.APPROVE)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    assert (shown.compared_with, shown.new_files) == ("", [])
    assert not any(g.compared for g in shown.groups)


def test_what_was_approved_once_is_not_compared_with_what_came_after_it(session: Session):
    world = worlds.product_world(session).bring_to(session, Status.APPROVED)
    revision = session.get_one(ProductRevision, world.row_id)
    later = product.change_draft(session, world.owner, revision.product_id)
    data = revision.data | {"amount_max": "800"}
    review.act(session, world.flow, world.owner, later.id, Action.SUBMIT, 1, values={"data": data})
    shown = review_view.view(session, world.flow, world.reviewer, later.id)
    assert (shown.compared_with, shown.changed_count) == ("现行资料", 1)
    product.delist(session, world.owner, revision.product_id, listed=False)
    review.act(session, world.flow, world.reviewer, later.id, Action.APPROVE, later.version)
    shown = review_view.view(session, world.flow, world.reviewer, world.row_id)
    assert (shown.compared_with, shown.changed_count) == ("", 0)
    # What stays off the list is not said to be on it.
    told = [n.text for n in notices.listing(session, world.owner, size=9)[0] if "审核通过" in n.title]
    assert [("未在平台首页展示" in t, "已发布" in t) for t in told] == [(True, False), (False, True)]


def test_nobody_is_asked_to_correct_what_the_platform_states(session: Session):
    world = worlds.disbursement_world(session).bring_to(session, Status.PENDING)
    found = review_desk.desk(session, world.reviewer, "disbursement", world.row_id)
    fixed = {f.name for g in found.groups for f in g.fields if not f.markable}
    assert fixed == {"lender", "borrower", "product", "approved", "done"}


READERS = {
    "disbursement": lambda session, w: review_desk.desk(session, w.reviewer, w.flow.name, w.row_id),
    "policy_application": lambda session, w: policy_review.desk(session, w.reviewer, w.row_id),
    "policy_claim": lambda session, w: policy_claim_list.desk(session, w.reviewer, w.row_id),
}


@pytest.mark.parametrize(
    ("name", "more"), [("disbursement", 0), ("policy_claim", 0), ("policy_application", 1)]
)
def test_a_desk_reads_the_files_of_its_subject_once(session: Session, name: str, more: int):
    """What they are compared with is another reading, and so is a policy's check that its materials are there."""
    world = worlds.WORLDS[name](session).bring_to(session, Status.RETURNED)
    world.act(session, Action.SUBMIT)
    session.expire_all()
    with said_to(session.connection()) as statements:
        shown = READERS[name](session, world)
    assert shown.files and [f.id for f in shown.files] == [f.id for f in shown.view.files]
    assert shown.view.compared_with
    read = [s.partition("WHERE")[2] for s in statements if "FROM stored_file" in s]
    assert len(read) == 2 + more, read
