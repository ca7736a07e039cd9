"""Where every pixel of the display looks, and the fold on the CPU.

    window --figure--> figure --mirrors--> wedge --source_transform--> source --view--> frame
    pixels             half diagonal = 1             height = 2                         u, v 0..1

Matrices are 3x3, take (x, y, 1), and y is down everywhere. Window coordinates are continuous: the
centre of the pixel at the top left is 0.5, 0.5.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from engine.ascent import GRAIN
from engine.frame import Array, Frame, View, whole_view
from installation.colours import coloured
from installation.settings import Colour, Scope

SAMPLES = ((0.125, 0.375), (-0.375, 0.125), (-0.125, -0.375), (0.375, -0.125))  # of a pixel
SEAM = 0.75  # pixels: what is closer to a mirror is the mean of SAMPLES
MARGIN = 8  # canvas pixels round the wedge: at its very edge a network dreams of the edge
ROW = 256  # cv2.remap refuses rows of 32767 and more
NOTHING = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, whole_view(1.0))

Size = tuple[int, int]  # width, height in pixels
Box = tuple[float, float, float, float]  # left, top, right, bottom


def scaled(x: float, y: float) -> Array:
    return np.diag((x, y, 1.0))


def shifted(x: float, y: float) -> Array:
    return np.array(((1.0, 0.0, x), (0.0, 1.0, y), (0.0, 0.0, 1.0)))


def turned(degrees: float) -> Array:
    """Clockwise, as y is down."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array(((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)))


def half_diagonal(size: Size) -> float:
    return math.hypot(*size) / 2


def figure_transform(scope: Scope, size: Size) -> Array:
    """Window -> figure."""
    scale = 1 / (half_diagonal(size) * scope.zoom)
    x, y = centre(scope, size)
    return turned(-first_seam(scope)) @ scaled(scale, scale) @ shifted(-x, -y)


def first_seam(scope: Scope) -> float:
    """Degrees at which a wedge begins on the display. At angle 0 its middle points to the right."""
    return scope.angle if scope.symmetry == "none" else scope.angle - 90 / scope.folds


def centre(scope: Scope, size: Size) -> tuple[float, float]:
    """Of the figure, in window coordinates."""
    reach = half_diagonal(size)
    return size[0] / 2 + scope.centre_x * reach, size[1] / 2 + scope.centre_y * reach


def mirrors(scope: Scope) -> Array:
    """(n, 2): the normals of the mirrors that fold the figure into the wedge, one after the other.

    A wedge of 180/8 degrees in four: what lies above is mirrored down, then what lies beyond 90
    degrees is mirrored back, then beyond 45, then beyond 22.5. Other folds start from the power of
    two above them; then the first mirrors catch less than half."""
    if scope.symmetry == "none":
        return np.zeros((0, 2))
    powers = range(math.ceil(math.log2(scope.folds)) - 1, -1, -1)
    angles = [math.pi / scope.folds * 2**power for power in powers]
    return np.array([(0.0, -1.0), *((-math.sin(angle), math.cos(angle)) for angle in angles)])


def folded(x: Array, y: Array, scope: Scope) -> tuple[Array, Array]:
    """Figure -> wedge."""
    for across, down in mirrors(scope).tolist():
        beyond = np.maximum(across * x + down * y, 0.0)
        x = x - 2 * across * beyond
        y = y - 2 * down * beyond
    return x, y


def wedge_box(scope: Scope, screen_aspect: float) -> Box:
    """What a wedge takes on a display whose corners it just reaches, its middle along x."""
    if scope.symmetry == "none":
        diagonal = math.hypot(screen_aspect, 1.0)
        x, y = screen_aspect / diagonal, 1.0 / diagonal
        return -x, -y, x, y
    half = math.sin(math.pi / 2 / scope.folds)
    return 0.0, -half, 1.0, half


def source_transform(scope: Scope, aspect: float, screen_aspect: float) -> Array:
    """Wedge -> source."""
    return box_to_source(scope, aspect, screen_aspect) @ turned(first_seam(scope) - scope.angle)


def box_to_source(scope: Scope, aspect: float, screen_aspect: float) -> Array:
    """The wedge's box is fitted into the source, then zoomed, turned, moved."""
    left, top, right, bottom = wedge_box(scope, screen_aspect)
    scale = min(2 * aspect / (right - left), 2 / (bottom - top)) / scope.source_zoom
    return (
        shifted(scope.source_x, scope.source_y)
        @ turned(scope.source_angle)
        @ scaled(scale, scale)
        @ shifted(-(left + right) / 2, -(top + bottom) / 2)
    )


