"""The kaleidoscope in a window: with OpenGL, or without."""

import math
from pathlib import Path
from typing import Any, Protocol

import moderngl
import numpy as np
import pygame

from engine.frame import Array, Frame
from installation.kaleidoscope import (
    SAMPLES,
    SEAM,
    Fold,
    Picture,
    Size,
    centre,
    figure_transform,
    first_seam,
    mirrors,
)
from installation.settings import Colour, Scope

Look = tuple[Array, tuple[float, float]]  # wedge -> u, v of a picture; its part of its texture

MIRRORS = 6  # for 24 folds, the most
FAR = 3  # half diagonals: no corner is farther from a centre
FOLD = Path(__file__).with_name("kaleidoscope.glsl")

EVERYWHERE = """
#version 330
uniform vec2 size;      // of the window, in pixels
uniform mat3x2 figure;  // window, y down -> figure
noperspective out vec2 place;
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;
    place = figure * vec3((0.5 + vec2(0.5, -0.5) * corner) * size, 1.0);
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""

# A band along each seam, from the centre out of the window; one instance a seam.
SEAMS = """
#version 330
uniform vec2 size;
uniform mat3x2 figure;
uniform vec2 centre;
uniform float angle;  // of the first seam
uniform float step;   // from seam to seam
uniform vec2 band;    // length, half width; all in pixels
noperspective out vec2 place;
void main() {
    float turn = angle + step * float(gl_InstanceID);
    vec2 along = vec2(cos(turn), sin(turn));
    vec2 across = vec2(-along.y, along.x) * float((gl_VertexID & 1) * 2 - 1);
    vec2 pixel = centre + along * band.x * float(gl_VertexID >> 1) + across * band.y;
    place = figure * vec3(pixel, 1.0);
    gl_Position = vec4((pixel / size * 2.0 - 1.0) * vec2(1.0, -1.0), 0.0, 1.0);
}
"""

OVERLAY = """
#version 330
uniform sampler2D picture;
uniform int top;
out vec4 painted;
void main() {
    painted = texelFetch(picture, ivec2(gl_FragCoord.x, top - 1 - int(gl_FragCoord.y)), 0);
}
"""


class Painter(Protocol):
    """Paints a window; for the thread that opened it. Before the first frame all is black."""

    def live(self, frame: Frame) -> None:
        """The newest picture of the source."""

    def dream(self, frame: Frame) -> None:
        """The newest dreamed picture."""

    def paint(self, scope: Scope, colour: Colour, light: float, mix: float) -> None:
        """The whole window, before its flip. ``light``: 0 black .. 1. ``mix``: 0 live .. 1
        dream."""

    def picture(self) -> Array:
        """What was painted: (height, width, 3) uint8 RGB, the top row first. Call it between
        ``paint`` and ``overlay`` for a picture without words on it."""

    def overlay(self, pixels: Array | None) -> None:
        """Lays (height, width, 4) uint8 RGBA over the top left of what was painted."""

    def resized(self, size: Size) -> None:
        """The window has ``size`` pixels now."""

    def finish(self) -> None:
        """Waits until it is painted: drivers put off the work of several frames and then do it at
        once, which is a stall and a delay."""

    def release(self) -> None:
        """Gives everything back. Called once, at the end, while the window is open."""


class GlPainter:
    """Needs a current OpenGL context, 3.3 or later, and no other painter beside it that is not
    released yet: else ``OSError``. Made anew when the window's context is."""

    def __init__(self, size: Size) -> None:
        try:
            self._gl = moderngl.create_context(require=330)
        except Exception as error:  # moderngl raises its bare Exception and ValueError
            raise OSError(f"OpenGL: expected 3.3 or later, {error}") from error
        self.renderer = str(self._gl.info["GL_RENDERER"])
        self._live = _Shown(self._gl)
        self._dream = _Shown(self._gl)
        self._words = _Words(self._gl)
        self._folds = [_Pass(self._gl, EVERYWHERE, count, 1, 1) for count in range(MIRRORS + 1)]
        self._mixed_fold = _Pass(self._gl, EVERYWHERE, MIRRORS, 1, 2)
        self._seams = [_Pass(self._gl, SEAMS, MIRRORS, len(SAMPLES), n) for n in (1, 2)]
        self.resized(size)
        self._warm()

    def live(self, frame: Frame) -> None:
        self._live.picture.show(frame)

    def dream(self, frame: Frame) -> None:
        self._dream.picture.show(frame)

    def resized(self, size: Size) -> None:
        self._size = size

    def paint(self, scope: Scope, colour: Colour, light: float, mix: float) -> None:
        self._gl.screen.use()
        self._gl.viewport = (0, 0, *self._size)
        self._gl.enable_only(moderngl.NOTHING)
        shown = [self._live] * (mix < 1) + [self._dream] * (mix > 0)
        looks = [each.bound(n, scope, colour, self._size) for n, each in enumerate(shown)]
        self._draw(scope, looks, light, mix)

    def _draw(self, scope: Scope, looks: list[Look], light: float, mix: float) -> None:
        count = len(mirrors(scope))
        fold = self._folds[count] if len(looks) == 1 else self._mixed_fold
        fold.aim(scope, self._size, looks, light, mix)
        fold.array.render(moderngl.TRIANGLES, vertices=3)
        if count:
            seams = self._seams[len(looks) - 1]
            seams.aim(scope, self._size, looks, light, mix)
            seams.follow(scope, self._size)
            seams.array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=2 * scope.folds)

    def _warm(self) -> None:
        """Software OpenGL finishes a program when it is first drawn: 0.1 s, not in the show."""
        none = Scope(symmetry="none")
        for scope in (none, *(Scope(folds=folds) for folds in (1, 2, 4, 8, 16, 24))):
            for mix in (0.0, 0.5):
                self.paint(scope, Colour(), 0.0, mix)
        self.finish()

    def picture(self) -> Array:
        pixels = self._gl.screen.read(viewport=(0, 0, *self._size), components=3, alignment=1)
        return np.frombuffer(pixels, np.uint8).reshape(self._size[1], self._size[0], 3)[::-1]

    def overlay(self, pixels: Array | None) -> None:
        if pixels is not None:
            self._words.over(pixels, self._size)

    def finish(self) -> None:
        self._gl.finish()

    def release(self) -> None:
        for fold in (*self._folds, self._mixed_fold, *self._seams):
            fold.release()
        for held in (self._live, self._dream):
            held.release()
        self._words.release()
        self._gl.release()


