"""MIDI without a sound card: a JACK server of our own, and programs that speak to it."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

JACK = ("jackd", "jack_lsp", "jack_connect", "jack_midiseq", "csound")
LIMIT = 20.0  # seconds for anything to happen on a loaded machine
FAREWELL = 5.0
ROOT = Path(__file__).parent.parent


# A knob turned once, then a button pressed and released.
SWEEP = """
<CsoundSynthesizer>
<CsInstruments>
sr = 48000
ksmps = 64
nchnls = 1
instr 1
  kvalue line 0, p3, 127
  outkc 1, 16, kvalue, 0, 127
endin
instr 2
  outic 1, 41, p4, 0, 127
endin
</CsInstruments>
<CsScore>
i 1 1 2
i 2 3.2 0.1 127
i 2 3.4 0.1 0
e 4
</CsScore>
</CsoundSynthesizer>
"""

# A fader pushed up from the bottom, and held there for a while.
PUSH = (
    SWEEP.replace("41, p4", "20, p4").split("<CsScore>")[0]
    + """<CsScore>
i 2 0.5 0.1 0
i 2 1.0 0.1 0
i 2 1.5 0.1 0
i 2 2.0 0.1 60
i 2 2.2 0.1 100
i 2 2.4 0.1 127
i 2 2.6 0.1 127
i 2 2.8 0.1 127
i 2 3.0 0.1 127
e 4
</CsScore>
</CsoundSynthesizer>
"""
)


@dataclass
class Started:
    """A program that runs, and what it has said so far."""

    process: subprocess.Popen[bytes]
    said: Path

    @property
    def lines(self) -> list[str]:
        return self.said.read_text("utf-8", "replace").splitlines()

    def says(self, *lines: str) -> bool:
        return all(line in self.lines for line in lines)


@dataclass
class Jack:
    """A JACK server of our own, without a sound card."""

    folder: Path
    environment: dict[str, str]

    @contextmanager
    def started(self, *command: str) -> Iterator[Started]:
        said = self.folder / f"{Path(command[0]).name}-{time.monotonic_ns()}.log"
        with said.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=file, stderr=subprocess.STDOUT
            )
        try:
            yield Started(process, said)
        finally:
            end(process)

    def plays(self, score: str) -> bool:
        """Has csound play ``score`` into the port that the show opens for other software."""
        file = self.folder / "score.csd"
        file.write_text(score, "utf-8")
        sound = ("-+rtaudio=jack", "-odac:null", "-d", "-m0", "-+rtmidi=jack")
        return self.succeeds("csound", *sound, "-QKaleidream:Kaleidream", str(file))

    def succeeds(self, *command: str) -> bool:
        with self.started(*command) as program:
            return program.process.wait(LIMIT) == 0


def end(process: subprocess.Popen[bytes]) -> None:
    """A client may wait for ever for another, or for a server, that has just gone."""
    process.terminate()
    try:
        process.communicate(timeout=FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=LIMIT)


def until(so: Callable[[], bool], program: Started) -> None:
    """Waits, but not for ever."""
    end = time.monotonic() + LIMIT
    while not so():
        assert time.monotonic() < end, program.lines
        time.sleep(0.02)
