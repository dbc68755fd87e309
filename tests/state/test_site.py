"""The public list's address: what it may name, and what it leads to."""

from __future__ import annotations

import pytest

from cpegi_app.state.account import own_path
from cpegi_app.state.site import ADDRESS, FREE, UNITS


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({"amount": "100", "term": "12", "rate": "4.5"}, {"amount": "100", "term": "12", "rate": "4.5"}),
        ({"guarantee": "CREDIT", "org_class": "BANK", "sort": "cost"}, None),
        ({"amount": "100.25"}, None),
        ({"amount": "-1", "term": "1.5", "rate": "9e9"}, {}),
        ({"amount": "12345678", "term": "99999999", "rate": "１"}, {}),
        ({"guarantee": "credit", "org_class": "'; --", "sort": "name"}, {}),
        ({"word": " 科技 ", "page": "3", "else": "x"}, {"word": "科技"}),
        ({"word": "长" * 99}, {"word": "长" * 40}),
        ({"word": ["a"], "amount": None}, {}),
    ],
)
def test_4_1_an_address_names_filters_or_is_ignored(query, asked):
    assert ADDRESS.asked(query, FREE) == (query if asked is None else asked)


def test_4_1_a_change_of_filter_begins_at_page_one():
    asked = ADDRESS.asked({"amount": "100", "page": "3"}, FREE)
    assert ADDRESS.href(asked, sort="cost") == "/products?amount=100&sort=cost"
    assert ADDRESS.href(asked, amount="") == "/products"
    assert ADDRESS.href({}, word="a&b=<c>") == "/products?word=a%26b%3D%3Cc%3E"


def test_4_1_a_number_of_ones_own_is_offered_as_a_choice():
    row = ADDRESS.filters({"amount": "120"}, UNITS)[0]
    offered = [(c.label, c.current) for c in row.choices]
    assert offered[:2] == [("不限", False), ("50 万元", False)]
    assert offered[-1] == ("120 万元", True)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/console/apply/3", True),
        ("/products?amount=3", True),
        ("https://example.com", False),
        ("//example.com", False),
        ("/\\example.com", False),
        ("javascript:alert(1)", False),
        ("", False),
        (None, False),
        ({"a": 1}, False),
    ],
)
def test_2_2_only_an_own_path_is_kept_for_after_the_sign_in(path, kept):
    assert own_path(path) == (path if kept else "")
