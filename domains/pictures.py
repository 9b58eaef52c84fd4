"""What all fields share about pictures: sizes, bytes, files and sheets."""

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 64
"""Width and height of every picture, in pixels."""


def shrink(image, factor):
    """The mean of each block of `factor` x `factor`: what a pixel that collects all the light on its square would see."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    return image.reshape(height, factor, width, factor, *image.shape[2:]).mean((1, 3))


def to_bytes(image):
    """A picture of numbers from 0 to 1 as bytes. Numbers outside of the range are an error of the simulator."""
    if not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"a picture has numbers outside of 0 to 1: {image.min()} to {image.max()}")
    return np.floor(image * 255 + 0.5).astype(np.uint8)


def with_channels(pictures):
    """Grey pictures get an axis of one channel: `[n, height, width, channels]`."""
    return pictures if pictures.ndim == 4 else pictures[..., None]


def save(picture, path):
    """Writes bytes as a PNG, grey or in colours."""
    Image.fromarray(picture).save(path, optimize=True)


def sheet(pictures, path: Path, columns=12, scale=2, gap=2):
    """Pictures beside each other, each pixel `scale` times as large, as a PNG."""
    pictures = with_channels(np.asarray(pictures))
    pictures = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    height, width = pictures.shape[1] + gap, pictures.shape[2] + gap
    rows = -(-len(pictures) // columns)
    canvas = np.full((rows * height + gap, columns * width + gap, 3), 40, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * height + gap, i % columns * width + gap
        canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    Image.fromarray(canvas.repeat(scale, 0).repeat(scale, 1)).save(path, optimize=True)
