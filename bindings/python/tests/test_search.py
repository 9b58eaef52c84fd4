"""A search, and what it gives."""

import pickle
import subprocess

import numpy as np
import PIL.Image
import pytest
from conftest import program

import pulse


def test_candidates_shrink_to_the_picture(found, example):
    assert len(found) == 3
    given = np.asarray(PIL.Image.open(example), np.float32) / 255
    assert np.allclose(found.target, given, atol=1e-6)
    for number, candidate in enumerate(found, 1):
        assert candidate.number == number
        assert candidate.image.shape == (64, 64, 3)
        assert candidate.image.dtype == np.float32
        assert candidate.image.min() >= 0
        assert candidate.image.max() <= 1
        assert candidate.db > 45
        assert candidate.outcome == "reached"
        assert np.mean((candidate.shrunk - given) ** 2) < 10 ** (-candidate.db / 10) * 1.01
        assert candidate.verdict in ("known", "stretched", "unknown")
        assert candidate.scores["consistency"] == candidate.db
        again = found._found.generator.forward({name: value[None] for name, value in candidate.inputs.items()})
        assert np.abs(again[0].clip(0, 1) - candidate.image).max() < 1e-4


@pytest.mark.parametrize("given", ["path", "image", "array"])
def test_what_is_transparent_is_unknown(faces, example, tmp_path, given):
    pixels = np.asarray(PIL.Image.open(example).convert("RGBA")).copy()
    pixels[4:8, 4:10, 3] = 0
    path = tmp_path / "hole.png"
    image = PIL.Image.fromarray(pixels)
    image.save(path)
    picture = {"path": path, "image": image, "array": pixels}[given]
    with_hole = pulse.search(picture, faces, candidates=1, steps=2, seed=5)
    assert "24 of its pixels are transparent: what they show was taken for unknown" in " ".join(with_hole.notes)
    assert "mask" in str(with_hole.measurement)
    # What is said to show through is known.
    over = pulse.search(picture, faces, candidates=1, steps=2, seed=5, background=(255, 0, 0))
    assert not any("transparent" in note for note in over.notes)
    assert np.allclose(over.target[5, 5], [1, 0, 0])


@pytest.mark.parametrize(("generator", "settings"), [("faces", {}), ("faces-flow", {"steps": 4}), ("faces", {"spread": True})])
def test_pictures_are_those_of_the_program_to_the_bit(generator, settings, example, tmp_path):
    pulse_program = program()
    if pulse_program is None:
        pytest.skip("the program was not built: pictures were not compared with its own")
    command = [
        pulse_program,
        "upsample",
        example,
        "--generator",
        generator,
        "--candidates",
        "2",
        "--seed",
        "3",
        "--progress",
        "none",
    ]
    for name, value in settings.items():
        command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    subprocess.run([*command, "--out", tmp_path / "program"], check=True, capture_output=True)
    found = pulse.search(example, generator, candidates=2, seed=3, **settings)
    folder = found.save(tmp_path / "module")
    theirs = tmp_path / "program" / "face-16"
    for name in ("inputs.safetensors", "candidate-01.png", "candidate-02.png", "shrunk-01.png"):
        assert (folder / name).read_bytes() == (theirs / name).read_bytes(), name
    # The program takes it for its own, and skips it.
    again = subprocess.run([*command, "--out", tmp_path / "program"], check=True, capture_output=True, text=True)
    assert "an earlier run finished it" in again.stdout
    opened = pulse.open(theirs)
    assert np.array_equal(opened[1].pil, found[1].pil)


def test_a_picture_may_come_in_any_form(faces, example, few, torch):
    values = np.asarray(PIL.Image.open(example))
    tensor = torch.from_numpy(np.moveaxis(values, -1, 0).copy())[None].float() / 255
    forms = [
        str(example),
        example,
        PIL.Image.open(example),
        values,
        values.astype(np.float32) / 255,
        values / 255.0,
    ]
    pictures = [pulse.search(form, faces, **few)[0].image for form in forms]
    pictures += [pulse.search(tensor, faces, **few)[0][0].image]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    two = pulse.search(torch.cat([tensor, tensor.flip(-1)]), faces, **few)
    assert len(two) == 2
    assert np.array_equal(two[0][0].image, pictures[0])


def test_grey_pictures_have_two_axes_or_one_channel(faces, few):
    grey = np.full((4, 4), 0.4, np.float32)
    a, b = pulse.search(grey, faces, **few), pulse.search(grey[..., None], faces, **few)
    assert np.array_equal(a[0].image, b[0].image)
    assert a.notes == ["it is grey, so every candidate is"]


def test_the_same_seed_gives_the_same_and_another_another(faces, small, few):
    a, b, c = (pulse.search(small, faces, seed=seed, **few)[0].image for seed in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_events_tell_what_happens(faces, small, few):
    events = []
    pulse.search(small, faces, callback=events.append, early_stop=False, **few)
    assert [events[0].kind, events[0].candidates, events[0].steps] == ["started", 2, 10]
    steps = [event for event in events if event.kind == "step"]
    assert {event.candidate for event in steps} == {0, 1}
    assert steps[0].image.shape == (64, 64, 3)
    assert steps[0].losses.keys() == {"L2", "GEOCROSS"} or "L2" in steps[0].losses
    finished = [event for event in events if event.kind == "finished"]
    assert [event.found.db for event in finished] == [event.db for event in finished]


def test_a_search_can_be_iterated_and_left(faces, small, few):
    searching = pulse.searching(small, faces, **few)
    for event in searching:
        if event.kind == "step" and event.step == 3:
            break
    assert len(searching.so_far) == 2
    found = searching.range
    assert found.stopped
    assert {candidate.outcome for candidate in found} == {"stopped"}
    whole = pulse.search(small, faces, **few)
    gone_on = found.more(0)
    assert not gone_on.stopped
    assert np.array_equal(gone_on.images, whole.images)
    with pytest.raises(pulse.PulseError, match="finished"):
        searching._session.step()


def test_more_are_those_of_a_larger_search(faces, small, few):
    two = pulse.search(small, faces, **few)
    three = pulse.search(small, faces, **{**few, "candidates": 3})
    assert np.array_equal(two.more(1).images, three.images)


def test_false_ends_a_search(faces, small, few):
    found = pulse.search(small, faces, callback=lambda event: event.step != 2, **few)
    assert found.stopped


def test_inputs_can_be_started_from(found, faces, example):
    init = {"z": found[1].inputs["z"][None]}
    again = pulse.search(example, faces, init=init, steps=5)
    assert len(again) == 1
    assert np.abs(again[0].image - found[1].image).mean() < 0.1


def test_progress_is_a_bar_of_all_steps(faces, small, few, capsys):
    pytest.importorskip("tqdm", reason="tqdm is not installed: the bar was not tested")
    found = pulse.search(small, faces, progress=True, **few)
    assert "20/20" in capsys.readouterr().err
    assert len(found) == 2


def test_what_is_native_is_not_pickled_by_accident(found):
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(found)
