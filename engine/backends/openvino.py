"""OpenVINO: Intel's and AMD's CPUs, Intel's GPUs. The gradient is one graph of forward operations,
compiled for its size, in bfloat16 where the processor multiplies matrices in it."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset1
from openvino import opset13 as op

from engine.climb import ArrayStep
from engine.frame import Array
from engine.gradient import Gradient, Layout
from engine.graph import Convolution, Pool, Sides, Size
from engine.runtime import Blueprint, Gradients, Step

Tensor = Any


class OpenVINO:
    """``traces`` counts the compilations of each thread, by its name."""

    name = "openvino"

    def __init__(self, threads: int, precision: str = "float32") -> None:
        """``threads``: how many cores a step may use."""
        self._core = ov.Core()
        self._threads = threads
        self.precision = precision
        self.traces: Counter[str] = Counter()

    def compiled(self, blueprint: Blueprint) -> Step:
        """Takes about half a second. Raises OSError where there is no memory for it."""
        self.traces[threading.current_thread().name] += 1
        depthwise = any(
            isinstance(each, Convolution) and each.depthwise for each in blueprint.graph
        )
        precision = "float32" if depthwise else self.precision
        with reported(blueprint.name):
            gradient = self._compile(gradient_model(blueprint), precision)
        return OpenVINOStep(blueprint.name, gradient)

    def _compile(self, model: Any, precision: str) -> Any:
        options = {
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._threads,
            "ENABLE_CPU_PINNING": False,
        }
        alone = self._threads == 1
        with ThreadPoolExecutor(1, initializer=_humble if alone else None) as beside:
            compiled = beside.submit(self._core.compile_model, model, "CPU", options).result()
        return compiled.create_infer_request()


def _humble() -> None:
    """Beside a step that dreams, compiling at a low priority costs it less: p95 18 instead of
    22 ms. On a thread of its own, since nobody but root may take priority back; and only where the
    step has no threads of its own, which would inherit it. Linux counts priorities by thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@contextmanager
