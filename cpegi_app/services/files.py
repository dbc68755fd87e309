"""Private files of reviewed things: kept by content, read only by who may see the thing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import literal
from sqlmodel import Session, SQLModel, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound, SignInRequired
from cpegi_app.models import ReviewEvent, StoredFile
from cpegi_app.services import audit, filetypes, review
from cpegi_app.services.ids import is_id
from cpegi_app.services.storage import Store
from cpegi_app.settings import get_settings
from cpegi_app.vocabulary import FileSlot

MAX_A_SLOT, MAX_A_SUBJECT = 6, 30
ALLOWED = frozenset({filetypes.FileKind.PDF, filetypes.FileKind.JPG, filetypes.FileKind.PNG})
HINT = f"PDF、JPG 或 PNG，单个文件不超过 10 MB，最多 {MAX_A_SLOT} 个文件"
# Reports come as workbooks as well.
ALLOWED_IN: dict[str, frozenset[filetypes.FileKind]] = {
    FileSlot.REPORT: ALLOWED | filetypes.WORKBOOKS,
    FileSlot.PLAN: frozenset({filetypes.FileKind.PDF}),
    FileSlot.PICTURE: frozenset({filetypes.FileKind.JPG, filetypes.FileKind.PNG}),
}
REPORT_HINT = f"PDF、Excel（.xlsx）、JPG 或 PNG，单个文件不超过 10 MB，最多 {MAX_A_SLOT} 个文件"
# Whether somebody who takes no part in a reviewed thing, maybe nobody signed in, may open one of its files.
Beyond = Callable[[Session, Actor | None, Any, StoredFile], bool]
_BEYOND: dict[str, Beyond] = {}


def show_beyond(flow_name: str, rule: Beyond) -> None:
    """Let a flow show some of its files to more than those who submit, decide and read."""
    _BEYOND[flow_name] = rule


# Whether an actor may read or change a thing by its number: refuses by an exception.
Access = Callable[[Session, Actor, int], object]


@dataclass(frozen=True)
class Holder:
    """What keeps files without being reviewed, who reads and changes them, and who is told of a change."""

    read: Access
    change: Access
    changed: Callable[[Session, Actor, int, str], None] | None = None


_HOLDERS: dict[str, Holder] = {}


def keep_for(name: str, holder: Holder) -> None:
    """Let something that is not reviewed keep files under its name."""
    _HOLDERS[name] = holder


class FileView(BaseModel):
    """A file as pages show it."""

    id: int
    name: str
    slot: str
    slot_label: str
    size: str
    kind: str
    href: str
    at: str


@dataclass(frozen=True)
class Content:
    """What a download sends."""

    path: Path
    name: str
    kind: str


@lru_cache(maxsize=4)
def _store_at(root: Path) -> Store:
    return Store(root)


def store() -> Store:
    """Return the private store under DATA_DIR."""
    return _store_at(get_settings().data_dir.resolve() / "files")


@dataclass(frozen=True)
class Examined:
    """A content that is what its name says and lies in the store; a row may follow, else the sweeper takes it."""

    data: bytes
    kind: filetypes.FileKind
    sha256: str


def examine(name: str, data: bytes | Examined, allowed: frozenset[filetypes.FileKind]) -> Examined:
    """Look into a file and keep its content; done before a transaction, it holds up nobody else's writing."""
    if isinstance(data, Examined):
        return data if data.kind in allowed else examine(name, data.data, allowed)
    kind = filetypes.inspect(name, data, allowed=allowed)
    return Examined(data, kind, store().put(data))


@dataclass(frozen=True)
class _Place:
    """Where a file is to be added: whose it will be, what is there, what is taken, and what the flow calls it."""

    org_id: int | None
    present: Sequence[StoredFile]
    allowed: frozenset[filetypes.FileKind]
    label: str


