"""The MIDI inputs of this machine: those of python-rtmidi, or of pygame."""

import importlib
import logging
import threading
from typing import Any

import mido

from mappings.midi.inputs import Hear, Port, Ports

APIS = ("LINUX_ALSA", "UNIX_JACK", "MACOSX_CORE", "WINDOWS_MM")  # as MIDO_BACKEND names them

log = logging.getLogger(__name__)


def input_names() -> list[str]:
    """Raises OSError as ``system_ports`` does."""
    ports = system_ports()
    try:
        return ports.names()
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


class RtmidiPorts:
    """ALSA, JACK, CoreMIDI and Windows. Keeps one client for looking: each new one costs 45 ms
    under JACK and leaks (SpotlightKid/python-rtmidi#61)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._rtmidi = importlib.import_module("rtmidi")
        try:
            self._looking = self._rtmidi.MidiIn(rtapi=backend_api(self._rtmidi, backend.api))
        except self._rtmidi.RtMidiError as error:
            raise OSError(f"MIDI: {error}") from None

    def names(self) -> list[str]:
        try:
            return list(self._looking.get_ports())
        except self._rtmidi.RtMidiError:
            return []

    def close(self) -> None:
        self._looking.delete()

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
