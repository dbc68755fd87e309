"""What waits for each kind of user, and the figures of their 工作台."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import (
    ACCOUNTS,
    APPLICATIONS,
    APPLY,
    DEALS,
    DISBURSE,
    FILING,
    FILINGS,
    IDENTITY,
    LEADS,
    PRODUCT_EDIT,
    PRODUCTS,
    PROFILE,
    PROJECT_EDIT,
    PROJECTS,
    PUBLIC_PRODUCTS,
    QUEUE,
    REPORT_EDIT,
    REPORT_MATRIX,
    REPORTS,
    REQUEST,
    REQUESTS,
    STATISTICS,
    VERIFICATION,
    Actor,
    Permission,
    Role,
)
from cpegi_app.models import (
    Application,
    Disbursement,
    EquityProjectRevision,
    FilingBatch,
    Loan,
    Organisation,
    Product,
    ProductRevision,
    ProfileChange,
    Report,
    User,
    Verification,
)
from cpegi_app.services import (
    application_list,
    equity_board,
    equity_interest,
    investment_bench,
    platform_queue,
    policy_bench,
    report_bench,
    review,
    shelf,
)
from cpegi_app.services.bench_parts import TODOS, Tile, Todo, beyond, first, tile
from cpegi_app.services.corrections import in_force
from cpegi_app.services.figures import was_sent
from cpegi_app.services.forms import wan
from cpegi_app.services.report import heading
from cpegi_app.vocabulary import TONES, Kind, Status


class Bench(BaseModel):
    """The 工作台 of one actor."""

    tiles: list[Tile]
    todos: list[Todo] = []
    progress: list[application_list.ApplicationRow] = []
    # How many wait in all, and where: the 工作台 shows the first few.
    waiting: int = 0
    all_href: str = ""
    has_todos: bool = True


def _count(session: Session, query) -> int:
    return session.exec(select(func.count()).select_from(query.subquery())).one()


def waiting_counts(session: Session, actor: Actor) -> dict[str, int]:
    """Return the counts that the menu shows, by the route of the list in which so much waits."""
    found: dict[str, int] = {}
    if actor.may(Permission.REVIEW_PLATFORM):
        found[QUEUE.route] = platform_queue.waiting(session, actor)
    if actor.may(Permission.APPLICATION_REVIEW):
        found[REQUESTS.route] = _count(session, _inbox(actor))
    for queue in policy_bench.queues(session, actor):
        found[queue.route] = found.get(queue.route, 0) + queue.count
    return found


def verification_status(session: Session, actor: Actor) -> str:
    """Return the status of the own verification, empty before it was begun."""
    if actor.org_id is None:
        return ""
    return session.exec(select(Verification.status).where(Verification.org_id == actor.org_id)).first() or ""


def bench(session: Session, actor: Actor) -> Bench:
    """Return the 工作台 of the actor's kind."""
    if actor.role is Role.STAFF:
        return _staff(session, actor)
    if actor.role is Role.REGULATOR:
        return Bench(tiles=_report_tiles(session) + region_tiles(session), has_todos=False)
    return _member(session, actor)


def _inbox(actor: Actor):
    return select(Application.id).where(
        Application.institution_id == actor.org_id, Application.status == Status.PENDING.value
    )


def _staff(session: Session, actor: Actor) -> Bench:
    rows, total, counts = platform_queue.queue(session, actor, size=TODOS)
    policies = policy_bench.queues(session, actor)
    total += sum(q.count for q in policies)
    tiles = [tile("全部待办理", total, QUEUE.route, "blue", "件")]
    tiles += [_busy(c.label, c.count, f"{QUEUE.route}?flow={c.flow}") for c in counts]
    tiles += [_busy(q.label, q.count, q.href, q.unit) for q in policies]
    tiles.append(_busy("未分配线索", equity_board.untaken(session, actor), LEADS.route, "条"))
    disabled = _count(session, select(User.id).where(col(User.disabled_at).is_not(None)))
    tiles.append(tile("停用账号", disabled, f"{ACCOUNTS.route}?state=DISABLED", "grey", "个"))
    todos = [(r.came, _queued(r)) for r in rows] + policy_bench.staff(session, actor)
    first = [todo for _, todo in sorted(todos, key=lambda pair: pair[0])[:TODOS]]
    return Bench(tiles=tiles, todos=first, waiting=total, all_href=QUEUE.route)


def _busy(label: str, count: int, href: str, unit: str = "件") -> Tile:
    return tile(label, count, href, "orange" if count else "grey", unit)


