"""How strong the gradient of one layer alone is, so that equal gains are equal strengths."""

import numpy as np

from engine.ascent import gradient_knobs
from engine.dream import Dream, Strip
from engine.frame import Array
from engine.memory import resized
from engine.runtime import Blueprint, Step

MEASURED = ("balanced", "energy", "mean")  # objectives; a guide is as loud as the first
SILENT = 0.0  # of a layer that cannot be raised
LEAST = 1e-12  # what is fainter has no gradient


def loudness(step: Step, blueprint: Blueprint, tap: int, objective: str) -> float:
    """The root mean square of the gradient of one of the taps, on a picture of noise. SILENT where
    there is none, or one that is not finite."""
    taps = blueprint.taps
    gains = [float(other == tap) for other in range(len(taps))]
    knobs = gradient_knobs(taps, gains, (Strip(),) * len(taps), objective, {}, Dream().free)
    uphill, _ = step.gradient(step.placed(noise(blueprint.size)), knobs, (0, 0))
    length = float(np.sqrt(np.mean(np.square(step.taken(uphill), dtype=np.float64))))
    return length if np.isfinite(length) and length > LEAST else SILENT


def noise(size: tuple[int, int]) -> Array:
    """(rows, columns, 3) float32 0..1, as grainy as photographs are: one contrast at every
    scale."""
    random = np.random.default_rng(0)
    scales = [
        resized(random.uniform(-0.25, 0.25, (max(2, size[0] >> n), max(2, size[1] >> n), 3)), size)
        for n in range(7)
    ]
    return np.asarray(np.clip(0.5 + sum(scales), 0.0, 1.0), np.float32)
