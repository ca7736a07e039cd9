"""What a performer turns outside the dream, and the table of everything there is to turn."""

from dataclasses import dataclass

from engine.dream import STRIPS, Dream, Strip
from engine.parameters import (
    Group,
    Table,
    Trigger,
    choice,
    name,
    number,
    ratio,
    switch,
    trigger,
    whole,
)

SYMMETRIES = ("none", "dihedral")
CLOCKS = ("own", "midi", "link")
MOST_SCENES = 128  # as many as MIDI has programs
MOST_CUES = 128
GRIDS = ("off", "beat", "bar")
MODULATORS = 8
SHAPES = (
    "sine",
    "triangle",
    "saw",
    "square",
    "random",  # from one place to another, each wave
    "held",  # a new place for each wave
    "level",  # how loud the sound is: all of it, its lows, middles and highs
    "low",
    "middle",
    "high",
    "onset",
)
TIMINGS = ("seconds", "beats")
# beats a wave: lengths that music has, as no fader finds 4 among all there are between 1/8 and 64
WAVES = (
    *("1/8", "1/6", "1/4", "1/3", "1/2", "2/3", "3/4", "1", "4/3", "3/2"),
    *("2", "3", "4", "6", "8", "12", "16", "24", "32", "48", "64"),
)
# What needs compiling, or says what the machine can do, is not to be moved many times a second; the
# tempo moves the others; and black stays black
UNMODULATED = (
    *("/network", "/layer", "/size", "/target_fps", "/fix_steps", "/fix_size"),
    *("/tempo", "/clock", "/send_clock", "/blackout"),
)


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
    tempo: float = number(120.0, 20.0, 300.0, "Of the music.", unit="beats/min")
    tap: int = trigger("A beat: a few of them give the tempo.")
    downbeat: int = trigger("A bar begins now.")
    clock: str = choice("own", CLOCKS, "Who gives the tempo.")
    send_clock: bool = switch("MIDI clock to every controller that is there.")


def _seen() -> list[Group]:
    """What is looked at. Strips 4 and 5 are open at the start."""
    open_at_start = {4: {"gain": 0.5}, 5: {"gain": 1.0}}
    strips = [
        Group(f"/strip/{strip}", Strip, open_at_start.get(strip, {}))
        for strip in range(1, STRIPS + 1)
    ]
    return [
        Group("/dream", Dream),
        *strips,
        Group("/scope", Scope),
        Group("/colour", Colour),
        Group("/source", Source),
        Group("/master", Master),
    ]


MODULATED = tuple(
    parameter.address
    for parameter in Table(_seen())
    if not isinstance(parameter.kind, Trigger) and not parameter.address.endswith(UNMODULATED)
)


@dataclass(frozen=True, slots=True)
class Scenes:
    recall: int = whole(
        0,
        0,
        MOST_SCENES,
        "The scene that was recalled; 0: none yet. Turned, recalls another.",
        none=0,
    )
    next: int = trigger("Recalls the scene after the last one.")
    previous: int = trigger("Recalls the scene before the last one.")
    store: int = trigger("Keeps the look there is as a new scene.")
    morph_seconds: float = number(
        2.0, 0.0, 60.0, "How long a scene takes to become the next.", curve=3.0, unit="s"
    )
    quantise: str = choice("off", GRIDS, "What a recalled scene waits for.")


@dataclass(frozen=True, slots=True)
class Cues:
    """The list of scenes that a show goes through."""

    at: int = whole(
        0,
        0,
        MOST_CUES,
        "The cue that is played; 0 before the first. Turned, plays another.",
        none=0,
    )
    go: int = trigger("On to the next cue.")
    back: int = trigger("Back to the cue before.")
    advance: bool = switch("Each cue goes on to the next by itself, after its time.")
    loop: bool = switch("After the last cue comes the first.")


@dataclass(frozen=True, slots=True)
class Modulator:
    """Moves a parameter about where its knob stands."""

    target: str = name(MODULATED, "The parameter that is moved.")
    shape: str = choice("sine", SHAPES, "The wave, or the sound, that moves it.")
    depth: float = number(
        0.0,
        -1.0,
        1.0,
        "How far: 1 is half the knob's travel, by a wave to each side, by a sound upwards.",
    )
    timing: str = choice(
        "seconds", TIMINGS, "Whether a wave keeps the clock's time or the music's."
    )
    rate: float = ratio(0.25, 0.01, 20.0, "Waves a second.", unit="Hz")
    beats: str = choice("4", WAVES, "How many beats a wave takes.")
    phase: float = number(0.0, 0.0, 1.0, "Where a wave starts.", unit="waves")
    mute: bool = switch("Holds it still.")


@dataclass(frozen=True, slots=True)
class Sound:
    """What is heard."""

    gain: float = ratio(1.0, 0.1, 10.0, "Of the input, for what moves with the sound.")
    release: float = ratio(0.3, 0.02, 4.0, "How long a level takes to fall to a tenth.", unit="s")
    threshold: float = number(0.5, 0.0, 1.0, "How much louder than before an onset is.")


@dataclass(frozen=True, slots=True)
class Takes:
    record: bool = switch("Keeps everything that moves, with its time, as a take.")
    play: bool = switch("Plays the last take, or the one that was chosen.")


def table() -> Table:
    """Every parameter of the show."""
    modulators = [Group(f"/modulator/{each}", Modulator) for each in range(1, MODULATORS + 1)]
    return Table(
        [
            *_seen(),
            *modulators,
            Group("/sound", Sound),
            Group("/scene", Scenes),
            Group("/cue", Cues),
            Group("/take", Takes),
        ]
    )
