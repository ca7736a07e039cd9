import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from doubles import Numbers, Shelf, steps_of, until

from engine.bank import Bank
from engine.dream import STRIPS
from engine.frame import Array, Frame, whole_view
from engine.networks import NETWORKS
from engine.steps import FALLBACK
from installation.dream import IDLE_SECONDS, DreamPlayer
from installation.kaleidoscope import canvas, crop
from installation.plan import LARGEST_DREAM, Plan, Wires, wired
from installation.player import Pulse, read_pulse
from installation.settings import Scope, table

TABLE = table()
ASPECT = 4 / 3
SMALL = {
    "/dream/size": 64.0,
    "/dream/octaves": 1.0,
    "/dream/jitter": 0.0,
    "/dream/fix_size": 1.0,
    "/dream/fix_steps": 1.0,
}
PATIENCE = 5.0  # seconds


class Heart(Pulse):
    """Counts its beats. ``meanwhile``: what happens then."""

    beats = 0
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def beat(self, figures: Callable[[], dict[str, object]]) -> None:
        self.beats += 1
        self.meanwhile()
        super().beat(figures)


class Playing:
    """A dream player that is led by hand, and its neighbours."""

    def __init__(self, wires: Wires, numbers: Numbers, shape: float = 1.0) -> None:
        self.wires, self.numbers = wires, numbers
        self.bank = Bank(TABLE, wires.bank)
        self.heart = Heart(wires.pulses["dream"])
        plan = Plan(TABLE.defaults, shape=shape)
        self.shelf = Shelf()
        steps = steps_of(numbers, shelf=self.shelf)
        self.player = DreamPlayer(plan, wires, steps, self.heart)

    def turns(self, address: str, value: float | str) -> None:
        self.bank.write({address: TABLE[address].value(value)})

    def captures(self, seen_at: float = 100.0) -> Array:
        pixels = np.random.default_rng(1).integers(60, 200, (48, 64, 3), np.uint8)
        self.wires.captured.publish(pixels, seen_at, whole_view(ASPECT), ASPECT)
        return pixels

    def next(self) -> float:
        return self.player._next(time.monotonic())

    def dreams(self) -> Frame:
        """One frame more, as soon as there is a network."""
        before = self.wires.dreamed.sequence

        def dreamed() -> bool:
            self.next()
            return self.wires.dreamed.sequence > before

        until(dreamed)
        newest = self.wires.dreamed.newest()
        assert newest is not None
        return newest

    def figure(self, name: str) -> object:
        return self.player._figures()[name]


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults)
    Bank(TABLE, made.bank).write(SMALL)
    yield made
    made.unlink()


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture
def playing(wires: Wires, numbers: Numbers) -> Playing:
    return Playing(wires, numbers)


def apart(one: Frame, other: Frame) -> float:
    return float(np.abs(one.pixels.astype(np.int16) - other.pixels).mean())


def close_every_strip(playing: Playing) -> None:
    playing.bank.write({f"/strip/{number}/gain": 0.0 for number in range(1, STRIPS + 1)})


def test_a_captured_frame_becomes_a_dreamed_one_that_says_where_it_lies(playing: Playing) -> None:
    playing.captures(seen_at=123.5)
    dreamed = playing.dreams()
    here = canvas(Scope(), ASPECT, 64, 64, NETWORKS[FALLBACK].least)
    assert dreamed.pixels.shape == (here.height, here.width, 3)
    assert dreamed.view == pytest.approx(here.view)
    assert (dreamed.seen_at, dreamed.aspect) == (123.5, ASPECT)


def test_what_is_dreamed_on_is_what_was_captured(playing: Playing) -> None:
    playing.turns("/dream/amount", 0.0)
    seen = Frame(playing.captures(), 0.0, whole_view(ASPECT), ASPECT)
    here = canvas(Scope(), ASPECT, 64, 64, NETWORKS[FALLBACK].least)
    np.testing.assert_allclose(playing.dreams().pixels, crop(seen, here) * 255, atol=0.51)


def test_a_dream_is_not_the_picture(playing: Playing) -> None:
    playing.captures()
    dreamed = playing.dreams()
    playing.turns("/dream/amount", 0.0)
    assert apart(dreamed, playing.dreams()) > 1


def test_the_fader_counts_as_it_stands_when_a_dream_is_done(playing: Playing) -> None:
    seen = Frame(playing.captures(), 0.0, whole_view(ASPECT), ASPECT)
    playing.dreams()
    playing.heart.meanwhile = lambda: playing.turns("/dream/amount", 0.0)
    here = canvas(Scope(), ASPECT, 64, 64, NETWORKS[FALLBACK].least)
    np.testing.assert_allclose(playing.dreams().pixels, crop(seen, here) * 255, atol=0.51)


