import asyncio
import math
import threading
from collections import Counter
from pathlib import Path

import pytest

from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, wired
from installation.player import Pulse
from installation.settings import table
from mappings.osc.meaning import Query, meant, unknown
from mappings.osc.packets import Argument, Message
from mappings.osc.requests import VERBS, Doing, Office, Request, Verb, usage

TABLE = table()
EVERY = [pytest.param(verb, id=f"{address} {count}") for (address, count), verb in VERBS.items()]
BUTTONS = [address for address, count in VERBS if count == 0]
CANCEL = "/learn/cancel"


def understood(address: str, *arguments: Argument) -> object:
    return meant(Message(address, arguments), TABLE)


def given(verb: Verb) -> tuple[Argument, ...]:
    return tuple({"s": "words", "f": 2.5}[kind] for kind in verb.kinds)


@pytest.mark.parametrize("verb", EVERY)
def test_every_verb_is_asked_for_by_its_address(verb: Verb) -> None:
    assert understood(verb.address, *given(verb)) == Request(verb.address, given(verb))


@pytest.mark.parametrize("verb", EVERY)
def test_every_verb_says_what_it_is_for(verb: Verb) -> None:
    assert verb.doc.endswith(".")
    assert len(verb.arguments) == len(verb.kinds)
    assert set(verb.kinds) <= {"s", "f"}
    for name in verb.arguments:
        assert name in verb.expected


@pytest.mark.parametrize("address", BUTTONS)
@pytest.mark.parametrize("pressed", [None, 1, 1.0, True, "1", 127])
def test_a_button_that_is_pressed_asks_for_a_verb_without_arguments(
    address: str, pressed: Argument
) -> None:
    assert understood(address, pressed) == Request(address, ())


@pytest.mark.parametrize("address", BUTTONS)
@pytest.mark.parametrize("released", [0, 0.0, False, "0", 0.49])
def test_a_button_that_is_let_go_asks_for_nothing(address: str, released: Argument) -> None:
    assert understood(address, released) == ()


@pytest.mark.parametrize(
    ("argument", "meaning"),
    [(1, 1.0), (0.0, 0.0), (True, 1.0), (False, 0.0), ("3", 3.0), ("on", 1.0), ("False", 0.0)],
)
def test_a_number_may_come_in_any_type(argument: Argument, meaning: float) -> None:
    assert understood("/lock", "/dream/amount", argument) == Request(
        "/lock", ("/dream/amount", meaning)
    )


@pytest.mark.parametrize(
    ("address", "arguments", "sentence"),
    [
        ("/learn", ("?",), r"/learn: expected parameter \(words\); it holds no value"),
        ("/learn", (), r"/learn: expected parameter \(words\)"),
        ("/learn", (1,), r"/learn: expected parameter \(words\)"),
        ("/learn", ("a", "b"), r"/learn: expected parameter \(words\)"),
        ("/learn/forget", ("",), "parameter: expected words, received ''"),
        ("/lock", ("/dream/amount", "much"), "on: expected a number, received 'much'"),
        ("/lock", ("/dream/amount", math.nan), "on: expected a number, received nan"),
        ("/lock", ("/dream/amount", None), "on: expected a number, received None"),
        ("/lock", (1, 1), "parameter: expected words, received 1"),
        (CANCEL, ("?",), "/learn/cancel: expected nothing, or 1; it holds no value"),
        (CANCEL, ("much",), "/learn/cancel: expected nothing, or 1"),
        (CANCEL, (math.nan,), "/learn/cancel: expected nothing, or 1"),
        (CANCEL, (1, 1), "/learn/cancel: expected nothing, or 1"),
    ],
)
def test_what_a_verb_does_not_take_is_refused_with_what_it_does(
    address: str, arguments: tuple[Argument, ...], sentence: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        understood(address, *arguments)


@pytest.mark.parametrize("address", ["/scene/recall", "/scene/store"])
def test_at_the_address_of_a_parameter_a_number_turns_it_and_a_question_asks_it(
    address: str,
) -> None:
    assert understood(address, "?") == Query((address,))
    (turn,) = understood(address, 1.0)  # type: ignore[misc]  # one turn
    assert (turn.address, turn.amount) == (address, 1.0)


def test_an_address_that_is_nearly_a_verbs_is_told_so() -> None:
    for verb in {verb.address: verb for verb in VERBS.values()}.values():
        if len(verb.address) > 5:
            assert verb.address in unknown(verb.address[:-1], TABLE)
    assert "/sync" in unknown("/snyc", TABLE)
    with pytest.raises(LookupError):
        understood("/learn/cancle")


def test_an_address_without_verbs_has_no_usage() -> None:
    assert usage("/dream/amount") == ""


def test_who_does_it_is_given_the_arguments_and_nobody_else_is() -> None:
    office, done = Office(), []
    office.does("/scene/rename", 2, lambda *arguments: done.append(arguments))
    office.ask(Request("/scene/rename", ("one", "two")))
    assert done == [("one", "two")]
    with pytest.raises(LookupError, match="/lock: expected somebody who does it"):
        office.ask(Request("/lock", ("/dream/amount", 1.0)))


class NoPorts:
    """MIDI where nothing is plugged in."""

    def names(self) -> list[str]:
        return []

    def virtual(self, name: str, *hear: object) -> "NoPorts":
        return self

    def close(self) -> None:
        """There is nothing to close."""


class Register(Office):
    """Remembers who has come to do what."""

    def __init__(self) -> None:
        super().__init__()
        self.done: Counter[tuple[str, int]] = Counter()

    def does(self, address: str, count: int, do: Doing) -> None:
        super().does(address, count, do)
        self.done[address, count] += 1


def test_the_control_player_does_each_verb_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register, stopping = Register(), threading.Event()
    monkeypatch.setattr("installation.control.Office", lambda: register)
    monkeypatch.setattr("installation.controllers.system_ports", NoPorts)
    monkeypatch.setattr("installation.controllers.system_outputs", NoPorts)
    wires = wired(TABLE)
    Bank(TABLE, wires.bank).start(TABLE.defaults)
    stopping.set()
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        plan = Plan(TABLE.defaults, osc_port=0, home=tmp_path)
        runner.run(listen(plan, wires, stopping, Pulse(wires.pulses["control"])))
    wires.unlink()
    assert register.done == Counter(VERBS.keys())


def test_nobody_may_do_what_another_does() -> None:
    office = Office()
    office.does("/lock", 2, print)
    with pytest.raises(AssertionError):
        office.does("/lock", 2, print)
