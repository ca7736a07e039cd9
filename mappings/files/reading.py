"""What stands in a file, taken by its key and refused in a sentence that names it."""

from collections.abc import Mapping, Sequence

from engine.parameters import as_number

Found = Mapping[str, object]


def text(found: Found, key: str, default: str | None = None) -> str:
    return as_text(key, found.get(key, default))


def as_text(key: str, received: object) -> str:
    if not isinstance(received, str) or not received:
        raise TypeError(f"{key}: expected text, received {received!r}")
    return received


def chosen(found: Found, key: str, known: Sequence[str], default: str | None = None) -> str:
    """One of ``known``."""
    received = text(found, key, default)
    if received not in known:
        raise ValueError(f"{key}: expected one of {', '.join(known)}, received {received!r}")
    return received


def listed(found: Found, key: str, default: list[object] | None = None) -> list[object]:
    received = found.get(key, default)
    if not isinstance(received, list):
        raise TypeError(f"{key}: expected a list, received {received!r}")
    return received


def whole(key: str, received: object, low: int, high: int) -> int:
    if not isinstance(received, int) or isinstance(received, bool) or not low <= received <= high:
        raise ValueError(f"{key}: expected a whole number {low} to {high}, received {received!r}")
    return received


def real(key: str, received: object) -> float:
    if not isinstance(received, int | float) or isinstance(received, bool):
        raise TypeError(f"{key}: expected a number, received {received!r}")
    try:
        return as_number(received)
    except ValueError as error:
        raise ValueError(f"{key}: expected a number, {error}") from None


def real_within(key: str, received: object, low: float, high: float) -> float:
    number = real(key, received)
    if not low <= number <= high:
        raise ValueError(f"{key}: expected {low:g} to {high:g}, received {received!r}")
    return number


def flag(found: Found, key: str, default: bool = False) -> bool:
    received = found.get(key, default)
    if not isinstance(received, bool):
        raise TypeError(f"{key}: expected true or false, received {received!r}")
    return received


def refuse_unknown(found: Found, known: Sequence[str]) -> None:
    for key in found:
        if key not in known:
            raise ValueError(f"expected {', '.join(known)}, received {key!r}")
