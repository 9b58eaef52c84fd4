"""Makes a field's demonstration: a held-out picture, `truth.png`, and what an instrument would have seen of it, `demo.png`.

    python -m domains.demo all --template ch2.nii.gz

- black-holes: blurred by a Gaussian of 3.4 pixels (`--measurement gaussian:3.4`);
- galaxies, cells, brain: 16x16 (`--measurement bicubic`);
- land: the left half covered (`--measurement mask:mask.png`, which is written beside it), and 16x16 as `demo-16.png`.

With `all`, the first twelve held-out pictures of each field become `sheet.png`, too.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from . import FIELDS, HELD_OUT, pictures
from .pictures import SIZE, save, sheet, to_bytes, with_channels

SHOWN = {"black-holes": 7, "galaxies": 15, "cells": 1, "land": 6, "brain": 5}
"""Numbers of the held-out pictures that are shown, chosen by eye."""

HERE = Path(__file__).parent

BEAM = 3.4
"""Standard deviation of the beam in pixels."""


def small(picture):
    """16x16, bicubic."""
    return np.asarray(Image.fromarray(picture).resize((16, 16), Image.Resampling.BICUBIC))


def demonstrate(field, folder, template=None):
    """Writes the demonstration's files into a folder."""
    truth = pictures(field, HELD_OUT, 1, start=SHOWN[field], template=template)[0]
    save(truth, folder / "truth.png")
    if field == "black-holes":
        save(to_bytes(gaussian_filter(truth / 255, BEAM)), folder / "demo.png")
    elif field == "land":
        measured = np.zeros((SIZE, SIZE), np.uint8)
        measured[:, SIZE // 2 :] = 255
        save(measured, folder / "mask.png")
        save(truth * (measured > 0)[..., None].astype(np.uint8), folder / "demo.png")
        save(small(truth), folder / "demo-16.png")
    else:
        save(small(truth), folder / "demo.png")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("field", choices=[*FIELDS, "all"])
    parser.add_argument("--template", help="brain only: the path of the Colin27 template")
    options = parser.parse_args(arguments)
    for field in FIELDS if options.field == "all" else [options.field]:
        demonstrate(field, HERE / field.replace("-", "_"), options.template)
    if options.field == "all":
        rows = (with_channels(pictures(field, HELD_OUT, 12, template=options.template)) for field in FIELDS)
        sheet(np.concatenate([np.broadcast_to(row, (*row.shape[:3], 3)) for row in rows]), HERE / "sheet.png", scale=1)


if __name__ == "__main__":
    main()
