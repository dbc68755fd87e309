"""Awkward workbooks, made by openpyxl, XlsxWriter, and by hand for the broken ones; each with what must come of it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from cpegi_app.services.offline_form import SPECS
from tests.hostile_build import compound, locked
from tests.workbooks.make import HEADINGS, book, cells, filled, row, saved

PLACE = {s.name: i for i, s in enumerate(SPECS)}


@dataclass(frozen=True)
class Case:
    """A workbook and what must come of it: counts and words, or the refusal's words."""

    make: Callable[[], bytes]
    good: int = -1
    bad: int = 0
    says: tuple[str, ...] = ()
    refused: str = ""
    name: str = "备案.xlsx"


def changed(**changes: Any) -> Callable[[], bytes]:
    """Return a maker of one row with changed cells."""
    return lambda: book([cells(row(1, **changes))])


def parts(data: bytes, **edits: Callable[[bytes], bytes] | bytes | None) -> bytes:
    """Return a workbook with parts changed, added or (None) taken away; `__` in a key stands for `/`."""
    out, wanted = io.BytesIO(), {k.replace("__", "/").replace("_dot_", "."): v for k, v in edits.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            edit = wanted.pop(info.filename, old.read(info))
            if edit is not None:
                new.writestr(info.filename, edit(old.read(info)) if callable(edit) else edit)
        for name, content in wanted.items():
            if isinstance(content, bytes):
                new.writestr(name, content)
    return out.getvalue()


def shuffled() -> bytes:
    order = list(reversed(range(len(SPECS))))
    return book([[cells(row(1))[i] for i in order]], [HEADINGS[i] for i in order])


def extra_columns() -> bytes:
    return book([["1", "支行A", *cells(row(1))]], ["序号", "经办支行", *HEADINGS])


def old_template() -> bytes:
    names = {
        "统一社会信用代码": "社会信用代码",
        "借据编号": "借据号",
        "年利率(%)": "执行利率",
        "放款日期": "发放日期",
    }
    return book([cells(row(1))], [names.get(h, h) for h in HEADINGS], [["线下贷款备案模板（版本 2025-03）"]])


def two_heading_rows() -> bytes:
    upper = [HEADINGS[i] if i < 6 else ("金额与期限" if i == 6 else "") for i in range(len(SPECS))]
    lower = ["" if i < 6 else HEADINGS[i] for i in range(len(SPECS))]
    made = load_workbook(io.BytesIO(book([cells(row(1))], lower, [upper])))
    sheet: Any = made.active
    for column in range(1, 7):
        sheet.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)
    return saved(made)


def merged_title() -> bytes:
    made = load_workbook(
        io.BytesIO(book([cells(row(1))], HEADINGS, [["某某银行线下贷款台账"], [], ["单位：万元"]]))
    )
    sheet: Any = made.active
    sheet.merge_cells("A1:V1")
    return saved(made)


def hidden_sheet() -> bytes:
    made = Workbook()
    hidden: Any = made.active
    hidden.append(HEADINGS)
    hidden.append(cells(row(7)))
    hidden.sheet_state = "hidden"
    shown = made.create_sheet("数据")
    shown.append(HEADINGS)
    shown.append(cells(row(1)))
    made.active = 1
    return saved(made)


def hidden_rows() -> bytes:
    made = load_workbook(io.BytesIO(book([cells(row(n)) for n in (1, 2, 3)])))
    sheet: Any = made.active
    sheet.row_dimensions[3].hidden = True
    return saved(made)


def blank_formatted() -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, grey = made.add_worksheet(), made.add_format({"bg_color": "#eeeeee"})
    sheet.write_row(0, 0, HEADINGS)
    write_row(made, sheet, 1, cells(row(1)))
    for n in range(2, 5000):
        for column in range(len(SPECS)):
            sheet.write_blank(n, column, None, grey)
    made.close()
    return out.getvalue()


def write_row(made: Any, sheet: Any, number: int, values: list[Any], **formats: Any) -> None:
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    for column, value in enumerate(values):
        if isinstance(value, date):
            sheet.write_datetime(number, column, value, day)
        elif value is not None:
            sheet.write(number, column, value, formats.get(SPECS[column].name))


def written(formula: str = "", **options: Any) -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    percent = made.add_format({"num_format": "0.00%"})
    values = cells(row(1))
    if options.get("percent"):
        values[PLACE["rate"]] = 0.0385
        write_row(made, sheet, 1, values, rate=percent)
    else:
        write_row(made, sheet, 1, values)
    if formula:
        sheet.write_formula(1, PLACE["amount"], formula, None, options.get("value", 200))
    made.close()
    return out.getvalue()


