import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles import until
from standins import AtOnce, Clock, Hand, Late, Photographer, backstage

from engine.bank import Bank
from engine.parameters import Trigger
from installation.backstage import Backstage
from installation.scenes.recalling import Recall
from installation.scenes.scenery import factory, of_a_look
from installation.scenes.shelf import Shelf
from installation.settings import Scope, table
from installation.takes import taping
from installation.takes.reel import MOST_AHEAD, Reel
from installation.takes.takes import Takes
from mappings.osc.requests import Office, Request

TABLE = table()
FIRST = factory()[0]
FOLDS, AMOUNT, FADE, RESET = "/scope/folds", "/dream/amount", "/master/fade", "/dream/reset"
ANGLE, SPIN, NETWORK = "/scope/angle", "/scope/spin", "/dream/network"
RECORD, PLAY, PANIC, SECONDS = "/take/record", "/take/play", "/master/panic", "/scene/morph_seconds"
TICK = 1 / 60

Look = tuple[dict[str, float], float, float]  # values, angle as it is seen, resets of the dream


class Show:
    """A desk, its scenes and its takes."""

    def __init__(self, bank: Bank, disk: AtOnce, backstage: Backstage, clock: Clock) -> None:
        self.home, self.desk = backstage.home, backstage.desk
        self.backstage, self.bank, self.disk, self.clock = backstage, bank, disk, clock
        self.shelf = Shelf(self.home, TABLE, disk)
        self.hand = Hand(self.desk)
        self.begin()
        self.looks: list[Look] = []  # after each tick

    def begin(self, first: Path | None = None) -> None:
        """As the next control player does."""
        self.office = Office()
        backstage = replace(self.backstage, office=self.office)
        self.recall = Recall(backstage, self.shelf, self.clock, Photographer(), clock=self.clock)
        self.takes = Takes(backstage, self.recall, lambda: "camera", first)

    def ask(self, address: str, *arguments: str | float) -> None:
        self.office.ask(Request(address, arguments))

    def tick(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.clock.now += TICK
            self.recall.tick(self.clock.now)
            self.takes.tick(self.clock.now)
            self.looks.append(self.look())

    def look(self) -> Look:
        moment = self.bank.read()
        return dict(self.desk.values), moment.of(Scope).angle, moment[RESET]

    def play(self) -> None:
        """Until the take has begun."""
        self.hand(PLAY, 1)

        def begins() -> bool:
            self.recall.tick(self.clock.now)
            self.takes.tick(self.clock.now)
            return self.takes._playback._began is not None or not self[PLAY]

        until(begins)

    def lines(self) -> list[Any]:
        (path,) = (self.home / "takes").iterdir()
        return [json.loads(line) for line in path.read_text().splitlines()]

    def said(self) -> list[str]:
        return list(self.backstage.pulse._errors)

    def __getitem__(self, address: str) -> float:
        return self.desk.values[address]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    clock = Clock()
    with backstage(tmp_path, TABLE, clock) as (bank, disk, behind):
        made = Show(bank, disk, behind, clock)
        yield made
        made.takes.close()


def recorded(show: Show) -> None:
    """A short take, with a bit of everything."""
    show.hand(SECONDS, 0.5)
    show.hand(RECORD, 1)
    show.tick()
    show.hand(FOLDS, 9)
    show.hand(NETWORK, "vgg16")
    show.tick(20)
    show.hand(RESET)
    show.hand(AMOUNT, 0.5)
    show.tick(10)
    show.ask("/scene/recall", FIRST)
    show.tick(10)
    show.hand(AMOUNT, 0.25)
    show.tick(40)
    show.hand(FADE, 0.75)
    show.tick()
    show.hand(RECORD, 0)
    show.tick()


def test_a_take_says_what_there_was_what_moved_and_when(show: Show) -> None:
    show.hand(SPIN, 10.0)
    show.clock.now += 3.0
    recorded(show)
    opening, *lines = show.lines()
    assert opening["source"] == "camera"
    assert opening["values"][FOLDS] == 6
    assert opening["values"][NETWORK] == "bestiary"
    assert opening["turned"][ANGLE] == pytest.approx(30 + 10 * TICK)
    assert set(opening["values"]) == {
        each.address for each in TABLE if not isinstance(each.kind, Trigger)
    }
    times = [line[0] for line in lines]
    assert times == sorted(times)
    assert [line[1:] for line in lines[:4]] == [
        [FOLDS, 9],
        [NETWORK, "vgg16"],
        [RESET, 1.0],
        [AMOUNT, 0.5],
    ]
    assert lines[0][0] == pytest.approx(TICK, abs=1e-3)
    assert lines[2][0] == pytest.approx(21 * TICK, abs=1e-3)
    (morph,) = (line for line in lines if line[1] == "/scene/morph")
    assert morph[2:4] == [FIRST, 0.5]
    assert morph[4][FOLDS] == show.shelf[FIRST].look(TABLE)[FOLDS]
    assert [line[1:] for line in lines[-3:]] == [
        ["/scene/recall", FIRST],
        [AMOUNT, 0.25],
        [FADE, 0.75],
    ], "nothing of what the morph moved in between"


def test_a_take_is_played_as_it_was_to_the_tick(show: Show) -> None:
    show.hand(SPIN, 10.0)
    show.clock.now += 3.0
    recorded(show)
    assert show.shelf.store(FIRST, {}) == FIRST, "the scene is another by now"
    show.hand(PANIC)
    show.hand(FADE, 0.1)
    were, show.looks = show.looks, []
    show.play()
    show.looks = [show.look()]
    while show[PLAY]:
        show.tick()
    own = {RECORD, PLAY, SECONDS, "/scene/recall"}
    before = were[0][2], show.looks[0][2]
    for at, (was, now) in enumerate(zip(were, show.looks, strict=False)):
        if not 31 <= at <= 62:  # a morph that began between two ticks is played from the second on
            assert {each: now[0][each] for each in now[0].keys() - own} == pytest.approx(
                {each: was[0][each] for each in was[0].keys() - own}
            )
        assert now[1] == pytest.approx(was[1], abs=0.2)
        assert now[2] - before[1] == was[2] - before[0]
    assert len(show.looks) >= 80
    assert show.takes.figures()["playing"] == ""


def test_a_playback_can_be_recorded(show: Show) -> None:
    recorded(show)
    (first,) = (show.home / "takes").iterdir()
    first.rename(first.with_stem("first"))
    show.ask("/take/choose", "first")
    show.hand(RECORD, 1)
    show.play()
    while show[PLAY]:
        show.tick()
    show.hand(RECORD, 0)
    show.tick()
    (second,) = (path for path in first.parent.iterdir() if path.stem != "first")
    moved = [
        [
            json.loads(line)[1:3]
            for line in path.read_text().splitlines()[1:]
            if "/scene/recall" not in line
        ]
        for path in (first.with_stem("first"), second)
    ]
    assert moved[1][-len(moved[0]) :] == moved[0]


def test_whoever_turns_last_wins(show: Show) -> None:
    recorded(show)
    show.play()
    show.tick(5)
    show.hand(AMOUNT, 0.9)
    show.tick(5)
    assert show[AMOUNT] == 0.9
    while show[PLAY]:
        show.tick()
    assert show[AMOUNT] == 0.25


def test_what_was_done_to_files_is_kept_but_not_done_again(show: Show) -> None:
    show.hand(RECORD, 1)
    show.tick()
    show.ask("/scene/store", "mine")
    show.hand("/cue/go")
    show.hand("/scene/store")
    show.tick()
    show.hand(RECORD, 0)
    show.tick()
    lines = [line[1:] for line in show.lines()[1:]]
    assert ["/scene/store", "mine"] in lines
    assert {"/cue/go", "/scene/store"} <= {line[0] for line in lines}
    for name in ("mine", "scene 1"):
        show.shelf.delete(name)
    moment = show.bank.read()
    show.play()
    show.tick(5)
    assert not any(map(show.shelf.own, show.shelf.names))
    assert show.bank.read()["/cue/go"] == moment["/cue/go"]


def test_a_panic_belongs_to_the_take_and_does_not_end_it(show: Show) -> None:
    show.hand(RECORD, 1)
    show.tick()
    show.hand(FOLDS, 9)
    show.tick()
    show.hand(PANIC)
    assert show[RECORD] == 1.0
    show.tick()
    show.hand(FOLDS, 11)
    show.tick()
    show.hand(RECORD, 0)
    show.tick()
    show.play()
    panics = show.bank.read()[PANIC]
    while show[PLAY]:
        show.tick()
    assert (show[FOLDS], show.bank.read()[PANIC] - panics) == (11.0, 1.0)


def test_a_hand_that_panics_ends_the_playing(show: Show) -> None:
    recorded(show)
    show.play()
    show.tick(5)
    show.hand(PANIC)
    show.tick(100)
    assert (show.takes.figures()["playing"], show[FOLDS]) == ("", 6.0)


def test_a_morph_that_is_going_on_when_a_take_begins_is_in_it(show: Show) -> None:
    show.hand(SECONDS, 1.0)
    show.hand(AMOUNT, 0.0)
    show.ask("/scene/recall", FIRST)
    show.tick(30)
    show.hand(RECORD, 1)
    show.tick(40)
    show.hand(RECORD, 0)
    show.tick()
    (line,) = show.lines()[1:]
    assert (line[1], line[3]) == ("/scene/morph", pytest.approx(29 * TICK, abs=1e-3))
    assert line[4][AMOUNT] == 1.0


def test_the_last_take_is_played_or_the_one_chosen(
    show: Show, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(show)
    (path,) = (show.home / "takes").iterdir()
    path.with_stem("a first").write_bytes(path.read_bytes())
    for name in ("a first", path.stem):
        show.ask("/take/choose", name)
        show.play()
        assert show.takes.figures()["playing"] == show.takes.figures()["chosen"] == name
        show.hand(PLAY, 0)
        show.tick()
    show.ask("/take/choose", "gone")
    assert show.takes.figures()["chosen"] == path.stem
    assert re.search(f"no take 'gone'; there are .*{path.stem}", caplog.text)


def test_a_take_that_is_looked_for_is_played_once_it_is_found(show: Show) -> None:
    recorded(show)
    (path,) = (show.home / "takes").iterdir()
    disk = Late()
    show.backstage = replace(show.backstage, do=disk)
    show.begin()
    path.with_stem("of a friend").write_bytes(path.read_bytes())
    show.ask("/take/choose", "of a friend")
    show.hand(PLAY, 1)
    show.tick(3)
    assert show.takes.figures()["playing"] == ""
    disk.comes()
    show.tick()
    assert show.takes.figures()["playing"] == "of a friend"
    show.hand(PLAY, 0)
    show.tick()
    show.ask("/take/choose", "gone")
    show.hand(PLAY, 1)
    disk.comes()
    show.tick()
    assert show[PLAY] == 0.0
    with pytest.raises(LookupError, match=r"no take '\.\./x'"):
        show.ask("/take/choose", "../x")


def test_two_takes_of_one_second_are_two(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taping, "NAME", "now")
    for folds in (3, 4, 5):
        show.hand(RECORD, 1)
        show.tick()
        show.hand(FOLDS, folds)
        show.tick()
        show.hand(RECORD, 0)
        show.tick()
    takes = {path.stem: path.read_text() for path in (show.home / "takes").iterdir()}
    assert sorted(takes) == ["now", "now 2", "now 3"]
    assert '"/scope/folds", 5' in takes["now 3"]
    show.play()
    assert show.takes.figures()["playing"] == "now 3"


def test_what_is_locked_no_take_moves(show: Show) -> None:
    show.hand(SPIN, 30.0)
    show.clock.now += 2.0
    recorded(show)
    show.desk.put({AMOUNT: 0.125, SPIN: 0.0, ANGLE: 0.0})
    show.ask("/lock", "/{scope,dream}/*", 1.0)
    show.play()
    while show[PLAY]:
        show.tick()
    assert (show[AMOUNT], show.look()[1], show[FADE]) == (0.125, 0.0, 0.75)


def test_without_a_take_there_is_nothing_to_play(show: Show) -> None:
    show.hand(PLAY, 1)
    show.tick()
    assert (show[PLAY], show.said()) == (
        0.0,
        ["there is no take to play; /take/record makes one"],
    )


def test_a_take_of_another_version_or_a_hand_plays_what_is_known(show: Show) -> None:
    folder = show.home / "takes"
    folder.mkdir()
    lines = [
        {
            "turned": {},
            "values": {"/scope/wobble": 3, NETWORK: "next_year", AMOUNT: 0.5, "/dream/size": 1024},
        },
        [0.0, "/scope/wobble", 3],
        [0.0, FOLDS, "many"],
        [0.0, FOLDS, [3]],
        [0.0, "/scene/morph", "x", "soon", {}],
        [0.0, "/scene/morph", "x", 0, {RESET: 1, FADE: 0.5, "/colour/hue": None}],
        [0.0, "/scene/delete", FIRST],
        [0.0, FOLDS, 5],
    ]
    text = "\n".join(map(json.dumps, lines)) + '\n[0.1, "/scope/fo'
    (folder / "old.jsonl").write_text(text)
    show.ask("/take/choose", "old")
    show.play()
    show.tick(2)
    assert (show[FOLDS], show[AMOUNT], show[FADE], show["/dream/size"]) == (5.0, 0.5, 0.5, 256.0)
    until(lambda: show.tick() or not show[PLAY])
    assert show.said() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a take, received nothing"),
        ("{}\n", "line 1: expected what a take begins with"),
        ('{"values": {}, "turned": {}}\n[1]\n', "line 2: expected seconds, an address and values"),
        ('{"values": {}, "turned": {}}\n["nan", "/a", 1]\n', "line 2: received 'nan'"),
        ("[" * 2_000_000, "line 1: "),
    ],
)
def test_what_is_no_take_is_said(show: Show, text: str, said: str) -> None:
    folder = show.home / "takes"
    folder.mkdir()
    (folder / "bad.jsonl").write_text(text)
    show.ask("/take/choose", "bad")
    show.hand(PLAY, 1)
    until(lambda: show.tick() or not show[PLAY])
    (sentence,) = show.said()
    assert said in sentence


