"""线下贷款备案: batches of loans made outside the platform, reviewed, then in the loan book (manual §5.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, func, insert, literal, null, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import FILING, FILING_REVIEW, Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid
from cpegi_app.models import FilingBatch, FilingImport, Loan, OfflineLoan, Organisation, StoredFile
from cpegi_app.services import (
    audit,
    list_count,
    lists,
    offline_booked,
    offline_contract,
    offline_report,
    offline_rounds,
    once,
    review,
    review_draft,
)
from cpegi_app.services.forms import normalise, wan
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.locks import booking, one_at_a_time
from cpegi_app.services.offline_form import COLUMNS, FilingForm
from cpegi_app.services.review import Flow, Payload
from cpegi_app.vocabulary import TONES, Action, LoanSource, Status

NAMED = 10
# The action that a key of 添加备案 is claimed for.
NEW = "offline_loan.new"
# What the loan book takes over from a filed row; contacts and remarks stay with the filing.
TAKEN = tuple(c for c in COLUMNS if c not in ("contact", "contact_phone", "remark"))


class BatchRow(BaseModel):
    """A batch in the institution's list."""

    id: int = 0
    name: str = ""
    period: str = ""
    rows: int = 0
    amount: str = ""
    missing: int = 0
    returned: int = 0
    status: str = ""
    status_label: str = ""
    tone: str = ""
    reason: str = ""
    submitted: str = ""
    editable: bool = False


def new_batch(session: Session, actor: Actor, data: dict[str, str], key: str = "") -> FilingBatch:
    """Begin a batch (添加备案); the same `key` again is the same batch."""
    review.require(FLOW, actor)
    form = FilingForm.parse(data)
    if key and (begun := once.subject_of(session, actor.user_id, NEW, key)):
        return session.get_one(FilingBatch, begun)
    batch: FilingBatch = review_draft.begin(
        session, FLOW, org_id=actor.org_id or 0, data=form.strings(), updated_at=clock.now()
    )
    if key:
        once.done_before(session, actor.user_id, NEW, key, batch.id or 0)
    return batch


def save_batch(
    session: Session, actor: Actor, batch_id: int, version: int, data: dict[str, str]
) -> FilingBatch:
    """Change what a batch is called."""
    form = FilingForm.parse(data)
    return review.save_draft(session, FLOW, actor, batch_id, version, form.strings())


def submit(
    session: Session,
    actor: Actor,
    batch_id: int,
    version: int,
    key: str = "",
    data: dict[str, str] | None = None,
) -> FilingBatch:
    """Send a batch to the platform, called what `data` says; every row must have a proof."""
    values = {} if data is None else {"data": FilingForm.parse(data).strings()}
    return review.act(session, FLOW, actor, batch_id, Action.SUBMIT, version, key=key, values=values)


def discard(session: Session, actor: Actor, batch_id: int, version: int, seen: int) -> None:
    """Delete an own batch that was never sent with its rows, proofs and imports; `seen` is how many rows the clerk saw."""
    batch = review.load_own(session, FLOW, actor, batch_id)
    review.hold(session, FLOW, batch)
    count, _ = totals(session, batch_id)
    if count != seen and review_draft.may_discard(FLOW, batch, actor):
        raise Conflict(f"本批备案现有 {count} 笔，与您看到的 {seen} 笔不同，没有删除。请核对明细后再删除。")
    review_draft.discard(session, FLOW, actor, batch_id, version)


def withdraw(session: Session, actor: Actor, batch_id: int, version: int) -> None:
    """撤回 of what waits for review; what was returned meanwhile is not given up by it."""
    batch = review.load_own(session, FLOW, actor, batch_id)
    review.hold(session, FLOW, batch)
    if batch.status == Status.RETURNED:
        raise Conflict("该备案批次已被退回，无需撤回。请修改后重新提交；不再备案的，请点击“放弃备案”。")
    review.act(session, FLOW, actor, batch_id, Action.WITHDRAW, version)


