"""A controller that is plugged into JACK, and the control player that hears it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jack import LIMIT, Jack, Started, end, until
from pythonosc.osc_message import OscMessage

from mappings.osc.packets import Argument, packet

# Says what it hears, with JACK's frame times, and sends the bytes that it reads. ``roll`` has the
# transport of JACK go.
DEVICE = """
import queue, signal, sys, threading
import jack

signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # a client that is torn away stalls the others
heard, saying = queue.Queue(), queue.Queue()
client = jack.Client(sys.argv[1])
inlet, outlet = client.midi_inports.register("in"), client.midi_outports.register("out")

@client.set_process_callback
def process(frames):
    for offset, data in inlet.incoming_midi_events():
        heard.put((client.last_frame_time + offset, bytes(data)))
    outlet.clear_buffer()
    while not saying.empty():
        outlet.write_midi_event(0, saying.get())

def read():
    for line in sys.stdin:
        if line == "roll\\n":
            client.transport_start()
        else:
            saying.put(bytes.fromhex(line))

threading.Thread(target=read, daemon=True).start()
with client:
    print("ready", flush=True)
    while True:
        at, data = heard.get()
        print(at, data.hex(" "), flush=True)
"""

# The control player alone. At its end it says what its figures were.
PLAYER = """
import asyncio, json, logging, signal, sys, threading
from pathlib import Path
from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, wired
from installation.player import Pulse, read_pulse
from installation.settings import table

logging.basicConfig(level=logging.INFO, format="%(message)s")
stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())
wires = wired(table())
Bank(table(), wires.bank).start(table().defaults)
plan = Plan(start=table().defaults, osc_port=int(sys.argv[1]), home=Path(sys.argv[2]))
try:
    asyncio.run(listen(plan, wires, stopping, Pulse(wires.pulses["control"])))
finally:
    print(json.dumps(read_pulse(wires.pulses["control"])), flush=True)
    wires.unlink()
"""


@dataclass
class Device:
    """``heard``: the bytes of each message, as words, with its time in frames of JACK."""

    program: Started
    typing: "subprocess.Popen[bytes]"

    @property
    def heard(self) -> list[tuple[int, str]]:
        whole = self.program.said.read_text("utf-8").rpartition("\n")[0].splitlines()
        parted = [line.partition(" ") for line in whole if line[:1].isdigit()]
        return [(int(at), message) for at, _, message in parted]

    @property
    def messages(self) -> list[str]:
        return [message for _, message in self.heard]

    def does(self, line: str) -> None:
        assert self.typing.stdin
        self.typing.stdin.write(line.encode() + b"\n")
        self.typing.stdin.flush()

    def hears(self, *messages: str) -> None:
        """Waits for each of them."""
        until(lambda: set(messages) <= set(self.messages), self.program)


@dataclass
class Player:
    program: Started
    port: int

    def turn(self, address: str, *arguments: Argument) -> None:
        """By OSC."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.sendto(packet(address, *arguments), ("127.0.0.1", self.port))

    def tempo(self) -> float:
        """Asked for by OSC."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(LIMIT)
            asking.sendto(packet("/master/tempo", "?"), ("127.0.0.1", self.port))
            while True:
                answer = OscMessage(asking.recv(65536))
                if answer.address == "/master/tempo":
                    return float(answer.params[0])


@contextmanager
def plugged(jack: Jack, name: str) -> Iterator[Device]:
    said = jack.folder / f"{name}-{len(list(jack.folder.iterdir()))}.log"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", DEVICE, name],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=jack.environment,
        )
    device = Device(Started(process, said), process)
    try:
        until(lambda: device.program.says("ready"), device.program)
        yield device
    finally:
        end(process)


@contextmanager
def playing(jack: Jack) -> Iterator[Player]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = (sys.executable, "-c", PLAYER, str(port), str(jack.folder / "home"))
    with jack.started(*command) as program:
        listening = f"OSC: listening to UDP 127.0.0.1:{port}"
        until(lambda: program.says(listening), program)
        yield Player(program, port)
