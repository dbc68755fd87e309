"""A policy application as reviewers read it: every line with its place, what it said before, the machine's checks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlmodel import Session, col, select

from cpegi_app.models import Organisation, Policy, PolicyAmount, ReviewEvent, User
from cpegi_app.services import policy_check, policy_records
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import measure, plain_number
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_definition import Definition, Question
from cpegi_app.services.review import Check, Description, Line
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import AmountKind, QuestionKind

APPLICANT, CONTENT, ANSWERS, RECORDS, MONEY = "申请单位", "申请信息", "附加问题", "选取的记录", "金额"


def describe(session: Session, row: Any) -> Description:
    """Return a policy application for its review."""
    d = definitions.of_version(session, row.version_id)
    before = _before(session, row)
    lines = [*_applicant(row, before), *_content(session, row, d, before), *_money(session, row, before)]
    return Description(None, None, tuple(lines), tuple(_checks(session, row, d)))


def _before(session: Session, row: Any) -> dict[str, str] | None:
    """Return what was sent the time before, None for a first submission."""
    query = select(ReviewEvent).where(
        ReviewEvent.flow == policy_check.FLOW,
        ReviewEvent.subject_id == row.id,
        ReviewEvent.action == Action.SUBMIT.value,
    )
    sent = list(session.exec(query.order_by(col(ReviewEvent.id).desc()).limit(2)))
    wanted = 1 if row.status != Status.RETURNED else 0
    return sent[wanted].snapshot.get("data", {}) if len(sent) > wanted else None


# What of the applicant's profile a reviewer reads; the rest is in the profile itself.
SHOWN = ("credit_code", "legal_rep", "org_class", "region", "industry", "address")


def profile_changes(row: Any, org: Organisation) -> dict[str, str]:
    """Return what the profile said at the submission before, as far as it says something else now."""
    before, now = row.profile, dict(org.profile) | {"credit_code": org.credit_code or "", "name": org.name}
    return {k: before.get(k, "") for k in ("name", *SHOWN) if before and before.get(k, "") != now.get(k, "")}


def kept_before(row: Any, org: Organisation) -> dict[str, Any]:
    """Return what a new submission keeps of the one before, so that the two can be compared."""
    return {
        "profile_before": profile_changes(row, org),
        "steps_before": row.calculation.get("steps"),
    }


def _applicant(row: Any, before: dict[str, str] | None) -> list[Line]:
    from cpegi_app.services.profile_forms import ProfileForm

    # While it is returned it is compared with what was sent last, whose profile the row holds.
    was = row.calculation.get("profile_before", {}) if row.status != Status.RETURNED else {}

    def old(name: str, now: str, show: Any) -> str | None:
        if before is None:
            return None
        return show(was[name]) if name in was else now

    found = [Line(APPLICANT, "profile", "单位名称", row.org_name, old("name", row.org_name, str))]
    for name in SHOWN:
        spec = ProfileForm.spec(name)
        now = spec.show(row.profile.get(name, ""))
        found.append(Line(APPLICANT, f"profile_{name}", spec.title, now, old(name, now, spec.show)))
    return found


def _answer(q: Question, answer: str) -> str:
    """Return an answer as it is read: a number in groups of three, with its unit."""
    if q.kind == QuestionKind.NUMBER and answer:
        with suppress(ValueError):  # Not checked yet: shown as it was typed.
            answer = f"{plain_number(answer):,f}"
    return measure(answer, q.unit)


def _content(session: Session, row: Any, d: Definition, before: dict[str, str] | None) -> list[Line]:
    def old(name: str) -> str | None:
        return None if before is None else before.get(name, "")

    found = []
    for name, title, _most in (*policy_check.CONTACT, ("note", "申请说明", 0)):
        value = row.data.get(name, "")
        found.append(Line(CONTENT, name, title, value, old(name), secret=name == "phone"))
    if said := row.data.get(policy_check.ANSWER, ""):
        told = old(policy_check.ANSWER)
        found.append(Line(CONTENT, policy_check.ANSWER, policy_check.ANSWER_TITLE, said, told, fixed=True))
    for q in d.questions:
        if q.kind != QuestionKind.FILE:
            was = old(f"a_{q.code}")
            shown = None if was is None else _answer(q, was)
            now = _answer(q, row.data.get(f"a_{q.code}", ""))
            found.append(Line(ANSWERS, f"a_{q.code}", q.title, now, shown))
    if d.source:
        was = old("records")
        shown = None if was is None else _records(session, was)
        now = _records(session, row.data.get("records", ""))
        found.append(Line(RECORDS, "records", "选取的记录", now, shown))
    return found


def _records(session: Session, text: str) -> str:
    found = policy_records.get(session, policy_records.parse_keys(text))
    return "\n".join(policy_records.describe(r) for r in found)


def _money(session: Session, row: Any, before: dict[str, str] | None) -> list[Line]:
    steps = row.calculation.get("steps", [])
    was = _amounts_before(session, row) if before is not None else {}
    found = [
        Line(MONEY, "amount", "系统计算金额", f"{yuan(row.computed_fen)} 元", was.get(AmountKind.COMPUTED)),
        Line(MONEY, "steps", "计算过程", "；".join(steps), _steps_before(row, before)),
        Line(MONEY, "asked", "申请金额", f"{yuan(row.asked_fen)} 元", was.get(AmountKind.ASKED)),
    ]
    if row.reviewed_fen is not None:
        found.append(Line(MONEY, "reviewed", "审核金额", f"{yuan(row.reviewed_fen)} 元"))
    return found


def _steps_before(row: Any, before: dict[str, str] | None) -> str | None:
    """Return how the amount was worked out the time before; nothing is worked out anew while it is returned."""
    kept = row.calculation.get("steps" if row.status == Status.RETURNED else "steps_before")
    return None if before is None or kept is None else "；".join(kept)


def _amounts_before(session: Session, row: Any) -> dict[str, str]:
    """Return what was computed and asked the time before: every submission notes both."""
    found: dict[str, str] = {}
    for kind in (AmountKind.COMPUTED, AmountKind.ASKED):
        query = select(PolicyAmount.amount_fen).where(
            PolicyAmount.application_id == row.id, PolicyAmount.kind == kind.value
        )
        noted = session.exec(query.order_by(col(PolicyAmount.id).desc()).limit(2)).all()
        wanted = 1 if row.status != Status.RETURNED else 0
        if len(noted) > 1:
            found[kind] = f"{yuan(noted[wanted])} 元"
    return found


def _checks(session: Session, row: Any, d: Definition) -> list[Check]:
    """Run the applicant's own check once more on what was sent, with the profile as it was then."""
    if row.status not in (Status.PENDING, Status.RETURNED):
        return []
    org, policy = session.get_one(Organisation, row.org_id), session.get_one(Policy, row.policy_id)
    profile = row.profile or org.profile
    found = policy_check.check(session, row, policy, d, org, row.data, profile=profile, sent=True)
    checks = [Check("提交前检查", "bad", f.text) for f in found.findings]
    if not checks:
        checks.append(Check("提交前检查", "ok", "材料、条件、记录和金额均符合政策要求"))
    if found.calculation.amount_fen != row.computed_fen:
        text = f"现在重新计算为 {yuan(found.calculation.amount_fen)} 元，提交时为 {yuan(row.computed_fen)} 元"
        checks.append(Check("金额复核", "warn", text))
    return [*checks, *_account(session, row, org)]


def _account(session: Session, row: Any, org: Organisation) -> list[Check]:
    users = session.exec(select(User).where(User.org_id == row.org_id)).all()
    if users and all(u.disabled_at for u in users):
        return [Check("申请单位", "bad", "该单位的账号已全部停用，请核实后再办理")]
    return []
