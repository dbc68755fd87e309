"""The rows of a filing batch: the list, the editor, corrections, what the staff marks for return (manual §5.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import case, delete, false, func, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import FilingBatch, Loan, OfflineLoan, StoredFile
from cpegi_app.services import (
    audit,
    files,
    lists,
    offline_rounds,
    offline_trial,
    review,
    sheet_writer,
    staff,
)
from cpegi_app.services.files import FileView
from cpegi_app.services.forms import normalise, percent, too_long, wan
from cpegi_app.services.identifiers import masked
from cpegi_app.services.ids import is_id
from cpegi_app.services.lists import Filters
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.offline_contract import row_over_contract
from cpegi_app.services.offline_form import SPECS, check, heading, low_rate, strings
from cpegi_app.services.offline_import import editable, held
from cpegi_app.services.offline_loan import FLOW, sees_marks
from cpegi_app.services.offline_report import is_far, is_low, is_twice, median_rate
from cpegi_app.services.offline_rounds import Round
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, Status

REASON_MAX = 200
SORTS = {
    "amount": col(OfflineLoan.amount_fen),
    "lent": col(OfflineLoan.lent_on),
    "rate": col(OfflineLoan.rate_bp),
}


class LoanRow(BaseModel):
    """A row of a batch as lists show it."""

    id: int = 0
    version: int = 0
    borrower: str = ""
    code: str = ""
    contract_no: str = ""
    iou_no: str = ""
    amount: str = ""
    lent_on: str = ""
    due_on: str = ""
    rate: str = ""
    guarantee: str = ""
    five_class: str = ""
    remarks: list[str] = []
    reason: str = ""
    replaces: str = ""
    # What a correction changes of the loan that it replaces, a sentence each.
    changes: list[str] = []
    # Against the submission before: whether it is new, what is otherwise, and what was asked for at it.
    is_new: bool = False
    since: list[str] = []
    asked: str = ""
    proofs: list[FileView] = []


class RowForm(BaseModel):
    """A row in its editor."""

    id: int = 0
    version: int = 0
    values: dict[str, str] = {}
    replaces: str = ""
    proofs: list[FileView] = []


def listing(
    session: Session,
    actor: Actor,
    batch_id: int,
    *,
    word: str = "",
    only: str = "",
    sort: str = "",
    page: int = 1,
    size: int = 10,
) -> tuple[list[LoanRow], int]:
    """Return one page of a batch's rows; `only` is proof (missing), remark, return or since (otherwise than sent before). Staff see the remarkable first."""
    batch = review.load(session, FLOW, actor, batch_id)
    told, sent, middle = (
        sees_marks(actor, batch),
        offline_rounds.current(session, batch),
        median_rate(session, batch_id),
    )
    far, twice = is_far(middle), is_twice(batch_id)
    named = col(OfflineLoan.warning) != ""
    score = case((named | is_low(), 4), else_=0) + case((far, 2), else_=0) + case((twice, 1), else_=0)
    query = select(OfflineLoan, far, twice).where(OfflineLoan.batch_id == batch_id)
    if word := normalise(word):
        query = query.where(_contains(word))
    if only == "proof":
        query = query.where(~_proofs().exists())
    elif only == "remark":
        query = query.where(score > 0)
    elif only == "return":
        query = query.where(OfflineLoan.reason != "" if told else false())
    elif only == "since":
        query = query.where(col(OfflineLoan.iou_no).in_([*sent.new, *sent.changed]))
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    order: list[Any] = [col(OfflineLoan.id)]
    if actor.may(Permission.REVIEW_PLATFORM) and batch.status == Status.PENDING:
        order.insert(0, score.desc())
    order = lists.order_by(SORTS, sort, OfflineLoan, *order)
    found = session.exec(query.order_by(*order).offset((page - 1) * size).limit(size)).all()
    proofs = proofs_of(session, [r.id or 0 for r, _, _ in found])
    before = _before(session, [r.replaces_loan_id for r, _, _ in found if r.replaces_loan_id])
    rows = [
        _row(r, _remarks(r, f, t, middle), proofs, before.get(r.replaces_loan_id or 0)) for r, f, t in found
    ]
    return [_in_round(row, sent, told) for row in rows], total


def _in_round(row: LoanRow, sent: Round, told: bool) -> LoanRow:
    iou = row.iou_no
    known = {"is_new": iou in sent.new, "since": sent.changed.get(iou, []), "asked": sent.asked.get(iou, "")}
    return row.model_copy(update=known | ({} if told else {"reason": ""}))


def _contains(word: str) -> Any:
    parts = (
        OfflineLoan.borrower_name,
        OfflineLoan.iou_no,
        OfflineLoan.contract_no,
        OfflineLoan.borrower_code,
    )
    found = col(parts[0]).contains(word, autoescape=True)
    for part in parts[1:]:
        found |= col(part).contains(word, autoescape=True)
    return found


def _proofs() -> Any:
    return select(StoredFile.id).where(
        StoredFile.row_id == OfflineLoan.id,
        StoredFile.flow == FLOW.name,
        col(StoredFile.removed_at).is_(None),
    )


