"""The words of the command line: what is wrong with them is said in one sentence."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from engine.nearest import nearest

WRONG = 2  # exit status for what was asked wrongly
OPTION = re.compile(r"--[a-z-]+")


class CommandLine(argparse.ArgumentParser):
    """Refuses with a sentence and where to read on, in place of pages of usage. Half an option is
    none."""

    def __init__(self, **given: Any) -> None:
        super().__init__(allow_abbrev=False, **given)

    def error(self, message: str) -> NoReturn:
        sentence = message.removeprefix("argument ")
        self.exit(WRONG, f"kaleidream: {sentence}\nsee: {self.prog} --help\n")

    def parse_known_args(  # type: ignore[override]  # its overloads say the same thrice
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Nothing is left over: each command refuses what it does not know itself."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            word, there = unknown[0].partition("=")[0], OPTION.findall(self.format_usage())
            self.error(f"expected an option, received {word!r}{nearest(word, there)}")
        return known, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        expected = ", ".join(map(str, action.choices))
        told = (
            f"expected one of {expected}, received {value!r}{nearest(str(value), action.choices)}"
        )
        raise argparse.ArgumentError(action, told)


def size(text: str) -> tuple[int, int]:
    width, cross, height = text.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT, received {text!r}")
    return int(width), int(height)


def seconds(text: str) -> float:
    try:
        given = float(text)
    except ValueError:
        given = -1.0
    if not 0 < given < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds over 0, received {text!r}")
    return given


def port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"expected a port 1 to 65535, received {text!r}")
    return int(text)


def display(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a display from 0, received {text!r}")
    return int(text)


def count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number over 0, received {text!r}")
    return int(text)
