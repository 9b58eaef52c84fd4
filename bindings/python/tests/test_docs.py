"""Every recipe of the guide runs."""

import re
import shutil

import numpy as np
import PIL.Image
import pytest
from conftest import ROOT

GUIDE = (ROOT / "docs" / "python.md").read_text()
RECIPES = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
NEEDS = ("torch", "deepinv", "astropy")


def title(recipe):
    """The last heading above it."""
    above = GUIDE[: GUIDE.index(recipe)]
    return re.findall(r"^#+ (.*)$", above, re.MULTILINE)[-1]


@pytest.mark.parametrize("recipe", RECIPES, ids=title)
def test_a_recipe_runs(recipe, tmp_path, monkeypatch, example):
    for package in NEEDS:
        if re.search(rf"^(import|from) {package}", recipe, re.MULTILINE):
            pytest.importorskip(package, reason=f"{package} is not installed: its recipe was not run")
    (tmp_path / "examples").mkdir()
    shutil.copy(example, tmp_path / "examples")
    (tmp_path / "small-pictures").mkdir()
    for number in range(2):
        values = np.full((2, 2, 3), 100 + 20 * number, np.uint8)
        PIL.Image.fromarray(values).save(tmp_path / "small-pictures" / f"{number}.png")
    if "astropy" in recipe:
        exposure(tmp_path)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "recipe"}
    exec(compile(recipe, title(recipe), "exec"), names)
    assert "found" not in names or len(names["found"]) > 0


def exposure(place):
    """A round galaxy and a round point-spread function."""
    from astropy.io import fits

    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    noise = 3 * np.random.default_rng(0).standard_normal((32, 32))
    fits.writeto(place / "exposure.fits", (1000 * np.exp(-8 * np.hypot(x, y)) + 50 + noise).astype(np.float32))
    y, x = np.mgrid[-3:4, -3:4]
    star = np.exp(-(x**2 + y**2) / 2)
    fits.writeto(place / "psf.fits", (star / star.sum()).astype(np.float32))
