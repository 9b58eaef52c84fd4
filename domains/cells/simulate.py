"""Cultured cells under a fluorescence microscope: nuclei (blue), cytoplasm (green) and actin (red).

What is in it:

- Nuclei: ellipses with wobbling outlines, chromatin texture, one to four dark nucleoli; one in twenty divides (a bright plate).
- Cytoplasm around each nucleus, brightest beside it; actin as fibres and, bright, where two cells touch. Cells divide the
  plane between them (the nearest nucleus has the place), with ragged edges.
- Stains that are there or not; nuclei alone are shown in blue or in white.
- A Gaussian point spread function with a wide halo of light from other depths; photons counted (Poisson).

What is not: depth (cells are flat), organelles, out-of-focus cells, bleaching, overlap of the stains' spectra, uneven light,
a camera's own noise, cell lines or drugs: no shape or intensity means any state of a cell.

Lengths are in micrometres. A pixel is 1 µm wide, a picture 64 µm.
"""

from dataclasses import dataclass
from math import cos, exp, pi, sin

import numpy as np
from scipy.ndimage import gaussian_filter

from ..noise import gaussian_field
from ..pictures import SIZE, shrink

PIXEL = 1.0
"""Micrometres a pixel."""

FINE = 2
"""Cells are drawn this many times as fine, and shrunk."""

STEP = PIXEL / FINE
WIDTH = SIZE * FINE
MARGIN = 6.0
"""Nuclei may lie this far outside of the picture, in µm."""

BLUE, GREEN, RED = np.array([0.15, 0.35, 1.0]), np.array([0.10, 0.95, 0.20]), np.array([1.0, 0.15, 0.10])


@dataclass(frozen=True)
class Parameters:
    """What one picture is made from. Where no source is given the range is a choice of this project."""

    nucleus_radius: float
    """Of the picture's cells: 4 to 8.5 µm; single ones vary by 13%. Nuclei of mammals' cells are about 10 µm wide (Milo &
    Phillips 2015, "How big are nuclei?")."""
    cell_radius: float
    """1.6 to 3 times the nucleus' radius: 6 to 26 µm."""
    nuclei: int
    """At most: 3 to 21; fewer where they find no place."""
    distance: float
    """Least distance between two nuclei: 1.6 to 2.6 radii."""
    green: float
    """Strength of the cytoplasm's stain: 0 (a quarter of the pictures) or 0.15 to 0.8."""
    red: float
    """Strength of the actin's stain: 0 (three tenths) or 0.3 to 0.9."""
    white: bool
    """Nuclei alone, shown in white: a fifth of the pictures."""
    blur: float
    """Standard deviation of the point spread function: 0.35 to 0.9 µm, as of low magnification. In focus it is about 0.22
    wavelengths over the numerical aperture (Zhang, Zerubia & Olivo-Marin 2007): 0.35 µm for green light at 0.3."""
    photons: float
    """Of a white point on a square of 0.5 µm: 60 to 400."""


def draw(random):
    """Parameters of one picture."""
    radius = random.uniform(4, 8.5)
    return Parameters(
        nucleus_radius=radius,
        cell_radius=radius * random.uniform(1.6, 3),
        nuclei=int(random.integers(3, 22)),
        distance=radius * random.uniform(1.6, 2.6),
        green=random.uniform(0.15, 0.8) * (random.random() < 0.75),
        red=random.uniform(0.3, 0.9) * (random.random() < 0.7),
        white=bool(random.random() < 0.2),
        blur=random.uniform(0.35, 0.9),
        photons=random.uniform(60, 400),
    )


def coordinates():
    """x to the right and y down, in µm from the upper left corner."""
    y, x = (np.mgrid[:WIDTH, :WIDTH] + 0.5) * STEP
    return x, y


def places(parameters, random):
    """Middles of nuclei, no two nearer than the least distance; at least one."""
    found = []
    for _ in range(400):
        place = random.uniform(-MARGIN, SIZE * PIXEL + MARGIN, 2)
        if all(np.hypot(*(place - other)) > parameters.distance for other in found):
            found.append(place)
        if len(found) == parameters.nuclei:
            break
    return np.array(found)


