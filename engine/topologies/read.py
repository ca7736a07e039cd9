"""A network's layers and its weights, as a list of operations."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

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
    Picture,
    Pool,
    Product,
    Sides,
    Sum,
)

Row = dict[str, Any]
Weights = Mapping[str, Sequence[Array]]

SILENT = ("Dropout", "Reshape")  # nothing is left of them
PLAIN = {
    "InputLayer": Picture,
    "Concatenate": Join,
    "Add": Sum,
    "Multiply": Product,
    "GlobalAveragePooling2D": Mean,
}


@cache
def rows(network: str) -> tuple[Row, ...]:
    """The layers of a network of keras.applications, in Keras's order."""
    return tuple(json.loads(Path(__file__).with_name(f"{network}.json").read_text()))


def layers(network: str) -> tuple[str, ...]:
    """The names that can be put on a strip, from shallow to deep."""
    return tuple(row["name"] for row in rows(network) if _heard(row))


def _heard(row: Row) -> bool:
    return row["kind"] not in (*SILENT, "InputLayer", "ZeroPadding2D")


def graph(rows: Iterable[Row], weights: Weights) -> Graph:
    """``weights``: each layer's arrays, in Keras's order and shapes."""
    same: dict[str, str] = {}  # layers of which nothing is left, and what stands for them
    zeros: dict[str, Sides] = {}
    operations: list[Operation] = []
    for row in rows:
        name = row["name"]
        sources = tuple(same.get(source, source) for source in row["from"])
        if row["kind"] in SILENT:
            same[name] = sources[0]
        elif row["kind"] == "ZeroPadding2D":
            (top, bottom), (left, right) = row["padding"]
            same[name], zeros[name] = sources[0], (top, bottom, left, right)
        else:
            around = zeros.get(row["from"][0], NO_PADDING) if row["from"] else NO_PADDING
            operations += _operations(row, sources, around, weights.get(name, ()))
    return Graph(operations)


def _operations(
    row: Row, sources: tuple[str, ...], around: Sides, weights: Sequence[Array]
) -> Iterator[Operation]:
    name, kind = row["name"], row["kind"]
    padding = None if row.get("padding") == "same" else around
    if kind in PLAIN:
        yield PLAIN[kind](name, sources)
    elif kind in ("Activation", "ReLU"):
        yield Activation(name, sources, row["activation"])
    elif kind == "BatchNormalization":
        yield _norm(name, sources, weights, row)
    elif kind in ("MaxPooling2D", "AveragePooling2D"):
        yield Pool(name, sources, kind == "MaxPooling2D", row["size"], row["stride"], padding)
    elif kind == "SeparableConv2D":
        inner = f"{name}/depthwise"
        yield _convolution(inner, sources, weights[:1], row["stride"], padding, depthwise=True)
        yield _convolution(name, (inner,), weights[1:], 1, NO_PADDING)
    elif kind in ("Conv2D", "DepthwiseConv2D"):
        activated = row["activation"] != "linear"
        inner = f"{name}/linear" if activated else name
        yield _convolution(
            inner, sources, weights, row["stride"], padding, depthwise=kind != "Conv2D"
        )
        if activated:
            yield Activation(name, (inner,), row["activation"])
    else:
        raise ValueError(f"layer {name}: expected a kind we know, received {kind}")


def _convolution(
    name: str,
    sources: tuple[str, ...],
    weights: Sequence[Array],
    stride: int,
    padding: Sides | None,
    depthwise: bool = False,
) -> Convolution:
    kernel, *rest = weights
    channels = kernel.shape[2 if depthwise else 3]
    bias = rest[0] if rest else np.zeros(channels, np.float32)
    return Convolution(name, sources, kernel, bias, stride, padding, depthwise)


def _norm(name: str, sources: tuple[str, ...], weights: Sequence[Array], row: Row) -> Affine:
    gamma = weights[0] if row["scale"] else np.float32(1.0)
    beta, mean, variance = weights[-3:]
    scale = gamma / np.sqrt(variance + np.float32(row["epsilon"]))
    return Affine(name, sources, scale, beta - mean * scale)