def _queued(r: platform_queue.QueueRow) -> Todo:
    return Todo(
        title=r.title,
        note="" if r.org == r.title else r.org,
        at=f"已等待 {r.waiting}",
        action="办理",
        href=r.href,
        tone="red" if r.late else "blue",
        tag=r.flow_label,
    )


def region_tiles(session: Session) -> list[Tile]:
    """Return the platform's figures for the staff and the regulator."""
    verified = select(Organisation.id).where(col(Organisation.verified_at).is_not(None))
    enterprises = _count(session, verified.where(Organisation.kind == Kind.ENTERPRISE.value))
    institutions = _count(session, verified.where(Organisation.kind != Kind.ENTERPRISE.value))
    products = _count(session, select(Product.id).where(shelf.open_now()))
    sent = _count(session, select(Application.id).where(was_sent()))
    total, number = session.exec(
        select(func.coalesce(func.sum(Loan.amount_fen), 0), func.count(col(Loan.id))).where(in_force())
    ).one()
    href = STATISTICS.route
    return [
        tile("认证企业", enterprises, href, "blue", "家"),
        tile("认证机构", institutions, href, "blue", "家"),
        tile("在线金融产品", products, href, "green", "个"),
        tile("融资申请", sent, href, "grey", "笔"),
        tile("累计放款", wan(int(total)), href, "teal", "万元"),
        tile("放款笔数", number, href, "teal", "笔"),
    ]


def _report_tiles(session: Session) -> list[Tile]:
    """Return how the newest returns stand: in of asked, red while some are late."""
    href = REPORT_MATRIX.route
    return [
        tile(r.title, f"{r.handed_in}/{r.asked}", href, "red" if r.late else "green", "已报")
        for r in report_bench.overall(session)
    ]


def _due_reports(session: Session, actor: Actor) -> tuple[list[Tile], list[Todo]]:
    """Return what the organisation has to report soon or should have reported."""
    found = report_bench.own(session, actor)
    tiles = [tile("逾期未报报告", found.late, REPORTS.route, "red", "份")] if found.late else []
    tiles += [tile("即将到期报告", found.soon, REPORTS.route, "orange", "份")] if found.soon else []
    todos = [
        Todo(
            title=heading(i.rule.kind.value, i.period.code),
            note="请在报告管理中填报并提交",
            at=f"期限 {i.due.isoformat()}",
            action="填报",
            href=REPORTS.route,
            tone=i.tone,
            tag=f"报告{i.label}",
        )
        for i in sorted(found.urgent, key=lambda i: i.due)
    ]
    if (left := found.late + found.soon - len(todos)) > 0:
        todos.append(beyond(left, todos[0], REPORTS.route))
    return tiles, todos


def _member(session: Session, actor: Actor) -> Bench:
    todos, tiles = _own_todos(session, actor), list[Tile]()
    todos += investment_bench.own(session, actor) + policy_bench.own(session, actor)
    if actor.may(Permission.REPORT_SUBMIT):
        tiles, due = _due_reports(session, actor)
        todos += due
    if actor.may(Permission.APPLICATION_REVIEW):
        mine = select(Product.id).where(Product.org_id == actor.org_id, shelf.open_now())
        waiting = _count(session, _inbox(actor))
        tiles.append(tile("待办理申请", waiting, REQUESTS.route, "orange" if waiting else "grey", "笔"))
        tiles.append(tile("已发布产品", _count(session, mine), PRODUCTS.route, "green", "个"))
        total = session.exec(
            select(func.coalesce(func.sum(Loan.amount_fen), 0)).where(
                Loan.institution_id == actor.org_id, in_force()
            )
        ).one()
        tiles.append(tile("累计放款", wan(int(total)), REQUESTS.route, "teal", "万元"))
    if actor.may(Permission.EQUITY_BROWSE):
        waiting = equity_interest.unanswered(session, actor)
        tiles.append(tile("待反馈推荐项目", waiting, DEALS.route, "orange" if waiting else "grey", "个"))
    tiles += policy_bench.open_now(session, actor)
    progress: list[application_list.ApplicationRow] = []
    if actor.may(Permission.APPLICATION_SUBMIT):
        progress, sent = application_list.listing(session, actor, inbox=False, size=5)
        tiles.append(tile("我的融资申请", sent, APPLICATIONS.route, "blue", "笔"))
        others = select(Product.id).where(shelf.open_now(), Product.org_id != actor.org_id)
        tiles.append(tile("可申请金融产品", _count(session, others), PUBLIC_PRODUCTS.route, "grey", "个"))
    # What is overdue comes first.
    todos.sort(key=lambda t: t.tone != "red")
    total = sum(t.counts for t in todos)
    return Bench(tiles=tiles, todos=todos, progress=progress, waiting=total)


