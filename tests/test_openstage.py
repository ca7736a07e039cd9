import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from sweep import over

from engine.parameters import Parameter, Switch, Trigger
from installation.settings import table
from mappings.mapping import RECALL, settled
from mappings.osc.echo import spoken
from mappings.osc.meaning import POSITION, meant, scene_name, standing
from mappings.osc.packets import Message
from mappings.surfaces.openstage import session
from mappings.surfaces.screen import SCREENS
from mappings.surfaces.surface import HELD, PANIC, surface

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


@over(TABLE)
def test_every_parameter_is_reached(parameter: Parameter, widgets: list[Widget]) -> None:
    address, kind = parameter.address, parameter.kind
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


def test_a_scene_s_button_bears_its_name(widgets: list[Widget]) -> None:
    at = ("left", "top", "width", "height")
    buttons = [each for each in addressed(widgets, RECALL) if each["type"] == "button"]
    for button in buttons:
        (name,) = (each for each in widgets if each.get("address") == scene_name(button["on"]))
        assert name["type"] == "text"
        assert [name[side] for side in at] == [button[side] for side in at]
        assert button["label"] is False
    assert len(buttons) == SCREENS["tablet"].scenes


HELD_BY = """
const pending = [];
const setTimeout = (deed, delay) => pending.push([deed, delay]);
const clearTimeout = () => pending.pop();
const said = [];
const send = (address, { type, value }) => said.push([address, type, value]);
const onValue = (value) => { SCRIPT };
for (const millis of MILLIS) {
  onValue(1);
  for (const [deed, delay] of pending) if (delay <= millis) deed();
  onValue(0);
}
console.log(JSON.stringify([said, pending.length]));
"""


@pytest.mark.parametrize(
    ("millis", "times"),
    [([0, 100, 1000 * HELD - 1], 0), ([1000 * HELD], 1), ([0, 5000, 100, 5000], 2)],
)
def test_panic_is_fired_only_by_a_finger_that_rests(
    widgets: list[Widget], millis: list[float], times: int
) -> None:
    if not shutil.which("node"):
        pytest.skip("not installed: node")
    (button,) = addressed(widgets, PANIC)
    assert (button["mode"], button["bypass"]) == ("push", True)
    script = HELD_BY.replace("SCRIPT", button["onValue"]).replace("MILLIS", str(millis))
    done = subprocess.run(("node", "-e", script), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[[PANIC, "i", 1]] * times, 0]


def test_it_asks_where_everything_stands_once_it_is_there(widgets: list[Widget]) -> None:
    assert widgets[0]["onCreate"] == "send('/sync'); send('/sync/position')"


def test_everything_lies_within_what_it_is_in(widgets: list[Widget]) -> None:
    for widget in (each for each in widgets if "left" in each):
        left, top, width, height = (
            float(widget[side].removesuffix("%")) for side in ("left", "top", "width", "height")
        )
        assert min(left, top) >= 0
        assert max(left + width, top + height) <= 100.02