def proofs_of(session: Session, ids: list[int]) -> dict[int, list[FileView]]:
    """Return the live proofs of some rows that the caller has loaded for its actor."""
    query = select(StoredFile).where(
        col(StoredFile.row_id).in_(ids),
        StoredFile.flow == FLOW.name,
        col(StoredFile.removed_at).is_(None),
    )
    found: dict[int, list[FileView]] = {}
    for f in session.exec(query.order_by(col(StoredFile.id))):
        found.setdefault(f.row_id or 0, []).append(files.view(f))
    return found


def _before(session: Session, ids: list[int]) -> dict[int, OfflineLoan]:
    """Return what some booked loans were filed as, by the loan's id."""
    query = select(Loan.id, OfflineLoan).join(OfflineLoan, col(OfflineLoan.id) == Loan.offline_loan_id)
    return {i or 0: filed for i, filed in session.exec(query.where(col(Loan.id).in_(ids)))}


def _changes(before: OfflineLoan, now: OfflineLoan) -> list[str]:
    found = offline_rounds.differences(strings(before), strings(now), "原", "更正为")
    return found or ["与原登记内容相同"]


def _remarks(row: OfflineLoan, far: bool, twice: bool, middle: int) -> list[str]:
    found = [text for text in (row.warning, low_rate(row.rate_bp)) if text]
    if far:
        found.append(f"年利率偏离本批中位数 {percent(middle)}%")
    return [*found, "同一企业在本批有多笔"] if twice else found


def _row(
    r: OfflineLoan, remarks: list[str], proofs: dict[int, list[FileView]], before: OfflineLoan | None
) -> LoanRow:
    return LoanRow(
        id=r.id or 0,
        version=r.version,
        borrower=r.borrower_name,
        code=r.borrower_code,
        contract_no=r.contract_no,
        iou_no=r.iou_no,
        amount=f"{wan(r.amount_fen)} 万元",
        lent_on=r.lent_on.isoformat(),
        due_on=r.due_on.isoformat(),
        rate=f"{percent(r.rate_bp)}%",
        guarantee=GuaranteeMode.label_of(r.guarantee),
        five_class=FiveClass.label_of(r.five_class) or "—",
        remarks=remarks,
        reason=r.reason,
        replaces=before.iou_no if before else "",
        changes=_changes(before, r) if before else [],
        proofs=proofs.get(r.id or 0, []),
    )


# --- the editor ---------------------------------------------------------------------------------------


def load_row(session: Session, actor: Actor, row_id: int) -> OfflineLoan:
    """Return a row of a batch that the actor files or reviews."""
    row = session.get(OfflineLoan, row_id) if is_id(row_id) else None
    if row is None:
        raise NotFound("备案明细")
    try:
        review.load(session, FLOW, actor, row.batch_id)
    except NotFound:
        # Somebody else's row reads like one that is not there.
        raise NotFound("备案明细") from None
    return row


def own_row(session: Session, actor: Actor, row_id: int) -> tuple[OfflineLoan, FilingBatch]:
    """Return a row of the actor's own batch for a change: nobody sends it until this transaction ends."""
    batch = held(session, actor, load_row(session, actor, row_id).batch_id)
    row = session.get(OfflineLoan, row_id, populate_existing=True)
    if row is None:
        raise NotFound("备案明细")
    return row, batch


def form_of(session: Session, actor: Actor, row_id: int) -> RowForm:
    """Return a row for its editor."""
    row = load_row(session, actor, row_id)
    editable(session, actor, row.batch_id)
    before = _before(session, [row.replaces_loan_id or 0]).get(row.replaces_loan_id or 0)
    return RowForm(
        id=row.id or 0,
        version=row.version,
        values=strings(row),
        replaces=before.iou_no if before else "",
        proofs=proofs_of(session, [row_id]).get(row_id, []),
    )


def save(
    session: Session, actor: Actor, batch_id: int, row_id: int, version: int, data: dict[str, str]
) -> OfflineLoan:
    """Check and keep a row, new when `row_id` is 0; the rules are the workbook's."""
    batch = held(session, actor, batch_id)
    one_at_a_time(session, "iou", batch.org_id)
    row = own_row(session, actor, row_id)[0] if row_id else None
    if row is not None and row.batch_id != batch_id:
        raise NotFound("备案明细")
    values = check(data)
    if errors := _against_filed(session, batch, row, values):
        raise FormInvalid(errors)
    known = offline_trial.names(session, [values["borrower_code"]])
    values["warning"] = offline_trial.warning(values, known)
    if row is None:
        row = OfflineLoan(batch_id=batch_id, org_id=batch.org_id, **values)
        session.add(row)
        session.flush()
    else:
        _write(session, row, version, values)
    audit.record(session, actor, "offline.row", f"{FLOW.name}:{batch_id}", f"借据 {row.iou_no}")
    return row


