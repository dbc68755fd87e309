"""What an uploaded file is: told from its content, never from its name or from what the browser says."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from cpegi_app.errors import DomainError
from cpegi_app.services.filescan import Unsound, scan_jpg, scan_pdf, scan_png
from cpegi_app.services.filescan_docx import scan_docx
from cpegi_app.services.filescan_xlsx import scan_xlsx

MAX_FILE_BYTES = 10 << 20
NAME_CAP = 120


class UploadRefused(DomainError):
    """A file that is not taken; the sentence says why and what to do next."""


class FileKind(StrEnum):
    """The formats that the platform takes; the value is what the tables store."""

    PDF = "pdf"
    JPG = "jpg"
    PNG = "png"
    XLSX = "xlsx"
    DOCX = "docx"

    @property
    def label(self) -> str:
        """Return the format's name as the sentences spell it."""
        return self.name

    @property
    def media_type(self) -> str:
        """Return the Content-Type under which a file of this kind is sent."""
        return _MEDIA_TYPES[self]

    @property
    def extensions(self) -> tuple[str, ...]:
        """Return the extensions that agree with the content, the usual one first, without the dot."""
        return ("jpg", "jpeg") if self is FileKind.JPG else (self.value,)


_MEDIA_TYPES = {
    FileKind.PDF: "application/pdf",
    FileKind.JPG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
DOCUMENTS = frozenset({FileKind.PDF, FileKind.JPG, FileKind.PNG})
WORKBOOKS = frozenset({FileKind.XLSX})
WORDS = frozenset({FileKind.DOCX})

_SCANS: dict[FileKind, Callable[[bytes], None]] = {
    FileKind.PDF: scan_pdf,
    FileKind.JPG: scan_jpg,
    FileKind.PNG: scan_png,
    FileKind.XLSX: scan_xlsx,
    FileKind.DOCX: scan_docx,
}
_ADVICE = {
    FileKind.PDF: "请用“打印为 PDF”重新导出后上传",
    FileKind.JPG: "请截图或另存为新的 JPG、PNG 图片后上传",
    FileKind.PNG: "请截图或另存为新的 JPG、PNG 图片后上传",
    FileKind.XLSX: "请在 Excel 中另存为不含宏、密码和外部链接的 .xlsx 后上传",
    FileKind.DOCX: "请在 Word 中另存为不含宏、密码、嵌入对象和外部链接的 .docx，或导出为 PDF 后上传",
}
# Workbooks of the same kind of content, macros and all; another name makes none of them a plain one.
_OTHER_BOOKS = ("xlsm", "xltm", "xltx", "xlam")
# A stream's name, in what Office makes of a document with a password.
_LOCKED = "EncryptedPackage".encode("utf-16-le")
# What people send by mistake or on purpose, so that the sentence can name it.
_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), label)
    for pattern, label in (
        (rb"MZ|\x7fELF|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|dex\n|\x4c\0\0\0\x01\x14\x02\0", "程序文件"),
        (rb"\xd0\xcf\x11\xe0", "旧版或加密的 Office 文档"),
        (rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|word/|ppt/|xl/)", " Office 文档"),
        (rb"PK|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd", "压缩包"),
        (rb".{4}ftyp(?:heic|heix|mif1|hevc|avif)", " HEIC 照片"),
        (rb"GIF8|BM.{4}\0\0\0\0|RIFF.{4}WEBP|II\*\0|MM\0\*|8BPS", "其他格式的图片"),
        (rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,400}?)?(?:<!--.{0,400}?-->\s*)?<svg", " SVG 图片"),
        (
            rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!--.{0,400}?-->\s*)?<(?:!doctype|html|head|body|script|\?php|img)",
            "网页",
        ),
        (rb"#!|@echo|<job|MIME-Version", "脚本或网页存档"),
        (rb"\{\\rtf", " RTF 文档"),
        (rb"%!PS|\xc5\xd0\xd3\xc6", " PostScript 文件"),
    )
)
# Never in an honest name: NUL and controls cut it for other programs, bidi overrides show .exe as fdp.
_NAME_TRICKS = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_NAME_UNFIT = re.compile(r'[<>:"|?*]')


def display_name(raw: str) -> str:
    """Return a file's name as a harmless label: no path, no invisible characters, at most 120 characters."""
    name = unicodedata.normalize("NFC", raw).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    name = "".join(
        char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    name = _NAME_UNFIT.sub("_", name).strip(" .")
    if len(name) > NAME_CAP:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension) <= 10 else ""
        name = name[: NAME_CAP - len(tail)] + tail
    return name or "未命名文件"


