"""The way from a received application to its payment, for the tests: each function goes one station further."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from openpyxl import Workbook, load_workbook
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.models import Policy, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import (
    files,
    policy_claim,
    policy_claim_list,
    policy_payment,
    policy_payment_file,
    policy_payment_result,
    policy_publicity,
    policy_review,
    review,
)
from cpegi_app.services.policy_payment_result import Outcome
from cpegi_app.vocabulary import Action
from tests import factories, policies

RECEIPT = policy_claim.RECEIPT


def policy(session: Session, staff: Actor | None = None, **changes: Any) -> Policy:
    """Return a published policy that is open for redemption."""
    today = clock.today()
    window = {
        "redeem_opens_on": (today - timedelta(days=1)).isoformat(),
        "redeem_closes_on": (today + timedelta(days=90)).isoformat(),
    }
    return policies.published(session, staff, **(window | changes))


def received(session: Session, of: Policy, owner: Actor | None = None, **changes: str) -> PolicyApplication:
    """Return an application that waits for 形式审查."""
    return policies.sent(session, owner or factories.member(session), of, **changes)


def approve(session: Session, staff: Actor, row: PolicyApplication, **payload: str) -> PolicyApplication:
    """Let one person approve both stages."""
    for _ in range(2):
        row = fresh(session, row)
        more = {"payload": payload, "comment": "同意"}
        policy_review.decide(session, staff, row.id or 0, Action.APPROVE, row.version, **more)
    return fresh(session, row)


def fresh(session: Session, row: Any) -> Any:
    """Return a row as it stands; the engine lets go of those it writes."""
    return session.get_one(type(row), row.id, populate_existing=True)


def grant_of(session: Session, row: PolicyApplication) -> PolicyGrant:
    """Return what an approval granted."""
    return session.exec(select(PolicyGrant).where(PolicyGrant.application_id == row.id)).one()


def publish(session: Session, staff: Actor, of: Policy) -> int:
    """Publish everything of a policy that waits; return the publication's id."""
    seen = policy_publicity.preview(session, staff, of.id or 0)
    return policy_publicity.publish(session, staff, of.id or 0, seen.count, seen.total_fen)


def days_pass(days: float) -> None:
    """Move the clock on."""
    clock.shift(clock._shift + timedelta(days=days))


@contextmanager
def earlier(days: float) -> Iterator[None]:
    """Let the clock stand so many days back."""
    before = clock._shift
    days_pass(-days)
    try:
        yield
    finally:
        clock.shift(before)


def granted(session: Session, owner: Actor, staff: Actor, **changes: Any) -> PolicyGrant:
    """Return a grant that may be redeemed now: everything before lies a week back."""
    with earlier(7):
        of = policy(session, staff, **changes)
        row = approve(session, staff, received(session, of, owner))
        publicity = publish(session, staff, of)
    policy_publicity.confirm(session, staff, publicity)
    return fresh(session, grant_of(session, row))


def confirmed(session: Session, staff: Actor, of: Policy, *rows: PolicyApplication) -> list[PolicyGrant]:
    """Approve, publish, wait and confirm; the grants may be redeemed."""
    for row in rows:
        approve(session, staff, row)
    publicity = publish(session, staff, of)
    days_pass(6)
    policy_publicity.confirm(session, staff, publicity)
    return [fresh(session, grant_of(session, row)) for row in rows]


def claim_data(name: str, **changes: str) -> dict[str, str]:
    """Return a right form of a redemption."""
    data = {"payee_name": name, "bank": "中国银行郑州科学大道支行", "account_no": "6217 0012 3456 7890"}
    return data | {"confirmed": "YES"} | changes


def begun(session: Session, owner: Actor, grant: PolicyGrant) -> PolicyClaim:
    """Return a claim with its receipt."""
    row = policy_claim.start(session, owner, grant.id or 0)
    files.attach(session, owner, policy_claim.NAME, row.id or 0, RECEIPT, "收据.png", factories.png())
    return row


def claim(session: Session, owner: Actor, grant: PolicyGrant, **changes: str) -> PolicyClaim:
    """Return a claim that has been sent."""
    row = begun(session, owner, grant)
    values = {"data": claim_data(grant.org_name, **changes)}
    return review.act(
        session,
        policy_claim.FLOW,
        owner,
        row.id or 0,
        Action.SUBMIT,
        row.version,
        key=f"key-{factories.number()}",
        values=values,
    )


def checked(session: Session, staff: Actor, row: PolicyClaim) -> PolicyClaim:
    """Approve a claim: it may be paid."""
    row = fresh(session, row)
    policy_claim_list.decide(session, staff, row.id or 0, Action.APPROVE, row.version)
    return fresh(session, row)


def payable(session: Session, staff: Actor, of: Policy, *owners: Actor) -> list[PolicyClaim]:
    """Return claims that may be paid, one an owner."""
    rows = [received(session, of, owner) for owner in owners]
    grants = confirmed(session, staff, of, *rows)
    return [
        checked(session, staff, claim(session, owner, grant))
        for owner, grant in zip(owners, grants, strict=True)
    ]


def batch(session: Session, staff: Actor, *claims: PolicyClaim, out: bool = True) -> int:
    """Return a batch of claims that has gone out to the finance office."""
    made = policy_payment.make(session, staff, [c.id or 0 for c in claims], "十一月拨付")
    if out:
        policy_payment.send_out(session, staff, made, 1)
    return made


def exported(session: Session, staff: Actor, batch_id: int, kind: str) -> tuple[str, bytes]:
    """Return the file for the finance office: its name and its content."""
    name = policy_payment_file.taken(session, staff, batch_id, kind)
    return name, policy_payment_file.content(session, staff, batch_id, kind)


def out_rows(session: Session, staff: Actor, batch_id: int) -> list[list[Any]]:
    """Return the exported sheet as its cells."""
    _, data = exported(session, staff, batch_id, "xlsx")
    sheet = load_workbook(io.BytesIO(data)).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]  # pyright: ignore[reportOptionalMemberAccess]


def filled(rows: list[list[Any]], *results: tuple[str, ...]) -> bytes:
    """Return the exported file with results (result, day, voucher, why) in its lines."""
    book = Workbook()
    for n, row in enumerate(rows):
        line = list(row)
        if 0 < n <= len(results):
            line[7:11] = [*results[n - 1], "", "", "", ""][:4]
        book.active.append(line)  # pyright: ignore[reportOptionalMemberAccess]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def paid(voucher: str = "PZ-1") -> tuple[str, str, str]:
    """Return the result of a payment that arrived today."""
    return "成功", clock.today().isoformat(), voucher


def failed(why: str = "账号不存在") -> tuple[str, str, str, str]:
    """Return the result of a payment that did not arrive."""
    return "失败", "", "", why


def returned(session: Session, staff: Actor, batch_id: int, data: bytes, name: str = "结果.xlsx") -> Outcome:
    """Import a returned file."""
    lines = policy_payment_file.read(name, data)
    return policy_payment_result.take(session, staff, batch_id, name, data, lines)
