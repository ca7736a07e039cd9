"""MIDI outputs: what is sent, to whom, and what comes of unplugging; real bytes through JACK."""

import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import mido
import pytest
from instruments import Player, playing, plugged
from jack import Jack, until
from ports import Ports, Refusing

from mappings.files.lighting import hello, lights
from mappings.files.reading import Found
from mappings.mapping import Control, Light
from mappings.midi.outlets import RtmidiOutPorts, SafePort
from mappings.midi.outputs import VIRTUAL_OUT, MidiOutputs, echoes, messages, paired


@dataclass
class Cable:
    """An open output that remembers what went through it."""

    sent: list[mido.Message] = field(default_factory=list)
    open: bool = True
    pulled: bool = False

    def send(self, message: mido.Message) -> None:
        if self.pulled:
            raise OSError("pulled out")
        self.sent.append(message)

    def close(self) -> None:
        self.open = False


class Sockets(Ports[Cable]):
    def opened(self, name: str) -> Cable:
        self.attempts += 1
        if name in self.busy:
            raise OSError("busy")
        return self.virtual(name)

    def virtual(self, name: str) -> Cable:
        self.cables[name] = Cable()
        return self.cables[name]


def anything(name: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("control", "value", "sent"),
    [
        (Control("note", 36), 3, ["90 24 03"]),
        (Control("note", 36, 10), 0, ["99 24 00"]),
        (Control("cc", 16, 1), 127, ["B0 10 7F"]),
        (Control("cc", 16, 2, bits=14), 8193, ["B1 10 40", "B1 30 01"]),
        (Control("bend", 0, 8), 0, ["E7 00 00"]),
        (Control("bend", 0, 8), 8192, ["E7 00 40"]),
        (Control("bend", 0, 8), 16383, ["E7 7F 7F"]),
    ],
)
def test_a_light_is_told_as_its_control_would_tell(
    control: Control, value: int, sent: list[str]
) -> None:
    assert [message.hex() for message in messages(Light(control, 127, 0), value)] == sent


@pytest.mark.parametrize(
    ("output", "source", "same"),
    [
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", True),
        ("system:midi_playback_2", "system:midi_capture_2", True),
        ("system:midi_playback_2", "system:midi_capture_3", False),
        ("a2j:Pad [20] (playback): Pad MIDI 1", "a2j:Pad [20] (capture): Pad MIDI 1", True),
        ("Midi-Bridge:Pad 1:(playback_0) Pad", "Midi-Bridge:Pad 1:(capture_0) Pad", True),
        ("MIDIOUT2 (APC mini mk2)", "MIDIIN2 (APC mini mk2)", True),
        ("pads:in", "pads:out", True),
        ("Launchpad 3", "Launchpad 2", False),
        ("Pad", "Synth", False),
        ("nano MIDI 1 #2", "nano MIDI 1 #2", True),
        ("nano MIDI 1 #2", "nano MIDI 1", False),
        ("nano MIDI 1 #2", "nano MIDI 12", False),
    ],
)
def test_an_output_finds_the_input_of_its_device(output: str, source: str, same: bool) -> None:
    assert paired(output, [source]) is same


@pytest.mark.parametrize(
    ("name", "so"),
    [
        ("Kaleidream:Kaleidream", True),
        ("Kaleidream out:Kaleidream out 130:0", True),
        ("Midi Through:Midi Through Port-0 14:0", True),
        ("nanoKONTROL2", False),
    ],
)
def test_what_would_come_back_is_never_opened(name: str, so: bool) -> None:
    assert echoes(name) is so
    outputs = MidiOutputs(Sockets([name]))
    assert outputs.scan(anything) == ([] if so else [name])


