"""What looks out of a face, and hands."""

from collections.abc import Callable

import numpy as np

from engine.bestiary.contrast import scheme
from engine.bestiary.drawing import Hand
from engine.bestiary.figures import Figure, both, symmetric
from engine.bestiary.geometry import TURN, ellipse, flowing, fraction, norm, polar, rounded
from engine.bestiary.pictures import blend, rising
from engine.frame import Array


def eyes(hand: Hand) -> Array:
    """Inks: 1 lids, 2 lines, 3 white, 4 iris, 5 pupil, 6 its gleam."""
    figure = Figure()
    u, v = figure.u, figure.v
    almond = hand.chance(0.75)
    opening = _almond(hand, u, v) if almond else np.float32(0.88) - norm(u, v)
    iris = hand.between(0.3, 0.5)
    x, y = u - hand.between(-0.18, 0.18), v - hand.between(-0.06, 0.06)
    distance, angle = polar(x, y)
    figure.fill(opening > -hand.between(0.08, 0.35) * almond, 1)  # a round eye has no lids
    if almond and hand.chance(0.5):
        _lashes(hand, figure)
    figure.fill(opening > -hand.between(0.03, 0.1), 2)
    seen = opening > 0
    figure.fill(seen, 3)
    figure.shadow(seen * np.clip(1 - opening * 4, 0, 1), hand.between(0, 0.5))
    figure.fill(seen & (distance < iris * hand.between(1.0, 1.2)), 2)
    within = seen & (distance < iris)
    figure.fill(within, 4)
    fibres = np.cos(angle * hand.whole(9, 22) + 2 * np.sin(angle * 3 + hand.angle()))
    glow = (distance / iris - 0.6) * hand.between(-0.8, 0.8)
    figure.light += within * (glow + fibres * np.float32(hand.between(0.1, 0.35)))
    pupil = hand.between(0.35, 0.6) * iris
    slit = hand.chance(0.3)
    figure.fill(seen & ((norm(x * 3.2, y * 0.55) if slit else distance) < pupil), 5)
    figure.fill(norm(x + iris * 0.35 * hand.sign(), y + iris * 0.35) < iris * 0.22, 6)
    skin, line, third, dark, light = scheme(hand)
    pupil_colour, shine = (dark, light) if hand.chance(0.85) else (light, dark)
    white = light if hand.chance(0.7) else blend(third, light, 0.4)
    colours = (skin, line, white, hand.palette(3)[hand.whole(0, 2)], pupil_colour, shine)
    return figure.scattered(hand, colours, most=5, tilt=0.9 if hand.chance(0.7) else TURN)


def _almond(hand: Hand, u: Array, v: Array) -> Array:
    """How far inside the lids a place is."""
    above, below = hand.between(0.4, 0.62), hand.between(0.3, 0.5)
    sharp = hand.between(1.6, 2.6)
    v = v - u * hand.between(-0.15, 0.15)
    closing = 1 - (np.abs(u) / np.float32(0.97)) ** np.float32(sharp)
    return np.minimum(v + above * closing, below * closing - v)


def _lashes(hand: Hand, figure: Figure) -> None:
    length, width = hand.between(1.35, 1.7), hand.between(0.05, 0.09)
    for x in np.linspace(-0.8, 0.8, hand.whole(6, 10)):
        root, tip = (x, -0.4 * (1 - x * x)), (x * length, -(0.5 * (1 - x * x) + 0.12) * length)
        figure.line(np.array([root, tip]), width, 2)


