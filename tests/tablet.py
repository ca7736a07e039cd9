"""What TouchOSC does with a layout, from its manual and the files it writes; nothing of ours."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from lupa.lua51 import LuaRuntime

Said = float | int | str

CONTROLS = {"FADER", "BUTTON", "RADIO", "XY"}  # that a finger moves
PROPERTIES = {"s", "b", "i", "f", "r", "c"}
VALUES = {
    "FADER": "x",
    "BUTTON": "x",
    "RADIO": "x",
    "XY": "xy",
    "PAGER": "page",
    "LABEL": "text",
    "TEXT": "text",
}
LIBRARIES = {"math", "string", "table"}
FUNCTIONS = {"error", "ipairs", "next", "pairs", "print", "select", "tonumber", "tostring", "type"}
FRAME = 10.0  # milliseconds


class Frame(NamedTuple):
    x: float
    y: float
    w: float
    h: float

    def overlaps(self, other: "Frame") -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )

    def holds(self, other: "Frame") -> bool:
        """``other``'s corner is counted from this one's."""
        right, bottom = other.x + other.w, other.y + other.h
        return min(other.x, other.y) >= 0 and right <= self.w and bottom <= self.h


@dataclass(frozen=True)
class Partial:
    kind: str
    conversion: str
    value: str
    low: float
    high: float

    def said(self, values: dict[str, float]) -> Said:
        """``low + x * (high - low)``, or the constant; a float of four bytes."""
        content: Said = self.value
        if self.kind == "VALUE":
            content = self.low + values[self.value] * (self.high - self.low)
        if self.conversion == "INTEGER":
            return int(content)
        if self.conversion == "FLOAT":
            return four_bytes(float(content))
        return str(content)

    def heard(self, argument: Said) -> float:
        return (float(argument) - self.low) / (self.high - self.low)


def four_bytes(number: float) -> float:
    return float(struct.unpack(">f", struct.pack(">f", number))[0])


@dataclass(frozen=True)
class Message:
    send: bool
    receive: bool
    feedback: bool
    connections: str
    triggers: tuple[tuple[str, str], ...]
    path: str
    arguments: tuple[Partial, ...]


@dataclass
class Node:
    kind: str
    identity: str
    properties: dict[str, str]
    frame: Frame
    values: dict[str, str]
    messages: list[Message]
    children: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.properties["name"]

    @property
    def script(self) -> str:
        return self.properties.get("script", "")

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def pages(self) -> Iterator["Node"]:
        """The groups of what is seen at once, beside what is always seen."""
        for pager in (child for child in self.children if child.kind == "PAGER"):
            for page in pager.children:
                yield from list(page.pages()) or [page]


class Finger:
    """On a button that has a script, which sees of Lua what TouchOSC shows it. ``said``: by it, an
    address and what follows."""

    def __init__(self, script: str) -> None:
        self.said: list[tuple[Said, ...]] = []
        self._millis = 1000.0
        self._values = SimpleNamespace(touch=False)
        self._lua = LuaRuntime()
        self._globals = self._lua.globals()
        for name in list(self._globals):
            if name not in LIBRARIES | FUNCTIONS:
                self._globals[name] = None
        self._globals["self"] = SimpleNamespace(values=self._values)
        self._globals.getMillis = lambda: self._millis
        self._globals.sendOSC = lambda *said: self.said.append(said)
        self._lua.execute(script)

    def rests(self, millis: float) -> None:
        """And is lifted again."""
        self._touches(True)
        self._passes(millis)
        self._touches(False)
        self._passes(2 * FRAME)

    def _touches(self, touching: bool) -> None:
        self._values.touch = touching
        self._globals.onValueChanged("touch")
        self._globals.onValueChanged("x")

    def _passes(self, millis: float) -> None:
        for _ in range(int(millis / FRAME)):
            self._millis += FRAME
            self._globals.update()


def touched(nodes: Iterable[Node], x: float = 0.0, y: float = 0.0) -> Iterator[tuple[Node, Frame]]:
    """The controls among these and below, and where they lie, counted from where ``nodes`` are."""
    for node in nodes:
        at = node.frame._replace(x=x + node.frame.x, y=y + node.frame.y)
        if node.kind in CONTROLS:
            yield node, at
        yield from touched(node.children, at.x, at.y)


def opened(path: Path) -> Node:
    root = ElementTree.fromstring(zlib.decompress(path.read_bytes()))
    assert (root.tag, root.get("version"), len(root)) == ("lexml", "6", 1)
    return _node(root[0])


def _node(element: Element) -> Node:
    assert element.tag == "node"
    properties = {}
    frame = Frame(0, 0, 0, 0)
    for each in element.findall("properties/property"):
        assert each.get("type") in PROPERTIES
        key, value = _word(each, "key"), each.find("value")
        assert value is not None
        if each.get("type") == "r":
            frame = Frame(*(float(part.text or "") for part in value))
        properties[key] = ",".join(part.text or "" for part in value) or value.text or ""
    values = {_word(v, "key"): _word(v, "default") for v in element.findall("values/value")}
    return Node(
        element.get("type") or "",
        element.get("ID") or "",
        properties,
        frame,
        values,
        [_message(each) for each in element.findall("messages/osc")],
        [_node(each) for each in element.findall("children/node")],
    )


def _message(element: Element) -> Message:
    assert _word(element, "enabled") == "1"
    triggers = element.findall("triggers/trigger")
    partials = [_partial(each) for each in element.findall("path/partial")]
    assert {each.kind for each in partials} == {"CONSTANT"}
    return Message(
        _word(element, "send") == "1",
        _word(element, "receive") == "1",
        _word(element, "feedback") == "1",
        _word(element, "connections"),
        tuple((_word(each, "var"), _word(each, "condition")) for each in triggers),
        "".join(each.value for each in partials),
        tuple(_partial(each) for each in element.findall("arguments/partial")),
    )


def _partial(element: Element) -> Partial:
    return Partial(
        _word(element, "type"),
        _word(element, "conversion"),
        _word(element, "value"),
        float(_word(element, "scaleMin")),
        float(_word(element, "scaleMax")),
    )


def _word(element: Element, tag: str) -> str:
    found = element.find(tag)
    assert found is not None, tag
    return found.text or ""
