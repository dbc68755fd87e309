"""Where the data stand in a workbook: which sheet, which rows are headings, which column is which field."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import itemgetter

from cpegi_app.services.forms import Widget, half_width
from cpegi_app.services.offline_form import SPECS, heading
from cpegi_app.services.sheet_reader import MAX_ROWS, Sheet, Workbook, WorkbookRefused, whole

VERSION = "2026-11"
LISTS = "选项"
HEADING_ROWS = 30
# So many unknown headings are named.
NAMED = 20
# What earlier templates and the institutions' own systems call a field.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "borrower_name": ("企业名称", "借款人名称", "借款人", "客户名称", "借款企业"),
    "borrower_code": ("信用代码", "社会信用代码", "统一信用代码", "企业信用代码", "借款企业统一社会信用代码"),
    "industry": ("行业", "行业类别", "所属行业门类"),
    "scale": ("企业规模划型", "规模"),
    "contract_no": ("借款合同编号", "合同号", "贷款合同编号"),
    "iou_no": ("借据号", "借据号码", "借据编码"),
    "contract_amount": ("借款合同金额",),
    "amount": ("发放金额", "贷款金额", "借据金额"),
    "lent_on": ("发放日期", "放款日", "起始日", "贷款发放日期"),
    "due_on": ("到期日期", "贷款到期日", "到期时间"),
    "rate": ("执行利率", "贷款利率", "利率", "执行年利率"),
    "guarantee": ("主要担保方式",),
    "guarantor": ("担保公司", "担保人"),
    "guarantee_fee": ("担保费",),
    "repayment": ("还本付息方式",),
    "purpose": ("用途", "资金用途", "借款用途"),
    "is_first": ("首贷", "首贷户", "是否首贷户"),
    "balance": ("余额", "当前余额"),
    "five_class": ("风险分类", "五级分类结果"),
    "contact": ("企业联系人",),
    "contact_phone": ("电话", "手机", "手机号", "联系方式"),
    "remark": ("说明",),
}
_BRACKET = re.compile(r"\(([^()]*)\)$")
# What a heading's bracket may say, and what it may say beside that; a column in 元 read as 万元 is ten thousand times too large.
_UNITS = {"万元": ("", "万元", "万"), "%": ("", "%", "百分比")}
_BESIDE = re.compile(r"必填|选填|单位|人民币|RMB|CNY|年化|/?年|[:,、;*]", re.IGNORECASE)
# A unit that a line above the headings gives to all amounts; "填报单位：元氏县…" gives none.
_MONEY = r"(?:人民币)?([百千万亿]*(?:[美港欧日]?元|美金))(?!\w)"
_STATED = re.compile(rf"单\s*位\s*[:为]?\s*{_MONEY}")
_GROUPED = re.compile(rf"\(\s*{_MONEY}\s*\)\s*$")
_MARKS = re.compile(r"[*＊:：\s]|\(必填\)|\(选填\)|^\d+[.、]")
_VERSION = re.compile(r"版本\s*(\d{4}-\d{2})")
_TOTALS = ("合计", "总计", "小计", "汇总")
_EXAMPLES = ("示例", "例：", "例:", "样例")


@dataclass(frozen=True)
class Layout:
    """A sheet's data: `columns` gives each field's place in a row (1 is column A), 0 where there is none."""

    sheet: Sheet
    columns: tuple[int, ...]
    rows: list[list]
    notes: list[str] = field(default_factory=list)


def plain(text: object) -> str:
    """Return a heading without marks, blanks and units, for comparing."""
    return _BRACKET.sub("", _MARKS.sub("", half_width(str(text))))


# A column by the field's own heading with its unit comes first, then by its title, then by another name.
_KNOWN = {plain(n): (i, 2) for i, s in enumerate(SPECS) for n in OTHER_NAMES.get(s.name, ())}
_KNOWN |= {plain(heading(s)): (i, 1) for i, s in enumerate(SPECS)}
_OWN = {half_width(heading(s)) for s in SPECS}


@dataclass(frozen=True)
class Heading:
    """A sheet's headings: each column's name, of two rows where there are two, each field's column, their last row."""

    sheet: Sheet
    names: list[str]
    columns: tuple[int, ...]
    last: int

    @property
    def score(self) -> int:
        """How many fields are named."""
        return sum(map(bool, self.columns))


