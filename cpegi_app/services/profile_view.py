"""The profile in force and its latest change, as 企业认证 shows them (manual §3.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import FormInvalid
from cpegi_app.models import User
from cpegi_app.services import files, review, verification
from cpegi_app.services.files import FileView
from cpegi_app.services.profile_forms import CONTACT, FORMS, YEAR, YEAR_BEFORE, ProfileForm, required_files
from cpegi_app.services.review_files import latest_approved, slot_order
from cpegi_app.services.review_view import FieldView, GroupView, ReviewView, view
from cpegi_app.vocabulary import KIND_OF, Kind, OrgClass, Scale


class YearLine(BaseModel):
    """One figure of an enterprise, this year's and the year's before."""

    title: str
    now: str
    before: str


class Profile(BaseModel):
    """The approved profile, and what became of the latest change of it."""

    name: str = ""
    org_class: str = ""
    kind: str = ""
    code: str = ""
    since: str = ""
    updated: str = ""
    groups: list[GroupView] = []
    year: str = ""
    years: list[YearLine] = []
    files: list[FileView] = []
    has_change: bool = False
    change: ReviewView = ReviewView()
    changes: list[FieldView] = []


class Change(BaseModel):
    """One field that differs from the profile in force."""

    name: str
    title: str
    old: str
    new: str


def in_force(session: Session, actor: Actor) -> Profile:
    """Return the actor's own profile in force with its latest change."""
    org = verification.organisation(session, actor)
    form = FORMS[verification.kind_of(org.profile, org.kind)]
    source = latest_approved(session, org.id or 0)
    latest = verification.latest_change(session, actor)
    change = view(session, verification.CHANGE, actor, latest.id or 0) if latest else ReviewView()
    return Profile(
        name=org.name,
        org_class=OrgClass.label_of(org.org_class),
        kind=Kind.label_of(org.kind),
        code=org.credit_code or "",
        since=clock.local_date(org.verified_at),
        updated=clock.local_date(org.profile_at),
        groups=_groups(form, org.profile),
        year=org.profile.get("fiscal_year", ""),
        years=_years(form, org.profile),
        files=sorted(files.listing(session, *source), key=lambda f: slot_order(f.slot)) if source else [],
        has_change=latest is not None,
        change=change,
        changes=[f for g in change.groups for f in g.fields if f.changed],
    )


def differences(base: dict[str, str], data: dict[str, str]) -> list[Change]:
    """Return what differs from the profile in force, as the form of the new class spells it."""
    form = FORMS[verification.kind_of(data)]
    return [
        Change(name=s.name, title=_title(s), old=s.show(base.get(s.name)), new=s.show(data.get(s.name)))
        for s in form.specs()
        if _plain(base.get(s.name)) != _plain(data.get(s.name))
    ]


def changes(session: Session, actor: Actor, flow: str, row_id: int, data: dict[str, str]) -> list[Change]:
    """Return what the actor's own change differs in from the profile it began with."""
    row: Any = review.load_own(session, review.FLOWS[flow], actor, row_id)
    return differences(row.base, data) if flow == verification.CHANGE.name else []


def check(session: Session, actor: Actor, flow: str, row_id: int, data: dict[str, str]) -> list[Change]:
    """Refuse what the form itself refuses, before the submitter confirms; return what is changed."""
    review.load_own(session, review.FLOWS[flow], actor, row_id)
    kind, errors, clean = verification.kind_of(data), {}, {}
    names = FORMS[kind].model_fields
    try:
        clean = FORMS[kind].parse({k: v for k, v in data.items() if k in names}).strings()
    except FormInvalid as refusal:
        errors = dict(refusal.fields)
    errors |= files.require(session, flow, row_id, required_files(kind, data))
    if errors:
        raise FormInvalid(errors)
    return changes(session, actor, flow, row_id, clean)


def own_number(session: Session, actor: Actor) -> str:
    """Return the actor's own mobile number, for a form that asks for it."""
    user = session.get(User, actor.user_id)
    return user.phone if user else ""


def class_of(org_class: str) -> tuple[str, str]:
    """Return the labels of a class and of its kind."""
    if org_class not in OrgClass._value2member_map_:
        return "", ""
    found = OrgClass(org_class)
    return found.label, KIND_OF[found].label


def titles() -> dict[str, str]:
    """Return every field's title as the form's page orders them, those of the year before told apart."""
    specs = [s for form in FORMS.values() for s in form.specs()]
    # The sort is stable: who is asked for and the consent stand last, whatever came before them.
    return {s.name: _title(s) for s in sorted(specs, key=lambda s: s.group == CONTACT)}


def _title(spec: Any) -> str:
    return f"上一年度{spec.title}" if spec.name.endswith("_prev") else spec.title


def _plain(value: str | None) -> str:
    return (value or "").strip()


def _groups(form: type[ProfileForm], profile: dict[str, str]) -> list[GroupView]:
    found: dict[str, list[FieldView]] = {}
    for s in form.specs():
        if s.group in (YEAR, YEAR_BEFORE):
            continue
        line = FieldView(name=s.name, title=s.title, value=s.show(profile.get(s.name)))
        found.setdefault(s.group, []).append(line)
    if "scale" in profile:
        label = Scale.label_of(profile["scale"]) or "数据不足，未划型"
        found[next(iter(found))].append(FieldView(name="scale", title="企业规模", value=label))
    return [GroupView(title=title, fields=fields) for title, fields in found.items()]


def _years(form: type[ProfileForm], profile: dict[str, str]) -> list[YearLine]:
    """Return an enterprise's figures, two years side by side; other kinds state none."""
    specs = [s for s in form.specs() if s.group == YEAR and s.name != "fiscal_year"]
    return [
        YearLine(
            title=s.title,
            now=s.show(profile.get(s.name)),
            before=s.show(profile.get(f"{s.name}_prev")),
        )
        for s in specs
    ]
