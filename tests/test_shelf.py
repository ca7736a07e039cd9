import json
from pathlib import Path
from typing import Any

import pytest
from standins import AtOnce, Late

from engine.parameters import Choice
from installation.scenes.scenery import factory, of_a_look
from installation.scenes.shelf import LONGEST_NAME, Shelf, named
from installation.settings import MOST_SCENES, table

TABLE = table()
FACTORY = list(factory())
LOOK = {each.address: each.kind.at(0.7) for each in TABLE if of_a_look(each)}
ROSE = FACTORY[-1]


@pytest.fixture
def disk() -> AtOnce:
    return AtOnce()


@pytest.fixture
def shelf(tmp_path: Path, disk: AtOnce) -> Shelf:
    return Shelf(tmp_path, TABLE, disk)


def again(shelf: Shelf) -> Shelf:
    """As the next show finds it."""
    return Shelf(shelf.folder.parent, TABLE, AtOnce())


def file(shelf: Shelf, name: str) -> Path:
    return shelf.folder / f"{name}.json"


def test_at_first_there_is_what_comes_with_the_show_and_no_folder(shelf: Shelf) -> None:
    assert shelf.names == FACTORY
    assert not shelf.folder.exists()


def test_a_stored_scene_is_there_in_the_next_show_with_every_value(shelf: Shelf) -> None:
    assert shelf.store("mine", LOOK) == "mine"
    for found in (shelf, again(shelf)):
        assert found.names == [*FACTORY, "mine"], "numbers of others stay"
        assert found["mine"].values == LOOK
        assert found.own("mine")


def test_the_file_is_written_for_people(shelf: Shelf) -> None:
    shelf.store("mine", LOOK)
    found = json.loads(file(shelf, "mine").read_text())
    assert found["made"].startswith("20")
    for parameter in TABLE:
        if of_a_look(parameter):
            kind, value = parameter.kind, found["values"][parameter.address]
            assert value == kind.decoded(LOOK[parameter.address])
            assert isinstance(value, str) == isinstance(kind, Choice)


def test_scenes_that_are_found_come_before_those_of_the_show(shelf: Shelf) -> None:
    for name in ("b", "a"):
        shelf.store(name, LOOK)
    (shelf.folder / "order.json").unlink()
    assert again(shelf).names == ["a", "b", *FACTORY]


def test_one_of_the_same_name_hides_what_comes_with_the_show_until_it_is_deleted(
    shelf: Shelf,
) -> None:
    mood = shelf[ROSE].mood
    shelf.store(ROSE, LOOK)
    assert again(shelf)[ROSE].values == LOOK
    assert shelf.names == FACTORY
    shelf.delete(ROSE)
    for found in (shelf, again(shelf)):
        assert found.names == FACTORY
        assert found[ROSE].mood == mood


def test_what_is_deleted_or_stored_again_is_kept_as_a_backup(shelf: Shelf) -> None:
    shelf.store("mine", LOOK)
    first = file(shelf, "mine").read_text()
    shelf.store("mine", {**LOOK, "/scope/folds": 3.0})
    second = file(shelf, "mine").read_text()
    shelf.picture("mine").write_bytes(b"jpeg")
    shelf.delete("mine")
    assert again(shelf).names == FACTORY
    folder = shelf.folder / "backup" / "mine"
    assert [path.read_text() for path in sorted(folder.glob("*.json"))] == [first, second]
    assert [path.read_bytes() for path in folder.glob("*.jpg")] == [b"jpeg"]
    assert not shelf.picture("mine").exists()


def test_a_scene_takes_its_picture_and_its_place_along_to_its_new_name(shelf: Shelf) -> None:
    shelf.store("mine", LOOK)
    shelf.store("last", LOOK)
    shelf.picture("mine").write_bytes(b"jpeg")
    shelf.hang("mine")
    told: list[tuple[str, str]] = []
    shelf.renaming(lambda old, new: told.append((old, new)))
    shelf.rename("mine", "yours")
    for found in (shelf, again(shelf)):
        assert found.names == [*FACTORY, "yours", "last"]
        assert found["yours"].values == LOOK
        assert found.pictured() == [*FACTORY, "yours"]
    assert (told, shelf.picture("yours").read_bytes()) == ([("mine", "yours")], b"jpeg")


