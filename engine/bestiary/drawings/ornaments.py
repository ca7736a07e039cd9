"""Ornaments that turn about a middle or stand in rows."""

from math import cos, sin

import numpy as np

from engine.bestiary.contrast import ground_near, pair
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import (
    TURN,
    fraction,
    hashed,
    hexagons,
    norm,
    polar,
    remainder,
    sector,
)
from engine.bestiary.pictures import mixed, rising, shaded
from engine.frame import Array


def spirals(hand: Hand) -> Array:
    """Arms wound evenly (Archimedes) or ever more widely (logarithmic)."""
    ramp = hand.ramp(hand.whole(2, 4))
    arms = hand.whole(1, 4) * hand.sign()
    logarithmic = hand.chance(0.5)
    tightness = hand.ratio(3, 8) if logarithmic else hand.ratio(9, 20)
    edge, bias = hand.ratio(0.2, 2.5), hand.between(-0.45, 0.45)
    dimmed, tinted = hand.between(0, 0.4), hand.between(0, 0.3)

    def stamp(u: Array, v: Array) -> tuple[Array, Array]:
        radius, angle = polar(u, v)
        wound = np.log(radius + 0.03) if logarithmic else radius
        tone = rising(np.sin(arms * angle + tightness * wound) + bias, edge)
        drawn = ramp(tone * (1 - tinted) + tinted * radius)
        light = 1 - dimmed * np.minimum(radius, 1.3) ** 2
        return shaded(drawn, light), rising(1 - radius, 0.1)

    if hand.chance(0.4):
        size = hand.between(0.9, 1.4)
        x, y = hand.between(-0.4, 0.4), hand.between(-0.4, 0.4)
        return stamp((hand.x - x) / size, (hand.y - y) / size)[0]
    return hand.scattered(stamp, most=4, smallest=0.75, largest=1.1, tiled=0.12)


def rings(hand: Hand) -> Array:
    """Targets: concentric bands, apart from each other or running into one another."""
    count = hand.ratio(3, 6)
    colours = hand.palette(hand.whole(3, 6))
    ramp, depth = hand.ramp(3), hand.between(0, 0.5)
    style = hand.whole(0, 2)

    def banded(distance: Array) -> Array:
        band = distance * count
        if style == 0:
            return ramp(0.5 + 0.5 * np.sin(band * np.pi))
        number = np.floor(band)
        order = remainder(number, 2) if style == 1 else number
        shade = 1 - depth + depth * np.sin((band - number) * np.pi)
        return shaded(colours.take(order.astype(np.int32), 0, mode="wrap"), shade)

    def stamp(u: Array, v: Array) -> tuple[Array, Array]:
        distance = norm(u, v)
        return banded(distance), rising(1 - distance, 0.05)

    if hand.chance(0.45):
        return hand.scattered(stamp, most=3, smallest=0.7, largest=1.0, tiled=0.15)
    bent = hand.noise(3)[..., 0] * hand.between(0, 0.04)
    middles = hand.many(2 * hand.whole(1, 3), -0.9, 0.9).reshape(-1, 2).tolist()
    return banded(np.min([norm(hand.x - x, hand.y - y) for x, y in middles], 0) + np.abs(bent))


def mandalas(hand: Hand) -> Array:
    """One ornament of many rings of petals, smaller and smaller over one another."""
    size = hand.between(0.85, 1.4)
    x, y = hand.between(-0.2, 0.2), hand.between(-0.2, 0.2)
    radius, angle = polar((hand.x - x) / size, (hand.y - y) / size)
    count = hand.whole(5, 13)
    angle = angle + hand.angle()
    colours = np.array([*pair(hand), *hand.palette(5)], np.float32)
    line = hand.between(0.02, 0.045) if hand.chance(0.7) else 0.0
    which, shade = np.zeros(radius.shape, np.int32), np.ones(radius.shape, np.float32)
    for k, reach in enumerate(_reaches(hand)):
        petals = count * (2 if reach > 0.6 and hand.chance(0.3) else 1)
        fold = sector(angle + np.pi / petals * (k % 2), petals) * (petals / np.pi)
        edge = reach * _petal(hand, np.abs(fold))
        inside = radius < edge
        which[inside] = 2 + k % 5
        dim = hand.between(0.1, 1)
        shade = np.where(inside, dim + (1 - dim) * radius / edge, shade)
        which[inside & (radius > edge - line)] = 1
        if hand.chance(0.45):
            bead = norm(radius - reach * 0.78, radius * fold * (np.pi / petals))
            which[bead < reach * hand.between(0.5, 0.9) / petals] = 2 + (k + 2) % 5
    return shaded(colours.take(which, 0), shade)


