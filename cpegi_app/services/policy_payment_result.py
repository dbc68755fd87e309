"""The result that the finance office sends back: every row judged first, then all of it written or nothing (manual §8.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import POLICY_CLAIMS, Actor
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.models import Payment, PaymentBatch, PaymentImport, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import notices, policy_budget, policy_decision, policy_payment, policy_people
from cpegi_app.services.filetypes import display_name
from cpegi_app.services.forms import half_width, plain_number
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_claim import same_name
from cpegi_app.services.policy_payment_file import Line, day
from cpegi_app.vocabulary.policy import AmountKind, GrantState, PaymentState

PAID = frozenset({"成功", "已拨付", "拨付成功", "已支付", "支付成功"})
FAILED = frozenset({"失败", "拨付失败", "支付失败", "退汇"})
# What a reason for a failure may be long.
REASON_MOST = 200


class Finding(BaseModel):
    """A row that keeps the whole file from being taken."""

    row: int
    number: str
    text: str


class Outcome(BaseModel):
    """What became of a returned file."""

    id: int = 0
    name: str = ""
    at: str = ""
    done: bool = False
    paid: int = 0
    failed: int = 0
    known: int = 0
    wrong: int = 0
    findings: list[Finding] = []
    text: str = ""


@dataclass(frozen=True)
class Result:
    """One row that is fit: the payment, and what became of it."""

    payment: Payment
    state: PaymentState
    paid_on: date | None = None
    voucher: str = ""
    failure: str = ""


def take(session: Session, actor: Actor, batch_id: int, name: str, data: bytes, lines: list[Line]) -> Outcome:
    """Judge a returned file and write it, whole or not at all; the same file twice counts once."""
    batch = policy_payment.locked(session, actor, batch_id)
    if not policy_payment.is_out(batch):
        raise Conflict("批次还没有导出给财务，不能导入拨付结果。")
    digest = hashlib.sha256(data).hexdigest()
    before = session.exec(
        select(PaymentImport).where(PaymentImport.batch_id == batch.id, PaymentImport.sha256 == digest)
    ).first()
    if before is not None and before.done_at:
        return _view(before, "这份文件已经导入过，结果没有重复登记。")
    if not lines:
        raise DomainError("文件中没有拨付结果，请在导出的文件中填写结果后重新导入。")
    results, findings, known = _judged(session, batch, lines)
    kept = before or PaymentImport(batch_id=batch.id or 0, user_id=actor.user_id, sha256=digest, name="")
    kept.name, kept.user_id = display_name(name), actor.user_id
    kept.wrong, kept.findings = len(findings), [f.model_dump() for f in findings[:200]]
    kept.paid = kept.failed = 0
    if not findings:
        kept.paid = sum(r.state is PaymentState.PAID for r in results)
        kept.failed = len(results) - kept.paid
        kept.done_at = clock.now()
    session.add(kept)
    session.flush()
    if findings:
        return _view(kept, f"文件有 {len(findings)} 处问题，没有登记任何结果，请更正后重新导入。")
    for result in results:
        _write(session, actor, batch, kept, result)
    if results:
        policy_payment.close_if_settled(session, batch)
    said = f"{batch.number}：成功 {kept.paid} 笔，失败 {kept.failed} 笔"
    policy_people.note(session, actor, "payment.result", f"batch:{batch.id}", said)
    again = f"，另有 {known} 笔此前已登记" if known else ""
    found = _view(kept, f"已登记：拨付成功 {kept.paid} 笔，失败 {kept.failed} 笔{again}。")
    found.known = known
    return found


# --- judging ------------------------------------------------------------------------------------------


def _judged(
    session: Session, batch: PaymentBatch, lines: list[Line]
) -> tuple[list[Result], list[Finding], int]:
    """Return what can be written, what is wrong, and how many rows say what is known already."""
    query = select(Payment).where(Payment.batch_id == batch.id)
    there = {p.number: p for p in session.exec(query.execution_options(populate_existing=True))}
    seen: dict[str, int] = {}
    results, findings, known = [], [], 0
    for row, cells in lines:
        number = half_width(cells.get("付款编号", "")).upper()
        if not _has_result(cells) and number in there and number not in seen:
            # A line without a result simply goes on waiting.
            seen[number] = row
            continue
        try:
            if number in seen:
                raise ValueError(f"付款编号与第 {seen[number]} 行重复")
            seen[number] = row
            if not number:
                raise ValueError("缺少付款编号")
            if number not in there:
                raise ValueError("付款编号不在本批次中")
            result = _result(there[number], cells)
        except ValueError as problem:
            findings.append(Finding(row=row, number=number[:40], text=f"{problem}"))
            continue
        if result is None:
            known += 1
        else:
            results.append(result)
    if not results and not findings and not known:
        raise DomainError("文件中没有填写任何拨付结果，请填写后重新导入。")
    return results, findings, known


def _has_result(cells: dict[str, str]) -> bool:
    return any(cells.get(h, "") for h in ("拨付结果", "拨付日期", "凭证号", "失败原因"))


def _result(payment: Payment, cells: dict[str, str]) -> Result | None:
    """Return what a row says of its payment, None when that is known already; raise ValueError with what is wrong."""
    _same(payment, cells)
    said = half_width(cells.get("拨付结果", ""))
    if said in PAID:
        found = _paid(payment, cells)
    elif said in FAILED:
        reason = cells.get("失败原因", "")
        if not reason:
            raise ValueError("拨付失败须填写失败原因")
        if len(reason) > REASON_MOST:
            raise ValueError(f"失败原因最多 {REASON_MOST} 字，现有 {len(reason)} 字，请缩短")
        found = Result(payment, PaymentState.FAILED, failure=reason)
    else:
        raise ValueError("拨付结果请填写“成功”或“失败”")
    if payment.state == PaymentState.WAITING:
        return found
    same = (payment.state, payment.paid_on, payment.voucher_no) == (
        found.state,
        found.paid_on,
        found.voucher,
    )
    if not same:
        label = PaymentState.label_of(payment.state)
        raise ValueError(f"此笔此前已登记为“{label}”，与文件不一致")
    return None


def _paid(payment: Payment, cells: dict[str, str]) -> Result:
    on, voucher = day(cells.get("拨付日期", "")), cells.get("凭证号", "")
    if on is None:
        raise ValueError("拨付日期请填写日期，格式如 2026-01-31")
    if on > clock.today():
        raise ValueError(f"拨付日期不能晚于今天（{clock.today()}）")
    if on < payment.created_at.astimezone(clock.SHANGHAI).date():
        raise ValueError("拨付日期早于批次编制日期，请核对")
    if not voucher:
        raise ValueError("拨付成功须填写凭证号")
    if len(voucher) > 60:
        raise ValueError("凭证号最多 60 字")
    return Result(payment, PaymentState.PAID, on, voucher)


def _same(payment: Payment, cells: dict[str, str]) -> None:
    """Refuse a row whose amount or payee is not what went out."""
    if text := cells.get("金额（元）", ""):
        try:
            amount = plain_number(text) * 100
        except ValueError:
            raise ValueError("金额不是数字") from None
        if amount != Decimal(payment.amount_fen):
            raise ValueError(f"金额 {text} 元与批次中的 {yuan(payment.amount_fen)} 元不一致")
    if (name := cells.get("收款户名", "")) and not same_name(name, payment.payee_name):
        raise ValueError("收款户名与批次中的不一致")
    account = half_width(cells.get("账号", ""))
    if account and account != payment.account_no:
        raise ValueError("账号与批次中的不一致（请以文本格式保存账号）")


# --- writing ------------------------------------------------------------------------------------------


def _write(session: Session, actor: Actor, batch: PaymentBatch, kept: PaymentImport, result: Result) -> None:
    payment, now = result.payment, clock.now()
    values: dict[str, Any] = {
        "state": result.state.value,
        "paid_on": result.paid_on,
        "voucher_no": result.voucher,
        "failure": result.failure,
        "import_id": kept.id,
        "updated_at": now,
    }
    done = session.exec(
        update(Payment)
        .where(col(Payment.id) == payment.id, col(Payment.state) == PaymentState.WAITING.value)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict("拨付明细刚有变化，没有登记任何结果。请刷新页面后重新导入。")
    claim = session.get_one(PolicyClaim, payment.claim_id)
    application = session.get_one(PolicyApplication, claim.application_id)
    users = notices.users_of(session, payment.org_id)
    name, amount = application.policy_name, yuan(payment.amount_fen)
    if result.state is PaymentState.FAILED:
        text = f"{result.failure}。请核对收款账户，在“政策兑现”中重新申请兑现。"
        notices.notify(session, users, f"拨付失败：{name} {amount} 元", text, POLICY_CLAIMS.route, "red")
        return
    _settle(session, payment)
    why = f"批次 {batch.number}，{result.paid_on}，凭证 {result.voucher}"
    policy_decision.note_amount(session, application.id or 0, AmountKind.PAID, payment.amount_fen, actor, why)
    text = (
        f"{result.paid_on} 拨付至 {payment.bank}（尾号 {payment.account_no[-4:]}），凭证号 {result.voucher}。"
    )
    notices.notify(session, users, f"已拨付：{name} {amount} 元", text, POLICY_CLAIMS.route, "green")


def _settle(session: Session, payment: Payment) -> None:
    """Count a paid amount in the policy's budget; its grant ends here."""
    done = session.exec(
        update(PolicyGrant)
        .where(col(PolicyGrant.id) == payment.grant_id, col(PolicyGrant.state) == GrantState.CONFIRMED.value)
        .values(state=GrantState.PAID.value, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict(
            f"付款 {payment.number} 对应的奖补已拨付或已取消，没有登记任何结果。请联系平台管理人员核对。"
        )
    policy_budget.pay(session, payment.policy_id, payment.amount_fen)


def latest(session: Session, actor: Actor, batch_id: int) -> list[Outcome]:
    """Return the files returned for a batch, newest first."""
    batch = policy_payment.load(session, actor, batch_id)
    query = select(PaymentImport).where(PaymentImport.batch_id == batch.id)
    return [_view(i, "") for i in session.exec(query.order_by(col(PaymentImport.id).desc()).limit(10))]


def _view(kept: PaymentImport, text: str) -> Outcome:
    return Outcome(
        id=kept.id or 0,
        name=kept.name,
        at=clock.local(kept.done_at or kept.created_at),
        done=kept.done_at is not None,
        paid=kept.paid,
        failed=kept.failed,
        wrong=kept.wrong,
        findings=[Finding.model_validate(f) for f in kept.findings],
        text=text,
    )