def typed(**values: Any) -> bytes:
    """Return two rows, the second with values as openpyxl writes them: a text with = becomes a formula without a result."""
    made = load_workbook(io.BytesIO(book([cells(row(1)), cells(row(2))])))
    sheet: Any = made.active
    for name, value in values.items():
        sheet.cell(3, PLACE[name] + 1, value)
    return saved(made)


def merged_cells(name: str) -> bytes:
    made = load_workbook(io.BytesIO(book([cells(row(n, guarantor="中原担保")) for n in (1, 2, 3)])))
    sheet: Any = made.active
    place = PLACE[name] + 1
    sheet.merge_cells(start_row=2, end_row=3, start_column=place, end_column=place)
    return saved(made)


def like_formulas() -> bytes:
    """Texts that begin like formulas, a real = among them, each a text in the workbook."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    write_row(made, sheet, 1, cells(row(1)))
    for name, text in {"remark": "=1+1", "purpose": "+采购", "guarantor": "-", "contact": "@王"}.items():
        sheet.write_string(1, PLACE[name], text)
    made.close()
    return out.getvalue()


def stamped() -> bytes:
    """Dates with a time of day, and a comment of the clerk's own."""
    made = load_workbook(io.BytesIO(book([cells(row(1, lent_on=datetime(2026, 1, 31, 10, 30)))])))
    sheet: Any = made.active
    sheet["K2"] = 88
    sheet["K2"].comment = Comment("请核实", "主管")
    return saved(made)


def many(count: int) -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    for n in range(1, count + 1):
        sheet.write_row(n, 0, [f"企业{n}", "x"])
    made.close()
    return out.getvalue()


def beside(rows: int, columns: int, heading: list[str] | None = None) -> bytes:
    """Return a workbook whose first sheet is something else of the bank's, the loan on the second."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    other, loans = made.add_worksheet("存款流水"), made.add_worksheet("备案")
    other.write_row(0, 0, heading or [f"栏目{n}" for n in range(columns)])
    for n in range(1, rows):
        other.write_row(n, 0, [f"流水{n}", n])
    loans.write_row(0, 0, HEADINGS)
    write_row(made, loans, 1, cells(row(1)))
    made.close()
    return out.getvalue()


def one_text(times: int, length: int) -> bytes:
    """Return a workbook that holds a long text once and shows it in many cells."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    for n in range(times):
        sheet.write(n + 1, PLACE["remark"], "长" * length)
    made.close()
    return out.getvalue()


def plain() -> bytes:
    return book([cells(row(1))])


def far_cell() -> bytes:
    return parts(
        plain(),
        **{"xl__worksheets__sheet1_dot_xml": lambda x: x.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')},
    )  # fmt: skip


def million_blank_rows() -> bytes:
    rows = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(3, 1_000_000))
    return parts(
        plain(),
        **{"xl__worksheets__sheet1_dot_xml": lambda x: x.replace(b"</sheetData>", rows + b"</sheetData>")},
    )


def bomb() -> bytes:
    return parts(plain(), **{"xl__worksheets__sheet9_dot_xml": b"<x>" + b"0" * (60 << 20) + b"</x>"})


def external_link() -> bytes:
    return parts(plain(), **{"xl__externalLinks__externalLink1_dot_xml": b"<externalLink/>"})


def old_book() -> bytes:
    return compound({"Workbook": b"\x09\x08\x10\0\0\6\5\0".ljust(8000, b"\1")})


def renamed_pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF"


def macro() -> bytes:
    return parts(plain(), **{"xl__vbaProject_dot_bin": b"\xd0\xcf\x11\xe0"})


def with_prefixes(data: bytes) -> bytes:
    """Return a workbook as Microsoft's Open XML SDK writes one: every element of a sheet named with a prefix."""

    def prefixed(part: bytes) -> bytes:
        part = re.sub(rb"<(/?)(?=[A-Za-z])(?!\w+:)", rb"<\1x:", part)
        return part.replace(b'xmlns="http://schemas.openx', b'xmlns:x="http://schemas.openx')

    names = ("xl__worksheets__sheet1_dot_xml", "xl__styles_dot_xml", "xl__sharedStrings_dot_xml")
    return parts(data, **dict.fromkeys(names, prefixed))


