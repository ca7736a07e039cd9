"""The dream player: the newest picture, cut to the mirrors' wedge, dreamed on, published."""

import math
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

import cv2
import numpy as np

from engine.backends.choosing import backends
from engine.bank import Bank
from engine.budget import Budget, Effort, efforts
from engine.dream import Dream, Strip
from engine.dreamer import Dreamer
from engine.flow import NONE, Follower, Motion
from engine.frame import Array, Frame
from engine.loading import Networks
from engine.memory import STILL, resized
from engine.networks import NETWORKS
from engine.steps import Steps
from installation.figures import Rate, Spread
from installation.kaleidoscope import Canvas, canvas, crop, moved
from installation.plan import LARGEST_DREAM, Plan, Wires, dream_threads
from installation.player import Hopeless, Pulse, play, step_back
from installation.settings import Scope, table
from installation.sources.pictures import picture

GUIDE = 512  # pixels of its longer side
IDLE_SECONDS = 0.05
EARLY = 0.4  # of a frame's time, by which a new picture may come before its turn
LONGEST_SECONDS = 0.25  # what passed in a longer frame is not caught up with
SWITCH_SECONDS = 0.0005  # how long the thread that compiles keeps the loop waiting


def dream(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        step_back()
        sys.setswitchinterval(SWITCH_SECONDS)
        cv2.setNumThreads(1)
        there = backends(plan.backend, plan.precision, dream_threads(), pulse.failed)
        steps = Steps(there, Networks(plan.weights), guide(plan))
        DreamPlayer(plan, wires, steps, pulse).run(stopping)

    play("dream", lifeline, wires.pulses["dream"], loop)


def guide(plan: Plan) -> Array | None:
    """Raises Hopeless for what is no picture."""
    if plan.guide is None:
        return None
    try:
        pixels = picture(plan.guide)
    except OSError as error:
        raise Hopeless(f"--guide: {error}") from error
    scale = min(1.0, GUIDE / max(pixels.shape[:2]))
    rows, columns = (round(side * scale) for side in pixels.shape[:2])
    return np.asarray(resized(pixels, (rows, columns)), np.float32) / 255


class DreamPlayer:
    def __init__(self, plan: Plan, wires: Wires, steps: Steps, pulse: Pulse) -> None:
        self._shape = plan.shape
        self._wires = wires
        self._bank = Bank(table(), wires.bank)
        self._steps = steps
        self._dreamer = Dreamer(steps, stepped=lambda: pulse.beat(self._figures))
        self._follower = Follower()
        self._budget = Budget()
        self._pulse = pulse
        self._rate = Rate()
        self._step_times = Spread()
        self._frame: Frame | None = None
        self._canvas: Canvas | None = None
        self._followed: Canvas | None = None  # where motion was last looked for
        self._reset = self._bank.read().of(Dream).reset
        self._dreamed_at = time.monotonic()
        self._late = pulse.count_before("late")
        self._dropped = pulse.count_before("dropped")
        self._usual_ms = math.inf
        self._dreamed_on = 0  # sequence of the captured frame
        self._traces_before: int | None = None
        self._told = 0

    def run(self, stopping: threading.Event) -> None:
        due, usual = time.monotonic(), 0.0
        while not stopping.is_set():
            pause = self._next(time.monotonic())
            self._tell_failures()
            self._pulse.beat(self._figures)
            now = time.monotonic()
            due = max(due + pause, now) if pause == usual else now + pause
            usual = pause
            self._rest(stopping, due - EARLY * pause, due)
        self._pulse.beat_now(self._figures())

    def _rest(self, stopping: threading.Event, earliest: float, due: float) -> None:
        """Until ``due``; a new picture need not wait for it, but for ``earliest``."""
        stopping.wait(max(0.0, earliest - time.monotonic()))
        seen = self._frame.sequence if self._frame else 0
        while not stopping.is_set() and self._wires.captured.sequence <= seen:
            left = due - time.monotonic()
            if left <= 0:
                return
            self._wires.captured.wait(min(left, IDLE_SECONDS))

    def _next(self, now: float) -> float:
        """One frame, if there is anything to dream with. Returns the seconds a frame may take."""
        moment = self._bank.read(now)
        settings, strips = moment.of(Dream), moment.each(Strip)
        self._look()
        if self._frame is None:
            self._dreamer.wish(settings, strips)
            return IDLE_SECONDS
        allowed, scope = 1 / settings.target_fps, moment.of(Scope)
        effort = self._budget.effort(self._efforts(scope, settings), allowed, now)
        here = self._canvas_for(scope, settings, effort.share)
        awake = self._dreamer.awake(settings, strips, (here.height, here.width))
        if not awake or settings.freeze:
            return IDLE_SECONDS
        if settings.reset != self._reset:
            self._reset = settings.reset
            self._dreamer.reset()
        began = time.perf_counter()
        self._dream(here, settings, strips, effort.units, now)
        took = time.perf_counter() - began
        if self._dreamer.settled:
            self._budget.spent(took, effort)
        self._count(took, self._frame.sequence)
        return allowed

    def _look(self) -> None:
        newest = self._wires.captured.newest(after=self._frame.sequence if self._frame else 0)
        self._frame = newest or self._frame

    def _efforts(self, scope: Scope, settings: Dream) -> list[Effort]:
        """By the octaves of the whole size: a smaller one may have fewer."""
        whole = self._canvas_for(scope, settings, 1.0)
        units = self._dreamer.units((whole.height, whole.width), settings)
        return efforts(units, settings.fix_steps, settings.fix_size)

    def _canvas_for(self, scope: Scope, settings: Dream, share: float) -> Canvas:
        assert self._frame is not None
        least = max(self._dreamer.least, NETWORKS[settings.network].least)
        wide = round(settings.size * share)
        high = min(round(settings.size * self._shape), LARGEST_DREAM[1]) * share
        return canvas(scope, self._frame.aspect, wide, round(high), least)

    def _dream(
        self, here: Canvas, settings: Dream, strips: tuple[Strip, ...], units: int, now: float
    ) -> None:
        assert self._frame is not None
        way = moved(self._canvas, here) if self._canvas else STILL
        seconds = min(now - self._dreamed_at, LONGEST_SECONDS)
        seen = crop(self._frame, here)
        motion = self._motion(seen, here)
        dreamed = self._dreamer.dream(
            seen, settings, strips, way, motion, seconds, units, self._fader
        )
        self._canvas, self._dreamed_at = here, now
        pixels = cv2.convertScaleAbs(dreamed, alpha=255.0)
        self._wires.dreamed.publish(
            np.asarray(pixels), self._frame.seen_at, here.view, self._frame.aspect
        )
        self._rate.happened(time.monotonic())
        if self._traces_before is None:
            self._traces_before = self._steps.traces

    def _fader(self) -> float:
        """As it stands now: it shows a frame earlier so."""
        return self._bank.read().of(Dream).amount

    def _motion(self, seen: Array, here: Canvas) -> Motion:
        """Looked for only in a frame that is new, since the last one that was."""
        assert self._frame is not None
        if self._frame.sequence == self._dreamed_on:
            return NONE
        way = moved(self._followed, here) if self._followed else STILL
        self._followed = here
        return self._follower.moved(seen, way)

    def _count(self, seconds: float, sequence: int) -> None:
        self._step_times.add(seconds)
        self._late += seconds * 1000 > 2 * self._usual_ms
        if self._dreamed_on:
            self._dropped += max(sequence - self._dreamed_on - 1, 0)
        self._dreamed_on = sequence

    def _tell_failures(self) -> None:
        untold = self._steps.failed - self._told
        for failure in list(self._steps.failures)[-untold:] if untold else ():
            self._pulse.failed(failure)
        self._told += untold

    def _figures(self) -> dict[str, Any]:
        width, height = (self._canvas.width, self._canvas.height) if self._canvas else (0, 0)
        started = self._traces_before is not None
        self._usual_ms = self._step_times.percentile(50) or math.inf
        return {
            "dreamed": self._wires.dreamed.sequence,
            "fps": self._rate.per_second(),
            "late": self._late,
            "dropped": self._dropped,
            "step_ms": {
                "p50": self._step_times.percentile(50),
                "p95": self._step_times.percentile(95),
            },
            "traces": self._steps.traces - (self._traces_before or 0) if started else 0,
            "compiled": self._steps.compiled,
            "reseeded": self._dreamer.reseeded,
            "network": self._dreamer.network,
            "backend": self._steps.backend,
            "precision": self._steps.precision,
            "cuts": self._dreamer.cuts,
            "canvas": [width, height],
        }
