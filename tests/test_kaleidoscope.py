import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.frame import Array, Frame, whole_view
from installation.colours import LUMA, colour_matrix, coloured
from installation.kaleidoscope import (
    Canvas,
    Fold,
    Picture,
    Size,
    box_to_source,
    canvas,
    crop,
    figure_transform,
    folded,
    moved,
    shrunk,
    to_pixels,
    wedge_box,
)
from installation.settings import Colour, Scope

EVERY_FOLDS = range(1, 25)
SCOPES = [Scope(symmetry="none"), *(Scope(folds=n) for n in EVERY_FOLDS)]
MOVED = Scope(source_angle=33, source_zoom=1.6, source_x=0.2, source_y=-0.1)


def applied(matrix: Array, points: Array) -> Array:
    there: Array = points @ matrix[:2, :2].T + matrix[:2, 2]
    return there


def places(count: int = 500) -> Array:
    return np.random.default_rng(1).uniform(-1, 1, (count, 2))


def wedge_places(points: Array, scope: Scope) -> Array:
    return np.stack(folded(points[:, 0], points[:, 1], scope), axis=-1)


def turned(points: Array, angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    there: Array = points @ np.array(((c, s), (-s, c)))
    return there


def plane(size: Size, aspect: float) -> Frame:
    """Red and green say where in the source a pixel lies."""
    across, down = (np.linspace(0, 255, side) for side in size)
    pixels = np.zeros((size[1], size[0], 3))
    pixels[..., 0], pixels[..., 1] = across[None], down[:, None]
    return Frame(np.rint(pixels).astype(np.uint8), 0.0, whole_view(aspect), aspect)


def waves(size: Size) -> Frame:
    """Smooth, and nowhere symmetric."""
    across, down = np.meshgrid(*(np.linspace(0, 6, side) for side in size))
    shades = [np.sin(across * 2 + down), np.cos(down * 3 - across), np.sin(across * down)]
    pixels = np.rint(127.5 + 127.5 * np.stack(shades, axis=-1)).astype(np.uint8)
    return Frame(pixels, 0.0, whole_view(size[0] / size[1]), size[0] / size[1])


def painted(frame: Frame, scope: Scope, size: Size = (320, 200), **changes: Any) -> Array:
    live = Picture()
    live.show(frame)
    options: dict[str, Any] = {"colour": Colour(), "light": 1.0, "mix": 0.0} | changes
    return Fold().painted(live, Picture(), scope, size=size, **options)


@pytest.mark.parametrize("folds", EVERY_FOLDS)
def test_the_fold_keeps_the_distance_and_mirrors_the_angle(folds: int) -> None:
    x, y = places().T
    half = math.pi / folds
    angle = np.abs(np.mod(np.arctan2(y, x) + half, 2 * half) - half)
    expected = np.hypot(x, y) * (np.cos(angle), np.sin(angle))
    np.testing.assert_allclose(folded(x, y, Scope(folds=folds)), expected, atol=1e-12)


@pytest.mark.parametrize("folds", EVERY_FOLDS)
def test_the_fold_is_symmetric(folds: int) -> None:
    scope, points = Scope(folds=folds), places()
    wedge = wedge_places(points, scope)
    turn = turned(points, 2 * math.pi / folds)
    np.testing.assert_allclose(wedge_places(turn, scope), wedge, atol=1e-12)
    np.testing.assert_allclose(wedge_places(points * (1, -1), scope), wedge, atol=1e-12)


@pytest.mark.parametrize("folds", EVERY_FOLDS)
def test_the_wedge_lies_in_its_box(folds: int) -> None:
    points = places()
    points = points[np.hypot(*points.T) <= 1]
    left, top, right, bottom = wedge_box(Scope(folds=folds), 1.6)
    x, y = turned(wedge_places(points, Scope(folds=folds)), -math.pi / 2 / folds).T
    assert (x >= left - 1e-12).all()
    assert (x <= right).all()
    assert (y >= top - 1e-12).all()
    assert (y <= bottom + 1e-12).all()


def test_without_symmetry_nothing_is_folded() -> None:
    points = places()
    np.testing.assert_array_equal(wedge_places(points, Scope(symmetry="none")), points)


@pytest.mark.parametrize("size", [(1280, 720), (800, 600), (600, 800)])
def test_the_corners_of_every_display_are_at_distance_one(size: Size) -> None:
    corners = applied(figure_transform(Scope(), size), np.array(((0, 0), size)))
    np.testing.assert_allclose(np.hypot(*corners.T), 1)


@pytest.mark.parametrize("aspect", [0.6, 1.0, 16 / 9])
@pytest.mark.parametrize("screen", [0.6, 1.6])
def test_the_wedge_looks_only_at_the_source(aspect: float, screen: float) -> None:
    for scope in SCOPES:
        left, top, right, bottom = wedge_box(scope, screen)
        corners = np.array(((left, top), (right, top), (left, bottom), (right, bottom)))
        source = np.abs(applied(box_to_source(scope, aspect, screen), corners))
        assert (source <= np.array((aspect, 1)) + 1e-9).all(), scope
        assert np.isclose(source.max(axis=0), (aspect, 1)).any(), scope


@pytest.mark.parametrize(("width", "most_height", "least"), [(256, 144, 75), (512, 512, 32)])
@pytest.mark.parametrize("aspect", [0.6, 16 / 9])
def test_the_canvas_covers_the_wedge_within_its_limits(
    width: int, most_height: int, least: int, aspect: float
) -> None:
    for scope in SCOPES:
        made = canvas(scope, aspect, width, most_height, least)
        assert made.width % 16 == made.height % 16 == 0, scope
        assert least <= made.width <= width, scope
        assert least <= made.height <= most_height, scope
        left, top, right, bottom = wedge_box(scope, aspect)
        corners = np.array(((left, top), (right, top), (left, bottom), (right, bottom)))
        source = applied(box_to_source(scope, aspect, aspect), corners)
        pixels = applied(to_pixels(made.view, (made.width, made.height)), source) + 0.5
        assert (pixels >= 4 - 1e-6).all(), scope
        assert (pixels <= np.array((made.width, made.height)) - 4 + 1e-6).all(), scope


@pytest.mark.parametrize("screen", [0.6, 1.0, 1.6, 2.4])
@pytest.mark.parametrize("aspect", [0.75, 16 / 9])
def test_without_symmetry_any_display_looks_into_the_canvas(screen: float, aspect: float) -> None:
    scope = replace(MOVED, symmetry="none")
    made = canvas(scope, aspect, 256, 256, 64)
    left, top, right, bottom = wedge_box(scope, screen)
    corners = np.array(((left, top), (right, top), (left, bottom), (right, bottom)))
    source = applied(box_to_source(scope, aspect, screen), corners)
    place = applied(np.array((made.view[:3], made.view[3:])), source)
    assert ((place >= 0) & (place <= 1)).all()


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (2001, 1125)])
def test_a_crop_shows_what_its_view_says(size: Size) -> None:
    aspect = 16 / 9
    made = canvas(replace(MOVED, source_zoom=2.0), aspect, 256, 144, 64)
    seen = crop(plane(size, aspect), made)
    assert seen.shape == (made.height, made.width, 3)
    assert seen.dtype == np.float32
    across, down = np.meshgrid(np.arange(made.width), np.arange(made.height))
    source = applied(made.to_source, np.stack((across, down), axis=-1))
    u, v = np.moveaxis(source, -1, 0) * [[[0.5 / aspect]], [[0.5]]] + 0.5
    inside = (np.abs(u - 0.5) < 0.48) & (np.abs(v - 0.5) < 0.48)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(seen[..., 0][inside], u[inside], atol=0.01)
    np.testing.assert_allclose(seen[..., 1][inside], v[inside], atol=0.01)


