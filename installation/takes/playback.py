"""Plays a take, as a hand would that does everything again at its time."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from installation.backstage import Backstage
from installation.desk import PANIC
from installation.scenes.recalling import SECONDS, Recall
from installation.scenes.scenery import MACHINE
from installation.takes.reel import Line, Opening, Reel
from installation.takes.taping import MORPH
from mappings.mapping import Turn

PLAY = "/take/play"
# What a take holds but does not do again: it would write over scenes, go on in the cue list beside
# the recalls that came of it, make a slow machine dream as large as a fast one
LEFT = ("/scene/", "/cue/", "/take/", *MACHINE)

log = logging.getLogger("control")


class Playback:
    """Whoever turns last wins: a hand, or the take when it comes to the same knob again. What is
    locked it leaves alone."""

    def __init__(self, backstage: Backstage, recall: Recall) -> None:
        self._parameters, self._desk = backstage.parameters, backstage.desk
        self._recall, self._pulse = recall, backstage.pulse
        self._reel: Reel | None = None
        self._began: float | None = None
        self._turning = False
        self._desk.act(PANIC, lambda times: self._go_on())

    @property
    def name(self) -> str:
        """Of the take that is played; empty for none."""
        return self._reel.path.stem if self._reel else ""

    def begin(self, path: Path) -> None:
        self._reel, self._began = Reel(path), None
        log.info("take %s: playing", path.stem)

    def tick(self, now: float) -> None:
        """By where the switch stands, however it came there."""
        if self._reel and self._desk.values[PLAY] < 0.5:
            self.close()
        elif self._reel:
            self._play(self._reel, now)

    def close(self) -> None:
        if self._reel:
            self._reel.close()
            self._reel = None

    def refuse(self, sentence: str) -> None:
        """Says why nothing more is played."""
        log.error("%s", sentence)
        self._pulse.failed(sentence)
        self._stop()

    def _stop(self) -> None:
        self.close()
        self._desk.put({PLAY: 0.0})

    def _play(self, reel: Reel, now: float) -> None:
        lines = reel.due(-1.0 if self._began is None else now - self._began)
        if self._began is None and reel.opening:
            self._began = now
            self._open(reel.opening)
            lines = reel.due(0.0)
        self._turn(lines)
        if reel.over and reel.wrong:
            self.refuse(f"take: {reel.wrong}")
        elif reel.over:
            self._stop()

    def _open(self, opening: Opening) -> None:
        values = dict(self._understood(opening["values"]))
        self._recall.stand(str(opening.get("scene", "")))
        self._desk.put(values)
        for moved, turned in opening["turned"].items():
            if moved in self._parameters.rates and self._done_again(moved):
                self._desk.put({moved: self._desk.values[moved]}, turning={moved: turned})

    def _turn(self, lines: Sequence[Line]) -> None:
        turns: list[Turn] = []
        for line in lines:
            match line.arguments:
                case (str(name), seconds, dict(values)) if line.address == MORPH:
                    self._settle(turns)
                    turns = []
                    self._morph(name, seconds, values)
                case (float() | int() | str() as amount,) if self._done_again(line.address):
                    turns.append(Turn(line.address, amount))
        self._settle(turns)

    def _morph(self, name: str, seconds: object, values: Mapping[str, object]) -> None:
        try:
            lasting = self._parameters[SECONDS].value(seconds)
        except (TypeError, ValueError) as error:
            log.warning("take: %s", error)
        else:
            self._recall.morph(name, lasting, dict(self._understood(values)))

    def _settle(self, turns: Sequence[Turn]) -> None:
        self._desk.settle()  # hands first: what they panic about is not the take's panic
        self._turning = True
        self._desk.turn(turns, lambda error: log.warning("take: %s", error))
        self._desk.settle()
        self._turning = False

    def _understood(self, values: Mapping[str, object]) -> Iterator[tuple[str, float]]:
        """What another version knows, and this one does not, is left out."""
        for address, received in values.items():
            try:
                if address in self._desk.values and self._done_again(address):
                    yield address, self._parameters[address].value(received)
            except (TypeError, ValueError) as error:
                log.warning("take: %s", error)

    def _done_again(self, address: str) -> bool:
        left = address.startswith(LEFT) or address in self._recall.locked
        return address in self._parameters and not left

    def _go_on(self) -> None:
        """Through a panic of the take itself, which turns the switch off as everything else."""
        if self._turning:
            self._desk.put({PLAY: 1.0})
