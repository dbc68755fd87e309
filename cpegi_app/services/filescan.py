"""Structural checks of the accepted formats: bounded in time and memory, and no document parser is run."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from PIL import Image

PIXEL_CAP = 40_000_000
_PDF_STREAM_CAP = 16 << 20
_PDF_INFLATE_CAP = 128 << 20
_PDF_STREAMS = 50_000
_PDF_ESCAPES = 100_000
_PDF_TOKENS = 500
_PDF_WALK = 4 << 20
_WINDOW = 16 << 10
_JPEG_SCANS = 32
_CHUNKS = 20_000

_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
# A trailer with nothing behind it: what follows the end mark is how polyglots are built.
_PDF_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF[\s\0]*\Z")
_OBJECT_STREAM_HEAD = re.compile(rb"\s*\d+\s+\d+")
# The type's name, any letter of it possibly written as an escape.
_OBJECT_STREAM = re.compile(
    rb"/(?:O|#4[Ff])(?:b|#62)(?:j|#6[Aa])(?:S|#53)(?:t|#74)(?:m|#6[Dd])(?![A-Za-z0-9#])"
)
_PDF_TOKEN = re.compile(rb"\s+|%[^\r\n]*|<<|>>|<[0-9A-Fa-f\s]*>|[\[\](]|/?[^\s()<>\[\]{}/%]+")
_PDF_BODY = re.compile(rb"[\s\0]*stream\r?\n")
_PDF_PAREN = re.compile(rb"\\.|[()]", re.DOTALL)
# Long names cannot occur in compressed bytes by chance; short ones are looked for outside the streams only.
_PDF_ACTIVE = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|FileAttachment|RichMedia|Rendition|SubmitForm|ImportData|GoTo[RE]|XFA)"
    rb"(?![A-Za-z0-9])"
)
_PDF_ACTIVE_SHORT = re.compile(rb"/(?:JS|EF)(?![A-Za-z0-9])")
_PDF_ENCRYPT = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
# Filters that could hide an object stream from this scan; honest writers never put them on one.
_PDF_ODD_FILTER = re.compile(
    rb"/(?:ASCIIHexDecode|AHx|ASCII85Decode|A85|LZWDecode|LZW|RunLengthDecode|RL)(?![A-Za-z0-9])"
)
_PDF_PAGE = re.compile(rb"/Type\s*/Pages?(?![A-Za-z])")
_ARCHIVES = re.compile(rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|__HALT_COMPILER\(\)")
_SCRIPT = re.compile(rb"<script|<\?php|<!doctype|<html", re.IGNORECASE)
_JPEG_FILL = re.compile(rb"\xff+")
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class Unsound(Exception):
    """A file whose structure is refused: a Chinese clause without a subject, and what to do if that is special."""

    def __init__(self, finding: str, advice: str = "") -> None:
        super().__init__(finding)
        self.advice = advice


def scan_pdf(data: bytes) -> None:
    """Refuse a PDF that is cut off, encrypted, active (scripts, attachments, launches) or also something else."""
    lead = data.index(b"%PDF-")
    end = _PDF_END.search(data, max(0, len(data) - 2048))
    if end is None:
        raise Unsound("不完整或末尾附加了其他内容")
    _check_xref(data, int(end[1]), lead)
    _refuse_hidden_archive(data)
    plain = _unescaped(data)
    structure = _without_streams(plain)
    if _PDF_ENCRYPT.search(plain):
        raise Unsound("设有密码或加密保护")
    if _PDF_ACTIVE.search(plain) or _PDF_ACTIVE_SHORT.search(structure):
        raise Unsound("含有脚本、附件或可执行动作")
    has_page = _scan_pdf_streams(data, structure)
    if not (has_page or _PDF_PAGE.search(plain)):
        raise Unsound("没有任何页面")


def _check_xref(data: bytes, offset: int, lead: int) -> None:
    """Refuse a cross-reference offset at which nothing lies, the mark of a cut or patched file."""
    for at in {offset, offset + lead}:
        if re.match(rb"\s*(?:xref|\d+\s+\d+\s+obj)", data[at : at + 64]):
            return
    raise Unsound("已损坏（找不到索引）")


def _unescaped(data: bytes) -> bytes:
    """Undo `#xx` in PDF names, by which /J#61vaScript would pass a search for /JavaScript."""
    plain, escapes = _NAME_ESCAPE.subn(lambda m: bytes([int(m[1], 16)]), data, count=_PDF_ESCAPES)
    if escapes == _PDF_ESCAPES:
        raise Unsound("内容过于复杂，无法检查")
    return plain


