from pathlib import Path

import pytest
from PIL import Image

from engine.parameters import Trigger
from installation.scenes.scenery import FOLDER, OUTSIDE, factory, of_a_look, scene
from installation.settings import table

TABLE = table()
CORAL = """mood = "slow and green"
[values]
"/strip/8/gain" = 0.5
"/strip/8/channel" = "coral"
"/scope/folds" = 9
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return str(path)


def value(values: tuple[float, ...], address: str) -> float:
    return values[TABLE[address].index]


def test_there_are_sixteen_factory_scenes_or_more_each_of_its_own() -> None:
    looks = [tuple(sorted(scene(name, TABLE).values.items())) for name in factory()]
    assert len(set(looks)) == len(looks) >= 16


@pytest.mark.parametrize("name", factory())
def test_a_factory_scene_is_read_and_dreams(name: str) -> None:
    there = scene(name, TABLE)
    assert there.name == name
    assert there.mood
    values = there.over(TABLE.defaults, TABLE)
    assert any(value(values, f"/strip/{strip}/gain") for strip in range(1, 9))
    assert TABLE["/dream/network"].kind.decoded(value(values, "/dream/network")) == "bestiary"


def test_a_scene_is_a_whole_look_and_leaves_the_rest(tmp_path: Path) -> None:
    changed = tuple(
        parameter.kind.clamped(0.0 if isinstance(parameter.kind, Trigger) else parameter.kind.high)
        for parameter in TABLE
    )
    coral = scene(written(tmp_path, CORAL), TABLE)
    values = coral.over(changed, TABLE)
    assert value(values, "/strip/8/gain") == 0.5
    assert value(values, "/scope/folds") == 9
    for parameter, start, before in zip(TABLE, TABLE.defaults, changed, strict=True):
        if not of_a_look(parameter):
            assert value(values, parameter.address) == before
        elif parameter.address not in coral.values:
            assert value(values, parameter.address) == start


def test_a_channel_is_named(tmp_path: Path) -> None:
    coral = scene(written(tmp_path, CORAL), TABLE)
    assert coral.values["/strip/8/channel"] == TABLE["/strip/8/channel"].value("coral") > 0


@pytest.mark.parametrize("address", [*OUTSIDE, "/dream/reset", "/source/select", "/master/fade"])
def test_what_is_no_look_is_not_in_a_scene(address: str, tmp_path: Path) -> None:
    assert not of_a_look(TABLE[address])
    path = written(tmp_path, f'mood = "mine"\n[values]\n"{address}" = 1')
    with pytest.raises(ValueError, match=rf"mine.toml: {address}: expected what belongs to a look"):
        scene(path, TABLE)


REFUSED = {
    "no TOML": ("mood =", "mine.toml: "),
    "nothing": ("", "expected mood and values, received nothing"),
    "no mood": ('[values]\n"/scope/folds" = 3', "expected mood and values, received values"),
    "an address": ('mood = "m"\n[values]\n"/scope/fods" = 3', "no parameter '/scope/fods'"),
    "a range": ('mood = "m"\n[values]\n"/scope/folds" = 99', "/scope/folds: expected 1 to 24"),
    "a name": ('mood = "m"\n[values]\n"/strip/8/channel" = "eyse"', "there are eyes"),
    "no words": ("mood = 3\n[values]", "mood: expected words, received 3"),
    "no table": ('mood = "m"\nvalues = 3', "values: expected a table, received 3"),
    "a list": ('mood = "m"\n[values]\n"/scope/folds" = [3]', "/scope/folds: expected 1 to 24"),
    "a trigger": (
        'mood = "m"\n[values]\n"/dream/reset" = 1',
        "/dream/reset: expected what belongs",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_says_wrongly_is_refused_with_its_name(case: str, tmp_path: Path) -> None:
    text, said = REFUSED[case]
    with pytest.raises(ValueError, match=r"mine\.toml") as refusal:
        scene(written(tmp_path, text), TABLE)
    assert said in str(refusal.value)


def test_an_unknown_scene_is_refused_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=f"no scene 'gone'; there are {factory()[0]}"):
        scene("gone", TABLE)


@pytest.mark.parametrize("name", factory())
def test_a_factory_scene_is_shown_in_docs(name: str) -> None:
    docs = Path(__file__).parent.parent / "docs"
    assert (docs / "scenes" / f"{name}.jpg").is_file()
    said = f"![{name}](scenes/{name}.jpg)<br>`{name}` {scene(name, TABLE).mood}"
    assert said in (docs / "scenes.md").read_text("utf-8")


@pytest.mark.parametrize("name", factory())
def test_a_factory_scene_has_a_small_picture_for_the_page(name: str) -> None:
    path = FOLDER / f"{name}.jpg"
    assert path.stat().st_size < 15_000
    with Image.open(path) as picture:
        assert picture.size == (320, 180)


def test_docs_show_no_scene_that_is_not_there() -> None:
    pictures = (Path(__file__).parent.parent / "docs" / "scenes").iterdir()
    assert {path.stem for path in pictures} == set(factory())
