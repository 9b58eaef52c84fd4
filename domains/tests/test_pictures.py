"""What holds for every field."""

import numpy as np
import pytest

import domains
from domains import module, noise
from domains.pictures import SIZE, shrink, to_bytes

from .phantom import phantom


def simulate(field, seed):
    random = np.random.default_rng(seed)
    return module(field).picture(random, phantom()) if field == "brain" else module(field).picture(random)


@pytest.mark.parametrize("field", domains.FIELDS)
@pytest.mark.filterwarnings("error")
def test_pictures_are_finite_and_in_range(field):
    for seed in range(12):
        picture = simulate(field, seed)
        grey = field in ("black-holes", "brain")
        assert picture.shape == ((SIZE, SIZE) if grey else (SIZE, SIZE, 3))
        assert np.isfinite(picture).all()
        assert picture.min() >= 0 and picture.max() <= 1
        assert picture.std() > 0.005, "a picture shows something"


@pytest.mark.parametrize("field", [field for field in domains.FIELDS if field != "brain"])
def test_picture_i_of_seed_s_is_always_the_same(field):
    three = domains.pictures(field, 7, 3)
    assert three.dtype == np.uint8
    assert np.array_equal(domains.pictures(field, 7, 1, start=2)[0], three[2])
    assert not np.array_equal(three[0], three[1])
    assert not np.array_equal(domains.pictures(field, 8, 1)[0], three[0])


def test_pictures_of_the_brain_are_reproducible():
    assert np.array_equal(simulate("brain", 3), simulate("brain", 3))
    assert not np.array_equal(simulate("brain", 3), simulate("brain", 4))


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no such field"):
        domains.pictures("rooms", 1, 1)


def test_shrinking_is_the_mean_of_blocks():
    assert np.array_equal(shrink(np.arange(16.0).reshape(4, 4), 2), [[2.5, 4.5], [10.5, 12.5]])


def test_bytes_are_rounded_and_what_is_outside_is_refused():
    assert to_bytes(np.array([0, 0.5, 1])).tolist() == [0, 128, 255]
    for wrong in (np.nan, np.inf, -0.01, 1.01):
        with pytest.raises(ValueError, match="outside"):
            to_bytes(np.array([wrong]))


def test_a_random_field_has_the_slope_that_is_asked_for():
    random = np.random.default_rng(0)
    k = noise.wave_numbers(128, 128)
    power = sum(np.abs(np.fft.rfft2(noise.gaussian_field(random, 128, 3.0))) ** 2 for _ in range(20))
    wanted = (k > 0.03) & (k < 0.4)
    assert np.polyfit(np.log(k[wanted]), np.log(power[wanted]), 1)[0] == pytest.approx(-3, abs=0.05)
    field = noise.gaussian_field(random, 64, 2)
    assert field.mean() == pytest.approx(0, abs=1e-12) and field.std() == pytest.approx(1)
