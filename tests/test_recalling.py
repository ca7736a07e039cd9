import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from standins import AtOnce, Clock, Hand, Photographer, backstage

from engine.bank import Bank
from installation.backstage import Backstage
from installation.scenes.locks import Locks
from installation.scenes.recalling import Recall
from installation.scenes.scenery import factory, of_a_look
from installation.scenes.shelf import Shelf
from installation.settings import Scope, table
from mappings.osc.requests import Office, Request

TABLE = table()
FACTORY = list(factory())
LOOK = [each for each in TABLE if of_a_look(each)]
FIRST, SECOND = FACTORY[:2]
FOLDS, AMOUNT, HUE, FADE = "/scope/folds", "/dream/amount", "/colour/hue", "/master/fade"
ANGLE, SPIN, ZOOM = "/scope/angle", "/scope/spin", "/scope/zoom"
RECALL, SECONDS, QUANTISE = "/scene/recall", "/scene/morph_seconds", "/scene/quantise"
STORE, PANIC = "/scene/store", "/master/panic"


class Show:
    """Scenes in the hands of a test."""

    def __init__(self, bank: Bank, backstage: Backstage, clock: Clock) -> None:
        self.home, self.desk = backstage.home, backstage.desk
        self.bank, self.backstage, self.clock = bank, backstage, clock
        self.photographer = Photographer()
        self.shelf = Shelf(self.home, TABLE, AtOnce())
        self.recall = self.again()
        self.hand = Hand(self.desk)
        self.hand(SECONDS, 0.0)

    def again(self, first: str = "", before: bool = True) -> Recall:
        """As the next control player finds them, or one that is the first."""
        self.office = Office()
        self.backstage.pulse.before = {"seconds": 1.0} if before else {}
        backstage = replace(self.backstage, office=self.office)
        clock, photographer = self.clock, self.photographer
        return Recall(backstage, self.shelf, clock, photographer, first, clock)

    def ask(self, address: str, *arguments: str | float) -> None:
        self.office.ask(Request(address, arguments))

    def pass_by(self, seconds: float) -> None:
        self.clock.now += seconds
        self.recall.tick(self.clock.now)

    def __getitem__(self, address: str) -> float:
        return self.desk.values[address]

    def angle(self) -> float:
        """As it is seen."""
        return self.bank.read().of(Scope).angle


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    clock = Clock()
    with backstage(tmp_path, TABLE, clock) as (bank, _, behind):
        yield Show(bank, behind, clock)


def test_every_parameter_of_a_look_comes_back_and_no_other(show: Show) -> None:
    others = {FADE: 0.25, "/source/select": 3.0, "/dream/size": 128.0, SECONDS: 0.0}
    look = {each.address: each.kind.at(0.7) for each in LOOK}
    show.desk.put(look)
    show.ask(STORE, "mine")
    show.desk.put({each.address: each.kind.at(0.2) for each in LOOK} | others)
    show.ask(RECALL, "mine")
    assert {address: show[address] for address in look} == look
    assert {address: show[address] for address in others} == others
    moment = show.bank.read()
    assert {address: moment[address] for address in look} == look


def test_what_a_scene_does_not_name_is_as_at_the_start(show: Show) -> None:
    show.hand("/modulator/3/target", AMOUNT)
    show.hand("/modulator/3/depth", 1.0)
    show.ask(RECALL, FIRST)
    assert show["/modulator/3/target"] == show["/modulator/3/depth"] == 0.0


def test_a_morph_takes_its_seconds_and_says_how_far_it_is(show: Show) -> None:
    show.hand(AMOUNT, 0.0)
    show.hand(SECONDS, 4.0)
    show.ask(RECALL, FIRST)
    assert show.recall.figures()["current"] == FIRST
    for arrived in (0.25, 0.5, 0.75):
        show.pass_by(1.0)
        assert show.recall.figures()["arrived"] == arrived
        assert show[AMOUNT] == pytest.approx(arrived)
    show.pass_by(1.0)
    look = show.shelf[FIRST].look(TABLE)
    assert {address: show[address] for address in look} == look
    assert show.recall.figures()["arrived"] == 1.0


def test_what_has_arrived_is_left_alone(show: Show) -> None:
    show.hand(SECONDS, 1.0)
    show.ask(RECALL, FIRST)
    show.pass_by(1.0)
    show.hand(AMOUNT, 0.5)
    before = show.bank.sequence
    show.pass_by(1.0)
    assert show.bank.sequence == before


