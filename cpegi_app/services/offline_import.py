"""Workbooks into a filing batch: a trial that writes no loan, then the good rows in one transaction (manual §5.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from itertools import compress
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, NotFound
from cpegi_app.models import FilingBatch, FilingImport, OfflineLoan
from cpegi_app.services import (
    audit,
    bulk,
    files,
    filetypes,
    notices,
    offline_contract,
    offline_layout,
    offline_trial,
    review,
    sheet_reader,
)
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.offline_form import COLUMNS, TITLES
from cpegi_app.services.offline_layout import Layout
from cpegi_app.services.offline_marked import letters, mark, marks
from cpegi_app.services.offline_trial import BAD, Facts, Trial

FLOW = "offline_loan"
MAX_ROWS = sheet_reader.MAX_ROWS
HINT = f"仅支持 .xlsx，不超过 10 MB、{MAX_ROWS:,} 行"
PART = 1_000
# A row's number in its sheet, among its columns; no column is called so.
NUMBER = "row"
# How the JSON of a trial without findings ends; asked by every view of an import, which reads none of them.
NOTHING = ",[]]"
KINDS = {"bad": "需更正", "there": "已备案", "warn": "请核对"}
TONES = {"bad": "red", "there": "grey", "warn": "orange"}


class TrialView(BaseModel):
    """An import as its page shows it."""

    id: int = 0
    name: str = ""
    sheet: str = ""
    at: str = ""
    good: int = 0
    bad: int = 0
    there: int = 0
    warned: int = 0
    notes: list[str] = []
    done: bool = False
    imported: int = 0
    marked_href: str = ""


class Finding(BaseModel):
    """A cell that is wrong, filed already, or to be looked at."""

    id: int
    kind: str
    kind_label: str
    tone: str
    row: int
    cell: str
    title: str
    value: str
    text: str
    right: str


# --- trial: reading and checking need no transaction, so that nobody waits for them -------------------


def read(name: str, data: bytes) -> Layout:
    """Return where a workbook's data stand, read within bounds."""
    label = filetypes.display_name(name)
    return offline_layout.locate(sheet_reader.read(name, data), label)


def facts(session: Session, actor: Actor, batch_id: int, found: Trial) -> Facts:
    """Return what is filed already, for the actor's own batch."""
    batch = editable(session, actor, batch_id)
    return offline_trial.facts(session, batch.org_id, found, batch_id)


def keep(session: Session, actor: Actor, batch_id: int, name: str, data: bytes, found: Trial) -> int:
    """Keep the clerk's file and what the trial found; return the import's id."""
    batch = editable(session, actor, batch_id)
    digest = files.store().put(data)
    kept = FilingImport(
        batch_id=batch.id or 0,
        org_id=batch.org_id,
        user_id=actor.user_id,
        sha256=digest,
        name=filetypes.display_name(name),
        sheet=found.sheet[:120],
        good=len(found.good),
        bad=found.bad,
        there=found.there,
        warned=len(found.warned),
        rows="\n".join(_packed(part, found.warnings) for part in _parts(found.good)),
        findings=json.dumps([found.part, found.findings], ensure_ascii=False, separators=(",", ":")),
        notes=[*_seen_before(session, batch.org_id, digest), *found.notes],
    )
    session.add(kept)
    session.flush()
    audit.record(session, actor, "offline.trial", f"{FLOW}:{batch.id}", kept.name)
    return kept.id or 0


def tell_trial(session: Session, actor: Actor, batch_id: int, name: str, refusal: str) -> None:
    """Tell a clerk who has gone elsewhere that a trial is over, or why there is none."""
    batch = review.load_own(session, review.FLOWS[FLOW], actor, batch_id)
    head = f"{'文件检查完成' if not refusal else '文件未能检查'}：{batch.data.get('name', '')}"
    text = refusal or f"“{filetypes.display_name(name)}”已检查完成，请查看结果并导入合格行。"
    href = review.FLOWS[FLOW].submitter_href(batch)
    notices.notify(session, [actor.user_id], head, text, href, "orange" if refusal else "blue")


def trial(session: Session, actor: Actor, batch_id: int, name: str, data: bytes) -> TrialView:
    """Try a workbook in one go; the page does the same step by step, with progress."""
    editable(session, actor, batch_id)
    layout = read(name, data)
    found = offline_trial.cells(layout)
    found = offline_trial.finish(found, facts(session, actor, batch_id, found), layout)
    return view(session, actor, keep(session, actor, batch_id, name, data, found))


