"""Independent runs of small denoisers of many kinds, as reference numbers for the tests.

    python scripts/denoiser_reference.py crates/pulse/tests/fixtures/priors/variants

Needs numpy and safetensors. Everything is in double precision. Weights come from a hash of their place, so that the test makes
the same ones (`denoiser_checkpoints/variants.rs`), and the files hold results only. Gradients are central differences along one
direction.

This is our own implementation, written from the papers and the names of tensors, not from anyone's code: DDPM++ and NCSN++ are
those of Song et al. (ICLR 2021), ADM that of Dhariwal and Nichol (NeurIPS 2021), the preconditioning that of Karras et al.
(NeurIPS 2022), tables 1 and 7, and of Song, Dhariwal, Chen and Sutskever (ICML 2023).
"""

import argparse
import json
import zlib

import numpy as np
from safetensors.numpy import save_file

STEP = 1e-5


def hashed(seed, count):
    """Numbers in [-1, 1), each of its place alone (SplitMix64), of 24 bits so that single precision holds them."""
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(40)).astype(np.float64) / 2**23 - 1.0


def tensor(name, shape):
    """The tensor of this name, by the rules that the test has too, in single precision."""
    numbers = hashed(zlib.crc32(name.encode()), int(np.prod(shape)))
    if name.endswith("resample_filter"):
        taps = np.array([1.0, 1.0] if shape[-1] == 2 else [1.0, 3.0, 3.0, 1.0])
        numbers = np.outer(taps, taps) / taps.sum() ** 2
    elif name.endswith("freqs"):
        numbers = 3 * numbers
    elif name.endswith("bias"):
        numbers = 0.25 * numbers
    elif len(shape) == 1:
        numbers = 1 + 0.25 * numbers
    else:
        numbers = numbers * np.sqrt(3 / np.prod(shape[1:]))
    return numbers.reshape(shape).astype(np.float32)


class Network:
    """The tensors of a network, made when they are first asked for."""

    def __init__(self, prefix=""):
        self.prefix, self.tensors = prefix, {}

    def get(self, name, *shape):
        name = self.prefix + name
        if name not in self.tensors:
            self.tensors[name] = tensor(name, shape)
        assert self.tensors[name].shape == shape, (name, shape)
        return self.tensors[name].astype(np.float64)

    def dense(self, name, x, to, bias=True):
        y = x @ self.get(f"{name}.weight", to, x.shape[-1]).T
        return y + self.get(f"{name}.bias", to) if bias else y

    def convolve(self, name, x, to, kernel=3, stride=1, padding=None, axes=2):
        padding = kernel // 2 if padding is None else padding
        weight = self.get(f"{name}.weight", to, x.shape[1], *[kernel] * axes).reshape(to, x.shape[1], kernel, kernel)
        padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
        windows = windows[:, :, ::stride, ::stride]
        y = np.einsum("nihwkl,oikl->nohw", windows, weight, optimize=True)
        return y + self.get(f"{name}.bias", to)[:, None, None]

    def norm(self, name, x, groups, epsilon):
        n, c, h, w = x.shape
        g = x.reshape(n, groups, -1)
        g = (g - g.mean(-1, keepdims=True)) / np.sqrt(g.var(-1, keepdims=True) + epsilon)
        g = g.reshape(x.shape)
        return g * self.get(f"{name}.weight", c)[:, None, None] + self.get(f"{name}.bias", c)[:, None, None]


def silu(x):
    return x / (1 + np.exp(-x))


def attend(q, k, v):
    """Each `[n, heads, d, pixels]`."""
    scores = np.einsum("nhdp,nhdq->nhpq", q, k) / np.sqrt(q.shape[2])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("nhpq,nhdq->nhdp", weights / weights.sum(-1, keepdims=True), v)


def along(x, matrix):
    """A matrix along both axes of the pixels."""
    return np.einsum("ih,nchw,jw->ncij", matrix, x, matrix, optimize=True)


def halving(size, taps, padding):
    """`y_i = sum_k f_k x_(2 i + k - padding)`."""
    count = (size + 2 * padding - len(taps)) // 2 + 1
    matrix = np.zeros((count, size))
    for i in range(count):
        for k, tap in enumerate(taps):
            if 0 <= 2 * i + k - padding < size:
                matrix[i, 2 * i + k - padding] += tap
    return matrix


