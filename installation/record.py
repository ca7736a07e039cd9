"""The record player: keeps what was presented, as films and pictures."""

import logging
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import av
from PIL import Image

from engine.frame import Array, Frame, Slot
from installation.plan import FILMS, PICTURES, RECORDED_FPS, Plan, Wires
from installation.player import Pulse, play, step_back

FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
CLUSTERED = ".mkv"  # is in pieces anyway

log = logging.getLogger("record")


def record(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        step_back()
        await_dream(wires.dreamed, plan.patience, stopping, pulse)
        keep(plan.record, wires.presented, stopping, pulse)

    play("record", lifeline, wires.pulses["record"], loop)


def await_dream(
    dreamed: Slot, patience: float, stopping: threading.Event, pulse: Pulse, pause: float = 0.02
) -> None:
    """For the first dreamed frame, ``patience`` seconds at the most. They begin with this player;
    the show's own, from which it counts what it plays, a start of a process earlier."""
    until = time.monotonic() + patience
    while not (stopping.is_set() or dreamed.sequence or time.monotonic() >= until):
        pulse.beat(dict)
        stopping.wait(pause)


def keep(paths: Sequence[Path], presented: Slot, stopping: threading.Event, pulse: Pulse) -> None:
    """Writes until ``stopping``; a film that is there already from an earlier start of this player
    is not written over."""
    films = [Film(unused(path)) for path in paths if path.suffix.lower() in FILMS]
    newest: Frame | None = None
    tally = Tally(pulse)
    while not stopping.is_set():
        presented.wait(0.2)
        newer = presented.newest(after=newest.sequence if newest else 0)
        if newer:
            if films:
                tally.kept(newer, newest)
            newest = newer
            for film in films:
                film.add(newer.pixels, newer.seen_at)
        pulse.beat(tally.figures)
    for film in films:
        film.close()
    for path in paths:
        if newest and path.suffix.lower() in PICTURES:
            Image.fromarray(newest.pixels).save(path)
    if tally.missed:
        log.warning("%s", tally)
    pulse.beat_now(tally.figures())


class Tally:
    """``recorded``: pictures that were taken. ``missed``: those that were handed on and would have
    had a place of their own in the film, but the next had come before they were taken."""

    def __init__(self, pulse: Pulse) -> None:
        self.recorded = pulse.count_before("recorded")
        self.missed = pulse.count_before("missed")

    def kept(self, newer: Frame, last: Frame | None) -> None:
        """``last``: that was kept before; None at the start."""
        self.recorded += 1
        if last:
            places = round((newer.seen_at - last.seen_at) * RECORDED_FPS)
            self.missed += max(min(newer.sequence - last.sequence, places) - 1, 0)

    def figures(self) -> dict[str, Any]:
        return {"recorded": self.recorded, "missed": self.missed}

    def __str__(self) -> str:
        every = self.recorded + self.missed
        return f"{self.missed} of {every} pictures were not kept: this machine was too slow"


def unused(path: Path) -> Path:
    """``path``, or ``path`` with a number where there is something already."""
    number, free = 1, path
    while free.exists() and free.stat().st_size:
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


class Film:
    """An H.264 film: each picture at the time it was shown, to a thirtieth of a second. The file
    is written in fragments, so that it plays to the last one even if the power fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._container: Any = None
        self._size = (0, 0)
        self._began = 0.0
        self._last = -1

    def add(self, pixels: Array, at: float) -> None:
        """``pixels``: (h, w, 3) uint8 RGB. ``at``: monotonic seconds. A picture of another size
        than the first one is scaled to it."""
        if self._container is None:
            self._open(pixels, at)
        place = round((at - self._began) * RECORDED_FPS)
        if place <= self._last:
            return
        self._last = place
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        if (frame.width, frame.height) != self._size:
            frame = frame.reformat(*self._size)
        frame.pts, frame.time_base = place, Fraction(1, RECORDED_FPS)
        self._container.mux(self._stream.encode(frame))

    def _open(self, pixels: Array, at: float) -> None:
        height, width = (side - side % 2 for side in pixels.shape[:2])
        self._size, self._began = (width, height), at
        fragments = {} if self.path.suffix.lower() == CLUSTERED else FRAGMENTS
        options = {"flush_packets": "1", **fragments}
        log.info("recording to %s", self.path)
        self._container = av.open(str(self.path), "w", options=options)
        self._stream = self._container.add_stream("libx264", rate=RECORDED_FPS)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.thread_count = 1
        self._stream.options = {"preset": "ultrafast", "crf": "21", "g": str(2 * RECORDED_FPS)}

    def close(self) -> None:
        if self._container is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
