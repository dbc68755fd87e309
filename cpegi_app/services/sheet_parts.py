"""Which part of a workbook holds which sheet. Part of the guarded child that reads a workbook: standard library only."""

from __future__ import annotations

import re
import zipfile

from cpegi_app.services.sheet_formats import attribute

# No sign "<" inside: a tag that is never closed must not be looked through from each of its like.
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^<>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^<>]*>")


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return each sheet's name and the part that holds it."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    targets = {attribute(tag, "Id"): attribute(tag, "Target") for tag in _RELATION.findall(links)}
    found = {}
    for tag in _SHEET.findall(book):
        target = targets.get(attribute(tag, "r:id") or attribute(tag, "id"), "")
        found[attribute(tag, "name")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found
