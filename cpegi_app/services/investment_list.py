"""Filings as both sides find them: lists, the search for a project or an enterprise, reminders (manual §6.4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import CONFIRM, CONFIRM_ONLINE, INVESTMENT_EDIT, RECORD, Actor, Permission
from cpegi_app.errors import Conflict
from cpegi_app.models import EquityProject, Investment, OnlineInvestment, Organisation
from cpegi_app.services import list_count, lists, notices, review, staff
from cpegi_app.services.forms import normalise, wan
from cpegi_app.services.investment import FLOW, state_of
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.vocabulary import Status
from cpegi_app.vocabulary.equity import FILING_TONES, FilingState, OnlineState, ProjectState, Round

# What has waited so long for a side is called to mind, and again after as long (ours).
REMIND_AFTER, AGAIN_AFTER = timedelta(days=3), timedelta(days=1)
FOUND_MAX, WORD_MIN = 10, 2


class FilingRow(BaseModel):
    """A filing in the list of either side."""

    id: int
    project: str
    institution: str
    enterprise: str
    round: str
    amount: str
    agreed_on: str
    state: str
    state_label: str
    tone: str
    sent: str
    editable: bool
    can_remind: bool


def _filters(filters: Filters) -> list[Any]:
    found: list[Any] = []
    if word := normalise(filters.get("word", ""))[:60]:
        named = select(Organisation.id).where(col(Organisation.name).contains(word, autoescape=True))
        found.append(
            or_(
                col(Investment.project_name).contains(word, autoescape=True),
                col(Investment.org_id).in_(named),
                col(Investment.enterprise_id).in_(named),
            )
        )
    state = filters.get("state", "")
    where: dict[str, tuple[str, int | None]] = {
        FilingState.DRAFT: (Status.DRAFT.value, None),
        FilingState.PARTY: (Status.PENDING.value, 0),
        FilingState.PLATFORM: (Status.PENDING.value, 1),
        FilingState.OBJECTED: (Status.RETURNED.value, 0),
        FilingState.RETURNED: (Status.RETURNED.value, 1),
        FilingState.FILED: (Status.APPROVED.value, None),
    }
    if state in where:
        status, stage = where[state]
        found.append(Investment.status == status)
        found += [] if stage is None else [Investment.stage == stage]
    return found


def _own(actor: Actor, filters: Filters) -> list[Any]:
    review.require(FLOW, actor)
    return [Investment.org_id == actor.org_id, *_filters(filters)]


def _party(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.INVESTMENT_CONFIRM)
    seen = [col(Investment.submitted_at).is_not(None), Investment.status != Status.DRAFT.value]
    return [Investment.enterprise_id == (actor.org_id or -1), *seen, *_filters(filters)]


def names_of(session: Session, ids: Iterable[int | None]) -> dict[int | None, str]:
    """Return the names of organisations."""
    query = select(Organisation.id, Organisation.name).where(col(Organisation.id).in_({i for i in ids if i}))
    return {i: name for i, name in session.exec(query)}


def _rows(session: Session, actor: Actor, filters: Filters, found: list[Investment]) -> list[FilingRow]:
    names = names_of(session, {r.org_id for r in found} | {r.enterprise_id for r in found})
    return [_row(r, names, actor) for r in found]


def _row(r: Investment, names: dict[int | None, str], actor: Actor) -> FilingRow:
    state, own = state_of(r), r.org_id == actor.org_id
    typed = r.data if own and r.status in review.EDITABLE else {}
    return FilingRow(
        id=r.id or 0,
        project=r.project_name or typed.get("project_name", "") or "（未填写项目）",
        institution=names.get(r.org_id, ""),
        enterprise=names.get(r.enterprise_id, "—"),
        round=Round.label_of(r.round or typed.get("round")) or "—",
        amount=wan(r.amount_fen) if r.amount_fen else (typed.get("amount", "")[:12] or "—"),
        agreed_on=r.agreed_on.isoformat() if r.agreed_on else "—",
        state=state.value,
        state_label=state.label,
        tone=FILING_TONES[state],
        sent=clock.local(r.submitted_at) or "未提交",
        editable=own and r.status in review.EDITABLE,
        can_remind=own and state is FilingState.PARTY,
    )


_COLUMNS = {
    "项目": lambda r: r.project,
    "投资机构": lambda r: r.institution,
    "项目方": lambda r: r.enterprise,
    "轮次": lambda r: r.round,
    "投资金额（万元）": lambda r: r.amount,
    "协议日期": lambda r: r.agreed_on,
    "状态": lambda r: r.state_label,
    "提交时间": lambda r: r.sent,
}
_SORTS = {
    "amount": col(Investment.amount_fen),
    "agreed": col(Investment.agreed_on),
    "sent": col(Investment.submitted_at),
}
_TABLE = list_count.Table(Investment)
OWN = lists.register(
    Listing("investments", "线下投资记录", _own, _TABLE, _rows, _COLUMNS, _SORTS, large=False)
)
PARTY_SIDE = lists.register(
    Listing("investments_party", "线下投资确认", _party, _TABLE, _rows, _COLUMNS, _SORTS, large=False)
)


# --- what was invested in ---------------------------------------------------------------------------


class Target(BaseModel):
    """A project or an enterprise that an institution may have invested in."""

    enterprise_id: int
    project_id: int = 0
    name: str
    kind: str
    note: str


def find(session: Session, actor: Actor, word: str) -> list[Target]:
    """Return published projects and verified enterprises by a part of the name, or by the whole credit code."""
    review.require(FLOW, actor)
    word = normalise(word)[:60]
    if len(word) < WORD_MIN:
        return []
    names = col(Organisation.name)
    projects = (
        select(EquityProject, names)
        .join(Organisation, col(Organisation.id) == EquityProject.org_id)
        .where(
            col(EquityProject.state).in_([ProjectState.OPEN.value, ProjectState.CLOSED.value]),
            EquityProject.org_id != actor.org_id,
            or_(
                col(EquityProject.name).contains(word, autoescape=True),
                names.contains(word, autoescape=True),
                col(Organisation.credit_code) == word.upper(),
            ),
        )
        .order_by(col(EquityProject.id).desc())
        .limit(FOUND_MAX)
    )
    orgs = (
        select(Organisation)
        .where(
            col(Organisation.verified_at).is_not(None),
            Organisation.id != actor.org_id,
            or_(names.contains(word, autoescape=True), col(Organisation.credit_code) == word.upper()),
        )
        .order_by(col(Organisation.id))
        .limit(FOUND_MAX)
    )
    found = [
        Target(
            enterprise_id=p.org_id,
            project_id=p.id or 0,
            name=p.name,
            kind="平台项目",
            note=f"{name} · {Round.label_of(p.round)} · {ProjectState.label_of(p.state)}",
        )
        for p, name in session.exec(projects)
    ]
    found += [
        Target(enterprise_id=o.id or 0, name=o.name, kind="企业", note=o.credit_code or "")
        for o in session.exec(orgs)
    ]
    return found


def target_of(session: Session, actor: Actor, row_id: int) -> Target | None:
    """Return what the actor's own filing says was invested in."""
    row: Investment = review.load_own(session, FLOW, actor, row_id)
    org = session.get(Organisation, row.enterprise_id) if row.enterprise_id else None
    if org is None:
        return None
    project = session.get(EquityProject, row.project_id) if row.project_id else None
    note = f"{org.name}（{org.credit_code}）"
    if project is not None:
        name = project.name if project.state != ProjectState.DOWN else row.project_name
        return Target(
            enterprise_id=org.id or 0, project_id=project.id or 0, name=name, kind="平台项目", note=note
        )
    return Target(enterprise_id=org.id or 0, name=org.name, kind="企业", note=org.credit_code or "")


