import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pygame
import pytest
from test_kaleidoscope import waves

from engine.frame import Array, Frame, whole_view
from installation.kaleidoscope import (
    NOTHING,
    SEAM,
    Fold,
    Picture,
    Size,
    canvas,
    crop,
    figure_transform,
    folded,
    half_diagonal,
)
from installation.painting import CpuPainter, GlPainter, Painter, _powered
from installation.settings import Colour, Scope

IMAGES = Path(__file__).parents[2] / "shared" / "media" / "images"
pytestmark = pytest.mark.window

WINDOW = (480, 320)
SCOPES = [
    Scope(symmetry="none"),
    Scope(symmetry="none", angle=20.0, zoom=0.4, source_angle=10.0),
    Scope(folds=1, angle=-20.0),
    Scope(folds=2, angle=90.0),
    Scope(folds=3, angle=17.0, source_angle=-60.0, source_zoom=1.7),
    Scope(),
    Scope(angle=3.3, zoom=0.25, centre_x=-0.4),
    Scope(folds=7, angle=120.0, centre_x=0.3, centre_y=-0.2, source_x=0.6, source_y=-1.0),
    Scope(folds=12, angle=0.7, zoom=3.0),
    Scope(folds=24, angle=-111.0, source_zoom=0.5),
]
COLOURS = [Colour(), Colour(hue=70.0, saturation=1.8, contrast=1.5, gamma=2.5, invert=True)]


@pytest.fixture(scope="module")
def window() -> Iterator[Size]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_VIDEODRIVER", "offscreen")
        pygame.display.init()
        for attribute, value in (
            (pygame.GL_CONTEXT_MAJOR_VERSION, 3),
            (pygame.GL_CONTEXT_MINOR_VERSION, 3),
            (pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE),
        ):
            pygame.display.gl_set_attribute(attribute, value)
        try:
            pygame.display.set_mode(WINDOW, pygame.OPENGL | pygame.DOUBLEBUF)
            yield WINDOW
        except pygame.error as error:
            pytest.skip(f"no window with OpenGL 3.3: {error}")
        finally:
            pygame.display.quit()


@pytest.fixture(scope="module")
def opengl(window: Size) -> Iterator[GlPainter]:
    try:
        painter = GlPainter(window)
    except OSError as error:
        pytest.skip(str(error))
    yield painter
    painter.release()


@pytest.fixture(params=["opengl", "cpu"])
def painter(request: pytest.FixtureRequest) -> Painter:
    if request.param == "cpu":
        return CpuPainter(pygame.Surface(WINDOW))
    painter: GlPainter = request.getfixturevalue("opengl")
    painter.resized(WINDOW)
    return painter


def photo() -> Frame:
    """Sharp down to one pixel."""
    path = IMAGES / "coral_parrot.jpg"
    if not path.exists():
        pytest.skip(f"no photo at {path}")
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None
    pixels = np.ascontiguousarray(pixels[:400])
    aspect = pixels.shape[1] / pixels.shape[0]
    return Frame(pixels, 0.0, whole_view(aspect), aspect)


def dreamed(frame: Frame, scope: Scope) -> Frame:
    made = canvas(scope, frame.aspect, 256, 256, 64)
    pixels = 255 - np.rint(crop(frame, made) * 255).astype(np.uint8)
    return Frame(pixels, 0.0, made.view, frame.aspect)


def difference(
    opengl: GlPainter, frame: Frame, scope: Scope, colour: Colour, mix: float, size: Size
) -> Array:
    live, dream = Picture(), Picture()
    live.show(frame)
    opengl.live(frame)
    dream.show(dreamed(frame, scope))
    opengl.dream(dreamed(frame, scope))
    opengl.resized(size)
    opengl.paint(scope, colour, 0.9, mix)
    ours = Fold().painted(live, dream, scope, colour, 0.9, mix, size)
    apart: Array = np.abs(opengl.picture().astype(int) - ours)
    return apart[~undecided(scope, size)]


def undecided(scope: Scope, size: Size) -> Array:
    """Pixels just as far from a mirror as the smoothing reaches: OpenGL rounds where the edges of
    the bands lie (to 1/256 pixel), so that such a pixel may be inside or outside."""
    if scope.symmetry == "none":
        return np.zeros((size[1], size[0]), bool)
    across, down = np.meshgrid(*(np.arange(side) + 0.5 for side in size))
    (a, b, c), (d, e, f) = figure_transform(scope, size)[:2]
    x, y = folded(a * across + b * down + c, d * across + e * down + f, scope)
    angle = math.pi / scope.folds
    far = np.minimum(y, x * math.sin(angle) - y * math.cos(angle))
    near: Array = np.abs(far * half_diagonal(size) * scope.zoom - SEAM) < 0.01
    return near


