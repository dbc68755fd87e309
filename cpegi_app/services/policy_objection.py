"""Objections to a publication: recorded with who and why, decided with a conclusion (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Objection, PolicyGrant, Publicity, PublicityEntry
from cpegi_app.services import once, policy_budget, policy_people, policy_publicity, policy_takeback
from cpegi_app.services.forms import Day, Form, Text, Widget, input_field, normalise, not_in_future, too_long
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary.policy import GrantState, ObjectionState

GROUP, RECORD = "异议登记", "policy.objection"
F, W = input_field, Widget
OTHER_WAY = "如情况属实且资金尚未拨付，请在名单中取消该奖补并写明原因。"


class ObjectionForm(Form):
    """An objection as the clerk writes it down."""

    from_name: Text = F("异议人", GROUP, max_len=60, help="单位名称或姓名")
    contact: Text = F("联系方式", GROUP, max_len=60)
    received_on: Day = F("收到日期", GROUP, widget=W.DATE)
    text: Text = F("异议内容", GROUP, widget=W.AREA, max_len=1000)


class ObjectionView(BaseModel):
    """An objection as the staff reads it."""

    id: int
    org: str
    from_name: str
    contact: str
    text: str
    received_on: str
    state: str
    tone: str
    conclusion: str
    open: bool
    whole: bool


NAMES = frozenset(ObjectionForm.model_fields) | {"grant"}
TITLES = {s.name: s.title for s in ObjectionForm.specs()} | {"grant": "针对的申请"}
TONES = {ObjectionState.OPEN: "orange", ObjectionState.UPHELD: "red", ObjectionState.DISMISSED: "grey"}


def listing(session: Session, actor: Actor, publicity_id: int) -> list[ObjectionView]:
    """Return the objections to a publication, newest first."""
    row = policy_publicity.load(session, actor, publicity_id)
    query = select(Objection).where(Objection.publicity_id == row.id).order_by(col(Objection.id).desc())
    found = list(session.exec(query))
    orgs = dict(
        session.exec(
            select(PolicyGrant.id, PolicyGrant.org_name).where(
                col(PolicyGrant.id).in_([o.grant_id for o in found if o.grant_id])
            )
        ).all()
    )
    return [
        ObjectionView(
            id=o.id or 0,
            org=orgs.get(o.grant_id, "整个名单"),
            from_name=o.from_name,
            contact=o.contact,
            text=o.text,
            received_on=o.received_on.isoformat(),
            state=ObjectionState.label_of(o.state),
            tone=TONES[ObjectionState(o.state)],
            conclusion=o.conclusion,
            open=o.state == ObjectionState.OPEN,
            whole=o.grant_id is None,
        )
        for o in found
    ]


def record(session: Session, actor: Actor, publicity_id: int, data: dict[str, str], key: str = "") -> int:
    """登记异议 against one name of the publication, or against the whole of it; the same `key` again is the same objection."""
    row = policy_publicity.load(session, actor, publicity_id)
    if key and (before := once.subject_of(session, actor.user_id, RECORD, key)):
        return before
    one_at_a_time(session, "publicity", row.policy_id)
    session.refresh(row)
    if row.closed_at:
        raise Conflict(f"这次公示已经确认完毕，不能再登记异议。{OTHER_WAY}")
    named = data.get("grant", "")
    form = ObjectionForm.parse({k: v for k, v in data.items() if k != "grant"})
    if problem := not_in_future(form.received_on, "收到日期"):
        raise FormInvalid({"received_on": problem})
    found = Objection(
        publicity_id=row.id or 0,
        grant_id=_named(session, row, named) if named else None,
        recorded_by=actor.user_id,
        **form.model_dump(),
    )
    session.add(found)
    session.flush()
    if key:
        once.done_before(session, actor.user_id, RECORD, key, found.id or 0)
    policy_people.note(session, actor, RECORD, f"publicity:{row.id}", form.text[:200])
    return found.id or 0


def _named(session: Session, row: Publicity, text: str) -> int:
    """Return the grant behind a number of the publication's list."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    query = select(PublicityEntry.grant_id).where(
        PublicityEntry.publicity_id == row.id, PublicityEntry.grant_id == number
    )
    grant_id = session.exec(query).first()
    if grant_id is None:
        raise FormInvalid({"grant": "请从公示名单中选择"})
    grant = session.get_one(PolicyGrant, grant_id, populate_existing=True)
    if grant.state != GrantState.PUBLIC:
        state = GrantState.label_of(grant.state)
        raise Conflict(f"“{grant.org_name}”的奖补{state}，已不在公示中，不能再登记异议。{OTHER_WAY}")
    return grant_id


def decide(
    session: Session, actor: Actor, publicity_id: int, objection_id: int, upheld: bool, conclusion: str
) -> None:
    """Decide on an objection; one that is upheld takes the grant back and frees its part of the budget."""
    row = policy_publicity.load(session, actor, publicity_id)
    one_at_a_time(session, "publicity", row.policy_id)
    found = session.get(Objection, objection_id) if is_id(objection_id) else None
    if found is None or found.publicity_id != row.id:
        raise NotFound("异议")
    conclusion = normalise(conclusion)
    if not conclusion:
        raise FormInvalid({"conclusion": "请填写处理结论，说明核实的情况"})
    if said := too_long(conclusion, 500, "处理结论"):
        raise FormInvalid({"conclusion": said})
    if upheld and found.grant_id is None:
        raise FormInvalid(
            {"conclusion": "针对整个名单的异议不能直接认定成立，请针对涉及的申请分别登记异议后处理"}
        )
    state = ObjectionState.UPHELD if upheld else ObjectionState.DISMISSED
    now = clock.now()
    done = session.exec(
        update(Objection)
        .where(col(Objection.id) == found.id, col(Objection.state) == ObjectionState.OPEN.value)
        .values(state=state.value, conclusion=conclusion, decided_by=actor.user_id, decided_at=now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise Conflict("这条异议已经处理过，请刷新页面查看结论。")
    policy_people.note(session, actor, f"policy.{state.value.lower()}", f"objection:{found.id}", conclusion)
    if upheld:
        _revoke(session, found.grant_id or 0, conclusion)


def _revoke(session: Session, grant_id: int, reason: str) -> None:
    """取消: only what is still public can be taken back here; what is confirmed by `policy_takeback`."""
    grant = session.get_one(PolicyGrant, grant_id)
    if not policy_takeback.revoke(session, grant, GrantState.PUBLIC, reason, f"公示期间异议成立：{reason}"):
        raise Conflict("该申请已不在公示中，异议不能再认定成立。请刷新页面查看其状态。")
    policy_budget.move_budget(session, grant.policy_id, -grant.amount_fen)
