"""Slices of a head as magnetic resonance imaging shows it (T1 weighted): one brain, bent in many ways.

What is in it: axial slices of a template at a random height and tilt, smooth random deformations at three scales, a
brightness that varies slowly over the picture (the coils' bias field), Rician noise (Gudbjartsson & Patz 1995,
equation 1), contrast that varies.

What is not: any other brain than the template's, any illness, age, sex or measured variation between people; the physics
of a scanner (no sequence, no relaxation times, no partial volumes but those of interpolation), motion. Deformations are
random, and know no anatomy. No picture says anything of a patient.

The template is Colin27 (Holmes et al. 1998): 27 scans of one man, averaged. It is not part of this repository; README.md
says how to get it, and has its notice. A pixel is 3.1 to 3.7 mm wide.
"""

import gzip
import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from ..pictures import SIZE

DEFORMATIONS = ((16, 7.0), (7, 1.6), (3, 0.45))
"""Width in pixels, and largest standard deviation in mm, of the random displacements."""


@dataclass(frozen=True)
class Parameters:
    """What one slice is made from. Ranges are choices of this project."""

    height: float
    """0.30 to 0.72 of the template's height: from the eyes to the crown."""
    tilt: tuple[float, float, float]
    """Around the three axes: normal, 6, 6 and 7 degrees."""
    width: tuple[float, float]
    """Half of the picture's width and height: 98.6 to 117.6 mm."""
    deformation: tuple[float, float, float]
    """Of each of `DEFORMATIONS`: 0.3 to 1 of the largest."""
    contrast: float
    """Exponent of the brightness: 0.8 to 1.3."""
    bias: float
    """Standard deviation of the bias field's logarithm: 0.15."""
    white: float
    """Brightness of the brightest half percent: 0.85 to 1.05."""
    noise: float
    """Standard deviation of the noise in each of the two channels: 0.003 to 0.03."""


def draw(random):
    """Parameters of one slice."""
    return Parameters(
        height=random.uniform(0.30, 0.72),
        tilt=tuple(random.normal(0, [6, 6, 7])),
        width=tuple(112 * random.uniform(0.88, 1.05, 2)),
        deformation=tuple(random.uniform(0.3, 1, 3)),
        contrast=random.uniform(0.8, 1.3),
        bias=0.15,
        white=random.uniform(0.85, 1.05),
        noise=random.uniform(0.003, 0.03),
    )


@cache
def read_template(path):
    """Brightness of a NIfTI file (`.nii` or `.nii.gz`) on cubes of 1 mm, near 1 where it is brightest.

    Axes are left to right, back to front, and up.
    """
    data = open(path, "rb").read()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    order = next((o for o in "<>" if len(data) > 348 and struct.unpack_from(o + "i", data)[0] == 348), None)
    if order is None:
        raise ValueError(f"{path}: not a NIfTI file")
    shape = struct.unpack_from(order + "8h", data, 40)[1:4]
    kind = struct.unpack_from(order + "h", data, 70)[0]
    kinds = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 512: "u2"}
    if kind not in kinds:
        raise ValueError(f"{path}: numbers of NIfTI's type {kind} are not read")
    start = int(struct.unpack_from(order + "f", data, 108)[0])
    count = int(np.prod(shape))
    volume = np.frombuffer(data, order + kinds[kind], count, start).reshape(shape, order="F").astype(np.float32)
    return volume / np.quantile(volume, 0.997)


def rotation(degrees):
    """A turn around x, then y, then z, as a matrix."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return z @ y @ x


def picture(random, volume):
    """A slice of 64 x 64 numbers from 0 to 1, the front of the head up."""
    return render(draw(random), random, volume)


def render(parameters, random, volume):
    """The slice of given parameters; `random` is for deformation, bias field and noise."""
    x, y = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) / (SIZE / 2)
    plane = np.stack([x * parameters.width[0], y * parameters.width[1], np.zeros_like(x)])
    middle = np.array([volume.shape[0] / 2, volume.shape[1] / 2, parameters.height * volume.shape[2]])
    place = np.tensordot(rotation(parameters.tilt), plane, 1) + middle[:, None, None]
    for (width, largest), share in zip(DEFORMATIONS, parameters.deformation):
        displacement = gaussian_filter(random.standard_normal((3, SIZE, SIZE)), (0, width, width))
        place = place + displacement / displacement.std() * largest * share
    slice_ = np.clip(map_coordinates(volume, place, order=1), 0, 1.2) ** parameters.contrast
    coils = gaussian_filter(random.standard_normal((SIZE, SIZE)), 14)
    slice_ = slice_ * np.exp(parameters.bias * coils / coils.std())
    slice_ = slice_ / max(np.quantile(slice_, 0.995), 0.05) * parameters.white  # a slice beside the head stays dark
    noise = random.normal(0, parameters.noise, (2, SIZE, SIZE))
    return np.minimum(np.rot90(np.hypot(slice_ + noise[0], noise[1])), 1)
