"""Limits of noise: how fast a socket may talk, how many sockets there may be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

Clock = Callable[[], float]


class Pace:
    """A token bucket that answers with a delay instead of a refusal, until it was overrun for too long."""

    def __init__(
        self, per_second: float, burst: int, *, patience_s: float = 10.0, clock: Clock = time.monotonic
    ) -> None:
        self._rate, self._burst, self._patience, self._clock = per_second, burst, patience_s, clock
        self._tokens = float(burst)
        self._at = clock()
        self._overrun_since: float | None = None

    def take(self) -> float | None:
        """Take one token; return the seconds to wait first, or None when patience is at its end."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        self._tokens -= 1
        if self._tokens >= 0:
            self._overrun_since = None
            return 0.0
        if self._overrun_since is None:
            self._overrun_since = now
        if now - self._overrun_since > self._patience:
            return None
        return -self._tokens / self._rate


class Line:
    """Lets one in every so many seconds, in the order in which they came; nobody waits longer than `most`."""

    def __init__(self, seconds: float, most: float, *, clock: Clock = time.monotonic) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._free_at = clock()

    def take(self) -> float:
        """Join the line; return the seconds to wait."""
        now = self._clock()
        # A flood keeps those behind it waiting no longer than this, and then waits no more itself.
        turn = min(max(now, self._free_at), now + self._most)
        self._free_at = turn + self._seconds
        return turn - now


class Concurrency:
    """At most `limit` things at once a key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()

    def enter(self, key: str) -> bool:
        """Count one more, unless the limit is reached; pair a True with `leave`."""
        if self._open[key] >= self._limit:
            return False
        self._open[key] += 1
        return True

    def leave(self, key: str) -> None:
        """Count one less, and forget a key at zero."""
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]
