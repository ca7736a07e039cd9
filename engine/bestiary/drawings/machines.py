"""What is made of metal."""

from collections.abc import Sequence
from math import cos, sin

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near, pair
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, norm, polar, sector, segment
from engine.bestiary.pictures import SIDE, Colour, flat, mixed, rising, shaded
from engine.bestiary.strokes import pixels, snapped, trace
from engine.frame import Array


def clocks(hand: Hand) -> Array:
    """Dials with twelve marks, broader at the quarters, and two hands."""
    face, ink = pair(hand)
    colours = np.array([face, ink, hand.colour(), face * 0.7 + 0.3 * hand.colour()], np.float32)
    dots, width = hand.chance(0.3), hand.between(0.035, 0.06)
    start, rim, inset = hand.between(0.58, 0.66), hand.between(0.84, 0.94), hand.between(0.2, 0.55)
    hour, minute = hand.angle(), hand.angle()
    tips = [
        (cos(turn) * length, sin(turn) * length, thick)
        for turn, length, thick in ((hour, 0.45, 0.075), (minute, 0.68, 0.05))
    ]
    dimmed = hand.between(0, 0.4)

    def stamp(u: Array, v: Array) -> tuple[Array, Array]:
        radius, angle = polar(u, v)
        fold = sector(angle, 12)
        quarter = 1.0 + 0.6 * (np.abs(sector(angle, 4)) < 0.2)
        across = np.abs(radius * fold)
        which = np.where(radius < inset, 3, 0)
        if dots:
            which[norm(radius - 0.72, across) < 1.5 * width * quarter] = 1
        else:
            which[(radius > start) & (radius < 0.8) & (across < width * quarter)] = 1
        for x, y, thick in tips:
            which[segment(u, v, (-0.2 * x, -0.2 * y), (x, y)) < thick] = 1
        which[radius < 0.09] = 1
        which[radius > rim] = 2
        light = 1 - dimmed * (0.5 + 0.5 * u + 0.3 * v)
        return shaded(colours.take(which, 0), light), rising(1 - radius, 0.04)

    return hand.scattered(stamp, most=2, smallest=0.6, largest=0.95, tilt=0.7, tiled=0.1)


def gears(hand: Hand) -> Array:
    """Cog wheels whose teeth mesh."""
    pitch = hand.between(0.26, 0.46)
    body, mask = np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE), np.float32)
    ground, metal = pair(hand)
    behind = ground_near(hand, ground)
    spokes, hub, rim = hand.whole(3, 6), hand.between(0.12, 0.2), hand.between(0.6, 0.75)
    windows, outlined = hand.whole(0, 2), hand.chance(0.4)  # none, round ones, between spokes
    for x, y, radius, teeth, phase in _wheels(hand, pitch):
        colour = (0.7 * metal + 0.3 * hand.colour(0.1, 1.0)).tolist()
        cog = snapped([pixels(_cog(x, y, radius, teeth, phase, pitch * 0.25))])
        cv2.fillPoly(body, cog, colour)
        cv2.fillPoly(mask, cog, 1.0)
        for k in range(spokes if windows else 0):
            turn = phase + TURN * k / spokes
            if windows == 1:
                across, down = cos(turn) * radius * 0.5, sin(turn) * radius * 0.5
                hole = _round(x + across, y + down, radius / 6)
            else:
                half = 0.7 * np.pi / spokes
                hole = _window(x, y, radius * hub * 2, radius * rim, turn, half)
            cv2.fillPoly(mask, snapped([pixels(hole)]), 0.0)
        cv2.fillPoly(mask, snapped([pixels(_round(x, y, radius * hub))]), 0.0)
        if outlined:
            cv2.polylines(body, cog, True, (metal * 0.4 + 0.6 * ground).tolist(), 3)
    drawn = mixed(behind, body, mask)
    return hand.lit(drawn, cv2.blur(mask, (5, 5)), hand.between(4, 9), probability=0.7)


