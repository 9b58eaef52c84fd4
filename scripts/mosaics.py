"""Pixelated faces as people have them, made by ImageMagick, for `cargo run --release --example mosaics`.

    python3 scripts/mosaics.py examples/photos OUT

Writes 100 mosaics and 100 pictures without one, and mosaics.csv: file, kind, block size, left and top edge of a block, and the part that
is pixelated. Half of the mosaics are a face in its photograph, the others the face alone: with a margin of one colour, or cut so that
blocks begin off its edge. All are JPEGs of quality 60 to 95. Needs `convert` of ImageMagick.
"""

import csv
import pathlib
import random
import subprocess
import sys


def convert(*arguments):
    subprocess.run(["convert", *map(str, arguments)], check=True)


def size_of(path):
    text = subprocess.run(["identify", "-format", "%w %h", str(path)], check=True, capture_output=True, text=True)
    return [int(number) for number in text.stdout.split()]


def pixelate(source, part, block, target):
    """The part of `source`, `block` pixels to a block: ImageMagick's own way to pixelate."""
    x, y, width, height = part
    columns, rows = width // block, height // block
    convert(source, "-crop", f"{width}x{height}+{x}+{y}", "+repage", "-scale", f"{columns}x{rows}!",
            "-scale", f"{width}x{height}!", target)


def main(photographs, out):
    random.seed(22)
    out.mkdir(parents=True, exist_ok=True)
    faces = [(row["photograph"], [int(row[name]) for name in ("x", "y", "width", "height")])
             for row in csv.DictReader(open(photographs / "crops.csv"))]
    lines = []
    blocks = out / "blocks.png"
    for number in range(100):
        name, (x, y, width, height) = random.choice(faces)
        source = photographs / name
        largest = min(30, width // 8)
        block, quality = random.randint(7, largest), random.randint(60, 95)
        kind = ["photograph", "margin", "photograph", "cut"][number % 4]
        x, y = x + random.randint(-8, 8), y + random.randint(-8, 8)
        part = [max(x, 0), max(y, 0), width // block * block, height // block * block]
        pixelate(source, part, block, blocks)
        target = out / f"mosaic-{number:03}.jpg"
        if kind == "photograph":
            convert(source, blocks, "-geometry", f"+{part[0]}+{part[1]}", "-composite", "-quality", quality, target)
        elif kind == "margin":
            left, top = random.randint(5, 90), random.randint(5, 90)
            colour = random.choice(["white", "black", "#c03020", "#808080", "#f4f1ea"])
            size = f"{part[2] + left + random.randint(0, 90)}x{part[3] + top + random.randint(0, 90)}"
            convert("-size", size, f"xc:{colour}", blocks, "-geometry", f"+{left}+{top}", "-composite",
                    "-quality", quality, target)
            part[:2] = [left, top]
        else:
            left, top = random.randint(0, block - 1), random.randint(0, block - 1)
            convert(blocks, "-crop", f"{part[2] - left}x{part[3] - top}+{left}+{top}", "+repage", "-quality", quality, target)
            part = [0, 0, part[2] - left, part[3] - top]
            lines.append([target.name, kind, block, -left % block, -top % block, *part])
            continue
        lines.append([target.name, kind, block, part[0] % block, part[1] % block, *part])
    for number in range(100):
        name, (x, y, width, height) = random.choice(faces)
        target = out / f"plain-{number:03}.jpg"
        full = size_of(photographs / name)
        side = random.randint(160, min(full))
        left, top = random.randint(0, full[0] - side), random.randint(0, full[1] - side)
        crop = ["-crop", f"{side}x{side}+{left}+{top}", "+repage"] if number % 2 else []
        scale = ["-resize", f"{random.randint(40, 180)}%"] if number % 3 else []
        margin = ["-bordercolor", random.choice(["white", "black"]), "-border", str(random.randint(5, 60))] if number % 5 == 0 else []
        convert(photographs / name, *crop, *scale, *margin, "-quality", random.randint(40, 95), target)
        lines.append([target.name, "plain", 0, 0, 0, 0, 0, 0, 0])
    blocks.unlink()
    with open(out / "mosaics.csv", "w", newline="") as file:
        csv.writer(file).writerows([["file", "kind", "block", "left", "top", "x", "y", "width", "height"], *lines])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
