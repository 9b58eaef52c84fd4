"""A reconstruction for deepinv: many answers, each as consistent as the measurement allows.

>>> import pulse, pulse.deepinv
>>> model = pulse.deepinv.Pulse(pulse.Generator.open("faces"), candidates=16)
>>> x_hat = model(y, physics)
>>> candidates, mean, variance = model.sample(y, physics)
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import torch

from .generator import Generator
from .measurement import Measurement
from .range import Range
from .searching import GeneratorLike, SearchSettings, opened, search

try:
    from deepinv.models import Reconstructor
except ImportError:
    # Without deepinv it is a module like any other.
    Reconstructor = torch.nn.Module


class Posterior(NamedTuple):
    """What was found for a batch: tensors on the device of ``y``, with pictures in [0, 1]."""

    #: B x N x C x H x W.
    candidates: torch.Tensor
    #: B x C x H x W.
    mean: torch.Tensor
    #: B x C x H x W: value by value, with N - 1 below it; zero for one candidate.
    variance: torch.Tensor


class Pulse(Reconstructor):  # type: ignore[misc]
    """PULSE as a `deepinv.models.Reconstructor`.

    Beside `deepinv.models.CSGMGenerator`, which descends one latent to one answer, it gives several, unlike each other; it keeps
    latents on the sphere of their prior; and moves each picture to the nearest one that the physics measures as ``y``, where the
    physics is linear. Whether it is, and whether its gradient is the adjoint, is tested first; `Range.projected` says the outcome.

    Parameters
    ----------
    generator
        A `pulse.Generator`, the name of an embedded one, the path of a checkpoint, or a torch module. A module takes ``z``, of
        which ``latent`` is the shape without the batch, and gives pictures whose black and white are ``range``.
    candidates
        How many answers.
    latent, range
        Of a torch module.
    well_conditioned
        Whether ``A A^T`` can be inverted without magnifying noise: so it is for what shrinks or hides pixels, but not for blurs.
    **settings
        As `pulse.SearchSettings` names them: ``seed``, ``steps``, ``sigma`` (the noise of ``y``), and so on.
    """

    def __init__(
        self,
        generator: GeneratorLike | torch.nn.Module,
        candidates: int = 8,
        latent: tuple[int, ...] | None = None,
        range: tuple[float, float] = (-1, 1),
        well_conditioned: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__()
        if isinstance(generator, torch.nn.Module):
            if latent is None:
                raise ValueError("latent is the shape of what the module takes, without the batch: say it")
            generator = Generator.from_torch(generator, {"z": latent}, range)
        self.generator = opened(generator)
        self.well_conditioned = well_conditioned
        self.settings: SearchSettings = {"candidates": candidates, **settings}  # type: ignore[typeddict-item]

    def forward(self, y: torch.Tensor, physics: Any, **kwargs: Any) -> torch.Tensor:
        """Give the mean of the candidates, B x C x H x W in [0, 1]: of all answers, what is nearest to them on average."""
        return self.sample(y, physics).mean

    def sample(self, y: torch.Tensor, physics: Any) -> Posterior:
        """Give the candidates, their mean and their variance."""
        ranges = self.ranges(y, physics)
        pictures = np.stack([np.moveaxis(found.images, -1, 1) for found in ranges])
        candidates = torch.from_numpy(np.ascontiguousarray(pictures)).to(y.device, y.dtype)
        spread = candidates.var(1, unbiased=candidates.shape[1] > 1)
        return Posterior(candidates, candidates.mean(1), spread)

    def ranges(self, y: torch.Tensor, physics: Any) -> list[Range]:
        """Search for each picture of the batch."""
        height, width, channels = self.generator.shape
        found = []
        for one in (y.detach()[number : number + 1] for number in range(len(y))):
            seen = Seen(one)
            measurement = Measurement.from_torch(
                functools.partial(seen.measured, physics),
                (channels, height, width),
                name=type(physics).__name__,
                well_conditioned=self.well_conditioned,
                device=y.device,
            )
            found += search(seen.picture(one), self.generator, measurement=measurement, **self.settings)
        return found


class Seen:
    """How what was measured is a picture: numbers in [0, 1], of one or three channels."""

    def __init__(self, y: torch.Tensor) -> None:
        low, high = float(y.min()), float(y.max())
        inside = low >= 0 and high <= 1
        self.low, self.scale = (0.0, 1.0) if inside else (low, max(high - low, 1e-12))
        self.is_picture = y.ndim == 4 and y.shape[1] in (1, 3)

    def measured(self, physics: Any, x: torch.Tensor) -> torch.Tensor:
        """Measure a sharp picture, without noise."""
        return self.picture(physics.A(x))

    def picture(self, y: torch.Tensor) -> torch.Tensor:
        """Bring it there; what is no picture becomes a grey one with a row for each row of a channel."""
        y = (y - self.low) / self.scale
        return y if self.is_picture else y.reshape(y.shape[0], 1, -1, y.shape[-1])