def test_a_still_picture_is_dreamed_on_and_on(playing: Playing) -> None:
    playing.captures()
    frames = [playing.dreams() for _ in range(5)]
    assert all(apart(frames[n], frames[n + 1]) > 0 for n in range(4))


def test_the_network_is_wished_for_before_the_first_frame_arrives(playing: Playing) -> None:
    playing.turns("/dream/network", "vgg16")
    assert playing.next() == IDLE_SECONDS
    until(lambda: playing.shelf.loads == ["vgg16"])
    assert playing.wires.dreamed.sequence == 0


def test_without_a_network_nothing_is_dreamed(playing: Playing) -> None:
    gate = playing.shelf.gate(f"load {FALLBACK}")
    playing.captures()
    assert playing.next() == IDLE_SECONDS
    assert playing.wires.dreamed.sequence == 0
    gate.set()
    assert playing.dreams().sequence == 1


def test_a_freeze_publishes_nothing_and_the_dream_goes_on_where_it_was(playing: Playing) -> None:
    playing.captures()
    before = playing.dreams()
    playing.turns("/dream/freeze", 1)
    assert [playing.next() for _ in range(5)] == [IDLE_SECONDS] * 5
    assert playing.wires.dreamed.sequence == before.sequence
    playing.turns("/dream/freeze", 0)
    assert playing.dreams().sequence == before.sequence + 1


def test_a_reset_starts_from_the_picture_once(playing: Playing) -> None:
    playing.captures()
    first, second = playing.dreams(), playing.dreams()
    playing.bank.write({"/dream/reset": 1.0})
    assert apart(playing.dreams(), first) == 0
    assert apart(playing.dreams(), second) == 0


def test_a_reset_from_before_a_restart_is_not_heard_again(playing: Playing) -> None:
    playing.bank.write({"/dream/reset": 3.0})
    again = Playing(playing.wires, playing.numbers)
    again.captures()
    assert apart(again.dreams(), again.dreams()) > 0


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/dream/network", "inception_v3"),
        ("/dream/size", 160),
        ("/dream/octaves", 4),
        ("/dream/zoom", 1.0),
        ("/dream/spin", -180.0),
        ("/scope/folds", 1),
        ("/scope/folds", 24),
        ("/scope/symmetry", "none"),
        ("/scope/source_zoom", 4.0),
        ("/scope/source_angle", 90.0),
        ("/strip/8/channel", 2048),
    ],
)
def test_whatever_is_turned_the_dream_goes_on(
    playing: Playing, address: str, value: float | str
) -> None:
    playing.captures()
    playing.dreams()
    playing.turns(address, value)
    playing.dreams()
    playing.turns(address, TABLE.defaults[TABLE[address].index])
    assert playing.dreams().pixels.std() > 1
    assert (playing.figure("reseeded"), playing.figure("traces")) == (0, 0)


def test_a_network_that_is_turned_to_dreams_as_soon_as_it_is_ready(playing: Playing) -> None:
    playing.captures()
    playing.dreams()
    playing.turns("/dream/network", "vgg16")
    until(lambda: playing.dreams() is not None and playing.figure("network") == "vgg16")


@pytest.mark.parametrize("shape", [1 / 16, 1.0, 16.0])
@pytest.mark.parametrize("size", [64, 1024])
@pytest.mark.parametrize("folds", [0, 1, 24])
def test_a_dream_is_neither_too_large_for_its_slot_nor_too_small_for_its_network(
    wires: Wires, numbers: Numbers, shape: float, size: int, folds: int
) -> None:
    playing = Playing(wires, numbers, shape)
    close_every_strip(playing)
    playing.bank.write({"/dream/size": size, "/scope/folds": max(folds, 1)})
    playing.turns("/scope/symmetry", "dihedral" if folds else "none")
    playing.turns("/dream/network", "inception_v3")
    playing.captures()
    height, width = playing.dreams().pixels.shape[:2]
    assert min(width, height) >= NETWORKS["inception_v3"].least > 64
    assert (width <= LARGEST_DREAM[0], height <= LARGEST_DREAM[1]) == (True, True)


def test_frames_that_are_never_dreamed_on_are_counted(playing: Playing) -> None:
    playing.captures()
    playing.dreams()
    before = playing.figure("dropped")
    playing.dreams()  # the same again
    playing.captures()
    playing.dreams()
    assert playing.figure("dropped") == before
    for _ in range(4):
        playing.captures()
    playing.dreams()
    assert playing.figure("dropped") == before + 3


def test_frames_that_come_during_a_freeze_are_never_dreamed_on(playing: Playing) -> None:
    playing.captures()
    playing.dreams()
    before = playing.figure("dropped")
    playing.turns("/dream/freeze", 1)
    for _ in range(4):
        playing.captures()
        playing.next()
    playing.turns("/dream/freeze", 0)
    playing.dreams()
    assert playing.figure("dropped") == before + 3


