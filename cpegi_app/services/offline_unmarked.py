"""What an earlier trial has written into a clerk's workbook: found by its author, and taken out again.

A spreadsheet program writes shapes and formats anew when the file is saved; whose a comment is stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection

Place = tuple[int, int]


def target(rels: str, folder: str, kind: str) -> str:
    """Return the part that a sheet's relations name for a kind, empty when there is none."""
    for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", rels):
        stated = re.search(r'\bType="([^"]*)"', tag)
        named = re.search(r'\bTarget="([^"]*)"', tag)
        if stated and named and stated[1].endswith(kind):
            path = named[1]
            if path.startswith("/"):
                return path[1:]
            places = folder.split("/")
            while path.startswith("../"):
                path, places = path[3:], places[:-1]
            return "/".join([*places, path])
    return ""


def column_of(text: str) -> int:
    """Return a column's number: A is 1."""
    found = 0
    for letter in text:
        found = found * 26 + ord(letter) - 64
    return found


def _parts_of(parts: dict[str, bytes], part: str) -> tuple[str, str]:
    """Return the parts of a sheet that hold its comments and their shapes, empty where there are none."""
    folder, name = part.rsplit("/", 1)
    rels = parts.get(f"{folder}/_rels/{name}.rels", b"").decode("utf-8")
    return target(rels, folder, "/comments"), target(rels, folder, "/vmlDrawing")


def _comments(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"<(\w+:)?comment\b([^>]*)>.*?</(?:\w+:)?comment>", text, re.DOTALL))


def _place(head: str) -> Place | None:
    stated = re.search(r'\bref="([A-Z]{1,3})(\d{1,7})"', head)
    return (int(stated[2]), column_of(stated[1])) if stated else None


def places(parts: dict[str, bytes], part: str, author: str) -> set[Place]:
    """Return the cells, by row and column, at which an author has left a comment."""
    text = parts.get(_parts_of(parts, part)[0], b"").decode("utf-8")
    authors = re.findall(r"<(?:\w+:)?author\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?author>)", text, re.DOTALL)
    mine = {str(i) for i, name in enumerate(authors) if name == author}
    found = set()
    for comment in _comments(text):
        stated = re.search(r'\bauthorId="(\d+)"', comment[2])
        place = _place(comment[2])
        if stated and stated[1] in mine and place:
            found.add(place)
    return found


def without(parts: dict[str, bytes], part: str, at: Collection[Place]) -> dict[str, bytes]:
    """Return the sheet's comments and shapes without those at some cells: a cell has one of each."""
    comments, drawing = _parts_of(parts, part)
    found: dict[str, bytes] = {}
    if comments in parts:
        text = parts[comments].decode("utf-8")
        gone = [m for m in _comments(text) if _place(m[2]) in at]
        found[comments] = _cut(text, gone).encode()
    if drawing in parts:
        text = parts[drawing].decode("utf-8")
        shapes = re.finditer(r"<(\w+:)shape\s.*?</\1shape>", text, re.DOTALL)
        found[drawing] = _cut(text, [m for m in shapes if _anchor(m[0]) in at]).encode()
    return found


def _anchor(shape: str) -> Place | None:
    row = re.search(r"<\w+:Row>\s*(\d+)\s*<", shape)
    column = re.search(r"<\w+:Column>\s*(\d+)\s*<", shape)
    return (int(row[1]) + 1, int(column[1]) + 1) if row and column else None


def _cut(text: str, gone: list[re.Match[str]]) -> str:
    kept, last = [], 0
    for m in gone:
        kept.append(text[last : m.start()])
        last = m.end()
    return "".join([*kept, text[last:]])