def reported(name: str) -> Iterator[None]:
    """What OpenVINO raises is an OSError for everyone else."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise OSError(f"{name}: expected to run on OpenVINO, received {reason}") from error


class OpenVINOStep(ArrayStep):
    """Raises OSError where OpenVINO fails."""

    def __init__(self, name: str, gradient: Any) -> None:
        self._name = name
        self._gradient = gradient

    def gradient(self, picture: Array, knobs: Array, shift: tuple[int, int]) -> Gradients:
        inputs = {0: np.roll(picture, shift, (0, 1)), 1: knobs}
        with reported(self._name):
            uphill, *energies = self._gradient.infer(inputs, share_inputs=True).to_tuple()
        back = (-shift[0], -shift[1])
        return np.roll(uphill, back, (0, 1)), [energy.reshape(-1) for energy in energies]


def gradient_model(blueprint: Blueprint) -> Any:
    """picture 0..1, knobs -> gradient, energies of each tap. Pictures are rolled outside: OpenVINO
    takes 2 ms for what numpy does in 0.1."""
    runtime = Nodes()
    picture = op.parameter([*blueprint.size, 3], np.float32)
    knobs = op.parameter([Layout(blueprint.taps).length], np.float32)
    gradient = Gradient(runtime, blueprint.graph, blueprint.taps, blueprint.size)
    seen = op.unsqueeze(op.transpose(picture, whole([2, 0, 1])), whole([0]))
    scale = runtime.vector(blueprint.scale)
    uphill, energies = gradient(seen * scale + runtime.vector(blueprint.offset), knobs)
    uphill = op.transpose(op.squeeze(uphill * scale, whole([0])), whole([1, 2, 0]))
    return ov.Model([uphill, *energies], [picture, knobs], "gradient")


class Nodes:
    """Layers as nodes of a graph: activations are (1, channels, rows, columns), vectors
    (1, channels, 1, 1), scalars (1, 1, 1, 1) or (1,)."""

    def number(self, value: float) -> Tensor:
        return constant([value])

    def vector(self, values: Array) -> Tensor:
        return constant(np.reshape(values, (1, -1, 1, 1)))

    def places(self, values: Array) -> Tensor:
        return constant(values[None, None])

    def vector_of(self, knobs: Tensor, first: int, end: int) -> Tensor:
        return reshaped(_part(knobs, first, end, 0), (1, -1, 1, 1))

    def scalar_of(self, knobs: Tensor, place: int) -> Tensor:
        return _part(knobs, place, place + 1, 0)

    def convolution(self, x: Tensor, by: Convolution, sides: Sides) -> Tensor:
        kernel, strides = by.kernel.transpose(3, 2, 0, 1), [by.stride, by.stride]
        begin, end = [sides[0], sides[2]], [sides[1], sides[3]]
        if by.depthwise:
            kernel = by.kernel.transpose(2, 3, 0, 1)[:, None]
            y = op.group_convolution(x, constant(kernel), strides, begin, end, [1, 1])
        else:
            y = op.convolution(x, constant(kernel), strides, begin, end, [1, 1])
        return y + self.vector(by.bias)

    def convolution_back(
        self, gradient: Tensor, by: Convolution, sides: Sides, before: Size, after: Size
    ) -> Tensor:
        if by.depthwise:
            return _depthwise_back(gradient, by, sides, before, after)
        if by.stride == 1:
            return _flipped(gradient, by, sides)
        return _phased(gradient, by, sides, before, after)

    def activation(self, x: Tensor, kind: str) -> Tensor:
        match kind:
            case "relu":
                return op.relu(x)
            case "relu6":
                return op.clamp(x, 0.0, 6.0)
            case "silu":
                return op.swish(x)
            case "sigmoid":
                return op.sigmoid(x)
        raise ValueError(f"activation: expected one we know, received {kind}")

    def activation_back(self, gradient: Tensor, x: Tensor, y: Tensor, kind: str) -> Tensor:
        match kind:
            case "relu":
                return op.select(op.greater(y, zero()), gradient, zero())
            case "relu6":
                inside = op.logical_and(op.greater(y, zero()), op.less(y, constant([6.0])))
                return op.select(inside, gradient, zero())
            case "silu":
                gate = op.sigmoid(x)
                return gradient * (
                    gate * (x * (gate * self.number(-1.0) + self.number(1.0)) + self.number(1.0))
                )
            case "sigmoid":
                return gradient * (y * (y * self.number(-1.0) + self.number(1.0)))
        raise ValueError(f"activation: expected one we know, received {kind}")

    def pool(self, x: Tensor, by: Pool, sides: Sides) -> Tensor:
        strides, window = [by.stride, by.stride], [by.size, by.size]
        begin, end = [sides[0], sides[2]], [sides[1], sides[3]]
        if by.largest:
            return opset1.max_pool(
                x, strides, begin, end, window, "floor"
            )  # one result: the values
        return op.avg_pool(x, strides, begin, end, window, True)

    def pool_back(
        self,
        gradient: Tensor,
        x: Tensor,
        y: Tensor,
        by: Pool,
        sides: Sides,
        before: Size,
        after: Size,
    ) -> Tensor:
        if by.largest:
            return _max_pool_back(gradient, x, y, by, sides, before, after)
        return _mean_pool_back(gradient, by, sides, before, after)

    def join(self, parts: list[Tensor]) -> Tensor:
        return op.concat(parts, 1)

    def part(self, x: Tensor, first: int, end: int) -> Tensor:
        return _part(x, first, end, 1)

    def filled(self, vector: Tensor, size: Size) -> Tensor:
        return vector * constant(np.ones((1, 1, *size[1:])))

    def mean_places(self, x: Tensor) -> Tensor:
        return op.reduce_mean(x, whole([2, 3]), True)

    def mean_channels(self, vector: Tensor) -> Tensor:
        return op.reduce_mean(vector, whole([1]), True)

    def softmax(self, x: Tensor) -> Tensor:
        return op.softmax(x, 1)

    def logarithm(self, x: Tensor) -> Tensor:
        return op.log(x)

    def root(self, x: Tensor) -> Tensor:
        return op.sqrt(x)


def constant(values: Any) -> Tensor:
    return op.constant(np.ascontiguousarray(values, np.float32))


def whole(numbers: Any) -> Tensor:
    return op.constant(np.array(numbers, np.int32))


def zero() -> Tensor:
    return constant([0.0])


def reshaped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return op.reshape(x, whole(shape), False)


def _part(x: Tensor, first: int, end: int, axis: int) -> Tensor:
    return op.slice(x, whole([first]), whole([end]), whole([1]), whole([axis]))


def _rows_and_columns(x: Tensor, rows: slice, columns: slice) -> Tensor:
    """``x[:, :, rows, columns]``; ends may lie outside."""
    return op.slice(
        x,
        whole([rows.start, columns.start]),
        whole([rows.stop, columns.stop]),
        whole([rows.step or 1, columns.step or 1]),
        whole([2, 3]),
    )


def _flipped(gradient: Tensor, by: Convolution, sides: Sides) -> Tensor:
    """The way back through stride 1 is a convolution with the kernel turned about."""
    high, wide = by.kernel.shape[:2]
    top, bottom, left, right = sides
    begin, end = [high - 1 - top, wide - 1 - left], [high - 1 - bottom, wide - 1 - right]
    kernel = by.kernel[::-1, ::-1].transpose(2, 3, 0, 1)
    return op.convolution(gradient, constant(kernel), [1, 1], begin, end, [1, 1])


def _phased(gradient: Tensor, by: Convolution, sides: Sides, before: Size, after: Size) -> Tensor:
    """The way back through a stride: each phase of the picture is a convolution of the gradient, of
    stride 1 and with the taps that fall on it; all of them are one convolution, whose channels are
    then laid out as places. (Far faster on CPUs than a transposed convolution.)

        picture row q s + r = sum over m of kernel row k = r + top - m s, times gradient row q + m
    """
    high, wide, channels, out = by.kernel.shape
    s, (top, _, left, _) = by.stride, sides
    rows, columns = _reaching(high, s, top), _reaching(wide, s, left)
    kernel = np.zeros((s, s, channels, out, len(rows), len(columns)), np.float32)
    for r in range(s):
        for c in range(s):
            for i, m in enumerate(rows):
                for j, n in enumerate(columns):
                    row, column = r + top - m * s, c + left - n * s
                    if 0 <= row < high and 0 <= column < wide:
                        kernel[r, c, :, :, i, j] = by.kernel[row, column]
    phases = (-(-before[1] // s), -(-before[2] // s))
    begin = [-rows[0], -columns[0]]
    end = [phases[0] - 1 + rows[-1] - (after[1] - 1), phases[1] - 1 + columns[-1] - (after[2] - 1)]
    flat = kernel.reshape(s * s * channels, out, len(rows), len(columns))
    phased = op.convolution(gradient, constant(flat), [1, 1], begin, end, [1, 1])
    laid = op.depth_to_space(phased, "blocks_first", s)
    return _fitted(laid, (phases[0] * s, phases[1] * s), before)


def _reaching(length: int, stride: int, before: int) -> list[int]:
    """Which gradient places, relative to its phase's own, reach a picture place."""
    found = {
        (r + before - k) // stride
        for r in range(stride)
        for k in range(length)
        if (r + before - k) % stride == 0
    }
    return list(range(min(found), max(found) + 1))


