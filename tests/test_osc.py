import asyncio
import logging
import random
import selectors
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from installation.settings import table
from mappings.mapping import Turn
from mappings.osc.endpoint import (
    AHEAD,
    MOST_MEANT,
    MOST_WAITING,
    Endpoint,
    Sender,
    listening_socket,
)
from mappings.osc.packets import AT_ONCE, HEAD, packet
from mappings.osc.requests import Request

TABLE = table()
AMOUNT, MEMORY = "/dream/amount", "/dream/memory"
PHONE = ("192.0.2.7", 50000)
UNKNOWN_SCENE = "nowhere"


class Remembering:
    """A receiver that keeps what it was given, one entry a call."""

    def __init__(self) -> None:
        self.turns: list[list[Turn]] = []
        self.questions: list[tuple[str, ...]] = []
        self.senders: list[Sender] = []
        self.requests: list[tuple[Request, int]] = []  # and how many turns came before
        self.lost: list[Sender] = []

    def turned(self, turns: Sequence[Turn], sender: Sender) -> None:
        self.turns.append(list(turns))
        self.senders.append(sender)

    def asked(self, addresses: Sequence[str], sender: Sender) -> None:
        self.questions.append(tuple(addresses))
        self.senders.append(sender)

    def requested(self, request: Request, sender: Sender) -> None:
        if request.arguments == (UNKNOWN_SCENE,):
            raise LookupError(f"no scene '{UNKNOWN_SCENE}'")
        self.requests.append((request, len(self.turns)))

    def gone(self, client: Sender) -> None:
        self.lost.append(client)


