"""The figures of a show, as ``--stats`` writes them."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Figures = Mapping[str, Any]

# before anything has happened
NO_AGES: Figures = {"p50": 0.0, "p95": 0.0, "p99": 0.0}
NO_INTERVALS: Figures = {**NO_AGES, "max": 0.0}
NO_STEPS: Figures = {"p50": 0.0, "p95": 0.0}
NO_OSC: Figures = {"received": 0, "refused": 0, "unknown": 0, "last_unknown": "", "clients": []}
NO_MIDI: Figures = {"received": 0, "ports": []}
PAGE = (
    "browsers",
    "pictures",
    "dropped",
    "turned",
    "refused",
    "turned_away",
    "hung_up",
    "malformed",
)


def composed(
    seconds: float,
    pulses: Mapping[str, Figures],
    restarts: Mapping[str, int],
    errors: Sequence[str],
) -> dict[str, Any]:
    """``pulses``: the newest figures of each player, empty where it has not beaten yet.

    Rates are means over the last ten seconds, percentiles are over the player's life; both are 0
    before anything has happened.
    ``frame_age_ms``: from capture to the first time that picture, dreamed, is presented.
    ``capture_stale``: times that a source gave nothing for over a second. ``step_ms``: a whole
    dreamed frame, all its octaves and steps. ``dream_late``: dreamed frames that took over twice
    the median. ``present_missed``: intervals over one and a
    half times the display's. ``dropped``: captured frames that were never dreamed on. ``traces``:
    compilations that stood in the loop's way since the first dreamed frame (0 by construction, as
    long as steps are compiled once and then only called); ``compiled``: those beside it.
    ``reseeded``: dreams that were not finite and began anew. ``recorded``: pictures that the
    recorder took for its films; ``record_missed``: those that it came too late for. ``page``:
    browsers that have it open, pictures sent to them and ``dropped`` for them, what they turned,
    and what was ``refused``; connections ``turned_away`` because there were too many, those
    ``hung_up`` on because they took too long, and requests that were ``malformed``.
    """
    capture, dream, stage = pulses["capture"], pulses["dream"], pulses["stage"]
    control, record = pulses["control"], pulses["record"]
    failures = [error for pulse in pulses.values() for error in pulse.get("errors", ())]
    return {
        "seconds": seconds,
        "captured": capture.get("captured", 0),
        "dreamed": dream.get("dreamed", 0),
        "presented": stage.get("presented", 0),
        "capture_fps": capture.get("fps", 0.0),
        "dream_fps": dream.get("fps", 0.0),
        "present_fps": stage.get("fps", 0.0),
        "capture_stale": capture.get("stale", 0),
        "dream_late": dream.get("late", 0),
        "present_missed": stage.get("missed", 0),
        "dropped": dream.get("dropped", 0),
        "frame_age_ms": {**NO_AGES, **stage.get("frame_age_ms", {})},
        "present_interval_ms": {**NO_INTERVALS, **stage.get("interval_ms", {})},
        "step_ms": {**NO_STEPS, **dream.get("step_ms", {})},
        "traces": dream.get("traces", 0),
        "compiled": dream.get("compiled", 0),
        "reseeded": dream.get("reseeded", 0),
        "recorded": record.get("recorded", 0),
        "record_missed": record.get("missed", 0),
        "network": dream.get("network", ""),
        "backend": dream.get("backend", ""),
        "precision": dream.get("precision", ""),
        "cuts": dream.get("cuts", 0),
        "canvas": dream.get("canvas", []),
        "source": capture.get("source", ""),
        "painter": stage.get("painter", ""),
        "display": stage.get("display", []),
        "restarts": dict(restarts),
        "osc": {**NO_OSC, **control.get("osc", {})},
        "midi": {**NO_MIDI, **control.get("midi", {})},
        "page": {name: pulses["web"].get(name, 0) for name in PAGE},
        "errors": [*errors, *failures][-10:],
    }


def written(path: Path, figures: Figures) -> None:
    """Atomically: a reader finds the old file or the new one, whole."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(json.dumps(figures, indent=2) + "\n")
    os.replace(beside, path)
