"""The end of an investment: its entry in the 股权投资项目库, its project and its lead closed (manual §6.5)."""

from __future__ import annotations

from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import LIBRARY, Actor
from cpegi_app.models import (
    EquityLead,
    EquityProject,
    Investment,
    InvestmentRecord,
    OnlineInvestment,
    Organisation,
)
from cpegi_app.services import audit, equity_lead, equity_project, investment_claim, notices
from cpegi_app.services.forms import wan
from cpegi_app.vocabulary.equity import InvestmentSource, LeadEventKind, LeadOutcome, LeadStage


def finish(session: Session, actor: Actor, row: Investment | OnlineInvestment) -> InvestmentRecord:
    """Enter a confirmed investment into the library; the caller has made sure that it may be."""
    assert row.enterprise_id and row.agreed_on
    enterprise = session.get_one(Organisation, row.enterprise_id)
    institution = session.get_one(Organisation, row.org_id)
    project = session.get(EquityProject, row.project_id) if row.project_id else None
    online = isinstance(row, OnlineInvestment)
    record = InvestmentRecord(
        source=(InvestmentSource.ONLINE if online else InvestmentSource.OFFLINE).value,
        fingerprint=investment_claim.print_of(session, row.enterprise_id, row.org_id, row.agreed_on),
        investment_id=None if online else row.id,
        online_id=row.id if online else None,
        org_id=row.org_id,
        institution_name=institution.name,
        institution_code=institution.credit_code or "",
        enterprise_id=row.enterprise_id,
        enterprise_name=enterprise.name,
        enterprise_code=enterprise.credit_code or "",
        project_id=row.project_id,
        project_name=project.name if project else getattr(row, "project_name", ""),
        industry=project.industry if project else enterprise.profile.get("industry", ""),
        region=project.region if project else enterprise.profile.get("region", ""),
        round=row.round,
        mode=row.mode,
        amount_fen=row.amount_fen,
        share_bp=row.share_bp,
        agreed_on=row.agreed_on,
        paid_on=row.paid_on,
        registered_on=row.registered_on,
    )
    session.add(record)
    session.flush()
    if project is not None:
        equity_project.close(session, project)
        _close_lead(session, actor, project, record)
    audit.record(session, actor, "investment.done", f"library:{record.id}", record.project_name)
    _tell(session, record)
    return record


def _close_lead(session: Session, actor: Actor, project: EquityProject, record: InvestmentRecord) -> None:
    """End the institution's lead of the project with its outcome, online or offline."""
    query = select(EquityLead).where(EquityLead.project_id == project.id, EquityLead.org_id == record.org_id)
    lead = session.exec(query.with_for_update()).first()
    if lead is None or (lead.stage == LeadStage.CLOSED and lead.outcome == LeadOutcome.INVESTED):
        return
    text = (
        f"{InvestmentSource.label_of(record.source)}投资 {wan(record.amount_fen)} 万元，已进入股权投资项目库"
    )
    now = clock.now()
    lead.stage, lead.outcome = LeadStage.CLOSED.value, LeadOutcome.INVESTED.value
    lead.outcome_note, lead.closed_at, lead.updated_at = text, now, now
    lead.next_step, lead.next_on, lead.version = "", None, lead.version + 1
    session.add(lead)
    equity_lead.log(session, actor, lead, LeadEventKind.CLOSED, text)


def _tell(session: Session, record: InvestmentRecord) -> None:
    users = notices.users_of(session, record.org_id) + notices.users_of(session, record.enterprise_id)
    text = f"{wan(record.amount_fen)} 万元，协议日期 {record.agreed_on}。申请政策奖补时可选取该项目。"
    title = f"投资已进入股权投资项目库：{record.project_name}"
    notices.notify(session, users, title, text, LIBRARY.route, "green")
