"""What happens when many do the same thing at once, with real connections on both databases."""

from __future__ import annotations

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from cpegi_app import db
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, FormInvalid
from cpegi_app.models import (
    Attempt,
    Investment,
    InvestmentClaim,
    Loan,
    LoginSession,
    OnlineInvestment,
    Organisation,
    ReviewEvent,
    SmsCode,
    SmsOutbox,
    User,
)
from cpegi_app.services import (
    account,
    application,
    disbursement,
    equity_project,
    investment,
    offline_correction,
    online_investment,
    policy_application,
    policy_claim,
    product,
    report,
    review,
    sessions,
    sms,
    verification,
)
from cpegi_app.vocabulary import Action, Kind, SmsPurpose, Status
from tests import equity, factories, policies, redemption, worlds
from tests.worlds import WORLDS, World

# Rounds of each race; security.md asks for 250 of the first one, which a run by hand sets.
ROUNDS = int(os.environ.get("CPEGI_ROUNDS", "10"))
FEW = max(1, ROUNDS // 5)
pytestmark = pytest.mark.usefixtures("database")


def at_once(calls: list[Callable[[Session], Any]]) -> list[Any]:
    """Run every call in a transaction and thread of its own, all started together; return results or refusals."""
    start = threading.Barrier(len(calls))

    def one(call: Callable[[Session], Any]) -> Any:
        start.wait()
        try:
            with db.transaction() as session:
                return call(session)
        except DomainError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def made(build: Callable[[Session], Any]) -> Any:
    """Build something and commit it."""
    with db.transaction() as session:
        return build(session)


def kinds(results: list[Any]) -> Counter[str]:
    """Count the results by their type."""
    return Counter(type(r).__name__ for r in results)


def count(model: Any, *where: Any) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(model).where(*where)).one()


# --- the engine ---------------------------------------------------------------------------------------


def test_forty_approvals_at_once_are_one():
    for round_no, name in zip(range(ROUNDS), itertools.cycle(WORLDS), strict=False):
        world: World = made(lambda s, name=name: WORLDS[name](s).bring_to(s, Status.PENDING))
        version = made(lambda s, w=world: w.row(s).version)
        results = at_once([lambda s, w=world, v=version: w.act(s, Action.APPROVE, version=v)] * 40)
        refusals = [r for r in results if isinstance(r, DomainError)]
        assert len(refusals) == 39, (round_no, name, kinds(results))
        assert all(isinstance(r, Conflict) and "“审核通过”" in r.message for r in refusals)
        where = (
            ReviewEvent.flow == name,
            ReviewEvent.subject_id == world.row_id,
            ReviewEvent.action == "APPROVE",
        )
        assert count(ReviewEvent, *where) == 1


def test_approval_and_return_at_once_are_one_decision():
    for _ in range(FEW):
        world: World = made(lambda s: worlds.application_world(s).bring_to(s, Status.PENDING))
        version = made(lambda s, w=world: w.row(s).version)
        actions = [Action.APPROVE, Action.RETURN, Action.REJECT, Action.WITHDRAW] * 5
        results = at_once([lambda s, w=world, a=a, v=version: w.act(s, a, version=v) for a in actions])
        assert sum(not isinstance(r, DomainError) for r in results) == 1, kinds(results)


def test_twenty_equal_submissions_at_once_are_one():
    for name in itertools.islice(itertools.cycle(WORLDS), max(FEW, len(WORLDS))):
        world: World = made(WORLDS[name])
        version = made(lambda s, w=world: w.row(s).version)
        sent = [lambda s, w=world, v=version: w.act(s, Action.SUBMIT, key="once", version=v).status] * 20
        results = at_once(sent)
        assert results == [Status.PENDING] * 20
        assert count(ReviewEvent, ReviewEvent.flow == name, ReviewEvent.subject_id == world.row_id) == 1


