"""What a log line may not hold: secrets, numbers of persons, whole event payloads, control characters."""

from __future__ import annotations

import re

LINE_CAP = 2048
# Whatever stands behind this would be cut away anyway; the patterns need not look at it.
_LOOK_AT = 16 << 10

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}

# Reflex prints events whole: the name may stay, headers and payload are nobody's business.
_EVENT = re.compile(r"\bEvent\(name=('[^']{0,300}'|\"[^\"]{0,300}\").*", re.DOTALL)
_REST = re.compile(
    r"(event data(?::| must be a dictionary, but received)|error transforming event payload for handler [^:]{0,200}:"
    r"|invalid literal for \w+\(\) with base \d+:|could not convert string to float:|\[parameters:).*",
    re.DOTALL | re.IGNORECASE,
)
_INPUT_VALUE = re.compile(r"(input_value=).*?(?=, input_type=|$)", re.DOTALL)

_KEY = (
    r"(?:(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|cookie|authori[sz]ation|api[_-]?key|ticket|pepper"
    r"|session[_-]?id)[\w-]{0,60}|(?<![a-z])(?:sid|otp|pin)(?![a-z])|密码|口令)"
)
_QUOTED = r"b?(?:'(?:[^'\\]|\\.)*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$)|\\+[\"'].*?(?:\\+[\"']|$))"
_VALUE = rf"(?:{_QUOTED}|[\[({{][^\])}}]*|[^\s,;&\])}}\"']+)"
# The quotes around a key may be escaped ones, of JSON inside JSON; a pair of a header list has a comma.
_SECRET = re.compile(
    rf"(?P<key>{_KEY})(?P<gap>\\*[\"']\s*[:,]\s*|\s*(?:=>|[:=：]|%3[AD])\s*)(?P<value>{_VALUE})",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
# Unquoted, these two hold blanks and semicolons: nothing behind them is kept.
_HEADER = re.compile(r"(cookie|authorization)(\s*[:=]\s*)(?![\s\"'\\]|b[\"'])[^\"'}]*", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE | re.ASCII)
_DIGITS = r"(?<![0-9A-Za-z.])\d{4,8}(?![0-9A-Za-z])"
_CODE = re.compile(
    r"((?:验证码|校验码|动态码|(?<![a-z0-9_])(?:(?:sms|old|new|verify|verification|login)_?)?code(?![a-z]))"
    rf"[^\d\n]{{0,12}}?){_DIGITS}",
    re.IGNORECASE,
)
_CODE_BEFORE = re.compile(rf"{_DIGITS}(?=[^\d\n]{{0,12}}(?:验证码|校验码|动态码))")
_NUMBERS = re.compile(
    # A person's identity number is masked, an organisation's public credit code is not, a mobile number is.
    r"(?P<person>(?<![0-9A-Za-z])\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z]))"
    r"|(?P<credit>(?<![0-9A-Za-z])[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}(?![0-9A-Za-z]))"
    r"|(?<![\d.])(?P<head>(?:(?:\+|00)?86[ -]?)?1[3-9]\d)[ -]?\d{4}[ -]?(?P<tail>\d{4})(?!\d)"
)
# Session ids and digests: long, and mixed as no name is.
_LONG = re.compile(
    r"(?<![\w-])(?=[\w-]{0,80}\d)(?=[\w-]{0,80}[A-Z])(?=[\w-]{0,80}[a-z])[\w-]{32,}|(?<!\w)[0-9a-f]{40,}(?!\w)",
    re.ASCII,
)
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)


def clean(text: str) -> str:
    """Return a text as one log line: secrets masked, control characters gone, at most 2 KB."""
    return cap(one_line(redact(text[:_LOOK_AT])))


def redact(text: str) -> str:
    """Mask secrets, verification codes and persons' numbers wherever they stand in a text."""
    text = text.translate(_FULL_WIDTH)
    text = _EVENT.sub(r"Event(name=\1, …)", text)
    text = _REST.sub(r"\1 …", text)
    text = _INPUT_VALUE.sub(r"\1…", text)
    text = _HEADER.sub(r"\1\2***", text)
    text = _SECRET.sub(lambda m: f"{m['key']}{m['gap']}***", text)
    text = _BEARER.sub(r"\1 ***", text)
    text = _CODE.sub(r"\1***", text)
    text = _CODE_BEFORE.sub("***", text)
    text = _NUMBERS.sub(_masked, text)
    text = _UUID.sub(r"\1…", text)
    return _LONG.sub(lambda m: f"{m[0][:4]}…", text)


def _masked(match: re.Match[str]) -> str:
    if match["credit"]:
        return match[0]
    if match["person"]:
        return f"{match[0][:6]}********{match[0][-4:]}"
    return f"{match['head']}****{match['tail']}"


def one_line(text: str) -> str:
    """Replace line breaks, escape sequences and invisible characters by blanks, so that no line can be forged."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def cap(text: str, size: int = LINE_CAP) -> str:
    """Cut a text to so many bytes of UTF-8, saying that it was cut."""
    raw = text.encode(errors="replace")
    if len(raw) <= size:
        return text
    return raw[: size - 4].decode(errors="ignore") + "…"
