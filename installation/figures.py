"""What a player measures of itself."""

from collections import deque

import numpy as np

from engine.frame import Array


class Rate:
    """How often something happens: a mean over the last ten seconds."""

    SECONDS = 10.0

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def happened(self, now: float) -> None:
        self._times.append(now)
        while self._times[0] < now - self.SECONDS:
            self._times.popleft()

    def per_second(self) -> float:
        if len(self._times) < 2:
            return 0.0
        return round((len(self._times) - 1) / (self._times[-1] - self._times[0]), 2)


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
