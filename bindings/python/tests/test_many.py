"""Many pictures: the folders of runs, shared with other processes and with the program."""

import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from test_search import program

import pulse


@pytest.fixture
def pictures(tmp_path):
    place = tmp_path / "pictures"
    place.mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        values = (255 * rng.uniform(0.3, 0.7, (2, 2, 3))).astype(np.uint8)
        PIL.Image.fromarray(values).save(place / f"{number}.png")
    return sorted(place.iterdir())


SETTINGS = {"candidates": 2, "steps": 5}


def test_what_is_finished_is_skipped(pictures, tmp_path):
    folder = tmp_path / "out" / "0"
    first = pulse.upsample(pictures[0], folder, "faces", **SETTINGS)
    assert first["status"] == "searched"
    assert first["candidates"] == 2
    again = pulse.upsample(pictures[0], folder, "faces", **SETTINGS)
    assert {**again, "status": "searched"} == first
    with pytest.raises(pulse.PulseError, match="other settings"):
        pulse.upsample(pictures[0], folder, "faces", **{**SETTINGS, "seed": 4})
    with pytest.raises(pulse.PulseError, match="another picture"):
        pulse.upsample(pictures[1], folder, "faces", **SETTINGS)
    assert len(pulse.open(folder)) == 2


def test_the_program_and_the_module_share_folders(pictures, tmp_path):
    if program() is None:
        pytest.skip("the program was not built: folders were not shared with it")
    out = tmp_path / "out"
    ours = [pulse.upsample(path, out / path.stem, "faces", **SETTINGS) for path in pictures[:2]]
    before = {path: path.stat().st_mtime_ns for path in out.rglob("run.json")}
    command = [program(), "upsample", pictures[0].parent, "--out", out, "--candidates", "2", "--steps", "5"]
    subprocess.run([*command, "--progress", "none"], check=False, capture_output=True)
    assert {path.parent.name for path in out.rglob("run.json")} == {path.stem for path in pictures}
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    theirs = pulse.upsample(pictures[3], out / pictures[3].stem, "faces", **SETTINGS)
    assert theirs["status"] == "finished"
    assert len(ours) == 2


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray", reason="ray is not installed: its actors were not tested")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def test_actors_share_out_pictures(cluster, pictures, tmp_path):
    import pulse.ray

    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    items = [{"path": str(path)} for path in [*pictures, bad]]
    rows = (
        cluster.data.from_items(items)
        .map_batches(
            pulse.ray.Upsampler,
            fn_constructor_kwargs={"out": str(tmp_path / "out"), "generator": "faces", **SETTINGS},
            compute=cluster.data.ActorPoolStrategy(size=2),
            num_cpus=1,
            batch_size=2,
        )
        .take_all()
    )
    status = {Path(row["path"]).name: row["status"] for row in rows}
    assert status == {**{path.name: "searched" for path in pictures}, "bad.png": "failed"}
    assert "is not a picture" in next(row["error"] for row in rows if row["status"] == "failed")
    assert len(list((tmp_path / "out").rglob("run.json"))) == 4


def test_an_upsampler_needs_no_cluster(pictures, tmp_path):
    import pulse.ray

    upsampler = pulse.ray.Upsampler(tmp_path / "out", "faces", threads=pulse.threads(), **SETTINGS)
    rows = upsampler({"path": [str(path) for path in pictures[:2]], "folder": ["a", "b"]})
    assert list(rows["status"]) == ["searched", "searched"]
    assert [Path(folder).name for folder in rows["folder"]] == ["a", "b"]
