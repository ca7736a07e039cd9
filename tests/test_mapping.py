"""What a moved control asks for, and what a mapping file may say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.bank import Moment
from engine.bestiary.names import NAMES
from engine.parameters import Trigger
from installation.settings import table
from mappings.files.loading import load_mapping, shipped_mappings
from mappings.mapping import Control, ControlEvent, ControlKind, Mapping, Turn, mapping_for, settled

TABLE = table()
WINDOW_KEYS = {"f11", "tab", "f1", "escape", "q"}
EYES = 1.0 + NAMES.index("eyes")


def moment(**values: float) -> Moment:
    """Everything at its default but ``values``, by address with ``__`` for ``/``."""
    standing = list(TABLE.defaults)
    for name, value in values.items():
        standing[TABLE["/" + name.replace("__", "/")].index] = value
    return Moment.still(TABLE, standing)


def written(tmp_path: Path, rows: str, head: str = 'name = "desk"\n') -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(head + rows, "utf-8")
    return path


def one(tmp_path: Path, row: str) -> Mapping:
    return load_mapping(written(tmp_path, f"[[control]]\n{row}"), TABLE)


def moved(
    kind: ControlKind, name: int | str, position: float, channel: int | None = 1
) -> ControlEvent:
    return ControlEvent(Control(kind, name, None if kind == "key" else channel), position)


def value(mapping: Mapping, event: ControlEvent, now: Moment | None = None) -> float:
    (turn,) = mapping.turns(event)
    return settled(turn, TABLE, now or moment())


def test_seven_bits_reach_one_channel_each(tmp_path: Path) -> None:
    mapping = one(tmp_path, 'cc = 16\nto = "/strip/1/channel"\nrange = [0, 127]')
    reached = [value(mapping, moved("cc", 16, cc / 127)) for cc in range(128)]
    assert reached == list(range(128))


@pytest.mark.parametrize(
    ("row", "position", "expected"),
    [
        ('to = "/strip/1/gain"', 0.0, -1.0),
        ('to = "/strip/1/gain"', 1.0, 1.0),
        ('to = "/strip/1/gain"\nrange = [0, 1]', 0.0, 0.0),
        ('to = "/strip/1/gain"\nrange = [0, 1]', 0.5, 0.5),
        ('to = "/strip/1/gain"\nrange = [1, 0]', 0.0, 1.0),
        ('to = "/dream/step_size"', 0.5, 0.05),  # its curve
        ('to = "/scope/zoom"', 0.5, 1.0),
        ('to = "/scope/zoom"\nrange = [1.0, 4.0]', 0.5, 2.0),  # its curve, in a part of it
        ('to = "/scope/folds"', 1.0, 24.0),
        ('to = "/source/mirror"\nmode = "absolute"', 64 / 127, 1.0),
        ('to = "/source/mirror"\nmode = "absolute"', 63 / 127, 0.0),
    ],
)
def test_a_knob_stands_for_a_value(
    tmp_path: Path, row: str, position: float, expected: float
) -> None:
    mapping = one(tmp_path, f"cc = 1\n{row}")
    assert value(mapping, moved("cc", 1, position)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "position", "pressed"),
    [
        ("cc", 127 / 127, True),
        ("cc", 64 / 127, True),
        ("cc", 63 / 127, False),
        ("cc", 0.0, False),
        ("note", 1 / 127, True),
        ("note", 0.0, False),
        ("key", 1.0, True),
        ("key", 0.0, False),
    ],
)
@pytest.mark.parametrize(
    ("row", "turn"),
    [
        ('to = "/master/freeze"\nmode = "toggle"', Turn("/master/freeze", None, "toggle")),
        ('to = "/dream/reset"\nmode = "trigger"', Turn("/dream/reset")),
        ('to = "/dream/reset"', Turn("/dream/reset")),
        ('to = "/scope/folds"\nby = -1', Turn("/scope/folds", -1.0, "plus")),
        ('to = "/scope/zoom"\ntimes = 1.25', Turn("/scope/zoom", 1.25, "times")),
        ('to = "/scope/folds"\nvalue = 8', Turn("/scope/folds", 8.0)),
        ('to = "/scope/symmetry"\nvalue = "none"', Turn("/scope/symmetry", 0.0)),
        ('to = "/colour/invert"\nvalue = true', Turn("/colour/invert", 1.0)),
        ('to = "/strip/8/channel"\nvalue = "eyes"', Turn("/strip/8/channel", EYES)),
    ],
)
def test_a_press_acts_and_its_release_does_not(
    tmp_path: Path, row: str, turn: Turn, kind: ControlKind, position: float, pressed: bool
) -> None:
    name: int | str = "up" if kind == "key" else 40
    mapping = one(tmp_path, f"{kind} = {name!r}\n{row}")
    assert mapping.turns(moved(kind, name, position)) == ([turn] if pressed else [])


@pytest.mark.parametrize("mode", ["", 'mode = "momentary"'])
@pytest.mark.parametrize("velocity", [1, 20, 127])
def test_a_switch_is_on_while_it_is_held(tmp_path: Path, mode: str, velocity: int) -> None:
    mapping = one(tmp_path, f'note = 60\nto = "/master/freeze"\n{mode}')
    assert value(mapping, moved("note", 60, velocity / 127)) == 1.0
    assert value(mapping, moved("note", 60, 0.0)) == 0.0


def test_a_number_can_be_held_between_two_values(tmp_path: Path) -> None:
    row = 'note = 60\nto = "/strip/1/gain"\nmode = "momentary"\nrange = [0, -1]'
    mapping = one(tmp_path, row)
    assert value(mapping, moved("note", 60, 20 / 127)) == -1.0
    assert value(mapping, moved("note", 60, 0.0)) == 0.0


def test_toggle_steps_and_factors_start_from_where_the_parameter_stands(tmp_path: Path) -> None:
    up = moved("cc", 1, 1.0)
    freeze = one(tmp_path, 'cc = 1\nto = "/master/freeze"\nmode = "toggle"')
    folds = one(tmp_path, 'cc = 1\nto = "/scope/folds"\nby = 1')
    zoom = one(tmp_path, 'cc = 1\nto = "/scope/zoom"\ntimes = 0.8')
    assert value(freeze, up, moment(master__freeze=1.0)) == 0.0
    assert value(folds, up, moment(scope__folds=6.0)) == 7.0
    assert value(folds, up, moment(scope__folds=24.0)) == 24.0
    assert value(zoom, up, moment(scope__zoom=1.25)) == pytest.approx(1.0)


def test_a_trigger_fires_once_for_each_press(tmp_path: Path) -> None:
    panic = one(tmp_path, 'note = 72\nto = "/master/panic"')
    assert value(panic, moved("note", 72, 0.1), moment(master__panic=3.0)) == 1.0


def test_a_row_counts_along_its_list(tmp_path: Path) -> None:
    row = 'cc = [9, 4, 2]\nto = "/strip/{}/gain"\nlabel = "layer {}"'
    mapping = one(tmp_path, row)
    assert [each.action.address for each in mapping.rows] == [f"/strip/{n}/gain" for n in (1, 2, 3)]
    assert [str(each) for each in mapping.rows] == [
        "CC 9: layer 1",
        "CC 4: layer 2",
        "CC 2: layer 3",
    ]


def test_a_row_without_a_label_is_called_by_its_address(tmp_path: Path) -> None:
    mapping = one(tmp_path, 'note = 60\nchannel = 10\nto = "/dream/reset"')
    assert [str(each) for each in mapping.rows] == ["note 60 (channel 10): /dream/reset"]


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (moved("cc", 1, 1.0, channel=3), True),
        (moved("cc", 1, 1.0, channel=4), False),
        (moved("cc", 2, 1.0, channel=3), False),
        (moved("note", 1, 1.0, channel=3), False),
        (moved("key", "1", 1.0), False),
    ],
)
def test_a_row_answers_its_own_control_only(
    tmp_path: Path, event: ControlEvent, heard: bool
) -> None:
    mapping = one(tmp_path, 'cc = 1\nchannel = 3\nto = "/dream/amount"')
    assert bool(mapping.turns(event)) == heard


def test_a_row_without_a_channel_answers_all_of_them(tmp_path: Path) -> None:
    mapping = one(tmp_path, 'cc = 1\nto = "/dream/amount"')
    assert all(mapping.turns(moved("cc", 1, 0.5, channel)) for channel in range(1, 17))


def test_the_same_number_may_serve_two_channels(tmp_path: Path) -> None:
    other = '[[control]]\ncc = 1\nchannel = 2\nto = "/dream/memory"'
    mapping = one(tmp_path, f'cc = 1\nchannel = 1\nto = "/dream/amount"\n{other}')
    assert [turn.address for turn in mapping.turns(moved("cc", 1, 0.5, 2))] == ["/dream/memory"]


GOOD = 'cc = 1\nto = "/dream/amount"\n'


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ('cc = 1\nto = "/dream/amuont"', "no parameter '/dream/amuont'; there are /dream/amount"),
        ('cc = [1, 2, 3, 4, 5, 6, 7, 8, 9]\nto = "/strip/{}/gain"', "'/strip/9/gain'; there are"),
        (GOOD + "chanel = 1", "expected cc, note, bend, nrpn, program, key, .* received 'chanel'"),
        ('to = "/dream/amount"', "expected one of cc, note, .*, key, received none"),
        (GOOD + "note = 1", "expected one of cc, note, .*, key, received cc and note"),
        ("cc = 1", "to: expected text, received None"),
        ("cc = 1\nto = 7", "to: expected text, received 7"),
        ('cc = 128\nto = "/dream/amount"', "cc: expected a whole number 0 to 127, received 128"),
        ('note = -1\nto = "/dream/amount"', "note: expected a whole number 0 to 127, received -1"),
        ('cc = "x"\nto = "/dream/amount"', "cc: expected a whole number 0 to 127, received 'x'"),
        ('cc = true\nto = "/dream/amount"', "cc: expected a whole number 0 to 127, received True"),
        ('cc = [1, 2.5]\nto = "/dream/amount"', "cc: expected a whole number .* received 2.5"),
        ('cc = []\nto = "/dream/amount"', "cc: expected at least one, received none"),
        ('key = 1\nto = "/dream/amount"', "key: expected text, received 1"),
        ('key = ""\nto = "/dream/amount"', "key: expected text, received ''"),
        ('key = "a"\nchannel = 1\nto = "/dream/amount"', "channel: expected none for a key"),
        (GOOD + "channel = 0", "channel: expected a whole number 1 to 16, received 0"),
        (GOOD + "channel = 17", "channel: expected a whole number 1 to 16, received 17"),
        (
            GOOD + 'mode = "flip"',
            "mode: expected one of absolute, momentary, toggle, radio, received 'flip'",
        ),
        (GOOD + 'mode = "trigger"', "mode: expected one of absolute, .* received 'trigger'"),
        ('cc = 1\nto = "/dream/reset"\nmode = "toggle"', "mode: expected one of trigger, received"),
        (GOOD + 'mode = "toggle"\nrange = [0, 1]', "range: expected none beside mode = 'toggle'"),
        (GOOD + "range = [0, 2]", "/dream/amount: expected 0 to 1, received 2"),
        (GOOD + "range = [0, nan]", "/dream/amount: expected 0 to 1, received nan"),
        (GOOD + "range = [0]", r"range: expected two values, received \[0\]"),
        (GOOD + "range = 1", "range: expected a list, received 1"),
        (GOOD + 'range = ["low", 1]', "/dream/amount: expected 0 to 1, received 'low'"),
        (GOOD + 'by = "1"', "by: expected a number, received '1'"),
        (GOOD + "by = inf", "by: expected a number, received inf"),
        (GOOD + "times = true", "times: expected a number, received True"),
        (
            GOOD + "by = 1\ntimes = 2",
            "expected one of mode, by, times, value, coding, received by and times",
        ),
        (GOOD + "by = 1\nrange = [0, 1]", "range: expected none beside by"),
        (GOOD + "value = 3", "/dream/amount: expected 0 to 1, received 3"),
        (GOOD + "value = [1]", r"/dream/amount: expected 0 to 1, received \[1\]"),
        (
            'cc = 1\nto = "/dream/network"\nvalue = "x"',
            "/dream/network: expected one of .* received 'x'",
        ),
        ('cc = 1\nto = "/dream/reset"\nby = 1', "by: expected mode = 'trigger' for /dream/reset"),
        (GOOD + "label = 3", "label: expected text, received 3"),
        ('bend = 1\nto = "/dream/amount"', "bend: expected true, received 1"),
        ('nrpn = 16383\nto = "/dream/amount"', "nrpn: expected a whole number 0 to 16382, rec"),
        (GOOD + "bits = 8", "bits: expected 7, or 14 for a cc, received 8"),
        (
            'note = 1\nbits = 14\nto = "/dream/amount"',
            "bits: expected 7, or 14 for a cc, received 14",
        ),
        ('cc = 32\nbits = 14\nto = "/dream/amount"', "cc: expected a whole number 0 to 31, rec"),
        (GOOD + 'takeover = "soft"', "takeover: expected one of jump, pickup, scaled, received 's"),
        (GOOD + "smoothing = -1", "smoothing: expected 0 to 10, received -1"),
        ('cc = 1\nto = "/scope/folds"\nsmoothing = 1', "smoothing: expected 0 for 1 to 24 folds"),
        (GOOD + "curve = 0", "curve: expected 0.1 to 10, received 0"),
        (GOOD + 'curve = "steep"', "curve: expected a number, received 'steep'"),
        (GOOD + 'mode = "toggle"\ntakeover = "jump"', "takeover: expected none beside mode = 'to"),
        (GOOD + "by = 1\ncurve = 2.0", "curve: expected none beside by, received 2.0"),
        (GOOD + "steps = 3", "steps: expected none beside mode = 'absolute', received 3"),
        (GOOD + 'coding = "x"', "coding: expected one of signed bit, signed bit 2, bin offset, tw"),
        (GOOD + 'coding = "increments"', "coding: expected one of signed bit, .* received 'incre"),
        (
            'nrpn = 1\nto = "/dream/amount"\ncoding = "bin offset"',
            "coding: expected one of increments, received 'bin offset'",
        ),
        (
            'note = 1\nto = "/dream/amount"\ncoding = "bin offset"',
            "coding: expected a cc of 7 bits or an nrpn, received note 1",
        ),
        (
            GOOD + "bits = 14\ncoding = 'bin offset'",
            "coding: expected a cc of 7 bits or an nrpn, received CC 1 with 14 bits",
        ),
        (GOOD + 'coding = "bin offset"\ninvert = 1', "invert: expected true or false, received 1"),
        (
            GOOD + 'coding = "bin offset"\nsteps = 9\nstep = 1',
            "expected one of step, steps, received both",
        ),
        (GOOD + 'coding = "bin offset"\nsteps = 0', "steps: expected 1 to 16384, received 0"),
        (GOOD + 'coding = "bin offset"\nrange = [0, 1]', "range: expected none beside coding"),
        (
            'cc = 1\nto = "/dream/reset"\ncoding = "bin offset"',
            "coding: expected mode = 'trigger' for /dream/reset",
        ),
        (GOOD + 'mode = "radio"', "values: expected a list, for /dream/amount is 0 to 1"),
        (
            'note = [1, 2, 3]\nto = "/scope/folds"\nmode = "radio"\nvalues = [1, 2]',
            "values: expected one for each button, received 2",
        ),
        (
            'note = 1\nto = "/scope/folds"\nmode = "radio"\nvalues = [25]',
            "/scope/folds: expected 1 to 24 folds .*, received 25",
        ),
        (
            'program = 1\nto = "/dream/amount"',
            "expected one of mode, by, times, value, coding, received none",
        ),
        (
            'program = 1\nto = "/dream/amount"\nmode = "momentary"',
            "mode: expected one of toggle, radio, received 'momentary'",
        ),
        (
            'cc = [1, 1]\nto = "/strip/{}/gain"',
            "CC 1: expected one row, received two, for /strip/1",
        ),
    ],
)
def test_a_bad_row_is_refused_with_file_row_and_reason(
    tmp_path: Path, row: str, sentence: str
) -> None:
    first = '[[control]]\nkey = "up"\nto = "/scope/folds"\nby = 1\n'
    with pytest.raises(ValueError, match=rf"^desk\.toml: line \d+: control 2: .*{sentence}"):
        load_mapping(written(tmp_path, f"{first}[[control]]\n{row}"), TABLE)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", r"line 1: expected TOML, received 'name =' \(Invalid value\)"),
        ('ports = []\n\nname "desk"\n', "line 3: expected TOML, received 'name \"desk\"' "),
        ('name = "desk"\n[control]\ncc = 1', r"received {'cc': 1}; each begins with \[\[control"),
        (
            'name = "desk"\n\n[[control]]\ncc = 200',
            "line 3: control 1: cc: expected a whole number",
        ),
        ("control = []", "name: expected text, received None"),
        ("", "control: expected a list, received None"),
        ('name = 1\n[[control]]\ncc = 1\nto = "/dream/amount"', "name: expected text, received 1"),
        ('name = "desk"', "control: expected a list, received None"),
        ('name = "desk"\ncontrol = [3]', "control 1: expected a table, received 3"),
        ('name = "desk"\ncontrol = []\nports = "x"', "ports: expected a list, received 'x'"),
        ('name = "desk"\ncontrol = []\ntakeover = "x"', "takeover: expected one of jump, pickup"),
        ('name = "desk"\ncontrol = []\nmotor = 1', "motor: expected true or false, received 1"),
        ('name = "desk"\ncontrol = []\nalone = 1', "alone: expected true or false, received 1"),
        (
            'name = "desk"\n[[control]]\ncc = 1\nbits = 14\nto = "/scope/zoom"\n'
            '[[control]]\ncc = 33\nto = "/scope/spin"',
            "control 2: CC 33: expected one row, received two, for /scope/zoom and /scope/spin",
        ),
        ('name = "desk"\ncontrol = []\nports = [""]', "ports: expected text, received ''"),
        ('name = "desk"\ncontrol = []\nport = ["x"]', "expected name, ports, .* received 'port'"),
        (b'\nname = "\xff"', "line 2: expected UTF-8, received the byte 0xff"),
        (b'\xef\xbb\xbf\nname = "\xff"', "line 2: expected UTF-8, received the byte 0xff"),
        (
            f'name = """\n{"[[control]]" * 2}\n[[control]]\n"""\n[[control]]\ncc = 200',
            "line 5: control 1: cc: expected a whole number",
        ),
        (1000 * "x", r"line 1: expected TOML, received 'x{59}\.\.\. \("),
        (f'name = "desk"\nmotor = "{1000 * "x"}"', r"motor: expected true or false, .*x\.\.\.$"),
        (f'"{1000 * "x"}" = 1', r"expected name, .*, received 'x{59}\.\.\.$"),
    ],
)
def test_a_bad_file_is_refused_by_its_name(
    tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=rf"^desk\.toml: .*{sentence}"):
        load_mapping(path, TABLE)


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(f'name = "desk"\n[[control]]\n{GOOD}', "utf-8-sig", newline="\r\n")
    assert len(load_mapping(path, TABLE).rows) == 1


@pytest.mark.parametrize("channel", ["channel = 1\n", ""])
def test_a_control_named_twice_in_a_file_is_refused(tmp_path: Path, channel: str) -> None:
    rows = f"[[control]]\n{GOOD}[[control]]\n{channel}{GOOD.replace('amount', 'memory')}"
    sentence = "control 2: CC 1.*: expected one row, received two, for /dream/amount and /dream/mem"
    with pytest.raises(ValueError, match=sentence):
        load_mapping(written(tmp_path, rows), TABLE)


def shipped() -> list[Mapping]:
    return [load_mapping(path, TABLE) for path in shipped_mappings()]


@pytest.fixture(params=shipped_mappings(), ids=lambda path: path.stem)
def mapping(request: pytest.FixtureRequest) -> Mapping:
    return load_mapping(request.param, TABLE)


def test_each_file_names_its_source_and_every_row(mapping: Mapping) -> None:
    assert mapping.rows
    assert mapping.source != "-"
    assert not [row for row in mapping.rows if row.label == row.action.address]


def test_each_row_moves_its_parameter_within_its_range(mapping: Mapping) -> None:
    for row in mapping.rows:
        for position in (0.0, 0.3, 1.0):
            for turn in mapping.turns(ControlEvent(row.control, position)):
                kind = TABLE[turn.address].kind
                assert kind.low <= settled(turn, TABLE, moment()) <= kind.high


def test_each_row_can_change_something(mapping: Mapping) -> None:
    """From one end of the range or the other: no row is a dead control."""
    for row in mapping.rows:
        assert any(changes(mapping, row.control, start) for start in starts(row.action.address))


def starts(address: str) -> Iterator[tuple[str, float]]:
    kind = TABLE[address].kind
    yield from ((address, kind.at(position)) for position in (0.0, 0.5, 1.0))


def changes(mapping: Mapping, control: Control, start: tuple[str, float]) -> bool:
    address, before = start
    now = moment(**{address[1:].replace("/", "__"): before})
    after = [settled(turn, TABLE, now) for turn in mapping.turns(ControlEvent(control, 1.0))]
    return isinstance(TABLE[address].kind, Trigger) or any(each != before for each in after)


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL 20:0", "Korg nanoKONTROL2"),
        ("NANOKONTROL2 SLIDER/KNOB", "Korg nanoKONTROL2"),
        ("MPK mini", "Any other controller"),
        ("Kaleidream", "Any other controller"),
    ],
)
def test_a_port_finds_its_mapping(port: str, name: str) -> None:
    found = mapping_for(port, shipped())
    assert found is not None
    assert found.name == name


def test_the_mapping_that_names_a_port_most_exactly_is_found_and_of_several_the_last() -> None:
    pads, mine, anything = (Mapping("-", (port,), "-", ()) for port in ("pad", "pad mk2", "*"))
    assert mapping_for("Pad mk2", [mine, pads, anything]) is mine
    assert mapping_for("Pad", [mine, pads, anything]) is pads
    assert mapping_for("MPK mini", [anything, mine, pads]) is anything
    assert mapping_for("MPK mini", [mine]) is None
    later = Mapping("later", ("pad",), "-", ())
    assert mapping_for("Pad", [pads, later]) is later


def test_keys_are_named_as_pygame_names_them_and_leave_the_window_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    pygame.display.init()
    keys = [
        row.control.name for each in shipped() for row in each.rows if row.control.kind == "key"
    ]
    names = [pygame.key.name(pygame.key.key_code(str(key))) for key in keys]
    pygame.display.quit()
    assert names == keys
    assert not WINDOW_KEYS.intersection(names)