def inspect(name: str, data: bytes | Path, *, allowed: frozenset[FileKind] = DOCUMENTS) -> FileKind:
    """Return the kind that a file's content has, or raise UploadRefused with the sentence for its sender."""
    kind, label, content = _recognised(name, data, allowed)
    try:
        _SCANS[kind](content)
    except Unsound as finding:
        raise UploadRefused(f"文件“{label}”{finding}，{finding.advice or _ADVICE[kind]}。") from finding
    return kind


def recognise(name: str, data: bytes | Path, *, allowed: frozenset[FileKind] = DOCUMENTS) -> FileKind:
    """Return the kind that a file is by its first bytes, or refuse it as `inspect` does; its content is not looked into."""
    return _recognised(name, data, allowed)[0]


def _recognised(name: str, data: bytes | Path, allowed: frozenset[FileKind]) -> tuple[FileKind, str, bytes]:
    label = _short(display_name(name))
    if _NAME_TRICKS.search(name):
        raise UploadRefused(f"文件“{label}”的文件名含有不可见的控制字符，请重命名后上传。")
    content = _load(label, data)
    choice = _either(allowed)
    kind = _sniff(content)
    if kind is None:
        if allowed == WORKBOOKS and content.startswith(b"\xd0\xcf\x11\xe0") and _LOCKED in content:
            raise UploadRefused(
                f"文件“{label}”设有打开密码，请在 Excel 中取消密码、另存为 .xlsx 后重新上传。"
            )
        seen = _describe(content)
        raise UploadRefused(f"文件“{label}”实际不是 {choice}（检测到{seen}），请重新导出为 {choice} 后上传。")
    if kind not in allowed:
        raise UploadRefused(f"文件“{label}”是 {kind.label}，此处只接受 {choice}，请转换后上传。")
    _check_extension(name, label, kind)
    return kind, label, content


def _load(label: str, data: bytes | Path) -> bytes:
    """Return the content, refused when empty or over the cap before a byte of it is read."""
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size == 0:
        raise UploadRefused(f"文件“{label}”是空文件（0 字节），请确认文件能正常打开后重新选择。")
    if size > MAX_FILE_BYTES:
        # Rounded up, so that one byte too many does not read as exactly the cap.
        megabytes = math.ceil(size * 100 / (1 << 20)) / 100
        raise UploadRefused(
            f"文件“{label}”大小为 {megabytes:.2f} MB，超过 {MAX_FILE_BYTES >> 20} MB 上限，请压缩或拆分后上传。"
        )
    return data.read_bytes() if isinstance(data, Path) else bytes(data)


def _sniff(content: bytes) -> FileKind | None:
    """Tell the kind from the first bytes; only white space may stand before a PDF's header."""
    head = content[:1024]
    if head.startswith(b"\xff\xd8\xff"):
        return FileKind.JPG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0").startswith(b"%PDF-"):
        return FileKind.PDF
    if head.startswith(b"PK\x03\x04") and b"xl/workbook.xml" in content[-(64 << 10) :]:
        return FileKind.XLSX
    if head.startswith(b"PK\x03\x04") and b"word/document.xml" in content[-(64 << 10) :]:
        return FileKind.DOCX
    return None


def _describe(content: bytes) -> str:
    """Name what was sent instead, as far as its first bytes tell."""
    for pattern, label in _OTHERS:
        if pattern.match(content[:1024]):
            return label
    if b"%PDF-" in content[:1024]:
        return "开头混有其他内容的 PDF"
    return "无法识别的内容"


def _check_extension(name: str, label: str, kind: FileKind) -> None:
    """Refuse a name whose extension says something else than the content."""
    cleaned = display_name(name)
    extension = cleaned.rpartition(".")[2].lower() if "." in cleaned else ""
    if extension in kind.extensions:
        return
    if kind is FileKind.XLSX and extension in _OTHER_BOOKS:
        raise UploadRefused(
            f"文件“{label}”是 .{extension} 文件，请在 Excel 中另存为“Excel 工作簿 (*.xlsx)”（不含宏）后重新上传。"
        )
    stated = f"扩展名是 .{_short(extension, 10)}" if extension else "没有扩展名"
    raise UploadRefused(
        f"文件“{label}”的内容是 {kind.label}，但{stated}，请把扩展名改为 .{kind.extensions[0]} 后重新上传。"
    )


def _either(allowed: frozenset[FileKind]) -> str:
    """Join the labels as a sentence does: PDF、JPG 或 PNG."""
    labels = [kind.label for kind in FileKind if kind in allowed]
    return " 或 ".join(part for part in ("、".join(labels[:-1]), labels[-1]) if part)


def _short(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
