"""Builders of files, honest and hostile: what one byte changes is what the cases are about."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import openpyxl
import pypdf
from PIL import Image
from pypdf.actions import JavaScript

from cpegi_app.services.filetypes import MAX_FILE_BYTES

SCRIPT = b"app.alert('canary')"
EXE = b"MZ\x90\0" + b"\0" * 56 + b"\x80\0\0\0" + b"This program cannot be run in DOS mode." + b"\0" * 400
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def pdf(*extra: bytes, catalog: bytes = b"", trailer: bytes = b"", version: bytes = b"1.7") -> bytes:
    """Build a one-page PDF; `extra` objects are numbered from 5."""
    content = b"1 0 0 rg 0 0 200 200 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>",
        stream(content),
        *extra,
    ]
    out, offsets = b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    start = out.rindex(b"xref\n0 ")
    return out + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )


def stream(body: bytes, entries: bytes = b"") -> bytes:
    """Build a stream object."""
    return b"<< /Length %d %s >>\nstream\n" % (len(body), entries) + body + b"\nendstream"


def object_stream(
    objects: bytes, pack: Callable[[bytes], bytes] = zlib.compress, filters: bytes = b"/FlateDecode"
):
    """Build an object stream of one object, number 9."""
    return stream(pack(b"9 0 " + objects), b"/Type /ObjStm /N 1 /First 4 /Filter " + filters)


def picture(kind: str, size: tuple[int, int] = (320, 200)) -> bytes:
    """Build an honest picture with some structure in it."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, kind)
    return out.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Build a PNG from chunks, with right check sums."""
    packed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def png_header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def jpeg_with(segment: bytes, marker: int = 0xFE) -> bytes:
    """Put a segment (a comment by default) behind the start of an honest JPEG."""
    plain = picture("JPEG")
    return plain[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def jpeg_sized(width: int, height: int) -> bytes:
    """State other dimensions in an honest JPEG's frame."""
    plain = bytearray(picture("JPEG"))
    at = plain.index(b"\xff\xc0")
    plain[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(plain)


def jpeg_scans(count: int) -> bytes:
    """Repeat a JPEG's scan: each costs a decoder a walk over the whole picture."""
    plain = picture("JPEG")
    at = plain.index(b"\xff\xda")
    return plain[:at] + plain[at:-2] * count + b"\xff\xd9"


def workbook(change: dict[str, bytes | None] | None = None, *, pack: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Build an honest workbook, with members replaced, added, or taken away (None)."""
    honest = io.BytesIO()
    book = openpyxl.Workbook()
    for row in (["机构名称", "金额（万元）"], ["示例银行", 120.5]):
        book.active.append(row)
    book.save(honest)
    with zipfile.ZipFile(honest) as source:
        members: dict[str, bytes | None] = {name: source.read(name) for name in source.namelist()}
    return archive({**members, **(change or {})}, pack=pack)


def archive(members: dict[str, bytes | None], *, pack: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Build a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", pack) as target:
        for name, body in members.items():
            if body is not None:
                target.writestr(name, body)
    return out.getvalue()


def sheet(inside: bytes, prolog: bytes = b"") -> dict[str, bytes | None]:
    """Replace the honest workbook's sheet."""
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return {
        "xl/worksheets/sheet1.xml": prolog + b'<worksheet xmlns="' + space + b'">' + inside + b"</worksheet>"
    }


def content_types(change: Callable[[bytes], bytes]) -> dict[str, bytes | None]:
    with zipfile.ZipFile(io.BytesIO(workbook())) as source:
        return {"[Content_Types].xml": change(source.read("[Content_Types].xml"))}


def duplicate_member() -> bytes:
    """Name one member like another: readers differ in which of the two they take."""
    return workbook({"xl/workbook.xmm": b"<other/>"}).replace(b"xl/workbook.xmm", b"xl/workbook.xml")


def flagged(flag: int) -> bytes:
    """Set a general purpose flag of every member, in both headers."""
    data = bytearray(workbook())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= flag
            at = data.find(mark, at + 4)
    return bytes(data)


def overlapping_members() -> bytes:
    """Let all members share the first one's bytes, as the bomb that needs no nesting does."""
    members = {f"xl/media/{n:04}.xml": b"0" * 50 for n in range(100)}
    data = bytearray(workbook(dict(members), pack=zipfile.ZIP_STORED))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 42 : at + 46] = b"\0\0\0\0"
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def cells(count: int) -> bytes:
    """Write a sheet's rows of one cell each, within the row limit."""
    rows = (n % 99_000 + 1 for n in range(count))
    return b"<sheetData>" + b"".join(b'<row r="%d"><c r="A%d"/></row>' % (n, n) for n in rows)


def unlisted_member() -> bytes:
    """Build a workbook with right offsets behind a member that its directory does not name."""
    hidden = archive({"xl/hidden.xml": b"<a/>"})
    out = io.BytesIO(hidden[: hidden.index(b"PK\x01\x02")])
    with zipfile.ZipFile(out, "a") as target, zipfile.ZipFile(io.BytesIO(workbook())) as source:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return out.getvalue()


def lying_size() -> bytes:
    """State 10 bytes for a member that unpacks to 30 MB."""
    data = bytearray(workbook({"xl/worksheets/sheet1.xml": b"<a/>" * (30 << 18)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(mark)
        while at >= 0:
            if struct.unpack_from("<I", data, at + offset)[0] > 1 << 20:
                struct.pack_into("<I", data, at + offset, 10)
            at = data.find(mark, at + 4)
    return bytes(data)


def encrypted_pdf() -> bytes:
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def pdf_with_attachment() -> bytes:
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_attachment("invoice.exe", EXE)
    writer.write(out)
    return out.getvalue()


def pdf_with_script() -> bytes:
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_open_action(JavaScript(SCRIPT.decode()))
    writer.write(out)
    return out.getvalue()


def oversized_pdf() -> bytes:
    plain = pdf(stream(b"\x01" * (MAX_FILE_BYTES - 900)))
    padded = plain.replace(b"%\xe2\xe3\xcf\xd3\n", b"%\xe2\xe3\xcf\xd3\n", 1)
    return padded + b"\n" * (MAX_FILE_BYTES + 1 - len(padded))


def half_stored(body: bytes) -> bytes:
    """Compress with a false end of stream standing in the packed bytes, behind which the text goes on unseen."""
    lure, rest = b"9 0 << >> (endstream)", body.removeprefix(b"9 0 ")
    deflater = zlib.compressobj(wbits=-15)
    block = b"\0" + struct.pack("<HH", len(lure), len(lure) ^ 0xFFFF) + lure
    packed = deflater.compress(rest) + deflater.flush()
    return b"\x78\x9c" + block + packed + struct.pack(">I", zlib.adler32(lure + rest))


def crowded_workbook() -> bytes:
    """Build a workbook of 65,000 members, the honest ones at the end."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target, zipfile.ZipFile(io.BytesIO(workbook())) as source:
        for number in range(65_000):
            target.writestr(f"xl/media/{number}.xml", b"")
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return out.getvalue()


def bad_checksum(body: bytes) -> bytes:
    return zlib.compress(body)[:-4] + b"\0\0\0\0"


def stored(body: bytes) -> bytes:
    """Compress without compressing, so that the text stands in the file as it is."""
    return zlib.compress(body, 0)


def compound(streams: dict[str, bytes]) -> bytes:
    """Build a compound file, as old and encrypted Office documents are; streams of at least 4,096 bytes."""
    none, end, size = 0xFFFFFFFF, 0xFFFFFFFE, 512
    table, body = [0xFFFFFFFD, end], b""
    entries = [("Root Entry", 5, none, 1, end, 0)]
    for number, (name, content) in enumerate(streams.items(), 1):
        start, count = len(table), -(-len(content) // size)
        table += [*range(start + 1, start + count), end]
        body += content.ljust(count * size, b"\0")
        following = number + 1 if number < len(streams) else none
        entries.append((name, 2, following, none, start, len(content)))
    directory = b"".join(
        struct.pack(
            "<64sHBBIII16sIQQIQ",
            name.encode("utf-16-le"),
            2 * len(name) + 2,
            kind,
            1,
            none,
            right,
            child,
            b"",
            0,
            0,
            0,
            at,
            length,
        )
        for name, kind, right, child, at, length in entries
    )
    fat = struct.pack(f"<{len(table)}I", *table).ljust(size, b"\xff")
    head = struct.pack(
        "<8s16s5H6s9I", OLE[:8], b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 1, 1, 0, 4096, end, 0, end, 0
    )
    head += struct.pack("<I", 0).ljust(436, b"\xff")
    return head + fat + directory.ljust(size, b"\0") + body


def locked() -> bytes:
    """Build a workbook with a password, as Excel keeps one: a compound file that holds the packed one in cipher."""
    about = b"\4\0\4\0\x40\0\0\0" + b'<?xml version="1.0"?><encryption/>'.ljust(5000)
    return compound({"EncryptionInfo": about, "EncryptedPackage": noise(9000)})


def noise(size: int) -> bytes:
    """Build bytes that no packing makes smaller, the same each time."""
    return hashlib.shake_256(b"noise").digest(size)


def ballasted(change: dict[str, bytes | None]) -> bytes:
    """Build a workbook with a megabyte that does not shrink in packing, which lets the rest be fifty times as large."""
    return workbook({**change, "xl/media/image1.png": noise(1 << 20)})


def strings(items: bytes) -> bytes:
    """Build a workbook with a part of texts."""
    return workbook({"xl/sharedStrings.xml": b"<sst>" + items + b"</sst>"})


def own_strings(count: int) -> bytes:
    """Build a workbook of so many texts, none like another."""
    return strings(b"".join(b"<si><t>%x</t></si>" % (n * 7919) for n in range(count)))


def styles(count: int) -> bytes:
    """Build a workbook of so many formats."""
    formats = (b'<xf numFmtId="%d"/>' % (n * 31) for n in range(count))
    return workbook({"xl/styles.xml": b"<styleSheet>" + b"".join(formats)})


def links(inside: bytes) -> bytes:
    """Build a workbook with a part of relationships."""
    return ballasted({"xl/drawings/_rels/a.xml.rels": inside})


def pdf_zip_with_comment(packed: bytes) -> bytes:
    """Build a file that is a valid PDF and, read from its end, a valid ZIP."""
    plain = pdf()
    end = plain[plain.rindex(b"startxref") :]
    return plain + packed[:-2] + struct.pack("<H", len(end)) + end


def count_of_five(data: bytes) -> bytes:
    return data[:-14] + struct.pack("<HH", 5, 5) + data[-10:]


def one_byte_changed(data: bytes) -> bytes:
    at = data.index(b"xl/worksheets/sheet1.xml") + 60
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def pypdf_pdf() -> bytes:
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def progressive_jpeg() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((4000, 3000)).convert("RGB").save(out, "JPEG", progressive=True)
    return out.getvalue()


def long_workbook(rows: int = 20_000, columns: int = 24) -> bytes:
    """Build a workbook as a bank's system exports one: every cell a text of its own, the texts in the part for them."""
    places = [f"{chr(65 + n)}" for n in range(columns)]
    texts = (f"<si><t>第{n}行的内容{c}</t></si>" for n in range(rows + 1) for c in places)
    lines = (
        f'<row r="{n + 1}">'
        + "".join(f'<c r="{c}{n + 1}" t="s"><v>{n * columns + at}</v></c>' for at, c in enumerate(places))
        + "</row>"
        for n in range(rows + 1)
    )
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = f"<sst {space}>{''.join(texts)}</sst>".encode()
    inside = f"<sheetData>{''.join(lines)}</sheetData>".encode()
    return workbook({**sheet(inside), "xl/sharedStrings.xml": strings})


def linked_workbook() -> bytes:
    out, book = io.BytesIO(), openpyxl.Workbook()
    book.active["A1"] = "官网"
    book.active["A1"].hyperlink = "https://example.com"
    book.active.merge_cells("A3:D3")
    book.save(out)
    return out.getvalue()