@dataclass(frozen=True, slots=True)
class Canvas:
    """The rectangle of the source that is dreamed on. ``view``: of the frames made of it."""

    width: int
    height: int
    view: View

    @property
    def to_source(self) -> Array:
        """Canvas pixel (0, 0 is the centre of the one at the top left) -> source."""
        return np.linalg.inv(to_pixels(self.view, (self.width, self.height)))


def canvas(scope: Scope, aspect: float, width: int, most_height: int, least: int) -> Canvas:
    """The wedge's box, as large as it fits into ``width`` by ``most_height`` pixels; no side is
    under ``least``."""
    left, top, right, bottom = wedge_box(scope, aspect)
    scale = min((width - 2 * MARGIN) / (right - left), (most_height - 2 * MARGIN) / (bottom - top))
    size = (
        _side((right - left) * scale, width, least),
        _side((bottom - top) * scale, most_height, least),
    )
    to_box = (
        shifted((left + right) / 2, (top + bottom) / 2)
        @ scaled(size[0] / scale, size[1] / scale)
        @ shifted(-0.5, -0.5)
    )
    view = np.linalg.inv(box_to_source(scope, aspect, aspect) @ to_box)
    return Canvas(*size, _view(view))


def _side(box: float, limit: int, least: int) -> int:
    return max(min(_blocks(box + 2 * MARGIN), _blocks(limit)), _blocks(least))


def _blocks(pixels: float) -> int:
    return math.ceil(round(pixels, 6) / GRAIN) * GRAIN


def _view(matrix: Array) -> View:
    a, b, c, d, e, f = matrix[:2].ravel().tolist()
    return a, b, c, d, e, f


def to_pixels(view: View, size: Size) -> Array:
    """Source -> pixel of the frame, 0, 0 being the centre of the one at the top left."""
    return shifted(-0.5, -0.5) @ scaled(*size) @ _matrix(view)


def _matrix(view: View) -> Array:
    return np.array((view[:3], view[3:], (0.0, 0.0, 1.0)))


def moved(before: Canvas, now: Canvas) -> Array:
    """2x3: a pixel of ``now`` -> the pixel of ``before`` with the same place of the source."""
    place: Array = to_pixels(before.view, (before.width, before.height)) @ now.to_source
    return place[:2]


def crop(frame: Frame, canvas: Canvas) -> Array:
    """What ``canvas`` sees of ``frame``: (height, width, 3) float32 0..1."""
    step = _step(to_pixels(frame.view, _size(frame.pixels)) @ canvas.to_source)
    pixels = shrunk(frame.pixels, step)
    place = to_pixels(frame.view, _size(pixels)) @ canvas.to_source
    seen = cv2.warpAffine(
        pixels,
        place[:2],
        (canvas.width, canvas.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.multiply(seen, np.float32(1 / 255), dtype=np.float32)


def shrunk(pixels: Array, step: float) -> Array:
    """Halved until who looks at every ``step``-th pixel skips none."""
    for _ in range(_halvings(step)):
        width, height = _size(pixels)
        half = (width + 1) // 2, (height + 1) // 2
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    return pixels


def _halvings(step: float) -> int:
    return max(0, math.floor(math.log2(step)))


def _step(matrix: Array) -> float:
    """How far apart ``matrix`` takes neighbouring pixels."""
    return math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))


def _size(pixels: Array) -> Size:
    return pixels.shape[1], pixels.shape[0]


@dataclass(frozen=True, slots=True)
class Sight:
    """``pixels``: what to take colours from; the same object while nothing has changed.
    ``look``: wedge -> u, v 0..1 of ``pixels``, mirrored outside."""

    pixels: Array
    look: Array


class Picture:
    """The newest frame of one kind, coloured once for all the paints that show it, and shrunk
    where the display would skip pixels of it.

    Colours are applied before the fold: the pixels of a dream are a fraction of the display's."""

    def __init__(self) -> None:
        self.show(NOTHING)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        self._made: tuple[tuple[Colour, int], Array] | None = None

    def seen(self, scope: Scope, colour: Colour, size: Size) -> Sight:
        """``size``: the display's."""
        frame = self._frame
        look = _matrix(frame.view) @ source_transform(scope, frame.aspect, size[0] / size[1])
        step = _step(scaled(*_size(frame.pixels)) @ look @ figure_transform(scope, size))
        return Sight(self._pixels(colour, step), look)

    def _pixels(self, colour: Colour, step: float) -> Array:
        wanted = (colour, _halvings(step))
        if self._made is None or self._made[0] != wanted:
            pixels = coloured(shrunk(self._frame.pixels, step), colour)
            self._made = (wanted, np.ascontiguousarray(pixels))
        return self._made[1]


@dataclass(frozen=True, slots=True)
class _Wedge:
    """Where a whole display looks. ``x``, ``y``: (height, width) float32. ``seams``: indices of
    the pixels at the mirrors. ``finer``: x and y of their samples, (4, seams)."""

    x: Array
    y: Array
    seams: Array
    finer: tuple[Array, Array]


