"""The MIDI outputs of this machine: those of python-rtmidi, or of pygame."""

import importlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import mido

from mappings.midi.inlets import Looking, backend_api, portmidi, rtmidi_backend
from mappings.midi.inputs import VIRTUAL
from mappings.midi.outputs import VIRTUAL_OUT, OutPort, OutPorts


def system_outputs() -> OutPorts:
    """What ``system_ports`` would use. Raises OSError where there is no MIDI."""
    backend = rtmidi_backend()
    return RtmidiOutPorts(backend) if backend else PortmidiOutPorts()


class RtmidiOutPorts:
    """As ``RtmidiPorts``, with one client for looking. Past mido, which lets no client have a name
    whose port is not virtual; and ours must: ALSA and JACK show it to us as an input."""

    def __init__(self, backend: Any) -> None:
        self._rtmidi = importlib.import_module("rtmidi")
        self._api = backend_api(self._rtmidi, backend.api)
        self._looking = Looking(self._rtmidi, self._client(f"{VIRTUAL} looking"))

    def names(self) -> list[str]:
        return self._looking.names()

    def close(self) -> None:
        self._looking.close()

    def opened(self, name: str) -> OutPort:
        place = self._looking.place(name)
        client = self._client()
        return self._port(client, partial(client.open_port, place))

    def virtual(self, name: str) -> OutPort | None:
        if self._looking.windows:
            return None
        client = self._client()
        return self._port(client, partial(client.open_virtual_port, name))

    def _client(self, name: str = VIRTUAL_OUT) -> Any:
        try:
            return self._rtmidi.MidiOut(rtapi=self._api, name=name)
        except self._rtmidi.RtMidiError as error:  # not always an OSError
            raise OSError(f"MIDI: {error}") from None

    def _port(self, client: Any, opens: Callable[[], object]) -> OutPort:
        try:
            opens()
        except self._rtmidi.RtMidiError as error:
            client.delete()  # one is tried each second, and those that are left leak
            raise OSError(f"MIDI: {error}") from None
        return SafePort(client.send_message, client.delete, self._rtmidi.RtMidiError)


class PortmidiOutPorts:
    """As ``PortmidiPorts``: the list is that of the start."""

    def __init__(self) -> None:
        self._backend, devices = portmidi()
        self._names = [device["name"] for device in devices if device["is_output"]]

    def names(self) -> list[str]:
        return list(self._names)

    def close(self) -> None:
        """There is nothing that looks."""

    def opened(self, name: str) -> OutPort:
        unplugged = self._backend.midi.MidiException
        try:
            port = self._backend.Output(name)
        except unplugged as error:
            raise OSError(f"MIDI: {error}") from None
        return SafePort(
            lambda sent: port.send(mido.Message.from_bytes(sent)), port.close, unplugged
        )

    def virtual(self, name: str) -> OutPort | None:
        return None


class SafePort:
    """A port for two threads: rtmidi frees what it closes, and does not look who sends."""

    def __init__(
        self,
        send: Callable[[list[int]], object],
        close: Callable[[], object],
        unplugged: type[Exception],
    ) -> None:
        """``unplugged``: what ``send`` raises then."""
        self._send = send
        self._close = close
        self._unplugged = unplugged
        self._lock = threading.Lock()
        self._closed = False

    def send(self, message: mido.Message) -> None:
        with self._lock:
            if self._closed:
                return
            try:
                self._send(message.bytes())
            except self._unplugged as error:
                raise OSError(f"MIDI: {error}") from None

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._close()
