"""我的融资项目: drafts, changes, publication, taking down, who looked (manual §6.1)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PROJECT_EDIT, PROJECTS, REVIEW, Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import EquityLead, EquityProject, EquityProjectRevision, Organisation, StoredFile
from cpegi_app.services import audit, equity_plan, files, notices, review, review_draft
from cpegi_app.services.equity_form import ProjectForm, parse, share_problem
from cpegi_app.services.forms import basis_points, fen
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.review import Check, Description, Flow, Line, Payload
from cpegi_app.vocabulary import Action, FileSlot, Industry, Status
from cpegi_app.vocabulary.equity import LeadStage, ProjectState

REQUIRED = (FileSlot.PLAN,)
NO_PLAN = "请上传商业计划书（PDF，单个文件不超过 10 MB）"


def new_draft(session: Session, actor: Actor) -> EquityProjectRevision:
    """Begin a project, or go on with the one that was begun and never written in."""
    review.require(FLOW, actor)
    one_at_a_time(session, "project-draft", actor.org_id)
    query = select(EquityProjectRevision).join(
        EquityProject, col(EquityProject.id) == EquityProjectRevision.project_id
    )
    query = query.where(EquityProject.org_id == actor.org_id, col(EquityProject.revision_id).is_(None))
    drafts = session.exec(query.where(EquityProjectRevision.status == Status.DRAFT.value)).all()
    if blank := next((row for row in drafts if not row.data), None):
        return blank
    project = EquityProject(org_id=actor.org_id or 0)
    session.add(project)
    session.flush()
    return _revision(session, project, {})


def change_draft(session: Session, actor: Actor, project_id: int) -> EquityProjectRevision:
    """Return the open revision of a project, or begin a change from what is in force, files included."""
    review.require(FLOW, actor)
    project = own(session, actor, project_id)
    one_at_a_time(session, "equity-project", project_id)
    query = select(EquityProjectRevision).where(EquityProjectRevision.project_id == project_id)
    _refuse_closed(project, "如有新一轮融资，请发布新的融资项目。")
    latest = session.exec(query.order_by(col(EquityProjectRevision.id).desc())).first()
    if latest is not None and latest.status in review.OPEN:
        return latest
    row = _revision(session, project, dict(project.data))
    files.copy(session, actor, (FLOW.name, project.revision_id or 0), (FLOW.name, row.id or 0))
    return row


def _refuse_closed(project: EquityProject, advice: str) -> None:
    if project.state == ProjectState.CLOSED:
        raise Conflict(f"该项目已结项，不能再变更。{advice}")


def _revision(session: Session, project: EquityProject, data: dict[str, str]) -> EquityProjectRevision:
    return review_draft.begin(session, FLOW, org_id=project.org_id, project_id=project.id or 0, data=data)


def find(session: Session, project_id: int) -> EquityProject:
    """Return a project that was published once, whatever became of it."""
    project = session.get(EquityProject, project_id) if is_id(project_id) else None
    if project is None or not project.revision_id:
        raise NotFound("融资项目")
    return project


def own(session: Session, actor: Actor, project_id: int) -> EquityProject:
    """Return the actor's own project."""
    project = session.get(EquityProject, project_id) if is_id(project_id) else None
    if project is None or project.org_id != actor.org_id:
        raise NotFound("融资项目")
    return project


def is_change(session: Session, actor: Actor, revision_id: int) -> bool:
    """Tell whether a revision of the actor's own changes a project that is published already."""
    row = review.load_own(session, FLOW, actor, revision_id)
    return bool(own(session, actor, row.project_id).revision_id)


def take_down(session: Session, actor: Actor, project_id: int, *, down: bool) -> None:
    """Take a project off the public site (撤下), or put it back."""
    review.require(FLOW, actor)
    own(session, actor, project_id)
    one_at_a_time(session, "equity-project", project_id)
    project = session.get_one(EquityProject, project_id, populate_existing=True)
    if not project.revision_id:
        raise Conflict("该项目尚未通过审核，不能撤下或重新发布。")
    if project.state == ProjectState.CLOSED:
        raise Conflict("该项目已结项，不能撤下或重新发布。如有新一轮融资，请发布新的融资项目。")
    wanted = ProjectState.DOWN if down else ProjectState.OPEN
    if project.state == wanted:
        return
    project.state, project.down_at = wanted.value, clock.now() if down else None
    if not down:
        project.listed_at = clock.now()
    session.add(project)
    action = "project.down" if down else "project.up"
    audit.record(session, actor, action, f"equity_project:{project_id}", project.name)
    _tell_owners(session, project, down)


def _tell_owners(session: Session, project: EquityProject, down: bool) -> None:
    """Tell the staff who follow a lead of the project up."""
    leads = select(EquityLead.owner_id).where(
        EquityLead.project_id == project.id,
        EquityLead.stage != LeadStage.CLOSED.value,
        col(EquityLead.owner_id).is_not(None),
    )
    owners = [i for i in session.exec(leads) if i is not None]
    what = "已被项目方撤下，请与项目方和机构沟通后续安排。" if down else "已重新发布。"
    notices.notify(
        session, owners, f"融资项目“{project.name}”状态变化", what, "/staff/equity/leads", "orange"
    )


