"""结束放款: what an enterprise no longer draws waits for ever nowhere, and is never paid after all."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.errors import Conflict, DomainError, Forbidden, FormInvalid, NotFound
from cpegi_app.models import AuditEntry, Disbursement, DisbursementEnd
from cpegi_app.services import (
    application,
    application_list,
    dashboard,
    disbursement,
    disbursement_end,
    notices,
)
from cpegi_app.vocabulary import Action, Kind, Status
from tests import factories, worlds
from tests.worlds import World

WHY = "企业已自筹资金，不再提款"


def approved(session: Session) -> World:
    return worlds.application_world(session).bring_to(session, Status.APPROVED)


def row_of(session: Session, world: World) -> application_list.ApplicationRow:
    return application_list.rows(session, [world.row(session)])[0]


def test_an_ended_application_is_paid_no_more_and_both_sides_read_why(session: Session):
    world = approved(session)
    bank, before = world.reviewer, row_of(session, world)
    draft = disbursement.open_disbursement(session, bank, world.row_id)
    assert before.can_disburse and dashboard.bench(session, bank).waiting == 1
    disbursement_end.end(session, bank, world.row_id, f" {WHY} ")
    session.flush()
    row = row_of(session, world)
    assert (row.can_disburse, row.progress) == (False, "未放款，已结束")
    assert row.ended.startswith("放款已于 ") and row.ended.endswith(WHY)
    assert application_list.step_of(row.progress) == 4
    assert dashboard.bench(session, bank).waiting == 0
    assert session.get(Disbursement, draft.id) is None
    with pytest.raises(Conflict, match=r"不能再登记放款.*重新申请"):
        disbursement.open_disbursement(session, bank, world.row_id)
    with pytest.raises(Conflict, match="不能再登记放款"):
        disbursement_end.end(session, bank, world.row_id, WHY)
    (told,) = [n for n in notices.listing(session, world.owner, size=9)[0] if "放款已结束" in n.title]
    assert WHY in told.text and "可再次申请" in told.text
    noted = select(AuditEntry).where(col(AuditEntry.subject) == f"application:{world.row_id}")
    assert "disbursement.end" in [e.action for e in session.exec(noted)]
    again = application.open_application(session, world.owner, world.row(session).product_id)
    assert again.id != world.row_id


def test_a_reason_that_ends_its_sentence_ends_it_once(session: Session):
    world = approved(session)
    disbursement_end.end(session, world.reviewer, world.row_id, "企业已用其他资金，不再提款。")
    row = row_of(session, world)
    assert row.ended.endswith("不再提款")
    told = notices.listing(session, world.owner, size=9)[0]
    assert not any("。。" in n.text for n in told)
    with pytest.raises(FormInvalid, match="请填写结束放款的原因"):
        disbursement_end.end(session, world.reviewer, world.row_id, "。")


def test_what_was_paid_before_the_end_stays_in_the_book(session: Session):
    world = approved(session)
    worlds.disbursement_world(session, world, amount="100").bring_to(session, Status.APPROVED)
    disbursement_end.end(session, world.reviewer, world.row_id, WHY)
    row = row_of(session, world)
    assert (row.progress, row.disbursed, row.can_disburse) == ("部分放款，已结束", "100 万元", False)
    (told,) = [n for n in notices.listing(session, world.owner, size=9)[0] if "放款已结束" in n.title]
    assert "已放款 100 万元，其余不再放款" in told.text


@pytest.mark.parametrize(
    ("status", "match"), [(Status.PENDING, "正在等待平台审核"), (Status.RETURNED, "先在放款进度中放弃修改")]
)
def test_a_payment_on_its_way_has_to_be_settled_before(session: Session, status: Status, match: str):
    world = approved(session)
    payment = worlds.disbursement_world(session, world, amount="100").bring_to(session, status)
    with pytest.raises(Conflict, match=match):
        disbursement_end.end(session, world.reviewer, world.row_id, WHY)
    assert session.exec(select(DisbursementEnd)).all() == []
    payment.act(session, Action.WITHDRAW)
    disbursement_end.end(session, world.reviewer, world.row_id, WHY)
    with pytest.raises(DomainError, match="不能再登记放款"):
        payment.act(session, Action.SUBMIT)


def test_nothing_is_ended_that_is_paid_in_full_or_not_approved(session: Session):
    world = approved(session)
    worlds.disbursement_world(session, world, amount="500").bring_to(session, Status.APPROVED)
    with pytest.raises(Conflict, match="已全部放款"):
        disbursement_end.end(session, world.reviewer, world.row_id, WHY)
    waiting = worlds.application_world(session).bring_to(session, Status.PENDING)
    with pytest.raises(Conflict, match="尚未审核通过"):
        disbursement_end.end(session, waiting.reviewer, waiting.row_id, WHY)


def test_only_the_institution_ends_and_says_why(session: Session):
    world = approved(session)
    for reason in ("", " ", "长" * 201):
        with pytest.raises(FormInvalid):
            disbursement_end.end(session, world.reviewer, world.row_id, reason)
    for row_id in (world.row_id, 0, -1, 2**63):
        with pytest.raises(NotFound):
            disbursement_end.end(session, factories.member(session, Kind.DEBT), row_id, WHY)
    for who in (factories.staff(session), factories.regulator(session)):
        with pytest.raises(Forbidden):
            disbursement_end.end(session, who, world.row_id, WHY)
    with pytest.raises((Forbidden, NotFound)):
        disbursement_end.end(session, world.owner, world.row_id, WHY)
    assert row_of(session, world).can_disburse
