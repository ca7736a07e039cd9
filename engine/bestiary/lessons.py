"""What the embedded network learns from: pictures drawn beside the training, each seen a few times,
none kept."""

import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import cv2
import numpy as np

from engine.bestiary.names import NAMES
from engine.bestiary.patterns import picture
from engine.frame import Array
from engine.heap import keep_pages

EDGE = 64  # pixels, of a lesson's picture
CHUNK = 64  # pictures that a process draws at a time
HELD_OUT = 2**48  # the numbers of pictures that are never learnt from start here

Lesson = tuple[Array, Array]


def lesson(first: int, seed: int) -> Lesson:
    """The pictures ``first`` to ``first + CHUNK``, every class in its turn: (CHUNK, EDGE, EDGE, 3)
    uint8 and their classes (CHUNK,) int64."""
    classes = np.arange(first, first + CHUNK) % len(NAMES)
    pictures = [picture(NAMES[kind], seed * 2**52 + first + n) for n, kind in enumerate(classes)]
    return np.stack(pictures), classes


def held_out(count: int, seed: int = 0) -> Lesson:
    """``count`` pictures that no training sees, and their classes."""
    chunks = [lesson(HELD_OUT + first, seed) for first in range(0, count, CHUNK)]
    pictures, classes = (np.concatenate(each)[:count] for each in zip(*chunks, strict=True))
    return pictures, classes


class Lessons:
    """The newest ``capacity`` pictures of an endless row, which ``processes`` draw on, a little
    ahead; picture n lies at place n % capacity, whatever was drawn before. Use it in a ``with``."""

    def __init__(self, seed: int, capacity: int, processes: int, seen: int = 0) -> None:
        """``capacity``: a multiple of CHUNK. ``seen``: how many pictures of the row a training that
        goes on has had."""
        self._seed = seed
        self._pictures = np.empty((capacity, EDGE, EDGE, 3), np.uint8)
        self._classes = np.empty(capacity, np.int64)
        self._waiting: deque[Future[Lesson]] = deque()
        self._ahead = 2 * processes
        self._taken = self._asked = max(0, seen - capacity) // CHUNK * CHUNK
        self._first = self._taken
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _alone)

    def __enter__(self) -> "Lessons":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def next(self) -> int:
        """The number of the row's picture that comes next."""
        return self._taken

    def renew(self, number: int) -> None:
        """Takes pictures in until ``next`` has reached ``number``. Raises OSError where a process
        that draws has died."""
        capacity = len(self._classes)
        while self._taken < number:
            while len(self._waiting) < self._ahead:
                self._waiting.append(self._pool.submit(lesson, self._asked, self._seed))
                self._asked += CHUNK
            try:
                pictures, classes = self._waiting.popleft().result()
            except BrokenProcessPool as error:
                raise OSError("lessons: expected processes that draw, one has died") from error
            place = self._taken % capacity
            self._pictures[place : place + CHUNK] = pictures
            self._classes[place : place + CHUNK] = classes
            self._taken += CHUNK

    def batch(self, count: int, chance: np.random.Generator) -> Lesson:
        """``count`` of the pictures in hand, and their classes."""
        capacity = len(self._classes)
        oldest = max(self._first, self._taken - capacity)
        chosen = chance.integers(oldest, self._taken, count) % capacity
        return self._pictures[chosen], self._classes[chosen]


def _alone() -> None:
    """A process that draws uses one core, and leaves Ctrl-C to its parent."""
    keep_pages()
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
