"""Screens, states and pages: what is said once in access.py holds everywhere."""

from __future__ import annotations

import ast
import re
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import reflex as rx
from pydantic import BaseModel
from reflex_base.registry import RegistrationContext
from sqlmodel import SQLModel

import cpegi_app.pages
from cpegi_app import access
from cpegi_app.access import GRANTS, MENU, PAGES, SCREENS, Actor, Permission, Role, Screen
from cpegi_app.pages.layout import REGISTERED
from cpegi_app.services import chapters
from cpegi_app.services.review import FLOWS
from cpegi_app.services.review_view import ReviewView
from cpegi_app.state import gate
from cpegi_app.state.base import SCREEN_OF, Services
from cpegi_app.state.shell import _menu, access_to
from cpegi_app.vocabulary import Kind

ROOT = Path(__file__).resolve().parents[2]
# The sections of the manual that this release covers.
SECTIONS = (
    "1.1",
    "2.1",
    "2.2",
    "2.3",
    "2.4",
    "2.5",
    "2.6",
    "3.1",
    "3.2",
    "3.3",
    "4.1",
    "4.2",
    "4.3",
    "5.1",
    "6.1",
    "6.2",
    "6.3",
    "6.4",
    "6.5",
    "7",
    "8.1",
    "8.2",
    "9",
    "10",
)
PLAIN = (str, int, float, bool, type(None), date, datetime, Decimal)
assert cpegi_app.pages.PAGES and chapters.CHAPTERS


@cache
def states() -> tuple[type[Any], ...]:
    """Return every state of the platform that Reflex knows."""
    found = RegistrationContext.ensure_context().base_states.values()
    return tuple(s for s in found if s.__module__.startswith("cpegi_app."))


def members() -> list[Actor]:
    """Return one actor of each kind, verified and not, and the staff and the regulator."""
    kinds = [
        Actor(1, Role.MEMBER, kind=k, org_id=1, verified=v) for k in (*Kind, None) for v in (True, False)
    ]
    return [a for a in kinds if a.kind or not a.verified] + [Actor(1, Role.STAFF), Actor(1, Role.REGULATOR)]


# --- handlers and pages -------------------------------------------------------------------------------


def test_each_handler_belongs_to_a_state_with_a_screen():
    bare = [
        name
        for state in states()
        for name in state.event_handlers
        if name != "setvar" and state.get_full_name() not in SCREEN_OF
    ]
    assert len(states()) > 15
    assert bare == []


def test_each_state_names_a_screen_of_the_table():
    assert [name for name, screen in SCREEN_OF.items() if screen not in SCREENS] == []
    assert [name for name in SCREEN_OF if name not in {s.get_full_name() for s in states()}] == []


def test_the_gate_lets_pass_only_framework_events_that_exist():
    known = RegistrationContext.ensure_context().event_handlers
    assert known.keys() >= gate.FRAMEWORK_EVENTS
    assert [n for n in gate.FRAMEWORK_EVENTS if n.endswith("setvar")] == []


def test_each_screen_with_a_route_is_a_page_and_back():
    assert {s.route for s in PAGES} - REGISTERED.keys() == set()
    assert REGISTERED.keys() - {s.route for s in PAGES} == set()
    assert [route for route, screen in REGISTERED.items() if screen not in PAGES] == []


def test_routes_and_titles_are_unlike():
    assert len({s.route for s in PAGES}) == len(PAGES)
    assert [s for s in SCREENS if not s.title] == []


def test_routes_tell_who_may_open_them():
    """An error in the table itself: a console page for everybody, a staff page for a member."""
    inside = [s for s in PAGES if s.route.startswith(("/console", "/staff", "/regulator"))]
    assert [s.route for s in inside if s.permission is None] == []
    assert [s.route for s in PAGES if s not in inside and s.permission is not None] == []
    granted = frozenset().union(*(GRANTS[k] for k in Kind), access.NEW_MEMBER_GRANTS)
    assert [s.route for s in inside if s.route.startswith("/staff") and s.permission in granted] == []


# --- permissions --------------------------------------------------------------------------------------


def test_each_permission_is_used():
    used = {s.permission for s in SCREENS} | {f.submit for f in FLOWS.values()}
    used |= {stage.permission for f in FLOWS.values() for stage in f.stages}
    assert [p.value for p in Permission if p not in used] == []


def test_each_permission_is_granted():
    granted = frozenset().union(*GRANTS.values())
    assert [p.value for p in Permission if p not in granted] == []


def test_each_kind_and_role_has_its_grants():
    assert set(GRANTS) == {*Kind, Role.STAFF, Role.REGULATOR}


def test_each_flow_has_its_screens():
    wrong = []
    for flow in FLOWS.values():
        deciders = {stage.permission for stage in flow.stages}
        if flow.submit_screen not in PAGES or flow.submit_screen.permission is not flow.submit:
            wrong.append(f"{flow.name}: submit screen {flow.submit_screen.route}")
        if flow.review_screen not in PAGES or flow.review_screen.permission not in deciders:
            wrong.append(f"{flow.name}: review screen {flow.review_screen.route}")
    assert wrong == []


