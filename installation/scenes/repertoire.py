"""Scenes as the command line asks for them."""

import argparse
from pathlib import Path
from typing import NoReturn

from engine.parameters import Table
from installation.plan import home
from installation.scenes.scenery import Scene, opened, scene
from installation.scenes.shelf import Shelf
from installation.settings import table


def asked(name: str, parameters: Table, home: Path) -> Scene:
    """``name``: of one of the user's scenes, else of one that comes with the show, or the path of
    a file. Raises LookupError, OSError or ValueError with a sentence."""
    if name.endswith((".toml", ".json")):
        return scene(name, parameters)
    own = home / "scenes" / f"{name}.json"
    if own.is_file():
        return opened(own, parameters).scene
    return _shelf(home, parameters)[name]


def scenes(options: argparse.Namespace) -> int:
    """``kaleidream scenes``"""
    shelf = _shelf(options.home or home(), table())
    for name in shelf.names:
        there = shelf[name]
        said = f"yours, of {there.made[:10]}  {there.mood}" if shelf.own(name) else there.mood
        print(f"{name:20} {said.rstrip()}")
    return 0


def _shelf(home: Path, parameters: Table) -> Shelf:
    def nothing(*_: object) -> NoReturn:
        raise AssertionError("nothing is stored from the command line")

    return Shelf(home, parameters, nothing)
