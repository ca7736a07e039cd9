from collections.abc import Iterator

import numpy as np
import pytest

from engine.frame import Array
from installation.music.ear import Ear, Levels
from installation.settings import Sound

RATE = 48000
TICK = 800  # samples: what has come at each tick
HOP = Ear(RATE).hop
SOUND = Sound()


def heard(samples: Array, sound: Sound = SOUND, rate: int = RATE) -> Iterator[tuple[float, Levels]]:
    """The second up to which was heard, and the levels then."""
    ear = Ear(rate)
    for start in range(0, len(samples), TICK):
        yield (start + TICK) / rate, ear.hear(samples[start : start + TICK], sound)


def last(samples: Array, sound: Sound = SOUND) -> Levels:
    *_, (_, levels) = heard(samples, sound)
    return levels


def seconds(count: float, rate: int = RATE) -> Array:
    return np.arange(round(count * rate)) / rate


def sine(hertz: float, count: float, amplitude: float = 0.3, rate: int = RATE) -> Array:
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * seconds(count, rate)))


def clicks(times: tuple[float, ...], count: float, amplitude: float = 0.5) -> Array:
    """Four milliseconds of noise each."""
    made = np.zeros(round(count * RATE))
    for at in times:
        start = round(at * RATE)
        made[start : start + 200] = np.random.default_rng(1).normal(0, amplitude, 200)
    return made


def onsets(samples: Array, sound: Sound = SOUND) -> list[float]:
    """The seconds of the middles of the windows in which something was heard to begin."""
    ear, found = Ear(RATE), []
    for start in range(0, len(samples) - HOP, HOP):
        if ear.hear(samples[start : start + HOP], sound).onset == 1.0:
            found.append(start / RATE)
    return found


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(
    ("hertz", "band"), [(60, "low"), (90, "low"), (440, "middle"), (1200, "middle"), (5000, "high")]
)
def test_a_sine_moves_its_own_band_and_no_other(hertz: float, band: str, rate: int) -> None:
    *_, (_, levels) = heard(sine(hertz, 0.5, rate=rate), rate=rate)
    others = {"low": levels.low, "middle": levels.middle, "high": levels.high}
    assert others.pop(band) == pytest.approx(1.0, abs=0.05)
    assert max(others.values()) < 0.15
    assert levels.level == pytest.approx(1.0, abs=0.05)


def test_silence_is_nothing_at_all() -> None:
    assert last(np.zeros(RATE)) == Levels()


def test_a_murmur_under_the_floor_is_not_raised_to_a_shout() -> None:
    assert last(sine(440, 0.5, amplitude=0.0003)).level == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("gain", [0.5, 1.0, 4.0])
def test_the_gain_multiplies(gain: float) -> None:
    """Of what is half as loud as the loudest before."""
    samples = np.concatenate((sine(440, 0.3, 0.4), sine(440, 1.0, 0.2)))
    level = last(samples, Sound(gain=gain, release=0.02)).level
    assert level == pytest.approx(min(0.5 * gain, 1.0), rel=0.1)


def test_what_is_loud_is_measured_by_the_last_seconds() -> None:
    samples = np.concatenate((sine(440, 0.3, 0.5, 16000), sine(440, 10.0, 0.1, 16000)))
    levels = [levels.level for _, levels in heard(samples, Sound(release=0.02), 16000)]
    assert levels[20] == pytest.approx(0.2, abs=0.03)
    assert levels[-1] == pytest.approx(0.4, abs=0.05), "half of that is forgotten"


@pytest.mark.parametrize("release", [0.05, 0.3, 1.0])
def test_a_level_is_up_at_once_and_falls_to_a_tenth_in_its_release(release: float) -> None:
    samples = np.concatenate((sine(440, 0.1), np.zeros(2 * RATE)))
    levels = dict(heard(samples, Sound(release=release)))
    up = next(at for at, level in levels.items() if level.level > 0.95)
    assert up <= 0.04
    fallen = next(at for at, level in levels.items() if at > 0.15 and level.level < 0.1)
    assert fallen == pytest.approx(0.1 + release, abs=0.05)


def test_a_click_is_heard_within_a_hop_of_its_time() -> None:
    times = (0.5, 0.9, 1.25, 1.6, 1.95, 2.5)
    found = onsets(clicks(times, 3.0))
    assert found == pytest.approx(times, abs=HOP / RATE)


def test_clicks_are_heard_through_a_chord_and_a_hiss() -> None:
    times = (0.5, 1.0, 1.5, 2.0, 2.5)
    chord = sine(220, 3.0, 0.1) + sine(277, 3.0, 0.1) + sine(330, 3.0, 0.1)
    hiss = np.random.default_rng(3).normal(0, 0.01, len(chord))
    found = onsets(clicks(times, 3.0) + chord + hiss)
    assert [at for at in found if at > 0.1] == pytest.approx(times, abs=HOP / RATE)


@pytest.mark.parametrize("amplitude", [0.001, 0.01, 0.1, 0.5])
def test_steady_noise_begins_nothing(amplitude: float) -> None:
    noise = np.random.default_rng(2).normal(0, amplitude, 5 * RATE)
    assert [at for at in onsets(noise) if at > 0.1] == []


def test_a_higher_threshold_hears_only_what_is_louder() -> None:
    rng = np.random.default_rng(7)
    hiss = rng.normal(0, 0.02, 4 * RATE)
    samples = hiss + clicks((1.0, 3.0), 4.0, 0.4) + clicks((2.0,), 4.0, 0.07)
    few, many = (
        [at for at in onsets(samples, Sound(threshold=threshold)) if at > 0.1]
        for threshold in (1.0, 0.4)
    )
    assert few == pytest.approx([1.0, 3.0], abs=HOP / RATE)
    assert many == pytest.approx([1.0, 2.0, 3.0], abs=HOP / RATE)


def test_an_onset_is_an_impulse_that_falls() -> None:
    levels = [levels.onset for _, levels in heard(clicks((0.5,), 2.0))]
    top = levels.index(max(levels))
    assert levels[top] > 0.9
    assert levels[:top] == [0.0] * top
    assert levels[top:] == sorted(levels[top:], reverse=True)
    assert levels[-1] < 0.001


def test_what_is_no_number_is_silence_and_hurts_nothing_after_it() -> None:
    ear = Ear(RATE)
    broken = np.full(2048, np.nan)
    broken[::3] = np.inf
    assert ear.hear(broken, SOUND) == Levels()
    assert ear.hear(sine(440, 0.1), SOUND).middle == pytest.approx(1.0, abs=0.05)


def test_however_it_comes_in_pieces_the_same_is_heard() -> None:
    samples = np.random.default_rng(4).normal(0, 0.1, RATE)
    whole, pieces = Ear(RATE), Ear(RATE)
    expected = whole.hear(samples, SOUND)
    cuts = np.cumsum(np.random.default_rng(5).integers(0, 2000, 200))
    for piece in np.split(samples, cuts[cuts < RATE]):
        levels = pieces.hear(piece, SOUND)
    assert levels == expected