def _write(session: Session, row: OfflineLoan, version: int, values: dict[str, Any]) -> None:
    done = session.exec(
        update(OfflineLoan)
        .where(col(OfflineLoan.id) == row.id, col(OfflineLoan.version) == version)
        .values(**values, version=version + 1)
    )
    if done.rowcount != 1:
        raise Conflict("这一行刚被同事修改过。请关闭后重新打开，核对最新内容再修改。")
    session.refresh(row)


def _against_filed(
    session: Session, batch: FilingBatch, row: OfflineLoan | None, values: dict[str, Any]
) -> dict[str, str]:
    errors, org_id = dict[str, str](), batch.org_id
    replaced = session.get(Loan, row.replaces_loan_id) if row and row.replaces_loan_id else None
    mine = {r.iou_no for r in (row, replaced) if r is not None}
    where = offline_trial.filed(session, org_id, [values["iou_no"]], batch.id or 0).get(values["iou_no"])
    if where and values["iou_no"] not in mine:
        errors["iou_no"] = f"该借据编号已在{where}中，同一借据只能备案一次，请核对编号"
    twins = offline_trial.online(session, org_id, [values["borrower_code"]])
    if twin := twins.get(offline_trial.twin_of(values)):
        errors["iou_no"] = offline_trial.is_twin(twin)
    return errors | row_over_contract(session, org_id, values, row, replaced)


def remove(session: Session, actor: Actor, row_id: int) -> None:
    """Delete a row before submission, its proofs with it."""
    row, batch = own_row(session, actor, row_id)
    session.exec(
        update(StoredFile)
        .where(col(StoredFile.row_id) == row_id, col(StoredFile.flow) == FLOW.name)
        .values(removed_at=clock.now())
    )
    session.exec(delete(OfflineLoan).where(col(OfflineLoan.id) == row_id))
    audit.record(session, actor, "offline.row", f"{FLOW.name}:{batch.id}", f"删除借据 {row.iou_no}")


def clear(session: Session, actor: Actor, batch_id: int, seen: int) -> int:
    """Delete every row of a batch before submission, their proofs with them; `seen` is how many the clerk was told."""
    batch = held(session, actor, batch_id)
    mine = col(OfflineLoan.batch_id) == batch_id
    count = session.exec(select(func.count()).where(mine)).one()
    if count != seen:
        raise Conflict(f"本批备案现有 {count} 笔，与您看到的 {seen} 笔不同，没有删除。请核对明细后再清空。")
    offline_rounds.release(session, batch_id)
    audit.record(session, actor, "offline.row", f"{FLOW.name}:{batch.id}", f"清空明细 {count} 笔")
    return count


# --- what the staff marks -------------------------------------------------------------------------------


def mark(session: Session, actor: Actor, row_id: int, reason: str) -> None:
    """Mark a row for return with a reason while the batch waits."""
    reason = normalise(reason)
    if not reason:
        raise FormInvalid({"reason": "请填写退回原因，备案机构会看到；不退回请点击“取消”"})
    if said := too_long(reason, REASON_MAX, "退回原因", "。"):
        raise FormInvalid({"reason": said})
    _mark(session, actor, row_id, reason)


def unmark(session: Session, actor: Actor, row_id: int) -> None:
    """Take a row's mark back while the batch waits."""
    _mark(session, actor, row_id, "")


def _mark(session: Session, actor: Actor, row_id: int, reason: str) -> None:
    staff.require(actor, Permission.REVIEW_PLATFORM)
    row = load_row(session, actor, row_id)
    batch = session.get_one(FilingBatch, row.batch_id)
    review.hold(session, FLOW, batch)
    if batch.status != Status.PENDING:
        raise Conflict("该备案批次已有审核结果，不能再标记退回。请刷新页面查看最新状态。")
    session.exec(update(OfflineLoan).where(col(OfflineLoan.id) == row_id).values(reason=reason))
    text = reason or "取消退回标记"
    audit.record(session, actor, "offline.mark", f"{FLOW.name}:{batch.id}", f"借据 {row.iou_no} {text}")


def _lines(session: Session, actor: Actor, filters: Filters, shown: list[LoanRow]) -> list[list[object]]:
    """Return rows as the import takes them; a person's number is masked for everybody but who has filed it."""
    query = select(OfflineLoan).where(col(OfflineLoan.id).in_([r.id for r in shown]))
    stored = {r.id: r for r in session.exec(query)}
    return [_cells(actor, stored[r.id]) for r in shown]


def _cells(actor: Actor, row: OfflineLoan) -> list[object]:
    cells, hidden = sheet_writer.cells(SPECS, row), row.org_id != actor.org_id
    return [masked(str(c)) if hidden and s.secret and c else c for s, c in zip(SPECS, cells, strict=True)]


ROWS = lists.paged(
    "filing_rows",
    "线下贷款备案明细",
    OfflineLoan,
    {},
    SORTS,
    lines=_lines,
    headings=tuple(heading(s) for s in SPECS),
    pages=lambda session, actor, filters, page, size: listing(
        session,
        actor,
        lists.int_filter(filters, "batch"),
        word=filters.get("word", ""),
        only=filters.get("only", ""),
        sort=filters.get("sort", ""),
        page=page,
        size=size,
    ),
)
