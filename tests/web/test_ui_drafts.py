"""Drafts: what is typed is kept in the tab until it is stored, whatever becomes of the form (assets/ui.js)."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.test_ui_js import address, browser, page, show

__all__ = ["address", "browser", "page", "show"]

DRAFT = """<main><h1>h</h1><form data-draft=k data-version={version}>
<input type=hidden name=intent value=submit>
<div data-draft-note hidden>已恢复<button type=button data-draft-discard>放弃恢复</button></div>
<input name=name id=f-name value=旧><input name=pw type=password><input name=code data-nosave>
<select name=s><option value=a>a<option value=b>b</select><textarea name=t></textarea>
<input type=checkbox name=g value=1 checked><input type=checkbox name=g value=2>
<input type=radio name=r value=x><input type=radio name=r value=y></form></main>"""


def fill(page: Page) -> None:
    """Type into every kind of control and wait until it is kept."""
    page.fill("[name=name]", "新")
    page.fill("[name=pw]", "secret-12345")
    page.fill("[name=code]", "123456")
    page.select_option("[name=s]", "b")
    page.fill("[name=t]", "两\n行")
    page.uncheck("[name=g][value='1']")
    page.check("[name=g][value='2']")
    page.check("[name=r][value=y]")
    page.wait_for_timeout(450)


def test_draft_comes_back_without_the_secrets(show):
    page = show(DRAFT.format(version=3))
    fill(page)
    assert "secret-" not in page.evaluate("JSON.stringify(sessionStorage)")
    page.reload()
    expect(page.locator("[data-draft-note]")).to_be_visible()
    assert page.input_value("[name=name]") == "新"
    assert page.input_value("[name=pw]") == page.input_value("[name=code]") == ""
    assert page.input_value("[name=s]") == "b"
    assert page.input_value("[name=t]") == "两\n行"
    assert not page.is_checked("[name=g][value='1']")
    assert page.is_checked("[name=g][value='2']")
    assert page.is_checked("[name=r][value=y]")
    page.click("[data-draft-discard]")
    expect(page.locator("[data-draft-note]")).to_be_hidden()
    assert page.input_value("[name=name]") == "旧"
    assert not page.is_checked("[name=r][value=y]")
    page.reload()
    expect(page.locator("[data-draft-note]")).to_be_hidden()


def test_what_was_typed_comes_back_to_a_later_version_and_undoes_nothing_there(show):
    page = show(DRAFT.format(version=3))
    page.fill("[name=name]", "新")
    page.wait_for_timeout(450)
    show(DRAFT.format(version=4).replace("<textarea name=t>", "<textarea name=t>别人写的"))
    expect(page.locator("[data-draft-note]")).to_be_visible()
    assert page.input_value("[name=name]") == "新"
    assert page.input_value("[name=t]") == "别人写的"
    assert page.evaluate("Object.entries(sessionStorage)") == [["draft:k:4", '{"name":["新"]}']]


def test_a_copy_of_a_later_version_is_not_put_into_an_earlier_one(show):
    page = show(DRAFT.format(version=3))
    fill(page)
    show(DRAFT.format(version=2))
    expect(page.locator("[data-draft-note]")).to_be_hidden()
    page.fill("[name=name]", "又")
    page.wait_for_timeout(450)
    assert page.evaluate("Object.keys(sessionStorage)") == ["draft:k:2"]


def test_draft_survives_a_form_that_mounts_empty_first(show):
    page = show(DRAFT.format(version=3))
    fill(page)
    show("<main><h1>h</h1><div id=slot></div></main>")
    for version in ('""', "0", "3"):
        page.evaluate(
            "html => document.getElementById('slot').innerHTML = html", DRAFT.format(version=version)
        )
        page.wait_for_timeout(30)
    assert page.input_value("[name=name]") == "新"


def test_draft_restoring_is_heard(show):
    page = show(DRAFT.format(version=3))
    fill(page)
    show("<main><h1>h</h1><div id=slot></div></main>")
    page.evaluate("window.heard = []; for (const t of ['input', 'change', 'click'])"
                  "document.addEventListener(t, e => heard.push(t + ':' + e.target.name))")  # fmt: skip
    page.evaluate("html => document.getElementById('slot').innerHTML = html", DRAFT.format(version=3))
    page.wait_for_timeout(50)
    heard = set(page.evaluate("heard"))
    assert {"input:name", "change:name", "change:s", "click:g", "click:r"} <= heard


def test_draft_is_cleared_by_a_mark(show):
    page = show(DRAFT.format(version=3))
    fill(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i hidden data-draft-clear=k></i>')")
    page.wait_for_timeout(50)
    assert page.evaluate("sessionStorage.length") == 0
    page.fill("[name=name]", "再")
    page.wait_for_timeout(450)
    assert page.evaluate("Object.keys(sessionStorage)") == ["draft:k:3"]


def test_saved_form_keeps_what_was_typed_meanwhile(show):
    page = show(DRAFT.format(version=3))
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    page.fill("[name=name]", "已存")
    page.evaluate("document.forms[0].requestSubmit()")
    page.fill("[name=t]", "后来")
    page.evaluate("document.forms[0].setAttribute('data-version', '4')")
    page.wait_for_timeout(450)
    assert page.evaluate("Object.keys(sessionStorage)") == ["draft:k:4"]
    page.evaluate("document.forms[0].setAttribute('data-version', '4')")
    assert page.input_value("[name=name]") == "已存"


RAISED = "document.forms[0].setAttribute('data-version', '4')"


def test_a_version_raised_by_an_upload_leaves_what_is_typed_a_draft(show):
    page = show(DRAFT.format(version=3))
    fill(page)
    page.evaluate(RAISED)
    page.wait_for_timeout(450)
    show(DRAFT.format(version=4))
    assert (page.input_value("[name=name]"), page.input_value("[name=t]")) == ("新", "两\n行")


def test_what_was_refused_stays_a_draft_whatever_is_uploaded_next(show):
    page = show(DRAFT.format(version=3))
    page.evaluate("document.forms[0].addEventListener('submit', e => e.preventDefault())")
    page.fill("[name=name]", "不全")
    page.evaluate("document.forms[0].requestSubmit()")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<div class=errors role=alert tabindex=-1>请更正</div>')"
    )
    page.wait_for_timeout(50)
    page.evaluate(RAISED)
    page.wait_for_timeout(450)
    show(DRAFT.format(version=4))
    assert page.input_value("[name=name]") == "不全"
