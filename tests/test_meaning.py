import math

import pytest
from sweep import over

from engine.bank import Moment
from engine.parameters import Choice, Parameter, Switch, Trigger
from installation.settings import table
from mappings.mapping import How, Turn, settled
from mappings.osc.meaning import Query, meant, names, standing, told_unasked
from mappings.osc.packets import Argument, Message

TABLE = table()
AMOUNT = "/dream/amount"
PANIC = "/master/panic"
GAINS = tuple(f"/strip/{number}/gain" for number in range(1, 9))


@pytest.mark.parametrize(
    ("arguments", "amount", "how"),
    [
        ((0.5,), 0.5, "value"),
        ((1,), 1, "value"),
        ((True,), True, "value"),
        (("0.5",), "0.5", "value"),
        ((None,), None, "value"),
        (("+",), "+", "value"),
        (("toggle",), None, "toggle"),
        (("+", 0.1), 0.1, "plus"),
        (("-", 0.1), 0.1, "minus"),
        (("*", 2.0), 2.0, "times"),
    ],
)
def test_a_message_turns(arguments: tuple[Argument, ...], amount: object, how: How) -> None:
    assert meant(Message(AMOUNT, arguments), TABLE) == (Turn(AMOUNT, amount, how),)


@pytest.mark.parametrize("arguments", [(), ("?",)])
def test_a_message_asks(arguments: tuple[Argument, ...]) -> None:
    assert meant(Message(AMOUNT, arguments), TABLE) == Query((AMOUNT,))


def test_a_position_is_turned_and_asked_for() -> None:
    position = f"{AMOUNT}/position"
    assert meant(Message(position, (0.5,)), TABLE) == (Turn(AMOUNT, 0.5, "position"),)
    assert meant(Message(position), TABLE) == Query((position,))


@pytest.mark.parametrize("arguments", [(), (None,), (1,), (1.0,), (True,)])
def test_a_trigger_fires(arguments: tuple[Argument, ...]) -> None:
    (turn,) = meant(Message(PANIC, arguments), TABLE)  # type: ignore[misc]  # turns, no query
    assert settled(turn, TABLE, start()) == 1.0


@pytest.mark.parametrize("argument", [0, 0.0, False, "0", 0.49])
def test_a_button_let_go_fires_nothing(argument: Argument) -> None:
    assert meant(Message(PANIC, (argument,)), TABLE) == ()


@pytest.mark.parametrize("arguments", [(), ("?",)])
@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/scene/7/name", names(TABLE)[6:7]),
        ("/scene/[1-3]/name", names(TABLE)[:3]),
        ("/scene/*/name", names(TABLE)),
    ],
)
def test_the_name_of_a_scene_is_asked_for(
    address: str, asked: tuple[str, ...], arguments: tuple[Argument, ...]
) -> None:
    assert meant(Message(address, arguments), TABLE) == Query(asked)


@pytest.mark.parametrize("argument", ["argus", 1.0, None])
def test_the_name_of_a_scene_is_not_turned(argument: Argument) -> None:
    with pytest.raises(ValueError, match=r"/scene/7/name: expected \?"):
        meant(Message("/scene/7/name", (argument,)), TABLE)


@pytest.mark.parametrize("address", ["/scene/0/name", "/scene/129/name"])
def test_a_scene_that_cannot_be_has_no_name(address: str) -> None:
    with pytest.raises(LookupError, match=f"no parameter '{address}'"):
        meant(Message(address), TABLE)


def test_a_name_has_no_position() -> None:
    with pytest.raises(ValueError, match=r"/scene/7/name: expected \?"):
        meant(Message("/scene/7/name/position"), TABLE)


def test_a_trigger_can_be_asked() -> None:
    assert meant(Message(PANIC, ("?",)), TABLE) == Query((PANIC,))


def test_asking_by_a_wildcard_fires_no_trigger() -> None:
    found = meant(Message("/master/*"), TABLE)
    assert isinstance(found, Query)
    assert PANIC in found.addresses


def test_a_wildcard_turns_all_it_matches() -> None:
    turns = tuple(Turn(address, 0.5) for address in GAINS)
    assert meant(Message("/strip/*/gain", (0.5,)), TABLE) == turns


def test_a_wildcard_turns_all_positions() -> None:
    turns = tuple(Turn(address, 0.5, "position") for address in GAINS)
    assert meant(Message("/strip/*/gain/position", (0.5,)), TABLE) == turns


def test_a_wildcard_of_three_parts_reaches_no_position() -> None:
    turns = meant(Message("/*/*/*", (0.5,)), TABLE)
    assert isinstance(turns, tuple)
    assert all(turn.address.startswith(("/strip/", "/modulator/")) for turn in turns)


