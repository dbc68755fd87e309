"""The platform's review desk: what a reviewer reads of one thing, the decision, and what comes next."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import DomainError, FormInvalid, NotFound
from cpegi_app.models import Organisation, ReviewEvent, User
from cpegi_app.services import platform_queue, review, review_view, staff, waits
from cpegi_app.services.files import FileView
from cpegi_app.services.forms import normalise
from cpegi_app.services.identifiers import masked
from cpegi_app.services.review import Flow
from cpegi_app.services.review_view import ReviewView
from cpegi_app.vocabulary import Action, FileSlot, OrgClass, Status

IMAGES = ("jpg", "png")
# What a reviewer writes most often, ready to be put into the opinion (ours).
COMMON: dict[str, tuple[tuple[str, str], ...]] = {
    "verification": (
        ("执照不清晰", "营业执照扫描件不清晰，请重新上传清晰的彩色扫描件。"),
        ("与证照不一致", "填报信息与营业执照不一致，请按证照原样填写。"),
        ("委托书缺签章", "授权委托书缺少签字或公章，请补充后重新上传。"),
        ("类别不符", "机构类别与许可证（备案证明）不符，请核对后重新选择。"),
        ("许可证过期", "许可证（备案证明）已过有效期，请上传有效证照。"),
    ),
    "profile_change": (
        ("缺证明文件", "变更内容缺少证明文件，请上传最新证照。"),
        ("与证照不一致", "填报信息与营业执照不一致，请按证照原样填写。"),
        ("类别依据不足", "更正机构类别需上传对应的许可证或备案证明。"),
    ),
    "product": (
        ("费用表述不清", "利率或费用表述不清，请补充收费项目和标准。"),
        ("条件不一致", "授信条件与产品介绍不一致，请核对。"),
        ("夸大表述", "产品介绍含有承诺性、夸大性表述，请修改。"),
    ),
    "disbursement": (
        ("金额不一致", "放款凭证与填报金额不一致，请核对后更正。"),
        ("合同不完整", "借款合同缺页或不清晰，请重新上传完整扫描件。"),
        ("利率不一致", "执行年利率与合同约定不一致，请核对。"),
    ),
}


class DeskField(BaseModel):
    """One line: its value, what it is compared with, and what was asked for the time before."""

    name: str
    title: str
    value: str
    old: str
    changed: bool
    asked: str
    reason: str
    secret: bool = False
    markable: bool = True
    # Whether its card says what the lines were before.
    compared: bool = False


class DeskGroup(BaseModel):
    """A card of lines."""

    title: str
    changed: int
    fields: list[DeskField]
    compared: bool = False


class DeskFile(BaseModel):
    """A file with its preview."""

    id: int
    name: str
    slot: str
    slot_label: str
    size: str
    at: str
    href: str
    is_image: bool
    is_new: bool
    asked: str


class DeskSlot(BaseModel):
    """A kind of file that may be marked as wrong."""

    name: str
    title: str
    reason: str


class Phrase(BaseModel):
    """A common opinion: the word on its button, and the sentence."""

    label: str
    text: str


class Upcoming(BaseModel):
    """What a reviewer takes up next."""

    href: str = ""
    title: str = ""
    label: str = ""
    waiting: str = ""
    left: int = 0


class Desk(BaseModel):
    """Everything the review page shows."""

    view: ReviewView = ReviewView()
    number: str = ""
    applicant: str = ""
    account: str = ""
    waited: str = ""
    late: bool = False
    step: int = 0
    is_bad: bool = False
    groups: list[DeskGroup] = []
    files: list[DeskFile] = []
    slots: list[DeskSlot] = []
    last_word: str = ""
    common: list[Phrase] = []
    rounds: int = 0
    open: bool = False


def platform_flow(name: str) -> Flow:
    """Return a flow in which the platform decides; any other name is a record that does not exist."""
    found = next((f for f in platform_queue.platform_flows() if f.name == name), None)
    if found is None:
        raise NotFound("待办事项")
    return found


def desk(session: Session, actor: Actor, flow_name: str, row_id: int) -> Desk:
    """Return one thing as the platform's reviewer reads it."""
    staff.require(actor, Permission.REVIEW_PLATFORM)
    flow = platform_flow(flow_name)
    view = review_view.view(session, flow, actor, row_id)
    row: Any = session.get(flow.model, row_id)
    events = review_view.history(session, flow.name, row_id)
    asked = asked_of(events)
    files = desk_files(view, asked)
    status = Status(row.status)
    return Desk(
        view=view,
        number=f"编号 {row_id}",
        applicant=_applicant(session, row),
        account=_account(session, row),
        waited=waits.told(row) if status is Status.PENDING else "",
        late=status is Status.PENDING and waits.is_late(row),
        step={Status.PENDING: 1, Status.APPROVED: 3}.get(status, 0 if status is Status.DRAFT else 1),
        is_bad=status in (Status.RETURNED, Status.REJECTED),
        groups=[desk_group(g, asked) for g in view.groups],
        files=files,
        slots=_slots(files, asked, row),
        last_word=last_word(events),
        common=[Phrase(label=label, text=text) for label, text in COMMON.get(flow.name, ())],
        rounds=sum(e.action == Action.SUBMIT for e in events),
        open=view.can_approve or view.can_return or view.can_reject,
    )


