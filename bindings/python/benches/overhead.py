"""What a step costs: of a torch generator in a search beside torch alone, and of a native one beside the program;
how fast another thread runs meanwhile.

    python benches/overhead.py [PROGRAM]
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch
from faces import ROOT, Faces

import pulse

BATCH, SHORT, LONG = 8, 10, 60
# The original's search takes all of its steps, and no candidate begins again.
FIXED = {"preset": "paper", "candidates": BATCH, "seed": 1}


def alone(module, small):
    """A step of torch alone: forward, loss, and the gradient of the latent."""
    z = torch.randn(BATCH, module.nz)
    target = torch.from_numpy(np.moveaxis(small, -1, 0).copy())

    def step():
        latent = z.clone().requires_grad_()
        pictures = (module(latent) + 1) / 2
        measured = torch.nn.functional.interpolate(pictures, size=target.shape[-2:], mode="bicubic", antialias=True)
        torch.autograd.grad(((measured - target) ** 2).sum(), latent)

    return per_step(lambda steps: [step() for _ in range(steps)])


def per_step(run):
    """Seconds a step, of the fastest of three pairs of a long run and a short one."""
    taken = []
    for _ in range(3):
        times = []
        for steps in (SHORT, LONG):
            started = time.perf_counter()
            run(steps)
            times.append(time.perf_counter() - started)
        taken.append((times[1] - times[0]) / (LONG - SHORT))
    return min(taken)


def other_thread(example):
    """How fast a Python thread runs beside a search on one core, as a part of how fast it runs beside a thread that sleeps."""

    def turns(target):
        """How often a second a loop asks whether another thread still does this."""
        other = threading.Thread(target=target)
        other.start()
        started, count = time.perf_counter(), 0
        while other.is_alive():
            count += 1
        return count / (time.perf_counter() - started)

    before = pulse.threads()
    pulse.set_threads(1)
    shares = []
    for _ in range(3):
        free = turns(lambda: time.sleep(1))
        shares.append(turns(lambda: pulse.search(example, "faces", steps=100, **FIXED)) / free)
    pulse.set_threads(before)
    print(f"another Python thread  {100 * max(shares):7.1f} % of its speed alone, while a search runs on one core")


def main():
    """Print all."""
    example = ROOT / "examples" / "face-16.png"
    small = pulse.search(example, candidates=1, steps=1).target
    module = Faces()
    torch.set_num_threads(pulse.threads())
    own = pulse.Generator.from_torch(module, {"z": (100,)})
    base = alone(module, small)
    print(f"torch alone            {1e3 * base:7.2f} ms a step of {BATCH}")
    search = per_step(lambda steps: pulse.search(example, own, steps=steps, **FIXED))
    print(f"torch in a search      {1e3 * search:7.2f} ms, {100 * (search / base - 1):+.1f} %")
    native = per_step(lambda steps: pulse.search(example, "faces", steps=steps, **FIXED))
    print(f"native in a search     {1e3 * native:7.2f} ms")
    other_thread(example)
    if len(sys.argv) > 1:
        beside_the_program(sys.argv[1], example)


def beside_the_program(program, example):
    """The whole of a default search, as both record it."""
    ours, theirs = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as place:
            command = [program, "upsample", example, "--out", place, "--progress", "none", "--seed", "1"]
            subprocess.run(command, check=True, capture_output=True)
            theirs.append(json.loads((Path(place) / "face-16" / "run.json").read_text())["seconds"])
        pulse.generator.native.cache_clear()
        ours.append(pulse.search(example, seed=1).seconds)
    more = 100 * (min(ours) / min(theirs) - 1)
    print(f"a search by the program {min(theirs):6.3f} s, from Python {min(ours):6.3f} s, {more:+.1f} %")


main()
