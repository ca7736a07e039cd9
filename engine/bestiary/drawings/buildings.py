"""What is built: stone, glass and roofs, all of it upright."""

import cv2
import numpy as np

from engine.bestiary.drawing import Hand, Ramp
from engine.bestiary.geometry import (
    TURN,
    ellipse,
    fraction,
    hashed,
    norm,
    polar,
    remainder,
)
from engine.bestiary.pictures import SIDE, Colour, flat, mixed, painted, rising
from engine.bestiary.plates import coordinates, copies
from engine.frame import Array

SHEET = 104  # pixels along a side of a plate
REACH = 1.4  # of a plate: spires rise above 1


def arches(hand: Hand) -> Array:
    """Arcades, round or pointed, of nested mouldings."""
    u, v = hand.plane(1.5, 3.6, warp=0.02, upright=True)
    height = hand.between(1.2, 2.2)
    row = np.floor(v / height)
    x, y = fraction(u) - 0.5, fraction(v / height) * height
    pointed = hand.between(0.1, 0.9) if hand.chance(0.6) else 0.0
    spring = height * hand.between(0.3, 0.45) + 0.25
    above = np.maximum(spring - y, 0)
    # Half its width, 0.5 where arches meet; the two sides of a pointed one have their middles apart
    arch = norm(np.abs(x) + pointed, above) - pointed
    if hand.chance(0.2):
        arch = np.where(y > spring, np.abs(x) + 0.25 * np.minimum(y - spring, 0.25), arch)
    opening, mouldings = hand.between(0.22, 0.36), hand.whole(1, 4)
    step = np.floor((arch - opening) / (0.47 - opening) * mouldings)
    stone = hand.ramp(4)
    shade = hand.between(0.1, 0.3) * (remainder(step, 2) * 2 - 1)
    wall_tone = hand.between(0.4, 0.7)
    picture = stone(np.where(arch > 0.47, wall_tone, wall_tone + shade + 0.08 * step))
    ring = (arch > opening) & (arch < 0.47) & (y < spring)
    if hand.chance(0.4):
        joint = fraction(np.arctan2(above, np.abs(x) + pointed) * hand.between(2, 5)) < 0.2
        picture[ring & joint] *= 0.5
    capital = (np.abs(y - spring - 0.05) < 0.06) & (arch > opening - 0.05)
    picture[capital] = hand.colour(0.3, 1)
    dark, light = hand.contrasting()
    beyond = mixed(dark, dark * 0.4 + light * 0.2, np.clip(y / height, 0, 1))
    inside = (arch < opening) & ~capital
    picture = painted(picture, inside, beyond)
    if hand.chance(0.5):
        picture[inside & _tracery(hand, x, y - spring, opening)] = light
    border = (y < 0.12) | (y > height - 0.08)
    picture[border] = hand.colour(0.2, 1)
    relief = np.where(inside, 0, np.clip((arch - opening) * 4 + shade, 0, 1))
    return hand.lit(picture * (1 - 0.1 * remainder(row, 2))[..., None], relief, 2, probability=0.5)


def _tracery(hand: Hand, x: Array, below: Array, opening: float) -> Array:
    """Where an arch has bars: below its spring, and sometimes a ring above them."""
    bars = (np.abs(fraction(x * hand.whole(1, 2) / opening + 0.5) - 0.5) < 0.1) & (below > 0)
    if hand.chance(0.5):
        rose = norm(x, below + opening * 0.35) - opening * 0.45
        bars |= np.abs(rose) < 0.03
    return bars


