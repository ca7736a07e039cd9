"""Moving pictures that need no camera. They follow from the time alone."""

import cv2
import numpy as np

from engine.frame import Array

WIDTH, HEIGHT = 640, 360
GRAIN = 512  # pixels, the side of a tile
FORMS = 7

# (down, across: radians over half the height; speed: radians/s; reach: pixels)
BEND_X = ((2.1, 1.3, 0.31, 22.0), (3.7, -0.9, -0.23, 14.0))
BEND_Y = ((-1.1, 2.3, 0.27, 22.0), (1.7, 3.1, -0.19, 14.0))
FLOW = (11.0, 5.0)  # pixels/s right, down
TURN = 6.0  # places of the wheel a second, of 256

WHEEL = (  # place, RGB: dark lies beside light, so that there are edges
    (0.00, (12, 14, 58)),
    (0.12, (22, 96, 150)),
    (0.24, (92, 206, 190)),
    (0.34, (250, 236, 176)),
    (0.44, (246, 150, 52)),
    (0.54, (190, 36, 62)),
    (0.66, (78, 12, 92)),
    (0.76, (214, 74, 160)),
    (0.86, (160, 180, 70)),
    (0.94, (24, 84, 62)),
    (1.00, (12, 14, 58)),
)

# (rows, columns, seconds to the next, amount), coarse to fine
OCTAVES = ((4, 7, 6.0, 1.0), (8, 14, 4.0, 0.8), (16, 28, 2.5, 0.6), (32, 56, 1.6, 0.6))


class Drift:
    """A landscape of marble and soft hills: its height chooses the colour, its slope the light."""

    def __init__(self) -> None:
        chance = np.random.default_rng(1910)
        self._marble = _marble(chance)
        self._wheel = _wheel()
        columns, rows = np.arange(WIDTH + 2.0), np.arange(HEIGHT + 2.0)  # a rim for the slope
        self._columns, self._rows = (a.astype(np.float32) for a in np.meshgrid(columns, rows))
        self._x = (2 * columns - WIDTH - 1)[None, :] / HEIGHT
        self._y = (2 * rows - HEIGHT - 1)[:, None] / HEIGHT
        self._speeds = chance.uniform(0.15, 0.4, (FORMS, 2)) * chance.choice((-1, 1), (FORMS, 2))
        self._starts = chance.uniform(0.0, 2 * np.pi, (FORMS, 2))
        self._sizes = chance.uniform(0.2, 0.45, FORMS)
        self._heights = np.where(np.arange(FORMS) % 2, 150.0, -150.0)

    def at(self, seconds: float) -> Array:
        """(360, 640, 3) uint8 RGB."""
        height = self._moved_marble(seconds) + self._hills(seconds)
        inner = height[1:-1, 1:-1] + np.float32(seconds * TURN % 256)
        place = inner.astype(np.int32).astype(np.uint8)  # past the end of the wheel is its start
        colours = cv2.LUT(cv2.merge((place, place, place)), self._wheel)
        slope = (height[2:, 2:], 2.5, height[:-2, :-2], -2.5)
        light = cv2.addWeighted(*slope, 128.0, dtype=cv2.CV_8U)
        return cv2.multiply(colours, cv2.merge((light, light, light)), scale=1 / 128)

    def _moved_marble(self, seconds: float) -> Array:
        right, down = (np.float32(speed * seconds % GRAIN) for speed in FLOW)
        x = self._columns + self._waves(BEND_X, seconds) + right
        y = self._rows + self._waves(BEND_Y, seconds) + down
        return cv2.remap(self._marble, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)

    def _waves(self, waves: tuple[tuple[float, ...], ...], seconds: float) -> Array:
        """The sum of sin(down y + across x + speed t), as products of columns and rows."""
        down, across, speed, reach = np.array(waves).T
        phase = self._y * down + speed * seconds
        turned = across[:, None] * self._x
        columns = np.hstack((reach * np.sin(phase), reach * np.cos(phase)))
        return _product(columns, np.vstack((np.cos(turned), np.sin(turned))))

    def _hills(self, seconds: float) -> Array:
        path = np.sin(self._speeds * seconds + self._starts)
        across = (self._x - 1.6 * path[:, :1]) / self._sizes[:, None]
        down = (self._y - 0.9 * path[:, 1]) / self._sizes
        return _product(self._heights * np.exp(-(down**2)), np.exp(-(across**2)))


class Noise:
    """Coloured clouds of four sizes, each size anew every few seconds."""

    def at(self, seconds: float) -> Array:
        """(360, 640, 3) uint8 RGB."""
        clouds: Array = np.zeros((2, 2, 3), np.float32)
        for octave, (rows, columns, period, amount) in enumerate(OCTAVES):
            clouds = cv2.resize(clouds, (columns, rows), interpolation=cv2.INTER_CUBIC)
            evolving = _evolving(octave, (rows, columns, 3), seconds / period)
            clouds = clouds + np.float32(amount) * evolving
        soft = cv2.GaussianBlur(clouds, (0, 0), 0.9)  # or the finest shows its grid
        light = (128 + 48 * soft).clip(0, 255).astype(np.uint8)
        return cv2.resize(light, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def _evolving(octave: int, shape: tuple[int, int, int], turns: float) -> Array:
    """From one picture of chance to the next, of the same contrast all the way."""
    turn, since = divmod(turns, 1.0)
    weight = since * since * (3.0 - 2.0 * since)
    before, after = (
        np.random.default_rng((octave, int(turn) + n)).standard_normal(shape, np.float32)
        for n in (0, 1)
    )
    mixed: Array = before * np.float32(1.0 - weight) + after * np.float32(weight)
    mixed /= np.float32(np.hypot(1.0 - weight, weight))
    return mixed


def _product(columns: Array, rows: Array) -> Array:
    """Without BLAS, whose threads wait 30 ms and more for each other while a dream keeps the
    processor busy."""
    product: Array = np.einsum(
        "ij,jk->ik", columns.astype(np.float32), rows.astype(np.float32), optimize=False
    )
    return product


def _marble(chance: np.random.Generator) -> Array:
    """Noise that tiles, coarse and fine as clouds are."""
    across = np.fft.fftfreq(GRAIN, 1 / GRAIN)
    frequency = np.hypot(across[:, None], across)
    frequency[0, 0] = np.inf
    amount = frequency**-1.8 * np.exp(-((frequency / 60) ** 2)) * np.where(frequency < 3, 0.4, 1.0)
    noise = np.fft.fft2(chance.standard_normal((GRAIN, GRAIN)))
    marble: Array = np.fft.ifft2(noise * amount).real
    marble *= 30 / marble.std()
    return marble.astype(np.float32)


def _wheel() -> Array:
    places, colours = [place for place, _ in WHEEL], np.array([colour for _, colour in WHEEL])
    steps = np.arange(256) / 256
    wheel = np.stack([np.interp(steps, places, colours[:, channel]) for channel in range(3)], -1)
    return wheel.astype(np.uint8)[None]
