"""Sizes of nuclei and cells, in micrometres."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import label

from domains.cells import simulate as cells

AREA = cells.STEP**2


def test_ranges_are_those_of_mammals_cells():
    drawn = [cells.draw(np.random.default_rng(i)) for i in range(200)]
    nuclei = 2 * np.array([parameters.nucleus_radius for parameters in drawn])
    bodies = 2 * np.array([parameters.cell_radius for parameters in drawn])
    assert 8 <= nuclei.min() and nuclei.max() <= 17 and 11 < np.median(nuclei) < 14
    assert 12 < bodies.min() and bodies.max() < 52
    assert (bodies > 1.5 * nuclei).all()


def test_a_drawn_nucleus_has_its_size():
    areas = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        parameters = replace(cells.draw(random), nucleus_radius=6.0)
        inside, _ = cells.nucleus(parameters, random, np.array([32.0, 32.0]))
        areas.append((inside > 0.5).sum() * AREA)
    diameters = 2 * np.sqrt(np.array(areas) / np.pi)
    assert np.median(diameters) == pytest.approx(12, rel=0.08)
    assert (diameters > 7).all() and (diameters < 18).all()


def test_single_nuclei_in_a_picture_have_their_size():
    """Measured as one would in a picture of nuclei alone: threshold, connected areas, those that touch no border."""
    diameters = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        parameters = replace(
            cells.draw(random), nucleus_radius=5.0, distance=16.0, nuclei=8, white=True, blur=0.35, photons=400
        )
        picture = cells.render(parameters, random)[..., 0]
        areas, count = label(picture > 0.3)
        border = set(np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]]))
        sizes = np.bincount(areas.ravel())
        diameters += [2 * np.sqrt(sizes[i] / np.pi) for i in range(1, count + 1) if i not in border and sizes[i] > 12]
    assert len(diameters) > 20
    assert np.median(diameters) * cells.PIXEL == pytest.approx(10, rel=0.15)


def test_a_lone_cell_has_its_size():
    random = np.random.default_rng(1)
    parameters = replace(cells.draw(random), nuclei=1, cell_radius=15.0)
    while True:
        places = cells.places(parameters, np.random.default_rng(random.integers(1000)))
        if (np.abs(places[0] - 32) < 12).all():
            break
    x, y = cells.coordinates()
    body = cells.soft(15.0 - np.hypot(x - places[0][0], y - places[0][1]), 1.25)
    assert 2 * np.sqrt((body > 0.5).sum() * AREA / np.pi) == pytest.approx(30, rel=0.02)


def test_nuclei_keep_their_distance():
    random = np.random.default_rng(0)
    parameters = replace(cells.draw(random), distance=12.0, nuclei=21)
    places = cells.places(parameters, random)
    between = np.hypot(*(places[:, None] - places[None]).T)
    assert between[~np.eye(len(places), dtype=bool)].min() > 12


def test_photons_are_counted():
    """The variance of a pixel, before the display's power of 0.8, is its mean over the number of photons a white pixel has."""
    parameters = replace(cells.draw(np.random.default_rng(0)), nuclei=1, white=True, blur=0.5, nucleus_radius=8.0)

    def spread(photons):
        # The same shapes: their random numbers come first. Only the count of photons differs.
        few, many = (
            cells.render(replace(parameters, photons=p), np.random.default_rng(5)) ** 1.25 for p in (photons, 1e7)
        )
        lit = (many > 0.3) & (many < 0.8)
        return ((few - many)[lit] ** 2 / many[lit]).mean()

    pixel = cells.FINE**2  # a pixel is the mean of so many counts
    assert spread(100) == pytest.approx(1 / (100 * pixel), rel=0.2)
    assert spread(400) == pytest.approx(1 / (400 * pixel), rel=0.2)


def test_a_picture_without_a_cell_stays_dark():
    assert cells.microscope(np.zeros((cells.WIDTH, cells.WIDTH)), 0.5).max() == 0
