"""Rows written into a mapping file; what else stands in it stays letter for letter."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import cast

from engine.parameters import Table
from mappings.files.actions import option, radio_values
from mappings.files.loading import control_kind, controls
from mappings.files.reading import Found, blocks
from mappings.mapping import Control

HEAD = """# Learnt by Kaleidream, to be read and changed. Its rows count before the shipped ones.
name = {name}
ports = [{name}]
source = "learnt"
"""
NO_ROWS = re.compile(r"(?m)^control = \[\]\r?\n")

Drop = Callable[[Found], bool]


def slug(port: str) -> str:
    """A file's name for ``port``."""
    return re.sub(r"[\W_]+", "-", port.lower()).strip("-") or "controller"


def head(port: str) -> str:
    """The beginning of a file for ``port``."""
    return HEAD.format(name=spoken(port))


def with_row(toml: str, row: Found) -> str:
    return f"{NO_ROWS.sub('', toml).rstrip()}\n\n{block(row)}"


def without_rows(toml: str, drop: Drop, table: Table) -> str:
    """Without the controls that ``drop`` says yes to: it is asked with a row for each alone. Raises
    ValueError for what is not TOML."""
    start, *rows = blocks(toml)
    left = "".join(_left(each, drop, table) for each in rows)
    return start + left if left or not rows else f"{start.rstrip()}\ncontrol = []\n"


def _left(block_of: str, drop: Drop, table: Table) -> str:
    (row,) = tomllib.loads(block_of)["control"]
    there = singles(row, table)
    kept = [single for single in there if not drop(single)]
    return block_of if kept == there else "".join(block(single) + "\n" for single in kept)


def singles(row: Found, table: Table) -> list[Found]:
    """A row for each control of its lists."""
    kind = control_kind(row)
    there = list(controls(row))
    if len(there) == 1 and not isinstance(row[kind], list):
        return [row]
    return [_single(row, count, each, table) for count, each in enumerate(there, 1)]


def singly(single: Found) -> Control:
    """The control of a row that has one."""
    (control,) = controls(single)
    return control


def _single(row: Found, count: int, control: Control, table: Table) -> Found:
    single = {**row, control.kind: True if control.kind == "bend" else control.name}
    if control.channel is not None:
        single["channel"] = control.channel
    for key in ("to", "label"):
        if key in row:
            single[key] = str(row[key]).replace("{}", str(count))
    if isinstance(row.get("light"), dict):
        single["light"] = _single_light(cast(Found, row["light"]), count)
    if row.get("mode") == "radio":
        parameter = table[str(single["to"])]
        value = radio_values(row, parameter, count)[count - 1]
        single["value"] = option(parameter.kind, value)
        return {key: value for key, value in single.items() if key not in ("mode", "values")}
    return single


def _single_light(light: Found, count: int) -> Found:
    return {key: each[count - 1] if isinstance(each, list) else each for key, each in light.items()}


def block(row: Found) -> str:
    lines = [f"{key} = {spoken(value)}" for key, value in row.items()]
    return "\n".join(["[[control]]", *lines, ""])


def spoken(value: object) -> str:
    """In TOML, of what a mapping file has."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case list() | tuple():
            return "[" + ", ".join(map(spoken, value)) + "]"
        case Mapping():
            inside = ", ".join(f"{json.dumps(key)} = {spoken(each)}" for key, each in value.items())
            return "{ " + inside + " }"
    raise TypeError(f"expected what a mapping file has, received {value!r}")
