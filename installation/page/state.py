"""What the page is told beside the values: how the players are, and what was made by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.frame import Slot
from installation.player import read_pulse
from installation.scenes.scenery import FOLDER
from installation.stats import NO_OSC, PAGE

PARTS = ("midi", "scenes", "cues", "tempo", "takes", "sound")  # the control player's
LOOK_SECONDS = 0.1

State = dict[str, Any]


class House:
    """The players' figures, looked at a few times a second."""

    def __init__(self, pulses: Mapping[str, Slot], home: Path) -> None:
        self._pulses = pulses
        self._home = home
        self._state: State = {}
        self._looked_at = -LOOK_SECONDS

    def state(self, now: float) -> State:
        """By part. A part that has not changed is the same object as before."""
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            newest = self._newest()
            same = {name for name, part in newest.items() if part == self._state.get(name)}
            self._state = {
                name: self._state[name] if name in same else part for name, part in newest.items()
            }
        return self._state

    def _newest(self) -> State:
        pulses = {name: read_pulse(slot) for name, slot in self._pulses.items()}
        parts = {name: pulses["control"][name] for name in PARTS if pulses["control"].get(name)}
        keys = pulses["control"].get("keys", {})
        # what pages or the stage's keys have asked for
        parts["refused"] = {"count": keys.get("refused", 0), "said": keys.get("last_refused", "")}
        if "scenes" in parts:
            dates = {name: self._date(name) for name in parts["scenes"].get("pictured", ())}
            parts["scenes"] = {**parts["scenes"], "pictured": dates}
        return {"health": health(pulses), **parts}

    def _date(self, scene: str) -> int:
        """When its picture was made, so that nobody looks at an older one; 0 where it is gone."""
        try:
            return self._file(scene).stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return 0

    def picture(self, scene: str) -> Path:
        """Of a scene that is in the list. Raises LookupError for another: what is no scene's name
        must not become the name of a file."""
        scenes = read_pulse(self._pulses["control"]).get("scenes", {})
        if scene not in scenes.get("pictured", ()):
            raise LookupError(f"no picture of a scene {scene!r}")
        return self._file(scene)

    def _file(self, scene: str) -> Path:
        own = self._home / "scenes" / f"{scene}.jpg"
        return own if own.exists() else FOLDER / own.name


def health(pulses: Mapping[str, Mapping[str, Any]]) -> State:
    """Rates are frames a second."""
    capture, dream, stage, control, show = (
        pulses[name] for name in ("capture", "dream", "stage", "control", "show")
    )
    return {
        "captured": capture.get("fps", 0.0),
        "dreamed": dream.get("fps", 0.0),
        "presented": stage.get("fps", 0.0),
        "missed": stage.get("missed", 0),
        "delay_ms": stage.get("frame_age_ms", {}).get("p95", 0.0),
        "step_ms": dream.get("step_ms", {}).get("p50", 0.0),
        "source": capture.get("source", ""),
        "network": dream.get("network", ""),
        "backend": dream.get("backend", ""),
        "precision": dream.get("precision", ""),
        "canvas": dream.get("canvas", []),
        "display": stage.get("display", []),
        "painter": stage.get("painter", ""),
        "osc": {**NO_OSC, **control.get("osc", {})},
        "page": {name: pulses["web"].get(name, 0) for name in PAGE},
        "restarts": show.get("restarts", {}),
        "errors": _errors(pulses),
    }


def _errors(pulses: Mapping[str, Mapping[str, Any]]) -> list[str]:
    told = [note for pulse in pulses.values() for note in pulse.get("notes", ())]
    return [*told, *(error for pulse in pulses.values() for error in pulse.get("errors", ()))][-10:]
