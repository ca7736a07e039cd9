import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from engine.parameters import (
    Choice,
    Name,
    Number,
    Numbered,
    Ratio,
    Switch,
    Trigger,
    Whole,
    as_number,
)
from installation.settings import table
from mappings.mapping import How, Turn
from mappings.osc.echo import FORGOTTEN, MOST_CLIENTS, PACE, QUIET, RATE, Client, Echo, spoken
from mappings.osc.endpoint import Sender, listening_socket
from mappings.osc.meaning import names, standing, told_unasked
from mappings.osc.packets import FITTING, Message, bundles

TABLE = table()
STANDING, NAMES = standing(TABLE), names(TABLE)
EVERYTHING = told_unasked(TABLE)
AMOUNT, FOLDS, PANIC = "/dream/amount", "/scope/folds", "/master/panic"
TICK = 1 / 60


class Tablet:
    """The other side of the line."""

    def __init__(self) -> None:
        self.socket = listening_socket(0)
        self.address: Sender = self.socket.getsockname()

    def packets(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(65536))
            except BlockingIOError:
                return found

    def heard(self) -> list[Message]:
        return [message for data in self.packets() for message in bundles(data)[0].messages]


@dataclass
class Desk:
    """Where everything stands, an echo of it, and a clock turned by hand."""

    echo: Echo
    values: dict[str, float]
    now: float = 100.0

    def change(self, address: str, value: float) -> None:
        self.values[address] = value
        self.echo.changed(address, value)

    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.echo.flush(self.now)
            self.now += TICK

    def meet(self, *clients: "Tablet") -> None:
        """They have said something, and know where everything stands."""
        for client in clients:
            self.echo.turned((), client.address, self.now)
        self.ticks(4)
        for client in clients:
            client.packets()


@pytest.fixture
def clients() -> Iterator[list[Tablet]]:
    made = [Tablet() for _ in range(3)]
    yield made
    for client in made:
        client.socket.close()


@pytest.fixture
def sending() -> Iterator[socket.socket]:
    with listening_socket(0) as sending:
        yield sending


@pytest.fixture
def desk(sending: socket.socket) -> Desk:
    values = {each.address: TABLE.defaults[each.index] for each in TABLE}
    return Desk(Echo(sending, TABLE, lambda: values), values)


def test_a_canonical_value_is_understood_again() -> None:
    kinds = {
        Number: float,
        Ratio: float,
        Whole: int,
        Numbered: int,
        Switch: int,
        Choice: str,
        Name: str,
        Trigger: int,
    }
    for parameter, start in zip(TABLE, TABLE.defaults, strict=True):
        said = spoken(parameter, start)
        assert type(said) is kinds[type(parameter.kind)], parameter.address
        assert parameter.value(said) == pytest.approx(start), parameter.address


def test_before_anyone_was_heard_nothing_is_sent(desk: Desk) -> None:
    desk.change(AMOUNT, 0.5)
    desk.ticks(1)
    assert (desk.echo.clients, desk.echo.failed) == ([], 0)


def test_a_new_client_is_told_where_everything_stands_but_triggers_and_the_scenes_names(
    desk: Desk, clients: list[Tablet]
) -> None:
    desk.change(FOLDS, 9.0)
    desk.echo.name(["großer Wal", "hive"])
    desk.echo.turned((), clients[0].address, desk.now)
    desk.ticks(10)
    heard = {message.address: message.arguments for message in clients[0].heard()}
    assert sorted(heard) == sorted((*STANDING, *NAMES))
    assert heard[FOLDS] == (9,)
    assert [heard[name] for name in NAMES[:4]] == [("großer Wal",), ("hive",), ("",), ("",)]
    assert not any(isinstance(TABLE[each].kind, Trigger) for each in heard.keys() - set(NAMES))


def test_everything_is_told_once_in_packets_that_fit_and_not_all_at_once(
    desk: Desk, clients: list[Tablet]
) -> None:
    desk.echo.turned((), clients[0].address, desk.now)
    heard: Counter[str] = Counter()
    while heard.total() < len(EVERYTHING):
        desk.ticks(1)
        packets = clients[0].packets()
        assert max(map(len, packets)) <= FITTING
        messages = [each.address for data in packets for each in bundles(data)[0].messages]
        assert len(messages) <= PACE
        heard.update(messages)
    assert set(heard.values()) == {1}


