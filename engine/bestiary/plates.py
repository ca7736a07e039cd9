"""Plates: what is drawn once and then stamped at many places, sizes and turns."""

import math

import cv2
import numpy as np

from engine.bestiary.contrast import Ink, Tone
from engine.bestiary.drawing import Hand, Stamp
from engine.bestiary.geometry import TURN, norm
from engine.bestiary.pictures import SIDE, Colour, flat
from engine.bestiary.strokes import dot, fill, trace
from engine.frame import Array

SHEET = 96  # pixels along a side of a small plate
MARGIN = 1.12  # a figure fills -1..1 of a small plate, which covers -MARGIN..MARGIN


def coordinates(side: int = SHEET, reach: float = MARGIN) -> tuple[Array, Array]:
    """u and v of a plate of ``side`` pixels, which covers -reach..reach."""
    along = ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32) * np.float32(reach)
    u, v = np.meshgrid(along, along)
    return u, v


def on_sheet(points: Array) -> Array:
    """Pixels of a small plate, from coordinates -1..1."""
    return np.asarray((points / MARGIN + 1) * (SHEET / 2))


def blank(colour: Colour) -> tuple[Array, Array]:
    """A small plate: a picture of one colour, and a mask of nothing."""
    mask = np.zeros((SHEET, SHEET), np.float32)
    return flat(colour, mask), mask


def copies(plate: Array, reach: float = MARGIN, levels: int = 3) -> Stamp:
    """A stamp of ``plate`` (h, w, 4: colour and mask), which covers -reach..reach. A
    small copy is made from one of ``levels`` plates, each half as large as the one before."""
    sizes: list[Array] = [np.asarray(plate, np.float32)]
    for _ in range(levels - 1):
        half = len(sizes[-1]) // 2
        sizes.append(cv2.resize(sizes[-1], (half, half), interpolation=cv2.INTER_AREA))

    def stamp(u: Array, v: Array) -> tuple[Array, Array]:
        step = float(norm(u[0, 1] - u[0, 0], u[1, 0] - u[0, 0])) * len(plate) / (2 * reach)
        halvings = int(max(0.0, math.log2(max(step, 1e-6) / 0.75)))
        size = sizes[min(levels - 1, halvings)]
        scale, middle = np.float32(len(size) / 2 / reach), np.float32(len(size) / 2 - 0.5)
        copied = cv2.remap(size, u * scale + middle, v * scale + middle, cv2.INTER_LINEAR)
        return copied[..., :3], copied[..., 3]

    return stamp


class Plate:
    """A picture (SIDE, SIDE, 3, or 4: colour and mask) on which points are complex numbers x + iy,
    -1..1: to turn them is to multiply them."""

    def __init__(self, picture: Array) -> None:
        self.picture = picture

    @classmethod
    def blank(cls) -> "Plate":
        return cls(np.zeros((SIDE, SIDE, 4), np.float32))

    def fill(self, outline: Array, ink: Ink) -> None:
        fill(self.picture, _pixels(outline), ink)

    def line(self, points: Array, ink: Ink, width: float) -> None:
        trace(self.picture, _pixels(points), ink, max(1, round(width * SIDE / 2)))

    def dot(self, place: complex, radius: float, ink: Ink) -> None:
        x, y = (place.real + 1) * SIDE / 2 - 0.5, (place.imag + 1) * SIDE / 2 - 0.5
        dot(self.picture, x, y, radius * SIDE / 2, ink)

    def graded(
        self, outline: Array, tone: Tone, rim: float, core: float, middle: complex, steps: int = 4
    ) -> None:
        """An area that changes from its ``rim`` towards its ``middle`` (places on ``tone``)."""
        for k in range(steps):
            t = k / steps
            self.fill(middle + (outline - middle) * (1 - 0.9 * t), tone(rim + (core - rim) * t))

    def stamp(self, hand: Hand, squeeze: float = 1.0) -> Stamp:
        """A stamp of what is drawn, sometimes moulded, sometimes with an outline; ``squeeze``: its
        height."""
        plate = self.picture.copy()
        mask = plate[..., 3].copy()
        if hand.chance(0.4):
            height = cv2.blur(mask, (13, 13)) + plate[..., 1] * 0.3
            moulded = hand.lit(plate[..., :3], height, hand.between(3, 8), 1)
            plate[..., :3] = moulded * mask[..., None]
        if hand.chance(0.5):
            rim = (cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0) & (mask == 0)
            plate[rim] = (*hand.contrasting()[0].tolist(), 1.0)
        # Its colours reach past its mask, or its edges would darken when it is stamped turned.
        wide = cv2.dilate(plate, np.ones((3, 3), np.uint8))
        wide[..., 3] = plate[..., 3]
        stamp = copies(cv2.copyTo(plate, (plate[..., 3] > 0).astype(np.uint8), wide), 1.0, levels=2)
        return lambda u, v: stamp(u, v / np.float32(squeeze))


def _pixels(points: Array) -> Array:
    places = np.ascontiguousarray(points, np.complex128).view(np.float64).reshape(-1, 2)
    placed = (places + 1) * (SIDE / 2)
    placed -= 0.5
    return placed


def direction(angle: float) -> complex:
    return complex(math.cos(angle), math.sin(angle))


def oval(width: float, height: float) -> Array:
    around = np.linspace(0, TURN, 24)
    return np.cos(around) * width + 1j * np.sin(around) * height


def petal_shape(width: float, lean: float, point: float) -> Array:
    """From 0 to 1 along x, ``width`` its half width; the larger ``lean``, the nearer to its end
    it is widest; ``point``: 0 round to 1 pointed."""
    around = np.linspace(0, np.pi, 14)
    t = (1 - np.cos(around)) / 2
    half = np.sin(around) * (t + 0.08) ** lean * (1.03 - t) ** point
    half = half * (width / half.max())
    return np.concatenate([t + 1j * half, (t - 1j * half)[::-1]])


def bent_stem(bend: float, curled: float) -> Array:
    """60 points from below upwards, bent evenly, and if ``curled`` (radians) rolled up at last."""
    t = np.linspace(0, 1, 60)
    steps = np.exp(1j * (-np.pi / 2 + bend * (t - 0.4) + curled * np.clip(t - 0.35, 0, 1) ** 1.6))
    steps = steps * (1 - 0.75 * t if curled else np.ones(60))
    path = np.cumsum(steps)
    low, high = path.imag.min(), path.imag.max()
    middle = (path.real.min() + path.real.max()) / 2
    return np.asarray((path - middle - 0.5j * (low + high)) * (1.8 / (high - low)))
