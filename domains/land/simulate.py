"""Land from above: farmland, forest, towns, coasts and hills, in the manner of Sentinel-2's true colours at 10 m a pixel.

What is in it:

- Parcels with straight edges. Land is cut in two by a straight line, and each part again, until the parts have the size
  of fields (a binary space partition, as heirs and planners divide land). Cuts follow the lie of the land, to within
  some degrees, and long parcels are cut across.
- Towns by the same rule: blocks between streets, lots in the blocks, a house on a lot, at its own distance from the
  fences; denser and larger buildings where the town is dense, trees where it is not. No two streets repeat.
- Forests, rivers with green banks, roads, a sea with beaches and shallows, relief lit from one side, haze.
- A pixel is the mean over its square of 10 m, after a blur by the instrument (a modulation transfer of about 0.2 at the
  Nyquist frequency, as Sentinel-2's: below 0.3).

What is not: no spectra (colours are chosen by eye, from pictures of the satellite), no seasons as such, no clouds or
their shadows, no sun's height, no bridges or junctions planned as such, no terrain that makes rivers run downhill.
A picture is a square of 640 m.
"""

from dataclasses import dataclass
from math import cos, exp, log, pi, radians, sin

import numpy as np
from scipy.ndimage import gaussian_filter

from ..noise import gaussian_field
from ..pictures import SIZE, shrink

PIXEL = 10.0
"""Metres a pixel: Sentinel-2's bands of blue, green and red."""

FINE = 2
"""The land is drawn this many times as fine, on squares of 5 m, and shrunk."""

CELL = PIXEL / FINE
WIDTH = SIZE * FINE
MARGIN = 32
"""Land is divided beyond the picture by this many cells, so that nothing lines up with the picture's edges."""

LIMIT = 1.75
"""Median limit beside the wanted size. Parts that are left are between about a half and the whole of it; found by trial."""

FOREST_ABOVE = {"farmland": (0.6, 2.5), "forest": (-1.5, 0.2), "town": (0.7, 2.2), "coast": (0.4, 1.8), "hills": (0, 2)}
"""Where a smooth field is above a limit there is forest: the range of the limit, by kind of land."""

KINDS = ("farmland", "forest", "town", "coast", "hills")

SOILS = np.array([[0.52, 0.42, 0.31], [0.60, 0.52, 0.40], [0.45, 0.36, 0.28], [0.66, 0.58, 0.46]])
CROPS = np.array(
    [[0.24, 0.36, 0.17], [0.33, 0.42, 0.20], [0.19, 0.31, 0.16], [0.48, 0.47, 0.27], [0.40, 0.44, 0.25], [0.56, 0.52, 0.30]]
)
ROOFS = np.array(
    [[0.62, 0.58, 0.55], [0.62, 0.45, 0.37], [0.55, 0.55, 0.56], [0.82, 0.81, 0.79], [0.42, 0.40, 0.40], [0.66, 0.52, 0.43]]
)
HEDGE, TRACK = np.array([0.17, 0.25, 0.13]), np.array([0.60, 0.55, 0.45])
STREET, ROAD = np.array([0.50, 0.49, 0.48]), np.array([0.66, 0.63, 0.58])
GARDEN, PAVED = np.array([0.33, 0.37, 0.27]), np.array([0.50, 0.48, 0.46])
BANK, SAND, SHALLOWS = np.array([0.20, 0.27, 0.15]), np.array([0.80, 0.74, 0.60]), np.array([0.05, 0.14, 0.14])
HAZE = np.array([0.45, 0.50, 0.55])


