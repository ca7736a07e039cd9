"""What fills the plane with cells and bands."""

from math import cos, sin

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near, pair
from engine.bestiary.drawing import Hand, Ramp
from engine.bestiary.geometry import (
    TURN,
    fraction,
    hashed,
    hexagonal,
    hexagons,
    norm,
    polar,
    remainder,
    sector,
    turning,
)
from engine.bestiary.pictures import SIDE, Colour, flat, mixed, painted, rising, shaded
from engine.bestiary.strokes import facets, pixels, snapped
from engine.frame import Array


def honeycomb(hand: Hand) -> Array:
    """Hexagonal cells, hollow or domed, between walls of wax."""
    u, v = hand.plane(1.7, 5.5, warp=0.05)
    x, y, i, j = hexagons(u, v)
    edge = hexagonal(x, y) * 2
    wall = hand.between(0.08, 0.3)
    depth = edge if hand.chance(0.5) else 1 - edge
    number = hashed(i, j, hand.between(0, 9))
    tone = 0.25 + hand.between(0.1, 0.6) * number + hand.between(0, 0.4) * depth
    if hand.chance(0.3):
        tone = np.where(number < 0.4, tone * 0.3, tone)
    inside = hand.ramp(4)(tone) * (1 - hand.between(0, 0.7) * depth)[..., None]
    picture = mixed(flat(hand.colour(0.02, 1), u), inside, rising(1 - wall - edge, 0.08))
    if hand.chance(0.3):
        picture = painted(picture, np.abs(edge - 1 + wall) < 0.05, hand.colour(0, 1))
    return hand.lit(picture, np.clip((edge - 1 + wall) * 5, 0, 1), hand.between(1.5, 4))


