"""The guarded child that marks a workbook: cells coloured and commented in place, standard library only.

The parts of the file are changed in place, not written anew by a library: no picture, formula, width or
hidden row can be lost that way, and ten thousand rows take a second. What to mark is a line of JSON on stdin, the workbook
behind it; the marked one is on stdout. A workbook that cannot be marked ends the child with an error.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable

from cpegi_app.services import guarded
from cpegi_app.services.sheet_comments import Place, column_of, commented, letters, prefix_of

# What a finding looks like: red for wrong, grey for filed already, orange for a look. Each a shade beside
# the colours that Excel offers, so that a mark is known again and a clerk's own colour is left alone.
FILLS = {"bad": "FFFFC7CD", "there": "FFE3E6EB", "warn": "FFFFE2B9"}
_OURS = {f'rgb="{color}"' for color in FILLS.values()}
# What a background colour says where a mark covers no fill.
_NONE = {"", 'indexed="64"', 'indexed="65"', 'auto="1"', 'rgb="00000000"', *_OURS}

# (row, column) → kind and comment.
Marks = dict[Place, tuple[str, str]]


def main() -> None:
    """Read stdin within the limits, write stdout."""
    guarded.limit()
    asked, _, data = sys.stdin.buffer.read().partition(b"\n")
    part, listed = json.loads(asked)
    sys.stdout.buffer.write(
        marked(data, part, {(row, column): (kind, text) for row, column, kind, text in listed})
    )


def marked(data: bytes, part: str, found: Marks) -> bytes:
    """Return the workbook with the cells of one sheet marked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {i.filename: archive.read(i) for i in archive.infolist()}
        infos = archive.infolist()
    changed = _changed(parts, part, found)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for info in infos:
            archive.writestr(info, changed.pop(info.filename, parts[info.filename]), info.compress_type)
        for name, content in changed.items():
            archive.writestr(name, content)
    return out.getvalue()


def _changed(parts: dict[str, bytes], part: str, found: Marks) -> dict[str, bytes]:
    styles = _Styles(parts["xl/styles.xml"].decode("utf-8"))
    sheet = _cells(_unmarked(parts[part].decode("utf-8"), styles), found, styles.twin)
    sheet, more = commented(parts, part, sheet, found)
    return {"xl/styles.xml": styles.written().encode(), part: sheet.encode(), **more}


# --- styles -------------------------------------------------------------------------------------------


class _Styles:
    """A workbook's cell formats, their coloured twins, and the way back from a twin.

    A mark's fill keeps the colour that it covers as the background colour, which a solid fill does not
    show: other programs number styles anew, but leave a fill as it is.
    """

    def __init__(self, text: str) -> None:
        self._text, self._prefix = text, prefix_of(text, "styleSheet")
        self._fills, self._formats = self._list("fills", "fill"), self._list("cellXfs", "xf")
        self._had = len(self._fills), len(self._formats)
        self._known: dict[tuple[int, str], int] = {}
        ours = {n for n, fill in enumerate(self._fills) if _color(fill, "fgColor") in _OURS}
        self.marked = {n for n, xf in enumerate(self._formats) if _fill_of(xf) in ours}

    def _list(self, outer: str, inner: str) -> list[str]:
        p = self._prefix
        found = re.search(rf"<{p}{outer}\b[^>]*>(.*?)</{p}{outer}>", self._text, re.DOTALL)
        if found is None:
            raise ValueError(outer)
        return re.findall(rf"<{p}{inner}\b[^>]*?/>|<{p}{inner}\b.*?</{p}{inner}>", found[1], re.DOTALL)

    def twin(self, style: int, kind: str) -> int:
        """Return the format coloured for a kind of mark."""
        fill = self._fills[_fill_of(self._formats[style])]
        covered = _color(fill, "fgColor") if 'patternType="solid"' in fill else ""
        return self._derived(style, f'rgb="{FILLS[kind]}"', covered)

    def plain(self, style: int) -> int:
        """Return the format that a mark covers."""
        covered = _color(self._fills[_fill_of(self._formats[style])], "bgColor")
        return self._derived(style, "" if covered in _NONE else covered, "")

    def _derived(self, style: int, color: str, covered: str) -> int:
        fill = self._solid(color, covered or 'indexed="64"') if color else 0
        format_ = _filled(self._formats[style], fill)
        key = style, format_
        if key not in self._known:
            self._known[key] = len(self._formats)
            self._formats.append(format_)
        return self._known[key]

    def _solid(self, color: str, covered: str) -> int:
        p = self._prefix
        fill = (
            f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor {color}/><{p}bgColor {covered}/>'
            f"</{p}patternFill></{p}fill>"
        )
        if fill not in self._fills:
            self._fills.append(fill)
        return self._fills.index(fill)

    def written(self) -> str:
        """Return the part with what was added."""
        text, (fills, formats) = self._text, self._had
        text = _grown(text, self._prefix, "fills", "".join(self._fills[fills:]), len(self._fills) - fills)
        more = self._formats[formats:]
        return _grown(text, self._prefix, "cellXfs", "".join(more), len(more))


