"""What trying the backends has brought, noted for this machine."""

import importlib.util
import json
import logging
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pooch  # type: ignore[import-untyped]

from engine.backends.table import BACKENDS
from engine.backends.trial import Trial, trial_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``failed``: the backends that had no trial in some precision."""

    trials: tuple[Trial, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def tried(self) -> set[str]:
        return {*self.failed, *(trial.backend for trial in self.trials)}


def note() -> Path:
    return Path(pooch.os_cache("kaleidream")) / "backends.json"


def noted(here: str) -> Outcome | None:
    """What was found on this machine; None before, and where something of it is new since."""
    try:
        kept = json.loads(note().read_text())
        found = tuple(trial_of(each) for each in kept["trials"])
        return Outcome(found, tuple(kept["failed"])) if kept["machine"] == here else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(here: str, found: Outcome) -> None:
    """Only warns where it cannot be kept."""
    path = note()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        beside.write_text(json.dumps({"machine": here, **asdict(found)}))
        os.replace(beside, path)
    except OSError as error:
        log.warning("%s: the trial of the backends is not kept: %s", path, error)


def machine(threads: int) -> str:
    """All that a trial depends on."""
    libraries = [f"{name} {_version(name)}" for name in BACKENDS if installed(name)]
    gpu = "nvidia" if Path("/dev/nvidia0").exists() else ""
    cores = f"{threads} of {os.cpu_count()} cores"
    return "; ".join((_processor(), cores, gpu, *libraries))


def installed(name: str) -> bool:
    """A mere folder of this name has no origin."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None


def _version(name: str) -> str:
    """Empty for one that goes by another name among the packages, such as tensorflow-cpu."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()
