"""The embedded network: its layers as data, its weights from the file beside.

A plain stack for dreaming: batch norm folded away, average pooling, every channel scaled to a root
mean square of 1 over the training pictures, and two heads whose maps are the logits of 64 named
classes at every place, `fine` for small figures and `coarse` for large ones.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from engine.frame import Array
from engine.graph import Activation, Convolution, Graph, Operation, Picture, Pool
from engine.networks import NETWORKS


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution, or average pooling by 2 where ``kernel`` is 0. Zero padding keeps the size
    (before the stride), the same on all sides. ``head``: linear, beside the trunk."""

    name: str
    kernel: int
    stride: int = 1
    head: bool = False


LAYERS = (
    Layer("c1", 5, stride=2),
    Layer("c2", 3),
    Layer("p2", 0),
    Layer("c3a", 3),
    Layer("c3b", 3),
    Layer("p3", 0),
    Layer("c4a", 3),
    Layer("c4b", 3),
    Layer("fine", 1, head=True),
    Layer("p4", 0),
    Layer("c5", 3),
    Layer("coarse", 1, head=True),
)


def layers() -> tuple[str, ...]:
    return tuple(layer.name for layer in LAYERS)


def heads() -> tuple[str, ...]:
    return tuple(layer.name for layer in LAYERS if layer.head)


def graph() -> Graph:
    """Raises OSError as ``weights`` does."""
    values = weights()
    operations: list[Operation] = [Picture("picture", ())]
    trunk = "picture"
    for layer in LAYERS:
        if not layer.kernel:
            operations.append(Pool(layer.name, (trunk,), largest=False, size=2, stride=2))
        else:
            side = layer.kernel // 2
            inner = layer.name if layer.head else f"{layer.name}/linear"
            operations.append(
                Convolution(
                    inner, (trunk,), *values[layer.name], layer.stride, (side, side, side, side)
                )
            )
            if not layer.head:
                operations.append(Activation(layer.name, (inner,), "relu"))
        trunk = trunk if layer.head else layer.name
    return Graph(operations)


def weights() -> dict[str, tuple[Array, Array]]:
    """``{layer: (kernel (h, w, in, out), bias (out,))}``, float32. Raises OSError when the file is
    not the one this network was written for."""
    path = Path(__file__).with_name("weights.npz")
    content = path.read_bytes()
    received = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if received != NETWORKS["bestiary"].checksum:
        raise OSError(f"{path}: expected {NETWORKS['bestiary'].checksum}, received {received}")
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return {
            layer.name: (
                arrays[f"{layer.name}/kernel"].astype(np.float32),
                arrays[f"{layer.name}/bias"].astype(np.float32),
            )
            for layer in LAYERS
            if layer.kernel
        }
