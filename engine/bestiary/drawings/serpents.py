"""What winds and curls: bodies along a line."""

from collections.abc import Sequence

import cv2
import numpy as np

from engine.bestiary.contrast import scheme, set_off
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, fraction, norm, rounded
from engine.bestiary.pictures import SIDE, Colour, blend, flat, painted
from engine.bestiary.strokes import dot, fill, pixels, trace
from engine.frame import Array


def snakes(hand: Hand) -> Array:
    """One winding body in a patterned skin, its head at the end."""
    half = hand.between(0.2, 0.27)
    way = _meander(hand, half)
    count = len(way)
    tail = np.clip(np.linspace(0, 4, count), 0.15, 1)
    index, across, present = _ribbon(hand, [way], [half * tail])
    along = index * np.float32(norm(*(way[1:] - way[:-1]).T).mean() / half)
    inks = _snakeskin(hand, along, across)
    skin, mark, third, dark, light = scheme(hand)
    colours = np.stack([skin, mark, third, dark if hand.chance(0.5) else light])
    body = colours[inks]
    roundness = np.sqrt(np.clip(1 - across**2, 0, 1)) * (1 - 0.3 * across * hand.sign())
    body = body * (1 - hand.between(0.3, 0.9) * (1 - roundness))[..., None]
    picture = set_off(hand, hand.background(), body[present].mean())
    picture = np.ascontiguousarray(np.where(present[..., None], body, picture), np.float32)
    _snake_head(hand, picture, way, half, (skin, mark))
    return picture


def _meander(hand: Hand, half: float) -> Array:
    """Bends across the picture, from beyond its edge to a head inside."""
    t = np.linspace(-1.25, hand.between(0.35, 0.6), 110)
    swing = hand.between(0.4, 0.65)
    across = swing * np.sin(t * hand.between(3.6, min(6, 1.1 / half)) + hand.angle())
    t = t + hand.between(0.0, 0.12) * np.sin(across * 6)
    turn = hand.between(-0.6, 0.6)
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack([cosine * t - sine * across, sine * t + cosine * across], 1)


def _ribbon(
    hand: Hand, ways: Sequence[Array], halves: Sequence[Array]
) -> tuple[Array, Array, Array]:
    """Ribbons along ``ways`` (n, 2), later parts over earlier ones, ``halves`` (n,) half their
    widths: the number of the place along them (all ways counted through, with its fraction), the
    place across them (-1..1), and whether there is one at all."""
    number = np.full((SIDE, SIDE), -1, np.float32)
    normals, first = [], 0
    for way, half in zip(ways, halves, strict=True):
        tangent = np.gradient(way, axis=0)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
        normal /= norm(*normal.T)[:, None] + 1e-9
        normals.append(normal)
        edge = normal * half[:, None]
        left, right = way - edge, way + edge
        corners = np.stack([left[:-1], right[:-1], right[1:], left[1:]], 1)
        for k, quad in enumerate(np.round((corners + 1) * SIDE / 2 - 0.5).astype(np.int32)):
            cv2.fillConvexPoly(number, quad, first + k)
        first += len(way)
    present = number >= 0
    near = np.maximum(number, 0)
    points, normal, half = np.concatenate(ways), np.concatenate(normals), np.concatenate(halves)
    step = norm(*np.gradient(points, axis=0).T) + 1e-6
    table = np.column_stack([points, normal, 1 / half, 1 / step]).astype(np.float32)
    looked_up = np.moveaxis(np.take(table, near.astype(np.int32), 0), 2, 0)
    point_x, point_y, normal_x, normal_y, per_half, per_step = looked_up
    x, y = hand.x - point_x, hand.y - point_y
    across = (x * normal_x + y * normal_y) * per_half
    forward = (x * normal_y - y * normal_x) * per_step
    return near + np.clip(forward, 0, 1), np.clip(across, -1, 1), present


def _snakeskin(hand: Hand, along: Array, across: Array) -> Array:
    """The ink (0..3) at each place, ``along`` in half widths of the body."""
    period, kind = hand.between(1.6, 2.8), hand.whole(0, 4)
    beat = np.abs(fraction(along / period) - 0.5) * 2
    aside = np.abs(across)
    inks = np.zeros(along.shape, np.int32)
    if kind < 2:  # diamonds
        diamond = beat + aside * hand.between(0.8, 1.2)
        inks[diamond < 0.95] = 1
        inks[diamond < hand.between(0.3, 0.6)] = 2
    elif kind == 2:  # rings
        inks[beat < hand.between(0.35, 0.6)] = 1
        inks[beat < hand.between(0.0, 0.3)] = 2
    elif kind == 3:  # arrows
        inks[fraction(along / period + aside * hand.between(0.3, 0.8)) < 0.5] = 1
    else:  # a net of scales
        x, y = fraction(along * 0.8 + across), fraction(along * 0.8 - across)
        inks[np.minimum(x, y) < 0.3] = 1
        inks[(aside < 0.35) & (beat < 0.6)] = 2
    if hand.chance(0.4):
        inks[aside > 0.82] = 3
    return inks