def _seen_before(session: Session, org_id: int, digest: str) -> list[str]:
    query = select(FilingImport).where(FilingImport.org_id == org_id, FilingImport.sha256 == digest)
    before = session.exec(
        query.where(col(FilingImport.done_at).is_not(None)).order_by(col(FilingImport.id).desc())
    ).first()
    if before is None:
        return []
    return [
        f"这份文件已于 {clock.local(before.done_at)} 导入过 {before.imported} 行，其中已备案的行不会重复导入。"
    ]


# --- import -------------------------------------------------------------------------------------------


def import_good(session: Session, actor: Actor, import_id: int, batch_id: int = 0) -> TrialView:
    """Bring the good rows in, all or none; asked again, the first answer stands.

    `batch_id` is the batch whose page asks: a trial that is gone is none of another's.
    """
    kept = own(session, actor, import_id)
    if batch_id and kept.batch_id != batch_id:
        raise NotFound("导入记录")
    review.hold(session, review.FLOWS[FLOW], session.get_one(FilingBatch, kept.batch_id))
    one_at_a_time(session, "iou", kept.org_id)
    # Read again behind the lock: a colleague may have brought these very rows in meanwhile.
    session.refresh(kept)
    if kept.done_at is None:
        editable(session, actor, kept.batch_id)
        parts = _unpacked(kept.rows)
        late = _drop_late(session, kept.org_id, parts)
        same = {"created_at": clock.now(), "batch_id": kept.batch_id, "org_id": kept.org_id}
        same |= {"version": 1, "is_booked": False, "reason": ""}
        kept.imported = sum(len(part.pop(NUMBER)) for part in parts)
        for part in parts:
            _insert(session, same, part)
        if late:
            text = f"其中 {late} 行在试导入之后已由本机构备案或在平台放款，没有重复导入，请在备案列表和贷款台账中查看。"
            kept.notes = [*kept.notes, text]
        kept.there += late
        kept.done_at, kept.rows = clock.now(), ""
        session.add(kept)
        audit.record(
            session, actor, "offline.import", f"{FLOW}:{kept.batch_id}", f"{kept.name} {kept.imported} 行"
        )
        session.flush()
    return view(session, actor, import_id)


def _insert(session: Session, same: dict[str, Any], named: dict[str, Any]) -> None:
    try:
        bulk.insert(session, OfflineLoan, same, named)
    except IntegrityError:
        # Every way to a number takes the lock above; should one not, the index still holds, and says so.
        raise Conflict(
            "文件中有借据编号与已备案的数据重复，没有导入任何行。请重新导入文件，按检查结果更正后再导入。"
        ) from None


def _parts(rows: list) -> Iterator[list]:
    """Yield some rows at a time: what computes outside Python lets other users' events wait until it is done."""
    for start in range(0, len(rows), PART):
        yield rows[start : start + PART]


# Some rows, column by column: what is read again is then written without taking every row apart.
Part = dict[str, list[Any]]


# pydantic's own writer takes a quarter of the time of `json` for rows with dates.
def _packed(part: list[tuple[int, tuple[Any, ...]]], warnings: dict[int, str]) -> str:
    numbers = [number for number, _ in part]
    columns = zip(*(values for _, values in part), strict=True)
    named = {NUMBER: numbers, "warning": [warnings.get(number, "") for number in numbers]}
    return to_json(named | dict(zip(COLUMNS, columns, strict=True))).decode()


def _unpacked(text: str) -> list[Part]:
    return [_part(from_json(line)) for line in text.split("\n") if line]


def _part(kept: Any) -> Part:
    if isinstance(kept, list):
        # What was kept row by row, before columns were, can still be imported.
        kept = dict(zip((NUMBER, "warning", *COLUMNS), map(list, zip(*kept, strict=True)), strict=True))
    for day in ("lent_on", "due_on"):
        kept[day] = list(map(_day, kept[day]))
    return kept


def _drop_late(session: Session, org_id: int, parts: list[Part]) -> int:
    """Take out the rows that somebody has filed or lent since the trial; return how many, refuse what overruns a contract."""

    def whole(name: str) -> dict[str, None]:
        return dict.fromkeys(value for part in parts for value in part[name])

    there = offline_trial.filed(session, org_id, list(whole("iou_no")))
    lent = offline_contract.lent(session, org_id, list(whole("contract_no")))
    online = offline_trial.online(session, org_id, list(whole("borrower_code")))
    late = sum(_drop(part, there, online) for part in parts) if there or online else 0
    # Where nothing is lent under any of the contracts, the rows were compared with each other in the trial.
    for part in parts if lent else ():
        _count_contracts(part, lent)
    return late


