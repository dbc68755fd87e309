"""数据概览: the platform's figures for the staff and the regulator (manual §3.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission, Role
from cpegi_app.models import Application, Loan, Organisation, Product, ProductRevision, User, Verification
from cpegi_app.services import staff
from cpegi_app.services.corrections import in_force
from cpegi_app.services.figures import (
    DECIDED,
    Column,
    Period,
    Table,
    grouped,
    median_days,
    sent_in,
    sums,
    wan,
)
from cpegi_app.services.review import Flow
from cpegi_app.vocabulary import CLASSES, Kind, Status

APPROVED = Status.APPROVED.value
AMOUNT = "万元"


def tables(session: Session, actor: Actor, period: Period) -> list[Table]:
    """Return the platform's figures of a period; how the staff's own work stands is the staff's alone."""
    staff.require(actor, Permission.STATISTICS_READ)
    found = [_business(session, period), _joined(session, period)]
    if actor.may(Permission.REVIEW_PLATFORM):
        found.append(_queue(session, period))
    return [*found, _classes(session, period)]


def _business(session: Session, period: Period) -> Table:
    found = Table(
        "融资业务（按月）",
        "月份",
        (
            Column("融资申请", "笔"),
            Column("申请额度", AMOUNT, charted=True),
            Column("批准", "笔"),
            Column("批准额度", AMOUNT, charted=True),
            Column("放款", "笔"),
            Column("放款金额", AMOUNT, charted=True),
        ),
        note="申请按提交月份、批准按审核月份、放款按放款日期统计；放款含线上放款和线下备案。",
        by_month=True,
    )
    approved, kept = Application.status == APPROVED, in_force()
    for month in period.months:
        sent = sums(session, sent_in(month), Application.amount_fen)
        decided = month.holds(col(Application.decided_at)) & approved
        passed = sums(session, decided, Application.approved_fen)
        lent = sums(session, month.holds_day(col(Loan.lent_on)) & kept, Loan.amount_fen)
        cells = [sent[0], wan(sent[1]), passed[0], wan(passed[1]), lent[0], wan(lent[1])]
        found.lines.append((month.code, cells))
    return found


def _joined(session: Session, period: Period) -> Table:
    found = Table(
        "注册与认证（按月）",
        "月份",
        (
            Column("注册账号", "个", charted=True),
            Column("认证通过", "家", charted=True),
            Column("上架产品", "个", charted=True),
        ),
        by_month=True,
    )
    member, approved = User.role == Role.MEMBER.value, Verification.status == APPROVED
    # Once for each product: 重新上架 and 变更 are no further one.
    first = (
        select(func.min(ProductRevision.decided_at).label("at"))
        .where(ProductRevision.status == APPROVED)
        .group_by(col(ProductRevision.product_id))
        .subquery()
    )
    for month in period.months:
        users = sums(session, month.holds(col(User.created_at)) & member)
        passed = sums(session, month.holds(col(Verification.decided_at)) & approved)
        listed = sums(session, month.holds(first.c.at))
        found.lines.append((month.code, [users[0], passed[0], listed[0]]))
    return found


def _queue(session: Session, period: Period) -> Table:
    found = Table(
        "审核队列与时效（按事项）",
        "事项",
        (
            Column("待审核", "件", charted=True),
            Column("等待时间中位数"),
            Column("最长等待"),
            Column("期内办结", "件", charted=True),
            Column("办结用时中位数", "天"),
        ),
        note="待审核和等待时间为当前情况；办结按所选期间统计，用时从最近一次提交算起。",
    )
    found.lines = [(flow.label, _work(session, flow, period)) for flow in staff.platform_flows()]
    return found


def _work(session: Session, flow: Flow, period: Period) -> list[Any]:
    model: Any = flow.model
    waiting, since = model.status == Status.PENDING.value, col(model.submitted_at)
    count = session.exec(select(func.count()).where(waiting)).one()
    ordered = select(since).where(waiting).order_by(since)
    middle = session.exec(ordered.offset(max(0, count - 1) // 2).limit(1)).first()
    oldest = session.exec(ordered.limit(1)).first()
    decided = period.holds(col(model.decided_at)) & col(model.status).in_(DECIDED)
    done = sums(session, decided)[0]
    return [count, _waited(middle), _waited(oldest), done, median_days(session, model, decided)]


def _waited(since: Any) -> str | None:
    return staff.waited_text(max(clock.now() - since, timedelta())) if since else None


def _classes(session: Session, period: Period) -> Table:
    found = Table(
        "各类机构",
        "机构类别",
        (
            Column("认证机构", "家"),
            Column("在线产品", "个"),
            Column("收到申请", "笔"),
            Column("批准额度", AMOUNT, charted=True),
            Column("放款", "笔"),
            Column("放款金额", AMOUNT, charted=True),
        ),
        note="认证机构和在线产品为当前数；其余按所选期间统计。",
    )
    classes = dict(
        session.exec(select(Organisation.id, Organisation.org_class).where(_is_institution())).all()
    )
    orgs = grouped(
        session, Organisation.org_class, _is_institution() & col(Organisation.verified_at).is_not(None)
    )
    products = grouped(session, Product.org_class, col(Product.is_listed).is_(True))
    lender = Application.institution_id
    sent = grouped(session, lender, sent_in(period))
    decided = period.holds(col(Application.decided_at)) & (Application.status == APPROVED)
    passed = grouped(session, lender, decided, Application.approved_fen)
    lent = grouped(
        session, Loan.institution_id, period.holds_day(col(Loan.lent_on)) & in_force(), Loan.amount_fen
    )
    for kind in (Kind.DEBT, Kind.EQUITY, Kind.INTERMEDIARY):
        for c in CLASSES[kind]:
            mine = [i for i, org_class in classes.items() if org_class == c.value]
            cells = [
                orgs.get(c.value, [0])[0],
                products.get(c.value, [0])[0],
                _sum(sent, mine, 0),
                wan(_sum(passed, mine, 1)),
                _sum(lent, mine, 0),
                wan(_sum(lent, mine, 1)),
            ]
            found.lines.append((c.label, cells))
    return found


def _is_institution() -> Any:
    return col(Organisation.kind).in_([Kind.DEBT.value, Kind.EQUITY.value, Kind.INTERMEDIARY.value])


def _sum(by_org: dict[Any, list[int]], mine: list[int | None], column: int) -> int:
    return sum(by_org[i][column] for i in mine if i in by_org)