def faces(hand: Hand) -> Array:
    """People, seen from the front. Inks: 1 skin, 2 lines, 3 hair, 4 white, 5 iris, 6 pupil,
    7 lips."""
    figure = Figure()
    u, v = figure.u, figure.v
    wide, jaw = hand.between(0.58, 0.76), hand.between(0.08, 0.32)
    head = norm(u / (wide * (1 - jaw * v)), v / 0.93)
    _hair_and_neck(hand, figure, wide)
    figure.fill(ellipse(figure.aside, v, wide * 0.98, 0.02, 0.12, 0.2) < 1, 1)
    figure.fill(head < 1, 1)
    hairline, bow = hand.between(-0.68, -0.4), hand.between(-0.5, 0.9)
    fringe = hairline + bow * (u - hand.between(-0.3, 0.3)) ** 2
    if hand.chance(0.85):
        figure.fill((head < 1.06) & (v < fringe), 3)
    figure.shadow(np.clip(head * 2.5 - 1.6, 0, 1) * (head < 1), hand.between(0, 0.5))
    _gaze(hand, figure, wide)
    _nose_and_mouth(hand, figure)
    side = hand.sign()
    figure.shadow(rising(u * side - 0.12 + 0.2 * v * v, 0.5), hand.between(0.1, 0.6))
    skin, line, third, dark, light = scheme(hand)
    if hand.chance(0.6) and skin.sum() < line.sum():
        skin, line = line, skin
    lips = blend(skin, third, 0.6) * 0.75 + line * 0.15
    colours = (skin, line, hand.palette(1)[0], light, third * 0.7, dark, lips)
    return figure.scattered(hand, colours, most=3, smallest=0.85, largest=1.15)


def _hair_and_neck(hand: Hand, figure: Figure, wide: float) -> None:
    u, v = figure.u, figure.v
    if hand.chance(0.5):
        volume = hand.between(1.15, 1.4)
        locks = ellipse(u, v, 0, -0.1, wide * volume, 0.95 * volume**0.5)
        figure.fill((locks < 1) & (v < hand.between(0.1, 0.9)), 3)
    if hand.chance(0.25):
        figure.fill(ellipse(u, v, 0, -0.95, 0.25, 0.2) < 1, 3)
    if hand.chance(0.6):
        figure.fill((figure.aside < wide * 0.45 + np.maximum(v - 1, 0) * 3) & (v > 0.4), 1)
        figure.shadow((v > 0.75).astype(np.float32), 0.35)


def _gaze(hand: Hand, figure: Figure, wide: float) -> None:
    v, x, y = figure.v, wide * 0.46, hand.between(-0.16, -0.04)
    width, height = hand.between(0.15, 0.22), hand.between(0.08, 0.15)
    slant = hand.between(-0.25, 0.25)
    socket = ellipse(figure.aside, v, x, y - 0.05, 0.3, 0.26)
    figure.shadow(np.clip(1.4 - socket, 0, 1), hand.between(0.1, 0.45))
    figure.fill(ellipse(figure.aside, v, x, y, width * 1.2, height * 1.35, slant) < 1, 2)
    white = ellipse(figure.aside, v, x, y + 0.01, width, height, slant) < 1
    figure.fill(white, 4)
    look = hand.between(-0.05, 0.05)
    for middle in (-x + look, x + look):
        distance = norm(figure.u - middle, v - y)
        figure.fill(white & (distance < height * 1.05), 5)
        figure.fill(white & (distance < height * 0.55), 6)
        figure.dot(middle - 0.03, y - 0.035, 0.025, 4)
    raised, slope = hand.between(0.16, 0.26), hand.between(-0.12, 0.12)
    brow = np.array([(x - 0.2, y - raised + slope), (x, y - raised - 0.07), (x + 0.22, y - raised)])
    for points in both(flowing(brow)):
        figure.line(points, hand.between(0.05, 0.1), 2)


