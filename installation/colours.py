"""The colour knobs: one matrix on RGB, and gamma."""

import math

import cv2
import numpy as np

from engine.frame import Array
from installation.settings import Colour

LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709


def colour_matrix(colour: Colour) -> Array:
    """3x4, on (r, g, b, 1) 0..1: all but gamma."""
    matrix = colour.contrast * _chroma(colour.hue, colour.saturation)
    offset = 0.5 - 0.5 * colour.contrast + colour.brightness
    if colour.invert:
        matrix, offset = -matrix, 1 - offset
    return np.hstack((matrix, np.full((3, 1), offset)))


def _chroma(hue: float, saturation: float) -> Array:
    """Turns and scales the plane of Cb and Cr, so that luma stays."""
    r, _, b = LUMA
    blue = (np.array((0.0, 0.0, 1.0)) - LUMA) / (2 - 2 * b)
    red = (np.array((1.0, 0.0, 0.0)) - LUMA) / (2 - 2 * r)
    planes = np.array((LUMA, blue, red))
    c, s = math.cos(math.radians(hue)), math.sin(math.radians(hue))
    turn = np.eye(3)
    turn[1:, 1:] = saturation * np.array(((c, -s), (s, c)))
    matrix: Array = np.linalg.inv(planes) @ turn @ planes
    return matrix


def coloured(pixels: Array, colour: Colour) -> Array:
    if colour == Colour():
        return pixels
    shades = cv2.transform(pixels, colour_matrix(colour) * (1.0, 1.0, 1.0, 255.0))
    if colour.gamma == 1:
        return shades
    curve = 255 * np.linspace(0.0, 1.0, 256) ** (1 / colour.gamma)
    return cv2.LUT(shades, np.rint(curve).astype(np.uint8))