def _wheels(hand: Hand, pitch: float) -> list[tuple[float, float, float, int, float]]:
    """Middle, radius, teeth and phase of wheels of which each drives the next."""
    teeth = hand.whole(7, 14)
    first = (hand.between(-0.4, 0.4), hand.between(-0.4, 0.4), pitch * teeth / TURN, teeth)
    wheels = [(*first, hand.angle())]
    for _ in range(hand.whole(6, 16)):
        x, y, radius, teeth, phase = wheels[hand.whole(0, len(wheels) - 1)]
        count, turn = hand.whole(7, 14), hand.angle()
        reach = pitch * count / TURN
        x, y = x + cos(turn) * (radius + reach), y + sin(turn) * (radius + reach)
        apart = min(norm(x - a, y - b) - reach - other for a, b, other, *_ in wheels)
        if apart > -0.001 * pitch and max(abs(x), abs(y)) < 1.1:
            # A tooth of the one stands in a gap of the other
            turned = turn + np.pi - (np.pi - teeth * (turn - phase)) / count
            wheels.append((x, y, reach, count, turned))
    return wheels


def _cog(x: float, y: float, radius: float, teeth: int, phase: float, height: float) -> Array:
    """Its outline: four corners to each tooth, which goes ``height`` in and out of ``radius``."""
    angles = (np.arange(teeth)[:, None] + np.array([-0.3, -0.14, 0.14, 0.3])) * (TURN / teeth)
    reach = radius + height * np.array([-1, 0.9, 0.9, -1]) + 0 * angles
    angles, reach = angles.ravel() + phase, reach.ravel()
    return np.stack([x + np.cos(angles) * reach, y + np.sin(angles) * reach], 1)


def _window(x: float, y: float, near: float, far: float, turn: float, half: float) -> Array:
    """The outline of a part of a ring between two radii and two angles."""
    angles = turn + np.linspace(-half, half, 5)
    angles = np.concatenate([angles, angles[::-1]])
    reach = np.repeat([far, near], 5)
    return np.stack([x + np.cos(angles) * reach, y + np.sin(angles) * reach], 1)


def _round(x: float, y: float, radius: float) -> Array:
    """The outline of a disc."""
    angles = np.arange(16) * (TURN / 16)
    return np.stack([x + np.cos(angles) * radius, y + np.sin(angles) * radius], 1)


def circuits(hand: Hand) -> Array:
    """Boards: traces at right and half right angles that end in pads; chips with pins."""
    metal, board = pair(hand)
    picture = ground_near(hand, board)
    pad = hand.colour() * 0.4 + 0.6 * metal
    cells = hand.whole(6, 9)
    pitch = SIDE / cells
    thick = max(3, round(pitch * hand.between(0.22, 0.34)))
    ways = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
    for _ in range(hand.whole(9, 14)):
        way, places = hand.whole(0, 7), [(hand.whole(0, cells), hand.whole(0, cells))]
        for _ in range(hand.whole(2, 4)):
            length = hand.whole(1, 3)
            x, y = places[-1]
            places.append((x + ways[way][0] * length, y + ways[way][1] * length))
            way = (way + hand.whole(-1, 1)) % 8
        path = ((np.array(places) + 0.5) * pitch).astype(np.int32)
        cv2.polylines(picture, [path], False, metal.tolist(), thick)
        for end in (path[0].tolist(), path[-1].tolist()):
            cv2.circle(picture, end, round(pitch * 0.36), pad.tolist(), -1)
            cv2.circle(picture, end, round(pitch * 0.15), board.tolist(), -1)
    for _ in range(hand.whole(1, 2)):
        _chip(hand, picture, metal, pitch)
    return hand.lit(picture, picture.mean(2), 2, probability=0.3)


def _chip(hand: Hand, picture: Array, metal: Colour, pitch: float) -> None:
    """A case, a mark at its first corner, and pins to two or four sides."""
    width, height = hand.whole(2, 4), hand.whole(2, 4)
    x, y = hand.whole(0, 5) * pitch, hand.whole(0, 5) * pitch
    left, top, right, bottom = int(x), int(y), int(x + width * pitch), int(y + height * pitch)
    pin = round(pitch * 0.45)
    thick = max(2, round(pitch * 0.25))
    for k in range(2 * width):
        column = int(left + (k + 0.5) * pitch / 2)
        cv2.line(picture, (column, top - pin), (column, bottom + pin), metal.tolist(), thick)
    if hand.chance(0.5):
        for k in range(2 * height):
            row = int(top + (k + 0.5) * pitch / 2)
            cv2.line(picture, (left - pin, row), (right + pin, row), metal.tolist(), thick)
    case = (1 - metal) * hand.between(0.3, 1) + hand.colour(0.1, 0.5) * 0.2
    cv2.rectangle(picture, (left, top), (right, bottom), case.tolist(), -1)
    mark = (left + thick * 2, top + thick * 2)
    cv2.circle(picture, mark, thick, metal.tolist(), -1)


