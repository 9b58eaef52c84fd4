"""Many pictures on a local cluster of two actors, one of which is killed in the middle; and beside it two processes with `--shard`.

python benches/ray_run.py PICTURES [PROGRAM]
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import PIL.Image
import ray

import pulse.ray

SETTINGS = {"candidates": 1, "steps": 2}


class Upsampler(pulse.ray.Upsampler):
    """Says which process it is."""

    def __init__(self, *arguments, processes, **named):
        super().__init__(*arguments, **named)
        Path(processes, str(os.getpid())).touch()


def main():
    """Run both, and print what became of the pictures."""
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        (place / "pictures").mkdir()
        (place / "processes").mkdir()
        rng = np.random.default_rng(0)
        for number in range(count):
            values = (255 * rng.uniform(0.3, 0.7, (2, 2, 3))).astype(np.uint8)
            PIL.Image.fromarray(values).save(place / "pictures" / f"{number:05}.png")
        on_ray(place, count)
        if len(sys.argv) > 2:
            by_shards(place, count, sys.argv[2])


def kill_one(place, half):
    """Kill an actor once half of the pictures are there."""
    while sum(1 for _ in (place / "ray").glob("*/run.json")) < half:
        time.sleep(0.5)
    victim = int(next((place / "processes").iterdir()).name)
    os.kill(victim, signal.SIGKILL)
    print(f"killed an actor after {sum(1 for _ in (place / 'ray').glob('*/run.json'))} pictures", flush=True)


def on_ray(place, count):
    """All pictures by two actors."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    (place / "ray").mkdir()
    threading.Thread(target=kill_one, args=(place, count // 2), daemon=True).start()
    started = time.perf_counter()
    rows = (
        ray.data.from_items([{"path": str(path)} for path in sorted((place / "pictures").iterdir())])
        .map_batches(
            Upsampler,
            fn_constructor_kwargs={
                "out": str(place / "ray"),
                "generator": "faces",
                "processes": str(place / "processes"),
                **SETTINGS,
            },
            compute=ray.data.ActorPoolStrategy(size=2),
            num_cpus=1,
            batch_size=16,
        )
        .take_all()
    )
    taken = time.perf_counter() - started
    ray.shutdown()
    folders = list((place / "ray").glob("*/run.json"))
    status = {name: sum(row["status"] == name for row in rows) for name in ("searched", "finished", "failed")}
    print(f"Ray: {len(rows)} rows ({len({row['path'] for row in rows})} pictures), {status}, {len(folders)} runs, "
          f"{len(list((place / 'processes').iterdir()))} actors in all, {count / taken:.1f} pictures a second")  # fmt: skip


def by_shards(place, count, program):
    """All pictures by two processes of the program."""
    started = time.perf_counter()
    common = [
        program,
        "upsample",
        place / "pictures",
        "--out",
        place / "shards",
        "--progress",
        "none",
        "--candidates",
        "1",
        "--steps",
        "2",
    ]
    processes = [
        subprocess.Popen(
            [*common, "--shard", f"{number}/2", "--threads", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for number in (1, 2)
    ]
    for process in processes:
        process.wait()
    taken = time.perf_counter() - started
    print(f"--shard: {len(list((place / 'shards').glob('*/run.json')))} runs, {count / taken:.1f} pictures a second")


if __name__ == "__main__":
    main()
