"""What grows without blossoming."""

from math import cos, sin

import numpy as np

from engine.bestiary.contrast import Ink, apart, brightened, ground_and_tone, inks
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, fraction
from engine.bestiary.plates import Plate, bent_stem, direction, oval, petal_shape
from engine.frame import Array


def leaves(hand: Hand) -> Array:
    """One blade with a midrib and pairs of veins, its halves of two shades."""
    ground, tone = ground_and_tone(hand)
    plate, pairs = Plate.blank(), hand.whole(4, 8)
    along, half = _leaf_outline(hand)
    bend = hand.between(-0.35, 0.35)
    dark, light = apart(hand)
    sides = (dark, dark + (light - dark) * hand.between(0.0, 0.45))
    veins, width = tone(light), hand.between(0.035, 0.065)

    def bent(points: Array) -> Array:
        """The leaf lies from its stalk at -1 to its tip at 1; here it gets its curve."""
        return np.asarray(points * 0.92 + 1j * bend * (0.3 - points.real**2) * 0.92)

    for side, shade in zip((-1, 1), sides, strict=True):
        outline = bent(np.concatenate([along + 1j * side * half, along[::-1] + 0j]))
        plate.fill(outline, tone(shade))
    slant, order = hand.between(0.15, 0.45), np.argsort(along)
    for x in np.linspace(along[0] + 0.12, 0.72, pairs):
        for side in (-1, 1):
            end = min(x + slant, 0.95)
            high = 0.85 * np.interp(end, along[order], half[order])
            curve = np.array([x, x + 0.6 * (end - x) + 0.45j * side * high, end + 1j * side * high])
            plate.line(bent(curve), veins, width)
    plate.line(bent(np.linspace(-1, 0.97, 12) + 0j), veins, width * 1.7)
    return hand.scattered(
        plate.stamp(hand), most=3, smallest=0.85, largest=1.2, tiled=0.06, ground=ground
    )


def _leaf_outline(hand: Hand) -> tuple[Array, Array]:
    """How far along the midrib, and how wide there: oval, toothed, lobed or heart-shaped."""
    kind = hand.whole(0, 3)
    turned = np.linspace(0, np.pi, 64)
    t = (1 - np.cos(turned)) / 2
    broad = hand.between(0.35, 0.6)
    half = broad * np.sin(turned) ** 0.8 * (1.25 - t) ** hand.between(0.0, 1.0)
    if kind == 1:
        half = half * (1 + 0.14 * (fraction(-t * hand.whole(6, 10)) - 0.5))
    if kind == 2:
        lobes = hand.whole(3, 4)
        half = half * (1 + 0.32 * np.sin(t * lobes * TURN - 1.2) * np.clip(t * 8, 0, 1)) * 1.1
    along = t * 1.75 - 0.75
    if kind == 3:  # the heart curve of four cosines
        half = 0.85 * np.sin(turned) ** 3
        waves = np.array([[-13], [3], [1.5], [0.5]]) * np.cos(np.outer([1, 2, 3, 4], turned))
        along = waves.sum(0) / 18
    return along, np.maximum(half, 0)


def ferns(hand: Hand) -> Array:
    """Fronds: a bent stem with pairs of toothed leaflets; sometimes still a crozier."""
    ground, tone = ground_and_tone(hand)
    plate, pairs = Plate.blank(), hand.whole(7, 12)
    curled = hand.between(7, 10) * hand.sign() if hand.chance(0.15) else 0.0
    stem = bent_stem(hand.between(-1, 1), curled)
    last = len(stem) - 1
    widest, slant = hand.between(0.38, 0.62), hand.between(0.9, 1.3)
    leaflet = _leaflet(hand, min(0.32, max(0.14, 0.75 / pairs / widest)))
    near, far = apart(hand)
    ribs = hand.chance(0.4)
    for k in range(pairs):
        t = 0.14 + 0.85 * k / pairs
        at = round(t * last)
        ahead = stem[min(at + 1, last)] - stem[at - 1]
        ahead = ahead / abs(ahead)
        long = widest * min(1.0, 3.2 * t) * (1.04 - t) * (1.1 if curled else 1.25)
        for side in (-1, 1):
            turn = ahead * direction(side * slant) * long
            shape = np.conj(leaflet) if side < 0 else leaflet
            plate.fill(stem[at] + shape * turn, tone(near + (far - near) * t * 0.6))
            if ribs:
                plate.line(stem[at] + np.array([0, 0.8]) * turn, tone(far), 0.02)
    plate.line(stem, tone(far), hand.between(0.03, 0.05))
    return hand.scattered(
        plate.stamp(hand), most=3, smallest=0.95, largest=1.35, tiled=0.06, ground=ground
    )


