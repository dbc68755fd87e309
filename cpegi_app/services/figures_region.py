"""数据概览: the platform's figures for the staff and the regulator (manual §3.3)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission, Role
from cpegi_app.models import Application, Loan, Organisation, Product, ProductRevision, User, Verification
from cpegi_app.services import platform_queue, shelf, staff, waits
from cpegi_app.services.corrections import in_force
from cpegi_app.services.figures import (
    DECIDED,
    Column,
    Period,
    Table,
    grouped,
    median_days,
    middle,
    sent_in,
    sums,
    wan,
)
from cpegi_app.services.review import FLOWS, Flow
from cpegi_app.vocabulary import CLASSES, Kind, Status

APPROVED = Status.APPROVED.value
AMOUNT = "万元"
# Who may see these figures.
NEEDS = Permission.STATISTICS_READ


def tables(session: Session, actor: Actor, period: Period) -> list[Table]:
    """Return the platform's figures of a period; how the staff's own work stands is the staff's alone."""
    staff.require(actor, NEEDS)
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
            Column("等待时间中位数", "天"),
            Column("最长等待", "天"),
            Column("期内办结", "件", charted=True),
            Column("办结用时中位数", "天"),
        ),
        note=(
            "待审核和等待时间为当前情况，等待时间从到达本环节算起；办结按所选期间统计，用时从最近一次提交算起。"
            "分环节审核的，审核通过在最后环节计为办结。"
        ),
    )
    found.lines = [(label, _work(session, flow, stages, period)) for label, flow, stages in _desks()]
    return found


def _desks() -> list[tuple[str, Flow, list[int]]]:
    """Return what the platform decides on, the policies by stage: a name, the flow and its stages."""
    found = [
        (f.label, f, platform_queue.stages(f, Permission.REVIEW_PLATFORM))
        for f in platform_queue.platform_flows()
    ]
    for flow in FLOWS.values():
        at = platform_queue.stages(flow, Permission.POLICY_REVIEW)
        for i in at:
            label = f"{flow.label}·{flow.stages[i].label}" if len(at) > 1 else flow.label
            found.append((label, flow, [i]))
    return found


def _work(session: Session, flow: Flow, stages: list[int], period: Period) -> list[Any]:
    model: Any = flow.model
    here, since = col(model.stage).in_(stages), waits.came(model, stages)
    waiting = (model.status == Status.PENDING.value) & here
    count = session.exec(select(func.count()).where(waiting)).one()
    now = clock.now()
    waited = [now - at for at in middle(session, since, waiting)]
    oldest = session.exec(select(func.min(since)).where(waiting)).one()
    decided = period.holds(col(model.decided_at)) & col(model.status).in_(DECIDED) & here
    return [
        count,
        _days(sum(waited, timedelta()) / len(waited)) if waited else None,
        _days(now - oldest) if oldest else None,
        sums(session, decided)[0],
        median_days(session, model, decided),
    ]


def _days(waited: timedelta) -> Decimal:
    return max(Decimal(0), Decimal(waited.total_seconds()) / 86_400).quantize(Decimal("0.1"))


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
    products = grouped(session, Product.org_class, shelf.open_now())
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
