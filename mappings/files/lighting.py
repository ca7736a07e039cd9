"""Where a row of a mapping file shows what its control has turned."""

from collections.abc import Sequence
from dataclasses import replace

from mappings.files.reading import Found, listed, refuse_unknown, whole
from mappings.mapping import Control, ControlKind, Light

LIGHT_KINDS: tuple[ControlKind, ...] = ("note", "cc")
SHOWING = ("note", "cc", "bend")  # what is told as it tells
EXCLUSIVE, LAST = 0xF0, 0xF7  # the bytes round a message in the maker's own words
SHORT = (0xC0, 0xD0)  # messages of two bytes; the others below 0xF0 have three


def lights(found: Found, controls: Sequence[Control]) -> list[Light | None]:
    """One for each of the row's ``controls``: on itself, unless its ``light`` says where, or that
    there is none (false)."""
    received = found.get("light", {})
    if received is False:
        return [None] * len(controls)
    if not isinstance(received, dict):
        raise TypeError(f"light: expected a table or false, received {received!r}")
    try:
        return [_light(received, each) for each in _shown_on(received, controls)]
    except (TypeError, ValueError) as error:
        raise type(error)(f"light: {error}") from None


def hello(found: Found) -> tuple[tuple[int, ...], ...]:
    """The messages that a device is sent when it is plugged in: lists of bytes."""
    return tuple(_message(each) for each in listed(found, "hello", []))


def _shown_on(found: Found, controls: Sequence[Control]) -> list[Control]:
    """The controls by whose messages the lights are told."""
    refuse_unknown(found, (*LIGHT_KINDS, "channel", "on", "off"))
    kinds = [kind for kind in LIGHT_KINDS if kind in found]
    if len(kinds) > 1:
        raise ValueError("expected one of note, cc, received both")
    channel = whole("channel", found["channel"], 1, 16) if "channel" in found else None
    if not kinds:
        return [replace(each, channel=channel or each.channel) for each in controls]
    (kind,) = kinds
    names = listed(found, kind) if isinstance(found[kind], list) else [found[kind]]
    if len(names) != len(controls):
        raise ValueError(f"{kind}: expected {len(controls)}, received {len(names)}")
    return [
        Control(kind, whole(kind, name, 0, 127), channel or each.channel)
        for name, each in zip(names, controls, strict=True)
    ]


def _light(found: Found, control: Control) -> Light | None:
    if control.kind not in SHOWING:
        return None
    most = 16383 if control.kind == "bend" or control.bits == 14 else 127
    on = whole("on", found.get("on", most), 0, most)
    return Light(control, on, whole("off", found.get("off", 0), 0, most))


def _message(received: object) -> tuple[int, ...]:
    if not isinstance(received, list) or not received:
        raise TypeError(f"hello: expected lists of bytes, received {received!r}")
    kind, *data = (whole("hello", byte, 0, 255) for byte in received)
    if kind == EXCLUSIVE:
        ended = bool(data) and data.pop() == LAST
    else:
        ended = 0x80 <= kind < EXCLUSIVE and len(data) == (1 if kind & 0xF0 in SHORT else 2)
    if not ended or max(data, default=0) > 127:
        raise ValueError(f"hello: expected the bytes of a MIDI message, received {received!r}")
    return tuple(received)
