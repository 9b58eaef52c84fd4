"""Many pictures on a cluster, with Ray Data.

>>> import ray, pulse.ray
>>> pictures = ray.data.from_items([{"path": path} for path in paths])
>>> figures = pictures.map_batches(
...     pulse.ray.Upsampler,
...     fn_constructor_kwargs={"out": "/shared/results", "generator": "faces", "candidates": 8},
...     compute=ray.data.ActorPoolStrategy(size=2),
...     num_cpus=2,
...     batch_size=8,
... )
>>> figures.write_csv("/shared/figures")

Pictures stay on the shared disk: what goes through Ray are paths and figures. The folder of each picture is that of
``pulse upsample``, so what a killed actor had finished is skipped when its batch is tried again, and ``pulse upsample --shard`` may
work on the same folders.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _pulse
from .errors import PulseError
from .searching import GeneratorLike, opened, upsample

#: How long to wait for another process that is at work on the same picture, in seconds.
PATIENCE = 600.0


class Upsampler:
    """What an actor does: one generator, loaded once, for batch after batch.

    Parameters
    ----------
    out
        Where the folder of each picture goes, on a disk that all actors share.
    generator
        As in `pulse.search`; an actor opens it itself.
    threads
        How many threads compute: those that Ray gave the actor by ``num_cpus`` by default.
    **settings
        As `pulse.SearchSettings` names them, and ``measurement`` as text.
    """

    def __init__(
        self,
        out: str | os.PathLike[str],
        generator: GeneratorLike = None,
        threads: int | None = None,
        **settings: Any,
    ) -> None:
        self.out = Path(out)
        self.settings = settings
        count = threads if threads is not None else assigned()
        if count is not None:
            _pulse.set_threads(count)
        self.generator = opened(generator)

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray[Any, Any]]:
        """Search for the pictures of a batch.

        Parameters
        ----------
        batch
            ``path``, and perhaps ``folder``: the name of each picture's folder below ``out``, its stem by default. Names have to be
            unlike each other.

        Returns
        -------
        dict of arrays
            A row for each picture: what `pulse.upsample` gives, and ``error``, empty where there is none. One bad picture stops
            nothing.
        """
        paths = [str(path) for path in batch["path"]]
        folders = [str(name) for name in batch.get("folder", [Path(path).stem for path in paths])]
        rows = [self.one(path, self.out / folder) for path, folder in zip(paths, folders, strict=True)]
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}

    def one(self, path: str, folder: Path) -> dict[str, Any]:
        """Search for one picture. Where another process is at work on it, wait until that is done."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return {**upsample(path, folder, self.generator, **self.settings), "error": ""}
            except PulseError as error:
                if error.kind != "busy" or time.monotonic() > until:
                    return failed(path, folder, error)
            time.sleep(0.1)


def failed(path: str, folder: Path, error: PulseError) -> dict[str, Any]:
    """The row of a picture that could not be searched for."""
    nothing = {
        "candidates": 0,
        "reached": 0,
        "best_db": float("nan"),
        "worst_db": float("nan"),
        "seconds": 0.0,
    }
    row = {
        "path": path,
        "folder": str(folder),
        "status": "failed",
        **nothing,
        "verdict": None,
        "error": str(error),
    }
    order = (
        "path",
        "folder",
        "status",
        "candidates",
        "reached",
        "best_db",
        "worst_db",
        "verdict",
        "seconds",
        "error",
    )
    return {key: row[key] for key in order}


def assigned() -> int | None:
    """How many processors Ray gave this actor."""
    import ray

    given = ray.get_runtime_context().get_assigned_resources().get("CPU")
    return None if given is None else max(1, round(given))
