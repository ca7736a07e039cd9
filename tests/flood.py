"""Floods a show with OSC and asks it afterwards where everything stands.

    python tests/flood.py --rate 5000 --seconds 60

prints what was counted each ten seconds, at the end the parameters that do not stand where the last
message for them said, and the control player's memory before and after.
"""

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.parameters import Parameter, Trigger
from installation.settings import UNMODULATED, table
from mappings.osc.packets import bundles, packet

SPARED = ("/scene/", "/cue/", "/take/", "/master/", "/modulator/", "/source/")
HOST = "127.0.0.1"
BATCH_SECONDS = 0.005
READY_SECONDS = 120.0
ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Flood:
    """What came of it. ``wrong``: the addresses that stand elsewhere. ``longest``: of the
    presented intervals, milliseconds. ``memory``: of the control player, MiB, before and after."""

    sent: int
    wrong: tuple[str, ...]
    longest: float
    memory: tuple[float, float]


def flooded(parameters: list[Parameter]) -> list[Parameter]:
    """Those whose last value is where they stand: nothing else moves them, or compiles for them."""
    return [
        each
        for each in parameters
        if not isinstance(each.kind, Trigger)
        and not each.address.startswith(SPARED)
        and not each.address.endswith(UNMODULATED)
    ]


def flood(rate: float, seconds: float, source: str) -> Flood:
    with playing(source) as (port, stats), socket.socket(type=socket.SOCK_DGRAM) as sending:
        sending.connect((HOST, port))
        before = figures(stats)
        control = before["pids"]["control"]
        memory = resident(control)
        last, sent = _poured(sending, rate, seconds, stats)
        time.sleep(1.5)  # the figures are written each second
        wrong = [address for address in last if not _stands(port, address, last[address])]
        after = figures(stats)["present_interval_ms"]["max"]
        return Flood(sent, tuple(wrong), after, (memory, resident(control)))


def _poured(
    sending: socket.socket, rate: float, seconds: float, stats: Path
) -> tuple[dict[str, float], int]:
    """The last value sent to each address, and how many messages there were."""
    chance, parameters = random.Random(0), flooded(list(table()))
    last: dict[str, float] = {}
    sent, began, told = 0, time.monotonic(), 0.0
    while (passed := time.monotonic() - began) < seconds:
        while sent < rate * passed:
            parameter = chance.choice(parameters)
            value = parameter.kind.at(chance.random())
            sending.send(packet(parameter.address, value))
            last[parameter.address] = parameter.value(value)
            sent += 1
        if passed - told > 10:
            told = passed
            now = figures(stats)
            print(f"{passed:4.0f} s  {sent} sent  {now['osc']['received']} received", flush=True)
        time.sleep(BATCH_SECONDS)
    for address, value in last.items():  # what the socket's buffer lost is sent again at last
        sending.send(packet(address, value))
    return last, sent


def _stands(port: int, address: str, value: float) -> bool:
    """Asked by a client of its own, that was told nothing before."""
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.settimeout(ANSWER_SECONDS)
        asking.sendto(packet(address, "?"), (HOST, port))
        ((message,),) = (bundle.messages for bundle in bundles(asking.recv(65536)))
    (heard,) = message.arguments
    return abs(table()[address].value(heard) - value) <= 1e-5 * max(1.0, abs(value))


@contextmanager
def playing(source: str) -> Iterator[tuple[int, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats.json"
        port = free_port()
        command = [sys.executable, "-m", "installation", "run", "--headless", "--midi", "none"]
        command += ["--source", source, "--stats", str(stats), "--osc-port", str(port)]
        command += ["--home", folder]
        show = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + READY_SECONDS
            while not (stats.exists() and figures(stats)["dreamed"]):
                if show.poll() is not None or time.monotonic() > end:
                    raise OSError("expected a show that dreams, received none")
                time.sleep(0.5)
            yield port, stats
        finally:
            show.terminate()
            show.wait()


def figures(stats: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stats.read_text())
    return found


def resident(process: int) -> float:
    """MiB (Linux); 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(each.split()[1]) for each in lines if each.startswith("VmRSS")), 0.0) / 1024


def free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=5000.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--source", default="drift")
    options = parser.parse_args()
    print(flood(options.rate, options.seconds, options.source))


if __name__ == "__main__":
    main()
