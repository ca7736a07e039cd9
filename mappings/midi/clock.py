"""MIDI clock, 24 pulses a beat: the tempo that another machine's pulses have, and our own pulses.

The tempo heard is a line through the last two beats, least squares: of a jitter of standard
deviation ``s`` a slope over ``n`` even steps keeps ``s * sqrt(12 / n**3)``, which is 0.06 % of a
pulse at 120 beats/min where the cable jitters by 2 ms to each side (Draper and Smith, Applied
Regression Analysis, 1.4). A delay-locked loop (F. Adriaensen, Using a DLL to filter time, 2005)
that is as calm takes longer to follow.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ClockKind = Literal["clock", "start", "continue", "stop"]

PULSES = 24  # a beat
BAR = 4 * PULSES
SIXTEENTH = PULSES // 4  # what a song position counts
FITTED = 2 * PULSES  # pulses that the tempo is taken from
ENOUGH = PULSES // 2  # of them, for a tempo to be said
MISSED = 3.5  # pulses without one: the clock is lost
SLOWEST = 0.5  # seconds between pulses whose tempo is not known yet
SHORTEST = 0.004  # seconds a pulse: 625 beats/min
SILENT = 1.0  # seconds without a message: another port may lead
MOST_AT_ONCE = PULSES // 2  # pulses of a line that are sent late; more is a jump
JUST_OVER = 2  # pulses


@dataclass(frozen=True, slots=True)
class Line:
    """The beats of a steady tempo. ``beat``: since the downbeat, at ``at`` (``time.monotonic()``
    seconds). ``tempo``: beats/min."""

    tempo: float
    beat: float
    at: float

    def beat_at(self, at: float) -> float:
        return self.beat + (at - self.at) * self.tempo / 60

    def reaches(self, beat: float) -> float:
        """The instant of ``beat``."""
        return self.at + (beat - self.beat) * 60 / self.tempo


class PulseFollower:
    """The tempo and the beat of pulses that are heard. Where they fail to come, it goes on at the
    last tempo. Heard from one thread, asked from any: what is asked for is replaced whole."""

    def __init__(self) -> None:
        self._line: Line | None = None
        self._lost_at = -math.inf
        self._times: deque[float] = deque(maxlen=FITTED)
        self._pulse = -1  # since the downbeat: that of the last time
        self._next: int | None = None  # what the next pulse is, where it does not just go on
        self._song = 0  # the pulse that the song goes on with

    @property
    def tempo(self) -> float | None:
        """Beats/min; None until there were pulses enough."""
        return self._line.tempo if self._line else None

    def beat(self, at: float) -> float:
        """Beats since the downbeat, at ``at`` (``time.monotonic()`` seconds)."""
        return self._line.beat_at(at) if self._line else max(self._pulse, 0) / PULSES

    def steady(self, at: float) -> bool:
        """Whether the pulses come."""
        return self._line is not None and at <= self._lost_at

    def heard(self, kind: str, at: float) -> None:
        """``kind``: as mido names it; others mean nothing here. ``at``: when it arrived,
        ``time.monotonic()`` seconds."""
        match kind:
            case "clock":
                self._pulsed(at)
            case "start":
                self._play_from(0)
            case "continue":
                self._play_from(self._song)
            case "stop":
                self._song = self._pulse + 1

    def located(self, sixteenths: int) -> None:
        """Where the song goes on: a song position, in sixteenth notes since its start."""
        self._song = sixteenths * SIXTEENTH

    def _play_from(self, pulse: int) -> None:
        """The next pulse is that one; most machines begin their pulses anew with it."""
        self._next = pulse
        self._times.clear()

    def _pulsed(self, at: float) -> None:
        if self._times and at > self._lost_at:
            self._times.clear()
            self._pulse = round(self.beat(at) * PULSES) - 1
        self._pulse = self._pulse + 1 if self._next is None else self._next
        self._next = None
        self._times.append(at)
        self._line = self._fitted()
        known = self._line is not None and len(self._times) >= ENOUGH
        self._lost_at = at + (MISSED * self._seconds() if known else SLOWEST)

    def _fitted(self) -> Line | None:
        """The line through the pulses; while they are few, at the tempo there was."""
        count = len(self._times)
        if count < ENOUGH and self._line is None:
            return None
        seconds = self._slope() if count >= ENOUGH else self._seconds()
        middle = self._pulse - (count - 1) / 2
        return Line(60 / (PULSES * seconds), middle / PULSES, sum(self._times) / count)

    def _slope(self) -> float:
        """Seconds a pulse, by least squares."""
        count = len(self._times)
        middle = (count - 1) / 2
        along = sum((place - middle) * at for place, at in enumerate(self._times))
        return max(along / (count * (count**2 - 1) / 12), SHORTEST)

    def _seconds(self) -> float:
        assert self._line
        return 60 / (PULSES * self._line.tempo)


class Leader:
    """Of several ports that pulse, the one that is followed: the first, until it falls silent. The
    same clock may come by two ways."""

    def __init__(self, follower: PulseFollower) -> None:
        self._follower = follower
        self._port = ""
        self._heard_at = -math.inf
        self._lock = threading.Lock()

    def heard(self, port: str, kind: str, at: float, sixteenths: int = 0) -> None:
        """From any thread. ``sixteenths``: of a song position."""
        with self._lock:
            if port != self._port and at - self._heard_at <= SILENT:
                return
            self._port, self._heard_at = port, at
            if kind == "songpos":
                self._follower.located(sixteenths)
            else:
                self._follower.heard(kind, at)


class PulseMaker:
    """Which pulses of a line are due. It says ``start`` before a bar when it has just begun, and
    again when the line has jumped: so the bars of those who follow begin where ours do."""

    def __init__(self) -> None:
        self._sent: int | None = None  # the last pulse
        self._together = False  # the pulses since the last start are those of the line

    def due(self, line: Line, now: float) -> list[ClockKind]:
        reached = math.floor(line.beat_at(now) * PULSES + 1e-6)
        if self._sent is None or not -2 <= reached - self._sent <= MOST_AT_ONCE:
            return self._beginning(reached)
        kinds: list[ClockKind] = []
        for pulse in range(self._sent + 1, reached + 1):
            kinds += self._kinds(pulse)
            self._sent = pulse
        return kinds

    def next_at(self, line: Line) -> float:
        """When to ask again."""
        assert self._sent is not None
        return line.reaches((self._sent + 1) / PULSES)

    def _beginning(self, pulse: int) -> list[ClockKind]:
        """Somewhere in a bar: with its start, if that is only just over."""
        self._sent = pulse
        since = pulse % BAR
        self._together = since <= JUST_OVER
        missed: list[ClockKind] = ["clock"] * (since + 1)
        return ["start", *missed] if self._together else []

    def _kinds(self, pulse: int) -> list[ClockKind]:
        """A start goes with the pulse before the bar: receivers need a moment for it."""
        if self._together or (pulse + 1) % BAR:
            return ["clock"]
        self._together = True
        return ["clock", "start"]


class PulseSender:
    """Sends the pulses of a line, from a thread of its own: 60 ticks a second are too coarse for
    48 pulses. ``send`` is called from that thread; it must not block, nor raise."""

    def __init__(self, send: Callable[[ClockKind], None]) -> None:
        self._send = send
        self._line: Line | None = None
        self._pulses: PulseMaker | None = None
        self._changed = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def follow(self, line: Line | None) -> None:
        """From now on the pulses are those of ``line``; None stops them."""
        if line != self._line:
            self._line = line
            self._changed.set()

    def close(self) -> None:
        """Says that the music stops."""
        self._closed = True
        self._changed.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            self._changed.clear()
            if self._closed:
                break
            line = self._line
            if line is None:
                self._stop()
            self._changed.wait(self._played(line) if line else None)
        self._stop()

    def _played(self, line: Line) -> float:
        """Sends what is due; the seconds until the next."""
        self._pulses = self._pulses or PulseMaker()
        for kind in self._pulses.due(line, time.monotonic()):
            self._send(kind)
        return max(self._pulses.next_at(line) - time.monotonic(), 0.0)

    def _stop(self) -> None:
        if self._pulses:
            self._pulses = None
            self._send("stop")
