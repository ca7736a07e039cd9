"""TensorFlow: the reference, on CPUs and on NVIDIA GPUs under Linux.

A step is traced once per network and deepest open strip, with every knob a tensor and any picture
size: nothing a performer turns traces again.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from engine.ascent import Knobs
from engine.bestiary.network import LAYERS, weights
from engine.dream import STRIPS
from engine.frame import Array
from engine.networks import NETWORKS, Network
from engine.weights import at_hand, weight_file

Tensor = Any

SIGNATURE = (
    tf.TensorSpec((None, None, 3), tf.float32),  # picture, 0..1
    tf.TensorSpec((2,), tf.int32),  # shift: rows, columns
    tf.TensorSpec((STRIPS,), tf.float32),  # gains
    tf.TensorSpec((STRIPS,), tf.int32),  # channels
    tf.TensorSpec((STRIPS,), tf.float32),  # spreads
    tf.TensorSpec((), tf.int32),  # objective
    tf.TensorSpec((), tf.float32),  # step size
    tf.TensorSpec((), tf.float32),  # smoothing
)


class TensorFlow:
    """``traces`` counts the traces of each thread, by its name."""

    name = "tensorflow"

    def __init__(self, threads: int) -> None:
        """``threads``: how many cores a step may use. To be made once, before anything else of
        TensorFlow is used in the process."""
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        self.traces: Counter[str] = Counter()

    def accelerators(self) -> tuple[str, ...]:
        return tuple(device.name for device in tf.config.list_physical_devices("GPU"))

    def at_hand(self, name: str, folder: Path | None) -> bool:
        return not NETWORKS[name].constructor or at_hand(name, folder) is not None

    def load(self, name: str, folder: Path | None) -> "LoadedNetwork":
        """Takes seconds; the first time perhaps a download. Raises OSError or ValueError where the
        weights are not to be had or not this network's."""
        with reported(name):
            return LoadedNetwork(self, name, built(name, folder))


class LoadedNetwork:
    """A network with its weights; ``compiled`` traces a step through its first stops."""

    def __init__(self, backend: TensorFlow, name: str, model: keras.Model) -> None:
        self._backend = backend
        self._name = name
        self._network = NETWORKS[name]
        self._model = model

    def compiled(self, depth: int) -> "Step":
        """The step through the first ``depth`` stops. Takes about a second. Raises OSError where
        there is no memory for it."""
        stops = self._network.stops[:depth]
        outputs = [self._model.get_layer(stop).output for stop in stops]
        seen = keras.Model(self._model.inputs, outputs)
        heads = [_is_head(stop) for stop in stops]

        @tf.function(input_signature=SIGNATURE)  # type: ignore[untyped-decorator]
        def step(
            picture: Tensor,
            shift: Tensor,
            gains: Tensor,
            channels: Tensor,
            spreads: Tensor,
            objective: Tensor,
            step_size: Tensor,
            smoothing: Tensor,
        ) -> Tensor:
            self._backend.traces[threading.current_thread().name] += 1
            rolled = tf.roll(picture, shift, axis=[0, 1])
            with tf.GradientTape() as tape:
                tape.watch(rolled)
                activations = tf.nest.flatten(seen(prepared(rolled, self._network)[None]))
                score = tf.add_n(
                    [
                        gains[n] * term(activation, channels[n], spreads[n], objective, heads[n])
                        for n, activation in enumerate(activations)
                    ]
                )
            gradient = tape.gradient(score, rolled)
            uphill = tf.roll(smoothed(gradient, smoothing), -shift, axis=[0, 1])
            return tf.clip_by_value(picture + step_size * normalised(uphill), 0.0, 1.0)

        with reported(self._name):
            return Step(step.get_concrete_function())


class Step:
    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, picture: Array, knobs: Knobs, shift: tuple[int, int]) -> Array:
        """One step up: (h, w, 3) float32 0..1 in and out. ``shift``: rows and columns by which the
        network sees the picture rolled."""
        stepped = self._function(
            tf.constant(picture),
            tf.constant(shift, tf.int32),
            tf.constant(knobs.gains),
            tf.constant(knobs.channels),
            tf.constant(knobs.spreads),
            tf.constant(knobs.objective),
            tf.constant(knobs.step_size),
            tf.constant(knobs.smoothing),
        )
        return np.asarray(stepped)