def close(session: Session, project: EquityProject) -> None:
    """Mark a project 已结项, as its financing is done; what calls this has checked why."""
    one_at_a_time(session, "equity-project", project.id)
    session.refresh(project)
    if project.state != ProjectState.CLOSED:
        project.state, project.closed_at = ProjectState.CLOSED.value, clock.now()
        session.add(project)


# --- the flow -------------------------------------------------------------------------------------


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    project = session.get_one(EquityProject, row.project_id, populate_existing=True)
    _refuse_closed(project, "如有新一轮融资，请发布新的融资项目。")
    errors = {name: NO_PLAN for name in files.require(session, FLOW.name, row.id, REQUIRED)}
    form: ProjectForm | None = None
    try:
        form = parse(row.data)
    except FormInvalid as refusal:
        errors = refusal.fields | errors
    if errors or form is None:
        raise FormInvalid(errors)
    return {"data": form.strings()}


def _publish(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    one_at_a_time(session, "equity-project", row.project_id)
    project = session.get_one(EquityProject, row.project_id, populate_existing=True)
    _refuse_closed(project, "请退回这次变更，并把原因告知企业。")
    publish(project, row)
    session.add(project)


def publish(project: EquityProject, row: EquityProjectRevision) -> None:
    """Copy an approved revision onto its project; one that was taken down stays down until put back."""
    form = ProjectForm.model_validate({k: v for k, v in row.data.items() if v})
    project.name, project.intro = form.name, form.intro[:200]
    project.industry, project.region = form.industry, form.region
    project.round, project.stage = form.round, form.stage
    project.amount_fen, project.share_bp = fen(form.amount), basis_points(form.share)
    project.pre_fen, project.post_fen = fen(form.pre), fen(form.post)
    project.data = row.data
    if project.revision_id is None:
        project.state, project.listed_at = ProjectState.OPEN.value, clock.now()
    project.revision_id = row.id


def _drop_unpublished(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    """Take a project that was never published off with its only draft."""
    project = session.get_one(EquityProject, row.project_id)
    if not project.revision_id:
        session.delete(project)


def _describe(session: Session, row: Any) -> Description:
    project = session.get(EquityProject, row.project_id)
    org = session.get(Organisation, row.org_id)
    # What was approved once is not held against what came after it.
    is_open = row.status != Status.APPROVED and project and project.revision_id
    in_force = project.data if project and is_open and project.revision_id != row.id else None
    party = f"{org.name}（{org.credit_code}）" if org else ""
    lines = (Line("项目方", "org", "项目企业", party, party if in_force is not None else "", fixed=True),)
    return Description(ProjectForm, in_force, lines, _checks(row, org))


def _checks(row: Any, org: Organisation | None) -> tuple[Check, ...]:
    found = []
    try:
        form = ProjectForm.model_validate({k: v for k, v in row.data.items() if v})
    except ValueError:
        return (Check("估值与比例", "warn", "无法计算，请核对融资方案"),)
    why = share_problem(form.amount, form.post, form.share)
    note = f"；企业说明：{form.share_note}" if why and form.share_note else ""
    found.append(Check("估值与比例", "warn" if why else "ok", (why or "融资额、估值与出让比例一致") + note))
    if org is not None and org.profile.get("industry") not in ("", None, form.industry):
        own_industry = Industry.label_of(org.profile.get("industry"))
        text = f"企业认证行业为{own_industry}，项目填报{Industry.label_of(form.industry)}"
        found.append(Check("所属行业", "warn", text))
    return tuple(found)


FLOW = review.register(
    Flow(
        name="equity_project",
        label="融资项目",
        model=EquityProjectRevision,
        submit=Permission.PROJECT_SUBMIT,
        submit_screen=PROJECT_EDIT,
        review_screen=REVIEW,
        title=lambda s, row: row.data.get("name") or "未命名项目",
        describe=_describe,
        submitter_href=lambda row: (
            PROJECT_EDIT.url(rid=row.id) if row.status == Status.RETURNED else PROJECTS.route
        ),
        reviewer_href=lambda row: REVIEW.url(flow="equity_project", rid=row.id),
        before_submit=_before_submit,
        after_approve=_publish,
        gives_up=True,
        discards=True,
        after_discard=_drop_unpublished,
        outcome={Action.APPROVE: "项目已在平台“股权融资”中展示。"},
    )
)


def _shows_file(session: Session, actor: Actor | None, row: Any, stored: StoredFile) -> bool:
    """Tell whether somebody outside the review may open a file of a published project; an opening is recorded."""
    project = session.get(EquityProject, row.project_id)
    if project is None or project.revision_id != row.id or stored.removed_at:
        return False
    if stored.slot == FileSlot.PICTURE:
        return project.state in (ProjectState.OPEN, ProjectState.CLOSED)
    is_plan = stored.slot == FileSlot.PLAN and project.state == ProjectState.OPEN
    if not is_plan or actor is None or not actor.may(Permission.EQUITY_BROWSE):
        return False
    equity_plan.record_opening(session, actor, project, stored.id or 0)
    return True


files.show_beyond(FLOW.name, _shows_file)
