"""A marked workbook that was corrected and is marked again accuses only what is wrong still (manual §5.1)."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.services import offline_import, offline_loan
from cpegi_app.services.offline_marked import AUTHOR, FILLS
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.workbooks.corpus import parts
from tests.workbooks.make import book, cells, row, saved


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT)


def batch(session: Session, actor: Actor) -> int:
    found = offline_loan.new_batch(session, actor, {"name": "测试备案", "period": "2026-11", "note": ""})
    return found.id or 0


def marked_again(session: Session, bank: Actor, data: bytes) -> tuple[bytes, Any]:
    """Try a workbook and mark it; return the file and its sheet."""
    seen = offline_import.trial(session, bank, batch(session, bank), "台账.xlsx", data)
    made = offline_import.marked(session, bank, seen.id)[1]()
    return made, load_workbook(io.BytesIO(made)).active


def shapes(data: bytes) -> Counter[tuple[str, str]]:
    """Return how many shapes of comments stand at each cell, by row and column from 0."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        drawings = [archive.read(n) for n in archive.namelist() if n.endswith(".vml")]
    # Every part is whole: a name that nobody declared would be an error here.
    assert all(ElementTree.fromstring(d) is not None for d in drawings)
    text = b"".join(drawings).decode()
    return Counter(re.findall(r":Row>(\d+)</\w+:Row>\s*<\w+:Column>(\d+)<", text))


@pytest.mark.parametrize("saved_anew", [False, True])
def test_what_was_put_right_is_accused_no_more(session: Session, bank: Actor, saved_anew: bool):
    """The clerk corrects the marked file itself, in a program that writes everything anew or in one that does not."""
    rows = [row(1, rate=88), row(2, rate=99), row(3)]
    first, sheet = marked_again(session, bank, book([cells(r) for r in rows]))
    wrong = [c.coordinate for r in sheet.iter_rows() for c in r if c.comment]
    assert len(wrong) == 2
    if saved_anew:
        opened = load_workbook(io.BytesIO(first))
        assert opened.active is not None
        opened.active[wrong[0]].value = 3.85
        opened.active["A4"].comment = Comment("自己的备注", "李敏")
        out = io.BytesIO()
        opened.save(out)
        fixed = out.getvalue()
    else:
        fixed = edited(first, ">88<", ">3.85<")
    again, sheet = marked_again(session, bank, fixed)
    assert sheet[wrong[0]].comment is None and sheet[wrong[0]].fill.fgColor.rgb != FILLS["bad"]
    assert "0–36" in sheet[wrong[1]].comment.text and sheet[wrong[1]].fill.fgColor.rgb == FILLS["bad"]
    assert set(shapes(again).values()) == {1} and len(shapes(again)) == 1 + saved_anew
    if saved_anew:
        assert sheet["A4"].comment.text == "自己的备注" and sheet["A4"].comment.author == "李敏"
    # Nothing left to put right: nothing is marked.
    third, sheet = marked_again(session, bank, edited(again, ">99<", ">3.9<"))
    assert [c.comment.text for r in sheet.iter_rows() for c in r if c.comment] == ["自己的备注"] * saved_anew
    assert len(shapes(third)) == int(saved_anew)


def edited(data: bytes, old: str, new: str) -> bytes:
    """Return a workbook in whose sheet one value is another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = content.replace(old.encode(), new.encode())
            target.writestr(name, content)
    return out.getvalue()


def resaved(data: bytes) -> bytes:
    """Return the workbook as another program saves it: styles and drawings numbered anew."""
    return saved(load_workbook(io.BytesIO(data)))


@pytest.mark.parametrize("opened", [bytes, resaved])
def test_a_marked_file_corrected_and_marked_again_accuses_only_what_is_wrong(
    session: Session, bank: Actor, opened: Callable[[bytes], bytes]
):
    number = batch(session, bank)
    made = load_workbook(io.BytesIO(book([cells(row(1, rate=88)), cells(row(2, rate=88)), cells(row(3))])))
    sheet: Any = made.active
    sheet["K2"].fill = PatternFill("solid", fgColor="FF00B050")
    sheet["K2"].comment, sheet["A4"].comment = Comment("请核实", "主管"), Comment("老客户", "主管")
    sheet["A4"].fill = PatternFill("solid", fgColor="FFFFC7CE")

    def marked_again(data: bytes) -> bytes:
        seen = offline_import.trial(session, bank, number, "a.xlsx", data)
        return offline_import.marked(session, bank, seen.id)[1]()

    def corrected(data: bytes, place: str, value: object) -> bytes:
        """Return the marked workbook with one value typed, nothing else touched."""
        shape = rf'(<c r="{place}"[^>]*>)<v>88</v>'
        sheet = "xl/worksheets/sheet1.xml"
        return parts(
            opened(data), **{sheet: lambda x: re.sub(shape, rf"\g<1><v>{value}</v>", x.decode()).encode()}
        )

    once = marked_again(saved(made))
    first: Any = load_workbook(io.BytesIO(once)).active
    assert [first[c].fill.fgColor.rgb for c in ("K2", "K3")] == [FILLS["bad"]] * 2
    assert first["K2"].comment.author == AUTHOR and first["A4"].comment.author == "主管"
    twice = marked_again(corrected(once, "K2", 3.85))
    second: Any = load_workbook(io.BytesIO(twice)).active
    assert second["K2"].fill.fgColor.rgb == "FF00B050" and second["K2"].comment is None
    assert second["K3"].fill.fgColor.rgb == FILLS["bad"] and second["K3"].comment.author == AUTHOR
    assert (second["A4"].fill.fgColor.rgb, second["A4"].comment.text) == ("FFFFC7CE", "老客户")
    with zipfile.ZipFile(io.BytesIO(twice)) as archive:
        drawings = [archive.read(n).decode() for n in archive.namelist() if n.endswith(".vml")]
        drawing = next(d for d in drawings if "_cpegi_" in d)
    ElementTree.fromstring(drawing)
    places = re.findall(r"<\w+:Row>(\d+)</\w+:Row>\s*<\w+:Column>(\d+)<", drawing)
    assert sorted(places) == [("2", "10"), ("3", "0")]
