"""Doubles for MIDI ports, inputs and outputs alike."""

from typing import NoReturn


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