@pytest.mark.parametrize("size", [WINDOW, (301, 173)])
@pytest.mark.parametrize("mix", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("scope", SCOPES)
def test_opengl_paints_what_the_cpu_paints(
    opengl: GlPainter, scope: Scope, mix: float, size: Size
) -> None:
    for colour in COLOURS:
        assert difference(opengl, waves((640, 360)), scope, colour, mix, size).max() <= 2


@pytest.mark.parametrize("scope", SCOPES)
def test_opengl_paints_a_photo_as_the_cpu_does(opengl: GlPainter, scope: Scope) -> None:
    apart = difference(opengl, photo(), scope, Colour(), 0.0, WINDOW)
    assert apart.max() <= 2


def test_what_painters_start_with_is_black(painter: Painter) -> None:
    painter.live(NOTHING)
    painter.paint(Scope(), Colour(), 1.0, 0.0)
    assert not painter.picture().any()


def test_the_top_row_comes_first(painter: Painter) -> None:
    frame = waves(WINDOW)
    painter.live(frame)
    painter.paint(Scope(symmetry="none"), Colour(), 1.0, 0.0)
    np.testing.assert_allclose(painter.picture(), frame.pixels, atol=1)


def test_a_frame_of_another_size_is_shown(painter: Painter) -> None:
    for size in ((480, 320), (333, 222)):
        painter.live(waves(size))
        painter.paint(Scope(symmetry="none"), Colour(), 1.0, 0.0)
    assert np.abs(painter.picture() - waves(WINDOW).pixels.astype(int)).mean() < 2


def test_the_newest_frame_is_shown(painter: Painter) -> None:
    frame = waves(WINDOW)
    painter.live(frame)
    painter.paint(Scope(symmetry="none"), Colour(), 1.0, 0.0)
    painter.live(replace(frame, pixels=255 - frame.pixels))
    painter.paint(Scope(symmetry="none"), Colour(), 1.0, 0.0)
    np.testing.assert_allclose(painter.picture(), 255 - frame.pixels, atol=1)


def test_a_window_of_another_size_is_painted_whole(painter: Painter) -> None:
    painter.live(waves(WINDOW))
    painter.resized((240, 160))
    painter.paint(Scope(symmetry="none"), Colour(), 1.0, 0.0)
    assert painter.picture().shape == (160, 240, 3)
    shrunk = cv2.resize(waves(WINDOW).pixels, (240, 160), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(painter.picture(), shrunk, atol=2)


def test_words_lie_over_the_top_left(opengl: GlPainter) -> None:
    words = np.zeros((20, 60, 4), np.uint8)
    words[:10] = 255, 0, 0, 255
    words[10:, :30] = 255, 255, 255, 128
    opengl.resized(WINDOW)
    opengl.paint(Scope(), Colour(), 0.0, 0.0)
    opengl.overlay(None)
    assert not opengl.picture().any()
    opengl.overlay(words)
    picture = opengl.picture().astype(int)
    assert (picture[:10, :60] == (255, 0, 0)).all()
    assert np.abs(picture[10:20, :30] - 128).max() <= 1
    assert not picture[10:20, 30:60].any()
    assert not picture[20:].any()
    assert not picture[:, 60:].any()


def test_the_cpu_paints_into_its_window() -> None:
    surface = pygame.Surface(WINDOW)
    painter = CpuPainter(surface)
    painter.live(waves(WINDOW))
    painter.paint(Scope(), Colour(), 1.0, 0.0)
    shown = pygame.surfarray.array3d(surface).swapaxes(0, 1)
    np.testing.assert_array_equal(shown, painter.picture())
    painter.overlay(np.full((20, 60, 4), 255, np.uint8))
    assert tuple(surface.get_at((59, 19))) == (255, 255, 255, 255)


def test_no_side_of_a_texture_is_a_power_of_two() -> None:
    assert all((side + _powered(side)).bit_count() > 1 for side in range(1, 2000))
    assert sum(_powered(side) for side in range(1, 2000)) == 12
