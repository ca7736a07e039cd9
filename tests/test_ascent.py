import itertools

import numpy as np
import pytest

from engine.ascent import GRAIN, anchored, feedback, knobs, octave_sizes, resized, warped
from engine.dream import OBJECTIVES, STRIPS, Dream, Strip
from engine.frame import Array
from engine.networks import NETWORKS

SIZES = [(64, 64), (144, 256), (256, 144), (32, 512), (576, 1024)]
SCALES = [1.1, 1.4, 2.0]
LEASTS = sorted({network.least for network in NETWORKS.values()})
CLOSED = (Strip(),) * (STRIPS - 1)
STILL = np.eye(2, 3)
MIDDLE = np.array([(65 - 1) / 2, (33 - 1) / 2])  # (x, y) of a picture 33 high and 65 wide


def noise(height: int, width: int) -> Array:
    values = np.random.default_rng(7).uniform(-1.0, 1.0, (height, width, 3))
    return np.asarray(values, np.float32)


def followed(matrix: Array, pixel: Array) -> Array:
    return np.asarray(matrix @ [*pixel, 1.0])


def composed(outer: Array, inner: Array) -> Array:
    whole = np.vstack([outer, [0, 0, 1]]) @ np.vstack([inner, [0, 0, 1]])
    return np.asarray(whole[:2])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("octaves", range(1, 5))
@pytest.mark.parametrize("least", LEASTS)
def test_octaves_grow_on_the_grain_to_the_size_itself(
    size: tuple[int, int], scale: float, octaves: int, least: int
) -> None:
    sizes = octave_sizes(size, Dream(octaves=octaves, octave_scale=scale), least)
    assert sizes[-1] == size
    assert 1 <= len(sizes) <= octaves
    assert all(side % GRAIN == 0 for octave in sizes for side in octave)
    assert all(min(octave) >= least for octave in sizes[:-1])
    for smaller, larger in itertools.pairwise(sizes):
        assert smaller != larger
        assert smaller[0] <= larger[0]
        assert smaller[1] <= larger[1]


def test_an_octave_is_smaller_by_its_scale() -> None:
    dream = Dream(octaves=3, octave_scale=2.0)
    assert octave_sizes((128, 256), dream, least=32) == [(32, 64), (64, 128), (128, 256)]


def test_a_slowly_opened_fader_fades_its_layer_in() -> None:
    dream = Dream(step_size=0.1)
    steps = [knobs(dream, (Strip(gain=gain), *CLOSED)).step_size for gain in (0.0, 0.25, 1.0)]
    assert steps == pytest.approx([0.0, 0.025, 0.1])


def test_the_loudest_open_strip_sets_the_step() -> None:
    desk = (Strip(gain=0.25), Strip(gain=-0.5), Strip(gain=1.0, mute=True), *CLOSED[2:])
    assert knobs(Dream(step_size=0.1), desk).step_size == pytest.approx(0.05)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_knobs_are_what_the_strips_and_the_dream_say(objective: str) -> None:
    desk = tuple(Strip(gain=n / 8, channel=n * 10, spread=n) for n in range(STRIPS))
    turned = knobs(Dream(objective=objective, smoothing=0.25), desk)
    np.testing.assert_array_equal(turned.gains, [n / 8 for n in range(STRIPS)])
    np.testing.assert_array_equal(turned.channels, [n * 10 for n in range(STRIPS)])
    np.testing.assert_array_equal(turned.spreads, list(range(STRIPS)))
    assert OBJECTIVES[turned.objective] == objective
    assert turned.smoothing == 0.25


@pytest.mark.parametrize(("zoom", "spin", "seconds"), [(0.0, 0.0, 5.0), (0.7, 90.0, 0.0)])
def test_no_turn_or_no_time_leaves_every_pixel_where_it_is(
    zoom: float, spin: float, seconds: float
) -> None:
    np.testing.assert_allclose(feedback((33, 65), Dream(zoom=zoom, spin=spin), seconds), STILL)


@pytest.mark.parametrize(("zoom", "distance"), [(1.0, 0.5), (-1.0, 2.0), (0.5, 2**-0.5)])
def test_a_growing_dream_looks_nearer_to_the_middle(zoom: float, distance: float) -> None:
    matrix = feedback((33, 65), Dream(zoom=zoom), seconds=1.0)
    away = np.array([8, 4])
    np.testing.assert_allclose(followed(matrix, MIDDLE + away), MIDDLE + away * distance)


def test_a_spin_turns_the_dream_clockwise_round_the_middle() -> None:
    matrix = feedback((33, 65), Dream(spin=90.0), seconds=1.0)
    right, up = np.array([8, 0]), np.array([0, -8])
    np.testing.assert_allclose(followed(matrix, MIDDLE + right), MIDDLE + up, atol=1e-9)
    np.testing.assert_allclose(followed(matrix, MIDDLE), MIDDLE)


def test_twice_half_a_second_is_once_a_second() -> None:
    dream = Dream(zoom=0.6, spin=-50.0)
    half, whole = (feedback((33, 65), dream, seconds) for seconds in (0.5, 1.0))
    np.testing.assert_allclose(composed(half, half), whole, atol=1e-9)


def test_what_lay_at_the_looked_up_pixel_is_seen() -> None:
    picture = noise(16, 32)
    right, down = 3, 2
    seen = warped(picture, np.array([[1.0, 0, right], [0, 1.0, down]]), (16, 32))
    np.testing.assert_allclose(seen[:-down, :-right], picture[down:, right:], atol=1e-6)


def test_a_warp_fills_any_size_to_its_edges() -> None:
    seen = warped(np.full((16, 32, 3), 0.7, np.float32), feedback((48, 64), Dream(), 0.0), (48, 64))
    np.testing.assert_allclose(seen, np.full((48, 64, 3), 0.7))


def test_broad_light_is_taken_away() -> None:
    light = np.full((64, 96, 3), (0.4, -0.1, 0.2), np.float32)
    np.testing.assert_allclose(anchored(light, 1.0), 0.0, atol=1e-6)
    np.testing.assert_allclose(anchored(light, 0.3), 0.7 * light, atol=1e-6)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_patterns_stay(width: int) -> None:
    rows, columns = np.indices((64, 96)) // width
    checks = np.repeat(((rows + columns) % 2 * 2.0 - 1.0)[..., None], 3, axis=2).astype(np.float32)
    np.testing.assert_allclose(anchored(checks, 1.0), checks, atol=1e-6)


def test_no_anchor_changes_nothing() -> None:
    np.testing.assert_array_equal(anchored(noise(32, 48), 0.0), noise(32, 48))


@pytest.mark.parametrize("size", SIZES)
def test_a_resized_picture_has_the_size_asked_for_and_its_colour(size: tuple[int, int]) -> None:
    seen = resized(np.full((128, 128, 3), (0.2, 0.5, 0.8), np.float32), size)
    assert seen.shape == (*size, 3)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen - (0.2, 0.5, 0.8), 0.0, atol=1e-6)


def test_the_same_size_is_the_same_picture() -> None:
    picture = noise(32, 48)
    assert resized(picture, (32, 48)) is picture


def test_a_smaller_picture_averages_what_it_leaves_out() -> None:
    picture = noise(64, 64)
    blocks = picture.reshape(4, 16, 4, 16, 3).mean((1, 3))
    np.testing.assert_allclose(resized(picture, (4, 4)), blocks, atol=1e-5)
