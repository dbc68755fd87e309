"""What anybody can send: payloads of every wrong shape, the same ones on every run."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

HUGE = "长" * 6000
# Each was a crash somewhere, in this platform or in another.
NASTY: tuple[Any, ...] = (
    None,
    True,
    [],
    {},
    0,
    -1,
    2**31,
    2**63,
    10**40,
    1e308,
    0.5,
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "NaN",
    "Infinity",
    "٣٣٣٣٣٣٣٣",
    "\x00",
    "\ud800",
    "\u202e",
    "null",
    "undefined",
    "[object Object]",
    "../../etc/passwd",
    "'; DROP TABLE user; --",
    "<script>window.__xss=1</script>",
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    HUGE,
    [[[[[[]]]]]],
    {"a": {"b": {"c": [1, {"d": None}]}}},
    {"intent": ["approve"], "comment": {"x": 1}},
    {"intent": "approve", "status": "APPROVED"},
    {"__proto__": {"admin": True}},
    {"__class__": "User"},
    {"data": {"data": {}}},
    {"filename": "a.pdf", "content": "x", "size": 1},
    [{"filename": "a.pdf", "data": "AAAA"}],
    {"": ""},
    {str(i): "x" for i in range(500)},
    list(range(2000)),
)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=10**9)
    | st.integers(max_value=0)
    | st.floats()
    | st.text(max_size=40)
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@cache
def values(count: int = 160) -> tuple[Any, ...]:
    """Return the nasty values and what hypothesis makes up beyond them; no small positive number is among them."""
    made: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(_values)
    def make(value: Any) -> None:
        made.append(value)

    make()
    return (*NASTY, *made)


def payloads(arguments: dict[str, Any], count: int, seed: str) -> list[Any]:
    """Return so many payloads for a handler: wrong values, wrong names, too many, too few, no dict at all."""
    chance, pool = random.Random(seed), values()
    found: list[Any] = [[], "x", 7, {"nobody": 1}, {"self": 1}, {"data": 1, "files": [{}]}]
    found += [{}] if arguments else []
    names = list(arguments)
    while len(found) < count:
        wrong = {name: chance.choice(pool) for name in names}
        twist = chance.randrange(6)
        if twist == 0 or not names:
            wrong[chance.choice(("extra", "state", "actor", "user_id", "_sid", "files"))] = chance.choice(
                pool
            )
        elif twist == 1 and len(names) > 1:
            wrong.pop(chance.choice(names))
        found.append(wrong)
    return found[:count]
