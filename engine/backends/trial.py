"""How right and how fast a backend is on this machine."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.ascent import gradient_knobs
from engine.dream import Strip
from engine.frame import Array
from engine.loading import blueprint, loaded
from engine.networks import NETWORKS
from engine.runtime import Step
from engine.steps import FALLBACK, Backend

FAITHFUL = {"float32": 0.999, "bfloat16": 0.75}  # least cosine to the reference
SIZE = (144, 256)
LARGE = (512, 512)  # a GPU given less is measured at starting, not at work
FIRST_ROUNDS, ROUNDS = 3, 15

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """``cosine``: of its gradient to the reference. ``ms``: of one gradient of the embedded
    network, on as many cores as the show uses, for each 256 x 144 pixels."""

    backend: str
    precision: str
    cosine: float
    ms: float

    @property
    def faithful(self) -> bool:
        return self.cosine >= FAITHFUL[self.precision]


def trial_of(kept: Any) -> Trial:
    """From JSON. Raises ValueError for what is none."""
    match kept:
        case {
            "backend": str(backend),
            "precision": str(precision),
            "cosine": float(cosine),
            "ms": float(ms),
        } if precision in FAITHFUL:
            return Trial(backend, precision, cosine, ms)
    raise ValueError(f"expected a trial, received {kept!r}")


def trials(makers: Iterable[Callable[[], Backend]]) -> Iterator[Trial]:
    """A first trial of each as soon as it is there, since the next may take the process down. Then
    all again in turns, so that what else the machine does slows them alike; these are to be kept.
    One that fails is left out."""
    ready = []
    for maker in makers:
        try:
            candidate = _candidate(maker())
            (first,) = _in_turns([candidate], FIRST_ROUNDS)
        except Exception as error:  # a library on its first day here may raise anything
            log.error("%s: %s", type(error).__name__, str(error).partition("\n")[0])
            continue
        ready.append(candidate)
        yield first
    yield from _in_turns(ready, ROUNDS)


@dataclass(frozen=True, slots=True)
class _Candidate:
    backend: Backend
    cosine: float
    step: Step
    picture: Array
    knobs: Array

    def seconds(self) -> float:
        began = time.perf_counter()
        placed = self.step.placed(self.picture)
        self.step.taken(self.step.gradient(placed, self.knobs, (3, 5))[0])
        return time.perf_counter() - began

    def trial(self, seconds: Array) -> Trial:
        share = SIZE[0] * SIZE[1] / (self.picture.shape[0] * self.picture.shape[1])
        ms = 1000 * share * float(np.median(seconds))
        return Trial(self.backend.name, self.backend.precision, self.cosine, round(ms, 3))


def _candidate(backend: Backend) -> _Candidate:
    picture, expected = reference()
    small = _gradient_of(backend, picture)
    cosine = float(np.sum(small * expected) / np.linalg.norm(small) / np.linalg.norm(expected))
    size = LARGE if _accelerated(backend) else SIZE
    step, knobs = _step(backend, size)
    return _Candidate(backend, round(cosine, 4), step, np.resize(picture, (*size, 3)), knobs)


def _in_turns(candidates: Sequence[_Candidate], rounds: int) -> list[Trial]:
    times = np.array([[each.seconds() for each in candidates] for _ in range(rounds)])
    return [each.trial(times[:, place]) for place, each in enumerate(candidates)]


def _accelerated(backend: Any) -> bool:
    """PyTorch has a device, TensorFlow a list of GPUs, OpenVINO neither."""
    return getattr(backend, "device", "cpu") != "cpu" or bool(
        getattr(backend, "accelerators", tuple)()
    )


def _gradient_of(backend: Backend, picture: Array) -> Array:
    step, knobs = _step(backend, (picture.shape[0], picture.shape[1]))
    uphill, _ = step.gradient(step.placed(picture), knobs, (0, 0))
    return np.asarray(step.taken(uphill), np.float64)


def _step(backend: Backend, size: tuple[int, int]) -> tuple[Step, Array]:
    """Of the embedded network, all its stops but the heads raised alike."""
    stops = tuple(stop for stop in NETWORKS[FALLBACK].stops if stop not in ("fine", "coarse"))
    plan = blueprint(FALLBACK, loaded(FALLBACK, None), stops, size)
    gains = [1.0] * len(stops)
    knobs = gradient_knobs(plan.taps, gains, (Strip(),) * len(stops), "balanced", {}, 0.0)
    return backend.compiled(plan), knobs


def reference() -> tuple[Array, Array]:
    """A picture (48, 64, 3) float32 0..1, and the gradient that TensorFlow's GradientTape finds."""
    with np.load(Path(__file__).with_name("reference.npz"), allow_pickle=False) as kept:
        return kept["picture"].astype(np.float32), kept["gradient"].astype(np.float64)
