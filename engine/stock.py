"""The compiled steps there are, and the one that fits best."""

import math
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.frame import Array
from engine.graph import Convolution
from engine.runtime import Blueprint, Step, Tap

MOST = 24  # compiled steps kept: the canvases and depths of some minutes of play
ROOM = 768 << 20  # bytes for all of them, but for those that are wished for now


@dataclass(frozen=True, slots=True)
class Build:
    """A step that is wished for. ``layers``: in the order of the network. ``size``: rows and
    columns."""

    network: str
    layers: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Compiled:
    """``targets``: the energies of the guide's channels, by layer; empty without a guide.
    ``weight``: bytes, about."""

    build: Build
    taps: tuple[Tap, ...]
    step: Step
    weight: int = 0
    targets: Mapping[str, Array] = field(default_factory=dict)


def weight(blueprint: Blueprint) -> int:
    """What its step takes on OpenVINO, about, in bytes: measured from 54 to 417 MB for
    InceptionV3 at 256x144 to 1024x576."""
    kernels = sum(each.kernel.nbytes for each in blueprint.graph if isinstance(each, Convolution))
    sizes = blueprint.graph.sizes(*blueprint.size).values()
    activations = sum(math.prod(size) for size in sizes) * np.dtype(np.float32).itemsize
    return (20 << 20) + 4 * kernels + activations // 2


class Stock:
    """Written by one thread, read by another: what is there is replaced whole."""

    def __init__(self) -> None:
        self._there: dict[Build, Compiled] = {}
        self._used: dict[Build, float] = {}

    def __contains__(self, build: Build) -> bool:
        return build in self._there

    def __len__(self) -> int:
        return len(self._there)

    def dreams(self, network: str) -> bool:
        """Whether it has any step of the network."""
        return any(build.network == network for build in self._there)

    def has(self, network: str, layer: str) -> bool:
        return any(build.network == network and layer in build.layers for build in self._there)

    def holds(self, step: Step) -> bool:
        return any(compiled.step is step for compiled in self._there.values())

    def best(self, build: Build) -> Compiled | None:
        """That very step; else the one of its network that misses the fewest of its layers, then is
        the nearest in size, then has the fewest layers too many."""
        there = self._there
        fitting: Build | None = build
        if build not in there:
            own = (other for other in there if other.network == build.network)
            fitting = min(own, key=lambda other: _unlike(build, other), default=None)
        if fitting is None:
            return None
        self._used[fitting] = time.monotonic()
        return there[fitting]

    def add(self, compiled: Compiled, wanted: Collection[Build]) -> None:
        """In the place of what was not used for longest, where there is no more room. What is
        ``wanted`` now stays."""
        there = self._there
        firm = [build for build in there if build in wanted]
        others = [build for build in there if build not in wanted]
        others.sort(key=lambda build: self._used.get(build, 0.0), reverse=True)
        kept = {build: there[build] for build in firm}
        taken = compiled.weight + sum(each.weight for each in kept.values())
        for build in others:
            if len(kept) < MOST - 1 and taken + there[build].weight <= ROOM:
                kept[build] = there[build]
                taken += there[build].weight
        self._used = {build: when for build, when in self._used.items() if build in kept}
        self._used[compiled.build] = time.monotonic()
        self._there = {**kept, compiled.build: compiled}

    def clear(self) -> None:
        self._there = {}


def _unlike(wanted: Build, other: Build) -> tuple[int, float, int]:
    there = Counter(other.layers)
    missing = Counter(wanted.layers) - there
    apart = abs(math.log(other.size[0] * other.size[1] / (wanted.size[0] * wanted.size[1])))
    shape = abs(math.log(other.size[0] * wanted.size[1] / (wanted.size[0] * other.size[1])))
    return missing.total(), apart + shape, (there - Counter(wanted.layers)).total()