def _nose_and_mouth(hand: Hand, figure: Figure) -> None:
    u, v, aside = figure.u, figure.v, figure.aside
    tip, wing, side = hand.between(0.18, 0.3), hand.between(0.1, 0.17), hand.sign()
    ridge = [(0.05, -0.15), (0.06, 0.0), (wing, tip - 0.04)]
    ridge += [(wing * 0.8, tip + 0.03), (0, tip + 0.03)]
    figure.line(flowing(np.array(ridge) * (side, 1)), hand.between(0.04, 0.06), 2)
    figure.shadow((aside < wing) & (v > tip - 0.12) & (v < tip + 0.06), hand.between(0.05, 0.3))
    figure.fill(ellipse(aside, v, wing * 0.6, tip + 0.02, 0.045, 0.03) < 1, 2)
    half, full = hand.between(0.2, 0.34), hand.between(0.05, 0.1)
    bow = v - 0.54 + hand.between(-0.5, 0.9) * u * u
    swell = full * np.clip(1 - (u / half) ** 2, 0, 1)
    figure.fill((np.abs(bow) < swell) & (aside < half), 7)
    parted = hand.chance(0.3)
    figure.fill((np.abs(bow) < swell * (0.55 if parted else 0.25)) & (aside < half), 2)
    if parted:
        figure.fill((np.abs(bow + 0.01) < swell * 0.3) & (aside < half * 0.8), 4)


def masks(hand: Hand) -> Array:
    """Carved and painted: holes for eyes, and bands of ornament. Inks: 1 wood, 2 paint, 3 another
    paint, 4 holes."""
    figure = Figure()
    v, aside = figure.v, figure.aside
    top, middle, chin = hand.between(0.2, 0.7), hand.between(0.5, 0.8), hand.between(0.1, 0.55)
    _crest(hand, figure)
    right = [(0, -0.85), (top, -0.8), (middle, -0.3), (middle * 0.95, 0.25), (chin, 0.9)]
    outline = symmetric([*right, (0, 1.02)], hand.whole(1, 3))
    figure.polygon(outline, 2)
    figure.polygon(outline * hand.between(0.86, 0.94), 1)
    x, y = middle * 0.47, hand.between(-0.25, -0.05)
    _ornament(hand, figure, x, y)
    hole = _eyehole(hand, aside - x, v - y)
    figure.fill(hole < hand.between(1.4, 1.9), 3)
    figure.fill(hole < 1, 4)
    _carved_nose_and_mouth(hand, figure)
    base, paint, third, dark, light = scheme(hand)
    deep = dark if base.sum() > paint.sum() or hand.chance(0.5) else light
    return figure.scattered(hand, (base, paint, third, deep), most=3, smallest=0.85, largest=1.1)


def _crest(hand: Hand, figure: Figure) -> None:
    """Horns, a crown of feathers, ears, or nothing."""
    kind = hand.whole(0, 3)
    if kind == 0:
        out, up = hand.between(0.8, 1.1), hand.between(0.6, 1.1)
        horn = rounded([(0.25, -0.6), (out, -0.5), (out * 0.85, -up - 0.1), (out * 0.75, -0.75)], 2)
        for points in both(horn):
            figure.polygon(points, 3)
    elif kind == 1:
        count = hand.whole(5, 11)
        distance, angle = polar(figure.u, figure.v + 0.1)
        long = 0.85 + 0.25 * np.abs(np.cos(angle * count))
        figure.fill((distance < long) & (figure.v < 0.1), 3)
        figure.mark(np.abs(np.sin(angle * count)) > 0.85, 2)
    elif kind == 2:
        for points in both(rounded([(0.5, -0.3), (0.9, -0.6), (1.0, 0.1), (0.6, 0.4)], 1)):
            figure.polygon(points, 3)


def _ornament(hand: Hand, figure: Figure, x: float, y: float) -> None:
    """Cheeks and brow in rings about the eye (x, y), slants, rays, dots or zigzags."""
    v, aside = figure.v, figure.aside
    bands = hand.between(3.0, 5.0)
    patterns: tuple[Callable[[], Array], ...] = (
        lambda: fraction(norm(aside - x, v - y) * bands),
        lambda: fraction((v + aside * hand.between(-1.2, 1.2)) * bands),
        lambda: fraction(np.arctan2(v, aside + 0.01) * bands),
        lambda: norm(fraction(aside * bands) - 0.5, fraction(v * bands) - 0.5) * 1.5,
        lambda: fraction(np.abs(fraction(aside * bands * 0.8) - 0.5) + v * bands),
    )
    cheeks, brow = (v > 0.08) & (aside > 0.2), v < y - 0.2
    painted_on = figure.ink == 1
    for region, ink in ((cheeks, 2), (brow, 3 if hand.chance(0.5) else 2)):
        pattern = patterns[hand.whole(0, 4)]()
        figure.fill(painted_on & region & (pattern < hand.between(0.4, 0.6)), ink)


