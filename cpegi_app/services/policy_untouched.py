"""What a correction (补正) was asked for and has not touched yet, found before it is sent again (manual §8.1).

Whoever changes nothing at all and says nothing is refused; what else was marked and stays as it was is told, for
somebody may answer by another place, or in words (对补正意见的说明).
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from cpegi_app.models import Organisation, PolicyApplication, StoredFile
from cpegi_app.services import files, policy_check, policy_places
from cpegi_app.services.policy_check import Checked, Finding
from cpegi_app.services.policy_definition import Definition

Content = tuple[str, str]


def judge(
    session: Session,
    row: PolicyApplication,
    d: Definition,
    org: Organisation,
    data: dict[str, str],
    found: Checked,
) -> None:
    """Add to a check of what was returned: a finding when nothing was changed, a doubt at each mark left as it was."""
    if not policy_places.is_asked(row):
        return
    changed = _changed(session, row, d, org, data, found)
    names = policy_places.titles(d)
    marked = [target for target in names if target in row.field_reasons]
    left = [target for target in marked if not _touched(target, changed, d)]
    if not changed and left:
        found.add(left[0], _nothing(d))
        return
    advice = "将以您填写的说明答复" if policy_check.ANSWER in changed else "请核对"
    for target in left:
        text = f"“{names[target]}”要求补正（{row.field_reasons[target]}），退回后没有修改，{advice}"
        found.doubts.append(Finding(target=target, text=text, href=f"#f-{target}"))


def _nothing(d: Definition) -> str:
    return (
        "退回后没有修改任何内容，请按退回原因修改后再提交；不同意的，请填写"
        f"“{policy_check.ANSWER_TITLE}”；不再申请的，请点击“放弃申请”；"
        f"有疑问的，请咨询{d.department}（{d.phone}）"
    )


def _touched(target: str, changed: set[str], d: Definition) -> bool:
    # What the platform works out is put right by what it follows from.
    sources = {
        "amount": {"amount", "asked", "records", f"a_{d.base_question}"},
        "records": {"records", "amount"},
    }
    return bool(changed & sources.get(target, {target}))


def _changed(
    session: Session,
    row: PolicyApplication,
    d: Definition,
    org: Organisation,
    data: dict[str, str],
    found: Checked,
) -> set[str]:
    """Return the places that say something else than when the application was returned."""
    sent, uploaded = policy_places.last_sent(session, row)
    known = (policy_places.names(d) | {"records"}) - {policy_check.PROMISE, policy_check.ANSWER}
    changed = {name for name in known if data.get(name, "") != sent.get(name, "")}
    if data.get(policy_check.ANSWER):
        changed.add(policy_check.ANSWER)
    profile = dict(org.profile) | {"name": org.name, "credit_code": org.credit_code or ""}
    if row.profile and row.profile != profile:
        changed.add("profile")
    if found.calculation.amount_fen != row.computed_fen:
        changed.add("amount")
    now, before = files.contents(session, policy_check.FLOW, row.id or 0), _contents(session, uploaded)
    return changed | {f"file_{slot}" for slot, _ in now ^ before}


def _contents(session: Session, ids: list[int]) -> set[Content]:
    query = select(StoredFile.slot, StoredFile.sha256).where(col(StoredFile.id).in_(ids))
    return set(session.exec(query))
