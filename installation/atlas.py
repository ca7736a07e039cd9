"""Sheets of everything a network dreams, made as the show makes it: ``kaleidream atlas``."""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.ascent import GRAIN, grained
from engine.backends.choosing import backends
from engine.bank import Moment
from engine.bestiary.names import NAMES
from engine.bestiary.patterns import picture as pattern
from engine.dream import STRIPS, Dream, Strip
from engine.dreamer import Dreamer
from engine.frame import Array, Frame, whole_view
from engine.heap import keep_pages
from engine.loading import Networks
from engine.networks import NETWORKS
from engine.steps import Steps
from installation.kaleidoscope import Fold, Picture, canvas, crop
from installation.plan import dream_threads
from installation.scenes.scenery import factory, scene
from installation.settings import Colour, Scope, table
from installation.sources.drift import Drift
from installation.sources.pictures import covering, picture

WIDEST = 1024  # pixels
DRAWN = 10  # pictures of each class
DRIFTED = 12.0  # seconds into the built-in picture
POSTER = (720, 405)  # pixels
DREAMED = 480  # of the width of the dream that is folded into it
FRAME_SECONDS = 1 / 30
NO_END = 0.97  # memory: noise has nothing to come back to
SHEET = 2000  # pixels, about as wide as a sheet may get
LABEL = 16  # pixels high
WAIT = 0.01  # seconds between looks at what is compiled
QUALITY = 85


class Easel:
    """Dreams on pictures that stand still, for ``frames`` frames each."""

    def __init__(self, steps: Steps, frames: int) -> None:
        self._steps = steps
        self._frames = frames

    def poster(self, frame: Frame, moment: Moment) -> Array:
        """The show of one picture, folded: (h, w, 3) uint8."""
        scope, dream = moment.of(Scope), moment.of(Dream)
        here = canvas(scope, frame.aspect, DREAMED, POSTER[1], GRAIN)
        dreamed = self.dreamed(crop(frame, here), dream, moment.each(Strip))
        shown, pixels = Picture(), cv2.convertScaleAbs(dreamed, alpha=255.0)
        shown.show(replace(frame, pixels=np.asarray(pixels), view=here.view))
        return Fold().painted(shown, shown, scope, moment.of(Colour), 1.0, 1.0, POSTER)

    def dreamed(self, start: Array, dream: Dream, strips: tuple[Strip, ...]) -> Array:
        """``start``: (h, w, 3) float32 0..1, sides multiples of 16; the same comes back. Raises
        OSError where the network cannot be loaded or no backend runs it."""
        dreamer, size = Dreamer(self._steps), (start.shape[0], start.shape[1])
        awake = False
        while not (awake and dreamer.settled and dreamer.network == dream.network):
            awake = dreamer.awake(dream, strips, size)
            if self._steps.failures:
                raise OSError(self._steps.failures[-1])
            time.sleep(WAIT)
        dreamed = start
        for _ in range(self._frames):
            dreamed = dreamer.dream(start, dream, strips, seconds=FRAME_SECONDS)
        return dreamed


def keep_sheets(options: argparse.Namespace) -> int:
    """Raises OSError where a picture or the weights cannot be read, or a sheet not be written,
    ValueError for what cannot be drawn."""
    if not WIDEST >= options.side >= GRAIN:
        raise ValueError(f"--side: expected {GRAIN} to {WIDEST} pixels, received {options.side}")
    options.folder.mkdir(parents=True, exist_ok=True)
    keep_pages()
    there = backends(options.backend, options.precision, dream_threads(), print)
    steps = Steps(there, Networks(options.weights_dir))
    keep_all = keep_scenes if options.scenes else keep_dreams
    try:
        keep_all(Easel(steps, options.frames), options)
    finally:
        steps.stop()
    return 0


