"""Galaxies, in the manner of colour cut-outs from sky surveys (SDSS, Legacy): drawn from the laws that describe their light.

What is in it:

- Ellipticals, and bulges: Sérsic's profile (Sérsic 1963; Graham & Driver 2005, section 2). Discs: exponential, which is a
  Sérsic profile of index 1.
- Arms: logarithmic spirals with a pitch angle, roughened by noise; bars; dust lanes at the arms' inner edge, which redden;
  star-forming knots; discs seen edge-on, with a dust lane; irregular galaxies.
- Neighbours and stars of the foreground, a Gaussian point spread function, noise of the sky.
- Colours as surveys show them: the stretch of Lupton et al. 2004, section 2 (arcsinh of the intensity, hue kept).

What is not: stellar populations and spectra (there are three colours: old, young, glowing gas), the thickness of discs,
redshift and the universe's expansion, mergers and tidal tails, lensing, the true mix of types (shares are ours), saturated
stars, cosmic rays, the noise's correlation between pixels. The picture is drawn, not observed.

Lengths are in pixels of the picture. There is no pixel scale: a galaxy fills its cut-out, as in catalogues. Pixels are not
proportional to intensity, because of the stretch.
"""

from dataclasses import dataclass
from math import cos, exp, log, pi, radians, sin, tan

import numpy as np
from scipy.ndimage import gaussian_filter

from ..noise import gaussian_field
from ..pictures import SIZE, shrink

FINE = 2
"""Light is computed this many times as fine, and shrunk."""

WIDTH = SIZE * FINE
TYPES = ("elliptical", "spiral", "edge-on", "irregular")

OLD, YOUNG, GAS = np.array([1.0, 0.72, 0.45]), np.array([0.62, 0.80, 1.0]), np.array([1.0, 0.55, 0.7])
"""Colours (red, green, blue) of old stars, of young ones, and of glowing hydrogen."""

DUST = np.array([0.8, 1.0, 1.25])
"""Optical depth of dust in the three colours, beside that in green: more in blue (Cardelli, Clayton & Mathis 1989)."""


@dataclass(frozen=True)
class Neighbour:
    """A star of the foreground, or a small galaxy."""

    x: float
    y: float
    """Place, in pixels from the middle: -32 to 32."""
    brightness: float
    """Lognormal around 0.11."""
    star: bool
    """55% are."""
    colour: tuple[float, float, float]
    half_light_radius: float = 1.0
    """Of a galaxy: 0.6 to 2.2 pixels."""
    axis_ratio: float = 1.0
    position_angle: float = 0.0
    index: float = 1.0


@dataclass(frozen=True)
class Parameters:
    """What one picture is made from. Where no source is given the range is a choice of this project."""

    type: str
    """One of `TYPES`: 25, 55, 12 and 8% of the pictures."""
    x: float
    y: float
    """Middle of the galaxy: normal, 0.6 pixels."""
    position_angle: float
    """0 to 180 degrees."""
    axis_ratio: float
    """Minor over major axis: 0.5 to 1 (ellipticals, irregulars), 0.3 to 1 (spirals), 0.09 to 0.2 (edge-on)."""
    size: float
    """Lognormal around 9.6 pixels, 0.35. The half-light radius of ellipticals is 0.75 of it, the scale length of discs 0.62."""
    index: float
    """Sérsic's index of ellipticals: 2 to 5 (de Vaucouleurs' law is 4)."""
    old: tuple[float, float, float]
    young: tuple[float, float, float]
    """The colours `OLD` and `YOUNG`, varied by up to 30%."""
    gradient: float
    """How fast discs turn blue outwards: 0.6 to 1.3."""
    arms: int
    """2 (three fifths), 3 or 4."""
    pitch: float
    """9 to 32 degrees: from tight to open arms, as Kennicutt 1981 measured them for types Sa to Sc."""
    winding: int
    """1 or -1: the sense in which arms wind."""
    arm_strength: float
    """0.6 to 3.2, beside the disc."""
    arm_narrowness: float
    """0.8 (broad) to 4 (narrow)."""
    roughness: float
    """How far noise bends arms: 0.1 to 0.7 radians of their phase."""
    dust: float
    """Optical depth of lanes: 0 to 0.9 in spirals, to 1.8 edge-on."""
    bar: float
    """Strength: 0 (three of five spirals) or 0.5 to 1.6."""
    bar_length: float
    """0.5 to 1.1 scale lengths."""
    bar_width: float
    """0.2 to 0.35 of its length."""
    bulge: float
    """Strength: beta distribution 1.2, 3; 1.6 times that in spirals; irregulars have none."""
    bulge_radius: float
    """Half-light radius: 0.22 to 0.5 scale lengths."""
    bulge_index: float
    """1 to 3."""
    bulge_axis_ratio: float
    """0.6 to 1; edge-on 0.4 to 0.8."""
    neighbours: tuple[Neighbour, ...]
    """1.6 on average."""
    seeing: float
    """Standard deviation of the point spread function: 0.4 to 1 pixels."""
    exposure: float
    """Of the brightest part, beside white: 0.8 to 1.6."""
    noise: float
    """Standard deviation of the sky's noise: lognormal around 0.012, 0.6."""
    sky: float
    """Level of the sky: 0 to 0.01."""
    stretch: float
    """Q of the arcsinh stretch: 4 to 9."""


