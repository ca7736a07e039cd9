"""The surface as a session for Open Stage Control.

Started with ``open-stage-control --load FILE --send HOST:9000``, it asks where everything stands,
and hears on the port that it sends from. Faders say and hear positions, choices words.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from engine.parameters import Parameter, Table
from mappings.osc.echo import spoken
from mappings.osc.meaning import POSITION, SYNC, scene_name
from mappings.surfaces.screen import COLUMNS, Box, Screen
from mappings.surfaces.surface import HELD, NIGHT, WHITE, Control, Page, Surface

VERSION = "1.26.0"  # whose properties these are
DECIMALS = 4
PRESSED = {"type": "button", "mode": "tap", "on": 1}
ASKING = f"send('{SYNC}'); send('{SYNC}{POSITION}')"

Widget = dict[str, Any]


def session(surface: Surface, table: Table) -> str:
    """As JSON."""
    screen, whole = surface.screen, Box(0, 0, surface.screen.width, surface.screen.height)
    drawer = _Drawer(screen, table)
    pages: Widget = {
        "type": "panel",
        **_place(whole._replace(height=screen.height - screen.finger), whole),
        "tabs": drawer.tabs(surface.pages, whole._replace(height=screen.page)),
    }
    root = {
        "type": "root",
        "id": "root",
        "colorBg": NIGHT,
        "colorText": WHITE,
        "onCreate": ASKING,
        "widgets": [pages, *drawer.widgets(surface.bar, whole)],
    }
    head = {"createdWith": "Open Stage Control", "version": VERSION, "type": "session"}
    return json.dumps({**head, "content": root}, indent=1)


def _place(box: Box, within: Box) -> Widget:
    """In shares of what it lies in, so that it fits every window."""
    return {
        "left": f"{100 * box.left / within.width:.2f}%",
        "top": f"{100 * box.top / within.height:.2f}%",
        "width": f"{100 * box.width / within.width:.2f}%",
        "height": f"{100 * box.height / within.height:.2f}%",
    }


class _Drawer:
    """Makes widgets that stand where ``table`` starts."""

    def __init__(self, screen: Screen, table: Table) -> None:
        self._screen = screen
        self._table = table

    def tabs(self, pages: Iterable[Page], within: Box) -> list[Widget]:
        inner = within._replace(height=within.height - self._screen.finger)
        return [
            {
                "type": "tab",
                "label": page.title,
                "colorWidget": page.colour,
                "widgets": self.widgets(page.controls, within),
                "tabs": self.tabs(page.pages, inner),
            }
            for page in pages
        ]

    def widgets(self, controls: Iterable[Control], within: Box) -> list[Widget]:
        return [
            {**widget, **_place(box, within), "colorWidget": control.colour}
            for control in controls
            for box, widget in self._parts(control)
        ]

    def _parts(self, control: Control) -> Iterator[tuple[Box, Widget]]:
        box = control.box
        match control.kind:
            case "fader":
                yield from self._fader(control.parameters[0], control.title, box)
            case "steps" | "count":
                yield from self._steps(control, box)
            case "pad":
                half = box.height // 2
                for top, axis, parameter in zip((0, half), "xy", control.parameters, strict=True):
                    title = f"{control.title.removesuffix(' x y')} {axis}"
                    part = box._replace(top=box.top + top, height=half)
                    yield from self._fader(parameter, title, part)
            case "radio":
                yield from self._radio(control, box)
            case "shown":
                yield from self._named(control.parameters[0], control.title, box)
            case "recall":
                yield box, {**_button(control), "label": False}
                yield box, {"type": "text", "default": control.title, "align": "left top"}
                yield box, {"type": "text", "address": scene_name(control.number), "wrap": "soft"}
            case _:
                yield box, _button(control)

    def _fader(self, parameter: Parameter, title: str, box: Box) -> Iterator[tuple[Box, Widget]]:
        low, high = parameter.kind.low, parameter.kind.high
        yield (
            box,
            {
                "type": "fader",
                "design": "compact",
                "horizontal": box.width >= box.height,
                "address": parameter.address + POSITION,
                "range": {"min": 0, "max": 1},
                "origin": 0.5 if low == -high else "auto",
                "default": parameter.kind.position(self._start(parameter)),
                "decimals": DECIMALS,
            },
        )
        yield from self._named(parameter, title, box)

    def _named(self, parameter: Parameter, title: str, box: Box) -> Iterator[tuple[Box, Widget]]:
        value = spoken(parameter, self._start(parameter))
        yield box, {"type": "text", "default": title, "align": "left", "wrap": "soft"}
        yield (
            box,
            {
                "type": "text",
                "address": parameter.address,
                "default": value,
                "decimals": DECIMALS,
                "align": "right",
            },
        )

    def _steps(self, control: Control, box: Box) -> Iterator[tuple[Box, Widget]]:
        (parameter,) = control.parameters
        counts = control.kind == "count"
        side = self._screen.finger if counts else box.width // COLUMNS
        ends = (box.left, box.left + box.width - side)
        for left, sign in zip(ends, "-+", strict=True):
            step = {
                "label": sign,
                "preArgs": [sign],
                "typeTags": "si",
                "address": parameter.address,
            }
            yield box._replace(left=left, width=side), {**PRESSED, **step}
        middle = box._replace(left=box.left + side, width=box.width - 2 * side)
        part = self._named if counts else self._fader
        yield from part(parameter, control.title, middle)

    def _radio(self, control: Control, box: Box) -> Iterator[tuple[Box, Widget]]:
        (parameter,) = control.parameters
        kind, first = parameter.kind, self._screen.column
        values = [kind.decoded(kind.low + number) for number in range(len(control.options))]
        yield box._replace(width=first), {"type": "text", "default": control.title, "wrap": "soft"}
        yield (
            box._replace(left=box.left + first, width=box.width - first),
            {
                "type": "switch",
                "layout": "horizontal",
                "wrap": "soft",
                "address": parameter.address,
                "typeTags": "s" if isinstance(values[0], str) else "i",
                "values": {"labels": list(control.options), "values": values},
                "default": kind.decoded(self._start(parameter)),
            },
        )

    def _start(self, parameter: Parameter) -> float:
        return self._table.defaults[parameter.index]


def _button(control: Control) -> Widget:
    label = {"label": control.title, "wrap": "soft"}
    if control.kind == "sync":
        return {**PRESSED, **label, "bypass": True, "onValue": ASKING}
    (parameter,) = control.parameters
    said = {"address": parameter.address, "typeTags": "i", **label}
    states = {"type": "button", "on": 1, "off": 0}
    if control.kind == "switch":
        return {**states, "mode": "toggle", **said}
    if control.kind == "hold":
        script = _held(parameter.address)
        return {**states, "mode": "push", **said, "bypass": True, "onValue": script}
    return {**PRESSED, **said, "on": control.number or 1}


def _held(address: str) -> str:
    """The script of a button that fires once it has been held."""
    fired = f"setTimeout(() => send('{address}', {{type: 'i', value: 1}}), {1000 * HELD:g})"
    return f"if (value) {fired}; else clearTimeout()"
