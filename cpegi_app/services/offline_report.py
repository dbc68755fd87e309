"""What the staff sees of a filing batch: totals by class and bank, and what is remarkable (manual §5.1)."""

from __future__ import annotations

from statistics import median
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.models import Loan, OfflineLoan, Organisation
from cpegi_app.services.forms import percent, wan
from cpegi_app.services.offline_form import LOW_BP, FilingForm
from cpegi_app.services.review import Check, Description, Line
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, OrgClass

# A rate so far from the batch's median is shown first, in 0.01 % (ours).
FAR_BP = 300


def describe(session: Session, batch: Any) -> Description:
    """Return a batch with its totals and the machine's checks."""
    lines = (
        *_bank(session, batch),
        *_totals(session, batch.id, OfflineLoan.five_class, FiveClass, "按五级分类合计"),
        *_totals(session, batch.id, OfflineLoan.guarantee, GuaranteeMode, "按担保方式合计"),
    )
    return Description(FilingForm, None, lines, _checks(session, batch))


def _sum(count: int, amount: Any) -> str:
    return f"{count} 笔，{wan(int(amount or 0))} 万元"


def _totals(session: Session, batch_id: int, column: Any, term: Any, group: str) -> list[Line]:
    query = (
        select(column, func.count(), func.sum(OfflineLoan.amount_fen))
        .where(OfflineLoan.batch_id == batch_id)
        .group_by(column)
        .order_by(column)
    )
    return [
        Line(group, f"{group}{code}", term.label_of(code) or "未填写", _sum(count, amount))
        for code, count, amount in session.exec(query)
    ]


def _bank(session: Session, batch: Any) -> list[Line]:
    org = session.get(Organisation, batch.org_id)
    assert org is not None
    count, amount = session.exec(
        select(func.count(), func.sum(OfflineLoan.amount_fen)).where(OfflineLoan.batch_id == batch.id)
    ).one()
    later = select(Loan.replaces_id).where(col(Loan.replaces_id).is_not(None))
    book = select(func.count(), func.sum(Loan.amount_fen)).where(col(Loan.id).not_in(later))
    own = session.exec(book.where(Loan.institution_id == org.id)).one()
    peers = select(Organisation.id).where(Organisation.org_class == org.org_class)
    alike = session.exec(book.where(col(Loan.institution_id).in_(peers))).one()
    label, group = OrgClass.label_of(org.org_class), "机构与合计"
    return [
        Line(group, "bank", "备案机构", f"{org.name}（{label}）"),
        Line(group, "sum", "本批合计", _sum(count, amount)),
        Line(group, "own", "该机构台账累计", _sum(*own)),
        Line(group, "alike", f"{label}台账累计", _sum(*alike)),
    ]


def _checks(session: Session, batch: Any) -> tuple[Check, ...]:
    here = OfflineLoan.batch_id == batch.id
    names = session.exec(select(func.count()).where(here, OfflineLoan.warning != "")).one()
    middle = median_rate(session, batch.id)
    far = session.exec(select(func.count()).where(here, is_far(middle))).one()
    twice = session.exec(select(func.count()).where(here, is_twice(batch.id))).one()
    low = session.exec(select(func.count()).where(here, is_low())).one()
    return (
        _check("企业名称", names, "笔与认证企业名称不一致", "与认证企业名称一致"),
        _check(
            "年利率",
            far,
            f"笔与本批中位数 {percent(middle)}% 相差超过 {FAR_BP // 100} 个百分点",
            "没有明显偏离",
        ),
        _check("同一企业多笔", twice, "笔的借款企业在本批出现多次", "没有同一企业多笔"),
        *(
            [_check("年利率过低", low, f"笔不超过 {percent(LOW_BP)}%，可能是把百分数填成了小数", "")]
            if low
            else []
        ),
    )


def _check(label: str, count: int, some: str, none: str) -> Check:
    return Check(label, "warn" if count else "ok", f"{count} {some}" if count else none)


def median_rate(session: Session, batch_id: int) -> int:
    """Return the batch's median rate in 0.01 %."""
    rates = session.exec(select(OfflineLoan.rate_bp).where(OfflineLoan.batch_id == batch_id)).all()
    return int(median(rates)) if rates else 0


def is_far(middle: int) -> Any:
    """Return the condition of a rate far from the others."""
    rate = col(OfflineLoan.rate_bp)
    return (rate > middle + FAR_BP) | (rate < middle - FAR_BP)


def is_low() -> Any:
    """Return the condition of a rate that was perhaps typed as a fraction."""
    return (col(OfflineLoan.rate_bp) > 0) & (col(OfflineLoan.rate_bp) <= LOW_BP)


def is_twice(batch_id: int) -> Any:
    """Return the condition of a borrower who is in the batch more than once."""
    twice = (
        select(OfflineLoan.borrower_code)
        .where(OfflineLoan.batch_id == batch_id)
        .group_by(col(OfflineLoan.borrower_code))
        .having(func.count() > 1)
    )
    return col(OfflineLoan.borrower_code).in_(twice)
