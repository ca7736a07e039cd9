"""What is seen above."""

from math import cos, sin
from typing import Any

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, flowing, fraction, norm, polar, turning
from engine.bestiary.pictures import SIDE, Colour, blend, mixed, painted, rising
from engine.bestiary.plates import MARGIN, SHEET, blank, coordinates, copies, on_sheet
from engine.bestiary.strokes import dot, fill, pixels, trace
from engine.frame import Array


def clouds(hand: Hand) -> Array:
    """Scroll clouds: heaped round lobes with curls in them, bank above bank."""
    ground, body = hand.contrasting()
    picture = ground_near(hand, ground)
    ink = blend(body, ground * hand.between(0.3, 1.0), hand.between(0.6, 1.0))
    lobe = _Lobe(hand, body, ink)
    banks, flat_based = hand.whole(1, 3), hand.chance(0.5)
    for k in range(banks):
        base = int(SIDE * (k + hand.between(0.85, 1.0)) / banks)
        height = SIDE / banks * hand.between(0.7, 0.95)
        width = height * hand.between(1.0, 1.8)
        layer = picture[:base] if flat_based else picture
        x = hand.between(-0.3, 0.3) * SIDE if banks > 1 else hand.between(0.2, 0.8) * SIDE
        while x < SIDE + width * 0.3:
            _heap(hand, layer, lobe, (x, base), (width, height * hand.between(0.75, 1.1)))
            x += width * hand.between(0.75, 1.3)
    return picture


class _Lobe:
    """One picture's way to draw a cloud's lobe."""

    def __init__(self, hand: Hand, body: Colour, ink: Colour) -> None:
        self.ink = ink
        self.line = hand.whole(1, 3) if hand.chance(0.75) else 0
        rounds = hand.whole(1, 4)
        deep = blend(body, ink if hand.chance(0.6) else hand.colour(), hand.between(0.3, 0.75))
        self.shades = [
            blend(deep, body, (k + 1) / rounds if rounds < 3 else k / (rounds - 1))
            for k in range(rounds)
        ]
        self.light = hand.between(-0.4, 0.4), hand.between(-0.7, -0.2)
        self.turns = hand.between(0.7, 1.7)
        self.curled = hand.between(0.3, 1.0) if self.line else 0.4

    def draw(self, hand: Hand, layer: Array, x: float, y: float, radius: float, side: int) -> None:
        """``side``: which way its curl turns, -1 or 1."""
        if self.line:
            dot(layer, x, y, radius + self.line, self.ink)
        for k, shade in enumerate(self.shades):
            aside = radius * 0.5 * k / len(self.shades)
            inner = radius * (1 - 0.62 * k / len(self.shades))
            dot(layer, x + self.light[0] * aside, y + self.light[1] * aside, inner, shade)
        if radius > 9 and hand.chance(self.curled):
            along = np.linspace(0, 1, 16)
            turn = along * self.turns * TURN - 2.2
            spread = radius * 0.72 * (1 - 0.85 * along)
            curl = np.stack([x + side * spread * np.cos(turn), y + spread * np.sin(turn)], 1)
            trace(layer, curl, self.ink, max(2, self.line))


def _heap(
    hand: Hand,
    layer: Array,
    lobe: _Lobe,
    foot: tuple[float, float],
    size: tuple[float, float],
) -> None:
    """Towers of lobes side by side on ``foot``, the highest in the middle, drawn from above."""
    width, height = size
    places = []
    count = max(3, round(width / height * 3))
    for t in np.linspace(-1, 1, count) + hand.many(1, -0.1, 0.1):
        top = height * (1 - 0.7 * t * t) * hand.between(0.75, 1.1)
        radius = height * (0.38 - 0.14 * abs(t)) * hand.between(0.75, 1.2)
        for rise in np.arange(top - radius, -radius, -radius * 1.3):
            drift = hand.between(-0.3, 0.3) * radius
            scale = radius * hand.between(0.85, 1.2)
            places.append((foot[1] - rise, foot[0] + t * width * 0.5 + drift, scale))
    for y, x, radius in sorted(places):
        if -radius < x < SIDE + radius:
            lobe.draw(hand, layer, x, y, radius, 1 if x > foot[0] else -1)


