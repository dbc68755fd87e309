"""线上投资记录: recorded at the end of a lead by the staff or the institution, confirmed by both sides (manual §6.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import CONFIRM_ONLINE, RECORD, STAFF_RECORD, Actor, Permission, Role
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import EquityLead, EquityProject, OnlineInvestment, Organisation
from cpegi_app.services import audit, investment_claim, investment_done, investment_form, live, notices
from cpegi_app.services.forms import normalise, too_long, wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.investment_form import FiguresForm, OnlineForm
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary.equity import LeadOutcome, LeadStage, OnlineState, ProjectState

REASON_MAX = 500
INSTITUTION, ENTERPRISE, STAFF = "institution", "enterprise", "staff"
SIDES = {INSTITUTION: "投资机构", ENTERPRISE: "项目方", STAFF: "平台管理人员"}


def side_of(actor: Actor, row: OnlineInvestment) -> str:
    """Return as what the actor has to do with a record, empty when not at all: nobody speaks for the other side."""
    if actor.may(Permission.INVESTMENT_MANAGE):
        return STAFF
    if actor.role is not Role.MEMBER or actor.org_id is None:
        return ""
    if actor.org_id == row.org_id and actor.may(Permission.INVESTMENT_SUBMIT):
        return INSTITUTION
    if actor.org_id == row.enterprise_id and actor.may(Permission.INVESTMENT_CONFIRM):
        return ENTERPRISE
    return ""


def load(session: Session, actor: Actor, online_id: int) -> OnlineInvestment:
    """Return a record to its two sides and the staff; to everybody else it does not exist."""
    row = session.get(OnlineInvestment, online_id) if is_id(online_id) else None
    if row is None or not side_of(actor, row):
        raise NotFound("投资记录")
    return row


def lead_for(session: Session, actor: Actor, lead_id: int) -> EquityLead:
    """Return a lead at whose end the actor may record an investment."""
    lead = session.get(EquityLead, lead_id) if is_id(lead_id) else None
    own = actor.may(Permission.INVESTMENT_SUBMIT) and lead is not None and lead.org_id == actor.org_id
    if lead is None or not (own or actor.may(Permission.INVESTMENT_MANAGE)):
        raise NotFound("对接线索")
    return lead


def record(session: Session, actor: Actor, lead_id: int, data: dict[str, str]) -> OnlineInvestment:
    """Record an investment; an institution that records it has confirmed it with that."""
    lead = lead_for(session, actor, lead_id)
    form = investment_form.parse(OnlineForm, data)
    project = _open_project(session, lead)
    if lead.stage == LeadStage.CLOSED and lead.outcome != LeadOutcome.INVESTED:
        outcome = LeadOutcome.label_of(lead.outcome)
        raise Conflict(
            f"该对接线索已了结（{outcome}），不能登记投资。如仍已投资，请先由平台管理人员重新跟进线索。"
        )
    one_at_a_time(session, "online-investment", lead_id)
    if same := _same(session, actor, lead, form):
        return same
    now = clock.now()
    row = OnlineInvestment(
        org_id=lead.org_id,
        enterprise_id=project.org_id,
        project_id=project.id or 0,
        lead_id=lead_id,
        state=OnlineState.WAITING.value,
        note=form.note or "",
        recorded_by=actor.user_id,
        updated_at=now,
        **investment_form.columns(form),
    )
    if side_of(actor, row) == INSTITUTION:
        row.institution_by, row.institution_at = actor.user_id, now
    session.add(row)
    session.flush()
    _claim(session, row)
    audit.record(session, actor, "investment.record", f"online:{row.id}", project.name)
    _ask(session, row, project.name)
    return row


def _open_project(session: Session, lead: EquityLead) -> EquityProject:
    # Taking down and recording at once: one sees what the other has done.
    one_at_a_time(session, "equity-project", lead.project_id)
    project = session.get_one(EquityProject, lead.project_id, populate_existing=True)
    if project.state == ProjectState.DOWN:
        raise Conflict(
            f"项目“{project.name}”已被项目方撤下，不能登记线上投资。如投资已实际完成，"
            "请投资机构在“投资记录”中添加线下投资记录，由项目方确认。"
        )
    return project


def _same(session: Session, actor: Actor, lead: EquityLead, form: OnlineForm) -> OnlineInvestment | None:
    """Return what the same person has recorded with the same figures: the second half of a double click."""
    query = select(OnlineInvestment).where(
        OnlineInvestment.lead_id == lead.id,
        OnlineInvestment.recorded_by == actor.user_id,
        OnlineInvestment.state == OnlineState.WAITING.value,
    )
    wanted = investment_form.columns(form)
    rows = session.exec(query)
    return next((r for r in rows if all(getattr(r, k) == v for k, v in wanted.items())), None)


def _claim(session: Session, row: OnlineInvestment) -> None:
    mark = investment_claim.print_of(session, row.enterprise_id, row.org_id, row.agreed_on)
    investment_claim.claim(session, mark, online_id=row.id)


# --- what both sides do -----------------------------------------------------------------------------


def confirm(session: Session, actor: Actor, online_id: int, seen: int) -> OnlineInvestment:
    """Confirm for the actor's own side; when both have, the investment is done and enters the library."""
    row, side = _open(session, actor, online_id)
    if side not in (INSTITUTION, ENTERPRISE):
        raise DomainError(
            "投资记录由投资机构和项目方分别确认，平台管理人员不能代为确认。请提醒双方登录平台确认。"
        )
    if getattr(row, f"{side}_at") is not None:
        return row
    if row.state == OnlineState.DISPUTED:
        raise Conflict("该记录有异议尚未解决，请等投资机构或平台管理人员更正后再确认。")
    _change(session, row, seen, **{f"{side}_by": actor.user_id, f"{side}_at": clock.now()})
    audit.record(session, actor, "investment.confirm", f"online:{row.id}", SIDES[side])
    notices.settle(session, notices.users_of(session, _org(row, side)), _href(row, side))
    if row.institution_at and row.enterprise_at:
        _change(session, row, row.version, state=OnlineState.DONE.value)
        investment_done.finish(session, actor, row)
    _concern(session, row)
    return row