def no_space() -> None:
    raise OSError(28, "No space left on device")


class Full(AtOnce):
    """A disk that is full after the first deed."""

    def __init__(self) -> None:
        super().__init__()
        self.done = 0

    def __call__(
        self, deed: Callable[[], object], then: Callable[[], object] | None = None, /
    ) -> "Future[object]":
        self.done += 1
        return super().__call__(deed if self.done == 1 else no_space, then)


def test_a_disk_that_is_full_ends_the_take(show: Show) -> None:
    disk = Full()
    show.backstage = replace(show.backstage, do=disk)
    show.begin()
    show.hand(RECORD, 1)
    show.tick()
    for number in range(1, 60):
        show.hand(FOLDS, number % 20 + 1)
        show.tick()
    assert (show[RECORD], show.takes.figures()["recording"]) == (0.0, "")
    assert disk.done < 4


def test_a_disk_that_is_behind_ends_the_take_and_says_so(show: Show) -> None:
    show.hand(RECORD, 1)
    show.tick()
    show.hand(FOLDS, 3)
    show.disk.full = True
    show.tick(40)
    assert show[RECORD] == 0.0
    assert show.said() == ["take: files: expected at most 256 to wait for the disk"]


def test_a_show_can_begin_with_a_take(show: Show) -> None:
    recorded(show)
    (path,) = (show.home / "takes").iterdir()
    elsewhere = show.home / "elsewhere.jsonl"
    path.rename(elsewhere)
    show.begin(first=elsewhere)
    show.play()
    assert show.takes.figures()["playing"] == "elsewhere"


