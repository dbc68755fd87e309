"""Templates and filled-in examples of a policy's materials: kept with the draft, public with the version (manual §8)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.errors import NotFound
from cpegi_app.models import Policy, PolicyFile
from cpegi_app.services import files, filetypes

ALLOWED = filetypes.WORDS | filetypes.WORKBOOKS | files.ALLOWED
# Where a draft keeps them, by the material's code: {"id": of the file, "name": of the file}.
TEMPLATES, SAMPLES = "templates", "samples"
KEPT = (TEMPLATES, SAMPLES)


class TemplateView(BaseModel):
    """A material's template or example as the editor and the public page show it."""

    id: int = 0
    name: str = ""
    href: str = ""
    size: str = ""


def view(session: Session, file_id: int | None) -> TemplateView:
    """Return a file as pages show it; nothing for none."""
    f = session.get(PolicyFile, file_id) if file_id else None
    if f is None:
        return TemplateView()
    size = f"{f.size / 1_048_576:.1f} MB" if f.size >= 1_048_576 else f"{max(1, f.size // 1024)} KB"
    return TemplateView(id=f.id or 0, name=f.name, href=f"/policy-files/{f.id}", size=size)


def kept(draft: dict[str, Any], what: str) -> dict[str, Any]:
    """Return a draft's templates or examples; drafts of before there were examples have none."""
    if what not in KEPT:
        raise NotFound("文件")
    return draft.get(what, {})


def id_of(draft: dict[str, Any], what: str, code: str) -> int | None:
    """Return the file that a material has."""
    return kept(draft, what).get(code, {}).get("id")


def store(
    session: Session, actor: Actor, policy: Policy, name: str, data: bytes | files.Examined
) -> PolicyFile:
    """Keep a file that is told apart by its content."""
    found = files.examine(name, data, ALLOWED)
    stored = PolicyFile(
        policy_id=policy.id or 0,
        sha256=found.sha256,
        name=filetypes.display_name(name),
        kind=found.kind.value,
        size=len(found.data),
        uploaded_by=actor.user_id,
    )
    session.add(stored)
    session.flush()
    return stored


def copied(session: Session, actor: Actor, draft: dict[str, Any], target: Policy) -> dict[str, Any]:
    """Return the files of a draft as the files of another policy."""
    return {what: _copies(session, actor, kept(draft, what), target) for what in KEPT}


def _copies(session: Session, actor: Actor, of: dict[str, Any], target: Policy) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for code, entry in of.items():
        old = session.get_one(PolicyFile, entry["id"])
        same = {"sha256": old.sha256, "name": old.name, "kind": old.kind, "size": old.size}
        new = PolicyFile(policy_id=target.id or 0, uploaded_by=actor.user_id, **same)
        session.add(new)
        session.flush()
        found[code] = {"id": new.id, "name": new.name}
    return found
