"""One offline loan as it is filed: the page's form, the workbook's columns, the messages, the export (domain.md §7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationInfo, field_validator

from cpegi_app.errors import FormInvalid
from cpegi_app.services import identifiers
from cpegi_app.services.forms import (
    Amount,
    Day,
    FieldSpec,
    Form,
    Number,
    Text,
    Widget,
    basis_points,
    fen,
    half_width,
    input_field,
    normalise,
    not_in_future,
    percent,
    wan,
)
from cpegi_app.services.rows import RowChecker
from cpegi_app.services.sheet_reader import is_moment, seen
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, Industry, RepaymentMode, Scale, YesNo

BATCH, BORROWER, CONTRACT, TERMS, AFTER = "备案信息", "借款企业", "合同与放款", "利率与担保", "贷后与备注"
F, W = input_field, Widget
AMOUNT = {"widget": W.NUMBER, "unit": "万元", "low": 0.01, "high": 999_999}


def _in_the_past(value: date) -> date:
    if why := not_in_future(value, "放款日期"):
        raise ValueError(why)
    return value


# What a field must satisfy beyond its type and its limits; the Form and the compiled checker both ask here.
RULES: dict[str, Callable[[Any], Any]] = {
    "borrower_code": identifiers.credit_code,
    "contract_no": identifiers.document_no,
    "iou_no": identifiers.document_no,
    "lent_on": _in_the_past,
}


_MONTH = re.compile(r"(20\d\d)[-/.年](\d{1,2})月?", re.ASCII)


def _month(text: str) -> str:
    """Return a month as people write it as 2026-11, or raise ValueError with the sentence."""
    found = _MONTH.fullmatch(half_width(text))
    if found is None or not 1 <= int(found[2]) <= 12:
        raise ValueError("请填写月份，格式如 2026-11")
    return f"{found[1]}-{int(found[2]):02d}"


class FilingForm(Form):
    """What a batch is called, and the month that it is filed for."""

    name: Text = F("备案名称", BATCH, max_len=60, placeholder="例如：2026 年 10 月线下贷款备案")
    period: Text = F(
        "备案期间", BATCH, max_len=30, placeholder="例如：2026-10", help="填写月份，格式如 2026-10"
    )
    note: Text = F("备注", BATCH, widget=W.AREA, max_len=500, required=False)

    @field_validator("period", mode="after")
    @classmethod
    def _for_a_month(cls, value: str) -> str:
        return _month(value)


class OfflineLoanForm(Form):
    """One loan; amounts in 万元, rates in per cent a year."""

    borrower_name: Text = F("借款企业名称", BORROWER, max_len=100)
    borrower_code: Text = F("统一社会信用代码", BORROWER, max_len=18)
    industry: Text = F("所属行业", BORROWER, widget=W.SELECT, options=Industry, required=False)
    scale: Text = F("企业规模", BORROWER, widget=W.SELECT, options=Scale, required=False)
    contract_no: Text = F("合同编号", CONTRACT, max_len=60)
    iou_no: Text = F("借据编号", CONTRACT, max_len=60, help="同一机构的借据编号只能备案一次")
    contract_amount: Amount = F("合同金额", CONTRACT, **AMOUNT)
    amount: Amount = F("放款金额", CONTRACT, **AMOUNT)
    lent_on: Day = F("放款日期", CONTRACT, widget=W.DATE)
    due_on: Day = F("到期日", CONTRACT, widget=W.DATE)
    rate: Number = F("年利率", TERMS, widget=W.NUMBER, unit="%", low=0, high=36)
    guarantee: Text = F("担保方式", TERMS, widget=W.SELECT, options=GuaranteeMode)
    guarantor: Text = F("担保机构", TERMS, max_len=100, required=False)
    guarantee_fee: Number = F("担保费率", TERMS, widget=W.NUMBER, unit="%", low=0, high=36, required=False)
    repayment: Text = F("还款方式", TERMS, widget=W.SELECT, options=RepaymentMode)
    purpose: Text = F("贷款用途", TERMS, max_len=200, required=False)
    is_first: Text = F("是否首贷", TERMS, widget=W.SELECT, options=YesNo, required=False)
    balance: Amount = F("贷款余额", AFTER, widget=W.NUMBER, unit="万元", low=0, high=999_999, required=False)
    five_class: Text = F("五级分类", AFTER, widget=W.SELECT, options=FiveClass, required=False)
    contact: Text = F("联系人", AFTER, max_len=40, required=False)
    contact_phone: Text = F("联系电话", AFTER, max_len=20, required=False, secret=True)
    remark: Text = F("备注", AFTER, widget=W.AREA, max_len=500, required=False)

    @field_validator(*RULES, mode="after")
    @classmethod
    def _own_rule(cls, value: Any, info: ValidationInfo) -> Any:
        return RULES[info.field_name or ""](value) if value is not None else value


SPECS = OfflineLoanForm.specs()
TITLES = {s.name: s.title for s in SPECS}


def heading(spec: FieldSpec) -> str:
    """Return a field's heading in workbooks, with its unit."""
    return f"{spec.title}({spec.unit})" if spec.unit else spec.title


