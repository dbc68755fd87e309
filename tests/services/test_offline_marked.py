"""A marked workbook that was corrected and is marked again accuses only what is wrong still (manual §5.1)."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from sqlmodel import Session

from cpegi_app.access import Actor
from cpegi_app.services import (
    guarded,
    offline_import,
    offline_layout,
    offline_loan,
    offline_marked,
    offline_trial,
    sheet_reader,
)
from cpegi_app.services.offline_marked import AUTHOR, FILLS, Marks, Unmarkable
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.workbooks.corpus import CORPUS, parts, plain, stamped, with_prefixes
from tests.workbooks.make import book, cells, row, saved

SHEET = "xl/worksheets/sheet1.xml"


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
    said = first["K3"].comment.text
    assert first["K2"].comment.text == f"{said}\n——\n原批注（主管）：请核实"
    # Marked again as it is, it says the same.
    same: Any = load_workbook(io.BytesIO(marked_again(opened(once)))).active
    assert [same[c].comment.text for c in ("K2", "K3")] == [first[c].comment.text for c in ("K2", "K3")]
    twice = marked_again(corrected(once, "K2", 3.85))
    second: Any = load_workbook(io.BytesIO(twice)).active
    assert second["K2"].fill.fgColor.rgb == "FF00B050"
    assert (second["K2"].comment.text, second["K2"].comment.author) == ("请核实", "主管")
    assert second["K3"].fill.fgColor.rgb == FILLS["bad"] and second["K3"].comment.author == AUTHOR
    assert (second["A4"].fill.fgColor.rgb, second["A4"].comment.text) == ("FFFFC7CE", "老客户")
    with zipfile.ZipFile(io.BytesIO(twice)) as archive:
        drawings = [archive.read(n).decode() for n in archive.namelist() if n.endswith(".vml")]
        drawing = next(d for d in drawings if "_cpegi_" in d)
    ElementTree.fromstring(drawing)
    places = re.findall(r"<\w+:Row>(\d+)</\w+:Row>\s*<\w+:Column>(\d+)<", drawing)
    assert sorted(places) == [("1", "10"), ("2", "10"), ("3", "0")]


# --- the parts of the file, no database asked -----------------------------------------------------------


def tried(data: bytes) -> tuple[str, Marks]:
    """Return the part that holds the data, and what a bank that has filed nothing is told of them."""
    layout = offline_layout.locate(sheet_reader.read("a.xlsx", data), "a.xlsx")
    nothing = offline_trial.Facts({}, {}, {}, {})
    found = offline_trial.finish(offline_trial.cells(layout), nothing, layout)
    return found.part, offline_marked.marks(found.findings)


def looks(data: bytes, part: str = SHEET) -> dict[str, tuple[str, str]]:
    """Return colour and comment of each cell that has any, read from the parts themselves."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        trees = {n: ElementTree.fromstring(archive.read(n)) for n in archive.namelist() if n.endswith(".xml")}
    styles = trees["xl/styles.xml"]
    fills = [(fill.find(".//{*}fgColor"), fill) for fill in styles.findall("{*}fills/{*}fill")]
    colours = [color.get("rgb", "") if color is not None else "" for color, _ in fills]
    shown = [colours[int(xf.get("fillId", 0))] for xf in styles.findall("{*}cellXfs/{*}xf")]
    found = {
        c.get("r", ""): [shown[int(c.get("s", 0))], ""] for c in trees[part].iter() if c.tag.endswith("}c")
    }
    for name in trees:
        for comment in trees[name].iterfind(".//{*}comment") if "comments" in name else ():
            found[comment.get("ref", "")][1] = "".join(t.text or "" for t in comment.iterfind(".//{*}t"))
    return {
        place: (colour, text) for place, (colour, text) in found.items() if text or colour in FILLS.values()
    }


def renamed() -> bytes:
    """Return a workbook whose sheet has a name that is written in entities."""
    name = b'name="&apos;1&#26376;&apos;&amp;&#x32;"'
    return parts(wrong_rate(plain()), **{"xl/workbook.xml": lambda x: x.replace(b'name="Sheet"', name)})


def wrong_rate(data: bytes) -> bytes:
    return parts(data, **{SHEET: lambda x: re.sub(rb"<((?:x:)?v)>3\.85<", rb"<\1>88<", x)})