def test_a_hand_on_a_knob_wins(show: Show) -> None:
    show.hand(SECONDS, 2.0)
    show.hand(AMOUNT, 0.0)
    show.hand(ZOOM, 4.0)
    show.ask(RECALL, FIRST)
    show.pass_by(1.0)
    show.hand(AMOUNT, 0.125)
    show.pass_by(1.0)
    assert (show[AMOUNT], show[ZOOM]) == (0.125, show.shelf[FIRST].look(TABLE)[ZOOM])


def test_a_scene_recalled_on_the_way_starts_from_where_the_knobs_are(show: Show) -> None:
    show.hand(SECONDS, 2.0)
    show.hand(AMOUNT, 0.0)
    show.ask(RECALL, FIRST)
    show.pass_by(1.0)
    show.desk.put({SECONDS: 1.0})
    show.shelf.store("dry", {AMOUNT: 0.0})
    show.ask(RECALL, "dry")
    assert show[AMOUNT] == 0.5
    show.pass_by(0.5)
    assert show[AMOUNT] == pytest.approx(0.25)


def test_what_is_locked_stays_until_it_is_unlocked(show: Show) -> None:
    target = {each.address: each.kind.at(0.9) for each in LOOK}
    before = {each.address: each.kind.at(0.3) for each in LOOK}
    show.shelf.store("mine", target)
    some, locked = "/{dream,scope}/*", [each for each in target if each[:6] in ("/dream", "/scope")]
    show.ask("/lock", some, 1.0)
    show.desk.put(before)
    show.ask(RECALL, "mine")
    assert show.recall.figures()["locked"] == locked
    assert all(show[each] == (before if each in locked else target)[each] for each in target)
    show.ask("/lock", some, 0.0)
    show.ask(RECALL, "mine")
    assert {address: show[address] for address in target} == target


def test_what_is_locked_amid_a_morph_stays_where_it_is(show: Show) -> None:
    show.hand(AMOUNT, 0.0)
    show.hand(SECONDS, 4.0)
    show.ask(RECALL, FIRST)
    show.pass_by(1.0)
    amount = show[AMOUNT]
    show.ask("/lock", AMOUNT, 1.0)
    show.pass_by(3.0)
    target = show.shelf[FIRST].look(TABLE)
    assert 0 < amount < target[AMOUNT]
    assert {each: show[each] for each in target} == {**target, AMOUNT: amount}


def test_locks_are_kept_and_name_many_at_once(show: Show) -> None:
    show.ask("/lock", "/modulator/1/*", 1.0)
    show.ask("/lock", HUE, 1.0)
    show.ask("/lock", "/modulator/1/{rate,beats}", 0.0)
    kept = Locks(show.home, TABLE, AtOnce()).addresses
    assert kept == show.recall.locked
    assert {HUE, "/modulator/1/depth"} < set(kept)
    assert "/modulator/1/rate" not in kept


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (FADE, "/lock: expected what belongs to a look, received '/master/fade'"),
        ("/scope/fodls", "no parameter '/scope/fodls'; there are /scope/folds"),
        ("/scope/[", "expected a closing bracket"),
    ],
)
def test_what_no_scene_moves_cannot_be_locked(show: Show, address: str, said: str) -> None:
    with pytest.raises((LookupError, ValueError), match=said.replace("[", "\\[")):
        show.ask("/lock", address, 1.0)
    assert show.recall.locked == []


@pytest.mark.parametrize("text", ["{", '["/scope/folds", 3, "/gone"]', '{"a": 1}'])
def test_a_lock_file_written_by_others_does_no_harm(tmp_path: Path, text: str) -> None:
    (tmp_path / "locks.json").write_text(text)
    assert Locks(tmp_path, TABLE, AtOnce()).addresses in ([], [FOLDS])


def test_scenes_are_recalled_by_number_and_the_number_shows_where_we_are(show: Show) -> None:
    show.hand(RECALL, 2)
    assert (show.recall.current, show[RECALL]) == (SECOND, 2.0)
    show.ask(RECALL, FIRST)
    assert show[RECALL] == 1.0
    show.hand(RECALL, 1)
    assert show.recall.current == FIRST


def test_a_number_without_a_scene_is_said_and_nothing_moves(show: Show) -> None:
    show.ask(RECALL, FIRST)
    with pytest.raises(LookupError, match="no scene 100; there are"):
        show.hand(RECALL, 100)
    assert (show.recall.current, show[RECALL]) == (FIRST, 1.0)


