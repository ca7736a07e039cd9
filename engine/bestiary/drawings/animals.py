"""Animals of fur, feather, fin and shell."""

import numpy as np

from engine.bestiary.contrast import apart, ground_and_tone, scheme
from engine.bestiary.drawing import Hand
from engine.bestiary.figures import Figure, both, symmetric
from engine.bestiary.geometry import (
    TURN,
    ellipse,
    flowing,
    fraction,
    norm,
    polar,
    remainder,
    rounded,
)
from engine.bestiary.pictures import blend, rising
from engine.bestiary.plates import Plate
from engine.frame import Array


def cats(hand: Hand) -> Array:
    """Their heads. Inks: 1 fur, 2 lines, 3 muzzle and ears, 4 eyes, 5 lids and pupils."""
    figure = Figure()
    v, aside = figure.v, figure.aside
    wide, high = hand.between(0.78, 0.92), hand.between(0.64, 0.76)
    out, up = hand.between(0.55, 0.8), hand.between(0.98, 1.12)
    ear = np.array([(0.14, -0.4), (out, -up), (wide * 0.98, -0.05)])
    for points in both(rounded(ear, 1) * 1.04):
        figure.polygon(points, 1)
    for points in both(ear * 0.62 + ear.mean(0) * 0.38):
        figure.polygon(points, 3)
    head = ellipse(figure.u, v, 0, 0.15, wide, high)
    figure.fill(head < 1, 1)
    if hand.chance(0.65):
        _tabby(hand, figure)
    if hand.chance(0.6):
        figure.fill(ellipse(aside, v, 0.16, 0.48, 0.26, 0.2) < 1, 3)
    _slit_eyes(hand, figure)
    figure.polygon(symmetric([(0.13, 0.26), (0.02, 0.42)], 1), 2)
    for points in both(flowing([(0.0, 0.38), (0.0, 0.56), (0.16, 0.6), (0.28, 0.5)])):
        figure.line(points, 0.05, 2)
    for slope in (-0.22, -0.02, 0.18) if hand.chance(0.3) else ():
        whisker = [(0.25, 0.46 + slope * 0.25), (0.7, 0.44 + slope), (1.12, 0.5 + slope * 1.7)]
        for points in both(flowing(whisker)):
            figure.line(points, hand.between(0.035, 0.05), 2)
    fur, line, third, dark, light = scheme(hand)
    eye = light if hand.chance(0.6) else blend(third, light, 0.5)
    colours = (fur, line, blend(fur, third, hand.between(0.5, 1)), eye, dark)
    return figure.scattered(hand, colours, most=2, smallest=0.8, largest=1.1, tilt=0.4)


def _tabby(hand: Hand, figure: Figure) -> None:
    v, aside = figure.v, figure.aside
    stripes = np.sin((aside * 1.1 + v * hand.between(-0.3, 0.6)) * hand.between(12, 22))
    where = ((v < -0.2) | (aside > 0.55)) & (stripes > hand.between(0, 0.5))
    figure.fill(where & (figure.ink == 1), 2 if hand.chance(0.5) else 3)


def _slit_eyes(hand: Hand, figure: Figure) -> None:
    v, aside = figure.v, figure.aside
    width, height = hand.between(0.19, 0.25), hand.between(0.13, 0.2)
    x, y, slant = hand.between(0.34, 0.42), hand.between(-0.05, 0.05), hand.between(-0.5, -0.15)
    eye = ellipse(aside, v, x, y, width, height, slant)
    figure.fill(eye < hand.between(1.15, 1.35), 5)
    figure.fill(eye < 1, 4)
    figure.fill((eye < 1) & (ellipse(aside, v, x, y, hand.between(0.04, 0.08), height) < 1), 5)
    figure.shadow((eye < 1) * np.clip((y - v) / height, 0, 1), hand.between(0, 0.5))


