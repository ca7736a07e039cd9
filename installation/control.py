"""The control player: hears OSC, MIDI and the stage's keys, writes the bank, tells back."""

import asyncio
import logging
import sys
import threading
import time
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Protocol

from engine.bank import Bank
from installation.backstage import Backstage
from installation.controllers import Controllers
from installation.desk import Desk
from installation.hearing import Keys, Osc
from installation.keeping import Scribe
from installation.music.link import LinkSession
from installation.music.modulators import Modulators
from installation.music.sound import Listener, input_named
from installation.music.tempo import Tempo
from installation.plan import Plan, Wires
from installation.player import Pulse, play, read_pulse
from installation.scenes.cues import Cues
from installation.scenes.recalling import Recall
from installation.scenes.shelf import Shelf
from installation.scenes.snapshot import Photographer
from installation.settings import table
from installation.takes.takes import Takes
from mappings.osc.requests import Office

TICK_SECONDS = 1 / 60
SWITCH_SECONDS = 0.0005  # so long a thread waits for the loop: after 5 ms a MIDI clock shakes

log = logging.getLogger("control")


def control(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        # on every system: the loop that Windows would take cannot watch sockets
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(listen(plan, wires, stopping, pulse))

    play("control", lifeline, wires.pulses["control"], loop)


class Part(Protocol):
    """What the control player is made of."""

    def tick(self, now: float) -> None:
        """Called ``TICK_SECONDS`` apart, at ``time.monotonic()`` seconds; must not block."""

    def figures(self) -> dict[str, Any]: ...

    def close(self) -> None: ...


async def listen(plan: Plan, wires: Wires, stopping: threading.Event, pulse: Pulse) -> None:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    loop.set_exception_handler(partial(_fail, failed))
    parameters = table()
    desk = Desk(parameters, Bank(parameters, wires.bank), plan.start, loop.call_soon)
    files = Scribe(pulse)
    backstage = Backstage(plan.home, parameters, desk, Office(), files.do, pulse)
    shelf = Shelf(plan.home, parameters, files.do)
    midi = Controllers(plan, backstage, loop)
    tempo = Tempo(parameters, desk, midi.pulses, LinkSession, midi.sender, pulse)
    sound = Listener(desk, pulse, input_named(plan.sound))
    parts: dict[str, Part] = {
        "files": files,  # the first to begin is the last to end
        "tempo": tempo,
        "keys": Keys(wires.keys, backstage, loop),
        "osc": Osc(plan, backstage, loop, lambda: shelf.names),
        "midi": midi,
        "sound": sound,
        **_kept_parts(plan, wires, backstage, shelf, tempo),
        "modulators": Modulators(parameters, desk, tempo, sound),
    }

    def figures() -> dict[str, Any]:
        return {name: part.figures() for name, part in parts.items()}

    try:
        while not stopping.is_set():
            await asyncio.wait((failed,), timeout=TICK_SECONDS)
            if failed.done():
                failed.result()
            now = time.monotonic()
            for part in parts.values():
                part.tick(now)
            pulse.beat(figures)
    finally:  # ports and JACK's clients are given back also where a part has failed
        for part in reversed(parts.values()):
            part.close()
    pulse.beat_now(figures())


def _kept_parts(
    plan: Plan, wires: Wires, backstage: Backstage, shelf: Shelf, tempo: Tempo
) -> dict[str, Part]:
    """What has files of the user's."""
    photographer = Photographer(wires, shelf.picture, shelf.hang, backstage.do)
    recall = Recall(backstage, shelf, tempo, photographer, plan.scene)
    capture = wires.pulses["capture"]

    def source() -> str:
        return str(read_pulse(capture).get("source", ""))

    return {
        "scenes": recall,
        "cues": Cues(backstage, shelf, recall, tempo),
        "takes": Takes(backstage, recall, source, plan.take),
    }


def _fail(
    failed: "asyncio.Future[None]", loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """What escapes a callback ends the player, as what escapes its loop does."""
    if not failed.done():
        failed.set_exception(context.get("exception") or RuntimeError(context["message"]))
