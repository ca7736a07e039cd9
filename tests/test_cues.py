import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from standins import AtOnce, Clock, Hand, backstage

from installation.backstage import Backstage
from installation.scenes.cues import SHORTEST, Cue, Cues
from installation.scenes.scenery import factory
from installation.scenes.shelf import Shelf
from installation.settings import MOST_CUES, table
from mappings.osc.requests import Office, Request

TABLE = table()
A, B, C, D = factory()[:4]
AT, GO, BACK, ADVANCE, LOOP = "/cue/at", "/cue/go", "/cue/back", "/cue/advance", "/cue/loop"
PANIC = "/master/panic"


class Scenes:
    """Remembers what was recalled; a scene that is gone is refused."""

    def __init__(self, shelf: Shelf) -> None:
        self.recalled: list[str] = []
        self.refused: list[str] = []
        self._shelf = shelf

    def recall(self, name: str) -> None:
        self._shelf[name]
        self.recalled.append(name)

    def do(self, deed: Callable[[], object]) -> None:
        try:
            deed()
        except LookupError as error:
            self.refused.append(str(error))


class Show:
    def __init__(self, backstage: Backstage, disk: AtOnce, clock: Clock) -> None:
        self.home, self.desk = backstage.home, backstage.desk
        self.backstage, self.disk, self.clock = backstage, disk, clock
        self.shelf = Shelf(self.home, TABLE, self.disk)
        self.recall = Scenes(self.shelf)
        self.hand = Hand(self.desk)
        self.cues = self.again()

    def again(self) -> Cues:
        """As the next control player finds them."""
        self.office = Office()
        self.backstage.pulse.before = {"seconds": 1.0}
        backstage = replace(self.backstage, office=self.office)
        return Cues(backstage, self.shelf, self.recall, self.clock)

    def ask(self, address: str, *arguments: str | float) -> None:
        self.office.ask(Request(address, arguments))

    def scenes(self) -> list[str]:
        return [each["scene"] for each in self.cues.figures()["list"]]

    def pass_by(self, seconds: float, ticks: int = 10) -> None:
        for _ in range(ticks):
            self.clock.now += seconds / ticks
            self.cues.tick(self.clock.now)


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    clock = Clock()
    with backstage(tmp_path, TABLE, clock) as (_, disk, behind):
        made = Show(behind, disk, clock)
        made.cues.tick(clock.now)
        yield made


@pytest.fixture
def three(show: Show) -> Show:
    for scene in (A, B, C):
        show.ask("/cue/add", scene)
    return show


def test_cues_are_added_and_there_in_the_next_show(three: Show) -> None:
    three.ask("/cue/seconds", 2.0, 12.5)
    three.ask("/cue/beats", 3.0, 16.0)
    cues = [Cue(A, 30.0), Cue(B, 12.5), Cue(C, 16.0, "beats")]
    assert three.cues.cues == cues
    three.cues = three.again()
    assert three.cues.cues == cues
    three.ask("/cue/add", D)
    assert three.cues.cues[-1] == Cue(D, 16.0, "beats"), "held as the one before"
    assert len(list((three.home / "backup" / "cues").iterdir())) == 5


def test_go_and_back_go_through_the_list_and_stop_at_its_ends(three: Show) -> None:
    for _ in range(3):
        three.hand(GO)
    with pytest.raises(LookupError, match="no cue 4; there are 3"):
        three.hand(GO)
    assert (three.recall.recalled, three.cues.at) == ([A, B, C], 3)
    for _ in range(2):
        three.hand(BACK)
    with pytest.raises(LookupError, match="no cue 0; there are 3"):
        three.hand(BACK)
    assert (three.recall.recalled, three.cues.at) == ([A, B, C, B, A], 1)


def test_a_list_that_loops_has_no_ends(three: Show) -> None:
    three.hand(LOOP, 1)
    for knob in (GO, GO, GO, GO, BACK):
        three.hand(knob)
    assert three.recall.recalled == [A, B, C, A, C]


def test_a_cue_is_gone_to_by_its_number(three: Show) -> None:
    three.hand(AT, 3)
    assert (three.recall.recalled, three.cues.at) == ([C], 3)
    with pytest.raises(LookupError, match="no cue 4; there are 3"):
        three.hand(AT, 4)
    assert (three.cues.at, three.desk.values[AT]) == (3, 3.0), "where it was"
    three.hand(AT, 0)
    assert (three.cues.at, three.desk.values[AT]) == (3, 3.0), "a button that is let go"


def test_an_empty_list_says_how_to_fill_it(show: Show) -> None:
    with pytest.raises(LookupError, match="there are no cues; /cue/add SCENE makes one"):
        show.hand(GO)


@pytest.mark.parametrize(
    ("number", "scenes", "at"), [(1.0, [B, C], 1), (2.0, [A, C], 1), (3.0, [A, B], 2)]
)
def test_a_cue_is_removed_and_the_next_stays_the_next(
    three: Show, number: float, scenes: list[str], at: int
) -> None:
    three.hand(AT, 2)
    three.ask("/cue/remove", number)
    assert (three.scenes(), three.cues.at) == (scenes, at)