@contextmanager
def reported(name: str) -> Iterator[None]:
    """What TensorFlow raises where memory or a device is short is an OSError for everyone else."""
    try:
        yield
    except (tf.errors.OpError, MemoryError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise OSError(f"{name}: expected to be built, received {reason}") from error


def built(name: str, folder: Path | None) -> keras.Model:
    network = NETWORKS[name]
    if not network.constructor:
        return embedded()
    path = weight_file(name, folder)
    constructor = getattr(keras.applications, network.constructor)
    try:
        return constructor(weights=str(path), include_top=False)
    except (OSError, ValueError, KeyError) as error:
        raise OSError(f"{path}: expected weights of {name}, received {error}") from error


def embedded() -> keras.Model:
    """The embedded network as a Keras model. Keras pads a strided 'same' convolution unevenly, so
    the padding is laid out here."""
    values = weights()
    trunk = inputs = keras.Input((None, None, 3))
    outputs = []
    for layer in LAYERS:
        if not layer.kernel:
            trunk = layers.AveragePooling2D(2, name=layer.name)(trunk)
            continue
        kernel, bias = values[layer.name]
        convolution = layers.Conv2D(
            kernel.shape[3],
            layer.kernel,
            layer.stride,
            "valid",
            activation=None if layer.head else "relu",
            name=layer.name,
        )
        seen = convolution(layers.ZeroPadding2D(layer.kernel // 2)(trunk))
        convolution.set_weights([kernel, bias])
        outputs.append(seen)
        trunk = trunk if layer.head else seen
    return keras.Model(inputs, outputs)


def _is_head(stop: str) -> bool:
    return any(layer.name == stop and layer.head for layer in LAYERS)


def prepared(picture: Tensor, network: Network) -> Tensor:
    """0..1 RGB as the network wants it."""
    colours = tf.reverse(picture, [-1]) if network.bgr else picture
    return colours * tf.constant(network.scale) + tf.constant(network.offset)


def window(channel: Tensor, spread: Tensor, channels: int) -> Tensor:
    """(channels,) weights that sum to 1: all alike for channel 0, else a tent over the chosen
    channel and ``spread`` neighbours on each side, round the end."""
    place = tf.cast((channel - 1) % channels, tf.float32)
    away = tf.abs(tf.range(channels, dtype=tf.float32) - place)
    away = tf.minimum(away, channels - away)
    tent = tf.maximum(1.0 - away / (1.0 + spread), 0.0)
    chosen = tf.where(channel == 0, tf.ones_like(tent), tent)
    return chosen / tf.reduce_sum(chosen)


def term(
    activation: Tensor, channel: Tensor, spread: Tensor, objective: Tensor, head: bool
) -> Tensor:
    """What one strip raises. Logarithms make layers of any size and scale compare. A head's logits
    are raised as they are; with all its channels open each place raises what it already resembles
    most (log-sum-exp)."""
    weight = window(channel, spread, activation.shape[-1])
    if head:
        return tf.reduce_mean(tf.reduce_logsumexp(activation + tf.math.log(weight + 1e-9), -1))
    means = tf.reduce_mean(activation, [0, 1, 2])
    energies = tf.reduce_mean(tf.square(activation), [0, 1, 2])
    scale = tf.stop_gradient(tf.reduce_mean(energies)) + 1e-9
    balanced = tf.reduce_sum(weight * tf.math.log(energies + 0.02 * scale))
    energy = tf.math.log(tf.reduce_sum(weight * energies) + 1e-6 * scale)
    mean = tf.reduce_sum(weight * means) / tf.sqrt(scale)
    return tf.stack([balanced, energy, mean])[objective]


def smoothed(gradient: Tensor, smoothing: Tensor) -> Tensor:
    """Adds the coarser levels of the gradient's Gaussian pyramid, as strong as its own. (3 levels:
    sides are multiples of 8.)"""
    level = gradient[None]
    total = level
    for n, share in enumerate((1.0, 0.7, 0.5)):
        level = tf.nn.avg_pool2d(level, 2, 2, "VALID")
        coarse = tf.image.resize(level, tf.shape(gradient)[:2])
        total += smoothing * share * 2**n * coarse
    return total[0]


def normalised(gradient: Tensor) -> Tensor:
    """Standard deviation 1; a gradient that is nothing (a dead channel) or not finite is 0."""
    deviation = tf.math.reduce_std(gradient)
    usable = tf.math.is_finite(deviation) & (deviation > 1e-12)
    return tf.where(usable, gradient / deviation, tf.zeros_like(gradient))
