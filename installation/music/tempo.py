"""The tempo and the beat, whoever gives them: a hand, a machine's MIDI clock, Ableton Link."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from engine.parameters import Table
from installation.desk import Desk
from installation.music.taps import Taps
from installation.player import Pulse
from installation.settings import CLOCKS
from mappings.midi.clock import Line

BEATS_A_BAR = 4
NEAR = 0.5  # beats: what is nearer is made up for, what is further is leapt to
TEMPO, TAP, DOWNBEAT = "/master/tempo", "/master/tap", "/master/downbeat"
CLOCK, SEND_CLOCK = "/master/clock", "/master/send_clock"

log = logging.getLogger("control")


class Giver(Protocol):
    """Another machine, whose tempo is followed."""

    @property
    def tempo(self) -> float | None:
        """Beats/min; None while it is not known."""

    def beat(self, at: float) -> float:
        """Beats since a downbeat, at ``at`` (``time.monotonic()`` seconds)."""

    def steady(self, at: float) -> bool:
        """Whether it is there; without it the tempo goes on as it was."""


class Session(Giver, Protocol):
    """A tempo that everyone may turn."""

    def turn(self, tempo: float) -> None: ...

    def close(self) -> None: ...


class Sender(Protocol):
    """Tells other machines."""

    def follow(self, line: Line | None) -> None:
        """Called 60 times a second, mostly with the line there was; None ends it."""


@dataclass(frozen=True, slots=True)
class Beats:
    """What the beats go by: ``first``, and from ``met`` on (``time.monotonic()`` seconds)
    ``line``."""

    first: Line
    met: float
    line: Line

    def line_at(self, at: float) -> Line:
        return self.first if at < self.met else self.line

    def count(self, at: float) -> float:
        """Beats; before it began, those with which it began."""
        return self.line_at(at).beat_at(max(at, self.first.at))

    def owed(self, at: float) -> float:
        """Beats that must still be made up for."""
        return self.line.beat_at(at) - self.count(at) if at < self.met else 0.0


def going(tempo: float, beat: float, at: float, owed: float = 0.0) -> Beats:
    """From ``beat`` at ``at``. ``owed``: beats, more than -1, made up for over the next one, so
    that nothing jumps and nothing goes back."""
    first = Line(tempo * (1 + owed), beat, at)
    return Beats(first, at + 60 / tempo if owed else at, Line(tempo, beat + owed, at))


class Tempo:
    """Part of the control player. The beats never go back. They leap, forwards to a bar line, where
    a downbeat is called or another clock is elsewhere; everything else they make up for over the
    next beat. Every fourth beat begins a bar."""

    def __init__(
        self,
        parameters: Table,
        desk: Desk,
        pulses: Giver,
        joined: Callable[[float], Session],
        sender: Sender | None,
        pulse: Pulse,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``pulses``: of MIDI. ``joined``: begins a session at a tempo, or raises OSError."""
        self.downbeat = 0.0  # the beat that long waves are counted from
        self._range = parameters[TEMPO].kind
        self._desk = desk
        self._pulses = pulses
        self._joined = joined
        self._sender = sender
        self._pulse = pulse
        self._clock = clock
        self._taps = Taps(self._range)
        self._shown = desk.values[TEMPO]
        self._beats = going(self._shown, 0.0, clock())
        self._chosen = CLOCKS[0]
        self._session: Session | None = None
        self._ahead = math.inf  # of the giver's beats ours are; not known before the first
        desk.act(TAP, self._tapped)
        desk.act(DOWNBEAT, self._bar_begins)

    def beat(self, at: float) -> float:
        """Beats since the start, at ``at`` (``time.monotonic()`` seconds, not before the last
        tick)."""
        return self._beats.count(at)

    def tick(self, now: float) -> None:
        self._choose()
        turned = self._desk.values[TEMPO]
        if turned != self._shown and self._session:
            self._session.turn(turned)
        giver = self._giving(now)
        if giver:
            self._steer(giver, now)
        elif turned != self._shown:
            self._beats = going(turned, self.beat(now), now, self._beats.owed(now))
        self._shown = self._desk.values[TEMPO]
        if self._sender:
            sent = self._desk.values[SEND_CLOCK]
            self._sender.follow(self._beats.line_at(now) if sent else None)

    def figures(self) -> dict[str, Any]:
        now = self._clock()
        return {
            "tempo": round(self._beats.line.tempo, 2),
            "beat": round(self.beat(now) - self.downbeat, 3),
            "at": now,
            "clock": self._chosen,
            "steady": self._chosen == CLOCKS[0] or self._giving(now) is not None,
        }

    def close(self) -> None:
        if self._session:
            self._session.close()

    def _choose(self) -> None:
        """Follows the clock that the knob stands at; one that is not there is turned back."""
        chosen = CLOCKS[int(self._desk.values[CLOCK])]
        if chosen == self._chosen:
            return
        self.close()
        self._session, self._ahead = None, math.inf
        if chosen == "link":
            try:
                self._session = self._joined(self._desk.values[TEMPO])
            except OSError as error:
                log.error("%s; the tempo stays our own", error)
                self._pulse.failed(str(error))
                chosen = CLOCKS[0]
                self._desk.put({CLOCK: 0.0})
        self._chosen = chosen

    def _giving(self, now: float) -> Giver | None:
        giver = self._session or (self._pulses if self._chosen == "midi" else None)
        return giver if giver and giver.tempo and giver.steady(now) else None

    def _steer(self, giver: Giver, now: float) -> None:
        assert giver.tempo
        shown = self._range.clamped(round(giver.tempo, 1))
        if shown != self._desk.values[TEMPO]:
            self._desk.put({TEMPO: shown})
        beat, given = self.beat(now), giver.beat(now)
        owed, leap = given + self._ahead - beat, 0.0
        if abs(owed) > NEAR:  # it has begun anew, or goes on elsewhere
            owed = _to_bar(beat - given)
            self._ahead = self.downbeat = float(round(beat + owed - given))
            if owed > NEAR:
                owed, leap = 0.0, owed
        self._beats = going(giver.tempo, beat + leap, now, owed)

    def _tapped(self, times: float) -> None:
        """A tap is heard when the desk settles it, at most a tick's work (a few ms) after it came:
        less than a hand is out by (10 ms and more)."""
        now = self._clock()
        if not self._taps.tapped(now):
            return
        if self._taps.tempo:
            self._desk.put({TEMPO: round(self._taps.tempo, 1)})
        if self._giving(now) is None:
            beat = self.beat(now)
            self._beats = going(self._desk.values[TEMPO], beat, now, round(beat) - beat)

    def _bar_begins(self, times: float) -> None:
        """Where another machine gives the beats, this says which of them is the first."""
        now = self._clock()
        beat, giver = self.beat(now), self._giving(now)
        off = _to_bar(beat)
        self.downbeat = float(round(beat + off))
        if giver:
            self._ahead = self.downbeat - round(giver.beat(now))
        leap = max(off, 0.0)
        self._beats = going(self._beats.line.tempo, beat + leap, now, off - leap)


def _to_bar(beats: float) -> float:
    """How far the nearest bar line is that is not yet half a beat past."""
    return (NEAR - beats) % BEATS_A_BAR - NEAR
