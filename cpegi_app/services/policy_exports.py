"""导出 of the lists of policies that page themselves: what waits, what is granted, claimed, paid and published (manual §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.models import (
    Payment,
    PaymentBatch,
    Policy,
    PolicyApplication,
    PolicyClaim,
    PolicyGrant,
    Publicity,
    PublicityEntry,
)
from cpegi_app.services import (
    lists,
    policy_claim_list,
    policy_overview,
    policy_payment,
    policy_publicity,
    policy_queue,
    policy_ready,
)
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.policy_standing import STANDINGS

Pages = Callable[[Session, Actor, Filters, int, int], tuple[list[Any], int]]


def _listing(
    name: str,
    title: str,
    model: Any,
    sorts: Mapping[str, Any],
    pages: Pages,
    slow: frozenset[str] = frozenset(),
    **columns: Callable[[Any], object],
) -> Listing:
    """Make a list known whose own service checks the actor and tells the pages; its headings sort by `sorts`.

    A column called …_元 holds amounts in yuan.
    """
    columns = {heading.replace("_元", "（元）"): cell for heading, cell in columns.items()}
    return lists.paged(name, title, model, columns, sorts, pages, slow=slow)


def _yes(flag: bool, word: str) -> str:
    return word if flag else ""


QUEUE = _listing(
    "policy_queue", "政策审核", PolicyApplication, policy_queue.SORTS,
    lambda s, a, f, page, size: policy_queue.listing(s, a, filters=f, page=page, size=size),
    受理编号=lambda r: r.receipt, 政策=lambda r: r.policy, 申请单位=lambda r: r.org, 申请金额_元=lambda r: r.asked,
    系统计算_元=lambda r: r.computed, 审核金额_元=lambda r: r.reviewed, 受理时间=lambda r: r.received, 办理时限=lambda r: r.waiting,
    超期=lambda r: _yes(r.late, "已超期"), 办理人=lambda r: r.holder, slow=frozenset({"received", "asked"}),
)  # fmt: skip
OVERVIEW = _listing(
    "policy_overview", "办理概览", Policy, policy_overview.SORTS,
    lambda s, a, f, page, size: policy_overview.listing(s, a, filters=f, page=page, size=size),
    政策=lambda r: r.name, 受理=lambda r: r.total, 形式审查=lambda r: r.formal, 业务审核=lambda r: r.business,
    已超期=lambda r: r.late, 补正中=lambda r: r.returned, 通过=lambda r: r.approved, 不通过=lambda r: r.rejected,
    已取消=lambda r: r.revoked, 申请金额_元=lambda r: r.asked, 审核通过金额_元=lambda r: r.granted,
    已取消金额_元=lambda r: r.revoked_amount, 已占用_元=lambda r: r.held, 预算_元=lambda r: r.budget,
    已拨付_元=lambda r: r.paid,
)  # fmt: skip
GRANTS = _listing(
    "policy_grants", "奖补兑现", PolicyGrant, policy_claim_list.OWN_SORTS,
    lambda s, a, f, page, size: policy_claim_list.own(s, a, filters=f, page=page, size=size),
    政策=lambda r: r.policy, 受理编号=lambda r: r.receipt, 奖补金额_元=lambda r: r.amount, 状态=lambda r: r.state,
    兑现时间=lambda r: r.window, 说明=lambda r: r.note, 到账=lambda r: r.voucher,
)  # fmt: skip
CLAIMS = _listing(
    "policy_claims", "兑现审核", PolicyClaim, policy_claim_list.QUEUE_SORTS,
    lambda s, a, f, page, size: policy_claim_list.queue(s, a, filters=f, page=page, size=size),
    申请单位=lambda r: r.org, 政策=lambda r: r.policy, 受理编号=lambda r: r.receipt, 兑现金额_元=lambda r: r.amount,
    收款户名=lambda r: r.payee, 开户行=lambda r: r.bank, 收款账号=lambda r: r.account,
    提交时间=lambda r: r.submitted, 已等待=lambda r: r.waiting, 状态=lambda r: r.status,
)  # fmt: skip
READY = _listing(
    "policy_ready", STANDINGS["APPROVED"], Payment, policy_ready.READY_SORTS,
    lambda s, a, f, page, size: policy_ready.ready(s, a, filters=f, page=page, size=size)[:2],
    单位=lambda r: r.org, 政策=lambda r: r.policy, 受理编号=lambda r: r.receipt, 金额_元=lambda r: r.amount,
    收款户名=lambda r: r.payee, 开户行=lambda r: r.bank, 收款账号=lambda r: r.account, 审核通过时间=lambda r: r.approved,
    说明=lambda r: r.why,
)  # fmt: skip
AGAIN = _listing(
    "policy_again", STANDINGS["AGAIN"], Payment, policy_ready.READY_SORTS,
    lambda s, a, f, page, size: policy_ready.again(s, a, filters=f, page=page, size=size),
    单位=lambda r: r.org, 政策=lambda r: r.policy, 受理编号=lambda r: r.receipt, 金额_元=lambda r: r.amount,
    收款户名=lambda r: r.payee, 开户行=lambda r: r.bank, 收款账号=lambda r: r.account, 审核通过时间=lambda r: r.approved,
    说明=lambda r: r.why,
)  # fmt: skip
UNPAID = _listing(
    "policy_unpaid", STANDINGS["FAILED"], Payment, policy_ready.FAILED_SORTS,
    lambda s, a, f, page, size: policy_ready.failed(s, a, filters=f, page=page, size=size),
    单位=lambda r: r.org, 政策=lambda r: r.policy, 受理编号=lambda r: r.receipt, 金额_元=lambda r: r.amount,
    收款户名=lambda r: r.payee, 开户行=lambda r: r.bank, 收款账号=lambda r: r.account, 失败原因=lambda r: r.why,
    批次编号=lambda r: r.batch, 登记时间=lambda r: r.at,
)  # fmt: skip
BATCHES = _listing(
    "policy_batches", "拨付批次", PaymentBatch, policy_payment.BATCH_SORTS,
    lambda s, a, f, page, size: policy_payment.listing(s, a, filters=f, page=page, size=size),
    批次=lambda r: r.name, 批次编号=lambda r: r.number, 笔数=lambda r: r.count, 金额_元=lambda r: r.amount,
    状态=lambda r: r.state_label, 成功=lambda r: r.paid, 失败=lambda r: r.failed, 编制时间=lambda r: r.made,
    导出时间=lambda r: r.exported,
)  # fmt: skip
LINES = _listing(
    "policy_payments", "付款明细", Payment, policy_payment.LINE_SORTS,
    lambda s, a, f, page, size: policy_payment.lines(s, a, lists.int_filter(f, "batch"), filters=f, page=page, size=size),
    付款编号=lambda r: r.number, 收款户名=lambda r: r.payee, 开户银行=lambda r: r.bank, 收款账号=lambda r: r.account,
    金额_元=lambda r: r.amount, 政策=lambda r: r.policy, 受理编号=lambda r: r.receipt, 结果=lambda r: r.state,
    拨付日期=lambda r: r.paid_on, 凭证号=lambda r: r.voucher, 失败原因=lambda r: r.failure,
)  # fmt: skip
NAMES = _listing(
    "policy_publicity_names", "公示名单", PublicityEntry, policy_publicity.NAME_SORTS,
    lambda s, a, f, page, size: policy_publicity.entries(
        s, a, lists.int_filter(f, "publicity"), filters=f, page=page, size=size
    ),
    单位名称=lambda r: r.org, 金额_元=lambda r: r.amount, 状态=lambda r: r.state,
)  # fmt: skip
PUBLICITIES = _listing(
    "policy_publicities", "公示", Publicity, policy_publicity.SORTS,
    lambda s, a, f, page, size: policy_publicity.listing(s, a, filters=f, page=page, size=size),
    标题=lambda r: r.title, 政策=lambda r: r.policy, 开始日期=lambda r: r.starts_on, 结束日期=lambda r: r.ends_on,
    状态=lambda r: r.state, 单位数=lambda r: r.count, 金额_元=lambda r: r.amount, 待处理异议=lambda r: r.open_objections,
)  # fmt: skip
