"""A policy application as reviewers read it: every line with its place, what it said before, the machine's checks."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from cpegi_app.models import Organisation, Policy, ReviewEvent, User
from cpegi_app.services import policy_check, policy_records
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import measure
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.review import Check, Description, Line
from cpegi_app.vocabulary import Action, Status
from cpegi_app.vocabulary.policy import QuestionKind

APPLICANT, CONTENT, ANSWERS, RECORDS, MONEY = "申请单位", "申请信息", "附加问题", "选取的记录", "金额"


def describe(session: Session, row: Any) -> Description:
    """Return a policy application for its review."""
    d = definitions.of_version(session, row.version_id)
    before = _before(session, row)
    lines = [*_applicant(row), *_content(session, row, d, before), *_money(row, before)]
    return Description(None, None, tuple(lines), tuple(_checks(session, row, d)))


def _before(session: Session, row: Any) -> dict[str, str]:
    """Return what was sent the time before, empty for a first submission."""
    query = select(ReviewEvent).where(
        ReviewEvent.flow == policy_check.FLOW,
        ReviewEvent.subject_id == row.id,
        ReviewEvent.action == Action.SUBMIT.value,
    )
    sent = list(session.exec(query.order_by(col(ReviewEvent.id).desc()).limit(2)))
    wanted = 1 if row.status != Status.RETURNED else 0
    return sent[wanted].snapshot.get("data", {}) if len(sent) > wanted else {}


def _applicant(row: Any) -> list[Line]:
    from cpegi_app.services.profile_forms import ProfileForm

    found = [Line(APPLICANT, "profile", "单位名称", row.org_name)]
    for name in ("credit_code", "legal_rep", "org_class", "region", "industry", "address"):
        spec = ProfileForm.spec(name)
        found.append(Line(APPLICANT, f"profile_{name}", spec.title, spec.show(row.profile.get(name, ""))))
    return found


def _content(session: Session, row: Any, d: Definition, before: dict[str, str]) -> list[Line]:
    found = []
    for name, title, _most in (*policy_check.CONTACT, ("note", "申请说明", 0)):
        found.append(Line(CONTENT, name, title, row.data.get(name, ""), before.get(name, "")))
    for q in d.questions:
        if q.kind != QuestionKind.FILE:
            now, old = (measure(x.get(f"a_{q.code}", ""), q.unit) for x in (row.data, before))
            found.append(Line(ANSWERS, f"a_{q.code}", q.title, now, old if before else ""))
    if d.source:
        old = _records(session, before.get("records", "")) if before else ""
        found.append(
            Line(RECORDS, "records", "选取的记录", _records(session, row.data.get("records", "")), old)
        )
    return found


def _records(session: Session, text: str) -> str:
    found = policy_records.get(session, policy_records.parse_keys(text))
    return "\n".join(policy_records.describe(r) for r in found)


def _money(row: Any, before: dict[str, str]) -> list[Line]:
    steps = row.calculation.get("steps", [])
    found = [
        Line(MONEY, "amount", "系统计算金额", f"{yuan(row.computed_fen)} 元"),
        Line(MONEY, "steps", "计算过程", "；".join(steps)),
        Line(MONEY, "asked", "申请金额", f"{yuan(row.asked_fen)} 元"),
    ]
    if row.reviewed_fen is not None:
        found.append(Line(MONEY, "reviewed", "审核金额", f"{yuan(row.reviewed_fen)} 元"))
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
