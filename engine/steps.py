"""The compiled steps there are, made beside the loop, and the one that fits best."""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np

from engine.ascent import gradient_knobs
from engine.dream import Strip
from engine.frame import Array
from engine.gradient import Layout
from engine.graph import Convolution, Graph
from engine.layers import layers
from engine.loading import blueprint
from engine.memory import resized
from engine.networks import NETWORKS
from engine.runtime import Blueprint, Step

FALLBACK = "bestiary"
MOST = 24  # compiled steps kept: the canvases and depths of some minutes of play
ROOM = 512 << 20  # bytes of weights in all of them, but for those that are wished for now
GAUGE = 96  # pixels of the picture on which layers are measured
GAUGED = ("balanced", "energy", "mean")
SILENT = 0.0  # the loudness of a layer that cannot be raised

log = logging.getLogger(__name__)


class Backend(Protocol):
    """``traces`` counts the compilations of each thread, by its name."""

    name: str
    precision: str
    traces: Counter[str]

    def compiled(self, blueprint: Blueprint) -> Step:
        """Raises OSError with a sentence."""


class Library(Protocol):
    """Where networks come from."""

    def at_hand(self, network: str) -> bool:
        """Whether ``load`` needs no download."""

    def load(self, network: str) -> Graph:
        """Raises OSError or ValueError with a sentence."""


@dataclass(frozen=True, slots=True)
class Build:
    """A step that is wished for. ``layers``: in the order of the network. ``size``: rows and
    columns."""

    network: str
    layers: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Compiled:
    """``targets``: the energies of the guide's channels, by layer; empty without a guide."""

    build: Build
    blueprint: Blueprint
    step: Step
    targets: Mapping[str, Array] = field(default_factory=dict)


def weight(compiled: Compiled) -> int:
    """Bytes of its kernels, forward and back."""
    graph = compiled.blueprint.graph
    return 2 * sum(each.kernel.nbytes for each in graph if isinstance(each, Convolution))


def in_order(network: str, chosen: Iterable[str]) -> tuple[str, ...]:
    """Layers from shallow to deep."""
    return tuple(sorted(chosen, key=layers(network).index))


