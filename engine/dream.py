"""What a performer turns on the dream."""

from dataclasses import dataclass

from engine.bestiary.names import NAMES
from engine.layers import layers
from engine.networks import NETWORKS
from engine.parameters import choice, name, number, numbered, ratio, switch, trigger, whole

STRIPS = 8
CHANNELS = 2048  # the widest layer of the networks we know
OBJECTIVES = ("balanced", "energy", "mean", "guide")
LAYERS = tuple(dict.fromkeys(layer for network in NETWORKS for layer in layers(network)))


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
    noise: float = number(
        0.0,
        0.0,
        0.5,
        "Noise that the network sees on the picture, new for every draw (SmoothGrad).",
        curve=2.0,
        unit="image units",
    )
    draws: int = whole(1, 1, 8, "Gradients averaged for each step.", unit="draws")
    smoothing: float = number(
        0.5,
        0.0,
        1.0,
        "How much the gradient's coarse parts count: 0 fine grain, 1 broad forms.",
    )
    levelling: float = number(
        0.0,
        0.0,
        1.0,
        "How far coarse and fine parts of the gradient are brought to one strength.",
    )
    free: float = number(
        0.7,
        0.0,
        1.0,
        "How far each place goes its own way, where a strip raises all the classes at once: 0 what"
        " the whole picture resembles, 1 what the place resembles more than the rest.",
    )
    chroma: float = number(
        0.0, 0.0, 1.0, "How far the gradient's colours vary together as nature's do."
    )
    bleed: float = number(
        0.8,
        0.0,
        1.0,
        "How far the gradient's colours spread, as in a watercolour: 0 as fine as its light and"
        " dark, 1 in broad washes.",
    )
    guard: float = number(
        0.3, 0.0, 1.0, "How far colours near black and white are spared from burning out."
    )
    memory: float = number(
        0.9, 0.0, 0.99, "How much of the last frame's dream is carried into the next.", curve=0.5
    )
    anchor: float = number(
        0.3, 0.0, 1.0, "How fast the dream's broad light and colour return to the picture's."
    )
    flow: float = number(1.0, 0.0, 1.0, "How far the carried dream follows what moves.")
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
    shift_x: float = number(
        0.0, -1.0, 1.0, "How fast the carried dream drifts right.", curve=2.0, unit="widths/s"
    )
    shift_y: float = number(
        0.0, -1.0, 1.0, "How fast the carried dream drifts down.", curve=2.0, unit="heights/s"
    )
    objective: str = choice(
        "balanced",
        OBJECTIVES,
        "What is raised: every channel by its own measure, their energy, their mean, or the"
        " likeness of their energies to those of the guide picture.",
    )
    network: str = choice("bestiary", tuple(NETWORKS), "The network that dreams.")
    size: int = whole(
        256, 64, 1024, "Width of the picture that is dreamed on, at most.", unit="pixels"
    )
    target_fps: int = whole(
        60,
        1,
        120,
        "Dreamed frames a second; where the machine is too slow, a frame takes fewer steps, then"
        " the picture shrinks.",
        unit="frames/s",
    )
    fix_steps: bool = switch("Every frame takes all its steps and octaves, however long it takes.")
    fix_size: bool = switch("The picture keeps its size, however long it takes.")
    freeze: bool = switch("Holds the dream as it is.")
    reset: int = trigger("Forgets what is carried and starts from the camera.")


@dataclass(frozen=True, slots=True)
class Strip:
    """One layer of the network, as a channel strip of a mixing desk."""

    gain: float = number(0.0, -1.0, 1.0, "How much this layer dreams; below 0 it is calmed.")
    layer: str = name(
        LAYERS, "The layer of the network; nothing, or one it does not have: the strip's own stop."
    )
    channel: int = numbered(
        0,
        0,
        CHANNELS,
        NAMES,
        "Which channel of the layer: 0 all of them; counted round past the last. The names are"
        " those of the classes that the embedded network's heads, fine and coarse, tell apart.",
    )
    spread: float = number(
        0.0, 0.0, 32.0, "How many neighbours on each side dream along.", curve=2.0, unit="channels"
    )
    mask: float = number(
        0.0, 0.0, 1.0, "How closely the layer keeps to its place: 0 everywhere, 1 a spot."
    )
    mask_x: float = number(
        0.5,
        0.0,
        1.0,
        "Where its place is, of what is dreamed, from left to right; a spot at an edge reaches"
        " round to the other.",
        unit="widths",
    )
    mask_y: float = number(
        0.5, 0.0, 1.0, "Where its place is, from top to bottom, likewise.", unit="heights"
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


def strip_layers(strips: tuple[Strip, ...], network: str) -> tuple[str, ...]:
    """The layer of each strip, in their order."""
    there = layers(network)
    stops = NETWORKS[network].stops
    return tuple(
        strip.layer if strip.layer in there else stop
        for strip, stop in zip(strips, stops, strict=True)
    )
