"""Pictures from files: one that stands still, or a folder of them that fade into each other."""

import logging
import struct
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.frame import Array

MOST = (1920, 1080)  # width, height: larger pictures are scaled down to fit inside
MOST_PIXELS = 64_000_000  # of a file; the header is asked before anything is decoded
SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
MOVING = frozenset({"GIF", "PNG"})  # may be animations; pages of a TIFF, twins in a JPEG are not

ALBUM = (1280, 720)  # width, height: what every picture of a folder fills
SHOWN = 8.0  # seconds from one picture to the next
FADE = 2.0  # seconds, the last ones of these

BROKEN = (  # what Pillow raises for a bad file, beside OSError
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,  # where warnings are errors
    EOFError,
    LookupError,
    SyntaxError,
    ValueError,
    struct.error,
)

log = logging.getLogger(__name__)


def is_picture(path: Path) -> bool:
    """Whether the file begins like a picture that stands still."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.format not in MOVING or not getattr(image, "is_animated", False)
    except UnidentifiedImageError:
        return False
    except BROKEN:
        return True


def picture(path: Path) -> Array:
    """(height, width, 3) uint8 RGB, upright, inside ``MOST``. Raises OSError."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_size(image)
            image.draft("RGB", MOST)  # a large JPEG is decoded small
            return fitted(np.asarray(_rgb(ImageOps.exif_transpose(image))))
    except (OSError, *BROKEN) as error:
        raise OSError(
            f"{path}: expected a whole picture of at most {MOST_PIXELS // 10**6} megapixels, "
            f"received {error}"
        ) from error


def fitted(pixels: Array) -> Array:
    """Scaled down to fit inside ``MOST``, or as it is."""
    height, width = pixels.shape[:2]
    size = fitting(width, height)
    if size == (width, height):
        return np.ascontiguousarray(pixels)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def fitting(width: int, height: int) -> tuple[int, int]:
    """The largest (width, height) of this shape inside ``MOST``, no larger than it is."""
    scale = min(1.0, MOST[0] / width, MOST[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def covering(pixels: Array, width: int, height: int) -> Array:
    """Scaled and cut to fill ``width`` x ``height`` without distortion."""
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    across, down = round(width / scale), round(height / scale)
    left, top = (pixels.shape[1] - across) // 2, (pixels.shape[0] - down) // 2
    middle = pixels[top : top + down, left : left + across]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(middle, (width, height), interpolation=way)


class Album:
    """The pictures of a folder, by name, each faded into the next. One that is broken is left out
    and logged once."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where there is no picture."""
        self._folder = folder
        self._paths = sorted(path for path in folder.iterdir() if _listed(path))
        self._place = -1
        self._turn = 0
        self._shown, self._coming = self._next(), self._next()

    def at(self, seconds: float) -> Array:
        """``seconds`` only grow. (height, width, 3) of ``ALBUM``."""
        turn, since = divmod(seconds, SHOWN)
        if turn > self._turn:  # decodes while nothing on the picture moves
            self._turn = int(turn)
            self._shown, self._coming = self._coming, self._next()
        x = max(0.0, 1.0 - (SHOWN - since) / FADE)
        weight = x * x * (3.0 - 2.0 * x)
        if weight == 0.0:
            return self._shown
        return cv2.addWeighted(self._shown, 1.0 - weight, self._coming, weight, 0.0)

    def _next(self) -> Array:
        while self._paths:
            self._place = (self._place + 1) % len(self._paths)
            try:
                return covering(picture(self._paths[self._place]), *ALBUM)
            except OSError as error:
                log.warning("left out: %s", error)
                del self._paths[self._place]
                self._place -= 1
        raise OSError(
            f"{self._folder}: expected a folder with pictures ({' '.join(sorted(SUFFIXES))}), "
            "received one without"
        )


def _listed(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"{image.width} x {image.height} pixels")


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # Pillow would clip at 255
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        shape = image.convert("RGBA")
        black = Image.new("RGBA", shape.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, shape).convert("RGB")
    return image.convert("RGB")
