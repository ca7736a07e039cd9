"""One device's messages to turns: what counts, what glides, what steps, what waits."""

import random

import pytest

from engine.parameters import Trigger
from installation.settings import table
from mappings.files.actions import SMOOTHING_SECONDS
from mappings.files.loading import read_mapping
from mappings.mapping import Turn, settled
from mappings.midi.controller import Controller
from mappings.midi.takeover import SOON_SECONDS

TABLE = table()
FADE, FOLDS, ZOOM = "/master/fade", "/scope/folds", "/scope/zoom"
FRAME = 1 / 60
REST = 1.0


class Device:
    """A controller, and a desk that makes its turns."""

    def __init__(self, *rows: str, head: str = "") -> None:
        controls = "".join(f"[[control]]\n{row}\n" for row in rows)
        self.mapping = read_mapping(f'name = "desk"\nports = ["desk"]\n{head}\n{controls}', TABLE)
        self.controller = Controller(self.mapping, TABLE)
        self.now = 0.0
        self.made: list[Turn] = []
        self.values = {
            each.address: TABLE.defaults[each.index]
            for each in TABLE
            if not isinstance(each.kind, Trigger)
        }

    def hears(self, *messages: tuple[int, ...]) -> list[Turn]:
        """Together, in one batch."""
        return self._make(
            self.controller.turns(
                self.controller.moved([(message, self.now) for message in messages]), self.values
            )
        )

    def one_by_one(self, *messages: tuple[int, ...], gap: float = REST) -> list[Turn]:
        """With ``gap`` seconds, and frames, between them."""
        made = []
        for message in messages:
            made += self.hears(message)
            made += self.goes_on(gap)
        return made

    def goes_on(self, seconds: float) -> list[Turn]:
        made = []
        for _ in range(max(round(seconds / FRAME), 1)):
            self.now += FRAME
            made += self._make(self.controller.glided(self.now))
        return made

    def elsewhere(self, address: str, value: float) -> None:
        self.values[address] = value
        self.controller.turned_elsewhere(address)

    def _make(self, turns: list[Turn]) -> list[Turn]:
        for turn in turns:
            value = settled(turn, TABLE, self.values)
            if turn.address in self.values:
                self.values[turn.address] = value
        self.made += turns
        return turns


def cc(number: int, value: int, channel: int = 1) -> tuple[int, int, int]:
    return 0xB0 + channel - 1, number, value


def note(number: int, velocity: int) -> tuple[int, int, int]:
    return 0x90, number, velocity


FADER = f'cc = 7\nto = "{FADE}"\ntakeover = "jump"\nsmoothing = 0'


def test_of_a_knobs_travel_only_the_end_is_turned() -> None:
    device = Device(FADER)
    turns = device.hears(*(cc(7, value) for value in range(127)))
    assert turns == [Turn(FADE, 126 / 127, "position")]


@pytest.mark.parametrize("presses", [1, 2, 5])
@pytest.mark.parametrize("number", ["cc", "note"])
def test_every_press_in_a_batch_counts(number: str, presses: int) -> None:
    device = Device(f'{number} = 41\nto = "{FOLDS}"\nby = 1')
    press = cc(41, 127) if number == "cc" else note(41, 100)
    device.hears(*[press, (press[0], 41, 0)] * presses)
    assert device.values[FOLDS] == 6 + presses


@pytest.mark.parametrize(
    ("values", "presses"),
    [
        ((127, 0, 127, 0), 2),
        ((127, 127, 127), 3),  # a button that says nothing when it is let go
        ((70, 90, 127, 90), 1),  # a pedal that is pressed down by and by
        ((70, 20, 90), 2),
        ((0, 20, 63), 0),
    ],
)
def test_a_pedal_on_its_way_is_one_press(values: tuple[int, ...], presses: int) -> None:
    one_by_one, at_once = (Device(f'cc = 64\nto = "{FOLDS}"\nby = 1') for _ in range(2))
    messages = [cc(64, value) for value in values]
    one_by_one.one_by_one(*messages)
    at_once.hears(*messages)
    assert one_by_one.values[FOLDS] == at_once.values[FOLDS] == 6 + presses


