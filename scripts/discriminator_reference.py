"""Small discriminators with random weights, as files of the kinds that people have, and what they say of two pictures.

    python scripts/discriminator_reference.py

Needs numpy and torch (CPU). Writes `discriminator_*` into `crates/pulse/tests/fixtures`: pickles laid out as NVIDIA's programs
for PyTorch and TensorFlow and rosinality's port lay theirs out, and `discriminator_case.safetensors`, the pictures and the
logits. `discriminator_pair.pkl` has the generator of `stylegan2ada_cond.pkl` beside its discriminator.

The logits are computed here in f64, straight from the papers: Karras et al. 2018 (equalised learning rate, minibatch standard
deviation), 2019 (blur before shrinking), 2020 (residual and skip architectures, section 4.1) and Karras et al. 2020 (ADA: the
clamp of activations, the projection of classes, after Miyato and Koyama 2018). Each picture is judged alone.
"""

import json
import pickle
import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FIXTURES = Path(__file__).resolve().parent.parent / "crates/pulse/tests/fixtures"
SIZE = 16
SIZES = [16, 8]
CLASSES = 5
EMBEDDED = 6
WIDTHS = {16: 5, 8: 7, 4: 6}
LAST = 4
FOUR_TAPS = [1, 3, 3, 1]
THREE_TAPS = [1, 2, 1]


# What the papers say.


def filtered(x, taps, pad, down=1):
    taps = torch.tensor(taps, dtype=torch.float64)
    taps = torch.outer(taps, taps) / taps.sum() ** 2
    channels = x.shape[1]
    x = F.pad(x, [pad[0], pad[1], pad[0], pad[1]])
    return F.conv2d(x, taps.expand(channels, 1, -1, -1), stride=down, groups=channels)


def activated(x, gain=1.0, clamp=None):
    x = F.leaky_relu(x, 0.2) * gain * 2**0.5
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


def equalised(weight, gain=1.0):
    return weight * gain / weight[0].numel() ** 0.5


def halved(x, weight, bias):
    """Filter, then a convolution of stride 2, so that the whole is centred."""
    return F.conv2d(filtered(x, FOUR_TAPS, (2, 2)), equalised(weight), bias, stride=2)


def stylegan2(w, picture, label=None, clamp=None):
    """The logit of one picture [3, 16, 16] by the weights `w`, named as in NVIDIA's files for PyTorch."""
    residual, parts = "b16.skip.weight" in w, "b4.fromrgb.weight" in w
    image, x = picture[None], 0

    def from_rgb(size):
        return activated(F.conv2d(image, equalised(w[f"b{size}.fromrgb.weight"]), w[f"b{size}.fromrgb.bias"]), 1, clamp)

    for size in SIZES:
        if f"b{size}.fromrgb.weight" in w:
            x = x + from_rgb(size)
        if parts:
            image = filtered(image, FOUR_TAPS, (1, 1), down=2)
        y = F.conv2d(x, equalised(w[f"b{size}.conv0.weight"]), w[f"b{size}.conv0.bias"], padding=1)
        y = halved(activated(y, 1, clamp), w[f"b{size}.conv1.weight"], w[f"b{size}.conv1.bias"])
        if residual:
            short = F.conv2d(filtered(x, FOUR_TAPS, (1, 1), down=2), equalised(w[f"b{size}.skip.weight"]))
            x = activated(y, 0.5**0.5, clamp) + short * 0.5**0.5
        else:
            x = activated(y, 1, clamp)
    if parts:
        x = x + from_rgb(4)
    # The standard deviation over a batch of one is 0, and the number under the root is 1e-8.
    x = torch.cat([x, torch.full([1, 1, 4, 4], 1e-8, dtype=torch.float64).sqrt()], 1)
    x = activated(F.conv2d(x, equalised(w["b4.conv.weight"]), w["b4.conv.bias"], padding=1), 1, clamp)
    x = activated(F.linear(x.flatten(1), equalised(w["b4.fc.weight"]), w["b4.fc.bias"]))
    x = F.linear(x, equalised(w["b4.out.weight"]), w["b4.out.bias"])
    if label is not None:
        y = F.linear(label[None], equalised(w["mapping.embed.weight"]), w["mapping.embed.bias"])
        y = y / (y.square().mean(1, keepdim=True) + 1e-8).sqrt()
        for layer in range(8):
            rate = 0.01
            y = F.linear(y, equalised(w[f"mapping.fc{layer}.weight"]) * rate, w[f"mapping.fc{layer}.bias"] * rate)
            y = activated(y)
        x = (x * y).sum(1, keepdim=True) / EMBEDDED**0.5
    return x.item()


