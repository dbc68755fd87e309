"""What is wrong with a form, while it is being corrected (assets/ui.js)."""

from __future__ import annotations

from tests.web.test_ui_js import address, browser, page, show

__all__ = ["address", "browser", "page", "show"]
WRONG = """<main><h1>h</h1><form id=f>
<div class=errors data-errors role=alert tabindex=-1><ul><li><a href="#f-a">甲：请填写</a></li><li><a href="#f-b">乙：请填写</a></li></ul></div>
<div class=field><input class=input name=a id=f-a aria-invalid=true><p class=err id=f-a-err>请填写</p></div>
<div class=field><input class=input name=b id=f-b aria-invalid=true><p class=err id=f-b-err>请填写</p></div>
<div class=field><input class=input name=c id=f-c><p class=err id=f-c-err></p></div></form></main>"""


def test_what_is_being_corrected_is_no_longer_told_off_until_it_is_sent_again(show):
    page = show(WRONG)
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    marked = "[...document.querySelectorAll('[data-edited]')].map(n => n.tagName + (n.hash ?? n.querySelector('input').id))"
    page.fill("[name=c]", "对")
    assert page.evaluate(marked) == []
    page.fill("[name=a]", "对")
    assert page.evaluate(marked) == ["A#f-a", "DIVf-a"]
    red = page.evaluate("getComputedStyle(document.querySelector('#f-b-err')).color")
    assert page.evaluate("getComputedStyle(document.querySelector('#f-a-err')).color") != red
    page.evaluate("document.forms[0].requestSubmit()")
    assert page.evaluate(marked) == []
    assert page.evaluate("getComputedStyle(document.querySelector('#f-a-err')).color") == red
