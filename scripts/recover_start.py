"""Finds a start from which the original PULSE's picture of `pulse_r32_case` follows, whose own latent the file lost.

    pulse convert crates/pulse/tests/fixtures/pulse_r32 network.safetensors
    python scripts/recover_start.py network.safetensors crates/pulse/tests/fixtures/pulse_r32_case.safetensors \
        crates/pulse/tests/fixtures/pulse_r32_recovered_start.safetensors

Needs numpy, safetensors and jax (CPU).

The case has the picture at the start and the noise maps of the start, but under `latent0` the latent that the search
ended at. Of the start that one tells the norms, which the search keeps. Least squares over the 8 rows of 32 numbers
against the 3072 of the picture: first Adam from several draws on those norms, then damped Gauss-Newton with the norms
as further residuals, then damped Gauss-Newton in `ws`, against nothing but the picture.

The picture determines rows 0 to 6. Of row 7 it cannot show 13 directions: the last layer makes 16 scales and, through
three colours, 3 sums of 16 shifts of it. No derivative at the start shows them either, but for the slope of the leaky
ReLU in front of `ws`, which is 1 or 0.2 as a number of row 7 is positive or negative. The case's `latent_grad` shows
that slope; so the hidden part of row 7 is taken to be a small one with those signs, near the known norm. It is a guess.
The gradients of the case are used for nothing else.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

from paper_trace import Network

DRAWS = 16
STEPS = 400
NORM_WEIGHT = 3  # of a norm among the residuals


class RowsNetwork(Network):
    """The network from `ws` on."""

    def ws(self, latent):
        return latent


def adam(error, norms, start):
    """Steps on the spheres of the given norms, from several starts at once; the last ones, best first."""
    on_spheres = lambda x: x / jnp.sqrt((x**2).sum(-1, keepdims=True) + 1e-9) * norms
    step_of = jax.jit(jax.vmap(jax.value_and_grad(lambda x: error(on_spheres(x)))))
    x = np.array(start)
    first, second = np.zeros_like(x), np.zeros_like(x)
    for step in range(STEPS):
        errors, gradient = map(np.asarray, step_of(x))
        first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
        mean, square = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.99 ** (step + 1))
        rate = 0.15 * min(1, 2 * (1 - step / STEPS))
        x = np.asarray(on_spheres(x - rate * mean / (np.sqrt(square) + 1e-9)))
    return x[errors.argsort()]


def gauss_newton(residual, start, steps):
    """Damped as Levenberg does, until no damping helps; the last point and its residual's root mean square."""
    value = jax.jit(lambda x: residual(x.reshape(start.shape)))
    jacobian = jax.jit(jax.jacfwd(lambda x: residual(x.reshape(start.shape))))
    x, damping = np.ravel(start).astype(np.float64), 1e-4
    r = np.asarray(value(x))
    for _ in range(steps):
        j = np.asarray(jacobian(x))
        normal = j.T @ j
        scale = np.diag(normal).mean()
        for _ in range(40):
            step = np.linalg.solve(normal + damping * scale * np.eye(x.size), j.T @ r)
            moved = np.asarray(value(x - step))
            if moved @ moved < r @ r:
                break
            damping *= 4
        else:
            break
        x, r, damping = x - step, moved, max(damping / 5, 1e-13)
        if np.linalg.norm(step) < 1e-9:
            break
    return x.reshape(start.shape), np.sqrt((r**2).mean())


def hidden_directions(network):
    """Orthonormal directions of the last row that change neither its scales nor what its shifts give the colours."""
    style = np.asarray(network.tensors["synthesis.blocks.32x32.epi2.style_mod.lin.weight"])
    colours = np.asarray(network.tensors["synthesis.torgb.weight"])[:, :, 0, 0]
    scale, shift = np.split(style, 2)
    shown = np.concatenate([scale, colours @ shift])
    return np.linalg.svd(shown)[2][len(shown) :]


def with_signs(row, signs, hidden, latent_of, norm):
    """The row moved along hidden directions, until its numbers have the signs and its latent about the norm."""
    margin = 0.01

    def residual(a):
        moved = row + a @ hidden
        latent = latent_of(moved, signs)
        wrong = jnp.maximum(0, margin - signs * moved)
        return jnp.concatenate([100 * wrong, jnp.sqrt((latent**2).sum(keepdims=True)) - norm, 1e-4 * a])

    a, _ = gauss_newton(residual, np.zeros(len(hidden)), 200)
    moved = row + a @ hidden
    assert (np.sign(moved) == signs).all()
    return moved


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="what `pulse convert` makes of PULSE's three files")
    parser.add_argument("case", help="the case whose start is looked for")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    network, case = Network(arguments.network), load_file(arguments.case)
    noise = [jnp.asarray(case[f"noise0.{i}"][0], jnp.float64) for i in range(8)]
    noise[7] = jnp.zeros_like(noise[7])
    wanted = 2 * jnp.asarray(case["image"][0], jnp.float64) - 1
    last = case["latent_final"][0].astype(np.float64)
    norms = np.sqrt((last**2).sum(-1, keepdims=True))
    mean, std = (np.asarray(network.tensors[f"gaussian_fit.{name}"]) for name in ("mean", "std"))
    latent_of = lambda ws, signs: (jnp.where(signs < 0, 5 * ws, ws) - mean) / std

    picture_error = lambda latent: (network.image(latent, noise) - wanted).ravel()
    norm_error = lambda latent: jnp.sqrt((latent**2).sum(-1)) - norms[:, 0]
    both = lambda latent: jnp.concatenate([picture_error(latent), NORM_WEIGHT * norm_error(latent)])
    draws = np.random.default_rng(arguments.seed).standard_normal((DRAWS, *last.shape))
    draws[0] = last
    near = adam(lambda latent: (picture_error(latent) ** 2).mean(), norms, draws)[:4]
    latent, error = min((gauss_newton(both, draw, 40) for draw in near), key=lambda found: found[1])
    print(f"near: {error:.1e}", flush=True)
    latent, error = gauss_newton(both, latent, 400)
    print(f"with the norms: {error:.1e}", flush=True)

    from_ws = RowsNetwork(arguments.network)
    rows_error = lambda ws: (from_ws.image(ws, noise) - wanted).ravel()
    ws, error = gauss_newton(rows_error, np.asarray(network.ws(latent)), 200)
    print(f"the picture alone: {error:.1e}", flush=True)

    _, back = jax.vjp(lambda ws: from_ws.image(ws, noise) / 2, jnp.asarray(ws))
    (gradient,) = back(jnp.asarray(case["image_cotangent"][0], jnp.float64))
    slope = case["latent_grad"][0] / (np.asarray(gradient) * std)
    signs = np.where(slope > 0.6, 1, -1)
    print("signs that the slopes confirm, by row:", (signs == np.sign(ws)).sum(-1))
    ws[7] = with_signs(ws[7], signs[7], hidden_directions(network), latent_of, norms[7, 0])
    latent = np.asarray(latent_of(ws, np.sign(ws)))
    print("norms over those of the case:", np.sqrt((latent**2).sum(-1)) / norms[:, 0])
    about = {"made_by": "scripts/recover_start.py", "hidden": "13 directions of row 7 are a guess"}
    save_file({"latent": np.ascontiguousarray(latent[None], np.float32)}, arguments.out, about)


if __name__ == "__main__":
    main()
