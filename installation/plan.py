"""What the command line asks for, and the wires between the players."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from engine.bank import bank_slot
from engine.frame import Slot
from engine.parameters import Table
from installation.player import PULSE_CAPACITY
from mappings.mapping import Takeover

PLAYERS = ("stage", "capture", "control", "dream", "web", "record")
LARGEST_SOURCE = (1920, 1080)
LARGEST_DREAM = (1024, 1024)
LARGEST_DISPLAY = (3840, 2160)
LARGEST_PREVIEW = (640, 640)
PREVIEW_FPS = 30
LOOPBACK = "127.0.0.1"
OSC_PORT = 9000  # UDP, and TCP for OSCQuery
WEB_PORT = 8080
MOST_SOURCES = 8
MOST_THREADS = 8  # more help one picture little
RECORDED_FPS = 30
FILMS = (".mp4", ".mov", ".mkv")
PICTURES = (".png", ".jpg", ".jpeg")


def home() -> Path:
    """Where this system keeps what users make."""
    return user_data_path("kaleidream", appauthor=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """One show, from its start to its end. ``start``: the value of every parameter, in the order of
    the table. ``shape``: height over width of the dream. ``seconds``: how long it plays; they, and
    what is recorded, begin with the first dreamed frame, if that comes within ``patience`` seconds.
    ``record``: films and pictures (the last one of the show). ``osc_reply``: where those who play
    by OSC listen, if not on the port they send from. ``home``: the folder of the user's own scenes,
    mappings and takes; it need not be there. ``scene``: the name of the one that ``start`` is.
    ``take``: one to be played from the start. ``handed_fps``: how many presented frames a
    second are handed on, beside what is recorded. ``web_port``: of the page; None for no page.
    ``token``: what the page asks of everybody; empty where it asks nothing. ``sound``: a part
    of the name of the input that is listened to, ``default`` or ``none``. ``takeover``: of
    knobs whose files name none."""

    start: tuple[float, ...]
    sources: tuple[str, ...] = ()
    shape: float = 1.0
    window: tuple[int, int] | None = None
    headless: bool = False
    display: int = 0
    seconds: float | None = None
    patience: float = 0.0
    record: tuple[Path, ...] = ()
    stats: Path | None = None
    osc_host: str = LOOPBACK
    osc_port: int = OSC_PORT
    osc_reply: int | None = None
    web_host: str = LOOPBACK
    web_port: int | None = WEB_PORT
    token: str = ""
    midi: str | None = None
    mapping: Path | None = None
    takeover: Takeover = "pickup"
    sound: str = "none"
    weights: Path | None = None
    backend: str = "auto"
    precision: str = "auto"
    guide: Path | None = None
    home: Path = field(default_factory=home)
    scene: str = ""
    take: Path | None = None
    handed_fps: float = 0.0

    @property
    def players(self) -> tuple[str, ...]:
        idle = {"record": not self.record, "web": self.web_port is None}
        return tuple(name for name in PLAYERS if not idle.get(name))


@dataclass(frozen=True, slots=True)
class Wires:
    """Every slot has one writer: the player it is named after. ``keys``: a bound loopback UDP
    socket on which the control player hears the stage's keyboard and the page. ``preview``: the
    stage's too."""

    captured: Slot
    dreamed: Slot
    presented: Slot
    preview: Slot
    bank: Slot
    pulses: Mapping[str, Slot]
    keys: socket.socket = field(repr=False)

    def unlink(self) -> None:
        shown = (self.captured, self.dreamed, self.presented, self.preview)
        for slot in (*shown, self.bank, *self.pulses.values()):
            slot.unlink()
        self.keys.close()


def wired(table: Table) -> Wires:
    """Made by the parent, which also unlinks it. Raises OSError without shared memory."""
    keys = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    keys.bind((LOOPBACK, 0))
    return Wires(
        captured=Slot(bytes_of(LARGEST_SOURCE)),
        dreamed=Slot(bytes_of(LARGEST_DREAM)),
        presented=Slot(bytes_of(LARGEST_DISPLAY)),
        preview=Slot(bytes_of(LARGEST_PREVIEW)),
        bank=bank_slot(table),
        pulses={name: Slot(PULSE_CAPACITY) for name in ("show", *PLAYERS)},
        keys=keys,
    )


def dream_threads() -> int:
    """Cores that one step may use, of those that this process may: the other players keep one, from
    four cores on two."""
    here = getattr(os, "sched_getaffinity", None)  # Linux's; containers and taskset narrow it
    cores = len(here(0)) if here else os.cpu_count() or 2
    kept = 2 if cores >= 4 else 1
    return min(max(cores - kept, 1), MOST_THREADS)


def bytes_of(size: tuple[int, int]) -> int:
    return size[0] * size[1] * 3


def recordable(path: Path) -> Path:
    """Raises ValueError for what cannot be kept, OSError where there is no such folder."""
    if path.suffix.lower() not in (*FILMS, *PICTURES):
        expected = ", ".join((*FILMS, *PICTURES))
        raise ValueError(f"--record: expected a name that ends in {expected}, received '{path}'")
    if not path.parent.is_dir():
        raise OSError(f"--record: expected a folder, received '{path.parent}'")
    return path
