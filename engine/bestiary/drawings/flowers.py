"""Blossoms."""

import numpy as np

from engine.bestiary.contrast import Ink, apart, brightened, ground_and_tone, ink, inks, tones
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN
from engine.bestiary.plates import Plate, direction, oval, petal_shape
from engine.frame import Array

GOLDEN_ANGLE = TURN * 0.381966  # (Vogel, A better way to construct the sunflower head, 1979)


def flowers(hand: Hand) -> Array:
    """Seen from above: a ring of petals, or two, round a heart."""
    ground, tone = ground_and_tone(hand)
    plate, count = Plate.blank(), hand.whole(5, 9)
    petal = petal_shape(
        hand.between(0.8, 1.25) * 2.2 / count, hand.between(0.3, 1.2), hand.between(0, 0.5)
    )
    inner, outer = apart(hand)
    edge, veins, first = hand.chance(0.6), hand.chance(0.5), hand.angle()
    for layer in range(2 if hand.chance(0.3) else 1):
        for k in range(count):
            turn = direction(first + (k + layer / 2 + hand.between(-0.1, 0.1)) * TURN / count)
            shape = petal * turn * hand.between(0.85, 0.95) * (1 - 0.35 * layer)
            plate.graded(shape, tone, outer, inner, 0)
            if veins:
                for bend in (-0.12, 0.0, 0.12):
                    line = np.linspace(0.25, 0.72 - abs(bend), 5) * (1 + 1j * bend)
                    plate.line(line * np.abs(shape).max() * turn, tone(outer), 0.02)
            if edge:
                plate.line(shape, tone(inner), 0.025)
    _heart_of_a_flower(hand, plate, hand.between(0.14, 0.28))
    stamp = plate.stamp(hand, hand.between(0.7, 1))
    return hand.scattered(stamp, most=4, smallest=0.65, largest=1.0, tiled=0.06, ground=ground)


def _heart_of_a_flower(hand: Hand, plate: Plate, radius: float) -> None:
    disc, dots = inks(hand)

    def tone(t: float) -> Ink:
        return brightened(disc, 0.6 + 0.4 * t)

    plate.graded(oval(radius, radius), tone, 0, 1, -0.03 - 0.03j)
    count, reach = hand.whole(5, 12), radius * hand.between(0.6, 1.25)
    for k in range(count):
        plate.dot(reach * direction(k * TURN / count), radius * 0.17, dots)


def roses(hand: Hand) -> Array:
    """Petals from the outermost inwards, each a broad one with a lit rim."""
    ground, tone = ground_and_tone(hand)
    plate, count = Plate.blank(), hand.whole(12, 22)
    deep, rim = apart(hand)
    edge, step = hand.chance(0.4), hand.between(0.36, 0.42) * TURN * hand.sign()
    if hand.chance(0.4):
        _leaves_behind(hand, plate)
    breadth, first = hand.between(0.62, 0.82), hand.angle()
    for k in range(count):
        reach = 0.92 * (1 - k / count) ** hand.between(0.75, 0.85) + 0.06
        wavy = 1 + 0.07 * np.cos(np.linspace(0, TURN, 24) * hand.whole(2, 4) + hand.angle())
        petal = (oval(0.62, breadth) * wavy + 0.38) * reach * direction(first + k * step)
        for t in (0.0, 0.35, 0.7, 1.0):
            plate.fill(petal * (1 - 0.28 * t), tone(rim + (deep - rim) * t))
        if edge:
            plate.line(petal, tone(deep), 0.02)
    stamp = plate.stamp(hand, hand.between(0.8, 1))
    return hand.scattered(stamp, most=4, smallest=0.65, largest=1.0, tiled=0.06, ground=ground)


