"""Generators: embedded ones, those in files, torch modules, and any other function."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _pulse
from .errors import of
from .functions import ArrayFunction, TorchFunction, single
from .pictures import Floats

#: The names of the embedded generators, the default first.
EMBEDDED: tuple[str, ...] = tuple(_pulse.names()[0])


class Generator:
    """What makes pictures from numbers, frozen.

    Make one with `open`, `from_torch`, `from_denoiser` or `from_callable`. It keeps what it has compiled, so searches with one
    generator should share it. Several threads may use it.
    """

    def __init__(self, native: _pulse.Generator) -> None:
        self._native = native

    @classmethod
    def open(
        cls,
        name: str | os.PathLike[str] | None = None,
        *,
        network: str | None = None,
        latent: str | None = None,
        range: tuple[float, float] | None = None,
        **settings: object,
    ) -> Generator:
        """Open an embedded generator or a checkpoint.

        Parameters
        ----------
        name
            The name of an embedded generator (`pulse.EMBEDDED`; the first one by default) or of a model in the folder of models, as
            ``pulse models`` lists them; or the path of a checkpoint or of the folder that one is in.
        network
            Which network of a checkpoint, by its name or by what the names of its tensors begin with; the averaged generator by
            default.
        latent
            Which input of an ONNX model is searched, where names and shapes do not tell.
        range
            What black and white are in an ONNX model's pictures, where its last operator does not tell: ``(0, 1)``.
        settings
            What a diffusion model's file does not tell, by the names of the code that trained it: ``num_head_channels=64``.

        Raises
        ------
        PulseError
            Kind ``"generator"`` where there is none, or no family is made of such tensors; ``"io"`` and ``"checkpoint"`` for
            files that cannot be read.
        """
        if name is not None:
            name = os.fspath(name)
        told = (network, latent, range)
        if not settings and told == (None, None, None) and (name is None or name in EMBEDDED):
            return cls(native(name or EMBEDDED[0]))
        return cls(_pulse.Generator.open(name, [f"{key}={value}" for key, value in settings.items()], *told))

    @classmethod
    def from_torch(
        cls,
        module: Callable[..., Any],
        inputs: Mapping[str, Sequence[int]],
        range: tuple[float, float] = (-1, 1),
        name: str | None = None,
        device: Any = None,
    ) -> Generator:
        """Make a generator of a torch module.

        Parameters
        ----------
        module
            ``module(*inputs)`` gives pictures B x C x H x W with 1 or 3 channels. It is put into evaluation mode, and its
            parameters are frozen. Any function of tensors will do.
        inputs
            The shape of each input without the batch, the latent first: ``{"z": (512,)}``. They are drawn from a standard normal
            distribution and searched on its sphere. A latent called ``z`` gets a verdict.
        range
            What black and white are in the module's pictures.
        name
            What reports call it; the name of its class by default.
        device
            Where the module is, where it has no parameters that tell.

        Raises
        ------
        PulseError
            Kind ``"inputs"`` when the module does not give such pictures.
        """
        function = torch_function(module, device)
        name = name or type(module).__name__
        picture = trial(function, [(1, *shape) for shape in inputs.values()], f"the module {name}")
        checksum = identity(module, name, range)
        shapes = [(key, list(shape)) for key, shape in inputs.items()]
        return cls(_pulse.Generator.own(name, function, shapes, picture, (float(range[0]), float(range[1])), checksum))

    @classmethod
    def from_denoiser(
        cls,
        module: Callable[..., Any],
        picture: Sequence[int],
        sigma_range: tuple[float, float],
        range: tuple[float, float] = (0, 1),
        name: str | None = None,
        device: Any = None,
    ) -> Generator:
        """Make a generator of a torch module that denoises, such as a `deepinv.models.Denoiser`. It is sampled, not descended.

        Parameters
        ----------
        module
            ``module(x, sigma)`` gives the denoised pictures of ``x`` B x C x H x W, with noise of the standard deviation ``sigma``,
            B numbers in the units of the pictures.
        picture
            Channels, height and width of its pictures.
        sigma_range
            The smallest and the largest noise level that it knows, in the units of its pictures.
        range
            What black and white are in its pictures.
        name, device
            As in `from_torch`.
        """
        black, white = range
        half = (white - black) / 2
        own = torch_function(module, device)

        def denoise(x: Any, sigma: Any) -> Any:
            denoised = own.run(black + (x + 1) * half, sigma.flatten() * half)
            return (denoised - black) / half - 1

        function = TorchFunction(denoise, own.device, own.dtype)
        name = name or type(module).__name__
        channels, height, width = (int(side) for side in picture)
        found = trial(function, [(1, channels, height, width), (1, 1)], f"the denoiser {name}")
        if found != (channels, height, width):
            raise of("inputs", f"the denoiser {name} gave pictures {found} of pictures {(channels, height, width)}")
        low, high = (float(sigma) / half for sigma in sigma_range)
        checksum = identity(module, name, range)
        return cls(_pulse.Generator.denoiser(name, function, found, (low, high), checksum))

    @classmethod
    def from_callable(
        cls,
        forward: Callable[..., Any],
        vjp: Callable[..., Any],
        inputs: Mapping[str, Sequence[int]],
        range: tuple[float, float] = (-1, 1),
        name: str = "callable",
        identity: str = "",
    ) -> Generator:
        """Make a generator of two functions of arrays: for JAX and others.

        Parameters
        ----------
        forward
            ``forward(*inputs)`` gives pictures B x H x W x C of arrays with a row for each picture.
        vjp
            ``vjp(*inputs, cotangent)`` gives the gradient of ``sum(forward(*inputs) * cotangent)`` with respect to each input.
        inputs, range, name
            As in `from_torch`.
        identity
            What tells it from other generators, such as the checksum of its file: runs are opened again only with the same one.
        """

        def first(*arrays: Floats) -> Floats:
            pictures = single(forward(*arrays), "forward")
            return np.moveaxis(pictures, -1, 1) if pictures.ndim == 4 else pictures

        def back(*arrays: Floats) -> Any:
            return vjp(*arrays[:-1], np.ascontiguousarray(np.moveaxis(arrays[-1], 1, -1)))

        function = ArrayFunction(first, back)
        picture = trial(function, [(1, *shape) for shape in inputs.values()], "forward")
        shapes = [(key, list(shape)) for key, shape in inputs.items()]
        return cls(_pulse.Generator.own(name, function, shapes, picture, (float(range[0]), float(range[1])), identity))

    @property
    def name(self) -> str:
        """What it is called."""
        return self._native.name

    @property
    def family(self) -> str:
        """What kind of model it is, such as ``"DCGAN"``."""
        return self._native.family

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of its pictures."""
        return self._native.shape

    @property
    def denoises(self) -> bool:
        """Whether it is a diffusion, flow or consistency model, which is sampled."""
        return self._native.denoises

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Its inputs with their shapes, the batch left out."""
        return {name: tuple(shape) for name, shape in self._native.inputs}

    def sample(self, n: int = 1, seed: int = 0) -> Floats:
        """Make ``n`` random pictures: N x H x W x C, in [0, 1] but not clamped. The same seed gives the same pictures."""
        return self._native.sample(n, seed)

    def forward(self, inputs: Mapping[str, object]) -> Floats:
        """Make the pictures of inputs: N x H x W x C, in [0, 1] but not clamped.

        Parameters
        ----------
        inputs
            Arrays with a row for each picture, by name. An input that is not named is what it is before a search moves it.

        Raises
        ------
        PulseError
            Kind ``"inputs"`` when a shape does not fit, or a number is not finite.
        """
        return self._native.forward(rows(inputs))

    def vjp(self, inputs: Mapping[str, object], cotangent: object) -> dict[str, Floats]:
        """Give the gradients of ``sum(forward(inputs) * cotangent)`` with respect to each of ``inputs``."""
        return self._native.vjp(rows(inputs), np.ascontiguousarray(cotangent, dtype=np.float32))

    def __repr__(self) -> str:
        height, width, channels = self.shape
        return f"<pulse.Generator {self.name}: {self.family}, {width}x{height} with {channels} channels>"


def rows(inputs: Mapping[str, object]) -> dict[str, Floats]:
    """Arrays of single precision."""
    return {name: single(value, f"the input `{name}`") for name, value in inputs.items()}


@functools.lru_cache(maxsize=2)
def native(name: str) -> _pulse.Generator:
    """Open an embedded generator, once."""
    return _pulse.Generator.open(name)


def torch_function(module: Any, device: Any) -> TorchFunction:
    """Freeze a module, and make a function of it."""
    import torch

    dtype = torch.float32
    if isinstance(module, torch.nn.Module):
        module.eval()
        module.requires_grad_(False)
        first = next(iter([*module.parameters(), *module.buffers()]), None)
        if first is not None and first.is_floating_point():
            device, dtype = device or first.device, first.dtype
    return TorchFunction(module, torch.device(device or "cpu"), dtype)


def trial(function: Any, shapes: list[tuple[int, ...]], what: str) -> tuple[int, int, int]:
    """Channels, height and width of the pictures that a function gives."""
    numbers = np.random.default_rng(0)
    arguments = [numbers.standard_normal(shape).astype(np.float32) for shape in shapes]
    found = function.prepare(1, False).forward(*arguments).shape
    if len(found) != 4 or found[0] != 1:
        given = " and ".join(str(shape) for shape in shapes)
        raise of("inputs", f"{what} gave the shape {found} for inputs {given}: pictures are one batch of four axes")
    return int(found[1]), int(found[2]), int(found[3])


def identity(module: Any, name: str, range: tuple[float, float]) -> str:
    """What tells a module from others: its numbers. A function without numbers has none."""
    if not hasattr(module, "state_dict"):
        return ""
    digest = hashlib.sha256(f"{name} {range}".encode())
    for key, tensor in module.state_dict().items():
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(np.ascontiguousarray(tensor.detach().to("cpu").double().numpy()).tobytes())
    return digest.hexdigest()
