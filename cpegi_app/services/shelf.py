"""Which published products take applications now, and what takes an institution's products off the list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import APPLICATIONS, Actor
from cpegi_app.models import Application, Organisation, Product
from cpegi_app.services import audit, notices
from cpegi_app.vocabulary import Kind, Status

ELSEWHERE = "您可以在“金融产品”中查看其他产品。"


def open_now() -> Any:
    """Return the clause of the products that take applications today."""
    until = col(Product.valid_until)
    return and_(col(Product.is_listed).is_(True), or_(until == "", until >= clock.today().isoformat()))


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


def nobody_handles(session: Session, institution_id: int) -> str:
    """Return why nobody at an institution can decide on applications now, empty when somebody can."""
    org = session.get_one(Organisation, institution_id)
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
    listed = select(Product).where(Product.org_id == institution_id, col(Product.is_listed).is_(True))
    for product in session.exec(listed).all():
        put(session, actor, product, listed=False, why=why)
    open_ones = (Status.PENDING.value, Status.RETURNED.value)
    query = select(Application.org_id).where(
        Application.institution_id == institution_id, col(Application.status).in_(open_ones)
    )
    applicants = sorted(set(session.exec(query)))
    org = session.get_one(Organisation, institution_id)
    notices.notify_orgs(
        session,
        applicants,
        f"受理机构暂停办理：{org.name}",
        "您向该机构提交的融资申请暂时无人办理。待审核的申请可以撤回，您也可以向其他机构申请。",
        APPLICATIONS.route,
        "orange",
    )
