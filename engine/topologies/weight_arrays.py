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
    """The arrays of each of ``rows`` that has any, float32. Raises OSError for a file that is not
    HDF5, and ValueError for one that is not this network's."""
    with h5py.File(path) as file:
        found = _counted(file, rows) if "layers" in file else _ordered(file, rows)
    for row in rows:
        expected = [tuple(shape) for shape in row.get("weights", ())]
        received = [array.shape for array in found.get(row["name"], ())]
        if expected != received:
            raise ValueError(
                f"{path}, layer {row['name']}: expected arrays {expected}, received {received}"
            )
    return found


def _ordered(file: Any, rows: Sequence[Row]) -> dict[str, list[Array]]:
    file = file.get("model_weights", file)
    groups = [file[_text(name)] for name in file.attrs.get("layer_names", ())]
    weighted = [group for group in groups if len(group.attrs["weight_names"])]
    expected = [row for row in rows if row.get("weights")]
    return {
        row["name"]: [_array(group[_text(name)]) for name in group.attrs["weight_names"]]
        for row, group in zip(expected, weighted, strict=False)
    }


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _counted(file: Any, rows: Sequence[Row]) -> dict[str, list[Array]]:
    counts: Counter[str] = Counter()
    found = {}
    for row in rows:
        kind = _snake(row["kind"])
        name = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        if row.get("weights"):
            values = file.get(f"layers/{name}/vars", {})
            found[row["name"]] = [_array(values[n]) for n in sorted(values, key=int)]
    return found


def _array(values: Any) -> Array:
    return np.asarray(values, np.float32)


def _snake(kind: str) -> str:
    """As Keras does: DepthwiseConv2D is depthwise_conv2d."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
