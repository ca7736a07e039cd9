"""Doubles for MIDI ports, inputs and outputs alike."""

from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

C = TypeVar("C")


@dataclass
class Ports(Generic[C]):
    """That come and go as a test says. ``busy``: those that another program keeps."""

    there: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    cables: dict[str, C] = field(default_factory=dict)
    attempts: int = 0

    def names(self) -> list[str]:
        return list(self.there)

    def close(self) -> None:
        """Ports of tests need no looking for."""


class Refusing:
    """One device, and no port for other software: whoever opens these must ``close`` them again,
    and open nothing else."""

    def __init__(self) -> None:
        self.closed = False

    def names(self) -> list[str]:
        return ["desk 20:0"]

    def opened(self, name: str, *hear: object) -> NoReturn:
        raise AssertionError(f"{name} is opened, and nobody will close it")

    def virtual(self, name: str, *hear: object) -> NoReturn:
        raise OSError("MIDI: no more")

    def close(self) -> None:
        self.closed = True
