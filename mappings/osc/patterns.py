"""The wildcards of OSC addresses: ``* ? [a-z] [!a] {a,b}``, each within one part of the address.

A sender's pattern is never made a regular expression: ten ``*`` would stop the show for seconds.
Here one integer holds every place in the text that the pattern so far can have led to (bit p: the
first p characters are matched), so each step of the pattern is taken once.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

WILD = frozenset("*?[{")
STEPS = re.compile(r"(?P<star>\*+)|(?P<any>\?)|\[(?P<set>[^]]*)\]|\{(?P<words>[^}]*)\}|[^*?\[{]+")


class Step(Protocol):
    def reached(self, places: int, text: str) -> int:
        """The places in ``text`` where this step ends when it starts at ``places``."""


@dataclass(frozen=True, slots=True)
class Star:
    def reached(self, places: int, text: str) -> int:
        nearest = places & -places
        return (2 << len(text)) - nearest


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: of ``letters``, or any but these where ``but``."""

    letters: frozenset[str]
    but: bool

    def reached(self, places: int, text: str) -> int:
        fits = sum(
            1 << place for place, letter in enumerate(text) if (letter in self.letters) != self.but
        )
        return (places & fits) << 1


@dataclass(frozen=True, slots=True)
class Words:
    words: frozenset[str]

    def reached(self, places: int, text: str) -> int:
        ends = 0
        for word in self.words:
            place = text.find(word)
            while place >= 0:
                ends |= (places >> place & 1) << place + len(word)
                place = text.find(word, place + 1)
        return ends


def wild(address: str) -> bool:
    return not WILD.isdisjoint(address)


def matches(pattern: str, address: str) -> bool:
    """Raises ValueError for a bracket that is not closed."""
    return bool(expanded(pattern, [address]))


def expanded(pattern: str, addresses: Iterable[str]) -> list[str]:
    """Those of ``addresses`` that ``pattern`` matches. Raises ValueError as ``matches``."""
    parts = [list(_steps(part)) for part in pattern.split("/")]
    return [address for address in addresses if _fits(parts, address.split("/"))]


def _fits(parts: list[list[Step]], texts: list[str]) -> bool:
    return len(parts) == len(texts) and all(map(_led_through, parts, texts))


def _led_through(steps: list[Step], text: str) -> bool:
    places = 1
    for step in steps:
        places = step.reached(places, text)
        if not places:
            return False
    return bool(places >> len(text))


def _steps(part: str) -> Iterator[Step]:
    at = 0
    while at < len(part):
        found = STEPS.match(part, at)
        if found is None:
            raise ValueError(f"expected a closing bracket, received '{part}'")
        yield _step(found)
        at = found.end()


def _step(found: re.Match[str]) -> Step:
    match found.lastgroup:
        case "star":
            return Star()
        case "any":
            return Letter(frozenset(), but=True)
        case "set":
            letters = found["set"]
            return Letter(_letters(letters.removeprefix("!")), but=letters.startswith("!"))
        case "words":
            return Words(frozenset(found["words"].split(",")))
    return Words(frozenset([found[0]]))


def _letters(written: str) -> frozenset[str]:
    ranges = re.findall("(.)-(.)", written)
    between = {chr(code) for low, high in ranges for code in range(ord(low), ord(high) + 1)}
    return frozenset(between | set(re.sub(".-.", "", written)))
