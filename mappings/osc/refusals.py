"""What is refused from outside, told in the log without flooding it."""

import logging
from collections.abc import Callable
from typing import Protocol

MOST_KINDS = 3  # told in one line
SILENT_SECONDS = 1.0
LONGEST = 200  # letters of each


class Loop(Protocol):
    def call_later(self, delay: float, callback: Callable[[], object]) -> object: ...


class Refusals:
    """The first is told at once; those that come within a second after it together, each kind with
    how often it came."""

    def __init__(self, what: str, loop: Loop, log: logging.Logger) -> None:
        """``what``: was refused, in a word: ``OSC``."""
        self._what = what
        self._loop = loop
        self._log = log
        self._kinds: dict[str, Callable[[], str]] = {}
        self._counts: dict[str, int] = {}
        self._others = 0
        self._silent = False

    def add(self, kind: str, sentence: Callable[[], str] | None = None) -> None:
        """``sentence`` tells of it, instead of ``kind``. It is only asked for if it is told: it may
        take its time."""
        if kind not in self._kinds and len(self._kinds) == MOST_KINDS:
            self._others += 1
        else:
            self._kinds.setdefault(kind, sentence or (lambda: kind))
            self._counts[kind] = self._counts.get(kind, 0) + 1
        if not self._silent:
            self._tell()

    def _tell(self) -> None:
        self._silent = bool(self._kinds)
        if not self._silent:
            return
        said = [
            sentence()[:LONGEST] + (f" ({self._counts[kind]} times)" * (self._counts[kind] > 1))
            for kind, sentence in self._kinds.items()
        ]
        others = [f"{self._others} more, of other kinds"] if self._others else []
        count = sum(self._counts.values()) + self._others
        self._log.warning("%s: %d refused: %s", self._what, count, "; ".join(said + others))
        self._kinds.clear()
        self._counts.clear()
        self._others = 0
        self._loop.call_later(SILENT_SECONDS, self._tell)
