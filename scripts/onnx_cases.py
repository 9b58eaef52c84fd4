"""Small networks of many architectures with random weights, exported to ONNX, with pictures and gradients by PyTorch.

    pip install torch onnx onnxscript onnxruntime safetensors diffusers
    python scripts/onnx_cases.py OUT [NAME …]
    python scripts/onnx_cases.py --speed OUT

The first writes NAME.onnx and NAME_case.safetensors: the inputs under their names in the model, `image`, `image_cotangent`, and
`<input>_grad`. Each picture is checked against onnxruntime. What crates/pulse/tests/fixtures/onnx holds was made by this. The second
writes networks for `cargo run --release --example imported`.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

warnings.filterwarnings("ignore")


def shaken(module, seed):
    """Weights and statistics that are neither zero nor one."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in list(module.named_parameters()) + list(module.named_buffers()):
        if not tensor.is_floating_point() or name.endswith("kernel"):
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if name.endswith("running_var"):
            tensor.data.copy_(0.5 + noise.abs())
        elif tensor.dim() > 1:
            tensor.data.copy_(noise / max(1.0, tensor[0].numel()) ** 0.5)
        else:
            tensor.data.add_(0.2 * noise)
    return module.eval()


class Dcgan(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.ConvTranspose2d(32, 24, 4, 1, 0, bias=False), nn.BatchNorm2d(24), nn.ReLU(True),
            nn.ConvTranspose2d(24, 16, 4, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
            nn.ConvTranspose2d(16, 8, 3, 2, 1, output_padding=1), nn.InstanceNorm2d(8, affine=True), nn.ELU(),
            nn.ConvTranspose2d(8, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z):
        return self.net(z[:, :, None, None])


class PixelNorm(nn.Module):
    def forward(self, x):
        return x * torch.rsqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


class Progan(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.ConvTranspose2d(32, 32, 4)
        self.blocks = nn.ModuleList([nn.Conv2d(32, 24, 3, padding=1), nn.Conv2d(24, 16, 3, padding=1)])
        self.rgb = nn.Conv2d(16, 3, 1)
        self.norm = PixelNorm()

    def forward(self, z):
        x = self.norm(F.leaky_relu(self.first(self.norm(z)[:, :, None, None]), 0.2))
        for block in self.blocks:
            x = self.norm(F.leaky_relu(block(F.interpolate(x, scale_factor=2)), 0.2))
        return self.rgb(x)


class Modulated(nn.Module):
    """A convolution whose weights are computed: scaled by styles, and normalised."""

    def __init__(self, i, o, k, style, up=False, demodulate=True, einops=False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, o, i, k, k))
        self.style = nn.Linear(style, i)
        self.k, self.up, self.demodulate, self.flat = k, up, demodulate, einops
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer("kernel", (taps[:, None] * taps[None]) / taps.sum() ** 2 * 4)

    def forward(self, x, s):
        b, i, h, w = x.shape
        o = self.weight.shape[1]
        s = self.style(s).view(b, 1, i, 1, 1) + 1
        weight = self.weight * (1 / (i * self.k**2) ** 0.5) * s
        if self.demodulate:
            if self.flat:
                d = (weight.square().sum(dim=[2, 3, 4]) + 1e-8).rsqrt()
            else:
                d = torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8)
            weight = weight * d.view(b, o, 1, 1, 1)
        if self.up:
            weight = weight.transpose(1, 2).reshape(b * i, o, self.k, self.k)
            x = F.conv_transpose2d(x.view(1, b * i, h, w), weight, stride=2, padding=0, groups=b)
            x = x.view(b, o, x.shape[2], x.shape[3])
            c = x.shape[1]
            x = F.pad(x.reshape(-1, 1, x.shape[2], x.shape[3]), [1, 1, 1, 1])
            x = F.conv2d(x, torch.flip(self.kernel, [0, 1])[None, None])
            return x.view(b, c, x.shape[2], x.shape[3])
        weight = weight.view(b * o, i, self.k, self.k)
        return F.conv2d(x.reshape(1, b * i, h, w), weight, padding=self.k // 2, groups=b).view(b, o, h, w)


class Upfirdn(nn.Module):
    """Zeros between pixels, and a filter: the skip of StyleGAN2."""

    def __init__(self):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer("kernel", (taps[:, None] * taps[None]) / taps.sum() ** 2 * 4)

    def forward(self, x):
        b, c, h, w = x.shape
        x = x.reshape(b * c, h, 1, w, 1, 1)
        x = F.pad(x, [0, 0, 0, 1, 0, 0, 0, 1]).view(b * c, 1, h * 2, w * 2)
        x = F.conv2d(F.pad(x, [2, 1, 2, 1]), torch.flip(self.kernel, [0, 1])[None, None])
        return x.view(b, c, h * 2, w * 2)


class Style2(nn.Module):
    """StyleGAN2 with the widths `channels`, one for each resolution from 4x4 on."""

    def __init__(self, noise_inputs=False, width=24, depth=3, channels=(16, 16, 8)):
        super().__init__()
        self.mapping = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.const = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        shapes, sizes = [(channels[0], channels[0], False)], [4]
        for i, o in zip(channels, channels[1:]):
            shapes += [(i, o, True), (o, o, False)]
            sizes += [2 * sizes[-1]] * 2
        self.layers = nn.ModuleList([Modulated(i, o, 3, width, up) for i, o, up in shapes])
        self.rgbs = nn.ModuleList([Modulated(c, 3, 1, width, demodulate=False, einops=True) for c in channels])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(1, o, 1, 1)) for _, o, _ in shapes])
        self.strengths = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in shapes])
        for at, size in enumerate(sizes):
            self.register_buffer(f"noise_{at}", torch.randn(1, 1, size, size))
        self.skip = Upfirdn()
        self.noise_inputs = noise_inputs

    def forward(self, z, *noise):
        w = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.mapping:
            w = F.leaky_relu(layer(w), 0.2) * 2**0.5
        x, rgb = self.const.repeat(z.shape[0], 1, 1, 1), None
        for at, layer in enumerate(self.layers):
            x = layer(x, w)
            x = x + self.strengths[at] * (noise[at] if self.noise_inputs else getattr(self, f"noise_{at}"))
            x = F.leaky_relu(x + self.biases[at], 0.2) * 2**0.5
            if at % 2 == 0:
                made = self.rgbs[at // 2](x, w)
                rgb = made if rgb is None else made + self.skip(rgb)
        return rgb


class Style2Noise(Style2):
    def __init__(self):
        super().__init__(noise_inputs=True)

    def forward(self, z, noise0, noise1, noise2, noise3, noise4):
        return super().forward(z, noise0, noise1, noise2, noise3, noise4)


class ConditionalNorm(nn.Module):
    def __init__(self, c, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(c, affine=False)
        self.gain, self.bias = nn.Linear(width, c), nn.Linear(width, c)

    def forward(self, x, y):
        return self.norm(x) * (1 + self.gain(y))[:, :, None, None] + self.bias(y)[:, :, None, None]


class SelfAttention(nn.Module):
    """As in SAGAN and BigGAN: keys and values of half the size."""

    def __init__(self, c):
        super().__init__()
        self.theta, self.phi = nn.Conv2d(c, c // 8, 1, bias=False), nn.Conv2d(c, c // 8, 1, bias=False)
        self.g, self.o = nn.Conv2d(c, c // 2, 1, bias=False), nn.Conv2d(c // 2, c, 1, bias=False)
        self.gamma = nn.Parameter(torch.ones(()))

    def forward(self, x):
        b, c, h, w = x.shape
        theta = self.theta(x).view(b, -1, h * w)
        phi = F.max_pool2d(self.phi(x), 2).view(b, -1, h * w // 4)
        g = F.max_pool2d(self.g(x), 2).view(b, -1, h * w // 4)
        beta = F.softmax(torch.bmm(theta.transpose(1, 2), phi), -1)
        o = self.o(torch.bmm(g, beta.transpose(1, 2)).view(b, -1, h, w))
        return self.gamma * o + x


class Biggan(nn.Module):
    def __init__(self, classes=5, embedded=True):
        super().__init__()
        self.embedded = embedded
        self.embedding = nn.Embedding(classes, 12) if embedded else nn.Linear(classes, 12, bias=False)
        self.first = nn.Linear(10, 32 * 16)
        self.norms = nn.ModuleList([ConditionalNorm(32, 22), ConditionalNorm(32, 22), ConditionalNorm(16, 22)])
        self.convs = nn.ModuleList([nn.Conv2d(32, 32, 3, padding=1), nn.Conv2d(32, 16, 3, padding=1)])
        self.skips = nn.ModuleList([nn.Conv2d(32, 32, 1), nn.Conv2d(32, 16, 1)])
        self.attention = SelfAttention(32)
        self.rgb = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, z, label):
        parts = torch.split(z, 10, dim=1)
        y = self.embedding(label)
        x = self.first(parts[0]).view(-1, 32, 4, 4)
        for at, (conv, skip) in enumerate(zip(self.convs, self.skips)):
            h = F.interpolate(F.relu(self.norms[at](x, torch.cat([parts[at + 1], y], 1))), scale_factor=2)
            x = conv(h) + skip(F.interpolate(x, scale_factor=2))
            if at == 0:
                x = self.attention(x)
        return torch.tanh(self.rgb(F.relu(self.norms[2](x, torch.cat([parts[2], y], 1)))))


class BigganOneHot(Biggan):
    def __init__(self):
        super().__init__(embedded=False)


class Fastgan(nn.Module):
    """Gated linear units, skip-layer excitation, bilinear enlargement, a filter for each channel."""

    def __init__(self):
        super().__init__()
        self.first = nn.ConvTranspose2d(16, 32, 4, bias=False)
        self.norm = nn.BatchNorm2d(32)
        self.convs = nn.ModuleList([nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.Conv2d(16, 32, 3, padding=1)])
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Conv2d(16, 16, 4), nn.SiLU(), nn.Conv2d(16, 16, 1), nn.Sigmoid())
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.grouped = nn.Conv2d(16, 16, 3, padding=1, groups=4)
        self.rgb = nn.Conv2d(16, 3, 3, padding=1)
        self.mix = nn.PReLU(16)

    def forward(self, latent):
        x = F.glu(self.norm(self.first(latent.view(-1, 16, 1, 1))), dim=1)
        low = x
        x = F.glu(self.convs[0](F.interpolate(x, scale_factor=2, mode="nearest")), dim=1)
        x = F.glu(self.convs[1](F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)), dim=1)
        x = x * self.squeeze(low)
        x = self.mix(self.depthwise(x)) + F.hardswish(self.grouped(x))
        return torch.sigmoid(self.rgb(F.pad(x, [1, 1, 1, 1], mode="reflect")))[:, :, 1:-1, 1:-1]


class VaeDecoder(nn.Module):
    """As of latent diffusion: norms of groups, one attention, pixels repeated."""

    def __init__(self):
        super().__init__()
        from diffusers import AutoencoderKL

        self.vae = AutoencoderKL(
            block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4, latent_channels=4, layers_per_block=1)

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample / 0.18215).sample


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        from diffusers import UNet2DModel

        self.unet = UNet2DModel(
            sample_size=16, in_channels=3, out_channels=3, block_out_channels=(8, 16), norm_num_groups=4, layers_per_block=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"), attention_head_dim=4)

    def forward(self, sample, timestep):
        return self.unet(sample, timestep).sample


class Spellings(nn.Module):
    """Norms and attention as people write them."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(16, 16 * 16)
        self.group = nn.GroupNorm(4, 16)
        self.layer = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.out = nn.Linear(16, 16)
        self.mha = nn.MultiheadAttention(16, 2, batch_first=True)
        self.linear = nn.Conv2d(16, 48, 1)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.shuffle = nn.Sequential(nn.Conv2d(16, 32, 3, padding=1), nn.PixelShuffle(2), nn.Mish())
        self.rgb = nn.Conv2d(8, 3, 3, padding=1, padding_mode="circular")

    def forward(self, z):
        x = self.first(z).view(-1, 16, 4, 4)
        # A norm of groups, by hand.
        b, c, h, w = x.shape
        g = x.view(b, 4, -1)
        x = ((g - g.mean(-1, keepdim=True)) / torch.sqrt(g.var(-1, unbiased=False, keepdim=True) + 1e-5)).view(b, c, h, w)
        x = self.group(x)
        x = x * torch.sigmoid(x)
        t = x.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(self.layer(t)).chunk(3, dim=-1)
        heads = lambda y: y.view(b, -1, 2, 8).transpose(1, 2)
        t = t + self.out(F.scaled_dot_product_attention(heads(q), heads(k), heads(v)).transpose(1, 2).reshape(b, -1, 16))
        t = t + self.mha(t, t, t, need_weights=False)[0]
        t = t + self.mlp(t)
        x = t.transpose(1, 2).reshape(b, c, h, w)
        # Attention whose products are written as letters, and whose softmax is over the other axis.
        q, k, v = self.linear(x).view(b, 3, 4, 4, h * w).unbind(1)
        k = k.softmax(dim=-1)
        context = torch.einsum("bhdn,bhen->bhde", k, v)
        x = x + torch.einsum("bhde,bhdn->bhen", context, q).reshape(b, c, h, w)
        x = x / (torch.linalg.norm(x, dim=1, keepdim=True) + 0.1)
        return self.rgb(self.shuffle(x))


def cases():
    z = lambda *shape: torch.randn(*shape)
    yield "dcgan", Dcgan(), {"z": z(1, 32)}
    yield "progan", Progan(), {"z": z(1, 32)}
    yield "style2", Style2(), {"z": z(1, 24)}
    sizes = [4, 8, 8, 16, 16]
    yield "style2_noise", Style2Noise(), {"z": z(1, 24), **{f"noise{i}": z(1, 1, s, s) for i, s in enumerate(sizes)}}
    yield "biggan", Biggan(), {"z": z(1, 30), "label": torch.tensor([3])}
    yield "biggan_one_hot", BigganOneHot(), {"z": z(1, 30), "label": F.one_hot(torch.tensor([2]), 5).float()}
    yield "fastgan", Fastgan(), {"latent": z(1, 16)}
    yield "vae_decoder", VaeDecoder(), {"latent_sample": z(1, 4, 8, 8)}
    yield "unet", Unet(), {"sample": z(1, 3, 16, 16), "timestep": torch.tensor([37.0])}
    yield "spellings", Spellings(), {"z": z(1, 16)}


def export(module, inputs, path, dynamo, opset):
    with torch.no_grad():
        torch.onnx.export(
            module, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=["image"], opset_version=opset,
            dynamo=dynamo, **({"external_data": False, "verbose": False} if dynamo else {}))


def main(out, names):
    out.mkdir(parents=True, exist_ok=True)
    for at, (name, module, inputs) in enumerate(cases()):
        if names and name not in names:
            continue
        torch.manual_seed(at)
        shaken(module, at)
        leaves = {key: value.requires_grad_() if value.is_floating_point() else value for key, value in inputs.items()}
        image = module(*leaves.values())
        cotangent = torch.randn(image.shape)
        floats = [value for value in leaves.values() if value.requires_grad]
        gradients = torch.autograd.grad(image, floats, cotangent, allow_unused=True)
        arrays = {key: value.detach().float().contiguous() for key, value in inputs.items()}
        arrays |= {"image": image.detach().contiguous(), "image_cotangent": cotangent}
        for (key, value), gradient in zip([item for item in leaves.items() if item[1].requires_grad], gradients):
            if gradient is not None:
                arrays[f"{key}_grad"] = gradient.contiguous()
        plain = {key: value.detach() for key, value in inputs.items()}
        # Parity is in the weights that gradients were taken with; the exporters only read them.
        for dynamo, opset in [(True, 20), (True, 18), (True, 23), (False, 11), (False, 17)]:
            file = out / f"{name}_{'dynamo' if dynamo else 'script'}{opset}.onnx"
            try:
                export(module, plain, file, dynamo, opset)
                session = onnxruntime.InferenceSession(str(file))
                feeds = {port.name: plain[port.name].numpy() for port in session.get_inputs()}
                made = session.run(None, feeds)[0]
                worst = np.abs(made - image.detach().numpy()).max() / image.detach().abs().max().item()
                save_file(arrays, file.with_name(file.stem + "_case.safetensors"))
                print(f"{file.name}: {file.stat().st_size} bytes, onnxruntime differs by {worst:.1e}", flush=True)
            except Exception as error:
                file.unlink(missing_ok=True)
                print(f"{file.name}: {str(error).splitlines()[0][:150]}", flush=True)


def rosinality(network):
    """The tensors of a `Style2` under the names, and in the scales, of rosinality's files."""
    tensors = {"input.input": network.const}
    for at, layer in enumerate(network.mapping, 1):
        # There the rate of the mapping, and the fan-in, are factors outside of what is stored.
        tensors[f"style.{at}.weight"] = layer.weight * layer.in_features**0.5 / 0.01
        tensors[f"style.{at}.bias"] = layer.bias / 0.01

    def modulated(name, layer):
        tensors[f"{name}.conv.weight"] = layer.weight
        tensors[f"{name}.conv.modulation.weight"] = layer.style.weight * layer.style.in_features**0.5
        tensors[f"{name}.conv.modulation.bias"] = layer.style.bias + 1

    for at, layer in enumerate(network.layers):
        name = f"convs.{at - 1}" if at else "conv1"
        modulated(name, layer)
        tensors[f"{name}.noise.weight"] = network.strengths[at]
        tensors[f"{name}.activate.bias"] = network.biases[at].flatten()
        tensors[f"noises.noise_{at}"] = getattr(network, f"noise_{at}")
        if layer.up:
            tensors[f"{name}.conv.blur.kernel"] = layer.kernel
    for at, layer in enumerate(network.rgbs):
        name = f"to_rgbs.{at - 1}" if at else "to_rgb1"
        modulated(name, layer)
        tensors[f"{name}.bias"] = torch.zeros(1, 3, 1, 1)
        if at:
            tensors[f"{name}.upsample.kernel"] = network.skip.kernel
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def speed(out):
    """A StyleGAN2 of 256 pixels in rosinality's format, a U-Net of 64 pixels in a folder of diffusers; each in ONNX too."""
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    generator = Style2(width=512, depth=8, channels=(512, 512, 512, 512, 512, 256, 128)).eval()
    torch.save({"g_ema": rosinality(generator)}, out / "stylegan2.pt")
    export(generator, {"z": torch.randn(1, 512)}, out / "stylegan2.onnx", True, 20)

    unet = UNet2DModel(
        sample_size=64, block_out_channels=(64, 128, 128, 256), layers_per_block=2,
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D"))
    DDPMPipeline(unet, DDPMScheduler()).save_pretrained(out / "unet")

    class Plain(nn.Module):
        def forward(self, sample, timestep):
            return unet(sample, timestep).sample

    module = Plain()
    module.unet = unet
    export(module.eval(), {"sample": torch.randn(1, 3, 64, 64), "timestep": torch.tensor([7.0])}, out / "unet.onnx", True, 20)


if __name__ == "__main__" and sys.argv[1] == "--speed":
    speed(Path(sys.argv[2]))
elif __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
