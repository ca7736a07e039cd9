"""The user's mapping files beside the shipped ones, and rows written into them."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from installation.settings import table
from mappings.files.catalogue import Catalogue
from mappings.files.loading import load_mapping, read_mapping, shipped_mappings
from mappings.files.reading import Found
from mappings.files.writing import block, head, singles, slug, spoken, with_row, without_rows
from mappings.mapping import Control, Press, Turn

TABLE = table()
DREAM = "/dream/amount"


def mapping(port: str, *controls: str, more: str = "") -> str:
    body = "".join(f"[[control]]\n{each}\n" for each in controls)
    return f'name = "mine"\nports = ["{port}"]\n{more}\n{body}'


def turned(catalogue: Catalogue, number: int, port: str) -> list[str]:
    there = catalogue.mapping_for(port).covering(Control("cc", number, 1))
    return [row.action.address for row in there]


Put = Callable[[str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mappings"


@pytest.fixture
def put(folder: Path) -> Put:
    def put(name: str, toml: str) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(toml, "utf-8")
        return folder / name

    return put


ZOOM_ON_20 = 'cc = 20\nto = "/scope/zoom"'  # the generic mapping has strip 1's gain there


def test_without_a_folder_the_shipped_mappings_count(folder: Path) -> None:
    catalogue = Catalogue(TABLE, folder)
    assert turned(catalogue, 20, "desk") == ["/strip/1/gain"]
    assert turned(catalogue, 1, "nanoKONTROL2 CTRL") == ["/strip/2/gain"]


def test_the_users_rows_count_and_the_shipped_ones_elsewhere(folder: Path, put: Put) -> None:
    put("a.toml", mapping("desk", ZOOM_ON_20))
    catalogue = Catalogue(TABLE, folder)
    assert turned(catalogue, 20, "My Desk 2") == ["/scope/zoom"]
    assert turned(catalogue, 21, "My Desk 2") == ["/strip/2/gain"]
    assert turned(catalogue, 20, "pads") == ["/strip/1/gain"]


def test_a_mapping_that_is_alone_is_alone(folder: Path, put: Put) -> None:
    put("a.toml", mapping("desk", ZOOM_ON_20, more="alone = true"))
    assert turned(Catalogue(TABLE, folder), 21, "desk") == []


def test_the_file_that_names_the_port_most_exactly_counts_first(folder: Path, put: Put) -> None:
    put("a.toml", mapping("My Desk", 'cc = 20\nto = "/scope/zoom"'))
    put("b.toml", mapping("desk", 'cc = 20\nto = "/scope/folds"', 'cc = 21\nto = "/scope/spin"'))
    everywhere = [f'cc = {number}\nto = "{DREAM}"' for number in (20, 21, 22)]
    put("c.toml", mapping("*", *everywhere))
    catalogue = Catalogue(TABLE, folder)
    there = [turned(catalogue, number, "My Desk") for number in (20, 21, 22, 23)]
    assert there == [["/scope/zoom"], ["/scope/spin"], [DREAM], ["/strip/4/gain"]]


def test_the_command_lines_file_stands_in_for_the_shipped_one(
    folder: Path, put: Put, tmp_path: Path
) -> None:
    given = tmp_path / "given.toml"
    given.write_text(mapping("desk", 'cc = 30\nto = "/scope/folds"'))
    put("a.toml", mapping("desk", ZOOM_ON_20))
    catalogue = Catalogue(TABLE, folder, given)
    assert turned(catalogue, 30, "desk") == ["/scope/folds"]
    assert turned(catalogue, 21, "desk") == []
    assert turned(catalogue, 20, "desk") == ["/scope/zoom"], "what is learnt counts all the same"
    assert turned(catalogue, 21, "pads") == ["/strip/2/gain"]


@pytest.mark.parametrize("toml", [None, "name = ", mapping("desk", 'cc = 300\nto = "/x"')])
def test_a_broken_file_of_the_command_line_is_refused_and_the_shipped_one_counts(
    folder: Path, tmp_path: Path, toml: str | None
) -> None:
    given = tmp_path / "given.toml"
    if toml:
        given.write_text(toml)
    catalogue = Catalogue(TABLE, folder, given)
    assert "given.toml" in catalogue.refused["given.toml"]
    assert turned(catalogue, 20, "desk") == ["/strip/1/gain"]


def test_a_pair_of_14_bits_takes_both_its_numbers(folder: Path, put: Put) -> None:
    put("a.toml", mapping("nano", 'cc = 1\nbits = 14\nto = "/scope/zoom"'))
    catalogue = Catalogue(TABLE, folder)
    assert turned(catalogue, 1, "nanoKONTROL2") == turned(catalogue, 33, "nanoKONTROL2") == []


def test_the_takeover_of_the_command_line_is_of_files_that_name_none(
    folder: Path, put: Put
) -> None:
    put("a.toml", mapping("desk", ZOOM_ON_20))
    put("b.toml", mapping("pads", ZOOM_ON_20, more='takeover = "jump"'))
    catalogue = Catalogue(TABLE, folder, takeover="scaled")
    found = [catalogue.users(port).rows[0].action for port in ("desk", "pads")]
    assert [action.takeover for action in found] == ["scaled", "jump"]  # type: ignore[union-attr]


def test_a_file_that_changes_is_read_again(folder: Path, put: Put) -> None:
    catalogue = Catalogue(TABLE, folder)
    assert not catalogue.scan()
    path = put("a.toml", mapping("desk", ZOOM_ON_20))
    assert catalogue.scan()
    assert turned(catalogue, 20, "desk") == ["/scope/zoom"]
    path.write_text(mapping("desk", 'cc = 20\nto = "/scope/folds"'))
    assert catalogue.scan()
    assert turned(catalogue, 20, "desk") == ["/scope/folds"]
    path.unlink()
    assert catalogue.scan()
    assert turned(catalogue, 20, "desk") == ["/strip/1/gain"]
    assert not catalogue.scan()


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("name = ", "a.toml: line 1: expected TOML, received 'name ='"),
        ("name = " + "[" * 5000, "a.toml: expected TOML, received brackets"),
        (mapping("desk", 'cc = 20\nto = "/scope/zom"'), "a.toml: line 4: control 1: no parameter"),
        ('name = "mine"\ncontrol = []', "a.toml: ports: expected a part of the controller's name"),
        (mapping("desk", f'key = "a"\nto = "{DREAM}"'), "a.toml: expected controls of a device"),
    ],
)
def test_a_broken_file_is_refused_and_what_it_said_before_counts(
    folder: Path, put: Put, toml: str, sentence: str
) -> None:
    path = put("a.toml", mapping("desk", ZOOM_ON_20))
    catalogue = Catalogue(TABLE, folder)
    path.write_text(toml)
    assert catalogue.scan()
    assert catalogue.refused["a.toml"].startswith(sentence)
    assert turned(catalogue, 20, "desk") == ["/scope/zoom"]
    path.write_text(mapping("desk", ZOOM_ON_20) + "\n")
    catalogue.scan()
    assert catalogue.refused == {}


def test_what_is_half_written_is_not_read(folder: Path, put: Put) -> None:
    put(".a.toml.part", "name = ")
    put(".a.toml", "name = ")
    assert Catalogue(TABLE, folder).refused == {}


# written rows

FILE = """# My desk, as of May
name = "desk"
ports = ["desk"]  # both of them

