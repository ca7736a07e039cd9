"""Networks with random weights: speed does not depend on them, and nothing need be downloaded."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from engine.bestiary import network as bestiary
from engine.frame import Array
from engine.graph import Graph
from engine.loading import blueprint
from engine.networks import NETWORKS
from engine.runtime import Blueprint
from engine.topologies import read


@cache
def random_graph(name: str) -> Graph:
    """The embedded network comes with its own weights."""
    if not NETWORKS[name].constructor:
        return bestiary.graph()
    chance = np.random.default_rng(0)
    rows = read.rows(name)
    return read.graph(rows, {row["name"]: _arrays(row, chance) for row in rows})


def _arrays(row: read.Row, chance: np.random.Generator) -> list[Array]:
    shapes = row.get("weights", ())
    if row["kind"] == "BatchNormalization":
        return _norm(shapes)
    return [_kernel(shape, chance) if len(shape) == 4 else np.zeros(shape) for shape in shapes]


def _kernel(shape: Sequence[int], chance: np.random.Generator) -> Array:
    """Keeps what passes through as strong as it was: He et al., "Delving Deep into Rectifiers"."""
    high, wide, channels, out = shape
    seen = high * wide * (1 if out == 1 else channels)  # one output: a depthwise kernel
    values = chance.standard_normal(shape, np.float32)
    return np.asarray(values * np.float32((2 / seen) ** 0.5))


def _norm(shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Changes nothing: (gamma), beta, mean, variance, in Keras's order."""
    *gamma, beta, mean, variance = shapes
    ones = [np.ones(shape, np.float32) for shape in (*gamma, variance)]
    return [*ones[:-1], np.zeros(beta, np.float32), np.zeros(mean, np.float32), ones[-1]]


def random_blueprint(name: str, stops: Sequence[str], width: int, height: int) -> Blueprint:
    return blueprint(name, random_graph(name), stops, (height, width))


def gigaflops(blueprint: Blueprint) -> float:
    """Of one step: a multiplication and an addition each, forward and back."""
    return 4 * blueprint.graph.multiplications(*blueprint.size) / 1e9
