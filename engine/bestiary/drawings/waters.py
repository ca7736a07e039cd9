"""Water, foam and ice."""

from math import cos, sin

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, flowing, norm, polar, sector
from engine.bestiary.pictures import SIDE, Colour, blend, flat, mixed, rising
from engine.bestiary.plates import SHEET, coordinates, copies
from engine.bestiary.strokes import dot, fill, trace
from engine.frame import Array


def waves(hand: Hand) -> Array:
    """Great waves that break: a curling crest with fingers of foam."""
    body, foam = hand.contrasting()
    sky = blend(body, foam, hand.between(0.3, 0.65))
    picture = ground_near(hand, blend(sky, hand.colour(), 0.3))
    if hand.chance(0.2):
        dot(picture, hand.whole(20, 108), hand.whole(15, 50), hand.between(6, 14), hand.colour())
    ink = body * hand.between(0.2, 0.8) if hand.chance(0.7) else foam
    stripes = blend(body, foam, hand.between(0.3, 0.7)), blend(body, hand.colour(), 0.5)
    breaker = _Breaker(hand, body, foam, ink, stripes)
    rows = hand.whole(1, 2)
    size = SIDE * hand.between(0.6, 0.75) * (1.2, 0.8)[rows - 1]
    for row in range(rows):
        foot = SIDE * (row + 1.0) / rows - hand.between(0.0, 0.1) * SIDE + 4
        pitch = size * hand.between(1.1, 1.5)
        start = SIDE * hand.between(0.1, 0.5) - pitch
        for x in np.arange(start, SIDE + size * 0.9, pitch)[::-1]:
            breaker.draw(hand, picture, x, foot, size * hand.between(0.85, 1.1))
    return picture if hand.chance(0.5) else picture[:, ::-1]


