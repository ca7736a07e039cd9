import math

import numpy as np
import pytest

from engine.bank import Moment
from installation.settings import table
from mappings.mapping import How, Turn, settled
from mappings.meaning import Query, meant
from mappings.packets import Argument, Message

TABLE = table()
ADDRESSES = tuple(parameter.address for parameter in TABLE)
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
    assert settled(turn, TABLE, standing()) == 1.0


@pytest.mark.parametrize("argument", [0, 0.0, False, "0", 0.49])
def test_a_button_let_go_fires_nothing(argument: Argument) -> None:
    assert meant(Message(PANIC, (argument,)), TABLE) == ()


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
    assert all(turn.address.startswith("/strip/") for turn in turns)


def test_sync_asks_for_everything_when_pressed() -> None:
    assert meant(Message("/sync"), TABLE) == Query(ADDRESSES)
    assert meant(Message("/sync", (1,)), TABLE) == Query(ADDRESSES)
    assert meant(Message("/sync", (0,)), TABLE) == ()


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


@pytest.mark.parametrize("argument", [math.nan, math.inf, -math.inf, "nan", "1e999", "much"])
@pytest.mark.parametrize("ending", ["", "/position"])
def test_what_is_no_finite_number_is_refused_when_settled(argument: Argument, ending: str) -> None:
    (turn,) = meant(Message(AMOUNT + ending, (argument,)), TABLE)  # type: ignore[misc]  # a turn
    with pytest.raises(ValueError, match=AMOUNT):
        settled(turn, TABLE, standing())


def standing() -> Moment:
    """Everything where it starts."""
    starts = np.array(TABLE.defaults)
    return Moment(TABLE, np.stack([starts, 0 * starts, 0 * starts]), 0.0)
