"""Has networks loaded, their layers measured and their steps compiled, beside the loop."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from engine.frame import Array
from engine.gradient import Layout
from engine.graph import Graph
from engine.layers import layers
from engine.loading import blueprint
from engine.loudness import MEASURED, SILENT, loudness
from engine.memory import resized
from engine.networks import NETWORKS
from engine.runtime import Blueprint, Step
from engine.stock import Build, Compiled, Stock, weight

FALLBACK = "bestiary"
GAUGE = 96  # pixels of the picture on which layers are measured
REMEMBERED = 100  # failures
STOP_SECONDS = 60.0  # for what is being compiled

Work = Callable[[], None]

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


def in_order(network: str, chosen: Iterable[str]) -> tuple[str, ...]:
    """Layers from shallow to deep."""
    return tuple(sorted(chosen, key=layers(network).index))


class Steps:
    """Works on a thread of its own; the loop wishes, and takes what there is. Nothing here waits
    for the thread."""

    def __init__(
        self, backends: Iterator[Backend], library: Library, guide: Array | None = None
    ) -> None:
        """``backends``: the best first; the next one serves when one fails. They are made on the
        thread. ``guide``: a picture (h, w, 3) float32 0..1 whose statistics may be matched."""
        self.failures: deque[str] = deque(maxlen=REMEMBERED)
        self.failed = 0  # counts them
        self.idle = False  # whether nothing is loaded, measured or compiled now
        self.stock = Stock()
        self._backends = backends
        self._backend: Backend | None = None
        self._library = library
        self._guide = guide
        self._graphs: dict[str, Graph] = {}
        self._coming: set[str] = set()  # networks that are being downloaded
        self._broken: set[str] = set()  # networks that could not be loaded
        self._refused: set[Build] = set()
        self._lost: Exception | None = None  # what the backend of now has failed with
        self._known: set[str] = set()
        self._loud: dict[tuple[str, str, str], float] = {}
        self._wish: tuple[str, tuple[str, ...]] = ("", ())
        self._builds: tuple[Build, ...] = ()
        self._builds_next = False  # whose turn it is: builds' or layers'
        self._changed = threading.Event()
        self._stopping = False
        self._ended_by: Exception | None = None
        self._beside = threading.Thread(target=self._work, name="steps", daemon=True)
        self._beside.start()

    @property
    def backend(self) -> str:
        backend = self._backend
        return backend.name if backend else ""

    @property
    def precision(self) -> str:
        backend = self._backend
        return backend.precision if backend else ""

    @property
    def traces(self) -> int:
        """Compilations that stood in the dreamer's way: all but those made beside the loop."""
        backend = self._backend
        if not backend:
            return 0
        return sum(backend.traces.values()) - backend.traces[self._beside.name]

    @property
    def compiled(self) -> int:
        """Compilations made beside the loop."""
        backend = self._backend
        return backend.traces[self._beside.name] if backend else 0

    def wish(self, network: str, chosen: tuple[str, ...]) -> None:
        """Asks for a network, and for its layers that are ``chosen`` for strips. One that failed is
        tried again when it is wished for anew. Raises what has ended the thread."""
        if self._ended_by:
            raise self._ended_by
        if (network, chosen) != self._wish:
            if network != self._wish[0]:
                self._broken.discard(network)
                self._refused = set()
            self._wish = (network, chosen)
            self._changed.set()

    def ask(self, builds: Sequence[Build]) -> None:
        """Asks for steps, the most urgent first; in place of those asked for before."""
        if tuple(builds) != self._builds:
            self._builds = tuple(builds)
            self._changed.set()

    def settled(self, build: Build) -> bool:
        """Whether nothing that fits better than what there is will come."""
        return build in self.stock or build in self._refused

    def known(self, network: str) -> bool:
        """Whether the network is loaded and its layers are measured."""
        return network in self._known

    def measured(self, network: str, layer: str) -> bool:
        return (network, layer, MEASURED[0]) in self._loud

    def loudness(self, network: str, layer: str, objective: str) -> float:
        """By ``engine.loudness``; SILENT also for a layer that was not measured yet."""
        measure = objective if objective in MEASURED else MEASURED[0]
        return self._loud.get((network, layer, measure), SILENT)

    def fail(self, step: Step, error: Exception) -> None:
        """A step has failed in the loop: its backend gives way to the next."""
        if self.stock.holds(step):
            self._lost = error
            self.stock.clear()
            self._changed.set()

    def stop(self) -> None:
        """Ends the thread, once what it does now is done. (A process that ends while a library
        compiles on a thread may abort.)"""
        self._stopping = True
        self._changed.set()
        self._beside.join(STOP_SECONDS)

    def _work(self) -> None:
        try:
            self._change_backend("no backend yet")
            while not self._stopping:
                self._changed.clear()
                work = self._next()
                self.idle = work is None
                if work:
                    work()
                else:
                    self._changed.wait()
        except Exception as error:
            self._ended_by = error

    def _change_backend(self, why: object) -> None:
        before, self._backend = self._backend, next(self._backends, None)
        self._lost, self._refused, self._broken = None, set(), set()
        self.stock.clear()
        if self._backend is None:
            raise OSError(f"expected a backend that works, received {why}")
        if before:
            self._tell(f"{before.name}: {why}; now on {self._backend.name}")

    def _next(self) -> Work | None:
        """What is most urgent now. A download takes minutes: what was there before dreams
        meanwhile, or the embedded network."""
        if self._lost:
            return partial(self._change_backend, self._lost)
        network, wished = self._wish
        if not network:
            return None
        if network in self._graphs and network not in self._broken:
            return self._in_turn(self._unmeasured(network, wished), self._unbuilt())
        if network not in self._broken | self._coming:
            if self._library.at_hand(network):
                return partial(self._load, network)
            self._download(network)
        if not self._known:
            return self._unmeasured(FALLBACK, NETWORKS[FALLBACK].stops)
        return self._unbuilt()

    def _in_turn(self, measuring: Work | None, building: Work | None) -> Work | None:
        """However fast layers or sizes are turned, neither keeps the other waiting for ever."""
        self._builds_next = not self._builds_next
        return building or measuring if self._builds_next else measuring or building

    def _unmeasured(self, network: str, wished: Sequence[str]) -> Work | None:
        if network not in self._graphs:
            return partial(self._load, network)
        missing = [layer for layer in wished if not self.measured(network, layer)]
        return partial(self._measure, network, missing) if missing else None

    def _unbuilt(self) -> Work | None:
        missing = (
            build
            for build in self._builds
            if build.network in self._graphs and not self.settled(build)
        )
        build = next(missing, None)
        return partial(self._compile, build) if build else None

    def _download(self, network: str) -> None:
        self._coming.add(network)
        name = f"download {network}"
        threading.Thread(target=self._load, args=(network,), name=name, daemon=True).start()

    def _load(self, network: str) -> None:
        try:
            self._graphs[network] = self._library.load(network)
        except (OSError, ValueError) as error:
            if network == FALLBACK:
                raise
            self._tell(f"{error}; the show goes on without it")
        finally:
            if network not in self._graphs:
                self._broken.add(network)
            self._coming.discard(network)
            self._changed.set()

    def _measure(self, network: str, unmeasured: Sequence[str]) -> None:
        """Layers that cannot be raised are SILENT; a network none of whose layers can be is
        broken, and a backend that cannot even raise the embedded network's is lost."""
        sound = [layer for layer in unmeasured if self._sound(network, layer)]
        found = {(network, layer, kind): SILENT for layer in unmeasured for kind in MEASURED}
        try:
            found |= self._loudnesses(network, in_order(network, set(sound)))
        except (OSError, ValueError) as error:
            if network == FALLBACK and not self.known(FALLBACK):
                self._lost = error
                return
            self._tell(str(error))
            if not self.known(network):
                self._broken.add(network)
                return
        self._loud |= found
        if network not in self._known:
            log.info("%s is ready", network)
        self._known.add(network)
        log.debug("%s is measured", network)

    def _loudnesses(
        self, network: str, chosen: tuple[str, ...]
    ) -> dict[tuple[str, str, str], float]:
        if not chosen:
            return {}
        plan = self._plan(Build(network, chosen, self._gauge(network)))
        assert self._backend
        step = self._backend.compiled(plan)
        return {
            (network, layer, kind): loudness(step, plan, tap, kind)
            for tap, layer in enumerate(chosen)
            for kind in MEASURED
        }

    def _gauge(self, network: str) -> tuple[int, int]:
        side = max(GAUGE, NETWORKS[network].least)
        return side, side

    def _sound(self, network: str, layer: str) -> bool:
        try:
            self._plan(Build(network, (layer,), self._gauge(network)))
        except ValueError as error:
            self._tell(str(error))
            return False
        return True

    def _plan(self, build: Build) -> Blueprint:
        return blueprint(build.network, self._graphs[build.network], build.layers, build.size)

    def _compile(self, build: Build) -> None:
        try:
            compiled = self._made(build)
        except (OSError, ValueError) as error:
            self._refused.add(build)
            self._tell(str(error))
            if not self.stock.dreams(FALLBACK) and self._refuses(FALLBACK):
                self._lost = error
            return
        if not self._lost:
            self.stock.add(compiled, self._builds)
            rows, columns = build.size
            name = f"{build.network} through {build.layers[-1]}"
            log.debug("%s at %d x %d is ready", name, columns, rows)

    def _refuses(self, network: str) -> bool:
        """Whether none of what is asked for can be built."""
        own = [build for build in self._builds if build.network == network]
        return bool(own) and all(build in self._refused for build in own)

    def _made(self, build: Build) -> Compiled:
        assert self._backend
        plan = self._plan(build)
        step = self._backend.compiled(plan)
        targets = {} if self._guide is None else _energies(step, plan, self._guide)
        return Compiled(build, plan.taps, step, weight(plan), targets)

    def _tell(self, failure: str) -> None:
        log.error("%s", failure)
        self.failures.append(failure)
        self.failed += 1


def _energies(step: Step, plan: Blueprint, picture: Array) -> dict[str, Array]:
    """The mean square of each channel of each tap, by layer."""
    silence = np.zeros(Layout(plan.taps).length, np.float32)
    placed = step.placed(np.ascontiguousarray(resized(picture, plan.size)))
    _, energies = step.gradient(placed, silence, (0, 0))
    return {tap.layer: each for tap, each in zip(plan.taps, energies, strict=True)}
