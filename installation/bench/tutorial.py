"""The baseline: a step the way of TensorFlow's published tutorial, written from its description,
https://www.tensorflow.org/tutorials/generative/deepdream. Needs TensorFlow; only the baseline's own
process imports it.

As there: the Keras model cut at its layers, one ``tf.function`` for pictures of any size, the sum
of the layers' means, a gradient tape, the gradient divided by its deviation, added, clipped. As in
a live show, each call is one step, and its result is fetched.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from engine.bestiary.network import ACTIVATION, LAYERS, weights
from engine.frame import Array
from engine.networks import NETWORKS

Tensor = Any

STEP_SIZE = 0.01


def tutorial_step(
    network: str, stops: Sequence[str], width: int, height: int
) -> Callable[[], Array]:
    """One step on a picture of its own, -1..1."""
    seen = _cut(network, stops)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=(
            tf.TensorSpec([None, None, 3], tf.float32),
            tf.TensorSpec([], tf.float32),
        )
    )
    def ascended(image: Tensor, step_size: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            tape.watch(image)
            activations = tf.nest.flatten(seen(image[None]))
            loss = tf.add_n([tf.reduce_mean(activation) for activation in activations])
        gradient = tape.gradient(loss, image)
        gradient /= tf.math.reduce_std(gradient) + 1e-8
        return tf.clip_by_value(image + gradient * step_size, -1.0, 1.0)

    picture = np.random.default_rng(0).random((height, width, 3), np.float32) * 2 - 1

    def step() -> Array:
        return np.asarray(ascended(tf.constant(picture), tf.constant(STEP_SIZE)))

    return step


def _cut(network: str, stops: Sequence[str]) -> keras.Model:
    """Of keras.applications with random weights."""
    keras.backend.clear_session()  # names count from the start
    constructor = NETWORKS[network].constructor
    if constructor:
        model = getattr(keras.applications, constructor)(include_top=False, weights=None)
    else:
        model = embedded()
    return keras.Model(model.inputs, [model.get_layer(stop).output for stop in stops])


def embedded() -> keras.Model:
    """The embedded network, in layers of Keras, which pads a strided "same" convolution unevenly:
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
            activation=None if layer.head else ACTIVATION,
            name=layer.name,
        )
        seen = convolution(layers.ZeroPadding2D(layer.zeros)(trunk))
        convolution.set_weights([kernel, bias])
        outputs.append(seen)
        trunk = trunk if layer.head else seen
    return keras.Model(inputs, outputs)