def object_to(
    session: Session, actor: Actor, online_id: int, seen: int, data: dict[str, str], reason: str
) -> OnlineInvestment:
    """Object for the actor's own side, with its own figures and why."""
    row, side = _open(session, actor, online_id)
    if side not in (INSTITUTION, ENTERPRISE):
        raise DomainError("异议由投资机构或项目方提出；平台管理人员可直接更正记录。")
    form = investment_form.parse(FiguresForm, data)
    said = form.strings() | {"reason": _reason(reason), "side": side}
    emptied = {f"{s}_{part}": None for s in (INSTITUTION, ENTERPRISE) for part in ("by", "at")}
    _change(
        session,
        row,
        seen,
        state=OnlineState.DISPUTED.value,
        objection=said,
        objected_at=clock.now(),
        **emptied,
    )
    audit.record(session, actor, "investment.object", f"online:{row.id}", said["reason"])
    notices.settle(session, notices.users_of(session, _org(row, side)), _href(row, side))
    title = f"{SIDES[side]}对投资记录有异议：{_name(session, row)}"
    other = ENTERPRISE if side == INSTITUTION else INSTITUTION
    users = notices.users_of(session, _org(row, other))
    notices.notify(session, users, title, said["reason"], _href(row, other), "orange")
    notices.notify(session, notices.staff(session), title, said["reason"], _href(row, STAFF), "orange")
    _concern(session, row)
    return row


def correct(
    session: Session, actor: Actor, online_id: int, seen: int, data: dict[str, str]
) -> OnlineInvestment:
    """Correct the figures (institution or staff): both sides confirm anew, the one that corrects has done so."""
    row, side = _open(session, actor, online_id)
    if side == ENTERPRISE:
        raise DomainError("项目方不能直接修改投资记录。数据有误请点击“提出异议”并填写贵单位的数据。")
    form = investment_form.parse(OnlineForm, data)
    own = side == INSTITUTION
    now = clock.now()
    _change(
        session,
        row,
        seen,
        state=OnlineState.WAITING.value,
        note=form.note or "",
        institution_by=actor.user_id if own else None,
        institution_at=now if own else None,
        enterprise_by=None,
        enterprise_at=None,
        reminded_at=None,
        **investment_form.columns(form),
    )
    _claim(session, row)
    audit.record(session, actor, "investment.correct", f"online:{row.id}", _name(session, row))
    _ask(session, row, _name(session, row))
    return row


