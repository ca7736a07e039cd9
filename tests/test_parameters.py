import math

import pytest
from sweep import over

from engine.bestiary.names import NAMES as CLASSES
from engine.networks import NETWORKS
from engine.parameters import Name, Parameter, Trigger
from installation.settings import table

TABLE = table()
LAYER = TABLE["/strip/1/layer"]
NAMES = LAYER.kind.options if isinstance(LAYER.kind, Name) else ()
TWINS = tuple(f"/strip/{strip}/" for strip in range(2, 9))  # as strip 1 in all that is tested here
ONCE = [each for each in TABLE if not each.address.startswith(TWINS)]


@over(ONCE)
def test_every_start_lies_in_its_range(parameter: Parameter) -> None:
    start = TABLE.defaults[parameter.index]
    assert parameter.kind.low <= start <= parameter.kind.high
    assert parameter.kind.clamped(start) == start


@over(each for each in ONCE if not isinstance(each.kind, Trigger))
def test_value_to_position_to_value_returns(parameter: Parameter) -> None:
    kind = parameter.kind
    for position in (0.0, 0.1, 0.5, 0.77, 1.0):
        value = kind.at(position)
        assert kind.low <= value <= kind.high
        assert kind.at(kind.position(value)) == pytest.approx(value, abs=1e-9)


@over(ONCE)
def test_a_turning_knob_never_goes_back(parameter: Parameter) -> None:
    values = [parameter.kind.at(n / 127) for n in range(128)]
    assert values == sorted(values)
    if not isinstance(parameter.kind, Trigger):
        assert (values[0], values[-1]) == (parameter.kind.low, parameter.kind.high)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "nan", "lots", [1], b"1"])
def test_what_is_no_number_is_refused_by_name(bad: object) -> None:
    for parameter in TABLE:
        with pytest.raises((TypeError, ValueError), match=parameter.address):
            parameter.value(bad)


@over(ONCE)
def test_what_lies_outside_is_clamped_from_a_fader_and_refused_from_a_file(
    parameter: Parameter,
) -> None:
    above = parameter.kind.high + 1
    assert parameter.value(above) == parameter.kind.high
    with pytest.raises(ValueError, match=r"expected .* received"):
        parameter.value_in_range(above)


def test_addresses_are_one_each_and_lower_case() -> None:
    addresses = [parameter.address for parameter in TABLE]
    assert len(set(addresses)) == len(addresses)
    assert all(address == address.lower() for address in addresses)


def test_an_unknown_address_names_the_nearest() -> None:
    with pytest.raises(LookupError, match="/dream/step_size"):
        TABLE["/dream/stepsize"]


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("/panic", "/master/panic"),
        ("/blackout", "/master/blackout"),
        ("/fade", "/master/fade"),
        ("/recall", "/scene/recall"),
        ("/scene/recal", "/scene/recall"),
        ("/strip/1/gian", "/strip/1/gain"),
        ("/dream/speed", "/dream/"),
        ("/scope/zooom", "/scope/zoom"),
    ],
)
def test_the_nearest_address_is_near_in_its_last_part_too(address: str, near: str) -> None:
    with pytest.raises(LookupError, match=f"no parameter '{address}'; there are {near}"):
        TABLE[address]


def test_an_address_like_no_other_is_refused_in_few_words() -> None:
    with pytest.raises(LookupError, match=r"no parameter '/accxyz'$"):
        TABLE["/accxyz"]


@pytest.mark.parametrize(
    ("address", "received", "value"),
    [
        ("/dream/steps", 2.6, 3.0),
        ("/dream/steps", "2", 2.0),
        ("/dream/network", "inception_v3", 1.0),
        ("/dream/network", 99, len(NETWORKS) - 1),
        ("/dream/freeze", "true", 1.0),
        ("/dream/freeze", "Off", 0.0),
        ("/dream/freeze", True, 1.0),
        ("/dream/reset", None, 1.0),
        ("/dream/reset", 0, 0.0),
    ],
)
def test_outside_words_and_numbers_are_understood(
    address: str, received: object, value: float
) -> None:
    assert TABLE[address].value(received) == value


def test_the_middle_of_a_spin_stands_still() -> None:
    assert TABLE["/scope/spin"].kind.at(0.5) == 0.0


def test_equal_turns_of_a_ratio_multiply_equally() -> None:
    zoom = TABLE["/scope/zoom"].kind
    assert zoom.at(0.5) == pytest.approx(1.0)
    assert zoom.at(0.75) / zoom.at(0.5) == pytest.approx(zoom.at(0.5) / zoom.at(0.25))


def test_nothing_is_named_at_the_start() -> None:
    assert NAMES[0] == ""
    assert LAYER.kind.default == LAYER.value("") == TABLE.defaults[LAYER.index] == 0.0
    assert LAYER.kind.decoded(0.0) == ""


@pytest.mark.parametrize("name", ["mixed4", NAMES[1], NAMES[-1]])
def test_a_name_is_understood_and_comes_back(name: str) -> None:
    value = LAYER.value(name)
    assert LAYER.kind.decoded(value) == name
    assert LAYER.kind.at(LAYER.kind.position(value)) == value


def test_every_name_has_a_place_on_the_knob() -> None:
    values = [float(n) for n in range(len(NAMES))]
    assert [LAYER.kind.at(LAYER.kind.position(value)) for value in values] == values


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"/strip/1/layer: expected .*'mixed_4'.* mixed4,"):
        LAYER.value("mixed_4")


def test_a_name_like_no_other_is_refused_in_few_words() -> None:
    with pytest.raises(ValueError, match=r"received '\?\?\?'$"):
        LAYER.value("???")


@pytest.mark.parametrize(
    ("received", "value"), [(3, 3), (2.6, 3), (-1, 0), (10**6, len(NAMES) - 1)]
)
def test_a_name_may_be_counted(received: float, value: float) -> None:
    assert LAYER.value(received) == value


def test_a_count_past_the_last_name_is_refused_from_a_file() -> None:
    with pytest.raises(ValueError, match=r"names, such as .*received"):
        LAYER.value_in_range(len(NAMES))


CHANNEL = TABLE["/strip/8/channel"]


@pytest.mark.parametrize("word", ["eyes", "EYES", " eyes "])
def test_a_channel_is_known_by_its_name(word: str) -> None:
    assert CHANNEL.value(word) == CHANNEL.value_in_range(word) == 1 + CLASSES.index("eyes")


def test_every_name_is_another_channel() -> None:
    assert [CHANNEL.value(name) for name in CLASSES] == list(range(1, len(CLASSES) + 1))


def test_a_channel_is_still_a_number() -> None:
    assert [CHANNEL.value(each) for each in (7, 7.2, "7")] == [7.0, 7.0, 7.0]


def test_an_unknown_class_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"or a name, such as \w+, received 'eye'; there are eyes"):
        CHANNEL.value("eye")