# --- reminders --------------------------------------------------------------------------------------


def remind(session: Session, actor: Actor, row_id: int) -> None:
    """Call a waiting filing to the project side's mind, at most once a day."""
    row: Investment = review.load_own(session, FLOW, actor, row_id)
    if state_of(row) is not FilingState.PARTY:
        raise Conflict("该备案当前不在等待项目方确认，无需提醒。请刷新页面查看最新状态。")
    if not _remind(session, Investment, row, AGAIN_AFTER):
        raise Conflict("今天已经提醒过项目方，请明天再试，或直接与项目方联系。")


def remind_waiting(session: Session) -> int:
    """Call to mind whatever has waited for either side for days; return how much it was."""
    long_ago = clock.now() - REMIND_AFTER
    unasked = lambda model: or_(model.reminded_at.is_(None), model.reminded_at < long_ago)  # noqa: E731
    at_party = and_(
        col(Investment.status) == Status.PENDING.value,
        col(Investment.stage) == 0,
        col(Investment.submitted_at) < long_ago,
    )
    sent_back = and_(col(Investment.status) == Status.RETURNED.value, col(Investment.decided_at) < long_ago)
    filings = select(Investment).where(or_(at_party, sent_back), unasked(Investment))
    online = select(OnlineInvestment).where(
        col(OnlineInvestment.state).in_([OnlineState.WAITING.value, OnlineState.DISPUTED.value]),
        col(OnlineInvestment.updated_at) < long_ago,
        unasked(OnlineInvestment),
    )
    rows: list[Any] = [*session.exec(filings.limit(500)), *session.exec(online.limit(500))]
    return sum(_remind(session, type(row), row, REMIND_AFTER) for row in rows)


