"""Applications as either side lists them: rows, filters, what waits first (manual §4.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Forbidden
from cpegi_app.models import Application, Disbursement, DisbursementEnd, Organisation
from cpegi_app.services import list_count, lists, review
from cpegi_app.services.forms import normalise, wan
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import TONES, Kind, Status


class ApplicationRow(BaseModel):
    """An application in the list of either side."""

    id: int = 0
    product_id: int = 0
    product: str = ""
    enterprise: str = ""
    institution: str = ""
    amount: str = ""
    approved: str = ""
    disbursed: str = ""
    waiting: str = ""
    term: str = ""
    status: str = ""
    status_label: str = ""
    tone: str = ""
    progress: str = ""
    submitted: str = ""
    can_disburse: bool = False
    # When and why nothing more is paid on it, empty while more may be.
    ended: str = ""
    editable: bool = False


# Made once: making these statements anew for every page took as long as asking them.
_SUMS = (
    select(Disbursement.application_id, Disbursement.status, func.sum(Disbursement.amount_fen))
    .where(col(Disbursement.application_id).in_(bindparam("ids", expanding=True)))
    .group_by(col(Disbursement.application_id), col(Disbursement.status))
)
_ENDS = select(DisbursementEnd.application_id, DisbursementEnd.created_at, DisbursementEnd.reason).where(
    col(DisbursementEnd.application_id).in_(bindparam("ids", expanding=True))
)
_ORGS = select(Organisation.id, Organisation.name, Organisation.kind).where(
    col(Organisation.id).in_(bindparam("ids", expanding=True))
)


def disbursed(session: Session, ids: list[int]) -> dict[int, tuple[int, int]]:
    """Return for each application the 分 disbursed and the 分 waiting for the platform's review."""
    found: dict[int, tuple[int, int]] = {}
    for app_id, status, total in session.execute(_SUMS, {"ids": ids}):
        done, waiting = found.get(app_id, (0, 0))
        done += int(total) if status == Status.APPROVED else 0
        waiting += int(total) if status == Status.PENDING else 0
        found[app_id] = (done, waiting)
    return found


def _orgs(session: Session, ids: set[int]) -> dict[int, tuple[str, str]]:
    """Return name and kind by id."""
    return {i: (name, kind) for i, name, kind in session.execute(_ORGS, {"ids": list(ids)})}


def ended(session: Session, ids: list[int]) -> dict[int, str]:
    """Return for each application on which nothing more is paid when that was said, and why (结束放款)."""
    found = session.execute(_ENDS, {"ids": ids}) if ids else ()
    return {i: f"放款已于 {clock.local(at)} 结束：{reason.rstrip('。')}" for i, at, reason in found}


def _row(r: Application, orgs: dict[int, tuple[str, str]], sums: tuple[int, int], end: str) -> ApplicationRow:
    done, waiting = sums
    left = r.approved_fen - done - waiting
    lender, kind = orgs.get(r.institution_id, ("", ""))
    lends = kind == Kind.DEBT
    return ApplicationRow(
        id=r.id or 0,
        product_id=r.product_id,
        product=r.product_name,
        enterprise=orgs.get(r.org_id, ("", ""))[0],
        institution=lender,
        amount=f"{wan(r.amount_fen)} 万元" if r.amount_fen else _typed(r, "amount", "万元"),
        approved=f"{wan(r.approved_fen)} 万元" if r.approved_fen else "—",
        disbursed=f"{wan(done)} 万元" if done else "—",
        waiting=f"{wan(waiting)} 万元" if waiting else "",
        term=f"{r.term_months} 个月" if r.term_months else _typed(r, "term", "个月"),
        status=r.status,
        status_label=Status.label_of(r.status),
        tone=TONES[r.status],
        progress=_progress(r, done, waiting, end, lends=lends),
        submitted=clock.local(r.submitted_at) or "未提交",
        can_disburse=r.status == Status.APPROVED and left > 0 and lends and not end,
        ended=end,
        editable=r.status in review.EDITABLE,
    )


def _typed(r: Application, name: str, unit: str) -> str:
    """Return what a draft says, unchecked, until it is submitted."""
    return f"{r.data[name][:12]} {unit}" if r.data.get(name) else "—"


def _progress(r: Application, done: int, waiting: int, end: str, *, lends: bool) -> str:
    if r.status != Status.APPROVED:
        return {Status.DRAFT: "填写中", Status.PENDING: "机构审核中", Status.RETURNED: "待补充资料"}.get(
            Status(r.status), "已结束"
        )
    if done >= r.approved_fen > 0:
        return "已全部放款"
    if waiting:
        return "放款待平台审核"
    if end:
        return "部分放款，已结束" if done else "未放款，已结束"
    if not lends:
        return "部分放款，受理机构已停办" if done else "受理机构已停办，不再放款"
    return "部分放款" if done else "待放款"


STEPS = ("提交申请", "机构审核", "放款", "完成")


