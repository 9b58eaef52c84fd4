"""Functions of the caller's own, in the form that the native half calls.

Each has ``prepare(batch, differentiable)``, which gives an object with ``forward(*arguments)`` and ``backward(cotangent)``. Arrays
have a row for each candidate, and pictures in them are B x C x H x W. They are called on the thread that asked for the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .errors import of
from .pictures import Floats


class Prepared(Protocol):
    """A function with what it keeps from ``forward`` for ``backward``."""

    def forward(self, *arguments: Floats) -> Floats:
        """Give a row of results for each row of arguments."""

    def backward(self, cotangent: Floats) -> Sequence[Floats]:
        """Give the gradients of the last ``forward``, which had at least as many rows."""


class Function(Protocol):
    """What the native half calls."""

    def prepare(self, batch: int, differentiable: bool) -> Prepared:
        """Make it ready."""


def single(value: object, what: str) -> Floats:
    """What a function gave, as an array of single precision."""
    try:
        return np.ascontiguousarray(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise of("inputs", f"{what} gave {type(value).__name__}, which is no array of numbers: {error}") from error


@dataclass
class TorchFunction:
    """A function of tensors. Its graph is kept from forward to backward, so a step runs it once."""

    run: Callable[..., Any]
    device: Any
    dtype: Any

    def prepare(self, batch: int, differentiable: bool) -> PreparedTorch:
        """Make it ready."""
        return PreparedTorch(self, differentiable)


class PreparedTorch:
    """A function of tensors with the graph of its last call."""

    def __init__(self, function: TorchFunction, differentiable: bool) -> None:
        self.function, self.differentiable = function, differentiable
        self.arguments: list[Any] = []
        self.result: Any = None

    def forward(self, *arguments: Floats) -> Floats:
        """Run it, and keep the graph."""
        import torch

        own = self.function
        self.result = None
        tensors = [torch.from_numpy(argument).to(own.device, own.dtype) for argument in arguments]
        with torch.inference_mode(False), torch.set_grad_enabled(self.differentiable):
            self.arguments = [tensor.requires_grad_(self.differentiable) for tensor in tensors]
            result = own.run(*self.arguments)
        if not isinstance(result, torch.Tensor):
            raise of("inputs", f"the module gave {type(result).__name__}, and not a tensor")
        if self.differentiable:
            if not result.requires_grad:
                raise of(
                    "inputs",
                    "what the module gave does not depend on its inputs by torch's graph: is it detached?",
                )
            self.result = result
        return single(result.detach().to("cpu", torch.float32).numpy(), "the module")

    def backward(self, cotangent: Floats) -> Sequence[Floats]:
        """Go back through the graph that is kept."""
        import torch

        rows = self.result.shape[0] - cotangent.shape[0]
        padded = np.concatenate([cotangent, np.zeros((rows, *cotangent.shape[1:]), np.float32)]) if rows else cotangent
        weights = torch.from_numpy(padded).to(self.result.device, self.result.dtype)
        gradients = torch.autograd.grad(self.result, self.arguments, weights, retain_graph=True, allow_unused=True)
        zeros = [torch.zeros_like(argument) for argument in self.arguments]
        found = [zero if gradient is None else gradient for gradient, zero in zip(gradients, zeros, strict=True)]
        return [single(gradient[: len(cotangent)].to("cpu", torch.float32).numpy(), "the gradient") for gradient in found]


@dataclass
class ArrayFunction:
    """A function of arrays, and its vector-Jacobian product ``vjp(*arguments, cotangent)``, one gradient for each argument."""

    run: Callable[..., Any]
    vjp: Callable[..., Any]

    def prepare(self, batch: int, differentiable: bool) -> PreparedArrays:
        """Make it ready."""
        return PreparedArrays(self)


class PreparedArrays:
    """A function of arrays with the arguments of its last call."""

    def __init__(self, function: ArrayFunction) -> None:
        self.function = function
        self.arguments: tuple[Floats, ...] = ()

    def forward(self, *arguments: Floats) -> Floats:
        """Run it."""
        self.arguments = arguments
        return single(self.function.run(*arguments), "forward")

    def backward(self, cotangent: Floats) -> Sequence[Floats]:
        """Ask for the gradients."""
        gradients = self.function.vjp(*(argument[: len(cotangent)] for argument in self.arguments), cotangent)
        if not isinstance(gradients, (tuple, list)):
            gradients = (gradients,)
        return [single(gradient, "vjp") for gradient in gradients]
