"""A backend and a library that dream without a network."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache

import numpy as np

from engine.climb import STEP
from engine.frame import Array
from engine.graph import Activation, Graph, Operation, Picture
from engine.layers import layers
from engine.runtime import Blueprint, Gradients, Tap
from engine.steps import Steps

LIMIT = 10.0  # seconds
SIZED = tuple[str, str, tuple[int, int]]  # network, deepest layer, rows and columns


class Pattern:
    """A step whose gradient is noise, the same for every picture of a size, rolled as the network
    would see it."""

    def __init__(self, backend: "Numbers", blueprint: Blueprint) -> None:
        self._backend = backend
        self._blueprint = blueprint

    def placed(self, picture: Array) -> Array:
        return picture

    def taken(self, picture: Array) -> Array:
        return picture

    def gradient(self, picture: Array, knobs: Array, shift: tuple[int, int]) -> Gradients:
        if threading.current_thread().name != "steps" or not self._backend.measures:
            self._backend.saw(self._blueprint, picture, knobs, shift)
        uphill = np.random.default_rng(0).choice([-1.0, 1.0], picture.shape) * self._backend.length
        energies = [np.full(tap.channels, picture.mean()) for tap in self._blueprint.taps]
        return np.roll(uphill, shift, (0, 1)), energies

    def climbed(self, picture: Array, gradient: Array, knobs: Array) -> Array:
        self._backend.climbs += 1
        stepped = np.clip(picture + knobs[STEP] * gradient, 0.0, 1.0)
        return np.asarray(stepped * self._backend.times, np.float32)


class Numbers:
    """A backend without a network. Layers in ``too_large`` cannot be compiled, nor, where there are
    any, pictures that are not of ``sizes``; a gate holds up compilations until it is set.
    ``times`` multiplies what a step returns, ``length`` its gradients; ``error`` is raised by every
    step, where the backend not ``measures`` also beside the loop."""

    name = "numbers"
    precision = "float32"

    def __init__(self) -> None:
        self.traces: Counter[str] = Counter()
        self.too_large: set[tuple[str, str]] = set()
        self.gates: dict[str, threading.Event] = {}
        self.compilations: list[SIZED] = []
        self.steps: list[SIZED] = []
        self.knobs: list[Array] = []
        self.shifts: list[tuple[int, int]] = []
        self.taps: tuple[Tap, ...] = ()  # of the last step
        self.ranges: list[tuple[float, float]] = []
        self.sizes: set[tuple[int, int]] = set()
        self.measures = True
        self.climbs = 0
        self.times = 1.0
        self.length = 1.0
        self.error: OSError | None = None

    def compiled(self, blueprint: Blueprint) -> Pattern:
        deepest = blueprint.taps[-1].layer
        pass_gate(self.gates, f"compile {blueprint.name}")
        large = bool(self.sizes) and blueprint.size not in self.sizes
        if large or (blueprint.name, deepest) in self.too_large:
            raise OSError(f"{blueprint.name}: expected to be built, received no memory")
        self.traces[threading.current_thread().name] += 1
        self.compilations.append((blueprint.name, deepest, blueprint.size))
        return Pattern(self, blueprint)

    def saw(
        self, blueprint: Blueprint, picture: Array, knobs: Array, shift: tuple[int, int]
    ) -> None:
        if self.error:
            raise self.error
        self.ranges.append((picture.min(), picture.max()))
        self.knobs.append(knobs)
        self.shifts.append(shift)
        self.taps = blueprint.taps
        self.steps.append((blueprint.name, blueprint.taps[-1].layer, blueprint.size))

    def gate(self, deed: str) -> threading.Event:
        return self.gates.setdefault(deed, threading.Event())


class Shelf:
    """A library without weights. Networks in ``broken`` fail to load, those in ``far`` need a
    download; a gate holds up a load until it is set."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.far: set[str] = set()
        self.loads: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.error: Exception | None = None

    def at_hand(self, network: str) -> bool:
        return network not in self.far

    def load(self, network: str) -> Graph:
        self.loads.append(network)
        pass_gate(self.gates, f"load {network}")
        if self.error:
            raise self.error
        if network in self.broken:
            raise OSError(f"weights of {network}: expected a file, received nothing")
        return flat(network)

    def gate(self, deed: str) -> threading.Event:
        return self.gates.setdefault(deed, threading.Event())


@cache
def flat(network: str) -> Graph:
    """All the layers of a network, each of which does next to nothing."""
    operations: list[Operation] = [Picture("picture", ())]
    for layer in layers(network):
        operations.append(Activation(layer, (operations[-1].name,), "relu"))
    return Graph(operations)


def steps_of(*backends: Numbers, shelf: Shelf | None = None, guide: Array | None = None) -> Steps:
    return Steps(iter(backends), shelf or Shelf(), guide)


def pass_gate(gates: dict[str, threading.Event], deed: str) -> None:
    if deed in gates:
        assert gates[deed].wait(LIMIT)


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < end, "expected it within the limit"
        time.sleep(0.001)
