"""Takes the layers of the networks from keras.applications: ``python -m engine.topologies.taken``.

Run it when a row is added to NETWORKS; a test compares its files with the Keras that is installed.
Only this program needs Keras: the show reads the files.
"""

import json
from pathlib import Path
from typing import Any

import keras

from engine.networks import NETWORKS

Row = dict[str, Any]

IDENTITIES = ("Dropout", "Reshape", "Rescaling", "Normalization")  # nothing to do, or not for us


def taken(model: keras.Model) -> list[Row]:
    """One row for each layer, in the order in which Keras keeps its weights. ``from``: the rows it
    reads; the picture is the row without any."""
    producers = {layer.output.name: layer.name for layer in model.layers}
    return [_row(layer, producers) for layer in model.layers]


def _row(layer: Any, producers: dict[str, str]) -> Row:
    kind = type(layer).__name__
    if kind == "InputLayer":
        return {"name": layer.name, "kind": kind, "from": []}
    sources = layer.input if isinstance(layer.input, list) else [layer.input]
    row = {"name": layer.name, "kind": kind, "from": [producers[each.name] for each in sources]}
    return row | _facts(kind, layer.get_config(), layer)


def _facts(kind: str, config: dict[str, Any], layer: Any) -> Row:
    if kind in ("Conv2D", "DepthwiseConv2D", "SeparableConv2D"):
        shapes = [list(weight.shape) for weight in layer.weights]
        return {
            "weights": shapes,
            "stride": _one(config["strides"]),
            "padding": config["padding"],
            "activation": config["activation"],
        }
    if kind == "BatchNormalization":
        return {
            "weights": [list(weight.shape) for weight in layer.weights],
            "epsilon": config["epsilon"],
            "scale": config["scale"],
        }
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        return {
            "size": _one(config["pool_size"]),
            "stride": _one(config["strides"]),
            "padding": config["padding"],
        }
    if kind == "ZeroPadding2D":
        return {"padding": config["padding"]}
    if kind == "Activation":
        return {"activation": config["activation"]}
    if kind == "ReLU":
        return {"activation": "relu6" if config["max_value"] == 6 else "relu"}
    if kind in ("Concatenate", "Add", "Multiply", "GlobalAveragePooling2D", *IDENTITIES):
        return {}
    raise ValueError(f"layer {layer.name}: expected a kind we know, received {kind}")


def _one(sides: Any) -> int:
    rows, columns = sides
    if rows != columns:
        raise ValueError(f"expected the same step both ways, received {sides}")
    return int(rows)


def untouched(name: str, weights: str | None = None) -> keras.Model:
    """The network as Keras builds it. ``weights``: the path of a file, or None for random ones."""
    network = NETWORKS[name]
    arguments = {"include_preprocessing": False} if "efficientnet" in name else {}
    constructor = getattr(keras.applications, network.constructor)
    keras.backend.clear_session()  # names count from the start
    return constructor(include_top=False, weights=weights, **arguments)


def main() -> None:
    for name, network in NETWORKS.items():
        if network.constructor:
            rows = ",\n".join(json.dumps(row) for row in taken(untouched(name)))
            Path(__file__).with_name(f"{name}.json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
