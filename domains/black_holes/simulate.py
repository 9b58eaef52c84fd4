"""Pictures of the glowing disc around a black hole that does not rotate, as a distant observer sees them.

Units: lengths in GM/c², with G = M = c = 1.

The physics that is in it:

- Light bends as the Schwarzschild metric says. Rays are followed backwards from the observer with u'' = -u + 3 u²
  (u = 1/r, the derivative by the angle swept; Luminet 1979, section 2), for impact parameters that are dense around the
  critical one, sqrt(27).
- A disc in the equatorial plane, geometrically and optically thin: what a ray collects at its first, second and third
  crossing of the plane is added up, with no factor for slant (Gralla, Holz & Wald 2019, on thin discs). These are the
  direct image, the lensing ring and the photon ring.
- Matter on circular orbits outside of the innermost stable one, r = 6; inside it falls with the energy and angular
  momentum of that orbit (Cunningham 1975). The redshift g is exact for both; the observed intensity is g ** (3 + a) times
  the emitted one, for a spectrum of nu ** -a.
- A pixel is the mean over its square, from five to thirty rays and, at the photon ring, hundreds, weighted by their area.

The physics that is not: no spin of the hole, no jet, no thickness of the disc, no opacity, no magnetic field or
polarisation, no scattering by interstellar plasma, no time delays (the picture is one of a slow flow). Turbulence is a
random field that is sheared into trailing spirals, not a solution of the equations of motion.

Pixels are proportional to intensity (they have no gamma), so a telescope's beam is a blur of the picture.
"""

from dataclasses import dataclass
from functools import cache
from math import log, pi, radians, sqrt

import numpy as np
from scipy.ndimage import map_coordinates

from ..noise import spectral_field
from ..pictures import SIZE

CRITICAL = sqrt(27)
"""Impact parameter of the rays that circle the hole for ever: the radius of the critical curve, in GM/c²."""

INNERMOST_STABLE = 6.0
HORIZON = 2.0
CROSSINGS = 3
FARTHEST = 40.0
"""Emission from beyond this radius is left out; it is far outside of every picture."""


@dataclass(frozen=True)
class HotSpot:
    """A bright Gaussian spot in the disc."""

    radius: float
    """Distance from the hole: 3 to 9 GM/c² (flares at Sgr A* orbit at 6 to 10: GRAVITY 2018)."""
    azimuth: float
    """Angle in the disc: 0 to 2 pi."""
    width: float
    """Standard deviation: 0.4 to 1.1 GM/c²."""
    brightness: float
    """Peak, beside the disc's own at r = 6: 0.4 to 2."""


@dataclass(frozen=True)
class Parameters:
    """What one picture is made from. Where no source is given the range is a choice of this project."""

    inclination: float
    """Angle between the line of sight and the disc's axis, in degrees: 0 (face-on) to 86; axes are isotropic."""
    position_angle: float
    """Turns the picture: 0 to 360 degrees, counterclockwise; at 0 the axis points up."""
    clockwise: bool
    """Sense of rotation on the sky, for an inclination below 90 degrees."""
    field_of_view: float
    """Width of the picture: 18 to 28 GM/c². The critical curve is 10.4 wide, 24 to 37 pixels."""
    inner_radius: float
    """Where emission ends inside: 2.2 to 6 GM/c². It ends softly, over an eighth of the radius. In simulations of
    magnetised flows emission goes on inside of the innermost stable orbit (Event Horizon Telescope 2019, paper V)."""
    outer_radius: float
    """Emission falls as exp(-(r / outer)²): 9 to 22 GM/c²."""
    slope: float
    """Emission goes as r ** -slope: 1.5 to 4."""
    spectral_index: float
    """a of a spectrum nu ** -a: 0.5 to 2 (thin synchrotron radiation)."""
    turbulence: float
    """Standard deviation of the logarithm of emission: 0.25 to 1.1."""
    turbulence_slope: float
    """Of the turbulence's amplitude over wave number: 1.6 to 2.4."""
    shear: float
    """How far spirals wind: radians for each factor of e in radius: 0.2 to 2.2. They trail, as orbits shear them."""
    hot_spots: tuple[HotSpot, ...] = ()
    """0.5 on average."""


