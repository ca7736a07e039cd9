"""A step of ours, as the show takes it: from a picture to the next one."""

import time
from collections.abc import Sequence

import numpy as np

from engine.ascent import gradient_knobs
from engine.climb import Climb
from engine.dream import Dream, Strip
from engine.frame import Array
from engine.runtime import Blueprint, Tap
from engine.steps import Backend

JITTER = 8  # pixels


class LiveStep:
    """Call it for one step. ``compile_s``: what it took until the first was done."""

    def __init__(self, backend: Backend, blueprint: Blueprint) -> None:
        """Raises OSError where there is no memory for it."""
        self._chance = np.random.default_rng(0)
        self._picture = self._chance.random((*blueprint.size, 3), np.float32)
        self._knobs = raised(blueprint.taps)
        self._climb = Climb(step_size=0.02, smoothing=0.5, levelling=0.5).knobs()
        began = time.perf_counter()
        self._step = backend.compiled(blueprint)
        self()
        self.compile_s = time.perf_counter() - began

    def __call__(self) -> Array:
        rows, columns = self._chance.integers(-JITTER, JITTER, 2, endpoint=True).tolist()
        placed = self._step.placed(self._picture)
        gradient, _ = self._step.gradient(placed, self._knobs, (rows, columns))
        return self._step.taken(self._step.climbed(placed, gradient, self._climb))


def raised(taps: Sequence[Tap]) -> Array:
    """The knobs of a gradient to which every layer counts alike."""
    strips = (Strip(),) * len(taps)
    return gradient_knobs(taps, [1.0] * len(taps), strips, "balanced", {}, Dream().free)
