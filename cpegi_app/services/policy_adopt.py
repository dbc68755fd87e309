"""What 改用新版本 changes of an application, told before it is done: the amount, what is asked for (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.models import Organisation, Policy, PolicyApplication
from cpegi_app.services import policy_application, policy_check, policy_records
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_definition import Definition
from cpegi_app.vocabulary import Status


class Change(BaseModel):
    """The amounts by both versions, and what the newer one asks for otherwise; no version when there is none."""

    version_id: int = 0
    number: int = 0
    before: str = ""
    after: str = ""
    less: bool = False
    lines: list[str] = []


def change(session: Session, actor: Actor, row_id: int) -> Change:
    """Return what an own draft would become under the policy's newest version."""
    row, policy, d = policy_application.load_own(session, actor, row_id)
    if row.status != Status.DRAFT or policy.version_id in (None, row.version_id):
        return Change()
    new = definitions.of_version(session, policy.version_id or 0)
    before, after = _amount(session, row, d), _amount(session, row, new)
    lines = [*_asked(session, row, policy, d, new), *_records(session, row, new)]
    return Change(
        version_id=policy.version_id or 0,
        number=policy.number,
        before=_told(before),
        after=_told(after),
        less=(after or 0) < (before or 0),
        lines=lines,
    )


def _amount(session: Session, row: PolicyApplication, d: Definition) -> int | None:
    records = policy_records.get(session, policy_records.parse_keys(row.data.get("records", "")))
    found = policy_check.amount_of(session, row, d, row.org_id, row.data, records)
    return None if found.missing else found.amount_fen


def _told(fen: int | None) -> str:
    return "—" if fen is None else yuan(fen)


def _asked(
    session: Session, row: PolicyApplication, policy: Policy, d: Definition, new: Definition
) -> list[str]:
    """Return which materials and questions come, are called otherwise and go."""
    was, now = _names(d), _names(new)
    lost = policy_application.unwanted(session, row, policy)
    found = [f"新增：{now[code]}" for code in now if code not in was]
    found += [f"改为：“{was[c]}”→“{now[c]}”" for c in now if c in was and was[c] != now[c]]
    gone = [(code, was[code]) for code in was if code not in now]
    return found + [
        f"不再需要：{name}" + ("（已上传的这类文件将移除）" if code in lost else "") for code, name in gone
    ]


def _names(d: Definition) -> dict[str, str]:
    return {m.code: m.name for m in d.materials} | {q.code: q.title for q in d.questions}


def _records(session: Session, row: PolicyApplication, new: Definition) -> list[str]:
    """Return which of the chosen records the newer version does not take."""
    chosen = policy_records.get(session, policy_records.parse_keys(row.data.get("records", "")))
    if chosen and not new.source:
        return ["不再选取记录"]
    org = session.get_one(Organisation, row.org_id)
    barred = [(r.title, why) for r in chosen if (why := policy_records.why_not(new, r, org))]
    return [f"已选取的记录不再符合：{title}（{why}）" for title, why in barred]
