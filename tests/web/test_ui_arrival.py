"""Going from page to page without a load (assets/ui.js): where the focus goes, and when."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.test_ui_js import address, browser, page, show

__all__ = ["address", "browser", "page", "show"]


def test_after_navigation_the_heading_has_the_focus(show):
    page = show("<main data-path='/' style='height:3000px'><h1>一</h1><a href=# id=go>去</a></main>")
    page.evaluate("scrollTo(0, 900)")
    draw(page, "/two", "document.querySelector('main').innerHTML = '<h1 id=n>二</h1>'")
    assert page.evaluate("scrollY") == 0
    # While the page loads, the heading may still be the last record's.
    assert not page.evaluate("document.activeElement.matches('h1')")
    loaded(page)
    expect(page.locator("#n")).to_be_focused()
    # A page of the same component keeps its heading and changes the text only.
    page.evaluate("document.activeElement.blur()")
    draw(page, "/three", "")
    loaded(page)
    expect(page.locator("#n")).to_be_focused()


def draw(page: Page, path: str, script: str) -> None:
    """Go to an address, draw its page, and begin to load it, each in a step of its own as React does."""
    page.evaluate(f"history.pushState({{}}, '', '{path}')")
    page.evaluate(f"{script}; document.querySelector('main').dataset.path = '{path}'")
    page.evaluate("document.querySelector('main').ariaBusy = document.querySelector('main').inert = true")


def loaded(page: Page) -> None:
    """Say that the page has loaded."""
    page.evaluate("""() => { const main = document.querySelector('main');
        main.inert = false; main.ariaBusy = 'false'; }""")
