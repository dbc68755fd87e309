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

# What a finding looks like: red for wrong, grey for filed already, orange for a look. Each a shade beside
# the colours that Excel offers, so that a mark is known again and a clerk's own colour is left alone.
FILLS = {"bad": "FFFFC7CD", "there": "FFE3E6EB", "warn": "FFFFE2B9"}
_OURS = {f'rgb="{color}"' for color in FILLS.values()}
# What a background colour says where a mark covers no fill.
_NONE = {"", 'indexed="64"', 'indexed="65"', 'auto="1"', 'rgb="00000000"', *_OURS}
COMMENTS = 5_000
AUTHOR = "平台导入检查"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LATER = ("legacyDrawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst")
_SPACES = {
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "x": "urn:schemas-microsoft-com:office:excel",
}
_VML = (
    '<xml><v:shapetype id="_x0000_t202" coordsize="21600,21600" '
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
    styles = _Styles(parts["xl/styles.xml"].decode("utf-8"))
    sheet = _cells(_unmarked(parts[part].decode("utf-8"), styles), found, styles.twin)
    sheet, more = _comments(parts, part, sheet, found)
    return {"xl/styles.xml": styles.written().encode(), part: sheet.encode(), **more}


# --- styles -------------------------------------------------------------------------------------------


class _Styles:
    """A workbook's cell formats, their coloured twins, and the way back from a twin.

    A mark's fill keeps the colour that it covers as the background colour, which a solid fill does not
    show: other programs number styles anew, but leave a fill as it is.
    """

    def __init__(self, text: str) -> None:
        self._text, self._prefix = text, _prefix(text, "styleSheet")
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

    prefix = _prefix(text, "worksheet")
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
        last = _column(stated[1]) if stated else last + 1
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


def _column(text: str) -> int:
    found = 0
    for letter in text:
        found = found * 26 + ord(letter) - 64
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
    comments, drawing = _target(rels, folder, "/comments"), _target(rels, folder, "/vmlDrawing")
    if not comments:
        comments, rels = _new_part(parts, rels, "comments", "xl/comments_cpegi{}.xml", "cpegiC")
        types = _typed(types, comments)
    if not drawing:
        drawing, rels = _new_part(parts, rels, "vmlDrawing", "xl/drawings/vmlDrawing_cpegi{}.vml", "cpegiV")
        sheet = _with_drawing(sheet, "cpegiV")
        if 'Extension="vml"' not in types:
            default = '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
            types = re.sub(r"(<(?:\w+:)?Types\b[^>]*>)", rf"\1{default}", types, count=1)
    said = _said(found)
    text, gone = _with_comments(parts.get(comments, b"").decode("utf-8"), said)
    return sheet, {
        rels_name: rels.encode(),
        "[Content_Types].xml": types.encode(),
        comments: text.encode(),
        drawing: _with_shapes(parts.get(drawing, b"").decode("utf-8") or _VML, said, gone).encode(),
    }


def _said(found: Marks) -> list[tuple[tuple[int, int], tuple[str, str]]]:
    """Return which marks are commented, in order: a workbook bears so many comments, and what is wrong comes first."""
    chosen = sorted(found.items(), key=lambda mark: (mark[1][0] != "bad", mark[0]))
    return sorted(chosen[:COMMENTS])


def _target(rels: str, folder: str, kind: str) -> str:
    for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", rels):
        stated = re.search(r'\bType="([^"]*)"', tag)
        target = re.search(r'\bTarget="([^"]*)"', tag)
        if stated and target and stated[1].endswith(kind):
            path = target[1]
            if path.startswith("/"):
                return path[1:]
            places = folder.split("/")
            while path.startswith("../"):
                path, places = path[3:], places[:-1]
            return "/".join([*places, path])
    return ""


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


def _with_comments(text: str, said: Sequence) -> tuple[str, set[str]]:
    """Return the comments with what is said, and the cells whose earlier comment gave way."""
    text = (
        text or f'{_HEAD}<comments xmlns="{_MAIN}"><authors></authors><commentList></commentList></comments>'
    )
    prefix = _prefix(text, "comments")
    text, author = _with_author(text, prefix)
    # A comment of the clerk's own at the same cell gives way: a cell has one. So does all of an earlier marking.
    gone, places = set[str](), {f"{letters(c)}{r}" for (r, c), _ in said}

    def kept(m: re.Match) -> str:
        head = m[0].partition(">")[0]
        ref = re.search(r'\sref="([^"]*)"', head)
        if ref is None or (f'authorId="{author}"' not in head and ref[1] not in places):
            return m[0]
        gone.add(ref[1])
        return ""

    text = re.sub(rf"<{prefix}comment\s.*?</{prefix}comment>", kept, text, flags=re.DOTALL)
    text = re.sub(rf"<{prefix}commentList\s*/>", f"<{prefix}commentList></{prefix}commentList>", text)
    new = "".join(
        f'<{prefix}comment ref="{letters(c)}{r}" authorId="{author}"><{prefix}text><{prefix}t xml:space="preserve">'
        f"{escape(words)}</{prefix}t></{prefix}text></{prefix}comment>"
        for (r, c), (_, words) in said
    )
    return text.replace(f"</{prefix}commentList>", f"{new}</{prefix}commentList>", 1), gone


def _with_author(text: str, prefix: str) -> tuple[str, int]:
    """Return the comments with the platform among their authors, and its number."""
    text = re.sub(rf"<{prefix}authors\s*/>", f"<{prefix}authors></{prefix}authors>", text, count=1)
    listed = text.partition(f"</{prefix}authors>")[0]
    authors = re.findall(rf"<{prefix}author\b[^>]*?(?:/>|>(.*?)</{prefix}author>)", listed, re.DOTALL)
    if AUTHOR in authors:
        return text, authors.index(AUTHOR)
    added = f"<{prefix}author>{AUTHOR}</{prefix}author></{prefix}authors>"
    return text.replace(f"</{prefix}authors>", added, 1), len(authors)


def _with_shapes(text: str, said: Sequence, gone: set[str]) -> str:
    """Return the drawing with a shape for each comment, without those of the comments that gave way."""

    def kept(m: re.Match) -> str:
        row, column = (re.search(rf"<\w+:{n}>\s*(\d+)", m[0]) for n in ("Row", "Column"))
        if row is None or column is None or 'ObjectType="Note"' not in m[0]:
            return m[0]
        return "" if f"{letters(int(column[1]) + 1)}{int(row[1]) + 1}" in gone else m[0]

    text = re.sub(r"<(\w+):shape\s.*?</\1:shape>", kept, text, flags=re.DOTALL)
    shapes = "".join(
        f'<v:shape id={quoteattr(f"_cpegi_{r}_{c}")} type="#_x0000_t202" style="position:absolute;width:240pt;'
        'height:80pt;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:textbox/>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>'
        f"<x:Row>{r - 1}</x:Row><x:Column>{c - 1}</x:Column></x:ClientData></v:shape>"
        for (r, c), _ in said
    )
    root = re.search(r"<xml\b[^>]*>", text)
    # Other programs name the spaces as they like.
    absent = [
        f' xmlns:{p}="{space}"' for p, space in _SPACES.items() if f"xmlns:{p}=" not in (root or [""])[0]
    ]
    text = re.sub(r"<xml\b", "<xml" + "".join(absent), text, count=1)
    return text.replace("</xml>", f"{shapes}</xml>", 1)
