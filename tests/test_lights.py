"""Lights: what a device is told, and when."""

import random
from collections.abc import Iterable, Mapping

import pytest

from installation.settings import table
from mappings.files.loading import read_mapping
from mappings.mapping import Control, ControlEvent, Light
from mappings.midi.lights import MOST, QUIET, RATE, Lights

TABLE = table()
VALUES = {
    parameter.address: value
    for parameter, value in zip(TABLE, TABLE.defaults, strict=True)
    if parameter.address != "/master/panic"
}


def lights(rows: str, values: Mapping[str, float] = VALUES) -> Lights:
    """``rows``: of a mapping file."""
    mapping = read_mapping('name = "desk"\ncontrol = [\n' + rows + "\n]", TABLE)
    return Lights(mapping.rows, TABLE, values)


def cc(number: int, channel: int | None = None) -> Control:
    return Control("cc", number, channel)


def note(number: int, channel: int | None = None) -> Control:
    return Control("note", number, channel)


def shown(told: Iterable[tuple[Light, int]]) -> dict[str, int]:
    return {str(light.control): value for light, value in told}


FADER = '{cc = 1, to = "/dream/amount"},'
SOLO = '{note = 2, to = "/strip/1/solo", mode = "toggle"},'


@pytest.mark.parametrize(
    ("row", "value", "told"),
    [
        ('cc = 1, to = "/dream/amount"', 0.5, {"CC 1": 64}),
        ('cc = 1, to = "/strip/1/gain", range = [0, 1]', 0.25, {"CC 1": 32}),
        ('cc = 1, to = "/strip/1/gain", range = [0, 1]', -0.5, {"CC 1": 0}),
        ('cc = 1, to = "/strip/1/gain", range = [1, 0]', 0.25, {"CC 1": 95}),
        ('cc = 1, bits = 14, to = "/dream/amount"', 0.5, {"CC 1 with 14 bits": 8192}),
        ('bend = true, channel = 3, to = "/dream/amount"', 1.0, {"pitch bend (channel 3)": 16383}),
        ('cc = 1, to = "/dream/amount", coding = "bin offset"', 0.5, {"CC 1": 64}),
        ('note = 1, to = "/strip/1/solo", mode = "toggle"', 1.0, {"note 1": 127}),
        ('note = 1, to = "/strip/1/solo", mode = "toggle"', 0.0, {"note 1": 0}),
        ('note = 1, to = "/strip/1/solo"', 1.0, {"note 1": 127}),
        (
            'note = 1, to = "/strip/1/mute", mode = "toggle", light = {on = 0, off = 5}',
            0,
            {"note 1": 5},
        ),
        ('note = 1, to = "/scope/folds", value = 8', 8.0, {"note 1": 127}),
        ('note = 1, to = "/scope/folds", value = 8', 9.0, {"note 1": 0}),
        ('note = 1, to = "/scope/symmetry", value = "none"', 0.0, {"note 1": 127}),
        (
            'note = [1, 2], to = "/scene/recall", mode = "radio", values = [1, 2]',
            2.0,
            {"note 1": 0, "note 2": 127},
        ),
        ('note = 1, to = "/scope/folds", by = 1', 9.0, {"note 1": 0}),
        ('note = 1, to = "/master/panic"', 1.0, {"note 1": 0}),
        (
            'note = 1, to = "/strip/1/solo", light = {cc = 9, channel = 2, on = 3}',
            1.0,
            {"CC 9 (channel 2)": 3},
        ),
        ('note = 1, to = "/strip/1/solo", light = false', 1.0, {}),
        ('nrpn = 300, to = "/dream/amount"', 1.0, {}),
        ('program = 3, to = "/strip/1/solo", mode = "toggle"', 1.0, {}),
    ],
)
def test_a_light_shows_what_its_control_has_turned(
    row: str, value: float, told: dict[str, int]
) -> None:
    address = row.split('to = "')[1].split('"')[0]
    assert shown(lights("{" + row + "},", {address: value}).due(10.0)) == told


def test_at_the_start_everything_is_told_and_then_only_what_changes() -> None:
    device = lights(FADER + SOLO)
    assert shown(device.due(10.0)) == {"CC 1": 127, "note 2": 0}
    assert device.due(11.0) == []
    device.changed("/strip/1/solo", 1.0)
    device.changed("/dream/amount", 1.0)
    device.changed("/scope/folds", 3.0)
    assert shown(device.due(12.0)) == {"note 2": 127}


def test_what_changes_and_changes_back_is_not_told() -> None:
    device = lights(SOLO)
    device.due(10.0)
    device.changed("/strip/1/solo", 1.0)
    device.changed("/strip/1/solo", 0.0)
    assert device.due(11.0) == []


def test_one_light_is_told_thirty_times_a_second_and_its_last_value_always() -> None:
    device = lights(FADER)
    device.due(10.0)
    told = []
    for tick in range(60):
        device.changed("/dream/amount", tick / 100)
        told += device.due(11.0 + tick / 60)
    assert len(told) == pytest.approx(RATE, abs=2)
    told += device.due(12.5)
    assert told[-1][1] == round(0.59 * 127)


