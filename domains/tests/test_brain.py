"""Slices, on a phantom in the template's place."""

import gzip
import struct
from dataclasses import replace

import numpy as np
import pytest

from domains.brain import simulate as brain

from .phantom import phantom

STRAIGHT = brain.Parameters(
    height=0.5, tilt=(0, 0, 0), width=(112, 112), deformation=(0, 0, 0), contrast=1, bias=0, white=1, noise=0
)


def nifti(volume, order="<"):
    header = bytearray(352)
    struct.pack_into(order + "i", header, 0, 348)
    struct.pack_into(order + "8h", header, 40, 3, *volume.shape, 1, 1, 1, 1)
    struct.pack_into(order + "h", header, 70, 4)
    struct.pack_into(order + "f", header, 108, 352)
    return bytes(header) + volume.astype(order + "i2").tobytes("F")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_template_is_read(tmp_path, order):
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    path = tmp_path / f"{'little' if order == '<' else 'big'}.nii.gz"
    path.write_bytes(gzip.compress(nifti(volume, order)))
    assert brain.read_template(path) == pytest.approx(volume / np.quantile(volume, 0.997))


def test_what_is_not_a_template_is_refused(tmp_path):
    path = tmp_path / "text.nii"
    path.write_text("not a picture")
    with pytest.raises(ValueError, match="not a NIfTI file"):
        brain.read_template(path)


def test_a_straight_slice_has_the_heads_size_with_the_front_up():
    slice_ = brain.render(STRAIGHT, np.random.default_rng(0), phantom())
    pixel = 2 * 112 / 64
    head = slice_ > 0.3
    assert np.ptp(np.flatnonzero(head.any(1))) * pixel == pytest.approx(2 * 96, abs=2 * pixel)
    assert np.ptp(np.flatnonzero(head.any(0))) * pixel == pytest.approx(2 * 78, abs=2 * pixel)
    row, column = np.argwhere((slice_ < 0.4) & (np.hypot(*(np.indices((64, 64)) - 32)) < 15)).mean(0)
    assert row < 31 and column > 33, "the hole is in front and to the right"


def test_noise_is_rician():
    """Where there is no signal the mean is sqrt(pi / 2) standard deviations."""
    slice_ = brain.render(replace(STRAIGHT, noise=0.02), np.random.default_rng(0), phantom())
    assert slice_[:4].mean() == pytest.approx(0.02 * np.sqrt(np.pi / 2), rel=0.1)


def test_a_slice_without_a_head_is_dark_and_finite():
    slice_ = brain.render(STRAIGHT, np.random.default_rng(0), np.zeros((20, 20, 20), np.float32))
    assert np.isfinite(slice_).all() and slice_.max() == 0
