"""A source that is drawn: its pictures follow from the time alone."""

import threading
import time
from collections.abc import Callable

from engine.frame import Array

RATE = 30  # pictures a second
PATIENCE = 0.5  # seconds after which a ``read`` returns None: nothing new yet

Clock = Callable[[], float]


class Paced:
    """Shows ``picture(seconds since the first read)``, ``RATE`` times a second. Moments that passed
    while nobody read are left out."""

    def __init__(
        self, name: str, picture: Callable[[float], Array], clock: Clock = time.monotonic
    ) -> None:
        self.name = name
        self._picture = picture
        self._clock = clock
        self._started: float | None = None
        self._tick = -1

    def read(self, stopping: threading.Event) -> Array | None:
        self._wait(stopping)
        return self._picture(self._tick / RATE)

    def close(self) -> None:
        """Nothing is held."""

    def _wait(self, stopping: threading.Event) -> None:
        now = self._clock()
        if self._started is None:
            self._started = now
        self._tick = max(self._tick + 1, int((now - self._started) * RATE))
        stopping.wait(max(0.0, self._started + self._tick / RATE - now))