@pytest.mark.parametrize(
    ("number", "place", "scenes", "at"),
    [(1, 3, [B, C, A], 1), (3, 1, [C, A, B], 3), (2, 1, [B, A, C], 1), (2, 9, [A, C, B], 3)],
)
def test_a_cue_is_moved_and_the_one_that_is_played_stays_so(
    three: Show, number: float, place: float, scenes: list[str], at: int
) -> None:
    three.hand(AT, 2)
    three.ask("/cue/move", number, place)
    assert (three.scenes(), three.cues.at) == (scenes, at)


def test_cues_advance_by_themselves_in_seconds_and_beats(three: Show) -> None:
    three.ask("/cue/seconds", 1.0, 10.0)
    three.ask("/cue/beats", 2.0, 8.0)  # two a second
    three.hand(ADVANCE, 1)
    three.pass_by(0.1)
    assert three.recall.recalled == [A], "what has not begun begins"
    three.pass_by(9.8)
    assert three.cues.figures()["left"] == pytest.approx(0.2, abs=0.1)
    three.pass_by(0.3)
    assert three.recall.recalled == [A, B]
    three.pass_by(3.8)
    assert three.recall.recalled == [A, B]
    three.pass_by(0.3)
    assert three.recall.recalled == [A, B, C]
    three.pass_by(500.0)
    assert three.recall.recalled == [A, B, C], "the last stays"
    three.hand(LOOP, 1)
    three.pass_by(0.1, ticks=1)
    assert three.recall.recalled == [A, B, C, A]


def test_time_counts_only_while_cues_advance(three: Show) -> None:
    three.hand(GO)
    three.pass_by(500.0)
    three.hand(ADVANCE, 1)
    three.pass_by(1.0)
    assert (three.recall.recalled, three.cues.figures()["left"]) == ([A], 29.0)


def test_a_cue_that_is_held_for_nothing_waits_for_a_go(three: Show) -> None:
    three.ask("/cue/seconds", 1.0, 0.0)
    three.hand(ADVANCE, 1)
    three.pass_by(500.0)
    assert three.recall.recalled == [A]


def test_a_go_begins_the_time_anew(three: Show) -> None:
    three.hand(ADVANCE, 1)
    three.pass_by(25.0)
    three.hand(GO)
    three.pass_by(25.0)
    assert three.recall.recalled == [A, B]


def test_cues_follow_a_scene_to_its_new_name_and_outlive_it(three: Show) -> None:
    three.shelf.store("mine", {})
    three.ask("/cue/add", "mine")
    three.shelf.rename("mine", "yours")
    assert three.scenes()[-1] == three.again().cues[-1].scene == "yours"
    three.shelf.delete("yours")
    three.hand(ADVANCE, 1)
    three.hand(LOOP, 1)
    three.pass_by(130.0, ticks=1300)
    assert three.recall.recalled == [A, B, C, A]
    assert "no scene 'yours'" in three.recall.refused[0]


def test_an_unknown_scene_is_no_cue(show: Show) -> None:
    with pytest.raises(LookupError, match="no scene 'gone'"):
        show.ask("/cue/add", "gone")


def test_panic_goes_back_before_the_first(three: Show) -> None:
    three.hand(GO)
    three.hand(PANIC)
    assert three.cues.figures()["at"] == 0


def test_a_control_player_that_comes_back_goes_on_where_it_was(three: Show) -> None:
    three.hand(GO)
    three.hand(GO)
    assert three.again().figures()["at"] == 2
    three.desk.put({AT: 9.0})
    assert three.again().figures()["at"] == 3


def test_a_show_that_begins_is_before_the_first_cue_whatever_was_set(three: Show) -> None:
    three.desk.put({AT: 2.0})
    three.backstage.pulse.before = {}
    cues = Cues(replace(three.backstage, office=Office()), three.shelf, three.recall, three.clock)
    assert (cues.at, three.desk.values[AT]) == (0, 0.0)


def test_no_cue_is_too_short_to_be_seen(three: Show) -> None:
    three.ask("/cue/seconds", 1.0, 0.001)
    three.ask("/cue/beats", 2.0, -1.0)
    assert [cue.hold for cue in three.again().cues] == [SHORTEST, 0.0, 30.0]


def test_there_are_at_most_so_many(show: Show) -> None:
    show.cues.cues = [Cue(A)] * MOST_CUES
    with pytest.raises(ValueError, match="expected at most 128 cues"):
        show.ask("/cue/add", A)


@pytest.mark.parametrize(
    ("change", "arguments"),
    [("add", (A,)), ("remove", (1.0,)), ("move", (1.0, 2.0)), ("seconds", (1.0, 3.0))],
)
def test_a_disk_that_is_behind_changes_nothing(
    three: Show, change: str, arguments: tuple[str | float, ...]
) -> None:
    three.disk.full = True
    before = three.cues.figures()
    with pytest.raises(OSError, match="to wait for the disk"):
        three.ask(f"/cue/{change}", *arguments)
    assert three.cues.figures() == before


def test_what_is_broken_in_the_file_is_left_out_and_said(
    show: Show, caplog: pytest.LogCaptureFixture
) -> None:
    good = {"scene": A, "hold": 3, "unit": "beats"}
    bad = [
        3,
        {"scene": A},
        {**good, "hold": "nan"},
        {**good, "unit": "miles"},
        {**good, "scene": ""},
    ]
    (show.home / "cues.json").write_text(json.dumps([*bad, good]))
    assert show.again().cues == [Cue(A, 3.0, "beats")]
    assert len(caplog.records) == len(bad)
    assert "cues.json: cue 2: expected scene, hold and unit" in caplog.text