def decide(
    session: Session,
    actor: Actor,
    flow_name: str,
    row_id: int,
    action: Action,
    version: int,
    comment: str,
    reasons: dict[str, str],
    key: str = "",
) -> None:
    """Take the decision that the reviewer has read the row for."""
    staff.require(actor, Permission.REVIEW_PLATFORM)
    flow = platform_flow(flow_name)
    reasons = {k: v for k, v in reasons.items() if normalise(v)}
    if action is Action.APPROVE:
        if reasons:
            raise DomainError(
                f"您标记了 {len(reasons)} 处需更正的内容：如需对方修改请点“退回”；确认通过请先清空标记。"
            )
        if not normalise(comment) and _is_doubtful(session, flow, actor, row_id):
            raise FormInvalid(
                {"comment": "系统核验发现问题，通过时请在审核意见中说明理由"},
                "系统核验发现问题，请填写审核意见说明理由后再通过。",
            )
    review.act(session, flow, actor, row_id, action, version, comment=comment, field_reasons=reasons, key=key)


def upcoming(session: Session, actor: Actor, flow_name: str) -> Upcoming:
    """Return what has waited longest, of the same kind where there is one."""
    rows, left, counts = platform_queue.queue(session, actor, flow=flow_name, size=1)
    if not rows:
        rows, _, counts = platform_queue.queue(session, actor, size=1)
    left = sum(c.count for c in counts)
    if not rows:
        return Upcoming()
    r = rows[0]
    return Upcoming(href=r.href, title=r.title, label=r.flow_label, waiting=r.waiting, left=left)


def _is_doubtful(session: Session, flow: Flow, actor: Actor, row_id: int) -> bool:
    row = review.load(session, flow, actor, row_id)
    return row.status == Status.PENDING and any(c.level == "bad" for c in flow.describe(session, row).checks)


def asked_of(events: list[ReviewEvent]) -> dict[str, str]:
    """Return the reasons of the last 退回, which the present submission should have answered."""
    returned = [e for e in events if e.action == Action.RETURN]
    return dict(returned[-1].field_reasons) if returned else {}


def desk_group(group: review_view.GroupView, asked: dict[str, str]) -> DeskGroup:
    """Return a card of lines, each with what was asked of it the time before."""
    return DeskGroup(
        title=group.title,
        changed=sum(f.changed for f in group.fields),
        compared=group.compared,
        fields=[
            DeskField(
                name=f.name,
                title=f.title,
                value=f.value,
                old=f.old,
                changed=f.changed,
                asked=asked.get(f.name, ""),
                reason=f.reason,
                secret=f.secret,
                markable=f.markable,
                compared=group.compared,
            )
            for f in group.fields
        ],
    )


def desk_files(view: ReviewView, asked: dict[str, str]) -> list[DeskFile]:
    """Return the files by kind, those that are new since the time before marked."""
    return [
        DeskFile(
            id=f.id,
            name=f.name,
            slot=f.slot,
            slot_label=_numbered(view.files, f),
            size=f.size,
            at=f.at,
            href=f.href,
            is_image=f.kind in IMAGES,
            is_new=f.id in view.new_ids,
            asked=asked.get(f"file_{f.slot}", ""),
        )
        for f in view.files
    ]


def _numbered(present: list[FileView], file: FileView) -> str:
    """Return what a file is called: by its kind, numbered where there are several of it."""
    alike = [f.id for f in present if f.slot == file.slot]
    return f"{file.slot_label} {alike.index(file.id) + 1}" if len(alike) > 1 else file.slot_label


def _slots(files: list[DeskFile], asked: dict[str, str], row: Any) -> list[DeskSlot]:
    names = dict.fromkeys(f.slot for f in files)
    if row.data.get("is_legal_rep") == "NO":
        names.setdefault(FileSlot.AUTHORISATION.value)
    return [
        DeskSlot(
            name=f"file_{s}",
            title=FileSlot.label_of(s),
            reason=row.field_reasons.get(f"file_{s}", ""),
        )
        for s in names
    ]


def last_word(events: list[ReviewEvent]) -> str:
    """Return who decided what and when, for a thing that has been decided."""
    decided = [e for e in events if e.action not in (Action.SUBMIT, Action.WITHDRAW)]
    if not decided:
        return ""
    e = decided[-1]
    return f"{e.actor_label}于 {clock.local(e.created_at)}“{Action.label_of(e.action)}”"


def _applicant(session: Session, row: Any) -> str:
    org = session.get(Organisation, row.org_id)
    return (org.name if org else "") or row.data.get("name", "") or "新账号"


def _account(session: Session, row: Any) -> str:
    """Return the class and the state of the account behind the row, and the submitter's masked number."""
    org = session.get(Organisation, row.org_id)
    user = session.get(User, row.submitted_by) if row.submitted_by else None
    parts = [OrgClass.label_of(org.org_class) if org else "", masked(user.phone) if user else ""]
    parts.append("已认证" if org and org.verified_at else "未认证")
    return " · ".join(p for p in parts if p)
