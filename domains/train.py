"""Trains a small generator of one field by flow matching (Lipman et al. 2023), and writes it as diffusers lays models out.

    python -m domains.train cells trained/cells --steps 6000
    python -m domains.train land trained/land --from given/land --steps 2000 --learning-rate 2e-4

With x a picture and e noise, the network learns the velocity v = e - x at x_t = (1 - t) x + t e. Its time is 1000 t.
Started again with the same folder and settings, training goes on where its state was last saved; what each step draws
depends on the seed and the step alone, so that the result is that of a training that was never stopped. No picture
has the seed `HELD_OUT`.
"""

import argparse
import copy
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import FlowMatchEulerDiscreteScheduler, UNet2DModel

from . import HELD_OUT, TAUGHT, pictures
from .pictures import SIZE, with_channels

TURNED = ("black-holes", "galaxies", "cells", "land")
"""Fields that have no up and down: their pictures are turned by quarters. All are mirrored."""


def network(channels):
    """A U-Net of 3.7 million parameters."""
    return UNet2DModel(
        sample_size=SIZE,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(32, 64, 96, 128),
        norm_num_groups=8,
        attention_head_dim=32,
        down_block_types=("DownBlock2D", "DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"),
    )


CHUNK = 250


def training_pictures(field, count, seed, template, cache):
    """Simulated pictures, kept in files of the cache folder because they take minutes. Making them can be stopped, too.

    The folder is named for the first of them, so that a changed simulator makes new ones.
    """
    fingerprint = hashlib.sha256(pictures(field, seed, 4, template=template).tobytes()).hexdigest()[:12]
    folder = cache / f"{field}-{seed}-{fingerprint}"
    folder.mkdir(parents=True, exist_ok=True)
    chunks = []
    for first in range(0, count, CHUNK):
        path = folder / f"{first:06}.npy"
        if not path.exists():
            start = time.monotonic()
            np.save(path, pictures(field, seed, CHUNK, first, template))
            took = (time.monotonic() - start) / CHUNK
            print(f"pictures {first} to {first + CHUNK} of {field}: {took * 1000:.0f} ms each", flush=True)
        chunks.append(np.load(path))
    return torch.from_numpy(with_channels(np.concatenate(chunks)[:count])).permute(0, 3, 1, 2).contiguous()


def batch(images, size, turned, random):
    """Pictures from -1 to 1, mirrored and turned, with their times and noise."""
    chosen = images[torch.randint(len(images), (size,), generator=random)].float() / 127.5 - 1
    mirrored = torch.rand(size, generator=random) < 0.5
    chosen = torch.where(mirrored[:, None, None, None], chosen.flip(3), chosen)
    if turned:
        quarters = torch.randint(4, (size,), generator=random)
        chosen = torch.stack([torch.rot90(x, int(k), (1, 2)) for x, k in zip(chosen, quarters)])
    times = torch.sigmoid(torch.randn(size, generator=random))  # the middle of the way is the hardest part
    return chosen, times, torch.randn(chosen.shape, generator=random)


def rate_at(step, steps, highest):
    """The learning rate: up within the first tenth or 200 steps, level, and down over the last two fifths."""
    return highest * min(1, (step + 1) / min(200, steps / 10)) * min(1, max(0.02, (1 - step / steps) / 0.4))


def save_model(net, folder):
    """The three parts that diffusers reads a pipeline from."""
    net.save_pretrained(folder / "unet")
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=1.0)
    scheduler.save_pretrained(folder / "scheduler")
    parts = {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}
    index = {"_class_name": "DDPMPipeline", "_diffusers_version": scheduler.config["_diffusers_version"], **parts}
    (folder / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("field", choices=TAUGHT)
    parser.add_argument("folder", type=Path, help="where the model goes; its state is kept in FOLDER/state.pt")
    parser.add_argument("--from", dest="given", type=Path, help="a model's folder whose weights are the start")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--minutes", type=float, help="stop after these, with the state saved; start again to go on")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=4e-4)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--held-out", type=int, default=64, help="pictures in test.npz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where PyTorch can: half the time on some processors")
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--template", help="brain only: the path of the Colin27 template")
    parser.add_argument("--cache", type=Path, default=Path("domains-cache"), help="where simulated pictures are kept")
    options = parser.parse_args(arguments)
    if options.seed == HELD_OUT:
        parser.error(f"the seed {HELD_OUT} is that of the pictures that are held out")
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.folder.mkdir(parents=True, exist_ok=True)

    images = training_pictures(options.field, options.pictures, options.seed, options.template, options.cache)
    held_out = pictures(options.field, HELD_OUT, options.held_out, template=options.template)
    np.savez_compressed(options.folder / "test.npz", pictures=held_out)

    given = options.given and UNet2DModel.from_pretrained(
        options.given / "unet", torch_dtype=torch.float32, low_cpu_mem_usage=False
    )
    net = (given or network(images.shape[1])).to(options.device, memory_format=torch.channels_last).train()
    average = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=options.learning_rate, weight_decay=1e-4, betas=(0.9, 0.99))
    step, smooth = 0, None
    state_path = options.folder / "state.pt"
    if state_path.exists():
        state = torch.load(state_path, map_location=options.device, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, smooth = state["step"], state["loss"]
        print(f"goes on at step {step}")

    def save():
        state = {"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "step": step, "loss": smooth}, state_path.with_suffix(".new"))
        state_path.with_suffix(".new").replace(state_path)  # never half a state, whenever it is stopped
        save_model(average, options.folder)

    turned = options.field in TURNED
    start, first = time.monotonic(), step
    while step < options.steps and not (options.minutes and time.monotonic() - start > options.minutes * 60):
        random = torch.Generator().manual_seed(options.seed * 1_000_000_007 + step)
        x, t, e = (part.to(options.device) for part in batch(images, options.batch, turned, random))
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, options.steps, options.learning_rate)
        mixing = t[:, None, None, None]
        mixed = ((1 - mixing) * x + mixing * e).contiguous(memory_format=torch.channels_last)
        with torch.autocast(options.device, dtype=torch.bfloat16, enabled=options.bf16):
            predicted = net(mixed, t * 1000).sample
        loss = F.mse_loss(predicted.float(), e - x)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():  # an average over about the last two thousand steps, fewer at the beginning
            for slow, fast in zip(average.parameters(), net.parameters()):
                slow.lerp_(fast, max(0.0005, 9 / (step + 10)))
        if step % 50 == 0 or step == first + 5:
            value = loss.item()
            smooth = value if smooth is None else 0.8 * smooth + 0.2 * value
            took = time.monotonic() - start
            rate = took / (step - first)
            print(f"step {step} of {options.steps}: loss {smooth:.4f}, {rate:.3f} s a step, "
                  f"{options.batch / rate:.1f} pictures a second, {took / 60:.1f} minutes", flush=True)
        if step % 100 == 0:
            save()
    save()
    took, done = time.monotonic() - start, max(1, step - first)
    print(f"{step - first} steps, {took / done:.3f} s a step, {options.batch * done / max(took, 1e-9):.1f} pictures a second, "
          f"{took / 60:.1f} minutes in all; step {step} of {options.steps}")


if __name__ == "__main__":
    main()