def halve(x, taps=(0.5, 0.5)):
    return along(x, halving(x.shape[-1], taps, len(taps) // 2 - 1))


def double(x, taps=(0.5, 0.5)):
    return along(x, 2 * halving(2 * x.shape[-1], taps, len(taps) // 2 - 1).T)


def sinusoids(t, frequencies):
    angles = t * frequencies
    return np.sin(angles), np.cos(angles)


class Song(Network):
    """DDPM++, NCSN++ and EDM's form of ADM."""

    def __init__(self, config):
        super().__init__(config.get("prefix", ""))
        self.config = config
        self.adm = config.get("adm", False)
        taps = np.array(config.get("taps", [1, 1]), np.float64)
        self.taps = taps / taps.sum()
        self.epsilon = 1e-5 if self.adm else 1e-6
        self.factor = 1.0 if self.adm else np.sqrt(0.5)

    def group_norm(self, name, x):
        return self.norm(name, x, min(32, x.shape[1] // 4), self.epsilon)

    def resampled(self, name, x, change):
        if change and self.config.get("buffers", True):
            self.get(f"{name}.resample_filter", 1, 1, len(self.taps), len(self.taps))
        return change(x, self.taps) if change else x

    def block(self, name, x, e, to, change=None, attention=False):
        h = self.resampled(f"{name}.conv0", silu(self.group_norm(f"{name}.norm0", x)), change)
        h = self.convolve(f"{name}.conv0", h, to)
        if self.adm:
            s, t = np.split(self.dense(f"{name}.affine", e, 2 * to)[:, :, None, None], 2, axis=1)
            h = silu(self.group_norm(f"{name}.norm1", h) * (1 + s) + t)
        else:
            h = silu(self.group_norm(f"{name}.norm1", h + self.dense(f"{name}.affine", e, to)[:, :, None, None]))
        h = self.convolve(f"{name}.conv1", h, to)
        cut = self.resampled(f"{name}.skip", x, change)
        if to != x.shape[1] or (change and not self.adm):
            cut = self.convolve(f"{name}.skip", cut, to, kernel=1)
        x = (h + cut) * self.factor
        heads = to // 64 if self.adm else 1
        if attention and heads:
            n, c, height, width = x.shape
            qkv = self.convolve(f"{name}.qkv", self.group_norm(f"{name}.norm2", x), 3 * c, kernel=1)
            qkv = qkv.reshape(n, heads, c // heads, 3, height * width)
            looked = attend(qkv[:, :, :, 0], qkv[:, :, :, 1], qkv[:, :, :, 2]).reshape(x.shape)
            x = (x + self.convolve(f"{name}.proj", looked, c, kernel=1)) * self.factor
        return x

    def embedding(self, t, label):
        config, width = self.config, self.config["channels"]
        features = width * config.get("noise_mult", 1)
        half = features // 2
        if config.get("fourier"):
            frequencies = 2 * np.pi * self.get("map_noise.freqs", half)
        else:
            frequencies = 10000.0 ** (-np.arange(half) / (half if self.adm else half - 1))
        sines, cosines = sinusoids(t, frequencies)
        e = np.concatenate([cosines, sines] if self.adm else [sines, cosines])[None]
        classes = config.get("classes", 0)
        if classes and not self.adm:
            e = e + self.dense("map_label", label * np.sqrt(classes), features)
        e = self.dense("map_layer1", silu(self.dense("map_layer0", e, 4 * width)), 4 * width)
        if self.adm and classes:
            e = e + self.dense("map_label", label, 4 * width, bias=False)
        return silu(e)

    def __call__(self, x, t, label):
        config, width = self.config, self.config["channels"]
        mult, count, size = config["mult"], config["blocks"], config["size"]
        e = self.embedding(t, label)
        side, kept = x, []
        outputs = config["picture"] * config.get("outputs", 1)
        for level, factor in enumerate(mult):
            r = size >> level
            if level == 0:
                x = self.convolve(f"enc.{r}x{r}_conv", x, width)
            else:
                x = self.block(f"enc.{r}x{r}_down", x, e, x.shape[1], change=halve)
                if config.get("encoder") == "skip":
                    side = self.resampled(f"enc.{r}x{r}_aux_down", side, halve)
                    x = x + self.convolve(f"enc.{r}x{r}_aux_skip", side, x.shape[1], kernel=1)
                if config.get("encoder") == "residual":
                    self.get(f"enc.{r}x{r}_aux_residual.resample_filter", 1, 1, len(self.taps), len(self.taps))
                    # Padded for kernel and filter together, and only then filtered.
                    padding = len(self.taps) // 2 - 1
                    wide = self.convolve(f"enc.{r}x{r}_aux_residual", side, x.shape[1], padding=1 + padding)
                    x = side = (x + along(wide, halving(wide.shape[-1], self.taps, 0))) / np.sqrt(2)
            kept.append(x)
            for block in range(count):
                x = self.block(f"enc.{r}x{r}_block{block}", x, e, width * factor, attention=r in config["attention"])
                kept.append(x)
        made = None
        for level, factor in reversed(list(enumerate(mult))):
            r = size >> level
            if level == len(mult) - 1:
                x = self.block(f"dec.{r}x{r}_in0", x, e, x.shape[1], attention=True)
                x = self.block(f"dec.{r}x{r}_in1", x, e, x.shape[1])
            else:
                x = self.block(f"dec.{r}x{r}_up", x, e, x.shape[1], change=double)
            for block in range(count + 1):
                attention = r in config["attention"] and (self.adm or block == count)
                x = np.concatenate([x, kept.pop()], axis=1)
                x = self.block(f"dec.{r}x{r}_block{block}", x, e, width * factor, attention=attention)
            if not self.adm and (config.get("decoder") == "skip" or level == 0):
                if made is not None:
                    made = self.resampled(f"dec.{r}x{r}_aux_up", made, double)
                part = silu(self.group_norm(f"dec.{r}x{r}_aux_norm", x))
                part = self.convolve(f"dec.{r}x{r}_aux_conv", part, outputs)
                made = part if made is None else made + part
        if self.adm:
            made = self.convolve("out_conv", silu(self.group_norm("out_norm", x)), outputs)
        return made


class Guided(Network):
    """ADM as guided diffusion and consistency models have it."""

    def __init__(self, config):
        super().__init__()
        self.config = config

    def group_norm(self, name, x):
        return self.norm(name, x, 32, 1e-5)

    def residual(self, name, x, e, to, change=None):
        h = silu(self.group_norm(f"{name}.in_layers.0", x))
        if change:
            h, x = change(h), change(x)
        h = self.convolve(f"{name}.in_layers.2", h, to)
        if self.config["scale_shift"]:
            s, t = np.split(self.dense(f"{name}.emb_layers.1", e, 2 * to)[:, :, None, None], 2, axis=1)
            h = self.group_norm(f"{name}.out_layers.0", h) * (1 + s) + t
        else:
            h = h + self.dense(f"{name}.emb_layers.1", e, to)[:, :, None, None]
            h = self.group_norm(f"{name}.out_layers.0", h)
        h = self.convolve(f"{name}.out_layers.3", silu(h), to)
        return h + (x if x.shape[1] == to else self.convolve(f"{name}.skip_connection", x, to, kernel=1))

    def attention(self, name, x, heads):
        n, c, height, width = x.shape
        qkv = self.convolve(f"{name}.qkv", self.group_norm(f"{name}.norm", x), 3 * c, kernel=1, axes=self.config["axes"])
        if self.config["new_order"]:
            q, k, v = qkv.reshape(n, 3, heads, c // heads, -1).transpose(1, 0, 2, 3, 4)
        else:
            q, k, v = qkv.reshape(n, heads, 3, c // heads, -1).transpose(2, 0, 1, 3, 4)
        looked = attend(q, k, v).reshape(x.shape)
        return x + self.convolve(f"{name}.proj_out", looked, c, kernel=1, axes=self.config["axes"])

    def heads(self, c, second_half=False):
        config = self.config
        if "head_channels" in config:
            return c // config["head_channels"]
        return config.get("heads_upsample", config["heads"]) if second_half else config["heads"]

    def __call__(self, x, t, label):
        config, width = self.config, self.config["channels"]
        mult, count = config["mult"], config["blocks"]
        half = width // 2
        sines, cosines = sinusoids(t, 10000.0 ** (-np.arange(half) / half))
        e = self.dense("time_embed.0", np.concatenate([cosines, sines])[None], 4 * width)
        e = self.dense("time_embed.2", silu(e), 4 * width)
        if config.get("classes"):
            e = e + label @ self.get("label_emb.weight", config["classes"], 4 * width)
        e = silu(e)
        kept, place, shrunk = [], 0, 1
        x = self.convolve("input_blocks.0.0", x, width)
        kept.append(x)
        for level, factor in enumerate(mult):
            for _ in range(count):
                place += 1
                x = self.residual(f"input_blocks.{place}.0", x, e, width * factor)
                if shrunk in config["attention"]:
                    x = self.attention(f"input_blocks.{place}.1", x, self.heads(x.shape[1]))
                kept.append(x)
            if level + 1 < len(mult):
                place += 1
                shrunk *= 2
                name = f"input_blocks.{place}.0"
                if config["updown"] == "residual":
                    x = self.residual(name, x, e, x.shape[1], change=halve)
                elif config["updown"] == "convolution":
                    x = self.convolve(f"{name}.op", x, x.shape[1], stride=2)
                else:
                    x = halve(x)
                kept.append(x)
        x = self.residual("middle_block.0", x, e, x.shape[1])
        x = self.attention("middle_block.1", x, self.heads(x.shape[1]))
        x = self.residual("middle_block.2", x, e, x.shape[1])
        place = 0
        for level, factor in reversed(list(enumerate(mult))):
            for block in range(count + 1):
                x = np.concatenate([x, kept.pop()], axis=1)
                x = self.residual(f"output_blocks.{place}.0", x, e, width * factor)
                layer = 1
                if shrunk in config["attention"]:
                    x = self.attention(f"output_blocks.{place}.1", x, self.heads(x.shape[1], True))
                    layer = 2
                if level and block == count:
                    shrunk //= 2
                    name = f"output_blocks.{place}.{layer}"
                    if config["updown"] == "residual":
                        x = self.residual(name, x, e, x.shape[1], change=double)
                    else:
                        x = double(x)
                        if config["updown"] == "convolution":
                            x = self.convolve(f"{name}.conv", x, x.shape[1])
                place += 1
        return self.convolve("out.2", silu(self.group_norm("out.0", x)), config["picture"] * config.get("outputs", 1))


def improved_levels(count=1000, c1=0.001, c2=0.008):
    kept = lambda j: np.sin(np.pi / 2 * j / count / (c2 + 1)) ** 2
    u = np.zeros(count + 1)
    for j in range(count, 0, -1):
        u[j - 1] = np.sqrt((u[j] ** 2 + 1) / max(kept(j - 1) / kept(j), c1) - 1)
    return u


def cosine_levels(count=1000):
    kept = lambda t: np.cos((t / count + 0.008) / 1.008 * np.pi / 2) ** 2
    betas = [min(1 - kept(t + 1) / kept(t), 0.999) for t in range(count)]
    return np.sqrt(1 / np.cumprod(1 - np.array(betas)) - 1)


def linear_levels(count=1000):
    return np.sqrt(1 / np.cumprod(1 - np.linspace(1e-4, 0.02, count)) - 1)


def coefficients(kind, sigma):
    """`skip`, `output`, `input` and the network's time (Karras et al. 2022, table 1)."""
    unit, total = 1 / np.sqrt(sigma**2 + 1), np.sqrt(sigma**2 + 0.25)
    if kind == "vp":
        t = (np.sqrt(0.1**2 + 2 * 19.9 * np.log(1 + sigma**2)) - 0.1) / 19.9
        return 1, -sigma, unit, 999 * t
    if kind == "ve":
        return 1, sigma, 1, np.log(sigma / 2)
    if kind == "iddpm":
        return 1, -sigma, unit, 999 - np.abs(improved_levels() - sigma).argmin()
    if kind == "edm":
        return 0.25 / total**2, sigma * 0.5 / total, 1 / total, np.log(sigma) / 4
    if kind == "edm1000":
        return 0.25 / total**2, sigma * 0.5 / total, 1 / total, 250 * np.log(sigma)
    if kind == "consistency":
        return 0.25 / ((sigma - 0.002) ** 2 + 0.25), (sigma - 0.002) * 0.5 / total, 1 / total, 250 * np.log(sigma)
    levels = cosine_levels() if kind == "cosine" else linear_levels()
    return 1, -sigma, unit, np.interp(np.log(sigma), np.log(levels), np.arange(len(levels)))


# Per variant: the class of network, how it is made, the preconditioning, what the reader is told, the file's name.
VARIANTS = {
    "ncsnpp_ve": (Song, dict(size=16, picture=3, channels=16, mult=[1, 2], blocks=1, attention=[8], fourier=True,
        noise_mult=2, encoder="residual", taps=[1, 3, 3, 1], classes=3, prefix="model."), "ve", dict(preconditioning="ve"), "a.pt"),
    "ncsnpp_edm": (Song, dict(size=16, picture=1, channels=16, mult=[1, 2, 2], blocks=1, attention=[8], fourier=True,
        noise_mult=2, encoder="residual", taps=[1, 3, 3, 1], buffers=False), "edm", {}, "edm-ffhq-64x64-uncond-ve.pt"),
    "ddpmpp_vp": (Song, dict(size=16, picture=1, channels=16, mult=[1, 1], blocks=2, attention=[16], encoder="skip",
        decoder="skip"), "vp", {}, "baseline-mine-16x16-uncond-vp.pt"),
    "ddpmpp_edm": (Song, dict(size=8, picture=3, channels=8, mult=[2], blocks=1, attention=[], classes=2, buffers=False,
        prefix="model."), "edm", {}, "a.pkl"),
    "song_adm_iddpm": (Song, dict(size=8, picture=3, channels=64, mult=[1, 2], blocks=1, attention=[4], classes=4, outputs=2,
        adm=True, prefix="model."), "iddpm", {}, "baseline-imagenet-64x64-cond-adm.pkl"),
    "song_adm_edm": (Song, dict(size=8, picture=3, channels=32, mult=[1, 2], blocks=1, attention=[8, 4], adm=True), "edm",
        dict(preconditioning="edm"), "a.pt"),
    "guided_new_order": (Guided, dict(size=16, picture=3, channels=32, mult=[1, 2], blocks=1, attention=[2], classes=5,
        outputs=2, scale_shift=True, updown="convolution", heads=4, heads_upsample=2, new_order=True, axes=1), "cosine",
        dict(num_heads=4, num_heads_upsample=2, num_head_channels=-1, use_new_attention_order=True, noise_schedule="cosine",
            image_size=16), "a.pt"),
    "guided_residual": (Guided, dict(size=16, picture=1, channels=32, mult=[1, 2, 2], blocks=2, attention=[2, 4],
        scale_shift=True, updown="residual", head_channels=32, new_order=False, axes=1), "linear",
        dict(num_head_channels=32, num_heads=7, image_size=16), "adm.pt"),
    "guided_64": (Guided, dict(size=64, picture=3, channels=32, mult=[1, 2, 3, 4], blocks=1, attention=[8], outputs=2,
        scale_shift=True, updown="residual", head_channels=32, new_order=False, axes=1), "linear",
        dict(num_head_channels=32), "a.pt"),
    "consistency_pairs": (Guided, dict(size=16, picture=3, channels=32, mult=[1, 2], blocks=2, attention=[2], classes=2,
        scale_shift=True, updown="pairs", head_channels=32, new_order=True, axes=2), "consistency",
        dict(num_head_channels=32, image_size=16), "a.pt"),
    "consistency_teacher": (Guided, dict(size=8, picture=3, channels=32, mult=[2], blocks=1, attention=[],
        scale_shift=False, updown="residual", heads=2, new_order=True, axes=2), "edm1000",
        dict(num_heads=2, image_size=8), "edm_bedroom256_ema.pt"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", help="without its ending: a .json and a .safetensors are written")
    path = parser.parse_args().output
    told, numbers = {}, {}
    for name, (network, config, kind, settings, file) in VARIANTS.items():
        f = network(config)
        channels, size, classes = config["picture"], config["size"], config.get("classes", 0)
        shape = (1, channels, size, size)
        label = np.zeros((1, classes))
        label[0, -1:] = 1
        sigma = 1.7
        draw = lambda part: hashed(zlib.crc32(f"{name}.{part}".encode()), channels * size**2).reshape(shape)
        x, cotangent, direction = 2 * draw("x"), draw("cotangent"), draw("direction")

        def denoise(x):
            skip, output, factor, time = coefficients(kind, sigma)
            return skip * x + output * f(factor * x, time, label)[:, :channels]

        numbers[f"{name}.y"] = denoise(x)
        ends = [np.sum(cotangent * denoise(x + sign * STEP * direction)) for sign in (1, -1)]
        numbers[f"{name}.slope"] = np.array([(ends[0] - ends[1]) / (2 * STEP)])
        shapes = {key: list(value.shape) for key, value in f.tensors.items()}
        told[name] = dict(shapes=shapes, settings=settings, file=file, sigma=sigma, classes=classes)
        print(name, "deviation", numbers[f"{name}.y"].std(), "slope", numbers[f"{name}.slope"][0])
    save_file(numbers, f"{path}.safetensors")
    with open(f"{path}.json", "w", encoding="utf-8") as file:
        json.dump(told, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
