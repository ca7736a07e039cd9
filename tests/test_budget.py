import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from engine.budget import HASTE, MOST_PATIENCE, PATIENCE, SHARES, Budget, Effort, efforts

FPS = 60.0
Took = Callable[[float, float], float]  # work, now -> seconds
Change = tuple[float, Effort]


class Machine:
    """Takes time for work, by its own clock. ``took``: seconds of a frame."""

    def __init__(
        self, took: Took, units: int = 4, fix_units: bool = False, fix_share: bool = False
    ) -> None:
        self.there = efforts(units, fix_units, fix_share)
        self.fps = FPS
        self.now = 100.0
        self.began: list[float] = []
        self.changes: list[Change] = []
        self.took = took
        self._budget = Budget()
        self._random = np.random.default_rng(11)
        self.effort = self.there[0]

    def play(self, seconds: float, noise: float = 0.0) -> None:
        end = self.now + seconds
        while self.now < end:
            self.frame(self.took(self._next().work, self.now) * self._unsteady(noise))

    def frame(self, seconds: float) -> None:
        self._budget.spent(seconds, self._next())
        self.began.append(self.now)
        self.now += max(seconds, 1 / self.fps)

    def rate(self, seconds: float) -> float:
        """Frames a second, the last ``seconds``."""
        return sum(began > self.now - seconds for began in self.began) / seconds

    def _next(self) -> Effort:
        effort = self._budget.effort(self.there, 1 / self.fps, self.now)
        if effort != self.effort:
            self.changes.append((self.now, effort))
        self.effort = effort
        return effort

    def _unsteady(self, noise: float) -> float:
        return 1 + noise * float(self._random.uniform(-1, 1))


def machine(
    cost: float, overhead: float = 0.0, units: int = 4, fixed: Sequence[str] = ()
) -> Machine:
    """``cost``: of one piece of work, ``overhead``: of a frame; both in frames at 60 a second."""

    def took(work: float, now: float) -> float:
        return (overhead + cost * work) / FPS

    return Machine(took, units, "units" in fixed, "share" in fixed)


def loaded(cost: float, times: float, first: float, end: float) -> Machine:
    """Slower by so many times, from ``first`` to ``end`` seconds after the start."""

    def took(work: float, now: float) -> float:
        return cost * work / FPS * (times if first <= now - 100 < end else 1)

    return Machine(took)


@pytest.mark.parametrize("fix_units", [False, True])
@pytest.mark.parametrize("fix_share", [False, True])
@pytest.mark.parametrize("units", [1, 2, 32])
def test_efforts_become_less_down_to_the_least(
    units: int, fix_units: bool, fix_share: bool
) -> None:
    there = efforts(units, fix_units, fix_share)
    assert there[0] == Effort(1.0, units)
    assert there[-1] == Effort(1.0 if fix_share else SHARES[-1], units if fix_units else 1)
    assert all(more.work > less.work for more, less in pairwise(there))


def test_steps_go_before_the_picture_shrinks() -> None:
    there = efforts(3, False, False)
    assert [each.units for each in there[:3]] == [3, 2, 1]
    assert {each.share for each in there[:3]} == {1.0}
    assert {each.units for each in there[3:]} == {1}


@pytest.mark.parametrize(("cost", "overhead"), [(0.01, 0.0), (0.2, 0.0), (0.1, 0.5), (0.0, 0.9)])
def test_a_fast_machine_takes_all(cost: float, overhead: float) -> None:
    plays = machine(cost, overhead)
    plays.play(30.0, noise=0.1)
    assert plays.changes == []
    assert plays.effort == Effort(1.0, 4)


@pytest.mark.parametrize("cost", [0.3, 0.4, 0.8])
def test_a_slow_machine_takes_fewer_units_of_the_whole_picture(cost: float) -> None:
    plays = machine(cost)
    plays.play(10.0)
    assert plays.effort.share == 1.0
    assert 1 <= plays.effort.units < 4


@pytest.mark.parametrize("cost", [1.1, 1.7, 3.0])
def test_a_slower_machine_shrinks_the_picture(cost: float) -> None:
    plays = machine(cost)
    plays.play(10.0)
    assert plays.effort.units == 1
    assert plays.effort.share < 1.0


def test_a_machine_that_is_far_too_slow_does_the_least_there_is() -> None:
    plays = machine(100.0)
    plays.play(60.0)
    assert plays.effort == plays.there[-1]


@pytest.mark.parametrize("cost", [0.1, 0.22, 0.25, 0.31, 0.5, 0.7, 0.9, 1.3, 2.2])
@pytest.mark.parametrize("overhead", [0.0, 0.1, 0.3])
def test_the_frame_rate_is_held_once_it_has_settled(cost: float, overhead: float) -> None:
    plays = machine(cost, overhead)
    plays.play(30.0, noise=0.3)
    assert plays.rate(15.0) >= 0.9 * FPS


@pytest.mark.parametrize("cost", np.geomspace(0.1, 3.5, 12))
def test_an_unsteady_machine_does_not_pump(cost: float) -> None:
    plays = machine(cost, overhead=0.1)
    plays.play(120.0, noise=0.3)
    steady = [at for at, _ in plays.changes if at > 160.0]
    assert len(steady) <= 2


def test_nothing_is_lowered_in_haste() -> None:
    plays = machine(0.5)
    plays.play(HASTE * 0.9)
    assert plays.changes == []
    plays.play(0.3)
    assert len(plays.changes) == 1


def test_nothing_is_raised_before_there_was_room_for_a_while() -> None:
    plays = loaded(0.2, times=2.0, first=5.0, end=10.0)
    plays.play(10.0 + PATIENCE * 0.9)
    assert [effort.units for _, effort in plays.changes] == [2]
    plays.play(PATIENCE)
    assert plays.effort.units == 4


