"""A network as the backends take it: its operations with their weights, and what to compile."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.bestiary import network as bestiary
from engine.graph import Affine, Convolution, Graph, Operation, Picture
from engine.networks import NETWORKS
from engine.runtime import Blueprint, Tap
from engine.simplify import cut, simplified
from engine.topologies import read
from engine.weights import at_hand, weight_file

UNREADABLE = (  # h5py has no error of its own for a file that is not as it should be
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Networks:
    """All in NETWORKS. ``folder``: where to look for weight files first."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def at_hand(self, network: str) -> bool:
        """Whether ``load`` needs no download."""
        constructed = NETWORKS[network].constructor
        return not constructed or at_hand(network, self._folder) is not None

    def load(self, network: str) -> Graph:
        return loaded(network, self._folder)


def loaded(name: str, folder: Path | None) -> Graph:
    """Takes a second; the first time perhaps a download. The picture goes in as RGB. Raises OSError
    where the weights are not to be had or not this network's."""
    network = NETWORKS[name]
    if not network.constructor:
        return bestiary.graph()
    rows = read.rows(name)
    graph = read.graph(rows, _weights(name, weight_file(name, folder), rows))
    return _turned(graph) if network.bgr else graph


def _weights(name: str, path: Path, rows: Sequence[read.Row]) -> read.Weights:
    from engine.topologies.weight_arrays import weight_arrays  # h5py is not everywhere

    try:
        return weight_arrays(path, rows)
    except UNREADABLE as error:
        raise OSError(f"{path}: expected weights of {name}, received {error}") from error


def _turned(graph: Graph) -> Graph:
    """A network of BGR pictures made one of RGB: what first looks at the picture looks the other
    way round."""
    return Graph(_turned_about(graph, operation) for operation in graph)


def _turned_about(graph: Graph, operation: Operation) -> Operation:
    sees = any(isinstance(graph[source], Picture) for source in operation.sources)
    if sees and isinstance(operation, Convolution):
        return replace(operation, kernel=operation.kernel[:, :, ::-1])
    return operation


def blueprint(name: str, graph: Graph, layers: Sequence[str], size: tuple[int, int]) -> Blueprint:
    """For a step at ``size`` (rows, columns) that raises ``layers``. Raises ValueError for a layer
    that is not there, or whose weights are missing from the file or are not finite."""
    for layer in layers:
        _checked(name, graph, layer)
    network = NETWORKS[name]
    sizes = graph.sizes(*size)
    heads = bestiary.heads() if not network.constructor else ()
    order = -1 if network.bgr else 1
    return Blueprint(
        name=name,
        graph=simplified(graph, layers),
        taps=tuple(Tap(layer, sizes[layer][0], layer in heads) for layer in layers),
        size=size,
        scale=np.array(network.scale[::order], np.float32),
        offset=np.array(network.offset[::order], np.float32),
    )


def _checked(name: str, graph: Graph, layer: str) -> None:
    if layer not in graph:
        raise ValueError(f"layer: expected one of {name}'s, received '{layer}'")
    for operation in cut(graph, [layer]):
        if fault := _fault(operation):
            raise ValueError(
                f"layer {layer} of {name}: expected weights, received {fault} {operation.name}"
            )


def _fault(operation: Operation) -> str:
    """10 ms over the 88 MB of a whole inception_v3; to simplify it takes 65."""
    match operation:
        case Convolution(kernel=kernel) if not kernel.any():
            return "a file that lacks those of"
        case Convolution(kernel=one, bias=other) | Affine(scale=one, offset=other):
            finite = np.isfinite(one).all() and np.isfinite(other).all()
            return "" if finite else "NaN or infinity in those of"
    return ""
