"""assets/ui.js keeps a list's place in the address of its history entry, and leads back to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.web.test_ui_js import Site, address, browser, page, show

assert address and browser and page and show
LIST = """<main aria-busy=true><h1>h</h1><form data-filters='{{"word": "甲 公司", "kind": "b", "none": "x"}}'>
<input name=word><select name=kind><option value=><option value=b>b</select></form>
<nav data-place="{place}"></nav><a href="/one" id=row>one</a></main>"""
# What a router does at a link, and the page that it then draws.
ROUTER = """body => {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    history.pushState({key: link.id, usr: null}, '', link.getAttribute('href'));
    document.querySelector('main').innerHTML = body;
  });
}"""
ONE = """<nav class=crumbs><a href="/list?flow=a" id=crumb>list</a></nav><h1>one</h1>
<a href="/list" id=back>返回列表</a><a href="/list" id=other>全部</a>"""


def loaded(page: Page) -> None:
    """Let the page end its loading."""
    page.evaluate("document.querySelector('main').removeAttribute('aria-busy')")


def test_the_place_of_a_list_stands_in_its_history_entry(show, address):
    page = show(LIST.format(place="q.page=3"), "/list")
    # The filters in force stand in the bar; what it has no field for is left out.
    assert (page.input_value("[name=word]"), page.input_value("[name=kind]")) == ("甲 公司", "b")
    # While it loads, what is drawn may be an earlier visit's.
    assert page.url == f"{address}/list"
    page.evaluate("history.replaceState({key: 'k', idx: 4}, '', '/list?flow=a')")
    loaded(page)
    page.wait_for_url("**/list?flow=a#q.page=3")
    assert page.evaluate("history.state") == {"key": "k", "idx": 4}
    page.evaluate("document.querySelector('[data-place]').dataset.place = 'q.page=1&q.f.word=%E7%94%B2'")
    page.wait_for_url("**/list?flow=a#q.page=1&q.f.word=%E7%94%B2")
    # Two lists, one of which tells its place twice.
    page.evaluate("""document.querySelector('main').insertAdjacentHTML('beforeend',
        '<p data-place="r.page=2"></p><p data-place="r.page=2"></p>')""")
    page.wait_for_url("**&q.f.word=%E7%94%B2&r.page=2")
    page.evaluate("document.querySelectorAll('[data-place]').forEach(e => e.dataset.place = '')")
    page.wait_for_url("**/list?flow=a")
    assert page.evaluate("history.length") == 2


@pytest.mark.parametrize(("link", "goes_back"), [("back", True), ("crumb", True), ("other", False)])
def test_a_link_back_to_the_list_goes_back_to_it_as_it_was_left(show, address, link, goes_back):
    page = show(LIST.format(place="q.page=3"), "/list")
    loaded(page)
    page.wait_for_url("**/list#q.page=3")
    page.evaluate(ROUTER, ONE)
    page.click("#row")
    page.wait_for_url("**/one")
    assert page.evaluate("history.state") == {"key": "row", "usr": None, "from": "/list"}
    # A page without a list, and the list of an earlier visit while the next loads, leave the address alone.
    page.click(f"#{link}")
    page.wait_for_url("**/list#q.page=3" if goes_back else "**/list")
    # Gone to by its address, with nothing before it in the history, the same link leads on.
    page.goto(f"{address}/other")
    Site.pages["/one"] = f"<main>{ONE}</main>"
    page.goto(f"{address}/one")
    page.click("#back")
    page.wait_for_url("**/list")