def _leaflet(hand: Hand, fat: float) -> Array:
    """From 0 to 1, with teeth on both edges that point to its tip."""
    teeth = hand.whole(3, 6)
    t = np.linspace(0, 1, teeth * 2 + 1)
    tooth = np.arange(teeth * 2 + 1) % 2
    depth = np.where(tooth, 1.25, 0.65) * fat * (1.05 - t) ** 0.7
    edge = t + np.where(tooth, 0.08, 0.0) + 1j * depth
    return np.concatenate([edge, np.conj(edge[::-1])])


def trees(hand: Hand) -> Array:
    """A trunk that forks again and again, bare or with tufts of leaves."""
    ground, tone = ground_and_tone(hand)
    plate, tips = Plate.blank(), [0j]
    wood, crown = apart(hand)
    leafy, height = hand.chance(0.55), hand.between(0.42, 0.62)
    thick, spread = hand.between(0.14, 0.26), hand.between(0.35, 0.65)
    _branch(hand, plate, 0.95j, -1j * height, thick, spread, tone(wood), hand.whole(5, 6), tips)
    if leafy:
        radius = hand.between(0.12, 0.24)
        light = hand.between(-0.5, 0.5) - 0.6j
        sizes = hand.many(len(tips), 0.6, 1.1) * radius
        for t in (0.0, 0.5, 1.0):
            shade = tone(wood + (crown - wood) * (0.35 + 0.65 * t))
            for tip, size in zip(tips[1::2], sizes, strict=False):
                plate.dot(tip + light * size * t * 0.6, size * (1 - 0.5 * t), shade)
    if hand.chance(0.35):
        level = hand.between(0.55, 0.9)
        hill = hand.y > level + 0.1 * np.cos(hand.x * 2 + hand.angle())
        ground[hill] = ground[hill] * 0.5 + 0.5 * hand.colour()
    return hand.scattered(
        plate.stamp(hand), most=3, smallest=0.9, largest=1.15, tilt=0.25, tiled=0.06, ground=ground
    )


def _branch(
    hand: Hand,
    plate: Plate,
    root: complex,
    along: complex,
    thick: float,
    spread: float,
    colour: Ink,
    forks: int,
    tips: list[complex],
) -> None:
    """Draws a branch and what branches from it; adds the ends of the last ones to ``tips``."""
    end = root + along
    plate.line(np.array([root, end]), colour, thick)
    if forks == 0:
        tips.append(end)
        return
    lean = hand.between(-0.2, 0.2)
    for side in (-1, 1):
        turn = direction(side * spread * hand.between(0.6, 1.3) + lean)
        limb = along * turn * hand.between(0.62, 0.8)
        tip = end + limb
        # Shorter, where it would leave the plate or touch the ground
        if abs(tip.real) > 0.85 or not -0.85 < tip.imag < 0.5:
            limb = limb * 0.5
        _branch(hand, plate, end, limb, thick * 0.64, spread, colour, forks - 1, tips)


def mushrooms(hand: Hand) -> Array:
    """A spotted cap on a stem, or one seen from below, with gills."""
    ground, tone = ground_and_tone(hand)
    plate = Plate.blank()
    below, brim = hand.chance(0.5), hand.between(-0.15, 0.2)
    wide, tall = hand.between(0.6, 0.92), hand.between(0.45, 0.75)
    deep = hand.between(0.14, 0.26)
    cap_dark, cap_light = apart(hand)
    foot, lean = hand.between(0.9, 2.0), hand.between(-0.12, 0.12)
    stem = hand.between(0.1, 0.2)
    t = np.linspace(0, 1, 10)
    swell = stem * (1 + (foot - 1) * t**2)
    middle = lean * t + 1j * (brim + (0.92 - brim) * t)
    flesh, shade = inks(hand)
    plate.fill(np.concatenate([middle - swell, (middle + swell)[::-1]]), flesh)
    shadow = np.concatenate([middle + swell * 0.3, (middle + swell)[::-1]])
    plate.fill(shadow, brightened(flesh, 0.7))
    if hand.chance(0.4):
        skirt = np.array([-1, 1, 1.7 + 0.7j, -1.7 + 0.7j]) * stem * 1.1
        plate.fill(skirt + middle[3], shade)
    cap = _cap(hand, wide, tall, -0.6 * deep if below else deep) + 1j * brim
    plate.graded(cap, tone, cap_dark, cap_light, hand.between(-0.4, 0.4) + 1j * (brim - 0.4))
    if below:
        _gills(hand, plate, wide, deep, 1j * brim, stem)
    else:
        _spots(hand, plate, wide, tall, brim, tone(cap_dark) if hand.chance(0.3) else shade)
    return hand.scattered(
        plate.stamp(hand), most=4, smallest=0.7, largest=1.05, tilt=0.5, tiled=0.06, ground=ground
    )


