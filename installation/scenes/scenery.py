"""Scenes: looks with a name, each a file of values, read against the parameter table."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.parameters import Parameter, Table, Trigger

FOLDER = Path(__file__).parent / "factory"
# A look; the source is not part of it. What moves by itself is: a look is the same whenever it is
# recalled, whatever was there before.
GROUPS = ("/dream/", "/strip/", "/scope/", "/colour/", "/modulator/")
MACHINE = ("/dream/size", "/dream/target_fps", "/dream/fix_steps", "/dream/fix_size")
OUTSIDE = (*MACHINE, "/dream/freeze")  # what a machine can do, and what is held for a moment
KEYS = ("mood", "values")


@dataclass(frozen=True, slots=True)
class Scene:
    """``values``: by address. What of a look a scene does not name is as at the start. ``made``:
    when, in ISO 8601; empty for those that come with the show."""

    name: str
    mood: str
    values: Mapping[str, float]
    made: str = ""

    def look(self, parameters: Table) -> dict[str, float]:
        """The value of everything that belongs to a look."""
        return {
            parameter.address: self.values.get(parameter.address, start)
            for parameter, start in zip(parameters, parameters.defaults, strict=True)
            if of_a_look(parameter)
        }

    def over(self, values: tuple[float, ...], parameters: Table) -> tuple[float, ...]:
        """``values`` with this look in place of theirs."""
        look = self.look(parameters)
        return tuple(
            look.get(parameter.address, value)
            for parameter, value in zip(parameters, values, strict=True)
        )


def of_a_look(parameter: Parameter) -> bool:
    outside = parameter.address in OUTSIDE or isinstance(parameter.kind, Trigger)
    return parameter.address.startswith(GROUPS) and not outside


def factory() -> tuple[str, ...]:
    """The names of the scenes that come with the show."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def scene(name: str, parameters: Table) -> Scene:
    """``name``: of a factory scene, or the path of a file, .toml or .json. Raises LookupError for
    one that is not there, ValueError with a sentence for what is in it."""
    path = Path(name) if name.endswith((".toml", ".json")) else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise LookupError(f"no scene {name!r}; there are {', '.join(factory())}")
    if path.suffix == ".json":
        return opened(path, parameters).scene
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
    return _looked(address, received, parameters).value_in_range(received)


def _looked(address: str, received: object, parameters: Table) -> Parameter:
    parameter = parameters[address]
    if not of_a_look(parameter):
        raise ValueError(f"{address}: expected what belongs to a look, received {received!r}")
    return parameter


@dataclass(frozen=True, slots=True)
class Opened:
    """A user's scene. ``skipped``: sentences about values that another version has written and
    this one does not know; the file keeps them."""

    scene: Scene
    skipped: tuple[str, ...] = ()


def opened(path: Path, parameters: Table) -> Opened:
    """A file that the show has written. Raises OSError, or ValueError with a sentence."""
    try:
        return _opened(path.stem, json.loads(path.read_text("utf-8")), parameters)
    except (RecursionError, TypeError, ValueError) as error:  # JSON and UTF-8 errors too
        raise ValueError(f"{path.name}: {error}") from None


def _opened(name: str, found: object, parameters: Table) -> Opened:
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        raise TypeError(f"expected a scene with values, received {str(found)[:40]}")
    values: dict[str, float] = {}
    skipped: list[str] = []
    for address, received in found["values"].items():
        try:
            values[address] = _looked(address, received, parameters).value(received)
        except (LookupError, TypeError, ValueError) as error:
            skipped.append(str(error))
    mood, made = (str(found.get(key, "")) for key in ("mood", "made"))
    return Opened(Scene(name, mood, values, made), tuple(skipped))


def written(scene: Scene, parameters: Table) -> dict[str, object]:
    """What ``opened`` reads: values as people write them, choices by their names."""
    values = dict(_readable(scene, parameters))
    mood = {"mood": scene.mood} if scene.mood else {}
    return {**mood, "made": scene.made, "values": values}


def _readable(scene: Scene, parameters: Table) -> Iterator[tuple[str, object]]:
    for address, value in scene.values.items():
        yield address, parameters[address].kind.decoded(value)