def _snake_head(
    hand: Hand, picture: Array, way: Array, half: float, colours: tuple[Colour, Colour]
) -> None:
    """At the end of its ``way``, with a forked tongue; coordinates there are half widths ahead and
    to the side."""
    ahead = way[-1] - way[-4]
    ahead = ahead / norm(*ahead)
    side = np.array([-ahead[1], ahead[0]])
    skin, mark = colours

    def placed(points: Sequence[tuple[float, float]] | Array) -> Array:
        at = np.asarray(points)
        return pixels(way[-1] + (at[:, :1] * ahead + at[:, 1:] * side) * half)

    tongue = placed([(2.5, 0), (3.3, 0.1), (3.8, 0.5), (3.3, 0.1), (3.8, -0.4)])
    trace(picture, tongue, mark, hand.whole(2, 4))
    wide = hand.between(1.4, 1.8)
    corners = [(-1, 0.9), (0.3, wide), (2.9, 0.6), (2.9, -0.6), (0.3, -wide), (-1, -0.9)]
    outline = rounded(corners, 2)
    fill(picture, placed(outline * 1.12), mark * 0.7)
    fill(picture, placed(outline), skin)
    for x, y in placed([(0.75, 0.62), (0.75, -0.62)]):
        for radius, colour in ((0.42, mark), (0.16, skin)):
            dot(picture, x, y, max(1, radius * half * SIDE / 2), colour)


def tentacles(hand: Hand) -> Array:
    """Arms of an octopus, with a row of suckers."""
    ways, halves, phases = [], [], []
    count, sign = hand.whole(2, 5), hand.sign()  # all arms curl one way, their suckers inside
    start, together = hand.angle(), count > 2 and hand.chance(0.3)
    thick = 0.1 + hand.between(0.28, 0.36) / count**0.5
    x, y = hand.many(2, -0.25, 0.25)
    for arm in range(count):
        angle = start + arm * TURN / count + hand.between(-0.3, 0.3)
        # Its root lies in the middle, or beyond the edge of the picture
        off = 0.0 if together else hand.between(-0.7, 0.7)
        out = 0.0 if together else 1.15
        cosine, sine = np.cos(angle), np.sin(angle)
        root = (x - out * cosine - off * sine, y - out * sine + off * cosine)
        ways.append(_arm(hand, root, angle - sign * hand.between(0.1, 0.7), sign))
        halves.append(thick * np.linspace(1, 0.12, len(ways[-1])) ** 0.9)
        step = norm(*np.gradient(ways[-1], axis=0).T)
        phases.append(np.cumsum(step / halves[-1]) * 1.25)
    index, across, present = _ribbon(hand, ways, halves)
    phase = np.concatenate(phases).astype(np.float32)
    nearest = index.astype(np.int32)
    place = phase[nearest] + fraction(index) * np.gradient(phase)[nearest]
    skin, mark, third, _, _ = scheme(hand)
    arms = _suckered(hand, across * sign, place, (skin, mark, third))
    picture = set_off(hand, hand.background(), arms[present].mean())
    line = hand.colour(0, 0.2) if skin.mean() > 0.4 else hand.colour(0.8, 1)
    arms = painted(arms, np.abs(across) > hand.between(0.85, 1.0), line)
    return np.where(present[..., None], arms, picture)


def _arm(hand: Hand, start: tuple[float, float], angle: float, sign: int) -> Array:
    """A way out from ``start`` that curls up ever more tightly."""
    t = np.linspace(0, 1, 56)
    curl = hand.between(5.0, 9.0) * sign * hand.between(0.6, 1.0)
    heading = angle + hand.between(-0.8, 0.3) * sign * t + curl * t ** hand.between(2.0, 3.0)
    step = hand.between(1.8, 2.6) / len(t)
    x, y = np.cumsum(np.cos(heading)) * step, np.cumsum(np.sin(heading)) * step
    return np.stack([start[0] + x, start[1] + y], 1)


def _suckered(
    hand: Hand, across: Array, place: Array, colours: tuple[Colour, Colour, Colour]
) -> Array:
    """The skin of an arm: its suckers, one to each whole ``place``, lie where ``across`` is above
    0."""
    skin, mark, third = colours
    arms = flat(skin, across) * (1 - hand.between(0.3, 0.8) * across**2)[..., None]
    arms = painted(arms, across > hand.between(0.0, 0.3), blend(skin, third, 0.4))
    sucker = norm((fraction(place) - 0.5) / 1.25, across - 0.48) / hand.between(0.3, 0.38)
    arms = painted(arms, sucker < 1, mark)
    return painted(arms, sucker < hand.between(0.35, 0.6), skin * 0.7)
