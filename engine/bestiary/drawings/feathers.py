"""Feathers."""

from math import cos

import numpy as np

from engine.bestiary.contrast import Ink, Tone, apart, ground_and_tone, ink
from engine.bestiary.drawing import Hand
from engine.bestiary.plates import Plate, bent_stem, direction
from engine.frame import Array


def feathers(hand: Hand) -> Array:
    """A bent quill with barbs to both sides, here and there split."""
    ground, tone = ground_and_tone(hand)
    plate, barbs = Plate.blank(), hand.whole(17, 28)
    quill = bent_stem(hand.between(-0.9, 0.9), 0.0)
    last = len(quill) - 1
    wide = hand.between(0.34, 0.55)
    sides = (1.0, hand.between(0.5, 1.0))
    bands, phase = hand.between(0.0, 6.0), hand.angle()
    dark, light = apart(hand)
    slant, split = hand.between(0.45, 0.8), hand.many(3, 0.3, 0.95)
    for k in range(barbs):
        t = 0.2 + 0.78 * k / barbs
        at = round(t * last)
        ahead = quill[min(at + 1, last)] - quill[at - 1]
        ahead = ahead / abs(ahead)
        long = wide * np.sin(np.clip((t - 0.13) / 0.88, 0, 1) ** 0.8 * np.pi) ** 0.5
        notched = 0.4 if np.abs(split - t).min() < 0.018 else 1.0
        shade = 0.5 + 0.4 * np.sin(bands * t * 6 + phase) + (0.16 if k % 2 else -0.16)
        for side, share in zip((-1, 1), sides, strict=True):
            reach = long * share * notched * hand.between(0.95, 1.05)
            out = ahead * direction(side * (slant + 0.45)) * reach * 0.6
            barb = np.array([0, out, out + ahead * direction(side * slant * 0.8) * reach * 0.65])
            plate.line(quill[at] + barb, tone(dark + (light - dark) * shade), 0.065)
    plate.line(quill, ink(hand.colour(0.05, 1)), hand.between(0.03, 0.06))
    return hand.scattered(
        plate.stamp(hand), most=3, smallest=0.95, largest=1.35, tiled=0.06, ground=ground
    )


def peacocks(hand: Hand) -> Array:
    """The eyes of peacock feathers: one, several, or a fan of them."""
    ground, tone = ground_and_tone(hand)
    rings = _rings(hand, tone)
    notch = hand.between(0.0, 0.5)
    if hand.chance(0.3):
        count, size = hand.whole(5, 7), hand.between(0.42, 0.55)
        foot = 1.0j + hand.between(-0.3, 0.3)
        for high in (1.55, 0.85):
            for place in np.linspace(-1.4, 1.4, count - (high < 1)):
                _eye_of_a_feather(hand, Plate(ground), foot, high, place, size, notch, rings)
        return ground
    plate = Plate.blank()
    _eye_of_a_feather(hand, plate, 0.95j, 1.15, 0.0, hand.between(0.85, 1.05), notch, rings)
    return hand.scattered(
        plate.stamp(hand), most=4, smallest=0.75, largest=1.2, tiled=0.06, ground=ground
    )


def _rings(hand: Hand, tone: Tone) -> list[Ink]:
    """The colours of the fringe and of the rings inwards, one light and one dark in turn."""
    dark, light = apart(hand)
    return [
        tone((light if k % 2 else dark) + hand.between(-0.12, 0.12))
        for k in range(hand.whole(4, 6))
    ]


def _eye_of_a_feather(
    hand: Hand,
    plate: Plate,
    foot: complex,
    high: float,
    place: float,
    size: float,
    notch: float,
    rings: list[Ink],
) -> None:
    """Its stem rises from ``foot``, ``high`` long and turned by ``place`` (radians)."""
    up = -1j * direction(place)
    eye = foot + up * high
    for angle in np.linspace(-2.7, 2.7, 34):
        root = -0.45 * up * size * (abs(angle) / 2.7) ** 2
        out = up * direction(angle * 0.85) * size * (0.72 + 0.06 * cos(angle * 40))
        plate.line(eye + root + np.array([0, 0.5, 1 - 0.1j * angle]) * out, rings[0], 0.03)
    plate.line(np.array([foot, eye]), rings[0], 0.05)
    # Every ring is a drop that hangs towards the foot, but the innermost has a notch there
    around = np.linspace(-np.pi, np.pi, 28)
    drop = np.cos(around) * (1 + 0.35 * (np.cos(around) < 0)) + 0.85j * np.sin(around)
    kidney = np.exp(1j * around) * (1 - notch * np.exp(-((np.abs(around) - np.pi) ** 2) * 4))
    count = len(rings) - 1
    for k, colour in enumerate(rings[1:]):
        wide = size * 0.5 * (1 - k / count) ** 0.9
        shape = kidney if k == count - 1 else drop
        plate.fill(eye + up * (shape * wide + 0.06 * k * size / count), colour)
