from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from doubles import Loaded, Numbers, until

from engine.ascent import octave_sizes
from engine.dream import STRIPS, Dream, Strip
from engine.dreamer import FALLBACK, Dreamer, Steps
from engine.frame import Array
from engine.networks import NETWORKS

SIZE = (48, 64)
CLOSED = (Strip(),) * STRIPS
PLAIN = Dream(octaves=1, jitter=0, anchor=0.0, memory=0.9)


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture
def dreamer(numbers: Numbers) -> Dreamer:
    """One that is awake, with every step of the embedded network."""
    return woken(Steps(numbers, None))


def woken(steps: Steps, network: str = FALLBACK) -> Dreamer:
    dreamer = Dreamer(steps)
    until(lambda: dreamer.awake(network))
    until(lambda: steps.compiled >= STRIPS)
    return dreamer


def desk(number: int, gain: float = 1.0) -> tuple[Strip, ...]:
    """Strip ``number`` open, and the others closed."""
    return (*CLOSED[: number - 1], Strip(gain=gain), *CLOSED[number:])


def picture(size: tuple[int, int] = SIZE) -> Array:
    values = np.random.default_rng(1).uniform(0.3, 0.7, (*size, 3))
    return np.asarray(values, np.float32)


def shift(x: float, y: float) -> Array:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def test_there_is_nothing_to_dream_with_until_a_network_is_ready(numbers: Numbers) -> None:
    gate = numbers.gate("load bestiary")
    dreamer = Dreamer(Steps(numbers, None))
    assert not dreamer.awake(FALLBACK)
    gate.set()
    until(lambda: dreamer.awake(FALLBACK))


def test_a_network_is_ready_when_its_last_step_is(numbers: Numbers) -> None:
    gate = numbers.gate("compile bestiary 8")
    steps = Steps(numbers, None)
    dreamer = Dreamer(steps)
    assert not dreamer.awake(FALLBACK)
    until(lambda: len(numbers.compiled) == STRIPS - 1)
    assert not dreamer.awake(FALLBACK)
    gate.set()
    until(lambda: dreamer.awake(FALLBACK))
    assert len({steps.through(FALLBACK, depth) for depth in range(1, STRIPS + 1)}) == STRIPS


def test_while_a_network_is_downloaded_the_embedded_one_dreams(numbers: Numbers) -> None:
    numbers.far.add("vgg16")
    gate = numbers.gate("load vgg16")
    dreamer = Dreamer(Steps(numbers, None))
    until(lambda: dreamer.awake("vgg16"))
    assert dreamer.network == FALLBACK
    gate.set()
    until(lambda: dreamer.awake("vgg16") and dreamer.network == "vgg16")


def test_a_network_that_is_built_only_in_part_leaves_the_embedded_one(numbers: Numbers) -> None:
    numbers.too_large.add(("vgg16", 5))
    dreamer = Dreamer(Steps(numbers, None))
    until(lambda: dreamer.awake("vgg16"))
    assert dreamer.network == FALLBACK


class Exhausted(Numbers):
    def load(self, name: str, folder: Path | None) -> Loaded:
        raise MemoryError("no memory left")


def test_what_ends_the_loading_thread_is_raised_in_the_loop() -> None:
    dreamer = Dreamer(Steps(Exhausted(), None))
    with pytest.raises(MemoryError, match="no memory left"):
        until(lambda: dreamer.awake(FALLBACK))


@pytest.mark.parametrize("number", range(1, STRIPS + 1))
def test_only_the_network_down_to_the_deepest_open_strip_runs(
    dreamer: Dreamer, numbers: Numbers, number: int
) -> None:
    until(lambda: dreamer._steps.through(FALLBACK, 1) is not dreamer._steps.through(FALLBACK, 2))
    dreamer.dream(picture(), PLAIN, desk(number, gain=-0.1))
    assert numbers.steps == [(FALLBACK, number, SIZE)]


def test_the_folder_of_the_users_own_weights_is_handed_on(numbers: Numbers, tmp_path: Path) -> None:
    woken(Steps(numbers, tmp_path), "vgg16")
    assert numbers.loads == [("vgg16", tmp_path)]


