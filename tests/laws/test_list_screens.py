"""Lists: each has a query bar, headings that sort, sizes and totals, and an export; what has not is named with its reason."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

import cpegi_app.pages
from cpegi_app.pages.layout import REGISTERED
from cpegi_app.state.base import SCREEN_OF
from cpegi_app.state.public_list import PublicListState
from cpegi_app.state.table import TableState

assert cpegi_app.pages.PAGES
PAGES_OF_LISTS = Path(cpegi_app.pages.__file__).parent
# What a list offers, and the handler that its page then names.
OFFERS = {
    "query bar": "reset_filters",
    "sorting": "sort_by",
    "pages": "go_page",
    "sizes": "set_page_size",
    "export": "export",
}
PUBLIC = "the public site: who has not signed in has no file that waits"
PICKER = "a picker: what fits best is on top, and is ticked rather than kept"
# State → what its list lacks, and why.
EXCEPTIONS = {
    "FilingImportState": (
        {"sorting", "export"},
        "findings stand as in the file; the marked file holds them all",
    ),
    "PolicyStartState": ({"sorting"}, "cards: what is open to the reader is on top"),
    "RecommendProjectState": ({"sorting", "export"}, PICKER),
    "RecommendToState": ({"sorting", "export"}, PICKER),
    "PublicPublicitiesState": ({"export"}, PUBLIC),
    "PublicPublicityState": ({"export"}, PUBLIC),
}
# What a list of cards on the public site offers, and the field of its state that its page then shows.
PUBLIC_OFFERS = {
    "query bar": "word",
    "sorting": "sorts",
    "pages": "pages",
    "sizes": "sizes",
    "total": "total",
}
PUBLIC_EXCEPTIONS = {
    "PublicPoliciesState": ({"sorting"}, "what closes first is on top: who qualifies has so long")
}
# Tables of pages that are not made by `list_page`.
OWN_TABLES = {
    "form.py": "list_page itself",
    "equity_recommend.py": PICKER,
    "offline_import.py": "the findings stand within the import's card",
    "report_desk.py": "the periods are the columns",
    "workbench.py": "notices are no table",
}


def list_states(kind: type[Any] = TableState) -> list[type[Any]]:
    """Return every state that shows a list of a kind."""
    known = RegistrationContext.ensure_context().base_states.values()
    return [s for s in known if issubclass(s, kind) and s.get_full_name() in SCREEN_OF]


@cache
def page_of(route: str) -> str:
    """Return a page as it is rendered."""
    for build, told in RegistrationContext.ensure_context().decorated_pages:
        if told["route"] == route:
            return str(build().render())
    raise LookupError(route)


@pytest.mark.parametrize("state", list_states(), ids=lambda s: s.__name__)
def test_each_list_offers_all_that_a_list_offers(state: Any):
    screen = SCREEN_OF[state.get_full_name()]
    assert screen.route in REGISTERED
    text = page_of(screen.route)
    lacks = {offer for offer, name in OFFERS.items() if f"{state.get_full_name()}.{name}" not in text}
    wanted, reason = EXCEPTIONS.get(state.__name__, (set(), "none"))
    assert lacks == wanted and reason


@pytest.mark.parametrize("state", list_states(PublicListState), ids=lambda s: s.__name__)
def test_each_list_of_the_public_site_offers_what_it_should(state: Any):
    text = page_of(SCREEN_OF[state.get_full_name()].route)
    lacks = {offer for offer, name in PUBLIC_OFFERS.items() if f"{state.get_name()}.{name}_" not in text}
    wanted, reason = PUBLIC_EXCEPTIONS.get(state.__name__, (set(), "none"))
    assert lacks == wanted and reason


def test_every_list_of_the_public_site_is_under_the_law():
    made = [file for file in PAGES_OF_LISTS.glob("*.py") if "public_list.listing(" in file.read_text("utf-8")]
    assert len(made) == len(list_states(PublicListState)) == 3
    assert all(file.read_text("utf-8").count("public_list.listing(") == 1 for file in made)


def test_the_law_knows_the_lists():
    names = {s.__name__ for s in list_states()}
    assert len(names) > 40
    assert EXCEPTIONS.keys() <= names


def test_lists_are_made_in_one_place():
    """A table of records, or a pager, elsewhere escapes the law."""
    found = {
        file.name
        for file in sorted(PAGES_OF_LISTS.glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("ui.data_table", "ui.pager", "pager")
    }
    assert found == set(OWN_TABLES)
