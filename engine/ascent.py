"""The plan of a dreamed frame: what a step is given, at which sizes, how the dream is carried."""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.dream import OBJECTIVES, Dream, Strip, open_gains
from engine.frame import Array

GRAIN = 16  # pixels that sides are multiples of, so that a picture can be halved four times


@dataclass(frozen=True, slots=True)
class Knobs:
    """What one compiled step takes, as tensors. ``gains``, ``channels``, ``spreads``: (8,), one a
    strip. ``objective``: index in OBJECTIVES. ``step_size``: in image units, for a gradient of
    standard deviation 1. ``smoothing``: 0..1."""

    gains: Array
    channels: Array
    spreads: Array
    objective: Array
    step_size: Array
    smoothing: Array


def knobs(dream: Dream, strips: tuple[Strip, ...]) -> Knobs:
    """The gradient's length is taken out of every step, so the loudest strip's gain goes into the
    step size: a fader that opens slowly fades its layer in."""
    gains = np.array(open_gains(strips), np.float32)
    return Knobs(
        gains=gains,
        channels=np.array([strip.channel for strip in strips], np.int32),
        spreads=np.array([strip.spread for strip in strips], np.float32),
        objective=np.array(OBJECTIVES.index(dream.objective), np.int32),
        step_size=np.array(dream.step_size * np.abs(gains).max(), np.float32),
        smoothing=np.array(dream.smoothing, np.float32),
    )


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


def resized(picture: Array, size: tuple[int, int]) -> Array:
    """``picture``: (h, w, 3) float32. ``size``: (height, width)."""
    if picture.shape[:2] == size:
        return picture
    shrinks = size[0] < picture.shape[0]
    return cv2.resize(
        picture, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


def feedback(size: tuple[int, int], dream: Dream, seconds: float) -> Array:
    """The 2x3 affine from a pixel of this frame to the pixel of the last one it continues: what the
    zoom and the spin of the carried dream do in ``seconds``, round the middle."""
    height, width = size
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2), dream.spin * seconds, 2 ** (-dream.zoom * seconds)
    )
    return np.asarray(matrix)


def warped(carried: Array, matrix: Array, size: tuple[int, int]) -> Array:
    """``carried`` looked up at ``matrix`` (2x3, pixel of the result -> pixel of ``carried``)."""
    return cv2.warpAffine(
        carried,
        matrix,
        size[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )


def anchored(carried: Array, share: float) -> Array:
    """``carried`` less a share of what in it is broader than 16 pixels: patterns ride on the
    picture, its own light and colours stay."""
    height, width = carried.shape[:2]
    broad = resized(resized(carried, (height // GRAIN, width // GRAIN)), (height, width))
    return carried - np.float32(share) * broad
