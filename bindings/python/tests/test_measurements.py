"""Measurements by their text, and one's own."""

import numpy as np
import pytest

import pulse

SHARP, SMALL = (16, 16, 3), (4, 4)


@pytest.mark.parametrize("text", ["bicubic", "area", "gaussian:1.5,bicubic", "gray,area"])
def test_the_adjoint_and_the_pseudo_inverse_are_what_they_say(text):
    measurement = pulse.Measurement(text, picture=SHARP, small=SMALL)
    random = np.random.default_rng(0)
    x = random.random(SHARP)
    y = measurement.A(x)
    assert y.shape == (4, 4, 1 if "gray" in text else 3)
    u = random.random(y.shape)
    assert np.sum(y * u) == pytest.approx(np.sum(x * measurement.A_adjoint(u)), rel=1e-4)
    back = measurement.A_dagger(y)
    assert np.abs(measurement.A(back) - y).max() < 1e-4
    # The smallest: nothing of it is invisible to A.
    assert np.sum(back * (back - x)) == pytest.approx(0, abs=0.05)


def block(x):
    return x.reshape(4, 4, 4, 4, 3).mean((1, 3))


def block_adjoint(y):
    return np.repeat(np.repeat(y, 4, 0), 4, 1) / 16


def test_functions_are_a_measurement(own):
    measurement = pulse.Measurement.from_callable(block, block_adjoint, SHARP, name="blocks")
    small = block(own.sample(1, seed=3)[0]).clip(0, 1)
    found = pulse.search(small, own, measurement=measurement, candidates=2)
    text = pulse.search(small, own, measurement="area", candidates=2)
    assert all(candidate.db > 45 for candidate in found)
    assert found.measurement == "blocks"
    assert np.abs(found.images - text.images).max() < 1e-2


def test_what_is_not_adjoint_is_refused():
    with pytest.raises(pulse.PulseError, match="A_adjoint is not the adjoint of A"):
        pulse.Measurement.from_callable(block, lambda y: 16 * block_adjoint(y), SHARP)
    with pytest.raises(pulse.PulseError, match="A is not linear"):
        pulse.Measurement.from_callable(lambda x: block(x) ** 2, block_adjoint, SHARP)


def test_what_is_not_linear_is_searched_without_a_projection(own, torch):
    def curve(x):
        return torch.nn.functional.avg_pool2d(x, 4) ** 2

    measurement = pulse.Measurement.from_torch(curve, (3, 16, 16), name="curve")
    assert not measurement.linear
    sharp = torch.from_numpy(np.moveaxis(own.sample(1, seed=5)[0].clip(0, 1), -1, 0).copy())[None]
    found = pulse.search(curve(sharp), own, measurement=measurement, candidates=2)[0]
    assert not found.projected
    assert all(candidate.moved == 0 for candidate in found)
    assert found[0].db > 30
    with pytest.raises(pulse.PulseError, match="no pseudo-inverse"):
        measurement.A_dagger(np.zeros((4, 4, 3)))


def test_a_run_with_a_measurement_of_ones_own_needs_it(own, tmp_path):
    measurement = pulse.Measurement.from_callable(block, block_adjoint, SHARP, name="blocks")
    small = block(own.sample(1, seed=3)[0]).clip(0, 1)
    folder = pulse.search(small, own, measurement=measurement, candidates=2).save(tmp_path / "run")
    assert len(pulse.open(folder, own, measurement)) == 2
    with pytest.raises(pulse.PulseError, match="it has to be given"):
        pulse.open(folder, own)


def test_sizes_that_are_not_known_are_asked_for():
    with pytest.raises(pulse.PulseError, match="the size of the small picture is not known"):
        pulse.Measurement("bicubic").A(np.zeros(SHARP))
    with pytest.raises(pulse.PulseError, match="the size of the sharp picture is not known"):
        pulse.Measurement("bicubic").A_adjoint(np.zeros((4, 4, 3)))
    with pytest.raises(pulse.PulseError, match="it is of shape"):
        pulse.Measurement("bicubic", picture=SHARP, small=SMALL).A(np.zeros((8, 8, 3)))
