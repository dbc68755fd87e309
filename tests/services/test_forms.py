"""Forms: what people type, what attackers send, and the sentences that answer them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpegi_app.errors import DomainError, FormInvalid
from cpegi_app.services import forms
from cpegi_app.services.forms import Codes, Day, Form, Number, Text, Whole, Widget, input_field, posted
from cpegi_app.vocabulary import Region, YesNo

F, W = input_field, Widget


class Sample(Form):
    """A form with every kind of control."""

    name: Text = F("名称", "甲", max_len=8)
    amount: Number = F("金额", "甲", widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    ratio: Number = F("比例", "甲", widget=W.NUMBER, unit="%", low=-10, required=False)
    months: Whole = F("期限", "甲", widget=W.NUMBER, unit="月", low=1, high=360, required=False)
    day: Day = F("日期", "乙", widget=W.DATE, required=False)
    choice: Text = F("是否", "乙", widget=W.SELECT, options=YesNo, required=False)
    regions: Codes = F("地区", "乙", widget=W.CHECKS, options=Region, required=False)


GOOD = {"name": "甲公司", "amount": "100"}


def sentence(**data: str) -> str:
    """Return the sentence at the one field that is given, after the rest is right."""
    with pytest.raises(FormInvalid) as refusal:
        Sample.parse(GOOD | data)
    assert set(refusal.value.fields) == set(data), refusal.value.fields
    return refusal.value.fields[next(iter(data))]


# --- numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1000", "1000"),
        ("1,000", "1000"),
        ("1，000", "1000"),
        ("１０００", "1000"),
        (" 1 000 ", "1000"),
        ("3.85%", "3.85"),
        ("3.85％", "3.85"),
        ("１２．５", "12.5"),
        ("+7", "7"),
        ("1000.00", "1000"),
        ("0.01", "0.01"),
        ("\u200b5\ufeff", "5"),
        ("1e3", "1000"),
    ],
)
def test_numbers_are_read_as_people_leave_them(typed: str, read: str):
    form: Any = Sample.parse(GOOD | {"amount": typed})
    assert form.amount == Decimal(read)
    assert Decimal(form.strings()["amount"]) == Decimal(read)
    assert "E" not in form.strings()["amount"]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("一百", "请填写数字"),
        ("12a", "请填写数字"),
        ("1.2.3", "请填写数字"),
        ("1_000", "请填写数字"),
        (",", "请填写数字"),
        ("%", "请填写数字"),
        ("--5", "请填写数字"),
        ("0x10", "请填写数字"),
        ("NaN", "请填写数字"),
        ("sNaN", "请填写数字"),
        ("Infinity", "请填写数字"),
        ("1e99", "数字过大"),
        ("9" * 400, "数字过大"),
        ("1e99999999999", "请填写数字"),
        ("0.001", "两位小数"),
        ("1e-40", "两位小数"),
        ("1000000", "金额应在 0.01–999999 万元之间"),
        ("0", "金额应在 0.01–999999 万元之间"),
        ("-5", "金额应在 0.01–999999 万元之间"),
    ],
)
def test_what_is_no_number_or_out_of_limits_is_refused_with_a_sentence(typed: str, why: str):
    assert why in sentence(amount=typed).replace(",", "")


def test_limits_are_named_with_their_unit():
    assert sentence(months="361") == "期限应在 1–360 个月之间"
    assert sentence(ratio="-10.5") == "比例应不小于 -10%"
    assert "整数" in sentence(months="1.5")


# --- dates, texts, choices ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "2026-01-31",
        "2026-1-31",
        "2026/01/31",
        "2026.1.31",
        "2026年1月31日",
        "２０２６年０１月３１日",
        "20260131",
        " 2026 - 01 - 31 ",
    ],
)
def test_dates_are_read_in_the_shapes_that_people_use(typed: str):
    form: Any = Sample.parse(GOOD | {"day": typed})
    assert form.day == date(2026, 1, 31)
    assert form.strings()["day"] == "2026-01-31"


@pytest.mark.parametrize(
    "typed",
    [
        "2026-02-30",
        "2026-13-01",
        "31-01-2026",
        "明天",
        "2026",
        "1899-12-31",
        "2200-01-01",
        "46053",
        "0000-00-00",
    ],
)
def test_what_is_no_date_is_refused_with_an_example(typed: str):
    assert sentence(day=typed) == "请填写日期，格式如 2026-01-31"


@pytest.mark.parametrize("typed", ["2026111", "202611"])
def test_a_date_that_could_be_two_is_asked_for_again(typed: str):
    assert "2026-01-31" in sentence(day=typed)


def test_texts_lose_their_control_characters_and_outer_blanks():
    form: Any = Sample.parse(GOOD | {"name": " 甲\x00\u202e公\ud800司\u200b\n"})
    assert form.name == "甲公司"


def test_an_over_long_text_says_how_long_it_is():
    assert sentence(name="甲" * 9) == "最多 8 字，现有 9 字，请精简"


@pytest.mark.parametrize("data", [{"choice": "MAYBE"}, {"regions": "GAOXIN,MARS"}])
def test_only_listed_choices_are_taken(data: dict[str, str]):
    assert sentence(**data).startswith("请从列表中选择")


def test_several_choices_are_kept_once_each_in_order():
    form: Any = Sample.parse(GOOD | {"regions": "JINSHUI,GAOXIN,,JINSHUI"})
    assert form.regions == ("JINSHUI", "GAOXIN")
    assert form.strings()["regions"] == "JINSHUI,GAOXIN"


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\u200b", "\x00", "\t\n"])
def test_a_blank_is_an_absent_value(blank: str):
    form: Any = Sample.parse(GOOD | {"ratio": blank, "day": blank, "regions": blank})
    assert (form.ratio, form.day, form.regions) == (None, None, None)
    with pytest.raises(FormInvalid) as refusal:
        Sample.parse({"name": blank, "amount": blank})
    assert refusal.value.fields == {"name": "请填写名称", "amount": "请填写金额"}


def test_everything_wrong_is_told_at_once():
    with pytest.raises(FormInvalid) as refusal:
        Sample.parse({"name": "", "amount": "x", "months": "0", "day": "?", "choice": "?"})
    assert set(refusal.value.fields) == {"name", "amount", "months", "day", "choice"}
    assert refusal.value.message.startswith("有 5 处需要更正")


# --- what nobody should be able to send ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["is_admin", "status", "org_id", "version", "__class__", "model_config", ""])
def test_a_field_that_the_form_does_not_have_is_refused(name: str):
    with pytest.raises(FormInvalid) as refusal:
        Sample.parse(GOOD | {name: "x"})
    assert "刷新页面" in refusal.value.fields["form"]
    with pytest.raises(FormInvalid):
        posted(GOOD | {name: "x"}, frozenset(Sample.model_fields))


@pytest.mark.parametrize("value", [1, 1.5, True, None, [], ["x"], {"a": "b"}, b"x", object()])
def test_what_is_no_string_is_refused(value: Any):
    with pytest.raises(FormInvalid):
        posted({"name": value}, frozenset(Sample.model_fields))
    with pytest.raises(FormInvalid):
        Sample.parse(GOOD | {"name": value})


@pytest.mark.parametrize(
    "payload", [None, 1, "name=x", [], ["name"], [("name", "x")], {"name": "x"}.items(), object()]
)
def test_what_is_no_mapping_is_refused(payload: Any):
    with pytest.raises(FormInvalid):
        posted(payload, frozenset(Sample.model_fields))


def test_endless_input_is_refused_and_long_drafts_are_told_their_length():
    names = frozenset(str(i) for i in range(500))
    with pytest.raises(FormInvalid):
        posted(dict.fromkeys(names, "x"), names)
    with pytest.raises(FormInvalid) as refusal:
        posted({"1": "字" * 5001}, names)
    assert "5001 字" in refusal.value.fields["1"]
    assert posted({"1": "字" * 5000}, names) == {"1": "字" * 5000}


def test_boxes_of_one_name_come_together():
    class Several(dict):
        def multi_items(self) -> list[tuple[str, str]]:
            return [("regions", "GAOXIN"), ("regions", ""), ("regions", "JINSHUI"), ("name", " 甲 ")]

    assert posted(Several(), frozenset({"regions", "name"})) == {"regions": "GAOXIN,JINSHUI", "name": "甲"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*Sample.model_fields, "status"]) | st.text(), anything, max_size=6)
    | anything
)
def test_no_payload_gets_past_posted_but_plain_strings(payload: Any):
    try:
        found = posted(payload, frozenset(Sample.model_fields))
    except DomainError as refusal:
        assert refusal.message
        return
    assert set(found) <= set(Sample.model_fields)
    for value in found.values():
        value.encode()
        assert "\x00" not in value


@given(
    st.dictionaries(
        st.sampled_from(list(Sample.model_fields)), st.text(st.characters(), max_size=30), max_size=7
    )
)
def test_no_text_makes_a_form_fail_without_a_sentence(data: dict[str, str]):
    try:
        kept = Sample.parse(data).strings()
    except FormInvalid as refusal:
        assert all(refusal.fields.values())
    else:
        assert Sample.parse(kept).strings() == kept


# --- amounts ------------------------------------------------------------------------------------------


@given(st.decimals(min_value=0, max_value=999_999, places=2))
def test_money_survives_the_way_to_fen_and_back(amount: Decimal):
    assert Decimal(forms.wan(forms.fen(amount)).replace(",", "")) == amount
    assert Decimal(forms.percent(forms.basis_points(amount))) == amount


@pytest.mark.parametrize(
    ("fen", "shown"), [(0, "0"), (1_000_000, "1"), (12_345_670_000, "12,345.67"), (5 * 10**10, "50,000")]
)
def test_amounts_are_shown_in_wan_with_separators(fen: int, shown: str):
    assert forms.wan(fen) == shown


def test_values_are_shown_with_labels_and_units():
    assert Sample.spec("amount").show("12000.5") == "12,000.5 万元"
    assert Sample.spec("regions").show("GAOXIN,JINSHUI") == "高新区、金水区"
    assert Sample.spec("amount").show("未填") == "未填 万元"
    assert Sample.spec("amount").show("1e999999999") == "1e999999999 万元"
    assert Sample.spec("amount").show(None) == ""
