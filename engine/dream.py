"""What a performer turns on the dream."""

from dataclasses import dataclass

from engine.networks import NETWORKS
from engine.parameters import choice, number, ratio, switch, trigger, whole

STRIPS = 8
CHANNELS = 2048  # the widest layer of the networks we know
OBJECTIVES = ("balanced", "energy", "mean")


@dataclass(frozen=True, slots=True)
class Dream:
    amount: float = number(1.0, 0.0, 1.0, "How much is dreamed: 0 the camera, 1 the dream.")
    step_size: float = number(
        0.02,
        0.0,
        0.2,
        "How far one step goes, for a gradient of standard deviation 1.",
        curve=2.0,
        unit="image units",
    )
    steps: int = whole(1, 1, 8, "Steps for each octave of each frame.", unit="steps")
    octaves: int = whole(2, 1, 4, "Sizes at which each frame is dreamed on.", unit="octaves")
    octave_scale: float = ratio(1.4, 1.1, 2.0, "How much larger each octave is than the last.")
    jitter: int = whole(16, 0, 64, "How far a step shifts the picture at random.", unit="pixels")
    smoothing: float = number(
        0.5,
        0.0,
        1.0,
        "How much the gradient's coarse parts count: 0 fine grain, 1 broad forms.",
    )
    memory: float = number(
        0.9, 0.0, 0.99, "How much of the last frame's dream is carried into the next.", curve=0.5
    )
    anchor: float = number(
        0.3, 0.0, 1.0, "How fast the dream's broad light and colour return to the picture's."
    )
    zoom: float = number(
        0.0, -1.0, 1.0, "How fast the carried dream grows.", curve=2.0, unit="octaves/s"
    )
    spin: float = number(
        0.0,
        -180.0,
        180.0,
        "How fast the carried dream turns.",
        curve=2.0,
        unit="degrees/s",
    )
    objective: str = choice(
        "balanced",
        OBJECTIVES,
        "What is raised: every channel by its own measure, their energy, or their mean.",
    )
    network: str = choice("bestiary", tuple(NETWORKS), "The network that dreams.")
    size: int = whole(256, 64, 1024, "Width of the picture that is dreamed on.", unit="pixels")
    target_fps: int = whole(60, 1, 120, "The most dreamed frames a second.", unit="frames/s")
    freeze: bool = switch("Holds the dream as it is.")
    reset: int = trigger("Forgets what is carried and starts from the camera.")


@dataclass(frozen=True, slots=True)
class Strip:
    """One layer of the network, as a channel strip of a mixing desk."""

    gain: float = number(0.0, -1.0, 1.0, "How much this layer dreams; below 0 it is calmed.")
    channel: int = whole(
        0, 0, CHANNELS, "Which channel of the layer: 0 all of them; counted round past the last."
    )
    spread: float = number(
        0.0, 0.0, 32.0, "How many neighbours on each side dream along.", curve=2.0, unit="channels"
    )
    mute: bool = switch("Takes this layer out.")
    solo: bool = switch("Only this layer (and others soloed), at gain 1 where it is closed.")


def open_gains(strips: tuple[Strip, ...]) -> tuple[float, ...]:
    """What each strip lets through once mute and solo are heard."""
    soloed = any(strip.solo for strip in strips)
    return tuple(_gain(strip, soloed) for strip in strips)


def _gain(strip: Strip, soloed: bool) -> float:
    if strip.mute or (soloed and not strip.solo):
        return 0.0
    return strip.gain or float(strip.solo)


def deepest_open(gains: tuple[float, ...]) -> int:
    """How many strips must be computed: the number of the deepest one that is open, 0 for none."""
    return max((number for number, gain in enumerate(gains, 1) if gain), default=0)