def stylegan1(w, picture, label):
    """The same of StyleGAN's, by weights named as in NVIDIA's files for TensorFlow, but in PyTorch's order."""
    gain = 2**0.5

    def convolved(x, name, padding):
        y = F.conv2d(x, equalised(w[f"{name}/weight"], gain), padding=padding)
        return y, w[f"{name}/bias"].view(1, -1, 1, 1)

    def leaky(y, bias):
        return F.leaky_relu(y + bias, 0.2)

    x = leaky(*convolved(picture[None], "FromRGB_lod0", 0))
    for size in SIZES:
        x = leaky(*convolved(x, f"{size}x{size}/Conv0", 1))
        y, bias = convolved(filtered(x, THREE_TAPS, (1, 1)), f"{size}x{size}/Conv1_down", 1)
        x = leaky(F.avg_pool2d(y, 2), bias)
    x = torch.cat([x, torch.full([1, 1, 4, 4], 1e-8, dtype=torch.float64).sqrt()], 1)
    x = leaky(*convolved(x, "4x4/Conv", 1))
    x = F.leaky_relu(F.linear(x.flatten(1), equalised(w["4x4/Dense0/weight"], gain), w["4x4/Dense0/bias"]), 0.2)
    x = F.linear(x, equalised(w["4x4/Dense1/weight"]), w["4x4/Dense1/bias"])
    return (x * label).sum().item()


# Weights under the names of the files.


class Weights(OrderedDict):
    def __init__(self, seed):
        super().__init__()
        self.random = np.random.default_rng(seed)

    def layer(self, name, *shape, bias=True, separator="."):
        self[f"{name}{separator}weight"] = self.random.standard_normal(shape).astype(np.float32)
        if bias:
            self[f"{name}{separator}bias"] = (0.1 * self.random.standard_normal(shape[0])).astype(np.float32)


def nvidia_weights(seed, architecture, classes=0):
    w = Weights(seed)
    for size in SIZES:
        here, next = WIDTHS[size], WIDTHS[size // 2]
        if architecture == "skip" or size == SIZE:
            w.layer(f"b{size}.fromrgb", here, 3, 1, 1)
        w.layer(f"b{size}.conv0", here, here, 3, 3)
        w.layer(f"b{size}.conv1", next, here, 3, 3)
        if architecture == "resnet":
            w.layer(f"b{size}.skip", next, here, 1, 1, bias=False)
    if architecture == "skip":
        w.layer("b4.fromrgb", WIDTHS[4], 3, 1, 1)
    w.layer("b4.conv", LAST, WIDTHS[4] + 1, 3, 3)
    w.layer("b4.fc", LAST, LAST * 16)
    w.layer("b4.out", EMBEDDED if classes else 1, LAST)
    if classes:
        w.layer("mapping.embed", EMBEDDED, classes)
        for layer in range(8):
            w.layer(f"mapping.fc{layer}", EMBEDDED, EMBEDDED)
            w[f"mapping.fc{layer}.weight"] /= 0.01
            w[f"mapping.fc{layer}.bias"] /= 0.01
    return w


def stylegan1_weights(seed, classes):
    w = Weights(seed)
    layer = lambda name, *shape: w.layer(name, *shape, separator="/")
    for detail, size in enumerate([16, 8, 4]):
        layer(f"FromRGB_lod{detail}", WIDTHS[size], 3, 1, 1)
    for size in SIZES:
        here, next = WIDTHS[size], WIDTHS[size // 2]
        layer(f"{size}x{size}/Conv0", here, here, 3, 3)
        layer(f"{size}x{size}/Conv1_down", next, here, 3, 3)
    layer("4x4/Conv", LAST, WIDTHS[4] + 1, 3, 3)
    layer("4x4/Dense0", LAST, LAST * 16)
    layer("4x4/Dense1", classes, LAST)
    return w


def doubles(w):
    return {name: torch.tensor(array, dtype=torch.float64) for name, array in w.items()}


# Files of each kind.


def stand_in(module, name, value):
    """Puts a class or function where a pickle will look for it."""
    value.__module__, value.__qualname__, value.__name__ = module, name, name
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:length]), types.ModuleType(".".join(parts[:length])))
    setattr(sys.modules[module], name, value)
    return value


