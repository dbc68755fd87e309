"""业务统计: an institution's funnel and times, an enterprise's own applications (manual §4.2, §4.3)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict
from cpegi_app.models import Application, Disbursement, Loan, Product, ProductPush
from cpegi_app.services import matches
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
from cpegi_app.services.staff import require
from cpegi_app.vocabulary import LoanSource, MatchClass, Status

APPROVED = Status.APPROVED.value
AMOUNT = "万元"
# Who may see these figures.
NEEDS = Permission.APPLICATION_SUBMIT


def tables(session: Session, actor: Actor, period: Period) -> list[Table]:
    """Return the actor's own figures of a period: what came in, where it lends; what it has applied for itself."""
    require(actor, NEEDS)
    found: list[Table] = []
    if actor.may(Permission.APPLICATION_REVIEW):
        found += [
            _funnel(session, actor, period),
            _lending(session, actor, period),
            _products(session, actor, period),
        ]
    else:
        found += _matches(session, actor, period)
    if (
        found
        and not session.exec(
            select(Application.id).where(Application.org_id == actor.org_id).limit(1)
        ).first()
    ):
        # An institution may apply as well; most never do.
        return found
    return [*found, _own_months(session, actor, period), _own_states(session, actor, period)]


# --- an institution -------------------------------------------------------------------------------


def _funnel(session: Session, actor: Actor, period: Period) -> Table:
    found = Table(
        "申请转化（期内收到的申请）",
        "环节",
        (Column("申请", "笔", charted=True), Column("占收到"), Column("额度", AMOUNT)),
        note="按期内收到的申请跟踪到今天，企业撤回的不计；已放款为至少登记一笔放款的申请，额度为已放款金额。",
    )
    sent = (Application.institution_id == actor.org_id) & sent_in(period)
    by_status = grouped(session, Application.status, sent, Application.amount_fen, Application.approved_fen)
    received = [sum(row[n] for row in by_status.values()) for n in (0, 1)] if by_status else [0, 0]
    approved = by_status.get(APPROVED, [0, 0, 0])
    paid: Any = (
        select(func.count(Application.id.distinct()), func.coalesce(func.sum(Disbursement.amount_fen), 0))  # pyright: ignore
        .join(Application, col(Application.id) == Disbursement.application_id)
        .where(sent, Disbursement.status == APPROVED)
    )
    lent = [int(value) for value in session.execute(paid).one()]
    open_ones = [by_status.get(s.value, [0, 0, 0]) for s in (Status.PENDING, Status.RETURNED)]
    rejected = by_status.get(Status.REJECTED.value, [0, 0, 0])
    lines = [
        ("收到申请", received[0], received[1]),
        ("办理中", sum(row[0] for row in open_ones), sum(row[1] for row in open_ones)),
        ("审核不通过", rejected[0], rejected[1]),
        ("审核通过", approved[0], approved[2]),
        ("已放款", lent[0], lent[1]),
    ]
    found.lines = [(label, [n, _share(n, received[0]), wan(fen)]) for label, n, fen in lines]
    return found


def _share(part: int, whole: int) -> str | None:
    return f"{part * 100 / whole:.1f}%" if whole else None


def _lending(session: Session, actor: Actor, period: Period) -> Table:
    found = Table(
        "申请、审批与放款（按月）",
        "月份",
        (
            Column("收到申请", "笔"),
            Column("申请额度", AMOUNT, charted=True),
            Column("审核通过", "笔"),
            Column("批准额度", AMOUNT, charted=True),
            Column("放款金额", AMOUNT, charted=True),
            Column("审核用时中位数", "天"),
        ),
        note="申请按提交月份、批准和用时按审核月份、放款按放款日期统计；放款含线下备案。",
        by_month=True,
    )
    mine, book = Application.institution_id == actor.org_id, Loan.institution_id == actor.org_id
    kept = in_force()
    for month in period.months:
        sent = sums(session, mine & sent_in(month), Application.amount_fen)
        decided = mine & month.holds(col(Application.decided_at)) & col(Application.status).in_(DECIDED)
        passed = sums(session, decided & (Application.status == APPROVED), Application.approved_fen)
        lent = sums(session, book & month.holds_day(col(Loan.lent_on)) & kept, Loan.amount_fen)
        days = median_days(session, Application, decided)
        cells = [sent[0], wan(sent[1]), passed[0], wan(passed[1]), wan(lent[1]), days]
        found.lines.append((month.code, cells))
    return found


