"""结束放款: an institution says that nothing more is paid on an approved application (manual §4.3)."""

from __future__ import annotations

from sqlmodel import Session, select

from cpegi_app.access import APPLICATION, REQUEST, Actor
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Application, Disbursement, DisbursementEnd
from cpegi_app.services import application_list, audit, disbursement, live, notices, review, review_draft
from cpegi_app.services.forms import normalise, too_long, wan
from cpegi_app.services.ids import is_id
from cpegi_app.vocabulary import Status

REASON_MAX = 200


def end(session: Session, actor: Actor, application_id: int, reason: str) -> None:
    """End the payments on an approved application to the actor's institution, with the reason that the enterprise reads.

    Drafts of a payment that were never sent go with it; one that waits or was returned has to be settled before.
    """
    review.require(disbursement.FLOW, actor)
    app = session.get(Application, application_id) if is_id(application_id) else None
    if app is None or app.institution_id != actor.org_id:
        raise NotFound("融资申请")
    # Sentences are built around it.
    reason = normalise(reason).rstrip("。")
    if not reason:
        raise FormInvalid({"reason": "请填写结束放款的原因，企业会看到。"}, "请填写结束放款的原因。")
    if said := too_long(reason, REASON_MAX, "结束放款的原因", "后再提交。"):
        raise FormInvalid({"reason": said}, said)
    disbursement.locked_application(session, application_id)
    if app.status != Status.APPROVED:
        raise Conflict("该申请尚未审核通过，没有需要结束的放款。")
    done, waiting = application_list.disbursed(session, [application_id]).get(application_id, (0, 0))
    if done >= app.approved_fen:
        raise Conflict("批准额度已全部放款，无需结束。")
    if waiting:
        raise Conflict(f"有 {wan(waiting)} 万元放款正在等待平台审核，请等审核完成，或撤回后再结束。")
    _settle_drafts(session, actor, application_id)
    session.add(DisbursementEnd(application_id=application_id, user_id=actor.user_id, reason=reason))
    audit.record(session, actor, "disbursement.end", f"application:{application_id}", reason)
    paid = f"已放款 {wan(done)} 万元，其余不再放款。" if done else "不再放款。"
    text = f"{reason}。批准额度 {wan(app.approved_fen)} 万元，{paid}如仍需资金，可再次申请。"
    href = APPLICATION.url(aid=application_id)
    notices.notify(
        session,
        notices.users_of(session, app.org_id),
        f"放款已结束：{app.product_name}",
        text,
        href,
        "orange",
    )
    notices.settle(session, notices.users_of(session, app.institution_id), REQUEST.url(aid=application_id))
    live.concern(session, notices.users_of(session, app.institution_id))


def _settle_drafts(session: Session, actor: Actor, application_id: int) -> None:
    query = select(Disbursement).where(Disbursement.application_id == application_id)
    for row in session.exec(query).all():
        if row.status == Status.RETURNED:
            raise Conflict("有一笔放款被退回，尚未修改。请先在放款进度中放弃修改，再结束放款。")
        if review_draft.may_discard(disbursement.FLOW, row, actor):
            review_draft.discard(session, disbursement.FLOW, actor, row.id or 0, row.version)