def test_a_control_player_that_comes_back_records_on_and_plays_nothing(show: Show) -> None:
    recorded(show)
    show.desk.put({RECORD: 1.0, PLAY: 1.0})
    show.backstage.pulse.before = {"takes": {"playing": "x"}}
    show.begin(first=show.home / "x.jsonl")
    assert (show[PLAY], show[RECORD]) == (0.0, 1.0)


def test_every_parameter_of_a_look_comes_back_from_a_take(show: Show) -> None:
    look = {each.address: each.kind.at(0.7) for each in TABLE if of_a_look(each)}
    show.hand(RECORD, 1)
    show.tick()
    for address, value in look.items():
        show.hand(address, value)
    show.tick()
    show.hand(RECORD, 0)
    show.tick()
    show.hand(PANIC)
    show.play()
    while show[PLAY]:
        show.tick()
    assert {address: show[address] for address in look} == look


def test_a_long_take_is_read_no_further_than_needed_and_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    line = json.dumps([1000.0, FOLDS, 5])
    path.write_text('{"values": {}, "turned": {}}\n' + (line + "\n") * 3 * MOST_AHEAD)
    reel = Reel(path)
    until(lambda: reel.due(0.0) == [] and reel._ahead.full())
    assert (reel.over, reel._thread.is_alive()) == (False, True)
    reel.close()
    until(lambda: not reel._thread.is_alive())