def _drop(part: Part, there: dict[str, str], online: dict[offline_trial.Twin, str]) -> int:
    made = zip(part["borrower_code"], part["lent_on"], part["amount_fen"], strict=True)
    stays = [iou not in there and twin not in online for iou, twin in zip(part["iou_no"], made, strict=True)]
    for name, values in part.items():
        part[name] = list(compress(values, stays))
    return stays.count(False)


def _count_contracts(part: Part, lent: dict[str, offline_contract.Lent]) -> None:
    columns = (part[name] for name in (NUMBER, "contract_no", "amount_fen", "contract_fen"))
    for number, contract, amount, limit in zip(*columns, strict=True):
        if known := lent.get(contract):
            row = {"contract_no": contract, "amount_fen": amount, "contract_fen": limit}
            for told in offline_contract.over_contract(row, known).values():
                raise Conflict(f"第 {number} 行：{told}。试导入之后有同合同的放款备案，请重新导入文件。")
        lent[contract] = offline_contract.with_more(known, amount, limit, number)


_day = lru_cache(8192)(date.fromisoformat)


# --- views ----------------------------------------------------------------------------------------------


def editable(session: Session, actor: Actor, batch_id: int) -> FilingBatch:
    """Return the actor's own batch while it can take rows."""
    flow = review.FLOWS[FLOW]
    batch = review.load_own(session, flow, actor, batch_id)
    if batch.status not in review.EDITABLE:
        raise Conflict(
            "该备案批次正在审核或已有结果，不能再导入或修改。如需修改，请先撤回；如需补充，请另建批次。"
        )
    return batch


def held(session: Session, actor: Actor, batch_id: int) -> FilingBatch:
    """Return the actor's own batch for a change of its rows: nobody sends it until this transaction ends."""
    review.hold(session, review.FLOWS[FLOW], editable(session, actor, batch_id))
    return editable(session, actor, batch_id)


def own(session: Session, actor: Actor, import_id: int) -> FilingImport:
    """Return an import of the actor's own organisation."""
    kept = session.get(FilingImport, import_id) if is_id(import_id) else None
    if kept is None or kept.org_id != actor.org_id:
        raise NotFound("导入记录")
    review.load_own(session, review.FLOWS[FLOW], actor, kept.batch_id)
    return kept


def view(session: Session, actor: Actor, import_id: int) -> TrialView:
    """Return an import of the actor's own organisation as its page shows it."""
    kept = own(session, actor, import_id)
    return TrialView(
        id=kept.id or 0,
        name=kept.name,
        sheet=kept.sheet,
        at=clock.local(kept.created_at),
        good=kept.good,
        bad=kept.bad,
        there=kept.there,
        warned=kept.warned,
        notes=kept.notes,
        done=kept.done_at is not None,
        imported=kept.imported,
        marked_href=f"/exports/filing-marked/{kept.id}" if not kept.findings.endswith(NOTHING) else "",
    )


def latest(session: Session, actor: Actor, batch_id: int) -> TrialView:
    """Return the batch's last import, a blank view when there is none."""
    review.load_own(session, review.FLOWS[FLOW], actor, batch_id)
    query = select(FilingImport.id).where(FilingImport.batch_id == batch_id)
    found = session.exec(query.order_by(col(FilingImport.id).desc())).first()
    return view(session, actor, found) if found else TrialView()


def findings(
    session: Session,
    actor: Actor,
    import_id: int,
    *,
    kind: str = "",
    field: str = "",
    row: int = 0,
    page: int = 1,
    size: int = 20,
) -> tuple[list[Finding], int]:
    """Return one page of what a trial found, by kind and field, from a row on."""
    kept = own(session, actor, import_id)
    chosen = [
        f
        for f in from_json(kept.findings)[1]
        if (not kind or f[0] == kind) and (not field or f[3] == field) and f[1] >= row
    ]
    start = (page - 1) * size
    return [_finding(start + i, f) for i, f in enumerate(chosen[start : start + size])], len(chosen)


def _finding(number: int, f: list) -> Finding:
    kind, row, column, name, value, text, right = f
    return Finding(
        id=number,
        kind=kind,
        kind_label=KINDS[kind],
        tone=TONES[kind],
        row=row,
        cell=f"{letters(column)}{row}" if column else "缺列",
        title=TITLES[name],
        value=value,
        text=text,
        right=right if kind == BAD else "",
    )


def marked(session: Session, actor: Actor, import_id: int) -> tuple[str, Callable[[], bytes]]:
    """Return the name of the clerk's own file, and what marks its wrong cells."""
    kept = own(session, actor, import_id)
    part, found = from_json(kept.findings)
    path = files.store().open(kept.sha256)
    stem = kept.name.rpartition(".")[0] or kept.name
    return f"{stem}_已标注.xlsx", lambda: mark(path.read_bytes(), part, marks(found))
