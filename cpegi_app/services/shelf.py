"""Which published products take applications now, and what takes an institution's products off the list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import APPLICATIONS, Actor
from cpegi_app.models import Application, Disbursement, Organisation, Product
from cpegi_app.services import audit, notices
from cpegi_app.services.application_list import is_ended
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary import Kind, Status

ELSEWHERE = "您可以在“金融产品”中查看其他产品。"
# What becomes of an application, as it stands, when nobody at its lender handles it any more.
LEFT = {
    Status.PENDING: "您待审核的融资申请暂时无人办理，可以撤回。",
    Status.RETURNED: "您被退回的融资申请暂时不能重新提交，可以放弃修改。",
    Status.APPROVED: "您已获批准的融资申请尚未放足，该机构暂时不能登记放款，请与该机构联系。",
}


def open_now() -> Any:
    """Return the clause of the products that take applications today."""
    until = col(Product.valid_until)
    return and_(col(Product.is_listed).is_(True), or_(until == "", until >= clock.today().isoformat()))


def run_out() -> Any:
    """Return the clause of the products that are published still, but past their last day."""
    until = col(Product.valid_until)
    return and_(col(Product.is_listed).is_(True), until != "", until < clock.today().isoformat())


def is_over(product: Product) -> bool:
    """Tell whether the last day of a product has passed."""
    return bool(product.valid_until) and product.valid_until < clock.today().isoformat()


def closed_why(product: Product) -> str:
    """Return why a product takes no applications now, empty when it does."""
    if not product.is_listed:
        return f"该产品已下架，暂不接受申请。{ELSEWHERE}"
    if is_over(product):
        return f"该产品已于 {product.valid_until} 到期，暂不接受申请。{ELSEWHERE}"
    return ""


def hold(session: Session, institution_id: int) -> None:
    """Let no application reach an institution while it stops handling them, nor the other way round."""
    one_at_a_time(session, "lender", institution_id)


def nobody_handles(session: Session, institution_id: int) -> str:
    """Return why nobody at an institution can decide on applications now, empty when somebody can."""
    org = session.get_one(Organisation, institution_id, populate_existing=True)
    if org.kind != Kind.DEBT.value or not notices.users_of(session, institution_id):
        return f"受理机构“{org.name}”目前不能办理融资申请，无法提交。{ELSEWHERE}"
    return ""


def undecided(session: Session, institution_id: int) -> int:
    """Return how many applications wait for an institution's decision."""
    query = select(func.count()).select_from(Application)
    mine = query.where(
        Application.institution_id == institution_id, Application.status == Status.PENDING.value
    )
    return session.exec(mine).one()


def put(session: Session, actor: Actor, product: Product, *, listed: bool, why: str = "") -> None:
    """Put a product on the public list or take it off; `why` goes into the audit trail."""
    product.is_listed = listed
    product.listed_at = clock.now() if listed else product.listed_at
    product.delisted_at = None if listed else clock.now()
    session.add(product)
    note = f"{product.name}：{why}" if why else product.name
    action = "product.relist" if listed else "product.delist"
    audit.record(session, actor, action, f"product:{product.id}", note)


def clear(session: Session, actor: Actor, institution_id: int, why: str) -> None:
    """Take every product of an institution off the list, as nobody there can handle applications any more.

    Whoever has applied is told, with what can be done; `why` goes into the audit trail.
    """
    hold(session, institution_id)
    listed = select(Product).where(Product.org_id == institution_id, col(Product.is_listed).is_(True))
    for product in session.exec(listed).all():
        put(session, actor, product, listed=False, why=why)
    org = session.get_one(Organisation, institution_id)
    for status, left in LEFT.items():
        query = select(Application.org_id).where(
            Application.institution_id == institution_id, Application.status == status.value
        )
        if status is Status.APPROVED:
            query = query.where(_paid() < col(Application.approved_fen), ~is_ended().exists())
        notices.notify_orgs(
            session,
            sorted(set(session.exec(query))),
            f"受理机构暂停办理：{org.name}",
            f"{left}您也可以向其他机构申请。",
            APPLICATIONS.route,
            "orange",
        )


def _paid() -> Any:
    """Return the 分 that were disbursed on an application, as a part of a query over applications."""
    paid = select(func.coalesce(func.sum(Disbursement.amount_fen), 0)).where(
        Disbursement.application_id == Application.id, Disbursement.status == Status.APPROVED.value
    )
    return paid.scalar_subquery()
