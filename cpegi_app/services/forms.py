"""Forms: one Pydantic model is the page's form, its messages and the columns of its export.

Browsers send strings; every value is a string, several choices are joined by commas. Drafts keep
those strings as they are; `Form.parse` turns them into checked values or into sentences by field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NoReturn, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from cpegi_app import clock
from cpegi_app.errors import FormInvalid
from cpegi_app.services.money import basis_points as basis_points
from cpegi_app.services.money import fen as fen
from cpegi_app.services.money import percent as percent
from cpegi_app.services.money import wan as wan
from cpegi_app.vocabulary import Term

DRAFT_VALUE_MAX = 5000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff\u200b\ud800-\udfff]")
# What Decimal() would take beyond this (NaN, underscores, endless exponents) nobody means.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2})", re.ASCII)


class Widget(StrEnum):
    """How a field is typed in."""

    TEXT = "text"
    AREA = "area"
    NUMBER = "number"
    DATE = "date"
    SELECT = "select"
    CHECKS = "checks"


def normalise(value: str) -> str:
    """Return the text without control and bidi-override characters and outer blanks."""
    # What is printable holds none of them: half a million cells an import pass here.
    return value.strip() if value.isprintable() else _CONTROL.sub("", value).strip()


def half_width(value: str) -> str:
    """Return the text with full-width digits, letters and signs made plain, blanks removed."""
    if value.isascii() and value.isprintable() and " " not in value:
        return value
    plain = normalise(value)
    return "".join((plain if plain.isascii() else unicodedata.normalize("NFKC", plain)).split())


def measure(number: str, unit: str) -> str:
    """Return a number with its unit: 1,000 万元, 24 个月, but 4.2% and 0.5%/年."""
    if unit.startswith("%"):
        return f"{number}{unit}"
    return f"{number} {'个月' if unit == '月' else unit}".strip()


def plain_number(value: str) -> Decimal:
    """Return a number as people leave it ("1,000", "１０００", "3.85%"), or raise ValueError with the sentence."""
    text = half_width(value).replace(",", "").removesuffix("%")
    if not _NUMBER.fullmatch(text):
        raise ValueError("请填写数字，例如 100 或 3.85")
    return Decimal(text)


_TOO_LARGE, _CENT, _FEN = Decimal("1e12"), Decimal("0.01"), Decimal("0.000001")


def _decimal(value: Any, step: Decimal = _CENT) -> Decimal | None:
    if value in ("", None):
        return None
    number = plain_number(str(value))
    if abs(number) >= _TOO_LARGE:
        raise ValueError("数字过大，请核对单位")
    if number != number.quantize(step):
        raise ValueError("最多保留两位小数" if step == _CENT else "最多保留六位小数（精确到分）")
    return number


def _amount(value: Any) -> Decimal | None:
    return _decimal(value, _FEN)


def _integer(value: Any) -> int | None:
    number = _decimal(value)
    if number is None:
        return None
    if number != int(number):
        raise ValueError("请填写整数")
    return int(number)


def day_of(value: Any) -> date | None:
    """Return a date as people write it, None for a blank; raise ValueError with the sentence."""
    if value in ("", None):
        return None
    text = (
        half_width(str(value))
        .replace("/", "-")
        .replace(".", "-")
        .replace("年", "-")
        .replace("月", "-")
        .rstrip("日")
    )
    match = _DATE.fullmatch(text)
    try:
        found = date(*(int(p) for p in match.groups() if p)) if match else None
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 2199:
        raise ValueError("请填写日期，格式如 2026-01-31")
    return found


def _text(value: Any) -> str | None:
    return normalise(str(value)) or None if value is not None else None


def _codes(value: Any) -> tuple[str, ...] | None:
    found = tuple(dict.fromkeys(v for v in str(value or "").split(",") if v))
    return found or None


def _longest(values: Sequence[Any]) -> list[Any]:
    return [max(values, key=len)]


def _least_and_most(values: Sequence[Any]) -> list[Any]:
    return [min(values), max(values)]


@dataclass(frozen=True)
class Plain:
    """Texts that a converter leaves as they are: most cells of a workbook are such."""

    holds: Callable[[str], Any]
    value_of: Callable[[str], Any]
    extremes: Callable[[Sequence[Any]], list[Any]]
    """Those of many values that are within a field's limits only if all of them are."""


