"""The password policy and its hashes (manual §2.1; security.md)."""

from __future__ import annotations

import pytest

from cpegi_app.services import passwords

PHONE = "13800005678"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "至少 10 位，现有 0 位"),
        ("Ab3$efghi", "至少 10 位，现有 9 位"),
        ("a1" * 65, "最多 128 位"),
        ("abcdefghijk", "两类"),
        ("2839405716", "两类"),
        ("￥￥￥￥￥$$%%&&&", "两类"),
        (f"x{PHONE}y", "手机号码"),
        ("1a1a1a1a1a1a", "常见"),
        ("Password2026", "常见"),
        ("qwertyuiop12", "常见"),
        ("abcde\ud800fgh12", "不能使用"),
        ("abcde\x00fgh12", "不能使用"),
    ],
)
def test_weak_passwords_are_refused_with_what_is_missing(password: str, why: str):
    assert why in passwords.problem(password, PHONE)


@pytest.mark.parametrize(
    "password", ["winter-boat-42", "河南郑州平台2026年", "longpassphrase with blanks 9", "Aa1!" + "x" * 124]
)
def test_good_passwords_are_taken_hashed_and_known_again(password: str):
    if "password" in password:
        return
    assert passwords.problem(password, PHONE) == ""
    hashed = passwords.hash_password(password)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(password, hashed)
    assert not passwords.matches(password + " ", hashed)
    assert not passwords.matches(password.swapcase(), hashed) or password.swapcase() == password


@pytest.mark.parametrize("password", ["", "x" * 129, "x" * 1_000_000, "\x00", "\ud800", "a\x00b"])
def test_odd_input_matches_nothing_and_raises_nothing(password: str):
    assert not passwords.matches(password, passwords.DUMMY_HASH)


@pytest.mark.parametrize("hashed", ["", "!", "$argon2id$broken", "plain text"])
def test_a_broken_hash_matches_nothing(hashed: str):
    assert not passwords.matches("winter-boat-42", hashed)


def test_two_hashes_of_one_password_differ():
    assert passwords.hash_password("winter-boat-42") != passwords.hash_password("winter-boat-42")
