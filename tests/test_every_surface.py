"""Whatever there is to turn is reached from everywhere, by what each surface says itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sweep import over
from tablet import Finger, opened

from engine.parameters import Parameter, Trigger
from installation.reference import described
from installation.scenes.scenery import GROUPS, OUTSIDE, Scene, of_a_look, written
from installation.settings import table
from mappings.files.loading import load_mapping
from mappings.mapping import Control, ControlEvent
from mappings.osc.meaning import POSITION, meant
from mappings.osc.namespace import Namespace
from mappings.osc.packets import Message
from mappings.surfaces.openstage import session
from mappings.surfaces.screen import SCREENS
from mappings.surfaces.surface import surface
from mappings.surfaces.touchosc import layout

TABLE = table()
SURFACES = ("OSC", "OSCQuery", "the page", "TouchOSC", "Open Stage Control", "MIDI", "scenes")
Reached = dict[str, set[str]]


def by_osc() -> Iterator[str]:
    for parameter in TABLE:
        turns = meant(Message(parameter.address, (1.0,)), TABLE)
        assert isinstance(turns, tuple)
        yield from (turn.address for turn in turns)


def by_oscquery() -> Iterator[str]:
    def below(node: dict[str, Any]) -> Iterator[str]:
        if "TYPE" in node:
            yield str(node["FULL_PATH"])
        for child in node.get("CONTENTS", {}).values():
            yield from below(child)

    standing = dict(zip((each.address for each in TABLE), TABLE.defaults, strict=True))
    yield from below(Namespace(TABLE).node("/", standing))


def by_touchosc(folder: Path) -> Iterator[str]:
    """On every size of screen."""
    on_each = []
    for size, screen in SCREENS.items():
        layout(surface(TABLE, screen), TABLE).save(folder / f"{size}.tosc")
        nodes = list(opened(folder / f"{size}.tosc").walk())
        said = {message.path for node in nodes for message in node.messages if message.send}
        fingers = [Finger(node.script) for node in nodes if node.script]
        for finger in fingers:
            finger.rests(1000)
        said |= {str(address) for finger in fingers for address, _ in finger.said}
        on_each.append({path.removesuffix(POSITION) for path in said})
    yield from set.intersection(*on_each)


def by_open_stage_control() -> Iterator[str]:
    def below(widget: dict[str, Any]) -> Iterator[str]:
        yield str(widget.get("address", "")).removesuffix(POSITION)
        for child in (*widget.get("widgets", ()), *widget.get("tabs", ())):
            yield from below(child)

    yield from below(json.loads(session(surface(TABLE, SCREENS["tablet"]), TABLE))["content"])


def by_midi(folder: Path) -> Iterator[str]:
    """A row for each, on as many channels as it takes."""
    rows, controls = ['name = "desk"'], []
    for parameter in TABLE:
        channel, number = divmod(parameter.index, 128)
        controls.append(Control("cc", number, channel + 1))
        row = f'cc = {number}\nchannel = {channel + 1}\nto = "{parameter.address}"'
        rows.append(f"[[control]]\n{row}")
    path = folder / "desk.toml"
    path.write_text("\n".join(rows), "utf-8")
    mapping = load_mapping(path, TABLE)
    for control in controls:
        yield from (turn.address for turn in mapping.turns(ControlEvent(control, 1.0)))


def by_scenes() -> Iterator[str]:
    look = {each.address: each.kind.default for each in TABLE if of_a_look(each)}
    values = written(Scene("all", "", look), TABLE)["values"]
    assert isinstance(values, dict)
    yield from values


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Reached:
    folder = tmp_path_factory.mktemp("surfaces")
    found = (
        by_osc(),
        by_oscquery(),
        (str(each["address"]) for each in described(TABLE)),
        by_touchosc(folder),
        by_open_stage_control(),
        by_midi(folder),
        by_scenes(),
    )
    return {name: set(addresses) for name, addresses in zip(SURFACES, found, strict=True)}


def outside(parameter: Parameter) -> bool:
    """What a look leaves alone: where pictures come from, the master, time, the machine."""
    grouped = parameter.address.startswith(GROUPS) and parameter.address not in OUTSIDE
    return not grouped or isinstance(parameter.kind, Trigger)


@over(TABLE)
def test_every_parameter_is_reached_from_every_surface(
    parameter: Parameter, reached: Reached
) -> None:
    missing = [name for name in SURFACES if parameter.address not in reached[name]]
    assert missing == (["scenes"] if outside(parameter) else [])