def _without_streams(plain: bytes) -> bytes:
    """Cut the streams out; by hand, as a lazy pattern takes quadratic time on unclosed ones."""
    kept, at = [], 0
    while match := _STREAM.search(plain, at):
        kept.append(plain[at : match.start()])
        stop = plain.find(b"endstream", match.end())
        if stop < 0:
            return b" ".join(kept)
        at = stop + len(b"endstream")
    return b" ".join([*kept, plain[at:]])


def _scan_pdf_streams(data: bytes, structure: bytes) -> bool:
    """Look into every stream that may hold objects, and tell whether a page was among them."""
    declared = _object_streams(data)
    if declared and _PDF_ODD_FILTER.search(structure):
        raise Unsound("使用了无法检查的压缩方式")
    inflated, has_page = 0, False
    for count, match in enumerate(_STREAM.finditer(data)):
        if count >= _PDF_STREAMS or inflated > _PDF_INFLATE_CAP:
            raise Unsound("内容过于复杂，无法检查")
        text = _object_text(data, match.end())
        if text is None:
            continue
        declared.discard(match.end())
        inflated += len(text)
        text = _unescaped(text)
        if _PDF_ACTIVE.search(text) or _PDF_ACTIVE_SHORT.search(text) or b"/ObjStm" in text:
            raise Unsound("含有脚本、附件或可执行动作")
        has_page = has_page or bool(_PDF_PAGE.search(text))
    if declared:
        raise Unsound("使用了无法检查的压缩方式")
    return has_page


def _object_streams(data: bytes) -> set[int]:
    """Return where the bodies of the declared object streams begin."""
    starts, walked = set(), 0
    for match in _OBJECT_STREAM.finditer(data):
        start = _stream_behind(data, match.end())
        if start is None:
            raise Unsound("使用了无法检查的压缩方式")
        starts.add(start)
        walked += start - match.end()
        if walked > _PDF_WALK:
            raise Unsound("内容过于复杂，无法检查")
    return starts


def _stream_behind(data: bytes, at: int) -> int | None:
    """Read to the end of the dictionary around an offset, token by token, and return where its stream begins."""
    depth = 1
    for _ in range(_PDF_TOKENS):
        token = _PDF_TOKEN.match(data, at)
        if token is None:
            return None
        at = token.end()
        if token[0] == b"(":
            at = _behind_string(data, at)
        depth += (token[0] == b"<<") - (token[0] == b">>")
        if depth == 0:
            body = _PDF_BODY.match(data, at)
            return body.end() if body else None
    return None


def _behind_string(data: bytes, at: int) -> int:
    """Return the offset behind a literal string; what looks like structure in it is none."""
    depth = 1
    for paren in _PDF_PAREN.finditer(data, at, at + _WINDOW):
        depth += (paren[0] == b"(") - (paren[0] == b")")
        if depth == 0:
            return paren.end()
    return len(data)


def _object_text(data: bytes, start: int) -> bytes | None:
    """Return a stream's text if it begins like an object stream, whatever its dictionary calls it; else None."""
    head = data[start : start + 256]
    if _OBJECT_STREAM_HEAD.match(head):
        stop = data.find(b"endstream", start)
        return data[start : stop if stop >= 0 else len(data)]
    try:
        begins_alike = _OBJECT_STREAM_HEAD.match(zlib.decompressobj().decompress(head, 64))
    except zlib.error:
        return None
    return _inflate(data, start) if begins_alike else None


def _inflate(data: bytes, start: int) -> bytes:
    """Inflate one stream up to its own end mark: the length that its dictionary states may be a lie."""
    inflater, parts, size = zlib.decompressobj(), [], 0
    for at in range(start, len(data), _WINDOW):
        try:
            parts.append(inflater.decompress(data[at : at + _WINDOW], _PDF_STREAM_CAP))
        except zlib.error:
            break
        size += len(parts[-1])
        if inflater.eof:
            return b"".join(parts)
        if size >= _PDF_STREAM_CAP:
            break
    raise Unsound("含有损坏或过大的数据流")


