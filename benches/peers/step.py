"""Times one case in PyTorch and prints what `pulse bench CASE --json` prints of it.

    python step.py CASE [--runs N] [--threads N] [--compile] [--channels-last]

A step is what PULSE's search does: forward pass, bicubic downscaling, 100 L2 + 0.05 GEOCROSS, the gradient with
respect to the latent and the first five noise maps, a step of Adam, and back to the spheres. Of a U-Net a pass is timed, forward
alone or with the gradient with respect to the picture.
"""

import argparse
import json
import statistics
import time

import torch
from torch.nn import functional as F

from networks import CASES
from unets import PASSES

WARM_UP = 2
SEARCHED_NOISE = 5


def geocross(rows):
    """The squared angle between each two of the rows (Menon et al. 2020, section 3.3)."""
    u, v = rows[:, :, None, :], rows[:, None, :, :]
    apart = ((u - v).square().sum(-1) + 1e-9).sqrt()
    together = ((u + v).square().sum(-1) + 1e-9).sqrt()
    return (512 * (2 * torch.atan2(apart, together)).square() / 8).mean(dim=(1, 2))


class Search:
    """One search: its inputs, its target, and what moves them."""

    def __init__(self, case, compiled, channels_last):
        make, batch = CASES[case]
        network = make().eval()
        if channels_last:
            network = network.to(memory_format=torch.channels_last)
        self.forward = torch.compile(network) if compiled else network
        self.latent = torch.randn(batch, *network.latent_shape, requires_grad=True)
        self.has_rows = self.latent.dim() == 3
        count = len(network.noise_shapes)
        self.noises = [torch.randn(batch, *shape) for shape in network.noise_shapes]
        self.searched = [noise.requires_grad_() for noise in self.noises[: min(SEARCHED_NOISE, count)]]
        if self.noises:
            self.noises[-1].zero_()
        # The rows of a StyleGAN are searched freely, `z` and the noise maps on their spheres.
        self.on_spheres = self.searched + ([] if self.has_rows else [self.latent])
        self.norms = [self.norm(x).detach() for x in self.on_spheres]
        self.optimizer = torch.optim.Adam([self.latent, *self.searched], lr=0.4)
        with torch.no_grad():
            side = network(self.latent, self.noises).shape[-1]
        self.side = min(side // 4, 32)
        self.target = torch.rand(batch, 3, self.side, self.side)

    @staticmethod
    def norm(x):
        return x.flatten(1).norm(dim=1).view(-1, *[1] * (x.dim() - 1))

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        picture = self.forward(self.latent, self.noises) * 0.5 + 0.5
        size = (self.side, self.side)
        measured = F.interpolate(picture, size, mode="bicubic", align_corners=False, antialias=True)
        loss = 100 * (measured - self.target).square().mean(dim=(1, 2, 3))
        if self.has_rows:
            loss = loss + 0.05 * geocross(self.latent)
        loss.sum().backward()
        self.optimizer.step()
        with torch.no_grad():
            for x, norm in zip(self.on_spheres, self.norms):
                x.mul_(norm / self.norm(x))
        return loss.detach()


class Passes:
    """Passes of a U-Net by itself, as a sampler makes them, or with the gradient that guidance needs."""

    def __init__(self, case, compiled, channels_last):
        make, batch, self.gradient = PASSES[case]
        network = make().eval()
        form = {"memory_format": torch.channels_last} if channels_last else {}
        network = network.to(**form)
        self.forward = torch.compile(network) if compiled else network
        self.latent = torch.randn(batch, *network.shape).to(**form).requires_grad_(self.gradient)
        self.time = torch.randn(batch, network.time_length)

    def step(self):
        if not self.gradient:
            with torch.inference_mode():
                return self.forward(self.latent, self.time)
        self.latent.grad = None
        result = self.forward(self.latent, self.time)
        result.sum().backward()
        return self.latent.grad


def peak_bytes():
    """What Linux counted as the most memory of this process, as `pulse bench` reads it."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=[*CASES, *PASSES])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="through torch.compile")
    parser.add_argument("--channels-last", action="store_true", help="with colours next to each other in memory")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    imported = peak_bytes()
    kind = Passes if options.case in PASSES else Search
    search = kind(options.case, options.compile, options.channels_last)
    seconds = []
    for _ in range(WARM_UP + options.runs):
        begin = time.perf_counter()
        loss = search.step()
        seconds.append(time.perf_counter() - begin)
    assert torch.isfinite(loss).all(), "the search left what can be computed: its times mean nothing"
    seconds = seconds[WARM_UP:]
    measured = {
        "case": options.case,
        "batch": len(search.latent),
        "runs": options.runs,
        "median_seconds": statistics.median(seconds),
        "least_seconds": min(seconds),
        "peak_bytes": peak_bytes(),
        "imported_bytes": imported,
    }
    report = {"version": torch.__version__, "threads": torch.get_num_threads(), "cases": [measured]}
    report["isa"] = torch.backends.cpu.get_cpu_capability()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