def test_a_frame_of_many_steps_beats_after_each(playing: Playing) -> None:
    playing.captures()
    playing.dreams()
    playing.turns("/dream/steps", 8)
    before, steps = playing.heart.beats, len(playing.numbers.steps)
    playing.dreams()
    assert len(playing.numbers.steps) - steps == 8
    assert playing.heart.beats - before >= 8


@pytest.mark.parametrize("number", [1, 4, STRIPS])
def test_soloing_a_closed_strip_dreams_it_at_full_gain(playing: Playing, number: int) -> None:
    close_every_strip(playing)
    playing.captures()
    playing.turns(f"/strip/{number}/gain", 1.0)
    opened = playing.dreams()
    playing.bank.write({f"/strip/{number}/gain": 0.0, f"/strip/{number}/solo": 1.0})
    playing.bank.write({"/dream/reset": 1.0})
    assert apart(playing.dreams(), opened) == 0
    stop = NETWORKS[FALLBACK].stops[number - 1]
    assert {layer for _, layer, _ in playing.numbers.steps[-2:]} == {stop}


@pytest.mark.parametrize("frames", [1, 30, 120])
def test_a_frame_may_take_as_long_as_the_most_frames_a_second_leave(
    playing: Playing, frames: int
) -> None:
    playing.captures()
    playing.dreams()
    playing.turns("/dream/target_fps", frames)
    assert playing.next() == pytest.approx(1 / frames)


def test_a_frame_of_another_step_than_the_wished_one_says_nothing_of_its_cost(
    playing: Playing, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[float] = []
    monkeypatch.setattr(playing.player._budget, "spent", lambda took, effort: spent.append(took))
    playing.captures()
    until(lambda: playing.dreams() is not None and bool(spent))
    playing.numbers.gate(f"compile {FALLBACK}")
    playing.turns("/dream/size", 160)
    before = len(spent)
    for _ in range(5):
        playing.dreams()
    assert len(spent) == before


class Rest(threading.Event):
    """Ends the loop after ``most`` rests, of which it remembers how long they were to be."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.rests: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.rests.append(timeout or 0.0)
        if len(self.rests) == self.most:
            self.set()
        return self.is_set()


def test_the_loop_rests_for_what_is_left_of_each_frame(playing: Playing) -> None:
    playing.captures()
    sequence = playing.dreams().sequence
    playing.turns("/dream/target_fps", 20)
    resting = Rest(most=5)
    playing.player.run(resting)
    assert playing.wires.dreamed.sequence == sequence + 5
    assert all(0 < rest <= 1 / 20 for rest in resting.rests)


def test_pictures_that_come_fast_are_not_dreamed_on_faster_than_is_wished(
    playing: Playing,
) -> None:
    playing.turns("/dream/target_fps", 20)
    playing.captures()
    before = playing.dreams().sequence
    stopping = threading.Event()
    running = threading.Thread(target=playing.player.run, args=(stopping,))
    began = time.monotonic()
    running.start()
    while time.monotonic() < began + 0.3:
        playing.captures()
        time.sleep(0.005)
    stopping.set()
    running.join(PATIENCE)
    frames = playing.wires.dreamed.sequence - before
    assert frames <= 20 * (time.monotonic() - began) + 2


def test_a_new_picture_waits_for_no_more_than_its_turn(playing: Playing) -> None:
    playing.captures()
    playing.dreams()
    began = time.monotonic()
    playing.captures()
    playing.player._rest(threading.Event(), began, began + PATIENCE)
    assert playing.next() > 0
    assert playing.figure("dropped") == 0
    assert time.monotonic() < began + PATIENCE


def test_a_network_that_fails_is_told_and_the_dream_goes_on(playing: Playing) -> None:
    playing.shelf.broken.add("vgg16")
    playing.captures()
    playing.dreams()
    playing.turns("/dream/network", "vgg16")
    stopping = threading.Event()
    running = threading.Thread(target=playing.player.run, args=(stopping,))
    running.start()
    pulse = playing.wires.pulses["dream"]
    until(lambda: bool(read_pulse(pulse).get("errors")))
    stopping.set()
    running.join(PATIENCE)
    figures = read_pulse(pulse)
    assert figures["errors"][0].startswith("weights of vgg16: expected a file, received nothing")
    assert (figures["network"], figures["dreamed"]) == (
        FALLBACK,
        playing.wires.dreamed.sequence,
    )


def test_counts_go_on_where_the_last_player_ended(playing: Playing) -> None:
    playing.heart.beat_now({"late": 7, "dropped": 5})
    again = Playing(playing.wires, playing.numbers)
    assert (again.figure("late"), again.figure("dropped")) == (7, 5)
