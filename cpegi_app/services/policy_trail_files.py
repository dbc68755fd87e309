"""The files that a trail leads to: whoever reads the trail opens them, the finance office too (manual §8)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from cpegi_app.access import Actor, Role
from cpegi_app.errors import Forbidden, NotFound
from cpegi_app.models import PolicyApplication, StoredFile
from cpegi_app.services import audit, files, policy_claim, policy_trail, policy_trail_proofs
from cpegi_app.services.policy_application import FLOW
from cpegi_app.vocabulary import Status


def _shows_file(session: Session, actor: Actor | None, row: Any, stored_file: StoredFile) -> bool:
    """Tell whether somebody may open a file because the trail is open to him: whoever reads it reads what it stands on."""
    if row.submitted_at is None or row.status == Status.DRAFT:
        return False
    # A paper laid ready for the next submission is between the applicant and who decides.
    if actor is None or not files.was_sent(session, stored_file):
        return False
    number = (row.id or 0) if isinstance(row, PolicyApplication) else row.application_id
    return _reads(session, actor, number) and _noted(session, actor, stored_file)


def _shows_proof(session: Session, actor: Actor | None, row: Any, stored_file: StoredFile) -> bool:
    """Tell whether somebody may open a record's own proof because an amount whose trail is open to him stands on it."""
    if actor is None or actor.role is not Role.STAFF or stored_file.removed_at is not None:
        return False
    used = policy_trail_proofs.used_in(session, stored_file)
    return any(_reads(session, actor, n) for n in used) and _noted(session, actor, stored_file)


def _reads(session: Session, actor: Actor, application_id: int) -> bool:
    try:
        policy_trail.load(session, actor, application_id)
    except (NotFound, Forbidden):
        return False
    return True


def _noted(session: Session, actor: Actor, stored_file: StoredFile) -> bool:
    audit.record(
        session, actor, "file.read", f"{stored_file.flow}:{stored_file.subject_id}", stored_file.name
    )
    return True


for _flow in (FLOW, policy_claim.FLOW):
    files.show_beyond(_flow.name, _shows_file)
for _name in (policy_trail_proofs.DISBURSEMENT, policy_trail_proofs.OFFLINE, policy_trail_proofs.INVESTMENT):
    files.show_beyond(_name, _shows_proof)
