"""Laws of words and rights: everything labelled, every right granted and used, every flow with its screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpegi_app import access, errors, vocabulary
from cpegi_app.access import GRANTS, PAGES, SCREENS, Actor, Permission, Role
from cpegi_app.services import audit, audit_trail, chapters, notices
from cpegi_app.services.forms import Form, Widget
from cpegi_app.services.review import FLOWS, MOVES
from cpegi_app.vocabulary import CLASSES, KIND_OF, TONES, Action, Kind, OrgClass, Status, Term

assert chapters.CHAPTERS and notices
ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile(r"[\u4e00-\u9fff]")


def subclasses(cls: type) -> Iterator[type]:
    for child in cls.__subclasses__():
        if not child.__module__.startswith(("tests.", "test_")):
            yield child
            yield from subclasses(child)


TERMS = sorted(subclasses(Term), key=lambda c: c.__name__)
FORMS = sorted(subclasses(Form), key=lambda c: c.__name__)


# --- words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", TERMS, ids=lambda c: c.__name__)
def test_every_member_of_every_enumeration_is_labelled_once(term: type[Term]):
    labels = [m.label for m in term]
    assert labels and all(label.strip() for label in labels)
    assert len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", m.value) and m.value == m.name for m in term)
    assert [term.label_of(code) for code, _ in term.options()] == labels
    assert (term.label_of(None), term.label_of("UNKNOWN")) == ("", "UNKNOWN")


def test_labels_are_chinese_but_for_names_of_their_own():
    plain = {m.label for t in TERMS for m in t if not HAN.search(m.label)}
    assert plain <= {"ISO9001"}


def test_the_fifteen_classes_are_eight_three_and_four():
    assert {k: len(c) for k, c in CLASSES.items()} == {
        Kind.DEBT: 8,
        Kind.EQUITY: 3,
        Kind.INTERMEDIARY: 4,
        Kind.ENTERPRISE: 1,
    }
    assert set(KIND_OF) == set(OrgClass)


def test_every_status_has_a_tone():
    assert set(Status) <= set(TONES)


@pytest.mark.parametrize("form", FORMS, ids=lambda c: c.__name__)
def test_every_field_has_a_title_a_group_and_fitting_limits(form: type[Form]):
    specs = form.specs()
    assert specs or form.__subclasses__()
    titles = [(s.group, s.title) for s in specs]
    assert len(set(titles)) == len(titles)
    for spec in specs:
        assert spec.title.strip() and spec.title != spec.name, spec.name
        assert spec.group.strip(), spec.name
        assert bool(spec.options) == (spec.widget in (Widget.SELECT, Widget.CHECKS)), spec.name
        if spec.widget is Widget.NUMBER:
            assert spec.unit.strip(), f"{spec.name} has no unit"
            assert spec.low is None or spec.high is None or spec.low < spec.high


def test_every_refusal_is_a_sentence_that_says_what_to_do():
    for refusal in (
        errors.NotFound(),
        errors.Forbidden(),
        errors.SignInRequired(),
        errors.FormInvalid({"a": "b"}),
    ):
        assert HAN.search(refusal.message) and refusal.message.endswith("。"), refusal.message
        assert len(refusal.message) >= 15


# --- rights -------------------------------------------------------------------------------------------


def test_permissions_are_named_object_and_action_in_alphabetical_order():
    values = [p.value for p in Permission]
    assert values == sorted(values)
    assert all(re.fullmatch(r"[a-z]+:[a-z]+", v) for v in values)


@pytest.mark.parametrize("kind", list(Kind))
def test_3_3_institutions_keep_every_enterprise_function(kind: Kind):
    assert GRANTS[Kind.ENTERPRISE] <= GRANTS[kind]


def test_no_member_holds_a_right_of_the_platform_and_no_staff_one_of_a_member():
    members = frozenset().union(*(GRANTS[k] for k in Kind))
    own = access.BASE_GRANTS
    assert members & GRANTS[Role.STAFF] == own
    assert GRANTS[Role.REGULATOR] <= GRANTS[Role.STAFF]


@pytest.mark.parametrize("kind", [None, *Kind])
def test_3_1_an_unverified_account_may_nothing_but_be_verified(kind: Kind | None):
    actor = Actor(1, Role.MEMBER, org_id=1, kind=kind)
    assert actor.grants == {
        Permission.ACCOUNT_OWN,
        Permission.IDENTITY_CHOOSE,
        Permission.VERIFICATION_SUBMIT,
    }
    for permission in actor.full_grants - actor.grants:
        assert actor.locked(permission) and not actor.may(permission)


# --- flows and screens --------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda f: f.name)
def test_every_flow_has_screens_that_ask_for_its_permissions(flow):
    assert flow.submit_screen in SCREENS and flow.review_screen in SCREENS
    assert flow.submit_screen.permission is flow.submit
    assert flow.review_screen.permission in {s.permission for s in flow.stages}
    assert HAN.search(flow.label)
    assert Action.APPROVE in flow.decisions and flow.outcome.get(Action.APPROVE)
    assert not {Action.SUBMIT, Action.WITHDRAW} & set(flow.decisions)
    assert all(HAN.search(s.label) for s in flow.stages)


def test_flows_name_their_models_once():
    assert len({f.model for f in FLOWS.values()}) == len(FLOWS)
    assert all(name == flow.name for name, flow in FLOWS.items())


def test_every_move_is_between_statuses_and_nothing_leaves_a_decision():
    assert {action for _, action in MOVES} == set(Action)
    assert {status for status, _ in MOVES} == {Status.DRAFT, Status.PENDING, Status.RETURNED}
    assert set(MOVES.values()) == set(Status)


def test_every_screen_has_a_section_of_the_manual_a_title_and_a_route_of_its_own():
    routes = [s.route for s in PAGES]
    assert len(set(routes)) == len(routes)
    for screen in SCREENS:
        assert re.fullmatch(r"\d+(\.\d+)?", screen.manual)
        assert HAN.search(screen.title)
        assert all(re.fullmatch(r"\d+(\.\d+)?", section) for section in screen.also)
        if screen.route.startswith(("/console", "/staff")):
            assert screen.permission is not None
        if screen.menu:
            assert screen.icon and screen.permission is not None


def test_screens_fill_in_their_bracketed_parts():
    for screen in PAGES:
        parts = re.findall(r"\[(\w+)\]", screen.route)
        assert "[" not in screen.url(**dict.fromkeys(parts, 7))


def test_a_locked_function_says_why_and_how_to_open_it():
    assert "去认证" in access.locked_sentence("融资申请")
    assert vocabulary.Term.__doc__


def test_whatever_the_services_record_reads_in_words():
    recorded, subjects = set(), set()
    for path in (ROOT / "cpegi_app").rglob("*.py"):
        text = path.read_text()
        recorded |= set(re.findall(r"audit\.record\(\s*[\w.]+,\s*[\w.()]+,\s*\"([\w.]+)\"", text))
        for call in re.findall(r"audit\.record\(.*?\n?.*?\n", text):
            subjects |= set(re.findall(r"f\"([a-z_]+):\{", call))
    assert len(recorded) > 40 and len(subjects) > 8
    assert recorded <= set(audit.ACTIONS), recorded - set(audit.ACTIONS)
    raw = {s for s in subjects if audit_trail.subject_label(f"{s}:1") == f"{s} 1"}
    assert raw == set()
