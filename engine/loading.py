"""A network as the backends take it: its operations with their weights, and what to compile."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.bestiary import network as bestiary
from engine.graph import Convolution, Graph, Operation, Picture
from engine.networks import NETWORKS
from engine.runtime import Blueprint, Tap
from engine.simplify import cut, simplified
from engine.topologies import read
from engine.topologies.weight_arrays import weight_arrays
from engine.weights import at_hand, weight_file


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
    or ValueError where the weights are not to be had or not this network's."""
    network = NETWORKS[name]
    if not network.constructor:
        return bestiary.graph()
    rows = read.rows(name)
    path = weight_file(name, folder)
    try:
        graph = read.graph(rows, weight_arrays(path, rows))
    except (OSError, KeyError) as error:
        raise OSError(f"{path}: expected weights of {name}, received {error}") from error
    return _turned(graph) if network.bgr else graph


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
    that is not there, or whose weights are missing from the file."""
    for layer in layers:
        _checked(name, graph, layer)
    network = NETWORKS[name]
    sizes = graph.sizes(*size)
    heads = bestiary.heads() if not network.constructor else ()
    offset = network.offset[::-1] if network.bgr else network.offset
    return Blueprint(
        name=name,
        graph=simplified(graph, layers),
        taps=tuple(Tap(layer, sizes[layer][0], layer in heads) for layer in layers),
        size=size,
        scale=np.array(network.scale, np.float32),
        offset=np.array(offset, np.float32),
    )


def _checked(name: str, graph: Graph, layer: str) -> None:
    if layer not in graph:
        raise ValueError(f"layer: expected one of {name}'s, received '{layer}'")
    for operation in cut(graph, [layer]):
        if isinstance(operation, Convolution) and not operation.kernel.any():
            raise ValueError(
                f"layer {layer} of {name}: expected weights, received a file that lacks those of"
                f" {operation.name}"
            )
