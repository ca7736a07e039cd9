import itertools

import pytest
from sweep import over

from engine.bank import Moment
from engine.parameters import Choice, Kind, Numbered, Parameter, Switch, Whole
from installation.scenes.morph import Morph, whole_turn, wrapped
from installation.scenes.scenery import of_a_look
from installation.settings import table

TABLE = table()
LOOK = [each for each in TABLE if of_a_look(each)]
START = {each.address: each.kind.low for each in LOOK}
ENDS = {each.address: each.kind.high for each in LOOK}
GOING = [each for each in LOOK if not isinstance(each.kind, (Choice, Numbered, Switch))]
STEPS = [step / 24 for step in range(25)]
HUE, GAIN, CHANNEL, NETWORK = "/colour/hue", "/strip/4/gain", "/strip/4/channel", "/dream/network"


def knobs(parameters: list[Parameter]) -> list[Parameter]:
    """One of each strip's and modulator's."""
    return [each for each in parameters if not any(f"/{n}/" in each.address for n in range(2, 9))]


def nothing_rests() -> Moment:
    raise AssertionError("nothing is to come to rest")


def morphed(starts: dict[str, float], ends: dict[str, float], seconds: float = 1.0) -> Morph:
    return Morph(TABLE, {**START, **starts}, ends, seconds, 0.0, nothing_rests)


@over(knobs(GOING))
@pytest.mark.parametrize("back", [False, True])
def test_a_knob_goes_from_one_value_to_the_other_and_nowhere_else(
    parameter: Parameter, back: bool
) -> None:
    kind, address = parameter.kind, parameter.address
    ends = [kind.at(0.2), kind.at(0.65)]
    start, end = reversed(ends) if back else ends
    morph = morphed({address: start}, {address: end})
    values = [start, *(value for at in STEPS for value in morph.values(at).values())]
    positions = [round(kind.position(value), 9) for value in values]
    assert values[-1] == end
    assert all(kind.low <= value <= kind.high for value in values)
    assert positions == sorted(positions, reverse=back)
    assert len(set(values)) > (1 if isinstance(kind, Whole) else 20)


@over(knobs(GOING))
def test_the_ends_of_the_range_are_reached_exactly_and_not_passed(parameter: Parameter) -> None:
    kind, address = parameter.kind, parameter.address
    for start, end in itertools.permutations((kind.low, kind.high, kind.default), 2):
        morph = morphed({address: start}, {address: end})
        values = [value for at in STEPS for value in morph.values(at).values()]
        assert all(kind.low <= value <= kind.high for value in values)
        assert values[-1:] == [end] or start == end


@pytest.mark.parametrize(
    ("start", "end", "halfway"),
    [
        (-30.0, 30.0, 0.0),
        (30.0, -30.0, 0.0),
        (170.0, -170.0, 180.0),
        (-100.0, 100.0, -180.0),
        (90.0, 180.0, 135.0),
    ],
)
def test_an_angle_goes_the_short_way_round(start: float, end: float, halfway: float) -> None:
    morph = morphed({HUE: start}, {HUE: end})
    assert abs(morph.values(0.5)[HUE]) == pytest.approx(abs(halfway))
    assert morph.values(1.0) == {HUE: end}


def test_only_angles_go_round() -> None:
    assert {each.address for each in LOOK if whole_turn(each.kind)} == {
        "/scope/angle",
        "/scope/source_angle",
        HUE,
    }


def test_what_cannot_be_between_changes_at_once() -> None:
    strip_and_rest = {**START, GAIN: 0.5}
    morph = Morph(TABLE, strip_and_rest, {**ENDS, GAIN: 1.0}, 1.0, 0.0, nothing_rests)
    unsteady = {each.address for each in LOOK} - {each.address for each in GOING}
    assert set(morph.first) == unsteady
    assert all(morph.first[address] == ENDS[address] for address in unsteady)
    assert not unsteady & morph.values(0.5).keys()


def test_a_strip_that_closes_keeps_its_channel_until_it_is_closed() -> None:
    closing = {GAIN: 0.0, CHANNEL: 7.0, NETWORK: 1.0}
    morph = morphed({GAIN: 0.5, CHANNEL: 3.0}, closing)
    assert morph.first == {NETWORK: 1.0}
    assert CHANNEL not in morph.values(0.9)
    assert morph.values(1.0)[CHANNEL] == 7.0


def test_a_strip_whose_gain_stays_takes_its_channel_at_once() -> None:
    morph = morphed({GAIN: 0.5, CHANNEL: 3.0}, {CHANNEL: 7.0})
    assert morph.first == {CHANNEL: 7.0}


def test_only_what_has_moved_is_told() -> None:
    morph = morphed({HUE: 0.0, "/scope/folds": 6.0}, {HUE: 90.0, "/scope/folds": 8.0})
    assert set(morph.values(0.0)) == {HUE, "/scope/folds"}
    assert set(morph.values(0.1)) == {HUE}
    assert set(morph.values(0.5)) == {HUE, "/scope/folds"}


def test_what_is_let_go_of_is_not_moved_any_more() -> None:
    morph = morphed({HUE: 0.0, CHANNEL: 1.0, GAIN: 1.0}, {HUE: 90.0, CHANNEL: 2.0, GAIN: 0.0})
    for address in (HUE, CHANNEL):
        morph.leave(address)
    assert morph.values(1.0) == {GAIN: 0.0}


def test_no_seconds_are_the_end_at_once() -> None:
    morph = morphed({HUE: 0.0}, {HUE: 90.0}, seconds=0.0)
    assert morph.arrived(0.0) == 1.0
    assert morph.values(0.0) == {HUE: 90.0}


def test_the_rest_of_a_morph_is_a_morph_to_the_same_end() -> None:
    whole = morphed({HUE: 0.0}, {HUE: 90.0}, seconds=2.0)
    seconds, targets = whole.rest(0.5)
    rest = Morph(TABLE, {**START, **whole.values(0.5)}, targets, seconds, 0.5, nothing_rests)
    assert rest.values(1.25)[HUE] == pytest.approx(whole.values(1.25)[HUE])
    assert rest.values(2.0)[HUE] == 90.0


@pytest.mark.parametrize(("value", "there"), [(0.0, 0.0), (190.0, -170.0), (-550.0, 170.0)])
def test_what_was_turned_further_lies_in_the_range(value: float, there: float) -> None:
    kind: Kind = TABLE[HUE].kind
    assert wrapped(kind, value) == there