def test_a_crop_of_much_detail_is_its_mean() -> None:
    checked = np.indices((720, 1280)).sum(0) % 2 * 255
    frame = Frame(np.dstack([checked] * 3).astype(np.uint8), 0.0, whole_view(16 / 9), 16 / 9)
    np.testing.assert_allclose(crop(frame, canvas(Scope(), 16 / 9, 256, 256, 64)), 0.5, atol=0.01)


def test_what_is_shrunk_keeps_its_mean() -> None:
    pixels = waves((641, 359)).pixels
    assert shrunk(pixels, 1.9) is pixels
    assert shrunk(pixels, 4.1).shape == (90, 161, 3)
    assert abs(float(shrunk(pixels, 4.1).mean() - pixels.mean())) < 1


def test_an_equal_canvas_has_not_moved() -> None:
    made = canvas(MOVED, 1.5, 256, 256, 64)
    np.testing.assert_allclose(moved(made, made), np.eye(3)[:2], atol=1e-9)


def test_a_turned_canvas_moves_round_its_middle() -> None:
    before, now = (canvas(Scope(source_angle=angle), 1.5, 256, 256, 64) for angle in (10.0, 40.0))
    place = moved(before, now)
    middle = (now.width - 1) / 2, (now.height - 1) / 2
    np.testing.assert_allclose(place @ (*middle, 1), middle)
    np.testing.assert_allclose(math.degrees(math.atan2(place[1, 0], place[0, 0])), 30)


def test_a_moved_place_is_the_same_place_of_the_source() -> None:
    before = canvas(MOVED, 1.5, 256, 256, 64)
    now: Canvas = canvas(replace(MOVED, folds=3, source_zoom=0.8), 1.5, 320, 320, 64)
    points = 100 * places()
    there = applied(before.to_source, applied(moved(before, now), points))
    np.testing.assert_allclose(there, applied(now.to_source, points))


def test_the_colours_start_as_they_are() -> None:
    np.testing.assert_allclose(colour_matrix(Colour()), np.eye(3, 4), atol=1e-12)
    pixels = waves((40, 30)).pixels
    assert coloured(pixels, Colour()) is pixels


