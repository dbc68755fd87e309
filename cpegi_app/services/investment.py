"""线下投资备案: the institution files, the project side confirms or objects, then the platform confirms (manual §6.4)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import CONFIRM, INVESTMENT_EDIT, REVIEW, Actor, Permission, Role
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import EquityProject, Investment, Organisation
from cpegi_app.services import (
    files,
    investment_claim,
    investment_done,
    investment_form,
    notices,
    review,
    review_draft,
)
from cpegi_app.services.forms import wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.investment_form import FiguresForm, InvestmentForm, differing
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.review import PLATFORM, Check, Description, Flow, Line, Payload, Stage
from cpegi_app.vocabulary import Action, FileSlot, Status
from cpegi_app.vocabulary.equity import FilingState, ProjectState

REQUIRED = (FileSlot.AGREEMENT, FileSlot.PAYMENT)
SLOTS = (*REQUIRED, FileSlot.REGISTRATION)
TITLES = {s.name: s.title for s in InvestmentForm.specs()} | {"target": "投资项目"}
DOWN = "该项目已被项目方撤下，不能按平台项目备案。请改为选择项目方企业，并填写项目名称后提交"


def state_of(row: Investment) -> FilingState:
    """Return where a filing stands: the stage at which it was sent back tells by whom."""
    if row.status == Status.PENDING:
        return FilingState.PARTY if row.stage == 0 else FilingState.PLATFORM
    if row.status == Status.RETURNED:
        return FilingState.OBJECTED if row.stage == 0 else FilingState.RETURNED
    return FilingState.FILED if row.status == Status.APPROVED else FilingState.DRAFT


def new_draft(session: Session, actor: Actor) -> Investment:
    """Begin a filing (添加线下投资记录), or go on with the one that was begun and never written in."""
    review.require(FLOW, actor)
    one_at_a_time(session, "investment-draft", actor.org_id)
    query = select(Investment).where(
        Investment.org_id == actor.org_id,
        Investment.status == Status.DRAFT.value,
        col(Investment.submitted_at).is_(None),
        col(Investment.enterprise_id).is_(None),
    )
    for row in session.exec(query.order_by(col(Investment.id).desc())):
        if not row.data:
            return row
    return review_draft.begin(session, FLOW, org_id=actor.org_id or 0)


def choose(
    session: Session, actor: Actor, row_id: int, version: int, enterprise_id: int, project_id: int
) -> Investment:
    """Say in what was invested: a project of the platform (its enterprise follows), or a verified enterprise alone."""
    row: Investment = review.load_own(session, FLOW, actor, row_id)
    if row.submitted_at is not None and row.enterprise_id:
        raise Conflict("该备案已提交过，不能更换项目方。如填错了项目方，请另外添加一条线下投资记录。")
    project = None
    if project_id:
        project = _project(session, project_id)
        enterprise_id = project.org_id
    enterprise = _enterprise(session, enterprise_id)
    if enterprise.id == actor.org_id:
        raise FormInvalid(
            {"target": "不能向本单位投资，请选择其他项目或企业"}, "不能向本单位投资，请选择其他项目或企业。"
        )
    name = project.name if project else ""
    return review.save_draft(
        session,
        FLOW,
        actor,
        row_id,
        version,
        row.data | ({"project_name": name} if name else {}),
        enterprise_id=enterprise.id,
        project_id=project.id if project else None,
        project_name=name,
    )


def _project(session: Session, project_id: int) -> EquityProject:
    project = session.get(EquityProject, project_id) if is_id(project_id) else None
    if project is None or project.state not in (ProjectState.OPEN, ProjectState.CLOSED):
        raise NotFound("融资项目")
    return project


def _enterprise(session: Session, org_id: int) -> Organisation:
    org = session.get(Organisation, org_id) if is_id(org_id) else None
    if org is None or org.verified_at is None:
        raise NotFound("已认证企业")
    return org


def confirm(session: Session, actor: Actor, row_id: int, version: int, key: str = "") -> None:
    """Confirm for the project side; the platform is next."""
    _party(session, actor, row_id)
    review.act(session, FLOW, actor, row_id, Action.APPROVE, version, comment="项目方确认无误", key=key)


def object_to(
    session: Session,
    actor: Actor,
    row_id: int,
    version: int,
    data: dict[str, str],
    comment: str,
    key: str = "",
) -> None:
    """Object for the project side, with its own figures; the institution answers anew or corrects.

    An earlier answer was to an earlier objection: it stays in the trail, with what was sent then."""
    row = _party(session, actor, row_id)
    form = investment_form.parse(FiguresForm, data)
    values = {
        "objection": form.strings() | {"reason": comment},
        "objected_at": clock.now(),
        "data": row.data | {"answer": ""},
        "answer": "",
    }
    review.act(session, FLOW, actor, row_id, Action.RETURN, version, comment=comment, key=key, values=values)


def _party(session: Session, actor: Actor, row_id: int) -> Investment:
    """Return a filing of which the actor's organisation is the project side; any other does not exist."""
    row = review.load(session, FLOW, actor, row_id)
    if not PARTY.is_party(actor, row) or not actor.may(PARTY.permission):
        raise NotFound(FLOW.label)
    return row


