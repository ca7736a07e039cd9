"""Speaks to MIDI outputs: the controllers' lights, and a clock for whoever follows one."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import mido

from mappings.mapping import FINE, Light
from mappings.midi.clock import ClockKind
from mappings.midi.inputs import VIRTUAL
from mappings.midi.plugs import Plugs, Words, steady_name

VIRTUAL_OUT = f"{VIRTUAL} out"
ECHOES = (VIRTUAL, "Midi Through")  # what is sent to them comes back
# What tells an output's name from its input's: direction, ALSA's client numbers
DIRECTION = re.compile(
    r"\b(capture|playback|in(put)?|out(put)?|midi(in|out)\d*)\b|\[\d+\]|[^\w#]|_"
)
WORDS = Words(
    "MIDI: telling %s", "MIDI: telling %s no more", "MIDI: cannot open %s to tell it anything: %s"
)


class OutPort(Protocol):
    """An open output."""

    def send(self, message: mido.Message) -> None:
        """From any thread; does not block. Raises OSError where the device has gone."""

    def close(self) -> None: ...


class OutPorts(Protocol):
    """The outputs of this machine."""

    def names(self) -> list[str]:
        """Those that are there now."""

    def opened(self, name: str) -> OutPort:
        """Raises OSError."""

    def virtual(self, name: str) -> OutPort | None:
        """An output that other software connects to, None where there is no such thing."""

    def close(self) -> None:
        """No more names."""


class MidiOutputs:
    """The outputs of the devices that are heard, come and gone as they are plugged, and one that
    other software connects to. ``failed`` counts the messages that did not get through. ``ports``
    are closed with it, also where it raises OSError at once."""

    def __init__(self, ports: OutPorts) -> None:
        self.failed = 0
        self._ports = ports
        self._plugs = Plugs(lambda system, name: ports.opened(system), WORDS)
        self._broken: set[str] = set()
        try:
            self._virtual = ports.virtual(VIRTUAL_OUT)
        except OSError:
            ports.close()
            raise

    @property
    def names(self) -> list[str]:
        """The ports that are open, without what changes when they are plugged in again."""
        return self._plugs.names

    def scan(self, wanted: Callable[[str], bool]) -> list[str]:
        """Opens those that are ``wanted``, by their steady names, and closes those that have gone:
        to be called about once a second. Those that were opened. Nothing is raised."""
        for name in self._broken & set(self.names):
            self._plugs.close_one(name)
        self._broken.clear()
        return self._plugs.scan([name for name in self._ports.names() if not echoes(name)], wanted)

    def tell(self, name: str, told: Iterable[tuple[Light, int]]) -> None:
        for light, value in told:
            for message in messages(light, value):
                self._send(name, message)

    def greet(self, name: str, greetings: Iterable[Sequence[int]]) -> None:
        """Sends bytes that the device needs to hear first."""
        for each in greetings:
            self._send(name, mido.Message.from_bytes(each))

    def pulse(self, kind: ClockKind) -> None:
        """To every output; from any thread."""
        message = mido.Message(kind)
        for name in self.names:
            self._send(name, message)
        if (virtual := self._virtual) is not None:  # which another thread may close meanwhile
            self._through(virtual, message)

    def close(self) -> None:
        self._plugs.close()
        if self._virtual is not None:
            self._virtual.close()
            self._virtual = None
        self._ports.close()

    def _send(self, name: str, message: mido.Message) -> None:
        """A port that fails is closed by the next scan, and opened again."""
        port = self._plugs.get(name)
        if port and name not in self._broken and not self._through(port, message):
            self._broken.add(name)

    def _through(self, port: OutPort, message: mido.Message) -> bool:
        try:
            port.send(message)
        except OSError:
            self.failed += 1
            return False
        return True


def messages(light: Light, value: int) -> Iterator[mido.Message]:
    """What tells ``light`` to show ``value``, as a control of its kind would tell us. Where it has
    no channel, on the first."""
    control = light.control
    channel = (control.channel or 1) - 1
    number = int(control.name)
    match control.kind:
        case "note":
            yield mido.Message("note_on", note=number, velocity=value, channel=channel)
        case "bend":
            yield mido.Message("pitchwheel", pitch=value - 8192, channel=channel)
        case "cc":
            numbers = {number: value}
            if control.bits == 14:
                numbers = {number: value >> 7, number + FINE: value & 127}
            for each, part in numbers.items():
                yield mido.Message("control_change", control=each, value=part, channel=channel)


def echoes(name: str) -> bool:
    return name.startswith(ECHOES)


def paired(output: str, inputs: Iterable[str]) -> bool:
    """Whether one of ``inputs`` is of the same device, by name: ``system:midi_capture_2`` and
    ``system:midi_playback_2``."""
    return device_name(output) in {device_name(each) for each in inputs}


def device_name(port: str) -> str:
    return DIRECTION.sub("", steady_name(port).lower().replace("_", " "))