class _Breaker:
    """One picture's wave: up its back to the tip, and from the trough up its face to the tip."""

    def __init__(
        self, hand: Hand, body: Colour, foam: Colour, ink: Colour, stripes: tuple[Colour, Colour]
    ) -> None:
        reach, hang = hand.between(0.6, 0.85), hand.between(0.4, 0.62)
        back = [(-1.3, -0.1), (-0.8, 0.05), (-0.4, 0.35), (-0.12, 0.78), (0.2, 1.03)]
        back += [(0.5, 1.0), (reach, 0.8), (reach + 0.03, hang + 0.08), (reach - 0.08, hang)]
        face = [(1.3, -0.1), (0.75, -0.02), (0.3, 0.1), (0.1, 0.35), (0.14, 0.62)]
        face += [(0.3, 0.8), (0.48, 0.78), (reach - 0.1, hang + 0.14), (reach - 0.08, hang)]
        wobble = hand.grain((9, 2)) * 0.025
        self.back = flowing(np.array(back) + wobble, 2)
        self.face = flowing(np.array(face) + wobble, 2)
        self.body, self.foam, self.ink, self.stripe_colours = body, foam, ink, stripes
        self.stripes, self.line = hand.whole(2, 5), hand.whole(0, 2)
        self.thick, self.fingers = hand.whole(3, 5), hand.whole(6, 9)
        self.band, self.claw = hand.between(0.4, 0.75), hand.between(0.7, 1.4)

    def draw(self, hand: Hand, picture: Array, x: float, foot: float, size: float) -> None:
        place = np.array([x, foot])
        back, face = (place + curve * (size, -size) for curve in (self.back, self.face))
        floor = np.array([[face[0, 0], SIDE + 9], [back[0, 0], SIDE + 9]])
        fill(picture, np.concatenate([back, face[::-1], floor]), self.body)
        for k in range(self.stripes):
            stripe = back + (face - back) * ((k + 1) / (self.stripes + 1))
            trace(picture, stripe[: -len(stripe) // 6], self.stripe_colours[k % 2], self.thick)
        if self.line:
            trace(picture, np.concatenate([back, face[::-1]]), self.ink, self.line)
        self._crest(hand, picture, back, face, size)

    def _crest(self, hand: Hand, picture: Array, back: Array, face: Array, size: float) -> None:
        """Foam over the top and the tip, its fingers bent forward and down."""
        half, last = len(back) * 4 // 9, len(back)
        depth = np.linspace(0.1, self.band, last - half)[:, None]
        inner = back[half:] + (face[half:] - back[half:]) * depth
        edge = np.concatenate([back[half:], face[: last * 6 // 10 : -1]])
        finger = np.array([[0.0, 0.0], [0.03, 0.0], [0.12, 0.07], [0.09, 0.16]])
        spots = edge[np.linspace(0, len(edge) - 1, self.fingers).astype(int)]
        lengths = size * self.claw * hand.many(self.fingers, 0.6, 1.2)
        claws = spots[:, None] + finger * lengths[:, None, None]
        knuckle, width = round(size * 0.12), max(2, round(size * 0.045))
        for grown, colour in ((2 * self.line, self.ink), (0, self.foam)):
            for claw in claws:
                trace(picture, claw[:2], colour, knuckle + grown)
                trace(picture, claw, colour, width + grown)
        fill(picture, np.concatenate([back[half:], inner[::-1]]), self.foam)
        for _ in range(hand.whole(0, 5)):
            x, y = back[-1] + size * np.array([hand.between(-0.2, 0.4), hand.between(-0.5, 0.2)])
            dot(picture, x, y, size * hand.between(0.015, 0.035), self.foam)


def ripples(hand: Hand) -> Array:
    """Drops have fallen on water: rings spread, cross, and glitter."""
    flatness = hand.between(0.35, 0.8)
    height = hand.clouds(3, 3) * np.float32(hand.between(0.0, 0.25))
    drops = hand.whole(1, 4)
    length = hand.ratio(0.16, 0.36)
    spots = []
    for _ in range(drops):
        reach = 0.4 if drops == 1 else 0.8
        x, y = hand.between(-reach, reach), hand.between(-reach, reach)
        distance = norm(hand.x - x, (hand.y - y) / flatness)
        front = hand.between(0.8, 1.4) if drops < 3 else hand.between(0.5, 1.0)
        packet = rising(front - distance, 0.4) * np.clip(1.1 - 0.5 * distance, 0, 1)
        height = height + packet * np.cos(distance * (TURN / length) + hand.angle())
        spots.append((x, y))
    slope = cv2.Sobel(np.asarray(height, np.float32), -1, 0, 1) * np.float32(length * 2.2)
    side = cv2.Sobel(np.asarray(height, np.float32), -1, 1, 0) * np.float32(length * 2.2)
    slope = slope + side * np.float32(hand.between(-0.5, 0.5))
    ramp = hand.ramp(3)
    sky = 0.5 + hand.between(-0.3, 0.3) * hand.y
    picture = ramp(sky + slope * hand.between(0.25, 0.5))
    picture = picture * np.clip(0.85 - slope * hand.between(0.2, 0.6), 0.1, 1.3)[..., None]
    if hand.chance(0.7):
        glint = rising(-slope - hand.between(0.9, 1.2), 0.3) * hand.between(0.5, 1.0)
        picture = mixed(picture, hand.colour(0.8, 1.0), np.clip(glint, 0, 1))
    if hand.chance(0.4):
        _falling(hand, picture, spots)
    return picture


def _falling(hand: Hand, picture: Array, spots: list[tuple[float, float]]) -> None:
    """A drop above each spot, with a gleam on it."""
    colour = hand.colour(0.1, 1.0)
    for x, y in spots:
        above = hand.between(0.05, 0.3)
        radius = hand.between(3, 7)
        across, down = (x + 1) * SIDE / 2, (y - above + 1) * SIDE / 2
        dot(picture, across, down, radius, colour)
        dot(picture, across - radius / 3, down - radius / 3, radius / 3, 1 - colour * 0.3)


def bubbles(hand: Hand) -> Array:
    """Clear spheres: a bright rim, highlights that face each other, thin colours between."""
    u, v = coordinates()
    distance = norm(u, v)
    turn = hand.between(-2.8, -0.4)  # to the light, above
    cosine, sine = cos(turn), sin(turn)
    toward, across = u * cosine + v * sine, v * cosine - u * sine
    swirl = distance * distance * hand.between(0.5, 1.6)
    swirl = swirl + hand.clouds(2, 3)[:SHEET, :SHEET] * hand.between(0, 0.25)
    colours = hand.ramp(5)(0.5 - 0.5 * np.cos(swirl * 4 + toward * hand.between(0, 3)))
    rim = np.clip(distance, 0, 1) ** hand.between(3, 8)
    glass = hand.between(0.05, 0.35)
    light, dark = hand.colour(0.85, 1.0), hand.colour(0.0, 0.3)
    edge = light if hand.chance(0.65) else dark
    picture = mixed(colours, edge, np.clip(rim * hand.between(0.5, 1.0), 0, 1))
    clear = np.clip(glass + (1 - glass) * rim * 1.1, 0, 1)
    wide, tall = hand.between(0.1, 0.2), hand.between(0.12, 0.32)
    high = rising(1 - norm((distance - 0.66) / wide, across / tall), 0.3) * (toward > 0)
    low = rising(1 - norm((distance - 0.78) / 0.09, across / (tall * 1.6)), 0.5) * (toward < 0)
    picture = mixed(picture, light, np.clip(high + low * 0.8, 0, 1))
    mask = np.maximum(clear, np.maximum(high, low * 0.8)) * rising(1 - distance, 0.04)
    bubble = copies(np.dstack([picture, mask]))
    ground = ground_near(hand, hand.colour(0.05, 0.9))
    if hand.chance(0.35):
        ground = hand.scattered(
            bubble, most=4, smallest=0.6, largest=1.0, tilt=0.0, tiled=0.0, ground=ground
        )
    return hand.scattered(
        bubble, most=5, smallest=0.55, largest=0.95, tilt=0.0, tiled=0.12, ground=ground
    )


def snowflakes(hand: Hand) -> Array:
    """Crystals of six arms, each with its side branches."""
    ground, light = hand.contrasting()
    u, v = coordinates()
    distance, angle = polar(u, v)
    aside = np.abs(sector(angle, 6))
    along, across = distance * np.cos(aside), distance * np.sin(aside)
    half = hand.between(0.035, 0.065)
    mask = rising(half - _away_from_arm(hand, along, across), 0.03)
    if hand.chance(0.7):
        plate = hand.between(0.15, 0.35)
        heart = rising(plate - along, 0.03)
        if hand.chance(0.5):
            heart = heart * (1 - rising(plate - 1.6 * half - along, 0.03))
        mask = np.maximum(mask, heart)
    if hand.chance(0.35):
        mask = np.maximum(mask, rising(half * 2 - np.abs(along - 0.9) - across * 0.6, 0.03))
    shade = flat(light, u)
    if hand.chance(0.5):
        shade = mixed(shade, hand.colour(0.3, 1.0), np.clip(distance * 0.7, 0, 1))
    if hand.chance(0.4):
        shade = hand.lit(shade, cv2.blur(mask, (5, 5)), 4, probability=1)
    rim = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    picture = mixed(flat(ground * 0.9, u), shade, mask)
    stamp, sky = copies(np.dstack([picture, rim])), ground_near(hand, ground)
    return hand.scattered(stamp, most=4, smallest=0.75, largest=1.05, tiled=0.12, ground=sky)


def _away_from_arm(hand: Hand, along: Array, across: Array) -> Array:
    """How far from a snowflake's arm and from the branches that leave it at 60 degrees."""
    near = np.where(along < 0.97, across, 9)
    for start in np.linspace(hand.between(0.25, 0.45), hand.between(0.7, 0.85), hand.whole(2, 4)):
        length = hand.between(0.5, 1.0) * min(0.4, start * 0.62, 1.15 - start)
        out = (along - start) * 0.5 + across * 0.866
        off = np.abs(across * 0.5 - (along - start) * 0.866)
        near = np.minimum(near, np.where((out > 0) & (out < length), off, 9))
    return near
