"""Figures of a few flat colours, drawn once and then stamped often."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from engine.bestiary.contrast import set_off
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import rounded
from engine.bestiary.pictures import SIDE, Colour
from engine.bestiary.plates import coordinates, copies
from engine.bestiary.strokes import dot, fill, trace
from engine.frame import Array

REACH = 1.15  # how far the plate of a figure goes to each side, in figures' coordinates
PIXELS = SIDE / (2 * REACH)  # of the plate, to 1


class Figure:
    """One figure in numbered inks over one another. Each is about -1..1 wide and high. Ink 0 is
    nothing; ``light`` brightens and darkens the inks."""

    def __init__(self) -> None:
        self.u, self.v = coordinates(SIDE, REACH)
        self.aside = np.abs(self.u)
        self.ink = np.zeros((SIDE, SIDE), np.uint8)
        self.light = np.ones((SIDE, SIDE), np.float32)

    def fill(self, where: Array, ink: int) -> None:
        self.ink[where] = ink

    def mark(self, where: Array, ink: int) -> None:
        """Fill ``where``, but only on what is drawn already."""
        self.ink[where & (self.ink > 0)] = ink

    def polygon(self, points: Array, ink: int) -> None:
        fill(self.ink, _pixels(points), ink)

    def line(self, points: Array, width: float, ink: int) -> None:
        trace(self.ink, _pixels(points), ink, max(2, round(width * PIXELS)))

    def dot(self, x: float, y: float, radius: float, ink: int) -> None:
        dot(self.ink, (x + REACH) * PIXELS, (y + REACH) * PIXELS, max(1, radius * PIXELS), ink)

    def shadow(self, where: Array, strength: float) -> None:
        """Darken by ``strength`` where ``where`` is 1."""
        self.light *= 1 - np.float32(strength) * where

    def scattered(
        self,
        hand: Hand,
        colours: Sequence[Colour],
        most: int = 4,
        smallest: float = 0.7,
        largest: float = 1.05,
        tilt: float = 0.6,
        tiled: float = 0.08,
    ) -> Array:
        """``colours``: of ink 1, of ink 2, and so on."""
        plate, lightness = self._finished(hand, np.array(colours, np.float32))
        ground, copy = set_off(hand, hand.background(), lightness), copies(plate, REACH, levels=1)

        def stamp(u: Array, v: Array) -> tuple[Array, Array]:
            return copy(u * hand.sign(), v)

        return hand.scattered(stamp, most, smallest, largest, tilt, tiled, ground)

    def _finished(self, hand: Hand, colours: Array) -> tuple[Array, float]:
        """The picture with its mask as a fourth channel, and how light it is: flat or in relief,
        outlined, or each part outlined, or with a halo that keeps it apart from its like."""
        areas = np.bincount(self.ink[::2, ::2].ravel(), minlength=len(colours) + 1)[1:]
        lightness = float(areas @ colours.mean(1) / max(areas.sum(), 1))
        line = hand.colour(0, 0.2) if lightness > 0.4 else hand.colour(0.85, 1)
        drawn = np.take(np.concatenate([line[None], colours]), self.ink, 0)
        drawn *= self.light[..., None]
        mask: Array = (self.ink > 0).astype(np.uint8)
        if hand.chance(0.55):
            inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
            height = cv2.blur(np.sqrt(np.minimum(inside, 20)), (5, 5)) + self.light * 0.6
            drawn = hand.lit(drawn, height, hand.between(1.0, 2.5), 1)
        square, style = np.ones((3, 3), np.uint8), hand.whole(0, 5)
        if style == 0:
            drawn[cv2.morphologyEx(self.ink, cv2.MORPH_GRADIENT, square) > 0] = line
        if style < 2:
            mask = cv2.dilate(mask, square, iterations=hand.whole(1, 2))
        solid = mask.astype(np.float32)
        if style in (2, 3, 4):
            around = cv2.blur(cv2.dilate(solid, square, iterations=2), (7, 7))
            solid = np.maximum(solid, around * np.float32(hand.between(0.4, 0.9)))
        return cv2.merge([np.asarray(drawn, np.float32), solid]), lightness


def both(points: Array) -> Iterator[Array]:
    """The points, and their mirror image on the left."""
    yield points
    yield points * (-1, 1)


def symmetric(right: Sequence[tuple[float, float]], rounds: int = 3) -> Array:
    """An outline from the corners of its right half, top to bottom."""
    return rounded([*right, *((-x, y) for x, y in reversed(right))], rounds)


def _pixels(points: Array) -> Array:
    return (np.asarray(points) + REACH) * PIXELS
