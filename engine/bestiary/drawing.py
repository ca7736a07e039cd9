"""A seeded hand that draws: chance, places, noise, colour and light, for every pattern alike.

x points to the right and y down, both -1..1 over the picture. What says what a pattern *is* belongs
to the pattern; everything here varies independently of it.
"""

import colorsys
import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from engine.bestiary.geometry import TURN, norm
from engine.bestiary.pictures import SIDE, Colour, mixed
from engine.frame import Array

Ramp = Callable[[Any], Array]
Stamp = Callable[[Array, Array], tuple[Array, Array]]


# Red, orange, yellow, green, blue and violet of a painter's wheel (Itten, 1961), as hues: more room
# for what is warm, less for green and pink than on the wheel of a screen
WHEEL = (0.0, 0.083, 0.167, 0.333, 0.61, 0.75, 1.0)


class Hand:
    """One picture's hand. Two hands of one seed draw the same picture.

    ``vivid`` (0..1) is how saturated this picture's colours may be.
    """

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        middle = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1
        self.x, self.y = np.meshgrid(middle, middle)
        self.vivid = self.between(0.4, 1.0)

    def between(self, low: float, high: float) -> float:
        return float(self._chance.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """``low`` to ``high``, both of them possible."""
        return int(self._chance.integers(low, high + 1))

    def ratio(self, low: float, high: float) -> float:
        """Evenly spread over the octaves between ``low`` and ``high``, both above 0."""
        return float(np.exp(self._chance.uniform(np.log(low), np.log(high))))

    def chance(self, probability: float) -> bool:
        return bool(self._chance.random() < probability)

    def sign(self) -> int:
        return 1 if self.chance(0.5) else -1

    def angle(self) -> float:
        return self.between(0, TURN)

    def many(self, count: int, low: float = 0.0, high: float = 1.0) -> Array:
        return self._chance.uniform(low, high, count)

    def shuffled(self, things: Array) -> Array:
        return self._chance.permutation(things)

    def grain(self, shape: tuple[int, ...]) -> Array:
        """Noise of unit variance, each value for itself."""
        return self._chance.standard_normal(shape, np.float32)

    def noise(self, cells: float, channels: int = 1) -> Array:
        """Smooth noise of about unit variance, ``cells`` bumps across: (SIDE, SIDE), or with
        several channels (SIDE, SIDE, channels)."""
        knots = max(2, round(cells)) + 3
        grid = self._chance.standard_normal((knots, knots, channels)).astype(np.float32)
        length = int(SIDE * knots / (knots - 3)) + 1
        wide = cv2.resize(grid, (length, length), interpolation=cv2.INTER_CUBIC)
        start = (length - SIDE) // 2
        return wide[start : start + SIDE, start : start + SIDE]

    def clouds(
        self, cells: float = 3, octaves: int = 4, gain: float = 0.5, channels: int = 1
    ) -> Array:
        """Noise over ``octaves`` scales, each finer by 2 and weaker by ``gain``."""
        scales = [(gain**k, cells * 2**k) for k in range(octaves) if cells * 2**k <= SIDE / 2]
        total = sum(weight * self.noise(count, channels) for weight, count in scales)
        power: float = sum(weight**2 for weight, _ in scales)
        return np.asarray(total / np.float32(power**0.5), np.float32)

    def plane(
        self,
        fewest: float,
        most: float,
        warp: float = 0.06,
        upright: bool = False,
        stretch: float = 0.15,
    ) -> tuple[Array, Array]:
        """Coordinates (u, v) in which a cell is 1 wide, ``fewest`` to ``most`` cells across the
        picture: turned (unless ``upright``), stretched, moved, and bent by ``warp``."""
        x, y = self.x, self.y
        if warp and self.chance(0.7):
            bent = self.clouds(2, 2, channels=2) * (warp * self.between(0.2, 1.6))
            x, y = x + bent[..., 0], y + bent[..., 1]
        turn = self.between(-0.15, 0.15) if upright else self.angle()
        cells = self.ratio(fewest, most) / 2
        narrow = np.exp(self.between(-stretch, stretch))
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        u = (cosine * x - sine * y) * np.float32(cells * narrow) + np.float32(self.between(-1, 1))
        v = (sine * x + cosine * y) * np.float32(cells / narrow) + np.float32(self.between(-1, 1))
        return u, v

    def palette(self, count: int) -> Array:
        """(count, 3): colours of one scheme, dark to light or shuffled."""
        scheme = (
            (0, 0.06, -0.06, 0.12),
            (0, 0.5, 0.05, 0.55),
            (0, 0.33, 0.66, 0.1),
            (0, 0.42, 0.58, 0.5),
        )
        offsets = scheme[self.whole(0, 3)]
        first = self.between(0, 1)
        values = np.linspace(self.between(0.1, 0.4), self.between(0.8, 1.0), count)
        if self.chance(0.6):
            values = self.shuffled(values)
        return np.array(
            [
                tint(
                    first + offsets[k % 4] + self.between(-0.03, 0.03),
                    self.between(0.55, 1.0) * self.vivid,
                    value,
                )
                for k, value in enumerate(values)
            ],
            np.float32,
        )

    def colour(self, dark: float = 0.3, light: float = 1.0) -> Colour:
        """One colour (3,), its brightest channel in ``dark``..``light``."""
        saturation = self.between(0.45, 1.0) * self.vivid
        return np.array(tint(self.between(0, 1), saturation, self.between(dark, light)), np.float32)

    def ramp(self, count: int = 4) -> Ramp:
        """A smooth way through ``count`` colours: from t in 0..1 (any shape) to (..., 3)."""
        colours = self.palette(count)
        if self.chance(0.6):
            colours = colours[np.argsort(colours.sum(1))]
        if self.chance(0.5):
            colours = colours[::-1]
        t = np.linspace(0, count - 1, 256)
        table = np.stack([np.interp(t, np.arange(count), colours[:, k]) for k in range(3)], 1)
        table = table.astype(np.float32)

        def looked_up(t: Any) -> Array:
            places = np.asarray(np.clip(np.multiply(t, 255), 0, 255), np.uint8)
            if places.ndim != 2:
                return np.asarray(table[places])
            return cv2.LUT(cv2.merge([places] * 3), table[None])  # six times as fast

        return looked_up

    def contrasting(self) -> tuple[Colour, Colour]:
        """Two colours of which one is dark and one full of light; either may come first."""
        dark, light = self.colour(0.02, 0.45), self.colour(0.7, 1.0)
        light = light + (1 - light) * self.between(0, 0.25)
        return (dark, light) if self.chance(0.5) else (light, dark)

    def background(self) -> Array:
        """A picture to draw on: plain, shaded, cloudy, grained, or with things out of focus."""
        kind = self.whole(0, 5)
        strength = np.float32(self.between(0.5, 1.0))
        if kind == 0:
            return np.tile(self.colour(0.02, 1.0), (SIDE, SIDE, 1))
        if kind == 1:
            turn = self.angle()
            across = (np.cos(turn) * self.x + np.sin(turn) * self.y) * 0.35 + 0.5
            return self.ramp(3)(across) * strength
        if kind == 2:
            return self.ramp(3)(self.clouds(self.between(2, 4), 3) * 0.2 + 0.5) * strength
        if kind == 3:
            x, y = self.x - self.between(-0.5, 0.5), self.y - self.between(-0.5, 0.5)
            return self.ramp(3)(norm(x, y) * 0.6) * strength
        if kind == 4:
            grain = self.clouds(self.between(2, 12), 4, 0.7, channels=3)
            return np.clip(self.colour() * strength + self.between(0.05, 0.2) * grain, 0, 1)
        return self._out_of_focus() * strength

    def _out_of_focus(self) -> Array:
        picture = np.tile(self.colour(0.05, 0.9), (SIDE, SIDE, 1))
        for _ in range(self.whole(3, 9)):
            middle = (self.whole(0, SIDE), self.whole(0, SIDE))
            axes = (self.whole(4, 34), self.whole(4, 34))
            turn = self.whole(0, 180)
            colour = self.colour(0.05, 1.0).tolist()
            cv2.ellipse(picture, middle, axes, turn, 0, 360, colour, -1)
        blurred: Array = cv2.blur(picture, (15, 15))
        return blurred

    def lit(self, picture: Array, height: Array, depth: float, probability: float = 0.6) -> Array:
        """``picture`` as a relief of ``height`` (SIDE, SIDE; about 0..1) under a light from
        anywhere, or, with the rest of the chance, as it is. ``depth``: how steep, 1..12."""
        if not self.chance(probability):
            return picture
        turn, sine = self.angle(), self.between(0.5, 0.9)
        across = -cv2.Sobel(np.asarray(height, np.float32), -1, 1, 0, scale=depth / 8)
        down = -cv2.Sobel(np.asarray(height, np.float32), -1, 0, 1, scale=depth / 8)
        level = 1 / np.sqrt(across * across + down * down + 1)
        slope = across * np.float32(np.cos(turn)) + down * np.float32(np.sin(turn))
        light = np.clip((slope * np.float32((1 - sine**2) ** 0.5) + np.float32(sine)) * level, 0, 1)
        shine = light**24 * 0.5 if self.chance(0.5) else np.zeros_like(light)
        return np.asarray(
            np.clip(picture * (0.35 + 0.8 * light)[..., None] + shine[..., None], 0, 1)
        )

    def scattered(
        self,
        stamp: Stamp,
        most: int = 6,
        smallest: float = 0.5,
        largest: float = 1.0,
        tilt: float = TURN,
        tiled: float = 0.25,
        ground: Array | None = None,
    ) -> Array:
        """One figure, several, or (with the probability ``tiled``) a grid of them, on ``ground``
        or a background. ``stamp(u, v)`` draws in its own coordinates, filling -1..1, and returns
        its picture (h, w, 3) and its mask (h, w). ``tilt``: the range of its turning, in radians.
        ``smallest``, ``largest``: half its width when alone, in half pictures."""
        picture = np.array(self.background() if ground is None else ground, np.float32)
        for x, y, size, turn in self._places(most, smallest, largest, tilt, tiled):
            self._stamped(picture, stamp, x, y, size, turn)
        return picture

    def _places(
        self, most: int, smallest: float, largest: float, tilt: float, tiled: float
    ) -> list[tuple[float, float, float, float]]:
        if self.chance(tiled):
            count, staggered = self.whole(2, 3), self.chance(0.5)
            pitch = 2 / count
            size, turn = pitch * self.between(0.45, 0.62), self.between(-tilt, tilt) * 0.1
            return [
                (
                    -1 + (i + 0.5 + (0.5 * (j % 2) if staggered else 0)) * pitch,
                    -1 + (j + 0.5) * pitch,
                    size,
                    turn,
                )
                for i in range(-1, count + 1)
                for j in range(-1, count + 1)
            ]
        count = self.whole(1, most)
        reach = 0.3 if count == 1 else 0.75
        places: list[tuple[float, float, float, float]] = []
        for _ in range(count):
            size = self.between(smallest, largest) / max(1, count * 0.45) ** 0.5
            x, y = self._apart(places, reach, size)
            places.append((x, y, size, self.between(-tilt / 2, tilt / 2)))
        return sorted(places, key=lambda place: place[2])

    def _apart(
        self, places: list[tuple[float, float, float, float]], reach: float, size: float
    ) -> tuple[float, float]:
        """A place that leaves the others to be seen, if one is found in a few tries."""
        for _ in range(8):
            x, y = self.between(-reach, reach), self.between(-reach, reach)
            if all(math.hypot(x - a, y - b) > 0.7 * (size + other) for a, b, other, _ in places):
                break
        return x, y

    def _stamped(
        self, picture: Array, stamp: Stamp, x: float, y: float, size: float, turn: float
    ) -> None:
        reach = size * 1.45
        left, right = (int(np.clip((x + e + 1) / 2 * SIDE, 0, SIDE)) for e in (-reach, reach))
        top, bottom = (int(np.clip((y + e + 1) / 2 * SIDE, 0, SIDE)) for e in (-reach, reach))
        if right - left < 3 or bottom - top < 3:
            return
        window = np.s_[top:bottom, left:right]
        across, down = (self.x[window] - x) / size, (self.y[window] - y) / size
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        drawn, mask = stamp(
            (cosine * across + sine * down).astype(np.float32),
            (cosine * down - sine * across).astype(np.float32),
        )
        picture[window] = mixed(picture[window], np.clip(drawn, 0, 1), np.clip(mask, 0, 1))


def tint(turn: float, saturation: float, value: float) -> tuple[float, float, float]:
    """Red, green and blue of a place on the painter's wheel, of which 1 is a whole turn."""
    hue = float(np.interp(turn % 1 * 6, range(7), WHEEL))
    return colorsys.hsv_to_rgb(hue, saturation, value)
