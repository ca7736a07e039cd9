"""The tempo of a hand that taps."""

import math
import statistics
from collections import deque
from itertools import accumulate, combinations, pairwise

from engine.parameters import Kind

TAPS = 8  # that count
PAUSE_SECONDS = 2.0  # begins anew
BOUNCE_SECONDS = 0.05  # one tap that arrives twice


class Taps:
    """Two taps give a tempo; each one more makes it surer, one that is missed or out of place
    hardly moves it. ``kind``: a tempo outside its range is doubled or halved until it is inside."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._times: deque[float] = deque(maxlen=TAPS)

    def tapped(self, at: float) -> bool:
        """Whether the tap counts: not if it is the last one, heard twice. ``at``: seconds."""
        since = at - self._times[-1] if self._times else math.inf
        if since > PAUSE_SECONDS:
            self._times.clear()
        if since > BOUNCE_SECONDS:
            self._times.append(at)
        return since > BOUNCE_SECONDS

    @property
    def tempo(self) -> float | None:
        """Beats/min; None before the second tap."""
        if len(self._times) < 2:
            return None
        tempo = 60 / _seconds(self._times)
        while tempo > self._kind.high:
            tempo /= 2
        while tempo < self._kind.low:
            tempo *= 2
        return tempo


def _seconds(times: deque[float]) -> float:
    """Of a beat: the median slope between all pairs of taps (P. K. Sen, 1968), each tap counted as
    so many beats after the last as the median interval says."""
    steps = [late - early for early, late in pairwise(times)]
    usual = statistics.median(steps)
    places = accumulate((round(step / usual) for step in steps), initial=0)
    taps = dict(zip(places, times, strict=True))  # of two in one place the later
    slopes = [
        (late - early) / (place - before)
        for (before, early), (place, late) in combinations(taps.items(), 2)
    ]
    return statistics.median(slopes)