def _cap(hand: Hand, wide: float, tall: float, deep: float) -> Array:
    """Its outline about the middle of its brim: a dome above, and ``deep`` below."""
    around = np.linspace(0, TURN, 40, endpoint=False)
    dome = np.abs(np.sin(around)) ** hand.between(0.6, 1.5) * tall / wide
    lower = np.sin(around) * deep / wide
    return np.asarray((np.cos(around) - 1j * np.where(around < np.pi, dome, lower)) * wide)


def _gills(
    hand: Hand, plate: Plate, wide: float, deep: float, middle: complex, stem: float
) -> None:
    """The underside of a cap, and the neck of the ``stem`` before it."""
    light, dark = inks(hand)
    plate.fill(oval(wide, deep) + middle, light)
    count = hand.whole(14, 22)
    for k in range(count):
        rim = np.cos(k * TURN / count) * wide + 1j * np.sin(k * TURN / count) * deep
        plate.line(middle + np.array([0.2, 0.97]) * rim, dark, 0.025)
    neck = np.array([-1, 1, 1 + 1j * deep / stem * 1.1, -1 + 1j * deep / stem * 1.1]) * stem
    plate.fill(neck + middle, light)


def _spots(hand: Hand, plate: Plate, wide: float, tall: float, brim: float, colour: Ink) -> None:
    for k in range(hand.whole(5, 9)):
        across = (k * 0.618 % 1) * 1.5 - 0.75  # golden sections: never near the last spot
        up = hand.between(-0.1, 0.75) * (1 - across**2)
        size = hand.between(0.07, 0.14) * (1 - 0.4 * abs(across))
        spot = oval(size * (1 - 0.5 * abs(across)), size * 0.9)
        plate.fill(spot + across * wide + 1j * (brim - up * tall), colour)


def pinecones(hand: Hand) -> Array:
    """Overlapping pointed scales, each with a boss, round an egg."""
    ground, tone = ground_and_tone(hand)
    plate, rows, around = Plate.blank(), hand.whole(6, 10), hand.whole(8, 11)
    broad, lean = hand.between(0.55, 0.85), hand.between(0.55, 1.3)
    rim, boss = apart(hand)
    tall, edge = 2.9 / rows, hand.chance(0.5)
    point = hand.between(0.6, 0.95)
    scale = np.array([-1, -0.8 + 0.2j, 1j * point, 0.8 + 0.2j, 1, 0.7 - 0.6j, -0.7 - 0.6j])
    plate.fill(oval(broad * 0.7, 0.7), tone(rim))
    for row in range(rows - 1, -1, -1):
        t = (row + 0.5) / rows
        y = t * 1.7 - 0.9
        girth = broad * np.sin(t**lean * np.pi) ** 0.6
        angles = (np.arange(around) + 0.5 * (row % 2)) / around * TURN
        facing = np.cos(angles) > -0.15
        for angle in sorted(angles[facing], key=cos):
            half = girth * np.pi / around * (0.35 + 0.65 * cos(angle)) * 1.1
            shape = half * scale.real + 1j * tall * 0.55 * scale.imag
            place = girth * sin(angle) + 1j * y
            shade = 0.5 + 0.5 * cos(angle)
            plate.fill(shape + place, tone(rim))
            plate.fill(shape * 0.75 + place, tone(rim + (boss - rim) * 0.5 * shade))
            plate.fill(shape * 0.35 + place + 0.1j * tall, tone(rim + (boss - rim) * shade))
            if edge:
                plate.line((shape + place)[:5], tone(boss), 0.02)
    return hand.scattered(
        plate.stamp(hand), most=4, smallest=0.85, largest=1.25, tiled=0.06, ground=ground
    )


