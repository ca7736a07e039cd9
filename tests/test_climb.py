from itertools import pairwise

import numpy as np
import pytest

from engine.climb import BANDS, BROAD, FINE, LENGTH, LEVELS, Arrays, Climb, climbed
from engine.frame import Array

STEP = 0.01
PLAIN = Climb(STEP)
CLIMBS = [
    pytest.param(PLAIN, id="plain"),
    pytest.param(Climb(STEP, smoothing=0.7), id="smooth"),
    pytest.param(Climb(STEP, levelling=1.0), id="level"),
    pytest.param(Climb(STEP, chroma=1.0), id="natural"),
    pytest.param(Climb(STEP, bleed=1.0), id="bleeding"),
    pytest.param(
        Climb(STEP, smoothing=0.5, levelling=0.5, chroma=0.5, bleed=0.5), id="all at once"
    ),
]
SIZES = [(48, 32), (45, 61), (16, 16)]


def noise(rows: int = 48, columns: int = 64) -> Array:
    return np.random.default_rng(rows).normal(size=(rows, columns, 3)).astype(np.float32)


def coarse_noise() -> Array:
    """Whose amplitude falls with the frequency to the power of 1.5."""
    rows, columns = (np.fft.fftfreq(side) for side in (48, 64))
    frequency = np.hypot(rows[:, None], columns)[..., None]
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(noise(), axes=(0, 1)) / frequency**1.5
    return np.fft.ifft2(spectrum, axes=(0, 1)).real.astype(np.float32)


def grey(rows: int = 48, columns: int = 64) -> Array:
    return np.full((rows, columns, 3), 0.5, np.float32)


def moved(climb: Climb, gradient: Array, picture: Array | None = None) -> Array:
    """By how much one step changes ``picture``, grey where none is given."""
    start = grey(*gradient.shape[:2]) if picture is None else picture
    return np.asarray(climbed(Arrays(), start, gradient, climb.knobs()) - start)


def energy(picture: Array) -> float:
    return float((picture.astype(np.float64) ** 2).mean())


def bands(picture: Array) -> list[Array]:
    """The Laplacian pyramid, the finest first."""
    levels = [picture]
    for _ in range(LEVELS - 1):
        levels.append(Arrays().halved(levels[-1]))
    finer = [level - Arrays().doubled(coarser, level) for level, coarser in pairwise(levels)]
    return [*finer, levels[-1]]


def coarse_share(picture: Array) -> float:
    return energy(bands(picture)[-1]) / energy(picture)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("climb", CLIMBS)
def test_the_step_size_is_how_far_colours_move(climb: Climb, size: tuple[int, int]) -> None:
    change = moved(climb, noise(*size))
    assert energy(change) ** 0.5 == pytest.approx(STEP, rel=1e-3)


@pytest.mark.parametrize("climb", CLIMBS)
def test_a_gradient_that_is_nothing_moves_nothing(climb: Climb) -> None:
    np.testing.assert_array_equal(moved(climb, np.zeros_like(grey())), 0)


@pytest.mark.parametrize("climb", CLIMBS)
@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6, 1e12])
def test_the_scale_of_the_gradient_does_not_matter(climb: Climb, scale: float) -> None:
    scaled = moved(climb, noise() * np.float32(scale))
    np.testing.assert_allclose(scaled, moved(climb, noise()), atol=1e-6)


