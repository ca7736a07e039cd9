"""Rock, cut and uncut."""

from itertools import pairwise
from math import cos, sin

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near, set_off
from engine.bestiary.drawing import Hand, Ramp
from engine.bestiary.geometry import TURN, turning
from engine.bestiary.pictures import SIDE, Colour, blend, mixed, rising
from engine.bestiary.plates import blank, copies, on_sheet
from engine.bestiary.strokes import dot, fill, trace
from engine.frame import Array


def crystals(hand: Hand) -> Array:
    """Clusters of long pointed prisms that stand side by side, each face lit for itself."""
    ramp, light = hand.ramp(3), hand.angle()
    picture = set_off(hand, hand.background(), float(ramp(0.5).mean()))
    line, edge = hand.whole(1, 2), hand.colour(0.0, 0.2) if hand.chance(0.6) else hand.colour(0.9)
    clusters = hand.whole(1, 2)
    for k in range(clusters):
        x = SIDE * (k + hand.between(0.4, 0.6)) / clusters
        y, size = SIDE * hand.between(0.95, 1.1), SIDE * hand.between(0.85, 1.1) / clusters**0.35
        count = hand.whole(3, 6 - clusters)
        turns = np.linspace(-0.5, 0.5, count) * hand.between(0.9, 1.7) - TURN / 4
        turns = hand.shuffled(turns + hand.many(count, -0.1, 0.1))
        lengths = np.sort(hand.many(count, 0.5, 1.0))[::-1] * size
        for turn, length in zip(turns, lengths, strict=True):
            half = length * hand.between(0.13, 0.2) + 3
            _prism(picture, (x, y), float(turn), (float(length), half), ramp, light, line, edge)
    return picture


def _prism(
    picture: Array,
    foot: tuple[float, float],
    turn: float,
    size: tuple[float, float],
    ramp: Ramp,
    light: float,
    line: int,
    edge: Colour,
) -> None:
    """Three faces and their tips. ``size``: its length, and half its width; ``light``: where that
    comes from, an angle; ``line``: how wide its ``edge`` is drawn."""
    length, half = size
    base = np.array(foot)
    ahead = np.array([cos(turn), sin(turn)])
    aside = np.array([-ahead[1], ahead[0]])
    point = base + ahead * length
    shoulders = np.array([-1.0, -0.35, 0.45, 1.0]) * half
    set_back = length - half * np.array([1.5, 1.1, 1.1, 1.5])
    feet = base + shoulders[:, None] * aside * 0.8
    corners = base + shoulders[:, None] * aside + set_back[:, None] * ahead
    lit = 0.5 + 0.42 * np.cos(turn + np.pi / 2 * np.array([-1.2, -0.1, 1.1]) - light)
    sides = ramp(lit) * (0.35 + 0.75 * lit)[:, None]
    tips = np.minimum(ramp(lit + 0.2) * (0.55 + 0.75 * lit)[:, None], 1)
    points = np.concatenate([feet, corners, [point]])
    for k in range(3):
        side, top = points[[k, k + 4, k + 5, k + 1]], points[[k + 4, 8, k + 5]]
        fill(picture, side, sides[k])
        fill(picture, top, tips[k])
        if line:
            trace(picture, side[:3], edge, line)
            trace(picture, top, edge, line)


