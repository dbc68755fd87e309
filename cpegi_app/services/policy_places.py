"""What may be changed of an application: everything while it is a draft, what is asked for while it is corrected (manual §8.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from cpegi_app.models import Organisation, Policy, PolicyApplication, ReviewEvent
from cpegi_app.services import policy_check
from cpegi_app.services.policy_definition import Definition
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import QuestionKind

BASE_NAMES = frozenset({"contact", "phone", "note", "asked", policy_check.PROMISE, policy_check.ANSWER})
LOCKED = "补正期间只能修改审核人标记的内容，其他内容保持不变。"
# What was mended stays open: who has taken away a corrected loan still has to choose what replaces it.
MOVED = "提交之后情况有变化，重新提交之前可以修改"


@dataclass(frozen=True)
class Places:
    """The places that may be changed, None for all of them, and why each of them is open beyond the reviewer's marks."""

    open: frozenset[str] | None = None
    lacking: dict[str, str] = field(default_factory=dict)

    def locked(self, name: str) -> bool:
        """Tell whether a place stays as it is."""
        return self.open is not None and name not in self.open


def names(d: Definition) -> frozenset[str]:
    """Return the names that the form of a definition sends."""
    return BASE_NAMES | {f"a_{q.code}" for q in d.questions if q.kind != QuestionKind.FILE}


def titles(d: Definition) -> dict[str, str]:
    """Return what the places of a form are called."""
    found = {name: title for name, title, _ in policy_check.CONTACT}
    found |= {"note": "申请说明", "asked": "申请金额", "records": "选取记录", "amount": "奖补金额"}
    found |= {"policy": "政策", "profile": "申请条件", policy_check.PROMISE: "申报承诺"}
    found[policy_check.ANSWER] = policy_check.ANSWER_TITLE
    found |= {f"a_{q.code}": q.title for q in d.questions}
    return found | {f"file_{code}": name for code, name in d.uploads().items()}


def is_asked(row: PolicyApplication) -> bool:
    """Tell whether a correction is asked for: only then there is something to answer to."""
    return row.status == Status.RETURNED and bool(row.field_reasons)


def said_to(data: dict[str, str]) -> str:
    """Return what an applicant says to a correction as the history tells it, empty when it says nothing."""
    said = data.get(policy_check.ANSWER, "")[: policy_check.ANSWER_MOST]
    return said and f"{policy_check.ANSWER_TITLE}：{said}"


def places(
    session: Session, row: PolicyApplication, d: Definition, data: dict[str, str] | None = None
) -> Places:
    """Return what may be changed; `data` is what is stored, where the row holds something else already.

    What the reviewer marked, and what has ceased to be right since, as a loan that its lender has corrected: without it
    the application could not be sent again.
    """
    if not is_asked(row):
        return Places()
    data = row.data if data is None else data
    lacking, sent = _lacking(session, row, d, data), last_sent(session, row)[0]
    if sent != data:
        lacking = dict.fromkeys(_lacking(session, row, d, sent), MOVED) | lacking
    found = set(row.field_reasons) | set(lacking) | {policy_check.PROMISE, policy_check.ANSWER}
    # What was changed was open when it was: it stays so, whatever has been put right meanwhile.
    found |= {k for k in names(d) | {"records"} if data.get(k, "") != sent.get(k, "")}
    if found & {"records", "amount", f"a_{d.base_question}"}:
        # What is asked for follows from them.
        found |= {"asked"}
    if "amount" in found:
        found |= {"records", f"a_{d.base_question}"}
    return Places(frozenset(found), {k: v for k, v in lacking.items() if k not in row.field_reasons})


def last_sent(session: Session, row: PolicyApplication) -> tuple[dict[str, str], list[int]]:
    """Return what was returned: the data and the files of the last submission."""
    query = select(ReviewEvent.snapshot).where(
        ReviewEvent.flow == policy_check.FLOW,
        ReviewEvent.subject_id == row.id,
        ReviewEvent.action == Action.SUBMIT.value,
    )
    found = session.exec(query.order_by(col(ReviewEvent.id).desc()).limit(1)).first() or {}
    return found.get("data", {}), found.get("files", [])


def _lacking(session: Session, row: PolicyApplication, d: Definition, data: dict[str, str]) -> dict[str, str]:
    policy, org = session.get_one(Policy, row.policy_id), session.get_one(Organisation, row.org_id)
    errors = policy_check.check(session, row, policy, d, org, data).errors()
    known = names(d) | {"records", "amount"}
    # The promise is given anew each time; a file's place says itself what is wanted.
    return {
        k: v for k, v in errors.items() if (k in known or k.startswith("file_")) and k != policy_check.PROMISE
    }


def merged(
    session: Session, row: PolicyApplication, d: Definition, stored: dict[str, str], typed: dict[str, str]
) -> dict[str, str]:
    """Return what is typed over what is stored, as far as it may be changed."""
    at = places(session, row, d, stored)
    known = (names(d) | {"records"}) - (set() if is_asked(row) else {policy_check.ANSWER})
    allowed = {k: v for k, v in typed.items() if k in known and not at.locked(k)}
    return {k: v for k, v in (stored | allowed).items() if k in known}
