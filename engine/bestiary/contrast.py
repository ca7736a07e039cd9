"""Colours that are told apart, and grounds on which a figure is not lost."""

from collections.abc import Callable

import cv2
import numpy as np

from engine.bestiary.drawing import Hand
from engine.bestiary.pictures import SIDE, Colour, blend
from engine.frame import Array

Ink = tuple[float, ...]  # red, green, blue, and 1 for the mask
Tone = Callable[[float], Ink]  # from a place 0..1 on a way through the colours


def pair(hand: Hand) -> tuple[Colour, Colour]:
    """Two colours told apart by their lightness, and often by their hue."""
    first, second = hand.contrasting()
    if hand.chance(0.4):
        return first, second
    tints = hand.palette(2)
    tints = 0.2 + 0.8 * tints / tints.max(1, keepdims=True)
    return first.max() * tints[0], second.max() * tints[1]


def scheme(hand: Hand) -> tuple[Colour, Colour, Colour, Colour, Colour]:
    """Five colours of one palette: two to be told apart by their lightness (either may be the
    lighter), a third, the darkest and the lightest."""
    colours = hand.palette(5)
    darkest, dark, middle, light, lightest = colours[np.argsort(colours.sum(1))]
    light = light + (1 - light) * hand.between(0.0, 0.3)
    lightest = lightest + (1 - lightest) * hand.between(0.1, 0.6)
    darkest = darkest * hand.between(0.2, 0.9)
    low, high = (dark * 0.8, lightest) if hand.chance(0.5) else (darkest, light)
    return (*((low, high) if hand.chance(0.5) else (high, low)), middle, darkest * 0.6, lightest)


def tones(hand: Hand, low: float = 0.0, high: float = 1.0) -> Tone:
    """A way through some inks, looked up once: figures ask for hundreds of them."""
    way = [ink(colour) for colour in low + (high - low) * hand.ramp(4)(np.linspace(0, 1, 64))]
    return lambda t: way[min(63, max(0, int(t * 63.99)))]


def ink(colour: Colour) -> Ink:
    return (*colour.tolist(), 1.0)


def inks(hand: Hand) -> tuple[Ink, Ink]:
    first, second = hand.contrasting()
    return ink(first), ink(second)


def brightened(ink: Ink, light: float) -> Ink:
    """Darker below 1, towards white above it."""
    if light > 1:
        return (*(c + (1 - c) * (light - 1) for c in ink[:3]), 1.0)
    return (*(c * light for c in ink[:3]), 1.0)


def apart(hand: Hand) -> tuple[float, float]:
    """Two places on a way through the colours, far from each other."""
    low, high = hand.between(0, 0.2), hand.between(0.75, 1)
    return (low, high) if hand.chance(0.5) else (high, low)


def ground_near(hand: Hand, colour: Colour) -> Array:
    """A background that stays near one colour, so that its contrary stands out."""
    return blend(hand.background(), colour, hand.between(0.5, 0.9))


def ground_and_tone(hand: Hand) -> tuple[Array, Tone]:
    """A ground, and tones that stand out from it: lighter than it, or darker."""
    ground = hand.background() if hand.chance(0.5) else _dusk(hand)
    if hand.chance(0.5):
        return np.asarray(ground * 0.4, np.float32), tones(hand, 0.15, 1.0)
    return lightened(ground), tones(hand, 0.0, 0.7)


def _dusk(hand: Hand) -> Array:
    """Two to six colours that pass into each other."""
    across, down = hand.whole(1, 2), hand.whole(2, 3)
    knots = hand.palette(across * down).reshape(down, across, 3)
    return cv2.resize(knots, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def lightened(ground: Array) -> Array:
    """As light as its hues can be, and a little lighter, with its shades faintly left."""
    values = ground.max(2, keepdims=True)
    full = ground * ((0.75 + 0.25 * values) / (values + 0.02))
    return np.asarray(full + 0.3 * (1 - full), np.float32)


def set_off(hand: Hand, ground: Array, lightness: float) -> Array:
    """``ground``, made darker or lighter where a figure of that ``lightness`` would be lost."""
    ground_lightness = float(ground.mean())
    if abs(ground_lightness - lightness) > 0.3:
        return ground
    if lightness > 0.45:
        return ground * np.float32(hand.between(0.1, 0.5) * lightness / max(ground_lightness, 0.2))
    return lightened(ground)