@pytest.mark.parametrize("hue", [-150.0, 40.0, 180.0])
@pytest.mark.parametrize("saturation", [0.0, 0.5, 2.0])
def test_hue_and_saturation_keep_luma_and_greys(hue: float, saturation: float) -> None:
    matrix = colour_matrix(Colour(hue=hue, saturation=saturation))
    np.testing.assert_allclose(LUMA @ matrix[:, :3], LUMA, atol=1e-12)
    np.testing.assert_allclose(matrix @ (0.3, 0.3, 0.3, 1), 0.3)


def test_a_hue_turned_right_round_is_the_same_hue() -> None:
    third = colour_matrix(Colour(hue=120.0))[:, :3]
    np.testing.assert_allclose(third @ third @ third, np.eye(3), atol=1e-12)


def test_the_negative_of_the_negative_is_the_picture() -> None:
    pixels = waves((40, 30)).pixels
    np.testing.assert_array_equal(coloured(pixels, Colour(invert=True)), 255 - pixels)


def test_contrast_brightness_and_gamma() -> None:
    grey = np.full((1, 1, 3), 64, np.uint8)
    for colour, shade in [
        (Colour(contrast=2.0), 0.5 + 2 * (64 / 255 - 0.5)),
        (Colour(brightness=0.2), 64 / 255 + 0.2),
        (Colour(gamma=2.0), math.sqrt(64 / 255)),
        (Colour(contrast=0.0), 0.5),
        (Colour(brightness=1.0), 1.0),
    ]:
        np.testing.assert_allclose(coloured(grey, colour) / 255, shade, atol=0.51 / 255)


def test_a_figure_without_folds_is_the_source() -> None:
    frame = waves((320, 200))
    np.testing.assert_array_equal(painted(frame, Scope(symmetry="none")), frame.pixels)


def test_a_painted_figure_is_symmetric() -> None:
    seam = 15.0  # where a mirror of six folds lies along x, and so along y
    picture = painted(waves((320, 200)), Scope(folds=6, angle=seam)).astype(int)
    assert np.abs(picture - picture[::-1]).max() <= 2
    assert np.abs(picture - picture[:, ::-1]).max() <= 2


@pytest.mark.parametrize("folds", [1, 5, 24])
def test_a_turned_figure_is_the_figure_turned(folds: int) -> None:
    frame = waves((320, 200))
    upright = painted(frame, Scope(folds=folds), (201, 201)).astype(int)
    turned = painted(frame, Scope(folds=folds, angle=90.0), (201, 201)).astype(int)
    assert np.abs(np.rot90(upright, -1) - turned).max() <= 2


def test_the_figure_is_where_its_centre_is() -> None:
    frame, reach = waves((320, 200)), math.hypot(200, 200) / 2
    still = painted(frame, Scope(), (200, 200))
    aside = painted(frame, Scope(centre_x=20 / reach, centre_y=-30 / reach), (200, 200))
    difference = still[30:, :-20].astype(int) - aside[:-30, 20:]
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("scope", [Scope(symmetry="none"), Scope(), Scope(folds=1), Scope(folds=7)])
def test_what_was_cropped_for_the_dream_is_shown_where_it_was(scope: Scope) -> None:
    frame = waves((640, 400))
    made = canvas(scope, frame.aspect, 512, 512, 64)
    dreamt = np.rint(crop(frame, made) * 255).astype(np.uint8)
    dream = Frame(dreamt, 0.0, made.view, frame.aspect)
    there, here = painted(frame, scope).astype(int), painted(dream, scope).astype(int)
    assert np.abs(there - here).mean() < 1
    assert np.abs(there - here).max() < 12


def test_one_fold_kept_over_changes_paints_what_a_new_one_paints() -> None:
    live, kept = Picture(), Fold()
    live.show(waves((320, 200)))
    scopes = [Scope(), Scope(angle=5), Scope(angle=5, zoom=2), Scope(centre_x=0.3), Scope()]
    sizes = [(320, 200), (320, 200), (320, 200), (320, 200), (300, 300)]
    for scope, size in zip(scopes, sizes, strict=True):
        again = kept.painted(live, Picture(), scope, Colour(), 1.0, 0.0, size)
        np.testing.assert_array_equal(again, painted(waves((320, 200)), scope, size))


def test_light_and_mix() -> None:
    frame = waves((320, 200))
    full = painted(frame, Scope())
    assert not painted(frame, Scope(), light=0.0).any()
    assert not painted(frame, Scope(), mix=1.0).any()  # nothing is dreamed yet
    half = painted(frame, Scope(), mix=0.5, light=0.5).astype(float)
    assert np.abs(half - full / 4).max() <= 1


def test_a_picture_is_made_once() -> None:
    picture, colour = Picture(), Colour(hue=20.0)
    picture.show(waves((320, 200)))
    first = picture.seen(Scope(), colour, (320, 200)).pixels
    assert picture.seen(Scope(angle=9.0), colour, (320, 200)).pixels is first
    assert picture.seen(Scope(zoom=0.25), colour, (320, 200)).pixels.shape[1] < 320
    assert picture.seen(Scope(), Colour(), (320, 200)).pixels is not first
