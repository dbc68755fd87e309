"""A list's place as it stands behind the # of its page's address: a browser sends that part to no server's log.

What somebody searched for may name a person; the event that opens a page tells it to the list alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from cpegi_app.state.base import text_arg

# More than the longest filters that a query bar takes are in Chinese, each letter of them in nine.
_LONGEST, _MOST = 16_000, 200


def written(name: str, pairs: Mapping[str, str]) -> str:
    """Return what is told of the list of a name, to stand beside what others tell."""
    return urlencode({f"{name}.{key}": value for key, value in pairs.items()}, quote_via=quote)


def told(fragment: str, name: str) -> dict[str, str]:
    """Return what an address, which may hold anything, tells of the list of a name."""
    try:
        pairs = parse_qsl(fragment[:_LONGEST], max_num_fields=_MOST)
    except ValueError:
        return {}
    start = f"{name}."
    return {key.removeprefix(start): text_arg(value, 60) for key, value in pairs if key.startswith(start)}
