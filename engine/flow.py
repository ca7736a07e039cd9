"""Where what is seen has moved to since the last frame, and whether it is still the same scene."""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.frame import Array
from engine.memory import STILL, resized, warped

WIDTH = 128  # pixels at which motion is looked for
LEAST = 48  # pixels of the shorter side: DIS needs some
CUT = 0.35  # correlation with the last frame, moved along, below which it is another scene
FLAT = 2.0  # grey levels of deviation: a picture without any is like any other


@dataclass(frozen=True, slots=True)
class Motion:
    """``flow``: (h, w, 2) float32 pixels of the frame, from each place of this frame to where it
    was in the last one; None where nothing moved. ``cut``: whether another scene has begun."""

    flow: Array | None = None
    cut: bool = False


NONE = Motion()


class Follower:
    """Looks at one frame after the other. Dense inverse search (Kroeger et al., "Fast Optical Flow
    using Dense Inverse Search", 2016) as OpenCV has it, on small grey pictures."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._last: Array | None = None
        self._last_scale = 1.0

    def moved(self, picture: Array, way: Array) -> Motion:
        """``picture``: (h, w, 3) float32 0..1. ``way``: the 2x3 affine from a pixel of this frame
        to the pixel of the last one that shows the same place of the source."""
        last, last_scale = self._last, self._last_scale
        grey, scale = self.seen(picture)
        if last is None:
            return NONE
        aligned = warped(last, _between(way, scale, last_scale), _size(grey))
        found = self._search.calc(grey, aligned, None)
        followed = warped(aligned, STILL, _size(grey), found)
        if _alike(grey, followed) < CUT:
            return Motion(cut=True)
        return Motion(resized(found, _size(picture)) * np.float32(1 / scale))

    def seen(self, picture: Array) -> tuple[Array, float]:
        """Takes a picture in which nothing has moved. Returns it small and grey, and its scale."""
        height, width = picture.shape[:2]
        scale = min(1.0, max(WIDTH / width, LEAST / min(height, width)))
        small = resized(picture, (round(height * scale), round(width * scale)))
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        self._last, self._last_scale = cv2.convertScaleAbs(grey, alpha=255.0), scale
        return self._last, scale


def _size(picture: Array) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]


def _between(way: Array, scale: float, last_scale: float) -> Array:
    """``way`` between pictures that are smaller by these factors; pixels are named by their
    middles."""
    inner, outer = np.eye(3), np.eye(3)
    inner[[0, 1], [0, 1]], inner[:2, 2] = 1 / scale, (1 / scale - 1) / 2
    outer[[0, 1], [0, 1]], outer[:2, 2] = last_scale, (last_scale - 1) / 2
    return np.asarray((outer @ np.vstack([way, [0, 0, 1]]) @ inner)[:2])


def _alike(one: Array, other: Array) -> float:
    """Their correlation; 1 where one of them is flat and they are of one brightness."""
    (first, deviation), (second, others) = cv2.meanStdDev(one), cv2.meanStdDev(other)
    if min(deviation[0, 0], others[0, 0]) < FLAT:
        return float(abs(first[0, 0] - second[0, 0]) < 10 * FLAT)
    product = np.mean((one - first[0, 0]) * (other - second[0, 0]))
    return float(product / (deviation[0, 0] * others[0, 0]))