def locate(book: Workbook, label: str) -> Layout:
    """Return where the data stand, or refuse the workbook with a sentence."""
    found = [c for c in (_candidate(s) for s in book.sheets) if c is not None]
    if not found:
        _refuse_without_headings(book, label)
    head = max(found, key=lambda c: (c.score, bool(c.sheet.too_much), len(c.sheet.rows)))
    sheet, columns = whole(head.sheet, label), head.columns
    absent = [s for i, s in enumerate(SPECS) if s.required and not columns[i]]
    if absent:
        names = "、".join(heading(s) for s in absent)
        raise WorkbookRefused(f"文件“{label}”缺少必填列：{names}。请补上这些列，或下载最新模板后重新填写。")
    _refuse_wrong_units(head, label)
    _as_shown(sheet, columns)
    rows, notes = _data_rows(sheet, columns, head.last)
    if not rows:
        raise WorkbookRefused(f"文件“{label}”的表头下没有数据，请填写后重新导入。")
    if len(rows) > MAX_ROWS:
        raise WorkbookRefused(
            f"文件“{label}”有 {len(rows):,} 行数据，超过 {MAX_ROWS:,} 行上限，请拆分为多个文件后分别导入。"
        )
    about = [*_about(book, sheet, len(found)), *_named_otherwise(head)]
    return Layout(sheet, columns, rows, [*about, *_unknown(head), *notes])


def _as_shown(sheet: Sheet, columns: tuple[int, ...]) -> None:
    """Read a text as its cell shows it: 001234, where Excel keeps 1234; a figure counts for what it is."""
    texts = {
        c for s, c in zip(SPECS, columns, strict=True) if c and s.widget is Widget.TEXT and not s.options
    }
    rows = {row[0]: row for row in sheet.rows} if sheet.shown else {}
    for number, column, text in sheet.shown:
        if column in texts and number in rows:
            rows[number][column] = text


def _refuse_without_headings(book: Workbook, label: str) -> None:
    for sheet in book.sheets:
        whole(sheet, label)
    more = f"（{_unseen(book)}，请把数据所在的工作表移到最前）" if book.unseen else ""
    if not any(s.rows for s in book.sheets):
        hidden = "（数据可能在隐藏的工作表中，请取消隐藏）" if book.hidden_sheets else ""
        raise WorkbookRefused(f"文件“{label}”中没有数据{hidden}{more}，请填写后重新导入。")
    raise WorkbookRefused(
        f"文件“{label}”中没有找到表头{more}。请确认有一行包含“{SPECS[0].title}、{SPECS[1].title}”等列名，或下载模板后填写。"
    )


def _candidate(sheet: Sheet) -> Heading | None:
    """Return the best heading of a sheet, none when it names hardly any field."""
    best: Heading | None = None
    for at, row in enumerate(sheet.rows[:HEADING_ROWS]):
        if best and at > best.last + 2:
            break
        # Two rows of headings: the upper one groups, or is merged with the lower.
        for upper in ([], sheet.rows[at - 1][1:]) if at else ([],):
            names = [
                str(own) if str(own).strip() else str(above)
                for own, above in zip_longest(row[1:], upper, fillvalue="")
            ]
            found = Heading(sheet, [name.strip() for name in names], _match(names), at)
            if found.score >= 3 and (best is None or found.score > best.score):
                best = found
    return best


def _match(names: list[str]) -> tuple[int, ...]:
    """Return each field's column: what bears its own name, else what is called otherwise, of equals the leftmost."""
    best: dict[int, tuple[int, int]] = {}
    for place, name in enumerate(names, 1):
        if known := _known(name):
            field_, rank = known
            best[field_] = min(best.get(field_, (rank, place)), (rank, place))
    return tuple(best[i][1] if i in best else 0 for i in range(len(SPECS)))


def _known(name: str) -> tuple[int, int] | None:
    """Return the field that a heading names, and how surely: 0 is its own heading with the unit."""
    found = _KNOWN.get(plain(name)) if name.strip() else None
    return (found[0], 0) if found and _MARKS.sub("", half_width(name)) in _OWN else found


def _refuse_wrong_units(head: Heading, label: str) -> None:
    for spec, column in zip(SPECS, head.columns, strict=True):
        if not column or spec.unit not in _UNITS:
            continue
        name = half_width(head.names[column - 1])
        unit = _unit_of(name) or (_unit_above(head.sheet, column, head.last) if spec.unit == "万元" else "")
        if unit not in _UNITS[spec.unit]:
            raise WorkbookRefused(
                f"文件“{label}”的“{name}”列标注的是“{unit}”，平台按{spec.unit}读取。"
                f"请把数据换算为{spec.unit}，并把列名改为“{heading(spec)}”后重新导入。"
            )


def _unit_of(name: str) -> str:
    stated = _BRACKET.search(_MARKS.sub("", name))
    return _BESIDE.sub("", stated[1]) if stated else ""


def _unit_above(sheet: Sheet, column: int, last: int) -> str:
    """Return the unit that the lines above the headings give to a column, empty where they give none."""
    for at in reversed(range(last)):
        said = [unicodedata.normalize("NFKC", str(cell)) for cell in sheet.rows[at][1:]]
        over = next((place for place in range(min(column, len(said)), 0, -1) if said[place - 1].strip()), 0)
        # What stands over a blank cell is the heading of another column.
        group = said[over - 1] if over and (at < last - 1 or _has(sheet.rows[last], over)) else ""
        for stated in (*map(_STATED.search, said), _GROUPED.search(group)):
            if stated:
                return stated[1]
    return ""


