"""One step up a gradient: from a picture and a gradient to the next picture, in float32 whatever
the network runs in."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.frame import Array
from engine.runtime import Pixels, Tensor

Knob = Callable[[int], Tensor]

LEVELS = 4  # of the pyramid: the gradient, and three times half of it
SHARES = (1.0, 0.7, 0.5)  # of the coarser levels at full smoothing; each doubles as it halves
STEP, LEVELLING, GUARD, BANDS = 0, 1, 2, 3  # where each knob stands
FINE = BANDS + LEVELS  # two matrices: of the colours that stay where they are, and of those that
BROAD = FINE + 9  # are spread
LENGTH = BROAD + 9
WASH = 3.0  # times: how much stronger colour gets as it spreads, to be seen as well as before
HEADROOM = 4.0  # the guard spares a colour that is nearer to black or white than a quarter
FAINT = 1e-6  # of the gradient's energy: a band fainter than this is not raised to the others
NOTHING = 1e-35

# How the colours of natural images vary together, square root of their covariance: figures from
# Lucid (lucid/optvis/param/color.py), Olah, Mordvintsev, Schubert, "Feature Visualization", 2017
NATURAL = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])


@dataclass(frozen=True, slots=True)
class Climb:
    """``step_size``: in image units, for a gradient of root mean square 1. ``smoothing``: 0..1, how
    much coarse forms count more than fine ones. ``levelling``: 0..1, how far the bands of the
    pyramid are brought to one strength. ``guard``: 0..1, how far colours near black and white are
    spared. ``chroma``: 0..1, how far the gradient's colours are let vary as nature's do. ``bleed``:
    0..1, how far its colours, but not its light and dark, are spread over eight pixels."""

    step_size: float
    smoothing: float = 0.0
    levelling: float = 0.0
    guard: float = 0.0
    chroma: float = 0.0
    bleed: float = 0.0

    def knobs(self) -> Array:
        """(LENGTH,) float32, as ``climbed`` takes them."""
        coarser = [self.smoothing * share * 2**n for n, share in enumerate(SHARES, 1)]
        bands = 1.0 + np.cumsum([0.0, *coarser])
        natural = (1 - self.chroma) * np.eye(3) + self.chroma * _natural()
        hues = natural @ (np.eye(3) - 1 / 3)  # what of a colour is not grey
        fine, broad = natural - self.bleed * hues, self.bleed * WASH * hues
        numbers = [self.step_size, self.levelling, self.guard, *bands]
        return np.array([*numbers, *fine.ravel(), *broad.ravel()], np.float32)


def _natural() -> Array:
    """A step in decorrelated colours, seen in ordinary ones; its trace is the identity's."""
    covariance = NATURAL @ NATURAL.T
    return np.asarray(covariance * 3 / np.trace(covariance))


def climbed(pixels: Pixels, picture: Tensor, gradient: Tensor, knobs: Tensor) -> Tensor:
    """``picture``: 0..1; ``gradient``: of any scale. One that is nothing moves nothing."""

    def knob(place: int) -> Tensor:
        return pixels.knob(knobs, place)

    levels = _levels(pixels, gradient)
    fine = pixels.recoloured(_banded(pixels, levels, knob), knobs, FINE)
    uphill = fine + _washed(pixels, levels, knobs)
    length = pixels.root(pixels.energy(uphill) + pixels.number(NOTHING))
    spared = pixels.crowded(picture, uphill, HEADROOM) * knob(GUARD)
    return pixels.bounded(picture + (uphill - uphill * spared) * (knob(STEP) / length))


def _levels(pixels: Pixels, gradient: Tensor) -> list[Tensor]:
    """Of a pyramid: each half as wide and high as the one before."""
    levels = [gradient]
    for _ in range(LEVELS - 1):
        levels.append(pixels.halved(levels[-1]))
    return levels


def _washed(pixels: Pixels, levels: list[Tensor], knobs: Tensor) -> Tensor:
    """The coarsest level's colours, spread over the finest: the eye sees light and dark sharply,
    but colour broadly."""
    wash = pixels.recoloured(levels[-1], knobs, BROAD)
    for level in reversed(levels[:-1]):
        wash = pixels.doubled(wash, level)
    return wash


def _banded(pixels: Pixels, levels: list[Tensor], knob: Knob) -> Tensor:
    """The Laplacian pyramid, its bands weighed: Burt and Adelson, "The Laplacian Pyramid as a
    Compact Image Code", 1983; for dreams first in Mordvintsev's notebook, github.com/google/
    deepdream. With bands b and levels l, the sum of k b is made from the coarsest on:

        total(n) = k(n) l(n) + doubled(total(n + 1) - k(n) l(n + 1))
    """
    weights = _weights(pixels, levels, knob)
    total = levels[-1] * weights[-1]
    for n in range(LEVELS - 2, -1, -1):
        coarse = pixels.doubled(total - levels[n + 1] * weights[n], levels[n])
        total = levels[n] * weights[n] + coarse
    return total


def _weights(pixels: Pixels, levels: list[Tensor], knob: Knob) -> list[Tensor]:
    """The energy of a band is what its level has more than the next coarser one."""
    energies = [pixels.energy(level) + pixels.number(NOTHING) for level in levels]
    weights = []
    for n, energy in enumerate(energies):
        share = (energy - energies[n + 1] if n + 1 < LEVELS else energy) / energies[0]
        evened = pixels.power(pixels.at_least(share, FAINT), knob(LEVELLING) * pixels.number(-0.5))
        weights.append(evened * knob(BANDS + n))
    return weights


class Arrays:
    """Pixels as numpy arrays, (rows, columns, 3) float32: faster on a CPU than as a graph."""

    def number(self, value: float) -> float:
        return value

    def knob(self, knobs: Array, place: int) -> float:
        return float(knobs[place])

    def recoloured(self, picture: Array, knobs: Array, place: int) -> Array:
        matrix = knobs[place : place + 9].reshape(3, 3)
        return picture if np.array_equal(matrix, np.eye(3)) else cv2.transform(picture, matrix.T)

    def halved(self, picture: Array) -> Array:
        rows, columns = picture.shape[:2]
        return cv2.resize(picture, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)

    def doubled(self, picture: Array, like: Array) -> Array:
        rows, columns = like.shape[:2]
        return cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_LINEAR)

    def energy(self, picture: Array) -> float:
        return float(cv2.norm(picture, cv2.NORM_L2SQR)) / picture.size

    def root(self, x: float) -> float:
        return float(x**0.5)

    def power(self, x: float, exponent: float) -> float:
        return float(x**exponent)

    def at_least(self, x: float, least: float) -> float:
        return max(x, least)

    def crowded(self, picture: Array, uphill: Array, headroom: float) -> Array:
        way = np.copysign(np.float32(headroom), uphill)  # seven times as fast as np.where
        way *= picture - np.float32(0.5)
        way += np.float32(1 - headroom / 2)
        return np.asarray(np.maximum(way, 0))

    def bounded(self, picture: Array) -> Array:
        return np.asarray(np.clip(picture, 0.0, 1.0, dtype=np.float32))


class ArrayStep:
    """What every step on a CPU has in common: pictures stay numpy arrays, they have nowhere to
    go."""

    _pixels = Arrays()

    def placed(self, picture: Array) -> Array:
        return picture

    def taken(self, picture: Array) -> Array:
        return picture

    def climbed(self, picture: Array, gradient: Array, knobs: Array) -> Array:
        return np.asarray(climbed(self._pixels, picture, gradient, knobs))
