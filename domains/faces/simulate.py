"""Faces as the embedded generator `faces` makes them: a DCGAN (Radford, Metz, Chintala 2016), `models/dcgan_faces.md`.

What is in it: whatever that network makes of a standard normal latent. What is not: photographs. It learned rendered people who
do not exist, and whatever learns from it learns that.
"""

from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

WEIGHTS = Path(__file__).parents[2] / "models" / "dcgan_faces_f16.safetensors"
LATENT = 100
NORM = 1e-5
"""What PyTorch adds to a variance."""


@cache
def layers():
    """Weight, padding and norm (none behind the last) of each transposed convolution, the norms as a scale and a shift."""
    held = {name.removeprefix("main."): value.float() for name, value in load_file(WEIGHTS).items()}
    made = []
    for place in (0, 3, 6, 9, 12):
        norm = None
        if (name := f"{place + 1}.weight") in held:
            scale = held[name] / torch.sqrt(held[f"{place + 1}.running_var"] + NORM)
            norm = scale, held[f"{place + 1}.bias"] - scale * held[f"{place + 1}.running_mean"]
        made.append((held[f"{place}.weight"], 1 if place else 0, norm))
    return made


def picture(random):
    """One face, `[64, 64, 3]` from 0 to 1."""
    x = torch.from_numpy(random.standard_normal(LATENT)).float().reshape(1, LATENT, 1, 1)
    with torch.no_grad():
        for weight, padding, norm in layers():
            x = F.conv_transpose2d(x, weight, stride=2 if padding else 1, padding=padding)
            if norm:
                x = F.relu(x * norm[0][:, None, None] + norm[1][:, None, None])
    return (torch.tanh(x[0]).permute(1, 2, 0).numpy() + 1) / 2
