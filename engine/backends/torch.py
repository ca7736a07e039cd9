"""PyTorch: NVIDIA's GPUs, where a step is recorded once and then replayed as a whole; Apple's; and
any CPU. Pictures stay on the device."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from engine.climb import LENGTH, climbed
from engine.frame import Array
from engine.gradient import Gradient, Layout
from engine.graph import Convolution, Pool, Sides, Size
from engine.runtime import Blueprint, Gradients, Step

Tensor = Any
Function = Callable[..., Sequence[Tensor]]  # tensors in, tensors out

WARMING = 3  # calls before a recording, in which libraries choose and allocate


class Torch:
    """``traces`` counts the compilations of each thread, by its name."""

    name = "torch"

    def __init__(
        self, threads: int, precision: str = "float32", device: str = "", graphs: bool = True
    ) -> None:
        """``threads``: how many cores a step may use. ``device``: "cuda", "mps" or "cpu"; empty for
        the best there is. ``graphs``: whether steps on CUDA are recorded and replayed."""
        torch.set_num_threads(threads)
        torch.backends.cudnn.benchmark = True  # sizes never change within a step
        self.precision = precision
        self.device = device or _best()
        self.traces: Counter[str] = Counter()
        self._graphs = graphs and self.device == "cuda"

    def compiled(self, blueprint: Blueprint) -> Step:
        """Takes less than a second. Raises OSError where there is no memory for it."""
        self.traces[threading.current_thread().name] += 1
        with reported(blueprint.name):
            return self._step(blueprint)

    def _step(self, blueprint: Blueprint) -> "TorchStep":
        picture = torch.full((*blueprint.size, 3), 0.5, device=self.device)
        knobs = torch.zeros(Layout(blueprint.taps).length, device=self.device)
        climbing = torch.zeros(LENGTH, device=self.device)
        gradient = Uphill(blueprint, self.device, getattr(torch, self.precision))
        return TorchStep(
            blueprint.name,
            self._ready(gradient, picture, knobs),
            self._ready(climb, picture, picture, climbing),
            [tap.channels for tap in blueprint.taps],
            self.device,
        )

    def _ready(self, function: Function, *inputs: Tensor) -> Function:
        if self._graphs:
            return Recorded(function, inputs)
        function(*inputs)  # takes its constants to the device, and fails now if it must
        return function


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def reported(name: str) -> Iterator[None]:
    """What torch raises where memory or a device is short is an OSError for everyone else."""
    try:
        with torch.inference_mode():
            yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise OSError(f"{name}: expected to run, received {reason}") from error


class Recorded:
    """A function of CUDA tensors as one graph: its hundreds of kernels are launched at once.
    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs"""

    def __init__(self, function: Function, inputs: Sequence[Tensor]) -> None:
        self._function = function  # every replay reads its constants
        self._inputs = [each.clone() for each in inputs]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARMING):
                function(*self._inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        # Of this thread alone: another one may be dreaming
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._outputs = function(*self._inputs)

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        for own, given in zip(self._inputs, inputs, strict=True):
            own.copy_(given)
        self._graph.replay()
        return [each.clone() for each in self._outputs]


class TorchStep:
    """Pictures are (rows, columns, 3) on the device. Nothing waits for it but ``taken``, and who
    looks at the energies. Raises OSError where the device fails."""

    def __init__(
        self, name: str, gradient: Function, climb: Function, channels: Sequence[int], device: str
    ) -> None:
        """``channels``: how many each tap has."""
        self._name = name
        self._gradient = gradient
        self._climb = climb
        self._channels = channels
        self._device = device

    def placed(self, picture: Array) -> Tensor:
        with reported(self._name):
            return self._uploaded(picture)

    def taken(self, picture: Tensor) -> Array:
        with reported(self._name):
            host = torch.empty(picture.shape, pin_memory=self._device == "cuda")
            return np.asarray(host.copy_(picture).numpy())

    def gradient(self, picture: Tensor, knobs: Array, shift: tuple[int, int]) -> Gradients:
        with reported(self._name):
            rolled = torch.roll(picture, shift, (0, 1))
            uphill, energies = self._gradient(rolled, self._uploaded(knobs))
            back = torch.roll(uphill, (-shift[0], -shift[1]), (0, 1))
            return back, Energies(self._name, energies, self._channels)

    def climbed(self, picture: Tensor, gradient: Tensor, knobs: Array) -> Tensor:
        with reported(self._name):
            return self._climb(picture, gradient, self._uploaded(knobs))[0]

    def _uploaded(self, values: Array) -> Tensor:
        host = torch.from_numpy(np.require(values, np.float32, ["C", "W"]))
        if self._device == "cuda":
            return host.pin_memory().to(self._device, non_blocking=True)
        return host.to(self._device)


class Energies:
    """Of each tap; downloaded when somebody looks. Raises OSError where the device fails."""

    def __init__(self, name: str, together: Tensor, channels: Sequence[int]) -> None:
        self._name = name
        self._together = together
        self._channels = channels

    def __iter__(self) -> Iterator[Array]:
        with reported(self._name):
            together = self._together.cpu().numpy()
        return iter(np.split(together, np.cumsum(self._channels)[:-1]))


class Uphill:
    """picture 0..1, knobs -> gradient, energies of all taps behind one another."""

    def __init__(self, blueprint: Blueprint, device: str, dtype: Any) -> None:
        self._layers = Eager(device, dtype)
        self._gradient = Gradient(self._layers, blueprint.graph, blueprint.taps, blueprint.size)
        self._scale = torch.tensor(blueprint.scale, device=device)
        self._offset = torch.tensor(blueprint.offset, device=device)

    def __call__(self, picture: Tensor, knobs: Tensor) -> list[Tensor]:
        seen = self._layers.fitting(channels_first(picture * self._scale + self._offset))
        uphill, energies = self._gradient(seen, knobs)
        uphill = channels_last(uphill).float() * self._scale
        return [uphill, torch.cat([energy.flatten() for energy in energies])]


def channels_first(picture: Tensor) -> Tensor:
    return picture.permute(2, 0, 1)[None]


def channels_last(picture: Tensor) -> Tensor:
    return picture[0].permute(1, 2, 0)


class Eager:
    """Layers as torch's own functions: activations are (1, channels, rows, columns) of one number
    type, laid out channels last; what the knobs and energies say is float32, (1, channels, 1, 1),
    and makes float32 of the activations that it meets, until the next convolution."""

    def __init__(self, device: str, dtype: Any) -> None:
        self._device = device
        self._dtype = dtype
        self._format = torch.contiguous_format if device == "mps" else torch.channels_last
        self._kernels: dict[str, Tensor] = {}
        self._constants: dict[int, tuple[Array, Tensor]] = {}
        self._largest: dict[str, tuple[Tensor, Tensor]] = {}  # from a pool to its way back

    def fitting(self, x: Tensor) -> Tensor:
        return x.to(self._dtype, memory_format=self._format)

    def number(self, value: float) -> float:
        return value

    def vector(self, values: Array) -> Tensor:
        return self._placed(values, (1, -1, 1, 1))

    def places(self, values: Array) -> Tensor:
        return self._placed(values, (1, 1, *values.shape))

    def _placed(self, values: Array, shape: tuple[int, ...]) -> Tensor:
        """Uploaded once; the array is kept, so that no other can have its id."""
        if id(values) not in self._constants:
            placed = torch.tensor(values, dtype=self._dtype, device=self._device)
            self._constants[id(values)] = values, placed.reshape(shape)
        return self._constants[id(values)][1]

    def vector_of(self, knobs: Tensor, first: int, end: int) -> Tensor:
        return knobs[first:end].reshape(1, -1, 1, 1)

    def scalar_of(self, knobs: Tensor, place: int) -> Tensor:
        return knobs[place]

    def convolution(self, x: Tensor, by: Convolution, sides: Sides) -> Tensor:
        around, padding = _around(x.to(self._dtype), sides, 0.0)
        bias = self.vector(by.bias).flatten()
        return F.conv2d(around, self._kernel(by), bias, by.stride, padding, 1, _groups(by))

    def convolution_back(
        self, gradient: Tensor, by: Convolution, sides: Sides, before: Size, after: Size
    ) -> Tensor:
        """Transposed: aten's convolution_backward wants the input, and took up to five times as
        long on a CPU without one."""
        high, wide = by.kernel.shape[:2]
        (_, rows, columns), (top, bottom, left, right) = before, sides
        unseen = (
            (rows + top + bottom - high) % by.stride,
            (columns + left + right - wide) % by.stride,
        )
        padding = (top, left) if _even(sides) else (0, 0)
        around = F.conv_transpose2d(
            gradient.to(self._dtype),
            self._kernel(by),
            None,
            by.stride,
            padding,
            unseen,
            _groups(by),
        )
        return around if _even(sides) else _within(around, sides, before)

    def _kernel(self, by: Convolution) -> Tensor:
        if by.name not in self._kernels:
            order = (2, 3, 0, 1) if by.depthwise else (3, 2, 0, 1)
            kernel = np.ascontiguousarray(by.kernel.transpose(order))
            self._kernels[by.name] = self.fitting(torch.tensor(kernel, device=self._device))
        return self._kernels[by.name]

    def activation(self, x: Tensor, kind: str) -> Tensor:
        match kind:
            case "relu":
                return F.relu(x)
            case "relu6":
                return F.relu6(x)
            case "silu":
                return F.silu(x)
            case "sigmoid":
                return torch.sigmoid(x)
        raise ValueError(f"activation: expected one we know, received {kind}")

    def activation_back(self, gradient: Tensor, x: Tensor, y: Tensor, kind: str) -> Tensor:
        gradient = gradient.to(y.dtype)
        match kind:
            case "relu":
                return torch.ops.aten.threshold_backward(gradient, y, 0)
            case "relu6":
                return torch.ops.aten.hardtanh_backward(gradient, x, 0, 6)
            case "silu":
                return torch.ops.aten.silu_backward(gradient, x)
            case "sigmoid":
                return torch.ops.aten.sigmoid_backward(gradient, y)
        raise ValueError(f"activation: expected one we know, received {kind}")

    def pool(self, x: Tensor, by: Pool, sides: Sides) -> Tensor:
        if not by.largest:
            return F.avg_pool2d(x, by.size, by.stride, _evenly(by, sides), count_include_pad=False)
        around, padding = _around(x, sides, -math.inf)
        y, places = F.max_pool2d(around, by.size, by.stride, padding, return_indices=True)
        self._largest[by.name] = around, places
        return y

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
        gradient, window, stride = gradient.to(x.dtype), [by.size] * 2, [by.stride] * 2
        if not by.largest:
            return torch.ops.aten.avg_pool2d_backward(
                gradient, x, window, stride, _evenly(by, sides), False, False, None
            )
        around, places = self._largest.pop(by.name)
        padding = (sides[0], sides[2]) if _even(sides) else (0, 0)
        back = torch.ops.aten.max_pool2d_with_indices_backward(
            gradient, around, window, stride, padding, [1, 1], False, places
        )
        return back if _even(sides) else _within(back, sides, before)

    def join(self, parts: list[Tensor]) -> Tensor:
        return torch.cat(parts, 1)

    def part(self, x: Tensor, first: int, end: int) -> Tensor:
        return x[:, first:end]

    def filled(self, vector: Tensor, size: Size) -> Tensor:
        return vector.expand(1, *size)

    def mean_places(self, x: Tensor) -> Tensor:
        return x.mean((2, 3), keepdim=True, dtype=torch.float32)

    def mean_channels(self, vector: Tensor) -> Tensor:
        return vector.mean(1, keepdim=True)

    def softmax(self, x: Tensor) -> Tensor:
        return torch.softmax(x, 1)

    def logarithm(self, x: Tensor) -> Tensor:
        return torch.log(x)

    def root(self, x: Tensor) -> Tensor:
        return torch.sqrt(x)


def _groups(by: Convolution) -> int:
    return by.channels if by.depthwise else 1


def _even(sides: Sides) -> bool:
    """Torch pads both ends alike, or not at all."""
    top, bottom, left, right = sides
    return top == bottom and left == right


def _evenly(by: Pool, sides: Sides) -> tuple[int, int]:
    if not _even(sides):
        raise ValueError(f"{by.name}: expected mean pooling with even padding, received {sides}")
    return sides[0], sides[2]


def _around(x: Tensor, sides: Sides, value: float) -> tuple[Tensor, tuple[int, int]]:
    """With what uneven padding adds, and the padding that is left to add."""
    top, bottom, left, right = sides
    if _even(sides):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _within(around: Tensor, sides: Sides, size: Size) -> Tensor:
    top, _, left, _ = sides
    return around[:, :, top : top + size[1], left : left + size[2]]


def climb(picture: Tensor, gradient: Tensor, knobs: Tensor) -> list[Tensor]:
    """Of (rows, columns, 3)."""
    higher = climbed(Planes(), channels_first(picture), channels_first(gradient), knobs)
    return [channels_last(higher)]


class Planes:
    """Pixels as (1, 3, rows, columns) float32."""

    def number(self, value: float) -> float:
        return value

    def knob(self, knobs: Tensor, place: int) -> Tensor:
        return knobs[place]

    def recoloured(self, picture: Tensor, knobs: Tensor, place: int) -> Tensor:
        return channels_first(channels_last(picture) @ knobs[place : place + 9].reshape(3, 3))

    def halved(self, picture: Tensor) -> Tensor:
        return F.avg_pool2d(picture, 2)

    def doubled(self, picture: Tensor, like: Tensor) -> Tensor:
        return F.interpolate(picture, like.shape[2:], mode="bilinear", align_corners=False)

    def energy(self, picture: Tensor) -> Tensor:
        return picture.square().mean()

    def root(self, x: Tensor) -> Tensor:
        return torch.sqrt(x)

    def power(self, x: Tensor, exponent: Tensor) -> Tensor:
        return torch.pow(x, exponent)

    def at_least(self, x: Tensor, least: float) -> Tensor:
        return x.clamp(min=least)

    def crowded(self, picture: Tensor, uphill: Tensor, headroom: float) -> Tensor:
        room = torch.where(uphill > 0, 1 - picture, picture)
        return (1 - headroom * room).clamp(min=0)

    def bounded(self, picture: Tensor) -> Tensor:
        return picture.clamp(0, 1)