def _reaches(hand: Hand) -> list[float]:
    """How far each ring of a mandala reaches, the widest first."""
    reaches = [hand.between(1.0, 1.5)]
    while reaches[-1] > 0.18 and len(reaches) < 7:
        reaches.append(reaches[-1] * hand.between(0.6, 0.85))
    return reaches


def _petal(hand: Hand, across: Array) -> Array:
    """How far a petal reaches (0..1), from its middle (0) to where it meets the next (1)."""
    depth, kind = hand.between(0.2, 0.45), hand.whole(0, 4)
    if kind == 0:
        return 1 - depth * across
    if kind == 1:
        return np.asarray(1 - depth + depth * np.sqrt(np.clip(1 - across * across, 0, 1)))
    if kind == 2:
        return 1 - depth * np.sqrt(across)
    if kind == 3:
        return 1 - depth * rising(across - 0.5, 0.8)
    return np.ones_like(across)


def rosettes(hand: Hand) -> Array:
    """Gothic rose windows: lancets and foiled circles of glass about a middle, between stone."""
    count = hand.whole(5, 12)
    stone, glass = pair(hand)
    panes = 0.35 * glass + 0.65 * hand.palette(4) * (0.5 if stone.max() > 0.6 else 1.3)
    colours = np.array([stone, stone * 0.6 + 0.4 * glass, *panes], np.float32)
    inner, outer = hand.between(0.2, 0.36), hand.between(0.5, 0.68)
    rib, foils, lobe = hand.between(0.025, 0.05), hand.whole(3, 6), hand.between(0.1, 0.3)
    ring = (outer + 1.0) / 2 + 0.03
    bulge, twisted = min(0.9 - ring, ring * sin(np.pi / count) - rib), hand.between(0, TURN)
    spread = sin(np.pi / count) / cos(np.pi / count)

    def stamp(u: Array, v: Array) -> tuple[Array, Array]:
        radius, angle = polar(u, v)
        fold = sector(angle, count)
        along, across = radius * np.cos(fold), np.abs(radius * np.sin(fold))
        half = np.minimum(along, outer) * spread - rib
        lancet = norm(np.maximum(along - outer, 0), across) < half
        beside = np.abs(fold) - np.pi / count
        x, y = radius * np.cos(beside) - ring, radius * np.sin(beside)
        reach = 1 - lobe + lobe * np.abs(np.cos(np.arctan2(y, x) * foils / 2))
        which = np.where(radius > 0.93, 1, 0)
        which[lancet & (along > inner + rib)] = 2
        which[lancet & (along > (inner + outer) / 2)] = 3
        which[norm(x, y) < (bulge + rib) * 1.1 * reach] = 4
        eye = 1 - lobe + lobe * np.abs(np.cos((angle + twisted) * foils / 2))
        which[radius < inner * eye - rib] = 5
        return colours.take(which, 0), rising(1 - radius, 0.04)

    drawn = hand.scattered(stamp, most=1, smallest=0.65, largest=1.15, tiled=0)
    return hand.lit(drawn, drawn.mean(2), 3, probability=0.4)


def paisleys(hand: Hand) -> Array:
    """Drops with a curled tip, outlined again and again, with a row of beads inside."""
    colours = hand.palette(6)
    curl, taper = hand.between(0.5, 1.1) * hand.sign(), hand.between(0.65, 1.0)
    body, beads = hand.between(0.5, 0.62), hand.whole(7, 14)
    fringe = hand.between(0.03, 0.09) if hand.chance(0.5) else 0.0
    border, inner = hand.between(0.84, 0.92), hand.between(0.5, 0.62)
    petals, nested, lines = hand.whole(3, 7), hand.chance(0.25), hand.whole(3, 5)

    def stamp(u: Array, v: Array) -> tuple[Array, Array]:
        v = v - 0.35
        turn = curl * (u * u + v * v)
        x, y = u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)
        climb = np.clip(-y / 1.25, 0, 1)  # from the round end (0) to the tip
        width = body * (1 - climb) ** taper * (1 + 0.35 * climb) + 1e-3
        angle = np.arctan2(x, y)
        level = np.where(y > 0, norm(x, y), np.abs(x)) / width
        level = level * (1 + fringe * np.cos(angle * 2 * beads))
        mask = rising(1 - level, 0.06) * (y > -1.25)
        if nested:
            return colours.take((level * lines).astype(np.int32), 0, mode="wrap"), mask
        which = np.zeros(u.shape, np.int32)
        which[level < border] = 1
        middle = (border + inner) / 2
        which[(np.abs(level - middle) < 0.1) & (np.cos(angle * beads) > 0)] = 2
        which[level < inner + 0.06] = 0
        which[level < inner] = 3
        bloom = norm(x, y) / body - 0.3 - 0.1 * np.cos(angle * petals)
        which[bloom < 0] = 4
        which[bloom < -0.2] = 5
        return colours.take(which, 0), mask

    return hand.scattered(stamp, most=4, smallest=0.8, largest=1.05, tiled=0.1)


