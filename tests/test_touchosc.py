from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from socket import socket
from uuid import UUID

import py2tosc
import pytest
from sweep import over
from tablet import CONTROLS, FRAME, VALUES, Finger, Frame, Message, Node, opened, touched

from engine.parameters import Choice, Parameter, Switch, Table, Trigger
from installation.scenes.scenery import factory
from installation.settings import table
from mappings.mapping import CUE, RECALL, settled
from mappings.osc.echo import Echo
from mappings.osc.endpoint import listening_socket
from mappings.osc.meaning import POSITION, Query, meant, names, scene_name, standing, told_unasked
from mappings.osc.packets import Message as Packet
from mappings.osc.packets import bundles
from mappings.surfaces.screen import SCREENS
from mappings.surfaces.surface import BLACKOUT, FREEZE, HELD, LETTER, PANIC, surface
from mappings.surfaces.touchosc import layout
from mappings.surfaces.touchosc_controls import GAP

TABLE = table()
STARTS = dict(zip((each.address for each in TABLE), TABLE.defaults, strict=True))
HELD_MILLIS = 1000 * HELD
GLASS = {"phone": 150, "tablet": 151}  # millimetres: of a tablet of 7 inches
FINGER, LEGIBLE = 9.0, 1.5  # millimetres that a finger needs, and a line of text

Sent = tuple[Node, Message]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the layouts lie as they were written."""
    folder = tmp_path_factory.mktemp("layouts")
    for size in SCREENS:
        layout(surface(TABLE, SCREENS[size]), TABLE).save(folder / f"{size}.tosc")
    return folder


@pytest.fixture(scope="module")
def layouts(folder: Path) -> dict[str, Node]:
    return {size: opened(folder / f"{size}.tosc") for size in SCREENS}


@pytest.fixture(params=SCREENS)
def drawn(layouts: dict[str, Node], request: pytest.FixtureRequest) -> Node:
    return layouts[request.param]


@pytest.fixture(scope="module")
def sent(layouts: dict[str, Node]) -> dict[str, list[Sent]]:
    """Who says something, by the parameter's address: on every layout."""
    return by_address(layouts, lambda message: message.send)


@pytest.fixture(scope="module")
def heard(layouts: dict[str, Node]) -> dict[str, list[Sent]]:
    """Who hears something, likewise."""
    return by_address(layouts, lambda message: message.receive)


def by_address(
    layouts: dict[str, Node], wanted: Callable[[Message], bool]
) -> dict[str, list[Sent]]:
    found: dict[str, list[Sent]] = {}
    for node in (node for drawn in layouts.values() for node in drawn.walk()):
        for message in filter(wanted, node.messages):
            found.setdefault(message.path.removesuffix(POSITION), []).append((node, message))
    return found


def led_to(message: Message, **values: float) -> float:
    """Where a parameter comes to stand when a control says ``message``."""
    said = Packet(message.path, tuple(each.said(values) for each in message.arguments))
    turns = meant(said, TABLE)
    assert isinstance(turns, tuple)
    (turn,) = turns
    return settled(turn, TABLE, STARTS)


def options(node: Node) -> range:
    return range(int(node.properties["steps"]))


PRESSED_OR_MOVED = [each for each in TABLE if each.address != PANIC]


@over(PRESSED_OR_MOVED)
def test_every_parameter_is_reached(parameter: Parameter, sent: dict[str, list[Sent]]) -> None:
    controls = sent[parameter.address]
    assert len(controls) >= len(SCREENS)
    for node, message in controls:
        check(parameter, node, message)