def test_what_one_turns_every_other_is_told(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(*clients)
    desk.echo.turned([Turn(AMOUNT, 0.5)], clients[0].address, desk.now)
    desk.change(AMOUNT, 0.5)
    desk.ticks(1)
    assert clients[0].heard() == []
    assert clients[1].heard() == clients[2].heard() == [Message(AMOUNT, (0.5,))]


def test_a_hand_on_a_fader_is_told_when_it_has_rested(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(clients[0])
    desk.echo.turned([Turn(FOLDS, 99.0)], clients[0].address, desk.now)
    desk.change(FOLDS, 24.0)
    desk.echo.flush(desk.now + QUIET / 2)
    assert clients[0].heard() == []
    desk.echo.flush(desk.now + QUIET)
    assert clients[0].heard() == [Message(FOLDS, (24,))]


def test_the_words_beside_a_fader_keep_up_with_the_hand_on_it(
    desk: Desk, clients: list[Tablet]
) -> None:
    desk.meet(clients[0])
    start, heard = desk.now, []
    for folds in range(2, 20):
        position = TABLE[FOLDS].kind.position(folds)
        desk.echo.turned([Turn(FOLDS, position, "position")], clients[0].address, desk.now)
        desk.change(FOLDS, folds)
        desk.ticks(1)
        heard += clients[0].heard()
    seconds = desk.now - start
    assert {message.address for message in heard} == {FOLDS}
    assert len(heard) == pytest.approx(seconds * RATE, abs=2)
    desk.now += QUIET
    desk.ticks(1)
    last = {message.address: message.arguments[0] for message in clients[0].heard()}
    assert last == {FOLDS: 19, f"{FOLDS}/position": pytest.approx(position)}


@pytest.mark.parametrize("how", ["plus", "minus", "times", "toggle"])
def test_what_comes_of_a_step_is_told_at_once(desk: Desk, clients: list[Tablet], how: How) -> None:
    desk.meet(clients[0])
    desk.echo.turned([Turn(FOLDS, 1.0, how)], clients[0].address, desk.now)
    desk.change(FOLDS, 7.0)
    desk.ticks(1)
    assert clients[0].heard() == [Message(FOLDS, (7,))]


def test_everyone_is_told_which_scene_has_another_name(desk: Desk, clients: list[Tablet]) -> None:
    desk.echo.name(["argus", "hive", "ice"])
    desk.meet(*clients[:2])
    for scenes, changed in (
        (["argus", "hive", "ice"], []),
        (["argus", "bee", "ice"], [Message(NAMES[1], ("bee",))]),
        (["argus", "ice"], [Message(NAMES[1], ("ice",)), Message(NAMES[2], ("",))]),
    ):
        desk.echo.name(scenes)
        desk.ticks(3)
        assert clients[0].heard() == clients[1].heard() == changed


def test_a_scene_s_name_can_be_asked(desk: Desk, clients: list[Tablet]) -> None:
    desk.echo.name(["argus"])
    desk.meet(clients[0])
    desk.echo.answer(NAMES[:2], clients[0].address, desk.now)
    desk.ticks(1)
    assert clients[0].heard() == [Message(NAMES[0], ("argus",)), Message(NAMES[1], ("",))]


def test_each_client_has_its_own_quiet(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(*clients)
    for client, address in zip(clients, (AMOUNT, FOLDS, AMOUNT), strict=True):
        desk.echo.turned([Turn(address, 1.0)], client.address, desk.now)
    desk.change(AMOUNT, 1.0)
    desk.change(FOLDS, 1.0)
    desk.ticks(1)
    heard = [[message.address for message in client.heard()] for client in clients]
    assert heard == [[FOLDS], [AMOUNT], [FOLDS]]


def test_the_latest_value_is_sent_thirty_times_a_second(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(clients[0])
    desk.now = 200.0
    for tick in range(1001):
        desk.change(AMOUNT, tick / 1000)
        desk.echo.flush(desk.now + tick / 1000)
    desk.echo.flush(desk.now + 10.0)
    heard = [as_number(message.arguments[0]) for message in clients[0].heard()]
    assert RATE - 2 <= len(heard) - 1 <= RATE + 1
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_addresses_do_not_wait_for_each_other(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(clients[0])
    desk.change(AMOUNT, 0.5)
    desk.echo.flush(desk.now)
    desk.change("/dream/memory", 0.5)
    desk.echo.flush(desk.now)
    assert len(clients[0].heard()) == 2


def test_of_values_that_change_faster_than_they_are_told_each_gets_its_turn() -> None:
    client = Client()
    heard: Counter[str] = Counter()
    for tick in range(60):
        for address in STANDING:
            client.hear(address)
        heard.update(client.due(tick * TICK))
    assert heard.keys() == set(STANDING)
    assert max(heard.values()) - min(heard.values()) <= 1


@pytest.mark.parametrize("address", [AMOUNT, f"{AMOUNT}/position", PANIC])
def test_a_question_is_answered_first_and_also_to_a_hand_on_the_fader(
    desk: Desk, clients: list[Tablet], address: str
) -> None:
    asking, other, _ = clients
    desk.meet(other)
    desk.echo.turned([Turn(AMOUNT, 0.5)], asking.address, desk.now)
    desk.echo.answer([address], asking.address, desk.now)
    desk.ticks(1)
    assert asking.heard()[0].address == address
    assert other.heard() == []


def test_a_position_that_was_asked_or_turned_is_told_from_then_on(
    desk: Desk, clients: list[Tablet]
) -> None:
    desk.meet(*clients)
    desk.echo.answer([f"{FOLDS}/position"], clients[0].address, desk.now)
    desk.echo.turned([Turn(FOLDS, 0.0, "position")], clients[1].address, desk.now)
    desk.ticks(1)
    clients[0].packets()
    desk.now += QUIET
    desk.change(FOLDS, 24.0)
    desk.ticks(1)
    both = [Message(FOLDS, (24,)), Message(f"{FOLDS}/position", (1.0,))]
    assert clients[0].heard() == clients[1].heard() == both
    assert clients[2].heard() == both[:1]


def test_many_questions_are_answered_bit_by_bit(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(clients[0])
    asked = [each.address + ending for each in TABLE for ending in ("", "/position")]
    for _ in range(50):
        desk.echo.answer(asked, clients[0].address, desk.now)
    counts = []
    while not counts or counts[-1]:
        desk.ticks(1)
        counts.append(len(clients[0].heard()))
    assert max(counts) <= PACE
    assert sum(counts) == len(asked)


def test_answers_go_where_the_client_listens(sending: socket.socket, clients: list[Tablet]) -> None:
    listening, sender, _ = clients
    values = dict.fromkeys(STANDING, 0.0)
    echo = Echo(sending, TABLE, lambda: values, reply_port=listening.address[1])
    echo.answer([FOLDS], sender.address, 0.0)
    echo.flush(0.0)
    assert echo.clients == [listening.address]
    assert listening.heard()[0].address == FOLDS
    assert sender.heard() == []


def test_the_show_never_tells_itself(sending: socket.socket) -> None:
    host, port = sending.getsockname()
    echo = Echo(sending, TABLE, dict, reply_port=port)
    echo.answer([FOLDS], (host, 50000), 0.0)
    echo.flush(0.0)
    assert echo.clients == []
    with pytest.raises(BlockingIOError):
        sending.recv(1)


@pytest.mark.parametrize("host", ["192.0.2.7", "255.255.255.255"])
def test_another_machine_may_use_the_same_port_as_the_show(
    sending: socket.socket, host: str
) -> None:
    client = (host, sending.getsockname()[1])
    echo = Echo(sending, TABLE, dict)
    echo.turned((), client, 0.0)
    assert echo.clients == [client]


def test_only_so_many_are_told_and_who_was_silent_longest_makes_room(desk: Desk) -> None:
    first, *others = [("127.0.0.1", 40000 + each) for each in range(MOST_CLIENTS)]
    for each in (first, *others, first, ("127.0.0.1", 50000)):
        desk.echo.turned((), each, desk.now)
    assert desk.echo.clients == [*others[1:], first, ("127.0.0.1", 50000)]


def test_who_is_silent_for_long_is_forgotten_and_told_everything_when_it_returns(
    desk: Desk, clients: list[Tablet]
) -> None:
    desk.meet(*clients)
    desk.now += FORGOTTEN / 2
    desk.echo.turned((), clients[0].address, desk.now)
    desk.now += FORGOTTEN / 2 + 1
    desk.ticks(1)
    assert desk.echo.clients == [clients[0].address]
    desk.echo.turned((), clients[1].address, desk.now)
    desk.ticks(4)
    assert len(clients[1].heard()) == len(EVERYTHING)
    assert clients[0].heard() == []


def test_who_was_forgotten_is_told_nothing(desk: Desk, clients: list[Tablet]) -> None:
    desk.meet(clients[0])
    desk.echo.forget(clients[0].address)
    desk.change(AMOUNT, 0.5)
    desk.ticks(1)
    assert clients[0].heard() == []


def test_what_cannot_be_sent_is_counted(desk: Desk, sending: socket.socket) -> None:
    desk.echo.answer([AMOUNT], ("127.0.0.1", 0), desk.now)
    desk.echo.flush(desk.now)
    failed = desk.echo.failed
    assert failed > 0
    sending.close()
    desk.change(AMOUNT, 0.5)
    desk.ticks(5)
    assert desk.echo.failed > failed
