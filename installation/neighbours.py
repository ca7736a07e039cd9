"""Who has a port that we would have: perhaps a show that plays already."""

import os
import socket
from contextlib import suppress
from glob import iglob
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from installation.plan import LOOPBACK

SIGNATURE = "Kaleidream"  # with which a show answers by HTTP
ANSWER_SECONDS = 1.0
PROCESSES = Path("/proc")  # Linux's
LISTENING = {"tcp": "0A", "udp": "07"}
LONGEST = 80  # letters of a command
COMMANDS = ("bin/kaleidream", "-m installation")
SPAWNED = "multiprocessing"  # in the command of a player, which its parent has started


class Neighbour(NamedTuple):
    """``show``: whether it is one of ours. ``process``: 0 where this system does not tell."""

    show: bool
    process: int
    command: str

    def __str__(self) -> str:
        if self.show:
            return "a Kaleidream show" + f" (process {self.process})" * bool(self.process)
        return f"process {self.process} ({self.command[:LONGEST]})" if self.process else ""


def try_out(port: int, protocol: str) -> None:
    """Raises OSError where the show could not have ``port``."""
    if protocol == "tcp":  # as a server: past the connections of an earlier one
        socket.create_server((LOOPBACK, port)).close()
    else:
        with socket.socket(type=socket.SOCK_DGRAM) as listening:
            listening.bind((LOOPBACK, port))


def neighbour(port: int, protocol: str) -> Neighbour:
    """Whoever listens to ``port``. ``protocol``: ``tcp`` or ``udp``. Only where no holder is told
    does an answer count: a show without OSC answers on a port whose UDP another program has."""
    process = holder(port, protocol)
    command = _command(process)
    if SPAWNED in command:
        process = _parent(process)
        command = _command(process)
    ours = any(name in command for name in COMMANDS) if process else answers(port)
    return Neighbour(ours, process, command)


def answers(port: int) -> bool:
    """Whether a show does there: it serves its page by HTTP, and its tree on the port of OSC."""
    asking = HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
    try:
        asking.request("GET", "/?HOST_INFO")
        return asking.getresponse().getheader("Server") == SIGNATURE
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()


def holder(port: int, protocol: str) -> int:
    """The process, where this system tells and it is of the same user; else 0."""
    sockets = _sockets(port, protocol)
    for there in iglob(f"{PROCESSES}/[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):  # it ended meanwhile
            if os.readlink(there) in sockets:
                return int(there.split("/")[-3])
    return 0


def _sockets(port: int, protocol: str) -> set[str]:
    found = set()
    for table in (protocol, f"{protocol}6"):
        with suppress(OSError):
            for line in (PROCESSES / "net" / table).read_text().splitlines()[1:]:
                _, local, _, state, *others = line.split()
                if local.endswith(f":{port:04X}") and state == LISTENING[protocol]:
                    found.add(f"socket:[{others[5]}]")
    return found


def _command(process: int) -> str:
    with suppress(OSError):
        words = (PROCESSES / str(process) / "cmdline").read_bytes().split(b"\0")
        return b" ".join(words).decode(errors="replace").strip()
    return ""


def _parent(process: int) -> int:
    with suppress(OSError):
        for line in (PROCESSES / str(process) / "status").read_text().splitlines():
            if line.startswith("PPid:"):
                return int(line.split()[1])
    return 0