def taken(
    session: Session, actor: Actor, flow_name: str, subject_id: int, slot: str
) -> frozenset[filetypes.FileKind]:
    """Return the kinds that a slot of the actor's own draft takes, or refuse as adding would."""
    return _place(session, actor, flow_name, subject_id, slot).allowed


def _place(session: Session, actor: Actor, flow_name: str, subject_id: int, slot: str) -> _Place:
    org_id = _may_add(session, actor, flow_name, subject_id)
    slots = _own_slots(session, flow_name, subject_id)
    own = slots.get(slot)
    if own is None and slot not in FileSlot._value2member_map_:
        raise FormInvalid({"form": "无法识别文件类别，请刷新页面后重试。"})
    if own and own.closed:
        raise Conflict(own.closed)
    present = live(session, flow_name, subject_id)
    # However many kinds of file a thing has, each of them can be filled.
    most = max(MAX_A_SUBJECT, MAX_A_SLOT * len(slots))
    full = f"各类合计最多 {most} 个文件" if len(present) >= most else ""
    if sum(f.slot == slot for f in present) >= MAX_A_SLOT:
        full = f"每类最多 {MAX_A_SLOT} 个文件"
    if full:
        raise FormInvalid({f"file_{slot}": f"{full}，请先删除不需要的文件，或合并为一个 PDF。"})
    allowed = (own.kinds if own else None) or ALLOWED_IN.get(slot, ALLOWED)
    return _Place(org_id, present, allowed, own.label if own else "")


def attach(
    session: Session,
    actor: Actor,
    flow_name: str,
    subject_id: int,
    slot: str,
    name: str,
    data: bytes | Examined,
) -> FileView:
    """Add a file to the actor's own draft: content first, then the row, so that no row lacks its file."""
    place = _place(session, actor, flow_name, subject_id, slot)
    found = examine(name, data, place.allowed)
    # The same content twice in one place is one file: a double drop does no harm.
    for existing in place.present:
        if existing.slot == slot and existing.sha256 == found.sha256:
            return view(existing, place.label)
    stored = StoredFile(
        sha256=found.sha256,
        name=filetypes.display_name(name),
        kind=found.kind.value,
        size=len(found.data),
        slot=slot,
        flow=flow_name,
        subject_id=subject_id,
        org_id=place.org_id,
        uploaded_by=actor.user_id,
    )
    session.add(stored)
    session.flush()
    audit.record(session, actor, "file.upload", f"{flow_name}:{subject_id}", stored.name)
    _tell(session, actor, stored, "新增附件")
    return view(stored, place.label)


def _may_add(session: Session, actor: Actor, flow_name: str, subject_id: int) -> int | None:
    """Return whose the file will be, or refuse it."""
    if holder := _HOLDERS.get(flow_name):
        holder.change(session, actor, subject_id)
        return None
    flow = review.FLOWS.get(flow_name)
    if flow is None:
        raise NotFound()
    row = review.load_own(session, flow, actor, subject_id)
    review.hold(session, flow, row)
    if row.status not in review.EDITABLE:
        raise Conflict(f"这份{flow.label}正在审核或已有结果，不能再添加文件。如需补充，请先撤回。")
    return row.org_id


def _own_slots(session: Session, flow_name: str, subject_id: int) -> dict[str, review.Slot]:
    """Return the slots that the subject itself declares, such as a policy's materials."""
    flow = review.FLOWS.get(flow_name)
    row = session.get(flow.model, subject_id) if flow else None
    return flow.slots(session, row) if flow and row else {}


def own_listing(session: Session, actor: Actor, flow_name: str, subject_id: int) -> list[FileView]:
    """Return the live files of what the actor is editing."""
    if holder := _HOLDERS.get(flow_name):
        holder.change(session, actor, subject_id)
    else:
        review.load_own(session, review.FLOWS[flow_name], actor, subject_id)
    return listing(session, flow_name, subject_id)


