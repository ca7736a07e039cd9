"""Listens to MIDI ports: what they say waits here until its owner takes it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import mido

from mappings.midi.plugs import Plugs, Words, steady_name

VIRTUAL = "Kaleidream"
WAITING = 1024  # messages; a controller sends at most some hundred between two looks
MOVING = (  # messages of a channel: what somebody does
    "note_on",
    "note_off",
    "control_change",
    "pitchwheel",
    "program_change",
)
PULSING = ("clock", "start", "continue", "stop", "songpos")
WORDS = Words("MIDI: listening to %s", "MIDI: lost %s", "MIDI: cannot open %s: %s")

Hear = Callable[[mido.Message], None]
Clocked = Callable[[str, str, float, int], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """``port``: its steady name. ``message``: its bytes. ``at``: ``time.monotonic()`` seconds."""

    port: str
    message: tuple[int, ...]
    at: float


class Port(Protocol):
    """An open input."""

    def close(self) -> None: ...


class Ports(Protocol):
    """The inputs of this machine. ``hear`` is called from another thread."""

    def names(self) -> list[str]:
        """Those that are there now."""

    def opened(self, name: str, hear: Hear) -> Port:
        """Raises OSError."""

    def virtual(self, name: str, hear: Hear) -> Port | None:
        """An input that other software connects to, None where there is no such thing."""

    def close(self) -> None:
        """No more names: under JACK, who leaves without a word stalls everybody."""


class MidiInputs:
    """Every input whose name contains ``wanted`` (all of them if None), come and gone as they are
    plugged, and one that other software connects to. ``wake`` is called, from another thread, when
    messages begin to wait; close this before what ``wake`` wakes. ``clocked``, from another thread
    too, with the port, the kind of message, when it came (``time.monotonic()`` seconds), and the
    sixteenth notes of a song position. ``ports`` are closed with it, also where it raises OSError
    at once."""

    def __init__(
        self,
        ports: Ports,
        wake: Callable[[], object],
        wanted: str | None = None,
        clocked: Clocked | None = None,
    ) -> None:
        self.inbox = Inbox(wake)
        self._clocked = clocked
        self._ports = ports
        self._wanted = steady_name(wanted or "").lower()
        self._plugs = Plugs(self._opened, WORDS)
        try:
            self._virtual = ports.virtual(VIRTUAL, partial(self._hear, VIRTUAL))
        except OSError:
            ports.close()
            raise
        self.scan()
        if wanted and not self.names:
            there = ", ".join(map(steady_name, heard_from(ports))) or "none"
            log.warning("MIDI: expected a port named %r, found %s; waiting for it", wanted, there)

    @property
    def names(self) -> list[str]:
        """The ports that are open, without what changes when they are plugged in again."""
        return self._plugs.names

    def scan(self) -> list[str]:
        """Opens the ports that have come and closes those that have gone: to be called about once
        a second. Those that were opened. Nothing is raised."""
        return self._plugs.scan(heard_from(self._ports), lambda name: self._wanted in name.lower())

    def heard(self) -> list[Heard]:
        """What was moved since the last call, in order."""
        return self.inbox.taken()

    def close(self) -> None:
        self._plugs.close()
        if self._virtual is not None:
            self._virtual.close()
            self._virtual = None
        self._ports.close()

    def _opened(self, system: str, name: str) -> Port:
        return self._ports.opened(system, partial(self._hear, name))

    def _hear(self, port: str, message: mido.Message) -> None:
        if message.type in MOVING:
            self.inbox.put(Heard(port, tuple(message.bytes()), time.monotonic()))
        elif self._clocked and message.type in PULSING:
            place = message.pos if message.type == "songpos" else 0
            self._clocked(port, message.type, time.monotonic(), place)


class Inbox:
    """What waits between the threads of the ports and the owner. When it is full the oldest goes:
    ``received`` and ``dropped`` count."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self.received = 0
        self.dropped = 0
        self._wake = wake
        self._waiting: deque[Heard] = deque(maxlen=WAITING)
        self._lock = threading.Lock()

    def put(self, heard: Heard) -> None:
        with self._lock:
            first = not self._waiting
            self.received += 1
            self.dropped += len(self._waiting) == WAITING
            self._waiting.append(heard)
        if first:
            self._wake()

    def taken(self) -> list[Heard]:
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting


def heard_from(ports: Ports) -> list[str]:
    """The names of the inputs that are there, but for what we say ourselves."""
    return [name for name in ports.names() if not name.startswith(VIRTUAL)]
