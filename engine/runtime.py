"""What a runtime does with its tensors: all that a gradient and a climb are written in, and what a
backend makes of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from engine.frame import Array
from engine.graph import Convolution, Graph, Pool, Sides, Size

Tensor = Any  # a runtime's own; adds, subtracts, multiplies and divides with its like
Gradients = tuple[Tensor, Iterable[Array]]  # the gradient; the mean squares of each tap's channels


@dataclass(frozen=True, slots=True)
class Tap:
    """A layer that a strip raises. ``head``: its channels are logits, raised as they are."""

    layer: str
    channels: int
    head: bool = False


class Layers(Protocol):
    """An *activation* is (channels, rows, columns) of one picture, a *vector* has one number for
    each channel, a *scalar* is one number; they combine with one another as these sizes say. How
    they are laid out is the runtime's affair. Sizes are known when a step is built."""

    # Numbers into tensors
    def number(self, value: float) -> Tensor:
        """A scalar."""

    def vector(self, values: Array) -> Tensor: ...
    def places(self, values: Array) -> Tensor:
        """(rows, columns), one of them perhaps 1, as an activation that all channels share."""

    def vector_of(self, knobs: Tensor, first: int, end: int) -> Tensor:
        """A stretch of the knobs, (n,), as a vector."""

    def scalar_of(self, knobs: Tensor, place: int) -> Tensor: ...

    # The network: forward, and back to the gradient of what went in
    def convolution(self, x: Tensor, by: Convolution, sides: Sides) -> Tensor: ...
    def convolution_back(
        self, gradient: Tensor, by: Convolution, sides: Sides, before: Size, after: Size
    ) -> Tensor: ...
    def activation(self, x: Tensor, kind: str) -> Tensor: ...
    def activation_back(self, gradient: Tensor, x: Tensor, y: Tensor, kind: str) -> Tensor: ...
    def pool(self, x: Tensor, by: Pool, sides: Sides) -> Tensor: ...
    def pool_back(
        self,
        gradient: Tensor,
        x: Tensor,
        y: Tensor,
        by: Pool,
        sides: Sides,
        before: Size,
        after: Size,
    ) -> Tensor: ...
    def join(self, parts: list[Tensor]) -> Tensor: ...
    def part(self, x: Tensor, first: int, end: int) -> Tensor: ...

    # Arithmetic
    def filled(self, vector: Tensor, size: Size) -> Tensor:
        """An activation that is ``vector`` at every place."""

    def mean_places(self, x: Tensor) -> Tensor:
        """Activation to vector."""

    def mean_channels(self, vector: Tensor) -> Tensor:
        """Vector to scalar."""

    def softmax(self, x: Tensor) -> Tensor:
        """Over the channels of an activation."""

    def logarithm(self, x: Tensor) -> Tensor: ...
    def root(self, x: Tensor) -> Tensor:
        """Of a scalar."""


class Pixels(Protocol):
    """What a climb is written in: pictures, (rows, columns, 3) to everyone else, and scalars."""

    def number(self, value: float) -> Tensor:
        """A scalar."""

    def knob(self, knobs: Tensor, place: int) -> Tensor:
        """A scalar."""

    def recoloured(self, picture: Tensor, knobs: Tensor, place: int) -> Tensor:
        """Each colour, as a row, times the 3x3 matrix that stands row by row at ``place``."""

    def halved(self, picture: Tensor) -> Tensor:
        """Means of two by two."""

    def doubled(self, picture: Tensor, like: Tensor) -> Tensor:
        """To the size of ``like``: bilinear, half-pixel centres."""

    def energy(self, picture: Tensor) -> Tensor:
        """The mean square of all its numbers, a scalar."""

    def root(self, x: Tensor) -> Tensor:
        """Of a scalar."""

    def power(self, x: Tensor, exponent: Tensor) -> Tensor:
        """Of scalars; ``x`` > 0."""

    def at_least(self, x: Tensor, least: float) -> Tensor:
        """Of a scalar."""

    def crowded(self, picture: Tensor, uphill: Tensor, headroom: float) -> Tensor:
        """0 where a colour has room to move ``uphill``, 1 where it has none: one less
        ``headroom`` times its way to 1, or to 0 where ``uphill`` is not above 0; not below 0."""

    def bounded(self, picture: Tensor) -> Tensor:
        """To 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class Blueprint:
    """What is to be compiled: ``graph`` cut and simplified for ``taps``, at ``size`` (rows,
    columns). A picture 0..1 times ``scale`` plus ``offset``, (3,), is what the network sees."""

    name: str
    graph: Graph
    taps: tuple[Tap, ...]
    size: tuple[int, int]
    scale: Array
    offset: Array


class Step(Protocol):
    """Compiled for one size. Called by one thread at a time."""

    def placed(self, picture: Array) -> Tensor:
        """(rows, columns, 3) float32, to where the step runs."""

    def taken(self, picture: Tensor) -> Array: ...

    def gradient(self, picture: Tensor, knobs: Array, shift: tuple[int, int]) -> Gradients:
        """``knobs``: by ``engine.gradient.Layout``. ``shift``: rows and columns by which the
        network sees the picture rolled. The gradient is good until the next call."""

    def climbed(self, picture: Tensor, gradient: Tensor, knobs: Array) -> Tensor:
        """``knobs``: of ``engine.climb.Climb``."""
