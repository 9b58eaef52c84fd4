"""An independent run of PULSE's search on a small StyleGAN, as reference numbers for the tests.

    pulse convert crates/pulse/tests/fixtures/pulse_r32 network.safetensors
    python scripts/paper_trace.py network.safetensors crates/pulse/tests/fixtures/pulse_r32_case.safetensors \
        crates/pulse/tests/fixtures/pulse_r32_trace.safetensors

Needs numpy, safetensors and jax (CPU). Everything is in double precision; the start is drawn from a seed and rounded
to half precision, so that the file holds it exactly.

This is our own implementation, written from the papers and not from anyone's code: the generator is that of Karras,
Laine, Aila (CVPR 2019), the search that of Menon et al. (CVPR 2020). It shares no code with the Rust crates, and
gradients come from automatic differentiation. It is a second opinion; it is not the program that the authors of PULSE
published, whose own start the case file lost (recover_start.py finds what the picture shows of it).
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

jax.config.update("jax_enable_x64", True)

TRAINABLE = 5
FUSED_FROM = 128  # from this resolution on, doubling and convolution were trained as one
EPSILON = 1e-9  # under the roots of the norms


class Network:
    """The synthesis network, and the Gaussian fit of the mapping's output."""

    def __init__(self, path):
        self.tensors = {name: jnp.asarray(tensor, jnp.float64) for name, tensor in load_file(path).items()}
        sizes = [4]
        while f"synthesis.blocks.{2 * sizes[-1]}x{2 * sizes[-1]}.conv1.weight" in self.tensors:
            sizes.append(2 * sizes[-1])
        self.sizes = sizes
        self.noise_sizes = [size for size in sizes for _ in range(2)]

    def ws(self, latent):
        """LeakyReLU0.2(latent std + mean), [rows, width]."""
        w = latent * self.tensors["gaussian_fit.std"] + self.tensors["gaussian_fit.mean"]
        return jnp.where(w < 0, 0.2 * w, w)

    def image(self, latent, noise):
        """The network's own picture [3, h, w], nominally in [-1, 1]."""
        ws = self.ws(latent)
        x = None
        for index, size in enumerate(self.sizes):
            block = f"synthesis.blocks.{size}x{size}"
            if size == 4:
                x = self.tensors[f"{block}.const"][0] + self.tensors[f"{block}.bias"][:, None, None]
            else:
                x = self.doubled(x, f"{block}.conv0_up", size >= FUSED_FROM)
            x = self.epilogue(x, f"{block}.epi1", noise[2 * index], ws[2 * index])
            x = self.convolved(x, f"{block}.conv" if size == 4 else f"{block}.conv1")
            x = self.epilogue(x, f"{block}.epi2", noise[2 * index + 1], ws[2 * index + 1])
        weight = self.tensors["synthesis.torgb.weight"][:, :, 0, 0]
        weight = weight / np.sqrt(weight.shape[1])
        return jnp.einsum("oc,chw->ohw", weight, x) + self.tensors["synthesis.torgb.bias"][:, None, None]

    def scaled(self, name):
        """Weights at run time: times sqrt(2 / fan_in), the equalised learning rate's constant."""
        weight = self.tensors[f"{name}.weight"]
        return weight * np.sqrt(2 / np.prod(weight.shape[1:]))

    def convolved(self, x, name):
        y = jax.lax.conv_general_dilated(x[None], self.scaled(name), (1, 1), [(1, 1), (1, 1)])[0]
        return y + self.tensors[f"{name}.bias"][:, None, None]

    def doubled(self, x, name, fused):
        weight = self.scaled(name)
        channels, height, width = x.shape
        if fused:
            # Each pixel spreads over 4x4 by the sum of the kernel at four shifts: stuff with zeros and correlate with
            # the kernel turned by half a turn.
            shifts = [jnp.pad(weight, ((0, 0), (0, 0), (a, 1 - a), (b, 1 - b))) for a in (0, 1) for b in (0, 1)]
            kernel = sum(shifts)[:, :, ::-1, ::-1]
            stuffed = jnp.zeros((channels, 2 * height - 1, 2 * width - 1)).at[:, ::2, ::2].set(x)
            y = jax.lax.conv_general_dilated(stuffed[None], kernel, (1, 1), [(2, 2), (2, 2)])[0]
        else:
            y = jnp.repeat(jnp.repeat(x, 2, 1), 2, 2)
            y = jax.lax.conv_general_dilated(y[None], weight, (1, 1), [(1, 1), (1, 1)])[0]
        padded = jnp.pad(y, ((0, 0), (1, 1), (1, 1)))
        rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
        blurred = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
        return blurred + self.tensors[f"{name}.bias"][:, None, None]

    def epilogue(self, x, name, noise, w):
        """Noise, leaky ReLU, instance norm, style."""
        x = x + self.tensors[f"{name}.noise.weight"][:, None, None] * noise
        x = jnp.where(x < 0, 0.2 * x, x)
        mean = x.mean((1, 2), keepdims=True)
        variance = ((x - mean) ** 2).mean((1, 2), keepdims=True)
        x = (x - mean) / jnp.sqrt(variance + 1e-5)
        weight = self.tensors[f"{name}.style_mod.lin.weight"]
        style = weight @ w / np.sqrt(weight.shape[1]) + self.tensors[f"{name}.style_mod.lin.bias"]
        scale, shift = jnp.split(style[:, None, None], 2)
        return x * (scale + 1) + shift


