"""Sizes and shapes of parcels, at 10 m a pixel."""

from dataclasses import replace

import numpy as np
import pytest

from domains.land import simulate as land

HECTARE = 1e4 / land.CELL**2
"""Cells a hectare."""


def whole_parcels(parts):
    """Sizes in hectares of the parcels that do not touch the border."""
    border = set(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    sizes = np.bincount(parts.ravel()) / HECTARE
    return [sizes[i] for i in range(len(sizes)) if i not in border and sizes[i]]


def test_the_picture_is_640_metres_wide():
    assert land.PIXEL * land.SIZE == 640 and land.CELL * land.WIDTH == 640


@pytest.mark.parametrize("hectares", [0.5, 1, 2])
def test_parcels_have_the_median_size_that_is_asked_for(hectares):
    sizes = np.concatenate(
        [whole_parcels(land.divide(np.random.default_rng(i), hectares, lie=20)[0]) for i in range(8)]
    )
    assert np.median(sizes) == pytest.approx(hectares, rel=0.25)
    assert np.quantile(sizes, 0.95) < 4 * hectares


def test_sizes_of_fields_are_those_of_small_farms():
    sizes = [land.draw(np.random.default_rng(i)).field_size for i in range(300)]
    assert 0.4 <= min(sizes) and max(sizes) <= 5 and 1 < np.median(sizes) < 2


def test_parcels_have_straight_edges():
    """Parts of the plane cut by straight lines are convex: the middle of any two points of a parcel is in it."""
    parts, _ = land.divide(np.random.default_rng(1), 1.5, lie=35)
    random = np.random.default_rng(0)
    inside = total = 0
    for number in np.unique(parts):
        places = np.argwhere(parts == number)
        a, b = places[random.integers(0, len(places), (2, 100))]
        if len(places) > 100:
            middles = (a + b) // 2
            inside += (parts[middles[:, 0], middles[:, 1]] == number).sum()
            total += len(middles)
    assert inside / total > 0.99


def test_the_distance_to_an_edge_is_in_metres():
    parts, distance = land.divide(np.random.default_rng(2), 2, lie=0)
    changes = parts[:, 1:] != parts[:, :-1]
    assert distance[:, 1:][changes].max() <= land.CELL * 1.5
    assert distance.max() < 200


def test_lots_do_not_cross_blocks():
    blocks, _ = land.divide(np.random.default_rng(3), 1, lie=10)
    lots, _ = land.divide(np.random.default_rng(4), 0.08, lie=10, within=blocks)
    for lot in np.unique(lots):
        assert len(np.unique(blocks[lots == lot])) == 1
    assert lots.max() > 5 * blocks.max()


def test_towns_do_not_repeat():
    """No shift of a town by less than half of the picture looks like the town itself, as a lattice of houses would."""
    random = np.random.default_rng(6)
    parameters = replace(land.draw(random), town_density=-5)
    flat = np.zeros((land.WIDTH, land.WIDTH, 3))
    worst = 0
    for seed in range(4):
        town = land.town(flat, parameters, np.random.default_rng(seed), np.zeros(flat.shape[:2], bool))
        town = town.mean(2) - town.mean()
        alike = np.fft.irfft2(np.abs(np.fft.rfft2(town)) ** 2, s=town.shape)
        alike /= alike[0, 0]
        y, x = np.indices(alike.shape)
        far = np.hypot(np.minimum(x, land.WIDTH - x), np.minimum(y, land.WIDTH - y)) > 6
        worst = max(worst, alike[far].max())
    assert worst < 0.25


def test_water_is_level():
    """Relief shades land, and does not shade a sea."""
    random = np.random.default_rng(0)
    parameters = replace(land.draw(random), kind="coast", haze=0.0, lie=0)
    flat, steep = (land.render(replace(parameters, relief=r), np.random.default_rng(1)) for r in (0.0, 1.5))
    sea = flat[..., 2] > flat[..., 0] + 0.04
    inner = np.zeros_like(sea)
    inner[1:-1, 1:-1] = sea[1:-1, 1:-1] & sea[2:, 1:-1] & sea[:-2, 1:-1] & sea[1:-1, 2:] & sea[1:-1, :-2]
    assert inner.sum() > 300
    assert np.abs(steep - flat)[inner].max() < 0.02 < np.abs(steep - flat)[~sea].max()
