"""A head of three ellipsoids, for tests that must not need the template."""

from functools import cache

import numpy as np


def inside(grid, radii):
    return sum(((g - n / 2) / r) ** 2 for g, n, r in zip(grid, grid.shape[1:], radii)) < 1


@cache
def phantom():
    """181 x 217 x 181 cubes of 1 mm, as the template has: skull, brain, and a dark hole in its right half."""
    grid = np.mgrid[:181, :217, :181].astype(np.float32)
    volume = np.zeros(grid.shape[1:], np.float32)
    volume[inside(grid, (78, 96, 85))] = 0.9
    volume[inside(grid, (72, 90, 79))] = 0.1
    volume[inside(grid, (68, 86, 75))] = 1.0
    hole = (grid[0] - 115) ** 2 + (grid[1] - 130) ** 2 + (grid[2] - 90) ** 2 < 14**2
    volume[hole] = 0.2
    return volume
