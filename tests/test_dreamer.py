from dataclasses import replace

import numpy as np
import pytest
from doubles import Numbers, Shelf, steps_of, until

from engine.ascent import octave_sizes, rolled
from engine.dream import STRIPS, Dream, Strip
from engine.dreamer import CALM, Dreamer
from engine.flow import Motion
from engine.frame import Array
from engine.gradient import FREE
from engine.networks import NETWORKS
from engine.steps import FALLBACK

SIZE = (48, 64)
STOPS = NETWORKS[FALLBACK].stops
CLOSED = (Strip(),) * STRIPS
PLAIN = Dream(octaves=1, jitter=0, anchor=0.0, memory=0.9)


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def dreamer(numbers: Numbers, shelf: Shelf) -> Dreamer:
    return Dreamer(steps_of(numbers, shelf=shelf))


def dreamed(
    dreamer: Dreamer,
    seen: Array,
    dream: Dream = PLAIN,
    strips: tuple[Strip, ...] | None = None,
    way: Array | None = None,
    **more: object,
) -> Array:
    """One frame, once every step that it asks for is there."""
    desk_now = desk(8) if strips is None else strips
    settled(dreamer, dream, desk_now, seen.shape[:2])
    still = np.eye(2, 3) if way is None else way
    return dreamer.dream(seen, dream, desk_now, still, **more)  # type: ignore[arg-type]


def settled(
    dreamer: Dreamer, dream: Dream, strips: tuple[Strip, ...], size: tuple[int, ...]
) -> None:
    """Asks until all that is asked for is compiled."""

    def there() -> bool:
        if not dreamer.awake(dream, strips, (size[0], size[1])):
            return False
        steps = dreamer._steps
        return dreamer.network == dream.network and all(
            build in steps.stock for build in steps._builds if build.network == dream.network
        )

    until(there)


def desk(number: int, gain: float = 1.0) -> tuple[Strip, ...]:
    """Strip ``number`` open, and the others closed."""
    return (*CLOSED[: number - 1], Strip(gain=gain), *CLOSED[number:])


def picture(size: tuple[int, int] = SIZE) -> Array:
    values = np.random.default_rng(1).uniform(0.3, 0.7, (*size, 3))
    return np.asarray(values, np.float32)


def shift(x: float, y: float) -> Array:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def wish(network: str) -> Dream:
    return replace(PLAIN, network=network)


def wakes(dreamer: Dreamer, network: str, strips: tuple[Strip, ...] = CLOSED) -> bool:
    return dreamer.awake(wish(network), strips, SIZE)