def windows(hand: Hand) -> Array:
    """A house front: rows of framed panes, lit or dark."""
    u, v = hand.plane(1.6, 4.5, warp=0, upright=True, stretch=0.3)
    if hand.chance(0.35):
        v = v + u * hand.between(-0.4, 0.4)
    number = hashed(np.floor(u), np.floor(v), hand.between(0, 99))
    x, y = fraction(u) - 0.5, fraction(v) - 0.5
    width, height = hand.between(0.2, 0.33), hand.between(0.25, 0.38)
    wall = hand.ramp(3)(0.4 + 0.12 * hand.clouds(3, 3))
    if hand.chance(0.4):
        courses = fraction(v * hand.whole(4, 7)) < 0.2
        wall[courses] *= hand.between(0.6, 0.9)
    out = np.maximum(np.abs(x) / width, np.abs(y) / height)
    if hand.chance(0.3):
        rounded = norm(x / width, (y + height * 0.4) / (height * 0.6))
        out = np.where(y < -height * 0.4, rounded, out)
    frame = hand.colour(0.6, 1) if hand.chance(0.6) else hand.colour(0, 0.3)
    glass = _panes(hand, number, x, y, width)
    glass[_glazing_bars(hand, x, y, width, height)] = frame
    if hand.chance(0.5):
        shutter = (np.abs(y) < height) & (np.abs(np.abs(x) - width * 1.25) < width * 0.22)
        slats = 0.7 + 0.3 * (fraction(v * hand.whole(8, 14)) < 0.5)
        wall[shutter] = (hand.colour(0.2, 1) * slats[..., None])[shutter]
    sill = (np.abs(y - height * 1.12) < 0.035) & (np.abs(x) < width * 1.3)
    if hand.chance(0.5):
        sill |= (np.abs(y + height * 1.25 + 0.3 * np.abs(x)) < 0.04) & (np.abs(x) < width * 1.3)
    wall[sill] = frame * hand.between(0.7, 1)
    border = 1 + hand.between(0.1, 0.3)
    wall[out < border] = frame
    return painted(wall, out < 1, glass)


def _panes(hand: Hand, number: Array, x: Array, y: Array, width: float) -> Array:
    """Some lit, some of those with curtains; the windows are told apart by their ``number``."""
    dark, light = hand.contrasting()
    lit = number < hand.between(0.2, 0.8)
    glass = np.where(lit[..., None], light, dark) * (1 - 0.5 * (y + 0.5))[..., None]
    if hand.chance(0.4):
        curtain = np.abs(x) > width * (0.95 - 0.5 * np.clip(0.4 - y, 0, 1))
        glass[curtain & lit] = hand.colour(0.3, 1)
    return glass


def _glazing_bars(hand: Hand, x: Array, y: Array, width: float, height: float) -> Array:
    """Where they are; ``width`` and ``height`` of half a window."""
    columns, rows = hand.whole(2, 3), hand.whole(1, 3)
    bar = hand.between(0.02, 0.035)
    across = np.abs(fraction((x / width + 1) / 2 * columns + 0.5) - 0.5) * 2 * width / columns
    down = np.abs(fraction((y / height + 1) / 2 * rows + 0.5) - 0.5) * 2 * height / rows
    return np.minimum(across, down) < bar


def cities(hand: Hand) -> Array:
    """Towers with lit windows, layer behind layer, against the sky."""
    picture = hand.ramp(3)((hand.y + 1) / 2) if hand.chance(0.6) else hand.background()
    picture = np.asarray(picture, np.float32)
    wall, sky = hand.contrasting()
    picture = picture * 0.5 + sky * 0.5
    light = hand.colour(0.7, 1) if wall.sum() < sky.sum() else hand.colour(0, 0.35)
    layers, scale = hand.whole(1, 3), hand.ratio(0.8, 1.8)
    for layer in range(layers):
        near = (layer + 1) / layers
        left = -hand.whole(0, 12)
        colour = sky * (1 - near) * 0.75 + wall * (0.25 + 0.75 * near)
        while left < SIDE:
            width = round(scale * hand.between(12, 30))
            top = round(SIDE * (1 - hand.between(0.35, 0.95) * (1.15 - 0.5 * near)))
            _tower(hand, picture, left, top, width, colour * hand.between(0.8, 1.1), light, scale)
            left += width + hand.whole(-2, 6)
    return picture