def _leaves_behind(hand: Hand, plate: Plate) -> None:
    """Those that look out from below a rose, which is drawn over them."""
    tone = tones(hand)
    for angle in hand.many(hand.whole(2, 4), 0, TURN):
        leaf = (petal_shape(0.28, 0.3, 0.6) * 0.55 + 0.42) * direction(angle)
        plate.graded(leaf, tone, 0.2, 0.7, 0.5 * direction(angle))


def sunflowers(hand: Hand) -> Array:
    """Seeds in golden-angle spirals; sometimes with the petals around them."""
    ground, tone = ground_and_tone(hand)
    plate, rayed = Plate.blank(), hand.chance(0.85)
    radius = hand.between(0.45, 0.62) if rayed else 0.94
    seeds = hand.whole(30, 60) if rayed else hand.whole(60, 120)
    if rayed:
        _rays(hand, plate, radius)
    light, dark = apart(hand)
    bed = tone(dark)
    plate.fill(oval(radius, radius), bed)
    grown = hand.between(0, 0.6)
    shine = hand.chance(0.5)
    for k in range(seeds):
        far = ((k + 0.5) / seeds) ** 0.5
        place = far * radius * 0.94 * direction(k * GOLDEN_ANGLE)
        size = radius / seeds**0.5 * (0.72 + 0.3 * grown * (far - 0.7))
        colour = tone(light + (dark - light) * 0.55 * (far if grown > 0.3 else 1 - far))
        plate.dot(place, size, colour)
        if shine:
            plate.dot(place - size * (0.25 + 0.25j), size * 0.4, brightened(colour, 1.5))
    stamp, largest = plate.stamp(hand, hand.between(0.8, 1)), 1.05 if rayed else 1.7
    return hand.scattered(stamp, most=3, smallest=0.75, largest=largest, tiled=0.06, ground=ground)


def _rays(hand: Hand, plate: Plate, radius: float) -> None:
    """Two layers of the petals round the seeds, which reach out to ``radius``."""
    tone, count = tones(hand), hand.whole(12, 22)
    petal = petal_shape(hand.between(2, 3.2) / count, 0.2, hand.between(0.3, 0.9))
    inner, outer = apart(hand)
    for layer in range(2):
        for k in range(count):
            turn = direction((k + layer / 2) * TURN / count + hand.between(-0.06, 0.06))
            long = hand.between(0.88, 0.95) - 0.06 * layer
            shape = (radius * 0.7 + petal * (long - radius * 0.7)) * turn
            plate.graded(shape, tone, inner, outer, radius * turn, steps=3)


def lotuses(hand: Hand) -> Array:
    """A blossom from the side: pointed petals that fan upward from one place."""
    ground, tone = ground_and_tone(hand)
    plate, rows = Plate.blank(), hand.whole(2, 3)
    spread, width = hand.between(0.8, 1.5), hand.between(0.2, 0.34)
    foot, tip = apart(hand)
    edge, veins = hand.chance(0.8), hand.chance(0.5)
    root = 0.6j
    if hand.chance(0.5):
        plate.line(np.array([root, hand.between(-0.1, 0.1) + 1j]), ink(hand.colour()), 0.1)
    for row in range(rows):
        count = hand.whole(2, 4) * 2 + row % 2 - 1
        places = np.linspace(-1, 1, count) * spread * (1 - 0.22 * row)
        for place in sorted(places, key=abs, reverse=hand.chance(0.8)):
            long = (1.45 - 0.3 * row) * (1 - 0.25 * abs(place) / 1.5)
            turn = -1j * direction(place)
            petal = root + petal_shape(width, 0.4, hand.between(0.7, 0.9)) * long * turn
            plate.graded(petal, tone, tip, foot, root + 0.2 * long * turn)
            if veins:
                plate.line(root + np.array([0.1, 0.75]) * long * turn, tone(tip), 0.025)
            if edge:
                plate.line(petal, tone(foot), 0.03)
    return hand.scattered(
        plate.stamp(hand), most=4, smallest=0.7, largest=1.1, tilt=0.5, tiled=0.06, ground=ground
    )