def lightning(hand: Hand) -> Array:
    """Bolts that branch, in their glow."""
    ground, light = hand.contrasting()
    tint = blend(light, hand.colour(0.4, 1.0), hand.between(0.2, 0.8))
    core = np.zeros((SIDE, SIDE), np.float32)
    lean, bolts = hand.between(-0.7, 0.7), hand.whole(1, 3)
    rough = hand.between(0.15, 0.3)
    for k in range(bolts):
        middle = ((k + 0.5) / bolts - 0.5) * 1.5 + hand.between(-0.2, 0.2)
        start, end = np.array([middle - lean * 0.6, -1.1]), np.array([middle + lean * 0.6, 1.1])
        _branching(hand, core, start, end, hand.between(2.0, 4.5), rough)
    sky = ground_near(hand, ground)
    wide = cv2.resize(core, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(wide, (0, 0), hand.between(1.2, 2.8)), (SIDE, SIDE))
    near = cv2.blur(core, (5, 5))
    glow = wide * np.float32(hand.between(1.5, 3.5)) + near * np.float32(hand.between(0.2, 1.0))
    return mixed(mixed(sky, tint, np.clip(glow, 0, 0.85)), light, core)


def _branching(
    hand: Hand, core: Array, start: Array, end: Array, width: float, rough: float
) -> None:
    """A bolt whose pieces are halved and their middles moved aside, again and again (midpoint
    displacement), and its forks, half as wide."""
    path = np.stack([start, end])
    across = (end - start)[::-1] * [-0.5, 0.5]
    for level in range(5):
        shift = hand.grain((len(path) - 1, 1)) * (rough * 0.6**level)
        finer = np.repeat(path, 2, 0)[:-1]
        finer[1::2] = (path[:-1] + path[1:]) / 2 + across * shift
        path = finer
    trace(core, pixels(path), 1.0, max(1, round(width)))
    if width < 1:
        return
    for _ in range(hand.whole(1, 3)):
        fork = path[hand.whole(3, 24)]
        turn = hand.sign() * hand.between(0.35, 0.9)
        away = (end - start) @ turning(turn) * hand.between(0.25, 0.5)
        _branching(hand, core, fork, fork + away, width * 0.5, rough)


