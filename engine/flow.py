"""Where what is seen has moved to since the last frame, and whether it is still the same scene."""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.frame import Array
from engine.memory import STILL, resized, warped

WIDTH = 128  # pixels at which motion is looked for
LEAST = 48  # pixels of the shorter side: DIS needs some
CUT = 0.25  # likeness of the edges below which it is another scene
PATCH = 9  # small pixels: how much is compared to tell whether a place has moved or stands
FLAT = 1.5  # grey levels a pixel: fainter edges are noise, in which nothing is seen to move


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
        self._last_scale = np.eye(3)

    def moved(self, picture: Array, way: Array) -> Motion:
        """``picture``: (h, w, 3) float32 0..1. ``way``: the 2x3 affine from a pixel of this frame
        to the pixel of the last one that shows the same place of the source."""
        last, last_scale = self._last, self._last_scale
        grey, scale = self.seen(picture)
        if last is None:
            return NONE
        between = last_scale @ np.vstack([way, [0, 0, 1]]) @ np.linalg.inv(scale)
        stood = warped(last, between[:2], _size(grey))
        found = self._search.calc(grey, stood, np.zeros((*_size(grey), 2), np.float32))
        followed = warped(stood, STILL, _size(grey), found)
        edges = _edges(grey)
        if _alike(edges, _edges(followed)) < CUT:
            return Motion(cut=True)
        moves = _nearer(grey, followed, stood)
        if _energy(edges, edges) < FLAT**2 or not moves.any():
            return NONE
        found = np.where(moves[..., None], found, np.float32(0))
        return Motion(resized(found, _size(picture)) / np.diag(scale)[:2].astype(np.float32))

    def seen(self, picture: Array) -> tuple[Array, Array]:
        """Takes a picture in which nothing has moved. Returns it small and grey, and the 3x3 affine
        from its pixels to the small one's."""
        height, width = picture.shape[:2]
        share = min(1.0, max(WIDTH / width, LEAST / min(height, width)))
        small = resized(picture, (round(height * share), round(width * share)))
        grey = cv2.convertScaleAbs(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), alpha=255.0)
        self._last, self._last_scale = grey, _scale(_size(picture), _size(grey))
        return grey, self._last_scale


def _size(picture: Array) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]


def _scale(size: tuple[int, int], small: tuple[int, int]) -> Array:
    """3x3, between the middles of pixels."""
    y, x = small[0] / size[0], small[1] / size[1]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _nearer(grey: Array, followed: Array, stood: Array) -> Array:
    """(h, w): whether it is more like the one than the other. Noise looks like motion; to follow it
    blurs the dream within a second."""
    errors = [cv2.blur(cv2.absdiff(grey, each), (PATCH, PATCH)) for each in (followed, stood)]
    return np.asarray(errors[0] < errors[1])


def _edges(grey: Array) -> Array:
    """(2, h, w) float32 grey levels a pixel, to the right and down."""
    ways = ((1, 0), (0, 1))
    return np.stack([cv2.Sobel(grey, cv2.CV_32F, *way, ksize=5, scale=1 / 128) for way in ways])


def _alike(one: Array, other: Array) -> float:
    """The correlation of their edges. Brightness is no part of it: a flash is the same scene, and
    two scenes are often both light above and dark below."""
    noise = FLAT**2
    both = (_energy(one, one) + noise) * (_energy(other, other) + noise)
    return float((_energy(one, other) + noise) / both**0.5)


def _energy(one: Array, other: Array) -> float:
    return 2 * float(np.vdot(one, other)) / one.size