def test_a_plain_step_goes_along_the_gradient() -> None:
    gradient = noise()
    expected = STEP * gradient / energy(gradient) ** 0.5
    np.testing.assert_allclose(moved(PLAIN, gradient), expected, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_smoothing_raises_coarse_forms_above_fine_ones(size: tuple[int, int]) -> None:
    shares = [coarse_share(moved(Climb(STEP, smooth), noise(*size))) for smooth in (0, 0.3, 0.6, 1)]
    assert shares == sorted(shares)
    assert shares[-1] > 4 * shares[0]


@pytest.mark.parametrize("gradient", [noise(), coarse_noise()], ids=["fine", "coarse"])
def test_levelling_brings_the_bands_to_about_one_strength(gradient: Array) -> None:
    def spread(levelling: float) -> float:
        energies = [energy(band) for band in bands(moved(Climb(STEP, 0, levelling), gradient))]
        return max(energies) / min(energies)

    assert spread(0.0) > spread(0.5) > spread(1.0)
    assert spread(0.0) > 10
    assert spread(1.0) < 4


def test_levelling_does_not_raise_a_band_that_is_not_there() -> None:
    level = Climb(STEP, levelling=1.0)
    change = moved(level, np.ones_like(grey()) + np.float32(1e-5) * noise())
    assert energy(bands(change)[0]) < 0.01 * energy(change)
    assert np.isfinite(moved(level, np.ones_like(grey()))).all()


def test_the_guard_spares_colours_that_are_nearly_black_or_white() -> None:
    outwards = np.abs(noise()) * np.where(np.indices((48, 64)).sum(0) % 2, 1, -1)[..., None]
    edge = np.where(outwards > 0, 0.9, 0.1).astype(np.float32)
    open_, half, guarded = (
        energy(moved(Climb(STEP, guard=guard), outwards.astype(np.float32), edge))
        for guard in (0.0, 0.5, 1.0)
    )
    assert open_ > half > guarded
    assert guarded**0.5 == pytest.approx(0.4 * open_**0.5, rel=1e-3)


def test_the_guard_lets_colours_go_back_to_the_middle() -> None:
    gradient = noise()
    edge = np.where(gradient > 0, 0.1, 0.9).astype(np.float32)
    guarded = moved(Climb(STEP, guard=1.0), gradient, edge)
    np.testing.assert_allclose(guarded, moved(PLAIN, gradient, edge), atol=1e-6)


def test_the_guard_leaves_the_middle_alone() -> None:
    guarded = moved(Climb(STEP, guard=1.0), noise())
    np.testing.assert_allclose(guarded, moved(PLAIN, noise()), atol=1e-6)


def test_without_chroma_a_colour_stays_its_own() -> None:
    red = noise() * np.array([1, 0, 0], np.float32)
    change = moved(PLAIN, red)
    assert energy(change[..., 0]) > 0
    np.testing.assert_array_equal(change[..., 1:], 0)


def test_chroma_makes_the_colours_of_a_step_more_alike() -> None:
    def greyness(chroma: float) -> float:
        change = moved(Climb(STEP, chroma=chroma), noise())
        return energy(change.mean(-1)) / energy(change)

    assert greyness(0.0) < greyness(0.5) < greyness(1.0)
    assert greyness(0.0) == pytest.approx(1 / 3, rel=0.1)
    assert greyness(1.0) > 0.9


@pytest.mark.parametrize("guard", [0.0, 1.0])
@pytest.mark.parametrize("climb", CLIMBS)
def test_pictures_stay_between_black_and_white(climb: Climb, guard: float) -> None:
    picture = np.random.default_rng(1).random((48, 64, 3), np.float32)
    far = Climb(0.8, climb.smoothing, climb.levelling, guard, climb.chroma)
    result = climbed(Arrays(), picture, noise(), far.knobs())
    assert result.dtype == np.float32
    assert 0 <= result.min() < result.max() <= 1


def test_a_step_of_nothing_changes_nothing() -> None:
    np.testing.assert_array_equal(moved(Climb(0.0, 1.0, 1.0, 1.0, 1.0), noise()), 0)


def test_each_coarser_band_counts_twice_as_much_and_a_little_less() -> None:
    bands = Climb(STEP, smoothing=1.0).knobs()[BANDS:FINE]
    np.testing.assert_allclose(bands, [1, 1 + 2, 1 + 2 + 2.8, 1 + 2 + 2.8 + 4])


@pytest.mark.parametrize("chroma", [0.0, 0.5, 1.0])
def test_chroma_keeps_the_size_of_the_colours(chroma: float) -> None:
    matrix = Climb(STEP, chroma=chroma).knobs()[FINE:BROAD].reshape(3, 3)
    assert matrix.trace() == pytest.approx(3)


def parts(picture: Array) -> tuple[Array, Array]:
    """Light and dark, (h, w, 1), and what is left: the colours."""
    grey = picture.mean(2, keepdims=True)
    return grey, picture - grey


def test_bleeding_spreads_the_colours_and_leaves_light_and_dark() -> None:
    light, colours = parts(moved(Climb(STEP, bleed=0.0), noise()))
    same_light, washed = parts(moved(Climb(STEP, bleed=1.0), noise()))
    share = (same_light / light).mean()  # of the step's length, which colours take less of now
    np.testing.assert_allclose(same_light, share * light, atol=1e-5)
    assert share > 1.0
    assert roughness(washed) < 0.2 * roughness(colours)


def roughness(picture: Array) -> float:
    """How much a pixel differs from its neighbour, of how much it differs from grey."""
    return float(np.abs(np.diff(picture, axis=1)).mean() / np.abs(picture).mean())


def test_a_grey_gradient_bleeds_nothing() -> None:
    grey_noise = np.repeat(noise()[..., :1], 3, 2)
    np.testing.assert_allclose(
        moved(Climb(STEP, bleed=1.0), grey_noise), moved(Climb(STEP), grey_noise), atol=1e-6
    )


@pytest.mark.parametrize("climb", CLIMBS)
def test_the_knobs_are_as_many_as_told(climb: Climb) -> None:
    assert climb.knobs().shape == (LENGTH,)
    assert climb.knobs().dtype == np.float32


def test_the_picture_is_left_as_it_was() -> None:
    picture, gradient = grey(), noise()
    climbed(Arrays(), picture, gradient, PLAIN.knobs())
    np.testing.assert_array_equal(picture, grey())
    np.testing.assert_array_equal(gradient, noise())
