import random
import statistics

import pytest

from engine.parameters import Number
from installation.music.taps import BOUNCE_SECONDS, PAUSE_SECONDS, TAPS, Taps

RANGE = Number(120.0, 20.0, 300.0, "Of the music.")

# Seconds of the taps, and the tempo they give
TRUTH: dict[str, tuple[tuple[float, ...], float | None]] = {
    "one tap is no tempo": ((0.0,), None),
    "two are one": ((0.0, 0.5), 120.0),
    "four": ((0.0, 0.6, 1.2, 1.8), 100.0),
    "slower than the pause has never been tapped": ((0.0, 2.01), None),
    "as slow as can be tapped": ((0.0, 2.0), 30.0),
    "a pause begins anew": ((0.0, 0.5, 1.0, 3.1, 3.7), 100.0),
    "a tap that was missed": ((0.0, 0.5, 1.0, 2.0, 2.5), 120.0),
    "a tap out of place": ((0.0, 0.5, 1.0, 1.35, 2.0, 2.5), 120.0),
    "a tap that was one too many": ((0.0, 0.5, 1.0, 1.1, 1.5, 2.0), 120.0),
    "a tap that arrives twice": ((0.0, 0.01, 0.5, 0.51, 1.0, 1.01), 120.0),
    "too fast is halved": ((0.0, 0.15, 0.3), 200.0),
    "much too fast is halved twice": ((0.0, 0.09, 0.18), 60 / 0.36),
    "twice as fast, after four": ((0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 4.5, 5.0), 120.0),
    "half as fast, after four": ((0.0, 0.5, 1.0, 1.5, 2.5, 3.5, 4.5, 5.5), 60.0),
    "another tempo, after as many as count": (
        (*(0.6 * n for n in range(8)), *(4.2 + 0.45 * n for n in range(1, 8))),
        60 / 0.45,
    ),
}


@pytest.mark.parametrize(("times", "tempo"), TRUTH.values(), ids=TRUTH.keys())
def test_what_taps_mean(times: tuple[float, ...], tempo: float | None) -> None:
    taps = Taps(RANGE)
    for at in times:
        taps.tapped(100 + at)
    assert taps.tempo == (None if tempo is None else pytest.approx(tempo, rel=1e-6))


def test_only_the_first_of_two_that_come_at_once_counts() -> None:
    taps = Taps(RANGE)
    assert [taps.tapped(at) for at in (7.0, 7.0, 7.0 + BOUNCE_SECONDS / 2, 7.5)] == [
        True,
        False,
        False,
        True,
    ]


def test_the_first_after_a_pause_counts_and_gives_no_tempo_yet() -> None:
    taps = Taps(RANGE)
    assert all(taps.tapped(at) for at in (0.0, 0.5, 0.6 + PAUSE_SECONDS))
    assert taps.tempo is None


@pytest.mark.parametrize("tempo", [31.0, 60.0, 92.5, 128.0, 174.0, 250.0])
def test_a_hand_that_is_out_by_ten_milliseconds_finds_the_tempo(tempo: float) -> None:
    """The error of the slope through eight beats is 0.15 of a tap's, plus what a median costs."""
    hand = random.Random(5)
    errors = []
    for _ in range(60):
        taps = Taps(RANGE)
        for beat in range(TAPS):
            taps.tapped(beat * 60 / tempo + hand.gauss(0, 0.01))
        assert taps.tempo
        errors.append(60 / taps.tempo - 60 / tempo)
    assert statistics.pstdev(errors) < 0.2 * 0.01