def test_number_0_changes_nothing_as_many_buttons_say_it_when_let_go(show: Show) -> None:
    show.hand(AMOUNT, 0.0)
    show.hand(SECONDS, 2.0)
    show.ask(RECALL, FIRST)
    show.pass_by(1.0)
    show.hand(RECALL, 0)
    show.pass_by(1.0)
    assert (show.recall.current, show[RECALL]) == (FIRST, 1.0)
    assert show[AMOUNT] == show.shelf[FIRST].look(TABLE)[AMOUNT]


def test_a_control_player_that_comes_back_knows_the_scene(show: Show) -> None:
    show.ask(RECALL, FIRST)
    assert show.again(SECOND).current == FIRST
    show.desk.put({RECALL: 0.0})
    assert show.again(SECOND).current == "", "there was none"


def test_a_show_begins_with_its_first_scene_whatever_was_set(show: Show) -> None:
    show.desk.put({RECALL: 5.0})
    assert show.again(SECOND, before=False).current == SECOND
    assert show[RECALL] == 2.0
    show.hand(PANIC)
    assert show.again().current == SECOND


def test_panic_goes_back_to_the_first_scene_by_its_new_name(show: Show) -> None:
    show.ask(STORE, "mine")
    show.recall = show.again("mine")
    show.ask("/scene/rename", "mine", "yours")
    show.ask(RECALL, FIRST)
    show.hand(PANIC)
    assert show.recall.current == "yours"


@pytest.mark.parametrize(
    ("here", "knob", "there"),
    [
        ("", "next", FIRST),
        ("", "previous", FACTORY[-1]),
        (FIRST, "next", SECOND),
        (SECOND, "previous", FIRST),
        (FIRST, "previous", FACTORY[-1]),
        (FACTORY[-1], "next", FIRST),
    ],
)
def test_next_and_previous_go_round(show: Show, here: str, knob: str, there: str) -> None:
    if here:
        show.ask(RECALL, here)
    show.hand(f"/scene/{knob}")
    assert show.recall.current == there


def test_a_scene_stored_without_a_name_gets_one_and_a_picture(show: Show) -> None:
    show.hand(STORE)
    show.hand(STORE)
    assert show.shelf.names[-2:] == ["scene 1", "scene 2"]
    assert show.photographer.pictures == ["scene 1", "scene 2"]
    assert show.recall.current == "scene 2"
    assert show[RECALL] == len(show.shelf.names)


def test_the_names_follow_what_is_done_to_the_list(show: Show) -> None:
    show.ask(STORE, "mine")
    show.ask("/scene/rename", "mine", "yours")
    show.ask("/scene/move", "yours", 1.0)
    assert (show.recall.current, show[RECALL]) == ("yours", 1.0)
    show.ask("/scene/delete", "yours")
    assert show.recall.figures()["current"] == ""
    assert show.recall.figures()["names"] == FACTORY


# the beat


@pytest.mark.parametrize(("grid", "beats"), [("beat", 1), ("bar", 4)])
def test_a_recall_waits_for_the_beat_or_the_bar(show: Show, grid: str, beats: int) -> None:
    show.clock.now = 100.1  # two beats a second: beat 200.2
    show.hand(QUANTISE, grid)
    show.ask(RECALL, FIRST)
    assert show.recall.figures()["waiting"] == FIRST
    show.pass_by(beats / 2 - 0.11)
    assert (show.recall.current, show.recall.figures()["waiting"]) == ("", FIRST)
    show.pass_by(0.02)
    assert (show.recall.current, show.recall.figures()["waiting"]) == (FIRST, "")


def test_next_counts_on_from_what_waits_and_the_last_asked_for_wins(show: Show) -> None:
    show.hand(QUANTISE, "bar")
    show.ask(RECALL, FIRST)
    show.hand("/scene/next")
    show.hand("/scene/next")
    show.pass_by(2.0)
    assert show.recall.current == FACTORY[2]


def test_a_scene_that_is_deleted_while_it_waits_is_said(
    show: Show, caplog: pytest.LogCaptureFixture
) -> None:
    show.ask(STORE, "mine")
    show.hand(QUANTISE, "beat")
    show.ask(RECALL, "mine")
    show.shelf.delete("mine")
    show.pass_by(1.0)
    assert "no scene 'mine'" in caplog.text


def test_panic_ends_a_morph_and_what_waits(show: Show) -> None:
    show.hand(SECONDS, 2.0)
    show.ask(RECALL, FIRST)
    show.pass_by(1.0)
    show.hand(QUANTISE, "bar")
    show.ask(RECALL, SECOND)
    show.hand(PANIC)
    values = dict(show.desk.values)
    show.pass_by(10.0)
    assert show.desk.values == values
    assert show.recall.figures()["waiting"] == show.recall.current == ""


