from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest

from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import (
    TURN,
    cells,
    ellipse,
    flowing,
    fraction,
    hashed,
    hexagonal,
    hexagons,
    polar,
    remainder,
    rounded,
    sector,
    segment,
    turning,
)
from engine.bestiary.names import NAMES
from engine.bestiary.patterns import PATTERNS, picture
from engine.bestiary.pictures import SIDE, blend, mixed, moved, painted, rising
from engine.bestiary.plates import coordinates, copies
from engine.bestiary.strokes import dot, fill, trace
from engine.frame import Array


@cache
def eight(name: str) -> list[Array]:
    return [picture(name, seed) for seed in range(8)]


every_class = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def hand() -> Hand:
    return Hand(3)


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_every_name_has_its_pattern_and_every_pattern_its_name() -> None:
    assert sorted(PATTERNS) == list(NAMES)


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(LookupError, match=r"no pattern 'unicorns'; there are .*cats.*zebra"):
        picture("unicorns", 0)


@every_class
def test_a_seed_draws_the_same_whatever_else_is_random_or_parallel(
    name: str, threads: None
) -> None:
    first = eight(name)[5]
    np.random.seed(7)
    cv2.setNumThreads(1)
    np.testing.assert_array_equal(picture(name, 5), first)


@every_class
def test_seeds_draw_different_pictures_and_none_of_them_nearly_empty(name: str) -> None:
    assert {(drawn.shape, drawn.dtype.name) for drawn in eight(name)} == {((64, 64, 3), "uint8")}
    assert len({drawn.tobytes() for drawn in eight(name)}) == 8
    contrasts = [drawn.std() for drawn in eight(name)]
    assert min(contrasts) > 8
    assert np.mean(contrasts) > 25


def test_two_hands_of_one_seed_draw_the_same() -> None:
    np.testing.assert_array_equal(Hand(8).background(), Hand(8).background())
    assert not np.array_equal(Hand(8).clouds(), Hand(9).clouds())


def test_chance_stays_in_its_range_and_reaches_both_ends(hand: Hand) -> None:
    assert {hand.whole(2, 4) for _ in range(99)} == {2, 3, 4}
    assert {hand.sign() for _ in range(99)} == {-1, 1}
    assert all(-1 <= hand.between(-1, 3) <= 3 for _ in range(99))
    assert all(0 <= hand.angle() < TURN for _ in range(99))
    assert all(0.5 <= value <= 0.75 for value in hand.many(99, 0.5, 0.75))


def test_a_ratio_is_as_often_in_one_octave_as_in_the_next(hand: Hand) -> None:
    ratios = [hand.ratio(1, 4) for _ in range(999)]
    assert 1 <= min(ratios) < max(ratios) <= 4
    assert 0.45 < np.mean(np.array(ratios) < 2) < 0.55


def test_chance_is_as_probable_as_it_is_told(hand: Hand) -> None:
    assert not any(hand.chance(0) for _ in range(99))
    assert all(hand.chance(1) for _ in range(99))
    assert 0.25 < np.mean([hand.chance(0.3) for _ in range(999)]) < 0.35


@pytest.mark.parametrize("seed", range(8))
def test_a_plane_has_as_many_cells_across_as_promised(seed: int) -> None:
    u, v = Hand(seed).plane(3, 6, warp=0, stretch=0)
    step = 2 / SIDE
    per_unit = np.hypot(u[0, 1] - u[0, 0], u[1, 0] - u[0, 0]) / step
    assert 3 <= 2 * per_unit * 1.001 <= 6.01
    assert per_unit == pytest.approx(np.hypot(v[0, 1] - v[0, 0], v[1, 0] - v[0, 0]) / step, 0.01)


def test_contrasting_colours_can_be_told_apart_by_their_lightness() -> None:
    for seed in range(30):
        first, second = Hand(seed).contrasting()
        assert abs(first.max() - second.max()) > 0.2


@pytest.mark.parametrize("seed", range(8))
def test_colours_and_backgrounds_are_pictures_of_what_can_be_shown(seed: int) -> None:
    hand = Hand(seed)
    assert hand.background().shape == (SIDE, SIDE, 3)
    for colours in (hand.palette(7), hand.colour(), hand.ramp()(np.linspace(-1, 2, 9))):
        assert colours.shape[-1] == 3
        assert 0 <= colours.min() <= colours.max() <= 1


def test_noise_has_about_unit_variance() -> None:
    spread = [Hand(seed).clouds().std() for seed in range(20)]
    assert 0.5 < np.mean(spread) < 1.5


def test_nothing_is_farther_from_its_hexagon_than_its_corner(hand: Hand) -> None:
    x, y, i, j = hexagons(hand.x * 5, hand.y * 5)
    assert np.hypot(x, y).max() < 0.58
    assert hexagonal(x, y).max() < 0.5001
    np.testing.assert_array_equal(i, np.round(i))
    np.testing.assert_array_equal(j, np.round(j))