def step_of(progress: str) -> int:
    """Return how far the progress bar has come."""
    ends = {"已结束": 1, "未放款，已结束": 4, "部分放款，已结束": 4, "已全部放款": 4}
    return ({"填写中": 0, "待补充资料": 0, "机构审核中": 1} | ends).get(progress, 2)


def rows(session: Session, found: list[Application]) -> list[ApplicationRow]:
    """Return applications as lists show them."""
    orgs = _orgs(session, {r.org_id for r in found} | {r.institution_id for r in found})
    sums = disbursed(session, [r.id or 0 for r in found])
    ends = ended(session, [r.id or 0 for r in found if r.status == Status.APPROVED])
    return [_row(r, orgs, sums.get(r.id or 0, (0, 0)), ends.get(r.id or 0, "")) for r in found]


# A disbursement that waits for the platform, or was approved, is on its way.
COUNTED = (Status.PENDING.value, Status.APPROVED.value)


# What the query bar calls approved applications that nothing was paid on yet.
UNPAID = ("UNPAID", "待放款")


def unpaid() -> Any:
    """Return the condition of an approved application that nothing was paid on yet."""
    begun = select(Disbursement.id).where(
        Disbursement.application_id == Application.id, col(Disbursement.status).in_(COUNTED)
    )
    approved = (col(Application.status) == Status.APPROVED.value) & (col(Application.approved_fen) > 0)
    return approved & ~begun.exists() & ~is_ended().exists()


def is_ended() -> Any:
    """Return the query, within one over applications, that finds the word that nothing more is paid on one."""
    return select(DisbursementEnd.id).where(DisbursementEnd.application_id == Application.id)


# --- the lists ------------------------------------------------------------------------------------


def _waits() -> Any:
    return Application.status == Status.PENDING.value


def _plain(column: Any) -> Any:
    """Return a column as a filter reads it, without tempting the planner to begin with its index."""
    return col(column).concat("")


def _filters(filters: Filters, by_name: Any) -> list[Any]:
    found: list[Any] = []
    if (status := filters.get("status", "")) in Status._value2member_map_:
        found.append(_plain(Application.status) == status)
    elif status == UNPAID[0]:
        found.append(unpaid())
    if word := normalise(filters.get("word", "")):
        found.append(col(Application.product_name).contains(word, autoescape=True) | by_name(word))
    return found


def _requests(actor: Actor, filters: Filters) -> list[Any]:
    if not actor.may(Permission.APPLICATION_REVIEW):
        raise Forbidden()
    mine = Application.institution_id == actor.org_id
    sent = [col(Application.submitted_at).is_not(None), _plain(Application.status) != Status.DRAFT.value]
    return [
        mine,
        *sent,
        *_filters(filters, lambda w: col(Application.applicant).contains(w, autoescape=True)),
    ]


def _own(actor: Actor, filters: Filters) -> list[Any]:
    if not actor.may(Permission.APPLICATION_SUBMIT):
        raise Forbidden()

    def lenders(word: str) -> Any:
        named = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
        return col(Application.institution_id).in_(named)

    return [Application.org_id == actor.org_id, *_filters(filters, lenders)]


TABLE = list_count.Table(Application, touched=list_count.updated(Application))
UNREAD = (
    col(Application.profile),
    col(Application.product_data),
    col(Application.conditions),
    col(Application.field_reasons),
)
COLUMNS = {
    "金融产品": lambda r: r.product,
    "申请企业": lambda r: r.enterprise,
    "受理机构": lambda r: r.institution,
    "申请额度（万元）": lambda r: r.amount,
    "期限": lambda r: r.term,
    "批准额度（万元）": lambda r: r.approved,
    "已放款（万元）": lambda r: r.disbursed,
    "状态": lambda r: r.status_label,
    "进度": lambda r: r.progress,
    "提交时间": lambda r: r.submitted,
}
SORTS = {"amount": col(Application.amount_fen), "submitted": col(Application.submitted_at)}
REQUESTS = lists.register(
    Listing(
        "requests",
        "企业申请",
        _requests,
        TABLE,
        lambda session, actor, filters, found: rows(session, found),
        COLUMNS,
        SORTS,
        first=_waits,
        unread=UNREAD,
    )
)
OWN = lists.register(
    Listing(
        "applications",
        "融资申请",
        _own,
        TABLE,
        lambda session, actor, filters, found: rows(session, found),
        COLUMNS,
        SORTS,
        unread=UNREAD,
    )
)


def listing(
    session: Session,
    actor: Actor,
    *,
    inbox: bool,
    status: str = "",
    word: str = "",
    page: int = 1,
    size: int = 10,
) -> tuple[list[ApplicationRow], int]:
    """Return one page of the own applications, or (inbox) of those sent to the own institution."""
    filters = {"status": status, "word": word}
    found = lists.page(session, actor, REQUESTS if inbox else OWN, filters, page=page, size=size)
    return found.rows, found.total
