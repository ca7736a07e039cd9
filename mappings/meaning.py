"""What an OSC message asks for, in the words of the parameter table."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.parameters import Table, Trigger, as_number
from mappings.mapping import How, Turn
from mappings.packets import Argument, Message, packet
from mappings.patterns import expanded, wild

SYNC = "/sync"
POSITION = "/position"
RELATIVE: dict[str, How] = {"+": "plus", "-": "minus", "*": "times"}


@dataclass(frozen=True, slots=True)
class Query:
    """``addresses`` that the sender wants to know, some with ``/position`` at their end."""

    addresses: tuple[str, ...]


def meant(message: Message, table: Table) -> tuple[Turn, ...] | Query:
    """What a message asks for. Values are not looked at yet: ``mapping.settled`` does that.

    Raises ValueError for arguments that mean nothing, LookupError where no parameter has the
    address. The nearest names are not in its sentence: finding them takes half a millisecond, and
    a telephone that sends its tilt to an unknown address does so a hundred times a second.
    """
    if message.address == SYNC:
        released = message.arguments and _released(message.arguments[0])
        return () if released else Query(tuple(parameter.address for parameter in table))
    address, ending = parted(message.address, table)
    named = _named(address, table)
    if message.arguments == ("?",) or (not message.arguments and not _fires(address, table)):
        return Query(tuple(each + ending for each in named))
    how, amount = _move(message, "position" if ending else "value")
    released = _released(amount)
    return tuple(
        Turn(each, amount, how)
        for each in named
        if not (released and isinstance(table[each].kind, Trigger))
    )


SIGNS = {how: sign for sign, how in RELATIVE.items()}


def asking(turn: Turn) -> bytes:
    """The packet whose meaning is ``turn``."""
    arguments = () if turn.amount is None else (turn.amount,)
    match turn.how:
        case "value":
            return packet(turn.address, *arguments)
        case "position":
            return packet(turn.address + POSITION, *arguments)
        case "toggle":
            return packet(turn.address, "toggle")
    return packet(turn.address, SIGNS[turn.how], *arguments)


def parted(address: str, table: Table) -> tuple[str, str]:
    """A parameter's address or pattern, and ``/position`` or nothing."""
    if address.endswith(POSITION) and address not in table:
        return address.removesuffix(POSITION), POSITION
    return address, ""


def _named(address: str, table: Table) -> Sequence[str]:
    if address in table:
        return (address,)
    found = expanded(address, (each.address for each in table)) if wild(address) else ()
    if not found:
        raise LookupError(f"no parameter '{address}'")
    return found


def _fires(address: str, table: Table) -> bool:
    """No argument fires a trigger, but only where it is named: to ask for ``/master/*`` must not
    set off the panic."""
    return address in table and isinstance(table[address].kind, Trigger)


def _released(amount: Argument) -> bool:
    """A button that was let go. It must not hide the press that came in the same tick."""
    try:
        return as_number(amount) < 0.5
    except (TypeError, ValueError):
        return False


def _move(message: Message, how: How) -> tuple[How, Argument]:
    match message.arguments:
        case ():
            return how, None
        case ("toggle",) if how == "value":
            return "toggle", None
        case (amount,):
            return how, amount
        case ("+" | "-" | "*" as sign, amount) if how == "value":
            return RELATIVE[sign], amount
    expected = "one value" + (", or + - * and a number" if how == "value" else "")
    received = f"{len(message.arguments)} arguments"
    raise ValueError(f"{message.address}: expected {expected}, received {received}")
