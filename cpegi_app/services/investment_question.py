"""对记录有疑问: a question about an own record, answered by the staff in a thread that stays (manual §6.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import (
    CONFIRM,
    CONFIRM_ONLINE,
    INVESTMENT_EDIT,
    RECORD,
    STAFF_QUESTION,
    STAFF_RECORD,
    Actor,
    Permission,
    Role,
)
from cpegi_app.errors import Conflict, Forbidden, FormInvalid, NotFound
from cpegi_app.models import (
    EquityProject,
    Investment,
    InvestmentQuestion,
    OnlineInvestment,
    Organisation,
    QuestionMessage,
)
from cpegi_app.services import audit, list_count, lists, live, notices, online_investment, review, staff
from cpegi_app.services.forms import normalise, too_long
from cpegi_app.services.ids import is_id
from cpegi_app.services.investment import FLOW
from cpegi_app.services.investment_list import names_of
from cpegi_app.services.lists import Filters, Listing
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary.equity import QUESTION_TONES, QuestionState

TEXT_MAX = 1000
ONLINE, OFFLINE = "online", "offline"


class MessageView(BaseModel):
    """One message of a thread."""

    key: str
    who: str
    at: str
    text: str
    from_staff: bool
    tone: str
    action: str


class Thread(BaseModel):
    """A question with its answers."""

    id: int
    version: int
    org: str
    state: str
    state_label: str
    tone: str
    open: bool
    messages: list[MessageView]


def ask(session: Session, actor: Actor, about: str, subject_id: int, text: str) -> InvestmentQuestion:
    """Open a question to the staff about a record of the actor's own; one at a time a record and organisation."""
    _subject(session, actor, about, subject_id)
    if actor.role is not Role.MEMBER or actor.org_id is None:
        raise Forbidden("疑问由投资机构或项目方提出，平台管理人员请在已有的疑问中答复。")
    words = _text(text)
    one_at_a_time(session, "question", about, subject_id, actor.org_id)
    column = _column(about)
    query = select(InvestmentQuestion).where(
        column == subject_id,
        InvestmentQuestion.org_id == actor.org_id,
        InvestmentQuestion.state != QuestionState.CLOSED.value,
    )
    row = session.exec(query).first()
    if row is not None:
        return post(session, actor, row.id or 0, row.version, words)
    row = InvestmentQuestion(
        org_id=actor.org_id,
        online_id=subject_id if about == ONLINE else None,
        investment_id=subject_id if about == OFFLINE else None,
        state=QuestionState.OPEN.value,
        updated_at=clock.now(),
    )
    session.add(row)
    session.flush()
    _append(session, actor, row, words)
    audit.record(session, actor, "investment.ask", f"question:{row.id}", words)
    _tell_staff(session, row, words)
    return row


def post(session: Session, actor: Actor, question_id: int, seen: int, text: str) -> InvestmentQuestion:
    """Answer (staff) or ask further (the asker); the thread waits for the other then."""
    row = find(session, actor, question_id)
    words = _text(text)
    if row.state == QuestionState.CLOSED:
        raise Conflict("该疑问已标记为解决。如仍有疑问，请重新点击“对记录有疑问”。")
    answers = actor.may(Permission.INVESTMENT_MANAGE)
    state = QuestionState.ANSWERED if answers else QuestionState.OPEN
    _change(session, row, seen, state)
    _append(session, actor, row, words)
    if answers:
        audit.record(session, actor, "investment.answer", f"question:{row.id}", words)
        notices.settle(session, notices.staff(session), _staff_href(row))
        users = notices.users_of(session, row.org_id)
        title = f"平台已答复您的疑问：{_about(session, row)}"
        notices.notify(session, users, title, words, _asker_href(session, row), "blue")
    else:
        _tell_staff(session, row, words)
    return row


def close(session: Session, actor: Actor, question_id: int, seen: int) -> InvestmentQuestion:
    """Mark a question as solved (asker or staff)."""
    row = find(session, actor, question_id)
    if row.state == QuestionState.CLOSED:
        return row
    _change(session, row, seen, QuestionState.CLOSED)
    notices.settle(session, notices.staff(session), _staff_href(row))
    audit.record(session, actor, "investment.solved", f"question:{row.id}", _about(session, row))
    return row


def find(session: Session, actor: Actor, question_id: int) -> InvestmentQuestion:
    """Return a question to its asker's organisation and the staff."""
    row = session.get(InvestmentQuestion, question_id) if is_id(question_id) else None
    mine = row is not None and actor.role is Role.MEMBER and actor.verified and row.org_id == actor.org_id
    if row is None or not (mine or actor.may(Permission.INVESTMENT_MANAGE)):
        raise NotFound("疑问")
    return row


def threads(session: Session, actor: Actor, about: str, subject_id: int) -> list[Thread]:
    """Return the questions about a record: to the staff all, to an organisation its own, the newest first."""
    _subject(session, actor, about, subject_id)
    query = select(InvestmentQuestion).where(_column(about) == subject_id)
    if not actor.may(Permission.INVESTMENT_MANAGE):
        query = query.where(InvestmentQuestion.org_id == actor.org_id)
    rows = session.exec(query.order_by(col(InvestmentQuestion.id).desc()).limit(20)).all()
    names = names_of(session, {r.org_id for r in rows})
    return [_thread(session, r, names.get(r.org_id, "")) for r in rows]


