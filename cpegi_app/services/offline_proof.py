"""Proofs of the filed loans: one row's, or many files matched to rows by the numbers in their names (manual §5.1)."""

from __future__ import annotations

import re
import unicodedata

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.models import FilingBatch, OfflineLoan, StoredFile
from cpegi_app.services import audit, files, filetypes, offline_rows, proof_names
from cpegi_app.services.identifiers import DASHES, plain_document_no
from cpegi_app.services.offline_import import held
from cpegi_app.services.offline_loan import FLOW
from cpegi_app.vocabulary import FileSlot

MAX_A_ROW = 6
# So many numbers of a file's name are told.
NAMED = 5
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
    """Add one of many files to the row whose 借据编号, else to the rows whose 合同编号 is in its name."""
    batch = held(session, actor, batch_id)
    label = filetypes.display_name(name)
    ids, why = rows_named(session, batch_id, label)
    if not ids:
        return Matched(left=[f"{label}：{why}，请改名后重新上传，或逐笔上传"])
    found = files.examine(name, data, files.ALLOWED)
    slot = FileSlot.VOUCHER if re.search("凭证|回单|借据|放款", label) else FileSlot.CONTRACT
    _put(session, actor, batch, ids, slot.value, name, found)
    return Matched(rows=len(ids), files=1)


def rows_named(session: Session, batch_id: int, label: str) -> tuple[list[int], str]:
    """Return the rows that a file name names, by a 借据编号 in it, else by a 合同编号; or why there are none."""
    query = select(OfflineLoan.id, OfflineLoan.iou_no, OfflineLoan.contract_no)
    rows = session.exec(query.where(OfflineLoan.batch_id == batch_id)).all()
    ious, contracts = dict[str, dict[str, list[int]]](), dict[str, dict[str, list[int]]]()
    for row_id, iou, contract in rows:
        ious.setdefault(_plain(iou), {}).setdefault(iou, []).append(row_id or 0)
        contracts.setdefault(_plain(contract), {}).setdefault(contract, []).append(row_id or 0)
    stem = label.rpartition(".")[0] or label
    said = re.sub(r"\s*-\s*", "-", _plain(stem))
    why = ""
    # Numbers are kept without blanks and with plain dashes; a file may be called by the number as it was typed.
    for text in dict.fromkeys((said, _plain(plain_document_no(stem)))):
        found, doubtful = proof_names.numbers_in(text, {*ious, *contracts})
        for keyed, what in ((ious, "借据编号"), (contracts, "合同编号")):
            if named := [number for plain in found if plain in keyed for number in keyed[plain]]:
                # Two numbers may differ by small and capital letters only: then the file's own spelling decides.
                exact = [number for number in named if number in stem] if len(found) == 1 else named
                if len(exact or named) == 1:
                    number = (exact or named)[0]
                    return keyed[_plain(number)][number], ""
                return [], f"文件名对应多个{what}（{'、'.join(sorted(named)[:NAMED])}），无法确定属于哪一笔"
        if doubtful and not why:
            part, longer = (_as_written(stem, text) for text in doubtful)
            why = f"文件名中的“{part}”连着其他字母或数字，像是另一个编号“{longer}”"
    return [], why or "文件名中没有本批的借据编号或合同编号"


def _plain(text: str) -> str:
    return (
        text.casefold()
        if text.isascii()
        else unicodedata.normalize("NFKC", text.translate(DASHES)).casefold()
    )


def _as_written(stem: str, text: str) -> str:
    at = stem.casefold().find(text)
    return stem[at : at + len(text)] if at >= 0 else text


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
