"""What works here, what is missing, and how to mend it."""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.networks import NETWORKS
from installation.neighbours import neighbour, try_out
from installation.plan import OSC_PORT, WEB_PORT, dream_threads

LIBRARIES = (
    "numpy",
    "openvino",
    "cv2",
    "av",
    "PIL",
    "h5py",
    "pooch",
    "pygame",
    "moderngl",
    "mido",
    "pythonosc",
)
NEEDED_SHARED_MEMORY = 128 << 20
AGAIN = "in the program's folder: make clean show, or pip install -c constraints.txt ."
PROBE_SECONDS = 60
MIDI_FIX = "plug a controller in; on Linux load the module snd-seq"

DISPLAY_PROBE = """
import pygame
pygame.display.init()
driver = pygame.display.get_driver()
if driver in ("offscreen", "dummy"):
    raise SystemExit("none")
print(driver, *("%dx%d" % size for size in pygame.display.get_desktop_sizes()))
"""
OPENGL_PROBE = """
import pygame, moderngl
pygame.display.init()
for attribute, value in ((pygame.GL_CONTEXT_MAJOR_VERSION, 3), (pygame.GL_CONTEXT_MINOR_VERSION, 3),
                         (pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE)):
    pygame.display.gl_set_attribute(attribute, value)
pygame.display.set_mode((64, 64), pygame.OPENGL)
print(moderngl.create_context(require=330).info["GL_RENDERER"])
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """``works``: whether the show can use it. ``needed``: whether it cannot be without."""

    name: str
    works: bool
    found: str
    fix: str = ""
    needed: bool = False


Check = Callable[[], Finding]


def doctor(options: argparse.Namespace) -> int:
    """``kaleidream doctor``: 0 when nothing that is needed is missing."""
    findings = [_checked(check) for check in CHECKS]
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(_line(finding))
    return int(any(finding.needed and not finding.works for finding in findings))


def _line(finding: Finding) -> str:
    mark = "works  " if finding.works else "MISSING" if finding.needed else "without"
    fix = f"\n{'':10}{finding.fix}" if finding.fix and not finding.works else ""
    return f"{mark}   {finding.name}: {finding.found}{fix}"


def _checked(check: Check) -> Finding:
    """A library that is missing or broken is a finding too; all that checks import is needed."""
    try:
        return check()
    except (ImportError, OSError) as error:
        name = check.__name__.strip("_").replace("_", " ")
        return Finding(name, False, str(error), AGAIN, needed=True)


def devices(options: argparse.Namespace) -> int:
    """``kaleidream devices``"""
    for check in (_camera, _display, _opengl, _midi, _sound, _backends):
        finding = _checked(check)
        print(f"{finding.name}: {finding.found}")
    return 0


def display_found() -> bool:
    return _display().works


def _python() -> Finding:
    found = platform.python_version()
    works = (3, 11) <= sys.version_info < (3, 14)
    return Finding("Python", works, found, "install Python 3.11, 3.12 or 3.13", needed=True)


def _libraries() -> Finding:
    missing = []
    for name in LIBRARIES:
        if importlib.util.find_spec(name) is None:
            missing.append(name)
    found = f"no {', '.join(missing)}" if missing else "all there"
    return Finding("libraries", not missing, found, AGAIN, needed=True)


def _camera() -> Finding:
    from installation.sources.cameras import cameras

    names = [f"{camera.index} {camera.name}" for camera in cameras()]
    fix = "plug one in, or play a film: --source FILE"
    return Finding("cameras", bool(names), "; ".join(names) or "none", fix)


def _display() -> Finding:
    fix = "start it on a desktop, or play without a window: --headless"
    return _probed("display", DISPLAY_PROBE, fix)


def _opengl() -> Finding:
    fix = "install a graphics driver (on Debian: libgl1-mesa-dri libegl1); the CPU folds meanwhile"
    driver = None if _display().works else "offscreen"
    return _probed("OpenGL 3.3", OPENGL_PROBE, fix, driver=driver)


def _backends() -> Finding:
    """What the trial found: now, where this machine has had none yet, or a backend failed in it."""
    from engine.backends.choosing import fastest, retried

    outcome = retried(dream_threads())
    best = fastest(outcome.trials)
    found = [
        f"{trial.backend} {trial.precision} {trial.ms:.3g} ms"
        + (" (chosen)" if trial == best else "" if trial.faithful else " (wrong gradient)")
        for trial in outcome.trials
    ]
    found += [f"{name} failed" for name in outcome.failed]
    return Finding("backends", best is not None, "; ".join(found) or "none", AGAIN, needed=True)


def _probed(
    name: str, program: str, fix: str, needed: bool = False, driver: str | None = None
) -> Finding:
    """Tried in a process of its own: drivers and TensorFlow may take theirs down. ``driver``: of
    SDL, instead of the one that the environment asks for or the system has."""
    there = {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if driver is not None:
        there["SDL_VIDEODRIVER"] = driver
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            env=there,
        )
    except subprocess.TimeoutExpired:
        return Finding(name, False, f"no answer in {PROBE_SECONDS} s", fix, needed)
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return Finding(name, done.returncode == 0, said[-1] if said else "nothing", fix, needed)


def _midi() -> Finding:
    from mappings.midi.inlets import input_names

    try:
        names = input_names()
    except OSError as error:
        return Finding("MIDI", False, str(error).removeprefix("MIDI: "), MIDI_FIX)
    return Finding("MIDI", True, "; ".join(names) or "works, nothing plugged in", MIDI_FIX)


def _sound() -> Finding:
    from installation.music.microphone import input_names

    fix = "plug an input in; --sound default listens to it"
    try:
        names = input_names()
    except OSError as error:
        return Finding("sound", False, str(error), fix)
    return Finding("sound", bool(names), "; ".join(names) or "no input", fix)


def _osc() -> Finding:
    return _port("OSC", "udp", OSC_PORT, "--osc-port")


def _page() -> Finding:
    return _port("page", "tcp", WEB_PORT, "--web-port")


def _port(name: str, protocol: str, port: int, option: str) -> Finding:
    """That a show plays there is no fault."""
    there = f"{protocol.upper()} port {port}"
    try:
        try_out(port, protocol)
    except OSError as error:
        holder = neighbour(port, protocol)
        told = (
            f" is taken by {holder}" if str(holder) else f": expected a free one, received {error}"
        )
        fix = f"stop the program that listens there, or choose another port: {option}"
        return Finding(name, holder.show, f"{there}{told}", fix)
    return Finding(name, True, f"{there} is free")


def _weights() -> Finding:
    from engine.bestiary.network import weights
    from engine.weights import keras_cache

    try:
        weights()
    except OSError as error:
        return Finding("networks", False, str(error), AGAIN, needed=True)
    cached = [
        name
        for name, network in NETWORKS.items()
        if network.weights and (keras_cache() / Path(network.weights).name).exists()
    ]
    later = [name for name, network in NETWORKS.items() if network.weights and name not in cached]
    found = f"{', '.join(['bestiary', *cached])}; downloaded when first used: {', '.join(later)}"
    return Finding("networks", True, found)


def _shared_memory() -> Finding:
    if sys.platform != "linux":
        return Finding("shared memory", True, "as much as there is memory", needed=True)
    free = shutil.disk_usage("/dev/shm").free
    fix = "in a container: --shm-size=1g"
    works = free >= NEEDED_SHARED_MEMORY
    return Finding("shared memory", works, f"{free >> 20} MiB free", fix, needed=True)


CHECKS: tuple[Check, ...] = (
    _python,
    _libraries,
    _shared_memory,
    _backends,
    _weights,
    _display,
    _opengl,
    _camera,
    _midi,
    _osc,
    _page,
    _sound,
)