class Persistent:
    """An object of NVIDIA's programs for PyTorch."""

    def __init__(self, description):
        self.description = description

    def __reduce__(self):
        return reconstruct, (self.description,)


reconstruct = stand_in("torch_utils.persistence", "_reconstruct_persistent_obj", lambda d: Persistent(d))


class Network:
    """A network of NVIDIA's programs for TensorFlow."""


stand_in("dnnlib.tflib.network", "Network", Network)


def nvidia_module(class_name, tensors, attributes):
    """The module of tensors named by paths, with the attributes of each path."""
    own = {name: tensor for name, tensor in tensors.items() if "." not in name}
    children = OrderedDict.fromkeys(name.split(".")[0] for name in tensors if "." in name)
    below = lambda name, items: {path[len(name) + 1 :]: item for path, item in items.items() if path.startswith(name + ".")}
    modules = OrderedDict()
    for name in children:
        inner = {path: item for path, item in below(name, attributes).items()}
        inner[""] = attributes.get(name, {})
        modules[name] = nvidia_module("Module", below(name, tensors), inner)
    parameter = lambda array: torch.nn.Parameter(torch.tensor(array), requires_grad=False)
    state = dict(
        attributes.get("", {}),
        training=False,
        _parameters=OrderedDict((n, parameter(t)) for n, t in own.items() if not n.endswith("filter")),
        _buffers=OrderedDict((n, torch.tensor(t)) for n, t in own.items() if n.endswith("filter")),
        _modules=modules,
    )
    return Persistent(dict(type="class", version=6, module_src="", class_name=class_name, state=state))


def nvidia_discriminator(w, architecture, classes, clamp):
    taps = np.outer(FOUR_TAPS, FOUR_TAPS).astype(np.float32) / 64
    tensors = dict(w)
    for name in w:
        layer = name.removesuffix(".weight")
        if layer.endswith((".conv1", ".skip")):
            tensors[f"{layer}.resample_filter"] = taps
    for size in SIZES:
        tensors[f"b{size}.resample_filter"] = taps
    convolutions = [name.removesuffix(".bias") for name in w if name.endswith(".bias") and name.startswith("b")]
    attributes = {name: {"conv_clamp": clamp} for name in convolutions if name not in ("b4.fc", "b4.out")}
    settings = dict(c_dim=classes, img_resolution=SIZE, img_channels=3, architecture=architecture)
    attributes[""] = dict(settings, _init_args=(), _init_kwargs=settings)
    return nvidia_module("Discriminator", tensors, attributes)


def rosinality_state(w):
    """The residual architecture under the names of rosinality's port."""
    taps = torch.tensor(np.outer(FOUR_TAPS, FOUR_TAPS), dtype=torch.float32) / 64
    state = OrderedDict()
    for name, array in w.items():
        block, layer, kind = name.split(".")
        if layer == "fromrgb":
            path = "convs.0.0.weight" if kind == "weight" else "convs.0.1.bias"
        elif block == "b4":
            number = {"conv": "final_conv.0" if kind == "weight" else "final_conv.1", "fc": "final_linear.0"}
            path = f"{number.get(layer, 'final_linear.1')}.{kind}"
        else:
            inner = {
                "conv0": ("conv1.0.weight", "conv1.1.bias"),
                "conv1": ("conv2.1.weight", "conv2.2.bias"),
                "skip": ("skip.1.weight", None),
            }[layer][kind == "bias"]
            index = 1 + SIZES.index(int(block[1:]))
            path = f"convs.{index}.{inner}"
            if layer == "conv1" and kind == "weight":
                state[f"convs.{index}.conv2.0.kernel"] = taps
            if layer == "skip":
                state[f"convs.{index}.skip.0.kernel"] = taps
        state[path] = torch.tensor(array)
    return state