# what spins


def turns(show: Show, seconds: float = 1.0, ticks: int = 60) -> Iterator[float]:
    """How far the figure turns in each tick, in degrees."""
    before = show.angle()
    for _ in range(ticks):
        show.pass_by(seconds / ticks)
        after = show.angle()
        yield (after - before + 180) % 360 - 180
        before = after


SPINS: dict[str, tuple[dict[str, float], float]] = {
    "goes on": ({SPIN: 30.0}, 0.6),
    "goes on, elsewhere": ({SPIN: 30.0, ANGLE: 90.0}, 2.1),
    "becomes slower": ({SPIN: 5.0}, 0.6),
    "stands still": ({SPIN: 0.0}, 3.1),
    "stands still, elsewhere": ({SPIN: 0.0, ANGLE: 90.0}, 3.1),
}


@pytest.mark.parametrize("case", SPINS)
def test_a_figure_that_spins_never_jumps(show: Show, case: str) -> None:
    values, most = SPINS[case]
    show.shelf.store("mine", values)
    show.hand(SPIN, 30.0)
    show.clock.now += 20 / 3  # 200 degrees
    show.hand(SECONDS, 1.0)
    show.ask(RECALL, "mine")
    assert all(abs(turn) <= most for turn in turns(show))
    show.pass_by(0.01)
    assert show[ANGLE] == values.get(ANGLE, 0.0)
    assert show[SPIN] == values[SPIN]


def test_a_figure_that_comes_to_rest_slows_down(show: Show) -> None:
    show.shelf.store("mine", {SPIN: 0.0})
    show.hand(SPIN, 180.0)
    show.clock.now += 7.3
    show.hand(SECONDS, 2.0)
    show.ask(RECALL, "mine")
    paces = list(turns(show, seconds=2.0, ticks=120))
    assert paces[0] == pytest.approx(3.0, abs=1.0)
    assert all(abs(after - before) < 0.3 for before, after in pairwise(paces))
    assert show.angle() == pytest.approx(0.0, abs=1.5)
    show.pass_by(0.01)
    assert show.angle() == 0.0


def test_a_hand_that_spins_what_comes_to_rest_keeps_it_spinning(show: Show) -> None:
    show.hand(SPIN, 30.0)
    show.hand(SECONDS, 1.0)
    show.shelf.store("mine", {SPIN: 0.0})
    show.ask(RECALL, "mine")
    show.pass_by(0.5)
    show.hand(SPIN, 60.0)
    paces = list(turns(show))
    assert paces == pytest.approx([1.0] * 60)


def test_a_scene_that_stands_still_is_seen_as_it_was_stored(show: Show) -> None:
    show.hand(SPIN, 30.0)
    show.clock.now += 3.0
    show.hand(SPIN, 0.0)
    show.ask(STORE, "still")
    show.hand(SPIN, 10.0)
    show.clock.now += 5.0
    show.ask(RECALL, "still")
    show.clock.now += 5.0
    assert show.angle() == pytest.approx(90.0)


def test_a_spin_that_is_locked_goes_on(show: Show) -> None:
    show.hand(SPIN, 30.0)
    show.ask("/lock", SPIN, 1.0)
    show.shelf.store("mine", {SPIN: 0.0})
    show.clock.now += 2.0
    show.ask(RECALL, "mine")
    show.pass_by(1.0)
    assert show.angle() == pytest.approx(90.0)


def test_the_file_of_locks_is_for_people(show: Show) -> None:
    show.ask("/lock", FOLDS, 1.0)
    assert json.loads((show.home / "locks.json").read_text()) == [FOLDS]


Begun = list[tuple[str, float, int]]


def test_who_keeps_takes_hears_each_morph_begin(show: Show) -> None:
    begun: Begun = []
    show.recall.beginning(lambda name, seconds, values: begun.append((name, seconds, len(values))))
    show.hand(SECONDS, 2.0)
    show.ask("/lock", FOLDS, 1.0)
    show.ask(RECALL, FIRST)
    assert begun == [(FIRST, 2.0, len(LOOK) - 1)]


Heard = Callable[[str, float], None]


def test_what_a_morph_moves_is_told_to_every_surface(show: Show) -> None:
    told: set[str] = set()
    show.desk.hear(lambda address, value: told.add(address))
    show.hand(SECONDS, 1.0)
    show.hand(AMOUNT, 0.0)
    told.clear()
    show.ask(RECALL, FIRST)
    show.pass_by(0.5)
    assert {AMOUNT, RECALL} <= told