def gems(hand: Hand) -> Array:
    """Cut stones from above: a table amid facets."""
    count = hand.whole(5, 9)
    stretch = hand.between(0.62, 1.0) if hand.chance(0.6) else 1.0
    ramp, light = hand.ramp(4), hand.angle()
    table, belt = hand.between(0.42, 0.58), hand.between(0.72, 0.82)
    picture, mask = blank(ramp(0.5))
    line, chequer = hand.whole(0, 2), hand.between(0.05, 0.3)
    edge = hand.colour(0.7, 1.0) if hand.chance(0.6) else hand.colour(0.0, 0.3)
    stepped = hand.chance(0.4)
    cut = _stepped(hand, count, table) if stepped else _brilliant(count, table, belt)
    middles = np.array([facet.mean(0) for facet in cut])
    shades = 0.5 + 0.45 * np.cos(np.arctan2(middles[:, 1], middles[:, 0]) - light)
    shades += hand.many(len(cut), -0.1, 0.1) + chequer * np.resize([-1, 1], len(cut))
    shades[0] = hand.between(0.1, 0.9)  # of the table
    tints = ramp(shades) * (0.15 + 1.05 * np.clip(shades, 0, 1))[:, None]
    for facet, tint in zip(cut, tints, strict=True):
        outline = on_sheet(facet * (1, stretch))
        fill(picture, outline, tint)
        if line:
            trace(picture, np.concatenate([outline, outline[:1]]), edge, line)
    girdle = _ring(count, 1.0) if stepped else _ring(2 * count, 0.99)
    fill(mask, on_sheet(girdle * (1, stretch)), 1.0)
    if hand.chance(0.45):
        shine = np.array([[-0.32, -0.2], [-0.05, -0.32], [0.1, 0.05], [-0.25, 0.25]]) * table * 2
        gleam = blend(ramp(0.7), hand.colour(0.9, 1.0), hand.between(0.4, 1.0))
        fill(picture, on_sheet(shine * (1, stretch)), gleam)
    stamp, ground = copies(np.dstack([picture, mask])), ground_near(hand, hand.colour(0.02, 1.0))
    ground = set_off(hand, ground, float(tints.mean()))
    return hand.scattered(
        stamp, most=2, smallest=0.75, largest=1.0, tilt=1.0, tiled=0.2, ground=ground
    )


def _ring(count: int, radius: float, offset: float = 0.0) -> Array:
    """Corners of a polygon; ``offset`` in sides."""
    turn = (np.arange(count) + offset) * (TURN / count)
    return np.stack([np.cos(turn), np.sin(turn)], 1) * radius


def _brilliant(count: int, table: float, belt: float) -> list[Array]:
    """The table, then stars, kites and halves down to the girdle. ``table``, ``belt``: radii."""
    top, middle, girdle = _ring(count, table), _ring(count, belt, 0.5), _ring(count, 1.0)
    low = _ring(count, 0.98, 0.5)
    facets = [top]
    for k in range(count):
        after = (k + 1) % count
        facets.append(np.stack([top[k], middle[k], top[after]]))
        facets.append(np.stack([top[k], middle[k - 1], girdle[k], middle[k]]))
        facets.append(np.stack([middle[k], girdle[k], low[k]]))
        facets.append(np.stack([middle[k], low[k], girdle[after]]))
    return facets


def _stepped(hand: Hand, count: int, table: float) -> list[Array]:
    """The table, then rows of facets side by side, as of an emerald."""
    radii = np.linspace(1.0, table, hand.whole(3, 4))
    rings = [_ring(count, radius) for radius in radii]
    facets = [rings[-1]]
    for outer, inner in pairwise(rings):
        for k in range(count):
            after = (k + 1) % count
            facets.append(np.stack([outer[k], outer[after], inner[after], inner[k]]))
    return facets


def mountains(hand: Hand) -> Array:
    """Ridge behind ridge, with snow, and a sun or moon above."""
    picture = hand.ramp(3)(hand.y * 0.4 + 0.5) if hand.chance(0.7) else hand.background()
    if hand.chance(0.7):
        x, y, radius = hand.between(10, 118), hand.between(10, 45), hand.between(8, 22)
        dot(picture, x, y, radius, hand.colour(0.7, 1.0) if hand.chance(0.7) else hand.colour())
    ridges, sun = hand.whole(1, 3), hand.sign()
    tints = hand.palette(ridges + 1)
    snow = tints[0] + (1 - tints[0]) * hand.between(0.0, 0.9)
    snowy, mist = hand.between(0.0, 0.45), hand.between(0.0, 0.7)
    rough = hand.clouds(4, 4, 0.6)
    for k in range(ridges):
        height = hand.between(0.6, 1.0) / (1 + 0.35 * (ridges - 1))
        foot = 0.75 if ridges == 1 else -0.05 + 1.0 * k / (ridges - 1)
        profile = _peaks(hand, height) + 0.05 * rough[20 * k]
        rows = slice(int(np.clip((foot - profile.max() + 0.98) * SIDE / 2, 0, SIDE - 1)), SIDE)
        bumps, depth = rough[rows], hand.y[rows] - (foot - profile)[None]
        bent = (hand.x[rows] + 0.22 * bumps * np.clip(depth * 2.5, 0, 1) + 1) * (SIDE / 2)
        facing = cv2.blur(np.gradient(profile)[None].astype(np.float32), (5, 1))[0]
        lit = np.tanh(facing * (sun * 90))[np.clip(bent, 1, SIDE - 2).astype(np.int32)]
        colour = mixed(tints[k + 1], snow, rising(snowy - depth + 0.12 * bumps, 0.06))
        rock = colour * (0.68 + 0.34 * lit)[..., None]
        rock = mixed(rock, tints[0], np.clip(depth * 0.9, 0, 1) * mist)
        picture[rows] = mixed(picture[rows], rock, rising(depth, 0.02))
    return picture


