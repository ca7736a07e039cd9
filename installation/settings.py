"""What a performer turns outside the dream, and the table of everything there is to turn."""

from dataclasses import dataclass

from engine.dream import STRIPS, Dream, Strip
from engine.parameters import Group, Table, choice, number, ratio, switch, trigger, whole

SYMMETRIES = ("none", "dihedral")


@dataclass(frozen=True, slots=True)
class Scope:
    """The kaleidoscope. ``angle`` and ``source_angle`` include what their spins have turned."""

    symmetry: str = choice("dihedral", SYMMETRIES, "How the dream is mirrored.")
    folds: int = whole(6, 1, 24, "Mirror pairs round the centre.", unit="folds")
    angle: float = number(0.0, -180.0, 180.0, "Turns the whole figure.", unit="degrees")
    spin: float = number(
        4.0, -180.0, 180.0, "How fast it turns.", curve=3.0, unit="degrees/s", moves="angle"
    )
    zoom: float = ratio(1.0, 0.25, 4.0, "Enlarges the whole figure.")
    centre_x: float = number(0.0, -1.0, 1.0, "Where its centre is; 1 is half the diagonal.")
    centre_y: float = number(0.0, -1.0, 1.0, "Where its centre is, downwards.")
    source_angle: float = number(
        0.0, -180.0, 180.0, "Turns the source under the mirrors.", unit="degrees"
    )
    source_spin: float = number(
        0.0,
        -180.0,
        180.0,
        "How fast the source turns under the mirrors.",
        curve=3.0,
        unit="degrees/s",
        moves="source_angle",
    )
    source_zoom: float = ratio(1.0, 0.25, 4.0, "Enlarges the source under the mirrors.")
    source_x: float = number(
        0.0, -1.0, 1.0, "Moves the mirrors over the source; 1 is half its height."
    )
    source_y: float = number(0.0, -1.0, 1.0, "Moves the mirrors over the source, downwards.")


@dataclass(frozen=True, slots=True)
class Colour:
    hue: float = number(0.0, -180.0, 180.0, "Turns every hue.", unit="degrees")
    saturation: float = number(1.0, 0.0, 3.0, "0 grey, 1 as it is.")
    contrast: float = number(1.0, 0.0, 3.0, "Round the middle grey.")
    brightness: float = number(0.0, -1.0, 1.0, "Added to every colour.")
    gamma: float = ratio(1.0, 0.25, 4.0, "Above 1 lightens the middle tones.")
    invert: bool = switch("The negative.")


@dataclass(frozen=True, slots=True)
class Source:
    select: int = whole(1, 1, 8, "Which of the sources given at the start, in their order.")
    mirror: bool = switch("The source left for right, as a mirror shows it.")


@dataclass(frozen=True, slots=True)
class Master:
    fade: float = number(1.0, 0.0, 1.0, "The light of the whole picture.")
    blackout: bool = switch("Fades to black; taken back, to the light there was.")
    freeze: bool = switch("Holds the picture on the display.")
    panic: int = trigger("Everything back to where the show started.")


def table() -> Table:
    """Every parameter of the show. Strips 4 and 5 are open at the start."""
    open_at_start = {4: {"gain": 0.5}, 5: {"gain": 1.0}}
    strips = [
        Group(f"/strip/{strip}", Strip, open_at_start.get(strip, {}))
        for strip in range(1, STRIPS + 1)
    ]
    return Table(
        [
            Group("/dream", Dream),
            *strips,
            Group("/scope", Scope),
            Group("/colour", Colour),
            Group("/source", Source),
            Group("/master", Master),
        ]
    )
