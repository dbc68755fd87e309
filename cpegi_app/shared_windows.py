"""How often somebody may try within a while, counted by all processes together where Valkey is configured (REDIS_URL)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import secrets
import threading
import time
from collections.abc import Callable
from functools import lru_cache

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from cpegi_app.settings import get_settings
from cpegi_app.windows import Clock, SlidingWindow

log = logging.getLogger(__name__)
# So long Valkey may take to answer; and so long it is left alone once it has not: its processes count each for itself.
ANSWER_S, PAUSE_S = 0.25, 10.0
# By Valkey's own clock, in one step: forget what is too old, then count the try or say how long to wait, in ms.
_HIT = """
local time = redis.call('TIME')
local now, span = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], span)
  return 0
end
return math.max(1, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + span - now)
"""


@lru_cache(maxsize=4)
def _client(url: str) -> Redis:
    """Return the process's client: it gives up soon, and asks once."""
    patience = {"socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S}
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **patience)


class SharedWindow:
    """At most `limit` hits a key within `seconds`, over all processes that name the same window.

    Each process counts for itself as well: without Valkey, or while it does not answer, that count stands.
    """

    def __init__(
        self,
        name: str,
        limit: int,
        seconds: float,
        *,
        url: Callable[[], str] = lambda: get_settings().redis_url,
        clock: Clock = time.monotonic,
    ) -> None:
        self._name, self._limit, self._span, self._url, self._clock = name, limit, seconds, url, clock
        self._own, self._lock = SlidingWindow(limit, seconds, clock=clock), threading.Lock()
        self._alone_until = -math.inf

    def hit(self, key: str) -> int:
        """Count one try; return 0 when it is within the limit, else the seconds to wait. For worker threads: it may wait."""
        with self._lock:
            wait = self._own.wait(key)
        wait = wait or self._ask(key)
        if wait:
            return wait
        with self._lock:
            return self._own.hit(key)

    async def hit_beside(self, key: str) -> int:
        """Count one try without holding up the event loop."""
        return await asyncio.to_thread(self.hit, key) if self._url() else self.hit(key)

    def _ask(self, key: str) -> int:
        """Have Valkey count the try; 0 as well while it does not answer."""
        url = self._url()
        if not url or self._clock() < self._alone_until:
            return 0
        # A key may be a secret, such as a login's id: Valkey gets its digest.
        place = f"cpegi:window:{self._name}:{hashlib.sha256(key.encode()).hexdigest()}"
        try:
            asked = (1, place, self._limit, round(self._span * 1000), secrets.token_hex(8))
            found = _client(url).eval(_HIT, *asked)
        except (RedisError, OSError):
            self._alone_until = self._clock() + PAUSE_S
            log.warning("Valkey does not answer: the limit %r is counted by this process alone", self._name)
            return 0
        return math.ceil(int(found) / 1000)  # pyright: ignore[reportArgumentType]