@dataclass(frozen=True)
class Parameters:
    """What one picture is made from. Where no source is given the range is a choice of this project."""

    kind: str
    """One of `KINDS`: 42, 18, 20, 10 and 10% of the pictures."""
    dryness: float
    """0 (green) to 1 (bare soil); beta distribution 1.2, 2."""
    lie: float
    """Direction along which land is divided: 0 to 180 degrees."""
    field_size: float
    """Median size of a parcel: 0.4 to 5 hectares, even in its logarithm: very small, small and medium fields as
    Lesiv et al. 2019 count them (below 0.64, to 2.56, to 16 ha). The whole picture is 41 ha."""
    length_to_width: float
    """Of parcels: 1 to 3."""
    straightness: float
    """Standard deviation of a cut's direction: 0.5 to 5 degrees."""
    bare: float
    """Share of parcels that are bare soil: 0.15 to 0.6."""
    block_size: float
    """Median size of a block between streets: 0.5 to 2 hectares."""
    lot_size: float
    """Median size of a lot with one building: 0.05 to 0.14 hectares."""
    town_density: float
    """Moves the town's edge: -0.8 (all built up) to 1.4 (hamlets)."""
    street_width: float
    """6 to 11 m."""
    relief: float
    """Strength of the shaded relief: 0 to 1.5 in forest and hills, to 0.3 elsewhere."""
    haze: float
    """Share of the light that haze scatters: 0 to 0.4, mostly below 0.1."""


def draw(random):
    """Parameters of one picture."""
    kind = str(random.choice(KINDS, p=[0.42, 0.18, 0.20, 0.10, 0.10]))
    return Parameters(
        kind=kind,
        dryness=random.beta(1.2, 2),
        lie=random.uniform(0, 180),
        field_size=exp(random.uniform(log(0.4), log(5))),
        length_to_width=random.uniform(1, 3),
        straightness=exp(random.uniform(log(0.5), log(5))),
        bare=random.uniform(0.15, 0.6),
        block_size=exp(random.uniform(log(0.5), log(2))),
        lot_size=exp(random.uniform(log(0.05), log(0.14))),
        town_density=random.uniform(-0.8, 1.4),
        street_width=random.uniform(6, 11),
        relief=random.uniform(0, 1.5 if kind in ("forest", "hills") else 0.3),
        haze=random.beta(1, 6) * 0.4,
    )


def coordinates(margin=0):
    """x and y of the cells' centres, in cells from the picture's upper left corner."""
    y, x = np.mgrid[-margin : WIDTH + margin, -margin : WIDTH + margin] + 0.5
    return x, y


