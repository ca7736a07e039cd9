"""What is done to pictures and colours.

A picture is an array (SIDE, SIDE, 3) float32 in 0..1; a mask (SIDE, SIDE) float32 in 0..1; a colour
(3,) float32.
"""

from typing import Any

import cv2
import numpy as np

from engine.frame import Array

SIDE = 128  # drawn twice as large as it is seen: what is drawn needs no antialiasing of its own

Colour = Array


def mixed(under: Array, over: Array, mask: Array) -> Array:
    """``under`` where ``mask`` (h, w) is 0, ``over`` where it is 1. Either may be a colour (3,)."""
    mask = np.asarray(mask, np.float32)
    return cv2.blendLinear(_spread(under, mask), _spread(over, mask), 1 - mask, mask)


def painted(picture: Array, where: Array, colour: Any) -> Array:
    """``picture`` with ``colour`` (a number, (3,), or a picture) where ``where`` (h, w) is true."""
    result = np.array(_spread(picture, where))
    cv2.copyTo(_spread(colour, where), np.asarray(where, np.uint8), result)
    return result


def _spread(colour: Any, like: Array) -> Array:
    """A picture as it is; a colour or a number, all over the extent of ``like`` (h, w)."""
    shape = (*like.shape, 3)
    return np.ascontiguousarray(np.broadcast_to(np.asarray(colour, np.float32), shape))


def flat(colour: Colour, like: Array) -> Array:
    """One colour over the extent of ``like`` (h, w)."""
    return np.tile(np.asarray(colour, np.float32), (*like.shape, 1))


def rising(value: Array, width: float) -> Array:
    """0 to 1 where ``value`` crosses 0, over ``width``: a soft edge."""
    return np.clip(value / width + 0.5, 0, 1)


def shaded(picture: Array, light: Array) -> Array:
    """``picture`` brighter or darker by ``light`` (h, w)."""
    return np.asarray(picture * cv2.merge([np.asarray(light, np.float32)] * 3), np.float32)


def blend(first: Array, second: Array, share: float) -> Array:
    """Colours or pictures: ``first`` with a ``share`` of 0, ``second`` with 1."""
    return np.asarray(first + (second - first) * np.float32(share), np.float32)


def moved(picture: Array, places: Array) -> Array:
    """``picture`` seen at ``places`` (h, w, 2; x and y in pixels), mirrored beyond its edges."""
    column, row = np.asarray(places[..., 0], np.float32), np.asarray(places[..., 1], np.float32)
    seen = cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, np.float32)
