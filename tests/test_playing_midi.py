"""Real bytes, by JACK, into the control player, and into ``kaleidream learn``."""

import json
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from jack import LIMIT, PUSH, ROOT, Jack, Started, until

from installation.settings import table
from mappings.files.loading import load_mapping
from mappings.osc.endpoint import listening_socket
from mappings.osc.packets import packet

pytestmark = pytest.mark.e2e

TABLE = table()
GAIN, ZOOM, FADE, FOLDS = "/strip/1/gain", "/scope/zoom", "/master/fade", "/scope/folds"
VIRTUAL = "Kaleidream:Kaleidream"
ELSEWHERE = "no such port"  # only the port for other software is heard

# The control player alone. Says, as a line of JSON, what has changed: parameters, figures.
PLAYER = """
import asyncio, json, signal, sys, threading
from pathlib import Path
from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, wired
from installation.player import Pulse, read_pulse
from installation.settings import table

home, port, wanted = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] or None
parameters = table()
wires = wired(parameters)
Bank(parameters, wires.bank).start(parameters.defaults)
plan = Plan(parameters.defaults, osc_port=port, midi=wanted, home=home)

async def play():
    stopping, told = threading.Event(), {}
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    pulse = Pulse(wires.pulses["control"])
    playing = asyncio.create_task(listen(plan, wires, stopping, pulse))
    bank = Bank(parameters, wires.bank)
    while not playing.done():
        await asyncio.sleep(0.02)
        moment = bank.read()
        values = {each.address: moment[each.address] for each in parameters}
        values |= read_pulse(wires.pulses["control"]).get("midi", {})
        changed = {name: value for name, value in values.items() if told.get(name) != value}
        told |= changed
        if changed:
            print(json.dumps(changed), flush=True)
    playing.result()

with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
    runner.run(play())
wires.unlink()
"""

# Sends each line of its input, a message in hexadecimal digits, so many seconds after the last.
SENDER = """
import sys, time
from collections import deque
import jack

client = jack.Client(sys.argv[1])
out = client.midi_outports.register("out")
waiting = deque()

@client.set_process_callback
def process(frames):
    out.clear_buffer()
    while waiting:
        out.write_midi_event(0, waiting.popleft())

with client:
    if sys.argv[2]:
        client.connect(out, sys.argv[2])
        time.sleep(0.3)  # until the server has connected them
    for line in sys.stdin:
        waiting.append(bytes.fromhex(line))
        time.sleep(float(sys.argv[3]))
    while waiting:
        time.sleep(0.02)
    time.sleep(0.2 + float(sys.argv[4]))
"""

Message = tuple[int, ...]


def cc(number: int, *values: int) -> list[Message]:
    return [(0xB0, number, value) for value in values]


class Show:
    """The control player, as it says itself."""

    def __init__(self, program: Started, port: int) -> None:
        self.program = program
        self._port = port

    def now(self) -> dict[str, object]:
        """The newest of everything it has told."""
        newest: dict[str, object] = {}
        for line in self.program.lines:
            if line.startswith("{") and line.endswith("}"):
                newest |= json.loads(line)
        return newest

    def until(self, so: Callable[[dict[str, object]], bool]) -> dict[str, object]:
        until(lambda: so(self.now()), self.program)
        return self.now()

    def reaches(self, address: str, value: float) -> None:
        self.until(lambda now: now.get(address) == pytest.approx(value, abs=1e-6))

    def told(self, address: str) -> list[float]:
        lines = [json.loads(line) for line in self.program.lines if line.startswith("{")]
        return [line[address] for line in lines if address in line]

    def ask(self, address: str, *arguments: str | float) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(packet(address, *arguments), ("127.0.0.1", self._port))


@contextmanager
def playing(jack: Jack, home: Path, wanted: str = "") -> Iterator[Show]:
    with listening_socket(0) as free:
        port = free.getsockname()[1]
    with jack.started(sys.executable, "-c", PLAYER, str(home), str(port), wanted) as program:
        show = Show(program, port)
        show.until(lambda now: "ports" in now)
        yield show