def fans(hand: Hand) -> Array:
    """Seigaiha: rows of fans of concentric arcs, each row over the one behind."""
    u, v = hand.plane(1.2, 2.7, upright=hand.chance(0.7))
    pitch, reach = hand.between(0.22, 0.32), hand.between(0.5, 0.56)
    row = np.floor(v / pitch)
    distance, number = np.ones_like(u), np.zeros_like(u)
    for ahead in (0, 1, 2, 3):  # the nearer a row, the later it is drawn, over those behind
        near = row + ahead
        x = fraction(u + 0.5 * remainder(near, 2)) - 0.5
        away = norm(x, v - near * pitch) / reach
        inside = away < 1
        distance = np.where(inside, away, distance)
        number = np.where(inside, near * 7 + np.floor(u + 0.5 * remainder(near, 2)), number)
    count, edge = hand.whole(2, 4), hand.ratio(0.3, 1.5)
    tone = rising(np.cos(distance * ((count - 0.5) * TURN)) + hand.between(-0.4, 0.4), edge)
    drawn = hand.ramp(3)(tone * 0.8 + 0.2 * distance)
    if hand.chance(0.4):
        tints = hand.palette(4) * 0.7 + 0.5
        drawn = drawn * tints.take((hashed(number) * 4).astype(np.int32), 0)
    dimmed = hand.between(-0.6, 0.6)
    light = 1 - max(dimmed, 0) * distance**2 + min(dimmed, 0) * (1 - distance)
    return hand.lit(shaded(drawn, light), 1 - distance, 4, probability=0.3)


def lace(hand: Hand) -> Array:
    """Openwork: rosettes of thin curved threads."""
    u, v = hand.plane(1.1, 2.3, warp=0.03, stretch=0.08)
    if hand.chance(0.6):
        x, y, _, _ = hexagons(u, v)
        count = 6 * hand.whole(1, 2)
    else:
        x, y = fraction(u) - 0.5, fraction(v) - 0.5
        count = 4 * hand.whole(1, 3)
    radius, angle = polar(x * 2, y * 2)
    middle, ring = hand.between(0.12, 0.3), hand.between(0.6, 0.72)
    petals = hand.between(0.34, 0.46) + hand.between(0.1, 0.24) * np.cos(angle * count)
    arches = np.abs(np.cos(angle * (count / 2)))
    scallops = hand.between(0.7, 0.82) + hand.between(0.16, 0.28) * arches
    threads = [np.abs(radius - scallops)]
    threads += [np.abs(radius - line) for line in (middle, petals, ring) if hand.chance(0.65)]
    along_spoke = np.abs(radius * sector(angle, count))
    if hand.chance(0.5):
        threads.append(along_spoke + (radius > ring) + (radius < middle))
    if hand.chance(0.5) or len(threads) == 1:
        loop = norm(radius - hand.between(0.4, 0.85), along_spoke)
        threads.append(np.abs(loop - hand.between(0.06, 0.14)))
    distance = np.minimum.reduce(threads)
    thread, behind = pair(hand)
    cloth = (radius < scallops) * hand.between(0, 0.3) + (radius < petals) * hand.between(0, 0.3)
    mask = np.maximum(cloth, rising(hand.between(0.035, 0.07) - distance, 0.04))
    drawn = mixed(ground_near(hand, behind), thread, mask.astype(np.float32))
    return hand.lit(drawn, 1 - np.minimum(distance / 0.12, 1), 3, probability=0.4)