CODINGS = {
    "signed bit": (1, 65),
    "signed bit 2": (65, 1),
    "bin offset": (65, 63),
    "twos complement": (1, 127),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_every_step_of_an_endless_knob_counts_also_in_one_batch(coding: str) -> None:
    device = Device(f'cc = 16\nto = "{FOLDS}"\ncoding = "{coding}"')
    up, down = CODINGS[coding]
    device.hears(*[cc(16, up)] * 5, *[cc(16, down)] * 2, *[cc(16, up)] * 3)
    assert device.values[FOLDS] == 6 + 5 - 2 + 3


def test_an_endless_knob_can_be_turned_round() -> None:
    device = Device(f'cc = 16\nto = "{FOLDS}"\ncoding = "bin offset"\ninvert = true')
    device.hears(cc(16, 65))
    assert device.values[FOLDS] == 5


@pytest.mark.parametrize("steps", [32, 128, 512])
def test_as_many_steps_as_the_row_says_are_the_whole_travel(steps: int) -> None:
    device = Device(f'cc = 16\nto = "{ZOOM}"\ncoding = "twos complement"\nsteps = {steps}')
    device.elsewhere(ZOOM, 0.25)
    device.hears(*[cc(16, 1)] * (steps - 1))
    assert device.values[ZOOM] < 4.0
    device.hears(cc(16, 1))
    assert device.values[ZOOM] == pytest.approx(4.0)


def test_steps_that_are_less_than_a_whole_number_add_up() -> None:
    device = Device(f'cc = 16\nto = "{FOLDS}"\ncoding = "twos complement"\nstep = 0.25')
    reached = []
    for _ in range(8):
        device.hears(cc(16, 1))
        reached.append(device.values[FOLDS])
    assert reached == [6, 6, 6, 7, 7, 7, 7, 8]


def test_an_endless_knob_starts_from_where_the_parameter_stands() -> None:
    device = Device(f'cc = 16\nto = "{FADE}"\ncoding = "twos complement"\nstep = 0.01')
    device.elsewhere(FADE, 0.5)
    device.hears(cc(16, 1))
    assert device.values[FADE] == pytest.approx(0.51)


def test_nrpn_increments_are_steps_and_each_counts() -> None:
    device = Device(f'nrpn = 130\nto = "{FOLDS}"\ncoding = "increments"')
    device.hears(cc(99, 1), cc(98, 2), *[cc(96, 0)] * 4, cc(97, 0))
    assert device.values[FOLDS] == 9


def test_an_nrpn_is_a_knob_of_14_bits_of_which_the_newest_place_counts() -> None:
    device = Device(f'nrpn = 130\nto = "{FADE}"\ntakeover = "jump"')
    device.hears(cc(99, 1), cc(98, 2), cc(6, 1), cc(38, 2), cc(6, 64), cc(38, 3))
    assert device.made == [Turn(FADE, 8195 / 16383, "position")]


def test_a_pair_of_14_bits_is_one_knob_on_any_channel() -> None:
    device = Device(f'cc = 1\nbits = 14\nto = "{FADE}"\ntakeover = "jump"')
    for channel in range(1, 17):
        device.hears(cc(1, 64, channel), cc(33, 3, channel))
    assert device.made == [Turn(FADE, 8195 / 16383, "position")] * 16


def test_the_pitch_bend_turns() -> None:
    device = Device(f'bend = true\nto = "{FADE}"\ntakeover = "jump"')
    device.hears((0xE0, 0, 64))
    assert device.values[FADE] == 0.5


@pytest.mark.parametrize(("bank", "program", "scene"), [(0, 0, 1), (0, 9, 10), (0, 127, 128)])
def test_a_program_recalls_the_scene_of_its_number(bank: int, program: int, scene: int) -> None:
    device = Device(FADER)
    device.hears(cc(32, bank), (0xC0, program))
    assert device.values["/scene/recall"] == scene


def test_a_program_past_the_last_scene_recalls_none() -> None:
    device = Device(FADER)
    assert device.hears(cc(32, 1), (0xC0, 0)) == []


@pytest.mark.parametrize(
    ("banks", "number"), [((0, 0), 9), ((0, 1), 137), ((1, 0), 16393), ((127, 127), 2097033)]
)
def test_a_program_of_any_bank_does_what_its_row_says(banks: tuple[int, int], number: int) -> None:
    device = Device(f'program = {number}\nto = "/master/freeze"\nmode = "toggle"')
    device.hears(cc(0, banks[0]), cc(32, banks[1]), (0xC0, 9))
    assert [turn.address for turn in device.made] == ["/master/freeze"]


def test_a_radio_of_notes_chooses_among_the_options_in_their_order() -> None:
    device = Device('note = [36, 37]\nto = "/scope/symmetry"\nmode = "radio"')
    chosen = []
    for number in (36, 37, 36):
        device.hears(note(number, 100), note(number, 0))
        chosen.append(device.values["/scope/symmetry"])
    assert chosen == [0, 1, 0]


def test_a_radio_sets_the_values_it_names() -> None:
    device = Device(f'note = [36, 37, 38]\nto = "{FOLDS}"\nmode = "radio"\nvalues = [3, 8, 24]')
    chosen = []
    for number in (38, 36, 37):
        device.hears(note(number, 100), note(number, 0))
        chosen.append(device.values[FOLDS])
    assert chosen == [24, 3, 8]


def test_a_curve_bends_the_travel() -> None:
    device = Device(f'bend = true\nto = "{FADE}"\ncurve = 2.0\ntakeover = "jump"')
    device.hears((0xE0, 0, 64))
    assert device.values[FADE] == 0.25


# smoothing

GLIDER = f'cc = 7\nto = "{FADE}"\ntakeover = "jump"\nsmoothing = 0.1'


def test_a_step_of_seven_bits_is_a_glide_that_ends_exactly_there() -> None:
    device = Device(GLIDER)
    assert device.hears(cc(7, 0)) == []
    places = [float(turn.amount or 0.0) for turn in device.goes_on(REST)]
    assert places == sorted(places, reverse=True)
    assert len(places) == pytest.approx(0.1 / FRAME, abs=1)
    assert places[-1] == 0.0


def test_nothing_is_turned_when_nothing_glides() -> None:
    device = Device(GLIDER)
    device.one_by_one(cc(7, 0))
    assert device.goes_on(REST) == []
    assert device.one_by_one(cc(7, 0)) == [], "it stands there already"


def test_a_new_move_goes_on_from_where_the_glide_is() -> None:
    device = Device(GLIDER)
    device.hears(cc(7, 0))
    device.goes_on(3 * FRAME)
    middle = device.values[FADE]
    device.hears(cc(7, 127))
    places = [float(turn.amount or 0.0) for turn in device.goes_on(REST)]
    assert 0 < middle < places[0]
    assert places == sorted(places)
    assert places[-1] == 1.0


def test_no_step_is_larger_than_the_glide_allows() -> None:
    device = Device(GLIDER)
    before, chance = device.values[FADE], random.Random(0)
    for _ in range(300):
        device.hears(cc(7, chance.randrange(128)))
        device.goes_on(FRAME)
        assert abs(device.values[FADE] - before) <= FRAME / 0.1 + 1e-9
        before = device.values[FADE]


def test_a_glide_ends_when_the_parameter_is_turned_from_elsewhere() -> None:
    device = Device(GLIDER)
    device.hears(cc(7, 0))
    device.goes_on(2 * FRAME)
    device.elsewhere(FADE, 0.7)
    assert device.goes_on(REST) == []
    assert device.values[FADE] == 0.7


def test_letting_go_ends_a_glide() -> None:
    device = Device(GLIDER)
    device.hears(cc(7, 0))
    device.controller.let_go()
    assert device.goes_on(REST) == []


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        (f'cc = 7\nto = "{FADE}"', SMOOTHING_SECONDS),
        (f'cc = 7\nto = "{FADE}"\nsmoothing = 0', 0.0),
        (f'cc = 7\nto = "{FADE}"\nsmoothing = 0.5', 0.5),
        (f'cc = 7\nbits = 14\nto = "{FADE}"', 0.0),
        (f'nrpn = 7\nto = "{FADE}"', 0.0),
        (f'bend = true\nto = "{FADE}"', 0.0),
        (f'note = 7\nto = "{FADE}"', 0.0),
        (f'cc = 7\nto = "{FOLDS}"', 0.0),
        ('cc = 7\nto = "/source/mirror"\nmode = "absolute"', 0.0),
        (f'cc = 7\nto = "{FADE}"\nmode = "momentary"', 0.0),
    ],
)
def test_only_steps_of_seven_bits_are_smoothed_unless_it_is_said(row: str, seconds: float) -> None:
    (found,) = Device(row).mapping.rows
    assert found.action.smoothing == seconds  # type: ignore[union-attr]


