"""Lines at right angles, and the ways between them."""

from math import cos, sin

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near, pair
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import TURN, polar, remainder
from engine.bestiary.pictures import painted
from engine.frame import Array

# One period of a border; it goes on where it ends
KEYS = (
    ("#####.", "#...#.", "#.###.", "#.....", "######"),
    ("#######.", "#.....#.", "#.###.#.", "#.#...#.", "#.#####.", "#.......", "########"),
    ("#######.", "#.....#.", "#.###.#.", "#.#.#.#.", "#.#.###.", "#.#.....", "#.######"),
)


def meanders(hand: Hand) -> Array:
    """Greek keys: bands of squared spirals. In the tile 0 is the ground, 1 a key, 2 a border."""
    key = np.array([[letter == "#" for letter in row] for row in KEYS[hand.whole(0, 2)]], int)
    plain = np.zeros((1, key.shape[1]), int)
    gap = [plain] * hand.whole(1, 2)
    border = [plain + 2] * hand.whole(0, 2)
    rows = [key, *gap, *border, *(gap if border else [])]
    if hand.chance(0.5):
        rows += [key[::-1] if hand.chance(0.5) else key[:, ::-1], *rows[1:]]
    tile = np.concatenate(rows)
    if hand.chance(0.2):
        radius, angle = polar(hand.x - hand.between(-0.4, 0.4), hand.y - hand.between(-0.4, 0.4))
        u = angle * (tile.shape[1] * hand.whole(4, 6) / TURN)
        v = np.maximum(radius * hand.between(9, 13) - 4, -1)
    else:
        u, v = hand.plane(11, 23, warp=0.02, upright=hand.chance(0.6), stretch=0.1)
    i = np.floor(u).astype(np.int32) % tile.shape[1]
    j = np.floor(v).astype(np.int32) % tile.shape[0]
    which = tile[j, i]
    body, ground = pair(hand)
    colours = np.stack([ground, body, hand.colour() * 0.4 + 0.6 * body])
    drawn = colours.take(which, 0)
    if hand.chance(0.4):
        drawn = drawn * (0.4 + 0.6 * hand.ramp(3)(hand.noise(2)[..., 0] * 0.2 + 0.5))
    height = cv2.blur((which > 0).astype(np.float32), (3, 3))
    return hand.lit(drawn, height, hand.between(2, 5), probability=0.4)


def labyrinths(hand: Hand) -> Array:
    """Mazes, square or round, in which one way leads from anywhere to anywhere."""
    size, wall = hand.between(0.8, 1.25), hand.between(0.2, 0.42)
    turn = hand.angle()
    x, y = hand.x - hand.between(-0.2, 0.2), hand.y - hand.between(-0.2, 0.2)
    closed = hand.chance(0.4)
    if closed:
        rows, columns = hand.whole(3, 5), hand.whole(8, 14)
        radius, angle = polar(x, y)
        core = 1 / (rows + 1)
        v = (radius / size - core) * (rows / (1 - core))
        u = remainder(angle + turn, TURN) * (columns / TURN)
        thick = wall * size * columns / (TURN * (rows + 1) * np.maximum(radius, 0.05))
    else:
        rows = columns = hand.whole(5, 7)
        scale = rows / (2 * size)
        turn = turn if hand.chance(0.5) else 0.0
        u = (x * cos(turn) - y * sin(turn)) * scale + rows / 2
        v = (x * sin(turn) + y * cos(turn)) * scale + rows / 2
        thick = np.full_like(u, wall)
    walls = _maze(hand, rows, columns, closed)
    i, j = _places(u, thick, columns), _places(v, np.full_like(v, wall), rows)
    outside = (u < -wall / 2) | (u > columns + wall / 2) | (v > rows + wall / 2)
    outside |= v < -wall / 2
    wall_colour, floor_colour = pair(hand)
    standing = walls[j, i] & ~outside
    ground = ground_near(hand, floor_colour)
    drawn = painted(ground, standing, wall_colour)
    height = cv2.blur(standing.astype(np.float32), (5, 5))
    return hand.lit(np.asarray(drawn, np.float32), height, hand.between(3, 8), probability=0.5)


def _maze(hand: Hand, rows: int, columns: int, closed: bool) -> Array:
    """(2 rows + 1, 2 columns + 1) walls, true where one stands: those on even places. If
    ``closed`` the last column is beside the first (Kruskal's tree)."""
    walls = np.ones((2 * rows + 1, 2 * columns + 1), bool)
    walls[1::2, 1::2] = False
    parent = list(range(rows * columns))

    def root(cell: int) -> int:
        while parent[cell] != cell:
            cell = parent[cell]
        return cell

    # Each cell has two edges of its own: the one below it, and one beside it
    for edge in hand.shuffled(np.arange(2 * rows * columns)).tolist():
        cell, sideways = edge // 2, edge % 2
        row, column = cell // columns, cell % columns
        if row + 1 - sideways == rows or (column + sideways == columns and not closed):
            continue
        other = row * columns + (column + 1) % columns if sideways else cell + columns
        if root(cell) != root(other):
            parent[root(cell)] = root(other)
            walls[2 * row + 2 - sideways, 2 * column + 1 + sideways] = False
    walls[:, 0] &= walls[:, -1] | (not closed)  # one and the same, if closed
    # A way in and a way out
    walls[0, 2 * hand.whole(0, columns - 1) + 1] = False
    walls[-1, 2 * hand.whole(0, columns - 1) + 1] = False
    return walls


def _places(value: Array, thick: Array, count: int) -> Array:
    """Even on a wall, which lies on the whole numbers; odd between two of them."""
    moved = value + thick / 2
    whole = np.floor(moved)
    place = np.clip(2 * whole + (moved - whole > thick), 0, 2 * count)
    return np.asarray(place, np.int32)
