"""The values told back to whoever plays by OSC."""

import socket
from collections.abc import Iterable

from engine.bank import Moment
from engine.parameters import Parameter, Table
from mappings.meaning import parted
from mappings.osc import Sender
from mappings.packets import Argument, bundled, packet

RATE = 30.0  # values a second told back for one address
QUIET = 0.2  # seconds in which a hand on a fader is not answered back


class Echo:
    """Tells one client the values that were changed, whoever changed them: at most ``RATE`` times
    a second for each address, the latest wins. The client is the last one heard, or the fixed
    ``reply_to``. What cannot be sent is counted in ``failed``."""

    def __init__(
        self, sending: socket.socket, table: Table, reply_to: Sender | None = None
    ) -> None:
        """``sending``: the endpoint's socket, so that answers come from the port that was asked;
        its endpoint closes it. ``reply_to``: host in digits, and the port it listens on."""
        self.failed = 0
        self.client = reply_to
        self._reply_to = reply_to
        self._socket = sending
        self._table = table
        self._changed: dict[str, float] = {}
        self._quiet_until: dict[str, float] = {}

    def heard(self, addresses: Iterable[str], sender: Sender, now: float) -> None:
        """``sender`` has turned these: it is the client now, and not told them back until its hand
        has rested. ``now``: the same clock's seconds as in ``flush``."""
        if self._reply_to is None:
            self.client = sender
        if self.client == self._listening(sender):
            self._quiet_until.update(dict.fromkeys(addresses, now + QUIET))

    def changed(self, address: str, value: float) -> None:
        self._changed[address] = value

    def flush(self, now: float) -> None:
        """Sends what was changed and is not to wait. ``now``: monotonic seconds."""
        if self.client is None:
            self._changed.clear()
            return
        ready = [each for each in self._changed if self._quiet_until.get(each, now) <= now]
        self._quiet_until.update(dict.fromkeys(ready, now + 1 / RATE))
        self._send(((each, self._changed.pop(each)) for each in ready), self.client)

    def answer(self, addresses: Iterable[str], sender: Sender, values: Moment) -> None:
        """The canonical value of each, at once, in bundles where there are many. Positions are
        answered where ``/position`` was asked."""
        told = ((each, values[parted(each, self._table)[0]]) for each in addresses)
        self._send(told, self._listening(sender))

    def _listening(self, sender: Sender) -> Sender:
        """Where ``sender`` hears: many send from a port that they do not listen on."""
        fixed = self._reply_to
        return fixed if fixed and fixed[0] == sender[0] else sender

    def _send(self, told: Iterable[tuple[str, float]], client: Sender) -> None:
        for data in bundled(self._message(address, value) for address, value in told):
            try:
                self._socket.sendto(data, client)
            except OSError:  # gone, no route, buffer full: the next value may get through
                self.failed += 1

    def _message(self, asked: str, value: float) -> bytes:
        address, ending = parted(asked, self._table)
        parameter = self._table[address]
        return packet(asked, parameter.kind.position(value) if ending else spoken(parameter, value))


def spoken(parameter: Parameter, value: float) -> Argument:
    """The canonical argument: a choice by its name, a trigger by its count. A switch as i 0 or 1:
    TouchOSC, Max and Pure Data light a button by a number, and many ignore T and F, which carry
    no argument."""
    decoded = parameter.kind.decoded(value)
    return int(decoded) if isinstance(decoded, bool) else decoded
