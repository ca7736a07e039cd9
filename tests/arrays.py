"""A runtime in numpy, float64, slow and plain; and the small networks that are tried on it."""

from collections.abc import Iterable
from typing import Any
from zlib import crc32

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.frame import Array
from engine.graph import (
    NO_PADDING,
    Activation,
    Affine,
    Convolution,
    Graph,
    Join,
    Mean,
    Operation,
    Part,
    Picture,
    Pool,
    Product,
    Sides,
    Size,
    Sum,
    padded,
)
from engine.topologies import read

PICTURE = Picture("picture", ())


class NumpyLayers:
    """Activations are (channels, rows, columns), vectors (channels, 1, 1), scalars numbers."""

    def number(self, value: float) -> float:
        return value

    def vector(self, values: Array) -> Array:
        return np.reshape(values, (-1, 1, 1)).astype(np.float64)

    def places(self, values: Array) -> Array:
        return values[None].astype(np.float64)

    def vector_of(self, knobs: Array, first: int, end: int) -> Array:
        return self.vector(knobs[first:end])

    def scalar_of(self, knobs: Array, place: int) -> float:
        return float(knobs[place])

    def convolution(self, x: Array, by: Convolution, sides: Sides) -> Array:
        seen = windows(x, by.kernel.shape[:2], by.stride, sides, 0.0)
        if by.depthwise:
            y = np.einsum("crqhw,hwc->crq", seen, by.kernel[..., 0])
        else:
            y = np.einsum("crqhw,hwco->orq", seen, by.kernel, optimize=True)
        return np.asarray(y + self.vector(by.bias))

    def convolution_back(
        self, gradient: Array, by: Convolution, sides: Sides, before: Size, after: Size
    ) -> Array:
        assert gradient.shape == after
        if by.depthwise:
            pieces = np.einsum("crq,hwc->crqhw", gradient, by.kernel[..., 0])
        else:
            pieces = np.einsum("orq,hwco->crqhw", gradient, by.kernel, optimize=True)
        return scattered(pieces, by.stride, sides, before)

    def activation(self, x: Array, kind: str) -> Array:
        match kind:
            case "relu":
                return np.maximum(x, 0)
            case "relu6":
                return np.clip(x, 0, 6)
            case "silu":
                return np.asarray(x * sigmoid(x))
        return sigmoid(x)

    def activation_back(self, gradient: Array, x: Array, y: Array, kind: str) -> Array:
        match kind:
            case "relu":
                return np.asarray(gradient * (y > 0))
            case "relu6":
                return np.asarray(gradient * ((y > 0) & (y < 6)))
            case "silu":
                gate = sigmoid(x)
                return np.asarray(gradient * gate * (1 + x * (1 - gate)))
        return np.asarray(gradient * sigmoid(x) * (1 - sigmoid(x)))

    def pool(self, x: Array, by: Pool, sides: Sides) -> Array:
        seen = windows(x, (by.size, by.size), by.stride, sides, np.nan)
        return np.asarray((np.nanmax if by.largest else np.nanmean)(seen, (3, 4)))

    def pool_back(
        self,
        gradient: Array,
        x: Array,
        y: Array,
        by: Pool,
        sides: Sides,
        before: Size,
        after: Size,
    ) -> Array:
        assert gradient.shape == after
        seen = windows(x, (by.size, by.size), by.stride, sides, np.nan)
        inside = ~np.isnan(seen)
        share = (
            seen == y[..., None, None] if by.largest else inside / inside.sum((3, 4), keepdims=True)
        )
        return scattered(gradient[..., None, None] * share, by.stride, sides, before)

    def join(self, parts: list[Array]) -> Array:
        return np.concatenate(parts)

    def part(self, x: Array, first: int, end: int) -> Array:
        return np.asarray(x[first:end])

    def filled(self, vector: Array, size: Size) -> Array:
        return np.broadcast_to(vector, size)

    def mean_places(self, x: Array) -> Array:
        return np.asarray(x.mean((1, 2), keepdims=True))

    def mean_channels(self, vector: Array) -> float:
        return float(vector.mean())

    def softmax(self, x: Array) -> Array:
        raised = np.exp(x - x.max(0))
        return np.asarray(raised / raised.sum(0))

    def logarithm(self, x: Any) -> Any:
        return np.log(x)

    def root(self, x: float) -> float:
        return float(x**0.5)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def windows(x: Array, window: tuple[int, ...], stride: int, sides: Sides, outside: float) -> Array:
    """(channels, rows, columns, window rows, window columns): what each place looks at."""
    top, bottom, left, right = sides
    x = np.pad(x, ((0, 0), (top, bottom), (left, right)), constant_values=outside)
    return sliding_window_view(x, window, (1, 2))[:, ::stride, ::stride]