def chains(hand: Hand) -> Array:
    """Interlinked metal: mail of rings, or chains of long links."""
    ground, metal = hand.contrasting()
    picture = hand.background() * 0.35 if hand.chance(0.3) else flat(ground, hand.x)
    picture = np.asarray(picture, np.float32)
    dark = metal * 0.25 if metal.sum() > ground.sum() else ground * 0.6
    shine = np.minimum(metal * 1.3 + 0.25, 1)
    tones = (dark, metal * 0.85, shine) if hand.chance(0.8) else (shine, metal, dark)
    if hand.chance(0.4):
        _mail(hand, picture, tones)
    else:
        _link_chains(hand, picture, tones)
    return picture


def _mail(hand: Hand, picture: Array, tones: Sequence[Array]) -> None:
    """Rings in staggered rows; two arcs of each are drawn again, over its neighbours."""
    radius = SIDE / hand.ratio(3.5, 6)
    width = radius * hand.between(0.28, 0.42)
    pitch, drop = radius * hand.between(1.35, 1.6), radius * hand.between(1.1, 1.4)
    turn = hand.angle()
    long = np.array([np.cos(turn), np.sin(turn)])
    wide = np.array([-np.sin(turn), np.cos(turn)])
    reach = int(0.75 * SIDE / drop) + 1
    places = [
        SIDE / 2 + long * (i + 0.5 * (j % 2)) * pitch + wide * j * drop
        for j in range(-reach, reach + 1)
        for i in range(-reach, reach + 1)
    ]
    places = [place for place in places if np.all(np.abs(place - SIDE / 2) < SIDE / 2 + radius)]
    axes = long * radius, wide * radius * hand.between(0.85, 1)
    ring = _arc(axes, 0, TURN)
    over = _arc(axes, -1.2, -0.2), _arc(axes, 0.9, 1.6)
    for place in places:
        _tube(picture, place + ring, width, tones)
    for place in places:
        for arc in over:
            _tube(picture, place + arc, width, tones)


def _arc(axes: tuple[Array, Array], start: float, end: float) -> Array:
    """A part, from turn ``start`` to ``end``, of the ellipse with these two half axes,
    about 0."""
    turn = np.linspace(start, end, max(4, round(abs(end - start) * 4)))[:, None]
    return np.asarray(np.cos(turn) * axes[0] + np.sin(turn) * axes[1])


def _tube(picture: Array, line: Array, width: float, tones: Sequence[Array]) -> None:
    """A round bar along ``line`` (pixels), lit from above on the left."""
    for tone, share, shift in zip(tones, (1.0, 0.72, 0.28), (0.0, -0.03, -0.14), strict=True):
        trace(picture, line + shift * width, tone, max(1, round(width * share)))


def _link_chains(hand: Hand, picture: Array, tones: Sequence[Array]) -> None:
    """Links seen flat and on edge by turns; two arcs of each flat one are drawn again, on top."""
    size = SIDE / hand.ratio(4, 7)
    width = size * hand.between(0.3, 0.45)
    turn, gap = hand.angle(), size * hand.between(1.9, 3)
    narrow, swing = hand.between(0.5, 0.8), hand.between(0, 0.5)
    rows = int(0.7 * SIDE / gap) + 1
    for row in range(-rows, rows + 1):
        along = np.arange(-0.8 * SIDE, 0.8 * SIDE, size * 1.25) + hand.between(0, size)
        bent = turn + swing * np.sin(along * (3 / SIDE) + row)
        ahead = np.stack([np.cos(bent), np.sin(bent)], 1)
        aside = np.stack([-np.sin(bent), np.cos(bent)], 1)
        places = np.cumsum(ahead, 0) * size * 1.25
        places += SIDE / 2 - places[len(places) // 2] + aside[len(aside) // 2] * row * gap
        for k in range(0, len(places), 2):
            axes = ahead[k] * size, aside[k] * size * narrow
            _tube(picture, places[k] + _arc(axes, 0, TURN), width, tones)
        for k in range(1, len(places), 2):
            axes = ahead[k] * size, aside[k] * size * 0.12
            _tube(picture, places[k] + _arc(axes, 0, TURN), width, tones)
        for k in range(0, len(places), 2):
            axes = ahead[k] * size, aside[k] * size * narrow
            _tube(picture, places[k] + _arc(axes, 0.1, 1.2), width, tones)
            _tube(picture, places[k] + _arc(axes, 3.3, 4.3), width, tones)
