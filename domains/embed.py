"""Writes a trained model's weights in half precision, as the program embeds them.

    python -m domains.embed galaxies trained/galaxies

writes `models/galaxies_f16.safetensors`. The settings of all fields are `models/flow_rgb.json` and `models/flow_grey.json`.
"""

import argparse
from pathlib import Path

from safetensors.torch import load_file, save_file

from . import FIELDS

MODELS = Path(__file__).parent.parent / "models"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("field", choices=FIELDS)
    parser.add_argument("folder", type=Path, help="what train.py wrote")
    options = parser.parse_args(arguments)
    weights = load_file(options.folder / "unet" / "diffusion_pytorch_model.safetensors")
    halves = {name: weight.half().contiguous() for name, weight in weights.items()}
    save_file(halves, MODELS / f"{options.field.replace('-', '_')}_f16.safetensors")


if __name__ == "__main__":
    main()
