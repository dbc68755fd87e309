"""The filing template, made by openpyxl from the form itself: headings, drop-downs, formats, example, instructions."""

from __future__ import annotations

import io
from datetime import timedelta
from functools import lru_cache
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from cpegi_app import clock
from cpegi_app.services.forms import FieldSpec, Widget
from cpegi_app.services.offline_form import SPECS, heading, right
from cpegi_app.services.offline_layout import LISTS, VERSION
from cpegi_app.services.sheet_reader import MAX_ROWS

TITLE = "线下贷款备案表"
DATA, HELP = "备案数据", "填写说明"
HEAD_ROW, LAST_ROW = 2, MAX_ROWS + 2
# 12.345678 is shown whole, 200 as 200.00.
AMOUNTS = "#,##0.00####"
INK, SEAL, PALE = "1F3A5F", "C8402F", "F3F5F8"
EXAMPLE = {
    "borrower_name": "示例：郑州示范制造有限公司（导入时自动跳过此行）",
    "borrower_code": "91410100MA00000210",
    "industry": "制造业",
    "scale": "中型",
    "contract_no": "HT-2026-0001",
    "iou_no": "JJ-2026-0001",
    "contract_amount": 500,
    "amount": 200,
    "rate": 3.85,
    "guarantee": "信用",
    "repayment": "先息后本",
    "purpose": "采购原材料",
    "is_first": "是",
    "balance": 200,
    "five_class": "正常",
    "contact": "李敏",
    "contact_phone": "13800001234",
}
RULES = (
    "带 * 的列必填；其余选填。列的顺序可以调整，可以增加自己的列（不会导入），但请保留列名。",
    f"每份文件不超过 10 MB、{MAX_ROWS:,} 行；超过时请拆分为多份，分别导入同一备案批次。",
    "金额单位为万元，最多六位小数（精确到分）；利率、费率单位为 %，最多两位小数。日期请填写为 2026-01-31。",
    "合同编号、借据编号请保持“文本”格式，以免 Excel 改写较长的数字。",
    "同一机构的借据编号只能备案一次；已备案的借据再次导入时自动跳过，不会重复。",
    "放款金额不能大于合同金额；同一合同的放款合计不能超过合同金额。放款日期不能晚于今天，并应早于到期日。",
    "导入先试后导：平台逐格检查并列出每一处错误，可下载标注了错误的原文件，改好后再次导入即可。",
)


@lru_cache(maxsize=2)
def template(day: str = "") -> bytes:
    """Return the template as an .xlsx; `day` keeps yesterday's example from staying in the memory."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = DATA
    _title(sheet)
    lists = book.create_sheet(LISTS)
    for column, spec in enumerate(SPECS, 1):
        _head(sheet, column, spec)
        _body(sheet, lists, column, spec)
    _example(sheet)
    sheet.freeze_panes = sheet.cell(HEAD_ROW + 1, 3)
    _help(book.create_sheet(HELP))
    lists.sheet_state = "hidden"
    book.properties.title = f"{TITLE} {VERSION}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def current_template() -> bytes:
    """Return today's template."""
    return template(clock.today().isoformat())


def _title(sheet) -> None:
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(SPECS))
    cell = sheet.cell(1, 1, f"{TITLE}（模板版本 {VERSION}）　带 * 为必填，填写前请看“{HELP}”")
    cell.font, cell.alignment = Font(bold=True, size=13, color=INK), Alignment(vertical="center")
    sheet.row_dimensions[1].height = 26


def _head(sheet, column: int, spec: FieldSpec) -> None:
    cell = sheet.cell(HEAD_ROW, column, heading(spec) + ("*" if spec.required else ""))
    cell.font = Font(bold=True, color=SEAL if spec.required else INK)
    cell.fill = PatternFill("solid", fgColor=PALE)
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    cell.border = Border(bottom=Side(style="thin", color=INK))
    cell.comment = Comment(
        f"{'必填' if spec.required else '选填'}。{right(spec)}", TITLE, height=90, width=260
    )
    width = 30 if spec.name == "borrower_name" else 22 if spec.name.endswith(("_code", "_no")) else 14
    sheet.column_dimensions[get_column_letter(column)].width = width


def _body(sheet, lists, column: int, spec: FieldSpec) -> None:
    letter = get_column_letter(column)
    # A format for the whole column: a style a cell would make the empty template megabytes large.
    shape = {Widget.NUMBER: AMOUNTS, Widget.DATE: "yyyy-mm-dd"}.get(spec.widget, "@")
    sheet.column_dimensions[letter].number_format = shape
    cells = f"{letter}{HEAD_ROW + 1}:{letter}{LAST_ROW}"
    if spec.options:
        for row, (_, label) in enumerate(spec.options, 1):
            lists.cell(row, column, label)
        source = f"{LISTS}!${letter}$1:${letter}${len(spec.options)}"
        rule = DataValidation("list", formula1=source, allow_blank=True)
    elif spec.widget is Widget.NUMBER:
        rule = DataValidation("decimal", formula1=str(spec.low), formula2=str(spec.high), operator="between")
    elif spec.widget is Widget.DATE:
        rule = DataValidation("date", formula1="36526", operator="greaterThan")
    else:
        return
    rule.allow_blank, rule.showErrorMessage, rule.errorTitle, rule.error = (
        True,
        True,
        spec.title,
        right(spec)[:200],
    )
    rule.add(cells)
    sheet.add_data_validation(rule)


def _example(sheet) -> None:
    lent = clock.today() - timedelta(days=30)
    values = EXAMPLE | {"lent_on": lent, "due_on": lent + timedelta(days=365)}
    for column, spec in enumerate(SPECS, 1):
        cell = sheet.cell(HEAD_ROW + 1, column, values.get(spec.name))
        cell.font = Font(italic=True, color="8A94A6")
        cell.number_format = sheet.column_dimensions[get_column_letter(column)].number_format


def _help(sheet) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 10
    sheet.column_dimensions["C"].width = 100
    sheet.cell(1, 1, f"{TITLE}填写说明（版本 {VERSION}）").font = Font(bold=True, size=13, color=INK)
    for number, text in enumerate(RULES, 1):
        sheet.cell(1 + number, 1, f"{number}. {text}")
    start = len(RULES) + 3
    for column, text in enumerate(("列名", "是否必填", "怎样填写"), 1):
        sheet.cell(start, column, text).font = Font(bold=True)
    for row, spec in enumerate(SPECS, start + 1):
        sheet.cell(row, 1, heading(spec))
        sheet.cell(row, 2, "必填" if spec.required else "选填")
        sheet.cell(row, 3, right(spec))