def test_sync_asks_for_everything_when_pressed() -> None:
    assert meant(Message("/sync"), TABLE) == Query(told_unasked(TABLE))
    assert meant(Message("/sync", (1,)), TABLE) == Query(told_unasked(TABLE))
    assert meant(Message("/sync", (0,)), TABLE) == ()


def test_everything_may_be_asked_for_by_position() -> None:
    positions = tuple(f"{address}/position" for address in standing(TABLE))
    assert meant(Message("/sync/position"), TABLE) == Query(positions)
    assert meant(Message("/sync/position", (0,)), TABLE) == ()


def test_what_stands_somewhere_is_everything_but_triggers() -> None:
    triggers = {each.address for each in TABLE if isinstance(each.kind, Trigger)}
    assert PANIC in triggers
    assert set(standing(TABLE)) | triggers == {each.address for each in TABLE}
    assert not set(standing(TABLE)) & triggers


@pytest.mark.parametrize("address", ["/dreem/amount", "/strip/9*/gain", "/position", "/a/position"])
def test_an_unknown_address_is_a_lookup_error(address: str) -> None:
    with pytest.raises(LookupError, match="no parameter '"):
        meant(Message(address, (1,)), TABLE)


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        (AMOUNT, (0.5, 0.5)),
        (AMOUNT, ("+", 1, 2)),
        (f"{AMOUNT}/position", ("+", 0.1)),
        ("/strip/[1-4/gain", (0.5,)),
    ],
)
def test_what_means_nothing_is_refused(address: str, arguments: tuple[Argument, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        meant(Message(address, arguments), TABLE)


CHOICE = next(each for each in TABLE if type(each.kind) is Choice)
SWITCH = next(each for each in TABLE if isinstance(each.kind, Switch))


@pytest.mark.parametrize(
    ("address", "argument", "value"),
    [
        *((AMOUNT, argument, 0.5) for argument in (0.5, "0.5")),
        *((AMOUNT, argument, 1.0) for argument in (1, 1.0, 2**40, True, 9.5, "1")),
        *((AMOUNT, argument, 0.0) for argument in (0, -3.0, False)),
        *(("/scope/folds", argument, 7.0) for argument in (7, 7.4, 6.6, "7")),
        *(("/scope/folds", argument, 24.0) for argument in (99, 24.4)),
        *((SWITCH.address, argument, 1.0) for argument in (1, 0.5, True, "true", "on")),
        *((SWITCH.address, argument, 0.0) for argument in (0, 0.4, False, "false", "off")),
        *((CHOICE.address, argument, 1.0) for argument in (1, 1.3, "1", CHOICE.kind.decoded(1.0))),
    ],
)
def test_every_type_means_a_value_rounded_and_clamped(
    address: str, argument: Argument, value: float
) -> None:
    (turn,) = meant(Message(address, (argument,)), TABLE)  # type: ignore[misc]  # a turn
    assert settled(turn, TABLE, start()) == value


@pytest.mark.parametrize(
    ("sign", "amount", "value"),
    [("+", 2, 8.0), ("-", 2.0, 4.0), ("*", 2, 12.0), ("*", 0.5, 3.0), ("+", 99, 24.0)],
)
def test_a_relative_turn_starts_where_the_knob_stands(
    sign: str, amount: float, value: float
) -> None:
    (turn,) = meant(Message("/scope/folds", (sign, amount)), TABLE)  # type: ignore[misc]
    assert settled(turn, TABLE, start()) == value


@over(TABLE[address] for address in standing(TABLE))
def test_every_parameter_has_a_position(parameter: Parameter) -> None:
    kind = parameter.kind
    for position, value in ((0.0, kind.low), (1.0, kind.high), (-5.0, kind.low), (7, kind.high)):
        message = Message(f"{parameter.address}/position", (position,))
        (turn,) = meant(message, TABLE)  # type: ignore[misc]  # a turn
        assert settled(turn, TABLE, start()) == pytest.approx(value)


@pytest.mark.parametrize("argument", [math.nan, math.inf, -math.inf, "nan", "1e999", "much"])
@pytest.mark.parametrize("ending", ["", "/position"])
def test_what_is_no_finite_number_is_refused_when_settled(argument: Argument, ending: str) -> None:
    (turn,) = meant(Message(AMOUNT + ending, (argument,)), TABLE)  # type: ignore[misc]  # a turn
    with pytest.raises(ValueError, match=AMOUNT):
        settled(turn, TABLE, start())


def start() -> Moment:
    """Everything where it starts."""
    return Moment.still(TABLE, TABLE.defaults)