def vines(hand: Hand) -> Array:
    """Stems that wind on in half circles, from each of which a leafy tendril rolls up."""
    ground, tone = ground_and_tone(hand)
    plate, around = Plate(ground), ground.mean()
    pitch = hand.ratio(0.65, 1.5)
    lying, shift = direction(hand.angle()), hand.between(-1, 1) * pitch
    faint, stalk = sorted(apart(hand), key=lambda t: abs(np.mean(tone(t)[:3]) - around))
    stem, blade = tone(stalk), tone(faint + (stalk - faint) * hand.between(0.3, 0.7))
    windings, width = hand.between(1.3, 2.1), pitch * hand.between(0.05, 0.09)
    leaf = petal_shape(hand.between(0.22, 0.36), 0.3, 0.9) * pitch * hand.between(0.3, 0.45)
    rows = np.arange(-1, 2) * pitch * hand.between(1.1, 1.4)
    for row in rows[np.abs(rows) < 1.6]:
        for k in range(-round(1.5 / pitch) - 1, round(1.5 / pitch) + 2):
            side = 1 if k % 2 else -1
            middle = (k + 0.5) * pitch + shift + 1j * row
            _scroll(plate, middle, side, pitch, windings, lying, leaf, width, stem, blade)
    return ground


def _scroll(
    plate: Plate,
    middle: complex,
    side: int,
    pitch: float,
    windings: float,
    lying: complex,
    leaf: Array,
    width: float,
    stem: Ink,
    blade: Ink,
) -> None:
    """Half a circle about ``middle`` and the tendril that rolls up within it, both leafy; all of
    it is turned by ``lying`` at last."""
    half = np.exp(1j * side * np.linspace(np.pi, 0, 14)) * pitch / 2
    t = np.linspace(0, 1, 40)
    curl = np.exp(1j * side * (np.pi - t * TURN * windings)) * pitch / 2 * (1 - 0.9 * t**0.8)
    path = np.concatenate([half, curl])
    for k, at in enumerate((3, 7, 10, 18, 23, 28, 33, 38)):
        ahead = path[at + 1] - path[at]
        turn = ahead / abs(ahead) * direction(0.85 if (k % 2) else -0.85) * (1.1 - at / 50)
        plate.fill((middle + path[at] + leaf * turn) * lying, blade)
    plate.line((middle + half) * lying, stem, width)
    for part in range(4):
        piece = curl[part * 10 : part * 10 + 11]
        plate.line((middle + piece) * lying, stem, width * (1 - 0.18 * part))
    plate.dot((middle + curl[-1]) * lying, width * 1.1, blade)


def bamboos(hand: Hand) -> Array:
    """Upright jointed canes, and slender leaves that hang from the joints."""
    ground, tone = ground_and_tone(hand)
    plate = Plate(ground)
    canes = hand.whole(2, 4)
    dark, light = apart(hand)
    lit = hand.between(0.25, 0.75)
    edge = 0.35 + 0.1 * canes
    for x in np.linspace(-edge, edge, canes) + hand.many(canes, -0.15, 0.15):
        width, lean = hand.between(0.35, 0.55) / canes, hand.between(-0.12, 0.12)
        joint, y = hand.between(0.4, 0.75), hand.between(-1.5, -1.1)
        while y < 1.1:
            top, foot = x + lean * y + 1j * y, x + lean * (y + joint) + 1j * (y + joint)
            for t in (0.0, 0.3, 0.6, 0.85):
                left, right = -width + 2 * width * lit * t, width - 2 * width * (1 - lit) * t
                waist = (top + foot) / 2
                sides = [top + left, waist + left * 0.85, foot + left]
                sides += [foot + right, waist + right * 0.85, top + right]
                plate.fill(np.array(sides), tone(dark + (light - dark) * t))
            plate.line(np.array([foot - width * 1.2, foot + width * 1.2]), tone(dark), 0.07)
            if hand.chance(0.3):
                _hanging_leaves(hand, plate, foot, tone(light), tone(dark))
            y += joint
    return ground


def _hanging_leaves(hand: Hand, plate: Plate, root: complex, colour: Ink, rib: Ink) -> None:
    side = hand.sign()
    leaf = petal_shape(0.12, 0.2, 0.7)
    for angle in np.linspace(-0.5, 1.1, hand.whole(3, 4)):
        turn = direction(angle) * hand.between(0.4, 0.65)
        turn = turn if side > 0 else -np.conj(turn)
        plate.fill(root + leaf * turn, colour)
        plate.line(root + np.array([0, 0.9]) * turn, rib, 0.015)
