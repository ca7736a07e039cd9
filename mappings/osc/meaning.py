"""What an OSC message asks for, in the words of the parameter table."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.parameters import Table, Trigger, as_number
from mappings.mapping import RECALL, How, Turn
from mappings.osc.packets import Argument, Message, packet
from mappings.osc.patterns import expanded, wild
from mappings.osc.requests import VERBS, Request, from_button, requested, usage

SYNC = "/sync"
POSITION = "/position"
RELATIVE: dict[str, How] = {"+": "plus", "-": "minus", "*": "times"}


@dataclass(frozen=True, slots=True)
class Query:
    """``addresses`` that the sender wants to know: of parameters, some with ``/position`` at their
    end, and of names."""

    addresses: tuple[str, ...]


def meant(message: Message, table: Table) -> tuple[Turn, ...] | Query | Request:
    """What a message asks for. Values are not looked at yet: ``mapping.settled`` does that.

    Raises TypeError or ValueError for arguments that mean nothing, LookupError where nothing has
    the address. The nearest names are not in its sentence, see ``unknown``.
    """
    address, ending = parted(message.address, table)
    if (address == SYNC or from_button(message)) and _released(*message.arguments[:1]):
        return ()
    if address == SYNC:
        return Query(_ended(standing(table), ending) if ending else told_unasked(table))
    request = requested(message)
    if request is not None:
        return request
    if message.arguments == ("?",) or (not message.arguments and not _fires(address, table)):
        return Query(_ended(_named(address, table, () if ending else names(table)), ending))
    named = _named(address, table)
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


def standing(table: Table) -> tuple[str, ...]:
    """Everything that stands somewhere. Triggers do not: who sends back what it is told would fire
    them again."""
    return tuple(each.address for each in table if not isinstance(each.kind, Trigger))


def told_unasked(table: Table) -> tuple[str, ...]:
    """Everything there is to tell: values, and names."""
    return standing(table) + names(table)


def names(table: Table) -> tuple[str, ...]:
    """Where the scenes' names are told, in the order of their numbers. Nothing turns them."""
    last = int(table[RECALL].kind.high) if RECALL in table else 0
    return tuple(scene_name(number) for number in range(1, last + 1))


def scene_name(number: int) -> str:
    """Where the name of the scene of this number is told, from 1; empty where there is none."""
    return f"/scene/{number}/name"


def unknown(address: str, table: Table) -> str:
    """A sentence with the nearest addresses there are. It takes milliseconds, and a telephone that
    sends its tilt to an unknown address does so a hundred times a second."""
    return table.unknown(address, [*dict.fromkeys(verb for verb, _ in VERBS), SYNC])


def parted(address: str, table: Table) -> tuple[str, str]:
    """A parameter's address or pattern, and ``/position`` or nothing."""
    if address.endswith(POSITION) and address not in table:
        return address.removesuffix(POSITION), POSITION
    return address, ""


def _ended(addresses: Sequence[str], ending: str) -> tuple[str, ...]:
    return tuple(each + ending for each in addresses)


def _named(address: str, table: Table, beside: Sequence[str] = ()) -> Sequence[str]:
    """``beside``: what else there is to name."""
    if address in table or address in beside:
        return (address,)
    if expected := usage(address):
        raise ValueError(f"{address}: expected {expected}; it holds no value")
    if address in names(table):
        raise ValueError(f"{address}: expected ?, as it is only told; /scene/rename gives a name")
    there = (*(each.address for each in table), *beside)
    found = expanded(address, there) if wild(address) else ()
    if not found:
        raise LookupError(f"no parameter '{address}'")
    return found


def _fires(address: str, table: Table) -> bool:
    """No argument fires a trigger, but only where it is named: to ask for ``/master/*`` must not
    set off the panic."""
    return address in table and isinstance(table[address].kind, Trigger)


def _released(amount: Argument = None) -> bool:
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