def _eyehole(hand: Hand, across: Array, down: Array) -> Array:
    """0 in its middle, 1 on its edge: an oval, a slot, a rhomb, or a crescent."""
    width, height = hand.between(0.18, 0.3), hand.between(0.08, 0.18)
    down = down - across * hand.between(-0.5, 0.5)
    form = hand.whole(0, 3)
    if form == 0:
        return norm(across / width, down / height)
    if form == 1:
        return np.maximum(np.abs(across) / width, np.abs(down) / height)
    if form == 2:
        return np.abs(across) / width + np.abs(down) / height / 1.3
    return norm(across / width, (down + across**2 * 3 - height * 0.6) / height)


def _carved_nose_and_mouth(hand: Hand, figure: Figure) -> None:
    v, aside = figure.v, figure.aside
    tip, wide = hand.between(0.2, 0.4), hand.between(0.1, 0.2)
    figure.polygon(symmetric([(0.05, -0.5), (0.07, 0.0), (wide, tip), (0, tip + 0.04)], 1), 3)
    figure.light[(figure.ink == 3) & (aside < wide) & (figure.u > 0)] *= 0.7
    half, open_by, y = hand.between(0.15, 0.36), hand.between(0.06, 0.14), 0.64
    form = hand.whole(0, 2)
    bend = hand.between(-1, 1) if form == 0 else 0.0
    away = np.abs(v - y + bend * aside**2)
    across, down = aside / half, away / open_by
    mouth = np.maximum(across, down) if form == 1 else norm(across, down)
    figure.fill(mouth < 1.35, 3)
    figure.fill(mouth < 1, 4)
    if hand.chance(0.5):
        teeth = np.abs(fraction(figure.u * 7) - 0.5) < 0.32
        figure.fill((mouth < 1) & teeth & (away > open_by * 0.2), 1)


def skulls(hand: Hand) -> Array:
    """Inks: 1 bone, 2 hollows, 3 teeth, 4 what glows in the sockets."""
    figure = Figure()
    v, aside = figure.v, figure.aside
    crown, cheek = hand.between(0.7, 0.85), hand.between(0.5, 0.66)
    jaw, chin = hand.between(0.35, 0.48), hand.between(0.8, 1.0)
    right = [(0, -1.05), (crown, -1.0), (crown, -0.2), (cheek, 0.05), (cheek, 0.35)]
    figure.polygon(symmetric([*right, (jaw, 0.4), (jaw, chin), (0, chin + 0.05)]), 1)
    figure.shadow(np.clip(norm(figure.u + 0.25, v + 0.4) - 0.3, 0, 1), hand.between(0, 0.6))
    _sockets(hand, figure)
    y, high, count = chin - 0.28, hand.between(0.13, 0.18), hand.between(4.5, 7)
    tooth = np.maximum(np.abs(fraction(figure.u * count) - 0.5) * 2, 0)
    bite = np.abs(v - y + 0.1 * aside**2)
    row = (bite < high) & (aside < jaw * 0.82)
    figure.fill(row, 3)
    figure.fill(row & ((tooth > 0.72) | (bite < 0.025)), 2)
    for points in both(flowing([(cheek, 0.3), (jaw * 0.8, 0.3), (jaw * 0.9, 0.6)])):
        figure.line(points, 0.05, 2)
    if hand.chance(0.4):
        down = np.linspace(-1, -0.4, 6)
        across = (np.linspace(0.1, 0.4, 6) + hand.many(6, -0.06, 0.06)) * hand.sign()
        crack = np.stack([across, down], 1)
        figure.line(crack, 0.04, 2)
    bone, hollow, third, _, _ = scheme(hand)
    if hand.chance(0.6) and bone.sum() < hollow.sum():
        bone, hollow = hollow, bone
    colours = (bone, hollow, blend(bone, bone / bone.max(), 0.5), third)
    return figure.scattered(hand, colours)


