"""The embedded generator `faces` as a torch module, with the same numbers."""

import itertools
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

ROOT = Path(__file__).resolve().parents[3]


class Faces(nn.Module):
    """A latent of 100 numbers, alone or as a map of one pixel, to 64 x 64 pixels in [-1, 1]."""

    nz = 100

    def __init__(self, unit: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        widths = [100, 512, 256, 128, 64, 3]
        for stage, (before, after) in enumerate(itertools.pairwise(widths)):
            stride, padding = (1, 0) if stage == 0 else (2, 1)
            layers.append(nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False))
            layers += [nn.Tanh()] if after == 3 else [nn.BatchNorm2d(after), nn.ReLU()]
        self.main = nn.Sequential(*layers)
        self.unit = unit
        state = load_file(ROOT / "models" / "dcgan_faces_f16.safetensors")
        self.load_state_dict({name: value.float() for name, value in state.items()}, strict=False)
        self.eval().requires_grad_(False)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Give pictures; of the unit range where that was asked for."""
        pictures = self.main(z.reshape(len(z), self.nz, 1, 1))
        return (pictures + 1) / 2 if self.unit else pictures
