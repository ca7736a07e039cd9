"""MIDI inputs: what passes, what waits, what is plugged; and real bytes through JACK."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import mido
import pytest
from jack import SWEEP, Jack, Started, until
from ports import Ports, Refusing

from mappings.midi.inlets import (
    PolledPort,
    PortmidiPorts,
    RtmidiPorts,
    input_names,
    system_ports,
)
from mappings.midi.inputs import WAITING, Hear, Heard, Inbox, MidiInputs
from mappings.midi.plugs import steady_name


def cc(number: int, value: int, channel: int = 0) -> mido.Message:
    return mido.Message("control_change", control=number, value=value, channel=channel)


def note(number: int, velocity: int, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel)


@dataclass
class Cable:
    """An open port that remembers whether it was closed."""

    hear: Hear
    open: bool = True

    def close(self) -> None:
        self.open = False


class Sockets(Ports[Cable]):
    def opened(self, name: str, hear: Hear) -> Cable:
        self.attempts += 1
        if name in self.busy:
            raise OSError("busy")
        return self.virtual(name, hear)

    def virtual(self, name: str, hear: Hear) -> Cable:
        self.cables[name] = Cable(hear)
        return self.cables[name]


class Bell:
    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


@pytest.mark.parametrize(
    "message",
    [
        cc(16, 127),
        note(36, 1, channel=9),
        mido.Message("note_off", note=36, velocity=64),
        mido.Message("pitchwheel", pitch=100),
        mido.Message("program_change", program=3),
    ],
    ids=str,
)
def test_what_somebody_does_passes_byte_by_byte(message: mido.Message) -> None:
    sockets = Sockets()
    inputs = MidiInputs(sockets, Bell())
    sockets.cables["Kaleidream"].hear(message)
    (heard,) = inputs.heard()
    assert (heard.port, heard.message) == ("Kaleidream", tuple(message.bytes()))


@pytest.mark.parametrize(
    "message",
    [
        *map(
            mido.Message,
            ("clock", "active_sensing", "start", "stop", "continue", "reset", "sysex"),
        ),
        mido.Message("aftertouch", value=3),
        mido.Message("polytouch", note=3, value=3),
        mido.Message("songpos", pos=3),
    ],
    ids=str,
)
def test_what_a_machine_says_by_itself_does_not(message: mido.Message) -> None:
    sockets = Sockets()
    inputs = MidiInputs(sockets, Bell())
    sockets.cables["Kaleidream"].hear(message)
    assert inputs.heard() == []


def event(number: int) -> Heard:
    return Heard("desk", (0xB0, 16, number % 128), float(number))


def test_a_full_inbox_drops_the_oldest_and_counts() -> None:
    inbox = Inbox(Bell())
    for number in range(WAITING + 10):
        inbox.put(event(number))
    taken = inbox.taken()
    assert (len(taken), inbox.received, inbox.dropped) == (WAITING, WAITING + 10, 10)
    assert taken[0] == event(10)
    assert taken[-1] == event(WAITING + 9)


def test_the_owner_is_woken_once_for_what_waits() -> None:
    bell = Bell()
    inbox = Inbox(bell)
    for _ in range(2):
        for _ in range(100):
            inbox.put(event(0))
        inbox.taken()
    inbox.taken()
    assert bell.rings == 2


def test_many_threads_lose_nothing_uncounted() -> None:
    inbox = Inbox(Bell())
    taken = 0
    threads = [threading.Thread(target=flood, args=(inbox,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken += len(inbox.taken())
    taken += len(inbox.taken())
    assert (inbox.received, taken + inbox.dropped) == (8 * 5000, 8 * 5000)


def flood(inbox: Inbox) -> None:
    for _ in range(5000):
        inbox.put(event(0))


@pytest.mark.parametrize(
    ("name", "steady"),
    [
        ("nanoKONTROL2:nanoKONTROL2 CTRL 20:0", "nanoKONTROL2:nanoKONTROL2 CTRL"),
        ("Midi Through:Midi Through Port-0 14:0", "Midi Through:Midi Through Port-0"),
        ("a2j:nano [20] (capture): nano MIDI 1", "a2j:nano (capture): nano MIDI 1"),
        ("csound6-midi_out:port", "csound6-midi_out:port"),
        ("Launchpad 2", "Launchpad 2"),
    ],
)
def test_a_port_keeps_its_name_when_its_numbers_change(name: str, steady: str) -> None:
    assert steady_name(name) == steady


def test_what_is_played_arrives_under_the_name_of_its_port() -> None:
    sockets = Sockets(["desk 20:0"])
    inputs = MidiInputs(sockets, Bell())
    sockets.cables["desk 20:0"].hear(cc(16, 127))
    sockets.cables["Kaleidream"].hear(note(60, 127))
    assert [heard.port for heard in inputs.heard()] == ["desk", "Kaleidream"]
    assert inputs.heard() == []


def test_a_port_that_returns_under_another_number_is_opened_again() -> None:
    sockets = Sockets(["desk 20:0"])
    inputs = MidiInputs(sockets, Bell(), wanted="DESK")
    before = sockets.cables["desk 20:0"]
    sockets.there = []
    inputs.scan()
    assert (before.open, inputs.names) == (False, [])
    sockets.there = ["desk 24:0"]
    inputs.scan()
    sockets.cables["desk 24:0"].hear(cc(16, 127))
    assert [heard.port for heard in inputs.heard()] == ["desk"]


def test_a_port_that_stays_is_opened_once() -> None:
    sockets = Sockets(["desk 20:0"])
    inputs = MidiInputs(sockets, Bell())
    for _ in range(5):
        inputs.scan()
    assert sockets.attempts == 1
    assert inputs.names == ["desk"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, ["desk", "Other Desk", "pads"]),
        ("desk", ["desk", "Other Desk"]),
        ("Other Desk 32:0", ["Other Desk"]),  # as another program says it
        ("x", []),
    ],
)
def test_only_wanted_ports_are_opened(wanted: str | None, names: list[str]) -> None:
    sockets = Sockets(["desk 20:0", "Other Desk 24:0", "pads 28:0"])
    assert MidiInputs(sockets, Bell(), wanted).names == names


def test_a_wanted_port_that_is_not_there_is_named_with_those_that_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    MidiInputs(Sockets(["pads 28:0"]), Bell(), wanted="desk")
    assert "expected a port named 'desk', found pads; waiting for it" in caplog.text


def test_a_busy_port_is_said_once_and_opened_when_it_is_free(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sockets = Sockets(["desk 20:0"], busy={"desk 20:0"})
    inputs = MidiInputs(sockets, Bell())
    inputs.scan()
    assert caplog.text.count("cannot open desk: busy") == 1
    sockets.busy.clear()
    inputs.scan()
    assert inputs.names == ["desk"]


def test_two_devices_of_one_model_have_names_of_their_own_and_keep_them() -> None:
    sockets = Sockets(["nano 20:0", "nano 24:0"])
    inputs = MidiInputs(sockets, Bell())
    assert inputs.names == ["nano", "nano #2"]
    sockets.there = ["nano 24:0"]
    inputs.scan()
    assert inputs.names == ["nano #2"]
    sockets.there = ["nano 16:0", "nano 24:0", "nano 28:0"]
    assert inputs.scan() == ["nano", "nano #3"]
    for number, name in ((16, "nano"), (24, "nano #2"), (28, "nano #3")):
        sockets.cables[f"nano {number}:0"].hear(cc(16, 127))
        assert [heard.port for heard in inputs.heard()] == [name]


def test_only_the_second_of_a_model_can_be_wanted() -> None:
    assert MidiInputs(Sockets(["nano 20:0", "nano 24:0"]), Bell(), "nano #2").names == ["nano #2"]


def test_where_no_port_for_other_software_can_be_opened_none_stays_open() -> None:
    sockets = Refusing()
    with pytest.raises(OSError, match="no more"):
        MidiInputs(sockets, Bell())
    assert sockets.closed


class Unplugged(Exception):
    pass


class Client:
    """As a ``MidiIn`` of rtmidi. ``place``: of the port that it has opened."""

    def __init__(self, rtmidi: "Rtmidi") -> None:
        self._rtmidi = rtmidi
        self.place: int | None = None

    def get_current_api(self) -> int:
        return self._rtmidi.api

    def get_ports(self) -> list[str]:
        if self._rtmidi.blind:
            raise Unplugged("cannot look")
        return list(self._rtmidi.there)

    def open_port(self, place: int) -> None:
        if self._rtmidi.there[place] in self._rtmidi.busy:
            raise Unplugged("busy")
        self.place = place

    def open_virtual_port(self, name: str) -> None:
        """Nobody is connected to it."""

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        assert not timing

    def set_callback(self, callback: Callable[[tuple[list[int], float], object], None]) -> None:
        self.hears = callback

    def cancel_callback(self) -> None:
        """Nothing is heard any more."""

    def close_port(self) -> None:
        self.place = None

    def delete(self) -> None:
        self._rtmidi.clients.remove(self)


@dataclass
class Rtmidi:
    """As the module, on a system that lists its devices as the test says."""

    api: int
    there: list[str]
    busy: set[str] = field(default_factory=set)
    clients: list[Client] = field(default_factory=list)
    blind: bool = False

    API_UNSPECIFIED, API_MACOSX_CORE, API_WINDOWS_MM = 0, 1, 4
    RtMidiError = Unplugged

    def MidiIn(self, rtapi: int, name: str | None) -> Client:
        self.clients.append(Client(self))
        return self.clients[-1]

    def places(self) -> list[int]:
        return [client.place for client in self.clients if client.place is not None]


Plug = Callable[[int, list[str]], tuple[Rtmidi, MidiInputs]]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    def plug(api: int, there: list[str]) -> tuple[Rtmidi, MidiInputs]:
        rtmidi = Rtmidi(api, there)
        monkeypatch.setitem(sys.modules, "rtmidi", rtmidi)
        return rtmidi, MidiInputs(RtmidiPorts(SimpleNamespace(api=None)), Bell())

    return plug


def test_two_devices_that_the_system_calls_the_same_are_both_heard(plug: Plug) -> None:
    rtmidi, inputs = plug(Rtmidi.API_MACOSX_CORE, ["nano", "desk", "nano"])
    assert inputs.names == ["nano", "desk", "nano #2"]
    assert rtmidi.places() == [0, 1, 2]
    for place, name in enumerate(inputs.names):
        client = next(each for each in rtmidi.clients if each.place == place)
        client.hears(([0xB0, 16, place], 0.0), None)
        client.hears(([0xB0, 200, 1], 0.0), None)  # is no message
        (heard,) = inputs.heard()
        assert (heard.port, heard.message) == (name, (0xB0, 16, place))


def test_whichever_of_them_is_pulled_out_the_other_is_heard(plug: Plug) -> None:
    rtmidi, inputs = plug(Rtmidi.API_MACOSX_CORE, ["nano", "desk", "nano"])
    rtmidi.there = ["desk", "nano"]
    assert inputs.scan() == ["nano"]  # the port that is left is opened anew
    assert sorted(rtmidi.places()) == [1, 1], "the desk's was opened when it was the second"
    rtmidi.there = ["nano", "desk", "nano"]
    assert inputs.scan() == ["nano", "nano #2"]


def test_a_look_that_fails_closes_no_port_and_forgets_no_name(plug: Plug) -> None:
    rtmidi, inputs = plug(Rtmidi.API_UNSPECIFIED, ["nano 20:0", "nano 24:0"])
    before = list(rtmidi.clients)
    rtmidi.blind = True
    assert inputs.scan() == []
    assert rtmidi.clients == before
    rtmidi.blind, rtmidi.there = False, ["nano 24:0"]
    inputs.scan()
    assert inputs.names == ["nano #2"]


def test_the_numbers_that_windows_adds_are_no_names(plug: Plug) -> None:
    rtmidi, inputs = plug(Rtmidi.API_WINDOWS_MM, ["Launchpad 2 0", "nano 1", "nano 2"])
    assert inputs.names == ["Launchpad 2", "nano", "nano #2"]
    rtmidi.there = ["desk 0", "Launchpad 2 1", "nano 2", "nano 3"]
    assert inputs.scan() == ["desk"]
    assert inputs.names == ["Launchpad 2", "nano", "nano #2", "desk"]


def test_an_input_that_is_busy_leaves_no_client_behind(plug: Plug) -> None:
    rtmidi, inputs = plug(Rtmidi.API_MACOSX_CORE, [])
    before = len(rtmidi.clients)
    rtmidi.there, rtmidi.busy = ["desk"], {"desk"}
    for _ in range(3):
        assert inputs.scan() == []
    assert len(rtmidi.clients) == before
    inputs.close()
    assert rtmidi.clients == []


def test_closing_closes_every_port_and_may_be_repeated() -> None:
    sockets = Sockets(["desk 20:0", "pads 24:0"])
    inputs = MidiInputs(sockets, Bell())
    inputs.close()
    inputs.close()
    assert [cable.open for cable in sockets.cables.values()] == [False, False, False]


class Asked:
    """A port of mido that is asked: some messages, then it is pulled out."""

    name = "desk"

    def __init__(self, messages: list[mido.Message]) -> None:
        self._messages = messages
        self.asked_again = threading.Event()
        self.closed = False

    def iter_pending(self) -> Iterator[mido.Message]:
        if not self._messages:
            self.asked_again.set()
            raise Unplugged("gone")
        while self._messages:
            yield self._messages.pop(0)

    def close(self) -> None:
        self.closed = True


def test_a_port_that_must_be_asked_is_asked_until_it_is_unplugged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    messages = [cc(1, 2), note(3, 4)]
    port = Asked(list(messages))
    got: list[mido.Message] = []
    polled = PolledPort(port, got.append, Unplugged)
    assert port.asked_again.wait(2)
    polled.close()
    assert got == messages
    assert port.closed
    assert caplog.messages == ["MIDI: lost desk: gone"]


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        (
            "mido.backends.portmidi",
            "expected mido.backends.rtmidi or mido.backends.pygame, received",
        ),
        ("mido.backends.rtmidi/NO_SUCH", "MIDO_BACKEND: expected .*, received 'NO_SUCH'"),
    ],
)
def test_an_unknown_backend_is_refused_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, backend: str, sentence: str
) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel for this Python")
    monkeypatch.setenv("MIDO_BACKEND", backend)
    with pytest.raises(OSError, match=sentence):
        system_ports()


@pytest.mark.skipif(sys.platform != "linux", reason="JACK without a server: Linux")
def test_without_a_sequencer_there_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel for this Python")
    monkeypatch.setenv("MIDO_BACKEND", "mido.backends.rtmidi/UNIX_JACK")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"none-{os.getpid()}")
    with pytest.raises(OSError, match=r"^MIDI: "):
        input_names()


def forget(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Makes them impossible to import, and mido's backends as if never imported."""
    monkeypatch.delenv("MIDO_BACKEND", raising=False)
    for name in ("mido.backends.rtmidi", "mido.backends.pygame"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)