def _color(fill: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}\s+([^>]*?)\s*/?>", fill)
    return found[1] if found else ""


def _fill_of(xf: str) -> int:
    found = re.search(r'\sfillId="(\d+)"', xf)
    return int(found[1]) if found else 0


def _unmarked(text: str, styles: _Styles) -> str:
    """Return the sheet without the colours of an earlier marking."""
    if not styles.marked:
        return text

    def plain(m: re.Match) -> str:
        style = int(m[2])
        return f"{m[1]}{styles.plain(style)}{m[3]}" if style in styles.marked else m[0]

    prefix = prefix_of(text, "worksheet")
    return re.sub(rf'(<{prefix}c\b[^>]*?\ss=")(\d+)(")', plain, text)


def _filled(xf: str, fill: int) -> str:
    head, rest = re.match(r"(<[^>]*?)(/?>.*)", xf, re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess]
    head = re.sub(r'\s(?:fillId|applyFill)="[^"]*"', "", head)
    return f'{head} fillId="{fill}" applyFill="1"{rest}'


def _grown(text: str, prefix: str, name: str, added: str, count: int) -> str:
    def head(m: re.Match) -> str:
        return re.sub(r'count="(\d+)"', lambda c: f'count="{int(c[1]) + count}"', m[0])

    text = re.sub(rf"<{prefix}{name}\b[^>]*>", head, text, count=1)
    return text.replace(f"</{prefix}{name}>", f"{added}</{prefix}{name}>", 1)


# --- cells --------------------------------------------------------------------------------------------


def _cells(text: str, found: Marks, style_of: Callable[[int, str], int]) -> str:
    prefix = prefix_of(text, "worksheet")
    rows: dict[int, dict[int, str]] = {}
    for (row, column), (kind, _) in found.items():
        rows.setdefault(row, {})[column] = kind
    pattern = re.compile(rf"(<{prefix}row\b[^>]*?)(?:/>|>(.*?)</{prefix}row>)", re.DOTALL)
    last = 0

    def coloured(m: re.Match) -> str:
        nonlocal last
        stated = re.search(r'\sr="(\d+)"', m[1])
        last = int(stated[1]) if stated else last + 1
        kinds = rows.get(last)
        return f"{m[1]}>{_row(m[2] or '', prefix, last, kinds, style_of)}</{prefix}row>" if kinds else m[0]

    return pattern.sub(coloured, text)


def _row(
    inside: str, prefix: str, number: int, kinds: dict[int, str], style_of: Callable[[int, str], int]
) -> str:
    cells: dict[int, str] = {}
    last = 0
    pattern = rf"<{prefix}c(?=[\s/>])[^>]*?/>|<{prefix}c(?=[\s>])[^>]*>.*?</{prefix}c>"
    for m in re.finditer(pattern, inside, re.DOTALL):
        stated = re.match(r'[^>]*?\sr="([A-Z]+)\d+"', m[0])
        last = column_of(stated[1]) if stated else last + 1
        cells[last] = m[0]
    for column, kind in kinds.items():
        cell = cells.get(column, f"<{prefix}c/>")
        head, rest = re.match(rf"(<{prefix}c\b[^>]*?)(/?>.*)", cell, re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess]
        style = re.search(r'\ss="(\d+)"', head)
        head = re.sub(r'\s(?:s|r)="[^"]*"', "", head)
        twin = style_of(int(style[1]) if style else 0, kind)
        place = f"{letters(column)}{number}"
        cells[column] = f'<{prefix}c r="{place}" s="{twin}"{head.removeprefix(f"<{prefix}c")}{rest}'
    return "".join(_placed(cells[c], prefix, c, number) for c in sorted(cells))


def _placed(cell: str, prefix: str, column: int, number: int) -> str:
    """Return the cell with its place: beside a cell that was put in, counting would go wrong."""
    if re.match(r'[^>]*?\sr="', cell):
        return cell
    return cell.replace(f"<{prefix}c", f'<{prefix}c r="{letters(column)}{number}"', 1)