@contextmanager
def sending(
    jack: Jack,
    messages: Sequence[Message],
    name: str = "Bytes",
    to: str = VIRTUAL,
    gap: float = 0.01,
    stays: float = 0.0,
) -> Iterator[None]:
    """While the sender is there; at the end all is sent."""
    pytest.importorskip("jack", reason="no JACK-Client")
    lines = "".join(bytes(message).hex() + "\n" for message in messages)
    command = [sys.executable, "-c", SENDER, name, to, str(gap), str(stays)]
    process = subprocess.Popen(
        command, env=jack.environment, stdin=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdin
        process.stdin.write(lines)
        process.stdin.close()
        yield
        assert process.wait(LIMIT) == 0
    finally:
        process.kill()
        process.wait()


def send(jack: Jack, *parts: Sequence[Message], gap: float = 0.01) -> None:
    with sending(jack, [message for part in parts for message in part], gap=gap):
        pass


def test_a_fader_pushed_by_csound_picks_its_parameter_up(jack: Jack, tmp_path: Path) -> None:
    with playing(jack, tmp_path, ELSEWHERE) as show:
        assert jack.plays(PUSH)  # CC 20 is the first strip's gain; 0 is where it stands
        show.reaches(GAIN, 1.0)
    places = show.told(GAIN)
    assert places == sorted(places)
    assert len(places) > 5, "it glides"


def test_a_fader_that_stands_elsewhere_waits_until_it_is_crossed(
    jack: Jack, tmp_path: Path
) -> None:
    with playing(jack, tmp_path, ELSEWHERE) as show:
        show.reaches(ZOOM, 1.0)  # in the middle of its travel; CC 74 turns it
        send(jack, cc(74, 10, 20, 30))
        now = show.until(lambda now: bool(now["waiting"]))
        assert now[ZOOM] == 1.0
        (waiting,) = now["waiting"]  # type: ignore[misc]
        assert waiting == {"address": ZOOM, "position": 0.5, "control": 30 / 127}
        send(jack, cc(74, 127))
        show.reaches(ZOOM, 4.0)
        show.until(lambda now: not now["waiting"])


FINE = """
name = "fine"
ports = ["Kaleidream"]
[[control]]
cc = 1
bits = 14
to = "/master/fade"
takeover = "jump"
[[control]]
nrpn = 130
to = "/scope/zoom"
takeover = "jump"
[[control]]
cc = 16
to = "/scope/folds"
coding = "twos complement"
"""


def test_pairs_nrpns_and_endless_knobs_arrive_byte_by_byte(jack: Jack, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "fine.toml").write_text(FINE)
    with playing(jack, tmp_path, ELSEWHERE) as show:
        send(jack, cc(1, 64), cc(33, 3), gap=0.0)
        show.reaches(FADE, 8195 / 16383)
        send(jack, cc(99, 1), cc(98, 2), cc(6, 0), cc(38, 0), gap=0.0)
        show.reaches(ZOOM, 0.25)
        send(jack, cc(16, *[1] * 10, *[127] * 3), gap=0.0)
        show.reaches(FOLDS, 13)


def test_a_control_of_a_real_port_is_learnt_and_plays_at_once(jack: Jack, tmp_path: Path) -> None:
    moves = cc(90, *range(64, 128, 3), 127, *range(126, -1, -3), 0)
    with playing(jack, tmp_path) as show:
        show.ask("/learn", ZOOM)
        show.until(lambda now: now["learn"]["address"] == ZOOM)  # type: ignore[index]
        with sending(jack, cc(0, 0) * 120 + moves, "Deck", to="", gap=0.02, stays=3):
            show.reaches(ZOOM, 0.25)
        assert "CC 90 (channel 1) of Deck:out turns" in show.now()["learn"]["said"]  # type: ignore[index]
    mapping = load_mapping(tmp_path / "mappings" / "deck-out.toml", TABLE)
    assert mapping.ports == ("Deck:out",)
    assert [str(row) for row in mapping.rows] == [f"CC 90 (channel 1): {ZOOM}"]


def learning(tmp_path: Path, *more: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "installation", "learn", ZOOM, "--home", str(tmp_path), *more)


def test_the_command_learns_from_a_real_port_and_forgets(jack: Jack, tmp_path: Path) -> None:
    with jack.started(*learning(tmp_path)) as command:
        until(lambda: any(ZOOM in line for line in command.lines), command)
        with sending(jack, cc(90, *[0] * 100, *range(128)), "Deck", to="", gap=0.02):
            assert command.process.wait(LIMIT) == 0
    path = tmp_path / "mappings" / "deck-out.toml"
    assert command.lines[-1] == f"written to {path}"
    assert sum("move a control" in line for line in command.lines) == 1
    assert load_mapping(path, TABLE).rows[0].action.address == ZOOM
    assert jack.succeeds(*learning(tmp_path, "--forget"))
    assert load_mapping(path, TABLE).rows == ()
    assert not jack.succeeds(*learning(tmp_path, "--forget"))


def test_escape_ends_the_command_and_leaves_the_terminal_as_it_was(
    jack: Jack, tmp_path: Path
) -> None:
    ours, its = pty.openpty()
    process = subprocess.Popen(
        learning(tmp_path), env=jack.environment, cwd=ROOT, stdin=its, stdout=subprocess.PIPE
    )
    assert process.stdout
    while b"move a control" not in process.stdout.readline():
        assert process.poll() is None
    os.write(ours, b"\x1b")
    assert process.wait(LIMIT) == 1
    assert b"nothing learnt" in process.stdout.read()
    process.stdout.close()
    os.close(its)
    os.close(ours)
    assert not (tmp_path / "mappings").exists()
