"""What may be given as a picture, and how it is read."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _pulse
from .errors import of

if TYPE_CHECKING:
    import PIL.Image
    import torch

#: A path, a PIL image, or an array: ``uint8`` or floats in [0, 1], H x W or H x W x C with 1 or 3 channels. Where a
#: file, a PIL image or an array of four channels of ``uint8`` is transparent, the picture is unknown.
PictureLike: TypeAlias = "str | os.PathLike[str] | PIL.Image.Image | NDArray[Any] | torch.Tensor"
Floats: TypeAlias = NDArray[np.float32]
Colour: TypeAlias = "tuple[int, int, int]"


def is_tensor(value: object) -> bool:
    """Whether it is a torch tensor; torch is not imported for that."""
    return type(value).__module__.split(".")[0] == "torch" and hasattr(value, "detach")


def picture(value: PictureLike, background: Colour | None = None) -> _pulse.Picture:
    """Read one picture."""
    if isinstance(value, (str, os.PathLike)):
        return _pulse.Picture.read(value, background)
    if is_tensor(value):
        pictures = batch(value)
        if len(pictures) != 1:
            raise of(
                "picture",
                f"a batch of {len(pictures)} pictures is given where one is asked for: give them one by one",
            )
        return array(pictures[0], "tensor")
    if hasattr(value, "__array_interface__") and not isinstance(value, np.ndarray):
        return pil(value, background)
    return array(value, "array", background)


def array(value: object, name: str, background: Colour | None = None) -> _pulse.Picture:
    """Read an array."""
    values = np.asarray(value)
    if values.dtype.kind == "f":
        values = np.ascontiguousarray(values, dtype=np.float32)
    return _pulse.Picture.array(name, np.ascontiguousarray(values), background)


def pil(image: Any, background: Colour | None) -> _pulse.Picture:
    """Read a PIL image, by the bytes of the PNG file that it is: palettes and transparency mean what they do in files."""
    name = os.fspath(getattr(image, "filename", "") or "image")
    data = io.BytesIO()
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    image.save(data, format="PNG")
    return _pulse.Picture.decode(name, data.getvalue(), background)


def batch(tensor: Any) -> list[Floats]:
    """The pictures of a tensor B x C x H x W in [0, 1], each H x W x C."""
    if tensor.ndim != 4:
        shape = list(tensor.shape)
        raise of("picture", f"a tensor of shape {shape} is no batch of pictures: give B x C x H x W, in [0, 1]")
    values = tensor.detach().to("cpu").float().numpy()
    return [np.ascontiguousarray(np.moveaxis(value, 0, -1)) for value in values]


def floats(value: object, what: str) -> Floats:
    """An array of single precision, H x W x C; one channel may be left out."""
    values = np.ascontiguousarray(value, dtype=np.float32)
    if values.ndim == 2:
        values = values[..., np.newaxis]
    if values.ndim != 3:
        raise of("picture", f"{what} is of shape {list(values.shape)}: it is H x W x C, or H x W")
    return values


def mask(given: Any) -> Any:
    """A mask as a picture: booleans are white where they are true."""
    if getattr(given, "dtype", None) == np.bool_:
        return np.asarray(given, np.float32)
    return given