def owls(hand: Hand) -> Array:
    """Inks: 1 plumage, 2 face, 3 beak and breast, 4 eyes and feet, 5 pupils."""
    figure = Figure()
    u, v, aside = figure.u, figure.v, figure.aside
    head, body = hand.between(0.6, 0.72), hand.between(0.58, 0.78)
    tuft, out = hand.between(0.95, 1.15), hand.between(0.5, 0.75)
    right = [(0, -0.75), (0.25, -0.72), (out, -tuft), (head, -0.5), (body, 0.2), (body, 0.75)]
    for points in both(np.array([(0.12, 0.85), (0.16, 1.03), (0.34, 1.03), (0.34, 0.85)])):
        figure.polygon(points, 4)
    figure.polygon(symmetric([*right, (0.3, 1.0), (0, 1.02)]), 1)
    _breast(hand, figure, body)
    x, y, disc = hand.between(0.27, 0.33), hand.between(-0.38, -0.25), hand.between(0.32, 0.38)
    distance = norm(aside - x, v - y)
    figure.fill(distance < disc, 2)
    if hand.chance(0.5):
        rays = np.cos(np.arctan2(v - y, aside - x) * hand.whole(9, 15))
        figure.light += (distance < disc) * rays * np.float32(0.2)
    iris = disc * hand.between(0.62, 0.78)
    figure.fill(distance < iris, 4)
    figure.fill(distance < iris * hand.between(0.45, 0.65), 5)
    figure.fill(norm(np.abs(u - 0.04) - x, v - y + 0.05) < 0.045, 4)
    beak = hand.between(0.02, 0.14)
    figure.polygon(symmetric([(0.1, y), (0.08, y + 0.15), (0.01, beak)], 1), 3)
    plumage, face, third, dark, light = scheme(hand)
    eye, pupil = (light, dark) if hand.chance(0.8) else (dark, light)
    return figure.scattered(hand, (plumage, face, third, eye, pupil), most=3)


def _breast(hand: Hand, figure: Figure, body: float) -> None:
    """Scaly feathers, and the wings at their sides."""
    v, cells = figure.v, hand.between(2.2, 3.5)
    row = np.floor(v * cells * 1.3)
    across = fraction(figure.u * cells + 0.5 * remainder(row, 2)) - 0.5
    scale = norm(across * 1.7, fraction(v * cells * 1.3))
    breast = (ellipse(figure.u, v, 0, 0.5, body * 0.68, 0.55) < 1) & (figure.ink == 1)
    if hand.chance(0.5):
        figure.fill(breast, 3)
    figure.fill(breast & (scale > hand.between(0.6, 0.75)), 2)
    wing = ellipse(figure.aside, v, body * 0.88, 0.3, 0.2, 0.55, 0.12)
    figure.shadow((wing < 1) & (figure.ink == 1), hand.between(0.2, 0.5))


def fish(hand: Hand) -> Array:
    """Seen from the left. Inks: 1 skin, 2 lines, 3 fins and belly, 4 eye, 5 pupil."""
    figure = Figure()
    u, v = figure.u, figure.v
    high, root = hand.between(0.28, 0.55), hand.between(0.07, 0.13)
    t = np.clip((u + 0.9) / 1.45, 0, 1)  # 0 at its mouth, 1 where the tail begins
    half = high * 1.9 * np.sqrt(t) * (1 - t) ** np.float32(hand.between(0.7, 1.0)) + root * t
    _fins(hand, figure, high, root)
    body = (np.abs(v) < half) & (u > -0.9) & (u < 0.55)
    figure.fill(body, 1)
    _flank(hand, figure, body, v / np.maximum(half, 0.05))
    gill = norm(u + 0.85, v * 0.8) - hand.between(0.4, 0.5)
    figure.fill(body & (gill < 0), 1 if hand.chance(0.5) else 3)
    figure.fill(body & (np.abs(gill) < hand.between(0.025, 0.05)), 2)
    figure.shadow(body * np.clip(v / high, 0, 1), hand.between(0, 0.5))
    radius, y = hand.between(0.09, 0.14), -high * hand.between(0.1, 0.3)
    for part, ink in ((1.25, 2), (1.0, 4), (0.55, 5)):
        figure.dot(-0.6, y, radius * part, ink)
    figure.line(flowing([(-0.92, 0.06), (-0.8, 0.1), (-0.7, hand.between(0.08, 0.2))]), 0.05, 2)
    skin, line, third, dark, light = scheme(hand)
    colours = (skin, line, third, light, dark)
    return figure.scattered(hand, colours, most=3, smallest=0.75, largest=1.15, tilt=0.9)


