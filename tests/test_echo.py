import socket
from collections.abc import Iterator

import numpy as np
import pytest

from engine.bank import Moment
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
from mappings.echo import QUIET, RATE, Echo, spoken
from mappings.osc import Sender, listening_socket
from mappings.packets import FITTING, Message, bundles

TABLE = table()
AMOUNT, NETWORK = "/dream/amount", "/dream/network"
NEVER = 1000.0  # seconds: long after everything


class Client:
    """The other side of the line."""

    def __init__(self) -> None:
        self.socket = listening_socket(0)
        self.address: Sender = self.socket.getsockname()

    def packets(self) -> Iterator[bytes]:
        self.socket.settimeout(0.0)
        while True:
            try:
                yield self.socket.recv(65536)
            except BlockingIOError:
                return

    def heard(self) -> list[Message]:
        return [message for data in self.packets() for message in bundles(data)[0].messages]


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.socket.close()


@pytest.fixture
def sending() -> Iterator[socket.socket]:
    with listening_socket(0) as sending:
        yield sending


def standing() -> Moment:
    starts = np.array(TABLE.defaults)
    return Moment(TABLE, np.stack([starts, 0 * starts, 0 * starts]), 0.0)


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


def test_before_anyone_was_heard_nothing_is_sent(sending: socket.socket) -> None:
    echo = Echo(sending, TABLE)
    echo.changed(AMOUNT, 0.5)
    echo.flush(0.0)
    assert (echo.client, echo.failed) == (None, 0)


def test_the_last_one_heard_is_told_what_another_changed(
    sending: socket.socket, client: Client
) -> None:
    echo = Echo(sending, TABLE)
    echo.heard([], client.address, 0.0)
    echo.changed(AMOUNT, 0.5)
    echo.flush(0.0)
    assert client.heard() == [Message(AMOUNT, (0.5,))]


def test_the_latest_value_is_sent_thirty_times_a_second(
    sending: socket.socket, client: Client
) -> None:
    echo = Echo(sending, TABLE, client.address)
    for tick in range(1001):
        echo.changed(AMOUNT, tick / 1000)
        echo.flush(tick / 1000)
    echo.flush(NEVER)
    told = [as_number(message.arguments[0]) for message in client.heard()]
    assert RATE - 2 <= len(told) - 1 <= RATE + 1
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_addresses_do_not_wait_for_each_other(sending: socket.socket, client: Client) -> None:
    echo = Echo(sending, TABLE, client.address)
    echo.changed(AMOUNT, 0.5)
    echo.flush(0.0)
    echo.changed("/dream/memory", 0.5)
    echo.flush(0.0)
    assert len(client.heard()) == 2


def test_a_hand_on_a_fader_is_told_when_it_has_rested(
    sending: socket.socket, client: Client
) -> None:
    echo = Echo(sending, TABLE)
    echo.heard([AMOUNT], client.address, 10.0)
    echo.changed(AMOUNT, 1.0)
    echo.flush(10.0 + QUIET / 2)
    assert client.heard() == []
    echo.flush(10.0 + QUIET)
    assert client.heard() == [Message(AMOUNT, (1.0,))]


def test_what_another_turned_is_told_at_once(sending: socket.socket, client: Client) -> None:
    echo = Echo(sending, TABLE, client.address)
    echo.heard([AMOUNT], ("192.0.2.1", 9000), 0.0)
    echo.changed(AMOUNT, 1.0)
    echo.flush(0.0)
    assert client.heard() == [Message(AMOUNT, (1.0,))]


def test_a_question_is_answered_where_it_came_from(sending: socket.socket, client: Client) -> None:
    echo = Echo(sending, TABLE, ("192.0.2.1", 9000))
    echo.answer([AMOUNT, f"{AMOUNT}/position"], client.address, standing())
    here = TABLE[AMOUNT]
    start = TABLE.defaults[here.index]
    told = {message.address: message.arguments[0] for message in client.heard()}
    at = pytest.approx(here.kind.position(start), abs=1e-6)
    assert told == {AMOUNT: pytest.approx(start), f"{AMOUNT}/position": at}


def test_the_fixed_host_is_answered_where_it_listens(
    sending: socket.socket, client: Client
) -> None:
    echo = Echo(sending, TABLE, client.address)
    echo.answer([NETWORK], ("127.0.0.1", 9), standing())
    assert [message.address for message in client.heard()] == [NETWORK]


def test_sync_is_answered_with_the_whole_table_in_small_bundles(
    sending: socket.socket, client: Client
) -> None:
    echo = Echo(sending, TABLE)
    addresses = [parameter.address for parameter in TABLE]
    echo.answer(addresses, client.address, standing())
    packets = list(client.packets())
    assert max(map(len, packets)) <= FITTING
    told = [message.address for data in packets for message in bundles(data)[0].messages]
    assert told == addresses


def test_what_cannot_be_sent_is_counted(sending: socket.socket) -> None:
    echo = Echo(sending, TABLE, ("127.0.0.1", 0))
    echo.changed(AMOUNT, 0.5)
    echo.flush(0.0)
    sending.close()
    echo.answer([AMOUNT], ("127.0.0.1", 9), standing())
    assert echo.failed == 2
