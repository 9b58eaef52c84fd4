"""`pulse.deepinv.Pulse` beside deepinv's own `CSGMGenerator`: the same generator, pictures and physics.

python benches/beside_deepinv.py [PICTURES]
"""

import sys
import time

import deepinv
import numpy as np
import torch
from faces import Faces

from pulse import Generator
from pulse.deepinv import Pulse


def db(error):
    """An error of pictures in [0, 1] in dB."""
    return -10 * np.log10(float(error))


def row(name, candidates, truth, y, physics, seconds):
    """Print what was found for all pictures: candidates are B x N x C x H x W."""
    flat = candidates.flatten(0, 1)
    measured = physics.A(flat).unflatten(0, candidates.shape[:2])
    consistency = [db(((one - y) ** 2).mean()) for one in measured.unbind(1)]
    errors = ((candidates - truth[:, None]) ** 2).mean((2, 3, 4)).sqrt()
    mean = ((candidates.mean(1) - truth) ** 2).mean((1, 2, 3)).sqrt().mean()
    count = candidates.shape[1]
    pairs = [(candidates[:, i] - candidates[:, j]).pow(2).mean((1, 2, 3)).sqrt() for i in range(count) for j in range(i)]
    spread = float(torch.stack(pairs).mean()) if pairs else float("nan")
    print(
        f"| {name} | {count} | {np.mean(consistency):.1f} | {float(errors.mean()):.3f} | {float(errors.min(1).values.mean()):.3f} "
        f"| {float(mean):.3f} | {spread:.3f} | {seconds / len(truth):.1f} |",
        flush=True,
    )


def main():
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    torch.manual_seed(0)
    with torch.no_grad():
        truth = Faces(unit=True)(torch.randn(count, 100))
    problems = {
        "16x16 of 64x64": deepinv.physics.Downsampling(img_size=(3, 64, 64), filter="bicubic", factor=4, padding="circular"),
        "half is hidden": deepinv.physics.Inpainting((3, 64, 64), mask=hidden()),
    }
    print("| | answers | consistency in dB | error of an answer | of the best | of the mean | spread | seconds a picture |")
    print("|---|---|---|---|---|---|---|---|")
    for title, physics in problems.items():
        y = physics.A(truth).clamp(0, 1)
        for answers in (1, 8):
            started = time.perf_counter()
            csgm = deepinv.models.CSGMGenerator(Faces(unit=True), inf_max_iter=2500).eval()
            with torch.no_grad():
                found = [[csgm(one[None], physics) for _ in range(answers)] for one in y] if answers == 1 else None
            if found is not None:
                stacked = torch.stack([torch.cat(some) for some in found])
                row(f"{title}: CSGMGenerator", stacked.detach(), truth, y, physics, time.perf_counter() - started)
        for name, generator in {"the module": Generator.from_torch(Faces(), {"z": (100,)}), "native": "faces"}.items():
            started = time.perf_counter()
            found = Pulse(generator, candidates=8).sample(y, physics).candidates
            row(f"{title}: Pulse, {name}", found, truth, y, physics, time.perf_counter() - started)
        started = time.perf_counter()
        found = Pulse("faces-flow", candidates=8).sample(y, physics).candidates
        row(f"{title}: Pulse, faces-flow", found, truth, y, physics, time.perf_counter() - started)


def hidden():
    """The right half."""
    mask = torch.ones(3, 64, 64)
    mask[:, :, 32:] = 0
    return mask


main()