def test_the_menu_is_made_of_screens_and_shows_only_what_may_open():
    known = {s.route: s for s in SCREENS if s.menu}
    assert [s for s in MENU if s not in SCREENS or not s.permission] == []
    for actor in members():
        lines = [line for group in _menu(actor, access.WORKBENCH.route, {}) for line in group.lines]
        assert lines
        for line in lines:
            permission = known[line.href].permission
            assert permission in actor.full_grants
            assert line.locked == (permission not in actor.grants)


def test_who_has_chosen_no_class_finds_every_function_locked_and_none_denied():
    new = Actor(1, Role.MEMBER, org_id=1)
    for screen in PAGES:
        if screen.permission is None or new.may(screen.permission):
            continue
        inside = any(screen.permission in GRANTS[kind] for kind in Kind)
        assert access_to(new, screen.route)[0] == ("locked" if inside else "denied"), screen.route
    assert access_to(Actor(1, Role.REGULATOR), access.PRODUCTS.route)[0] == "denied"


# --- the manual ---------------------------------------------------------------------------------------


def screens_of(section: str) -> list[Screen]:
    """Return the screens that show a section of the manual."""
    return [s for s in SCREENS if section == s.manual or section in s.also]


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_of_the_manual_has_a_screen(section: str):
    assert screens_of(section)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_of_the_manual_has_a_browser_test(section: str):
    wanted = re.compile(rf"^def test_(?:\w*_)?{section.replace('.', '_')}(?!\d|_\d)", re.MULTILINE)
    files = sorted((ROOT / "tests" / "e2e").glob("test_chapter_*.py"))
    assert any(wanted.search(f.read_text(encoding="utf-8")) for f in files), (
        f"no e2e test named after {section}"
    )


def test_screens_name_sections_that_exist():
    assert [s.route for s in SCREENS if not {s.manual, *s.also} <= {*SECTIONS}] == []


# --- what a state may hold ----------------------------------------------------------------------------


def leaves(hint: Any, seen: frozenset[Any] = frozenset()) -> Iterator[Any]:
    """Yield every type that a value of this annotation may contain, through containers and view models."""
    if hint in seen:
        return
    seen |= {hint}
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType, list, dict, tuple, set, frozenset):
        for part in typing.get_args(hint):
            if part is not Ellipsis:
                yield from leaves(part, seen)
        return
    if origin is typing.Literal:
        return
    yield hint
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        for field in hint.model_fields.values():
            yield from leaves(field.annotation, seen)


def annotations(state: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield each var of a state, private ones and computed ones too, with its type."""
    for name, hint in typing.get_type_hints(state).items():
        if name in state.__annotations__ or name in state.get_fields():
            yield name, hint
    for name, var in state.computed_vars.items():
        yield name, var._var_type


def own_vars(state: type[Any]) -> list[tuple[str, Any]]:
    """Return what the platform itself declares, mixins included, the framework's own apart."""
    inherited = set(rx.State.get_fields()) | set(rx.State.computed_vars)
    return [
        (n, h)
        for n, h in annotations(state)
        if n not in inherited and typing.get_origin(h) is not typing.ClassVar
    ]


def test_no_state_holds_a_table_row():
    rows = [
        f"{state.__name__}.{name}"
        for state in states()
        for name, hint in own_vars(state)
        for leaf in leaves(hint)
        if isinstance(leaf, type) and issubclass(leaf, SQLModel)
    ]
    assert rows == []


def test_states_hold_plain_values_and_view_models_only():
    odd = [
        f"{state.__name__}.{name}: {leaf}"
        for state in states()
        for name, hint in own_vars(state)
        for leaf in leaves(hint)
        if not (isinstance(leaf, type) and issubclass(leaf, (*PLAIN, BaseModel)))
    ]
    assert sum(len(own_vars(s)) for s in states()) > 100
    assert odd == []


def test_the_law_of_plain_values_can_fail():
    class Holder(BaseModel):
        rows: list[SQLModel]

    assert SQLModel in leaves(dict[str, Holder | None])
    assert list(leaves(list[tuple[str, int]])) == [str, int]


def test_each_state_that_shows_a_records_status_follows_a_decision():
    """A decision reaches the open pages: a page on which a record may wait says how it goes on."""
    deaf = [
        state.__name__
        for state in states()
        if any(ReviewView in leaves(hint) for _, hint in own_vars(state))
        and state._arrive is Services._arrive  # pyright: ignore[reportAttributeAccessIssue]
    ]
    # An approved report is read; it waits for nobody.
    assert deaf == ["ReportReadState"]


def test_nothing_is_kept_in_the_browsers_storage():
    kept = [f"{s.__name__}.{n}" for s in states() for n in s.get_fields() if s._is_client_storage(n)]
    assert kept == []


# --- what no page may use -----------------------------------------------------------------------------

# Raw HTML, evaluated scripts and messages that need eval (security.md, script in stored text).
BANNED = {"markdown", "html", "call_script", "run_script", "call_function", "toast", "script_tag"}
BANNED_PROPS = {"dangerously_set_inner_html", "srcdoc", "src_doc"}


def test_no_page_lets_html_or_scripts_through():
    found = []
    for file in sorted((ROOT / "cpegi_app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in BANNED and ast.unparse(node.value) == "rx":
                found.append(f"{file.name}:{node.lineno} rx.{node.attr}")
            if isinstance(node, ast.keyword) and (node.arg or "").lower() in BANNED_PROPS:
                found.append(f"{file.name}:{node.value.lineno} {node.arg}")
    assert found == []