def bicubic(size, factor):
    """The matrix [size / factor, size] of the antialiased bicubic shrinking: 4 factor taps, mirrored at the edges."""
    distance = np.abs((np.arange(4 * factor) - 2 * factor + 0.5) / factor)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    taps = np.where(distance <= 1, near, np.where(distance < 2, far, 0))
    taps /= taps.sum()
    matrix = np.zeros((size // factor, size))
    before = 3 * factor // 2
    columns = np.pad(np.arange(size), before, mode="reflect")
    for row in range(size // factor):
        np.add.at(matrix[row], columns[row * factor : row * factor + 4 * factor], taps)
    return matrix


def geocross(ws):
    """The mean over all ordered pairs of rows of 512 theta^2 / 8."""
    u, v = ws[:, None], ws[None, :]
    difference = jnp.sqrt(((u - v) ** 2).sum(-1) + EPSILON)
    total = jnp.sqrt(((u + v) ** 2).sum(-1) + EPSILON)
    return (512 * (2 * jnp.arctan2(difference, total)) ** 2 / 8).mean()


def losses(network, shrink, target, epsilon, variables, fixed):
    """100 max(L2, epsilon) + 0.05 GEOCROSS, and the two terms."""
    latent, *searched = variables
    picture = (network.image(latent, searched + fixed) + 1) / 2
    small = jnp.einsum("ij,cjk,lk->cil", shrink, picture, shrink)
    l2 = ((small - target) ** 2).mean()
    cross = geocross(network.ws(latent))
    return 100 * jnp.maximum(l2, epsilon) + 0.05 * cross, (l2, cross)


def schedule(step, steps):
    """linear1cycledrop: up from 1/10 and back in nine tenths of the steps, then down towards 1/1000."""
    long = 0.9 * steps
    if step < long:
        return (9 * (1 - 2 * abs(step / long - 0.5)) + 1) / 10
    return 0.1 + (step - long) / (0.1 * steps) * (0.001 - 0.1)


def norms(variable):
    """Of each row of the latent, or of a noise map."""
    axes = (-1,) if variable.shape[0] != 1 else (-2, -1)
    return np.sqrt((variable**2).sum(axes, keepdims=True) + EPSILON)


def search(network, settings, target, latent, noise):
    """Adam on the spheres. The trace has a row a step, before that step's update: l2, geocross, total."""
    shrink = jnp.asarray(bicubic(network.sizes[-1], settings["factor"]))
    fixed = [jnp.asarray(map) for map in noise[TRAINABLE:]]
    step_of = jax.jit(
        jax.value_and_grad(
            lambda variables: losses(network, shrink, target, settings["eps"], variables, fixed), has_aux=True
        )
    )
    variables = [np.array(latent)] + [np.array(map) for map in noise[:TRAINABLE]]
    radii = [norms(variable) for variable in variables]
    first = [np.zeros_like(variable) for variable in variables]
    second = [np.zeros_like(variable) for variable in variables]
    trace = []
    for step in range(settings["steps"]):
        (total, (l2, cross)), gradients = step_of(variables)
        trace.append([float(l2), float(cross), float(total)])
        rate = settings["lr"] * schedule(step, settings["steps"])
        for i, gradient in enumerate(np.asarray(gradient) for gradient in gradients):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.999 * second[i] + 0.001 * gradient**2
            mean, square = first[i] / (1 - 0.9 ** (step + 1)), second[i] / (1 - 0.999 ** (step + 1))
            variables[i] = variables[i] - rate * mean / (np.sqrt(square) + 1e-8)
            variables[i] = variables[i] / norms(variables[i]) * radii[i]
    return np.array(trace), variables


def coarse(array, every):
    """Every n-th pixel of every n-th row."""
    return array[..., ::every, ::every]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="what `pulse convert` makes of PULSE's three files")
    parser.add_argument("case", help="the case whose settings and target are taken")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="keep each n-th pixel of a row and each n-th row")
    arguments = parser.parse_args()

    network = Network(arguments.network)
    with safe_open(arguments.case, "np") as file:
        said = file.metadata()
        target = jnp.asarray(file.get_tensor("reference_lr")[0], jnp.float64)
    settings = {"eps": float(said["eps"]), "lr": float(said["lr"])}
    settings |= {"steps": int(said["steps"]), "factor": int(said["factor"])}

    random = np.random.default_rng(arguments.seed)
    normal = lambda *shape: random.standard_normal(shape).astype(np.float16)
    latent = normal(len(network.noise_sizes), network.tensors["gaussian_fit.mean"].shape[0])
    noise = [normal(1, size, size) for size in network.noise_sizes]
    noise[int(said["zeroed_noise"])][:] = 0
    # One number for a square of pixels.
    size = network.sizes[-1]
    cotangent = normal(3, size // arguments.every, size // arguments.every)
    spread = np.repeat(np.repeat(cotangent, arguments.every, 1), arguments.every, 2)

    start = [np.asarray(latent, np.float64), *(np.asarray(map, np.float64) for map in noise)]
    image, back = jax.vjp(lambda latent, *noise: network.image(latent, list(noise)), *start)
    latent_gradient, *noise_gradients = back(jnp.asarray(spread, jnp.float64))
    trace, last = search(network, settings, target, start[0], start[1:])

    single = lambda array: np.ascontiguousarray(np.asarray(array)[None], np.float32)
    arrays = {
        "latent": latent[None],
        "latent_grad": single(latent_gradient),
        "latent_last": single(last[0]),
        "image": single(coarse(image, arguments.every)),
        "image_cotangent": cotangent[None],
        "trace": trace.astype(np.float32),
    }
    for index, map in enumerate(noise):
        if index != int(said["zeroed_noise"]):
            arrays[f"noise.{index}"] = map[None]
    for index, gradient in enumerate(noise_gradients[:TRAINABLE]):
        arrays[f"noise.{index}_grad"] = single(gradient)
    about = {"seed": str(arguments.seed), "every": str(arguments.every), "made_by": "scripts/paper_trace.py"}
    save_file(arrays, arguments.out, said | about)


if __name__ == "__main__":
    main()