PLAIN: dict[Callable, Plain] = {
    _text: Plain(str.isalnum, str, _longest),
    _decimal: Plain(re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII).fullmatch, Decimal, _least_and_most),
    _amount: Plain(re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII).fullmatch, Decimal, _least_and_most),
}
Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[Decimal, BeforeValidator(_decimal)]
# 万元 that are exact to the 分, as a bank's own books are.
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Whole = Annotated[int, BeforeValidator(_integer)]
Day = Annotated[date, BeforeValidator(day_of)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_codes)]


def input_field(
    title: str,
    group: str,
    *,
    widget: Widget = Widget.TEXT,
    required: bool = True,
    unit: str = "",
    help: str = "",
    options: type[Term] | None = None,
    max_len: int = 100,
    low: float | None = None,
    high: float | None = None,
    wide: bool = False,
    placeholder: str = "",
    secret: bool = False,
) -> Any:
    """Declare one field: its label, its place, its control and its limits (in the unit shown).

    A `secret` one is a person's number: masked for everybody but its owner.
    """
    extra = {
        "group": group,
        "widget": widget.value,
        "required": required,
        "unit": unit,
        "help": help,
        "options": options.options() if options else [],
        "max_len": max_len,
        "low": low,
        "high": high,
        "wide": wide or widget in (Widget.AREA, Widget.CHECKS),
        "placeholder": placeholder,
        "secret": secret,
    }
    return Field(default=None, title=title, json_schema_extra=extra, validate_default=required)


class FieldSpec(BaseModel):
    """A field as pages, exports and difference tables need it."""

    name: str
    title: str
    group: str
    widget: Widget
    required: bool
    unit: str
    help: str
    options: list[tuple[str, str]]
    max_len: int
    low: float | None
    high: float | None
    wide: bool
    placeholder: str
    secret: bool

    def show(self, value: str | None) -> str:
        """Return a stored string as a screen shows it: labels for codes, thousand separators, the unit."""
        if not value:
            return ""
        if self.options:
            labels = dict(self.options)
            return "、".join(labels.get(v, v) for v in value.split(","))
        if self.widget is Widget.NUMBER:
            # A draft holds what was typed: written out, 1e999999999 would fill the memory.
            number = f"{Decimal(value):,f}" if _NUMBER.fullmatch(value) else value
            return measure(number, self.unit)
        return measure(value, self.unit)


class Form(BaseModel):
    """The base of every form: unknown names are refused, limits come from `input_field`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Names that a page sends along but that are no data of the form.
    ignored: ClassVar[frozenset[str]] = frozenset()
    # What a blank means, where it means something.
    blanks: ClassVar[Mapping[str, str]] = {}

    @field_validator("*", mode="after")
    @classmethod
    def _within_limits(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            check_limits(cls.spec(info.field_name or ""), value)
        return value

    @classmethod
    def specs(cls) -> list[FieldSpec]:
        """Return the fields in the order of the page."""
        return [cls.spec(name) for name in cls.model_fields]

    @classmethod
    def spec(cls, name: str) -> FieldSpec:
        """Return one field's description."""
        found = cls.model_fields[name]
        extra: Any = found.json_schema_extra or {}
        return FieldSpec(name=name, title=found.title or name, **extra)

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> Self:
        """Return the checked form or raise `FormInvalid` with one sentence a field."""
        if any(not isinstance(v, str) for v in data.values()):
            raise FormInvalid({"form": "提交的内容无法识别，请刷新页面后重试。"})
        try:
            # A blank is an absent value: an optional field keeps None, a required one is asked for.
            return cls.model_validate({k: v for k, v in data.items() if normalise(v)})
        except ValidationError as error:
            raise FormInvalid(_sentences(cls, error)) from None

    def strings(self) -> dict[str, str]:
        """Return the values as drafts and histories keep them."""
        return {name: _string(getattr(self, name)) for name in type(self).model_fields}


