"""Comments put into a sheet's own parts: the text, the shape that shows it, and what was in the cell before.

Standard library only, for the guarded child that marks a workbook.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

COMMENTS = 5_000
AUTHOR = "平台导入检查"
# What stands between our words and the comment that was in the cell before; by it that one is known again and put back.
_BEFORE = re.compile(r"\n——\n原批注（(.*?)）：(.*)\Z", re.DOTALL)
# Excel keeps a conversation at a cell in a part of its own, and for older programs a comment of such an author.
_THREAD = "tc="
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


# Row and column, from 1.
Place = tuple[int, int]


def prefix_of(text: str, root: str) -> str:
    """Return the prefix, with its colon, that a part gives its elements."""
    found = re.search(rf"<(\w+:)?{root}\b", text)
    if found is None:
        raise ValueError(root)
    return found[1] or ""


def letters(column: int) -> str:
    """Return a column's letters: 1 is A."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def column_of(text: str) -> int:
    """Return a column's number: A is 1."""
    found = 0
    for letter in text:
        found = found * 26 + ord(letter) - 64
    return found


def _place(ref: str) -> Place:
    name = ref.rstrip("0123456789")
    return int(ref[len(name) :]), column_of(name)


def commented(
    parts: Mapping[str, bytes], part: str, sheet: str, found: Mapping[Place, tuple[str, str]]
) -> tuple[str, dict[str, bytes]]:
    """Return the sheet with its comments' drawing named, and the parts that hold the comments."""
    folder, name = part.rsplit("/", 1)
    rels_name = f"{folder}/_rels/{name}.rels"
    rels = parts.get(rels_name, b"").decode("utf-8") or (
        f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
    )
    types = parts["[Content_Types].xml"].decode("utf-8")
    comments, drawing = _target(rels, folder, "/comments"), _target(rels, folder, "/vmlDrawing")
    threads = _target(rels, folder, "/threadedComment")
    if not comments:
        comments, rels = _new_part(parts, rels, "comments", "xl/comments_cpegi{}.xml", "cpegiC")
        types = _typed(types, comments)
    if not drawing:
        drawing, rels = _new_part(parts, rels, "vmlDrawing", "xl/drawings/vmlDrawing_cpegi{}.vml", "cpegiV")
        sheet = _with_drawing(sheet, "cpegiV")
        if 'Extension="vml"' not in types:
            kind = "application/vnd.openxmlformats-officedocument.vmlDrawing"
            default = rf'<\2Default Extension="vml" ContentType="{kind}"/>'
            types = re.sub(r"(<((?:\w+:)?)Types\b[^>]*>)", rf"\1{default}", types, count=1)
    text, said, gone = _with_comments(parts.get(comments, b"").decode("utf-8"), _said(found))
    changed = {
        rels_name: rels.encode(),
        "[Content_Types].xml": types.encode(),
        comments: text.encode(),
        drawing: _with_shapes(parts.get(drawing, b"").decode("utf-8") or _VML, said, gone).encode(),
    }
    if threads in parts:
        changed[threads] = _without_threads(parts[threads].decode("utf-8"), gone).encode()
    return sheet, changed


def _said(found: Mapping[Place, tuple[str, str]]) -> dict[str, str]:
    """Return what is said at which cells, in order: a workbook bears so many comments, and what is wrong comes first."""
    chosen = sorted(found.items(), key=lambda mark: (mark[1][0] != "bad", mark[0]))
    return {f"{letters(c)}{r}": words for (r, c), (_, words) in sorted(chosen[:COMMENTS])}


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


def _new_part(parts: Mapping[str, bytes], rels: str, kind: str, pattern: str, ident: str) -> tuple[str, str]:
    name = next(p for n in range(1, 100) if (p := pattern.format(n)) not in parts)
    relation = rf'<\1Relationship Id="{ident}" Type="{_OFFICE}/{kind}" Target="/{name}"/>'
    return name, re.sub(r"</((?:\w+:)?)Relationships>", rf"{relation}</\1Relationships>", rels, count=1)


def _typed(types: str, name: str) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
    override = rf'<\1Override PartName="/{name}" ContentType="{kind}"/>'
    return re.sub(r"</((?:\w+:)?)Types>", rf"{override}</\1Types>", types, count=1)


def _with_drawing(sheet: str, ident: str) -> str:
    prefix = prefix_of(sheet, "worksheet")
    tag = f'<{prefix}legacyDrawing xmlns:r="{_OFFICE}" r:id="{ident}"/>'
    later = re.search(rf"<{prefix}(?:{'|'.join(_LATER)})\b", sheet)
    at = later.start() if later else sheet.rindex(f"</{prefix}worksheet>")
    return sheet[:at] + tag + sheet[at:]


