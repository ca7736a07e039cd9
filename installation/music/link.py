"""Ableton Link: a tempo and bars that the programs on a network share, and anyone may turn."""

import importlib
import time
from typing import Any

from installation.music.tempo import BEATS_A_BAR


class LinkSession:
    """Joins those that are there, at their tempo, or begins alone at ``tempo``. Raises OSError
    where the binding is missing: it is an extra, as Link itself is GPL."""

    def __init__(self, tempo: float) -> None:
        try:
            binding: Any = importlib.import_module("link")
        except ImportError as error:
            wanted = "pip install 'kaleidream[link]'"
            raise OSError(f"Link: expected its extra ({wanted}), {error}") from None
        self._link = binding.Link(tempo)
        self._clock = self._link.clock()
        self._link.enabled = True

    @property
    def tempo(self) -> float:
        return float(self._link.captureAppSessionState().tempo())

    @property
    def peers(self) -> int:
        """How many others there are."""
        return int(self._link.numPeers())

    def beat(self, at: float) -> float:
        """Beats since the session's downbeat: the same bar, not the same number, as everyone's."""
        state = self._link.captureAppSessionState()
        bar = float(BEATS_A_BAR)  # peers agree on where one begins only if they ask for the same
        return float(state.beatAtTime(self._micros(at), bar))

    def steady(self, at: float) -> bool:
        """Alone too there is a tempo."""
        return True

    def turn(self, tempo: float) -> None:
        """For everyone."""
        state = self._link.captureAppSessionState()
        state.setTempo(tempo, self._clock.micros())
        self._link.commitAppSessionState(state)

    def close(self) -> None:
        self._link.enabled = False

    def _micros(self, at: float) -> int:
        """Link counts by a clock of its own (on Linux CLOCK_MONOTONIC_RAW, which drifts from
        ours)."""
        return int(self._clock.micros() + (at - time.monotonic()) * 1e6)
