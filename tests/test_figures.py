import numpy as np
import pytest

from installation.figures import Rate, Spread


class Clock:
    """Time that is turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rate(clock: Clock) -> Rate:
    return Rate(clock)


def beats(rate: Rate, clock: Clock, count: int, interval: float) -> None:
    for _ in range(count):
        clock.now += interval
        rate.happened(clock.now)


def test_a_rate_is_how_often_something_happens(rate: Rate, clock: Clock) -> None:
    beats(rate, clock, 61, 1 / 60)
    assert rate.per_second() == pytest.approx(60.0)


def test_a_rate_forgets_what_is_over_ten_seconds_ago(rate: Rate, clock: Clock) -> None:
    beats(rate, clock, 500, 0.02)
    beats(rate, clock, 100, 0.1)
    assert rate.per_second() == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("count", [0, 1])
def test_a_rate_needs_two_happenings(rate: Rate, clock: Clock, count: int) -> None:
    beats(rate, clock, count, 0.1)
    assert rate.per_second() == 0.0


def test_two_happenings_at_one_instant_of_a_coarse_clock_are_no_rate_yet(
    rate: Rate, clock: Clock
) -> None:
    beats(rate, clock, 2, 0.0)
    assert rate.per_second() == 0.0


def test_a_rate_falls_to_nothing_when_nothing_happens_any_more(rate: Rate, clock: Clock) -> None:
    beats(rate, clock, 300, 1 / 30)
    clock.now += 5.0
    assert 10.0 < rate.per_second() < 20.0
    clock.now += Rate.SECONDS
    assert rate.per_second() == 0.0


@pytest.mark.parametrize("percent", [1, 50, 95, 99, 100])
def test_percentiles_are_right_to_the_bin(percent: float) -> None:
    seconds = np.random.default_rng(1).gamma(2.0, 0.01, 5000)
    spread = Spread()
    for each in seconds:
        spread.add(each)
    expected = np.percentile(seconds * 1000, percent, method="inverted_cdf")
    assert spread.percentile(percent) == pytest.approx(expected, abs=Spread.BIN_MS)


def test_the_largest_is_exact_and_never_forgotten() -> None:
    spread = Spread()
    for seconds in (0.01, 4.32, 0.02):
        spread.add(seconds)
    assert spread.largest == 4320.0


def test_what_is_past_the_last_bin_still_counts() -> None:
    spread = Spread()
    for seconds in (0.1, 60.0, 60.0):
        spread.add(seconds)
    assert spread.percentile(95) == pytest.approx(2000, abs=Spread.BIN_MS)


def test_a_clock_that_stepped_back_counts_as_nothing() -> None:
    spread = Spread()
    spread.add(-0.5)
    assert (spread.percentile(100), spread.largest) == (Spread.BIN_MS / 2, 0.0)


def test_an_empty_spread_is_zero() -> None:
    assert (Spread().percentile(50), Spread().percentile(99), Spread().largest) == (0, 0, 0)
