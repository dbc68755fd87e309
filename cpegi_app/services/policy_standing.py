"""Where a grant stands, its claim and payment included: told one by one, and found in SQL by the same words (manual §8.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import Organisation, Payment, PaymentBatch, Policy, PolicyClaim, PolicyGrant
from cpegi_app.services import policy_claim
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.lists import Filters
from cpegi_app.vocabulary import TONES, Status
from cpegi_app.vocabulary.policy import GRANT_TONES, BatchState, GrantState, PaymentState, WindowState

G, C, L = PolicyGrant, PolicyClaim, aliased(PolicyClaim)
# What lists tell and offer to filter by.
STANDINGS = {
    "WAITING": GrantState.WAITING.label,
    "PUBLIC": GrantState.PUBLIC.label,
    "CONFIRMED": GrantState.CONFIRMED.label,
    "LATE": "逾期未兑现",
    "UNSENT": "兑现申请未提交",
    "WITHDRAWN": "兑现申请已撤回",
    "PENDING": "兑现审核中",
    "RETURNED": "兑现申请已退回",
    "REJECTED": "兑现审核不通过",
    "APPROVED": "待拨付",
    # Approved under a name that has changed since: the applicant has to ask again.
    "AGAIN": "须重新申请",
    "PAYING": "拨付中",
    "FAILED": "拨付失败",
    "PAID": GrantState.PAID.label,
    "REVOKED": GrantState.REVOKED.label,
}
Told = tuple[str, str, str]


def of(session: Session, g: PolicyGrant) -> str:
    """Return where a grant stands, as its owner reads it."""
    return told(session, [g])[g.id or 0][0]


def told(session: Session, grants: list[PolicyGrant]) -> dict[int, Told]:
    """Return where each of some grants stands, by its id: the words, their tone, what else is to be said."""
    claims = policy_claim.latest_of(session, [g.id or 0 for g in grants])
    return {g.id or 0: _told(session, g, claims.get(g.id or 0)) for g in grants}


def failure_told(session: Session, grant_id: int) -> str:
    """Return when, to which account and why the newest payment of a grant failed; empty unless it did."""
    query = select(Payment).where(Payment.grant_id == grant_id).order_by(col(Payment.id).desc())
    found = session.exec(query).first()
    if found is None or found.state != PaymentState.FAILED:
        return ""
    return f"{clock.local(found.updated_at)[:10]} 拨付失败（{found.bank}，尾号 {found.account_no[-4:]}）：{found.failure}"


def _told(session: Session, g: PolicyGrant, claim: PolicyClaim | None) -> Told:
    why = policy_claim.closed_sentence(session, g)
    if g.state != GrantState.CONFIRMED:
        return GrantState.label_of(g.state), GRANT_TONES[g.state], "" if g.state == GrantState.PAID else why
    if claim is None:
        if _is_past(session, g):
            return STANDINGS["LATE"], "grey", why
        return GrantState.CONFIRMED.label, GRANT_TONES[g.state], why
    return _claimed(session, g, claim, why)


def _is_past(session: Session, g: PolicyGrant) -> bool:
    policy = session.get_one(Policy, g.policy_id)
    return definitions.window(policy.redeem_opens_at, policy.redeem_closes_at) == WindowState.PAST


def _claimed(session: Session, g: PolicyGrant, claim: PolicyClaim, why: str) -> Told:
    if claim.status == Status.DRAFT and claim.submitted_at:
        return STANDINGS["WITHDRAWN"], "orange", ""
    if claim.status == Status.DRAFT:
        return STANDINGS["UNSENT"], "grey", "" if claim.round > 1 else why
    if claim.status == Status.APPROVED:
        return _approved(session, g, claim)
    label, reason = STANDINGS[claim.status], claim.reason if claim.status != Status.PENDING else ""
    return label, TONES[claim.status], reason


def _approved(session: Session, g: PolicyGrant, claim: PolicyClaim) -> Told:
    if payment := policy_claim.living_payment(session, g.id or 0):
        return STANDINGS["PAYING"], "blue", _on_its_way(session, claim, payment)
    if failed := policy_claim.last_failure(session, claim.id or 0):
        return STANDINGS["FAILED"], "red", f"{failed.failure}，请核对收款账户后重新申请兑现"
    if wrong := policy_claim.misnamed(session, claim):
        return STANDINGS["AGAIN"], "red", f"{wrong}，请重新申请兑现"
    return STANDINGS["APPROVED"], "blue", "审核已通过，将编入拨付批次"


def _on_its_way(session: Session, claim: PolicyClaim, payment: Payment) -> str:
    """Return what is said of a payment under way: a batch that has not gone out yet will not pay another name."""
    wrong = policy_claim.misnamed(session, claim)
    if wrong and session.get_one(PaymentBatch, payment.batch_id).state == BatchState.OPEN:
        return f"{wrong}，这笔拨付将移出批次，移出后请重新申请兑现"
    return "已编入拨付批次，请留意到账通知"


# --- the same in SQL ----------------------------------------------------------------------------------


def where(session: Session, filters: Filters, *among: Any) -> list[Any]:
    """Return the conditions of the standing that a list is filtered by, none when it is not.

    `among` are the conditions of the list itself.
    """
    code = filters.get("state", "")
    if code not in STANDINGS:
        return []
    if code in GrantState._value2member_map_ and code != GrantState.CONFIRMED:
        return [col(G.state) == code]
    confirmed = col(G.state) == GrantState.CONFIRMED.value
    return [confirmed, *_claim_where(session, code, confirmed, *among)]


def misnamed(session: Session, *where: Any) -> set[int]:
    """Return the claims, of those that conditions bring, whose payee's name is its organisation's no more."""
    query = select(C.id, C.org_id, C.payee_name).join(Organisation, col(Organisation.id) == C.org_id)
    # Alike to the letter is alike: only the others are looked at closely.
    found = session.exec(query.where(*where, C.payee_name != Organisation.name)).all()
    wrong = policy_claim.renamed(session, [(org, name) for _, org, name in found])
    return {i or 0 for i, org, name in found if (org, name) in wrong}


def _claim_where(session: Session, code: str, *among: Any) -> list[Any]:
    if code in ("CONFIRMED", "LATE"):
        past = select(Policy.id).where(
            col(Policy.redeem_opens_at).is_not(None), col(Policy.redeem_closes_at) <= clock.now()
        )
        late = col(G.policy_id).in_(past)
        return [~select(C.id).where(C.grant_id == G.id).exists(), late if code == "LATE" else ~late]
    paying = (
        select(Payment.id)
        .where(Payment.grant_id == C.grant_id, Payment.state != PaymentState.FAILED.value)
        .exists()
    )
    failed = select(Payment.id).where(Payment.claim_id == C.id).exists()
    sent = col(C.submitted_at).is_not(None)
    draft, approved = C.status == Status.DRAFT.value, C.status == Status.APPROVED.value
    which: dict[str, list[Any]] = {
        "UNSENT": [draft, ~sent],
        "WITHDRAWN": [draft, sent],
        "APPROVED": [approved, ~paying, ~failed],
        "AGAIN": [approved, ~paying, ~failed],
        "PAYING": [approved, paying],
        "FAILED": [approved, ~paying, failed],
    }
    # The newest claim is the one that counts.
    newest = select(func.max(col(L.id))).where(L.grant_id == G.id).correlate(G).scalar_subquery()
    claim = [C.grant_id == G.id, C.id == newest, *which.get(code, [C.status == code])]
    if code in ("APPROVED", "AGAIN"):
        again = col(C.id).in_(misnamed(session, *claim, *among))
        claim.append(again if code == "AGAIN" else ~again)
    return [select(C.id).where(*claim).correlate(G).exists()]