def _sockets(hand: Hand, figure: Figure) -> None:
    """Of the eyes and of the nose."""
    v, aside = figure.v, figure.aside
    width, height = hand.between(0.19, 0.27), hand.between(0.18, 0.28)
    slant, y = hand.between(-0.4, 0.6), hand.between(-0.18, -0.05)
    socket = ellipse(aside, v, 0.34, y, width, height, slant)
    figure.shadow(np.clip(1.5 - socket, 0, 1) * (socket > 1), 0.5)
    figure.fill(socket < 1, 2)
    if hand.chance(0.25):
        figure.fill(ellipse(aside, v, 0.34, y, 0.07, 0.07) < 1, 4)
    wide, long = hand.between(0.1, 0.16), hand.between(0.2, 0.3)
    nose = [(0.0, 0.08), (wide * 0.6, 0.12), (wide, 0.08 + long), (0.02, 0.03 + long)]
    figure.polygon(symmetric(nose, 1), 2)


def hands(hand: Hand) -> Array:
    """Inks: 1 skin, 2 creases, 3 nails."""
    figure = Figure()
    wide, thick = hand.between(0.3, 0.38), hand.between(0.17, 0.23)
    spread, longest = hand.between(0.35, 0.6), hand.between(0.8, 1.0)
    palm = [(-wide, 0.0), (wide, 0.0), (wide * 1.1, 0.5), (0.24, 0.85), (-0.24, 0.85), (-wide, 0.5)]
    figure.polygon(rounded(np.array(palm) * (1.15, 1.1)), 1)
    figure.line(np.array([(0, 0.6), (0, 1.3)]), hand.between(0.38, 0.46), 1)
    fingers = []
    for place, length in zip((-0.9, -0.3, 0.3, 0.9), (0.86, 1, 0.92, 0.7), strict=True):
        lean = place * spread + hand.between(-0.06, 0.06)
        along = np.array([np.sin(lean), -np.cos(lean)]) * longest * length
        root = np.array([place * wide * 0.95, 0.08 + 0.08 * place**2])
        fingers.append(np.array([root, root + along * 0.5, root + along]))
    out = hand.between(0.5, 1.1)
    thumb = [(-wide * 0.6, 0.62), (-wide - 0.2, 0.35), (-wide - 0.22 - 0.3 * out, 0.22 - 0.3 / out)]
    fingers.append(np.array(thumb))
    for finger in fingers:
        figure.line(flowing(finger), thick, 1)
    front, width = hand.chance(0.5), hand.between(0.02, 0.04)
    for finger in fingers:
        _finger_marks(figure, finger, thick, width, front)
    if front:
        for y, bend in ((0.22, -0.12), (0.36, 0.12)):
            palm_line = [(-wide * 0.8, y + bend), (0, y), (wide * 0.8, y - bend * 0.5)]
            figure.line(flowing(palm_line), width, 2)
    skin, line, third, _, _ = scheme(hand)
    crease = blend(skin, line, hand.between(0.35, 0.9))
    return figure.scattered(hand, (skin, crease, third), most=2, smallest=0.8, largest=1.1)


def _finger_marks(figure: Figure, finger: Array, thick: float, width: float, front: bool) -> None:
    """Creases over the joints; on the back of the hand a nail as well."""
    along = finger[2] - finger[1]
    along = along / norm(*along)
    normal = np.array([-along[1], along[0]]) * thick * 0.4
    for part in (0.15, 0.6) if front else (0.1,):
        joint = finger[1] * (1 - part) + finger[2] * part
        figure.line(np.array([joint - normal, joint + normal]), width, 2)
    if not front:
        figure.line(np.array([finger[2], finger[2] + along * thick * 0.12]), thick * 0.6, 3)
