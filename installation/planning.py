"""What a show may be asked for, and the plan that it makes."""

import argparse
import secrets
from collections.abc import Sequence
from pathlib import Path

from engine.backends.table import BACKENDS, PRECISIONS
from engine.networks import NETWORKS
from engine.parameters import Table
from installation.arguments import display, port, seconds, size
from installation.plan import LOOPBACK, MOST_SOURCES, OSC_PORT, WEB_PORT, Plan, home, recordable
from installation.scenes import repertoire
from installation.scenes.scenery import Scene
from installation.settings import table
from mappings.files.actions import TAKEOVERS
from mappings.files.loading import load_controller


def options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Of ``kaleidream run`` and ``kaleidream demo``."""
    add = parser.add_argument
    add(
        "--source",
        action="append",
        default=[],
        metavar="SOURCE",
        help="camera[:NAME or INDEX], a film, a picture, a folder of pictures, a URL, noise, drift;"
        " may be given again, /source/select chooses (without: the first camera, else drift)",
    )
    add(
        "--scene", metavar="NAME", help="the look to start with (see: kaleidream scenes), or a file"
    )
    add("--take", type=Path, metavar="FILE", help="a take to play from the start")
    add("--network", choices=tuple(NETWORKS), help="the network that dreams (bestiary)")
    add("--weights-dir", type=Path, metavar="FOLDER", help="where NETWORK*.h5 files lie")
    add("--backend", choices=("auto", *BACKENDS), default="auto", help="what computes (auto)")
    add("--precision", choices=("auto", *PRECISIONS), default="auto", help="of the network (auto)")
    add("--guide", type=Path, metavar="FILE", help="a picture for /dream/objective guide")
    add("--size", type=size, metavar="WxH", help="the dream's size in pixels (256x256)")
    screen = parser.add_mutually_exclusive_group()
    screen.add_argument("--fullscreen", action="store_true", help="on the whole display")
    screen.add_argument("--window", type=size, metavar="WxH", help="the window's size (1280x720)")
    add("--headless", action="store_true", help="no window; --window is the picture's size")
    add("--display", type=display, default=0, metavar="N", help="which display, counted from 0")
    add("--seconds", type=seconds, metavar="S", help="end after so long")
    add(
        "--record",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="keep the show as a film (.mp4, .mov, .mkv), or its last picture (.png, .jpg)",
    )
    add("--stats", type=Path, metavar="FILE", help="keep the figures here, as JSON, every second")
    add(
        "--set",
        action="append",
        default=[],
        metavar="ADDRESS=VALUE",
        help="where a parameter starts, e.g. /scope/folds=8 (see: kaleidream parameters)",
    )
    add("--osc-port", type=port, default=OSC_PORT, metavar="PORT", help="UDP port for OSC (9000)")
    add(
        "--osc-reply",
        type=port,
        metavar="PORT",
        help="where those who play by OSC listen, if not on the port they send from (TouchOSC)",
    )
    add("--web-port", type=port, default=WEB_PORT, metavar="PORT", help="of the page, TCP (8080)")
    add("--no-web", action="store_true", help="no page")
    add(
        "--lan",
        action="store_true",
        help="OSC and the page for the whole network; the page asks for a token",
    )
    add("--midi", metavar="NAME", help="only MIDI ports of this name, or none (all)")
    add("--mapping", type=Path, metavar="FILE", help="a controller's mapping, in TOML")
    add(
        "--takeover",
        choices=TAKEOVERS,
        default="pickup",
        help="how knobs take hold of what stands elsewhere, if their mapping names none (pickup)",
    )
    add(
        "--sound",
        default="none",
        metavar="NAME",
        help="the sound input that modulators hear: a part of its name, or default (none)",
    )
    add("--home", type=Path, metavar="FOLDER", help="where your scenes, mappings and takes lie")
    return parser


def planned(options: argparse.Namespace) -> Plan:
    """Raises LookupError, OSError, TypeError or ValueError with a sentence."""
    parameters = table()
    _check(options, parameters)
    width, height = options.size or (256, 256)
    parameters["/dream/size"].value_in_range(height)
    settings = [f"/dream/size={width}", *options.set]
    if options.network:
        settings.insert(0, f"/dream/network={options.network}")
    users = options.home or home()
    scene = repertoire.asked(options.scene, parameters, users) if options.scene else None
    return Plan(
        start=started(parameters, settings, scene),
        sources=tuple(options.source),
        shape=height / width,
        window=None if options.fullscreen else options.window or (1280, 720),
        headless=options.headless,
        display=options.display,
        seconds=options.seconds,
        record=tuple(recordable(path) for path in options.record),
        stats=options.stats,
        osc_host="0.0.0.0" if options.lan else LOOPBACK,
        osc_port=options.osc_port,
        osc_reply=options.osc_reply,
        web_host="0.0.0.0" if options.lan else LOOPBACK,
        web_port=None if options.no_web else options.web_port,
        token=secrets.token_urlsafe(16) if options.lan else "",
        midi=options.midi,
        mapping=options.mapping,
        takeover=options.takeover,
        sound=options.sound,
        weights=options.weights_dir,
        backend=options.backend,
        precision=options.precision,
        guide=options.guide,
        home=users,
        scene=scene.name if scene else "",
        take=options.take,
    )


def _check(options: argparse.Namespace, parameters: Table) -> None:
    """What is asked for is there. Raises as ``planned``."""
    if len(options.source) > MOST_SOURCES:
        expected = f"at most {MOST_SOURCES}"
        raise ValueError(f"--source: expected {expected}, received {len(options.source)}")
    if options.mapping and not options.mapping.is_file():
        raise OSError(f"--mapping: expected a file, received '{options.mapping}'")
    if options.weights_dir and not options.weights_dir.is_dir():
        raise OSError(f"--weights-dir: expected a folder, received '{options.weights_dir}'")
    if options.stats and not options.stats.parent.is_dir():
        raise OSError(f"--stats: expected a folder, received '{options.stats.parent}'")
    if options.guide and not options.guide.is_file():
        raise OSError(f"--guide: expected a picture, received '{options.guide}'")
    if options.take and not options.take.is_file():
        raise OSError(f"--take: expected a file, received '{options.take}'")
    if options.mapping:
        load_controller(options.mapping, parameters)


def started(
    parameters: Table, settings: Sequence[str], scene: Scene | None = None
) -> tuple[float, ...]:
    """The defaults, a scene over them, and ``ADDRESS=VALUE`` lines over both."""
    values = list(parameters.defaults)
    if scene:
        values = list(scene.over(parameters.defaults, parameters))
    for line in settings:
        address, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"--set: expected ADDRESS=VALUE, received {line!r}")
        parameter = parameters[address]
        values[parameter.index] = parameter.value_in_range(value)
    return tuple(values)
