"""Reads the arrays of a weight file, in both of Keras's formats, without Keras.

* The published files (legacy HDF5): a group for each layer, in order, with its arrays' names.
* ``*.weights.h5`` (Keras 3): layers counted by their class, arrays by number.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from engine.frame import Array

Row = dict[str, Any]


def weight_arrays(path: Path, rows: Sequence[Row]) -> dict[str, list[Array]]:
    """The arrays of each of ``rows`` that has any, float32. Nothing is read before it is known to
    be this network's. Raises ValueError for a file that is not, OSError for one that is not HDF5,
    and for a broken one whatever h5py does."""
    with h5py.File(path) as file:
        found = _counted(file, rows) if "layers" in set(file) else _ordered(file, rows)
        return {
            row["name"]: _read(row, found.get(row["name"], ())) for row in rows if _weighted(row)
        }


def _weighted(row: Row) -> bool:
    return bool(row.get("weights"))


def _read(row: Row, datasets: Sequence[Any]) -> list[Array]:
    expected = [tuple(shape) for shape in row["weights"]]
    received = [dataset.shape for dataset in datasets]
    if expected != received:
        raise ValueError(f"layer {row['name']}: expected arrays {expected}, received {received}")
    return [dataset.astype(np.float32)[()] for dataset in datasets]


def _ordered(file: Any, rows: Sequence[Row]) -> dict[str, list[Any]]:
    top = _found(file, "model_weights", h5py.Group) if "model_weights" in set(file) else file
    groups = [_found(top, _text(name), h5py.Group) for name in top.attrs.get("layer_names", ())]
    weighted = [group for group in groups if len(group.attrs["weight_names"])]
    return {
        row["name"]: [_dataset(group, _text(name)) for name in group.attrs["weight_names"]]
        for row, group in zip(filter(_weighted, rows), weighted, strict=False)
    }


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _counted(file: Any, rows: Sequence[Row]) -> dict[str, list[Any]]:
    counts: Counter[str] = Counter()
    found = {}
    layers = _found(file, "layers", h5py.Group)
    there = set(layers)
    for row in rows:
        kind = _snake(row["kind"])
        name = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        if _weighted(row) and name in there:
            values = _found(layers, f"{name}/vars", h5py.Group)
            found[row["name"]] = [_dataset(values, n) for n in sorted(values, key=int)]
    return found


def _snake(kind: str) -> str:
    """As Keras does: DepthwiseConv2D is depthwise_conv2d."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()


def _dataset(group: Any, path: str) -> Any:
    """Not read yet: a file of some kB may declare terabytes."""
    found = _found(group, path, h5py.Dataset)
    if found.is_virtual or found.external:
        raise ValueError(f"{path}: expected numbers in this file, received those of another")
    if found.dtype.kind != "f":
        raise ValueError(f"{path}: expected floating numbers, received {found.dtype}")
    return found


def _found(group: Any, path: str, kind: type) -> Any:
    """Follows no links: they may lead to any file of this machine."""
    for name in path.split("/"):
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{path}: expected in this file, received {link or 'nothing'}")
        group = group[name]
    if not isinstance(group, kind):
        raise ValueError(f"{path}: expected a {kind.__name__}, received a {type(group).__name__}")
    return group
