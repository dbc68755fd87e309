"""What the cell formats of a workbook show of a number: per cent, leading zeros and signs, or less than there is.

Part of the guarded child that reads a workbook: standard library only.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

# A format that shows a number as per cent; one that shows less of it than there is (12.3万 for 123456).
PERCENT, SCALED = "%", ","
# So many cells with such formats are told of a workbook.
MOST = 200_000

_FORMAT = re.compile(r"<(?:\w+:)?numFmt\b[^>]*>")
_CELL_FORMATS = re.compile(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_XF = re.compile(r"<(?:\w+:)?xf\b[^>]*>")
# One sign of a format: a quoted text, an escaped sign, a bracket, room as wide as a sign, any other sign.
_SIGN = re.compile(r'"([^"]*)"|[\\!](.)|(\[[^\]]*\])|[_*].|(.)', re.DOTALL)
_PLACES = frozenset("0#?")
# What stands for itself without being quoted.
_ITSELF = frozenset(" -/():+¥￥$")


def attribute(tag: str, name: str) -> str:
    """Return an attribute of a tag, empty when it has none."""
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    if found is None or "&" not in found[1]:
        return found[1] if found else ""
    # Hardly ever: the table of entities takes a while to load.
    import html

    return html.unescape(found[1])


def shapes(archive: zipfile.ZipFile) -> dict[int, str]:
    """Return the cell formats that matter, by their number: PERCENT, SCALED, or the format of whole numbers itself."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    text = archive.read("xl/styles.xml").decode("utf-8", "replace")
    kinds = {"9": PERCENT, "10": PERCENT}
    for tag in _FORMAT.findall(text):
        if kind := _kind(attribute(tag, "formatCode")):
            kinds[attribute(tag, "numFmtId")] = kind
    formats = _CELL_FORMATS.search(text)
    numbers = [attribute(tag, "numFmtId") for tag in _XF.findall(formats[0])] if formats else []
    return {i: kinds[number] for i, number in enumerate(numbers) if number in kinds}


def _kind(code: str) -> str:
    signs = list(_signs(code))
    bare = "".join(sign for sign, is_text in signs if not is_text)
    if "%" in bare:
        return PERCENT
    if re.search(r"[0#?],+(?![0#?,])", bare) or _has_written_point(signs):
        return SCALED
    is_whole = "0" in bare and not set(bare) - _PLACES - _ITSELF
    return code if is_whole and (bare.count("0") > 1 or len(signs) > bare.count("#") + 1) else ""


def _has_written_point(signs: list[tuple[str, bool]]) -> bool:
    """Tell whether a point that is a mere sign stands between places: 0!.0000 shows 123456 as 12.3456."""
    return any(
        text and sign.strip() in (".", ",") and {before[0], after[0]} <= _PLACES
        for before, (sign, text), after in zip(signs, signs[1:], signs[2:], strict=False)
    )


def _signs(code: str) -> Iterator[tuple[str, bool]]:
    """Yield the signs of a format's first part, and whether each is written as it is; `_` and `*` fill room only."""
    for quoted, escaped, bracket, sign in _SIGN.findall(code):
        if sign == ";":
            return
        if quoted or escaped:
            yield quoted or escaped, True
        elif sign:
            yield sign, False
        elif bracket.startswith(("[<", "[>", "[=")):
            # What is shown depends on the value: such a format is left alone.
            yield "?condition", False


def shown(code: str, digits: str) -> str:
    """Return the digits of a whole number as a format shows them: 001234, JJ-001234, 001-234."""
    signs = list(_signs(code))
    last = len(signs)
    first = next(i for i, (sign, text) in enumerate(signs) if not text and sign in _PLACES)
    out: list[str] = []
    rest = digits
    for i in range(last - 1, -1, -1):
        sign, is_text = signs[i]
        if is_text or sign not in _PLACES:
            out.append(sign)
            continue
        out.append(rest[-1:] or ("0" if sign == "0" else ""))
        rest = rest[:-1]
        if i == first:
            out.append(rest)
    return "".join(reversed(out)).strip()


def cells(xml: bytes, styles: dict[int, str]) -> dict[int, list[tuple[int, str]]]:
    """Return by row the columns (from 1) of the numbers with one of the formats; texts are shown as they are."""
    if not styles:
        return {}
    chosen = b"|".join(str(i).encode() for i in sorted(styles))
    pattern = re.compile(
        rb'<(?:\w+:)?c\b(?=[^>]*\bs="(' + chosen + rb')")(?![^>]*\bt="(?!n")[a-zA-Z]+")'
        rb'[^>]*?\br="([A-Z]{1,3})(\d+)"'
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for m in pattern.finditer(xml):
        found.setdefault(int(m[3]), []).append((column(m[2]), styles[int(m[1])]))
    return found


def column(letters: bytes) -> int:
    """Return a column's number, from 1."""
    found = 0
    for letter in letters:
        found = found * 26 + letter - 64
    return found