def give_up(session: Session, actor: Actor, batch_id: int, version: int, seen: int) -> int:
    """放弃备案 of what was returned: its rows and proofs go; `seen` is how many rows the clerk was told."""
    batch = review.load_own(session, FLOW, actor, batch_id)
    review.hold(session, FLOW, batch)
    if batch.status != Status.RETURNED:
        raise Conflict("只有已退回的备案可以放弃，没有放弃任何明细。请刷新页面查看最新状态。")
    count, _ = totals(session, batch_id)
    if count != seen:
        raise Conflict(f"本批备案现有 {count} 笔，与您看到的 {seen} 笔不同，没有放弃。请核对明细后再操作。")
    said = f"放弃备案：{count} 笔明细已移除，借据编号可重新备案。"
    review.act(session, FLOW, actor, batch_id, Action.WITHDRAW, version, comment=said)
    return count


def listing(
    session: Session, actor: Actor, *, word: str = "", status: str = "", page: int = 1, size: int = 10
) -> tuple[list[BatchRow], int]:
    """Return one page of the own batches, newest first."""
    found = lists.page(session, actor, OWN, {"word": word, "status": status}, page=page, size=size)
    return found.rows, found.total


def _own(actor: Actor, filters: Filters) -> list[Any]:
    review.require(FLOW, actor)
    found: list[Any] = [FilingBatch.org_id == actor.org_id]
    if (status := filters.get("status", "")) in Status._value2member_map_:
        found.append(FilingBatch.status == status)
    if word := normalise(filters.get("word", "")):
        name = col(FilingBatch.data)["name"].as_string()
        found.append(name.contains(word, autoescape=True))
    return found


def one(session: Session, actor: Actor, batch_id: int) -> tuple[FilingBatch, BatchRow]:
    """Return a batch that the actor files or reviews."""
    batch = review.load(session, FLOW, actor, batch_id)
    return batch, _row(session, actor, batch)


def sees_marks(actor: Actor, batch: FilingBatch) -> bool:
    """Tell whether the actor reads what is marked for return: who files it does once that has been decided."""
    return batch.status == Status.RETURNED or not review.is_owner(actor, batch)


def _row(session: Session, actor: Actor, batch: FilingBatch) -> BatchRow:
    count, amount = totals(session, batch.id or 0)
    marked, _ = totals(session, batch.id or 0, marked=True) if sees_marks(actor, batch) else (0, 0)
    editable = batch.status in review.EDITABLE
    return BatchRow(
        id=batch.id or 0,
        name=batch.data.get("name", ""),
        period=batch.data.get("period", ""),
        rows=count,
        amount=f"{wan(amount)} 万元",
        missing=len(without_proof(session, batch.id or 0)) if editable else 0,
        returned=marked,
        status=batch.status,
        status_label=Status.label_of(batch.status),
        tone=TONES[batch.status],
        reason=batch.reason if batch.status == Status.RETURNED else "",
        submitted=clock.local(batch.submitted_at) or "未提交",
        editable=editable,
    )


def totals(session: Session, batch_id: int, *, marked: bool | None = None) -> tuple[int, int]:
    """Return how many rows a batch has and their 分; `marked` counts only those (not) marked for return."""
    query = select(func.count(), func.coalesce(func.sum(OfflineLoan.amount_fen), 0))
    query = query.where(OfflineLoan.batch_id == batch_id)
    if marked is not None:
        blank = col(OfflineLoan.reason) == ""
        query = query.where(~blank if marked else blank)
    count, amount = session.exec(query).one()
    return count, int(amount)