def draw(random):
    """Parameters of one picture."""
    kind = str(random.choice(TYPES, p=[0.25, 0.55, 0.12, 0.08]))
    narrowest, widest = {"elliptical": (0.5, 1), "spiral": (0.3, 1), "edge-on": (0.09, 0.2), "irregular": (0.5, 1)}[kind]
    old = OLD * np.array([1, random.uniform(0.9, 1.15), random.uniform(0.8, 1.3)])
    young = YOUNG * np.array([random.uniform(0.85, 1.25), 1, random.uniform(0.9, 1.1)])
    barred = kind == "spiral" and random.random() < 0.4
    return Parameters(
        type=kind,
        x=random.normal(0, 0.64),
        y=random.normal(0, 0.64),
        position_angle=random.uniform(0, 180),
        axis_ratio=random.uniform(narrowest, widest),
        size=exp(random.normal(log(9.6), 0.35)),
        index=random.uniform(2, 5),
        old=tuple(old),
        young=tuple(young),
        gradient=random.uniform(0.6, 1.3),
        arms=int(random.choice([2, 2, 2, 3, 4])),
        pitch=random.uniform(9, 32),
        winding=int(random.choice([-1, 1])),
        arm_strength=random.uniform(0.6, 3.2),
        arm_narrowness=random.uniform(0.8, 4),
        roughness=random.uniform(0.1, 0.7),
        dust=random.uniform(0, 1.8 if kind == "edge-on" else 0.9),
        bar=random.uniform(0.5, 1.6) if barred else 0.0,
        bar_length=random.uniform(0.5, 1.1),
        bar_width=random.uniform(0.2, 0.35),
        bulge=0.0 if kind == "irregular" else random.beta(1.2, 3) * (1.6 if kind == "spiral" else 1),
        bulge_radius=random.uniform(0.22, 0.5),
        bulge_index=random.uniform(1, 3),
        bulge_axis_ratio=random.uniform(0.4, 0.8) if kind == "edge-on" else random.uniform(0.6, 1),
        neighbours=tuple(draw_neighbour(random, old, young) for _ in range(random.poisson(1.6))),
        seeing=random.uniform(0.4, 1),
        exposure=random.uniform(0.8, 1.6),
        noise=exp(random.normal(log(0.012), 0.6)),
        sky=random.uniform(0, 0.01),
        stretch=random.uniform(4, 9),
    )


def draw_neighbour(random, old, young):
    """A star or a small galaxy, anywhere."""
    x, y = random.uniform(-SIZE / 2, SIZE / 2, 2)
    brightness = exp(random.normal(-2.2, 1))
    if random.random() < 0.55:
        return Neighbour(x, y, brightness, True, (1.0, random.uniform(0.75, 1.1), random.uniform(0.5, 1.3)))
    colour = tuple(old if random.random() < 0.6 else young)
    return Neighbour(
        x, y, brightness, False, colour,
        half_light_radius=random.uniform(0.6, 2.2),
        axis_ratio=random.uniform(0.3, 1),
        position_angle=random.uniform(0, 180),
        index=random.uniform(1, 3),
    )


def sersic(radius, half_light_radius, index):
    """exp(-b ((r / r_e)^(1/n) - 1)): intensity beside that at r_e, within which half of the light is.

    b is Prugniel & Simien's (1997) approximation, right to 1e-3 from n = 1 on.
    """
    b = 2 * index - 1 / 3 + 0.009876 / index
    return np.exp(-b * ((radius / half_light_radius) ** (1 / index) - 1))


def ellipse(x, y, position_angle):
    """Coordinates along the major and the minor axis."""
    c, s = cos(radians(position_angle)), sin(radians(position_angle))
    return c * x + s * y, -s * x + c * y


def coordinates():
    """x to the right and y down, in pixels of the picture from its middle."""
    y, x = (np.mgrid[:WIDTH, :WIDTH] + 0.5) / FINE - SIZE / 2
    return x, y


def light(parameters, random):
    """Intensity of the galaxy alone, on the fine grid, without seeing: red, green, blue."""
    x, y = coordinates()
    u, v = ellipse(x - parameters.x, y - parameters.y, parameters.position_angle)
    old = np.array(parameters.old)
    if parameters.type == "elliptical":
        radius = np.hypot(u, v / parameters.axis_ratio) + 0.25  # Sérsic's profile has a cusp that no pixel resolves
        return sersic(radius, 0.75 * parameters.size, parameters.index)[..., None] * old

    scale = 0.62 * parameters.size
    image = disc(parameters, random, u, v, scale)
    flattening = max(parameters.bulge_axis_ratio, parameters.axis_ratio)
    radius = np.hypot(u, v / flattening) + 0.4
    bulge = sersic(radius, parameters.bulge_radius * scale, parameters.bulge_index)
    return image + 2.4 * parameters.bulge * bulge[..., None] * old


