"""What a page asks for, as OSC for the control player."""

import json
import logging
import socket
from collections.abc import Sequence
from typing import Any

from engine.parameters import Table, as_number
from mappings.mapping import Turn
from mappings.osc.endpoint import Sender
from mappings.osc.meaning import asking
from mappings.osc.packets import bundled, packet
from mappings.osc.refusals import Loop, Refusals
from mappings.osc.requests import VERBS

LONGEST_WORD = 200  # bytes
MOST_TURNS = 256  # in one message

log = logging.getLogger("web")


class Asking:
    """Passes on what the pages ask for. ``refused`` counts messages that none of ours sends."""

    def __init__(self, table: Table, control: Sender, loop: Loop) -> None:
        self.turned = self.refused = 0
        self._table = table
        self._control = control
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._refusals = Refusals("page", loop, log)

    def close(self) -> None:
        self._socket.close()

    def ask(self, wish: str, given: Sequence[Any]) -> None:
        """``turn`` with pairs of an index and an amount, which belong to one tick, or ``do`` with
        the address of a verb and its arguments. Raises LookupError, OSError, TypeError or
        ValueError."""
        match wish:
            case "turn" if len(given) > MOST_TURNS:
                raise ValueError(f"turn: expected at most {MOST_TURNS}, received {len(given)}")
            case "turn":
                packets = [asking(self._turn(each)) for each in given]
                self.turned += len(packets)
            case "do":
                packets = [_verb(given)]
            case _:
                raise LookupError(f"expected turn or do, received {wish[:40]!r}")
        for data in bundled(packets):
            self.send(data)

    def send(self, data: bytes) -> None:
        """An OSC packet, as it is. Raises OSError."""
        self._socket.sendto(data, self._control)

    def refuse(self, error: Exception) -> None:
        self.refused += 1
        self._refusals.add(str(error), lambda: str(error))

    def _turn(self, pair: object) -> Turn:
        match pair:
            case [int(index), amount] if 0 <= index < len(self._table):
                return Turn(self._table.parameters[index].address, _amount(amount))
        raise ValueError(f"turn: expected an index and an amount, received {pair!r}")


def heard(text: str) -> tuple[str, list[Any]]:
    """What is wished, and what is given with it. Raises ValueError."""
    try:
        said = json.loads(text)
    except RecursionError:
        raise ValueError("expected a message, received brackets") from None
    match said:
        case [str(wish), *given]:
            return wish, given
    raise ValueError(f"expected a wish and what is given with it, received {text[:40]!r}")


def _amount(amount: object) -> float | str | None:
    if amount is None:
        return None
    return _word(amount) if isinstance(amount, str) else as_number(amount)


def _word(word: str) -> str:
    if len(word.encode()) > LONGEST_WORD:  # half a surrogate pair raises ValueError
        raise ValueError(f"expected at most {LONGEST_WORD} bytes, received {len(word)} letters")
    return word


def _verb(given: Sequence[Any]) -> bytes:
    match given:
        case [str(address), *arguments] if (address, len(arguments)) in VERBS:
            return packet(address, *(_amount(argument) for argument in arguments))
    raise LookupError(f"expected one of {len(VERBS)} verbs, received {given!r}")
