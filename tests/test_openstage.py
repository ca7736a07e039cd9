import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.parameters import Switch, Trigger
from installation.settings import table
from mappings.mapping import settled
from mappings.osc.echo import spoken
from mappings.osc.meaning import POSITION, meant, standing
from mappings.osc.packets import Message
from mappings.surfaces.openstage import session
from mappings.surfaces.screen import SCREENS
from mappings.surfaces.surface import RECALL, surface

TABLE = table()
STARTS = dict(zip((each.address for each in TABLE), TABLE.defaults, strict=True))

# What Open Stage Control 1.26 and later know, from its reference of widgets
COMMON = {"type", "id", "left", "top", "width", "height", "colorWidget", "colorText", "default"}
OSC = {"address", "preArgs", "typeTags", "decimals", "bypass", "onValue", "onCreate"}
KNOWN = {
    "root": {"widgets", "tabs", "colorBg"},
    "panel": {"widgets", "tabs"},
    "tab": {"widgets", "tabs", "label"},
    "fader": {"design", "horizontal", "range", "origin"},
    "text": {"align", "wrap"},
    "button": {"label", "wrap", "mode", "on", "off"},
    "switch": {"layout", "wrap", "values"},
}

Widget = dict[str, Any]


def walk(widget: Widget) -> Iterator[Widget]:
    yield widget
    for child in (*widget.get("widgets", ()), *widget.get("tabs", ())):
        yield from walk(child)


@pytest.fixture(scope="module")
def widgets() -> list[Widget]:
    read = json.loads(session(surface(TABLE, SCREENS["tablet"]), TABLE))
    assert (read["createdWith"], read["type"]) == ("Open Stage Control", "session")
    return list(walk(read["content"]))


def addressed(widgets: list[Widget], address: str) -> list[Widget]:
    """Of those that say something."""
    there = (address, address + POSITION)
    return [each for each in widgets if each.get("address") in there and each["type"] != "text"]


def led_to(widget: Widget, value: float | str) -> float:
    message = Message(widget["address"], (*widget.get("preArgs", ()), value))
    turns = meant(message, TABLE)
    assert isinstance(turns, tuple)
    return settled(turns[0], TABLE, STARTS)


def test_every_property_is_known(widgets: list[Widget]) -> None:
    for widget in widgets:
        assert set(widget) <= COMMON | OSC | KNOWN[widget["type"]], widget


def test_a_panel_has_widgets_or_tabs(widgets: list[Widget]) -> None:
    assert not [each for each in widgets if each.get("widgets") and each.get("tabs")]


@pytest.mark.parametrize("address", [parameter.address for parameter in TABLE])
def test_every_parameter_is_reached(address: str, widgets: list[Widget]) -> None:
    kind = TABLE[address].kind
    found = addressed(widgets, address)
    assert found
    for widget in found:
        match widget["type"]:
            case "fader":
                ends = [led_to(widget, widget["range"][end]) for end in ("min", "max")]
                assert ends == [kind.low, kind.high]
                assert led_to(widget, widget["default"]) == pytest.approx(STARTS[address])
            case "switch":
                chosen = [led_to(widget, value) for value in widget["values"]["values"]]
                assert chosen == [kind.low + number for number in range(len(chosen))]
                assert chosen[-1] == kind.high
                assert led_to(widget, widget["default"]) == STARTS[address]
            case "button" if isinstance(kind, Switch):
                assert [led_to(widget, widget[state]) for state in ("off", "on")] == [0, 1]
            case "button":
                assert isinstance(kind, Trigger) or address == RECALL or widget["preArgs"]
                assert kind.low <= led_to(widget, widget["on"]) <= kind.high


def test_what_is_told_is_shown(widgets: list[Widget]) -> None:
    hearing = {each.get("address") for each in widgets}
    for address in standing(TABLE):
        assert address in hearing
        for switch in (each for each in addressed(widgets, address) if each["type"] == "switch"):
            assert spoken(TABLE[address], STARTS[address]) in switch["values"]["values"]


def test_it_asks_where_everything_stands_once_it_is_there(widgets: list[Widget]) -> None:
    assert widgets[0]["onCreate"] == "send('/sync'); send('/sync/position')"


def test_everything_lies_within_what_it_is_in(widgets: list[Widget]) -> None:
    for widget in (each for each in widgets if "left" in each):
        left, top, width, height = (
            float(widget[side].removesuffix("%")) for side in ("left", "top", "width", "height")
        )
        assert min(left, top) >= 0
        assert max(left + width, top + height) <= 100.02