def test_wanted_outputs_are_opened_once_and_closed_when_they_go() -> None:
    sockets = Sockets(["desk 20:0", "synth 24:0"])
    outputs = MidiOutputs(sockets)
    assert outputs.scan(lambda name: "desk" in name) == ["desk"]
    assert outputs.scan(lambda name: "desk" in name) == []
    sockets.there = ["synth 24:0"]
    outputs.scan(lambda name: "desk" in name)
    assert (outputs.names, sockets.cables["desk 20:0"].open) == ([], False)
    sockets.there = ["desk 28:0"]
    assert outputs.scan(lambda name: "desk" in name) == ["desk"]
    assert sockets.attempts == 2


def test_each_of_two_devices_of_one_model_is_told_its_own() -> None:
    sockets = Sockets(["nano 20:0", "nano 24:0"])
    outputs = MidiOutputs(sockets)
    assert outputs.scan(anything) == ["nano", "nano #2"]
    outputs.tell("nano #2", [(Light(Control("note", 1), 127, 0), 127)])
    assert [len(sockets.cables[name].sent) for name in sockets.there] == [0, 1]
    sockets.there = ["nano 24:0"]
    outputs.scan(anything)
    assert outputs.names == ["nano #2"]


def test_where_no_output_for_other_software_can_be_opened_none_stays_open() -> None:
    sockets = Refusing()
    with pytest.raises(OSError, match="no more"):
        MidiOutputs(sockets)
    assert sockets.closed


def test_what_is_told_to_a_port_that_was_pulled_out_is_counted_and_it_is_opened_anew() -> None:
    sockets = Sockets(["desk"])
    outputs = MidiOutputs(sockets)
    outputs.scan(anything)
    sockets.cables["desk"].pulled = True
    told = [(Light(Control("note", 1), 127, 0), 127)]
    outputs.tell("desk", told)
    outputs.tell("desk", told)
    assert outputs.failed == 1
    assert outputs.scan(anything) == ["desk"]
    outputs.tell("desk", told)
    assert len(sockets.cables["desk"].sent) == 1


