"""What a review page shows: data, differences, files, checks, history, and the actions offered."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import NotFound
from cpegi_app.models import ReviewEvent
from cpegi_app.services import audit, files, review, review_draft, review_files
from cpegi_app.services.files import FileView
from cpegi_app.services.identifiers import masked
from cpegi_app.services.review import Check, Description, Flow
from cpegi_app.vocabulary import TONES, Action, FileSlot, Status

# Where a line stands beside others that are compared and what it said before was not kept.
UNCOMPARED = "不作对比"


class FieldView(BaseModel):
    """One line of the subject; `old` is what it is compared with, `reason` why it was returned."""

    name: str
    title: str
    value: str
    old: str = ""
    changed: bool = False
    reason: str = ""
    # A person's number: masked for everybody but the owner, until it is asked for.
    secret: bool = False
    # Whether its submitter could correct it.
    markable: bool = True


class GroupView(BaseModel):
    """A card of lines."""

    title: str
    fields: list[FieldView]
    # Whether any line says what it was before.
    compared: bool = False


class EventView(BaseModel):
    """A step of the history; `points` are its reasons by field."""

    key: str
    action: str
    tone: str
    who: str
    at: str
    comment: str
    points: list[str]


class CheckView(BaseModel):
    """What the machine found out, and the form's field that it concerns."""

    label: str
    level: str
    text: str
    field: str = ""


class ReviewView(BaseModel):
    """Everything a review page needs, ready to show."""

    flow: str = ""
    flow_label: str = ""
    id: int = 0
    version: int = 0
    title: str = ""
    status: str = ""
    status_label: str = ""
    tone: str = ""
    reason: str = ""
    submitted: str = ""
    # Which submission this is, by its step in the history; 0 before the first.
    sent: int = 0
    compared_with: str = ""
    # Lines that changed, and kinds of file that did.
    changed_count: int = 0
    changed_kinds: int = 0
    groups: list[GroupView] = []
    files: list[FileView] = []
    # What changed among the files since the time before: the ids of new ones, and the names of new and gone ones.
    new_ids: list[int] = []
    new_files: list[str] = []
    gone_files: list[str] = []
    checks: list[CheckView] = []
    events: list[EventView] = []
    can_approve: bool = False
    can_return: bool = False
    can_reject: bool = False
    can_withdraw: bool = False
    can_submit: bool = False
    can_discard: bool = False


def view(session: Session, flow: Flow, actor: Actor, row_id: int) -> ReviewView:
    """Return a subject that the actor owns or reviews, as its page shows it."""
    row = review.load(session, flow, actor, row_id)
    description = flow.describe(session, row)
    events = history(session, flow.name, row_id)
    old, compared_with = _compared(description, row, events)
    # Read once: for the list, for what changed among them, and for the desk that stands on this view.
    present = files.live(session, flow.name, row_id)
    labels = {code: slot.label for code, slot in flow.slots(session, row).items()}
    moved = review_files.FileChanges()
    if compared_with:
        moved = review_files.changes(session, flow, row, events, present, labels)
    groups = _groups(description, row, old, is_masked=not review.is_owner(actor, row))
    titles = {f.name: f.title for g in groups for f in g.fields}
    titles |= {f"file_{code}": label for code, label in labels.items()}
    actions = review.allowed(flow, row, actor)
    return ReviewView(
        flow=flow.name,
        flow_label=flow.label,
        id=row.id,
        version=row.version,
        title=flow.title(session, row),
        status=row.status,
        status_label=Status.label_of(row.status),
        tone=TONES[row.status],
        reason=row.reason,
        submitted=clock.local(row.submitted_at),
        sent=max((e.id or 0 for e in events if e.action == Action.SUBMIT), default=0),
        compared_with=compared_with,
        changed_count=sum(f.changed for g in groups for f in g.fields),
        groups=groups,
        files=[
            files.view(f, labels.get(f.slot, ""))
            for f in sorted(present, key=lambda f: review_files.slot_order(f.slot))
        ],
        changed_kinds=moved.kinds,
        new_ids=moved.ids,
        new_files=moved.new,
        gone_files=moved.gone,
        checks=check_views(description.checks),
        events=[event_view(e, titles) for e in reversed(events)],
        can_approve=Action.APPROVE in actions,
        can_return=Action.RETURN in actions,
        can_reject=Action.REJECT in actions,
        can_withdraw=Action.WITHDRAW in actions,
        can_submit=Action.SUBMIT in actions,
        can_discard=review_draft.may_discard(flow, row, actor),
    )