def _fins(hand: Hand, figure: Figure, high: float, root: float) -> None:
    """The tail and the fins, rayed."""
    spread, fork = hand.between(0.35, 0.65), hand.between(0.68, 0.85)
    lobe = [(1.08, -spread), (fork, 0), (1.08, spread)]
    figure.polygon(rounded([(0.4, root), (0.4, -root), *lobe], hand.whole(1, 2)) * 1.04, 3)
    up = hand.between(1.4, 2.0) * high
    start, end = hand.between(-0.5, -0.2), hand.between(0.2, 0.45)
    back = [(start, -high * 0.6), (start + 0.2, -up), (end, -up * 0.85), (end, 0.0)]
    figure.polygon(rounded(back, hand.whole(1, 2)), 3)
    for x in (-0.2, 0.25)[: hand.whole(1, 2)]:
        fin = np.array([(x - 0.15, high * 0.5), (x + 0.12, high * 1.5), (x + 0.25, high * 0.4)])
        figure.polygon(rounded(fin, 1), 3)
    if hand.chance(0.7):
        rays = fraction(np.arctan2(figure.v, figure.u + 0.1) * hand.between(3, 6)) < 0.35
        figure.mark(rays, 2)


def _flank(hand: Hand, figure: Figure, body: Array, height: Array) -> None:
    """Scales, stripes or spots; ``height`` is -1 at the back and 1 at the belly."""
    u, v, kind = figure.u, figure.v, hand.whole(0, 5)
    if kind < 2:
        cells = hand.between(4.0, 6.0)
        row = np.floor(v * cells)
        x, y = fraction(u * cells + 0.5 * remainder(row, 2)), fraction(v * cells) - 0.5
        figure.fill(body & (norm(x * 0.9, y * 1.3) > 0.72), 2)
    elif kind == 2:
        stripes = fraction(u * hand.between(1.5, 3.5) + 0.15 * height**2)
        figure.fill(body & (stripes < hand.between(0.3, 0.55)), 2 if hand.chance(0.7) else 3)
    elif kind == 3:
        figure.fill(body & (fraction(height * hand.between(1, 2) + 0.25) < 0.45), 2)
    elif kind == 4:
        figure.fill(body & (hand.noise(hand.between(6, 12)) > 0.6), 2)
    figure.mark(body & (height > hand.between(0.3, 1.5)), 3)


def jellyfish(hand: Hand) -> Array:
    """Inks: 1 bell, 2 threads and ribs, 3 arms and hem."""
    figure = Figure()
    u, v, aside = figure.u, figure.v, figure.aside
    wide, high, rim = hand.between(0.65, 0.9), hand.between(0.6, 0.8), hand.between(-0.3, -0.1)
    _trailing(hand, figure, wide, rim)
    scallops = hand.between(6, 12)
    hem = rim + 0.06 * np.cos(u / wide * scallops)
    dome = norm(u / (wide * (1 + 0.12 * np.clip(v - rim + 0.3, 0, 1))), (v - rim) / high)
    bell = (dome < 1) & (v < hem) | (v > rim) & (v < hem) & (aside < wide)
    figure.fill(bell, 1)
    # 0 in the middle of the bell and 1 on its edge, at each height: the ribs run along it
    lean = u / (wide * np.sqrt(np.clip(1 - ((v - rim) / high) ** 2, 0.03, 1)))
    ribs = np.cos(np.arcsin(np.clip(lean, -1, 1)) * hand.between(5, 10))
    if hand.chance(0.6):
        figure.fill(bell & (ribs > hand.between(0.6, 0.9)) & (dome > 0.35), 2)
    figure.light += bell * (np.clip(dome, 0, 1) ** 2 * hand.between(-0.5, 0.5) + 0.1 * ribs)
    if hand.chance(0.6):
        figure.fill(bell & (v > hem - hand.between(0.08, 0.14)), 3)
    glass, thread, third, _, _ = scheme(hand)
    trailing = blend(thread, glass, hand.between(0.3, 1.0))
    return figure.scattered(hand, (glass, trailing, third), most=2, smallest=0.8, largest=1.1)


