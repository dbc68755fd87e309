"""What flows share: the moves between statuses, and what a flow says of its subject: lines, checks, kinds of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cpegi_app.services.filetypes import FileKind
from cpegi_app.services.forms import Form
from cpegi_app.vocabulary import Action, Status

MOVES: dict[tuple[Status, Action], Status] = {
    (Status.DRAFT, Action.SUBMIT): Status.PENDING,
    (Status.RETURNED, Action.SUBMIT): Status.PENDING,
    (Status.PENDING, Action.WITHDRAW): Status.DRAFT,
    (Status.PENDING, Action.RETURN): Status.RETURNED,
    (Status.PENDING, Action.APPROVE): Status.APPROVED,
    (Status.PENDING, Action.REJECT): Status.REJECTED,
    # Only where the flow says so: what is never corrected must not be held for ever.
    (Status.RETURNED, Action.WITHDRAW): Status.DRAFT,
    (Status.RETURNED, Action.REJECT): Status.REJECTED,
}
EDITABLE = (Status.DRAFT, Status.RETURNED)
OPEN = (Status.DRAFT, Status.PENDING, Status.RETURNED)


@dataclass(frozen=True)
class Check:
    """What the machine found out for the reviewer; `level` is ok, warn, bad, or none where nothing could be compared.

    `field` is the form's field that it concerns, where it concerns one.
    """

    label: str
    level: str
    text: str
    field: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a subject, beyond its form's fields; `old` is what it said before, None where there is no before."""

    group: str
    name: str
    title: str
    value: str
    old: str | None = None
    # A person's number: masked for everybody but the subject's owner.
    secret: bool = False
    # Beyond what its submitter could correct.
    fixed: bool = False
    # What the line said in an earlier submission, read from the data that was sent then.
    then: Callable[[Mapping[str, str]], str] | None = None

    def before(self, sent: Mapping[str, str] | None) -> str | None:
        """Return what it said before: in force, else in the submission before; None where there is no before."""
        if self.old is not None or sent is None or self.then is None:
            return self.old
        return self.then(sent)


@dataclass(frozen=True)
class Description:
    """A subject as reviewers see it: its form, what is in force, further lines, the machine's checks."""

    form: type[Form] | None = None
    in_force: dict[str, str] | None = None
    lines: tuple[Line, ...] = ()
    checks: tuple[Check, ...] = ()
    # The group that is read before the form's own, once there is one: what was decided.
    first: str = ""


@dataclass(frozen=True)
class Slot:
    """What a flow of its own calls a kind of file: its label, why it is closed now, the kinds taken where it says so."""

    label: str
    closed: str = ""
    kinds: frozenset[FileKind] = frozenset()