def scattered(pieces: Array, stride: int, sides: Sides, before: Size) -> Array:
    """The way back of ``windows``: each piece is added to where it was looked at."""
    _, rows, columns, high, wide = pieces.shape
    top, bottom, left, right = sides
    whole = np.zeros((before[0], before[1] + top + bottom, before[2] + left + right))
    for i, j in np.ndindex(high, wide):
        seen = whole[:, i : i + stride * rows : stride, j : j + stride * columns : stride]
        seen += pieces[..., i, j]
    return whole[:, top : top + before[1], left : left + before[2]]


def forward(graph: Graph, x: Array) -> dict[str, Array]:
    """What each operation says of ``x``, (3, rows, columns)."""
    values: dict[str, Array] = {}
    for operation in graph:
        before = [values[source] for source in operation.sources] or [x]
        values[operation.name] = _result(operation, before)
    return values


def _result(operation: Operation, before: list[Array]) -> Array:
    layers, x = NumpyLayers(), before[0]
    match operation:
        case Convolution():
            window = operation.kernel.shape[:2]
            sides = padded(operation.padding, window, operation.stride, x.shape[1:])
            return layers.convolution(x, operation, sides)
        case Affine():
            return np.asarray(layers.vector(operation.scale) * x + layers.vector(operation.offset))
        case Activation():
            return layers.activation(x, operation.kind)
        case Pool(size=size):
            sides = padded(operation.padding, (size, size), operation.stride, x.shape[1:])
            return layers.pool(x, operation, sides)
        case Mean():
            return layers.mean_places(x)
        case Join():
            return layers.join(before)
        case Sum():
            return np.asarray(before[0] + before[1])
        case Product():
            return np.asarray(before[0] * before[1])
        case Part():
            return layers.part(x, operation.first, operation.end)
    return x


def picture(rows: int, columns: int) -> Array:
    """(3, rows, columns), about as a network sees one."""
    return np.random.default_rng(rows * columns).normal(size=(3, rows, columns))


def network(*operations: Operation) -> Graph:
    return Graph([PICTURE, *operations])


def convolution(
    name: str,
    source: str,
    shape: tuple[int, ...],
    stride: int = 1,
    padding: Sides | None = NO_PADDING,
    depthwise: bool = False,
) -> Convolution:
    """``shape``: of the kernel. The same name always has the same numbers."""
    kernel, bias = some(name, shape), some(f"{name} bias", (shape[2 if depthwise else 3],))
    return Convolution(name, (source,), kernel, bias, stride, padding, depthwise)


def affine(name: str, source: str, channels: int) -> Affine:
    return Affine(name, (source,), 1 + some(name, (channels,)), some(f"{name} +", (channels,)))


def some(name: str, shape: tuple[int, ...]) -> Array:
    """Numbers that keep an activation about as large as it is. float64."""
    seen = max(int(np.prod(shape[:-1])), 4)
    numbers = np.random.default_rng(crc32(name.encode()))
    return numbers.normal(0.0, (2 / seen) ** 0.5, shape)


def arrays_of(row: read.Row) -> list[Array]:
    """Weights for a row of a topology; variances are above 0."""
    arrays = [some(f"{row['name']} {n}", shape) for n, shape in enumerate(row.get("weights", ()))]
    if row["kind"] == "BatchNormalization":
        arrays = [np.abs(array) + 0.5 for array in arrays]
    return [array.astype(np.float32) for array in arrays]


def hollow(rows: Iterable[read.Row]) -> Graph:
    """A topology with weights of 0, which take no memory."""
    zero = np.float32(0)
    weights = {
        row["name"]: [np.broadcast_to(zero, shape) for shape in row.get("weights", ())]
        for row in rows
    }
    return read.graph(rows, weights)


def grown(name: str, last: str) -> Graph:
    """The topology of a network down to the layer ``last``, with weights."""
    rows = read.rows(name)
    rows = rows[: [row["name"] for row in rows].index(last) + 1]
    return read.graph(rows, {row["name"]: arrays_of(row) for row in rows})
