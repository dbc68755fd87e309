"""Word documents: honest ones are taken where a place says so; active ones, and whatever only looks like one, are not."""

from __future__ import annotations

import pytest

from cpegi_app.services.filetypes import DOCUMENTS, WORDS, WORKBOOKS, FileKind, UploadRefused, inspect
from tests.hostile_build import EXE, archive, workbook
from tests.hostile_files import _LAUGHS, _REL

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
TYPES = b'<Types><Override PartName="/word/document.xml" ContentType="' + MAIN + b'"/></Types>'
RELS = "word/_rels/document.xml.rels"


def body(inside: bytes) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?><w:document><w:body>' + inside + b"</w:body></w:document>"


def document(change: dict[str, bytes | None] | None = None) -> bytes:
    """Build an honest document, with members replaced, added, or taken away (None)."""
    plain: dict[str, bytes | None] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": b"<Relationships/>",
        "word/document.xml": body("<w:p><w:r><w:t>申请表</w:t></w:r></w:p>".encode()),
    }
    return archive({**plain, **(change or {})})


def field(told: bytes) -> dict[str, bytes | None]:
    return {"word/document.xml": body(b"<w:instrText xml:space='preserve'>" + told + b"</w:instrText>")}


SPLIT = b"<w:instrText>DD</w:instrText></w:r><w:r><w:instrText>EAUTO cmd</w:instrText>"
HOSTILE: dict[str, dict[str, bytes | None]] = {
    "macros": {"word/vbaProject.bin": b"x"},
    "an embedded object": {"word/embeddings/oleObject1.bin": b"x"},
    "a control": {"word/activeX/activeX1.xml": b"<x/>"},
    "an outward template": {"word/_rels/settings.xml.rels": _REL % b"attachedTemplate"},
    "an outward picture": {RELS: _REL % b"image"},
    "another document within": {RELS: b'<Relationships><Relationship Type="x/aFChunk" Target="a.html"/></Relationships>'},
    "a macro type": {"[Content_Types].xml": TYPES.replace(b"wordprocessingml.document", b"ms-word.document.macroEnabled")},
    "no type": {"[Content_Types].xml": b"<Types/>"},
    "entities": {"word/document.xml": _LAUGHS + body(b"&b;")},
    "a field that starts a program": field(b" DDEAUTO c:\\\\windows\\\\cmd.exe "),
    "a field in pieces": {"word/document.xml": body(SPLIT)},
    "a field that reads a file": field(b" INCLUDETEXT \\\\\\\\203.0.113.9\\\\x "),
    "a field spelled by numbers": field(b" &#68;DEAUTO cmd "),
    "a whole field": {"word/header1.xml": b'<w:hdr><w:fldSimple w:instr="dde cmd"/></w:hdr>'},
    "a bomb": {"word/media/a.bin": b"\0" * (60 << 20)},
    "a name outside": {"../word/evil.xml": b"<x/>"},
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_document_is_refused_with_what_to_do(what: str):
    with pytest.raises(UploadRefused) as refusal:
        inspect("申请表.docx", document(HOSTILE[what]), allowed=WORDS)
    assert "上传" in refusal.value.message and "申请表.docx" in refusal.value.message


@pytest.mark.parametrize(
    "change",
    [
        {},
        {RELS: _REL % b"hyperlink"},
        field(b' HYPERLINK "http://www.example.com" '),
        field(b" PAGE  \\* MERGEFORMAT "),
        {"word/header1.xml": b'<w:hdr><w:fldSimple w:instr=" NUMPAGES "/></w:hdr>'},
        {"word/media/image1.png": b"\x89PNG"},
    ],
    ids=["plain", "link", "field of a link", "page number", "number of pages", "picture"],
)
def test_an_honest_document_is_taken(change: dict[str, bytes | None]):
    assert inspect("申请表.docx", document(change), allowed=WORDS) is FileKind.DOCX


@pytest.mark.parametrize(
    ("name", "data", "allowed", "said"),
    [
        ("a.docx", document(), DOCUMENTS, "是 DOCX，此处只接受 PDF、JPG 或 PNG"),
        ("a.xlsx", document(), WORKBOOKS, "是 DOCX，此处只接受 XLSX"),
        ("a.docx", workbook(), WORDS, "是 XLSX，此处只接受 DOCX"),
        ("a.docm", document(), WORDS, "扩展名是 .docm"),
        ("a.docx", EXE, WORDS, "检测到程序文件"),
        ("a.docx", b"PK\x03\x04 word/document.xml", WORDS, "不完整"),
    ],
)
def test_what_is_no_document_or_has_no_place_here_is_told_so(
    name: str, data: bytes, allowed: frozenset[FileKind], said: str
):
    with pytest.raises(UploadRefused, match=said):
        inspect(name, data, allowed=allowed)
