"""The reconstruction for deepinv."""

import numpy as np
import pytest

import pulse

torch = pytest.importorskip("torch", reason="torch is not installed: deepinv was not tested")
deepinv = pytest.importorskip("deepinv", reason="deepinv is not installed: its physics were not tested")


@pytest.fixture(scope="module")
def truth(own):
    sharp = own.sample(2, seed=11).clip(0, 1)
    return torch.from_numpy(np.moveaxis(sharp, -1, 1).copy())


def physics_of(name):
    from deepinv import physics

    if name == "downsampling":
        return physics.Downsampling(img_size=(3, 16, 16), filter="bicubic", factor=4, padding="circular")
    if name == "inpainting":
        mask = torch.ones(3, 16, 16)
        mask[:, 4:12, 4:12] = 0
        return physics.Inpainting((3, 16, 16), mask=mask)
    return physics.Blur(deepinv.physics.blur.gaussian_blur(sigma=(1, 1)), padding="circular")


@pytest.mark.parametrize("name", ["downsampling", "inpainting", "blur"])
def test_candidates_are_what_the_physics_measured(name, own, truth):
    from pulse.deepinv import Pulse

    physics = physics_of(name)
    y = physics.A(truth).clamp(0, 1)
    model = Pulse(own, candidates=3, well_conditioned=name != "blur")
    assert isinstance(model, deepinv.models.Reconstructor)
    posterior = model.sample(y, physics)
    assert posterior.candidates.shape == (2, 3, 3, 16, 16)
    for candidate in posterior.candidates.unbind(1):
        assert ((physics.A(candidate) - y) ** 2).mean() < 10**-4.4
    assert torch.allclose(posterior.mean, posterior.candidates.mean(1))
    assert torch.allclose(posterior.variance, posterior.candidates.var(1))
    assert torch.allclose(model(y, physics), posterior.mean)
    assert all(found.projected for found in model.ranges(y[:1], physics))


def test_a_module_is_taken_as_it_is(module, truth):
    from pulse.deepinv import Pulse

    physics = physics_of("downsampling")
    model = Pulse(module, candidates=2, latent=(8,), steps=20)
    assert model(physics.A(truth).clamp(0, 1), physics).shape == (2, 3, 16, 16)
    with pytest.raises(ValueError, match="latent is the shape"):
        Pulse(module)


def test_numbers_that_are_no_picture_are_measured_all_the_same(own, truth):
    from pulse.deepinv import Pulse

    class Differences(deepinv.physics.LinearPhysics):
        def A(self, x, **_):
            return torch.cat([x.diff(dim=-1), x.diff(dim=-1)], 1)[..., ::2]

    y = Differences().A(truth)
    assert y.min() < 0
    assert y.shape[1] == 6
    candidates = Pulse(own, candidates=2).sample(y[:1], Differences()).candidates
    for candidate in candidates.unbind(1):
        scale = float(y.max() - y.min())
        assert ((Differences().A(candidate) - y[:1]) ** 2).mean() < scale**2 * 10**-4


def test_settings_are_those_of_a_search(own):
    from pulse.deepinv import Pulse

    with pytest.raises(pulse.PulseError, match="0 candidates"):
        Pulse(own, candidates=0)(torch.zeros(1, 3, 4, 4), physics_of("downsampling"))
