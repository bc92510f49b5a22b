"""How often an address may ask: a bucket that fills slowly, and from which each request takes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MAX_ADDRESSES = 512


class RateLimit:
    """Lets each address ask `burst` times at once, and `per_s` times a second for long."""

    def __init__(self, burst: float, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def give_back(self, address: str) -> None:
        """Take back that this address has asked, because it came to nothing."""
        level, since = self._buckets.get(address, (self._burst, self._clock()))
        self._buckets[address] = (min(self._burst, level + 1), since)

    def allows(self, address: str) -> bool:
        """Tell whether this address may ask now, and count it if so."""
        now = self._clock()
        level, since = self._buckets.pop(address, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._per_s)
        allowed = level >= 1
        self._buckets[address] = (level - 1 if allowed else level, now)
        while len(self._buckets) > MAX_ADDRESSES:  # those that asked longest ago
            self._buckets.popitem(last=False)
        return allowed
