"""The U-Nets that `pulse bench` times, in PyTorch, with random frozen weights: `UNet2DModel` of Diffusers (Ho, Jain,
Abbeel 2020) and `SongUNet` of EDM (Karras et al. 2022, "DDPM++"), as their authors write them in PyTorch, with the
attention that PyTorch brings."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width, head, groups):
        super().__init__()
        self.heads = width // head if head else 1
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.inside = nn.Linear(width, 3 * width)
        self.back = nn.Linear(width, width)

    def forward(self, x):
        batch, width, height, across = x.shape
        rows = self.norm(x).flatten(2).transpose(1, 2)
        parts = self.inside(rows).view(batch, height * across, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, -1, width)
        return self.back(mixed).transpose(1, 2).reshape(batch, width, height, across)


class Block(nn.Module):
    """A residual block, which may change the size of its map, and attention behind it."""

    def __init__(self, unet, inputs, width, size=None, looks=False):
        super().__init__()
        self.size, self.gain = size, unet.gain
        self.first_norm = nn.GroupNorm(unet.groups, inputs, eps=1e-6)
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.term = nn.Linear(4 * unet.widths[0], width)
        self.second_norm = nn.GroupNorm(unet.groups, width, eps=1e-6)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.skip = nn.Conv2d(inputs, width, 1) if size or inputs != width else None
        self.attention = Attention(width, unet.head, unet.groups) if looks else None

    def resized(self, x):
        if self.size == "halved":
            return F.avg_pool2d(x, 2)
        return F.interpolate(x, scale_factor=2.0, mode="nearest") if self.size == "doubled" else x

    def sum(self, a, b):
        return a + b if self.gain == 1 else (a + b) * self.gain

    def forward(self, x, time):
        y = self.first(self.resized(F.silu(self.first_norm(x))))
        y = y + self.term(time)[:, :, None, None]
        y = self.second(F.silu(self.second_norm(y)))
        skip = self.resized(x)
        x = self.sum(skip if self.skip is None else self.skip(skip), y)
        return x if self.attention is None else self.sum(x, self.attention(x))


class Halved(nn.Module):
    def __init__(self, width, both_sides):
        super().__init__()
        self.both_sides = both_sides
        self.convolution = nn.Conv2d(width, width, 3, stride=2, padding=1 if both_sides else 0)

    def forward(self, x, _):
        return self.convolution(x if self.both_sides else F.pad(x, (0, 1, 0, 1)))


class Doubled(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x, _):
        return self.convolution(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class UNet(nn.Module):
    def __init__(self, resolution, widths, blocks, attention, head, groups, song=False, both_sides=True):
        super().__init__()
        self.widths, self.groups, self.head, self.song = widths, groups, head, song
        self.gain = 0.5**0.5 if song else 1
        self.shape, self.time_length = (3, resolution, resolution), widths[0]
        self.time = nn.Sequential(
            nn.Linear(widths[0], 4 * widths[0]), nn.SiLU(), nn.Linear(4 * widths[0], 4 * widths[0]), nn.SiLU()
        )
        self.begin = nn.Conv2d(3, widths[0], 3, padding=1)
        width, skips, last = widths[0], [widths[0]], len(widths) - 1
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, to in enumerate(widths):
            for _ in range(blocks):
                self.down.append(Block(self, width, to, looks=level in attention))
                width = to
                skips.append(width)
            if level < last:
                self.down.append(Block(self, width, width, "halved") if song else Halved(width, both_sides))
                skips.append(width)
        self.middle = nn.ModuleList([Block(self, width, width, looks=True), Block(self, width, width)])
        for level in range(last, -1, -1):
            for block in range(blocks + 1):
                looks = level in attention and (not song or block == blocks)
                self.up.append(Block(self, width + skips.pop(), widths[level], looks=looks))
                width = widths[level]
            if level > 0:
                self.up.append(Block(self, width, width, "doubled") if song else Doubled(width))
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.end = nn.Conv2d(width, 3, 3, padding=1)
        self.requires_grad_(False)

    def forward(self, x, time):
        time = self.time(time)
        x = self.begin(x)
        skips = [x]
        for part in self.down:
            x = part(x, time)
            skips.append(x)
        for part in self.middle:
            x = part(x, time)
        for part in self.up:
            joins = isinstance(part, Block) and part.size is None
            x = part(torch.cat([x, skips.pop()], dim=1) if joins else x, time)
        return self.end(F.silu(self.norm(x)))


def small():
    return UNet(64, [32, 64, 96, 128], 1, [3], 32, 8)


def edm():
    return UNet(64, [128, 256, 256, 256], 4, [2], None, 32, song=True)


def ddpm():
    return UNet(256, [128, 128, 256, 256, 512, 512], 2, [4], None, 32, both_sides=False)


# The network, the batch, and whether the gradient with respect to the picture is part of a pass.
PASSES = {
    "unet-small": (small, 8, False),
    "unet-small-gradient": (small, 8, True),
    "unet-64": (edm, 1, False),
    "unet-64-gradient": (edm, 1, True),
    "unet-256": (ddpm, 1, False),
    "unet-256-gradient": (ddpm, 1, True),
}
