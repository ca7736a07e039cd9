"""Listens to MIDI ports: what moved waits here, as control events, until its owner takes it."""

import importlib
import logging
import re
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import mido

from mappings.mapping import Control, ControlEvent

VIRTUAL = "Kaleidream"
APIS = ("LINUX_ALSA", "UNIX_JACK", "MACOSX_CORE", "WINDOWS_MM")  # as MIDO_BACKEND names them
WAITING = 1024  # events; a controller sends at most some hundred between two looks

Hear = Callable[[mido.Message], None]
Heard = tuple[str, ControlEvent]

log = logging.getLogger(__name__)


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


class MidiInputs:
    """Every input whose name contains ``wanted`` (all of them if None), come and gone as they are
    plugged, and one that other software connects to. ``wake`` is called, from another thread, when
    events begin to wait; close this before what ``wake`` wakes."""

    def __init__(self, ports: Ports, wake: Callable[[], object], wanted: str | None = None) -> None:
        self.inbox = Inbox(wake)
        self._ports = ports
        self._wanted = wanted or ""
        self._open: dict[str, Port] = {}
        self._refused: set[str] = set()
        self._virtual = ports.virtual(VIRTUAL, partial(self._hear, VIRTUAL))
        self.scan()
        if wanted and not self._open:
            there = ", ".join(ports.names()) or "none"
            log.warning("MIDI: expected a port named %r, found %s; waiting for it", wanted, there)

    @property
    def names(self) -> list[str]:
        """The ports that are open, without what changes when they are plugged in again."""
        return [steady_name(name) for name in self._open]

    def scan(self) -> None:
        """Opens the ports that have come and closes those that have gone: to be called about once
        a second. Nothing is raised."""
        there = [name for name in self._ports.names() if self._wanted.lower() in name.lower()]
        for name in [name for name in self._open if name not in there]:
            self._open.pop(name).close()
            log.warning("MIDI: lost %s", name)
        self._refused.intersection_update(there)
        for name in there:
            if name not in self._open:
                self._try(name)

    def events(self) -> list[Heard]:
        """What moved since the last call, in order, by steady port name; of a knob's travel only
        where it has got to."""
        return newest(self.inbox.taken())

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()
        if self._virtual is not None:
            self._virtual.close()
            self._virtual = None

    def _try(self, name: str) -> None:
        """Opens a port. One that another program keeps for itself is tried again, said once."""
        try:
            self._open[name] = self._ports.opened(name, partial(self._hear, steady_name(name)))
        except OSError as error:
            if name not in self._refused:
                log.warning("MIDI: cannot open %s: %s", name, error)
            self._refused.add(name)
        else:
            self._refused.discard(name)
            log.info("MIDI: listening to %s", name)

    def _hear(self, port: str, message: mido.Message) -> None:
        for event in heard(message):
            self.inbox.put((port, event))


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


def heard(message: mido.Message) -> list[ControlEvent]:
    """What moved: nothing for clock, active sensing, system exclusive and the like."""
    match message.type:
        case "control_change":
            control, position = Control("cc", message.control, message.channel + 1), message.value
        case "note_on":
            control, position = Control("note", message.note, message.channel + 1), message.velocity
        case "note_off":
            control, position = Control("note", message.note, message.channel + 1), 0
        case _:
            return []
    return [ControlEvent(control, position / 127)]


def newest(events: list[Heard]) -> list[Heard]:
    """Without the places that a knob has left again. Crossing its middle is kept, because a knob
    may be a button: 127, 0 is a press."""
    kept: dict[int, Heard] = {}
    last: dict[tuple[str, Control], int] = {}
    for index, (port, event) in enumerate(events):
        before = last.get((port, event.control))
        if before is not None and _overtakes(event, kept[before][1]):
            del kept[before]
        last[port, event.control] = index
        kept[index] = (port, event)
    return list(kept.values())


def _overtakes(event: ControlEvent, before: ControlEvent) -> bool:
    return event.control.kind == "cc" and event.pressed == before.pressed


