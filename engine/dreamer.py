"""The dreamer: loaded networks, compiled steps, and what is carried from frame to frame."""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.ascent import Knobs, anchored, feedback, knobs, octave_sizes, resized, warped
from engine.dream import STRIPS, Dream, Strip, deepest_open, open_gains
from engine.frame import Array
from engine.networks import NETWORKS

FALLBACK = "bestiary"
STILL = np.eye(2, 3)

log = logging.getLogger(__name__)


class Step(Protocol):
    def __call__(self, picture: Array, knobs: Knobs, shift: tuple[int, int]) -> Array: ...


class LoadedNetwork(Protocol):
    def compiled(self, depth: int) -> Step: ...


class Backend(Protocol):
    """``traces`` counts the compilations of each thread, by its name."""

    name: str
    traces: Counter[str]

    def at_hand(self, name: str, folder: Path | None) -> bool:
        """Whether ``load`` needs no download."""

    def load(self, name: str, folder: Path | None) -> LoadedNetwork:
        """Raises OSError or ValueError with a sentence."""


class Steps:
    """Loads and compiles beside the loop, on a thread of its own. A network is ready when all its
    steps are: compiling beside its own first frames took longer and made them late."""

    def __init__(self, backend: Backend, folder: Path | None) -> None:
        """``folder``: where to look for weight files first."""
        self.backend = backend.name
        self.failures: list[str] = []
        self._backend = backend
        self._folder = folder
        self._compiled: dict[tuple[str, int], Step] = {}
        self._wishes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._wished = ""
        self._ended_by: Exception | None = None
        self._beside = threading.Thread(target=self._load, name="steps", daemon=True)
        self._beside.start()

    @property
    def traces(self) -> int:
        """Compilations that stood in the dreamer's way: all but those made beside the loop."""
        return sum(self._backend.traces.values()) - self.compiled

    @property
    def compiled(self) -> int:
        """Compilations made beside the loop."""
        return self._backend.traces[self._beside.name]

    def wish(self, network: str) -> None:
        """Asks for a network. One that failed is tried again when it is wished for anew. Raises
        what has ended the thread."""
        if self._ended_by:
            raise self._ended_by
        if network != self._wished:
            self._wished = network
            self._wishes.put(network)

    def ready(self, network: str) -> bool:
        return (network, STRIPS) in self._compiled

    def through(self, network: str, depth: int) -> Step:
        """The shortest compiled step that reaches ``depth``, 1..8, of a network that is ready."""
        there = (self._compiled.get((network, longer)) for longer in range(depth, STRIPS + 1))
        return next(step for step in there if step)

    def _load(self) -> None:
        try:
            while True:
                self._fulfil(self._newest_wish())
        except Exception as error:
            self._ended_by = error

    def _newest_wish(self) -> str:
        network = self._wishes.get()
        while not self._wishes.empty():
            network = self._wishes.get()
        return network

    def _fulfil(self, network: str) -> None:
        """A download takes minutes: the embedded network dreams meanwhile."""
        if not (self._any_ready() or self._backend.at_hand(network, self._folder)):
            self._prepare(FALLBACK)
        if not self._prepare(network) and not self._any_ready():
            self._prepare(FALLBACK)

    def _any_ready(self) -> bool:
        return any(depth == STRIPS for _, depth in self._compiled)

    def _prepare(self, network: str) -> bool:
        if self.ready(network):
            return True
        try:
            loaded = self._backend.load(network, self._folder)
            for depth in range(1, STRIPS + 1):
                self._compiled[network, depth] = loaded.compiled(depth)
        except (OSError, ValueError) as error:
            log.error("%s; the show goes on without it", error)
            self.failures.append(str(error))
            return False
        log.info("%s is ready", network)
        return True


class Dreamer:
    """Dreams one frame after the other. What it carries is the difference dream - picture, so that
    the dream grows over the frames and follows what moves."""

    def __init__(
        self, steps: Steps, seed: int = 0, stepped: Callable[[], None] = lambda: None
    ) -> None:
        """``stepped`` is called after every step: a frame of many may take long."""
        self.network = ""
        self._stepped = stepped
        self.reseeded = 0
        self._steps = steps
        self._random = np.random.default_rng(seed)
        self._carried: Array | None = None

    def reset(self) -> None:
        self._carried = None

    def awake(self, wished: str) -> bool:
        """Whether there is a network to dream with; changes to the wished one once it is ready."""
        self._steps.wish(wished)
        for network in (wished, self.network, FALLBACK):
            if network and self._steps.ready(network):
                self.network = network
                return True
        return False

    def dream(
        self,
        picture: Array,
        dream: Dream,
        strips: tuple[Strip, ...],
        moved: Array = STILL,
        seconds: float = 0.0,
    ) -> Array:
        """``picture``: (h, w, 3) float32 0..1, sides multiples of 16. ``moved``: the 2x3 affine
        from a pixel of this picture to the pixel of the last one that shows the same place.
        ``seconds`` since the last one. Returns the dreamed picture, same shape and range."""
        size = (picture.shape[0], picture.shape[1])
        start = (
            picture
            if self._carried is None
            else picture + self._continued(size, dream, moved, seconds)
        )
        dreamed = self._ascended(np.clip(start, 0.0, 1.0), dream, strips)
        if not np.isfinite(dreamed).all():
            self.reseeded += 1
            self._carried = None
            return picture
        self._carried = anchored(dreamed - picture, dream.anchor)
        return np.clip(picture + np.float32(dream.amount) * self._carried, 0.0, 1.0)

    def _continued(
        self, size: tuple[int, int], dream: Dream, moved: Array, seconds: float
    ) -> Array:
        assert self._carried is not None
        back = np.vstack([moved, [0, 0, 1]]) @ np.vstack(
            [feedback(size, dream, seconds), [0, 0, 1]]
        )
        unmoved = size == self._carried.shape[:2] and np.allclose(back[:2], STILL, atol=1e-4)
        carried = self._carried if unmoved else warped(self._carried, back[:2], size)
        return carried * np.float32(dream.memory)

    def _ascended(self, start: Array, dream: Dream, strips: tuple[Strip, ...]) -> Array:
        depth = deepest_open(open_gains(strips))
        if depth == 0:
            return start
        step = self._steps.through(self.network, depth)
        turned = knobs(dream, strips)
        picture = start
        least = NETWORKS[self.network].least
        size = (start.shape[0], start.shape[1])
        for octave in octave_sizes(size, dream, least):
            before = after = np.clip(resized(picture, octave), 0.0, 1.0)
            for _ in range(dream.steps):
                rows, columns = self._random.integers(-dream.jitter, dream.jitter, 2, endpoint=True)
                after = step(after, turned, (int(rows), int(columns)))
                self._stepped()
            picture = after if octave == size else picture + resized(after - before, size)
        return picture