def _products(session: Session, actor: Actor, period: Period) -> Table:
    found = Table(
        "各产品",
        "金融产品",
        (
            Column("收到申请", "笔", charted=True),
            Column("审核通过", "笔", charted=True),
            Column("批准额度", AMOUNT),
            Column("审核用时中位数", "天"),
        ),
    )
    mine = Application.institution_id == actor.org_id
    sent = grouped(session, Application.product_id, mine & sent_in(period))
    decided = mine & period.holds(col(Application.decided_at)) & col(Application.status).in_(DECIDED)
    approved = decided & (Application.status == APPROVED)
    passed = grouped(session, Application.product_id, approved, Application.approved_fen)
    names = select(Product.id, Product.name).where(Product.org_id == actor.org_id, Product.name != "")
    for product_id, name in session.exec(names.order_by(col(Product.id))):
        took = median_days(session, Application, decided & (Application.product_id == product_id))
        count, fen = passed.get(product_id, [0, 0])
        found.lines.append((name, [sent.get(product_id, [0])[0], count, wan(fen), took]))
    return found


# --- an enterprise --------------------------------------------------------------------------------


def _matches(session: Session, actor: Actor, period: Period) -> list[Table]:
    try:
        counts = matches.counts(session, actor, {})
    except Conflict:
        # Its figures are still being sorted in: the page of the matches says so.
        return []
    found = Table("适合我的产品（当前）", "匹配情况", (Column("金融产品", "个", charted=True),))
    found.lines = [(c.label, [counts.get(c.value, 0)]) for c in MatchClass]
    return [found, _pushes(session, actor, period)]


def _pushes(session: Session, actor: Actor, period: Period) -> Table:
    found = Table(
        "收到的产品推送",
        "情况",
        (Column("推送", "次", charted=True),),
        note="按期内收到的推送统计；同一产品的授信条件变更后可能再次推送。",
    )
    mine: Any = (ProductPush.org_id == actor.org_id) & period.holds(col(ProductPush.created_at))
    read, lapsed = col(ProductPush.read_at).is_not(None), col(ProductPush.lapsed_at).is_not(None)
    for label, condition in (("已推送", mine), ("已查看", mine & read), ("条件不再满足", mine & lapsed)):
        found.lines.append((label, sums(session, condition)))
    return found


def _own_months(session: Session, actor: Actor, period: Period) -> Table:
    found = Table(
        "我的融资（按月）",
        "月份",
        (
            Column("提交申请", "笔"),
            Column("申请额度", AMOUNT, charted=True),
            Column("批准额度", AMOUNT, charted=True),
            Column("线上放款", AMOUNT, charted=True),
        ),
        by_month=True,
    )
    mine = Application.org_id == actor.org_id
    own = (Loan.borrower_id == actor.org_id) & (Loan.source == LoanSource.ONLINE.value) & in_force()
    for month in period.months:
        sent = sums(session, mine & sent_in(month), Application.amount_fen)
        decided = mine & month.holds(col(Application.decided_at)) & (Application.status == APPROVED)
        passed = sums(session, decided, Application.approved_fen)
        lent = sums(session, own & month.holds_day(col(Loan.lent_on)), Loan.amount_fen)
        found.lines.append((month.code, [sent[0], wan(sent[1]), wan(passed[1]), wan(lent[1])]))
    return found


def _own_states(session: Session, actor: Actor, period: Period) -> Table:
    found = Table(
        "我的融资申请（按状态）",
        "状态",
        (Column("申请", "笔", charted=True), Column("申请额度", AMOUNT), Column("批准额度", AMOUNT)),
        note="按期内提交的申请统计，状态为当前状态。",
    )
    sent = (Application.org_id == actor.org_id) & sent_in(period)
    by_status = grouped(session, Application.status, sent, Application.amount_fen, Application.approved_fen)
    for status in (Status.PENDING, Status.RETURNED, Status.APPROVED, Status.REJECTED):
        count, asked, given = by_status.get(status.value, [0, 0, 0])
        found.lines.append((status.label, [count, wan(asked), wan(given)]))
    return found