def _peaks(hand: Hand, height: float) -> Array:
    """How high a ridge is in each column of the picture."""
    across = np.linspace(-1, 1, SIDE, dtype=np.float32)
    profile = np.full(SIDE, -9.0, np.float32)
    for _ in range(hand.whole(2, 4)):
        x, top = hand.between(-1.1, 1.1), height * hand.between(0.65, 1.1)
        steep = hand.between(0.8, 1.5)
        profile = np.maximum(profile, top * 1.3 - np.abs(across - x) * steep)
    return np.maximum(profile, -0.3)


def pebbles(hand: Hand) -> Array:
    """Round stones heaped and packed, lit from one side."""
    across = hand.ratio(2.0, 4.6)
    pitch = SIDE / across
    stones = _heaped(hand, pitch, int(across) + 3)
    inside = cv2.distanceTransform((stones > 0).astype(np.uint8), cv2.DIST_L2, 3)
    inside = np.clip(inside / np.float32(pitch * 0.4), 0, 1)
    dome = cv2.blur(np.sqrt(inside * (2 - inside)), (5, 5))
    spots = hand.clouds(hand.between(6, 20), 2) * hand.between(0.0, 0.12)
    picture = hand.ramp(4)(stones + spots + 0.06 * hand.clouds(2, 2))
    steep = pitch / hand.between(16, 26)
    turn = hand.between(-1.2, 1.2)
    slope = cv2.Sobel(dome, -1, 1, 0) * (sin(turn) * steep)
    slope = slope + cv2.Sobel(dome, -1, 0, 1) * (cos(turn) * steep)
    light = 0.75 + 0.55 * slope / np.sqrt(1 + slope * slope)
    picture = np.clip(picture * light[..., None], 0, 1)
    if hand.chance(0.5):
        picture = mixed(picture, hand.colour(0.8, 1.0), rising(light - 1.12, 0.12) * 0.6)
    shadow = hand.colour(0.0, 0.25) if hand.chance(0.75) else hand.colour(0.5, 1.0)
    return mixed(shadow, picture, np.clip(dome * 2.2, 0, 1))


def _heaped(hand: Hand, pitch: float, count: int) -> Array:
    """The tone of the stone at each place, 0 between stones: ``count`` by ``count`` on a staggered
    grid, in any order, each with a gap round it."""
    places = [(i + 0.5 * (j % 2), j * 0.87) for i in range(-1, count) for j in range(-1, count + 1)]
    stones = np.zeros((SIDE, SIDE), np.float32)
    slender, heaped = hand.between(0.55, 1.0), hand.between(1.05, 1.35)
    shapes = [_stone(hand, slender) for _ in range(5)]
    gap = hand.between(1.5, 4.0)
    for k in hand.shuffled(np.arange(len(places))):
        x, y = (np.array(places[k]) + hand.many(2, -0.18, 0.18)) * pitch
        radius = pitch * 0.5 * heaped * hand.between(0.7, 1.25)
        if not (-radius < x < SIDE + radius and -radius < y < SIDE + radius):
            continue
        outline = shapes[k % 5] @ turning(hand.angle())
        fill(stones, outline * (radius + gap) + [x, y], 0.0)
        fill(stones, outline * radius + [x, y], hand.between(0.1, 1.0))
    return stones


def _stone(hand: Hand, slender: float) -> Array:
    """A lumpy outline about 0, of radius 1."""
    turn = np.linspace(0, TURN, 16, endpoint=False)
    lumps = 0.09 * np.cos(2 * turn + hand.angle()) + 0.05 * np.cos(3 * turn + hand.angle())
    oval = np.stack([np.cos(turn), np.sin(turn) * hand.between(slender, 1.0)], 1)
    return np.asarray(oval * (1 + lumps)[:, None])
