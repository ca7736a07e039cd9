"""TensorFlow: the reference, on CPUs and on NVIDIA GPUs under Linux. The gradient is one function,
traced once for its size, with every knob a tensor: nothing a performer turns traces again."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from engine.climb import LENGTH, ArrayStep, climbed
from engine.frame import Array
from engine.gradient import Gradient, Layout
from engine.graph import NO_PADDING, Convolution, Pool, Sides, Size
from engine.runtime import Blueprint, Gradients, Step

Tensor = Any


class TensorFlow:
    """``traces`` counts the traces of each thread, by its name."""

    name = "tensorflow"

    def __init__(self, threads: int, precision: str = "float32") -> None:
        """``threads``: how many cores a step may use; where TensorFlow is already in use in this
        process, it keeps the number that it has."""
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
            for gpu in tf.config.list_physical_devices("GPU"):
                tf.config.experimental.set_memory_growth(gpu, True)
        self.precision = precision
        self.traces: Counter[str] = Counter()

    def accelerators(self) -> tuple[str, ...]:
        return tuple(device.name for device in tf.config.list_physical_devices("GPU"))

    def compiled(self, blueprint: Blueprint) -> Step:
        """Takes about a second. Raises OSError where there is no memory for it."""
        with reported(blueprint.name):
            gradient = self._gradient(blueprint)
            step = self._step(blueprint.name, gradient, blueprint.size)
            knobs = np.zeros(Layout(blueprint.taps).length, np.float32)
            picture = step.placed(np.full((*blueprint.size, 3), 0.5, np.float32))
            step.gradient(picture, knobs, (0, 0))  # the first call takes long
            return step

    def _step(self, name: str, gradient: Any, size: tuple[int, int]) -> Step:
        if self.accelerators():
            return DeviceStep(name, gradient, climb_function(size))
        return HostStep(name, gradient)

    def _gradient(self, blueprint: Blueprint) -> Any:
        uphill = Uphill(blueprint, tf.as_dtype(self.precision))

        @tf.function(input_signature=uphill.signature, autograph=False)  # type: ignore[untyped-decorator]
        def gradient(picture: Tensor, shift: Tensor, knobs: Tensor) -> list[Tensor]:
            self.traces[threading.current_thread().name] += 1
            return uphill(picture, shift, knobs)

        return gradient.get_concrete_function()


@contextmanager
def reported(name: str) -> Iterator[None]:
    """What TensorFlow raises where memory or a device is short is an OSError for everyone else."""
    try:
        yield
    except (tf.errors.OpError, MemoryError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise OSError(f"{name}: expected to run, received {reason}") from error


class HostStep(ArrayStep):
    """On a CPU. Raises OSError where TensorFlow fails."""

    def __init__(self, name: str, gradient: Any) -> None:
        self._name = name
        self._gradient = gradient

    def gradient(self, picture: Array, knobs: Array, shift: tuple[int, int]) -> Gradients:
        with reported(self._name):
            uphill, *energies = self._gradient(
                tf.constant(picture), tf.constant(shift, tf.int32), tf.constant(knobs)
            )
            return uphill.numpy(), [energy.numpy() for energy in energies]


class DeviceStep:
    """Pictures stay on the GPU. Raises OSError where it fails."""

    def __init__(self, name: str, gradient: Any, climb: Any) -> None:
        self._name = name
        self._gradient = gradient
        self._climb = climb

    def placed(self, picture: Array) -> Tensor:
        with reported(self._name):
            return tf.identity(picture)

    def taken(self, picture: Tensor) -> Array:
        with reported(self._name):
            return np.asarray(picture)

    def gradient(self, picture: Tensor, knobs: Array, shift: tuple[int, int]) -> Gradients:
        with reported(self._name):
            uphill, *energies = self._gradient(
                picture, tf.constant(shift, tf.int32), tf.constant(knobs)
            )
            return uphill, [energy.numpy() for energy in energies]

    def climbed(self, picture: Tensor, gradient: Tensor, knobs: Array) -> Tensor:
        with reported(self._name):
            return self._climb(picture, gradient, tf.constant(knobs))


class Uphill:
    """picture 0..1, shift (2,), knobs -> gradient, energies of each tap."""

    def __init__(self, blueprint: Blueprint, dtype: Any) -> None:
        taps, size = blueprint.taps, blueprint.size
        self.signature = (
            tf.TensorSpec((*size, 3), tf.float32),
            tf.TensorSpec((2,), tf.int32),
            tf.TensorSpec((Layout(taps).length,), tf.float32),
        )
        self._dtype = dtype
        self._scale, self._offset = blueprint.scale, blueprint.offset
        self._gradient = Gradient(Nodes(dtype), blueprint.graph, taps, size)

    def __call__(self, picture: Tensor, shift: Tensor, knobs: Tensor) -> list[Tensor]:
        seen = tf.roll(picture, shift, [0, 1]) * self._scale + self._offset
        uphill, energies = self._gradient(tf.cast(seen, self._dtype)[None], knobs)
        uphill = tf.roll(tf.cast(uphill[0], tf.float32) * self._scale, -shift, [0, 1])
        return [uphill, *(tf.cast(tf.reshape(each, [-1]), tf.float32) for each in energies)]


class Nodes:
    """Layers of one number type, as nodes of a graph: activations are (1, rows, columns, channels);
    vectors (channels,) or (1, 1, 1, channels). Only sums over many numbers are always float32."""

    def __init__(self, dtype: Any) -> None:
        self._dtype = dtype
        self._kernels: dict[str, Tensor] = {}

    def number(self, value: float) -> float:
        return value

    def vector(self, values: Array) -> Tensor:
        return tf.constant(values, self._dtype)

    def places(self, values: Array) -> Tensor:
        return tf.constant(values[None, :, :, None], self._dtype)

    def vector_of(self, knobs: Tensor, first: int, end: int) -> Tensor:
        return tf.cast(knobs[first:end], self._dtype)

    def scalar_of(self, knobs: Tensor, place: int) -> Tensor:
        return tf.cast(knobs[place], self._dtype)

    def convolution(self, x: Tensor, by: Convolution, sides: Sides) -> Tensor:
        kernel, strides = self._kernel(by), _both(by.stride)
        if by.depthwise:
            y = tf.nn.depthwise_conv2d(_padded(x, by, sides), kernel, strides, _plain(by))
        else:
            y = tf.raw_ops.Conv2D(input=x, filter=kernel, strides=strides, **_padding(by, sides))
        return tf.nn.bias_add(y, self.vector(by.bias))

    def convolution_back(
        self, gradient: Tensor, by: Convolution, sides: Sides, before: Size, after: Size
    ) -> Tensor:
        kernel, strides = self._kernel(by), _both(by.stride)
        if by.depthwise:
            return _depthwise_back(gradient, kernel, by, sides, before)
        return tf.raw_ops.Conv2DBackpropInput(
            input_sizes=_shape(before),
            filter=kernel,
            out_backprop=gradient,
            strides=strides,
            **_padding(by, sides),
        )

    def _kernel(self, by: Convolution) -> Tensor:
        """Given to the function from outside: within it, the first step took five times as long."""
        if by.name not in self._kernels:
            with tf.init_scope():
                self._kernels[by.name] = tf.constant(by.kernel, self._dtype)
        return self._kernels[by.name]

    def activation(self, x: Tensor, kind: str) -> Tensor:
        match kind:
            case "relu":
                return tf.nn.relu(x)
            case "relu6":
                return tf.nn.relu6(x)
            case "silu":
                return x * tf.sigmoid(x)
            case "sigmoid":
                return tf.sigmoid(x)
        raise ValueError(f"activation: expected one we know, received {kind}")

    def activation_back(self, gradient: Tensor, x: Tensor, y: Tensor, kind: str) -> Tensor:
        match kind:
            case "relu":
                return tf.raw_ops.ReluGrad(gradients=gradient, features=y)
            case "relu6":
                return tf.raw_ops.Relu6Grad(gradients=gradient, features=y)
            case "silu":
                gate = tf.sigmoid(x)
                return gradient * (gate * (1.0 + x * (1.0 - gate)))
            case "sigmoid":
                return tf.raw_ops.SigmoidGrad(y=y, dy=gradient)
        raise ValueError(f"activation: expected one we know, received {kind}")

    def pool(self, x: Tensor, by: Pool, sides: Sides) -> Tensor:
        window = {"ksize": _both(by.size), "strides": _both(by.stride), **_padding(by, sides)}
        if by.largest:
            return tf.raw_ops.MaxPool(input=x, **window)
        return tf.raw_ops.AvgPool(value=x, **window)

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
        window = {"ksize": _both(by.size), "strides": _both(by.stride), **_padding(by, sides)}
        if by.largest:
            return tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=y, grad=gradient, **window)
        return tf.raw_ops.AvgPoolGrad(orig_input_shape=_shape(before), grad=gradient, **window)

    def join(self, parts: list[Tensor]) -> Tensor:
        return tf.concat(parts, -1)

    def part(self, x: Tensor, first: int, end: int) -> Tensor:
        return x[..., first:end]

    def filled(self, vector: Tensor, size: Size) -> Tensor:
        return tf.broadcast_to(vector, _shape(size))

    def mean_places(self, x: Tensor) -> Tensor:
        return self._mean(x, [1, 2])

    def mean_channels(self, vector: Tensor) -> Tensor:
        return self._mean(vector, [-1])

    def _mean(self, x: Tensor, axes: list[int]) -> Tensor:
        mean = tf.reduce_mean(tf.cast(x, tf.float32), axes, keepdims=True)
        return tf.cast(mean, self._dtype)

    def softmax(self, x: Tensor) -> Tensor:
        return tf.nn.softmax(x)

    def logarithm(self, x: Tensor) -> Tensor:
        return tf.math.log(x)

    def root(self, x: Tensor) -> Tensor:
        return tf.sqrt(x)


def _both(length: int) -> list[int]:
    return [1, length, length, 1]


def _shape(size: Size) -> tuple[int, int, int, int]:
    channels, rows, columns = size
    return 1, rows, columns, channels


def _plain(by: Convolution) -> str:
    return "SAME" if by.padding is None else "VALID"


def _padded(x: Tensor, by: Convolution, sides: Sides) -> Tensor:
    """TensorFlow 2.21 aborts on depthwise convolutions with padding of their own."""
    if by.padding is None or not any(sides):
        return x
    top, bottom, left, right = sides
    return tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]])


def _depthwise_back(
    gradient: Tensor, kernel: Tensor, by: Convolution, sides: Sides, before: Size
) -> Tensor:
    channels, rows, columns = before
    top, bottom, left, right = NO_PADDING if by.padding is None else sides
    padded = tf.nn.depthwise_conv2d_backprop_input(
        _shape((channels, top + rows + bottom, left + columns + right)),
        kernel,
        gradient,
        _both(by.stride),
        _plain(by),
    )
    return padded[:, top : top + rows, left : left + columns]


def _padding(by: Convolution | Pool, sides: Sides) -> dict[str, Any]:
    if by.padding is None:
        return {"padding": "SAME"}
    if not any(sides):
        return {"padding": "VALID"}
    return {"padding": "EXPLICIT", "explicit_paddings": [0, 0, *sides, 0, 0]}


def climb_function(size: tuple[int, int]) -> Any:
    """picture 0..1, gradient, knobs -> picture."""
    picture = tf.TensorSpec((*size, 3), tf.float32)
    signature = (picture, picture, tf.TensorSpec((LENGTH,), tf.float32))

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
    def climb(picture: Tensor, gradient: Tensor, knobs: Tensor) -> Tensor:
        return climbed(Tensors(), picture, gradient, knobs)

    return climb.get_concrete_function()


class Tensors:
    """Pixels as tensors, (rows, columns, 3) float32."""

    def number(self, value: float) -> float:
        return value

    def knob(self, knobs: Tensor, place: int) -> Tensor:
        return knobs[place]

    def recoloured(self, picture: Tensor, knobs: Tensor, place: int) -> Tensor:
        return tf.tensordot(picture, tf.reshape(knobs[place : place + 9], (3, 3)), 1)

    def halved(self, picture: Tensor) -> Tensor:
        return tf.nn.avg_pool2d(picture[None], 2, 2, "VALID")[0]

    def doubled(self, picture: Tensor, like: Tensor) -> Tensor:
        return tf.image.resize(picture, like.shape[:2])

    def energy(self, picture: Tensor) -> Tensor:
        return tf.reduce_mean(tf.square(picture))

    def root(self, x: Tensor) -> Tensor:
        return tf.sqrt(x)

    def power(self, x: Tensor, exponent: Tensor) -> Tensor:
        return tf.pow(x, exponent)

    def at_least(self, x: Tensor, least: float) -> Tensor:
        return tf.maximum(x, least)

    def crowded(self, picture: Tensor, uphill: Tensor, headroom: float) -> Tensor:
        room = tf.where(uphill > 0, 1 - picture, picture)
        return tf.maximum(1 - headroom * room, 0)

    def bounded(self, picture: Tensor) -> Tensor:
        return tf.clip_by_value(picture, 0.0, 1.0)