def test_of_two_editors_at_once_one_is_kept():
    for _ in range(FEW):
        world: World = made(worlds.product_world)
        save = [
            lambda s, w=world, n=n: review.save_draft(s, w.flow, w.owner, w.row_id, 1, {"name": str(n)})
            for n in range(10)
        ]
        results = at_once(save)
        assert kinds(results) == {"ProductRevision": 1, "Conflict": 9}


# --- what may be there only once ----------------------------------------------------------------------


def _newcomer(session: Session) -> Callable[[Session], Any]:
    newcomer = factories.member(session, verified=False)
    return lambda s: verification.open_verification(s, newcomer).id


def _change(session: Session) -> Callable[[Session], Any]:
    verified = factories.member(session)
    return lambda s: verification.open_change(s, verified).id


def _product(session: Session) -> Callable[[Session], Any]:
    bank = factories.member(session, Kind.DEBT)
    target_id = worlds.listed_product(session, bank).id
    return lambda s: product.change_draft(s, bank, target_id).id


def _application(session: Session) -> Callable[[Session], Any]:
    applicant = factories.member(session)
    target_id = worlds.listed_product(session, factories.member(session, Kind.DEBT)).id
    return lambda s: application.open_application(s, applicant, target_id).id


def _disbursement(session: Session) -> Callable[[Session], Any]:
    bank = factories.member(session, Kind.DEBT)
    approved = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    return lambda s: disbursement.open_disbursement(s, bank, approved.row_id).id


def _correction(session: Session) -> Callable[[Session], Any]:
    bank = factories.member(session, Kind.DEBT)
    worlds.filing_world(session, bank).bring_to(session, Status.APPROVED)
    loan_id = session.exec(select(Loan.id).where(Loan.institution_id == bank.org_id)).one() or 0
    return lambda s: offline_correction.correct(s, bank, loan_id).id


def _report(session: Session) -> Callable[[Session], Any]:
    verified = factories.member(session)
    return lambda s: report.begin(s, verified, "INTERIM").id


def _project(session: Session) -> Callable[[Session], Any]:
    applicant = factories.member(session)
    listed = worlds.listed_project(session, applicant).id
    return lambda s: equity_project.change_draft(s, applicant, listed).id


def _investment(session: Session) -> Callable[[Session], Any]:
    investor = factories.member(session, Kind.EQUITY)
    return lambda s: investment.new_draft(s, investor).id


def _policy_application(session: Session) -> Callable[[Session], Any]:
    applicant, of = factories.member(session), policies.published(session)
    return lambda s: policy_application.start(s, applicant, of.id or 0).id


def _policy_claim(session: Session) -> Callable[[Session], Any]:
    verified = factories.member(session)
    grant = redemption.granted(session, verified, factories.staff(session))
    return lambda s: policy_claim.start(s, verified, grant.id or 0).id


# What makes the world of a draft that may be there only once, and returns what opens it.
OPENERS: dict[str, Callable[[Session], Callable[[Session], Any]]] = {
    "verification": _newcomer,
    "profile_change": _change,
    "product": _product,
    "application": _application,
    "disbursement": _disbursement,
    "offline_loan": _correction,
    "report": _report,
    "equity_project": _project,
    "investment": _investment,
    "policy_application": _policy_application,
    "policy_claim": _policy_claim,
}


@pytest.mark.parametrize("name", list(WORLDS))
def test_a_draft_opened_twice_at_once_is_one_draft(name: str):
    for _ in range(FEW):
        results = at_once([made(OPENERS[name])] * 10)
        assert len(set(results)) == 1, results
        assert isinstance(results[0], int)


def test_two_payments_submitted_at_once_do_not_exceed_the_approval():
    for _ in range(FEW):
        first: World = made(lambda s: worlds.disbursement_world(s, amount="300").bring_to(s, Status.PENDING))
        second: World = made(lambda s, w=first: second_draft(s, w))
        payments = [first, second]
        results = at_once([lambda s, w=w: w.act(s, Action.SUBMIT) for w in payments])
        assert kinds(results) == {"Disbursement": 1, "FormInvalid": 1}
        refusal = next(r for r in results if isinstance(r, FormInvalid))
        assert "批准额度还可放款 200 万元" in refusal.fields["amount"]


