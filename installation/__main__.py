"""The command line: the only place that builds a show."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from engine.backends.table import BACKENDS, PRECISIONS
from engine.networks import NETWORKS
from installation import doctor, layout, learning, planning, reference, training
from installation.arguments import WRONG, CommandLine, count
from installation.bench import command as benchmark
from installation.page.address import lan_address, print_address
from installation.plan import LOOPBACK, Plan, wired
from installation.planning import planned
from installation.player import LOG_FORMAT, ending_signals
from installation.scenes import repertoire
from installation.settings import table
from installation.show import Show

INTERRUPTED = 130
DEMO_SECONDS = 10.0
DEMO_PATIENCE = 60.0  # for the first dreamed frame
DEMO_FILES = (Path("show.mp4"), Path("show.png"))

EXAMPLES = """examples:
  kaleidream                                  the first camera, in a window
  kaleidream run --source film.mp4 --fullscreen
  kaleidream run --source camera:0 --source pictures/ --lan
  kaleidream run --network inception_v3 --set /strip/4/gain=1 --set /scope/folds=8
  kaleidream run --headless --window 1280x720 --seconds 20 --record out.mp4 --stats s.json
  kaleidream doctor                           what works here, and what is missing
"""
PLAIN = argparse.RawDescriptionHelpFormatter

log = logging.getLogger("show")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0, 1 when the show could not go on, 2 for what was asked wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        given.insert(0, "run")
    options = command_line().parse_args(given)
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT.format("%(name)s"))
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (LookupError, OSError, TypeError, ValueError) as error:
        print(f"kaleidream: {error}", file=sys.stderr)
        return WRONG
    return status


def command_line() -> argparse.ArgumentParser:
    parser = CommandLine(
        prog="kaleidream",
        description="A neural network dreams on a camera, a kaleidoscope folds the dream.",
        epilog=EXAMPLES,
        formatter_class=PLAIN,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('kaleidream')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    doc = "play the show (also without a command)"
    play = commands.add_parser("run", help=doc, epilog=EXAMPLES, formatter_class=PLAIN)
    planning.options(play).set_defaults(command=run)

    doc = "play the show; without a display, leave a short film and a picture of it"
    shown = commands.add_parser("demo", help=doc, epilog=EXAMPLES, formatter_class=PLAIN)
    planning.options(shown).set_defaults(command=demo)

    doc = "list cameras, displays, MIDI ports, backends and accelerators"
    commands.add_parser("devices", help=doc).set_defaults(command=doctor.devices)

    doc = "learn which MIDI control turns a parameter"
    learn = learning.options(commands.add_parser("learn", help=doc))
    learn.set_defaults(command=learning.learn)

    health = commands.add_parser("doctor", help="what works here, what is missing, how to mend it")
    health.add_argument("--json", action="store_true", help="as JSON")
    health.set_defaults(command=doctor.doctor)

    doc = "list your scenes, and those that come with the show"
    scenes = commands.add_parser("scenes", help=doc)
    scenes.add_argument("--home", type=Path, metavar="FOLDER", help="where your scenes lie")
    scenes.set_defaults(command=repertoire.scenes)

    listing = commands.add_parser("parameters", help="everything there is to turn")
    form = listing.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a page")
    listing.set_defaults(command=reference.parameters)

    drawn = commands.add_parser("atlas", help="sheets of everything a network dreams")
    drawn.set_defaults(command=atlas)
    _add_atlas_options(drawn)

    doc = "a surface for a tablet or a telephone: TouchOSC, Open Stage Control"
    layout.options(commands.add_parser("layout", help=doc)).set_defaults(command=layout.layout)

    doc = "teach the embedded network anew, or say what it is worth (needs PyTorch)"
    training.options(commands.add_parser("train", help=doc)).set_defaults(command=training.train)

    timing = commands.add_parser("bench", help="how fast each part is on this machine")
    benchmark.options(timing).set_defaults(command=benchmark.bench)
    return parser


def _add_atlas_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="where the sheets go")
    add("--network", choices=tuple(NETWORKS), default="bestiary", help="which (bestiary)")
    add("--weights-dir", type=Path, metavar="FOLDER", help="where NETWORK*.h5 files lie")
    add("--picture", type=Path, metavar="FILE", help="what to dream on, beside noise")
    add("--scenes", action="store_true", help="in place of the sheets, a picture of every scene")
    add("--side", type=count, default=224, metavar="PIXELS", help="of each dream (224)")
    add("--frames", type=count, default=40, metavar="N", help="that each is dreamed for (40)")
    add("--backend", choices=("auto", *BACKENDS), default="auto", help="what computes (auto)")
    add("--precision", choices=("auto", *PRECISIONS), default="auto", help="of the network (auto)")


def atlas(options: argparse.Namespace) -> int:
    from installation.atlas import keep_sheets  # loads what draws and dreams

    return keep_sheets(options)


def run(options: argparse.Namespace) -> int:
    return _played(planned(options))


def demo(options: argparse.Namespace) -> int:
    """As ``run`` where there is a display."""
    if options.headless or doctor.display_found():
        return run(options)
    print(f"No display here: playing {DEMO_SECONDS:g} seconds without one.", flush=True)
    options.headless = True
    options.seconds = options.seconds or DEMO_SECONDS
    if not options.record:
        options.record = list(DEMO_FILES)
        for path in DEMO_FILES:
            path.unlink(missing_ok=True)
    plan = replace(planned(options), patience=DEMO_PATIENCE)
    status = _played(plan)
    for path in plan.record:
        print(f"{'Look at' if path.exists() else 'Nothing was kept in'} {path.resolve()}")
    return status if all(path.exists() for path in plan.record) else 1


def _played(plan: Plan) -> int:
    if plan.osc_host != LOOPBACK:
        log.info("OSC: point the tablet at %s, port %d", lan_address(), plan.osc_port)
    if plan.token and plan.web_port:
        print_address(plan)
    wires = wired(table())
    show = Show(plan, wires)
    for each in ending_signals():
        signal.signal(each, lambda *_: show.stop())
    try:
        return show.run()
    finally:
        wires.unlink()


if __name__ == "__main__":
    sys.exit(main())
