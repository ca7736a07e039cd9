"""The dreamer: dreams one frame after the other, and carries the dream between them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.ascent import climb_knobs, gradient_knobs, grained, octave_sizes, rolled
from engine.dream import Dream, Strip, open_gains, strip_layers
from engine.flow import NONE, Motion
from engine.frame import Array
from engine.layers import layers
from engine.loudness import SILENT
from engine.memory import STILL, after, anchored, feedback, resized, warped
from engine.networks import NETWORKS
from engine.runtime import Tensor
from engine.steps import FALLBACK, Steps, in_order
from engine.stock import Build, Compiled

Size = tuple[int, int]

CALM = 100  # frames

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Raised:
    """A strip, ready to raise its layer. ``gain``: 0 where it is closed. ``loudness``: of its
    layer, which is taken out of its gain."""

    layer: str
    gain: float
    loudness: float
    strip: Strip


class Dreamer:
    """What it carries is the difference dream - picture, so that the dream grows over the frames
    and follows what moves."""

    def __init__(
        self, steps: Steps, seed: int = 0, stepped: Callable[[], None] = lambda: None
    ) -> None:
        """``stepped`` is called after every step: a frame of many may take long."""
        self.network = ""
        self.reseeded = 0
        self.cuts = 0
        self.settled = False
        self._stepped = stepped
        self._steps = steps
        self._random = np.random.default_rng(seed)
        self._carried: Array | None = None
        self._heard: dict[tuple[str, int], str] = {}  # the layer of each network's strips
        self._told: set[tuple[str, str]] = set()  # layers that a network does not have
        self._calm = 0  # frames since anything was asked for that was not there
        self._turn = 0  # the octave step that is next, where a frame does not take them all

    @property
    def least(self) -> int:
        """The smallest side, in pixels, that the network of now can see."""
        return NETWORKS[self.network or FALLBACK].least

    def reset(self) -> None:
        self._carried = None

    def wish(self, dream: Dream, strips: tuple[Strip, ...]) -> None:
        """Asks for the network; before there is a picture this is all that can be asked."""
        chosen = strip_layers(strips, dream.network)
        for strip, layer in zip(strips, chosen, strict=True):
            if strip.layer not in ("", layer) and (dream.network, strip.layer) not in self._told:
                self._told.add((dream.network, strip.layer))
                log.warning("%s has no layer %s: its stop is dreamed", dream.network, strip.layer)
        self._steps.wish(dream.network, in_order(dream.network, chosen))

    def awake(self, dream: Dream, strips: tuple[Strip, ...], size: Size) -> bool:
        """Whether there is a step to dream with at about ``size``; asks for what is missing, and
        changes to the wished network once it has a step. ``settled`` says whether the frame will be
        dreamed by the very steps that it asks for, with nothing compiled beside."""
        self.wish(dream, strips)
        there = dict.fromkeys((dream.network, self.network or FALLBACK, FALLBACK))
        known = [network for network in there if self._steps.known(network)][:2]
        builds = {network: self._builds(network, dream, strips, size) for network in known}
        self._steps.ask([build for each in builds.values() for build in each])
        for network, own in builds.items():
            if self._steps.stock.dreams(network):
                self.network = network
                complete = all(self._steps.settled(build) for build in own)
                self._calm = self._calm + 1 if complete else 0
                self.settled = complete and self._steps.idle
                return True
        return False

    def units(self, size: Size, dream: Dream) -> int:
        """How many octave steps a frame of ``size`` is to take."""
        return dream.steps * len(octave_sizes(size, dream, self.least))

    def dream(
        self,
        picture: Array,
        dream: Dream,
        strips: tuple[Strip, ...],
        moved: Array = STILL,
        motion: Motion = NONE,
        seconds: float = 0.0,
        units: int | None = None,
        fader: Callable[[], float] | None = None,
    ) -> Array:
        """``picture``: (h, w, 3) float32 0..1, sides multiples of 16. ``moved``: the 2x3 affine
        from a pixel of this picture to the pixel of the last one that shows the same place.
        ``seconds`` since the last one. ``units``: octave steps of this frame, all of them where
        None; what is left out comes first in the next. ``fader``: asked when all is dreamed, in
        place of ``dream.amount``. Returns the dreamed picture, same shape and range."""
        if motion.cut:
            self.cuts += 1
            self._carried = None
        start = picture
        if self._carried is not None:
            start = picture + self._continued(picture.shape[:2], dream, moved, motion, seconds)
        dreamed = self._ascended(np.clip(start, 0.0, 1.0), dream, strips, units)
        if not np.isfinite(dreamed).all():
            self.reseeded += 1
            self._carried = None
            return picture
        self._carried = anchored(dreamed - picture, dream.anchor)
        amount = fader() if fader else dream.amount
        return np.clip(picture + np.float32(amount) * self._carried, 0.0, 1.0)

    def _continued(
        self, size: Size, dream: Dream, moved: Array, motion: Motion, seconds: float
    ) -> Array:
        assert self._carried is not None
        back = after(moved, feedback(size, dream, seconds))
        flow = None if motion.flow is None else motion.flow * np.float32(dream.flow)
        return warped(self._carried, back, size, flow) * np.float32(dream.memory)

    def _hear(self, strips: tuple[Strip, ...]) -> list[str]:
        """The layer of each strip, as far as there are steps that have it; else its last."""
        network, stops = self.network, NETWORKS[self.network].stops
        for number, layer in enumerate(strip_layers(strips, network)):
            if self._steps.stock.has(network, layer):
                self._heard[network, number] = layer
        return [self._heard.get((network, number), stop) for number, stop in enumerate(stops)]

    def _wished(self, network: str, strips: tuple[Strip, ...]) -> list[str]:
        """The layer that each strip is to have, as soon as it is measured."""
        chosen = zip(strip_layers(strips, network), NETWORKS[network].stops, strict=True)
        return [
            layer
            if self._steps.measured(network, layer)
            else self._heard.get((network, number), stop)
            for number, (layer, stop) in enumerate(chosen)
        ]

    def _desk(
        self, network: str, chosen: Sequence[str], dream: Dream, strips: tuple[Strip, ...]
    ) -> list[Raised]:
        """The strips whose layers can be raised, from shallow to deep."""
        found = [
            Raised(layer, gain, self._steps.loudness(network, layer, dream.objective), strip)
            for layer, gain, strip in zip(chosen, open_gains(strips), strips, strict=True)
        ]
        depth = layers(network).index
        return sorted(
            (each for each in found if each.loudness != SILENT), key=lambda each: depth(each.layer)
        )

    def _builds(
        self, network: str, dream: Dream, strips: tuple[Strip, ...], size: Size
    ) -> list[Build]:
        """The open strips at every octave, the largest first; once nothing has changed for a while
        all of them, so that a strip that opens finds its layer there. (Taps that nobody raises
        cost 6 % of a step of InceptionV3, 20 % of the embedded network's.)"""
        least = NETWORKS[network].least
        size = (max(size[0], grained(least)), max(size[1], grained(least)))
        desk = self._desk(network, self._wished(network, strips), dream, strips)
        raised = tuple(each.layer for each in desk if each.gain)
        octaves = octave_sizes(size, dream, least)[::-1] if raised else []
        every = tuple(each.layer for each in desk) if self._calm > CALM or not raised else ()
        whole = [Build(network, every, size)] if every else []
        return [*(Build(network, raised, octave) for octave in octaves), *whole]

    def _ascended(
        self, start: Array, dream: Dream, strips: tuple[Strip, ...], units: int | None
    ) -> Array:
        desk = self._desk(self.network, self._hear(strips), dream, strips)
        raised = [each for each in desk if each.gain]
        if not raised:
            return start
        size = (start.shape[0], start.shape[1])
        octaves = octave_sizes(size, dream, self.least)
        plan = [octave for octave in octaves for _ in range(dream.steps)]
        first = self._turn % len(plan) if units is not None and units < len(plan) else 0
        count = min(units or len(plan), len(plan))
        picture = start
        for octave in [plan[(first + n) % len(plan)] for n in range(count)]:
            picture = self._stepped_up(picture, octave, dream, raised)
            self._stepped()
        self._turn = first + count
        return picture

    def _stepped_up(
        self, picture: Array, octave: Size, dream: Dream, raised: Sequence[Raised]
    ) -> Array:
        """``picture`` after one step at the size of ``octave``, or at the nearest there is."""
        wanted = Build(self.network, tuple(each.layer for each in raised), octave)
        compiled = self._steps.stock.best(wanted)
        if compiled is None:
            return picture
        size, whole = compiled.build.size, (picture.shape[0], picture.shape[1])
        before = np.clip(resized(picture, size), 0.0, 1.0)
        try:
            stepped = self._step(compiled, before, dream, raised)
        except OSError as error:
            self._steps.fail(compiled.step, error)
            return picture
        return stepped if size == whole else picture + resized(stepped - before, whole)

    def _step(
        self, compiled: Compiled, picture: Array, dream: Dream, raised: Sequence[Raised]
    ) -> Array:
        step = compiled.step
        knobs, gains = _knobs(compiled, dream, raised)
        placed = step.placed(picture)
        total: Tensor = 0.0
        for _ in range(dream.draws):
            rows, columns = self._random.integers(-dream.jitter, dream.jitter, 2, endpoint=True)
            seen = step.placed(self._noisy(picture, dream.noise)) if dream.noise else placed
            shift = (int(rows), int(columns))
            turned = rolled(knobs, compiled.taps, shift, compiled.build.size)
            gradient, _ = step.gradient(seen, turned, shift)
            total = total + gradient
        strips = [each.strip for each in raised]
        climbed = step.climbed(placed, total, climb_knobs(dream, gains, strips))
        return np.asarray(step.taken(climbed))

    def _noisy(self, picture: Array, noise: float) -> Array:
        grain = self._random.standard_normal(picture.shape, np.float32)
        return np.asarray(picture + np.float32(noise) * grain)


def _knobs(compiled: Compiled, dream: Dream, raised: Sequence[Raised]) -> tuple[Array, list[float]]:
    """The knobs of the gradient, and the gains of the strips that it raises. A layer that no strip
    raises is silent, a strip without its layer waits for a step that has it."""
    waiting = list(raised)
    heard = []
    for tap in compiled.taps:
        here = next((each for each in waiting if each.layer == tap.layer), None)
        if here:
            waiting.remove(here)
        heard.append(here or Raised(tap.layer, 0.0, 1.0, Strip()))
    knobs = gradient_knobs(
        compiled.taps,
        [each.gain / each.loudness for each in heard],
        [each.strip for each in heard],
        dream.objective,
        compiled.targets,
        dream.free,
    )
    return knobs, [each.gain for each in heard]