def draw(random):
    """Parameters of one picture."""
    spots = tuple(
        HotSpot(random.uniform(3, 9), random.uniform(0, 2 * np.pi), random.uniform(0.4, 1.1), random.uniform(0.4, 2))
        for _ in range(random.poisson(0.5))
    )
    return Parameters(
        inclination=float(np.rad2deg(np.arccos(random.uniform(np.cos(radians(86)), 1)))),
        position_angle=random.uniform(0, 360),
        clockwise=bool(random.random() < 0.5),
        field_of_view=random.uniform(18, 28),
        inner_radius=random.uniform(2.2, 6),
        outer_radius=random.uniform(9, 22),
        slope=random.uniform(1.5, 4),
        spectral_index=random.uniform(0.5, 2),
        turbulence=random.uniform(0.25, 1.1),
        turbulence_slope=random.uniform(1.6, 2.4),
        shear=random.uniform(0.2, 2.2),
        hot_spots=spots,
    )


ANGLES = 600
"""Rays of one impact parameter, around the hole."""

STEP = np.pi / 400
"""Step of the table of rays, in radians swept."""


@cache
def impact_parameters():
    """Edges of the rings of rays: even steps over the picture, and ever finer ones towards the critical curve."""
    to_critical = np.geomspace(5e-4, 0.7, 40)
    inside = np.linspace(0, CRITICAL - 0.7, 30, endpoint=False)
    outside = np.linspace(CRITICAL + 0.7, 28 / np.sqrt(2) + 0.1, 90)[1:]
    return np.concatenate([inside, CRITICAL - to_critical[::-1], [CRITICAL], CRITICAL + to_critical, outside])


@cache
def rays():
    """Each ring's impact parameter b, its radius r(b, angle swept) and whether the ray still comes nearer the hole there.

    The radius is 0 where the ray has left the region, by falling in or by escaping.
    """
    edges = impact_parameters()
    b = (edges[1:] + edges[:-1]) / 2
    u, slope = np.zeros_like(b), 1 / b  # at infinity u = 0 and du/d(angle) = 1/b
    alive = np.ones(len(b), bool)
    radius = np.zeros((len(b), int(CROSSINGS * np.pi / STEP) + 2))
    inward = np.zeros(radius.shape, bool)
    bend = lambda u: -u + 3 * u * u
    halves = 4
    h = STEP / halves
    for k in range(1, radius.shape[1]):
        for _ in range(halves):  # Runge and Kutta's fourth order
            k1, l1 = slope, bend(u)
            k2, l2 = slope + h / 2 * l1, bend(u + h / 2 * k1)
            k3, l3 = slope + h / 2 * l2, bend(u + h / 2 * k2)
            k4, l4 = slope + h * l3, bend(u + h * k3)
            u, slope = u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), slope + h / 6 * (l1 + 2 * l2 + 2 * l3 + l4)
            alive &= (u > 0) & (u < 1 / HORIZON)
            u, slope = np.where(alive, u, 0.25), np.where(alive, slope, 0)  # what has left must not overflow
        radius[alive, k] = 1 / u[alive]
        inward[:, k] = alive & (slope > 0)
    return b.astype(np.float32), radius.astype(np.float32), inward  # exact enough, and twice as fast


def redshift(radius, angular_momentum, b, inward):
    """g = observed over emitted frequency, for a photon of energy 1 from matter at a radius of the disc.

    `angular_momentum` is the photon's, around the disc's axis, `b` its impact parameter; `inward` says that the ray,
    followed backwards, still comes nearer the hole: then the photon left outwards.
    """
    lapse = 1 - HORIZON / radius
    energy, momentum = sqrt(8 / 9), sqrt(12)  # of the innermost stable orbit
    circular = np.maximum(radius, INNERMOST_STABLE)
    orbit_time = 1 / np.sqrt(1 - 3 / circular)
    falling = np.sqrt(np.maximum(energy**2 - lapse * (1 + momentum**2 / radius**2), 0))
    photon = np.sqrt(np.maximum(1 - lapse * b**2 / radius**2, 0)) / lapse * np.where(inward, 1, -1)
    orbiting = orbit_time * (1 - angular_momentum * circular**-1.5)
    plunging = energy / lapse - angular_momentum * momentum / radius**2 + falling * photon
    # Both are times between two crests, seen from the matter that emits: positive for every photon that gets out.
    return 1 / np.where(radius >= INNERMOST_STABLE, orbiting, plunging)


