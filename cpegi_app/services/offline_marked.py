"""The clerk's own workbook with the wrong cells coloured and commented, everything else as it was.

The parts of the file are changed in place, not written anew by a library: no picture, formula, width or
hidden row can be lost that way, and ten thousand rows take a second. What is wrong stands in comments.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape, quoteattr

from cpegi_app.errors import DomainError
from cpegi_app.services import offline_unmarked

# What a finding looks like: red for wrong, grey for filed already, orange for a look.
FILLS = {"bad": "FFFFC7CE", "there": "FFE3E6EA", "warn": "FFFFE2B8"}
COMMENTS = 5_000
# A cell that was marked before and is right now.
CLEAR = "clear"
AUTHOR = "平台导入检查"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LATER = ("legacyDrawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst")
_SPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_VML = (
    f"<xml {_SPACES}>"
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" '
    'o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" '
    'o:connecttype="rect"/></v:shapetype></xml>'
)

# (row, column) → kind and comment.
Marks = dict[tuple[int, int], tuple[str, str]]


class Unmarkable(DomainError):
    """A workbook whose parts are not as expected; the list on the page says the same."""

    def __init__(self) -> None:
        super().__init__("这份文件的内部格式特殊，无法标注。请按页面上的错误列表修改，或下载模板重新填写。")


def marks(findings: Sequence[Sequence]) -> Marks:
    """Return what to mark from a trial's findings; several at one cell become one comment."""
    found: Marks = {}
    for kind, row, column, _name, _value, text, right in findings:
        if not column:
            continue
        said = f"{text}。\n正确填写：{right}" if kind == "bad" and right else f"{text}。"
        before = found.get((row, column))
        found[row, column] = (before[0], f"{before[1]}\n{said}") if before else (kind, said)
    return found


def mark(data: bytes, part: str, found: Marks) -> bytes:
    """Return the workbook with the cells of one sheet marked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {i.filename: archive.read(i) for i in archive.infolist()}
        infos = archive.infolist()
    try:
        changed = _changed(parts, part, found)
    except (KeyError, UnicodeDecodeError, ValueError, AttributeError) as problem:
        raise Unmarkable from problem
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for info in infos:
            archive.writestr(info, changed.pop(info.filename, parts[info.filename]), info.compress_type)
        for name, content in changed.items():
            archive.writestr(name, content)
    return out.getvalue()


def _changed(parts: dict[str, bytes], part: str, found: Marks) -> dict[str, bytes]:
    styles, style_of = _styles(parts["xl/styles.xml"].decode("utf-8"))
    # What an earlier trial has said of a cell is said no longer: the clerk may have put it right.
    before = offline_unmarked.places(parts, part, AUTHOR)
    sheet = _cells(parts[part].decode("utf-8"), dict.fromkeys(before, (CLEAR, "")) | found, style_of)
    parts = parts | offline_unmarked.without(parts, part, before | set(found))
    changed = {"xl/styles.xml": styles().encode()}
    sheet, more = _comments(parts, part, sheet, found)
    return {**changed, part: sheet.encode(), **more}


# --- styles -------------------------------------------------------------------------------------------


def _styles(text: str) -> tuple[Callable[[], str], Callable[[int, str], int]]:
    """Return what writes the styles out, and what finds a cell format's coloured twin."""
    prefix = _prefix(text, "styleSheet")
    fills = re.search(rf"<{prefix}fills\b[^>]*>(.*?)</{prefix}fills>", text, re.DOTALL)
    formats = re.search(rf"<{prefix}cellXfs\b[^>]*>(.*?)</{prefix}cellXfs>", text, re.DOTALL)
    if fills is None or formats is None:
        raise ValueError("styles")
    first_fill = len(re.findall(rf"<{prefix}fill\b", fills[1]))
    fill_ids = {kind: first_fill + i for i, kind in enumerate(FILLS)} | {CLEAR: 0}
    ours = {i for i, fill in enumerate(_fills(fills[1], prefix)) if any(c in fill for c in FILLS.values())}
    known = re.findall(rf"<{prefix}xf\b[^>]*?/>|<{prefix}xf\b.*?</{prefix}xf>", formats[1], re.DOTALL)
    twins: dict[tuple[int, str], int] = {}
    added: list[str] = []

    def twin(style: int, kind: str) -> int:
        stated = re.search(r'\bfillId="(\d+)"', known[style])
        if kind == CLEAR and not (stated and int(stated[1]) in ours):
            # Coloured by somebody else since.
            return style
        if (style, kind) not in twins:
            twins[style, kind] = len(known) + len(added)
            added.append(_filled(known[style], fill_ids[kind]))
        return twins[style, kind]

    def write() -> str:
        new = "".join(
            f'<{prefix}fill><{prefix}patternFill patternType="solid"><{prefix}fgColor rgb="{color}"/>'
            f"</{prefix}patternFill></{prefix}fill>"
            for color in FILLS.values()
        )
        written = _grown(text, prefix, "fills", new, len(FILLS))
        return _grown(written, prefix, "cellXfs", "".join(added), len(added))

    return write, twin


def _fills(text: str, prefix: str) -> list[str]:
    return re.findall(rf"<{prefix}fill\b[^>]*?/>|<{prefix}fill\b.*?</{prefix}fill>", text, re.DOTALL)


def _filled(xf: str, fill: int) -> str:
    head, rest = re.match(r"(<[^>]*?)(/?>.*)", xf, re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess]
    head = re.sub(r'\s(?:fillId|applyFill)="[^"]*"', "", head)
    return f'{head} fillId="{fill}" applyFill="1"{rest}'


