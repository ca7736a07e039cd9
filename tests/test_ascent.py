import itertools

import numpy as np
import pytest

from engine.ascent import (
    GRAIN,
    climb_knobs,
    gradient_knobs,
    mask,
    octave_sizes,
    rolled,
    window,
)
from engine.climb import GUARD, LENGTH, LEVELLING, STEP
from engine.dream import OBJECTIVES, Dream, Strip
from engine.frame import Array
from engine.gradient import FREE, KINDS, Layout, waves
from engine.networks import NETWORKS
from engine.runtime import Tap

SIZES = [(64, 64), (144, 256), (256, 144), (32, 512), (576, 1024)]
SCALES = [1.1, 1.4, 2.0]
LEASTS = sorted({network.least for network in NETWORKS.values()})
FINE, COARSE = Tap("fine", 4), Tap("coarse", 6)
TAPS = (FINE, COARSE)


def knobs(objective: str = "balanced", *strips: Strip, **targets: Array) -> Array:
    """Of both taps, their gains 0.5 and -2."""
    desk = strips or (Strip(), Strip())
    return gradient_knobs(TAPS, (0.5, -2.0), desk, objective, targets, 0.7)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("least", LEASTS)
def test_octaves_grow_on_the_grain_to_the_size_itself(size: tuple[int, int], least: int) -> None:
    for scale, octaves in itertools.product(SCALES, range(1, 5)):
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


def test_what_the_network_cannot_see_is_no_octave() -> None:
    dream = Dream(octaves=3, octave_scale=2.0)
    assert octave_sizes((128, 256), dream, least=80) == [(128, 256)]


@pytest.mark.parametrize("channels", [1, 7, 512])
@pytest.mark.parametrize("channel", [0, 1, 2048])
@pytest.mark.parametrize("spread", [0.0, 0.5, 32.0])
def test_a_window_shares_out_one_whole(channel: int, spread: float, channels: int) -> None:
    weights = window(channel, spread, channels)
    assert weights.shape == (channels,)
    assert weights.min() >= 0.0
    assert weights.sum() == pytest.approx(1.0)


def test_channel_0_is_all_of_them_alike() -> None:
    np.testing.assert_allclose(window(0, 3.0, 8), np.full(8, 1 / 8))


@pytest.mark.parametrize(("channel", "place"), [(1, 0), (8, 7), (9, 0), (20, 3)])
def test_a_channel_alone_is_counted_round_past_the_last(channel: int, place: int) -> None:
    np.testing.assert_array_equal(window(channel, 0.0, 8), np.eye(8)[place])


def test_neighbours_count_less_the_farther_they_are() -> None:
    np.testing.assert_allclose(window(5, 2.0, 16)[2:7] * 9, [1, 2, 3, 2, 1])


def test_neighbours_are_counted_round_the_end() -> None:
    np.testing.assert_allclose(window(1, 1.0, 6), [0.5, 0.25, 0, 0, 0, 0.25])


def test_a_fraction_of_a_neighbour_fades_in() -> None:
    alone, some, whole = (window(4, spread, 9)[4] for spread in (0.0, 0.5, 1.0))
    assert 0.0 == alone < some < whole


@pytest.mark.parametrize("channel", range(1, 8))
def test_every_channel_is_heard_alike_wherever_it_stands(channel: int) -> None:
    np.testing.assert_allclose(window(channel + 1, 2.5, 8), np.roll(window(channel, 2.5, 8), 1))


@pytest.mark.parametrize("objective", [each for each in OBJECTIVES if each != "guide"])
def test_one_objective_is_raised(objective: str) -> None:
    kinds = knobs(objective)[:KINDS]
    np.testing.assert_array_equal(kinds, np.eye(KINDS)[OBJECTIVES.index(objective)])


def test_there_is_a_knob_for_every_objective() -> None:
    assert len(OBJECTIVES) == KINDS


def test_every_tap_finds_its_knobs_where_the_layout_says() -> None:
    vector, layout = knobs("balanced", Strip(channel=3), Strip(channel=5, spread=1.0)), Layout(TAPS)
    assert vector.shape == (layout.length,)
    assert vector.dtype == np.float32
    assert [vector[layout.gain(n)] for n in range(2)] == [0.5, -2.0]
    for n, expected in enumerate([window(3, 0.0, 4), window(5, 1.0, 6)]):
        start, end = layout.weights(n), layout.targets(n)
        np.testing.assert_allclose(vector[start:end], expected, rtol=1e-6)
        np.testing.assert_array_equal(vector[end : end + TAPS[n].channels], 1.0)


def test_a_guide_aims_at_the_energies_of_its_picture() -> None:
    fine, coarse = np.arange(4.0), np.arange(6.0) + 10
    vector, layout = knobs("guide", fine=fine, coarse=coarse), Layout(TAPS)
    assert vector[OBJECTIVES.index("guide")] == 1.0
    np.testing.assert_array_equal(vector[layout.targets(0) :][:4], fine)
    np.testing.assert_array_equal(vector[layout.targets(1) :], coarse)


@pytest.mark.parametrize("targets", [{}, {"fine": np.ones(4)}])
def test_a_guide_without_all_its_targets_is_balanced(targets: dict[str, Array]) -> None:
    vector = knobs("guide", **targets)
    np.testing.assert_array_equal(vector[:KINDS], knobs("balanced")[:KINDS])


