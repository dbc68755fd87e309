"""The first look into a Word document: the package as for a workbook, and no field that fetches something from elsewhere."""

from __future__ import annotations

import re

from cpegi_app.services.filescan import Unsound
from cpegi_app.services.filescan_xlsx import Plain, scan_package

# What a field is told to do stands in one attribute, or in pieces between tags.
_PIECES = re.compile(rb"instrText(?<!\winstrText)\b[^<>]{0,200}>([^<]{0,2000})<")
_WHOLE = re.compile(rb"\binstr\s*=\s*(?:\"([^\"<]{0,2000})\"|'([^'<]{0,2000})')")
_FETCHES = re.compile(rb"DDE|INCLUDE|IMPORT|LINK(?<!HYPERLINK)|DATABASE|AUTOTEXT|MACROBUTTON", re.IGNORECASE)


def scan_docx(data: bytes) -> None:
    """Refuse a document that is a bomb, is active (macros, links, embeddings, fields that fetch), or is no plain .docx."""
    scan_package(data, DOCUMENT)


def _check_document(name: str, text: bytes) -> None:
    if not name.startswith("word/") or b"instr" not in text:
        return
    told = b"".join(_PIECES.findall(text))
    told += b" ".join(one or other for one, other in _WHOLE.findall(text))
    # A sign may be spelled by its number.
    if _FETCHES.search(told) or b"&#" in told:
        raise Unsound("含有会读取其他文件或程序的域")


DOCUMENT = Plain(
    "word/document.xml",
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "Word 文档（.docx）",
    _check_document,
)
