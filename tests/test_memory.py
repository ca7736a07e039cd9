import numpy as np
import pytest

from engine.dream import Dream
from engine.frame import Array
from engine.memory import STILL, after, anchored, feedback, resized, warped

SIZES = [(64, 64), (144, 256), (256, 144), (32, 512), (576, 1024)]
MIDDLE = np.array([(65 - 1) / 2, (33 - 1) / 2])  # (x, y) of a picture 33 high and 65 wide
MOVES = [(3, 0), (0, 2), (-4, 1), (2.5, -1.5)]  # right, down


def noise(height: int, width: int, channels: int = 3) -> Array:
    values = np.random.default_rng(7).uniform(-1.0, 1.0, (height, width, channels))
    return np.asarray(values, np.float32)


def slopes(height: int, width: int) -> Array:
    """Where each pixel is: x, y, 0."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, 0 * x], axis=-1).astype(np.float32)


def everywhere(height: int, width: int, move: tuple[float, float]) -> Array:
    """The flow that says: what is here was at ``move`` from here."""
    return np.full((height, width, 2), move, np.float32)


def followed(matrix: Array, pixel: Array) -> Array:
    return np.asarray(matrix @ [*pixel, 1.0])


@pytest.mark.parametrize(
    ("dream", "seconds"),
    [(Dream(), 5.0), (Dream(zoom=0.7, spin=90.0, shift_x=0.3, shift_y=-1.0), 0.0)],
)
def test_no_turn_or_no_time_leaves_every_pixel_where_it_is(dream: Dream, seconds: float) -> None:
    np.testing.assert_allclose(feedback((33, 65), dream, seconds), STILL)


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


def test_a_drift_is_in_widths_to_the_right_and_in_heights_down() -> None:
    matrix = feedback((32, 64), Dream(shift_x=0.25, shift_y=-0.5), seconds=0.5)
    np.testing.assert_allclose(followed(matrix, np.array([20, 10])), [20 - 8, 10 + 8])


def test_a_drift_carries_the_dream_to_the_right_and_down() -> None:
    picture = noise(32, 64)
    matrix = feedback((32, 64), Dream(shift_x=0.125, shift_y=0.25), seconds=1.0)
    seen = warped(picture, matrix, (32, 64))
    np.testing.assert_allclose(seen[8:, 8:], picture[:-8, :-8], atol=1e-5)


@pytest.mark.parametrize("dream", [Dream(zoom=0.6), Dream(spin=170.0)])
def test_a_drift_goes_the_same_way_while_the_dream_grows_or_turns(dream: Dream) -> None:
    drifts = Dream(zoom=dream.zoom, spin=dream.spin, shift_x=0.1)
    matrix = feedback((33, 65), drifts, seconds=1.0)
    np.testing.assert_allclose(followed(matrix, MIDDLE + np.array([6.5, 0])), MIDDLE, atol=1e-9)


def test_twice_half_a_second_is_once_a_second() -> None:
    dream = Dream(zoom=0.6, spin=-50.0)
    half, whole = (feedback((33, 65), dream, seconds) for seconds in (0.5, 1.0))
    np.testing.assert_allclose(after(half, half), whole, atol=1e-9)


def test_what_comes_after_comes_after() -> None:
    first, second = np.array([[2.0, 0, 1], [0, 3, 0]]), np.array([[1.0, 0, 5], [0, 1, -2]])
    pixel = np.array([7, 11])
    expected = followed(first, followed(second, pixel))
    np.testing.assert_allclose(followed(after(first, second), pixel), expected)


def test_standing_still_before_or_after_changes_nothing() -> None:
    turn = feedback((33, 65), Dream(spin=30.0, shift_x=0.2), 1.0)
    np.testing.assert_allclose(after(turn, STILL), turn)
    np.testing.assert_allclose(after(STILL, turn), turn)


def test_what_lay_at_the_looked_up_pixel_is_seen() -> None:
    picture = noise(16, 32)
    right, down = 3, 2
    seen = warped(picture, np.array([[1.0, 0, right], [0, 1.0, down]]), (16, 32))
    np.testing.assert_allclose(seen[:-down, :-right], picture[down:, right:], atol=1e-6)


def test_nothing_that_moves_is_the_same_picture() -> None:
    picture = noise(16, 32)
    assert warped(picture, STILL, (16, 32)) is picture


@pytest.mark.parametrize("flow", [None, everywhere(48, 64, (1.0, -2.0))])
def test_a_warp_fills_any_size_to_its_edges(flow: Array | None) -> None:
    grey = np.full((16, 32, 3), 0.7, np.float32)
    seen = warped(grey, feedback((48, 64), Dream(), 0.0), (48, 64), flow)
    np.testing.assert_allclose(seen, np.full((48, 64, 3), 0.7))


@pytest.mark.parametrize("move", MOVES)
def test_what_moved_everywhere_brings_the_dream_along(move: tuple[float, float]) -> None:
    seen = warped(slopes(24, 40), STILL, (24, 40), everywhere(24, 40, move))
    expected = slopes(24, 40) + np.array([*move, 0])
    np.testing.assert_allclose(seen[5:-5, 5:-5], expected[5:-5, 5:-5], atol=1e-5)


def test_what_moved_in_one_half_leaves_the_other() -> None:
    picture, flow = noise(16, 32), everywhere(16, 32, (0, 0))
    flow[:, 16:] = (-2, 0)
    seen = warped(picture, STILL, (16, 32), flow)
    np.testing.assert_array_equal(seen[:, :16], picture[:, :16])
    np.testing.assert_array_equal(seen[:, 16:], picture[:, 14:30])


def test_a_flow_of_nothing_is_the_warp_without() -> None:
    picture, turn = noise(24, 40), feedback((24, 40), Dream(zoom=0.4, spin=20.0), 1.0)
    still = warped(picture, turn, (24, 40), everywhere(24, 40, (0, 0)))
    np.testing.assert_allclose(still, warped(picture, turn, (24, 40)), atol=0.1)
    np.testing.assert_allclose(np.mean(still), np.mean(warped(picture, turn, (24, 40))), atol=1e-3)


@pytest.mark.parametrize("move", MOVES)
def test_a_flow_is_in_pixels_of_the_result_whatever_comes_after(move: tuple[float, float]) -> None:
    """A place is first moved by its flow, then looked up where the affine says."""
    matrix = feedback((24, 40), Dream(zoom=0.5, spin=10.0), 1.0)
    seen = warped(slopes(48, 80), after(matrix, STILL), (24, 40), everywhere(24, 40, move))
    for x, y in [(12, 9), (20, 12), (30, 14)]:
        np.testing.assert_allclose(
            seen[y, x, :2], followed(matrix, np.array([x, y]) + move), atol=0.05
        )


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
@pytest.mark.parametrize("channels", [2, 3])
def test_a_resized_picture_has_the_size_asked_for_and_its_colour(
    size: tuple[int, int], channels: int
) -> None:
    colour = (0.2, 0.5, 0.8)[:channels]
    seen = resized(np.full((128, 128, channels), colour, np.float32), size)
    assert seen.shape == (*size, channels)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen - colour, 0.0, atol=1e-6)


def test_the_same_size_is_the_same_picture() -> None:
    picture = noise(32, 48)
    assert resized(picture, (32, 48)) is picture


def test_a_smaller_picture_averages_what_it_leaves_out() -> None:
    picture = noise(64, 64)
    blocks = picture.reshape(4, 16, 4, 16, 3).mean((1, 3))
    np.testing.assert_allclose(resized(picture, (4, 4)), blocks, atol=1e-5)