def galaxies(hand: Hand) -> Array:
    """Arms of stars and dust wound round a core."""
    space, light = hand.contrasting()
    tint = blend(light, hand.colour(0.3, 1.0), hand.between(0.1, 0.4))
    size, turn, flatness = hand.between(0.9, 1.4), hand.angle(), hand.between(0.6, 1.0)
    # What is smooth is found on every second pixel
    x = hand.x[::2, ::2] - np.float32(hand.between(-0.3, 0.3))
    y = hand.y[::2, ::2] - np.float32(hand.between(-0.3, 0.3))
    across = (x * cos(turn) + y * sin(turn)) / size
    down = (y * cos(turn) - x * sin(turn)) / (size * flatness)
    distance, angle = polar(across, down)
    arms, wound = hand.whole(2, 3), hand.sign() * hand.between(1.6, 2.6)
    dust = hand.clouds(5, 3, 0.6)[::2, ::2]
    wave = 0.5 + 0.5 * np.cos(arms * (angle - wound * np.log(distance + 0.06)) + dust * 0.5)
    disc = np.clip(1.2 - distance, 0, 1) ** np.float32(hand.between(0.5, 1.0))
    sharp = np.float32(hand.between(1.5, 3.0))
    arm = wave**sharp * disc * np.clip(1.0 + 0.3 * dust, 0.3, 1.5)
    core: Array = np.exp(-((distance / hand.between(0.12, 0.26)) ** 2))
    arm, core = np.moveaxis(cv2.resize(np.stack([arm, core], 2), (SIDE, SIDE)), 2, 0)
    picture = mixed(ground_near(hand, space), tint, np.clip(arm * 1.6, 0, 0.95))
    picture = mixed(picture, light, np.clip(core * 1.2, 0, 1))
    few = hand.grain((SIDE // 2, SIDE // 2)) - hand.between(2.2, 3.0)
    stars = cv2.resize(few, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    bright = np.maximum(stars * 3, (hand.grain((SIDE, SIDE)) + arm * 1.5 - 2.4) * 2)
    return mixed(picture, light, np.clip(bright, 0, 1))


def planets(hand: Hand) -> Array:
    """Lit spheres with bands, craters or lands, each in its ring."""
    u, v = coordinates()
    radius = hand.between(0.55, 0.65)
    lean = hand.between(-0.6, 0.0)
    along = ((u * cos(lean) + v * sin(lean)) / radius).astype(np.float32)
    up = ((v * cos(lean) - u * sin(lean)) / radius).astype(np.float32)
    distance = norm(along, up)
    bulge = np.sqrt(np.clip(1 - distance * distance, 0, 1))
    surface = _surface(hand, along, up, bulge)
    turn, back = hand.angle(), hand.between(0.2, 0.8)
    slope = (along * cos(turn) + up * sin(turn)) * (1 - back * back) ** 0.5
    light = np.clip((slope + bulge * back) * hand.between(1.1, 2.0) + 0.1, 0, 1)
    night = hand.between(0.02, 0.25)
    picture = surface * (night + (1.1 - night) * light)[..., None]
    mask = rising(1 - distance, 0.04)
    picture, mask = _ringed(hand, picture, mask, along, up, 1 / radius)
    space = ground_near(hand, hand.colour(0.02, 1.0))
    if hand.chance(0.6):
        few = (hand.grain((SIDE // 2, SIDE // 2)) > 2.4).astype(np.float32)
        stars = cv2.resize(few, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        space = mixed(space, hand.colour(0.0, 1.0), stars)
    stamp = copies(np.dstack([picture, mask]))
    return hand.scattered(
        stamp, most=2, smallest=0.85, largest=1.1, tilt=0.3, tiled=0.1, ground=space
    )


def _surface(hand: Hand, along: Array, up: Array, bulge: Array) -> Array:
    """Not yet lit: bands and a storm, craters, or lands and seas with snow at the poles. ``bulge``:
    how near a place is, 0 at the rim and 1 in the middle."""
    kind, ramp = hand.whole(0, 2), hand.ramp(4)
    rough = hand.clouds(3, 4)[:SHEET, :SHEET]
    if kind == 0:
        lines = up * hand.between(8.0, 18.0) + rough * hand.between(0.1, 0.9)
        stripes = ramp(0.5 + 0.5 * np.sin(lines) + 0.1 * np.sin(lines * 2.3))
        spot = norm((along - 0.25) / 0.3, (up - 0.3) / 0.17)
        return painted(stripes, spot < 1, ramp(spot * 0.5)) if hand.chance(0.4) else stripes
    if kind == 1:
        height = rough * 0.1
        for _ in range(hand.whole(5, 12)):
            x, y = hand.whole(12, SHEET - 12), hand.whole(12, SHEET - 12)
            width = hand.whole(3, 12)
            cv2.circle(height, (x, y), width + 2, 0.5, -1)
            cv2.circle(height, (x, y), width, -0.6, -1)
        relief = cv2.blur(height, (5, 5))
        return hand.lit(ramp(0.5 + relief * 0.35), relief, 12, probability=1)
    lands = rising(rough - hand.between(-0.2, 0.4), 0.15)
    snow = rising(np.abs(up) - hand.between(0.7, 1.0) + rough * 0.05, 0.1)
    return mixed(mixed(ramp(0.15 + bulge * 0.1), ramp(0.7 + rough * 0.1), lands), ramp(0.98), snow)


def _ringed(
    hand: Hand, picture: Array, mask: Array, along: Array, up: Array, reach: float
) -> tuple[Array, Array]:
    """A planet of radius 1 and its mask, with a ring that goes out to ``reach``, half behind it."""
    flatness = hand.between(0.25, 0.4)
    orbit = norm(along, up / flatness)
    before = (up * flatness > 0) | (norm(along, up) > 1)
    ring = (orbit > hand.between(1.1, 1.3)) & (orbit < reach) & before
    bands = hand.ramp(3)(fraction(orbit * hand.between(1.0, 3.0)))
    return painted(picture, ring, bands * hand.between(0.7, 1.0)), np.maximum(mask, ring)


def suns(hand: Hand) -> Array:
    """A disc, some with a face, in straight and wavy rays by turns."""
    ground, ray = hand.contrasting()
    ink = ground * hand.between(0.4, 1.0) if hand.chance(0.7) else hand.colour(0.05, 0.5)
    other = blend(ray, hand.colour(0.4, 1.0), hand.between(0.1, 0.5))
    picture, mask = blank(ray)
    inner = hand.between(0.48, 0.6)
    _rays(hand, picture, mask, inner, (ray, other), ink)
    _disc(mask, inner, 1.0)
    _disc(picture, inner, ink if hand.chance(0.7) else ray)
    _disc(picture, inner - 0.045, other if hand.chance(0.5) else ray)
    if hand.chance(0.9):
        _sun_face(hand, picture, inner, ink, ray)
    else:
        for k in range(hand.whole(1, 3)):
            _disc(picture, inner * (0.75 - 0.22 * k), (ink, ray, other)[k])
    if hand.chance(0.4):
        u, v = coordinates()
        picture = picture * np.clip(1.05 - 0.5 * norm(u + 0.3, v + 0.4), 0.3, 1)[..., None]
    stamp, sky = copies(np.dstack([picture, mask])), ground_near(hand, ground * 0.9)
    return hand.scattered(
        stamp, most=2, smallest=0.9, largest=1.1, tilt=0.3, tiled=0.06, ground=sky
    )


def _rays(
    hand: Hand,
    picture: Array,
    mask: Array,
    inner: float,
    colours: tuple[Colour, Colour],
    ink: Colour,
) -> None:
    """Straight and winding ones by turns, from ``inner`` outwards, some outlined in ``ink``."""
    count, line = hand.whole(6, 11), hand.whole(0, 2)
    wavy, shorter = hand.between(0.05, 0.09), hand.between(0.85, 1.0)
    width = TURN * inner / count / 4
    straight = _ray(inner * 0.95, 1.0, 0.9 * width, 0.0)
    winding = _ray(inner * 0.95, shorter, 1.1 * width, wavy)
    for k in range(2 * count):
        shape = winding if k % 2 else straight
        outline = on_sheet(shape @ turning(k * TURN / 2 / count - TURN / 4))
        fill(mask, outline, 1.0)
        fill(picture, outline, colours[k % 2])
        if line:
            trace(picture, outline, ink, line)


def _ray(inner: float, outer: float, half: float, wavy: float) -> Array:
    """The outline of a ray to the right: narrowing to its tip, and winding if ``wavy``."""
    along = np.linspace(0, 1, 12 if wavy else 2)
    middle = wavy * np.sin(along * TURN * 1.1) * (0.4 + 0.6 * along)
    width = half * (1 - along) ** (0.75 if wavy else 1.0)
    radius = inner + (outer - inner) * along
    one, other = np.stack([radius, middle + width], 1), np.stack([radius, middle - width], 1)
    return np.concatenate([one, other[::-1]])


def _disc(picture: Array, radius: float, ink: Any) -> None:
    """About the middle of a plate."""
    dot(picture, SHEET / 2, SHEET / 2, radius / MARGIN * SHEET / 2, ink)


def _sun_face(hand: Hand, picture: Array, size: float, ink: Colour, light: Colour) -> None:
    def line(points: list[tuple[float, float]], width: int) -> None:
        trace(picture, on_sheet(flowing(np.array(points) * size)), ink, width)

    width = hand.whole(1, 2)
    apart, eye_line, wide = hand.between(0.34, 0.44), hand.between(-0.25, -0.1), 0.22
    open_eyes, smile = hand.chance(0.7), hand.between(-0.1, 0.25)
    for side in (-1, 1):
        x = side * apart
        lid = hand.between(0.1, 0.2)
        line([(x - wide, eye_line), (x, eye_line - lid), (x + wide, eye_line)], width)
        line([(x - wide, eye_line), (x, eye_line + lid), (x + wide, eye_line)], width)
        if open_eyes:
            pupil_x, pupil_y = on_sheet(np.array([x * size, eye_line * size]))
            dot(picture, pupil_x, pupil_y, 0.1 * size * SHEET / 2, ink)
        brow = eye_line - 0.27
        line([(side * 0.12, brow + 0.06), (x, brow - 0.12), (x + side * wide, brow + 0.05)], width)
    line([(-0.1, eye_line - 0.2), (-0.06, 0.1), (-0.16, 0.24), (0.0, 0.3), (0.14, 0.24)], width)
    corner, mouth = 0.55 - smile, hand.between(0.25, 0.42)
    line([(-mouth, corner), (0, 0.5 + smile), (mouth, corner)], width + 1)
    if hand.chance(0.4):
        line([(-mouth, corner), (0, 0.66 + smile), (mouth, corner)], width)
