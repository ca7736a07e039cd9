"""Plays a show at random: every parameter, strips' layers, networks, sizes.

    python tests/random_play.py --seconds 600 --weights-dir WEIGHTS --source FILM

prints what was counted each ten seconds, at the end the longest interval between presented pictures
and the slope of the dreamer's memory (Linux) once its caches are warm.
"""

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from flood import HOST, free_port, resident

from engine.layers import layers
from engine.networks import NETWORKS
from engine.parameters import Name, Parameter, Trigger
from engine.weights import at_hand
from installation.settings import table
from mappings.osc.packets import packet

SPARED = (
    *("/dream/fix_size", "/dream/fix_steps", "/dream/freeze", "/master/freeze"),
    *("/scene/store", "/take/record", "/take/play"),  # what is kept is not played at random
    *("/master/clock", "/master/send_clock"),  # nor are other machines
)
RATE = 40.0  # turns a second
SIZES = (128, 192, 256, 320)
WARM = 120.0  # seconds until every cache has been filled
LOOK = 10.0  # seconds between looks at the figures


class Hands:
    """Says what is turned next."""

    def __init__(self, networks: Sequence[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._networks = networks
        self._network = networks[0]
        self._parameters = [each for each in table() if each.address not in SPARED]

    def turn(self) -> tuple[str, float | str]:
        parameter = self._random.choice(self._parameters)
        return parameter.address, self._value(parameter)

    def _value(self, parameter: Parameter) -> float | str:
        chance = self._random.random()
        match parameter:
            case Parameter(address="/dream/network"):
                self._network = self._random.choice(self._networks)
                return self._network
            case Parameter(address="/dream/size"):
                return self._random.choice(SIZES)
            case Parameter(address="/master/blackout" | "/master/fade"):
                return parameter.kind.default
            case Parameter(address="/master/panic"):
                return float(chance < 0.02)
            case Parameter(kind=Name()) if parameter.address.endswith("/layer"):
                return self._random.choice(layers(self._network))
            case Parameter(kind=Trigger()):
                return float(chance < 0.2)
        return parameter.kind.at(chance)


def played(
    seconds: float, sources: Sequence[str], weights: Path | None, seed: int
) -> Iterator[tuple[float, dict[str, Any], float]]:
    """Each ten seconds, and at the end: seconds since the start, the show's figures, MiB of the
    dreamer (0 where it is not to be had)."""
    networks = [name for name in NETWORKS if name == "bestiary" or at_hand(name, weights)]
    hands = Hands(networks, seed)
    with tempfile.TemporaryDirectory() as folder, socket.socket(type=socket.SOCK_DGRAM) as sending:
        stats, port = Path(folder) / "stats.json", free_port()
        command = [sys.executable, "-m", "installation", "run", "--headless", "--midi", "none"]
        command += ["--home", folder]
        command += ["--seconds", str(seconds), "--stats", str(stats), "--osc-port", str(port)]
        command += [each for source in sources for each in ("--source", source)]
        command += ["--weights-dir", str(weights)] if weights else []
        show = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began, looked = time.monotonic(), 0.0
        while show.poll() is None:
            sending.sendto(packet(*hands.turn()), (HOST, port))
            time.sleep(1 / RATE)
            now = time.monotonic() - began
            if stats.exists() and now - looked > LOOK:
                looked = now
                figures = json.loads(stats.read_text())
                yield now, figures, resident(figures["pids"]["dream"])
        figures = json.loads(stats.read_text())
        yield time.monotonic() - began, figures, 0.0


def slope(memory: Sequence[tuple[float, float]]) -> float:
    """MiB a minute, of (seconds, MiB) pairs once all is warm; 0 for too few."""
    warm = [(at, size) for at, size in memory if at > WARM and size]
    if len(warm) < 3:
        return 0.0
    seconds, sizes = np.array(warm).T
    return float(60 * np.polyfit(seconds, sizes, 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--source", action="append", default=[])
    parser.add_argument("--weights-dir", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    memory = []
    for at, figures, size in played(
        options.seconds, options.source or ["drift"], options.weights_dir, options.seed
    ):
        memory.append((at, size))
        interval = figures["present_interval_ms"]
        print(
            f"{at:5.0f} s  traces {figures['traces']}  compiled {figures['compiled']}"
            f"  {figures['network']} {figures['canvas']}  {figures['dream_fps']:.0f} dreamed"
            f" {figures['present_fps']:.0f} presented  longest {interval['max']:.0f} ms"
            f" p99 {interval['p99']:.0f}  {size:.0f} MiB"
            f"  restarts {sum(figures['restarts'].values())}",
            flush=True,
        )
    print(f"memory of the dreamer, from {WARM:.0f} s on: {slope(memory):+.1f} MiB a minute")


if __name__ == "__main__":
    main()