@pytest.mark.parametrize("seconds", [0.05, 0.3, 3.0])
def test_one_long_frame_is_no_reason(seconds: float) -> None:
    plays = machine(0.2)
    for _ in range(5):
        plays.play(3.0, noise=0.1)
        plays.frame(seconds)
    plays.play(3.0)
    assert plays.changes == []


def test_a_little_too_much_after_much_room_is_no_reason_either() -> None:
    """What has been wished for the one way does not hasten the other."""
    plays = loaded(0.25, times=1.5, first=5.0, end=6.0)
    plays.play(6.0 + PATIENCE * 0.9)
    lowered = plays.effort
    for _ in range(4):
        plays.frame(1.5 / FPS)
    plays.play(0.01)
    assert plays.effort == lowered != plays.there[0]


@pytest.mark.parametrize("times", [2.0, 5.0, 30.0])
@pytest.mark.parametrize("cost", [0.02, 0.1, 0.2])
def test_all_comes_back_after_a_load(cost: float, times: float) -> None:
    plays = loaded(cost, times, first=5.0, end=15.0)
    plays.play(40.0, noise=0.1)
    assert plays.effort == plays.there[0]


@pytest.mark.parametrize("overhead", [0.1, 0.2, 0.3])
def test_what_does_not_grow_with_work_keeps_nothing_back(overhead: float) -> None:
    """Up to half of what a frame takes."""
    plays = machine(0.2, overhead, units=2)
    for _ in range(60):
        plays.frame(3.0 / FPS)
    assert plays.effort.work < 2
    plays.play(20.0)
    assert plays.effort == Effort(1.0, 2)


@pytest.mark.parametrize("cost", [0.1, 0.5, 2.0, 20.0])
def test_fixed_units_stay(cost: float) -> None:
    plays = machine(cost, fixed=["units"])
    plays.play(20.0, noise=0.3)
    assert {effort.units for _, effort in plays.changes} <= {4}


@pytest.mark.parametrize("cost", [0.1, 0.5, 2.0, 20.0])
def test_a_fixed_size_stays(cost: float) -> None:
    plays = machine(cost, fixed=["share"])
    plays.play(20.0, noise=0.3)
    assert {effort.share for _, effort in plays.changes} <= {1.0}


def test_what_is_all_fixed_never_changes() -> None:
    plays = machine(20.0, fixed=["units", "share"])
    plays.play(60.0, noise=0.3)
    assert plays.changes == []


def trials(plays: Machine) -> list[float]:
    """How long it took until each trial of more."""
    times = [at for at, _ in plays.changes]
    works = [effort.work for _, effort in plays.changes]
    pairs = zip(pairwise(times), pairwise(works), strict=True)
    return [after - before for (before, after), (less, more) in pairs if more > less]


def treacherous() -> Machine:
    """More than one unit is always too much, which one unit does not tell."""
    return Machine(lambda work, now: (0.2 if work <= 1 else 1.5) / FPS, units=2)


def test_each_trial_that_fails_doubles_the_wait() -> None:
    plays = treacherous()
    plays.play(400.0)
    waits = trials(plays)
    expected = [min(PATIENCE * 2**n, MOST_PATIENCE) for n in range(len(waits))]
    assert len(waits) > 7
    np.testing.assert_allclose(waits, expected, atol=0.5)


def test_what_failed_long_ago_is_forgiven() -> None:
    plays = treacherous()
    plays.play(40.0)
    plays.took = lambda work, now: 0.2 / FPS
    plays.play(40.0 + 2 * MOST_PATIENCE)
    assert plays.effort.units == 2
    plays.took = lambda work, now: (0.2 if work <= 1 else 1.5) / FPS
    plays.play(PATIENCE + 1.0)
    assert trials(plays)[-1] == pytest.approx(PATIENCE, abs=0.5)


@pytest.mark.parametrize(("fps", "units"), [(60.0, 2), (30.0, 4), (120.0, 1)])
def test_another_frame_rate_is_followed(fps: float, units: int) -> None:
    plays = machine(0.4)
    plays.play(5.0)
    plays.fps = fps
    plays.play(10.0)
    assert plays.effort == Effort(1.0, units)
    assert plays.rate(5.0) >= 0.9 * fps


def test_more_that_is_wished_for_is_taken_at_once_as_far_as_it_fits() -> None:
    plays = machine(0.1)
    plays.play(2.0)
    plays.there = efforts(32, False, False)
    plays.play(0.02)
    assert plays.effort == Effort(1.0, 8)


def test_what_was_lowered_stays_where_more_is_wished_for() -> None:
    plays = machine(0.4)
    plays.play(2.0)
    lowered = plays.effort
    plays.there = efforts(32, False, False)
    plays.play(0.02)
    assert plays.effort == lowered


def test_a_smaller_picture_stays_when_an_octave_falls_out() -> None:
    plays = machine(2.0)
    plays.play(5.0)
    shrunk = plays.effort
    plays.there = efforts(2, False, False)
    plays.play(5.0)
    assert plays.effort == shrunk
    assert shrunk.share < 1.0


def test_less_that_is_wished_for_is_all_there_is() -> None:
    plays = machine(0.1)
    plays.play(2.0)
    plays.there = efforts(2, False, False)
    plays.play(2.0)
    assert plays.effort == Effort(1.0, 2)


def test_a_picture_that_takes_no_time_is_fine() -> None:
    plays = machine(0.0)
    plays.play(3.0)
    assert plays.effort == plays.there[0]
    assert not math.isnan(plays.rate(1.0))
