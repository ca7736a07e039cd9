"""Mapping files: one a controller, in TOML, read against the parameter table."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.parameters import Parameter, Switch, Table, Trigger, as_number
from mappings.mapping import Action, Control, ControlKind, Follow, How, Mapping, Press, Row, Turn


def shipped_mappings() -> list[Path]:
    """The files of the devices that we know, and of the keyboard."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def load_mapping(path: Path, table: Table) -> Mapping:
    """Raises OSError, or ValueError with a sentence that names the file and the control."""
    try:
        return _mapping(tomllib.loads(path.read_text("utf-8")), table)
    except (TypeError, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors too
        raise ValueError(f"{path.name}: {error}") from None


Found = dict[str, object]

MAPPING_KEYS = ("name", "ports", "source", "control")
CONTROL_KINDS: tuple[ControlKind, ...] = ("cc", "note", "key")
MODES = ("absolute", "momentary", "toggle", "trigger")
PRESSES: dict[str, How] = {"by": "plus", "times": "times", "value": "value"}
ROW_KEYS = (*CONTROL_KINDS, "to", "channel", "range", "mode", *PRESSES, "label")


def _mapping(found: Found, table: Table) -> Mapping:
    _refuse_unknown(found, MAPPING_KEYS)
    rows: list[Row] = []
    for number, each in enumerate(_list(found, "control"), 1):
        try:
            rows += _rows(each, table, rows)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"control {number}: {error}") from None
    ports = tuple(_as_text("ports", port) for port in _list(found, "ports", []))
    return Mapping(_text(found, "name"), ports, _text(found, "source", "-"), tuple(rows))


def _rows(found: object, table: Table, before: Sequence[Row]) -> list[Row]:
    """The rows of one ``[[control]]``. ``before``: those that the file already has."""
    if not isinstance(found, dict):
        raise TypeError(f"expected a table, received {found!r}")
    _refuse_unknown(found, ROW_KEYS)
    rows: list[Row] = []
    for count, control in enumerate(_controls(found), 1):
        address = _text(found, "to").replace("{}", str(count))
        label = _text(found, "label", address).replace("{}", str(count))
        row = Row(control, label, _action(found, table[address]))
        _refuse_twice(row, [*before, *rows])
        rows.append(row)
    return rows


def _controls(found: Found) -> Iterator[Control]:
    kinds = [kind for kind in CONTROL_KINDS if kind in found]
    if len(kinds) != 1:
        raise ValueError(f"expected one of cc, note, key, received {' and '.join(kinds) or 'none'}")
    (kind,) = kinds
    channel = _whole("channel", found["channel"], 1, 16) if "channel" in found else None
    if kind == "key" and channel is not None:
        raise ValueError(f"channel: expected none for a key, received {channel}")
    names = _list(found, kind) if isinstance(found[kind], list) else [found[kind]]
    if not names:
        raise ValueError(f"{kind}: expected at least one, received none")
    for name in names:
        known = _as_text(kind, name) if kind == "key" else _whole(kind, name, 0, 127)
        yield Control(kind, known, channel)


def _action(found: Found, parameter: Parameter) -> Action:
    chosen = [key for key in ("mode", *PRESSES) if key in found]
    if len(chosen) > 1:
        raise ValueError(f"expected one of mode, by, times, value, received {' and '.join(chosen)}")
    if chosen and chosen[0] in PRESSES:
        return Press(_pressed(found, chosen[0], parameter))
    mode = _mode(found, parameter)
    if mode in ("absolute", "momentary"):
        start, end = _travel(found, parameter)
        return Follow(parameter.address, start, end, held=mode == "momentary")
    _refuse_range(found, f"mode = {mode!r}")
    return Press(Turn(parameter.address, how="toggle" if mode == "toggle" else "value"))


def _pressed(found: Found, key: str, parameter: Parameter) -> Turn:
    """The turn of ``by``, ``times`` or ``value``."""
    _refuse_range(found, key)
    if isinstance(parameter.kind, Trigger):
        raise ValueError(f"{key}: expected mode = 'trigger' for {parameter.address}")
    if key == "value":
        return Turn(parameter.address, parameter.value_in_range(found[key]))
    return Turn(parameter.address, _number(key, found[key]), PRESSES[key])


def _mode(found: Found, parameter: Parameter) -> str:
    """A trigger fires, a switch is on while held, anything else follows, unless it says so."""
    fires = isinstance(parameter.kind, Trigger)
    usual = "momentary" if isinstance(parameter.kind, Switch) else "absolute"
    mode = _text(found, "mode", "trigger" if fires else usual)
    allowed = tuple(each for each in MODES if (each == "trigger") == fires)
    if mode not in allowed:
        raise ValueError(f"mode: expected one of {', '.join(allowed)}, received {mode!r}")
    return mode


def _travel(found: Found, parameter: Parameter) -> tuple[float, float]:
    """The positions of the two values of ``range``, so that the parameter's curve is kept."""
    if "range" not in found:
        return 0.0, 1.0
    ends = _list(found, "range")
    if len(ends) != 2:
        raise ValueError(f"range: expected two values, received {ends!r}")
    start, end = (parameter.kind.position(parameter.value_in_range(value)) for value in ends)
    return start, end


def _refuse_range(found: Found, because: str) -> None:
    if "range" in found:
        raise ValueError(f"range: expected none beside {because}, received {found['range']!r}")


def _refuse_unknown(found: Found, known: Sequence[str]) -> None:
    for key in found:
        if key not in known:
            raise ValueError(f"expected {', '.join(known)}, received {key!r}")


def _refuse_twice(row: Row, before: Sequence[Row]) -> None:
    for other in before:
        if row.control.covers(other.control) or other.control.covers(row.control):
            both = f"{other.action.address} and {row.action.address}"
            raise ValueError(f"{row.control}: expected one row, received two, for {both}")


def _text(found: Found, key: str, default: str | None = None) -> str:
    return _as_text(key, found.get(key, default))


def _as_text(key: str, received: object) -> str:
    if not isinstance(received, str) or not received:
        raise TypeError(f"{key}: expected text, received {received!r}")
    return received


def _list(found: Found, key: str, default: list[object] | None = None) -> list[object]:
    received = found.get(key, default)
    if not isinstance(received, list):
        raise TypeError(f"{key}: expected a list, received {received!r}")
    return received


def _whole(key: str, received: object, low: int, high: int) -> int:
    if not isinstance(received, int) or isinstance(received, bool) or not low <= received <= high:
        raise ValueError(f"{key}: expected a whole number {low} to {high}, received {received!r}")
    return received


def _number(key: str, received: object) -> float:
    if not isinstance(received, int | float) or isinstance(received, bool):
        raise TypeError(f"{key}: expected a number, received {received!r}")
    try:
        return as_number(received)
    except ValueError as error:
        raise ValueError(f"{key}: expected a number, {error}") from None
