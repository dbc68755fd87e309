"""Rows and form data for the tests, one call each: all of it passes the rules unless a test changes it."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor, Role
from cpegi_app.models import Organisation, User
from cpegi_app.services import (
    chapters,
    conditions,
    facts,
    files,
    identifiers,
    sessions,
    verification,
)
from cpegi_app.services.review import Flow
from cpegi_app.settings import get_settings
from cpegi_app.vocabulary import CLASSES, FileSlot, Kind

assert chapters.CHAPTERS
_numbers = itertools.count(1)


# --- fixtures, imported by the conftest of each folder that needs them --------------------------------


@pytest.fixture(autouse=True)
def clock_restored() -> Iterator[None]:
    """Put the clock right after every test that moved it."""
    yield
    clock.shift(timedelta())


@pytest.fixture(autouse=True)
def private_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep uploads of the tests in a folder of their own."""
    folder = tmp_path_factory.getbasetemp() / "private"
    monkeypatch.setattr(get_settings(), "data_dir", folder)
    return folder


# --- people and organisations -------------------------------------------------------------------------


def number() -> int:
    """Return a number nobody has had."""
    return next(_numbers)


def phone() -> str:
    """Return a mobile number nobody has had."""
    return f"139{number():08d}"


def credit_code() -> str:
    """Return a valid credit code nobody has had."""
    first17 = f"91410100MA{number():07d}"
    return first17 + identifiers.check_character(first17)


def profile(kind: Kind = Kind.ENTERPRISE, **changes: str) -> dict[str, str]:
    """Return the data of a right 真实性认证 form of a kind."""
    n = number()
    data = {
        "org_class": CLASSES[kind][0].value,
        "name": f"郑州第{n}机构有限公司",
        "credit_code": credit_code(),
        "legal_rep": "王建国",
        "capital": "5000",
        "established_on": "2018-05-20",
        "owner_type": "PRIVATE",
        "industry": "C",
        "region": "GAOXIN",
        "staff": "320",
        "address": "郑州市高新区科学大道 1 号",
        "office": "郑州市高新区科学大道 1 号",
        "scope": "电子元器件制造",
        "contact": "李敏",
        "position": "财务经理",
        "mobile": "13800001234",
        "email": "limin@example.com",
        "is_legal_rep": "YES",
    }
    return (
        data | OWN_FIELDS[kind] | ({"fiscal_year": last_year()} if kind is Kind.ENTERPRISE else {}) | changes
    )


def last_year() -> str:
    """Return the last whole fiscal year."""
    return str(clock.today().year - 1)


OWN_FIELDS: dict[Kind, dict[str, str]] = {
    Kind.DEBT: {
        "licence_no": "B0001H141010001",
        "supervisor": "河南金融监管局",
        "business_regions": "GAOXIN",
    },
    Kind.EQUITY: {
        "fund_size": "100000",
        "ticket_min": "500",
        "ticket_max": "3000",
        "registration_no": "P1000001",
        "invest_industries": "C,I",
        "invest_stages": "SEED,GROWTH",
    },
    Kind.INTERMEDIARY: {"practice_no": "41000001", "practitioners": "30", "services": "年报审计、专项审计"},
    Kind.ENTERPRISE: {
        "scale_industry": "MANUFACTURING",
        "revenue": "2600",
        "net_profit": "180",
        "assets": "1000",
        "liabilities": "682",
        "no_overdue": "YES",
    },
}


def organisation(
    session: Session, kind: Kind | None = Kind.ENTERPRISE, *, verified: bool = True, **changes: str
) -> Organisation:
    """Return a stored organisation; `kind` None has not chosen yet."""
    org = Organisation()
    if kind is not None and verified:
        verification.put_in_force(org, profile(kind, **changes))
    elif kind is not None:
        org.kind, org.org_class = kind.value, changes.get("org_class", CLASSES[kind][0].value)
    session.add(org)
    session.flush()
    if kind is not None and verified:
        facts.put(session, org)
    return org


def user(session: Session, org: Organisation | None = None, role: Role = Role.MEMBER, **columns: Any) -> User:
    """Return a stored user whose password nobody knows, unless a hash is given."""
    columns = {"phone": phone(), "password_hash": "!"} | columns
    found = User(role=role.value, org_id=org.id if org else None, **columns)
    session.add(found)
    session.flush()
    facts.refresh_live(session, found.org_id)
    return found


def sign_in(session: Session, who: User) -> Actor:
    """Return the actor of a new login, built as the platform builds it."""
    sid = sessions.open_session(session, who.id or 0)
    session.flush()
    actor = sessions.actor_of(session, sid)
    assert actor is not None
    return actor


def member(
    session: Session, kind: Kind | None = Kind.ENTERPRISE, *, verified: bool = True, **changes: str
) -> Actor:
    """Return a signed-in user of a new organisation."""
    return sign_in(session, user(session, organisation(session, kind, verified=verified, **changes)))


def colleague(session: Session, of: Actor) -> Actor:
    """Return another signed-in user of the same organisation."""
    return sign_in(session, user(session, session.get_one(Organisation, of.org_id)))


