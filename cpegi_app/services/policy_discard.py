"""删除草稿: a policy that was never published goes, with its templates and examples (manual §8)."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict
from cpegi_app.models import Policy, PolicyBudget, PolicyFile
from cpegi_app.services import audit, once, policy
from cpegi_app.services.policy import COPY, DISCARD
from cpegi_app.vocabulary.policy import PolicyState


def discard(session: Session, actor: Actor, policy_id: int, version: int) -> None:
    """Delete a draft that nobody but the staff has seen, as it was seen."""
    row = policy.load(session, actor, policy_id)
    if row.state != PolicyState.DRAFT or row.version_id is not None:
        raise Conflict("政策已发布，不能删除；不再受理的，请点击“停止受理”。")
    audit.record(session, actor, DISCARD, f"policy:{policy_id}", row.name or "（未命名政策）")
    # The store's sweeper takes the contents of which no row speaks any more.
    for model in (PolicyFile, PolicyBudget):
        session.exec(delete(model).where(col(model.policy_id) == policy_id))
    still = (Policy.id == policy_id, Policy.version == version, Policy.state == PolicyState.DRAFT.value)
    query = delete(Policy).where(*still)  # pyright: ignore[reportArgumentType]
    if session.exec(query.execution_options(synchronize_session=False)).rowcount != 1:
        raise Conflict("这份政策刚在另一个窗口被修改过，没有删除。请刷新页面核对后再操作。")
    once.forget(session, COPY, policy_id)
    session.expunge(row)