def _fitted(x: Tensor, there: tuple[int, int], size: Size) -> Tensor:
    if there == size[1:]:
        return x
    return _rows_and_columns(x, slice(0, size[1]), slice(0, size[2]))


def _depthwise_back(
    gradient: Tensor, by: Convolution, sides: Sides, before: Size, after: Size
) -> Tensor:
    high, wide = by.kernel.shape[:2]
    top, bottom, left, right = sides
    kernel = by.kernel.transpose(2, 3, 0, 1)[:, None]
    if by.stride == 1:
        begin, end = [high - 1 - top, wide - 1 - left], [high - 1 - bottom, wide - 1 - right]
        turned = np.ascontiguousarray(kernel[..., ::-1, ::-1])
        return op.group_convolution(gradient, constant(turned), [1, 1], begin, end, [1, 1])
    missing = [
        before[1] - ((after[1] - 1) * by.stride - top - bottom + high),
        before[2] - ((after[2] - 1) * by.stride - left - right + wide),
    ]
    strides = [by.stride, by.stride]
    return op.group_convolution_backprop_data(
        gradient,
        constant(kernel),
        strides,
        None,
        [top, left],
        [bottom, right],
        [1, 1],
        "explicit",
        missing,
    )


def _max_pool_back(
    gradient: Tensor, x: Tensor, y: Tensor, by: Pool, sides: Sides, before: Size, after: Size
) -> Tensor:
    """Every place of the window that is the largest takes the gradient: compares of strided views,
    laid out again by phases. (Scattering by index was measured twenty times slower.)"""
    s, (top, bottom, left, right) = by.stride, sides
    _, rows, columns = after
    padded = x
    if any(sides):
        lowest = op.constant(np.array(-3e38, np.float32))
        padded = op.pad(
            x, whole([0, 0, top, left]), whole([0, 0, bottom, right]), "constant", lowest
        )
    blocks = -(-by.size // s)  # phases that one window spans, each way
    phases: dict[tuple[int, int], Tensor] = {}
    for dy in range(by.size):
        for dx in range(by.size):
            seen = _rows_and_columns(
                padded,
                slice(dy, dy + s * (rows - 1) + 1, s),
                slice(dx, dx + s * (columns - 1) + 1, s),
            )
            own = op.select(op.equal(seen, y), gradient, zero())
            above, ahead = dy // s, dx // s
            shifted = op.pad(
                own,
                whole([0, 0, above, ahead]),
                whole([0, 0, blocks - 1 - above, blocks - 1 - ahead]),
                "constant",
                op.constant(np.array(0.0, np.float32)),
            )
            place = (dy % s, dx % s)
            phases[place] = phases[place] + shifted if place in phases else shifted
    joined = op.concat([phases[r, c] for r in range(s) for c in range(s)], 1)
    laid = op.depth_to_space(joined, "blocks_first", s) if s > 1 else joined
    there = ((rows + blocks - 1) * s, (columns + blocks - 1) * s)
    return _windowed(laid, there, (top, left), before)


def _windowed(laid: Tensor, there: tuple[int, int], start: tuple[int, int], before: Size) -> Tensor:
    """The part of a padded picture that is the picture; zeros where nothing looked."""
    (top, left), (_, rows, columns) = start, before
    short = [max(top + rows - there[0], 0), max(left + columns - there[1], 0)]
    if any(short):
        laid = op.pad(
            laid,
            whole([0, 0, 0, 0]),
            whole([0, 0, *short]),
            "constant",
            op.constant(np.array(0.0, np.float32)),
        )
    if (top, left) == (0, 0) and there == (rows, columns):
        return laid
    return _rows_and_columns(laid, slice(top, top + rows), slice(left, left + columns))


def _mean_pool_back(gradient: Tensor, by: Pool, sides: Sides, before: Size, after: Size) -> Tensor:
    """Each place gets its share of every window that it lies in."""
    top, bottom, left, right = sides
    counts = np.outer(
        _counted(before[1], after[1], by, top), _counted(before[2], after[2], by, left)
    )
    share = gradient * constant(1.0 / counts[None, None])
    if by.stride == by.size and not any(sides):
        larger = op.interpolate(
            share,
            whole([after[1] * by.stride, after[2] * by.stride]),
            "nearest",
            "sizes",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
            axes=whole([2, 3]),
        )
        return _windowed(larger, (after[1] * by.stride, after[2] * by.stride), (0, 0), before)
    if by.stride != 1:
        raise ValueError(f"{by.name}: expected mean pooling by its own size or by 1")
    begin, end = (
        [by.size - 1 - top, by.size - 1 - left],
        [by.size - 1 - bottom, by.size - 1 - right],
    )
    spread = op.avg_pool(share, [1, 1], begin, end, [by.size, by.size], False)
    return spread * constant([by.size * by.size])


def _counted(before: int, after: int, by: Pool, padding: int) -> Array:
    """How many places of the picture each window sees, one way."""
    starts = np.arange(after) * by.stride - padding
    return np.asarray(np.minimum(starts + by.size, before) - np.maximum(starts, 0), np.float32)