def tensorflow_network(name, function, arguments, variables):
    network = Network()
    network.__dict__ = dict(
        version=4, name=name, static_kwargs=arguments, components={}, build_module_src="", build_func_name=function,
        variables=[(name, np.ascontiguousarray(array)) for name, array in variables.items()],
    )
    return network


def tensorflow_order(array):
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def stylegan2_as_tensorflow(w):
    layers = {"fromrgb": "FromRGB", "conv0": "Conv0", "conv1": "Conv1_down", "skip": "Skip", "conv": "Conv", "fc": "Dense0"}
    variables = OrderedDict()
    for name, array in w.items():
        block, layer, kind = name.split(".")
        size = block[1:]
        path = f"Output/{kind}" if layer == "out" else f"{size}x{size}/{layers[layer]}/{kind}"
        variables[path] = tensorflow_order(array)
    return variables


def safetensors(path, arrays):
    header, begin = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [begin, begin + array.nbytes]}
        begin += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in arrays.values()))


def main():
    noise = np.random.default_rng(0).uniform(-1, 1, [3, SIZE, SIZE])
    ramp = np.tile(np.linspace(-1, 1, SIZE), [SIZE, 1])
    pictures = np.stack([noise, [ramp, -ramp.T, ramp * ramp.T]]).astype(np.float32)
    arrays = {"pictures": pictures}
    pictures = torch.tensor(pictures, dtype=torch.float64)

    def judged(name, judge):
        arrays[name] = np.array([judge(picture) for picture in pictures], np.float32)
        print(name, arrays[name])

    def write(name, objects):
        (FIXTURES / f"discriminator_{name}.pkl").write_bytes(pickle.dumps(objects, protocol=4))

    for seed, (architecture, clamp) in enumerate([("orig", None), ("skip", None), ("resnet", 1.5)], 1):
        w = nvidia_weights(seed, architecture)
        write(architecture, {"G": None, "D": nvidia_discriminator(w, architecture, 0, clamp), "G_ema": None})
        judged(architecture, lambda picture: stylegan2(doubles(w), picture, clamp=clamp))

    w = nvidia_weights(4, "resnet", CLASSES)
    with open(FIXTURES / "stylegan2ada_cond.pkl", "rb") as file:
        generator = pickle.load(file)["G_ema"]
    write("pair", {"D": nvidia_discriminator(w, "resnet", CLASSES, 256), "G_ema": generator})
    for label in range(CLASSES):
        one = torch.eye(CLASSES, dtype=torch.float64)[label]
        judged(f"pair.{label}", lambda picture: stylegan2(doubles(w), picture, one, 256))

    w = nvidia_weights(5, "resnet")
    torch.save({"d": rosinality_state(w)}, FIXTURES / "discriminator_rosinality.pt")
    judged("rosinality", lambda picture: stylegan2(doubles(w), picture))

    w = nvidia_weights(6, "resnet")
    variables = OrderedDict(lod=np.float32(0), **stylegan2_as_tensorflow(w))
    write("stylegan2_tf", {"D": tensorflow_network("D", "D_stylegan2", dict(resolution=SIZE), variables)})
    judged("stylegan2_tf", lambda picture: stylegan2(doubles(w), picture))

    w = stylegan1_weights(7, CLASSES)
    variables = OrderedDict(lod=np.float32(0), **{name: tensorflow_order(array) for name, array in w.items()})
    write("stylegan1_tf", {"D": tensorflow_network("D", "D_basic", dict(resolution=SIZE), variables)})
    for label in range(CLASSES):
        one = torch.eye(CLASSES, dtype=torch.float64)[label]
        judged(f"stylegan1_tf.{label}", lambda picture: stylegan1(doubles(w), picture, one))
    safetensors(FIXTURES / "discriminator_case.safetensors", arrays)


if __name__ == "__main__":
    main()