def voronoi(hand: Hand) -> Array:
    """Stained glass: flat panes with straight edges between bars."""
    across = hand.ratio(2.2, 5)
    grid = np.mgrid[-2 : across + 2, -2 : across + 2].reshape(2, -1).T
    strewn = grid + hand.grain((len(grid), 2)) * hand.between(0.2, 0.5)
    panes = facets(strewn * (SIDE / across))
    pane = np.zeros((SIDE, SIDE), np.int32)
    for number, corners in enumerate(panes):
        cv2.fillConvexPoly(pane, corners, number)
    slope = hand.grain((2, len(panes))) * hand.between(0, 0.25)
    shine = 1 + hand.between(0, 0.2) * hand.noise(2) + slope[0][pane] * hand.x
    tone = hand.many(len(panes)).astype(np.float32)
    picture = hand.ramp(5)(tone[pane] + slope[1][pane] * hand.y)
    picture = np.asarray(picture * shine[..., None], np.float32)
    bars = hand.colour(0.0, 0.25) if hand.chance(0.6) else hand.colour(0.7, 1)
    width = hand.whole(2, 8)
    cv2.polylines(picture, panes, True, bars.tolist(), width)
    if hand.chance(0.4) and width > 4:
        cv2.polylines(picture, panes, True, hand.colour(0.2, 1).tolist(), width // 3)
    return picture


def stars(hand: Hand) -> Array:
    """Islamic star patterns: straps that cross on the edges of a tiling by great polygons
    (Hankin, The drawing of geometric patterns in Saracenic art, 1925)."""
    points = (6, 8, 10, 12)[hand.whole(0, 3)]
    u, v = hand.plane(1.0, 2.4 if points < 10 else 1.8, warp=0.03, stretch=0.05)
    x, y = _tiled(points, u, v)
    radius, angle = polar(x, y)
    fold = sector(angle, points)
    steep = hand.between(0.85, 1.1) if points == 6 else hand.between(0.95, 1.3)
    # Two straps go inwards from the middle of each edge: the distances from the left and the right
    inward = (0.5 - radius * np.cos(fold)) * cos(steep)
    across = radius * np.sin(fold) * sin(steep)
    left, right = inward - across, inward + across
    width = hand.between(0.05, 0.085)
    body, edge = pair(hand)
    colours = hand.palette(4) * 0.4 + 0.6 * edge
    which = (left > 0).astype(np.int32) + (right > 0)
    which[radius < hand.between(0.0, 0.28)] = 3
    ground = colours.take(which, 0)
    over = np.abs(right) / width  # the right one lies over the left one
    strap = np.where(over < 1, over, np.abs(left) / width)
    if hand.chance(0.4):  # the straps of the next edges, drawn on into this sector
        turned = TURN / points - np.abs(fold)
        deep = (0.5 - radius * np.cos(turned)) * cos(steep) - radius * np.sin(turned) * sin(steep)
        strap = np.minimum(strap, np.abs(deep) / width)
    drawn = mixed(ground, _strand(hand, body, edge)(strap), rising(1 - strap, 0.1))
    return hand.lit(drawn, 1 - np.minimum(strap, 1) ** 2, 3, probability=0.4)


def _tiled(points: int, u: Array, v: Array) -> tuple[Array, Array]:
    """(x, y) from the middle of the nearest tile of pitch 1, of a tiling that ``points`` fits."""
    if points == 8:
        return fraction(u) - 0.5, fraction(v) - 0.5
    if points != 10:
        x, y, _, _ = hexagons(u, v)
        return x, y
    # Decagons, edge to edge, stand on a lattice of rhombs
    slant, height = cos(TURN / 5), sin(TURN / 5)
    row = np.floor(v / height)
    places = []
    for near in (row, row + 1):
        x = u - near * slant
        places.append((x - np.floor(x + 0.5), v - near * height))
    (x, y), (x_next, y_next) = places
    closer = x * x + y * y <= x_next * x_next + y_next * y_next
    return np.where(closer, x, x_next), np.where(closer, y, y_next)


def _strand(hand: Hand, body: Colour, edge: Colour) -> Ramp:
    """The colours across a band: 0 in its middle, 1 at its edge; flat, round, or lined."""
    across = np.linspace(0, 1, 256, dtype=np.float32)
    outline, line = hand.between(0.1, 0.3), hand.between(0.15, 0.4)
    shade = 1 - hand.between(0, 0.7) * across**2 if hand.chance(0.6) else np.ones_like(across)
    table = body * shade[:, None]
    if hand.chance(0.35):
        second = hand.colour() * 0.5 + edge * 0.5
        table = painted(table[None], (across < line)[None], second)[0]
    table[across > 1 - outline] = edge
    table = np.asarray(table, np.float32)

    def looked_up(across: Array) -> Array:
        place = np.clip(across * 255, 0, 255).astype(np.int32)
        return np.asarray(table.take(place, 0))

    return looked_up


def knots(hand: Hand) -> Array:
    """Celtic interlace: broad bands over and under one another."""
    body, edge = pair(hand)
    kind = hand.whole(0, 3)
    if kind < 2:
        top, under = _interlaced(hand)
    else:
        top, under = _plaited(hand, closed=kind == 3)
    strand = np.where(top < 1, top, under)
    ground = ground_near(hand, edge)
    drawn = mixed(ground, _strand(hand, body, edge)(strand), rising(1 - strand, 0.08))
    return hand.lit(drawn, 1 - np.minimum(strand, 1) ** 2, hand.between(2, 5), probability=0.4)


def _interlaced(hand: Hand) -> tuple[Array, Array]:
    """How far across the upper and the lower band (1 on its edge) of a knot on a grid, where
    bands cross in the middle of a cell or, here and there, turn away from each other."""
    u, v = hand.plane(2.5, 4.5, warp=0.03)
    i, j = np.floor(u), np.floor(v)
    x, y = u - i, v - j
    period = hand.whole(2, 4)
    chosen = hashed(remainder(i, period), remainder(j, period), hand.between(0, 99))
    turns = (chosen < hand.between(0.4, 0.9)) & (remainder(i + j, 2) > 0.5)
    mirrored = np.where(fraction(chosen * 37) > 0.5, x, 1 - x)
    arcs = np.minimum(np.abs(norm(mirrored, y) - 0.5), np.abs(norm(1 - mirrored, 1 - y) - 0.5))
    across, along = np.abs(x - 0.5), np.abs(y - 0.5)
    even = remainder(i + j, 2) < 0.5
    top = np.where(turns, arcs, np.where(even, across, along))
    under = np.where(turns, 9, np.where(even, along, across))
    width = hand.between(0.2, 0.32)
    return top / width, under / width


def _plaited(hand: Hand, closed: bool) -> tuple[Array, Array]:
    """As ``_interlaced``, for plaits of two or three strands, straight or closed to a ring."""
    if closed:
        radius, angle = polar(hand.x - hand.between(-0.2, 0.2), hand.y - hand.between(-0.2, 0.2))
        loops, thick = hand.whole(3, 5), hand.between(0.65, 0.95)
        u, v = angle * (loops / TURN), (radius - 0.6) / thick
        stretch = 0.6 * TURN / loops
    else:
        u, v = hand.plane(1.2, 2.6, warp=0.04)
        thick, stretch = 1.0, hand.between(0.8, 1.2)
        u, v = u / stretch, fraction(v) - 0.5
    strands = hand.whole(2, 3)
    swing, width = hand.between(0.22, 0.32), hand.between(0.3, 0.38) / (1 + strands)
    layers = []
    for k in range(strands):
        phase = TURN * (u + k / strands)
        slope = np.sin(phase) * (swing * TURN * thick / stretch)
        across = np.abs(v - swing * np.cos(phase)) / (np.sqrt(1 + slope * slope) * width)
        height = np.sin(phase * (strands - 1))  # which strand lies over which, by turns
        layers.append((across, np.where(across < 1, height, -9)))
    top, highest = layers[0]
    under = np.full_like(top, 9)
    for across, height in layers[1:]:
        above = height > highest
        under = np.minimum(under, np.where(above, top, across))
        top, highest = np.where(above, across, top), np.maximum(height, highest)
    return top, under


def weave(hand: Hand) -> Array:
    """Strips over and under one another at right angles: baskets, canvas, twill, tartan."""
    u, v = hand.plane(2.5, 6)
    i, j = np.floor(u), np.floor(v)
    x, y = u - i - 0.5, v - j - 0.5
    kind, width = hand.whole(0, 3), hand.between(0.33, 0.5)
    if kind < 2:  # over one, under one
        upright = remainder(i + j, 2) < 0.5
    elif kind == 2:  # over two, under two
        upright = remainder(i + j, 4) < 1.5
    else:  # over one, under two
        upright = remainder(i + hand.sign() * j, 3) < 0.5
    seen = np.where(upright, np.abs(x), np.abs(y)) < width
    upright = np.where(seen, upright, ~upright)
    across, along = np.where(upright, x, y), np.where(upright, y, x)
    strip = np.where(upright, i, j)
    colours = hand.palette(4)
    if hand.chance(0.5):
        which = upright.astype(np.int32)
    else:
        which = remainder(strip + 2 * upright, hand.whole(2, 4)).astype(np.int32)
    rounded, sunk = hand.between(0.1, 0.8), hand.between(0.5, 1.6)
    light = 1 - rounded * (across / width) ** 2 - sunk * np.where(seen, along**2, 0.3)
    if hand.chance(0.4):
        light = light * (0.85 + 0.15 * np.sin(across * (TURN * hand.whole(2, 4))))
    light = np.where(np.abs(across) < width, np.clip(light, 0.2, 1), hand.between(0, 0.2))
    drawn = shaded(colours.take(which, 0), light)
    return hand.lit(np.asarray(drawn, np.float32), light * 0.5, hand.between(2, 5), probability=0.3)


def truchet(hand: Hand) -> Array:
    """Bands that wind at random: quarter circles about two corners of every square."""
    u, v = hand.plane(2.3, 5.5, warp=0.04)
    i, j = np.floor(u), np.floor(v)
    flipped = hashed(i, j, hand.between(0, 99)) > 0.5
    x, y = np.where(flipped, 1 - u + i, u - i), v - j
    near, far = norm(x, y), norm(1 - x, 1 - y)
    away = np.minimum(near, far) - 0.5
    style = hand.whole(0, 2)
    body, edge = pair(hand)
    if style == 0:
        ground = ground_near(hand, edge)
    else:  # the two sides of a band in two colours, and with style 2 no band between them
        colours = np.stack([edge, hand.colour() * 0.4 + 0.6 * (edge if style == 1 else body)])
        inside = (away < 0) ^ flipped ^ (remainder(i + j, 2) > 0.5)
        ground = colours.take(inside, 0)
        if style == 2:
            return hand.lit(ground, np.abs(away), 4, probability=0.4)
    width = hand.between(0.14, 0.3)
    band = np.abs(away) / width
    if hand.chance(0.25):
        band = np.abs(band - 0.55) / 0.45
    drawn = mixed(ground, _strand(hand, body, edge)(band), rising(1 - band, 0.1))
    return hand.lit(drawn, 1 - np.minimum(band, 1) ** 2, 3, probability=0.4)


def penrose(hand: Hand) -> Array:
    """Thick and thin rhombs that never repeat, five-fold."""
    corners, pairs = _rhombs(hand, hand.ratio(0.28, 0.6))
    apart = (pairs[:, 1] - pairs[:, 0]) % 5
    thin = (apart == 2) | (apart == 3)
    directions = pairs[:, 0] * 5 + pairs[:, 1]
    any_of_four = np.floor(hand.many(len(pairs), 0, 4)).astype(int)
    kinds = (thin.astype(int), directions, any_of_four)[hand.whole(0, 2)]
    colours = hand.palette(25)
    if kinds.max() < 4:
        colours = hand.shuffled(hand.palette(4))
    ink = pair(hand)[0]
    picture = flat(ink, hand.x)
    height = np.zeros((SIDE, SIDE), np.float32)
    middles = corners.mean(1, keepdims=True)
    inset = hand.between(0.35, 0.6)
    within = snapped(pixels(middles + (corners - middles) * inset))
    framed = hand.chance(0.4)
    for kind in np.unique(kinds):
        chosen = np.flatnonzero(kinds == kind)
        cv2.fillPoly(picture, snapped(pixels(corners[chosen])), colours[kind].tolist())
        if framed:
            cv2.fillPoly(picture, [within[k] for k in chosen], colours[kind - 1].tolist())
    cv2.fillPoly(height, within, 1.0)
    if hand.chance(0.75):
        cv2.polylines(picture, snapped(pixels(corners)), True, ink.tolist(), hand.whole(1, 5))
    return hand.lit(picture, cv2.blur(height, (9, 9)), hand.between(3, 8), probability=0.4)


def _rhombs(hand: Hand, edge: float) -> tuple[Array, Array]:
    """(count, 4, 2) corners and (count, 2) directions of the rhombs in the picture: one for each
    crossing of five sets of parallel lines (de Bruijn, Algebraic theory of Penrose's
    non-periodic tilings, 1981)."""
    angles = np.arange(5) * (TURN / 5)
    ways = np.stack([np.cos(angles), np.sin(angles)], 1)
    shifts = hand.many(5)
    shifts -= shifts.mean()
    lines = np.arange(-4, 5)
    first, second = (grid.ravel() for grid in np.meshgrid(lines, lines))
    corners, pairs = [], []
    for j in range(5):
        for k in range(j + 1, 5):
            offsets = np.stack([first - shifts[j], second - shifts[k]])
            crossing = np.linalg.solve(ways[[j, k]], offsets)
            steps = np.ceil(ways @ crossing + shifts[:, None])
            steps[j], steps[k] = first, second
            corner = steps.T @ ways
            around = np.stack([0 * ways[j], ways[j], ways[j] + ways[k], ways[k]])
            corners.append(corner[:, None] + around)
            pairs.append(np.tile([j, k], (len(first), 1)))
    placed = np.concatenate(corners) @ turning(-hand.angle()) * edge
    seen = np.abs(placed.mean(1)).max(1) < 1 + edge
    return placed[seen], np.concatenate(pairs)[seen]
