"""An organisation that is called otherwise now is told what it has to claim anew (manual §8.2)."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cpegi_app.access import POLICY_CLAIMS
from cpegi_app.models import Organisation, PolicyApplication, PolicyGrant
from cpegi_app.services import notices, policy_claim, policy_standing
from cpegi_app.vocabulary.policy import GrantState

G = PolicyGrant


def tell(session: Session, org: Organisation, before: str) -> None:
    """Tell an organisation whose new name has come into force of its approved claims that are not paid under it."""
    if policy_claim.same_name(before, org.name):
        return
    session.flush()
    query = select(G).where(G.org_id == org.id, G.state == GrantState.CONFIRMED.value).order_by(col(G.id))
    grants = list(session.exec(query))
    told = policy_standing.told(session, grants)
    for grant in grants:
        word, _tone, why = told[grant.id or 0]
        if word == policy_standing.STANDINGS["AGAIN"]:
            name = session.get_one(PolicyApplication, grant.application_id).policy_name
            users = notices.users_of(session, org.id or 0)
            notices.notify(session, users, f"{word}兑现：{name}", f"{why}。", POLICY_CLAIMS.route, "red")
