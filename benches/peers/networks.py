"""The networks that `pulse bench` times, in PyTorch, with random frozen weights.

Written from the papers: DCGAN (Radford, Metz, Chintala 2016), StyleGAN (Karras, Laine, Aila 2019) and StyleGAN2 of
the skip architecture (Karras et al. 2020), entered at `ws`, a row of 512 numbers for each layer. Where two ways of
writing a layer are the same function, the one with fewer operations is taken, as `pulse` does it: doubling and
convolution as one transposed convolution, modulation as a scale before a convolution with frozen weights and one
after it, batch norm folded into the weights.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

WIDTH = 512


def channels(size):
    """512 up to 32 pixels, then half as many at each doubling: 16 at 1024."""
    return min(16384 // size, 512)


def sizes(resolution):
    return [2**exponent for exponent in range(2, int(math.log2(resolution)) + 1)]


def frozen(*shape, deviation=1.0):
    return nn.Parameter(torch.randn(*shape) * deviation, requires_grad=False)


def kernel(out_channels, in_channels, size, transposed=False):
    """He's initialisation. A doubling convolution has a quarter of its taps on each pixel of its result."""
    taps = size * size / (4 if transposed else 1)
    shape = (in_channels, out_channels) if transposed else (out_channels, in_channels)
    return frozen(*shape, size, size, deviation=math.sqrt(2 / (in_channels * taps)))


def per_channel(numbers):
    return numbers[..., None, None]


class Filter(nn.Module):
    """The same finite impulse response for every channel: a convolution of each by itself."""

    def __init__(self, taps, channel_count, gain=1.0, doubling=False):
        super().__init__()
        taps = torch.tensor(taps) / sum(taps)
        both = gain * taps[:, None] * taps[None, :]
        weight = both.repeat(channel_count, 1, 1, 1)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.doubling = doubling

    def forward(self, x):
        if self.doubling:
            return F.conv_transpose2d(x, self.weight, stride=2, padding=1, groups=x.shape[1])
        return F.conv2d(x, self.weight, padding=1, groups=x.shape[1])


class Dcgan(nn.Module):
    """100 numbers to 3 x 64 x 64, the widths of the generator that `pulse` has inside."""

    latent_shape = (100,)
    noise_shapes = ()

    def __init__(self):
        super().__init__()
        widths = [100, 512, 256, 128, 64, 3]
        pairs = list(zip(widths[:-1], widths[1:]))
        self.weights = nn.ParameterList(kernel(to, of, 4, transposed=True) for of, to in pairs)
        self.biases = nn.ParameterList(frozen(to, deviation=0.1) for _, to in pairs)

    def forward(self, z, noises):
        x = per_channel(z)
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            stride, padding = (1, 0) if index == 0 else (2, 1)
            x = F.conv_transpose2d(x, weight, bias, stride=stride, padding=padding)
            x = F.relu(x) if index < 4 else torch.tanh(x)
        return x


class StyleGan1Layer(nn.Module):
    """`style(norm(LeakyReLU(f(x) + bias + strength * noise)))`; without `from`, `f` is a constant."""

    def __init__(self, of, to, doubling):
        super().__init__()
        self.doubling = doubling
        if of is None:
            self.constant = frozen(1, to, 4, 4)
        else:
            self.weight = kernel(to, of, 4 if doubling else 3, transposed=doubling)
            self.bias = frozen(to, deviation=0.1)
        if doubling:
            self.blur = Filter([1.0, 2.0, 1.0], to)
        self.strength = frozen(to, deviation=0.1)
        self.style_weight = frozen(2 * to, WIDTH, deviation=1 / math.sqrt(WIDTH))
        self.style_bias = frozen(2 * to, deviation=0.1)

    def forward(self, x, w, noise):
        if x is None:
            x = self.constant.expand(w.shape[0], -1, -1, -1)
        elif self.doubling:
            x = self.blur(F.conv_transpose2d(x, self.weight, stride=2, padding=1)) + per_channel(self.bias)
        else:
            x = F.conv2d(x, self.weight, self.bias, padding=1)
        x = F.leaky_relu(x + per_channel(self.strength) * noise, 0.2)
        scale, shift = F.linear(w, self.style_weight, self.style_bias).chunk(2, dim=1)
        return F.instance_norm(x) * (1 + per_channel(scale)) + per_channel(shift)


