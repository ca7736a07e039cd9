"""OSC packets, read so that no bytes from outside can do harm, and written.

python-osc reads and writes the single message; everything round it is checked here first, because
its own reading of a bundle never ends on a negative size, and of truncated arguments makes values.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

Argument = float | str | None

LONGEST = 8192  # bytes of a packet
LONGEST_ADDRESS = 128
MOST_ARGUMENTS = 64
DEEPEST = 4  # bundles within each other
FITTING = 1400  # bytes of a bundle sent: stays whole on Ethernet and in most tunnels

HEAD = b"#bundle\0"
AT_ONCE = b"\0\0\0\0\0\0\0\1"
SECONDS_TO_1970 = 2_208_988_800  # time tags count from 1900
SIZES = {"i": 4, "f": 4, "h": 8, "d": 8, "T": 0, "F": 0, "N": 0, "I": 0}


@dataclass(frozen=True, slots=True)
class Message:
    """``address`` may hold wildcards. Of the types ``i f h d s T F N I``; N and I are None."""

    address: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Messages that belong to one tick. ``due``: Unix seconds, 0 at once."""

    due: float
    messages: tuple[Message, ...]


def bundles(packet: bytes) -> tuple[Bundle, ...]:
    """The messages of a packet by the time they are due, nested bundles not before the ones round
    them. Raises ValueError with a sentence, and nothing else, for any bytes that are not OSC."""
    if not 4 <= len(packet) <= LONGEST or len(packet) % 4:
        expected = f"4 to {LONGEST} bytes, a multiple of 4"
        raise ValueError(f"packet: expected {expected}, received {len(packet)}")
    found: dict[float, list[Message]] = {}
    for due, message in _messages(packet, 0.0, 1):
        found.setdefault(due, []).append(message)
    return tuple(Bundle(due, tuple(messages)) for due, messages in found.items())


def _messages(element: bytes, due: float, depth: int) -> Iterator[tuple[float, Message]]:
    if not element.startswith(HEAD):
        yield due, _message(element)
        return
    if depth > DEEPEST:
        raise ValueError(f"bundle: expected at most {DEEPEST} within each other, received more")
    if len(element) < 16:
        raise ValueError("bundle: expected a time tag, received the end")
    due = max(due, _unix_seconds(element))
    for inner in _elements(element):
        yield from _messages(inner, due, depth + 1)


def _unix_seconds(bundle: bytes) -> float:
    seconds, fraction = struct.unpack_from(">II", bundle, len(HEAD))
    return float(seconds - SECONDS_TO_1970 + fraction / 2**32)


def _elements(bundle: bytes) -> Iterator[bytes]:
    at = 16
    while at < len(bundle):
        (size,) = struct.unpack_from(">i", bundle, at)
        at += 4
        rest = len(bundle) - at
        if not 0 < size <= rest or size % 4:
            expected = f"an element of at most {rest} bytes, a multiple of 4"
            raise ValueError(f"bundle: expected {expected}, received {size}")
        yield bundle[at : at + size]
        at += size


def _message(element: bytes) -> Message:
    address, at = _text(element, 0)
    if not address.startswith("/") or len(address) > LONGEST_ADDRESS or not _printable(address):
        expected = f"/ and at most {LONGEST_ADDRESS} printable ASCII letters in all"
        raise ValueError(f"address: expected {expected}, received {_shown(address)}")
    if at == len(element):  # old senders leave the type tags out where there is no argument
        return Message(address)
    tags, start = _text(element, at)
    _check_arguments(address, tags, element, start)
    # python-osc logs a warning for each I and drops it; to us it says the same as N
    known = element[:at] + element[at:start].replace(b"I", b"N") + element[start:]
    return Message(address, tuple(OscMessage(known).params))


def _check_arguments(address: str, tags: str, element: bytes, at: int) -> None:
    if not tags.startswith(",") or len(tags) > 1 + MOST_ARGUMENTS:
        expected = f"a comma and at most {MOST_ARGUMENTS} type tags"
        raise ValueError(f"{address}: expected {expected}, received {_shown(tags)}")
    for tag in tags[1:]:
        if tag == "s":
            _, at = _text(element, at)
        elif tag in SIZES:
            at += SIZES[tag]
        else:
            expected = f"arguments of the types s {' '.join(SIZES)}"
            raise ValueError(f"{address}: expected {expected}, received {tag!r}")
    if at != len(element):
        expected = f"{at} bytes for {_shown(tags)}"
        raise ValueError(f"{address}: expected {expected}, received {len(element)}")


def _text(element: bytes, at: int) -> tuple[str, int]:
    """The text that starts ``at``, and where the next thing starts."""
    end = element.find(b"\0", at)
    if end < 0:
        raise ValueError("text: expected a zero at its end, received none")
    try:
        return element[at:end].decode(), end // 4 * 4 + 4
    except UnicodeDecodeError:
        raise ValueError(f"text: expected UTF-8, received {element[at:end][:40]!r}") from None


def _printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _shown(text: str) -> str:
    return ascii(text[:40])


def packet(address: str, *arguments: Argument) -> bytes:
    """One message: a float is sent as f, an int as i, a bool as T or F, a str as s, None as N."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


def bundled(messages: Iterable[bytes]) -> Iterator[bytes]:
    """Bundles of at most ``FITTING`` bytes, to be applied at once; a message that is alone stays
    as it is, for clients that know no bundles."""
    gathered: list[bytes] = []
    size = len(HEAD + AT_ONCE)
    for message in messages:
        if gathered and size + 4 + len(message) > FITTING:
            yield _bundle(gathered)
            gathered, size = [], len(HEAD + AT_ONCE)
        gathered.append(message)
        size += 4 + len(message)
    if gathered:
        yield _bundle(gathered)


def _bundle(messages: list[bytes]) -> bytes:
    if len(messages) == 1:
        return messages[0]
    sized = (struct.pack(">i", len(message)) + message for message in messages)
    return HEAD + AT_ONCE + b"".join(sized)