def disc(parameters, random, u, v, scale):
    """Disc, arms, bar and dust of galaxies that are not ellipticals."""
    old, young = np.array(parameters.old), np.array(parameters.young)
    face = v / parameters.axis_ratio  # seen face-on
    radius, angle = np.hypot(u, face) + 0.03, np.arctan2(face, u)
    smooth = np.exp(-radius / scale)
    coarse, fine = gaussian_field(random, WIDTH, 2.6), gaussian_field(random, WIDTH, 1.6, smallest=0.03)
    colour = old + (young - old) * np.clip(radius / (2.2 * scale) * parameters.gradient, 0, 1)[..., None]

    if parameters.type == "irregular":
        clumps = smooth * np.exp(coarse + 0.5 * fine)
        return 0.9 * clumps[..., None] * young + (1.6 * np.clip(fine - 1.5, 0, None) * smooth)[..., None] * GAS

    if parameters.type == "edge-on":
        lane = np.exp(-((v / (0.22 * parameters.axis_ratio * scale + 0.4)) ** 2)) * (radius < 3 * scale)
        depth = parameters.dust * lane * np.clip(1 + 0.6 * coarse, 0, 3)
        return 1.6 * smooth[..., None] * colour * np.exp(-depth[..., None] * DUST)

    inner = (parameters.bar_length if parameters.bar else 0.25) * scale  # arms begin at the bar's ends
    wound = parameters.winding * np.log(np.maximum(radius, inner) / inner) / tan(radians(parameters.pitch))
    phase = parameters.arms * (angle - wound) + random.uniform(0, 2 * pi) + parameters.roughness * coarse
    begun = 1 / (1 + np.exp((inner - radius) / (0.12 * scale)))
    arms = np.exp(parameters.arm_narrowness * (np.cos(phase) - 1)) * begun
    lanes = np.exp(2.5 * (np.cos(phase + 0.9 * parameters.winding) - 1)) * begun
    knots = np.clip(np.exp(1.1 * fine + 0.5 * coarse - 0.7), 0, 6)
    bright = 0.8 * parameters.arm_strength * (arms * knots)[..., None] * young
    image = smooth[..., None] * (random.uniform(0.35, 0.9) * colour + bright)
    image = image + (2.2 * parameters.arm_strength * np.clip(fine - 1.7, 0, None) * arms * smooth)[..., None] * GAS
    depth = parameters.dust * lanes * np.clip(1 + 0.8 * coarse, 0, 3)
    image = image * np.exp(-depth[..., None] * DUST)
    if parameters.bar:
        along, across = ellipse(u, face, random.uniform(0, 180))
        bar = np.exp(-((along / inner) ** 4 + (across / (inner * parameters.bar_width)) ** 2))
        image = image + parameters.bar * bar[..., None] * old
    return image


def add_neighbours(image, parameters):
    """The image with its stars and small galaxies."""
    x, y = coordinates()
    for neighbour in parameters.neighbours:
        colour = np.array(neighbour.colour)
        if neighbour.star:
            row, column = (min(int((place + SIZE / 2) * FINE), WIDTH - 1) for place in (neighbour.y, neighbour.x))
            image[row, column] += 22 * neighbour.brightness * colour
        else:
            u, v = ellipse(x - neighbour.x, y - neighbour.y, neighbour.position_angle)
            radius = np.hypot(u, v / neighbour.axis_ratio) + 0.3
            profile = sersic(radius, neighbour.half_light_radius, neighbour.index)
            image = image + 1.5 * neighbour.brightness * profile[..., None] * colour
    return image


def stretched(image, strength):
    """Lupton's arcsinh stretch: the mean of the colours is stretched, and their ratios are kept, also where it is too bright."""
    intensity = np.maximum(image.mean(2, keepdims=True), 1e-6)  # the stretch's slope at 0 is finite: so is the quotient
    shown = np.clip(image * np.arcsinh(strength * intensity) / (np.arcsinh(strength) * intensity), 0, None)
    return shown / np.maximum(shown.max(2, keepdims=True), 1)


def picture(random):
    """A picture of 64 x 64 x 3 numbers from 0 to 1."""
    return render(draw(random), random)


def render(parameters, random):
    """The picture of given parameters; `random` is for arms' roughness and noise."""
    image = add_neighbours(light(parameters, random), parameters)
    blur = parameters.seeing * FINE
    image = shrink(gaussian_filter(image, (blur, blur, 0), mode="wrap"), FINE)
    brightest = max(np.quantile(image.sum(2), 0.993), 1e-6)
    image = image / brightest * 3 * parameters.exposure
    image = image + random.normal(0, parameters.noise, image.shape) + parameters.sky
    return stretched(image, parameters.stretch)
