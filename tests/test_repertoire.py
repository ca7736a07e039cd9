from pathlib import Path

import pytest
from standins import AtOnce

from installation.__main__ import main
from installation.arguments import CommandLine
from installation.plan import Plan
from installation.planning import options, planned
from installation.scenes.scenery import factory
from installation.scenes.shelf import Shelf
from installation.settings import table

TABLE = table()
FIRST = factory()[0]
FOLDS = "/scope/folds"

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path, TABLE, AtOnce())
    shelf.store("mine", {FOLDS: 7.0})
    shelf.store(FIRST, {FOLDS: 9.0})
    shelf.move("mine", 1)
    return tmp_path


def plan_of(home: Path, *words: str) -> Plan:
    return planned(options(CommandLine()).parse_args(["--home", str(home), *words]))


def test_scenes_are_listed_in_the_order_of_their_numbers(home: Path, capsys: Captured) -> None:
    assert main(["scenes", "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:20].strip() for line in lines] == ["mine", *factory()]
    assert lines[0][20:].startswith(" yours, of 20")
    assert ["yours" in line for line in lines[:3]] == [True, True, False]


@pytest.mark.parametrize(("name", "folds"), [("mine", 7.0), (FIRST, 9.0)])
def test_a_show_starts_with_ones_own_scene(home: Path, name: str, folds: float) -> None:
    plan = plan_of(home, "--scene", name, "--set", "/dream/amount=0.5")
    assert (plan.scene, plan.start[TABLE[FOLDS].index]) == (name, folds)
    assert plan.start[TABLE["/dream/amount"].index] == 0.5


def test_a_show_starts_with_a_scene_from_elsewhere(home: Path) -> None:
    plan = plan_of(home / "empty", "--scene", str(home / "scenes" / "mine.json"))
    assert plan.start[TABLE[FOLDS].index] == 7.0


def test_an_unknown_scene_is_refused_with_ones_own_among_the_nearest(home: Path) -> None:
    with pytest.raises(LookupError, match="no scene 'mien'; there are mine"):
        plan_of(home, "--scene", "mien")


def test_a_broken_scene_starts_nothing(home: Path) -> None:
    (home / "scenes" / "mine.json").write_text("{")
    with pytest.raises(ValueError, match=r"mine\.json: "):
        plan_of(home, "--scene", "mine")


def test_a_take_is_given_to_the_show_if_it_is_there(home: Path) -> None:
    take = home / "take.jsonl"
    with pytest.raises(OSError, match="--take: expected a file, received"):
        plan_of(home, "--take", str(take))
    take.touch()
    assert plan_of(home, "--take", str(take)).take == take
