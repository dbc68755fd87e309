"""Where the data stand in a workbook, by sheets that need no file: units, rows without a readable cell, sheets unseen."""

from __future__ import annotations

from typing import Any

import pytest

from cpegi_app.services import offline_layout, offline_trial
from cpegi_app.services.offline_layout import Layout
from cpegi_app.services.sheet_reader import MAX_ROWS, Sheet, Workbook, WorkbookRefused
from tests.workbooks.make import HEADINGS, cells, row

ROW = [str(c if c is not None else "") for c in cells(row(1))]
AMOUNT, RATE = HEADINGS.index("放款金额(万元)"), HEADINGS.index("年利率(%)")
BARE = [h.removesuffix("(万元)") for h in HEADINGS]


def located(*lines: list[str], more: dict[str, Any] | None = None) -> Layout:
    """Return where the data stand in a sheet of these lines."""
    rows = [[number, *line] for number, line in enumerate(lines, 1) if any(line)]
    sheet = Sheet(name="台账", part="", rows=rows, **(more or {}))
    return offline_layout.locate(Workbook(sheets=[sheet]), "台账.xlsx")


def renamed(column: int, name: str) -> list[str]:
    return [*HEADINGS[:column], name, *HEADINGS[column + 1 :]]


@pytest.mark.parametrize(
    ("column", "name", "unit"),
    [
        (AMOUNT, "放款金额（元）", "元"),
        (AMOUNT, "放款金额（人民币元）", "元"),
        (AMOUNT, "*放款金额（单位：元）", "元"),
        (AMOUNT, "放款金额(千元)", "千元"),
        (AMOUNT, "放款金额 ( 亿元 )", "亿元"),
        (AMOUNT, "放款金额(万美元)", "万美元"),
        (AMOUNT, "放款金额(必填，元)", "元"),
        (RATE, "年利率(‰)", "‰"),
        (RATE, "执行利率（BP）", "BP"),
    ],
)
def test_a_column_in_another_unit_is_refused_with_what_to_write(column: int, name: str, unit: str):
    with pytest.raises(WorkbookRefused) as refusal:
        located(renamed(column, name), ROW)
    told = refusal.value.message
    assert f"标注的是“{unit}”" in told and "请把数据换算为" in told and HEADINGS[column] in told


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (AMOUNT, "放款金额"),
        (AMOUNT, "放款金额（人民币万元）*"),
        (AMOUNT, "放款金额（单位：万元）"),
        (AMOUNT, "放款金额(万元，必填)"),
        (AMOUNT, "放款金额(必填)"),
        (RATE, "年利率（％）"),
        (RATE, "执行年利率(年化%)"),
        (RATE, "利率(%/年)"),
    ],
)
def test_the_platforms_own_unit_is_taken_however_it_is_written(column: int, name: str):
    assert located(renamed(column, name), ROW).columns[column] == column + 1


@pytest.mark.parametrize(
    "above",
    [
        ["单位：元"],
        ["某某银行", "", "金额单位: 人民币元  填报日期：2026-11-27"],
        ["贷款台账（单位：千元）"],
        ["贷款台账（元）"],
        ["", "", "", "", "", "金额（元）", "", "", "期限"],
    ],
)
def test_a_unit_stated_above_headings_without_one_is_minded(above: list[str]):
    with pytest.raises(WorkbookRefused, match="请把数据换算为万元"):
        located(above, BARE, ROW)
    # Headings that state their unit are believed.
    assert located(above, HEADINGS, ROW).rows


@pytest.mark.parametrize(
    "above", ["单位：万元", "填报单位：元氏县农商行", "金额单位：人民币万元，利率单位：%"]
)
def test_a_line_above_that_states_no_other_unit_is_no_matter(above: str):
    assert located([above], BARE, ROW).rows


def test_the_unit_of_a_column_beside_is_no_matter():
    upper, lower = ["手续费(元)", *[""] * len(BARE)], ["", *BARE]
    assert located(upper, lower, ["1", *ROW]).rows