def test_a_busy_output_is_said_once_and_opened_when_it_is_free(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sockets = Sockets(["desk"], busy={"desk"})
    outputs = MidiOutputs(sockets)
    assert outputs.scan(anything) == outputs.scan(anything) == []
    assert caplog.text.count("cannot open desk to tell it anything: busy") == 1
    sockets.busy.clear()
    assert outputs.scan(anything) == ["desk"]


def test_a_pulse_goes_to_every_device_and_to_other_software() -> None:
    sockets = Sockets(["desk", "pads"])
    outputs = MidiOutputs(sockets)
    outputs.scan(anything)
    outputs.pulse("clock")
    assert set(sockets.cables) == {"desk", "pads", VIRTUAL_OUT}
    assert all(cable.sent == [mido.Message("clock")] for cable in sockets.cables.values())


def test_a_pulse_into_a_port_that_fails_raises_nothing() -> None:
    sockets = Sockets(["desk"])
    outputs = MidiOutputs(sockets)
    outputs.scan(anything)
    for cable in sockets.cables.values():
        cable.pulled = True
    outputs.pulse("clock")
    outputs.pulse("clock")
    assert outputs.failed == 3  # the port for other software is tried again


def test_a_device_is_greeted_byte_for_byte() -> None:
    sockets = Sockets(["desk"])
    outputs = MidiOutputs(sockets)
    outputs.scan(anything)
    outputs.greet("desk", [(0xF0, 0x47, 0x41, 0xF7), (0xB0, 56, 1)])
    assert [each.hex() for each in sockets.cables["desk"].sent] == ["F0 47 41 F7", "B0 38 01"]


def test_closing_closes_every_output_and_may_be_repeated() -> None:
    sockets = Sockets(["desk", "pads"])
    outputs = MidiOutputs(sockets)
    outputs.scan(anything)
    outputs.close()
    outputs.close()
    assert [cable.open for cable in sockets.cables.values()] == [False, False, False]


class Unplugged(Exception):
    pass


class Fragile:
    """As a port of rtmidi: what is sent after it was closed would take the interpreter with it."""

    def __init__(self) -> None:
        self.closed = False
        self.sent = 0

    def send(self, message: list[int]) -> None:
        assert not self.closed
        self.sent += 1

    def close(self) -> None:
        self.closed = True


def test_nothing_is_sent_through_a_closed_port_whichever_thread_closes_it() -> None:
    fragile = Fragile()
    port = SafePort(fragile.send, fragile.close, Unplugged)
    threads = [threading.Thread(target=flood, args=(port,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    port.close()
    for thread in threads:
        thread.join(2.0)
    sent = fragile.sent
    port.send(mido.Message("clock"))
    assert (fragile.sent, fragile.closed) == (sent, True)


def flood(port: SafePort) -> None:
    for _ in range(2000):
        port.send(mido.Message("clock"))


def test_a_device_that_is_gone_is_an_os_error() -> None:
    def send(message: list[int]) -> None:
        raise Unplugged("no such device")

    with pytest.raises(OSError, match="MIDI: no such device"):
        SafePort(send, lambda: None, Unplugged).send(mido.Message("clock"))


class Kept:
    """As rtmidi, with one output that another program keeps. ``left``: clients not deleted."""

    API_UNSPECIFIED, API_WINDOWS_MM = 0, 4
    RtMidiError = Unplugged

    def __init__(self) -> None:
        self.left = 0

    def MidiOut(self, rtapi: int, name: str) -> "Kept":
        self.left += 1
        return self

    def get_current_api(self) -> int:
        return self.API_UNSPECIFIED

    def get_ports(self) -> list[str]:
        return ["desk"]

    def open_port(self, place: int) -> None:
        raise Unplugged("busy")

    def delete(self) -> None:
        self.left -= 1


def test_a_port_that_cannot_be_opened_leaves_no_client_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept()
    monkeypatch.setitem(sys.modules, "rtmidi", kept)
    ports = RtmidiOutPorts(SimpleNamespace(api=None))
    for _ in range(3):
        with pytest.raises(OSError, match="MIDI: busy"):
            ports.opened("desk")
    with pytest.raises(OSError, match="expected 'pads', found desk"):
        ports.opened("pads")
    assert kept.left == 1, "the one that looks"


KNOBS = [Control("cc", 16), Control("cc", 17, 2)]


@pytest.mark.parametrize(
    ("found", "found_lights"),
    [
        ({}, [Light(Control("cc", 16), 127, 0), Light(Control("cc", 17, 2), 127, 0)]),
        ({"light": False}, [None, None]),
        (
            {"light": {"channel": 7, "on": 3}},
            [Light(Control("cc", 16, 7), 3, 0), Light(Control("cc", 17, 7), 3, 0)],
        ),
        (
            {"light": {"note": [1, 2], "off": 12}},
            [Light(Control("note", 1), 127, 12), Light(Control("note", 2, 2), 127, 12)],
        ),
    ],
)
def test_a_row_says_where_its_lights_are(found: Found, found_lights: list[Light | None]) -> None:
    assert lights(found, KNOBS) == found_lights


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"light": 3}, "light: expected a table or false, received 3"),
        ({"light": True}, "light: expected a table or false, received True"),
        ({"light": {"note": 1}}, "light: note: expected 2, received 1"),
        ({"light": {"note": [1, 128]}}, "light: note: expected a whole number 0 to 127"),
        ({"light": {"note": [1, 2], "cc": [1, 2]}}, "light: expected one of note, cc"),
        ({"light": {"on": 128}}, "light: on: expected a whole number 0 to 127"),
        ({"light": {"channel": 0}}, "light: channel: expected a whole number 1 to 16"),
        ({"light": {"colour": 3}}, "light: expected note, cc, channel, on, off"),
    ],
)
def test_a_light_that_means_nothing_is_refused(found: Found, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        lights(found, KNOBS)


@pytest.mark.parametrize(
    "greeting",
    [
        [],
        3,
        [0xF0],
        [0xF0, 0x80, 0xF7],
        [0xF0, 1],
        [0xB0, 1],
        [0xC0, 1, 2],
        [1, 2, 3],
        [0xF8],
        [0xB0, 1, 128],
        [256],
        ["F0"],
    ],
)
def test_a_greeting_that_is_no_message_is_refused(greeting: object) -> None:
    with pytest.raises((TypeError, ValueError), match="hello: expected"):
        hello({"hello": [greeting]})


def test_a_greeting_is_kept_as_it_is() -> None:
    sent = [[0xF0, 0x7E, 0xF7], [0xB3, 7, 127], [0xC0, 5], [0xF0, 0xF7]]
    assert hello({"hello": sent}) == tuple(map(tuple, sent))


@pytest.fixture
def instruments(jack: Jack) -> Jack:
    pytest.importorskip("cffi", reason="JACK-Client is for Linux and macOS")
    return jack


SOLO_2_ON, SOLO_2_OFF, MUTE_1_ON, MUTE_1_OFF = "b0 21 7f", "b0 21 00", "b0 30 7f", "b0 30 00"
OTHERS_OFF = [f"b0 {number:02x} 00" for number in (*range(48, 56), 41, 42, 45)]


@pytest.mark.e2e
def test_what_is_turned_by_osc_lights_up_on_the_controller(instruments: Jack) -> None:
    with plugged(instruments, "nanoKONTROL2") as device, playing(instruments) as player:
        device.hears(SOLO_2_OFF, *OTHERS_OFF)  # how everything is, at first
        player.turn("/strip/2/solo", 1)
        device.hears(SOLO_2_ON)
        player.turn("/master/panic", 1)
        until(lambda: device.messages[-1] == SOLO_2_OFF, player.program)
        assert Counter(device.messages)[SOLO_2_ON] == 1


@pytest.mark.e2e
def test_at_the_end_of_the_show_the_lamps_go_out(instruments: Jack) -> None:
    with plugged(instruments, "nanoKONTROL2") as device:
        with playing(instruments) as player:
            device.hears(SOLO_2_OFF, MUTE_1_OFF)
            player.turn("/strip/2/solo", 1)
            player.turn("/strip/1/mute", 1)
            device.hears(SOLO_2_ON, MUTE_1_ON)
        until(lambda: device.messages.count(SOLO_2_OFF) == 2, device.program)
        until(lambda: device.messages.count(MUTE_1_OFF) == 2, device.program)


@pytest.mark.e2e
def test_a_button_that_is_pressed_lights_up_and_stays_so(instruments: Jack) -> None:
    with plugged(instruments, "nanoKONTROL2") as device, playing(instruments) as player:
        device.hears(SOLO_2_OFF, MUTE_1_OFF)
        device.does(MUTE_1_ON)
        device.hears(MUTE_1_ON)
        device.does(MUTE_1_OFF)  # let go
        until(lambda: device.messages.count(MUTE_1_ON) == 2, player.program)


@pytest.mark.e2e
def test_a_controller_that_returns_is_told_everything_again(instruments: Jack) -> None:
    with playing(instruments) as player:
        player.turn("/strip/2/solo", 1)
        for times in (1, 2):
            with plugged(instruments, "nanoKONTROL2") as device:
                device.hears(SOLO_2_ON, *OTHERS_OFF)
            until(partial(lost, player, times), player.program)
        assert player.program.process.poll() is None


def lost(player: Player, times: int) -> bool:
    return player.program.lines.count("MIDI: lost nanoKONTROL2:out") == times


@pytest.mark.e2e
def test_we_never_hear_what_we_say(instruments: Jack) -> None:
    with plugged(instruments, "nanoKONTROL2") as device, playing(instruments) as player:
        device.hears(SOLO_2_OFF)
        player.turn("/master/send_clock", 1)
        device.hears("fa")  # a bar later: the ports were looked for again since
        heard = [line for line in player.program.lines if line.startswith("MIDI: listening to")]
        assert heard == ["MIDI: listening to nanoKONTROL2:out"]