# --- between the form and the table -----------------------------------------------------------------

# Field → column of OfflineLoan and Loan, where they differ; what is stored is 分 and 0.01 %.
STORED = {
    "contract_amount": "contract_fen",
    "amount": "amount_fen",
    "rate": "rate_bp",
    "guarantee_fee": "guarantee_fee_bp",
    "balance": "balance_fen",
}
COLUMNS = tuple(STORED.get(s.name, s.name) for s in SPECS)
BLANK_TEXT = tuple(s.name for s in SPECS if not s.required and s.name not in STORED)
STORES: dict[str, Callable[[Any], Any]] = {
    **{n: lambda v: None if v is None else fen(v) for n in ("contract_amount", "amount", "balance")},
    **{n: lambda v: None if v is None else basis_points(v) for n in ("rate", "guarantee_fee")},
    **{n: lambda v: v or "" for n in BLANK_TEXT},
}


def strings(row: Any) -> dict[str, str]:
    """Return a stored row, of either table, as its form's strings."""
    return {s.name: _string(s.name, getattr(row, STORED.get(s.name, s.name), "")) for s in SPECS}


def _string(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    column = STORED.get(name, "")
    if column.endswith("_fen"):
        return wan(value).replace(",", "")
    if column.endswith("_bp"):
        return percent(value)
    return value.isoformat() if isinstance(value, date) else str(value)


# The columns that are checked against each other within a row.
TOGETHER = ("lent_on", "due_on", "contract_fen", "amount_fen", "balance_fen")


def across(
    lent: date | None, due: date | None, contract: int | None, amount: int | None, balance: int | None
) -> dict[str, str]:
    """Return what is wrong between the columns TOGETHER of a row; one that is missing is no matter of this."""
    errors: dict[str, str] = {}
    if lent and due and due <= lent:
        errors["due_on"] = f"到期日应晚于放款日期 {lent.isoformat()}，请核对"
    if contract and amount and amount > contract:
        errors["amount"] = f"放款金额不能大于合同金额 {wan(contract)} 万元，请核对"
    if amount and balance and balance > amount:
        errors["balance"] = f"贷款余额不能大于放款金额 {wan(amount)} 万元，请核对"
    return errors


# A rate up to this, in 0.01 %, is more likely a fraction: 0.05 for 5 % (ours: a hundredth of the highest).
LOW_BP = 36


def low_rate(rate_bp: int | None) -> str:
    """Return the question whether a rate was typed as a fraction, empty for one that is likely."""
    if not rate_bp or rate_bp > LOW_BP:
        return ""
    return f"年利率 {percent(rate_bp)} %，是否应为 {percent(rate_bp * 100)} %？"


def check(data: Mapping[str, str]) -> dict[str, Any]:
    """Return the stored columns of one typed row, or raise `FormInvalid` with a sentence a field."""
    form: Any = OfflineLoanForm.parse(data)
    row = {STORED.get(s.name, s.name): store(s.name, getattr(form, s.name)) for s in SPECS}
    if errors := across(*(row[name] for name in TOGETHER)):
        raise FormInvalid(errors)
    return row


def store(name: str, value: Any) -> Any:
    """Return a checked value as its column keeps it."""
    return STORES[name](value) if name in STORES else value


# --- cells as people leave them ---------------------------------------------------------------------

_SERIAL = re.compile(r"\d{5}(\.0+)?", re.ASCII)
_CLOCK = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)
# A rate as Excel keeps 3.85 % without its format.
_FRACTION = re.compile(r"0?\.(?=0*[1-9])[0-3]\d{2,15}", re.ASCII)
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
# The texts that are made of digits; in the others 2E+3 is what somebody wrote.
_NUMBERS = frozenset({"borrower_code", "contract_no", "iou_no", "contact_phone"})
_EPOCH = date(1899, 12, 30)
_YES_NO = {
    "Y": "YES",
    "YES": "YES",
    "TRUE": "YES",
    "1": "YES",
    "N": "NO",
    "NO": "NO",
    "FALSE": "NO",
    "0": "NO",
}


