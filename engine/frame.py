"""The newest picture (or table of values) between two processes, in shared memory.

One writer, any number of readers, no locks: a writer that is killed at any instant leaves the last
whole frame standing, a reader that is killed leaves nothing behind.
"""

import multiprocessing
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
View = tuple[float, float, float, float, float, float]

WHOLE: View = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
BUFFERS = 3
HEAD = 256  # bytes before each payload: sequence, byte count, shape, type, times, view
TYPES = (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True, slots=True)
class Frame:
    """``pixels``: for pictures (height, width, 3) uint8 RGB. ``seen_at``: ``time.monotonic()``
    seconds when the source was seen. ``view``: the rows of the affine (x, y, 1) -> (u, v) from the
    source's plane (centre 0, 0, height 2, y down) to this frame's 0..1. ``aspect``: width / height
    of the source's whole picture. ``sequence`` counts what its writer published, from 1."""

    pixels: Array
    seen_at: float
    view: View = WHOLE
    aspect: float = 1.0
    sequence: int = 0


def whole_view(aspect: float) -> View:
    """The view of a frame that shows its source's whole picture."""
    return (0.5 / aspect, 0.0, 0.5, 0.0, 0.5, 0.5)


class Slot:
    """Holds the newest frame. Made by the parent, handed to the players as a process argument; one
    of them publishes. The parent calls ``unlink`` at the end, everyone else ``close``."""

    def __init__(self, capacity: int) -> None:
        """``capacity``: bytes of the largest frame. Memory is taken only as frames fill it."""
        self.capacity = capacity
        self._woken = multiprocessing.get_context("spawn").BoundedSemaphore(1)
        self._woken.acquire()
        self._memory = SharedMemory(create=True, size=64 + BUFFERS * (HEAD + capacity))
        self._attach()

    def __getstate__(self) -> dict[str, Any]:
        return {"capacity": self.capacity, "woken": self._woken, "name": self._memory.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.capacity = state["capacity"]
        self._woken = state["woken"]
        self._memory = SharedMemory(name=state["name"])
        self._attach()

    def _attach(self) -> None:
        buffer = self._memory.buf
        self._latest: Array = np.ndarray((1,), np.int64, buffer)
        starts = [64 + n * (HEAD + self.capacity) for n in range(BUFFERS)]
        self._whole_numbers: list[Array] = [np.ndarray((8,), np.int64, buffer, s) for s in starts]
        self._numbers: list[Array] = [np.ndarray((8,), np.float64, buffer, s + 64) for s in starts]
        self._bytes: list[Array] = [
            np.ndarray((self.capacity,), np.uint8, buffer, s + HEAD) for s in starts
        ]

    @property
    def sequence(self) -> int:
        """How many frames were published so far."""
        return int(self._latest[0])

    def publish(
        self, pixels: Array, seen_at: float, view: View = WHOLE, aspect: float = 1.0
    ) -> None:
        """For the slot's one writer. Raises ValueError for a frame that does not fit."""
        if pixels.nbytes > self.capacity:
            raise ValueError(
                f"frame: expected at most {self.capacity} bytes, received {pixels.nbytes}"
            )
        sequence = self.sequence + 1
        place = sequence % BUFFERS
        head, stamps = self._whole_numbers[place], self._numbers[place]
        head[0] = 0
        _fence()
        shape = pixels.shape + (0,) * (3 - pixels.ndim)
        head[1:7] = (pixels.nbytes, TYPES.index(pixels.dtype), pixels.ndim, *shape)
        stamps[:] = (seen_at, aspect, *view)
        payload = self._bytes[place][: pixels.nbytes].view(pixels.dtype).reshape(pixels.shape)
        np.copyto(payload, pixels)
        _fence()
        head[0] = sequence
        self._latest[0] = sequence
        with suppress(ValueError):  # already awake
            self._woken.release()

    def newest(self, after: int = 0) -> Frame | None:
        """A copy of the newest frame, or None when nothing was published since ``after``."""
        while (sequence := self.sequence) > after:
            _fence()
            place = sequence % BUFFERS
            head = self._whole_numbers[place]
            size, kind, dimensions = int(head[1]), int(head[2]), int(head[3])
            shape = tuple(int(side) for side in head[4 : 4 + dimensions])
            seen_at, aspect, *view = self._numbers[place].tolist()
            _fence()
            if head[0] != sequence:
                continue  # overtaken while looking: a newer one is there
            pixels = self._bytes[place][:size].view(TYPES[kind]).reshape(shape).copy()
            _fence()
            if head[0] == sequence:
                return Frame(pixels, seen_at, (*view,), aspect, sequence)
        return None

    def wait(self, seconds: float) -> bool:
        """Waits for the next ``publish``. For one waiting reader per slot."""
        return self._woken.acquire(timeout=seconds)

    def close(self) -> None:
        self._latest = np.empty(0)
        self._whole_numbers, self._numbers, self._bytes = [], [], []
        self._memory.close()

    def unlink(self) -> None:
        self.close()
        self._memory.unlink()


_LOCK = threading.Lock()


def _fence() -> None:
    """Keeps stores and loads in program order on processors that reorder them (ARM): what comes
    before the first release is not seen after the second acquire."""
    for _ in range(2):
        _LOCK.acquire()
        _LOCK.release()
