"""The whole loop's stages round the step, on the CPU, as they are on a stage of 1280x720 over a
dream of 256x144."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from engine.climb import Arrays, Climb, climbed
from engine.flow import Follower
from engine.frame import Array, Frame, whole_view
from engine.memory import STILL, warped
from installation.bench.rounds import Pace, timed
from installation.bench.rows import Row
from installation.kaleidoscope import Canvas, Fold, Picture, canvas, crop
from installation.settings import Colour, Scope

CAMERA = (1280, 720)
DISPLAY = (1280, 720)
WIDTH = 256
LEAST = 32
STAGE_PACE = Pace(rounds=5, seconds=0.05, limit=1.0)

Work = Callable[[], object]


def stage_rows(pace: Pace) -> Iterator[Row]:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 255, (CAMERA[1], CAMERA[0], 3), np.uint8)
    live = Frame(pixels, 0.0, whole_view(CAMERA[0] / CAMERA[1]), CAMERA[0] / CAMERA[1])
    here = canvas(Scope(), live.aspect, WIDTH, WIDTH, LEAST)
    size = (here.width, here.height)
    seen = crop(live, here)
    shown = cv2.convertScaleAbs(seen, alpha=255.0)
    stages: tuple[tuple[str, tuple[int, int], str, Work], ...] = (
        ("crop", size, "uint8", lambda: crop(live, here)),
        ("uint8 to float", size, "float32", lambda: _floating(shown)),
        ("flow", size, "uint8", _following(seen)),
        ("carried warp", size, "float32", _warping(seen)),
        ("climb", size, "float32", _climbing(seen, chance)),
        ("float to uint8", size, "uint8", lambda: cv2.convertScaleAbs(seen, alpha=255.0)),
        ("fold", DISPLAY, "uint8", _folding(shown, here, live.aspect)),
    )
    for name, (width, height), precision, work in stages:
        yield Row("cpu", "", name, width, height, precision, timed(work, pace))


def _floating(shown: Array) -> Array:
    return np.multiply(shown, np.float32(1 / 255), dtype=np.float32)


def _following(seen: Array) -> Work:
    """Something moves: every second picture is two pixels further."""
    follower, further = Follower(), np.roll(seen, 2, 1)
    pictures = [cv2.GaussianBlur(picture, (0, 0), 3) for picture in (seen, further)]

    def followed() -> None:
        pictures.reverse()
        follower.moved(pictures[0], STILL)

    return followed


def _warping(seen: Array) -> Work:
    flow = np.full((*seen.shape[:2], 2), 1.5, np.float32)
    return lambda: warped(seen, STILL, (seen.shape[0], seen.shape[1]), flow)


def _climbing(seen: Array, chance: np.random.Generator) -> Work:
    gradient = chance.standard_normal(seen.shape, np.float32)
    knobs = Climb(step_size=0.02, smoothing=0.5, levelling=0.5).knobs()
    return lambda: climbed(Arrays(), seen, gradient, knobs)


def _folding(shown: Array, here: Canvas, aspect: float) -> Work:
    """While it turns."""
    picture = Picture()
    picture.show(Frame(shown, 0.0, here.view, aspect))
    fold, turns = Fold(), iter(range(10**9))

    def folded() -> None:
        scope = Scope(angle=float(next(turns)))
        fold.painted(picture, picture, scope, Colour(), 1.0, 1.0, DISPLAY)

    return folded