def second_draft(session: Session, first: World) -> World:
    """Return a second draft of the same application, and make the first one a draft again."""
    approved = World(application.FLOW, first.owner, first.owner, first.row(session).application_id, {})
    small = worlds.disbursement_world(session, approved, amount="200")
    first.act(session, Action.WITHDRAW)
    small.data |= {"amount": "300"}
    return small


def test_one_iou_under_two_applications_at_once_is_booked_once():
    for _ in range(FEW):
        bank: Actor = made(lambda s: factories.member(s, Kind.DEBT))
        pair = [made(lambda s, b=bank: payment(s, b)) for _ in range(2)]
        results = at_once([lambda s, w=w: w.act(s, Action.SUBMIT) for w in pair])
        for world, result in zip(pair, results, strict=True):
            if not isinstance(result, DomainError):
                made(lambda s, w=world: refusal_of(lambda: w.act(s, Action.APPROVE)))
        assert count(Loan, Loan.institution_id == bank.org_id) == 1


def payment(session: Session, bank: Actor) -> World:
    approved = worlds.application_world(session, bank).bring_to(session, Status.APPROVED)
    return worlds.disbursement_world(session, approved, iou_no="JJ-SAME")


def refusal_of(call: Callable[[], Any]) -> DomainError | None:
    try:
        call()
    except DomainError as refusal:
        return refusal
    return None


def test_of_one_investment_claimed_at_once_online_and_offline_there_is_one():
    for _ in range(FEW):
        fund, owner, staff, filing, lead, figures = made(one_investment)
        results = at_once(
            [
                lambda s, w=filing: w.act(s, Action.SUBMIT),
                lambda s, a=fund, n=lead, f=figures: online_investment.record(s, a, n, f),
                lambda s, a=staff, n=lead, f=figures: online_investment.record(s, a, n, f),
            ]
        )
        assert kinds(results)["FormInvalid"] == 2, results
        assert all("agreed_on" in r.fields for r in results if isinstance(r, FormInvalid))
        assert count(InvestmentClaim, InvestmentClaim.fingerprint.contains(owner)) == 1  # pyright: ignore
        alive = count(Investment, Investment.org_id == fund.org_id, Investment.status == Status.PENDING.value)
        assert alive + count(OnlineInvestment, OnlineInvestment.org_id == fund.org_id) == 1


def one_investment(session: Session) -> tuple[Actor, str, Actor, World, int, dict[str, str]]:
    """Return an investment that the institution files offline and can record online, as the staff can."""
    fund, owner = equity.fund(session), factories.member(session)
    lead = equity.lead(session, fund, equity.project(session, owner))
    figures = equity.figures()
    filing = worlds.investment_world(session, fund, owner, agreed_on=figures["agreed_on"])
    code = equity.org(session, owner).credit_code or ""
    return fund, code, factories.staff(session), filing, lead.id or 0, figures


def test_of_two_accounts_with_one_credit_code_one_is_verified():
    for _ in range(FEW):
        code = factories.credit_code()
        build = lambda s, c=code: worlds.verification_world(s, credit_code=c).bring_to(s, Status.PENDING)  # noqa: E731
        pair = [made(build), made(build)]
        results = at_once([lambda s, w=w: w.act(s, Action.APPROVE) for w in pair])
        assert kinds(results) == {"Verification": 1, "Conflict": 1}, results
        assert count(Organisation, Organisation.credit_code == code) == 1


# --- codes and logins ---------------------------------------------------------------------------------


def new_code(purpose: SmsPurpose = SmsPurpose.REGISTER) -> tuple[str, str]:
    phone = factories.phone()
    return phone, made(lambda s: sms.request_code(s, phone, purpose).demo_code)