class _Texture:
    """A texture that is made anew only for another size. No side of it is a power of two: software
    OpenGL makes another program for those, 0.1 s in the middle of the show; their last row or
    column is there twice. ``extent``: the part of its width and height that is the picture."""

    def __init__(self, gl: Any, components: int) -> None:
        self._gl = gl
        self._components = components
        self._texture = gl.texture((3, 3), components)
        self.extent = (1.0, 1.0)

    def write(self, pixels: Array) -> None:
        height, width = pixels.shape[:2]
        size = width + _powered(width), height + _powered(height)
        self.extent = (width / size[0], height / size[1])
        if self._texture.size != size:
            self._texture.release()
            self._texture = self._gl.texture(size, self._components)
            self._texture.repeat_x = self._texture.repeat_y = False
            self._texture.filter = moderngl.LINEAR, moderngl.LINEAR
        self._texture.write(pixels, viewport=(0, 0, width, height), alignment=1)
        for column in range(width, size[0]):
            last = np.ascontiguousarray(pixels[:, -1])
            self._texture.write(last, viewport=(column, 0, 1, height), alignment=1)
        for row in range(height, size[1]):
            last = np.pad(pixels[-1], ((0, size[0] - width), (0, 0)), mode="edge")
            self._texture.write(last, viewport=(0, row, size[0], 1), alignment=1)

    def use(self, unit: int = 0) -> None:
        self._texture.use(unit)

    def release(self) -> None:
        self._texture.release()


def _powered(side: int) -> int:
    """How many pixels more make it no power of two."""
    return (side.bit_count() == 1) + (side == 1)


class _Shown:
    """A picture and its texture, which is written when it is shown and has changed."""

    def __init__(self, gl: Any) -> None:
        self.picture = Picture()
        self._texture = _Texture(gl, 3)
        self._written: Array | None = None

    def bound(self, unit: int, scope: Scope, colour: Colour, size: Size) -> Look:
        """Where to look in it, once it is in its place."""
        sight = self.picture.seen(scope, colour, size)
        if sight.pixels is not self._written:
            self._texture.write(sight.pixels)
            self._written = sight.pixels
        self._texture.use(unit)
        return sight.look, self._texture.extent

    def release(self) -> None:
        self._texture.release()


