"""Small denoisers with random weights, as folders of diffusers, and what diffusers makes of given noise with them.

    python scripts/diffusers_reference.py [FOLDER]

Needs diffusers, safetensors and torch (CPU). Writes `unet_*` folders and `unet_*_case.safetensors` into
`crates/pulse/tests/fixtures/priors`, or into FOLDER. A case has

- `tN.x`, `tN.y`, `tN.cotangent`, `tN.x_grad`: the network's own result at its time N, and the gradient of <y, cotangent>;
- `sigmaS.…`: the same of the denoised picture at noise level S;
- `c`: the classes of both rows, one-hot, where there are any;
- `NAME.start`, `NAME.end`: noise of unit variance, and where the sampler NAME of diffusers ends in STEPS steps.
"""

import json
import math
import sys
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    EDMEulerScheduler,
    FlowMatchEulerDiscreteScheduler,
    UNet2DModel,
)
from safetensors.torch import save_file

FIXTURES = Path(__file__).resolve().parent.parent / "crates/pulse/tests/fixtures/priors"
STEPS = 6

# The settings that differ from those of diffusers itself, by the name of the folder; the scheduler; and how it is stored.
CASES = {
    "unet_skip": {
        "network": dict(
            sample_size=16,
            down_block_types=("AttnSkipDownBlock2D", "SkipDownBlock2D"),
            up_block_types=("SkipUpBlock2D", "AttnSkipUpBlock2D"),
            block_out_channels=(32, 32),
            layers_per_block=1,
            norm_num_groups=None,
            time_embedding_type="fourier",
            mid_block_scale_factor=math.sqrt(2),
            norm_eps=1e-6,
        ),
        "scheduler": DDPMScheduler(clip_sample=False, timestep_spacing="trailing", beta_schedule="scaled_linear", thresholding=True, sample_max_value=2.0),
        "half": True,
    },
    "unet_shift": {
        "network": dict(
            sample_size=(8, 16),
            in_channels=3,
            out_channels=6,
            down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D", "UNetResDownBlock2D"),
            up_block_types=("UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"),
            block_out_channels=(8, 16, 12),
            layers_per_block=2,
            downsample_type="resnet",
            upsample_type="resnet",
            attention_head_dim=4,
            norm_num_groups=4,
            resnet_time_scale_shift="scale_shift",
            num_class_embeds=5,
        ),
        "scheduler": DDIMScheduler(
            beta_schedule="squaredcos_cap_v2",
            prediction_type="v_prediction",
            timestep_spacing="trailing",
            rescale_betas_zero_snr=True,
            clip_sample=False,
            set_alpha_to_one=False,
        ),
        "safe": False,
        "half": True,
    },
    "unet_edm": {
        "network": dict(
            sample_size=16,
            in_channels=1,
            out_channels=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(8, 16),
            layers_per_block=1,
            downsample_padding=0,
            norm_num_groups=4,
            attn_norm_num_groups=2,
            attention_head_dim=6,
            mid_block_scale_factor=1.5,
            flip_sin_to_cos=False,
            time_embedding_dim=20,
            act_fn="relu",
            class_embed_type="timestep",
            num_class_embeds=3,
        ),
        "scheduler": EDMEulerScheduler(sigma_min=0.01, sigma_max=40.0, sigma_data=0.6, rho=6.0),
    },
    "unet_learned": {
        "network": dict(
            sample_size=8,
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            block_out_channels=(8, 8),
            layers_per_block=1,
            norm_num_groups=2,
            add_attention=False,
            center_input_sample=True,
            time_embedding_type="learned",
            num_train_timesteps=1001,
            act_fn="mish",
            class_embed_type="identity",
        ),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0, use_karras_sigmas=True),
    },
}


def network(settings, half, seed):
    torch.manual_seed(seed)
    unet = UNet2DModel(**settings).eval()
    # Norms begin as the identity, and the shares of a class as nothing special: nobody would see them mixed up.
    for name, tensor in unet.named_parameters():
        if "norm" in name:
            tensor.data += 0.2 * torch.randn_like(tensor)
    if half:
        for tensor in unet.parameters():
            tensor.data = tensor.data.half().float()
    return unet.requires_grad_(False)