class OwnLoop:
    """A loop whose time is turned by hand. ``now``: Unix seconds too."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._later: list[tuple[float, Callable[..., object], tuple[Any, ...]]] = []

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> None:
        self._later.append((self.now + delay, callback, args))

    def add_reader(self, fd: socket.socket, callback: Callable[[], object]) -> None:
        pass

    def remove_reader(self, fd: socket.socket) -> None:
        pass

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [call for call in self._later if call[0] <= self.now]
        self._later = [call for call in self._later if call[0] > self.now]
        for _, callback, args in due:
            callback(*args)


@pytest.fixture
def loop() -> OwnLoop:
    return OwnLoop()


@pytest.fixture
def receiver() -> Remembering:
    return Remembering()


@pytest.fixture
def endpoint(loop: OwnLoop, receiver: Remembering) -> Iterator[Endpoint]:
    endpoint = Endpoint(listening_socket(0), TABLE, receiver, loop, clock=lambda: loop.now)
    yield endpoint
    endpoint.close()


def bundle(*elements: bytes, due: float = 0.0) -> bytes:
    stamp = struct.pack(">Q", round((due + 2_208_988_800) * 2**32)) if due else AT_ONCE
    return HEAD + stamp + b"".join(struct.pack(">i", len(each)) + each for each in elements)


def test_a_message_is_handed_on_with_its_sender(endpoint: Endpoint, receiver: Remembering) -> None:
    endpoint.take(packet(AMOUNT, 0.5), PHONE)
    assert receiver.turns == [[Turn(AMOUNT, 0.5)]]
    assert receiver.senders == [PHONE]


def test_a_bundle_is_one_tick_with_the_bundles_in_it(
    endpoint: Endpoint, receiver: Remembering
) -> None:
    inner = bundle(packet(MEMORY, 0.25))
    endpoint.take(bundle(packet(AMOUNT, 0.5), inner, packet(AMOUNT, 0.75)), PHONE)
    assert receiver.turns == [[Turn(AMOUNT, 0.5), Turn(MEMORY, 0.25), Turn(AMOUNT, 0.75)]]


def test_questions_of_one_packet_are_asked_once(endpoint: Endpoint, receiver: Remembering) -> None:
    endpoint.take(bundle(packet(AMOUNT), packet(AMOUNT, "?"), packet(MEMORY)), PHONE)
    assert receiver.questions == [(AMOUNT, MEMORY)]


def test_a_late_bundle_applies_at_once(
    endpoint: Endpoint, loop: OwnLoop, receiver: Remembering
) -> None:
    endpoint.take(bundle(packet(AMOUNT, 0.5), due=loop.now - 60), PHONE)
    assert len(receiver.turns) == 1


def test_a_bundle_of_the_future_waits_until_it_is_due(
    endpoint: Endpoint, loop: OwnLoop, receiver: Remembering
) -> None:
    endpoint.take(bundle(packet(AMOUNT, 0.5), due=loop.now + 2), PHONE)
    loop.advance(1.5)
    assert receiver.turns == []
    loop.advance(0.6)
    assert receiver.turns == [[Turn(AMOUNT, 0.5)]]


def test_a_packet_may_hold_now_and_later(
    endpoint: Endpoint, loop: OwnLoop, receiver: Remembering
) -> None:
    later = bundle(packet(MEMORY, 0.5), due=loop.now + 2)
    endpoint.take(bundle(packet(AMOUNT, 0.5), later), PHONE)
    assert receiver.turns == [[Turn(AMOUNT, 0.5)]]
    loop.advance(2.1)
    assert receiver.turns[1:] == [[Turn(MEMORY, 0.5)]]


def test_bundles_come_in_the_order_of_their_times_then_of_arrival(
    endpoint: Endpoint, loop: OwnLoop, receiver: Remembering
) -> None:
    start = loop.now
    for amount, ahead in ((0.3, 2.0), (0.1, 1.0), (0.4, 2.0), (0.2, 1.0)):
        endpoint.take(bundle(packet(AMOUNT, str(amount)), due=start + ahead), PHONE)
    loop.advance(3.0)
    assert [turn.amount for (turn,) in receiver.turns] == ["0.1", "0.2", "0.3", "0.4"]


def test_too_far_ahead_is_refused_whole(
    endpoint: Endpoint, loop: OwnLoop, receiver: Remembering
) -> None:
    later = bundle(packet(MEMORY, 0.5), due=loop.now + AHEAD + 1)
    endpoint.take(bundle(packet(AMOUNT, 0.5), later), PHONE)
    loop.advance(10.0)
    assert (receiver.turns, endpoint.refused) == ([], 1)


def test_only_so_many_bundles_wait(endpoint: Endpoint, loop: OwnLoop) -> None:
    data = bundle(packet(AMOUNT, 0.5), due=loop.now + 1)
    for _ in range(MOST_WAITING + 10):
        endpoint.take(data, PHONE)
    assert endpoint.refused == 10


def test_a_flood_leaves_the_loop_time_for_other_things(
    loop: OwnLoop, receiver: Remembering
) -> None:
    listening = listening_socket(0)
    endpoint = Endpoint(listening, TABLE, receiver, loop)
    dear = bundle(*[packet(f"/*/*/*{'?' * 100}")] * 70)  # each is compared with every parameter
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(8):
            sender.sendto(dear, listening.getsockname())
    endpoint.drain()
    endpoint.close()
    assert 1 <= endpoint.received < 8


def test_after_close_nothing_arrives(loop: OwnLoop, receiver: Remembering) -> None:
    endpoint = Endpoint(listening_socket(0), TABLE, receiver, loop, clock=lambda: loop.now)
    endpoint.take(bundle(packet(AMOUNT, 0.5), due=loop.now + 1), PHONE)
    endpoint.close()
    loop.advance(2.0)
    assert receiver.turns == []


@pytest.mark.parametrize(
    "data",
    [
        HEAD + AT_ONCE + struct.pack(">i", -4),
        packet("/" + "*" * 10 + "x", 1)[:-4],
        packet(AMOUNT, 0.5, 0.5),
        b"\xff" * 64,
        bundle(*[bundle(bundle(bundle(bundle())))] * 500),
    ],
)
def test_a_hazard_is_counted_and_hurts_nobody(
    endpoint: Endpoint, receiver: Remembering, data: bytes
) -> None:
    endpoint.take(data, PHONE)
    endpoint.take(packet(AMOUNT, 0.5), PHONE)
    assert (endpoint.received, endpoint.refused) == (2, 1)
    assert len(receiver.turns) == 1


def test_no_mutated_packet_gets_past_the_edge(endpoint: Endpoint, loop: OwnLoop) -> None:
    chance = random.Random(4)
    wildcards = [packet(word, 1) for word in ("/*/{a,b}*", "/strip/[1-8]/gain", "/s*?/?/*")]
    relative = [packet(AMOUNT, "+", 0.1), packet(f"{AMOUNT}/position", "?"), packet("/sync")]
    later = [bundle(packet(AMOUNT, 1), bundle(*wildcards), due=loop.now + 1)]
    for _ in range(4_000):
        data = bytearray(chance.choice(wildcards + relative + later))
        for _ in range(chance.randrange(3)):
            data[chance.randrange(len(data))] = chance.choice(b"*?[]{},!-/ai\0\1\xff")
        endpoint.take(bytes(data), PHONE)
    assert min(endpoint.refused, endpoint.unknown) > 200


def test_a_bundle_of_wildcards_means_only_so_many_turns(
    endpoint: Endpoint, receiver: Remembering
) -> None:
    endpoint.take(bundle(*[packet("/*/*", 0)] * 300), PHONE)
    assert len(receiver.turns[0]) < MOST_MEANT + len(TABLE)
    assert endpoint.refused > 0


def test_an_unknown_address_is_counted_and_the_nearest_named(
    endpoint: Endpoint, receiver: Remembering
) -> None:
    assert endpoint.last_unknown == ""
    endpoint.take(bundle(packet("/dream/amuont", 1), packet(MEMORY, 0.5)), PHONE)
    assert receiver.turns == [[Turn(MEMORY, 0.5)]]
    assert (endpoint.unknown, endpoint.refused) == (1, 0)
    assert "no parameter '/dream/amuont'; there are /dream/amount" in endpoint.last_unknown


def test_the_log_gets_one_line_a_second(
    endpoint: Endpoint, loop: OwnLoop, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(30):
        endpoint.take(b"junk" * 4, PHONE)
        endpoint.refuse(ValueError("/dream/amount: expected 0 to 1, received 'much'"))
        endpoint.take(packet("/dream/amuont", 1), PHONE)
        loop.advance(0.125)
    assert len(caplog.records) == 4
    assert "OSC: 24 refused: " in caplog.text
    for kind in ("text: expected a zero", "received 'much'", "there are /dream/amount"):
        assert caplog.text.count(kind) >= 3
    assert caplog.text.count("(8 times)") >= 6
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_a_port_that_is_taken_is_refused_by_name() -> None:
    with listening_socket(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match=f"expected 127.0.0.1:{port} to be free, received"):
            listening_socket(port)


def test_a_port_that_cannot_be_is_refused() -> None:
    with pytest.raises(OSError, match="65535"):
        listening_socket(70_000)


def test_a_request_comes_after_the_turns_before_it_and_before_those_after_it(
    endpoint: Endpoint, receiver: Remembering
) -> None:
    recall = packet("/scene/recall", "ice")
    endpoint.take(bundle(packet(AMOUNT, 0.5), recall, packet(AMOUNT, 0.75)), PHONE)
    assert receiver.turns == [[Turn(AMOUNT, 0.5)], [Turn(AMOUNT, 0.75)]]
    assert receiver.requests == [(Request("/scene/recall", ("ice",)), 1)]


def test_a_request_that_cannot_be_done_is_refused_and_its_neighbours_are_not(
    endpoint: Endpoint, receiver: Remembering, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.take(bundle(packet("/scene/recall", UNKNOWN_SCENE), packet(AMOUNT, 0.5)), PHONE)
    assert (endpoint.refused, receiver.turns) == (1, [[Turn(AMOUNT, 0.5)]])
    assert "OSC: 1 refused: no scene 'nowhere'" in caplog.text


def test_an_address_that_is_nearly_a_verb_is_named_too(endpoint: Endpoint) -> None:
    endpoint.take(packet("/learn/cancle", 1), PHONE)
    assert "/learn/cancel" in endpoint.last_unknown


class Unreachable(socket.socket):
    """As on Windows, when the other side of an answer is not there."""

    def recvfrom(self, *_: Any) -> Any:
        raise ConnectionResetError


def test_an_answer_to_nobody_does_not_end_the_listening(
    loop: OwnLoop, receiver: Remembering
) -> None:
    endpoint = Endpoint(
        Unreachable(socket.AF_INET, socket.SOCK_DGRAM),
        TABLE,
        receiver,
        loop,
        clock=lambda: loop.now,
    )
    endpoint.drain()
    assert endpoint.refused == 0
    endpoint.close()


@pytest.fixture
def selector_loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        yield runner


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not reached():
            await asyncio.sleep(0)


def test_after_a_flood_every_parameter_has_its_newest_value(
    selector_loop: asyncio.Runner, receiver: Remembering
) -> None:
    listening = listening_socket(0)
    endpoint = Endpoint(listening, TABLE, receiver, selector_loop.get_loop())
    chance = random.Random(3)
    flood = [(chance.choice([AMOUNT, MEMORY]), number) for number in range(10_000)]

    async def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number, (address, value) in enumerate(flood, 1):
                sender.sendto(packet(address, value), listening.getsockname())
                if number % 100 == 0:  # no more than the smallest buffers hold
                    await until(lambda: endpoint.received == number)  # noqa: B023  # awaited here

    selector_loop.run(send())
    endpoint.close()
    received = [(turn.address, turn.amount) for (turn,) in receiver.turns]
    assert received == flood
    assert dict(received) == dict(flood)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who refused")
def test_whoever_refuses_what_is_sent_is_told_of_and_the_loop_rests_again(
    selector_loop: asyncio.Runner, receiver: Remembering
) -> None:
    listening = listening_socket(0)
    endpoint = Endpoint(listening, TABLE, receiver, selector_loop.get_loop())
    gone = []
    for _ in range(3):
        with listening_socket(0) as closed:
            gone.append(closed.getsockname())
    for client in gone:
        with suppress(ConnectionRefusedError):  # told of the one before
            listening.sendto(packet(AMOUNT, 1), client)
    selector_loop.run(until(lambda: len(receiver.lost) >= 2))
    assert set(receiver.lost) <= set(gone)
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        assert selector.select(0.0) == []
    endpoint.close()


@pytest.mark.e2e
def test_a_client_that_no_one_here_wrote_is_understood(
    selector_loop: asyncio.Runner, receiver: Remembering
) -> None:
    if shutil.which("oscsend") is None:
        pytest.skip("needs the program oscsend, of liblo")
    listening = listening_socket(0)
    endpoint = Endpoint(listening, TABLE, receiver, selector_loop.get_loop())
    port = str(listening.getsockname()[1])
    sent: dict[tuple[str, ...], object] = {
        ("f", "0.5"): 0.5,
        ("i", "3"): 3,
        ("d", "0.1"): 0.1,
        ("h", "1099511627776"): 2**40,
        ("s", "toggle it"): "toggle it",
        ("T",): True,
        ("F",): False,
        ("N",): None,
        ("I",): None,
    }
    for words in sent:
        command = ["oscsend", "127.0.0.1", port, AMOUNT, *words]
        subprocess.run(command, check=True, timeout=10)
    selector_loop.run(until(lambda: endpoint.received == len(sent)))
    endpoint.close()
    assert [turn.amount for (turn,) in receiver.turns] == list(sent.values())
    assert (endpoint.refused, endpoint.unknown) == (0, 0)