def check(parameter: Parameter, node: Node, message: Message) -> None:
    """That a control reaches every value, or the one it is for."""
    low, high = parameter.kind.low, parameter.kind.high
    (kinds,) = {tuple(each.conversion for each in message.arguments)}
    match node.kind:
        case "FADER" | "XY":
            assert (message.path, kinds) == (parameter.address + POSITION, ("FLOAT",))
            ends = [led_to(message, x=end, y=end) for end in (0, 1)]
            downwards = node.kind == "XY" and parameter.address.endswith("_y")
            assert ends == pytest.approx([high, low] if downwards else [low, high])
        case "RADIO":
            reached = [led_to(message, x=number) for number in options(node)]
            assert reached == [low + number for number in options(node)]
            assert reached[-1] == high
        case "BUTTON" if isinstance(parameter.kind, Switch):
            assert (node.properties["buttonType"], kinds) == ("2", ("INTEGER",))
            assert [led_to(message, x=state) for state in (0, 1)] == [0, 1]
        case "BUTTON" if len(kinds) == 2:  # - or +
            assert kinds == ("STRING", "INTEGER")
            now = STARTS[parameter.address]
            assert led_to(message, x=1) in (parameter.kind.clamped(now + by) for by in (-1, 1))
        case "BUTTON":
            assert isinstance(parameter.kind, Trigger) or parameter.address == RECALL
            assert (node.properties["buttonType"], kinds) == ("0", ("INTEGER",))
            assert message.triggers == (("x", "RISE"),)
            assert led_to(message, x=1) >= 1
        case kind:
            pytest.fail(f"{kind} says {message.path}")


@pytest.mark.parametrize(
    ("millis", "times"),
    [(0, 0), (FRAME, 0), (HELD_MILLIS - FRAME, 0), (HELD_MILLIS + FRAME, 1), (9 * HELD_MILLIS, 1)],
)
def test_panic_is_fired_once_and_only_by_a_finger_that_rests(
    drawn: Node, millis: float, times: int
) -> None:
    finger = Finger(panic(drawn).script)
    finger.rests(millis)
    finger.rests(HELD_MILLIS / 2)
    assert finger.said == [(PANIC, 1)] * times


def test_what_the_held_button_says_sets_off_the_panic(drawn: Node) -> None:
    finger = Finger(panic(drawn).script)
    for _ in range(2):
        finger.rests(2 * HELD_MILLIS)
    assert panic(drawn).messages == []
    for address, *said in finger.said:
        (turn,) = meant(Packet(str(address), tuple(map(float, said))), TABLE)  # type: ignore[misc]
        assert settled(turn, TABLE, STARTS) == 1.0
    assert len(finger.said) == 2


def panic(drawn: Node) -> Node:
    (button,) = (node for node, _ in bar(drawn) if node.name == PANIC)
    return button


def test_the_first_scenes_have_a_button_each(sent: dict[str, list[Sent]]) -> None:
    numbers = [led_to(message, x=1) for _, message in sent[RECALL]]
    assert numbers == [*range(1, 25), *range(1, 33)]


def test_every_scene_that_comes_with_the_show_is_on_one_page_with_the_next(drawn: Node) -> None:
    for page in drawn.pages():
        messages = [message for node in page.walk() for message in node.messages if message.send]
        recalled = {led_to(each, x=1) for each in messages if each.path == RECALL}
        if recalled:
            assert recalled >= set(range(1, len(factory()) + 1))
            assert {"/scene/next", "/scene/previous"} <= {each.path for each in messages}


def test_a_scene_s_button_bears_its_name(drawn: Node) -> None:
    named = 0
    for group in (node for node in drawn.walk() if node.kind == "GROUP"):
        said = [each for node in group.children for each in node.messages if each.path == RECALL]
        for message in (each for each in said if each.send):
            (name,) = (node for node in group.children if node.kind == "TEXT" and node.messages)
            (heard,) = name.messages
            assert heard.path == scene_name(int(led_to(message, x=1)))
            assert [each.conversion for each in heard.arguments] == ["STRING"]
            named += 1
    assert named >= len(factory())


def test_names_are_heard_by_what_shows_them_only(heard: dict[str, list[Sent]]) -> None:
    assert set(heard) - set(standing(TABLE)) == {*names(TABLE)[:32]}