def store(folder, unet, scheduler, half=False, safe=True):
    copy = UNet2DModel(**{k: v for k, v in unet.config.items() if not k.startswith("_")})
    copy.load_state_dict(unet.state_dict())
    (copy.half() if half else copy).save_pretrained(folder / "unet", safe_serialization=safe)
    scheduler.save_pretrained(folder / "scheduler")
    index = {"_class_name": "DDPMPipeline"}
    for part, value in (("scheduler", scheduler), ("unet", unet)):
        index[part] = ["diffusers", type(value).__name__]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def classes(unet):
    """The one-hot classes of two rows, and what the network takes for them."""
    config = unet.config
    if config.class_embed_type == "identity":
        width = config.time_embedding_dim or 4 * config.block_out_channels[0]
        numbers = torch.randn(2, width)
        return numbers, numbers
    if config.num_class_embeds is None:
        return None, None
    labels = torch.tensor([1, config.num_class_embeds - 1])
    return torch.nn.functional.one_hot(labels, config.num_class_embeds).float(), labels


def questions(case, name, x, function):
    x = x.clone().requires_grad_()
    y = function(x)
    cotangent = torch.randn_like(y)
    (y * cotangent).sum().backward()
    case.update({f"{name}.x": x.detach(), f"{name}.y": y.detach(), f"{name}.cotangent": cotangent, f"{name}.x_grad": x.grad})


def denoised(unet, scheduler, x, sigma, labels):
    """The denoised picture, where diffusers itself says what it is."""
    if isinstance(scheduler, EDMEulerScheduler):
        raw = unet(scheduler.precondition_inputs(x, sigma), scheduler.precondition_noise(sigma), labels).sample
        return scheduler.precondition_outputs(x, raw[:, : x.shape[1]], sigma)
    t = sigma / (1 + sigma)
    noisy = (1 - t) * x
    return noisy - t * unet(noisy, torch.tensor([1000 * t]), labels).sample[:, : x.shape[1]]


@torch.no_grad()
def sampled(unet, scheduler, start, labels, steps):
    scheduler.set_timesteps(steps)
    x = start * (scheduler.sigmas[0] if isinstance(scheduler, EDMEulerScheduler) else 1.0)
    for t in scheduler.timesteps:
        raw = unet(scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x, t, labels).sample
        x = scheduler.step(raw[:, : x.shape[1]], t, x).prev_sample
    return x


def case(unet, scheduler, times, steps=STEPS):
    config = unet.config
    size = config.sample_size
    shape = (2, config.in_channels, *((size, size) if isinstance(size, int) else size))
    made, labels = {}, None
    one_hot, labels = classes(unet)
    if one_hot is not None:
        made["c"] = one_hot
    learned = config.time_embedding_type == "learned"
    for t in times:
        questions(made, f"t{t}", torch.randn(shape), lambda x: unet(x, torch.tensor([t]), labels).sample)
    if isinstance(scheduler, (EDMEulerScheduler, FlowMatchEulerDiscreteScheduler)) and not learned:
        for sigma in (0.05, 3.0):
            x = torch.randn(shape) * (1 + sigma)
            questions(made, f"sigma{sigma}", x, lambda x: denoised(unet, scheduler, x, sigma, labels))
    name = "euler"
    if isinstance(scheduler, (DDPMScheduler, DDIMScheduler)):
        name, scheduler = "ddim", DDIMScheduler.from_config(scheduler.config)
    if not learned:
        made[f"{name}.start"] = torch.randn(shape)
        made[f"{name}.end"] = sampled(unet, scheduler, made[f"{name}.start"], labels, steps)
    return made


def main(out):
    for seed, (name, what) in enumerate(CASES.items()):
        folder = out / name
        unet = network(what["network"], what.get("half", False), seed)
        store(folder, unet, what["scheduler"], what.get("half", False), what.get("safe", True))
        made = case(unet, what["scheduler"], (1, 700))
        save_file({key: value.contiguous() for key, value in made.items()}, out / f"{name}_case.safetensors")
        print(name, sum(tensor.numel() for tensor in unet.parameters()), "parameters")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES)
