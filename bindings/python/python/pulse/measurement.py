"""Measurements: what the camera did to the sharp picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _pulse
from .errors import of
from .functions import ArrayFunction, TorchFunction
from .pictures import Floats, floats

#: Up to here two inner products, relative to the lengths, are equal in single precision.
TOLERANCE = 1e-3


class Measurement:
    """``y = A(x)`` between sharp pictures and small ones.

    Pictures are H x W x C with values in [0, 1]; what ``A`` and its adjoint give is not clipped.

    Parameters
    ----------
    text
        Stages with commas between them, the first one first: ``"bicubic"``, ``"area:4"``, ``"gaussian:1.5,bicubic"``,
        ``"psf:star.fits,area"``, ``"mask:hole.png"``, ``"gray,bicubic"``. Lengths are pixels of the generator's picture.
    picture, small
        Height, width and channels of the sharp picture, and height and width of the small one. A search knows both; they are only
        needed where the measurement is used by itself and they do not follow from what is given.

    Raises
    ------
    PulseError
        Kind ``"setting"`` for a text that says nothing.
    """

    def __init__(self, text: str, picture: Sequence[int] | None = None, small: Sequence[int] | None = None) -> None:
        self._native = _pulse.Measurement(text)
        self._picture, self._small = picture, small

    @classmethod
    def _of(cls, native: _pulse.Measurement) -> Measurement:
        made = cls.__new__(cls)
        made._native, made._picture, made._small = native, None, None
        return made

    @classmethod
    def from_callable(
        cls,
        A: Callable[[Floats], Any],
        A_adjoint: Callable[[Floats], Any],
        picture: Sequence[int],
        name: str = "measurement",
        well_conditioned: bool = True,
    ) -> Measurement:
        """Make a linear measurement of two functions of one picture each.

        Parameters
        ----------
        A
            Gives the small picture h x w x c of a sharp one H x W x C.
        A_adjoint
            Gives the sharp picture of a small one, with ``sum(A(x) * u) == sum(x * A_adjoint(u))``. This is checked.
        picture
            Height, width and channels of the sharp picture, as the generator makes it.
        name
            What reports call it, and by what a run is known again.
        well_conditioned
            Whether ``A A^T`` can be inverted without magnifying what is not exact in the small picture. Shrinking is so; spreading
            light is not, and then candidates come as near as was asked for and no nearer.

        Raises
        ------
        PulseError
            Kind ``"setting"`` when the two are not linear, or not adjoint to each other.
        """
        height, width, channels = (int(side) for side in picture)
        small = floats(A(np.zeros((height, width, channels), np.float32)), "what A gave")
        check(A, A_adjoint, (height, width, channels), small.shape)

        def forward(pictures: Floats) -> Floats:
            return stacked(A, pictures)

        def back(_: Floats, cotangent: Floats) -> Floats:
            return stacked(A_adjoint, cotangent)

        ends = (channels, height, width), (small.shape[2], small.shape[0], small.shape[1])
        return cls._of(_pulse.Measurement.own(name, ArrayFunction(forward, back), *ends, True, well_conditioned))

    @classmethod
    def from_torch(
        cls,
        A: Callable[[Any], Any],
        picture: Sequence[int],
        name: str = "measurement",
        well_conditioned: bool = True,
        device: Any = None,
    ) -> Measurement:
        """Make a measurement of a function of tensors B x C x H x W that torch can differentiate, such as ``physics.A`` of deepinv.

        Whether it is linear is found out. A picture is projected onto what a linear one measures; what a measurement of another
        kind makes of candidates is as near as the search brings them.

        Parameters
        ----------
        A
            Gives small pictures of sharp ones, with 1 or 3 channels.
        picture
            Channels, height and width of the sharp picture, as the generator makes it.
        name, well_conditioned
            As in `from_callable`.
        device
            Where ``A`` computes.
        """
        import torch

        function = TorchFunction(A, torch.device(device or "cpu"), torch.float32)
        prepared = function.prepare(1, True)
        channels, height, width = (int(side) for side in picture)

        def run(x: Floats) -> Floats:
            return np.asarray(prepared.forward(x[np.newaxis])[0])

        def back(u: Floats) -> Floats:
            return np.asarray(prepared.backward(u[np.newaxis])[0][0])

        small = run(np.zeros((channels, height, width), np.float32)).shape
        if len(small) != 3:
            raise of("inputs", f"A gave the shape {(1, *small)}: small pictures are one batch of four axes")
        linear = difference(run, (channels, height, width)) < TOLERANCE
        if linear:
            check(run, back, (channels, height, width), small)
        ends = (channels, height, width), (int(small[0]), int(small[1]), int(small[2]))
        return cls._of(_pulse.Measurement.own(name, function, *ends, linear, well_conditioned))

    @property
    def text(self) -> str:
        """Its stages, or the name that it was given."""
        return self._native.text

    @property
    def linear(self) -> bool:
        """Whether pictures can be projected onto what measures the same."""
        return self._native.linear

    def A(self, x: object) -> Floats:
        """Measure a sharp picture H x W x C: the small one h x w x c."""
        given = floats(x, "the sharp picture")
        return self._native.measure(given, self._sharp(given.shape), self._sides())

    def A_adjoint(self, y: object) -> Floats:
        """Apply the adjoint to a small picture h x w x c: H x W x C with ``sum(A(x) * y) == sum(x * A_adjoint(y))``."""
        given = floats(y, "the small picture")
        return self._native.adjoint(given, self._sharp(None), self._sides() or given.shape[:2])

    def A_dagger(self, y: object) -> Floats:
        """Apply the pseudo-inverse to a small picture: the picture of the smallest norm that measures so, to single precision.

        Raises
        ------
        PulseError
            Kind ``"setting"`` for a measurement that is not linear.
        """
        if not self.linear:
            raise of("setting", f"{self.text} is not linear, and has no pseudo-inverse")
        given = floats(y, "the small picture")
        return self._native.pseudo_inverse(given, self._sharp(None), self._sides() or given.shape[:2])

    def _sharp(self, found: tuple[int, ...] | None) -> tuple[int, int, int] | None:
        sides = self._picture or found
        return None if sides is None else (int(sides[2]), int(sides[0]), int(sides[1]))

    def _sides(self) -> tuple[int, int] | None:
        return None if self._small is None else (int(self._small[0]), int(self._small[1]))

    def __repr__(self) -> str:
        return f"<pulse.Measurement {self.text}>"


def stacked(function: Callable[[Floats], Any], pictures: Floats) -> Floats:
    """Apply a function of one picture H x W x C to each of B x C x H x W."""
    made = [floats(function(np.ascontiguousarray(np.moveaxis(picture, 0, -1))), "the function") for picture in pictures]
    return np.ascontiguousarray(np.moveaxis(np.stack(made), -1, 1))


def check(A: Callable[[Floats], Any], A_adjoint: Callable[[Floats], Any], sharp: Sequence[int], small: Sequence[int]) -> None:
    """Check that two functions are linear, and adjoint to each other."""
    found = difference(A, sharp)
    if not found < TOLERANCE:
        raise of("setting", f"A is not linear: A(x + u) differs from A(x) + A(u) by {found:.1e} of it")
    random = np.random.default_rng(1)
    for _ in range(2):
        x = random.standard_normal(sharp).astype(np.float32)
        u = random.standard_normal(small).astype(np.float32)
        measured = np.asarray(A(x), np.float64).reshape(small)
        back = np.asarray(A_adjoint(u), np.float64)
        if back.size != x.size:
            raise of("setting", f"A_adjoint gave the shape {back.shape}, and the sharp picture is {tuple(sharp)}")
        left, right = float(np.sum(measured * u)), float(np.sum(back.reshape(sharp) * x))
        scale = float(np.linalg.norm(measured) * np.linalg.norm(u)) + 1e-30
        if not abs(left - right) < TOLERANCE * scale:
            message = f"sum(A(x) * u) is {left:.6g} and sum(x * A_adjoint(u)) is {right:.6g}"
            raise of(
                "setting",
                f"A_adjoint is not the adjoint of A: {message}; correct it, or its projection would be wrong",
            )


def difference(A: Callable[[Floats], Any], sharp: Sequence[int]) -> float:
    """How far a function is from being linear, relative to what it gives."""
    random = np.random.default_rng(0)
    x, u = (random.random(sharp).astype(np.float32) for _ in range(2))
    both, apart = (
        np.asarray(A(x + u), np.float64),
        np.asarray(A(x), np.float64) + np.asarray(A(u), np.float64),
    )
    return float(np.linalg.norm(both - apart) / (np.linalg.norm(apart) + 1e-30))