def _with_comments(text: str, said: Mapping[str, str]) -> tuple[str, list[str], set[str]]:
    """Return the comments with what is said, the cells of those written, and of those that gave way.

    A cell has one comment: the clerk's own stands below ours, and comes back once ours is taken off.
    """
    text = (
        text or f'{_HEAD}<comments xmlns="{_MAIN}"><authors></authors><commentList></commentList></comments>'
    )
    prefix = prefix_of(text, "comments")
    text, authors = _with_author(text, prefix, AUTHOR)
    gone, own = set[str](), dict[str, tuple[str, str]]()

    def kept(m: re.Match) -> str:
        stated = {
            name: value for name, value in re.findall(r'\s(ref|authorId)="([^"]*)"', m[0].partition(">")[0])
        }
        ref, author = stated.get("ref", ""), authors[int(stated.get("authorId", 0))]
        if not ref or (author != AUTHOR and ref not in said):
            return m[0]
        gone.add(ref)
        if before := _own(author, _words(m[0])):
            own[ref] = before
        return ""

    text = re.sub(rf"<{prefix}comment\s.*?</{prefix}comment>", kept, text, flags=re.DOTALL)
    text = re.sub(rf"<{prefix}commentList\s*/>", f"<{prefix}commentList></{prefix}commentList>", text)
    new = [(ref, AUTHOR, f"{words}{_below(own.pop(ref, None))}") for ref, words in said.items()]
    new += [(ref, *before) for ref, before in own.items()]
    written = []
    for ref, author, words in new:
        if author not in authors:
            text, authors = _with_author(text, prefix, author)
        written.append(
            f'<{prefix}comment ref="{ref}" authorId="{authors.index(author)}"><{prefix}text><{prefix}t xml:space="preserve">'
            f"{escape(words)}</{prefix}t></{prefix}text></{prefix}comment>"
        )
    end = f"</{prefix}commentList>"
    return text.replace(end, "".join(written) + end, 1), [ref for ref, _, _ in new], gone


def _words(comment: str) -> str:
    return html.unescape("".join(re.findall(r"<(?:\w+:)?t\b[^>]*>([^<]*)<", comment)))


def _own(author: str, words: str) -> tuple[str, str] | None:
    """Return author and words of the clerk's own comment: this one, or the one below ours."""
    if author == AUTHOR:
        below = _BEFORE.search(words)
        return (below[1], below[2]) if below else None
    if author.startswith(_THREAD):
        # What older programs show of a conversation: advice, an address, then who said what.
        return "批注", words.partition("linkid=870924")[2].strip() or words
    return author, words


def _below(own: tuple[str, str] | None) -> str:
    return f"\n——\n原批注（{own[0]}）：{own[1]}" if own else ""


def _without_threads(text: str, gone: set[str]) -> str:
    """Return the conversations without those at the cells whose comment gave way."""

    def kept(m: re.Match) -> str:
        return "" if m[2] in gone else m[0]

    pattern = r'<((?:\w+:)?)threadedComment\s[^>]*?\bref="([^"]*)"[^>]*>.*?</\1threadedComment>'
    return re.sub(pattern, kept, text, flags=re.DOTALL)


def _with_author(text: str, prefix: str, author: str) -> tuple[str, list[str]]:
    """Return the comments with somebody among their authors, and the authors in order."""
    text = re.sub(rf"<{prefix}authors\s*/>", f"<{prefix}authors></{prefix}authors>", text, count=1)
    listed = text.partition(f"</{prefix}authors>")[0]
    found = re.findall(rf"<{prefix}author\b[^>]*?(?:/>|>(.*?)</{prefix}author>)", listed, re.DOTALL)
    authors = [html.unescape(name) for name in found]
    if author in authors:
        return text, authors
    added = f"<{prefix}author>{escape(author)}</{prefix}author></{prefix}authors>"
    return text.replace(f"</{prefix}authors>", added, 1), [*authors, author]


def _with_shapes(text: str, said: Sequence[str], gone: set[str]) -> str:
    """Return the drawing with a shape for each comment written, without those of the comments that gave way."""

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
        for r, c in map(_place, said)
    )
    root = re.search(r"<xml\b[^>]*>", text)
    # Other programs name the spaces as they like.
    absent = [
        f' xmlns:{p}="{space}"' for p, space in _SPACES.items() if f"xmlns:{p}=" not in (root or [""])[0]
    ]
    text = re.sub(r"<xml\b", "<xml" + "".join(absent), text, count=1)
    return text.replace("</xml>", f"{shapes}</xml>", 1)
