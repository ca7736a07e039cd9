"""What a step is given: the knobs of the gradient and of the climb, from the strips' faders."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.climb import Climb
from engine.dream import OBJECTIVES, Dream, Strip
from engine.frame import Array
from engine.gradient import FREE, WAVES, Layout, waves
from engine.runtime import Tap

TURN = 2 * np.pi
OPEN = 20.0  # the height of a mask that lets all through
STEEPNESS = 24.0  # of its edge
SPOT = 0.15  # how high its middle lies when it is closed: a spot is left on the coarsest map
CELLS = 16  # places, across and down, at which is looked how much masks let through
GRAIN = 16  # pixels that sides are multiples of, so that a picture can be halved four times


def gradient_knobs(
    taps: Sequence[Tap],
    gains: Sequence[float],
    strips: Sequence[Strip],
    objective: str,
    targets: Mapping[str, Array],
    free: float,
) -> Array:
    """The vector that ``Layout(taps)`` describes. ``strips``: the strip of each tap; ``gains``: of
    each tap, its layer's loudness taken out. ``targets``: the energies of the guide's channels,
    (channels,) by layer; without them a guide is no objective, and "balanced" is raised."""
    layout = Layout(tuple(taps))
    vector = np.zeros(layout.length, np.float32)
    vector[FREE] = free
    guided = objective != "guide" or all(tap.layer in targets for tap in taps)
    vector[OBJECTIVES.index(objective if guided else "balanced")] = 1.0
    for number, (tap, gain, strip) in enumerate(zip(taps, gains, strips, strict=True)):
        start, end = layout.weights(number), layout.targets(number)
        vector[layout.gain(number)] = gain
        vector[layout.mask(number) :][:WAVES] = mask(strip)
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


def mask(strip: Strip) -> Array:
    """(WAVES,) of a landscape that lets through where it is above 0: a hill at the strip's place,
    the wider the more the mask is open, and high everywhere where it is wholly open."""
    if not strip.mask:
        return np.array([OPEN, 0, 0, 0, 0], np.float32)
    across, down = TURN * strip.mask_x, TURN * strip.mask_y
    height = SPOT + (1.3 - SPOT) * (1 - strip.mask) ** 2 - 0.5
    hill = [4 * height, np.cos(across), np.sin(across), np.cos(down), np.sin(down)]
    return np.array(hill, np.float32) * (STEEPNESS / 4)


def let_through(strips: Sequence[Strip]) -> float:
    """What ``strips`` let through together, 0..1: a root mean square over the picture. (A step is
    always of one length; less room is not to make what is left of it stronger.)"""
    if not all(strip.mask for strip in strips):
        return 1.0
    landscape = waves(CELLS, CELLS)
    heights = [
        sum((wave * share for wave, share in zip(landscape, hill[1:], strict=True)), hill[0])
        for hill in map(mask, strips)
    ]
    shares = 1 / (1 + np.exp(-np.max(heights, axis=0)))
    return float(np.sqrt((shares**2).mean()))


def rolled(
    knobs: Array, taps: Sequence[Tap], shift: tuple[int, int], size: tuple[int, int]
) -> Array:
    """``knobs`` for a picture of ``size`` that is seen rolled by ``shift``: masks roll along."""
    layout, turned = Layout(tuple(taps)), knobs.copy()
    masks = turned[layout.mask(0) : layout.weights(0)].reshape(len(taps), WAVES)
    for wave, by, side in ((1, shift[1], size[1]), (3, shift[0], size[0])):
        cosine, sine = np.cos(TURN * by / side), np.sin(TURN * by / side)
        masks[:, wave : wave + 2] @= np.array([[cosine, sine], [-sine, cosine]], np.float32)
    return turned


def climb_knobs(dream: Dream, gains: Sequence[float], strips: Sequence[Strip] = ()) -> Array:
    """The gradient's length is taken out of every step, so the loudest strip's gain goes into the
    step size: a fader that opens slowly fades its layer in. ``strips``: those that are open."""
    loudest = max((abs(gain) for gain in gains), default=0.0)
    climb = Climb(
        dream.step_size * loudest * (let_through(strips) if strips else 1.0),
        dream.smoothing,
        dream.levelling,
        dream.guard,
        dream.chroma,
        dream.bleed,
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