def without_proof(session: Session, batch_id: int, *more: Any) -> list[str]:
    """Return the 借据编号 of the rows that have no proof yet; `more` narrows the rows."""
    proof = select(StoredFile.id).where(
        StoredFile.row_id == OfflineLoan.id,
        StoredFile.flow == FLOW.name,
        col(StoredFile.removed_at).is_(None),
    )
    query = select(OfflineLoan.iou_no).where(OfflineLoan.batch_id == batch_id, ~proof.exists(), *more)
    return list(session.exec(query.order_by(col(OfflineLoan.id))))


# --- the flow's hooks -------------------------------------------------------------------------------


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    # Rows come and go behind the same lock: what is counted here is what is sent.
    one_at_a_time(session, "iou", row.org_id)
    form = FilingForm.parse(row.data)
    count, amount = totals(session, row.id)
    if not count:
        raise FormInvalid(
            {"rows": "还没有备案数据，请先导入备案文件或逐笔添加。"}, "还没有备案数据，请先导入备案文件。"
        )
    if lacking := without_proof(session, row.id):
        raise FormInvalid({"proof": _lacking(lacking)}, _lacking(lacking))
    offline_booked.refuse_booked(session, row.id)
    if told := offline_contract.overrun(
        session, row.org_id, col(OfflineLoan.batch_id) == row.id, offline_contract.lent
    ):
        raise Conflict(f"{told}。请核对金额和合同编号，更正或删除这些行后再提交。")
    if row.status == Status.RETURNED:
        # Answered. What was marked before a withdrawal was never told: it stays marked for the reviewer.
        session.exec(update(OfflineLoan).where(col(OfflineLoan.batch_id) == row.id).values(reason=""))
    return {"data": form.strings(), "row_count": count, "amount_fen": amount}


def _lacking(ious: list[str]) -> str:
    return (
        f"还有 {len(ious)} 笔没有上传放款证明（借款合同或放款凭证）：借据 {_named(ious)}。"
        "请逐笔上传，或批量上传后再提交。"
    )


def _named(ious: list[str]) -> str:
    return "、".join(ious[:NAMED]) + (" 等" if len(ious) > NAMED else "")