def check_views(found: Iterable[Check]) -> list[CheckView]:
    """Return what the machine found out as pages show it."""
    return [CheckView(label=c.label, level=c.level, text=c.text, field=c.field) for c in found]


def history(session: Session, flow_name: str, row_id: int) -> list[ReviewEvent]:
    """Return the steps of a subject that the caller has loaded for its actor, oldest first."""
    query = select(ReviewEvent).where(ReviewEvent.flow == flow_name, ReviewEvent.subject_id == row_id)
    return list(session.exec(query.order_by(col(ReviewEvent.id))))


def event_view(e: ReviewEvent, titles: dict[str, str]) -> EventView:
    """Return one step as the timeline shows it."""
    slots = {f"file_{s.value}": s.label for s in FileSlot}
    moved = next((to for (_, action), to in review.MOVES.items() if action == e.action), Status.DRAFT)
    return EventView(
        key=str(e.id),
        action=Action.label_of(e.action),
        tone=TONES[moved],
        who=e.actor_label,
        at=clock.local(e.created_at),
        comment=e.comment,
        points=[f"{(slots | titles).get(name, name)}：{text}" for name, text in e.field_reasons.items()],
    )


def _compared(
    description: Description, row: review.Reviewable, events: list[ReviewEvent]
) -> tuple[dict[str, str] | None, str]:
    """Return what is in force, or else what was submitted the time before; once it is decided, nothing."""
    if description.in_force is not None:
        return description.in_force, "现行资料"
    if row.status in (Status.APPROVED, Status.REJECTED):
        return None, ""
    sent = [e for e in events if e.action == Action.SUBMIT]
    if len(sent) >= 2:
        return sent[-2].snapshot.get("data", {}), "上次提交"
    return None, ""


def reveal(session: Session, actor: Actor, flow_name: str, row_id: int, name: str) -> str:
    """Return a masked line of a subject in full; every look is in the audit trail."""
    flow = review.FLOWS.get(flow_name)
    if flow is None:
        raise NotFound()
    row = review.load(session, flow, actor, row_id)
    groups = _groups(flow.describe(session, row), row, None, is_masked=False)
    line = next((f for g in groups for f in g.fields if f.name == name and f.secret), None)
    if line is None:
        raise NotFound("号码")
    audit.record(session, actor, "record.reveal", f"{flow.name}:{row_id}", line.title)
    return line.value


def _groups(
    description: Description, row: review.Reviewable, old: dict[str, str] | None, *, is_masked: bool
) -> list[GroupView]:
    found: dict[str, list[FieldView]] = {}
    compared: set[str] = set()
    unknown: set[str] = set()

    def hide(text: str, secret: bool) -> str:
        return masked(text) if text and secret and is_masked else text

    for spec in description.form.specs() if description.form else []:
        before, now = (old or {}).get(spec.name, ""), row.data.get(spec.name, "")
        blank = description.form.blanks.get(spec.name, "") if description.form else ""
        if old is not None:
            compared.add(spec.group)
        found.setdefault(spec.group, []).append(
            FieldView(
                name=spec.name,
                title=spec.title,
                value=hide(spec.show(now) or blank, spec.secret),
                old=hide(spec.show(before) or blank, spec.secret) if old is not None else "",
                changed=old is not None and before != now,
                reason=row.field_reasons.get(spec.name, ""),
                secret=spec.secret and bool(now),
            )
        )
    for line in description.lines:
        before = line.before(old)
        if before is None:
            unknown.add(line.name)
        else:
            compared.add(line.group)
        found.setdefault(line.group, []).append(
            FieldView(
                name=line.name,
                title=line.title,
                value=hide(line.value, line.secret),
                old=hide(before or "", line.secret),
                changed=before is not None and before != line.value,
                reason=row.field_reasons.get(line.name, ""),
                secret=line.secret and bool(line.value),
                markable=not line.fixed,
            )
        )
    for title in compared:
        for f in found[title]:
            f.old = UNCOMPARED if f.name in unknown else f.old
    groups = [GroupView(title=t, fields=fields, compared=t in compared) for t, fields in found.items()]
    return sorted(groups, key=lambda g: g.title != description.first)
