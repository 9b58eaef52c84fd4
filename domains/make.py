"""Makes simulated pictures of a field: a sheet of them, or a file for NumPy.

    python -m domains.make galaxies --count 48 --sheet galaxies.png
    python -m domains.make brain --count 64 --template ch2.nii.gz --out test.npz
"""

import argparse
from pathlib import Path

import numpy as np

from . import FIELDS, HELD_OUT, pictures
from .pictures import sheet


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("field", choices=FIELDS)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--seed", type=int, default=HELD_OUT, help=f"{HELD_OUT}, the default, is that of held-out pictures")
    parser.add_argument("--start", type=int, default=0, help="number of the first picture")
    parser.add_argument("--sheet", type=Path, help="a PNG of all, beside each other")
    parser.add_argument("--out", type=Path, help="an .npz with `pictures`, as bytes")
    parser.add_argument("--template", help="brain only: the path of the Colin27 template")
    options = parser.parse_args(arguments)
    if not (options.sheet or options.out):
        parser.error("say where the pictures go: --sheet or --out")
    made = pictures(options.field, options.seed, options.count, options.start, options.template)
    if options.sheet:
        sheet(made, options.sheet)
    if options.out:
        np.savez_compressed(options.out, pictures=made)


if __name__ == "__main__":
    main()
