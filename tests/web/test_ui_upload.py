"""An upload that breaks off (assets/ui.js): the page that waits for it is told, and no other one."""

from __future__ import annotations

import pytest

from tests.web.test_ui_js import address, browser, page, show

__all__ = ["address", "browser", "page", "show"]

BODY = """<main><h1>h</h1><p id=told></p>
<button hidden type=button data-upload-cut="app.rows">a</button>
<button hidden type=button data-upload-cut="app.rows_import">b</button>
<button hidden type=button data-upload-cut="app.rows_import">c</button></main>"""
LISTEN = """() => document.querySelectorAll("[data-upload-cut]").forEach(b => b.addEventListener("click", () => {
  document.getElementById("told").textContent += b.textContent; }))"""
BREAK = """([handler, what, status]) => { const x = new XMLHttpRequest(); x.open("POST", "/_upload");
  Object.defineProperty(x, "status", { value: status });
  x.setRequestHeader("Reflex-Event-Handler", handler); x.dispatchEvent(new Event(what)); }"""


@pytest.mark.parametrize(
    ("handler", "what", "status", "told"),
    [
        ("app.rows.upload_many", "error", 0, "a"),
        ("app.rows_import.upload", "abort", 0, "b"),
        ("app.rows_import.upload", "timeout", 0, "b"),
        ("app.other.upload", "error", 0, ""),
        ("app.rows.upload_many", "load", 200, ""),
        ("app.rows.upload_many", "load", 403, "a"),
        ("app.rows_import.upload", "load", 429, "b"),
    ],
)
def test_who_sent_it_is_told(show, handler, what, status, told):
    page = show(BODY)
    page.evaluate(LISTEN)
    page.evaluate(BREAK, [handler, what, status])
    assert page.inner_text("#told") == told
