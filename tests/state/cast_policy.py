"""Policies for the cast: an application, a claim and a batch at each screen of the way to the money."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from cpegi_app import access
from cpegi_app.access import Actor, Screen
from cpegi_app.models import PolicyClaim, PolicyGrant
from cpegi_app.services import policy_application, policy_claim, review
from tests import factories, policies, redemption


def stock(session: Session) -> tuple[dict[str, Actor], dict[Screen, tuple[str, dict[str, Any]]]]:
    """Return further people by name, and for each screen whose row and which."""
    # Nobody is named for the stages: whoever of the staff opens the page acts.
    staff, owner, lender = (
        factories.staff(session, "政策管理员"),
        factories.member(session),
        factories.member(session, factories.Kind.DEBT),
    )
    material = {"name": "申请表", "required": "YES"}
    of = policies.published(session, staff, materials=(material,), **policies.INTEREST)
    loan = policies.loan(session, owner, lender)
    # The other side of a loan was first: the owner reads so, and no more.
    taken = policies.loan(session, owner, lender)
    policies.sent(session, lender, of, taken)
    draft = policies.begun(session, owner, of, loan)
    policy_application.save(session, owner, draft.id or 0, draft.version, policies.answers())
    written = policies.draft(session, staff, materials=(material,))
    waiting = redemption.received(session, redemption.policy(session, staff, materials=(material,)))
    payee = factories.member(session)
    claim = redemption.begun(session, payee, redemption.granted(session, payee, staff))
    data = redemption.claim_data(_grant(session, claim).org_name)
    review.save_draft(session, policy_claim.FLOW, payee, claim.id or 0, claim.version, data)
    sent = _claimed(session, staff)
    paying = redemption.checked(session, staff, _claimed(session, staff))
    batch = redemption.batch(session, staff, paying)
    redemption.checked(session, staff, _claimed(session, staff))
    publicity = _publicity(session, staff)
    rows = {
        access.PUBLIC_POLICY: ("anonymous", {"pid": of.id}),
        access.POLICY_EDIT: ("staff", {"pid": written.id}),
        access.POLICY_PREVIEW: ("staff", {"pid": written.id}),
        access.POLICY_APPLICATION: ("policy owner", {"aid": draft.id}),
        access.POLICY_REVIEW: ("staff", {"aid": waiting.id}),
        access.POLICY_TRAIL: ("staff", {"aid": paying.application_id}),
        access.POLICY_CLAIM: ("payee", {"cid": claim.id}),
        access.CLAIM_REVIEW: ("staff", {"cid": sent.id}),
        access.PAYMENT_BATCH: ("staff", {"bid": batch}),
        access.PUBLICITY: ("staff", {"nid": publicity}),
        access.PUBLIC_PUBLICITY: ("anonymous", {"nid": publicity}),
    }
    return {"policy owner": owner, "payee": payee}, rows


def _grant(session: Session, claim: PolicyClaim) -> PolicyGrant:
    return session.get_one(PolicyGrant, claim.grant_id)


def _claimed(session: Session, staff: Actor) -> PolicyClaim:
    owner = factories.member(session)
    return redemption.claim(session, owner, redemption.granted(session, owner, staff))


def _publicity(session: Session, staff: Actor) -> int:
    of = redemption.policy(session, staff)
    redemption.approve(session, staff, redemption.received(session, of))
    return redemption.publish(session, staff, of)