@pytest.mark.parametrize("count", [2, 5, 12])
def test_a_sector_is_a_part_of_a_turn_about_0(count: int, hand: Hand) -> None:
    _, angle = polar(hand.x, hand.y)
    fold = sector(angle, count)
    assert np.abs(fold).max() < np.pi / count + 1e-5
    np.testing.assert_allclose(np.cos(count * fold), np.cos(count * angle), atol=1e-4)


@pytest.mark.parametrize("turn", [0.0, 0.7])
def test_an_ellipse_is_1_on_its_edge_and_0_in_its_middle(turn: float) -> None:
    around = np.linspace(0, TURN, 50)
    edge = np.stack([np.cos(around) * 0.4, np.sin(around) * 0.2], 1) @ turning(turn)
    measured = ellipse(edge[:, 0] + 0.1, edge[:, 1] - 0.3, 0.1, -0.3, 0.4, 0.2, turn)
    np.testing.assert_allclose(measured, 1)
    assert ellipse(np.array([0.1]), np.array([-0.3]), 0.1, -0.3, 0.4, 0.2, turn) == 0


def test_the_distance_from_a_segment_is_that_from_its_nearest_place() -> None:
    u, v = np.array([0.5, 2.0, -3.0]), np.array([1.0, 0.0, 4.0])
    np.testing.assert_allclose(segment(u, v, (0, 0), (1, 0)), [1, 1, 5])


def test_remainders_and_fractions_are_never_negative() -> None:
    values = np.linspace(-9, 9, 77)
    np.testing.assert_allclose(remainder(values, 2.5), np.mod(values, 2.5))
    np.testing.assert_allclose(fraction(values), np.mod(values, 1), atol=1e-12)


def test_a_whole_place_has_one_number_of_each_kind() -> None:
    i, j = np.meshgrid(np.arange(20.0), np.arange(20.0))
    numbers = hashed(i, j, 1)
    assert 0 <= numbers.min() <= numbers.max() < 1
    assert 0.4 < numbers.mean() < 0.6
    np.testing.assert_array_equal(numbers, hashed(i, j, 1))
    assert not np.array_equal(numbers, hashed(i, j, 2))


def test_the_nearest_of_strewn_points_is_nearer_than_the_second(hand: Hand) -> None:
    nearest, second, number = cells(hand.x * 3, hand.y * 3, 5.0)
    assert np.all(nearest <= second)
    assert nearest.max() < 1.5
    assert 0 <= number.min() <= number.max() <= 1


def test_a_curve_keeps_its_ends_and_an_outline_stays_within_its_corners() -> None:
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)])
    np.testing.assert_array_equal(flowing(corners)[[0, -1]], corners[[0, -1]])
    assert len(rounded(corners, 2)) == 12
    assert rounded(corners).min() >= 0


def test_mixing_and_painting_take_what_the_mask_says() -> None:
    mask = np.eye(4, dtype=np.float32)
    blue, red = np.array([0, 0, 1], np.float32), np.array([1, 0, 0], np.float32)
    for drawn in (mixed(blue, red, mask), painted(mixed(blue, blue, mask), mask > 0, red)):
        np.testing.assert_allclose(drawn[..., 0], mask, atol=1e-4)
        np.testing.assert_allclose(drawn[..., 2], 1 - mask, atol=1e-4)
    np.testing.assert_allclose(blend(blue, red, 0.25), [0.25, 0, 0.75])


def test_an_edge_rises_from_0_to_1_about_its_place() -> None:
    np.testing.assert_allclose(rising(np.array([-1, -0.1, 0, 0.1, 1]), 0.2), [0, 0, 0.5, 1, 1])


def test_a_picture_seen_where_it_is_stays_as_it_is(hand: Hand) -> None:
    drawn = hand.background().astype(np.float32)
    row, column = np.mgrid[0:SIDE, 0:SIDE]
    np.testing.assert_allclose(moved(drawn, np.stack([column, row], 2)), drawn, atol=1e-6)


def test_a_plate_is_copied_in_its_size(hand: Hand) -> None:
    u, v = coordinates()
    disc: Array = (np.hypot(u, v) < 0.5).astype(np.float32)
    for size in (0.2, 0.5, 1.0):
        _, mask = copies(np.dstack([disc] * 4))(hand.x / size, hand.y / size)
        assert mask.mean() == pytest.approx(np.pi / 4 * (0.5 * size) ** 2, rel=0.1)


def test_strokes_cover_about_what_they_measure() -> None:
    sheet = np.zeros((40, 40), np.float32)
    fill(sheet, np.array([[10, 10], [29, 10], [29, 29], [10, 29]]), 1.0)
    assert sheet.sum() == pytest.approx(400, abs=40)
    sheet[:] = 0
    dot(sheet, 20, 20, 10, 1.0)
    assert sheet.sum() == pytest.approx(np.pi * 100, rel=0.15)
    sheet[:] = 0
    trace(sheet, np.array([[5, 20], [35, 20]]), 1.0, 3)
    assert 30 * 3 <= sheet.sum() <= 30 * 6
