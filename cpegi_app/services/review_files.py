"""The files of a reviewed thing beside those of the time before: what is new, what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app.models import ProfileChange, ReviewEvent, StoredFile, Verification
from cpegi_app.services.review import Flow
from cpegi_app.vocabulary import Action, FileSlot, Status

_SLOTS = [s.value for s in FileSlot]


class FileChanges(BaseModel):
    """What changed among the files since the time before."""

    ids: list[int] = []
    new: list[str] = []
    gone: list[str] = []
    # In how many kinds of file: one that is replaced is one change.
    kinds: int = 0


def changes(
    session: Session,
    flow: Flow,
    row: Any,
    events: list[ReviewEvent],
    present: list[StoredFile],
    labels: Mapping[str, str],
) -> FileChanges:
    """Return which of a row's live files are new, and what the time before had besides; nothing where there is no before."""
    earlier = _before(session, flow, row, events)
    if earlier is None:
        return FileChanges()

    def told(f: StoredFile) -> str:
        return f"{labels.get(f.slot) or FileSlot.label_of(f.slot)} · {f.name}"

    known, now = {(f.slot, f.sha256) for f in earlier}, {(f.slot, f.sha256) for f in present}
    new = [f for f in present if (f.slot, f.sha256) not in known]
    gone = [f for f in earlier if (f.slot, f.sha256) not in now]
    kinds = len({f.slot for f in (*new, *gone)})
    ids = [f.id or 0 for f in new]
    return FileChanges(ids=ids, new=list(map(told, new)), gone=list(map(told, gone)), kinds=kinds)


def slot_order(slot: str) -> int:
    """Return where a kind of file stands among the others."""
    return _SLOTS.index(slot) if slot in _SLOTS else len(_SLOTS)


def latest_approved(session: Session, org_id: int, before: int = 0) -> tuple[str, int] | None:
    """Return the flow and id of what the profile in force came from; `before` leaves later changes out."""
    for name, model in (("profile_change", ProfileChange), ("verification", Verification)):
        query = select(model.id).where(model.org_id == org_id, model.status == Status.APPROVED.value)
        if before and model is ProfileChange:
            query = query.where(col(model.id) < before)
        if found := session.exec(query.order_by(col(model.id).desc())).first():
            return name, found
    return None


def _before(session: Session, flow: Flow, row: Any, events: list[ReviewEvent]) -> list[StoredFile] | None:
    """Return the files of the submission before this one, or those in force when a profile changes."""
    if flow.name == "profile_change" and (source := latest_approved(session, row.org_id, before=row.id)):
        query = select(StoredFile).where(StoredFile.flow == source[0], StoredFile.subject_id == source[1])
        return list(session.exec(query.where(col(StoredFile.removed_at).is_(None))))
    sent = [e for e in events if e.action == Action.SUBMIT]
    if len(sent) < 2:
        return None
    ids = [int(i) for i in sent[-2].snapshot.get("files", [])]
    return list(session.exec(select(StoredFile).where(col(StoredFile.id).in_(ids))))