# takeover


@pytest.mark.parametrize(
    ("head", "row", "takeover"),
    [
        ("", "cc = 7", "pickup"),
        ("", "nrpn = 7", "pickup"),
        ("", "bend = true", "pickup"),
        ("", "note = 7", "jump"),
        ('takeover = "scaled"', "cc = 7", "scaled"),
        ('takeover = "scaled"', "note = 7", "jump"),
        ('takeover = "scaled"', 'cc = 7\ntakeover = "jump"', "jump"),
        ("motor = true", "cc = 7", "jump"),
        ("motor = true", 'cc = 7\ntakeover = "pickup"', "pickup"),
        ('motor = true\ntakeover = "scaled"', "cc = 7", "scaled"),
    ],
)
def test_how_a_control_takes_hold_unless_it_is_said(head: str, row: str, takeover: str) -> None:
    (found,) = Device(f'{row}\nto = "{FADE}"', head=head).mapping.rows
    assert found.action.takeover == takeover  # type: ignore[union-attr]


PICKUP = f'cc = 7\nto = "{FADE}"'


def test_a_fader_holds_its_parameter_while_it_glides() -> None:
    device = Device(PICKUP)
    device.one_by_one(cc(7, 127), *(cc(7, value) for value in range(120, 0, -20)), gap=FRAME)
    device.goes_on(REST)
    assert device.values[FADE] == 20 / 127