def steady_name(name: str) -> str:
    """Without ALSA's client and port numbers, which change: ``nanoKONTROL2 CTRL 20:0``."""
    return re.sub(r" \d+:\d+$", "", name)


def input_names() -> list[str]:
    """Raises OSError as ``system_ports`` does."""
    return system_ports().names()


def system_ports() -> Ports:
    """What mido would use: python-rtmidi, or what the environment's ``MIDO_BACKEND`` names. Raises
    OSError where there is no MIDI."""
    backend = mido.Backend()
    if backend.name == "mido.backends.pygame":
        return PortmidiPorts()
    if backend.name != "mido.backends.rtmidi":
        known = "mido.backends.rtmidi or mido.backends.pygame"
        raise OSError(f"MIDI: MIDO_BACKEND: expected {known}, received {backend.name!r}")
    try:
        backend.load()
    except ImportError:
        log.warning("MIDI: no python-rtmidi: using pygame, which cannot notice what is plugged in")
        return PortmidiPorts()
    return RtmidiPorts(backend)


class RtmidiPorts:
    """ALSA, JACK, CoreMIDI and Windows. Keeps one client for looking: each new one costs 45 ms
    under JACK and leaks (SpotlightKid/python-rtmidi#61)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._rtmidi = importlib.import_module("rtmidi")
        try:
            self._looking = self._rtmidi.MidiIn(rtapi=self._api(backend.api))
        except self._rtmidi.RtMidiError as error:
            raise OSError(f"MIDI: {error}") from None

    def names(self) -> list[str]:
        try:
            return list(self._looking.get_ports())
        except self._rtmidi.RtMidiError:
            return []

    def opened(self, name: str, hear: Hear) -> Port:
        return self._input(name, hear)

    def virtual(self, name: str, hear: Hear) -> Port | None:
        if self._looking.get_current_api() == self._rtmidi.API_WINDOWS_MM:
            return None
        return self._input(name, hear, client_name=name, virtual=True)

    def _input(self, name: str, hear: Hear, **how: object) -> Port:
        try:
            port: Port = self._backend.open_input(name, callback=hear, **how)
        except self._rtmidi.RtMidiError as error:  # not always an OSError
            raise OSError(f"MIDI: {error}") from None
        return port

    def _api(self, name: str | None) -> int:
        if name is None:
            return int(self._rtmidi.API_UNSPECIFIED)
        names = {getattr(self._rtmidi, f"API_{each}"): each for each in APIS}
        known = {names[api]: api for api in self._rtmidi.get_compiled_api() if api in names}
        if name not in known:
            expected = " or ".join(known)
            raise OSError(f"MIDI: MIDO_BACKEND: expected {expected}, received {name!r}")
        return int(known[name])


class PortmidiPorts:
    """For Pythons that python-rtmidi has no wheels for. The list is that of the start: what is
    plugged in later is not seen, and other software has nothing to connect to."""

    def __init__(self) -> None:
        try:
            self._backend = importlib.import_module("mido.backends.pygame")
            devices = self._backend.get_devices()
        except (ImportError, RuntimeError) as error:
            raise OSError(
                f"MIDI: expected python-rtmidi or pygame, found neither: {error}"
            ) from None
        self._names = [device["name"] for device in devices if device["is_input"]]

    def names(self) -> list[str]:
        return list(self._names)

    def opened(self, name: str, hear: Hear) -> Port:
        unplugged = self._backend.midi.MidiException
        try:
            return PolledPort(self._backend.Input(name), hear, unplugged)
        except unplugged as error:
            raise OSError(f"MIDI: {error}") from None

    def virtual(self, name: str, hear: Hear) -> Port | None:
        return None


class PolledPort:
    """A port that must be asked, by a thread of its own. ``unplugged``: what it raises then."""

    def __init__(self, port: Any, hear: Hear, unplugged: type[Exception]) -> None:
        self._port = port
        self._hear = hear
        self._unplugged = unplugged
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="midi", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(1.0)
        self._port.close()

    def _listen(self) -> None:
        try:
            while not self._closed.wait(0.005):
                for message in self._port.iter_pending():
                    self._hear(message)
        except self._unplugged:
            return
