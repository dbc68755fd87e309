"""How often somebody may try within a while."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

Clock = Callable[[], float]


class SlidingWindow:
    """At most `limit` hits a key within `seconds`; memory is bounded by forgetting the keys idle longest.

    One process counts for itself: with several workers the effective limit is that many times higher, unless they
    share it (`shared_windows`).
    """

    def __init__(
        self, limit: int, seconds: float, *, keys: int = 50_000, clock: Clock = time.monotonic
    ) -> None:
        self._limit, self._seconds, self._keys, self._clock = limit, seconds, keys, clock
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    def hit(self, key: str) -> int:
        """Count one try; return 0 when it is within the limit, else the seconds to wait (it is not counted)."""
        wait = self.wait(key)
        if wait:
            return wait
        hits = self._hits.setdefault(key, deque())
        hits.append(self._clock())
        self._hits.move_to_end(key)
        if len(self._hits) > self._keys:
            self._hits.popitem(last=False)
        return 0

    def wait(self, key: str) -> int:
        """Return for how many seconds, rounded up, the next try would be refused; 0 when it would not."""
        hits = self._hits.get(key)
        if not hits:
            return 0
        now = self._clock()
        while hits and hits[0] <= now - self._seconds:
            hits.popleft()
        if len(hits) < self._limit:
            return 0
        return max(1, math.ceil(hits[0] + self._seconds - now))

    def forget(self, key: str) -> None:
        """Drop what was counted for a key, as after a successful login."""
        self._hits.pop(key, None)