def _held(session: Session, file_id: int) -> tuple[StoredFile, Holder] | None:
    """Return a live file of what is not reviewed, and what keeps it."""
    stored = session.get(StoredFile, file_id) if is_id(file_id) else None
    holder = _HOLDERS.get(stored.flow) if stored and not stored.removed_at else None
    return (stored, holder) if stored and holder else None


def remove(session: Session, actor: Actor, file_id: int) -> None:
    """Take a file off the actor's own draft; what was submitted with it before stays readable in the history."""
    if held := _held(session, file_id):
        stored, holder = held
        _as_a_file(holder.change, session, actor, stored)
    else:
        stored, flow, row = _of(session, actor, file_id)
        review.hold(session, flow, row)
        session.refresh(stored)
        if stored.removed_at or not review.is_owner(actor, row):
            raise NotFound("文件")
        if row.status not in review.EDITABLE:
            raise Conflict(f"这份{flow.label}正在审核或已有结果，不能删除文件。如需修改，请先撤回。")
        own = flow.slots(session, row).get(stored.slot)
        if own and own.closed:
            raise Conflict(own.closed)
    stored.removed_at = clock.now()
    session.add(stored)
    audit.record(session, actor, "file.remove", f"{stored.flow}:{stored.subject_id}", stored.name)
    _tell(session, actor, stored, "移除附件")


def _tell(session: Session, actor: Actor, stored: StoredFile, what: str) -> None:
    holder = _HOLDERS.get(stored.flow)
    if holder and holder.changed:
        holder.changed(session, actor, stored.subject_id, f"{what}“{stored.name}”")


def listing(session: Session, flow_name: str, subject_id: int) -> list[FileView]:
    """Return the live files of a subject that the caller has loaded for its actor."""
    labels = slot_labels(session, flow_name, subject_id)
    return [view(f, labels.get(f.slot, "")) for f in live(session, flow_name, subject_id)]


def slot_labels(session: Session, flow_name: str, subject_id: int) -> dict[str, str]:
    """Return what a flow's own kinds of file are called."""
    return {code: slot.label for code, slot in _own_slots(session, flow_name, subject_id).items()}


def slots_of(session: Session, flow_name: str, subject_id: int) -> set[str]:
    """Return the slots that hold a file."""
    return {f.slot for f in live(session, flow_name, subject_id)}


def ids_of(session: Session, flow_name: str, subject_id: int) -> list[int]:
    """Return the ids of a subject's live files, for the snapshot of a submission."""
    return [f.id or 0 for f in live(session, flow_name, subject_id)]


def contents(session: Session, flow_name: str, subject_id: int) -> set[tuple[str, str]]:
    """Return what the live files of a subject are: slot and content, whatever their names."""
    return {(f.slot, f.sha256) for f in live(session, flow_name, subject_id)}


def require(session: Session, flow_name: str, subject_id: int, slots: tuple[FileSlot, ...]) -> dict[str, str]:
    """Return one sentence for every slot that still lacks its file."""
    present = slots_of(session, flow_name, subject_id)
    return {f"file_{s.value}": f"请上传{s.label}（{HINT}）" for s in slots if s.value not in present}


def copy(session: Session, actor: Actor, source: tuple[str, int], target: tuple[str, int]) -> None:
    """Give a new draft the live files of an earlier subject of the same organisation."""
    for f in live(session, *source):
        session.add(
            StoredFile(
                sha256=f.sha256,
                name=f.name,
                kind=f.kind,
                size=f.size,
                slot=f.slot,
                flow=target[0],
                subject_id=target[1],
                org_id=f.org_id,
                uploaded_by=actor.user_id,
            )
        )