IDENTITY_TODO = Todo(
    title="选择机构类型",
    note="请按实际类别选择金融机构/中介机构类型，选择后才能填写真实性认证。",
    at="",
    action="去选择",
    href=IDENTITY.route,
    tone="orange",
    tag="认证",
)


def _own_todos(session: Session, actor: Actor) -> list[Todo]:
    found: list[Todo] = []
    if actor.kind is None:
        found.append(IDENTITY_TODO)
    elif not actor.verified:
        found.append(_verification_todo(verification_status(session, actor)))
    if actor.may(Permission.APPLICATION_REVIEW):
        waiting = select(Application).where(
            Application.institution_id == actor.org_id, Application.status == Status.PENDING.value
        )
        came = col(Application.submitted_at)
        found += first(session, waiting, came, _to_handle, f"{REQUESTS.route}?status=PENDING", TODOS)
    if actor.may(Permission.DISBURSEMENT_SUBMIT):
        unpaid = select(Application).where(
            Application.institution_id == actor.org_id, application_list.unpaid()
        )
        every = f"{REQUESTS.route}?status={application_list.UNPAID[0]}"
        found += first(session, unpaid, col(Application.decided_at), _to_pay, every)
    submits = {flow.model: flow.submit for flow in review.FLOWS.values()}
    for model, label, href, every in (
        (ProductRevision, "金融产品", lambda r: PRODUCT_EDIT.url(rid=r.id), PRODUCTS),
        (EquityProjectRevision, "融资项目", lambda r: PROJECT_EDIT.url(rid=r.id), PROJECTS),
        (ProfileChange, "资料修改", lambda r: PROFILE.route, PROFILE),
        (Application, "融资申请", lambda r: APPLY.url(pid=r.product_id), APPLICATIONS),
        (Disbursement, "放款", lambda r: DISBURSE.url(did=r.id), REQUESTS),
        (FilingBatch, "线下贷款备案", lambda r: FILING.url(bid=r.id), FILINGS),
        (Report, "报告", lambda r: REPORT_EDIT.url(rid=r.id), REPORTS),
    ):
        if not actor.may(submits[model]):
            # The class was corrected: its page is no longer theirs.
            continue
        query = select(model).where(model.org_id == actor.org_id, model.status == Status.RETURNED.value)
        line = partial(_returned, label, href)
        where = every.route if every is REQUESTS else f"{every.route}?status={Status.RETURNED.value}"
        found += first(session, query, col(model.decided_at), line, where)
    return found


def _to_handle(row: Application) -> Todo:
    return Todo(
        title=f"{row.applicant} · {row.product_name}",
        note=f"申请 {wan(row.amount_fen)} 万元，{row.data.get('term', '')} 个月",
        at=f"提交于 {clock.local(row.submitted_at)}",
        action="办理",
        href=REQUEST.url(aid=row.id),
        tone="blue",
        tag="融资申请",
    )


def _to_pay(row: Application) -> Todo:
    return Todo(
        title=f"{row.applicant} · {row.product_name}",
        note=f"已批准 {wan(row.approved_fen)} 万元，请在放款后登记",
        at=f"批准于 {clock.local(row.decided_at)}",
        action="放款",
        href=REQUEST.url(aid=row.id),
        tone="blue",
        tag="待放款",
    )


def _returned(label: str, href: Callable[[Any], str], row: Any) -> Todo:
    iou = f"借据 {row.data['iou_no']}" if row.data.get("iou_no") else ""
    return Todo(
        title=getattr(row, "product_name", "") or row.data.get("name") or iou or label,
        note=row.reason,
        at=f"退回于 {clock.local(row.decided_at)}",
        action="修改后重新提交",
        href=href(row),
        tone=TONES[Status.RETURNED],
        tag=f"{label}已退回",
    )


def _verification_todo(status: str) -> Todo:
    note, action = {
        Status.PENDING: ("已提交，平台正在审核，通过后自动开通全部功能。", "查看"),
        Status.RETURNED: ("认证被退回，请按退回原因修改后重新提交。", "修改后重新提交"),
    }.get(Status(status) if status else Status.DRAFT, ("完成认证后即可使用平台全部功能。", "去认证"))
    return Todo(
        title="用户真实性认证",
        note=note,
        at="",
        action=action,
        href=VERIFICATION.route,
        tone="orange",
        tag="认证",
    )
