"""A small picture of what is presented, for as long as the page is watched."""

import time
from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from engine.frame import Array
from installation.plan import LARGEST_PREVIEW, PREVIEW_FPS, Wires
from installation.player import beaten_at, read_pulse

LOOK_SECONDS = 0.25
GONE_SECONDS = 2.0  # a web player not heard of for so long shows nothing to anybody
SHARE = 0.1  # of the stage's time that pictures for others may take, at most


class Painted(Protocol):
    def finish(self) -> None:
        """Waits until it is painted."""

    def picture(self) -> Array:
        """(height, width, 3) uint8 RGB."""


class Preview:
    def __init__(self, wires: Wires, clock: Callable[[], float] = time.perf_counter) -> None:
        """``clock``: seconds, by which it is measured how long a picture takes."""
        self._wires = wires
        self._clock = clock
        self._watched = False
        self._looked_at = -LOOK_SECONDS
        self._due = 0.0

    def show(self, painted: Painted, now: float) -> None:
        """``painted`` is asked only while somebody watches, ``PREVIEW_FPS`` times a second at
        most."""
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            pulse = self._wires.pulses["web"]
            heard = now - beaten_at(pulse) < GONE_SECONDS
            self._watched = heard and read_pulse(pulse).get("watched", False)
        if self._watched and now >= self._due:
            painted.finish()  # which is to be waited for anyway, and is not our share
            began = self._clock()
            self._wires.preview.publish(shrunk(painted.picture()), now)
            taken = self._clock() - began
            self._due = now + max(0.9 / PREVIEW_FPS, taken / SHARE)  # a refresh may come early


def shrunk(picture: Array) -> Array:
    """Fits into ``LARGEST_PREVIEW``, undistorted."""
    height, width = picture.shape[:2]
    scale = min(LARGEST_PREVIEW[0] / width, LARGEST_PREVIEW[1] / height, 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_LINEAR)
