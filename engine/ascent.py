"""What a step is given: the knobs of the gradient and of the climb, from the strips' faders."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.climb import Climb
from engine.dream import OBJECTIVES, Dream, Strip
from engine.frame import Array
from engine.gradient import Layout
from engine.runtime import Tap

GRAIN = 16  # pixels that sides are multiples of, so that a picture can be halved four times


def gradient_knobs(
    taps: Sequence[Tap],
    gains: Sequence[float],
    strips: Sequence[Strip],
    objective: str,
    targets: Mapping[str, Array],
) -> Array:
    """The vector that ``Layout(taps)`` describes. ``strips``: the strip of each tap; ``gains``: of
    each tap, its layer's loudness taken out. ``targets``: the energies of the guide's channels,
    (channels,) by layer; without them a guide is no objective, and "balanced" is raised."""
    layout = Layout(tuple(taps))
    vector = np.zeros(layout.length, np.float32)
    guided = objective != "guide" or all(tap.layer in targets for tap in taps)
    vector[OBJECTIVES.index(objective if guided else "balanced")] = 1.0
    for number, (tap, gain, strip) in enumerate(zip(taps, gains, strips, strict=True)):
        start, end = layout.weights(number), layout.targets(number)
        vector[layout.gain(number)] = gain
        vector[start:end] = window(strip.channel, strip.spread, tap.channels)
        vector[end : end + tap.channels] = targets.get(tap.layer, 1.0)
    return vector


def window(channel: int, spread: float, channels: int) -> Array:
    """(channels,) weights that sum to 1: all alike for channel 0, else a tent over the chosen
    channel and ``spread`` neighbours on each side, round the end."""
    if channel == 0:
        return np.full(channels, 1 / channels)
    away = np.abs(np.arange(channels) - (channel - 1) % channels)
    tent = np.maximum(1 - np.minimum(away, channels - away) / (1 + spread), 0)
    return np.asarray(tent / tent.sum())


def climb_knobs(dream: Dream, gains: Sequence[float]) -> Array:
    """The gradient's length is taken out of every step, so the loudest strip's gain goes into the
    step size: a fader that opens slowly fades its layer in."""
    loudest = max((abs(gain) for gain in gains), default=0.0)
    climb = Climb(
        dream.step_size * loudest, dream.smoothing, dream.levelling, dream.guard, dream.chroma
    )
    return climb.knobs()


def octave_sizes(size: tuple[int, int], dream: Dream, least: int) -> list[tuple[int, int]]:
    """(height, width) of each octave, the smallest first, the last one ``size``. Octaves smaller
    than the network can see are left out."""
    sizes = [size]
    for octave in range(1, dream.octaves):
        scaled = tuple(grained(side / dream.octave_scale**octave) for side in size)
        if min(scaled) < least:
            break
        if scaled != sizes[0]:
            sizes.insert(0, (scaled[0], scaled[1]))
    return sizes


def grained(side: float) -> int:
    return max(GRAIN, round(side / GRAIN) * GRAIN)
