"""Sérsic profiles, and how far out half of the light is."""

from dataclasses import replace

import numpy as np
import pytest

from domains.galaxies import simulate as galaxies


@pytest.mark.parametrize("index", [0.5, 1, 2, 4, 6])
def test_half_of_the_light_is_within_the_half_light_radius(index):
    r = np.geomspace(1e-6, 1e5, 400_000)
    light = np.concatenate([[0], np.cumsum(np.diff(r) * (r * galaxies.sersic(r, 3.0, index))[1:])])
    assert np.interp(3.0, r, light) / light[-1] == pytest.approx(0.5, abs=2e-3 if index >= 1 else 5e-3)


def test_index_1_is_an_exponential_and_a_half_a_gaussian():
    r = np.linspace(0, 10, 50)
    scale = 3.0 / 1.67835  # half of an exponential disc's light is within 1.678 scale lengths
    profile = galaxies.sersic(r, 3.0, 1)
    assert profile / profile[0] == pytest.approx(np.exp(-r / scale), rel=0.02)
    width = 3.0 / np.sqrt(2 * np.log(2))
    profile = galaxies.sersic(r, 3.0, 0.5)
    assert profile[:20] / profile[0] == pytest.approx(np.exp(-(r[:20] ** 2) / (2 * width**2)), rel=0.05)


def galaxy(kind, **changes):
    random = np.random.default_rng(0)
    while (parameters := galaxies.draw(random)).type != kind:
        pass
    return replace(parameters, x=0, y=0, neighbours=(), **changes)


def test_a_drawn_elliptical_has_half_of_its_light_within_its_half_light_radius():
    parameters = galaxy("elliptical", size=8.0, index=2.0, axis_ratio=0.6, position_angle=30)
    light = galaxies.light(parameters, np.random.default_rng(0)).sum(2)
    u, v = galaxies.ellipse(*galaxies.coordinates(), 30)
    radius = np.hypot(u, v / 0.6)
    order = np.argsort(radius.ravel())
    grown = np.cumsum(light.ravel()[order])
    # The picture's corners hold all but some percent of the light; the softened cusp moves little.
    assert np.interp(0.5, grown / grown[-1], radius.ravel()[order]) == pytest.approx(0.75 * 8, rel=0.05)


def test_a_drawn_elliptical_has_its_axis_ratio_and_position_angle():
    parameters = galaxy("elliptical", size=6.0, index=2.0, axis_ratio=0.5, position_angle=30)
    light = galaxies.light(parameters, np.random.default_rng(0)).sum(2)
    x, y = galaxies.coordinates()
    near = np.hypot(x, y) < 25
    light = light * near
    xx, yy, xy = ((light * a).sum() / light.sum() for a in (x * x, y * y, x * y))
    assert np.rad2deg(0.5 * np.arctan2(2 * xy, xx - yy)) == pytest.approx(30, abs=1)
    small, large = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
    assert np.sqrt(small / large) == pytest.approx(0.5, abs=0.06)


def test_seeing_keeps_the_light():
    """A blur moves light and loses none: the sky around a galaxy must not go below its level."""
    parameters = galaxy("elliptical", size=6.0, index=2.0, noise=0.0, sky=0.0)
    sharp = galaxies.render(replace(parameters, seeing=0.4), np.random.default_rng(0))
    blurred = galaxies.render(replace(parameters, seeing=1.0), np.random.default_rng(0))
    assert blurred[0, 0].min() > 0 and sharp[0, 0].min() > 0
    assert blurred.sum() == pytest.approx(sharp.sum(), rel=0.1)


def test_ellipticals_are_red_and_discs_turn_blue_outwards():
    light = galaxies.light(galaxy("elliptical"), np.random.default_rng(0)).sum((0, 1))
    assert light[0] > light[1] > light[2]
    light = galaxies.light(galaxy("spiral", bulge=0, size=8.0, bar=0), np.random.default_rng(0))
    x, y = galaxies.coordinates()
    ratio = lambda where: light[where][:, 2].sum() / light[where][:, 0].sum()
    assert ratio(np.hypot(x, y) > 12) > ratio(np.hypot(x, y) < 3)


def test_the_stretch_keeps_hues_and_stays_within_1():
    image = np.random.default_rng(0).uniform(0, 5, (8, 8, 3))
    shown = galaxies.stretched(image, 6.0)
    assert shown.max() <= 1
    assert shown / shown.sum(2, keepdims=True) == pytest.approx(image / image.sum(2, keepdims=True))
    assert galaxies.stretched(np.zeros((2, 2, 3)), 6.0).max() == 0, "black stays black, and finite"