class Steps:
    """Loads, measures and compiles on a thread of its own; the loop wishes, and takes what there
    is."""

    def __init__(
        self, backends: Iterator[Backend], library: Library, guide: Array | None = None
    ) -> None:
        """``backends``: the best first; the next one serves when one fails. They are made on the
        thread. ``guide``: a picture (h, w, 3) float32 0..1 whose statistics may be matched."""
        self.failures: list[str] = []
        self._backends = backends
        self._backend: Backend | None = None
        self._library = library
        self._guide = guide
        self._graphs: dict[str, Graph] = {}
        self._coming: set[str] = set()  # networks that are being downloaded
        self._failed: set[str] = set()  # networks
        self._refused: set[Build] = set()
        self._lost: Exception | None = None  # what the backend of now has failed with
        self._known: set[str] = set()
        self._loud: dict[tuple[str, str, str], float] = {}
        self._compiled: dict[Build, Compiled] = {}
        self._used: dict[Build, float] = {}
        self._wish: tuple[str, tuple[str, ...]] = ("", ())
        self._builds: tuple[Build, ...] = ()
        self._changed = threading.Event()
        self._ended_by: Exception | None = None
        self._beside = threading.Thread(target=self._work, name="steps", daemon=True)
        self._beside.start()

    @property
    def backend(self) -> str:
        return self._backend.name if self._backend else ""

    @property
    def precision(self) -> str:
        return self._backend.precision if self._backend else ""

    @property
    def traces(self) -> int:
        """Compilations that stood in the dreamer's way: all but those made beside the loop."""
        return sum(self._backend.traces.values()) - self.compiled if self._backend else 0

    @property
    def compiled(self) -> int:
        """Compilations made beside the loop."""
        return self._backend.traces[self._beside.name] if self._backend else 0

    def wish(self, network: str, layers: tuple[str, ...]) -> None:
        """Asks for a network, and for all its layers that are on strips. One that failed is tried
        again when it is wished for anew. Raises what has ended the thread."""
        if self._ended_by:
            raise self._ended_by
        if (network, layers) != self._wish:
            if network != self._wish[0]:
                self._failed.discard(network)
                self._refused = set()
            self._wish = (network, layers)
            self._changed.set()

    def ask(self, builds: Sequence[Build]) -> None:
        """Asks for steps, the most urgent first; in place of those asked for before."""
        if tuple(builds) != self._builds:
            self._builds = tuple(builds)
            self._changed.set()

    def known(self, network: str) -> bool:
        """Whether the network is loaded and some of its layers are measured."""
        return network in self._known

    def measured(self, network: str, layer: str) -> bool:
        return (network, layer, GAUGED[0]) in self._loud

    def loudness(self, network: str, layer: str, objective: str) -> float:
        """The root mean square of the gradient of one layer alone, on a picture of noise; SILENT
        for one that was not measured (yet), or cannot be raised."""
        measure = objective if objective in GAUGED else GAUGED[0]
        return self._loud.get((network, layer, measure), SILENT)

    def best(self, build: Build) -> Compiled | None:
        """That very step; else the one of its network that misses the fewest of its layers, then is
        the nearest in size, then has the fewest layers too many."""
        there = self._compiled
        fitting = min(
            (other for other in there if other.network == build.network),
            key=lambda other: _unlike(build, other),
            default=None,
        )
        if fitting is None:
            return None
        self._used[fitting] = time.monotonic()
        return there[fitting]

    def fail(self, error: Exception) -> None:
        """A step has failed in the loop: its backend gives way to the next."""
        self._lost = error
        self._compiled = {}
        self._changed.set()

    def _work(self) -> None:
        try:
            self._change_backend("no backend yet")
            while True:
                self._changed.clear()
                if work := self._next():
                    work()
                else:
                    self._changed.wait()
        except Exception as error:
            self._ended_by = error

    def _change_backend(self, why: object) -> None:
        before, self._backend = self._backend, next(self._backends, None)
        self._lost, self._compiled, self._refused = None, {}, set()
        if self._backend is None:
            raise OSError(f"expected a backend that works, received {why}")
        if before:
            self._tell(f"{before.name}: {why}; now on {self._backend.name}")

    def _next(self) -> Callable[[], None] | None:
        """What is most urgent now. A download takes minutes: what was there before dreams
        meanwhile, or the embedded network."""
        if self._lost:
            return partial(self._change_backend, self._lost)
        network, wished = self._wish
        if network and network not in self._graphs and network not in self._failed:
            if self._library.at_hand(network):
                return partial(self._load, network)
            self._download(network)
        if network in self._graphs:
            return self._unmeasured(network, wished) or self._unbuilt()
        if network and not self._known:
            return self._unmeasured(FALLBACK, NETWORKS[FALLBACK].stops)
        return self._unbuilt()

    def _unmeasured(self, network: str, wished: Sequence[str]) -> Callable[[], None] | None:
        if network not in self._graphs:
            return partial(self._load, network)
        missing = [layer for layer in wished if not self.measured(network, layer)]
        return partial(self._measure, network, missing) if missing else None

    def _unbuilt(self) -> Callable[[], None] | None:
        for build in self._builds:
            if build.network in self._graphs and not (
                build in self._compiled or build in self._refused
            ):
                return partial(self._compile, build)
        return None

    def _download(self, network: str) -> None:
        if network not in self._coming:
            self._coming.add(network)
            threading.Thread(
                target=self._load, args=(network,), name=f"download {network}", daemon=True
            ).start()

    def _load(self, network: str) -> None:
        try:
            self._graphs[network] = self._library.load(network)
        except (OSError, ValueError) as error:
            if network == FALLBACK:
                raise
            self._failed.add(network)
            self._tell(f"{error}; the show goes on without it")
        self._coming.discard(network)
        self._changed.set()

    def _measure(self, network: str, unmeasured: Sequence[str]) -> None:
        """How loud each layer is alone, so that equal gains are equal strengths."""
        side = max(GAUGE, NETWORKS[network].least)
        sound = in_order(network, {each for each in unmeasured if self._sound(network, each)})
        found = {(network, each, kind): SILENT for each in unmeasured for kind in GAUGED}
        try:
            compiled = self._built(Build(network, sound, (side, side))) if sound else None
        except OSError as error:
            self._give_up(network, error)
            return
        for place, layer in enumerate(sound):
            found |= {(network, layer, kind): _loudness(compiled, place, kind) for kind in GAUGED}
        self._loud |= found
        self._known.add(network)
        log.info("%s is measured", network)

    def _give_up(self, network: str, error: Exception) -> None:
        """A backend that has no memory for a network may have some for the embedded one."""
        if network == FALLBACK:
            self._lost = error
            return
        del self._graphs[network]
        self._failed.add(network)
        self._tell(f"{error}; the show goes on without it")

    def _sound(self, network: str, layer: str) -> bool:
        side = max(GAUGE, NETWORKS[network].least)
        try:
            blueprint(network, self._graphs[network], (layer,), (side, side))
        except ValueError as error:
            self._tell(str(error))
            return False
        return True

    def _compile(self, build: Build) -> None:
        try:
            compiled = self._built(build)
        except (OSError, ValueError) as error:
            self._refused.add(build)
            self._tell(str(error))
            return
        if self._lost:
            return
        self._compiled = {**self._kept(compiled), build: compiled}
        self._used[build] = time.monotonic()
        log.info(
            "%s through %s at %d x %d is ready", build.network, build.layers[-1], *build.size[::-1]
        )

    def _kept(self, coming: Compiled) -> dict[Build, Compiled]:
        """What is there; less what was not used for longest where there is no more room."""
        there = self._compiled
        wanted = [build for build in there if build in self._builds]
        others = [build for build in there if build not in self._builds]
        others.sort(key=lambda build: self._used.get(build, 0.0), reverse=True)
        kept: dict[Build, Compiled] = {}
        taken = weight(coming)
        for build in (*wanted, *others):
            taken += weight(there[build])
            if build in wanted or (len(kept) < MOST - 1 and taken <= ROOM):
                kept[build] = there[build]
        self._used = {build: when for build, when in self._used.items() if build in kept}
        return kept

    def _built(self, build: Build) -> Compiled:
        assert self._backend
        plan = blueprint(build.network, self._graphs[build.network], build.layers, build.size)
        step = self._backend.compiled(plan)
        if self._guide is None:
            return Compiled(build, plan, step)
        silence = np.zeros(Layout(plan.taps).length, np.float32)
        guide = step.placed(np.ascontiguousarray(resized(self._guide, build.size)))
        _, energies = step.gradient(guide, silence, (0, 0))
        return Compiled(build, plan, step, dict(zip(build.layers, energies, strict=True)))

    def _tell(self, failure: str) -> None:
        log.error("%s", failure)
        self.failures.append(failure)


