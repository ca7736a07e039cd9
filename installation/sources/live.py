"""The newest picture of a device that is read in a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterator

from engine.frame import Array
from installation.sources.pace import PATIENCE, Clock

JOIN = 1.0  # seconds

Pictures = Callable[[threading.Event], Iterator[Array]]


class Stuck(RuntimeError):
    """A driver that does not give its device back: only the end of the process frees it."""


class Live:
    """Runs ``pictures(closing)`` in a daemon thread, because a driver may block for ever, and keeps
    only the newest. ``pictures`` raises OSError or ends when the device is gone and lets the device
    go when it is closed. ``opening`` and ``silence``: seconds allowed for the first picture and
    between two."""

    def __init__(
        self,
        name: str,
        pictures: Pictures,
        opening: float,
        silence: float,
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self._clock = clock
        self._silence = silence
        self._allowed = opening
        self._due = clock() + opening
        self._newest: Array | None = None
        self._gone: OSError | None = None
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, args=(pictures,), name=f"source {name}", daemon=True
        )
        self._thread.start()

    def read(self, stopping: threading.Event) -> Array | None:
        with self._changed:
            self._changed.wait_for(self._news, PATIENCE)
            pixels, self._newest = self._newest, None
            if pixels is None and self._gone:
                raise self._gone
            if pixels is None and self._clock() > self._due:
                raise OSError(f"{self.name}: expected a picture within {self._allowed:g} s")
        return pixels

    def close(self) -> None:
        """Raises Stuck while the device does not let go; may be called again."""
        self._closing.set()
        self._thread.join(JOIN)
        if self._thread.is_alive():
            raise Stuck(f"{self.name}: the device does not let go")

    def _news(self) -> bool:
        return self._newest is not None or self._gone is not None

    def _run(self, pictures: Pictures) -> None:
        gone = OSError(f"{self.name}: ended")
        try:
            for pixels in pictures(self._closing):
                self._keep(pixels)
                if self._closing.is_set():
                    break
        except OSError as error:
            gone = error
        with self._changed:
            self._gone = gone
            self._changed.notify_all()

    def _keep(self, pixels: Array) -> None:
        with self._changed:
            self._newest = pixels
            self._allowed = self._silence
            self._due = self._clock() + self._silence
            self._changed.notify_all()
