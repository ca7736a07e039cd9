from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.flow import NONE, Follower, Motion
from engine.frame import Array
from engine.memory import STILL, after, resized, warped

VIDEOS = Path(__file__).parents[2] / "shared" / "media" / "videos"
FILMS = {
    "asl_again": 30.0,
    "asl_walk": 30.0,
    "car-detection": 12.5,
    "one-by-one-person-detection": 10.0,
    "preview_classroom": 15.0,
    "preview_face-demographics-walking": 12.0,
    "preview_head-pose-face-detection-female-and-male": 12.0,
    "preview_store-aisle-detection": 15.0,
}  # frames a second
SAME_ROOM = {"asl_again", "asl_walk"}
SHOWN = (144, 256)
SIZES = [(144, 256), (256, 144), (96, 96), (80, 160), (208, 320), (288, 512)]
LARGE = (432, 768)  # of a scene that is looked at in part


def scene(number: int = 0) -> Array:
    """(432, 768, 3): patterns as broad as a tenth of the view and down to a few pixels."""
    random = np.random.default_rng(number)
    grains = [random.uniform(-1, 1, (LARGE[0] // n, LARGE[1] // n, 3)) for n in (4, 8, 16, 32)]
    whole = sum(cv2.resize(grain, LARGE[::-1], interpolation=cv2.INTER_CUBIC) for grain in grains)
    return np.asarray(np.clip(0.5 + 0.15 * whole, 0.05, 0.95), np.float32)


def placed(size: tuple[int, int], right: float = 0, down: float = 0, zoom: float = 1) -> Array:
    """The affine from a pixel of a view of ``size`` to the scene. The view shows 400 x 225 of it
    in the middle, or what its height lets it, moved and enlarged."""
    scale = 225 / size[0] / zoom
    x = (LARGE[1] - 1) / 2 - scale * ((size[1] - 1) / 2 - right)
    y = (LARGE[0] - 1) / 2 - scale * ((size[0] - 1) / 2 - down)
    return np.array([[scale, 0, x], [0, scale, y]])


def view(seen: Array, place: Array, size: tuple[int, int]) -> Array:
    """Each pixel is the mean of what it covers."""
    fine = np.array([[1 / 3, 0, -1 / 3], [0, 1 / 3, -1 / 3]])
    large = warped(seen, after(place, fine), (3 * size[0], 3 * size[1]))
    return resized(large, size)


def back(place: Array) -> Array:
    return np.asarray(cv2.invertAffineTransform(place))


def grainy(picture: Array, strength: float, random: np.random.Generator) -> Array:
    return (picture + random.normal(0, strength, picture.shape)).astype(np.float32)


def motion(first: Array, second: Array, way: Array = STILL) -> Motion:
    follower = Follower()
    assert follower.moved(first, STILL) == NONE
    return follower.moved(second, way)


def middle(found: Motion) -> Array:
    """(n, 2): the flow at the pixels of the middle."""
    assert not found.cut
    if found.flow is None:
        return np.zeros((1, 2))
    rows, columns = found.flow.shape[:2]
    inner = found.flow[rows // 4 : -(rows // 4), columns // 4 : -(columns // 4)]
    return inner.reshape(-1, 2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("move", [(3, 0), (0, -3), (-4, 2), (1.5, 2.5)])
def test_a_picture_that_moved_gives_that_flow(
    size: tuple[int, int], move: tuple[float, float]
) -> None:
    first, second = (view(scene(), placed(size, *by), size) for by in ((0, 0), move))
    found = motion(first, second)
    assert found.flow is not None
    assert found.flow.shape == (*size, 2)
    assert found.flow.dtype == np.float32
    np.testing.assert_allclose(np.median(middle(found), 0), move, atol=0.5)


def test_the_flow_brings_the_last_picture_along() -> None:
    first, second = (view(scene(), placed(SHOWN, x), SHOWN) for x in (0, 6))
    followed = warped(first, STILL, SHOWN, motion(first, second).flow)
    inner = np.s_[20:-20, 20:-20]
    assert np.abs(followed - second)[inner].mean() < np.abs(first - second)[inner].mean() / 4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("zoom", [0.9, 1.15])
def test_a_view_that_moves_over_a_still_scene_sees_nothing_move(
    size: tuple[int, int], zoom: float
) -> None:
    before, here = placed(size), placed(size, 7, -4, zoom)
    found = motion(
        view(scene(), before, size), view(scene(), here, size), after(back(before), here)
    )
    assert np.abs(middle(found)).mean() < 0.25


@pytest.mark.parametrize("size", SIZES)
def test_a_view_that_changes_its_size_sees_nothing_move(size: tuple[int, int]) -> None:
    before, here = placed(SHOWN), placed(size)
    found = motion(
        view(scene(), before, SHOWN), view(scene(), here, size), after(back(before), here)
    )
    assert np.abs(middle(found)).mean() < 0.25


def test_what_moves_in_a_view_that_grows_is_seen_alone() -> None:
    before, here, moved = placed(SHOWN), placed(SHOWN, zoom=1.1), placed(SHOWN, 4, -2, zoom=1.1)
    found = motion(
        view(scene(), before, SHOWN), view(scene(), moved, SHOWN), after(back(before), here)
    )
    np.testing.assert_allclose(np.median(middle(found), 0), (4, -2), atol=0.5)


@pytest.mark.parametrize("number", range(1, 9))
def test_another_scene_is_a_cut(number: int) -> None:
    first, second = (view(scene(n), placed(SHOWN), SHOWN) for n in (0, number))
    assert motion(first, second) == Motion(cut=True)


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0])
def test_a_slow_pan_is_followed_all_the_way(speed: float) -> None:
    """``speed``: pixels a frame."""
    follower, way = Follower(), np.zeros(2)
    for n in range(13):
        found = follower.moved(view(scene(), placed(SHOWN, speed * n), SHOWN), STILL)
        way += np.median(middle(found), 0)
    np.testing.assert_allclose(way, (12 * speed, 0), atol=2.4 * speed)


def test_after_a_cut_the_new_scene_is_followed() -> None:
    follower, place = Follower(), placed(SHOWN)
    cuts = [follower.moved(view(scene(n), place, SHOWN), STILL).cut for n in (0, 0, 1, 1, 1)]
    assert cuts == [False, False, True, False, False]


@pytest.mark.parametrize("light", [0.3, 0.5, 1.6, 3.0])
def test_a_flash_is_no_cut(light: float) -> None:
    lit = view(scene(), placed(SHOWN), SHOWN)
    other = np.clip(lit * np.float32(light), 0, 1)
    assert not motion(lit, other).cut
    assert not motion(other, lit).cut


@pytest.mark.parametrize("strength", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("flat", [True, False])
def test_noise_is_no_cut(strength: float, flat: bool) -> None:
    still = np.full((*SHOWN, 3), 0.5) if flat else view(scene(), placed(SHOWN), SHOWN)
    random = np.random.default_rng(3)
    first, second = (grainy(still, strength, random) for _ in range(2))
    assert not motion(first, second).cut


@pytest.mark.parametrize("strength", [0.02, 0.05])
def test_noise_leaves_most_places_where_they_are(strength: float) -> None:
    still, random = view(scene(), placed(SHOWN), SHOWN), np.random.default_rng(5)
    first, second = (grainy(still, strength, random) for _ in range(2))
    found = motion(first, second).flow
    assert found is None or np.median(np.abs(found)) == 0.0


@pytest.mark.parametrize("strength", [0.02, 0.05])
def test_noise_on_a_wall_moves_nothing(strength: float) -> None:
    random, wall = np.random.default_rng(4), np.full((*SHOWN, 3), 0.5)
    first, second = (grainy(wall, strength, random) for _ in range(2))
    assert motion(first, second) == NONE


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("way", [(1, 0), (-1, 0), (0, 1), (0.7, -0.7)])
def test_a_fast_pan_is_no_cut(number: int, way: tuple[float, float]) -> None:
    share = 0.08 * SHOWN[1]
    move = (way[0] * share, way[1] * share)
    found = motion(*(view(scene(number), placed(SHOWN, *each), SHOWN) for each in ((0, 0), move)))
    assert not found.cut
    np.testing.assert_allclose(np.median(middle(found), 0), move, atol=1.0)


@pytest.mark.parametrize("frames", [12, 25])
def test_a_slow_fade_is_no_cut(frames: int) -> None:
    first, second = (view(scene(n), placed(SHOWN), SHOWN) for n in range(2))
    follower, shares = Follower(), np.linspace(0, 1, frames, dtype=np.float32)
    faded = [follower.moved(first * (1 - s) + second * s, STILL) for s in shares]
    assert not any(each.cut for each in faded)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.5, 0.52)])
def test_a_flat_picture_stays_where_it_is(first: float, second: float) -> None:
    flat, other = (np.full((*SHOWN, 3), grey, np.float32) for grey in (first, second))
    assert motion(flat, other) == NONE


def test_a_scene_out_of_nothing_is_a_cut() -> None:
    black, lit = np.zeros((*SHOWN, 3), np.float32), view(scene(), placed(SHOWN), SHOWN)
    assert motion(black, lit).cut
    assert motion(lit, black).cut


@pytest.mark.parametrize("size", [(32, 32), (32, 512), (64, 64), (512, 48)])
def test_the_smallest_and_the_narrowest_pictures_are_followed(size: tuple[int, int]) -> None:
    first, second = (view(scene(), placed(size, x), size) for x in (0, 1))
    assert not motion(first, second).cut


@cache
def film(name: str) -> tuple[Array, ...]:
    """The first 5 s."""
    paths = list(VIDEOS.glob(f"intel_{name}.*"))
    if not paths:
        pytest.skip(f"needs ../shared/media/videos/intel_{name}, which is not here")
    return tuple(frames(paths[0], round(5 * FILMS[name])))


def frames(path: Path, most: int) -> Iterator[Array]:
    capture = cv2.VideoCapture(str(path))
    for _ in range(most):
        there, pixels = capture.read()
        if not there:
            return
        yield resized(pixels[..., ::-1].astype(np.float32) / 255, SHOWN)


def cuts(shown: tuple[Array, ...]) -> list[int]:
    follower = Follower()
    return [n for n, frame in enumerate(shown) if follower.moved(frame, STILL).cut]


@pytest.mark.e2e
def test_every_film_there_is_is_known() -> None:
    if not VIDEOS.exists():
        pytest.skip("needs ../shared/media/videos, which is not here")
    assert {path.stem for path in VIDEOS.iterdir()} == {f"intel_{name}" for name in FILMS}


@pytest.mark.e2e
@pytest.mark.parametrize("name", FILMS)
def test_a_film_of_one_scene_has_no_cut(name: str) -> None:
    assert cuts(film(name)) == []


@pytest.mark.e2e
@pytest.mark.parametrize("name", FILMS)
def test_two_films_spliced_are_cut_once(name: str) -> None:
    for other in FILMS:
        if name != other and not {name, other} <= SAME_ROOM:
            first, second = film(name)[:10], film(other)[-10:]
            assert cuts((*first, *second)) == [10], other


@pytest.mark.e2e
@pytest.mark.parametrize("name", FILMS)
def test_following_a_film_comes_nearer_than_standing_still(name: str) -> None:
    follower, stood, came = Follower(), 0.0, 0.0
    for last, now in pairwise(film(name)):
        follower.seen(last)
        followed = warped(last, STILL, SHOWN, follower.moved(now, STILL).flow)
        stood, came = stood + np.abs(last - now).mean(), came + np.abs(followed - now).mean()
    assert came <= stood * 1.001
