"""Every class that can be drawn, by name, and the picture of one seed."""

from collections.abc import Callable

import cv2
import numpy as np

from engine.bestiary.drawing import Hand
from engine.bestiary.drawings import (
    animals,
    buildings,
    faces,
    feathers,
    fires,
    flowers,
    insects,
    labyrinths,
    lattices,
    machines,
    ornaments,
    plants,
    serpents,
    skins,
    sky,
    stones,
    waters,
)
from engine.bestiary.pictures import SIDE
from engine.frame import Array

Pattern = Callable[[Hand], Array]

PATTERNS: dict[str, Pattern] = {
    pattern.__name__: pattern
    for pattern in (
        animals.cats,
        animals.owls,
        animals.fish,
        animals.jellyfish,
        animals.shells,
        buildings.arches,
        buildings.windows,
        buildings.cities,
        buildings.pagodas,
        buildings.domes,
        buildings.stairs,
        buildings.columns,
        buildings.bricks,
        faces.eyes,
        faces.faces,
        faces.masks,
        faces.skulls,
        faces.hands,
        feathers.feathers,
        feathers.peacocks,
        fires.fire,
        fires.smoke,
        fires.lava,
        flowers.flowers,
        flowers.roses,
        flowers.sunflowers,
        flowers.lotuses,
        insects.butterflies,
        insects.beetles,
        insects.spiders,
        insects.cobwebs,
        insects.wings,
        labyrinths.meanders,
        labyrinths.labyrinths,
        lattices.honeycomb,
        lattices.voronoi,
        lattices.stars,
        lattices.knots,
        lattices.weave,
        lattices.truchet,
        lattices.penrose,
        machines.clocks,
        machines.gears,
        machines.circuits,
        machines.chains,
        ornaments.spirals,
        ornaments.rings,
        ornaments.mandalas,
        ornaments.rosettes,
        ornaments.paisleys,
        ornaments.fans,
        ornaments.lace,
        plants.leaves,
        plants.ferns,
        plants.trees,
        plants.mushrooms,
        plants.pinecones,
        plants.vines,
        plants.bamboos,
        serpents.snakes,
        serpents.tentacles,
        skins.coral,
        skins.zebra,
        skins.leopard,
        skins.scales,
        skins.fur,
        skins.wood,
        skins.marbling,
        sky.clouds,
        sky.lightning,
        sky.galaxies,
        sky.planets,
        sky.suns,
        stones.crystals,
        stones.gems,
        stones.mountains,
        stones.pebbles,
        waters.waves,
        waters.ripples,
        waters.bubbles,
        waters.snowflakes,
    )
}


def picture(name: str, seed: int) -> Array:
    """(64, 64, 3) uint8, the same for the same seed. Raises LookupError."""
    if name not in PATTERNS:
        raise LookupError(f"no pattern {name!r}; there are {', '.join(PATTERNS)}")
    hand = Hand(seed)
    return developed(hand, PATTERNS[name](hand))


def developed(hand: Hand, drawn: Array) -> Array:
    """What a camera makes of a drawing: smaller, exposed in many ways, sometimes grainy or soft."""
    half = (SIDE // 2, SIDE // 2)
    seen = cv2.resize(np.asarray(drawn, np.float32), half, interpolation=cv2.INTER_AREA)
    seen = np.clip(seen, 0, 1)
    if hand.chance(0.95):
        values = np.sort(seen[::4, ::4], axis=None)
        low, high = values[len(values) // 100], values[-len(values) // 100]
        full = (seen - low) / max(high - low, 0.12) * hand.between(0.95, 1.2)
        seen = np.clip(seen + hand.between(0.75, 1.0) * (full - seen), 0, 1)
    seen = cv2.pow(np.asarray(seen, np.float32), hand.between(0.7, 1.3))
    seen = seen * hand.between(0.8, 1.1) + hand.between(-0.03, 0.1)
    if hand.chance(0.3):
        seen = seen + hand.between(0.01, 0.04) * hand.grain(seen.shape)
    if hand.chance(0.2):
        seen = cv2.GaussianBlur(np.asarray(seen, np.float32), (0, 0), hand.between(0.4, 0.8))
    return cv2.convertScaleAbs(np.clip(seen, 0, 1), alpha=255)