def test_while_a_wished_network_loads_the_old_one_dreams(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    gate = numbers.gate("load vgg16")
    assert dreamer.awake("vgg16")
    dreamer.dream(picture(), PLAIN, desk(8))
    assert numbers.steps[-1][:2] == (FALLBACK, 8)
    gate.set()
    until(lambda: dreamer.awake("vgg16") and dreamer.network == "vgg16")
    dreamer.dream(picture(), PLAIN, desk(8))
    assert numbers.steps[-1][:2] == ("vgg16", 8)


def test_a_network_that_was_ready_once_is_there_at_once(dreamer: Dreamer, numbers: Numbers) -> None:
    until(lambda: dreamer.awake("vgg16") and dreamer.network == "vgg16")
    assert dreamer.awake(FALLBACK)
    assert dreamer.network == FALLBACK
    assert [name for name, _ in numbers.loads] == [FALLBACK, "vgg16"]


def test_a_network_that_fails_leaves_the_show_on_the_old_one(
    dreamer: Dreamer, numbers: Numbers, caplog: pytest.LogCaptureFixture
) -> None:
    until(lambda: dreamer.awake("vgg16") and dreamer.network == "vgg16")
    numbers.broken.add("densenet121")
    dreamer.awake("densenet121")
    until(lambda: bool(dreamer._steps.failures))
    assert dreamer.awake("densenet121")
    assert dreamer.network == "vgg16"
    until(lambda: "densenet121: expected a file" in caplog.text)
    assert "the show goes on without it" in caplog.text


def test_a_first_network_that_fails_leaves_the_embedded_one(numbers: Numbers) -> None:
    numbers.broken.add("vgg16")
    steps = Steps(numbers, None)
    assert woken(steps, "vgg16").network == FALLBACK
    assert steps.failures == ["weights of vgg16: expected a file, received nothing"]


def test_a_network_that_failed_is_tried_again_when_it_is_wished_for_anew(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    numbers.broken.add("vgg16")
    dreamer.awake("vgg16")
    until(lambda: bool(dreamer._steps.failures))
    numbers.broken.clear()
    for _ in range(100):
        dreamer.awake("vgg16")  # still the same wish
    dreamer.awake(FALLBACK)
    until(lambda: dreamer.awake("vgg16") and dreamer.network == "vgg16")
    assert [name for name, _ in numbers.loads] == [FALLBACK, "vgg16", "vgg16"]


def test_what_compiles_beside_the_loop_stands_in_nobodys_way(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    numbers.traces["MainThread"] += 3
    assert (dreamer._steps.compiled, dreamer._steps.traces) == (STRIPS, 3)


@pytest.mark.parametrize("octaves", [1, 2, 4])
@pytest.mark.parametrize("steps", [1, 3])
def test_every_octave_takes_its_steps_the_smallest_first(
    dreamer: Dreamer, numbers: Numbers, octaves: int, steps: int
) -> None:
    settings = Dream(octaves=octaves, steps=steps)
    dreamer.dream(picture((128, 256)), settings, desk(8))
    sizes = octave_sizes((128, 256), settings, NETWORKS[FALLBACK].least)
    assert [size for _, _, size in numbers.steps] == [size for size in sizes for _ in range(steps)]


def test_what_a_small_octave_dreams_is_added_to_the_whole(dreamer: Dreamer) -> None:
    one = dreamer.dream(picture((64, 128)), PLAIN, desk(8))
    dreamer.reset()
    two = dreamer.dream(picture((64, 128)), replace(PLAIN, octaves=2), desk(8))
    assert np.abs(two - one).mean() > 0.1 * PLAIN.step_size


def test_a_small_octave_takes_nothing_from_the_picture(dreamer: Dreamer) -> None:
    resting = Dream(step_size=0.0, octaves=4)
    np.testing.assert_array_equal(dreamer.dream(picture(), resting, desk(8)), picture())


def test_a_dream_grows_over_the_frames(dreamer: Dreamer) -> None:
    seen = picture()
    lengths = [np.abs(dreamer.dream(seen, PLAIN, desk(8)) - seen).mean() for _ in range(5)]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 3 * lengths[0] > 0


@pytest.mark.parametrize("anchor", [0.0, 0.3, 1.0])
def test_a_dream_stays_a_picture_for_ever(dreamer: Dreamer, anchor: float) -> None:
    wild = Dream(step_size=0.2, memory=0.99, anchor=anchor, zoom=1.0, spin=180.0, octaves=2)
    seen = picture((32, 48))
    for _ in range(500):
        dreamed = dreamer.dream(seen, wild, desk(8), shift(0.5, -0.25), seconds=0.02)
        assert 0.0 <= dreamed.min() <= dreamed.max() <= 1.0
    assert (dreamed.shape, dreamer.reseeded) == (seen.shape, 0)
    assert dreamed.dtype == np.float32


def test_every_step_of_every_octave_is_given_a_picture(dreamer: Dreamer, numbers: Numbers) -> None:
    hard = np.asarray(picture((128, 128)) > 0.5, np.float32)
    for _ in range(3):
        dreamer.dream(hard, Dream(octaves=4, steps=2, step_size=0.2, memory=0.99), desk(8))
    assert all(0.0 <= low <= high <= 1.0 for low, high in numbers.ranges)


def test_a_still_picture_keeps_evolving(dreamer: Dreamer) -> None:
    frames = [dreamer.dream(picture(), Dream(), desk(8)) for _ in range(100)]
    assert all(np.abs(frames[n] - frames[n - 1]).mean() > 0.001 for n in range(90, 100))


def test_without_memory_every_frame_starts_anew(dreamer: Dreamer) -> None:
    forgetful = replace(PLAIN, memory=0.0)
    first = dreamer.dream(picture(), forgetful, desk(8))
    np.testing.assert_array_equal(dreamer.dream(picture(), forgetful, desk(8)), first)


def test_a_reset_forgets_what_is_carried(dreamer: Dreamer) -> None:
    first = dreamer.dream(picture(), PLAIN, desk(8))
    second = dreamer.dream(picture(), PLAIN, desk(8))
    dreamer.reset()
    assert np.abs(second - first).max() > 0.01
    np.testing.assert_array_equal(dreamer.dream(picture(), PLAIN, desk(8)), first)


def test_no_amount_is_the_camera_and_the_dream_goes_on_behind_it(dreamer: Dreamer) -> None:
    seen = picture()
    dry = replace(PLAIN, amount=0.0)
    for _ in range(3):
        np.testing.assert_array_equal(dreamer.dream(seen, dry, desk(8)), seen)
    wet = dreamer.dream(seen, PLAIN, desk(8))
    assert np.abs(wet - seen).mean() > 2 * PLAIN.step_size


def test_half_the_amount_lies_half_way(dreamer: Dreamer) -> None:
    seen = picture()
    whole = dreamer.dream(seen, PLAIN, desk(8))
    dreamer.reset()
    half = dreamer.dream(seen, replace(PLAIN, amount=0.5), desk(8))
    np.testing.assert_allclose(half, (seen + whole) / 2, atol=1e-6)


def test_closed_strips_leave_the_picture(dreamer: Dreamer, numbers: Numbers) -> None:
    np.testing.assert_array_equal(dreamer.dream(picture(), Dream(), CLOSED), picture())
    assert not numbers.steps


def test_closing_every_strip_lets_the_dream_fade(dreamer: Dreamer) -> None:
    seen = picture()
    dreamed = dreamer.dream(seen, PLAIN, desk(8))
    faded = dreamer.dream(seen, PLAIN, CLOSED)
    np.testing.assert_allclose(faded - seen, PLAIN.memory * (dreamed - seen), atol=1e-6)


def test_a_dream_moves_with_what_moves(dreamer: Dreamer) -> None:
    seen, right, down = picture(), 3, 2
    before = dreamer.dream(seen, PLAIN, desk(8)) - seen
    after = dreamer.dream(seen, PLAIN, CLOSED, shift(-right, -down)) - seen
    np.testing.assert_allclose(
        after[down:, right:], PLAIN.memory * before[:-down, :-right], atol=1e-6
    )


def test_the_dream_is_carried_by_its_own_zoom_too(dreamer: Dreamer) -> None:
    growing = replace(PLAIN, zoom=1.0)
    seen = np.full((*SIZE, 3), 0.5, np.float32)
    before = dreamer.dream(seen, growing, desk(8)) - seen
    after = dreamer.dream(seen, growing, CLOSED, seconds=0.25) - seen
    assert np.abs(after - growing.memory * before).mean() > 0.1 * np.abs(before).mean()


def test_a_picture_of_another_size_carries_the_dream_on(dreamer: Dreamer) -> None:
    small, large = picture((32, 48)), picture((64, 96))
    before = dreamer.dream(small, PLAIN, desk(8)) - small
    halved = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])
    after = dreamer.dream(large, PLAIN, CLOSED, halved) - large
    np.testing.assert_allclose(after[::2, ::2], PLAIN.memory * before, atol=1e-6)


def test_a_picture_of_another_shape_needs_no_telling(dreamer: Dreamer) -> None:
    for size in ((32, 48), (64, 32), (16, 16), (96, 160)):
        dreamed = dreamer.dream(picture(size), Dream(), desk(8))
        assert dreamed.shape == (*size, 3)
        assert np.isfinite(dreamed).all()


def test_a_step_that_is_no_number_is_counted_and_the_dream_starts_anew(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    first = dreamer.dream(picture(), PLAIN, desk(8))
    numbers.times = np.nan
    np.testing.assert_array_equal(dreamer.dream(picture(), PLAIN, desk(8)), picture())
    numbers.times = 1.0
    np.testing.assert_array_equal(dreamer.dream(picture(), PLAIN, desk(8)), first)
    assert dreamer.reseeded == 1


def test_the_same_seed_dreams_the_same_dream(dreamer: Dreamer) -> None:
    one, other = (Dreamer(dreamer._steps, seed=3) for _ in range(2))
    assert one.awake(FALLBACK)
    assert other.awake(FALLBACK)
    for _ in range(3):
        dreamed = one.dream(picture(), Dream(), desk(8))
        np.testing.assert_array_equal(other.dream(picture(), Dream(), desk(8)), dreamed)