def _has(row: list, column: int) -> bool:
    return column < len(row) and bool(row[column].strip())


def _data_rows(sheet: Sheet, columns: tuple[int, ...], last: int) -> tuple[list[list], list[str]]:
    """Return the rows below the headings without examples and totals, and what was left out."""
    used = [c for c in columns if c]
    widest, name, code = max(used), columns[0], columns[1]
    unread = _unread_rows(sheet, used, last)
    rows, examples, totals = [], 0, 0
    for row in sheet.rows[last + 1 :]:
        if len(row) <= widest:
            row.extend([""] * (widest + 1 - len(row)))
        if not any(row[c] and not row[c].isspace() for c in used) and row[0] not in unread:
            continue
        first = next((c for c in row[1:] if c and not c.isspace()), "").strip()
        if row[name].startswith(_EXAMPLES) or first.startswith(_EXAMPLES):
            examples += 1
        elif not row[code] and first.rstrip("：:").replace(" ", "") in _TOTALS:
            totals += 1
        else:
            rows.append(row)
    if lost := unread.difference(row[0] for row in sheet.rows) if unread else None:
        rows = sorted([*rows, *([number, *[""] * widest] for number in lost)], key=itemgetter(0))
    notes = [f"已跳过 {examples} 行示例。"] if examples else []
    return rows, notes + ([f"已跳过 {totals} 行合计。"] if totals else [])


def _unread_rows(sheet: Sheet, used: list[int], last: int) -> set[int]:
    """Return the rows below the headings with a formula without a result or an error in a column that is read."""
    head = sheet.rows[last][0]
    return {row for row, column in (*sheet.formulas, *sheet.errors) if row > head and column in used}


def _about(book: Workbook, sheet: Sheet, matching: int) -> list[str]:
    notes = []
    if matching > 1:
        notes.append(
            f"有 {matching} 个工作表含有备案数据，本次只导入“{sheet.name}”，其余请另存为单独的文件导入。"
        )
    # The template keeps its drop-downs in a hidden sheet of its own.
    if hidden := [name for name in book.hidden_sheets if name != LISTS]:
        notes.append(f"有 {len(hidden)} 个隐藏的工作表，未导入：{'、'.join(hidden[:5])}。")
    notes.extend(
        f"工作表“{s.name}”的{'行' if s.too_much == 'rows' else '列'}数过多，没有备案数据，未读取。"
        for s in book.sheets
        if s.too_much
    )
    if book.unseen:
        notes.append(f"{_unseen(book)}。")
    if sheet.hidden:
        notes.append(f"“{sheet.name}”中有 {sheet.hidden} 行被隐藏或筛选，这些行同样会导入。")
    return notes


def _unseen(book: Workbook) -> str:
    names = "、".join(book.unseen[:5]) + ("等" if len(book.unseen) > 5 else "")
    return f"只读取前 {len(book.sheets)} 个工作表，另有 {len(book.unseen)} 个未读取：{names}"


def _named_otherwise(head: Heading) -> list[str]:
    """Return which template this is when it is not today's, and which columns were taken under another name."""
    above = " ".join(str(c) for r in head.sheet.rows[: head.last] for c in r[1:])
    stated = _VERSION.search(half_width(above))
    notes = []
    if stated and stated[1] != VERSION:
        notes.append(f"旧版模板（{stated[1]}）已按列名对应；现行版本为 {VERSION}，下次可先下载最新模板。")
    others = [
        f"{name}→{spec.title}"
        for spec, column in zip(SPECS, head.columns, strict=True)
        if column and plain(name := head.names[column - 1]) not in (plain(heading(spec)), plain(spec.title))
    ]
    return [*notes, f"以下列名已对应：{'、'.join(others)}，请核对。"] if others else notes


def _unknown(head: Heading) -> list[str]:
    """Return which columns are not imported: named like one that is, or unknown; and which there are not."""
    notes, strange = [], []
    for place, name in enumerate(head.names, 1):
        if place in head.columns or plain(name) in ("序号", ""):
            continue
        if known := _known(name):
            taken = head.names[head.columns[known[0]] - 1]
            notes.append(f"“{name}”与“{taken}”都像“{SPECS[known[0]].title}”，已导入“{taken}”列，请核对。")
        else:
            strange.append(name)
    if strange:
        more = f"等 {len(strange)} 列" if len(strange) > NAMED else ""
        notes.append(f"以下列无法识别，未导入：{'、'.join(strange[:NAMED])}{more}。")
    missing = [s.title for s, c in zip(SPECS, head.columns, strict=True) if not c]
    return notes + ([f"没有以下选填列，按空白处理：{'、'.join(missing)}。"] if missing else [])