def test_a_picture_that_comes_after_the_new_name_is_not_lost(tmp_path: Path) -> None:
    disk = Late()
    shelf = Shelf(tmp_path, TABLE, disk)
    shelf.store("mine", LOOK)
    disk(lambda: shelf.picture("mine").write_bytes(b"jpeg"), lambda: shelf.hang("mine"))
    shelf.rename("mine", "yours")
    disk.comes()
    assert shelf.pictured() == again(shelf).pictured() == [*FACTORY, "yours"]


@pytest.mark.parametrize(
    ("place", "order"),
    [(1, "cab"), (2, "acb"), (3, "abc"), (-5, "cab"), (1.6, "acb")],
)
def test_a_scene_is_moved_to_a_place(shelf: Shelf, place: float, order: str) -> None:
    for name in "abc":
        shelf.store(name, LOOK)
    for name in reversed("abc"):
        shelf.move(name, 1)
    shelf.move("c", place)
    for found in (shelf, again(shelf)):
        assert found.names[:3] == list(order)
        assert found.numbered(1) == order[0]


def test_a_place_after_the_last_is_the_last(shelf: Shelf) -> None:
    shelf.move(FACTORY[0], 99)
    assert again(shelf).names == [*FACTORY[1:], FACTORY[0]]


@pytest.mark.parametrize("number", [0, len(FACTORY) + 1])
def test_a_number_without_a_scene_is_refused(shelf: Shelf, number: int) -> None:
    with pytest.raises(LookupError, match=f"no scene {number}; there are {len(FACTORY)}"):
        shelf.numbered(number)