class StyleGan1(nn.Module):
    def __init__(self, resolution):
        super().__init__()
        self.layers = nn.ModuleList()
        self.noise_shapes = []
        for size in sizes(resolution):
            of, to = (None, channels(4)) if size == 4 else (channels(size // 2), channels(size))
            self.layers += [StyleGan1Layer(of, to, size > 4), StyleGan1Layer(to, to, False)]
            self.noise_shapes += [(1, size, size)] * 2
        self.latent_shape = (len(self.layers), WIDTH)
        self.to_rgb = kernel(3, channels(resolution), 1)
        self.bias = frozen(3, deviation=0.1)

    def forward(self, ws, noises):
        x = None
        for index, layer in enumerate(self.layers):
            x = layer(x, ws[:, index], noises[index])
        return F.conv2d(x, self.to_rgb, self.bias)


class Modulated(nn.Module):
    """A convolution whose weights a style scales: `d[o] * sum_i W[o,i] (s[i] x[i])`, `d` where it is demodulated."""

    def __init__(self, of, to, size, doubling=False, demodulated=True):
        super().__init__()
        self.doubling, self.padding = doubling, size // 2
        self.weight = kernel(to, of, size, transposed=doubling)
        self.style_weight = frozen(of, WIDTH, deviation=1 / math.sqrt(WIDTH))
        self.style_bias = nn.Parameter(torch.ones(of), requires_grad=False)
        energies = self.weight.square().sum(dim=(2, 3))
        energies = energies.t() if doubling else energies
        self.energies = nn.Parameter(energies.contiguous(), requires_grad=False) if demodulated else None

    def forward(self, x, w):
        style = F.linear(w, self.style_weight, self.style_bias)
        x = x * per_channel(style)
        if self.doubling:
            x = F.conv_transpose2d(x, self.weight, stride=2)
        else:
            x = F.conv2d(x, self.weight, padding=self.padding)
        if self.energies is None:
            return x
        return x * per_channel(torch.rsqrt(F.linear(style.square(), self.energies) + 1e-8))


class StyleGan2Layer(nn.Module):
    def __init__(self, of, to, doubling):
        super().__init__()
        self.convolution = Modulated(of, to, 3, doubling)
        self.filter = Filter([1.0, 3.0, 3.0, 1.0], to, gain=4.0) if doubling else None
        self.strength = frozen(1, deviation=0.1)
        self.bias = frozen(to, deviation=0.1)

    def forward(self, x, w, noise):
        x = self.convolution(x, w)
        if self.filter is not None:
            x = self.filter(x)
        return F.leaky_relu(x + self.strength * noise + per_channel(self.bias), 0.2) * math.sqrt(2)


class ToRgb(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.convolution = Modulated(of, 3, 1, demodulated=False)
        self.bias = frozen(3, deviation=0.1)

    def forward(self, x, w):
        return self.convolution(x, w) + per_channel(self.bias)


class StyleGan2(nn.Module):
    def __init__(self, resolution):
        super().__init__()
        self.constant = frozen(1, channels(4), 4, 4)
        self.layers = nn.ModuleList([StyleGan2Layer(channels(4), channels(4), False)])
        self.to_rgbs = nn.ModuleList([ToRgb(channels(4))])
        self.doubling = Filter([1.0, 3.0, 3.0, 1.0], 3, gain=4.0, doubling=True)
        self.noise_shapes = [(1, 4, 4)]
        for size in sizes(resolution)[1:]:
            of, to = channels(size // 2), channels(size)
            self.layers += [StyleGan2Layer(of, to, True), StyleGan2Layer(to, to, False)]
            self.to_rgbs.append(ToRgb(to))
            self.noise_shapes += [(1, size, size)] * 2
        self.latent_shape = (len(self.layers) + 1, WIDTH)

    def forward(self, ws, noises):
        x = self.constant.expand(ws.shape[0], -1, -1, -1)
        image = None
        for index, layer in enumerate(self.layers):
            x = layer(x, ws[:, index], noises[index])
            if index % 2 == 0:
                # The row is that of the next resolution's first layer too.
                part = self.to_rgbs[index // 2](x, ws[:, index + 1])
                image = part if image is None else self.doubling(image) + part
        return image


# Case of `pulse bench`: what makes the network, and the batch.
CASES = {
    "dcgan-b1": (Dcgan, 1),
    "dcgan-b8": (Dcgan, 8),
    "stylegan1-64": (lambda: StyleGan1(64), 1),
    "stylegan1-256": (lambda: StyleGan1(256), 1),
    "stylegan1-1024": (lambda: StyleGan1(1024), 1),
    "stylegan2-256": (lambda: StyleGan2(256), 1),
    "stylegan2-1024": (lambda: StyleGan2(1024), 1),
}