def scan_jpg(data: bytes) -> None:
    """Refuse a JPEG that is cut off, oversized, or followed by anything but further JPEG pictures."""
    _refuse_hidden_archive(data)
    _refuse_script(data)
    at, pictures = 0, 0
    while at < len(data):
        # Phones append previews and gain maps: complete JPEG pictures, walked like the first one.
        if data[at : at + 3] != b"\xff\xd8\xff" or pictures >= 16:
            if data[at:].strip(b"\0"):
                raise Unsound("末尾附加了其他内容")
            break
        at = _jpeg_end(data, at)
        pictures += 1
    _verify_picture(data, "JPEG")


def _jpeg_end(data: bytes, start: int) -> int:
    """Walk one picture's segments and return the offset behind its end mark."""
    at, scans, framed = start + 2, 0, False
    for _ in range(_CHUNKS):
        if fill := _JPEG_FILL.match(data, at):
            at = fill.end() - 1
        marker = data[at + 1] if data[at : at + 1] == b"\xff" and at + 1 < len(data) else 0
        if marker == 0xD9:
            if not (framed and scans):
                raise Unsound("没有图像内容")
            return at + 2
        if marker < 0xC0 or marker == 0xD8 or at + 4 > len(data):
            raise Unsound("不完整或已损坏")
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _check_frame(marker, data[at + 4 : at + 10])
            framed = True
        at += 2 + max(length, 2)
        if marker == 0xDA:
            scans += 1
            following = _JPEG_MARKER.search(data, at)
            if following is None or scans > _JPEG_SCANS:
                raise Unsound("不完整或已损坏")
            at = following.start()
    raise Unsound("结构异常")


def _check_frame(marker: int, frame: bytes) -> None:
    """Refuse coding processes that browsers cannot show, and too many pixels."""
    if marker not in (0xC0, 0xC1, 0xC2) or len(frame) < 6:
        raise Unsound("使用了不支持的编码")
    height, width = struct.unpack(">HH", frame[1:5])
    _check_pixels(width, height)


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise Unsound("没有图像内容")
    if width * height > PIXEL_CAP:
        raise Unsound(f"尺寸为 {width}×{height}，超过 4000 万像素")


def scan_png(data: bytes) -> None:
    """Refuse a PNG with a broken chunk, too many pixels, or anything behind its end."""
    _refuse_hidden_archive(data)
    _refuse_script(data)
    at, kinds = 8, set()
    for index in range(_CHUNKS):
        head = data[at : at + 8]
        length = int.from_bytes(head[:4], "big")
        body = data[at + 4 : at + 8 + length]
        if len(head) < 8 or zlib.crc32(body) != int.from_bytes(
            data[at + 8 + length : at + 12 + length], "big"
        ):
            raise Unsound("不完整或已损坏")
        kind = head[4:]
        if index == 0:
            if kind != b"IHDR" or length != 13:
                raise Unsound("不完整或已损坏")
            _check_pixels(*struct.unpack(">II", body[4:12]))
        kinds.add(kind)
        at += 12 + length
        if kind == b"IEND":
            break
    if b"IEND" not in kinds or b"IDAT" not in kinds:
        raise Unsound("结构异常")
    if data[at:].strip(b"\0"):
        raise Unsound("末尾附加了其他内容")
    _verify_picture(data, "PNG")


def _verify_picture(data: bytes, format_name: str) -> None:
    """Let pillow read the header with the one decoder that fits, without decoding pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=(format_name,)) as picture:
            _check_pixels(*picture.size)
            picture.verify()
    except Unsound:
        raise
    except Exception as problem:  # pillow raises whatever its plugins meet in broken files
        raise Unsound("不完整或已损坏") from problem


def _refuse_hidden_archive(data: bytes) -> None:
    """Refuse a picture or PDF that is an archive as well: ZIP readers look at the end, others anywhere."""
    tail_is_zip = zipfile.is_zipfile(io.BytesIO(data[-(1 << 17) :]))
    if tail_is_zip or (b"PK\x05\x06" in data and b"PK\x01\x02" in data) or _ARCHIVES.search(data):
        raise Unsound("混有压缩包或程序内容")


def _refuse_script(data: bytes) -> None:
    if _SCRIPT.search(data):
        raise Unsound("混有网页脚本")