def months(number: int) -> bytes:
    """Twelve visible sheets, the data in one of them."""
    made = Workbook()
    first: Any = made.active
    first.title = "1月"
    for month in range(2, 13):
        made.create_sheet(f"{month}月")
    for line in (HEADINGS, cells(row(1))):
        made[f"{number}月"].append(line)
    return saved(made)


def unread_rows(value: str) -> bytes:
    """Return a right row and one of which nothing can be read."""
    made = load_workbook(io.BytesIO(plain()))
    sheet: Any = made.active
    for column in range(1, len(SPECS) + 1):
        sheet.cell(4, column, value)
    return saved(made)


def filled_down() -> bytes:
    """Return a right row and formulas below it whose result is an empty text, as Excel keeps it."""
    cell = '<c r="{}{}" t="str"><f>IF(A{}="","",1)</f><v></v></c>'
    lines = [f'<row r="{n}">{"".join(cell.format(c, n, n) for c in "ABEF")}</row>' for n in range(3, 60)]
    rows = "".join(lines).encode()
    return parts(
        plain(),
        **{"xl__worksheets__sheet1_dot_xml": lambda x: x.replace(b"</sheetData>", rows + b"</sheetData>")},
    )


def template_untouched() -> bytes:
    from cpegi_app.services.offline_excel import current_template

    return current_template()


def template_filled() -> bytes:
    return filled(template_untouched(), [{}, {}])


