"""Simulators of pictures for fields beyond faces, and the training of small generators on what they make."""

from functools import partial
from importlib import import_module

import numpy as np

from .pictures import to_bytes

FIELDS = ("black-holes", "galaxies", "cells", "land", "brain")

TAUGHT = (*FIELDS, "faces")
"""What a small generator is trained for: the fields, and the faces of the embedded generator, which no simulator makes."""

HELD_OUT = 0
"""The seed of the pictures that no generator is trained on. Training takes seeds from 1 on."""


def module(field):
    """The folder of a field, as Python names it: `black-holes` is `domains.black_holes.simulate`."""
    if field not in TAUGHT:
        raise ValueError(f"{field}: no such field, there are {', '.join(TAUGHT)}")
    return import_module(f"{__name__}.{field.replace('-', '_')}.simulate")


def simulator(field, template=None):
    """The function that makes a picture of numbers from 0 to 1 out of a NumPy generator. `brain` needs its template's path."""
    made_by = module(field)
    if field != "brain":
        return made_by.picture
    if template is None:
        raise ValueError("brain needs the path of the Colin27 template: see domains/brain/README.md")
    return partial(made_by.picture, volume=made_by.read_template(template))


def pictures(field, seed, count, start=0, template=None):
    """Pictures `start` to `start + count` of a seed, as bytes: `[count, 64, 64]` or `[count, 64, 64, 3]`.

    Each picture has a generator of its own, so picture i of seed s is always the same, whatever is made before it.
    """
    simulate = simulator(field, template)
    return np.stack([to_bytes(simulate(np.random.default_rng([seed, i]))) for i in range(start, start + count)])
