"""What a player measures of itself."""

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from engine.frame import Array


class Rate:
    """How often something happens: a mean over the last ten seconds."""

    SECONDS = 10.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque()

    def happened(self, now: float) -> None:
        """``now``: the clock's seconds."""
        self._times.append(now)
        self._forget(now)

    def per_second(self) -> float:
        now = self._clock()
        self._forget(now)
        if len(self._times) < 2 or now <= self._times[0]:  # Windows counts in steps of 16 ms
            return 0.0
        return round((len(self._times) - 1) / (now - self._times[0]), 2)

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] < now - self.SECONDS:
            self._times.popleft()


class Spread:
    """Percentiles of milliseconds since the start, in constant memory: counts in bins of 0.1 ms up
    to two seconds."""

    BIN_MS = 0.1

    def __init__(self) -> None:
        self._bins: Array = np.zeros(20_000, np.int64)
        self._largest = 0.0

    def add(self, seconds: float) -> None:
        milliseconds = max(seconds * 1000, 0.0)
        self._largest = max(self._largest, milliseconds)
        self._bins[min(int(milliseconds / self.BIN_MS), len(self._bins) - 1)] += 1

    def percentile(self, percent: float) -> float:
        """Milliseconds, to the bin; 0 while there is nothing."""
        total = int(self._bins.sum())
        if not total:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self._bins), total * percent / 100))
        return round((place + 0.5) * self.BIN_MS, 2)

    @property
    def largest(self) -> float:
        return round(self._largest, 2)