def test_there_is_nothing_to_dream_with_until_a_step_is_compiled(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    gate = numbers.gate("compile bestiary")
    assert not wakes(dreamer, FALLBACK)
    gate.set()
    until(lambda: wakes(dreamer, FALLBACK))
    assert dreamer.network == FALLBACK


def test_while_a_network_is_downloaded_the_embedded_one_dreams(
    dreamer: Dreamer, shelf: Shelf
) -> None:
    shelf.far.add("vgg16")
    gate = shelf.gate("load vgg16")
    until(lambda: wakes(dreamer, "vgg16"))
    assert dreamer.network == FALLBACK
    gate.set()
    until(lambda: wakes(dreamer, "vgg16") and dreamer.network == "vgg16")


def test_what_ends_the_loading_thread_is_raised_in_the_loop(dreamer: Dreamer, shelf: Shelf) -> None:
    shelf.error = MemoryError("no memory left")
    with pytest.raises(MemoryError, match="no memory left"):
        until(lambda: wakes(dreamer, FALLBACK))


@pytest.mark.parametrize("number", range(1, STRIPS + 1))
def test_only_the_network_down_to_the_deepest_open_strip_runs(
    dreamer: Dreamer, numbers: Numbers, number: int
) -> None:
    dreamed(dreamer, picture(), strips=desk(number, gain=-0.1))
    assert numbers.steps == [(FALLBACK, STOPS[number - 1], SIZE)]


def test_a_strip_that_opens_finds_its_layer_there(dreamer: Dreamer, numbers: Numbers) -> None:
    for _ in range(CALM + 2):
        settled(dreamer, PLAIN, desk(2), SIZE)
    dreamed(dreamer, picture(), strips=desk(2))
    numbers.gate(f"compile {FALLBACK}")
    dreamer.dream(picture(), PLAIN, desk(6))
    assert numbers.steps[-1] == (FALLBACK, STOPS[-1], SIZE)


def test_a_size_that_is_not_there_yet_is_dreamed_at_the_nearest(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    dreamed(dreamer, picture())
    numbers.gate(f"compile {FALLBACK}")
    seen = picture((64, 96))
    assert dreamer.awake(PLAIN, desk(8), (64, 96))
    larger = dreamer.dream(seen, PLAIN, desk(8))
    assert numbers.steps[-1][2] == SIZE
    assert larger.shape == seen.shape
    assert np.abs(larger - seen).mean() > 0.1 * PLAIN.step_size


def test_any_layer_may_be_put_on_a_strip(dreamer: Dreamer, numbers: Numbers) -> None:
    strips = (Strip(gain=1.0, layer="c5b"), *CLOSED[1:])
    dreamed(dreamer, picture(), strips=strips)
    assert numbers.steps[-1][1] == "c5b"


def test_a_layer_of_another_network_leaves_a_strip_on_its_stop(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    dreamed(dreamer, picture(), strips=(Strip(gain=1.0, layer="mixed5"), *CLOSED[1:]))
    assert numbers.steps[-1][1] == STOPS[0]


def test_until_a_layer_is_measured_its_strip_stays_on_the_last(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    dreamed(dreamer, picture(), strips=desk(1))
    gate = numbers.gate(f"compile {FALLBACK}")
    strips = (Strip(gain=1.0, layer="p2"), *CLOSED[1:])
    assert dreamer.awake(PLAIN, strips, SIZE)
    dreamer.dream(picture(), PLAIN, strips)
    assert numbers.steps[-1][1] == STOPS[0]
    gate.set()

    def heard() -> bool:
        dreamed(dreamer, picture(), strips=strips)
        return numbers.steps[-1][1] == "p2"

    until(heard)


def test_until_its_step_is_there_a_strip_that_changes_goes_on(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    """Between measured and compiled, too."""
    dreamed(dreamer, picture(), strips=desk(1))
    strips = (Strip(gain=1.0, layer="p2"), *CLOSED[1:])
    dreamer._steps.wish(FALLBACK, (*STOPS[1:], "p2"))
    until(lambda: dreamer._steps.measured(FALLBACK, "p2"))
    gate = numbers.gate(f"compile {FALLBACK}")
    assert dreamer.awake(PLAIN, strips, SIZE)
    before = len(numbers.steps)
    dreamer.dream(picture(), PLAIN, strips)
    assert numbers.steps[before:] == [(FALLBACK, STOPS[0], SIZE)]
    assert numbers.knobs[-1][FREE + 1] == pytest.approx(1.0)
    gate.set()


def test_two_strips_may_share_a_layer(dreamer: Dreamer, numbers: Numbers) -> None:
    one, other = Strip(gain=1.0, layer="c5b", channel=1), Strip(gain=0.5, layer="c5b", channel=2)
    dreamed(dreamer, picture(), strips=(one, other, *CLOSED[2:]))
    assert np.count_nonzero(np.isin(numbers.knobs[-1][FREE + 1 :][:2], [1.0, 0.5])) == 2


def test_a_mask_stays_where_it_is_on_the_picture(dreamer: Dreamer, numbers: Numbers) -> None:
    """However the network sees the picture shifted."""
    strips = (*CLOSED[:7], Strip(gain=1.0, mask=0.5, mask_x=0.2, mask_y=0.4))
    dreamed(dreamer, picture(), replace(PLAIN, jitter=16, draws=6), strips)
    pairs = zip(numbers.knobs[-6:], numbers.shifts[-6:], strict=True)
    back = [rolled(knobs, numbers.taps, (-down, -right), SIZE) for knobs, (down, right) in pairs]
    np.testing.assert_allclose(back, [back[0]] * 6, atol=1e-4)
    assert len({knobs.tobytes() for knobs in numbers.knobs[-6:]}) > 3


def test_while_a_wished_network_loads_the_old_one_dreams(
    dreamer: Dreamer, numbers: Numbers, shelf: Shelf
) -> None:
    dreamed(dreamer, picture())
    gate = shelf.gate("load vgg16")
    assert wakes(dreamer, "vgg16", desk(8))
    dreamer.dream(picture(), wish("vgg16"), desk(8))
    assert numbers.steps[-1][0] == FALLBACK
    gate.set()
    dreamed(dreamer, picture(), wish("vgg16"))
    assert numbers.steps[-1][:2] == ("vgg16", NETWORKS["vgg16"].stops[-1])


def test_a_network_that_was_ready_once_is_there_at_once(
    dreamer: Dreamer, numbers: Numbers, shelf: Shelf
) -> None:
    dreamed(dreamer, picture())
    dreamed(dreamer, picture(), wish("vgg16"))
    assert wakes(dreamer, FALLBACK, desk(8))
    assert dreamer.network == FALLBACK
    assert shelf.loads == [FALLBACK, "vgg16"]


def test_a_network_that_fails_leaves_the_show_on_the_old_one(
    dreamer: Dreamer, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    dreamed(dreamer, picture(), wish("vgg16"))
    shelf.broken.add("densenet121")
    wakes(dreamer, "densenet121")
    until(lambda: bool(dreamer._steps.failures))
    assert wakes(dreamer, "densenet121")
    assert dreamer.network == "vgg16"
    assert "densenet121: expected a file" in caplog.text
    assert "the show goes on without it" in caplog.text


def test_a_first_network_that_fails_leaves_the_embedded_one(dreamer: Dreamer, shelf: Shelf) -> None:
    shelf.broken.add("vgg16")
    until(lambda: wakes(dreamer, "vgg16"))
    assert dreamer.network == FALLBACK
    assert dreamer._steps.failures[0].startswith("weights of vgg16: expected a file")


def test_a_network_that_failed_is_tried_again_when_it_is_wished_for_anew(
    dreamer: Dreamer, shelf: Shelf
) -> None:
    shelf.broken.add("vgg16")
    until(lambda: wakes(dreamer, "vgg16"))
    shelf.broken.clear()
    for _ in range(100):
        wakes(dreamer, "vgg16")  # still the same wish
    wakes(dreamer, FALLBACK)
    until(lambda: wakes(dreamer, "vgg16") and dreamer.network == "vgg16")
    assert shelf.loads.count("vgg16") == 2


def test_a_backend_that_fails_gives_way_to_the_next(numbers: Numbers) -> None:
    other = Numbers()
    other.name = "others"
    dreamer = Dreamer(steps_of(numbers, other))
    dreamed(dreamer, picture())
    numbers.error = OSError("the device is lost")
    assert np.isfinite(dreamer.dream(picture(), PLAIN, desk(8))).all()
    until(lambda: dreamer._steps.backend == "others")
    dreamed(dreamer, picture())
    assert other.steps
    assert "the device is lost" in dreamer._steps.failures[0]


def test_the_last_backend_that_fails_ends_the_player(dreamer: Dreamer, numbers: Numbers) -> None:
    dreamed(dreamer, picture())
    numbers.error = OSError("the device is lost")
    assert np.isfinite(dreamer.dream(picture(), PLAIN, desk(8))).all()
    with pytest.raises(OSError, match="expected a backend that works, received the device is lost"):
        until(lambda: not wakes(dreamer, FALLBACK) and False)


def test_what_compiles_beside_the_loop_stands_in_nobodys_way(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    dreamed(dreamer, picture())
    beside = dreamer._steps.compiled
    numbers.traces["MainThread"] += 3
    assert beside > 0
    assert (dreamer._steps.compiled, dreamer._steps.traces) == (beside, 3)


@pytest.mark.parametrize("units", [1, 2, 3])
def test_steps_that_a_frame_leaves_out_come_first_in_the_next(
    dreamer: Dreamer, numbers: Numbers, units: int
) -> None:
    settings = replace(PLAIN, octaves=3)
    seen = picture((96, 128))
    for _ in range(3):
        dreamed(dreamer, seen, settings, units=units)
    sizes = octave_sizes((96, 128), settings, NETWORKS[FALLBACK].least)
    taken = [size for _, _, size in numbers.steps]
    assert taken == [sizes[n % len(sizes)] for n in range(3 * units)]


def test_noise_is_new_for_every_draw(dreamer: Dreamer, numbers: Numbers) -> None:
    grey = np.full((*SIZE, 3), 0.5, np.float32)
    dreamed(dreamer, grey, replace(PLAIN, noise=0.1, draws=3))
    assert len(set(numbers.ranges)) == 3


def test_every_draw_is_a_gradient_and_all_of_them_one_step(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    dreamed(dreamer, picture(), replace(PLAIN, draws=3))
    assert len(numbers.steps) == 3
    assert numbers.climbs == 1


def test_another_scene_forgets_what_is_carried(dreamer: Dreamer) -> None:
    first = dreamed(dreamer, picture())
    dreamed(dreamer, picture())
    np.testing.assert_array_equal(dreamed(dreamer, picture(), motion=Motion(cut=True)), first)
    assert dreamer.cuts == 1


def test_a_dream_follows_what_moves_in_the_picture(dreamer: Dreamer) -> None:
    seen, right = picture(), 3
    before = dreamed(dreamer, seen) - seen
    flow = np.full((*SIZE, 2), (-right, 0.0), np.float32)
    after = dreamed(dreamer, seen, PLAIN, CLOSED, motion=Motion(flow)) - seen
    np.testing.assert_allclose(after[:, right:], PLAIN.memory * before[:, :-right], atol=1e-5)


@pytest.mark.parametrize("octaves", [1, 2, 4])
@pytest.mark.parametrize("steps", [1, 3])
def test_every_octave_takes_its_steps_the_smallest_first(
    dreamer: Dreamer, numbers: Numbers, octaves: int, steps: int
) -> None:
    settings = Dream(octaves=octaves, steps=steps)
    dreamed(dreamer, picture((128, 256)), settings, desk(8))
    sizes = octave_sizes((128, 256), settings, NETWORKS[FALLBACK].least)
    assert [size for _, _, size in numbers.steps] == [size for size in sizes for _ in range(steps)]


def test_what_a_small_octave_dreams_is_added_to_the_whole(dreamer: Dreamer) -> None:
    one = dreamed(dreamer, picture((64, 128)), PLAIN, desk(8))
    dreamer.reset()
    two = dreamed(dreamer, picture((64, 128)), replace(PLAIN, octaves=2), desk(8))
    assert np.abs(two - one).mean() > 0.1 * PLAIN.step_size


def test_a_small_octave_takes_nothing_from_the_picture(dreamer: Dreamer) -> None:
    resting = Dream(step_size=0.0, octaves=4)
    np.testing.assert_array_equal(dreamed(dreamer, picture(), resting, desk(8)), picture())


def test_a_dream_grows_over_the_frames(dreamer: Dreamer) -> None:
    seen = picture()
    lengths = [np.abs(dreamed(dreamer, seen, PLAIN, desk(8)) - seen).mean() for _ in range(5)]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 3 * lengths[0] > 0


@pytest.mark.parametrize("anchor", [0.0, 0.3, 1.0])
def test_a_dream_stays_a_picture_for_ever(dreamer: Dreamer, anchor: float) -> None:
    wild = Dream(step_size=0.2, memory=0.99, anchor=anchor, zoom=1.0, spin=180.0, octaves=2)
    seen = picture((32, 48))
    for _ in range(500):
        result = dreamed(dreamer, seen, wild, desk(8), shift(0.5, -0.25), seconds=0.02)
        assert 0.0 <= result.min() <= result.max() <= 1.0
    assert (result.shape, dreamer.reseeded) == (seen.shape, 0)
    assert result.dtype == np.float32


def test_every_step_of_every_octave_is_given_a_picture(dreamer: Dreamer, numbers: Numbers) -> None:
    hard = np.asarray(picture((128, 128)) > 0.5, np.float32)
    for _ in range(3):
        dreamed(dreamer, hard, Dream(octaves=4, steps=2, step_size=0.2, memory=0.99), desk(8))
    assert all(0.0 <= low <= high <= 1.0 for low, high in numbers.ranges)


def test_a_still_picture_keeps_evolving(dreamer: Dreamer) -> None:
    frames = [dreamed(dreamer, picture(), Dream(), desk(8)) for _ in range(100)]
    assert all(np.abs(frames[n] - frames[n - 1]).mean() > 0.001 for n in range(90, 100))


def test_without_memory_every_frame_starts_anew(dreamer: Dreamer) -> None:
    forgetful = replace(PLAIN, memory=0.0)
    first = dreamed(dreamer, picture(), forgetful, desk(8))
    np.testing.assert_array_equal(dreamed(dreamer, picture(), forgetful, desk(8)), first)


def test_a_reset_forgets_what_is_carried(dreamer: Dreamer) -> None:
    first = dreamed(dreamer, picture(), PLAIN, desk(8))
    second = dreamed(dreamer, picture(), PLAIN, desk(8))
    dreamer.reset()
    assert np.abs(second - first).max() > 0.01
    np.testing.assert_array_equal(dreamed(dreamer, picture(), PLAIN, desk(8)), first)


def test_no_amount_is_the_camera_and_the_dream_goes_on_behind_it(dreamer: Dreamer) -> None:
    seen = picture()
    dry = replace(PLAIN, amount=0.0)
    for _ in range(3):
        np.testing.assert_array_equal(dreamed(dreamer, seen, dry, desk(8)), seen)
    wet = dreamed(dreamer, seen, PLAIN, desk(8))
    assert np.abs(wet - seen).mean() > 2 * PLAIN.step_size


def test_half_the_amount_lies_half_way(dreamer: Dreamer) -> None:
    seen = picture()
    whole = dreamed(dreamer, seen, PLAIN, desk(8))
    dreamer.reset()
    half = dreamed(dreamer, seen, replace(PLAIN, amount=0.5), desk(8))
    np.testing.assert_allclose(half, (seen + whole) / 2, atol=1e-6)


def test_closed_strips_leave_the_picture(dreamer: Dreamer, numbers: Numbers) -> None:
    np.testing.assert_array_equal(dreamed(dreamer, picture(), Dream(), CLOSED), picture())
    assert not numbers.steps


def test_closing_every_strip_lets_the_dream_fade(dreamer: Dreamer) -> None:
    seen = picture()
    result = dreamed(dreamer, seen, PLAIN, desk(8))
    faded = dreamed(dreamer, seen, PLAIN, CLOSED)
    np.testing.assert_allclose(faded - seen, PLAIN.memory * (result - seen), atol=1e-6)


def test_a_dream_moves_with_what_moves(dreamer: Dreamer) -> None:
    seen, right, down = picture(), 3, 2
    before = dreamed(dreamer, seen, PLAIN, desk(8)) - seen
    after = dreamed(dreamer, seen, PLAIN, CLOSED, shift(-right, -down)) - seen
    np.testing.assert_allclose(
        after[down:, right:], PLAIN.memory * before[:-down, :-right], atol=1e-6
    )


def test_the_dream_is_carried_by_its_own_zoom_too(dreamer: Dreamer) -> None:
    growing = replace(PLAIN, zoom=1.0)
    seen = np.full((*SIZE, 3), 0.5, np.float32)
    before = dreamed(dreamer, seen, growing, desk(8)) - seen
    after = dreamed(dreamer, seen, growing, CLOSED, seconds=0.25) - seen
    assert np.abs(after - growing.memory * before).mean() > 0.1 * np.abs(before).mean()


def test_a_picture_of_another_size_carries_the_dream_on(dreamer: Dreamer) -> None:
    small, large = picture((32, 48)), picture((64, 96))
    before = dreamed(dreamer, small, PLAIN, desk(8)) - small
    halved = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])
    after = dreamed(dreamer, large, PLAIN, CLOSED, halved) - large
    np.testing.assert_allclose(after[::2, ::2], PLAIN.memory * before, atol=1e-6)


def test_a_picture_of_another_shape_needs_no_telling(dreamer: Dreamer) -> None:
    for size in ((32, 48), (64, 32), (16, 16), (96, 160)):
        result = dreamed(dreamer, picture(size), Dream(), desk(8))
        assert result.shape == (*size, 3)
        assert np.isfinite(result).all()


def test_a_step_that_is_no_number_is_counted_and_the_dream_starts_anew(
    dreamer: Dreamer, numbers: Numbers
) -> None:
    first = dreamed(dreamer, picture(), PLAIN, desk(8))
    numbers.times = np.nan
    np.testing.assert_array_equal(dreamed(dreamer, picture(), PLAIN, desk(8)), picture())
    numbers.times = 1.0
    np.testing.assert_array_equal(dreamed(dreamer, picture(), PLAIN, desk(8)), first)
    assert dreamer.reseeded == 1


def test_the_same_seed_dreams_the_same_dream(dreamer: Dreamer) -> None:
    one, other = (Dreamer(dreamer._steps, seed=3) for _ in range(2))
    for _ in range(3):
        result = dreamed(one, picture(), Dream())
        np.testing.assert_array_equal(dreamed(other, picture(), Dream()), result)


def test_a_layer_that_the_network_does_not_have_is_told_once(
    dreamer: Dreamer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        wakes(dreamer, FALLBACK, (Strip(layer="mixed5"), *CLOSED[1:]))
    assert caplog.text.count("bestiary has no layer mixed5: its stop is dreamed") == 1