def check_limits(spec: FieldSpec, value: Any) -> None:
    """Raise ValueError with the sentence when a value is outside what its field allows."""
    limits(spec)(value)


def limits(spec: FieldSpec) -> Callable[[Any], None]:
    """Return what raises ValueError with the sentence when a value is outside what its field allows."""
    known = {code for code, _ in spec.options}
    low, high = (None if bound is None else Decimal(str(bound)) for bound in (spec.low, spec.high))

    def listed(value: Any) -> None:
        if any(v not in known for v in ((value,) if isinstance(value, str) else value)):
            raise ValueError(f"请从列表中选择{spec.title}")

    def sized(value: Any) -> None:
        if isinstance(value, str):
            if said := too_long(value, spec.max_len):
                raise ValueError(said)
        elif isinstance(value, (int, Decimal)) and (
            (low is not None and value < low) or (high is not None and value > high)
        ):
            raise ValueError(f"{spec.title}应{_span(spec)}")

    return listed if spec.widget in (Widget.SELECT, Widget.CHECKS) else sized


def too_long(text: str, most: int, what: str = "", then: str = "") -> str:
    """Return the sentence of a text over its limit, empty when it fits: nothing is ever cut.

    `what` names the text where it stands at no field, `then` says what follows."""
    return f"{what}最多 {most} 字，现有 {len(text)} 字，请精简{then}" if len(text) > most else ""


def _span(spec: FieldSpec) -> str:
    low = f"{spec.low:,g}" if spec.low is not None else ""
    high = f"{spec.high:,.15g}" if spec.high is not None else ""
    if low and high:
        return f"在 {measure(f'{low}–{high}', spec.unit)}之间"
    return f"不小于 {measure(low, spec.unit)}" if low else f"不大于 {measure(high, spec.unit)}"


def _sentences(form: type[Form], error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else "form"
        if item["type"] == "extra_forbidden":
            found["form"] = "页面内容与系统不一致，请刷新页面后重试，已填写的内容会自动恢复。"
        elif item["type"] == "value_error":
            found[name] = str(item["ctx"]["error"])  # pyright: ignore[reportTypedDictNotRequiredAccess]
        else:
            found[name] = missing(form.spec(name))
    return found


def missing(spec: FieldSpec) -> str:
    """Return the sentence that asks for a field."""
    verb = "选择" if spec.options or spec.widget is Widget.DATE else "填写"
    verb = "勾选" if spec.widget is Widget.CHECKS and len(spec.options) == 1 else verb
    return f"请{verb}{spec.title}"


def _string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def posted(data: Any, names: set[str] | frozenset[str]) -> dict[str, str]:
    """Return what a browser sent as plain strings, or refuse it whole.

    Anybody can send anything: names outside the form, values that are no strings, endless texts.
    """
    pairs = getattr(data, "multi_items", None) or (data.items if isinstance(data, Mapping) else None)
    items = list(pairs()) if pairs else None
    if items is None or len(items) > 400:
        _refuse("form", "提交的内容无法识别，请刷新页面后重试。")
    out: dict[str, str] = {}
    for name, value in items:
        if name not in names or not isinstance(value, str):
            _refuse("form", "页面内容与系统不一致，请刷新页面后重试，已填写的内容会自动恢复。")
        if len(value) > DRAFT_VALUE_MAX:
            _refuse(name, f"内容过长（{len(value)} 字），最多 {DRAFT_VALUE_MAX} 字，请精简后再保存。")
        value = normalise(value)
        out[name] = f"{out[name]},{value}" if out.get(name) and value else (value or out.get(name, ""))
    return out


def _refuse(name: str, sentence: str) -> NoReturn:
    """Refuse what was sent whole; a page without a place for the field's sentence says it in its message bar."""
    raise FormInvalid({name: sentence}, sentence)


def not_in_future(value: date, what: str) -> str:
    """Return the refusal of a date after today, empty when it is fine."""
    return f"{what}不能晚于今天（{clock.today().isoformat()}）" if value > clock.today() else ""
