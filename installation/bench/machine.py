"""What all this was measured on."""

import os
import platform
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile")
PACKAGES = ("openvino", "tensorflow", "torch", "numpy", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Machine:
    """``features``: of FEATURES, those that it has. ``versions``: of what is installed."""

    processor: str
    cores: int
    features: tuple[str, ...]
    system: str
    versions: tuple[str, ...]
    day: str


def this_machine() -> Machine:
    facts = processor_facts()
    flags = facts.get("flags", "").split()
    return Machine(
        processor=facts.get("model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        features=tuple(feature for feature in FEATURES if feature in flags),
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        versions=tuple(f"{name} {found}" for name in PACKAGES if (found := _version(name))),
        day=date.today().isoformat(),
    )


def processor_facts(file: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Of the first core; empty where the system has no such file."""
    if not file.exists():
        return {}
    pairs = (line.partition(":") for line in file.read_text().split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
