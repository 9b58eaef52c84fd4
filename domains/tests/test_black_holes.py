"""Known values of light around a Schwarzschild black hole."""

from dataclasses import replace

import numpy as np
import pytest

from domains.black_holes import simulate as bh
from domains.pictures import SIZE

PLAIN = bh.Parameters(
    inclination=0, position_angle=0, clockwise=False, field_of_view=20, inner_radius=2.2, outer_radius=22, slope=2.5,
    spectral_index=1, turbulence=0, turbulence_slope=2, shear=1,
)
"""A smooth disc, seen face-on."""


def light(parameters, **options):
    return bh.intensity(parameters, np.random.default_rng(0), **options)


def distance_from_centre(parameters):
    places = (np.arange(SIZE) + 0.5 - SIZE / 2) * parameters.field_of_view / SIZE
    return np.hypot(places[:, None], places[None])


def test_rays_inside_of_the_critical_curve_fall_in_and_others_escape():
    b, radius, inward = bh.rays()
    last = radius.shape[1] - 1 - np.argmax(radius[:, ::-1] > 0, 1)  # before it has left, or the table ends
    falls_in = inward[np.arange(len(b)), last]
    assert b[falls_in].max() == pytest.approx(np.sqrt(27), abs=1e-3)
    assert b[~falls_in].min() == pytest.approx(np.sqrt(27), abs=1e-3)
    closest = np.where(radius > 0, radius, np.inf).min(1)
    assert closest[~falls_in].min() > 2.99, "no ray comes back from inside of the photon sphere, r = 3"


def test_the_turning_point_is_where_the_equation_of_motion_says():
    """A ray turns where b² = r³ / (r - 2)."""
    b, radius, _ = bh.rays()
    for i in np.flatnonzero(b > 5.5)[::10]:
        nearest = np.where(radius[i] > 0, radius[i], np.inf).min()
        assert np.sqrt(nearest**3 / (nearest - 2)) == pytest.approx(b[i], rel=1e-3)


def test_direct_image_of_a_ring_seen_face_on():
    """To 1%, light from radius r reaches the impact parameter sqrt(r (r + 2)) (Beloborodov 2002, equation 1)."""
    b, radius, _ = bh.rays()
    quarter = round(np.pi / 2 / bh.STEP)
    for r in (8, 10, 15):
        order = np.argsort(radius[:, quarter])
        assert np.interp(r, radius[order, quarter], b[order]) == pytest.approx(np.sqrt(r * (r + 2)), rel=0.01)


def test_the_photon_ring_is_on_the_critical_curve():
    """The critical curve's diameter is 2 sqrt(27) GM/c²: the third crossing's light is on it, to less than a pixel."""
    assert 2 * bh.CRITICAL == pytest.approx(10.392, abs=1e-3)
    for width in (18, 20, 28):
        parameters = replace(PLAIN, field_of_view=width)
        ring = light(parameters, crossings=[2])
        diameter = 2 * (ring * distance_from_centre(parameters)).sum() / ring.sum()
        assert diameter == pytest.approx(2 * np.sqrt(27), abs=0.5 * width / SIZE)


def test_the_ring_stays_round_and_even_where_pixels_cut_it():
    """Face-on and without turbulence the ring's light is the same in every direction: no steps, no gaps."""
    ring = light(PLAIN, crossings=[1, 2])
    places = np.arange(SIZE) + 0.5 - SIZE / 2
    direction = np.arctan2(places[:, None], places[None])
    sectors = np.bincount(((direction + np.pi) / (2 * np.pi) * 16).astype(int).ravel(), ring.ravel())
    assert sectors.std() / sectors.mean() < 0.05


def test_the_shadow_is_dark():
    """Inside of the direct image of the disc's inner edge (b = 2.9 for r = 2) nothing is seen."""
    picture = light(PLAIN)
    assert picture[distance_from_centre(PLAIN) < 2.3].max() < 0.01 * picture.max()


def test_the_approaching_side_is_brighter():
    """Counterclockwise, with the axis up and turned towards the observer, the left side comes nearer."""
    tilted = replace(PLAIN, inclination=60)
    left, right = np.split(light(tilted), 2, axis=1)
    assert left.sum() > 2 * right.sum()
    left, right = np.split(light(replace(tilted, clockwise=True)), 2, axis=1)
    assert right.sum() > 2 * left.sum()
    up, down = np.split(light(replace(tilted, position_angle=-90)), 2, axis=0)
    assert up.sum() > 2 * down.sum(), "the picture turns as it should"
    left, right = np.split(light(PLAIN), 2, axis=1)
    assert left.sum() == pytest.approx(right.sum(), rel=1e-3)


def test_redshift_of_orbits():
    r = np.array([6.0, 10.0, 30.0])
    face_on = bh.redshift(r, 0, np.sqrt(r * (r + 2)), True)
    assert face_on == pytest.approx(np.sqrt(1 - 3 / r))
    assert face_on[0] == pytest.approx(np.sqrt(1 / 2))


def test_redshift_has_no_step_at_the_innermost_stable_orbit_and_ends_at_the_horizon():
    b = np.array([4.0, 4.0])
    outside, inside = bh.redshift(np.array([6.0, 6 - 1e-9]), 2.0, b, True)
    assert inside == pytest.approx(outside, rel=1e-3)
    assert bh.redshift(np.array([2.0001]), 0, 3.0, True)[0] < 1e-3


def test_the_picture_is_proportional_to_intensity():
    random = np.random.default_rng(3)
    parameters = bh.draw(random)
    picture = bh.render(parameters, np.random.default_rng(4))
    bare = bh.intensity(parameters, np.random.default_rng(4))
    dim = picture < 1
    assert dim.sum() >= picture.size - 9
    assert picture[dim] == pytest.approx(bare[dim] * (picture[dim].max() / bare[dim].max()))