def broken_sheet() -> bytes:
    return parts(plain(), **{"xl__worksheets__sheet1_dot_xml": lambda x: x[: len(x) // 2]})


TWO_MONTHS = timedelta(days=60)
OK = {"good": 1}
CORPUS: dict[str, Case] = {
    "plain": Case(plain, **OK),
    "template_filled": Case(template_filled, 2, says=("已跳过 1 行示例",)),
    "template_untouched": Case(template_untouched, refused="没有数据"),
    "shuffled_columns": Case(shuffled, **OK),
    "extra_columns": Case(extra_columns, **OK, says=("经办支行",)),
    "old_template": Case(old_template, **OK, says=("旧版模板（2025-03）", "社会信用代码→统一社会信用代码", "借据号→借据编号")),
    "two_heading_rows": Case(two_heading_rows, **OK),
    "merged_title": Case(merged_title, **OK),
    "hidden_sheet": Case(hidden_sheet, **OK, says=("1 个隐藏的工作表",)),
    "months": Case(lambda: months(2), **OK, says=("另有 4 个未读取：9月、10月、11月、12月",)),
    "months_unread": Case(lambda: months(10), refused="另有 4 个未读取"),
    "hidden_rows": Case(hidden_rows, 3, says=("1 行被隐藏",)),
    "blank_formatted_rows": Case(blank_formatted, **OK),
    "total_row": Case(lambda: book([cells(row(1)), ["合计", *[None] * 6, 200.5]]), **OK, says=("1 行合计",)),
    "thousands": Case(changed(contract_amount="1,000", amount=" 500.00 "), **OK),
    "full_width": Case(changed(contract_amount="１０００", amount="５００．５"), **OK),
    "with_unit": Case(changed(contract_amount="1000万元", amount="￥500"), **OK),
    "percent_text": Case(changed(rate="3.85%"), **OK),
    "percent_full_width": Case(changed(rate="３．８５％"), **OK),
    "percent_format": Case(lambda: written(percent=True), **OK),
    "prefixed": Case(lambda: with_prefixes(written(percent=True)), **OK),
    "date_text": Case(changed(lent_on="2026年1月31日", due_on="2027/1/31"), **OK),
    "date_dots": Case(changed(lent_on="2026.1.31", due_on="20270131"), **OK),
    "date_serial": Case(changed(lent_on=46053, due_on=46418), **OK),
    "date_and_time": Case(stamped, 0, 1, ("年利率应在",)),
    "date_nonsense": Case(changed(lent_on="去年十月"), 0, 1, ("请填写日期",)),
    "trailing_blanks": Case(changed(borrower_name=" 郑州 测试有限公司　", guarantee="信用 "), **OK),
    "formula_cached": Case(lambda: written("=100+100"), **OK),
    "formula_error": Case(lambda: written("=1/0", value="#DIV/0!"), 0, 1, ("错误值",)),
    "formula_without_result": Case(lambda: typed(amount="=100+100"), 1, 1, ("是公式", "粘贴为数值")),
    "optional_formula_without_result": Case(lambda: typed(balance="=100+100"), 1, 1, ("是公式", "粘贴为数值")),
    "formula_row": Case(lambda: unread_rows("=Sheet2!A1"), 1, 1, ("是公式",)),
    "error_row": Case(lambda: unread_rows("#N/A"), 1, 1, ("错误值",)),
    "formulas_filled_down": Case(filled_down, **OK),
    "error_value": Case(lambda: typed(amount="#N/A"), 1, 1, ("错误值", "粘贴为数值")),
    "merged_required_cells": Case(lambda: merged_cells("repayment"), 2, 1, ("被合并", "逐行填写")),
    "merged_optional_cells": Case(lambda: merged_cells("guarantor"), 2, 1, ("被合并", "逐行填写")),
    "texts_like_formulas": Case(like_formulas, **OK),
    "number_as_code": Case(changed(iou_no=202611230001), **OK),
    "long_number_as_code": Case(changed(iou_no=20261123000112345678), 0, 1, ("科学计数",)),
    "formula_like_text": Case(changed(remark="=HYPERLINK(\"http://x\")".replace("=", "＝")), **OK),
    "wrong_choice": Case(changed(guarantee="房产"), 0, 1, ("请从列表中选择担保方式", "可填：信用")),
    "choice_in_full": Case(changed(scale="小", is_first="Y"), **OK),
    "future_date": Case(changed(lent_on=date(2199, 1, 1), due_on=date(2199, 6, 1)), 0, 1, ("不能晚于今天",)),
    "due_before_lent": Case(changed(due_on=date(2020, 1, 1)), 0, 1, ("到期日应晚于放款日期",)),
    "above_contract": Case(changed(amount=501), 0, 1, ("不能大于合同金额",)),
    "contract_in_parts": Case(lambda: book([cells(row(n, contract_no="HT")) for n in (1, 2, 3)]), 2, 1, ("累计放款",)),
    "twice_in_file": Case(lambda: book([cells(row(1)), cells(row(2, iou_no="JJ-00001"))]), 1, 1, ("与第 2 行的借据编号相同",)),
    "wrong_code": Case(changed(borrower_code="91350100M000100Y44"), 0, 1, ("校验位不符",)),
    "required_blank": Case(changed(borrower_name="  "), 0, 1, ("请填写借款企业名称",)),
    "no_headings": Case(lambda: book([cells(row(1))], ["甲", "乙"]), refused="没有找到表头"),
    "column_missing": Case(lambda: book([cells(row(1))[:5]], HEADINGS[:5]), refused="缺少必填列：借据编号"),
    "in_yuan": Case(lambda: book([cells(row(1))], [h.replace("放款金额(万元)", "放款金额(元)") for h in HEADINGS]), refused="换算为万元"),
    "empty": Case(lambda: saved(Workbook()), refused="没有数据"),
    "too_many_rows": Case(lambda: many(20_200), refused="行数超过 20,000 行上限"),
    "long_sheet_beside": Case(lambda: beside(50_000, 5), **OK, says=("“存款流水”的行数过多，没有备案数据，未读取",)),
    "wide_sheet_beside": Case(lambda: beside(3, 400), **OK, says=("“存款流水”的列数过多，没有备案数据，未读取",)),
    "loans_too_many_beside": Case(lambda: beside(20_200, 22, HEADINGS), refused="“存款流水”的行数超过 20,000 行上限"),
    "one_text_a_thousand_times": Case(lambda: one_text(1_500, 30_000), refused="内容过大"),
    "far_cell": Case(far_cell, refused="的工作表“Sheet”在第 1048576 行有内容或格式，超出 100,000 行"),
    "million_blank_rows": Case(million_blank_rows, refused="请"),
    "zip_bomb": Case(bomb, refused="解压后过大"),
    "external_link": Case(external_link, refused="外部链接"),
    "macro": Case(macro, refused="宏"),
    "macro_by_name": Case(macro, refused="另存为“Excel 工作簿 (*.xlsx)”", name="备案.xlsm"),
    "encrypted": Case(locked, refused="取消密码"),
    "xls": Case(old_book, refused="旧版", name="备案.xls"),
    "renamed_pdf": Case(renamed_pdf, refused="是 PDF，此处只接受 XLSX"),
    "truncated": Case(lambda: plain()[:-300], refused="请"),
    "cut_short": Case(lambda: plain()[:100], refused="请"),
    "no_bytes": Case(lambda: b"", refused="空文件"),
    "broken_sheet": Case(broken_sheet, refused="请"),
}  # fmt: skip
