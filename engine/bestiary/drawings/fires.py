"""Fire, and what rises and runs from it."""

from math import cos, sin

import cv2
import numpy as np

from engine.bestiary.contrast import ground_near
from engine.bestiary.drawing import Hand
from engine.bestiary.geometry import cells
from engine.bestiary.pictures import SIDE, blend, mixed, moved
from engine.bestiary.strokes import fill, pixels
from engine.frame import Array


def fire(hand: Hand) -> Array:
    """Tongues of flame licking up, one within another."""
    ground = hand.contrasting()[0]
    picture = ground_near(hand, ground)
    colours = hand.palette(5)
    away = np.abs(colours - ground).sum(1)
    colours = colours[np.argsort(away)][1:]
    layers, bend = hand.whole(3, 4), hand.between(0.15, 0.4)
    count = hand.whole(1, 5)
    foot = hand.between(0.7, 0.95) if count == 1 else hand.between(0.95, 1.1)
    tongues = []
    for k in range(count):
        x = (k + 0.5 + hand.between(-0.25, 0.25)) / count * 2 - 1
        height, width = hand.between(1.1, 2.0), hand.between(0.8, 1.3) * 2.4 / (count + 1)
        tongues.append((x, height, width, hand.angle(), hand.sign() * bend))
    tongues.sort(key=lambda tongue: -tongue[1])  # the tallest first, behind the others
    for layer in range(layers):
        share = (1 - layer / layers) ** hand.between(0.6, 0.9)
        for x, height, width, phase, sway in tongues:
            outline = _tongue(height, width * share, phase, sway, share)
            fill(picture, pixels(outline, x, foot), colours[layer])
    for _ in range(hand.whole(0, 4)):
        x, y, size = hand.between(-0.9, 0.9), hand.between(-0.9, 0.0), hand.between(0.1, 0.3)
        spark = _tongue(size, size * 0.4, hand.angle(), 0.1)
        fill(picture, pixels(spark, x, y), colours[hand.whole(0, 2)])
    if hand.chance(0.6):
        picture = _licked(hand, picture)
    if hand.chance(0.35):
        picture = cv2.blur(cv2.blur(picture, (5, 5)), (3, 5))
    return picture


def _tongue(height: float, width: float, phase: float, sway: float, share: float = 1.0) -> Array:
    """Its outline round a foot at (0, 0), swelling above it and drawn out to a sharp tip. One
    that has a ``share`` of the height lies within the whole one."""
    up = np.linspace(0, 1, 18)
    rise = up * share
    middle = sway * rise * (np.sin(rise * 5 + phase) - 0.3 * np.sin(phase)) * height**0.5
    half = width * 0.5 * (1 - up) ** 1.05 * (0.75 + 2.2 * up * (1 - up))
    left = np.stack([middle - half, -rise * height], 1)
    right = np.stack([middle + half, -rise * height], 1)
    round_foot = np.array([[width * 0.25, width * 0.22], [-width * 0.25, width * 0.22]])
    return np.concatenate([left, right[::-1], round_foot])


def _licked(hand: Hand, picture: Array) -> Array:
    """``picture`` drawn sideways by turbulence that grows upwards."""
    bend = hand.clouds(hand.between(2, 4), 3) * np.float32(hand.between(3, 7))
    x = (hand.x + 1) * (SIDE / 2) - 0.5 + bend * (1.2 - hand.y) * 0.5
    y = (hand.y + 1) * (SIDE / 2) - 0.5
    return moved(picture, np.stack([x, y], 2))


def smoke(hand: Hand) -> Array:
    """Thin folded veils of parallel threads, seen by how many threads lie one over another."""
    ground, light = hand.contrasting()
    picture = ground_near(hand, ground)
    other = blend(light, hand.colour(0.4, 1.0), hand.between(0.2, 0.8))
    turn = hand.between(-0.5, 0.5) if hand.chance(0.7) else hand.angle()
    for colour in (other, light)[: hand.whole(1, 2)]:
        picture = mixed(picture, colour, _veil(hand, turn))
    return picture


def _veil(hand: Hand, turn: float) -> Array:
    """How densely threads lie: they are folded, dropped on the picture, and counted."""
    threads = hand.whole(9, 22)
    across, along = hand.x * np.float32(hand.between(0.15, 0.5)), hand.y * np.float32(1.3)
    fold = hand.clouds(hand.between(1.5, 2.5), 2, 0.4, channels=2)
    growth = np.clip(0.65 - 0.45 * hand.y, 0.1, 1.2) * hand.between(0.35, 0.6)
    across = across + fold[..., 0] * growth + hand.between(-0.3, 0.3)
    along = along + fold[..., 1] * growth * 0.8
    thread = 0.5 + np.clip(np.cos(hand.x * (np.pi * threads)), 0, 1) ** 2 * 1.5
    cosine, sine = cos(turn), sin(turn)
    dropped = np.stack([cosine * across - sine * along, sine * across + cosine * along, thread], 2)
    x, y, weight = np.moveaxis(cv2.resize(dropped.astype(np.float32), (200, 200)), 2, 0)
    column, row = (np.floor((place + 1) * (SIDE / 2)).astype(np.int32) for place in (x, y))
    seen = (column >= 0) & (column < SIDE) & (row >= 0) & (row < SIDE)
    counted = np.bincount((row * SIDE + column)[seen], weight[seen], SIDE * SIDE)
    density = cv2.GaussianBlur(counted.reshape(SIDE, SIDE).astype(np.float32), (0, 0), 0.8)
    return np.asarray(1 - np.exp(-density * np.float32(hand.between(0.12, 0.24))))


def lava(hand: Hand) -> Array:
    """A broken crust, and the glow that wells up through its cracks."""
    crust, glow = sorted(hand.contrasting(), key=np.sum, reverse=hand.chance(0.25))
    u, v = hand.plane(1.6, 3.5, warp=0.0)
    bend = hand.clouds(4, 4, 0.65, channels=2) * np.float32(0.11)
    # Cells cost the most: they are found on every second pixel
    u, v = (u + bend[..., 0])[::2, ::2], (v + bend[..., 1])[::2, ::2]
    nearest, second, number = cells(u, v, hand.between(0, 99))
    enlarged = cv2.resize(np.stack([second - nearest, number], 2), (SIDE, SIDE))
    away, plate = np.clip(enlarged[..., 0], 0, 1), enlarged[..., 1]
    rough = hand.clouds(10, 2, 0.8)
    wide = np.clip(hand.noise(2) * 0.06 + hand.between(0.13, 0.24), 0.06, 0.4)
    heat = np.exp(-away / wide)
    tint = blend(glow, hand.colour(0.4, 1.0), hand.between(0.3, 0.9))
    stone = crust * (0.75 + 0.35 * plate)[..., None] * (1 + 0.15 * rough)[..., None]
    picture = mixed(stone, tint, np.clip(heat * 1.6 - 0.15, 0, 1))
    return mixed(picture, glow, np.clip(heat * 3.2 - 1.9, 0, 1))
