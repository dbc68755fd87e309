"""Whose profile has a place for the figure that a condition asks for: nobody is asked for what he cannot state (manual §8).

Conditions are those of matching, which knows enterprises only; a policy may be for institutions.
"""

from __future__ import annotations

from typing import Any

from cpegi_app.dimensions import DIMENSIONS, Dimension
from cpegi_app.services.policy_definition import Definition
from cpegi_app.services.profile_forms import FORMS
from cpegi_app.vocabulary import KIND_OF, Kind, OrgClass

Stated = dict[str, dict[str, Any]]


def has_place(kind: str | None, d: Dimension) -> bool:
    """Tell whether an organisation of the kind states the figures of a dimension."""
    return bool(kind) and set(d.fields) <= set(FORMS[Kind(kind)].model_fields)


def kinds_of(kinds: tuple[str, ...], classes: tuple[str, ...]) -> list[Kind]:
    """Return the kinds of organisation that a policy is for."""
    meant = {Kind(k) for k in kinds} | {KIND_OF[OrgClass(c)] for c in classes}
    return [k for k in Kind if k in meant] or list(Kind)


def nobody(kinds: tuple[str, ...], classes: tuple[str, ...], stated: Stated) -> dict[str, str]:
    """Return the conditions that no possible applicant can meet, by the editor's field, with what to do."""
    who = kinds_of(kinds, classes)
    names = "、".join(k.label for k in who)
    return {
        f"c_{d.code}": f"{names}的资料中没有“{d.label}”，按此条件谁都不能申请；请勾选“不限制”，或调整适用对象"
        for d in _restricted(stated)
        if not any(has_place(k, d) for k in who)
    }


def hints(d: Definition) -> list[str]:
    """Return which of the possible applicants cannot meet a condition, for the policy's author."""
    found = []
    for kind in kinds_of(d.kinds, d.classes):
        lacking = [f"“{dim.label}”" for dim in _restricted(d.conditions) if not has_place(kind, dim)]
        if lacking:
            found.append(
                f"{kind.label}的资料中没有{''.join(lacking)}，按这些条件不能申请。"
                "如该类机构也应能申请，请将这些条件改为“不限制”，或为其另设政策。"
            )
    return found


def _restricted(stated: Stated) -> list[Dimension]:
    return [d for d in DIMENSIONS if (c := stated.get(d.code)) and not c.get("any")]