def test_a_heading_of_two_rows_is_minded_where_it_stands():
    upper = [h if i == AMOUNT else "" for i, h in enumerate(renamed(AMOUNT, "放款金额(元)"))]
    with pytest.raises(WorkbookRefused, match="标注的是“元”"):
        located(upper, renamed(AMOUNT, ""), ROW)


@pytest.mark.parametrize(
    ("other", "own"),
    [
        ("贷款金额", "放款金额(万元)"),
        ("放款金额(元)", "*放款金额（万元）"),
        ("贷款金额", "放款金额"),
        ("放款金额", "放款金额(万元)"),
    ],
)
def test_a_fields_own_heading_comes_before_what_is_like_it(other: str, own: str):
    headings = [other, *renamed(AMOUNT, own), other]
    layout = located(headings, ["999", *ROW, "998"])
    assert layout.columns[AMOUNT] == AMOUNT + 2
    told = [f"“{other}”与“{own}”都像“放款金额”，已导入“{own}”列，请核对。"] * 2
    assert [n for n in layout.notes if "都像" in n] == told and "无法识别" not in " ".join(layout.notes)


def test_of_two_that_are_like_a_field_the_first_is_taken_and_told():
    layout = located([*renamed(AMOUNT, "发放金额"), "贷款金额"], [*ROW, "999"])
    assert layout.columns[AMOUNT] == AMOUNT + 1
    notes = " ".join(layout.notes)
    assert "发放金额→放款金额" in notes and "“贷款金额”与“发放金额”都像“放款金额”" in notes


def test_headings_of_two_rows_are_told_as_those_of_one():
    upper = ["支行", *("发放金额" if i == AMOUNT else "" for i in range(len(HEADINGS)))]
    notes = " ".join(located(upper, ["", *renamed(AMOUNT, "")], ["1", *ROW]).notes)
    assert "发放金额→放款金额" in notes and "无法识别，未导入：支行。" in notes


def test_unknown_columns_beyond_those_named_are_counted():
    own = [f"自有{n}" for n in range(1, 26)]
    notes = " ".join(located([*HEADINGS, *own], [*ROW, *own]).notes)
    assert "自有20等 25 列。" in notes and "自有21" not in notes


@pytest.mark.parametrize(
    ("kind", "text"), [("formulas", offline_trial.FORMULA), ("errors", offline_trial.ERROR)]
)
def test_a_row_of_which_nothing_can_be_read_is_a_row(kind: str, text: str):
    places = [[4, column] for column in range(1, len(HEADINGS) + 1)]
    layout = located(HEADINGS, ROW, [], [], ROW, more={kind: [[1, 99], *places, [9, 40]]})
    assert [r[0] for r in layout.rows] == [2, 4, 5]
    wrong = offline_trial.cells(layout).wrong
    assert [w[0] for w in wrong] == [4] and set(wrong[0][2].values()) == {text}
    # Nothing else to read, or nothing but what is not imported.
    assert len(located(HEADINGS, more={kind: places}).rows) == 1
    named = located(["序号", *HEADINGS], ["1"], more={kind: [[2, 3]]})
    assert [r[0] for r in named.rows] == [2]


def test_twenty_thousand_rows_are_taken_and_no_more():
    rows = [ROW] * MAX_ROWS
    assert len(located(HEADINGS, *rows).rows) == MAX_ROWS
    with pytest.raises(WorkbookRefused, match="有 20,001 行数据，超过 20,000 行上限，请拆分"):
        located(HEADINGS, *rows, ROW)


def test_sheets_that_are_not_read_are_named():
    unseen = [f"{n}月" for n in range(9, 16)]
    rows = [[1, *HEADINGS], [2, *ROW]]
    sheet = Sheet(name="1月", part="", rows=rows)
    layout = offline_layout.locate(Workbook(sheets=[sheet], unseen=unseen), "台账.xlsx")
    assert "另有 7 个未读取：9月、10月、11月、12月、13月等。" in " ".join(layout.notes)
    for lines in ([], [[1, "甲", "乙"]]):
        book = Workbook(sheets=[Sheet(name="1月", part="", rows=lines)], unseen=unseen)
        with pytest.raises(WorkbookRefused, match="请把数据所在的工作表移到最前"):
            offline_layout.locate(book, "台账.xlsx")
