"""The values told back to everyone who plays by OSC."""

import socket
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, repeat

from engine.parameters import Parameter, Table
from mappings.mapping import Standing, Turn
from mappings.osc.endpoint import Sender
from mappings.osc.meaning import POSITION, names, parted, told_unasked
from mappings.osc.packets import Argument, bundled, packet

RATE = 30.0  # values a second told for one address
QUIET = 0.2  # seconds in which a hand on a fader is not answered back
MOST_CLIENTS = 16
FORGOTTEN = 600.0  # seconds after which a client that says nothing is told nothing more
PACE = 128  # values told to a client at once: 4 kB, which every receiver's buffer holds


class Client:
    """What one of them is still to be told: addresses, some with ``/position`` at their end. The
    values are looked up when they are told, so the latest wins. ``now`` is the same clock's seconds
    in all of it."""

    def __init__(self, untold: Iterable[str] = ()) -> None:
        self.heard_at = 0.0  # when the client last said something
        self._asked: dict[str, None] = {}
        self._untold = dict.fromkeys(untold)
        self._quiet_until: dict[str, float] = {}
        self._by_position: set[str] = set()

    def touched(self, turns: Iterable[Turn], now: float) -> None:
        """The client has turned these: what it has said, the value or the position, it is not told
        back until its hand has rested. The other is told at once, as the words beside a fader keep
        up with it; so is what comes of a step, which nobody but the show can know. What it turns
        or asks by position it is told by position too, from now on."""
        for turn in turns:
            if turn.how == "position":
                self._by_position.add(turn.address)
                self._quiet_until[turn.address + POSITION] = now + QUIET
            elif turn.how == "value":
                self._quiet_until[turn.address] = now + QUIET

    def ask(self, addresses: Sequence[str]) -> None:
        """These are told at once, also to a hand on a fader."""
        for each in addresses:
            self._asked[each] = None
            self._untold.pop(each, None)
        self._by_position.update(
            each.removesuffix(POSITION) for each in addresses if each.endswith(POSITION)
        )

    def hear(self, address: str) -> None:
        """The parameter has been turned."""
        self._untold[address] = None
        if address in self._by_position:
            self._untold[address + POSITION] = None

    def answers(self) -> list[str]:
        """What was asked and is to be told now."""
        answered = list(islice(self._asked, PACE))
        for each in answered:
            del self._asked[each]
        return answered

    def due(self, now: float) -> list[str]:
        """What was turned and is to be told now."""
        rested = (each for each in self._untold if self._quiet_until.get(each, now) <= now)
        due = list(islice(rested, PACE))
        for each in due:
            del self._untold[each]
            self._quiet_until[each] = now + 1 / RATE
        return due


class Echo:
    """Tells every client the values that were changed, whoever changed them: at most ``RATE`` times
    a second for each address, the latest wins. A client is whoever was heard; a new one is told
    where everything stands, and what the scenes are called. What cannot be sent is counted in
    ``failed``."""

    def __init__(
        self,
        sending: socket.socket,
        table: Table,
        read: Callable[[], Standing],
        reply_port: int | None = None,
    ) -> None:
        """``sending``: the endpoint's socket, so that answers come from the port that was asked;
        its endpoint closes it. ``reply_port``: where clients listen that do not listen on the port
        they send from."""
        self.failed = 0
        self._socket = sending
        self._table = table
        self._read = read
        self._reply_port = reply_port
        self._everything = told_unasked(table)
        self._names = dict.fromkeys(names(table), "")
        self._clients: dict[Sender, Client] = {}  # in the order of when they were last heard

    @property
    def clients(self) -> list[Sender]:
        return list(self._clients)

    def turned(self, turns: Sequence[Turn], sender: Sender, now: float) -> None:
        """``sender`` has turned these, or asked for something else. ``now``: the same clock's
        seconds as in ``flush``."""
        self._client(sender, now).touched(turns, now)

    def answer(self, addresses: Sequence[str], sender: Sender, now: float) -> None:
        """``sender`` is told the canonical value of each at the next flush, positions where
        ``/position`` was asked."""
        self._client(sender, now).ask(addresses)

    def changed(self, address: str, value: float) -> None:
        """``value`` is what the flush will find, or a newer one."""
        for client in self._clients.values():
            client.hear(address)

    def name(self, scenes: Iterable[str]) -> None:
        """``scenes``: what they are called, in their order."""
        for address, name in zip(self._names, chain(scenes, repeat("")), strict=False):
            if name != self._names[address]:
                self._names[address] = name
                for client in self._clients.values():
                    client.hear(address)

    def forget(self, client: Sender) -> None:
        self._clients.pop(client, None)

    def flush(self, now: float) -> None:
        """Sends what is not to wait. ``now``: monotonic seconds."""
        for listening in self.clients:
            if self._clients[listening].heard_at < now - FORGOTTEN:
                self.forget(listening)
        values: Standing | None = None
        said: dict[str, bytes] = {}
        for listening, client in self._clients.items():
            for due in (client.answers(), client.due(now)):
                if due:
                    values = values or self._read()
                    self._send([self._message(each, values, said) for each in due], listening)

    def _client(self, sender: Sender, now: float) -> Client:
        listening = sender if self._reply_port is None else (sender[0], self._reply_port)
        client = self._clients.pop(listening, None)
        if client is None:
            client = Client(untold=self._everything)
            if _same(listening, self._socket):
                return client
            if len(self._clients) == MOST_CLIENTS:
                self.forget(next(iter(self._clients)))
        client.heard_at = now
        self._clients[listening] = client
        return client

    def _message(self, asked: str, values: Standing, said: dict[str, bytes]) -> bytes:
        """``said``: the messages of this flush, which several clients may be told."""
        if asked in self._names:
            return packet(asked, self._names[asked])
        if asked not in said:
            address, ending = parted(asked, self._table)
            parameter, value = self._table[address], values[address]
            spoke = parameter.kind.position(value) if ending else spoken(parameter, value)
            said[asked] = packet(asked, spoke)
        return said[asked]

    def _send(self, messages: Iterable[bytes], client: Sender) -> None:
        for data in bundled(messages):
            try:
                _sent(data, client, self._socket)
            except OSError:  # gone, no route, buffer full: the next value may get through
                self.failed += 1


def _sent(data: bytes, client: Sender, sending: socket.socket) -> None:
    try:
        sending.sendto(data, client)
    except ConnectionRefusedError:  # Linux's word on something sent before, to whomever
        sending.sendto(data, client)


def _same(client: Sender, sending: socket.socket) -> bool:
    """Whether ``client`` is this very socket, which would hear and tell itself for ever."""
    if client[1] != sending.getsockname()[1]:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(client)  # sends nothing
        except OSError:  # no way there
            return False
        return bool(probe.getsockname()[0] == client[0])  # to an own address one goes from there


def spoken(parameter: Parameter, value: float) -> Argument:
    """The canonical argument: a choice by its name, a trigger by its count. A switch as i 0 or 1:
    TouchOSC, Max and Pure Data light a button by a number, and many ignore T and F, which carry
    no argument."""
    decoded = parameter.kind.decoded(value)
    return int(decoded) if isinstance(decoded, bool) else decoded