def divide(random, hectares, lie, length_to_width=1.5, straightness=2.0, within=None):
    """Land in parcels: the number of each cell's parcel, and the distance in metres to the nearest cut.

    Every part that is larger than its own limit, a lognormal number around the wanted size, is cut in two by a straight
    line across its longer side, near its middle. With `within`, the numbers of larger parts, those are divided.
    """
    x, y = coordinates(MARGIN)
    shape = x.shape
    x, y = x.ravel(), y.ravel()
    u, v = cos(radians(lie)) * x + sin(radians(lie)) * y, -sin(radians(lie)) * x + cos(radians(lie)) * y
    part = np.zeros(x.shape, int) if within is None else np.unique(within, return_inverse=True)[1].ravel()
    distance = np.full(x.shape, np.inf)
    wanted = hectares * 1e4 / CELL**2
    limit = LIMIT * wanted * np.exp(random.normal(0, 0.4, part.max() + 1))
    while True:
        count = np.bincount(part)
        u_mean, v_mean = np.bincount(part, u) / count, np.bincount(part, v) / count
        u_spread = np.sqrt(np.maximum(np.bincount(part, u * u) / count - u_mean**2, 0)) + 1e-3
        v_spread = np.sqrt(np.maximum(np.bincount(part, v * v) / count - v_mean**2, 0)) + 1e-3
        cut = count > limit
        if not cut.any():
            return part.reshape(shape), distance.reshape(shape)
        long = u_spread > length_to_width * v_spread
        direction = np.where(long, 0, pi / 2) + np.deg2rad(random.normal(0, straightness, len(count)))
        across, along = np.cos(direction), np.sin(direction)
        half = np.where(long, u_spread, v_spread) * 3**0.5  # of a rectangle's side, from its standard deviation
        offset = random.uniform(-0.35, 0.35, len(count)) * half
        side = across[part] * (u - u_mean[part]) + along[part] * (v - v_mean[part]) - offset[part]
        halved = cut[part]
        distance = np.where(halved, np.minimum(distance, np.abs(side) * CELL), distance)
        number, part = np.unique(2 * part + (halved & (side > 0)), return_inverse=True)
        limit = np.where(cut[number // 2], LIMIT * wanted * np.exp(random.normal(0, 0.4, len(number))), limit[number // 2])


def inner(grid):
    """What is inside of the picture."""
    return grid[MARGIN:-MARGIN, MARGIN:-MARGIN]


def paint(image, where, colour):
    """The image with a colour, or another image, where a mask says so."""
    return np.where(where[..., None], colour, image)


def farmland(image, parameters, random):
    """Parcels with crops or bare soil, furrows in some, hedges or tracks between them."""
    parts, distance = divide(
        random, parameters.field_size, parameters.lie, parameters.length_to_width, parameters.straightness
    )
    parts, distance = inner(parts), inner(distance)
    count = parts.max() + 1
    bare = random.random(count) < parameters.bare
    colour = np.where(bare[:, None], SOILS[random.integers(0, len(SOILS), count)], CROPS[random.integers(0, len(CROPS), count)])
    colour = colour * np.exp(random.normal(0, 0.12, (count, 1)))
    x, y = coordinates()
    direction = np.deg2rad(parameters.lie) + random.choice([0, pi / 2], count)
    furrows = np.sin((np.cos(direction)[parts] * x + np.sin(direction)[parts] * y) * random.uniform(1.2, 2.6))
    furrowed = (random.random(count) < 0.4)[parts]
    fields = colour[parts] + (0.02 * furrows * furrowed)[..., None] + 0.012 * random.standard_normal((WIDTH, WIDTH, 1))
    fields = fields + 0.025 * gaussian_field(random, WIDTH, 2.8)[..., None]  # soils differ within a field, too
    farmed = gaussian_field(random, WIDTH, 3) > random.uniform(-2.5, 0.2)
    image = paint(image, farmed, fields)
    border = HEDGE if random.random() < 0.7 else TRACK
    return paint(image, farmed & (distance < random.uniform(1.5, 6)), 0.6 * image + 0.4 * border)


def town(image, parameters, random, forest):
    """Streets, lots and houses, where a smooth field says how densely the land is built up."""
    density = 1 / (1 + np.exp(-3 * (gaussian_field(random, WIDTH, 3.2) - parameters.town_density)))
    lie = random.uniform(0, 180)
    blocks, to_street = divide(random, parameters.block_size, lie, random.uniform(1, 2.2), 4.0)
    lots, to_fence = divide(random, parameters.lot_size, lie, 1.3, 3.0, within=blocks)
    lots, to_street, to_fence = inner(lots), inner(to_street), inner(to_fence)
    count = lots.max() + 1
    setback = random.uniform(2, 8, count)[lots]  # metres from the fence to the wall
    setback = np.where(density > 0.85, setback * 0.5, setback)
    built = (random.random(count)[lots] < 0.3 + 0.6 * density) & (np.minimum(to_fence, to_street - 3) > setback)
    roofs = (ROOFS[random.integers(0, len(ROOFS), count)] * np.exp(random.normal(0, 0.12, (count, 1))))[lots]
    trees = gaussian_field(random, WIDTH, 1.5) > 0.8 + density
    ground = GARDEN + (PAVED - GARDEN) * np.clip(density - 0.3 + 0.15 * gaussian_field(random, WIDTH, 2), 0, 1)[..., None]
    ground = ground * np.exp(random.normal(0, 0.08, (count, 1)))[lots]
    ground = paint(ground, trees, np.array([0.18, 0.25, 0.14]))
    ground = paint(ground, built, roofs)
    ground = paint(ground, to_street < parameters.street_width / 2, STREET * random.uniform(0.85, 1.1))
    return paint(image, (density > 0.35) & ~forest, ground)


def line(random, bend, across=(0, WIDTH)):
    """Distance in cells from a line through the picture that winds as a road or a river does."""
    x, y = coordinates()
    direction = random.uniform(0, pi)
    x0, y0 = random.uniform(*across, 2)
    return np.abs(cos(direction) * (x - x0) + sin(direction) * (y - y0) + bend * gaussian_field(random, WIDTH, 4.5))


def picture(random):
    """A picture of 64 x 64 x 3 numbers from 0 to 1."""
    return render(draw(random), random)


def render(parameters, random):
    """The picture of given parameters; `random` is for all that has a place."""
    kind = parameters.kind
    green, brown = np.array([0.28, 0.34, 0.20]), np.array([0.55, 0.46, 0.34])
    image = green + (brown - green) * parameters.dryness
    image = image + 0.05 * gaussian_field(random, WIDTH, 2.8)[..., None] + 0.03 * gaussian_field(random, WIDTH, 1.5)[..., None]
    if kind in ("farmland", "town", "coast"):
        image = farmland(image, parameters, random)

    cover = gaussian_field(random, WIDTH, 3.1) + 0.35 * gaussian_field(random, WIDTH, 1.9)
    forest = cover > random.uniform(*FOREST_ABOVE[kind])
    crowns = np.array([0.10, 0.18, 0.10]) * random.uniform(0.8, 1.4) + 0.025 * gaussian_field(random, WIDTH, 0.8)[..., None]
    crowns = crowns + np.array([0.006, 0.02, 0.004]) * gaussian_field(random, WIDTH, 2)[..., None]
    image = paint(image, forest, crowns)
    if kind == "town" or random.random() < 0.2:
        image = town(image, parameters, random, forest)

    for _ in range(random.poisson(0.9)):
        width = random.uniform(0.6, 1.5)
        image = paint(image, line(random, random.uniform(0, 9)) < width, ROAD * random.uniform(0.7, 1.15))
    wet = np.zeros((WIDTH, WIDTH), bool)
    water = np.array([0.08, 0.15, 0.20]) + random.uniform(0, 1) * np.array([0.03, 0.09, 0.06])
    water = water + random.beta(1, 5) * np.array([0.25, 0.20, 0.10])  # mud
    if random.random() < (0.2 if kind == "hills" else 0.3):
        from_river, width = line(random, random.uniform(5, 18), (20, WIDTH - 20)), exp(random.normal(0.9, 0.7))
        image = paint(image, from_river < width + 2, 0.5 * image + 0.5 * BANK)
        wet |= from_river < width
        image = paint(image, from_river < width, water + 0.01 * gaussian_field(random, WIDTH, 2)[..., None])
    if kind == "coast":
        x, y = coordinates()
        lie, slope = radians(parameters.lie), random.uniform(15, 40)
        depth = (cos(lie) * (x - WIDTH / 2) + sin(lie) * (y - WIDTH / 2)) / slope - random.normal(0, 0.6)
        depth = depth + gaussian_field(random, WIDTH, 4)
        wet |= depth > 0
        sea = water + np.exp(-4 * np.clip(depth, 0, 9))[..., None] * SHALLOWS
        image = paint(image, depth > -0.12, SAND)
        image = paint(image, depth > 0, sea + 0.008 * gaussian_field(random, WIDTH, 1.6)[..., None])

    height = gaussian_filter(8 * parameters.relief * gaussian_field(random, WIDTH, 3.4), 1)
    down, right = np.gradient(height)
    image = image * np.where(wet, 1, np.clip(1 + 0.25 * (right + down), 0.5, 1.6))[..., None]  # water is level
    image = shrink(gaussian_filter(image, (0.8, 0.8, 0)), FINE)
    image = image + parameters.haze * (HAZE - image) + random.normal(0, 0.006, image.shape)
    return np.clip(image * random.uniform(0.85, 1.25), 0, 1)