BROKEN = {
    "no JSON": ("{", "mine.json: Expecting"),
    "a list": ("[]", "mine.json: expected a scene with values, received []"),
    "no values": ('{"mood": "m"}', "expected a scene with values"),
    "no end of brackets": ("[" * 100_000, "mine.json: "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_a_sentence_and_stays(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    text, said = BROKEN[case]
    shelf.store("good", LOOK)
    file(shelf, "mine").write_text(text)
    found = again(shelf)
    assert found.names == [*FACTORY, "good"]
    assert [said in sentence for sentence in found.refused] == [True]
    assert said in caplog.text
    found.store("mine", LOOK)
    backup = (shelf.folder / "backup" / "mine").iterdir()
    assert [path.read_text() for path in backup] == [text]


def test_what_another_version_has_written_is_skipped_with_one_line_and_stays_in_the_file(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    values: dict[str, Any] = {
        "/scope/folds": 99,
        "/scope/wobble": 1.0,
        "/dream/network": "next_year",
        "/master/fade": 0.0,
        "/colour/hue": float("nan"),
        "/dream/amount": 0.25,
    }
    shelf.folder.mkdir()
    file(shelf, "later").write_text(json.dumps({"values": values}))
    found = again(shelf)
    assert found["later"].values == {"/scope/folds": 24.0, "/dream/amount": 0.25}
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("later.json: 4 skipped: no parameter '/scope/wobble'")
    found.rename("later", "now")
    assert set(json.loads(file(found, "now").read_text())["values"]) == set(values)


@pytest.mark.parametrize("text", ["{", '{"a": 1}', '[1, [2], "mine", "gone", "mine"]'])
def test_a_broken_order_loses_no_scene(shelf: Shelf, text: str) -> None:
    shelf.store("mine", LOOK)
    file(shelf, "order").write_text(text)
    assert sorted(again(shelf).names) == sorted([*FACTORY, "mine"])


def test_who_is_killed_between_a_scene_and_the_order_finds_it_at_the_end(shelf: Shelf) -> None:
    shelf.store("first", LOOK)
    order = file(shelf, "order").read_text()
    shelf.store("a second", LOOK)
    file(shelf, "order").write_text(order)
    assert again(shelf).names == [*FACTORY, "first", "a second"]


def test_there_are_no_more_scenes_than_midi_has_programs(shelf: Shelf) -> None:
    shelf.folder.mkdir()
    for number in range(1, MOST_SCENES - len(FACTORY) + 1):
        file(shelf, f"scene {number}").write_text('{"values": {}}')
    shelf = again(shelf)
    with pytest.raises(ValueError, match="expected at most 128, there are as many: 'one more'"):
        shelf.store("one more", LOOK)
    assert len(shelf.names) == MOST_SCENES
    assert not file(shelf, "one more").exists()
    shelf.store("scene 1", LOOK)
    assert shelf["scene 1"].values == LOOK
    file(shelf, "by hand").write_text('{"values": {}}')
    found = again(shelf)
    assert len(found.names) == MOST_SCENES
    assert found.refused == ["scenes: expected at most 128, received 129"]


WRONG = ["", " ", "a/b", "a\\b", "..", ".a", "a.", "a:b", "x\ny", "order", "Order", "CON", "nul.x"]


@pytest.mark.parametrize("name", [*WRONG, "x" * (LONGEST_NAME + 1), "\udc80", "a\0"])
def test_what_is_no_name_of_a_file_everywhere_is_no_name_of_a_scene(
    shelf: Shelf, name: str
) -> None:
    with pytest.raises(ValueError, match="scene: expected a name"):
        shelf.store(name, LOOK)
    assert not shelf.folder.exists()


@pytest.mark.parametrize("name", ["räuber", "scene 1", "夢", "a.b", "com10", "🌹"])
def test_a_name_may_be_in_any_language(shelf: Shelf, name: str) -> None:
    shelf.store(name, LOOK)
    assert again(shelf).names[-1] == name


def test_names_that_look_the_same_are_the_same() -> None:
    assert named("ra\u0308uber") == named("räuber ") == "räuber"


def test_names_differ_by_more_than_the_case_of_their_letters(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match=f"expected '{ROSE}' or another name"):
        shelf.store(ROSE.upper(), LOOK)
    shelf.store("mine", LOOK)
    shelf.rename("mine", "Mine")
    assert again(shelf).names[-1] == "Mine"


def test_what_comes_with_the_show_is_not_changed(shelf: Shelf) -> None:
    for change in (lambda: shelf.delete(ROSE), lambda: shelf.rename(ROSE, "mine")):
        with pytest.raises(ValueError, match=f"expected one of your own, '{ROSE}' comes with"):
            change()


def test_a_name_that_is_taken_is_not_taken_again(shelf: Shelf) -> None:
    shelf.store("mine", LOOK)
    with pytest.raises(ValueError, match="expected a name that is free"):
        shelf.rename("mine", ROSE)


def test_an_unknown_scene_is_refused_with_the_nearest(shelf: Shelf) -> None:
    with pytest.raises(LookupError, match=f"no scene '{ROSE}x'; there are {ROSE}"):
        shelf[ROSE + "x"]


def test_a_disk_that_is_behind_changes_nothing(shelf: Shelf, disk: AtOnce) -> None:
    shelf.store("mine", LOOK)
    disk.full = True
    names = list(shelf.names)
    for change in (
        lambda: shelf.store("new", LOOK),
        lambda: shelf.rename("mine", "new"),
        lambda: shelf.delete("mine"),
        lambda: shelf.move("mine", 1),
    ):
        with pytest.raises(OSError, match="to wait for the disk"):
            change()
        assert shelf.names == names
        assert shelf["mine"].values == LOOK


def test_unused_names_count_on(shelf: Shelf) -> None:
    assert shelf.unused() == "scene 1"
    shelf.store("scene 1", LOOK)
    shelf.store("scene 3", LOOK)
    assert shelf.unused() == "scene 2"
