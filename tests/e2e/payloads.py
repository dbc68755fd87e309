"""Texts that run as script where a page is careless, and the way to put one into every text of a database."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.state.test_leaks import CODES, FREE

RUN = "window.__xss=1"
_TAGS = (
    f"<script>{RUN}</script>", f"<ScRiPt>{RUN}</sCrIpT>", f"<script/x>{RUN}</script>", "<script src=//xss.test/1>",
    f"<img src=x onerror={RUN}>", f"<img/src=x/onerror={RUN}>", f"<IMG SRC=x ONERROR='{RUN}'>",
    f"<svg onload={RUN}>", f"<svg/onload={RUN}//", f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>", f"<svg><a xlink:href='javascript:{RUN}'><text>x",
    f"<body onload={RUN}>", f"<iframe srcdoc='<script>parent.{RUN}</script>'>", f"<iframe src=javascript:{RUN}>",
    "<iframe src=//xss.test/2>", f"<object data=javascript:{RUN}>", "<embed src=//xss.test/3>",
    f"<details open ontoggle={RUN}>", f"<video><source onerror={RUN}>", f"<audio src=x onerror={RUN}>",
    f"<input autofocus onfocus={RUN}>", f"<select autofocus onfocus={RUN}>", f"<textarea autofocus onfocus={RUN}>",
    f"<marquee onstart={RUN}>", f"<math><a xlink:href=javascript:{RUN}>x", "<link rel=stylesheet href=//xss.test/4>",
    "<style>@import '//xss.test/5';</style>", "<style>*{background:url(//xss.test/6)}</style>",
    f"<a href=javascript:{RUN}>x</a>", f"<form action=javascript:{RUN}><button>x", "<base href=//xss.test/>",
    "<meta http-equiv=refresh content='0;url=//xss.test/7'>", f"<meta http-equiv=refresh content='0;javascript:{RUN}'>",
    f"<template><script>{RUN}</script></template>", f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<xss onpointerover={RUN} style=position:fixed;inset:0>x", f"<div style=animation-name:x onanimationend={RUN}>",
    f"<img src=x onerror=eval(atob('{'d2luZG93Ll9feHNzPTE='}'))>", "<portal src=//xss.test/8>",
)  # fmt: skip
_PLAIN = (
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f" javascript:{RUN}", f"java\tscript:{RUN}", f"\x01javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>", f"vbscript:{RUN}", "//xss.test/9", "https://xss.test/10",
    f"{{{{constructor.constructor('{RUN}')()}}}}", f"${{{RUN}}}", f"#{{{RUN}}}", f"<%= {RUN} %>", f"{{%{RUN}%}}",
    f"[x](javascript:{RUN})", "![x](//xss.test/11)", f"<javascript:{RUN}>", f"`{RUN}`", f"');{RUN};//", f'");{RUN};//',
    f"\\\");{RUN};//", f"</script><script>{RUN}</script>", f"--></style></title><svg onload={RUN}>",
    f"'><img src=x onerror={RUN}>", f'"><img src=x onerror={RUN}>', f"]]><img src=x onerror={RUN}>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;", f"%3Cscript%3E{RUN}%3C/script%3E", f"\\u003cscript\\u003e{RUN}",
    f"＜script＞{RUN}＜/script＞", f"<\u200bscript>{RUN}</script>", f"+ADw-script+AD4-{RUN}",
    '{"__html":"<img src=x onerror=' + RUN + '>"}', '{"dangerouslySetInnerHTML":{"__html":"<svg onload=' + RUN + '>"}}',
    f"=HYPERLINK(\"javascript:{RUN}\")", f"\u202e<script>{RUN}</script>", f"<!--<img src='--><img src=x onerror={RUN}>'>",
    f"<a href='\x0bjavascript:{RUN}'>x</a>", f"onerror={RUN}", f"\" autofocus onfocus={RUN} x=\"",
)  # fmt: skip
_WRAPPED = tuple(
    f"{before}{text}" for before, text in itertools.product(('">', "</textarea></select>"), _TAGS[:20])
)
PAYLOADS: tuple[str, ...] = (*_TAGS, *_PLAIN, *_WRAPPED)
# A word that no line holds, in every text: which text widens a page is not left to the order of the payloads.
LONG_WORD = "Unbroken" * 7


def poison(database: Path) -> tuple[int, int]:
    """Put a payload into every free text of every row; return how many texts, and how many columns."""
    turn: Iterator[str] = (f"{text} //{LONG_WORD}" for text in itertools.cycle(PAYLOADS))
    texts, places = 0, set()
    with sqlite3.connect(database, timeout=20) as connection:
        names = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'trigger')"
        found = connection.execute(names).fetchall()
        for name in (n for n, kind in found if kind == "trigger"):
            connection.execute(f'DROP TRIGGER "{name}"')
        for table in (n for n, kind in found if kind == "table" and n not in UNTOUCHED):
            columns = {c[1]: c[2].upper() for c in connection.execute(f'PRAGMA table_info("{table}")')}
            for (row,) in connection.execute(f'SELECT id FROM "{table}"').fetchall():
                for column, kind in columns.items():
                    if kind == "JSON":
                        query = f'SELECT "{column}" FROM "{table}" WHERE id = ?'
                        value = json.loads(connection.execute(query, (row,)).fetchone()[0] or "{}")
                        poisoned, count = _poisoned(value, turn)
                        text = json.dumps(poisoned, ensure_ascii=False)
                        if not count:
                            continue
                    elif kind.startswith("VARCHAR") and column not in CODES and column not in KEPT:
                        text, count = next(turn), 1
                        if column in SINGLE:
                            text += f" {row}"
                    else:
                        continue
                    connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE id = ?', (text, row))
                    texts, places = texts + count, places | {(table, column)}
    return texts, len(places)


# What finds a login or a file is left as it is.
UNTOUCHED = {
    "alembic_version",
    "login_session",
    "login_ticket",
    "sms_code",
    "sms_outbox",
    "attempt",
    "idempotency_key",
}
# What a table takes only once gets its row's number.
SINGLE = {"iou_no"}
KEPT = {"phone", "password_hash", "sha256", "credit_code"}


def _poisoned(value: Any, turn: Iterator[str]) -> tuple[Any, int]:
    if not isinstance(value, dict):
        return value, 0
    done, total = {}, 0
    for key, inner in value.items():
        if key in FREE and isinstance(inner, str):
            done[key], count = next(turn), 1
        else:
            done[key], count = _poisoned(inner, turn)
        total += count
    return done, total
