"""The files of the devices that come along: each is read, each control and light is one."""

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import mido
import pytest

from engine.parameters import Trigger
from installation.settings import table
from mappings.files.loading import load_mapping, shipped_mappings
from mappings.mapping import ControlEvent, Encoder, Follow, Mapping, Row, mapping_for, settled
from mappings.midi.lights import Lights
from mappings.midi.outputs import messages

TABLE = table()
DEVICES = [path for path in shipped_mappings() if path.stem != "keys"]
DEFAULTS = dict(zip((each.address for each in TABLE), TABLE.defaults, strict=True))

device_file = pytest.mark.parametrize("path", DEVICES, ids=lambda path: path.stem)


@cache
def device(path: Path) -> Mapping:
    return load_mapping(path, TABLE)


@device_file
def test_a_device_says_its_port_and_whose_its_numbers_are(path: Path) -> None:
    mapping = device(path)
    assert mapping.ports
    assert len(mapping.source) > len("-")


@device_file
def test_every_control_of_a_device_turns_something(path: Path) -> None:
    for row in device(path).rows:
        assert turns_something(row), row


def turns_something(row: Row) -> bool:
    parameter = TABLE[row.action.address]
    if isinstance(parameter.kind, Trigger):
        return True
    places = (0.0, 65 / 127, 1.0) if isinstance(row.action, Follow | Encoder) else (1.0,)
    starts = (parameter.kind.low, DEFAULTS[parameter.address], parameter.kind.high)
    return any(
        settled(turn, TABLE, {parameter.address: start}) != start
        for start in starts
        for place in places
        for turn in row.action.turns(ControlEvent(row.control, place))
    )


@device_file
def test_the_scene_buttons_of_a_device_begin_with_the_first(path: Path) -> None:
    """0 is no scene."""
    buttons = [row for row in device(path).rows if row.action.address == "/scene/recall"]
    pressed = [turn.amount for row in buttons for turn in row.action.turns(press(row))]
    assert pressed == list(range(1, len(buttons) + 1))


def press(row: Row) -> ControlEvent:
    return ControlEvent(row.control, 1.0)


@device_file
def test_no_message_of_a_device_turns_two_things(path: Path) -> None:
    controls = [row.control for row in device(path).rows]
    for place, control in enumerate(controls):
        assert not any(control.overlaps(other) for other in controls[:place]), control


@device_file
def test_no_light_of_a_device_shows_two_things(path: Path) -> None:
    there = Counter(
        (each.control.kind, each.control.name, each.control.channel or 1)
        for row in device(path).rows
        if (each := row.light)
    )
    assert [light for light, times in there.items() if times > 1] == []


@device_file
def test_every_light_is_told_by_messages_that_there_are(path: Path) -> None:
    for row in device(path).rows:
        if row.light:
            for value in (row.light.on, row.light.off):
                sent = list(messages(row.light, value))
                assert sent
                assert all(mido.Message.from_bytes(each.bytes()) == each for each in sent)


@device_file
def test_every_greeting_is_a_message(path: Path) -> None:
    for sent in device(path).hello:
        assert tuple(mido.Message.from_bytes(sent).bytes()) == sent


@device_file
def test_a_device_is_told_the_whole_state_within_a_second(path: Path) -> None:
    rows = device(path).rows
    lights = Lights(rows, TABLE, DEFAULTS)
    told = [light for tick in range(60) for light, _ in lights.due(10.0 + tick / 60)]
    assert set(told) == {row.light for row in rows if row.light}


@device_file
def test_a_device_has_every_strip_or_none(path: Path) -> None:
    turned = {row.action.address for row in device(path).rows}
    for name in ("gain", "channel", "spread", "solo", "mute"):
        assert sum(f"/strip/{strip}/{name}" in turned for strip in range(1, 9)) in (0, 8)


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL 20:0", "Korg nanoKONTROL2"),
        ("NANOKONTROL2 SLIDER/KNOB", "Korg nanoKONTROL2"),
        ("APC MINI:APC MINI MIDI 1 24:0", "Akai APC mini"),
        ("APC mini mk2:APC mini mk2 APC mini mk2 Contr 28:0", "Akai APC mini mk2"),
        ("APC40 mkII:APC40 mkII MIDI 1 20:0", "Akai APC40 mkII"),
        ("MIDI Mix:MIDI Mix MIDI 1 20:0", "Akai MIDImix"),
        ("Launch Control XL:Launch Control XL MIDI 1 20:0", "Novation Launch Control XL"),
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 20:0", "Behringer X-Touch Mini"),
        ("Arturia BeatStep:Arturia BeatStep MIDI 1 20:0", "Arturia BeatStep"),
        (
            "Midi Fighter Twister:Midi Fighter Twister MIDI 1 20:0",
            "DJ TechTools Midi Fighter Twister",
        ),
        ("Some Keyboard:Some Keyboard MIDI 1 32:0", "Any other controller"),
        ("Kaleidream", "Any other controller"),
    ],
)
def test_a_port_finds_the_file_of_its_device(port: str, name: str) -> None:
    found = mapping_for(port, [device(path) for path in DEVICES])
    assert found is not None
    assert found.name == name


def test_keyboards_that_we_do_not_know_are_told_nothing() -> None:
    (generic,) = [device(path) for path in DEVICES if path.stem == "generic"]
    assert not any(row.light for row in generic.rows)


@device_file
def test_a_file_fits_the_screen(path: Path) -> None:
    text = path.read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 100
    assert tomllib.loads(text)