def clean(spec: FieldSpec, text: str) -> str:
    """Return a cell's text as the form wants it, or raise ValueError with the sentence."""
    text = normalise(text)
    if not text:
        return ""
    if spec.options:
        return _code(spec, text)
    if spec.widget is W.DATE:
        return _day(text)
    if is_moment(text):
        return _no_moment(spec, text)
    if spec.widget is W.NUMBER:
        return _figure(spec, text)
    if spec.name in _NUMBERS and _ROUNDED.fullmatch(text):
        raise ValueError(
            f"Excel 把较长的{spec.title}变成了科学计数，末尾数字已丢失，请把该列设为“文本”格式后重新填写"
        )
    return text


def _code(spec: FieldSpec, text: str) -> str:
    known = _LABELS[spec.name]
    plain = half_width(text)
    found = known.get(plain) or known.get(plain.upper())
    if found is None and spec.name == "is_first":
        found = _YES_NO.get(plain.upper())
    return found or text


def _labels(options: list[tuple[str, str]]) -> dict[str, str]:
    found = {half_width(label): code for code, label in options}
    found |= {half_width(label).removesuffix("型"): code for code, label in options if label.endswith("型")}
    return found | {code: code for code, _ in options}


_LABELS = {s.name: _labels(s.options) for s in SPECS if s.options}


def _day(text: str) -> str:
    plain = _CLOCK.sub("", text)
    if _SERIAL.fullmatch(plain):
        # A date that lost its format: days since 1899-12-30, as Excel counts.
        return (_EPOCH + timedelta(days=int(float(plain)))).isoformat()
    return plain


def _no_moment(spec: FieldSpec, text: str) -> str:
    """Return what stands in a remark; refuse what Excel made of a number: "3-5" is the fifth of March to it."""
    if spec.widget is W.NUMBER:
        raise ValueError("该单元格是日期或时间，可能是 Excel 改写的，请把格式设为“常规”后重新填写数字")
    if spec.name in _NUMBERS:
        raise ValueError(
            f"Excel 把{spec.title}变成了日期或时间，原来填写的已无法看出，请把该列设为“文本”格式后重新填写"
        )
    return seen(text)


def _figure(spec: FieldSpec, text: str) -> str:
    plain = half_width(text).lstrip("¥￥")
    if spec.unit == "万元" and plain.endswith("%"):
        raise ValueError("该单元格是百分比，请把格式设为“常规”，按万元填写金额")
    if spec.name == "rate" and (meant := _FRACTION.fullmatch(plain)):
        percents = f"{(Decimal(meant[0]) * 100).normalize():f}"
        raise ValueError(f"年利率 {plain} %，是否应为 {percents} %？请按百分数填写，最多保留两位小数")
    return plain.removesuffix("万元").removesuffix("万") if spec.unit == "万元" else plain


def right(spec: FieldSpec) -> str:
    """Return what would be right in a field."""
    if spec.options:
        return "可填：" + "、".join(label for _, label in spec.options)
    if spec.widget is W.DATE:
        return "日期，例如 2026-01-31"
    if spec.widget is W.NUMBER:
        return f"数字，{spec.low:g}–{spec.high:,.15g}，单位{spec.unit}，最多{'六' if spec.unit == '万元' else '两'}位小数"
    return {
        "borrower_code": "营业执照上的 18 位代码，例如 91330100799655058B",
        "iou_no": "本机构内不重复的借据编号，文本格式",
    }.get(spec.name, f"文字，最多 {spec.max_len} 字")


def row_checker(*, cells: bool) -> RowChecker:
    """Return the form compiled for many rows, of `cells` or of typed values; a new one a run, as today moves on."""
    return RowChecker(OfflineLoanForm, RULES, STORES, clean if cells else None)
