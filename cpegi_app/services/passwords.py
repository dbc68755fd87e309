"""Passwords: the policy and the hash (argon2id through passlib, security.md)."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # passlib 1.7.4 asks argon2-cffi for its version in a deprecated way; known and harmless.
    warnings.simplefilter("ignore", DeprecationWarning)
    from passlib.context import CryptContext

MIN, MAX = 10, 128
POLICY = f"{MIN}–{MAX} 位，至少包含字母、数字、符号中的两类，不能包含手机号码"
_COMMON = ("password", "qwerty", "12345678", "11111111", "abc123", "iloveyou", "admin123", "888888", "666666")

_context = CryptContext(
    schemes=["argon2"],
    argon2__type="ID",
    argon2__memory_cost=19456,
    argon2__time_cost=2,
    argon2__parallelism=1,
)
# The hash of a text nobody knows: an unknown number costs the same time as a known one.
DUMMY_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$3TtnzFmrNcZYS+n9fy9lbA$u5bOfjUBC7epGwi+sbQ4eAyA7lOotb7MO7DMbDi7GzQ"
)


def problem(password: str, phone: str = "") -> str:
    """Return what is wrong with a new password, empty when it is fine."""
    if len(password) < MIN:
        return f"密码至少 {MIN} 位，现有 {len(password)} 位"
    if len(password) > MAX:
        return f"密码最多 {MAX} 位，请缩短"
    if any(c < " " or "\ud800" <= c <= "\udfff" for c in password):
        return "密码含有不能使用的字符，请换用字母、数字和符号"
    kinds = [any(c.isalpha() for c in password), any(c.isdigit() for c in password)]
    kinds.append(any(not c.isalnum() for c in password))
    if sum(kinds) < 2:
        return "密码须至少包含字母、数字、符号中的两类"
    if phone and phone in password:
        return "密码不能包含手机号码"
    if len(set(password)) < 5 or any(c in password.lower() for c in _COMMON):
        return "密码过于常见，请换一个不易猜到的密码"
    return ""


def hash_password(password: str) -> str:
    """Return the argon2id hash; about 20 ms of one core, so never on the event loop."""
    return _context.hash(password[:MAX])


def matches(password: str, hashed: str) -> bool:
    """Tell whether the password belongs to the hash; over-long input costs no more."""
    if not password or len(password) > MAX:
        password = "\x00"
    try:
        return _context.verify(password, hashed)
    except (ValueError, TypeError):
        return False
