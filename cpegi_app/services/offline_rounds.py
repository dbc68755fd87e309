"""A filing that is sent again: what was asked for, and which rows are new, changed or gone since the time before (manual §5.1)."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import OfflineLoan, ReviewEvent, StoredFile
from cpegi_app.services.identifiers import masked
from cpegi_app.services.offline_form import COLUMNS, SPECS, strings
from cpegi_app.vocabulary import Action, Status

NAME = "offline_loan"
NAMED = 10
# A row as it was sent: its columns, then why it was returned, and the contents of its proofs.
Sent = dict[str, list[Any]]


class Round(BaseModel):
    """What a submission brings against the one before; rows are told by their 借据编号."""

    number: int = 1
    # Why the batch was returned as a whole, and its rows one by one.
    reason: str = ""
    asked: dict[str, str] = {}
    new: list[str] = []
    changed: dict[str, list[str]] = {}
    gone: list[str] = []
    # The counts in a sentence, empty where there is nothing to compare with.
    said: str = ""


def keeps(session: Session, batch: Any, action: Action) -> dict[str, Any]:
    """Return what the trail keeps of a batch: its rows as they come back, and on its next way what differs from them."""
    if action is Action.SUBMIT:
        return _since(session, batch.id)
    rows = _rows(session, batch.id) if action in (Action.RETURN, Action.WITHDRAW) else {}
    return {"rows": b64encode(zlib.compress(to_json(rows))).decode()} if rows else {}


def current(session: Session, batch: Any) -> Round:
    """Return what the submission that waits brings; of any other there is nothing to tell."""
    if batch.status != Status.PENDING:
        return Round()
    events = _events(session, batch.id)
    sent = [e for e in events if e.action == Action.SUBMIT]
    returned = [e for e in events if e.action == Action.RETURN]
    found = Round(**(sent[-1].snapshot.get("since") or {})) if sent else Round()
    reason = returned[-1].comment if returned else ""
    said = _said(found) if sent and "since" in sent[-1].snapshot else ""
    # Rows that came back alone were sent before, with the batch that they were in.
    number = len(sent) + (events[0].action == Action.RETURN if events else 0)
    return found.model_copy(update={"number": number, "reason": reason, "said": said})


def differences(old: dict[str, str], new: dict[str, str], was: str, now: str) -> list[str]:
    """Return what two states of a row differ in, a sentence each; a person's number is masked."""

    def show(spec: Any, value: str) -> str:
        return (masked(spec.show(value)) if spec.secret and value else spec.show(value)) or "空"

    differ = [s for s in SPECS if old[s.name] != new[s.name]]
    return [f"{s.title}：{was}“{show(s, old[s.name])}”，{now}“{show(s, new[s.name])}”" for s in differ]


def release(session: Session, batch_id: int) -> int:
    """Take every row out of a batch, their proofs with them: their numbers can be filed again; return how many."""
    mine = col(OfflineLoan.batch_id) == batch_id
    proofs = col(StoredFile.row_id).in_(select(OfflineLoan.id).where(mine))
    session.exec(
        update(StoredFile)
        .where(proofs, col(StoredFile.flow) == NAME, col(StoredFile.removed_at).is_(None))
        .values(removed_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return session.exec(delete(OfflineLoan).where(mine)).rowcount


def _events(session: Session, batch_id: int) -> list[ReviewEvent]:
    query = select(ReviewEvent).where(ReviewEvent.flow == NAME, ReviewEvent.subject_id == batch_id)
    return list(session.exec(query.order_by(col(ReviewEvent.id))))


def _rows(session: Session, batch_id: int) -> Sent:
    columns = [getattr(OfflineLoan, name) for name in ("id", *COLUMNS, "reason")]
    query = select(*columns).where(OfflineLoan.batch_id == batch_id)
    live = select(StoredFile.row_id, StoredFile.sha256).where(
        StoredFile.flow == NAME, StoredFile.subject_id == batch_id, col(StoredFile.removed_at).is_(None)
    )
    proofs: dict[int, list[str]] = {}
    for row_id, content in session.exec(live.order_by(col(StoredFile.sha256))):
        proofs.setdefault(row_id or 0, []).append(content)
    place = COLUMNS.index("iou_no")
    found: Sent = {}
    for number, *values in session.execute(query):
        found[values[place]] = [*values, proofs.get(number, [])]
    # Days become what they are once kept.
    return json.loads(to_json(found))


def _since(session: Session, batch_id: int) -> dict[str, Any]:
    """Return what differs from the rows that came back last, nothing where none ever did."""
    events = _events(session, batch_id)
    back = next((e for e in reversed(events) if "rows" in e.snapshot), None)
    if back is None:
        return {}
    before: Sent = json.loads(zlib.decompress(b64decode(back.snapshot["rows"])))
    now = _rows(session, batch_id)
    asked = {iou: row[-2] for iou, row in before.items() if row[-2]}
    if back.action == Action.WITHDRAW:
        # Marked, and never told. What the submission before had to answer, this one has to.
        sent = [e for e in events if e.action == Action.SUBMIT]
        asked = sent[-1].snapshot.get("since", {}).get("asked", {}) if sent else {}
    differ = {iou: _differ(before[iou], row) for iou, row in now.items() if iou in before}
    found = {
        "asked": asked,
        "new": [iou for iou in now if iou not in before],
        "changed": {iou: said for iou, said in differ.items() if said},
        "gone": [iou for iou in before if iou not in now],
    }
    return {"since": found}


def _differ(before: list[Any], now: list[Any]) -> list[str]:
    said: list[str] = []
    if before[:-2] != now[:-2]:
        old, new = (
            strings(SimpleNamespace(**dict(zip(COLUMNS, r[:-2], strict=True)))) for r in (before, now)
        )
        said = differences(old, new, "上次", "本次")
    return said if before[-1] == now[-1] else [*said, "放款证明有更换"]


def _said(found: Round) -> str:
    parts = [
        f"{what} {len(rows)} 笔"
        for what, rows in (("新增", found.new), ("修改", found.changed), ("删除", found.gone))
        if rows
    ]
    if not parts:
        return "明细与上次提交相同"
    gone = "、".join(found.gone[:NAMED]) + (" 等" if len(found.gone) > NAMED else "")
    return "，".join(parts) + (f"（已删除的借据：{gone}）" if gone else "")
