"""What a browser sends as a row's number can be one only within what a column holds."""

from typing import Any, TypeGuard


def is_id(value: Any) -> TypeGuard[int]:
    """Whether the value can be a row's id: a whole number (no bool) that both databases take as a key."""
    return type(value) is int and 0 < value < 2**31