def outline(random, place, radius, elongation):
    """How far inside of a wobbling ellipse each point is, in µm; negative outside."""
    x, y = coordinates()
    angle, distance = np.arctan2(y - place[1], x - place[0]), np.hypot(x - place[0], y - place[1])
    edge = radius * (1 - elongation / 2 + elongation * np.cos(angle - random.uniform(0, 2 * pi)) ** 2)
    for wave in range(2, 6):
        edge = edge * (1 + 0.12 / wave * random.normal() * np.cos(wave * angle + random.uniform(0, 2 * pi)))
    return edge - distance


def soft(distance, width):
    """0 far outside, 1 far inside, a half at the edge."""
    return 1 / (1 + np.exp(np.clip(-distance / width, -50, 50)))


def nucleus(parameters, random, place):
    """Where a nucleus is (0 to 1), and how bright its stain is there."""
    x, y = coordinates()
    radius = parameters.nucleus_radius * exp(random.normal(0, 0.13))
    inside = soft(outline(random, place, radius, random.uniform(0, 0.45)), 0.55)
    chromatin = 0.75 + 0.22 * gaussian_field(random, WIDTH, 1.9)
    for _ in range(random.integers(1, 5)):
        nucleolus = place + random.normal(0, 0.3 * parameters.nucleus_radius, 2)
        width = 0.13 * parameters.nucleus_radius
        chromatin -= 0.45 * np.exp(-((x - nucleolus[0]) ** 2 + (y - nucleolus[1]) ** 2) / (2 * width**2))
    if random.random() < 0.05:  # the plate of a dividing cell
        direction = random.uniform(0, pi)
        chromatin = 2.2 * np.exp(-np.abs(cos(direction) * (x - place[0]) + sin(direction) * (y - place[1])) / 1.5)
    return inside, inside * exp(random.normal(0, 0.25)) * np.clip(chromatin, 0.1, 2)


def stains(parameters, random):
    """The three stains before the microscope: nuclei, cytoplasm, actin."""
    x, y = coordinates()
    middles = places(parameters, random)
    ragged = [np.hypot(x - place[0], y - place[1]) + 1.5 * gaussian_field(random, WIDTH, 3) for place in middles]
    ragged = np.sort(ragged, axis=0)
    nearest = ragged[0]
    contact = ragged[1] - nearest if len(ragged) > 1 else np.full_like(nearest, 25)

    body = soft(parameters.cell_radius - nearest, 1.25)
    beside = np.exp(-nearest / (1.6 * parameters.nucleus_radius))
    cytoplasm = body * (0.25 + beside) * np.exp(0.5 * gaussian_field(random, WIDTH, 1.8))
    direction = random.uniform(0, pi) + 0.5 * gaussian_field(random, WIDTH, 3.2)
    waves = random.uniform(1.2, 2.6) * (np.cos(direction) * x + np.sin(direction) * y)
    fibres = np.clip(np.cos(waves + 2 * gaussian_field(random, WIDTH, 2.5)), 0, 1) ** 3
    actin = body * (0.7 * fibres + 0.15) * np.exp(0.4 * gaussian_field(random, WIDTH, 2.4))
    actin = actin + 0.9 * body * np.exp(-((contact / 1.25) ** 2))

    nuclei = np.zeros_like(nearest)
    for place in middles:
        inside, bright = nucleus(parameters, random, place)
        nuclei = np.maximum(nuclei, bright)
        cytoplasm, actin = cytoplasm * (1 - 0.6 * inside), actin * (1 - 0.35 * inside)
    return nuclei, cytoplasm, actin


def microscope(stain, blur):
    """The point spread function with its halo; the brightest half percent is 1, or, without cells, what there is."""
    seen = gaussian_filter(stain, blur / STEP) + 0.12 * gaussian_filter(stain, 4.5 / STEP)
    return seen / max(np.quantile(seen, 0.995), 0.1)


def picture(random):
    """A picture of 64 x 64 x 3 numbers from 0 to 1."""
    return render(draw(random), random)


def render(parameters, random):
    """The picture of given parameters; `random` is for places, shapes and photons."""
    nuclei, cytoplasm, actin = (microscope(stain, parameters.blur) for stain in stains(parameters, random))
    if parameters.white:
        image = nuclei[..., None] * np.ones(3)
    else:
        image = nuclei[..., None] * BLUE + parameters.green * cytoplasm[..., None] * GREEN
        image = image + parameters.red * actin[..., None] * RED
    counted = random.poisson((np.clip(image, 0, 2) + 0.02) * parameters.photons) / parameters.photons
    return np.clip(shrink(counted, FINE), 0, 1) ** 0.8
