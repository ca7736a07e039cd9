"""The embedded network: its layers as data, its weights from the file beside.

A plain stack for dreaming: batch norm folded away, a smooth activation (no channel is ever dead),
average pooling, a first kernel that its stride divides (every pixel counts alike), and two heads
whose maps are the logits of the named classes at every place, `fine` for small figures and `coarse`
for large ones. How it was taught: docs/bestiary.md.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from engine.bestiary.names import NAMES
from engine.frame import Array
from engine.graph import Activation, Convolution, Graph, Operation, Picture, Pool
from engine.networks import NETWORKS

WEIGHTS = Path(__file__).with_name("weights.npz")
JUDGE = Path(__file__).with_name("judge.npz")  # of a narrower network, taught by itself
ACTIVATION = "silu"


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution to ``channels``, or average pooling by 2 where ``kernel`` is 0. Zeros all round
    keep the size, or a stride of 2 halves it. ``head``: linear, beside the trunk, one channel for
    each class."""

    name: str
    kernel: int
    channels: int = 0
    stride: int = 1
    head: bool = False

    @property
    def zeros(self) -> int:
        """How many on each side."""
        return (self.kernel - 1) // 2


LAYERS = (
    Layer("c1", 6, 16, stride=2),
    Layer("c2", 3, 32),
    Layer("p2", 0),
    Layer("c3a", 3, 48),
    Layer("c3b", 3, 64),
    Layer("p3", 0),
    Layer("c4a", 3, 128),
    Layer("c4b", 3, 128),
    Layer("fine", 1, len(NAMES), head=True),
    Layer("p4", 0),
    Layer("c5a", 3, 224),
    Layer("c5b", 3, 224),
    Layer("coarse", 1, len(NAMES), head=True),
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
            sides = (layer.zeros,) * 4
            inner = layer.name if layer.head else f"{layer.name}/linear"
            operations.append(
                Convolution(inner, (trunk,), *values[layer.name], layer.stride, sides)
            )
            if not layer.head:
                operations.append(Activation(layer.name, (inner,), ACTIVATION))
        trunk = trunk if layer.head else layer.name
    return Graph(operations)


def weights() -> dict[str, tuple[Array, Array]]:
    """``{layer: (kernel (h, w, in, out), bias (out,))}``, float32. Raises OSError when the file is
    not the one this network was written for."""
    content = WEIGHTS.read_bytes()
    received = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if received != NETWORKS["bestiary"].checksum:
        raise OSError(f"{WEIGHTS}: expected {NETWORKS['bestiary'].checksum}, received {received}")
    found = arrays(BytesIO(content))
    return {
        layer.name: (found[f"{layer.name}/kernel"], found[f"{layer.name}/bias"])
        for layer in LAYERS
        if layer.kernel
    }


def arrays(file: Path | BytesIO) -> dict[str, Array]:
    """``{layer/kernel: (h, w, in, out), layer/bias: (out,)}``, float32."""
    with np.load(file, allow_pickle=False) as there:
        return {name: there[name].astype(np.float32) for name in there.files}