def _before_discard(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    one_at_a_time(session, "iou", row.org_id)
    for brought in (FilingImport, OfflineLoan):
        session.exec(delete(brought).where(col(brought.batch_id) == row.id))
    once.forget(session, NEW, row.id)


def _before_drop(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    if row.status != Status.RETURNED:
        return
    one_at_a_time(session, "iou", row.org_id)
    count = offline_rounds.release(session, row.id)
    audit.record(session, actor, "offline.row", f"{FLOW.name}:{row.id}", f"放弃备案 {count} 笔")


def _before_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    one_at_a_time(session, "iou", row.org_id)
    marked, _ = totals(session, row.id, marked=True)
    count, amount = totals(session, row.id, marked=False)
    if not count:
        raise Conflict("所有行都已标记退回，没有可以通过的行。请改为整批退回。")
    if "returned" in payload and payload["returned"] != str(marked):
        raise Conflict(f"标记退回的行数已变为 {marked} 行，请刷新页面核对后再通过。")
    if lacking := without_proof(session, row.id, OfflineLoan.reason == ""):
        raise Conflict(f"借据 {_named(lacking)} 没有放款证明，不能通过。请将这些行标记退回，或整批退回。")
    offline_booked.refuse_booked(session, row.id)
    rows = (col(OfflineLoan.batch_id) == row.id) & (col(OfflineLoan.reason) == "")
    if told := offline_contract.overrun(session, row.org_id, rows, offline_contract.booked):
        raise Conflict(f"{told}，不能通过。请将这些行标记退回，或整批退回。")
    return {"row_count": count, "amount_fen": amount}


def _after_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    _split(session, actor, row)
    _book(session, row)


def _split(session: Session, actor: Actor, batch: Any) -> None:
    """Move the rows marked for return, with their proofs, to a returned batch of their own."""
    here = (col(OfflineLoan.batch_id) == batch.id, col(OfflineLoan.reason) != "")
    marked = select(OfflineLoan.id).where(*here)
    ids = list(session.exec(marked))
    if not ids:
        return
    data = batch.data | {"name": f"{batch.data.get('name', '')[:50]}（退回 {len(ids)} 笔）"}
    comment = f"“{batch.data.get('name', '')}”已通过，其中 {len(ids)} 笔退回，原因见各行。请修改后重新提交。"
    fresh = {"id": review_draft.unused_id(session, FLOW), "data": data, "parent_id": batch.id}

    def fill(rest: Any) -> None:
        files = (col(StoredFile.flow) == FLOW.name, col(StoredFile.row_id).in_(marked.scalar_subquery()))
        session.execute(update(StoredFile).where(*files).values(subject_id=rest.id))
        session.exec(update(OfflineLoan).where(*here).values(batch_id=rest.id))

    review.follow_up(session, FLOW, actor, batch, comment, fill, **fresh)


def _book(session: Session, batch: Any) -> None:
    """Write a batch's rows into the loan book, in one statement."""
    taken = [col(getattr(OfflineLoan, name)) for name in TAKEN]
    source = (
        select(  # pyright: ignore[reportCallIssue]
            literal(clock.now(), Loan.__table__.c.created_at.type),  # pyright: ignore
            literal(LoanSource.OFFLINE.value),
            col(OfflineLoan.org_id),
            col(Organisation.id),
            null(),
            col(OfflineLoan.id),
            col(OfflineLoan.replaces_loan_id),
            *taken,
        )
        .join(Organisation, col(Organisation.credit_code) == OfflineLoan.borrower_code, isouter=True)
        .where(col(OfflineLoan.batch_id) == batch.id)
        .order_by(col(OfflineLoan.id))
    )
    head = ("created_at", "source", "institution_id", "borrower_id", "disbursement_id", "offline_loan_id")
    booking(session)
    session.execute(insert(Loan).from_select([*head, "replaces_id", *TAKEN], source))
    rows = update(OfflineLoan).where(col(OfflineLoan.batch_id) == batch.id)
    session.exec(rows.values(is_booked=True))


def _title(session: Session, row: Any) -> str:
    # An approval is told before the marked rows have left; what is booked was counted then.
    is_booked = row.status == Status.APPROVED
    count, amount = (row.row_count, row.amount_fen) if is_booked else totals(session, row.id)
    return f"{row.data.get('name') or '未命名备案'} · {count} 笔 {wan(amount)} 万元"


FLOW = review.register(
    Flow(
        name=offline_rounds.NAME,
        label="线下贷款备案",
        model=FilingBatch,
        submit=Permission.OFFLINE_SUBMIT,
        submit_screen=FILING,
        review_screen=FILING_REVIEW,
        title=_title,
        describe=offline_report.describe,
        submitter_href=lambda row: FILING.url(bid=row.id),
        reviewer_href=lambda row: FILING_REVIEW.url(bid=row.id),
        before_submit=_before_submit,
        discards=True,
        before_discard=_before_discard,
        gives_up=True,
        before_drop=_before_drop,
        before_approve=_before_approve,
        after_approve=_after_approve,
        keeps=offline_rounds.keeps,
        outcome={Action.APPROVE: "备案的贷款已登记到贷款台账。"},
    )
)

OWN = lists.register(
    Listing(
        "filings",
        "线下贷款备案",
        _own,
        list_count.Table(FilingBatch),
        lambda session, actor, filters, found: [_row(session, actor, b) for b in found],
        {
            "备案名称": lambda r: r.name,
            "备案期间": lambda r: r.period,
            "笔数": lambda r: r.rows,
            "放款合计（万元）": lambda r: r.amount,
            "状态": lambda r: r.status_label,
            "提交时间": lambda r: r.submitted,
            "退回原因": lambda r: r.reason,
        },
        {"sent": col(FilingBatch.submitted_at)},
        large=False,
    )
)
