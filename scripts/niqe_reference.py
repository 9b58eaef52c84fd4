"""Reference numbers for NIQE, by an independent implementation: that of pyiqa (IQA-PyTorch), in PyTorch.

    pip download --no-deps pyiqa==0.1.16 && unzip pyiqa-0.1.16-py3-none-any.whl -d pyiqa-wheel
    python scripts/niqe_reference.py pyiqa-wheel > crates/pulse/tests/fixtures/niqe.json

Needs numpy, scipy, pillow and torch (CPU). Of the package only the modules that compute NIQE are loaded, from the unpacked
wheel: the rest of it needs much more, and downloads its parameters. Ours are given to it instead: the arrays in
`crates/pulse-core/assets/niqe`. Pictures are made grey here as MATLAB's rgb2gray does it, which the authors' program uses.

NIQE counts pixels below and above the mean of their surroundings. Where a picture is flat, rounding errors decide which, so
two programs agree to some promille only. `textured` is the number of the same picture, darker by an eighth and with a texture of
5 levels that leaves nothing flat: there they agree.
"""

import json
import sys
import types
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURES = [
    "ffhq_align_astronaut_256.png",
    "ffhq_align_p001_studio_portrait_256.png",
    "ffhq_align_p005_amateur_selfie_256.png",
]
# A part of each, as columns and rows, so that pictures that are no whole number of blocks are among them.
SIZES = [(256, 256), (250, 200), (192, 97)]


def niqe_of(wheel):
    """The package's function, without what it does not need."""
    for name in ["pyiqa", "pyiqa.archs", "pyiqa.utils"]:
        package = types.ModuleType(name)
        package.__path__ = [str(Path(wheel, *name.split(".")))]
        sys.modules[name] = package
    unused = {
        "pyiqa.archs.fsim_arch": ["_construct_filters"],
        "pyiqa.archs.arch_util": ["get_url_from_name"],
        "pyiqa.utils.download_util": ["load_file_from_url"],
    }
    for name, functions in unused.items():
        module = types.ModuleType(name)
        for function in functions:
            setattr(module, function, lambda name: name)
        sys.modules[name] = module
    from pyiqa.archs.niqe_arch import niqe

    return niqe


def main():
    niqe = niqe_of(sys.argv[1])
    assets = ROOT / "crates/pulse-core/assets/niqe"
    mean = torch.tensor(np.load(assets / "mu_pris_param.npy"))
    covariance = torch.tensor(np.ascontiguousarray(np.load(assets / "cov_pris_param.npy")))[None]
    found = []
    for name in PICTURES:
        picture = Image.open(ROOT / "crates/pulse/tests/fixtures" / name).convert("RGB")
        colours = np.asarray(picture).astype(np.float64)
        red, green, blue = np.moveaxis(colours, 2, 0)
        grey = np.floor(0.2989 * red + 0.5870 * green + 0.1140 * blue + 0.5)
        rows, columns = np.indices(grey.shape)
        textured = np.floor(grey * 7 / 8) + (7 * columns + 13 * rows) % 5
        for width, height in SIZES:
            entry = {"picture": name, "width": width, "height": height}
            for key, levels in [("niqe", grey), ("textured", textured)]:
                part = torch.tensor(levels[:height, :width])[None, None]
                entry[key] = niqe(part, mean, covariance).item()
            found.append(entry)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