def test_a_layer_on_two_strips_has_two_taps() -> None:
    taps, strips = (FINE, FINE), (Strip(channel=1), Strip(channel=2))
    vector, layout = gradient_knobs(taps, (1.0, 0.5), strips, "mean", {}, 0.7), Layout(taps)
    starts = [layout.weights(0), layout.weights(1)]
    places = [vector[start : start + FINE.channels].argmax() for start in starts]
    assert places == [0, 1]


def test_how_free_a_head_is_stands_where_the_layout_says() -> None:
    vector = gradient_knobs(TAPS, (1.0, 1.0), (Strip(), Strip()), "mean", {}, free=0.6)
    assert vector[FREE] == np.float32(0.6)


def seen_through(heights: Array, rows: int, columns: int) -> Array:
    """What a mask lets through at every place, (rows, columns)."""
    total = heights[0] + sum(
        wave * share for wave, share in zip(waves(rows, columns), heights[1:], strict=True)
    )
    return np.asarray(1 / (1 + np.exp(-np.broadcast_to(total, (rows, columns)))))


def test_an_open_mask_lets_everything_through() -> None:
    np.testing.assert_allclose(seen_through(mask(Strip(mask_x=0.2)), 8, 8), 1.0, atol=1e-6)


def test_a_mask_opens_without_a_jump() -> None:
    assert seen_through(mask(Strip(mask=0.01)), 32, 32).min() > 0.98


def test_a_mask_lets_through_round_its_place_and_nowhere_else() -> None:
    seen = seen_through(mask(Strip(mask=0.7, mask_x=0.25, mask_y=0.75)), 40, 80)
    row, column = np.unravel_index(seen.argmax(), seen.shape)
    assert (abs(row - 29.5), abs(column - 19.5)) == (0.5, 0.5)
    assert seen.max() > 0.8
    assert seen[10, 60] < 0.001


@pytest.mark.parametrize("closed", [0.1, 0.4, 0.8])
def test_a_mask_that_closes_lets_less_through(closed: float) -> None:
    more, less = (seen_through(mask(Strip(mask=m)), 16, 16) for m in (closed, closed + 0.1))
    assert less.sum() < more.sum()
    assert (less <= more + 1e-6).all()


@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (0, -5), (-7, 12)])
def test_masks_roll_with_what_is_seen(shift: tuple[int, int]) -> None:
    strips = (Strip(mask=0.5, mask_x=0.1, mask_y=0.4), Strip(mask=0.8, mask_x=0.9))
    knobs, layout = gradient_knobs(TAPS, (1.0, 1.0), strips, "mean", {}, 0.7), Layout(TAPS)
    turned = rolled(knobs, TAPS, shift, (24, 32))
    for n in range(2):
        still, seen = (seen_through(each[layout.mask(n) :][:5], 24, 32) for each in (knobs, turned))
        np.testing.assert_allclose(seen, np.roll(still, shift, (0, 1)), atol=1e-4)
    outside = np.r_[: layout.mask(0), layout.weights(0) : layout.length]
    np.testing.assert_array_equal(turned[outside], knobs[outside])


@pytest.mark.parametrize("side", [3, 4, 9, 32])
def test_a_closed_mask_leaves_a_spot_on_every_map(side: int) -> None:
    assert seen_through(mask(Strip(mask=1.0)), side, side).max() > 0.35


def test_a_step_through_less_is_less() -> None:
    def step(*strips: Strip) -> float:
        return float(climb_knobs(Dream(step_size=0.02), [1.0], strips)[STEP])

    spot, other = Strip(mask=0.7, mask_x=0.2), Strip(mask=0.7, mask_x=0.7)
    assert step() == step(Strip()) == step(Strip(), spot) == pytest.approx(0.02)
    assert 0.003 < step(spot) < step(spot, other) < 0.02
    assert step(spot) == pytest.approx(step(spot, spot))


def test_nothing_open_has_no_taps() -> None:
    assert gradient_knobs((), (), (), "balanced", {}, 0.7).shape == (Layout(()).length,)
    assert climb_knobs(Dream(), ())[STEP] == 0.0


def test_a_slowly_opened_fader_fades_its_layer_in() -> None:
    steps = [climb_knobs(Dream(step_size=0.1), [gain])[STEP] for gain in (0.0, 0.25, 1.0)]
    assert steps == pytest.approx([0.0, 0.025, 0.1])


def test_the_loudest_strip_sets_the_step_also_where_it_calms() -> None:
    assert climb_knobs(Dream(step_size=0.1), [0.25, -0.5])[STEP] == pytest.approx(0.05)


def test_the_climb_hears_the_dream() -> None:
    vector = climb_knobs(Dream(levelling=0.25, guard=0.75), [1.0])
    assert vector.shape == (LENGTH,)
    assert (vector[LEVELLING], vector[GUARD]) == (0.25, 0.75)


@pytest.mark.parametrize("dream", [Dream(smoothing=1.0), Dream(chroma=1.0)])
def test_smoothing_and_chroma_change_the_climb(dream: Dream) -> None:
    plain = Dream(smoothing=0.0, chroma=0.0)
    assert not np.array_equal(climb_knobs(plain, [1.0]), climb_knobs(dream, [1.0]))
