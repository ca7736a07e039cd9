"""What stands in a file, taken by its key and refused in a sentence that names it."""

import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.parameters import as_number

Found = Mapping[str, object]

PLACE = re.compile(r"line (\d+)")  # as tomllib says it
HEAD = re.compile(r"(?m)^(?=[ \t]*\[\[[ \t]*control[ \t]*\]\])")
MOST_TOLD = 60  # letters


def contents(path: Path) -> str:
    """Raises OSError, or ValueError with the line that is no text."""
    found = path.read_bytes().removeprefix(BOM_UTF8)  # which Windows' Notepad writes
    try:
        return found.decode()
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        received = f"the byte 0x{found[error.start]:02x}"
        raise ValueError(f"line {line}: expected UTF-8, received {received}") from None


def parsed(toml: str) -> Found:
    """Raises ValueError with the line that is no TOML."""
    try:
        return tomllib.loads(toml)
    except RecursionError:
        raise ValueError("expected TOML, received brackets") from None
    except tomllib.TOMLDecodeError as error:
        lines = toml.split("\n")
        said, _, place = str(error).rpartition(" (at ")
        there = PLACE.match(place)  # or it is the end
        line = int(there[1]) if there else len(lines)
        received = f"{told(lines[line - 1].strip())} ({said})"
        raise ValueError(f"line {line}: expected TOML, received {received}") from None


def blocks(toml: str) -> list[str]:
    """What stands before the first ``[[control]]``, and each with what follows it; one that stands
    in a text of several lines is none. Raises ValueError for what is not TOML."""
    parsed(toml)
    found, begun = [], ""
    for piece in HEAD.split(toml):
        begun += piece
        if _whole(begun):
            found.append(begun)
            begun = ""
    return found


def _whole(toml: str) -> bool:
    try:
        tomllib.loads(toml)
    except tomllib.TOMLDecodeError:
        return False
    return True


def told(received: object) -> str:
    """As a sentence has it: what stands in a file may be long."""
    said = repr(received)
    return said if len(said) <= MOST_TOLD else f"{said[:MOST_TOLD]}..."


def text(found: Found, key: str, default: str | None = None) -> str:
    return as_text(key, found.get(key, default))


def as_text(key: str, received: object) -> str:
    if not isinstance(received, str) or not received:
        raise TypeError(f"{key}: expected text, received {told(received)}")
    return received


def chosen(found: Found, key: str, known: Sequence[str], default: str | None = None) -> str:
    """One of ``known``."""
    received = text(found, key, default)
    if received not in known:
        raise ValueError(f"{key}: expected one of {', '.join(known)}, received {told(received)}")
    return received


def listed(found: Found, key: str, default: list[object] | None = None) -> list[object]:
    received = found.get(key, default)
    if not isinstance(received, list):
        raise TypeError(f"{key}: expected a list, received {told(received)}")
    return received


def whole(key: str, received: object, low: int, high: int) -> int:
    if not isinstance(received, int) or isinstance(received, bool) or not low <= received <= high:
        raise ValueError(
            f"{key}: expected a whole number {low} to {high}, received {told(received)}"
        )
    return received


def real(key: str, received: object) -> float:
    if not isinstance(received, int | float) or isinstance(received, bool):
        raise TypeError(f"{key}: expected a number, received {told(received)}")
    try:
        return as_number(received)
    except ValueError as error:
        raise ValueError(f"{key}: expected a number, {error}") from None


def real_within(key: str, received: object, low: float, high: float) -> float:
    number = real(key, received)
    if not low <= number <= high:
        raise ValueError(f"{key}: expected {low:g} to {high:g}, received {told(received)}")
    return number


def flag(found: Found, key: str, default: bool = False) -> bool:
    received = found.get(key, default)
    if not isinstance(received, bool):
        raise TypeError(f"{key}: expected true or false, received {told(received)}")
    return received


def refuse_unknown(found: Found, known: Sequence[str]) -> None:
    for key in found:
        if key not in known:
            raise ValueError(f"expected {', '.join(known)}, received {told(key)}")