# the faders
[[control]]
cc = [20, 21, 22]
to = "/strip/{}/gain"  # loud
range = [0, 1]
label = "strip {} gain"

[[ control ]]
note = 60
to = "/dream/freeze"
mode = "toggle"
"""


def test_what_is_not_touched_stays_letter_for_letter() -> None:
    new = with_row(FILE, {"cc": 90, "to": DREAM})
    assert new == FILE + f'\n[[control]]\ncc = 90\nto = "{DREAM}"\n'
    assert without_rows(new, lambda row: row.get("cc") == 90, TABLE) == FILE + "\n"
    assert without_rows(FILE, lambda row: False, TABLE) == FILE


def test_one_of_a_list_can_go_and_the_others_keep_their_places() -> None:
    left = without_rows(FILE, lambda row: row.get("cc") == 21, TABLE)
    before, after = (read_mapping(toml, TABLE) for toml in (FILE, left))
    assert list(after.rows) == [row for row in before.rows if row.control.name != 21]
    assert left.startswith(FILE.split("[[")[0])


def test_a_text_of_several_lines_is_no_row() -> None:
    text = 'source = """\n[[control]]\nof my desk"""'
    toml = FILE.replace("# the faders", text).replace('"strip {} gain"', text.split(" = ")[1])
    left = without_rows(toml, lambda row: row.get("note") == 60, TABLE)
    assert left == toml.partition("[[ control ]]")[0]


@pytest.mark.parametrize("path", shipped_mappings(), ids=lambda path: path.stem)
def test_every_row_of_every_shipped_file_can_be_taken_apart(path: Path) -> None:
    """Each control alone is the row it was in its list."""
    toml = path.read_text()
    found = tomllib.loads(toml)
    apart = "".join(block(single) for row in found.pop("control") for single in singles(row, TABLE))
    start = "\n".join(f"{key} = {spoken(value)}" for key, value in found.items())
    assert read_mapping(f"{start}\n{apart}", TABLE) == load_mapping(path, TABLE)


@pytest.mark.parametrize("address", ["/scene/recall", "/cue/at"])
def test_buttons_choose_from_the_first_scene_or_cue_on(address: str) -> None:
    row = f'[[control]]\nnote = [36, 37, 38]\nto = "{address}"\nmode = "radio"\n'
    found = read_mapping(f'name = "pads"\n{row}', TABLE)
    assert [each.action for each in found.rows] == [
        Press(Turn(address, number)) for number in (1.0, 2.0, 3.0)
    ]


def test_after_the_last_row_the_file_is_still_one() -> None:
    empty = without_rows(FILE, lambda row: True, TABLE)
    assert read_mapping(empty, TABLE).rows == ()
    assert len(read_mapping(with_row(empty, {"cc": 90, "to": DREAM}), TABLE).rows) == 1


def test_a_new_file_names_its_port_exactly() -> None:
    port = 'Desk "One" \\ ü\x7f\t'
    found = read_mapping(with_row(head(port), {"cc": 90, "to": DREAM}), TABLE)
    assert (found.name, found.ports) == (port, (port,))


@pytest.mark.parametrize(
    "row",
    [
        {"cc": 1, "flag": True, "other": False, "text": 'say "x"\n', "range": [0.1, 1e-7, -3]},
        {"light": {"note": [1, 2], "on": 127}, "list": ["a", "b"], "none": []},
    ],
)
def test_a_row_is_read_as_it_was_written(row: Found) -> None:
    assert tomllib.loads(block(row))["control"] == [row]


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 CTRL", "nanokontrol2-nanokontrol2-ctrl"),
        ("../../etc/passwd", "etc-passwd"),
        ("ü 1", "ü-1"),
        ("*?", "controller"),
        ("MIDI Mix", "midi-mix"),
    ],
)
def test_a_ports_file_has_a_plain_name(port: str, name: str) -> None:
    assert slug(port) == name