def test_without_rtmidi_pygame_serves_and_says_what_it_cannot(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    forget(monkeypatch, "rtmidi")
    ports = system_ports()
    assert isinstance(ports, PortmidiPorts)
    assert ports.virtual("Kaleidream", print) is None
    assert "cannot notice what is plugged in" in caplog.text


def test_without_rtmidi_and_pygame_there_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "rtmidi", "pygame")
    with pytest.raises(OSError, match=r"^MIDI: expected python-rtmidi or pygame"):
        system_ports()


# In a process of its own: a JACK server that ends can take the interpreter with it.
LISTENER = """
import atexit, logging, signal, sys, threading
from mappings.midi.decoding import Decoder
from mappings.midi.inlets import system_ports
from mappings.midi.inputs import MidiInputs

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
logging.basicConfig(level=logging.INFO, format="%(message)s")
waiting = threading.Event()
decoder = Decoder()
inputs = MidiInputs(system_ports(), waiting.set, wanted=sys.argv[1])
atexit.register(inputs.close)
print("ready", flush=True)
while True:
    waiting.wait(0.1)
    waiting.clear()
    inputs.scan()
    for heard in inputs.heard():
        for event in decoder.events(heard.message, heard.at):
            value = round(event.position * 127)
            print(heard.port, event.control, value, sep="|", flush=True)
"""