def _tower(
    hand: Hand,
    picture: Array,
    left: int,
    top: int,
    width: int,
    wall: Colour,
    light: Colour,
    scale: float,
) -> None:
    """``light``: of its windows; ``scale``: of their size."""
    cv2.rectangle(picture, (left, top), (left + width, SIDE), wall.tolist(), -1)
    _roof(hand, picture, left, top, width, wall.tolist())
    pitch, gap = round(hand.between(4, 6) * scale), round(1.6 * scale) + 1
    pane, share = pitch - gap, hand.between(0.3, 0.9)
    for y in range(top + 4, SIDE, pitch + 1):
        for x in range(left + 3, left + width - pitch + 1, pitch):
            if hand.chance(share):
                picture[max(y, 0) : y + pane + 1, max(x, 0) : max(x + pane, 0)] = light
    cv2.line(picture, (left, top), (left, SIDE), (wall * 0.5).tolist(), 1)


def _roof(hand: Hand, picture: Array, left: int, top: int, width: int, colour: list[float]) -> None:
    """Of a tower: pointed, stepped with a mast, slanting, round, or none."""
    right, middle = left + width, left + width // 2
    kind = hand.whole(0, 5)
    if kind == 1:
        point = np.array([[left, top], [right, top], [middle, top - width]])
        cv2.fillConvexPoly(picture, point, colour)
    elif kind == 2:
        cv2.rectangle(picture, (left + width // 4, top - 8), (right - width // 4, top), colour, -1)
        cv2.line(picture, (middle, top - 22), (middle, top), colour, 2)
    elif kind == 3:
        slant = np.array([[left, top], [right, top], [right, top - width // 2]])
        cv2.fillConvexPoly(picture, slant, colour)
    elif kind == 4:
        cv2.ellipse(picture, (middle, top), (width // 2, width // 2), 0, 180, 360, colour, -1)


def pagodas(hand: Hand) -> Array:
    """Storey on storey, each under a roof whose corners turn up."""
    roof, wall = hand.contrasting()
    storeys, narrowing = hand.whole(3, 6), hand.between(0.35, 0.7)
    curl, overhang = hand.between(0.25, 0.6), hand.between(1.5, 2.1)
    trim, dark = hand.colour(0, 1), wall * 0.3
    tiles, doors = hand.between(15, 40), hand.between(0.8, 2.2)
    base = hand.between(0.3, 0.48)
    u, v = coordinates(SHEET, REACH)
    storey = np.clip(np.floor((0.95 - v) / 1.7 * storeys), 0, storeys - 1)
    up = (0.95 - v) / 1.7 * storeys - storey  # 0 on the floor of a storey, 1 on the next
    aside = np.abs(u)
    width = base * (1 - narrowing * storey / storeys)
    inner = (aside < width) & (up < 0.6) & (up >= 0)
    picture = flat(wall, u) * (0.85 - 0.5 * u)[..., None]
    opening = np.abs(fraction(u / width * doors + 0.5) - 0.5) < 0.28
    picture[opening & (up < 0.35)] = dark
    out = aside / (width * overhang)
    eave = 0.32 + curl * out**3
    ridge = eave + 0.62 * np.clip(1 - out, 0, 1) ** 0.6 + 0.05
    over = (out < 1) & (up > eave) & (up < ridge)
    shade = 0.75 + 0.25 * np.sin(u * tiles) - 0.3 * (ridge - up)
    picture[over] = roof * shade[over][:, None]
    picture[over & (up < eave + 0.13)] = trim
    spire = (aside < 0.035 + 0.03 * np.cos(v * 60)) & (v > -1.1) & (v < -0.7)
    picture[spire & ~over] = trim
    plinth = (np.abs(v - 1) < 0.06) & (aside < base * 1.5)
    picture[plinth] = dark
    mask = inner | over | spire | plinth
    stamp = copies(np.dstack([picture, mask]), REACH, levels=1)
    return hand.scattered(stamp, most=4, smallest=0.75, largest=1.0, tilt=0.2, tiled=0.2)


def domes(hand: Hand) -> Array:
    """Onion domes on their drums, with a finial."""
    towers = 1 if hand.chance(0.6) else 3
    stamp = copies(np.dstack(_domed(hand, towers)), REACH, levels=1)
    if towers == 1:
        return hand.scattered(stamp, most=3, smallest=0.8, largest=1.1, tilt=0.15, tiled=0)
    return hand.scattered(stamp, most=1, smallest=0.85, largest=1.15, tilt=0.15, tiled=0)


def _domed(hand: Hand, towers: int) -> tuple[Array, Array]:
    """One tower, or three, each under its dome: a picture and its mask."""
    u, v = coordinates(SHEET, REACH)
    picture, mask = np.zeros((*u.shape, 3), np.float32), np.zeros_like(u)
    places = [(0.0, 0.0, 1.0)]
    if towers > 1:
        places = [(aside * 0.62, 0.3, 0.55) for aside in (-1, 1)] + [(0.0, -0.12, 0.75)]
    wall, alike = hand.colour(0.3, 1), hand.ramp(4) if hand.chance(0.5) else None
    # The outline of an onion, from its tip down
    heights = np.array([-0.8, -0.7, -0.55, -0.4, -0.2, 0.0, 0.15, 0.27, 0.34])
    widths = np.array([0.03, 0.07, 0.16, 0.34, 0.62, 0.74, 0.7, 0.5, 0.36])
    widths[1:-1] = widths[1:-1] ** hand.between(0.8, 1.2) * hand.between(0.8, 1.1)
    for x, y, size in places:
        tiles = alike or hand.ramp(4)
        # The part of the plate that this tower covers
        across = np.abs(u[0] - x) < 0.85 * size
        left, right = int(np.argmax(across)), int(across.size - np.argmax(across[::-1]))
        window = np.s_[max(0, int(np.argmax(v[:, 0] > y - 1.25 * size))) :, left:right]
        half = np.interp((v[:, :1] - y) / size, heights, widths).astype(np.float32)[window[0]]
        drawn, covers = _dome(
            hand, (u[window] - x) / size, (v[window] - y) / size, half, tiles, wall
        )
        picture[window] = mixed(picture[window], drawn, covers)
        mask[window] = np.maximum(mask[window], covers)
    return picture, mask


def _dome(
    hand: Hand, u: Array, v: Array, half: Array, tiles: Ramp, wall: Colour
) -> tuple[Array, Array]:
    """A drum from 0.3 down, the dome on it, up to -0.8, and the finial on that. ``half``: the
    dome's half width at each height."""
    aside = np.abs(u)
    dome = (aside < half) & (v > -0.8) & (v < 0.34)
    across = np.arcsin(np.clip(u / half, -1, 1))
    pattern, count = hand.whole(0, 3), hand.whole(3, 6)
    if pattern == 0:
        tone = 0.5 + 0.5 * np.sin(across * count * 2)
    elif pattern == 1:
        tone = 0.5 + 0.5 * np.sin(across * count + v * count * 2.5)
    elif pattern == 2:
        tone = 0.5 + 0.5 * np.sign(np.sin(across * count + v * 9) * np.sin(across * count - v * 9))
    else:
        tone = np.full_like(u, 0.6)
    shade = 0.35 + 0.65 * np.clip(np.cos(across + 0.5), 0, 1)
    picture = tiles(0.1 + 0.8 * tone) * shade[..., None]
    gleam = ellipse(u, v, -0.22, -0.08, 0.12, 0.2) < 1
    picture[gleam & dome] = picture[gleam & dome] * 0.4 + 0.6
    drum = (aside < 0.36) & (v >= 0.3)
    roundness = (0.4 + 0.6 * np.cos(np.clip(u / 0.36, -1, 1) * 1.2 + 0.4))[..., None]
    picture[drum] = wall * roundness[drum]
    opening = (np.abs(fraction(u * 4) - 0.5) < 0.22) & (v > 0.52) & (v < 0.95)
    picture[drum & opening] = wall * 0.15
    ledge = (aside < 0.42) & (np.abs(v - 0.38) < 0.05)
    picture[ledge] = np.minimum(wall * 1.3, 1)
    finial = (aside < 0.05) & (v > -1.2) & (v < -0.7)
    finial |= norm(u, v + 0.95) < 0.1
    picture[finial] = tiles(0.95)
    return picture, (dome | drum | ledge | finial).astype(np.float32)


def stairs(hand: Hand) -> Array:
    """Flights of steps in several directions, as Escher drew them."""
    tread, riser = hand.contrasting()
    side = tread * 0.4 + riser * 0.4 if hand.chance(0.7) else hand.colour(0.2, 0.9)
    picture = flat(riser * 0.6 + side * 0.4, hand.x)
    picture = picture * (1 + 0.15 * hand.clouds(2, 3))[..., None]
    size, slope = hand.ratio(9, 18), hand.between(0.3, 0.6)
    rise = np.array([0, -size * hand.between(0.6, 0.9)])
    count, way = hand.whole(3, 5), hand.sign()
    for k in range(count):
        way = -way if hand.chance(0.8) else way
        run = np.array([way, -slope]) * size
        breadth = np.array([way, slope]) * size * hand.between(2, 3.5)
        steps = hand.whole(5, 9)
        middle = SIDE * np.array([hand.between(0.1, 0.9), (k + 0.7) / count])
        if hand.chance(0.25):
            run = -run
        start = middle - (run + rise) * (steps / 2) - breadth / 2
        _flight(picture, start, run, breadth, rise, steps, (tread, riser, side))
    return picture if hand.chance(0.8) else np.ascontiguousarray(picture[::-1])


def _flight(
    picture: Array,
    start: Array,
    run: Array,
    breadth: Array,
    rise: Array,
    steps: int,
    colours: tuple[Colour, Colour, Colour],
) -> None:
    """Steps up from ``start``, each ``run`` deep, drawn from the far end on: the near ones cover
    them. The body below has its seen side at ``breadth``."""
    tread, riser, side = (colour.tolist() for colour in colours)
    down = np.array([0, SIDE])
    away = bool(run[1] < 0)
    for step in sorted(range(steps), reverse=away):
        foot = start + step * (run + rise)
        head = foot + rise
        end = head + (run if step < steps - 1 else run * 3)
        near, near_end = head + breadth, end + breadth
        _quad(picture, (near, near_end, near_end + down, near + down), side)
        if not away:
            _quad(picture, (end, near_end, near_end + down, end + down), riser)
        else:
            _quad(picture, (foot, foot + breadth, near, head), riser)
        _quad(picture, (head, near, near_end, end), tread)


def _quad(picture: Array, corners: tuple[Array, ...], colour: list[float]) -> None:
    cv2.fillConvexPoly(picture, np.round(np.array(corners)).astype(np.int32), colour)


def columns(hand: Hand) -> Array:
    """Fluted columns with capital and base, in a row, and what they carry."""
    count, lean = hand.ratio(1.3, 4), hand.between(-0.12, 0.12)
    u = (hand.x + lean * hand.y) * (count / 2) + hand.between(-1, 1)
    v = ((hand.y - lean * hand.x) * hand.between(0.8, 1.0) + 1) * (count / 2)
    x = fraction(u) - 0.5
    aside = np.abs(x)
    head = count * hand.between(0.08, 0.2)  # from the capital's top down to the base's bottom
    foot = count * hand.between(0.85, 0.95)
    capital, base = min(0.36, 0.16 * count), min(0.22, 0.1 * count)
    rest = np.clip((v - head) / capital, 0, 1)
    low = np.clip((v - foot) / base + 1, 0, 1)
    half = _half_width(hand, (v - head) / (foot - head), rest, low)
    turn = np.arcsin(np.clip(x / half, -1, 1))
    light = np.cos(turn + hand.between(-0.9, 0.9)) * 0.6 + 0.45
    shaft = np.abs(np.sin(turn * hand.whole(3, 6)))
    order = hand.whole(0, 2)
    tone = light * _flutes(hand, order, 0.55 + 0.45 * shaft, turn, rest, low)
    seen = (aside < half) & (v > head) & (v < foot)
    if order == 1:
        scroll, along = polar(aside - 0.34, v - head - capital * 0.5)
        inside = scroll < 0.15
        tone = np.where(inside, 0.55 + 0.45 * np.sin(along + scroll * 70), tone)
        seen = seen | inside
    slab = (aside < 0.45) & ((np.abs(v - head) < 0.05) | (np.abs(v - foot) < 0.05))
    beam = (v < head - 0.04) | (v > foot + 0.04)
    carried = _carried(hand, u, np.maximum(head - v, v - foot))
    tone = np.where(beam, carried, np.where(slab, 0.95, tone))
    dark, stone = hand.contrasting()
    stone = 0.15 + 0.85 * stone
    beyond = dark * (1 - 0.5 * hand.between(-1, 1) * hand.y)[..., None]
    stones = stone * tone[..., None] if hand.chance(0.6) else hand.ramp(3)(tone)
    return mixed(beyond, stones, (seen | slab | beam).astype(np.float32))


def _half_width(hand: Hand, down: Array, rest: Array, low: Array) -> Array:
    """Of a column, ``down`` from its head at 0 to its foot at 1; ``rest`` is below 1 on its
    capital, ``low`` above 0 on its base."""
    width = hand.between(0.24, 0.31)
    half = width * (0.84 + 0.16 * np.clip(down, 0, 1))
    half = half + np.where(rest < 1, (0.42 - width) * (1 - rest) ** hand.between(0.7, 2), 0)
    return half + np.where(low > 0, 0.07 + 0.03 * np.abs(np.sin(low * TURN)), 0)


def _flutes(hand: Hand, order: int, shaft: Array, turn: Array, rest: Array, low: Array) -> Array:
    """How light a column of an ``order`` (0 Doric, 1 Ionic, 2 Corinthian) is: ``shaft`` between
    its capital and its base. ``turn``: round it, in radians."""
    flutes = shaft
    if order == 2:
        leaves = np.abs(np.sin(turn * 4 + np.floor(rest * 3) * 1.57)) * (0.3 + fraction(rest * 3))
        flutes = np.where(rest < 1, leaves, flutes)
    elif order == 0 or hand.chance(0.3):
        flutes = np.where(rest < 1, 1 - 0.4 * (np.abs(rest - 0.8) < 0.12), flutes)
    return np.where(low > 0, 0.5 + 0.5 * np.abs(np.cos(low * TURN)), flutes)


def _carried(hand: Hand, u: Array, away: Array) -> Array:
    """How light the courses above and below the columns are, one sometimes of blocks."""
    level = away * hand.between(3, 6)
    courses = 0.55 + 0.4 * (fraction(level) > 0.25) * (1 - 0.2 * np.floor(level))
    if hand.chance(0.5):
        courses = np.where((level > 1) & (level < 2) & (fraction(u * 6) < 0.4), 0.3, courses)
    return courses


def bricks(hand: Hand) -> Array:
    """Courses of bricks, each shifted against the one below, in mortar."""
    u, v = hand.plane(1.8, 5, warp=0.03, upright=hand.chance(0.75))
    proportion = hand.between(1.6, 3)
    v = v * proportion
    row = np.floor(v)
    u = u + remainder(row, 2) * (0.5 if hand.chance(0.7) else 0.33)
    if hand.chance(0.3):
        u = u + hashed(row, 0, 3) * 0.2
    column = np.floor(u)
    worn = hand.clouds(10, 2) * hand.between(0, 0.04)
    x = (0.5 - np.abs(fraction(u) - 0.5)) * proportion
    y = 0.5 - np.abs(fraction(v) - 0.5)
    corner = hand.between(0.1, 0.3)
    # Inwards from the outline of a brick with round corners
    edge = corner - norm(np.clip(corner - x, 0, 1), np.clip(corner - y, 0, 1)) + worn
    mortar = hand.between(0.04, 0.1)
    number = hashed(column, row, hand.between(0, 99))
    tone = 0.3 + hand.between(0.15, 0.7) * number + worn * hand.between(0, 3)
    first, second = hand.contrasting()
    faces = hand.ramp(3)(tone) if hand.chance(0.5) else first * (0.6 + 0.5 * tone[..., None])
    picture = mixed(flat(second, u), np.asarray(faces, np.float32), rising(edge - mortar, 0.06))
    return hand.lit(picture, np.clip(edge * 6, 0, 1), hand.between(1.5, 3.5))
