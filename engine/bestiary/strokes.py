"""Filled outlines, lines and dots, placed to a sixteenth of a pixel.

Points are (n, 2) in pixels: (0, 0) is the middle of the first one. An ink is a number, or one for
each channel of the picture.
"""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from engine.bestiary.pictures import SIDE
from engine.frame import Array


def fill(picture: Array, points: Array, ink: Any) -> None:
    cv2.fillPoly(picture, [_sixteenths(points)], _values(ink), shift=4)


def trace(picture: Array, points: Array, ink: Any, width: int) -> None:
    cv2.polylines(picture, [_sixteenths(points)], False, _values(ink), width, shift=4)


def dot(picture: Array, x: float, y: float, radius: float, ink: Any) -> None:
    middle = int(x * 16), int(y * 16)
    cv2.circle(picture, middle, max(8, round(radius * 16)), _values(ink), -1, shift=4)


def _sixteenths(points: Array) -> Array:
    return (points * 16).astype(np.int32)


def _values(ink: Any) -> Any:
    return ink.tolist() if isinstance(ink, np.ndarray) else ink


def pixels(points: Array, x: float = 0.0, y: float = 0.0) -> Array:
    """From coordinates -1..1 that are moved by (x, y)."""
    return np.asarray((points + np.array([x + 1, y + 1])) * (SIDE / 2))


def snapped(lines: Iterable[Any]) -> list[Array]:
    """Lines or outlines moved onto whole pixels, as cv2 draws many at a time."""
    if isinstance(lines, np.ndarray):
        return list(np.round(lines).astype(np.int32))
    return [np.round(line).astype(np.int32) for line in lines]


def facets(points: Array) -> list[Array]:
    """The outlines, in whole pixels, of those places that are nearer to one point than to any
    other (Voronoi)."""
    plane = cv2.Subdiv2D((-SIDE, -SIDE, 3 * SIDE, 3 * SIDE))
    inside = np.all((points > -0.9 * SIDE) & (points < 1.9 * SIDE), axis=1)
    plane.insert(points[inside].astype(np.float32).tolist())
    polygons, _ = plane.getVoronoiFacetList([])
    return snapped(polygons)