def _loudness(compiled: Compiled | None, place: int, kind: str) -> float:
    assert compiled
    taps = compiled.blueprint.taps
    gains = [float(other == place) for other in range(len(taps))]
    knobs = gradient_knobs(taps, gains, (Strip(),) * len(taps), kind, {})
    step = compiled.step
    uphill, _ = step.gradient(step.placed(_noise(compiled.build.size)), knobs, (0, 0))
    return float(np.sqrt(np.mean(np.square(step.taken(uphill)))))


def _noise(size: tuple[int, int]) -> Array:
    """A picture as grainy as photographs are: the same contrast at every scale."""
    random = np.random.default_rng(0)
    layers = [
        resized(random.uniform(-0.25, 0.25, (max(2, size[0] >> n), max(2, size[1] >> n), 3)), size)
        for n in range(7)
    ]
    return np.asarray(np.clip(0.5 + sum(layers), 0.0, 1.0), np.float32)


def _unlike(wanted: Build, other: Build) -> tuple[int, float, int]:
    there = Counter(other.layers)
    missing = Counter(wanted.layers) - there
    apart = abs(math.log(other.size[0] * other.size[1] / (wanted.size[0] * wanted.size[1])))
    shape = abs(math.log(other.size[0] * wanted.size[1] / (wanted.size[0] * other.size[1])))
    return missing.total(), apart + shape, (there - Counter(wanted.layers)).total()
