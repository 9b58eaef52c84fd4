"""What tests share: a small picture, and torch where it is there."""

import os
from pathlib import Path

import numpy as np
import pytest

import pulse

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "face-16.png"


def program():
    """The program, where it was built beside the module."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    paths = [target / kind / "pulse" for kind in ("debug", "release")]
    return next((path for path in paths if path.exists()), None)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Numbers that take seconds to make are not kept for other programs."""
    os.environ["PULSE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def faces():
    return pulse.Generator.open("faces")


@pytest.fixture(scope="session")
def example():
    return EXAMPLE


@pytest.fixture(scope="session")
def small():
    """Two by two pixels of skin."""
    return np.array([[[0.8, 0.6, 0.5], [0.7, 0.5, 0.4]], [[0.8, 0.6, 0.5], [0.7, 0.5, 0.4]]], np.float32)


@pytest.fixture(scope="session")
def found(faces, example):
    return pulse.search(example, faces, candidates=3, steps=20, seed=5)


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch", reason="torch is not installed: modules of torch were not tested")


@pytest.fixture(scope="session")
def module(torch):
    """A small torch generator with random weights: z of 8 numbers to 16 x 16 pixels."""
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(8, 128),
        nn.Unflatten(1, (8, 4, 4)),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(8, 3, 3, padding=1),
        nn.Tanh(),
    ).eval()


@pytest.fixture(scope="session")
def own(module):
    return pulse.Generator.from_torch(module, {"z": (8,)})


FEW = {"candidates": 2, "steps": 10, "starts": 2}


@pytest.fixture
def few():
    return dict(FEW)