def test_many_lights_are_told_at_a_pace_that_a_cable_carries() -> None:
    row = "{cc = [" + ", ".join(map(str, range(100))) + '], to = "/dream/amount"},'
    device = lights(row)
    device.due(9.0)
    device.due(9.2)
    device.changed("/dream/amount", 0.0)
    told = [device.due(10.0 + tick / 60) for tick in range(60)]
    assert sum(map(len, told)) == 100
    assert max(map(len, told[1:])) <= MOST / 60 + 1
    assert len({light for tick in told for light, _ in tick}) == 100


def hand(control: Control, position: float) -> ControlEvent:
    return ControlEvent(control, position)


def test_a_fader_in_a_hand_is_told_nothing_before_it_rests() -> None:
    device = lights(FADER)
    device.due(10.0)
    for step in range(10):
        at = 11.0 + step / 50
        device.moved(hand(cc(1, 1), step / 127), at)
        device.changed("/dream/amount", 0.5)
        assert device.due(at) == []
    assert device.due(at + QUIET - 0.01) == []
    assert shown(device.due(at + QUIET + 0.01)) == {"CC 1": 64}
    assert device.due(at + 1.0) == []


def test_a_fader_that_stands_where_its_parameter_does_is_told_nothing() -> None:
    device = lights(FADER)
    device.due(10.0)
    device.moved(hand(cc(1, 1), 64 / 127), 11.0)
    device.changed("/dream/amount", 64 / 127)
    assert device.due(12.0) == []


def test_what_moves_another_fader_is_told_at_once() -> None:
    device = lights(FADER + '{cc = 2, to = "/dream/memory"},')
    device.due(10.0)
    device.moved(hand(cc(1, 1), 0.5), 11.0)
    device.changed("/dream/memory", 0.0)
    assert shown(device.due(11.0)) == {"CC 2": 0}


def test_a_button_is_told_at_once_and_again_when_it_is_let_go() -> None:
    device = lights(SOLO)
    device.due(10.0)
    device.moved(hand(note(2, 1), 1.0), 11.0)
    device.changed("/strip/1/solo", 1.0)
    assert shown(device.due(11.0)) == {"note 2": 127}
    device.moved(hand(note(2, 1), 0.0), 11.1)
    assert shown(device.due(11.1)) == {"note 2": 127}
    assert device.due(12.0) == []


def test_the_ring_of_an_endless_knob_is_told_while_it_is_turned() -> None:
    device = lights('{cc = 1, to = "/dream/amount", coding = "bin offset"},')
    device.due(10.0)
    device.moved(hand(cc(1, 1), 65 / 127), 11.0)
    device.changed("/dream/amount", 0.5)
    assert shown(device.due(11.0)) == {"CC 1": 64}


def test_a_lamp_elsewhere_than_its_fader_is_told_at_once() -> None:
    device = lights('{cc = 1, to = "/dream/amount", light = {note = 5}},')
    device.due(10.0)
    device.moved(hand(cc(1, 1), 0.0), 11.0)
    device.changed("/dream/amount", 0.0)
    assert shown(device.due(11.0)) == {"note 5": 0}


def test_a_hand_on_another_channel_means_another_control() -> None:
    device = lights('{cc = 1, channel = 2, to = "/dream/amount"},')
    device.due(10.0)
    device.moved(hand(cc(1, 1), 0.0), 11.0)
    device.changed("/dream/amount", 0.5)
    assert shown(device.due(11.0)) == {"CC 1 (channel 2)": 64}


def test_at_the_end_lamps_and_rings_are_put_out_and_faders_left_where_they_stand() -> None:
    mute = '{cc = 3, to = "/strip/1/mute", mode = "toggle", light = {note = 9, on = 1, off = 5}},'
    ring = '{cc = 4, to = "/dream/memory", coding = "bin offset"},'
    beside = '{cc = 5, to = "/dream/amount", light = {cc = 6}},'
    device = lights(FADER + SOLO + mute + ring + beside)
    assert shown(device.out()) == {"note 2": 0, "note 9": 5, "CC 4": 0, "CC 6": 0}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_device_ends_up_showing_what_is(seed: int) -> None:
    chance = random.Random(seed)
    device = lights(FADER + SOLO + '{cc = 3, to = "/scope/folds", coding = "signed bit"},')
    values, faces = dict(VALUES), {"CC 1": -1, "note 2": -1, "CC 3": -1}
    now = 10.0
    for _ in range(300):
        now += chance.uniform(0.0, 0.05)
        address = chance.choice(("/dream/amount", "/strip/1/solo", "/scope/folds"))
        if chance.random() < 0.5:
            values[address] = TABLE[address].value(chance.uniform(0, 24))
            device.changed(address, values[address])
        elif address == "/dream/amount":
            faces["CC 1"] = chance.randrange(128)
            device.moved(hand(cc(1, 5), faces["CC 1"] / 127), now)
        else:
            faces["note 2"] = 0  # its own lamp goes out
            device.moved(hand(note(2, 1), 0.0), now)
        faces |= shown(device.due(now))
    faces |= shown(device.due(now + 1.0))
    folds = round(127 * TABLE["/scope/folds"].kind.position(values["/scope/folds"]))
    amount = round(127 * values["/dream/amount"])
    assert faces == {"CC 1": amount, "note 2": 127 * values["/strip/1/solo"], "CC 3": folds}
