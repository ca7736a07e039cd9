"""The parameters and the verbs as OSCQuery describes them: nodes of a tree, ready for JSON.

The proposal is https://github.com/Vidvox/OSCQueryProposal. Where it leaves a choice:

- a container has no DESCRIPTION: Chataigne names what it shows by it, and would take eight strips
  of one description for one;
- a switch is of the type T, whatever it stands at, with true or false for its value;
- a trigger, and a verb without arguments, is of the type I and only written;
- a number some of whose values have names is of the type i; the names are those of an overload;
- a verb at the address of a parameter is an overload too; EXTENDED_TYPE names a verb's arguments.
"""

from collections.abc import Iterator
from typing import Any

from engine.parameters import (
    Choice,
    Kind,
    Numbered,
    Parameter,
    Switch,
    Table,
    Trigger,
    Whole,
)
from mappings.mapping import Standing
from mappings.osc.requests import VERBS, Verb

Node = dict[str, Any]

REQUIRED = ("FULL_PATH", "CONTENTS", "TYPE")
OPTIONAL = (
    "ACCESS",
    "VALUE",
    "RANGE",
    "DESCRIPTION",
    "UNIT",
    "CLIPMODE",
    "EXTENDED_TYPE",
    "OVERLOADS",
)
ATTRIBUTES = (*REQUIRED, *OPTIONAL)
NO_VALUE, WRITTEN, READ_AND_WRITTEN = 0, 2, 3
UNITS = {  # as the proposal calls them; what it has no name for keeps ours
    "degrees": "angle.degree",
    "s": "time.second",
    "Hz": "time.hz",
    "beats/min": "time.bpm",
}


class Namespace:
    """Every node by its address, without the values, which are looked up when a node is told."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._nodes: dict[str, Node] = {}
        for parameter in table:
            self._nodes[parameter.address] = _parameter(parameter)
        for verb in VERBS.values():
            self._add(verb)
        self._children: dict[str, list[str]] = {"/": []}
        for address in self._nodes:
            self._hang(address)

    def __contains__(self, address: str) -> bool:
        return address in self._nodes or address in self._children

    def node(self, address: str, values: Standing) -> Node:
        """All there is to say of ``address``, with everything below it. Raises LookupError."""
        if address not in self:
            raise LookupError(f"no node '{address}'")
        node = {**self._nodes.get(address, _container(address))}
        if node["ACCESS"] == READ_AND_WRITTEN:
            node["VALUE"] = [self._table[address].kind.decoded(values[address])]
        if address in self._children:
            below = self._children[address]
            node["CONTENTS"] = {each.rpartition("/")[2]: self.node(each, values) for each in below}
        return node

    def _add(self, verb: Verb) -> None:
        described = _verb(verb)
        if verb.address in self._nodes:
            self._nodes[verb.address].setdefault("OVERLOADS", []).append(described)
        else:
            self._nodes[verb.address] = {"FULL_PATH": verb.address, **described}

    def _hang(self, address: str) -> None:
        """Notes what is below what."""
        above = address.rpartition("/")[0] or "/"
        siblings = self._children.setdefault(above, [])
        if address not in siblings:
            siblings.append(address)
            if above != "/":
                self._hang(above)


def _container(address: str) -> Node:
    return {"FULL_PATH": address, "ACCESS": NO_VALUE}


def _parameter(parameter: Parameter) -> Node:
    kind = parameter.kind
    fired = isinstance(kind, Trigger)
    node = {
        "FULL_PATH": parameter.address,
        "TYPE": _type(kind),
        "ACCESS": WRITTEN if fired else READ_AND_WRITTEN,
        "DESCRIPTION": kind.doc,
    }
    return {**node, **dict(_limits(kind))}


def _type(kind: Kind) -> str:
    match kind:
        case Trigger():
            return "I"
        case Switch():
            return "T"
        case Choice():
            return "s"
        case Whole():
            return "i"
    return "f"


def _limits(kind: Kind) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(kind, Trigger | Switch):
        return
    if isinstance(kind, Choice):
        yield "RANGE", [{"VALS": list(kind.options)}]
        return
    whole = isinstance(kind, Whole)
    low, high = (int(end) if whole else end for end in (kind.low, kind.high))
    yield "RANGE", [{"MIN": low, "MAX": high}]
    yield "CLIPMODE", ["both"]
    if kind.unit:
        yield "UNIT", [UNITS.get(kind.unit, kind.unit)]
    if isinstance(kind, Numbered):
        yield "OVERLOADS", [{"TYPE": "s", "RANGE": [{"VALS": list(kind.names)}]}]


def _verb(verb: Verb) -> Node:
    named = {"EXTENDED_TYPE": list(verb.arguments)} if verb.arguments else {}
    return {"TYPE": verb.kinds or "I", "ACCESS": WRITTEN, "DESCRIPTION": verb.doc, **named}
