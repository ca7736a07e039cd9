"""Skins and other surfaces without a figure."""

import cv2
import numpy as np

from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, fraction, hashed, norm, remainder, turning
from engine.bestiary.pictures import SIDE, flat, mixed, moved, painted, rising
from engine.frame import Array


def coral(hand: Hand) -> Array:
    """A labyrinth of even width, running nowhere."""
    field = _labyrinth(hand, hand.ratio(4, 9), 0.32) + hand.between(-0.5, 0.5)
    ridge = rising(field, hand.between(0.3, 1.6))
    first, second = hand.contrasting()
    picture = mixed(first, second, ridge)
    if hand.chance(0.5):
        picture = hand.ramp(4)(np.clip(field * hand.between(0.2, 0.4) + 0.5, 0, 1))
    if hand.chance(0.3):
        picture = painted(picture, np.abs(field) < hand.between(0.15, 0.4), hand.colour(0, 1))
    return hand.lit(picture, np.clip(field * 0.3 + 0.5, 0, 1), hand.between(3, 7), probability=0.7)


def _labyrinth(hand: Hand, waves: float, spread: float, turn: float | None = None) -> Array:
    """Stripes of one width, ``waves`` to the picture, in every direction or across ``turn``: noise
    filtered to one wavelength and made black and white, again and again, as reaction and
    diffusion do. About -1..1."""
    side = SIDE // 2
    down = np.fft.fftfreq(side, 1 / side).astype(np.float32)[:, None]
    across = np.fft.rfftfreq(side, 1 / side).astype(np.float32)[None]
    frequency = np.maximum(norm(across, down), 1e-3)
    kept = np.exp(-(((frequency - waves) / (spread * waves)) ** 2))
    if turn is not None:
        aligned = np.abs(across * np.float32(np.cos(turn)) + down * np.float32(np.sin(turn)))
        kept = kept * (aligned / frequency) ** 9
    field = hand.grain((side, side))
    for _ in range(4):
        field = np.fft.irfft2(np.fft.rfft2(field) * kept, (side, side))
        field = np.tanh(field * (2.5 / field.std()))
    return cv2.resize(field.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def zebra(hand: Hand) -> Array:
    """Long stripes that fork, in a flow."""
    field = _labyrinth(hand, hand.ratio(3, 8), hand.between(0.2, 0.4), hand.angle())
    swing = hand.noise(1, channels=2) * hand.between(4, 16)
    middle = (np.stack([hand.x, hand.y], 2) + 1) * (SIDE / 2)
    field = moved(field, middle + swing)
    first, second = hand.contrasting()
    stripes = rising(field + hand.between(-0.5, 0.5), hand.between(0.15, 0.5))
    shade = 1 + hand.between(0, 0.2) * hand.clouds(2, 2)[..., None]
    if hand.chance(0.35):
        first = first * 0.5 + first.mean() * hand.ramp(3)(hand.noise(2) * 0.2 + 0.5)
    return np.asarray(mixed(np.asarray(first), second, stripes) * shade, np.float32)


def leopard(hand: Hand) -> Array:
    """Rosettes: broken rings round a darker middle."""
    ground, ink = hand.contrasting()
    places, pitch = _strewn_hexagonally(hand, hand.ratio(2.4, 5), 0.09)
    pieces = hand.whole(2, 4)
    radius = pitch * hand.between(0.37, 0.43)
    rings = _broken_rings(hand, places, radius, pieces)
    picture = flat(ground, hand.x) * (1 + hand.between(0, 0.15) * hand.clouds(3, 2))[..., None]
    middle = (ground + (ink - ground) * hand.between(0.2, 0.5)).tolist()
    for x, y in places:
        cv2.circle(picture, (round(x), round(y)), round(radius * 0.72), middle, -1)
    cv2.fillPoly(picture, rings, ink.tolist())
    return picture


def _strewn_hexagonally(hand: Hand, across: float, disorder: float) -> tuple[Array, float]:
    """Places on a turned hexagonal grid, in pixels, and its pitch."""
    pitch = SIDE / across
    reach = int(across) + 1
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    grid = np.stack([i + 0.5 * (j % 2), j * 0.87], 1)
    grid = (grid + hand.grain(grid.shape) * disorder) * pitch
    places = grid @ turning(hand.angle()) + SIDE / 2
    seen = np.all((places > -pitch) & (places < SIDE + pitch), axis=1)
    return places[seen], pitch


def _broken_rings(hand: Hand, places: Array, radius: float, pieces: int) -> list[Array]:
    """The outlines (pixels) of the ``pieces`` of a ring round each place, thick in their middles
    and rough."""
    count = len(places)
    along = np.linspace(0, 1, 8)
    share = TURN / pieces
    start = hand.many(count)[:, None] * TURN + np.arange(pieces) * share
    start = start + hand.many(count * pieces, -0.1, 0.1).reshape(count, pieces) * share
    span = hand.many(count * pieces, 0.7, 0.97).reshape(count, pieces) * share
    turn = start[..., None] + span[..., None] * along
    rough = hand.many(turn.size, 0.9, 1.1).reshape(turn.shape)
    thick = hand.between(0.3, 0.48) * np.sin(np.pi * (0.12 + 0.76 * along))
    rim, inner = rough, rough * (1 - thick)
    reach = np.concatenate([rim, inner[..., ::-1]], 2) * radius
    turn = np.concatenate([turn, turn[..., ::-1]], 2)
    marks = places[:, None, None] + np.stack([np.cos(turn), np.sin(turn)], 3) * reach[..., None]
    return list(marks.reshape(-1, turn.shape[2], 2).round().astype(np.int32))


def scales(hand: Hand) -> Array:
    """Overlapping scales of a fish or a dragon, in staggered rows."""
    u, v = hand.plane(2, 5.5, warp=0.05)
    overlap = hand.between(1.3, 2)
    v = v * overlap
    point = hand.between(0, 1) ** 2
    rows = np.floor(v)
    tip = np.full(u.shape, 9, np.float32)
    side, i, j = np.zeros_like(tip), np.zeros_like(tip), np.zeros_like(tip)
    for above in (0, 1, 2):  # a scale is 2.6 rows long; the last that covers a place is seen
        row = rows - above
        shifted = u - 0.5 * remainder(row, 2)
        column = np.floor(shifted + 0.5)
        x, y = (shifted - column) * 2, (v - row) / 2.6
        bulge = np.abs(x) * point * 0.9 + (1 - point) * (1 - np.sqrt(np.clip(1 - x * x, 0, 1)))
        reach = y + bulge * 0.75
        covers = (reach < 1) & (np.abs(x) <= 1)
        for kept, new in ((tip, reach), (side, x), (i, column), (j, row)):
            np.copyto(kept, new, where=covers)
    number = hashed(i, j)
    tone = 0.1 + 0.7 * tip + hand.between(0, 0.4) * (number - 0.5)
    picture = hand.ramp(4)(tone)
    rim = hand.between(0.06, 0.2)
    if hand.chance(0.75):
        edge = rising(tip - 1 + rim, 0.06)
        picture = mixed(picture, flat(hand.colour(0, 1), u), edge * hand.between(0.5, 1))
    if hand.chance(0.3):
        picture = painted(picture, (np.abs(side) < 0.09) & (tip < 0.85), hand.colour(0, 1))
    picture = picture * (0.45 + 0.55 * np.clip(tip * 1.6 - 0.3, 0, 1))[..., None]
    return hand.lit(picture, tip * 0.8 - side * side * 0.3, hand.between(1.5, 3.5))


def fur(hand: Hand) -> Array:
    """Combed strands, in tufts that lie over one another."""
    flow = hand.noise(1.5) * hand.between(0.3, 0.9) + hand.angle()
    pitch = hand.ratio(5, 11)
    flow = flow + hand.noise(pitch) * hand.between(0.1, 0.45)
    strand = hand.whole(1, 2)
    grain = hand.grain((SIDE // strand, SIDE // strand))
    hair = cv2.resize(grain, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    tuft = np.clip(hand.noise(pitch) * 1.5, -1, 1)
    dragged = _dragged(np.stack([hair, tuft], 2), flow)
    hair, tuft = dragged[..., 0] / dragged[..., 0].std(), dragged[..., 1] / dragged[..., 1].std()
    tone = 0.5 + hand.between(0.1, 0.2) * hair + hand.between(0.05, 0.15) * tuft
    shade = 0.75 + hand.between(0.1, 0.3) * hair + hand.between(0.1, 0.2) * tuft
    picture = hand.ramp(3)(tone) * np.clip(shade, 0.1, 1.3)[..., None]
    return hand.lit(picture, hair * 0.15 + tuft * 0.3, hand.between(1, 2.5), probability=0.5)


def _dragged(seeds: Array, flow: Array) -> Array:
    """``seeds`` (SIDE, SIDE, channels) drawn out along the directions ``flow``: line integral
    convolution (Cabral and Leedom, 1993), each round twice as far as the one before."""
    row, column = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    here = np.stack([column, row], 2)
    step, kept = np.stack([np.cos(flow), np.sin(flow)], 2), 0.97
    for _ in range(5):
        there = here + step
        seeds = seeds + moved(seeds, there) * kept
        step, kept = step + moved(step, there), kept * kept
    return seeds


def wood(hand: Hand) -> Array:
    """A cut plank: growth rings, drawn out along the grain, that flow round knots."""
    u, v = hand.plane(1.6, 2.4, warp=0.1, stretch=0)
    u, v = u + 0.2, v + 0.2
    length = hand.between(0.25, 0.5)
    ring = v + 0.12 * hand.noise(2)
    rings = hand.ratio(2.5, 6)
    if hand.chance(0.5):
        ring = norm(ring - hand.between(-0.8, 0.8), (u - hand.between(-2, 2)) * 0.3)
    knot_ring = np.zeros_like(u)
    for _ in range(hand.whole(0 if hand.chance(0.3) else 1, 3)):
        radius = hand.between(0.12, 0.3)
        x = (u - hand.between(-0.9, 0.9)) * (length + 0.35)
        y = v - hand.between(-0.9, 0.9)
        away = np.maximum(norm(x, y), 0.02)
        # As the stream lines of water part round a pillar
        ring = ring - y * np.minimum(radius / away, 1) ** 2
        knot_ring = np.maximum(knot_ring, np.clip(1.15 - away / radius, 0, 1))
    ring = np.where(knot_ring > 0.15, knot_ring * hand.between(0.6, 1.2), ring)
    growth = fraction(ring * rings)
    growth = growth ** hand.between(1, 3) * np.clip((1 - growth) * 8, 0, 1)
    fibre = cv2.resize(hand.grain((90, 12)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    tone = 0.15 + 0.65 * growth + 0.05 * hand.noise(3) + 0.25 * knot_ring
    if hand.chance(0.5):
        tone = 1 - tone
    places = (np.stack([u, v], 2) * 0.4 + 0.5) * SIDE
    fibre = hand.between(0.03, 0.12) * moved(fibre, places)
    return np.asarray(hand.ramp(3)(tone) * (1 + fibre)[..., None], np.float32)


def marbling(hand: Hand) -> Array:
    """Combed paper: bands of colour dragged to and fro."""
    u, v = hand.plane(2.2, 5, warp=0.05)
    bands = hand.ratio(1.6, 3.4)
    kind = hand.whole(0, 3)  # combed one way, three ways, into a bouquet; or that, and shaken
    if kind == 3:
        u, v = u + 0.3 * hand.noise(3), v + 0.3 * hand.noise(3)
    u = u + _combed(v, hand.between(0.5, 1.3))
    if kind >= 1:
        v = v + _combed(u * 0.5, hand.between(0.3, 0.7))
        u = u + _combed(v + 0.25, hand.between(0.2, 0.6))
    if kind >= 2:
        u, v = _curled(hand, u, v)
    band = u * bands
    colours = hand.shuffled(hand.palette(hand.whole(3, 6)))
    picture = colours[remainder(np.floor(band), len(colours)).astype(np.int32)]
    if hand.chance(0.4):
        vein = np.abs(fraction(band) - 0.5) > hand.between(0.38, 0.45)
        picture = painted(picture, vein, hand.colour(0, 1))
    return np.asarray(picture, np.float32)


def _combed(across: Array, strength: float) -> Array:
    """How far a comb with its teeth at whole ``across`` drags, every second tooth back."""
    tooth = np.abs(fraction(across) - 0.5) * 2
    drag = np.where(remainder(np.floor(across + 0.5), 2) > 0, 1, -1) * tooth**2
    return np.asarray(drag * strength, np.float32)


def _curled(hand: Hand, u: Array, v: Array) -> tuple[Array, Array]:
    """A bouquet: a swirl in each cell of a staggered grid."""
    size, strength = hand.between(1.2, 2), hand.between(2, 4)
    row = np.floor(v / size)
    x = (fraction(u / size + 0.5 * remainder(row, 2)) - 0.5) * 2
    y = (fraction(v / size) - 0.5) * 2
    turn = strength * np.clip(1 - norm(x, y), 0, 1) ** 2
    cosine, sine = np.cos(turn), np.sin(turn)
    half = size / 2
    return u + half * (cosine * x + sine * y - x), v + half * (cosine * y - sine * x - y)