def test_a_hundred_right_answers_at_once_are_one_success():
    for _ in range(FEW):
        phone, code = new_code()
        results = at_once([lambda s, p=phone, c=code: account.use_code(s, p, SmsPurpose.REGISTER, c)] * 100)
        assert kinds(results) == {"NoneType": 1, "CountedRefusal": 99}


def test_sixty_wrong_answers_at_once_are_five_tries():
    phone, code = new_code()
    wrong = [f"{(int(code) + n) % 1_000_000:06d}" for n in range(1, 61)]
    results = at_once([lambda s, c=c: sms.check_code(s, phone, SmsPurpose.REGISTER, c) for c in wrong])
    assert kinds(results) == {"CountedRefusal": 60}
    assert sum("还可尝试" in r.message or "已作废" in r.message for r in results) == 5
    with db.reading() as session:
        assert session.exec(select(SmsCode.tries).where(SmsCode.phone == phone)).one() == 5


def refusing(results: list[Any], refusal: str) -> Counter[str]:
    """Count what came of it; who got no turn in time on a busy machine is refused as well, and wrote nothing."""
    found = kinds(results)
    found[refusal] += found.pop("Busy", 0)
    return found


def test_thirty_requests_at_once_send_one_message():
    for _ in range(FEW):
        phone = factories.phone()
        results = at_once([lambda s, p=phone: sms.request_code(s, p, SmsPurpose.REGISTER)] * 30)
        assert refusing(results, "TooMany") == {"Sent": 1, "TooMany": 29}
        assert count(SmsCode, SmsCode.phone == phone) == 1


def test_thirty_wrong_passwords_at_once_are_three_tries():
    for _ in range(FEW):
        user: User = made(factories.user)
        results = at_once([lambda s, u=user: account.sign_in(s, u.phone, False, "ENTERPRISE", "")] * 30)
        assert kinds(results) == {"CountedRefusal": 3, "TooMany": 27}
        assert count(Attempt, Attempt.subject == user.phone) == 3


def test_one_code_registers_one_account():
    for _ in range(FEW):
        phone, code = new_code()
        results = at_once([lambda s, p=phone, c=code: account.register(s, p, c, "!", "")] * 20)
        assert refusing(results, "CountedRefusal") == {"str": 1, "CountedRefusal": 19}
        assert count(User, User.phone == phone) == 1


def test_a_ticket_opens_one_login():
    for _ in range(FEW):
        user: User = made(factories.user)
        ticket = made(lambda s, u=user: sessions.issue_ticket(s, u.id))
        results = at_once([lambda s, t=ticket: sessions.redeem_ticket(s, t)] * 20)
        assert kinds(results) == {"str": 1, "NoneType": 19}
        assert count(LoginSession, LoginSession.user_id == user.id) == 1


def test_the_outbox_gives_each_message_to_one_claimer():
    made(lambda s: [sms.send_later(s, factories.phone(), "号码已更换", f"phone:{n}") for n in range(60)])
    claimed = at_once([lambda s: [m.id for m in sms.claim(s)]] * 5)
    together = [i for ids in claimed for i in ids]
    assert len(together) == len(set(together)) == 60
    assert count(SmsOutbox, col(SmsOutbox.attempts) == 1) == 60


def test_two_who_take_the_same_new_number_at_once_are_one():
    for _ in range(FEW):
        number = factories.phone()
        actors = [made(factories.member) for _ in range(2)]
        codes = [
            made(lambda s, a=a: account.request_own_code(s, a, SmsPurpose.OLD_PHONE, "").demo_code)
            for a in actors
        ]
        new = made(lambda s, a=actors[0], n=number: account.request_new_number_code(s, a, n, "").demo_code)
        results = at_once(
            [
                lambda s, a=a, c=c, n=number, k=new: account.change_phone(s, a, c, n, k)
                for a, c in zip(actors, codes, strict=True)
            ]
        )
        assert kinds(results) == {"str": 1, "CountedRefusal": 1}, results
