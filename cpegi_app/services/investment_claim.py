"""The same investment is filed and recorded once, by whomever and in whichever way (manual §6.2, §6.4)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete
from sqlmodel import Session, col, select

from cpegi_app.errors import FormInvalid
from cpegi_app.models import Investment, InvestmentClaim, InvestmentRecord, OnlineInvestment, Organisation
from cpegi_app.models.investment import fingerprint
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.equity import OnlineState

LIVE = (Status.PENDING.value, Status.APPROVED.value)


def print_of(session: Session, enterprise_id: int, org_id: int, agreed_on: date) -> str:
    """Return the fingerprint of an investment between two organisations."""
    enterprise = session.get_one(Organisation, enterprise_id)
    institution = session.get_one(Organisation, org_id)
    return fingerprint(enterprise.credit_code or "", institution.credit_code or "", agreed_on)


def claim(
    session: Session,
    mark: str,
    *,
    investment_id: int | None = None,
    online_id: int | None = None,
) -> None:
    """Claim an investment for one filing or record; refuse when another one that lives has it."""
    one_at_a_time(session, "investment-claim", mark)
    own = (
        col(InvestmentClaim.investment_id) == investment_id
        if investment_id
        else col(InvestmentClaim.online_id) == online_id
    )
    session.exec(delete(InvestmentClaim).where(own, col(InvestmentClaim.fingerprint) != mark))
    query = select(InvestmentClaim).where(InvestmentClaim.fingerprint == mark)
    held = session.exec(query.execution_options(populate_existing=True)).first()
    if held is None:
        done = session.exec(select(InvestmentRecord).where(InvestmentRecord.fingerprint == mark)).first()
        if done is not None:
            raise FormInvalid({"agreed_on": _sentence("已进入股权投资项目库")})
        session.add(InvestmentClaim(fingerprint=mark, investment_id=investment_id, online_id=online_id))
        session.flush()
        return
    if (held.investment_id, held.online_id) == (investment_id, online_id):
        return
    if where := _lives(session, held):
        raise FormInvalid({"agreed_on": _sentence(where)})
    held.investment_id, held.online_id = investment_id, online_id
    session.add(held)
    session.flush()


def _lives(session: Session, held: InvestmentClaim) -> str:
    """Return where the investment is already, empty when its holder has been taken back."""
    if held.online_id:
        state = session.exec(
            select(OnlineInvestment.state).where(OnlineInvestment.id == held.online_id)
        ).one()
        return "" if state == OnlineState.VOID else f"已登记为线上投资（{OnlineState.label_of(state)}）"
    status = session.exec(select(Investment.status).where(Investment.id == held.investment_id)).one()
    if status not in LIVE:
        return ""
    return "已备案" if status == Status.APPROVED else "已提交线下备案，正在确认"


def _sentence(where: str) -> str:
    return (
        f"双方在该协议日期的投资{where}，同一笔投资只能登记一次。请在“投资记录”中查看；"
        "如确为另一笔，请核对协议日期，同日签署的多份协议请合并为一笔填报"
    )