def test_every_value_that_is_told_is_shown(heard: dict[str, list[Sent]]) -> None:
    for address in standing(TABLE):
        shows = {node.kind for node, message in heard[address] if message.path == address}
        moves = {node.kind for node, message in heard[address] if message.path != address}
        if isinstance(TABLE[address].kind, Switch):
            assert (shows, moves) == ({"BUTTON"}, set()), address
        elif moves == {"RADIO"}:
            assert not shows, address
        else:
            assert shows == {"LABEL"}, address
            assert moves or address in (RECALL, CUE), address


def test_a_position_that_is_told_moves_a_control_to_where_it_says_the_same(
    heard: dict[str, list[Sent]],
) -> None:
    for address in standing(TABLE):
        kind = TABLE[address].kind
        for node, message in heard[address]:
            if message.path == address:
                continue
            for value in (kind.at(step / 8) for step in range(9)):
                x = message.arguments[0].heard(kind.position(value))
                assert led_to(message, x=x, y=x) == pytest.approx(value, abs=1e-5), address
                if node.kind == "RADIO":  # whichever way the app makes it whole
                    assert int(x) == round(x) == value - kind.low


def test_what_another_hand_turns_is_told_as_a_value_and_as_a_position() -> None:
    values = dict(STARTS)
    with listening_socket(0) as sending, listening_socket(0) as tablet:
        echo = Echo(sending, TABLE, lambda: values)
        echo.answer([each + POSITION for each in standing(TABLE)], tablet.getsockname(), 0.0)
        for second in range(20):
            echo.flush(second)
        received(tablet)
        values["/scope/zoom"] = 2.0
        echo.changed("/scope/zoom", 2.0)
        echo.flush(20.0)
        assert received(tablet) == [
            Packet("/scope/zoom", (2.0,)),
            Packet("/scope/zoom/position", (0.75,)),
        ]


def received(tablet: socket) -> list[Packet]:
    told = []
    with suppress(BlockingIOError):
        while True:
            told += [each for bundle in bundles(tablet.recv(8192)) for each in bundle.messages]
    return told


def test_what_is_heard_is_not_said_again(drawn: Node) -> None:
    messages = [message for node in drawn.walk() for message in node.messages]
    assert not any(message.feedback for message in messages)
    assert {message.connections for message in messages} == {"1" * 10}


def test_a_message_carries_and_follows_what_its_control_has(drawn: Node) -> None:
    for node in drawn.walk():
        for message in node.messages:
            watched = [name for name, _ in message.triggers]
            carried = [each.value for each in message.arguments if each.kind == "VALUE"]
            assert set(watched + carried) <= set(node.values), (node.name, message)
            assert bool(watched) == message.send


def test_the_layout_opens_where_the_show_starts(drawn: Node) -> None:
    for node in drawn.walk():
        for message in (each for each in node.messages if each.send and each.receive):
            values = {key: float(node.values[key]) for key in VALUES[node.kind]}
            address = message.path.removesuffix(POSITION)
            start = pytest.approx(STARTS[address], rel=1e-5, abs=1e-6)
            assert led_to(message, **values) == start, node.name


def test_a_pad_opens_with_what_grows_downwards_upside_down() -> None:
    groups = [replace(each, defaults={**each.defaults, "centre_y": 0.5}) for each in TABLE.groups]
    written = layout(surface(Table(groups), SCREENS["phone"]), Table(groups))
    pad = written.find("/scope/centre_x /scope/centre_y")
    assert pad is not None
    assert {each.key: each.default for each in pad.values if each.key in "xy"} == {
        "x": 0.5,
        "y": 0.25,
    }


def test_each_page_asks_where_everything_stands(drawn: Node) -> None:
    (pager,) = (child for child in drawn.children if child.kind == "PAGER")
    (button,) = (node for node in drawn.walk() if node.name == "sync")
    for node, trigger in ((pager, ("page", "ANY")), (button, ("x", "RISE"))):
        assert {message.triggers for message in node.messages} == {(trigger,)}
        asked = [meant(Packet(message.path, ()), TABLE) for message in node.messages]
        positions = tuple(address + POSITION for address in standing(TABLE))
        assert asked == [Query(told_unasked(TABLE)), Query(positions)]