def _thread(session: Session, row: InvestmentQuestion, org: str) -> Thread:
    query = select(QuestionMessage).where(QuestionMessage.question_id == row.id)
    messages = [
        MessageView(
            key=str(m.id),
            who=m.actor_label,
            at=clock.local(m.created_at),
            text=m.text,
            from_staff=m.from_staff,
            tone="green" if m.from_staff else "blue",
            action="平台答复" if m.from_staff else "提问",
        )
        for m in session.exec(query.order_by(col(QuestionMessage.id)))
    ]
    return Thread(
        id=row.id or 0,
        version=row.version,
        org=org,
        state=row.state,
        state_label=QuestionState.label_of(row.state),
        tone=QUESTION_TONES[row.state],
        open=row.state != QuestionState.CLOSED,
        messages=messages,
    )


def _column(about: str) -> Any:
    return col(InvestmentQuestion.online_id if about == ONLINE else InvestmentQuestion.investment_id)


def _subject(session: Session, actor: Actor, about: str, subject_id: int) -> Any:
    """Return the record in question if it is the actor's own, or the actor is of the staff."""
    if about == ONLINE:
        return online_investment.load(session, actor, subject_id)
    row = review.load(session, FLOW, actor, subject_id)
    if row.submitted_at is None:
        raise Conflict("草稿还没有提交，无需提问。")
    return row


def _text(text: str) -> str:
    words = normalise(text)
    if not words:
        raise FormInvalid({"question": "请填写内容"}, "请填写内容后再发送。")
    if said := too_long(words, TEXT_MAX, then="后再发送"):
        raise FormInvalid({"question": said})
    return words


def _append(session: Session, actor: Actor, row: InvestmentQuestion, words: str) -> None:
    from_staff = actor.may(Permission.INVESTMENT_MANAGE)
    label = audit.label_of(actor) if from_staff else session.get_one(Organisation, row.org_id).name
    session.add(
        QuestionMessage(
            question_id=row.id or 0,
            actor_id=actor.user_id,
            actor_label=label,
            from_staff=from_staff,
            text=words,
        )
    )
    session.flush()
    live.concern(session, notices.users_of(session, row.org_id) + notices.staff(session))


def _change(session: Session, row: InvestmentQuestion, seen: Any, state: QuestionState) -> None:
    version = seen if type(seen) is int else 0
    done = session.exec(
        update(InvestmentQuestion)
        .where(InvestmentQuestion.id == row.id, InvestmentQuestion.version == version)  # pyright: ignore
        .values(state=state.value, version=version + 1, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if done.rowcount != 1:
        raise Conflict("该疑问刚有新的消息。请刷新页面查看后再发送，填写的内容仍保留在页面上。")


def _about(session: Session, row: InvestmentQuestion) -> str:
    if row.online_id:
        return session.get_one(
            EquityProject, session.get_one(OnlineInvestment, row.online_id).project_id
        ).name
    return session.get_one(Investment, row.investment_id).project_name


def _asker_href(session: Session, row: InvestmentQuestion) -> str:
    if row.online_id:
        online = session.get_one(OnlineInvestment, row.online_id)
        return (RECORD if online.org_id == row.org_id else CONFIRM_ONLINE).url(oid=row.online_id)
    filing = session.get_one(Investment, row.investment_id)
    return (INVESTMENT_EDIT if filing.org_id == row.org_id else CONFIRM).url(iid=row.investment_id)


def _staff_href(row: InvestmentQuestion) -> str:
    return STAFF_RECORD.url(oid=row.online_id) if row.online_id else STAFF_QUESTION.url(qid=row.id)


def _tell_staff(session: Session, row: InvestmentQuestion, words: str) -> None:
    users, href = notices.staff(session), _staff_href(row)
    notices.settle(session, users, href)
    org = session.get_one(Organisation, row.org_id).name
    notices.notify_waiting(session, users, f"投资记录疑问 · {org}：{words[:40]}", href)


# --- the staff's list ---------------------------------------------------------------------------------


class QuestionRow(BaseModel):
    """A question in the staff's list."""

    id: int
    org: str
    about: str
    kind: str
    state_label: str
    tone: str
    at: str
    href: str


def _every(actor: Actor, filters: Filters) -> list[Any]:
    staff.require(actor, Permission.INVESTMENT_MANAGE)
    state = filters.get("state", "")
    return [InvestmentQuestion.state == state] if state in QuestionState._value2member_map_ else []


def _rows(
    session: Session, actor: Actor, filters: Filters, found: list[InvestmentQuestion]
) -> list[QuestionRow]:
    names = names_of(session, {r.org_id for r in found})
    return [
        QuestionRow(
            id=r.id or 0,
            org=names.get(r.org_id, ""),
            about=_about(session, r),
            kind="线上" if r.online_id else "线下",
            state_label=QuestionState.label_of(r.state),
            tone=QUESTION_TONES[r.state],
            at=clock.local(r.updated_at),
            href=_staff_href(r),
        )
        for r in found
    ]


QUESTIONS = lists.register(
    Listing(
        "questions",
        "投资记录疑问",
        _every,
        list_count.Table(InvestmentQuestion),
        _rows,
        {
            "提问单位": lambda r: r.org,
            "项目": lambda r: r.about,
            "来源": lambda r: r.kind,
            "状态": lambda r: r.state_label,
            "更新时间": lambda r: r.at,
        },
        {"at": col(InvestmentQuestion.updated_at)},
        large=False,
    )
)


def thread(session: Session, actor: Actor, question_id: int) -> Thread:
    """Return one question in full."""
    row = find(session, actor, question_id)
    return _thread(session, row, names_of(session, {row.org_id}).get(row.org_id, ""))
