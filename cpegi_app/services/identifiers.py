"""Identifiers that people type: the unified social credit code and the mobile number (domain.md §2)."""

from __future__ import annotations

import re
import unicodedata
from operator import mul

from cpegi_app.services.forms import half_width

CHARSET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {c: i for i, c in enumerate(CHARSET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_SHAPE = re.compile(r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$", re.ASCII)
_PHONE = re.compile(r"^1[3-9]\d{9}$", re.ASCII)


def credit_code(text: str) -> str:
    """Return the credit code in capitals or raise ValueError with the sentence to show (GB 32100-2015)."""
    code = half_width(text).upper()
    if len(code) != 18:
        raise ValueError(f"统一社会信用代码应为 18 位，现有 {len(code)} 位，请对照营业执照填写")
    if not _SHAPE.match(code):
        raise ValueError("统一社会信用代码含有不允许的字符（不使用字母 I、O、S、V、Z），请对照营业执照填写")
    if check_character(code[:17]) != code[17]:
        raise ValueError("统一社会信用代码校验位不符，可能有一位填错，请对照营业执照逐位核对")
    return code


def check_character(first17: str) -> str:
    """Return the 18th character that belongs to the first 17."""
    total = sum(map(mul, map(_VALUES.__getitem__, first17), _WEIGHTS))
    return CHARSET[(31 - total % 31) % 31]


def phone(text: str) -> str:
    """Return the mobile number as 11 digits or raise ValueError with the sentence to show."""
    number = half_width(text).replace("-", "")
    number = number.removeprefix("+86").removeprefix("0086")
    if not _PHONE.match(number):
        raise ValueError("请填写 11 位手机号码，例如 13800001234")
    return number


# As long as the columns that keep them.
DOCUMENT_NO_MAX = 60
# Dashes and minus signs that programs put for the one on the keyboard.
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
# What shows nothing, beside the characters of Unicode's own class for it.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u2800\ufe00-\ufe0f]")


def plain_document_no(text: str) -> str:
    """Return a number without what nobody sees of it and with plain signs: two that look alike are one."""
    plain = half_width(text)
    if plain.isascii():
        return plain
    seen = "".join(c for c in _UNSEEN.sub("", plain) if unicodedata.category(c) != "Cf")
    return seen.translate(DASHES)


def document_no(text: str) -> str:
    """Return the number of a contract or 借据 as it is kept: one number is one, however its signs and blanks were typed."""
    plain = plain_document_no(text)
    if text and not plain:
        raise ValueError("编号中没有可见的字符，请重新填写")
    if len(plain) > DOCUMENT_NO_MAX:
        raise ValueError(f"最多 {DOCUMENT_NO_MAX} 字，现有 {len(plain)} 字，请核对")
    return plain


def masked(number: str) -> str:
    """Return the number as screens show it, `138****5678`."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else "***"
