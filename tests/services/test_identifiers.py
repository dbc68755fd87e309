"""Credit codes and mobile numbers as people type them (domain.md §2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpegi_app.services import identifiers

VALID = [
    "91350100M000100Y43",
    "91330100799655058B",
    "914403001922038216",
    "9144030071526726XG",
    "91110000802100433B",
    "91410100MA00000210",
]


@pytest.mark.parametrize("code", VALID)
def test_the_worked_codes_are_valid(code: str):
    assert identifiers.credit_code(code) == code
    assert identifiers.credit_code(f" {code[:8]} {code[8:].lower()}\n") == code


def test_codes_in_full_width_are_read():
    wide = "".join(chr(ord(c) + 0xFEE0) for c in VALID[0])
    assert identifiers.credit_code(wide) == VALID[0]


def test_the_remainder_nought_gives_the_character_nought():
    assert identifiers.check_character("91410100MA0000021") == "0"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("91350100M000100Y4Z", "不使用字母 I、O、S、V、Z"),
        ("91350100M000100I43", "不使用字母"),
        ("91350100M000100Y4", "现有 17 位"),
        ("91350100M000100Y433", "现有 19 位"),
        ("", "现有 0 位"),
        ("91350100M000100Y44", "校验位不符"),
        ("91350100M000010Y43", "校验位不符"),
        ("9135010aM000100Y43", "不允许的字符"),
        ("91٣50100M000100Y43", "不允许的字符"),
        ("91350100M000100Y4\x00", "现有 17 位"),
        ("統一社會信用代碼統一社會信用代碼十八", "不允许的字符"),
        ("\ud800" * 18, "现有 0 位"),
    ],
)
def test_wrong_codes_are_refused_with_what_is_wrong(code: str, why: str):
    with pytest.raises(ValueError, match="统一社会信用代码") as refusal:
        identifiers.credit_code(code)
    assert why in str(refusal.value)


@given(st.sampled_from(VALID), st.integers(0, 17), st.sampled_from(identifiers.CHARSET))
def test_any_single_wrong_character_is_found(code: str, at: int, other: str):
    changed = code[:at] + other + code[at + 1 :]
    if changed == code:
        assert identifiers.credit_code(changed) == code
        return
    with pytest.raises(ValueError, match="统一社会信用代码"):
        identifiers.credit_code(changed)


@given(st.text(st.characters(), max_size=25))
def test_no_text_is_refused_in_another_language(text: str):
    for check in (identifiers.credit_code, identifiers.phone):
        try:
            assert check(text).isascii()
        except ValueError as refusal:
            assert str(refusal).startswith(("统一社会信用代码", "请填写 11 位手机号码"))


@pytest.mark.parametrize(
    "typed",
    [
        "13800005678",
        " 138 0000 5678 ",
        "138-0000-5678",
        "+8613800005678",
        "+86 138 0000 5678",
        "008613800005678",
        "１３８００００５６７８",
        "13800005678\u200b",
    ],
)
def test_mobile_numbers_are_read_as_people_write_them(typed: str):
    assert identifiers.phone(typed) == "13800005678"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1380000567",
        "138000056789",
        "12800005678",
        "23800005678",
        "+113800005678",
        "1380000567a",
        "138٠٠٠٠5678",
    ],
)
def test_what_is_no_mobile_number_is_refused(typed: str):
    with pytest.raises(ValueError, match="请填写 11 位手机号码"):
        identifiers.phone(typed)


@pytest.mark.parametrize("second", "3456789")
def test_no_segment_of_numbers_is_left_out(second: str):
    assert identifiers.phone(f"1{second}900000000") == f"1{second}900000000"


@pytest.mark.parametrize(
    ("number", "shown"), [("13800005678", "138****5678"), ("", "***"), ("1380000", "***")]
)
def test_numbers_are_shown_masked(number: str, shown: str):
    assert identifiers.masked(number) == shown
