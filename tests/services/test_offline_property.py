"""Whatever rows are generated: the compiled checker speaks as the form, and export then import brings the same rows."""

from __future__ import annotations

import string
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from cpegi_app.errors import FormInvalid
from cpegi_app.services import (
    offline_form,
    offline_import,
    offline_layout,
    offline_trial,
    sheet_reader,
    sheet_writer,
)
from cpegi_app.services.forms import Widget, wan
from cpegi_app.services.offline_form import COLUMNS, SPECS, OfflineLoanForm, heading, row_checker, strings
from tests.workbooks.make import code

# Text as people write it, with what spreadsheets mistake for formulas, numbers and references.
LETTERS = st.sampled_from(string.ascii_letters + string.digits + "郑州市机械（）·-_/=+@'\"<>&% ￥")
WORDS = st.text(LETTERS, min_size=1, max_size=20)
PRINTED = st.characters(exclude_categories=["C", "Zl", "Zp"])
TEXTS = st.one_of(
    WORDS,
    st.text(PRINTED, min_size=1, max_size=20),
    st.sampled_from(
        ["2E+3", "1E+12", "0012", "=A1", "_x0041_", "2026-01-31", "3.85%", "TRUE", "#N/A", "{}", "&#65;"]
    ),
)
AMOUNTS = st.one_of(
    st.integers(1, 99_999_900).map(lambda n: str(Decimal(n) / 100)),
    st.integers(1, 9_999_990_000_000).map(lambda n: f"{Decimal(n) / 1_000_000:f}"),
)


def value(spec) -> st.SearchStrategy[str]:
    """Return right and wrong values of a field, as typed."""
    if spec.options:
        return st.sampled_from([c for c, _ in spec.options] + ["NONSENSE"])
    if spec.widget is Widget.NUMBER:
        return st.one_of(
            AMOUNTS, st.sampled_from(["-1", "1,000", "１２", "3.85%", "abc", "37", "1.234", "1.2345678"])
        )
    if spec.widget is Widget.DATE:
        days = st.dates(date(2020, 1, 1), date(2027, 12, 31)).map(str)
        return st.one_of(days, st.sampled_from(["2026/1/31", "20260131", "2026年1月31日", "昨天"]))
    if spec.name == "borrower_code":
        return st.one_of(st.integers(1, 10**6).map(code), WORDS)
    return WORDS


TYPED = st.fixed_dictionaries({s.name: st.one_of(st.just(""), value(s)) for s in SPECS})


@given(TYPED)
@settings(max_examples=300, deadline=None)
def test_the_compiled_checker_speaks_as_the_form(typed: dict[str, str]):
    values, errors = row_checker(cells=False).check([typed[s.name] for s in SPECS])
    try:
        form = OfflineLoanForm.parse(typed)
    except FormInvalid as refusal:
        assert errors == refusal.fields
        return
    assert errors == {}
    assert values == [offline_form.store(s.name, getattr(form, s.name)) for s in SPECS]


@st.composite
def right_row(draw, number: int) -> dict[str, str]:
    """Return a right row as its form's strings."""
    word = WORDS.filter(lambda t: bool(t.strip())).map(str.strip)
    text = TEXTS.map(str.strip).filter(bool)
    # In 分: what a loan comes to need not be whole hundreds of yuan.
    step = draw(st.sampled_from([1, 10_000]))
    amount = draw(st.integers(10_000 // step, 500_000_000_000 // step)) * step
    lent = draw(st.dates(date(2015, 1, 1), date(2026, 1, 1)))
    found = {
        "borrower_name": "企业" + draw(text),
        "borrower_code": code(draw(st.integers(1, 10**6))),
        "contract_no": f"C{number}" + draw(word),
        "iou_no": f"J{number}" + draw(word),
        "contract_amount": wan(amount + draw(st.integers(0, 400_000_000_000))).replace(",", ""),
        "amount": wan(amount).replace(",", ""),
        "lent_on": lent.isoformat(),
        "due_on": (lent + timedelta(days=draw(st.integers(1, 4000)))).isoformat(),
        "rate": str(Decimal(draw(st.integers(0, 3600))) / 100),
        "balance": draw(
            st.one_of(st.just(""), st.integers(0, amount).map(lambda n: wan(n).replace(",", "")))
        ),
        "guarantee_fee": draw(
            st.one_of(st.just(""), st.integers(0, 3600).map(lambda n: str(Decimal(n) / 100)))
        ),
    }
    for spec in SPECS:
        if spec.options:
            codes = [c for c, _ in spec.options]
            found[spec.name] = draw(st.sampled_from(codes if spec.required else ["", *codes]))
    texts = ("guarantor", "purpose", "contact", "remark")
    found["contact_phone"] = draw(st.one_of(st.just(""), word))
    return found | {name: draw(st.one_of(st.just(""), text)) for name in texts}


@given(st.data(), st.integers(1, 6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_export_then_import_brings_the_same_rows(data, count: int):
    typed = [data.draw(right_row(n)) for n in range(count)]
    stored = [offline_form.check(t) for t in typed]

    class Row:
        def __init__(self, values: dict) -> None:
            self.__dict__.update(values)

    rows = [Row(s) for s in stored]
    book = sheet_writer.write(
        "备案数据", [heading(s) for s in SPECS], [sheet_writer.cells(SPECS, r) for r in rows]
    )
    layout = offline_layout.locate(sheet_reader.read("导出.xlsx", book), "导出.xlsx")
    found = offline_trial.cells(layout)
    assert found.findings == []
    back = [Row(dict(zip(COLUMNS, values, strict=True))) for _, values in found.good]
    assert [strings(r) for r in back] == [strings(r) for r in rows]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "＝1", "\t=1", "＋1"])
def test_a_text_like_a_formula_stays_text(session: Session, text: str):
    book = sheet_writer.write("表", ["列"], [[text]])
    found = sheet_reader.read("a.xlsx", book).sheets[0].rows
    assert found[1][1] == text.strip()
    assert b"<f>" not in book and offline_import.MAX_ROWS