class _Pass:
    """One program of the fold: for up to ``count`` mirrors, so that few cost less than many."""

    def __init__(self, gl: Any, vertices: str, count: int, samples: int, pictures: int) -> None:
        head = (
            "#version 330\n"
            f"#define MIRRORS {count}\n"
            f"#define SAMPLES {samples}\n"
            f"#define PICTURES {pictures}\n"
        )
        self._program = gl.program(
            vertex_shader=vertices.strip(), fragment_shader=head + FOLD.read_text("utf-8")
        )
        self._count = count
        self.array = gl.vertex_array(self._program, [])

    def aim(self, scope: Scope, size: Size, looks: list[Look], light: float, mix: float) -> None:
        self._program["size"].value = size
        self._program["figure"].write(_columns(figure_transform(scope, size)))
        self._program["light"].value = light
        self._look("look", "extent", looks[0])
        if len(looks) > 1:
            self._program["other"].value = 1
            self._look("other_look", "other_extent", looks[1])
            self._program["part"].value = mix
        if self._count:
            normals = np.zeros((self._count, 2), np.float32)
            ours = mirrors(scope)
            normals[: len(ours)] = ours * math.sqrt(2)
            self._program["mirrors"].write(normals.tobytes())

    def _look(self, matrix: str, extent: str, look: Look) -> None:
        self._program[matrix].write(_columns(look[0]))
        self._program[extent].value = look[1]

    def follow(self, scope: Scope, size: Size) -> None:
        self._program["centre"].value = centre(scope, size)
        self._program["angle"].value = math.radians(first_seam(scope))
        self._program["step"].value = math.pi / scope.folds
        self._program["band"].value = FAR * math.hypot(*size) / 2, SEAM

    def release(self) -> None:
        self.array.release()
        self._program.release()


def _columns(matrix: Array) -> bytes:
    """As a mat3x2 has it."""
    return matrix[:2].T.astype(np.float32).tobytes()


class _Words:
    """What is laid over the picture."""

    def __init__(self, gl: Any) -> None:
        self._gl = gl
        self._texture = _Texture(gl, 4)
        self._program = gl.program(
            vertex_shader=EVERYWHERE.strip(), fragment_shader=OVERLAY.strip()
        )
        self._array = gl.vertex_array(self._program, [])

    def over(self, pixels: Array, size: Size) -> None:
        height, width = pixels.shape[:2]
        self._texture.write(np.ascontiguousarray(pixels))
        self._texture.use()
        self._program["top"].value = size[1]
        self._gl.enable_only(moderngl.BLEND)
        self._gl.viewport = (0, size[1] - height, width, height)
        self._array.render(moderngl.TRIANGLES, vertices=3)

    def release(self) -> None:
        for held in (self._texture, self._array, self._program):
            held.release()


class CpuPainter:
    """``surface``: of a window without OpenGL."""

    def __init__(self, surface: pygame.Surface) -> None:
        self._surface = surface
        self._fold = Fold()
        self._live, self._dream = Picture(), Picture()
        self.resized(surface.get_size())

    def live(self, frame: Frame) -> None:
        self._live.show(frame)

    def dream(self, frame: Frame) -> None:
        self._dream.show(frame)

    def resized(self, size: Size) -> None:
        self._size = size
        self._painted: Array = np.zeros((size[1], size[0], 3), np.uint8)

    def paint(self, scope: Scope, colour: Colour, light: float, mix: float) -> None:
        self._painted = self._fold.painted(
            self._live, self._dream, scope, colour, light, mix, self._size
        )
        self._surface.blit(pygame.image.frombuffer(self._painted.data, self._size, "RGB"), (0, 0))

    def picture(self) -> Array:
        return self._painted

    def overlay(self, pixels: Array | None) -> None:
        if pixels is not None:
            size = pixels.shape[1], pixels.shape[0]
            words = pygame.image.frombuffer(np.ascontiguousarray(pixels).data, size, "RGBA")
            self._surface.blit(words, (0, 0))

    def finish(self) -> None:
        """Painted already."""

    def release(self) -> None:
        self._live, self._dream = Picture(), Picture()
