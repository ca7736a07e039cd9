"""Places, distances and angles, grids, and curves through points (n, 2)."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.frame import Array

TURN = 2 * np.pi


def polar(u: Array, v: Array) -> tuple[Array, Array]:
    """Distance from 0, and angle from the u axis (-pi..pi)."""
    return norm(u, v), np.arctan2(v, u)


def norm(u: Any, v: Any) -> Array:
    """Nine times as fast as np.hypot, which guards against numbers that no picture has."""
    return np.asarray(np.sqrt(u * u + v * v))


def sector(angle: Array, count: float) -> Array:
    """The angle from the middle of its sector, of ``count`` to a turn: -pi/count..pi/count."""
    width = TURN / count
    return remainder(angle + width / 2, width) - width / 2


def ellipse(
    u: Array, v: Array, x: float, y: float, width: float, height: float, turn: float = 0.0
) -> Array:
    """0 in its middle (x, y), 1 on its edge; ``width`` and ``height`` are half axes."""
    cosine, sine = math.cos(turn), math.sin(turn)
    across, down = u - x, v - y
    along, beside = across * cosine + down * sine, down * cosine - across * sine
    return np.asarray(norm(along / width, beside / height))


def segment(u: Array, v: Array, start: tuple[float, float], end: tuple[float, float]) -> Array:
    """Distance from the straight line between two points."""
    (x, y), (across, down) = start, (end[0] - start[0], end[1] - start[1])
    squared = max(across * across + down * down, 1e-9)
    along = np.clip(((u - x) * across + (v - y) * down) / squared, 0, 1)
    return norm(u - x - along * across, v - y - along * down)


def remainder(value: Array, period: Any) -> Array:
    """What of ``value`` is left over whole periods; ten times as fast as np.mod."""
    return np.asarray(value - period * np.floor(value / period))


def fraction(value: Array) -> Array:
    return value - np.floor(value)


def hashed(i: Array, j: Array | float = 0.0, kind: float = 0.0) -> Array:
    """A number 0..1 for each whole (i, j), the same each time, another for another ``kind``."""
    value = np.sin(i * 127.1 + j * 311.7 + kind * 74.7) * 43758.5453
    return fraction(value).astype(np.float32)


def hexagons(u: Array, v: Array) -> tuple[Array, Array, Array, Array]:
    """(x, y) from the middle of the nearest cell of a hexagonal grid of pitch 1, and its (i, j)."""
    row_height = np.float32(0.75**0.5)
    first = np.floor(v / row_height)
    x, y, i = _offset(u, v, first, row_height)
    x_next, y_next, i_next = _offset(u, v, first + 1, row_height)
    near = x * x + y * y <= x_next * x_next + y_next * y_next
    row = np.where(near, first, first + 1)
    return np.where(near, x, x_next), np.where(near, y, y_next), np.where(near, i, i_next), row


def _offset(u: Array, v: Array, row: Array, row_height: Any) -> tuple[Array, Array, Array]:
    shift = 0.5 * remainder(row, 2)
    column = np.floor(u - shift + 0.5)
    return u - shift - column, v - row * row_height, column


def hexagonal(x: Array, y: Array) -> Array:
    """Distance from the middle as a hexagon measures it: 0.5 on the edge of a cell of pitch 1."""
    x, y = np.abs(x), np.abs(y)
    return np.asarray(np.maximum(x, x * 0.5 + y * 0.75**0.5))


def cells(u: Array, v: Array, kind: float, disorder: float = 0.9) -> tuple[Array, Array, Array]:
    """Distance to the nearest and the second nearest of points strewn one to a unit square, in
    another way for another ``kind``, and a number 0..1 for each cell (Worley, A cellular texture
    basis function, 1996)."""
    i, j = np.floor(u), np.floor(v)
    nearest = np.full(u.shape, 9, np.float32)
    second, number = nearest.copy(), np.zeros(u.shape, np.float32)
    for across in (-1, 0, 1):
        for down in (-1, 0, 1):
            name = hashed(i + across, j + down, kind)
            x = i + across + 0.5 + (name - 0.5) * disorder
            y = j + down + 0.5 + (fraction(name * 517.3) - 0.5) * disorder
            distance = norm(u - x, v - y)
            closer = distance < nearest
            second = np.where(closer, nearest, np.minimum(second, distance))
            number = np.where(closer, name, number)
            nearest = np.minimum(nearest, distance)
    return nearest, second, fraction(number * 91.7)


def turning(angle: float) -> Array:
    """What turns points (n, 2) when they are multiplied by it."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])


def rounded(corners: Sequence[tuple[float, float]] | Array, rounds: int = 3) -> Array:
    """A closed outline with its corners cut ``rounds`` times (Chaikin, 1974)."""
    points = np.asarray(corners, float)
    for _ in range(rounds):
        points = _cut(points, np.roll(points, -1, 0))
    return points


def flowing(corners: Sequence[tuple[float, float]] | Array, rounds: int = 3) -> Array:
    """An open line through its two ends, its corners cut ``rounds`` times."""
    points = np.asarray(corners, float)
    for _ in range(rounds):
        cut = _cut(points[:-1], points[1:])
        points = np.concatenate([points[:1], cut[1:-1], points[-1:]])
    return points


def _cut(points: Array, following: Array) -> Array:
    first, second = points * 0.75 + following * 0.25, points * 0.25 + following * 0.75
    return np.stack([first, second], 1).reshape(-1, 2)
