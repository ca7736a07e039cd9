"""The MIDI inputs of this machine: those of python-rtmidi, or of pygame."""

import importlib
import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import mido

from mappings.midi.inputs import Hear, Port, Ports, heard_from
from mappings.midi.plugs import steady_name, told_apart

APIS = ("LINUX_ALSA", "UNIX_JACK", "MACOSX_CORE", "WINDOWS_MM")  # as MIDO_BACKEND names them
NUMBER = re.compile(r" \d+$")

log = logging.getLogger(__name__)


def input_names() -> list[str]:
    """Raises OSError as ``system_ports`` does."""
    ports = system_ports()
    try:
        return [steady_name(name) for name in heard_from(ports)]
    finally:
        ports.close()


def system_ports() -> Ports:
    """What mido would use: python-rtmidi, or what the environment's ``MIDO_BACKEND`` names. Raises
    OSError where there is no MIDI."""
    backend = rtmidi_backend()
    return RtmidiPorts(backend) if backend else PortmidiPorts()


def rtmidi_backend() -> Any | None:
    """None where pygame must do. Raises OSError for any other backend."""
    backend = mido.Backend()
    if backend.name == "mido.backends.pygame":
        return None
    if backend.name != "mido.backends.rtmidi":
        known = "mido.backends.rtmidi or mido.backends.pygame"
        raise OSError(f"MIDI: MIDO_BACKEND: expected {known}, received {backend.name!r}")
    try:
        backend.load()
    except ImportError:
        log.warning("MIDI: no python-rtmidi: using pygame, which cannot notice what is plugged in")
        return None
    return backend


class Looking:
    """One client of rtmidi that is kept for looking: each new one costs 45 ms under JACK and leaks
    (SpotlightKid/python-rtmidi#61)."""

    def __init__(self, rtmidi: Any, client: Any) -> None:
        self._rtmidi = rtmidi
        self._client = client
        self.windows = client.get_current_api() == rtmidi.API_WINDOWS_MM
        self._names: list[str] = []

    def names(self) -> list[str]:
        """No two the same; those of the last look where this one fails. Windows' end in their place
        in the list, which is another as soon as something else is plugged in, and another again
        among the outputs."""
        with suppress(self._rtmidi.RtMidiError):
            there = list(self._client.get_ports())
            self._names = told_apart(
                [NUMBER.sub("", name) for name in there] if self.windows else there
            )
        return list(self._names)

    def place(self, name: str) -> int:
        """What rtmidi opens it by. Raises OSError where it has just gone."""
        there = self.names()
        if name not in there:
            raise OSError(f"MIDI: expected {name!r}, found {', '.join(there) or 'none'}")
        return there.index(name)

    def close(self) -> None:
        self._client.delete()


class RtmidiPorts:
    """ALSA, JACK, CoreMIDI and Windows. Past mido, which opens the first of two devices of one name
    for both, and leaves a client behind for each that is busy. A thread would not help whoever
    waits while a port is opened or closed, 20 to 200 ms under JACK: rtmidi keeps Python's lock."""

    def __init__(self, backend: Any) -> None:
        self._rtmidi = importlib.import_module("rtmidi")
        self._api = backend_api(self._rtmidi, backend.api)
        self._looking = Looking(self._rtmidi, self._client())

    def names(self) -> list[str]:
        return self._looking.names()

    def close(self) -> None:
        self._looking.close()

    def opened(self, name: str, hear: Hear) -> Port:
        place = self._looking.place(name)
        client = self._client()
        return self._port(client, partial(client.open_port, place), hear)

    def virtual(self, name: str, hear: Hear) -> Port | None:
        if self._looking.windows:
            return None
        client = self._client(name)
        return self._port(client, partial(client.open_virtual_port, name), hear)

    def _client(self, name: str | None = None) -> Any:
        try:
            return self._rtmidi.MidiIn(rtapi=self._api, name=name)
        except self._rtmidi.RtMidiError as error:  # not always an OSError
            raise OSError(f"MIDI: {error}") from None

    def _port(self, client: Any, opens: Callable[[], object], hear: Hear) -> Port:
        try:
            opens()
        except self._rtmidi.RtMidiError as error:
            client.delete()  # one is tried each second, and those that are left leak
            raise OSError(f"MIDI: {error}") from None
        client.ignore_types(sysex=True, timing=False, active_sense=True)
        client.set_callback(partial(_heard, hear))
        return RtmidiPort(client)


class RtmidiPort:
    def __init__(self, client: Any) -> None:
        self._client = client

    def close(self) -> None:
        self._client.cancel_callback()
        self._client.close_port()
        self._client.delete()


def _heard(hear: Hear, received: tuple[list[int], float], data: object) -> None:
    """Called by rtmidi. What is no message is dropped."""
    with suppress(ValueError):
        hear(mido.Message.from_bytes(received[0]))


def backend_api(rtmidi: Any, name: str | None) -> int:
    """``name``: what follows the slash in ``MIDO_BACKEND``. Raises OSError."""
    if name is None:
        return int(rtmidi.API_UNSPECIFIED)
    names = {getattr(rtmidi, f"API_{each}"): each for each in APIS}
    known = {names[api]: api for api in rtmidi.get_compiled_api() if api in names}
    if name not in known:
        expected = " or ".join(known)
        raise OSError(f"MIDI: MIDO_BACKEND: expected {expected}, received {name!r}")
    return int(known[name])


def portmidi() -> tuple[Any, list[dict[str, Any]]]:
    """mido's way to pygame, and the devices there are. Raises OSError where there is no pygame."""
    try:
        backend = importlib.import_module("mido.backends.pygame")
        return backend, backend.get_devices()
    except (ImportError, RuntimeError) as error:
        raise OSError(f"MIDI: expected python-rtmidi or pygame, found neither: {error}") from None


class PortmidiPorts:
    """For Pythons that python-rtmidi has no wheels for. The list is that of the start: what is
    plugged in later is not seen, and other software has nothing to connect to."""

    def __init__(self) -> None:
        self._backend, devices = portmidi()
        self._names = [device["name"] for device in devices if device["is_input"]]

    def names(self) -> list[str]:
        return list(self._names)

    def close(self) -> None:
        """There is nothing that looks."""

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
        except self._unplugged as error:
            log.warning("MIDI: lost %s: %s", self._port.name, error)
