"""Drafts: begun under a number of their own; what was never sent its owner may delete, files and all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, Forbidden
from cpegi_app.models import Notice, Reviewable, StoredFile
from cpegi_app.services import audit, live, notices, review
from cpegi_app.services.review import Flow
from cpegi_app.services.review_words import DISCARD
from cpegi_app.vocabulary import Status


def may_discard(flow: Flow, row: Reviewable, actor: Actor) -> bool:
    """Tell whether the actor may delete the row: an own draft of which no trail speaks yet."""
    is_unsent = row.status == Status.DRAFT and row.submitted_at is None
    return flow.discards and is_unsent and review.is_owner(actor, row) and actor.may(flow.submit)


def discard(session: Session, flow: Flow, actor: Actor, row_id: int, seen_version: int) -> None:
    """Delete the actor's own draft with its files, as it was seen (删除草稿)."""
    row: Any = review.load_own(session, flow, actor, row_id)
    review.hold(session, flow, row)
    if not may_discard(flow, row, actor):
        raise _refusal(flow, row)
    if row.version != seen_version:
        raise Conflict(f"这份{flow.label}刚在另一个窗口被修改过，没有删除。请刷新页面核对后再操作。")
    audit.record(session, actor, DISCARD, f"{flow.name}:{row_id}", flow.title(session, row))
    flow.before_discard(session, actor, row, {})
    users = notices.users_of(session, row.org_id)
    # What led to it leads nowhere any more.
    session.exec(
        delete(Notice).where(col(Notice.user_id).in_(users), col(Notice.href) == flow.submitter_href(row))
    )
    # The store's sweeper takes the contents of which no row speaks any more.
    session.exec(
        delete(StoredFile).where(col(StoredFile.flow) == flow.name, col(StoredFile.subject_id) == row_id)
    )
    session.delete(row)
    session.flush()
    flow.after_discard(session, actor, row, {})
    live.concern(session, users)


def begin(session: Session, flow: Flow, **columns: Any) -> Any:
    """Return a new draft of a flow, the only way to one where drafts can be deleted: its number was never another's."""
    row = flow.model(id=unused_id(session, flow), **columns)
    session.add(row)
    session.flush()
    return row


def unused_id(session: Session, flow: Flow) -> int | None:
    """Return the id of a new draft, None where the database gives none away twice."""
    return audit.unused_id(session, flow.model, DISCARD, flow.name)


def _refusal(flow: Flow, row: Reviewable) -> Conflict | Forbidden:
    if not flow.discards:
        return Forbidden(f"{flow.label}的草稿不能删除，可以修改后提交。")
    return Conflict(f"这份{flow.label}已提交过，审核记录须保留，不能删除。请刷新页面查看最新状态。")