def content(session: Session, actor: Actor | None, file_id: int) -> Content:
    """Return what to send, if the actor may see the thing that the file belongs to."""
    if shown := _shown_beyond(session, actor, file_id):
        return shown
    if actor is None:
        raise SignInRequired
    if held := _held(session, file_id):
        stored, holder = held
        _as_a_file(holder.read, session, actor, stored)
        return Content(store().open(stored.sha256), stored.name, stored.kind)
    stored, flow, row = _of(session, actor, file_id)
    if stored.removed_at and not review.is_owner(actor, row) and not was_sent(session, stored):
        raise NotFound("文件")
    if stored.removed_at and not review.takes_part(flow, actor, row):
        # What was taken off before the approval is history for those who took part, for nobody else.
        raise NotFound("文件")
    if actor.org_id != stored.org_id:
        audit.record(session, actor, "file.read", f"{stored.flow}:{stored.subject_id}", stored.name)
    return Content(store().open(stored.sha256), stored.name, stored.kind)


def _shown_beyond(session: Session, actor: Actor | None, file_id: int) -> Content | None:
    """Return a file that its flow shows to the actor although no part is taken; None leaves it to the usual rule."""
    stored = session.get(StoredFile, file_id) if is_id(file_id) else None
    rule, flow = (_BEYOND.get(stored.flow), review.FLOWS.get(stored.flow)) if stored else (None, None)
    if stored is None or rule is None or flow is None:
        return None
    row = session.get(flow.model, stored.subject_id)
    if row is None or (actor is not None and review.takes_part(flow, actor, row)):
        return None
    return (
        Content(store().open(stored.sha256), stored.name, stored.kind)
        if rule(session, actor, row, stored)
        else None
    )


def _as_a_file(asked: Access, session: Session, actor: Actor, stored: StoredFile) -> None:
    try:
        asked(session, actor, stored.subject_id)
    except (NotFound, Forbidden):
        raise NotFound("文件") from None


def _of(session: Session, actor: Actor, file_id: int) -> tuple[StoredFile, review.Flow, review.Reviewable]:
    """Return a file with the thing it belongs to, which the actor may see; a foreign one reads like an absent one."""
    stored = session.get(StoredFile, file_id) if is_id(file_id) else None
    flow = review.FLOWS.get(stored.flow) if stored else None
    if stored is None or flow is None:
        raise NotFound("文件")
    try:
        return stored, flow, review.load(session, flow, actor, stored.subject_id)
    except NotFound:
        raise NotFound("文件") from None


def was_sent(session: Session, stored: StoredFile) -> bool:
    """Tell whether a file was part of any submission; one taken off before is the owner's own affair."""
    query = select(ReviewEvent).where(
        ReviewEvent.flow == stored.flow, ReviewEvent.subject_id == stored.subject_id
    )
    return any(stored.id in e.snapshot.get("files", ()) for e in session.exec(query))


def is_known(session: Session, sha256: str) -> bool:
    """Tell whether any row still needs a content; the sweeper asks."""
    # Every table that names contents, so that none is forgotten when one is added.
    return any(
        session.execute(select(literal(1)).where(table.c.sha256 == sha256).limit(1)).first()
        for table in SQLModel.metadata.sorted_tables
        if "sha256" in table.c
    )


def view(f: StoredFile, label: str = "") -> FileView:
    """Return a file as pages show it; `label` where the flow has its own word for the slot."""
    size = f"{f.size / 1_048_576:.1f} MB" if f.size >= 1_048_576 else f"{max(1, f.size // 1024)} KB"
    return FileView(
        id=f.id or 0,
        name=f.name,
        slot=f.slot,
        slot_label=label or FileSlot.label_of(f.slot),
        size=size,
        kind=f.kind,
        href=f"/files/{f.id}",
        at=clock.local(f.created_at),
    )


def live(session: Session, flow_name: str, subject_id: int) -> list[StoredFile]:
    """Return a subject's own files as they are stored; those of its single rows are the chapter's affair."""
    query = select(StoredFile).where(StoredFile.flow == flow_name, StoredFile.subject_id == subject_id)
    query = query.where(col(StoredFile.row_id).is_(None), col(StoredFile.removed_at).is_(None))
    return list(session.exec(query.order_by(col(StoredFile.id))))
