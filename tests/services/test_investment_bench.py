"""What the 工作台 says of investments, to whom it waits for and to nobody else."""

from __future__ import annotations

from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.services import dashboard, investment, investment_form, online_investment
from cpegi_app.vocabulary import Action, Kind, Status
from tests import equity, factories, worlds


def waiting(session: Session, who: Actor) -> list[tuple[str, str, str]]:
    """Return tag, action and way of the investments on somebody's 工作台."""
    todos = dashboard.bench(session, who).todos
    return [(t.tag, t.action, t.href) for t in todos if "投资" in t.note or "到账" in t.note]


def test_a_filing_waits_with_the_project_side_and_then_with_the_institution(session: Session):
    world = worlds.investment_world(session)
    assert waiting(session, world.reviewer) == []
    world.act(session, Action.SUBMIT)
    number, row = world.row_id, world.row(session)
    assert waiting(session, world.reviewer) == [("线下投资确认", "确认", f"/console/investments/{number}")]
    assert waiting(session, world.owner) == []
    investment.object_to(
        session,
        world.reviewer,
        number,
        row.version,
        investment_form.strings(row) | {"amount": "800"},
        "到账金额与协议不同",
    )
    assert waiting(session, world.reviewer) == []
    ((_, action, href),) = waiting(session, world.owner)
    assert (action, href) == ("更正或答复", f"/console/equity/offline/{number}")
    for who in (equity.fund(session), factories.member(session), factories.member(session, Kind.DEBT)):
        assert waiting(session, who) == []


def test_a_filing_that_the_project_side_confirmed_waits_with_neither(session: Session):
    world = worlds.investment_world(session).bring_to(session, Status.PENDING)
    world.act(session, Action.APPROVE)
    assert waiting(session, world.reviewer) == waiting(session, world.owner) == []


def test_an_online_record_waits_with_whoever_has_not_confirmed(session: Session):
    row, fund, owner = equity.online(session, by="staff")
    tag = "线上投资确认"
    assert waiting(session, fund) == [(tag, "确认", f"/console/equity/records/{row.id}")]
    assert waiting(session, owner) == [(tag, "确认", f"/console/investments/online/{row.id}")]
    online_investment.confirm(session, owner, row.id or 0, row.version)
    assert waiting(session, owner) == [] and len(waiting(session, fund)) == 1
    online_investment.confirm(session, fund, row.id or 0, row.version)
    assert waiting(session, fund) == []
