"""The socket that OSC comes by, and when what came is due."""

import heapq
import logging
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Protocol

from engine.parameters import Table
from mappings.mapping import Turn
from mappings.osc.meaning import Query, meant, unknown
from mappings.osc.packets import LONGEST, Bundle, Message, bundles
from mappings.osc.refusals import Refusals
from mappings.osc.requests import Request

Sender = tuple[str, int]

AHEAD = 5.0  # seconds that a time tag may lie in the future
MOST_WAITING = 1024  # bundles that are not due yet
MOST_MEANT = 2048  # turns and questions of one bundle
SHARE_SECONDS = 0.008  # until other things of the loop get their turn: some hundred packets
IP_RECVERR = 11  # of linux/in.h: the system tells who has refused what was sent
LONGEST_SAID = 200  # letters of what was refused last
RECEIVED_BYTES = 4 << 20  # asked of the system for what arrives between two looks


class Receiver(Protocol):
    """Whoever owns the bank. All are called on the loop and must not block."""

    def turned(self, turns: Sequence[Turn], sender: Sender) -> None:
        """All ``turns`` belong to one tick, in this order."""

    def asked(self, addresses: Sequence[str], sender: Sender) -> None:
        """``sender`` wants the values of ``addresses``; see ``Query``."""

    def requested(self, request: Request, sender: Sender) -> None:
        """Raises LookupError, OSError, TypeError or ValueError with a sentence."""

    def gone(self, client: Sender) -> None:
        """What was sent to ``client`` has been refused: nobody listens there."""


class Loop(Protocol):
    """What is needed of an asyncio event loop: a selector loop, on Windows too."""

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> object: ...
    def add_reader(self, fd: socket.socket, callback: Callable[[], object]) -> object: ...
    def remove_reader(self, fd: socket.socket) -> object: ...


def listening_socket(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Port 0 takes a free one. Raises OSError where the port is not to be had. The caller closes
    it, by ``Endpoint.close``."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listening.setblocking(False)
        with suppress(OSError):  # macOS and BSD refuse what Linux and Windows cut to size
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        if sys.platform == "linux":
            listening.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        hint = "stop the program that listens there, or choose another port"
        raise OSError(f"OSC: expected {host}:{port} to be free, received {error}; {hint}") from None
    return listening


class Endpoint:
    """Hears OSC on a socket from ``listening_socket`` until it is closed, and hands on what it
    means. ``received`` counts packets; ``refused`` what was malformed or had a value that means
    nothing; ``unknown`` messages to no parameter."""

    def __init__(
        self,
        listening: socket.socket,
        table: Table,
        receiver: Receiver,
        loop: Loop,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``clock``: Unix seconds, which is what the senders' time tags count in."""
        self.received = self.refused = self.unknown = 0
        self._socket = listening
        self._table = table
        self._receiver = receiver
        self._loop = loop
        self._clock = clock
        self._waiting: list[tuple[float, int, tuple[Message, ...], Sender]] = []
        self.last_refused = ""
        self._last_unknown = ""
        self._named = lru_cache(maxsize=64)(partial(unknown, table=table))
        self._refusals = Refusals("OSC", loop, logging.getLogger(__name__))
        loop.add_reader(listening, self.drain)

    def close(self) -> None:
        """Closes the socket too. What was not due yet is dropped."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._waiting.clear()

    @property
    def last_unknown(self) -> str:
        """A sentence with the last unknown address and the nearest there are, or nothing."""
        return self._named(self._last_unknown) if self._last_unknown else ""

    def refuse(self, error: Exception) -> None:
        """Counts what could not be used, and logs one line a second at the most."""
        self.refused += 1
        self.last_refused = str(error)[:LONGEST_SAID]
        self._refusals.add(self.last_refused)

    def drain(self) -> None:
        """Takes what has arrived, but not more than a fair share: the loop comes back."""
        for client in _refusing(self._socket):
            self._receiver.gone(client)
        until = time.perf_counter() + SHARE_SECONDS
        while time.perf_counter() < until:
            try:
                data, sender = self._socket.recvfrom(LONGEST + 1)
            except BlockingIOError:
                return
            except ConnectionError:  # the other side of an answer is not there
                continue
            except OSError as error:  # Windows: a packet longer than asked for
                self.refuse(error)
                continue
            self.take(data, sender)

    def take(self, data: bytes, sender: Sender) -> None:
        """One packet: delivers what is due, keeps what is due soon, refuses all of it if any part
        is malformed or due too late."""
        self.received += 1
        now = self._clock()
        try:
            due, later = _by_time(bundles(data), now)
            if later and len(self._waiting) >= MOST_WAITING:
                raise ValueError(f"bundle: expected at most {MOST_WAITING} waiting, received more")
        except ValueError as error:
            self.refuse(error)
            return
        self._deliver(due, sender)
        for bundle in later:
            heapq.heappush(self._waiting, (bundle.due, self.received, bundle.messages, sender))
            self._loop.call_later(bundle.due - now, self._deliver_until, bundle.due)

    def _deliver_until(self, due: float) -> None:
        while self._waiting and self._waiting[0][0] <= due:
            _, _, messages, sender = heapq.heappop(self._waiting)
            self._deliver(messages, sender)

    def _deliver(self, messages: Iterable[Message], sender: Sender) -> None:
        turns: list[Turn] = []
        asked: dict[str, None] = {}
        for message in messages:
            try:
                if len(turns) + len(asked) > MOST_MEANT:
                    raise ValueError(f"bundle: expected at most {MOST_MEANT} turns, received more")
                understood = meant(message, self._table)
            except LookupError:
                self._ignore(message.address)
            except (TypeError, ValueError) as error:
                self.refuse(error)
            else:
                if isinstance(understood, Query):
                    asked.update(dict.fromkeys(understood.addresses))
                elif isinstance(understood, Request):
                    self._hand_on(turns, sender)  # what came before it is turned before it
                    turns = []
                    self._ask(understood, sender)
                else:
                    turns.extend(understood)
        self._hand_on(turns, sender)
        if asked:
            self._receiver.asked(tuple(asked), sender)

    def _ask(self, request: Request, sender: Sender) -> None:
        try:
            self._receiver.requested(request, sender)
        except (LookupError, OSError, TypeError, ValueError) as error:
            self.refuse(error)

    def _hand_on(self, turns: Sequence[Turn], sender: Sender) -> None:
        if turns:
            self._receiver.turned(turns, sender)

    def _ignore(self, address: str) -> None:
        self.unknown += 1
        self._last_unknown = address
        self._refusals.add(address, partial(self._named, address))


def _refusing(sending: socket.socket) -> Iterator[Sender]:
    """Those by whom something sent was refused; only Linux says by whom. All are taken: one that
    is left would wake the loop again and again."""
    if sys.platform != "linux":
        return
    with suppress(BlockingIOError):
        while True:
            *_, client = sending.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            yield client


def _by_time(found: Sequence[Bundle], now: float) -> tuple[list[Message], list[Bundle]]:
    """What is due, and what is to wait."""
    last = max(bundle.due for bundle in found) if found else now
    if last > now + AHEAD:
        expected = f"a time tag at most {AHEAD:g} s ahead"
        raise ValueError(f"bundle: expected {expected}, received {last - now:.1f} s (clocks?)")
    due = [message for bundle in found if bundle.due <= now for message in bundle.messages]
    return due, [bundle for bundle in found if bundle.due > now]
