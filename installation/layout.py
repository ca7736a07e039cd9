"""Surfaces for telephones and tablets, written from the parameter table."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.parameters import Table
from installation.page.address import lan_address
from installation.settings import table
from mappings.surfaces.screen import SCREENS
from mappings.surfaces.surface import Surface, surface


def options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add = parser.add_argument
    add("app", choices=tuple(FORMS), help="what it is for")
    add("-o", "--output", type=Path, required=True, metavar="FILE", help="where it goes")
    add("--size", choices=tuple(SCREENS), default="tablet", help="of the screen (tablet)")
    return parser


def layout(asked: argparse.Namespace) -> int:
    """``kaleidream layout``. Raises OSError or ValueError with a sentence."""
    form, path = FORMS[asked.app], asked.output
    if path.suffix.lower() != form.suffix:
        raise ValueError(f"-o: expected a name that ends in {form.suffix}, received '{path}'")
    if not path.parent.is_dir():
        raise OSError(f"-o: expected a folder, received '{path.parent}'")
    parameters = table()
    form.write(surface(parameters, SCREENS[asked.size]), parameters, path)
    print(form.told.format(path=path, host=lan_address()))
    return 0


def _touchosc(drawn: Surface, parameters: Table, path: Path) -> None:
    from mappings.surfaces.touchosc import layout

    layout(drawn, parameters).save(path)


def _open_stage_control(drawn: Surface, parameters: Table, path: Path) -> None:
    from mappings.surfaces.openstage import session

    path.write_text(session(drawn, parameters), encoding="utf-8")


class Form(NamedTuple):
    """``told``: what to do with what lies at ``path``, where ``host`` is this machine."""

    suffix: str
    write: Callable[[Surface, Table, Path], None]
    told: str


FORMS = {
    "touchosc": Form(
        ".tosc",
        _touchosc,
        "{path} is for TouchOSC. There, at Connections, OSC: host {host}, send port 9000, receive"
        " port 9001.\nHere: kaleidream run --lan --osc-reply 9001",
    ),
    "open-stage-control": Form(
        ".json",
        _open_stage_control,
        "There: open-stage-control --load {path} --send {host}:9000 --port 8081\n"
        "Here: kaleidream run --lan",  # whose page has 8080, should both be one machine
    ),
}
