"""Demo data and one login a role: told as stories through the real services, so that every trail is true.

Everything is invented. Dates are counted back from today; loading it a second time changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, select

from cpegi_app import (
    db,
    demo_accounts,
    demo_equity,
    demo_loans,
    demo_matching,
    demo_offline,
    demo_products,
    demo_reports,
)
from cpegi_app.demo_world import Story, World
from cpegi_app.models import User
from cpegi_app.services import passwords
from cpegi_app.settings import get_settings

PASSWORD = "Zhongyuan#2026"


@dataclass(frozen=True)
class Login:
    """A demo login: who it is and what is worth a look, in Chinese and English."""

    key: str
    phone: str
    role: str
    role_en: str
    look: str
    look_en: str


LOGINS = (
    Login("staff", "13900000001", "平台管理人员", "platform staff", "审核队列、项目推荐、对接线索、账号", "review queue, recommendations, leads, accounts"),
    Login("regulator", "13900000002", "金融监管部门", "regulator", "数据概览、报告查阅", "statistics, reports, read only"),
    Login("bank", "13900000011", "商业银行", "bank", "产品、企业申请、放款、线下备案", "products, requests, payments, offline filings"),
    Login("equity", "13900000012", "私募基金", "private equity", "融资项目、收藏与推荐、投资偏好", "projects, favourites, recommendations"),
    Login("intermediary", "13900000013", "会计师事务所", "accounting firm", "融资申请及放款进度", "an application, paid out"),
    Login("enterprise", "13900000021", "企业（已认证）", "enterprise, verified", "融资申请、融资项目", "applications and projects in every status"),
    Login("new_enterprise", "13900000022", "企业（新注册）", "enterprise, new", "去认证", "verification to fill in"),
    Login("new_institution", "13900000023", "机构（未选类型）", "institution, new", "选择机构类型", "class to choose"),
)  # fmt: skip


def load() -> bool:
    """Load the demo once, whole or not at all; False when it is there already."""
    if not get_settings().is_demo:
        raise RuntimeError("demo data are for demo mode only")
    with db.reading() as session:
        if is_loaded(session):
            return False
    with db.transaction() as session:
        # Asked again under the write lock: two starts at once load it once.
        if is_loaded(session):
            return False
        fill(session)
    return True


def is_loaded(session: Session) -> bool:
    """Tell whether the demo's first account is there."""
    return session.exec(select(User.id).where(User.phone == LOGINS[0].phone)).first() is not None


def fill(session: Session) -> World:
    """Tell every story of the last four months in the order in which things happened."""
    world = World(session, passwords.hash_password(PASSWORD))
    world.run(_stories(world))
    world.leave()
    return world


def _stories(world: World) -> list[Story]:
    return [
        demo_accounts.founders(world),
        *(demo_accounts.verified(world, party) for party in demo_accounts.parties()),
        *demo_accounts.unverified(world),
        *demo_accounts.changes(world),
        *(demo_products.story(world, offer) for offer in demo_products.OFFERS),
        *demo_loans.stories(world),
        *demo_offline.stories(world),
        *demo_reports.stories(world),
        *demo_equity.stories(world),
        *demo_matching.stories(world),
        demo_accounts.readers(world),
    ]
