"""The public list's address: what it may name, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlmodel import Session

from cpegi_app import db
from cpegi_app.access import PUBLIC_POLICIES, PUBLIC_PRODUCTS, PUBLIC_PROJECTS, Screen
from cpegi_app.state import equity_public
from cpegi_app.state.account import own_path
from cpegi_app.state.equity_public import PublicProjectsState
from cpegi_app.state.policy_public import PublicPoliciesState
from cpegi_app.state.public_list import Address, size_of
from cpegi_app.state.site import ADDRESS, FREE, UNITS, PublicProductsState
from cpegi_app.vocabulary import Kind
from tests import factories, policies, worlds
from tests.state.rig import HYDRATE, running


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


@pytest.mark.parametrize("address", [ADDRESS, equity_public.ADDRESS], ids=["products", "projects"])
def test_a_public_list_shows_ten_twenty_or_fifty_a_page(address: Address):
    assert [size_of(address.asked({"size": size})) for size in ("10", "20", "50", "51", "-1", "x", "")] == [
        10, 20, 50, 10, 10, 10, 10,
    ]  # fmt: skip
    asked = address.asked({"size": "20", "word": "科技", "page": "3"})
    assert [(c.label, c.current) for c in address.sizes(asked)] == [
        ("10 条", False), ("20 条", True), ("50 条", False),
    ]  # fmt: skip
    other = dict(parse_qsl(address.sizes(asked)[2].href.partition("?")[2]))
    assert other == {"size": "50", "word": "科技"} and "size" not in address.sizes(asked)[0].href
    # The size stays while one turns, sorts or filters, and is no filter to be cleared.
    assert all("size=20" in href for href in (*address.around(asked, 2, 3), address.sorts(asked)[0].href))
    assert not address.clear(address.asked({"size": "20"}))


SHOWN: dict[Screen, tuple[type[Any], Callable[[Session], Any]]] = {
    PUBLIC_PRODUCTS: (
        PublicProductsState,
        lambda s: worlds.listed_product(s, factories.member(s, Kind.DEBT)),
    ),
    PUBLIC_PROJECTS: (PublicProjectsState, lambda s: worlds.listed_project(s, factories.member(s))),
    PUBLIC_POLICIES: (PublicPoliciesState, policies.published),
}


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize("screen", SHOWN, ids=lambda s: s.route)
async def test_the_size_of_a_public_list_is_the_addresss(screen: Screen):
    state, publish = SHOWN[screen]
    with db.transaction() as session:
        for _ in range(11):
            publish(session)
    async with running() as rig:
        for size in (10, 20):
            tab = f"tab{size}"
            await rig.send(
                HYDRATE, {}, tab=tab, path=f"{screen.route}?size={size}", params={"size": str(size)}
            )
            shown = await rig.state(tab, state)
            assert shown.total > 10
            assert (len(shown.rows), shown.pages) == (min(size, shown.total), -(-shown.total // size))
            assert [c.current for c in shown.sizes] == [n == size for n in (10, 20, 50)]


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