def turbulence_of(parameters, random):
    """Standard normal turbulence over (log r, azimuth), 256 x 512; periodic in azimuth."""
    height, width = 256, 512
    radial = np.fft.fftfreq(height, 1 / height)[:, None]
    azimuthal = np.fft.rfftfreq(width, 1 / width)[None]
    k = np.sqrt(radial**2 / 16 + azimuthal**2 / 9 + 0.6)
    return spectral_field(random, (height, width), k**-parameters.turbulence_slope).astype(np.float32)


def emission(parameters, turbulence, radius, azimuth):
    """Intensity that matter emits at a place of the disc, in its own frame."""
    logarithm = np.log(radius / HORIZON)
    rows = logarithm * (0.8 * 256 / log(FARTHEST / HORIZON))
    columns = (azimuth + parameters.shear * logarithm) / (2 * np.pi) * 512
    eddies = map_coordinates(turbulence, [rows, columns], order=1, mode="grid-wrap", output=np.float32)
    softness = parameters.inner_radius / 8
    disc = (radius / INNERMOST_STABLE) ** -parameters.slope * np.exp(-((radius / parameters.outer_radius) ** 2))
    disc *= np.exp(parameters.turbulence * eddies) / (1 + np.exp((parameters.inner_radius - radius) / softness))
    x, y = radius * np.cos(azimuth), radius * np.sin(azimuth)
    for spot in parameters.hot_spots:
        dx, dy = x - spot.radius * np.cos(spot.azimuth), y - spot.radius * np.sin(spot.azimuth)
        disc += spot.brightness * np.exp(-(dx**2 + dy**2) / (2 * spot.width**2))
    return disc


def intensity(parameters, random, crossings=range(CROSSINGS)):
    """The picture before it is scaled, of the images that belong to the given crossings of the disc.

    Rays are on rings around the hole: b and the angle `around`, counterclockwise from the right when the disc's axis
    points up. On such rings the angle that a ray sweeps to the disc depends on `around` alone.
    """
    turbulence = turbulence_of(parameters, random)
    b, table, inward = rays()
    edges = impact_parameters()
    around = ((np.arange(ANGLES) + 0.5) * (2 * np.pi / ANGLES)).astype(np.float32)
    tilt = np.float32(radians(parameters.inclination))
    first = np.arctan2(np.cos(tilt), -np.sin(tilt) * np.sin(around)) % np.pi

    mirrored = pi - around if parameters.clockwise else around
    turned = mirrored + radians(parameters.position_angle)
    scale = SIZE / parameters.field_of_view
    column = np.floor(SIZE / 2 + scale * b[:, None] * np.cos(turned)).astype(int)
    row = np.floor(SIZE / 2 - scale * b[:, None] * np.sin(turned)).astype(int)
    inside = (column >= 0) & (column < SIZE) & (row >= 0) & (row < SIZE)
    pixel = row * SIZE + column
    area = np.diff(edges**2)[:, None] * inside

    light = np.zeros(SIZE * SIZE)
    for crossing in crossings:
        swept = first + crossing * np.pi
        step = swept / STEP
        k = np.minimum(step.astype(int), table.shape[1] - 2)
        near, far = table[:, k], table[:, k + 1]
        radius = near + (far - near) * (step - k)
        ring, ray = np.nonzero(inside & (near > 0) & (far > 0) & (radius > HORIZON * 1.01) & (radius < FARTHEST))
        r = radius[ring, ray]
        across = np.cos(around) * np.sin(swept)
        along = np.sin(around) * np.sin(swept) * np.cos(tilt) - np.cos(swept) * np.sin(tilt)
        azimuth = np.arctan2(along, across)[ray]  # matter moves towards larger azimuths
        momentum = -b[ring] * np.cos(around[ray]) * np.sin(tilt)
        g = redshift(r, momentum, b[ring], inward[:, k][ring, ray])
        seen = emission(parameters, turbulence, r, azimuth) * g ** (3 + parameters.spectral_index)
        light += np.bincount(pixel[ring, ray], area[ring, ray] * seen, light.size)
    # Every pixel is wider than the widest gap between two rays, so that it has some.
    covered = np.bincount(pixel[inside], area[inside], light.size)
    return (light / np.maximum(covered, area[inside].min())).reshape(SIZE, SIZE)


def picture(random):
    """A picture of 64 x 64 numbers from 0 to 1."""
    return render(draw(random), random)


def render(parameters, random):
    """The picture of given parameters; `random` is for the turbulence. The brightest pixels, 8 of 4096, are white."""
    light = intensity(parameters, random)
    return np.minimum(light / np.quantile(light, 1 - 8 / light.size), 1)
