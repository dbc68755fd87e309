"""What waits on the 工作台 is counted whole and told oldest first, whatever there is room for."""

from __future__ import annotations

from sqlmodel import Session

from cpegi_app.access import APPLICATIONS, REQUESTS
from cpegi_app.services import application_list, dashboard, lists
from cpegi_app.vocabulary import Kind, Status
from tests import factories, worlds

MANY = 7


def test_approved_applications_that_wait_for_their_payment_are_all_counted(session: Session):
    bank = factories.member(session, Kind.DEBT)
    made = [worlds.application_world(session, bank).bring_to(session, Status.APPROVED) for _ in range(MANY)]
    found = dashboard.bench(session, bank)
    unpaid = [t for t in found.todos if t.tag == "待放款"]
    assert [t.href for t in unpaid[:-1]] == [f"/console/requests/{w.row_id}" for w in made[:5]]
    last = unpaid[-1]
    assert (last.title, last.action, last.href) == (
        "还有 2 项待放款",
        "查看全部",
        f"{REQUESTS.route}?status=UNPAID",
    )
    assert found.waiting == MANY and sum(t.counts for t in found.todos) == MANY
    wanted = {"status": application_list.UNPAID[0]}
    assert lists.page(session, bank, application_list.REQUESTS, wanted, page=1, size=20).total == MANY
    worlds.disbursement_world(session, made[0]).bring_to(session, Status.PENDING)
    assert dashboard.bench(session, bank).waiting == MANY - 1
    assert lists.page(session, bank, application_list.REQUESTS, wanted, page=1, size=20).total == MANY - 1


def test_of_what_was_returned_the_oldest_comes_first_and_the_rest_is_counted(session: Session):
    firm = factories.member(session, Kind.ENTERPRISE)
    made = []
    for _ in range(MANY):
        world = worlds.application_world(session)
        row = world.row(session)
        row.org_id = firm.org_id
        session.flush()
        made.append(world)
    for world in made:
        world.owner = firm
        world.bring_to(session, Status.RETURNED)
    todos = [t for t in dashboard.bench(session, firm).todos if t.tag == "融资申请已退回"]
    assert [t.href for t in todos[:-1]] == [f"/console/apply/{w.row(session).product_id}" for w in made[:5]]
    assert (todos[-1].counts, todos[-1].href) == (2, f"{APPLICATIONS.route}?status=RETURNED")


def test_what_an_institution_has_to_decide_is_counted_beyond_what_is_shown(session: Session):
    bank = factories.member(session, Kind.DEBT)
    made = [worlds.application_world(session, bank).bring_to(session, Status.PENDING) for _ in range(10)]
    found = dashboard.bench(session, bank)
    assert [t.href for t in found.todos[:8]] == [f"/console/requests/{w.row_id}" for w in made[:8]]
    assert (found.todos[8].counts, found.todos[8].href) == (2, f"{REQUESTS.route}?status=PENDING")
    assert found.waiting == 10
