"""How the dream is carried from frame to frame: what moves it, what of it stays."""

import cv2
import numpy as np

from engine.dream import Dream
from engine.frame import Array

STILL = np.eye(2, 3)
BROAD = 16  # pixels: what is broader is light and colour, what is finer is pattern


def resized(picture: Array, size: tuple[int, int]) -> Array:
    """``picture``: (h, w) or (h, w, channels). ``size``: (height, width)."""
    if picture.shape[:2] == size:
        return picture
    shrinks = size[0] < picture.shape[0]
    return cv2.resize(
        picture, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


def feedback(size: tuple[int, int], dream: Dream, seconds: float) -> Array:
    """The 2x3 affine from a pixel of this frame to the pixel of the last one it continues: what the
    zoom, the spin and the drift of the carried dream do in ``seconds``, round the middle."""
    height, width = size
    middle = ((width - 1) / 2, (height - 1) / 2)
    turned = cv2.getRotationMatrix2D(middle, dream.spin * seconds, 2 ** (-dream.zoom * seconds))
    drifted = np.eye(2, 3)
    drifted[:, 2] = -dream.shift_x * width * seconds, -dream.shift_y * height * seconds
    return after(np.asarray(turned), drifted)


def after(first: Array, second: Array) -> Array:
    """2x3: ``second``, then ``first``."""
    return np.asarray((np.vstack([first, [0, 0, 1]]) @ np.vstack([second, [0, 0, 1]]))[:2])


def warped(
    carried: Array, matrix: Array, size: tuple[int, int], flow: Array | None = None
) -> Array:
    """``carried`` looked up at ``matrix`` (2x3, pixel of the result -> pixel of ``carried``).
    ``flow``: (h, w, 2) float32, by how many pixels of the result each place has moved, first."""
    if flow is None:
        if carried.shape[:2] == size and np.allclose(matrix, STILL, atol=1e-4):
            return carried
        return cv2.warpAffine(
            carried,
            matrix,
            size[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
    x = flow[..., 0] + np.arange(size[1], dtype=np.float32)
    y = flow[..., 1] + np.arange(size[0], dtype=np.float32)[:, None]
    (a, b, c), (d, e, f) = matrix.astype(np.float32)
    return cv2.remap(
        carried, a * x + b * y + c, d * x + e * y + f, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT
    )


def anchored(carried: Array, share: float) -> Array:
    """``carried`` less a share of what in it is broader than 16 pixels: patterns ride on the
    picture, its own light and colours stay."""
    height, width = carried.shape[:2]
    broad = resized(resized(carried, (height // BROAD, width // BROAD)), (height, width))
    return carried - np.float32(share) * broad
