"""The list of own records on an application's page: what can be chosen, what is chosen, and why not (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.models import Organisation, PolicyApplication
from cpegi_app.services import policy_application, policy_choice, policy_records
from cpegi_app.services.policy_amount import by_records, line_of, yuan
from cpegi_app.services.policy_choice import CHOSEN, COUNTED, SIZE, Look
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.policy_records import Record


class RecordItem(BaseModel):
    """A record in the list to choose from."""

    key: str
    title: str
    number: str
    parties: str
    on: str
    amount: str
    part: str
    formula: str
    chosen: bool
    why: str


class RecordList(BaseModel):
    """A page of the list, and how many there are; `bad` are chosen and cannot be used."""

    rows: list[RecordItem] = []
    total: int = 0
    total_text: str = ""
    usable: int = 0
    usable_text: str = ""
    chosen: int = 0
    bad: int = 0
    page: int = 1
    pages: int = 1
    pages_text: str = ""


def listed(
    session: Session, row: PolicyApplication, d: Definition, org: Organisation, look: Look
) -> RecordList:
    """Return what a look at the list shows; a page beyond the last one is the last one."""
    keys = policy_records.parse_keys(row.data.get("records", ""))
    chosen = items(session, row, d, org, policy_records.get(session, keys), set(keys))
    if look.show == CHOSEN:
        first = (max(1, look.page) - 1) * SIZE
        rows, total = chosen[first : first + SIZE], len(chosen)
    else:
        records, total = policy_choice.page(session, org, d, row.policy_id, row.id or 0, look, keys)
        rows = items(session, row, d, org, records, set(keys))
    pages = max(1, -(-min(total, COUNTED) // SIZE))
    if total > COUNTED and rows:
        # Not counted to its end: there is a further page as long as this one is full.
        pages = max(pages, look.page + (len(rows) == SIZE))
    if look.page > pages:
        return listed(session, row, d, org, Look(look.show, look.word, pages))
    usable = policy_choice.usable_count(session, org, d, row.policy_id, row.id or 0, keys)
    return RecordList(
        rows=rows,
        total=total,
        total_text=policy_choice.many(total),
        usable=usable,
        usable_text=policy_choice.many(usable),
        chosen=len(chosen),
        bad=sum(bool(r.why) for r in chosen),
        page=max(1, look.page),
        pages=pages,
        pages_text=f"{pages}" if total <= COUNTED else f"{COUNTED // SIZE} 以上",
    )


def items(
    session: Session,
    row: PolicyApplication,
    d: Definition,
    org: Organisation,
    records: list[Record],
    chosen: set[tuple[str, int]],
) -> list[RecordItem]:
    """Return records with their part of the amount, and why they cannot be chosen."""
    claims = policy_records.claims(session, row.policy_id, records)
    found = []
    for r in records:
        why = policy_records.why_not(d, r, org)
        claim = claims.get((r.source, r.root_id))
        if not why and claim:
            why = policy_records.used_sentence(session, claim, r, org.id or 0, row.id or 0)
        found.append(item(d, r, (r.source, r.id) in chosen, why))
    return found


def item(d: Definition, r: Record, chosen: bool = False, why: str = "") -> RecordItem:
    """Return a record as the list shows it."""
    line = line_of(d, r.facts()) if by_records(d) else None
    return RecordItem(
        key=r.key,
        title=r.title,
        number=r.number,
        parties=f"{r.provider} → {r.receiver}",
        on=f"{r.on}" + (f" 至 {r.until}" if r.until else ""),
        amount=yuan(r.amount_fen) if r.amount_fen is not None else "缺失",
        part=yuan(line.amount_fen) if line and not line.missing else "—",
        formula=(line.missing or line.text) if line else "",
        chosen=chosen,
        why=why,
    )


def choose_usable(session: Session, actor: Actor, row_id: int) -> int:
    """Choose the newest records that can be chosen, as many as the policy takes; return how many are left over."""
    row, _of, d = policy_application.load_own(session, actor, row_id)
    org = session.get_one(Organisation, row.org_id)
    chosen = policy_records.parse_keys(row.data.get("records", ""))
    found = policy_choice.usable(session, org, d, row.policy_id, row.id or 0, d.record_most, chosen)
    policy_application.add_records(session, actor, row, ",".join(f"{s}:{i}" for s, i in found))
    row = policy_application.load_own(session, actor, row_id)[0]
    kept = policy_records.parse_keys(row.data.get("records", ""))
    return policy_choice.usable_count(session, org, d, row.policy_id, row.id or 0, kept)