def _grown(text: str, prefix: str, name: str, added: str, count: int) -> str:
    def head(m: re.Match) -> str:
        return re.sub(r'count="(\d+)"', lambda c: f'count="{int(c[1]) + count}"', m[0])

    text = re.sub(rf"<{prefix}{name}\b[^>]*>", head, text, count=1)
    return text.replace(f"</{prefix}{name}>", f"{added}</{prefix}{name}>", 1)


def _prefix(text: str, root: str) -> str:
    found = re.search(rf"<(\w+:)?{root}\b", text)
    if found is None:
        raise ValueError(root)
    return found[1] or ""


# --- cells --------------------------------------------------------------------------------------------


def _cells(text: str, found: Marks, style_of: Callable[[int, str], int]) -> str:
    prefix = _prefix(text, "worksheet")
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
        last = offline_unmarked.column_of(stated[1]) if stated else last + 1
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


def letters(column: int) -> str:
    """Return a column's letters: 1 is A."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


# --- comments -----------------------------------------------------------------------------------------


def _comments(parts: dict[str, bytes], part: str, sheet: str, found: Marks) -> tuple[str, dict[str, bytes]]:
    """Return the sheet with its comments' drawing named, and the parts that hold the comments."""
    folder, name = part.rsplit("/", 1)
    rels_name = f"{folder}/_rels/{name}.rels"
    rels = parts.get(rels_name, b"").decode("utf-8") or (
        f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
    )
    types = parts["[Content_Types].xml"].decode("utf-8")
    comments, drawing = (
        offline_unmarked.target(rels, folder, "/comments"),
        offline_unmarked.target(rels, folder, "/vmlDrawing"),
    )
    if not comments:
        comments, rels = _new_part(parts, rels, "comments", "xl/comments_cpegi{}.xml", "cpegiC")
        types = _typed(types, comments)
    if not drawing:
        drawing, rels = _new_part(parts, rels, "vmlDrawing", "xl/drawings/vmlDrawing_cpegi{}.vml", "cpegiV")
        sheet = _with_drawing(sheet, "cpegiV")
        if 'Extension="vml"' not in types:
            default = '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
            types = re.sub(r"(<(?:\w+:)?Types\b[^>]*>)", rf"\1{default}", types, count=1)
    said = sorted(found.items())[:COMMENTS]
    return sheet, {
        rels_name: rels.encode(),
        "[Content_Types].xml": types.encode(),
        comments: _with_comments(parts.get(comments, b"").decode("utf-8"), said).encode(),
        drawing: _with_shapes(parts.get(drawing, b"").decode("utf-8") or _VML, said).encode(),
    }


def _new_part(parts: dict[str, bytes], rels: str, kind: str, pattern: str, ident: str) -> tuple[str, str]:
    name = next(p for n in range(1, 100) if (p := pattern.format(n)) not in parts)
    relation = f'<Relationship Id="{ident}" Type="{_OFFICE}/{kind}" Target="/{name}"/>'
    return name, re.sub(r"</((?:\w+:)?Relationships)>", rf"{relation}</\1>", rels, count=1)


def _typed(types: str, name: str) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
    override = f'<Override PartName="/{name}" ContentType="{kind}"/>'
    return re.sub(r"</((?:\w+:)?Types)>", rf"{override}</\1>", types, count=1)


def _with_drawing(sheet: str, ident: str) -> str:
    prefix = _prefix(sheet, "worksheet")
    tag = f'<{prefix}legacyDrawing xmlns:r="{_OFFICE}" r:id="{ident}"/>'
    later = re.search(rf"<{prefix}(?:{'|'.join(_LATER)})\b", sheet)
    at = later.start() if later else sheet.rindex(f"</{prefix}worksheet>")
    return sheet[:at] + tag + sheet[at:]


def _with_comments(text: str, said: Sequence) -> str:
    if not text:
        text = f'{_HEAD}<comments xmlns="{_MAIN}"><authors></authors><commentList></commentList></comments>'
    prefix = _prefix(text, "comments")
    author = len(re.findall(rf"<{prefix}author\b", text))
    # Whose comment it is tells a later trial which ones are its own.
    named = f"<{prefix}author>{AUTHOR}</{prefix}author></{prefix}authors>"
    text = re.sub(rf"<{prefix}authors\s*/>", f"<{prefix}authors></{prefix}authors>", text, count=1)
    text = text.replace(f"</{prefix}authors>", named, 1)
    text = re.sub(
        rf"<{prefix}commentList\s*/>", f"<{prefix}commentList></{prefix}commentList>", text, count=1
    )
    new = "".join(
        f'<{prefix}comment ref="{letters(c)}{r}" authorId="{author}"><{prefix}text><{prefix}t xml:space="preserve">'
        f"{escape(words)}</{prefix}t></{prefix}text></{prefix}comment>"
        for (r, c), (_, words) in said
    )
    return text.replace(f"</{prefix}commentList>", f"{new}</{prefix}commentList>", 1)


def _with_shapes(text: str, said: Sequence) -> str:
    shapes = "".join(
        # A drawing that another program has written may know the names under other signs.
        f'<v:shape {_SPACES} id={quoteattr(f"_cpegi_{r}_{c}")} type="#_x0000_t202" style="position:absolute;width:240pt;'
        'height:80pt;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:textbox/>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>'
        f"<x:Row>{r - 1}</x:Row><x:Column>{c - 1}</x:Column></x:ClientData></v:shape>"
        for (r, c), _ in said
    )
    return text.replace("</xml>", f"{shapes}</xml>", 1)
