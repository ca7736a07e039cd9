import os
import subprocess
import sys
from pathlib import Path

import pytest

LIGHT = (
    "installation.stage",
    "installation.control",
    "installation.show",
    "installation.capture",
    "installation.record",
    "installation.web",
    "installation.__main__",
)


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after importing ``modules``."""
    told = "print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", f"import sys, {', '.join(modules)}; {told}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_what_computes_stays_in_the_dream_player() -> None:
    loaded = loaded_by(*LIGHT)
    assert "installation" in loaded
    assert not loaded & {"tensorflow", "keras", "openvino", "torch", "h5py"}


def test_the_parent_holds_no_picture_no_window_and_no_film() -> None:
    loaded = loaded_by("installation.__main__")
    assert "installation" in loaded
    assert not loaded & {"cv2", "pygame", "av", "py2tosc"}


def test_only_a_weight_file_needs_h5py() -> None:
    loaded = loaded_by("engine.loading", "installation.bench.random_network")
    assert "engine" in loaded
    assert "h5py" not in loaded


@pytest.mark.e2e
def test_what_computes_tells_nobody_that_it_is_used(tmp_path: Path) -> None:
    told = "print(telemetry_utils.tm.__name__)"
    script = (
        f"import engine.backends.openvino; from openvino.tools.ovc import telemetry_utils; {told}"
    )
    home = {**os.environ, "HOME": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=home)
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub"]
    assert not list(tmp_path.iterdir())