def _trailing(hand: Hand, figure: Figure, wide: float, rim: float) -> None:
    """Threads, and among them a few arms, that wave more the lower they hang."""
    sway, wave = hand.between(0.05, 0.14), hand.between(4, 8)
    y = np.linspace(rim - 0.1, 1.1, 24)
    below = (y - rim).clip(0)
    for x in np.linspace(-0.85, 0.85, hand.whole(5, 7)) * wide:
        end = hand.between(0.7, 1.1)
        bend = x * (1 - 0.2 * below) + sway * np.sin(wave * y + hand.angle()) * below**0.5
        figure.line(np.stack([bend, y], 1)[y < end], hand.between(0.06, 0.1), 2)
    for x in np.linspace(-0.3, 0.3, hand.whole(0, 2)) * wide:
        arm = np.stack([x + 0.09 * np.sin(y * 9 + hand.angle()) * below, y], 1)
        figure.line(arm[y < hand.between(0.4, 0.8)], hand.between(0.1, 0.16), 3)


def shells(hand: Hand) -> Array:
    """Nautilus and ammonite: a tube that widens as it winds, with chambers or ribs."""
    ground, tone = ground_and_tone(hand)
    growth = np.log(hand.between(1.8, 3.2))
    across, down = hand.x + hand.between(-0.06, 0.12), hand.y + hand.between(-0.05, 0.05)
    radius, angle = polar(across, down * hand.sign())
    turned = fraction(angle / np.float32(TURN) + np.float32(hand.between(0, 1)))
    # A logarithmic spiral: each whorl is exp(growth) times as wide as the one inside it
    wound = np.log(radius / 0.9 + 1e-3) / np.float32(growth) - turned
    whorl = np.ceil(wound)
    depth = whorl - wound  # into the tube, from its outer wall (0) to its inner one (1)
    along = whorl + turned  # the tube, in turns; it ends at 0
    lip = 0.25 * depth * (1 - depth) * hand.between(0, 2)
    round_tube = np.sqrt(np.clip(4.2 * depth * (1.03 - depth), 0, 1))
    count, bow = hand.whole(9, 18), hand.between(0.5, 1.6) * hand.sign()
    step = fraction(along * count + bow * depth * (1 - depth) * 2)
    dark, light = apart(hand)
    if hand.chance(0.5):
        wall = (np.abs(step - 0.5) > 0.5 - hand.between(0.07, 0.13)) & (along < -0.2)
        shade = np.where(wall, 0.0, 0.35 + 0.5 * round_tube + 0.15 * step)
    else:
        ribs = 0.5 + 0.5 * np.cos(step * np.float32(TURN))
        shade = round_tube * (0.3 + 0.7 * ribs)
    shade = np.where((depth < 0.06) | (depth > 0.97), 0, shade)
    inks = np.array([tone(t) for t in np.linspace(dark, light, 64)], np.float32)
    drawn = inks[np.clip(shade * 63, 0, 63).astype(np.int32)]
    drawn *= rising(-along - lip, 0.01)[..., None]
    return hand.scattered(
        Plate(drawn).stamp(hand), most=3, smallest=0.85, largest=1.3, tiled=0.06, ground=ground
    )
