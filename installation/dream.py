"""The dream player: the newest picture, cut to the mirrors' wedge, dreamed on, published."""

import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import cv2
import numpy as np

from engine.bank import Bank
from engine.dream import Dream, Strip
from engine.dreamer import STILL, Backend, Dreamer, Steps
from engine.frame import Frame
from engine.networks import NETWORKS
from installation.figures import Rate, Spread
from installation.kaleidoscope import Canvas, canvas, crop, moved
from installation.plan import LARGEST_DREAM, Plan, Wires
from installation.player import Pulse, play, step_back
from installation.settings import Scope, table

IDLE_SECONDS = 0.05
SWITCH_SECONDS = 0.0005  # how long the thread that compiles keeps the loop waiting


def dream(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        step_back()
        sys.setswitchinterval(SWITCH_SECONDS)
        cv2.setNumThreads(1)
        with muted():
            backend = tensorflow(threads=max(1, (os.cpu_count() or 2) - 1))
        DreamPlayer(plan, wires, Steps(backend, plan.weights), pulse).run(stopping)

    play("dream", lifeline, wires.pulses["dream"], loop)


def tensorflow(threads: int) -> Backend:
    """Takes seconds to import: only this player pays them."""
    from engine.backends.tensorflow import TensorFlow

    return TensorFlow(threads)


@contextmanager
def muted() -> Iterator[None]:
    """TensorFlow's libraries write a dozen lines about missing GPUs to the terminal before anyone
    can tell them not to. What goes wrong is raised, and is heard."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class DreamPlayer:
    def __init__(self, plan: Plan, wires: Wires, steps: Steps, pulse: Pulse) -> None:
        self._shape = plan.shape
        self._wires = wires
        self._bank = Bank(table(), wires.bank)
        self._steps = steps
        self._dreamer = Dreamer(steps, stepped=lambda: pulse.beat(self._figures))
        self._pulse = pulse
        self._rate = Rate()
        self._step_times = Spread()
        self._frame: Frame | None = None
        self._canvas: Canvas | None = None
        self._reset = self._bank.read().of(Dream).reset
        self._dreamed_at = time.monotonic()
        self._late = pulse.count_before("late")
        self._dropped = pulse.count_before("dropped")
        self._usual_ms = math.inf
        self._dreamed_on = 0
        self._traces_before: int | None = None
        self._told = 0

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            began = time.monotonic()
            pause = self._next(began)
            self._tell_failures()
            self._pulse.beat(self._figures)
            stopping.wait(max(0.0, began + pause - time.monotonic()))
        self._pulse.beat_now(self._figures())

    def _next(self, now: float) -> float:
        """One frame, if there is anything to dream with. Returns the seconds a frame may take."""
        moment = self._bank.read(now)
        settings = moment.of(Dream)
        self._look()
        awake = self._dreamer.awake(settings.network)
        if self._frame is None or not awake or settings.freeze:
            return IDLE_SECONDS
        if settings.reset != self._reset:
            self._reset = settings.reset
            self._dreamer.reset()
        self._dream(settings, moment.each(Strip), moment.of(Scope), now)
        return 1 / settings.target_fps

    def _look(self) -> None:
        newest = self._wires.captured.newest(after=self._frame.sequence if self._frame else 0)
        self._frame = newest or self._frame

    def _dream(self, settings: Dream, strips: tuple[Strip, ...], scope: Scope, now: float) -> None:
        assert self._frame is not None
        least = NETWORKS[self._dreamer.network].least
        high = min(round(settings.size * self._shape), LARGEST_DREAM[1])
        here = canvas(scope, self._frame.aspect, settings.size, high, least)
        way = moved(self._canvas, here) if self._canvas else STILL
        began = time.perf_counter()
        dreamed = self._dreamer.dream(
            crop(self._frame, here), settings, strips, way, min(now - self._dreamed_at, 0.25)
        )
        self._count(time.perf_counter() - began, self._frame.sequence)
        self._canvas, self._dreamed_at = here, now
        pixels = cv2.convertScaleAbs(dreamed, alpha=255.0)
        self._wires.dreamed.publish(
            np.asarray(pixels), self._frame.seen_at, here.view, self._frame.aspect
        )
        self._rate.happened(time.monotonic())
        if self._traces_before is None:
            self._traces_before = self._steps.traces

    def _count(self, seconds: float, sequence: int) -> None:
        self._step_times.add(seconds)
        self._late += seconds * 1000 > 2 * self._usual_ms
        if self._dreamed_on:
            self._dropped += max(sequence - self._dreamed_on - 1, 0)
        self._dreamed_on = sequence

    def _tell_failures(self) -> None:
        for failure in self._steps.failures[self._told :]:
            self._pulse.failed(failure)
        self._told = len(self._steps.failures)

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
            "canvas": [width, height],
        }
