"""Ports that come and go as they are plugged, under names that stay the same."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, Protocol, TypeVar

# ALSA's client and port, also as a2jmidid says them; how ``told_apart`` tells equal names
ADDED = re.compile(r" \d+:\d+$| \[\d+\](?= \((capture|playback)\))| <\d+/\d+>$")
NUMBERED = re.compile(r" #(\d+)$")

log = logging.getLogger(__name__)


class Closes(Protocol):
    def close(self) -> None: ...


P = TypeVar("P", bound=Closes)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a port: that it is open, that it has gone, why it cannot be opened."""

    came: str
    went: str
    refused: str


class Plugs(Generic[P]):
    """The open ports of one direction, by their steady names. Of several devices of one model the
    second is called ``#2``: each keeps its number while it is there, and who comes takes the lowest
    that is free. They carry no other mark of who is who."""

    def __init__(self, opened: Callable[[str, str], P], words: Words) -> None:
        """``opened``: opens a port, by the system's name for it and the steady one. It may raise
        OSError."""
        self._opened = opened
        self._words = words
        self._called: dict[str, str] = {}  # steady names, by the system's
        self._open: dict[str, tuple[str, P]] = {}  # with the system's names
        self._refused: set[str] = set()

    @property
    def names(self) -> list[str]:
        return list(self._open)

    def get(self, name: str) -> P | None:
        """From any thread."""
        there = self._open.get(name)
        return there[1] if there else None

    def scan(self, there: Sequence[str], wanted: Callable[[str], bool]) -> list[str]:
        """Opens the ``wanted`` of those that are ``there``, by the system's names, and closes those
        that have gone. The names of those that were opened. Nothing is raised."""
        self._name(there)
        systems = {self._called[name]: name for name in there if wanted(self._called[name])}
        for name in [name for name in self._open if systems.get(name) != self._open[name][0]]:
            self.close_one(name)
            log.warning(self._words.went, name)
        self._refused.intersection_update(systems)
        closed = [(name, system) for name, system in systems.items() if name not in self._open]
        return [name for name, system in closed if self._opens(name, system)]

    def close_one(self, name: str) -> None:
        self._open.pop(name)[1].close()

    def close(self) -> None:
        for name in self.names:
            self.close_one(name)

    def _name(self, there: Sequence[str]) -> None:
        self._called = {name: self._called[name] for name in self._called if name in there}
        for name in there:
            if name not in self._called:
                taken = self._called.values()
                self._called[name] = next(each for each in _numbered(name) if each not in taken)

    def _opens(self, name: str, system: str) -> bool:
        """One that another program keeps for itself is tried again, said once."""
        try:
            self._open[name] = (system, self._opened(system, name))
        except OSError as error:
            if name not in self._refused:
                log.warning(self._words.refused, name, error)
            self._refused.add(name)
            return False
        self._refused.discard(name)
        log.info(self._words.came, name)
        return True


def _numbered(name: str) -> Iterator[str]:
    yield steady_name(name)
    yield from (f"{steady_name(name)} #{number}" for number in count(2))


def steady_name(name: str) -> str:
    """Without what changes when it is plugged in again: ``nanoKONTROL2 CTRL 20:0``."""
    return ADDED.sub("", name)


def which(name: str) -> int:
    """Of several devices of one model."""
    numbered = NUMBERED.search(name)
    return int(numbered[1]) if numbered else 1


def told_apart(names: Sequence[str]) -> list[str]:
    """Each different, where a system lists two devices under one name: with its place among them,
    and how many they are. Which of them was pulled out is not known then, so all get other names
    and are opened anew."""
    seen: dict[str, int] = {}
    apart = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        many = names.count(name)
        apart.append(name if many == 1 else f"{name} <{seen[name]}/{many}>")
    return apart