@contextmanager
def listening(jack: Jack, wanted: str) -> Iterator[Started]:
    with jack.started(sys.executable, "-c", LISTENER, wanted) as listener:
        until(lambda: listener.says("ready"), listener)
        yield listener


@pytest.mark.e2e
def test_a_knob_turned_in_csound_arrives_at_the_port_for_other_software(jack: Jack) -> None:
    with listening(jack, "no such port") as listener:
        assert jack.plays(SWEEP)
        until(lambda: listener.says("Kaleidream|CC 41 (channel 1)|0"), listener)
        turned = values(listener, "Kaleidream|CC 16 (channel 1)|")
        assert values(listener, "Kaleidream|CC 41 (channel 1)|") == [127, 0]
    assert turned == sorted(turned)
    assert len(turned) > 5
    assert turned[-1] >= 126


def values(listener: Started, start: str) -> list[int]:
    return [int(line.removeprefix(start)) for line in listener.lines if line.startswith(start)]


def sequencer(name: str) -> tuple[str, ...]:
    """Plays note 60 at each quarter of a second, held for half of it."""
    return ("jack_midiseq", name, "12000", "0", "60", "6000")


@pytest.mark.e2e
def test_notes_of_a_sequencer_arrive_once_it_is_connected(jack: Jack) -> None:
    with listening(jack, "no such port") as listener, jack.started(*sequencer("Sequencer")):
        connect = ("jack_connect", "Sequencer:out", "Kaleidream:Kaleidream")
        until(lambda: jack.succeeds(*connect), listener)
        pad = "Kaleidream|note 60 (channel 1)|"
        until(lambda: listener.says(f"{pad}64", f"{pad}0"), listener)


@pytest.mark.e2e
def test_a_port_is_opened_when_it_comes_and_again_when_it_returns(jack: Jack) -> None:
    with listening(jack, "pads") as listener:
        for times in (1, 2):
            with jack.started(*sequencer("Pads")):
                until(partial(heard_since_opening, listener, times), listener)
            until(partial(lost, listener, times), listener)
        assert listener.process.poll() is None


def heard_since_opening(listener: Started, times: int) -> bool:
    lines = listener.lines
    opened = [at for at, line in enumerate(lines) if line == "MIDI: listening to Pads:out"]
    return len(opened) == times and "Pads:out|note 60 (channel 1)|64" in lines[opened[-1] :]


def lost(listener: Started, times: int) -> bool:
    return listener.lines.count("MIDI: lost Pads:out") == times