# --- the flow -------------------------------------------------------------------------------------


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    errors = files.require(session, FLOW.name, row.id, REQUIRED)
    form: InvestmentForm | None = None
    try:
        form = investment_form.parse(InvestmentForm, row.data)
    except FormInvalid as refusal:
        errors = refusal.fields | errors
    name, problem = _target(session, row)
    if problem:
        errors = {"target": problem} | errors
    if not name:
        errors.setdefault("project_name", "请填写项目名称")
    if form is not None and (why := _unanswered(row, form)):
        errors["answer"] = why
    if errors or form is None:
        raise FormInvalid(errors)
    mark = investment_claim.print_of(session, row.enterprise_id, row.org_id, form.agreed_on)
    investment_claim.claim(session, mark, investment_id=row.id)
    return {
        "data": form.strings() | {"project_name": name},
        "project_name": name,
        "answer": form.answer or "",
        "confirmed_at": None,
        "reminded_at": None,
        **investment_form.columns(form),
    }


def _target(session: Session, row: Any) -> tuple[str, str]:
    """Return the project's name, and what is wrong with the target.

    What was sent once keeps its project and the name it was sent with, though the project is taken down meanwhile."""
    typed = (row.data.get("project_name") or "").strip()
    if not row.enterprise_id:
        return typed, "请先查找并选择投资的项目或企业"
    if not row.project_id:
        return typed, ""
    # Taking down and filing at once: one sees what the other has done.
    one_at_a_time(session, "equity-project", row.project_id)
    project = session.get_one(EquityProject, row.project_id, populate_existing=True)
    if project.state != ProjectState.DOWN:
        return project.name, ""
    return (row.project_name, "") if row.submitted_at else (typed, DOWN)


def _unanswered(row: Any, form: InvestmentForm) -> str:
    if not row.objection or form.answer:
        return ""
    left = differing(form.strings(), row.objection)
    if not left:
        return ""
    return f"与项目方所述仍有 {len(left)} 处不同（{'、'.join(left)}），请更正数据，或在此说明理由"


def _before_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    mark = investment_claim.print_of(session, row.enterprise_id, row.org_id, row.agreed_on)
    try:
        investment_claim.claim(session, mark, investment_id=row.id)
    except FormInvalid as refusal:
        raise Conflict(f"不能通过：{refusal.fields['agreed_on']}。请退回机构核对。") from None
    return {"confirmed_at": clock.now()} if row.stage == 0 else {}


def _filed(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    investment_done.finish(session, actor, row)


def _describe(session: Session, row: Any) -> Description:
    institution = session.get(Organisation, row.org_id)
    enterprise = session.get(Organisation, row.enterprise_id) if row.enterprise_id else None
    group = "投资双方"
    lines = [
        Line(group, "institution", "投资机构", _named(institution)),
        Line(group, "enterprise", "项目方", _named(enterprise)),
        Line(group, "target", "项目", _target_text(session, row)),
    ]
    for line in investment_form.differences(row.data, row.objection) if row.objection else []:
        if line.changed:
            name = f"o_{len(lines)}"
            text = f"机构填报 {line.old}；项目方所述 {line.new}"
            lines.append(Line("项目方异议", name, line.label, text))
    if row.objection.get("reason"):
        lines.append(Line("项目方异议", "o_reason", "异议说明", row.objection["reason"]))
    return Description(InvestmentForm, None, tuple(lines), _checks(session, row))


def _named(org: Organisation | None) -> str:
    return f"{org.name}（{org.credit_code}）" if org else "尚未选择"


def _target_text(session: Session, row: Any) -> str:
    project = session.get(EquityProject, row.project_id) if row.project_id else None
    return f"平台项目：{project.name}" if project else f"未在平台发布：{row.project_name or '—'}"


def _checks(session: Session, row: Any) -> tuple[Check, ...]:
    state = state_of(row)
    if row.confirmed_at:
        said = Check("项目方意见", "ok", f"已于 {clock.local(row.confirmed_at)} 确认")
    else:
        said = Check("项目方意见", "warn", f"{state.label}，项目方确认前平台不能办理")
    found = [said]
    if row.objection:
        left = differing(row.data, row.objection)
        text = f"与项目方曾提出的数据不同：{'、'.join(left)}" if left else "已按项目方异议更正"
        found.append(Check("双方数据", "warn" if left else "ok", text))
    project = session.get(EquityProject, row.project_id) if row.project_id else None
    if project is not None and project.round != row.round:
        found.append(Check("投资轮次", "warn", "与平台项目发布的轮次不同，请核对"))
    if project is not None and project.state == ProjectState.DOWN:
        found.append(Check("项目状态", "warn", "项目在提交后被项目方撤下，请与双方核实"))
    return tuple(found)


PARTY = Stage(
    "party",
    "项目方确认",
    Permission.INVESTMENT_CONFIRM,
    lambda actor, row: (
        actor.role is Role.MEMBER and actor.org_id is not None and actor.org_id == row.enterprise_id
    ),
    lambda session, row: notices.users_of(session, row.enterprise_id) if row.enterprise_id else [],
)

FLOW = review.register(
    Flow(
        name="investment",
        label="线下投资备案",
        model=Investment,
        submit=Permission.INVESTMENT_SUBMIT,
        submit_screen=INVESTMENT_EDIT,
        review_screen=REVIEW,
        title=lambda s, row: f"{row.project_name or '未命名项目'} · {wan(row.amount_fen)} 万元",
        describe=_describe,
        submitter_href=lambda row: INVESTMENT_EDIT.url(iid=row.id),
        reviewer_href=lambda row: (
            CONFIRM.url(iid=row.id) if row.stage == 0 else REVIEW.url(flow="investment", rid=row.id)
        ),
        stages=(PARTY, PLATFORM),
        before_submit=_before_submit,
        before_approve=_before_approve,
        after_approve=_filed,
        gives_up=True,
        discards=True,
        outcome={Action.APPROVE: "已备案，投资已进入股权投资项目库。"},
    )
)
