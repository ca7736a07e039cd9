"""Scenes: looks with a name, each a file of values, read against the parameter table."""

import argparse
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.parameters import Parameter, Table, Trigger
from installation.settings import table

FOLDER = Path(__file__).parent / "scenes"
GROUPS = ("/dream/", "/strip/", "/scope/", "/colour/")  # a look; the source is not part of it
OUTSIDE = (  # what a machine can do, and what is held for a moment, are not part of a look either
    "/dream/size",
    "/dream/target_fps",
    "/dream/fix_steps",
    "/dream/fix_size",
    "/dream/freeze",
)
KEYS = ("mood", "values")


@dataclass(frozen=True, slots=True)
class Scene:
    """``values``: by address. What of a look a scene does not name is as at the start."""

    name: str
    mood: str
    values: Mapping[str, float]

    def over(self, values: tuple[float, ...], parameters: Table) -> tuple[float, ...]:
        """``values`` with this look in place of theirs."""
        return tuple(
            self.values.get(parameter.address, start) if of_a_look(parameter) else value
            for parameter, start, value in zip(parameters, parameters.defaults, values, strict=True)
        )


def of_a_look(parameter: Parameter) -> bool:
    outside = parameter.address in OUTSIDE or isinstance(parameter.kind, Trigger)
    return parameter.address.startswith(GROUPS) and not outside


def factory() -> tuple[str, ...]:
    """The names of the scenes that come with the show."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def scene(name: str, parameters: Table) -> Scene:
    """``name``: of a factory scene, or the path of a file. Raises LookupError for one that is not
    there, ValueError with a sentence for what is in it."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise LookupError(f"no scene {name!r}; there are {', '.join(factory())}")
    try:
        return _scene(path.stem, tomllib.loads(path.read_text("utf-8")), parameters)
    except (LookupError, TypeError, ValueError) as error:  # TOML and UTF-8 errors too
        raise ValueError(f"{path.name}: {error}") from None


def _scene(name: str, found: Mapping[str, object], parameters: Table) -> Scene:
    if set(found) != set(KEYS):
        raise ValueError(f"expected {' and '.join(KEYS)}, received {', '.join(found) or 'nothing'}")
    mood, values = (found[key] for key in KEYS)
    if not isinstance(mood, str):
        raise TypeError(f"mood: expected words, received {mood!r}")
    if not isinstance(values, dict):
        raise TypeError(f"values: expected a table, received {values!r}")
    return Scene(name, mood, {key: _value(key, values[key], parameters) for key in values})


def _value(address: str, received: object, parameters: Table) -> float:
    parameter = parameters[address]
    if not of_a_look(parameter):
        raise ValueError(f"{address}: expected what belongs to a look, received {received!r}")
    return parameter.value_in_range(received)


def scenes(options: argparse.Namespace) -> int:
    """``kaleidream scenes``"""
    parameters = table()
    for name in factory():
        print(f"{name:20} {scene(name, parameters).mood}")
    return 0
