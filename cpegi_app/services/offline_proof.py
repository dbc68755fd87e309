"""Proofs of the filed loans: one row's, or many files matched to rows by the numbers in their names (manual §5.1)."""

from __future__ import annotations

import re
import unicodedata
from itertools import product

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.models import FilingBatch, OfflineLoan, StoredFile
from cpegi_app.services import audit, files, filetypes, offline_rows
from cpegi_app.services.identifiers import plain_document_no
from cpegi_app.services.offline_import import held
from cpegi_app.services.offline_loan import FLOW
from cpegi_app.vocabulary import FileSlot

MAX_A_ROW = 6
SLOTS = (FileSlot.CONTRACT, FileSlot.VOUCHER)


class Matched(BaseModel):
    """What became of many files: how many rows got one, and what did not match, with the reason."""

    rows: int = 0
    files: int = 0
    left: list[str] = []


def attach(
    session: Session, actor: Actor, row_id: int, slot: str, name: str, data: bytes | files.Examined
) -> None:
    """Add a proof to a row of the actor's own batch."""
    row, batch = offline_rows.own_row(session, actor, row_id)
    if slot not in SLOTS:
        raise DomainError("无法识别文件类别，请刷新页面后重试。")
    _put(session, actor, batch, [row.id or 0], slot, name, files.examine(name, data, files.ALLOWED))


def match(session: Session, actor: Actor, batch_id: int, name: str, data: bytes | files.Examined) -> Matched:
    """Add one of many files to the rows whose 借据编号, else 合同编号, is in its name."""
    batch = held(session, actor, batch_id)
    label = filetypes.display_name(name)
    ids = rows_named(session, batch_id, label)
    if not ids:
        return Matched(left=[f"{label}：文件名中没有本批的借据编号或合同编号，请改名后重新上传，或逐笔上传"])
    found = files.examine(name, data, files.ALLOWED)
    slot = FileSlot.VOUCHER if re.search("凭证|回单|借据|放款", label) else FileSlot.CONTRACT
    _put(session, actor, batch, ids, slot.value, name, found)
    return Matched(rows=len(ids), files=1)


def rows_named(session: Session, batch_id: int, label: str) -> list[int]:
    """Return the rows that a file name names: by the longest 借据编号 in it, else by the longest 合同编号."""
    query = select(OfflineLoan.id, OfflineLoan.iou_no, OfflineLoan.contract_no)
    rows = session.exec(query.where(OfflineLoan.batch_id == batch_id)).all()
    stem = label.rpartition(".")[0] or label
    by_iou, by_contract = [(i, iou) for i, iou, _ in rows], [(i, contract) for i, _, contract in rows]
    # Numbers are kept without blanks and with plain dashes; a file may be called by the number as it was typed.
    stems = (_plain(stem), _plain(plain_document_no(stem)))
    for stem, keyed in product(stems, (by_iou, by_contract)):
        if numbers := {number for _, number in keyed if _is_in(_plain(number), stem)}:
            longest = max(numbers, key=len)
            return [i or 0 for i, number in keyed if number == longest]
    return []


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_in(number: str, stem: str) -> bool:
    # JJ-1 is not in "JJ-12": a number ends where the letters and digits end.
    if number not in stem:
        return False
    pattern = rf"(?<![0-9a-z]){re.escape(number)}(?![0-9a-z])"
    return re.search(pattern, stem) is not None


def _put(
    session: Session,
    actor: Actor,
    batch: FilingBatch,
    ids: list[int],
    slot: str,
    name: str,
    found: files.Examined,
) -> None:
    present = offline_rows.proofs_of(session, ids)
    shown = filetypes.display_name(name)
    if full := [row_id for row_id, there in present.items() if len(there) >= MAX_A_ROW]:
        iou = session.get_one(OfflineLoan, full[0]).iou_no
        raise Conflict(
            f"{shown}：借据 {iou} 已有 {MAX_A_ROW} 个文件，每笔最多 {MAX_A_ROW} 个。"
            "请先删除不需要的文件，或合并为一个 PDF。"
        )
    known = set(
        session.exec(
            select(StoredFile.row_id).where(
                StoredFile.flow == FLOW.name,
                col(StoredFile.row_id).in_(ids),
                StoredFile.sha256 == found.sha256,
                StoredFile.slot == slot,
                col(StoredFile.removed_at).is_(None),
            )
        )
    )
    for row_id in ids:
        # The same content twice at one row is one file: a double drop does no harm.
        if row_id not in known:
            session.add(
                StoredFile(
                    sha256=found.sha256,
                    name=shown,
                    kind=found.kind.value,
                    size=len(found.data),
                    slot=slot,
                    flow=FLOW.name,
                    subject_id=batch.id or 0,
                    row_id=row_id,
                    org_id=batch.org_id,
                    uploaded_by=actor.user_id,
                )
            )
    session.flush()
    audit.record(session, actor, "file.upload", f"{FLOW.name}:{batch.id}", f"{shown}（{len(ids)} 笔）")


def count(session: Session, batch_id: int) -> int:
    """Return how many live proofs a batch has."""
    query = select(func.count()).where(
        StoredFile.flow == FLOW.name,
        StoredFile.subject_id == batch_id,
        col(StoredFile.row_id).is_not(None),
        col(StoredFile.removed_at).is_(None),
    )
    return session.exec(query).one()