AWKWARD = {name: case.make for name, case in CORPUS.items() if case.bad}
AWKWARD |= {"prefixed and wrong": lambda: wrong_rate(with_prefixes(plain())), "named in entities": renamed}


@pytest.mark.parametrize("name", list(AWKWARD))
def test_every_finding_of_an_awkward_workbook_is_coloured_and_commented(name: str):
    data = AWKWARD[name]()
    part, wanted = tried(data)
    made = offline_marked.mark(data, part, wanted)
    found = {
        offline_marked.letters(c) + str(r): (FILLS[kind], text) for (r, c), (kind, text) in wanted.items()
    }
    assert (
        found
        and {place: (colour, text.partition("\n——\n")[0]) for place, (colour, text) in looks(made).items()}
        == found
    )
    assert shapes(made).keys() == {(str(r - 1), str(c - 1)) for r, c in wanted}
    assert sheet_reader.read("a.xlsx", made) == sheet_reader.read("a.xlsx", data)


def conversations() -> bytes:
    """Return a workbook with conversations at K2 and A2, as Excel keeps them."""
    kind = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
    link = f'<Relationship Id="t1" Type="{kind}" Target="../threadedComments/threadedComment1.xml"/></Relationships>'
    space = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    said = "".join(
        f'<threadedComment ref="{ref}" dT="2026-01-01T00:00:00.00" personId="{{1}}" id="{{{n}}}"><text>请核实</text></threadedComment>'
        for n, ref in enumerate(("A2", "K2", "K2"))
    )
    advice = "[线程批注]\n\n了解详细信息: https://go.microsoft.com/fwlink/?linkid=870924\n\n批注:\n    请核实"
    return parts(
        stamped(),
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": lambda x: x.replace(b"</Relationships>", link.encode()),
            "xl/threadedComments/threadedComment1.xml": f'<ThreadedComments xmlns="{space}">{said}</ThreadedComments>'.encode(),
            "xl/comments/comment1.xml": lambda x: x.replace("主管".encode(), b"tc={1}").replace(
                "请核实".encode(), advice.encode()
            ),
        },
    )


def test_a_conversation_at_a_wrong_cell_is_kept_below_what_is_wrong():
    data = conversations()
    part, wanted = tried(data)
    made = offline_marked.mark(data, part, wanted)
    assert looks(made)["K2"][1].endswith("\n——\n原批注（批注）：批注:\n    请核实")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        threads = archive.read("xl/threadedComments/threadedComment1.xml").decode()
    # A cell has either: Excel would show the conversation only.
    assert re.findall(r'ref="(\w+)"', threads) == ["A2"]


def test_a_workbook_that_takes_for_ever_to_mark_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guarded, "WALL_SECONDS", 3)
    where: dict[str, tuple[str, str]] = {
        SHEET: ("</worksheet>", "<!--{}--></worksheet>"),
        "xl/styles.xml": ("</cellXfs>", "<!--{}--></cellXfs>"),
        "xl/comments/comment1.xml": ("</commentList>", "{}</commentList>"),
        "xl/drawings/commentsDrawing1.vml": ("</xml>", "{}</xml>"),
    }
    junk = {
        SHEET: "<row>",
        "xl/styles.xml": "<xf>",
        "xl/comments/comment1.xml": "<comment ",
        "xl/drawings/commentsDrawing1.vml": "<v:shape ",
    }

    def given_up(name: str) -> float:
        old, new = where[name]
        data = parts(
            stamped(), **{name: lambda x: x.replace(old.encode(), new.format(junk[name] * 100_000).encode())}
        )
        start = perf_counter()
        with pytest.raises(Unmarkable):
            offline_marked.mark(data, SHEET, {(2, 11): ("bad", "年利率应在 0–36 之间")})
        return perf_counter() - start

    with ThreadPoolExecutor() as pool:
        assert max(pool.map(given_up, where)) < 10


def test_a_guarded_child_has_half_a_gigabyte_and_ten_seconds():
    about = "from cpegi_app.services import guarded; import resource as r; guarded.limit(); "
    about += "print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CPU)[0])"
    done = subprocess.run([sys.executable, "-c", about], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(512 << 20), "10"]