class Fold:
    """The kaleidoscope on the CPU. Keeps what the figure and the display's size shape."""

    def __init__(self) -> None:
        self._polar_of: tuple[object, ...] = ()
        self._wedge_of: tuple[object, ...] = ()

    def painted(
        self,
        live: Picture,
        dream: Picture,
        scope: Scope,
        colour: Colour,
        light: float,
        mix: float,
        size: Size,
    ) -> Array:
        """(height, width, 3) uint8. ``mix``: 0 live .. 1 dream. ``light``: 0 black .. 1 as it
        is."""
        shown = [picture for picture, part in ((live, 1 - mix), (dream, mix)) if part > 0]
        seen = [self._folded(picture.seen(scope, colour, size), scope, size) for picture in shown]
        if len(seen) == 2:
            return cv2.addWeighted(seen[0], light * (1 - mix), seen[1], light * mix, 0)
        return seen[0] if light == 1 else cv2.convertScaleAbs(seen[0], alpha=light)

    def _folded(self, sight: Sight, scope: Scope, size: Size) -> Array:
        wedge = self._wedge(scope, size)
        to_texels = shifted(-0.5, -0.5) @ scaled(*_size(sight.pixels)) @ sight.look
        picture = _sampled(sight.pixels, wedge.x, wedge.y, to_texels)
        if wedge.seams.size:
            x, y = (places.reshape(-1, ROW) for places in wedge.finer)
            samples = _sampled(sight.pixels, x, y, to_texels).reshape(4, -1, 3)
            picture.reshape(-1, 3)[wedge.seams] = (samples.sum(0, np.uint16) + 2) // 4
        return picture

    def _wedge(self, scope: Scope, size: Size) -> _Wedge:
        place = (size, scope.centre_x, scope.centre_y)
        figure = (place, scope.symmetry, scope.folds, scope.angle, scope.zoom)
        if figure != self._wedge_of:
            if place != self._polar_of:
                self._polar = _polar(scope, size)
                self._polar_of = place
            self._kept = _wedge(*self._polar, scope, size)
            self._wedge_of = figure
        return self._kept


def _polar(scope: Scope, size: Size) -> tuple[Array, Array]:
    """Of every pixel: how many pixels from the centre, and in which direction in whole turns."""
    x, y = centre(scope, size)
    across = np.arange(size[0], dtype=np.float32)[None] + np.float32(0.5 - x)
    down = np.arange(size[1], dtype=np.float32)[:, None] + np.float32(0.5 - y)
    return np.hypot(across, down), np.arctan2(down, across) / np.float32(2 * np.pi)


def _wedge(far: Array, turns: Array, scope: Scope, size: Size) -> _Wedge:
    folds = 1 if scope.symmetry == "none" else scope.folds
    angle = turns * np.float32(folds)
    angle -= np.float32(first_seam(scope) / 360 * folds)
    if scope.symmetry == "dihedral":
        angle -= np.rint(angle)
        np.abs(angle, out=angle)
    angle *= np.float32(2 * np.pi / folds)
    x, y = cv2.polarToCart(far / np.float32(half_diagonal(size) * scope.zoom), angle)
    seams = _seams(x, y, scope, size)
    return _Wedge(x, y, seams, _finer(seams, scope, size))


def _seams(x: Array, y: Array, scope: Scope, size: Size) -> Array:
    """The indices of the pixels at the mirrors, the last repeated to fill a row."""
    if scope.symmetry == "none":
        return np.zeros(0, np.intp)
    angle = math.pi / scope.folds
    to_other = cv2.addWeighted(x, math.sin(angle), y, -math.cos(angle), 0)
    near = cv2.min(y, to_other) < SEAM / (half_diagonal(size) * scope.zoom)
    seams = np.flatnonzero(near)
    return np.pad(seams, (0, -len(seams) % ROW), mode="edge") if len(seams) else seams


def _finer(seams: Array, scope: Scope, size: Size) -> tuple[Array, Array]:
    rows, columns = (place.astype(np.float32) + 0.5 for place in np.divmod(seams, size[0]))
    (a, b, c), (d, e, f) = figure_transform(scope, size)[:2].astype(np.float32)
    x, y = np.array(SAMPLES, np.float32).T[:, :, None]
    x, y = x + columns, y + rows
    return folded(a * x + b * y + c, d * x + e * y + f, scope)


def _sampled(pixels: Array, x: Array, y: Array, to_texels: Array) -> Array:
    (a, b, c), (d, e, f) = to_texels[:2].tolist()
    return cv2.remap(
        pixels,
        cv2.addWeighted(x, a, y, b, c),
        cv2.addWeighted(x, d, y, e, f),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
