"""Policies for the tests: a draft that can be published, published policies, loans in the book, applications sent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import InvestmentRecord, Loan, Organisation, Policy, PolicyApplication
from cpegi_app.services import files, policy, policy_application, policy_budget, policy_form, review
from cpegi_app.services.policy_definition import Definition, of_version
from cpegi_app.vocabulary import Action
from tests import factories

FLOW = policy_application.FLOW
FEE = {"title": "审计费", "kind": "NUMBER", "required": "YES", "unit": "元", "low": "1000"}
ON = {"title": "合同日期", "kind": "DATE", "required": "YES"}
SORT = {"title": "类型", "kind": "CHOICE", "required": "", "options": "年报审计、专项审计"}
AUDIT = {
    "rule": "PERCENT",
    "fixed": "",
    "percent": "50",
    "base": "ANSWER",
    "base_question": "审计费",
    "case_cap": "3",
}


def draft_values(**changes: str) -> dict[str, str]:
    """Return a right form of a policy: a fixed sum for enterprises, open from yesterday for thirty days."""
    today = clock.today()
    data = {
        "name": f"中小企业奖补政策{factories.number()}",
        "category": "OTHER",
        "document_no": "郑政文〔2026〕12号",
        "summary": "对符合条件的企业给予一次性奖补",
        "department": "市金融工作办公室",
        "phone": "0371-60000000",
        "opens_on": (today - timedelta(days=1)).isoformat(),
        "closes_on": (today + timedelta(days=30)).isoformat(),
        "kinds": "ENTERPRISE",
        "rule": "FIXED",
        "fixed": "5",
    }
    return policy_form.fresh()["values"] | data | changes


INTEREST = {
    "category": "LOAN_INTEREST",
    "source": "LOAN",
    "side": "EITHER",
    "kinds": "ENTERPRISE,DEBT",
    "rule": "INTEREST",
    "fixed": "",
    "interest_from": "2026-01-01",
    "interest_to": "2026-12-31",
    "record_most": "50",
}


REWARD = {
    "category": "INVEST_REWARD",
    "source": "INVESTMENT",
    "side": "EITHER",
    "kinds": "EQUITY,ENTERPRISE",
    "rule": "PERCENT",
    "fixed": "",
    "percent": "2",
    "base": "RECORDS",
}


def draft(
    session: Session,
    staff: Actor,
    *,
    materials: tuple[dict[str, str], ...] = (),
    questions: tuple = (),
    **changes: str,
) -> Policy:
    """Return a policy's draft with its materials and questions."""
    row = policy.begin(session, staff)
    row.draft = policy_form.fresh()
    values = draft_values(**changes)
    for what, parts in (("materials", materials), ("questions", questions)):
        for part in parts:
            row.draft = policy_form.with_row(row.draft, what)
            code = row.draft[what][-1]
            values |= row.draft["values"] | values
            values |= {f"{what[0]}_{code}_{name}": value for name, value in part.items()}
    policy.save(session, staff, row.id or 0, row.version, values)
    return row


def published(session: Session, staff: Actor | None = None, **more: Any) -> Policy:
    """Return a published policy."""
    staff = staff or factories.staff(session)
    row = draft(session, staff, **more)
    policy.publish(session, staff, row.id or 0, row.version)
    session.refresh(row)
    return row


def definition(session: Session, row: Policy) -> Definition:
    """Return the version in force."""
    return of_version(session, row.version_id or 0)


def loan(
    session: Session, borrower: Actor, lender: Actor | None = None, *, fen: int = 100_000_000, **changes: Any
) -> Loan:
    """Return a loan of the book between two organisations."""
    lender = lender or factories.member(session, factories.Kind.DEBT)
    org = session.get_one(Organisation, borrower.org_id)
    values: dict[str, Any] = {
        "source": "OFFLINE",
        "institution_id": lender.org_id,
        "borrower_id": org.id,
        "borrower_name": org.name,
        "borrower_code": org.credit_code or "",
        "contract_no": f"HT-{factories.number():06d}",
        "iou_no": f"JJ-{factories.number():06d}",
        "contract_fen": fen,
        "amount_fen": fen,
        "lent_on": date(2026, 3, 1),
        "due_on": date(2027, 3, 1),
        "rate_bp": 385,
        "guarantee": "CREDIT",
        "repayment": "INTEREST_FIRST",
    }
    row = Loan(**(values | changes))
    session.add(row)
    session.flush()
    return row


def answers(**changes: str) -> dict[str, str]:
    """Return a right form of an application without questions."""
    return {"contact": "李敏", "phone": "13800001234", "note": "", "asked": "", "promise": "YES"} | changes


Chosen = Loan | InvestmentRecord


def key_of(record: Chosen) -> str:
    """Return how a form names a record."""
    return f"{'LOAN' if isinstance(record, Loan) else 'INVESTMENT'}:{record.id}"


def begun(session: Session, actor: Actor, of: Policy, *records: Chosen) -> PolicyApplication:
    """Return an application begun with records, its materials uploaded."""
    keys = ",".join(map(key_of, records))
    row = policy_application.start(session, actor, of.id or 0, keys)
    for m in definition(session, of).materials:
        files.attach(session, actor, FLOW.name, row.id or 0, m.code, "材料.png", factories.png())
    return row


def sent(session: Session, actor: Actor, of: Policy, *records: Chosen, **changes: str) -> PolicyApplication:
    """Return an application that has been received."""
    row = begun(session, actor, of, *records)
    return policy_application.submit(
        session, actor, row.id or 0, row.version, answers(**changes), f"key-{factories.number()}"
    )


def act(session: Session, who: Actor, row: Any, action: Action, comment: str = "", **more: Any) -> Any:
    """Take an action on the row as it stands now."""
    row = session.get_one(type(row), row.id)
    return review.act(session, FLOW, who, row.id, action, row.version, comment=comment, **more)


def fresh(session: Session, row: PolicyApplication) -> PolicyApplication:
    """Return the row as it stands: the engine hands out copies."""
    return session.get_one(PolicyApplication, row.id, populate_existing=True)


def held(session: Session, of: Policy) -> tuple[int, int]:
    """Return what of the budget is held, and the receipts given."""
    found = policy_budget.of(session, of.id or 0)
    return found.held_fen, found.receipts