def _remind(session: Session, model: Any, row: Any, after: timedelta) -> bool:
    """Remind once, whoever asks at the same moment."""
    now = clock.now()
    done = session.exec(
        update(model)
        .where(model.id == row.id, or_(model.reminded_at.is_(None), model.reminded_at < now - after))
        .values(reminded_at=now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        return False
    offline = model is Investment
    name = row.project_name if offline else session.get_one(EquityProject, row.project_id).name
    for org_id, head, text, href in (_filing_waits if offline else _record_waits)(session, row):
        notices.notify(session, notices.users_of(session, org_id), f"{head}：{name}", text, href, "orange")
    return True


_Wait = tuple[int, str, str, str]


def _asks(session: Session, row: Any) -> str:
    institution = session.get_one(Organisation, row.org_id).name
    return f"{institution}登记的投资 {wan(row.amount_fen)} 万元等待贵单位确认，请核对后确认或提出异议。"


def _filing_waits(session: Session, row: Investment) -> list[_Wait]:
    """Return who is asked for what at a filing: the project side, or the institution once it is sent back."""
    if row.status == Status.PENDING:
        return [(row.enterprise_id or 0, "请确认投资", _asks(session, row), CONFIRM.url(iid=row.id))]
    by = "项目方提出了异议" if state_of(row) is FilingState.OBJECTED else "平台已退回"
    text = f"{by}，请按意见更正或答复后重新提交；不再备案的可不提交。"
    return [(row.org_id, "请更正投资备案", text, INVESTMENT_EDIT.url(iid=row.id))]


def _record_waits(session: Session, row: OnlineInvestment) -> list[_Wait]:
    """Return who is asked for what at an online record: each side that has not confirmed, or who corrects it."""
    if row.state == OnlineState.DISPUTED:
        text = "双方数据不一致，请核对后更正记录；确无该笔投资的请作废。"
        return [(row.org_id, "请更正投资记录", text, RECORD.url(oid=row.id))]
    found: list[_Wait] = []
    if row.institution_at is None:
        text = f"投资 {wan(row.amount_fen)} 万元等待贵单位确认，请核对后确认或提出异议。"
        found.append((row.org_id, "请确认投资", text, RECORD.url(oid=row.id)))
    if row.enterprise_at is None:
        href = CONFIRM_ONLINE.url(oid=row.id)
        found.append((row.enterprise_id, "请确认投资", _asks(session, row), href))
    return found
