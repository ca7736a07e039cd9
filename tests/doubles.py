"""A backend that dreams without a network."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.ascent import Knobs
from engine.frame import Array

LIMIT = 10.0  # seconds


class Pattern:
    """A step that adds noise of its own, the same for every picture of a size, rolled as the
    network would see it."""

    def __init__(self, backend: "Numbers", network: str, depth: int) -> None:
        self._backend = backend
        self._name = (network, depth)

    def __call__(self, picture: Array, knobs: Knobs, shift: tuple[int, int]) -> Array:
        self._backend.ranges.append((picture.min(), picture.max()))
        self._backend.steps.append((*self._name, picture.shape[:2]))
        uphill = np.random.default_rng(0).choice([-1.0, 1.0], picture.shape)
        stepped = picture + knobs.step_size * np.roll(uphill, shift, (0, 1))
        return np.asarray(np.clip(stepped * self._backend.times, 0.0, 1.0), np.float32)


class Numbers:
    """A backend without a network. Networks in ``broken`` fail to load, those in ``far`` need a
    download; ``gate`` holds up one load or one compilation until it is set. ``times`` multiplies
    what a step returns."""

    name = "numbers"

    def __init__(self) -> None:
        self.traces: Counter[str] = Counter()
        self.broken: set[str] = set()
        self.far: set[str] = set()
        self.too_large: set[tuple[str, int]] = set()
        self.gates: dict[str, threading.Event] = {}
        self.loads: list[tuple[str, Path | None]] = []
        self.compiled: list[tuple[str, int]] = []
        self.steps: list[tuple[str, int, tuple[int, ...]]] = []
        self.ranges: list[tuple[float, float]] = []
        self.times = 1.0

    def at_hand(self, name: str, folder: Path | None) -> bool:
        return name not in self.far

    def load(self, name: str, folder: Path | None) -> "Loaded":
        self.loads.append((name, folder))
        self.pass_gate(f"load {name}")
        if name in self.broken:
            raise OSError(f"weights of {name}: expected a file, received nothing")
        return Loaded(self, name)

    def gate(self, deed: str) -> threading.Event:
        return self.gates.setdefault(deed, threading.Event())

    def pass_gate(self, deed: str) -> None:
        if deed in self.gates:
            assert self.gates[deed].wait(LIMIT)


class Loaded:
    def __init__(self, backend: Numbers, network: str) -> None:
        self._backend = backend
        self._network = network

    def compiled(self, depth: int) -> Pattern:
        self._backend.pass_gate(f"compile {self._network} {depth}")
        if (self._network, depth) in self._backend.too_large:
            raise OSError(f"{self._network}: expected to be built, received no memory")
        self._backend.traces[threading.current_thread().name] += 1
        self._backend.compiled.append((self._network, depth))
        return Pattern(self._backend, self._network, depth)


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < end, "expected it within the limit"
        time.sleep(0.001)