def staff(session: Session, name: str = "赵审核") -> Actor:
    """Return a signed-in member of the platform's staff."""
    return sign_in(session, user(session, None, Role.STAFF, name=name))


def regulator(session: Session) -> Actor:
    """Return a signed-in user of the regulator."""
    return sign_in(session, user(session, None, Role.REGULATOR, name="监管员"))


def stranger() -> Actor:
    """Return an actor that stands for nobody: what a handler could build without a login."""
    return Actor(user_id=0, role=Role.MEMBER)


def unverified(actor: Actor) -> Actor:
    """Return the same actor as it stood before its verification."""
    return dataclasses.replace(actor, verified=False)


# --- files --------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def png(shade: int = 0) -> bytes:
    """Return an honest picture; another shade is another content."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade % 256, shade // 256, 0)).save(out, "PNG")
    return out.getvalue()


def upload(
    session: Session,
    actor: Actor,
    flow: Flow,
    row_id: int,
    *slots: FileSlot,
    name: str = "扫描件.png",
    shade: int = 0,
) -> list[files.FileView]:
    """Add one picture to each slot of a draft."""
    return [files.attach(session, actor, flow.name, row_id, s.value, name, png(shade)) for s in slots]


# --- form data ----------------------------------------------------------------------------------------


def conditions_data(**changes: str) -> dict[str, str]:
    """Return a condition editor in which every dimension is 不限制 but the changed ones."""
    touched = {name.rsplit("_", 1)[0] for name in changes}
    free = {d.code: {"any": True} for d in conditions.DIMENSIONS if f"c_{d.code}" not in touched}
    return conditions.strings(free) | changes


def product_data(**changes: str) -> dict[str, str]:
    """Return a right product form with its conditions."""
    data = {
        "name": f"科创贷{number()}号",
        "product_type": "TECH_LOAN",
        "intro": "面向科技型中小企业的流动资金贷款",
        "amount_min": "50",
        "amount_max": "1000",
        "term_min": "6",
        "term_max": "36",
        "rate_min": "3.45",
        "rate_max": "4.85",
        "service_fee": "0.5",
        "guarantees": "CREDIT,PLEDGE",
        "repayments": "INTEREST_FIRST",
        "days": "5",
        "purpose": "日常经营周转",
        "materials": "营业执照、近两年报表",
        "procedure": "线上申请、尽职调查、审批、放款",
        "contact": "孙经理",
        "contact_phone": "0371-60000000",
    }
    fields = {k: v for k, v in changes.items() if not k.startswith("c_")}
    return data | fields | conditions_data(**{k: v for k, v in changes.items() if k.startswith("c_")})


def application_data(**changes: str) -> dict[str, str]:
    """Return a right application for the product of `product_data`."""
    data = {
        "amount": "500",
        "term": "12",
        "guarantee": "CREDIT",
        "purpose": "采购原材料",
        "source": "销售回款",
        "contact": "李敏",
        "contact_phone": "13800001234",
        "authorised": "YES",
    }
    return data | changes


def disbursement_data(**changes: str) -> dict[str, str]:
    """Return a right disbursement under an application approved for 500 万元."""
    today = clock.today()
    data = {
        "contract_no": "HT-2026-001",
        "contract_amount": "500",
        "iou_no": f"JJ-{number():05d}",
        "amount": "200",
        "lent_on": today.isoformat(),
        "due_on": date(today.year + 1, today.month, 1).isoformat(),
        "rate": "3.85",
        "guarantee": "CREDIT",
        "repayment": "INTEREST_FIRST",
        "is_first": "YES",
    }
    return data | changes


def offline_data(**changes: str) -> dict[str, str]:
    """Return a right offline loan as its form's strings."""
    n, today = number(), clock.today()
    data = {
        "borrower_name": f"郑州第{n}借款有限公司",
        "borrower_code": credit_code(),
        "industry": "C",
        "scale": "SMALL",
        "contract_no": f"XX-HT-{n:05d}",
        "iou_no": f"XX-JJ-{n:05d}",
        "contract_amount": "500",
        "amount": "200.5",
        "lent_on": (today - timedelta(days=30)).isoformat(),
        "due_on": (today + timedelta(days=335)).isoformat(),
        "rate": "3.85",
        "guarantee": "CREDIT",
        "repayment": "INTEREST_FIRST",
        "is_first": "YES",
        "five_class": "NORMAL",
    }
    return data | changes


def report_data(**changes: str) -> dict[str, str]:
    """Return a right 临时报告."""
    return {"kind": "INTERIM", "name": f"关于第{number()}号事项的报告", "note": "随附说明"} | changes


def statistics_data(**changes: str) -> dict[str, str]:
    """Return the figures that every class reports, and who filled them in."""
    data = {
        "s_revenue": "1200.5",
        "s_profit": "-30",
        "s_salaries": "260",
        "s_vat": "72",
        "s_income_tax": "0",
        "s_filler": "李敏",
        "s_phone": "0371-60000000",
    }
    return data | changes
