"""Generators: native ones, torch modules, denoisers and plain functions."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

import pulse


def test_forward_and_vjp_of_a_native_generator(faces):
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2, *faces.inputs["z"])).astype(np.float32)
    pictures = faces.forward({"z": z})
    assert pictures.shape == (2, 64, 64, 3)
    assert faces.shape == (64, 64, 3)
    cotangent = rng.standard_normal(pictures.shape).astype(np.float32)
    gradient = faces.vjp({"z": z}, cotangent)["z"]
    direction = rng.standard_normal(z.shape).astype(np.float32)
    step = 1e-3
    moved = [faces.forward({"z": z + sign * step * direction}) for sign in (1, -1)]
    numeric = np.sum((moved[0].astype(np.float64) - moved[1]) * cotangent) / (2 * step)
    assert numeric == pytest.approx(np.sum(gradient * direction), rel=0.05)


def test_samples_are_those_of_their_seed(faces):
    a, b, c = faces.sample(2, seed=1), faces.sample(2, seed=1), faces.sample(2, seed=2)
    assert a.shape == (2, 64, 64, 3)
    assert np.array_equal(a, b)
    assert np.abs(a - c).mean() > 0.05
    assert np.abs(a[0] - a[1]).mean() > 0.05


def test_a_torch_module_is_a_generator(own, module, torch):
    z = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    with torch.no_grad():
        truth = (module(torch.from_numpy(z)).numpy() + 1) / 2
    assert np.allclose(own.forward({"z": z}), np.moveaxis(truth, 1, -1), atol=1e-5)
    assert repr(own) == "<pulse.Generator Sequential: Sequential, 16x16 with 3 channels>"
    tensor = torch.from_numpy(z).requires_grad_()
    cotangent = np.random.default_rng(1).standard_normal((3, 16, 16, 3)).astype(np.float32)
    sum_ = ((module(tensor) + 1) / 2 * torch.from_numpy(np.moveaxis(cotangent, -1, 1).copy())).sum()
    truth = torch.autograd.grad(sum_, tensor)[0].numpy()
    assert np.allclose(own.vjp({"z": z}, cotangent)["z"], truth, rtol=1e-4, atol=1e-5)


def test_a_torch_module_is_searched_judged_and_walked(own, tmp_path):
    target = pulse.Measurement("bicubic", small=(4, 4)).A(own.sample(1, seed=9)[0]).clip(0, 1)
    found = pulse.search(target, own, candidates=3)
    assert all(candidate.db > 45 and candidate.image.shape == (16, 16, 3) for candidate in found)
    assert found.projected
    assert all(candidate.verdict in ("known", "stretched", "unknown") for candidate in found)
    assert found.spread["random"] > 0
    assert len(found.directions(0, 1, frames=3)[0]) == 3
    assert len(found.path(0, 1, frames=3)) == 3
    assert len(found.more(1)) == 4
    folder = found.save(tmp_path / "run")
    opened = pulse.open(folder, own)
    assert np.abs(opened.images - found.images).max() < 1e-3
    with pytest.raises(pulse.PulseError, match="where that lies is not recorded"):
        pulse.open(folder)


def test_a_module_has_the_gradient_of_its_candidates_alone(own, torch):
    """Rows do not mix: a batch gives what each row gives by itself, to rounding."""
    z = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    apart = np.concatenate([own.forward({"z": row[None]}) for row in z])
    assert np.allclose(own.forward({"z": z}), apart, atol=1e-5)


def test_a_callable_is_a_generator():
    rng = np.random.default_rng(0)
    matrix = (rng.standard_normal((6, 8 * 8 * 3)) / 3).astype(np.float32)

    def forward(z):
        return np.tanh(z @ matrix).reshape(-1, 8, 8, 3)

    def vjp(z, cotangent):
        return (cotangent.reshape(len(z), -1) * (1 - np.tanh(z @ matrix) ** 2)) @ matrix.T

    generator = pulse.Generator.from_callable(forward, vjp, {"z": (6,)}, name="linear")
    truth = generator.sample(1, seed=4)[0]
    small = pulse.Measurement("area", small=(4, 4)).A(truth).clip(0, 1)
    found = pulse.search(small, generator, measurement="area", candidates=2)
    assert all(candidate.db > 45 for candidate in found)


def test_a_torch_denoiser_is_sampled(torch):
    """Of a standard normal prior the denoiser is known: x / (1 + sigma²)."""

    class Normal(torch.nn.Module):
        def forward(self, x, sigma):
            return 0.5 + (x - 0.5) * 0.04 / (0.04 + sigma.reshape(-1, 1, 1, 1) ** 2)

    generator = pulse.Generator.from_denoiser(Normal(), (3, 8, 8), (0.002, 20.0))
    assert generator.denoises
    small = np.full((2, 2, 3), 0.5, np.float32)
    found = pulse.search(small, generator, candidates=4, steps=12)
    assert all(candidate.db > 45 for candidate in found)
    deviation = found.images.std()
    assert 0.1 < deviation < 0.3


def test_what_a_module_gives_has_to_be_pictures(torch):
    with pytest.raises(pulse.PulseError, match="gave the shape"):
        pulse.Generator.from_torch(torch.nn.Linear(8, 4), {"z": (8,)})
    four = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.Unflatten(1, (4, 4, 4)))
    with pytest.raises(pulse.PulseError, match="pictures of 4 channels"):
        pulse.Generator.from_torch(four, {"z": (8,)})


def test_an_exception_in_a_module_comes_back_as_itself(module, torch, few):
    calls = []

    class Failing(torch.nn.Module):
        def forward(self, z):
            calls.append(len(z))
            if len(calls) > 6:
                raise ZeroDivisionError("in the module")
            return module(z)

    generator = pulse.Generator.from_torch(Failing(), {"z": (8,)})
    with pytest.raises(ZeroDivisionError, match="in the module"):
        pulse.search(np.full((4, 4, 3), 0.5), generator, **few)
    # Nothing is asked of it again, but once for what was found.
    assert len(calls) <= 8
    # The generator works as before once the module does.
    calls.clear()
    assert generator.sample(1).shape == (1, 16, 16, 3)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_a_clear_error(number, module, torch, few):
    calls = []

    class Broken(torch.nn.Module):
        def forward(self, z):
            calls.append(0)
            return module(z) * (number if len(calls) > 5 else 1)

    generator = pulse.Generator.from_torch(Broken(), {"z": (8,)})
    words = r"what forward of the generator Broken gave holds (NaN|-?inf) in row \d: every number must be finite"
    with pytest.raises(pulse.PulseError, match=words) as caught:
        pulse.search(np.full((4, 4, 3), 0.5), generator, **few)
    assert caught.value.kind == "inputs"


def test_a_wrong_shape_or_type_from_a_callable_is_a_sentence(few):
    shapes = [(1, 8, 8, 3)]

    def forward(z):
        return np.zeros(shapes[0] if len(z) == 1 else (len(z), 4, 4, 3), np.float32)

    generator = pulse.Generator.from_callable(forward, lambda z, c: np.zeros_like(z), {"z": (6,)})
    with pytest.raises(pulse.PulseError, match=r"is of shape \[2, 3, 4, 4\], and not \[2, 3, 8, 8\]"):
        pulse.search(np.full((4, 4, 3), 0.5), generator, **few)
    good = np.zeros
    generator = pulse.Generator.from_callable(lambda z: good((len(z), 8, 8, 3)), lambda z, c: "no", {"z": (6,)})
    with pytest.raises(pulse.PulseError, match="no array of numbers"):
        pulse.search(np.full((4, 4, 3), 0.7), generator, **few)
    two = pulse.Generator.from_callable(lambda z: good((len(z), 8, 8, 3)), lambda z, c: (z, z), {"z": (6,)})
    with pytest.raises(pulse.PulseError, match="gave 2 gradients for 1 arguments"):
        pulse.search(np.full((4, 4, 3), 0.7), two, **few)


def test_a_module_that_detaches_is_named(torch, few):
    class Detached(torch.nn.Module):
        def forward(self, z):
            return torch.zeros(len(z), 3, 8, 8)

    generator = pulse.Generator.from_torch(Detached(), {"z": (8,)})
    with pytest.raises(pulse.PulseError, match="is it detached"):
        pulse.search(np.full((4, 4, 3), 0.5), generator, **few)


def test_an_onnx_model_is_a_generator_and_is_told_what_its_file_does_not_say():
    models = Path(__file__).parents[3] / "crates/pulse/tests/fixtures/onnx"
    generator = pulse.Generator.open(models / "dcgan.onnx")
    assert generator.forward({"z": np.zeros((1, 24), np.float32)}).shape[0] == 1
    other = pulse.Generator.open(models / "style2_noise_dynamo20.onnx", latent="noise4", range=(0, 1))
    assert [name for name in other.inputs if name == "noise4"]
    with pytest.raises(pulse.PulseError, match="no input `w`"):
        pulse.Generator.open(models / "style2_noise_dynamo20.onnx", latent="w")
    with pytest.raises(pulse.PulseError, match="no ONNX model"):
        pulse.Generator.open("faces", range=(0, 1))


def test_a_name_is_looked_for_in_the_folder_of_models(example, tmp_path, monkeypatch):
    """As `--generator NAME` of the program finds it."""
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(ROOT / "models" / "dcgan_faces_f16.safetensors", models / "mine.safetensors")
    monkeypatch.setenv("PULSE_MODELS", str(models))
    monkeypatch.chdir(tmp_path)
    theirs = pulse.search(example, "mine", candidates=1, steps=2)
    assert np.array_equal(theirs.images, pulse.search(example, "faces", candidates=1, steps=2).images)
    # A run names its generator, and not where that lies.
    again = pulse.open(theirs.save(tmp_path / "run"))
    assert np.array_equal(again[0].pil, theirs[0].pil)
    with pytest.raises(pulse.PulseError, match="pulse models get ddpm-celebahq-256") as failure:
        pulse.Generator.open("ddpm-celebahq-256")
    assert failure.value.kind == "generator"
    monkeypatch.setenv("PULSE_MODELS", str(tmp_path / "nothing"))
    with pytest.raises(pulse.PulseError, match="mine"):
        pulse.Generator.open("mine")
