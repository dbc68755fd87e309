"""The first look into a workbook: the ZIP and its parts, before any spreadsheet library opens it."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from cpegi_app.services.filescan import Unsound
from cpegi_app.services.sheet_parts import sheet_parts

MEMBERS = 200
UNPACKED_CAP = 50 << 20
RATIO_CAP = 50
ROW_CAP = 100_000
COLUMN_CAP = 500
CELL_CAP = 1_000_000
# A row with fewer digits is never beyond the cap.
_LONG = len(str(ROW_CAP))
MERGE_CAP = 5_000
MERGED_CELLS_CAP = 200_000
STYLES_CAP = 2 << 20
STRINGS_CAP = 500_000
# All the hyperlinks that Excel allows a sheet, with room.
RELATIONS_CAP = 16 << 20
_DIRECTORY_CAP = 64 << 10
_TRIM = "请删除多余的行、列、格式或拆分后上传"

_ACTIVE_PARTS = re.compile(
    r"vba|externallink|embeddings|activex|macrosheets|customui|oleobject|connections\.xml"
)
_NAME = re.compile(r"[^\x00-\x1f\x7f\\:*?\"<>|]{1,200}")
_ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_ENCODING = re.compile(
    rb"^\W{0,4}<\?xml[^>]{0,200}?encoding\s*=\s*[\"'](?!utf-?8|utf-?16|us-ascii)", re.IGNORECASE
)
# Patterns that begin with letters are found many times faster than ones that begin with a border.
_REFERENCE = re.compile(rb"r(?<!\wr)\s*=\s*[\"']([A-Z]{0,3})(\d{1,9})[\"']")
# References that may be beyond a cap: a long row number, a column from S_ on. Where there is none, none needs a closer look.
_FAR = re.compile(rb"r(?<!\wr)\s*=\s*[\"'](?:[A-Z]{0,3}\d{%d}|[A-Z]{3}\d|[S-Z][A-Z]\d)" % _LONG)
_MERGE = re.compile(
    rb"mergeCell(?<!\wmergeCell)\b[^>]{0,200}?\bref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']"
)


def scan_xlsx(data: bytes) -> None:
    """Refuse a workbook that is a bomb, is active (macros, links, embeddings), or is no plain .xlsx."""
    scan_package(data, WORKBOOK)


@dataclass(frozen=True)
class Plain:
    """What makes a package an honest one of its kind: its main part and its type, its name, what its parts may not hold."""

    main: str
    type: bytes
    name: str
    check: Callable[[str, bytes], None]


def scan_package(data: bytes, plain: Plain) -> None:
    """Refuse a package of an office program that is a bomb, is active, or is not of its kind."""
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members, len(data), plain)
            for member in members:
                _check_member(archive, member, plain)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, struct.error, OSError) as problem:
        raise Unsound("不完整或已损坏") from problem


def _check_directory(data: bytes) -> None:
    """Check the end record by hand: Python's reader believes the directory's size, not its entry count."""
    end = data[-22:]
    if end[:4] != b"PK\x05\x06":
        raise Unsound("不完整或末尾附加了其他内容")
    _, disk, first_disk, here, total, size, offset, _ = struct.unpack("<4sHHHHIIH", end)
    if disk or first_disk or here != total or offset + size + 22 != len(data):
        raise Unsound("结构异常")
    if total > MEMBERS or size > _DIRECTORY_CAP:
        raise Unsound(f"内部文件多于 {MEMBERS} 个")


def _check_members(members: list[zipfile.ZipInfo], packed: int, plain: Plain) -> None:
    """Check names, flags, declared sizes and that no two members share bytes."""
    names = [member.filename.lower() for member in members]
    if len(set(names)) != len(names) or not {"[content_types].xml", plain.main} <= set(names):
        raise Unsound(f"不是 {plain.name}")
    declared = sum(member.file_size for member in members)
    if declared > UNPACKED_CAP or (declared > 1 << 20 and declared > RATIO_CAP * packed):
        raise Unsound("解压后过大", _TRIM)
    end = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        name = member.filename
        if not _NAME.fullmatch(name) or name.startswith("/") or ".." in name.split("/"):
            raise Unsound("内部文件名异常")
        if _ACTIVE_PARTS.search(name.lower()):
            raise Unsound("含有宏、外部链接或嵌入对象")
        if member.flag_bits & 0x1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unsound("设有密码或使用了不支持的压缩方式")
        if member.header_offset < end or (end == 0 and member.header_offset):
            raise Unsound("结构异常")
        end = member.header_offset + 30 + member.compress_size


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, plain: Plain) -> None:
    """Check one part; what is wrong with a sheet names it as its sender knows it."""
    try:
        _check_part(member.filename.lower(), archive.read(member), plain)
    except Unsound as finding:
        if not (sheet := _sheet_of(archive, member.filename)):
            raise
        raise Unsound(f"的工作表“{sheet}”{finding}", finding.advice) from None


def _sheet_of(archive: zipfile.ZipFile, part: str) -> str:
    if not part.lower().startswith("xl/worksheets/") or part.endswith(".rels"):
        return ""
    try:
        named = {place: name for name, place in sheet_parts(archive).items()}
    except KeyError:
        # A workbook without its relations: which sheet it is, nothing tells.
        return ""
    return named.get(part, "")[:31]


def _check_part(name: str, part: bytes, plain: Plain) -> None:
    """Check one unpacked part for what its kind may not hold."""
    if not name.endswith((".xml", ".rels")):
        return
    # Without the NULs an UTF-16 text reads like ASCII, so one pattern finds both.
    text = part.replace(b"\0", b"") if b"\0" in part[:256] else part
    # Another encoding could spell an entity in bytes that this search does not know.
    # The sign first: a pattern looks at every tag of a megabyte, the sign is in hardly any file.
    if (b"<!" in text and _ENTITY.search(text)) or _ENCODING.search(text):
        raise Unsound("含有不允许的 XML 定义")
    if name == "[content_types].xml" and (plain.type not in text or b"macroenabled" in text.lower()):
        raise Unsound(f"不是 {plain.name}")
    if name.endswith(".rels"):
        _check_relations(text)
    else:
        plain.check(name, text)


def _check_book(name: str, text: bytes) -> None:
    if name.startswith("xl/worksheets/"):
        _check_sheet(text)
    elif name == "xl/styles.xml" and len(text) > STYLES_CAP:
        raise Unsound("样式过多", _TRIM)
    elif name == "xl/sharedstrings.xml" and text.count(b"<si") > STRINGS_CAP:
        raise Unsound("文字内容过多", _TRIM)


def _check_relations(text: bytes) -> None:
    """Allow hyperlinks to lead outside, and nothing else."""
    if b"aFChunk" in text:
        # Word would open the other document within this one, a web page too.
        raise Unsound("含有宏、外部链接或嵌入对象")
    if len(text) > RELATIONS_CAP:
        raise Unsound("超链接过多", _TRIM)
    at = 0
    # From sign to sign, each byte looked at once: a pattern for the whole tag takes quadratic time where none is closed.
    while (found := text.find(b"External", at)) >= 0:
        end = text.find(b"<", found)
        end = end if end >= 0 else len(text)
        # No attribute holds a "<", though it may hold a ">".
        if b"/hyperlink" not in text[max(text.rfind(b"<", at, found), at) : end]:
            raise Unsound("含有宏、外部链接或嵌入对象")
        at = end


def _check_sheet(text: bytes) -> None:
    """Refuse a cell far away and merges over many cells: 5 KB of either cost a reader 4 GB."""
    # Counting signs is quick, and there are no more references than signs of equality.
    if text.count(b"=") > CELL_CAP and sum(1 for _ in _REFERENCE.finditer(text)) > CELL_CAP:
        raise Unsound(f"单元格多于 {CELL_CAP:,} 个", _TRIM)
    for far in _FAR.finditer(text):
        match = _REFERENCE.match(text, far.start())
        if match and (int(match[2]) > ROW_CAP or _column(match[1]) > COLUMN_CAP):
            letters, row = match[1].decode(), match[2].decode()
            place = f" {letters}{row} 处" if letters else f"第 {row} 行"
            raise Unsound(f"在{place}有内容或格式，超出 {ROW_CAP:,} 行、{COLUMN_CAP} 列", _TRIM)
    # Tags that are not closed make the pattern slow: none is looked at unless there are few.
    if (merges := text.count(b"mergeCell")) > 2 * MERGE_CAP + 10:
        raise Unsound("合并单元格过多", _TRIM)
    area = 0
    for seen, match in enumerate(_MERGE.finditer(text) if merges else ()):
        area += (int(match[4]) - int(match[2]) + 1) * (_column(match[3]) - _column(match[1]) + 1)
        if seen > MERGE_CAP or area > MERGED_CELLS_CAP:
            raise Unsound("合并单元格过多", _TRIM)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


WORKBOOK = Plain(
    "xl/workbook.xml",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "Excel 工作簿（.xlsx）",
    _check_book,
)