def void(session: Session, actor: Actor, online_id: int, seen: int, reason: str) -> OnlineInvestment:
    """Take a record back (institution or staff) before it is done: the investment may be filed anew."""
    row, side = _open(session, actor, online_id)
    if side == ENTERPRISE:
        raise DomainError("投资记录由投资机构或平台管理人员作废。如不存在该笔投资，请提出异议并说明。")
    why = _reason(reason)
    _change(session, row, seen, state=OnlineState.VOID.value, note=f"作废原因：{why}"[:500])
    audit.record(session, actor, "investment.void", f"online:{row.id}", why)
    for other in (INSTITUTION, ENTERPRISE):
        users = notices.users_of(session, _org(row, other))
        notices.settle(session, users, _href(row, other))
        title = f"投资记录已作废：{_name(session, row)}"
        notices.notify(session, users, title, why, _href(row, other), "grey")
    return row


def _open(session: Session, actor: Actor, online_id: int) -> tuple[OnlineInvestment, str]:
    """Return a record that is not at its end, as it stands once nobody else changes it."""
    load(session, actor, online_id)
    one_at_a_time(session, "online-record", online_id)
    row = session.get_one(OnlineInvestment, online_id, populate_existing=True)
    if row.state == OnlineState.DONE:
        raise Conflict(
            "该投资记录已由双方确认并进入股权投资项目库，不能再修改。如有疑问请点击“对记录有疑问”。"
        )
    if row.state == OnlineState.VOID:
        raise Conflict("该投资记录已作废。如确有该笔投资，请重新登记。")
    return row, side_of(actor, row)


def _change(session: Session, row: OnlineInvestment, seen: Any, **changes: Any) -> None:
    """Compare-and-set on the version that the actor saw."""
    version = seen if type(seen) is int else 0
    done = session.exec(
        update(OnlineInvestment)
        .where(OnlineInvestment.id == row.id, OnlineInvestment.version == version)  # pyright: ignore
        .values(**changes, version=version + 1, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if done.rowcount != 1:
        raise Conflict(
            "该投资记录刚被对方或平台更新过。请刷新页面查看最新内容后再操作，填写的内容仍保留在页面上。"
        )


def _reason(text: str) -> str:
    why = normalise(text)
    if not why:
        raise FormInvalid({"reason": "请填写原因，对方会看到"}, "请填写原因后再提交。")
    if said := too_long(why, REASON_MAX):
        raise FormInvalid({"reason": said})
    return why


def _org(row: OnlineInvestment, side: str) -> int:
    return row.org_id if side == INSTITUTION else row.enterprise_id


def _href(row: OnlineInvestment, side: str) -> str:
    screen = {INSTITUTION: RECORD, ENTERPRISE: CONFIRM_ONLINE}.get(side, STAFF_RECORD)
    return screen.url(oid=row.id)


def _name(session: Session, row: OnlineInvestment) -> str:
    return session.get_one(EquityProject, row.project_id).name


def _ask(session: Session, row: OnlineInvestment, name: str) -> None:
    """Tell each side that has not confirmed that it is asked to."""
    for side in (INSTITUTION, ENTERPRISE):
        users = notices.users_of(session, _org(row, side))
        notices.settle(session, users, _href(row, side))
        if getattr(row, f"{side}_at") is None:
            institution = session.get_one(Organisation, row.org_id).name
            head = f"确认线上投资 · {name}（{institution}，{wan(row.amount_fen)} 万元）"
            notices.notify_waiting(session, users, head, _href(row, side))
    _concern(session, row)


def _concern(session: Session, row: OnlineInvestment) -> None:
    users = notices.users_of(session, row.org_id) + notices.users_of(session, row.enterprise_id)
    live.concern(session, users + notices.staff(session))