def bar(drawn: Node) -> list[tuple[Node, Frame]]:
    """What is seen on every page."""
    return list(touched(child for child in drawn.children if child.kind != "PAGER"))


def test_what_saves_a_show_is_on_every_page_and_panic_apart(drawn: Node) -> None:
    places = {node.name: frame for node, frame in bar(drawn)}
    assert {FREEZE, BLACKOUT, PANIC} <= places.keys()
    panic = places.pop(PANIC)
    away = 2 * FINGER / millimetres(drawn)
    near = panic._replace(x=panic.x - away, w=panic.w + 2 * away)
    assert not [name for name, frame in places.items() if near.overlaps(frame)]


def test_nothing_sticks_out(drawn: Node) -> None:
    for node in drawn.walk():
        for child in node.children:
            assert node.frame.holds(child.frame), (node.name, child.name)


def test_no_finger_meets_two_controls(drawn: Node) -> None:
    screens = [list(touched(page.children)) for page in drawn.pages()]
    for seen in (*screens, bar(drawn)):
        for (one, here), (other, there) in combinations(seen, 2):
            assert not here.overlaps(there), (one.name, other.name)


def millimetres(drawn: Node) -> float:
    """Of a point, on the smallest screen."""
    (size,) = (size for size, screen in SCREENS.items() if screen.width == drawn.frame.w)
    return GLASS[size] / drawn.frame.w


def test_every_control_is_large_enough_for_a_finger(drawn: Node) -> None:
    finger = FINGER / millimetres(drawn)
    for node, frame in touched(drawn.children):
        parts = len(options(node)) if node.kind == "RADIO" else 1
        assert min(frame.w / parts, frame.h) + GAP >= finger, (node.name, frame)
    for node in (node for node in drawn.walk() if node.kind == "PAGER"):
        assert float(node.properties["tabbarSize"]) >= finger
        assert node.frame.w / len(node.children) >= finger


def test_every_word_is_legible_and_fits(drawn: Node) -> None:
    for node in (node for node in drawn.walk() if node.kind in ("LABEL", "TEXT")):
        size = float(node.properties["textSize"])
        assert size * millimetres(drawn) >= LEGIBLE, node.name
        assert node.frame.w >= max(map(len, words(node)), default=1) * size * LETTER, node.name


def words(node: Node) -> list[str]:
    """What it has to show in one line each."""
    shown = node.name.removesuffix(" value")
    if shown in TABLE and isinstance(kind := TABLE[shown].kind, Choice):
        return list(kind.options)
    return list(factory()) if shown in names(TABLE) else node.values["text"].split()


def test_only_controls_are_in_a_finger_s_way(drawn: Node) -> None:
    for node in drawn.walk():
        assert (node.properties["interactive"] == "1") == (node.kind in {*CONTROLS, "PAGER"})


def test_a_fader_does_not_jump_to_the_finger(drawn: Node) -> None:
    faders = [node for node in drawn.walk() if node.kind == "FADER"]
    assert {node.properties["response"] for node in faders} == {"1"}


def test_the_same_table_gives_the_same_file(folder: Path, tmp_path: Path) -> None:
    layout(surface(TABLE, SCREENS["phone"]), TABLE).save(tmp_path / "again.tosc")
    assert (tmp_path / "again.tosc").read_bytes() == (folder / "phone.tosc").read_bytes()


def test_every_node_is_itself_only(drawn: Node) -> None:
    identities = [node.identity for node in drawn.walk()]
    assert len({UUID(each) for each in identities}) == len(identities)


def test_py2tosc_has_nothing_to_say(folder: Path) -> None:
    assert py2tosc.load(folder / "phone.tosc").validate() == []
