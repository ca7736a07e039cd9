"""Insects and spiders, their wings and webs."""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np

from engine.bestiary.contrast import scheme
from engine.bestiary.drawing import Hand
from engine.bestiary.figures import Figure, both, symmetric
from engine.bestiary.geometry import TURN, ellipse, flowing, fraction, norm, rounded
from engine.bestiary.pictures import SIDE, blend, flat
from engine.bestiary.strokes import facets, snapped
from engine.frame import Array


def butterflies(hand: Hand) -> Array:
    """Inks: 1 wings, 2 edges and veins, 3 sometimes the hind wings, 4 body, 5 spots."""
    figure = Figure()
    reach, lift, waist = hand.between(0.85, 1.1), hand.between(0.7, 1.15), hand.between(0, 0.25)
    low, tail = hand.between(0.6, 0.95), hand.between(0.6, 1.15)
    hind = rounded([(0.02, -0.1), (low, waist), (low, tail * 0.65), (0.42, tail), (0.3, 0.5)])
    fore = rounded(
        [(0.02, 0.1), (0.1, -0.4), (reach * 0.8, -lift), (reach * 1.1, -lift), (low, waist)]
    )
    border = hand.between(0.7, 0.9)
    for wing, ink in ((hind, (1, 3)[hand.whole(0, 1)]), (fore, 1)):
        middle = wing.mean(0) * (0.85, 1)
        for points in both(wing):
            figure.polygon(points, 2)
        for points in both(middle + (wing - middle) * border):
            figure.polygon(points, ink)
    if hand.chance(0.7):
        _veins(hand, figure, fore, hind)
    _wing_spots(hand, figure, fore.mean(0), hind.mean(0))
    long = hand.between(0.4, 0.55)
    figure.fill(ellipse(figure.u, figure.v, 0, 0.08, hand.between(0.06, 0.1), long) < 1, 4)
    figure.dot(0, -long, 0.1, 4)
    for points in both(flowing([(0.02, -long), (0.1, -0.8), (0.3, hand.between(-1.05, -0.8))])):
        figure.line(points, 0.04, 4)
        figure.dot(points[-1, 0], points[-1, 1], 0.05, 4)
    wing_colour, edge, third, dark, light = scheme(hand)
    body = edge if hand.chance(0.5) else dark
    colours = (wing_colour, edge, third, body, light if hand.chance(0.5) else third)
    tilt = TURN if hand.chance(0.5) else 0.9
    return figure.scattered(hand, colours, most=2, smallest=0.75, largest=1.1, tilt=tilt)