def keep_dreams(easel: Easel, options: argparse.Namespace) -> None:
    """A sheet of every stop, and of every class where they have names, for each start."""
    usual = replace(Dream(), network=options.network)
    starts = {"noise": (clouded(options.side), replace(usual, anchor=0.0, memory=NO_END))}
    if options.picture:
        starts["picture"] = square(picture(options.picture), options.side), usual
    for kind, strips in subjects(options.network).items():
        for start, (pixels, dream) in starts.items():
            tiles = [easel.dreamed(pixels, dream, each) for each in strips.values()]
            keep(
                options.folder / f"{options.network}_{kind}_{start}.jpg", sheet(tiles, list(strips))
            )
    if not NETWORKS[options.network].constructor:
        keep(options.folder / "drawn.jpg", sheet([drawn(name) for name in NAMES], list(NAMES)))


def keep_scenes(easel: Easel, options: argparse.Namespace) -> None:
    """A picture of every scene on a picture, or on the one that is built in."""
    pixels = picture(options.picture) if options.picture else Drift().at(DRIFTED)
    frame = Frame(pixels, 0.0, whole_view(pixels.shape[1] / pixels.shape[0]))
    parameters = table()
    for name in factory():
        values = scene(name, parameters).over(parameters.defaults, parameters)
        poster = easel.poster(frame, Moment.still(parameters, values))
        keep(options.folder / f"{name}.jpg", poster)


def subjects(network: str) -> dict[str, dict[str, tuple[Strip, ...]]]:
    """The strips of every tile, by its name, for every sheet."""
    stops = NETWORKS[network].stops
    found = {"stops": {stop: opened(n, Strip(gain=1.0)) for n, stop in enumerate(stops)}}
    if not NETWORKS[network].constructor:
        last = STRIPS - 1
        found["classes"] = {
            name: opened(last, Strip(gain=1.0, channel=n)) for n, name in enumerate(NAMES, 1)
        }
    return found


def opened(number: int, strip: Strip) -> tuple[Strip, ...]:
    """Only this one."""
    return tuple(strip if n == number else Strip() for n in range(STRIPS))


def drawn(name: str) -> Array:
    """Some of what the embedded network learns a class from, in one row."""
    return np.concatenate([pattern(name, seed) for seed in range(DRAWN)], 1) / np.float32(255)


def clouded(side: int) -> Array:
    """Coloured clouds with grain: nothing in particular."""
    chance, side = np.random.default_rng(3), grained(side)
    grain = chance.standard_normal((side, side, 3)) * 0.05
    knots = chance.standard_normal((6, 6, 3)) * 0.15
    clouds = cv2.resize(knots, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(grain + clouds + 0.5, 0, 1), np.float32)


def square(pixels: Array, side: int) -> Array:
    """The middle of a picture, (h, w, 3) uint8, as (side, side, 3) float32 0..1."""
    side = grained(side)
    return np.asarray(covering(pixels, side, side), np.float32) / 255


def sheet(tiles: list[Array], names: list[str]) -> Array:
    """Tiles of one size with their names above, in rows: (h, w, 3) uint8."""
    side = tiles[0].shape[1]
    columns = min(len(tiles), max(1, SHEET // side), int(np.ceil(len(tiles) ** 0.5)))
    labelled = [_labelled(tile, name) for tile, name in zip(tiles, names, strict=True)]
    labelled += [np.zeros_like(labelled[0])] * (-len(tiles) % columns)
    rows = [labelled[n : n + columns] for n in range(0, len(labelled), columns)]
    return np.concatenate([np.concatenate(row, 1) for row in rows])


def _labelled(tile: Array, name: str) -> Array:
    width = tile.shape[1]
    label = np.zeros((LABEL, width, 3), np.uint8)
    font, white = cv2.FONT_HERSHEY_SIMPLEX, (230, 230, 230)
    cv2.putText(label, name, (4, LABEL - 4), font, 0.42, white, 1, cv2.LINE_AA)
    return np.concatenate([label, cv2.convertScaleAbs(tile, alpha=255.0)])


def keep(path: Path, pixels: Array) -> None:
    """Raises OSError where it cannot be written."""
    Image.fromarray(pixels).save(path, quality=QUALITY)
    print(path, flush=True)