def test_a_fast_sweep_in_one_batch_is_not_missed() -> None:
    device = Device(PICKUP)
    device.elsewhere(FADE, 0.5)
    device.one_by_one(cc(7, 0))
    device.hears(*(cc(7, value) for value in range(1, 128, 9)))
    device.goes_on(REST)
    assert device.values[FADE] > 0.95


def test_what_waits_is_said_and_dropped_once_it_is_caught() -> None:
    device = Device(PICKUP)
    device.elsewhere(FADE, 0.5)
    device.one_by_one(cc(7, 0))
    (waiting,) = device.controller.waiting(device.values)
    assert (waiting.address, waiting.position, waiting.control) == (FADE, 0.5, 0.0)
    device.one_by_one(cc(7, 127))
    assert device.controller.waiting(device.values) == []


def test_a_scene_shakes_off_a_fader_that_is_in_motion() -> None:
    device = Device(PICKUP)
    device.one_by_one(cc(7, 127), cc(7, 120))
    device.controller.let_go()
    device.elsewhere(FADE, 0.2)
    assert device.one_by_one(cc(7, 118), cc(7, 110), gap=SOON_SECONDS / 2) == []
    assert device.values[FADE] == 0.2


def test_a_device_that_returns_must_take_hold_anew() -> None:
    device = Device(PICKUP)
    device.elsewhere(FADE, 0.5)
    device.one_by_one(cc(7, 0))
    device.controller.plugged()
    assert device.one_by_one(cc(7, 127)) == [], "who knows where it stood before"
    assert device.one_by_one(cc(7, 0)), "now it has crossed"


def test_two_faders_of_one_parameter_wait_for_each_other() -> None:
    device = Device(PICKUP, f'cc = 8\nto = "{FADE}"')
    device.one_by_one(cc(7, 127), cc(7, 100), cc(8, 0))
    assert device.values[FADE] == 100 / 127
    device.one_by_one(cc(8, 110), cc(8, 90))
    assert device.values[FADE] == 90 / 127
    device.one_by_one(cc(7, 99))
    assert device.values[FADE] == 90 / 127


def test_rows_that_stay_in_a_new_mapping_keep_their_hold() -> None:
    device = Device(PICKUP)
    device.one_by_one(cc(7, 127))
    device.controller.use(Device(PICKUP, f'cc = 8\nto = "{ZOOM}"').mapping)
    device.one_by_one(cc(7, 10))
    assert device.values[FADE] == 10 / 127