def _veins(hand: Hand, figure: Figure, fore: Array, hind: Array) -> None:
    root, width = np.array([(0.05, 0.02)]), hand.between(0.02, 0.05)
    for wing in (fore, hind):
        ends = wing[len(wing) // 4 : -len(wing) // 6 : hand.whole(4, 6)]
        for end in ends:
            for points in both(np.concatenate([root, end[None] * 0.97])):
                figure.line(points, width, 2)


def _wing_spots(hand: Hand, figure: Figure, fore: Array, hind: Array) -> None:
    """Eyes of three rings, beyond the middles of the wings."""
    for middle in (fore * (1.25, 1.25), hind * (1.1, 1.1))[: hand.whole(1, 2)]:
        radius = hand.between(0.12, 0.22)
        for ring, ink in ((1.0, 2), (0.75, 5), (0.4, 4 if hand.chance(0.5) else 2)):
            for points in both(middle[None]):
                figure.dot(points[0, 0], points[0, 1], radius * ring, ink)


def beetles(hand: Hand) -> Array:
    """Inks: 1 wing cases, 2 head and limbs, 3 shield, 4 marks, 5 eyes."""
    figure = Figure()
    u, v, aside = figure.u, figure.v, figure.aside
    wide, long = hand.between(0.48, 0.6), hand.between(0.56, 0.66)
    leg = hand.between(0.08, 0.12)
    for y, slope in ((-0.3, -0.45), (0.08, 0.1), (0.4, 0.5)):
        knee = (wide + 0.22, y + slope * 0.6)
        foot = (wide + hand.between(0.28, 0.42), y + slope * 1.3 + 0.12 * np.sign(slope))
        for points in both(np.array([(0.2, y), knee, foot])):
            figure.line(points, leg, 2)
    _feelers(hand, figure)
    figure.fill(ellipse(u, v, 0, -0.68, hand.between(0.18, 0.26), 0.2) < 1, 2)
    figure.fill(ellipse(aside, v, 0.14, -0.76, 0.06, 0.06) < 1, 5)
    shield = hand.between(0.65, 0.9)
    figure.fill(ellipse(u, v, 0, -0.4, wide * shield, 0.22) < 1, 3)
    case = ellipse(u, v, 0, 0.28, wide, long)
    cases = (case < 1) & (v > -0.24)
    figure.fill(cases, 1)
    _case_pattern(hand, figure, cases)
    parting = hand.between(0.04, 0.07) + np.maximum(v - hand.between(0.2, 0.8), 0) * 0.35
    figure.fill((case < 1.02) & ((aside < parting) | (np.abs(v + 0.23) < 0.03)) & (v > -0.26), 2)
    figure.light += cases * np.clip(1 - ellipse(aside, v, wide * 0.45, 0.1, 0.14, 0.4), 0, 1) * 0.6
    shell, limbs, third, _, _ = scheme(hand)
    colours = (shell, limbs, blend(shell, third, hand.between(0, 1)), third, shell)
    return figure.scattered(hand, colours, most=2, smallest=0.8, largest=1.1)


def _feelers(hand: Hand, figure: Figure) -> None:
    """Antennae; some beetles have a pair of jaws, or a horn."""
    out = hand.between(0.2, 0.6)
    for points in both(flowing([(0.1, -0.75), (0.15, -1.05), (out, -hand.between(0.85, 1.1))])):
        figure.line(points, 0.05, 2)
    kind = hand.whole(0, 3)
    if kind == 0:
        for points in both(flowing([(0.12, -0.75), (0.34, -0.9), (0.2, -1.1), (0.05, -1.08)])):
            figure.line(points, 0.09, 2)
    elif kind == 1:
        figure.polygon(symmetric([(0.0, -1.12), (0.1, -0.7)], 1), 2)


def _case_pattern(hand: Hand, figure: Figure, cases: Array) -> None:
    """Spots, slanting bands, stripes lengthwise, a sheen, or nothing."""
    v, aside = figure.v, figure.aside
    kind, count = hand.whole(0, 4), hand.whole(2, 4)
    if kind == 0:
        y = fraction(v * count * 0.7 + 0.1) - 0.5
        spots = norm(aside - 0.24, y / (count * 0.7)) < hand.between(0.08, 0.12)
        figure.fill(cases & spots, 2)
    elif kind == 1:
        figure.fill(cases & (fraction(v * count * 0.6 + aside * 0.5) < 0.4), 4)
    elif kind == 2:
        figure.fill(cases & (fraction(aside * count * 2.2) < 0.35), 2 if hand.chance(0.5) else 4)
    elif kind == 3:
        figure.light *= 1 - cases * (0.3 + 0.3 * np.sin(aside * 6 + v * 5))


def spiders(hand: Hand) -> Array:
    """Inks: 1 body, 2 legs, 3 mark, 4 eyes."""
    figure = Figure()
    u, v, aside = figure.u, figure.v, figure.aside
    fat, long = hand.between(0.2, 0.34), hand.between(0.28, 0.42)
    high, thick, fold = hand.between(0.42, 0.6), hand.between(0.06, 0.1), hand.between(1.25, 1.6)
    for turn in (-0.95, -0.38, 0.2, 0.75):
        angle = turn + hand.between(-0.08, 0.08)
        toe = angle * fold
        knee = (high * np.cos(angle) + 0.08, high * np.sin(angle) * 1.25 - 0.12)
        foot = (1.05 * np.cos(toe), 1.08 * np.sin(toe) * hand.between(0.85, 1) - 0.05)
        for points in both(np.array([(0.06, -0.1 + turn * 0.1), knee, foot])):
            figure.line(points, thick, 2)
            if hand.chance(0.3):
                figure.dot(points[1, 0], points[1, 1], thick * 0.8, 3)
    belly = ellipse(u, v, 0, 0.08 + long, fat, long)
    figure.fill(belly < 1, 1)
    _belly_mark(hand, figure, belly < 0.85, 0.08 + long)
    front = hand.between(0.15, 0.22)
    figure.fill(ellipse(u, v, 0, -0.12, front, front * 1.2) < 1, 1 if hand.chance(0.5) else 2)
    figure.fill(ellipse(aside, v, 0.07, -0.24, 0.05, 0.05) < 1, 4)
    for points in both(flowing([(0.08, -0.3), (0.15, -0.45), (0.06, -0.5)])):
        figure.line(points, 0.06, 2)
    legs, eye, third, _, _ = scheme(hand)
    body = legs if hand.chance(0.5) else third
    return figure.scattered(
        hand, (body, legs, eye, eye), most=2, smallest=0.7, largest=1.1, tilt=TURN
    )


def _belly_mark(hand: Hand, figure: Figure, belly: Array, y: float) -> None:
    """An hourglass, bands, a cross, two rows of dots, or nothing, about the height ``y``."""
    v, aside = figure.v - y, figure.aside
    marks: tuple[Callable[[], Array], ...] = (
        lambda: aside < 0.02 + np.abs(v) * 0.5,
        lambda: fraction(v * 5 + aside * 3) < 0.45,
        lambda: (aside < 0.05) | (np.abs(v) < 0.05),
        lambda: norm(aside - 0.1, fraction(v * 4) * 0.25 - 0.12) < 0.06,
        lambda: np.zeros(v.shape, bool),
    )
    figure.fill(belly & marks[hand.whole(0, 4)](), 3)


def cobwebs(hand: Hand) -> Array:
    """Radial threads and, between them, sagging turns of a spiral."""
    ground, thread = hand.contrasting()
    picture = flat(ground, hand.x)
    if hand.chance(0.6):
        picture = picture * (0.75 + 0.2 * hand.clouds(2, 3)[..., None])
    _web(hand, picture, hand.many(2, 0.3, 0.7) * SIDE, hand.between(0.4, 0.8) * SIDE, thread)
    return picture


def _web(hand: Hand, picture: Array, middle: Array, reach: float, thread: Array) -> None:
    """``middle`` and ``reach`` in pixels."""
    count, width = hand.whole(8, 12), hand.whole(2, 3)
    turns = np.arange(count + 1) * (TURN / count) + hand.angle()
    turns[:-1] += hand.many(count, -0.15, 0.15) * TURN / count
    turns[-1] = turns[0]
    spokes = np.stack([np.cos(turns), np.sin(turns)], 1)
    for end in snapped(middle + spokes * reach * hand.between(1.05, 2)):
        cv2.line(picture, snapped([middle])[0].tolist(), end.tolist(), thread.tolist(), width)
    step = width * hand.between(4, 6) + 2
    sag = hand.between(0.12, 0.25)
    along = np.linspace(0, 1, 5)[:, None]
    droop = 1 - sag * np.sin(np.pi * along)
    spiral = hand.chance(0.5) * np.arange(count + 1) / count  # or all 0: closed rings
    for k in range(1, int(reach / step) + 1):
        knots = spokes * ((k + spiral) * step)[:, None]
        sagging = (knots[:-1, None] * (1 - along) + knots[1:, None] * along) * droop
        cv2.polylines(picture, snapped(middle + sagging), False, thread.tolist(), width)


def wings(hand: Hand) -> Array:
    """A dragonfly's wing: long branching veins, small cells between, a film that shimmers."""
    turn, root = hand.angle(), hand.between(0.55, 1.5) * SIDE
    near, far = max(0.0, root - 0.75 * SIDE), root + 0.75 * SIDE
    cell, bend = hand.ratio(12, 22), hand.between(-0.5, 0.5) / SIDE
    wide = cell * hand.between(2.2, 3.6) / root  # from vein to vein, in radians
    edges = np.cumsum(hand.many(40, 0.6, 1.5)) * wide + hand.between(-1.4, -1.2)
    edges = edges[edges < 1.4]

    def placed(away: Array, angle: Array) -> Array:
        """From distance and angle at the wing's root to pixels."""
        angle = angle + bend * (away - root) + turn
        x, y = np.cos(angle) * away, np.sin(angle) * away
        return SIDE / 2 + np.stack([x - np.cos(turn) * root, y - np.sin(turn) * root], -1)

    places, forks = [], []
    along = np.linspace(0, 1, 12)
    for low, high in pairwise(edges):
        for away in np.arange(near + cell * hand.between(0.3, 1), far, cell):
            rows = max(1, round(away * (high - low) / cell))
            places += [(away, low + (high - low) * (row + 0.5) / rows) for row in range(rows)]
        fork = min(far, hand.between(0.8, 1.6) * cell / (high - low))
        forks.append((fork + (far - fork) * along, low + (high - low) * 0.5 * np.tanh(along * 4)))
    strewn = placed(*np.array(places).T) + hand.grain((len(places), 2)) * cell * 0.12
    veins = [placed(near + (far - near) * along, np.full(12, edge)) for edge in edges]
    shimmer = _shimmer(hand)
    ink, clear = hand.contrasting()
    picture = np.asarray(clear + (shimmer - clear) * hand.between(0.1, 0.45), np.float32)
    width = 2 if hand.chance(0.7) else 1
    cv2.polylines(picture, facets(strewn), True, ink.tolist(), width)
    cv2.polylines(
        picture, snapped([placed(*fork) for fork in forks]), False, ink.tolist(), width + 1
    )
    cv2.polylines(picture, snapped(veins), False, ink.tolist(), width + hand.whole(2, 4))
    return picture


def _shimmer(hand: Hand) -> Array:
    """The colours of a thin film: three waves of its thickness, the more apart the more vivid."""
    thickness = hand.clouds(2, 2)[..., None] * 0.4
    phases = thickness + np.array([0, 0.33, 0.66]) * hand.vivid
    return np.asarray(0.5 + 0.5 * np.cos(TURN * phases.astype(np.float32)))
